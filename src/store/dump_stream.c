/* store/dump_stream.c - a stream as Redis 7.2 has it in an RDB: see rdb_stream.c. */
#include "base/mem.h"
#include "dump_impl.h"
#include "store/group.h"
#include "store/listpack.h"

/* A node is as large as in Redis by its defaults, whatever the settings here are. */
#define NODE_ENTRIES 100
#define NODE_BYTES   4096

/* --- entries --- */

static bool same_names(const struct entry *a, const struct entry *b)
{
    struct entry_walk wa = {0}, wb = {0};
    struct slice na, nb, value;

    if (a->fields != b->fields)
        return false;
    while (entry_field(a, &wa, &na, &value) && entry_field(b, &wb, &nb, &value))
        if (!slice_eq(na, nb))
            return false;
    return true;
}

/* How many entries from the first on make a node; at least that one. */
static int64_t node_length(const struct stream *s, struct stream_pos pos)
{
    struct entry e;
    size_t bytes = 0;
    int64_t n = 0;

    while (n < NODE_ENTRIES && stream_next(s, &pos, &e) &&
           ((bytes += entry_bytes(&e)) <= NODE_BYTES || n == 0))
        n++;
    return n;
}

static void write_names(struct listpack_out *o, const struct entry *e, int64_t entries)
{
    struct entry_walk w = {0};
    struct slice name, value;

    listpack_put_number(o, entries);
    listpack_put_number(o, 0); /* none is deleted */
    listpack_put_number(o, e->fields);
    while (entry_field(e, &w, &name, &value))
        listpack_put(o, name);
    listpack_put_number(o, 0);
}

static void write_entry(struct listpack_out *o, const struct entry *e, const struct entry *first)
{
    bool same = same_names(e, first);
    struct entry_walk w = {0};
    struct slice name, value;

    listpack_put_number(o, same ? STREAM_ENTRY_SAME_FIELDS : 0);
    listpack_put_number(o, (int64_t)(e->id.ms - first->id.ms));
    listpack_put_number(o, (int64_t)(e->id.seq - first->id.seq));
    if (!same)
        listpack_put_number(o, e->fields);
    while (entry_field(e, &w, &name, &value)) {
        if (!same)
            listpack_put(o, name);
        listpack_put(o, value);
    }
    listpack_put_number(o, (int64_t)e->fields * (same ? 1 : 2) + (same ? 3 : 4));
}

static void write_raw_id(struct buf *b, struct stream_id id)
{
    dump_be(b, id.ms, 8);
    dump_be(b, id.seq, 8);
}

/* Writes the entries from the place on, which moves behind them. */
static void write_node(struct buf *b, struct buf *block, const struct stream *s, struct stream_pos *pos)
{
    int64_t n = node_length(s, *pos);
    struct listpack_out o;
    struct entry first, e;

    stream_next(s, pos, &first);
    block->n = 0;
    listpack_begin(&o, block);
    write_names(&o, &first, n);
    write_entry(&o, &first, &first);
    while (--n && stream_next(s, pos, &e))
        write_entry(&o, &e, &first);
    listpack_end(&o);
    dump_length(b, 16);
    write_raw_id(b, first.id);
    dump_string(b, buf_slice(block));
}

static void write_nodes(struct buf *b, const struct stream *s)
{
    struct stream_pos pos;
    struct buf block = {0};
    uint64_t left = stream_length(s), nodes = 0;

    stream_seek(s, STREAM_ID_MIN, &pos);
    for (struct stream_pos at = pos; left; nodes++) {
        struct entry e;

        for (int64_t n = node_length(s, at); n && stream_next(s, &at, &e); n--)
            left--;
    }
    dump_length(b, nodes);
    while (nodes--)
        write_node(b, &block, s, &pos);
    buf_free(&block);
}

/* --- groups --- */

static void write_id(struct buf *b, struct stream_id id)
{
    dump_length(b, id.ms);
    dump_length(b, id.seq);
}

/* One given back has its number in their order; what nobody has of a queue has no time of delivery. */
static msec time_of(const struct pending *p)
{
    return pending_is_leased(p) || p->state == PENDING_NACKED ? p->time : 0;
}

/* All that is pending, in the order of ids. */
static void write_pending(struct buf *b, const struct group *g)
{
    struct pel_pos pos;
    struct pending p;

    dump_length(b, pel_count(&g->pel));
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        write_raw_id(b, p.id);
        dump_le(b, (uint64_t)time_of(&p), 8);
        dump_length(b, p.count);
    }
}

/* Ids by who holds them: those of slot n lie from end[n - 1] to end[n], nobody's behind all others. */
struct owned {
    struct stream_id *id;
    size_t *end;
    uint32_t nobody;
};

static uint32_t owner_of(const struct owned *o, const struct pending *p)
{
    return p->owner == PEL_NO_OWNER ? o->nobody : p->owner;
}

static void sort_by_owner(struct owned *o, const struct group *g)
{
    struct pel_pos pos;
    struct pending p;
    size_t sum = 0;

    *o = (struct owned){.nobody = g->slots};
    o->id = mem_alloc(pel_count(&g->pel) * sizeof *o->id);
    o->end = mem_zalloc(((size_t)g->slots + 1) * sizeof *o->end);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p))
        o->end[owner_of(o, &p)]++;
    for (uint32_t i = 0; i <= o->nobody;
         i++) { /* the beginning of each, which its ids then move to its end */
        size_t n = o->end[i];

        o->end[i] = sum;
        sum += n;
    }
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p))
        o->id[o->end[owner_of(o, &p)]++] = p.id;
}

static size_t count_owned(const struct owned *o, uint32_t owner)
{
    return o->end[owner] - (owner ? o->end[owner - 1] : 0);
}

static void write_owned(struct buf *b, const struct owned *o, uint32_t owner)
{
    for (size_t i = owner ? o->end[owner - 1] : 0; i < o->end[owner]; i++)
        write_raw_id(b, o->id[i]);
}

/* `c` is NULL for one without a name that is made to hold what is nobody's. */
static void write_consumer(struct buf *b, const struct owned *o, const struct consumer *c, bool nobodys)
{
    dump_string(b, c ? consumer_name(c) : SLICE(""));
    dump_le(b, (uint64_t)(c ? c->seen : 0), 8);
    dump_le(b, (uint64_t)(c ? c->active : 0), 8);
    dump_length(b, (c ? count_owned(o, c->slot) : 0) + (nobodys ? count_owned(o, o->nobody) : 0));
    if (c)
        write_owned(b, o, c->slot);
    if (nobodys)
        write_owned(b, o, o->nobody);
}

static void write_consumers(struct buf *b, const struct group *g)
{
    size_t n;
    struct consumer **c = group_consumers_sorted(g, &n);
    bool nameless = n && c[0]->name_len == 0; /* it takes what is nobody's */
    struct owned o;
    bool extra;

    sort_by_owner(&o, g);
    extra = count_owned(&o, o.nobody) && !nameless;
    dump_length(b, n + extra);
    if (extra)
        write_consumer(b, &o, NULL, true);
    for (size_t i = 0; i < n; i++)
        write_consumer(b, &o, c[i], i == 0 && nameless);
    mem_free(o.id);
    mem_free(o.end);
    mem_free(c);
}

static void write_group(struct buf *b, const struct group *g)
{
    dump_string(b, group_name(g));
    write_id(b, g->last_id);
    dump_length(b, (uint64_t)g->entries_read);
    write_pending(b, g);
    write_consumers(b, g);
}

void dump_stream(struct buf *b, const struct stream *s)
{
    struct stream_stats st;
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);

    stream_stats(s, &st);
    write_nodes(b, s);
    dump_length(b, st.length);
    write_id(b, st.last_id);
    write_id(b, st.first_id);
    write_id(b, st.max_deleted_id);
    dump_length(b, st.entries_added);
    dump_length(b, n);
    for (size_t i = 0; i < n; i++)
        write_group(b, g[i]);
    mem_free(g);
}
