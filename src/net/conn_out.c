/* net/conn_out.c - bytes out: what may leave, once the journal and the peer let it. */
#include "conn_impl.h"
#include <errno.h>
#include <sys/socket.h>

/* Counted is what is left after sending, so who reads all in time is never over. */
static void check_soft(struct link *k)
{
    const struct out_limit *limit = k->c.limit;
    usec now = k->cs->now.mono;

    if (!limit || !limit->soft || outbox_pending(k->c.out) <= limit->soft) {
        k->soft_since = 0;
    } else if (!k->soft_since) {
        k->soft_since = now;
    } else if (now - k->soft_since >= limit->soft_for) {
        k->cs->stats.over_out++;
        link_drop_over(k, "output buffer has long been", limit->soft);
    }
}

/* A reply that makes it too much at one stroke is not waited for. */
static bool over_hard(struct link *k)
{
    const uint64_t *limit = k->c.out->limit;

    if (!outbox_over(k->c.out))
        return false;
    k->cs->stats.over_out++;
    link_drop_over(k, "output buffer", limit ? *limit : 0);
    return true;
}

/* Stuck, and nothing new to send that would bring it up: the limits may be others since. */
void conns_drop_slow(struct conns *cs)
{
    list_for_each_safe (it, tmp, &cs->stuck) {
        struct link *k = list_entry(it, struct link, send);

        if (!over_hard(k))
            check_soft(k);
    }
}

/* At most one send(). False: the connection is over. */
static bool send_once(struct link *k, struct slice ready)
{
    struct conns_stats *stats = &k->cs->stats;
    ssize_t n = send(k->c.wire.fd, ready.p, ready.n, MSG_NOSIGNAL);

    stats->writes++;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        link_leave(k, strerror(errno));
        return false;
    }
    if (n > 0) {
        stats->bytes_out += (uint64_t)n;
        k->c.wire.bytes_out += (uint64_t)n;
        outbox_taken(k->c.out, (size_t)n);
        link_touch(k);
        if (k->c.closing) { /* it does read: it gets its time anew */
            k->leave = k->cs->now.mono + CONN_GRACE;
            list_remove(&k->age);
            list_push(&k->cs->leaving, &k->age);
        }
    }
    if (n < (ssize_t)ready.n)
        link_wait_writable(k);
    return true;
}

static void send_some(struct link *k, uint64_t safe)
{
    struct slice ready;

    if (k->doomed || over_hard(k))
        return;
    ready = k->c.wire.stuck ? (struct slice){0} : outbox_ready(k->c.out, safe);
    if (ready.n && !send_once(k, ready))
        return;
    list_remove(&k->send);
    if (k->c.wire.stuck)
        list_push(&k->cs->stuck, &k->send);
    else if (outbox_pending(k->c.out))
        list_push(&k->cs->held, &k->send);
    check_soft(k);
    link_finish_if_sent(k);
}

/* Each in `from` once; send_some() may list it again. */
static void send_list(struct list *from, uint64_t safe)
{
    struct list now;

    list_init(&now);
    while (!list_empty(from)) {
        struct list *it = from->next;

        list_remove(it);
        list_push(&now, it);
    }
    while (!list_empty(&now)) {
        struct link *k = list_entry(now.next, struct link, send);

        list_remove(&k->send);
        send_some(k, safe);
    }
}

static void send_touched(struct conns *cs, struct list *touched, uint64_t safe)
{
    while (!list_empty(touched)) {
        struct outbox *o = list_entry(touched->next, struct outbox, touched);
        struct conn *c = cs->hooks.of(o);

        list_remove(&o->touched);
        if (c)
            send_some(link_of(c), safe);
    }
}

void conns_flush(struct conns *cs, struct list *touched, uint64_t safe)
{
    send_list(&cs->held, safe);
    send_list(&cs->writable, safe);
    send_touched(cs, touched, safe);
}

bool conns_unsent(const struct conns *cs)
{
    list_for_each (it, &cs->all) {
        struct link *k = list_entry(it, struct link, all);

        if (!k->doomed && outbox_pending(k->c.out))
            return true;
    }
    return false;
}
