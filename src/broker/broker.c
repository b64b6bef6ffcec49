/* broker/broker.c - see broker/broker.h. */
#include "broker/broker.h"
#include "base/mem.h"
#include "base/mem_stats.h"
#include "broker/change.h"
#include "broker/change_idmp.h"
#include "broker/grave.h"
#include "broker/pubsub.h"
#include "broker/unsettled.h"
#include "broker/wait.h"
#include "broker_impl.h"

void broker_init(struct broker *b, int dbs, struct hash_seed seed)
{
    *b = (struct broker){.seed = seed, .dbs = dbs, .origin = ORIGIN_CLIENT};
    b->shape.seed = &b->seed;
    random_seed(&b->dice, seed.k0 ^ seed.k1);
    b->idmp_limits = IDMP_LIMITS;
    b->idmp_max_ids = b->queue_dedup_max = UINT64_MAX;
    b->db = mem_zalloc((size_t)dbs * sizeof *b->db);
    for (int i = 0; i < dbs; i++) {
        dict_init(&b->db[i].keys, &key_dict_type, &b->seed);
        b->db[i].due.pos = HEAP_OUT;
    }
    dict_init(&b->libraries, &library_dict_type, &b->seed);
    dict_init(&b->waiting, &wait_dict_type, &b->seed);
    dict_init(&b->watched, &watch_dict_type, &b->seed);
    list_init(&b->ready);
    list_init(&b->timed_out);
    list_init(&b->touched);
    list_init(&b->graves);
    list_init(&b->unsettled);
    policies_init(&b->policies, dbs);
    b->pubsub = pubsub_new(&b->seed);
}

void broker_free(struct broker *b)
{
    heap_free(&b->expiries);
    for (int i = 0; i < b->dbs; i++) {
        heap_free(&b->db[i].expiries); /* before the keys, which own its nodes */
        dict_clear(&b->db[i].keys);
    }
    dict_clear(&b->libraries);
    while (graves_dig(b, SIZE_MAX))
        ;
    mem_free(b->db);
    heap_free(&b->queues);
    heap_free(&b->forgetting); /* after the keys, whose streams take their nodes out */
    unsettled_clear(b);
    policies_free(&b->policies);
    heap_free(&b->queues);
    dict_clear(&b->waiting);
    dict_clear(&b->watched);
    pubsub_free(b->pubsub);
    heap_free(&b->timeouts);
    heap_free(&b->claims);
    outbox_free(&b->aside);
    buf_free(&b->nowhere);
}

bool broker_short(const struct broker *b)
{
    return (b->max_memory && mem_used() > b->max_memory) || (b->journal && journal_short(b->journal));
}

uint64_t broker_keys(const struct broker *b)
{
    uint64_t n = 0;

    for (int i = 0; i < b->dbs; i++)
        n += dict_count(&b->db[i].keys);
    return n;
}

static struct heap_node *forgetting_next(const struct broker *b)
{
    return b->lazy_only || b->frozen ? NULL : heap_first(&b->forgetting);
}

static struct due_place *forgetting_due(const struct broker *b, msec wall)
{
    struct heap_node *n = forgetting_next(b);

    return n && n->at <= wall ? list_entry(n, struct due_place, node) : NULL;
}

static struct waiter *timeout_due(const struct broker *b, usec mono)
{
    struct heap_node *n = heap_first(&b->timeouts);

    return n && n->at <= mono ? list_entry(n, struct waiter, timeout) : NULL;
}

static struct wait_line *claim_due(const struct broker *b, msec wall)
{
    struct heap_node *n = heap_first(&b->claims);

    return n && n->at <= wall ? list_entry(n, struct wait_line, due) : NULL;
}

/* Waits that are over go first: they are few, and a million keys that expire at one instant must not hold
 * them up. */
bool deadlines_run(struct broker *b, struct now now, unsigned max)
{
    struct expiry *e;
    struct due_place *p;
    struct waiter *w;
    struct wait_line *l;
    unsigned ended = 0, claims = 0, expired = 0, forgotten = 0;
    int db;

    b->ticks = ticks_of(now);
    while (ended < max && (w = timeout_due(b, now.mono))) {
        heap_remove(&b->timeouts, &w->timeout);
        list_push(&b->timed_out, &w->timed_out);
        ended++;
    }
    while (claims < max && (l = claim_due(b, now.wall))) {
        heap_remove(&b->claims, &l->due);
        wait_ready(b, l->key);
        claims++;
    }
    while (expired < max && (e = expiry_due(b, now.wall, &db))) {
        change_expired(b, db, key_name(e->key));
        expired++;
    }
    while (forgotten < max && (p = forgetting_due(b, now.wall)))
        forgotten += change_idmp_sweep(b, p, now.wall, max - forgotten);
    return ended == max || claims == max || expired == max || forgotten == max;
}

static usec sooner(usec a, usec b)
{
    return a < b ? a : b;
}

#define CLOCK_LOOK ((usec)1000000) /* how often the wall clock is looked at while something hangs on it */

/* Microseconds until the wall clock shows `at`, or until it is to be looked at again. */
static usec left_until(msec at, msec wall)
{
    return at <= wall ? 0 : at - wall >= CLOCK_LOOK / 1000 ? CLOCK_LOOK : (at - wall) * 1000;
}

usec deadlines_next(const struct broker *b, struct now now)
{
    struct heap_node *w = heap_first(&b->timeouts), *c = heap_first(&b->claims), *f = forgetting_next(b);
    struct heap_node *q = due_next(b);
    msec at;
    usec next = unsettled_any(b) ? 0 : INT64_MAX;

    if (q)
        next = sooner(next, left_until(q->at, now.wall));
    if (expiry_next(b, &at))
        next = sooner(next, left_until(at == INT64_MAX ? at : at + 1, now.wall));
    if (f)
        next = sooner(next, left_until(f->at, now.wall));
    if (c)
        next = sooner(next, left_until(c->at, now.wall));
    if (w)
        next = sooner(next, w->at <= now.mono ? 0 : w->at - now.mono);
    return next;
}
