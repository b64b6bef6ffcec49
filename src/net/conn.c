/* net/conn.c - bytes in and out of the connections.
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
#include "net/conn.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop_impl.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHARED       ((size_t)64 * 1024)  /* one read */
#define OWN_FROM     (SHARED / 2)         /* from here on an unfinished request is read where it lies */
#define AHEAD        ((size_t)256 * 1024) /* what a blocked client may send before it is parked */
#define ACCEPT_BURST 64                   /* a turn */
#define CHECK_EVERY  ((usec)1000000)      /* those of whom no event tells: parked, stuck */

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

/* A connection, and what only this file knows of it. */
struct link {
    struct conn c;
    struct conns *cs;
    struct event event;   /* to read; pending unless parked, closing or doomed */
    struct event *wevent; /* to write; made for the first reply that the socket does not take at once */
    struct list all, turn, send, age, aside;
    size_t at, wants; /* c.query from `at` on is not used yet; a hint for the next read */
    usec soft_since;  /* over the soft limit since; 0: is not */
    usec leave;       /* closing: when it is closed anyway */
    bool again;       /* input() goes on with c.query, without a read */
    bool running;     /* input() has been called and has not returned */
    bool stuck;       /* the write event is pending */
    bool parked, doomed, patient;
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

static const char full_text[] = "-ERR max number of clients reached\r\n";
static const char denied_text[] =
    "-DENIED leanmqd is running in protected mode because no password is set for the default user, and "
    "in this mode it talks to clients on its own machine only. To let others in, do one of these: set a "
    "password with 'requirepass' and authenticate with it; or, if the network is trusted, "
    "send 'CONFIG SET protected-mode no' from the machine itself, or write 'protected-mode no' into the "
    "configuration file and restart, or start with '--protected-mode no'.\r\n";

static struct link *link_of(struct conn *c)
{
    return (struct link *)c;
}

static size_t kept(const struct link *k)
{
    return k->c.query.n - k->at;
}

/* --- lists and events --- */

static void get_ready(struct link *k)
{
    if (list_linked(&k->turn))
        return;
    list_push(&k->cs->ready, &k->turn);
    k->cs->n_ready++;
}

static void not_ready(struct link *k)
{
    if (!list_linked(&k->turn))
        return;
    list_remove(&k->turn);
    k->cs->n_ready--;
}

static void park(struct link *k)
{
    if (k->parked)
        return;
    k->parked = true;
    event_del(&k->event);
    list_push(&k->cs->parked, &k->aside);
}

static void unpark(struct link *k)
{
    if (!k->parked)
        return;
    k->parked = false;
    list_remove(&k->aside);
    event_add(&k->event, NULL);
}

/* Its clock starts anew, if time runs for it at all. */
static void touch(struct link *k)
{
    k->c.last = k->cs->now.mono;
    if (k->c.closing || k->doomed)
        return;
    list_remove(&k->age);
    if (!k->patient && !k->c.blocked)
        list_push(&k->cs->silent, &k->age);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    get_ready(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct link *k = arg;

    (void)fd, (void)what;
    k->stuck = false;
    list_remove(&k->send);
    list_push(&k->cs->writable, &k->send);
}

static void wait_writable(struct link *k)
{
    if (!k->wevent) {
        k->wevent = mem_alloc(sizeof *k->wevent);
        event_assign(k->wevent, loop_base(k->cs->loop), k->c.fd, EV_WRITE, on_writable, k);
    }
    k->stuck = true;
    event_add(k->wevent, NULL);
}

/* --- the end of a connection --- */

/* Closed from now on; freed by reap(), when nobody is looking at it. */
static void doom(struct link *k)
{
    struct conns *cs = k->cs;

    if (k->doomed)
        return;
    k->doomed = true;
    event_del(&k->event);
    if (k->wevent)
        event_del(k->wevent);
    k->stuck = false;
    shutdown(k->c.fd,
             SHUT_RDWR); /* a child just forked has the socket, too: close() alone might not be heard */
    close(k->c.fd);
    k->c.fd = -1;
    not_ready(k);
    list_remove(&k->send);
    list_remove(&k->age);
    list_remove(&k->aside);
    list_push(&cs->doomed, &k->aside);
    cs->n--;
    if (cs->hooks.gone && k->c.owner)
        cs->hooks.gone(&k->c);
}

/* An ending that the peer or the owner wanted. */
static void leave(struct link *k, const char *reason)
{
    if (!k->doomed)
        log_verbose("client closed: conn=%" PRIu64 " addr=%s reason=\"%s\"", k->c.id, k->c.addr, reason);
    doom(k);
}

static void drop(struct link *k, const char *reason)
{
    if (!k->doomed)
        log_warning("client dropped: conn=%" PRIu64 " addr=%s reason=\"%s\"", k->c.id, k->c.addr, reason);
    doom(k);
}

static void drop_over(struct link *k, const char *what, uint64_t limit)
{
    char reason[96];

    snprintf(reason, sizeof reason, "%s over %" PRIu64 " bytes", what, limit);
    drop(k, reason);
}

static void bury(struct link *k)
{
    list_remove(&k->aside);
    list_remove(&k->all);
    if (k->c.out)
        list_remove(&k->c.out->touched);
    k->cs->hooks.closed(&k->c);
    mem_free(k->wevent);
    buf_free(&k->c.query);
    mem_free(k->c.addr);
    mem_free(k->c.laddr);
    mem_free(k);
}

/* A closed() may close others: they come to the end of the list. One whose input() is running on a lower
 * call of conns_run() waits for that to return. */
static void reap(struct conns *cs)
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
        drop(link_of(c), reason);
    else
        leave(link_of(c), "closed here");
}

/* A socket closed with bytes unread resets the connection, and may take the last reply with it. */
static void finish(struct link *k)
{
    char bin[4096];

    for (int i = 0; i < 16 && recv(k->c.fd, bin, sizeof bin, MSG_DONTWAIT) > 0; i++)
        ;
    leave(k, "done");
}

static void finish_if_sent(struct link *k)
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
    k->parked = false;
    list_remove(&k->aside);
    not_ready(k);
    list_remove(&k->age);
    k->leave = k->cs->now.mono + CONN_GRACE;
    list_push(&k->cs->leaving, &k->age);
    if (!k->running) /* or its last reply may be still to come */
        finish_if_sent(k);
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
    k->c.fd = a->fd;
    k->c.is_unix = a->is_unix;
    k->c.loopback = a->loopback;
    k->c.addr = mem_strdup(slice_of(a->addr));
    k->c.laddr = mem_strdup(slice_of(a->laddr));
    k->c.opened = cs->now.mono;
    list_push(&cs->all, &k->all);
    cs->n++;
    cs->stats.opened++;
    event_assign(&k->event, loop_base(cs->loop), a->fd, EV_READ | EV_PERSIST, on_readable, k);
    event_add(&k->event, NULL);
    touch(k);
    cs->hooks.opened(cs->hooks.arg, &k->c);
    must(k->c.out);
    return &k->c;
}

static void accept_some(struct conns *cs)
{
    struct accepted a;
    struct conn *c;

    for (int i = 0; cs->listener && i < ACCEPT_BURST && listener_next(cs->listener, cs->now.mono, &a); i++) {
        c = conns_add(cs, &a);
        if (c)
            log_debug("client connected: conn=%" PRIu64 " addr=%s", c->id, c->addr);
    }
}

/* --- bytes in --- */

/* Nothing was read: an error, nothing there after all (n < 0), or the peer's end (n == 0). What a peer
 * asked before its end is still answered. */
static void no_bytes(struct link *k, ssize_t n)
{
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n < 0)
        leave(k, strerror(errno));
    else if (k->c.blocked || !outbox_pending(k->c.out))
        leave(k, "closed by the peer");
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
    k->c.bytes_in += (uint64_t)n;
    touch(k);
    return true;
}

/* A large request is read to where it lies, at most as much again as has arrived. */
static bool read_own(struct link *k, struct slice *view)
{
    struct buf *q = &k->c.query;
    size_t room = k->wants;
    ssize_t n;

    buf_drop_front(q, k->at);
    k->at = 0;
    if (room > q->n)
        room = q->n;
    if (room < OWN_FROM)
        room = OWN_FROM;
    buf_reserve(q, room);
    n = recv(k->c.fd, q->p + q->n, room, 0);
    if (!received(k, n))
        return false;
    q->n += (size_t)n;
    *view = buf_slice(q);
    return true;
}

/* All others are read to the shared buffer, behind what is kept of them. */
static bool read_shared(struct link *k, char *shared, struct slice *view)
{
    size_t have = kept(k);
    ssize_t n = recv(k->c.fd, shared + have, SHARED - have, 0);

    if (!received(k, n))
        return false;
    if (have)
        memcpy(shared, k->c.query.p + k->at, have);
    k->c.query.n = k->at = 0;
    *view = (struct slice){shared, have + (size_t)n};
    return true;
}

/* Keeps what is left of `view`, wherever that is, and no more memory than that is worth. */
static void keep(struct link *k, struct slice view, size_t used)
{
    struct buf *q = &k->c.query;

    if (used == view.n) {
        buf_free(q);
        k->at = 0;
    } else if (!q->n) { /* it is in the shared buffer */
        buf_add(q, view.p + used, view.n - used);
    } else {
        k->at += used;
        if (q->cap > 2 * SHARED && kept(k) <= OWN_FROM) {
            buf_drop_front(q, k->at);
            k->at = 0;
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
        touch(k);
    } else if (r.again && kept(k)) {
        k->again = true;
        get_ready(k);
    }
}

static void check_query(struct link *k)
{
    struct conns *cs = k->cs;

    if (k->doomed || k->c.closing)
        return;
    if (cs->limits.query && kept(k) > cs->limits.query) {
        cs->stats.over_query++;
        drop_over(k, "query buffer", cs->limits.query);
    } else if (k->c.blocked && kept(k) >= AHEAD) {
        park(k);
    }
}

/* What there is for input(). False: nothing, now. */
static bool look(struct link *k, char *shared, struct slice *view)
{
    if (!k->again)
        return kept(k) > OWN_FROM ? read_own(k, view) : read_shared(k, shared, view);
    *view = (struct slice){k->c.query.p + k->at, kept(k)};
    return true;
}

static void run_one(struct link *k, char *shared)
{
    struct slice view;

    if (k->cs->stalled) {
        park(k);
        return;
    }
    if (!look(k, shared, &view))
        return;
    if (k->c.blocked)
        keep(k, view, 0);
    else
        give(k, view);
    check_query(k);
    finish_if_sent(k);
}

static void shared_free(char *shared)
{
    if (shared)
        ASAN_UNPOISON_MEMORY_REGION(shared, SHARED);
    mem_free(shared);
}

/* As many as were ready at the start; who gets ready meanwhile has its turn in the next one. */
static void run_ready(struct conns *cs)
{
    char *shared = cs->shared ? cs->shared : mem_alloc(SHARED);

    cs->shared = NULL; /* a conns_run() from within input() takes another */
    for (size_t n = cs->n_ready; n && !list_empty(&cs->ready); n--) {
        struct link *k = list_entry(cs->ready.next, struct link, turn);

        not_ready(k);
        if (k->running)
            continue;
        ASAN_UNPOISON_MEMORY_REGION(shared, SHARED);
        run_one(k, shared);
        ASAN_POISON_MEMORY_REGION(shared, SHARED);
    }
    if (cs->shared)
        shared_free(shared);
    else
        cs->shared = shared;
}

/* --- time --- */

static void drop_silent(struct conns *cs)
{
    while (cs->limits.idle && !list_empty(&cs->silent)) {
        struct link *k = list_entry(cs->silent.next, struct link, age);

        if (k->c.last + cs->limits.idle > cs->now.mono)
            return;
        if (k->running) {
            touch(k);
            continue;
        }
        cs->stats.timed_out++;
        leave(k, "idle");
    }
}

/* The time is the peer's to read; what waits for the journal waits on. */
static void drop_leaving(struct conns *cs)
{
    while (!list_empty(&cs->leaving)) {
        struct link *k = list_entry(cs->leaving.next, struct link, age);

        if (k->leave > cs->now.mono)
            return;
        if (k->stuck || !outbox_pending(k->c.out)) {
            leave(k, "last reply not read");
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
        struct pollfd p = {.fd = k->c.fd, .events = POLLRDHUP};

        if (k->c.blocked && poll(&p, 1, 0) > 0)
            leave(k, "closed by the peer");
    }
}

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
        drop_over(k, "output buffer has long been", limit->soft);
    }
}

/* Stuck, and nothing new to send that would bring it up. */
static void drop_slow(struct conns *cs)
{
    list_for_each_safe (it, tmp, &cs->stuck)
        check_soft(list_entry(it, struct link, send));
}

void conns_run(struct conns *cs, struct now now)
{
    cs->now = now;
    reap(cs); /* who was closed since the last run gets nothing of this one */
    drop_silent(cs);
    drop_leaving(cs);
    if (now.mono >= cs->check) {
        drop_gone(cs);
        drop_slow(cs);
        cs->check = now.mono + CHECK_EVERY;
    }
    run_ready(cs);
    reap(cs);
    accept_some(cs); /* last: whoever left in this turn has made room */
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
        due = earlier(due, list_entry(cs->silent.next, struct link, age)->c.last + cs->limits.idle);
    if (!list_empty(&cs->leaving))
        due = earlier(due, list_entry(cs->leaving.next, struct link, age)->leave);
    if (!list_empty(&cs->parked) || !list_empty(&cs->stuck))
        due = earlier(due, cs->check);
    return due;
}

/* --- bytes out --- */

/* At most one send(). False: the connection is over. */
static bool send_once(struct link *k, struct slice ready)
{
    struct conns_stats *stats = &k->cs->stats;
    ssize_t n = send(k->c.fd, ready.p, ready.n, MSG_NOSIGNAL);

    stats->writes++;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        leave(k, strerror(errno));
        return false;
    }
    if (n > 0) {
        stats->bytes_out += (uint64_t)n;
        k->c.bytes_out += (uint64_t)n;
        outbox_taken(k->c.out, (size_t)n);
        touch(k);
        if (k->c.closing) { /* it does read: it gets its time anew */
            k->leave = k->cs->now.mono + CONN_GRACE;
            list_remove(&k->age);
            list_push(&k->cs->leaving, &k->age);
        }
    }
    if (n < (ssize_t)ready.n)
        wait_writable(k);
    return true;
}

/* A reply that makes it too much at one stroke is not waited for. */
static bool over_hard(struct link *k)
{
    const uint64_t *limit = k->c.out->limit;

    if (!outbox_over(k->c.out))
        return false;
    k->cs->stats.over_out++;
    drop_over(k, "output buffer", limit ? *limit : 0);
    return true;
}

static void send_some(struct link *k, uint64_t safe)
{
    struct slice ready;

    if (k->doomed || over_hard(k))
        return;
    ready = k->stuck ? (struct slice){0} : outbox_ready(k->c.out, safe);
    if (ready.n && !send_once(k, ready))
        return;
    list_remove(&k->send);
    if (k->stuck)
        list_push(&k->cs->stuck, &k->send);
    else if (outbox_pending(k->c.out))
        list_push(&k->cs->held, &k->send);
    check_soft(k);
    finish_if_sent(k);
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

/* --- the owner's wishes --- */

/* Back to what the socket and the kept bytes call for. */
static void wake(struct link *k)
{
    if (k->doomed || k->c.closing)
        return;
    unpark(k);
    if (k->again)
        get_ready(k);
}

void conn_resume(struct conn *c)
{
    struct link *k = link_of(c);

    if (!c->blocked)
        return;
    c->blocked = false;
    k->again = kept(k) > 0;
    touch(k);
    wake(k);
}

void conn_set_patient(struct conn *c, bool on)
{
    struct link *k = link_of(c);

    if (k->patient == on)
        return;
    k->patient = on;
    touch(k);
}

size_t conn_memory(const struct conn *c)
{
    return sizeof(struct link) + c->query.cap + strlen(c->addr) + strlen(c->laddr) + 2;
}

static bool keeps_parked(const struct link *k)
{
    return k->c.blocked && kept(k) >= AHEAD;
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

        if (!keeps_parked(k))
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
        doom(list_entry(it, struct link, all));
    reap(cs);
    must(list_empty(&cs->all));
    shared_free(cs->shared);
    mem_free(cs);
}

void conns_forked(struct conns *cs)
{
    list_for_each (it, &cs->all) {
        const struct link *k = list_entry(it, struct link, all);

        if (k->c.fd >= 0)
            close(k->c.fd);
    }
}
