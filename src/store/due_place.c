/* due_place.c - where the broker finds a key in which something is due. */
#include "store/due_place.h"

#include "base/list.h"
#include "base/mem.h"

void due_place_put(struct due_place *p, struct heap *heap, int db, struct slice name, msec at)
{
    if (p->heap != heap || p->db != db || !slice_eq(p->name, name)) {
        due_place_drop(p);
        *p = (struct due_place){
            .node.pos = HEAP_OUT, .heap = heap, .db = db, .name = {mem_strdup(name), name.n}};
    }
    heap_put(heap, &p->node, at);
}

void due_place_drop(struct due_place *p)
{
    if (!p->heap)
        return;
    heap_remove(p->heap, &p->node);
    mem_free((char *)(uintptr_t)p->name.p);
    *p = DUE_NOWHERE;
}

void due_places_swap(struct heap *heap, int one, int other)
{
    for (size_t i = 0; i < heap->n; i++) {
        struct due_place *p = list_entry(heap->v[i], struct due_place, node);

        if (p->db == one || p->db == other)
            p->db = p->db == one ? other : one;
    }
}
