/* cmd/acl_cmds.c - ACL: there is one user, default, who may do everything; its password is requirepass. */
#include "base/err.h"
#include "base/num.h"
#include "base/random.h"
#include "base/sha256.h"
#include "command_show.h"
#include "handlers.h"

#include <stdio.h>

static const char *password(const struct call *c)
{
    return c->service->config.requirepass;
}

int cmd_acl_whoami(struct call *c)
{
    reply_bulk_str(c->reply, "default");
    return OK;
}

int cmd_acl_users(struct call *c)
{
    reply_array(c->reply, 1);
    reply_bulk_str(c->reply, "default");
    return OK;
}

int cmd_acl_list(struct call *c)
{
    char hash[65];

    sha256_hex(slice_of(password(c)), hash);
    reply_array(c->reply, 1);
    if (*password(c))
        reply_bulkf(c->reply, "user default on #%s ~* &* +@all", hash);
    else
        reply_bulk_str(c->reply, "user default on nopass ~* &* +@all");
    return OK;
}

static void reply_passwords(struct call *c)
{
    bool some = *password(c);
    char hash[65];

    reply_bulk_str(c->reply, "flags");
    reply_set(c->reply, some ? 1 : 2);
    reply_bulk_str(c->reply, "on");
    if (!some)
        reply_bulk_str(c->reply, "nopass");
    reply_bulk_str(c->reply, "passwords");
    reply_array(c->reply, some);
    sha256_hex(slice_of(password(c)), hash);
    if (some)
        reply_bulk_str(c->reply, hash);
}

int cmd_acl_getuser(struct call *c)
{
    static const char *const rights[] = {"commands", "+@all", "keys", "~*", "channels", "&*"};

    if (!slice_eq(c->arg[2], SLICE("default"))) {
        reply_null(c->reply);
        return OK;
    }
    reply_map(c->reply, 6);
    reply_passwords(c);
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        reply_bulk_str(c->reply, rights[i]);
    reply_bulk_str(c->reply, "selectors");
    reply_array(c->reply, 0);
    return OK;
}

/* --- ACL CAT --- */

static const char *const categories[] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};
#define CATEGORIES (sizeof categories / sizeof *categories)

static bool is_category(struct slice name)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (slice_is(name, categories[i]))
            return true;
    return false;
}

static void reply_members(struct call *c, struct slice category)
{
    uint64_t place = reply_later(c->reply, 100);
    size_t n = 0;

    for (const struct command *row = command_table; row->name; row++) {
        if (row->flags & CMD_CONTAINER || !command_shown(row) || !command_in_category(row, category))
            continue;
        reply_command_name(c->reply, row);
        n++;
    }
    reply_fill_array(c->reply, place, n);
}

int cmd_acl_cat(struct call *c)
{
    if (c->n == 2) {
        reply_array(c->reply, CATEGORIES);
        for (size_t i = 0; i < CATEGORIES; i++)
            reply_bulk_str(c->reply, categories[i]);
        return OK;
    }
    if (c->n > 3)
        return call_bad_subcommand(c);
    if (!is_category(c->arg[2]))
        return call_fail(c, "ERR Unknown category '%.*s'", c->arg[2].n > 128 ? 128 : (int)c->arg[2].n,
                         c->arg[2].p);
    reply_members(c, c->arg[2]);
    return OK;
}

/* --- the rest --- */

#define GENPASS_BITS 4096

int cmd_acl_genpass(struct call *c)
{
    unsigned char raw[GENPASS_BITS / 8];
    char text[GENPASS_BITS / 4 + 2];
    int64_t bits = 256;
    size_t digits;

    if (c->n == 3 && !num_i64(c->arg[2], &bits))
        return ERR_INT;
    if (bits <= 0 || bits > GENPASS_BITS)
        return call_fail(
            c,
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
            "number up to %d",
            GENPASS_BITS);
    digits = (size_t)(bits + 3) / 4;
    random_system(raw, (digits + 1) / 2);
    for (size_t i = 0; i < digits; i += 2)
        snprintf(text + i, 3, "%02x", raw[i / 2]);
    reply_bulk(c->reply, (struct slice){text, digits});
    return OK;
}

int cmd_acl_log(struct call *c)
{
    int64_t count;

    if (c->n == 3 && slice_is(c->arg[2], "RESET")) {
        reply_ok(c->reply);
        return OK;
    }
    if (c->n == 3 && !num_i64(c->arg[2], &count))
        return ERR_INT;
    reply_array(c->reply, 0);
    return OK;
}

int cmd_acl_dryrun(struct call *c)
{
    const struct command *cmd, *container;
    size_t n = c->n - 3;

    if (!slice_eq(c->arg[2], SLICE("default")))
        return call_fail(c, "ERR User '%.*s' not found", SLICE_ARG(c->arg[2]));
    cmd = command_find(c->arg + 3, n, &container);
    if (!cmd || cmd->flags & CMD_RECORD)
        return call_fail(c, "ERR Command '%.*s' not found", SLICE_ARG(c->arg[3]));
    if ((int)n < cmd->min || (cmd->min == cmd->max && (int)n != cmd->min)) {
        struct call other = *c;

        other.cmd = cmd;
        call_error(&other, ERR_ARITY);
        return ERR_REPLIED;
    }
    reply_ok(c->reply);
    return OK;
}

int cmd_acl_help(struct call *c)
{
    static const char *const line[] = {
        "CAT [<category>]",
        "    The categories of commands, or the commands of one.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Whether a user may run a command.",
        "GENPASS [<bits>]",
        "    A random password of so many bits, 256 if not said.",
        "GETUSER <username>",
        "    The rights of a user.",
        "LIST",
        "    The users with their rights.",
        "LOG [<count> | RESET]",
        "    What users were refused: nothing.",
        "USERS",
        "    The names of the users.",
        "WHOAMI",
        "    The user of this connection.",
        NULL,
    };

    return reply_help(c, line);
}
