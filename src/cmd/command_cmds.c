/* cmd/command_cmds.c - COMMAND: the table shown to clients, in the shapes of Redis 7. */
#include "base/err.h"
#include "base/mem.h"
#include "command_show.h"
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
    {CMD_NO_MANDATORY_KEYS, "no_mandatory_keys"},
    {CMD_ALLOW_BUSY, "allow_busy"},
    {CMD_MOVABLE, "movablekeys"},
    {0, NULL},
};

/* --- what is shown --- */

bool command_shown(const struct command *row)
{
    return !(row->flags & CMD_RECORD);
}

static bool is_sub(const struct command *row)
{
    return strchr(row->name, '|') != NULL;
}

bool command_belongs(const struct command *row, const struct command *of)
{
    size_t n;

    if (!command_shown(row))
        return false;
    if (!of)
        return !is_sub(row);
    n = strlen(of->name);
    return of->flags & CMD_CONTAINER && strncmp(row->name, of->name, n) == 0 && row->name[n] == '|';
}

size_t command_count_of(const struct command *of)
{
    size_t n = 0;

    for (const struct command *row = command_table; row->name; row++)
        n += command_belongs(row, of);
    return n;
}

const struct command *command_shown_named(struct slice name)
{
    const struct command *row = command_named(name);

    return row && command_shown(row) ? row : NULL;
}

static struct slice lower_name(const struct command *row, char name[64])
{
    size_t n = strlen(row->name);

    must(n < 64);
    for (size_t i = 0; i < n; i++)
        name[i] = (char)tolower((unsigned char)row->name[i]);
    return (struct slice){name, n};
}

void reply_command_name(struct reply *r, const struct command *row)
{
    char name[64];

    reply_bulk(r, lower_name(row, name));
}

/* --- sets of words --- */

void words_add(struct words *w, bool on, const char *word)
{
    if (!on)
        return;
    must(w->n < sizeof w->v / sizeof *w->v);
    w->v[w->n++] = word;
}

void words_split(struct words *w, char *text)
{
    char *rest, *word;

    for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words_add(w, true, word);
}

bool command_listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = list; (at = strstr(at, name)); at += n)
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

void reply_words(struct reply *r, const struct words *w)
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
static struct words categories_of(const struct command *row)
{
    const char *group = row->run ? row->group : "";
    uint32_t f = row->flags;
    bool data = f & (CMD_WRITE | CMD_READ), server = strcmp(group, "server") == 0;
    bool not_keys = command_listed(" WAIT WAITAOF LOLWUT MEMORY|USAGE SORT SORT_RO ", row->name);
    bool sorts = row->find_keys == keys_sort; /* three types at once */
    bool about_server =
        command_listed(" LASTSAVE ROLE ", row->name); /* which anybody may ask, but for this */
    bool about_link = command_listed(" WAIT WAITAOF READONLY READWRITE ", row->name);
    bool about_commands = strncmp(row->name, "COMMAND", 7) == 0; /* every client may ask for them */
    struct words w = {0};

    words_add(&w, (strcmp(group, "generic") == 0 || (server && data)) && !not_keys, "@keyspace");
    words_add(&w, f & CMD_READ && strcmp(group, "scripting") != 0, "@read");
    words_add(&w, f & CMD_WRITE, "@write");
    words_add(&w, strcmp(group, "set") == 0 || sorts, "@set");
    words_add(&w, strcmp(group, "sorted-set") == 0 || sorts, "@sortedset");
    words_add(&w, strcmp(group, "list") == 0 || sorts, "@list");
    words_add(&w, strcmp(group, "hash") == 0, "@hash");
    words_add(&w, strcmp(group, "string") == 0, "@string");
    words_add(&w, strcmp(group, "bitmap") == 0, "@bitmap");
    words_add(&w, strcmp(group, "hyperloglog") == 0, "@hyperloglog");
    words_add(&w, strcmp(group, "geo") == 0, "@geo");
    words_add(&w, strcmp(group, "stream") == 0 || strcmp(group, "queue") == 0, "@stream");
    words_add(&w, f & CMD_PUBSUB, "@pubsub");
    words_add(&w, f & CMD_ADMIN || about_server, "@admin");
    words_add(&w, f & CMD_FAST, "@fast");
    words_add(&w, !(f & CMD_FAST), "@slow");
    words_add(&w, f & CMD_BLOCKS, "@blocking");
    words_add(&w, f & (CMD_ADMIN | CMD_DANGEROUS) || (server && f & CMD_WRITE) || about_server, "@dangerous");
    words_add(&w, strcmp(group, "connection") == 0 || about_commands || about_link, "@connection");
    words_add(&w, strcmp(group, "transactions") == 0, "@transaction");
    words_add(&w, strcmp(group, "scripting") == 0, "@scripting");
    return w;
}

/* What clients that spread commands over several servers, or cache replies, have to know. */
static const struct {
    const char *tip, *commands;
} tips[] = {
    {"nondeterministic_output",
     " CLIENT|INFO CLIENT|LIST INFO TIME SLOWLOG|GET SLOWLOG|LEN LATENCY|LATEST LATENCY|HISTORY "
     "LATENCY|GRAPH LATENCY|DOCTOR LATENCY|HISTOGRAM LASTSAVE MEMORY|STATS MEMORY|DOCTOR "
     "MEMORY|MALLOC-STATS FUNCTION|STATS TTL PTTL DUMP SCAN HSCAN SSCAN ZSCAN RANDOMKEY OBJECT|ENCODING "
     "OBJECT|FREQ "
     "OBJECT|IDLETIME OBJECT|REFCOUNT HRANDFIELD SPOP SRANDMEMBER ZRANDMEMBER XADD XTRIM XCLAIM "
     "XAUTOCLAIM XPENDING XINFO|CONSUMERS CLUSTER|GETKEYSINSLOT CLUSTER|INFO CLUSTER|LINKS CLUSTER|NODES "
     "CLUSTER|SHARDS CLUSTER|SLOTS "},
    {"nondeterministic_output_order",
     " COMMAND COMMAND|INFO COMMAND|DOCS COMMAND|LIST MODULE|LIST FUNCTION|LIST KEYS HGETALL HKEYS "
     "HVALS SMEMBERS SINTER SUNION SDIFF "},
    {"request_policy:all_nodes",
     " CONFIG|SET SLOWLOG|GET SLOWLOG|LEN SLOWLOG|RESET LATENCY|LATEST LATENCY|HISTORY LATENCY|RESET "
     "LATENCY|GRAPH LATENCY|DOCTOR LATENCY|HISTOGRAM SCRIPT|FLUSH SCRIPT|LOAD "},
    {"request_policy:all_shards",
     " PING INFO DBSIZE FLUSHDB FLUSHALL MEMORY|STATS MEMORY|DOCTOR MEMORY|MALLOC-STATS MEMORY|PURGE "
     "FUNCTION|FLUSH FUNCTION|STATS FUNCTION|DELETE FUNCTION|KILL FUNCTION|LOAD FUNCTION|RESTORE SCRIPT|EXISTS SCRIPT|KILL WAIT KEYS "
     "RANDOMKEY "},
    {"request_policy:multi_shard", " DEL EXISTS TOUCH UNLINK MGET MSET MSETNX "},
    {"request_policy:special", " SCAN "},
    {"response_policy:agg_logical_and", " SCRIPT|EXISTS "},
    {"response_policy:agg_min", " WAIT MSETNX "},
    {"response_policy:agg_sum", " DBSIZE SLOWLOG|LEN DEL EXISTS TOUCH UNLINK "},
    {"response_policy:all_succeeded",
     " PING CONFIG|SET FLUSHDB FLUSHALL SLOWLOG|RESET LATENCY|RESET MEMORY|PURGE FUNCTION|FLUSH "
     "FUNCTION|DELETE FUNCTION|LOAD FUNCTION|RESTORE SCRIPT|FLUSH SCRIPT|LOAD MSET "},
    {"response_policy:one_succeeded", " FUNCTION|KILL SCRIPT|KILL "},
    {"response_policy:special",
     " INFO LATENCY|LATEST LATENCY|HISTORY LATENCY|GRAPH LATENCY|DOCTOR LATENCY|HISTOGRAM MEMORY|STATS "
     "MEMORY|DOCTOR MEMORY|MALLOC-STATS FUNCTION|STATS "},
};

static void reply_tips(struct reply *r, const struct command *row)
{
    struct words w = {0};

    for (size_t i = 0; i < sizeof tips / sizeof *tips; i++)
        words_add(&w, command_listed(tips[i].commands, row->name), tips[i].tip);
    reply_set(r, w.n);
    for (size_t i = 0; i < w.n; i++)
        reply_bulk_str(r, w.v[i]);
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
    reply_array(r, command_count_of(row));
    for (const struct command *sub = command_table; sub->name; sub++)
        if (command_belongs(sub, row))
            reply_row(r, sub);
}

static void reply_row(struct reply *r, const struct command *row)
{
    struct words categories;

    reply_array(r, 10);
    reply_command_name(r, row);
    reply_int(r, command_arity(row));
    reply_flags(r, row);
    reply_int(r, row->keys.first);
    reply_int(r, row->keys.last);
    reply_int(r, row->keys.step);
    categories = categories_of(row);
    reply_words(r, &categories);
    reply_tips(r, row);
    reply_key_specs(r, row);
    reply_subs(r, row);
}

int cmd_command(struct call *c)
{
    reply_array(c->reply, command_count_of(NULL));
    for (const struct command *row = command_table; row->name; row++)
        if (command_belongs(row, NULL))
            reply_row(c->reply, row);
    return OK;
}

int cmd_command_info(struct call *c)
{
    if (c->n == 2)
        return cmd_command(c);
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++) {
        const struct command *row = command_shown_named(c->arg[i]);

        if (row)
            reply_row(c->reply, row);
        else
            reply_null(c->reply);
    }
    return OK;
}

int cmd_command_count(struct call *c)
{
    reply_int(c->reply, (int64_t)command_count_of(NULL));
    return OK;
}

/* --- COMMAND LIST --- */

enum filter { FILTER_NONE, FILTER_MODULE, FILTER_CATEGORY, FILTER_PATTERN };

bool command_in_category(const struct command *row, struct slice category)
{
    struct words w = categories_of(row);

    for (size_t i = 0; i < w.n; i++)
        if (slice_is(category, w.v[i] + 1)) /* without its @ */
            return true;
    return false;
}

static bool passes(const struct command *row, enum filter filter, struct slice by)
{
    char name[64];

    switch (filter) {
    case FILTER_NONE:
        return true;
    case FILTER_MODULE: /* there are none */
        return false;
    case FILTER_CATEGORY:
        return command_in_category(row, by);
    default:
        return slice_glob(by, lower_name(row, name), true);
    }
}

static int parse_filter(const struct call *c, enum filter *filter)
{
    static const char *const word[] = {
        [FILTER_MODULE] = "MODULE", [FILTER_CATEGORY] = "ACLCAT", [FILTER_PATTERN] = "PATTERN"};

    *filter = FILTER_NONE;
    if (c->n == 2)
        return OK;
    if (c->n != 5 || !slice_is(c->arg[2], "FILTERBY"))
        return ERR_SYNTAX;
    for (int f = FILTER_MODULE; f <= FILTER_PATTERN; f++)
        if (slice_is(c->arg[3], word[f]))
            *filter = (enum filter)f;
    return *filter == FILTER_NONE ? ERR_SYNTAX : OK;
}

/* Without a filter the commands; with one their sub-commands, too. */
int cmd_command_list(struct call *c)
{
    enum filter filter;
    int err = parse_filter(c, &filter);
    uint64_t place;
    size_t n = 0;

    if (err != OK)
        return err;
    place = reply_later(c->reply, command_count());
    for (const struct command *row = command_table; row->name; row++) {
        if (!command_shown(row) || !passes(row, filter, c->arg[c->n - 1]))
            continue;
        reply_command_name(c->reply, row);
        n++;
    }
    reply_fill_array(c->reply, place, n);
    return OK;
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
        "GETKEYSANDFLAGS <full-command>",
        "    The keys, and what the command does to each.",
        "INFO [<command-name> ...]",
        "    What is known of these commands, or of all.",
        "LIST [FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
        "    The names of all commands, or of those that pass.",
        NULL,
    };

    return reply_help(c, line);
}
