/* net/conn.h - the connections: bytes between sockets and buffers, nobody's commands.
 *
 *     conns = conns_new(loop, &hooks, &limits);           opened() makes a session for a connection,
 *     conns_listen(conns, listener);                      closed() ends it, input() runs its requests
 *     for (;;) {                                          a turn:
 *         conns_stall(conns, journal_stalled(j));
 *         conns_run(conns, now);                          accepts; each ready one: read, input(); closed()
 *         journal_commit(j, now);
 *         conns_flush(conns, &touched, journal_safe(j));  one send() for each outbox that may
 *         conn_resume(c);                                 ... for each that is no longer blocked
 *         due = conns_next_due(conns);                    0: there is work left
 *         loop_wait(loop, due < now.mono ? 0 : due - now.mono);
 *     }
 *
 * Bytes are read into one buffer shared by all; only what input() did not use is kept, in the
 * connection's own buffer. So an idle connection holds no buffer.
 *
 * hooks.input() and hooks.closed() are called by conns_run() alone (closed() by conns_free(), too), so
 * what they change is in the journal before anybody hears of it. A connection may be closed at any time,
 * also from within input(): its socket is closed at once, itself it lives until closed() has returned.
 *
 * input() may call conns_run() again (a script that does not end): the connection whose input() is
 * running is left out.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "base/buf.h"
#include "base/clock.h"
#include "net/listener.h"
#include "net/loop.h"
#include "proto/outbox.h"
#include "proto/wire.h"

struct conns;

/* What a client may leave unread for some time (client-output-buffer-limit); what it may not leave unread
 * at all is a matter of its outbox. A zero: no such limit. */
struct out_limit {
    uint64_t soft; /* for longer than... */
    usec soft_for;
};

struct conn {
    /* set by opened() */
    void *owner;
    struct outbox *out;            /* the owner's; lives until closed() */
    const struct out_limit *limit; /* borrowed, may be exchanged at any time; NULL: none */
    uint64_t id;                   /* a running number from 1, unless opened() knows better; for the log */

    /* read only */
    bool blocked, closing;
    struct wire wire;
};

/* What input() made of the bytes; zeroed before. */
struct conn_input {
    size_t used;  /* bytes it is done with, from the front: whole requests */
    size_t wants; /* the unfinished one needs at least this many more (resp_wants()): a hint, or 0 */
    bool again;   /* its budget is used up, not the requests: it goes on next turn, without a read */
    bool blocked; /* it waits: no input() until conn_resume(). Bytes are still taken in, within limits */
    bool close;   /* as conn_close_after() */
};

struct conn_hooks {
    void *arg;
    void (*opened)(void *arg, struct conn *c);
    /* `bytes` are good until it returns. */
    void (*input)(struct conn *c, struct slice bytes, struct now now, struct conn_input *r);
    /* It is over: nothing can be sent to it any more. At any time; may be NULL. closed() follows. */
    void (*gone)(struct conn *c);
    /* The last call for this connection: its owner ends here. */
    void (*closed)(struct conn *c);
    struct conn *(*of)(struct outbox *o); /* whose it is; NULL: nobody's on a socket, it stays as it is */
};

struct conns_limits {
    size_t clients; /* maxclients */
    uint64_t query; /* client-query-buffer-limit: bytes kept of unfinished or waiting requests */
    usec idle;      /* timeout: silent for longer, closed; 0: never */
    bool protect;   /* protected mode is in force: only peers on this machine are let in */
};

struct conns_stats {
    uint64_t opened, rejected, timed_out;
    uint64_t over_query, over_out; /* closed for their buffers */
    uint64_t reads, writes, bytes_in, bytes_out;
};

struct conns *conns_new(struct loop *loop, const struct conn_hooks *hooks, const struct conns_limits *limits,
                        struct now now);
void conns_free(struct conns *cs); /* closes all; before its loop */
/* In a forked child: its copies of the sockets are closed, and no peer hears of it. Nothing else of `cs` is
 * the child's to use. */
void conns_forked(struct conns *cs);
void conns_set_limits(struct conns *cs, const struct conns_limits *limits);
/* Accepts from `l` from now on (borrowed); NULL: from none. */
void conns_listen(struct conns *cs, struct listener *l);
size_t conns_count(const struct conns *cs);
const struct conns_stats *conns_stats(const struct conns *cs);
void conns_reset_stats(struct conns *cs); /* CONFIG RESETSTAT */

/* Takes a connected socket, not blocking, as if it had been accepted. NULL: refused and closed. */
struct conn *conns_add(struct conns *cs, const struct accepted *a);

/* Each ready connection once, in turn; new ones, timeouts and the closed. */
void conns_run(struct conns *cs, struct now now);
/* Sends what may leave now that the journal is safe up to `safe`: of the outboxes in `touched` (emptied),
 * and of those that waited for the journal or for their peer. Checks the limits of output. */
void conns_flush(struct conns *cs, struct list *touched, uint64_t safe);
/* While `on` nothing is read or run, neither what has arrived before: the disk has to catch up. */
void conns_stall(struct conns *cs, bool on);
/* When conns_run() has something to do though nothing happens: 0 at once, INT64_MAX never. */
usec conns_next_due(const struct conns *cs);
/* Something waits to be sent, for the journal or for a peer. Walks them all: for shutdown. */
bool conns_unsent(const struct conns *cs);

void conn_resume(struct conn *c); /* no longer blocked; no-op if it is not */
/* Never idle: subscribers, monitors. (Blocked ones are not either, without this.) */
void conn_set_patient(struct conn *c, bool on);
/* No more input; closed once the outbox is empty, or the peer has not read for CONN_GRACE. */
void conn_close_after(struct conn *c);
#define CONN_GRACE ((usec)10 * 1000000)
/* Now. `reason` for the log; NULL: nothing unusual. */
void conn_close(struct conn *c, const char *reason);

#endif
