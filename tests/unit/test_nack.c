/* XNACK and XREADGROUP CLAIM: what is given back, who gets it next, and who waits for it. */
#include "fixture.h"
#include "store/group.h"
#include "store/stream.h"
#include <stdio.h>
#include <time.h>

#define READ(rest) "XREADGROUP GROUP g " rest " STREAMS k >"

/* Five entries, 1-0 to 5-0; alice got 1-0 at 0 s, 2-0 at 1 s, 3-0 at 2 s. */
static void three_of_five(struct fixture *t)
{
    expect(t, 0, "XGROUP CREATE k g 0 MKSTREAM", "+OK");
    for (int i = 1; i <= 5; i++) {
        char add[32], id[8];

        snprintf(add, sizeof add, "XADD k %d-0 n %d", i, i);
        snprintf(id, sizeof id, "%d-0", i);
        expect(t, 0, add, id);
    }
    expect(t, 0 * SEC, READ("alice COUNT 1"), "[[k [[1-0 [n 1]]]]]");
    expect(t, 1 * SEC, READ("alice COUNT 1"), "[[k [[2-0 [n 2]]]]]");
    expect(t, 2 * SEC, READ("alice COUNT 1"), "[[k [[3-0 [n 3]]]]]");
}

static const struct group *group_of(struct fixture *t, const char *key)
{
    return stream_group(db_find(&t->service.broker, 0, slice_of(key))->stream, SLICE("g"));
}

/* --- XNACK --- */

static void what_is_given_back_is_nobodys(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 2 2-0 1-0", ":2");
    expect(t, 3 * SEC, "XPENDING k g", "[:3 1-0 3-0 [[alice 1]]]");
    expect(t, 3 * SEC, "XPENDING k g - + 9", "[[1-0 \"\" :-1 :1] [2-0 \"\" :-1 :1] [3-0 alice :1000 :1]]");
    expect(t, 3 * SEC, "XPENDING k g IDLE 9223372036854775807 - + 9",
           "[[1-0 \"\" :-1 :1] [2-0 \"\" :-1 :1]]");
    expect(t, 3 * SEC, "XPENDING k g - + 9 alice", "[[3-0 alice :1000 :1]]");
    expect(t, 3 * SEC, "XREADGROUP GROUP g alice STREAMS k 0", "[[k [[3-0 [n 3]]]]]");
    expect(t, 3 * SEC, "XINFO CONSUMERS k g", "[[name alice pending :1 idle :0 inactive :1000]]");
    expect(t, 3 * SEC, "XINFO GROUPS k",
           "[[name g consumers :1 pending :3 last-delivered-id 3-0 entries-read :3 lag :2]]");
    expect(t, 3 * SEC, "XACK k g 1-0 2-0", ":2");
    expect(t, 3 * SEC, "XPENDING k g", "[:1 3-0 3-0 [[alice 1]]]");
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 1 3-0", ":1");
    expect(t, 3 * SEC, "XPENDING k g", "[:1 3-0 3-0 []]");
}

static void full_info_tells_them(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "XNACK k g SILENT IDS 1 2-0", ":1");
    assert_non_null(
        strstr(answer_to(t, 3 * SEC, 0, "XINFO STREAM k FULL"),
               "pel-count :3 nacked-count :1 pending [[1-0 alice :1700000000000 :1] [2-0 \"\" :0 :0] "
               "[3-0 alice :1700000002000 :1]] consumers [[name alice seen-time :1700000002000 "
               "active-time :1700000002000 pel-count :2 pending [[1-0 :1700000000000 :1] "
               "[3-0 :1700000002000 :1]]]]"));
}

static void the_mode_says_what_becomes_of_the_count(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XCLAIM k g alice 0 1-0 RETRYCOUNT 7 JUSTID", "[1-0]");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0", ":1");
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :7]]");
    expect(t, 0, "XNACK k g SILENT IDS 3 1-0 1-0 1-0", ":3"); /* each counts */
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :4]]");
    expect(t, 0, "XNACK k g silent ids 1 1 retrycount 1", ":1");
    expect(t, 0, "XNACK k g SILENT IDS 3 1-0 1-0 1-0", ":3"); /* not below 0 */
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :0]]");
    expect(t, 0, "XNACK k g FATAL IDS 1 1-0", ":1");
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :9223372036854775807]]");
    expect(t, 0, "XCLAIM k g bob 99999 1-0", "[[1-0 [n 1]]]"); /* no more than that */
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 bob :0 :9223372036854775807]]");
    expect(t, 0, "XNACK k g SILENT IDS 1 1-0", ":1");
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :9223372036854775806]]");
    expect(t, 0, "XNACK k g FATAL IDS 1 1-0 RETRYCOUNT 3", ":1");
    expect(t, 0, "XPENDING k g 1 1 1", "[[1-0 \"\" :-1 :3]]");
}

static void every_count_is_kept(void **state)
{
    static const char *const count[] = {"0",
                                        "1099511627774",
                                        "1099511627775",
                                        "1099511627776",
                                        "1099511627777",
                                        "4611686018427387904",
                                        "9223372036854775806",
                                        "9223372036854775807"};
    struct fixture *t = *state;
    char text[120];

    three_of_five(t);
    for (size_t i = 0; i < sizeof count / sizeof *count; i++) {
        snprintf(text, sizeof text, "XNACK k g FAIL IDS 1 2-0 RETRYCOUNT %s", count[i]);
        expect(t, 0, text, ":1");
        snprintf(text, sizeof text, "XCLAIM k g bob 0 1-0 RETRYCOUNT %s JUSTID", count[i]);
        expect(t, 0, text, "[1-0]");
        snprintf(text, sizeof text, "[[1-0 bob :0 :%s] [2-0 \"\" :-1 :%s]]", count[i], count[i]);
        expect(t, 0, "XPENDING k g 1 2 9", text);
        pel_check(&group_of(t, "k")->pel);
    }
    expect(t, 0, "XCLAIM k g bob 0 1-0 RETRYCOUNT 1099511627774 JUSTID", "[1-0]");
    for (unsigned i = 0; i < 3; i++)
        expect(t, 0, "XCLAIM k g bob 0 1-0", "[[1-0 [n 1]]]");
    expect(t, 0, "XPENDING k g 1 1 9", "[[1-0 bob :0 :1099511627777]]");
}

static void force_makes_what_was_not_pending(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XNACK k g FAIL IDS 2 4-0 9-9", ":0");
    expect(t, 0, "XNACK k g FAIL FORCE IDS 3 4-0 9-9 1-0", ":2"); /* 9-9 is no entry */
    expect(t, 0, "XNACK k g SILENT IDS 1 5-0 FORCE", ":1");
    expect(t, 0, "XPENDING k g - + 9",
           "[[1-0 \"\" :-1 :1] [2-0 alice :0 :1] [3-0 alice :0 :1] [4-0 \"\" :-1 :0] [5-0 \"\" :-1 :0]]");
    expect(t, 0, "XACK k g 4-0 5-0", ":2");
    expect(t, 0, "XNACK k g RETRYCOUNT", "-ERR wrong number of arguments for 'xnack' command");
    expect(t, 0, "XNACK k g FATAL RETRYCOUNT 12 FORCE IDS 1 4-0", ":1");
    expect(t, 0, "XNACK k g FATAL IDS 1 5-0 FORCE", ":1");
    expect(t, 0, "XPENDING k g 4 + 9", "[[4-0 \"\" :-1 :12] [5-0 \"\" :-1 :9223372036854775807]]");
    expect(t, 0, "XPENDING k g", "[:5 1-0 5-0 [[alice 2]]]");
}

static void what_is_wrong_is_told_in_order(void **state)
{
    static const char no_group[] = "-NOGROUP No such key 'k' or consumer group 'x'",
                      mode[] = "-ERR mode must be SILENT, FAIL, or FATAL",
                      numids[] = "-ERR numids must be a positive integer",
                      fewer[] = "-ERR number of IDs doesn't match numids",
                      bad_id[] = "-ERR Invalid stream ID specified as stream command argument",
                      no_ids[] = "-ERR syntax error, expected IDS keyword",
                      negative[] = "-ERR Invalid RETRYCOUNT value, must be >= 0",
                      no_int[] = "-ERR value is not an integer or out of range";
    struct fixture *t = *state;

    expect(t, 0, "XNACK k x WHAT IDS 0 abc", no_group);
    expect(t, 0, "SET s v", "+OK");
    expect(t, 0, "XNACK s x WHAT IDS 0 abc",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    three_of_five(t);
    expect(t, 0, "XNACK k x WHAT IDS 0 abc", no_group);
    expect(t, 0, "XNACK k g SILENT IDS 1", "-ERR wrong number of arguments for 'xnack' command");
    expect(t, 0, "XNACK k g WHAT IDS 0 abc", mode);
    expect(t, 0, "XNACK k g IDS 1 1-0 FAIL", mode);
    expect(t, 0, "XNACK k g FAIL IDS 0 abc", numids);
    expect(t, 0, "XNACK k g FAIL IDS -1 1-0", numids);
    expect(t, 0, "XNACK k g FAIL IDS x 1-0", numids);
    expect(t, 0, "XNACK k g FAIL IDS 9223372036854775808 1-0", numids);
    expect(t, 0, "XNACK k g FAIL IDS 2 1-0", fewer);
    expect(t, 0, "XNACK k g FAIL IDS 9223372036854775807 1-0", fewer);
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 2-0", "-ERR Unrecognized XNACK option '2-0'");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 IDS 1 2-0", "-ERR Unrecognized XNACK option 'IDS'");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 RETRYCOUNT", "-ERR Unrecognized XNACK option 'RETRYCOUNT'");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 RETRYCOUNT -1", negative);
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 RETRYCOUNT x", no_int);
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0 RETRYCOUNT 9223372036854775808", no_int);
    expect(t, 0, "XNACK k g FAIL FORCE RETRYCOUNT 1", no_ids);
    expect(t, 0, "XNACK k g FAIL IDS 2 1-0 abc", bad_id);
    expect(t, 0, "XNACK k g FAIL IDS 2 1-0 FORCE", bad_id);
    expect(t, 0, "XNACK k g FAIL IDS 1 (1-0", bad_id);
    expect(t, 0, "XPENDING k g", "[:3 1-0 3-0 [[alice 3]]]"); /* nothing was done */
}

static void they_go_with_group_and_not_with_consumer(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0", ":1");
    expect(t, 0, "XGROUP DELCONSUMER k g alice", ":2");
    expect(t, 0, "XPENDING k g", "[:1 1-0 1-0 []]");
    expect(t, 0, "XPENDING k g", "[:1 1-0 1-0 []]");
    group_check(group_of(t, "k"));
    expect(t, 0, "XGROUP DESTROY k g", ":1");
    expect(t, 0, "XGROUP CREATE k g 0", "+OK");
    expect(t, 0, "XPENDING k g", "[:0 nil nil nil-array]");
}

static void a_position_set_back_delivers_them_anew(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XNACK k g FATAL IDS 2 1-0 2-0", ":2");
    expect(t, 0, "XGROUP SETID k g 0", "+OK");
    expect(t, 4 * SEC, READ("bob COUNT 2"), "[[k [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 4 * SEC, "XPENDING k g - + 9", "[[1-0 bob :0 :1] [2-0 bob :0 :1] [3-0 alice :2000 :1]]");
    group_check(group_of(t, "k"));
    expect(t, 4 * SEC, "XNACK k g FAIL IDS 1 1-0", ":1");
    expect(t, 4 * SEC, "XGROUP SETID k g 0", "+OK");
    expect(t, 4 * SEC, READ("bob COUNT 1 NOACK"), "[[k [[1-0 [n 1]]]]]");
    expect(t, 4 * SEC, "XPENDING k g 1 1 9", "[[1-0 \"\" :-1 :1]]");
}

static void claims_do_not_ask_how_long(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 2 1-0 3-0", ":2");
    expect(t, 3 * SEC, "XCLAIM k g bob 9999999 1-0 2-0", "[[1-0 [n 1]]]");
    expect(t, 3 * SEC, "XAUTOCLAIM k g bob 9999999 0", "[0-0 [[3-0 [n 3]]] []]");
    expect(t, 3 * SEC, "XPENDING k g - + 9", "[[1-0 bob :0 :2] [2-0 alice :2000 :1] [3-0 bob :0 :2]]");
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 2 1-0 3-0", ":2");
    expect(t, 3 * SEC, "XAUTOCLAIM k g bob 9999999 0 COUNT 1 JUSTID", "[2-0 [1-0] []]");
    expect(t, 3 * SEC, "XPENDING k g 1 1 9", "[[1-0 bob :0 :2]]");
}

static void one_whose_message_is_gone(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XNACK k g FAIL IDS 3 1-0 2-0 3-0", ":3");
    expect(t, 0, "XDEL k 2-0", ":1");
    expect(t, 0, "XTRIM k MINID 2", ":1");
    expect(t, 0, "XPENDING k g - + 9", "[[1-0 \"\" :-1 :1] [2-0 \"\" :-1 :1] [3-0 \"\" :-1 :1]]");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0", ":1"); /* is pending, that is all it takes */
    expect(t, 0, READ("bob CLAIM 0"), "[[k [[3-0 [n 3] :-1 :1] [4-0 [n 4] :0 :0] [5-0 [n 5] :0 :0]]]]");
    expect(t, 0, "XPENDING k g - + 2", "[[1-0 \"\" :-1 :1] [2-0 \"\" :-1 :1]]");
    expect(t, 0, "XAUTOCLAIM k g bob 9999 0 COUNT 1 JUSTID", "[2-0 [] [1-0]]");
    expect(t, 0, "XCLAIM k g bob 9999 2-0", "[]");
    expect(t, 0, "XPENDING k g", "[:3 3-0 5-0 [[bob 3]]]");
}

/* --- CLAIM --- */

static void the_longest_delivered_comes_first(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 2 * SEC, "XCLAIM k g carol 0 1-0", "[[1-0 [n 1]]]");
    expect(t, 5 * SEC, READ("bob COUNT 2 CLAIM 3001"), "[[k [[2-0 [n 2] :4000 :1] [4-0 [n 4] :0 :0]]]]");
    expect(t, 5 * SEC, READ("bob CLAIM 3000 COUNT 1"), "[[k [[1-0 [n 1] :3000 :2]]]]");
    expect(t, 5 * SEC, READ("bob CLAIM 3000 COUNT 3"), "[[k [[3-0 [n 3] :3000 :1] [5-0 [n 5] :0 :0]]]]");
    expect(t, 5 * SEC, READ("bob CLAIM 3000 COUNT 3"), "nil-array");
    expect(t, 5 * SEC, "XPENDING k g", "[:5 1-0 5-0 [[bob 5]]]");
    expect(t, 6 * SEC, "XNACK k g FAIL IDS 2 4-0 1-0", ":2");
    expect(t, 6 * SEC, READ("carol CLAIM 1000"),
           "[[k [[4-0 [n 4] :-1 :1] [1-0 [n 1] :-1 :3] [2-0 [n 2] :1000 :2] [3-0 [n 3] :1000 :2] "
           "[5-0 [n 5] :1000 :1]]]]");
    /* its own, too, and each but once */
    expect(t, 6 * SEC, READ("carol CLAIM 0 COUNT 2"), "[[k [[1-0 [n 1] :0 :4] [2-0 [n 2] :0 :3]]]]");
    expect(
        t, 6 * SEC, READ("carol CLAIM 0"),
        "[[k [[1-0 [n 1] :0 :5] [2-0 [n 2] :0 :4] [3-0 [n 3] :0 :3] [4-0 [n 4] :0 :2] [5-0 [n 5] :0 :2]]]]");
    group_check(group_of(t, "k"));
}

static void given_back_come_in_the_order_they_were(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XNACK k g FAIL IDS 3 3-0 1-0 2-0", ":3");
    expect(t, 0, "XNACK k g FAIL IDS 1 1-0", ":1"); /* to the end */
    expect(t, 0, READ("bob CLAIM 99999999 COUNT 2"), "[[k [[3-0 [n 3] :-1 :1] [2-0 [n 2] :-1 :1]]]]");
    expect(t, 0, READ("bob CLAIM 99999999 COUNT 2"), "[[k [[1-0 [n 1] :-1 :1] [4-0 [n 4] :0 :0]]]]");
}

static void both_protocols(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 4 * SEC, READ("bob CLAIM 2000 COUNT 4"),
           "{k [[1-0 [n 1] :4000 :1] [2-0 [n 2] :3000 :1] [3-0 [n 3] :2000 :1] [4-0 [n 4] :0 :0]]}");
    expect(t, 4 * SEC, READ("bob COUNT 1"), "{k [[5-0 [n 5]]]}");
    expect(t, 4 * SEC, READ("bob CLAIM 1"), "nil");
}

static void noack_is_for_new_ones_alone(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, READ("bob NOACK CLAIM 3000"),
           "[[k [[1-0 [n 1] :3000 :1] [4-0 [n 4] :0 :0] [5-0 [n 5] :0 :0]]]]");
    expect(t, 3 * SEC, "XPENDING k g - + 9", "[[1-0 bob :0 :2] [2-0 alice :2000 :1] [3-0 alice :1000 :1]]");
}

static void several_streams(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XGROUP CREATE l g 0 MKSTREAM", "+OK");
    expect(t, 0, "XADD l 7-0 n 7", "7-0");
    expect(t, 0, "XGROUP CREATE m g 0 MKSTREAM", "+OK");
    expect(t, 3 * SEC, "XREADGROUP GROUP g bob COUNT 1 CLAIM 3000 STREAMS m k l k > > > >",
           "[[k [[1-0 [n 1] :3000 :1]]] [l [[7-0 [n 7] :0 :0]]] [k [[4-0 [n 4] :0 :0]]]]");
    /* history is as ever */
    expect(t, 4 * SEC, "XREADGROUP GROUP g alice COUNT 1 CLAIM 3000 STREAMS k l 0 >", "[[k [[2-0 [n 2]]]]]");
    expect(t, 4 * SEC, "XREADGROUP GROUP g alice CLAIM 0 BLOCK 0 STREAMS m 0", "[[m []]]");
}

static void claim_has_errors_of_its_own(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, READ("bob CLAIM x"), "-ERR min-idle-time is not an integer or out of range");
    expect(t, 0, READ("bob CLAIM 9223372036854775808"),
           "-ERR min-idle-time is not an integer or out of range");
    expect(t, 0, READ("bob CLAIM -1"), "-ERR min-idle-time must be a positive integer");
    expect(t, 0, "XREAD CLAIM 0 STREAMS k 0",
           "-ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.");
    expect(
        t, 0, "XREADGROUP GROUP g bob STREAMS k > CLAIM",
        "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.");
    expect(t, 9 * SEC, READ("bob CLAIM 9223372036854775807 COUNT 1"), "[[k [[4-0 [n 4] :0 :0]]]]");
    expect(t, 9 * SEC, "COMMAND GETKEYS XREADGROUP GROUP g c CLAIM 5 STREAMS k >", "[k]");
}

static void in_a_transaction(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "MULTI", "+OK");
    expect(t, 3 * SEC, READ("bob BLOCK 0 CLAIM 2500"), "+QUEUED");
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 1 1-0", "+QUEUED");
    expect(t, 3 * SEC, READ("bob BLOCK 0 CLAIM 2500"), "+QUEUED");
    expect(t, 3 * SEC, READ("bob BLOCK 0 CLAIM 2500"), "+QUEUED");
    expect(t, 3 * SEC, "EXEC",
           "[[[k [[1-0 [n 1] :3000 :1] [4-0 [n 4] :0 :0] [5-0 [n 5] :0 :0]]]] :1 [[k [[1-0 [n 1] :-1 :2]]]] "
           "nil-array]");
}

static void watch_sees_it(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "WATCH k", "+OK");
    expect_as(t, 1, 0, "XNACK k g FAIL IDS 1 1-0", ":1");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "EXEC", "nil-array");
    expect(t, 0, "WATCH k", "+OK");
    expect_as(t, 1, 0, "XNACK k g FAIL IDS 1 9-0", ":0"); /* changes nothing */
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "EXEC", "[]");
}

/* --- what it costs --- */

/* In parts: a reply of all would take long to render. */
static void deliver(struct fixture *t, int from, int to)
{
    char line[64];

    for (int i = from; i <= to; i++) {
        snprintf(line, sizeof line, "XADD k %d-0 f v\r\n", i);
        feed(t, 0, 0, slice_of(line));
        if (i % 500 == 0 || i == to) {
            feed(t, 0, 0, SLICE(READ("alice") "\r\n"));
            heard(t, 0);
        }
    }
}

/* CPU microseconds of one claim, asked so often that a clock can tell. */
static double claim_takes(struct fixture *t, msec at, const char *command, const char *reply)
{
    const int n = 2000;
    clock_t start = clock();

    for (int i = 0; i < n; i++)
        expect(t, at, command, reply);
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / n;
}

/* What nobody may claim yet, and what has no message any more, is not walked over: a claim among a million
 * costs about what it costs among a few. (A walk would take a thousand times as long.) */
static void what_is_passed_over_costs_nothing(void **state)
{
    const int many = 1000000;
    struct fixture *t = *state;
    double few, none, gone;

    expect(t, 0, "XGROUP CREATE k g 0 MKSTREAM", "+OK");
    deliver(t, 1, 10);
    few = claim_takes(t, 5 * SEC, READ("bob CLAIM 5001"), "nil-array");
    deliver(t, 11, many);
    none = claim_takes(t, 5 * SEC, READ("bob CLAIM 5001"), "nil-array");
    expect(t, 5 * SEC, "XTRIM k MINID 1000000", ":999999");
    expect(t, 9 * SEC, READ("bob CLAIM 5001"), "[[k [[1000000-0 [f v] :9000 :1]]]]");
    gone = claim_takes(t, 9 * SEC, READ("bob CLAIM 5001"), "nil-array");
    print_message("a fruitless claim: %.2f us, among a million %.2f us, all of them gone %.2f us\n", few,
                  none, gone);
    assert_true(none < 20 * few && gone < 20 * few);
    expect(t, 9 * SEC, READ("carol CLAIM 0"), "[[k [[1000000-0 [f v] :0 :2]]]]");
    expect(t, 9 * SEC, "XPENDING k g - + 1", "[[1-0 alice :9000 :1]]");
    group_check(group_of(t, "k"));
}

/* A message that was gone, and an entry with its id that came later: it may be claimed again. */
static void an_id_that_returns_may_be_claimed(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "XTRIM k MAXLEN 0", ":5");
    expect(t, 3 * SEC, READ("bob CLAIM 0"), "nil-array"); /* sets all of them aside */
    expect(t, 3 * SEC, "XSETID k 1-0", "+OK");
    expect(t, 3 * SEC, READ("bob CLAIM 0"), "nil-array");
    expect(t, 3 * SEC, "XADD k 2-0 n two", "2-0");
    expect(t, 3 * SEC, READ("bob CLAIM 0"), "[[k [[2-0 [n two] :2000 :1]]]]");
    expect(t, 3 * SEC, "XNACK k g FAIL IDS 2 2-0 3-0", ":2");
    expect(t, 3 * SEC, "XADD k 3-0 n three", "3-0");
    expect(t, 3 * SEC, READ("bob CLAIM 0"), "[[k [[2-0 [n two] :-1 :2] [3-0 [n three] :-1 :1]]]]");
    group_check(group_of(t, "k"));
}

static const struct stream *stream_k(struct fixture *t)
{
    return db_find(&t->service.broker, 0, SLICE("k"))->stream;
}

/* Where nothing is pending nothing can come back: XADD is not to look for it in every group. So it is with a
 * stream that MKSTREAM made, as a rewritten journal makes it again. */
static void nothing_pending_does_not_return(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD k MAXLEN 0 0-1 x y", "0-1");
    expect(t, 0, "XSETID k 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0", "+OK");
    expect(t, 0, "XGROUP CREATE k g 0", "+OK");
    expect(t, 0, "XADD k 5-0 n five", "5-0");
    expect(t, 0, "XSETID k 9-0", "+OK");
    expect(t, 0, "XSETID k 5-0", "+OK");
    assert_false(stream_ids_return(stream_k(t)));
    expect(t, 0, READ("ann"), "[[k [[5-0 [n five]]]]]");
    expect(t, 0, "XSETID k 5-0", "+OK");
    assert_false(stream_ids_return(stream_k(t)));
    expect(t, 0, "XTRIM k MAXLEN 0", ":1");
    expect(t, 0, "XSETID k 4-0", "+OK");
    assert_true(stream_ids_return(stream_k(t)));
}

/* Gone is gone, also when ids lie around it that came later: XAUTOCLAIM finds it whatever its idle time. */
static void an_id_that_did_not_return_is_told(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 3 * SEC, "XTRIM k MAXLEN 0", ":5");
    expect(t, 3 * SEC, "XSETID k 1-0", "+OK");
    expect(t, 3 * SEC, "XADD k 1-5 n x", "1-5");
    expect(t, 3 * SEC, "XADD k 9-0 n y", "9-0");
    expect(t, 3 * SEC, "XAUTOCLAIM k g bob 99999 0", "[0-0 [] [1-0 2-0 3-0]]");
}

/* --- waiting --- */

static void a_claim_is_woken_when_it_is_due(void **state)
{
    struct fixture *t = *state;
    const struct broker *b = &t->service.broker;

    three_of_five(t);
    expect(t, 2 * SEC, READ("alice"), "[[k [[4-0 [n 4]] [5-0 [n 5]]]]]");
    expect(t, 2 * SEC, READ("bob CLAIM 4000 BLOCK 0 COUNT 1"), "...");
    assert_true(deadlines_next(b, fixture_now(2 * SEC)) == 1000000); /* or the clock is set */
    pass_time(t, 4 * SEC - 1);
    expect_heard(t, 0, "...");
    assert_true(deadlines_next(b, fixture_now(4 * SEC - 1)) == 1000);
    pass_time(t, 4 * SEC);
    expect_heard(t, 0, "[[k [[1-0 [n 1] :4000 :1]]]]");
    assert_true(deadlines_next(b, fixture_now(4 * SEC)) == INT64_MAX); /* nobody waits: nothing is due */
}

/* What the deadline was set for may be gone by then: the wait goes on, to the next that is due. */
static void what_is_acknowledged_is_not_waited_for(void **state)
{
    struct fixture *t = *state;
    const struct broker *b = &t->service.broker;

    three_of_five(t);
    expect(t, 2 * SEC, READ("alice"), "[[k [[4-0 [n 4]] [5-0 [n 5]]]]]");
    expect(t, 2 * SEC, READ("bob CLAIM 4000 BLOCK 0"), "...");
    expect_as(t, 1, 2 * SEC, "XACK k g 1-0", ":1");
    expect_as(t, 1, 3 * SEC, "XCLAIM k g carol 0 2-0 JUSTID", "[2-0]");
    expect_as(t, 1, 3 * SEC, "XDEL k 3-0", ":1");
    pass_time(t, 4 * SEC);
    assert_true(deadlines_next(b, fixture_now(4 * SEC)) == 1000000);
    pass_time(t, 6 * SEC); /* 3-0 is gone, and was passed over */
    expect_heard(t, 0, "[[k [[4-0 [n 4] :4000 :1] [5-0 [n 5] :4000 :1]]]]");
}

static void what_becomes_pending_is_waited_for(void **state)
{
    struct fixture *t = *state;
    const struct broker *b = &t->service.broker;

    expect(t, 0, "XGROUP CREATE k g 0 MKSTREAM", "+OK");
    expect(t, 0, READ("bob CLAIM 1000 BLOCK 0"), "...");
    assert_true(deadlines_next(b, fixture_now(0)) == INT64_MAX);
    expect_as(t, 1, 0, "MULTI", "+OK");
    expect_as(t, 1, 0, "XADD k 1-0 n 1", "+QUEUED");
    expect_as(t, 1, 0, READ("alice"), "+QUEUED");
    expect_as(t, 1, 0, "EXEC", "[1-0 [[k [[1-0 [n 1]]]]]]");
    expect_heard(t, 0, "...");
    assert_true(deadlines_next(b, fixture_now(0)) == 1000000);
    expect_as(t, 1, 500, "XCLAIM k g alice 0 1-0 IDLE 900 JUSTID", "[1-0]"); /* sooner than that */
    assert_true(deadlines_next(b, fixture_now(500)) == 100000);
    pass_time(t, 599);
    expect_heard(t, 0, "...");
    pass_time(t, 600);
    expect_heard(t, 0, "[[k [[1-0 [n 1] :1000 :1]]]]");
}

static void the_shortest_idle_time_is_first(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 2 * SEC, READ("alice"), "[[k [[4-0 [n 4]] [5-0 [n 5]]]]]");
    expect_as(t, 1, 2 * SEC, READ("b1 CLAIM 9000 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 2, 2 * SEC, READ("b2 CLAIM 5000 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 3, 2 * SEC, READ("b3 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 4, 2 * SEC, READ("b4 CLAIM 5000 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 5, 2 * SEC, READ("b5 CLAIM 7000 BLOCK 0 COUNT 1"), "...");
    pass_time(t, 5 * SEC);
    expect_heard(t, 2, "[[k [[1-0 [n 1] :5000 :1]]]]");
    pass_time(t, 6 * SEC);
    expect_heard(t, 4, "[[k [[2-0 [n 2] :5000 :1]]]]");
    pass_time(t, 9 * SEC - 1);
    expect_heard(t, 5, "...");
    pass_time(t, 9 * SEC);
    expect_heard(t, 5, "[[k [[3-0 [n 3] :7000 :1]]]]");
    pass_time(t, 11 * SEC);
    expect_heard(t, 1, "[[k [[4-0 [n 4] :9000 :1]]]]");
    expect_heard(t, 3, "...");
    expect(t, 11 * SEC, "XADD k 6-0 n 6", "6-0");
    expect_heard(t, 3, "[[k [[6-0 [n 6]]]]]");
}

static void new_messages_go_to_who_waits_longest(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE k g 0 MKSTREAM", "+OK");
    expect_as(t, 1, 0, READ("b1 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 2, 0, READ("b2 CLAIM 0 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 3, 0, READ("b3 BLOCK 0 COUNT 1"), "...");
    expect_as(t, 4, 0, READ("b4 CLAIM 10 BLOCK 0 COUNT 1"), "...");
    expect(t, 0, "XADD k 1-0 n 1", "1-0");
    expect_heard(t, 1, "[[k [[1-0 [n 1]]]]]");
    /* 1-0 is pending and b2 asks for no idle time at all */
    expect_heard(t, 2, "[[k [[1-0 [n 1] :0 :1]]]]");
    expect(t, 0, "XADD k 2-0 n 2", "2-0");
    expect_heard(t, 3, "[[k [[2-0 [n 2]]]]]");
    expect_heard(t, 4, "...");
    pass_time(t, 10);
    expect_heard(t, 4, "[[k [[1-0 [n 1] :10 :2]]]]");
}

static void what_is_given_back_wakes(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 2 * SEC, READ("alice"), "[[k [[4-0 [n 4]] [5-0 [n 5]]]]]");
    expect_as(t, 1, 2 * SEC, READ("b1 BLOCK 0"), "...");
    expect_as(t, 2, 2 * SEC, READ("b2 CLAIM 9223372036854775807 BLOCK 0 COUNT 2"), "...");
    expect_as(t, 3, 2 * SEC, READ("b3 CLAIM 100000 BLOCK 0 COUNT 2"), "...");
    expect(t, 2 * SEC, "XNACK k g SILENT IDS 1 3-0", ":1");
    expect_heard(t, 3, "[[k [[3-0 [n 3] :-1 :0]]]]");
    expect(t, 2 * SEC, "XNACK k g FAIL IDS 3 5-0 2-0 4-0", ":3");
    expect_heard(t, 2, "[[k [[5-0 [n 5] :-1 :1] [2-0 [n 2] :-1 :1]]]]");
    expect_heard(t, 1, "...");
    expect_as(t, 3, 2 * SEC, READ("b3 CLAIM 100000 BLOCK 0"), "[[k [[4-0 [n 4] :-1 :1]]]]");
}

static void a_wait_ends(void **state)
{
    struct fixture *t = *state;
    const struct broker *b = &t->service.broker;
    static const char gone[] =
        "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option";

    three_of_five(t);
    expect(t, 2 * SEC, READ("alice"), "[[k [[4-0 [n 4]] [5-0 [n 5]]]]]");
    expect(t, 2 * SEC, READ("bob CLAIM 9000 BLOCK 500"), "...");
    assert_true(deadlines_next(b, fixture_now(2 * SEC)) == 500000);
    pass_time(t, 2500);
    expect_heard(t, 0, "nil-array");
    assert_int_equal(b->claimers, 0);
    expect(t, 3 * SEC, READ("bob CLAIM 9000 BLOCK 0"), "...");
    expect_as(t, 1, 3 * SEC, "CLIENT UNBLOCK 1", ":1");
    expect_heard(t, 0, "nil-array");
    expect(t, 3 * SEC, READ("bob CLAIM 9000 BLOCK 0"), "...");
    expect_as(t, 1, 3 * SEC, "CLIENT UNBLOCK 1 ERROR", ":1");
    expect_heard(t, 0, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    expect(t, 3 * SEC, READ("bob CLAIM 9000 BLOCK 0"), "...");
    expect_as(t, 2, 3 * SEC, READ("carol CLAIM 8000 BLOCK 0"), "...");
    assert_int_equal(b->claimers, 2);
    hang_up(t, 2);
    assert_int_equal(b->claimers, 1);
    assert_true(deadlines_next(b, fixture_now(3 * SEC)) <= 6000000);
    pass_time(t, 8 * SEC); /* for nothing */
    expect_heard(t, 0, "...");
    assert_true(deadlines_next(b, fixture_now(8 * SEC)) == 1000000);
    expect_as(t, 1, 8 * SEC, "XGROUP DESTROY k g", ":1");
    expect_heard(t, 0, gone);
    assert_true(deadlines_next(b, fixture_now(8 * SEC)) == INT64_MAX);
    expect(t, 8 * SEC, "XGROUP CREATE k g 0", "+OK");
    expect(t, 8 * SEC, READ("alice"), "[[k [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]] [4-0 [n 4]] [5-0 [n 5]]]]]");
    expect(t, 8 * SEC, READ("bob CLAIM 9000 BLOCK 0"), "...");
    expect_as(t, 1, 8 * SEC, "DEL k", ":1");
    expect_heard(t, 0, gone);
    assert_int_equal(b->claimers, 0);
}

static void one_waits_for_several_streams(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, 0, "XGROUP CREATE l g 0 MKSTREAM", "+OK");
    expect(t, 0, "XADD l 7-0 n 7", "7-0");
    expect(t, 2 * SEC, "XREADGROUP GROUP g alice STREAMS k l > >",
           "[[k [[4-0 [n 4]] [5-0 [n 5]]]] [l [[7-0 [n 7]]]]]");
    expect(t, 2 * SEC, "XREADGROUP GROUP g bob CLAIM 5000 BLOCK 0 STREAMS l k l > > >", "...");
    expect_as(t, 1, 2 * SEC, "XACK k g 1-0 2-0", ":2");
    pass_time(t, 7 * SEC); /* both at once */
    expect_heard(
        t, 0,
        "[[l [[7-0 [n 7] :5000 :1]]] [k [[3-0 [n 3] :5000 :1] [4-0 [n 4] :5000 :1] [5-0 [n 5] :5000 :1]]]]");
}

/* A thousand pending and a few who wait: one deadline, and nothing to do before it. */
static void waiting_costs_nothing(void **state)
{
    struct fixture *t = *state;
    const struct broker *b = &t->service.broker;

    three_of_five(t);
    for (int i = 0; i < 1000; i++)
        answer_to(t, 2 * SEC, 0, "XADD k * f v");
    answer_to(t, 2 * SEC, 0, READ("alice"));
    for (int i = 1; i < FIXTURE_CLIENTS; i++)
        expect_as(t, i, 2 * SEC, READ("bob CLAIM 5000 BLOCK 0 COUNT 1"), "...");
    assert_int_equal(b->claims.n, 1);
    assert_true(deadlines_next(b, fixture_now(2 * SEC)) == 1000000);
    for (int i = 0; i < 100; i++) {
        assert_false(queue_run(&t->service.broker, fixture_now(3 * SEC), 100));
        assert_true(list_empty(&b->ready));
    }
}

/* The clock is set back: what was delivered then is not idle for less than nothing. */
static void a_clock_that_goes_back(void **state)
{
    struct fixture *t = *state;

    three_of_five(t);
    expect(t, -5 * SEC, "XPENDING k g - + 1", "[[1-0 alice :0 :1]]");
    expect(t, -5 * SEC, READ("bob CLAIM 1 COUNT 1"), "[[k [[4-0 [n 4] :0 :0]]]]");
    expect(t, -5 * SEC, READ("bob CLAIM 0 COUNT 2"), "[[k [[4-0 [n 4] :0 :1] [1-0 [n 1] :0 :1]]]]");
    group_check(group_of(t, "k"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_given_back_is_nobodys),
        TEST(full_info_tells_them),
        TEST(the_mode_says_what_becomes_of_the_count),
        TEST(every_count_is_kept),
        TEST(force_makes_what_was_not_pending),
        TEST(what_is_wrong_is_told_in_order),
        TEST(they_go_with_group_and_not_with_consumer),
        TEST(a_position_set_back_delivers_them_anew),
        TEST(claims_do_not_ask_how_long),
        TEST(one_whose_message_is_gone),
        TEST(the_longest_delivered_comes_first),
        TEST(given_back_come_in_the_order_they_were),
        TEST(both_protocols),
        TEST(noack_is_for_new_ones_alone),
        TEST(several_streams),
        TEST(claim_has_errors_of_its_own),
        TEST(in_a_transaction),
        TEST(watch_sees_it),
        TEST(what_is_passed_over_costs_nothing),
        TEST(an_id_that_returns_may_be_claimed),
        TEST(an_id_that_did_not_return_is_told),
        TEST(nothing_pending_does_not_return),
        TEST(a_claim_is_woken_when_it_is_due),
        TEST(what_is_acknowledged_is_not_waited_for),
        TEST(what_becomes_pending_is_waited_for),
        TEST(the_shortest_idle_time_is_first),
        TEST(new_messages_go_to_who_waits_longest),
        TEST(what_is_given_back_wakes),
        TEST(a_wait_ends),
        TEST(one_waits_for_several_streams),
        TEST(waiting_costs_nothing),
        TEST(a_clock_that_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
