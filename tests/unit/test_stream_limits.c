/* test_stream_limits.c - numbers of streams and groups at their ends, and what is too much. */
#include "cmd/call.h"
#include "fixture.h"
#include <stdio.h>

#define FULL "-ERR consumer group 'g' of key 's' has as many consumers as stream-group-max-consumers allows"

static void whoever_makes_a_consumer_is_refused(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET stream-group-max-consumers 2", "+OK");
    expect(t, 0, "XADD s 1-0 f v", "1-0");
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    expect(t, 0, "XGROUP CREATE other g 0 MKSTREAM", "+OK");
    expect(t, 0, "XGROUP CREATECONSUMER s g a", ":1");
    expect(t, 0, "XGROUP CREATECONSUMER s g b", ":1");
    expect(t, 0, "XGROUP CREATECONSUMER s g b", ":0");
    expect(t, 0, "XGROUP CREATECONSUMER s g c", FULL);
    expect(t, 0, "XREADGROUP GROUP g c STREAMS other s > >", FULL);
    expect(t, 0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s 0", FULL);
    expect(t, 0, "XCLAIM s g c 0 1-0 FORCE LASTID 1-0", FULL);
    expect(t, 0, "XAUTOCLAIM s g c 0 0", FULL);
    /* nothing has happened on the way */
    expect(t, 0, "XINFO CONSUMERS other g", "[]");
    expect(t, 0, "XREADGROUP GROUP g a STREAMS s >", "[[s [[1-0 [f v]]]]]");
    expect(t, 0, "XCLAIM s g b 0 1-0", "[[1-0 [f v]]]");
    expect(t, 0, "XGROUP DELCONSUMER s g b", ":1");
    expect(t, 0, "XGROUP CREATECONSUMER s g c", ":1");
    expect(t, 0, "CONFIG SET stream-group-max-consumers 0",
           "-ERR CONFIG SET failed (possibly related to argument 'stream-group-max-consumers') - argument "
           "must be "
           "between 1 and 16777215 inclusive");
}

/* A waiter's consumer may be deleted, and its place be taken. */
static void a_waiter_is_refused_too(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET stream-group-max-consumers 1", "+OK");
    expect(t, 0, "XGROUP CREATE s g 0 MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "...");
    expect(t, 0, "XGROUP DELCONSUMER s g a", ":0");
    expect(t, 0, "XGROUP CREATECONSUMER s g b", ":1");
    expect(t, 0, "XADD s 1-0 f v", "1-0");
    expect_heard(t, 1, FULL);
    expect(t, 0, "XREADGROUP GROUP g b STREAMS s >", "[[s [[1-0 [f v]]]]]");
}

/* The bytes are not there: whoever is told of so many must not look at them. */
static void an_entry_too_large_is_refused(void **state)
{
    struct fixture *t = *state;
    char byte[] = "x";
    struct slice arg[] = {
        SLICE("XADD"), SLICE("s"), SLICE("*"), {byte, (size_t)600 << 20}, {byte, (size_t)600 << 20}};
    struct session *s;

    heard(t, 0);
    s = client(t, 0, 0);
    call_run(s, arg, 5, fixture_now(0));
    expect_heard(t, 0, "-ERR Elements are too large to be stored");
    expect(t, 0, "EXISTS s", ":0");
    expect(t, 0, "XADD s 5-0 f v", "5-0");
    arg[2] = SLICE("4-0"); /* the id comes first */
    call_run(s, arg, 5, fixture_now(0));
    expect_heard(t, 0, "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
    expect(t, 0, "XLEN s", ":1");
}

static const char *groups_of(struct fixture *t)
{
    return strstr(answer_to(t, 0, 0, "XINFO GROUPS s"), "entries-read");
}

static void nobody_has_read_more_than_was_added(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD s 1-0 f v", "1-0");
    expect(t, 0, "XADD s 2-0 f v", "2-0");
    expect(t, 0, "XGROUP CREATE s g $ ENTRIESREAD 9999", "+OK");
    assert_string_equal(groups_of(t), "entries-read :2 lag :0]]");
    expect(t, 0, "XGROUP SETID s g 0", "+OK");
    assert_string_equal(groups_of(t), "entries-read nil lag :2]]");
    expect(t, 0, "XGROUP SETID s g 2-0 ENTRIESREAD 9223372036854775807", "+OK");
    assert_string_equal(groups_of(t), "entries-read :2 lag :0]]");
    expect(t, 0, "XGROUP SETID s g 1-0 ENTRIESREAD 1", "+OK");
    assert_string_equal(groups_of(t), "entries-read :1 lag :1]]");
    expect(t, 0, "XGROUP CREATE new g $ MKSTREAM ENTRIESREAD 5", "+OK");
    assert_non_null(strstr(answer_to(t, 0, 0, "XINFO GROUPS new"), "entries-read :0 lag :0]]"));
}

static void a_lag_may_lie_below_zero(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD s 1-0 f v", "1-0");
    expect(t, 0, "XSETID s 1-0 ENTRIESADDED 10", "+OK");
    expect(t, 0, "XGROUP CREATE s g 1-0 ENTRIESREAD 10", "+OK");
    expect(t, 0, "XSETID s 1-0 ENTRIESADDED 9", "+OK");
    assert_string_equal(groups_of(t), "entries-read :10 lag :-1]]");
    expect(t, 0, "XSETID s 1-0 ENTRIESADDED 9223372036854775807", "+OK");
    expect(t, 0, "XADD s 2-0 f v", "2-0");
    expect(t, 0, "XGROUP SETID s g 2-0 ENTRIESREAD 9223372036854775807", "+OK");
    expect(t, 0, "XSETID s 2-0 ENTRIESADDED 2", "+OK");
    assert_string_equal(groups_of(t), "entries-read :9223372036854775807 lag :-9223372036854775805]]");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        T(whoever_makes_a_consumer_is_refused), T(a_waiter_is_refused_too),  T(an_entry_too_large_is_refused),
        T(nobody_has_read_more_than_was_added), T(a_lag_may_lie_below_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
