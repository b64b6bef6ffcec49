/* broker/import_records.c - an RDB as records. See broker/import.h. */
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "broker/change.h"
#include "broker/grave.h"
#include "broker/import.h"
#include "broker/rewrite.h"
#include "proto/resp.h"
#include "store/record.h"

#include <limits.h>

#define DATABASES 1024 /* no server has more (settings: databases) */

struct recording {
    struct broker b;
    int db; /* that the records are in; -1: none yet */
    struct buf records;
    struct args args;
    int (*apply)(void *arg, const struct slice *word, size_t n);
    void *arg;
};

static int hand_over(struct recording *r)
{
    const struct resp_limits all = {.bulk_max = INT64_MAX / 2, .inline_max = INT_MAX, .args_max = INT_MAX};
    struct slice left = buf_slice(&r->records);
    struct resp_parser parser;
    const char *why;
    size_t used;
    int err = OK;

    resp_init(&parser);
    while (left.n && err == OK) {
        must(resp_next(&parser, &all, left.p, left.n, &r->args, &used, &why) == RESP_REQUEST);
        err = r->apply(r->arg, r->args.v, r->args.n);
        left.p += used;
        left.n -= used;
    }
    resp_free(&parser);
    return err;
}

/* One key at a time is in the database. */
static int record_key(void *arg, int db, struct slice name)
{
    struct recording *r = arg;

    r->records.n = 0;
    if (db != r->db) {
        record_head(&r->records, 2);
        record_str(&r->records, "SELECT");
        record_i64(&r->records, r->db = db);
    }
    rewrite_key(&r->b, db_find(&r->b, db, name), &r->records);
    change_del(&r->b, db, name);
    while (graves_dig(&r->b, SIZE_MAX))
        ;
    return hand_over(r);
}

static int record_library(void *arg, struct slice text)
{
    struct recording *r = arg;
    const struct slice words[] = {SLICE("FUNCTION"), SLICE("LOAD"), text};

    return r->apply(r->arg, words, 3);
}

int import_records(struct source *from, int (*apply)(void *arg, const struct slice *word, size_t n),
                   void *arg, struct import_report *report, uint64_t *used, struct buf *why)
{
    struct recording r = {.db = -1, .apply = apply, .arg = arg};
    struct import_how how = {.library = record_library, .each = record_key, .arg = &r};
    struct hash_seed seed;
    int err;

    random_system(&seed, sizeof seed);
    broker_init(&r.b, DATABASES, seed);
    err = import_rdb(&r.b, &how, from, report, used, why);
    broker_free(&r.b);
    buf_free(&r.records);
    args_free(&r.args);
    return err;
}
