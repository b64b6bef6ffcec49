/* stream_queue.c - a stream that is a queue. See store/queue.h. */
#include "levels.h"
#include "store/lanes_edit.h"
#include "store/queue_edit.h"
#include "store/totals.h"
#include "stream_impl.h"

const struct queue *stream_queue(const struct stream *s)
{
    return s->queue;
}

static bool is_for(const struct entry_attrs *a, const struct group *g)
{
    return a->group.n == 0 || slice_eq(a->group, group_name(g));
}

bool stream_is_restricted(const struct stream *s)
{
    return s->restricted;
}

bool stream_has_own_ttls(const struct stream *s)
{
    return s->own_ttls;
}

bool stream_entry_is_for(const struct stream *s, const struct entry *e, const struct group *g)
{
    struct entry_attrs a;

    if (!s->restricted)
        return true;
    entry_attrs(e, &a);
    return is_for(&a, g);
}

bool stream_shows(const struct stream *s, struct stream_id id, const struct group *g)
{
    struct entry e;

    return stream_find(s, id, &e) && stream_entry_is_for(s, &e, g);
}

unsigned stream_level(const struct stream *s, struct stream_id id)
{
    struct entry_attrs a;
    struct entry e;

    if (!stream_find(s, id, &e))
        return 0;
    entry_attrs(&e, &a);
    return a.level;
}

static void set_lanes(const struct stream *s, struct group *g)
{
    const struct rules *r = &s->queue->rules;

    lanes_free(g->backlog->lanes);
    g->backlog->lanes = r->orderkey.n ? lanes_new(g, s, r) : NULL;
}

/* --- what is new --- */

static bool is_new(const struct stream *s, const struct group *g, const struct entry *e)
{
    return group_is_new(g, e->id) && stream_entry_is_for(s, e, g);
}

void stream_seek_new(const struct stream *s, const struct group *g, struct stream_pos *pos)
{
    struct stream_id from = g->last_id;

    if (g->next_good)
        *pos = g->next;
    else if (stream_id_next(&from))
        stream_seek(s, from, pos);
    else
        *pos = (struct stream_pos){.block = s->next_number};
}

bool stream_next_new(const struct stream *s, const struct group *g, struct stream_pos *pos, struct entry *e)
{
    while (stream_next(s, pos, e))
        if (is_new(s, g, e))
            return true;
    return false;
}

uint64_t stream_count_new(const struct stream *s, const struct group *g, struct stream_id to)
{
    struct stream_pos pos;
    struct entry e;
    uint64_t n = 0;

    stream_seek_new(s, g, &pos);
    while (stream_next(s, &pos, &e) && stream_id_cmp(e.id, to) <= 0)
        n += is_new(s, g, &e);
    return n;
}

/* Moves the position over all that is not NEW; `gone` is about to be no more. */
static void settle_past(const struct stream *s, struct group *g, struct stream_id gone)
{
    struct stream_pos pos, before;
    struct stream_id id = g->last_id;
    struct entry e;

    stream_seek_new(s, g, &pos);
    for (before = pos; stream_next(s, &pos, &e); before = pos) {
        if (is_new(s, g, &e) && stream_id_cmp(e.id, gone) != 0)
            break;
        id = e.id;
    }
    if (stream_id_cmp(id, g->last_id) > 0)
        group_pass_to(g, id);
    g->next = before;
    g->next_good = true;
}

static void settle(const struct stream *s, struct group *g)
{
    settle_past(s, g, STREAM_ID_MIN);
}

void stream_take_new(struct stream *s, struct group *g, struct consumer *c, const struct stream_id *id,
                     size_t n, msec time)
{
    for (size_t i = 0; i < n; i++) {
        if (c)
            group_hold(g, c, id[i], time, 1);
        else
            group_end_new(g, id[i], END_ACKED);
    }
    g->entries_read = -1;
    settle(s, g);
}

void stream_end_new(struct stream *s, struct group *g, struct stream_id id, enum end end)
{
    group_end_new(g, id, end);
    settle(s, g);
}

void stream_pass(const struct stream *s, struct group *g, struct stream_id id)
{
    struct entry e;

    if (stream_find(s, id, &e) && is_new(s, g, &e))
        g->backlog->fresh--;
    backlog_pass(g->backlog, id);
}

void stream_move_group(struct stream *s, struct group *g, struct stream_id id, int64_t entries_read)
{
    struct backlog *b = g->backlog;

    if (b) {
        b->ended[END_DROPPED] += stream_count_new(s, g, id);
        backlog_pass_to(b, STREAM_ID_MAX);
        group_look_again(g);
    }
    group_set_id(g, id, entries_read);
    if (b) {
        b->fresh = stream_count_new(s, g, STREAM_ID_MAX);
        stream_look_again(s);
        if (b->lanes) /* who was held back by a NEW one is no more, or the other way round */
            set_lanes(s, g);
    }
}

/* --- the queue --- */

static void list_group(const struct stream *s, struct group *g)
{
    struct queue *q = s->queue;

    if (q->groups == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 2;
        q->group = mem_realloc(q->group, q->cap * sizeof *q->group);
    }
    q->group[q->groups++] = g;
    g->backlog->stream = s;
    set_lanes(s, g);
}

static void join(const struct stream *s, struct group *g)
{
    group_make_queue(g, s, stream_count_new(s, g, STREAM_ID_MAX), s->groups.seed);
    list_group(s, g);
}

static bool own_before(const struct heap_node *a, const struct heap_node *b)
{
    return stream_id_cmp(list_entry(a, struct own_ttl, node)->id, list_entry(b, struct own_ttl, node)->id) <
           0;
}

static struct queue *queue_new(void)
{
    struct queue *q = mem_zalloc(sizeof *q);

    q->own.before = own_before;

    rules_default(&q->rules);
    return q;
}

void queue_own_put(struct queue *q, struct stream_id id, msec expires)
{
    struct own_ttl *own = mem_alloc(sizeof *own);

    *own = (struct own_ttl){.node.pos = HEAP_OUT, .id = id};
    heap_put(&q->own, &own->node, expires);
}

static void gather_own(struct stream *s)
{
    struct stream_pos pos;
    struct entry_attrs a;
    struct entry e;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (s->own_ttls && stream_next(s, &pos, &e)) {
        entry_attrs(&e, &a);
        if (a.expires)
            queue_own_put(s->queue, e.id, a.expires);
    }
}

bool queue_own_over(struct queue *q, msec now, struct stream_id *id)
{
    struct heap_node *n = heap_first(&q->own);
    struct own_ttl *own;

    if (!n || n->at > now)
        return false;
    own = list_entry(n, struct own_ttl, node);
    *id = own->id;
    heap_remove(&q->own, n);
    mem_free(own);
    return true;
}

msec queue_own_next(const struct queue *q)
{
    const struct heap_node *n = heap_first(&q->own);

    return n ? n->at : INT64_MAX;
}

static void set_levels(struct stream *s, unsigned n)
{
    struct queue *q = s->queue;

    if (n == queue_levels(q))
        return;
    levels_free(q->levels);
    q->levels = n > 1 ? levels_new(s, n) : NULL;
    for (size_t i = 0; i < q->groups; i++)
        group_look_again(q->group[i]);
}

/* Something that entries were kept for has gone. */
static void sweep_again(const struct stream *s)
{
    s->queue->sweeping = true;
    stream_seek(s, STREAM_ID_MIN, &s->queue->swept);
}

void stream_look_again(struct stream *s)
{
    struct stream_id id;

    while (queue_own_over(s->queue, INT64_MAX, &id))
        ;
    gather_own(s);
    stream_seek(s, STREAM_ID_MIN, &s->queue->aged);
}

void stream_set_rules(struct stream *s, const struct rules *rules)
{
    struct queue *q = s->queue;

    rules_free(&q->rules);
    if (rules)
        rules_copy(&q->rules, rules);
    for (size_t i = 0; rules && !q->governed && i < q->groups; i++)
        group_bring_all_back(q->group[i]);
    store_totals.queues += (uint64_t)(rules != NULL) - (uint64_t)q->governed;
    q->governed = rules != NULL;
    stream_seek(s, STREAM_ID_MIN, &q->aged);
    set_levels(s, (unsigned)q->rules.priorities);
    for (size_t i = 0; i < q->groups; i++) {
        set_lanes(s, q->group[i]);
        group_consumers_bring_back(q->group[i]);
    }
    sweep_again(s);
}

struct queue *stream_make_queue(struct stream *s)
{
    size_t n;
    struct group **g;

    if (s->queue)
        return s->queue;
    s->queue = queue_new();
    gather_own(s);
    g = stream_groups_sorted(s, &n);
    for (size_t i = 0; i < n; i++)
        join(s, g[i]);
    mem_free(g);
    return s->queue;
}

void queue_free(struct queue *q)
{
    struct stream_id id;

    if (!q)
        return;
    while (queue_own_over(q, INT64_MAX, &id))
        ;
    store_totals.queues -= q->governed;
    heap_free(&q->own);
    rules_free(&q->rules);
    levels_free(q->levels);
    mem_free(q->group);
    mem_free(q);
}

void queue_copy(struct stream *to, const struct queue *q)
{
    size_t n;
    struct group **g = stream_groups_sorted(to, &n);

    to->queue = queue_new();
    to->queue->aged = q->aged;
    gather_own(to);
    for (size_t i = 0; i < n; i++)
        list_group(to, g[i]);
    mem_free(g);
}

size_t queue_memory(const struct queue *q)
{
    return sizeof *q + q->cap * sizeof *q->group + q->own.cap * sizeof *q->own.v +
           q->own.n * sizeof(struct own_ttl) + rules_memory(&q->rules) +
           (q->levels ? levels_memory(q->levels) : 0);
}

bool queue_done(const struct queue *q, struct stream_id id)
{
    struct pending p;

    for (size_t i = 0; i < q->groups; i++)
        if (group_is_new(q->group[i], id) || pel_find(&q->group[i]->pel, id, &p))
            return false;
    return q->groups > 0;
}

/* --- what the stream tells --- */

void queue_entry_added(struct queue *q, struct stream_id id, const struct entry_attrs *attrs)
{
    if (attrs && attrs->expires)
        queue_own_put(q, id, attrs->expires);
    if (q->levels)
        levels_add(q->levels, id, attrs ? attrs->level : 0);
    for (size_t i = 0; i < q->groups; i++) {
        struct group *g = q->group[i];
        struct pending p;

        backlog_unpass(g->backlog, id); /* an id may come again, after XSETID */
        if (group_has_looked_at(g, id))
            group_look_again(g);
        if (g->backlog->lanes && pel_find(&g->pel, id, &p))
            lanes_state(g->backlog->lanes, id, -1, p.state);
        g->backlog->fresh += group_is_new(g, id) && (!attrs || is_for(attrs, g));
    }
}

/* Something above the position is pending, or done. */
static bool knows_above(const struct group *g)
{
    struct pending p;

    return pel_count(&g->backlog->passed) || (pel_last(&g->pel, &p) && stream_id_cmp(p.id, g->last_id) > 0);
}

static void entry_lost(const struct stream *s, const struct entry *e)
{
    for (size_t i = 0; i < s->queue->groups; i++) {
        struct group *g = s->queue->group[i];

        bool moves =
            is_new(s, g, e) && knows_above(g); /* it may have been all that the position stood before */

        group_lost(g, e->id, stream_entry_is_for(s, e, g));
        if (moves) {
            g->entries_read = -1;
            settle_past(s, g, e->id);
        }
    }
}

void queue_entry_lost(const struct stream *s, struct stream_id id)
{
    struct entry e;

    if (stream_find(s, id, &e))
        entry_lost(s, &e);
}

void queue_front_lost(const struct stream *s, struct stream_id upto)
{
    struct stream_pos pos;
    struct entry e;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e) && stream_id_cmp(e.id, upto) <= 0)
        entry_lost(s, &e);
}

void queue_group_added(const struct stream *s, struct group *g)
{
    if (!s->queue)
        return;
    if (g->backlog) {
        list_group(s, g);
    } else {
        join(s, g);
        stream_look_again((struct stream *)(uintptr_t)s);
    }
}

void queue_group_removed(const struct stream *s, const struct group *g)
{
    struct queue *q = s->queue;

    if (q)
        sweep_again(s);
    for (size_t i = 0; q && i < q->groups; i++)
        if (q->group[i] == g) {
            q->group[i] = q->group[--q->groups];
            break;
        }
    if (q && q->groups == 0) /* now all entries are for anybody */
        stream_look_again((struct stream *)(uintptr_t)s);
}
