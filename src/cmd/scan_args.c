/* scan_args.c - see scan_args.h. */
#include "scan_args.h"
#include "base/err.h"
#include "base/num.h"

#define SCAN_COUNT 10

/* As Redis reads it, by strtoul(): nothing is 0, and a sign may come first. */
static bool parse_cursor(struct slice s, uint64_t *cursor)
{
    bool negative;
    uint64_t v = 0;
    size_t i;

    s.n = strnlen(s.p, s.n);
    negative = s.n && *s.p == '-';
    i = s.n && (*s.p == '-' || *s.p == '+');
    if (s.n && i == s.n)
        return false;
    for (; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    *cursor = negative ? -v : v;
    return true;
}

int scan_cursor(struct call *c, size_t at, struct scan_args *a)
{
    *a = (struct scan_args){.count = SCAN_COUNT};
    return parse_cursor(c->arg[at], &a->cursor) ? OK : call_fail(c, "ERR invalid cursor");
}

static int option(struct call *c, size_t at, int may, struct scan_args *a)
{
    struct slice value = c->arg[at + 1];

    if (slice_is(c->arg[at], "COUNT")) {
        if (!num_i64(value, &a->count))
            return ERR_INT;
        return a->count < 1 ? ERR_SYNTAX : OK;
    }
    if (slice_is(c->arg[at], "MATCH")) /* "*" is no pattern: it takes an empty name, too */
        a->pattern = slice_eq(value, SLICE("*")) ? (struct slice){0} : value;
    else if (may & SCAN_MAY_TYPE && slice_is(c->arg[at], "TYPE"))
        a->type = value;
    else
        return ERR_SYNTAX;
    return OK;
}

int scan_options(struct call *c, size_t at, int may, struct scan_args *a)
{
    int err;

    while (at < c->n) {
        if (may & SCAN_MAY_NOVALUES && slice_is(c->arg[at], "NOVALUES")) {
            a->no_values = true;
            at++;
            continue;
        }
        if (at + 1 == c->n)
            return ERR_SYNTAX;
        if ((err = option(c, at, may, a)) != OK)
            return err;
        at += 2;
    }
    return OK;
}

static void gather(void *entry, void *arg)
{
    buf_add(arg, &entry, sizeof entry);
}

void scan_keys(const struct dict *keys, struct scan_args *a, struct buf *found)
{
    uint64_t chains =
        a->count < INT64_MAX / SCAN_EMPTY_FACTOR ? (uint64_t)a->count * SCAN_EMPTY_FACTOR : INT64_MAX;

    do
        a->cursor = dict_scan(keys, a->cursor, gather, found);
    while (a->cursor && --chains && found->n / sizeof(struct key *) < (uint64_t)a->count);
}
