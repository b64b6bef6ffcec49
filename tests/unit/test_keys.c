/* test_keys.c - commands on keys of any type, as a client sees them: under which name a key is found, how
 * long, and what is left of it. */
#include "base/random.h"
#include "broker/change.h"
#include "broker/grave.h"
#include "fixture.h"
#include "store/group.h"
#include <stdio.h>

#define NOGROUP "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option"
#define WRONG   "-WRONGTYPE Operation against a key holding the wrong kind of value"

static struct broker *broker_of(struct fixture *t)
{
    return &t->service.broker;
}

/* --- names --- */

static void rename_carries_all_over(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET a 1 PX 5000", "+OK");
    expect(t, 0, "RPUSH b x y", ":2");
    expect(t, 0, "RENAME a b", "+OK");
    expect(t, 0, "EXISTS a", ":0");
    expect(t, 0, "GET b", "1");
    expect(t, 0, "PTTL b", ":5000");
    expect(t, 0, "SET c 2", "+OK");
    expect(t, 0, "RENAME c b", "+OK"); /* the TTL of what was there goes with it */
    expect(t, 0, "PTTL b", ":-1");
    expect(t, 0, "RENAME b b", "+OK");
    expect(t, 0, "RENAMENX b b", ":0");
    expect(t, 0, "RENAME nosuch b", "-ERR no such key");
    expect(t, 0, "RENAMENX nosuch b", "-ERR no such key");
    expect(t, 0, "SET d 3 PX 10", "+OK");
    expect(t, 0, "RENAMENX b d", ":0");
    expect(t, 11, "RENAMENX b d", ":1"); /* what is past its time is not there */
    expect(t, 11, "PTTL d", ":-1");
    expect(t, 11, "INFO keyspace", "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n");
}

static void move_is_to_another_database(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET a 1 PX 5000", "+OK");
    expect(t, 0, "MOVE a 0", "-ERR source and destination objects are the same");
    expect(t, 0, "MOVE a 16", "-ERR DB index is out of range");
    expect(t, 0, "MOVE a -1", "-ERR DB index is out of range");
    expect(t, 0, "MOVE a x", "-ERR value is not an integer or out of range");
    expect(t, 0, "MOVE a 4294967296",
           "-ERR value is out of range, value must between -2147483648 and 2147483647");
    expect(t, 0, "MOVE nosuch 1", ":0");
    expect(t, 0, "MOVE a 1", ":1");
    expect(t, 0, "EXISTS a", ":0");
    expect(t, 0, "SET a 2", "+OK");
    expect(t, 0, "MOVE a 1", ":0");
    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "PTTL a", ":5000");
    expect(t, 0, "GET a", "1");
    pass_time(t, 5001); /* it expires where it is now */
    expect(t, 5001, "DBSIZE", ":0");
    expect(t, 5001, "MOVE a 0", ":0");
    expect(t, 5001, "SELECT 0", "+OK");
    expect(t, 5001, "MOVE a 1", ":1");
}

static void swapdb_exchanges_all(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET a 0 PX 10", "+OK");
    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "SET a 1 PX 20", "+OK");
    expect(t, 0, "SET b 1", "+OK");
    expect(t, 0, "SWAPDB 0 1", "+OK");
    expect(t, 0, "GET a", "0");
    expect(t, 0, "DBSIZE", ":1");
    pass_time(t, 15); /* deadlines go with their keys */
    expect(t, 15, "DBSIZE", ":0");
    expect(t, 15, "SELECT 0", "+OK");
    expect(t, 15, "GET a", "1");
    pass_time(t, 25);
    expect(t, 25, "DBSIZE", ":1");
    expect(t, 25, "SWAPDB 0 0", "+OK");
    expect(t, 25, "SWAPDB x 1", "-ERR invalid first DB index");
    expect(t, 25, "SWAPDB 0 4294967296", "-ERR invalid second DB index");
    expect(t, 25, "SWAPDB 0 16", "-ERR DB index is out of range");
    expect(t, 25, "SWAPDB -1 0", "-ERR DB index is out of range");
}

static void copy_of_a_key(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET a 1 PX 5000", "+OK");
    expect(t, 0, "COPY a b", ":1");
    expect(t, 0, "PTTL b", ":5000");
    expect(t, 0, "COPY a b", ":0");
    expect(t, 0, "SET b 2", "+OK");
    expect(t, 0, "COPY b a REPLACE", ":1");
    expect(t, 0, "GET a", "2");
    expect(t, 0, "PTTL a", ":-1");
    expect(t, 0, "COPY a a", "-ERR source and destination objects are the same");
    expect(t, 0, "COPY a a DB 0 REPLACE", "-ERR source and destination objects are the same");
    expect(t, 0, "COPY a a DB 1", ":1");
    expect(t, 0, "COPY nosuch b REPLACE", ":0");
    expect(t, 0, "GET b", "2");
    expect(t, 0, "COPY a c DB", "-ERR syntax error");
    expect(t, 0, "COPY a c FOO", "-ERR syntax error");
    expect(t, 0, "COPY a c DB 16", "-ERR DB index is out of range");
    expect(t, 0, "RPUSH l x y", ":2");
    expect(t, 0, "COPY l m", ":1");
    expect(t, 0, "RPUSH m z", ":3");
    expect(t, 0, "LLEN l", ":2");
}

/* Groups, pending entries, consumers and all counters; and neither sees what the other does next. */
static void copy_of_a_stream_is_deep(void **state)
{
    struct fixture *t = *state;
    char before[64];

    t->service.config.enable_debug_command = DEBUG_YES;
    for (int i = 1; i <= 200; i++) {
        char add[64];

        snprintf(add, sizeof add, "XADD s %d-1 f value-%d", i, i);
        answer_to(t, 0, 0, add);
    }
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    expect(t, 0, "XGROUP CREATE s idle 100-1 ENTRIESREAD 100", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g alice COUNT 30 STREAMS s >");
    answer_to(t, 0, 0, "XREADGROUP GROUP g bob COUNT 3 STREAMS s >");
    expect(t, 0, "XGROUP CREATECONSUMER s g carol", ":1");
    expect(t, 0, "XACK s g 2-1 3-1", ":2");
    expect(t, 0, "XDEL s 5-1 150-1 200-1", ":3");
    expect(t, 0, "XTRIM s MINID 4", ":3");
    expect(t, 0, "COPY s c", ":1");
    expect(t, 0, "COPY s c DB 3", ":1");
    snprintf(before, sizeof before, "%s", answer_to(t, 0, 0, "DEBUG DIGEST-VALUE s"));
    expect(t, 0, "DEBUG DIGEST-VALUE c", before);
    stream_check(db_find(broker_of(t), 0, SLICE("c"))->stream);
    group_check(stream_group(db_find(broker_of(t), 0, SLICE("c"))->stream, SLICE("g")));

    answer_to(t, 0, 0, "XREADGROUP GROUP g alice COUNT 3 STREAMS c >");
    expect(t, 0, "XACK c g 6-1 7-1", ":2");
    expect(t, 0, "XDEL c 9-1", ":1");
    answer_to(t, 0, 0, "XADD c * f v");
    expect(t, 0, "DEBUG DIGEST-VALUE s", before);
    expect(t, 0, "XLEN c", ":194");
    expect(t, 0, "XREADGROUP GROUP g dave COUNT 1 STREAMS s >", "[[s [[34-1 [f value-34]]]]]");
    expect(t, 0, "XREADGROUP GROUP g dave COUNT 1 STREAMS c >", "[[c [[37-1 [f value-37]]]]]");
    expect(t, 0, "DEL s", ":1");
    expect(t, 0, "SELECT 3", "+OK");
    expect(t, 0, "DEBUG DIGEST-VALUE c", before);
}

/* --- WATCH --- */

static void watch_then(struct fixture *t, const char *watch, const char *other, const char *outcome)
{
    answer_to(t, 0, 1, "FLUSHALL");
    answer_to(t, 0, 1, "SET here 1");
    answer_to(t, 0, 1, "SET there 1");
    answer_to(t, 0, 1, "COPY here here DB 1");
    expect_as(t, 2, 0, watch, "+OK");
    answer_to(t, 0, 1, other);
    expect_as(t, 2, 0, "MULTI", "+OK");
    expect_as(t, 2, 0, "PING", "+QUEUED");
    expect_as(t, 2, 0, "EXEC", outcome);
}

#define TOUCHED   "nil-array"
#define UNTOUCHED "[+PONG]"

static void watch_sees_what_happens_to_keys(void **state)
{
    struct fixture *t = *state;

    watch_then(t, "WATCH here", "RENAME here there", TOUCHED);
    watch_then(t, "WATCH there", "RENAME here there", TOUCHED);
    watch_then(t, "WATCH new", "RENAMENX here new", TOUCHED);
    watch_then(t, "WATCH there", "RENAMENX here there", UNTOUCHED);
    watch_then(t, "WATCH here", "RENAME here here", UNTOUCHED);
    watch_then(t, "WATCH here", "COPY here there REPLACE", UNTOUCHED);
    watch_then(t, "WATCH there", "COPY here there REPLACE", TOUCHED);
    watch_then(t, "WATCH there", "COPY here there", UNTOUCHED);
    watch_then(t, "WATCH there", "COPY here there DB 1", UNTOUCHED);
    watch_then(t, "WATCH there", "MOVE there 1", TOUCHED);
    watch_then(t, "WATCH here", "MOVE here 1", UNTOUCHED); /* it is there already */
    watch_then(t, "WATCH here", "SWAPDB 0 1", TOUCHED);
    watch_then(t, "WATCH there", "SWAPDB 0 1", TOUCHED);
    watch_then(t, "WATCH nowhere", "SWAPDB 0 1", UNTOUCHED);
    watch_then(t, "WATCH here", "SWAPDB 0 0", UNTOUCHED);
    watch_then(t, "WATCH here", "SWAPDB 1 2", UNTOUCHED);
    watch_then(t, "WATCH here", "UNLINK here", TOUCHED);
    watch_then(t, "WATCH here", "TOUCH here", UNTOUCHED);
    expect_as(t, 2, 0, "SELECT 1", "+OK");
    watch_then(t, "WATCH there", "MOVE there 1", TOUCHED);
    watch_then(t, "WATCH there", "COPY here there DB 1", TOUCHED);
    watch_then(t, "WATCH there", "SWAPDB 0 1", TOUCHED); /* absent here, but it comes */
}

/* Past its time when the watch began, and afterwards: nothing has changed, whatever database it came from. */
static void watch_of_the_expired_and_swapdb(void **state)
{
    struct fixture *t = *state;

    broker_of(t)->lazy_only = true;
    expect(t, 0, "SET k 1 PX 10", "+OK");
    expect(t, 0, "COPY k k DB 1", ":1");
    expect_as(t, 1, 20, "WATCH k", "+OK");
    expect(t, 20, "SWAPDB 0 1", "+OK");
    expect(t, 20, "SWAPDB 0 2", "+OK"); /* gone altogether */
    expect(t, 20, "SWAPDB 0 2", "+OK"); /* and here again, as expired as before */
    expect_as(t, 1, 20, "MULTI", "+OK");
    expect_as(t, 1, 20, "PING", "+QUEUED");
    expect_as(t, 1, 20, "EXEC", UNTOUCHED);
    expect_as(t, 1, 20, "WATCH k", "+OK");
    expect(t, 20, "SET k 2", "+OK");
    expect_as(t, 1, 20, "MULTI", "+OK");
    expect_as(t, 1, 20, "EXEC", TOUCHED);
}

static void watch_sees_expiry(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET k 1 PX 10", "+OK");
    expect_as(t, 1, 0, "WATCH k", "+OK");
    pass_time(t, 11);
    expect_as(t, 1, 11, "MULTI", "+OK");
    expect_as(t, 1, 11, "EXEC", TOUCHED);
}

/* --- clients that wait --- */

static void wait_for_k(struct fixture *t)
{
    answer_to(t, 0, 0, "FLUSHALL");
    heard(t, 1);
    expect(t, 0, "XGROUP CREATE k g $ MKSTREAM", "+OK");
    expect(t, 0, "XGROUP CREATE good g $ MKSTREAM", "+OK");
    expect(t, 0, "XADD good 5-5 f v", "5-5");
    expect(t, 0, "XADD bare 6-6 f v", "6-6");
    expect(t, 0, "SET text v", "+OK");
    expect_as(t, 1, 0, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >", "...");
}

static void a_group_reader_sees_its_key_go(void **state)
{
    static const char *const going[][2] = {{"DEL k", NOGROUP},
                                           {"UNLINK k", NOGROUP},
                                           {"RENAME k elsewhere", NOGROUP},
                                           {"MOVE k 1", NOGROUP},
                                           {"SWAPDB 0 1", NOGROUP},
                                           {"FLUSHDB", NOGROUP},
                                           {"PEXPIRE k -1", NOGROUP},
                                           {"RENAME bare k", NOGROUP},
                                           {"COPY bare k REPLACE", NOGROUP},
                                           {"RENAME text k", WRONG},
                                           {"COPY text k REPLACE", WRONG},
                                           {"RENAME good k", "[[k [[5-5 [f v]]]]]"},
                                           {"COPY good k REPLACE", "[[k [[5-5 [f v]]]]]"}};
    struct fixture *t = *state;

    for (size_t i = 0; i < sizeof going / sizeof *going; i++) {
        wait_for_k(t);
        answer_to(t, 0, 0, going[i][0]);
        expect_heard(t, 1, going[i][1]);
    }
    wait_for_k(t); /* the group there takes what it was given as its own */
    expect(t, 0, "COPY good k DB 1", ":1");
    expect(t, 0, "SWAPDB 0 1", "+OK");
    expect_heard(t, 1, "[[k [[5-5 [f v]]]]]");
    wait_for_k(t);
    expect(t, 0, "PEXPIRE k 10", ":1");
    pass_time(t, 10);
    expect_heard(t, 1, "...");
    pass_time(t, 11);
    expect_heard(t, 1, NOGROUP);
}

static void a_reader_waits_on_for_its_name(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XADD k 3-0 f v", "3-0");
    expect(t, 0, "XADD old 2-0 f v", "2-0");
    expect(t, 0, "XADD new 4-0 f v", "4-0");
    expect_as(t, 1, 0, "XREAD BLOCK 0 STREAMS k $", "...");
    expect(t, 0, "RENAME k away", "+OK");
    expect_heard(t, 1, "...");
    expect(t, 0, "RENAME old k", "+OK"); /* below what it asked for */
    expect_heard(t, 1, "...");
    expect(t, 0, "RENAME new k", "+OK");
    expect_heard(t, 1, "[[k [[4-0 [f v]]]]]");
    expect_as(t, 1, 0, "BRPOP list 0", "...");
    expect(t, 0, "RPUSH other x", ":1");
    expect(t, 0, "COPY other list", ":1");
    expect_heard(t, 1, "[list x]");
    expect_as(t, 1, 0, "BRPOP list 0", "...");
    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "RPUSH list y", ":1");
    expect_heard(t, 1, "...");
    expect(t, 0, "MOVE list 0", ":1");
    expect_heard(t, 1, "[list y]");
}

/* --- SCAN and the like --- */

#define SCAN_KEYS 3000

struct scanning {
    struct fixture *t;
    struct random r;
    bool in[SCAN_KEYS], stayed[SCAN_KEYS], ever[SCAN_KEYS], seen[SCAN_KEYS];
    size_t n;
};

static void flip(struct scanning *s, size_t target)
{
    size_t i = random_below(&s->r, SCAN_KEYS);
    char command[32];

    if (s->in[i] ? s->n <= target : s->n >= target)
        return;
    snprintf(command, sizeof command, s->in[i] ? "DEL key:%zu" : "SET key:%zu x", i);
    answer_to(s->t, 0, 0, command);
    s->in[i] = !s->in[i];
    s->n += s->in[i] ? 1 : SIZE_MAX;
    s->stayed[i] &= s->in[i];
    s->ever[i] |= s->in[i];
}

/* One call, and what it answered; the next cursor. */
static uint64_t scan_some(struct scanning *s, uint64_t cursor)
{
    char command[64];
    const char *p;

    snprintf(command, sizeof command, "SCAN %llu COUNT %d", (unsigned long long)cursor,
             1 + (int)random_below(&s->r, 40));
    p = answer_to(s->t, 0, 0, command);
    cursor = strtoull(p + 1, NULL, 10);
    while ((p = strstr(p, "key:")))
        s->seen[strtoul(p += 4, NULL, 10)] = true;
    return cursor;
}

/* What is there from the first call to the last is met, though the table grows and shrinks several times
 * over meanwhile; and nothing is met that was never there. */
static void scan_meets_what_stays(void **state)
{
    int grown = 0, shrunk = 0;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct scanning s = {.t = *state};
        uint64_t cursor = 0;
        size_t target = seed % 2 ? SCAN_KEYS : 40;

        random_seed(&s.r, seed);
        answer_to(s.t, 0, 0, "FLUSHALL SYNC");
        for (int i = 0; i < 20000; i++)
            flip(&s, seed % 2 ? 60 : SCAN_KEYS - 100);
        memcpy(s.stayed, s.in, sizeof s.in);
        memcpy(s.ever, s.in, sizeof s.in);
        do {
            uint64_t mask = broker_of(s.t)->db[0].keys.t[0].mask;

            cursor = scan_some(&s, cursor);
            for (uint64_t n = random_below(&s.r, 1000); n; n--)
                flip(&s, target);
            grown += broker_of(s.t)->db[0].keys.t[0].mask > mask;
            shrunk += broker_of(s.t)->db[0].keys.t[0].mask < mask;
        } while (cursor);
        for (size_t i = 0; i < SCAN_KEYS; i++)
            if ((s.stayed[i] && !s.seen[i]) || (!s.ever[i] && s.seen[i]))
                fail_msg("seed %d: key %zu", (int)seed, i);
    }
    assert_true(grown >= 10);
    assert_true(shrunk >= 10);
}

static void scan_filters_and_refuses(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SCAN 0", "[0 []]");
    expect(t, 0, "SET abc 1", "+OK");
    expect(t, 0, "RPUSH abd 1", ":1");
    expect(t, 0, "SET x 1 PX 5", "+OK");
    expect(t, 0, "SCAN 0 COUNT 100 MATCH ab[^d]", "[0 [abc]]");
    expect(t, 0, "SCAN 0 TYPE list COUNT 100", "[0 [abd]]");
    expect(t, 0, "SCAN 0 type LIST match * count 9223372036854775807", "[0 [abd]]");
    expect(t, 0, "SCAN 0 TYPE nosuch COUNT 100", "[0 []]");
    broker_of(t)->lazy_only = true;
    expect(t, 6, "SCAN 0 MATCH x", "[0 []]");
    expect(t, 6, "DBSIZE", ":2"); /* it was met, so it went */
    expect(t, 0, "SCAN x", "-ERR invalid cursor");
    expect(t, 0, "SCAN 18446744073709551616", "-ERR invalid cursor");
    expect(t, 0, "SCAN 1.5", "-ERR invalid cursor");
    expect(t, 0, "SCAN -", "-ERR invalid cursor");
    expect(t, 0, "SCAN 18446744073709551615 MATCH nosuch", "[0 []]");
    expect(t, 0, "SCAN 0 COUNT 0", "-ERR syntax error");
    expect(t, 0, "SCAN 0 COUNT x", "-ERR value is not an integer or out of range");
    expect(t, 0, "SCAN 0 COUNT", "-ERR syntax error");
    expect(t, 0, "SCAN 0 NOVALUES", "-ERR syntax error");
}

static void keys_by_pattern(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "KEYS *", "[]");
    for (const char *name = "hallo\0hello\0hillo\0h*llo\0h^llo\0h]llo\0heeeello\0"; *name;
         name += strlen(name) + 1) {
        char set[32];

        snprintf(set, sizeof set, "SET %s 1", name);
        answer_to(t, 0, 0, set);
    }
    expect(t, 0, "KEYS h[a-c]llo", "[hallo]");
    expect(t, 0, "KEYS h[c-a]llo", "[hallo]");
    expect(t, 0, "KEYS h[ae]llx", "[]");
    expect(t, 0, "KEYS h\\*llo", "[h*llo]");
    expect(t, 0, "KEYS h[\\^]llo", "[h^llo]");
    expect(t, 0, "KEYS h[\\]]llo", "[h]llo]");
    expect(t, 0, "KEYS hee*", "[heeeello]");
    expect(t, 0, "KEYS ?eeeell?", "[heeeello]");
    expect(t, 0, "KEYS h[^a-z*^]llo", "[h]llo]");
    expect(t, 0, "KEYS HELLO", "[]");
    expect(t, 0, "PEXPIRE hallo 10", ":1");
    broker_of(t)->lazy_only = true;
    expect(t, 11, "KEYS ha*", "[]");
}

/* A pattern that a matcher with recursion takes for ever over. */
static void a_bad_pattern_takes_no_time(void **state)
{
    struct fixture *t = *state;
    struct buf line = {0};

    buf_add_str(&line, "SET ");
    for (int i = 0; i < 20000; i++)
        buf_add_char(&line, 'a');
    buf_add_str(&line, " 1\r\nKEYS ");
    for (int i = 0; i < 2000; i++)
        buf_add_str(&line, "a*");
    buf_add_str(&line, "b\r\n");
    feed(t, 0, 0, buf_slice(&line));
    expect_heard(t, 0, "+OK | []");
    buf_free(&line);
}

/* KEYS stops where its client is to be closed for what it does not read. */
static void keys_stops_at_the_output_limit(void **state)
{
    struct fixture *t = *state;

    for (int i = 0; i < 5000; i++) {
        char set[64];

        snprintf(set, sizeof set, "SET a-rather-long-name-of-a-key-%d 1", i);
        answer_to(t, 0, 0, set);
    }
    expect(t, 0, "CONFIG SET client-output-buffer-limit \"normal 10000 0 0\"", "+OK");
    feed(t, 0, 0, SLICE("KEYS *\r\n"));
    assert_in_range(outbox_pending(&client(t, 0, 0)->out), 10001, 11000);
}

static void random_key_is_a_live_one(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "RANDOMKEY", "nil");
    expect(t, 0, "SET live 1", "+OK");
    for (int i = 0; i < 2000; i++) {
        char set[64];

        snprintf(set, sizeof set, "SET gone:%d 1 PX 5", i);
        answer_to(t, 0, 0, set);
    }
    broker_of(t)->lazy_only = true;
    expect(t, 6, "RANDOMKEY", "live");
    expect(t, 6, "DEL live", ":1");
    expect(t, 6, "RANDOMKEY", "nil");
}

/* --- OBJECT --- */

static void objects(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET n 9999", "+OK");
    expect(t, 0, "SET big 10000", "+OK");
    expect(t, 0, "SET e 12345678901234567890123456789012345678901234", "+OK");
    expect(t, 0, "SET r 123456789012345678901234567890123456789012345", "+OK");
    expect(t, 0, "RPUSH l a b", ":2");
    answer_to(t, 0, 0, "XADD x * f v");
    expect(t, 0, "OBJECT ENCODING n", "int");
    expect(t, 0, "OBJECT ENCODING e", "embstr");
    expect(t, 0, "OBJECT ENCODING r", "raw");
    expect(t, 0, "OBJECT ENCODING l", "listpack");
    expect(t, 0, "OBJECT ENCODING x", "stream");
    expect(t, 0, "OBJECT ENCODING nosuch", "nil");
    expect(t, 0, "OBJECT REFCOUNT n", ":2147483647");
    expect(t, 0, "OBJECT REFCOUNT big", ":1");
    for (int i = 0; i < 2000; i++)
        answer_to(t, 0, 0, "RPUSH l an-element-of-a-list");
    expect(t, 0, "OBJECT ENCODING l", "quicklist");
    expect(t, 0, "OBJECT FREQ nosuch", "nil");
    expect(
        t, 0, "OBJECT FREQ n",
        "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
    expect(t, 0, "OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command");
    expect(t, 0, "OBJECT FOO n", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
}

/* Looking is not using; the system clock has no say. */
static void idle_time_is_since_the_last_use(void **state)
{
    struct fixture *t = *state;

    pass_time(t, 0);
    expect(t, 0, "SET k 1", "+OK");
    pass_time(t, 100 * SEC);
    expect(t, 100 * SEC, "TYPE k", "+string");
    expect(t, 100 * SEC, "EXISTS k", ":1");
    expect(t, 100 * SEC, "TTL k", ":-1");
    expect(t, 100 * SEC, "OBJECT IDLETIME k", ":99"); /* in ticks of a bit more than a second */
    expect(t, 100 * SEC, "GET k", "1");
    expect(t, 100 * SEC, "OBJECT IDLETIME k", ":0");
    pass_time(t, 300 * SEC);
    expect(t, 300 * SEC, "OBJECT IDLETIME k", ":200");
    expect(t, 300 * SEC, "TOUCH k nosuch k", ":2");
    expect(t, 300 * SEC, "OBJECT IDLETIME k", ":0");
    expect(t, 300 * SEC, "OBJECT IDLETIME nosuch", "nil");
}

/* --- EXPIRE and its like --- */

static void conditions_of_expire(void **state)
{
    /* what there is, the condition, and whether it takes EXPIRE k 100 */
    static const struct {
        const char *ttl, *condition, *outcome;
    } row[] = {
        {NULL, "NX", ":1"},     {NULL, "XX", ":0"},     {NULL, "GT", ":0"},     {NULL, "LT", ":1"},
        {NULL, "XX LT", ":0"},  {NULL, "XX GT", ":0"},  {"50", "NX", ":0"},     {"50", "XX", ":1"},
        {"50", "GT", ":1"},     {"50", "LT", ":0"},     {"50", "XX GT", ":1"},  {"50", "XX LT", ":0"},
        {"100", "GT", ":0"},    {"100", "LT", ":0"},    {"200", "GT", ":0"},    {"200", "LT", ":1"},
        {"200", "XX LT", ":1"}, {"200", "LT LT", ":1"}, {"200", "lt xx", ":1"},
    };
    struct fixture *t = *state;
    char command[64];

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        expect(t, 0, "SET k 1", "+OK");
        if (row[i].ttl) {
            snprintf(command, sizeof command, "EXPIRE k %s", row[i].ttl);
            expect(t, 0, command, ":1");
        }
        snprintf(command, sizeof command, "EXPIRE k 100 %s", row[i].condition);
        expect(t, 0, command, row[i].outcome);
    }
}

static void extremes_of_expire(void **state)
{
    static const char *const refused[] = {
        "EXPIRE k 9223372036854776",       "EXPIRE k 9223372036854775",     "EXPIRE k 9223372036854775807",
        "EXPIRE k -9223372036854775808",   "PEXPIRE k 9223372036854775807", "EXPIREAT k 9223372036854776",
        "EXPIREAT k -9223372036854775808",
    };
    struct fixture *t = *state;

    expect(t, 0, "SET k 1", "+OK");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_non_null(strstr(answer_to(t, 0, 0, refused[i]), "-ERR invalid expire time in '"));
    expect(t, 0, "PEXPIREAT k 9223372036854775807", ":1");
    expect(t, 0, "PEXPIRETIME k", ":9223372036854775807");
    expect(t, 0, "EXPIRETIME k", ":9223372036854776"); /* rounded, and no overflow */
    expect(t, 0, "TTL k", ":9223370336854776");
    expect(t, 0, "PEXPIREAT k -9223372036854775808 GT", ":0");
    expect(t, 0, "EXPIRE k 100 GT LT", "-ERR GT and LT options at the same time are not compatible");
    expect(t, 0, "EXPIRE k x NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible");
    expect(t, 0, "EXPIRE k x FOO", "-ERR Unsupported option FOO");
    expect(t, 0, "EXPIRETIME nosuch", ":-2");
    expect(t, 0, "PERSIST k", ":1");
    expect(t, 0, "PEXPIRETIME k", ":-1");
    expect(t, 0, "PEXPIREAT k -9223372036854775808 LT", ":1"); /* no TTL is one without end */
    expect(t, 0, "EXISTS k", ":0");
}

static void many_expire_in_slices(void **state)
{
    struct fixture *t = *state;
    struct broker *b = broker_of(t);

    for (int i = 0; i < 1000; i++) {
        char set[64];

        snprintf(set, sizeof set, "SET k:%d 1 PXAT %lld", i, (long long)EPOCH + 100);
        answer_to(t, 0, 0, set);
    }
    expect_as(t, 1, 0, "BRPOP l 0.101", "...");
    assert_false(queue_run(b, fixture_now(100), 300)); /* visible up to and including it */
    for (int left = 700; left > 0; left -= 300) {
        assert_true(queue_run(b, fixture_now(101), 300));
        assert_int_equal(dict_count(&b->db[0].keys), left);
        assert_int_equal(deadlines_next(b, fixture_now(101)), 0);
        session_run_end(&t->service, fixture_now(101));
        if (left == 700)
            expect_heard(t, 1, "nil-array"); /* a wait that is over does not stand behind them */
    }
    assert_false(queue_run(b, fixture_now(101), 300));
    assert_int_equal(deadlines_next(b, fixture_now(101)), INT64_MAX);
    assert_int_equal(b->stats.expired_keys, 1000);
}

/* Nobody tells when the system clock is set: it is looked at. */
static void the_clock_is_set(void **state)
{
    struct fixture *t = *state;
    struct now set = fixture_now(5);

    expect(t, 0, "SET k 1 EX 3600", "+OK");
    expect(t, 0, "XGROUP CREATE s g $ MKSTREAM", "+OK");
    expect(t, 0, "EXPIRE s 7200", ":1");
    assert_int_equal(deadlines_next(broker_of(t), set), 1000000);
    set.wall += 3600 * SEC;
    assert_false(queue_run(broker_of(t), set, 100));
    expect(t, 6, "DBSIZE", ":1");
    set.wall -= 2 * 3600 * SEC; /* and back: what is left lives longer */
    assert_false(queue_run(broker_of(t), set, 100));
    assert_int_equal(deadlines_next(broker_of(t), set), 1000000);
    expect(t, 6, "DBSIZE", ":1");
}

/* --- large values --- */

static void push_much(struct fixture *t, const char *key, int elements)
{
    struct buf line = {0};

    for (int i = 0; i < elements; i += 100) {
        buf_addf(&line, "RPUSH %s", key);
        for (int k = 0; k < 100; k++)
            buf_addf(&line, " an-element-of-a-long-list-%d", i + k);
        buf_add_str(&line, "\r\n");
        feed(t, 0, 0, buf_slice(&line));
        line.n = 0;
    }
    heard(t, 0);
    buf_free(&line);
}

#define LARGE 100000 /* elements: some 3 MB */

/* However a large list goes, its memory comes back in the turns that follow, and is counted until then. */
static void a_large_list_is_freed_bit_by_bit(void **state)
{
    static const char *const how[] = {"DEL l",
                                      "UNLINK l",
                                      "SET l 1",
                                      "RENAME other l",
                                      "PEXPIRE l -1",
                                      "FLUSHALL",
                                      "FLUSHDB ASYNC",
                                      "COPY other l REPLACE",
                                      "MULTI\r\nFLUSHALL\r\nEXEC"};
    struct fixture *t = *state;
    struct broker *b = broker_of(t);

    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        size_t full, steps = 0;

        push_much(t, "l", LARGE);
        expect(t, 0, "RPUSH other x", ":1");
        full = mem_used();
        answer_to(t, 0, 0, how[i]);
        assert_true(graves_pending(b) > 0 || strstr(how[i], "FLUSH")); /* few keys are looked at at once */
        assert_true(mem_used() + 100000 > full);
        while (graves_dig(b, 10))
            steps++;
        assert_true(steps > 20);
        assert_true(full - mem_used() > 2000000);
        assert_int_equal(graves_pending(b), 0);
        answer_to(t, 0, 0, "FLUSHALL SYNC");
    }
    push_much(t, "l", LARGE);
    expect(t, 0, "FLUSHALL SYNC", "+OK");
    assert_false(graves_dig(b, 1));
}

static void many_keys_are_freed_bit_by_bit(void **state)
{
    struct fixture *t = *state;
    struct broker *b = broker_of(t);
    size_t steps = 0;

    for (int i = 0; i < 20000; i++) {
        char set[64];

        snprintf(set, sizeof set, "SET k:%d 1 EX 1000", i);
        answer_to(t, 0, 0, set);
    }
    push_much(t, "large", LARGE);
    expect(t, 0, "FLUSHALL", "+OK");
    expect(t, 0, "DBSIZE", ":0");
    assert_int_equal(graves_pending(b), 20001);
    assert_int_equal(deadlines_next(b, fixture_now(0)), INT64_MAX);
    expect(t, 0, "SET k:1 again", "+OK");
    while (graves_dig(b, 32))
        steps++;
    assert_true(steps > 100);
    assert_int_equal(b->stats.buried, b->stats.freed);
    expect(t, 0, "GET k:1", "again");
}

static void a_large_stream_is_freed_bit_by_bit(void **state)
{
    struct fixture *t = *state;
    struct broker *b = broker_of(t);
    struct buf line = {0};
    size_t full, steps = 0;

    for (int i = 0; i < 30000; i++)
        buf_addf(&line, "XADD s %d-1 field some-value-or-other\r\n", i + 1);
    buf_add_str(&line, "XGROUP CREATE s g 0\r\nXGROUP CREATE s h 0\r\nXREADGROUP GROUP g a STREAMS s >\r\n"
                       "XREADGROUP GROUP h a NOACK STREAMS s >\r\n");
    for (int i = 0; i < 20000; i++)
        buf_addf(&line, "XGROUP CREATECONSUMER s h c%d\r\n", i);
    feed(t, 0, 0, buf_slice(&line));
    buf_free(&line);
    heard(t, 0);
    hang_up(t, 0);
    full = mem_used();
    expect(t, 0, "UNLINK s", ":1");
    assert_int_equal(graves_pending(b), 1);
    assert_true(full < mem_used() + 100000);
    while (graves_dig(b, 32))
        steps++;
    assert_true(steps > 100);
    assert_true(full - mem_used() > 2000000);
}

/* What was deleted is not held against a command that is short of memory. */
static void a_full_memory_digs_first(void **state)
{
    struct fixture *t = *state;
    char set[64];

    push_much(t, "l", LARGE);
    snprintf(set, sizeof set, "CONFIG SET maxmemory %zu", mem_used() - 200000);
    expect(t, 0, set, "+OK");
    expect(t, 0, "SET k 1", "-OOM command not allowed when used memory > 'maxmemory'.");
    t->service.config.turn_frees = 8;
    expect(t, 0, "DEL l", ":1");
    expect(t, 0, "SET k 1", "+OK");
    assert_int_equal(graves_pending(broker_of(t)), 1); /* no more than it took */
    expect(t, 0, "CONFIG SET maxmemory 0", "+OK");
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(rename_carries_all_over),
        test(move_is_to_another_database),
        test(swapdb_exchanges_all),
        test(copy_of_a_key),
        test(copy_of_a_stream_is_deep),
        test(watch_sees_what_happens_to_keys),
        test(watch_of_the_expired_and_swapdb),
        test(watch_sees_expiry),
        test(a_group_reader_sees_its_key_go),
        test(a_reader_waits_on_for_its_name),
        test(scan_meets_what_stays),
        test(scan_filters_and_refuses),
        test(keys_by_pattern),
        test(a_bad_pattern_takes_no_time),
        test(keys_stops_at_the_output_limit),
        test(random_key_is_a_live_one),
        test(objects),
        test(idle_time_is_since_the_last_use),
        test(conditions_of_expire),
        test(extremes_of_expire),
        test(many_expire_in_slices),
        test(the_clock_is_set),
        test(a_large_list_is_freed_bit_by_bit),
        test(many_keys_are_freed_bit_by_bit),
        test(a_large_stream_is_freed_bit_by_bit),
        test(a_full_memory_digs_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
