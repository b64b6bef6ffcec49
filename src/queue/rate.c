/* queue/rate.c - see queue/rate.h. */
#include "queue/rate.h"

#define ONE                                                                                                  \
    1000 /* a delivery, as it is counted in the bucket: n of them flow in a second, n of these in a ms */

static void fill(const struct queue_at *at, struct group *g)
{
    msec now = at->now.wall, since = g->backlog->rate.at;
    int64_t full = at->rules->rate * ONE, left = g->backlog->rate.left;

    if (since == 0 || now < since) /* the first look, or the clock went back */
        left = since == 0 ? 0 : left;
    else if (now - since >= ONE || left + (now - since) * at->rules->rate > full)
        left = full;
    else
        left += (now - since) * at->rules->rate;
    change_queue_rate(g, now, left);
}

uint64_t queue_rate_left(const struct queue_at *at, struct group *g)
{
    fill(at, g);
    if (g->backlog->rate.left < ONE)
        queue_due(at, queue_rate_next(at, g));
    return g->backlog->rate.left < ONE ? 0 : (uint64_t)g->backlog->rate.left / ONE;
}

void queue_rate_spend(const struct queue_at *at, struct group *g, uint64_t n)
{
    change_queue_rate(g, at->now.wall, g->backlog->rate.left - (int64_t)n * ONE);
}

msec queue_rate_next(const struct queue_at *at, const struct group *g)
{
    int64_t rate = at->rules->rate, lacks = ONE - g->backlog->rate.left;

    return rate == 0 || lacks <= 0 ? INT64_MAX : g->backlog->rate.at + (lacks + rate - 1) / rate;
}
