/* broker/change_set.h - changes of sets. See broker/change.h: whoever calls one has checked everything. */
#ifndef BROKER_CHANGE_SET_H
#define BROKER_CHANGE_SET_H

#include "broker/change.h"

struct set;

/* How many of n members are new. The key is a set or absent. */
size_t change_sadd(struct broker *b, int db, struct slice name, const struct slice *member, size_t n);
/* Removes those of n members that are there; how many. The key goes with the last. No member is a view into
 * the set. */
size_t change_srem(struct broker *b, int db, struct slice name, const struct slice *member, size_t n,
                   enum event event);
/* The key becomes this set, whatever it was; takes it, NULL or empty: the key goes. */
void change_set_take(struct broker *b, int db, struct slice name, struct set *s, enum event event);

#endif
