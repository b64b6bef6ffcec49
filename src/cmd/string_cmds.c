/* cmd/string_cmds.c - commands on strings. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/string.h"

#include <math.h>

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

/* The limit of SET, SETEX and GETEX: what `time` comes to. */
static int limit_parse(struct call *c, const struct limit *l, struct slice time, msec *at)
{
    if (!num_i64(time, at))
        return ERR_INT;
    if (*at <= 0 || __builtin_mul_overflow(*at, l->unit, at) ||
        __builtin_add_overflow(*at, l->relative ? c->now.wall : 0, at))
        return call_fail_named(c, "ERR invalid expire time in");
    return OK;
}

static int set_parse(struct call *c, struct set_args *a)
{
    int err;

    *a = (struct set_args){.at = -1};
    if ((err = set_options(c, a)) != OK || !a->limit)
        return err;
    return limit_parse(c, a->limit, a->time, &a->at);
}

static void reply_string(struct call *c, const struct key *k)
{
    if (k)
        reply_bulk(c->reply, string_slice(k->string));
    else
        reply_null(c->reply);
}

/* A limit in the past is as good as a deletion; those who listen hear of it all. */
static void set_in_the_past(struct call *c, const struct key *k)
{
    event_tell(c->broker, c->db, c->arg[1], EVENT_SET);
    event_tell(c->broker, c->db, c->arg[1], EVENT_EXPIRE);
    if (k)
        change_expired(c->broker, c->db, c->arg[1]);
    else
        event_tell(c->broker, c->db, c->arg[1], EVENT_EXPIRED);
}

static void set_until(struct call *c, const struct key *k, struct slice value, msec at, bool keep_ttl)
{
    if (at < 0 || at > c->now.wall || c->broker->origin == ORIGIN_REPLAY)
        change_set(c->broker, c->db, c->arg[1], value, at, keep_ttl, EVENT_SET);
    else
        set_in_the_past(c, k);
}

int cmd_set(struct call *c)
{
    struct set_args a;
    struct key *k;
    int err;

    if ((err = set_parse(c, &a)) != OK)
        return err;
    k = a.get ? key_read(c, c->arg[1]) : key_write(c, c->arg[1]);
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
    set_until(c, k, c->arg[2], a.at, a.keep_ttl);
    if (!a.get)
        reply_ok(c->reply);
    return OK;
}

int cmd_setnx(struct call *c)
{
    bool had = key_write(c, c->arg[1]);

    if (!had)
        change_set(c->broker, c->db, c->arg[1], c->arg[2], -1, false, EVENT_SET);
    reply_int(c->reply, !had);
    return OK;
}

static int setex(struct call *c, const struct limit *l)
{
    msec at;
    int err = limit_parse(c, l, c->arg[2], &at);

    if (err != OK)
        return err;
    set_until(c, key_write(c, c->arg[1]), c->arg[3], at, false);
    reply_ok(c->reply);
    return OK;
}

int cmd_setex(struct call *c)
{
    return setex(c, &limits[0]);
}

int cmd_psetex(struct call *c)
{
    return setex(c, &limits[1]);
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
    change_set(c->broker, c->db, c->arg[1], (struct slice){text, num_put_i64(text, v)}, -1, true,
               EVENT_INCRBY);
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

int cmd_incrbyfloat(struct call *c)
{
    struct key *k;
    long double v = 0, by;
    char text[NUM_LONG_DOUBLE_MAX];
    size_t n;
    int err = key_write_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    if ((k && !num_long_double(string_slice(k->string), &v)) || !num_long_double(c->arg[2], &by))
        return ERR_FLOAT;
    v += by;
    if (isnan(v) || isinf(v))
        return call_fail(c, "ERR increment would produce NaN or Infinity");
    n = num_put_long_double(text, v);
    change_set(c->broker, c->db, c->arg[1], (struct slice){text, n}, -1, true, EVENT_INCRBYFLOAT);
    reply_bulk(c->reply, (struct slice){text, n});
    return OK;
}

/* --- old values --- */

int cmd_getset(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    reply_string(c, k);
    change_set(c->broker, c->db, c->arg[1], c->arg[2], -1, false, EVENT_SET);
    return OK;
}

int cmd_getdel(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    reply_string(c, k);
    if (k)
        change_del(c->broker, c->db, c->arg[1]);
    return OK;
}

struct getex {
    const struct limit *limit; /* NULL: none given */
    struct slice time;
    bool persist;
    msec at;
};

static int getex_parse(struct call *c, struct getex *a)
{
    *a = (struct getex){0};
    for (size_t i = 2; i < c->n; i++) {
        const struct limit *l = limit_named(c->arg[i]);

        if (slice_is(c->arg[i], "PERSIST") && !a->limit) {
            a->persist = true;
        } else if (l && !a->persist && (!a->limit || a->limit == l) && i + 1 < c->n) {
            a->limit = l;
            a->time = c->arg[++i];
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

int cmd_getex(struct call *c)
{
    struct getex a;
    struct key *k;
    int err;

    if ((err = getex_parse(c, &a)) != OK || (err = key_read_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    if (k && a.limit && (err = limit_parse(c, a.limit, a.time, &a.at)) != OK)
        return err;
    reply_string(c, k);
    if (!k)
        return OK;
    if (a.limit && a.at <= c->now.wall)
        change_del(c->broker, c->db, c->arg[1]);
    else if (a.limit)
        change_expire(c->broker, c->db, c->arg[1], a.at);
    else if (a.persist && k->expiry)
        change_expire(c->broker, c->db, c->arg[1], -1);
    return OK;
}

/* --- several keys --- */

int cmd_mget(struct call *c)
{
    reply_array(c->reply, c->n - 1);
    for (size_t i = 1; i < c->n; i++) {
        struct key *k = key_read(c, c->arg[i]);

        reply_string(c, k && k->type == KEY_STRING ? k : NULL);
    }
    return OK;
}

static void set_all(struct call *c)
{
    for (size_t i = 1; i < c->n; i += 2) {
        key_write(c, c->arg[i]);
        change_set(c->broker, c->db, c->arg[i], c->arg[i + 1], -1, false, EVENT_SET);
    }
}

int cmd_mset(struct call *c)
{
    if (c->n % 2 == 0)
        return ERR_ARITY;
    set_all(c);
    reply_ok(c->reply);
    return OK;
}

int cmd_msetnx(struct call *c)
{
    bool any = false;

    if (c->n % 2 == 0)
        return ERR_ARITY;
    for (size_t i = 1; i < c->n; i += 2)
        any |= key_write(c, c->arg[i]) != NULL;
    if (!any)
        set_all(c);
    reply_int(c->reply, !any);
    return OK;
}
