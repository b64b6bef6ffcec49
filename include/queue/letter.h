/* queue/letter.h - dead letters: a message that its group will not see again goes to the dead-letter queue,
 * with a record of its death, or stays dead in place until it can. */
#ifndef QUEUE_LETTER_H
#define QUEUE_LETTER_H

#include "queue/at.h"

/* Fields of a letter that tell of the death: "x-death-reason" and so on. */
#define DEATH_PREFIX "x-death-"
static inline bool death_tells(struct slice name)
{
    return name.n >= sizeof DEATH_PREFIX - 1 && memcmp(name.p, DEATH_PREFIX, sizeof DEATH_PREFIX - 1) == 0;
}

/* A message that is pending in the group, or NEW to it (then *p is its id, and nothing else), is dead.
 * `error`: what is said of it; empty: what was. */
void queue_die(const struct queue_at *at, struct group *g, const struct pending *p, const struct entry *e,
               enum death why, struct slice error);
/* The same for one that nobody has, if the group has not done it. False: the letters do not take it now, and
 * it is as it was. */
bool queue_die_if_not_done(const struct queue_at *at, struct group *g, const struct entry *e, enum death why);
/* The same without a group: the entry goes. False: the letters do not take it now, it stays. */
bool queue_die_alone(const struct queue_at *at, const struct entry *e, enum death why);
/* Tries again with those that are dead in place, at most `max`; how many went. */
size_t queue_bury(const struct queue_at *at, struct group *g, size_t max);
#define QUEUE_BURY_EVERY 1000 /* ms */
/* These are done with in one group: those that no group has to do with go, if the queue does not retain them,
 * their time is over, or (`anyway`) whatever it is. */
void queue_let_go(const struct queue_at *at, const struct stream_id *id, size_t n, bool anyway);

/* Where nothing is retained: the same for all that are there, after groups or rules have gone that they were kept
 * for. Looks at `max` at most; how many. */
size_t queue_sweep(const struct queue_at *at, size_t max);

#endif
