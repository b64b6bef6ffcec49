/* store/rdb_stream.c - a stream out of the bytes of an RDB:
 *
 *   nodes, and each: the id its entries count from (16 bytes, high byte first), a listpack
 *   length, last id, [first id, greatest deleted id, entries ever added]
 *   groups, and each: name, last id, [entries read]
 *     pending, and each: id (16 bytes), time (8, low first), count
 *     consumers, and each: name, seen [, active] (8 each), how many it holds, their ids
 *
 * A listpack begins with how many entries are there and how many deleted, the number of names, the names, 0;
 * an entry with the same names has values only. */
#include "base/err.h"
#include "base/mem.h"
#include "rdb_forms.h"
#include "store/group_edit.h"
#include "store/listpack.h"
#include "store/stream_edit.h"

#define ENTRY_SLICES_MAX (STREAM_ENTRY_MAX / 8) /* each takes some bytes besides its own */

struct items {
    struct listpack_item *v;
    size_t n, cap;
};

struct held {
    struct stream_id id;
    msec time;
    uint64_t count;
    bool owned;
};

struct reading {
    struct rdb *r;
    unsigned form;
    const struct rdb_making *how;
    struct stream *s;
    struct stream_id last; /* entry met last, deleted ones too */
    /* of a node */
    struct listpack l;
    struct stream_id base;
    int64_t live, deleted;
    struct items names, items; /* of the node, of an entry */
    struct slice *field;
    size_t field_cap;
    /* of a group */
    struct buf name;
    struct held *held;
    size_t held_n, held_cap;
};

/* --- entries --- */

static const char spoiled[] = "a node of a stream is not sound";

static int64_t next_number(struct reading *in)
{
    struct listpack_item item;
    int64_t v = 0;

    if (!listpack_next(&in->l, &item) || !listpack_number(&item, &v))
        rdb_fail(in->r, spoiled);
    return in->r->err ? 0 : v;
}

static void take_items(struct reading *in, struct items *to, uint64_t n)
{
    to->n = 0;
    if (n > listpack_left(&in->l))
        rdb_fail(in->r, spoiled);
    if (in->r->err)
        return;
    if (n > to->cap) {
        to->cap = (size_t)n;
        to->v = mem_realloc(to->v, to->cap * sizeof *to->v);
    }
    for (; to->n < n; to->n++)
        if (!listpack_next(&in->l, &to->v[to->n])) {
            rdb_fail(in->r, spoiled);
            return;
        }
}

static void read_names(struct reading *in)
{
    int64_t n;

    in->live = next_number(in);
    in->deleted = next_number(in);
    n = next_number(in);
    if (n < 0)
        rdb_fail(in->r, spoiled);
    take_items(in, &in->names, (uint64_t)n);
    if (next_number(in) != 0)
        rdb_fail(in->r, spoiled);
}

/* What take_items() left, as name, value, name, value ...: how many slices. */
static size_t put_together(struct reading *in, bool same)
{
    size_t n = same ? 2 * in->items.n : in->items.n, bytes = 0;

    if (n > in->field_cap) {
        in->field_cap = n;
        in->field = mem_realloc(in->field, n * sizeof *in->field);
    }
    for (size_t i = 0; i < n; i++) {
        const struct listpack_item *item = !same   ? &in->items.v[i]
                                           : i % 2 ? &in->items.v[i / 2]
                                                   : &in->names.v[i / 2];

        in->field[i] = listpack_text(item);
        bytes += in->field[i].n;
    }
    if (bytes > STREAM_ENTRY_MAX || n > ENTRY_SLICES_MAX)
        rdb_fail(in->r, "an entry of a stream is too long");
    return n;
}

static void read_entry(struct reading *in, int64_t flags)
{
    struct stream_id id = in->base;
    bool same = flags & STREAM_ENTRY_SAME_FIELDS;
    int64_t fields;
    size_t n;

    id.ms += (uint64_t)next_number(in);
    id.seq += (uint64_t)next_number(in);
    fields = same ? (int64_t)in->names.n : next_number(in);
    if (fields <= 0 || fields > INT32_MAX || stream_id_cmp(id, in->last) <= 0)
        rdb_fail(in->r, spoiled);
    take_items(in, &in->items, same ? (uint64_t)fields : 2 * (uint64_t)fields);
    if (next_number(in) != (int64_t)in->items.n + (same ? 3 : 4))
        rdb_fail(in->r, spoiled);
    n = in->r->err ? 0 : put_together(in, same);
    if (!rdb_may_go_on(in->r))
        return;
    in->last = id;
    if (flags & STREAM_ENTRY_DELETED) {
        in->deleted--;
        return;
    }
    in->live--;
    stream_append(in->s, id, in->field, n, NULL, in->how->nodes);
}

static struct stream_id read_raw_id(struct rdb *r)
{
    uint64_t ms = rdb_be(r, 8);

    return (struct stream_id){ms, rdb_be(r, 8)};
}

static void read_node(struct reading *in)
{
    struct slice key = rdb_string(in->r);
    struct rdb id;
    struct listpack_item item;
    int64_t flags;

    if (key.n != 16)
        rdb_fail(in->r, spoiled);
    rdb_open(&id, key);
    in->base = read_raw_id(&id);
    listpack_open(&in->l, rdb_string(in->r));
    read_names(in);
    while (!in->r->err && listpack_next(&in->l, &item)) {
        if (listpack_number(&item, &flags))
            read_entry(in, flags);
        else
            rdb_fail(in->r, spoiled);
    }
    if (in->l.bad || in->live || in->deleted)
        rdb_fail(in->r, spoiled);
}

/* --- what is known of the stream as a whole --- */

static struct stream_id read_id(struct rdb *r)
{
    uint64_t ms = rdb_length(r);

    return (struct stream_id){ms, rdb_length(r)};
}

/* Redis lets XSETID go back behind what was deleted, here it does not: what counts then is the last id. */
static void read_position(struct reading *in)
{
    struct rdb *r = in->r;
    uint64_t length = rdb_length(r), added = length;
    struct stream_id last = read_id(r), deleted = STREAM_ID_MIN;

    if (in->form != FORM_STREAM) {
        read_id(r); /* the first one's, which is known */
        deleted = read_id(r);
        added = rdb_length(r);
    }
    if (length != stream_length(in->s) || stream_id_cmp(last, stream_last_id(in->s)) < 0 || added < length ||
        added > INT64_MAX)
        rdb_fail(r, "a stream that does not fit its entries");
    if (r->err)
        return;
    if (stream_id_cmp(deleted, last) > 0)
        deleted = last;
    stream_set_ids(in->s, last, added, deleted);
}

/* --- groups --- */

static void read_held(struct reading *in)
{
    uint64_t n = rdb_length(in->r);

    in->held_n = 0;
    while (n-- && !in->r->err) {
        struct held h = {.id = read_raw_id(in->r)};

        h.time = (msec)rdb_le(in->r, 8);
        h.count = rdb_length(in->r);
        if (h.time < 0 || h.time >= PENDING_NO_TIME || h.count > PEL_COUNT_MAX ||
            (in->held_n && stream_id_cmp(h.id, in->held[in->held_n - 1].id) <= 0))
            rdb_fail(in->r, "pending entries that are not sound");
        if (in->held_n == in->held_cap) {
            in->held_cap = in->held_cap ? 2 * in->held_cap : 64;
            in->held = mem_realloc(in->held, in->held_cap * sizeof *in->held);
        }
        in->held[in->held_n++] = h;
    }
}

static struct held *find_held(const struct reading *in, struct stream_id id)
{
    size_t low = 0, high = in->held_n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = stream_id_cmp(in->held[mid].id, id);

        if (c == 0)
            return &in->held[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static struct consumer *read_consumer(struct reading *in, struct group *g)
{
    struct slice name = rdb_string(in->r);
    struct consumer *c;

    if (in->r->err)
        return NULL;
    if (group_consumer(g, name) || dict_count(&g->consumers) >= GROUP_CONSUMERS_MAX) {
        rdb_fail(in->r, "a consumer twice, or too many of them");
        return NULL;
    }
    c = group_consumer_add(g, name, 0);
    c->seen = (msec)rdb_le(in->r, 8);
    c->active = in->form == FORM_STREAM_3 ? (msec)rdb_le(in->r, 8) : c->seen;
    c->seen = c->seen < 0 ? 0 : c->seen;
    c->active = c->active < -1 ? -1 : c->active;
    return c;
}

/* How many entries got an owner. */
static size_t read_owned(struct reading *in, struct group *g)
{
    struct consumer *c = read_consumer(in, g);
    uint64_t n = rdb_length(in->r);
    size_t owned = 0;

    for (; n && !in->r->err; n--) {
        struct held *h = find_held(in, read_raw_id(in->r));

        if (!h || h->owned)
            rdb_fail(in->r, "a consumer that holds what is not pending, or not its own");
        if (!rdb_may_go_on(in->r))
            break;
        h->owned = true;
        owned++;
        group_hold(g, c, h->id, h->time, h->count);
    }
    return owned;
}

/* Redis before 7 did not know how much a group had read; how much it can be at most is what was added. */
static int64_t entries_read(struct reading *in, struct stream_id last)
{
    int64_t read, added = (int64_t)stream_entries_added(in->s);

    if (in->form == FORM_STREAM)
        return stream_estimate_read(in->s, last);
    read = (int64_t)rdb_length(in->r);
    if (read < -1)
        rdb_fail(in->r, "a group that has read less than nothing");
    return read > added ? added : read;
}

static void read_group(struct reading *in)
{
    struct slice name = rdb_string(in->r);
    struct stream_id last;
    struct group *g;
    uint64_t n;
    size_t owned = 0;

    in->name.n = 0;
    buf_add_slice(&in->name, name);
    name = in->name.n ? buf_slice(&in->name) : SLICE("");
    last = read_id(in->r);
    if (!in->r->err && stream_group(in->s, name))
        rdb_fail(in->r, "a group twice");
    if (in->r->err)
        return;
    g = group_new(name, last, entries_read(in, last), in->how->shape->seed);
    stream_group_add(in->s, g);
    read_held(in);
    for (n = rdb_length(in->r); n && !in->r->err; n--)
        owned += read_owned(in, g);
    if (owned != in->held_n)
        rdb_fail(in->r, "pending entries that nobody holds");
}

/* --- all of it --- */

static void read_all(struct reading *in)
{
    uint64_t n;

    for (n = rdb_length(in->r); n && !in->r->err; n--)
        read_node(in);
    read_position(in);
    for (n = rdb_length(in->r); n && !in->r->err; n--)
        read_group(in);
}

struct stream *rdb_stream(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct reading in = {.r = r, .form = form, .how = how, .s = stream_new(how->shape->seed)};

    read_all(&in);
    mem_free(in.names.v);
    mem_free(in.items.v);
    mem_free(in.field);
    mem_free(in.held);
    buf_free(&in.name);
    return in.s; /* on an error the caller discards it */
}
