/* queue/release.c - see queue/release.h. */
#include "queue/release.h"
#include "broker/change_stream.h"

static bool next_held(const struct group *g, struct pending *p)
{
    struct stream_id from = STREAM_ID_MIN;

    while (g->backlog->count[PENDING_HELD] && pel_seek_owner(&g->pel, from, PEL_NO_OWNER, p)) {
        if (p->state == PENDING_HELD)
            return true;
        from = p->id;
        if (!stream_id_next(&from))
            break;
    }
    return false;
}

/* What was to be due first, then the dead in the order of their deaths, then the held in that of ids. */
static bool next(const struct group *g, struct pending *p)
{
    const struct note *n = backlog_next_due(g->backlog);

    if (!n)
        n = backlog_first(&g->backlog->dead);
    return n ? pel_find(&g->pel, n->id, p) : next_held(g, p);
}

/* Its consumer keeps it, and it is idle as before. */
static void shorten(const struct queue_at *at, struct group *g, const struct pending *p)
{
    struct holding h;

    change_hold_open(&h, at->b, at->db, at->name, g, group_owner(g, p), p->time);
    change_hold(&h, p->id, p->count);
    change_hold_close(&h);
}

static void give_back(const struct queue_at *at, struct group *g, const struct pending *p)
{
    struct park park;

    change_park_open(&park, at->b, at->db, at->name, g, SLICE(""), SLICE(""), DEATH_NONE);
    change_park(&park, p->id, PENDING_READY, p->count, at->now.wall);
    change_park_close(&park);
}

size_t queue_release(const struct queue_at *at, struct group *g, size_t max)
{
    struct pending p;
    size_t n = 0;

    for (; n < max && next(g, &p); n++) {
        if (p.state == PENDING_EXTENDED)
            shorten(at, g, &p);
        else
            give_back(at, g, &p);
    }
    return n;
}
