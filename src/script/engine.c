/* script/engine.c - the state: its memory, what interrupts it, compiling and running. See script/script.h.
 *
 * Nothing of Lua is called unprotected but when memory is not limited, for then nothing can fail: `cap` holds
 * only while a script is compiled or runs. */
#include "base/err.h"
#include "base/mem.h"
#include "engine_impl.h"

#define FREE_OF_LIMIT SIZE_MAX
#define TIDY_LEAST    ((size_t)4 << 20) /* below so many bytes the collector's own pace will do: */
#define PAUSE         150               /* it begins again at so many percent of what was left, */
#define STEP          400               /* and works so many percent of what is allocated meanwhile */

/* --- memory --- */

static void *alloc(void *arg, void *p, size_t had, size_t want)
{
    struct script_engine *e = arg;

    if (want > had && want - had > e->cap - (e->used < e->cap ? e->used : e->cap))
        return NULL;
    e->used = e->used - had + want;
    if (want)
        return mem_realloc(p, want);
    if (p)
        mem_free_sized(p, had);
    return NULL;
}

static void limit_begin(struct script_engine *e)
{
    e->cap = e->limit < FREE_OF_LIMIT - e->used ? e->used + e->limit : FREE_OF_LIMIT;
}

void engine_tidy(struct script_engine *e)
{
    if (e->scratch.cap > SCRATCH_KEPT)
        buf_free(&e->scratch);
    if (e->used < TIDY_LEAST || e->used < 2 * e->tidy)
        return;
    lua_gc(e->lua, LUA_GCCOLLECT, 0);
    e->tidy = e->used;
}

void script_engine_limit(struct script_engine *e, uint64_t bytes)
{
    e->limit = bytes;
}

uint64_t script_engine_memory(const struct script_engine *e)
{
    return e->used;
}

/* --- interruption --- */

static void interrupt(lua_State *L, lua_Debug *ar);

/* From now on it is asked at every instruction, or a script that catches errors would go on for long. */
static void end_script(lua_State *L)
{
    lua_sethook(L, interrupt, LUA_MASKCOUNT, 1);
    raise_error(L, engine_of(L)->library ? "FUNCTION LOAD timeout"
                                         : "Script killed by user with SCRIPT KILL...");
}

void script_work(lua_State *L, unsigned steps)
{
    struct script_engine *e = engine_of(L);

    e->steps = steps;
    if (e->ended || !e->host.tick(e->host.arg)) {
        e->ended = true;
        end_script(L);
    }
}

static void interrupt(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    script_work(L, 0);
}

static int panic(lua_State *L)
{
    (void)L;
    must(!"an error of Lua that nobody catches");
    return 0;
}

/* --- errors --- */

void push_error(lua_State *L, const char *text)
{
    lua_createtable(L, 0, 3);
    lua_pushfstring(L, "ERR %s", text);
    lua_setfield(L, -2, "err");
}

static bool line_end(char c)
{
    return c == '\r' || c == '\n';
}

void push_error_reply(lua_State *L, struct slice text)
{
    bool code = memchr(text.p, ' ', text.n) != NULL;

    while (text.n && line_end(text.p[text.n - 1]))
        text.n--;
    lua_createtable(L, 0, 3);
    if (!code)
        lua_pushliteral(L, "ERR ");
    push_slice(L, text);
    if (!code)
        lua_concat(L, 2);
    lua_setfield(L, -2, "err");
}

int raise_error(lua_State *L, const char *text)
{
    push_error(L, text);
    return lua_error(L);
}

static void push_text(lua_State *L, int index)
{
    if (lua_isstring(L, index))
        lua_pushvalue(L, index);
    else if (lua_isnil(L, index))
        lua_pushliteral(L, "nil");
    else if (lua_isboolean(L, index))
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    else
        lua_pushfstring(L, "%s: %p", luaL_typename(L, index), lua_topointer(L, index));
}

/* Where it happened; of a function in C, who called it. */
static bool place_of_error(lua_State *L, lua_Debug *ar)
{
    if (!lua_getstack(L, 1, ar))
        return false;
    lua_getinfo(L, "Sl", ar);
    if (strcmp(ar->what, "C") == 0 && lua_getstack(L, 2, ar))
        lua_getinfo(L, "Sl", ar);
    return true;
}

/* Whatever was raised becomes a table that says where. */
static int error_handler(lua_State *L)
{
    lua_Debug ar;

    lua_settop(L, 1);
    if (!lua_istable(L, 1)) {
        lua_createtable(L, 0, 3);
        lua_pushliteral(L, "ERR ");
        push_text(L, 1);
        lua_concat(L, 2);
        lua_setfield(L, 2, "err");
        lua_replace(L, 1);
    }
    if (place_of_error(L, &ar)) {
        lua_pushstring(L, ar.source);
        lua_setfield(L, 1, "source");
        lua_pushinteger(L, ar.currentline);
        lua_setfield(L, 1, "line");
    }
    return 1;
}

/* --- the life of an engine --- */

static int open_all(lua_State *L)
{
    struct script_engine *e = engine_of(L);

    lua_pushcfunction(L, error_handler);
    e->handler = luaL_ref(L, LUA_REGISTRYINDEX);
    sandbox_open(e);
    lua_gc(L, LUA_GCSETPAUSE, PAUSE);
    lua_gc(L, LUA_GCSETSTEPMUL, STEP);
    lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}

struct script_engine *script_engine_new(const struct script_options *o, struct buf *why)
{
    struct script_engine *e = mem_zalloc(sizeof *e);

    e->host = o->host;
    e->redis_version = o->redis_version;
    e->cap = e->limit = FREE_OF_LIMIT;
    e->proto = 2;
    random_seed(&e->random, o->seed);
    e->lua = lua_newstate(alloc, e);
    if (!e->lua || lua_cpcall(e->lua, open_all, NULL) != 0) {
        const char *text = e->lua ? lua_tostring(e->lua, -1) : NULL;

        buf_addf(why, "the Lua library: %s", text ? text : "no state");
        script_engine_free(e);
        return NULL;
    }
    lua_atpanic(e->lua, panic);
    lua_sethook(e->lua, interrupt, LUA_MASKCOUNT, TICK_INSTRUCTIONS);
    return e;
}

void script_engine_free(struct script_engine *e)
{
    if (!e)
        return;
    if (e->lua)
        lua_close(e->lua);
    mem_free(e->word);
    mem_free(e->number);
    buf_free(&e->scratch);
    mem_free(e);
}

/* --- compiling --- */

struct source {
    struct slice code;
    const char *name;
    int env, id;
};

static int compile(lua_State *L)
{
    struct source *s = lua_touserdata(L, 1);

    if (load_text(L, s->code, s->name) != 0)
        return lua_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->env);
    lua_setfenv(L, -2);
    s->id = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

bool engine_run(struct script_engine *e, lua_CFunction f, void *arg)
{
    bool good;

    if (lua_gethookcount(e->lua) != TICK_INSTRUCTIONS)
        lua_sethook(e->lua, interrupt, LUA_MASKCOUNT, TICK_INSTRUCTIONS);
    e->ended = false;
    e->proto = 2;
    limit_begin(e);
    good = lua_cpcall(e->lua, f, arg) == 0;
    e->cap = FREE_OF_LIMIT;
    return good;
}

void engine_take_error(struct script_engine *e, struct buf *text)
{
    const char *s = lua_tostring(e->lua, -1);

    buf_add_str(text, s ? s : "unknown error");
    lua_pop(e->lua, 1);
}

int script_compile(struct script_engine *e, struct slice text, unsigned *flags, struct buf *why)
{
    struct source s = {.name = "@user_script", .env = e->env};

    if (script_shebang(text, flags, &s.code, why) != OK)
        return -1;
    if (engine_run(e, compile, &s))
        return s.id;
    buf_add_str(why, "Error compiling script (new function): ");
    engine_take_error(e, why);
    return -1;
}

void script_release(struct script_engine *e, int id)
{
    luaL_unref(e->lua, LUA_REGISTRYINDEX, id);
}

/* --- running --- */

struct run {
    struct script_engine *e;
    const struct script_input *in;
    struct reply *reply;
    uint64_t from;  /* where the reply begins */
    bool answering; /* it has begun */
    struct script_error *error;
    int id;
};

static void push_array(lua_State *L, const struct slice *v, size_t n)
{
    lua_createtable(L, n < INT32_MAX ? (int)n : INT32_MAX, 0);
    for (size_t i = 0; i < n; i++) {
        push_slice(L, v[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

/* The table of an error: its text, and where it happened. */
static void tell_error(lua_State *L, struct run *r, bool place)
{
    struct buf *text = &r->error->text;

    r->error->is = true;
    lua_getfield(L, -1, "err");
    buf_add_str(text, lua_isstring(L, -1) ? lua_tostring(L, -1) : "ERR unknown error");
    lua_getfield(L, -2, "source");
    lua_getfield(L, -3, "line");
    if (place && lua_isstring(L, -1) && lua_isstring(L, -2))
        buf_addf(text, " script: %s, on %s:%s.", r->in->name, lua_tostring(L, -2), lua_tostring(L, -1));
    lua_getfield(L, -4, "ignore_error_stats_update");
    r->error->counted = lua_toboolean(L, -1);
    lua_pop(L, 4);
}

static void tell_failure(lua_State *L, struct run *r)
{
    const char *text = lua_isstring(L, -1) ? lua_tostring(L, -1) : "execution failure";

    r->error->is = true;
    buf_addf(&r->error->text, "ERR Error running script %s, %.100s", r->in->name, text);
}

static bool is_error_value(lua_State *L)
{
    bool is;

    if (!lua_istable(L, -1))
        return false;
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    is = lua_type(L, -1) == LUA_TSTRING;
    lua_pop(L, 1);
    return is;
}

static void answer(lua_State *L, struct run *r)
{
    r->from = outbox_pos(r->reply->out); /* what the script published to its own client lies before it */
    r->answering = true;
    if (is_error_value(L)) {
        tell_error(L, r, false);
    } else if (!reply_value(L, r->reply, r->from, r->e->limit)) {
        outbox_rewind(r->reply->out, r->from);
        r->error->is = true;
        buf_addf(&r->error->text, "ERR the reply of script %s is larger than its memory limit", r->in->name);
    }
}

/* What KEYS and ARGV were must not be kept, nor be seen by a function. */
static void set_globals(lua_State *L, const struct run *r)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->e->globals);
    push_array(L, r->in->key, r->in->keys);
    lua_setfield(L, -2, "KEYS");
    push_array(L, r->in->arg, r->in->args);
    lua_setfield(L, -2, "ARGV");
    lua_pop(L, 1);
}

static void drop_globals(struct script_engine *e)
{
    lua_State *L = e->lua;

    lua_rawgeti(L, LUA_REGISTRYINDEX, e->globals);
    lua_pushnil(L);
    lua_setfield(L, -2, "KEYS");
    lua_pushnil(L);
    lua_setfield(L, -2, "ARGV");
    lua_pop(L, 1);
}

static int run(lua_State *L)
{
    struct run *r = lua_touserdata(L, 1);
    struct script_engine *e = r->e;
    int args = 0;

    lua_rawgeti(L, LUA_REGISTRYINDEX, r->in->function ? e->function_env : e->env);
    lua_replace(L, LUA_GLOBALSINDEX); /* for what loadstring() makes; a script can change it */
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->handler);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->id);
    if (r->in->function) {
        push_array(L, r->in->key, r->in->keys);
        push_array(L, r->in->arg, r->in->args);
        args = 2;
    } else {
        set_globals(L, r);
    }
    if (lua_pcall(L, args, 1, 2) == 0)
        answer(L, r);
    else if (lua_istable(L, -1))
        tell_error(L, r, true);
    else
        tell_failure(L, r);
    return 0;
}

bool script_run(struct script_engine *e, int id, const struct script_input *in, struct reply *reply,
                struct script_error *error)
{
    struct run r = {.e = e, .in = in, .reply = reply, .error = error, .id = id};

    *error = (struct script_error){0};
    if (!engine_run(e, run, &r)) { /* what the script made could not be told */
        if (r.answering)
            outbox_rewind(reply->out, r.from);
        error->text.n = 0;
        tell_failure(e->lua, &r);
        lua_pop(e->lua, 1);
    }
    if (!in->function)
        drop_globals(e);
    engine_tidy(e);
    return !error->is;
}
