/* store/pel_tree.h - the tree below store/pel.h: its nodes, and what changes its shape. For pel.c alone.
 *
 * A leaf is a window of records in an array, so that one taken at the front moves nothing. Ids in it are
 * written as two 32-bit distances from the leaf's base; an id that is too far away begins another leaf.
 * The sizes are those of jemalloc's classes, the smaller ones for groups with few pending entries.
 *
 * An inner node has a branch for each child: what is known of the subtree without looking. Counts are
 * exact. `age` and `turn` are at most, and `owners` at least, what is below: they are loosened by every
 * change that may make them so, and tightened when a search went down and found nothing.
 */
#ifndef STORE_PEL_TREE_H
#define STORE_PEL_TREE_H

#include "base/mem.h"
#include "store/pel_edit.h"

/* The age of a record orders who is claimed first: its time, those given back before all others, those that
 * wait for their turn in a queue behind. */
#define AGE_LEASED (UINT64_C(1) << 55)
#define AGE_MAX    (UINT64_MAX >> 8) /* theirs */
#define AGE_NONE   UINT64_MAX        /* of a branch with nothing below */
#define TIME_MAX   (PENDING_NO_TIME - 1)

#define COUNT_FULL ((UINT64_C(1) << 40) - 1) /* stands for what pel.large has, else for PEL_COUNT_MAX */

#define ASIDE 0x80u /* in `when`, beside the state */

/* pel_oldest() looks at it: neither ASIDE nor a state of queues. */
#define IN_TURN(when) ((uint8_t)(when) <= PENDING_NACKED)

struct record {
    uint64_t key;  /* id: (ms - base.ms) << 32 | (seq - base.seq) */
    uint64_t when; /* age << 8 | ASIDE | state */
    uint64_t held; /* count << 24 | owner */
};

struct pel_node {
    struct pel_inner *parent; /* NULL: the root */
    uint16_t slot;            /* its branch in the parent */
    uint16_t n;               /* records or branches */
    uint8_t level;            /* 0: a leaf */
    uint8_t size;             /* leaf: index of its size */
    uint8_t room;             /* leaf: records that fit */
    uint8_t first;            /* leaf: where the records begin */
};

struct pel_leaf {
    struct pel_node node;
    struct stream_id base;
    struct record array[];
};

struct branch {
    struct stream_id from; /* not above the first id below, above all ids before; no matter in branch 0 */
    uint64_t count, age, owners;
    uint64_t turn; /* the least age of those in turn */
    struct pel_node *node;
};

#define NODE_BYTES 1792
#define BRANCHES   ((NODE_BYTES - sizeof(struct pel_node)) / sizeof(struct branch))

struct pel_inner {
    struct pel_node node;
    struct branch branch[BRANCHES];
};

#define LEAF_SIZES 4
extern const uint16_t pel_leaf_bytes[LEAF_SIZES];
#define LEAF_ROOM(bytes) (((bytes) - sizeof(struct pel_leaf)) / sizeof(struct record)) /* records */
#define LEAF_MAX         LEAF_ROOM(NODE_BYTES)

/* Distances in a key lie below this, so that a key of all ones is above every record's. */
#define DISTANCE_END UINT64_C(0xffffffff)

/* Ids as one number: compared without a branch. */
static inline unsigned __int128 wide(struct stream_id id)
{
    return (unsigned __int128)id.ms << 64 | id.seq;
}

static inline struct pel_leaf *as_leaf(const struct pel_node *n)
{
    return (struct pel_leaf *)(uintptr_t)n;
}

static inline struct pel_inner *as_inner(const struct pel_node *n)
{
    return (struct pel_inner *)(uintptr_t)n;
}

static inline struct branch *branch_of(const struct pel_node *n)
{
    return &n->parent->branch[n->slot];
}

static inline struct record *leaf_record(const struct pel_leaf *l, unsigned at)
{
    return (struct record *)(uintptr_t)&l->array[l->node.first + at];
}

static inline struct stream_id leaf_id(const struct pel_leaf *l, unsigned at)
{
    uint64_t key = leaf_record(l, at)->key;

    return (struct stream_id){l->base.ms + (key >> 32), l->base.seq + (uint32_t)key};
}

static inline uint64_t owner_bit(uint64_t owner)
{
    return UINT64_C(1) << (owner % 64);
}

static inline uint32_t record_owner(const struct record *r)
{
    return r->held & PEL_NO_OWNER;
}

/* The key of an id in a leaf with this base; false if it is too far from it. */
static inline bool key_from(struct stream_id base, struct stream_id id, uint64_t *key)
{
    uint64_t ms = id.ms - base.ms, seq = id.seq - base.seq;

    *key = ms << 32 | seq;
    return id.ms >= base.ms && id.seq >= base.seq && ms < DISTANCE_END && seq < DISTANCE_END;
}

static inline bool leaf_key(const struct pel_leaf *l, struct stream_id id, uint64_t *key)
{
    return key_from(l->base, id, key);
}

unsigned pel_leaf_search_key(const struct pel_leaf *l, uint64_t key); /* first record not below it */
unsigned pel_leaf_search(const struct pel_leaf *l, struct stream_id id);
unsigned pel_inner_search(const struct pel_inner *in, struct stream_id id); /* the branch it belongs to */
struct pel_leaf *pel_leaf_next(const struct pel_leaf *l);                   /* NULL at the end */
/* What is known of a subtree, anew from the node (and of an inner node's branches, not below). */
void pel_refresh(struct branch *b);

/* A first leaf for an empty tree. */
struct pel_leaf *pel_plant(struct pel *p, struct stream_id id);
/* Makes room for `id`, which belongs before record *at of the leaf: the leaf and the place to open. */
struct pel_leaf *pel_make_room(struct pel *p, struct pel_leaf *l, unsigned *at, struct stream_id id);
/* After a removal left few records or none: drops, merges or shrinks the leaf. */
void pel_thin(struct pel *p, struct pel_leaf *l);
/* Frees so many nodes; true when the tree is gone. */
bool pel_cut_down(struct pel *p, size_t nodes);

/* The counts that do not fit into a record (pel_large.c). take: true if there was one for that id. */
static inline bool count_is_large(uint64_t count)
{
    return count >= COUNT_FULL && count < PEL_COUNT_MAX;
}
void pel_large_add(struct pel *p, struct stream_id id, uint64_t count);
bool pel_large_take(struct pel *p, struct stream_id id, uint64_t *count);
void pel_large_read(const struct pel *p, struct pending *e); /* sets its count, if it has one */
size_t pel_large_memory(const struct pel *p);
void pel_large_check(const struct pel *p);

#endif
