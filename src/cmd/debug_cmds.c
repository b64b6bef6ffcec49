/* cmd/debug_cmds.c - DEBUG: for tests of the server and of clients. Behind enable-debug-command. */
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "debug.h"
#include "handlers.h"
#include "store/stream.h"
#include "store/string.h"

#include <stdio.h>
#include <time.h>

static bool allowed(const struct call *c)
{
    int access = c->service->config.enable_debug_command;

    return access == DEBUG_YES || (access == DEBUG_LOCAL && c->session->wire->loopback);
}

static int accept_only(struct call *c)
{
    reply_ok(c->reply);
    return OK;
}

static int not_supported(struct call *c)
{
    return call_fail(c, "ERR not supported: restart the server instead");
}

/* Ways of Redis to store a value, which are not ours. */
static int debug_listpack(struct call *c)
{
    return key_write(c, c->arg[2]) ? call_fail(c, "ERR Not a listpack encoded object.") : ERR_NO_KEY;
}

static int debug_quicklist(struct call *c)
{
    return key_write(c, c->arg[2]) ? call_fail(c, "ERR Not a quicklist encoded object.") : ERR_NO_KEY;
}

static int refuse_crash(struct call *c)
{
    return call_fail(c, "ERR not supported: a broker does not crash on request");
}

/* The one place where a handler waits: a server that hangs is what the caller wants to see. */
static int debug_sleep(struct call *c)
{
    const double most = 3600;
    struct timespec t;
    double seconds;

    if (!num_double(c->arg[2], &seconds))
        return ERR_FLOAT;
    seconds = seconds < 0 ? 0 : seconds > most ? most : seconds;
    t.tv_sec = (time_t)seconds;
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
    reply_ok(c->reply);
    return OK;
}

/* --- digests: 40 digits, as long as Redis' are --- */

static void reply_digest(struct call *c, const struct digest *d)
{
    char text[41];

    snprintf(text, sizeof text, "%016llx%016llx%08x", (unsigned long long)d->sum[0],
             (unsigned long long)d->sum[1], (unsigned)(d->sum[0] ^ d->sum[1]));
    reply_status(c->reply, text);
}

static int debug_digest(struct call *c)
{
    struct digest d;

    broker_digest(c->broker, &d);
    reply_digest(c, &d);
    return OK;
}

/* Of values alone: equal ones have equal digests, whatever their keys are called. */
static int debug_digest_value(struct call *c)
{
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++) {
        const struct key *k = key_peek(c, c->arg[i]);
        struct digest d = {0};

        if (k) {
            struct key bare = {.value = k->value, .type = k->type};

            key_digest(c->broker, 0, &bare, &d);
        }
        reply_digest(c, &d);
    }
    return OK;
}

/* --- DEBUG OBJECT --- */

static int debug_object(struct call *c)
{
    const struct key *k = key_peek(c, c->arg[2]);
    char text[192];

    if (!k)
        return ERR_NO_KEY;
    snprintf(text, sizeof text,
             "Value at:%p refcount:%lld encoding:%s serializedlength:%zu lru:%u lru_seconds_idle:%lld",
             k->value, (long long)key_refcount(k), key_encoding(&c->service->config, k), key_memory(k),
             k->used, (long long)key_idle(k, c->now));
    reply_status(c->reply, text);
    return OK;
}

/* --- DEBUG PROTOCOL: a reply of each type --- */

/* What no command of ours sends has no function in proto/reply.h. */
static void put_raw(struct reply *r, struct slice bytes)
{
    if (!r->out->muted)
        outbox_add(r->out, bytes.p, bytes.n);
}

static void protocol_array(struct reply *r)
{
    reply_array(r, 3);
    for (int i = 0; i < 3; i++)
        reply_int(r, i);
}

static void protocol_set(struct reply *r)
{
    reply_set(r, 3);
    for (int i = 0; i < 3; i++)
        reply_int(r, i);
}

static void protocol_map(struct reply *r)
{
    reply_map(r, 3);
    for (int i = 0; i < 3; i++) {
        reply_int(r, i);
        reply_bool(r, i == 1);
    }
}

static void protocol_attrib(struct reply *r)
{
    if (r->proto == 3) {
        put_raw(r, SLICE("|1\r\n"));
        reply_bulk_str(r, "key-popularity");
        reply_array(r, 2);
        reply_bulk_str(r, "key:123");
        reply_int(r, 90);
    }
    reply_bulk_str(r, "Some real reply following the attribute");
}

static void protocol_bignum(struct reply *r)
{
    if (r->proto == 3)
        put_raw(r, SLICE("(1234567999999999999999999999999999999\r\n"));
    else
        reply_bulk_str(r, "1234567999999999999999999999999999999");
}

static int protocol_push(struct call *c)
{
    if (c->reply->proto == 2)
        return call_fail(c, "ERR RESP2 is not supported by this command");
    reply_push(c->reply, 2);
    reply_bulk_str(c->reply, "server-cpu-usage");
    reply_int(c->reply, 42);
    reply_bulk_str(c->reply, "Some real reply following the push reply");
    return OK;
}

static int debug_protocol(struct call *c)
{
    struct reply *r = c->reply;
    struct slice type = c->arg[2];

    if (slice_is(type, "string"))
        reply_bulk_str(r, "Hello World");
    else if (slice_is(type, "integer"))
        reply_int(r, 12345);
    else if (slice_is(type, "double"))
        reply_double(r, 3.141);
    else if (slice_is(type, "null"))
        reply_null(r);
    else if (slice_is(type, "array"))
        protocol_array(r);
    else if (slice_is(type, "set"))
        protocol_set(r);
    else if (slice_is(type, "map"))
        protocol_map(r);
    else if (slice_is(type, "attrib"))
        protocol_attrib(r);
    else if (slice_is(type, "push"))
        return protocol_push(c);
    else if (slice_is(type, "verbatim"))
        reply_verbatim(r, "txt", SLICE("This is a verbatim\nstring"));
    else if (slice_is(type, "bignum"))
        protocol_bignum(r);
    else if (slice_is(type, "true") || slice_is(type, "false"))
        reply_bool(r, slice_is(type, "true"));
    else
        return call_fail(c,
                         "ERR Wrong protocol type name. Please use one of the following: "
                         "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
    return OK;
}

/* --- the rest --- */

static int debug_active_expire(struct call *c)
{
    c->broker->lazy_only = slice_eq(c->arg[2], SLICE("0"));
    reply_ok(c->reply);
    return OK;
}

static int debug_scripts(struct call *c)
{
    c->service->scripts.may_debug = slice_eq(c->arg[2], SLICE("1"));
    reply_ok(c->reply);
    return OK;
}

static int debug_match(struct call *c)
{
    reply_int(c->reply, slice_glob(c->arg[2], c->arg[3], false));
    return OK;
}

static int debug_error(struct call *c)
{
    return call_fail(c, "%.*s", SLICE_ARG(c->arg[2]));
}

static int debug_log(struct call *c)
{
    log_warning("DEBUG LOG: %.*s", SLICE_ARG(c->arg[2]));
    reply_ok(c->reply);
    return OK;
}

static int debug_help(struct call *c)
{
    static const char *const line[] = {
        "CHANGE-REPL-ID, DICT-RESIZING, JMAP, PAUSE-CRON, QUICKLIST-PACKED-THRESHOLD, REPLYBUFFER",
        "    Accepted, and nothing is done.",
        "DIGEST",
        "    40 digits that stand for all data.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    The same for the values of keys.",
        "ERROR <text>",
        "    Answers with this error.",
        "HTSTATS <db>",
        "    The size of a database's table.",
        "LOADAOF",
        "    Throws the data away and loads the append-only file, as a restart would.",
        "LOG <text>",
        "    Writes a line to the log.",
        "OBJECT <key>",
        "    How a value is stored.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Sets strings PREFIX:0 (key:0) and on, where there is no such key.",
        "PROTOCOL <type>",
        "    Answers with a value of this type: string, integer, double, bignum, null,",
        "    array, set, map, attrib, push, verbatim, true or false.",
        "RELOAD",
        "    Writes all data as a rewrite would, throws it away and reads it back.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    0: keys past their time go only when they are met.",
        "SET-DISABLE-DENY-SCRIPTS <0|1>",
        "    1: scripts may call DEBUG, but for what looks at data; nothing else that they may not call.",
        "SLEEP <seconds>",
        "    Stops the server for so long. Decimals allowed.",
        "STRINGMATCH-LEN <pattern> <text>",
        "    Whether the pattern matches.",
        NULL,
    };

    return reply_help(c, line);
}

static const struct debug_sub {
    const char *name;
    size_t min, max; /* words, with DEBUG and the name */
    int (*run)(struct call *c);
    bool data; /* looks at keys, or makes some: not while they are loaded, nor from scripts */
} subs[] = {
    {"HELP", 2, 2, debug_help, false},
    {"CHANGE-REPL-ID", 2, 2, accept_only, false},
    {"DIGEST", 2, 2, debug_digest, true},
    {"DIGEST-VALUE", 3, SIZE_MAX, debug_digest_value, true},
    {"ERROR", 3, 3, debug_error, false},
    {"JMAP", 2, 2, accept_only, false},
    {"LOG", 3, 3, debug_log, false},
    {"OBJECT", 3, 3, debug_object, true},
    {"PROTOCOL", 3, 3, debug_protocol, false},
    {"SET-ACTIVE-EXPIRE", 3, 3, debug_active_expire, false},
    {"SET-DISABLE-DENY-SCRIPTS", 3, 3, debug_scripts, true},
    {"SLEEP", 3, 3, debug_sleep, false},
    {"STRINGMATCH-LEN", 4, 4, debug_match, false},
    {"RELOAD", 2, SIZE_MAX, debug_reload, true},
    {"LOADAOF", 2, 2, debug_loadaof, true},
    {"POPULATE", 3, 5, debug_populate, true},
    {"HTSTATS", 3, 3, debug_htstats, true},
    {"LISTPACK", 3, 3, debug_listpack, true},
    {"QUICKLIST", 3, 4, debug_quicklist, true},
    {"QUICKLIST-PACKED-THRESHOLD", 3, 3, accept_only, false},
    {"REPLYBUFFER", 4, 4, accept_only, false},
    {"PAUSE-CRON", 3, 3, accept_only, false},
    {"DICT-RESIZING", 3, 3, accept_only, false},
    {"RESTART", 2, 3, not_supported, false},
    {"CRASH-AND-RECOVER", 2, 3, not_supported, false},
    {"SEGFAULT", 2, 2, refuse_crash, false},
    {"PANIC", 2, 2, refuse_crash, false},
    {"ASSERT", 2, 2, refuse_crash, false},
    {"OOM", 2, 2, refuse_crash, false},
};

static int run_sub(struct call *c, const struct debug_sub *sub)
{
    if (sub->data && c->service->server.loading)
        return call_fail(c, "LOADING Redis is loading the dataset in memory");
    if (sub->data && scripts_called(c))
        return call_fail(c, "ERR This Redis command is not allowed from script");
    return sub->run(c);
}

int cmd_debug(struct call *c)
{
    if (!allowed(c))
        return call_fail(
            c, "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
               "you can run it from a local connection, otherwise you need to set this option in the "
               "configuration file, and then restart the server.");
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        if (slice_is(c->arg[1], subs[i].name) && c->n >= subs[i].min && c->n <= subs[i].max)
            return run_sub(c, &subs[i]);
    return call_bad_subcommand(c);
}
