/* store/set_algebra.h - intersection, union and difference of sets, as sets of their own. A set that is
 * absent is NULL. */
#ifndef STORE_SET_ALGEBRA_H
#define STORE_SET_ALGEBRA_H

#include "store/set.h"
#include "store/shape.h"

enum set_op { SET_INTER, SET_UNION, SET_DIFF };

/* What the n sets come to: a new set, for change_set_take() or set_discard(). `s` may be reordered. */
struct set *set_combine(enum set_op op, const struct set **s, size_t n, const struct shape *shape);
void set_discard(struct set *s);
/* How many members all n have; counting stops at `limit`, 0: none. `s` may be reordered. */
size_t set_inter_count(const struct set **s, size_t n, size_t limit);

#endif
