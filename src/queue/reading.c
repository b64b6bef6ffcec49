/* queue/reading.c - see queue/reading.h. */
#include "queue/reading.h"
#include "queue/back.h"
#include "queue/take.h"
#include "queue/unseen.h"

/* Some of what it holds, unless the policy has changed: how much of `max` that took. */
static size_t settle(const struct queue_at *at, struct group *g, struct consumer *c, size_t max)
{
    bool back = at->rules->ondisconnect == ONDISCONNECT_REQUEUE;
    size_t n = back ? queue_back_held(at, g, c, true, max) : 1;

    if (!back || !c->pending)
        change_gone_settled(c);
    return n;
}

size_t queue_gone_due(const struct queue_at *at, struct group *g, size_t max)
{
    size_t n = 0;

    while (n < max && !list_empty(&g->gone))
        n += settle(at, g, list_entry(g->gone.next, struct consumer, gone), max - n);
    if (n)
        queue_freed(at);
    return n;
}

void queue_read_as(const struct queue_at *at, struct readings *r, struct group *g, struct consumer *c)
{
    queue_consumer_seen(at);
    if (list_linked(&c->gone))
        settle(at, g, c, SIZE_MAX);
    if (r && at->rules->ondisconnect == ONDISCONNECT_REQUEUE)
        change_reads_as(r, at->s, g, c);
}
