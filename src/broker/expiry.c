/* broker/expiry.c - when keys expire. Each database has a heap of its own, and the broker one of databases,
 * each at its earliest key: so a database is emptied or exchanged without a look at its keys. */
#include "base/mem.h"
#include "broker_impl.h"

/* Its first key is another, perhaps. */
static void follow(struct broker *b, struct db *d)
{
    const struct heap_node *first = heap_first(&d->expiries);

    if (!first)
        heap_remove(&b->expiries, &d->due);
    else if (d->due.pos == HEAP_OUT || d->due.at != first->at)
        heap_put(&b->expiries, &d->due, first->at);
}

void expiry_set(struct broker *b, int db, struct key *k, msec at)
{
    struct db *d = &b->db[db];

    if (!k->expiry) {
        k->expiry = mem_alloc(sizeof *k->expiry);
        *k->expiry = (struct expiry){.node.pos = HEAP_OUT, .key = k};
    }
    d->expiry_sum += at - k->expiry->node.at; /* 0 in a new one */
    heap_put(&d->expiries, &k->expiry->node, at);
    follow(b, d);
}

void expiry_drop(struct broker *b, int db, struct key *k)
{
    struct db *d = &b->db[db];

    if (!k->expiry)
        return;
    heap_remove(&d->expiries, &k->expiry->node);
    d->expiry_sum -= k->expiry->node.at;
    mem_free(k->expiry);
    k->expiry = NULL;
    follow(b, d);
}

/* The keys go too, so their nodes are not looked at: there may be millions. */
void expiry_forget_all(struct broker *b, int db)
{
    heap_drop(&b->db[db].expiries);
    b->db[db].expiry_sum = 0;
    follow(b, &b->db[db]);
}

/* The node of a database is at another place afterwards: out, and in again. */
void expiry_swap(struct broker *b, int one, int other)
{
    struct db *a = &b->db[one], *z = &b->db[other], held;

    heap_remove(&b->expiries, &a->due);
    heap_remove(&b->expiries, &z->due);
    held = *a;
    *a = *z;
    *z = held;
    follow(b, a);
    follow(b, z);
}

bool expiry_next(const struct broker *b, msec *at)
{
    const struct heap_node *first = b->lazy_only || b->frozen ? NULL : heap_first(&b->expiries);

    if (first)
        *at = first->at;
    return first != NULL;
}

/* A key is visible up to and including its instant: it goes one millisecond later. */
struct expiry *expiry_due(const struct broker *b, msec wall, int *db)
{
    const struct db *d;
    msec at;

    if (!expiry_next(b, &at) || at >= wall)
        return NULL;
    d = list_entry(heap_first(&b->expiries), struct db, due);
    *db = (int)(d - b->db);
    return list_entry(heap_first(&d->expiries), struct expiry, node);
}
