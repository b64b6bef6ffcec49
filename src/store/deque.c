/* store/deque.c - the list value. See store/deque.h.
 *
 * A chunk's elements lie in a window of its bytes, so that one popped at the front moves nothing:
 *
 *   chunk | free | size, bytes, size | size, bytes, size | ... | free |
 *                ^ begin                                       ^ end
 *
 * A size is a varint; the one behind an element has its bytes in reverse order, to be read from the end.
 */
#include "base/mem.h"
#include "base/num.h"
#include "store/deque_edit.h"

#define CHUNK_FULL  8192u /* bytes of a chunk with its head, unless one element needs more */
#define CHUNK_ROOM  (CHUNK_FULL - (uint32_t)sizeof(struct deque_chunk))
#define CHUNK_START 64u
#define CHUNK_NEXT  2048u /* room of one behind a full one */

struct deque_chunk {
    struct deque_chunk *prev, *next;
    uint32_t n;          /* elements */
    uint32_t begin, end; /* where they lie */
    uint32_t room;       /* bytes */
    uint8_t bytes[];
};

struct deque {
    struct deque_chunk *first, *last;
    size_t n;
    size_t memory; /* of all chunks and this */
};

/* --- elements --- */

static inline uint32_t size_bytes(uint32_t n)
{
    uint32_t bytes = 1;

    while (n >>= 7)
        bytes++;
    return bytes;
}

static uint32_t element_bytes(size_t n)
{
    return (uint32_t)n + 2 * size_bytes((uint32_t)n);
}

static void element_write(uint8_t *to, struct slice value)
{
    size_t n = varint_put(to, value.n);
    uint8_t *back = to + n + value.n;

    if (value.n)
        memcpy(to + n, value.p, value.n);
    for (size_t i = 0; i < n; i++)
        back[i] = to[n - 1 - i];
}

static struct slice element_read(const uint8_t *p)
{
    uint64_t n;

    p = varint_get(p, &n);
    return (struct slice){(const char *)p, n};
}

static uint32_t element_at(const struct deque_chunk *c, uint32_t at)
{
    return element_bytes(element_read(c->bytes + at).n);
}

/* Bytes of the element that ends at `end`. */
static uint32_t element_before(const struct deque_chunk *c, uint32_t end)
{
    const uint8_t *p = c->bytes + end - 1;
    uint64_t n = *p & 0x7f;

    for (int shift = 7; *p & 0x80; shift += 7)
        n |= (uint64_t)(*--p & 0x7f) << shift;
    return element_bytes(n);
}

/* --- chunks --- */

static struct deque_chunk *chunk_new(struct deque *d, uint32_t room)
{
    struct deque_chunk *c = mem_alloc(sizeof *c + room);

    *c = (struct deque_chunk){.room = room};
    d->memory += sizeof *c + room;
    return c;
}

static void chunk_free(struct deque *d, struct deque_chunk *c)
{
    d->memory -= sizeof *c + c->room;
    mem_free_sized(c, sizeof *c + c->room);
}

/* Links it behind `prev`, or first if that is NULL. */
static void chunk_link(struct deque *d, struct deque_chunk *c, struct deque_chunk *prev)
{
    c->prev = prev;
    c->next = prev ? prev->next : d->first;
    *(c->prev ? &c->prev->next : &d->first) = c;
    *(c->next ? &c->next->prev : &d->last) = c;
}

static void chunk_drop(struct deque *d, struct deque_chunk *c)
{
    *(c->prev ? &c->prev->next : &d->first) = c->next;
    *(c->next ? &c->next->prev : &d->last) = c->prev;
    chunk_free(d, c);
}

static uint32_t chunk_used(const struct deque_chunk *c)
{
    return c->end - c->begin;
}

/* The chunk with other room; its elements begin at `begin`. */
static struct deque_chunk *chunk_resize(struct deque *d, struct deque_chunk *c, uint32_t room, uint32_t begin)
{
    struct deque_chunk *to = chunk_new(d, room);

    to->n = c->n;
    to->begin = begin;
    to->end = begin + chunk_used(c);
    memcpy(to->bytes + begin, c->bytes + c->begin, chunk_used(c));
    chunk_link(d, to, c);
    chunk_drop(d, c);
    return to;
}

static void chunk_slide(struct deque_chunk *c, uint32_t begin)
{
    memmove(c->bytes + begin, c->bytes + c->begin, chunk_used(c));
    c->end = begin + chunk_used(c);
    c->begin = begin;
}

/* Room for so many bytes, with some to grow into. */
static uint32_t room_for(uint32_t used)
{
    uint32_t bytes;

    if (used >= CHUNK_ROOM)
        return used;
    bytes = (uint32_t)sizeof(struct deque_chunk) + used;
    bytes += bytes < 1024 ? bytes / 4 : bytes / 2;
    if (bytes < CHUNK_START)
        bytes = CHUNK_START;
    bytes = (bytes + 15) & ~15u;
    return (bytes < CHUNK_FULL ? bytes : CHUNK_FULL) - (uint32_t)sizeof(struct deque_chunk);
}

/* Makes a chunk smaller that has become far too large. */
static struct deque_chunk *chunk_shrink(struct deque *d, struct deque_chunk *c)
{
    uint32_t used = chunk_used(c), room;

    if (c->room < 512 || used > c->room / 8)
        return c;
    room = room_for(2 * used);
    return chunk_resize(d, c, room, (room - used) / 2);
}

/* --- making room --- */

/* Whether the chunk may take so many bytes more. */
static bool chunk_takes(const struct deque_chunk *c, uint32_t bytes)
{
    return c->n == 0 || (uint64_t)chunk_used(c) + bytes <= CHUNK_ROOM;
}

/* A chunk with `bytes` free behind (or before) its elements: this one, slid or grown. It may take them. It
 * grows also when sliding would make so little room that the next few elements need it again. */
static struct deque_chunk *chunk_open(struct deque *d, struct deque_chunk *c, uint32_t bytes, bool front)
{
    uint32_t used = chunk_used(c), room = c->room;

    if (front ? c->begin >= bytes : c->room - c->end >= bytes)
        return c;
    if (used + bytes > room || (room < CHUNK_ROOM && room - used - bytes < room / 4)) {
        room = room_for(used + bytes > room ? used + bytes : room);
        return chunk_resize(d, c, room, front ? room - used : 0);
    }
    chunk_slide(c, front ? room - used : 0);
    return c;
}

/* Whether the first or last chunk takes so many bytes more at its end, and sliding, if that is what it
 * needs, makes enough room to be worth it. */
static bool end_takes(const struct deque_chunk *c, uint32_t bytes, bool front)
{
    uint32_t there = front ? c->begin : c->room - c->end;

    if (!chunk_takes(c, bytes))
        return false;
    return there >= bytes || c->room < CHUNK_ROOM || chunk_used(c) <= c->room / 4 * 3;
}

/* The chunk for an element of so many bytes at an end. */
static struct deque_chunk *chunk_at_end(struct deque *d, uint32_t bytes, bool front)
{
    struct deque_chunk *c = front ? d->first : d->last;

    if (c && end_takes(c, bytes, front))
        return chunk_open(d, c, bytes, front);
    if (c && chunk_used(c) < c->room / 8 * 7) /* it stays as it is: elements too large to fill it */
        chunk_resize(d, c, chunk_used(c), 0);
    c = chunk_new(d, c && bytes < CHUNK_NEXT ? CHUNK_NEXT : room_for(bytes));
    chunk_link(d, c, front ? NULL : d->last);
    c->begin = c->end = front ? c->room : 0;
    return c;
}

/* --- reading --- */

size_t deque_length(const struct deque *d)
{
    return d->n;
}

size_t deque_memory(const struct deque *d)
{
    return d->memory;
}

static uint32_t last_at(const struct deque_chunk *c)
{
    return c->end - element_before(c, c->end);
}

bool deque_first(const struct deque *d, struct slice *out)
{
    if (d->n)
        *out = element_read(d->first->bytes + d->first->begin);
    return d->n > 0;
}

bool deque_last(const struct deque *d, struct slice *out)
{
    if (d->n)
        *out = element_read(d->last->bytes + last_at(d->last));
    return d->n > 0;
}

/* The place of element `index` of a chunk, from the nearer end. */
static struct deque_pos chunk_seek(struct deque_chunk *c, size_t index)
{
    struct deque_pos pos = {c, c->begin};

    if (index < c->n / 2) {
        while (index--)
            pos.at += element_at(c, pos.at);
        return pos;
    }
    pos.at = c->end;
    for (size_t i = c->n; i > index; i--)
        pos.at -= element_before(c, pos.at);
    return pos;
}

bool deque_seek(const struct deque *d, int64_t index, struct deque_pos *pos)
{
    size_t i = index < 0 ? d->n + (uint64_t)index : (uint64_t)index, before = d->n;
    struct deque_chunk *c;

    if (i >= d->n) /* from the end it wraps */
        return false;
    if (i < d->n / 2) {
        for (c = d->first; i >= c->n; c = c->next)
            i -= c->n;
        *pos = chunk_seek(c, i);
        return true;
    }
    for (c = d->last; i < (before -= c->n);)
        c = c->prev;
    *pos = chunk_seek(c, i - before);
    return true;
}

struct slice deque_value(const struct deque_pos *pos)
{
    return element_read(pos->chunk->bytes + pos->at);
}

bool deque_at(const struct deque *d, int64_t index, struct slice *out)
{
    struct deque_pos pos;

    if (!deque_seek(d, index, &pos))
        return false;
    *out = deque_value(&pos);
    return true;
}

bool deque_next(struct deque_pos *pos)
{
    uint32_t at = pos->at + element_at(pos->chunk, pos->at);

    if (at < pos->chunk->end) {
        pos->at = at;
        return true;
    }
    if (!pos->chunk->next)
        return false;
    *pos = (struct deque_pos){pos->chunk->next, pos->chunk->next->begin};
    return true;
}

bool deque_prev(struct deque_pos *pos)
{
    if (pos->at > pos->chunk->begin) {
        pos->at -= element_before(pos->chunk, pos->at);
        return true;
    }
    if (!pos->chunk->prev)
        return false;
    *pos = (struct deque_pos){pos->chunk->prev, last_at(pos->chunk->prev)};
    return true;
}

/* --- the whole --- */

struct deque *deque_new(void)
{
    struct deque *d = mem_alloc(sizeof *d);

    *d = (struct deque){.memory = sizeof *d};
    return d;
}

bool deque_free_some(struct deque *d, size_t chunks)
{
    while (d->first && chunks--) {
        d->n -= d->first->n;
        chunk_drop(d, d->first);
    }
    if (d->first)
        return false;
    mem_free(d);
    return true;
}

void deque_free(struct deque *d)
{
    if (d)
        deque_free_some(d, SIZE_MAX);
}

struct deque *deque_copy(const struct deque *d)
{
    struct deque *to = deque_new();

    for (const struct deque_chunk *c = d->first; c; c = c->next) {
        struct deque_chunk *copy = chunk_new(to, c->next ? chunk_used(c) : room_for(chunk_used(c)));

        copy->n = c->n;
        copy->end = chunk_used(c);
        memcpy(copy->bytes, c->bytes + c->begin, copy->end);
        chunk_link(to, copy, to->last);
    }
    to->n = d->n;
    return to;
}

/* --- the ends --- */

void deque_push_front(struct deque *d, struct slice value)
{
    uint32_t bytes = element_bytes(value.n);
    struct deque_chunk *c = chunk_at_end(d, bytes, true);

    c->begin -= bytes;
    c->n++;
    d->n++;
    element_write(c->bytes + c->begin, value);
}

void deque_push_back(struct deque *d, struct slice value)
{
    uint32_t bytes = element_bytes(value.n);
    struct deque_chunk *c = chunk_at_end(d, bytes, false);

    element_write(c->bytes + c->end, value);
    c->end += bytes;
    c->n++;
    d->n++;
}

void deque_pop_front(struct deque *d)
{
    struct deque_chunk *c = d->first;

    must(c);
    d->n--;
    if (--c->n == 0) {
        chunk_drop(d, c);
        return;
    }
    c->begin += element_at(c, c->begin);
    chunk_shrink(d, c);
}

void deque_pop_back(struct deque *d)
{
    struct deque_chunk *c = d->last;

    must(c);
    d->n--;
    if (--c->n == 0) {
        chunk_drop(d, c);
        return;
    }
    c->end = last_at(c);
    chunk_shrink(d, c);
}

void deque_drop_front(struct deque *d, size_t n)
{
    while (d->first && d->first->n <= n) {
        n -= d->first->n;
        d->n -= d->first->n;
        chunk_drop(d, d->first);
    }
    while (d->first && n--)
        deque_pop_front(d);
}

void deque_drop_back(struct deque *d, size_t n)
{
    while (d->last && d->last->n <= n) {
        n -= d->last->n;
        d->n -= d->last->n;
        chunk_drop(d, d->last);
    }
    while (d->last && n--)
        deque_pop_back(d);
}

/* --- in the middle --- */

/* Moves what is at and after `at` to a chunk of its own. */
static void chunk_split(struct deque *d, struct deque_chunk *c, uint32_t at)
{
    struct deque_chunk *right;
    uint32_t n = 0;

    if (at == c->end)
        return;
    for (uint32_t i = at; i < c->end; i += element_at(c, i))
        n++;
    right = chunk_new(d, c->end - at);
    right->n = n;
    right->end = c->end - at;
    memcpy(right->bytes, c->bytes + at, right->end);
    chunk_link(d, right, c);
    c->end = at;
    c->n -= n;
}

/* Opens a gap for one element of so many bytes at pos, which then is its place. */
static void gap_open(struct deque *d, struct deque_pos *pos, uint32_t bytes)
{
    struct deque_chunk *c = pos->chunk;
    uint32_t offset = pos->at - c->begin;

    if (chunk_takes(c, bytes)) {
        c = chunk_open(d, c, bytes, false);
        pos->at = c->begin + offset;
        memmove(c->bytes + pos->at + bytes, c->bytes + pos->at, c->end - pos->at);
    } else {
        chunk_split(d, c, pos->at);
        if (c->n == 0 || !chunk_takes(c, bytes)) {
            struct deque_chunk *own = chunk_new(d, bytes);

            chunk_link(d, own, c);
            if (c->n == 0)
                chunk_drop(d, c);
            c = own;
        } else {
            c = chunk_open(d, c, bytes, false);
        }
        pos->at = c->end;
    }
    c->end += bytes;
    c->n++;
    pos->chunk = c;
}

/* Takes the bytes of the element at pos out; the chunk may be left empty. */
static void gap_close(struct deque_pos *pos)
{
    struct deque_chunk *c = pos->chunk;
    uint32_t bytes = element_at(c, pos->at);

    memmove(c->bytes + pos->at, c->bytes + pos->at + bytes, c->end - pos->at - bytes);
    c->end -= bytes;
    c->n--;
}

void deque_insert(struct deque *d, struct deque_pos *pos, bool before, struct slice value)
{
    if (!before)
        pos->at += element_at(pos->chunk, pos->at);
    gap_open(d, pos, element_bytes(value.n));
    d->n++;
    element_write(pos->chunk->bytes + pos->at, value);
}

/* Takes the elements of the chunk behind `a` into it, if that makes half a chunk at most. */
static void chunk_merge(struct deque *d, struct deque_chunk *a, struct deque_pos *pos)
{
    struct deque_chunk *b = a->next;
    uint32_t used = chunk_used(a);

    if (!b || used + (uint64_t)chunk_used(b) > CHUNK_ROOM / 2)
        return;
    if (pos->chunk == a)
        pos->at -= a->begin;
    else if (pos->chunk == b)
        pos->at += used - b->begin;
    a = chunk_resize(d, a, room_for(used + chunk_used(b)), 0);
    memcpy(a->bytes + a->end, b->bytes + b->begin, chunk_used(b));
    a->end += chunk_used(b);
    a->n += b->n;
    chunk_drop(d, b);
    pos->chunk = a;
}

/* Makes a chunk smaller that has become far too large, and keeps pos at its element. */
static void pos_shrink(struct deque *d, struct deque_pos *pos)
{
    uint32_t offset = pos->at - pos->chunk->begin;

    pos->chunk = chunk_shrink(d, pos->chunk);
    pos->at = pos->chunk->begin + offset;
}

static void chunk_tidy(struct deque *d, struct deque_pos *pos)
{
    if (chunk_used(pos->chunk) > CHUNK_ROOM / 4)
        return;
    chunk_merge(d, pos->chunk, pos);
    if (pos->chunk->prev)
        chunk_merge(d, pos->chunk->prev, pos);
    pos_shrink(d, pos);
}

void deque_set(struct deque *d, struct deque_pos *pos, struct slice value)
{
    uint32_t bytes = element_bytes(value.n);

    if (bytes != element_at(pos->chunk, pos->at)) {
        gap_close(pos);
        gap_open(d, pos, bytes);
    }
    element_write(pos->chunk->bytes + pos->at, value);
    pos_shrink(d, pos);
}

/* Moves pos, which is where an element was, to one of its neighbours; false if there is none. The chunk
 * goes if it is empty. */
static bool step_off(struct deque *d, struct deque_pos *pos, bool back)
{
    struct deque_chunk *c = pos->chunk, *to = c;
    bool there = true;

    if (back && pos->at > c->begin)
        pos->at -= element_before(c, pos->at);
    else if (back)
        there = (to = c->prev) != NULL;
    else if (pos->at == c->end)
        there = (to = c->next) != NULL;
    if (there && to != c)
        *pos = (struct deque_pos){to, back ? last_at(to) : to->begin};
    if (c->n == 0)
        chunk_drop(d, c);
    return there;
}

bool deque_remove(struct deque *d, struct deque_pos *pos, bool back)
{
    bool there;

    gap_close(pos);
    d->n--;
    there = step_off(d, pos, back);
    if (there)
        chunk_tidy(d, pos);
    return there;
}

/* --- for tests --- */

static void check_chunk(const struct deque_chunk *c)
{
    uint32_t n = 0, at;

    must(c->n > 0 && c->begin < c->end && c->end <= c->room);
    must(c->n == 1 || c->end - c->begin <= CHUNK_ROOM);
    for (at = c->begin; at < c->end; n++) {
        uint32_t bytes = element_at(c, at);

        at += bytes;
        must(at <= c->end && element_before(c, at) == bytes);
    }
    must(n == c->n && at == c->end);
}

void deque_check(const struct deque *d)
{
    size_t n = 0, memory = sizeof *d;
    const struct deque_chunk *prev = NULL;

    for (const struct deque_chunk *c = d->first; c; prev = c, c = c->next) {
        must(c->prev == prev);
        check_chunk(c);
        n += c->n;
        memory += sizeof *c + c->room;
    }
    must(d->last == prev && n == d->n && memory == d->memory);
}
