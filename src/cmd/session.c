/* cmd/session.c - see cmd/session.h. */
#include "cmd/session.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/monitor.h"
#include "handlers.h"
#include "pause.h"

#define INLINE_MAX (64 * 1024)
#define ARGS_KEPT  4096

static struct slice id_text(const uint64_t *id)
{
    return (struct slice){(const char *)id, sizeof *id};
}

static struct slice entry_id(const void *entry)
{
    return id_text(&((const struct session *)entry)->id);
}

const struct dict_type session_by_id_type = {.key = entry_id};

static char no_address[] = "";
static const struct wire no_wire = {.addr = no_address, .laddr = no_address, .fd = -1};

static struct session *make(struct service *sv, const struct wire *wire)
{
    struct session *s = mem_zalloc(sizeof *s);

    s->service = sv;
    s->wire = wire;
    outbox_init(&s->out, &sv->pool);
    s->reply = (struct reply){.out = &s->out, .proto = 2};
    resp_init(&s->parser);
    watcher_init(&s->watcher);
    subscriber_init(&s->subscriber, &s->reply);
    readings_init(&s->readings);
    s->waiter.timeout.pos = HEAP_OUT;
    return s;
}

static char lua_address[] = "lua";
static const struct wire lua_wire = {.addr = lua_address, .laddr = no_address, .fd = -1};

struct session *session_inner(struct service *sv)
{
    struct session *s = make(sv, &lua_wire);

    s->authenticated = true;
    return s;
}

struct session *session_new(struct service *sv, struct now now)
{
    struct session *s = make(sv, &no_wire);

    s->id = ++sv->next_session;
    s->authenticated = !*sv->config.requirepass;
    s->created = now.wall;
    s->seen = now.mono;
    session_limit_output(s);
    list_push(&sv->sessions, &s->node);
    dict_add(&sv->by_id, s);
    sv->n_sessions++;
    return s;
}

static void unsubscribe_all(struct session *s)
{
    struct slice name;

    for (int k = 0; k < PUBSUB_KINDS; k++)
        while (pubsub_oldest(&s->subscriber, (enum pubsub_kind)k, &name))
            pubsub_unsubscribe(s->service->broker.pubsub, &s->subscriber, name, (enum pubsub_kind)k);
}

static void let_go(struct session *s)
{
    call_wait_end(s);
    pause_forget(s);
    multi_forget(s);
    unsubscribe_all(s);
    monitor_stop(s);
}

void session_free(struct session *s)
{
    let_go(s);
    change_readings_end(&s->service->broker, &s->readings);
    if (list_linked(&s->node)) {
        dict_remove(&s->service->by_id, id_text(&s->id));
        list_remove(&s->node);
        s->service->n_sessions--;
    }
    list_remove(&s->to_close);
    list_remove(&s->resumed);
    list_remove(&s->out.touched);
    if (s->service->batch.of == s)
        s->service->batch.n = 0;
    outbox_free(&s->out);
    resp_free(&s->parser);
    mem_free(s->name);
    mem_free(s->lib_name);
    mem_free(s->lib_ver);
    mem_free(s);
}

void session_reset(struct session *s)
{
    let_go(s);
    session_limit_output(s);
    s->db = 0;
    s->reply.proto = 2;
    s->replies = REPLY_ON;
    outbox_mute(&s->out, false);
    s->authenticated = !*s->service->config.requirepass;
    s->no_evict = s->no_touch = false;
    mem_free(s->name); /* not of the library: it is the same */
    s->name = NULL;
}

bool session_subscribed(const struct session *s)
{
    return s->subscriber.n[PUBSUB_CHANNEL] + s->subscriber.n[PUBSUB_PATTERN] + s->subscriber.n[PUBSUB_SHARD] >
           0;
}

void session_kill(struct session *s)
{
    s->killed = true;
    call_wait_end(s); /* nothing more is to be taken out for it */
    pause_forget(s);
    if (!list_linked(&s->to_close))
        list_push(&s->service->to_close, &s->to_close);
}

struct session *session_by_id(const struct service *sv, uint64_t id)
{
    return dict_find(&sv->by_id, id_text(&id));
}

bool session_listens(const struct session *s)
{
    return session_subscribed(s) || list_linked(&s->monitor);
}

enum output_class session_class(const struct session *s)
{
    return session_listens(s) ? OUTPUT_PUBSUB : OUTPUT_NORMAL;
}

void session_limit_output(struct session *s)
{
    s->out.limit = &s->service->config.output[session_class(s)].hard;
}

static struct resp_limits limits_of(const struct session *s)
{
    const struct config *c = &s->service->config;

    return (struct resp_limits){.bulk_max = c->proto_max_bulk_len,
                                .inline_max = INLINE_MAX,
                                .args_max = (uint64_t)c->client_max_arguments,
                                .unauth = !s->authenticated};
}

static void protocol_error(struct session *s, const char *why)
{
    reply_errorf(&s->reply, "ERR %s", why);
    broker_touch(&s->service->broker, &s->out);
    s->close_after_reply = true;
}

/* Waiters are looked at before the next command that is not an add: a run of adds wakes only as many
 * as it takes. */
static void serve_waiters(struct service *sv, const struct command *next, struct now now)
{
    if (list_empty(&sv->broker.ready) ||
        (next && (next->flags & CMD_ADDS) && sv->config.stream_wake_batching))
        return;
    blocked_run(sv, now);
}

static void run_one(struct session *s, const struct args *a, struct now now)
{
    struct service *sv = s->service;
    const struct command *container;

    if (!list_empty(&sv->broker.ready))
        serve_waiters(sv, command_find(a->v, a->n, &container), now);
    call_run(s, a->v, a->n, now);
    if (!list_empty(&sv->broker.ready))
        serve_waiters(sv, s->last_command, now);
}

/* Out of line, for few clients hear themselves. */
__attribute__((noinline)) void session_add_messages(struct session *s)
{
    struct broker *b = &s->service->broker;
    struct slice messages = outbox_ready(&b->aside, UINT64_MAX);
    uint64_t from = outbox_pos(&s->out);
    unsigned muted = s->out.muted & OUTBOX_MUTED;

    if (outbox_over(&b->aside)) {
        s->out.muted |= OUTBOX_OVER;
    } else {
        outbox_mute(&s->out, false);
        outbox_add(&s->out, messages.p, messages.n);
        outbox_mute(&s->out, muted);
        outbox_mark(&s->out, from, broker_offset(b));
    }
    outbox_taken(&b->aside, messages.n);
    b->aside.muted = 0;
    broker_touch(b, &s->out);
}

struct session_run session_input(struct session *s, const char *p, size_t n, unsigned budget, struct now now)
{
    struct service *sv = s->service;
    struct session_run run = {0};
    size_t used;
    const char *why;

    s->seen = now.mono;
    if (list_linked(&s->postponed))
        return run;
    s->given = n;
    sv->broker.answering = &s->reply;
    while (!s->waiting && !s->close_after_reply && !s->killed && run.used < n) {
        struct resp_limits limits = limits_of(s); /* AUTH changes them */
        enum resp_result r;

        if (budget == 0 || outbox_over(&s->out)) { /* over: nothing more is made for whom nothing is sent */
            run.more = true;
            break;
        }
        r = resp_next(&s->parser, &limits, p + run.used, n - run.used, &sv->args, &used, &why);
        if (r == RESP_MORE)
            break;
        if (r == RESP_ERROR) {
            protocol_error(s, why);
            break;
        }
        if (sv->args.n) {
            sv->batch.flags = used == n ? 0 : sv->together;
            run_one(s, &sv->args, now);
            budget--;
        }
        if (list_linked(&s->postponed)) /* it comes again */
            break;
        run.used += used;
        s->net_in += used;
    }
    sv->broker.answering = NULL;
    s->given = 0;
    if (sv->args.cap > ARGS_KEPT) /* one enormous request must not hold its array for ever */
        args_free(&sv->args);
    return run;
}

void session_run_end(struct service *sv, struct now now)
{
    call_batch_end(sv, now.wall);
    if (!list_empty(&sv->broker.ready) || !list_empty(&sv->broker.timed_out))
        blocked_run(sv, now);
}
