/* tests/unit/test_qadd.c - QADD and QCANCEL: messages that come later, or once. */
#include "base/err.h"
#include "base/mem.h"
#include "broker/grave.h"
#include "fixture.h"
#include "store/inbox.h"
#include <stdio.h>

#define AT(ms)   "1700000" #ms "-0"
#define T0       "1700000000000-0"
#define DURATION "-ERR value is not a duration: milliseconds, or a number and ms, s, m, h or d"
#define BAD_ID   "-ERR Invalid stream ID specified as stream command argument"
#define ARITY    "-ERR wrong number of arguments for 'qadd' command"

static const struct stream *stream_of(struct fixture *t, const char *key)
{
    return db_find(&t->service.broker, 0, slice_of(key))->stream;
}

static struct entry_attrs attrs_of(struct fixture *t, const char *key, struct stream_id id)
{
    struct entry_attrs a;
    struct entry e;

    assert_true(stream_find(stream_of(t, key), id, &e));
    entry_attrs(&e, &a);
    return a;
}

static void expect_attrs(struct fixture *t, const char *key, struct stream_id id, msec arrival, msec expires,
                         unsigned level)
{
    struct entry_attrs a = attrs_of(t, key, id);

    assert_int_equal(a.arrival, arrival);
    assert_int_equal(a.expires, expires);
    assert_int_equal(a.level, level);
    assert_int_equal(a.group.n, 0);
}

#define START INT64_C(1700000000000)

static void it_is_xadd_with_more(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QADD q * f v g w", T0);
    expect(t, 0, "QADD q * f v", "1700000000000-1");
    expect(t, 1, "QADD q TTL 5s PRIORITY 31 * f v", AT(000001));
    expect(t, 2, "QADD q DELAY 0 * f v", AT(000002));
    expect(t, 3, "QADD q AT 5 TTL 0 * f v", AT(000003));
    expect(t, 4, "QADD q AT 1700000000004 * f v", AT(000004));
    expect(t, 5, "QADD q 1700000000009-* f v", AT(000009));
    expect(t, 5, "QADD q 1700000000009-7 f v", "1700000000009-7");
    expect(t, 5, "QADD q NOMKSTREAM priority 2 * f v", "1700000000009-8");
    expect(t, 5, "QADD r NOMKSTREAM DELAY 5 * f v", "nil");
    expect(t, 5, "EXISTS r", ":0");
    expect(t, 5, "XLEN q", ":9");
    expect(t, 5, "XRANGE q - + COUNT 1", "[[" T0 " [f v g w]]]");
    expect_attrs(t, "q", (struct stream_id){START, 0}, START, 0, 0);
    expect_attrs(t, "q", (struct stream_id){START + 1, 0}, START + 1, START + 5001, 31);
    expect_attrs(t, "q", (struct stream_id){START + 9, 7}, START + 5, 0, 0);
    expect_attrs(t, "q", (struct stream_id){START + 9, 8}, START + 5, 0, 2);
}

/* The time of arrival is kept apart from the id, and never goes back. */
static void ids_do_not_tell_the_time(void **state)
{
    struct fixture *t = *state;

    expect(t, 10, "XADD q 1-1 f v", "1-1");
    expect(t, 20, "XADD q 5-0 f v", "5-0");
    expect(t, 15, "XADD q 6-0 f v", "6-0");
    expect(t, 12, "XADD q * f v", AT(000012));
    expect(t, 30, "XADD q * f v", AT(000030));
    expect(t, 31, "XADD q 9900000000000-0 f v", "9900000000000-0");
    expect(t, 32, "XADD q * f v", "9900000000000-1");
    expect_attrs(t, "q", (struct stream_id){1, 1}, START + 10, 0, 0);
    expect_attrs(t, "q", (struct stream_id){5, 0}, START + 20, 0, 0);
    expect_attrs(t, "q", (struct stream_id){6, 0}, START + 20, 0, 0);
    expect_attrs(t, "q", (struct stream_id){START + 12, 0}, START + 20, 0, 0);
    expect_attrs(t, "q", (struct stream_id){START + 30, 0}, START + 30, 0, 0);
    expect_attrs(t, "q", (struct stream_id){UINT64_C(9900000000000), 0}, START + 31, 0, 0);
    expect_attrs(t, "q", (struct stream_id){UINT64_C(9900000000000), 1}, START + 32, 0, 0);
}

static void what_is_wrong_is_said(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QADD q * f", ARITY);
    expect(t, 0, "QADD q * f v g", ARITY);
    expect(t, 0, "QADD q DELAY 5 * f", ARITY);
    expect(t, 0, "QADD q DELAY 5 TTL", "-ERR syntax error");
    expect(t, 0, "QADD q DELAY 5 TTL 5 DEDUP", "-ERR syntax error");
    expect(t, 0, "QADD q DELAY 5 TTL 5 DEDUP x", ARITY);
    expect(t, 0, "QADD q DELAY x * f v", DURATION);
    expect(t, 0, "QADD q DELAY 1.5s * f v", DURATION);
    expect(t, 0, "QADD q TTL 5w * f v", DURATION);
    expect(t, 0, "QADD q DELAY -1s * f v", "-ERR duration is negative");
    expect(t, 0, "QADD q TTL -1 * f v", "-ERR duration is negative");
    expect(t, 0, "QADD q DELAY 18446744073709551616 * f v", "-ERR duration is out of range");
    expect(t, 0, "QADD q DELAY 99999999999d * f v", "-ERR duration is out of range");
    expect(t, 0, "QADD q AT x * f v", "-ERR value is not an integer or out of range");
    expect(t, 0, "QADD q AT -1 * f v",
           "-ERR AT must be a time in milliseconds between 0 and 9007199254740992");
    expect(t, 0, "QADD q AT 9007199254740993 * f v",
           "-ERR AT must be a time in milliseconds between 0 and 9007199254740992");
    expect(t, 0, "QADD q DELAY 5 AT 5 * f v", "-ERR syntax error, only one of DELAY and AT may be given");
    expect(t, 0, "QADD q DELAY 5 DELAY 5 * f v", "-ERR syntax error, only one of DELAY and AT may be given");
    expect(t, 0, "QADD q TTL 5 ttl 5 * f v", "-ERR syntax error, ttl is given twice");
    expect(t, 0, "QADD q PRIORITY 32 * f v", "-ERR PRIORITY must be between 0 and 31");
    expect(t, 0, "QADD q PRIORITY -1 * f v", "-ERR PRIORITY must be between 0 and 31");
    expect(t, 0, "QADD q PRIORITY x * f v", "-ERR value is not an integer or out of range");
    expect(t, 0, "QADD q DELAY 5 5-5 f v", "-ERR syntax error, DELAY and AT take * as the id");
    expect(t, 0, "QADD q AT 5 5-* f v", "-ERR syntax error, DELAY and AT take * as the id");
    expect(t, 0, "QADD q DEDUP x WINDOW 0 * f v", "-ERR WINDOW must be above 0");
    expect(t, 0, "QADD q DEDUP x WINDOW x * f v", DURATION);
    expect(t, 0, "QADD q WINDOW 5 * f v", BAD_ID);
    expect(t, 0, "QADD q MAXLEN 5 * f v", BAD_ID);
    expect(t, 0, "QADD q x f v", BAD_ID);
    expect(t, 0, "QADD q 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0");
    expect(t, 0, "EXISTS q", ":0");
    expect(t, 0, "SET s x", "+OK");
    expect(t, 0, "QADD s DELAY 5 * f v",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "QCANCEL s 1-1", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "QCANCEL q 1-1 x", BAD_ID);
    expect(t, 0, "QCANCEL q 1-1", ":0");
    expect(t, 0, "QADD q 5-5 f v", "5-5");
    expect(t, 0, "QADD q 5-5 f v",
           "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
    expect(t, 0, "QCANCEL q 5-5", ":0");
    expect(t, 0, "QADD q DELAY 9007199254740991 * f v", "-ERR duration is out of range");
    expect(t, 0, "QADD q DELAY 4503599627370496 * f v", "4505299627370496-0");
    feed(t, 0, 0,
         SLICE("*7\r\n$4\r\nQADD\r\n$1\r\nq\r\n$5\r\nDEDUP\r\n$0\r\n\r\n$1\r\n*\r\n$1\r\nf\r\n$1\r\nv\r\n"));
    expect_heard(t, 0, "-ERR the DEDUP id must not be empty");
}

static void they_can_be_looked_at(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPEEK q STATE delayed", "[]");
    expect(t, 0, "QADD q DELAY 2s * n 2", AT(002000));
    expect(t, 0, "QPEEK q STATE delayed",
           "[[id 1700000002000-0 fields [n 2] added :1700000000000 state delayed due :1700000002000]]");
    expect(t, 1, "QADD q DELAY 1s TTL 5s PRIORITY 3 DEDUP d * n 1 m 1", "1700000001001-1");
    expect(t, 1, "XGROUP CREATE q g 0", "+OK");
    expect(t, 1, "QPEEK q GROUP g STATE delayed COUNT 1",
           "[[id 1700000001001-1 fields [n 1 m 1] level :3 added :1700000000001 ttl :5000 dedup-id d state "
           "delayed due :1700000001001]]");
    expect(t, 1, "QPEEK q STATE delayed FROM 1700000002000-1", "[]");
    expect(t, 1, "QPEEK q STATE delayed FROM 1700000001001-2",
           "[[id 1700000002000-0 fields [n 2] added :1700000000000 state delayed due :1700000002000]]");
    expect(t, 1, "QPEEK q", "[]");
    expect(t, 1, "XADD r 1-1 n 1", "1-1");
    expect(t, 1, "QPEEK r STATE delayed", "[]");
}

static void they_arrive_when_due_in_order(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE q g $ MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g alice BLOCK 0 COUNT 2 STREAMS q >", "...");
    expect(t, 0, "QADD q DELAY 50 TTL 1s PRIORITY 7 * n 1", "1700000000050-0");
    expect(t, 1, "QADD q DELAY 19 * n 2", "1700000000020-1");
    expect(t, 2, "QADD q AT 1700000000020 * n 3", "1700000000020-2");
    expect(t, 2, "XLEN q", ":0");
    expect(t, 2, "XRANGE q - +", "[]");
    pass_time(t, 19);
    expect_heard(t, 1, "...");
    pass_time(t, 20);
    expect_heard(t, 1, "[[q [[1700000000020-0 [n 2]] [1700000000020-1 [n 3]]]]]");
    expect_as(t, 1, 21, "XREADGROUP GROUP g alice BLOCK 0 STREAMS q >", "...");
    pass_time(t, 60);
    expect_heard(t, 1, "[[q [[1700000000060-0 [n 1]]]]]");
    expect_attrs(t, "q", (struct stream_id){START + 60, 0}, START + 60, START + 1060, 7);
    expect(t, 60, "XLEN q", ":3");
    expect(t, 60, "QCANCEL q 1700000000050-0", ":0");
}

/* The clock may be set either way. */
static void clock_steps_lose_and_reorder_nothing(void **state)
{
    struct fixture *t = *state;

    expect(t, 1000, "QADD q DELAY 5s * n 1", "1700000006000-0");
    expect(t, 1000, "QADD q DELAY 4s * n 2", "1700000005000-1");
    pass_time(t, -100000);
    expect(t, -100000, "XLEN q", ":0");
    expect(t, -100000, "QADD q DELAY 1s * n 3", "1699999901000-2");
    pass_time(t, 3600000);
    expect(t, 3600000, "XRANGE q - +",
           "[[1700003600000-0 [n 3]] [1700003600000-1 [n 2]] [1700003600000-2 [n 1]]]");
    expect(t, 0, "QADD q DELAY 1 * n 4", "1700000000001-3");
    pass_time(t, 1);
    expect(t, 1, "XREVRANGE q + - COUNT 1", "[[1700003600000-3 [n 4]]]");
    expect_attrs(t, "q", (struct stream_id){START + 3600000, 3}, START + 3600000, 0, 0);
}

static void deadlines_know_when(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    assert_int_equal(deadlines_next(b, fixture_now(0)), INT64_MAX);
    expect(t, 0, "QADD q DELAY 70 * f v", "1700000000070-0");
    expect(t, 0, "QADD q DELAY 90 * f v", "1700000000090-1");
    assert_int_equal(deadlines_next(b, fixture_now(0)), 70000);
    expect(t, 0, "QADD q DELAY 30 * f v", "1700000000030-2");
    assert_int_equal(deadlines_next(b, fixture_now(0)), 30000);
    assert_int_equal(deadlines_next(b, fixture_now(31)), 0);
    pass_time(t, 40);
    assert_int_equal(deadlines_next(b, fixture_now(40)), 30000);
    expect(t, 41, "QCANCEL q 1700000000070-0 1700000000070-0 1-1", ":1");
    pass_time(t, 70);
    assert_int_equal(deadlines_next(b, fixture_now(70)), 20000);
    expect(t, 80, "QADD q DEDUP d WINDOW 5s DELAY 1h * f v", "1700003600080-3");
    pass_time(t, 90);
    assert_int_equal(deadlines_next(b, fixture_now(5060)), 20000); /* the dedup id */
    pass_time(t, 5080);
    expect(t, 5080, "DEL q", ":1");
    assert_int_equal(deadlines_next(b, fixture_now(70)), INT64_MAX);
}

static void a_pause_holds_them_back(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QADD q DELAY 5 * f v", "1700000000005-0");
    t->service.broker.frozen = true;
    pass_time(t, 50);
    expect(t, 50, "XLEN q", ":0");
    t->service.broker.frozen = false;
    pass_time(t, 60);
    expect(t, 60, "XRANGE q - +", "[[1700000000060-0 [f v]]]");
}

/* A million due at once are run in slices, and other queues are not held up by them. */
static void slices_are_bounded(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    for (int i = 0; i < 2000; i++)
        answer_to(t, 0, 0, "QADD many DELAY 10 * f v");
    for (int i = 0; i < 3; i++)
        answer_to(t, 5, 0, "QADD few DELAY 10 * f v");
    assert_true(queue_run(b, fixture_now(20), 600));
    expect(t, 20, "XLEN few", ":3");
    assert_in_range(stream_length(stream_of(t, "many")), 500, 600);
    while (queue_run(b, fixture_now(21), 600))
        ;
    expect(t, 21, "XLEN many", ":2000");
    assert_false(queue_run(b, fixture_now(5000), 600));
}

/* There is no id left: they wait, and are not lost. */
static void one_that_cannot_arrive_stays(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    expect(t, 0, "QADD q DELAY 5 * n 1", "1700000000005-0");
    expect(t, 0, "XADD q 18446744073709551615-18446744073709551615 f v",
           "18446744073709551615-18446744073709551615");
    pass_time(t, 10);
    assert_int_equal(delayed_count(&stream_inbox(stream_of(t, "q"))->delayed), 1);
    assert_int_equal(deadlines_next(b, fixture_now(10)), SEC * 1000);
    expect(t, 11, "XDEL q 18446744073709551615-18446744073709551615", ":1");
    expect(t, 11, "XGROUP CREATE q g 0", "+OK");
    expect(t, 11, "QCANCEL q 1700000000005-0", ":1");
}

static void a_name_counts_once_in_its_window(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QADD q DEDUP a WINDOW 1s * n 1", T0);
    expect(t, 1, "QADD q DEDUP a DELAY 5s * n 2", T0);
    expect(t, 999, "QADD q DEDUP a 5-5 n 3", T0); /* whatever else is asked */
    expect(t, 1000, "QADD q DEDUP a * n 4", AT(001000));
    expect(t, 1000 + 5 * 60 * SEC - 1, "QADD q DEDUP a * n 5", AT(001000));
    expect(t, 1000 + 5 * 60 * SEC, "QADD q DEDUP a * n 6", AT(301000));
    expect(t, 301001, "QADD q DELAY 2s DEDUP b WINDOW 9s * n 7", "1700000303001-0");
    expect(t, 301002, "QADD q NOMKSTREAM DEDUP b * n 8", "1700000303001-0");
    pass_time(t, 304000);
    expect(t, 304000, "QADD q DEDUP b * n 9", "1700000303001-0"); /* it has arrived */
    expect(t, 304000, "XRANGE q - +",
           "[[" T0 " [n 1]] [" AT(001000) " [n 4]] [" AT(301000) " [n 6]] [" AT(304000) " [n 7]]]");
    expect(t, 304000, "XTRIM q MAXLEN 0", ":4");
    expect(t, 304000, "QADD q DEDUP b * n 9", "1700000303001-0");
    expect(t, 304000, "QADD r DEDUP b * n 9", AT(304000));
}

static void cancelled_names_are_free(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QADD q DEDUP a DELAY 9s * n 1", "1700000009000-0");
    expect(t, 0, "QADD q DEDUP b DELAY 9s * n 2", "1700000009000-1");
    expect(t, 1, "QADD q DEDUP a * n 3", "1700000009000-0");
    expect(t, 1, "QCANCEL q 1700000009000-0 1700000009000-0 1700000009000-7", ":1");
    expect(t, 2, "QADD q DEDUP a WINDOW 10 * n 4", AT(000002));
    expect(t, 3, "QADD q DEDUP b * n 5", "1700000009000-1");
    /* a name that was forgotten, and now is another message's, stays that one's */
    expect(t, 13, "QADD q DEDUP c WINDOW 5 DELAY 1h * n 6", "1700003600013-2");
    expect(t, 20, "QADD q DEDUP c * n 7", AT(000020));
    expect(t, 20, "QCANCEL q 1700003600013-2", ":1");
    expect(t, 21, "QADD q DEDUP c * n 8", AT(000020));
}

/* What is over makes room, whatever window it lies behind. */
static void names_have_a_limit(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET queue-dedup-max 3", "+OK");
    expect(t, 0, "QADD q DEDUP a WINDOW 1d * f v", T0);
    expect(t, 1, "QADD q DEDUP b WINDOW 100 * f v", AT(000001));
    expect(t, 2, "QADD q DEDUP c WINDOW 1d * f v", AT(000002));
    expect(t, 3, "QADD q DEDUP d * f v",
           "-QFULL the queue remembers as many dedup ids as queue-dedup-max allows");
    expect(t, 3, "QADD q DEDUP b * f v", AT(000001));
    expect(t, 3, "QADD q * f v", AT(000003));
    expect(t, 3, "QADD r DEDUP d * f v", AT(000003));
    pass_time(t, 101);
    expect(t, 101, "QADD q DEDUP d * f v", AT(000101));
    assert_int_equal(windows_count(&stream_inbox(stream_of(t, "q"))->windows), 3);
}

static void all_goes_with_the_stream(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    expect(t, 0, "QADD q DEDUP a DELAY 50 * f v", "1700000000050-0");
    expect(t, 0, "TYPE q", "+stream");
    expect(t, 0, "RENAME q r", "+OK");
    expect(t, 1, "QADD r DEDUP a * f v", "1700000000050-0");
    expect(t, 1, "COPY r s", ":1");
    expect(t, 2, "QADD s DEDUP a * f v", "1700000000050-0");
    expect(t, 2, "QADD s DELAY 10 * f w", "1700000000012-1");
    expect(t, 3, "MOVE r 1", ":1");
    expect(t, 3, "SWAPDB 0 1", "+OK");
    expect(t, 4, "SELECT 1", "+OK");
    expect(t, 4, "SET s2 x", "+OK");
    expect(t, 4, "RENAME s s2", "+OK");
    pass_time(t, 60);
    expect(t, 60, "XRANGE s2 - +", "[[1700000000060-0 [f w]] [1700000000060-1 [f v]]]");
    expect(t, 60, "SELECT 0", "+OK");
    expect(t, 60, "XRANGE r - +", "[[1700000000060-0 [f v]]]");
    expect(t, 60, "QADD r DELAY 10 DEDUP z * f v", "1700000000070-1");
    expect(t, 61, "DEL r", ":1");
    expect(t, 62, "QADD r DELAY 10 DEDUP z * f v", "1700000000072-0");
    expect(t, 62, "FLUSHALL", "+OK");
    expect(t, 63, "QADD r DEDUP z * f v", AT(000063));
    pass_time(t, 100);
    expect(t, 100, "XLEN r", ":1");
    expect(t, 100, "QADD r DELAY 10 * f v", "1700000000110-0");
    expect(t, 101, "PEXPIRE r 5", ":1");
    pass_time(t, 110);
    expect(t, 110, "EXISTS r", ":0");
    pass_time(t, 6 * 60 * SEC);
    assert_null(heap_first(&b->queues));
}

/* A large one is freed in parts, and its memory was told before. */
static void memory_is_told_and_freed(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;
    size_t bare, used = mem_used();

    expect(t, 0, "QADD q * f v", T0);
    bare = stream_memory(stream_of(t, "q"));
    for (int i = 0; i < 5000; i++)
        answer_to(t, 0, 0, "QADD q DELAY 1h DEDUP d * f v");
    assert_in_range(stream_memory(stream_of(t, "q")), bare + 100, bare + 2000);
    for (int i = 0; i < 6000; i++)
        answer_to(t, 0, 0, "QADD q DELAY 1h * field value");
    assert_in_range(stream_memory(stream_of(t, "q")), bare + 6000 * 30, bare + 6000 * 90);
    expect(t, 0, "DEL q", ":1");
    assert_int_equal(graves_pending(b), 1);
    assert_true(graves_dig(b, 20));
    while (graves_dig(b, 100))
        ;
    assert_true(mem_used() <= used + 400000);
    pass_time(t, 2 * 3600 * SEC);
    expect(t, 0, "EXISTS q", ":0");
}

static void in_a_transaction(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "QADD q DELAY 5 DEDUP a * f v", "+QUEUED");
    expect(t, 0, "QADD q DEDUP a * f v", "+QUEUED");
    expect(t, 0, "QCANCEL q 1700000000005-0", "+QUEUED");
    expect(t, 0, "QADD q DEDUP a * f v", "+QUEUED");
    expect(t, 0, "EXEC", "[1700000000005-0 1700000000005-0 :1 " T0 "]");
    expect_as(t, 1, 1, "WATCH q", "+OK");
    expect(t, 1, "QADD q DELAY 5 * f v", "1700000000006-1");
    expect_as(t, 1, 1, "MULTI", "+OK");
    expect_as(t, 1, 1, "PING", "+QUEUED");
    expect_as(t, 1, 1, "EXEC", "nil-array");
    expect_as(t, 1, 2, "WATCH q", "+OK");
    pass_time(t, 6);
    expect_as(t, 1, 6, "MULTI", "+OK");
    expect_as(t, 1, 6, "PING", "+QUEUED");
    expect_as(t, 1, 6, "EXEC", "nil-array");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_xadd_with_more),
        TEST(ids_do_not_tell_the_time),
        TEST(what_is_wrong_is_said),
        TEST(they_can_be_looked_at),
        TEST(they_arrive_when_due_in_order),
        TEST(clock_steps_lose_and_reorder_nothing),
        TEST(deadlines_know_when),
        TEST(a_pause_holds_them_back),
        TEST(slices_are_bounded),
        TEST(one_that_cannot_arrive_stays),
        TEST(a_name_counts_once_in_its_window),
        TEST(cancelled_names_are_free),
        TEST(names_have_a_limit),
        TEST(all_goes_with_the_stream),
        TEST(memory_is_told_and_freed),
        TEST(in_a_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
