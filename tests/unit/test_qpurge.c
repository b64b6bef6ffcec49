/* test_qpurge.c - QPURGE: what nobody holds goes, for one group or for all. */
#include "fixture.h"

/* `q` with groups g and h and five messages: to g 1-1 is done, 2-1 held, 3-1 waits, 4-1 and 5-1 are NEW. */
static void fill(struct fixture *t)
{
    expect(t, 0, "QPOLICY SET q ACKWAIT 30s BACKOFF 10s", "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    expect(t, 0, "XGROUP CREATE q h 0", "+OK");
    for (int i = 1; i <= 5; i++) {
        char line[] = "XADD q n-1 f v";

        line[7] = (char)('0' + i);
        answer_to(t, 0, 0, line);
    }
    answer_to(t, 0, 0, "XREADGROUP GROUP g c COUNT 3 STREAMS q >");
    expect(t, 0, "XACK q g 1-1", ":1");
    expect(t, 0, "QNACK q g c 3-1", ":1");
    expect(t, 0, "QADD q DELAY 5s DEDUP a * f late", "1700000005000-0");
}

static void of_a_group_it_takes_what_is_not_leased(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 1, "QPURGE q GROUP g", ":3");
    expect(t, 1, "QPURGE q GROUP g", ":0");
    expect(t, 1, "XLEN q", ":5");
    expect(t, 1, "XPENDING q g", "[:1 2-1 2-1 [[c 1]]]");
    expect(t, 1, "XREADGROUP GROUP g c STREAMS q >", "nil-array");
    expect(t, 1, "XREADGROUP GROUP h c COUNT 1 STREAMS q >", "[[q [[1-1 [f v]]]]]");
    expect(t, 1, "XADD q 6-1 f v", "6-1");
    expect(t, 1, "XREADGROUP GROUP g c STREAMS q >", "[[q [[6-1 [f v]]]]]");
    expect(t, 1, "XACK q g 2-1 6-1", ":2");
    pass_time(t, 10001);
    expect(t, 20000, "XREADGROUP GROUP g c STREAMS q >", "[[q [[1700000010001-0 [f late]]]]]");
}

static void a_state_of_it(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 1, "QPURGE q GROUP g STATE ready", ":0");
    expect(t, 1, "QPURGE q GROUP g STATE waiting", ":1");
    expect(t, 1, "QPURGE q GROUP g STATE new", ":2");
    expect(t, 1, "QPURGE q GROUP g STATE dead", ":0");
    expect(t, 1, "QSTAT q",
           "[length :5 bytes :15 delayed :1 dlq :0 oldest-age :1 policy [ACKWAIT 30s BACKOFF "
           "10s] groups "
           "[[name g new :0 leased :1 ready :0 waiting :0 held :0 dead :0 entered :5 acked :1 expired :0 "
           "dead-lettered :0 dropped :3 consumers :1] [name h new :5 leased :0 ready :0 waiting :0 held :0 "
           "dead :0 "
           "entered :5 acked :0 expired :0 dead-lettered :0 dropped :0 consumers :0]]]");
    expect(t, 1, "QPURGE q GROUP g STATE leased",
           "-ERR STATE must be new, ready, waiting, held or dead with a GROUP, and delayed without one");
}

static void without_a_group_entries_go_for_all(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 1, "QPURGE q", ":5");
    expect(t, 1, "XRANGE q - +", "[[2-1 [f v]]]");
    expect(t, 1, "XPENDING q g", "[:1 2-1 2-1 [[c 1]]]");
    expect(t, 1, "QADD q DELAY 5s DEDUP a * f again", "1700000005001-1");
    expect(t, 1, "XREADGROUP GROUP h c STREAMS q >", "[[q [[2-1 [f v]]]]]");
    expect(t, 1, "XACK q g 2-1", ":1");
    expect(t, 1, "QPURGE q STATE delayed", ":1");
    expect(t, 1, "QPURGE q", ":0");
    expect(t, 1, "XACK q h 2-1", ":1");
    expect(t, 1, "QPURGE q", ":1");
    expect(t, 1, "XLEN q", ":0");
}

static void what_is_not_retained_goes_with_the_last_group(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 1, "QPOLICY SET q RETENTION queue", "+OK");
    expect(t, 1, "QPURGE q GROUP h", ":5");
    expect(t, 1, "XRANGE q - +", "[[2-1 [f v]] [3-1 [f v]] [4-1 [f v]] [5-1 [f v]]]");
    expect(t, 1, "QPURGE q GROUP g STATE waiting", ":1");
    expect(t, 1, "XRANGE q - +", "[[2-1 [f v]] [4-1 [f v]] [5-1 [f v]]]");
    expect(t, 1, "QPURGE q GROUP g STATE new", ":2");
    expect(t, 1, "XRANGE q - +", "[[2-1 [f v]]]");
}

static void a_plain_stream_is_purged_as_well(void **state)
{
    struct fixture *t = *state;

    for (int i = 0; i < 4; i++)
        answer_to(t, 0, 0, "XADD s * f v");
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g c COUNT 2 STREAMS s >");
    expect(t, 0, "XNACK s g SILENT IDS 1 1700000000000-1", ":1");
    expect(t, 0, "QPURGE s GROUP g STATE new", ":2");
    expect(t, 0, "QPURGE s", ":3");
    expect(t, 0, "XPENDING s g", "[:1 1700000000000-0 1700000000000-0 [[c 1]]]");
    expect(t, 0, "XNACK s g SILENT IDS 1 1700000000000-0", ":1");
    expect(t, 0, "QPURGE s GROUP g STATE ready", ":1");
    expect(t, 0, "XPENDING s g", "[:0 nil nil nil-array]");
    expect(t, 0, "QPURGE s", ":1");
}

static void mistakes(void **state)
{
    struct fixture *t = *state;

    fill(t);
    expect(t, 0, "QPURGE nothing", ":0");
    expect(t, 0, "QPURGE nothing GROUP g", "-NOGROUP No such consumer group 'g' for key name 'nothing'");
    expect(t, 0, "QPURGE q GROUP", "-ERR syntax error");
    expect(t, 0, "QPURGE q FOO bar", "-ERR syntax error");
    expect(t, 0, "QPURGE q STATE new",
           "-ERR STATE must be new, ready, waiting, held or dead with a GROUP, and delayed without one");
    expect(t, 0, "QPURGE q GROUP g STATE odd",
           "-ERR STATE must be new, ready, waiting, held or dead with a GROUP, and delayed without one");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(of_a_group_it_takes_what_is_not_leased), TEST(a_state_of_it),
        TEST(without_a_group_entries_go_for_all),     TEST(what_is_not_retained_goes_with_the_last_group),
        TEST(a_plain_stream_is_purged_as_well),       TEST(mistakes),
    };

    return cmocka_run_group_tests_name("qpurge", tests, NULL, NULL);
}
