/* script/base_lib.c - the global functions. Those of the Lua library that cannot do harm, and our own in
 * place of those that can: they would reach behind the face of a shared table, take bytecode, stop the
 * collector, or run for long without the interpreter. */
#include "base/mem.h"
#include "engine_impl.h"
#include <time.h>

void refuse_face(lua_State *L, int index)
{
    if (push_behind(L, index))
        raise_error(L, "Attempt to modify a readonly table");
    lua_pop(L, 1);
}

static int base_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    refuse_face(L, 1);
    lua_rawset(L, 1);
    return 1;
}

static int base_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    push_behind(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

static int base_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
    refuse_face(L, 1);
    if (luaL_getmetafield(L, 1, "__metatable"))
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int base_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    push_behind(L, 1);
    lua_insert(L, -2);
    if (lua_next(L, -2))
        return 2;
    lua_pushnil(L);
    return 1;
}

static int base_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int base_unpack(lua_State *L)
{
    int64_t from = luaL_optint(L, 2, 1), to, n;

    luaL_checktype(L, 1, LUA_TTABLE);
    to = lua_isnoneornil(L, 3) ? (int64_t)lua_objlen(L, 1) : luaL_checkint(L, 3);
    n = to - from + 1;
    if (n <= 0)
        return 0;
    if (n >= INT32_MAX || !lua_checkstack(L, (int)n))
        return luaL_error(L, "too many results to unpack");
    for (int64_t i = from; i <= to; i++)
        lua_rawgeti(L, 1, (int)i);
    return (int)n;
}

/* As before Redis 7: an error that is a table is told by its text. */
static int base_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    if (lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0) == 0)
        return lua_gettop(L);
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "err");
        if (!lua_isstring(L, -1))
            lua_pop(L, 1);
    }
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* --- text as code --- */

int load_text(lua_State *L, struct slice code, const char *name)
{
    lua_pushstring(L, name); /* held here: the parser of Lua 5.1 looks at it without holding it */
    if (code.n && code.p[0] == LUA_SIGNATURE[0])
        lua_pushliteral(L, "attempt to load bytecode");
    else if (luaL_loadbuffer(L, code.p, code.n, name) == 0)
        return 0;
    return 1;
}

static int loaded(lua_State *L, struct slice code, const char *name)
{
    if (load_text(L, code, name) == 0)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int base_loadstring(lua_State *L)
{
    struct slice code;

    code.p = luaL_checklstring(L, 1, &code.n);
    return loaded(L, code, luaL_optstring(L, 2, code.p));
}

/* The pieces are put together first. */
static int base_load(lua_State *L)
{
    const char *name = luaL_optstring(L, 2, "=(load)");
    struct slice code;
    luaL_Buffer b;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 2);
    luaL_buffinit(L, &b);
    for (;;) {
        script_worked(L, 1);
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1))
            break;
        if (!lua_isstring(L, -1))
            return luaL_error(L, "reader function must return a string");
        if (lua_objlen(L, -1) == 0)
            break;
        luaL_addvalue(&b);
    }
    lua_pop(L, 1);
    luaL_pushresult(&b);
    code.p = lua_tolstring(L, -1, &code.n);
    return loaded(L, code, name);
}

/* --- memory --- */

static int base_gcinfo(lua_State *L)
{
    lua_pushinteger(L, lua_getgccount(L));
    return 1;
}

/* The collector's pace is the server's business: what would change it does nothing. */
static int base_collectgarbage(lua_State *L)
{
    static const char *const what[] = {"stop", "restart",  "collect",    "count",
                                       "step", "setpause", "setstepmul", NULL};
    int which = luaL_checkoption(L, 1, "collect", what);

    if (which == 2 || which == 4) {
        lua_gc(L, LUA_GCCOLLECT, 0);
        script_work(L, 0); /* it takes a while */
    }
    if (which == 4)
        lua_pushboolean(L, 1);
    else if (which == 3)
        lua_pushnumber(L, (lua_Number)engine_of(L)->used / 1024);
    else
        lua_pushinteger(L, 0);
    return 1;
}

static int os_clock(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)clock() / CLOCKS_PER_SEC);
    return 1;
}

void open_os(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, os_clock);
    lua_setfield(L, -2, "clock");
}

/* --- the tables --- */

void take_functions(lua_State *L, const char *library, const char *const *name)
{
    if (library)
        lua_getfield(L, LUA_GLOBALSINDEX, library);
    else
        lua_pushvalue(L, LUA_GLOBALSINDEX);
    for (; *name; name++) {
        lua_getfield(L, -1, *name);
        lua_setfield(L, -3, *name);
    }
    lua_pop(L, 1);
}

void open_coroutine(lua_State *L)
{
    static const char *const names[] = {"create", "resume", "running", "status", "wrap", "yield", NULL};

    lua_createtable(L, 0, 6);
    take_functions(L, "coroutine", names);
}

void open_base(lua_State *L)
{
    static const char *const theirs[] = {"assert",   "error",  "getmetatable", "ipairs",
                                         "rawequal", "select", "tonumber",     "tostring",
                                         "type",     "xpcall", "_VERSION",     NULL};
    static const luaL_Reg ours[] = {{"rawset", base_rawset},
                                    {"rawget", base_rawget},
                                    {"setmetatable", base_setmetatable},
                                    {"next", base_next},
                                    {"unpack", base_unpack},
                                    {"pcall", base_pcall},
                                    {"loadstring", base_loadstring},
                                    {"load", base_load},
                                    {"gcinfo", base_gcinfo},
                                    {"collectgarbage", base_collectgarbage},
                                    {NULL, NULL}};

    lua_createtable(L, 0, 40);
    take_functions(L, NULL, theirs);
    luaL_register(L, NULL, ours);
    lua_getfield(L, -1, "next");
    lua_pushcclosure(L, base_pairs, 1);
    lua_setfield(L, -2, "pairs");
}
