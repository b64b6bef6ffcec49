/* cmd/scripts.c - the script that runs: what its commands may do, and who interrupts it. See cmd/scripts.h.
 */
#include "cmd/scripts.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/monitor.h"
#include "cmd/service.h"
#include "cmd/session.h"
#include "handlers.h"
#include "script_cache.h"

#define LOAD_TIME_MAX ((usec)500 * 1000) /* to load a library */
#define POLL_EVERY    ((usec)1000)

/* --- the commands of a script --- */

static bool find(struct call *c)
{
    const struct command *container;

    c->cmd = command_find(c->arg, c->n, &container);
    if (c->cmd && (c->cmd->flags & CMD_RECORD || !c->cmd->run))
        c->cmd = NULL;
    return c->cmd;
}

/* In Redis' order. What has begun to write goes on, whatever has run short since. */
static int admit(struct call *c, const struct running_script *r)
{
    uint32_t flags = c->cmd->flags;

    if ((int)c->n < c->cmd->min || (c->cmd->max != ANY && (int)c->n > c->cmd->max))
        return call_fail(c, "ERR Wrong number of args calling Redis command from script");
    if (flags & CMD_NOSCRIPT && !(c->cmd->run == cmd_debug && c->service->scripts.may_debug))
        return call_fail(c, "ERR This Redis command is not allowed from script");
    if (r->read_only && flags & (CMD_WRITE | CMD_MAY_REPLICATE))
        return call_fail(c, "ERR Write commands are not allowed from read-only scripts.");
    if (!(flags & CMD_GROWS) || r->wrote)
        return OK;
    if (r->short_of_disk)
        return ERR_MISCONF;
    return r->short_of_memory && !r->allow_oom ? ERR_OOM : OK;
}

static void run_command(struct call *c, struct running_script *r)
{
    int err;

    if (!find(c)) {
        call_fail(c, "ERR Unknown Redis command called from script");
    } else if ((err = admit(c, r)) != OK) {
        c->service->stats[command_index(c->cmd)].rejected++;
        call_error(c, err);
    } else {
        r->wrote |= (c->cmd->flags & CMD_WRITE) != 0;
        call_execute(c);
    }
}

static struct slice call_from_script(void *arg, const struct slice *word, size_t n, int proto)
{
    struct service *s = arg;
    struct session *as = s->scripts.session;
    struct call c = {.service = s,
                     .broker = &s->broker,
                     .session = as,
                     .arg = word,
                     .n = n,
                     .reply = &as->reply,
                     .now = s->scripts.running->call->now,
                     .db = as->db,
                     .in_exec = true};

    outbox_taken(&as->out, outbox_pending(&as->out)); /* of the last call */
    as->reply.proto = proto;
    run_command(&c, s->scripts.running);
    outbox_add(&as->out, "", 1); /* ends what reads it */
    return outbox_ready(&as->out, UINT64_MAX);
}

bool scripts_called(const struct call *c)
{
    return c->session && c->session == c->service->scripts.session;
}

static bool knows_command(void *arg, const struct slice *word, size_t n)
{
    struct call c = {.service = arg, .arg = word, .n = n};

    return find(&c);
}

static void log_from_script(void *arg, int level, struct slice text)
{
    static const enum log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_VERBOSE, LOG_LEVEL_NOTICE,
                                            LOG_LEVEL_WARNING};

    (void)arg;
    log_write(levels[level], "script: %.*s", SLICE_ARG(text));
}

/* --- interruption --- */

static void say_slow(const struct running_script *r, usec took)
{
    log_warning("slow script: name=%s ms=%lld; %s ends it", r->name, (long long)(took / 1000),
                r->wrote      ? "SHUTDOWN NOSAVE"
                : r->function ? "FUNCTION KILL"
                              : "SCRIPT KILL");
}

/* Others are answered, with BUSY mostly, while the request that runs stays as it is. */
static void poll_others(struct service *s)
{
    struct args mine = s->args;

    if (!s->scripts.poll)
        return;
    s->args = (struct args){0};
    s->scripts.poll(s->scripts.poll_arg);
    args_free(&s->args);
    s->args = mine;
}

static bool tick(void *arg)
{
    struct service *s = arg;
    struct running_script *r = s->scripts.running;
    usec now = clock_usec(), took = now - r->started;
    int64_t patience = s->config.busy_reply_threshold * 1000;

    if (r->loading)
        return r->patient || took < LOAD_TIME_MAX;
    if (patience <= 0 || took < patience || now - r->polled < POLL_EVERY)
        return !r->killed;
    if (!s->scripts.busy)
        say_slow(r, took);
    s->scripts.busy = true;
    poll_others(s);
    r->polled = clock_usec();
    return !r->killed;
}

const char *scripts_busy_text(const struct service *s)
{
    return s->scripts.running->function
               ? "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
               : "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
}

int scripts_kill(struct call *c, bool function)
{
    struct running_script *r = c->service->scripts.running;

    if (!r)
        return call_fail(c, "NOTBUSY No scripts in execution right now.");
    if (r->wrote)
        return call_fail(
            c, "UNKILLABLE Sorry the script already executed write commands against the dataset. You "
               "can either wait the script termination or kill the server in a hard way using the "
               "SHUTDOWN NOSAVE command.");
    if (r->function != function)
        return call_fail(c, "%s", scripts_busy_text(c->service));
    r->killed = true;
    reply_ok(c->reply);
    return OK;
}

void scripts_stop(struct service *s)
{
    if (s->scripts.running && !s->scripts.running->wrote)
        s->scripts.running->killed = true;
}

/* --- running --- */

/* A script that says what it does is asked at the door; one that does not, at its commands. */
static int admit_script(struct call *c, unsigned flags, bool read_only, const struct running_script *r)
{
    if (flags & SCRIPT_COMPAT)
        return OK;
    if (read_only && !(flags & SCRIPT_NO_WRITES))
        return call_fail(c, "ERR Can not execute a script with write flag using *_ro command.");
    if (flags & (SCRIPT_NO_WRITES | SCRIPT_ALLOW_OOM))
        return OK;
    if (r->short_of_disk)
        return call_fail(
            c, "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist "
               "to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts. "
               "AOF error: No space left on device");
    return r->short_of_memory
               ? call_fail(c, "OOM allow-oom flag is not set on the script, can not run it when used "
                              "memory > 'maxmemory'")
               : OK;
}

static void begin(struct call *c, struct running_script *r)
{
    struct service *s = c->service;

    s->scripts.session->db = c->db;
    s->scripts.session->no_touch = c->session->no_touch;
    s->batch.flags = s->together; /* many commands come at once */
    r->started = clock_usec();
    s->scripts.running = r;
    if (!list_empty(&s->monitors))
        monitor_begin(c);
}

static void end(struct call *c)
{
    struct service *s = c->service;

    s->scripts.running = NULL;
    s->scripts.busy = false;
    outbox_taken(&s->scripts.session->out, outbox_pending(&s->scripts.session->out));
    if (!list_empty(&s->monitors))
        monitor_end(c);
}

int scripts_run(struct call *c, int id, unsigned flags, const struct script_input *in, bool read_only)
{
    struct service *s = c->service;
    struct running_script r = {
        .name = in->name,
        .function = in->function,
        .read_only = read_only || flags & SCRIPT_NO_WRITES,
        .allow_oom = flags & SCRIPT_ALLOW_OOM,
        .short_of_memory = call_short_of_memory(s),
        .short_of_disk = c->broker->journal && journal_short(c->broker->journal),
        .call = c,
    };
    struct script_error error;
    int err = admit_script(c, flags, read_only, &r);

    if (err != OK)
        return err;
    begin(c, &r);
    if (!script_run(s->scripts.engine, id, in, c->reply, &error)) {
        err = ERR_REPLIED;
        if (error.counted)
            reply_error_slice(c->reply, buf_slice(&error.text));
        else
            call_fail(c, "%.*s", SLICE_ARG(buf_slice(&error.text)));
    }
    end(c);
    buf_free(&error.text);
    return err;
}

/* --- the life of it all --- */

void scripts_init(struct service *s)
{
    dict_init(&s->scripts.cache, &cached_script_type, &s->broker.seed);
    list_init(&s->scripts.evaluated);
    list_init(&s->scripts.loaded);
    dict_init(&s->scripts.libraries, &compiled_library_type, &s->broker.seed);
    dict_init(&s->scripts.functions, &compiled_function_type, &s->broker.seed);
}

void scripts_apply_config(struct service *s)
{
    if (s->scripts.engine)
        script_engine_limit(s->scripts.engine, s->config.script_memory_limit);
}

bool scripts_start(struct service *s, struct buf *why)
{
    struct script_options o = {.host = {.arg = s,
                                        .call = call_from_script,
                                        .knows = knows_command,
                                        .tick = tick,
                                        .log = log_from_script},
                               .redis_version = REDIS_VERSION,
                               .seed = random_next(&s->random)};

    if (s->scripts.engine)
        return true;
    if (!(s->scripts.engine = script_engine_new(&o, why)))
        return false;
    s->scripts.session = session_inner(s);
    scripts_apply_config(s);
    return true;
}

void scripts_free(struct service *s)
{
    scripts_flush(s);
    functions_unlink_all(s);
    dict_clear(&s->scripts.cache);
    script_engine_free(s->scripts.engine);
    if (s->scripts.session)
        session_free(s->scripts.session);
}

uint64_t scripts_memory(const struct service *s)
{
    return s->scripts.engine ? script_engine_memory(s->scripts.engine) : 0;
}
