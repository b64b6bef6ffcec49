/* tests/unit/test_log.c - lines: their form, their level, their length, no control characters, and a file
 * that is moved or emptied under the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/leanmq-log-XXXXXX", path[64], moved[64];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(moved, sizeof(moved), "%s/log.1", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(moved);
    return rmdir(dir);
}

static const char *content(const char *file)
{
    static char text[20000];
    int fd = open(file, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
    return text;
}

static void fresh(enum log_level level)
{
    unlink(path);
    assert_true(log_open(path, level));
}

/* The head is this process, its role and the local time; the date is checked against libc's. */
static void line_has_its_form(void **state)
{
    static const char *const zones[] = {"UTC0", "XXX-5:45", "YYY9:30", "CET-1CEST,M3.5.0,M10.5.0/3"};

    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        char want[64], got[64];
        time_t t;
        struct tm tm;
        int pid, ms, end;

        setenv("TZ", zones[i], 1);
        tzset();
        fresh(LOG_LEVEL_NOTICE);
        do {
            t = time(NULL);
            assert_int_equal(truncate(path, 0), 0);
            log_notice("event: fact=%d", 1);
        } while (time(NULL) != t);
        localtime_r(&t, &tm);
        strftime(want, sizeof(want), "M %d %b %Y %H:%M:%S", &tm);
        assert_int_equal(sscanf(content(path), "%d:%63[^.].%3d * event: fact=1%n", &pid, got, &ms, &end), 3);
        assert_int_equal(pid, getpid());
        assert_string_equal(got, want);
        assert_string_equal(content(path) + end, "\n");
    }
}

static void levels(void **state)
{
    const char *at;

    (void)state;
    fresh(LOG_LEVEL_DEBUG);
    log_debug("d");
    log_verbose("v");
    log_notice("n");
    log_warning("w");
    at = content(path);
    assert_true((at = strstr(at, ". d\n")) && (at = strstr(at, "- v\n")) && (at = strstr(at, "* n\n")) &&
                strstr(at, "# w\n"));
    fresh(LOG_LEVEL_WARNING);
    log_notice("n");
    log_set_level(LOG_LEVEL_NOTHING);
    log_warning("w");
    assert_string_equal(content(path), "");
}

static void no_control_characters(void **state)
{
    (void)state;
    fresh(LOG_LEVEL_NOTICE);
    log_notice("got \"%s\"", "a\nb\r\t\x1b[0m\x7f\xc3\xa9");
    assert_non_null(strstr(content(path), "got \"a\\x0ab\\x0d\\x09\\x1b[0m\\x7f\xc3\xa9\"\n"));
}

static void length_is_bounded(void **state)
{
    static char text[10000];

    (void)state;
    for (int c = 0; c < 2; c++) {
        const char *line;

        memset(text, c ? '\n' : 'x', sizeof(text) - 1);
        fresh(LOG_LEVEL_NOTICE);
        log_notice("%s", text);
        line = content(path);
        assert_in_range(strlen(line), 4000, 4096);
        assert_string_equal(line + strlen(line) - 4, "...\n");
    }
}

static void reopens(void **state)
{
    (void)state;
    fresh(LOG_LEVEL_NOTICE);
    log_notice("one");
    assert_int_equal(rename(path, moved), 0);
    log_notice("two");
    assert_true(log_reopen());
    log_notice("three");
    assert_non_null(strstr(content(moved), "two"));
    assert_null(strstr(content(moved), "three"));
    assert_non_null(strstr(content(path), "three"));
    assert_int_equal(truncate(path, 0), 0);
    log_notice("four");
    assert_int_equal(content(path)[0] != '\0', 1);
    assert_null(strstr(content(path), "three"));
    assert_false(log_open("/nowhere/at/all", LOG_LEVEL_DEBUG));
    log_notice("five");
    assert_non_null(strstr(content(path), "five"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_its_form),
        cmocka_unit_test(levels),
        cmocka_unit_test(no_control_characters),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(reopens),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
