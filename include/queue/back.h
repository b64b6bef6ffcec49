/* queue/back.h - the one exit for what comes back to its group: given back, its lease over, its consumer
 * gone. It is ready again, waits, or is dead. */
#ifndef QUEUE_BACK_H
#define QUEUE_BACK_H

#include "queue/at.h"

/* Messages of one group, one after the other: queue_back_open(), queue_back() each, queue_back_close(). */
struct back {
    const struct queue_at *at;
    struct group *group;
    struct slice error; /* what is said of them; empty: nothing */
    enum { BACK_BY_POLICY, BACK_AT_ONCE, BACK_LATER, BACK_REJECTED } how;
    msec delay; /* BACK_LATER */
    bool parking;
    struct park park; /* while so */
};
void queue_back_open(struct back *k, const struct queue_at *at, struct group *g);
/* `p` is pending; p->count what it counts as delivered from now on. */
void queue_back(struct back *k, const struct pending *p);
void queue_back_close(struct back *k);

/* What the consumer holds comes back, the first `max` of it; without those of `extended` leases, if not told
 * so. How many. */
size_t queue_back_held(const struct queue_at *at, struct group *g, const struct consumer *c, bool extended,
                       size_t max);

/* XGROUP DELCONSUMER: how many were pending for it. In a queue they come back. */
size_t queue_consumer_delete(struct broker *b, int db, struct slice name, const struct stream *s,
                             struct group *g, struct consumer *c, struct now now);

/* Takes back what is due in a group, at most `max`; how many. */
size_t queue_back_due(const struct queue_at *at, struct group *g, size_t max);
/* When that is to be done next; INT64_MAX: never. */
msec queue_back_next(const struct queue_at *at, const struct group *g);

#endif
