/* The list of files that make up the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "persist/manifest.h"
#include <stdlib.h>
#include <unistd.h>

static int parse(struct manifest *m, const char *text)
{
    struct buf why = {0};
    int err;

    *m = (struct manifest){0};
    err = manifest_parse(m, slice_of(text), &why);
    assert_true(err == OK ? why.n == 0 : why.n > 0 && m->n == 0 && !m->v);
    buf_free(&why);
    return err;
}

static void refuses(const char *text)
{
    struct manifest m;

    if (parse(&m, text) != ERR_DAMAGED)
        fail_msg("accepted: %s", text);
}

static void accepts(const char *text, size_t files)
{
    struct manifest m;

    if (parse(&m, text) != OK)
        fail_msg("refused: %s", text);
    assert_int_equal(m.n, files);
    assert_false(m.checked);
    manifest_free(&m);
}

static void reads_what_redis_writes(void **state)
{
    struct manifest m;

    (void)state;
    assert_int_equal(parse(&m, "file appendonly.aof.2.base.rdb seq 2 type b\n"
                               "file appendonly.aof.1.incr.aof seq 1 type h\n"
                               "file appendonly.aof.4.incr.aof seq 4 type i\n"
                               "file appendonly.aof.5.incr.aof seq 5 type i\n"),
                     OK);
    assert_int_equal(m.n, 4);
    assert_false(m.checked);
    assert_string_equal(manifest_base(&m)->name, "appendonly.aof.2.base.rdb");
    assert_string_equal(manifest_last_incr(&m)->name, "appendonly.aof.5.incr.aof");
    assert_int_equal(manifest_next_seq(&m, MANIFEST_BASE), 3);
    assert_int_equal(manifest_next_seq(&m, MANIFEST_INCR), 6);
    manifest_drop_history(&m);
    assert_int_equal(m.n, 3);
    manifest_free(&m);
    accepts("# a comment\nfile \"a b\\x22.1.incr.aof\" seq 1 type i\n", 1);
    accepts("seq 1 type i file x\n", 1);
    accepts("file x seq 1 type i\r\n", 1);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    refuses("");
    refuses("# nothing but a comment\n");
    refuses("file a seq 1 type i"); /* no end of line */
    refuses("file a seq 1 type i\n\n");
    refuses("file a seq 1\n");
    refuses("file a seq 1 type i more\n");
    refuses("file a seq 1 type x\n");
    refuses("file a seq 1 type ii\n");
    refuses("file a seq 0 type i\n");
    refuses("file a seq -1 type i\n");
    refuses("file a seq 18446744073709551615 type i\n");
    refuses("file a seq 99999999999999999999 type i\n");
    refuses("name a seq 1 type i\n");
    refuses("file a file b type i\n");
    refuses("file \"\" seq 1 type i\n");
    refuses("file \"a seq 1 type i\n");
    refuses("file ../a seq 1 type i\n");
    refuses("file /etc/passwd seq 1 type i\n");
    refuses("file . seq 1 type i\n");
    refuses("file \"a\\x00b\" seq 1 type i\n");
    refuses("file a seq 1 type b\nfile b seq 2 type b\n");
    refuses("file a seq 2 type i\nfile b seq 2 type i\n");
    refuses("file a seq 2 type i\nfile b seq 1 type i\n");
}

static void fill(struct manifest *m)
{
    m->checked = true;
    manifest_add(m, MANIFEST_BASE, 3, "appendonly.aof.3.base.aof");
    manifest_add(m, MANIFEST_HISTORY, 6, "appendonly.aof.6.incr.aof");
    manifest_add(m, MANIFEST_INCR, 7, "appendonly.aof.7.incr.aof");
    manifest_add(m, MANIFEST_INCR, 8, "odd \"na\\me\n\377.8.incr.aof");
}

static void prints_what_it_reads(void **state)
{
    struct manifest m = {0}, back = {0};
    struct buf text = {0}, why = {0};

    (void)state;
    fill(&m);
    manifest_print(&m, &text);
    assert_int_equal(manifest_parse(&back, buf_slice(&text), &why), OK);
    assert_true(back.checked);
    assert_int_equal(back.n, m.n);
    for (size_t i = 0; i < m.n; i++) {
        assert_string_equal(back.v[i].name, m.v[i].name);
        assert_int_equal(back.v[i].seq, m.v[i].seq);
        assert_int_equal(back.v[i].type, m.v[i].type);
    }
    manifest_free(&m);
    manifest_free(&back);
    buf_free(&text);
}

/* Another file is never read out of it: it is refused, or known to be unchecked. */
static void one_bad_byte_shows(void **state)
{
    struct manifest m = {0};
    struct buf text = {0};

    (void)state;
    fill(&m);
    manifest_print(&m, &text);
    for (size_t i = 0; i < text.n; i++)
        for (int x = 1; x < 256; x++) {
            struct manifest got = {0};
            struct buf why = {0};

            text.p[i] ^= (char)x;
            assert_true(manifest_parse(&got, buf_slice(&text), &why) == ERR_DAMAGED || !got.checked);
            text.p[i] ^= (char)x;
            manifest_free(&got);
            buf_free(&why);
        }
    for (size_t n = 0; n < text.n; n++) {
        struct manifest got = {0};
        struct buf why = {0};

        assert_true(manifest_parse(&got, (struct slice){text.p, n}, &why) == ERR_DAMAGED || !got.checked);
        manifest_free(&got);
        buf_free(&why);
    }
    manifest_free(&m);
    buf_free(&text);
}

static void any_bytes_are_survived(void **state)
{
    static const char *const piece[] = {"file ",  "seq ", "type ", "i\n", "b\n", "h",
                                        "a.aof ", "7 ",   "\"",    "\\x", "#",   "\n",
                                        "\r",     " ",    "'",     "/",   "0 ",  "#crc32c 00000000\n"};
    struct random r;

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        struct manifest m = {0};
        struct buf text = {0}, why = {0};

        for (uint64_t n = random_below(&r, 20); n; n--)
            buf_add_str(&text, piece[random_below(&r, sizeof piece / sizeof *piece)]);
        if (text.n && random_below(&r, 2))
            text.p[random_below(&r, text.n)] = (char)random_next(&r);
        if (manifest_parse(&m, buf_slice(&text), &why) == OK)
            for (size_t k = 0; k < m.n; k++)
                assert_true(m.v[k].seq && *m.v[k].name && !strchr(m.v[k].name, '/'));
        manifest_free(&m);
        buf_free(&text);
        buf_free(&why);
    }
}

static void remove_file(const char *name, void *arg)
{
    ((struct disk *)arg)->ops->unlink(arg, name);
}

static void is_kept_on_a_disk(void **state)
{
    char path[] = "/tmp/test_manifest.XXXXXX";
    struct manifest m = {0}, back = {0};
    struct buf why = {0};
    struct disk *d;
    bool found, renamed;

    (void)state;
    assert_non_null(mkdtemp(path));
    d = disk_posix(path, false);
    assert_non_null(d);
    assert_int_equal(manifest_load(d, "a", &back, &found, &why), OK);
    assert_false(found);
    fill(&m);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(manifest_save(d, "a", &m, &renamed), OK);
        assert_true(renamed && d->ops->exists(d, "a.manifest") && !d->ops->exists(d, "temp-a.manifest"));
    }
    assert_int_equal(manifest_load(d, "a", &back, &found, &why), OK);
    assert_true(found && back.checked && back.n == m.n);
    manifest_free(&m);
    manifest_free(&back);
    d->ops->list(d, remove_file, d);
    d->ops->close(d);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_redis_writes), cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(prints_what_it_reads),    cmocka_unit_test(one_bad_byte_shows),
        cmocka_unit_test(any_bytes_are_survived),  cmocka_unit_test(is_kept_on_a_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
