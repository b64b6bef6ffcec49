/* net/listener.h - where clients knock: TCP addresses and a unix socket.
 *
 * The sockets are watched by the loop; which one has somebody waiting is noted, and listener_next()
 * hands them out in the turn. When the process runs out of file descriptors the listener pauses for a
 * moment instead of spinning: those who wait stay in the backlog.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "base/buf.h"
#include "base/clock.h"
#include "net/loop.h"
#include <stdbool.h>

#define LISTEN_ANY_PORT (-1) /* whichever is free; listener_port() tells */
#define LISTEN_ADDR_MAX 128  /* longest "[v6%scope]:port" or "/path:0", with its NUL */

struct listener;

struct listener_options {
    const char *bind; /* words, as redis.conf: an address or name each, "*" all IPv4, "::*" all IPv6; with
                         a '-' in front it may be missing on this machine */
    int port;         /* 0: no TCP */
    int backlog;
    int keepalive;         /* seconds between probes of a silent peer; 0: none */
    const char *unix_path; /* NULL or "": none. A stale socket there is replaced, and removed at the end */
    unsigned unix_perm;    /* 0: what the umask leaves */
};

/* ERR_IO, or ERR_LOCKED when another process has an address, with the reason in *why: then nothing is open.
 */
int listener_open(struct loop *loop, const struct listener_options *o, struct listener **out,
                  struct buf *why);
void listener_free(struct listener *l); /* closes; accepted connections stay */
/* In a forked child: its copies of the sockets are closed, so that they end with the parent. The loop is the
 * parent's too and hears nothing of it. */
void listener_forked(struct listener *l);
int listener_port(const struct listener *l);                  /* the one that is bound; 0: no TCP */
void listener_set_keepalive(struct listener *l, int seconds); /* for connections accepted from now on */

struct accepted {
    int fd; /* not blocking, closed on exec, TCP_NODELAY, keepalive: the caller's */
    bool is_unix;
    bool loopback;               /* from this machine: 127.0.0.0/8, ::1, unix */
    char addr[LISTEN_ADDR_MAX];  /* "ip:port", "[v6]:port"; unix: "/path:0" at both ends */
    char laddr[LISTEN_ADDR_MAX]; /* our end */
};

/* The next one waiting; the sockets take turns. False: none, or paused. */
bool listener_next(struct listener *l, usec now, struct accepted *a);
usec listener_due(
    const struct listener *l); /* when a pause ends: call listener_next(); INT64_MAX: no pause */

#endif
