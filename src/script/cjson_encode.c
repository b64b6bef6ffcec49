/* script/cjson_encode.c - cjson.encode(): values of Lua as JSON. */
#include "cjson.h"
#include <math.h>
#include <stdio.h>

struct encoder {
    lua_State *L;
    struct script_engine *e;
    struct buf *b;
    int depth;
};

static void encode_value(struct encoder *c);

static void fail(struct encoder *c, int index, const char *why)
{
    luaL_error(c->L, "Cannot serialise %s: %s", luaL_typename(c->L, index), why);
}

static void put(struct encoder *c, const char *text, size_t n)
{
    if (c->b->n + n > c->e->limit)
        luaL_error(c->L, "not enough memory");
    buf_add(c->b, text, n);
}

/* --- strings --- */

/* What stands for a byte behind a backslash; 'u': its code; 0: itself. */
static char escape_of(unsigned char ch)
{
    static const char control[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

    if (ch < 32)
        return control[ch];
    return ch == '"' || ch == '\\' || ch == '/' ? (char)ch : ch == 127 ? 'u' : '\0';
}

static void encode_string(struct encoder *c, struct slice s)
{
    size_t from = 0;

    script_worked(c->L, (unsigned)(s.n >> 3) % TICK_STEPS);
    put(c, "\"", 1);
    for (size_t i = 0; i < s.n; i++) {
        char escape = escape_of((unsigned char)s.p[i]), text[8];

        if (!escape)
            continue;
        put(c, s.p + from, i - from);
        from = i + 1;
        if (escape == 'u')
            put(c, text, (size_t)snprintf(text, sizeof text, "\\u%04x", (unsigned char)s.p[i]));
        else
            put(c, (char[]){'\\', escape}, 2);
    }
    put(c, s.p + from, s.n - from);
    put(c, "\"", 1);
}

static void encode_string_at(struct encoder *c, int index)
{
    struct slice s;

    s.p = lua_tolstring(c->L, index, &s.n);
    encode_string(c, s);
}

/* --- numbers --- */

static void encode_number(struct encoder *c, int index)
{
    const struct cjson_settings *s = &c->e->cjson;
    lua_Number v = lua_tonumber(c->L, index);
    char text[64];

    if (isfinite(v) || s->encode_invalid == CJSON_ON)
        put(c, text, (size_t)snprintf(text, sizeof text, "%.*g", s->precision, v));
    else if (s->encode_invalid == CJSON_NULL)
        put(c, "null", 4);
    else
        fail(c, index, "must not be NaN or Inf");
}

/* --- tables --- */

/* The length of the array at the top, 0 when it is empty, negative when it is an object. */
static int array_length(struct encoder *c)
{
    const struct cjson_settings *s = &c->e->cjson;
    lua_State *L = c->L;
    int items = 0;
    lua_Number max = 0;

    for (lua_pushnil(L); lua_next(L, -2); items++) {
        lua_Number k;

        script_worked(L, 1);
        lua_pop(L, 1);
        k = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
        if (!(k >= 1) || floor(k) != k || k > INT32_MAX) {
            lua_pop(L, 1);
            return -1;
        }
        max = k > max ? k : max;
    }
    if (s->sparse_ratio > 0 && max > (lua_Number)items * s->sparse_ratio && max > s->sparse_safe) {
        if (!s->sparse_convert)
            fail(c, -1, "excessively sparse array");
        return -1;
    }
    return (int)max;
}

static void encode_array(struct encoder *c, int n)
{
    put(c, "[", 1);
    for (int i = 1; i <= n; i++) {
        if (i > 1)
            put(c, ",", 1);
        lua_rawgeti(c->L, -1, i);
        encode_value(c);
    }
    put(c, "]", 1);
}

static void encode_key(struct encoder *c, int index)
{
    switch (lua_type(c->L, index)) {
    case LUA_TSTRING:
        encode_string_at(c, index);
        put(c, ":", 1);
        break;
    case LUA_TNUMBER:
        put(c, "\"", 1);
        encode_number(c, index);
        put(c, "\":", 2);
        break;
    default:
        fail(c, index, "table key must be a number or string");
    }
}

static void encode_object(struct encoder *c)
{
    bool more = false;

    put(c, "{", 1);
    for (lua_pushnil(c->L); lua_next(c->L, -2); more = true) {
        if (more)
            put(c, ",", 1);
        encode_key(c, -2);
        encode_value(c);
    }
    put(c, "}", 1);
}

static void encode_table(struct encoder *c)
{
    int n;

    if (++c->depth > c->e->cjson.encode_depth || !lua_checkstack(c->L, 6))
        luaL_error(c->L, "Cannot serialise, excessive nesting (%d)", c->depth);
    n = array_length(c);
    if (n > 0)
        encode_array(c, n);
    else
        encode_object(c);
    c->depth--;
}

/* The value at the top; pops it. */
static void encode_value(struct encoder *c)
{
    lua_State *L = c->L;

    script_worked(L, 1);
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        encode_string_at(c, -1);
        break;
    case LUA_TNUMBER:
        encode_number(c, -1);
        break;
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, -1))
            put(c, "true", 4);
        else
            put(c, "false", 5);
        break;
    case LUA_TTABLE:
        encode_table(c);
        break;
    case LUA_TNIL:
        put(c, "null", 4);
        break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, -1)) {
            put(c, "null", 4);
            break;
        }
        /* fall through */
    default:
        fail(c, -1, "type not supported");
    }
    lua_pop(L, 1);
}

int cjson_encode(lua_State *L)
{
    struct script_engine *e = engine_of(L);
    struct encoder c = {.L = L, .e = e, .b = &e->scratch};

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    luaL_checkstack(L, 4, "");
    e->scratch.n = 0;
    encode_value(&c);
    push_slice(L, buf_slice(&e->scratch));
    return 1;
}
