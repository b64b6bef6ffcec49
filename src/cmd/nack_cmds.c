/* cmd/nack_cmds.c - XNACK: what a consumer could not do is given back to its group. */
#include "base/err.h"
#include "base/num.h"
#include "queue/back.h"
#include "stream_args.h"

struct nack {
    enum { NACK_SILENT, NACK_FAIL, NACK_FATAL } mode;
    int64_t retry_count;     /* -1: not given */
    bool force;              /* also what is not pending */
    const struct slice *ids; /* n of them, as the client wrote them; NULL: no IDS so far */
    size_t n;
};

static int parse_mode(struct call *c, struct nack *a)
{
    if (slice_is(c->arg[3], "SILENT"))
        a->mode = NACK_SILENT;
    else if (slice_is(c->arg[3], "FAIL"))
        a->mode = NACK_FAIL;
    else if (slice_is(c->arg[3], "FATAL"))
        a->mode = NACK_FATAL;
    else
        return call_fail(c, "ERR mode must be SILENT, FAIL, or FATAL");
    return OK;
}

/* numids id [id ...], from arg[*i] on, which is the last word of it afterwards. */
static int parse_ids(struct call *c, size_t *i, struct nack *a)
{
    size_t left = c->n - *i - 1;
    int64_t n;

    if (!num_i64(c->arg[*i], &n) || n < 1)
        return call_fail(c, "ERR numids must be a positive integer");
    if ((uint64_t)n > left)
        return call_fail(c, "ERR number of IDs doesn't match numids");
    a->ids = c->arg + *i + 1;
    a->n = (size_t)n;
    *i += a->n;
    return OK;
}

static int parse_retry_count(struct call *c, struct slice text, struct nack *a)
{
    if (!num_i64(text, &a->retry_count))
        return ERR_INT;
    return a->retry_count >= 0 ? OK : call_fail(c, "ERR Invalid RETRYCOUNT value, must be >= 0");
}

/* The option at arg[*i], whose last word it is afterwards. */
static int parse_option(struct call *c, size_t *i, struct nack *a)
{
    struct slice word = c->arg[*i];
    bool more = *i + 1 < c->n;

    if (more && !a->ids && slice_is(word, "IDS")) {
        ++*i;
        return parse_ids(c, i, a);
    }
    if (more && slice_is(word, "RETRYCOUNT"))
        return parse_retry_count(c, c->arg[++*i], a);
    if (!slice_is(word, "FORCE"))
        return call_fail(c, "ERR Unrecognized XNACK option '%.*s'", SLICE_ARG(word));
    a->force = true;
    return OK;
}

static int nack_parse(struct call *c, struct nack *a)
{
    int err;

    *a = (struct nack){.retry_count = -1};
    if ((err = parse_mode(c, a)) != OK)
        return err;
    for (size_t i = 4; i < c->n; i++)
        if ((err = parse_option(c, &i, a)) != OK)
            return err;
    return a->ids ? OK : call_fail(c, "ERR syntax error, expected IDS keyword");
}

/* SILENT: as if it had not been delivered. FATAL: as if it had been more often than any limit allows. */
static uint64_t new_count(const struct nack *a, uint64_t count)
{
    if (a->retry_count >= 0)
        return (uint64_t)a->retry_count;
    if (a->mode == NACK_FATAL)
        return PEL_COUNT_MAX;
    return a->mode == NACK_SILENT && count ? count - 1 : count;
}

/* In the order told; one that is told twice is given back twice. */
static size_t nack_all(struct call *c, const struct nack *a, const struct stream *s, struct group *g,
                       const struct ids *ids)
{
    struct holding h;
    size_t n;

    change_hold_open(&h, c->broker, c->db, c->arg[1], g, NULL, 0);
    for (size_t i = 0; i < ids->n; i++) {
        struct pending p = {.count = 0};

        if (pel_find(&g->pel, ids->v[i], &p) || (a->force && stream_has(s, ids->v[i])))
            change_hold(&h, ids->v[i], new_count(a, p.count));
    }
    n = h.n;
    change_hold_close(&h);
    return n;
}

/* Without a policy there is nothing to die of but the count. */
static int nacked_how(const struct queue_at *at, const struct nack *a)
{
    if (a->mode == NACK_SILENT || !at->q->governed)
        return BACK_AT_ONCE;
    return a->mode == NACK_FATAL ? BACK_REJECTED : BACK_BY_POLICY;
}

/* The same in a queue: they come back as its policy has it. */
static size_t nack_queued(const struct queue_at *at, const struct nack *a, struct group *g,
                          const struct ids *ids)
{
    struct back k;
    size_t n = 0;

    queue_back_open(&k, at, g);
    k.how = nacked_how(at, a);
    for (size_t i = 0; i < ids->n; i++) {
        struct pending p = {.id = ids->v[i], .owner = PEL_NO_OWNER};
        bool there = pel_find(&g->pel, ids->v[i], &p);

        if (there ? p.state == PENDING_DEAD : !a->force || !stream_has(at->s, ids->v[i]))
            continue;
        if (k.how != BACK_REJECTED || a->retry_count >= 0)
            p.count = new_count(a, p.count);
        queue_back(&k, &p);
        n++;
    }
    queue_back_close(&k);
    return n;
}

int cmd_xnack(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct nack a;
    struct ids ids;
    struct queue_at at;
    int err = group_wanted(c, &s, &g);

    if (err != OK || (err = nack_parse(c, &a)) != OK)
        return err;
    ids_parse(&ids, a.ids, a.n);
    if (ids.n < a.n)
        err = ERR_ID;
    else if (queue_at(&at, c->broker, c->db, c->arg[1], s, c->now))
        reply_int(c->reply, (int64_t)nack_queued(&at, &a, g, &ids));
    else
        reply_int(c->reply, (int64_t)nack_all(c, &a, s, g, &ids));
    ids_free(&ids);
    return err;
}
