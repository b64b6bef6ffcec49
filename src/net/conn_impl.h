/* net/conn_impl.h - a connection from within: for conn.c (turns, time), conn_life.c (beginning and end),
 * conn_in.c and conn_out.c (bytes).
 *
 * A connection is in at most one list of each kind:
 *     turn   ready: its socket can be read, or input() has more to do with what is here
 *     send   held: bytes wait for the journal; stuck: for the peer; writable: it has made room
 *     age    silent: by last sign of life; leaving: by the time it is closed anyway
 *     aside  parked: its socket is not watched; doomed: closed, to be freed
 *
 * The read event is persistent and level-triggered, so in the ordinary turn there is no epoll_ctl. Who
 * is not to be read, but has something to be read, must be parked or it would keep the loop awake.
 */
#ifndef NET_CONN_IMPL_H
#define NET_CONN_IMPL_H

#include "loop_impl.h"
#include "net/conn.h"

#define READ_AHEAD ((size_t)256 * 1024) /* what a blocked client may send before it is parked */

/* A connection, and what only these files know of it. */
struct link {
    struct conn c;
    struct conns *cs;
    struct event event;   /* to read; pending unless parked, closing or doomed */
    struct event *wevent; /* to write; made for the first reply that the socket does not take at once */
    struct list all, turn, send, age, aside;
    size_t wants;     /* a hint for the next read */
    usec soft_since;  /* over the soft limit since; 0: is not */
    usec leave;       /* closing: when it is closed anyway */
    bool again;       /* input() goes on with c.query, without a read */
    bool running;     /* input() has been called and has not returned */
    bool doomed, patient;
};

struct conns {
    struct loop *loop;
    struct conn_hooks hooks;
    struct conns_limits limits;
    struct conns_stats stats;
    struct listener *listener;
    struct now now; /* of the turn */
    uint64_t last_id;
    size_t n, n_ready;
    struct list all, ready, held, stuck, writable, silent, leaving, parked, doomed;
    usec check; /* next of the parked and the stuck */
    bool stalled;
    char *shared; /* the read buffer; NULL while a conns_run() has it */
};

static inline struct link *link_of(struct conn *c)
{
    return (struct link *)c;
}

/* A blocked client that has sent ahead what it may: no more is read of it. */
static inline bool link_is_ahead(const struct link *k)
{
    return k->c.blocked && wire_kept(&k->c.wire) >= READ_AHEAD;
}

/* conn_life.c */
void link_ready(struct link *k); /* has its turn in the next run */
void link_not_ready(struct link *k);
void link_park(struct link *k); /* its socket is not watched until... */
void link_unpark(struct link *k);
void link_touch(struct link *k); /* its clock starts anew, if time runs for it at all */
void link_wait_writable(struct link *k);
void link_doom(struct link *k); /* closed from now on; freed by conns_reap(), when nobody is looking at it */
void link_leave(struct link *k, const char *reason); /* an ending that the peer or the owner wanted */
void link_drop(struct link *k, const char *reason);  /* any other */
void link_drop_over(struct link *k, const char *what, uint64_t limit);
void link_finish_if_sent(struct link *k); /* it is to be closed and has heard all */
void conns_reap(struct conns *cs);
void conns_accept(struct conns *cs);

/* conn_in.c: each ready one has its turn. */
void conns_read(struct conns *cs);
void conns_free_shared(char *shared);

/* conn_out.c: who is over a limit, and hears of nothing new. */
void conns_drop_slow(struct conns *cs);

#endif
