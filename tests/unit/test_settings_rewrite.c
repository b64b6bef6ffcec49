/* A settings file brought up to date: what stays, what is replaced, what is appended; and files. */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the above first */
#include <cmocka.h>

struct fixture {
    struct config config, read_back;
    struct settings s, scratch;
    struct buf out, why;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *t = mem_zalloc(sizeof *t);

    t->s = config_rows(&t->config);
    t->scratch = config_rows(&t->read_back);
    settings_defaults(&t->s);
    settings_defaults(&t->scratch);
    snprintf(t->dir, sizeof t->dir, "/tmp/leanmq-rewrite-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *t = *state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", t->dir);
    assert_int_equal(system(command), 0);
    config_free(&t->config);
    config_free(&t->read_back);
    buf_free(&t->out);
    buf_free(&t->why);
    mem_free(t);
    return 0;
}

static void set(struct fixture *t, const char *name, const char *value)
{
    struct slice word = slice_of(value);

    assert_int_equal(settings_set(&t->s, settings_find(&t->s, slice_of(name)), &word, 1, &t->why), OK);
}

static const char *rewritten(struct fixture *t, const char *text)
{
    int err;

    t->out.n = t->why.n = 0;
    err = settings_rewrite_text(&t->s, &t->scratch, "test", slice_of(text), &t->out, &t->why);
    buf_add_char(&t->why, '\0');
    if (err != OK)
        return t->why.p;
    buf_add_char(&t->out, '\0');
    return t->out.p;
}

#define expect(t, text, wanted) assert_string_equal(rewritten(t, text), wanted)

static void what_is_right_stays_as_it_is(void **state)
{
    struct fixture *t = *state;

    set(t, "maxmemory", "67108864");
    set(t, "timeout", "5");
    expect(t, "# mine\n\n\tmaxmemory   64mb\r\n  # more\ntimeout 3\nTIMEOUT \"5\"\nsave 900 1\n",
           "# mine\n\n\tmaxmemory   64mb\r\n  # more\ntimeout 3\nTIMEOUT \"5\"\nsave 900 1\n");
    expect(t, "maxmemory 64mb\ntimeout 5", "maxmemory 64mb\ntimeout 5\n");
}

static void a_changed_value_takes_the_place_of_the_last(void **state)
{
    struct fixture *t = *state;

    set(t, "timeout", "9");
    expect(t, "timeout 1\n# between\ntimeout 2\nport 7000\nport 6379\n",
           "# between\ntimeout 9\nport 7000\nport 6379\n");
    set(t, "timeout", "0");
    expect(t, "timeout 2 # no comment is allowed here\n", "test:1: timeout: wrong number of arguments");
    expect(t, "timeout 2\n", "timeout 0\n");
}

static void what_no_line_has_is_appended(void **state)
{
    struct fixture *t = *state;
    char first[256];

    set(t, "timeout", "9");
    set(t, "maxclients", "77");
    expect(t, "", "# Written by CONFIG REWRITE\ntimeout 9\nmaxclients 77\n");
    expect(t, "port 6379", "port 6379\n\n# Written by CONFIG REWRITE\ntimeout 9\nmaxclients 77\n");
    snprintf(first, sizeof first, "%s", t->out.p);
    expect(t, first, first);
    set(t, "maxmemory", "1gb");
    set(t, "timeout", "10");
    expect(t, first, "port 6379\n\n# Written by CONFIG REWRITE\ntimeout 10\nmaxclients 77\nmaxmemory 1gb\n");
}

static void lines_that_add_up_become_one(void **state)
{
    struct fixture *t = *state;
    const char *lines =
        "client-output-buffer-limit normal 1mb 2 3\nclient-output-buffer-limit pubsub 4 5 6\n";

    set(t, "client-output-buffer-limit", "normal 1mb 2 3 pubsub 4 5 6");
    expect(t, lines, lines);
    set(t, "client-output-buffer-limit", "pubsub 8 8 8");
    expect(t, lines,
           "client-output-buffer-limit normal 1048576 2 3 slave 268435456 67108864 60 pubsub 8 8 8\n");
}

static void words_are_quoted_where_they_must_be(void **state)
{
    static const char *const odd[] = {"a b",          "\"",       "'",    "\\",  "a\nb",
                                      "# no comment", "\x01\x7f", "\xff", " x ", "\\x41\\n",
                                      "\"a\" 'b'",    "\t",       "no",   NULL};
    struct fixture *t = *state;

    for (const char *const *p = odd; *p; p++) {
        set(t, "requirepass", *p);
        rewritten(t, "# first\nrequirepass old\n");
        assert_int_equal(t->out.n > 0, 1);
        assert_string_equal(t->read_back.requirepass, *p);
        rewritten(t, "");
        assert_string_equal(t->read_back.requirepass, *p);
    }
    set(t, "requirepass", "");
    expect(t, "requirepass old\n", "requirepass \"\"\n");
}

static char *path_in(const struct fixture *t, const char *name)
{
    char *path = mem_alloc(256);

    snprintf(path, 256, "%s/%s", t->dir, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void assert_file(const char *path, const char *wanted)
{
    char text[4096];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    assert_string_equal(text, wanted);
}

static void includes_stay_and_are_overruled(void **state)
{
    struct fixture *t = *state;
    char *more = path_in(t, "more.conf"), text[512], wanted[600];

    write_file(more, "timeout 5\nmaxclients 50\n");
    snprintf(text, sizeof text, "timeout 1\ninclude %s\n", more);
    set(t, "timeout", "5");
    set(t, "maxclients", "50");
    expect(t, text, text);  /* nothing has changed */
    set(t, "timeout", "6"); /* its line comes before the include, so it cannot say it */
    snprintf(wanted, sizeof wanted, "timeout 6\ninclude %s\n\n# Written by CONFIG REWRITE\ntimeout 6\n",
             more);
    expect(t, text, wanted);
    set(t, "maxclients", "10000"); /* the default, against what the include says */
    snprintf(wanted, sizeof wanted,
             "timeout 6\ninclude %s\n\n# Written by CONFIG REWRITE\ntimeout 6\nmaxclients 10000\n", more);
    expect(t, text, wanted);
    assert_file(more, "timeout 5\nmaxclients 50\n");
    mem_free(more);
}

static void a_text_that_cannot_be_loaded_is_refused(void **state)
{
    struct fixture *t = *state;

    expect(t, "timeout 5\nnosuch 1\n", "test:2: unknown setting 'nosuch'");
    expect(t, "timeout \"5\n", "test:1: unbalanced quotes");
}

/* Another value than the one it has, of every type there is. */
static void change(const struct settings *s, const struct setting *row)
{
    static const char *const tries[] = {"1",    "2",     "100",     "2mb",    "1048577", "yes",
                                        "no",   "local", "x y",     "0600",   "warning", "normal 1 2 3",
                                        "user", "90 95", "systemd", "always", "KEx", NULL};
    struct buf before = {0}, after = {0}, why = {0};

    settings_get(s, row, &before);
    for (const char *const *p = tries; *p && (!after.n || slice_eq(buf_slice(&before), buf_slice(&after)));
         p++) {
        struct slice word = slice_of(*p);

        after.n = 0;
        if (settings_set(s, row, &word, 1, &why) == OK)
            settings_get(s, row, &after);
    }
    if (strcmp(row->name, "maxmemory-policy") != 0) /* which has one value */
        assert_false(after.n == 0 || slice_eq(buf_slice(&before), buf_slice(&after)));
    buf_free(&before);
    buf_free(&after);
    buf_free(&why);
}

static void every_setting_comes_back(void **state)
{
    struct fixture *t = *state;
    struct buf x = {0}, y = {0};

    for (const struct setting *row = t->s.rows; row->name; row++)
        if (!(row->flags & SETTING_IDLE)) /* the dump has none of these: a line below is its only one */
            change(&t->s, row);
    for (int full = 0; full < 2; full++) { /* into an empty file, and in place of the defaults */
        struct buf text = {0};

        if (full)
            settings_dump(&t->s, false, &text);
        t->out.n = 0;
        assert_int_equal(
            settings_rewrite_text(&t->s, &t->scratch, "test", buf_slice(&text), &t->out, &t->why), OK);
        settings_defaults(&t->scratch);
        assert_int_equal(settings_load_text(&t->scratch, "test", buf_slice(&t->out), &t->why, NULL), OK);
        x.n = y.n = 0;
        for (const struct setting *row = t->s.rows; row->name; row++) {
            settings_get(&t->s, row, &x);
            settings_get(&t->scratch, row, &y);
        }
        assert_true(slice_eq(buf_slice(&x), buf_slice(&y)));
        buf_add_char(&t->out, '\0');
        assert_true(!full == !!strstr(t->out.p, "# Written by"));
        buf_free(&text);
    }
    buf_free(&x);
    buf_free(&y);
}

/* --- files --- */

static int rewrite(struct fixture *t, const char *path)
{
    t->why.n = 0;
    return settings_rewrite_file(&t->s, &t->scratch, path, &t->why);
}

static void a_file_keeps_its_mode_and_its_links(void **state)
{
    struct fixture *t = *state;
    char *file = path_in(t, "a.conf"), *link = path_in(t, "link.conf"), *temp = path_in(t, "a.conf.tmp");
    struct stat before, st;

    write_file(file, "timeout 1\n");
    write_file(temp, "what a crash left");
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(stat(file, &before), 0);
    set(t, "timeout", "2");
    assert_int_equal(rewrite(t, link), OK);
    assert_file(file, "timeout 2\n");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_uid, before.st_uid);
    assert_true(st.st_ino != before.st_ino);
    assert_int_equal(access(temp, F_OK), -1);
    assert_int_equal(rewrite(t, link), OK); /* nothing to change: the file is not touched */
    assert_int_equal(stat(file, &before), 0);
    assert_int_equal(st.st_ino, before.st_ino);
    mem_free(file);
    mem_free(link);
    mem_free(temp);
}

static void a_file_that_cannot_be_written_stays(void **state)
{
    struct fixture *t = *state;
    char *file = path_in(t, "a.conf"), *none = path_in(t, "none.conf");

    set(t, "timeout", "2");
    assert_int_equal(rewrite(t, none), ERR_IO);
    assert_int_equal(access(none, F_OK), -1);
    assert_int_equal(rewrite(t, t->dir), ERR_IO);
    write_file(file, "timeout 1\nnosuch 2\n");
    assert_int_equal(rewrite(t, file), ERR_CONFIG);
    assert_file(file, "timeout 1\nnosuch 2\n");
    if (geteuid() != 0) { /* who may do everything */
        write_file(file, "timeout 1\n");
        assert_int_equal(chmod(file, 0400), 0);
        assert_int_equal(rewrite(t, file), ERR_IO);
        assert_int_equal(chmod(file, 0600), 0);
        assert_int_equal(chmod(t->dir, 0500), 0);
        assert_int_equal(rewrite(t, file), ERR_IO);
        assert_int_equal(chmod(t->dir, 0700), 0);
        assert_file(file, "timeout 1\n");
    }
    mem_free(file);
    mem_free(none);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_is_right_stays_as_it_is),
        test(a_changed_value_takes_the_place_of_the_last),
        test(what_no_line_has_is_appended),
        test(lines_that_add_up_become_one),
        test(words_are_quoted_where_they_must_be),
        test(includes_stay_and_are_overruled),
        test(a_text_that_cannot_be_loaded_is_refused),
        test(every_setting_comes_back),
        test(a_file_keeps_its_mode_and_its_links),
        test(a_file_that_cannot_be_written_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
