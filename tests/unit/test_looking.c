/* SLOWLOG, LATENCY, MONITOR at the level of sessions: what time does to them, and what they hide. */
#include "cmd/latency.h"
#include "fixture.h"

static void offer(struct fixture *t, msec at, msec took)
{
    latency_offer(&t->service, LATENCY_COMMAND, took * 1000, fixture_now(at).wall);
}

static void samples_of_a_second_are_one(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET latency-monitor-threshold 10000", "+OK");
    offer(t, 1 * SEC, 9000);
    expect(t, 0, "LATENCY LATEST", "[]");
    offer(t, 1 * SEC, 30000);
    offer(t, 1 * SEC + 400, 50000);
    offer(t, 1 * SEC + 900, 20000);
    offer(t, 3 * SEC, 10000);
    expect(t, 0, "LATENCY HISTORY command", "[[:1700000001 :50000] [:1700000003 :10000]]");
    expect(t, 0, "LATENCY LATEST", "[[command :1700000003 :10000 :50000]]");
    expect(t, 0, "LATENCY RESET fork command nosuch command", ":1");
    expect(t, 0, "LATENCY LATEST", "[]");
    expect(t, 0, "CONFIG SET latency-monitor-threshold 9223372036854775807", "+OK"); /* not to overflow */
    offer(t, 5 * SEC, INT64_MAX / 1000);
    expect(t, 0, "LATENCY LATEST", "[]");
}

static void the_last_160_are_kept(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET latency-monitor-threshold 5000", "+OK");
    for (int i = 0; i < 500; i++)
        offer(t, i * SEC, i == 3 ? 9999 : 5100 + i);
    assert_int_equal(t->service.latency.series[LATENCY_COMMAND].n, 160);
    assert_non_null(
        strstr(answer_to(t, 0, 0, "LATENCY HISTORY command"), "[[:1700000340 :5440] [:1700000341 :5441]"));
    expect(t, 0, "LATENCY LATEST", "[[command :1700000499 :5599 :9999]]");
}

static void a_graph_is_low_to_high(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET latency-monitor-threshold 100", "+OK");
    for (int i = 0; i < 12; i++)
        offer(t, i * 100 * SEC, 100 + i);
    expect(t, 1200 * SEC, "LATENCY GRAPH command",
           "command - high 111 ms, low 100 ms (all time high 111 ms)\n"
           "--------------------------------------------------------------------------------\n"
           "         _o#\n"
           "      _o#|||\n"
           "   _o#||||||\n"
           "_o#|||||||||\n"
           "\n"
           "211111186531\n"
           "0865310mmmmm\n"
           "mmmmmmm     \n"
           "            \n");
    expect(t, 0, "CONFIG SET latency-monitor-threshold 0", "+OK");
    assert_non_null(strstr(answer_to(t, 0, 0, "LATENCY DOCTOR"), "Nothing is watched"));
    assert_non_null(strstr(answer_to(t, 0, 0, "LATENCY DOCTOR"),
                           "command: 12 times, every 100 seconds; 106 ms on average, 111 ms at most."));
}

static void a_threshold_holds_for_the_next_command(void **state)
{
    struct fixture *t = *state;

    feed(t, 0, 0,
         SLICE("CONFIG SET slowlog-log-slower-than 0\r\nGET a\r\nMULTI\r\nGET b\r\nEXEC\r\nGET\r\nNOSUCH\r\n"
               "CONFIG SET slowlog-log-slower-than -1\r\nGET c\r\n"));
    expect(t, 0, "SLOWLOG LEN", ":4"); /* CONFIG, GET a, MULTI, GET b */
    feed(t, 0, 0, SLICE("SLOWLOG GET 1\r\n"));
    assert_non_null(strstr(heard(t, 0), "[GET b]"));
}

static void an_entry_outlives_its_client(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET slowlog-log-slower-than 0", "+OK");
    expect_as(t, 1, 0, "CLIENT SETNAME gone", "+OK");
    expect_as(t, 1, 0, "GET a", "nil");
    hang_up(t, 1);
    assert_non_null(strstr(answer_to(t, 0, 0, "SLOWLOG GET 1"), "[GET a] \"\" gone]"));
}

static void passwords_are_hidden_where_they_may_stand(void **state)
{
    static const char *const command[] = {
        "AUTH secret1",
        "AUTH a b",
        "AUTH a secret1 b",
        "HELLO 3 AUTH secret1",
        "HELLO 3 AUTH secret1 secret2",
        "HELLO 2 AUTH default secret1 BOGUS",
        "HELLO 2 SETNAME AUTH AUTH default secret1",
        "CONFIG SET requirepass secret1 maxclients x",
        "CONFIG SET maxclients 100 REQUIREPASS secret1",
    };
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET slowlog-log-slower-than 0", "+OK");
    expect_as(t, 1, 0, "MONITOR", "+OK");
    for (size_t i = 0; i < sizeof command / sizeof *command; i++)
        answer_to(t, 0, 2, command[i]);
    assert_null(strstr(heard(t, 1), "secret"));
    t->client[0]->authenticated = true;
    assert_null(strstr(answer_to(t, 0, 0, "SLOWLOG GET -1"), "secret"));
    assert_non_null(
        strstr(answer_to(t, 0, 0, "SLOWLOG GET -1"), "[HELLO 2 SETNAME AUTH AUTH (redacted) (redacted)]"));
}

static void a_monitor_of_an_empty_argument_and_of_zeros(void **state)
{
    struct fixture *t = *state;
    const char *line;

    expect_as(t, 1, 0, "MONITOR", "+OK");
    expect(t, 0, "ECHO \"\"", "\"\"");
    line = heard(t, 1);
    assert_non_null(strstr(line, " [0 ] \"ECHO\" \"\""));
    feed(t, 0, 0, SLICE("*2\r\n$4\r\nECHO\r\n$3\r\n\0\x7f\xff\r\n"));
    line = heard(t, 1);
    assert_non_null(strstr(line, "\"ECHO\" \"\\x00\\x7f\\xff\""));
}

static void a_monitor_that_goes_is_forgotten(void **state)
{
    struct fixture *t = *state;

    expect_as(t, 1, 0, "MONITOR", "+OK");
    assert_int_equal(t->service.together, 0);
    hang_up(t, 1);
    assert_true(t->service.together != 0);
    expect(t, 0, "ECHO a", "a");
}

#define t(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        t(samples_of_a_second_are_one),
        t(the_last_160_are_kept),
        t(a_graph_is_low_to_high),
        t(a_threshold_holds_for_the_next_command),
        t(an_entry_outlives_its_client),
        t(passwords_are_hidden_where_they_may_stand),
        t(a_monitor_of_an_empty_argument_and_of_zeros),
        t(a_monitor_that_goes_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
