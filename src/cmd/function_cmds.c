/* cmd/function_cmds.c - FCALL, and FUNCTION but for DUMP and RESTORE. */
#include "base/err.h"
#include "base/num.h"
#include "broker/library.h"
#include "cmd/scripts.h"
#include "handlers.h"

/* --- calling --- */

static int call_function(struct call *c, bool read_only)
{
    const struct compiled_function *f = functions_find(c->service, c->arg[1]);
    struct script_input in = {.function = true};
    int err;

    if (!f)
        return call_fail(c, "ERR Function not found");
    if ((err = script_arguments(c, &in)) != OK)
        return err == ERR_INT ? call_fail(c, "ERR Bad number of keys provided") : err;
    in.name = f->f->name;
    return scripts_run(c, f->f->id, f->f->flags, &in, read_only);
}

int cmd_fcall(struct call *c)
{
    return call_function(c, false);
}

int cmd_fcall_ro(struct call *c)
{
    return call_function(c, true);
}

int cmd_function_kill(struct call *c)
{
    return scripts_kill(c, true);
}

/* --- libraries --- */

static int refuse(struct call *c, struct buf *why)
{
    call_fail(c, "ERR %.*s", SLICE_ARG(buf_slice(why)));
    buf_free(why);
    return ERR_REPLIED;
}

int cmd_function_load(struct call *c)
{
    struct slice text = c->arg[c->n - 1];
    struct compiled_library *l;
    struct buf why = {0};
    bool replace = false;
    const char *clash;

    for (size_t i = 2; i + 1 < c->n; i++) {
        if (!slice_is(c->arg[i], "REPLACE"))
            return call_fail(c, "ERR Unknown option given: %.*s", SLICE_ARG(c->arg[i]));
        replace = true;
    }
    if (functions_compile(c->service, text, !replace, &l, &why) != OK)
        return refuse(c, &why);
    if ((clash = functions_clash(c->service, l))) {
        call_fail(c, "ERR Function %s already exists", clash);
        functions_free(c->service, l);
        return ERR_REPLIED;
    }
    change_library_set(c->broker, l->name, text);
    functions_link(c->service, l);
    reply_bulk(c->reply, l->name);
    return OK;
}

int cmd_function_delete(struct call *c)
{
    if (!library_find(c->broker, c->arg[2]))
        return call_fail(c, "ERR Library not found");
    functions_unlink(c->service, c->arg[2]);
    change_library_delete(c->broker, c->arg[2]);
    reply_ok(c->reply);
    return OK;
}

int cmd_function_flush(struct call *c)
{
    if (c->n > 3)
        return call_bad_subcommand(c);
    if (c->n == 3 && !slice_is(c->arg[2], "SYNC") && !slice_is(c->arg[2], "ASYNC"))
        return call_fail(c, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    functions_unlink_all(c->service);
    change_library_flush(c->broker);
    reply_ok(c->reply);
    return OK;
}

/* --- FUNCTION LIST --- */

struct list_args {
    bool code;
    struct slice pattern; /* p NULL: all */
};

static int parse_list(struct call *c, struct list_args *a)
{
    for (size_t i = 2; i < c->n; i++) {
        if (!a->code && slice_is(c->arg[i], "WITHCODE"))
            a->code = true;
        else if (a->pattern.p || !slice_is(c->arg[i], "LIBRARYNAME"))
            return call_fail(c, "ERR Unknown argument %.*s", SLICE_ARG(c->arg[i]));
        else if (i + 1 == c->n)
            return call_fail(c, "ERR library name argument was not given");
        else
            a->pattern = c->arg[++i];
    }
    return OK;
}

static void reply_flags(struct reply *r, unsigned flags)
{
    size_t n = 0;

    for (const struct script_flag_name *f = script_flag_names; f->name; f++)
        n += (flags & f->flag) != 0;
    reply_set(r, n);
    for (const struct script_flag_name *f = script_flag_names; f->name; f++)
        if (flags & f->flag)
            reply_status(r, f->name);
}

static void reply_function(struct reply *r, const struct script_function *f)
{
    reply_map(r, 3);
    reply_bulk_str(r, "name");
    reply_bulk_str(r, f->name);
    reply_bulk_str(r, "description");
    if (f->description)
        reply_bulk(r, (struct slice){f->description, f->description_len});
    else
        reply_null(r);
    reply_bulk_str(r, "flags");
    reply_flags(r, f->flags);
}

static void reply_library(struct call *c, const struct compiled_library *l, bool code)
{
    struct reply *r = c->reply;

    reply_map(r, code ? 4 : 3);
    reply_bulk_str(r, "library_name");
    reply_bulk(r, l->name);
    reply_bulk_str(r, "engine");
    reply_bulk_str(r, "LUA");
    reply_bulk_str(r, "functions");
    reply_array(r, l->functions.n);
    for (size_t i = 0; i < l->functions.n; i++)
        reply_function(r, &l->functions.function[i]);
    if (!code)
        return;
    reply_bulk_str(r, "library_code");
    reply_bulk(r, library_code(library_find(c->broker, l->name)));
}

int cmd_function_list(struct call *c)
{
    struct list_args a = {0};
    struct dict_iter it;
    const struct compiled_library *l;
    uint64_t place;
    size_t n = 0;
    int err;

    if ((err = parse_list(c, &a)) != OK)
        return err;
    place = reply_later(c->reply, dict_count(&c->service->scripts.libraries));
    dict_iter_begin(&it, &c->service->scripts.libraries);
    while ((l = dict_iter_next(&it))) {
        if (a.pattern.p && !slice_glob(a.pattern, l->name, true))
            continue;
        reply_library(c, l, a.code);
        n++;
    }
    dict_iter_end(&it);
    reply_fill_array(c->reply, place, n);
    return OK;
}

/* --- FUNCTION STATS --- */

static void reply_running(struct reply *r, const struct running_script *s)
{
    reply_map(r, 3);
    reply_bulk_str(r, "name");
    reply_bulk_str(r, s->name);
    reply_bulk_str(r, "command");
    reply_array(r, s->call->n);
    for (size_t i = 0; i < s->call->n; i++)
        reply_bulk(r, s->call->arg[i]);
    reply_bulk_str(r, "duration_ms");
    reply_int(r, (clock_usec() - s->started) / 1000);
}

int cmd_function_stats(struct call *c)
{
    const struct scripts *s = &c->service->scripts;
    struct reply *r = c->reply;

    if (s->running && !s->running->function)
        return call_fail(c, "%s", scripts_busy_text(c->service));
    reply_map(r, 2);
    reply_bulk_str(r, "running_script");
    if (s->running)
        reply_running(r, s->running);
    else
        reply_null(r);
    reply_bulk_str(r, "engines");
    reply_map(r, 1);
    reply_bulk_str(r, "LUA");
    reply_map(r, 2);
    reply_bulk_str(r, "libraries_count");
    reply_int(r, (int64_t)dict_count(&s->libraries));
    reply_bulk_str(r, "functions_count");
    reply_int(r, (int64_t)dict_count(&s->functions));
    return OK;
}

int cmd_function_help(struct call *c)
{
    static const char *const lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Library description",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored using FUNCTION "
        "RESTORE command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a restore policy "
        "to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the "
        "old",
        "      libraries with the new libraries (notice that even on this option there is a chance of "
        "failure",
        "      in case of functions name collision with another library).",
        NULL};

    return reply_help(c, lines);
}
