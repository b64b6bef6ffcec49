/* cmd/command_cmds.c - COMMAND: the table shown to clients, in the shapes of Redis 7. */
#include "base/err.h"
#include "base/mem.h"
#include "flags.h"
#include "handlers.h"

#include <ctype.h>

const struct flag_name flag_names[] = {
    {CMD_WRITE, "write"},
    {CMD_READ, "readonly"},
    {CMD_GROWS, "denyoom"},
    {CMD_ADMIN, "admin"},
    {CMD_PUBSUB, "pubsub"},
    {CMD_NOSCRIPT, "noscript"},
    {CMD_BLOCKS, "blocking"},
    {CMD_LOADING, "loading"},
    {CMD_STALE, "stale"},
    {CMD_SKIP_MONITOR, "skip_monitor"},
    {CMD_SKIP_SLOWLOG, "skip_slowlog"},
    {CMD_FAST, "fast"},
    {CMD_NO_AUTH, "no_auth"},
    {CMD_NO_MULTI, "no_multi"},
    {CMD_MAY_REPLICATE, "may_replicate"},
    {CMD_MOVABLE, "movablekeys"},
    {0, NULL},
};

static bool shown(const struct command *row)
{
    return !(row->flags & CMD_RECORD);
}

static bool is_sub(const struct command *row)
{
    return strchr(row->name, '|') != NULL;
}

/* Rows that are commands of their own; with `of`, those within that container. */
static bool belongs(const struct command *row, const struct command *of)
{
    size_t n;

    if (!shown(row))
        return false;
    if (!of)
        return !is_sub(row);
    n = strlen(of->name);
    return of->flags & CMD_CONTAINER && strncmp(row->name, of->name, n) == 0 && row->name[n] == '|';
}

static size_t count(const struct command *of)
{
    size_t n = 0;

    for (const struct command *row = command_table; row->name; row++)
        n += belongs(row, of);
    return n;
}

static void reply_name(struct reply *r, const struct command *row)
{
    char name[64];
    size_t n = strlen(row->name);

    must(n < sizeof name);
    for (size_t i = 0; i < n; i++)
        name[i] = (char)tolower((unsigned char)row->name[i]);
    reply_bulk(r, (struct slice){name, n});
}

/* A set of status replies: collected first, for RESP3 has the length in front. */
struct words {
    const char *v[24];
    size_t n;
};

static void words_add(struct words *w, bool on, const char *word)
{
    if (!on)
        return;
    must(w->n < sizeof w->v / sizeof *w->v);
    w->v[w->n++] = word;
}

static void reply_words(struct reply *r, const struct words *w)
{
    reply_set(r, w->n);
    for (size_t i = 0; i < w->n; i++)
        reply_status(r, w->v[i]);
}

static void reply_flags(struct reply *r, const struct command *row)
{
    struct words w = {0};

    for (const struct flag_name *f = flag_names; f->name; f++)
        words_add(&w, row->flags & f->flag, f->name);
    reply_words(r, &w);
}

/* Categories follow from flags and group, in Redis' order. A container has none of a group: it does
 * nothing itself. */
static void reply_categories(struct reply *r, const struct command *row)
{
    const char *group = row->run ? row->group : "";
    uint32_t f = row->flags;
    bool data = f & (CMD_WRITE | CMD_READ), server = strcmp(group, "server") == 0;
    struct words w = {0};

    words_add(&w, strcmp(group, "generic") == 0 || (server && data), "@keyspace");
    words_add(&w, f & CMD_READ, "@read");
    words_add(&w, f & CMD_WRITE, "@write");
    words_add(&w, strcmp(group, "set") == 0, "@set");
    words_add(&w, strcmp(group, "sorted-set") == 0, "@sortedset");
    words_add(&w, strcmp(group, "list") == 0, "@list");
    words_add(&w, strcmp(group, "hash") == 0, "@hash");
    words_add(&w, strcmp(group, "string") == 0, "@string");
    words_add(&w, strcmp(group, "stream") == 0, "@stream");
    words_add(&w, f & CMD_PUBSUB, "@pubsub");
    words_add(&w, f & CMD_ADMIN, "@admin");
    words_add(&w, f & CMD_FAST, "@fast");
    words_add(&w, !(f & CMD_FAST), "@slow");
    words_add(&w, f & CMD_BLOCKS, "@blocking");
    words_add(&w, f & (CMD_ADMIN | CMD_DANGEROUS) || (server && f & CMD_WRITE), "@dangerous");
    words_add(&w, strcmp(group, "connection") == 0, "@connection");
    words_add(&w, strcmp(group, "transactions") == 0, "@transaction");
    words_add(&w, strcmp(group, "scripting") == 0, "@scripting");
    reply_words(r, &w);
}

/* --- where the keys are --- */

static void reply_search(struct reply *r, const char *type, size_t pairs)
{
    reply_map(r, 2);
    reply_bulk_str(r, "type");
    reply_bulk_str(r, type);
    reply_bulk_str(r, "spec");
    reply_map(r, pairs);
}

static void reply_pair(struct reply *r, const char *name, int64_t value)
{
    reply_bulk_str(r, name);
    reply_int(r, value);
}

/* `limit` 2: the keys are half of what follows, as in XREAD STREAMS. */
static void reply_range(struct reply *r, int last, int step, int limit)
{
    reply_bulk_str(r, "find_keys");
    reply_search(r, "range", 3);
    reply_pair(r, "lastkey", last);
    reply_pair(r, "keystep", step);
    reply_pair(r, "limit", limit);
}

static void reply_index_spec(struct reply *r, struct key_spec k)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "index", 1);
    reply_pair(r, "index", k.first);
    reply_range(r, k.last < 0 ? k.last : k.last - k.first, k.step, 0);
}

static void reply_streams_spec(struct reply *r, const struct command *row)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "keyword", 2);
    reply_bulk_str(r, "keyword");
    reply_bulk_str(r, "STREAMS");
    reply_pair(r, "startfrom", row->run == cmd_xreadgroup ? 4 : 1); /* behind GROUP, group, consumer */
    reply_range(r, -1, 1, 2);
}

static void reply_unknown_spec(struct reply *r)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "unknown", 0);
    reply_bulk_str(r, "find_keys");
    reply_search(r, "unknown", 0);
}

static void reply_key_specs(struct reply *r, const struct command *row)
{
    bool keys = row->keys.first || row->find_keys;

    reply_set(r, keys);
    if (!keys)
        return;
    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    reply_set(r, 1);
    reply_status(r, row->flags & CMD_WRITE ? "RW" : "RO");
    if (!row->find_keys)
        reply_index_spec(r, row->keys);
    else if (row->find_keys == keys_xread)
        reply_streams_spec(r, row);
    else
        reply_unknown_spec(r);
}

/* --- COMMAND INFO --- */

static void reply_row(struct reply *r, const struct command *row);

/* Rows of a container come as a plain list, nothing as an empty set: as in Redis. */
static void reply_subs(struct reply *r, const struct command *row)
{
    if (!(row->flags & CMD_CONTAINER)) {
        reply_set(r, 0);
        return;
    }
    reply_array(r, count(row));
    for (const struct command *sub = command_table; sub->name; sub++)
        if (belongs(sub, row))
            reply_row(r, sub);
}

static void reply_row(struct reply *r, const struct command *row)
{
    reply_array(r, 10);
    reply_name(r, row);
    reply_int(r, command_arity(row));
    reply_flags(r, row);
    reply_int(r, row->keys.first);
    reply_int(r, row->keys.last);
    reply_int(r, row->keys.step);
    reply_categories(r, row);
    reply_set(r, 0); /* tips */
    reply_key_specs(r, row);
    reply_subs(r, row);
}

static const struct command *named(struct slice name)
{
    const struct command *row = command_named(name);

    return row && shown(row) ? row : NULL;
}

int cmd_command(struct call *c)
{
    reply_array(c->reply, count(NULL));
    for (const struct command *row = command_table; row->name; row++)
        if (belongs(row, NULL))
            reply_row(c->reply, row);
    return OK;
}

int cmd_command_info(struct call *c)
{
    if (c->n == 2)
        return cmd_command(c);
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++) {
        const struct command *row = named(c->arg[i]);

        if (row)
            reply_row(c->reply, row);
        else
            reply_null(c->reply);
    }
    return OK;
}

int cmd_command_count(struct call *c)
{
    reply_int(c->reply, (int64_t)count(NULL));
    return OK;
}

/* --- COMMAND DOCS --- */

static void reply_text(struct reply *r, const char *name, const char *text)
{
    reply_bulk_str(r, name);
    reply_bulk_str(r, text);
}

static void reply_docs(struct reply *r, const struct command *row)
{
    bool container = row->flags & CMD_CONTAINER;

    reply_name(r, row);
    reply_map(r, container ? 5 : 4);
    reply_text(r, "summary", row->summary);
    reply_text(r, "since", row->since);
    reply_text(r, "group", row->group);
    reply_text(r, "complexity", row->complexity);
    if (!container)
        return;
    reply_bulk_str(r, "subcommands");
    reply_map(r, count(row));
    for (const struct command *sub = command_table; sub->name; sub++)
        if (belongs(sub, row))
            reply_docs(r, sub);
}

int cmd_command_docs(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    size_t n = 0;

    for (const struct command *row = command_table; c->n == 2 && row->name; row++) {
        if (belongs(row, NULL)) {
            reply_docs(c->reply, row);
            n++;
        }
    }
    for (size_t i = 2; i < c->n; i++) {
        const struct command *row = named(c->arg[i]);

        if (row) {
            reply_docs(c->reply, row);
            n++;
        }
    }
    reply_fill_map(c->reply, place, n);
    return OK;
}

/* --- COMMAND GETKEYS --- */

int cmd_command_getkeys(struct call *c)
{
    const struct slice *arg = c->arg + 2;
    const struct command *container, *row = command_find(arg, c->n - 2, &container);
    size_t n = c->n - 2, found, *pos;

    if (!row || !shown(row))
        return call_fail(c, "ERR Invalid command specified");
    if (!row->keys.first && !row->find_keys)
        return call_fail(c, "ERR The command has no key arguments");
    if ((int)n < row->min || (row->max != ANY && (int)n > row->max))
        return call_fail(c, "ERR Invalid number of arguments specified for command");
    pos = mem_alloc(n * sizeof *pos);
    found = command_keys(row, arg, n, pos, n);
    if (found) {
        reply_array(c->reply, found);
        for (size_t i = 0; i < found; i++)
            reply_bulk(c->reply, arg[pos[i]]);
    }
    mem_free(pos);
    return found ? OK : call_fail(c, "ERR Invalid arguments specified for command");
}

int cmd_command_help(struct call *c)
{
    static const char *const line[] = {
        "(no subcommand)",
        "    All commands and what is known of them.",
        "COUNT",
        "    How many commands there are.",
        "DOCS [<command-name> ...]",
        "    The documentation of these commands, or of all.",
        "GETKEYS <full-command>",
        "    The keys in a full command.",
        "INFO [<command-name> ...]",
        "    What is known of these commands, or of all.",
        NULL,
    };

    return reply_help(c, line);
}
