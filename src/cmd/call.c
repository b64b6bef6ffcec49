/* cmd/call.c - one command on its way. See cmd/call.h. */
#include "cmd/call.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/grave.h"
#include "cmd/monitor.h"
#include "cmd/service.h"
#include "cmd/session.h"
#include "handlers.h"
#include "pause.h"

#include <ctype.h>

static const char *const error_text[] = {
    [-ERR_SYNTAX] = "ERR syntax error",
    [-ERR_TYPE] = "WRONGTYPE Operation against a key holding the wrong kind of value",
    [-ERR_INT] = "ERR value is not an integer or out of range",
    [-ERR_FLOAT] = "ERR value is not a valid float",
    [-ERR_RANGE] = "ERR increment or decrement would overflow",
    [-ERR_NO_KEY] = "ERR no such key",
    [-ERR_ID] = "ERR Invalid stream ID specified as stream command argument",
    [-ERR_ID_ZERO] = "ERR The ID specified in XADD must be greater than 0-0",
    [-ERR_ID_SMALL] = "ERR The ID specified in XADD is equal or smaller than the target stream top item",
    [-ERR_ID_LAST] = "ERR The stream has exhausted the last possible ID, unable to add more items",
    [-ERR_TOO_LARGE] = "ERR Elements are too large to be stored",
    [-ERR_TIMEOUT] = "ERR timeout is not an integer or out of range",
    [-ERR_TIMEOUT_NEG] = "ERR timeout is negative",
    [-ERR_OOM] = "OOM command not allowed when used memory > 'maxmemory'.",
    [-ERR_QFULL] = "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached",
    [-ERR_PAUSED] = "PAUSED queue takes no messages: PAUSE of its policy",
    [-ERR_STALE] = "STALE the consumer does not hold this message any more",
    [-ERR_NO_POLICY] = "NOPOLICY no policy matches this queue",
    [-ERR_MISCONF] =
        "MISCONF The append-only file cannot be extended: the disk is full. Commands that add data "
        "are refused until there is room again.",
    [-ERR_NO_AUTH] = "NOAUTH Authentication required.",
    [-ERR_DURATION] = "ERR value is not a duration: milliseconds, or a number and ms, s, m, h or d",
    [-ERR_DURATION_NEG] = "ERR duration is negative",
    [-ERR_DURATION_RANGE] = "ERR duration is out of range",
    [-ERR_DEDUP_FULL] = "QFULL the queue remembers as many dedup ids as queue-dedup-max allows",
};

const char *call_error_text(int err)
{
    return error_text[-err];
}

static void count_error(struct service *s, struct slice text)
{
    const char *space = memchr(text.p, ' ', text.n);
    struct slice code = {text.p, space ? (size_t)(space - text.p) : text.n};
    struct error_stat *e = dict_find(&s->errorstats, code);

    s->errors++;
    if (!e) {
        if (dict_count(&s->errorstats) >= 128) /* the words are ours, but not for ever so few */
            return;
        e = mem_alloc(sizeof *e + code.n);
        *e = (struct error_stat){.n = (uint32_t)code.n};
        memcpy(e->name, code.p, code.n);
        dict_add(&s->errorstats, e);
    }
    e->count++;
}

static void fail(struct call *c, struct slice text)
{
    count_error(c->service, text);
    reply_error_slice(c->reply, text);
}

int call_fail(struct call *c, const char *fmt, ...)
{
    struct buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    fail(c, buf_slice(&text));
    buf_free(&text);
    return ERR_REPLIED;
}

static void lower(struct buf *b, const char *name)
{
    for (; *name; name++)
        buf_add_char(b, (char)tolower((unsigned char)*name));
}

int call_fail_named(struct call *c, const char *text)
{
    struct buf name = {0};

    lower(&name, c->cmd->name);
    call_fail(c, "%s '%.*s' command", text, SLICE_ARG(buf_slice(&name)));
    buf_free(&name);
    return ERR_REPLIED;
}

int call_bad_subcommand(struct call *c)
{
    const char *bar = strchr(c->cmd->name, '|');

    return call_fail(c, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP.",
                     c->arg[1].n > 128 ? 128 : (int)c->arg[1].n, c->arg[1].p,
                     (int)(bar ? bar - c->cmd->name : (long)strlen(c->cmd->name)), c->cmd->name);
}

void call_error(struct call *c, int err)
{
    if (err == OK || err == ERR_REPLIED || err == ERR_BLOCK)
        return;
    if (err == ERR_ARITY)
        call_fail_named(c, "ERR wrong number of arguments for");
    else
        fail(c, slice_of(error_text[-err]));
}

/* Redis knows an exact number or a least one: more than the most is found out here, inside EXEC too. */
static int run(struct call *c)
{
    return c->cmd->max != ANY && (int)c->n > c->cmd->max ? ERR_ARITY : c->cmd->run(c);
}

/* --- time and counts --- */

#define ALERT 1000 /* commands timed one by one after a batch that took long */

/* Out of line, for next to nothing comes here. */
static __attribute__((noinline)) void took_long(const struct call *c, usec t)
{
    struct service *s = c->service;

    slowlog_offer(&s->slowlog, c, t);
    latency_offer(s, c->cmd->flags & CMD_FAST ? LATENCY_FAST_COMMAND : LATENCY_COMMAND, t, c->now.wall);
}

/* One of them may have been slow: which one, the next time will tell. */
static __attribute__((noinline)) void batch_took_long(struct service *s, unsigned n, nsec all, msec now)
{
    const struct call_batch *b = &s->batch;

    if (slowlog_wants(s, all / 1000))
        slowlog_add_batch(&s->slowlog, b->of, b->row, n, all / 1000, now);
    s->alert = ALERT;
    service_look(s);
}

/* Its first one: out of line, so that the others are quick. */
static __attribute__((noinline)) void latency_first(struct command_stats *st, size_t bucket, uint64_t n)
{
    st->latency = mem_zalloc(sizeof *st->latency);
    st->latency->bucket[bucket] = n;
}

static inline void latency_add(struct command_stats *st, size_t bucket, uint64_t n)
{
    if (st->latency)
        st->latency->bucket[bucket] += n;
    else
        latency_first(st, bucket, n);
}

static inline void count_time(const struct service *s, struct command_stats *st, nsec took)
{
    st->nsec += (uint64_t)took;
    if (s->config.latency_tracking)
        latency_add(st, histogram_bucket((uint64_t)took), 1);
}

/* What is timed together counts as equally fast. Neighbours are mostly of one kind. Out of line: a batch of
 * one, as before EXEC, has no need of it. */
static __attribute__((noinline)) void batch_count(struct service *s, unsigned n, uint64_t each)
{
    const uint16_t *row = s->batch.row, *end = row + n;
    size_t bucket = histogram_bucket(each);

    while (row < end) {
        const uint16_t *first = row;
        struct command_stats *st = &s->stats[*first];

        while (++row < end && *row == *first)
            ;
        st->nsec += each * (uint64_t)(row - first);
        if (s->config.latency_tracking)
            latency_add(st, bucket, (uint64_t)(row - first));
    }
}

static void batch_close(struct service *s, nsec end, msec now)
{
    struct call_batch *b = &s->batch;
    nsec all = end - b->since;
    unsigned n = b->n;

    b->n = 0;
    if (all >= s->look_from)
        batch_took_long(s, n, all, now);
    if (n == 1)
        count_time(s, &s->stats[b->row[0]], all);
    else
        batch_count(s, n, (uint64_t)all / n);
}

static int run_in_batch(struct call *c, size_t row)
{
    struct call_batch *b = &c->service->batch;
    int err;

    if (!b->since) {
        b->since = clock_nsec();
        b->of = c->session;
    }
    err = run(c);
    b->row[b->n++] = (uint16_t)row;
    if (b->n == sizeof b->row / sizeof *b->row) {
        nsec now = clock_nsec();

        batch_close(c->service, now, c->now.wall);
        b->since = now;
    }
    return err;
}

void call_batch_end(struct service *s, msec now)
{
    if (s->batch.n)
        batch_close(s, clock_nsec(), now);
    s->batch.since = 0;
}

/* What runs inside (EXEC) is timed on its own, too. */
static int run_timed(struct call *c, struct command_stats *st)
{
    struct service *s = c->service;
    nsec start = clock_nsec(), end;
    int err;

    if (s->batch.n)
        batch_close(s, start, c->now.wall);
    s->batch.since = start;
    s->batch.of = c->session;
    err = run(c);
    end = clock_nsec();
    if (s->batch.n)
        batch_close(s, end, c->now.wall);
    s->batch.since = end;
    if (s->alert && --s->alert == 0)
        service_look(s);
    if (err == ERR_BLOCK) {
        st->nsec += (uint64_t)(end - start);
        return err;
    }
    count_time(s, st, end - start);
    if (end - start >= s->look_from)
        took_long(c, (end - start) / 1000);
    return err;
}

/* A quick command among others does not deserve a clock of its own. */
int call_execute(struct call *c)
{
    struct service *s = c->service;
    size_t row = command_index(c->cmd);
    struct command_stats *st = &s->stats[row];
    bool together = c->cmd->flags & s->batch.flags;
    int err = together ? run_in_batch(c, row) : run_timed(c, st);

    st->calls++;
    s->commands++;
    if (err < 0 && err != ERR_BLOCK) {
        st->failed++;
        call_error(c, err);
    }
    if (!together && !list_empty(&s->monitors))
        monitor_show(c);
    return err;
}

/* --- admission: what is refused, in Redis' order --- */

static void append_args(struct buf *text, const struct slice *arg, size_t n)
{
    for (size_t i = 1; i < n && text->n < 128; i++) {
        size_t room = 128 - text->n;

        buf_addf(text, "'%.*s' ", (int)(arg[i].n < room ? arg[i].n : room), arg[i].p);
    }
}

/* A web page can make a browser send HTTP here, with commands in its body: the words that every such request
 * has before it end the connection, without an answer. */
static bool hang_up_on_http(struct call *c)
{
    if (!slice_is(c->arg[0], "POST") && !slice_is(c->arg[0], "Host:"))
        return false;
    log_warning("client dropped: id=%llu addr=%s reason=\"it speaks HTTP: a page in somebody's browser may "
                "be at work\"",
                (unsigned long long)c->session->id, c->session->wire->addr);
    c->session->close_after_reply = true;
    return true;
}

static int fail_unknown(struct call *c, const struct command *container)
{
    struct buf args = {0};
    int shown = c->arg[container != NULL].n > 128 ? 128 : (int)c->arg[container != NULL].n;

    if (container)
        return call_fail(c, "ERR unknown subcommand '%.*s'. Try %s HELP.", shown, c->arg[1].p,
                         container->name);
    append_args(&args, c->arg, c->n);
    call_fail(c, "ERR unknown command '%.*s', with args beginning with: %.*s", shown, c->arg[0].p,
              SLICE_ARG(buf_slice(&args)));
    buf_free(&args);
    return ERR_REPLIED;
}

/* Memory that was given up is not held against anybody: the little that this command is short of is freed
 * before its turn. */
bool call_short_of_memory(struct service *s)
{
    uint64_t max = s->config.maxmemory;

    if (!max)
        return false;
    while (mem_used() > max && graves_dig(&s->broker, (size_t)s->config.turn_frees))
        ;
    return mem_used() > max;
}

static int admit_growth(struct call *c)
{
    if (call_short_of_memory(c->service))
        return ERR_OOM;
    return c->broker->journal && journal_short(c->broker->journal) ? ERR_MISCONF : OK;
}

/* RESP2 cannot tell a message from a reply: a client that listens may say little else. */
static bool mute_by_subscription(const struct call *c)
{
    return c->reply->proto == 2 && !(c->cmd->flags & CMD_IN_PUBSUB) && session_subscribed(c->session);
}

/* An EXEC that is refused ends its transaction. */
static int refuse_exec(struct call *c, const char *why)
{
    multi_forget(c->session);
    return call_fail(c, "EXECABORT Transaction discarded because of: %s", why);
}

static int fail_busy(struct call *c)
{
    const char *why = scripts_busy_text(c->service);

    return c->cmd->run == cmd_exec ? refuse_exec(c, why) : call_fail(c, "%s", why);
}

static int call_admit(struct call *c)
{
    const struct command *cmd = c->cmd;
    const struct session *s = c->session;
    bool queues = s->in_multi && !(cmd->flags & CMD_NOW);

    if ((int)c->n < cmd->min || (cmd->min == cmd->max && (int)c->n != cmd->min))
        return ERR_ARITY;
    if (!s->authenticated && !(cmd->flags & CMD_NO_AUTH))
        return ERR_NO_AUTH;
    if (c->service->server.loading && !(cmd->flags & CMD_LOADING))
        return call_fail(c, "LOADING Redis is loading the dataset in memory");
    if (mute_by_subscription(c)) {
        struct buf name = {0};

        lower(&name, cmd->name);
        call_fail(
            c,
            "ERR Can't execute '%.*s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
            "allowed in this context",
            SLICE_ARG(buf_slice(&name)));
        buf_free(&name);
        return ERR_REPLIED;
    }
    if (queues && (cmd->flags & CMD_NO_MULTI))
        return call_fail(c, "ERR Command not allowed inside a transaction");
    if (c->service->scripts.busy && !(cmd->flags & CMD_ALLOW_BUSY))
        return fail_busy(c);
    return cmd->flags & CMD_GROWS ? admit_growth(c) : OK;
}

static bool find_command(struct call *c)
{
    const struct command *container;

    c->cmd = command_find(c->arg, c->n, &container);
    if (c->cmd && !(c->cmd->flags & CMD_RECORD))
        return true;
    if (!hang_up_on_http(c))
        fail_unknown(c, container);
    return false;
}

static void refuse(struct call *c, int err)
{
    if (err == ERR_ARITY && c->cmd->run == cmd_exec)
        err = refuse_exec(c, "wrong number of arguments for 'exec' command");
    call_error(c, err);
    if (c->cmd)
        c->service->stats[command_index(c->cmd)].rejected++;
    if (c->session->in_multi)
        c->session->exec_aborted = true;
}

static void run_admitted(struct call *c)
{
    if (c->session->in_multi && !(c->cmd->flags & CMD_NOW))
        multi_queue(c);
    else
        call_execute(c);
}

/* The next command is muted as CLIENT REPLY wants it; what comes besides replies is not. */
static void unmute(struct session *s)
{
    outbox_mute(&s->out, false);
    if (s->replies != REPLY_OFF)
        s->replies = s->replies == REPLY_SKIP ? REPLY_ON : REPLY_SKIP;
}

void call_run(struct session *s, const struct slice *arg, size_t n, struct now now)
{
    struct call c = {.service = s->service,
                     .broker = &s->service->broker,
                     .session = s,
                     .arg = arg,
                     .n = n,
                     .reply = &s->reply,
                     .now = now,
                     .db = s->db};
    uint64_t from = outbox_pos(&s->out);
    int err;

    if (s->replies != REPLY_ON)
        outbox_mute(&s->out, s->replies != REPLY_SKIP_NEXT);
    if (!find_command(&c)) {
        refuse(&c, ERR_REPLIED);
    } else if ((err = call_admit(&c)) != OK) {
        refuse(&c, err);
    } else {
        s->last_command = c.cmd;
        if (c.service->pause.what && pause_holds(&c)) {
            outbox_mute(&s->out, false);
            pause_postpone(s);
            return;
        }
        run_admitted(&c);
    }
    s->commands++;
    if (s->replies != REPLY_ON)
        unmute(s);
    if ((!c.cmd || !(c.cmd->flags & CMD_NODATA)) && !c.service->scripts.busy) {
        s->offset = broker_offset(c.broker);
        outbox_mark(&s->out, from, s->offset);
    }
    session_take_messages(s);
    broker_touch(c.broker, &s->out);
}

/* --- the journal's records --- */

/* What a journal may hold: changes, and the commands that frame them. */
static bool replayable(const struct command *c)
{
    return (c->flags & CMD_WRITE && !(c->flags & CMD_BLOCKS)) || c->run == cmd_select ||
           c->run == cmd_multi || c->run == cmd_exec;
}

int service_replay(struct service *s, const struct slice *word, size_t n)
{
    struct reply forget = {.out = &s->replay_out, .proto = 2};
    struct call c = {
        .service = s, .broker = &s->broker, .arg = word, .n = n, .reply = &forget, .db = s->replay_db};
    const struct command *container;
    int err;

    if (n == 0)
        return ERR_FORMAT;
    c.cmd = command_find(word, n, &container);
    if (!c.cmd || !c.cmd->run || !replayable(c.cmd) || (int)n < c.cmd->min ||
        (c.cmd->max != ANY && (int)n > c.cmd->max))
        return ERR_FORMAT;
    s->broker.origin = ORIGIN_REPLAY;
    outbox_mute(&s->replay_out, true);
    err = c.cmd->run(&c);
    s->broker.origin = ORIGIN_CLIENT;
    return err == OK ? OK : ERR_FORMAT;
}
