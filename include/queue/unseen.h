/* queue/unseen.h - CONSUMERIDLE: consumers that were not seen for so long are removed, and what they held
 * comes back. Not while they wait for messages, nor while they hold some whose leases will end: those of a
 * queue with an ACKWAIT, and extended ones. */
#ifndef QUEUE_UNSEEN_H
#define QUEUE_UNSEEN_H

#include "queue/at.h"

/* Some consumer has just been seen, or been made: its time runs. */
void queue_consumer_seen(const struct queue_at *at);
void queue_consumer_made(struct broker *b, int db, struct slice name, const struct stream *s, struct now now);

/* Removes those of a group whose time is over: at most `max` messages and consumers; how many. */
size_t queue_unseen_due(const struct queue_at *at, struct group *g, size_t max);
/* When that is to be done next; INT64_MAX: never. */
msec queue_unseen_next(const struct queue_at *at, const struct group *g);

#endif
