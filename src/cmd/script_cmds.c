/* cmd/script_cmds.c - EVAL and SCRIPT. */
#include "base/err.h"
#include "base/num.h"
#include "cmd/scripts.h"
#include "handlers.h"

static int no_script(struct call *c)
{
    return call_fail(c, "NOSCRIPT No matching script. Please use EVAL.");
}

/* "ERR <why>". */
static int fail_with(struct call *c, struct buf *why)
{
    call_fail(c, "ERR %.*s", SLICE_ARG(buf_slice(why)));
    buf_free(why);
    return ERR_REPLIED;
}

int script_arguments(struct call *c, struct script_input *in)
{
    int64_t keys;

    if (!num_i64(c->arg[2], &keys))
        return ERR_INT;
    if (keys > (int64_t)c->n - 3)
        return call_fail(c, "ERR Number of keys can't be greater than number of args");
    if (keys < 0)
        return call_fail(c, "ERR Number of keys can't be negative");
    in->key = c->arg + 3;
    in->keys = (size_t)keys;
    in->arg = in->key + keys;
    in->args = c->n - 3 - in->keys;
    return OK;
}

/* What runs may be pushed out of the cache by nobody: it does not load scripts. */
static int run(struct call *c, struct cached_script *script, struct script_input *in, bool read_only)
{
    in->name = script->sha;
    return scripts_run(c, script->id, script->flags, in, read_only);
}

static int eval(struct call *c, bool read_only)
{
    struct script_input in = {0};
    struct cached_script *script;
    struct buf why = {0};
    int err;

    if ((err = script_arguments(c, &in)) != OK)
        return err;
    if (!(script = scripts_add(c->service, c->arg[1], false, &why)))
        return fail_with(c, &why);
    return run(c, script, &in, read_only);
}

static int evalsha(struct call *c, bool read_only)
{
    struct script_input in = {0};
    struct cached_script *script;
    int err;

    if (c->arg[1].n != SHA1_HEX)
        return no_script(c);
    if ((err = script_arguments(c, &in)) != OK)
        return err;
    if (!(script = scripts_find(c->service, c->arg[1])))
        return no_script(c);
    return run(c, script, &in, read_only);
}

int cmd_eval(struct call *c)
{
    return eval(c, false);
}

int cmd_eval_ro(struct call *c)
{
    return eval(c, true);
}

int cmd_evalsha(struct call *c)
{
    return evalsha(c, false);
}

int cmd_evalsha_ro(struct call *c)
{
    return evalsha(c, true);
}

/* --- SCRIPT --- */

int cmd_script_load(struct call *c)
{
    struct buf why = {0};
    struct cached_script *script = scripts_add(c->service, c->arg[2], true, &why);

    if (!script)
        return fail_with(c, &why);
    reply_bulk(c->reply, (struct slice){script->sha, SHA1_HEX});
    return OK;
}

int cmd_script_exists(struct call *c)
{
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++)
        reply_int(c->reply, scripts_find(c->service, c->arg[i]) != NULL);
    return OK;
}

int cmd_script_flush(struct call *c)
{
    if (c->n > 3 || (c->n == 3 && !slice_is(c->arg[2], "SYNC") && !slice_is(c->arg[2], "ASYNC")))
        return call_fail(c, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    scripts_flush(c->service);
    reply_ok(c->reply);
    return OK;
}

int cmd_script_kill(struct call *c)
{
    return scripts_kill(c, false);
}

int cmd_script_debug(struct call *c)
{
    if (slice_is(c->arg[2], "NO")) {
        reply_ok(c->reply);
        return OK;
    }
    if (slice_is(c->arg[2], "YES") || slice_is(c->arg[2], "SYNC"))
        return call_fail(c, "ERR there is no debugger of scripts");
    return call_fail(c, "ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

int cmd_script_help(struct call *c)
{
    static const char *const lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
        NULL};

    return reply_help(c, lines);
}
