/* net/conn_in.c - bytes in: read, given to input(), kept. */
#include "base/mem.h"
#include "conn_impl.h"
#include <errno.h>
#include <sys/socket.h>

#define SHARED   ((size_t)64 * 1024) /* one read */
#define OWN_FROM (SHARED / 2)        /* from here on an unfinished request is read where it lies */

/* The read buffer is poisoned while nobody may look into it: a slice kept too long dies in tests. */
#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

/* Nothing was read: an error, nothing there after all (n < 0), or the peer's end (n == 0). What a peer
 * asked before its end is still answered. */
static void no_bytes(struct link *k, ssize_t n)
{
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n < 0)
        link_leave(k, strerror(errno));
    else if (k->c.blocked || !outbox_pending(k->c.out))
        link_leave(k, "closed by the peer");
    else
        conn_close_after(&k->c);
}

static bool received(struct link *k, ssize_t n)
{
    struct conns_stats *stats = &k->cs->stats;

    stats->reads++;
    if (n <= 0) {
        no_bytes(k, n);
        return false;
    }
    stats->bytes_in += (uint64_t)n;
    k->c.wire.bytes_in += (uint64_t)n;
    link_touch(k);
    return true;
}

/* A large request is read to where it lies, at most as much again as has arrived. */
static bool read_own(struct link *k, struct slice *view)
{
    struct buf *q = &k->c.wire.query;
    size_t room = k->wants;
    ssize_t n;

    buf_drop_front(q, k->c.wire.at);
    k->c.wire.at = 0;
    if (room > q->n)
        room = q->n;
    if (room < OWN_FROM)
        room = OWN_FROM;
    buf_reserve(q, room);
    n = recv(k->c.wire.fd, q->p + q->n, room, 0);
    if (!received(k, n))
        return false;
    q->n += (size_t)n;
    *view = buf_slice(q);
    return true;
}

/* All others are read to the shared buffer, behind what is kept of them. */
static bool read_shared(struct link *k, char *shared, struct slice *view)
{
    size_t have = wire_kept(&k->c.wire);
    ssize_t n = recv(k->c.wire.fd, shared + have, SHARED - have, 0);

    if (!received(k, n))
        return false;
    if (have)
        memcpy(shared, k->c.wire.query.p + k->c.wire.at, have);
    k->c.wire.query.n = k->c.wire.at = 0;
    *view = (struct slice){shared, have + (size_t)n};
    return true;
}

/* Keeps what is left of `view`, wherever that is, and no more memory than that is worth. */
static void keep(struct link *k, struct slice view, size_t used)
{
    struct buf *q = &k->c.wire.query;

    if (used == view.n) {
        buf_free(q);
        k->c.wire.at = 0;
    } else if (!q->n) { /* it is in the shared buffer */
        buf_add(q, view.p + used, view.n - used);
    } else {
        k->c.wire.at += used;
        if (q->cap > 2 * SHARED && wire_kept(&k->c.wire) <= OWN_FROM) {
            buf_drop_front(q, k->c.wire.at);
            k->c.wire.at = 0;
            buf_shrink(q, SHARED);
        }
    }
}

/* The owner's turn with these bytes. */
static void give(struct link *k, struct slice view)
{
    struct conns *cs = k->cs;
    struct conn_input r = {0};

    k->again = false;
    k->running = true;
    cs->hooks.input(&k->c, view, cs->now, &r);
    k->running = false;
    must(r.used <= view.n);
    if (k->doomed)
        return;
    keep(k, view, r.used);
    k->wants = r.wants;
    if (r.close)
        conn_close_after(&k->c);
    if (k->c.closing)
        return;
    if (r.blocked) {
        k->c.blocked = true;
        link_touch(k);
    } else if (r.again && wire_kept(&k->c.wire)) {
        k->again = true;
        link_ready(k);
    }
}

static void check_query(struct link *k)
{
    struct conns *cs = k->cs;

    if (k->doomed || k->c.closing)
        return;
    if (cs->limits.query && wire_kept(&k->c.wire) > cs->limits.query) {
        cs->stats.over_query++;
        link_drop_over(k, "query buffer", cs->limits.query);
    } else if (link_is_ahead(k)) {
        link_park(k);
    }
}

/* What there is for input(). False: nothing, now. */
static bool look(struct link *k, char *shared, struct slice *view)
{
    if (!k->again)
        return wire_kept(&k->c.wire) > OWN_FROM ? read_own(k, view) : read_shared(k, shared, view);
    *view = (struct slice){k->c.wire.query.p + k->c.wire.at, wire_kept(&k->c.wire)};
    return true;
}

static void run_one(struct link *k, char *shared)
{
    struct slice view;

    if (k->cs->stalled) {
        link_park(k);
        return;
    }
    if (!look(k, shared, &view))
        return;
    if (k->c.blocked)
        keep(k, view, 0);
    else
        give(k, view);
    check_query(k);
    link_finish_if_sent(k);
}

void conns_free_shared(char *shared)
{
    if (shared)
        ASAN_UNPOISON_MEMORY_REGION(shared, SHARED);
    mem_free(shared);
}

/* As many as were ready at the start; who gets ready meanwhile has its turn in the next one. */
void conns_read(struct conns *cs)
{
    char *shared = cs->shared ? cs->shared : mem_alloc(SHARED);

    cs->shared = NULL; /* a conns_run() from within input() takes another */
    for (size_t n = cs->n_ready; n && !list_empty(&cs->ready); n--) {
        struct link *k = list_entry(cs->ready.next, struct link, turn);

        link_not_ready(k);
        if (k->running)
            continue;
        ASAN_UNPOISON_MEMORY_REGION(shared, SHARED);
        run_one(k, shared);
        ASAN_POISON_MEMORY_REGION(shared, SHARED);
    }
    if (cs->shared)
        conns_free_shared(shared);
    else
        cs->shared = shared;
}
