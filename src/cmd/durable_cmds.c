/* cmd/durable_cmds.c - what has reached the disk: WAIT, WAITAOF, LASTSAVE, and SAVE and BGSAVE, of which
 * there is no need. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"

/* --- WAIT and WAITAOF ---
 *
 * A client waits for all it has been answered so far, which is what it wrote and what it has seen of
 * others. There are no replicas: of those nobody ever acknowledges. */
struct wait {
    uint64_t offset; /* of the journal, WAITAOF: has to be durable */
    int64_t local;   /* 1: it has to be; 0: it need not */
    int64_t replicas;
    msec timeout; /* 0: for ever */
};

static bool local_done(const struct call *c, const struct wait *w)
{
    return !c->broker->journal || journal_durable(c->broker->journal) >= w->offset;
}

static void reply_wait(struct call *c, void *parsed)
{
    (void)parsed;
    reply_int(c->reply, 0);
}

static void reply_waitaof(struct call *c, void *parsed)
{
    reply_array(c->reply, 2);
    reply_int(c->reply, c->broker->journal && local_done(c, parsed));
    reply_int(c->reply, 0);
}

static int serve_wait(struct call *c, void *parsed)
{
    (void)c, (void)parsed;
    return ERR_BLOCK; /* it takes replicas */
}

/* The sync is asked for, instead of waiting for the second to pass, or (appendfsync no) for nothing. */
static int serve_waitaof(struct call *c, void *parsed)
{
    const struct wait *w = parsed;

    if (w->local && !c->broker->journal)
        return call_fail(c, "ERR appendonly was turned off while the client waited");
    if (w->local && !local_done(c, w)) {
        journal_want(c->broker->journal);
        return ERR_BLOCK;
    }
    if (w->replicas > 0)
        return ERR_BLOCK;
    reply_waitaof(c, parsed);
    return OK;
}

static int start_wait(struct call *c, const struct wait *w, int (*serve)(struct call *, void *),
                      void (*timeout)(struct call *, void *))
{
    struct wait *keep = mem_alloc(sizeof *keep);
    struct pending_call p = {.cmd = c->cmd,
                             .serve = serve,
                             .timeout = timeout,
                             .parsed = keep,
                             .free = mem_free,
                             .db = WAIT_NO_DB};
    struct slice name = WAIT_JOURNAL;
    usec until = INT64_MAX;

    *keep = *w;
    if (w->timeout && w->timeout < (INT64_MAX - c->now.mono) / 1000)
        until = c->now.mono + w->timeout * 1000;
    call_wait(c, &p, &name, 1, WAIT_COPY, SLICE(""), until);
    return ERR_BLOCK;
}

int cmd_wait(struct call *c)
{
    struct wait w = {0};
    int err;

    if (!num_i64(c->arg[1], &w.replicas))
        return ERR_INT;
    if ((err = call_timeout_ms(c, c->arg[2], &w.timeout)) != OK)
        return err;
    if (w.replicas > 0 && !c->in_exec)
        return start_wait(c, &w, serve_wait, reply_wait);
    reply_wait(c, &w);
    return OK;
}

static int parse_waitaof(struct call *c, struct wait *w)
{
    if (!num_i64(c->arg[1], &w->local))
        return ERR_INT;
    if (w->local < 0 || w->local > 1)
        return call_fail(c, "ERR value is out of range, value must between 0 and 1");
    if (!num_i64(c->arg[2], &w->replicas) || w->replicas < 0)
        return call_fail(c, "ERR value is out of range, must be positive");
    return call_timeout_ms(c, c->arg[3], &w->timeout);
}

/* In a transaction: what it has changed so far is not on the disk, and is not said to be. */
int cmd_waitaof(struct call *c)
{
    struct wait w = {.offset = c->in_exec ? broker_offset(c->broker) : c->session->offset};
    int err = parse_waitaof(c, &w);

    if (err != OK)
        return err;
    if (w.local && !c->broker->journal)
        return call_fail(c, "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
    if (c->in_exec) {
        reply_waitaof(c, &w);
        return OK;
    }
    err = serve_waitaof(c, &w);
    return err == ERR_BLOCK ? start_wait(c, &w, serve_waitaof, reply_waitaof) : err;
}

/* --- RDB files --- */

int cmd_lastsave(struct call *c)
{
    reply_int(c->reply, service_last_save(c->service) / 1000);
    return OK;
}

static int no_rdb(struct call *c)
{
    return call_fail(c, "ERR no RDB files are written: the append-only file has all that was acknowledged. "
                        "BGREWRITEAOF writes it anew, as one whole");
}

int cmd_save(struct call *c)
{
    return no_rdb(c);
}

int cmd_bgsave(struct call *c)
{
    if (c->n > 2 || (c->n == 2 && !slice_is(c->arg[1], "SCHEDULE")))
        return ERR_SYNTAX;
    return no_rdb(c);
}
