/* store/ranking.c - see store/ranking.h.
 *
 * All leaves lie at the same depth and are chained both ways. An inner node keeps, for each child, how many
 * entries lie below it and the first of them. A node that gets less than a quarter full is joined with a
 * neighbour when the two make no more than three quarters; one that gets empty goes. */
#include "store/ranking.h"
#include "base/mem.h"

#define LEAF_MAX  RANK_LEAF_MAX
#define INNER_MAX 30

struct rank_node {
    uint16_t n;
    bool inner;
    struct rank_node *prev, *next; /* of a leaf */
    union {
        struct ranked e[LEAF_MAX];
        struct child {
            struct rank_node *node;
            size_t count;
            struct ranked first;
        } c[INNER_MAX];
    };
};

static size_t node_size(bool inner)
{
    return offsetof(struct rank_node, e) +
           (inner ? sizeof(struct child) * INNER_MAX : sizeof(struct ranked) * LEAF_MAX);
}

static struct rank_node *node_new(struct ranking *r, bool inner)
{
    struct rank_node *n = mem_alloc(node_size(inner));

    n->n = 0;
    n->inner = inner;
    n->prev = n->next = NULL;
    r->nodes++;
    r->leaves += !inner;
    return n;
}

static void node_free(struct ranking *r, struct rank_node *n)
{
    r->nodes--;
    r->leaves -= !n->inner;
    mem_free_sized(n, node_size(n->inner));
}

size_t ranking_memory(const struct ranking *r)
{
    return r->leaves * node_size(false) + (r->nodes - r->leaves) * node_size(true);
}

static size_t node_count(const struct rank_node *n)
{
    size_t count = 0;

    if (!n->inner)
        return n->n;
    for (unsigned i = 0; i < n->n; i++)
        count += n->c[i].count;
    return count;
}

size_t ranking_count(const struct ranking *r)
{
    return r->root ? node_count(r->root) : 0;
}

static struct ranked first_of(const struct rank_node *n)
{
    return n->inner ? n->c[0].first : n->e[0];
}

/* --- finding --- */

/* One that is there, or that is to be there, as a bound. */
struct exact {
    struct ranked e;
    int (*tie)(const void *a, const void *b);
};

static int by_order(const struct ranked *e, const void *bound)
{
    const struct exact *x = bound;

    if (e->score != x->e.score)
        return e->score < x->e.score ? -1 : 1;
    return x->tie(e->entry, x->e.entry);
}

/* The entries of a leaf, or the first ones of an inner node's children, that lie before the bound. */
static unsigned before_in(const struct rank_node *n, ranking_cmp *cmp, const void *bound)
{
    unsigned low = 0, high = n->n;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (cmp(n->inner ? &n->c[mid].first : &n->e[mid], bound) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t ranking_before(const struct ranking *r, ranking_cmp *cmp, const void *bound)
{
    const struct rank_node *n = r->root;
    size_t rank = 0;

    while (n && n->inner) {
        unsigned i = before_in(n, cmp, bound);

        if (i == 0)
            return rank;
        for (unsigned k = 0; k < i - 1; k++)
            rank += n->c[k].count;
        n = n->c[i - 1].node;
    }
    return n ? rank + before_in(n, cmp, bound) : 0;
}

size_t ranking_rank(const struct ranking *r, const struct ranked *e)
{
    return ranking_before(r, by_order, &(struct exact){*e, r->tie});
}

struct rank_pos ranking_at(const struct ranking *r, size_t rank)
{
    const struct rank_node *n = r->root;

    while (n->inner) {
        unsigned i = 0;

        while (rank >= n->c[i].count)
            rank -= n->c[i++].count;
        n = n->c[i].node;
    }
    return (struct rank_pos){n, (unsigned)rank};
}

struct ranked *rank_get(const struct rank_pos *pos)
{
    return (struct ranked *)&pos->leaf->e[pos->i];
}

bool rank_next(struct rank_pos *pos)
{
    if (++pos->i < pos->leaf->n)
        return true;
    *pos = (struct rank_pos){pos->leaf->next, 0};
    return pos->leaf != NULL;
}

bool rank_prev(struct rank_pos *pos)
{
    if (pos->i-- > 0)
        return true;
    pos->leaf = pos->leaf->prev;
    pos->i = pos->leaf ? pos->leaf->n - 1u : 0;
    return pos->leaf != NULL;
}

/* --- adding --- */

static void chain_after(struct rank_node *n, struct rank_node *right)
{
    right->prev = n;
    right->next = n->next;
    if (n->next)
        n->next->prev = right;
    n->next = right;
}

static void unchain(struct rank_node *n)
{
    if (n->prev)
        n->prev->next = n->next;
    if (n->next)
        n->next->prev = n->prev;
}

static void leaf_insert(struct rank_node *n, unsigned at, struct ranked e)
{
    memmove(&n->e[at + 1], &n->e[at], (n->n - at) * sizeof n->e[0]);
    n->e[at] = e;
    n->n++;
}

static void child_insert(struct rank_node *n, unsigned at, struct rank_node *child)
{
    memmove(&n->c[at + 1], &n->c[at], (n->n - at) * sizeof n->c[0]);
    n->c[at] = (struct child){child, node_count(child), first_of(child)};
    n->n++;
}

/* The upper part of a full node moves to a new one at its right. At the end of all nothing moves, so that
 * what comes in order fills its nodes. */
static struct rank_node *split(struct ranking *r, struct rank_node *n, unsigned keep)
{
    struct rank_node *right = node_new(r, n->inner);

    right->n = (uint16_t)(n->n - keep);
    n->n = (uint16_t)keep;
    if (n->inner) {
        memcpy(right->c, &n->c[keep], right->n * sizeof n->c[0]);
    } else {
        memcpy(right->e, &n->e[keep], right->n * sizeof n->e[0]);
        chain_after(n, right);
    }
    return right;
}

static struct rank_node *leaf_add(struct ranking *r, struct rank_node *n, const struct exact *x)
{
    unsigned at = before_in(n, by_order, x);
    struct rank_node *right;

    if (n->n < LEAF_MAX) {
        leaf_insert(n, at, x->e);
        return NULL;
    }
    right = split(r, n, at == LEAF_MAX && !n->next ? LEAF_MAX : LEAF_MAX / 2);
    if (at > n->n || n->n == LEAF_MAX)
        leaf_insert(right, at - n->n, x->e);
    else
        leaf_insert(n, at, x->e);
    return right;
}

static void child_refresh(struct rank_node *n, unsigned i)
{
    n->c[i].count = node_count(n->c[i].node);
    n->c[i].first = first_of(n->c[i].node);
}

static struct rank_node *node_add(struct ranking *r, struct rank_node *n, const struct exact *x);

static struct rank_node *inner_add(struct ranking *r, struct rank_node *n, const struct exact *x)
{
    unsigned at = before_in(n, by_order, x), i = at ? at - 1 : 0;
    struct rank_node *child = node_add(r, n->c[i].node, x), *right;

    if (!child) {
        n->c[i].count++;
        n->c[i].first = first_of(n->c[i].node);
        return NULL;
    }
    child_refresh(n, i++);
    if (n->n < INNER_MAX) {
        child_insert(n, i, child);
        return NULL;
    }
    right = split(r, n, i == INNER_MAX ? INNER_MAX : INNER_MAX / 2);
    if (i > n->n || n->n == INNER_MAX)
        child_insert(right, i - n->n, child);
    else
        child_insert(n, i, child);
    return right;
}

/* The new node at the right of n, if it had to be split. */
static struct rank_node *node_add(struct ranking *r, struct rank_node *n, const struct exact *x)
{
    return n->inner ? inner_add(r, n, x) : leaf_add(r, n, x);
}

void ranking_add(struct ranking *r, struct ranked e)
{
    struct rank_node *right, *root;

    if (!r->root)
        r->root = node_new(r, false);
    right = node_add(r, r->root, &(struct exact){e, r->tie});
    if (!right)
        return;
    root = node_new(r, true);
    child_insert(root, 0, r->root);
    child_insert(root, 1, right);
    r->root = root;
    r->height++;
}

/* --- removing --- */

static void child_remove(struct rank_node *n, unsigned at)
{
    n->n--;
    memmove(&n->c[at], &n->c[at + 1], (n->n - at) * sizeof n->c[0]);
}

/* The child at i + 1 goes into the one at i. */
static void join(struct ranking *r, struct rank_node *n, unsigned i)
{
    struct rank_node *left = n->c[i].node, *right = n->c[i + 1].node;

    if (left->inner) {
        memcpy(&left->c[left->n], right->c, right->n * sizeof left->c[0]);
    } else {
        memcpy(&left->e[left->n], right->e, right->n * sizeof left->e[0]);
        unchain(right);
    }
    left->n = (uint16_t)(left->n + right->n);
    node_free(r, right);
    n->c[i].count += n->c[i + 1].count;
    child_remove(n, i + 1);
}

static bool try_join(struct ranking *r, struct rank_node *n, unsigned i)
{
    unsigned max = n->c[i].node->inner ? INNER_MAX : LEAF_MAX;

    if (i + 1 >= n->n || n->c[i].node->n + n->c[i + 1].node->n > (int)(max - max / 4))
        return false;
    join(r, n, i);
    return true;
}

static void settle(struct ranking *r, struct rank_node *n, unsigned i)
{
    struct rank_node *child = n->c[i].node;
    unsigned max = child->inner ? INNER_MAX : LEAF_MAX;

    if (child->n == 0) {
        if (!child->inner)
            unchain(child);
        node_free(r, child);
        child_remove(n, i);
        return;
    }
    n->c[i].count--;
    n->c[i].first = first_of(child);
    if (child->n < max / 4 && !try_join(r, n, i) && i > 0)
        try_join(r, n, i - 1);
}

static void node_remove(struct ranking *r, struct rank_node *n, const struct exact *x)
{
    unsigned at = before_in(n, by_order, x);

    if (!n->inner) {
        must(at < n->n && n->e[at].entry == x->e.entry);
        n->n--;
        memmove(&n->e[at], &n->e[at + 1], (n->n - at) * sizeof n->e[0]);
        return;
    }
    if (at == n->n || n->c[at].first.entry != x->e.entry)
        at--;
    node_remove(r, n->c[at].node, x);
    settle(r, n, at);
}

void ranking_remove(struct ranking *r, struct ranked e)
{
    struct rank_node *root = r->root;

    node_remove(r, root, &(struct exact){e, r->tie});
    while (root->inner && root->n == 1) {
        r->root = root->c[0].node;
        node_free(r, root);
        root = r->root;
        r->height--;
    }
    if (root->n == 0) {
        node_free(r, root);
        r->root = NULL;
    }
}

/* --- freeing --- */

static void free_below(struct ranking *r, struct rank_node *n, unsigned height, unsigned down_to)
{
    for (unsigned i = 0; height > down_to && i < n->n; i++)
        free_below(r, n->c[i].node, height - 1, down_to);
    node_free(r, n);
}

/* What is buried leaf by leaf has inner nodes left. */
void ranking_free(struct ranking *r)
{
    unsigned down_to = r->burial ? 1 : 0;

    if (r->root && r->height >= down_to)
        free_below(r, r->root, r->height, down_to);
    *r = (struct ranking){.tie = r->tie};
}

size_t ranking_bury_leaf(struct ranking *r, void **out)
{
    struct rank_node *leaf = r->next;
    size_t n;

    if (!r->burial) {
        r->burial = true;
        for (leaf = r->root; leaf && leaf->inner;)
            leaf = leaf->c[0].node;
    }
    if (!leaf)
        return 0;
    n = leaf->n;
    for (size_t i = 0; i < n; i++)
        out[i] = leaf->e[i].entry;
    r->next = leaf->next;
    node_free(r, leaf);
    return n;
}

/* --- checking --- */

struct check {
    const struct rank_node *leaf; /* the last one met */
    int (*tie)(const void *a, const void *b);
    struct ranked last;
    size_t nodes, leaves;
    bool any;
};

static void check_leaf(const struct rank_node *n, struct check *k)
{
    must(n->prev == k->leaf);
    must(!k->leaf || k->leaf->next == n);
    k->leaf = n;
    k->leaves++;
    for (unsigned i = 0; i < n->n; i++) {
        must(!k->any || by_order(&k->last, &(struct exact){n->e[i], k->tie}) < 0);
        k->last = n->e[i];
        k->any = true;
    }
}

static void check_below(const struct rank_node *n, unsigned height, struct check *k)
{
    must(n->inner == (height > 0));
    must(n->n > 0 && n->n <= (n->inner ? INNER_MAX : LEAF_MAX));
    k->nodes++;
    if (!n->inner) {
        check_leaf(n, k);
        return;
    }
    for (unsigned i = 0; i < n->n; i++) {
        must(n->c[i].count == node_count(n->c[i].node));
        must(n->c[i].first.entry == first_of(n->c[i].node).entry);
        must(n->c[i].first.score == first_of(n->c[i].node).score);
        check_below(n->c[i].node, height - 1, k);
    }
}

void ranking_check(const struct ranking *r)
{
    struct check k = {.tie = r->tie};

    if (r->root)
        check_below(r->root, r->height, &k);
    must(!k.leaf || !k.leaf->next);
    must(k.nodes == r->nodes && k.leaves == r->leaves);
}
