/* cmd/command_keys.c - COMMAND about keys: where a command has them, and what it does to them. */
#include "base/err.h"
#include "base/mem.h"
#include "command_show.h"
#include "handlers.h"

/* --- what is done to a key --- */

/* Redis' words for it. RO, RW, OW (overwrites), RM (removes): what happens to the key's value as a whole;
 * then whether data of the user is looked at (access), changed (update), added (insert) or taken away
 * (delete). Here are those for which derive_access() is not right; with a ';' of the first key and of the
 * others. */
static const struct {
    const char *access, *commands;
} accesses[] = {
    {"RO", " EXISTS TYPE LLEN WATCH XLEN "},
    {"RM delete", " DEL "},
    {"OW update", " SET "},
    {"RW access update", " INCR INCRBY DECR DECRBY "},
    {"RW insert", " LPUSH RPUSH XGROUP|CREATE XGROUP|CREATECONSUMER "},
    {"RW access delete", " LPOP RPOP BRPOP "},
    {"RW delete", " XDEL XTRIM XAUTOCLAIM XGROUP|DESTROY XGROUP|DELCONSUMER "},
    {"RO access", " XREADGROUP "},
};

static const char *access_of(const struct command *row)
{
    for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++)
        if (command_listed(accesses[i].commands, row->name))
            return accesses[i].access;
    return row->flags & CMD_WRITE ? "RW update" : "RO access";
}

/* Of the key number `k`. */
static void reply_access(struct reply *r, const char *access, size_t k, const char *more)
{
    const char *other = strchr(access, ';');
    struct words w = {0};
    char room[128];
    struct buf text = {0};

    if (other && k)
        buf_add_str(&text, other + 1);
    else
        buf_add(&text, access, other ? (size_t)(other - access) : strlen(access));
    buf_add_str(&text, more);
    buf_add_char(&text, '\0');
    words_split(&w, text.p, room);
    reply_words(r, &w);
    buf_free(&text);
}

/* --- key specifications of COMMAND INFO --- */

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

static void reply_index_spec(struct reply *r, int first, int last, int step)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "index", 1);
    reply_pair(r, "index", first);
    reply_range(r, last < 0 ? last : last - first, step, 0);
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

/* GET makes a SET that looks: its flags depend on its arguments. */
static void reply_spec_head(struct reply *r, const struct command *row, size_t k)
{
    bool varies = row->run == cmd_set;

    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    reply_access(r, varies ? "RW access update" : access_of(row), k, varies ? " variable_flags" : "");
}

/* Two keys to which different things happen are two specifications. */
size_t command_key_specs(const struct command *row)
{
    if (!row->keys.first && !row->find_keys)
        return 0;
    return strchr(access_of(row), ';') ? 2 : 1;
}

void reply_key_specs(struct reply *r, const struct command *row)
{
    const struct key_spec *k = &row->keys;
    size_t n = command_key_specs(row);

    reply_set(r, n);
    if (n == 0)
        return;
    if (n == 2) {
        reply_spec_head(r, row, 0);
        reply_index_spec(r, k->first, k->first, 1);
        reply_spec_head(r, row, 1);
        reply_index_spec(r, k->first + k->step, k->last, k->step);
        return;
    }
    reply_spec_head(r, row, 0);
    if (!row->find_keys)
        reply_index_spec(r, k->first, k->last, k->step);
    else if (row->find_keys == keys_xread)
        reply_streams_spec(r, row);
    else
        reply_unknown_spec(r);
}

/* --- GETKEYS, GETKEYSANDFLAGS --- */

static bool has_get(const struct slice *arg, size_t n)
{
    for (size_t i = 3; i < n; i++)
        if (slice_is(arg[i], "GET"))
            return true;
    return false;
}

static int get_keys(struct call *c, bool flags)
{
    const struct slice *arg = c->arg + 2;
    const struct command *container, *row = command_find(arg, c->n - 2, &container);
    size_t n = c->n - 2, found, *pos;
    const char *access;

    if (!row || !command_shown(row))
        return call_fail(c, "ERR Invalid command specified");
    if (!row->keys.first && !row->find_keys)
        return call_fail(c, "ERR The command has no key arguments");
    if ((int)n < row->min || (row->max != ANY && (int)n > row->max))
        return call_fail(c, "ERR Invalid number of arguments specified for command");
    pos = mem_alloc(n * sizeof *pos);
    found = command_keys(row, arg, n, pos, n);
    access = row->run == cmd_set && has_get(arg, n) ? "RW access update" : access_of(row);
    if (found)
        reply_array(c->reply, found);
    for (size_t i = 0; i < found; i++) {
        if (flags)
            reply_array(c->reply, 2);
        reply_bulk(c->reply, arg[pos[i]]);
        if (flags)
            reply_access(c->reply, access, i, "");
    }
    mem_free(pos);
    return found ? OK : call_fail(c, "ERR Invalid arguments specified for command");
}

int cmd_command_getkeys(struct call *c)
{
    return get_keys(c, false);
}

int cmd_command_getkeysandflags(struct call *c)
{
    return get_keys(c, true);
}
