/* server/turn.c - one turn of the loop, and where connections meet sessions. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/grave.h"
#include "cmd/call.h"
#include "cmd/session.h"
#include "queue/run.h"
#include "server/notify.h"
#include "server/server.h"

#include <stdlib.h>

/* --- connections and sessions --- */

static void opened(void *arg, struct conn *c)
{
    struct server *sv = arg;
    struct session *s = session_new(&sv->service, clock_now());

    s->wire = &c->wire;
    s->peer = c;
    c->owner = s;
    c->id = s->id;
    c->out = &s->out;
    c->limit = &sv->limits[session_class(s)];
}

/* Nothing more is to be taken out for it, though it is buried only at the end of the run. */
static void gone(struct conn *c)
{
    call_wait_end(c->owner);
}

static void closed(struct conn *c)
{
    session_free(c->owner);
}

static struct conn *conn_of(struct outbox *o)
{
    return list_entry(o, struct session, out)->peer;
}

/* A subscriber or a monitor is silent by nature, and may fall behind by less than others. */
static void follow_subscription(struct server *sv, struct conn *c, struct session *s)
{
    c->limit = &sv->limits[session_class(s)];
    conn_set_patient(c, session_listens(s));
}

static void input(struct conn *c, struct slice bytes, struct now now, struct conn_input *r)
{
    struct session *s = c->owner;
    struct server *sv = list_entry(s->service, struct server, service);
    struct session_run run =
        session_input(s, bytes.p, bytes.n, (unsigned)s->service->config.turn_commands, now);

    session_run_end(s->service, now);
    r->used = run.used;
    r->again = run.more;
    r->blocked = session_waits(s);
    r->close = s->close_after_reply;
    r->wants = resp_wants(&s->parser, bytes.n - run.used);
    if (session_listens(s) || c->limit != &sv->limits[OUTPUT_NORMAL])
        follow_subscription(sv, c, s);
}

const struct conn_hooks server_hooks = {
    .opened = opened, .input = input, .gone = gone, .closed = closed, .of = conn_of};

/* --- orders --- */

void server_close_killed(struct server *sv)
{
    struct list *l = &sv->service.to_close;

    while (!list_empty(l)) {
        struct session *s = list_entry(l->next, struct session, to_close);

        list_remove(&s->to_close);
        conn_close(s->peer, "killed");
    }
}

static void resume(struct server *sv)
{
    struct list *l = &sv->service.resumed;

    while (!list_empty(l)) {
        struct session *s = list_entry(l->next, struct session, resumed);

        list_remove(&s->resumed);
        if (!session_waits(s))
            conn_resume(s->peer);
    }
}

static bool protects(const struct config *c)
{
    return c->protected_mode && !*c->requirepass;
}

struct journal_options server_journal_options(const struct config *c)
{
    return (struct journal_options){.sync = (enum journal_sync)c->appendfsync,
                                    .reserve = c->journal_reserve,
                                    .unsynced_limit = c->journal_unsynced_limit};
}

void server_apply_settings(struct server *sv)
{
    const struct config *c = &sv->service.config;
    struct conns_limits limits = {.clients = (size_t)c->maxclients,
                                  .query = c->client_query_buffer_limit,
                                  .idle = c->timeout * 1000000,
                                  .protect = protects(c)};
    struct journal_options o = server_journal_options(c);

    for (int i = 0; i < OUTPUT_CLASSES; i++)
        sv->limits[i] = (struct out_limit){c->output[i].soft, c->output[i].soft_seconds * 1000000};
    log_set_level((enum log_level)c->loglevel);
    service_apply_config(&sv->service);
    if (sv->conns)
        conns_set_limits(sv->conns, &limits);
    if (sv->listener)
        listener_set_keepalive(sv->listener, (int)c->tcp_keepalive);
    if (sv->service.broker.journal)
        journal_set(sv->service.broker.journal, &o);
}

/* Before the commit of their turn: who was told that replies wait for the disk gets none that did not. */
static void take_settings(struct server *sv)
{
    bool *changed = &sv->service.broker.orders.settings;

    if (*changed)
        server_apply_settings(sv);
    *changed = false;
}

static void obey(struct server *sv, struct now now)
{
    struct orders *o = &sv->service.broker.orders;

    if (o->reset_stats) {
        o->reset_stats = false;
        conns_reset_stats(sv->conns);
    }
    if (sv->hangup) {
        sv->hangup = false;
        if (!log_reopen())
            log_warning("log not reopened: path=\"%s\"", sv->service.config.logfile);
    }
    if (sv->child_ended) {
        sv->child_ended = false;
        rewriter_reap(sv);
    }
    if (appendonly_obey(sv, now)) {
        resume(sv);
        sv->work_left = true; /* who waited for it is to be told */
    }
    rewriter_consider(sv, now);
}

/* --- the turn --- */

void server_tell(const struct server *sv, const char *state)
{
    if (sv->service.config.supervised)
        notify_state(state);
}

/* The disk has refused: what is in memory may not be what a restart finds, so nothing more is said. */
noreturn void server_disk_failed(const char *what)
{
    log_warning("journal failed, ending: step=%s; what was acknowledged after the last sync may be lost",
                what);
    exit(EXIT_DISK);
}

static void say_space(struct server *sv, const struct journal *j)
{
    if (journal_short(j) == sv->short_of_space)
        return;
    sv->short_of_space = !sv->short_of_space;
    if (sv->short_of_space)
        log_warning("disk full: the journal cannot take its reserve; commands that add data are refused");
    else
        log_notice("disk has room again: commands that add data are taken");
}

/* For LATENCY: when something began that may hold up the server; 0 while nobody watches. */
static usec watch(const struct server *sv)
{
    return latency_watched(&sv->service) ? clock_usec() : 0;
}

static void watched(struct server *sv, enum latency_event event, usec began, msec now)
{
    if (began)
        latency_offer(&sv->service, event, clock_usec() - began, now);
}

/* A sync that has ended and that replies waited for. */
static void watch_syncs(struct server *sv, const struct journal *j, msec now)
{
    struct journal_info i;

    if (!latency_watched(&sv->service) || sv->service.config.appendfsync != JOURNAL_SYNC_ALWAYS)
        return;
    journal_info(j, &i);
    if (i.syncs != sv->seen_syncs)
        latency_offer(&sv->service, LATENCY_AOF_SYNC, i.last_sync, now);
    sv->seen_syncs = i.syncs;
}

static void commit(struct server *sv, struct now now)
{
    struct journal *j = sv->service.broker.journal;
    usec began = watch(sv);

    if (!j)
        return;
    if (journal_commit(j, now) == ERR_IO)
        server_disk_failed("write");
    watched(sv, LATENCY_AOF_WRITE, began, now.wall);
    watch_syncs(sv, j, now.wall);
    say_space(sv, j);
}

static void run_deadlines(struct server *sv, struct now now)
{
    struct service *s = &sv->service;
    usec began = watch(sv);

    sv->work_left = queue_run(&s->broker, now, (unsigned)s->config.turn_deadlines);
    sv->work_left |= graves_dig(&s->broker, (size_t)s->config.turn_frees);
    watched(sv, LATENCY_EXPIRE, began, now.wall);
}

/* Those who wait for the disk itself. */
static void tell_durable(struct server *sv, struct now now)
{
    struct broker *b = &sv->service.broker;

    if (!b->journal || journal_durable(b->journal) == sv->durable)
        return;
    sv->durable = journal_durable(b->journal);
    if (b->waiters == 0)
        return;
    wait_signal(b, WAIT_NO_DB, WAIT_JOURNAL);
    session_run_end(&sv->service, now);
    resume(sv);
}

uint64_t server_safe_offset(const struct server *sv)
{
    const struct journal *j = sv->service.broker.journal;

    return j ? journal_safe(j) : UINT64_MAX;
}

void server_watchdog(struct server *sv, struct now now)
{
    if (!sv->watchdog || now.mono - sv->last_watchdog < sv->watchdog)
        return;
    server_tell(sv, "WATCHDOG=1");
    sv->last_watchdog = now.mono;
}

static void copy_stats(struct server *sv)
{
    const struct conns_stats *cs = conns_stats(sv->conns);
    struct server_stats *st = &sv->service.server;

    st->connections = cs->opened;
    st->rejected = cs->rejected;
    st->net_in = cs->bytes_in;
    st->net_out = cs->bytes_out;
    st->reads = cs->reads;
    st->writes = cs->writes;
    st->timeouts = cs->timed_out;
}

/* One turn of the loop. Nothing a client sees precedes its journal. Each step does bounded work; what is
 * left over brings the wait to zero. Waiters are served between commands, inside session_input(). */
void server_turn(struct server *sv)
{
    struct service *s = &sv->service;
    struct broker *b = &s->broker;
    struct now now = clock_now();

    service_sample(s, now.mono);
    pause_run(s, now);
    if (!s->server.loading) {
        run_deadlines(sv, now);
        session_run_end(s, now);
        resume(sv);
        conns_stall(sv->conns, b->journal && journal_stalled(b->journal));
    }
    conns_run(sv->conns, now);
    server_close_killed(sv);
    resume(sv);
    if (!s->server.loading) {
        take_settings(sv);
        commit(sv, now);
        tell_durable(sv, now);
    }
    conns_flush(sv->conns, &b->touched, server_safe_offset(sv));
    if (!s->server.loading)
        obey(sv, now);
    copy_stats(sv);
    server_watchdog(sv, now);
}

static usec sooner(usec a, usec b)
{
    return a < b ? a : b;
}

static usec wait_for(struct server *sv)
{
    const struct broker *b = &sv->service.broker;
    struct now now = clock_now();
    usec conns = conns_next_due(sv->conns), journal = b->journal ? journal_due(b->journal) : INT64_MAX;
    usec due = sooner(sooner(conns, journal), pause_due(&sv->service)), left;

    if (sv->watchdog)
        due = sooner(due, sv->last_watchdog + sv->watchdog);
    left = due == INT64_MAX ? INT64_MAX : due <= now.mono ? 0 : due - now.mono;
    left = sooner(left, deadlines_next(b, now));
    return sv->work_left ? 0 : left == INT64_MAX ? -1 : left;
}

/* What was answered is on its way before the process ends; a client that does not read is not waited
 * for long. */
static void drain(struct server *sv)
{
    struct now now = clock_now();
    usec until = now.mono + 2 * 1000000;
    struct journal *j = sv->service.broker.journal;

    conns_listen(sv->conns, NULL);
    if (j && journal_flush(j, now) == ERR_IO)
        server_disk_failed("sync at the end");
    conns_flush(sv->conns, &sv->service.broker.touched, server_safe_offset(sv));
    while (conns_unsent(sv->conns) && (now = clock_now()).mono < until) {
        loop_wait(sv->loop, 10 * 1000);
        conns_flush(sv->conns, &sv->service.broker.touched, server_safe_offset(sv));
    }
}

bool server_ends(const struct server *sv)
{
    return sv->terminate || sv->service.broker.orders.shutdown != SHUTDOWN_NONE;
}

void server_say_end(const struct server *sv)
{
    log_notice("ending: reason=%s", sv->terminate ? "signal" : "SHUTDOWN");
    server_tell(sv, "STOPPING=1");
}

int server_run(struct server *sv)
{
    while (!server_ends(sv)) {
        loop_wait(sv->loop, wait_for(sv));
        server_turn(sv);
    }
    server_say_end(sv);
    rewriter_stop(sv);
    drain(sv);
    return EXIT_CLEAN;
}
