/* store/zset_edit.h - changes of a sorted set: for broker/change_* alone. Members are copied; they must not
 * be views into the same set. */
#ifndef STORE_ZSET_EDIT_H
#define STORE_ZSET_EDIT_H

#include "store/shape.h"
#include "store/zset.h"

struct zset *zset_new(void);
void zset_free(struct zset *z);
bool zset_free_some(struct zset *z, size_t n); /* as hash_free_some() */
struct zset *zset_copy(const struct zset *z);

/* Gives a member this score, which is not NaN (-0 is taken as 0): true if it is new. */
bool zset_put(struct zset *z, struct slice member, double score, const struct shape *shape);
bool zset_remove(struct zset *z, struct slice member);          /* true if it was there */
void zset_remove_ranks(struct zset *z, size_t first, size_t n); /* first + n <= count */

#endif
