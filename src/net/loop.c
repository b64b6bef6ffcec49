/* net/loop.c - libevent's base, one timer, signals and eventfds. */
#include "net/loop.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop_impl.h"
#include <signal.h>

struct loop {
    struct event_base *base;
    struct event timer;
    struct list watches;
};

struct loop_watch {
    struct event event;
    struct list link;
    int what;
    loop_fn *fn;
    void *arg;
};

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

/* To end the wait is all the timer is for. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

/* No locks (one thread), no surprises from the environment; the coarse clock will do, see loop_wait(). */
static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(void)
{
    struct event_base *base = base_new();
    struct loop *l;

    if (!base)
        return NULL;
    l = mem_alloc(sizeof *l);
    l->base = base;
    list_init(&l->watches);
    event_assign(&l->timer, base, -1, 0, on_timer, NULL);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    while (!list_empty(&l->watches))
        loop_unwatch(list_entry(l->watches.next, struct loop_watch, link));
    event_del(&l->timer);
    event_base_free(l->base);
    mem_free(l);
}

void loop_wait(struct loop *l, usec timeout)
{
    struct timeval tv = {.tv_sec = timeout / 1000000, .tv_usec = timeout % 1000000};

    if (timeout > 0)
        event_add(&l->timer, &tv);
    else
        event_del(&l->timer);
    /* ONCE in both cases: NONBLOCK alone would go on for as long as there is something to read. */
    event_base_loop(l->base, EVLOOP_ONCE | (timeout ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *w = arg;

    (void)fd, (void)what;
    w->fn(w->arg, w->what);
}

static struct loop_watch *watch(struct loop *l, int what, short events, loop_fn *fn, void *arg)
{
    struct loop_watch *w = mem_alloc(sizeof *w);

    w->what = what;
    w->fn = fn;
    w->arg = arg;
    event_assign(&w->event, l->base, what, events | EV_PERSIST, on_event, w);
    if (event_add(&w->event, NULL) < 0) {
        mem_free(w);
        return NULL;
    }
    list_push(&l->watches, &w->link);
    return w;
}

struct loop_watch *loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg)
{
    return watch(l, signo, EV_SIGNAL, fn, arg);
}

struct loop_watch *loop_fd(struct loop *l, int fd, loop_fn *fn, void *arg)
{
    return watch(l, fd, EV_READ, fn, arg);
}

void loop_unwatch(struct loop_watch *w)
{
    if (!w)
        return;
    event_del(&w->event);
    list_remove(&w->link);
    mem_free(w);
}

void loop_forked(struct loop *l)
{
    list_for_each (it, &l->watches) {
        struct loop_watch *w = list_entry(it, struct loop_watch, link);

        if (event_get_events(&w->event) & EV_SIGNAL)
            signal(w->what, SIG_DFL);
    }
}
