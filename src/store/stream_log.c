/* stream_log.c - the blocks of a stream in their order: the directory, appending, deleting.
 *
 * A block lives as long as it has a live entry, and only the one made last is appended to. So a place in
 * a block that is gone is before all that comes later.
 */
#include "stream_impl.h"

#define DIR_MIN 4

/* ---- the directory */

/* Without the holes, if they are half of it. */
static void dir_compact(struct stream *s)
{
    size_t n = 0;

    if (s->holes * 2 <= s->dir_n || s->dir_n < 16)
        return;
    for (size_t i = 0; i < s->dir_n; i++)
        if (dir_span(s, i)->b)
            *dir_span(s, n++) = *dir_span(s, i);
    s->dir_n = n;
    s->holes = 0;
}

static void dir_trim_ends(struct stream *s)
{
    while (s->dir_n && !dir_span(s, 0)->b) {
        s->dir_at++;
        s->dir_n--;
        s->holes--;
    }
    while (s->dir_n && !dir_span(s, s->dir_n - 1)->b) {
        s->dir_n--;
        s->holes--;
    }
    if (s->dir_n)
        return;
    mem_free_sized(s->dir, s->dir_cap * sizeof(*s->dir));
    s->dir = NULL;
    s->dir_at = s->dir_cap = 0;
}

static void dir_set_cap(struct stream *s, size_t cap)
{
    struct span *dir = mem_alloc(cap * sizeof(*dir));

    if (s->dir_n)
        memcpy(dir, dir_span(s, 0), s->dir_n * sizeof(*dir));
    mem_free_sized(s->dir, s->dir_cap * sizeof(*dir));
    s->dir = dir;
    s->dir_at = 0;
    s->dir_cap = cap;
}

static void dir_add(struct stream *s, struct stream_id first, struct block *b)
{
    if (s->dir_at + s->dir_n == s->dir_cap) {
        if (s->dir_at > s->dir_cap / 2) {
            memmove(s->dir, dir_span(s, 0), s->dir_n * sizeof(*s->dir));
            s->dir_at = 0;
        } else {
            dir_set_cap(s, s->dir_cap ? s->dir_cap * 2 : DIR_MIN);
        }
    }
    *dir_span(s, s->dir_n++) = (struct span){first, s->next_number++, b};
}

size_t dir_by_number(const struct stream *s, uint64_t number)
{
    size_t low = 0, high = s->dir_n;

    if (high == 0 || number <= dir_span(s, 0)->number)
        return 0;
    if (number > dir_span(s, high - 1)->number)
        return high;
    /* Without holes that were taken out, the place is plain. */
    if (number - dir_span(s, 0)->number < high) {
        low = number - dir_span(s, 0)->number;
        if (dir_span(s, low)->number == number)
            return low;
        low = 0;
    }
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (dir_span(s, mid)->number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool dir_by_id(const struct stream *s, struct stream_id id, size_t *i)
{
    size_t low = 0, high = s->dir_n;

    if (high && stream_id_cmp(dir_span(s, high - 1)->first, id) <= 0)
        low = high;
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (stream_id_cmp(dir_span(s, mid)->first, id) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    *i = low - 1;
    return low > 0;
}

/* Frees the block and takes what is left in it off the stream's counts. If a node starts in it, its rest
 * in the next block is a node of its own. */
static void dir_drop(struct stream *s, size_t i)
{
    struct block *b = dir_span(s, i)->b, *next = NULL;

    for (size_t k = i + 1; k < s->dir_n && !next; k++)
        next = dir_span(s, k)->b;
    if (next && b->marks && !next->node_start && !(next->data[0] & ENTRY_NODE)) {
        next->node_start = true;
        next->marks++;
        s->marks++;
    }
    s->length -= b->live;
    store_totals.entries -= b->live;
    s->bytes -= b->bytes;
    s->marks -= b->marks;
    block_free(s, b);
    dir_span(s, i)->b = NULL;
    s->holes++;
    dir_trim_ends(s);
}

void dir_clear(struct stream *s, size_t blocks)
{
    for (; blocks && s->dir_n; blocks--) {
        store_totals.entries -= dir_span(s, 0)->b->live;
        block_free(s, dir_span(s, 0)->b);
        dir_span(s, 0)->b = NULL;
        s->holes++;
        dir_trim_ends(s);
    }
}

/* ---- walking */

static bool pos_before(const struct stream_pos *a, const struct stream_pos *b)
{
    return a->block != b->block ? a->block < b->block : a->at < b->at;
}

struct block *log_block(const struct stream *s, struct stream_pos *pos)
{
    size_t i;

    if (pos_before(pos, &s->front))
        *pos = s->front;
    i = dir_by_number(s, pos->block);
    while (i < s->dir_n && !dir_span(s, i)->b)
        i++;
    if (i == s->dir_n)
        return NULL;
    /* At the start of a block the place may be older than the block. */
    if (dir_span(s, i)->number != pos->block || pos->at == 0)
        *pos = block_start(dir_span(s, i)->b, dir_span(s, i)->number);
    return dir_span(s, i)->b;
}

const struct block *log_next(const struct stream *s, struct stream_pos *pos, struct raw *r)
{
    struct block *b = log_block(s, pos);

    if (b && pos->at == b->used) {
        struct stream_pos next = {.block = pos->block + 1};

        if (!(b = log_block(s, &next)))
            return NULL;
        *pos = next;
    }
    if (b)
        block_step(b, pos, r);
    return b;
}

struct block *log_find(const struct stream *s, struct stream_id id, struct stream_pos *pos, struct raw *r)
{
    struct stream_pos next;
    struct block *b;
    size_t i;

    if (s->length == 0 || stream_id_cmp(id, s->first_id) < 0 || !dir_by_id(s, id, &i))
        return NULL;
    b = dir_span(s, i)->b;
    if (!b || stream_id_cmp(id, b->last) > 0)
        return NULL;
    block_seek(b, dir_span(s, i)->number, id, pos);
    next = *pos;
    block_step(b, &next, r);
    return stream_id_cmp(r->id, id) == 0 && !block_gone(b, pos->nth) ? b : NULL;
}

/* ---- deleting */

static void entry_off(struct stream *s, struct block *b, const struct raw *r)
{
    struct entry e;
    uint64_t bytes;

    entry_open(b, r, &e);
    bytes = entry_bytes(&e);
    b->live--;
    b->bytes -= bytes;
    s->length--;
    store_totals.entries--;
    s->bytes -= bytes;
}

/* Moves the front to the first live entry above `upto`; false if that is not in b, the first block. */
static bool front_move(struct stream *s, struct block *b, struct stream_id upto)
{
    struct stream_pos next = s->front;
    struct raw r;

    while (b->live) {
        bool gone = block_gone(b, next.nth), mark;

        block_step(b, &next, &r);
        mark = block_mark(b, &r, s->front.nth);
        if (!gone && stream_id_cmp(r.id, upto) > 0) {
            s->first_id = r.id;
            s->front_mark = mark;
            return true;
        }
        if (!gone)
            entry_off(s, b, &r);
        b->marks -= mark;
        s->marks -= mark;
        s->front = next;
    }
    return false;
}

static void front_settle(struct stream *s, struct stream_id upto)
{
    while (s->dir_n) {
        struct block *b = dir_span(s, 0)->b;

        if (s->front.block != dir_span(s, 0)->number)
            s->front = block_start(b, dir_span(s, 0)->number);
        if (stream_id_cmp(b->last, upto) > 0 && front_move(s, b, upto))
            return;
        dir_drop(s, 0);
    }
    s->front = (struct stream_pos){.block = s->next_number};
    s->first_id = STREAM_ID_MIN;
    s->front_mark = false;
}

void log_drop_through(struct stream *s, struct stream_id upto)
{
    uint64_t before = s->length;

    if (before == 0 || stream_id_cmp(s->first_id, upto) > 0)
        return;
    front_settle(s, upto);
    if (stream_id_cmp(upto, s->first_node.last) >= 0)
        s->first_node.live = 0;
    else if (s->first_node.live)
        s->first_node.live -= before - s->length;
    if (stream_id_cmp(s->tail_node.first, upto) <= 0)
        s->tail_node.live = s->length;
}

static void nodes_forget(struct stream *s, struct stream_id id)
{
    int c = stream_id_cmp(id, s->first_node.last);

    if (c == 0)
        s->first_node.live = 0;
    else if (c < 0 && s->first_node.live)
        s->first_node.live--;
    if (stream_id_cmp(id, s->tail_node.first) >= 0)
        s->tail_node.live--;
}

bool stream_drop(struct stream *s, struct stream_id id)
{
    struct stream_pos pos;
    struct raw r;
    struct block *b;

    if (s->queue)
        queue_entry_lost(s, id);
    if (s->length && stream_id_cmp(id, s->first_id) == 0) {
        log_drop_through(s, id);
        return true;
    }
    if (!(b = log_find(s, id, &pos, &r)))
        return false;
    entry_off(s, b, &r);
    nodes_forget(s, id);
    if (b->live) {
        block_set_gone(s, b, pos.nth);
    } else {
        dir_drop(s, dir_by_number(s, pos.block));
        dir_compact(s);
    }
    return true;
}

bool stream_delete(struct stream *s, struct stream_id id)
{
    if (!stream_drop(s, id))
        return false;
    if (stream_id_cmp(id, s->max_deleted) > 0)
        s->max_deleted = id;
    return true;
}

/* ---- appending */

/* What an entry will take, and how. */
struct draft {
    const struct slice *field;
    size_t n;
    size_t names, values; /* their bytes as they lie in a block */
    size_t bytes;         /* and their own */
    size_t listpack;      /* what the values take in a listpack, about; the names: names_listpack */
    size_t names_listpack;
    uint64_t ms, seq;        /* from the entry before */
    uint32_t schema;         /* where the same names are, or NO_SCHEMA */
    size_t body;             /* what follows the head of the entry */
    bool point;              /* gets a point of the block's index */
    const struct tail *tail; /* NULL: it has no attributes */
};

/* Attributes as they lie in a block. */
struct tail {
    struct slice group;
    size_t n; /* bytes of the head */
    uint8_t head[ATTRS_HEAD_MAX];
};

/* Bytes of an element of a listpack, about. */
static inline size_t listpack_size(size_t n)
{
    return n + (n < 64 ? 2 : n < 4096 ? 4 : 8);
}

static void draft_measure(struct draft *d)
{
    for (size_t i = 0; i < d->n; i += 2) {
        size_t name = d->field[i].n, value = d->field[i + 1].n;

        d->names += varint_size(name) + name;
        d->values += varint_size(value) + value;
        d->bytes += name + value;
        d->names_listpack += listpack_size(name);
        d->listpack += listpack_size(value);
    }
    must(d->bytes <= STREAM_ENTRY_MAX && d->names < UINT32_MAX / 2 && d->values < UINT32_MAX / 2);
}

/* The id and the body, given the entry before it and d->schema; the size of the whole entry. */
static size_t draft_size(struct draft *d, struct stream_id before, struct stream_id id)
{
    d->ms = id.ms - before.ms;
    d->seq = d->ms ? id.seq : id.seq - before.seq - 1;
    d->body = d->values + 2;
    if (d->tail)
        d->body += d->tail->n + d->tail->group.n;
    if (d->schema == NO_SCHEMA)
        d->body += varint_size(d->n / 2) + varint_size(d->names) + d->names - 2;
    return 1 + varint_size(d->ms) + varint_size(d->seq) + varint_size(d->body) + d->body;
}

static bool schema_is(const struct block *b, const struct schema *schema, const struct draft *d)
{
    const uint8_t *p;
    uint64_t len;

    if (schema->size != d->names || schema->fields != d->n / 2)
        return false;
    p = number_get(b->data + schema->at, &len);
    p = number_get(p, &len);
    for (size_t i = 0; i < d->n; i += 2) {
        p = number_get(p, &len);
        if (len != d->field[i].n || (len && memcmp(p, d->field[i].p, len) != 0))
            return false;
        p += len;
    }
    return true;
}

static uint32_t schema_find(const struct stream *s, const struct block *b, const struct draft *d)
{
    for (unsigned i = 0; i < SCHEMAS_KEPT; i++)
        if (schema_is(b, &s->schema[i], d))
            return s->schema[i].at;
    return NO_SCHEMA;
}

static void schema_keep(struct stream *s, uint32_t at, const struct draft *d)
{
    if (at > UINT16_MAX || d->names > UINT32_MAX)
        return;
    s->schema[s->schema_next] = (struct schema){at, (uint32_t)d->n / 2, (uint32_t)d->names};
    s->schema_next = (s->schema_next + 1) % SCHEMAS_KEPT;
}

static size_t power_of_two(size_t at_least)
{
    return (size_t)1 << (64 - __builtin_clzll(at_least - 1));
}

/* A larger block for `need` more bytes, or NULL if it is one that does not grow. */
static struct block *tail_grow(struct stream *s, struct block *b, size_t need)
{
    size_t size = power_of_two(b->size - block_room(b) + need);

    if (size > MEM_SLOT || (b->size & (b->size - 1)) != 0)
        return NULL;
    b = block_resize(s, b, size);
    dir_span(s, s->dir_n - 1)->b = b;
    return b;
}

/* Nothing more comes: an unused eighth is given back. */
static void tail_close(struct stream *s, struct block *b)
{
    size_t size = (b->size - block_room(b) + 7) & ~(size_t)7;

    if (b->size - size >= b->size / 8)
        dir_span(s, s->dir_n - 1)->b = block_resize(s, b, size);
}

/* A new block with room for `need` bytes. It starts at a fraction of what the stream holds, so that a
 * small stream stays small and a large one does not copy. */
static struct block *tail_new(struct stream *s, struct stream_id base, struct stream_id id, size_t need)
{
    size_t size = (BLOCK_HEAD + need + 7) & ~(size_t)7;
    struct block *b;

    if (need <= BLOCK_OWN) {
        size_t least = s->held / 4;

        least = least < BLOCK_MIN ? BLOCK_MIN : least > MEM_SLOT ? MEM_SLOT : least;
        size = power_of_two(size < least ? least : size);
    }
    b = block_new(s, size, base);
    dir_add(s, id, b);
    memset(s->schema, 0, sizeof(s->schema));
    return b;
}

/* The block the entry goes to, with room for it. XSETID may have gone back to between the last live entry
 * and one deleted behind it: the tail is closed there, so that ids rise from block to block. */
static struct block *tail_for(struct stream *s, struct draft *d, struct stream_id id)
{
    struct span *tail = s->dir_n ? dir_span(s, s->dir_n - 1) : NULL;
    struct block *b = tail ? tail->b : NULL, *larger;
    struct stream_id base = id;
    size_t need;

    if (b && stream_id_cmp(id, b->last) <= 0)
        b->last = s->last_id;
    else if (b && tail->number + 1 == s->next_number) {
        d->schema = schema_find(s, b, d);
        d->point = block_point_due(b);
        need = draft_size(d, b->last, id) + (d->point ? sizeof(struct point) : 0);
        if (need <= block_room(b))
            return b;
        if (need <= BLOCK_OWN && (larger = tail_grow(s, b, need)))
            return larger;
        tail_close(s, b);
    }
    d->schema = NO_SCHEMA;
    d->point = false;
    must(stream_id_prev(&base));
    return tail_new(s, base, id, draft_size(d, base, id));
}

static uint8_t *put_slice(uint8_t *p, struct slice s)
{
    p += varint_put(p, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

static uint8_t *put_names(struct stream *s, struct block *b, uint8_t *p, const struct draft *d)
{
    if (d->schema != NO_SCHEMA) {
        p[0] = (uint8_t)d->schema;
        p[1] = (uint8_t)(d->schema >> 8);
        return p + 2;
    }
    schema_keep(s, (uint32_t)(p - b->data), d);
    p += varint_put(p, d->n / 2);
    p += varint_put(p, d->names);
    for (size_t i = 0; i < d->n; i += 2)
        p = put_slice(p, d->field[i]);
    return p;
}

static uint8_t *put_tail(uint8_t *p, const struct tail *t)
{
    memcpy(p, t->head, t->n);
    p += t->n;
    if (t->group.n)
        memcpy(p, t->group.p, t->group.n);
    return p + t->group.n;
}

static void put_entry(struct stream *s, struct block *b, const struct draft *d, bool mark)
{
    uint8_t *p = b->data + b->used;

    *p++ = (uint8_t)((mark ? ENTRY_NODE : 0) | (d->schema == NO_SCHEMA ? ENTRY_NAMES : 0));
    p += varint_put(p, d->ms);
    p += varint_put(p, d->seq);
    p += varint_put(p, d->body);
    p = put_names(s, b, p, d);
    for (size_t i = 1; i < d->n; i += 2)
        p = put_slice(p, d->field[i]);
    if (d->tail)
        p = put_tail(p, d->tail);
    b->used = (uint32_t)(p - b->data);
}

/* Whether the entry starts a node, and the node's count of it. */
static bool node_add(struct stream *s, const struct draft *d, struct stream_id id,
                     const struct stream_node_limits *limits)
{
    size_t bytes = 8 + d->listpack + (d->schema == NO_SCHEMA ? d->names_listpack : 0);
    bool start = (s->tail_node.live == 0 && !s->tail_node.kept) ||
                 (limits->max_entries && s->tail_node.entries >= limits->max_entries) ||
                 (limits->max_bytes && s->tail_node.bytes + bytes > limits->max_bytes);

    if (s->tail_node.live == 0 || start)
        s->tail_node.first = id;
    if (start) {
        s->tail_node.entries = s->tail_node.live = 0;
        s->tail_node.bytes = 16 + d->names_listpack;
        bytes = 8 + d->listpack;
    }
    s->tail_node.last = id;
    s->tail_node.kept = false;
    s->tail_node.entries++;
    s->tail_node.live++;
    s->tail_node.bytes += bytes;
    if (s->first_node.live && s->first_node.open) {
        s->first_node.open = !start;
        if (!start) {
            s->first_node.live++;
            s->first_node.last = s->first_node.reach = id;
        }
    }
    return start;
}

static void front_set(struct stream *s, const struct block *b, struct stream_id id, bool mark)
{
    s->first_id = id;
    s->front = (struct stream_pos){s->next_number - 1, b->used, b->n, b->last};
    s->front_mark = mark;
}

/* Apart, so that those without attributes pay nothing for them. */
static __attribute__((noinline)) void draft_tail(struct draft *d, struct tail *t, struct stream_id id,
                                                 const struct entry_attrs *attrs)
{
    t->n = attrs_put(t->head, attrs, id);
    t->group = attrs->group;
    if (t->head[0])
        d->tail = t;
}

void stream_append(struct stream *s, struct stream_id id, const struct slice *field, size_t n,
                   const struct entry_attrs *attrs, const struct stream_node_limits *limits)
{
    struct draft d = {.field = field, .n = n};
    struct tail tail;
    struct block *b;
    bool mark;

    must(n > 0 && n % 2 == 0 && stream_id_cmp(id, s->last_id) > 0);
    draft_measure(&d);
    if (attrs)
        draft_tail(&d, &tail, id, attrs);
    b = tail_for(s, &d, id);
    mark = node_add(s, &d, id, limits);
    if (d.point)
        *block_point(b, b->points++) = (struct point){b->last, b->used, b->n};
    if (s->length == 0)
        front_set(s, b, id, mark);
    put_entry(s, b, &d, mark);
    b->last = s->last_id = id;
    b->n++;
    b->live++;
    b->marks += mark;
    b->bytes += d.bytes;
    s->marks += mark;
    s->bytes += d.bytes;
    s->length++;
    store_totals.entries++;
    s->added += s->added < INT64_MAX; /* XSETID may have set it there; it is told as a signed number */
    s->arrival = attrs ? attrs->arrival : entry_attrs_plain(id).arrival;
    if (attrs) {
        s->restricted |= attrs->group.n > 0;
        s->own_ttls |= attrs->expires != 0;
    }
    if (s->queue)
        queue_entry_added(s->queue, id, attrs);
}
