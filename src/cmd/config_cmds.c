/* cmd/config_cmds.c - CONFIG: settings seen, changed and written back. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers.h"
#include "info.h"

/* --- CONFIG GET --- */

/* Parameters of Redis that clients ask for and that have one value here. */
static const struct constant {
    const char *name, *value;
} constants[] = {{"save", ""},
                 {"replica-read-only", "yes"},
                 {"slave-read-only", "yes"},
                 {"aof-use-rdb-preamble", "no"},
                 {"daemonize", "no"},
                 {"cluster-enabled", "no"}};
#define CONSTANTS (sizeof constants / sizeof *constants)

static const struct constant *find_constant(struct slice name)
{
    for (size_t i = 0; i < CONSTANTS; i++)
        if (slice_is(name, constants[i].name))
            return &constants[i];
    return NULL;
}

/* The name as the client is to see it: as it wrote it, or as it stands here when a pattern found it. */
static bool asked_for(const struct call *c, const char *name, struct slice *as)
{
    for (size_t i = 2; i < c->n; i++) {
        *as = c->arg[i];
        if (slice_is(c->arg[i], name))
            return true;
        *as = slice_of(name);
        if (slice_glob(c->arg[i], *as, true))
            return true;
    }
    return false;
}

static size_t get_rows(struct call *c)
{
    const struct settings *s = &c->service->settings;
    struct slice as;
    size_t n = 0;

    for (const struct setting *row = s->rows; row->name; row++) {
        struct buf value = {0};

        if (!asked_for(c, row->name, &as) && !(row->alias && asked_for(c, row->alias, &as)))
            continue;
        settings_get(s, row, &value);
        reply_bulk(c->reply, as);
        reply_bulk(c->reply, buf_slice(&value));
        buf_free(&value);
        n++;
    }
    return n;
}

static size_t get_constants(struct call *c)
{
    struct slice as;
    size_t n = 0;

    for (size_t i = 0; i < CONSTANTS; i++) {
        if (!asked_for(c, constants[i].name, &as))
            continue;
        reply_bulk(c->reply, as);
        reply_bulk_str(c->reply, constants[i].value);
        n++;
    }
    return n;
}

int cmd_config_get(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    size_t n = get_rows(c) + get_constants(c);

    reply_fill_map(c->reply, place, n);
    return OK;
}

/* --- CONFIG SET --- */

static int set_failed(struct call *c, const char *name, struct slice why)
{
    return call_fail(c, "ERR CONFIG SET failed (possibly related to argument '%s') - %.*s", name,
                     SLICE_ARG(why));
}

static int unknown_setting(struct call *c, struct slice name)
{
    return call_fail(c, "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                     (int)(name.n < 128 ? name.n : 128), name.p);
}

/* What has one value may be set to it, which changes nothing. */
static int set_constant(struct call *c, struct slice name, struct slice value)
{
    const struct constant *k = find_constant(name);

    if (!k)
        return unknown_setting(c, name);
    return slice_is(value, k->value) ? OK : set_failed(c, k->name, SLICE("can't set immutable config"));
}

static bool given_before(const struct call *c, size_t at)
{
    for (size_t i = 2; i < at; i += 2)
        if (c->arg[i].n == c->arg[at].n && strncasecmp(c->arg[i].p, c->arg[at].p, c->arg[at].n) == 0)
            return true;
    return false;
}

/* Names first, as Redis does: they are known, may change, and come once. */
static int check_names(struct call *c)
{
    int err = OK;

    for (size_t i = 2; i < c->n && err == OK; i += 2) {
        const struct setting *row = settings_find(&c->service->settings, c->arg[i]);

        if (!row)
            err = set_constant(c, c->arg[i], c->arg[i + 1]);
        else if (row->flags & SETTING_START_ONLY)
            err = set_failed(c, row->name, SLICE("can't set immutable config"));
        else if (given_before(c, i))
            err = set_failed(c, row->name, SLICE("duplicate parameter"));
    }
    return err;
}

static int set_all(struct call *c, const struct settings *s)
{
    for (size_t i = 2; i < c->n; i += 2) {
        const struct setting *row = settings_find(s, c->arg[i]);
        struct buf why = {0};
        int err = OK;

        if (row && settings_set(s, row, &c->arg[i + 1], 1, &why) != OK)
            err = set_failed(c, row->name, buf_slice(&why));
        buf_free(&why);
        if (err != OK)
            return err;
    }
    return OK;
}

/* More clients than there can be descriptors are not promised. */
static int check_clients(struct call *c, int64_t wanted)
{
    int64_t fit;
    struct buf why = {0};

    if (wanted <= c->service->config.maxclients || (fit = service_clients_fit(wanted)) == wanted)
        return OK;
    buf_addf(&why,
             "The operating system is not able to handle the specified number of clients, try with %lld",
             (long long)fit);
    set_failed(c, "maxclients", buf_slice(&why));
    buf_free(&why);
    return ERR_REPLIED;
}

/* All or none: the values are tried on a copy that is thrown away. What it refuses does not depend on
 * what was set before. */
static int try_all(struct call *c)
{
    struct config scratch = {0};
    struct settings s = config_rows(&scratch);
    int err;

    settings_defaults(&s);
    scratch.maxclients = c->service->config.maxclients;
    err = set_all(c, &s);
    if (err == OK)
        err = check_clients(c, scratch.maxclients);
    config_free(&scratch);
    return err;
}

/* Without a password nobody needs to log in any more. Those who have logged in stay so with a new one. */
static void password_changed(struct service *s)
{
    if (*s->config.requirepass)
        return;
    list_for_each (it, &s->sessions)
        list_entry(it, struct session, node)->authenticated = true;
}

static void set_now(struct call *c)
{
    must(set_all(c, &c->service->settings) == OK);
    password_changed(c->service);
    service_look(c->service); /* the next command, not the next turn */
    c->broker->orders.settings = true;
    reply_ok(c->reply);
}

/* --- appendonly, which the server turns on or off between turns: the client waits for it, and nothing else
 * is set before it has worked --- */

struct kept_set {
    struct slice *arg; /* of the whole command */
    size_t n;
};

static int set_serve(struct call *c, void *parsed)
{
    const struct kept_set *s = parsed;
    const char *refused = c->service->server.journal_refused;

    if (c->broker->orders.journal != JOURNAL_ORDER_NONE)
        return ERR_BLOCK;
    if (*refused)
        return set_failed(c, "appendonly", slice_of(refused));
    c->arg = s->arg;
    c->n = s->n;
    set_now(c);
    return OK;
}

static void set_timeout(struct call *c, void *parsed)
{
    (void)parsed;
    call_fail(c, "ERR unblocked: CONFIG GET appendonly tells what became of it");
}

static void set_free(void *parsed)
{
    struct kept_set *s = parsed;

    mem_free(s->arg);
    mem_free(s);
}

/* Whether the command turns it on or off; *on is what it says. */
static bool turns(const struct call *c, bool *on)
{
    for (size_t i = 2; i < c->n; i += 2) {
        *on = slice_is(c->arg[i + 1], "yes");
        if (slice_is(c->arg[i], "appendonly"))
            return *on != c->service->config.appendonly;
    }
    return false;
}

static int set_later(struct call *c, bool on)
{
    struct kept_set *keep;
    struct pending_call p = {
        .cmd = c->cmd, .serve = set_serve, .timeout = set_timeout, .free = set_free, .db = WAIT_NO_DB};
    struct slice name = WAIT_JOURNAL;

    if (c->in_exec)
        return set_failed(c, "appendonly", SLICE("it cannot be changed in a transaction"));
    if (c->service->server.loading || c->broker->orders.journal != JOURNAL_ORDER_NONE)
        return set_failed(c, "appendonly", SLICE("the journal is being loaded or changed"));
    keep = mem_alloc(sizeof *keep);
    *keep = (struct kept_set){args_copy(c->arg, c->n), c->n};
    p.parsed = keep;
    c->broker->orders.journal = on ? JOURNAL_ORDER_ON : JOURNAL_ORDER_OFF;
    call_wait(c, &p, &name, 1, WAIT_COPY, SLICE(""), INT64_MAX);
    return ERR_BLOCK;
}

int cmd_config_set(struct call *c)
{
    bool on;
    int err;

    if (c->n % 2)
        return ERR_SYNTAX;
    if ((err = check_names(c)) != OK || (err = try_all(c)) != OK)
        return err;
    if (turns(c, &on))
        return set_later(c, on);
    set_now(c);
    return OK;
}

/* --- the rest of CONFIG --- */

int cmd_config_resetstat(struct call *c)
{
    struct service *s = c->service;
    struct server_stats *st = &s->server;

    service_reset_stats(s);
    memset(&c->broker->stats.messages, 0, sizeof c->broker->stats.messages);
    c->broker->stats.expired_keys = c->broker->stats.keyspace_hits = c->broker->stats.keyspace_misses = 0;
    st->connections = st->rejected = st->net_in = st->net_out = st->reads = st->writes = st->timeouts = 0;
    st->rewrites = st->forks = 0;
    st->delayed_syncs_before = info_journal(s).delayed_syncs;
    st->last_fork = 0;
    s->rates = (struct rates){0};
    c->broker->orders.reset_stats = true;
    reply_ok(c->reply);
    return OK;
}

int cmd_config_rewrite(struct call *c)
{
    const char *file = c->service->server.config_file;
    struct config read_back = {0};
    struct settings scratch = config_rows(&read_back);
    struct buf why = {0};
    int err;

    if (!file)
        return call_fail(c, "ERR The server is running without a config file");
    settings_defaults(&scratch);
    err = settings_rewrite_file(&c->service->settings, &scratch, file, &why);
    config_free(&read_back);
    if (err == OK) {
        log_notice("settings written: file=\"%s\"", file);
        reply_ok(c->reply);
    } else {
        log_warning("settings not written: file=\"%s\" reason=\"%.*s\"", file, SLICE_ARG(buf_slice(&why)));
        err = call_fail(c, "ERR Rewriting config file: %.*s", SLICE_ARG(buf_slice(&why)));
    }
    buf_free(&why);
    return err;
}

int cmd_config_help(struct call *c)
{
    static const char *const line[] = {
        "GET <pattern> [<pattern> ...]",
        "    The settings that match, and their values.",
        "SET <setting> <value> [<setting> <value> ...]",
        "    Changes settings: all of them or, when one is refused, none.",
        "REWRITE",
        "    Writes the settings into the file they came from.",
        "RESETSTAT",
        "    Sets the counters of INFO back to zero.",
        NULL,
    };

    return reply_help(c, line);
}
