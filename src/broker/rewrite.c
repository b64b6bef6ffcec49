/* broker/rewrite.c - see broker/rewrite.h. Plain Redis commands wherever Redis has one. */
#include "broker/rewrite.h"
#include "base/mem.h"
#include "broker/library.h"
#include "store/deque.h"
#include "store/group.h"
#include "store/hash.h"
#include "store/idmp.h"
#include "store/inbox.h"
#include "store/queue.h"
#include "store/record.h"
#include "store/set.h"
#include "store/stream.h"
#include "store/string.h"
#include "store/zset.h"
#include <stdlib.h>

#define WORDS_AT_ONCE 128 /* elements of a list or pending entries in one record */

/* A key too large for one buffer is written in parts: `flush` hands over what is there. */
struct out {
    struct journal_base *base;
    struct buf *b;
    int db;
    int err;
};

static void next_part(struct out *o)
{
    if (!o->base || o->b->n < 256 * 1024 || o->err)
        return;
    o->err = journal_base_end(o->base);
    o->b = journal_base_begin(o->base, o->db);
}

static void write_list(struct out *o, struct slice name, const struct deque *d)
{
    struct deque_pos pos;
    size_t left = deque_length(d);
    bool ok = deque_seek(d, 0, &pos);

    while (left && !o->err) {
        size_t n = left < WORDS_AT_ONCE ? left : WORDS_AT_ONCE;

        record_head(o->b, 2 + n);
        record_str(o->b, "RPUSH");
        record_word(o->b, name);
        for (size_t i = 0; i < n && ok; i++, ok = deque_next(&pos))
            record_word(o->b, deque_value(&pos));
        left -= n;
        next_part(o);
    }
}

/* The head of a record with the next of `left` elements, each of so many words; how many they are. */
static size_t write_some(struct out *o, const char *command, struct slice name, size_t left, size_t words)
{
    size_t n = left < WORDS_AT_ONCE ? left : WORDS_AT_ONCE;

    next_part(o);
    record_head(o->b, 2 + n * words);
    record_str(o->b, command);
    record_word(o->b, name);
    return n;
}

static void write_set(struct out *o, struct slice name, const struct set *s)
{
    size_t left = set_count(s), room = 0;
    struct set_iter it;

    for (set_iter_begin(&it, s); !o->err && set_iter_next(&it); left--, room--) {
        if (room == 0)
            room = write_some(o, "SADD", name, left, 1);
        record_word(o->b, it.item.member);
    }
    set_iter_end(&it);
}

static void write_hash(struct out *o, struct slice name, const struct hash *h)
{
    size_t left = hash_count(h), room = 0;
    struct hash_iter it;

    for (hash_iter_begin(&it, h); !o->err && hash_iter_next(&it); left--, room--) {
        if (room == 0)
            room = write_some(o, "HSET", name, left, 2);
        record_word(o->b, it.item.field);
        record_word(o->b, it.item.value);
    }
    hash_iter_end(&it);
}

static void write_zset(struct out *o, struct slice name, const struct zset *z)
{
    size_t left = zset_count(z), room = 0;
    struct zset_iter it;

    for (bool ok = zset_iter_at(&it, z, 0); ok && !o->err; ok = zset_iter_next(&it), left--, room--) {
        if (room == 0)
            room = write_some(o, "ZADD", name, left, 2);
        record_double(o->b, it.item.score);
        record_word(o->b, it.item.member);
    }
}

static void write_entry_head(struct out *o, struct slice name, const struct entry *e)
{
    struct entry_attrs attrs;

    entry_attrs(e, &attrs);
    if (entry_attrs_are_plain(&attrs, e->id)) {
        record_head(o->b, 3 + 2 * (size_t)e->fields);
        record_str(o->b, "XADD");
        record_word(o->b, name);
        record_id(o->b, e->id);
    } else {
        char id[STREAM_ID_TEXT];

        record_add(o->b, name, (struct slice){id, stream_id_put(id, e->id)}, &attrs, 2 * (size_t)e->fields);
    }
}

static void write_entries(struct out *o, struct slice name, const struct stream *s)
{
    struct stream_pos pos;
    struct entry e;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (!o->err && stream_next(s, &pos, &e)) {
        struct entry_walk w = {0};
        struct slice field, value;

        write_entry_head(o, name, &e);
        while (entry_field(&e, &w, &field, &value)) {
            record_word(o->b, field);
            record_word(o->b, value);
        }
        next_part(o);
    }
}

/* An empty stream has no XADD to make it: one that is trimmed away at once. 0-1 is the lowest id there
 * is; XSETID then says the rest. */
static void write_empty(struct out *o, struct slice name)
{
    record_head(o->b, 7);
    record_str(o->b, "XADD");
    record_word(o->b, name);
    record_str(o->b, "MAXLEN");
    record_str(o->b, "0");
    record_str(o->b, "0-1");
    record_str(o->b, "x");
    record_str(o->b, "y");
}

static void write_hold_head(struct out *o, struct slice name, const struct group *g, const struct consumer *c,
                            msec time, size_t n)
{
    record_head(o->b, 5 + 2 * n);
    record_str(o->b, RECORD_HOLD);
    record_word(o->b, name);
    record_word(o->b, group_name(g));
    record_word(o->b, consumer_name(c));
    record_i64(o->b, time);
}

/* Those given back, in their order. */
static void write_nacked(struct out *o, struct slice name, const struct group *g)
{
    size_t n;
    struct pending *all = group_nacked_sorted(g, &n);

    for (size_t at = 0; at < n && !o->err;) {
        size_t end = n - at < WORDS_AT_ONCE ? n : at + WORDS_AT_ONCE;

        record_head(o->b, 3 + 2 * (end - at));
        record_str(o->b, RECORD_NACK);
        record_word(o->b, name);
        record_word(o->b, group_name(g));
        for (; at < end; at++) {
            record_id(o->b, all[at].id);
            record_u64(o->b, all[at].count);
        }
        next_part(o);
    }
    mem_free(all);
}

/* Runs of pending entries with one owner and one time, as a delivery makes them, become one record. */
static void write_pending(struct out *o, struct slice name, const struct group *g)
{
    struct pel_pos pos;
    struct pending run[WORDS_AT_ONCE];
    size_t n = 0;
    bool more;

    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    do {
        struct pending p;

        while ((more = pel_next(&pos, &p)) && !pending_is_leased(&p))
            ;
        if (n && (!more || n == WORDS_AT_ONCE || p.owner != run[0].owner || p.time != run[0].time)) {
            write_hold_head(o, name, g, group_owner(g, &run[0]), run[0].time, n);
            for (size_t i = 0; i < n; i++) {
                record_id(o->b, run[i].id);
                record_u64(o->b, run[i].count);
            }
            n = 0;
            next_part(o);
        }
        if (more)
            run[n++] = p;
    } while (more && !o->err);
}

static void write_group(struct out *o, struct slice name, const struct group *g)
{
    size_t n;
    struct consumer **c = group_consumers_sorted(g, &n);

    record_head(o->b, 7);
    record_str(o->b, "XGROUP");
    record_str(o->b, "CREATE");
    record_word(o->b, name);
    record_word(o->b, group_name(g));
    record_id(o->b, g->last_id);
    record_str(o->b, "ENTRIESREAD");
    record_i64(o->b, g->entries_read);
    for (size_t i = 0; i < n; i++) {
        record_head(o->b, 5);
        record_str(o->b, "XGROUP");
        record_str(o->b, "CREATECONSUMER");
        record_word(o->b, name);
        record_word(o->b, group_name(g));
        record_word(o->b, consumer_name(c[i]));
        next_part(o);
    }
    mem_free(c);
    write_pending(o, name, g);
    write_nacked(o, name, g);
}

static void write_group_head(struct out *o, const char *command, struct slice name, const struct group *g,
                             size_t words)
{
    next_part(o);
    record_head(o->b, 3 + words);
    record_str(o->b, command);
    record_word(o->b, name);
    record_word(o->b, group_name(g));
}

static void write_passed(struct out *o, struct slice name, const struct group *g)
{
    size_t left = pel_count(&g->backlog->passed), room = 0;
    struct pel_pos pos;
    struct pending p;

    pel_start(&g->backlog->passed, STREAM_ID_MIN, &pos);
    for (; !o->err && pel_next(&pos, &p); left--, room--) {
        if (room == 0) {
            room = left < WORDS_AT_ONCE ? left : WORDS_AT_ONCE;
            write_group_head(o, RECORD_PASSED, name, g, room);
        }
        record_id(o->b, p.id);
    }
}

static void write_back(struct out *o, struct slice name, const struct group *g, const struct note *n,
                       const struct pending *p, enum pending_state state)
{
    write_group_head(o, RECORD_BACK, name, g, 7);
    record_word(o->b, note_consumer(n));
    record_word(o->b, note_error(n));
    record_str(o->b, death_name((enum death)n->death));
    record_id(o->b, n->id);
    record_u64(o->b, state);
    record_u64(o->b, p->count);
    record_i64(o->b, n->due.at);
}

/* Those that stand in a line, in its order. */
static void write_line(struct out *o, struct slice name, const struct group *g, const struct list *line)
{
    struct pending p;

    list_for_each (it, line) {
        const struct note *n = list_entry(it, struct note, line);

        if (o->err || !pel_find(&g->pel, n->id, &p))
            return;
        write_back(o, name, g, n, &p, (enum pending_state)p.state);
    }
}

/* What was said of a message that is leased again: as if it came back, and was delivered. */
static void write_said(struct out *o, struct slice name, const struct group *g, const struct note *n,
                       const struct pending *p)
{
    write_back(o, name, g, n, p, PENDING_READY);
    write_hold_head(o, name, g, group_owner(g, p), p->time, 1);
    record_id(o->b, p->id);
    record_u64(o->b, p->count);
}

static void write_extension(struct out *o, struct slice name, const struct group *g, const struct note *n,
                            const struct pending *p)
{
    write_group_head(o, RECORD_EXTEND, name, g, 3);
    record_i64(o->b, p->time);
    record_i64(o->b, n->due.at);
    record_id(o->b, n->id);
}

/* The others with a note, in the order of their ids. */
static void write_noted(struct out *o, struct slice name, const struct group *g)
{
    struct pel_pos pos;
    struct pending p;

    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (dict_count(&g->backlog->notes) && !o->err && pel_next(&pos, &p)) {
        const struct note *n = backlog_note(g->backlog, p.id);

        if (n && n->error_len && pending_is_leased(&p))
            write_said(o, name, g, n, &p);
        if (p.state == PENDING_WAITING || p.state == PENDING_HELD)
            write_back(o, name, g, n, &p, (enum pending_state)p.state);
    }
    list_for_each (it, &g->backlog->extended) {
        const struct note *n = list_entry(it, struct note, line);

        if (!o->err && pel_find(&g->pel, n->id, &p))
            write_extension(o, name, g, n, &p);
    }
}

static size_t in_turn(const struct backlog *b, const struct note **all)
{
    size_t n = 0;

    for (int i = 0; i < LEVELS_MAX; i++)
        list_for_each (it, &b->ready[i])
            all[n++] = list_entry(it, struct note, line);
    return n;
}

static int by_turn(const void *a, const void *b)
{
    const struct note *const *x = a, *const *y = b;

    return ((*x)->turn > (*y)->turn) - ((*x)->turn < (*y)->turn);
}

/* The ready of all levels, in the order in which they came back. */
static void write_ready(struct out *o, struct slice name, const struct group *g)
{
    const struct note **all = mem_alloc((g->backlog->count[PENDING_READY] + 1) * sizeof *all);
    size_t n = in_turn(g->backlog, all);
    struct pending p;

    qsort(all, n, sizeof *all, by_turn);
    for (size_t i = 0; i < n && !o->err; i++)
        if (pel_find(&g->pel, all[i]->id, &p))
            write_back(o, name, g, all[i], &p, PENDING_READY);
    mem_free(all);
}

static void write_backlog(struct out *o, struct slice name, const struct group *g)
{
    write_passed(o, name, g);
    write_noted(o, name, g);
    write_ready(o, name, g);
    write_line(o, name, g, &g->backlog->dead);
    write_group_head(o, RECORD_TOTALS, name, g, ENDS);
    for (int i = 0; i < ENDS; i++)
        record_u64(o->b, g->backlog->ended[i]);
}

static void write_queue(struct out *o, struct slice name, const struct queue *q)
{
    record_head(o->b, 2);
    record_str(o->b, RECORD_QUEUE);
    record_word(o->b, name);
    for (size_t i = 0; i < q->groups && !o->err; i++)
        write_backlog(o, name, q->group[i]);
}

static void write_producer(struct out *o, struct slice name, const struct producer *p)
{
    struct dedup_walk w = {0};
    struct seen s;

    while (!o->err && dedup_next(&p->ids, &w, &s)) {
        record_head(o->b, 5);
        record_str(o->b, "XIDMPRECORD");
        record_word(o->b, name);
        record_word(o->b, producer_name(p));
        record_word(o->b, s.name);
        record_id(o->b, s.id);
        next_part(o);
    }
}

/* The counters come last, for XIDMPRECORD counts. */
static void write_idmp(struct out *o, struct slice name, const struct idmp *m)
{
    size_t n;
    const struct producer **p = idmp_producers_sorted(m, &n);

    record_head(o->b, 6);
    record_str(o->b, "XCFGSET");
    record_word(o->b, name);
    record_str(o->b, "IDMP-DURATION");
    record_u64(o->b, m->limits.duration);
    record_str(o->b, "IDMP-MAXSIZE");
    record_u64(o->b, m->limits.maxsize);
    for (size_t i = 0; i < n; i++)
        write_producer(o, name, p[i]);
    record_head(o->b, 4);
    record_str(o->b, RECORD_IDMP);
    record_word(o->b, name);
    record_u64(o->b, m->added);
    record_u64(o->b, m->duplicates);
    mem_free(p);
}

static void write_delayed(struct out *o, struct slice name, const struct delayed *d)
{
    struct delayed_pos pos;
    struct delayed_message m;
    struct slice *field = NULL;
    size_t room = 0;

    delayed_seek(d, STREAM_ID_MIN, &pos);
    while (!o->err && delayed_next(&pos, &m)) {
        if (m.n > room)
            field = mem_realloc(field, (room = m.n) * sizeof *field);
        delayed_fields(&m, field);
        record_delay(o->b, name, &m, field);
        next_part(o);
    }
    mem_free(field);
    if (d->next)
        record_delay_next(o->b, name, d->next);
}

static void write_lane(struct out *o, struct slice name, const struct windows *w, unsigned lane)
{
    struct dedup_walk at = {0};
    struct seen s;

    while (!o->err && dedup_next(&w->lane[lane].names, &at, &s)) {
        record_window(o->b, name, lane, &s);
        next_part(o);
    }
}

static void write_inbox(struct out *o, struct slice name, const struct inbox *x)
{
    write_delayed(o, name, &x->delayed);
    for (unsigned i = 0; i < x->windows.lanes; i++)
        write_lane(o, name, &x->windows, i);
}

static void write_stream(struct out *o, struct slice name, const struct stream *s)
{
    struct stream_stats st;
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);

    stream_stats(s, &st);
    if (st.length)
        write_entries(o, name, s);
    else
        write_empty(o, name);
    record_head(o->b, 7);
    record_str(o->b, "XSETID");
    record_word(o->b, name);
    record_id(o->b, st.last_id);
    record_str(o->b, "ENTRIESADDED");
    record_u64(o->b, st.entries_added);
    record_str(o->b, "MAXDELETEDID");
    record_id(o->b, st.max_deleted_id);
    if (stream_is_dlq(s)) {
        record_head(o->b, 2);
        record_str(o->b, RECORD_DLQ);
        record_word(o->b, name);
    }
    if (stream_idmp(s))
        write_idmp(o, name, stream_idmp(s));
    if (stream_inbox(s))
        write_inbox(o, name, stream_inbox(s));
    for (size_t i = 0; i < n && !o->err; i++)
        write_group(o, name, g[i]);
    if (stream_queue(s))
        write_queue(o, name, stream_queue(s));
    mem_free(g);
}

static void write_string(struct out *o, struct slice name, const struct string *s)
{
    record_head(o->b, 3);
    record_str(o->b, "SET");
    record_word(o->b, name);
    record_word(o->b, string_slice(s));
}

static void write_key(struct out *o, const struct key *k)
{
    switch (k->type) {
    case KEY_STRING:
        write_string(o, key_name(k), k->string);
        break;
    case KEY_LIST:
        write_list(o, key_name(k), k->list);
        break;
    case KEY_SET:
        write_set(o, key_name(k), k->set);
        break;
    case KEY_ZSET:
        write_zset(o, key_name(k), k->zset);
        break;
    case KEY_HASH:
        write_hash(o, key_name(k), k->hash);
        break;
    case KEY_STREAM:
        write_stream(o, key_name(k), k->stream);
        break;
    }
    if (k->expiry) {
        record_head(o->b, 3);
        record_str(o->b, "PEXPIREAT");
        record_word(o->b, key_name(k));
        record_i64(o->b, k->expiry->node.at);
    }
}

void rewrite_key(const struct broker *b, const struct key *k, struct buf *record)
{
    struct out o = {.b = record};

    (void)b;
    write_key(&o, k);
}

static void write_library(struct buf *b, const struct library *l)
{
    record_head(b, 4);
    record_str(b, "FUNCTION");
    record_str(b, "LOAD");
    record_str(b, "REPLACE");
    record_word(b, library_code(l));
}

void rewrite_libraries(const struct broker *b, struct buf *record)
{
    struct dict_iter it;
    const struct library *l;

    dict_iter_begin(&it, (struct dict *)&b->libraries);
    while ((l = dict_iter_next(&it)))
        write_library(record, l);
    dict_iter_end(&it);
}

static void write_libraries(const struct broker *b, struct out *o)
{
    struct dict_iter it;
    const struct library *l;

    dict_iter_begin(&it, (struct dict *)&b->libraries);
    while (!o->err && (l = dict_iter_next(&it))) {
        write_library(journal_base_begin(o->base, 0), l);
        o->err = journal_base_end(o->base);
    }
    dict_iter_end(&it);
}

void rewrite_policies(const struct broker *b, int db, struct buf *record)
{
    for (size_t i = 0; i < policies_in(&b->policies, db); i++) {
        const struct policy *p = policy_at(&b->policies, db, i);

        policy_record(p, p->given, record);
    }
}

static void write_policies(const struct broker *b, struct out *o)
{
    for (size_t i = 0; !o->err && i < policies_in(&b->policies, o->db); i++) {
        const struct policy *p = policy_at(&b->policies, o->db, i);

        policy_record(p, p->given, journal_base_begin(o->base, o->db));
        o->err = journal_base_end(o->base);
    }
}

int rewrite_write(const struct broker *b, struct journal_base *base)
{
    struct out o = {.base = base};

    write_libraries(b, &o);
    for (o.db = 0; o.db < b->dbs && !o.err; o.db++) {
        struct dict_iter it;
        struct key *k;

        write_policies(b, &o);
        dict_iter_begin(&it, &b->db[o.db].keys);
        while (!o.err && (k = dict_iter_next(&it))) {
            o.b = journal_base_begin(base, o.db);
            write_key(&o, k);
            if (!o.err)
                o.err = journal_base_end(base);
        }
        dict_iter_end(&it);
    }
    return o.err;
}
