/* tests/sim/test_queue.c - the queues of a whole broker against the naive model (queue_model.h).
 *
 * A history is made by a seed: requests of clients, the clock going forward and back, restarts, rewrites.
 * After each step every client must have been told what the model says, and what the commands that look at
 * keys show must be what the model shows. Each history runs in a process of its own, so that whatever ends
 * one is a failure like any other. A history that fails is made shorter while it fails in the same way, and
 * printed.
 *
 *   --features a,b,c   what histories may use (default: what is built; "all"); each uses some of them
 *   --with-all         each history uses all of them
 *   --seeds N          so many histories (or SEEDS=N; 300)      --seed N   this one (or SEED=N)
 *   --steps N          steps of a history (80)
 *   --replay FILE      the steps as they were printed
 *   --alone            the model without the broker: that it holds together
 *   --tell             print the history though nothing fails, and what is answered
 */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue_model.h"
#include "simbroker.h"
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 2000, OBSERVER = SIM_CLIENTS - 1, WORKERS = SIM_CLIENTS - 1, STUCK_SECONDS = 60 };

/* --- features --- */

enum feature {
    F_BLOCK,
    F_CLOCKBACK,
    F_RESTART,
    F_REWRITE,
    F_RENAME,
    F_DEL,
    F_XNACK,
    F_CLAIM,
    F_NOACK,
    F_XCLAIM,
    F_SETID,
    F_LOOK,
    F_QADD,
    F_NACK,
    F_ACKWAIT,
    F_MAXDELIVER,
    F_BACKOFF,
    F_DLQ,
    F_DLQFULL,
    F_TTL,
    F_OWNTTL,
    F_DELAY,
    F_PRIORITY,
    F_AGING,
    F_ORDERKEY,
    F_HALT,
    F_MAXINFLIGHT,
    F_PREFETCH,
    F_RATE,
    F_MAXLEN,
    F_MAXBYTES,
    F_OVERFLOW,
    F_RETENTION,
    F_PAUSE,
    F_HEADERS,
    F_DEDUP,
    F_ONDISCONNECT,
    F_CONSUMERIDLE,
    F_REDRIVE,
    F_PURGE,
    F_QWATCH,
    F_CHANGE,
    F_UNPOLICY,
    FEATURES
};

/* `first`, `other`: an option a policy gets, and what it may be changed to. */
static const struct {
    const char *name;
    bool built; /* what `make sim` tests: the broker has it */
    const char *first, *other, *third;
} features[FEATURES] = {
    [F_BLOCK] = {"block", true, NULL, NULL, NULL},
    [F_CLOCKBACK] = {"clockback", true, NULL, NULL, NULL},
    [F_RESTART] = {"restart", true, NULL, NULL, NULL},
    [F_REWRITE] = {"rewrite", true, NULL, NULL, NULL},
    [F_RENAME] = {"rename", true, NULL, NULL, NULL},
    [F_DEL] = {"del", true, NULL, NULL, NULL},
    [F_XNACK] = {"xnack", true, NULL, NULL, NULL},
    [F_CLAIM] = {"claim", true, NULL, NULL, NULL},
    [F_NOACK] = {"noack", true, NULL, NULL, NULL},
    [F_XCLAIM] = {"xclaim", true, NULL, NULL, NULL},
    [F_SETID] = {"setid", true, NULL, NULL, NULL},
    [F_LOOK] = {"look", false, NULL, NULL, NULL},
    [F_QADD] = {"qadd", false, NULL, NULL, NULL},
    [F_NACK] = {"nack", false, NULL, NULL, NULL},
    [F_ACKWAIT] = {"ackwait", false, "ACKWAIT 200ms", "ACKWAIT 50", "ACKWAIT 1s"},
    [F_MAXDELIVER] = {"maxdeliver", false, "MAXDELIVER 2", "MAXDELIVER 1", "MAXDELIVER 3"},
    [F_BACKOFF] = {"backoff", false, "BACKOFF 40ms BACKOFFMAX 100ms", "BACKOFF 100ms", "BACKOFF 30"},
    [F_DLQ] = {"dlq", false, "DLQ d0", "DLQ {queue}-dead", "DLQ d0"},
    [F_DLQFULL] = {"dlqfull", false, NULL, NULL, NULL},
    [F_TTL] = {"ttl", false, "TTL 400ms", "TTL 150", "TTL 2s"},
    [F_OWNTTL] = {"ownttl", false, NULL, NULL, NULL},
    [F_DELAY] = {"delay", false, NULL, NULL, NULL},
    [F_PRIORITY] = {"priority", false, "PRIORITIES 3", "PRIORITIES 2", "PRIORITIES 5"},
    [F_AGING] = {"aging", false, "AGING 100ms", "AGING 30ms", "AGING 1s"},
    [F_ORDERKEY] = {"orderkey", false, "ORDERKEY k", "ORDERKEY k", "ORDERKEY f"},
    [F_HALT] = {"halt", false, "ONPOISON halt", "ONPOISON skip", "ONPOISON halt"},
    [F_MAXINFLIGHT] = {"maxinflight", false, "MAXINFLIGHT 3", "MAXINFLIGHT 1", "MAXINFLIGHT 5"},
    [F_PREFETCH] = {"prefetch", false, "PREFETCH 2", "PREFETCH 1", "PREFETCH 3"},
    [F_RATE] = {"rate", false, "RATE 10", "RATE 3", "RATE 50"},
    [F_MAXLEN] = {"maxlen", false, "MAXLEN 6", "MAXLEN 3", "MAXLEN 10"},
    [F_MAXBYTES] = {"maxbytes", false, "MAXBYTES 60", "MAXBYTES 30", "MAXBYTES 100"},
    [F_OVERFLOW] = {"overflow", false, "OVERFLOW drop", "OVERFLOW dlq", "OVERFLOW reject"},
    [F_RETENTION] = {"retention", false, "RETENTION queue", "RETENTION log", "RETENTION queue"},
    [F_PAUSE] = {"pause", false, NULL, NULL, NULL},
    [F_HEADERS] = {"headers", false, "HEADERS yes", "HEADERS no", "HEADERS yes"},
    [F_DEDUP] = {"dedup", false, NULL, NULL, NULL},
    [F_ONDISCONNECT] = {"ondisconnect", false, "ACKWAIT 300ms ONDISCONNECT requeue", "ONDISCONNECT keep",
                        "ACKWAIT 1s ONDISCONNECT requeue"},
    [F_CONSUMERIDLE] = {"consumeridle", false, "CONSUMERIDLE 300ms", "CONSUMERIDLE 100ms", "CONSUMERIDLE 1s"},
    [F_REDRIVE] = {"redrive", false, NULL, NULL, NULL},
    [F_PURGE] = {"purge", false, NULL, NULL, NULL},
    [F_QWATCH] = {"qwatch", false, NULL, NULL, NULL},
    [F_CHANGE] = {"change", false, NULL, NULL, NULL},
    [F_UNPOLICY] = {"unpolicy", false, NULL, NULL, NULL},
};

/* --- steps --- */

enum kind { REQUEST, CLOCK, RESTART, REWRITE, RECONNECT, KINDS };

static const char *const kind_name[KINDS] = {"request", "clock", "restart", "rewrite", "reconnect"};

/* Times are absolute: a history that lost steps keeps the ids of those that are left. */
struct step {
    enum kind kind;
    unsigned client;
    struct now at;
    char line[MODEL_LINE];
};

/* Between the process of a history and the one that judges. */
static struct shared {
    unsigned steps;
    char failure[8000], sort[80]; /* what failed; the sort of it, by which failures are alike */
    struct step step[STEPS];
} * shared;

static struct {
    uint64_t seed, seeds;
    unsigned steps;
    bool pool[FEATURES], with_all, tell, alone;
} options = {.seeds = 300, .steps = 80};

struct run {
    struct simbroker *s;
    struct model *m;
    struct random random;
    bool uses[FEATURES];
    struct buf heard[SIM_CLIENTS];
    struct buf line;
    unsigned values; /* handed out */
};

static void print_step(FILE *f, const struct step *t)
{
    fprintf(f, "%" PRId64 " %" PRId64 " %s %u %s\n", t->at.wall, t->at.mono, kind_name[t->kind], t->client,
            t->line);
}

noreturn static void failed(const char *sort, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
noreturn static void failed(const char *sort, const char *fmt, ...)
{
    va_list ap;

    snprintf(shared->sort, sizeof shared->sort, "%s", sort);
    va_start(ap, fmt);
    vsnprintf(shared->failure, sizeof shared->failure, fmt, ap);
    va_end(ap);
    _exit(1);
}

static void on_sim_failure(const char *what, const char *file, int line)
{
    failed(what, "%s:%d: %s", file, line, what);
}

/* --- what clients are told, as text (see queue_model.h) --- */

static const char *render(struct buf *to, const char *p);

static const char *render_elements(struct buf *to, const char *p, long n)
{
    buf_add_char(to, '[');
    for (long i = 0; i < n; i++) {
        if (i)
            buf_add_char(to, ' ');
        p = render(to, p);
    }
    buf_add_char(to, ']');
    return p;
}

static const char *render(struct buf *to, const char *p)
{
    const char *end = strchr(p, '\r'), *space = strchr(p, ' '), type = *p;
    long n = strtol(p + 1, NULL, 10);

    if (type == '$' && n > 0) {
        buf_add(to, end + 2, (size_t)n);
        return end + 2 + n + 2;
    }
    if (type == '*' && n >= 0)
        return render_elements(to, end + 2, n);
    if (type == '$')
        buf_add_str(to, n ? "nil" : "\"\"");
    else if (type == '*')
        buf_add_str(to, "nil-array");
    else
        buf_add(to, p, (size_t)((type == '-' && space && space < end ? space : end) - p));
    return type == '$' && n == 0 ? end + 4 : end + 2;
}

static const char *heard(struct run *h, unsigned client)
{
    static struct buf text;
    struct buf *b = &h->heard[client];
    size_t n = b->n;

    text.n = 0;
    buf_add_char(b, '\0');
    for (const char *p = b->p; p < b->p + n;) {
        if (text.n)
            buf_add_char(&text, ' ');
        p = render(&text, p);
    }
    b->n = 0;
    buf_add_char(&text, '\0');
    return text.p;
}

/* Past one value, or to the end of the array it is in. */
static const char *skip(const char *p, bool all)
{
    int depth = 0;

    for (; *p; p++) {
        if (depth == 0 && (*p == ']' || (*p == ' ' && !all)))
            return p;
        depth += (*p == '[') - (*p == ']');
    }
    return p;
}

static struct stream_id read_id(const char *p, const char **end)
{
    struct stream_id id = {0, 0};
    char *after;

    id.ms = strtoull(p, &after, 10);
    if (*after == '-')
        id.seq = strtoull(after + 1, &after, 10);
    *end = after;
    return id;
}

static bool in_bounds(const char **told, const char **p)
{
    const char *end;
    struct stream_id low = read_id(*told + 1, &end), high = {UINT64_MAX, UINT64_MAX}, id = read_id(*p, p);

    if (isdigit((unsigned char)end[1]))
        high = read_id(end + 1, &end);
    else
        end++;
    *told = end;
    return stream_id_cmp(low, id) <= 0 && stream_id_cmp(id, high) < 0;
}

static bool alike(const char *told, const char *p)
{
    while (*told) {
        if (*told == '?' || *told == '*') {
            p = skip(p, *told == '*');
            told++;
        } else if (*told == '~') {
            if (!in_bounds(&told, &p))
                return false;
        } else if (told[0] == ' ' && told[1] == '*' && *p == ']') {
            told += 2; /* nothing else is there */
        } else if (*told++ != *p++) {
            return false;
        }
    }
    return *p == '\0';
}

/* --- one step on both --- */

static void turn(struct run *h)
{
    uint64_t before;

    if (options.alone)
        return;
    do {
        before = broker_offset(&h->s->service->broker);
        simsyncer_finish(h->s->syncer);
        sim_must(sim_turn(h->s));
    } while (broker_offset(&h->s->service->broker) != before);
}

static void restart(struct run *h)
{
    sim_kill(h->s);
    sim_must(sim_start(h->s) == OK);
    for (unsigned i = 0; i < SIM_CLIENTS; i++)
        h->heard[i].n = 0;
}

static void rewrite(struct run *h)
{
    sim_must(sim_rewrite_start(h->s) && sim_rewrite_finish(h->s));
}

static void do_step(struct run *h, const struct step *t)
{
    h->s->now = t->at;
    model_time(h->m, t->at);
    switch (t->kind) {
    case REQUEST:
        if (model_waits(h->m, t->client)) /* it came to wait only since other steps were left out */
            break;
        turn(h); /* what is due comes first */
        if (!options.alone)
            sim_send(h->s, t->client, slice_of(t->line));
        model_run(h->m, t->client, t->line);
        break;
    case RESTART:
        restart(h);
        model_restart(h->m);
        break;
    case REWRITE:
        rewrite(h);
        break;
    case RECONNECT:
        turn(h);
        sim_connect(h->s, t->client);
        h->heard[t->client].n = 0;
        model_disconnect(h->m, t->client);
        break;
    default:
        break;
    }
    turn(h);
}

static void judge_told(struct run *h, const struct step *t)
{
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        const char *model = model_heard(h->m, i), *broker = heard(h, i);
        char sort[80];

        if (options.tell && *broker)
            fprintf(stderr, "    %u: %s\n", i, broker);
        snprintf(sort, sizeof sort, "%.*s", t->kind == REQUEST ? (int)strcspn(t->line, " ") : INT_MAX,
                 t->kind == REQUEST ? t->line : kind_name[t->kind]);
        if (!alike(model, broker))
            failed(sort, "client %u was told  %s\nthe model has       %s", i, broker, model);
    }
}

static void look(struct run *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void look(struct run *h, const char *fmt, ...)
{
    char line[MODEL_LINE], sort[80];
    const char *model, *broker;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    model_run(h->m, OBSERVER, line);
    sim_send(h->s, OBSERVER, slice_of(line));
    sim_must(sim_turn(h->s));
    model = model_heard(h->m, OBSERVER);
    broker = heard(h, OBSERVER);
    snprintf(sort, sizeof sort, "look %.*s", (int)strcspn(line, " "), line);
    if (options.tell)
        fprintf(stderr, "    %s: %s\n", line, broker);
    if (!alike(model, broker))
        failed(sort, "%s shows  %s\nthe model has  %s", line, broker, model);
}

static void judge_key(struct run *h, const char *name)
{
    const struct model_key *k = model_key(h->m, name);

    look(h, "XRANGE %s - +", name);
    if (!k)
        return;
    look(h, "XINFO GROUPS %s", name);
    if (h->uses[F_LOOK]) {
        look(h, "QSTAT %s", name);
        look(h, "QPEEK %s COUNT 1000", name);
    }
    for (unsigned i = 0; i < k->n_groups; i++) {
        look(h, "XPENDING %s %s", name, k->group[i].name);
        look(h, "XPENDING %s %s - + 1000", name, k->group[i].name);
        if (h->uses[F_LOOK])
            look(h, "QPEEK %s GROUP %s COUNT 1000", name, k->group[i].name);
    }
}

static const char *const all_keys[] = {"q0", "q1", "q2", "d0", "q0-dead", "q1-dead"};

static void judge(struct run *h, const struct step *t)
{
    const char *wrong = model_wrong(h->m);

    if (wrong)
        failed("model", "the model itself: %s", wrong);
    if (options.alone) {
        for (unsigned i = 0; i < SIM_CLIENTS; i++) {
            const char *told = model_heard(h->m, i);

            if (options.tell && *told)
                fprintf(stderr, "    %u: %s\n", i, told);
        }
        return;
    }
    judge_told(h, t);
    for (size_t i = 0; i < sizeof all_keys / sizeof *all_keys; i++)
        judge_key(h, all_keys[i]);
    sim_check(h->s);
}

static void make_step(struct run *h, const struct step *t)
{
    if (options.tell)
        print_step(stderr, t);
    do_step(h, t);
    judge(h, t);
}

/* --- making up a history --- */

static uint64_t below(struct run *h, uint64_t n)
{
    return random_below(&h->random, n);
}

static bool once_in(struct run *h, uint64_t n)
{
    return below(h, n) == 0;
}

static bool may(struct run *h, enum feature f, uint64_t once)
{
    return h->uses[f] && once_in(h, once);
}

static void word(struct run *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void word(struct run *h, const char *fmt, ...)
{
    va_list ap;

    if (h->line.n)
        buf_add_char(&h->line, ' ');
    va_start(ap, fmt);
    buf_vaddf(&h->line, fmt, ap);
    va_end(ap);
}

/* It is written down before it is done, for whatever it may end in. */
static void step(struct run *h, enum kind kind, unsigned client)
{
    struct step *t = &shared->step[shared->steps];

    *t = (struct step){.kind = kind, .client = client, .at = h->s->now};
    must(h->line.n < sizeof t->line);
    memcpy(t->line, h->line.p ? h->line.p : "", h->line.n);
    h->line.n = 0;
    shared->steps++;
    make_step(h, t);
}

static unsigned free_client(struct run *h)
{
    unsigned first = (unsigned)below(h, WORKERS);

    for (unsigned i = 0; i < WORKERS; i++)
        if (!model_waits(h->m, (first + i) % WORKERS))
            return (first + i) % WORKERS;
    step(h, RECONNECT, first);
    return first;
}

static void request(struct run *h)
{
    struct buf line = h->line;
    unsigned client;

    h->line = (struct buf){0};
    client = free_client(h);
    buf_free(&h->line);
    h->line = line;
    step(h, REQUEST, client);
}

static bool uses_dlq(const struct run *h)
{
    return h->uses[F_DLQ] || h->uses[F_OVERFLOW] || h->uses[F_REDRIVE];
}

static const char *queue(struct run *h)
{
    if (uses_dlq(h) && once_in(h, 8))
        return once_in(h, 3) ? "q0-dead" : "d0";
    return once_in(h, 4) ? "q1" : "q0";
}

static const char *group(struct run *h)
{
    return once_in(h, 4) ? "g1" : "g0";
}

static const char *consumer(struct run *h)
{
    static const char *const name[] = {"c0", "c0", "c1", "c2"};

    return name[below(h, 4)];
}

/* Mostly one that is pending, or at least there. */
static struct stream_id pick_id(struct run *h, const char *key, const char *of, bool pending)
{
    const struct model_key *k = model_key(h->m, key);

    for (unsigned i = 0; k && pending && i < k->n_groups && !once_in(h, 8); i++) {
        const struct model_group *g = &k->group[i];

        if (strcmp(g->name, of) == 0 && g->n_pending)
            return g->pending[below(h, g->n_pending)].id;
    }
    if (k && k->n_entries && !once_in(h, 8))
        return k->entry[below(h, k->n_entries)].id;
    return (struct stream_id){(uint64_t)h->s->now.wall - below(h, 100), 0};
}

static void id_words(struct run *h, const char *key, const char *of, bool pending, unsigned n)
{
    while (n--) {
        struct stream_id id = pick_id(h, key, of, pending);

        word(h, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
    }
}

static unsigned some(struct run *h)
{
    return 1 + (unsigned)below(h, once_in(h, 3) ? 4 : 1);
}

static void field_words(struct run *h)
{
    word(h, "f v%u", h->values++);
    if (h->uses[F_ORDERKEY] && !once_in(h, 5))
        word(h, "k %c", "abc"[below(h, 3)]);
    if (h->uses[F_MAXBYTES] && once_in(h, 3))
        word(h, "long aaaaaaaaaaaaaaaaaaaa");
}

static void header_words(struct run *h)
{
    if (once_in(h, 4))
        word(h, "x-delay %d", 1 + (int)below(h, 300));
    if (once_in(h, 4))
        word(h, "x-ttl %dms", 50 + (int)below(h, 300));
    if (once_in(h, 4))
        word(h, "x-priority %d", (int)below(h, 4));
    if (once_in(h, 4))
        word(h, "x-dedup-id d%d", (int)below(h, 6));
    if (once_in(h, 16))
        word(h, "x-ttl soon");
}

static void make_xadd(struct run *h)
{
    const char *key = queue(h);
    const struct model_key *k = model_key(h->m, key);

    word(h, "XADD %s", key);
    if (once_in(h, 20))
        word(h, "MAXLEN %d", (int)below(h, 6));
    if (once_in(h, 12) && k)
        word(h, "%" PRIu64 "-%" PRIu64, k->last_id.ms, k->last_id.seq + below(h, 3));
    else
        word(h, "*");
    field_words(h);
    if (may(h, F_HEADERS, 2))
        header_words(h);
}

static void make_qadd(struct run *h)
{
    word(h, "QADD %s", queue(h));
    if (once_in(h, 16))
        word(h, "NOMKSTREAM");
    if (may(h, F_DELAY, 4))
        word(h, "AT %" PRId64, h->s->now.wall + 1 + (msec)below(h, 400));
    else if (may(h, F_DELAY, 3))
        word(h, "DELAY %d", 1 + (int)below(h, 400));
    if (may(h, F_OWNTTL, 3))
        word(h, "TTL %d", 50 + (int)below(h, 400));
    if (may(h, F_PRIORITY, 2))
        word(h, "PRIORITY %d", (int)below(h, 4));
    if (may(h, F_DEDUP, 2))
        word(h, "DEDUP d%d%s", (int)below(h, 6), once_in(h, 2) ? " WINDOW 200ms" : "");
    word(h, "*");
    field_words(h);
}

static void make_qcancel(struct run *h)
{
    const char *key = queue(h);
    const struct model_key *k = model_key(h->m, key);

    word(h, "QCANCEL %s", key);
    if (k && k->n_delayed) {
        const struct model_delayed *d = &k->delayed[below(h, k->n_delayed)];

        word(h, "%" PRId64 "-%" PRIu64, d->due, d->seq);
    } else {
        word(h, "1-0");
    }
}

static void make_read(struct run *h)
{
    const char *key = queue(h);

    word(h, "XREADGROUP GROUP %s %s", group(h), consumer(h));
    if (!once_in(h, 5))
        word(h, "COUNT %d", 1 + (int)below(h, 3));
    if (may(h, F_NOACK, 5))
        word(h, "NOACK");
    if (may(h, F_CLAIM, 3))
        word(h, "CLAIM %d", once_in(h, 2) ? 1000000 : (int)below(h, 150));
    if (may(h, F_BLOCK, 2))
        word(h, "BLOCK 0");
    word(h, "STREAMS %s", key);
    if (once_in(h, 8))
        word(h, "0");
    else
        word(h, ">");
}

static void make_xack(struct run *h)
{
    const char *key = queue(h), *of = group(h);

    word(h, "XACK %s %s", key, of);
    id_words(h, key, of, true, some(h));
}

static bool is_queue(struct run *h, const char *key)
{
    const struct model_key *k = model_key(h->m, key);

    return k && k->queue;
}

static void make_xnack(struct run *h)
{
    static const char *const mode[] = {"SILENT", "FAIL", "FATAL"};
    const char *key = queue(h), *of = group(h);
    unsigned n = some(h);

    word(h, "XNACK %s %s %s IDS %u", key, of, mode[below(h, 3)], n);
    id_words(h, key, of, true, n);
    if (once_in(h, 6))
        word(h, "RETRYCOUNT %d", (int)below(h, 4));
    if (once_in(h, 4) && !is_queue(h, key))
        word(h, "FORCE");
}

static void make_xclaim(struct run *h)
{
    const char *key = queue(h), *of = group(h);
    bool was_queue = is_queue(h, key);

    word(h, "XCLAIM %s %s %s %d", key, of, consumer(h), once_in(h, 2) ? 0 : (int)below(h, 300));
    id_words(h, key, of, true, some(h));
    if (once_in(h, 4))
        word(h, "IDLE %d", (int)below(h, 300));
    if (once_in(h, 5))
        word(h, "RETRYCOUNT %d", (int)below(h, 4));
    if (once_in(h, 4) && (!was_queue || once_in(h, 2)))
        word(h, "FORCE");
    if (once_in(h, 4))
        word(h, "JUSTID");
}

static void make_xautoclaim(struct run *h)
{
    const char *key = queue(h), *of = group(h);

    word(h, "XAUTOCLAIM %s %s %s %d", key, of, consumer(h), once_in(h, 2) ? 0 : (int)below(h, 300));
    if (once_in(h, 2))
        word(h, "0");
    else
        id_words(h, key, of, true, 1);
    if (once_in(h, 2))
        word(h, "COUNT %d", 1 + (int)below(h, 3));
    if (once_in(h, 4))
        word(h, "JUSTID");
}

static void make_xdel(struct run *h)
{
    const char *key = queue(h);

    word(h, "XDEL %s", key);
    id_words(h, key, "g0", once_in(h, 2), some(h));
}

static void make_xtrim(struct run *h)
{
    const char *key = queue(h);

    if (once_in(h, 2)) {
        word(h, "XTRIM %s MAXLEN %d", key, (int)below(h, 8));
        return;
    }
    word(h, "XTRIM %s MINID", key);
    id_words(h, key, "g0", false, 1);
}

static void make_group(struct run *h)
{
    const char *key = queue(h), *of = group(h);

    switch (below(h, 6)) {
    case 0:
        word(h, "XGROUP DESTROY %s %s", key, of);
        break;
    case 1:
        word(h, "XGROUP DELCONSUMER %s %s %s", key, of, consumer(h));
        break;
    case 2:
        word(h, "XGROUP CREATECONSUMER %s %s %s", key, of, consumer(h));
        break;
    default:
        if (h->uses[F_SETID] && once_in(h, 2)) {
            word(h, "XGROUP SETID %s %s", key, of);
            if (once_in(h, 2))
                id_words(h, key, of, false, 1);
            else
                word(h, once_in(h, 2) ? "0" : "$");
        } else {
            word(h, "XGROUP CREATE %s %s %s MKSTREAM", key, of, once_in(h, 2) ? "0" : "$");
        }
    }
}

static void make_key_change(struct run *h)
{
    if (uses_dlq(h) && once_in(h, 4))
        word(h, "SET d0 something-else");
    else if (h->uses[F_DEL] && once_in(h, 2))
        word(h, "DEL %s", queue(h));
    else if (h->uses[F_RENAME] && once_in(h, 2))
        word(h, "RENAME q%d q%d", (int)below(h, 3), (int)below(h, 3));
    else
        word(h, "XLEN %s", queue(h));
}

/* Mostly one that somebody holds, and by whom. */
static bool pick_lease(struct run *h, const char *key, const char *of, const char **who, struct stream_id *id)
{
    const struct model_key *k = model_key(h->m, key);

    for (unsigned i = 0; k && i < k->n_groups; i++) {
        const struct model_group *g = &k->group[i];
        unsigned from = g->n_pending ? (unsigned)below(h, g->n_pending) : 0;

        for (unsigned j = 0; strcmp(g->name, of) == 0 && j < g->n_pending; j++) {
            const struct model_pending *p = &g->pending[(from + j) % g->n_pending];

            if (p->state != LEASED)
                continue;
            *who = p->owner;
            *id = p->id;
            return true;
        }
    }
    return false;
}

static void make_nack(struct run *h)
{
    const char *key = queue(h), *of = group(h), *who = consumer(h);
    struct stream_id id = pick_id(h, key, of, true);

    if (!once_in(h, 6))
        pick_lease(h, key, of, &who, &id);
    switch (below(h, 4)) {
    case 0:
        word(h, "QACK %s %s %s", key, of, who);
        break;
    case 1:
        word(h, "QEXTEND %s %s %s %dms", key, of, who, 1 + (int)below(h, 600));
        break;
    default:
        word(h, "QNACK %s %s %s", key, of, who);
        if (once_in(h, 3))
            word(h, "DELAY %d", (int)below(h, 200));
        else if (once_in(h, 3))
            word(h, "REJECT");
        if (once_in(h, 3))
            word(h, "ERROR why%d", (int)below(h, 3));
    }
    word(h, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
    if (once_in(h, 3))
        id_words(h, key, of, true, some(h));
}

static void make_purge(struct run *h)
{
    static const char *const state[] = {"new", "ready", "waiting", "held", "dead"};

    word(h, "QPURGE %s", queue(h));
    if (once_in(h, 2))
        word(h, "GROUP %s", group(h));
    else if (once_in(h, 3))
        word(h, "STATE delayed");
    if (once_in(h, 2) && memchr(h->line.p, 'G', h->line.n) != memrchr(h->line.p, 'G', h->line.n))
        word(h, "STATE %s", state[below(h, 5)]);
}

static void make_redrive(struct run *h)
{
    static const char *const reason[] = {"maxdeliver", "rejected", "expired", "overflow"};

    if (once_in(h, 4)) {
        word(h, "QREDRIVE %s GROUP %s", once_in(h, 2) ? "q0" : "q1", group(h));
        return;
    }
    word(h, "QREDRIVE %s", once_in(h, 3) ? "q0-dead" : "d0");
    if (once_in(h, 4))
        word(h, "TO q%d", (int)below(h, 3));
    if (once_in(h, 4))
        word(h, "REASON %s", reason[below(h, 4)]);
    if (once_in(h, 3))
        word(h, "COUNT %d", 1 + (int)below(h, 3));
    if (once_in(h, 5))
        word(h, "DRYRUN");
    if (once_in(h, 4)) {
        word(h, "IDS 2");
        id_words(h, "d0", "g0", false, 2);
    }
}

static void make_policy(struct run *h)
{
    enum feature f = (enum feature)below(h, FEATURES);
    const char *name = once_in(h, 2) ? "q0" : "q?";

    if (may(h, F_UNPOLICY, 4)) {
        word(h, "QPOLICY DEL %s", name);
        if (once_in(h, 2))
            word(h, "%s", once_in(h, 2) ? "ACKWAIT DLQ TTL" : "ORDERKEY PRIORITIES MAXDELIVER PAUSE");
        return;
    }
    for (int i = 0; i < 200 && !(h->uses[f] && features[f].first); i++)
        f = (enum feature)below(h, FEATURES);
    if (may(h, F_PAUSE, 3))
        word(h, "QPOLICY SET %s PAUSE %s", name, once_in(h, 4) ? "in" : once_in(h, 3) ? "out" : "none");
    else if (h->uses[f] && features[f].first)
        word(h, "QPOLICY SET %s %s", name, once_in(h, 2) ? features[f].other : features[f].third);
    else
        word(h, "XLEN q0");
}

/* The pattern that QWATCH is for, with what may come between. */
static void transaction(struct run *h)
{
    const char *key = once_in(h, 4) ? "q1" : "q0", *of = group(h), *who = consumer(h);
    unsigned client = free_client(h);
    struct stream_id id = pick_id(h, key, of, true);

    if (!once_in(h, 6))
        pick_lease(h, key, of, &who, &id);
    word(h, "QWATCH %s %s %s %" PRIu64 "-%" PRIu64, key, of, who, id.ms, id.seq);
    step(h, REQUEST, client);
    if (once_in(h, 3)) {
        h->s->now.wall += 100;
        h->s->now.mono += 100000;
        step(h, CLOCK, 0);
    }
    if (once_in(h, 3)) {
        word(h, "XACK %s %s %" PRIu64 "-%" PRIu64, key, of, id.ms, id.seq);
        step(h, REQUEST, OBSERVER);
    }
    word(h, "MULTI");
    step(h, REQUEST, client);
    word(h, "XADD q2 * f v%u", h->values++);
    step(h, REQUEST, client);
    word(h, "XADD %s * f v%u", once_in(h, 2) ? "q1" : "q2", h->values++);
    step(h, REQUEST, client);
    word(h, "QACK %s %s %s %" PRIu64 "-%" PRIu64, key, of, who, id.ms, id.seq);
    step(h, REQUEST, client);
    word(h, "EXEC");
    step(h, REQUEST, client);
}

static void pass_time(struct run *h)
{
    msec ms = (msec)below(h, once_in(h, 5) ? 800 : 60);

    h->s->now.mono += ms * 1000;
    h->s->now.wall += may(h, F_CLOCKBACK, 12) ? -(msec)below(h, 500) : ms;
    step(h, CLOCK, 0);
}

static const struct {
    void (*make)(struct run *h);
    unsigned weight;
    int needs; /* a feature, or FEATURES: none */
} requests[] = {
    {make_xadd, 24, FEATURES},      {make_read, 24, FEATURES},  {make_xack, 9, FEATURES},
    {make_xdel, 2, FEATURES},       {make_xtrim, 1, FEATURES},  {make_group, 3, FEATURES},
    {make_xnack, 6, F_XNACK},       {make_xclaim, 6, F_XCLAIM}, {make_xautoclaim, 4, F_XCLAIM},
    {make_key_change, 1, FEATURES}, {make_qadd, 14, F_QADD},    {make_qcancel, 2, F_DELAY},
    {make_nack, 14, F_NACK},        {make_purge, 3, F_PURGE},   {make_redrive, 5, F_REDRIVE},
    {make_policy, 3, F_CHANGE},     {make_policy, 3, F_PAUSE},  {transaction, 5, F_QWATCH},
};

static void make_any(struct run *h)
{
    unsigned all = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < sizeof requests / sizeof *requests; k++)
        all += requests[k].needs == FEATURES || h->uses[requests[k].needs] ? requests[k].weight : 0;
    for (at = (unsigned)below(h, all);; i++) {
        unsigned weight =
            requests[i].needs == FEATURES || h->uses[requests[i].needs] ? requests[i].weight : 0;

        if (at < weight)
            break;
        at -= weight;
    }
    requests[i].make(h);
    if (h->line.n)
        request(h);
}

/* The model has only so much room. */
static void make_space(struct run *h)
{
    for (size_t i = 0; i < sizeof all_keys / sizeof *all_keys; i++) {
        const struct model_key *k = model_key(h->m, all_keys[i]);

        if (k && (k->n_entries > MODEL_ENTRIES / 3 || k->n_delayed > MODEL_DELAYED / 2)) {
            word(h, "DEL %s", all_keys[i]);
            request(h);
        }
    }
}

/* Most requests are about groups: without one they say little. */
static void see_to_groups(struct run *h)
{
    const char *key = once_in(h, 6) ? queue(h) : once_in(h, 3) ? "q1" : "q0";
    const struct model_key *k = model_key(h->m, key);

    if ((k && k->n_groups) || once_in(h, 3))
        return;
    word(h, "XGROUP CREATE %s g0 0 MKSTREAM", key);
    request(h);
    if (!once_in(h, 3))
        return;
    word(h, "XGROUP CREATE %s g1 0 MKSTREAM", key);
    request(h);
}

static const char *option_of(struct run *h, enum feature f)
{
    return once_in(h, 2) ? features[f].first : once_in(h, 2) ? features[f].other : features[f].third;
}

/* The options of what is used, to one queue or to all; with PRIORITIES, ORDERKEY is not given. */
static void make_policies(struct run *h)
{
    bool half = once_in(h, 3); /* of the options to one name, and half to another */

    for (int i = 0; i < 1 + half; i++) {
        bool any = false;

        word(h, "QPOLICY SET %s", i ? "q*" : once_in(h, 2) ? "q0" : "q?");
        for (int f = 0; f < FEATURES; f++)
            if (h->uses[f] && features[f].first && !(half && once_in(h, 2))) {
                word(h, "%s", option_of(h, (enum feature)f));
                any = true;
            }
        if (any)
            request(h);
        h->line.n = 0;
    }
    if (h->uses[F_DLQFULL]) {
        word(h, "QPOLICY SET d0 MAXLEN %d%s", 1 + (int)below(h, 4), once_in(h, 3) ? " OVERFLOW drop" : "");
        request(h);
    }
}

static void choose_features(struct run *h)
{
    unsigned n = 0, at[FEATURES];

    for (unsigned f = 0; f < FEATURES; f++)
        if (options.pool[f])
            at[n++] = f;
    for (unsigned f = 0; f < n; f++)
        h->uses[at[f]] = options.with_all || once_in(h, 3);
    if (n && !options.with_all && once_in(h, 2)) { /* a pair, and what all need */
        for (unsigned f = F_QADD; f < FEATURES; f++)
            h->uses[f] = false;
        h->uses[at[below(h, n)]] = true;
        h->uses[at[below(h, n)]] = true;
    }
    h->uses[F_QADD] |= options.pool[F_QADD] &&
                       (h->uses[F_DELAY] || h->uses[F_OWNTTL] || h->uses[F_PRIORITY] || h->uses[F_DEDUP]);
    h->uses[F_LOOK] = options.pool[F_LOOK];
    if (h->uses[F_ORDERKEY])
        h->uses[F_PRIORITY] = h->uses[F_AGING] = false;
    if (h->uses[F_CONSUMERIDLE])
        h->uses[F_BLOCK] = false;
    if (h->uses[F_ONDISCONNECT]) /* it comes with an ACKWAIT of its own */
        h->uses[F_ACKWAIT] = h->uses[F_UNPOLICY] = false;
}

static void run_open(struct run *h)
{
    struct sim_options o = {
        .seed = options.seed,
        .settings = "stream-node-max-entries 3\n",
        .journal = {.sync = JOURNAL_SYNC_EVERYSEC, .unsynced_limit = 1 << 20},
        .heard = h->heard,
    };

    random_seed(&h->random, options.seed);
    h->s = sim_new(&o);
    sim_must(sim_start(h->s) == OK);
    h->m = model_new(h->s->now);
}

static void make_up(void)
{
    struct run h = {0};

    run_open(&h);
    choose_features(&h);
    if (options.tell)
        for (int f = 0; f < FEATURES; f++)
            if (h.uses[f])
                fprintf(stderr, "uses %s\n", features[f].name);
    make_policies(&h);
    word(&h, "XGROUP CREATE q0 g0 0 MKSTREAM");
    request(&h);
    while (shared->steps + 16 < options.steps + 16 && shared->steps + 16 < STEPS) {
        make_space(&h);
        see_to_groups(&h);
        if (once_in(&h, 3))
            pass_time(&h);
        make_any(&h);
        if (may(&h, F_RESTART, 30))
            step(&h, RESTART, 0);
        if (may(&h, F_REWRITE, 30))
            step(&h, REWRITE, 0);
        if (once_in(&h, h.uses[F_ONDISCONNECT] ? 12 : 40))
            step(&h, RECONNECT, (unsigned)below(&h, WORKERS));
    }
}

static bool look_given;

static void replay(void)
{
    struct run h = {0};

    run_open(&h);
    h.uses[F_LOOK] = look_given;
    for (unsigned i = 0; i < shared->steps; i++)
        make_step(&h, &shared->step[i]);
}

/* --- histories in processes of their own --- */

static bool fails(void (*history)(void))
{
    int status;
    pid_t child;

    shared->failure[0] = shared->sort[0] = '\0';
    fflush(stdout);
    child = fork();
    must(child >= 0);
    if (child == 0) {
        alarm(STUCK_SECONDS);
        history();
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
        snprintf(shared->failure, sizeof shared->failure, "signal %d", WTERMSIG(status));
        snprintf(shared->sort, sizeof shared->sort, "signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) && !*shared->sort) {
        snprintf(shared->failure, sizeof shared->failure, "exit %d", WEXITSTATUS(status));
        snprintf(shared->sort, sizeof shared->sort, "exit %d", WEXITSTATUS(status));
    }
    return status != 0;
}

static struct step kept[STEPS];

static void keep(unsigned n)
{
    memcpy(shared->step, kept, n * sizeof *kept);
    shared->steps = n;
}

/* Whether it fails in the same way without some steps: then they are gone. */
static bool shorter(unsigned *n, unsigned from, unsigned many, const char *sort)
{
    keep(*n);
    memmove(shared->step + from, shared->step + from + many, (*n - from - many) * sizeof *shared->step);
    shared->steps -= many;
    if (!fails(replay) || strcmp(shared->sort, sort) != 0)
        return false;
    memmove(kept + from, kept + from + many, (*n - from - many) * sizeof *kept);
    *n -= many;
    return true;
}

static void shrink(void)
{
    unsigned n = shared->steps;
    char sort[sizeof shared->sort];

    memcpy(sort, shared->sort, sizeof sort);
    memcpy(kept, shared->step, n * sizeof *kept);
    for (unsigned many = n / 2 ? n / 2 : 1; many; many /= 2) {
        bool any = false;

        for (unsigned from = n; from >= many; from -= from > many ? many : from)
            any |= shorter(&n, from - many, many, sort);
        if (any && many == 1)
            many = 2;
    }
    keep(n);
    if (!fails(replay))
        printf("the history alone does not fail again\n");
}

static void print_failure(void)
{
    printf("seed %" PRIu64 ", shortened:\n", options.seed);
    for (unsigned i = 0; i < shared->steps; i++)
        print_step(stdout, &shared->step[i]);
    printf("%s\n\n", shared->failure);
}

static bool one_history(uint64_t seed)
{
    bool tell = options.tell;

    options.seed = seed;
    shared->steps = 0;
    if (!fails(make_up))
        return true;
    options.tell = false;
    printf("seed %" PRIu64 " fails after %u steps: %s\n%s\n", seed, shared->steps, shared->sort,
           shared->failure);
    shrink();
    print_failure();
    options.tell = tell;
    return false;
}

static void read_steps(const char *path)
{
    FILE *f = fopen(path, "r");
    char name[16], line[MODEL_LINE + 100];

    must(f);
    while (fgets(line, sizeof line, f)) {
        struct step *t = &shared->step[shared->steps];
        int at = 0;

        memset(t, 0, sizeof *t);
        if (sscanf(line, "%" SCNd64 " %" SCNd64 " %15s %u %n", &t->at.wall, &t->at.mono, name, &t->client,
                   &at) < 4)
            continue;
        while (t->kind < KINDS && strcmp(kind_name[t->kind], name) != 0)
            t->kind++;
        must(t->kind < KINDS && shared->steps + 1 < STEPS);
        line[strcspn(line, "\n")] = '\0';
        snprintf(t->line, sizeof t->line, "%.*s", MODEL_LINE - 1, line + at);
        shared->steps++;
    }
    fclose(f);
}

/* --- the command line --- */

static void choose(const char *names)
{
    for (int f = 0; f < FEATURES; f++) {
        size_t n = strlen(features[f].name);
        const char *at = names;

        while ((at = strstr(at, features[f].name)) &&
               ((at != names && at[-1] != ',') || (at[n] && at[n] != ',')))
            at++;
        options.pool[f] = at || strcmp(names, "all") == 0;
    }
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static const char *parse(int n, char **arg)
{
    const char *file = NULL;

    for (int f = 0; f < FEATURES; f++)
        options.pool[f] = features[f].built;
    options.seeds = from_env("SEEDS", 5 * options.seeds) / 5; /* each costs as much as five of test_broker */
    options.seed = from_env("SEED", 0);
    for (int i = 1; i < n; i++) {
        const char *value = i + 1 < n ? arg[i + 1] : "";

        if (strcmp(arg[i], "--with-all") == 0) {
            options.with_all = true;
            continue;
        }
        if (strcmp(arg[i], "--tell") == 0) {
            options.tell = true;
            continue;
        }
        if (strcmp(arg[i], "--alone") == 0) {
            options.alone = true;
            continue;
        }
        if (strcmp(arg[i], "--features") == 0)
            choose(value);
        else if (strcmp(arg[i], "--seeds") == 0)
            options.seeds = strtoull(value, NULL, 10);
        else if (strcmp(arg[i], "--seed") == 0)
            options.seed = strtoull(value, NULL, 10);
        else if (strcmp(arg[i], "--steps") == 0)
            options.steps = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(arg[i], "--replay") == 0)
            file = value;
        i++;
    }
    look_given = options.pool[F_LOOK];
    return file;
}

int main(int n, char **arg)
{
    const char *file = parse(n, arg);
    uint64_t first = options.seed ? options.seed : 1, last = options.seed ? options.seed : options.seeds;
    unsigned passed = 0, wrong = 0;

    sim_on_failure = on_sim_failure;
    log_set_level(LOG_LEVEL_WARNING);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED);
    if (file) {
        read_steps(file);
        wrong = fails(replay);
        if (wrong)
            print_failure();
        return wrong != 0;
    }
    for (uint64_t seed = first; seed <= last && wrong < 10; seed++) {
        if (one_history(seed))
            passed++;
        else
            wrong++;
    }
    printf("%u passed, %u failed\n", passed, wrong);
    return wrong != 0;
}
