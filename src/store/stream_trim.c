/* stream_trim.c - trimming: what is removed at the front, exactly or node by node.
 *
 * A node is what comes between two marks of the log, without those between which nothing is live. The
 * first one is remembered, so that adding with MAXLEN ~ looks at the log only when a node goes.
 */
#include "store/group.h"
#include "stream_impl.h"

struct plan {
    uint64_t n;
    struct stream_id upto; /* when n > 0: all up to here go */
    struct node next;      /* with `~`: the first node that stays, if one was looked at */
};

bool node_from(const struct stream *s, struct stream_id from, struct node *node)
{
    struct stream_pos pos;
    const struct block *b = NULL;
    struct raw r;

    *node = (struct node){.open = true};
    stream_seek(s, from, &pos);
    while ((b = log_step(s, b, &pos, &r))) {
        if (node->live && block_mark(b, &r, pos.nth - 1)) {
            node->open = false;
            break;
        }
        node->reach = r.id;
        if (!block_gone(b, pos.nth - 1)) {
            node->live++;
            node->last = r.id;
        }
    }
    if (node->open && s->tail_node.live)
        node->reach = s->tail_node.last;
    return node->live > 0;
}

static bool node_goes(const struct stream *s, const struct stream_trim *how, const struct plan *plan)
{
    const struct node *node = &plan->next;

    if (how->limit && plan->n + node->live > how->limit)
        return false;
    if (how->kind == TRIM_MINID) /* as in Redis, by the last entry though it may be deleted */
        return stream_id_cmp(node->reach, how->min_id) < 0;
    return s->length - plan->n - node->live >= how->max_length;
}

static void plan_nodes(const struct stream *s, const struct stream_trim *how, struct plan *plan)
{
    struct stream_id from;

    plan->next = s->first_node;
    if (!plan->next.live && !node_from(s, s->first_id, &plan->next))
        return;
    while (node_goes(s, how, plan)) {
        plan->n += plan->next.live;
        plan->upto = from = plan->next.last;
        if (plan->next.open || !stream_id_next(&from) || !node_from(s, from, &plan->next)) {
            plan->next.live = 0;
            return;
        }
    }
}

/* Whole blocks by their counts, entries in the block where it ends. */
static void plan_length(const struct stream *s, uint64_t max_length, struct plan *plan)
{
    uint64_t want = s->length - max_length;
    struct stream_pos pos;
    const struct block *b = NULL;
    struct raw r;
    size_t i;

    for (i = 0; i < s->dir_n && plan->n < want; i++) {
        b = dir_span(s, i)->b;
        if (b && plan->n + b->live > want)
            break;
        if (b) {
            plan->n += b->live;
            plan->upto = b->last;
        }
    }
    if (plan->n == want)
        return;
    pos = (struct stream_pos){.block = dir_span(s, i)->number};
    b = NULL;
    while (plan->n < want && (b = log_step(s, b, &pos, &r)))
        if (!block_gone(b, pos.nth - 1)) {
            plan->n++;
            plan->upto = r.id;
        }
}

static void plan_min_id(const struct stream *s, struct stream_id min_id, struct plan *plan)
{
    struct stream_pos pos;
    const struct block *b;
    struct raw r;
    size_t i;

    for (i = 0; i < s->dir_n; i++) {
        b = dir_span(s, i)->b;
        if (b && stream_id_cmp(b->last, min_id) >= 0)
            break;
        plan->n += b ? b->live : 0;
    }
    plan->upto = min_id;
    must(stream_id_prev(&plan->upto));
    if (i == s->dir_n)
        return;
    pos = (struct stream_pos){.block = dir_span(s, i)->number};
    b = NULL;
    while ((b = log_step(s, b, &pos, &r)))
        if (!block_gone(b, pos.nth - 1)) {
            if (stream_id_cmp(r.id, min_id) >= 0)
                return;
            plan->n++;
        }
}

static bool nothing_goes(const struct stream *s, const struct stream_trim *how)
{
    if (s->length == 0 || how->kind == TRIM_NONE)
        return true;
    return how->kind == TRIM_MAXLEN ? s->length <= how->max_length
                                    : stream_id_cmp(s->first_id, how->min_id) >= 0;
}

static void plan_trim(const struct stream *s, const struct stream_trim *how, struct plan *plan)
{
    *plan = (struct plan){0};
    if (how->approx)
        plan_nodes(s, how, plan);
    else if (how->kind == TRIM_MAXLEN)
        plan_length(s, how->max_length, plan);
    else
        plan_min_id(s, how->min_id, plan);
}

uint64_t stream_trim_plan(const struct stream *s, const struct stream_trim *how, struct stream_id *upto)
{
    struct plan plan;

    if (nothing_goes(s, how))
        return 0;
    plan_trim(s, how, &plan);
    if (plan.n)
        *upto = plan.upto;
    return plan.n;
}

/* As in Redis: a node all of whose entries are gone goes with them, but one that MINID emptied and that
 * reaches up to it (by a deleted entry) stays, and takes what is added next. */
static void tail_settle(struct stream *s, const struct stream_trim *how, bool was_there)
{
    if (s->length == 0)
        s->tail_node.kept =
            was_there && how->kind == TRIM_MINID && stream_id_cmp(s->tail_node.last, how->min_id) >= 0;
}

uint64_t stream_trim(struct stream *s, const struct stream_trim *how)
{
    bool was_there = s->tail_node.live || s->tail_node.kept;
    struct plan plan;

    if (nothing_goes(s, how)) {
        if (how->kind == TRIM_MINID)
            tail_settle(s, how, was_there);
        return 0;
    }
    plan_trim(s, how, &plan);
    if (plan.n && s->queue)
        queue_front_lost(s, plan.upto);
    if (plan.n)
        log_drop_through(s, plan.upto);
    if (how->approx)
        s->first_node = plan.next;
    tail_settle(s, how, was_there);
    return plan.n;
}

/* ---- sparing what groups refer to */

/* Looks at one entry after the other, and gathers those nobody refers to. */
struct sieve {
    const struct stream *s;
    const struct refs *refs;
    struct stream_pos pos;
    struct stream_id from; /* where looking goes on: all live entries below stay, or are gathered */
    struct stream_id *id;
    size_t n, cap;
};

static void sieve_add(struct sieve *v, struct stream_id id)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 16;
        v->id = mem_realloc(v->id, v->cap * sizeof *v->id);
    }
    v->id[v->n++] = id;
}

/* Entries up to that id, until `want` have been gathered. False: what is left is referred to, all of it. */
static bool sift(struct sieve *v, struct stream_id upto, uint64_t want)
{
    struct stream_pos next = v->pos;
    struct entry e;

    while (v->n < want && stream_next(v->s, &next, &e) && stream_id_cmp(e.id, upto) <= 0) {
        if (stream_id_cmp(e.id, v->refs->reached) > 0)
            return false;
        v->pos = next;
        v->from = e.id;
        if (!stream_id_next(&v->from))
            v->from = e.id;
        if (!refs_hold(v->refs, e.id))
            sieve_add(v, e.id);
    }
    return true;
}

/* The last of the block's entries up to `id` that starts a node; false if there is none. */
static bool mark_before(const struct block *b, uint64_t number, struct stream_id id, struct stream_id *mark)
{
    struct stream_pos pos = block_start(b, number);
    struct raw r;
    bool any = false;

    while (pos.at < b->used) {
        block_step(b, &pos, &r);
        if (stream_id_cmp(r.id, id) > 0)
            break;
        if (block_mark(b, &r, pos.nth - 1)) {
            *mark = r.id;
            any = true;
        }
    }
    return any;
}

/* Where the node starts that has the entry with that id. */
static struct stream_id node_start(const struct stream *s, struct stream_id id)
{
    struct stream_id mark;
    size_t i;

    if (!dir_by_id(s, id, &i))
        return s->first_id;
    do {
        const struct span *span = dir_span(s, i);

        if (span->b && mark_before(span->b, span->number, id, &mark))
            return stream_id_cmp(mark, s->first_id) < 0 ? s->first_id : mark;
    } while (i--);
    return s->first_id;
}

/* A node goes as it would with all that is in it, though some of that stays. */
static void sift_nodes(struct sieve *v, const struct stream_trim *how)
{
    struct plan plan = {0};
    struct stream_id from = node_start(v->s, v->from);
    bool more = node_from(v->s, from, &plan.next);

    while (more && v->n < STREAM_TRIM_ROUND && node_goes(v->s, how, &plan)) {
        more = sift(v, plan.next.last, UINT64_MAX);
        plan.n = v->n;
        from = plan.next.last;
        more = more && !plan.next.open && stream_id_next(&from) && node_from(v->s, from, &plan.next);
    }
}

/* All that lies below is referred to, or another trim would have taken it. */
static struct stream_id sieve_start(const struct stream *s, const struct refs *r)
{
    struct stream_id from = s->referred;

    for (size_t i = 0; i < r->n; i++)
        if (stream_id_cmp(r->group[i]->let_go, from) < 0)
            from = r->group[i]->let_go;
    return from;
}

static void sieve_end(struct stream *s, const struct refs *r, const struct sieve *v)
{
    for (size_t i = 0; i < v->n; i++)
        stream_drop(s, v->id[i]);
    for (size_t i = 0; i < r->n; i++)
        r->group[i]->let_go = STREAM_ID_MAX;
    s->referred = v->from;
}

struct stream_id *stream_trim_unreferred(struct stream *s, const struct stream_trim *how,
                                         const struct refs *r, size_t *n)
{
    struct sieve v = {.s = s, .refs = r, .from = sieve_start(s, r)};
    struct stream_id upto = how->kind == TRIM_MINID ? how->min_id : STREAM_ID_MAX;
    uint64_t want = how->kind == TRIM_MINID ? s->length : s->length - how->max_length;

    *n = 0;
    if (nothing_goes(s, how))
        return NULL;
    stream_seek(s, v.from, &v.pos);
    if (how->approx)
        sift_nodes(&v, how);
    else if (how->kind == TRIM_MAXLEN || stream_id_prev(&upto))
        sift(&v, upto, want < STREAM_TRIM_ROUND ? want : STREAM_TRIM_ROUND);
    sieve_end(s, r, &v);
    *n = v.n;
    return v.id;
}
