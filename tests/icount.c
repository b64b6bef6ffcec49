/* tests/icount.c - runs one workload, for callgrind to count: tests/icount.py.
 *
 *   icount NAME N MAX
 *
 * prepares for MAX requests and runs N of them, 16 to a turn: through a session, with a journal whose disk
 * takes everything and does nothing. The difference between two N is what the requests cost, without
 * sockets, system calls and preparation.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/session.h"
#include "persist/journal.h"
#include "store/record.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 16
#define KEYS  512

/* --- a disk without a bottom --- */

struct disk_file {
    int unused;
};
static struct disk_file only_file;

static int good(struct disk *d)
{
    (void)d;
    return OK;
}

static int null_open(struct disk *d, const char *name, enum disk_open how, struct disk_file **file)
{
    (void)d, (void)name;
    if (how != DISK_CREATE) {
        errno = ENOENT;
        return ERR_IO;
    }
    *file = &only_file;
    return OK;
}

static int null_rename(struct disk *d, const char *from, const char *to)
{
    (void)d, (void)from, (void)to;
    return OK;
}

static int null_unlink(struct disk *d, const char *name)
{
    (void)d, (void)name;
    return OK;
}

static int null_list(struct disk *d, void (*fn)(const char *name, void *arg), void *arg)
{
    (void)d, (void)fn, (void)arg;
    return OK;
}

static bool null_exists(struct disk *d, const char *name)
{
    (void)d, (void)name;
    return false;
}

static void null_close(struct disk *d)
{
    (void)d;
}

static int null_read(struct disk_file *f, void *to, size_t n, uint64_t at, size_t *got)
{
    (void)f, (void)to, (void)n, (void)at;
    *got = 0;
    return OK;
}

static int null_write(struct disk_file *f, const void *p, size_t n, uint64_t at)
{
    (void)f, (void)p, (void)n, (void)at;
    return OK;
}

static int null_sync(struct disk_file *f)
{
    (void)f;
    return OK;
}

static int null_size(struct disk_file *f, uint64_t *n)
{
    (void)f;
    *n = 0;
    return OK;
}

static int null_allocate(struct disk_file *f, uint64_t at, uint64_t n)
{
    (void)f, (void)at, (void)n;
    return OK;
}

static int null_truncate(struct disk_file *f, uint64_t n)
{
    (void)f, (void)n;
    return OK;
}

static void null_close_file(struct disk_file *f)
{
    (void)f;
}

static const struct disk_ops null_ops = {
    .lock = good,
    .open = null_open,
    .rename = null_rename,
    .unlink = null_unlink,
    .sync_dir = good,
    .list = null_list,
    .exists = null_exists,
    .close = null_close,
    .read = null_read,
    .write = null_write,
    .sync = null_sync,
    .size = null_size,
    .allocate = null_allocate,
    .truncate = null_truncate,
    .close_file = null_close_file,
};
static struct disk null_disk = {&null_ops};

static void sync_start(struct syncer *s, struct disk *d, struct disk_file *f, uint64_t zero_at, uint64_t zero)
{
    (void)s, (void)d, (void)f, (void)zero_at, (void)zero;
}

static bool sync_poll(struct syncer *s, bool wait, int *result)
{
    (void)s, (void)wait;
    *result = OK;
    return true;
}

static void sync_free(struct syncer *s)
{
    (void)s;
}

static struct syncer null_syncer = {sync_start, sync_poll, sync_free};

/* --- a turn --- */

struct bench {
    struct service service;
    struct session *session;
    struct now now;
    struct buf input; /* requests that are being made */
};

static void run_turn(struct bench *b, struct slice input)
{
    struct broker *broker = &b->service.broker;
    struct session_run run;
    struct slice out;

    run = session_input(b->session, input.p, input.n, UINT32_MAX, b->now);
    session_run_end(&b->service, b->now);
    must(run.used == input.n);
    must(journal_commit(broker->journal, b->now) == OK);
    while (!list_empty(&broker->touched))
        list_remove(broker->touched.next);
    out = outbox_ready(&b->session->out, journal_safe(broker->journal));
    must(out.n && out.p[0] != '-');
    outbox_taken(&b->session->out, out.n);
    must(outbox_pending(&b->session->out) == 0);
    b->now.wall++;
}

static void bench_init(struct bench *b)
{
    static const char id[41] = "0123456789012345678901234567890123456789";
    const struct journal_options o = {JOURNAL_SYNC_EVERYSEC, 64 << 20, 256 << 20};
    const struct journal_tail fresh = {0};
    struct buf why = {0};

    service_init(&b->service, (struct hash_seed){1, 2}, id);
    b->service.config.slowlog_log_slower_than = INT64_MAX; /* on, and valgrind's time is not the server's */
    service_start(&b->service);
    must(journal_open(&null_disk, &null_syncer, "appendonly.aof", &o, &fresh, &b->service.broker.journal,
                      NULL, &why) == OK);
    b->now = (struct now){INT64_C(1700000000000), 1000000};
    b->session = session_new(&b->service, b->now);
}

static void bench_free(struct bench *b)
{
    session_free(b->session);
    journal_abandon(b->service.broker.journal);
    service_free(&b->service);
    buf_free(&b->input);
}

/* --- workloads --- */

static const char hundred[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                              "012345678901234567890123456789";

static void add(struct bench *b, const char *const *word, size_t n)
{
    record_words(&b->input, word, n);
}
#define ADD(b, ...)                                                                                          \
    add(b, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *key_of(unsigned i)
{
    static char key[32];

    snprintf(key, sizeof key, "key:%06u", i * 7919 % KEYS);
    return key;
}

static void ping(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "PING");
}

static void set(struct bench *b, unsigned i)
{
    ADD(b, "SET", key_of(i), hundred);
}

static void get(struct bench *b, unsigned i)
{
    ADD(b, "GET", key_of(i));
}

static void incr(struct bench *b, unsigned i)
{
    ADD(b, "INCR", key_of(i));
}

static void lpush(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "LPUSH", "list", hundred);
}

static void rpop(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "RPOP", "list");
}

static void xadd(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "XADD", "stream", "*", "payload", hundred);
}

static void xadd_maxlen(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "XADD", "stream", "MAXLEN", "~", "1000", "*", "payload", hundred);
}

static void transaction(struct bench *b, unsigned i)
{
    ADD(b, "MULTI");
    xadd(b, i);
    ADD(b, "EXEC");
}

static void xreadgroup(struct bench *b, unsigned i)
{
    (void)i;
    ADD(b, "XREADGROUP", "GROUP", "group", "consumer", "COUNT", "10", "STREAMS", "stream", ">");
}

static void xack(struct bench *b, unsigned i)
{
    char id[10][32];

    for (unsigned k = 0; k < 10; k++)
        snprintf(id[k], sizeof id[k], "1700000000000-%u", i * 10 + k + 1);
    ADD(b, "XACK", "stream", "group", id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9]);
}

/* All requests are made before the first one runs: making them is not what is counted. Of `made`, n run. */
static void run(struct bench *b, void (*request)(struct bench *b, unsigned i), unsigned made, unsigned n)
{
    size_t *end = mem_alloc((made / BATCH + 1) * sizeof *end), from = 0;

    must(made % BATCH == 0 && n % BATCH == 0);
    b->input.n = 0;
    for (unsigned i = 0; i < made; i++) {
        request(b, i);
        end[i / BATCH] = b->input.n;
    }
    for (unsigned i = 0; i < n / BATCH; i++) {
        run_turn(b, (struct slice){b->input.p + from, end[i] - from});
        from = end[i];
    }
    mem_free(end);
}

/* --- what is there before --- */

static void some_entries(struct bench *b, unsigned max)
{
    (void)max;
    run(b, xadd, 2000, 2000);
}

static void xadd_numbered(struct bench *b, unsigned i)
{
    char id[32];

    snprintf(id, sizeof id, "1700000000000-%u", i + 1);
    ADD(b, "XADD", "stream", id, "payload", hundred);
}

static void ten_entries_each(struct bench *b, unsigned max)
{
    ADD(b, "XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM");
    run_turn(b, buf_slice(&b->input));
    run(b, xadd_numbered, 10 * max, 10 * max);
}

static void ten_pending_each(struct bench *b, unsigned max)
{
    ten_entries_each(b, max);
    run(b, xreadgroup, max, max);
}

/* The same where the broker looks after the messages. */
static void govern(struct bench *b)
{
    ADD(b, "QPOLICY", "SET", "stream", "ACKWAIT", "30s", "MAXDELIVER", "5", "BACKOFF", "1s", "DLQ", "dead", "TTL",
        "1h");
    run_turn(b, buf_slice(&b->input));
}

static void some_governed(struct bench *b, unsigned max)
{
    govern(b);
    some_entries(b, max);
}

static void ten_governed_each(struct bench *b, unsigned max)
{
    govern(b);
    ten_entries_each(b, max);
}

static void ten_leased_each(struct bench *b, unsigned max)
{
    govern(b);
    ten_pending_each(b, max);
}

static void keys(struct bench *b, unsigned max)
{
    (void)max;
    run(b, set, KEYS, KEYS);
}

static void counters(struct bench *b, unsigned max)
{
    (void)max;
    run(b, incr, KEYS, KEYS);
}

static void elements(struct bench *b, unsigned max)
{
    run(b, lpush, max, max);
}

static const struct {
    const char *name;
    void (*prepare)(struct bench *b, unsigned max); /* may be NULL */
    void (*request)(struct bench *b, unsigned i);
} workloads[] = {
    {"PING", NULL, ping},
    {"SET-100", keys, set},
    {"GET-100", keys, get},
    {"INCR", counters, incr},
    {"LPUSH-100", NULL, lpush},
    {"RPOP-100", elements, rpop},
    {"XADD-100", some_entries, xadd},
    {"XADD-MAXLEN", some_entries, xadd_maxlen},
    {"MULTI-XADD-EXEC", some_entries, transaction},
    {"XREADGROUP-10", ten_entries_each, xreadgroup},
    {"XACK-10", ten_pending_each, xack},
    {"QUEUE-XADD-100", some_governed, xadd},
    {"QUEUE-XREADGROUP-10", ten_governed_each, xreadgroup},
    {"QUEUE-XACK-10", ten_leased_each, xack},
};

int main(int argc, char **argv)
{
    unsigned n = argc == 4 ? (unsigned)atoi(argv[2]) : 0, max = argc == 4 ? (unsigned)atoi(argv[3]) : 0;

    for (size_t i = 0; i < sizeof workloads / sizeof *workloads && n && n <= max; i++) {
        struct bench b = {0};

        if (strcmp(argv[1], workloads[i].name) != 0)
            continue;
        bench_init(&b);
        if (workloads[i].prepare)
            workloads[i].prepare(&b, max);
        run(&b, workloads[i].request, max, n);
        bench_free(&b);
        return 0;
    }
    fputs("usage: icount NAME N MAX (N at most MAX, both multiples of 16)\n", stderr);
    return 2;
}
