/* store/set_algebra.c - see store/set_algebra.h. */
#include "store/set_algebra.h"
#include "store/set_edit.h"

#include <stdlib.h>

static size_t count_of(const struct set *s)
{
    return s ? set_count(s) : 0;
}

static int by_count(const void *a, const void *b)
{
    size_t x = count_of(*(const struct set *const *)a), y = count_of(*(const struct set *const *)b);

    return (x > y) - (x < y);
}

static bool in_all(struct slice member, const struct set **s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!set_has(s[i], member))
            return false;
    return true;
}

static bool in_any(struct slice member, const struct set **s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] && set_has(s[i], member))
            return true;
    return false;
}

/* The members of the smallest set are looked for in the others, smaller ones first: they say no soonest. */
static size_t inter(const struct set **s, size_t n, size_t limit, struct set *into, const struct shape *shape)
{
    struct set_iter it;
    size_t found = 0;

    qsort(s, n, sizeof *s, by_count);
    if (!s[0])
        return 0;
    for (set_iter_begin(&it, s[0]); (!limit || found < limit) && set_iter_next(&it);) {
        if (!in_all(it.item.member, s + 1, n - 1))
            continue;
        found++;
        if (into)
            set_add(into, it.item.member, shape);
    }
    set_iter_end(&it);
    return found;
}

size_t set_inter_count(const struct set **s, size_t n, size_t limit)
{
    return inter(s, n, limit, NULL, NULL);
}

static void add_all(struct set *into, const struct set *s, const struct shape *shape)
{
    struct set_iter it;

    set_iter_begin(&it, s);
    while (set_iter_next(&it))
        set_add(into, it.item.member, shape);
    set_iter_end(&it);
}

static void remove_all(struct set *from, const struct set *s)
{
    struct set_iter it;

    for (set_iter_begin(&it, s); set_count(from) && set_iter_next(&it);)
        set_remove(from, it.item.member);
    set_iter_end(&it);
}

static void keep_others(struct set *into, const struct set **s, size_t n, const struct shape *shape)
{
    struct set_iter it;

    set_iter_begin(&it, s[0]);
    while (set_iter_next(&it))
        if (!in_any(it.item.member, s + 1, n - 1))
            set_add(into, it.item.member, shape);
    set_iter_end(&it);
}

/* Either looks up each member of the first set in all others, or takes all of theirs out of it: whichever
 * is less work. */
static struct set *diff(const struct set **s, size_t n, const struct shape *shape)
{
    struct set *out;
    size_t others = 0;

    if (!s[0])
        return set_new();
    for (size_t i = 1; i < n; i++)
        others += count_of(s[i]);
    if (set_count(s[0]) * (n - 1) <= set_count(s[0]) + others || n == 2) {
        out = set_new();
        keep_others(out, s, n, shape);
        return out;
    }
    out = set_copy(s[0]);
    for (size_t i = 1; i < n; i++)
        if (s[i])
            remove_all(out, s[i]);
    return out;
}

struct set *set_combine(enum set_op op, const struct set **s, size_t n, const struct shape *shape)
{
    struct set *out;

    if (op == SET_DIFF)
        return diff(s, n, shape);
    out = set_new();
    if (op == SET_INTER)
        inter(s, n, 0, out, shape);
    for (size_t i = 0; op == SET_UNION && i < n; i++)
        if (s[i])
            add_all(out, s[i], shape);
    return out;
}

void set_discard(struct set *s)
{
    set_free(s);
}
