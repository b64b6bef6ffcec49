/* store/dump.c - see store/dump.h. The plain forms are written, which every Redis reads; it packs them again
 * as it likes. */
#include "store/dump.h"
#include "base/crc64.h"
#include "base/err.h"
#include "base/mem.h"
#include "dump_impl.h"
#include "store/deque.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/string.h"
#include "store/zset.h"

#define TRAILER 10

/* --- bytes --- */

void dump_le(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_add_char(b, (char)(v >> 8 * i));
}

void dump_be(struct buf *b, uint64_t v, int bytes)
{
    while (bytes--)
        buf_add_char(b, (char)(v >> 8 * bytes));
}

void dump_length(struct buf *b, uint64_t n)
{
    if (n < 64) {
        buf_add_char(b, (char)n);
    } else if (n < 16384) {
        dump_be(b, 0x4000 | n, 2);
    } else if (n <= UINT32_MAX) {
        buf_add_char(b, (char)0x80);
        dump_be(b, n, 4);
    } else {
        buf_add_char(b, (char)0x81);
        dump_be(b, n, 8);
    }
}

void dump_string(struct buf *b, struct slice s)
{
    dump_length(b, s.n);
    buf_add_slice(b, s);
}

static void dump_double(struct buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    dump_le(b, bits, 8);
}

/* --- values --- */

static void write_list(struct buf *b, const struct deque *d)
{
    struct deque_pos pos;

    buf_add_char(b, FORM_LIST);
    dump_length(b, deque_length(d));
    for (bool ok = deque_seek(d, 0, &pos); ok; ok = deque_next(&pos))
        dump_string(b, deque_value(&pos));
}

static void write_set(struct buf *b, const struct set *s)
{
    struct set_iter it;

    buf_add_char(b, FORM_SET);
    dump_length(b, set_count(s));
    for (set_iter_begin(&it, s); set_iter_next(&it);)
        dump_string(b, it.item.member);
    set_iter_end(&it);
}

static void write_hash(struct buf *b, const struct hash *h)
{
    struct hash_iter it;

    buf_add_char(b, FORM_HASH);
    dump_length(b, hash_count(h));
    for (hash_iter_begin(&it, h); hash_iter_next(&it);) {
        dump_string(b, it.item.field);
        dump_string(b, it.item.value);
    }
    hash_iter_end(&it);
}

/* Highest first, as Redis does: it inserts each at the front. */
static void write_zset(struct buf *b, const struct zset *z)
{
    struct zset_iter it;
    size_t n = zset_count(z);

    buf_add_char(b, FORM_ZSET_2);
    dump_length(b, n);
    for (bool ok = n && zset_iter_at(&it, z, n - 1); ok; ok = zset_iter_prev(&it)) {
        dump_string(b, it.item.member);
        dump_double(b, it.item.score);
    }
}

static void write_value(struct buf *b, enum key_type type, const void *value)
{
    switch (type) {
    case KEY_STRING:
        buf_add_char(b, FORM_STRING);
        dump_string(b, string_slice(value));
        return;
    case KEY_LIST:
        write_list(b, value);
        return;
    case KEY_SET:
        write_set(b, value);
        return;
    case KEY_ZSET:
        write_zset(b, value);
        return;
    case KEY_HASH:
        write_hash(b, value);
        return;
    case KEY_STREAM:
        buf_add_char(b, FORM_STREAM_3);
        dump_stream(b, value);
        return;
    default:
        must(!"a type without values");
    }
}

void dump_write(struct buf *to, enum key_type type, const void *value)
{
    size_t begin = to->n;

    write_value(to, type, value);
    dump_le(to, DUMP_VERSION, 2);
    dump_le(to, crc64(0, to->p + begin, to->n - begin), 8);
}

/* --- reading --- */

bool dump_is_sound(struct slice dump)
{
    struct rdb r;
    uint64_t version;

    if (dump.n < TRAILER)
        return false;
    rdb_open(&r, (struct slice){dump.p + dump.n - TRAILER, TRAILER});
    version = rdb_le(&r, 2);
    return version <= RDB_VERSION_MAX && rdb_le(&r, 8) == crc64(0, dump.p, dump.n - 8);
}

int dump_read(struct slice dump, const struct rdb_making *how, size_t memory_max, enum key_type *type,
              void **value)
{
    struct rdb r;
    int err;

    rdb_open(&r, (struct slice){dump.p, dump.n - TRAILER});
    r.memory_max = memory_max;
    err = rdb_value(&r, rdb_byte(&r), how, type, value);
    if (err == OK && r.p != r.end) {
        rdb_discard(*type, *value);
        *value = NULL;
        err = ERR_FORMAT;
    }
    rdb_close(&r);
    return err;
}
