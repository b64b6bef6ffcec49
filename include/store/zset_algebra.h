/* store/zset_algebra.h - union, intersection and difference of sorted sets and sets, and parts of sorted
 * sets, as sorted sets of their own: for change_zset_take() or zset_discard(). */
#ifndef STORE_ZSET_ALGEBRA_H
#define STORE_ZSET_ALGEBRA_H

#include "store/set.h"
#include "store/shape.h"
#include "store/zset.h"

enum zset_op { ZSET_INTER, ZSET_UNION, ZSET_DIFF };
enum zset_aggregate { ZSET_SUM, ZSET_MIN, ZSET_MAX };

/* A sorted set, or a set whose members all have score 1, or nothing. */
struct zset_source {
    const struct zset *zset;
    const struct set *set;
    double weight; /* scores are multiplied by it */
};

/* `s` may be reordered. A score that would be no number is 0, as in Redis. */
struct zset *zset_combine(enum zset_op op, enum zset_aggregate how, struct zset_source *s, size_t n,
                          const struct shape *shape);
/* How many members all n have; counting stops at `limit`, 0: none. `s` may be reordered. */
size_t zset_inter_count(struct zset_source *s, size_t n, size_t limit);
/* A copy of n members from rank `first` on. */
struct zset *zset_part(const struct zset *z, size_t first, size_t n, const struct shape *shape);
/* A new one of n members with scores; one that comes twice has the last. */
struct zset *zset_of(const struct slice *member, const double *score, size_t n, const struct shape *shape);
void zset_discard(struct zset *z);

#endif
