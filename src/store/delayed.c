/* delayed.c - the messages of a stream that are not in it yet. What follows the number of one:
 *
 *   added   varint: its distance from the instant it is due, zigzag
 *   ttl     varint
 *   level   1 byte
 *   dedup   varint length, then the bytes
 *   n       varint: how many names and values
 *   fields  each as varint length and bytes
 *
 * The instant is the score of the tree, whose doubles hold all those up to DELAYED_DUE_MAX.
 */
#include "store/delayed_edit.h"

#include "base/mem.h"
#include "base/num.h"
#include "store/totals.h"

struct parcel {
    uint64_t number;
    uint8_t data[];
};

/* ---- bytes */

static size_t slice_size(struct slice s)
{
    return varint_size(s.n) + s.n;
}

static uint8_t *put_slice(uint8_t *p, struct slice s)
{
    p += varint_put(p, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

static const uint8_t *get_slice(const uint8_t *p, struct slice *s)
{
    uint64_t n;

    p = varint_get(p, &n);
    *s = (struct slice){(const char *)p, (size_t)n};
    return p + n;
}

static size_t parcel_size(const struct delayed_message *m, const struct slice *field)
{
    size_t size = sizeof(struct parcel) + varint_size(zigzag((uint64_t)m->added - m->id.ms)) +
                  varint_size((uint64_t)m->ttl) + 1 + slice_size(m->dedup) + varint_size(m->n);

    for (size_t i = 0; i < m->n; i++)
        size += slice_size(field[i]);
    return size;
}

static struct parcel *parcel_new(const struct delayed_message *m, const struct slice *field, size_t size)
{
    struct parcel *c = mem_alloc(size);
    uint8_t *p = c->data;

    c->number = m->id.seq;
    p += varint_put(p, zigzag((uint64_t)m->added - m->id.ms));
    p += varint_put(p, (uint64_t)m->ttl);
    *p++ = m->level;
    p = put_slice(p, m->dedup);
    p += varint_put(p, m->n);
    for (size_t i = 0; i < m->n; i++)
        p = put_slice(p, field[i]);
    must((size_t)(p - (uint8_t *)c) == size);
    return c;
}

static void view(const struct ranked *r, struct delayed_message *m)
{
    const struct parcel *c = r->entry;
    uint64_t added, ttl, n;
    const uint8_t *p = c->data;

    m->id = (struct stream_id){(uint64_t)r->score, c->number};
    p = varint_get(p, &added);
    m->added = (msec)(m->id.ms + unzigzag(added));
    p = varint_get(p, &ttl);
    m->ttl = (msec)ttl;
    m->level = *p++;
    p = get_slice(p, &m->dedup);
    m->at = varint_get(p, &n);
    m->n = (size_t)n;
}

void delayed_fields(const struct delayed_message *m, struct slice *field)
{
    const uint8_t *p = m->at;

    for (size_t i = 0; i < m->n; i++)
        p = get_slice(p, &field[i]);
}

/* The bytes of its names and values, and of the whole. */
static size_t measure(const struct ranked *r, size_t *size)
{
    struct delayed_message m;
    const uint8_t *p;
    size_t bytes = 0;

    view(r, &m);
    p = m.at;
    for (size_t i = 0; i < m.n; i++) {
        struct slice s;

        p = get_slice(p, &s);
        bytes += s.n;
    }
    *size = (size_t)(p - (const uint8_t *)r->entry);
    return bytes;
}

/* ---- reading */

static int by_number(const void *a, const void *b)
{
    uint64_t x = ((const struct parcel *)a)->number, y = ((const struct parcel *)b)->number;

    return (x > y) - (x < y);
}

static int against_id(const struct ranked *r, const void *bound)
{
    const struct stream_id *id = bound;

    return stream_id_cmp((struct stream_id){(uint64_t)r->score, ((const struct parcel *)r->entry)->number},
                         *id);
}

/* Where the first is with an id >= from; false: there is none. */
static bool place_of(const struct delayed *d, struct stream_id from, struct rank_pos *pos)
{
    size_t rank = ranking_before(&d->order, against_id, &from);

    if (rank == delayed_count(d))
        return false;
    *pos = ranking_at(&d->order, rank);
    return true;
}

static struct ranked *place_of_one(const struct delayed *d, struct stream_id id)
{
    struct rank_pos pos;

    if (!place_of(d, id, &pos) || against_id(rank_get(&pos), &id) != 0)
        return NULL;
    return rank_get(&pos);
}

bool delayed_find(const struct delayed *d, struct stream_id id, struct delayed_message *out)
{
    const struct ranked *r = place_of_one(d, id);

    if (r)
        view(r, out);
    return r != NULL;
}

bool delayed_first(const struct delayed *d, struct delayed_message *out)
{
    struct rank_pos pos;

    if (!delayed_count(d))
        return false;
    pos = ranking_at(&d->order, 0);
    view(rank_get(&pos), out);
    return true;
}

void delayed_seek(const struct delayed *d, struct stream_id from, struct delayed_pos *pos)
{
    pos->more = place_of(d, from, &pos->at);
}

bool delayed_next(struct delayed_pos *pos, struct delayed_message *out)
{
    if (!pos->more)
        return false;
    view(rank_get(&pos->at), out);
    pos->more = rank_next(&pos->at);
    return true;
}

size_t delayed_memory(const struct delayed *d)
{
    return d->held + ranking_memory(&d->order);
}

/* ---- changing */

void delayed_init(struct delayed *d)
{
    *d = (struct delayed){.order.tie = by_number};
}

bool delayed_free_some(struct delayed *d, size_t n)
{
    void *e[RANK_LEAF_MAX];
    size_t got = 1;

    while (n > 0 && (got = ranking_bury_leaf(&d->order, e)) > 0) {
        for (size_t i = 0; i < got; i++)
            mem_free(e[i]);
        store_totals.delayed -= got;
        n -= got < n ? got : n;
    }
    if (got > 0)
        return false;
    ranking_free(&d->order);
    d->bytes = d->held = 0;
    return true;
}

void delayed_clear(struct delayed *d)
{
    while (!delayed_free_some(d, SIZE_MAX))
        ;
}

void delayed_add(struct delayed *d, const struct delayed_message *m, const struct slice *field)
{
    size_t size = parcel_size(m, field);

    must(m->id.ms <= (uint64_t)DELAYED_DUE_MAX && m->id.seq < UINT64_MAX);
    ranking_add(&d->order, (struct ranked){(double)m->id.ms, parcel_new(m, field, size)});
    for (size_t i = 0; i < m->n; i++)
        d->bytes += field[i].n;
    d->held += size;
    store_totals.delayed++;
    if (m->id.seq >= d->next)
        d->next = m->id.seq + 1;
}

bool delayed_remove(struct delayed *d, struct stream_id id)
{
    const struct ranked *r = place_of_one(d, id);
    struct ranked gone;
    size_t size;

    if (!r)
        return false;
    gone = *r;
    d->bytes -= measure(&gone, &size);
    d->held -= size;
    ranking_remove(&d->order, gone);
    store_totals.delayed--;
    mem_free_sized(gone.entry, size);
    return true;
}

void delayed_set_next(struct delayed *d, uint64_t next)
{
    if (next > d->next)
        d->next = next;
}

void delayed_copy(struct delayed *to, const struct delayed *from)
{
    struct delayed_pos pos;

    delayed_init(to);
    delayed_seek(from, STREAM_ID_MIN, &pos);
    while (pos.more) {
        const struct ranked *r = rank_get(&pos.at);
        size_t size;
        void *copy;

        measure(r, &size);
        copy = mem_alloc(size);
        memcpy(copy, r->entry, size);
        ranking_add(&to->order, (struct ranked){r->score, copy});
        pos.more = rank_next(&pos.at);
    }
    to->next = from->next;
    to->bytes = from->bytes;
    to->held = from->held;
    store_totals.delayed += delayed_count(to);
}

/* ---- for tests */

void delayed_check(const struct delayed *d)
{
    struct delayed_pos pos;
    struct stream_id last = STREAM_ID_MIN;
    size_t n = 0, bytes = 0, held = 0;

    ranking_check(&d->order);
    delayed_seek(d, STREAM_ID_MIN, &pos);
    for (; pos.more; pos.more = rank_next(&pos.at), n++) {
        struct delayed_message m;
        size_t size;

        view(rank_get(&pos.at), &m);
        must(n == 0 || stream_id_cmp(m.id, last) > 0);
        must(m.id.seq < d->next && m.n % 2 == 0 && m.n > 0);
        last = m.id;
        bytes += measure(rank_get(&pos.at), &size);
        held += size;
    }
    must(n == delayed_count(d) && bytes == d->bytes && held == d->held);
}
