/* queue/purge.h - messages that nobody holds are dropped, all at once. Of plain streams, too. */
#ifndef QUEUE_PURGE_H
#define QUEUE_PURGE_H

#include "queue/at.h"

struct purged { /* a stream, whatever it is */
    struct broker *b;
    int db;
    struct slice name;
    const struct stream *s;
    struct now now;
};

/* All of these answer how many.
 *
 * What is NEW to the group is so no more: its position moves to the end. O(messages) */
uint64_t queue_purge_new(const struct purged *at, struct group *g);
/* What is pending in the group without an owner; PENDING_LEASED for `state`: in whichever state. O(N log N)
 */
uint64_t queue_purge_pending(const struct purged *at, struct group *g, enum pending_state state);
/* The entries that no group holds, done or not. O(messages) */
uint64_t queue_purge_entries(const struct purged *at);
/* Delayed messages, whose dedup ids are free then. O(N log N) */
uint64_t queue_purge_delayed(const struct purged *at);

#endif
