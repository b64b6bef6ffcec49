/* queue/back.c - see queue/back.h. */
#include "queue/back.h"
#include "broker/change_stream.h"
#include "queue/letter.h"

/* --- one by one --- */

void queue_back_open(struct back *k, const struct queue_at *at, struct group *g)
{
    *k = (struct back){.at = at, .group = g};
}

static void park(struct back *k, enum pending_state state, const struct pending *p, msec when)
{
    const struct queue_at *at = k->at;

    if (!k->parking)
        change_park_open(&k->park, at->b, at->db, at->name, k->group, SLICE(""), k->error, DEATH_NONE);
    k->parking = true;
    change_park(&k->park, p->id, state, p->count, when);
    if (state == PENDING_WAITING)
        queue_due(at, when);
}

/* Another change comes. */
static void unpark(struct back *k)
{
    if (k->parking)
        change_park_close(&k->park);
    k->parking = false;
}

void queue_back_close(struct back *k)
{
    unpark(k);
}

/* Doubles with each delivery up to the maximum, if there is one. */
static msec backoff(const struct rules *r, uint64_t count)
{
    msec max = r->backoffmax, d = r->backoff;

    for (; count > 1 && d < max; count--)
        d = d > max / 2 ? max : d * 2;
    return d;
}

/* So many per cent of it, at most, are taken off. */
static msec jitter(struct broker *b, msec d, int64_t percent)
{
    uint64_t most = (uint64_t)d / 100 * (uint64_t)percent + (uint64_t)d % 100 * (uint64_t)percent / 100;

    return most ? d - (msec)random_below(&b->dice, most + 1) : d;
}

static msec delay_of(const struct back *k, const struct pending *p)
{
    const struct rules *r = k->at->rules;

    switch (k->how) {
    case BACK_AT_ONCE:
        return 0;
    case BACK_LATER:
        return k->delay;
    default:
        return r->backoff ? jitter(k->at->b, backoff(r, p->count), r->jitter) : 0;
    }
}

/* What it dies of; DEATH_NONE: it comes again. */
static enum death death_of(const struct back *k, const struct pending *p, const struct entry *e)
{
    const struct rules *r = k->at->rules;

    if (k->how == BACK_REJECTED)
        return DEATH_REJECTED;
    if (queue_expiry(k->at, e) <= k->at->now.wall)
        return DEATH_EXPIRED;
    return r->maxdeliver && p->count >= (uint64_t)r->maxdeliver ? DEATH_MAXDELIVER : DEATH_NONE;
}

static msec later(msec now, msec delay)
{
    msec at;

    return __builtin_add_overflow(now, delay, &at) ? INT64_MAX : at;
}

void queue_back(struct back *k, const struct pending *p)
{
    const struct queue_at *at = k->at;
    struct entry e;
    enum death why;
    msec delay;

    if (!stream_find(at->s, p->id, &e)) {
        unpark(k);
        change_end(at->b, at->db, at->name, k->group, END_DROPPED, &p->id, 1);
        return;
    }
    why = death_of(k, p, &e);
    if (why != DEATH_NONE) {
        unpark(k);
        queue_die(at, k->group, p, &e, why, k->error);
        return;
    }
    at->b->stats.messages.retried++;
    delay = delay_of(k, p);
    if (delay > 0)
        park(k, PENDING_WAITING, p, later(at->now.wall, delay));
    else
        park(k, PENDING_READY, p, at->now.wall);
}

size_t queue_back_held(const struct queue_at *at, struct group *g, const struct consumer *c, bool extended,
                       size_t max)
{
    struct back k;
    struct pending p = {.id = STREAM_ID_MIN};
    size_t n = 0;

    queue_back_open(&k, at, g);
    while (n < max && c->pending && pel_seek_owner(&g->pel, p.id, c->slot, &p)) {
        if (extended || p.state != PENDING_EXTENDED) {
            queue_back(&k, &p);
            n++;
        }
        if (!stream_id_next(&p.id))
            break;
    }
    queue_back_close(&k);
    return n;
}

size_t queue_consumer_delete(struct broker *b, int db, struct slice name, const struct stream *s,
                             struct group *g, struct consumer *c, struct now now)
{
    size_t held = c->pending;
    struct queue_at at;

    if (queue_at(&at, b, db, name, s, now) && at.q->governed)
        queue_back_held(&at, g, c, true, SIZE_MAX);
    change_consumer_delete(b, db, name, g, c);
    return held;
}

/* --- what is due --- */

static msec lease_end(const struct queue_at *at, const struct group *g, struct pending *p)
{
    if (!at->rules->ackwait || !pel_oldest(&g->pel, p))
        return INT64_MAX;
    return later(p->time, at->rules->ackwait);
}

msec queue_back_next(const struct queue_at *at, const struct group *g)
{
    const struct note *n = backlog_next_due(g->backlog);
    struct pending p;
    msec lease = lease_end(at, g, &p);

    return n && n->due.at < lease ? n->due.at : lease;
}

/* The one whose time is over first: an extended lease, a wait, or a lease by policy. */
static bool next_due(const struct queue_at *at, const struct group *g, struct pending *p)
{
    const struct note *n = backlog_next_due(g->backlog);
    msec lease = lease_end(at, g, p);

    if (n && n->due.at <= lease)
        return n->due.at <= at->now.wall && pel_find(&g->pel, n->id, p);
    return lease <= at->now.wall;
}

size_t queue_back_due(const struct queue_at *at, struct group *g, size_t max)
{
    struct back k;
    struct pending p;
    size_t n = 0;

    queue_back_open(&k, at, g);
    for (; n < max && next_due(at, g, &p); n++) {
        if (p.state == PENDING_WAITING)
            park(&k, PENDING_READY, &p, at->now.wall);
        else
            queue_back(&k, &p);
    }
    queue_back_close(&k);
    return n;
}
