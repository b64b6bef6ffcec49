/* script/sandbox.c - what scripts share, and that they cannot change it.
 *
 * A shared table is never seen itself, but a face of it: an empty table whose metatable looks into the real
 * one and refuses to be written to. What could get behind a face without asking its metatable (rawset, next,
 * table.insert, ...) is our own function and asks push_behind(). */
#include "engine_impl.h"

static const char faces = 0; /* its address is the key of a table in the registry: face -> what is behind */

static int read_only_error(lua_State *L)
{
    return luaL_error(L, "Attempt to modify a readonly table");
}

static int unknown_global(lua_State *L)
{
    const char *name = lua_tostring(L, 2);

    return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", name ? name : "?");
}

static void push_faces(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&faces);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

/* An empty face, for those who ask for a metatable of ours. */
static void push_locked(lua_State *L)
{
    push_faces(L);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
}

/* The table at the top gets a metatable whose __index is an error: strict. */
static void make_strict(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, unknown_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

void push_face(lua_State *L, bool strict)
{
    if (strict)
        make_strict(L);
    lua_newtable(L); /* the face */
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, read_only_error);
    lua_setfield(L, -2, "__newindex");
    push_locked(L);
    if (lua_isnil(L, -1)) { /* the first one is the locked one */
        lua_pop(L, 1);
        lua_pushvalue(L, -2);
    }
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    push_faces(L);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_remove(L, -2);
}

bool push_behind(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) {
        lua_pushvalue(L, index);
        return false;
    }
    lua_pop(L, 1);
    push_faces(L);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    lua_pushvalue(L, index);
    return false;
}

static void make_faces(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&faces);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    push_face(L, false);
    push_faces(L);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
}

/* Methods of strings: what ("x"):upper() finds. */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3); /* the functions of string */
    lua_setfield(L, -2, "__index");
    push_locked(L);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static const struct {
    const char *name;
    void (*open)(lua_State *L);
} libraries[] = {
    {"string", open_string},     {"table", open_table},   {"math", open_math},
    {"bit", open_bit},           {"struct", open_struct}, {"cjson", open_cjson},
    {"cmsgpack", open_cmsgpack}, {"os", open_os},         {"coroutine", open_coroutine},
};

/* The globals at the top get the face of each library, and `redis`. */
static void fill_globals(lua_State *L, enum redis_api api)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        libraries[i].open(L);
        if (libraries[i].open == open_string)
            set_string_methods(L);
        push_face(L, false);
        lua_setfield(L, -2, libraries[i].name);
    }
    open_redis(L, api);
    push_face(L, false);
    lua_setfield(L, -2, "redis");
}

/* Real globals, and their face as _G of them. Ids of both. */
static void make_globals(lua_State *L, enum redis_api api, int *globals, int *env)
{
    open_base(L);
    fill_globals(L, api);
    lua_pushvalue(L, -1);
    *globals = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1);
    push_face(L, true);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "_G");
    *env = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
}

/* What there is while a library loads: `redis`, with little in it. */
static void make_load_globals(lua_State *L, int *globals)
{
    lua_createtable(L, 0, 1);
    open_redis(L, REDIS_LOAD);
    push_face(L, true);
    lua_setfield(L, -2, "redis");
    make_strict(L);
    *globals = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Into the state's own globals, which no script sees. */
static void open_theirs(lua_State *L)
{
    static const lua_CFunction open[] = {luaopen_base, luaopen_string, luaopen_table, luaopen_math};

    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        lua_pushcfunction(L, open[i]);
        lua_call(L, 0, 0);
    }
}

void sandbox_open(struct script_engine *e)
{
    lua_State *L = e->lua;

    open_theirs(L);
    make_faces(L);
    make_globals(L, REDIS_EVAL, &e->globals, &e->env);
    make_globals(L, REDIS_FUNCTION, &e->function_globals, &e->function_env);
    make_load_globals(L, &e->load_globals);
}

void sandbox_loading(struct script_engine *e, bool on)
{
    lua_State *L = e->lua;

    lua_rawgeti(L, LUA_REGISTRYINDEX, e->function_env);
    lua_getmetatable(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, on ? e->load_globals : e->function_globals);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}
