/* test_stream_cmds.c - the stream commands as a client sees them. */
#include "base/random.h"
#include "fixture.h"
#include <stdio.h>

static void added_message_is_read_back(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD jobs 1-0 job a", "1-0");
    expect(t, 0, "XADD jobs 1-* job b n 2", "1-1");
    expect(t, 7, "XADD jobs * job c", "1700000000007-0");
    expect(t, 3, "XADD jobs * job d", "1700000000007-1");
    expect(t, 0, "XLEN jobs", ":4");
    expect(t, 0, "XRANGE jobs - + COUNT 2", "[[1-0 [job a]] [1-1 [job b n 2]]]");
    expect(t, 0, "XREVRANGE jobs + - COUNT 1", "[[1700000000007-1 [job d]]]");
    expect(t, 0, "XRANGE jobs (1-0 1-9", "[[1-1 [job b n 2]]]");
    expect(t, 0, "XRANGE jobs 1 1", "[[1-0 [job a]] [1-1 [job b n 2]]]");
    expect(t, 0, "XRANGE jobs 2 1", "[]");
    expect(t, 0, "XRANGE jobs - + COUNT 0", "nil-array");
    expect(t, 0, "XRANGE none - + COUNT 0", "[]");
}

static void xadd_refuses(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XADD text 0-0 a b", "-ERR The ID specified in XADD must be greater than 0-0");
    expect(t, 0, "XADD text * a b", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "XADD jobs * a b c", "-ERR wrong number of arguments for 'xadd' command");
    expect(t, 0, "XADD jobs NOMKSTREAM * a b", "nil");
    expect(t, 0, "XADD jobs MAXLEN 1 MINID 1 * a b",
           "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    expect(t, 0, "XADD jobs MAXLEN -1 * a b", "-ERR The MAXLEN argument must be >= 0.");
    expect(t, 0, "XADD jobs MAXLEN x * a b", "-ERR value is not an integer or out of range");
    expect(t, 0, "XADD jobs MAXLEN 5 LIMIT 1 * a b",
           "-ERR syntax error, LIMIT cannot be used without the special ~ option");
    expect(t, 0, "XADD jobs LIMIT 1 * a b",
           "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    expect(t, 0, "XADD jobs LIMIT 0 * a b",
           "-ERR syntax error, LIMIT cannot be used without the special ~ option");
    expect(t, 0, "XADD jobs - a b", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XADD jobs KEEP * a b", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "EXISTS jobs", ":0");
    expect(t, 0, "XADD jobs 0-* a b", "0-1");
    expect(t, 0, "XADD jobs 5 a b", "5-0");
    expect(t, 0, "XADD jobs 5-0 a b",
           "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
    expect(t, 0, "XADD jobs 4-* a b",
           "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
    expect(t, 0, "XADD jobs 18446744073709551615-18446744073709551615 a b",
           "18446744073709551615-18446744073709551615");
    expect(t, 0, "XADD jobs * a b",
           "-ERR The stream has exhausted the last possible ID, unable to add more items");
}

static void add_many(struct fixture *t, const char *options, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char command[128], id[32];

        snprintf(id, sizeof id, "%d-0", i);
        snprintf(command, sizeof command, "XADD jobs %s %s n %d", options, id, i);
        expect(t, 0, command, id);
    }
}

static void trimming_keeps_the_newest(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET stream-node-max-entries 10", "+OK");
    add_many(t, "", 1, 100);
    expect(t, 0, "XADD jobs MAXLEN ~ 55 LIMIT 30 101-0 n 101", "101-0");
    expect(t, 0, "XLEN jobs", ":71");
    expect(t, 0, "XADD jobs MAXLEN ~ 55 LIMIT 30 102-0 n 102", "102-0");
    expect(t, 0, "XLEN jobs", ":62");
    expect(t, 0, "XTRIM jobs MAXLEN = 50", ":12");
    expect(t, 0, "XTRIM jobs MINID 60", ":7");
    expect(t, 0, "XRANGE jobs - + COUNT 1", "[[60-0 [n 60]]]");
    expect(t, 0, "XADD jobs MAXLEN 0 200-0 n 200", "200-0");
    expect(t, 0, "XLEN jobs", ":0");
    expect(t, 0, "EXISTS jobs", ":1");
    expect(t, 0, "XTRIM none MAXLEN 5", ":0");
    expect(t, 0, "XTRIM jobs LIMIT 3",
           "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    expect(t, 0, "XTRIM jobs LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy");
    expect(t, 0, "XTRIM jobs FOO 3", "-ERR syntax error");
    expect(t, 0, "XTRIM jobs MAXLEN ~", "-ERR value is not an integer or out of range");
}

static void deleted_message_is_gone(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 5);
    expect(t, 0, "XDEL jobs 2 4-0 4-0 9-9", ":2");
    expect(t, 0, "XDEL jobs 1-0 x", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XDEL none x", ":0");
    expect(t, 0, "XRANGE jobs - +", "[[1-0 [n 1]] [3-0 [n 3]] [5-0 [n 5]]]");
    expect(t, 0, "XREVRANGE jobs + -", "[[5-0 [n 5]] [3-0 [n 3]] [1-0 [n 1]]]");
}

static void xsetid_checks_its_numbers(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XSETID jobs 1-0", "-ERR no such key");
    add_many(t, "", 1, 5);
    expect(t, 0, "XSETID jobs 4-0",
           "-ERR The ID specified in XSETID is smaller than the target stream top item");
    expect(t, 0, "XSETID jobs 9-0 ENTRIESADDED 4",
           "-ERR The entries_added specified in XSETID is smaller than the target stream length");
    expect(t, 0, "XSETID jobs 9-0 ENTRIESADDED -4", "-ERR entries_added must be positive");
    expect(t, 0, "XSETID jobs 9-0 MAXDELETEDID 10-0",
           "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
    expect(t, 0, "XSETID jobs 9-0 5", "-ERR syntax error");
    expect(t, 0, "XSETID jobs 9-0 ENTRIESADDED 20 MAXDELETEDID 7-0", "+OK");
    expect(t, 0, "XSETID jobs 6-0",
           "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    expect(t, 0, "XINFO STREAM jobs",
           "[length :5 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 9-0 max-deleted-entry-id 7-0 "
           "entries-added :20 recorded-first-entry-id 1-0 "
           "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
           "iids-added :0 iids-duplicates :0 groups :0 first-entry [1-0 [n 1]] last-entry [5-0 "
           "[n 5]]]");
}

static void xread_reads_several_streams(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 3);
    expect(t, 0, "XADD more 1-0 m 1", "1-0");
    expect(t, 0, "XREAD COUNT 2 STREAMS jobs more none 1 0 0",
           "[[jobs [[2-0 [n 2]] [3-0 [n 3]]]] [more [[1-0 [m 1]]]]]");
    expect(t, 0, "XREAD STREAMS jobs $", "nil-array");
    expect(t, 0, "XREAD COUNT 9 STREAMS jobs +", "[[jobs [[3-0 [n 3]]]]]");
    expect(
        t, 0, "XREAD STREAMS jobs more 0",
        "-ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.");
    expect(t, 0, "XREAD STREAMS jobs >",
           "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
           "option.");
    expect(t, 0, "XREAD NOACK STREAMS jobs 0",
           "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
    expect(t, 0, "XREAD BLOCK -1 STREAMS jobs 0", "-ERR timeout is negative");
    expect(t, 0, "XREAD BLOCK x STREAMS jobs 0", "-ERR timeout is not an integer or out of range");
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XREAD STREAMS jobs text 0 0",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 0, "XREAD COUNT 1 STREAMS jobs 0", "{jobs [[1-0 [n 1]]]}");
    expect(t, 0, "XREAD STREAMS jobs $", "nil");
}

static void everyone_who_reads_gets_a_copy(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 1);
    expect_as(t, 1, 0, "XREAD BLOCK 0 STREAMS jobs $", "...");
    expect_as(t, 2, 0, "XREAD BLOCK 1000 STREAMS none jobs 0 5", "...");
    expect(t, 1, "XADD jobs 2-0 n 2", "2-0");
    expect_heard(t, 1, "[[jobs [[2-0 [n 2]]]]]");
    expect_heard(t, 2, "...");
    pass_time(t, 999);
    expect_heard(t, 2, "...");
    pass_time(t, 1000);
    expect_heard(t, 2, "nil-array");
}

/* The place is remembered as an id, whatever becomes of the key. */
static void xread_waits_through_a_change_of_type(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 5, 5);
    expect_as(t, 1, 0, "XREAD BLOCK 0 STREAMS jobs $", "...");
    expect(t, 0, "SET jobs x", "+OK");
    expect(t, 0, "DEL jobs", ":1");
    add_many(t, "", 4, 5);
    expect_heard(t, 1, "...");
    add_many(t, "", 6, 6);
    expect_heard(t, 1, "[[jobs [[6-0 [n 6]]]]]");
}

static void a_group_shares_its_messages(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 3);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g alice COUNT 1 STREAMS jobs >", "[[jobs [[1-0 [n 1]]]]]");
    expect(t, 0, "XREADGROUP GROUP g bob COUNT 0 STREAMS jobs >", "[[jobs [[2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 0, "XREADGROUP GROUP g carol STREAMS jobs >", "nil-array");
    expect(t, 0, "XINFO CONSUMERS jobs g",
           "[[name alice pending :1 idle :0 inactive :0] [name bob pending :2 idle :0 inactive :0] "
           "[name carol pending :0 idle :0 inactive :-1]]");
    expect(t, 0, "XACK jobs g 2-0 2-0 1-0 9-0", ":2");
    expect(t, 0, "XACK jobs g 3-0 x", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XACK jobs none 3-0", ":0");
    expect(t, 0, "XPENDING jobs g", "[:1 3-0 3-0 [[bob 1]]]");
    expect(t, 0, "XREADGROUP GROUP g carol NOACK STREAMS jobs >", "nil-array");
    add_many(t, "", 4, 4);
    expect(t, 0, "XREADGROUP GROUP g carol NOACK STREAMS jobs >", "[[jobs [[4-0 [n 4]]]]]");
    expect(t, 0, "XPENDING jobs g - + 10 carol", "[]");
    expect(t, 0, "XINFO GROUPS jobs",
           "[[name g consumers :3 pending :1 last-delivered-id 4-0 entries-read :4 lag :0]]");
}

static void history_counts_as_a_delivery(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 3);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g alice STREAMS jobs >", "[[jobs [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 0, "XDEL jobs 2-0", ":1");
    expect(t, 5, "XREADGROUP GROUP g alice BLOCK 0 STREAMS jobs 0",
           "[[jobs [[1-0 [n 1]] [2-0 nil-array] [3-0 [n 3]]]]]");
    expect(t, 9, "XREADGROUP GROUP g alice COUNT 1 STREAMS jobs 1-0", "[[jobs [[2-0 nil-array]]]]");
    expect(t, 9, "XPENDING jobs g - + 10", "[[1-0 alice :4 :2] [2-0 alice :9 :1] [3-0 alice :4 :2]]");
    expect(t, 9, "XREADGROUP GROUP g bob STREAMS jobs 0", "[[jobs []]]");
}

static void xreadgroup_refuses(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 1);
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs >",
           "-NOGROUP No such key 'jobs' or consumer group 'g' in XREADGROUP with GROUP option");
    expect(t, 0, "XREADGROUP COUNT 1 NOACK BLOCK 1 STREAMS jobs >",
           "-ERR Missing GROUP option for XREADGROUP");
    expect(t, 0, "XREADGROUP GROUP g a COUNT 1", "-ERR wrong number of arguments for 'xreadgroup' command");
    expect(t, 0, "XREADGROUP GROUP g a COUNT 1 BLOCK 1", "-ERR syntax error");
    expect(
        t, 0, "XREADGROUP GROUP g a STREAMS jobs more >",
        "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.");
    expect(t, 0, "XGROUP CREATE jobs g $", "+OK");
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs +",
           "-ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this "
           "consumer "
           "by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an "
           "empty result "
           "set.");
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs x",
           "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XINFO CONSUMERS jobs g", "[]");
}

static void waiters_of_a_group_are_served_in_turn(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    expect_as(t, 2, 0, "XREADGROUP GROUP g b BLOCK 0 STREAMS jobs >", "...");
    expect_as(t, 3, 0, "XREADGROUP GROUP g c BLOCK 0 STREAMS jobs >", "...");
    add_many(t, "", 1, 1);
    expect_heard(t, 1, "[[jobs [[1-0 [n 1]]]]]");
    expect_heard(t, 2, "...");
    add_many(t, "", 2, 2);
    expect_heard(t, 2, "[[jobs [[2-0 [n 2]]]]]");
    expect(t, 0, "XGROUP DESTROY jobs g", ":1");
    expect_heard(t, 3, "-NOGROUP No such key 'jobs' or consumer group 'g' in XREADGROUP with GROUP option");
}

static void a_waiter_hears_that_its_stream_is_gone(void **state)
{
    struct fixture *t = *state;
    const char *gone = "-NOGROUP No such key 'jobs' or consumer group 'g' in XREADGROUP with GROUP option";

    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    expect(t, 0, "DEL jobs", ":1");
    expect_heard(t, 1, gone);
    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    expect(t, 0, "SET jobs x", "+OK");
    expect_heard(t, 1, "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "DEL jobs", ":1");
    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect(t, 0, "PEXPIRE jobs 200", ":1");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    pass_time(t, 201);
    expect_heard(t, 1, gone);
    expect(t, 300, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect_as(t, 1, 300, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    expect(t, 300, "FLUSHALL", "+OK");
    expect_heard(t, 1, gone);
}

static void nothing_waits_in_a_transaction(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "+QUEUED");
    expect(t, 0, "XREAD BLOCK 0 STREAMS jobs $", "+QUEUED");
    expect(t, 0, "EXEC", "[nil-array nil-array]");
    expect_as(t, 1, 0, "XREADGROUP GROUP g a BLOCK 0 STREAMS jobs >", "...");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XADD jobs 1-0 n 1", "+QUEUED");
    expect(t, 0, "XADD jobs 2-0 n 2", "+QUEUED");
    expect(t, 0, "EXEC", "[1-0 2-0]");
    expect_heard(t, 1, "[[jobs [[1-0 [n 1]] [2-0 [n 2]]]]]");
}

static void claimed_message_changes_hands(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 4);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g alice COUNT 3 STREAMS jobs >",
           "[[jobs [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 10, "XCLAIM jobs g bob 11 1-0", "[]");
    expect(t, 10, "XCLAIM jobs g bob 10 1-0", "[[1-0 [n 1]]]");
    expect(t, 10, "XCLAIM jobs g bob 0 1-0 2-0 4-0 9-0 JUSTID", "[1-0 2-0]");
    expect(t, 10, "XCLAIM jobs g bob 0 4-0 FORCE", "[[4-0 [n 4]]]");
    expect(t, 10, "XPENDING jobs g - + 10",
           "[[1-0 bob :0 :2] [2-0 bob :0 :1] [3-0 alice :10 :1] [4-0 bob :0 :2]]");
    expect(t, 10, "XCLAIM jobs g bob 0 3-0 IDLE 7 RETRYCOUNT 9 LASTID 3-5", "[[3-0 [n 3]]]");
    expect(t, 10, "XPENDING jobs g IDLE 7 - + 10", "[[3-0 bob :7 :9]]");
    expect(t, 10, "XDEL jobs 2-0", ":1");
    expect(t, 10, "XCLAIM jobs g carol 0 2-0", "[]");
    expect(t, 10, "XPENDING jobs g", "[:3 1-0 4-0 [[bob 3]]]");
    expect(t, 10, "XPENDING jobs g - + 10 dave", "[]");
    expect(t, 10, "XCLAIM jobs g bob x 1-0", "-ERR Invalid min-idle-time argument for XCLAIM");
    expect(t, 10, "XCLAIM jobs g bob 0 1-0 FOO", "-ERR Unrecognized XCLAIM option 'FOO'");
    expect(t, 10, "XCLAIM jobs g bob 0 1-0 TIME", "-ERR Unrecognized XCLAIM option 'TIME'");
    expect(t, 10, "XCLAIM jobs g bob 0 1-0 TIME x", "-ERR Invalid TIME option argument for XCLAIM");
    expect(t, 10, "XCLAIM jobs none bob x y", "-NOGROUP No such key 'jobs' or consumer group 'none'");
}

static void autoclaim_goes_round(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 6);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g alice COUNT 3 STREAMS jobs >",
           "[[jobs [[1-0 [n 1]] [2-0 [n 2]] [3-0 [n 3]]]]]");
    expect(t, 100, "XREADGROUP GROUP g alice STREAMS jobs >",
           "[[jobs [[4-0 [n 4]] [5-0 [n 5]] [6-0 [n 6]]]]]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 0 COUNT 2", "[3-0 [[1-0 [n 1]] [2-0 [n 2]]] []]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 3-0 COUNT 2 JUSTID", "[0-0 [3-0] []]");
    expect(t, 100, "XDEL jobs 2-0 5-0", ":2");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 - COUNT 1", "[3-0 [] [2-0]]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 (2-0", "[0-0 [] [5-0]]");
    expect(t, 100, "XPENDING jobs g - + 9",
           "[[1-0 bob :0 :2] [3-0 bob :0 :1] [4-0 alice :0 :1] [6-0 alice :0 :1]]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 0 COUNT 0", "-ERR COUNT must be > 0");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 0 COUNT 9223372036854775807", "-ERR COUNT must be > 0");
    expect(t, 100, "XAUTOCLAIM jobs g bob x 0", "-ERR Invalid min-idle-time argument for XAUTOCLAIM");
    expect(t, 100, "XAUTOCLAIM jobs none bob 0 0", "-NOGROUP No such key 'jobs' or consumer group 'none'");
}

/* Of the pending entries, ten are looked at for each that may be claimed; the cursor says where it ended,
 * though those in between were never visited. */
static void autoclaim_looks_at_so_many(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 30);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    answer_to(t, 100, 0, "XREADGROUP GROUP g alice STREAMS jobs >");
    expect(t, 100, "XCLAIM jobs g alice 0 15-0 25-0 IDLE 90 JUSTID", "[15-0 25-0]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 0 COUNT 1", "[11-0 [] []]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 5-0 COUNT 1", "[15-0 [] []]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 6-0 COUNT 1 JUSTID", "[16-0 [15-0] []]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 6-0 COUNT 2 JUSTID", "[26-0 [25-0] []]");
    expect(t, 100, "XAUTOCLAIM jobs g bob 50 21-0 COUNT 1 JUSTID", "[0-0 [] []]");
}

/* --- XAUTOCLAIM against the walk it is a short cut for --- */

#define MODEL 80

struct model {
    struct fixture *t;
    struct random random;
    msec now;
    int added;
    struct {
        bool pending, exists;
        msec time;
    } m[MODEL + 1]; /* by the ms of the id */
};

static bool chance(struct model *o, unsigned of)
{
    return random_below(&o->random, of) == 0;
}

static int any(struct model *o)
{
    return 1 + (int)random_below(&o->random, MODEL);
}

static void model_command(struct model *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void model_command(struct model *o, const char *fmt, ...)
{
    char command[128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    answer_to(o->t, o->now, 0, command);
}

static void model_read(struct model *o)
{
    int n = 1 + (int)random_below(&o->random, 20);

    for (int i = 0; i < n && o->added < MODEL; i++) {
        o->added++;
        model_command(o, "XADD jobs %d-0 n 1", o->added);
        o->m[o->added].exists = o->m[o->added].pending = true;
        o->m[o->added].time = o->now;
    }
    model_command(o, "XREADGROUP GROUP g alice STREAMS jobs >");
}

static void model_remove(struct model *o)
{
    int n = any(o);

    if (chance(o, 4)) {
        model_command(o, "XTRIM jobs MINID %d", n / 3);
        for (int i = 1; i < n / 3; i++)
            o->m[i].exists = false;
    } else {
        model_command(o, "XDEL jobs %d-0", n);
        o->m[n].exists = false;
    }
}

static void model_claim(struct model *o, struct buf *want, msec min_idle, int from, int count)
{
    struct buf dropped = {0};
    int left = count, tries = 10 * count, next;
    struct buf claimed = {0};

    for (next = from; next <= MODEL && left && tries; next++) {
        if (!o->m[next].pending)
            continue;
        tries--;
        if (!o->m[next].exists) {
            o->m[next].pending = false;
            buf_addf(&dropped, "%s%d-0", dropped.n ? " " : "", next);
            left--;
        } else if (o->now - o->m[next].time >= min_idle) {
            o->m[next].time = o->now;
            buf_addf(&claimed, "%s%d-0", claimed.n ? " " : "", next);
            left--;
        }
    }
    while (next <= MODEL && !o->m[next].pending)
        next++;
    buf_addf(want, "[%d-0 [%.*s] [%.*s]]", next > MODEL ? 0 : next, SLICE_ARG(buf_slice(&claimed)),
             SLICE_ARG(buf_slice(&dropped)));
    buf_add_char(want, '\0');
    buf_free(&claimed);
    buf_free(&dropped);
}

static void model_step(struct model *o)
{
    int from = chance(o, 3) ? 1 : any(o), count = 1 + (int)random_below(&o->random, 3);
    msec min_idle = (msec)random_below(&o->random, 60);
    struct buf want = {0};
    char command[128];

    o->now += (msec)random_below(&o->random, 30);
    if (chance(o, 6))
        model_read(o);
    if (chance(o, 4))
        model_remove(o);
    snprintf(command, sizeof command, "XAUTOCLAIM jobs g bob %d %d COUNT %d JUSTID", (int)min_idle, from,
             count);
    model_claim(o, &want, min_idle, from, count);
    expect(o->t, o->now, command, want.p);
    buf_free(&want);
}

static unsigned seed_now; /* of the run that is on: what one wants to know when it fails */

static int tell_seed(void **state)
{
    if (seed_now)
        print_error("failed with seed %u\n", seed_now);
    seed_now = 0;
    return fixture_free(state);
}

static void autoclaim_is_a_walk(void **state)
{
    struct fixture *t = *state;

    for (seed_now = 1; seed_now <= 60; seed_now++) {
        struct model o = {.t = t};

        random_seed(&o.random, seed_now);
        answer_to(t, 0, 0, "DEL jobs");
        expect(t, 0, "XGROUP CREATE jobs g 0 MKSTREAM", "+OK");
        for (int i = 0; i < 60; i++)
            model_step(&o);
    }
    seed_now = 0;
}

static void xpending_refuses(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM", "+OK");
    expect(t, 0, "XPENDING jobs g", "[:0 nil nil nil-array]");
    expect(t, 0, "XPENDING jobs g -", "-ERR syntax error");
    expect(t, 0, "XPENDING jobs g IDLE 5 - +", "-ERR syntax error");
    expect(t, 0, "XPENDING jobs g IDLE x - + 1", "-ERR value is not an integer or out of range");
    expect(t, 0, "XPENDING none g - + x", "-ERR value is not an integer or out of range");
    expect(t, 0, "XPENDING none g ( + 1", "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XPENDING none g - (0-0 1", "-ERR invalid end ID for the interval");
    expect(t, 0, "XPENDING none g - (0 1", "-NOGROUP No such key 'none' or consumer group 'g'");
    expect(t, 0, "XPENDING jobs g - + -1", "[]");
}

static void groups_are_made_and_unmade(void **state)
{
    struct fixture *t = *state;
    const char *no_key =
        "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
        "use the MKSTREAM option to create an empty stream automatically.";

    expect(t, 0, "XGROUP CREATE jobs g $", no_key);
    expect(t, 0, "XGROUP DESTROY jobs g", no_key);
    expect(t, 0, "XGROUP CREATE jobs g x MKSTREAM",
           "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "XGROUP CREATE jobs g - MKSTREAM",
           "-ERR Invalid stream ID specified as stream command argument");
    expect(t, 0, "EXISTS jobs", ":0");
    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM ENTRIESREAD -2",
           "-ERR value for ENTRIESREAD must be positive or -1");
    expect(t, 0, "XGROUP CREATE jobs g $ MKSTREAM ENTRIESREAD 7", "+OK");
    expect(t, 0, "XINFO GROUPS jobs",
           "[[name g consumers :0 pending :0 last-delivered-id 0-0 entries-read :0 lag :0]]");
    expect(t, 0, "XGROUP CREATE jobs g $", "-BUSYGROUP Consumer Group name already exists");
    expect(t, 0, "XGROUP CREATE jobs h $ FOO",
           "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.");
    expect(t, 0, "XGROUP create jobs h $ ENTRIESREAD",
           "-ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.");
    expect(t, 0, "XGROUP FOO jobs", "-ERR unknown subcommand 'FOO'. Try XGROUP HELP.");
    expect(t, 0, "XGROUP SETID jobs h 0", "-NOGROUP No such consumer group 'h' for key name 'jobs'");
    expect(t, 0, "XGROUP SETID jobs g + ENTRIESREAD 5", "+OK");
    expect(t, 0, "XINFO GROUPS jobs",
           "[[name g consumers :0 pending :0 last-delivered-id 18446744073709551615-18446744073709551615 "
           "entries-read :0 lag :0]]");
    expect(t, 0, "XGROUP CREATECONSUMER jobs g a", ":1");
    expect(t, 0, "XGROUP CREATECONSUMER jobs g a", ":0");
    expect(t, 0, "XGROUP DELCONSUMER jobs g a", ":0");
    expect(t, 0, "XGROUP DELCONSUMER jobs g b", ":0");
    expect(t, 0, "XGROUP DESTROY jobs g", ":1");
    expect(t, 0, "XGROUP DESTROY jobs g", ":0");
}

static void set_back_group_reads_again(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 2);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs >", "[[jobs [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 5, "XREADGROUP GROUP g a STREAMS jobs 0", "[[jobs [[1-0 [n 1]] [2-0 [n 2]]]]]");
    expect(t, 5, "XGROUP SETID jobs g -", "+OK");
    expect(t, 9, "XREADGROUP GROUP g b COUNT 1 STREAMS jobs >", "[[jobs [[1-0 [n 1]]]]]");
    expect(t, 9, "XPENDING jobs g - + 9", "[[1-0 b :0 :1] [2-0 a :4 :2]]");
    expect(t, 9, "XGROUP DELCONSUMER jobs g b", ":1");
    expect(t, 9, "XPENDING jobs g - + 9", "[[2-0 a :4 :2]]");
}

/* After a trim, ids may be taken back; what comes then lies below the group and is not for it. */
static void group_stands_above_ids_taken_back(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 5, 5);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs >", "[[jobs [[5-0 [n 5]]]]]");
    expect(t, 0, "XTRIM jobs MAXLEN 0", ":1");
    expect(t, 0, "XSETID jobs 1-0", "+OK");
    add_many(t, "", 2, 5);
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs >", "nil-array");
    add_many(t, "", 6, 6);
    expect(t, 0, "XREADGROUP GROUP g a STREAMS jobs >", "[[jobs [[6-0 [n 6]]]]]");
}

static void xinfo_tells_all(void **state)
{
    struct fixture *t = *state;

    add_many(t, "", 1, 2);
    expect(t, 0, "XGROUP CREATE jobs g 0", "+OK");
    expect(t, 1, "XREADGROUP GROUP g a COUNT 1 STREAMS jobs >", "[[jobs [[1-0 [n 1]]]]]");
    expect(t, 5, "XREADGROUP GROUP g a COUNT 1 STREAMS jobs 1", "[[jobs []]]");
    expect(t, 7, "XINFO STREAM jobs FULL COUNT 1",
           "[length :2 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 2-0 max-deleted-entry-id 0-0 "
           "entries-added :2 recorded-first-entry-id 1-0 "
           "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
           "iids-added :0 iids-duplicates :0 entries [[1-0 [n 1]]] groups [[name g "
           "last-delivered-id 1-0 "
           "entries-read :1 lag :1 pel-count :1 nacked-count :0 pending [[1-0 a :1700000000001 :1]] "
           "consumers [[name a "
           "seen-time "
           ":1700000000005 active-time :1700000000001 pel-count :1 pending [[1-0 :1700000000001 :1]]]]]]]");
    expect(t, 7, "XINFO CONSUMERS jobs g", "[[name a pending :1 idle :2 inactive :6]]");
    expect(t, 7, "XINFO CONSUMERS jobs h", "-NOGROUP No such consumer group 'h' for key name 'jobs'");
    expect(t, 7, "XINFO STREAM jobs FOO",
           "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    expect(t, 7, "XINFO STREAM none FULL COUNT x", "-ERR no such key");
    expect(t, 7, "XINFO STREAM jobs FULL COUNT x", "-ERR value is not an integer or out of range");
}

static void keys_are_found_behind_the_options(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND GETKEYS XREADGROUP GROUP streams count COUNT 1 NOACK STREAMS a b > >", "[a b]");
    expect(t, 0, "COMMAND GETKEYS XREAD BLOCK 1 STREAMS streams 0", "[streams]");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(added_message_is_read_back),
        TEST(xadd_refuses),
        TEST(trimming_keeps_the_newest),
        TEST(deleted_message_is_gone),
        TEST(xsetid_checks_its_numbers),
        TEST(xread_reads_several_streams),
        TEST(everyone_who_reads_gets_a_copy),
        TEST(xread_waits_through_a_change_of_type),
        TEST(a_group_shares_its_messages),
        TEST(history_counts_as_a_delivery),
        TEST(xreadgroup_refuses),
        TEST(waiters_of_a_group_are_served_in_turn),
        TEST(a_waiter_hears_that_its_stream_is_gone),
        TEST(nothing_waits_in_a_transaction),
        TEST(claimed_message_changes_hands),
        TEST(autoclaim_goes_round),
        TEST(autoclaim_looks_at_so_many),
        cmocka_unit_test_setup_teardown(autoclaim_is_a_walk, fixture_new, tell_seed),
        TEST(xpending_refuses),
        TEST(groups_are_made_and_unmade),
        TEST(set_back_group_reads_again),
        TEST(group_stands_above_ids_taken_back),
        TEST(xinfo_tells_all),
        TEST(keys_are_found_behind_the_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
