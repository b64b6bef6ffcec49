/* tests/fuzz/fuzz_session.c - any bytes from two clients into a whole broker: every request has exactly one
 * reply, replies are whole, structures hold their invariants, and (with a journal) a restart and a rewrite
 * find the same state. What clients send lies in memory that is gone when the session returns.
 *
 * The first byte says whether there is a journal, the others are what clients send, but for 0xfe, which
 * makes the next byte an act: time passes, a turn ends, the other client goes on, one comes anew, a
 * rewrite. Mutations are bytes, and now and then a request made of the words that commands know.
 */
#include "../sim/simbroker.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/table.h"
#include <stdlib.h>

#define ACT 0xfe

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_set_level(LOG_LEVEL_WARNING);
    command_table_init();
    return 0;
}

static void must_start(struct simbroker *s)
{
    sim_must(sim_start(s) == OK);
}

static void one_turn(struct simbroker *s)
{
    sim_must(sim_turn(s));
    for (unsigned i = 0; i < 2; i++)
        if (!s->client[i].session)
            sim_connect(s, i);
}

static void rewrite(struct simbroker *s)
{
    if (s->o.no_journal)
        return;
    one_turn(s);
    if (sim_rewriting(s))
        sim_must(sim_rewrite_finish(s));
    else
        sim_must(sim_rewrite_start(s));
}

static void act(struct simbroker *s, uint8_t what, unsigned *client)
{
    if (what < 128) {
        msec ms = (msec)what * what;

        s->now.wall += ms;
        s->now.mono += ms * 1000;
        one_turn(s);
    } else if (what < 160) {
        *client = !*client;
    } else if (what < 164) {
        sim_connect(s, *client);
    } else if (what < 168) {
        rewrite(s);
    } else {
        one_turn(s);
    }
}

static void run(struct simbroker *s, const uint8_t *data, size_t n)
{
    unsigned client = 0;
    size_t from = 0;

    for (size_t at = 0; at <= n; at++) {
        if (at < n && data[at] != ACT)
            continue;
        sim_send_raw(s, client, (struct slice){(const char *)data + from, at - from});
        if (at + 1 < n)
            act(s, data[at + 1], &client);
        from = at + 2;
        at++;
    }
    one_turn(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sim_options o = {
        .seed = 1,
        .settings = "databases 2\nstream-node-max-entries 3\nproto-max-bulk-len 1mb\n"
                    "client-query-buffer-limit 1mb\nclient-max-arguments 512\n",
        .journal = {.sync = JOURNAL_SYNC_EVERYSEC, .reserve = 8192, .unsynced_limit = 1 << 20},
        .any_input = true,
    };
    struct simbroker *s;

    if (n == 0)
        return 0;
    o.no_journal = data[0] % 4 == 0;
    s = sim_new(&o);
    must_start(s);
    run(s, data + 1, n - 1);
    sim_must(sim_settle(s));
    sim_check(s);
    if (!o.no_journal) {
        sim_kill(s);
        must_start(s);
        sim_must(sim_rewrite_start(s) && sim_rewrite_finish(s));
        sim_kill(s);
        must_start(s);
        sim_check(s);
    }
    sim_free(s);
    return 0;
}

/* --- mutations --- */

static const char *const words[] = {
    "s",
    "l",
    "q",
    "r",
    "g",
    "h",
    "alice",
    "bob",
    "0",
    "1",
    "2",
    "5",
    "-1",
    "10",
    "*",
    "$",
    ">",
    "+",
    "-",
    "0-0",
    "0-1",
    "1-1",
    "2-2",
    "3-*",
    "5-5",
    "f",
    "v",
    "\"\"",
    "~",
    "=",
    "MAXLEN",
    "MINID",
    "LIMIT",
    "COUNT",
    "BLOCK",
    "STREAMS",
    "GROUP",
    "NOACK",
    "NX",
    "XX",
    "EX",
    "PX",
    "PXAT",
    "KEEPTTL",
    "GET",
    "GT",
    "LT",
    "FORCE",
    "JUSTID",
    "IDLE",
    "TIME",
    "RETRYCOUNT",
    "SILENT",
    "FAIL",
    "FATAL",
    "IDS",
    "CLAIM",
    "1099511627775",
    "LASTID",
    "MKSTREAM",
    "ENTRIESREAD",
    "ENTRIESADDED",
    "MAXDELETEDID",
    "NOMKSTREAM",
    "FULL",
    "TYPE",
    "ID",
    "18446744073709551615-18446744073709551615",
    "9223372036854775807",
    "-9223372036854775808",
    "1700000000000",
    "1700000000000-0",
    "36028797018963968",
    "ON",
    "OFF",
    "SKIP",
    "WRITE",
    "3",
    "p",
    "IDMP",
    "IDMPAUTO",
    "IDMP-DURATION",
    "IDMP-MAXSIZE",
    "DELAY",
    "AT",
    "TTL",
    "PRIORITY",
    "DEDUP",
    "WINDOW",
    "30s",
    "7d",
    "9007199254740992",
    "10000",
    "86400",
    "KEEPREF",
    "DELREF",
    "ACKED",
    "IDS",
    "CLAIM",
    "MAXCOUNT",
    "MAXSIZE",
    "SILENT",
    "FAIL",
    "FATAL",
    "(1-1",
    "(-",
    "18446744073709551616",
    "-0",
    "1-",
    "1-1-1",
    "q*",
    "{queue}",
    "dead:{queue}",
    "30s",
    "36500d",
    "requeue",
    "halt",
    "drop",
    "MATCH",
};

static const char *const requests[] = {
    "QPOLICY SET q ACKWAIT 30s MAXDELIVER 3 BACKOFF 1s BACKOFFMAX 5s JITTER 10 DLQ dead:{queue}",
    "QPOLICY SET q* TTL 1h MAXLEN 5 MAXBYTES 1mb OVERFLOW drop RETENTION queue PRIORITIES 4 AGING 1s",
    "QPOLICY SET * ORDERKEY f ONPOISON halt MAXINFLIGHT 2 PREFETCH 1 RATE 5",
    "QPOLICY SET q ACKWAIT 1 ONDISCONNECT requeue CONSUMERIDLE 1d PAUSE both HEADERS yes",
    "QPOLICY SET dead:q DLQ q",
    "QPOLICY DEL q DLQ TTL",
    "QPOLICY DEL q*",
    "QPOLICY GET q",
    "QPOLICY LIST MATCH q*",
    "QPOLICY SHOW q",
    "QACK q g c 1-1",
    "QNACK q g c REJECT ERROR e 1-1",
    "QEXTEND q g c 1s 1-1",
    "QPEEK q GROUP g STATE dead COUNT 2 FROM 1-1",
    "QSTAT q",
    "QLIST 0 MATCH q* COUNT 2",
    "QREDRIVE dead:q REASON rejected COUNT 2 DRYRUN IDS 2 1-1 2-1",
    "QREDRIVE dead:q TO q",
    "QREDRIVE q GROUP g",
    "QPURGE q GROUP g STATE new",
    "QPURGE q",
    "QWATCH q g c 1-1",
    "MONITOR",
    "SLOWLOG GET -1",
    "CONFIG SET slowlog-log-slower-than 0",
    "LATENCY GRAPH command",
    "COMMAND GETKEYSANDFLAGS XREAD STREAMS a b 0 0",
    "XADD q * f v",
    "XADD q 1-* f v g w",
    "XADD q MAXLEN ~ 2 * f v",
    "XGROUP CREATE q g 0 MKSTREAM",
    "XREADGROUP GROUP g alice COUNT 2 STREAMS q >",
    "XREADGROUP GROUP g bob BLOCK 500 STREAMS q >",
    "XREADGROUP GROUP g alice STREAMS q 0",
    "XREADGROUP GROUP g bob NOACK STREAMS q >",
    "XREADGROUP GROUP g alice MAXCOUNT 1 MAXSIZE 9 STREAMS q r > 0",
    "XREAD BLOCK 100 STREAMS q r $ $",
    "XACK q g 1-1 2-2",
    "XREADGROUP GROUP g bob CLAIM 100 COUNT 2 BLOCK 300 STREAMS q >",
    "XNACK q g FAIL IDS 2 1-1 2-2",
    "XNACK q g FATAL FORCE IDS 1 1-1 RETRYCOUNT 1099511627776",
    "XCLAIM q g bob 0 1-1 FORCE",
    "XAUTOCLAIM q g alice 0 0 COUNT 2",
    "XDEL q 1-1",
    "XDELEX q ACKED IDS 2 1-1 2-2",
    "XACKDEL q g DELREF IDS 1 1-1",
    "XTRIM q MAXLEN 1",
    "XTRIM q MINID ~ 3 LIMIT 2",
    "XADD q MINID 2 * f v",
    "XADD q NOMKSTREAM 5-5 f v",
    "XADD q IDMP p a * f v",
    "XADD q IDMP p b MAXLEN 1 * f v g w",
    "XADD q IDMPAUTO p * f v g w",
    "XCFGSET q IDMP-DURATION 1",
    "XCFGSET q IDMP-MAXSIZE 2",
    "XIDMPRECORD q p c 1-1",
    "QADD q * f v",
    "QADD q DELAY 50ms TTL 1m PRIORITY 3 * f v g w",
    "QADD q DELAY 1h DEDUP d * f v",
    "QADD q DEDUP d WINDOW 100 * f v",
    "QADD q NOMKSTREAM AT 1700000000000 * f v",
    "QADD q TTL 5s 5-5 f v",
    "QCANCEL q 1700000000000-0 1-1",
    "XREADGROUP GROUP g bob COUNT 2 CLAIM 10 STREAMS q >",
    "XREAD MAXCOUNT 3 MAXSIZE 20 STREAMS q r 0 0",
    "XNACK q g FAIL IDS 1 1-1",
    "XNACK q g SILENT IDS 1 1-1 RETRYCOUNT 3 FORCE",
    "XGROUP SETID q g 0 ENTRIESREAD 1",
    "XGROUP CREATE r h $ MKSTREAM",
    "XGROUP CREATECONSUMER q g carol",
    "XGROUP DELCONSUMER q g alice",
    "XGROUP DESTROY q g",
    "XINFO STREAM q",
    "XINFO GROUPS q",
    "XINFO CONSUMERS q g",
    "XRANGE q - + COUNT 3",
    "XREVRANGE q + (1-1",
    "XLEN q",
    "XPENDING q g",
    "XPENDING q g IDLE 5 - + 10 bob",
    "XTRIM q MAXLEN ~ 0 ACKED",
    "XADD q MAXLEN 1 DELREF * f v",
    "XSETID q 9-9 ENTRIESADDED 20 MAXDELETEDID 8-8",
    "XPENDING q g - + 10",
    "XINFO STREAM q FULL",
    "SET s 1 PX 100",
    "SET s v GET",
    "INCR s",
    "RPUSH l a b c",
    "LPOP l 2",
    "BRPOP l 0.2",
    "PEXPIRE q 300",
    "RENAME q r",
    "COPY q r REPLACE",
    "COPY l l DB 1",
    "MOVE s 1",
    "SWAPDB 0 1",
    "SCAN 0 MATCH [a-z]* TYPE stream COUNT 3",
    "KEYS *",
    "RANDOMKEY",
    "OBJECT ENCODING l",
    "UNLINK q l",
    "MULTI",
    "EXEC",
    "WATCH s l q",
    "HELLO 3",
    "SUBSCRIBE c",
    "PUBLISH c m",
    "CLIENT LIST",
    "CLIENT UNBLOCK 2 ERROR",
    "CLIENT PAUSE 200 WRITE",
    "CLIENT PAUSE 200",
    "CLIENT UNPAUSE",
    "CLIENT REPLY SKIP",
    "CLIENT KILL ID 2",
    "FLUSHALL",
    "SELECT 1",
    "RESET",
};

#define N_OF(table) (sizeof(table) / sizeof *(table))

static size_t put_word(char *to, const char *word)
{
    size_t n = strlen(word);

    memcpy(to, word, n);
    to[n] = ' ';
    return n + 1;
}

/* A command's name and words that may belong to it, or one that is right. */
static size_t make_request(char *to, struct random *r)
{
    size_t n = 0;

    if (random_below(r, 2)) {
        n = put_word(to, requests[random_below(r, N_OF(requests))]);
    } else {
        const char *name = command_table[random_below(r, command_count())].name;
        size_t more = (size_t)random_below(r, 8);

        n = put_word(to, name);
        for (size_t i = 0; i < n; i++)
            if (to[i] == '|')
                to[i] = ' ';
        while (more--)
            n += put_word(to + n, words[random_below(r, N_OF(words))]);
    }
    to[n++] = '\r';
    to[n++] = '\n';
    if (random_below(r, 4) == 0) {
        to[n++] = (char)ACT;
        to[n++] = (char)random_below(r, 256);
    }
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    struct random r;
    char text[1024];
    size_t more, at;

    random_seed(&r, seed);
    if (random_below(&r, 3) == 0)
        return LLVMFuzzerMutate(data, n, max);
    more = make_request(text, &r);
    if (n + more > max || n == 0)
        return LLVMFuzzerMutate(data, n, max);
    for (at = 1 + (size_t)random_below(&r, n); at > 1 && data[at - 1] != '\n';)
        at--;
    memmove(data + at + more, data + at, n - at);
    memcpy(data + at, text, more);
    return n + more;
}
