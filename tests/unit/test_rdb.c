/* store/rdb, store/listpack, store/rdb_value, store/dump: every form of a value that a Redis writes, made
 * here by the letter of the format; and the same cut short and spoiled at every byte. */
#include "../sim/pieces.h"
#include "base/crc64.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/deque_edit.h"
#include "store/dump.h"
#include "store/group.h"
#include "store/hash.h"
#include "store/listpack.h"
#include "store/set.h"
#include "store/stream_edit.h"
#include "store/string.h"
#include "store/zset.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka wants the above first */
#include <cmocka.h>

static const struct hash_seed seed = {1, 2};
static const struct shape shape = {
    .seed = &seed, .hash = {4, 16}, .set = {4, 16}, .zset = {4, 16}, .intset_items = 4};
static const struct stream_node_limits nodes = {2, 0};
static const struct rdb_making making = {&shape, &nodes};

/* --- values as text --- */

static void add_id(struct buf *b, struct stream_id id)
{
    buf_addf(b, "%llu-%llu", (unsigned long long)id.ms, (unsigned long long)id.seq);
}

static void render_group(struct buf *b, const struct group *g)
{
    struct pel_pos pos;
    struct pending p;
    struct consumer **c;
    size_t n;

    buf_addf(b, " %.*s:", SLICE_ARG(group_name(g)));
    add_id(b, g->last_id);
    buf_addf(b, ":%lld{", (long long)g->entries_read);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        add_id(b, p.id);
        buf_addf(b, "@%lld*%llu=%.*s ", (long long)p.time, (unsigned long long)p.count,
                 SLICE_ARG(consumer_name(group_owner(g, &p))));
    }
    c = group_consumers_sorted(g, &n);
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "%.*s,%lld,%lld;", SLICE_ARG(consumer_name(c[i])), (long long)c[i]->seen,
                 (long long)c[i]->active);
    mem_free(c);
    buf_add_char(b, '}');
}

static void render_stream(struct buf *b, const struct stream *s)
{
    struct stream_stats st;
    struct stream_pos pos;
    struct entry e;
    struct group **g;
    size_t n;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e)) {
        struct entry_walk w = {0};
        struct slice name, v;

        add_id(b, e.id);
        while (entry_field(&e, &w, &name, &v))
            buf_addf(b, ",%.*s=%.*s", SLICE_ARG(name), SLICE_ARG(v));
        buf_add_char(b, ' ');
    }
    stream_stats(s, &st);
    add_id(b, st.last_id);
    buf_add_char(b, '/');
    add_id(b, st.max_deleted_id);
    buf_addf(b, "/%llu", (unsigned long long)st.entries_added);
    g = stream_groups_sorted(s, &n);
    for (size_t i = 0; i < n; i++)
        render_group(b, g[i]);
    mem_free(g);
}

static int by_bytes(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* A set or a hash has no order: its members are sorted. Only the small ones of this test. */
static void render_hash(struct buf *b, const struct set *s, const struct hash *h)
{
    struct slice all[64];
    struct set_iter si;
    struct hash_iter hi;
    size_t n = 0;

    if (s)
        for (set_iter_begin(&si, s); set_iter_next(&si);)
            all[n++] = (struct slice){mem_strdup(si.item.member), si.item.member.n};
    if (h)
        for (hash_iter_begin(&hi, h); hash_iter_next(&hi);) {
            struct buf pair = {0};

            buf_addf(&pair, "%.*s=%.*s", SLICE_ARG(hi.item.field), SLICE_ARG(hi.item.value));
            all[n++] = buf_slice(&pair);
        }
    if (s)
        set_iter_end(&si);
    else
        hash_iter_end(&hi);
    qsort(all, n, sizeof *all, by_bytes);
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, "%.*s ", SLICE_ARG(all[i]));
        mem_free((char *)(uintptr_t)all[i].p);
    }
}

static void render_value(struct buf *b, enum key_type type, const void *value)
{
    struct deque_pos pos;
    struct zset_iter z;

    b->n = 0;
    switch (type) {
    case KEY_STRING:
        buf_add_slice(b, string_slice(value));
        break;
    case KEY_LIST:
        for (bool ok = deque_seek(value, 0, &pos); ok; ok = deque_next(&pos))
            buf_addf(b, "%.*s ", SLICE_ARG(deque_value(&pos)));
        break;
    case KEY_SET:
        render_hash(b, value, NULL);
        break;
    case KEY_HASH:
        render_hash(b, NULL, value);
        break;
    case KEY_ZSET:
        for (bool ok = zset_iter_at(&z, value, 0); ok; ok = zset_iter_next(&z))
            buf_addf(b, "%.*s=%g ", SLICE_ARG(z.item.member), z.item.score);
        break;
    default:
        render_stream(b, value);
    }
    buf_add_char(b, '\0');
}

static void check_value(enum key_type type, const void *value)
{
    switch (type) {
    case KEY_LIST:
        deque_check(value);
        break;
    case KEY_SET:
        set_check(value);
        break;
    case KEY_HASH:
        hash_check(value);
        break;
    case KEY_ZSET:
        zset_check(value);
        break;
    case KEY_STREAM:
        stream_check(value);
        break;
    default:
        break;
    }
}

/* --- bytes, by the letter of the format --- */

static void low_first(struct buf *b, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        buf_add_char(b, (char)(v >> 8 * i));
}

static void high_first(struct buf *b, uint64_t v, int n)
{
    while (n--)
        buf_add_char(b, (char)(v >> 8 * n));
}

static void put_string(struct buf *b, const void *p, size_t n)
{
    if (n < 64)
        buf_add_char(b, (char)n);
    else
        high_first(b, 0x4000 | n, 2);
    buf_add(b, p, n);
}

static void put_text(struct buf *b, const char *s)
{
    put_string(b, s, strlen(s));
}

static void put_u64(struct buf *b, uint64_t v)
{
    if (v < 64) {
        buf_add_char(b, (char)v);
    } else {
        buf_add_char(b, (char)0x81);
        high_first(b, v, 8);
    }
}

/* Items are words; one that begins with # is a number. As a listpack or as a ziplist, short ones only. */
static void put_block(struct buf *b, bool ziplist, const char *words)
{
    struct buf items = {0}, all = {0};
    size_t count = 0, before = 0;

    for (const char *p = words; *p; count++) {
        size_t n = strcspn(p, " "), begin = items.n;
        long v = strtol(p + 1, NULL, 10);

        if (ziplist)
            buf_add_char(&items, (char)before);
        if (*p != '#') {
            buf_add_char(&items, (char)(ziplist ? n : 0x80 | n));
            buf_add(&items, p, n);
        } else if (ziplist) {
            buf_add_char(&items, (char)0xd0);
            low_first(&items, (uint64_t)v, 4);
        } else if (v >= 0 && v < 128) {
            buf_add_char(&items, (char)v);
        } else {
            buf_add_char(&items, (char)0xf4);
            low_first(&items, (uint64_t)v, 8);
        }
        before = items.n - begin;
        if (!ziplist)
            buf_add_char(&items, (char)before);
        p += n;
        p += *p == ' ';
    }
    low_first(&all, items.n + (ziplist ? 11 : 7), 4);
    if (ziplist)
        low_first(&all, 10, 4);
    low_first(&all, count, 2);
    buf_add_slice(&all, buf_slice(&items));
    buf_add_char(&all, (char)0xff);
    put_string(b, all.p, all.n);
    buf_free(&items);
    buf_free(&all);
}

static void put_raw_id(struct buf *b, uint64_t ms, uint64_t seq)
{
    high_first(b, ms, 8);
    high_first(b, seq, 8);
}

static void put_node(struct buf *b, uint64_t ms, uint64_t seq, const char *items)
{
    buf_add_char(b, 16);
    put_raw_id(b, ms, seq);
    put_block(b, false, items);
}

/* Three entries and a deleted one; a group with two consumers that hold three. */
static void put_stream(struct buf *b, int form)
{
    put_u64(b, 2);
    put_node(b, 5, 1, "#2 #1 #2 f g #0 #2 #0 #0 one #300 #5 #3 #0 #1 x y #5 #0 #2 #-1 #1 h v #6");
    put_node(b, 9, 0, "#1 #0 #1 f #0 #2 #1 #4 last #4");
    put_u64(b, 3);
    put_u64(b, 10);
    put_u64(b, 7);
    if (form != 15) {
        put_u64(b, 5);
        put_u64(b, 1);
        put_u64(b, 5);
        put_u64(b, 2);
        put_u64(b, 70);
    }
    put_u64(b, 1);
    put_text(b, "grp");
    put_u64(b, 7);
    put_u64(b, 0);
    if (form != 15)
        put_u64(b, 2);
    put_u64(b, 3);
    for (uint64_t i = 0; i < 3; i++) {
        put_raw_id(b, 5 + i, 1);
        low_first(b, 1000 + i, 8);
        put_u64(b, 1 + i * 100);
    }
    put_u64(b, 2);
    put_text(b, "ann");
    low_first(b, 50, 8);
    if (form == 21)
        low_first(b, 40, 8);
    put_u64(b, 2);
    put_raw_id(b, 7, 1);
    put_raw_id(b, 5, 1);
    put_text(b, "bob");
    low_first(b, 60, 8);
    if (form == 21)
        low_first(b, UINT64_MAX, 8);
    put_u64(b, 1);
    put_raw_id(b, 6, 1);
}

struct sample {
    struct buf bytes;
    unsigned form;
    const char *text;
};

static struct sample samples[40];
static size_t sample_count;

static struct buf *sample(unsigned form, const char *text)
{
    struct sample *s = &samples[sample_count++];

    s->form = form;
    s->text = text;
    return &s->bytes;
}

static void block_sample(unsigned form, bool ziplist, const char *items, const char *text)
{
    put_block(sample(form, text), ziplist, items);
}

#define STREAM_ENTRIES "5-1,f=one,g=300 7-0,h=v 10-4,f=last "

static void make_strings(void)
{
    put_text(sample(0, "hello"), "hello");
    buf_add(sample(0, "-5"), "\300\373", 2);
    buf_add(sample(0, "-300"), "\301\324\376", 3);
    buf_add(sample(0, "70000"), "\302\160\021\001\0", 5);
    buf_add(sample(0, "abcabcabcabcabc"), "\303\007\017\2abc\340\003\2", 10);
}

static void make_lists(void)
{
    struct buf *b = sample(1, "one two ");

    put_u64(b, 2);
    put_text(b, "one");
    put_text(b, "two");
    block_sample(10, true, "one #-70000 two", "one -70000 two ");
    b = sample(14, "a 5 b ");
    put_u64(b, 2);
    put_block(b, true, "a #5");
    put_block(b, true, "b");
    b = sample(18, "a 5 -600 plain b ");
    put_u64(b, 3);
    put_u64(b, 2);
    put_block(b, false, "a #5 #-600");
    put_u64(b, 1);
    put_text(b, "plain");
    put_u64(b, 2);
    put_block(b, false, "b");
}

static void make_sets(void)
{
    struct buf *b = sample(2, "x y ");

    put_u64(b, 2);
    put_text(b, "y");
    put_text(b, "x");
    buf_add(sample(11, "-2 1 300 "), "\016\2\0\0\0\3\0\0\0\376\377\1\0\054\1", 15);
    buf_add(sample(11, "-1 70000 "), "\020\4\0\0\0\2\0\0\0\377\377\377\377\160\021\1\0", 17);
    block_sample(20, false, "x #7 y z w v", "7 v w x y z ");
}

static void make_hashes(void)
{
    struct buf *b = sample(4, "f=v g= ");

    put_u64(b, 2);
    put_text(b, "f");
    put_text(b, "v");
    put_text(b, "g");
    put_text(b, "");
    block_sample(13, true, "f #7 #8 v", "8=v f=7 ");
    block_sample(16, false, "f #7 #8 v", "8=v f=7 ");
}

static void make_zsets(void)
{
    struct buf *b = sample(3, "low=-inf mid=-0.5 high=inf ");

    put_u64(b, 3);
    put_text(b, "mid");
    put_text(b, "-.5");
    put_text(b, "low");
    buf_add_char(b, (char)255);
    put_text(b, "high");
    buf_add_char(b, (char)254);
    b = sample(5, "m=1.5 ");
    put_u64(b, 1);
    put_text(b, "m");
    low_first(b, UINT64_C(0x3ff8000000000000), 8);
    block_sample(12, true, "a #-7 b 2.5", "a=-7 b=2.5 ");
    block_sample(17, false, "a -inf b #7", "a=-inf b=7 ");
}

static void make_streams(void)
{
    put_stream(sample(15,
                      STREAM_ENTRIES "10-7/0-0/3 grp:7-0:-1{5-1@1000*1=ann 6-1@1001*101=bob 7-1@1002*201=ann "
                                     "ann,50,50;bob,60,60;}"),
               15);
    put_stream(sample(19,
                      STREAM_ENTRIES "10-7/5-2/70 grp:7-0:2{5-1@1000*1=ann 6-1@1001*101=bob 7-1@1002*201=ann "
                                     "ann,50,50;bob,60,60;}"),
               19);
    put_stream(sample(21,
                      STREAM_ENTRIES "10-7/5-2/70 grp:7-0:2{5-1@1000*1=ann 6-1@1001*101=bob 7-1@1002*201=ann "
                                     "ann,50,40;bob,60,-1;}"),
               21);
}

static int make_samples(void **state)
{
    (void)state;
    make_strings();
    make_lists();
    make_sets();
    make_hashes();
    make_zsets();
    make_streams();
    return 0;
}

static int free_samples(void **state)
{
    (void)state;
    while (sample_count)
        buf_free(&samples[--sample_count].bytes);
    return 0;
}

/* --- reading --- */

/* Whole, in memory of its own, or in pieces. *left: something was behind it. */
static int read_as(struct slice bytes, unsigned form, bool in_pieces, enum key_type *type, void **value,
                   bool *left)
{
    struct pieces from;
    struct rdb r;
    char *own = malloc(bytes.n ? bytes.n : 1);
    int err;

    memcpy(own, bytes.p, bytes.n);
    pieces_open(&from, bytes);
    if (in_pieces)
        rdb_open_source(&r, &from.source);
    else
        rdb_open(&r, (struct slice){own, bytes.n});
    err = rdb_value(&r, form, &making, type, value);
    *left = rdb_at(&r) != bytes.n;
    assert_true(rdb_at(&r) <= bytes.n);
    if (err == OK)
        assert_true(rdb_sum(&r) == crc64(0, bytes.p, (size_t)rdb_at(&r)));
    else
        assert_true(!*value && err == ERR_FORMAT && r.why);
    rdb_close(&r);
    pieces_close(&from);
    free(own);
    return err;
}

static void every_form(void **state)
{
    struct buf text = {0}, dump = {0};

    (void)state;
    for (size_t i = 0; i < 2 * sample_count; i++) {
        const struct sample *s = &samples[i / 2];
        enum key_type type;
        void *value;
        bool left;

        if (read_as(buf_slice(&s->bytes), s->form, i % 2, &type, &value, &left) != OK || left)
            fail_msg("form %u is not read", s->form);
        check_value(type, value);
        render_value(&text, type, value);
        assert_string_equal(text.p, s->text);
        dump.n = 0;
        dump_write(&dump, type, value);
        rdb_discard(type, value);
        assert_true(dump_is_sound(buf_slice(&dump)));
        assert_int_equal(dump_read(buf_slice(&dump), &making, 0, &type, &value), OK);
        render_value(&text, type, value);
        assert_string_equal(text.p, s->text);
        rdb_discard(type, value);
    }
    buf_free(&text);
    buf_free(&dump);
}

/* An error, or something sound. */
static void try_it(struct slice bytes, unsigned form, bool must_fail)
{
    for (int pieces = 0; pieces < 2; pieces++) {
        enum key_type type;
        void *value;
        bool left;
        int err = read_as(bytes, form, pieces, &type, &value, &left);

        if (must_fail && err == OK)
            fail_msg("form %u: %zu bytes are enough", form, bytes.n);
        if (err == OK && value) {
            check_value(type, value);
            rdb_discard(type, value);
        }
    }
}

static void cut_short_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        for (size_t n = 0; n < samples[i].bytes.n; n++)
            try_it((struct slice){samples[i].bytes.p, n}, samples[i].form, true);
}

static void spoiled_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct buf *b = &samples[i].bytes;

        for (size_t at = 0; at < b->n; at++) {
            char was = b->p[at];

            for (int v = 0; v < 256; v++) {
                b->p[at] = (char)v;
                try_it(buf_slice(b), samples[i].form, false);
            }
            b->p[at] = was;
        }
    }
}

/* Each sample under the number of each other form. */
static void mistaken_for_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        for (unsigned form = 0; form < 256; form++)
            try_it(buf_slice(&samples[i].bytes), form, !rdb_form_is_known(form));
}

/* --- what must not be taken --- */

static void refuse_bytes(unsigned form, const void *p, size_t n)
{
    try_it((struct slice){p, n}, form, true);
}

#define REFUSE(form, literal) refuse_bytes(form, literal, sizeof(literal) - 1)

static void unsound_atoms(void **state)
{
    (void)state;
    REFUSE(0, "\304");                                  /* no such form of a string */
    REFUSE(0, "\202\0\0\0\0\0");                        /* no such form of a length */
    REFUSE(0, "\201\377\377\377\377\377\377\377\377x"); /* far too long */
    REFUSE(0, "\303\2\201\0\0\0\1\0\0\0\0\0a");         /* a lot out of nothing */
    REFUSE(0, "\303\2\3\0a");                           /* more than there is */
    REFUSE(1, "\201\377\377\377\377\377\377\377\377\1a");
    REFUSE(2, "\2\1a\1a"); /* twice the same */
    REFUSE(4, "\2\1a\1x\1a\1y");
    REFUSE(3, "\1\1a\375"); /* not a number */
    REFUSE(3, "\1\1a\3nan");
    REFUSE(5, "\1\1a\0\0\0\0\0\0\370\177"); /* nor this */
    REFUSE(5, "\2\1a\0\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\0");
    REFUSE(18, "\1\3\1a"); /* no such node */
}

static void unsound_blocks(void **state)
{
    struct buf b = {0};

    (void)state;
    REFUSE(11, "\014\2\0\0\0\2\0\0\0\1\0\1\0"); /* falls, or stays */
    REFUSE(11, "\012\3\0\0\0\1\0\0\0\1\0");
    REFUSE(11, "\012\2\0\0\0\2\0\0\0\1\0");
    REFUSE(20, "\007\7\0\0\0\1\0\377");                 /* an item that is not there */
    REFUSE(20, "\011\11\0\0\0\1\0\1\2\377");            /* its length told wrong */
    REFUSE(20, "\011\10\0\0\0\1\0\1\1\377");            /* the whole's */
    REFUSE(20, "\011\11\0\0\0\1\0\1\1\376");            /* no end */
    REFUSE(20, "\011\11\0\0\0\2\0\1\1\377");            /* fewer than announced */
    REFUSE(10, "\016\16\0\0\0\12\0\0\0\1\0\1\361\377"); /* one before it that is not there */
    put_block(&b, false, "a #1 b");
    refuse_bytes(16, b.p, b.n);
    refuse_bytes(17, b.p, b.n);
    b.n = 0;
    put_block(&b, false, "a #1 a #2");
    refuse_bytes(16, b.p, b.n);
    refuse_bytes(17, b.p, b.n);
    b.n = 0;
    put_block(&b, false, "a nan");
    refuse_bytes(17, b.p, b.n);
    buf_free(&b);
}

/* A stream with this one node, and counts that fit it. */
static void refuse_node(const char *items)
{
    struct buf b = {0};

    put_u64(&b, 1);
    put_node(&b, 5, 1, items);
    put_u64(&b, 1);
    put_u64(&b, 99);
    put_u64(&b, 0);
    put_u64(&b, 0);
    refuse_bytes(15, b.p, b.n);
    buf_free(&b);
}

static void unsound_nodes(void **state)
{
    (void)state;
    refuse_node("#2 #0 #1 f #0 #2 #0 #0 v #4"); /* fewer than announced */
    refuse_node("#1 #1 #1 f #0 #2 #0 #0 v #4");
    refuse_node("#1 #0 #1 f #0 #2 #0 #0 v #4 #2 #0 #1 v #4"); /* more */
    refuse_node("#1 #0 #1 f #1 #2 #0 #0 v #4");
    refuse_node("#1 #0 #9 f #0 #2 #0 #0 v #4");
    refuse_node("#1 #0 #-1 f #0 #2 #0 #0 v #4");
    refuse_node("#1 #0 #1 f #0 #2 #0 #0 v #5");
    refuse_node("#1 #0 #1 f #0 #0 #0 #0 #0 #4"); /* without fields */
    refuse_node("#1 #0 #1 f #0 #0 #0 #0 #4611686018427387905 a b #6");
    refuse_node("#1 #0 #1 f #0 #2 #-6 #0 v #4");              /* past the end of ids */
    refuse_node("#2 #0 #1 f #0 #2 #1 #0 v #4 #2 #1 #0 v #4"); /* the same id */
    refuse_node("#2 #0 #1 f #0 #2 #1 #0 v #4 #2 #0 #1 v #4"); /* a lower one */
    refuse_node("#1 #0 #1 f #0 #2 #-5 #-1 v #4");             /* 0-0 */
}

/* What a stream says of groups, behind no node. */
static void refuse_groups(const char *bytes, size_t n)
{
    struct buf b = {0};

    buf_add(&b, "\0\0\5\0\0\0\0\0\0", 9); /* nodes, length, last, first, deleted, added */
    buf_add(&b, bytes, n);
    refuse_bytes(19, b.p, b.n);
    buf_free(&b);
}

#define ID(c)           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" c
#define TIME(c)         c "\0\0\0\0\0\0\0"
#define GROUPS(literal) refuse_groups(literal, sizeof(literal) - 1)

static void unsound_groups(void **state)
{
    (void)state;
    GROUPS("\2\1g\0\0\0\0\0\1g\0\0\0\0\0");                      /* twice */
    GROUPS("\1\1g\0\0\201\377\377\377\377\377\377\377\376\0\0"); /* read: -2 */
    GROUPS("\1\1g\0\0\0\1" ID("\1") TIME("\1") "\1\0");          /* nobody's */
    GROUPS("\1\1g\0\0\0\2" ID("\1") TIME("\1") "\1" ID("\1") TIME("\1") "\1\1\1c" TIME("\1") "\1" ID("\1"));
    GROUPS("\1\1g\0\0\0\1" ID("\1") TIME("\1") "\1\1\1c" TIME("\1") "\1" ID("\2")); /* of another */
    GROUPS("\1\1g\0\0\0\1" ID("\1") TIME("\1") "\1\1\1c" TIME("\1") "\2" ID("\1") ID("\1"));
    GROUPS("\1\1g\0\0\0\1" ID("\1")
               TIME("\1") "\1\2\1c" TIME("\1") "\1" ID("\1") "\1d" TIME("\1") "\1" ID("\1"));
    GROUPS("\1\1g\0\0\0\0\2\1c" TIME("\1") "\0\1c" TIME("\1") "\0"); /* twice */
    GROUPS("\1\1g\0\0\0\1" ID("\1") "\0\0\0\0\0\0\0\200\1\1\1c" TIME("\1") "\1" ID(
        "\1")); /* a time before all */
    GROUPS("\1\1g\0\0\0\1" ID("\1") TIME("\1") "\201\200\0\0\0\0\0\0\0\1\1c" TIME("\1") "\1" ID("\1"));
    REFUSE(19, "\0\1\5\0\0\0\0\0\1\0"); /* an entry that is not there */
    REFUSE(19, "\0\0\5\0\0\0\0\0\201\377\377\377\377\377\377\377\377\0");
}

/* Redis lets the greatest deleted id lie above the last one, and a group have read more than was added. */
static void what_redis_allows_is_brought_into_line(void **state)
{
    static const char bytes[] = "\0\0\5\0\0\0\7\0\3\1\1g\1\0\10\0\0";
    struct buf text = {0};
    enum key_type type;
    void *value;
    bool left;

    (void)state;
    assert_int_equal(read_as((struct slice){bytes, sizeof bytes - 1}, 19, false, &type, &value, &left), OK);
    assert_false(left);
    render_value(&text, type, value);
    assert_string_equal(text.p, "5-0/5-0/3 g:1-0:3{}");
    rdb_discard(type, value);
    buf_free(&text);
}

static void nothing_is_no_value(void **state)
{
    static const unsigned forms[] = {1, 2, 3, 4, 5, 14, 18};
    enum key_type type;
    void *value;
    bool left;

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_int_equal(read_as(SLICE("\0"), forms[i], false, &type, &value, &left), OK);
        assert_null(value);
    }
}

/* --- listpacks written --- */

static void a_listpack_reads_as_it_was_written(void **state)
{
    struct random random;
    struct buf b = {0};

    (void)state;
    random_seed(&random, 11);
    for (int round = 0; round < 300; round++) {
        struct listpack_out o;
        struct listpack l;
        struct listpack_item item;
        struct random again = random;
        uint64_t n = random_below(&random, 40);

        random_below(&again, 40);
        b.n = 0;
        listpack_begin(&o, &b);
        for (int pass = 0; pass < 2; pass++) {
            struct random *r = pass ? &again : &random;

            for (uint64_t i = 0; i < n; i++) {
                int64_t v = (int64_t)(random_next(r) >> random_below(r, 64)) * (random_below(r, 2) ? 1 : -1);
                size_t len = (size_t)random_below(r, random_below(r, 8) ? 70 : 20000);
                bool number = random_below(r, 2);
                char *text = malloc(len + 1);

                memset(text, 'a' + (int)(len % 26), len);
                if (!pass && number)
                    listpack_put_number(&o, v);
                else if (!pass)
                    listpack_put(&o, (struct slice){text, len});
                else
                    assert_true(listpack_next(&l, &item));
                if (pass && number)
                    assert_true(!item.p && item.number == v);
                else if (pass)
                    assert_true(item.p && slice_eq(listpack_text(&item), (struct slice){text, len}));
                free(text);
            }
            if (!pass) {
                listpack_end(&o);
                listpack_open(&l, buf_slice(&b));
            }
        }
        assert_false(listpack_next(&l, &item));
        assert_false(l.bad);
    }
    buf_free(&b);
}

/* What may be read out of little must not take all the memory there is. */
static void memory_has_a_limit(void **state)
{
    struct buf dump = {0}, packed = {0};
    enum key_type type;
    void *value;

    (void)state;
    buf_add(&packed, "\0a", 2);
    for (int i = 0; i < 4000; i++)
        buf_add(&packed, "\340\377\0", 3); /* 264 bytes more */
    buf_add_char(&dump, 1);
    put_u64(&dump, 10000);
    for (int i = 0; i < 10000; i++) {
        buf_add_char(&dump, (char)0xc3);
        put_u64(&dump, packed.n);
        put_u64(&dump, 1 + 264 * 4000);
        buf_add_slice(&dump, buf_slice(&packed));
    }
    low_first(&dump, 11, 2);
    low_first(&dump, crc64(0, dump.p, dump.n), 8);
    assert_true(dump_is_sound(buf_slice(&dump)));
    assert_int_equal(dump_read(buf_slice(&dump), &making, mem_used() + (64 << 20), &type, &value),
                     mem_used() ? ERR_OOM : OK);
    rdb_discard(type, value);
    buf_free(&dump);
    buf_free(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(cut_short_anywhere),
        cmocka_unit_test(spoiled_anywhere),
        cmocka_unit_test(mistaken_for_another),
        cmocka_unit_test(unsound_atoms),
        cmocka_unit_test(unsound_blocks),
        cmocka_unit_test(unsound_nodes),
        cmocka_unit_test(unsound_groups),
        cmocka_unit_test(what_redis_allows_is_brought_into_line),
        cmocka_unit_test(nothing_is_no_value),
        cmocka_unit_test(a_listpack_reads_as_it_was_written),
        cmocka_unit_test(memory_has_a_limit),
    };

    return cmocka_run_group_tests(tests, make_samples, free_samples);
}
