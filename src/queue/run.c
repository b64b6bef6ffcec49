/* queue/run.c - see queue/run.h. */
#include "queue/run.h"
#include "base/err.h"
#include "broker/change_delay.h"
#include "broker/change_due.h"
#include "broker/wait.h"
#include "queue/back.h"
#include "queue/expire.h"
#include "queue/letter.h"
#include "queue/rate.h"
#include "queue/reading.h"
#include "queue/release.h"
#include "queue/room.h"
#include "queue/settle.h"
#include "queue/unseen.h"

#define SLICE_MAX 256 /* of one queue, before it is another one's turn */

static msec sooner(msec a, msec b)
{
    return a < b ? a : b;
}

/* --- messages to come --- */

/* Delayed messages become entries in the order in which they are due. One that cannot, for there is no id
 * left, stays and holds up those behind it. */
static size_t arrive(struct broker *b, const struct due *due, struct now now, size_t max)
{
    const struct delayed *d = &stream_inbox(due->s)->delayed;
    struct delayed_message m;
    struct stream_id id;
    size_t n = 0;

    while (n < max && delayed_first(d, &m) && (msec)m.id.ms <= now.wall &&
           stream_next_id(due->s, STREAM_ID_AUTO, STREAM_ID_MIN, now.wall, &id) == OK) {
        bool own_ttl = m.ttl != 0;

        change_delay_arrive(b, due->db, due->name, id, stream_next_arrival(due->s, now.wall));
        if (own_ttl)
            change_queue_make(b, due->db, due->name);
        n++;
    }
    return n;
}

static size_t run_inbox(struct broker *b, const struct due *due, struct now now, size_t max)
{
    size_t n = arrive(b, due, now, max);

    return n < max ? n + change_window_sweep(b, due->db, due->name, now.wall, max - n) : n;
}

/* --- messages that are there --- */

static size_t run_group(const struct queue_at *at, struct group *g, size_t max)
{
    size_t n;

    if (!at->q->governed)
        return queue_release(at, g, max);
    n = queue_back_due(at, g, max);

    if (g->backlog->stopped)
        wait_signal(at->b, at->db, at->name);
    change_queue_stopped(g, false);
    n += queue_gone_due(at, g, max - n);
    n += queue_unseen_due(at, g, max - n);
    if (queue_rate_next(at, g) <= at->now.wall && queue_rate_left(at, g))
        wait_signal(at->b, at->db, at->name);
    return n + queue_bury(at, g, max - n);
}

static size_t run_queue(const struct queue_at *at, size_t max)
{
    size_t n = queue_expire_due(at, max);

    if (at->q->sweeping && n < max)
        n += queue_sweep(at, max - n);
    for (size_t i = 0; i < at->q->groups && n < max; i++)
        n += run_group(at, at->q->group[i], max - n);
    return n;
}

static msec queue_next(const struct queue_at *at)
{
    msec next = queue_expire_next(at);

    for (size_t i = 0; at->q->governed && i < at->q->groups; i++) {
        const struct group *g = at->q->group[i];

        next = sooner(next, sooner(queue_back_next(at, g), queue_rate_next(at, g)));
        next = sooner(next, queue_unseen_next(at, g));
        if (g->backlog->count[PENDING_DEAD] && at->rules->dlq.n)
            next = sooner(next, at->now.wall + QUEUE_BURY_EVERY);
    }
    return next;
}

/* --- both --- */

static size_t run_stream(struct broker *b, const struct due *due, struct now now, size_t max)
{
    struct queue_at at;
    size_t n = stream_inbox(due->s) ? run_inbox(b, due, now, max) : 0;
    bool queue = queue_at(&at, b, due->db, due->name, due->s, now);
    msec next;

    if (queue && n < max)
        n += run_queue(&at, max - n);
    next = stream_due(due->s);
    if (queue)
        next = sooner(next, queue_next(&at));
    change_due_after(b, due, now.wall, next, n >= max);
    return n;
}

static bool run_due(struct broker *b, struct now now, unsigned max)
{
    size_t done = 0;
    struct due due;

    while (done < max && change_due_first(b, now.wall, &due)) {
        size_t n = run_stream(b, &due, now, max - done < SLICE_MAX ? max - done : SLICE_MAX);

        done += n ? n : 1;
    }
    return done >= max;
}

bool queue_run(struct broker *b, struct now now, unsigned max)
{
    bool more = deadlines_run(b, now, max);

    more |= queue_settle(b, max);
    return run_due(b, now, max) || more;
}
