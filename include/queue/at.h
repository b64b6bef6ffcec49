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

/* A plain stream, for which no policy has a word; or a replay, which asks nothing. */
static inline bool queue_is_none(const struct broker *b, int db, const struct stream *s)
{
    return stream_is_plain(s, b->db[db].generation) || b->origin == ORIGIN_REPLAY;
}
/* The rest of queue_at(). */
bool queue_find(struct queue_at *at, struct broker *b, int db, struct slice name, const struct stream *s,
                struct now now);
/* False if it is none: then nothing else need be asked. */
static inline bool queue_at(struct queue_at *at, struct broker *b, int db, struct slice name,
                            const struct stream *s, struct now now)
{
    return !queue_is_none(b, db, s) && queue_find(at, b, db, name, s, now);
}

/* It is to be looked at then, or earlier. */
static inline void queue_due(const struct queue_at *at, msec when)
{
    change_due_at(at->b, at->db, at->name, at->s, when);
}

/* When the message is over, by the queue's TTL or its own; INT64_MAX: never. */
msec queue_expiry(const struct queue_at *at, const struct entry *e);

#endif
