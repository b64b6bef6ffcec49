/* test_qwatch.c - QWATCH: a transaction that is for as long as a lease is held, and whole or not at all. */
#include "fixture.h"

#define STALE "-STALE the consumer does not hold this message any more"
#define ABORT "-EXECABORT Transaction discarded because of: "

/* 1-1 and 2-1 of q are leased to c, as client 0 has been told; what came of `how` before EXEC. */
static void fill(struct fixture *t)
{
    expect(t, 0, "QPOLICY SET q ACKWAIT 10s", "+OK");
    expect(t, 0, "XADD q 1-1 f v", "1-1");
    expect(t, 0, "XADD q 2-1 f v", "2-1");
    expect(t, 0, "XGROUP CREATE q g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g c STREAMS q >", "[[q [[1-1 [f v]] [2-1 [f v]]]]]");
}

static void expect_exec(struct fixture *t, msec at, const char *how, const char *reply)
{
    expect(t, 0, "QWATCH q g c 1-1 2-1", "+OK");
    if (how)
        answer_to(t, at, 1, how);
    pass_time(t, at);
    expect(t, at, "MULTI", "+OK");
    expect(t, at, "INCR n", "+QUEUED");
    expect(t, at, "EXEC", reply);
}

static void it_holds_while_the_lease_does(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect_exec(t, 1, NULL, "[:1]");
    expect_exec(t, 2, "XADD q 3-1 f v", "[:2]"); /* the key may change */
    expect_exec(t, 3, "QEXTEND q g c 60s 1-1 2-1", "[:3]");
    expect_exec(t, 4, "XREADGROUP GROUP g other STREAMS q >", "[:4]");
}

static void it_ends_with_the_lease(void **state)
{
    static const char *const how[] = {"XACK q g 2-1",
                                      "QNACK q g c 1-1",
                                      "XCLAIM q g other 0 1-1",
                                      "XCLAIM q g c 0 2-1", /* delivered once more */
                                      "XREADGROUP GROUP g c STREAMS q 0",
                                      "XGROUP DELCONSUMER q g c",
                                      "XGROUP DESTROY q g",
                                      "DEL q",
                                      "RENAME q r",
                                      "SET q string",
                                      "PEXPIRE q 1",
                                      "FLUSHALL"};

    (void)state;
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        void *own;

        fixture_new(&own);
        fill(own);
        expect_exec(own, 5, how[i], strncmp(how[i], "PEXPIRE", 7) ? "nil-array" : "[:1]");
        expect((struct fixture *)own, 6, "EXISTS n", strncmp(how[i], "PEXPIRE", 7) ? ":0" : ":1");
        fixture_free(&own);
    }
}

static void it_ends_when_the_lease_is_over(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect_exec(t, 10000, NULL, "nil-array");
    expect(t, 10000, "QWATCH q g c 1-1", STALE);
    expect(t, 10000, "XREADGROUP GROUP g c STREAMS q >", "[[q [[1-1 [f v]] [2-1 [f v]]]]]");
    expect(t, 10000, "QWATCH q g c 1-1", "+OK");
    expect(t, 10000, "QWATCH q g c 2-1 3-1", STALE);
    pass_time(t, 20000);
    answer_to(t, 20000, 1, "XREADGROUP GROUP g c STREAMS q >"); /* the same worker, but once more */
    expect(t, 20000, "MULTI", "+OK");
    expect(t, 20000, "EXEC", "nil-array");
    expect(t, 20000, "MULTI", "+OK");
    expect(t, 20000, "EXEC", "[]");
}

static void it_is_forgotten(void **state)
{
    static const char *const how[] = {"UNWATCH", "RESET"};
    struct fixture *t = *state;

    fill(t);
    for (int i = 0; i < 2; i++) {
        expect(t, 0, "QWATCH q g c 1-1", "+OK");
        answer_to(t, 0, 0, how[i]);
        answer_to(t, 0, 1, "XREADGROUP GROUP g c STREAMS q 0"); /* counts as a delivery */
        expect(t, 0, "MULTI", "+OK");
        expect(t, 0, "QWATCH q g c 1-1", "-ERR QWATCH inside MULTI is not allowed");
        expect(t, 0, "DISCARD", "+OK");
    }
    expect(t, 0, "QWATCH q g c 1-1", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "DISCARD", "+OK");
    expect(t, 0, "XACK q g 1-1 2-1", ":2");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "EXEC", "[]");
    hang_up(t, 0);
}

static void mistakes(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 0, "QWATCH q g nobody 1-1", STALE);
    expect(t, 0, "QWATCH q none c 1-1", "-NOGROUP No such key 'q' or consumer group 'none'");
    expect(t, 0, "QWATCH q g c x", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "CONFIG SET client-query-buffer-limit 1mb", "+OK");
    for (int i = 0; i < 100000; i++)
        if (*answer_to(t, 0, 0, "QWATCH q g c 1-1 2-1") == '-')
            break;
    expect(t, 0, "QWATCH q g c 1-1 2-1", "-ERR watched leases exceed client-query-buffer-limit");
    expect(t, 0, "UNWATCH", "+OK");
    expect(t, 0, "QWATCH q g c 1-1", "+OK");
}

/* What a transaction with these (up to a NULL) is answered. */
static const char *transaction(struct fixture *t, const char *const *line)
{
    expect(t, 0, "QWATCH q g c 1-1", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "INCR ran", "+QUEUED");
    for (; *line; line++)
        expect(t, 0, *line, "+QUEUED");
    return answer_to(t, 0, 0, "EXEC");
}
#define TRANSACTION(t, ...) transaction(t, (const char *const[]){__VA_ARGS__, NULL})

static void all_of_its_adds_are_admitted_or_none(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 0, "QPOLICY SET out MAXLEN 3", "+OK");
    expect(t, 0, "XADD out 1-1 f v", "1-1");
    expect(t, 0, "SET string v", "+OK");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "QADD out DELAY 1h * f v", "XADD out * f v"),
                        ABORT "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "XADD string * f v"),
                        ABORT "WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "XADD out MAXLEN x * f v"),
                        ABORT "ERR value is not an integer or out of range");
    assert_string_equal(TRANSACTION(t, "XADD out x f v"),
                        ABORT "ERR Invalid stream ID specified as stream command argument");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "XADD out * f v more"), ABORT "ERR syntax error");
    assert_string_equal(TRANSACTION(t, "XADD out 0-0 f v"),
                        ABORT "ERR The ID specified in XADD must be greater than 0-0");
    expect(t, 0, "QPOLICY SET named HEADERS yes", "+OK");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "XADD named * x-delay soon f v"),
                        ABORT "ERR syntax error");
    expect(t, 0, "QPOLICY SET shut PAUSE in", "+OK");
    assert_string_equal(TRANSACTION(t, "XADD out * f v", "QADD shut * f v"),
                        ABORT "PAUSED queue takes no messages: PAUSE of its policy");
    expect(t, 0, "EXISTS ran", ":0");
    expect(t, 0, "XLEN out", ":1");
    assert_string_equal(TRANSACTION(t, "XADD out 2-1 f v", "XADD shut NOMKSTREAM * f v", "SELECT 1",
                                    "XADD string 3-1 f v", "XADD shut 4-1 f v", "SELECT 0",
                                    "QADD out 5-1 f v"),
                        "[:1 2-1 nil +OK 3-1 4-1 +OK 5-1]");
    expect(t, 0, "XADD out * f v", "-QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
}

static void what_need_not_be_added_needs_no_room(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 0, "QPOLICY SET out MAXLEN 1", "+OK");
    expect(t, 0, "QADD out DEDUP a 1-1 f v", "1-1");
    assert_string_equal(TRANSACTION(t, "QADD out DEDUP a * f v"), "[:1 1-1]");
    assert_string_equal(TRANSACTION(t, "QADD out DEDUP b * f v"),
                        ABORT "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
    expect(t, 0, "QPOLICY SET out MAXLEN 0", "+OK");
    expect(t, 0, "CONFIG SET queue-dedup-max 2", "+OK");
    assert_string_equal(TRANSACTION(t, "QADD out DEDUP b * f v", "QADD out DEDUP c * f v"),
                        ABORT "QFULL the queue remembers as many dedup ids as queue-dedup-max allows");
}

static void what_makes_way_does_so_only_for_what_comes(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 0, "QPOLICY SET out MAXLEN 3 OVERFLOW drop ACKWAIT 1h", "+OK");
    expect(t, 0, "XGROUP CREATE out w 0 MKSTREAM", "+OK");
    for (int i = 1; i <= 3; i++)
        answer_to(t, 0, 0, "XADD out * f v");
    answer_to(t, 0, 0, "XREADGROUP GROUP w x COUNT 1 STREAMS out >");
    assert_string_equal(TRANSACTION(t, "XADD out * f new", "XADD out * f new", "XADD out * f new"),
                        ABORT "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
    expect(t, 0, "XREVRANGE out + - COUNT 1", "[[1700000000000-2 [f v]]]");
    assert_string_equal(TRANSACTION(t, "XADD out * f new", "XADD out * f new"),
                        "[:1 1700000000000-3 1700000000000-4]");
    expect(t, 0, "XLEN out", ":3");
    expect(t, 0, "QPOLICY SET out OVERFLOW dlq DLQ d", "+OK");
    assert_string_equal(TRANSACTION(t, "XADD out * f dlq", "XADD out * f dlq"),
                        "[:2 1700000000000-5 1700000000000-6]");
    expect(t, 0, "XLEN d", ":2");
    assert_string_equal(TRANSACTION(t, "XADD out * f dlq", "XADD out * f dlq", "XADD out * f dlq"),
                        ABORT "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
    expect(t, 0, "XLEN d", ":2"); /* nobody made way for what did not come */
    expect(t, 0, "QPOLICY SET out MAXBYTES 20 OVERFLOW reject", "+OK");
    expect(t, 0, "QPOLICY SET out MAXLEN 0", "+OK");
    assert_string_equal(TRANSACTION(t, "XADD out * f 1234567", "XADD out * f 1234567"),
                        ABORT "QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
}

/* As in Redis, where nothing was asked of it. */
static void an_ordinary_transaction_runs_as_far_as_it_goes(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET out MAXLEN 1", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XADD out 1-1 f v", "+QUEUED");
    expect(t, 0, "XADD out 1-2 f v", "+QUEUED");
    expect(t, 0, "EXEC", "[1-1 -QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(it_holds_while_the_lease_does),
        cmocka_unit_test(it_ends_with_the_lease),
        TEST(it_ends_when_the_lease_is_over),
        TEST(it_is_forgotten),
        TEST(mistakes),
        TEST(all_of_its_adds_are_admitted_or_none),
        TEST(what_need_not_be_added_needs_no_room),
        TEST(what_makes_way_does_so_only_for_what_comes),
        TEST(an_ordinary_transaction_runs_as_far_as_it_goes),
    };

    return cmocka_run_group_tests_name("qwatch", tests, NULL, NULL);
}
