/* cmd/group_cmds.c - commands on consumer groups: acknowledging, claiming, what is pending, XGROUP. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "queue/back.h"
#include "queue/take.h"
#include "queue/unseen.h"
#include "stream_args.h"

#include <limits.h>

int cmd_xack(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct ids ids;
    int err = stream_read(c, c->arg[1], &s);

    if (err != OK)
        return err;
    g = s ? stream_group(s, c->arg[2]) : NULL;
    if (!g) {
        reply_int(c->reply, 0);
        return OK;
    }
    ids_parse(&ids, c->arg + 3, c->n - 3);
    if (ids.n == c->n - 3)
        reply_int(c->reply,
                  (int64_t)queue_ack(c->broker, c->db, c->arg[1], s, g, ids.v, c->arg + 3, ids.n, c->now));
    else
        err = ERR_ID;
    ids_free(&ids);
    return err;
}

/* --- claims --- */

static void reply_claimed(struct call *c, const struct entry *e, bool just_id)
{
    if (just_id)
        reply_stream_id(c->reply, e->id);
    else
        entry_reply(e, c->reply);
}

struct claim {
    int64_t min_idle;
    int64_t retry_count; /* -1: not given */
    msec time;           /* of the delivery; -1: not given */
    bool force, just_id;
    struct stream_id last_id;
};

static int fail_claim_number(struct call *c, const char *what)
{
    return call_fail(c, "ERR Invalid %s argument for XCLAIM", what);
}

/* A time that lies in the future, or before all times, is taken for a mistake of the client's clock. A
 * journal tells what was done. */
static msec claim_time(const struct call *c, msec time)
{
    if (c->broker->origin == ORIGIN_REPLAY)
        return time < 0 ? 0 : time;
    return time < 0 || time > c->now.wall ? c->now.wall : time;
}

static int parse_claim_option(struct call *c, size_t *i, struct claim *a)
{
    struct slice word = c->arg[*i];
    bool more = *i + 1 < c->n;

    if (slice_is(word, "FORCE")) {
        a->force = true;
    } else if (slice_is(word, "JUSTID")) {
        a->just_id = true;
    } else if (more && slice_is(word, "IDLE")) {
        if (!num_i64(c->arg[++*i], &a->time))
            return fail_claim_number(c, "IDLE option");
        if (__builtin_sub_overflow(c->now.wall, a->time, &a->time))
            a->time = -1;
    } else if (more && slice_is(word, "TIME")) {
        if (!num_i64(c->arg[++*i], &a->time))
            return fail_claim_number(c, "TIME option");
    } else if (more && slice_is(word, "RETRYCOUNT")) {
        if (!num_i64(c->arg[++*i], &a->retry_count))
            return fail_claim_number(c, "RETRYCOUNT option");
    } else if (more && slice_is(word, "LASTID")) {
        return stream_id_parse(c->arg[++*i], 0, &a->last_id);
    } else {
        return call_fail(c, "ERR Unrecognized XCLAIM option '%.*s'", SLICE_ARG(word));
    }
    return OK;
}

static int claim_parse_idle(struct call *c, struct claim *a)
{
    *a = (struct claim){.retry_count = -1, .time = -1};
    return num_i64(c->arg[4], &a->min_idle) ? OK : fail_claim_number(c, "min-idle-time");
}

/* Whatever is no id ends the ids: an option, or a mistake. */
static int claim_parse_options(struct call *c, struct claim *a, size_t from)
{
    int err = OK;

    for (size_t i = from; i < c->n && err == OK; i++)
        err = parse_claim_option(c, &i, a);
    a->time = claim_time(c, a->time);
    return err;
}

/* FORCE takes what is in no state to be claimed, too. */
static bool may_claim(const struct call *c, const struct claim *a, const struct pending *p)
{
    if (a->force && p->state > PENDING_READY && p->state < PENDING_QUEUED)
        return true;
    return pending_is_idle(p, idle_until(c, a->min_idle));
}

/* True when it was claimed. One whose message is gone is pending no longer. */
static bool claim_one(struct call *c, const struct claim *a, const struct stream *s, struct stream_pos *pos,
                      struct holding *h, struct stream_id id, const struct queue_at *at,
                      struct doomed *doomed)
{
    struct pending p = {.count = 1};
    struct entry e;
    uint64_t count;
    bool pending = pel_find(&h->group->pel, id, &p);

    if (!find_from(s, pos, id, &e)) {
        if (pending)
            change_hold_drop(h, id);
        return false;
    }
    if (pending ? !may_claim(c, a, &p) : !a->force)
        return false;
    count = a->retry_count >= 0 ? (uint64_t)a->retry_count : p.count + !a->just_id;
    p.count = count ? count - 1 : 0;
    if (at && !a->just_id && !queue_may_deliver(at, &p, &e, doomed))
        return false;
    change_hold(h, id, count);
    reply_claimed(c, &e, a->just_id);
    return true;
}

static void claim_all(struct call *c, const struct claim *a, const struct stream *s, struct group *g,
                      const struct ids *ids)
{
    struct consumer *who;
    struct holding h;
    struct stream_pos pos;
    struct queue_at at;
    struct doomed doomed = {0};
    bool queue = queue_at(&at, c->broker, c->db, c->arg[1], s, c->now);
    uint64_t place;
    size_t n = 0;

    if (stream_id_cmp(a->last_id, g->last_id) > 0)
        change_group_skip(c->broker, c->db, c->arg[1], g, a->last_id, g->entries_read);
    who = reader_at(c, c->arg[1], s, g, c->arg[3]);
    place = reply_later(c->reply, 0);
    stream_seek(s, STREAM_ID_MIN, &pos);
    change_hold_open(&h, c->broker, c->db, c->arg[1], g, who, a->time);
    for (size_t i = 0; i < ids->n; i++)
        n += claim_one(c, a, s, &pos, &h, ids->v[i], queue ? &at : NULL, &doomed);
    change_hold_close(&h);
    if (queue)
        queue_redelivered(&at, g, &doomed);
    if (n)
        change_consumer_active(who, soft_now(c));
    reply_fill_array(c->reply, place, n);
}

int cmd_xclaim(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct claim a;
    struct ids ids;
    int err = group_wanted(c, &s, &g);

    if (err != OK || (err = claim_parse_idle(c, &a)) != OK)
        return err;
    ids_parse(&ids, c->arg + 5, c->n - 5);
    if ((err = claim_parse_options(c, &a, 5 + ids.n)) == OK &&
        (err = consumer_admit(c, c->arg[1], g, c->arg[3])) == OK)
        claim_all(c, &a, s, g, &ids);
    ids_free(&ids);
    return err;
}

/* --- XAUTOCLAIM --- */

#define EXAMINED_PER_CLAIM 10 /* so many pending entries are looked at, for each that may be claimed */

struct autoclaim {
    int64_t min_idle;
    struct stream_id start;
    int64_t count;
    bool just_id;
};

static int autoclaim_parse(struct call *c, struct autoclaim *a)
{
    int err;

    *a = (struct autoclaim){.count = 100};
    if (!num_i64(c->arg[4], &a->min_idle))
        return call_fail(c, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
    if ((err = parse_start(c, c->arg[5], &a->start)) != OK)
        return err;
    for (size_t i = 6; i < c->n; i++) {
        if (slice_is(c->arg[i], "JUSTID")) {
            a->just_id = true;
        } else if (slice_is(c->arg[i], "COUNT") && i + 1 < c->n) {
            if (!num_i64(c->arg[++i], &a->count) || a->count < 1 || a->count > LONG_MAX / 16)
                return call_fail(c, "ERR COUNT must be > 0");
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

/* A walk over the pending entries from `at` on. */
struct sweep {
    const struct stream *s;
    struct stream_id at;
    bool ended;       /* nothing has an id of `at` or above */
    bool queue;       /* those given back are not among the idle */
    uint64_t examine; /* so many may still be looked at */
    msec until;
    struct stream_id doubt; /* the messages of those up to here may be gone */
};

static void sweep_past(struct sweep *w, struct stream_id id)
{
    w->at = id;
    w->ended = !stream_id_next(&w->at);
}

/* Nothing is gone above the highest id that was ever deleted, and the first that is there, unless ids were
 * taken back (XSETID). */
static struct stream_id doubt_up_to(const struct stream *s, const struct pel *pel)
{
    struct stream_stats st;
    struct stream_id below;
    struct pending last;

    stream_stats(s, &st);
    below = st.first_id;
    if (!stream_id_prev(&below) || stream_ids_return(s) ||
        (pel_last(pel, &last) && stream_id_cmp(last.id, st.last_id) > 0))
        return STREAM_ID_MAX; /* empty, or pending beyond the end */
    return stream_id_cmp(st.max_deleted_id, below) > 0 ? st.max_deleted_id : below;
}

/* The first from w->at on that is idle. */
static bool seek_claimable(const struct sweep *w, const struct pel *pel, struct pending *p)
{
    bool idle = pel_seek_idle(pel, w->at, w->until, p), more = w->queue;
    struct stream_id from = w->at;
    struct pending back;

    while (more && pel_seek_owner(pel, from, PEL_NO_OWNER, &back) &&
           (!idle || stream_id_cmp(back.id, p->id) < 0)) {
        if (pending_is_idle(&back, w->until)) {
            *p = back;
            return true;
        }
        from = back.id;
        more = stream_id_next(&from);
    }
    return idle;
}

/* The next that is idle, or whose message may be gone; the entries in between count as looked at, but
 * are not. False: there is none among those that may be looked at. */
static bool sweep_next(struct sweep *w, const struct pel *pel, struct pending *p)
{
    uint64_t rank, skipped;
    struct pending idle;

    if (w->ended || w->examine == 0)
        return false;
    if (!pel_seek(pel, w->at, p)) {
        w->ended = true;
        return false;
    }
    if (stream_id_cmp(p->id, w->doubt) <= 0 || pending_is_idle(p, w->until)) {
        w->examine--;
        sweep_past(w, p->id);
        return true;
    }
    rank = pel_rank(pel, w->at);
    skipped = seek_claimable(w, pel, &idle) ? pel_rank(pel, idle.id) - rank : UINT64_MAX;
    if (skipped < w->examine) {
        w->examine -= skipped + 1;
        sweep_past(w, idle.id);
        *p = idle;
        return true;
    }
    if (pel_nth(pel, rank + w->examine, p))
        w->at = p->id;
    else
        w->ended = true;
    w->examine = 0;
    return false;
}

/* `at` NULL: of a plain stream. */
static void autoclaim_run(const struct autoclaim *a, struct sweep *w, struct holding *h,
                          const struct queue_at *at, struct doomed *doomed)
{
    int64_t left = a->count;
    struct pending p;
    struct entry e;

    while (left && sweep_next(w, &h->group->pel, &p)) {
        if (!stream_find(w->s, p.id, &e))
            change_hold_drop(h, p.id);
        else if (pending_is_idle(&p, w->until) &&
                 (!at || a->just_id || queue_may_deliver(at, &p, &e, doomed)))
            change_hold(h, p.id, p.count + !a->just_id);
        else
            continue;
        left--;
    }
}

static void reply_cursor(struct call *c, const struct sweep *w, const struct pel *pel)
{
    struct pending next = {.id = STREAM_ID_MIN};

    if (!w->ended)
        pel_seek(pel, w->at, &next);
    reply_stream_id(c->reply, next.id);
}

/* The cursor is known last and told first: the reply is made of what the record is made of. */
static void reply_swept(struct call *c, const struct autoclaim *a, const struct sweep *w,
                        const struct holding *h)
{
    struct stream_pos pos;
    struct entry e;

    reply_array(c->reply, 3);
    reply_cursor(c, w, &h->group->pel);
    reply_array(c->reply, h->n);
    stream_seek(w->s, STREAM_ID_MIN, &pos);
    for (size_t i = 0; i < h->n; i++)
        if (find_from(w->s, &pos, h->held[i].id, &e))
            reply_claimed(c, &e, a->just_id);
    reply_array(c->reply, h->dropped_n);
    for (size_t i = 0; i < h->dropped_n; i++)
        reply_stream_id(c->reply, h->dropped[i]);
}

int cmd_xautoclaim(struct call *c)
{
    struct autoclaim a;
    struct sweep w = {0};
    struct group *g;
    struct holding h;
    struct consumer *who;
    struct queue_at at;
    struct doomed doomed = {0};
    int err;

    if ((err = autoclaim_parse(c, &a)) != OK || (err = group_wanted(c, &w.s, &g)) != OK ||
        (err = consumer_admit(c, c->arg[1], g, c->arg[3])) != OK)
        return err;
    who = reader_at(c, c->arg[1], w.s, g, c->arg[3]);
    w.at = a.start;
    w.examine = (uint64_t)a.count * EXAMINED_PER_CLAIM;
    w.until = idle_until(c, a.min_idle);
    w.doubt = doubt_up_to(w.s, &g->pel);
    w.queue = queue_at(&at, c->broker, c->db, c->arg[1], w.s, c->now);
    change_hold_open(&h, c->broker, c->db, c->arg[1], g, who, c->now.wall);
    autoclaim_run(&a, &w, &h, w.queue ? &at : NULL, &doomed);
    reply_swept(c, &a, &w, &h);
    if (h.n)
        change_consumer_active(who, soft_now(c));
    change_hold_close(&h);
    if (w.queue)
        queue_redelivered(&at, g, &doomed);
    return OK;
}

/* --- XPENDING --- */

struct pending_args {
    int64_t min_idle, count;
    struct stream_id from, to;
    bool of_one; /* of this consumer */
    struct slice consumer;
};

/* [IDLE ms] start end count [consumer]. Words beyond are passed over, as in Redis. */
static int pending_parse(struct call *c, struct pending_args *a)
{
    size_t i = 3;
    int err;

    *a = (struct pending_args){.min_idle = 0};
    if (slice_is(c->arg[i], "IDLE")) {
        if (!num_i64(c->arg[i + 1], &a->min_idle))
            return ERR_INT;
        if (c->n < 8)
            return ERR_SYNTAX;
        i += 2;
    }
    if (!num_i64(c->arg[i + 2], &a->count))
        return ERR_INT;
    if ((err = parse_start(c, c->arg[i], &a->from)) != OK ||
        (err = parse_end(c, c->arg[i + 1], &a->to)) != OK)
        return err;
    a->of_one = i + 3 < c->n;
    if (a->of_one)
        a->consumer = c->arg[i + 3];
    return OK;
}

static void reply_pending(struct call *c, const struct group *g, const struct pending *p)
{
    const struct consumer *owner = group_owner(g, p);

    reply_array(c->reply, 4);
    reply_stream_id(c->reply, p->id);
    reply_bulk(c->reply, owner ? consumer_name(owner) : SLICE(""));
    reply_int(c->reply, pending_idle(p, c->now.wall));
    reply_int(c->reply, (int64_t)p->count);
}

/* The first from `from` on that has been idle for long enough and, if there is an owner, is his. */
static bool seek_pending(const struct pel *pel, struct stream_id from, msec until,
                         const struct consumer *owner, struct pending *p)
{
    while (pel_seek_idle(pel, from, until, p)) {
        if (!owner || p->owner == owner->slot)
            return true;
        if (!pel_seek_owner(pel, p->id, owner->slot, p))
            return false;
        if (pending_is_idle(p, until))
            return true;
        from = p->id;
        if (!stream_id_next(&from))
            return false;
    }
    return false;
}

static void reply_pending_list(struct call *c, const struct group *g, const struct pending_args *a)
{
    const struct consumer *owner = a->of_one ? group_consumer(g, a->consumer) : NULL;
    msec until = idle_until(c, a->min_idle);
    struct stream_id from = a->from;
    uint64_t place = reply_later(c->reply, 0);
    struct pending p;
    int64_t n = 0;

    if (a->of_one && !owner)
        return;
    while (n < a->count && seek_pending(&g->pel, from, until, owner, &p) && stream_id_cmp(p.id, a->to) <= 0) {
        reply_pending(c, g, &p);
        n++;
        from = p.id;
        if (!stream_id_next(&from))
            break;
    }
    reply_fill_array(c->reply, place, (size_t)n);
}

static void reply_pending_owners(struct call *c, const struct group *g)
{
    size_t n, holders = 0;
    struct consumer **all = group_consumers_sorted(g, &n);
    uint64_t place = reply_later(c->reply, 0);

    for (size_t i = 0; i < n; i++) {
        if (!all[i]->pending)
            continue;
        reply_array(c->reply, 2);
        reply_bulk(c->reply, consumer_name(all[i]));
        reply_bulk_u64(c->reply, all[i]->pending);
        holders++;
    }
    reply_fill_array(c->reply, place, holders);
    mem_free(all);
}

static void reply_pending_summary(struct call *c, const struct group *g)
{
    struct pending first, last;

    reply_array(c->reply, 4);
    reply_int(c->reply, (int64_t)pel_count(&g->pel));
    if (!pel_first(&g->pel, &first) || !pel_last(&g->pel, &last)) {
        reply_null(c->reply);
        reply_null(c->reply);
        reply_null_array(c->reply);
        return;
    }
    reply_stream_id(c->reply, first.id);
    reply_stream_id(c->reply, last.id);
    reply_pending_owners(c, g);
}

int cmd_xpending(struct call *c)
{
    struct pending_args a;
    const struct stream *s;
    struct group *g;
    int err = OK;

    if (c->n != 3 && (c->n < 6 || c->n > 9))
        return ERR_SYNTAX;
    if (c->n > 3)
        err = pending_parse(c, &a);
    if (err != OK || (err = group_wanted(c, &s, &g)) != OK)
        return err;
    if (c->n == 3)
        reply_pending_summary(c, g);
    else
        reply_pending_list(c, g, &a);
    return OK;
}

/* --- XGROUP --- */

struct group_args {
    bool make;            /* MKSTREAM */
    int64_t entries_read; /* -1: unknown */
};

static int group_parse(struct call *c, bool create, struct group_args *a)
{
    *a = (struct group_args){.entries_read = -1};
    for (size_t i = 5; i < c->n; i++) {
        if (create && slice_is(c->arg[i], "MKSTREAM")) {
            a->make = true;
        } else if (slice_is(c->arg[i], "ENTRIESREAD") && i + 1 < c->n) {
            if (!num_i64(c->arg[++i], &a->entries_read))
                return ERR_INT;
            if (a->entries_read < -1)
                return call_fail(c, "ERR value for ENTRIESREAD must be positive or -1");
        } else {
            return call_bad_subcommand(c);
        }
    }
    return OK;
}

/* The stream at arg[2]; NULL only if it `may_lack`. */
static int group_stream(struct call *c, bool may_lack, const struct stream **s)
{
    int err = stream_write(c, c->arg[2], s);

    if (err != OK || *s || may_lack)
        return err;
    return call_fail(
        c, "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
           "use the MKSTREAM option to create an empty stream automatically.");
}

/* The group at arg[3], which has to exist. */
static int group_named(struct call *c, const struct stream **s, struct group **g)
{
    int err = group_stream(c, false, s);

    if (err != OK)
        return err;
    *g = stream_group(*s, c->arg[3]);
    return *g ? OK : fail_no_group_of(c, c->arg[3], c->arg[2]);
}

/* Nobody has read more than was ever added. A journal tells what was done. */
static int64_t entries_read(const struct call *c, const struct stream *s, int64_t given)
{
    int64_t added = s ? (int64_t)stream_entries_added(s) : 0;

    return c->broker->origin != ORIGIN_REPLAY && given > added ? added : given;
}

static bool is_last(struct slice text)
{
    return text.n == 1 && *text.p == '$';
}

int cmd_xgroup_create(struct call *c)
{
    struct group_args a;
    const struct stream *s;
    struct stream_id id = STREAM_ID_MIN;
    int err;

    if ((err = group_parse(c, true, &a)) != OK || (err = group_stream(c, a.make, &s)) != OK)
        return err;
    if (c->n > 8)
        return call_bad_subcommand(c);
    if (!is_last(c->arg[4])) {
        if (stream_id_parse(c->arg[4], 0, &id) != OK)
            return ERR_ID;
    } else if (s) {
        id = stream_last_id(s);
    }
    if (s && stream_group(s, c->arg[3]))
        return call_fail(c, "BUSYGROUP Consumer Group name already exists");
    change_group_create(c->broker, c->db, c->arg[2], c->arg[3], id, entries_read(c, s, a.entries_read));
    reply_ok(c->reply);
    return OK;
}

int cmd_xgroup_setid(struct call *c)
{
    struct group_args a;
    const struct stream *s;
    struct group *g;
    struct stream_id id;
    struct queue_at at;
    int err;

    if ((err = group_parse(c, false, &a)) != OK || (err = group_named(c, &s, &g)) != OK)
        return err;
    if (c->n > 7)
        return call_bad_subcommand(c);
    if (is_last(c->arg[4]))
        id = stream_last_id(s);
    else if (parse_position(c->arg[4], &id) != OK)
        return ERR_ID;
    change_group_setid(c->broker, c->db, c->arg[2], g, id, entries_read(c, s, a.entries_read));
    if (queue_at(&at, c->broker, c->db, c->arg[2], s, c->now))
        queue_set_back(&at);
    reply_ok(c->reply);
    return OK;
}

int cmd_xgroup_destroy(struct call *c)
{
    const struct stream *s;
    struct group *g;
    int err = group_stream(c, false, &s);

    if (err != OK)
        return err;
    g = stream_group(s, c->arg[3]);
    if (g)
        change_group_destroy(c->broker, c->db, c->arg[2], g);
    reply_int(c->reply, g != NULL);
    return OK;
}

int cmd_xgroup_createconsumer(struct call *c)
{
    const struct stream *s;
    struct group *g;
    bool had;
    int err = group_named(c, &s, &g);

    if (err != OK)
        return err;
    if ((err = consumer_admit(c, c->arg[2], g, c->arg[4])) != OK)
        return err;
    had = group_consumer(g, c->arg[4]);
    if (!had) {
        change_consumer_create(c->broker, c->db, c->arg[2], g, c->arg[4], soft_now(c));
        queue_consumer_made(c->broker, c->db, c->arg[2], s, c->now);
    }
    reply_int(c->reply, !had);
    return OK;
}

int cmd_xgroup_delconsumer(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct consumer *who;
    int err = group_named(c, &s, &g);

    if (err != OK)
        return err;
    who = group_consumer(g, c->arg[4]);
    reply_int(c->reply,
              who ? (int64_t)queue_consumer_delete(c->broker, c->db, c->arg[2], s, g, who, c->now) : 0);
    return OK;
}

int cmd_xgroup_help(struct call *c)
{
    static const char *const line[] = {
        "CREATE <key> <group> <id|$> [option]",
        "    Make a group that has read up to the id. Options:",
        "    * MKSTREAM",
        "      Make an empty stream if there is none.",
        "    * ENTRIESREAD entries-read",
        "      How many entries it has read, for its lag.",
        "CREATECONSUMER <key> <group> <consumer>",
        "    Make a consumer of the group.",
        "DELCONSUMER <key> <group> <consumer>",
        "    Remove a consumer and what is pending for it.",
        "DESTROY <key> <group>",
        "    Remove a group.",
        "SETID <key> <group> <id|$> [ENTRIESREAD entries-read]",
        "    Set how far a group has read.",
        NULL,
    };

    return reply_help(c, line);
}
