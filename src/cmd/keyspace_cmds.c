/* cmd/keyspace_cmds.c - commands that meet keys otherwise than by their names: KEYS, SCAN, RANDOMKEY. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"

/* --- KEYS --- */

static bool matches(struct slice pattern, const struct key *k)
{
    return slice_eq(pattern, SLICE("*")) || slice_glob(pattern, key_name(k), false);
}

/* The walk ends where the client is to be closed for what it has been answered. Keys past their time are only
 * left out: there may be a million of them. */
int cmd_keys(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    struct dict_iter it;
    struct key *k;
    size_t n = 0;

    dict_iter_begin(&it, &c->broker->db[c->db].keys);
    while (!session_over_limit(c->session) && (k = dict_iter_next(&it))) {
        if (!matches(c->arg[1], k) || key_expired(k, c->now.wall))
            continue;
        reply_bulk(c->reply, key_name(k));
        n++;
    }
    dict_iter_end(&it);
    reply_fill_array(c->reply, place, n);
    return OK;
}

/* --- SCAN --- */

#define SCAN_COUNT        10
#define SCAN_EMPTY_FACTOR 10 /* chains that are looked at for each key asked for, when most are empty */

struct scan {
    uint64_t cursor;
    int64_t count;
    struct slice pattern, type; /* p NULL: any */
    struct buf found;           /* struct key * */
};

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

static int scan_parse(struct call *c, struct scan *s)
{
    *s = (struct scan){.count = SCAN_COUNT};
    if (!parse_cursor(c->arg[1], &s->cursor))
        return call_fail(c, "ERR invalid cursor");
    for (size_t i = 2; i < c->n; i += 2) {
        if (i + 1 == c->n)
            return ERR_SYNTAX;
        if (slice_is(c->arg[i], "COUNT")) {
            if (!num_i64(c->arg[i + 1], &s->count))
                return ERR_INT;
            if (s->count < 1)
                return ERR_SYNTAX;
        } else if (slice_is(c->arg[i], "MATCH")) {
            s->pattern = c->arg[i + 1];
        } else if (slice_is(c->arg[i], "TYPE")) {
            s->type = c->arg[i + 1];
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

static void gather(void *entry, void *arg)
{
    buf_add(arg, &entry, sizeof entry);
}

/* Whole chains, so there may be some more than asked for; or none, when the pattern fits few. */
static void scan_walk(const struct dict *keys, struct scan *s)
{
    uint64_t chains =
        s->count < INT64_MAX / SCAN_EMPTY_FACTOR ? (uint64_t)s->count * SCAN_EMPTY_FACTOR : INT64_MAX;

    do
        s->cursor = dict_scan(keys, s->cursor, gather, &s->found);
    while (s->cursor && --chains && s->found.n / sizeof(struct key *) < (uint64_t)s->count);
}

static bool wanted(const struct scan *s, const struct key *k)
{
    return (!s->pattern.p || matches(s->pattern, k)) &&
           (!s->type.p || slice_is(s->type, key_type_name(k->type)));
}

/* The keys met are gathered first: those past their time are removed, and a walk must not see that. */
int cmd_scan(struct call *c)
{
    struct scan s;
    struct key **k;
    uint64_t place;
    size_t n = 0;
    int err = scan_parse(c, &s);

    if (err != OK)
        return err;
    scan_walk(&c->broker->db[c->db].keys, &s);
    reply_array(c->reply, 2);
    reply_bulk_u64(c->reply, s.cursor);
    place = reply_later(c->reply, 0);
    k = (struct key **)(void *)s.found.p;
    for (size_t i = 0; i < s.found.n / sizeof *k && !session_over_limit(c->session); i++) {
        if (key_end(c, k[i]) || !wanted(&s, k[i]))
            continue;
        reply_bulk(c->reply, key_name(k[i]));
        n++;
    }
    reply_fill_array(c->reply, place, n);
    buf_free(&s.found);
    return OK;
}

/* --- RANDOMKEY --- */

/* All but a few have run out: the first that has not. */
static const struct key *first_live(struct call *c, struct dict *keys)
{
    struct dict_iter it;
    const struct key *k;

    dict_iter_begin(&it, keys);
    while ((k = dict_iter_next(&it)) && key_expired(k, c->now.wall))
        ;
    dict_iter_end(&it);
    return k;
}

int cmd_randomkey(struct call *c)
{
    struct dict *keys = &c->broker->db[c->db].keys;
    const struct key *found = NULL;
    struct key *k = NULL;

    for (int tries = 0; tries < 100 && !found; tries++) {
        if (!(k = dict_random(keys, random_next(&c->service->random))))
            break;
        found = key_end(c, k) ? NULL : k;
    }
    if (!found && k)
        found = first_live(c, keys);
    if (found)
        reply_bulk(c->reply, key_name(found));
    else
        reply_null(c->reply);
    return OK;
}
