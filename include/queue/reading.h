/* queue/reading.h - ONDISCONNECT: what a consumer holds comes back when the last connection closes that read
 * as it. What a connection read as before the policy said so is not known. */
#ifndef QUEUE_READING_H
#define QUEUE_READING_H

#include "broker/change_reader.h"
#include "queue/at.h"

/* The connection (NULL: none that is known) is about to read as that consumer, which has been seen. What it
 * held with connections that have closed comes back before. */
void queue_read_as(const struct queue_at *at, struct readings *r, struct group *g, struct consumer *c);

/* Takes back what consumers of a group hold whose connections have closed, at most `max`; how many. */
size_t queue_gone_due(const struct queue_at *at, struct group *g, size_t max);

#endif
