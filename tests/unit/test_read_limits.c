/* test_read_limits.c - XREAD and XREADGROUP: MAXCOUNT and MAXSIZE, over all streams of a reply. */
#include "fixture.h"
#include <stdio.h>

/* In RESP2 a reply of one stream is 19 bytes and 31 for each of these entries. */
static void add_many(struct fixture *t, const char *key, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char command[64], id[32];

        snprintf(id, sizeof id, "%d-0", i);
        snprintf(command, sizeof command, "XADD %s %s n %d", key, id, i);
        expect(t, 0, command, id);
    }
}

static void two_streams(struct fixture *t)
{
    add_many(t, "a", 1, 3);
    add_many(t, "b", 1, 3);
    expect(t, 0, "XGROUP CREATE a g 0", "+OK");
    expect(t, 0, "XGROUP CREATE b g 0", "+OK");
}

static void maxcount_is_for_all_streams(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    expect(t, 0, "XREAD MAXCOUNT 2 STREAMS a b 0 0", "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XREAD MAXCOUNT 4 STREAMS a b 1 0",
           "[[a [[2-0 [n 2]] [3-0 [n 3]]]] [b [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XREAD COUNT 2 MAXCOUNT 3 STREAMS a b 0 0",
           "[[a [[1-0 [n 1]] [2-0 [n 2]]]] [b [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXCOUNT 1 STREAMS none a b 0 3 2", "[[b [[3-0 [n 3]]]]]");
    expect(t, 0, "XREAD COUNT 0 MAXCOUNT 1 STREAMS a 0", "[[a [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXCOUNT 9223372036854775807 STREAMS a 2", "[[a [[3-0 [n 3]]]]]");
    expect(t, 0, "XREAD MAXCOUNT 1 STREAMS a 3", "nil-array");
}

static void maxsize_stops_before_the_next(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    expect(t, 0, "XREAD MAXSIZE 1 STREAMS a b 0 0", "[[a [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXSIZE 50 STREAMS a b 0 0", "[[a [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXSIZE 51 STREAMS a b 0 0", "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    /* 19 + 3 * 31: the second stream begins */
    expect(t, 0, "XREAD MAXSIZE 112 STREAMS a b 0 0", "[[a [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 0, "XREAD MAXSIZE 113 STREAMS a b 0 0",
           "[[a [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]]] [b [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXSIZE 1000 MAXCOUNT 1 STREAMS a 0", "[[a [[1-0 [n 1]]]]]");
    expect(t, 0, "XREAD MAXSIZE 9223372036854775807 STREAMS a 2", "[[a [[3-0 [n 3]]]]]");
}

/* What was answered before in the same connection or transaction does not count. */
static void maxsize_is_of_this_command(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XRANGE a - +", "+QUEUED");
    expect(t, 0, "XREAD MAXSIZE 51 STREAMS a 0", "+QUEUED");
    expect(t, 0, "EXEC", "[[[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]] [[a [[1-0 [n 1]] [2-0 [n 2]]]]]]");
    feed(t, 0, 0, SLICE("XRANGE a - +\r\nXREAD MAXSIZE 51 STREAMS a 0\r\n"));
    expect_heard(t, 0, "[[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]] | [[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
}

static void what_is_not_sent_is_not_pending(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    expect(t, 0, "XREADGROUP GROUP g c MAXCOUNT 2 STREAMS a b > >", "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XPENDING a g", "[:2 1-0 2-0 [[c 2]]]");
    expect(t, 0, "XPENDING b g", "[:0 nil nil nil-array]");
    /* a stream that was not reached has not seen the consumer */
    expect(t, 0, "XINFO CONSUMERS b g", "[]");
    expect(t, 0, "XREADGROUP GROUP g c MAXSIZE 51 STREAMS b a > >", "[[b [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XREADGROUP GROUP g c MAXSIZE 60 STREAMS b a > >", "[[b [[3-0 [n 3]]]] [a [[3-0 [n 3]]]]]");
    expect(t, 0, "XPENDING b g", "[:3 1-0 3-0 [[c 3]]]");
    expect(t, 0, "XREADGROUP GROUP g c MAXCOUNT 1 STREAMS a b > >", "nil-array");
    add_many(t, "a", 4, 5);
    expect(t, 0, "XREADGROUP GROUP g c NOACK MAXCOUNT 1 STREAMS a >", "[[a [[4-0 [n 4]]]]]");
    expect(t, 0, "XREADGROUP GROUP g c NOACK STREAMS a >", "[[a [[5-0 [n 5]]]]]");
}

static void history_heeds_them_too(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    answer_to(t, 0, 0, "XREADGROUP GROUP g c STREAMS a b > >");
    expect(t, 0, "XREADGROUP GROUP g c MAXCOUNT 2 STREAMS a b 0 0", "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XREADGROUP GROUP g c MAXSIZE 51 STREAMS a b 1 0", "[[a [[2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 0, "XREADGROUP GROUP g c MAXCOUNT 1 STREAMS a b 3 0", "[[a []] [b [[1-0 [n 1]]]]]");
    expect(t, 0, "XPENDING a g - + 10", "[[1-0 c :0 :2] [2-0 c :0 :3] [3-0 c :0 :2]]");
}

/* What is claimed counts as what is new does. */
static void claims_heed_them_too(void **state)
{
    struct fixture *t = *state;

    two_streams(t);
    expect(t, 0, "XREADGROUP GROUP g dead COUNT 2 STREAMS a b > >",
           "[[a [[1-0 [n 1]] [2-0 [n 2]]]] [b [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 10, "XREADGROUP GROUP g c CLAIM 5 MAXCOUNT 1 STREAMS a b > >", "[[a [[1-0 [n 1] :10 :1]]]]");
    expect(t, 20, "XREADGROUP GROUP g c CLAIM 15 MAXCOUNT 3 STREAMS a b > >",
           "[[a [[2-0 [n 2] :20 :1] [3-0 [n 3] :0 :0]]] [b [[1-0 [n 1] :20 :1]]]]");
    /* one of them is 43 bytes or more, and one reaches what 40 would */
    expect(t, 40, "XREADGROUP GROUP g c CLAIM 15 MAXSIZE 40 STREAMS b a > >", "[[b [[2-0 [n 2] :40 :1]]]]");
    expect(t, 50, "XREADGROUP GROUP g c CLAIM 100 MAXSIZE 1 STREAMS b a > >", "[[b [[3-0 [n 3] :0 :0]]]]");
    expect(t, 50, "XPENDING a g", "[:3 1-0 3-0 [[c 3]]]");
}

static void they_hold_after_a_wait(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE a g $ MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREAD BLOCK 0 MAXCOUNT 2 STREAMS a b $ $", "...");
    expect_as(t, 2, 0, "XREADGROUP GROUP g c BLOCK 0 MAXSIZE 51 STREAMS a >", "...");
    expect(t, 0, "MULTI", "+OK");
    for (int i = 1; i <= 3; i++) {
        char command[32];

        snprintf(command, sizeof command, "XADD a %d-0 n %d", i, i);
        expect(t, 0, command, "+QUEUED");
    }
    expect(t, 0, "EXEC", "[1-0 2-0 3-0]");
    expect_heard(t, 1, "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect_heard(t, 2, "[[a [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 0, "XPENDING a g", "[:2 1-0 2-0 [[c 2]]]");
}

static void they_are_refused(void **state)
{
    static const char *const bad[] = {
        "0", "-1", "x", "1.5", "''", "' 1'", "+1", "9223372036854775808", "-9223372036854775808"};
    struct fixture *t = *state;

    two_streams(t);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char command[96];

        snprintf(command, sizeof command, "XREAD MAXCOUNT %s STREAMS a 0", bad[i]);
        expect(t, 0, command, "-ERR MAXCOUNT must be a positive integer");
        snprintf(command, sizeof command, "XREADGROUP GROUP g c MAXSIZE %s STREAMS a >", bad[i]);
        expect(t, 0, command, "-ERR MAXSIZE must be a positive integer");
    }
    expect(t, 0, "XREAD COUNT 2 MAXCOUNT 1 STREAMS a 0",
           "-ERR MAXCOUNT must be greater than or equal to COUNT");
    expect(t, 0, "XREADGROUP GROUP g c MAXCOUNT 1 COUNT 2 STREAMS a >",
           "-ERR MAXCOUNT must be greater than or equal to COUNT");
    expect(t, 0, "XREAD COUNT -5 MAXCOUNT 1 STREAMS a 2", "[[a [[3-0 [n 3]]]]]");
    expect(t, 0, "XREAD MAXCOUNT", "-ERR wrong number of arguments for 'xread' command");
    expect(t, 0, "XPENDING a g", "[:0 nil nil nil-array]");
}

static void keys_are_found_behind_them(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND GETKEYS XREAD MAXCOUNT 1 MAXSIZE 2 STREAMS a b 0 0", "[a b]");
    expect(t, 0, "COMMAND GETKEYS XREADGROUP GROUP MAXSIZE MAXCOUNT MAXSIZE 2 STREAMS a >", "[a]");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        T(maxcount_is_for_all_streams), T(maxsize_stops_before_the_next),
        T(maxsize_is_of_this_command),  T(what_is_not_sent_is_not_pending),
        T(history_heeds_them_too),      T(claims_heed_them_too),
        T(they_hold_after_a_wait),      T(they_are_refused),
        T(keys_are_found_behind_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
