/* cmd/string_cmds.c - commands on strings. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/string.h"

struct set_args {
    bool nx, xx, get, keep_ttl;
    const struct limit *limit; /* NULL: no time limit */
    struct slice time;
    msec at; /* what it comes to; -1: none */
};

/* How a time limit is given: in `unit` milliseconds, from now or from 1970. */
static const struct limit {
    const char *name;
    msec unit;
    bool relative;
} limits[] = {{"EX", 1000, true}, {"PX", 1, true}, {"EXAT", 1000, false}, {"PXAT", 1, false}};

static const struct limit *limit_named(struct slice word)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (slice_is(word, limits[i].name))
            return &limits[i];
    return NULL;
}

/* The words first, what the time means last: so a syntax error goes before a bad number. */
static int set_options(struct call *c, struct set_args *a)
{
    for (size_t i = 3; i < c->n; i++) {
        struct slice word = c->arg[i];
        const struct limit *l = limit_named(word);

        if (slice_is(word, "NX") && !a->xx) {
            a->nx = true;
        } else if (slice_is(word, "XX") && !a->nx) {
            a->xx = true;
        } else if (slice_is(word, "GET")) {
            a->get = true;
        } else if (slice_is(word, "KEEPTTL") && !a->limit) {
            a->keep_ttl = true;
        } else if (l && !a->keep_ttl && (!a->limit || a->limit == l) && i + 1 < c->n) {
            a->limit = l;
            a->time = c->arg[++i];
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

static int set_parse(struct call *c, struct set_args *a)
{
    int err;

    *a = (struct set_args){.at = -1};
    if ((err = set_options(c, a)) != OK || !a->limit)
        return err;
    if (!num_i64(a->time, &a->at))
        return ERR_INT;
    if (a->at <= 0 || __builtin_mul_overflow(a->at, a->limit->unit, &a->at) ||
        __builtin_add_overflow(a->at, a->limit->relative ? c->now.wall : 0, &a->at))
        return call_fail(c, "ERR invalid expire time in 'set' command");
    return OK;
}

static void reply_string(struct call *c, const struct key *k)
{
    if (k)
        reply_bulk(c->reply, string_slice(k->string));
    else
        reply_null(c->reply);
}

int cmd_set(struct call *c)
{
    struct set_args a;
    struct key *k;
    int err;

    if ((err = set_parse(c, &a)) != OK)
        return err;
    k = key_write(c, c->arg[1]);
    if (a.get) {
        if (k && k->type != KEY_STRING)
            return ERR_TYPE;
        reply_string(c, k);
    }
    if ((a.nx && k) || (a.xx && !k)) {
        if (!a.get)
            reply_null(c->reply);
        return OK;
    }
    if (a.at >= 0 && a.at <= c->now.wall && c->broker->origin != ORIGIN_REPLAY) {
        if (k) /* a limit in the past: as good as deleted */
            change_del(c->broker, c->db, c->arg[1]);
    } else {
        change_set(c->broker, c->db, c->arg[1], c->arg[2], a.at, a.keep_ttl);
    }
    if (!a.get)
        reply_ok(c->reply);
    return OK;
}

int cmd_get(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_STRING, &k);

    if (err == OK)
        reply_string(c, k);
    return err;
}

static int add(struct call *c, int64_t by)
{
    struct key *k;
    int64_t v = 0;
    char text[NUM_MAX];
    int err = key_write_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    if (k && !num_i64(string_slice(k->string), &v))
        return ERR_INT;
    if (__builtin_add_overflow(v, by, &v))
        return ERR_RANGE;
    change_set(c->broker, c->db, c->arg[1], (struct slice){text, num_put_i64(text, v)}, -1, true);
    reply_int(c->reply, v);
    return OK;
}

int cmd_incr(struct call *c)
{
    return add(c, 1);
}

int cmd_decr(struct call *c)
{
    return add(c, -1);
}

int cmd_incrby(struct call *c)
{
    int64_t by;

    return num_i64(c->arg[2], &by) ? add(c, by) : ERR_INT;
}

int cmd_decrby(struct call *c)
{
    int64_t by;

    if (!num_i64(c->arg[2], &by))
        return ERR_INT;
    if (by == INT64_MIN)
        return call_fail(c, "ERR decrement would overflow");
    return add(c, -by);
}
