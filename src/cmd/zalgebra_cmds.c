/* cmd/zalgebra_cmds.c - commands on several sorted sets. Sets may stand among them: their scores are 1. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_zset.h"
#include "keys_at.h"
#include "store/zset_algebra.h"

struct zcombine {
    enum zset_op op;
    enum zset_aggregate how;
    struct zset_source *source;
    size_t n;
    bool with_scores;
};

static int parse_count(struct call *c, size_t at, size_t *n)
{
    int64_t v;

    if (!num_i64(c->arg[at], &v))
        return ERR_INT;
    if (v < 1)
        return call_fail_named(c, "ERR at least 1 input key is needed for");
    if ((uint64_t)v > c->n - at - 1)
        return ERR_SYNTAX;
    *n = (size_t)v;
    return OK;
}

static int parse_weights(struct call *c, size_t at, struct zcombine *z)
{
    for (size_t i = 0; i < z->n; i++)
        if (!num_double(c->arg[at + i], &z->source[i].weight))
            return call_fail(c, "ERR weight value is not a float");
    return OK;
}

static bool parse_aggregate(struct slice word, enum zset_aggregate *how)
{
    static const char *const name[] = {[ZSET_SUM] = "SUM", [ZSET_MIN] = "MIN", [ZSET_MAX] = "MAX"};

    for (size_t i = 0; i < 3; i++) {
        if (slice_is(word, name[i])) {
            *how = (enum zset_aggregate)i;
            return true;
        }
    }
    return false;
}

static int parse_options(struct call *c, size_t at, bool store, struct zcombine *z)
{
    int err;

    while (at < c->n) {
        struct slice word = c->arg[at];

        if (z->op != ZSET_DIFF && slice_is(word, "WEIGHTS") && c->n - at > z->n) {
            if ((err = parse_weights(c, at + 1, z)) != OK)
                return err;
            at += 1 + z->n;
        } else if (z->op != ZSET_DIFF && slice_is(word, "AGGREGATE") && at + 1 < c->n &&
                   parse_aggregate(c->arg[at + 1], &z->how)) {
            at += 2;
        } else if (!store && slice_is(word, "WITHSCORES")) {
            z->with_scores = true;
            at++;
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

static int find_sources(struct call *c, size_t at, struct zcombine *z)
{
    for (size_t i = 0; i < z->n; i++) {
        struct key *k = key_read(c, c->arg[at + i]);

        z->source[i] = (struct zset_source){.weight = 1};
        if (!k)
            continue;
        if (k->type == KEY_ZSET)
            z->source[i].zset = k->zset;
        else if (k->type == KEY_SET)
            z->source[i].set = k->set;
        else
            return ERR_TYPE;
    }
    return OK;
}

/* The number of keys stands at `at`. *out is set only if it is OK. */
static int combine(struct call *c, size_t at, bool store, struct zcombine *z, struct zset **out)
{
    int err = parse_count(c, at, &z->n);

    if (err != OK)
        return err;
    z->source = mem_alloc(z->n * sizeof *z->source);
    if ((err = find_sources(c, at + 1, z)) == OK && (err = parse_options(c, at + 1 + z->n, store, z)) == OK)
        *out = zset_combine(z->op, z->how, z->source, z->n, &c->broker->shape);
    mem_free(z->source);
    return err;
}

static int combine_reply(struct call *c, enum zset_op op)
{
    struct zcombine how = {.op = op};
    struct zset *z;
    struct zset_iter it;
    int err = combine(c, 1, false, &how, &z);
    bool pair = how.with_scores && c->reply->proto == 3;

    if (err != OK)
        return err;
    reply_array(c->reply, how.with_scores && !pair ? 2 * zset_count(z) : zset_count(z));
    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it)) {
        if (pair)
            reply_array(c->reply, 2);
        reply_bulk(c->reply, it.item.member);
        if (how.with_scores)
            reply_double(c->reply, it.item.score);
    }
    zset_discard(z);
    return OK;
}

static int combine_store(struct call *c, enum zset_op op, enum event event)
{
    struct zcombine how = {.op = op};
    struct zset *z;
    int err = combine(c, 2, true, &how, &z);

    if (err != OK)
        return err;
    key_write(c, c->arg[1]);
    reply_int(c->reply, (int64_t)zset_count(z));
    change_zset_take(c->broker, c->db, c->arg[1], z, event);
    return OK;
}

int cmd_zinter(struct call *c)
{
    return combine_reply(c, ZSET_INTER);
}

int cmd_zunion(struct call *c)
{
    return combine_reply(c, ZSET_UNION);
}

int cmd_zdiff(struct call *c)
{
    return combine_reply(c, ZSET_DIFF);
}

int cmd_zinterstore(struct call *c)
{
    return combine_store(c, ZSET_INTER, EVENT_ZINTERSTORE);
}

int cmd_zunionstore(struct call *c)
{
    return combine_store(c, ZSET_UNION, EVENT_ZUNIONSTORE);
}

int cmd_zdiffstore(struct call *c)
{
    return combine_store(c, ZSET_DIFF, EVENT_ZDIFFSTORE);
}

int cmd_zintercard(struct call *c)
{
    struct zcombine z = {.op = ZSET_INTER};
    int64_t limit;
    int err = parse_count(c, 1, &z.n);

    if (err != OK)
        return err;
    z.source = mem_alloc(z.n * sizeof *z.source);
    if ((err = find_sources(c, 2, &z)) == OK && (err = keys_limit(c, 2 + z.n, &limit)) == OK)
        reply_int(c->reply, (int64_t)zset_inter_count(z.source, z.n, (size_t)limit));
    mem_free(z.source);
    return err;
}
