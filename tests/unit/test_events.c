/* The letters of notify-keyspace-events, and that an event goes to those who listen, behind what it tells of.
 */
#include "broker/event.h"
#include "fixture.h"

static void letters_there_and_back(void **state)
{
    static const char *const same[] = {"", "K", "AKE", "xE", "nKm", "gxnKEm"};
    char text[EVENT_CLASSES_TEXT];
    unsigned classes;

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct slice got = {text, 0};

        assert_true(event_classes_parse(slice_of(same[i]), &classes));
        got.n = event_classes_put(text, classes);
        assert_true(slice_is(got, same[i]));
    }
    assert_true(event_classes_parse(SLICE("EEKAg"), &classes));
    assert_int_equal(classes, EVENTS_ALL | EVENTS_KEYSPACE | EVENTS_KEYEVENT);
    assert_int_equal(event_classes_put(text, classes | EVENTS_NEW | EVENTS_MISS), strlen("AnKEm"));
    assert_false(event_classes_parse(SLICE("KEq"), &classes));
    assert_false(event_classes_parse(SLICE("k"), &classes));
    assert_false(event_classes_parse((struct slice){"\0", 1}, &classes));
}

static void at_once_and_without_a_turn(void **state)
{
    struct fixture *t = *state;

    expect_as(t, 1, 0, "PSUBSCRIBE __key*", "[psubscribe __key* :1]");
    expect(t, 0, "SET k v", "+OK");
    expect(t, 0, "CONFIG SET notify-keyspace-events K$n", "+OK");
    expect(t, 0, "SET k v", "+OK");
    expect(t, 0, "SET j v EX 1", "+OK");
    expect_heard(t, 1,
                 "[pmessage __key* __keyspace@0__:k set] | [pmessage __key* __keyspace@0__:j new] | "
                 "[pmessage __key* __keyspace@0__:j set]");
    expect(t, 0, "CONFIG SET notify-keyspace-events Ex", "+OK");
    pass_time(t, 2 * SEC);
    expect_heard(t, 1, "[pmessage __key* __keyevent@0__:expired j]");
}

static void no_events_out_of_the_journal(void **state)
{
    struct fixture *t = *state;
    const struct slice set[] = {SLICE("SET"), SLICE("k"), SLICE("v")};

    expect_as(t, 1, 0, "PSUBSCRIBE __key*", "[psubscribe __key* :1]");
    expect(t, 0, "CONFIG SET notify-keyspace-events KEA", "+OK");
    assert_int_equal(service_replay(&t->service, set, 3), 0);
    expect_heard(t, 1, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_there_and_back),
        cmocka_unit_test_setup_teardown(at_once_and_without_a_turn, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(no_events_out_of_the_journal, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
