/* tests/fuzz/fuzz_rdb.c - any bytes as a value of an RDB, or as a whole file: an error, or data that holds
 * its invariants and is the same after DUMP and RESTORE.
 *
 * The first byte is the number of the form, 0xff a file; the rest is the value or the file. It is read in
 * pieces, each in memory of its own.
 *
 * Needs clang; see the Makefile.
 */
#include "../sim/pieces.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/change.h"
#include "broker/import.h"
#include "store/deque.h"
#include "store/dump.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/zset.h"

#define FILE_MARK 0xff

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_set_level(LOG_LEVEL_WARNING);
    return 0;
}

static struct broker *new_broker(void)
{
    struct broker *b = mem_zalloc(sizeof *b);

    broker_init(b, 2, (struct hash_seed){1, 2});
    b->shape.hash = b->shape.set = b->shape.zset = (struct shape_limits){8, 64};
    b->shape.intset_items = 16;
    b->node_limits.max_entries = 4;
    return b;
}

static void free_broker(struct broker *b)
{
    broker_free(b);
    mem_free(b);
}

static void check_key(const struct key *k)
{
    switch (k->type) {
    case KEY_LIST:
        deque_check(k->list);
        break;
    case KEY_SET:
        set_check(k->set);
        break;
    case KEY_ZSET:
        zset_check(k->zset);
        break;
    case KEY_HASH:
        hash_check(k->hash);
        break;
    case KEY_STREAM:
        stream_check(k->stream);
        break;
    default:
        break;
    }
}

static void check_dump(struct broker *b, int db, struct slice name)
{
    struct rdb_making making = {&b->shape, &b->node_limits};
    const struct key *k = db_find(b, db, name);
    struct digest before, after;
    struct buf dump = {0};
    enum key_type type;
    void *value;

    check_key(k);
    key_digest(b, db, k, &before);
    dump_write(&dump, k->type, k->value);
    must(dump_is_sound(buf_slice(&dump)));
    must(dump_read(buf_slice(&dump), &making, 0, &type, &value) == OK && value);
    change_restore(b, db, name, type, value, k->expiry ? k->expiry->node.at : -1);
    key_digest(b, db, db_find(b, db, name), &after);
    must(memcmp(&before, &after, sizeof before) == 0);
    buf_free(&dump);
}

static void as_value(unsigned form, struct slice bytes)
{
    struct broker *b = new_broker();
    struct rdb_making making = {&b->shape, &b->node_limits};
    struct pieces from;
    struct rdb r;
    enum key_type type;
    void *value;

    pieces_open(&from, bytes);
    rdb_open_source(&r, &from.source);
    if (rdb_value(&r, form, &making, &type, &value) != OK) {
        must(!value && r.why);
    } else if (value) {
        change_restore(b, 0, SLICE("k"), type, value, -1);
        check_dump(b, 0, SLICE("k"));
    }
    rdb_close(&r);
    pieces_close(&from);
    free_broker(b);
}

static int each(void *arg, int db, struct slice name)
{
    check_dump(arg, db, name);
    return OK;
}

static int take_library(void *arg, struct slice text)
{
    (void)arg;
    return text.n % 2 ? ERR_FORMAT : OK;
}

static int count(void *arg, const struct slice *word, size_t n)
{
    (void)word;
    must(n > 0);
    ++*(size_t *)arg;
    return OK;
}

static void as_file(struct slice bytes)
{
    struct broker *b = new_broker();
    struct import_how how = {.now = 1700000000000, .library = take_library, .each = each, .arg = b};
    struct import_report report;
    struct pieces from;
    struct buf why = {0};
    uint64_t used, again;
    size_t records = 0;
    int err;

    pieces_open(&from, bytes);
    err = import_rdb(b, &how, &from.source, &report, &used, &why);
    must(used <= bytes.n && (err == OK || (err == ERR_FORMAT && why.n)));
    if (err == OK) {
        must(import_records(&from.source, count, &records, &report, &again, &why) == OK && again == used);
        must(records >= broker_keys(b));
    }
    buf_free(&why);
    pieces_close(&from);
    free_broker(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = {(const char *)data + 1, n - 1};

    if (n == 0)
        return 0;
    if (*data == FILE_MARK)
        as_file(rest);
    else
        as_value(*data, rest);
    return 0;
}
