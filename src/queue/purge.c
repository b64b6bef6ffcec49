/* queue/purge.c - see queue/purge.h. */
#include "queue/purge.h"
#include "base/mem.h"
#include "broker/change_delay.h"
#include "broker/change_stream.h"
#include "queue/letter.h"
#include "queue/take.h"
#include "store/inbox.h"
#include <stdlib.h>

#define BATCH 1024 /* ids of a record */

/* What all groups have done by now goes where the queue does not retain it. */
static void let_go_all(const struct purged *at)
{
    struct stream_trim how = {.kind = TRIM_MAXLEN, .refs = REFS_SPARE};
    struct queue_at q;

    if (queue_at(&q, at->b, at->db, at->name, at->s, at->now) && q.rules->retention == RETENTION_QUEUE)
        change_xtrim(at->b, at->db, at->name, &how);
}

/* --- of a group --- */

static uint64_t count_new(const struct purged *at, const struct group *g)
{
    return g->backlog ? g->backlog->fresh : stream_count_new(at->s, g, STREAM_ID_MAX);
}

uint64_t queue_purge_new(const struct purged *at, struct group *g)
{
    struct stream_id last = stream_last_id(at->s);
    uint64_t n = count_new(at, g);

    if (n == 0)
        return 0;
    change_group_setid(at->b, at->db, at->name, g, last, stream_estimate_read(at->s, last));
    let_go_all(at);
    return n;
}

static void end(const struct purged *at, struct group *g, const struct stream_id *id, size_t n)
{
    struct queue_at q;

    if (!stream_queue(at->s)) {
        queue_ack_ids(at->b, at->db, at->name, at->s, g, id, n, at->now);
        return;
    }
    change_end(at->b, at->db, at->name, g, END_DROPPED, id, n);
    if (queue_at(&q, at->b, at->db, at->name, at->s, at->now))
        queue_let_go(&q, id, n, false);
}

static bool is_of(const struct pending *p, enum pending_state state)
{
    return state == PENDING_LEASED || p->state == state ||
           (state == PENDING_READY && p->state == PENDING_NACKED);
}

uint64_t queue_purge_pending(const struct purged *at, struct group *g, enum pending_state state)
{
    struct pending p = {.id = STREAM_ID_MIN};
    struct stream_id id[BATCH], from = STREAM_ID_MIN;
    uint64_t all = 0;
    size_t n;

    do {
        for (n = 0; n < BATCH && pel_seek_owner(&g->pel, from, PEL_NO_OWNER, &p);) {
            if (is_of(&p, state))
                id[n++] = p.id;
            from = p.id;
            if (!stream_id_next(&from))
                break;
        }
        if (n)
            end(at, g, id, n);
        all += n;
    } while (n == BATCH);
    return all;
}

/* --- of all --- */

/* The ids that somebody holds, rising. */
struct held_ids {
    struct stream_id *v;
    size_t n, cap;
};

static int by_id(const void *a, const void *b)
{
    return stream_id_cmp(*(const struct stream_id *)a, *(const struct stream_id *)b);
}

static void gather(struct held_ids *h, const struct group *g)
{
    struct pel_pos pos;
    struct pending p;

    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        if (!pending_is_leased(&p))
            continue;
        if (h->n == h->cap) {
            h->cap = h->cap ? h->cap * 2 : 64;
            h->v = mem_realloc(h->v, h->cap * sizeof *h->v);
        }
        h->v[h->n++] = p.id;
    }
}

static void gather_all(struct held_ids *h, struct group *const *g, size_t groups)
{
    *h = (struct held_ids){0};
    for (size_t i = 0; i < groups; i++)
        gather(h, g[i]);
    if (groups > 1 && h->n)
        qsort(h->v, h->n, sizeof *h->v, by_id);
}

/* Nobody holds these. A plain stream's groups would go on to have them pending. */
static void drop(const struct purged *at, size_t groups, const struct stream_id *id, size_t n)
{
    int8_t outcome[BATCH];

    if (groups && !stream_queue(at->s))
        change_remove(at->b, at->db, at->name, NULL, REFS_DROP, id, n, outcome);
    else
        change_drop_entries(at->b, at->db, at->name, id, n);
}

static void drop_but(const struct purged *at, size_t groups, const struct held_ids *held)
{
    struct stream_id id[BATCH];
    struct stream_pos pos;
    struct entry e;
    size_t n = 0, k = 0;

    stream_seek(at->s, STREAM_ID_MIN, &pos);
    while (stream_next(at->s, &pos, &e)) {
        while (k < held->n && stream_id_cmp(held->v[k], e.id) < 0)
            k++;
        if (k < held->n && stream_id_cmp(held->v[k], e.id) == 0)
            continue;
        id[n++] = e.id;
        if (n == BATCH) {
            drop(at, groups, id, n);
            n = 0;
        }
    }
    if (n)
        drop(at, groups, id, n);
}

uint64_t queue_purge_entries(const struct purged *at)
{
    struct stream_trim all = {.kind = TRIM_MAXLEN, .refs = stream_queue(at->s) ? REFS_KEEP : REFS_DROP};
    uint64_t before = stream_length(at->s);
    struct held_ids held;
    size_t groups;
    struct group **g = stream_groups_sorted(at->s, &groups);

    gather_all(&held, g, groups);
    if (held.n)
        drop_but(at, groups, &held);
    else
        change_xtrim(at->b, at->db, at->name, &all);
    mem_free(held.v);
    mem_free(g);
    return before - stream_length(at->s);
}

uint64_t queue_purge_delayed(const struct purged *at)
{
    struct stream_id id[BATCH];
    struct delayed_pos pos;
    struct delayed_message m;
    uint64_t all = 0;
    size_t n;

    do {
        if (!stream_inbox(at->s))
            break;
        delayed_seek(&stream_inbox(at->s)->delayed, STREAM_ID_MIN, &pos);
        for (n = 0; n < BATCH && delayed_next(&pos, &m);)
            id[n++] = m.id;
        if (n)
            all += change_delay_cancel(at->b, at->db, at->name, id, n);
    } while (n);
    return all;
}
