/* tests/unit/test_lanes.c - ORDERKEY and ONPOISON: messages with the same key, one after the other. */
#include "base/random.h"
#include "fixture.h"
#include "store/queue.h"
#include <stdio.h>

static void begin(struct fixture *t, const char *policy)
{
    expect(t, 0, policy, "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
}

static const struct stream *stream_of(struct fixture *t)
{
    return db_find(&t->service.broker, 0, SLICE("q"))->stream;
}

static size_t count_of(struct fixture *t, enum pending_state state)
{
    return stream_group(stream_of(t), SLICE("g"))->backlog->count[state];
}

#define READ     "XREADGROUP GROUP g c COUNT 10 STREAMS q >"
#define READ_ONE "XREADGROUP GROUP g c COUNT 1 STREAMS q >"

static void add_five(struct fixture *t)
{
    expect(t, 0, "XADD q 1-0 k a", "1-0");
    expect(t, 0, "XADD q 2-0 k a", "2-0");
    expect(t, 0, "XADD q 3-0 k b", "3-0");
    expect(t, 0, "XADD q 4-0 f v", "4-0");
    expect(t, 0, "XADD q 5-0 k a", "5-0");
}

static void one_at_a_time(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k");
    add_five(t);
    expect(t, 1, READ, "[[q [[1-0 [k a]] [3-0 [k b]] [4-0 [f v]]]]]");
    assert_int_equal(count_of(t, PENDING_HELD), 2);
    expect(t, 1, "QPEEK q GROUP g STATE held",
           "[[id 2-0 fields [k a] arrived :1700000000000 state held deliveries :0] "
           "[id 5-0 fields [k a] arrived :1700000000000 state held deliveries :0]]");
    expect(t, 1, READ, "nil-array");
    expect(t, 1, "XACK q g 3-0", ":1");
    expect(t, 1, READ, "nil-array");
    expect(t, 1, "XACK q g 1-0", ":1");
    assert_int_equal(count_of(t, PENDING_READY), 1);
    expect(t, 1, READ, "[[q [[2-0 [k a]]]]]");
    stream_check(stream_of(t));
    expect(t, 1, "XDEL q 2-0", ":1"); /* what is gone holds nobody back */
    expect(t, 1, READ, "[[q [[5-0 [k a]]]]]");
    expect(t, 1, "XADD q 6-0 k a", "6-0");
    expect(t, 1, "XREADGROUP GROUP g c NOACK STREAMS q >", "nil-array");
    expect(t, 1, "XACK q g 5-0", ":1");
    expect(t, 1, "XADD q 7-0 k a k b", "7-0");
    expect(t, 1, "XREADGROUP GROUP g c NOACK STREAMS q >", "[[q [[6-0 [k a]] [7-0 [k a k b]]]]]");
    stream_check(stream_of(t));
}

static void through_retries(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k BACKOFF 100ms MAXDELIVER 3 DLQ dead ACKWAIT 1s");
    add_five(t);
    expect(t, 0, "XACK q g 4-0", ":0");
    expect(t, 1, READ, "[[q [[1-0 [k a]] [3-0 [k b]] [4-0 [f v]]]]]");
    expect(t, 2, "QNACK q g c 1-0", ":1");
    expect(t, 3, READ, "nil-array");
    pass_time(t, 200);
    expect(t, 200, READ, "[[q [[1-0 [k a]]]]]");
    expect(t, 200, "XACK q g 3-0 4-0", ":2");
    pass_time(t, 1201);
    pass_time(t, 1400);
    expect(t, 1400, READ, "[[q [[1-0 [k a]]]]]");
    expect(t, 1401, "QNACK q g c ERROR bad 1-0", ":1"); /* the third time: its letter goes */
    expect(t, 1401, "XLEN dead", ":1");
    expect(t, 1401, READ, "[[q [[2-0 [k a]]]]]");
    stream_check(stream_of(t));
}

static void poison_is_skipped_or_halts(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k MAXDELIVER 1");
    add_five(t);
    expect(t, 1, READ_ONE, "[[q [[1-0 [k a]]]]]");
    expect(t, 1, "QNACK q g c 1-0", ":1"); /* dead in place, for there is nowhere else */
    expect(t, 1, READ_ONE, "[[q [[2-0 [k a]]]]]");
    expect(t, 1, "QPOLICY SET q ONPOISON halt", "+OK");
    expect(t, 1, "QNACK q g c 2-0", ":1");
    expect(t, 1, READ, "[[q [[3-0 [k b]] [4-0 [f v]]]]]");
    assert_int_equal(count_of(t, PENDING_DEAD), 2);
    assert_int_equal(count_of(t, PENDING_HELD), 1);
    stream_check(stream_of(t));
    expect(t, 1, "XACK q g 1-0", ":1");
    expect(t, 1, READ, "nil-array");
    expect(t, 1, "XACK q g 2-0", ":1");
    expect(t, 1, READ, "[[q [[5-0 [k a]]]]]");
}

static void the_dead_let_go_when_the_policy_says_so(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k MAXDELIVER 1 ONPOISON halt");
    add_five(t);
    expect(t, 1, READ, "[[q [[1-0 [k a]] [3-0 [k b]] [4-0 [f v]]]]]");
    expect(t, 1, "QNACK q g c 1-0", ":1");
    expect(t, 1, READ, "nil-array");
    expect(t, 1, "QPOLICY SET q ONPOISON skip", "+OK");
    expect(t, 1, READ, "[[q [[2-0 [k a]]]]]");
    stream_check(stream_of(t));
}

static void policies_come_and_go(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ACKWAIT 0");
    add_five(t);
    expect(t, 1, READ_ONE, "[[q [[1-0 [k a]]]]]");
    expect(t, 1, "QPOLICY SET q ORDERKEY k", "+OK");
    expect(t, 1, READ, "[[q [[3-0 [k b]] [4-0 [f v]]]]]");
    expect(t, 1, "QPOLICY SET q ORDERKEY f", "+OK");
    stream_check(stream_of(t));
    expect(t, 1, READ, "[[q [[2-0 [k a]] [5-0 [k a]]]]]");
    expect(t, 1, "QPOLICY SET q ORDERKEY k", "+OK");
    expect(t, 1, "XADD q 6-0 k a", "6-0");
    expect(t, 1, READ, "nil-array");
    assert_int_equal(count_of(t, PENDING_HELD), 1);
    expect(t, 1, "QPOLICY DEL q ORDERKEY", ":1");
    expect(t, 1, READ, "[[q [[6-0 [k a]]]]]");
    stream_check(stream_of(t));
}

/* What is taken out of its turn, and comes back, waits for those before it that nobody has had. */
static void turns_that_were_not_kept(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k");
    add_five(t);
    expect(t, 1, "XCLAIM q g c 0 5-0 FORCE JUSTID", "[5-0]");
    expect(t, 1, "XNACK q g SILENT IDS 1 5-0", ":1");
    expect(t, 1, READ, "[[q [[1-0 [k a]] [3-0 [k b]] [4-0 [f v]]]]]");
    assert_int_equal(count_of(t, PENDING_HELD), 2);
    expect(t, 1, "XACK q g 1-0", ":1");
    expect(t, 1, READ, "[[q [[2-0 [k a]]]]]");
    expect(t, 1, "XACK q g 2-0", ":1");
    expect(t, 1, READ, "[[q [[5-0 [k a]]]]]");
    stream_check(stream_of(t));
    expect(t, 2, "XADD q 6-0 k a", "6-0");
    expect(t, 2, "XADD q 7-0 k a", "7-0");
    expect(t, 2, "XACK q g 5-0", ":1");
    expect(t, 2, "XCLAIM q g c 0 7-0 FORCE JUSTID", "[7-0]");
    expect(t, 2, "XNACK q g SILENT IDS 1 7-0", ":1");
    expect(t, 2, "QPOLICY SET q MAXINFLIGHT 2", "+OK"); /* 3-0 and 4-0 */
    expect(t, 2, READ, "nil-array");
    expect(t, 2, "QPOLICY SET q MAXINFLIGHT 0", "+OK");
    expect(t, 2, "XDEL q 6-0", ":1");
    expect(t, 2, READ, "[[q [[7-0 [k a]]]]]");
    stream_check(stream_of(t));
}

/* Many of a busy key: one call passes over some of them, and whoever waits goes on. */
static void a_busy_key_is_passed_in_steps(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k");
    for (int i = 0; i < 2500; i++)
        answer_to(t, 0, 0, "XADD q * k a");
    expect(t, 0, "XADD q 1800000000000-0 k b", "1800000000000-0");
    assert_string_equal(answer_to(t, 1, 0, READ_ONE), "[[q [[1700000000000-0 [k a]]]]]");
    expect(t, 1, READ, "nil-array");
    assert_int_equal(count_of(t, PENDING_HELD), 1000);
    expect_as(t, 1, 2, "XREADGROUP GROUP g d BLOCK 0 STREAMS q >", "...");
    pass_time(t, 3);
    pass_time(t, 4);
    pass_time(t, 5);
    expect_heard(t, 1, "[[q [[1800000000000-0 [k b]]]]]");
    assert_int_equal(count_of(t, PENDING_HELD), 2499);
    stream_check(stream_of(t));
}

static void a_waiter_hears_of_the_next(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ORDERKEY k");
    add_five(t);
    expect(t, 1, READ, "[[q [[1-0 [k a]] [3-0 [k b]] [4-0 [f v]]]]]");
    expect_as(t, 1, 2, "XREADGROUP GROUP g d BLOCK 0 STREAMS q >", "...");
    expect(t, 3, "XACK q g 1-0", ":1");
    expect_heard(t, 1, "[[q [[2-0 [k a]]]]]");
}

/* --- against a naive one --- */

enum { MESSAGES = 150, KEYS = 4, STEPS = 600 };

struct message {
    enum { FRESH, READY, LEASED, HELD, GONE } state;
    unsigned key; /* 0: none */
    unsigned turn;
};

struct naive {
    struct message m[MESSAGES];
    unsigned n, turns;
};

static bool held_back(const struct naive *v, unsigned i)
{
    for (unsigned k = 0; v->m[i].key && k < i; k++)
        if (v->m[k].key == v->m[i].key && v->m[k].state != GONE)
            return true;
    return false;
}

static void set_ready(struct naive *v, unsigned i)
{
    v->m[i].state = READY;
    v->m[i].turn = ++v->turns;
}

static void end(struct naive *v, unsigned i)
{
    v->m[i].state = GONE;
    for (unsigned k = 0; k < v->n; k++)
        if (v->m[k].state == HELD && !held_back(v, k))
            set_ready(v, k);
}

static int head_of(const struct naive *v)
{
    int head = -1;

    for (unsigned i = 0; i < v->n; i++)
        if (v->m[i].state == READY && (head < 0 || v->m[i].turn < v->m[head].turn))
            head = (int)i;
    for (unsigned i = 0; head < 0 && i < v->n; i++)
        if (v->m[i].state == FRESH)
            head = (int)i;
    return head;
}

static int next_of(struct naive *v)
{
    int i;

    while ((i = head_of(v)) >= 0 && held_back(v, (unsigned)i))
        v->m[i].state = HELD;
    return i;
}

static void read_some(struct fixture *t, struct naive *v, msec now, unsigned count)
{
    char line[80], want[1024] = "";
    size_t at = 0;

    for (unsigned n = 0; n < count; n++) {
        int i = next_of(v);

        if (i < 0)
            break;
        at += (size_t)snprintf(want + at, sizeof want - at, "%s[%d-0 [%c %u]]", at ? " " : "[[q [", i + 1,
                               v->m[i].key ? 'k' : 'f', v->m[i].key);
        v->m[i].state = LEASED;
    }
    snprintf(want + at, sizeof want - at, "%s", at ? "]]]" : "nil-array");
    snprintf(line, sizeof line, "XREADGROUP GROUP g c COUNT %u STREAMS q >", count);
    expect(t, now, line, want);
}

static void do_to(struct fixture *t, struct naive *v, msec now, unsigned i, unsigned what)
{
    static const char *const command[] = {"XACK q g", "QNACK q g c", "XDEL q", "XCLAIM q g c 0"};
    bool leased = v->m[i].state == LEASED, fresh = v->m[i].state == FRESH, gone = v->m[i].state == GONE;
    char line[80], id[24];

    snprintf(line, sizeof line, "%s %u-0%s", command[what], i + 1, what == 3 ? " FORCE JUSTID" : "");
    snprintf(id, sizeof id, "[%u-0]", i + 1);
    switch (what) {
    case 0:
        expect(t, now, line, fresh || gone ? ":0" : ":1");
        if (!fresh && !gone)
            end(v, i);
        break;
    case 1:
        expect(t, now, line, leased ? ":1" : ":0");
        if (leased)
            set_ready(v, i);
        break;
    case 2:
        expect(t, now, line, gone ? answer_to(t, now, 0, "ECHO :0") : ":1");
        end(v, i);
        break;
    default:
        expect(t, now, line, id);
        v->m[i].state = LEASED;
    }
}

static void step(struct fixture *t, struct naive *v, struct random *dice, msec now)
{
    uint64_t what = random_below(dice, 20);
    unsigned i = v->n ? (unsigned)random_below(dice, v->n) : 0;
    char line[80];

    if (what < 6 && v->n < MESSAGES) {
        unsigned key = (unsigned)random_below(dice, KEYS);

        v->m[v->n] = (struct message){.state = FRESH, .key = key};
        snprintf(line, sizeof line, "XADD q %u-0 %c %u", v->n + 1, key ? 'k' : 'f', key);
        answer_to(t, now, 0, line);
        v->n++;
    } else if (what < 10) {
        read_some(t, v, now, 1 + (unsigned)random_below(dice, 5));
    } else if (v->n && what < 15) {
        do_to(t, v, now, i, 0);
    } else if (v->n && what < 18) {
        do_to(t, v, now, i, 1);
    } else if (v->n && what < 19 && v->m[i].state != LEASED) {
        do_to(t, v, now, i, 2);
    } else if (v->n && v->m[i].state != GONE) {
        do_to(t, v, now, i, 3);
    }
}

static void order_is_that_of_a_naive_one(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET q ORDERKEY k", "+OK");
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct naive v = {0};
        struct random dice;
        msec now = (msec)seed * 100000;

        random_seed(&dice, seed);
        expect(t, now, "DEL q", seed == 1 ? ":0" : ":1");
        expect(t, now, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
        for (int i = 0; i < STEPS; i++) {
            step(t, &v, &dice, ++now);
            stream_check(stream_of(t));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(through_retries, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(poison_is_skipped_or_halts, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(the_dead_let_go_when_the_policy_says_so, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(policies_come_and_go, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(turns_that_were_not_kept, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_busy_key_is_passed_in_steps, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_waiter_hears_of_the_next, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(order_is_that_of_a_naive_one, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
