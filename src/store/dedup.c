/* dedup.c - what has been seen. A record:
 *
 *   alive   1 byte: 0 once it is forgotten
 *   ms      8 bytes: of the id
 *   seq     varint: of the id
 *   keep    varint: `until` as its distance from ms, zigzag
 *   length  varint, then the name
 *
 * Records do not move, so that the table can point at them, but when too many lie dead among the living.
 */
#include "store/dedup_edit.h"

#include "base/mem.h"
#include "base/num.h"

#define RECORD_MAX(n) (1 + 8 + 3 * VARINT_MAX + (n)) /* bytes of a record with a name of n */
#define BLOCK_FIRST   64u                            /* a block with its head: sizes that the allocator has */
#define BLOCK_MIN     256u
#define BLOCK_MAX     (64u * 1024)
#define BLOCK_SHARE   8    /* it is about this part of what is held already, between the two above */
#define DEAD_MIN      4096 /* bytes that may lie dead however little is alive */

struct dedup_block {
    struct dedup_block *next;
    uint32_t size, used; /* of data */
    uint8_t data[];
};

/* ---- a record */

/* Returns where the next one begins. */
static const uint8_t *record_read(const uint8_t *p, struct seen *s)
{
    uint64_t keep, n;

    memcpy(&s->id.ms, p + 1, 8);
    p = varint_get(p + 9, &s->id.seq);
    p = varint_get(p, &keep);
    p = varint_get(p, &n);
    s->until = (msec)(s->id.ms + unzigzag(keep));
    s->name = (struct slice){(const char *)p, (size_t)n};
    return p + n;
}

static uint8_t *record_write(uint8_t *p, const struct seen *s)
{
    *p = 1;
    memcpy(p + 1, &s->id.ms, 8);
    p += 9;
    p += varint_put(p, s->id.seq);
    p += varint_put(p, zigzag((uint64_t)s->until - s->id.ms));
    p += varint_put(p, s->name.n);
    if (s->name.n)
        memcpy(p, s->name.p, s->name.n);
    return p + s->name.n;
}

static struct slice record_name(const void *record)
{
    struct seen s;

    record_read(record, &s);
    return s.name;
}

static const struct dict_type by_name = {.key = record_name};

/* ---- blocks */

static size_t block_bytes(const struct dedup_block *b)
{
    return sizeof *b + b->size;
}

static void drop_first(struct dedup *d)
{
    struct dedup_block *b = d->first;

    d->first = b->next;
    if (!d->first)
        d->last = NULL;
    d->at = 0;
    d->held -= block_bytes(b);
    mem_free_sized(b, block_bytes(b));
}

static uint32_t size_wanted(const struct dedup *d, size_t n)
{
    size_t size = d->first ? BLOCK_MIN : BLOCK_FIRST;

    while (size < BLOCK_MAX && size < d->held / BLOCK_SHARE)
        size *= 2;
    size -= sizeof(struct dedup_block);
    return (uint32_t)(size < n ? n : size);
}

static uint8_t *room_for(struct dedup *d, size_t n)
{
    struct dedup_block *b = d->last;

    if (!b || b->size - b->used < n) {
        uint32_t size = size_wanted(d, n);

        b = mem_alloc(sizeof *b + size);
        *b = (struct dedup_block){.size = size};
        *(d->last ? &d->last->next : &d->first) = b;
        d->last = b;
        d->held += block_bytes(b);
    }
    return b->data + b->used;
}

/* Puts a record behind all others; its place. The table is not told. */
static uint8_t *append(struct dedup *d, const struct seen *s)
{
    uint8_t head[RECORD_MAX(0)], *p;
    struct seen nameless = *s;
    size_t n;

    nameless.name.n = 0; /* its length, 0, takes one byte as the shortest ones do */
    n = (size_t)(record_write(head, &nameless) - head);
    for (size_t left = s->name.n; left >= 0x80; left >>= 7)
        n++;
    n += s->name.n;
    p = room_for(d, n);
    record_write(p, s);
    d->last->used += (uint32_t)n;
    d->bytes += n;
    return p;
}

/* What is dead at the front goes; the blocks, too, with the last record in them. */
static void skip_dead(struct dedup *d)
{
    while (d->first) {
        const uint8_t *p = d->first->data + d->at;
        struct seen s;

        if (d->at == d->first->used) {
            drop_first(d);
        } else if (*p == 0) {
            size_t n = (size_t)(record_read(p, &s) - p);

            d->dead -= n;
            d->at += (uint32_t)n;
        } else {
            return;
        }
    }
}

/* The living move to blocks of their own, in their order. */
static void compact(struct dedup *d)
{
    struct dedup old = *d;
    struct dedup_walk w = {0};
    struct seen s;

    d->first = d->last = NULL;
    d->at = 0;
    d->held = d->bytes = d->dead = 0;
    while (dedup_next(&old, &w, &s))
        dict_replace(&d->by_name, append(d, &s));
    while (old.first)
        drop_first(&old);
}

/* ---- reading */

bool dedup_find(const struct dedup *d, struct slice name, struct seen *out)
{
    const uint8_t *p = dict_find(&d->by_name, name);

    if (p)
        record_read(p, out);
    return p != NULL;
}

bool dedup_oldest(const struct dedup *d, struct seen *out)
{
    if (d->first)
        record_read(d->first->data + d->at, out);
    return d->first != NULL;
}

bool dedup_next(const struct dedup *d, struct dedup_walk *w, struct seen *out)
{
    if (!w->begun)
        *w = (struct dedup_walk){.block = d->first, .at = d->at, .begun = true};
    while (w->block) {
        const uint8_t *p = w->block->data + w->at;

        if (w->at == w->block->used) {
            w->block = w->block->next;
            w->at = 0;
            continue;
        }
        w->at += (uint32_t)(record_read(p, out) - p);
        if (*p)
            return true;
    }
    return false;
}

size_t dedup_memory(const struct dedup *d)
{
    return d->held + dict_memory(&d->by_name);
}

/* ---- changing */

void dedup_init(struct dedup *d, const struct hash_seed *seed)
{
    *d = (struct dedup){0};
    dict_init(&d->by_name, &by_name, seed);
}

void dedup_clear(struct dedup *d)
{
    dict_clear(&d->by_name);
    while (d->first)
        drop_first(d);
    d->bytes = d->dead = 0;
}

void dedup_copy(struct dedup *to, const struct dedup *from, const struct hash_seed *seed)
{
    struct dedup_walk w = {0};
    struct seen s;

    dedup_init(to, seed);
    while (dedup_next(from, &w, &s))
        dedup_add(to, &s);
}

static void bury(struct dedup *d, uint8_t *record)
{
    struct seen s;
    size_t n = (size_t)(record_read(record, &s) - record);

    *record = 0;
    d->bytes -= n;
    d->dead += n;
    skip_dead(d);
    if (d->dead > d->bytes + DEAD_MIN)
        compact(d);
}

bool dedup_remove(struct dedup *d, struct slice name)
{
    uint8_t *record = dict_remove(&d->by_name, name);

    if (record)
        bury(d, record);
    return record != NULL;
}

void dedup_add(struct dedup *d, const struct seen *s)
{
    uint8_t *old = dict_find(&d->by_name, s->name), *new = append(d, s);

    if (old) {
        dict_replace(&d->by_name, new);
        bury(d, old);
    } else {
        dict_add(&d->by_name, new);
    }
}

bool dedup_drop_oldest(struct dedup *d)
{
    struct seen s;

    if (!dedup_oldest(d, &s))
        return false;
    bury(d, dict_remove(&d->by_name, s.name));
    return true;
}

/* ---- for tests */

void dedup_check(const struct dedup *d)
{
    size_t held = 0, bytes = 0, dead = 0, n = 0;

    dict_check(&d->by_name);
    for (const struct dedup_block *b = d->first; b; b = b->next) {
        uint32_t at = b == d->first ? d->at : 0;

        must(b->used <= b->size && (b->next || b == d->last));
        must(b != d->first || (at < b->used && b->data[at]));
        held += block_bytes(b);
        while (at < b->used) {
            const uint8_t *p = b->data + at;
            struct seen s;
            size_t size = (size_t)(record_read(p, &s) - p);

            must(!*p || dict_find(&d->by_name, s.name) == p);
            *(*p ? &bytes : &dead) += size;
            n += *p;
            at += (uint32_t)size;
        }
        must(at == b->used);
    }
    must(held == d->held && bytes == d->bytes && dead == d->dead && n == dedup_count(d));
    must(dead <= bytes + DEAD_MIN);
}
