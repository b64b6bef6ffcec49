/* cmd/memory_cmds.c - MEMORY: what keys take, and where the rest is. */
#include "base/mem.h"
#include "base/num.h"
#include "handlers.h"
#include "memory.h"

/* --- MEMORY USAGE --- */

/* How many elements are to be looked at is taken and not needed: sizes are kept, not sampled. */
static int parse_samples(const struct call *c)
{
    for (size_t i = 3; i < c->n; i += 2) {
        int64_t samples;

        if (!slice_is(c->arg[i], "SAMPLES") || i + 1 == c->n)
            return ERR_SYNTAX;
        if (!num_i64(c->arg[i + 1], &samples))
            return ERR_INT;
        if (samples < 0)
            return ERR_SYNTAX;
    }
    return OK;
}

int cmd_memory_usage(struct call *c)
{
    int err = parse_samples(c);
    const struct key *k;

    if (err != OK)
        return err;
    k = key_write(c, c->arg[2]); /* which is no hit and no miss */
    if (k)
        reply_int(c->reply, (int64_t)key_memory(k));
    else
        reply_null(c->reply);
    return OK;
}

/* --- MEMORY STATS --- */

struct stats {
    struct reply *r;
    size_t n;
};

static void put_size(struct stats *s, const char *name, uint64_t v)
{
    reply_bulk_str(s->r, name);
    reply_int(s->r, (int64_t)v);
    s->n++;
}

static void put_ratio(struct stats *s, const char *name, double v)
{
    reply_bulk_str(s->r, name);
    reply_double(s->r, v);
    s->n++;
}

static void put_over(struct stats *s, const char *ratio, const char *bytes, uint64_t a, uint64_t b)
{
    put_ratio(s, ratio, b ? (double)a / (double)b : 0);
    put_size(s, bytes, a - b); /* below zero as well */
}

static void put_databases(struct stats *s, const struct broker *b)
{
    for (int i = 0; i < b->dbs; i++) {
        struct stats db = {.r = s->r};

        if (dict_count(&b->db[i].keys) == 0)
            continue;
        reply_bulkf(s->r, "db.%d", i);
        reply_map(s->r, 3);
        put_size(&db, "overhead.hashtable.main", memory_of_table(&b->db[i]));
        put_size(&db, "overhead.hashtable.expires", memory_of_expiries(&b->db[i]));
        put_size(&db, "overhead.hashtable.slot-to-keys", 0);
        s->n++;
    }
}

static void put_overheads(struct stats *s, const struct memory_use *m)
{
    put_size(s, "peak.allocated", m->peak);
    put_size(s, "total.allocated", m->used);
    put_size(s, "startup.allocated", m->startup);
    put_size(s, "replication.backlog", 0);
    put_size(s, "clients.slaves", 0);
    put_size(s, "clients.normal", m->clients);
    put_size(s, "cluster.links", 0);
    put_size(s, "aof.buffer", m->journal);
    put_size(s, "lua.caches", 0);
    put_size(s, "functions.caches", 0);
}

static void put_sums(struct stats *s, const struct memory_use *m, uint64_t keys)
{
    uint64_t since_start = m->used > m->startup ? m->used - m->startup : 0;

    put_size(s, "overhead.total", m->overhead);
    put_size(s, "keys.count", keys);
    put_size(s, "keys.bytes-per-key", keys ? since_start / keys : 0);
    put_size(s, "dataset.bytes", m->dataset);
    put_ratio(s, "dataset.percentage", m->dataset_percent);
    put_ratio(s, "peak.percentage", m->peak ? (double)m->used * 100 / (double)m->peak : 0);
    put_size(s, "allocator.allocated", m->allocator.allocated);
    put_size(s, "allocator.active", m->allocator.active);
    put_size(s, "allocator.resident", m->allocator.resident);
    put_over(s, "allocator-fragmentation.ratio", "allocator-fragmentation.bytes", m->allocator.active,
             m->allocator.allocated);
    put_over(s, "allocator-rss.ratio", "allocator-rss.bytes", m->allocator.resident, m->allocator.active);
    put_over(s, "rss-overhead.ratio", "rss-overhead.bytes", m->rss, m->allocator.resident);
    put_over(s, "fragmentation", "fragmentation.bytes", m->rss, m->used);
}

int cmd_memory_stats(struct call *c)
{
    struct stats s = {.r = c->reply};
    uint64_t place = reply_later(c->reply, 30);
    struct memory_use m;

    memory_look(c->service, &m);
    put_overheads(&s, &m);
    put_databases(&s, c->broker);
    put_sums(&s, &m, broker_keys(c->broker));
    reply_fill_map(c->reply, place, s.n);
    return OK;
}

/* --- MEMORY DOCTOR --- */

#define MB               ((uint64_t)1 << 20)
#define DOCTOR_MIN       (5 * MB)
#define CLIENT_MEMORY_OK ((uint64_t)200 * 1024)

/* What is over by half, or by 10 MB at least, is worth a word. */
static bool well_over(uint64_t a, uint64_t b)
{
    return a > b + b / 2 && a > b + 10 * MB;
}

static void diagnose(const struct service *s, const struct memory_use *m, struct buf *text)
{
    if (well_over(m->peak, m->used))
        buf_addf(
            text,
            " * Peak: %llu MB were in use once, %llu MB are now. The system may still count the difference "
            "as this process'; MEMORY PURGE gives it back.\n",
            (unsigned long long)(m->peak / MB), (unsigned long long)(m->used / MB));
    if (well_over(m->allocator.active, m->allocator.allocated))
        buf_addf(text, " * Fragmentation: the allocator holds %llu MB of pages for %llu MB in use.\n",
                 (unsigned long long)(m->allocator.active / MB),
                 (unsigned long long)(m->allocator.allocated / MB));
    if (s->n_sessions && m->clients / s->n_sessions > CLIENT_MEMORY_OK)
        buf_addf(
            text,
            " * Clients: they take %llu KB each on average. Those that do not read their replies are seen "
            "in CLIENT LIST (omem), and bounded by client-output-buffer-limit.\n",
            (unsigned long long)(m->clients / s->n_sessions / 1024));
    if (s->config.maxmemory && m->used > s->config.maxmemory)
        buf_add_str(text,
                    " * Limit: more than maxmemory is in use, so commands that add data are refused.\n");
}

int cmd_memory_doctor(struct call *c)
{
    struct buf text = {0};
    struct memory_use m;

    memory_look(c->service, &m);
    if (m.used < DOCTOR_MIN)
        buf_add_str(&text, "Hardly anything is in memory: there is nothing to say of it.\n");
    else
        diagnose(c->service, &m, &text);
    if (text.n == 0)
        buf_add_str(&text, "No problem was found.\n");
    reply_verbatim(c->reply, "txt", buf_slice(&text));
    buf_free(&text);
    return OK;
}

/* --- the allocator --- */

static void add_piece(void *arg, const char *piece)
{
    buf_add_str(arg, piece);
}

int cmd_memory_malloc_stats(struct call *c)
{
    struct buf text = {0};

    if (!mem_report(add_piece, &text))
        buf_add_str(&text, "Stats not supported for the current allocator");
    reply_verbatim(c->reply, "txt", buf_slice(&text));
    buf_free(&text);
    return OK;
}

int cmd_memory_purge(struct call *c)
{
    if (!mem_purge())
        return call_fail(c, "ERR Error purging dirty pages");
    reply_ok(c->reply);
    return OK;
}

int cmd_memory_help(struct call *c)
{
    static const char *const line[] = {
        "DOCTOR",
        "    What is unusual about the memory in use.",
        "MALLOC-STATS",
        "    The allocator's own report.",
        "PURGE",
        "    Gives pages that lie idle back to the system.",
        "STATS",
        "    Where the memory goes.",
        "USAGE <key> [SAMPLES <count>]",
        "    Bytes that a key takes, name and value.",
        NULL,
    };

    return reply_help(c, line);
}
