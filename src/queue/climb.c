/* queue/climb.c - see queue/climb.h. */
#include "queue/climb.h"

void climb_open(struct climb *c, const struct queue_at *at)
{
    c->levels = queue_levels(at->q);
    for (unsigned i = 0; i < c->levels; i++)
        c->head[i].what = CLIMBER_UNKNOWN;
}

/* The last level is for those of all higher ones, too. */
static const struct note *first_ready(const struct climb *c, const struct backlog *b, unsigned level)
{
    const struct note *first = backlog_first(&b->ready[level]);

    for (unsigned i = level + 1; level + 1 == c->levels && i < LEVELS_MAX; i++) {
        const struct note *n = backlog_first(&b->ready[i]);

        if (n && (!first || n->turn < first->turn))
            first = n;
    }
    return first;
}

static msec arrival_of(const struct entry *e)
{
    struct entry_attrs a;

    entry_attrs(e, &a);
    return a.arrival;
}

/* When it came back is not known of what had come back before the stream was a queue. */
static msec ready_since(const struct queue_at *at, const struct note *n)
{
    struct entry e;

    return n->due.at || !stream_find(at->s, n->id, &e) ? n->due.at : arrival_of(&e);
}

static void look(struct climb *c, const struct queue_at *at, struct group *g, unsigned level)
{
    const struct note *n = first_ready(c, g->backlog, level);
    struct climber *head = &c->head[level];
    struct entry e;

    if (n)
        *head = (struct climber){CLIMBER_READY, n->id, ready_since(at, n)};
    else if (change_queue_new_of(at->s, g, level, &e))
        *head = (struct climber){CLIMBER_NEW, e.id, arrival_of(&e)};
    else
        head->what = CLIMBER_NONE;
}

static msec height(const struct queue_at *at, const struct climber *head, unsigned level)
{
    msec now = at->now.wall, aging = at->rules->aging;

    return (msec)level + (aging && now > head->since ? (now - head->since) / aging : 0);
}

bool climb_next(struct climb *c, const struct queue_at *at, struct group *g, struct climber *next)
{
    unsigned best = LEVELS_MAX;

    for (unsigned i = c->levels; i-- > 0 && (at->rules->aging || best == LEVELS_MAX);) {
        if (c->head[i].what == CLIMBER_UNKNOWN)
            look(c, at, g, i);
        if (c->head[i].what != CLIMBER_NONE &&
            (best == LEVELS_MAX || height(at, &c->head[i], i) > height(at, &c->head[best], best)))
            best = i;
    }
    if (best == LEVELS_MAX)
        return false;
    *next = c->head[best];
    if (next->what == CLIMBER_NEW)
        change_queue_looked(g, best, next->id);
    c->head[best].what = CLIMBER_UNKNOWN;
    return true;
}
