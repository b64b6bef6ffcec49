/* cmd/config: leanmqd.conf is what the rows say, and loading it changes nothing. Run from the top of the
 * source tree, as make does. */
#include "base/err.h"
#include "cmd/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define CONF "leanmqd.conf"

static struct buf read_file(const char *path)
{
    struct buf text = {0};
    FILE *f = fopen(path, "re");
    size_t got;

    assert_non_null(f);
    while ((got = fread(buf_reserve(&text, 4096), 1, 4096, f)) > 0)
        text.n += got;
    fclose(f);
    return text;
}

static struct buf dump(const struct settings *s, bool current)
{
    struct buf text = {0};

    settings_dump(s, current, &text);
    return text;
}

static void assert_same(struct buf *a, struct buf *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->p, b->p, a->n);
    buf_free(a);
    buf_free(b);
}

static int load(const struct settings *s, const char *text, struct buf *why, struct buf *warnings)
{
    why->n = 0;
    return settings_load_text(s, "test", slice_of(text), why, warnings);
}

static void the_file_is_the_dump(void **state)
{
    struct config c = {0};
    struct settings s = config_rows(&c);
    struct buf file = read_file(CONF), rows;

    (void)state;
    settings_defaults(&s);
    rows = dump(&s, false);
    if (!slice_eq(buf_slice(&file), buf_slice(&rows)))
        fail_msg("%s is old: leanmqd --dump-config > %s", CONF, CONF);
    assert_same(&file, &rows);
    config_free(&c);
}

static void the_file_names_every_setting_once(void **state)
{
    struct config c = {0};
    struct settings s = config_rows(&c);
    struct buf file = read_file(CONF);

    (void)state;
    buf_add_char(&file, '\0');
    for (const struct setting *row = s.rows; row->name; row++) {
        char line[80];
        char *at;

        snprintf(line, sizeof line, "\n%s ", row->name);
        at = strstr(file.p, line);
        if (row->flags & SETTING_IDLE)
            assert_null(at);
        else
            assert_non_null(at);
        assert_true(!at || !strstr(at + 1, line));
        assert_true(row->help && *row->help);
        assert_ptr_equal(settings_find(&s, slice_of(row->name)), row);
    }
    buf_free(&file);
}

static void loading_the_file_leaves_the_defaults(void **state)
{
    struct config fresh = {0}, loaded = {0};
    struct settings a = config_rows(&fresh), b = config_rows(&loaded);
    struct buf why = {0}, warnings = {0}, before, after;

    (void)state;
    settings_defaults(&a);
    settings_defaults(&b);
    if (settings_load_file(&b, CONF, &why, &warnings) != OK)
        fail_msg("%.*s", SLICE_ARG(buf_slice(&why)));
    assert_int_equal(warnings.n, 0);
    before = dump(&a, true);
    after = dump(&b, true);
    assert_same(&before, &after);
    assert_string_equal(loaded.requirepass, ""); /* a secret is not in a dump of values */
    config_free(&fresh);
    config_free(&loaded);
}

/* What a start with --dump-config prints of settings in force is a file that sets them. */
static void a_dump_of_values_loads_to_them(void **state)
{
    struct config one = {0}, two = {0};
    struct settings a = config_rows(&one), b = config_rows(&two);
    struct buf why = {0}, warnings = {0}, first, second;

    (void)state;
    settings_defaults(&a);
    settings_defaults(&b);
    assert_int_equal(
        load(&a,
             "port 7000\nbind 10.0.0.1 ::1\nmaxmemory 3gb\nappendfsync always\nunixsocketperm 770\n"
             "unixsocket \"/tmp/a b\"\nloglevel debug\nclient-output-buffer-limit pubsub 1mb 0 0\n"
             "client-output-buffer-limit replica 0 0 0\nstream-wake-batching no\n",
             &why, &warnings),
        OK);
    first = dump(&a, true);
    assert_int_equal(settings_load_text(&b, "dump", buf_slice(&first), &why, &warnings), OK);
    assert_int_equal(two.port, 7000);
    assert_int_equal(two.maxmemory, UINT64_C(3) << 30);
    assert_string_equal(two.unixsocket, "/tmp/a b");
    assert_int_equal(two.output[OUTPUT_PUBSUB].hard, 1 << 20);
    assert_int_equal(two.output[OUTPUT_REPLICA].hard, 0);
    second = dump(&b, true);
    assert_same(&first, &second);
    config_free(&one);
    config_free(&two);
}

static void what_would_weaken_is_refused(void **state)
{
    static const char *const refused[] = {
        "tls-port 6380",
        "user a on",
        "aclfile /x",
        "rename-command GET \"\"",
        "replicaof 1.2.3.4 6379",
        "cluster-enabled yes",
        "loadmodule x.so",
        "maxmemory-policy allkeys-lru",
        "daemonize yes",
        "nosuch 1",
        "maxclients 0",
        "port 70000",
    };
    static const char *const ignored[] = {
        "save 900 1", "rdbcompression yes", "hz 10", "activedefrag no", "lfu-log-factor 10",
    };
    static const char *const fine[] = {"cluster-enabled no", "maxmemory-policy noeviction", "daemonize no",
                                       "tls-port 0", "lua-time-limit 5000"};
    struct config c = {0};
    struct settings s = config_rows(&c);
    struct buf why = {0}, warnings = {0};

    (void)state;
    settings_defaults(&s);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(load(&s, refused[i], &why, &warnings), ERR_CONFIG);
    assert_int_equal(warnings.n, 0);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        warnings.n = 0;
        assert_int_equal(load(&s, ignored[i], &why, &warnings), OK);
        assert_true(warnings.n > 0);
    }
    warnings.n = 0;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(load(&s, fine[i], &why, &warnings), OK);
    assert_int_equal(warnings.n, 0);
    buf_free(&why);
    buf_free(&warnings);
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_the_dump),
        cmocka_unit_test(the_file_names_every_setting_once),
        cmocka_unit_test(loading_the_file_leaves_the_defaults),
        cmocka_unit_test(a_dump_of_values_loads_to_them),
        cmocka_unit_test(what_would_weaken_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
