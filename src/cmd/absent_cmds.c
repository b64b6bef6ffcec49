/* cmd/absent_cmds.c - what there is none of: scripts, functions and modules. To empty or to list nothing
 * can be done; and LOLWUT, which has nothing to show but the version. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"

static bool is_flush_mode(struct slice s)
{
    return slice_is(s, "SYNC") || slice_is(s, "ASYNC");
}

int cmd_function_flush(struct call *c)
{
    if (c->n == 3 && !is_flush_mode(c->arg[2]))
        return call_fail(c, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    if (c->n > 3)
        return call_bad_subcommand(c);
    reply_ok(c->reply);
    return OK;
}

int cmd_function_list(struct call *c)
{
    bool code = false, name = false;

    for (size_t i = 2; i < c->n; i++) {
        if (!code && slice_is(c->arg[i], "WITHCODE"))
            code = true;
        else if (!name && slice_is(c->arg[i], "LIBRARYNAME") && i + 1 == c->n)
            return call_fail(c, "ERR library name argument was not given");
        else if (!name && slice_is(c->arg[i], "LIBRARYNAME") && i++)
            name = true;
        else
            return call_fail(c, "ERR Unknown argument %.*s", SLICE_ARG(c->arg[i]));
    }
    reply_array(c->reply, 0);
    return OK;
}

int cmd_function_delete(struct call *c)
{
    return call_fail(c, "ERR Library not found");
}

int cmd_function_stats(struct call *c)
{
    reply_map(c->reply, 2);
    reply_bulk_str(c->reply, "running_script");
    reply_null(c->reply);
    reply_bulk_str(c->reply, "engines");
    reply_map(c->reply, 0);
    return OK;
}

int cmd_function_help(struct call *c)
{
    static const char *const line[] = {
        "FLUSH [ASYNC|SYNC]",
        "    There are no functions: nothing is deleted.",
        "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
        "    An empty list.",
        "STATS",
        "    What runs (nothing), and the engines (none).",
        NULL,
    };

    return reply_help(c, line);
}

int cmd_not_busy(struct call *c)
{
    return scripts_kill(c, true);
}

int cmd_module_list(struct call *c)
{
    reply_array(c->reply, 0);
    return OK;
}

int cmd_module_help(struct call *c)
{
    static const char *const line[] = {"LIST", "    The modules: there are none.", NULL};

    return reply_help(c, line);
}

int cmd_lolwut(struct call *c)
{
    static const char text[] = "leanmqd ver. " LEANMQD_VERSION ", as Redis ver. " REDIS_VERSION "\n";
    int64_t version;

    if (c->n >= 3 && slice_is(c->arg[1], "VERSION") && !num_i64(c->arg[2], &version))
        return ERR_INT;
    reply_verbatim(c->reply, "txt", slice_of(text));
    return OK;
}
