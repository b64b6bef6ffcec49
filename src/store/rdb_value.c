/* store/rdb_value.c - strings, lists, sets, sorted sets and hashes. See store/rdb_value.h. */
#include "store/rdb_value.h"
#include "base/err.h"
#include "base/mem.h"
#include "rdb_forms.h"
#include "store/deque_edit.h"
#include "store/hash_edit.h"
#include "store/listpack.h"
#include "store/set_edit.h"
#include "store/stream_edit.h"
#include "store/string_edit.h"
#include "store/zset_edit.h"

#include <math.h>

static const char twice[] = "the same element twice";
static const char spoiled[] = "a packed value is not sound";

/* --- blocks: what a form packs into one string --- */

/* The walk has ended: as it should? */
static void block_end(struct rdb *r, const struct listpack *l)
{
    if (l->bad)
        rdb_fail(r, spoiled);
}

/* --- lists --- */

static void push_block(struct rdb *r, struct deque *d, bool ziplist)
{
    struct listpack l;
    struct listpack_item item;

    if (ziplist)
        listpack_open_ziplist(&l, rdb_string(r));
    else
        listpack_open(&l, rdb_string(r));
    while (!r->err && listpack_next(&l, &item))
        deque_push_back(d, listpack_text(&item));
    block_end(r, &l);
}

enum { NODE_PLAIN = 1, NODE_LISTPACK = 2 };

static void push_node(struct rdb *r, struct deque *d)
{
    struct slice s;

    switch (rdb_length(r)) {
    case NODE_PLAIN:
        s = rdb_string(r);
        if (!r->err)
            deque_push_back(d, s);
        return;
    case NODE_LISTPACK:
        push_block(r, d, false);
        return;
    default:
        rdb_fail(r, "a list of unknown nodes");
    }
}

static void *read_list(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct deque *d = deque_new();
    uint64_t n = form == FORM_LIST_ZIPLIST ? 1 : rdb_length(r);

    (void)how;
    while (n-- && !r->err) {
        if (form == FORM_LIST) {
            struct slice s = rdb_string(r);

            if (!r->err)
                deque_push_back(d, s);
        } else if (form == FORM_LIST_QUICKLIST_2) {
            push_node(r, d);
        } else {
            push_block(r, d, true);
        }
    }
    return d;
}

/* --- sets --- */

static void add_member(struct rdb *r, struct set *s, struct slice member, const struct shape *shape)
{
    if (!r->err && !set_add(s, member, shape))
        rdb_fail(r, twice);
}

static void *read_set(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct set *s = set_new();
    struct listpack l;
    struct listpack_item item;

    if (form == FORM_SET) {
        for (uint64_t n = rdb_length(r); n && !r->err; n--)
            add_member(r, s, rdb_string(r), how->shape);
        return s;
    }
    if (form == FORM_SET_INTSET)
        listpack_open_intset(&l, rdb_string(r));
    else
        listpack_open(&l, rdb_string(r));
    while (!r->err && listpack_next(&l, &item))
        add_member(r, s, listpack_text(&item), how->shape);
    block_end(r, &l);
    return s;
}

/* --- sorted sets --- */

static void put_member(struct rdb *r, struct zset *z, struct slice member, double score,
                       const struct shape *shape)
{
    if (isnan(score))
        rdb_fail(r, "a score that is no number");
    else if (!r->err && !zset_put(z, member, score, shape))
        rdb_fail(r, twice);
}

/* Text behind its length; the last three lengths are no lengths. */
static double text_score(struct rdb *r)
{
    unsigned n = rdb_byte(r);
    double score = 0;

    switch (n) {
    case 253:
        return NAN;
    case 254:
        return INFINITY;
    case 255:
        return -INFINITY;
    default:
        if (!num_double(rdb_bytes(r, n), &score))
            rdb_fail(r, "a score that is no number");
        return score;
    }
}

/* Views last until the next read: a first string is copied before the second is read. */
static struct slice keep(struct buf *b, struct slice s)
{
    b->n = 0;
    buf_add_slice(b, s);
    return b->n ? buf_slice(b) : SLICE("");
}

static void *read_plain_zset(struct rdb *r, struct zset *z, unsigned form, const struct rdb_making *how)
{
    struct buf kept = {0};

    for (uint64_t n = rdb_length(r); n && !r->err; n--) {
        struct slice member = keep(&kept, rdb_string(r));
        double score = form == FORM_ZSET ? text_score(r) : rdb_double(r);

        put_member(r, z, member, score, how->shape);
    }
    buf_free(&kept);
    return z;
}

static void *read_zset(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct zset *z = zset_new();
    struct listpack l;
    struct listpack_item member, score;
    double v;

    if (form == FORM_ZSET || form == FORM_ZSET_2)
        return read_plain_zset(r, z, form, how);
    if (form == FORM_ZSET_ZIPLIST)
        listpack_open_ziplist(&l, rdb_string(r));
    else
        listpack_open(&l, rdb_string(r));
    while (!r->err && listpack_next(&l, &member)) {
        if (!listpack_next(&l, &score) || !num_double(listpack_text(&score), &v))
            rdb_fail(r, "a member without a score");
        else
            put_member(r, z, listpack_text(&member), v, how->shape);
    }
    block_end(r, &l);
    return z;
}

/* --- hashes --- */

static void put_field(struct rdb *r, struct hash *h, struct slice field, struct slice value,
                      const struct shape *shape)
{
    if (!r->err && !hash_put(h, field, value, shape->hash, shape->seed))
        rdb_fail(r, twice);
}

static void *read_plain_hash(struct rdb *r, struct hash *h, const struct rdb_making *how)
{
    struct buf kept = {0};

    for (uint64_t n = rdb_length(r); n && !r->err; n--) {
        struct slice field = keep(&kept, rdb_string(r));

        put_field(r, h, field, rdb_string(r), how->shape);
    }
    buf_free(&kept);
    return h;
}

static void *read_hash(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct hash *h = hash_new(true);
    struct listpack l;
    struct listpack_item field, value;

    if (form == FORM_HASH)
        return read_plain_hash(r, h, how);
    if (form == FORM_HASH_ZIPLIST)
        listpack_open_ziplist(&l, rdb_string(r));
    else
        listpack_open(&l, rdb_string(r));
    while (!r->err && listpack_next(&l, &field)) {
        if (!listpack_next(&l, &value))
            rdb_fail(r, "a field without a value");
        else
            put_field(r, h, listpack_text(&field), listpack_text(&value), how->shape);
    }
    block_end(r, &l);
    return h;
}

/* --- any --- */

static void *read_string(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    struct slice s = rdb_string(r);

    (void)form, (void)how;
    return r->err ? NULL : string_new(s);
}

static void *read_stream(struct rdb *r, unsigned form, const struct rdb_making *how)
{
    return rdb_stream(r, form, how);
}

static const struct {
    void *(*read)(struct rdb *r, unsigned form, const struct rdb_making *how);
    enum key_type type;
} forms[] = {
    [FORM_STRING] = {read_string, KEY_STRING},
    [FORM_LIST] = {read_list, KEY_LIST},
    [FORM_LIST_ZIPLIST] = {read_list, KEY_LIST},
    [FORM_LIST_QUICKLIST] = {read_list, KEY_LIST},
    [FORM_LIST_QUICKLIST_2] = {read_list, KEY_LIST},
    [FORM_SET] = {read_set, KEY_SET},
    [FORM_SET_INTSET] = {read_set, KEY_SET},
    [FORM_SET_LISTPACK] = {read_set, KEY_SET},
    [FORM_ZSET] = {read_zset, KEY_ZSET},
    [FORM_ZSET_2] = {read_zset, KEY_ZSET},
    [FORM_ZSET_ZIPLIST] = {read_zset, KEY_ZSET},
    [FORM_ZSET_LISTPACK] = {read_zset, KEY_ZSET},
    [FORM_HASH] = {read_hash, KEY_HASH},
    [FORM_HASH_ZIPLIST] = {read_hash, KEY_HASH},
    [FORM_HASH_LISTPACK] = {read_hash, KEY_HASH},
    [FORM_STREAM] = {read_stream, KEY_STREAM},
    [FORM_STREAM_2] = {read_stream, KEY_STREAM},
    [FORM_STREAM_3] = {read_stream, KEY_STREAM},
};

bool rdb_form_is_known(unsigned form)
{
    return form < sizeof forms / sizeof *forms && forms[form].read;
}

const char *rdb_form_name(unsigned form)
{
    if (form == FORM_MODULE || form == FORM_MODULE_2)
        return "the value of a module";
    if (form == FORM_HASH_ZIPMAP)
        return "a hash as Redis before 2.6 kept it";
    if (form >= FORM_HASH_TTL_FIRST && form <= FORM_HASH_TTL_LAST)
        return "a hash with a time to live on fields";
    return NULL;
}

void rdb_discard(enum key_type type, void *value)
{
    if (!value)
        return;
    switch (type) {
    case KEY_STRING:
        string_free(value);
        return;
    case KEY_LIST:
        deque_free(value);
        return;
    case KEY_SET:
        set_free(value);
        return;
    case KEY_ZSET:
        zset_free(value);
        return;
    case KEY_HASH:
        hash_free(value);
        return;
    case KEY_STREAM:
        stream_free(value);
        return;
    default:
        must(!"a type without values");
    }
}

static bool is_empty(enum key_type type, const void *value)
{
    return (type == KEY_LIST && deque_length(value) == 0) || (type == KEY_SET && set_count(value) == 0) ||
           (type == KEY_ZSET && zset_count(value) == 0) || (type == KEY_HASH && hash_count(value) == 0);
}

int rdb_value(struct rdb *r, unsigned form, const struct rdb_making *how, enum key_type *type, void **value)
{
    *value = NULL;
    if (!rdb_form_is_known(form)) {
        rdb_fail(r, "a value of a type that is not known");
        return r->err;
    }
    *type = forms[form].type;
    *value = forms[form].read(r, form, how);
    if (*value && (r->err || is_empty(*type, *value))) {
        rdb_discard(*type, *value);
        *value = NULL;
    }
    return r->err;
}
