/* cmd/qlook_cmds.c - QSTAT, QLIST: what queues hold. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "queue/at.h"
#include "scan_args.h"
#include "store/inbox.h"
#include "stream_args.h"

/* --- QSTAT --- */

static void stat_number(struct call *c, const char *name, int64_t n)
{
    reply_bulk_str(c->reply, name);
    reply_int(c->reply, n);
}

/* NEW in a plain stream: as XINFO's lag, where that is known. */
static int64_t count_new(const struct stream *s, const struct group *g)
{
    int64_t lag = stream_lag(s, g);

    return lag == STREAM_LAG_UNKNOWN ? (int64_t)stream_count_new(s, g, STREAM_ID_MAX) : lag;
}

static void stat_group(struct call *c, const struct stream *s, const struct group *g)
{
    static const struct backlog none;
    const struct backlog *b = g->backlog ? g->backlog : &none;
    uint64_t ready = b->count[PENDING_READY] + g->nacked, waiting = b->count[PENDING_WAITING],
             held = b->count[PENDING_HELD], dead = b->count[PENDING_DEAD], ended = 0;
    int64_t fresh = count_new(s, g);

    for (int i = 0; i < ENDS; i++)
        ended += b->ended[i];
    reply_map(c->reply, 13);
    reply_bulk_str(c->reply, "name");
    reply_bulk(c->reply, group_name(g));
    stat_number(c, "new", fresh);
    stat_number(c, "leased", (int64_t)(pel_count(&g->pel) - ready - waiting - held - dead));
    stat_number(c, "ready", (int64_t)ready);
    stat_number(c, "waiting", (int64_t)waiting);
    stat_number(c, "held", (int64_t)held);
    stat_number(c, "dead", (int64_t)dead);
    stat_number(c, "entered", fresh + (int64_t)(pel_count(&g->pel) + ended));
    stat_number(c, "acked", (int64_t)b->ended[END_ACKED]);
    stat_number(c, "expired", (int64_t)b->ended[END_EXPIRED]);
    stat_number(c, "dead-lettered", (int64_t)b->ended[END_DEAD]);
    stat_number(c, "dropped", (int64_t)b->ended[END_DROPPED]);
    stat_number(c, "consumers", (int64_t)dict_count(&g->consumers));
}

#define GONE_STEPS 1000 /* leases of messages that are gone, which are passed over */

/* The first that is pending, and there. */
static bool first_pending(const struct stream *s, const struct pel *pel, struct pending *p)
{
    struct stream_id from = stream_first_id(s);

    for (int i = 0; i < GONE_STEPS && pel_seek(pel, from, p); i++) {
        if (stream_has(s, p->id))
            return true;
        from = p->id;
        if (!stream_id_next(&from))
            break;
    }
    return false;
}

/* The oldest that some group has yet to do with; without a group, the oldest of all. */
static bool oldest(const struct stream *s, struct group *const *g, size_t n, struct stream_id *id)
{
    bool found = false;

    if (n == 0) {
        *id = stream_first_id(s);
        return stream_length(s) > 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct stream_pos pos;
        struct pending p;
        struct entry e;

        if (first_pending(s, &g[i]->pel, &p) && (!found || stream_id_cmp(p.id, *id) < 0)) {
            *id = p.id;
            found = true;
        }
        stream_seek_new(s, g[i], &pos);
        if (stream_next_new(s, g[i], &pos, &e) && (!found || stream_id_cmp(e.id, *id) < 0)) {
            *id = e.id;
            found = true;
        }
    }
    return found;
}

static int64_t oldest_age(const struct call *c, const struct stream *s, struct group *const *g, size_t n)
{
    struct stream_id id;
    struct entry_attrs a;
    struct entry e;

    if (!oldest(s, g, n, &id) || !stream_find(s, id, &e))
        return -1;
    entry_attrs(&e, &a);
    return c->now.wall > a.arrival ? c->now.wall - a.arrival : 0;
}

static void stat_policy(struct call *c, const struct stream *s)
{
    static const struct rules none;
    const struct rules *r = stream_queue(s) ? &stream_queue(s)->rules : &none;
    uint64_t place = reply_later(c->reply, 0);
    struct buf text = {0};
    size_t n = 0;
    struct rules fallback;

    rules_default(&fallback);
    for (int i = 0; r != &none && i < RULES; i++) {
        if (rule_equal(r, &fallback, (enum rule)i))
            continue;
        text.n = 0;
        rule_put(r, (enum rule)i, false, &text);
        reply_bulk_str(c->reply, rule_rows[i].name);
        reply_bulk(c->reply, buf_slice(&text));
        n++;
    }
    reply_fill_map(c->reply, place, n);
    buf_free(&text);
}

static uint64_t delayed_in(const struct stream *s)
{
    return stream_inbox(s) ? delayed_count(&stream_inbox(s)->delayed) : 0;
}

static uint64_t delayed_bytes_in(const struct stream *s)
{
    return stream_inbox(s) ? stream_inbox(s)->delayed.bytes : 0;
}

int cmd_qstat(struct call *c)
{
    const struct stream *s;
    struct stream_stats st;
    struct group **g;
    size_t n;
    int err = stream_read(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s)
        return ERR_NO_KEY;
    g = stream_groups_sorted(s, &n);
    stream_stats(s, &st);
    reply_map(c->reply, 7);
    stat_number(c, "length", (int64_t)st.length);
    stat_number(c, "bytes", (int64_t)(st.bytes + delayed_bytes_in(s)));
    stat_number(c, "delayed", (int64_t)delayed_in(s));
    stat_number(c, "dlq", stream_is_dlq(s));
    stat_number(c, "oldest-age", oldest_age(c, s, g, n));
    reply_bulk_str(c->reply, "policy");
    stat_policy(c, s);
    reply_bulk_str(c->reply, "groups");
    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++)
        stat_group(c, s, g[i]);
    mem_free(g);
    return OK;
}

/* --- QLIST --- */

/* A policy matches it, though it may not have come to it yet. */
static bool is_governed(const struct call *c, const struct key *k)
{
    const struct queue *q = stream_queue(k->stream);
    struct rules rules;
    bool any;

    if (stream_settled(k->stream) == c->broker->db[c->db].generation)
        return q && q->governed;
    any = policy_resolve(&c->broker->policies, c->db, key_name(k), stream_is_dlq(k->stream), &rules, NULL);
    rules_free(&rules);
    return any;
}

static bool is_listed(const struct call *c, const struct key *k, const struct scan_args *a)
{
    return k->type == KEY_STREAM && (!a->pattern.p || slice_glob(a->pattern, key_name(k), false)) &&
           (stream_inbox(k->stream) || stream_is_dlq(k->stream) || is_governed(c, k));
}

/* Of the group that has most to do; without one every entry. */
static void list_groups(const struct stream *s, int64_t *undone, int64_t *dead)
{
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);

    *undone = n ? 0 : (int64_t)stream_length(s);
    *dead = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t all = count_new(s, g[i]) + (int64_t)pel_count(&g[i]->pel);

        *undone = all > *undone ? all : *undone;
        *dead += g[i]->backlog ? (int64_t)g[i]->backlog->count[PENDING_DEAD] : 0;
    }
    mem_free(g);
}

static void list_one(struct call *c, const struct key *k)
{
    int64_t undone, dead;

    list_groups(k->stream, &undone, &dead);
    reply_map(c->reply, 6);
    reply_bulk_str(c->reply, "name");
    reply_bulk(c->reply, key_name(k));
    stat_number(c, "length", (int64_t)stream_length(k->stream));
    stat_number(c, "delayed", (int64_t)delayed_in(k->stream));
    stat_number(c, "not-done", undone);
    stat_number(c, "dead", dead);
    stat_number(c, "dlq", stream_is_dlq(k->stream));
}

/* QLIST cursor [MATCH glob] [COUNT n] */
int cmd_qlist(struct call *c)
{
    struct scan_args a;
    struct buf found = {0};
    struct key **k;
    uint64_t place;
    size_t n = 0;
    int err = scan_cursor(c, 1, &a);

    if (err != OK || (err = scan_options(c, 2, 0, &a)) != OK)
        return err;
    scan_keys(&c->broker->db[c->db].keys, &a, &found);
    reply_array(c->reply, 2);
    reply_bulk_u64(c->reply, a.cursor);
    place = reply_later(c->reply, 0);
    k = (struct key **)(void *)found.p;
    for (size_t i = 0; i < found.n / sizeof *k && !outbox_over(&c->session->out); i++) {
        if (key_end(c, k[i]) || !is_listed(c, k[i], &a))
            continue;
        list_one(c, k[i]);
        n++;
    }
    reply_fill_array(c->reply, place, n);
    buf_free(&found);
    return OK;
}
