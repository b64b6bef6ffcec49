/* queue/unseen.c - see queue/unseen.h.
 *
 * A group lists its consumers in the order in which they were seen, so that only the first need be looked at.
 * One that waits is seen when somebody asks, which is when a consumer's time seems to be over, and not again
 * until one's seems to be who was seen since: whoever was not by then does not wait. */
#include "queue/unseen.h"
#include "broker/change_stream.h"
#include "broker/wait.h"
#include "queue/back.h"
#include "queue/take.h"

void queue_consumer_seen(const struct queue_at *at)
{
    if (at->rules->consumeridle)
        queue_due(at, at->now.wall + at->rules->consumeridle);
}

void queue_consumer_made(struct broker *b, int db, struct slice name, const struct stream *s, struct now now)
{
    struct queue_at at;

    if (queue_at(&at, b, db, name, s, now))
        queue_consumer_seen(&at);
}

static void see_those_who_wait(const struct queue_at *at, struct group *g)
{
    struct wait_key *k = wait_key_find(at->b, at->db, at->name);
    struct wait_line *line = k ? wait_line_find(k, WAIT_GROUP, group_name(g)) : NULL;

    change_consumers_asked(g, at->now.wall);
    if (!line)
        return;
    list_for_each (it, &line->waiters) {
        struct consumer *c = group_consumer(g, list_entry(it, struct wait_link, node)->waiter->as);

        if (c)
            change_consumer_seen(g, c, at->now.wall);
    }
}

msec queue_unseen_next(const struct queue_at *at, const struct group *g)
{
    const struct consumer *c = at->rules->consumeridle ? group_longest_unseen(g) : NULL;

    return c ? c->seen + at->rules->consumeridle : INT64_MAX;
}

/* What it holds for ever comes back. What is left ends by itself, and it is looked at when that has. */
static size_t remove(const struct queue_at *at, struct group *g, struct consumer *c, size_t max)
{
    size_t n = at->rules->ackwait ? 0 : queue_back_held(at, g, c, false, max);

    if (n == max)
        return n;
    if (c->pending)
        change_consumer_set_aside(g, c);
    else
        change_consumer_delete(at->b, at->db, at->name, g, c);
    return n + 1;
}

size_t queue_unseen_due(const struct queue_at *at, struct group *g, size_t max)
{
    size_t n = 0;

    while (n < max && queue_unseen_next(at, g) <= at->now.wall) {
        struct consumer *c = group_longest_unseen(g);

        if (c->seen >= g->backlog->asked)
            see_those_who_wait(at, g);
        else
            n += remove(at, g, c, max - n);
    }
    if (n)
        queue_freed(at);
    return n;
}
