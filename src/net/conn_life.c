/* net/conn_life.c - how a connection begins, who watches it, how it ends. */
#include "base/log.h"
#include "base/mem.h"
#include "conn_impl.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BURST 64 /* a turn */

static const char full_text[] = "-ERR max number of clients reached\r\n";
static const char denied_text[] =
    "-DENIED leanmqd is running in protected mode because no password is set for the default user, and "
    "in this mode it talks to clients on its own machine only. To let others in, do one of these: set a "
    "password with 'requirepass' and authenticate with it; or, if the network is trusted, "
    "send 'CONFIG SET protected-mode no' from the machine itself, or write 'protected-mode no' into the "
    "configuration file and restart, or start with '--protected-mode no'.\r\n";

/* --- lists and events --- */

void link_ready(struct link *k)
{
    if (list_linked(&k->turn))
        return;
    list_push(&k->cs->ready, &k->turn);
    k->cs->n_ready++;
}

void link_not_ready(struct link *k)
{
    if (!list_linked(&k->turn))
        return;
    list_remove(&k->turn);
    k->cs->n_ready--;
}

void link_park(struct link *k)
{
    if (k->c.wire.parked)
        return;
    k->c.wire.parked = true;
    event_del(&k->event);
    list_push(&k->cs->parked, &k->aside);
}

void link_unpark(struct link *k)
{
    if (!k->c.wire.parked)
        return;
    k->c.wire.parked = false;
    list_remove(&k->aside);
    event_add(&k->event, NULL);
}

/* Its clock starts anew, if time runs for it at all. */
void link_touch(struct link *k)
{
    k->c.wire.last = k->cs->now.mono;
    if (k->c.closing || k->doomed)
        return;
    list_remove(&k->age);
    if (!k->patient && !k->c.blocked)
        list_push(&k->cs->silent, &k->age);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    link_ready(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct link *k = arg;

    (void)fd, (void)what;
    k->c.wire.stuck = false;
    list_remove(&k->send);
    list_push(&k->cs->writable, &k->send);
}

void link_wait_writable(struct link *k)
{
    if (!k->wevent) {
        k->wevent = mem_alloc(sizeof *k->wevent);
        event_assign(k->wevent, loop_base(k->cs->loop), k->c.wire.fd, EV_WRITE, on_writable, k);
    }
    k->c.wire.stuck = true;
    event_add(k->wevent, NULL);
}

/* --- the end of a connection --- */

/* Closed from now on; freed by conns_reap(), when nobody is looking at it. */
void link_doom(struct link *k)
{
    struct conns *cs = k->cs;

    if (k->doomed)
        return;
    k->doomed = true;
    event_del(&k->event);
    if (k->wevent)
        event_del(k->wevent);
    k->c.wire.stuck = false;
    /* A child just forked has the socket, too: close() alone might not be heard. */
    shutdown(k->c.wire.fd, SHUT_RDWR);
    close(k->c.wire.fd);
    k->c.wire.fd = -1;
    link_not_ready(k);
    list_remove(&k->send);
    list_remove(&k->age);
    list_remove(&k->aside);
    list_push(&cs->doomed, &k->aside);
    cs->n--;
    if (cs->hooks.gone && k->c.owner)
        cs->hooks.gone(&k->c);
}

/* An ending that the peer or the owner wanted. */
void link_leave(struct link *k, const char *reason)
{
    if (!k->doomed)
        log_verbose("client closed: conn=%" PRIu64 " addr=%s reason=\"%s\"", k->c.id, k->c.wire.addr, reason);
    link_doom(k);
}

void link_drop(struct link *k, const char *reason)
{
    if (!k->doomed)
        log_warning("client dropped: conn=%" PRIu64 " addr=%s reason=\"%s\"", k->c.id, k->c.wire.addr, reason);
    link_doom(k);
}

void link_drop_over(struct link *k, const char *what, uint64_t limit)
{
    char reason[96];

    snprintf(reason, sizeof reason, "%s over %" PRIu64 " bytes", what, limit);
    link_drop(k, reason);
}

static void bury(struct link *k)
{
    list_remove(&k->aside);
    list_remove(&k->all);
    if (k->c.out)
        list_remove(&k->c.out->touched);
    k->cs->hooks.closed(&k->c);
    mem_free(k->wevent);
    buf_free(&k->c.wire.query);
    mem_free(k->c.wire.addr);
    mem_free(k->c.wire.laddr);
    mem_free(k);
}

/* A closed() may close others: they come to the end of the list. One whose input() is running on a lower
 * call of conns_run() waits for that to return. */
void conns_reap(struct conns *cs)
{
    struct list *it = cs->doomed.next;

    while (it != &cs->doomed) {
        struct link *k = list_entry(it, struct link, aside);

        it = it->next;
        if (!k->running)
            bury(k);
    }
}

void conn_close(struct conn *c, const char *reason)
{
    if (reason)
        link_drop(link_of(c), reason);
    else
        link_leave(link_of(c), "closed here");
}

/* A socket closed with bytes unread resets the connection, and may take the last reply with it. */
static void finish(struct link *k)
{
    char bin[4096];

    for (int i = 0; i < 16 && recv(k->c.wire.fd, bin, sizeof bin, MSG_DONTWAIT) > 0; i++)
        ;
    link_leave(k, "done");
}

void link_finish_if_sent(struct link *k)
{
    if (k->c.closing && !k->doomed && !outbox_pending(k->c.out))
        finish(k);
}

void conn_close_after(struct conn *c)
{
    struct link *k = link_of(c);

    if (c->closing || k->doomed)
        return;
    c->closing = true;
    k->again = false;
    event_del(&k->event);
    k->c.wire.parked = false;
    list_remove(&k->aside);
    link_not_ready(k);
    list_remove(&k->age);
    k->leave = k->cs->now.mono + CONN_GRACE;
    list_push(&k->cs->leaving, &k->age);
    if (!k->running) /* or its last reply may be still to come */
        link_finish_if_sent(k);
}

/* --- the beginning --- */

static void refuse(struct conns *cs, int fd, const char *text, size_t n)
{
    cs->stats.rejected++;
    if (send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("refusal not sent: %s", strerror(errno));
    close(fd);
}

struct conn *conns_add(struct conns *cs, const struct accepted *a)
{
    struct link *k;

    if (cs->n >= cs->limits.clients) {
        refuse(cs, a->fd, full_text, sizeof full_text - 1);
        return NULL;
    }
    if (cs->limits.protect && !a->loopback) {
        refuse(cs, a->fd, denied_text, sizeof denied_text - 1);
        return NULL;
    }
    k = mem_zalloc(sizeof *k);
    k->cs = cs;
    k->c.id = ++cs->last_id;
    k->c.wire.fd = a->fd;
    k->c.wire.is_unix = a->is_unix;
    k->c.wire.loopback = a->loopback;
    k->c.wire.addr = mem_strdup(slice_of(a->addr));
    k->c.wire.laddr = mem_strdup(slice_of(a->laddr));
    k->c.wire.memory = sizeof *k + strlen(a->addr) + strlen(a->laddr) + 2;
    list_push(&cs->all, &k->all);
    cs->n++;
    cs->stats.opened++;
    event_assign(&k->event, loop_base(cs->loop), a->fd, EV_READ | EV_PERSIST, on_readable, k);
    event_add(&k->event, NULL);
    link_touch(k);
    cs->hooks.opened(cs->hooks.arg, &k->c);
    must(k->c.out);
    return &k->c;
}

void conns_accept(struct conns *cs)
{
    struct accepted a;
    struct conn *c;

    for (int i = 0; cs->listener && i < ACCEPT_BURST && listener_next(cs->listener, cs->now.mono, &a); i++) {
        c = conns_add(cs, &a);
        if (c)
            log_debug("client connected: conn=%" PRIu64 " addr=%s", c->id, c->wire.addr);
    }
}
