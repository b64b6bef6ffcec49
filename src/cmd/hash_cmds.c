/* cmd/hash_cmds.c - commands on hashes. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_hash.h"
#include "handlers.h"
#include "random_pick.h"
#include "store/hash.h"

#include <math.h>

/* --- setting --- */

static int set_pairs(struct call *c, size_t *added)
{
    struct key *k;
    int err;

    if (c->n % 2)
        return ERR_ARITY;
    if ((err = key_write_as(c, c->arg[1], KEY_HASH, &k)) != OK)
        return err;
    *added = change_hset(c->broker, c->db, c->arg[1], c->arg + 2, (c->n - 2) / 2, EVENT_HSET);
    return OK;
}

int cmd_hset(struct call *c)
{
    size_t added;
    int err = set_pairs(c, &added);

    if (err == OK)
        reply_int(c->reply, (int64_t)added);
    return err;
}

int cmd_hmset(struct call *c)
{
    size_t added;
    int err = set_pairs(c, &added);

    if (err == OK)
        reply_ok(c->reply);
    return err;
}

static bool find(const struct key *k, struct slice field, struct hash_item *item)
{
    return k && hash_get(k->hash, field, item);
}

int cmd_hsetnx(struct call *c)
{
    struct hash_item item;
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_HASH, &k);
    bool had;

    if (err != OK)
        return err;
    had = find(k, c->arg[2], &item);
    if (!had)
        change_hset(c->broker, c->db, c->arg[1], c->arg + 2, 1, EVENT_HSET);
    reply_int(c->reply, !had);
    return OK;
}

int cmd_hdel(struct call *c)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_HASH, &k);
    size_t removed = 0;

    if (err != OK)
        return err;
    if (k)
        removed = change_hdel(c->broker, c->db, c->arg[1], c->arg + 2, c->n - 2);
    reply_int(c->reply, (int64_t)removed);
    return OK;
}

/* --- numbers --- */

static void set_number(struct call *c, const char *text, size_t n, enum event event)
{
    struct slice pair[2] = {c->arg[2], {text, n}};

    change_hset(c->broker, c->db, c->arg[1], pair, 1, event);
}

int cmd_hincrby(struct call *c)
{
    struct hash_item item;
    struct key *k;
    int64_t v = 0, by;
    char text[NUM_MAX];
    int err;

    if (!num_i64(c->arg[3], &by))
        return ERR_INT;
    if ((err = key_write_as(c, c->arg[1], KEY_HASH, &k)) != OK)
        return err;
    if (find(k, c->arg[2], &item) && !num_i64(item.value, &v))
        return call_fail(c, "ERR hash value is not an integer");
    if (__builtin_add_overflow(v, by, &v))
        return ERR_RANGE;
    set_number(c, text, num_put_i64(text, v), EVENT_HINCRBY);
    reply_int(c->reply, v);
    return OK;
}

int cmd_hincrbyfloat(struct call *c)
{
    struct hash_item item;
    struct key *k;
    long double v = 0, by;
    char text[NUM_LONG_DOUBLE_MAX];
    size_t n;
    int err;

    if (!num_long_double(c->arg[3], &by))
        return ERR_FLOAT;
    if (isinf(by))
        return call_fail(c, "ERR value is NaN or Infinity");
    if ((err = key_write_as(c, c->arg[1], KEY_HASH, &k)) != OK)
        return err;
    if (find(k, c->arg[2], &item) && !num_long_double(item.value, &v))
        return call_fail(c, "ERR hash value is not a float");
    v += by;
    if (isnan(v) || isinf(v))
        return call_fail(c, "ERR increment would produce NaN or Infinity");
    n = num_put_long_double(text, v);
    set_number(c, text, n, EVENT_HINCRBYFLOAT);
    reply_bulk(c->reply, (struct slice){text, n});
    return OK;
}

/* --- reading --- */

static void reply_value(struct call *c, const struct key *k, struct slice field)
{
    struct hash_item item;

    if (find(k, field, &item))
        reply_bulk(c->reply, item.value);
    else
        reply_null(c->reply);
}

int cmd_hget(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);

    if (err == OK)
        reply_value(c, k, c->arg[2]);
    return err;
}

int cmd_hmget(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++)
        reply_value(c, k, c->arg[i]);
    return OK;
}

int cmd_hlen(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)hash_count(k->hash) : 0);
    return err;
}

int cmd_hexists(struct call *c)
{
    struct hash_item item;
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);

    if (err == OK)
        reply_int(c->reply, find(k, c->arg[2], &item));
    return err;
}

int cmd_hstrlen(struct call *c)
{
    struct hash_item item;
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);

    if (err == OK)
        reply_int(c->reply, find(k, c->arg[2], &item) ? (int64_t)item.value.n : 0);
    return err;
}

enum { FIELDS = 1, VALUES = 2 };

static int reply_all(struct call *c, int what)
{
    struct hash_iter it;
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_HASH, &k);
    size_t n = k && err == OK ? hash_count(k->hash) : 0;

    if (err != OK)
        return err;
    if (what == (FIELDS | VALUES))
        reply_map(c->reply, n);
    else
        reply_array(c->reply, n);
    if (!k)
        return OK;
    hash_iter_begin(&it, k->hash);
    while (hash_iter_next(&it)) {
        if (what & FIELDS)
            reply_bulk(c->reply, it.item.field);
        if (what & VALUES)
            reply_bulk(c->reply, it.item.value);
    }
    hash_iter_end(&it);
    return OK;
}

int cmd_hgetall(struct call *c)
{
    return reply_all(c, FIELDS | VALUES);
}

int cmd_hkeys(struct call *c)
{
    return reply_all(c, FIELDS);
}

int cmd_hvals(struct call *c)
{
    return reply_all(c, VALUES);
}

/* --- HRANDFIELD --- */

static size_t pick_count(const void *value)
{
    return hash_count(value);
}

static bool pick_compact(const void *value)
{
    return hash_packed(value);
}

static void pick_one(const void *value, uint64_t r, struct picked *out)
{
    hash_random(value, r, &out->hash);
    out->member = out->hash.field;
    out->value = out->hash.value;
}

static void pick_each(const void *value, void (*fn)(const struct picked *item, void *arg), void *arg)
{
    struct hash_iter it;
    struct picked item;

    hash_iter_begin(&it, value);
    while (hash_iter_next(&it)) {
        item.member = it.item.field;
        item.value = it.item.value;
        fn(&item, arg);
    }
    hash_iter_end(&it);
}

static void pick_reply(struct call *c, const struct picked *item, bool with_values)
{
    if (with_values && c->reply->proto == 3)
        reply_array(c->reply, 2);
    reply_bulk(c->reply, item->member);
    if (with_values)
        reply_bulk(c->reply, item->value);
}

int cmd_hrandfield(struct call *c)
{
    static const struct pick_from from = {KEY_HASH, "WITHVALUES", pick_count, pick_compact,
                                          pick_one, pick_each,    pick_reply};

    return pick_run(c, &from);
}
