/* script/script.h - Lua 5.1 for scripts of clients: a state, what a script may see of it, and limits. Knows
 * no command: what a script calls goes through a pointer it was given, as words, and comes back as RESP.
 *
 * A script can be as hostile as it likes. It gets no bytecode, no files, no other script's variables; the
 * tables that all scripts share cannot be changed; its memory is bounded, and so is the work of every
 * function of ours that it may call: they ask, as the interpreter does every so many instructions, whether it
 * shall go on. */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "base/buf.h"
#include "proto/reply.h"

struct script_engine;

/* The lines behind a shebang: #!lua flags=no-writes,allow-oom */
enum script_flag {
    SCRIPT_NO_WRITES = 1,
    SCRIPT_ALLOW_OOM = 2,
    SCRIPT_ALLOW_STALE = 4,
    SCRIPT_NO_CLUSTER = 8,
    SCRIPT_ALLOW_CROSS_SLOT = 16,
    SCRIPT_COMPAT = 32, /* there is no shebang: what it does decides what it may */
};
/* The names of the first five, in Redis' order; ends with name == NULL. */
extern const struct script_flag_name {
    const char *name;
    unsigned flag;
} script_flag_names[];

/* What an engine asks of its owner. `arg` is the owner's. */
struct script_host {
    void *arg;
    /* Runs a command; the reply, an error too, in RESP of version `proto`. Good until the next call. */
    struct slice (*call)(void *arg, const struct slice *word, size_t n, int proto);
    /* Whether there is such a command: ACL questions of scripts. */
    bool (*knows)(void *arg, const struct slice *word, size_t n);
    /* After some work; false: the script is to end. */
    bool (*tick)(void *arg);
    /* redis.log(): 0 debug, 1 verbose, 2 notice, 3 warning. */
    void (*log)(void *arg, int level, struct slice text);
};

struct script_options {
    struct script_host host;
    const char *redis_version; /* borrowed: "7.2.4" */
    uint64_t seed;             /* of math.random() */
};

/* NULL with the reason in *why: the Lua library is not one we can work with. */
struct script_engine *script_engine_new(const struct script_options *o, struct buf *why);
void script_engine_free(struct script_engine *e); /* NULL is fine */
/* What a script may allocate beyond what is there when it begins; and how large its reply may be. */
void script_engine_limit(struct script_engine *e, uint64_t bytes);
uint64_t script_engine_memory(const struct script_engine *e);

/* A script of EVAL, compiled: an id of the engine's for it, to be released; or a negative number with the
 * reason in *why. *flags says what its shebang does. */
int script_compile(struct script_engine *e, struct slice text, unsigned *flags, struct buf *why);
/* The flags alone; ERR_SYNTAX with the reason in *why. Where the code begins is in *code. */
int script_shebang(struct slice text, unsigned *flags, struct slice *code, struct buf *why);
void script_release(struct script_engine *e, int id);

struct script_input {
    const char *name; /* the sha, or a function's name: for error texts */
    const struct slice *key;
    size_t keys;
    const struct slice *arg;
    size_t args;
    bool function; /* keys and args are arguments of a function, not KEYS and ARGV */
};
struct script_error {
    bool is;         /* there is one */
    struct buf text; /* "CODE words"; the caller's to free */
    bool counted;    /* it came from a command, whose error has been counted */
};
/* Runs it and answers: one reply, of whatever kind but an error. False: that is in *error, and there is no
 * reply. Not from within itself. */
bool script_run(struct script_engine *e, int id, const struct script_input *in, struct reply *reply,
                struct script_error *error);

/* --- libraries of functions --- */

struct script_function {
    char *name, *description; /* owned; description NULL: none */
    size_t description_len;   /* it may hold any byte */
    unsigned flags;
    int id; /* of the engine; script_release() */
};
#define SCRIPT_FUNCTIONS_MAX 10000 /* of a library */
struct script_library {
    struct script_function *function;
    size_t n, cap;
};
bool script_name_is_good(struct slice name); /* of a library or a function: letters, digits, '_' */
/* Runs the text of a library (without its first line), which registers functions. OK; or ERR_FORMAT with the
 * reason in *why, and nothing to free. script_library_free() releases ids, too. */
int script_library_load(struct script_engine *e, struct slice code, struct script_library *out,
                        struct buf *why);
void script_library_free(struct script_engine *e, struct script_library *l);

#endif
