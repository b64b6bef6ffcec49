/* test_qlist.c - QLIST: which streams are queues, in short. */
#include "fixture.h"

static void queues_are_told_from_streams(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QLIST 0", "[0 []]");
    expect(t, 0, "XADD plain 1-1 f v", "1-1");
    expect(t, 0, "SET string v", "+OK");
    expect(t, 0, "QLIST 0", "[0 []]");
    expect(t, 0, "QPOLICY SET pla* MAXDELIVER 1", "+OK"); /* seen before anybody uses the stream */
    expect(t, 0, "QLIST 0", "[0 [[name plain length :1 delayed :0 not-done :1 dead :0 dlq :0]]]");
    pass_time(t, 1);
    expect(t, 1, "QLIST 0", "[0 [[name plain length :1 delayed :0 not-done :1 dead :0 dlq :0]]]");
    expect(t, 1, "QPOLICY DEL pla*", ":1");
    expect(t, 1, "QLIST 0", "[0 []]");
    pass_time(t, 2);
    expect(t, 2, "QLIST 0", "[0 []]");
    expect(t, 2, "QADD plain DELAY 1s * f v", "1700000001002-0");
    expect(t, 2, "QLIST 0 COUNT 100 MATCH p*",
           "[0 [[name plain length :1 delayed :1 not-done :1 dead :0 dlq :0]]]");
    expect(t, 2, "QLIST 0 MATCH q*", "[0 []]");
}

static void what_it_tells(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QPOLICY SET q MAXDELIVER 1 ACKWAIT 1s", "+OK");
    for (int i = 0; i < 3; i++)
        answer_to(t, 0, 0, "XADD q * f v");
    expect(t, 0, "XGROUP CREATE q g 0", "+OK");
    expect(t, 0, "XGROUP CREATE q h 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g c COUNT 2 STREAMS q >");
    answer_to(t, 0, 0, "XREADGROUP GROUP h c COUNT 2 STREAMS q >");
    expect(t, 0, "XACK q g 1700000000000-0", ":1");
    expect(t, 0, "QLIST 0", "[0 [[name q length :3 delayed :0 not-done :3 dead :0 dlq :0]]]");
    pass_time(t, 1000);
    expect(t, 1000, "QLIST 0", "[0 [[name q length :3 delayed :0 not-done :3 dead :3 dlq :0]]]");
    expect(t, 1000, "QPOLICY SET q DLQ d", "+OK");
    pass_time(t, 3000);
    expect(t, 3000, "QLIST 0 MATCH d", "[0 [[name d length :3 delayed :0 not-done :3 dead :0 dlq :1]]]");
    expect(t, 3000, "QLIST 0 MATCH q", "[0 [[name q length :3 delayed :0 not-done :1 dead :0 dlq :0]]]");
    answer_to(t, 3000, 0, "HELLO 3");
    expect(t, 3000, "QLIST 0 MATCH q", "[0 [{name q length :3 delayed :0 not-done :1 dead :0 dlq :0}]]");
}

static void mistakes(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "QLIST x", "-ERR invalid cursor");
    expect(t, 0, "QLIST 0 COUNT 0", "-ERR syntax error");
    expect(t, 0, "QLIST 0 TYPE stream", "-ERR syntax error");
    expect(t, 0, "QLIST 0 MATCH", "-ERR syntax error");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(queues_are_told_from_streams),
        TEST(what_it_tells),
        TEST(mistakes),
    };

    return cmocka_run_group_tests_name("qlist", tests, NULL, NULL);
}
