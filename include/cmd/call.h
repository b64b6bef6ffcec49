/* cmd/call.h - one command on its way: admitted, run, answered. */
#ifndef CMD_CALL_H
#define CMD_CALL_H

#include "broker/broker.h"
#include "broker/wait.h"
#include "cmd/table.h"
#include "proto/reply.h"

struct service;
struct session;

struct call {
    struct service *service;
    struct broker *broker;
    struct session *session; /* NULL in a replay */
    const struct command *cmd;
    const struct slice *arg; /* arg[0] is the name; good until the handler returns */
    size_t n;
    struct reply *reply;
    struct now now;
    int db;
    bool in_exec; /* must not wait */
};

/* A handler returns OK when it has answered, ERR_REPLIED when it answered with an error of its own, or
 * another ERR_* whose text the table in call.c has. ERR_BLOCK: it has called call_wait(). */

/* Admits, runs and answers one request of a session: unknown command, arity, AUTH, MULTI, memory, disk.
 * Or postpones it (CLIENT PAUSE): then session_waits(), and it is to be given again. */
void call_run(struct session *s, const struct slice *arg, size_t n, struct now now);
/* Runs an admitted command and turns its error into a reply; EXEC uses it too. Returns what the handler did.
 */
int call_execute(struct call *c);
/* More is used than maxmemory allows, and nothing is left that was only waiting to be freed. */
bool call_short_of_memory(struct service *s);
/* The commands timed together so far get their share: at the end of a connection's run, and before
 * something else is done. `now` is wall time. */
void call_batch_end(struct service *s, msec now);
/* The reply for an error: of a handler, or out of the table. Counted in errorstats. */
void call_error(struct call *c, int err);

const char *call_error_text(int err); /* of those that are in the table */
/* An error reply with its own text, "CODE text"; returns ERR_REPLIED. */
int call_fail(struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "<text> '<name>' command", with the name in lower case. */
int call_fail_named(struct call *c, const char *text);
size_t call_bytes(const struct call *c); /* of its arguments */
int call_bad_subcommand(struct call *c); /* unknown subcommand or wrong number of arguments for ... */

/* --- commands that can wait ---
 * They are two functions: `parse` makes a struct of the arguments, `serve` does the work with it, now or
 * later. A parsed struct that is kept owns its bytes: parse takes them from args_copy()'d arguments. */
struct pending_call {
    const struct command *cmd;
    int (*serve)(struct call *c, void *parsed); /* OK: answered; ERR_BLOCK: nothing there yet; else error */
    void (*timeout)(struct call *c, void *parsed); /* answers that nothing came */
    void *parsed;
    void (*free)(void *parsed);
    int db;
    bool choosy;           /* it may find too little where the next in its line would not (EXACTLY n) */
    bool wrong_type_waits; /* an ERR_TYPE leaves it waiting (lists, XREAD), instead of answering */
    size_t bytes;          /* of its arguments */
    bool muted;            /* CLIENT REPLY OFF or SKIP held for it: nothing is said when it is served */
};
/* A timeout in milliseconds, 0 or more, that is not past the end of time. */
int call_timeout_ms(struct call *c, struct slice text, msec *ms);
/* Makes the session wait for the keys; takes p's content. `kind`, `group`, `until` as wait_start(). */
void call_wait(struct call *c, const struct pending_call *p, const struct slice *key, size_t n,
               enum wait_kind kind, struct slice group, usec until);
/* Ends a wait with what the caller answers (CLIENT UNBLOCK, timeout); the session's input goes on. */
void call_wait_end(struct session *s);
/* The same with the answer that nothing came, or with an error: CLIENT UNBLOCK. The session must wait. */
void call_wait_timeout(struct session *s, struct now now);
void call_wait_fail(struct session *s, struct now now, const char *text);
/* Serves everyone who waits for keys that became ready, and those whose time is over. */
void blocked_run(struct service *s, struct now now);

#endif
