/* tests/unit/test_duration.c - spans of time as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/err.h"

static void is(const char *text, msec want)
{
    msec got = -1;

    assert_int_equal(duration_parse(slice_of(text), &got), OK);
    assert_int_equal(got, want);
}

static void refused(const char *text, int err)
{
    msec got = -1;

    assert_int_equal(duration_parse(slice_of(text), &got), err);
    assert_int_equal(got, -1);
}

static void what_is_understood(void **state)
{
    (void)state;
    is("0", 0);
    is("1500", 1500);
    is("500ms", 500);
    is("30s", 30000);
    is("10m", 600000);
    is("12h", 43200000);
    is("7d", 604800000);
    is("7D", 604800000);
    is("5MS", 5);
    is("0d", 0);
    is("007s", 7000);
    is("4503599627370496", DURATION_MAX);
    is("52124995d", INT64_C(52124995) * 86400000);
}

static void what_is_not(void **state)
{
    static const char *const no_duration[] = {"",    " ",     "s",    "-",    "-s",  "+5",
                                              "5 s", " 5s",   "5s ",  "1.5s", "5x",  "5sec",
                                              "5w",  "1h30m", "0x10", "--5",  "5ss", "ms"};

    (void)state;
    for (size_t i = 0; i < sizeof no_duration / sizeof no_duration[0]; i++)
        refused(no_duration[i], ERR_DURATION);
    assert_int_equal(duration_parse((struct slice){"5\0s", 3}, &(msec){0}), ERR_DURATION);
    refused("-1", ERR_DURATION_NEG);
    refused("-0", ERR_DURATION_NEG);
    refused("-5s", ERR_DURATION_NEG);
    refused("-99999999999999999999d", ERR_DURATION_NEG);
    refused("4503599627370497", ERR_DURATION_RANGE);
    refused("52124996d", ERR_DURATION_RANGE);
    refused("9223372036854775807", ERR_DURATION_RANGE);
    refused("9223372036854775807d", ERR_DURATION_RANGE);
    refused("18446744073709551615", ERR_DURATION_RANGE);
    refused("18446744073709551615s", ERR_DURATION_RANGE);
    refused("18446744073709551616", ERR_DURATION_RANGE);
    refused("99999999999999999999999999ms", ERR_DURATION_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_understood),
        cmocka_unit_test(what_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
