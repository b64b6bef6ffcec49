/* tests/unit/test_settings.c - rows of every type: set, refused with the reason, loaded from files with
 * includes, dumped and loaded back; and the splitting of lines, which also meets clients' bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/random.h"
#include "base/settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct values {
    bool on;
    int64_t count;
    uint64_t size;
    int64_t mode;
    int level;
    char *name;
    char *hosts;
    char *secret;
    int64_t limits[2];
};

static int limits_set(void *to, const struct setting *row, const struct slice *arg, size_t n, struct buf *why)
{
    int64_t *limits = to, v[2];

    (void)row;
    if (n != 2 || !num_i64(arg[0], &v[0]) || !num_i64(arg[1], &v[1])) {
        buf_add_str(why, "argument must be two numbers");
        return ERR_CONFIG;
    }
    memcpy(limits, v, sizeof(v));
    return OK;
}

static void limits_get(const void *from, const struct setting *row, struct buf *text)
{
    const int64_t *limits = from;

    (void)row;
    buf_addf(text, "%lld %lld", (long long)limits[0], (long long)limits[1]);
}

static const struct setting_name levels[] = {{"low", 1}, {"high", 2}, {"top", 2}, {NULL, 0}};

#define AT(field) offsetof(struct values, field)

static const struct setting rows[] = {
    {.name = "on", .type = SETTING_BOOL, .at = AT(on), .fallback = "yes", .help = "Whether it is on."},
    {.name = "count",
     .type = SETTING_INT,
     .at = AT(count),
     .fallback = "5",
     .min = -3,
     .max = 10,
     .help = "How many.\n\nOr how few."},
    {.name = "size", .type = SETTING_BYTES, .at = AT(size), .fallback = "64mb", .min = 1, .max = INT64_MAX},
    {.name = "mode", .type = SETTING_OCTAL, .at = AT(mode), .fallback = "700", .max = 0777},
    {.name = "level", .type = SETTING_ENUM, .at = AT(level), .fallback = "high", .names = levels},
    {.name = "name", .type = SETTING_STRING, .at = AT(name), .fallback = "a \"name\""},
    {.name = "hosts", .type = SETTING_STRINGS, .at = AT(hosts), .fallback = "127.0.0.1 -::1"},
    {.name = "secret", .type = SETTING_STRING, .flags = SETTING_SECRET, .at = AT(secret)},
    {.name = "limits",
     .type = SETTING_CUSTOM,
     .at = AT(limits),
     .fallback = "1 2",
     .set = limits_set,
     .get = limits_get},
    {.name = NULL},
};

static const struct setting_foreign foreign[] = {
    {"cluster-enabled", SETTING_REFUSE, "no", "there is no cluster"},
    {"loadmodule", SETTING_REFUSE, NULL, "there are no modules"},
    {"hz", SETTING_WARN, NULL, "nothing is polled"},
    {"vm-*", SETTING_WARN, NULL, "gone"},
    {NULL, SETTING_WARN, NULL, NULL},
};

struct fixture {
    struct values v;
    struct settings s;
    struct buf why, warnings;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *t = mem_zalloc(sizeof(*t));

    t->s = (struct settings){.rows = rows, .foreign = foreign, .values = &t->v};
    settings_defaults(&t->s);
    strcpy(t->dir, "/tmp/leanmq-settings-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *t = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -r '%s'", t->dir);
    assert_int_equal(system(command), 0);
    settings_free(&t->s);
    assert_null(t->v.name);
    settings_free(&t->s);
    buf_free(&t->why);
    buf_free(&t->warnings);
    mem_free(t);
    return 0;
}

static const char *text_of(struct buf *b)
{
    buf_add_char(b, '\0');
    b->n--;
    return b->p;
}

static int load(struct fixture *t, const char *text)
{
    t->why.n = t->warnings.n = 0;
    return settings_load_text(&t->s, "test", slice_of(text), &t->why, &t->warnings);
}

static void accept(struct fixture *t, const char *text)
{
    if (load(t, text) != OK)
        fail_msg("%s: %s", text, text_of(&t->why));
}

static void refuse(struct fixture *t, const char *text, const char *why)
{
    assert_int_equal(load(t, text), ERR_CONFIG);
    assert_string_equal(text_of(&t->why), why);
}

static void value_is(struct fixture *t, const char *name, const char *want)
{
    struct buf text = {0};

    settings_get(&t->s, settings_find(&t->s, slice_of(name)), &text);
    assert_string_equal(text_of(&text), want);
    buf_free(&text);
}

static void defaults(void **state)
{
    struct fixture *t = *state;

    assert_true(t->v.on);
    assert_int_equal(t->v.count, 5);
    assert_int_equal(t->v.size, 64 << 20);
    assert_int_equal(t->v.mode, 0700);
    assert_int_equal(t->v.level, 2);
    assert_string_equal(t->v.name, "a \"name\"");
    assert_string_equal(t->v.hosts, "127.0.0.1 -::1");
    assert_string_equal(t->v.secret, "");
    assert_int_equal(t->v.limits[1], 2);
    accept(t, "count 7\nname x");
    settings_defaults(&t->s);
    assert_int_equal(t->v.count, 5);
    assert_null(settings_find(&t->s, SLICE("nam")));
    assert_non_null(settings_find(&t->s, SLICE("NAME")));
}

static void every_type_is_set(void **state)
{
    struct fixture *t = *state;

    accept(t, "on no\ncount -3\nSIZE 1kb\nmode 0644\nlevel LOW\nname \"\"\nhosts a b  c\nlimits 8 9\r\n");
    value_is(t, "on", "no");
    value_is(t, "count", "-3");
    value_is(t, "size", "1024");
    value_is(t, "mode", "644");
    value_is(t, "level", "low");
    value_is(t, "name", "");
    value_is(t, "hosts", "a b c");
    value_is(t, "limits", "8 9");
    accept(t, "hosts \"\"");
    value_is(t, "hosts", "");
    accept(t, "level top\nname 'it\\'s'\n\n  # a comment\n   count 10");
    value_is(t, "level", "high");
    value_is(t, "name", "it's");
    value_is(t, "count", "10");
}

static void refusals_say_why(void **state)
{
    struct fixture *t = *state;

    refuse(t, "on maybe", "test:1: on: argument must be 'yes' or 'no'");
    refuse(t, "\n\ncount 11", "test:3: count: argument must be between -3 and 10 inclusive");
    refuse(t, "count -4", "test:1: count: argument must be between -3 and 10 inclusive");
    refuse(t, "count many", "test:1: count: argument couldn't be parsed into an integer");
    refuse(t, "size -1", "test:1: size: argument must be a memory value");
    refuse(t, "size 0", "test:1: size: argument must be between 1 and 9223372036854775807 inclusive");
    refuse(t, "mode 1000", "test:1: mode: argument must be between 0 and 777 inclusive");
    refuse(t, "mode 8", "test:1: mode: argument couldn't be parsed as an octal number");
    refuse(t, "mode \"\"", "test:1: mode: argument couldn't be parsed as an octal number");
    refuse(t, "mode 7777777777777777777777777",
           "test:1: mode: argument couldn't be parsed as an octal number");
    refuse(t, "level mid", "test:1: level: argument(s) must be one of the following: low, high, top");
    refuse(t, "name a b", "test:1: name: wrong number of arguments");
    refuse(t, "name", "test:1: name: wrong number of arguments");
    refuse(t, "name a\"\\x00\"", "test:1: name: argument must not contain a NUL byte");
    refuse(t, "limits 1", "test:1: limits: argument must be two numbers");
    refuse(t, "name \"x", "test:1: unbalanced quotes");
    refuse(t, "nonsense 1", "test:1: unknown setting 'nonsense'");
    value_is(t, "count", "5");
    value_is(t, "name", "a \"name\"");
}

static void foreign_directives(void **state)
{
    struct fixture *t = *state;

    accept(t, "cluster-enabled NO");
    assert_int_equal(t->warnings.n, 0);
    refuse(t, "cluster-enabled yes", "test:1: 'cluster-enabled' is not supported: there is no cluster");
    refuse(t, "loadmodule x.so", "test:1: 'loadmodule' is not supported: there are no modules");
    accept(t, "hz 10\nvm-pages 1 2\ncount 3");
    assert_string_equal(text_of(&t->warnings),
                        "test:1: 'hz' is ignored: nothing is polled\ntest:2: 'vm-pages' is ignored: gone\n");
    refuse(t, "vm 1", "test:1: unknown setting 'vm'");
    assert_int_equal(settings_load_text(&t->s, "test", SLICE("hz 1"), &t->why, NULL), OK);
}

/* ---- files */

static const char *path_of(struct fixture *t, const char *name)
{
    static char path[2][128]; /* two may stand in one call */
    static int turn;

    turn ^= 1;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", t->dir, name);
    return path[turn];
}

__attribute__((format(printf, 3, 4))) static void put_file(struct fixture *t, const char *name,
                                                           const char *fmt, ...)
{
    FILE *f = fopen(path_of(t, name), "w");
    va_list ap;

    assert_non_null(f);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fclose(f);
}

static int load_file(struct fixture *t, const char *name)
{
    t->why.n = t->warnings.n = 0;
    return settings_load_file(&t->s, path_of(t, name), &t->why, &t->warnings);
}

static void includes(void **state)
{
    struct fixture *t = *state;

    put_file(t, "main.conf", "count 1\ninclude %s/d-*.conf\ninclude %s/none-*.conf\nlevel low\n", t->dir,
             t->dir);
    put_file(t, "d-1.conf", "count 2\nname first");
    put_file(t, "d-2.conf", "name second\nhz 3");
    assert_int_equal(load_file(t, "main.conf"), OK);
    value_is(t, "count", "2");
    value_is(t, "name", "second");
    value_is(t, "level", "low");
    assert_non_null(strstr(text_of(&t->warnings), "d-2.conf:2: 'hz' is ignored"));
    put_file(t, "d-2.conf", "\n\nname\n");
    assert_int_equal(load_file(t, "main.conf"), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "/d-2.conf:3: name: wrong number of arguments"));
    put_file(t, "main.conf", "\ninclude %s/none.conf\n", t->dir);
    assert_int_equal(load_file(t, "main.conf"), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "main.conf:2: cannot read '"));
    assert_non_null(strstr(text_of(&t->why), "No such file"));
}

static void includes_end(void **state)
{
    struct fixture *t = *state;

    put_file(t, "a.conf", "include %s/*.conf\n", t->dir);
    put_file(t, "b.conf", "include %s/*.conf\n", t->dir);
    assert_int_equal(load_file(t, "a.conf"), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "a.conf:1: include is nested deeper than 16"));
    for (int i = 0; i < 17; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%d", i);
        if (i < 16)
            put_file(t, name, "include %s/n%d\n", t->dir, i + 1);
        else
            put_file(t, name, "count 9\n");
    }
    assert_int_equal(load_file(t, "n0"), OK);
    value_is(t, "count", "9");
}

static void files_that_cannot_be_read(void **state)
{
    struct fixture *t = *state;

    assert_int_equal(load_file(t, "none"), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "/none: No such file or directory"));
    assert_int_equal(load_file(t, "."), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "Is a directory"));
    put_file(t, "big", "count 3\n");
    assert_int_equal(truncate(path_of(t, "big"), 100 << 20), 0);
    assert_int_equal(load_file(t, "big"), ERR_CONFIG);
    assert_non_null(strstr(text_of(&t->why), "File too large"));
}

/* ---- the dump */

static void dump_of_defaults(void **state)
{
    struct fixture *t = *state;
    struct buf text = {0};

    accept(t, "count 1");
    settings_dump(&t->s, false, &text);
    assert_string_equal(text_of(&text), "# Whether it is on.\non yes\n"
                                        "\n# How many.\n#\n# Or how few.\ncount 5\n"
                                        "\nsize 64mb\n\nmode 700\n\nlevel high\n\nname \"a \\\"name\\\"\"\n"
                                        "\nhosts 127.0.0.1 -::1\n\nsecret \"\"\n\nlimits 1 2\n");
    buf_free(&text);
}

static void dump_hides_secrets(void **state)
{
    struct fixture *t = *state;
    struct buf text = {0};

    accept(t, "secret hunter2\nsize 1536\ncount -1");
    settings_dump(&t->s, true, &text);
    assert_null(strstr(text_of(&text), "hunter2"));
    assert_non_null(strstr(text.p, "\ncount -1\n"));
    assert_non_null(strstr(text.p, "\nsize 1536\n"));
    accept(t, text.p);
    assert_string_equal(t->v.secret, "hunter2");
    buf_free(&text);
}

static void fill_random(char *to, size_t n, struct random *r)
{
    for (size_t i = 0; i < n; i++)
        to[i] = " \"'\\#x\n\t\x7f\xc3\x01z"[random_below(r, 12)];
    to[n] = '\0';
}

static void dump_loads_back(void **state)
{
    struct fixture *t = *state;
    struct random r;

    random_seed(&r, 1);
    for (int i = 0; i < 2000; i++) {
        struct buf first = {0}, second = {0};
        char name[20], hosts[2][10];
        struct slice words[2];

        fill_random(name, random_below(&r, sizeof(name)), &r);
        for (int k = 0; k < 2; k++) {
            fill_random(hosts[k], random_below(&r, sizeof(hosts[k])), &r);
            words[k] = slice_of(hosts[k]);
        }
        t->v.size = random_next(&r) >> (1 + random_below(&r, 62));
        t->v.size += t->v.size == 0;
        words[0] = slice_of(name);
        assert_int_equal(settings_set(&t->s, settings_find(&t->s, SLICE("name")), words, 1, &t->why), OK);
        words[0] = SLICE("host");
        assert_int_equal(settings_set(&t->s, settings_find(&t->s, SLICE("hosts")), words, 2, &t->why), OK);
        settings_dump(&t->s, true, &first);
        settings_defaults(&t->s);
        accept(t, text_of(&first));
        assert_string_equal(t->v.name, name);
        settings_dump(&t->s, true, &second);
        assert_string_equal(text_of(&first), text_of(&second));
        buf_free(&first);
        buf_free(&second);
    }
}

/* ---- splitting */

static void split_is(struct slice line, const char *const *want, size_t n)
{
    struct slice *words;
    size_t got;

    assert_int_equal(settings_split(line, &words, &got), OK);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++)
        assert_true(slice_eq(words[i], slice_of(want[i])));
    mem_free(words);
}

#define SPLIT(line, ...)                                                                                     \
    split_is(SLICE(line), (const char *const[]){__VA_ARGS__},                                                \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void splits(void **state)
{
    static const char *const bad[] = {"\"",    "'",    "a \"b",   "\"a\"b", "'a'b", "\"a\\\"",
                                      "'a\\'", "\"a'", "a\"b\"c", "\"a\\",  "'\\"};
    struct slice *words;
    size_t n;

    (void)state;
    split_is(SLICE(""), NULL, 0);
    split_is((struct slice){NULL, 0}, NULL, 0);
    split_is(SLICE(" \t\r\n"), NULL, 0);
    SPLIT("set key value", "set", "key", "value");
    SPLIT("  set\tkey \r\n", "set", "key");
    SPLIT("\"\"", "");
    SPLIT("'' \"\" x", "", "", "x");
    SPLIT("\"a b\" 'c d'", "a b", "c d");
    SPLIT("\"\\x41\\x4a\\x6A\\xzz\\x4\"", "AJjxzzx4");
    SPLIT("\"\\n\\r\\t\\a\\b\\\"\\\\\\q\"", "\n\r\t\a\b\"\\q");
    SPLIT("'a\\'b\\n\"'", "a'b\\n\"");
    SPLIT("a\\nb", "a\\nb");
    SPLIT("pre\"fix ed\"", "prefix ed");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (settings_split(slice_of(bad[i]), &words, &n) != ERR_SYNTAX)
            fail_msg("%s", bad[i]);
    assert_int_equal(settings_split(SLICE("a\0b \"\\x00\""), &words, &n), OK);
    assert_int_equal(n, 2);
    assert_true(slice_eq(words[0], SLICE("a\0b")));
    assert_true(slice_eq(words[1], SLICE("\0")));
    mem_free(words);
}

/* Random bytes, mostly those that mean something: nothing outside is touched, no word grows. */
static void splits_any_bytes(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 100000; i++) {
        size_t room = random_below(&r, 24), n = 0, bytes = 0;
        char *line = mem_alloc(room);
        struct slice *words;

        for (size_t k = 0; k < room; k++)
            line[k] = random_below(&r, 8) ? " \"'\\x4n\v"[random_below(&r, 8)] : (char)random_next(&r);
        if (settings_split((struct slice){line, room}, &words, &n) == OK) {
            for (size_t k = 0; k < n; k++)
                bytes += words[k].n;
            assert_true(bytes <= room && n <= (room + 1) / 2);
        }
        mem_free(words);
        mem_free(line);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(every_type_is_set),
        TEST(refusals_say_why),
        TEST(foreign_directives),
        TEST(includes),
        TEST(includes_end),
        TEST(files_that_cannot_be_read),
        TEST(dump_of_defaults),
        TEST(dump_hides_secrets),
        TEST(dump_loads_back),
        cmocka_unit_test(splits),
        cmocka_unit_test(splits_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
