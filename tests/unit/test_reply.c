/* tests/unit/test_reply.c - every reply, byte for byte, in both versions of the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/reply.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct outbox_pool pool;
static struct outbox box;

static int open_box(void **state)
{
    (void)state;
    outbox_init(&box, &pool);
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    outbox_free(&box);
    outbox_pool_free(&pool);
    return 0;
}

static void expect_slice(struct slice want)
{
    struct slice got = outbox_ready(&box, 0);

    if (!slice_eq(got, want))
        print_error("got:  %.*s\nwant: %.*s\n", SLICE_ARG(got), SLICE_ARG(want));
    assert_true(slice_eq(got, want));
    outbox_check(&box);
    outbox_taken(&box, got.n);
}

#define EXPECT(want) expect_slice(SLICE(want))
#define IN2          (&(struct reply){&box, 2})
#define IN3          (&(struct reply){&box, 3})

static void lines(void **state)
{
    (void)state;
    reply_ok(IN2);
    EXPECT("+OK\r\n");
    reply_status(IN3, "QUEUED");
    EXPECT("+QUEUED\r\n");
    reply_status(IN2, "");
    EXPECT("+\r\n");
    reply_error(IN2, "ERR no such key");
    EXPECT("-ERR no such key\r\n");
}

static void an_error_is_one_line(void **state)
{
    (void)state;
    reply_error(IN2, "ERR a\r\nb\nc\n");
    EXPECT("-ERR a  b c\r\n");
    reply_error_slice(IN2, SLICE("X \0\r"));
    EXPECT("-X \0\r\n");
    reply_errorf(IN2, "ERR unknown '%s', %d\r\n", "a\nb", 5);
    EXPECT("-ERR unknown 'a b', 5\r\n");
    reply_errorf(IN2, "%s", "\r\n\r\n");
    EXPECT("-\r\n");
}

static void integers(void **state)
{
    (void)state;
    reply_int(IN2, 0);
    EXPECT(":0\r\n");
    reply_int(IN2, -1);
    EXPECT(":-1\r\n");
    reply_int(IN3, INT64_MAX);
    EXPECT(":9223372036854775807\r\n");
    reply_int(IN3, INT64_MIN);
    EXPECT(":-9223372036854775808\r\n");
}

static void expect_head(uint64_t n)
{
    char want[40], got[REPLY_HEAD];
    size_t len = (size_t)snprintf(want, sizeof want, "*%" PRIu64 "\r\n", n);

    assert_int_equal(reply_put_head(got, '*', n), len);
    assert_memory_equal(got, want, len);
}

static void heads_of_every_length(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 12000; n++)
        expect_head(n);
    for (uint64_t n = 10000; n < UINT64_MAX / 10; n *= 10) {
        expect_head(n - 1);
        expect_head(n);
        expect_head(n + 1);
    }
    expect_head(UINT64_MAX);
}

static void bulks(void **state)
{
    (void)state;
    reply_bulk(IN2, SLICE("a\0\r\n"));
    EXPECT("$4\r\na\0\r\n\r\n");
    reply_bulk(IN2, (struct slice){NULL, 0});
    EXPECT("$0\r\n\r\n");
    reply_bulk_str(IN3, "hello");
    EXPECT("$5\r\nhello\r\n");
    reply_bulk_u64(IN2, UINT64_MAX);
    EXPECT("$20\r\n18446744073709551615\r\n");
    reply_bulk_i64(IN2, INT64_MIN);
    EXPECT("$20\r\n-9223372036854775808\r\n");
    reply_bulkf(IN2, "%d-%s", 12, "x");
    EXPECT("$4\r\n12-x\r\n");
    reply_verbatim(IN2, "txt", SLICE("some"));
    EXPECT("$4\r\nsome\r\n");
    reply_verbatim(IN3, "txt", SLICE("some"));
    EXPECT("=8\r\ntxt:some\r\n");
}

static void long_texts(void **state)
{
    char text[2000], want[2100];

    (void)state;
    for (int n = 500; n < 530; n++) {
        memset(text, 'y', (size_t)n);
        text[n] = '\0';
        reply_bulkf(IN2, "%s", text);
        snprintf(want, sizeof want, "$%d\r\n%s\r\n", n, text);
        expect_slice(slice_of(want));
        reply_errorf(IN2, "%s\n", text);
        snprintf(want, sizeof want, "-%s\r\n", text);
        expect_slice(slice_of(want));
    }
}

static void large_bulk(void **state)
{
    size_t n = 3 << 20;
    char *p = malloc(n);
    struct slice got;

    (void)state;
    assert_non_null(p);
    memset(p, 'z', n);
    reply_int(IN2, 1);
    reply_bulk(IN2, (struct slice){p, n});
    got = outbox_ready(&box, 0);
    assert_int_equal(got.n, 4 + 10 + n + 2);
    assert_memory_equal(got.p, ":1\r\n$3145728\r\nzzz", 17);
    assert_memory_equal(got.p + got.n - 4, "zz\r\n", 4);
    free(p);
}

static void doubles(void **state)
{
    (void)state;
    reply_double(IN2, 1.5);
    EXPECT("$3\r\n1.5\r\n");
    reply_double(IN3, 1.5);
    EXPECT(",1.5\r\n");
    reply_double(IN2, (double)INFINITY);
    EXPECT("$3\r\ninf\r\n");
    reply_double(IN3, -(double)INFINITY);
    EXPECT(",-inf\r\n");
    reply_double(IN3, 3);
    EXPECT(",3\r\n");
}

static void booleans_and_nothing(void **state)
{
    (void)state;
    reply_bool(IN2, true);
    reply_bool(IN2, false);
    reply_bool(IN3, true);
    reply_bool(IN3, false);
    EXPECT(":1\r\n:0\r\n#t\r\n#f\r\n");
    reply_null(IN2);
    reply_null_array(IN2);
    reply_null(IN3);
    reply_null_array(IN3);
    EXPECT("$-1\r\n*-1\r\n_\r\n_\r\n");
}

static void aggregates(void **state)
{
    (void)state;
    reply_array(IN2, 0);
    reply_map(IN2, 6);
    reply_set(IN2, 7);
    reply_push(IN2, 3);
    EXPECT("*0\r\n*12\r\n*7\r\n*3\r\n");
    reply_array(IN3, 99);
    reply_map(IN3, 100);
    reply_set(IN3, 12345);
    reply_push(IN3, 3);
    EXPECT("*99\r\n%100\r\n~12345\r\n>3\r\n");
}

static void later_is_filled_in(void **state)
{
    uint64_t outer, inner;

    (void)state;
    outer = reply_later(IN3, 0);
    reply_int(IN3, 1);
    inner = reply_later(IN3, 0);
    reply_int(IN3, 2);
    reply_fill_map(IN3, inner, 1234);
    reply_int(IN3, 3);
    reply_fill_array(IN3, outer, 56);
    EXPECT("*56\r\n:1\r\n%1234\r\n:2\r\n:3\r\n");
    outer = reply_later(IN2, 0);
    reply_fill_map(IN2, outer, 5);
    EXPECT("*10\r\n");
    outer = reply_later(IN2, 0);
    reply_fill_array(IN2, outer, 0);
    outer = reply_later(IN2, 0);
    reply_fill_array(IN2, outer, 1000000);
    EXPECT("*0\r\n*1000000\r\n");
}

/* A guess of the length costs no move when it has as many digits. */
static void later_is_guessed(void **state)
{
    static const size_t guess[] = {0, 9, 10, 99, 100, 1000000};
    static const size_t n[] = {0, 7, 10, 345, 1000000};
    uint64_t place;
    char want[64];

    (void)state;
    for (size_t g = 0; g < sizeof guess / sizeof *guess; g++)
        for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
            place = reply_later(IN2, guess[g]);
            reply_int(IN2, 1);
            reply_fill_array(IN2, place, n[i]);
            snprintf(want, sizeof want, "*%zu\r\n:1\r\n", n[i]);
            outbox_check(&box);
            expect_slice(slice_of(want));
        }
}

static void later_becomes_nothing(void **state)
{
    uint64_t place;

    (void)state;
    reply_ok(IN2);
    place = reply_later(IN2, 0);
    reply_int(IN2, 1);
    reply_fill_null_array(IN2, place);
    place = reply_later(IN3, 0);
    reply_fill_null_array(IN3, place);
    EXPECT("+OK\r\n*-1\r\n_\r\n");
}

/* A longer head moves what is behind it, and the marks there with it. */
static void marks_follow_a_filled_head(void **state)
{
    uint64_t place = reply_later(IN2, 0);

    (void)state;
    outbox_mark(&box, outbox_pos(&box), 10);
    reply_int(IN2, 1);
    reply_fill_array(IN2, place, 100);
    assert_int_equal(outbox_ready(&box, 9).n, 6);
    assert_int_equal(outbox_ready(&box, 10).n, 10);
}

/* And a shorter one. */
static void marks_follow_a_head_cut_short(void **state)
{
    uint64_t place = reply_later(IN2, 100);

    (void)state;
    outbox_mark(&box, outbox_pos(&box), 10);
    reply_int(IN2, 1);
    reply_fill_array(IN2, place, 7);
    outbox_check(&box);
    assert_int_equal(outbox_ready(&box, 9).n, 4);
    assert_int_equal(outbox_ready(&box, 10).n, 8);
}

static void all_replies(struct reply *r)
{
    uint64_t place = reply_later(r, 0);

    reply_fill_array(r, place, 1000);
    reply_fill_map(r, place, 1000);
    reply_fill_null_array(r, place);
    reply_ok(r);
    reply_status(r, "a");
    reply_error(r, "a");
    reply_errorf(r, "%d", 1);
    reply_error_slice(r, SLICE("a"));
    reply_int(r, 1);
    reply_int(r, -1);
    reply_bulk(r, SLICE("a"));
    reply_bulk_str(r, "a");
    reply_bulk_u64(r, 1);
    reply_bulk_i64(r, 1);
    reply_bulkf(r, "a%d", 1);
    reply_verbatim(r, "txt", SLICE("a"));
    reply_double(r, 1);
    reply_bool(r, true);
    reply_null(r);
    reply_null_array(r);
    reply_array(r, 1);
    reply_map(r, 1);
    reply_set(r, 1);
    reply_push(r, 1);
}

static void muted_replies_are_dropped(void **state)
{
    (void)state;
    reply_ok(IN2);
    box.muted = 1;
    all_replies(IN2);
    all_replies(IN3);
    box.muted = 0;
    EXPECT("+OK\r\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_box, close_box)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines),
        TEST(an_error_is_one_line),
        TEST(integers),
        TEST(heads_of_every_length),
        TEST(bulks),
        TEST(long_texts),
        TEST(large_bulk),
        TEST(doubles),
        TEST(booleans_and_nothing),
        TEST(aggregates),
        TEST(later_is_filled_in),
        TEST(later_is_guessed),
        TEST(later_becomes_nothing),
        TEST(marks_follow_a_filled_head),
        TEST(marks_follow_a_head_cut_short),
        TEST(muted_replies_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
