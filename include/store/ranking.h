/* store/ranking.h - scored entries in their order, by score and then by what the owner says, with the rank of
 * each: a B+ tree that counts what lies below (a counted B-tree, S. Tatham, 2001). The body of a large sorted
 * set (store/zset.c), by score and member; and of the delayed messages of a stream (store/delayed.c), by
 * instant and number. For these two alone: the entries are theirs, who own them. */
#ifndef STORE_RANKING_H
#define STORE_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranked {
    double score; /* most comparisons end here, without a look at the entry */
    void *entry;
};

struct rank_node;
struct ranking {
    int (*tie)(const void *a, const void *b); /* the order of two entries with one score */
    struct rank_node *root; /* NULL while empty */
    unsigned height;        /* 0: the root is a leaf */
    bool burial;            /* it is freed leaf by leaf */
    struct rank_node *next; /* the leaf whose turn it is then */
    size_t nodes;           /* how many there are, for their memory */
    size_t leaves;
};

/* Negative when `e` lies before the bound, else 0 or positive: what a descent asks. */
typedef int ranking_cmp(const struct ranked *e, const void *bound);

size_t ranking_count(const struct ranking *r);
/* How many come before the first for which cmp() is not negative. */
size_t ranking_before(const struct ranking *r, ranking_cmp *cmp, const void *bound);
size_t ranking_rank(const struct ranking *r, const struct ranked *e); /* of one that is there */
size_t ranking_memory(const struct ranking *r);

/* A place in the order. */
struct rank_pos {
    const struct rank_node *leaf;
    unsigned i;
};
struct rank_pos ranking_at(const struct ranking *r, size_t rank); /* rank < count */
struct ranked *rank_get(const struct rank_pos *pos);
bool rank_next(struct rank_pos *pos); /* false at the end, then pos is of no more use */
bool rank_prev(struct rank_pos *pos);

void ranking_add(struct ranking *r, struct ranked e);    /* one that is not there */
void ranking_remove(struct ranking *r, struct ranked e); /* one that is there */
void ranking_free(struct ranking *r);                    /* the nodes; entries are the caller's */
/* Takes the first leaf out and hands its entries over; 0 when all are gone. After the first call only
 * this and ranking_free(). `out` has room for RANK_LEAF_MAX. */
#define RANK_LEAF_MAX 30
size_t ranking_bury_leaf(struct ranking *r, void **out);

void ranking_check(const struct ranking *r);

#endif
