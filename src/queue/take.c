/* queue/take.c - see queue/take.h. */
#include "queue/take.h"
#include "base/mem.h"
#include "broker/wait.h"
#include "queue/back.h"
#include "queue/expire.h"
#include "queue/letter.h"
#include "queue/rate.h"
#include "store/lanes.h"

/* --- limits --- */

static uint64_t leased(const struct group *g)
{
    const size_t *n = g->backlog->count;

    return pel_count(&g->pel) - n[PENDING_READY] - n[PENDING_WAITING] - n[PENDING_HELD] - n[PENDING_DEAD];
}

static uint64_t room(int64_t limit, uint64_t have)
{
    return limit == 0 ? UINT64_MAX : have < (uint64_t)limit ? (uint64_t)limit - have : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t allowed(const struct taking *t)
{
    const struct rules *r = t->at.rules;
    uint64_t n;

    if (r->pause & PAUSE_OUT)
        return 0;
    n = least(room(r->maxinflight, leased(t->group)), room(r->prefetch, t->consumer->pending));
    return r->rate && n ? least(n, queue_rate_left(&t->at, t->group)) : n;
}

/* --- stages --- */

/* All that comes next is NEW, one entry after the other: as in a plain stream. */
static bool runs(const struct taking *t)
{
    const struct group *g = t->group;
    struct pending last;

    if (t->noack || g->backlog->lanes || pel_count(&g->backlog->passed) || stream_is_restricted(t->at.s))
        return false;
    if (pel_last(&g->pel, &last) && stream_id_cmp(last.id, g->last_id) > 0)
        return false;
    return queue_expire_next(&t->at) > t->at.now.wall;
}

static void stop_holding(struct taking *t)
{
    if (t->holding)
        change_hold_close(&t->hold);
    t->holding = false;
}

/* What is ready has all been taken. */
static void go_on(struct taking *t)
{
    stop_holding(t);
    t->stage = runs(t) ? TAKE_RUN : TAKE_PICK;
    if (t->stage == TAKE_PICK)
        stream_seek_new(t->at.s, t->group, &t->pos);
}

void queue_take_open(struct taking *t, const struct queue_at *at, struct group *g, struct consumer *c,
                     bool noack)
{
    t->at = *at;
    t->group = g;
    t->consumer = c;
    t->noack = noack;
    t->n = t->n_picked = t->n_held = 0;
    t->passed = 0;
    t->holding = t->running = t->ended = t->stopped = false;
    t->left = allowed(t);
    t->stage = queue_levels(at->q) > 1 ? TAKE_CLIMB : TAKE_READY;
    if (t->stage == TAKE_CLIMB)
        climb_open(&t->climb, at);
    else if (!at->q->governed) /* what came back while it was waits for who claims it */
        go_on(t);
}

/* Now that nobody looks at it any more. */
static void let_go(struct taking *t)
{
    if (t->ended)
        queue_let_go(&t->at, &t->end, 1, false);
    t->ended = false;
}

static void hold(struct taking *t, const struct pending *p)
{
    const struct queue_at *at = &t->at;

    t->count = p->count;
    t->idle = -1;
    if (t->noack) {
        change_end(at->b, at->db, at->name, t->group, END_ACKED, &p->id, 1);
        t->ended = true;
        t->end = p->id;
        return;
    }
    if (!t->holding)
        change_hold_open(&t->hold, at->b, at->db, at->name, t->group, t->consumer, at->now.wall);
    t->holding = true;
    change_hold(&t->hold, p->id, p->count + 1);
}

/* Another change comes first: the message is gone, or dead. */
static void bury(struct taking *t, const struct pending *p, const struct entry *e, enum death why)
{
    const struct queue_at *at = &t->at;

    stop_holding(t);
    if (e)
        queue_die(at, t->group, p, e, why, SLICE(""));
    else
        change_end(at->b, at->db, at->name, t->group, END_DROPPED, &p->id, 1);
}

static enum death death_of(const struct queue_at *at, const struct pending *p, const struct entry *e)
{
    if (queue_expiry(at, e) <= at->now.wall)
        return DEATH_EXPIRED;
    return at->rules->maxdeliver && p->count >= (uint64_t)at->rules->maxdeliver ? DEATH_MAXDELIVER
                                                                                : DEATH_NONE;
}

/* Of those that are ready: false, it was its last time. */
static bool ready_one(struct taking *t, const struct pending *p, struct entry *e)
{
    bool there = stream_find(t->at.s, p->id, e);
    enum death why = there ? death_of(&t->at, p, e) : DEATH_NONE;

    if (there && why == DEATH_NONE)
        hold(t, p);
    else
        bury(t, p, there ? e : NULL, why);
    return there && why == DEATH_NONE;
}

/* Somebody else is to have his turn; whoever waits for more is woken for it. */
static bool passes(struct taking *t)
{
    t->stopped = t->passed == TAKE_PASS;
    t->passed += !t->stopped;
    return !t->stopped;
}

static void park_held(struct taking *t, const struct stream_id *id, size_t n, uint64_t count)
{
    const struct queue_at *at = &t->at;
    struct park park;

    stop_holding(t);
    change_park_open(&park, at->b, at->db, at->name, t->group, SLICE(""), SLICE(""), DEATH_NONE);
    for (size_t i = 0; i < n; i++)
        change_park(&park, id[i], PENDING_HELD, count, 0);
    change_park_close(&park);
}

/* One of the ready comes after another of its key. */
static bool comes_after(const struct taking *t, struct stream_id id)
{
    const struct lanes *l = t->group->backlog->lanes;
    struct entry e;

    return l && stream_find(t->at.s, id, &e) && lanes_come_before(l, lanes_of(l, &e), id);
}

static bool ready_next(struct taking *t, struct entry *e)
{
    const struct note *n;
    struct pending p;

    while ((n = backlog_first_ready(t->group->backlog)) && pel_find(&t->group->pel, n->id, &p)) {
        if (!comes_after(t, p.id)) {
            if (ready_one(t, &p, e))
                return true;
        } else if (passes(t)) {
            park_held(t, &p.id, 1, p.count);
        } else {
            return false;
        }
    }
    return false;
}

static bool run_next(struct taking *t, struct entry *e)
{
    const struct queue_at *at = &t->at;

    if (!t->running)
        change_deliver_open(&t->run, at->b, at->db, at->name, t->group, t->consumer, false, at->now.wall);
    t->running = true;
    return change_deliver_next(&t->run, e);
}

/* Levels take turns: few, and mostly in order. */
static void sort_picked(struct taking *t)
{
    for (size_t i = 1; i < t->n_picked; i++) {
        struct stream_id id = t->picked[i];
        size_t k = i;

        for (; k > 0 && stream_id_cmp(t->picked[k - 1], id) > 0; k--)
            t->picked[k] = t->picked[k - 1];
        t->picked[k] = id;
    }
}

static void tell_picked(struct taking *t)
{
    const struct queue_at *at = &t->at;

    stop_holding(t);
    sort_picked(t);
    if (t->n_held)
        park_held(t, t->held, t->n_held, 0);
    if (t->n_picked || t->n_held)
        change_take(at->b, at->db, at->name, t->group, t->noack ? NULL : t->consumer, t->picked, t->n_picked,
                    at->now.wall);
    if (t->noack)
        queue_let_go(at, t->picked, t->n_picked, false);
    t->n_picked = t->n_held = 0;
}

/* One that is NEW: false, its time is over. */
static bool pick(struct taking *t, struct entry *e, uint64_t lane)
{
    struct pending p = {.id = e->id, .owner = PEL_NO_OWNER};

    if (queue_expiry(&t->at, e) > t->at.now.wall) {
        t->lane[t->n_picked] = lane;
        t->picked[t->n_picked++] = e->id;
        return true;
    }
    tell_picked(t);
    if (stream_find(t->at.s, p.id, e))
        queue_die(&t->at, t->group, &p, e, DEATH_EXPIRED, SLICE(""));
    return false;
}

/* An earlier one of the lane is pending, or about to be. Those that are NEW have been come upon. */
static bool is_held_back(const struct taking *t, struct stream_id id, uint64_t lane)
{
    if (!lane)
        return false;
    for (size_t i = 0; !t->noack && i < t->n_picked; i++)
        if (t->lane[i] == lane)
            return true;
    return lanes_hold_back(t->group->backlog->lanes, lane, id);
}

static bool pick_next(struct taking *t, struct entry *e)
{
    const struct lanes *l = t->group->backlog->lanes;

    while (stream_next_new(t->at.s, t->group, &t->pos, e)) {
        uint64_t lane = l ? lanes_of(l, e) : 0;

        if (!is_held_back(t, e->id, lane)) {
            if (pick(t, e, lane))
                return true;
        } else if (passes(t)) {
            t->held[t->n_held++] = e->id;
            if (t->n_held == TAKE_ROOM)
                tell_picked(t);
        } else {
            return false;
        }
    }
    return false;
}

static bool climb_one(struct taking *t, const struct climber *c, struct entry *e)
{
    struct pending p;

    t->count = 0;
    t->idle = 0;
    if (c->what == CLIMBER_READY)
        return pel_find(&t->group->pel, c->id, &p) && p.state == PENDING_READY && ready_one(t, &p, e);
    return stream_find(t->at.s, c->id, e) && pick(t, e, 0);
}

static bool next_by_level(struct taking *t, struct entry *e)
{
    struct climber c;

    while (climb_next(&t->climb, &t->at, t->group, &c))
        if (climb_one(t, &c, e))
            return true;
    return false;
}

static bool next(struct taking *t, struct entry *e)
{
    if (t->stage == TAKE_CLIMB)
        return next_by_level(t, e);
    if (t->stage == TAKE_READY) {
        if (ready_next(t, e))
            return true;
        if (t->stopped)
            return false;
        go_on(t);
    }
    t->count = 0;
    t->idle = 0;
    return t->stage == TAKE_RUN ? run_next(t, e) : pick_next(t, e);
}

bool queue_take_next(struct taking *t, struct entry *e)
{
    let_go(t);
    if (t->n_picked == TAKE_ROOM)
        tell_picked(t);
    if (t->n >= t->left || t->stopped || !next(t, e))
        return false;
    t->n++;
    return true;
}

static void leases_end(const struct queue_at *at)
{
    msec end;

    if (at->rules->ackwait && !__builtin_add_overflow(at->now.wall, at->rules->ackwait, &end))
        queue_due(at, end);
}

void queue_take_close(struct taking *t)
{
    const struct queue_at *at = &t->at;

    stop_holding(t);
    let_go(t);
    if (t->running)
        change_deliver_close(&t->run);
    tell_picked(t);
    if (t->stopped) {
        change_queue_stopped(t->group, true);
        queue_due(at, at->now.wall);
    }
    if (t->n) {
        change_consumer_active(t->consumer, at->now.wall);
        leases_end(at);
        if (at->rules->rate)
            queue_rate_spend(at, t->group, t->n);
    }
}

/* --- deliveries of other kinds --- */

bool queue_may_deliver(const struct queue_at *at, const struct pending *p, const struct entry *e,
                       struct doomed *doomed)
{
    enum death why = death_of(at, p, e);

    if (why == DEATH_NONE)
        return true;
    if (doomed->n < TAKE_ROOM) {
        doomed->of[doomed->n].id = e->id;
        doomed->of[doomed->n++].why = why;
    }
    return false;
}

void queue_redelivered(const struct queue_at *at, struct group *g, const struct doomed *doomed)
{
    queue_due(at, queue_back_next(at, g)); /* XCLAIM may date a delivery back */
    for (size_t i = 0; i < doomed->n; i++) {
        struct pending p;
        struct entry e;

        if (pel_find(&g->pel, doomed->of[i].id, &p) && p.state != PENDING_DEAD &&
            stream_find(at->s, p.id, &e))
            queue_die(at, g, &p, &e, doomed->of[i].why, SLICE(""));
    }
}

/* --- acknowledging --- */

void queue_freed(const struct queue_at *at)
{
    const struct rules *r = at->rules;

    if (at->b->waiters && (r->maxinflight || r->prefetch || r->orderkey.n))
        wait_signal(at->b, at->db, at->name);
}

void queue_set_back(const struct queue_at *at)
{
    if (at->b->waiters && at->q->governed)
        wait_signal(at->b, at->db, at->name);
}

/* What is past its time goes with the last who had to do with it, and not with one who never had. */
static size_t keep_pending(const struct group *g, const struct stream_id *id, size_t n,
                           struct stream_id *pending)
{
    struct pending p;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (pel_find(&g->pel, id[i], &p))
            pending[kept++] = id[i];
    return kept;
}

static size_t ack_timed(const struct queue_at *at, struct group *g, const struct stream_id *id,
                        const struct slice *text, size_t n)
{
    struct stream_id *pending = mem_alloc(n * sizeof *pending);
    size_t kept = keep_pending(g, id, n, pending), done = 0;

    if (kept)
        done = change_xack(at->b, at->db, at->name, g, id, text, n);
    queue_let_go(at, pending, kept, false);
    mem_free(pending);
    return done;
}

/* One of them has been looked at for the queue's TTL: it may have expired for others, and go with this. */
static bool any_aged(const struct queue_at *at, const struct stream_id *id, size_t n)
{
    for (size_t i = 0; at->rules->ttl && i < n; i++)
        if (stream_id_cmp(id[i], at->q->aged.before) <= 0)
            return true;
    return false;
}

size_t queue_ack(struct broker *b, int db, struct slice name, const struct stream *s, struct group *g,
                 const struct stream_id *id, const struct slice *text, size_t n, struct now now)
{
    struct queue_at at;
    size_t done;

    if (!queue_at(&at, b, db, name, s, now))
        return change_xack(b, db, name, g, id, text, n);
    if (at.rules->retention == RETENTION_QUEUE || stream_has_own_ttls(s) || any_aged(&at, id, n))
        done = ack_timed(&at, g, id, text, n);
    else
        done = change_xack(b, db, name, g, id, text, n);
    if (done)
        queue_freed(&at);
    return done;
}

size_t queue_ack_ids(struct broker *b, int db, struct slice name, const struct stream *s, struct group *g,
                     const struct stream_id *id, size_t n, struct now now)
{
    struct slice *text = mem_alloc(n * sizeof *text);
    char *bytes = mem_alloc(n * STREAM_ID_TEXT);
    size_t done;

    for (size_t i = 0; i < n; i++)
        text[i] =
            (struct slice){bytes + i * STREAM_ID_TEXT, stream_id_put(bytes + i * STREAM_ID_TEXT, id[i])};
    done = queue_ack(b, db, name, s, g, id, text, n, now);
    mem_free(bytes);
    mem_free(text);
    return done;
}
