/* tests/unit/test_policy_cmds.c - QPOLICY: what it refuses, what it shows, and that streams follow. */
#include "fixture.h"

#include "broker/change_policy.h"
#include "broker/unsettled.h"
#include "queue/settle.h"
#include "store/queue.h"
#include <stdio.h>

static void reload(struct fixture *t)
{
    t->service.config.enable_debug_command = DEBUG_YES;
    expect(t, 0, "DEBUG RELOAD", "+OK");
}

#define SET_OK(t, line) expect(t, 0, "QPOLICY SET " line, "+OK")

static void values_are_shown_as_they_were_set(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET jobs ackwait 30000 MAXDELIVER 5 dlq dead:{queue} maxbytes 1kb pause NONE",
           "+OK");
    expect(t, 0, "QPOLICY GET jobs", "[ACKWAIT 30s MAXDELIVER 5 DLQ dead:{queue} MAXBYTES 1024 PAUSE none]");
    SET_OK(t, "jobs MAXDELIVER 0");
    expect(t, 0, "QPOLICY GET jobs", "[ACKWAIT 30s MAXDELIVER 0 DLQ dead:{queue} MAXBYTES 1024 PAUSE none]");
    expect(t, 0, "QPOLICY GET other", "nil-array");
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 0, "QPOLICY GET jobs", "{ACKWAIT 30s MAXDELIVER 0 DLQ dead:{queue} MAXBYTES 1024 PAUSE none}");
    expect(t, 0, "QPOLICY GET other", "nil");
    expect(t, 0, "QPOLICY LIST",
           "{jobs {ACKWAIT 30s MAXDELIVER 0 DLQ dead:{queue} MAXBYTES 1024 PAUSE none}}");
}

static void options_are_taken_back(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "jobs ACKWAIT 1s TTL 1h RATE 5");
    expect(t, 0, "QPOLICY DEL jobs TTL MAXLEN rate", ":2");
    expect(t, 0, "QPOLICY GET jobs", "[ACKWAIT 1s]");
    expect(t, 0, "QPOLICY DEL jobs TTL", ":0");
    expect(t, 0, "QPOLICY DEL jobs ACKWAIT", ":1");
    expect(t, 0, "QPOLICY GET jobs", "nil-array");
    SET_OK(t, "jobs TTL 1h RATE 5");
    expect(t, 0, "QPOLICY DEL jobs", ":1");
    expect(t, 0, "QPOLICY DEL jobs", ":0");
    expect(t, 0, "QPOLICY LIST", "[]");
    expect(t, 0, "QPOLICY DEL jobs TTL TTL", "-ERR QPOLICY option TTL is given twice");
}

static void lists_are_in_order(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "* TTL 1");
    SET_OK(t, "b TTL 2");
    SET_OK(t, "jobs:* TTL 3");
    SET_OK(t, "a TTL 4");
    SET_OK(t, "j* TTL 5");
    expect(t, 0, "QPOLICY LIST", "[a [TTL 4ms] b [TTL 2ms] jobs:* [TTL 3ms] j* [TTL 5ms] * [TTL 1ms]]");
    expect(t, 0, "QPOLICY LIST MATCH j*", "[jobs:* [TTL 3ms] j* [TTL 5ms]]");
    expect(t, 0, "QPOLICY LIST MATCH", "-ERR syntax error");
    expect(t, 0, "QPOLICY LIST MATSCH x", "-ERR syntax error");
}

static void what_it_refuses(void **state)
{
    static const struct {
        const char *line, *says;
    } known[] = {
        {"jobs NOSUCH 1",
         "-ERR QPOLICY has no option 'NOSUCH'; there are ACKWAIT, MAXDELIVER, BACKOFF, BACKOFFMAX, "
         "JITTER, DLQ, TTL, MAXLEN, MAXBYTES, OVERFLOW, RETENTION, PRIORITIES, AGING, ORDERKEY, "
         "ONPOISON, MAXINFLIGHT, PREFETCH, RATE, ONDISCONNECT, CONSUMERIDLE, PAUSE, HEADERS"},
        {"jobs ACKWAIT 5x", "-ERR QPOLICY ACKWAIT is a duration from 0 to 36500d, as 500ms 30s 10m 12h 7d or "
                            "milliseconds, not '5x'"},
        {"jobs JITTER 101", "-ERR QPOLICY JITTER is a whole number from 0 to 100, not '101'"},
        {"jobs PRIORITIES 33", "-ERR QPOLICY PRIORITIES is a whole number from 1 to 32, not '33'"},
        {"jobs OVERFLOW block", "-ERR QPOLICY OVERFLOW is reject, drop or dlq, not 'block'"},
        {"jobs MAXBYTES -1",
         "-ERR QPOLICY MAXBYTES is bytes from 0 to 1000000000000000, as 1000 64kb 100mb 1gb, not '-1'"},
        {"jobs TTL 1 TTL 2", "-ERR QPOLICY option TTL is given twice"},
        {"jobs TTL 1 RATE", "-ERR QPOLICY option RATE has no value"},
        {"\"\" TTL 1", "-ERR the name of a policy has 1 to 1024 bytes"},
        {"jobs PRIORITIES 2 ORDERKEY k", "-ERR QPOLICY PRIORITIES above 1 cannot be together with ORDERKEY"},
        {"jobs BACKOFF 2s BACKOFFMAX 1s", "-ERR QPOLICY BACKOFFMAX is at least BACKOFF, or 0"},
        {"jobs OVERFLOW dlq", "-ERR QPOLICY OVERFLOW dlq needs DLQ: what has no room goes there"},
        {"jobs OVERFLOW dlq DLQ \"\"", "-ERR QPOLICY OVERFLOW dlq needs DLQ: what has no room goes there"},
        {"jobs ONPOISON halt",
         "-ERR QPOLICY ONPOISON halt needs ORDERKEY: what is dead holds up its key alone"},
        {"jobs ONDISCONNECT requeue",
         "-ERR QPOLICY ONDISCONNECT requeue needs ACKWAIT: a restart leaves it to that"},
        {"jobs ONDISCONNECT requeue ACKWAIT 0",
         "-ERR QPOLICY ONDISCONNECT requeue needs ACKWAIT: a restart leaves it to that"},
    };
    struct fixture *t = *state;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char line[256];

        snprintf(line, sizeof line, "QPOLICY SET %s", known[i].line);
        expect(t, 0, line, known[i].says);
        expect(t, 0, "QPOLICY LIST", "[]");
    }
    expect(t, 0, "QPOLICY SET jobs TTL", "-ERR wrong number of arguments for 'qpolicy|set' command");
    SET_OK(t, "jobs PRIORITIES 2 BACKOFFMAX 5s BACKOFF 5s");
    expect(t, 0, "QPOLICY SET jobs ORDERKEY k", known[9].says);
    expect(t, 0, "QPOLICY SET jobs BACKOFF 6s", known[10].says);
    SET_OK(t, "jobs BACKOFF 6s BACKOFFMAX 0");
    SET_OK(t, "jobs PRIORITIES 1 ORDERKEY k ONPOISON halt");
    expect(t, 0, "QPOLICY DEL jobs ORDERKEY", known[13].says);
    expect(t, 0, "QPOLICY DEL jobs ORDERKEY ONPOISON", ":2");
}

/* What a glob gives to all that a policy matches, it need not give again. */
static void needs_are_met_by_wider_globs(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "jobs:* ACKWAIT 30s DLQ dead");
    SET_OK(t, "jobs:a ONDISCONNECT requeue OVERFLOW dlq");
    SET_OK(t, "jobs:x* ONDISCONNECT requeue");
    expect(t, 0, "QPOLICY SET jobs* ONDISCONNECT requeue",
           "-ERR QPOLICY ONDISCONNECT requeue needs ACKWAIT: a restart leaves it to that");
    SET_OK(t, "jobs:b ACKWAIT 0");
    expect(t, 0, "QPOLICY SET jobs:b ONDISCONNECT requeue",
           "-ERR QPOLICY ONDISCONNECT requeue needs ACKWAIT: a restart leaves it to that");
}

#define ROUND(path)                                                                                          \
    "-ERR dead letters would go round: " path                                                                \
    "; QPOLICY SET of one of them with an empty DLQ ends their way there"

static void dead_letters_do_not_go_round(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "a DLQ a"); /* is none */
    SET_OK(t, "a DLQ b");
    SET_OK(t, "b DLQ c");
    expect(t, 0, "QPOLICY SET c DLQ a", ROUND("c -> a -> b -> c"));
    SET_OK(t, "c DLQ d");
    expect(t, 0, "QPOLICY DEL a", ":1");
    SET_OK(t, "* DLQ dead:{queue}"); /* farther at each step, and never back */
    SET_OK(t, "* DLQ dead");
    expect(t, 0, "QPOLICY SET dead DLQ graveyard", ROUND("dead -> graveyard -> dead"));
    SET_OK(t, "graveyard DLQ \"\"");
    SET_OK(t, "dead DLQ graveyard");
    expect(t, 0, "QPOLICY DEL graveyard DLQ", ":1"); /* the policy goes with its last option */
}

static void globs_make_no_circle(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "a* DLQ b");
    expect(t, 0, "QPOLICY SET b* DLQ a", ROUND("a -> b -> a"));
    SET_OK(t, "b DLQ \"\"");
    SET_OK(t, "b* DLQ a");
    expect(t, 0, "QPOLICY SET b DLQ ax", ROUND("b -> ax -> b"));
    SET_OK(t, "x DLQ y");
    expect(t, 0, "QPOLICY SET y* DLQ x", ROUND("x -> y -> x"));
    SET_OK(t, "q1 DLQ dead:q1");
    SET_OK(t, "dead:q1 DLQ q2");
    SET_OK(t, "q2 TTL 1");
    expect(t, 0, "QPOLICY SET q? DLQ dead:q1", ROUND("dead:q1 -> q2 -> dead:q1"));
    expect(t, 0, "QPOLICY SET q2* DLQ {queue}x", "+OK");
}

/* However long the way. */
static void a_long_circle_is_found(void **state)
{
    struct fixture *t = *state;
    char line[64];

    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof line, "QPOLICY SET n%d DLQ n%d", i, i + 1);
        expect(t, 0, line, "+OK");
    }
    expect(t, 0, "QPOLICY SET n300 DLQ n0", ROUND("n300 -> ... -> n300"));
    expect(t, 0, "QPOLICY SET n300 DLQ n301", "+OK");
}

static void there_is_a_limit(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET queue-policies-max 2", "+OK");
    SET_OK(t, "a TTL 1");
    SET_OK(t, "b TTL 1");
    expect(t, 0, "QPOLICY SET c TTL 1", "-ERR there are 2 policies, and queue-policies-max allows no more");
    SET_OK(t, "b TTL 2");
    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "QPOLICY SET c TTL 1", "-ERR there are 2 policies, and queue-policies-max allows no more");
}

/* --- SHOW --- */

/* "value origin" of one option. */
static void shows(struct fixture *t, const char *key, const char *option, const char *want)
{
    char line[128];
    const char *text, *at;

    snprintf(line, sizeof line, "QPOLICY SHOW %s", key);
    text = answer_to(t, 0, 0, line);
    snprintf(line, sizeof line, " %s [", option);
    at = strstr(text, line);
    if (!at || strncmp(at + strlen(line), want, strlen(want)) != 0 || at[strlen(line) + strlen(want)] != ']')
        fail_msg("%s: wanted %s%s] in %s", key, line, want, text);
}

static void each_value_has_an_origin(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "* TTL 1h MAXDELIVER 3");
    SET_OK(t, "jobs MAXDELIVER 5 DLQ dead:{queue}");
    shows(t, "jobs", "MAXDELIVER", "5 jobs");
    shows(t, "jobs", "TTL", "1h *");
    shows(t, "jobs", "DLQ", "dead:jobs jobs");
    shows(t, "jobs", "RATE", "0 default");
    shows(t, "jobs", "PRIORITIES", "1 default");
    shows(t, "jobs", "OVERFLOW", "reject default");
    shows(t, "other", "MAXDELIVER", "3 *");
    expect(t, 0, "XADD dead 1-0 f v", "1-0");
    shows(t, "dead", "TTL", "1h *");
    change_dlq(&t->service.broker, 0, SLICE("dead"));
    shows(t, "dead", "TTL", "0 default");
    SET_OK(t, "dead TTL 7d");
    shows(t, "dead", "TTL", "7d dead");
}

/* --- streams follow --- */

static const struct rules *rules_at(struct fixture *t, int db, const char *name)
{
    struct key *k = db_find(&t->service.broker, db, slice_of(name));
    const struct queue *q;

    assert_non_null(k);
    queue_settled(&t->service.broker, db, key_name(k), k->stream);
    q = stream_queue(k->stream);
    return q && q->governed ? &q->rules : NULL;
}

/* The same, of a stream that nobody uses: what the turns have made of it. */
static const struct rules *rules_left(struct fixture *t, int db, const char *name)
{
    struct key *k = db_find(&t->service.broker, db, slice_of(name));

    pass_time(t, 0);
    assert_false(unsettled_any(&t->service.broker));
    assert_true(deadlines_next(&t->service.broker, fixture_now(0)) > 0);
    k = db_find(&t->service.broker, db, slice_of(name));
    assert_non_null(k);
    assert_int_equal(stream_settled(k->stream), t->service.broker.db[db].generation);
    return stream_queue(k->stream) && stream_queue(k->stream)->governed ? &stream_queue(k->stream)->rules : NULL;
}

static void a_stream_takes_the_rules_at_once(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD jobs 1-0 f v", "1-0");
    assert_null(rules_at(t, 0, "jobs"));
    SET_OK(t, "j* TTL 1s");
    assert_int_equal(rules_at(t, 0, "jobs")->ttl, 1000);
    SET_OK(t, "jobs TTL 2s");
    assert_int_equal(rules_at(t, 0, "jobs")->ttl, 2000);
    expect(t, 0, "QPOLICY DEL jobs", ":1");
    assert_int_equal(rules_at(t, 0, "jobs")->ttl, 1000);
    expect(t, 0, "QPOLICY DEL j*", ":1");
    assert_null(rules_at(t, 0, "jobs"));
}

static void the_turns_reach_what_nobody_uses(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD jobs 1-0 f v", "1-0");
    expect(t, 0, "SET string 1", "+OK");
    SET_OK(t, "j* TTL 1s");
    assert_true(unsettled_any(&t->service.broker));
    assert_int_equal(deadlines_next(&t->service.broker, fixture_now(0)), 0);
    assert_int_equal(rules_left(t, 0, "jobs")->ttl, 1000);
    SET_OK(t, "jobs TTL 2s");
    assert_int_equal(rules_left(t, 0, "jobs")->ttl, 2000);
    expect(t, 0, "QPOLICY DEL jobs", ":1");
    expect(t, 0, "QPOLICY DEL j*", ":1");
    assert_null(rules_left(t, 0, "jobs"));
    expect(t, 0, "XADD other 1-0 f v", "1-0");
    assert_false(unsettled_any(&t->service.broker)); /* without policies nobody is looked at */
}

/* Every way a stream can come to a key. */
static void whoever_comes_is_looked_at(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "a TTL 1");
    SET_OK(t, "b* TTL 2");
    expect(t, 0, "XADD a 1-0 f v", "1-0");
    assert_int_equal(rules_left(t, 0, "a")->ttl, 1);
    expect(t, 0, "XGROUP CREATE b g $ MKSTREAM", "+OK");
    assert_int_equal(rules_left(t, 0, "b")->ttl, 2);
    expect(t, 0, "RENAME a bb", "+OK");
    assert_int_equal(rules_left(t, 0, "bb")->ttl, 2);
    expect(t, 0, "COPY bb a", ":1");
    assert_int_equal(rules_left(t, 0, "a")->ttl, 1);
    assert_int_equal(rules_left(t, 0, "bb")->ttl, 2);
    expect(t, 0, "RENAME bb plain", "+OK");
    assert_null(rules_left(t, 0, "plain"));
    expect(t, 0, "COPY a plain REPLACE", ":1");
    assert_null(rules_left(t, 0, "plain"));
    expect(t, 0, "MOVE a 1", ":1");
    assert_null(rules_left(t, 1, "a"));
    expect(t, 0, "XADD a 1-0 f v", "1-0");
    expect(t, 0, "SWAPDB 0 1", "+OK");
    assert_int_equal(rules_left(t, 0, "a")->ttl, 1);
    assert_null(rules_left(t, 1, "b")); /* policies stay where they are */
    expect(t, 0, "SWAPDB 0 1", "+OK");
    assert_int_equal(rules_left(t, 0, "b")->ttl, 2);
    expect(t, 0, "SET b x", "+OK");
    expect(t, 0, "DEL b", ":1");
    expect(t, 0, "XADD b 1-0 f v", "1-0");
    assert_int_equal(rules_left(t, 0, "b")->ttl, 2);
    expect(t, 0, "FLUSHALL", "+OK");
    expect(t, 0, "XADD b 1-0 f v", "1-0");
    assert_int_equal(rules_at(t, 0, "b")->ttl, 2);
}

static void a_mark_of_dead_letters_stays(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    SET_OK(t, "* TTL 1s");
    expect(t, 0, "XADD dead 1-0 f v", "1-0");
    assert_int_equal(rules_left(t, 0, "dead")->ttl, 1000);
    change_dlq(b, 0, SLICE("dead"));
    assert_null(rules_left(t, 0, "dead"));
    expect(t, 0, "RENAME dead old", "+OK");
    assert_null(rules_left(t, 0, "old"));
    expect(t, 0, "COPY old new", ":1");
    assert_null(rules_left(t, 0, "new"));
    reload(t);
    assert_null(rules_left(t, 0, "new"));
    expect(t, 0, "DEL new", ":1");
    expect(t, 0, "XADD new 1-0 f v", "1-0");
    assert_int_equal(rules_left(t, 0, "new")->ttl, 1000);
}

static void a_reload_brings_policies_back(void **state)
{
    struct fixture *t = *state;

    SET_OK(t, "jobs:* TTL 1s DLQ dead:{queue} OVERFLOW dlq MAXBYTES 1mb");
    expect(t, 0, "SELECT 3", "+OK");
    SET_OK(t, "x ACKWAIT 500ms ONDISCONNECT requeue"); /* no key is there */
    expect(t, 0, "SELECT 0", "+OK");
    expect(t, 0, "XADD jobs:a 1-0 f v", "1-0");
    reload(t);
    expect(t, 0, "QPOLICY LIST", "[jobs:* [DLQ dead:{queue} TTL 1s MAXBYTES 1048576 OVERFLOW dlq]]");
    assert_int_equal(rules_left(t, 0, "jobs:a")->ttl, 1000);
    expect(t, 0, "SELECT 3", "+OK");
    expect(t, 0, "QPOLICY LIST", "[x [ACKWAIT 500ms ONDISCONNECT requeue]]");
}

/* A sweep goes on from turn to turn, and begins anew when policies change meanwhile. */
static void a_sweep_is_done_in_slices(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;
    char line[64];
    int turns = 0;

    for (int i = 0; i < 500; i++) {
        snprintf(line, sizeof line, "XADD s%d 1-0 f v", i);
        expect(t, 0, line, "1-0");
    }
    SET_OK(t, "s* TTL 1s");
    while (queue_settle(b, 5)) {
        turns++;
        if (turns == 3)
            SET_OK(t, "s1* TTL 2s");
    }
    assert_true(turns > 10);
    for (int i = 0; i < 500; i++) {
        snprintf(line, sizeof line, "s%d", i);
        assert_int_equal(rules_left(t, 0, line)->ttl, line[1] == '1' ? 2000 : 1000);
    }
}

/* So many that a sweep replaces the list of them. */
static void many_newcomers(void **state)
{
    struct fixture *t = *state;
    char line[64];

    SET_OK(t, "s* TTL 1s");
    pass_time(t, 0);
    for (int i = 0; i < 12000; i++) {
        snprintf(line, sizeof line, "XADD s%d 1-0 f v", i);
        answer_to(t, 0, 0, line);
    }
    assert_true(t->service.broker.unsettled_n <= 10000);
    pass_time(t, 0);
    for (int i = 0; i < 12000; i++) {
        snprintf(line, sizeof line, "s%d", i);
        assert_non_null(rules_left(t, 0, line));
    }
}

static void a_watch_is_not_about_policies(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "WATCH jobs \"\"", "+OK");
    expect_as(t, 1, 0, "QPOLICY SET jobs TTL 1s", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "QPOLICY GET jobs", "+QUEUED");
    expect(t, 0, "EXEC", "[[TTL 1s]]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_shown_as_they_were_set),
        TEST(options_are_taken_back),
        TEST(lists_are_in_order),
        TEST(what_it_refuses),
        TEST(needs_are_met_by_wider_globs),
        TEST(dead_letters_do_not_go_round),
        TEST(globs_make_no_circle),
        TEST(a_long_circle_is_found),
        TEST(there_is_a_limit),
        TEST(each_value_has_an_origin),
        TEST(a_stream_takes_the_rules_at_once),
        TEST(the_turns_reach_what_nobody_uses),
        TEST(whoever_comes_is_looked_at),
        TEST(a_mark_of_dead_letters_stays),
        TEST(a_reload_brings_policies_back),
        TEST(a_sweep_is_done_in_slices),
        TEST(many_newcomers),
        TEST(a_watch_is_not_about_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
