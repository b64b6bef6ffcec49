/* broker/digest.c - a fingerprint of everything that has to survive a restart. Written apart from the
 * rewrite on purpose: what the base forgets must show as another digest. */
#include "base/mem.h"
#include "broker/broker.h"
#include "broker/library.h"
#include "store/deque.h"
#include "store/group.h"
#include "store/hash.h"
#include "store/idmp.h"
#include "store/inbox.h"
#include "store/set.h"
#include "store/stream.h"
#include "store/string.h"
#include "store/zset.h"

/* Not keyed: the same state must give the same digest in every process. */
static const struct hash_seed fixed[2] = {{0x6c65616e, 0x6d7164}, {0x64696765, 0x7374}};

#define LIBRARY_MARK UINT64_MAX /* where a key's digest has its database */

struct mix {
    struct buf b;
};

static void mix_bytes(struct mix *m, struct slice s)
{
    uint64_t n = s.n;

    buf_add(&m->b, &n, sizeof n);
    buf_add_slice(&m->b, s);
}

static void mix_u64(struct mix *m, uint64_t v)
{
    buf_add(&m->b, &v, sizeof v);
}

static void mix_id(struct mix *m, struct stream_id id)
{
    mix_u64(m, id.ms);
    mix_u64(m, id.seq);
}

/* Folds what was gathered into a running pair of hashes and starts anew: memory stays small whatever the
 * value's size, and order matters. */
static void fold(struct mix *m, uint64_t sum[2])
{
    for (int i = 0; i < 2; i++) {
        struct hash_seed seed = {fixed[i].k0 ^ sum[i], fixed[i].k1};

        sum[i] = hash_bytes(buf_slice(&m->b), &seed);
    }
    m->b.n = 0;
}

static void mix_list(struct mix *m, const struct deque *d, uint64_t sum[2])
{
    struct deque_pos pos;

    for (bool ok = deque_seek(d, 0, &pos); ok; ok = deque_next(&pos)) {
        mix_bytes(m, deque_value(&pos));
        fold(m, sum);
    }
}

/* Each alone, then added up: a set has no order. */
static void mix_unordered(struct mix *m, uint64_t sum[2])
{
    uint64_t one[2] = {0};

    fold(m, one);
    sum[0] += one[0];
    sum[1] += one[1];
}

static void mix_set(struct mix *m, const struct set *s, uint64_t sum[2])
{
    struct set_iter it;

    set_iter_begin(&it, s);
    while (set_iter_next(&it)) {
        mix_bytes(m, it.item.member);
        mix_unordered(m, sum);
    }
    set_iter_end(&it);
}

static void mix_hash(struct mix *m, const struct hash *h, uint64_t sum[2])
{
    struct hash_iter it;

    hash_iter_begin(&it, h);
    while (hash_iter_next(&it)) {
        mix_bytes(m, it.item.field);
        mix_bytes(m, it.item.value);
        mix_unordered(m, sum);
    }
    hash_iter_end(&it);
}

static void mix_zset(struct mix *m, const struct zset *z, uint64_t sum[2])
{
    struct zset_iter it;

    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it)) {
        uint64_t bits;

        memcpy(&bits, &it.item.score, sizeof bits);
        mix_bytes(m, it.item.member);
        mix_u64(m, bits);
        fold(m, sum);
    }
}

static void mix_entries(struct mix *m, const struct stream *s, uint64_t sum[2])
{
    struct stream_pos pos;
    struct entry e;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e)) {
        struct entry_walk w = {0};
        struct entry_attrs attrs;
        struct slice name, value;

        entry_attrs(&e, &attrs);
        mix_id(m, e.id);
        mix_u64(m, (uint64_t)attrs.arrival);
        mix_u64(m, (uint64_t)attrs.expires);
        mix_u64(m, attrs.level);
        mix_bytes(m, attrs.group);
        while (entry_field(&e, &w, &name, &value)) {
            mix_bytes(m, name);
            mix_bytes(m, value);
        }
        fold(m, sum);
    }
}

/* The order in which they were given back: what each is, the walk over all has told. */
static void mix_nacked(struct mix *m, const struct group *g, uint64_t sum[2])
{
    size_t n;
    struct pending *all = group_nacked_sorted(g, &n);

    for (size_t i = 0; i < n; i++) {
        mix_id(m, all[i].id);
        fold(m, sum);
    }
    mem_free(all);
}

/* In the order of their ids, for the table has none. */
static void mix_notes(struct mix *m, const struct group *g, uint64_t sum[2])
{
    struct pel_pos pos;
    struct pending p;

    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (dict_count(&g->backlog->notes) && pel_next(&pos, &p)) {
        const struct note *n = backlog_note(g->backlog, p.id);
        bool placed = p.state >= PENDING_EXTENDED;

        if (!n)
            continue;
        mix_id(m, n->id);
        mix_bytes(m, note_error(n));
        mix_bytes(m, p.state >= PENDING_READY ? note_consumer(n) : SLICE(""));
        mix_u64(m, placed ? (uint64_t)n->due.at : 0);
        mix_u64(m, placed ? n->level : 0);
        mix_u64(m, n->death);
        fold(m, sum);
    }
}

/* One after the other, each with where it stands. */
static void mix_line(struct mix *m, const struct list *line, uint64_t which, uint64_t sum[2])
{
    uint64_t at = 0;

    list_for_each (it, line) {
        mix_id(m, list_entry(it, struct note, line)->id);
        mix_u64(m, which);
        mix_u64(m, at++);
        fold(m, sum);
    }
}

static void mix_backlog(struct mix *m, const struct group *g, uint64_t sum[2])
{
    const struct backlog *b = g->backlog;
    struct pel_pos pos;
    struct pending p;

    mix_notes(m, g, sum);
    for (uint64_t i = 0; i < LEVELS_MAX; i++)
        mix_line(m, &b->ready[i], i, sum);
    mix_line(m, &b->dead, LEVELS_MAX, sum);
    pel_start(&b->passed, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        mix_id(m, p.id);
        fold(m, sum);
    }
    mix_u64(m, b->fresh);
    for (int i = 0; i < ENDS; i++)
        mix_u64(m, b->ended[i]);
    fold(m, sum);
}

static void mix_group(struct mix *m, const struct group *g, uint64_t sum[2])
{
    size_t n;
    struct consumer **c = group_consumers_sorted(g, &n);
    struct pel_pos pos;
    struct pending p;

    mix_bytes(m, group_name(g));
    mix_id(m, g->last_id);
    mix_u64(m, (uint64_t)g->entries_read);
    mix_u64(m, n);
    for (size_t i = 0; i < n; i++)
        mix_bytes(m, consumer_name(c[i]));
    fold(m, sum);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        struct consumer *owner = group_owner(g, &p);

        mix_id(m, p.id);
        mix_bytes(m, owner ? consumer_name(owner) : SLICE(""));
        mix_u64(m, owner ? (uint64_t)p.time : 0);
        mix_u64(m, p.count);
        mix_u64(m, p.state);
        fold(m, sum);
    }
    mix_nacked(m, g, sum);
    if (g->backlog)
        mix_backlog(m, g, sum);
    mem_free(c);
}

/* A stream that never had a producer is like one that has forgotten them all. */
static void mix_idmp(struct mix *m, const struct idmp *idmp, uint64_t sum[2])
{
    struct idmp_limits limits = idmp ? idmp->limits : IDMP_LIMITS;
    size_t n = 0;
    const struct producer **p = idmp ? idmp_producers_sorted(idmp, &n) : NULL;

    mix_u64(m, limits.duration);
    mix_u64(m, limits.maxsize);
    mix_u64(m, idmp ? idmp->added : 0);
    mix_u64(m, idmp ? idmp->duplicates : 0);
    for (size_t i = 0; i < n; i++) {
        struct dedup_walk w = {0};
        struct seen s;

        mix_bytes(m, producer_name(p[i]));
        while (dedup_next(&p[i]->ids, &w, &s)) {
            mix_bytes(m, s.name);
            mix_id(m, s.id);
            mix_u64(m, (uint64_t)s.until);
            fold(m, sum);
        }
    }
    fold(m, sum);
    mem_free(p);
}

static void mix_delayed(struct mix *m, const struct delayed *d, uint64_t sum[2])
{
    struct delayed_pos pos;
    struct delayed_message msg;

    delayed_seek(d, STREAM_ID_MIN, &pos);
    while (delayed_next(&pos, &msg)) {
        struct slice *field = mem_alloc(msg.n * sizeof *field);

        mix_id(m, msg.id);
        mix_u64(m, (uint64_t)msg.added);
        mix_u64(m, (uint64_t)msg.ttl);
        mix_u64(m, msg.level);
        mix_bytes(m, msg.dedup);
        delayed_fields(&msg, field);
        for (size_t i = 0; i < msg.n; i++)
            mix_bytes(m, field[i]);
        fold(m, sum);
        mem_free(field);
    }
    mix_u64(m, d->next);
    fold(m, sum);
}

static void mix_windows(struct mix *m, const struct windows *w, uint64_t sum[2])
{
    for (unsigned i = 0; i < w->lanes; i++) {
        struct dedup_walk at = {0};
        struct seen s;

        while (dedup_next(&w->lane[i].names, &at, &s)) {
            mix_u64(m, i);
            mix_bytes(m, s.name);
            mix_id(m, s.id);
            mix_u64(m, (uint64_t)s.until);
            fold(m, sum);
        }
    }
}

static void mix_stream(struct mix *m, const struct stream *s, uint64_t sum[2])
{
    struct stream_stats st;
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);

    stream_stats(s, &st);
    mix_u64(m, st.length);
    mix_u64(m, st.entries_added);
    mix_id(m, st.first_id);
    mix_id(m, st.last_id);
    mix_id(m, st.max_deleted_id);
    fold(m, sum);
    mix_entries(m, s, sum);
    mix_idmp(m, stream_idmp(s), sum);
    mix_u64(m, stream_is_dlq(s));
    if (stream_inbox(s) && !inbox_is_blank(stream_inbox(s))) {
        mix_delayed(m, &stream_inbox(s)->delayed, sum);
        mix_windows(m, &stream_inbox(s)->windows, sum);
    }
    for (size_t i = 0; i < n; i++)
        mix_group(m, g[i], sum);
    mem_free(g);
}

static void mix_value(struct mix *m, const struct key *k, uint64_t sum[2])
{
    switch (k->type) {
    case KEY_LIST:
        mix_list(m, k->list, sum);
        break;
    case KEY_SET:
        mix_set(m, k->set, sum);
        break;
    case KEY_ZSET:
        mix_zset(m, k->zset, sum);
        break;
    case KEY_HASH:
        mix_hash(m, k->hash, sum);
        break;
    case KEY_STREAM:
        mix_stream(m, k->stream, sum);
        break;
    }
}

void key_digest(const struct broker *b, int db, const struct key *k, struct digest *out)
{
    struct mix m = {0};

    (void)b;
    *out = (struct digest){0};
    mix_u64(&m, (uint64_t)db);
    mix_u64(&m, k->type);
    mix_u64(&m, k->expiry ? (uint64_t)k->expiry->node.at : UINT64_MAX);
    mix_bytes(&m, key_name(k));
    if (k->type == KEY_STRING) /* one hash for most */
        mix_bytes(&m, string_slice(k->string));
    fold(&m, out->sum);
    mix_value(&m, k, out->sum);
    buf_free(&m.b);
}

/* Texts of libraries: names and code, in whatever order. */
static void libraries_digest(const struct broker *b, struct digest *out)
{
    struct dict_iter it;
    const struct library *l;

    dict_iter_begin(&it, (struct dict *)&b->libraries);
    while ((l = dict_iter_next(&it))) {
        struct mix m = {0};
        uint64_t sum[2] = {0};

        mix_u64(&m, LIBRARY_MARK);
        mix_bytes(&m, library_name(l));
        mix_bytes(&m, library_code(l));
        fold(&m, sum);
        out->sum[0] += sum[0];
        out->sum[1] += sum[1];
        buf_free(&m.b);
    }
    dict_iter_end(&it);
}

static void policies_digest(const struct broker *b, int db, struct digest *out)
{
    struct mix m = {0};

    for (size_t i = 0; i < policies_in(&b->policies, db); i++) {
        const struct policy *p = policy_at(&b->policies, db, i);

        mix_u64(&m, (uint64_t)db);
        mix_bytes(&m, policy_name(p));
        mix_u64(&m, p->given);
        for (enum rule o = 0; o < RULES; o++) {
            struct buf text = {0};

            rule_put(&p->rules, o, true, &text);
            mix_bytes(&m, buf_slice(&text));
            buf_free(&text);
        }
        mix_unordered(&m, out->sum);
    }
    buf_free(&m.b);
}

void broker_digest(const struct broker *b, struct digest *out)
{
    *out = (struct digest){0};
    libraries_digest(b, out);
    for (int db = 0; db < b->dbs; db++) {
        struct dict_iter it;
        struct key *k;

        policies_digest(b, db, out);
        dict_iter_begin(&it, &b->db[db].keys);
        while ((k = dict_iter_next(&it))) {
            struct digest d;

            key_digest(b, db, k, &d);
            out->sum[0] += d.sum[0];
            out->sum[1] += d.sum[1];
        }
        dict_iter_end(&it);
    }
}
