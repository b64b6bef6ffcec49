/* test_stream_info.c - XINFO: times of consumers, FULL and its COUNT, what remains of a stream. */
#include "fixture.h"
#include <stdio.h>

/* What XINFO CONSUMERS says of the one consumer there is. */
static void expect_times(struct fixture *t, msec at, const char *group, int pending, int idle, int inactive)
{
    char command[64], reply[128];

    snprintf(command, sizeof command, "XINFO CONSUMERS s %s", group);
    snprintf(reply, sizeof reply, "[[name c pending :%d idle :%d inactive :%d]]", pending, idle, inactive);
    expect(t, at, command, reply);
}

static void a_stream_of_four(struct fixture *t)
{
    expect(t, 0, "XADD s 1-0 f a", "1-0");
    expect(t, 0, "XADD s 2-0 f b", "2-0");
    expect(t, 0, "XADD s 3-0 f c", "3-0");
    expect(t, 0, "XADD s 4-0 f d", "4-0");
}

/* seen: tried; active: new messages came, and were not given up at once. */
static void reading_is_seen_and_active(void **state)
{
    struct fixture *t = *state;

    a_stream_of_four(t);
    expect(t, 0, "XGROUP CREATE s g $", "+OK");
    expect(t, 0, "XGROUP CREATECONSUMER s g c", ":1");
    expect_times(t, 50, "g", 0, 50, -1);
    expect(t, 100, "XREADGROUP GROUP g c STREAMS s >", "nil-array");
    expect_times(t, 130, "g", 0, 30, -1);
    expect(t, 200, "XGROUP SETID s g 2-0", "+OK");
    expect(t, 200, "XREADGROUP GROUP g c COUNT 1 STREAMS s >", "[[s [[3-0 [f c]]]]]");
    expect_times(t, 210, "g", 1, 10, 10);
    expect(t, 300, "XREADGROUP GROUP g c NOACK STREAMS s >", "[[s [[4-0 [f d]]]]]");
    expect_times(t, 300, "g", 1, 0, 100);
    expect(t, 400, "XREADGROUP GROUP g c STREAMS s 0", "[[s [[3-0 [f c]]]]]");
    expect_times(t, 400, "g", 1, 0, 200);
    expect(t, 500, "XACK s g 3-0", ":1");
    expect_times(t, 500, "g", 0, 100, 300);
    expect(t, 500, "XPENDING s g - + 5 nobody", "[]");
    expect_times(t, 500, "g", 0, 100, 300);
}

static void a_wait_is_seen_when_it_begins_and_ends(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE s g $ MKSTREAM", "+OK");
    expect_as(t, 1, 100, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "...");
    expect_times(t, 150, "g", 0, 50, -1);
    expect(t, 200, "XADD s 9-0 f v", "9-0");
    expect_heard(t, 1, "[[s [[9-0 [f v]]]]]");
    expect_times(t, 210, "g", 1, 10, 10);
    expect_as(t, 1, 300, "XREADGROUP GROUP g c BLOCK 50 STREAMS s >", "...");
    pass_time(t, 400);
    expect_heard(t, 1, "nil-array");
    expect_times(t, 400, "g", 1, 100, 200);
}

static void claiming_is_seen_and_active(void **state)
{
    struct fixture *t = *state;

    a_stream_of_four(t);
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    expect(t, 0, "XCLAIM s g c 0 1-0", "[]");
    expect_times(t, 10, "g", 0, 10, -1);
    expect(t, 100, "XCLAIM s g c 0 1-0 FORCE JUSTID", "[1-0]");
    expect_times(t, 110, "g", 1, 10, 10);
    expect(t, 200, "XAUTOCLAIM s g c 1000 0", "[0-0 [] []]");
    expect_times(t, 200, "g", 1, 0, 100);
    expect(t, 300, "XAUTOCLAIM s g c 0 0 JUSTID", "[0-0 [1-0] []]");
    expect_times(t, 310, "g", 1, 10, 10);
    /* dropping what is gone is no success */
    expect(t, 400, "XDEL s 1-0", ":1");
    expect(t, 400, "XAUTOCLAIM s g c 0 0", "[0-0 [] [1-0]]");
    expect_times(t, 400, "g", 0, 0, 100);
    expect(t, 500, "XCLAIM s g c 0 1-0 FORCE", "[]");
    expect_times(t, 500, "g", 0, 0, 200);
}

#define CONSUMER_C "name c seen-time :1700000000100 active-time :1700000000100 pel-count :3"
#define CONSUMER_D "name d seen-time :1700000000200 active-time :-1 pel-count :0 pending []"

static const char *full_from(struct fixture *t, const char *command, const char *field)
{
    const char *at = strstr(answer_to(t, 300, 0, command), field);

    return at ? at : "";
}

static void full_tells_of_entries_and_groups(void **state)
{
    struct fixture *t = *state;
    static const char all[] = "entries [[1-0 [f a]] [2-0 [f b]] [3-0 [f c]] [4-0 [f d]]] groups [[name g "
                              "last-delivered-id 3-0 entries-read :3 lag :1 pel-count :3 ";

    a_stream_of_four(t);
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    answer_to(t, 100, 0, "XREADGROUP GROUP g c COUNT 3 STREAMS s >");
    expect(t, 200, "XGROUP CREATECONSUMER s g d", ":1");
    for (const char *const *c = (const char *const[]){"XINFO STREAM s FULL", "XINFO STREAM s full COUNT 0",
                                                      "XINFO STREAM s FULL count -1",
                                                      "XINFO STREAM s FULL COUNT 9223372036854775807", NULL};
         *c; c++) {
        assert_memory_equal(full_from(t, *c, "entries [["), all, sizeof all - 1);
        assert_string_equal(full_from(t, *c, "consumers ["),
                            "consumers [[" CONSUMER_C
                            " pending [[1-0 :1700000000100 :1] [2-0 :1700000000100 :1] "
                            "[3-0 :1700000000100 :1]]] [" CONSUMER_D "]]]]]");
    }
    assert_string_equal(full_from(t, "XINFO STREAM s FULL COUNT 1", "consumers ["),
                        "consumers [[" CONSUMER_C " pending [[1-0 :1700000000100 :1]]] [" CONSUMER_D "]]]]]");
    assert_non_null(
        strstr(answer_to(t, 300, 0, "XINFO STREAM s FULL COUNT 1"), "entries [[1-0 [f a]]] groups"));
    assert_non_null(strstr(t->text.p, "pending [[1-0 c :1700000000100 :1]] consumers"));
}

/* Ten entries, and ten pending ones of each list. */
static void full_stops_at_ten(void **state)
{
    struct fixture *t = *state;
    unsigned rows = 0;

    for (int i = 1; i <= 12; i++) {
        char command[32];

        snprintf(command, sizeof command, "XADD s %d-0 f v", i);
        answer_to(t, 0, 0, command);
    }
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g c STREAMS s >");
    for (const char *at = answer_to(t, 0, 0, "XINFO STREAM s FULL"); (at = strstr(at, "10-0 ")); at++)
        rows++;
    assert_int_equal(rows, 3);
    assert_null(strstr(t->text.p, "11-0 "));
}

static void full_refuses(void **state)
{
    struct fixture *t = *state;

    a_stream_of_four(t);
    expect(t, 0, "XINFO STREAM none FULL FOO", "-ERR no such key");
    expect(t, 0, "XINFO STREAM s FOO",
           "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    expect(t, 0, "XINFO STREAM s FULL COUNT",
           "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    expect(t, 0, "XINFO STREAM s FULL FOO 1",
           "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    expect(t, 0, "XINFO STREAM s FULL COUNT x", "-ERR value is not an integer or out of range");
    expect(t, 0, "XINFO STREAM s FULL COUNT 1 2",
           "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
}

static const char *numbers(struct fixture *t)
{
    static char text[512];
    const char *at = strstr(answer_to(t, 0, 0, "XINFO STREAM s"), "last-generated-id");
    const char *end = at ? strpbrk(strstr(at, "recorded-first-entry-id ") + 24, " ") : NULL;

    assert_non_null(end);
    snprintf(text, sizeof text, "%.*s", (int)(end - at), at);
    return text;
}

#define NUMBERS(last, deleted, added, first)                                                                 \
    "last-generated-id " last " max-deleted-entry-id " deleted " entries-added :" added                      \
    " recorded-first-entry-id " first

/* Deleting is remembered by its greatest id, trimming is not; nothing takes the last id back but XSETID. */
static void what_a_stream_remembers(void **state)
{
    struct fixture *t = *state;

    a_stream_of_four(t);
    assert_string_equal(numbers(t), NUMBERS("4-0", "0-0", "4", "1-0"));
    expect(t, 0, "XTRIM s MAXLEN 3", ":1");
    assert_string_equal(numbers(t), NUMBERS("4-0", "0-0", "4", "2-0"));
    expect(t, 0, "XDEL s 3-0", ":1");
    expect(t, 0, "XDELEX s IDS 1 2-0", "[:1]");
    assert_string_equal(numbers(t), NUMBERS("4-0", "3-0", "4", "4-0"));
    expect(t, 0, "XADD s MAXLEN 0 9-0 f v", "9-0");
    assert_string_equal(numbers(t), NUMBERS("9-0", "3-0", "5", "0-0"));
    expect(t, 0, "XSETID s 2-0",
           "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    expect(t, 0, "XSETID s 3-0 MAXDELETEDID 0-0", "+OK");
    assert_string_equal(numbers(t), NUMBERS("3-0", "3-0", "5", "0-0"));
    expect(t, 0, "EXISTS s", ":1");
    expect(t, 0, "TYPE s", "+stream");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        T(reading_is_seen_and_active),  T(a_wait_is_seen_when_it_begins_and_ends),
        T(claiming_is_seen_and_active), T(full_tells_of_entries_and_groups),
        T(full_stops_at_ten),           T(full_refuses),
        T(what_a_stream_remembers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
