/* script/library.c - libraries of functions: their text runs once and registers what it has. */
#include "base/err.h"
#include "base/mem.h"
#include "engine_impl.h"

#include <strings.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

void script_library_free(struct script_engine *e, struct script_library *l)
{
    for (size_t i = 0; i < l->n; i++) {
        mem_free(l->function[i].name);
        mem_free(l->function[i].description);
        script_release(e, l->function[i].id);
    }
    mem_free(l->function);
    *l = (struct script_library){0};
}

bool script_name_is_good(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!memchr(NAME_CHARS, name.p[i], sizeof NAME_CHARS - 1))
            return false;
    return name.n > 0;
}

/* --- redis.register_function() --- */

/* What it was told: views of values on the stack, and where the callback lies on it. */
struct told {
    struct slice name, description; /* p NULL: not told */
    unsigned flags;
    int callback;
};

/* An array of names, at the top. */
static bool read_flags(lua_State *L, unsigned *flags)
{
    for (int i = 1;; i++) {
        const struct script_flag_name *f = script_flag_names;
        const char *name;

        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1))
            break;
        name = lua_tostring(L, -1);
        while (name && f->name && strcasecmp(f->name, name) != 0)
            f++;
        if (!name || !f->name)
            return false;
        *flags |= f->flag;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return true;
}

static bool read_text(lua_State *L, int index, struct slice *text)
{
    return (text->p = lua_tolstring(L, index, &text->n)) != NULL;
}

/* A field and its value are at the top: what is wrong, or NULL. */
static const char *read_field(lua_State *L, struct told *t)
{
    const char *key = lua_isstring(L, -2) ? lua_tostring(L, -2) : NULL;

    if (!key)
        return "named argument key given to redis.register_function is not a string";
    if (strcasecmp(key, "function_name") == 0)
        return read_text(L, -1, &t->name)
                   ? NULL
                   : "function_name argument given to redis.register_function must be a string";
    if (strcasecmp(key, "description") == 0)
        return read_text(L, -1, &t->description)
                   ? NULL
                   : "description argument given to redis.register_function must be a string";
    if (strcasecmp(key, "callback") == 0) {
        if (!lua_isfunction(L, -1))
            return "callback argument given to redis.register_function must be a function";
        t->callback = lua_gettop(L);
        return NULL;
    }
    if (strcasecmp(key, "flags") != 0)
        return "unknown argument given to redis.register_function";
    if (!lua_istable(L, -1))
        return "flags argument to redis.register_function must be a table representing function flags";
    return read_flags(L, &t->flags) ? NULL : "unknown flag given";
}

static const char *read_named(lua_State *L, struct told *t)
{
    const char *wrong;

    if (!lua_istable(L, 1))
        return "calling redis.register_function with a single argument is only applicable to Lua table "
               "(representing named arguments).";
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        luaL_checkstack(L, 8, "");
        if ((wrong = read_field(L, t)))
            return wrong;
        lua_pushvalue(L, -2); /* what was read stays, so that views of it are good */
    }
    if (!t->name.p)
        return "redis.register_function must get a function name argument";
    return t->callback ? NULL : "redis.register_function must get a callback argument";
}

static const char *read_positional(lua_State *L, struct told *t)
{
    if (!read_text(L, 1, &t->name))
        return "first argument to redis.register_function must be a string";
    if (!lua_isfunction(L, 2))
        return "second argument to redis.register_function must be a function";
    t->callback = 2;
    return NULL;
}

static const char *read_arguments(lua_State *L, struct told *t)
{
    int n = lua_gettop(L);

    if (n != 1 && n != 2)
        return "wrong number of arguments to redis.register_function";
    return n == 1 ? read_named(L, t) : read_positional(L, t);
}

static bool registered(const struct script_library *l, struct slice name)
{
    for (size_t i = 0; i < l->n; i++)
        if (slice_eq(slice_of(l->function[i].name), name))
            return true;
    return false;
}

/* Nothing of Lua is called once something is allocated: an error would lose it. */
static void add(struct script_library *l, const struct told *t, int id)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 4;
        l->function = mem_realloc(l->function, l->cap * sizeof *l->function);
    }
    l->function[l->n++] =
        (struct script_function){.name = mem_strdup(t->name),
                                 .description = t->description.p ? mem_strdup(t->description) : NULL,
                                 .description_len = t->description.n,
                                 .flags = t->flags,
                                 .id = id};
}

int redis_register_function(lua_State *L)
{
    struct script_library *l = engine_of(L)->library;
    struct told t = {0};
    const char *wrong;

    if (!l)
        return raise_error(L, "redis.register_function can only be called on FUNCTION LOAD command");
    if ((wrong = read_arguments(L, &t)))
        return raise_error(L, wrong);
    if (!script_name_is_good(t.name))
        return raise_error(
            L, "Library names can only contain letters, numbers, or underscores(_) and must be at "
               "least one character long");
    if (l->n >= SCRIPT_FUNCTIONS_MAX)
        return raise_error(L, "Too many functions in a library");
    if (registered(l, t.name))
        return raise_error(L, "Function already exists in the library");
    lua_pushvalue(L, t.callback);
    add(l, &t, luaL_ref(L, LUA_REGISTRYINDEX));
    return 0;
}

/* --- loading --- */

struct library_source {
    struct script_engine *e;
    struct slice code;
    struct buf *why;
    bool good;
};

static int load_library(lua_State *L)
{
    struct library_source *s = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, s->e->function_env);
    lua_replace(L, LUA_GLOBALSINDEX);
    if (load_text(L, s->code, "@user_function") != 0) {
        buf_addf(s->why, "Error compiling function: %s", lua_tostring(L, -1));
        return 0;
    }
    if (lua_pcall(L, 0, 0, 0) == 0) {
        s->good = true;
        return 0;
    }
    buf_add_str(s->why, "Error registering functions: ");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "err");
        buf_add_str(s->why, lua_isstring(L, -1) ? lua_tostring(L, -1) : "ERR unknown error");
    } else {
        buf_addf(s->why, "ERR %s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "unknown error");
    }
    return 0;
}

int script_library_load(struct script_engine *e, struct slice code, struct script_library *out,
                        struct buf *why)
{
    struct library_source s = {.e = e, .code = code, .why = why};

    *out = (struct script_library){0};
    e->library = out;
    sandbox_loading(e, true);
    if (!engine_run(e, load_library, &s)) {
        buf_add_str(why, "Error registering functions: ERR ");
        engine_take_error(e, why);
    }
    sandbox_loading(e, false);
    e->library = NULL;
    engine_tidy(e);
    if (s.good && !why->n)
        return OK;
    script_library_free(e, out);
    return ERR_FORMAT;
}
