/* tests/unit/test_readers.c - what a queue does about consumers that are gone: ONDISCONNECT, CONSUMERIDLE. */
#include "broker/grave.h"
#include "fixture.h"
#include <stdio.h>

#define READ(consumer) "XREADGROUP GROUP g " consumer " COUNT 1 STREAMS q >"
#define ONE            "[[q [[1-1 [n 1]]]]]"

/* Client 0 sets things up, 1 and up read. */
static struct fixture *queue(void **state, const char *policy)
{
    struct fixture *t = *state;

    expect(t, 0, policy, "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    expect(t, 0, "XADD q 1-1 n 1", "1-1");
    return t;
}

#define REQUEUE "QPOLICY SET q ACKWAIT 1h ONDISCONNECT requeue"

static void hang_up_at(struct fixture *t, int who, msec at)
{
    hang_up(t, who);
    pass_time(t, at);
}

/* What is pending in q: id, owner and count of the first. */
static void expect_pending(struct fixture *t, msec at, const char *id, const char *owner, int count)
{
    char start[100];

    snprintf(start, sizeof start, "[[%s %s :%s", id, *owner ? owner : "\"\"", *owner ? "" : "-1");
    assert_memory_equal(answer_to(t, at, 0, "XPENDING q g - + 1"), start, strlen(start));
    snprintf(start, sizeof start, ":%d]]", count);
    assert_non_null(strstr(answer_to(t, at, 0, "XPENDING q g - + 1"), start));
}

/* --- ONDISCONNECT --- */

static void it_comes_back_when_the_connection_closes(void **state)
{
    struct fixture *t = queue(state, REQUEUE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    hang_up_at(t, 1, 1);
    expect_pending(t, 1, "1-1", "", 1);
    expect_as(t, 2, 1, READ("bob"), ONE);
    expect_pending(t, 1, "1-1", "bob", 2);
    expect(t, 1, "XINFO CONSUMERS q g",
           "[[name alice pending :0 idle :1 inactive :1] [name bob pending :1 idle :0 inactive :0]]");
}

static void without_the_policy_it_stays(void **state)
{
    struct fixture *t = queue(state, "QPOLICY SET q ACKWAIT 1h");

    expect_as(t, 1, 0, READ("alice"), ONE);
    hang_up_at(t, 1, 1);
    expect_pending(t, 1, "1-1", "alice", 1);
}

static void a_policy_that_went_is_none(void **state)
{
    struct fixture *t = queue(state, REQUEUE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "QPOLICY SET q ONDISCONNECT keep", "+OK");
    hang_up_at(t, 1, 1);
    expect_pending(t, 1, "1-1", "alice", 1);
    expect_as(t, 2, 1, READ("alice"), "nil-array");
    expect(t, 1, "QPOLICY SET q ONDISCONNECT requeue", "+OK");
    hang_up_at(t, 2, 2);
    expect_pending(t, 2, "1-1", "alice", 1);
    expect_as(t, 2, 2, READ("alice"), "nil-array");
    hang_up_at(t, 2, 3);
    expect_pending(t, 3, "1-1", "", 1);
}

static void only_the_last_connection_counts(void **state)
{
    struct fixture *t = queue(state, REQUEUE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 2, 0, READ("alice"), "nil-array");
    expect_as(t, 1, 0, READ("alice"), "nil-array");
    expect_as(t, 2, 0, READ("alice"), "nil-array");
    expect_as(t, 3, 0, READ("bob"), "nil-array");
    hang_up_at(t, 3, 1);
    hang_up_at(t, 1, 1);
    expect_pending(t, 1, "1-1", "alice", 1);
    hang_up_at(t, 2, 2);
    expect_pending(t, 2, "1-1", "", 1);
}

static void it_counts_with_backoff_and_maxdeliver(void **state)
{
    struct fixture *t = queue(state, REQUEUE " BACKOFF 10s MAXDELIVER 2 DLQ dead");

    expect_as(t, 1, 0, READ("alice"), ONE);
    hang_up_at(t, 1, 1);
    expect_as(t, 1, 9999, READ("alice"), "nil-array");
    pass_time(t, 10001);
    expect_as(t, 1, 10001, READ("alice"), ONE);
    hang_up_at(t, 1, 10002);
    expect(t, 10002, "XLEN dead", ":1");
    expect(t, 10002, "XPENDING q g", "[:0 nil nil nil-array]");
}

static void claims_and_history_are_reading(void **state)
{
    struct fixture *t = queue(state, REQUEUE);
    static const char *const how[] = {"XCLAIM q g alice 0 1-1", "XCLAIM q g alice 0 1-1 JUSTID",
                                      "XAUTOCLAIM q g alice 0 -",
                                      "XREADGROUP GROUP g alice CLAIM 0 STREAMS q >",
                                      "EVAL \"return redis.call('XCLAIM','q','g','alice','0','1-1')\" 0"};

    expect_as(t, 2, 0, READ("bob"), ONE);
    hang_up_at(t, 2, 0);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        answer_to(t, 0, 1, how[i]);
        assert_non_null(strstr(answer_to(t, 0, 0, "XPENDING q g - + 1"), "[[1-1 alice "));
        hang_up_at(t, 1, 0);
        assert_non_null(strstr(answer_to(t, 0, 0, "XPENDING q g - + 1"), "[[1-1 \"\" :-1 "));
    }
    expect_as(t, 2, 0, "XCLAIM q g alice 0 1-1 JUSTID", "[1-1]");
    hang_up_at(t, 2, 0);
    expect_as(t, 2, 0, "XCLAIM q g bob 0 1-1 JUSTID", "[1-1]");
    expect_as(t, 1, 0, "XREADGROUP GROUP g bob STREAMS q 0", ONE);
    hang_up_at(t, 2, 0);
    assert_non_null(strstr(answer_to(t, 0, 0, "XPENDING q g - + 1"), "[[1-1 bob "));
    hang_up_at(t, 1, 0);
    assert_non_null(strstr(answer_to(t, 0, 0, "XPENDING q g - + 1"), "[[1-1 \"\" :-1 "));
}

/* The name of the key, the database and what stood there matter as little as in what is leased. */
static void wherever_the_stream_has_gone(void **state)
{
    struct fixture *t = queue(state, "QPOLICY SET * ACKWAIT 1h ONDISCONNECT requeue");

    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "QPOLICY SET * ACKWAIT 1h ONDISCONNECT requeue", "+OK");
    expect(t, 0, "SELECT 0", "+OK");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "COPY q copy", ":1");
    expect(t, 0, "RENAME q r", "+OK");
    expect(t, 0, "XADD q 5-5 n 1", "5-5");
    expect(t, 0, "MOVE r 1", ":1");
    expect(t, 0, "SWAPDB 0 1", "+OK");
    hang_up_at(t, 1, 1);
    expect(t, 1, "XPENDING r g - + 1", "[[1-1 \"\" :-1 :1]]");
    expect(t, 1, "SELECT 1", "+OK");
    expect(t, 1, "XPENDING copy g - + 1", "[[1-1 alice :1 :1]]");
}

static void what_is_gone_is_forgotten(void **state)
{
    struct fixture *t = queue(state, REQUEUE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "XGROUP DELCONSUMER q g alice", ":1");
    expect_as(t, 2, 0, READ("alice"), ONE);
    hang_up_at(t, 1, 0);
    expect_pending(t, 0, "1-1", "alice", 2);
    expect(t, 0, "XGROUP DESTROY q g", ":1");
    hang_up_at(t, 2, 0);
    expect(t, 0, "XGROUP CREATE q g 0", "+OK");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "DEL q", ":1");
    expect_as(t, 2, 0, "XADD q 1-1 n 1", "1-1");
    hang_up_at(t, 1, 0);
    expect(t, 0, "XINFO GROUPS q", "[]");
    expect_as(t, 1, 0, "XGROUP CREATE q g 0", "+OK");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "FLUSHALL", "+OK");
    hang_up_at(t, 1, 0);
}

/* One that is buried, and freed piece by piece. */
static void a_large_stream_that_is_being_freed(void **state)
{
    struct fixture *t = queue(state, REQUEUE);
    char line[80];

    for (int i = 0; i < 5000; i++) {
        snprintf(line, sizeof line, "XADD q * n %d", i);
        answer_to(t, 0, 0, line);
    }
    answer_to(t, 0, 1, "XREADGROUP GROUP g alice STREAMS q >");
    answer_to(t, 0, 2, "XREADGROUP GROUP g bob STREAMS q >");
    expect(t, 0, "UNLINK q", ":1");
    hang_up_at(t, 1, 0);
    while (graves_dig(&t->service.broker, 100))
        ;
    hang_up_at(t, 2, 0);
}

static void one_who_waits_is_there_until_it_hangs_up(void **state)
{
    struct fixture *t = queue(state, REQUEUE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 1, 0, "XREADGROUP GROUP g alice BLOCK 0 STREAMS q >", "...");
    expect_as(t, 2, 0, "XREADGROUP GROUP g bob BLOCK 0 STREAMS q >", "...");
    hang_up_at(t, 1, 1);
    expect_heard(t, 2, ONE);
    expect(t, 1, "CLIENT KILL ID 3", ":1");
    hang_up_at(t, 2, 1); /* as a turn does */
    expect_pending(t, 1, "1-1", "", 2);
}

/* So much that one turn does not do it all: who comes back as the same consumer meets none of his. */
static void what_many_hold_comes_back_in_slices(void **state)
{
    struct fixture *t = queue(state, REQUEUE);
    char line[80];
    int n = 2000;

    for (int i = 1; i < n; i++) {
        snprintf(line, sizeof line, "XADD q 1-%d n %d", i + 1, i);
        answer_to(t, 0, 0, line);
    }
    answer_to(t, 0, 1, "XREADGROUP GROUP g alice STREAMS q >");
    hang_up(t, 1);
    assert_true(queue_run(&t->service.broker, fixture_now(1), 100));
    assert_int_equal(
        pel_count(&stream_group(db_find(&t->service.broker, 0, SLICE("q"))->stream, SLICE("g"))->pel), n);
    expect_as(t, 1, 1, "XREADGROUP GROUP g alice COUNT 1 STREAMS q 0", "[[q []]]");
    expect_as(t, 1, 1, READ("alice"), ONE);
    pass_time(t, 2);
    expect_pending(t, 2, "1-1", "alice", 2);
    expect(t, 2, "XPENDING q g - + 1 alice", "[[1-1 alice :1 :2]]");
    expect(t, 2, "XINFO CONSUMERS q g", "[[name alice pending :1 idle :1 inactive :1]]");
}

/* A connection is known to read as so many: what it holds as others waits for ACKWAIT. Those that are gone
 * make room. */
static void there_is_a_limit(void **state)
{
    struct fixture *t = queue(state, REQUEUE);
    char line[80];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < READINGS_MAX; i++) {
            snprintf(line, sizeof line, "XREADGROUP GROUP g c%d COUNT 1 STREAMS q 0", i);
            expect_as(t, 1, 0, line, "[[q []]]");
        }
        expect(t, 0, "XGROUP DESTROY q g", ":1");
        expect(t, 0, "XGROUP CREATE q g 0", "+OK");
    }
    for (int i = 0; i < READINGS_MAX - 1; i++) {
        snprintf(line, sizeof line, "XREADGROUP GROUP g c%d COUNT 1 STREAMS q 0", i);
        expect_as(t, 1, 0, line, "[[q []]]");
    }
    expect(t, 0, "XADD q 1-2 n 2", "1-2");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 1, 0, READ("beyond"), "[[q [[1-2 [n 2]]]]]");
    hang_up_at(t, 1, 1);
    expect(t, 1, "XPENDING q g - + 9", "[[1-1 \"\" :-1 :1] [1-2 beyond :1 :1]]");
}

/* --- CONSUMERIDLE --- */

#define IDLE "QPOLICY SET q CONSUMERIDLE 10s"

static void one_not_seen_for_so_long_is_removed(void **state)
{
    struct fixture *t = queue(state, IDLE);

    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 2, 3000, READ("bob"), "nil-array");
    expect(t, 4000, "XGROUP CREATECONSUMER q g carol", ":1");
    pass_time(t, 9999);
    expect(t, 9999, "XINFO CONSUMERS q g",
           "[[name alice pending :1 idle :9999 inactive :9999] [name bob pending :0 idle :6999 inactive :-1] "
           "[name carol pending :0 idle :5999 inactive :-1]]");
    pass_time(t, 10000);
    expect_pending(t, 10000, "1-1", "", 1);
    expect_as(t, 2, 11000, READ("bob"), ONE);
    pass_time(t, 14000);
    expect(t, 14000, "XINFO CONSUMERS q g", "[[name bob pending :1 idle :3000 inactive :3000]]");
    expect(t, 20000, "QEXTEND q g bob 1s 1-1", ":1");
    pass_time(t, 29000);
    expect(t, 29000, "XINFO CONSUMERS q g", "[[name bob pending :0 idle :9000 inactive :18000]]");
    pass_time(t, 30000);
    expect(t, 30000, "XINFO CONSUMERS q g", "[]");
}

static void one_who_waits_is_seen(void **state)
{
    struct fixture *t = queue(state, IDLE);

    expect(t, 0, "XACK q g 1-1", ":0");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect(t, 0, "XACK q g 1-1", ":1");
    expect_as(t, 1, 0, "XREADGROUP GROUP g alice BLOCK 0 STREAMS q >", "...");
    expect_as(t, 2, 0, READ("bob"), "nil-array");
    pass_time(t, 10000);
    expect(t, 10000, "XINFO CONSUMERS q g", "[[name alice pending :0 idle :0 inactive :10000]]");
    expect_as(t, 2, 15000, "XREADGROUP GROUP g bob BLOCK 0 STREAMS q >", "...");
    expect(t, 16000, "XGROUP CREATECONSUMER q g carol", ":1");
    pass_time(t, 26000);
    expect(t, 26000, "XINFO CONSUMERS q g",
           "[[name alice pending :0 idle :0 inactive :26000] [name bob pending :0 idle :0 inactive :-1]]");
    hang_up(t, 1);
    for (msec at = 26000; at <= 100000; at += 500)
        pass_time(t, at);
    expect(t, 100000, "XADD q 1-2 n 2", "1-2");
    expect_heard(t, 2, "[[q [[1-2 [n 2]]]]]");
    expect(t, 100000, "XINFO CONSUMERS q g", "[[name bob pending :1 idle :0 inactive :0]]");
}

/* A lease that ends is the consumer's until then. */
static void not_while_its_leases_run(void **state)
{
    struct fixture *t = queue(state, IDLE " ACKWAIT 15s");

    expect(t, 0, "XADD q 1-2 n 2", "1-2");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 2, 0, READ("bob"), "[[q [[1-2 [n 2]]]]]");
    expect(t, 0, "XGROUP CREATECONSUMER q g carol", ":1");
    pass_time(t, 10000);
    expect(t, 10000, "XINFO CONSUMERS q g",
           "[[name alice pending :1 idle :10000 inactive :10000] [name bob pending :1 idle :10000 inactive "
           ":10000]]");
    expect(t, 11000, "XACK q g 1-2", ":1");
    pass_time(t, 15000);
    expect(t, 15000, "XINFO CONSUMERS q g", "[]");
    expect_pending(t, 15000, "1-1", "", 1);
}

static void nor_while_one_that_was_extended_does(void **state)
{
    struct fixture *t = queue(state, IDLE);

    expect(t, 0, "XADD q 1-2 n 2", "1-2");
    expect_as(t, 1, 0, READ("alice"), ONE);
    expect_as(t, 1, 0, READ("alice"), "[[q [[1-2 [n 2]]]]]");
    expect_as(t, 1, 0, "QEXTEND q g alice 25s 1-2", ":1");
    pass_time(t, 10000);
    expect(t, 10000, "XINFO CONSUMERS q g", "[[name alice pending :1 idle :10000 inactive :10000]]");
    expect_pending(t, 10000, "1-1", "", 1);
    pass_time(t, 25000);
    expect(t, 25000, "XINFO CONSUMERS q g", "[]");
    expect(t, 25000, "XPENDING q g - + 9", "[[1-1 \"\" :-1 :1] [1-2 \"\" :-1 :1]]");
}

/* Those that wait for the end of leases that will not end any more are looked at again. */
static void a_change_of_the_policy_counts_at_once(void **state)
{
    struct fixture *t = queue(state, IDLE " ACKWAIT 1h");

    expect_as(t, 1, 0, READ("alice"), ONE);
    pass_time(t, 10000);
    expect(t, 11000, "QPOLICY SET q ACKWAIT 0", "+OK");
    pass_time(t, 11000);
    expect(t, 11000, "XINFO CONSUMERS q g", "[]");
    expect_as(t, 1, 12000, READ("alice"), ONE);
    expect(t, 12000, "QPOLICY SET q CONSUMERIDLE 0", "+OK");
    pass_time(t, 100000);
    expect(t, 100000, "XINFO CONSUMERS q g", "[[name alice pending :1 idle :88000 inactive :88000]]");
    expect(t, 100000, "QPOLICY SET q CONSUMERIDLE 88s", "+OK");
    pass_time(t, 100000);
    expect(t, 100000, "XINFO CONSUMERS q g", "[]");
    expect_pending(t, 100000, "1-1", "", 2);
}

static void many_go_in_slices(void **state)
{
    struct fixture *t = queue(state, IDLE);
    char line[80];

    for (int i = 1; i < 1000; i++) {
        snprintf(line, sizeof line, "XADD q 1-%d n %d", i + 1, i);
        answer_to(t, 0, 0, line);
    }
    expect(t, 0, "XGROUP CREATECONSUMER q g bob", ":1");
    answer_to(t, 1, 1, "XREADGROUP GROUP g alice STREAMS q >");
    assert_true(queue_run(&t->service.broker, fixture_now(10001), 100));
    assert_int_equal(
        pel_count(&stream_group(db_find(&t->service.broker, 0, SLICE("q"))->stream, SLICE("g"))->pel), 1000);
    expect(t, 10001, "XINFO CONSUMERS q g", "[[name alice pending :901 idle :10000 inactive :10000]]");
    pass_time(t, 10001);
    expect(t, 10001, "XINFO CONSUMERS q g", "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_comes_back_when_the_connection_closes, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(without_the_policy_it_stays, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_policy_that_went_is_none, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(only_the_last_connection_counts, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(it_counts_with_backoff_and_maxdeliver, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(claims_and_history_are_reading, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(wherever_the_stream_has_gone, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(what_is_gone_is_forgotten, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_large_stream_that_is_being_freed, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(one_who_waits_is_there_until_it_hangs_up, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(what_many_hold_comes_back_in_slices, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(there_is_a_limit, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(one_not_seen_for_so_long_is_removed, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(one_who_waits_is_seen, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(not_while_its_leases_run, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(nor_while_one_that_was_extended_does, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_change_of_the_policy_counts_at_once, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(many_go_in_slices, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
