/* test_stream_id.c - ids: their order, neighbours and text. */
#include "base/err.h"
#include "store/stream_id.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID(ms, seq) ((struct stream_id){(ms), (seq)})

static void assert_id(struct stream_id a, struct stream_id b)
{
    assert_int_equal(a.ms, b.ms);
    assert_int_equal(a.seq, b.seq);
}

static void order_is_by_ms_then_seq(void **state)
{
    (void)state;
    assert_int_equal(stream_id_cmp(ID(1, 2), ID(1, 2)), 0);
    assert_int_equal(stream_id_cmp(ID(1, 2), ID(1, 3)), -1);
    assert_int_equal(stream_id_cmp(ID(2, 0), ID(1, UINT64_MAX)), 1);
    assert_int_equal(stream_id_cmp(STREAM_ID_MAX, STREAM_ID_MIN), 1);
    assert_true(stream_id_is_zero(STREAM_ID_MIN));
    assert_false(stream_id_is_zero(ID(0, 1)));
}

static void neighbours_carry_over_and_end(void **state)
{
    struct stream_id id = ID(5, UINT64_MAX);

    (void)state;
    assert_true(stream_id_next(&id));
    assert_id(id, ID(6, 0));
    assert_true(stream_id_prev(&id));
    assert_id(id, ID(5, UINT64_MAX));
    assert_true(stream_id_prev(&id));
    assert_id(id, ID(5, UINT64_MAX - 1));
    id = STREAM_ID_MAX;
    assert_false(stream_id_next(&id));
    id = STREAM_ID_MIN;
    assert_false(stream_id_prev(&id));
    assert_true(stream_id_next(&id));
    assert_id(id, ID(0, 1));
}

static void text_is_read(void **state)
{
    static const struct {
        const char *text;
        struct stream_id id;
    } good[] = {
        {"0", {0, 7}},       {"12", {12, 7}},
        {"12-34", {12, 34}}, {"0-0", {0, 0}},
        {"007-08", {7, 8}},  {"18446744073709551615-18446744073709551615", {UINT64_MAX, UINT64_MAX}},
    };
    static const char *const bad[] = {"",
                                      "-",
                                      "1-",
                                      "-1",
                                      "1-2-3",
                                      "a",
                                      "1-a",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "1-+2",
                                      "*",
                                      "1-*",
                                      "18446744073709551616",
                                      "1-18446744073709551616",
                                      "0x1"};
    char zeros[129];
    struct stream_id id;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(stream_id_parse(slice_of(good[i].text), 7, &id), OK);
        assert_id(id, good[i].id);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(stream_id_parse(slice_of(bad[i]), 7, &id), ERR_ID);
    memset(zeros, '0', sizeof(zeros));
    assert_int_equal(stream_id_parse((struct slice){zeros, 127}, 0, &id), OK);
    assert_int_equal(stream_id_parse((struct slice){zeros, 128}, 0, &id), ERR_ID);
}

static void text_is_written(void **state)
{
    char text[STREAM_ID_TEXT];

    (void)state;
    assert_int_equal(stream_id_put(text, STREAM_ID_MIN), 3);
    assert_memory_equal(text, "0-0", 3);
    assert_int_equal(stream_id_put(text, ID(1526919030474, 55)), 16);
    assert_memory_equal(text, "1526919030474-55", 16);
    assert_int_equal(stream_id_put(text, STREAM_ID_MAX), STREAM_ID_TEXT);
    assert_memory_equal(text, "18446744073709551615-18446744073709551615", STREAM_ID_TEXT);
}

static void text_of_every_length_is_read_back(void **state)
{
    char text[STREAM_ID_TEXT];
    struct stream_id id;

    (void)state;
    for (uint64_t v = 1; v; v = v > UINT64_MAX / 3 ? 0 : v * 3)
        for (int k = -1; k <= 1; k++) {
            struct stream_id want = ID(v + (uint64_t)k, v / 7);
            struct slice s = {text, stream_id_put(text, want)};

            assert_int_equal(stream_id_parse(s, 0, &id), OK);
            assert_id(id, want);
            assert_true(text[0] != '0' || s.p[1] == '-');
        }
    for (uint64_t v = 1; v < UINT64_MAX / 10; v *= 10)
        for (int k = -1; k <= 1; k++) {
            struct stream_id want = ID(v / 3, v + (uint64_t)k);

            assert_int_equal(stream_id_parse((struct slice){text, stream_id_put(text, want)}, 0, &id), OK);
            assert_id(id, want);
        }
    for (uint64_t v = 0; v < 100000; v++) { /* every pair and quad of digits */
        struct stream_id want = ID(v * 1000, v);

        assert_int_equal(stream_id_parse((struct slice){text, stream_id_put(text, want)}, 0, &id), OK);
        assert_id(id, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_by_ms_then_seq),
        cmocka_unit_test(neighbours_carry_over_and_end),
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(text_is_written),
        cmocka_unit_test(text_of_every_length_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
