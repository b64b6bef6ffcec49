/* net/conn.c - the connections in a turn, and what their owners wish. See conn_impl.h. */
#include "base/mem.h"
#include "conn_impl.h"
#include <poll.h>
#include <unistd.h>

#define CHECK_EVERY ((usec)1000000) /* those of whom no event tells: parked, stuck */

/* --- time --- */

static void drop_silent(struct conns *cs)
{
    while (cs->limits.idle && !list_empty(&cs->silent)) {
        struct link *k = list_entry(cs->silent.next, struct link, age);

        if (k->c.wire.last + cs->limits.idle > cs->now.mono)
            return;
        if (k->running) {
            link_touch(k);
            continue;
        }
        cs->stats.timed_out++;
        link_leave(k, "idle");
    }
}

/* The time is the peer's to read; what waits for the journal waits on. */
static void drop_leaving(struct conns *cs)
{
    while (!list_empty(&cs->leaving)) {
        struct link *k = list_entry(cs->leaving.next, struct link, age);

        if (k->leave > cs->now.mono)
            return;
        if (k->c.wire.stuck || !outbox_pending(k->c.out)) {
            link_leave(k, "last reply not read");
        } else {
            list_remove(&k->age);
            k->leave = cs->now.mono + CONN_GRACE;
            list_push(&cs->leaving, &k->age);
        }
    }
}

/* A blocked client that is parked has more to say, but nobody to say it to if it is gone. (libevent can
 * not watch for that alone: it tells an error as readable and writable, which nobody asked for.) */
static void drop_gone(struct conns *cs)
{
    list_for_each_safe (it, tmp, &cs->parked) {
        struct link *k = list_entry(it, struct link, aside);
        struct pollfd p = {.fd = k->c.wire.fd, .events = POLLRDHUP};

        if (k->c.blocked && poll(&p, 1, 0) > 0)
            link_leave(k, "closed by the peer");
    }
}

void conns_run(struct conns *cs, struct now now)
{
    cs->now = now;
    conns_reap(cs); /* who was closed since the last run gets nothing of this one */
    drop_silent(cs);
    drop_leaving(cs);
    if (now.mono >= cs->check) {
        drop_gone(cs);
        conns_drop_slow(cs);
        cs->check = now.mono + CHECK_EVERY;
    }
    conns_read(cs);
    conns_reap(cs);
    conns_accept(cs); /* last: whoever left in this turn has made room */
}

static usec earlier(usec a, usec b)
{
    return a < b ? a : b;
}

usec conns_next_due(const struct conns *cs)
{
    usec due = cs->listener ? listener_due(cs->listener) : INT64_MAX;

    if (!list_empty(&cs->ready) || !list_empty(&cs->doomed))
        return 0;
    if (cs->limits.idle && !list_empty(&cs->silent))
        due = earlier(due, list_entry(cs->silent.next, struct link, age)->c.wire.last + cs->limits.idle);
    if (!list_empty(&cs->leaving))
        due = earlier(due, list_entry(cs->leaving.next, struct link, age)->leave);
    if (!list_empty(&cs->parked) || !list_empty(&cs->stuck))
        due = earlier(due, cs->check);
    return due;
}

/* --- the owner's wishes --- */

/* Back to what the socket and the kept bytes call for. */
static void wake(struct link *k)
{
    if (k->doomed || k->c.closing)
        return;
    link_unpark(k);
    if (k->again)
        link_ready(k);
}

void conn_resume(struct conn *c)
{
    struct link *k = link_of(c);

    if (!c->blocked)
        return;
    c->blocked = false;
    k->again = wire_kept(&k->c.wire) > 0;
    link_touch(k);
    wake(k);
}

void conn_set_patient(struct conn *c, bool on)
{
    struct link *k = link_of(c);

    if (k->patient == on)
        return;
    k->patient = on;
    link_touch(k);
}

void conns_stall(struct conns *cs, bool on)
{
    if (cs->stalled == on)
        return;
    cs->stalled = on;
    if (on)
        return;
    list_for_each_safe (it, tmp, &cs->parked) {
        struct link *k = list_entry(it, struct link, aside);

        if (!link_is_ahead(k))
            wake(k);
    }
}

void conns_listen(struct conns *cs, struct listener *l)
{
    cs->listener = l;
}

size_t conns_count(const struct conns *cs)
{
    return cs->n;
}

const struct conns_stats *conns_stats(const struct conns *cs)
{
    return &cs->stats;
}

void conns_reset_stats(struct conns *cs)
{
    cs->stats = (struct conns_stats){0};
}

void conns_set_limits(struct conns *cs, const struct conns_limits *limits)
{
    cs->limits = *limits;
}

struct conns *conns_new(struct loop *loop, const struct conn_hooks *hooks, const struct conns_limits *limits,
                        struct now now)
{
    struct conns *cs = mem_zalloc(sizeof *cs);

    cs->loop = loop;
    cs->hooks = *hooks;
    cs->limits = *limits;
    cs->now = now;
    list_init(&cs->all);
    list_init(&cs->ready);
    list_init(&cs->held);
    list_init(&cs->stuck);
    list_init(&cs->writable);
    list_init(&cs->silent);
    list_init(&cs->leaving);
    list_init(&cs->parked);
    list_init(&cs->doomed);
    return cs;
}

void conns_free(struct conns *cs)
{
    if (!cs)
        return;
    list_for_each (it, &cs->all)
        link_doom(list_entry(it, struct link, all));
    conns_reap(cs);
    must(list_empty(&cs->all));
    conns_free_shared(cs->shared);
    mem_free(cs);
}

void conns_forked(struct conns *cs)
{
    list_for_each (it, &cs->all) {
        const struct link *k = list_entry(it, struct link, all);

        if (k->c.wire.fd >= 0)
            close(k->c.wire.fd);
    }
}
