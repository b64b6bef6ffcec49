/* broker/change_zset.h - changes of sorted sets. See broker/change.h: whoever calls one has checked
 * everything. */
#ifndef BROKER_CHANGE_ZSET_H
#define BROKER_CHANGE_ZSET_H

#include "broker/change.h"

struct zset;

struct scored {
    struct slice member;
    double score; /* not NaN */
};

/* Scores given one by one, in one change: what comes later may look at what came before.
 * change_zadd_open(), then _put() at most `max` times, then _close(). The key is a sorted set or absent, and
 * is made by the first _put(). Members are views that last until _close(). */
struct zadding {
    struct change ch;
    struct scored *put;
    size_t n;
};
struct zadding change_zadd_open(struct broker *b, int db, struct slice name, size_t max, enum event event);
bool change_zadd_put(struct zadding *a, struct slice member, double score); /* true if it is new */
void change_zadd_close(struct zadding *a);
/* Removes those of n members that are there; how many. The key goes with the last. */
size_t change_zrem(struct broker *b, int db, struct slice name, const struct slice *member, size_t n);
/* Removes n members from rank `first` on: they are there. The key goes with the last. */
void change_zrem_ranks(struct broker *b, int db, struct slice name, size_t first, size_t n, enum event event);
/* The key becomes this sorted set, whatever it was; takes it, NULL or empty: the key goes. */
void change_zset_take(struct broker *b, int db, struct slice name, struct zset *z, enum event event);

#endif
