/* store/zset.h - the sorted set value: distinct members with a score, in the order of the scores and, where
 * they are equal, of the members' bytes. Few and short ones are packed in one block; many are in a hash
 * table for the members and in a ranking for the order.
 *
 * Every range, by rank, score or member, is a run of ranks: zset_before() finds its ends.
 */
#ifndef STORE_ZSET_H
#define STORE_ZSET_H

#include "base/dict.h"
#include "store/packed.h"
#include "store/ranking.h"

struct zset; /* opaque: its fields are in zset.c */

/* A member with its score. A view, good until the set next changes or the item is used again. Not to be
 * copied: a number's digits are in it. */
struct zset_item {
    struct slice member;
    double score;
    struct packed_item room;
};

/* A place between two members: before all that are not below it. */
struct zset_bound {
    bool by_member;      /* as ZRANGEBYLEX: meant for members of one score */
    bool after;          /* behind those that equal it */
    double score;        /* may be infinite, never NaN */
    struct slice member; /* used if by_member */
};

size_t zset_count(const struct zset *z);
bool zset_packed(const struct zset *z);
size_t zset_memory(const struct zset *z); /* O(1) */

bool zset_score(const struct zset *z, struct slice member, double *score);
bool zset_rank(const struct zset *z, struct slice member, size_t *rank,
               double *score);                                            /* from 0, lowest first */
size_t zset_before(const struct zset *z, const struct zset_bound *bound); /* how many lie before it */

/* A walk from a rank, either way, in the set as it is:
 *     for (bool ok = zset_iter_at(&it, z, rank); ok; ok = zset_iter_next(&it)) ... it.item ... */
#define ZSET_ITER_WINDOW 64
struct zset_iter {
    const struct zset *z;
    size_t rank;
    struct rank_pos pos;
    uint32_t window_first, window_n; /* offsets of packed members that a walk back goes through */
    uint32_t window[ZSET_ITER_WINDOW];
    struct zset_item item;
};
bool zset_iter_at(struct zset_iter *it, const struct zset *z, size_t rank); /* false: no such rank */
bool zset_iter_next(struct zset_iter *it);                                  /* false at the end */
bool zset_iter_prev(struct zset_iter *it);

/* As dict_scan(): some members, and the next cursor, 0 at the end. Packed: all of them at once. */
uint64_t zset_scan(const struct zset *z, uint64_t cursor,
                   void (*fn)(struct slice member, double score, void *arg), void *arg);

void zset_check(const struct zset *z);

#endif
