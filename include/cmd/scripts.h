/* cmd/scripts.h - the scripts that clients have sent, and the one that runs. The cache is soft state: a
 * restart forgets it, and so does a client's script that is pushed out of it; NOSCRIPT tells the client to
 * send it again. Libraries of functions are data: broker/functions.h has them, here is what runs of them. */
#ifndef CMD_SCRIPTS_H
#define CMD_SCRIPTS_H

#include "base/dict.h"
#include "base/list.h"
#include "base/sha1.h"
#include "cmd/call.h"
#include "script/script.h"

struct cached_script {
    struct list node;
    char sha[SHA1_HEX + 1];
    int id; /* the engine's */
    unsigned flags;
    bool loaded; /* by SCRIPT LOAD: it goes only after those that EVAL brought */
    size_t bytes;
};

struct running_script {
    const char *name;
    bool function;  /* FCALL, not EVAL */
    bool loading;   /* the text of a library */
    bool patient;   /* it may take its time: a replay */
    bool read_only; /* no command that writes */
    bool allow_oom;
    bool short_of_memory, short_of_disk; /* when it began */
    bool wrote;                          /* it cannot be killed any more */
    bool killed;
    const struct call *call;
    int64_t time; /* TIME: wall microseconds; 0: not asked yet */
    usec started, polled;
};

/* What runs of a library that the broker keeps. */
struct compiled_library {
    struct slice name; /* of its header; in `text` */
    struct script_library functions;
    char text[];
};
struct compiled_function {
    const struct script_function *f;
    const struct compiled_library *of;
    size_t len;
    char key[]; /* its name in lower case: FCALL asks for it in any */
};

struct scripts {
    struct script_engine *engine;  /* NULL until the first script comes */
    struct session *session;       /* what commands of scripts run as */
    struct dict cache;             /* struct cached_script by sha */
    struct list evaluated, loaded; /* the same, least recently used first */
    size_t bytes;                  /* that they take */
    uint64_t evicted;
    struct dict libraries, functions; /* struct compiled_library, struct compiled_function, by name */
    struct running_script *running;   /* NULL: none */
    bool busy;                        /* it runs for longer than busy-reply-threshold */
    bool may_debug;                   /* DEBUG SET-DISABLE-DENY-SCRIPTS */
    /* What others say meanwhile is looked at by this; the server's. */
    void (*poll)(void *arg);
    void *poll_arg;
};

void scripts_init(struct service *s);
void scripts_free(struct service *s);
/* Makes what runs scripts, if that has not been done. False with the reason in *why. */
bool scripts_start(struct service *s, struct buf *why);
/* SCRIPT FLUSH. */
void scripts_flush(struct service *s);
/* After CONFIG SET. */
void scripts_apply_config(struct service *s);
uint64_t scripts_memory(const struct service *s);

/* By its sha, in any case, and then it counts as used. NULL: there is none. */
struct cached_script *scripts_find(struct service *s, struct slice sha);
/* Compiles and keeps it; the one that is there if it is. NULL with the reason in *why. */
struct cached_script *scripts_add(struct service *s, struct slice text, bool loaded, struct buf *why);

/* What stands behind the script or the function: numkeys key ... arg ...; views. */
int script_arguments(struct call *c, struct script_input *in);
/* --- libraries --- */

/* Compiles the whole text of a library; it is the caller's to link or to free. ERR_FORMAT with the reason in
 * *why: it is no library, or `fresh` and there is one of its name. */
int functions_compile(struct service *s, struct slice text, bool fresh, struct compiled_library **out,
                      struct buf *why);
void functions_free(struct service *s, struct compiled_library *l);
const struct compiled_library *functions_library(const struct service *s, struct slice name);
const struct compiled_function *functions_find(const struct service *s, struct slice name); /* in any case */
/* A function of l that a library of another name has already; NULL: there is none. */
const char *functions_clash(const struct service *s, const struct compiled_library *l);
/* Its functions can be called from now on, and those of the library with that name no more. Takes it. */
void functions_link(struct service *s, struct compiled_library *l);
void functions_unlink(struct service *s, struct slice name);
void functions_unlink_all(struct service *s);

/* Runs it for the command of c, and answers: what the handler returns. */
int scripts_run(struct call *c, int id, unsigned flags, const struct script_input *in, bool read_only);
/* c is a command that a script calls. */
bool scripts_called(const struct call *c);
/* BUSY, in the words for what runs. */
const char *scripts_busy_text(const struct service *s);
/* SCRIPT KILL and FUNCTION KILL. */
int scripts_kill(struct call *c, bool function);
/* The same for a server that is to end. */
void scripts_stop(struct service *s);

#endif
