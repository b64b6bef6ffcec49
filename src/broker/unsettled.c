/* broker/unsettled.c - see broker/unsettled.h. */
#include "broker/unsettled.h"
#include "base/mem.h"

#define LISTED_MAX 10000 /* beyond, a sweep costs less */

void unsettled_add(struct broker *b, int db, struct slice name)
{
    struct unsettled *u;

    if (b->db[db].sweeping && b->db[db].sweep == 0) /* it will be met */
        return;
    if (b->unsettled_n == LISTED_MAX || name.n > QUEUE_NAME_MAX) {
        unsettled_sweep(b, db);
        return;
    }
    u = mem_alloc(sizeof *u + name.n);
    *u = (struct unsettled){.db = db, .name_len = (uint32_t)name.n};
    memcpy(u->name, name.p, name.n);
    list_push(&b->unsettled, &u->node);
    b->unsettled_n++;
}

void unsettled_sweep(struct broker *b, int db)
{
    b->sweeps += !b->db[db].sweeping;
    b->db[db].sweeping = true;
    b->db[db].sweep = 0;
}

struct unsettled *unsettled_take(struct broker *b)
{
    struct unsettled *u;

    if (list_empty(&b->unsettled))
        return NULL;
    u = list_entry(b->unsettled.next, struct unsettled, node);
    list_remove(&u->node);
    b->unsettled_n--;
    return u;
}

int unsettled_swept(const struct broker *b)
{
    int db = 0;

    if (!b->sweeps)
        return -1;
    while (!b->db[db].sweeping)
        db++;
    return db;
}

struct gathering {
    struct buf *keys;
    size_t n;
};

static void gather(void *entry, void *arg)
{
    struct gathering *g = arg;
    struct key *k = entry;

    g->n++;
    if (k->type == KEY_STREAM)
        buf_add(g->keys, &k, sizeof k);
}

size_t unsettled_some(struct broker *b, int db, size_t max, struct buf *keys)
{
    struct gathering g = {.keys = keys};
    struct db *d = &b->db[db];

    do {
        d->sweep = dict_scan(&d->keys, d->sweep, gather, &g);
        g.n++; /* a chain without keys is work, too */
    } while (d->sweep && g.n < max);
    if (d->sweep == 0) {
        d->sweeping = false;
        b->sweeps--;
    }
    return g.n;
}

void unsettled_clear(struct broker *b)
{
    struct unsettled *u;

    while ((u = unsettled_take(b)))
        mem_free(u);
}
