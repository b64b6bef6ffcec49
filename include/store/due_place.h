/* store/due_place.h - where the broker finds a key in which something is due: a node of a heap of deadlines,
 * under the key's name. What the key held then may be elsewhere by now: whoever meets the place looks. */
#ifndef STORE_DUE_PLACE_H
#define STORE_DUE_PLACE_H

#include "base/clock.h"
#include "base/heap.h"
#include "base/slice.h"

struct due_place {
    struct heap_node node;
    struct heap *heap; /* NULL: in none */
    int db;
    struct slice name; /* owned */
};

#define DUE_NOWHERE ((struct due_place){.node.pos = HEAP_OUT})

/* Puts it into the heap, or moves it there. The name is copied. */
void due_place_put(struct due_place *p, struct heap *heap, int db, struct slice name, msec at);
void due_place_drop(struct due_place *p); /* no-op when it is in none */
/* What stands in one of two databases stands in the other. */
void due_places_swap(struct heap *heap, int one, int other);

#endif
