/* cmd/command_keys.c - COMMAND about keys: where a command has them, and what it does to them. */
#include "base/err.h"
#include "base/mem.h"
#include "command_show.h"
#include "handlers.h"
#include "syntax.h"

#include <stdio.h>

/* --- what is done to a key --- */

/* Redis' words for it. RO, RW, OW (overwrites), RM (removes): what happens to the key's value as a whole;
 * then whether data of the user is looked at (access), changed (update), added (insert) or taken away
 * (delete). Here are those for which access_of() would not find it in the flags of the row; with a ';' of the
 * first key and of the others. */
static const struct {
    const char *access, *commands;
} accesses[] = {
    {"RO", " EXISTS TYPE LLEN WATCH XLEN MEMORY|USAGE TOUCH OBJECT|ENCODING OBJECT|FREQ OBJECT|IDLETIME "
           "OBJECT|REFCOUNT HLEN HEXISTS HSTRLEN SISMEMBER SCARD ZCARD STRLEN "},
    {"not_key", " SPUBLISH SSUBSCRIBE SUNSUBSCRIBE "},
    {"RO access", " XREADGROUP "},
    {"OW update", " SET SETEX PSETEX MSET RESTORE "},
    {"OW insert", " SETNX MSETNX "},
    {"RW access update", " EVAL EVALSHA FCALL INCR INCRBY DECR DECRBY MOVE HINCRBY HINCRBYFLOAT ZINCRBY INCRBYFLOAT GETEX "
                         "GETSET SETBIT BITFIELD "},
    {"RW access delete",
     " LPOP RPOP BLPOP BRPOP LMPOP BLMPOP SPOP ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX ZMPOP BZMPOP GETDEL "},
    {"RW insert",
     " LPUSH RPUSH LPUSHX RPUSHX LINSERT HSETNX SADD APPEND PFADD XGROUP|CREATE XGROUP|CREATECONSUMER "},
    {"RW delete",
     " LREM LTRIM HDEL SREM ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX XDEL XTRIM XAUTOCLAIM "
     "XGROUP|DESTROY XGROUP|DELCONSUMER "},
    {"RM delete", " DEL UNLINK "},
    {"RW access delete;OW update", " RENAME "},
    {"RW access delete;OW insert", " RENAMENX "},
    {"RW access delete;RW insert", " LMOVE RPOPLPUSH BLMOVE BRPOPLPUSH SMOVE "},
    {"RW access", " PFCOUNT "},
    {"RW access insert;RO access", " PFMERGE "},
    {"RO access;OW update", " COPY SORT GEORADIUS GEORADIUSBYMEMBER "},
    {"RW update;RO access", " SINTERSTORE "},
    {"OW update;RO access", " BITOP SUNIONSTORE SDIFFSTORE ZRANGESTORE ZINTERSTORE ZUNIONSTORE ZDIFFSTORE "
                            "GEOSEARCHSTORE "},
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
    const char *mine = other && k ? other + 1 : access;
    struct words w = {0};
    char text[128];

    snprintf(text, sizeof text, "%.*s%s", (int)strcspn(mine, ";"), mine, more);
    words_split(&w, text);
    reply_words(r, &w);
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

static void reply_keyword(struct reply *r, const char *word, int from)
{
    reply_search(r, "keyword", 2);
    reply_bulk_str(r, "keyword");
    reply_bulk_str(r, word);
    reply_pair(r, "startfrom", from);
}

static void reply_streams_spec(struct reply *r, const struct command *row)
{
    reply_bulk_str(r, "begin_search");
    reply_keyword(r, "STREAMS", row->run == cmd_xreadgroup ? 4 : 1); /* behind GROUP, group, consumer */
    reply_range(r, -1, 1, 2);
}

/* The argument "numkeys" that says how many follow; 0: there is none at a fixed place. */
static int numkeys_at(const struct command *row)
{
    struct syntax *first = syntax_parse(row->syntax);
    int at = 1, found = 0;

    for (const struct syntax *a = first; a && a->kind == SYNTAX_WORD && !a->optional && !a->token.n;
         a = a->next) {
        if (slice_is(a->word, "numkeys"))
            found = at;
        at++;
    }
    syntax_free(first);
    return found;
}

static void reply_numkeys_spec(struct reply *r, int at)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "index", 1);
    reply_pair(r, "index", at);
    reply_bulk_str(r, "find_keys");
    reply_search(r, "keynum", 3);
    reply_pair(r, "keynumidx", 0);
    reply_pair(r, "firstkey", 1);
    reply_pair(r, "keystep", 1);
}

static void reply_unknown_spec(struct reply *r)
{
    reply_bulk_str(r, "begin_search");
    reply_search(r, "unknown", 0);
    reply_bulk_str(r, "find_keys");
    reply_search(r, "unknown", 0);
}

/* GET makes a SET that looks, and a BITFIELD that only does: their flags depend on their arguments. */
static void reply_spec_head(struct reply *r, const struct command *row, size_t k)
{
    bool varies = row->run == cmd_set || row->run == cmd_bitfield;

    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    reply_access(r, varies ? "RW access update" : access_of(row), k, varies ? " variable_flags" : "");
}

/* Where the keys are that are not one fixed first one. */
static void reply_where(struct reply *r, const struct command *row, int first)
{
    int numkeys = row->find_keys ? numkeys_at(row) : 0;

    if (numkeys)
        reply_numkeys_spec(r, numkeys);
    else if (row->find_keys == keys_xread)
        reply_streams_spec(r, row);
    else if (row->find_keys)
        reply_unknown_spec(r);
    else
        reply_index_spec(r, first, row->keys.last, row->keys.step);
}

/* The key of STORE stands behind that word. */
static bool is_store_option(const struct command *row)
{
    return row->find_keys == keys_sort || row->find_keys == keys_georadius;
}

/* A first key to which something else happens than to the others has a specification of its own. */
size_t command_key_specs(const struct command *row)
{
    if (!row->keys.first && !row->find_keys)
        return 0;
    if (is_store_option(row))
        return row->flags & CMD_WRITE ? 3 : 2;
    return strchr(access_of(row), ';') ? 2 : 1;
}

/* The key itself; then, of SORT, those of BY and GET, and that of STORE, which may stand anywhere; of
 * GEORADIUS, those of STORE and STOREDIST, behind what has a fixed place. */
static void reply_store_specs(struct reply *r, const struct command *row, size_t n)
{
    bool sort = row->find_keys == keys_sort;

    for (size_t k = 0; k < n; k++) {
        reply_spec_head(r, row, sort ? k == 2 : k);
        if (k == 0) {
            reply_index_spec(r, 1, 1, 1);
        } else if (sort) {
            reply_unknown_spec(r);
        } else {
            reply_bulk_str(r, "begin_search");
            reply_keyword(r, k == 1 ? "STORE" : "STOREDIST", row->min);
            reply_range(r, 0, 1, 0);
        }
    }
}

void reply_key_specs(struct reply *r, const struct command *row)
{
    size_t n = command_key_specs(row);
    int first = row->keys.first ? row->keys.first : 1;

    reply_set(r, n);
    if (is_store_option(row)) {
        reply_store_specs(r, row, n);
        return;
    }
    if (n == 2) {
        reply_spec_head(r, row, 0);
        reply_index_spec(r, first, first, 1);
        first += row->keys.step;
    }
    if (n > 0) {
        reply_spec_head(r, row, n - 1);
        reply_where(r, row, first);
    }
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
    if (!found && strcmp(row->group, "scripting") == 0) { /* EVAL of none is as good */
        reply_array(c->reply, 0);
        return OK;
    }
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
