/* script/string_lib.c - string: what searches and what makes long strings is ours, for it must be bounded;
 * the rest is the library's. */
#include "base/mem.h"
#include "pattern.h"
#include <ctype.h>

static struct slice check_slice(lua_State *L, int index)
{
    struct slice s;

    s.p = luaL_checklstring(L, index, &s.n);
    return s;
}

/* In Lua 5.1 a pattern ends with its first NUL. */
static struct slice check_pattern(lua_State *L, int index)
{
    return slice_of(luaL_checkstring(L, index));
}

static bool plain(struct slice pattern)
{
    return strcspn(pattern.p, "^$*+?.([%-") == pattern.n;
}

/* memmem() is linear. */
static int find_plain(lua_State *L, struct slice s, struct slice what, size_t from)
{
    const char *at = memmem(s.p + from, s.n - from, what.p, what.n);

    script_worked(L, (unsigned)((s.n - from) >> 6) % TICK_STEPS);
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - s.p + 1);
    lua_pushinteger(L, at - s.p + (lua_Integer)what.n);
    return 2;
}

static size_t start_at(lua_State *L, int index, size_t n)
{
    lua_Integer from = luaL_optinteger(L, index, 1);

    from = from < 0 ? from + (lua_Integer)n : from - 1;
    return from < 0 ? 0 : (size_t)from > n ? n : (size_t)from;
}

/* The first match from `at` on; where it ends. */
static const char *first(struct pattern *m, const char **at, const char *p, bool anchored)
{
    for (;; (*at)++) {
        const char *end;

        m->captures = 0;
        if ((end = pattern_match(m, *at, p)) || anchored || *at == m->text.p + m->text.n)
            return end;
    }
}

static int find(lua_State *L, bool places)
{
    struct slice s = check_slice(L, 1), p = check_pattern(L, 2);
    size_t from = start_at(L, 3, s.n);
    bool anchored = p.n && *p.p == '^';
    const char *at = s.p + from, *end;
    struct pattern m;

    if (places && (lua_toboolean(L, 4) || plain(p)))
        return find_plain(L, s, check_slice(L, 2), from);
    pattern_init(&m, L, s, p);
    if (!(end = first(&m, &at, p.p + anchored, anchored))) {
        lua_pushnil(L);
        return 1;
    }
    if (!places)
        return pattern_push_all(&m, at, end);
    lua_pushinteger(L, at - s.p + 1);
    lua_pushinteger(L, end - s.p);
    return 2 + pattern_push_all(&m, NULL, NULL);
}

static int string_find(lua_State *L)
{
    return find(L, true);
}

static int string_match(lua_State *L)
{
    return find(L, false);
}

/* Upvalues: text, pattern, where to go on. */
static int gmatch_next(lua_State *L)
{
    struct slice s, p;
    const char *at, *end;
    struct pattern m;
    size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));

    s.p = lua_tolstring(L, lua_upvalueindex(1), &s.n);
    p = slice_of(lua_tostring(L, lua_upvalueindex(2)));
    if (from > s.n)
        return 0;
    at = s.p + from;
    pattern_init(&m, L, s, p);
    if (!(end = first(&m, &at, p.p, false)))
        return 0;
    lua_pushinteger(L, end - s.p + (end == at));
    lua_replace(L, lua_upvalueindex(3));
    return pattern_push_all(&m, at, end);
}

static int string_gmatch(lua_State *L)
{
    check_slice(L, 1);
    check_slice(L, 2);
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

/* --- gsub --- */

/* A text with %0 to %9 in it. */
static void add_text(struct pattern *m, luaL_Buffer *b, const char *at, const char *end)
{
    struct slice with;

    with.p = lua_tolstring(m->L, 3, &with.n);
    for (size_t i = 0; i < with.n; i++) {
        if (with.p[i] != '%') {
            luaL_addchar(b, with.p[i]);
        } else if (++i < with.n && !isdigit((unsigned char)with.p[i])) {
            luaL_addchar(b, with.p[i]);
        } else if (i == with.n) {
            luaL_addchar(b, '\0'); /* as Lua 5.1 has it */
        } else if (with.p[i] == '0') {
            luaL_addlstring(b, at, (size_t)(end - at));
        } else {
            pattern_push(m, with.p[i] - '1', at, end);
            luaL_addvalue(b);
        }
    }
}

static void add_replacement(struct pattern *m, luaL_Buffer *b, const char *at, const char *end)
{
    lua_State *L = m->L;
    int type = lua_type(L, 3);

    if (type == LUA_TNUMBER || type == LUA_TSTRING) {
        add_text(m, b, at, end);
        return;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, pattern_push_all(m, at, end), 1);
    } else {
        pattern_push(m, 0, at, end);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushlstring(L, at, (size_t)(end - at));
    } else if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
    luaL_addvalue(b);
}

static int string_gsub(lua_State *L)
{
    struct slice s = check_slice(L, 1), p = check_pattern(L, 2);
    int type = lua_type(L, 3), n = 0, max = luaL_optint(L, 4, s.n < INT32_MAX ? (int)s.n + 1 : INT32_MAX);
    bool anchored = p.n && *p.p == '^';
    const char *at = s.p, *text_end = s.p + s.n;
    struct pattern m;
    luaL_Buffer b;

    luaL_argcheck(L,
                  type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                  3, "string/function/table expected");
    luaL_buffinit(L, &b);
    pattern_init(&m, L, s, p);
    while (n < max) {
        const char *end;

        m.captures = 0;
        end = pattern_match(&m, at, p.p + anchored);
        if (end) {
            n++;
            add_replacement(&m, &b, at, end);
        }
        if (end && end > at)
            at = end;
        else if (at < text_end)
            luaL_addchar(&b, *at++);
        else
            break;
        if (anchored)
            break;
    }
    luaL_addlstring(&b, at, (size_t)(text_end - at));
    luaL_pushresult(&b);
    lua_pushinteger(L, n);
    return 2;
}

/* --- the rest --- */

static int string_rep(lua_State *L)
{
    struct script_engine *e = engine_of(L);
    struct slice s = check_slice(L, 1);
    int64_t n = luaL_checkint(L, 2);

    if (n <= 0 || s.n == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((uint64_t)n > (e->cap - (e->used < e->cap ? e->used : e->cap)) / s.n)
        return luaL_error(L, "resulting string too large");
    e->scratch.n = 0;
    while (n--)
        buf_add_slice(&e->scratch, s);
    push_slice(L, buf_slice(&e->scratch));
    script_worked(L, (unsigned)(e->scratch.n >> 6) % TICK_STEPS);
    return 1;
}

void open_string(lua_State *L)
{
    static const char *const theirs[] = {"byte",    "char", "format", "len", "lower",
                                         "reverse", "sub",  "upper",  NULL};
    static const luaL_Reg ours[] = {{"find", string_find},
                                    {"match", string_match},
                                    {"gmatch", string_gmatch},
                                    {"gfind", string_gmatch},
                                    {"gsub", string_gsub},
                                    {"rep", string_rep},
                                    {NULL, NULL}};

    lua_createtable(L, 0, 16);
    take_functions(L, "string", theirs);
    luaL_register(L, NULL, ours);
}
