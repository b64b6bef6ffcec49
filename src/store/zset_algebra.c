/* store/zset_algebra.c - see store/zset_algebra.h. */
#include "store/zset_algebra.h"
#include "store/zset_edit.h"

#include <math.h>
#include <stdlib.h>

static size_t source_count(const struct zset_source *s)
{
    return s->zset ? zset_count(s->zset) : s->set ? set_count(s->set) : 0;
}

static bool source_score(const struct zset_source *s, struct slice member, double *score)
{
    if (s->zset)
        return zset_score(s->zset, member, score);
    *score = 1;
    return s->set && set_has(s->set, member);
}

static double weigh(const struct zset_source *s, double score)
{
    double v = s->weight * score;

    return isnan(v) ? 0 : v;
}

static double aggregate(enum zset_aggregate how, double a, double b)
{
    double v = how == ZSET_SUM ? a + b : how == ZSET_MIN ? fmin(a, b) : fmax(a, b);

    return isnan(v) ? 0 : v;
}

/* Members of either kind of source, one after the other. */
struct walk {
    const struct zset_source *s;
    struct zset_iter zset;
    struct set_iter set;
    bool begun;
    struct slice member;
    double score;
};

static bool walk_next(struct walk *w)
{
    bool ok;

    if (w->s->zset) {
        ok = w->begun ? zset_iter_next(&w->zset) : zset_iter_at(&w->zset, w->s->zset, 0);
        w->member = w->zset.item.member;
        w->score = w->zset.item.score;
    } else if (w->s->set) {
        if (!w->begun)
            set_iter_begin(&w->set, w->s->set);
        ok = set_iter_next(&w->set);
        w->member = w->set.item.member;
        w->score = 1;
    } else {
        return false;
    }
    w->begun = true;
    return ok;
}

static void walk_end(struct walk *w)
{
    if (w->begun && w->s->set)
        set_iter_end(&w->set);
}

static int by_count(const void *a, const void *b)
{
    size_t x = source_count(a), y = source_count(b);

    return (x > y) - (x < y);
}

static bool in_all(struct zset_source *s, size_t n, enum zset_aggregate how, struct slice member,
                   double *score)
{
    for (size_t i = 0; i < n; i++) {
        double v;

        if (!source_score(&s[i], member, &v))
            return false;
        *score = aggregate(how, *score, weigh(&s[i], v));
    }
    return true;
}

/* The members of the smallest are looked for in the others. */
static size_t inter(struct zset_source *s, size_t n, enum zset_aggregate how, size_t limit, struct zset *into,
                    const struct shape *shape)
{
    struct walk w = {.s = s};
    size_t found = 0;

    qsort(s, n, sizeof *s, by_count);
    while ((!limit || found < limit) && walk_next(&w)) {
        double score = weigh(s, w.score);

        if (!in_all(s + 1, n - 1, how, w.member, &score))
            continue;
        found++;
        if (into)
            zset_put(into, w.member, score, shape);
    }
    walk_end(&w);
    return found;
}

size_t zset_inter_count(struct zset_source *s, size_t n, size_t limit)
{
    return inter(s, n, ZSET_SUM, limit, NULL, NULL);
}

static void add_all(struct zset *into, const struct zset_source *s, enum zset_aggregate how,
                    const struct shape *shape)
{
    struct walk w = {.s = s};

    while (walk_next(&w)) {
        double score = weigh(s, w.score), had;

        if (zset_score(into, w.member, &had))
            score = aggregate(how, had, score);
        zset_put(into, w.member, score, shape);
    }
    walk_end(&w);
}

/* Smaller ones first, as Redis does: sums of doubles depend on their order. */
static void add_each(struct zset *into, struct zset_source *s, size_t n, enum zset_aggregate how,
                     const struct shape *shape)
{
    qsort(s, n, sizeof *s, by_count);
    for (size_t i = 0; i < n; i++)
        add_all(into, &s[i], how, shape);
}

static bool in_any(const struct zset_source *s, size_t n, struct slice member)
{
    double score;

    for (size_t i = 0; i < n; i++)
        if (source_score(&s[i], member, &score))
            return true;
    return false;
}

static void keep_others(struct zset *into, struct zset_source *s, size_t n, const struct shape *shape)
{
    struct walk w = {.s = s};

    while (walk_next(&w))
        if (!in_any(s + 1, n - 1, w.member))
            zset_put(into, w.member, w.score, shape);
    walk_end(&w);
}

static void remove_all(struct zset *from, const struct zset_source *s)
{
    struct walk w = {.s = s};

    while (zset_count(from) && walk_next(&w))
        zset_remove(from, w.member);
    walk_end(&w);
}

/* Either looks up each member of the first in all others, or takes all of theirs out of it: whichever is less
 * work. */
static void diff(struct zset *into, struct zset_source *s, size_t n, const struct shape *shape)
{
    size_t others = 0;

    for (size_t i = 1; i < n; i++)
        others += source_count(&s[i]);
    if (source_count(s) * (n - 1) <= source_count(s) + others || n == 2) {
        keep_others(into, s, n, shape);
        return;
    }
    add_all(into, s, ZSET_SUM, shape);
    for (size_t i = 1; i < n; i++)
        remove_all(into, &s[i]);
}

struct zset *zset_combine(enum zset_op op, enum zset_aggregate how, struct zset_source *s, size_t n,
                          const struct shape *shape)
{
    struct zset *out = zset_new();

    if (op == ZSET_INTER)
        inter(s, n, how, 0, out, shape);
    else if (op == ZSET_DIFF)
        diff(out, s, n, shape);
    else
        add_each(out, s, n, how, shape);
    return out;
}

struct zset *zset_part(const struct zset *z, size_t first, size_t n, const struct shape *shape)
{
    struct zset *out = zset_new();
    struct zset_iter it;

    for (bool ok = n && zset_iter_at(&it, z, first); ok && n--; ok = zset_iter_next(&it))
        zset_put(out, it.item.member, it.item.score, shape);
    return out;
}

struct zset *zset_of(const struct slice *member, const double *score, size_t n, const struct shape *shape)
{
    struct zset *out = zset_new();

    for (size_t i = 0; i < n; i++)
        zset_put(out, member[i], score[i], shape);
    return out;
}

void zset_discard(struct zset *z)
{
    zset_free(z);
}
