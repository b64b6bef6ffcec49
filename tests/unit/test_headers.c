/* tests/unit/test_headers.c - policy HEADERS: an XADD whose fields say what options of QADD say. */
#include "fixture.h"

#define SETUP(t)                                                                                             \
    struct fixture *t = *state;                                                                              \
    expect(t, 0, "QPOLICY SET q HEADERS yes", "+OK")

#define DUE(ms)      "17000000" #ms "-0"
#define BAD_DURATION " must be a duration: milliseconds, or a number and ms, s, m, h or d"
#define BAD_LEVEL    "-ERR the header x-priority must be a number from 0 to 31"
#define BAD_TYPE     "-WRONGTYPE Operation against a key holding the wrong kind of value"

static struct entry_attrs attrs_of(struct fixture *t, struct stream_id id)
{
    struct entry_attrs a;
    struct entry e;

    assert_true(stream_find(db_find(&t->service.broker, 0, SLICE("q"))->stream, id, &e));
    entry_attrs(&e, &a);
    return a;
}

static void only_where_a_policy_says_so(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD other 1-1 x-delay nonsense x-ttl 5", "1-1");
    expect(t, 0, "XADD q * x-delay 5s n 1", DUE(05000));
    expect(t, 0, "QPOLICY SET q HEADERS no", "+OK");
    expect(t, 0, "XADD q 1-1 x-delay nonsense", "1-1");
    expect(t, 0, "QPOLICY DEL q", ":1");
    expect(t, 0, "XADD q 1-2 x-delay 5s", "1-2");
    expect(t, 0, "XLEN q", ":2");
}

static void a_delayed_one_comes_later_with_its_headers(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD q * x-delay 5s n 1", DUE(05000));
    expect(t, 0, "XADD q * n 2 x-delay 0", DUE(00000));
    expect(t, 0, "XRANGE q - +", "[[" DUE(00000) " [n 2 x-delay 0]]]");
    pass_time(t, 4999);
    expect(t, 4999, "XLEN q", ":1");
    pass_time(t, 5000);
    expect(t, 5000, "XRANGE q 1700000005000-0 +", "[[" DUE(05000) " [x-delay 5s n 1]]]");
    expect(t, 5000, "XADD q * x-delay 1d n 3", "1700086405000-1");
    expect(t, 5000, "QCANCEL q 1700086405000-1", ":1");
}

static void ttl_and_priority_are_those_of_the_entry(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD q * x-ttl 5s x-priority 7 n 1", DUE(00000));
    assert_int_equal(attrs_of(t, (struct stream_id){EPOCH, 0}).expires, EPOCH + 5000);
    assert_int_equal(attrs_of(t, (struct stream_id){EPOCH, 0}).level, 7);
    expect(t, 0, "XADD q 1700000000000-5 x-priority 31 n 1", "1700000000000-5");
    assert_int_equal(attrs_of(t, (struct stream_id){EPOCH, 5}).level, 31);
    expect(t, 0, "XADD q 1700000000000-* x-ttl 0 n 1", "1700000000000-6");
}

static void a_duplicate_is_answered_as_the_first(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD q * x-dedup-id a n 1", DUE(00000));
    expect(t, 9, "XADD q MAXLEN 0 * n 2 x-dedup-id a", DUE(00000));
    expect(t, 9, "QADD q DEDUP a * n 3", DUE(00000));
    expect(t, 9, "XADD q * x-dedup-id b x-delay 5s n 4", DUE(05009));
    expect(t, 10, "XADD q * x-dedup-id b n 5", DUE(05009));
    expect(t, 10, "XLEN q", ":1");
    expect(t, 10, "QPOLICY SET q PAUSE in", "+OK");
    expect(t, 10, "XADD q * x-dedup-id a n 6", DUE(00000));
    expect(t, 10, "XADD q * x-dedup-id c n 6", "-PAUSED queue takes no messages: PAUSE of its policy");
    expect(t, 10, "QPOLICY SET q PAUSE none", "+OK");
    pass_time(t, 300000);
    expect(t, 300000, "XADD q * x-dedup-id a n 7", "1700000300000-1");
}

static void a_bad_value_is_told_with_its_header(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD q * n 1 x-delay soon", "-ERR the header x-delay" BAD_DURATION);
    expect(t, 0, "XADD q * x-delay -1 n 1", "-ERR the header x-delay" BAD_DURATION);
    expect(t, 0, "XADD q * x-delay 18446744073709551616 n 1", "-ERR the header x-delay" BAD_DURATION);
    expect(t, 0, "XADD q * x-delay 4503599627370496 n 1", "4505299627370496-0");
    expect(t, 0, "XADD q * x-ttl 1.5s n 1", "-ERR the header x-ttl" BAD_DURATION);
    expect(t, 0, "XADD q * x-ttl \"\" n 1", "-ERR the header x-ttl" BAD_DURATION);
    expect(t, 0, "XADD q * x-priority 32 n 1", BAD_LEVEL);
    expect(t, 0, "XADD q * x-priority -1 n 1", BAD_LEVEL);
    expect(t, 0, "XADD q * x-priority high n 1", BAD_LEVEL);
    expect(t, 0, "XADD q * x-dedup-id \"\" n 1", "-ERR the header x-dedup-id must not be empty");
    expect(t, 0, "XADD q * x-ttl 1 x-ttl 2", "-ERR the header x-ttl is there twice");
    expect(t, 0, "XADD q 5-5 x-delay 0 n 1", "-ERR the header x-delay takes * as the id");
    expect(t, 0, "XADD q 5-* x-delay 1s n 1", "-ERR the header x-delay takes * as the id");
    expect(t, 0, "XADD q IDMP p 1 * x-ttl 1s n 1",
           "-ERR IDMP and IDMPAUTO are not for messages with headers: x-dedup-id names one");
    expect(t, 0, "XADD q * X-DELAY soon x- 1 x-delays 2 n x-delay", DUE(00000));
    expect(t, 0, "XLEN q", ":1");
    expect(t, 0, "SET s x", "+OK");
    expect(t, 0, "QPOLICY SET s HEADERS yes", "+OK");
    expect(t, 0, "XADD s * x-delay soon", BAD_TYPE);
}

static void a_trim_is_of_what_is_there(void **state)
{
    SETUP(t);
    expect(t, 0, "XADD q NOMKSTREAM * x-delay 5s n 1", "nil");
    expect(t, 0, "EXISTS q", ":0");
    expect(t, 0, "XADD q MAXLEN 3 * x-delay 5s n 1", DUE(05000));
    expect(t, 0, "XADD q 1-1 n 1", "1-1");
    expect(t, 0, "XADD q 1-2 n 1", "1-2");
    expect(t, 0, "XADD q MAXLEN 2 2-0 n 1 x-priority 1", "2-0");
    expect(t, 0, "XRANGE q - +", "[[1-2 [n 1]] [2-0 [n 1 x-priority 1]]]");
    expect(t, 0, "XADD q MAXLEN 1 * x-delay 5s n 1", "1700000005000-1");
    expect(t, 0, "XRANGE q - +", "[[2-0 [n 1 x-priority 1]]]");
}

static void limits_hold(void **state)
{
    SETUP(t);
    expect(t, 0, "QPOLICY SET q MAXLEN 2", "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    expect(t, 0, "XADD q * x-delay 5s n 1", DUE(05000));
    expect(t, 0, "XADD q * n 2", DUE(00000));
    expect(t, 0, "XADD q * x-priority 1 n 3",
           "-QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
}

/* A policy by glob heeds the first message, too, which makes the queue; so does a script's, and one in a
 * MULTI.
 */
static void wherever_it_comes_from(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET mail:* HEADERS yes", "+OK");
    expect(t, 0, "XADD mail:a * x-delay 5s n 1", DUE(05000));
    expect(t, 0, "EVAL \"return redis.call('XADD', KEYS[1], '*', 'x-delay', '5s')\" 1 mail:b", DUE(05000));
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XADD mail:c * x-delay 5s n 1", "+QUEUED");
    expect(t, 0, "EXEC", "[" DUE(05000) "]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_where_a_policy_says_so, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_delayed_one_comes_later_with_its_headers, fixture_new,
                                        fixture_free),
        cmocka_unit_test_setup_teardown(ttl_and_priority_are_those_of_the_entry, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_duplicate_is_answered_as_the_first, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_bad_value_is_told_with_its_header, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_trim_is_of_what_is_there, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(limits_hold, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(wherever_it_comes_from, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
