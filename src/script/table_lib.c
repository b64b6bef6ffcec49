/* script/table_lib.c - table, math and their likes: what writes to a table must not write to a face, what may
 * take long must be bounded, and random numbers are the engine's. */
#include "engine_impl.h"
#include <math.h>

/* --- table --- */

static int table_insert(lua_State *L)
{
    int64_t end, at;

    luaL_checktype(L, 1, LUA_TTABLE);
    refuse_face(L, 1);
    end = (int64_t)lua_objlen(L, 1) + 1;
    switch (lua_gettop(L)) {
    case 2:
        at = end;
        break;
    case 3:
        at = luaL_checkint(L, 2);
        for (int64_t i = at > end ? at : end; i > at; i--) {
            script_worked(L, 1);
            lua_rawgeti(L, 1, (int)i - 1);
            lua_rawseti(L, 1, (int)i);
        }
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_rawseti(L, 1, (int)at);
    return 0;
}

/* The two values at the top: the first is less. */
static bool less(lua_State *L)
{
    bool is;

    script_worked(L, 1);
    if (lua_isnil(L, 2))
        return lua_lessthan(L, -2, -1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 1);
    is = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is;
}

/* The value at the top sinks from place i of a heap of n, its greatest on top; pops it. */
static void sink(lua_State *L, int i, int n)
{
    for (int child; (child = 2 * i) <= n; i = child) {
        lua_rawgeti(L, 1, child);
        if (child < n) {
            lua_rawgeti(L, 1, child + 1);
            if (less(L)) {
                lua_remove(L, -2);
                child++;
            } else {
                lua_pop(L, 1);
            }
        }
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        if (!less(L)) {
            lua_pop(L, 3);
            break;
        }
        lua_pop(L, 2);
        lua_rawseti(L, 1, i);
    }
    lua_rawseti(L, 1, i);
}

/* Heap sort: the library's can be made to take quadratic time. */
static int table_sort(lua_State *L)
{
    int n;

    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    refuse_face(L, 1);
    luaL_checkstack(L, 16, "");
    n = (int)(lua_objlen(L, 1) < INT32_MAX / 2 ? lua_objlen(L, 1) : INT32_MAX / 2);
    for (int i = n / 2; i > 0; i--) {
        lua_rawgeti(L, 1, i);
        sink(L, i, n);
    }
    for (; n > 1; n--) {
        lua_rawgeti(L, 1, n);
        lua_rawgeti(L, 1, 1);
        lua_rawseti(L, 1, n);
        sink(L, 1, n - 1);
    }
    return 0;
}

void open_table(lua_State *L)
{
    static const char *const theirs[] = {"concat", "foreach", "foreachi", "getn",
                                         "maxn",   "remove",  "setn",     NULL};
    static const luaL_Reg ours[] = {{"insert", table_insert}, {"sort", table_sort}, {NULL, NULL}};

    lua_createtable(L, 0, 10);
    take_functions(L, "table", theirs);
    luaL_register(L, NULL, ours);
}

/* --- math --- */

static int math_random(lua_State *L)
{
    lua_Number r = (lua_Number)(random_next(&engine_of(L)->random) >> 11) / 9007199254740992.0; /* 2^53 */
    int from = 1, to;

    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, r);
        return 1;
    case 1:
        to = luaL_checkint(L, 1);
        luaL_argcheck(L, from <= to, 1, "interval is empty");
        break;
    case 2:
        from = luaL_checkint(L, 1);
        to = luaL_checkint(L, 2);
        luaL_argcheck(L, from <= to, 2, "interval is empty");
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    lua_pushnumber(L, floor(r * ((lua_Number)to - from + 1)) + from);
    return 1;
}

static int math_randomseed(lua_State *L)
{
    random_seed(&engine_of(L)->random, (uint64_t)(int64_t)luaL_checkint(L, 1));
    return 0;
}

void open_math(lua_State *L)
{
    static const char *const theirs[] = {"abs",   "acos", "asin",  "atan", "atan2", "ceil", "cos",   "cosh",
                                         "deg",   "exp",  "floor", "fmod", "frexp", "huge", "ldexp", "log",
                                         "log10", "max",  "min",   "mod",  "modf",  "pi",   "pow",   "rad",
                                         "sin",   "sinh", "sqrt",  "tan",  "tanh",  NULL};
    static const luaL_Reg ours[] = {{"random", math_random}, {"randomseed", math_randomseed}, {NULL, NULL}};

    lua_createtable(L, 0, 32);
    take_functions(L, "math", theirs);
    luaL_register(L, NULL, ours);
}
