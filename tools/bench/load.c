/* load.c - one run of a workload, from an empty queue to an empty queue. */
#include "load.h"
#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK_MS "200" /* a consumer waits this long for a message before it asks again */
#define EVENTS   256

/* The run ends here; the first reason is the one that counts. Always false. */
bool fail(struct load *l, const char *fmt, ...)
{
    va_list args;

    if (l->res->failure[0])
        return false;
    va_start(args, fmt);
    vsnprintf(l->res->failure, sizeof(l->res->failure), fmt, args);
    va_end(args);
    return false;
}

void error_reply(struct load *l, struct slice text)
{
    if (l->res->errors++ == 0)
        snprintf(l->res->first_error, sizeof(l->res->first_error), "%.*s", SLICE_ARG(text));
}

/* ---- the loop ---- */

static bool peer_replies(struct load *l, struct peer *p)
{
    struct element e;
    int whole;

    while ((whole = reply_whole(p)) > 0) {
        if (p->inflight == 0)
            return fail(l, "%s: a reply that nobody asked for", l->at->name);
        element_take(p->in.p + p->in.start, p->in.p + p->in.end, &e);
        if (!(p->role == PRODUCER ? producer_reply(l, p, &e) : consumer_reply(l, p, &e)))
            return false;
        reply_drop(p);
    }
    return whole == 0 || fail(l, "%s: a reply that is not RESP", l->at->name);
}

static bool peer_turn(struct load *l, struct peer *p, uint32_t events)
{
    if ((events & EPOLLOUT) && !peer_flush(l, p))
        return false;
    if (!(events & ~(uint32_t)EPOLLOUT))
        return true;
    if (!peer_receive(l, p))
        return false;
    l->now = clock_usec();
    return peer_replies(l, p);
}

static bool load_reached(const struct load *l)
{
    if (l->kind == PRODUCE)
        return l->added + l->failed >= l->o->count;
    return l->seen >= consume_target(l) && l->acks_out == 0;
}

static bool load_quiet(const struct load *l)
{
    return l->inflight == 0;
}

static bool load_late(struct load *l)
{
    return fail(
        l, "timed out after %" PRIu64 " s: %" PRIu64 " of %" PRIu64 " messages added, %" PRIu64 " received",
        l->o->timeout, l->added, l->o->count, l->seen);
}

static bool load_until(struct load *l, bool (*done)(const struct load *))
{
    struct epoll_event ev[EVENTS];

    while (!done(l)) {
        int n = epoll_wait(l->epoll, ev, EVENTS, l->o->rate && l->next < l->end ? 1 : 100);

        l->now = clock_usec();
        if (l->now > l->deadline)
            return load_late(l);
        for (int i = 0; i < n; i++)
            if (!peer_turn(l, ev[i].data.ptr, ev[i].events))
                return false;
        if (!producers_feed(l))
            return false;
    }
    return true;
}

/* ---- before and after ---- */

/* The server's CPU seconds so far; NAN if it does not tell. */
static bool server_cpu(struct load *l, double *seconds)
{
    static const char *const field[] = {"used_cpu_user:", "used_cpu_sys:"};
    struct element e;

    *seconds = 0;
    if (!ask(l, &l->control, &e, "INFO", "cpu", NULL))
        return false;
    for (int i = 0; i < 2; i++) {
        const char *at = e.type == '$' && e.n > 0 ? memmem(e.text.p, e.n, field[i], strlen(field[i])) : NULL;

        *seconds += at ? strtod(at + strlen(field[i]), NULL) : NAN; /* ends at the latest at the bulk's \r */
    }
    return true;
}

static double own_cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* A group at the start of the queue, which may be there from an earlier run; or a fresh one at its end. */
static bool group_prepare(struct load *l)
{
    const char *queue = l->o->queue, *group = l->o->group, *from = l->kind == E2E ? "$" : "0";
    struct element e;

    if (l->kind == E2E && !ask(l, &l->control, &e, "XGROUP", "DESTROY", queue, group, NULL))
        return false;
    if (!ask(l, &l->control, &e, "XGROUP", "CREATE", queue, group, from, "MKSTREAM", NULL))
        return false;
    if (e.type == '-' && !(l->kind == CONSUME && e.text.n > 9 && memcmp(e.text.p, "BUSYGROUP", 9) == 0))
        return refused(l, "XGROUP CREATE", &e);
    return true;
}

static bool queue_delete(struct load *l)
{
    struct element e;

    if (!ask(l, &l->control, &e, "DEL", l->o->queue, NULL))
        return false;
    return e.type != '-' || refused(l, "DEL", &e);
}

static void consumer_name(struct load *l, struct peer *p, unsigned i)
{
    char name[32], batch[NUM_MAX + 1];

    snprintf(name, sizeof(name), "c%u", i);
    snprintf(batch, sizeof(batch), "%" PRIu64, l->o->batch);
    bytes_request(&p->read_cmd, "XREADGROUP", "GROUP", l->o->group, name, "COUNT", batch, "BLOCK", BLOCK_MS,
                  "STREAMS", l->o->queue, ">", NULL);
}

static bool peers_open(struct load *l)
{
    unsigned producers = l->kind == CONSUME ? 0 : l->o->clients;
    unsigned consumers = l->kind == PRODUCE ? 0 : l->o->consumers;

    l->peer = resize(NULL, (producers + consumers) * sizeof(*l->peer));
    for (; l->peers < producers + consumers; l->peers++) {
        bool adds = l->peers < producers;
        struct peer *p = &l->peer[l->peers];

        if (!peer_open(l, p, adds ? PRODUCER : CONSUMER)) {
            peer_close(p);
            return false;
        }
        if (!adds)
            consumer_name(l, p, l->peers - producers);
    }
    l->producers = producers;
    return true;
}

/* Makes the requests' constant parts, and room for the pattern. */
static void load_compose(struct load *l)
{
    bytes_header(&l->add_head, '*', 5);
    bytes_word(&l->add_head, SLICE("XADD"));
    bytes_word(&l->add_head, slice_of(l->o->queue));
    bytes_word(&l->add_head, SLICE("*"));
    bytes_word(&l->add_head, SLICE("d"));
    bytes_header(&l->add_head, '$', l->o->size);
    l->pattern = pattern_new(l->o->size);
    l->next = l->o->first;
    l->end = l->kind == CONSUME ? l->next : l->next + l->o->count;
}

static bool load_prepare(struct load *l)
{
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        return fail(l, "epoll: %s", strerror(errno));
    load_compose(l);
    if (!peer_open(l, &l->control, CONTROL) || (l->empty_first && !queue_delete(l)) ||
        (l->kind != PRODUCE && !group_prepare(l)))
        return false;
    return peers_open(l);
}

static bool load_start(struct load *l)
{
    l->started = l->last = l->now = clock_usec();
    for (unsigned i = l->producers; i < l->peers; i++)
        if (!consumer_read(l, &l->peer[i]))
            return false;
    return producers_feed(l);
}

static uint64_t load_messages(const struct load *l)
{
    return l->kind == PRODUCE ? l->added : l->seen;
}

/* The CPU is read between reaching the goal and the last consumers giving up waiting. */
static bool load_measure(struct load *l)
{
    double server[2], own = own_cpu();
    struct result *r = l->res;

    if (!server_cpu(l, &server[0]) || !load_start(l) || !load_until(l, load_reached) ||
        !server_cpu(l, &server[1]))
        return false;
    r->messages = load_messages(l);
    r->seconds = (l->last - l->started) / 1e6;
    if (r->messages > 0) {
        r->rate = r->seconds > 0 ? r->messages / r->seconds : 0;
        r->cpu_us = (server[1] - server[0]) * 1e6 / r->messages;
        r->own_us = (own_cpu() - own) * 1e6 / r->messages;
    }
    return load_until(l, load_quiet);
}

/* Not received though they should have been; of a run that was cut short, those it had sent. */
static uint64_t load_lost(const struct load *l)
{
    uint64_t should = l->kind == E2E ? l->sent - l->failed : l->o->count;

    return l->seen < should ? should - l->seen : 0;
}

/* What the server says it still has: added messages in a queue of our own, pending ones in our group. */
static bool server_count(struct load *l, uint64_t *n)
{
    struct cursor c;
    struct element e;
    bool asked;

    asked = l->kind == PRODUCE ? ask(l, &l->control, &e, "XLEN", l->o->queue, NULL)
                               : ask(l, &l->control, &e, "XPENDING", l->o->queue, l->o->group, NULL);
    if (!asked || e.type == '-')
        return asked && refused(l, l->kind == PRODUCE ? "XLEN" : "XPENDING", &e);
    c = (struct cursor){l->control.in.p + l->control.in.start, l->control.in.p + l->control.in.end};
    if ((l->kind != PRODUCE && !cursor_take(&c, '*', &e)) || !cursor_take(&c, ':', &e))
        return fail(l, "%s: XLEN or XPENDING did not answer with a number", l->at->name);
    *n = e.n;
    return true;
}

/* A queue that others use too, or that was there before, cannot be counted: its consumers will tell. */
static bool load_verify(struct load *l)
{
    struct result *r = l->res;
    bool ours = l->empty_first || l->kind == E2E;
    uint64_t n = 0;

    if (ours && !server_count(l, &n))
        return false;
    if (l->kind == PRODUCE) {
        r->lost = ours && n < l->added ? l->added - n : 0;
        return true;
    }
    r->lost = load_lost(l);
    r->unacked = l->acked < l->seen ? l->seen - l->acked : 0;
    r->unacked = n > r->unacked ? n : r->unacked;
    return true;
}

static void load_free(struct load *l)
{
    for (unsigned i = 0; i < l->peers; i++)
        peer_close(&l->peer[i]);
    peer_close(&l->control);
    if (l->epoll >= 0)
        close(l->epoll);
    bytes_free(&l->add_head);
    free(l->peer);
    free(l->pattern);
    free(l->seen_bits);
    free(l);
}

static struct load *load_new(const struct options *o, const struct place *at, enum kind kind,
                             struct result *res)
{
    struct load *l = resize(NULL, sizeof(*l));

    *l = (struct load){.o = o, .at = at, .kind = kind, .res = res, .epoll = -1, .control.fd = -1};
    *res = (struct result){.kind = kind, .cpu_us = NAN, .own_us = NAN};
    l->deadline = clock_usec() + (usec)o->timeout * SEC;
    l->empty_first = l->empty_after = !o->keep;
    return l;
}

/* One run, ended however it ends, and tidied up: even a late run gets a little time for that. */
static void load_run(struct load *l)
{
    struct result *r = l->res;
    bool done = load_prepare(l) && load_measure(l) && load_verify(l);

    r->messages = load_messages(l);
    if (!done && l->kind != PRODUCE && l->started)
        r->lost = load_lost(l);
    r->p50 = hist_percentile(&l->latency, 50);
    r->p99 = hist_percentile(&l->latency, 99);
    r->max = l->latency.max;
    l->deadline = clock_usec() + 5 * SEC;
    if (l->empty_after && l->peer)
        done = queue_delete(l) && done;
    r->ok = done && !r->lost && !r->damaged && !r->unacked && !r->errors;
    load_free(l);
}

static void fill_run(const struct options *o, const struct place *at, struct result *res)
{
    struct load *l = load_new(o, at, PRODUCE, res);

    l->empty_first = true;
    l->empty_after = false;
    load_run(l);
}

void workload_run(const struct options *o, const struct place *at, enum kind kind, bool fill,
                  struct result *res)
{
    struct load *l;

    if (kind == CONSUME && fill) {
        fill_run(o, at, res);
        if (!res->ok)
            return;
    }
    l = load_new(o, at, kind, res);
    if (kind == CONSUME)
        l->empty_first = false;
    load_run(l);
}
