/* queue/expire.c - see queue/expire.h.
 *
 * A message expires in each group that has not done it and does not hold it: at once where nobody has it, and
 * where it is leased when the lease ends. The queue's TTL runs from the arrival, and arrivals rise with the
 * ids, so that of all messages only the oldest not yet looked at need be known. */
#include "queue/expire.h"
#include "queue/letter.h"

static msec sooner(msec a, msec b)
{
    return a < b ? a : b;
}

msec queue_expiry(const struct queue_at *at, const struct entry *e)
{
    struct entry_attrs a;
    msec over = INT64_MAX;

    entry_attrs(e, &a);
    if (at->rules->ttl && __builtin_add_overflow(a.arrival, at->rules->ttl, &over))
        over = INT64_MAX;
    return a.expires ? sooner(a.expires, over) : over;
}

/* In one group, unless somebody has it there, or it was dead before, or done. */
static void expire_in(const struct queue_at *at, struct group *g, const struct entry *e)
{
    struct pending p = {.id = e->id, .owner = PEL_NO_OWNER};

    bool dies = pel_find(&g->pel, e->id, &p) ? !pending_is_leased(&p) && p.state != PENDING_DEAD
                                             : group_is_new(g, e->id) && stream_entry_is_for(at->s, e, g);

    if (dies)
        queue_die(at, g, &p, e, DEATH_EXPIRED, SLICE(""));
}

/* What all groups have done stays as the queue's retention has it. False: nobody takes its letter, and
 * without a group there is no place to be dead in. */
static bool expire(const struct queue_at *at, const struct entry *e)
{
    struct entry still;

    if (at->q->groups == 0)
        return queue_die_alone(at, e, DEATH_EXPIRED);
    for (size_t i = 0; i < at->q->groups && stream_find(at->s, e->id, &still); i++)
        expire_in(at, at->q->group[i], &still);
    return true;
}

/* Those with a TTL of their own. */
static size_t expire_own(const struct queue_at *at, size_t max)
{
    struct stream_id id;
    struct entry e;
    size_t n = 0;

    for (; n < max && change_queue_own_over(at->s, at->now.wall, &id); n++)
        if (stream_find(at->s, id, &e) && !expire(at, &e))
            change_queue_own_again(at->s, id, at->now.wall + QUEUE_BURY_EVERY);
    return n;
}

size_t queue_expire_due(const struct queue_at *at, size_t max)
{
    struct stream_pos pos = at->q->aged, before = pos;
    struct entry e;
    size_t n = expire_own(at, max);

    if (!at->rules->ttl)
        return n;
    for (; n < max && stream_next(at->s, &pos, &e) && queue_expiry(at, &e) <= at->now.wall; n++) {
        if (!expire(at, &e))
            break;
        before = pos;
    }
    change_queue_aged(at->s, &before);
    return n;
}

msec queue_expire_next(const struct queue_at *at)
{
    struct stream_pos pos = at->q->aged;
    struct entry e;
    msec next = queue_own_next(at->q);

    if (at->rules->ttl && stream_next(at->s, &pos, &e))
        next = sooner(next, queue_expiry(at, &e));
    return next;
}
