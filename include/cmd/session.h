/* cmd/session.h - one client: bytes in, replies in an outbox. Knows no socket. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "broker/change_reader.h"
#include "broker/pubsub.h"
#include "broker/wait.h"
#include "broker/watch.h"
#include "cmd/call.h"
#include "cmd/service.h"
#include "proto/reply.h"
#include "proto/resp.h"
#include "proto/wire.h"

enum session_reply { REPLY_ON, REPLY_OFF, REPLY_SKIP_NEXT, REPLY_SKIP };

/* Commands of a MULTI, each kept by args_copy(). */
struct queued {
    const struct command *cmd;
    struct slice *arg;
    size_t n;
};

struct session {
    struct service *service;
    struct list node; /* in service.sessions */
    uint64_t id;
    int db;
    struct outbox out;
    struct reply reply; /* of out; its proto is the session's */
    struct resp_parser parser;
    bool authenticated;
    bool close_after_reply; /* QUIT, protocol error */
    bool killed;            /* close without a further word; in service.to_close */
    struct list to_close, resumed;
    struct list postponed; /* linked while its next command waits for the end of a pause */
    enum session_reply replies;

    /* MULTI */
    bool in_multi, exec_aborted;
    struct queued *queue;
    size_t queued, queue_cap, queue_bytes;
    struct watcher watcher;
    struct list leases;  /* struct lease_watch, while there are bytes of them: QWATCH */
    size_t leases_bytes;

    /* waiting */
    struct waiter waiter;
    struct pending_call *waiting; /* what to serve when something comes; NULL: does not wait */

    struct readings readings; /* the consumers it has read as, in queues that ask for it */

    struct subscriber subscriber;
    struct list monitor; /* in service.monitors: it watches all commands */

    /* what CLIENT LIST shows */
    const struct wire *wire; /* the connection's: borrowed; never NULL */
    bool no_evict, no_touch;
    char *name, *lib_name, *lib_ver; /* owned, NULL: not set */
    usec seen;                       /* last request, mono */
    msec created;                    /* wall */
    const struct command *last_command;
    uint64_t offset; /* of the journal: it has been answered what was there up to here (WAITAOF) */
    size_t given;    /* bytes that the session_input() that runs was given */
    uint64_t commands, net_in, net_out;
    void *peer; /* the server's: its connection */
};

extern const struct dict_type session_by_id_type; /* of service.by_id */

struct session *session_new(struct service *s, struct now now);
/* One that is no client: what scripts call runs as it. Nobody lists or finds it. */
struct session *session_inner(struct service *s);
/* Takes it out of everything it waits for, watches or hears. */
void session_free(struct session *s);

struct session_run {
    size_t used; /* bytes consumed */
    bool more;   /* the budget is used up: there may be complete requests left */
};
/* Runs the requests in the n bytes at p, up to `budget` commands or until one waits. The bytes not used
 * are to be given again, with more behind. */
struct session_run session_input(struct session *s, const char *p, size_t n, unsigned budget, struct now now);
/* At the end of a connection's run: waiters of its last adds are served. */
void session_run_end(struct service *s, struct now now);
/* For something to come, or for the end of a pause. */
static inline bool session_waits(const struct session *s)
{
    return s->waiting || list_linked(&s->postponed);
}
/* Asks for the connection to be closed. */
void session_kill(struct session *s);
struct session *session_by_id(const struct service *s, uint64_t id);
bool session_subscribed(const struct session *s);
/* Hears of things it did not ask for: subscriptions, MONITOR. */
bool session_listens(const struct session *s);
/* The class whose client-output-buffer-limit holds for it. */
enum output_class session_class(const struct session *s);
void session_limit_output(struct session *s); /* its class may have changed */
/* What a command told its own client (PUBLISH, keyspace events) comes behind its reply, once that is marked:
 * inside it would be taken for a part of it. `broker.answering` is set while the reply is made. */
void session_add_messages(struct session *s);
static inline void session_take_messages(struct session *s)
{
    if (outbox_pending(&s->service->broker.aside))
        session_add_messages(s);
}
/* Back to the state of a new connection (RESET). */
void session_reset(struct session *s);

#endif
