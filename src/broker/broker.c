/* broker/broker.c - see broker/broker.h. */
#include "broker/broker.h"
#include "base/mem.h"
#include "broker/change.h"
#include "broker/pubsub.h"
#include "broker/wait.h"
#include "broker_impl.h"

void broker_init(struct broker *b, int dbs, struct hash_seed seed)
{
    *b = (struct broker){.seed = seed, .dbs = dbs, .origin = ORIGIN_CLIENT};
    b->shape.seed = &b->seed;
    b->db = mem_zalloc((size_t)dbs * sizeof *b->db);
    for (int i = 0; i < dbs; i++)
        dict_init(&b->db[i].keys, &key_dict_type, &b->seed);
    dict_init(&b->waiting, &wait_dict_type, &b->seed);
    dict_init(&b->watched, &watch_dict_type, &b->seed);
    list_init(&b->ready);
    list_init(&b->timed_out);
    list_init(&b->touched);
    b->pubsub = pubsub_new(&b->seed);
}

void broker_free(struct broker *b)
{
    heap_free(&b->expiries); /* before the keys, which own its nodes */
    for (int i = 0; i < b->dbs; i++)
        dict_clear(&b->db[i].keys);
    mem_free(b->db);
    dict_clear(&b->waiting);
    dict_clear(&b->watched);
    pubsub_free(b->pubsub);
    heap_free(&b->timeouts);
    outbox_free(&b->aside);
    buf_free(&b->nowhere);
}

/* A key is visible up to and including its instant: it goes one millisecond later. */
static struct expiry *expiry_due(const struct broker *b, msec wall)
{
    struct heap_node *n = b->lazy_only ? NULL : heap_first(&b->expiries);

    return n && n->at < wall ? list_entry(n, struct expiry, node) : NULL;
}

static struct waiter *timeout_due(const struct broker *b, usec mono)
{
    struct heap_node *n = heap_first(&b->timeouts);

    return n && n->at <= mono ? list_entry(n, struct waiter, timeout) : NULL;
}

bool deadlines_run(struct broker *b, struct now now, unsigned max)
{
    struct expiry *e;
    struct waiter *w;

    while (max && (e = expiry_due(b, now.wall))) {
        change_del(b, e->db, key_name(e->key));
        b->stats.expired_keys++;
        max--;
    }
    while (max && (w = timeout_due(b, now.mono))) {
        heap_remove(&b->timeouts, &w->timeout);
        list_push(&b->timed_out, &w->timed_out);
        max--;
    }
    return max == 0;
}

usec deadlines_next(const struct broker *b, struct now now)
{
    struct heap_node *e = b->lazy_only ? NULL : heap_first(&b->expiries), *w = heap_first(&b->timeouts);
    usec next = INT64_MAX, left;

    if (e) {
        left = e->at < now.wall                      ? 0
               : e->at - now.wall > INT64_MAX / 2000 ? INT64_MAX
                                                     : (e->at + 1 - now.wall) * 1000;
        next = left;
    }
    if (w) {
        left = w->at <= now.mono ? 0 : w->at - now.mono;
        next = left < next ? left : next;
    }
    return next;
}
