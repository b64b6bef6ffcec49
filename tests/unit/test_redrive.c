/* test_redrive.c - QREDRIVE: dead letters come back, once, where they died. */
#include "fixture.h"
#include <stdio.h>

/* A queue `q` with groups g and h, and `n` letters of it in `d`: x 1, x 2, ..., all rejected by c of g. */
static void letters(struct fixture *t, int n)
{
    char line[128];

    expect(t, 0, "QPOLICY SET q DLQ d ACKWAIT 30s MAXDELIVER 3", "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    expect(t, 0, "XGROUP CREATE q h 0", "+OK");
    for (int i = 1; i <= n; i++) {
        snprintf(line, sizeof line, "XADD q %d-1 x %d", i, i);
        answer_to(t, 0, 0, line);
        answer_to(t, 0, 0, "XREADGROUP GROUP g c STREAMS q >");
        snprintf(line, sizeof line, "QNACK q g c REJECT ERROR bad %d-1", i);
        expect(t, i, line, ":1");
    }
}

static void letters_go_back_to_the_group_they_died_in(void **state)
{
    struct fixture *t = *state;

    letters(t, 2);
    expect(t, 10, "XREADGROUP GROUP h c STREAMS q >", "[[q [[1-1 [x 1]] [2-1 [x 2]]]]]");
    expect(t, 10, "XACK q h 1-1 2-1", ":2");
    expect(t, 20, "QREDRIVE d", "[:2 :0 :0]");
    expect(t, 20, "XLEN d", ":0");
    expect(t, 20, "XREADGROUP GROUP h c STREAMS q >", "nil-array");
    expect(t, 20, "XREADGROUP GROUP g c STREAMS q >",
           "[[q [[1700000000020-0 [x 1 x-redrive-count 1]] [1700000000020-1 [x 2 x-redrive-count 1]]]]]");
    expect(t, 20, "XPENDING q g - + 10", "[[1700000000020-0 c :0 :1] [1700000000020-1 c :0 :1]]");
    expect(t, 20, "QREDRIVE d", "[:0 :0 :0]");
}

static void redrives_are_counted(void **state)
{
    struct fixture *t = *state;

    letters(t, 1);
    expect(t, 10, "QREDRIVE d", "[:1 :0 :0]");
    answer_to(t, 10, 0, "XREADGROUP GROUP g c STREAMS q >");
    expect(t, 10, "QNACK q g c REJECT 1700000000010-0", ":1");
    expect(t, 20, "QREDRIVE d", "[:1 :0 :0]");
    expect(t, 20, "XREADGROUP GROUP g c STREAMS q >", "[[q [[1700000000020-0 [x 1 x-redrive-count 2]]]]]");
}

static void with_to_they_are_for_all(void **state)
{
    struct fixture *t = *state;

    letters(t, 2);
    expect(t, 10, "QREDRIVE d TO other COUNT 1", "[:1 :0 :1]");
    expect(t, 10, "XRANGE other - +", "[[1700000000010-0 [x 1 x-redrive-count 1]]]");
    expect(t, 10, "QREDRIVE d TO q", "[:1 :0 :0]");
    answer_to(t, 10, 0, "XREADGROUP GROUP h c COUNT 2 STREAMS q >");
    expect(t, 10, "XREADGROUP GROUP h c STREAMS q >", "[[q [[1700000000010-0 [x 2 x-redrive-count 1]]]]]");
    expect(t, 10, "XREADGROUP GROUP g c STREAMS q >", "[[q [[1700000000010-0 [x 2 x-redrive-count 1]]]]]");
    expect(t, 10, "QREDRIVE d TO d", "-ERR TO must not be the queue that is redriven");
    expect(t, 10, "SET s 1", "+OK");
    expect(t, 10, "QREDRIVE d TO s", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 10, "QREDRIVE s", "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

static void a_step_is_bounded_and_tells_what_is_left(void **state)
{
    struct fixture *t = *state;

    letters(t, 5);
    expect(t, 10, "QREDRIVE d DRYRUN", "[:5 :0 :0]");
    expect(t, 10, "QREDRIVE d COUNT 2 DRYRUN", "[:2 :0 :3]");
    expect(t, 10, "QREDRIVE d COUNT 2", "[:2 :0 :3]");
    expect(t, 10, "QREDRIVE d COUNT 2", "[:2 :0 :1]");
    expect(t, 10, "QREDRIVE d COUNT 2", "[:1 :0 :0]");
    expect(t, 10, "XLEN q", ":10");
}

static void only_a_reason(void **state)
{
    struct fixture *t = *state;

    letters(t, 2);
    expect(t, 10, "QPOLICY SET q TTL 1s", "+OK");
    expect(t, 10, "XADD q 1700000000010-0 x old", "1700000000010-0");
    expect(t, 10, "XACK q h 1-1 2-1", ":0");
    pass_time(t, 2000);
    expect(t, 2000, "QREDRIVE d REASON rejected COUNT 1 DRYRUN", "[:1 :0 :1]");
    expect(t, 2000, "QREDRIVE d REASON rejected", "[:2 :0 :0]");
    expect(t, 2000, "QREDRIVE d REASON overflow", "[:0 :0 :0]");
    expect(t, 2000, "QREDRIVE d REASON expired DRYRUN", "[:4 :0 :0]");
    expect(t, 2000, "QREDRIVE d REASON tired",
           "-ERR REASON must be maxdeliver, rejected, expired or overflow");
}

static void only_some_ids(void **state)
{
    struct fixture *t = *state;

    letters(t, 4);
    expect(t, 10, "QREDRIVE d IDS 3 1700000000003-0 1700000000001-0 1700000000003-0", "[:2 :0 :0]");
    expect(t, 10, "QREDRIVE d IDS 1 1700000000003-0", "[:0 :0 :0]");
    expect(t, 10, "QREDRIVE d COUNT 1 IDS 2 1700000000004-0 1700000000002-0 DRYRUN", "[:1 :0 :1]");
    expect(t, 10, "QREDRIVE d IDS 2 1-1", "-ERR number of IDs doesn't match numids");
    expect(t, 10, "QREDRIVE d IDS 0 1-1", "-ERR numids must be a positive integer");
    expect(t, 10, "QREDRIVE d IDS 1 x", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 10, "QREDRIVE d IDS 1 1-1 IDS 1 1-1", "-ERR syntax error");
    expect(t, 10, "XLEN d", ":2");
}

static void what_has_no_place_stays(void **state)
{
    struct fixture *t = *state;

    letters(t, 3);
    expect(t, 10, "XADD d * note hello", "1700000000010-0");
    expect(t, 10, "XADD d * x-death-queue d", "1700000000010-1");
    expect(t, 10, "XGROUP CREATE d w 0", "+OK");
    answer_to(t, 10, 0, "XREADGROUP GROUP w c COUNT 1 STREAMS d >");
    expect(t, 10, "QREDRIVE d DRYRUN", "[:2 :3 :0]");
    expect(t, 10, "QREDRIVE d", "[:2 :3 :0]");
    expect(t, 10, "XACK d w 1700000000001-0", ":1");
    expect(t, 10, "XGROUP DESTROY q g", ":1");
    expect(t, 10, "QREDRIVE d", "[:0 :3 :0]");
    expect(t, 10, "DEL q", ":1");
    expect(t, 10, "QREDRIVE d", "[:0 :3 :0]");
    expect(t, 10, "SET q 1", "+OK");
    expect(t, 10, "QREDRIVE d", "[:0 :3 :0]");
    expect(t, 10, "QREDRIVE d TO elsewhere", "[:2 :1 :0]");
    expect(t, 10, "XRANGE d - +", "[[1700000000010-0 [note hello]]]");
}

static void nobody_holds_what_was_given_back_in_a_plain_stream(void **state)
{
    struct fixture *t = *state;

    letters(t, 1);
    expect(t, 10, "XGROUP CREATE d w 0", "+OK");
    answer_to(t, 10, 0, "XREADGROUP GROUP w c COUNT 1 STREAMS d >");
    expect(t, 10, "XNACK d w SILENT IDS 1 1700000000001-0", ":1");
    expect(t, 10, "QREDRIVE d", "[:1 :0 :0]");
    expect(t, 10, "XPENDING d w", "[:0 nil nil nil-array]");
}

static void it_stops_where_there_is_no_room(void **state)
{
    struct fixture *t = *state;

    letters(t, 3);
    expect(t, 10, "XREADGROUP GROUP h c STREAMS q >", "[[q [[1-1 [x 1]] [2-1 [x 2]] [3-1 [x 3]]]]]");
    expect(t, 10, "QPOLICY SET q MAXLEN 4", "+OK");
    expect(t, 10, "QREDRIVE d", "[:1 :0 :2]");
    expect(t, 10, "XACK q h 1-1", ":1");
    expect(t, 10, "QPOLICY SET q PAUSE in", "+OK");
    expect(t, 10, "QREDRIVE d", "[:0 :0 :2]");
    expect(t, 10, "QREDRIVE d DRYRUN", "[:0 :0 :2]");
    expect(t, 10, "QPOLICY SET q PAUSE out", "+OK");
    expect(t, 10, "QREDRIVE d", "[:1 :0 :1]");
}

/* Room is made by sending others to the very dead letters that are redriven. */
static void letters_that_come_meanwhile_are_of_another_step(void **state)
{
    struct fixture *t = *state;

    letters(t, 3);
    expect(t, 10, "QPOLICY SET q MAXLEN 3 OVERFLOW dlq", "+OK");
    expect(t, 10, "QREDRIVE d", "[:3 :0 :0]");
    expect(t, 10, "XLEN q", ":3");
    expect(t, 10, "XLEN d", ":3"); /* h had not done them */
}

static void the_dead_in_place_are_ready(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET q MAXDELIVER 1 ACKWAIT 10s", "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    for (int i = 1; i <= 4; i++) {
        answer_to(t, 0, 0, "XADD q * f v");
        answer_to(t, 0, 0, "XREADGROUP GROUP g c STREAMS q >");
    }
    expect(t, 1, "QNACK q g c REJECT 1700000000000-3", ":1");
    pass_time(t, 10000);
    expect(t, 10000, "XREADGROUP GROUP g c STREAMS q >", "nil-array");
    expect(t, 10000, "QREDRIVE q GROUP g COUNT 1 DRYRUN", "[:1 :0 :3]");
    expect(t, 10000, "QREDRIVE q GROUP g REASON rejected", "[:1 :0 :0]");
    expect(t, 10000, "QREDRIVE q GROUP g IDS 3 1700000000000-1 1700000000000-1 1700000000000-3",
           "[:1 :0 :0]");
    expect(t, 10000, "QREDRIVE q GROUP g COUNT 1", "[:1 :0 :1]");
    expect(t, 10000, "QREDRIVE q GROUP g", "[:1 :0 :0]");
    expect(t, 10000, "XREADGROUP GROUP g c STREAMS q >",
           "[[q [[1700000000000-3 [f v]] [1700000000000-1 [f v]] [1700000000000-0 [f v]] [1700000000000-2 [f "
           "v]]]]]");
    expect(t, 10000, "XPENDING q g - + 10 c",
           "[[1700000000000-0 c :0 :1] [1700000000000-1 c :0 :1] [1700000000000-2 c :0 :1] [1700000000000-3 "
           "c :0 :1]]");
    expect(t, 10000, "QREDRIVE q GROUP none", "-NOGROUP No such consumer group 'none' for key name 'q'");
    expect(t, 10000, "QREDRIVE q GROUP g TO r", "-ERR syntax error");
    expect(t, 10000, "QREDRIVE q GROUP g COUNT 10001", "-ERR COUNT must be from 1 to 10000");
}

/* A million letters of another reason in front: a step looks at so many. */
static void what_is_not_looked_at_is_left(void **state)
{
    struct fixture *t = *state;

    letters(t, 150);
    expect(t, 1000, "QREDRIVE d REASON expired COUNT 1", "[:0 :0 :50]");
    expect(t, 1000, "QREDRIVE d REASON expired COUNT 2", "[:0 :0 :0]");
}

static void its_keys_are_found(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND GETKEYS QREDRIVE d REASON expired IDS 2 1-1 TO TO e DRYRUN", "[d e]");
    expect(t, 0, "COMMAND GETKEYS QREDRIVE d IDS 9999999999999 1-1", "[d]");
    expect(t, 0, "QREDRIVE nothing", "[:0 :0 :0]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(letters_go_back_to_the_group_they_died_in),
        TEST(redrives_are_counted),
        TEST(with_to_they_are_for_all),
        TEST(a_step_is_bounded_and_tells_what_is_left),
        TEST(only_a_reason),
        TEST(only_some_ids),
        TEST(what_has_no_place_stays),
        TEST(nobody_holds_what_was_given_back_in_a_plain_stream),
        TEST(it_stops_where_there_is_no_room),
        TEST(letters_that_come_meanwhile_are_of_another_step),
        TEST(the_dead_in_place_are_ready),
        TEST(what_is_not_looked_at_is_left),
        TEST(its_keys_are_found),
    };

    return cmocka_run_group_tests_name("redrive", tests, NULL, NULL);
}
