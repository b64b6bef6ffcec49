/* queue/expire.h - messages whose time is over before they are done. */
#ifndef QUEUE_EXPIRE_H
#define QUEUE_EXPIRE_H

#include "queue/at.h"

/* Expires what is due, at most about `max` messages; how many. */
size_t queue_expire_due(const struct queue_at *at, size_t max);
/* When that is to be done next; INT64_MAX: never. */
msec queue_expire_next(const struct queue_at *at);

#endif
