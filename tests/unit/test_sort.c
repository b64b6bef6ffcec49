/* SORT: what the random comparison with Redis leaves out or would seldom meet. */
#include "fixture.h"

static void by_and_get(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "RPUSH l 3 1 2", ":3");
    expect(t, 0, "SORT l", "[1 2 3]");
    expect(t, 0, "SORT l DESC LIMIT 1 5", "[2 1]");
    expect(t, 0, "SORT l LIMIT 9223372036854775807 9223372036854775807", "[]");
    expect(t, 0, "SORT l LIMIT -5 -1", "[1 2 3]");
    expect(t, 0, "MSET w:1 9 w:2 8 w:3 7 o:1 one o:3 three", "+OK");
    expect(t, 0, "HSET h:2 f two", ":1");
    expect(t, 0, "SORT l BY w:* GET o:* GET # GET h:*->f", "[three 3 nil nil 2 two one 1 nil]");
    expect(t, 0, "SORT l BY w:* GET o:* STORE out", ":3");
    expect(t, 0, "LRANGE out 0 -1", "[three \"\" one]");
    expect(t, 0, "SORT l BY nosort DESC", "[2 1 3]");
    expect(t, 0, "SORT l BY nosort GET nothing", "[nil nil nil]");
    expect(t, 0, "SORT absent", "[]");
    expect(t, 0, "SORT absent STORE out", ":0");
    expect(t, 0, "EXISTS out", ":0");
}

static void what_is_no_number(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "RPUSH l 3 x 2", ":3");
    expect(t, 0, "SORT l", "-ERR One or more scores can't be converted into double");
    expect(t, 0, "SORT l STORE l", "-ERR One or more scores can't be converted into double");
    expect(t, 0, "SORT l ALPHA", "[2 3 x]");
    expect(t, 0, "SORT l ALPHA DESC STORE l", ":3"); /* onto itself */
    expect(t, 0, "LRANGE l 0 -1", "[x 3 2]");
    expect(t, 0, "RPUSH e \"\" \"\"", ":2"); /* no bytes at all */
    expect(t, 0, "SORT e ALPHA", "[\"\" \"\"]");
    expect(t, 0, "RPUSH m nan 1", ":2");
    expect(t, 0, "SORT m", "-ERR One or more scores can't be converted into double");
    expect(t, 0, "RPUSH n 1e400 1", ":2");
    expect(t, 0, "SORT n", "-ERR One or more scores can't be converted into double");
    expect(t, 0, "RPUSH o inf \"\" -inf \" 5\" 0x10", ":5");
    expect(t, 0, "SORT o", "[-inf \"\"  5 0x10 inf]");
}

static void errors_in_their_order(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET s v", "+OK");
    expect(t, 0, "SORT s", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "SORT s FOO", "-ERR syntax error");
    expect(t, 0, "SORT s LIMIT a 1 FOO", "-ERR value is not an integer or out of range");
    expect(t, 0, "SORT s LIMIT 1", "-ERR syntax error");
    expect(t, 0, "SORT s BY", "-ERR syntax error");
    expect(t, 0, "SORT_RO l STORE x", "-ERR syntax error");
    expect(t, 0, "COMMAND GETKEYS SORT a BY store GET x STORE b STORE c", "[a c]");
    expect(t, 0, "COMMAND GETKEYS SORT a LIMIT STORE b", "[a]");
    expect(t, 0, "COMMAND GETKEYSANDFLAGS SORT a STORE b", "[[a [+RO +access]] [b [+OW +update]]]");
}

/* The value of BY expires under its hands: it is not there. */
static void weights_past_their_time(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "RPUSH l 1 2", ":2");
    expect(t, 0, "SET w:1 5 PX 10", "+OK");
    expect(t, 0, "SET w:2 1", "+OK");
    expect(t, 0, "SORT l BY w:*", "[2 1]");
    expect(t, 11, "SORT l BY w:*", "[1 2]");
}

static void a_set_that_is_stored_has_an_order(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SADD s 10 9 2 33", ":4");
    expect(t, 0, "SORT s BY nosort STORE l", ":4");
    expect(t, 0, "LRANGE l 0 -1", "[10 2 33 9]");
    expect(t, 0, "ZADD z 1 b 0 c 2 a", ":3");
    expect(t, 0, "SORT z BY nosort", "[c b a]");
    expect(t, 0, "SORT z BY nosort DESC LIMIT 0 2", "[a b]");
}

#define t(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        t(by_and_get),
        t(what_is_no_number),
        t(errors_in_their_order),
        t(weights_past_their_time),
        t(a_set_that_is_stored_has_an_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
