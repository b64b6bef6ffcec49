/* cmd/debug_data.c - DEBUG RELOAD, LOADAOF, POPULATE, HTSTATS. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "broker/rewrite.h"
#include "debug.h"
#include "handlers.h"
#include "store/record.h"

#include <limits.h>
#include <stdio.h>

/* --- RELOAD: all data as the records of a rewrite, and back --- */

static void record_select(struct buf *records, int db)
{
    record_head(records, 2);
    record_str(records, "SELECT");
    record_i64(records, db);
}

static void write_all(const struct broker *b, struct buf *records)
{
    rewrite_libraries(b, records);
    for (int i = 0; i < b->dbs; i++) {
        struct dict_iter it;
        struct key *k;

        if (dict_count(&b->db[i].keys) == 0 && !policies_in(&b->policies, i))
            continue;
        record_select(records, i);
        rewrite_policies(b, i, records);
        dict_iter_begin(&it, &b->db[i].keys);
        while ((k = dict_iter_next(&it)))
            rewrite_key(b, k, records);
        dict_iter_end(&it);
    }
}

static void read_all(struct service *s, struct slice records)
{
    const struct resp_limits all = {
        .bulk_max = INT_MAX, .inline_max = INT_MAX, .args_max = INT_MAX}; /* what was taken once */
    struct resp_parser parser;
    struct args args = {0};
    size_t used;
    const char *why;

    resp_init(&parser);
    while (records.n) {
        must(resp_next(&parser, &all, records.p, records.n, &args, &used, &why) == RESP_REQUEST);
        must(service_replay(s, args.v, args.n) == OK);
        records.p += used;
        records.n -= used;
    }
    args_free(&args);
    resp_free(&parser);
}

int debug_reload(struct call *c)
{
    struct buf records = {0};

    if (c->n > 2)
        return call_fail(c, "ERR DEBUG RELOAD takes no options here: there is no file to be merged or kept");
    write_all(c->broker, &records);
    service_forget_data(c->service);
    read_all(c->service, buf_slice(&records));
    buf_free(&records);
    reply_ok(c->reply);
    return OK;
}

/* --- LOADAOF: the server does it between turns, and the client waits --- */

static int loaded(struct call *c, void *parsed)
{
    const char *refused = c->service->server.journal_refused;

    (void)parsed;
    if (c->broker->orders.journal != JOURNAL_ORDER_NONE)
        return ERR_BLOCK;
    if (*refused)
        return call_fail(c, "ERR %s", refused);
    reply_ok(c->reply);
    return OK;
}

static void not_loaded(struct call *c, void *parsed)
{
    (void)parsed;
    call_fail(c, "ERR unblocked while the journal is loaded");
}

int debug_loadaof(struct call *c)
{
    struct pending_call p = {
        .cmd = c->cmd, .serve = loaded, .timeout = not_loaded, .free = mem_free, .db = WAIT_NO_DB};
    struct slice name = WAIT_JOURNAL;

    if (c->in_exec || c->broker->orders.journal != JOURNAL_ORDER_NONE)
        return call_fail(c, "ERR not now: in a transaction, or while the journal is loaded or changed");
    c->broker->orders.journal = JOURNAL_ORDER_LOAD;
    call_wait(c, &p, &name, 1, WAIT_COPY, SLICE(""), INT64_MAX);
    return ERR_BLOCK;
}

/* --- POPULATE: keys PREFIX:0 to PREFIX:n-1, those that are there stay --- */

#define POPULATE_MAX ((int64_t)10000000)

static void populate(struct call *c, int64_t n, struct slice prefix, size_t size)
{
    struct buf name = {0};
    char *value = mem_zalloc(size + 32);

    for (int64_t i = 0; i < n; i++) {
        int digits = snprintf(value, 32, "value:%lld", (long long)i);

        name.n = 0;
        buf_addf(&name, "%.*s:%lld", SLICE_ARG(prefix), (long long)i);
        if (!key_write(c, buf_slice(&name)))
            change_set(c->broker, c->db, buf_slice(&name),
                       (struct slice){value, size ? size : (size_t)digits}, -1, false, EVENT_SET);
    }
    mem_free(value);
    buf_free(&name);
}

int debug_populate(struct call *c)
{
    int64_t n, size = 0;

    if (!num_i64(c->arg[2], &n) || n < 0 || n > POPULATE_MAX ||
        (c->n > 4 && (!num_i64(c->arg[4], &size) || size < 0 || size > 1 << 20)))
        return call_fail(c, "ERR value is out of range, must be positive");
    populate(c, n, c->n > 3 ? c->arg[3] : SLICE("key"), (size_t)size);
    reply_ok(c->reply);
    return OK;
}

/* --- HTSTATS --- */

int debug_htstats(struct call *c)
{
    struct buf text = {0};
    const struct db *db;
    int64_t n;

    if (!num_i64(c->arg[2], &n))
        return ERR_INT;
    if (n < 0 || n >= c->broker->dbs)
        return call_fail(c, "ERR Out of range database");
    db = &c->broker->db[n];
    buf_addf(&text, "[Dictionary HT]\n");
    for (int t = 0; t < 2; t++)
        if (db->keys.t[t].buckets)
            buf_addf(&text, " table %d: buckets=%llu keys=%zu chained buckets=%zu\n", t,
                     (unsigned long long)db->keys.t[t].mask + 1, db->keys.t[t].used, db->keys.t[t].chained);
    buf_addf(&text, "[Expires HT]\n keys with a deadline=%zu\n", db->expiries.n);
    reply_verbatim(c->reply, "txt", buf_slice(&text));
    buf_free(&text);
    return OK;
}
