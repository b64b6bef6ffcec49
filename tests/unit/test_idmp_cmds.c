/* test_idmp_cmds.c - producers that send twice and add once: XADD IDMP, XCFGSET, XIDMPRECORD. */
#include "base/err.h"
#include "fixture.h"
#include "store/idmp.h"
#include <stdio.h>

#define T0   "1700000000000-0"
#define ONCE "-ERR syntax error, IDMP/IDMPAUTO specified multiple times"
#define AUTO "-ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs"
#define ID   "-ERR Invalid stream ID specified as stream command argument"

/* The numbers of XINFO STREAM from idmp-duration on. */
static const char *numbers(struct fixture *t, msec at, const char *key)
{
    static char text[200];
    char command[64];
    const char *all, *from, *to;

    snprintf(command, sizeof command, "XINFO STREAM %s", key);
    all = answer_to(t, at, 7, command);
    from = strstr(all, "idmp-duration");
    to = strstr(all, " groups");
    assert_true(from && to);
    snprintf(text, sizeof text, "%.*s", (int)(to - from), from);
    return text;
}

#define expect_numbers(t, at, key, duration, maxsize, pids, tracked, added, duplicates)                      \
    assert_string_equal(numbers(t, at, key),                                                                 \
                        "idmp-duration :" duration " idmp-maxsize :" maxsize " pids-tracked :" pids          \
                        " iids-tracked :" tracked " iids-added :" added " iids-duplicates :" duplicates)

static void known_message_gets_its_first_id(void **state)
{
    struct fixture *t = *state;

    expect_as(t, 1, 0, "XREAD BLOCK 0 STREAMS q $", "...");
    expect(t, 0, "XADD q IDMP p a * n 1", T0);
    expect_heard(t, 1, "[[q [[" T0 " [n 1]]]]]");
    expect_as(t, 1, 0, "XREAD BLOCK 0 STREAMS q $", "...");
    expect(t, 5, "XADD q IDMP p a * n 2", T0);
    expect_heard(t, 1, "...");
    expect(t, 5, "XADD q idmp p a MAXLEN 0 * n 2", T0);
    expect(t, 5, "XRANGE q - +", "[[" T0 " [n 1]]]");
    expect(t, 6, "XADD q IDMP p b * n 3", "1700000000006-0");
    expect_heard(t, 1, "[[q [[1700000000006-0 [n 3]]]]]");
    expect(t, 7, "XADD q IDMP other a * n 4", "1700000000007-0");
    expect(t, 8, "XADD q * n 5", "1700000000008-0");
    expect_numbers(t, 8, "q", "100", "100", "2", "3", "3", "2");
    expect(t, 9, "XDEL q " T0, ":1");
    expect(t, 9, "XADD q IDMP p a * n 6", T0);
    expect(t, 9, "XTRIM q MAXLEN 0", ":3");
    expect(t, 9, "XADD q IDMP p b * n 6", "1700000000006-0");
    expect(t, 9, "XLEN q", ":0");
    expect_numbers(t, 9, "q", "100", "100", "2", "3", "3", "4");
    expect(t, 10, "DEL q", ":1");
    expect(t, 10, "XADD q IDMP p a * n 1", "1700000000010-0");
    expect(t, 10, "FLUSHALL", "+OK");
    expect(t, 11, "XADD q IDMP p a * n 1", "1700000000011-0");
}

static void xadd_idmp_refuses(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMP p a 1-1 f v", AUTO);
    expect(t, 0, "XADD q IDMP p a 5-* f v", AUTO);
    expect(t, 0, "XADD q IDMPAUTO p 0-0 f v", AUTO);
    expect(t, 0, "XADD q IDMP p a x f v", ID);
    expect(t, 0, "XADD q IDMP p * f v", ID);
    expect(t, 0, "XADD q IDMP p a IDMP p b * f v", ONCE);
    expect(t, 0, "XADD q IDMPAUTO p IDMP \"\" b * f v", ONCE);
    expect(t, 0, "XADD q IDMP p a IDMPAUTO p * f v", ONCE);
    expect(t, 0, "XADD q IDMP \"\" a * f v", "-ERR syntax error, IDMP requires a non-empty producer ID");
    expect(t, 0, "XADD q IDMP p \"\" * f v", "-ERR syntax error, IDMP requires a non-empty idempotent ID");
    expect(t, 0, "XADD q IDMPAUTO \"\" * f v",
           "-ERR syntax error, IDMPAUTO requires a non-empty producer ID");
    expect(t, 0, "XADD q IDMP p a * f", "-ERR wrong number of arguments for 'xadd' command");
    expect(t, 0, "XADD q IDMP p a", "-ERR wrong number of arguments for 'xadd' command");
    expect(t, 0, "XADD q IDMPAUTO p *", "-ERR wrong number of arguments for 'xadd' command");
    expect(t, 0, "XADD q MAXLEN 5 IDMP p", ID);
    expect(t, 0, "XADD q MAXLEN 5 IDMPAUTO", ID);
    expect(t, 0, "XADD q IDMP p a LIMIT 1 * f v",
           "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XADD text IDMP p a * f v",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "XADD q NOMKSTREAM IDMP p a * f v", "nil");
    expect(t, 0, "EXISTS q", ":0");
    expect(t, 0, "XADD q IDMP p * * f v", T0);
    expect(t, 0, "XADD q NOMKSTREAM IDMP p * * f v", T0);
    expect(t, 0, "XADD q IDMP IDMP IDMP MAXLEN 9 * f v", "1700000000000-1");
}

/* The answer does not depend on what else would have been refused. */
static void known_message_needs_no_room(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMP p a * f v", T0);
    expect(t, 0, "XSETID q 18446744073709551615-18446744073709551615", "+OK");
    expect(t, 0, "XADD q IDMP p a * f v", T0);
    expect(t, 0, "XADD q IDMP p b * f v",
           "-ERR The stream has exhausted the last possible ID, unable to add more items");
    expect_numbers(t, 0, "q", "100", "100", "1", "1", "1", "1");
}

static void in_a_transaction(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "XADD q IDMP p a * n 1", "+QUEUED");
    expect(t, 0, "XADD q IDMP p b * n 2", "+QUEUED");
    expect(t, 0, "XADD q IDMP p a * n 3", "+QUEUED");
    expect(t, 0, "XADD q IDMPAUTO p * n 1", "+QUEUED");
    expect(t, 0, "EXEC", "[" T0 " 1700000000000-1 " T0 " 1700000000000-2]");
    expect(t, 0, "XLEN q", ":3");
}

static void content_names_a_message(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMPAUTO p * a 1 b 2", T0);
    expect(t, 1, "XADD q IDMPAUTO p * b 2 a 1", T0);
    expect(t, 2, "XADD q IDMPAUTO p * a 2 b 1", "1700000000002-0");
    expect(t, 3, "XADD q IDMPAUTO p * a 1 b 2 a 1", "1700000000003-0");
    expect(t, 4, "XADD q IDMPAUTO p * a 1b 2 \"\"", "1700000000004-0");
    expect(t, 5, "XADD q IDMPAUTO p * a 1 b2 \"\"", "1700000000005-0");
    expect(t, 6, "XADD q IDMPAUTO other * a 1 b 2", "1700000000006-0");
    expect(t, 7, "XADD q IDMPAUTO p * a 1 a 1 b 2", "1700000000003-0");
    expect_numbers(t, 7, "q", "100", "100", "2", "6", "6", "2");
}

/* It must stay what it is: journals and replicas hold it. Python: blake2b over each pair's lengths as eight
 * bytes, low first, and its bytes. */
static void content_is_hashed_as_ever(void **state)
{
    static const uint8_t want[IDMP_AUTO_SIZE] = {0x26, 0x5d, 0x71, 0x80, 0x89, 0x4d, 0xc5, 0xa0,
                                                 0x09, 0xee, 0x4e, 0x82, 0xda, 0xe8, 0x05, 0xb6};
    const struct slice field[] = {SLICE("b"), SLICE("2"), SLICE("a"), SLICE("")};
    struct slice many[160];
    char got[IDMP_AUTO_SIZE], again[IDMP_AUTO_SIZE], name[80][8];

    (void)state;
    idmp_auto(field, 4, got);
    assert_memory_equal(got, want, sizeof want);
    for (int i = 0; i < 80; i++) {
        many[2 * i] = (struct slice){name[i], (size_t)snprintf(name[i], sizeof name[i], "%d", i)};
        many[2 * i + 1] = SLICE("v");
    }
    idmp_auto(many, 160, got);
    for (int i = 0; i < 40; i++) {
        struct slice swap = many[2 * i];

        many[2 * i] = many[158 - 2 * i];
        many[158 - 2 * i] = swap;
    }
    idmp_auto(many, 160, again);
    assert_memory_equal(got, again, sizeof got);
}

static void ids_age(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q * f v", T0);
    expect(t, 0, "XCFGSET q IDMP-DURATION 2", "+OK");
    expect(t, 0, "XADD q IDMP p a * f v", "1700000000000-1");
    expect(t, 500, "XADD q IDMP p b * f v", "1700000000500-0");
    expect(t, 500, "XADD q IDMP r a * f v", "1700000000500-1");
    expect(t, 1999, "XADD q IDMP p a * f v", "1700000000000-1");
    expect_numbers(t, 1999, "q", "2", "100", "2", "3", "3", "1");
    expect(t, 2000, "XADD q IDMP p a * f v", "1700000002000-0"); /* nobody has swept */
    expect_numbers(t, 2000, "q", "2", "100", "2", "3", "4", "1");
    expect(t, 1000, "XADD q IDMP p a * f v", "1700000002000-0"); /* the clock was put back */
    pass_time(t, 2499);
    expect_numbers(t, 2499, "q", "2", "100", "2", "3", "4", "2");
    pass_time(t, 2600);
    expect_numbers(t, 2600, "q", "2", "100", "1", "1", "4", "2");
    pass_time(t, 5000);
    expect_numbers(t, 5000, "q", "2", "100", "0", "0", "4", "2");
    expect(t, 5000, "XADD q IDMP p b * f v", "1700000005000-0");
}

static void deadlines_know_when(void **state)
{
    struct fixture *t = *state;
    struct broker *b = &t->service.broker;

    expect(t, 0, "XADD q IDMP p a * f v", T0);
    assert_int_equal(deadlines_next(b, fixture_now(0)), SEC * 1000); /* the clock may be set meanwhile */
    assert_int_equal(deadlines_next(b, fixture_now(99 * SEC)), SEC * 1000);
    assert_int_equal(deadlines_next(b, fixture_now(200 * SEC)), 0);
    assert_false(queue_run(b, fixture_now(100 * SEC), 10));
    assert_int_equal(deadlines_next(b, fixture_now(100 * SEC)), INT64_MAX);
    expect(t, 100 * SEC, "XADD q IDMP p a * f v", "1700000100000-0");
    expect(t, 100 * SEC, "DEL q", ":1");
    assert_int_equal(deadlines_next(b, fixture_now(100 * SEC)), INT64_MAX);
}

/* What a stream remembers goes with it, under whatever name, and is forgotten there. */
static void ids_follow_their_stream(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMP p a * f v", T0);
    expect(t, 0, "RENAME q r", "+OK");
    expect(t, 1, "XADD r IDMP p a * f v", T0);
    expect(t, 1, "COPY r s", ":1");
    expect(t, 2, "XADD s IDMP p a * f v", T0);
    expect(t, 3, "MOVE r 1", ":1");
    expect(t, 3, "SWAPDB 0 1", "+OK");
    expect(t, 4, "XADD r IDMP p a * f v", T0);
    expect(t, 4, "SET text x", "+OK");
    expect(t, 4, "XADD q IDMP p b * f v", "1700000000004-0");
    expect(t, 5, "RENAME q text", "+OK");
    pass_time(t, 101 * SEC);
    expect_numbers(t, 101 * SEC, "r", "100", "100", "0", "0", "1", "2");
    expect_numbers(t, 101 * SEC, "text", "100", "100", "0", "0", "1", "0");
    assert_null(heap_first(&t->service.broker.forgetting));
}

static void sweeping_is_bounded(void **state)
{
    struct fixture *t = *state;
    char command[64], id[32];

    for (int i = 0; i < 100; i++) {
        snprintf(command, sizeof command, "XADD q IDMP p%d a%d * f v", i % 7, i);
        snprintf(id, sizeof id, "1700000000000-%d", i);
        expect(t, 0, command, id);
    }
    assert_true(queue_run(&t->service.broker, fixture_now(100 * SEC), 30));
    expect_numbers(t, 100 * SEC, "q", "100", "100", "5", "70", "100", "0");
    assert_false(queue_run(&t->service.broker, fixture_now(100 * SEC), 71));
    expect_numbers(t, 100 * SEC, "q", "100", "100", "0", "0", "100", "0");
}

static void oldest_make_way(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q * f v", T0);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 2", "+OK");
    expect(t, 1, "XADD q IDMP p a * f v", "1700000000001-0");
    expect(t, 2, "XADD q IDMP p b * f v", "1700000000002-0");
    expect(t, 3, "XADD q IDMP r a * f v", "1700000000003-0");
    expect(t, 4, "XADD q IDMP p a * f v", "1700000000001-0"); /* is no younger for that */
    expect(t, 5, "XADD q IDMP p c * f v", "1700000000005-0");
    expect(t, 6, "XADD q IDMP p b * f v", "1700000000002-0");
    expect(t, 7, "XADD q IDMP p a * f v", "1700000000007-0");
    expect(t, 8, "XADD q IDMP r a * f v", "1700000000003-0");
    expect_numbers(t, 8, "q", "100", "2", "2", "3", "5", "3");
}

/* However many producers there are. */
static void a_stream_remembers_so_many(void **state)
{
    struct fixture *t = *state;
    char command[64], id[32];

    expect(t, 0, "CONFIG SET stream-idmp-max-ids 10", "+OK");
    for (int i = 0; i < 50; i++) {
        snprintf(command, sizeof command, "XADD q IDMP p%d a * f v", i);
        snprintf(id, sizeof id, "%lld-0", (long long)(EPOCH + i));
        expect(t, i, command, id);
    }
    expect_numbers(t, 50, "q", "100", "100", "10", "10", "50", "0");
    expect(t, 50, "XADD q IDMP p40 a * f v", "1700000000040-0");
    expect(t, 50, "CONFIG SET stream-idmp-max-ids 2", "+OK");
    expect(t, 50, "XADD q IDMP q1 a * f v", "1700000000050-0");
    expect_numbers(t, 50, "q", "100", "100", "9", "9", "51", "1");
}

static void xcfgset_sets(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMP p a * f v", T0);
    expect(t, 0, "XCFGSET q IDMP-DURATION 100 IDMP-MAXSIZE 100", "+OK");
    expect_numbers(t, 0, "q", "100", "100", "1", "1", "1", "0");
    expect(t, 0, "XCFGSET q idmp-maxsize 10000", "+OK");
    expect_numbers(t, 0, "q", "100", "10000", "0", "0", "1", "0");
    expect(t, 0, "XADD q IDMP p a * f v", "1700000000000-1");
    expect(t, 0, "XCFGSET q IDMP-DURATION 86400", "+OK");
    expect_numbers(t, 0, "q", "86400", "10000", "0", "0", "2", "0");
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 1 IDMP-DURATION 1", "+OK");
    expect_numbers(t, 0, "q", "1", "1", "0", "0", "2", "0");
}

static void xcfgset_refuses(void **state)
{
    struct fixture *t = *state;
    const char *seconds = "-ERR IDMP-DURATION must be between 1 and 86400 seconds";
    const char *entries = "-ERR IDMP-MAXSIZE must be between 1 and 10000 entries";
    const char *integer = "-ERR value is not an integer or out of range";

    expect(t, 0, "XCFGSET q", "-ERR At least one parameter must be specified");
    expect(t, 0, "XCFGSET", "-ERR wrong number of arguments for 'xcfgset' command");
    expect(t, 0, "XCFGSET q IDMP-DURATION 5", "-ERR no such key");
    expect(t, 0, "XCFGSET q IDMP-DURATION 0", seconds);
    expect(t, 0, "XCFGSET q IDMP-DURATION -100", seconds);
    expect(t, 0, "XCFGSET q IDMP-DURATION 86401", seconds);
    expect(t, 0, "XCFGSET q IDMP-DURATION 9223372036854775807", seconds);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 0", entries);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 10001", entries);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE -9223372036854775808", entries);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 9223372036854775808", integer);
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 000", integer);
    expect(t, 0, "XCFGSET q IDMP-DURATION IDMP-DURATION IDMP-DURATION", integer);
    expect(t, 0, "XCFGSET q IDMP-DURATION 5 IDMP-MAXSIZE", "-ERR syntax error");
    expect(t, 0, "XCFGSET q IDMP-DURATION", "-ERR syntax error");
    expect(t, 0, "XCFGSET q WHATEVER 5", "-ERR syntax error");
    expect(t, 0, "XCFGSET q IDMP-DURATION 5 IDMP-DURATION 6", "-ERR IDMP-DURATION specified multiple times");
    expect(t, 0, "XCFGSET q IDMP-MAXSIZE 5 IDMP-MAXSIZE 6", "-ERR IDMP-MAXSIZE specified multiple times");
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XCFGSET text IDMP-MAXSIZE 5",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

static void settings_are_for_new_streams(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD old * f v", T0);
    expect(t, 0, "CONFIG SET stream-idmp-duration 7 stream-idmp-maxsize 3", "+OK");
    expect(t, 0, "XADD new IDMP p a * f v", T0);
    expect(t, 0, "XGROUP CREATE made g $ MKSTREAM", "+OK");
    expect_numbers(t, 0, "old", "100", "100", "0", "0", "0", "0");
    expect_numbers(t, 0, "new", "7", "3", "1", "1", "1", "0");
    expect_numbers(t, 0, "made", "7", "3", "0", "0", "0", "0");
    expect(t, 0, "CONFIG SET stream-idmp-duration 86401",
           "-ERR CONFIG SET failed (possibly related to argument 'stream-idmp-duration') - argument must be "
           "between 1 and 86400 inclusive");
}

static void xidmprecord_attaches(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XIDMPRECORD q p a " T0, "-ERR no such key");
    expect(t, 0, "XIDMPRECORD q \"\" a " T0, "-ERR producer ID must be non-empty");
    expect(t, 0, "XIDMPRECORD q p \"\" " T0, "-ERR idempotent ID must be non-empty");
    expect(t, 0, "XIDMPRECORD q p a x", ID);
    expect(t, 0, "XIDMPRECORD q p a", "-ERR wrong number of arguments for 'xidmprecord' command");
    expect(t, 0, "XADD q * f v", T0);
    expect(t, 0, "XIDMPRECORD q p a 1-1", "-ERR No such message in stream");
    expect(t, 0, "XIDMPRECORD q p a " T0, "+OK");
    expect(t, 0, "XIDMPRECORD q p a " T0, "+OK");
    expect(t, 1, "XADD q IDMP p a * f v", T0);
    expect(t, 1, "XADD q IDMP p b * f v", "1700000000001-0");
    expect(t, 1, "XIDMPRECORD q p a 1700000000001-0",
           "-ERR IID already exists for this producer with a different stream ID");
    expect(t, 1, "XIDMPRECORD q p c 1700000000001-0", "+OK");
    expect_numbers(t, 1, "q", "100", "100", "1", "3", "3", "1");
    expect(t, 100 * SEC, "XIDMPRECORD q p a 1700000000001-0", "+OK"); /* the other's time is over */
    expect(t, 100 * SEC, "XADD q IDMP p a * f v", "1700000000001-0");
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XIDMPRECORD text p a 1-1",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

/* Ids at the end of the range: nothing overflows, and what lies ahead of the clock does not age. */
static void ids_beyond_the_clock(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q 9223372036854775807-0 f v", "9223372036854775807-0");
    expect(t, 0, "XADD q IDMP p a * f v", "9223372036854775807-1");
    expect(t, 0, "XSETID q 18446744073709551615-1", "+OK");
    expect(t, 0, "XADD q IDMP p b * f v", "18446744073709551615-2");
    pass_time(t, 1000000 * SEC);
    expect(t, 1000000 * SEC, "XADD q IDMP p a * f v", "9223372036854775807-1");
    expect(t, 1000000 * SEC, "XADD q IDMP p b * f v", "18446744073709551615-2");
    assert_true(deadlines_next(&t->service.broker, fixture_now(0)) > 0);
}

static void xinfo_says_it_in_its_place(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD q IDMP p a * f v", T0);
    expect(t, 0, "XINFO STREAM q",
           "[length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id " T0
           " max-deleted-entry-id 0-0 entries-added :1 recorded-first-entry-id " T0
           " idmp-duration :100 idmp-maxsize :100 pids-tracked :1 iids-tracked :1 iids-added :1"
           " iids-duplicates :0 groups :0 first-entry [" T0 " [f v]] last-entry [" T0 " [f v]]]");
    expect(t, 0, "XINFO STREAM q FULL",
           "[length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id " T0
           " max-deleted-entry-id 0-0 entries-added :1 recorded-first-entry-id " T0
           " idmp-duration :100 idmp-maxsize :100 pids-tracked :1 iids-tracked :1 iids-added :1"
           " iids-duplicates :0 entries [[" T0 " [f v]]] groups []]");
}

/* --- what the journal says --- */

static int replay(struct fixture *t, const char *line)
{
    struct slice word[16];
    char text[200];
    size_t n = 0;

    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
        word[n++] = slice_of(p);
    return service_replay(&t->service, word, n);
}

/* Whatever the clock and the settings say now. */
/* A replay may find all ids forgotten, and the stream renamed, before the deadlines run for the first time. */
static void a_forgotten_place_is_left(void **state)
{
    struct fixture *t = *state;

    assert_int_equal(replay(t, "XADD q IDMP p a 1-0 f v"), OK);
    assert_int_equal(replay(t, "LMQ.FORGET q p 1"), OK);
    assert_int_equal(replay(t, "RENAME q r"), OK);
    assert_int_equal(replay(t, "XADD r IDMP p b 1700000000000-0 f v"), OK);
    pass_time(t, 1);
    expect_numbers(t, 1, "r", "100", "100", "1", "1", "2", "0");
    pass_time(t, 101 * SEC);
    expect_numbers(t, 101 * SEC, "r", "100", "100", "0", "0", "2", "0");
}

static void a_replay_does_what_was_decided(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET stream-idmp-duration 1 stream-idmp-maxsize 1 stream-idmp-max-ids 1", "+OK");
    assert_int_equal(replay(t, "XADD q IDMP p a 5-0 f v"), OK);
    assert_int_equal(replay(t, "XADD q IDMP p b 6-0 f v"), OK);
    assert_int_equal(replay(t, "XADD q IDMP r a 7-0 f v"), OK);
    assert_int_equal(replay(t, "XADD q IDMP p a 8-0 f v"), OK); /* its time was over */
    expect_numbers(t, 0, "q", "100", "100", "2", "3", "4", "0");
    assert_int_equal(replay(t, "LMQ.IDMP q 18446744073709551615 7"), OK);
    assert_int_equal(replay(t, "LMQ.FORGET q p 1"), OK);
    expect_numbers(t, 0, "q", "100", "100", "2", "2", "-1", "7");
    assert_int_equal(replay(t, "XIDMPRECORD q p b 9-9"), OK); /* a base: the message is gone */
    assert_int_equal(replay(t, "LMQ.IDMP q 3 1"), OK);
    assert_int_equal(replay(t, "XCFGSET q IDMP-DURATION 50 IDMP-MAXSIZE 3"), OK);
    expect_numbers(t, 0, "q", "50", "3", "0", "0", "3", "1");
}

/* Redis has the message that was known already once more, with the id it was known by. */
static void a_journal_of_redis(void **state)
{
    struct fixture *t = *state;

    assert_int_equal(replay(t, "XADD q IDMP p a 5-0 f v"), OK);
    assert_int_equal(replay(t, "XADD q IDMP p a 5-0 f v"), OK);
    assert_int_equal(replay(t, "XADD q IDMP p a * f v"), OK);
    expect_numbers(t, 0, "q", "100", "100", "1", "1", "1", "2");
    expect(t, 0, "XLEN q", ":1");
    assert_int_equal(replay(t, "XADD q IDMP p b 5-0 f v"), ERR_FORMAT);
}

static void a_journal_that_does_not_fit(void **state)
{
    struct fixture *t = *state;
    static const char *const bad[] = {
        "LMQ.IDMP none 1 1", "LMQ.FORGET none p 1", "LMQ.FORGET q p 2",    "LMQ.FORGET q other 1",
        "LMQ.FORGET q p x",  "LMQ.FORGET q p",      "LMQ.IDMP q -1 1",     "LMQ.IDMP q 1 x",
        "LMQ.IDMP q 1",      "LMQ.IDMP text 1 1",   "LMQ.FORGET text p 1",
    };

    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XADD q IDMP p a * f v", T0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(replay(t, bad[i]), ERR_FORMAT);
    expect(t, 0, "XADD q IDMP p b * f v", "1700000000000-1");
    expect(t, 0, "LMQ.FORGET q p 1",
           "-ERR unknown command 'LMQ.FORGET', with args beginning with: 'q' 'p' '1' ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(known_message_gets_its_first_id),
        TEST(xadd_idmp_refuses),
        TEST(known_message_needs_no_room),
        TEST(in_a_transaction),
        TEST(content_names_a_message),
        TEST(content_is_hashed_as_ever),
        TEST(ids_age),
        TEST(deadlines_know_when),
        TEST(ids_follow_their_stream),
        TEST(a_forgotten_place_is_left),
        TEST(sweeping_is_bounded),
        TEST(oldest_make_way),
        TEST(a_stream_remembers_so_many),
        TEST(xcfgset_sets),
        TEST(xcfgset_refuses),
        TEST(settings_are_for_new_streams),
        TEST(xidmprecord_attaches),
        TEST(ids_beyond_the_clock),
        TEST(xinfo_says_it_in_its_place),
        TEST(a_replay_does_what_was_decided),
        TEST(a_journal_of_redis),
        TEST(a_journal_that_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
