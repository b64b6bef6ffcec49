/* script/reply_out.c - a value of Lua as a reply. What a table means is said by its one field: err, ok,
 * double, map, set, big_number, verbatim_string; without one it is an array, up to the first nil. */
#include "engine_impl.h"

struct out {
    struct reply *r;
    uint64_t from, limit;
    int proto; /* the script's */
};

static bool value(lua_State *L, struct out *o);

/* The field, pushed, if it is of that type. */
static bool field(lua_State *L, const char *name, int type)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_type(L, -1) == type)
        return true;
    lua_pop(L, 1);
    return false;
}

static struct slice text_of(lua_State *L)
{
    struct slice s;

    s.p = lua_tolstring(L, -1, &s.n);
    return s;
}

/* The number as a reply: what C makes of it where it fits, else the least there is. */
static int64_t whole(lua_Number v)
{
    return v > -9223372036854775808.0 && v < 9223372036854775808.0 ? (int64_t)v : INT64_MIN;
}

/* verbatim_string = {format = "txt", string = ...}, in full. */
static bool verbatim(lua_State *L, struct out *o)
{
    int top = lua_gettop(L);
    bool is = field(L, "verbatim_string", LUA_TTABLE) && field(L, "format", LUA_TSTRING);
    const char *text = is ? lua_tostring(L, -1) : NULL;
    char format[4] = "   ";

    for (int i = 0; is && i < 3 && text[i]; i++)
        format[i] = text[i];
    if (is)
        lua_insert(L, -2); /* the table on top, for field() */
    is = is && field(L, "string", LUA_TSTRING);
    if (is)
        reply_verbatim(o->r, format, text_of(L));
    lua_settop(L, is ? top + 1 : top); /* as field() leaves it */
    return is;
}

static bool pairs(lua_State *L, struct out *o)
{
    uint64_t place = reply_later(o->r, 8);
    size_t n = 0;

    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        if (!value(L, o) || !value(L, o))
            return false;
        n++;
    }
    reply_fill_map(o->r, place, n);
    return true;
}

static bool members(lua_State *L, struct out *o)
{
    uint64_t place = reply_later(o->r, 8);
    size_t n = 0;

    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        if (!value(L, o))
            return false;
        n++;
    }
    reply_fill_set(o->r, place, n);
    return true;
}

static bool elements(lua_State *L, struct out *o)
{
    uint64_t place = reply_later(o->r, lua_objlen(L, -1));
    size_t n = 0;

    for (;; n++) {
        lua_rawgeti(L, -1, (int)n + 1);
        if (lua_isnil(L, -1))
            break;
        if (!value(L, o))
            return false;
    }
    lua_pop(L, 1);
    reply_fill_array(o->r, place, n);
    return true;
}

static bool table(lua_State *L, struct out *o)
{
    bool good = true;

    if (field(L, "err", LUA_TSTRING)) {
        reply_error(o->r, lua_tostring(L, -1));
    } else if (field(L, "ok", LUA_TSTRING)) {
        reply_status_text(o->r, slice_of(lua_tostring(L, -1))); /* up to a NUL, as Redis */
    } else if (field(L, "double", LUA_TNUMBER)) {
        reply_double(o->r, lua_tonumber(L, -1));
    } else if (field(L, "big_number", LUA_TSTRING)) {
        reply_big_number(o->r, text_of(L));
    } else if (verbatim(L, o)) {
        /* told */
    } else if (field(L, "map", LUA_TTABLE)) {
        good = pairs(L, o);
    } else if (field(L, "set", LUA_TTABLE)) {
        good = members(L, o);
    } else {
        return elements(L, o);
    }
    lua_pop(L, 1);
    return good;
}

static bool value(lua_State *L, struct out *o)
{
    bool good = true;

    script_worked(L, 1);
    if (outbox_pos(o->r->out) - o->from > o->limit)
        return false;
    if (!lua_checkstack(L, 4)) {
        reply_error(o->r, "ERR reached lua stack limit");
        lua_pop(L, 1);
        return true;
    }
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        reply_bulk(o->r, text_of(L));
        break;
    case LUA_TBOOLEAN:
        if (o->proto == 3)
            reply_bool(o->r, lua_toboolean(L, -1));
        else if (lua_toboolean(L, -1))
            reply_int(o->r, 1);
        else
            reply_null(o->r);
        break;
    case LUA_TNUMBER:
        reply_int(o->r, whole(lua_tonumber(L, -1)));
        break;
    case LUA_TTABLE:
        good = table(L, o);
        break;
    default:
        reply_null(o->r);
        break;
    }
    lua_pop(L, 1);
    return good;
}

bool reply_value(lua_State *L, struct reply *r, uint64_t from, uint64_t limit)
{
    struct out o = {.r = r, .from = from, .limit = limit, .proto = engine_of(L)->proto};

    return value(L, &o);
}
