/* net/loop.h - waiting for the world, by libevent. Callbacks only note what happened; the turn that
 * follows does the work. The one timer bounds the wait and says nothing about what is due. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/clock.h"

struct loop;
struct loop_watch;

struct loop *loop_new(void);    /* NULL: the system gives no epoll */
void loop_free(struct loop *l); /* with the watches that are left */

/* One pass: waits until something happened, at most `timeout` (0: does not wait; < 0: without a bound),
 * and runs the callbacks of all that did. Milliseconds are the resolution; rounded up. */
void loop_wait(struct loop *l, usec timeout);

typedef void loop_fn(void *arg, int what); /* the signal's number, or the file descriptor */

/* A signal, taken in by the loop instead of killing the process. NULL if the system refuses. */
struct loop_watch *loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg);
/* Called in each pass in which `fd` (an eventfd: other threads wake the loop by it) can be read, so
 * whoever notes it also sees to it that it is read. NULL if the system refuses. */
struct loop_watch *loop_fd(struct loop *l, int fd, loop_fn *fn, void *arg);
void loop_unwatch(struct loop_watch *w); /* NULL is fine; before its fd is closed */

/* In a forked child, first of all: the watched signals get their default action, for their handler
 * would tell the parent's loop. The child uses nothing else of the loop, nor frees it. */
void loop_forked(struct loop *l);

#endif
