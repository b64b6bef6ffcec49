/* cmd/zpop_cmds.c - commands that take members from an end of a sorted set. */
#include "base/err.h"
#include "base/num.h"
#include "block_keys.h"
#include "broker/change_zset.h"
#include "keys_at.h"
#include "store/zset.h"

static size_t at_most(const struct zset *z, int64_t n)
{
    return (uint64_t)n < zset_count(z) ? (size_t)n : zset_count(z);
}

/* n members from one end, then they go. `pairs`: each with its score an array of its own. */
static void pop(struct call *c, struct slice name, const struct zset *z, bool max, size_t n, bool pairs)
{
    size_t count = zset_count(z), left = n;
    struct zset_iter it;

    for (bool ok = n && zset_iter_at(&it, z, max ? count - 1 : 0); ok && left;
         ok = max ? zset_iter_prev(&it) : zset_iter_next(&it), left--) {
        if (pairs)
            reply_array(c->reply, 2);
        reply_bulk(c->reply, it.item.member);
        reply_double(c->reply, it.item.score);
    }
    if (n)
        change_zrem_ranks(c->broker, c->db, name, max ? count - n : 0, n,
                          max ? EVENT_ZPOPMAX : EVENT_ZPOPMIN);
}

static int zpop(struct call *c, bool max)
{
    bool pairs = c->n == 3 && c->reply->proto == 3;
    int64_t n = 1;
    struct key *k;
    size_t take;
    int err;

    if (c->n > 3)
        return ERR_SYNTAX;
    if (c->n == 3 && (!num_i64(c->arg[2], &n) || n < 0))
        return call_fail(c, "ERR value is out of range, must be positive");
    if ((err = key_write_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    take = k ? at_most(k->zset, n) : 0;
    reply_array(c->reply, pairs ? take : 2 * take);
    if (take)
        pop(c, c->arg[1], k->zset, max, take, pairs);
    return OK;
}

int cmd_zpopmin(struct call *c)
{
    return zpop(c, false);
}

int cmd_zpopmax(struct call *c)
{
    return zpop(c, true);
}

/* --- BZPOPMIN, ZMPOP --- */

/* The first key that has members; ERR_BLOCK if none. */
static int first_key(struct call *c, const struct block_keys *a, struct slice *name, struct key **k)
{
    for (size_t i = 0; i < a->n; i++) {
        int err = key_write_as(c, a->key[i], KEY_ZSET, k);

        *name = a->key[i];
        if (err != OK || *k)
            return err;
    }
    return ERR_BLOCK;
}

static int bzpop_serve(struct call *c, const struct block_keys *a)
{
    struct slice name;
    struct key *k;
    int err = first_key(c, a, &name, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, 3);
    reply_bulk(c->reply, name);
    pop(c, name, k->zset, !a->front, 1, false);
    return OK;
}

static int bzpop(struct call *c, bool min)
{
    struct block_keys a = {.type = KEY_ZSET,
                           .key = c->arg + 1,
                           .n = c->n - 2,
                           .front = min,
                           .serve = bzpop_serve,
                           .nothing = reply_null_array};
    int err = block_timeout(c, c->arg[c->n - 1], &a.timeout);

    return err != OK ? err : block_on_keys(c, &a);
}

int cmd_bzpopmin(struct call *c)
{
    return bzpop(c, true);
}

int cmd_bzpopmax(struct call *c)
{
    return bzpop(c, false);
}

static int zmpop_serve(struct call *c, const struct block_keys *a)
{
    struct slice name;
    struct key *k;
    size_t n;
    int err = first_key(c, a, &name, &k);

    if (err != OK)
        return err;
    n = at_most(k->zset, a->count);
    reply_array(c->reply, 2);
    reply_bulk(c->reply, name);
    reply_array(c->reply, n);
    pop(c, name, k->zset, !a->front, n, true);
    return OK;
}

int cmd_zmpop(struct call *c)
{
    struct block_keys a = {.type = KEY_ZSET, .serve = zmpop_serve, .nothing = reply_null_array};
    int err = block_mpop_parse(c, 1, "MIN", "MAX", &a);

    if (err == OK && (err = zmpop_serve(c, &a)) == ERR_BLOCK) {
        reply_null_array(c->reply);
        err = OK;
    }
    return err;
}

int cmd_bzmpop(struct call *c)
{
    struct block_keys a = {.type = KEY_ZSET, .serve = zmpop_serve, .nothing = reply_null_array};
    int err;

    if ((err = block_mpop_parse(c, 2, "MIN", "MAX", &a)) != OK ||
        (err = block_timeout(c, c->arg[1], &a.timeout)) != OK)
        return err;
    return block_on_keys(c, &a);
}
