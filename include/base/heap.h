/* base/heap.h - a priority queue of nodes inside the callers' structs, smallest `at` first; equal ones
 * in no order, unless the heap has one for them. Insert and remove anywhere are O(log n). */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_OUT SIZE_MAX /* heap_node.pos of a node that is in no heap; set it before first use */

struct heap_node {
    int64_t at;
    size_t pos;
};

struct heap {
    struct heap_node **v;
    size_t n, cap;
    bool (*before)(const struct heap_node *a, const struct heap_node *b); /* of equal ones; NULL: no order */
};

static inline struct heap_node *heap_first(const struct heap *h) /* NULL when empty */
{
    return h->n ? h->v[0] : NULL;
}

void heap_put(struct heap *h, struct heap_node *node, int64_t at); /* inserts, or moves one that is in */
void heap_remove(struct heap *h, struct heap_node *node);          /* no-op when it is out */
void heap_free(struct heap *h);
/* The same without a look at the nodes, which are not to be used in a heap any more. */
void heap_drop(struct heap *h);
void heap_check(const struct heap *h);

#endif
