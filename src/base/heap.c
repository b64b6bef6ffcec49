/* base/heap.c - a binary heap in an array; each node knows its place. */
#include "base/heap.h"
#include "base/mem.h"

#define CAP_MIN 8

static bool before(const struct heap *h, const struct heap_node *a, const struct heap_node *b)
{
    return a->at != b->at ? a->at < b->at : h->before && h->before(a, b);
}

static void place(struct heap *h, struct heap_node *node, size_t pos)
{
    h->v[pos] = node;
    node->pos = pos;
}

static void sift_up(struct heap *h, struct heap_node *node, size_t pos)
{
    while (pos > 0 && before(h, node, h->v[(pos - 1) / 2])) {
        place(h, h->v[(pos - 1) / 2], pos);
        pos = (pos - 1) / 2;
    }
    place(h, node, pos);
}

static void sift_down(struct heap *h, struct heap_node *node, size_t pos)
{
    size_t child;

    while ((child = pos * 2 + 1) < h->n) {
        if (child + 1 < h->n && before(h, h->v[child + 1], h->v[child]))
            child++;
        if (!before(h, h->v[child], node))
            break;
        place(h, h->v[child], pos);
        pos = child;
    }
    place(h, node, pos);
}

static void settle(struct heap *h, struct heap_node *node, size_t pos)
{
    if (pos > 0 && before(h, node, h->v[(pos - 1) / 2]))
        sift_up(h, node, pos);
    else
        sift_down(h, node, pos);
}

static void resize(struct heap *h, size_t cap)
{
    h->v = mem_realloc(h->v, cap * sizeof(h->v[0]));
    h->cap = cap;
}

void heap_put(struct heap *h, struct heap_node *node, int64_t at)
{
    node->at = at;
    if (node->pos != HEAP_OUT) {
        must(node->pos < h->n && h->v[node->pos] == node);
        settle(h, node, node->pos);
        return;
    }
    if (h->n == h->cap)
        resize(h, h->cap ? h->cap * 2 : CAP_MIN);
    h->n++;
    sift_up(h, node, h->n - 1);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    size_t pos = node->pos;
    struct heap_node *last;

    if (pos == HEAP_OUT)
        return;
    must(pos < h->n && h->v[pos] == node);
    last = h->v[--h->n];
    node->pos = HEAP_OUT;
    if (last != node)
        settle(h, last, pos);
    if (h->cap > CAP_MIN && h->n < h->cap / 4)
        resize(h, h->cap / 2);
}

void heap_drop(struct heap *h)
{
    mem_free(h->v);
    *h = (struct heap){0};
}

void heap_free(struct heap *h)
{
    for (size_t i = 0; i < h->n; i++)
        h->v[i]->pos = HEAP_OUT;
    heap_drop(h);
}

void heap_check(const struct heap *h)
{
    must(h->n <= h->cap);
    for (size_t i = 0; i < h->n; i++) {
        must(h->v[i]->pos == i);
        must(i == 0 || !before(h, h->v[i], h->v[(i - 1) / 2]));
    }
}
