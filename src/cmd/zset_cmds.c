/* cmd/zset_cmds.c - commands on members of sorted sets and their scores. Ranges are in zrange_cmds.c, what
 * takes from an end in zpop_cmds.c, several sets in zalgebra_cmds.c. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_zset.h"
#include "handlers.h"
#include "random_pick.h"
#include "store/zset.h"
#include "zadd.h"

#include <math.h>

/* --- ZADD --- */

int zadd_option(struct slice word)
{
    static const struct {
        const char *name;
        enum zadd_option option;
    } known[] = {{"NX", ADD_NX}, {"XX", ADD_XX}, {"GT", ADD_GT},
                 {"LT", ADD_LT}, {"CH", ADD_CH}, {"INCR", ADD_INCR}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_is(word, known[i].name))
            return known[i].option;
    return 0;
}

static int zadd_check(struct call *c, const struct zadd *a)
{
    if (a->options & ADD_NX && a->options & ADD_XX)
        return call_fail(c, "ERR XX and NX options at the same time are not compatible");
    if ((a->options & ADD_NX && a->options & (ADD_GT | ADD_LT)) ||
        (a->options & ADD_GT && a->options & ADD_LT))
        return call_fail(c, "ERR GT, LT, and/or NX options at the same time are not compatible");
    if (a->options & ADD_INCR && a->n > 1)
        return call_fail(c, "ERR INCR option supports a single increment-element pair");
    return OK;
}

static int zadd_parse(struct call *c, struct zadd *a)
{
    size_t i = 2;
    int option, err;

    while (i < c->n && (option = zadd_option(c->arg[i]))) {
        a->options |= option;
        i++;
    }
    a->pair = c->arg + i;
    a->n = (c->n - i) / 2;
    if (a->n == 0 || (c->n - i) % 2)
        return ERR_SYNTAX;
    if ((err = zadd_check(c, a)) != OK)
        return err;
    a->score = mem_alloc(a->n * sizeof *a->score);
    for (i = 0; i < a->n; i++)
        if (!num_double(a->pair[2 * i], &a->score[i]))
            return ERR_FLOAT;
    return OK;
}

/* What the options leave of a new score; false: nothing. ERR_FLOAT in *err: it is not a number. */
static bool zadd_wanted(struct zadd *a, bool had, double old, double *score, int *err)
{
    if (had ? a->options & ADD_NX : a->options & ADD_XX)
        return false;
    if (had && a->options & ADD_INCR) {
        *score += old;
        if (isnan(*score)) {
            *err = ERR_FLOAT;
            return false;
        }
    }
    return !had || !((a->options & ADD_GT && *score <= old) || (a->options & ADD_LT && *score >= old));
}

static int zadd_one(struct zadding *z, struct zadd *a, size_t i)
{
    struct slice member = a->pair[2 * i + 1];
    double score = a->score[i], old = 0;
    bool had = z->ch.key && zset_score(z->ch.key->zset, member, &old);
    int err = OK;

    if (!zadd_wanted(a, had, old, &score, &err))
        return err;
    a->done = true;
    a->last = score;
    a->added += !had;
    a->changed += had && score != old;
    if (!had || score != old)
        change_zadd_put(z, member, score);
    return OK;
}

static void zadd_reply(struct call *c, const struct zadd *a)
{
    if (!(a->options & ADD_INCR))
        reply_int(c->reply, (int64_t)(a->added + (a->options & ADD_CH ? a->changed : 0)));
    else if (a->done)
        reply_double(c->reply, a->last);
    else
        reply_null(c->reply);
}

int zadd_run(struct call *c, struct zadd *a)
{
    struct zadding z;
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_ZSET, &k);

    if (err != OK)
        return err;
    z = change_zadd_open(c->broker, c->db, c->arg[1], a->n, a->options & ADD_INCR ? EVENT_ZINCR : EVENT_ZADD);
    for (size_t i = 0; i < a->n && err == OK; i++)
        err = zadd_one(&z, a, i);
    change_zadd_close(&z);
    if (err != OK)
        return call_fail(c, "ERR resulting score is not a number (NaN)");
    zadd_reply(c, a);
    return OK;
}

int cmd_zadd(struct call *c)
{
    struct zadd a = {0};
    int err = zadd_parse(c, &a);

    if (err == OK)
        err = zadd_run(c, &a);
    mem_free(a.score);
    return err;
}

int cmd_zincrby(struct call *c)
{
    double by;
    struct zadd a = {.options = ADD_INCR, .pair = c->arg + 2, .n = 1, .score = &by};

    return num_double(c->arg[2], &by) ? zadd_run(c, &a) : ERR_FLOAT;
}

int cmd_zrem(struct call *c)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_ZSET, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)change_zrem(c->broker, c->db, c->arg[1], c->arg + 2, c->n - 2) : 0);
    return err;
}

/* --- looking --- */

int cmd_zcard(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_ZSET, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)zset_count(k->zset) : 0);
    return err;
}

static void reply_score(struct call *c, const struct key *k, struct slice member)
{
    double score;

    if (k && zset_score(k->zset, member, &score))
        reply_double(c->reply, score);
    else
        reply_null(c->reply);
}

int cmd_zscore(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_ZSET, &k);

    if (err == OK)
        reply_score(c, k, c->arg[2]);
    return err;
}

int cmd_zmscore(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_ZSET, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++)
        reply_score(c, k, c->arg[i]);
    return OK;
}

static int rank_of(struct call *c, bool reverse)
{
    bool with = c->n > 3;
    struct key *k;
    double score;
    size_t rank;
    int err;

    if (c->n > 4 || (with && !slice_is(c->arg[3], "WITHSCORE")))
        return ERR_SYNTAX;
    if ((err = key_read_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    if (!k || !zset_rank(k->zset, c->arg[2], &rank, &score)) {
        if (with)
            reply_null_array(c->reply);
        else
            reply_null(c->reply);
        return OK;
    }
    if (with)
        reply_array(c->reply, 2);
    reply_int(c->reply, (int64_t)(reverse ? zset_count(k->zset) - 1 - rank : rank));
    if (with)
        reply_double(c->reply, score);
    return OK;
}

int cmd_zrank(struct call *c)
{
    return rank_of(c, false);
}

int cmd_zrevrank(struct call *c)
{
    return rank_of(c, true);
}

/* --- ZRANDMEMBER --- */

static size_t pick_count(const void *value)
{
    return zset_count(value);
}

static bool pick_compact(const void *value)
{
    return zset_packed(value);
}

static void pick_one(const void *value, uint64_t r, struct picked *out)
{
    zset_iter_at(&out->zset, value, r % zset_count(value));
    out->member = out->zset.item.member;
    out->score = out->zset.item.score;
}

static void pick_each(const void *value, void (*fn)(const struct picked *item, void *arg), void *arg)
{
    struct zset_iter it;
    struct picked item;

    for (bool ok = zset_iter_at(&it, value, 0); ok; ok = zset_iter_next(&it)) {
        item.member = it.item.member;
        item.score = it.item.score;
        fn(&item, arg);
    }
}

static void pick_reply(struct call *c, const struct picked *item, bool with_scores)
{
    if (with_scores && c->reply->proto == 3)
        reply_array(c->reply, 2);
    reply_bulk(c->reply, item->member);
    if (with_scores)
        reply_double(c->reply, item->score);
}

int cmd_zrandmember(struct call *c)
{
    static const struct pick_from from = {KEY_ZSET, "WITHSCORES", pick_count, pick_compact,
                                          pick_one, pick_each,    pick_reply};

    return pick_run(c, &from);
}
