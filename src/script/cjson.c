/* script/cjson.c - cjson: the table, and the settings that scripts may change. */
#include "cjson.h"
#include <stdio.h>

static const struct cjson_settings defaults = {
    .sparse_ratio = 2,
    .sparse_safe = 10,
    .encode_depth = 1000,
    .decode_depth = 1000,
    .precision = 14,
    .encode_invalid = CJSON_OFF,
    .decode_invalid = CJSON_ON,
    .keep_buffer = CJSON_ON,
};

/* At most so many arguments; those that are missing are nil. */
static struct cjson_settings *begin(lua_State *L, int args)
{
    luaL_argcheck(L, lua_gettop(L) <= args, args + 1, "found too many arguments");
    lua_settop(L, args);
    return &engine_of(L)->cjson;
}

static int number(lua_State *L, int index, int *setting, int min, int max)
{
    if (!lua_isnil(L, index)) {
        lua_Integer v = luaL_checkinteger(L, index);
        char why[64];

        snprintf(why, sizeof why, "expected integer between %d and %d", min, max);
        luaL_argcheck(L, min <= v && v <= max, 1, why);
        *setting = (int)v;
    }
    lua_pushinteger(L, *setting);
    return 1;
}

/* "off", "on" or (where it may be) "null"; or a boolean. */
static int choice(lua_State *L, int index, int *setting, bool may_null)
{
    static const char *const names[] = {"off", "on", "null", NULL}, *const two[] = {"off", "on", NULL};

    if (lua_isboolean(L, index))
        *setting = lua_toboolean(L, index) ? CJSON_ON : CJSON_OFF;
    else if (!lua_isnil(L, index))
        *setting = luaL_checkoption(L, index, NULL, may_null ? names : two);
    if (*setting == CJSON_NULL)
        lua_pushstring(L, names[CJSON_NULL]);
    else
        lua_pushboolean(L, *setting == CJSON_ON);
    return 1;
}

static int encode_sparse_array(lua_State *L)
{
    struct cjson_settings *s = begin(L, 3);

    return choice(L, 1, &s->sparse_convert, false) + number(L, 2, &s->sparse_ratio, 0, INT32_MAX) +
           number(L, 3, &s->sparse_safe, 0, INT32_MAX);
}

static int encode_max_depth(lua_State *L)
{
    return number(L, 1, &begin(L, 1)->encode_depth, 1, INT32_MAX);
}

static int decode_max_depth(lua_State *L)
{
    return number(L, 1, &begin(L, 1)->decode_depth, 1, INT32_MAX);
}

static int encode_number_precision(lua_State *L)
{
    return number(L, 1, &begin(L, 1)->precision, 1, 14);
}

static int encode_keep_buffer(lua_State *L) /* one buffer serves in any case */
{
    return choice(L, 1, &begin(L, 1)->keep_buffer, false);
}

static int encode_invalid_numbers(lua_State *L)
{
    return choice(L, 1, &begin(L, 1)->encode_invalid, true);
}

static int decode_invalid_numbers(lua_State *L)
{
    return choice(L, 1, &begin(L, 1)->decode_invalid, false);
}

void open_cjson(lua_State *L)
{
    static const luaL_Reg functions[] = {{"encode", cjson_encode},
                                         {"decode", cjson_decode},
                                         {"encode_sparse_array", encode_sparse_array},
                                         {"encode_max_depth", encode_max_depth},
                                         {"decode_max_depth", decode_max_depth},
                                         {"encode_number_precision", encode_number_precision},
                                         {"encode_keep_buffer", encode_keep_buffer},
                                         {"encode_invalid_numbers", encode_invalid_numbers},
                                         {"decode_invalid_numbers", decode_invalid_numbers},
                                         {NULL, NULL}};

    engine_of(L)->cjson = defaults;
    lua_createtable(L, 0, 12);
    luaL_register(L, NULL, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, "cjson");
    lua_setfield(L, -2, "_NAME");
}
