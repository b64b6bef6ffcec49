/* script/reply_in.c - replies of commands as values of Lua: what the protocol says becomes what Redis makes
 * of it. Our own replies are well-formed, so there is nothing to check; how deep they nest is ours, too. */
#include "engine_impl.h"
#include <stdlib.h>

static struct slice take_line(const char **p)
{
    const char *start = *p, *end = strchr(start, '\r');

    *p = end + 2;
    return (struct slice){start, (size_t)(end - start)};
}

static struct slice take_bytes(const char **p, size_t n)
{
    struct slice s = {*p, n};

    *p += n + 2;
    return s;
}

static void push_field(lua_State *L, const char *name, struct slice text)
{
    lua_createtable(L, 0, 1);
    push_slice(L, text);
    lua_setfield(L, -2, name);
}

static void push_array(lua_State *L, const char **p, long long n)
{
    lua_createtable(L, n < INT32_MAX ? (int)n : INT32_MAX, 0);
    for (int i = 1; i <= n; i++) {
        push_reply(L, p);
        lua_rawseti(L, -2, i);
    }
}

/* {map = {...}}; a key that is nil (a null) has no place in a table. */
static void push_map(lua_State *L, const char **p, long long n)
{
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, n < INT32_MAX ? (int)n : INT32_MAX);
    while (n-- > 0) {
        push_reply(L, p);
        push_reply(L, p);
        if (lua_isnil(L, -2))
            lua_pop(L, 2);
        else
            lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "map");
}

static void push_set(lua_State *L, const char **p, long long n)
{
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, n < INT32_MAX ? (int)n : INT32_MAX);
    while (n-- > 0) {
        push_reply(L, p);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "set");
}

static void push_double(lua_State *L, struct slice text)
{
    lua_createtable(L, 0, 1);
    lua_pushnumber(L, strtod(text.p, NULL));
    lua_setfield(L, -2, "double");
}

/* "txt:..." */
static void push_verbatim(lua_State *L, struct slice s)
{
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, 2);
    push_slice(L, (struct slice){s.p + 4, s.n - 4});
    lua_setfield(L, -2, "string");
    push_slice(L, (struct slice){s.p, 3});
    lua_setfield(L, -2, "format");
    lua_setfield(L, -2, "verbatim_string");
}

static void push_error_of(lua_State *L, struct slice text)
{
    push_error_reply(L, text);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "ignore_error_stats_update"); /* the command has counted it */
}

/* Attributes say something about the reply behind them, which is all that scripts see. */
static void skip_attributes(lua_State *L, const char **p, long long n)
{
    while (n-- > 0) {
        push_reply(L, p);
        push_reply(L, p);
        lua_pop(L, 2);
    }
}

void push_reply(lua_State *L, const char **p)
{
    char type = *(*p)++;
    struct slice line = take_line(p);
    long long n = 0;

    luaL_checkstack(L, 4, "reply");
    if (strchr(":$*%~>=|", type))
        n = strtoll(line.p, NULL, 10);
    switch (type) {
    case ':':
        lua_pushnumber(L, (lua_Number)n);
        break;
    case '$':
        if (n < 0)
            lua_pushboolean(L, 0);
        else
            push_slice(L, take_bytes(p, (size_t)n));
        break;
    case '+':
        push_field(L, "ok", line);
        break;
    case '-':
        push_error_of(L, line);
        break;
    case '*':
    case '>':
        if (n < 0)
            lua_pushboolean(L, 0);
        else
            push_array(L, p, n);
        break;
    case '%':
        push_map(L, p, n);
        break;
    case '~':
        push_set(L, p, n);
        break;
    case ',':
        push_double(L, line);
        break;
    case '#':
        lua_pushboolean(L, line.p[0] == 't');
        break;
    case '(':
        push_field(L, "big_number", line);
        break;
    case '=':
        push_verbatim(L, take_bytes(p, (size_t)n));
        break;
    case '|':
        skip_attributes(L, p, n);
        push_reply(L, p);
        break;
    default: /* '_' */
        lua_pushnil(L);
        break;
    }
}
