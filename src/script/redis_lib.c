/* script/redis_lib.c - redis.call() and the rest of `redis`. */
#include "base/mem.h"
#include "base/num.h"
#include "base/sha1.h"
#include "engine_impl.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAX 64
enum { REPL_NONE = 0, REPL_AOF = 1, REPL_REPLICA = 2, REPL_ALL = 3 };

size_t put_number(char *to, double v)
{
    if (isnan(v))
        return (size_t)sprintf(to, signbit(v) ? "-nan" : "nan");
    return v == 0 ? num_put_i64(to, 0) : num_put_double(to, NUMBER_MAX, v);
}

/* --- commands --- */

static void make_room(struct script_engine *e, size_t n)
{
    if (n <= e->words)
        return;
    e->words = n < 64 ? 64 : 2 * n;
    e->word = mem_realloc(e->word, e->words * sizeof *e->word);
    e->number = mem_realloc(e->number, e->words * NUMBER_MAX);
}

/* The arguments as words: views, good while they are on the stack. What is wrong with them, or NULL. */
static const char *take_words(lua_State *L, struct script_engine *e, size_t n)
{
    if (n == 0)
        return "Please specify at least one argument for this redis lib call";
    make_room(e, n);
    for (size_t i = 0; i < n; i++) {
        struct slice *w = &e->word[i];

        if (lua_type(L, (int)i + 1) == LUA_TNUMBER) {
            w->p = e->number + i * NUMBER_MAX;
            w->n = put_number(e->number + i * NUMBER_MAX, lua_tonumber(L, (int)i + 1));
        } else if (!(w->p = lua_tolstring(L, (int)i + 1, &w->n))) {
            return "Lua redis lib command arguments must be strings or integers";
        }
    }
    return NULL;
}

static int command(lua_State *L, bool raise)
{
    struct script_engine *e = engine_of(L);
    size_t n = (size_t)lua_gettop(L);
    const char *wrong = take_words(L, e, n);
    struct slice reply;

    script_worked(L, 100);
    if (wrong) {
        push_error(L, wrong);
        return raise ? lua_error(L) : 1;
    }
    reply = e->host.call(e->host.arg, e->word, n, e->proto);
    raise = raise && *reply.p == '-';
    lua_settop(L, 0);
    push_reply(L, &reply.p);
    return raise ? lua_error(L) : 1;
}

static int redis_call(lua_State *L)
{
    return command(L, true);
}

static int redis_pcall(lua_State *L)
{
    return command(L, false);
}

/* There are no users but one, who may do everything. */
static int redis_acl_check_cmd(lua_State *L)
{
    struct script_engine *e = engine_of(L);
    size_t n = (size_t)lua_gettop(L);
    const char *wrong = take_words(L, e, n);

    if (wrong)
        return raise_error(L, wrong);
    if (!e->host.knows(e->host.arg, e->word, n))
        return raise_error(L, "Invalid command passed to redis.acl_check_cmd()");
    lua_pushboolean(L, 1);
    return 1;
}

/* --- replies --- */

static bool one_string(lua_State *L)
{
    if (lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TSTRING)
        return true;
    push_error(L, "wrong number or type of arguments");
    return false;
}

static int redis_error_reply(lua_State *L)
{
    struct slice text;

    if (!one_string(L))
        return 1;
    text = slice_of(lua_tostring(L, 1));
    if (text.n && *text.p == '-')
        text = (struct slice){text.p + 1, text.n - 1};
    push_error_reply(L, text);
    return 1;
}

static int redis_status_reply(lua_State *L)
{
    if (!one_string(L))
        return 1;
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "ok");
    return 1;
}

static int redis_setresp(lua_State *L)
{
    int proto;

    if (lua_gettop(L) != 1)
        return raise_error(L, "redis.setresp() requires one argument.");
    proto = (int)lua_tonumber(L, 1);
    if (proto != 2 && proto != 3)
        return raise_error(L, "RESP version must be 2 or 3.");
    engine_of(L)->proto = proto;
    return 0;
}

/* --- the rest --- */

static int redis_sha1hex(lua_State *L)
{
    char hex[SHA1_HEX + 1];
    struct slice s;

    if (lua_gettop(L) != 1)
        return raise_error(L, "wrong number of arguments");
    s.p = luaL_checklstring(L, 1, &s.n);
    sha1_hex(s, hex);
    script_worked(L, (unsigned)(s.n >> 4) % TICK_STEPS);
    lua_pushlstring(L, hex, SHA1_HEX);
    return 1;
}

static int redis_log(lua_State *L)
{
    struct script_engine *e = engine_of(L);
    int n = lua_gettop(L), level;

    if (n < 2)
        return raise_error(L, "redis.log() requires two arguments or more.");
    if (!lua_isnumber(L, 1))
        return raise_error(L, "First argument must be a number (log level).");
    level = (int)lua_tonumber(L, 1);
    if (level < 0 || level > 3)
        return raise_error(L, "Invalid debug level.");
    e->scratch.n = 0;
    for (int i = 2; i <= n; i++) {
        struct slice s;

        if (!(s.p = lua_tolstring(L, i, &s.n)))
            continue;
        if (i > 2)
            buf_add_char(&e->scratch, ' ');
        buf_add_slice(&e->scratch, s);
    }
    e->host.log(e->host.arg, level, buf_slice(&e->scratch));
    return 0;
}

/* A script's effects are journaled, all of them: this would be a way to lose data. The value is checked. */
static int redis_set_repl(lua_State *L)
{
    int what;

    if (lua_gettop(L) != 1)
        return raise_error(L, "redis.set_repl() requires one argument.");
    what = (int)lua_tonumber(L, 1);
    if (what & ~REPL_ALL)
        return raise_error(L,
                           "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    return 0;
}

static int redis_replicate_commands(lua_State *L)
{
    lua_pushboolean(L, 1);
    return 1;
}

/* There is no debugger. */
static int redis_breakpoint(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

static int redis_debug(lua_State *L)
{
    (void)L;
    return 0;
}

/* --- the tables --- */

static void set_number(lua_State *L, const char *name, int v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

/* 7.2.4 is 0x070204. */
static int version_number(const char *text)
{
    int v = 0;
    char *end = (char *)text;

    for (int i = 0; i < 3; i++)
        v = v << 8 | (int)(strtol(end + (i && *end == '.'), &end, 10) & 0xff);
    return v;
}

static void set_constants(lua_State *L, const char *version)
{
    static const char *const levels[] = {"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"};

    for (int i = 0; i < 4; i++)
        set_number(L, levels[i], i);
    lua_pushstring(L, version);
    lua_setfield(L, -2, "REDIS_VERSION");
    set_number(L, "REDIS_VERSION_NUM", version_number(version));
    lua_pushcfunction(L, redis_log);
    lua_setfield(L, -2, "log");
}

static void set_repl_constants(lua_State *L)
{
    set_number(L, "REPL_NONE", REPL_NONE);
    set_number(L, "REPL_AOF", REPL_AOF);
    set_number(L, "REPL_SLAVE", REPL_REPLICA);
    set_number(L, "REPL_REPLICA", REPL_REPLICA);
    set_number(L, "REPL_ALL", REPL_ALL);
}

void open_redis(lua_State *L, enum redis_api which)
{
    static const luaL_Reg always[] = {{"call", redis_call},
                                      {"pcall", redis_pcall},
                                      {"error_reply", redis_error_reply},
                                      {"status_reply", redis_status_reply},
                                      {"sha1hex", redis_sha1hex},
                                      {"setresp", redis_setresp},
                                      {"set_repl", redis_set_repl},
                                      {"acl_check_cmd", redis_acl_check_cmd},
                                      {NULL, NULL}};
    static const luaL_Reg eval[] = {{"replicate_commands", redis_replicate_commands},
                                    {"breakpoint", redis_breakpoint},
                                    {"debug", redis_debug},
                                    {NULL, NULL}};

    lua_createtable(L, 0, 24);
    set_constants(L, engine_of(L)->redis_version);
    if (which == REDIS_LOAD) {
        lua_pushcfunction(L, redis_register_function);
        lua_setfield(L, -2, "register_function");
        return;
    }
    luaL_register(L, NULL, always);
    set_repl_constants(L);
    if (which == REDIS_EVAL)
        luaL_register(L, NULL, eval);
}
