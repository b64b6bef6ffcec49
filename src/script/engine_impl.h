/* What the files of script/ share. */
#ifndef SCRIPT_ENGINE_IMPL_H
#define SCRIPT_ENGINE_IMPL_H

#include "base/random.h"
#include "script/script.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define TICK_INSTRUCTIONS 10000  /* of the interpreter, between two ticks */
#define TICK_STEPS        100000 /* of a function of ours */
#define SCRATCH_KEPT      ((size_t)64 * 1024)

/* cjson's settings, which scripts may change; they stay for all, as in Redis. */
enum { CJSON_OFF, CJSON_ON, CJSON_NULL };
struct cjson_settings {
    int sparse_convert, sparse_ratio, sparse_safe;
    int encode_depth, decode_depth;
    int precision;
    int encode_invalid, decode_invalid;
    int keep_buffer;
};

struct script_engine {
    lua_State *lua;
    struct script_host host;
    const char *redis_version;
    size_t used, cap; /* bytes of the state; beyond `cap` it gets no more */
    size_t limit;     /* for each script */
    size_t tidy;      /* used after the last full collection */
    bool ended;       /* the script that runs is to end: whatever it does is an error */
    unsigned steps;   /* of our functions since the last tick */
    int proto;        /* redis.setresp() */
    struct random random;
    struct slice *word; /* of the command that is called */
    char *number;       /* those that are numbers, as text */
    size_t words;
    struct cjson_settings cjson;
    struct buf scratch;                 /* what cjson and cmsgpack write to */
    struct script_library *library;     /* registering functions goes here; NULL: not now */
    int handler;                        /* ids of what lies in the registry: the error handler, ... */
    int globals, env;                   /* what EVAL sees, and its read-only face */
    int function_globals, function_env; /* what functions see */
    int load_globals;                   /* what their library sees while it is loaded */
};

static inline struct script_engine *engine_of(lua_State *L)
{
    void *e;

    lua_getallocf(L, &e);
    return e;
}

/* After so many steps of work in C: raises the error that ends a script when it is to end. */
void script_work(lua_State *L, unsigned steps);
static inline void script_worked(lua_State *L, unsigned steps)
{
    struct script_engine *e = engine_of(L);

    if ((e->steps += steps) >= TICK_STEPS)
        script_work(L, 0);
}

/* Calls f, which finds `arg` as its argument, with memory limited and errors caught: false, and the error is
 * to be taken. */
bool engine_run(struct script_engine *e, lua_CFunction f, void *arg);
/* Afterwards: what was left behind is collected at the collector's pace, unless it is much. */
void engine_tidy(struct script_engine *e);
void engine_take_error(struct script_engine *e, struct buf *text);

/* A table with the field `err`: "ERR <text>". */
void push_error(lua_State *L, const char *text);
/* The text of a reply, "CODE text", without code "ERR" goes first. */
void push_error_reply(lua_State *L, struct slice text);
int raise_error(lua_State *L, const char *text);

static inline void push_slice(lua_State *L, struct slice s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.n);
}

/* --- sandbox.c --- */

/* Pops the table at the top and pushes its read-only face: an empty table through which it is seen. `strict`:
 * what is not there is an error. */
void push_face(lua_State *L, bool strict);
/* The table at `index`, or what is behind it if it is a face; true if it was one. Pushed. */
bool push_behind(lua_State *L, int index);
void refuse_face(lua_State *L, int index);  /* raises an error if it is one */
void sandbox_open(struct script_engine *e); /* fills in globals, env, function_env */
/* While a library loads, its functions see the few things that are there at load time. */
void sandbox_loading(struct script_engine *e, bool on);

/* Functions of the Lua library (NULL: global ones) into the table at the top, by name, up to NULL. */
void take_functions(lua_State *L, const char *library, const char *const *name);
/* Compiles text, never bytecode, and pushes the function, or (not 0) what is wrong. */
int load_text(lua_State *L, struct slice code, const char *name);

/* --- what the globals consist of; each pushes a table --- */

void open_base(lua_State *L); /* the globals themselves */
void open_string(lua_State *L);
void open_table(lua_State *L);
void open_math(lua_State *L);
void open_os(lua_State *L);
void open_coroutine(lua_State *L);
void open_bit(lua_State *L);
void open_struct(lua_State *L);
void open_cjson(lua_State *L);
void open_cmsgpack(lua_State *L);
enum redis_api { REDIS_EVAL, REDIS_FUNCTION, REDIS_LOAD };
void open_redis(lua_State *L, enum redis_api which);
int redis_register_function(lua_State *L);

/* --- conversions --- */

/* One reply of RESP at *p, pushed; moves *p behind it. */
void push_reply(lua_State *L, const char **p);
/* The value at the top as a reply; pops it. `limit`: bytes; false: it would be larger. */
bool reply_value(lua_State *L, struct reply *r, uint64_t from, uint64_t limit);

/* A double as the text a command gets: an integer where it is one. At most 32 bytes. */
size_t put_number(char *to, double v);

#endif
