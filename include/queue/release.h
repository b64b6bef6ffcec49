/* queue/release.h - what the last policy leaves behind when it goes. */
#ifndef QUEUE_RELEASE_H
#define QUEUE_RELEASE_H

#include "queue/at.h"

/* Of a group that no policy has a word on: what waits, is held or dead is ready for whoever claims it, and leases
 * that were extended are as others. At most `max`; how many. */
size_t queue_release(const struct queue_at *at, struct group *g, size_t max);

#endif
