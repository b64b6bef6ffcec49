/* cmd/multi_cmds.c - transactions: what is kept between MULTI and EXEC, and what makes EXEC refuse. */
#include "base/err.h"
#include "base/mem.h"
#include "handlers.h"
#include "leases.h"

static void drop_queue(struct session *s)
{
    for (size_t i = 0; i < s->queued; i++)
        mem_free(s->queue[i].arg);
    mem_free(s->queue);
    s->queue = NULL;
    s->queued = s->queue_cap = s->queue_bytes = 0;
    s->in_multi = s->exec_aborted = false;
}

void multi_forget(struct session *s)
{
    drop_queue(s);
    watch_clear(&s->service->broker, &s->watcher);
    leases_forget(s);
}

/* What is kept counts like input that is not understood yet: a client that never sends EXEC is refused. */
static bool has_room(const struct session *s, const struct call *c, size_t *bytes)
{
    *bytes = c->n * sizeof *c->arg;
    for (size_t i = 0; i < c->n; i++)
        *bytes += c->arg[i].n;
    return s->queue_bytes + *bytes <= s->service->config.client_query_buffer_limit;
}

void multi_queue(struct call *c)
{
    struct session *s = c->session;
    size_t bytes;

    if (s->exec_aborted) { /* EXEC will refuse: nothing more need be kept */
        reply_status(c->reply, "QUEUED");
        return;
    }
    if (!has_room(s, c, &bytes)) {
        s->exec_aborted = true;
        call_fail(c, "ERR transaction exceeds client-query-buffer-limit");
        return;
    }
    if (s->queued == s->queue_cap) {
        s->queue_cap = s->queue_cap ? s->queue_cap * 2 : 4;
        s->queue = mem_realloc(s->queue, s->queue_cap * sizeof *s->queue);
    }
    s->queue[s->queued++] = (struct queued){c->cmd, args_copy(c->arg, c->n), c->n};
    s->queue_bytes += bytes;
    reply_status(c->reply, "QUEUED");
}

int cmd_multi(struct call *c)
{
    if (!c->session) /* a Redis journal: commits are our units */
        return OK;
    if (c->session->in_multi)
        return call_fail(c, "ERR MULTI calls can not be nested");
    c->session->in_multi = true;
    reply_ok(c->reply);
    return OK;
}

int cmd_discard(struct call *c)
{
    if (!c->session->in_multi)
        return call_fail(c, "ERR DISCARD without MULTI");
    multi_forget(c->session);
    reply_ok(c->reply);
    return OK;
}

int cmd_watch(struct call *c)
{
    if (c->session->in_multi)
        return call_fail(c, "ERR WATCH inside MULTI is not allowed");
    for (size_t i = 1; i < c->n; i++) {
        const struct key *k = db_find(c->broker, c->db, c->arg[i]);

        watch_add(c->broker, &c->session->watcher, c->db, c->arg[i], k && key_expired(k, c->now.wall));
    }
    reply_ok(c->reply);
    return OK;
}

int cmd_unwatch(struct call *c)
{
    watch_clear(c->broker, &c->session->watcher);
    leases_forget(c->session);
    reply_ok(c->reply);
    return OK;
}

/* Memory and disk are asked once more, and for all: a transaction that would be refused half way runs
 * nothing. */
static int exec_admit(struct call *c)
{
    const struct session *s = c->session;
    bool grows = false;

    for (size_t i = 0; i < s->queued; i++)
        grows |= (s->queue[i].cmd->flags & CMD_GROWS) != 0;
    if (grows && call_short_of_memory(c->service))
        return call_fail(
            c, "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > "
               "'maxmemory'.");
    if (grows && c->broker->journal && journal_short(c->broker->journal))
        return call_fail(c, "EXECABORT Transaction discarded because of: MISCONF the disk is full.");
    return exec_adds_admit(c);
}

static void exec_run(struct call *c)
{
    struct session *s = c->session;
    struct queued *queue = s->queue;
    size_t n = s->queued;

    s->queue = NULL; /* RESET and the like inside must not free what runs */
    s->queued = s->queue_cap = 0;
    s->in_multi = false;
    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) {
        struct call q = *c;

        q.cmd = queue[i].cmd;
        q.arg = queue[i].arg;
        q.n = queue[i].n;
        q.db = s->db; /* SELECT inside */
        q.in_exec = true;
        call_execute(&q);
        mem_free(queue[i].arg);
    }
    mem_free(queue);
}

int cmd_exec(struct call *c)
{
    struct session *s = c->session;
    int err = OK;

    if (!s) /* a Redis journal, as in cmd_multi() */
        return OK;
    if (!s->in_multi)
        return call_fail(c, "ERR EXEC without MULTI");
    if (s->exec_aborted) {
        err = call_fail(c, "EXECABORT Transaction discarded because of previous errors.");
    } else if (s->watcher.dirty || watch_expired(c->broker, &s->watcher, c->now.wall) ||
               !leases_hold(s, c->now)) {
        reply_null_array(c->reply);
    } else if ((err = exec_admit(c)) == OK) {
        watch_clear(c->broker, &s->watcher); /* its own changes are not somebody else's */
        exec_run(c);
    }
    multi_forget(s);
    return err;
}
