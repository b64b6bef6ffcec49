/* tests/sim/simbroker.c - see simbroker.h. */
#include "simbroker.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/grave.h"
#include "broker/rewrite.h"
#include "broker/unsettled.h"
#include "store/queue.h"
#include "queue/run.h"
#include "store/deque.h"
#include "store/due_place.h"
#include "store/group.h"
#include "store/record.h"
#include <stdio.h>
#include <stdlib.h>

#define BASE_NAME JOURNAL_BASE_TEMP "base.aof"

void (*sim_on_failure)(const char *what, const char *file, int line);

noreturn void sim_failed(const char *what, const char *file, int line)
{
    if (sim_on_failure)
        sim_on_failure(what, file, line);
    must_failed(what, file, line);
}

static struct broker *broker_of(const struct simbroker *s)
{
    return &s->service->broker;
}

static struct journal *journal_of(const struct simbroker *s)
{
    return broker_of(s)->journal;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- replies --- */

static bool line_number(struct slice line, int64_t *v)
{
    return num_i64((struct slice){line.p + 1, line.n - 1}, v);
}

static size_t elements(char type, int64_t n)
{
    return n <= 0 ? 0 : type == '%' ? 2 * (size_t)n : (size_t)n;
}

/* One line, with the bytes a bulk string has behind it: its length, and how many elements follow. */
static enum sim_reply reply_line(struct slice b, size_t *used, size_t *more)
{
    const char *end = b.n ? memchr(b.p, '\n', b.n) : NULL;
    struct slice line = {b.p, end ? (size_t)(end - b.p) : 0};
    int64_t n;

    *more = 0;
    if (!end)
        return SIM_PART;
    if (line.n < 2 || line.p[line.n - 1] != '\r')
        return SIM_MALFORMED;
    *used = line.n + 1;
    line.n--;
    if (strchr("+-:_,#(", *line.p))
        return SIM_REPLY;
    if (!strchr("$=*%~>", *line.p) || !line_number(line, &n) || n < -1)
        return SIM_MALFORMED;
    if (!strchr("$=", *line.p)) {
        *more = elements(*line.p, n);
    } else if (n >= 0) {
        if (b.n - *used < (size_t)n + 2)
            return SIM_PART;
        *used += (size_t)n + 2;
        if (memcmp(b.p + *used - 2, "\r\n", 2) != 0)
            return SIM_MALFORMED;
    }
    return SIM_REPLY;
}

enum sim_reply sim_reply(struct slice bytes, size_t *length)
{
    size_t left = 1, at = 0;

    while (left) {
        size_t used, more;
        enum sim_reply r = reply_line((struct slice){bytes.p + at, bytes.n - at}, &used, &more);

        if (r != SIM_REPLY)
            return r;
        at += used;
        left += more - 1;
    }
    *length = at;
    return *bytes.p == '>' ? SIM_PUSH : SIM_REPLY;
}

/* --- clients --- */

static void client_free(struct sim_client *c)
{
    if (c->session)
        session_free(c->session);
    buf_free(&c->in);
    buf_free(&c->out);
    mem_free(c->held);
    *c = (struct sim_client){0};
}

void sim_connect(struct simbroker *s, unsigned client)
{
    struct sim_client *c = &s->client[client];

    client_free(c);
    c->session = session_new(s->service, s->now);
    c->heard = s->o.heard ? &s->o.heard[client] : NULL;
}

void sim_send_raw(struct simbroker *s, unsigned client, struct slice bytes)
{
    buf_add_slice(&s->client[client].in, bytes);
}

void sim_send(struct simbroker *s, unsigned client, struct slice words)
{
    struct buf *in = &s->client[client].in;
    struct slice word[64];
    size_t n = 0;

    while (words.n && n < 64) {
        const char *end = memchr(words.p, ' ', words.n);

        word[n].p = words.p;
        word[n].n = end ? (size_t)(end - words.p) : words.n;
        words.p += word[n].n + (end != NULL);
        words.n -= word[n].n + (end != NULL);
        n += word[n].n > 0;
    }
    record_head(in, n);
    for (size_t i = 0; i < n; i++)
        record_word(in, slice_eq(word[i], SLICE("@")) ? SLICE("") : word[i]);
}

static void hold(struct sim_client *c, uint64_t offset)
{
    uint64_t pos = outbox_pos(&c->session->out);

    if (pos == (c->n_held ? c->held[c->n_held - 1].pos : c->session->out.taken))
        return;
    if (c->n_held == c->cap_held) {
        c->cap_held = c->cap_held ? 2 * c->cap_held : 16;
        c->held = mem_realloc(c->held, c->cap_held * sizeof *c->held);
    }
    c->held[c->n_held++] = (struct sim_held){pos, offset};
}

/* A refusal of a command that shows no data is not held either; who sends anything at all may meet one. */
static bool shows_nothing(const struct simbroker *s, const struct sim_client *c, const struct command *cmd)
{
    const struct outbox *o = &c->session->out;
    uint64_t from = c->n_held ? c->held[c->n_held - 1].pos : o->taken;

    if (!cmd || (cmd->flags & CMD_NODATA) || c->session->close_after_reply)
        return true;
    return s->o.any_input && outbox_pos(o) > from && o->b.p[o->sent + (from - o->taken)] == '-';
}

/* Something ran; `self` is whose request it was. When others wait, they may have been served after its
 * reply, so that all the reply has to show is what had been recorded before. */
static void hold_replies(struct simbroker *s, const struct sim_client *self, uint64_t before, bool waited)
{
    uint64_t after = broker_offset(broker_of(s));

    for (int i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->client[i];
        const struct command *cmd = c->session ? c->session->last_command : NULL;

        if (!c->session)
            continue;
        if (c == self && shows_nothing(s, c, cmd))
            hold(c, 0);
        else
            hold(c, waited ? before : after);
    }
}

/* The bytes lie in memory that is gone right after: a slice that is kept does not go unnoticed. */
static struct session_run input(struct simbroker *s, struct sim_client *c, const char *p, size_t n)
{
    struct session_run run;
    uint64_t before = broker_offset(broker_of(s));
    bool waited = broker_of(s)->waiters > 0;
    char *copy = malloc(n);

    must(copy);
    memcpy(copy, p, n);
    run = session_input(c->session, copy, n, 1, s->now);
    free(copy);
    sim_must(run.used <= n);
    hold_replies(s, c, before, waited || broker_of(s)->waiters > 0);
    return run;
}

/* How a client says that it will see more or fewer replies than it makes requests. */
static void judge_countable(struct sim_client *c)
{
    const struct command *cmd = c->session->last_command;

    if ((cmd && (cmd->flags & CMD_PUBSUB)) || list_linked(&c->session->monitor) ||
        c->session->replies != REPLY_ON)
        c->uncounted = true;
}

static bool listens(const struct sim_client *c)
{
    const struct session *s = c->session;

    return s && !session_waits(s) && !s->close_after_reply && !s->killed && !outbox_over(&s->out);
}

static void run_client(struct simbroker *s, struct sim_client *c)
{
    size_t at = 0, n = c->show && c->show < c->in.n ? c->show : c->in.n;
    uint64_t before;

    n = n > c->seen ? n : c->seen;
    while (at < n && listens(c)) {
        struct session_run run = input(s, c, c->in.p + at, n - at);

        judge_countable(c);
        at += run.used;
        if (!run.used && !run.more)
            break;
    }
    before = broker_offset(broker_of(s));
    session_run_end(s->service, s->now);
    hold_replies(s, NULL, before, true);
    buf_drop_front(&c->in, at);
    c->seen = n - at;
    c->show = 0;
}

static void close_killed(struct simbroker *s)
{
    for (int i = 0; i < SIM_CLIENTS; i++)
        if (s->client[i].session && s->client[i].session->killed)
            client_free(&s->client[i]);
    while (!list_empty(&s->service->resumed))
        list_remove(s->service->resumed.next);
}

static void read_replies(struct sim_client *c)
{
    size_t at = 0, n;
    enum sim_reply r = SIM_REPLY;

    while (at < c->out.n) {
        r = sim_reply((struct slice){c->out.p + at, c->out.n - at}, &n);
        sim_must(r != SIM_MALFORMED);
        if (r == SIM_PART)
            break;
        c->replies += r == SIM_REPLY;
        at += n;
    }
    buf_drop_front(&c->out, at);
    sim_must(c->uncounted || c->replies <= c->session->commands + c->session->close_after_reply);
}

/* `safe_once`: it went back if appendfsync became `always` since, but what was safe has been shown. */
static void flush_client(struct sim_client *c, uint64_t safe, uint64_t safe_once)
{
    struct outbox *o = &c->session->out;
    struct slice ready = outbox_ready(o, safe);
    uint64_t to = o->taken + ready.n;
    size_t done = 0;

    if (ready.n) {
        buf_add_slice(&c->out, ready);
        if (c->heard)
            buf_add_slice(c->heard, ready);
        outbox_taken(o, ready.n);
    }
    for (size_t i = 0; i < c->n_held && to > (i ? c->held[i - 1].pos : 0); i++) {
        sim_must(ready.n == 0 || c->held[i].offset <= safe_once);
        done += c->held[i].pos <= to;
    }
    c->n_held -= done;
    if (done)
        memmove(c->held, c->held + done, c->n_held * sizeof *c->held);
    read_replies(c);
}

static void flush(struct simbroker *s)
{
    struct list *touched = &broker_of(s)->touched;
    uint64_t safe = journal_of(s) ? journal_safe(journal_of(s)) : UINT64_MAX;

    while (!list_empty(touched))
        list_remove(touched->next);
    for (int i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->client[i];

        if (!c->session)
            continue;
        if (outbox_over(&c->session->out)) { /* something was left out: nothing more is sent */
            client_free(c);
            continue;
        }
        flush_client(c, safe, larger(safe, s->promised));
        if (c->session->close_after_reply && !outbox_pending(&c->session->out))
            client_free(c);
    }
}

/* --- what the journal holds and was said to hold --- */

static bool same(const struct digest *a, const struct digest *b)
{
    return a->sum[0] == b->sum[0] && a->sum[1] == b->sum[1];
}

static void add_commit(struct simbroker *s, uint64_t offset, const struct digest *d)
{
    if (s->commits == s->cap_commits) {
        s->cap_commits = s->cap_commits ? 2 * s->cap_commits : 64;
        s->commit = mem_realloc(s->commit, s->cap_commits * sizeof *s->commit);
    }
    s->commit[s->commits++] = (struct sim_commit){offset, *d};
}

/* The state as it is now, before the journal is told to write it. */
static void note_state(struct simbroker *s)
{
    uint64_t offset = journal_offset(journal_of(s));
    const struct sim_commit *last = &s->commit[s->commits - 1];
    struct digest d;

    broker_digest(broker_of(s), &d);
    sim_must(offset >= last->offset);
    if (offset == last->offset)
        sim_must(same(&d, &last->digest)); /* else: something changed without a record */
    else
        add_commit(s, offset, &d);
}

static void note_promises(struct simbroker *s)
{
    struct journal *j = journal_of(s);
    struct journal_info i;

    journal_info(j, &i);
    s->written = i.written;
    s->promised = larger(s->promised, journal_safe(j));
    s->promised_power = larger(s->promised_power, journal_durable(j));
    if (s->o.journal.sync == JOURNAL_SYNC_ALWAYS)
        s->promised_power = larger(s->promised_power, journal_safe(j));
    sim_must(s->promised <= s->written && s->promised_power <= s->written);
}

/* The state recovered is one that was there, and none that clients know to be past. */
static void judge_recovered(struct simbroker *s, uint64_t offset)
{
    uint64_t least = s->cut ? s->promised_power : s->promised;
    struct digest d;
    size_t i = s->commits;

    sim_must(offset >= least);
    if (!s->cut && !s->faulty)
        sim_must(offset == s->written && s->report.outcome != RECOVER_CUT);
    if (s->stopped)
        sim_must(s->report.stopped_cleanly);
    while (i && s->commit[i - 1].offset > offset)
        i--;
    sim_must(i && s->commit[i - 1].offset == offset);
    broker_digest(broker_of(s), &d);
    sim_must(same(&d, &s->commit[i - 1].digest));
    s->commits = i;
    s->written = offset;
}

/* --- the process --- */

static int apply(void *arg, const struct slice *word, size_t n)
{
    return service_replay(arg, word, n);
}

static struct service *new_service(struct simbroker *s)
{
    static const char run_id[41] = "0123456789012345678901234567890123456789";
    struct service *sv = mem_alloc(sizeof *sv);
    struct buf why = {0}, warnings = {0};

    service_init(sv, (struct hash_seed){s->o.seed, random_next(&s->random)}, run_id);
    if (s->o.settings)
        must(settings_load_text(&sv->settings, "simbroker", slice_of(s->o.settings), &why, &warnings) == OK);
    service_start(sv);
    buf_free(&why);
    buf_free(&warnings);
    return sv;
}

/* The memory of a process that is no more. */
static void bury(struct simbroker *s)
{
    if (!s->service)
        return;
    sim_rewrite_abort(s);
    for (int i = 0; i < SIM_CLIENTS; i++)
        client_free(&s->client[i]);
    journal_abandon(journal_of(s));
    service_free(s->service);
    mem_free(s->service);
    s->service = NULL;
    if (s->syncer)
        s->syncer->free(s->syncer);
    if (s->handle)
        s->handle->ops->close(s->handle);
    s->syncer = NULL;
    s->handle = NULL;
}

static int recover_and_open(struct simbroker *s)
{
    struct recover_ops ops = {.apply = apply, .arg = s->service};
    struct journal_tail tail;
    int err;

    s->why.n = 0;
    s->handle = simdisk_handle(s->disk);
    s->syncer = simsyncer_new();
    err = recover(s->handle, SIM_NAME, &ops, &s->report, &tail, &s->why);
    sim_must(err != ERR_DAMAGED && err != ERR_FORMAT && err != ERR_LOCKED);
    if (err != OK)
        return err;
    judge_recovered(s, tail.offset);
    err = journal_open(s->handle, s->syncer, SIM_NAME, &s->o.journal, &tail, &broker_of(s)->journal, NULL,
                       &s->why);
    sim_must(err == OK || err == ERR_IO || err == ERR_NO_SPACE);
    if (err != OK)
        return err;
    s->promised = s->promised_power = tail.offset;
    return OK;
}

int sim_start(struct simbroker *s)
{
    int err;

    must(!s->service);
    s->service = new_service(s);
    err = s->o.no_journal ? OK : recover_and_open(s);
    if (err != OK) {
        s->faulty = true;
        broker_of(s)->journal = NULL;
        bury(s);
        return err;
    }
    s->faulty = s->cut = s->stopped = false;
    for (unsigned i = 0; i < SIM_CLIENTS; i++)
        sim_connect(s, i);
    return OK;
}

/* A sync that was under way had no effect that anybody could count on. */
static void end_process(struct simbroker *s, bool cut)
{
    if (s->syncer)
        simsyncer_forget(s->syncer);
    if (cut)
        simdisk_power_cut(s->disk);
    else
        simdisk_crash(s->disk);
    bury(s);
}

void sim_kill(struct simbroker *s)
{
    end_process(s, false);
}

void sim_power_cut(struct simbroker *s)
{
    end_process(s, true);
    s->cut = true;
    s->stopped = false;
}

bool sim_stop(struct simbroker *s)
{
    struct journal *j = journal_of(s);
    bool good;

    note_state(s);
    broker_of(s)->journal = NULL;
    good = journal_close(j) == OK;
    s->faulty |= !good;
    s->stopped = good;
    if (good)
        s->promised = s->promised_power = s->written = s->commit[s->commits - 1].offset;
    sim_kill(s);
    return good;
}

struct simbroker *sim_new(const struct sim_options *o)
{
    struct simbroker *s = mem_zalloc(sizeof *s);

    s->o = *o;
    random_seed(&s->random, o->seed);
    s->disk = simdisk_new(o->seed);
    s->now = (struct now){INT64_C(1700000000000), 1000000};
    add_commit(s, 0, &(struct digest){0});
    return s;
}

void sim_free(struct simbroker *s)
{
    sim_kill(s);
    simdisk_free(s->disk);
    mem_free(s->commit);
    buf_free(&s->why);
    mem_free(s);
}

/* --- turns --- */

/* As exit(74): what is in the page cache stays. */
static bool process_failed(struct simbroker *s)
{
    s->faulty = true;
    sim_kill(s);
    return false;
}

static bool commit(struct simbroker *s)
{
    int err;

    note_state(s);
    err = journal_commit(journal_of(s), s->now);
    sim_must(err == OK || err == ERR_NO_SPACE || err == ERR_IO);
    if (err != OK)
        s->faulty = true;
    if (err == ERR_IO)
        return process_failed(s);
    note_promises(s);
    return true;
}

bool sim_turn(struct simbroker *s)
{
    struct service *sv = s->service;
    uint64_t before = broker_offset(broker_of(s));
    unsigned first = (unsigned)random_below(&s->random, SIM_CLIENTS);

    pause_run(sv, s->now);
    queue_run(broker_of(s), s->now, (unsigned)sv->config.turn_deadlines);
    graves_dig(broker_of(s), (size_t)sv->config.turn_frees);
    session_run_end(sv, s->now);
    hold_replies(s, NULL, before, true);
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->client[(first + i) % SIM_CLIENTS];

        if (c->session && !(journal_of(s) && journal_stalled(journal_of(s))))
            run_client(s, c);
    }
    close_killed(s);
    if (journal_of(s) && !commit(s))
        return false;
    flush(s);
    return true;
}

static bool all_answered(const struct simbroker *s)
{
    for (int i = 0; i < SIM_CLIENTS; i++) {
        const struct sim_client *c = &s->client[i];

        if (c->session && (outbox_pending(&c->session->out) || (c->in.n > c->seen && listens(c))))
            return false;
    }
    return true;
}

static void judge_replies(const struct simbroker *s)
{
    for (int i = 0; i < SIM_CLIENTS; i++) {
        const struct sim_client *c = &s->client[i];

        if (!c->session || c->uncounted)
            continue;
        sim_must(c->out.n == 0);
        sim_must(c->replies + (c->session->waiting != NULL) == c->session->commands);
    }
}

bool sim_settle(struct simbroker *s)
{
    for (int i = 0; i < 20 && (i < 4 || !all_answered(s)); i++) {
        s->now.mono += 60 * 1000000;
        s->now.wall += 60 * 1000;
        if (s->syncer)
            simsyncer_finish(s->syncer);
        if (!sim_turn(s))
            return false;
    }
    for (int i = 0; i < SIM_CLIENTS; i++)
        sim_must(all_answered(s));
    judge_replies(s);
    return true;
}

/* --- rewrite --- */

bool sim_rewriting(const struct simbroker *s)
{
    return s->base != NULL;
}

static void child_ends(struct simbroker *s)
{
    s->child->ops->close(s->child);
    s->child = NULL;
    s->base = NULL;
}

bool sim_rewrite_start(struct simbroker *s)
{
    struct journal *j = journal_of(s);
    int err;

    must(!s->base);
    note_state(s);
    err = journal_rotate(j, s->now);
    note_promises(s);
    if (err != OK) {
        s->faulty = true;
        return false;
    }
    s->child = simdisk_handle(s->disk);
    err = journal_base_new(s->child, BASE_NAME, journal_offset(j), &s->base);
    if (err != OK) {
        child_ends(s);
        return false;
    }
    if (rewrite_write(broker_of(s), s->base) != OK) {
        sim_rewrite_abort(s);
        return false;
    }
    return true;
}

bool sim_rewrite_finish(struct simbroker *s)
{
    uint64_t size;
    int err = journal_base_finish(s->base, &size);

    child_ends(s);
    if (err == OK)
        err = journal_adopt(journal_of(s), BASE_NAME, size);
    if (err != OK)
        s->faulty = true;
    sim_must(err == OK || err == ERR_IO || err == ERR_NO_SPACE);
    return err == OK;
}

void sim_rewrite_abort(struct simbroker *s)
{
    if (!s->child)
        return;
    journal_base_abandon(s->base);
    child_ends(s);
}

/* --- invariants --- */

static void check_stream(const struct stream *st)
{
    size_t n;
    struct group **g = stream_groups_sorted(st, &n);

    stream_check(st);
    for (size_t i = 0; i < n; i++)
        group_check(g[i]);
    mem_free(g);
}

/* How many streams wait to forget something; all that remember something do. */
/* Where something is due there is a place for it among what is due. */
static bool check_due(const struct simbroker *s, const struct stream *st)
{
    const struct due_place *p = stream_due_place(st);
    bool placed = p && p->heap;
    msec at = stream_due(st), least = s->now.wall + 1000;

    sim_must(at == INT64_MAX || (placed && p->node.at <= (at > least ? at : least)));
    return placed;
}

static size_t check_db(const struct simbroker *s, struct db *db, size_t *due)
{
    struct dict_iter it;
    struct key *k;
    size_t expiring = 0, forgetting = 0;

    dict_check(&db->keys);
    dict_iter_begin(&it, &db->keys);
    while ((k = dict_iter_next(&it))) {
        expiring += k->expiry != NULL;
        if (k->type == KEY_LIST) {
            deque_check(k->list);
            sim_must(deque_length(k->list) > 0);
        } else if (k->type == KEY_STREAM) {
            const struct idmp *m = stream_idmp(k->stream);

            check_stream(k->stream);
            sim_must(!m || !m->ids || m->place.heap);
            forgetting += m && m->place.heap;
            *due += check_due(s, k->stream);
        }
    }
    dict_iter_end(&it);
    sim_must(expiring == db->expiries.n);
    heap_check(&db->expiries);
    sim_must((db->due.pos == HEAP_OUT) == (expiring == 0));
    sim_must(expiring == 0 || db->due.at == heap_first(&db->expiries)->at);
    return forgetting;
}

/* Whoever is not known to be looked at has the rules that the policies give. */
static void check_rules(const struct broker *b, int db)
{
    struct dict_iter it;
    struct key *k;

    dict_iter_begin(&it, &b->db[db].keys);
    while ((k = dict_iter_next(&it))) {
        const struct queue *q = k->type == KEY_STREAM ? stream_queue(k->stream) : NULL;
        struct rules r;
        bool any;

        if (k->type != KEY_STREAM)
            continue;
        any = policy_resolve(&b->policies, db, key_name(k), stream_is_dlq(k->stream), &r, NULL);
        if (stream_settled(k->stream) == b->db[db].generation)
            sim_must(any ? q && q->governed && rules_equal(&q->rules, &r) : !q || !q->governed);
        else
            sim_must(unsettled_any(b));
        rules_free(&r);
    }
    dict_iter_end(&it);
}

void sim_check(const struct simbroker *s)
{
    struct broker *b = broker_of(s);
    size_t expiring = 0, forgetting = 0, due = 0;

    for (int i = 0; i < b->dbs; i++) {
        forgetting += check_db(s, &b->db[i], &due);
        check_rules(b, i);
        expiring += b->db[i].expiries.n > 0;
    }
    policies_check(&b->policies);
    sim_must(b->expiries.n == expiring);
    heap_check(&b->expiries);
    sim_must(b->forgetting.n == forgetting);
    heap_check(&b->forgetting);
    sim_must(b->queues.n == due);
    heap_check(&b->queues);
    heap_check(&b->timeouts);
    dict_check(&b->waiting);
    dict_check(&b->watched);
    for (int i = 0; i < SIM_CLIENTS; i++)
        if (s->client[i].session)
            outbox_check(&s->client[i].session->out);
}
