/* tests/unit/test_num.c - numbers as text: the extremes, what is refused, and that all reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/random.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reads_i64(void **state)
{
    static const struct {
        const char *text;
        int64_t v;
    } good[] = {
        {"0", 0},
        {"1", 1},
        {"-1", -1},
        {"10", 10},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", -INT64_MAX},
    };
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      "-0",
                                      "00",
                                      "01",
                                      "-01",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "--1",
                                      "0x1",
                                      "1a",
                                      "a",
                                      "9223372036854775808",
                                      "/1",
                                      ":",
                                      "-9223372036854775809",
                                      "18446744073709551615",
                                      "18446744073709551617",
                                      "99999999999999999999999"};
    int64_t v = 77;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(num_i64(slice_of(good[i].text), &v));
        assert_int_equal(v, good[i].v);
    }
    v = 77;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (num_i64(slice_of(bad[i]), &v) || v != 77)
            fail_msg("'%s' was taken", bad[i]);
    assert_false(num_i64((struct slice){NULL, 0}, &v));
    assert_false(num_i64((struct slice){"1\0", 2}, &v));
}

static void reads_u64(void **state)
{
    static const char *const bad[] = {
        "", "-", "-1", "+1", " 1", "1 ", "1-1", "18446744073709551616", "99999999999999999999", "1\n"};
    uint64_t v;

    (void)state;
    assert_true(num_u64(SLICE("0"), &v) && v == 0);
    assert_true(num_u64(SLICE("000000000000000000000000000007"), &v) && v == 7);
    assert_true(num_u64(SLICE("18446744073709551615"), &v) && v == UINT64_MAX);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (num_u64(slice_of(bad[i]), &v))
            fail_msg("'%s' was taken", bad[i]);
}

/* From any place of a text, long or short, what is there is read as if the text began with it. */
static void digits_within_a_text(void **state)
{
    static const char *const texts[] = {"",
                                        "7",
                                        "1-2",
                                        "12345678",
                                        "1234567-",
                                        "-1234567",
                                        "1700000000000-12345",
                                        "1-18446744073709551615",
                                        "123456789012345678901234567890",
                                        "9999999-9999999-x12"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct slice s = slice_of(texts[i]);

        for (size_t at = 0; at <= s.n; at++) {
            uint64_t v = 0, want = 0;
            size_t n = num_digits((struct slice){s.p + at, s.n - at}, &want);

            assert_int_equal(num_digits_at(s, at, &v), n);
            assert_true(n == 0 || v == want);
        }
    }
}

static void reads_double(void **state)
{
    static const struct {
        const char *text;
        double v;
    } good[] = {{"0", 0},          {"-0", -0.0},        {"1.5", 1.5},       {"+3", 3},
                {".5", .5},        {"5.", 5},           {"1e3", 1e3},       {"0x10", 16},
                {"inf", INFINITY}, {"-inf", -INFINITY}, {"+Inf", INFINITY}, {"infinity", INFINITY},
                {"1e308", 1e308},  {"5e-324", 5e-324}};
    static const char *const bad[] = {"",      " 1", "1 ", "nan", "-nan",   "abc", "1.5x",
                                      "1e400", "-",  ".",  "1,5", "1e-400", "--1", "\t1"};
    char text[6000];
    double v;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(num_double(slice_of(good[i].text), &v));
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (num_double(slice_of(bad[i]), &v))
            fail_msg("'%s' was taken", bad[i]);
    assert_false(num_double((struct slice){"1\0", 2}, &v));
    memset(text, '0', sizeof(text));
    assert_true(num_double((struct slice){text, 5000}, &v));
    assert_false(num_double((struct slice){text, sizeof(text)}, &v));
}

static void reads_bytes(void **state)
{
    static const struct {
        const char *text;
        uint64_t v;
    } good[] = {{"0", 0},
                {"100", 100},
                {"7b", 7},
                {"1k", 1000},
                {"1kb", 1024},
                {"1Kb", 1024},
                {"2m", 2000000},
                {"2MB", 2 << 20},
                {"3g", UINT64_C(3000000000)},
                {"3gb", UINT64_C(3) << 30},
                {"18446744073709551615", UINT64_MAX},
                {"17179869183gb", UINT64_C(17179869183) << 30}};
    static const char *const bad[] = {
        "", "-1", "kb", "1x", "1kbb", "1 kb", " 1", "1.5gb", "17179869184gb", "18446744073709551616", "1tb"};
    uint64_t v;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(num_bytes(slice_of(good[i].text), &v));
        assert_int_equal(v, good[i].v);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (num_bytes(slice_of(bad[i]), &v))
            fail_msg("'%s' was taken", bad[i]);
}

static void check_integer(uint64_t v)
{
    char text[NUM_MAX], want[32];
    uint64_t u;
    int64_t i;
    size_t n = num_put_u64(text, v);

    assert_int_equal(n, sprintf(want, "%" PRIu64, v));
    assert_memory_equal(text, want, n);
    assert_true(num_u64((struct slice){text, n}, &u) && u == v);
    n = num_put_i64(text, (int64_t)v);
    assert_int_equal(n, sprintf(want, "%" PRId64, (int64_t)v));
    assert_memory_equal(text, want, n);
    assert_true(num_i64((struct slice){text, n}, &i) && i == (int64_t)v);
}

static void integers_read_back(void **state)
{
    struct random r;
    uint64_t ten = 1;

    (void)state;
    random_seed(&r, 1);
    check_integer(0);
    for (int i = 0; i < 20; i++, ten *= 10) {
        check_integer(ten - 1);
        check_integer(ten);
        check_integer(-ten);
    }
    for (int i = 0; i < 64; i++) {
        check_integer((UINT64_C(1) << i) - 1);
        check_integer(UINT64_C(1) << i);
        check_integer(-(UINT64_C(1) << i));
    }
    for (int i = 0; i < 20000; i++)
        check_integer(random_next(&r) >> random_below(&r, 64));
}

static void writes_doubles_as_redis(void **state)
{
    static const struct {
        double v;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "-0"},
        {3, "3"},
        {-3, "-3"},
        {0.1, "0.1"},
        {-0.1, "-0.1"},
        {3.14159, "3.14159"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {1e8, "100000000"},
        {1e17, "100000000000000000"},
        {1e18, "1000000000000000000"},
        {1e19, "1e+19"},
        {-1.5e300, "-1.5e+300"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {1.5e-10, "1.5e-10"},
        {123456.789, "123456.789"},
        {9007199254740993.0, "9007199254740992"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    char text[40];

    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        text[num_put_double(text, sizeof(text) - 1, known[i].v)] = '\0';
        assert_string_equal(text, known[i].text);
    }
}

static void doubles_read_back(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = random_next(&r);
        char text[40];
        double v, back;
        size_t n;

        memcpy(&v, &bits, sizeof(v));
        if (i % 3 == 0)
            v = (double)(int64_t)(bits >> random_below(&r, 64)) / 100;
        if (!isfinite(v))
            continue;
        n = num_put_double(text, 25, v);
        if (!num_double((struct slice){text, n}, &back) || back != v)
            fail_msg("%a as %.*s", v, (int)n, text);
    }
}

static void varints_read_back(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t v = i == 0 ? UINT64_MAX : random_next(&r) >> random_below(&r, 64), back;
        uint8_t bytes[VARINT_MAX];
        size_t n = varint_put(bytes, v);

        assert_in_range(n, 1, VARINT_MAX);
        assert_ptr_equal(varint_get(bytes, &back), bytes + n);
        assert_int_equal(back, v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_i64),
        cmocka_unit_test(reads_u64),
        cmocka_unit_test(reads_double),
        cmocka_unit_test(reads_bytes),
        cmocka_unit_test(integers_read_back),
        cmocka_unit_test(writes_doubles_as_redis),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(varints_read_back),
        cmocka_unit_test(digits_within_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
