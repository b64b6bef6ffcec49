/* queue/attach.c - see queue/attach.h. */
#include "queue/attach.h"
#include "broker/change_queue.h"
#include "broker/wait.h"
#include "store/lanes.h"

#define FREED_AT_ONCE 1000

/* What no rule keeps from being delivered any more: the HELD that nobody comes before, and without a policy
 * those that wait or are dead, too. */
static bool is_free(const struct key *k, const struct group *g, const struct pending *p)
{
    const struct lanes *l = g->backlog->lanes;
    struct entry e;

    if (p->state == PENDING_HELD)
        return !l || !stream_find(k->stream, p->id, &e) || !lanes_come_before(l, lanes_of(l, &e), p->id);
    return !stream_queue(k->stream)->governed && (p->state == PENDING_WAITING || p->state == PENDING_DEAD);
}

/* Of those from *from on, in the order of their ids, some are READY now; false: they were the last. */
static bool free_some(struct broker *b, int db, const struct key *k, struct group *g, struct stream_id *from)
{
    struct pending p;
    struct park park;
    bool more = true;

    change_park_open(&park, b, db, key_name(k), g, SLICE(""), SLICE(""), DEATH_NONE);
    while (more && park.n < FREED_AT_ONCE && pel_seek_owner(&g->pel, *from, PEL_NO_OWNER, &p)) {
        if (is_free(k, g, &p))
            change_park(&park, p.id, PENDING_READY, p.count, 0);
        *from = p.id;
        more = stream_id_next(from);
    }
    more = more && park.n == FREED_AT_ONCE;
    change_park_close(&park);
    return more;
}

static void free_all(struct broker *b, int db, const struct key *k)
{
    const struct queue *q = stream_queue(k->stream);

    for (size_t i = 0; i < q->groups; i++) {
        const size_t *n = q->group[i]->backlog->count;
        struct stream_id from = STREAM_ID_MIN;
        bool more = n[PENDING_HELD] || (!q->governed && n[PENDING_WAITING] + n[PENDING_DEAD]);

        while (more)
            more = free_some(b, db, k, q->group[i], &from);
    }
}

void queue_attach(struct broker *b, int db, struct key *k, const struct rules *r)
{
    const struct queue *q = stream_queue(k->stream);

    if (q && q->governed ? r && rules_equal(&q->rules, r) : !r)
        return;
    if (!q)
        change_queue_make(b, db, key_name(k));
    change_queue_rules(b, db, key_name(k), k->stream, r);
    free_all(b, db, k);
    if (b->waiters) /* what they wait for may go now */
        wait_signal(b, db, key_name(k));
}
