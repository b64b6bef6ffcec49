/* queue/rate.h - RATE: so many deliveries a second to a group. A bucket that fills at that rate and holds a
 * second's worth; empty at first (J. Turner's leaky bucket as a meter, 1986). */
#ifndef QUEUE_RATE_H
#define QUEUE_RATE_H

#include "queue/at.h"

/* How many deliveries there are in the bucket now. None: whoever waits for the queue is woken when there is.
 */
uint64_t queue_rate_left(const struct queue_at *at, struct group *g);
void queue_rate_spend(const struct queue_at *at, struct group *g, uint64_t n);
/* When the bucket has one again; INT64_MAX: it has, or there is no rate. */
msec queue_rate_next(const struct queue_at *at, const struct group *g);

#endif
