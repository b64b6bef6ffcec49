/* queue/at.h - the queue that is dealt with: where it is, what it is, what holds for it, and the time. */
#ifndef QUEUE_AT_H
#define QUEUE_AT_H

#include "broker/change_due.h"
#include "broker/change_queue.h"
#include "queue/settle.h"

struct queue_at {
    struct broker *b;
    int db;
    struct slice name; /* outlives this */
    const struct stream *s;
    const struct queue *q;
    const struct rules *rules;
    struct now now;
};

/* False for a plain stream, and in a replay, which asks nothing. */
static inline bool queue_at(struct queue_at *at, struct broker *b, int db, struct slice name,
                            const struct stream *s, struct now now)
{
    const struct queue *q;

    if (b->origin == ORIGIN_REPLAY)
        return false;
    queue_settled(b, db, name, s);
    q = stream_queue(s);
    if (!q)
        return false;
    *at = (struct queue_at){b, db, name, s, q, &q->rules, now};
    return true;
}

/* It is to be looked at then, or earlier. */
static inline void queue_due(const struct queue_at *at, msec when)
{
    change_due_at(at->b, at->db, at->name, at->s, when);
}

/* When the message is over, by the queue's TTL or its own; INT64_MAX: never. */
msec queue_expiry(const struct queue_at *at, const struct entry *e);

#endif
