/* keys_at.c - see keys_at.h. */
#include "keys_at.h"
#include "base/num.h"

int keys_counted(struct call *c, size_t at, size_t *n)
{
    int64_t v;

    if (!num_i64(c->arg[at], &v) || v <= 0)
        return call_fail(c, "ERR numkeys should be greater than 0");
    if ((uint64_t)v > c->n - at - 1)
        return call_fail(c, "ERR Number of keys can't be greater than number of args");
    *n = (size_t)v;
    return OK;
}

int keys_limit(struct call *c, size_t at, int64_t *limit)
{
    *limit = 0;
    for (; at < c->n; at += 2) {
        if (!slice_is(c->arg[at], "LIMIT") || at + 1 == c->n)
            return ERR_SYNTAX;
        if (!num_i64(c->arg[at + 1], limit) || *limit < 0)
            return call_fail(c, "ERR LIMIT can't be negative");
    }
    return OK;
}

/* None when the number is no good: the command itself says what is wrong. */
static size_t counted(const struct slice *arg, size_t n, size_t at, size_t *pos, size_t max)
{
    size_t found = 0;
    int64_t v;

    if (at >= n || !num_i64(arg[at], &v) || v <= 0 || (uint64_t)v > n - at - 1)
        return 0;
    while (found < (size_t)v && found < max) {
        pos[found] = at + 1 + found;
        found++;
    }
    return found;
}

size_t keys_counted_at1(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    return counted(arg, n, 1, pos, max);
}

size_t keys_counted_at2(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    return counted(arg, n, 2, pos, max);
}

size_t keys_target_counted(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    if (max == 0)
        return 0;
    pos[0] = 1;
    return 1 + counted(arg, n, 2, pos + 1, max - 1);
}
