/* levels.c - see levels.h. */
#include "levels.h"
#include "base/mem.h"
#include "store/queue_edit.h"

struct level {
    struct stream_id *id;
    size_t n, cap;
};

struct levels {
    const struct stream *stream;
    unsigned n;
    size_t memory; /* of the arrays */
    struct level level[];
};

/* --- ids of a level --- */

static void forget_gone(const struct levels *l, struct level *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++)
        if (stream_has(l->stream, v->id[i]))
            v->id[n++] = v->id[i];
    v->n = n;
}

/* It grows only if half of what it has is there: so that each id is looked at about twice. */
static void make_room(struct levels *l, struct level *v)
{
    if (v->n < v->cap)
        return;
    forget_gone(l, v);
    if (v->n <= v->cap / 2 && v->cap)
        return;
    l->memory -= v->cap * sizeof *v->id;
    v->cap = v->cap ? v->cap * 2 : 8;
    v->id = mem_realloc(v->id, v->cap * sizeof *v->id);
    l->memory += v->cap * sizeof *v->id;
}

void levels_add(struct levels *l, struct stream_id id, unsigned level)
{
    struct level *v = &l->level[level < l->n ? level : l->n - 1];

    while (v->n && stream_id_cmp(v->id[v->n - 1], id) >= 0) /* gone, for ids rise; XSETID made it lower */
        v->n--;
    make_room(l, v);
    v->id[v->n++] = id;
}

static size_t first_above(const struct level *v, struct stream_id id)
{
    size_t low = 0, high = v->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (stream_id_cmp(v->id[mid], id) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool levels_next(const struct levels *l, unsigned level, struct stream_id after, struct stream_id *id)
{
    const struct level *v = &l->level[level];
    size_t i = first_above(v, after);

    if (i < v->n)
        *id = v->id[i];
    return i < v->n;
}

/* --- the whole --- */

static unsigned level_of(const struct entry *e)
{
    struct entry_attrs a;

    entry_attrs(e, &a);
    return a.level;
}

struct levels *levels_new(const struct stream *s, unsigned n)
{
    struct levels *l = mem_zalloc(sizeof *l + n * sizeof *l->level);
    struct stream_pos pos;
    struct entry e;

    l->stream = s;
    l->n = n;
    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e))
        levels_add(l, e.id, level_of(&e));
    return l;
}

void levels_free(struct levels *l)
{
    for (unsigned i = 0; l && i < l->n; i++)
        mem_free(l->level[i].id);
    mem_free(l);
}

unsigned levels_count(const struct levels *l)
{
    return l->n;
}

size_t levels_memory(const struct levels *l)
{
    return sizeof *l + l->n * sizeof *l->level + l->memory;
}

void levels_check(const struct levels *l)
{
    size_t memory = 0;
    struct stream_pos pos;
    struct entry e;

    for (unsigned i = 0; i < l->n; i++) {
        const struct level *v = &l->level[i];

        must(v->n <= v->cap);
        memory += v->cap * sizeof *v->id;
        for (size_t k = 1; k < v->n; k++)
            must(stream_id_cmp(v->id[k - 1], v->id[k]) < 0);
    }
    must(memory == l->memory);
    stream_seek(l->stream, STREAM_ID_MIN, &pos);
    while (stream_next(l->stream, &pos, &e)) {
        unsigned level = level_of(&e);
        const struct level *v = &l->level[level < l->n ? level : l->n - 1];
        size_t i = first_above(v, e.id);

        must(i > 0 && stream_id_cmp(v->id[i - 1], e.id) == 0);
    }
}

/* --- what a group has looked at --- */

static struct stream_id *looked(struct group *g, unsigned level)
{
    struct backlog *b = g->backlog;

    if (!b->looked)
        b->looked = mem_zalloc(LEVELS_MAX * sizeof *b->looked);
    if (stream_id_cmp(b->looked[level], g->last_id) < 0)
        b->looked[level] = g->last_id;
    return &b->looked[level];
}

bool stream_new_of_level(const struct stream *s, struct group *g, unsigned level, struct entry *e)
{
    const struct levels *l = stream_queue(s)->levels;
    struct stream_id *at = looked(g, level), id;

    for (; levels_next(l, level, *at, &id); *at = id)
        if (group_is_new(g, id) && stream_find(s, id, e) && stream_entry_is_for(s, e, g))
            return true;
    return false;
}

void group_looked_at(struct group *g, unsigned level, struct stream_id id)
{
    *looked(g, level) = id;
}

bool group_has_looked_at(const struct group *g, struct stream_id id)
{
    const struct stream_id *at = g->backlog->looked;

    for (unsigned i = 0; at && i < LEVELS_MAX; i++)
        if (stream_id_cmp(at[i], id) >= 0)
            return true;
    return false;
}

void group_look_again(struct group *g)
{
    if (g->backlog->looked)
        memset(g->backlog->looked, 0, LEVELS_MAX * sizeof *g->backlog->looked);
}

bool stream_next_of_level(const struct stream *s, unsigned level, struct stream_id *after, struct entry *e)
{
    const struct levels *l = stream_queue(s)->levels;

    while (levels_next(l, level, *after, after))
        if (stream_find(s, *after, e))
            return true;
    return false;
}

unsigned queue_levels(const struct queue *q)
{
    return q->levels ? levels_count(q->levels) : 1;
}
