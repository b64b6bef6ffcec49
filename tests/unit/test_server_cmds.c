/* Commands about the server and its clients: CLIENT, COMMAND, CONFIG, INFO, DEBUG and the rest. */
#include "fixture.h"

#include <stdio.h>

#define contains(t, at, command, part) assert_non_null(strstr(answer_to(t, at, 0, command), part))
#define lacks(t, at, command, part)    assert_null(strstr(answer_to(t, at, 0, command), part))

/* --- CLIENT --- */

static void place(struct fixture *t, int who, msec at, const char *addr)
{
    static char here[] = "127.0.0.1:6379";
    static struct wire wire[FIXTURE_CLIENTS];
    static char text[FIXTURE_CLIENTS][32];

    snprintf(text[who], sizeof text[who], "%s", addr);
    wire[who] = (struct wire){.addr = text[who], .laddr = here, .fd = -1};
    client(t, who, at)->wire = &wire[who];
}

static void a_line_says_what_a_client_does(void **state)
{
    struct fixture *t = *state;

    place(t, 0, 0, "10.0.0.1:1000");
    expect(t, 0, "CLIENT SETNAME worker", "+OK");
    expect(t, 0, "CLIENT SETINFO LIB-NAME py", "+OK");
    expect(t, 0, "SELECT 3", "+OK");
    contains(
        t, 5 * SEC, "CLIENT INFO",
        "id=1 addr=10.0.0.1:1000 laddr=127.0.0.1:6379 fd=-1 name=worker age=5 idle=0 flags=N db=3 sub=0 "
        "psub=0 "
        "ssub=0 multi=-1 watch=0 qbuf=13 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0");
    contains(t, 5 * SEC, "CLIENT INFO",
             " cmd=client|info user=default redir=-1 resp=2 lib-name=py lib-ver=\n");
    expect(t, 0, "WATCH k", "+OK");
    expect(t, 0, "MULTI", "+OK");
    expect(t, 0, "PING", "+QUEUED");
    expect_as(t, 1, 0, "SET k v", "+OK");
    assert_non_null(strstr(answer_to(t, 0, 1, "CLIENT LIST ID 1"), "flags=x "));
    assert_non_null(strstr(answer_to(t, 0, 1, "CLIENT LIST ID 1"), "multi=1 watch=1"));
    expect_as(t, 1, 0, "SELECT 3", "+OK");
    expect_as(t, 1, 0, "SET k v", "+OK");
    assert_non_null(strstr(answer_to(t, 0, 1, "CLIENT LIST ID 1"), "flags=xd "));
}

static void lists_are_filtered(void **state)
{
    struct fixture *t = *state;

    expect_as(t, 1, 0, "SUBSCRIBE news", "[subscribe news :1]");
    expect_as(t, 2, 0, "BRPOP q 0", "...");
    contains(t, 0, "CLIENT LIST", "id=1 ");
    contains(t, 0, "CLIENT LIST", "flags=P db=0 sub=1 psub=0");
    contains(t, 0, "CLIENT LIST", "flags=b ");
    contains(t, 0, "CLIENT LIST", "cmd=brpop ");
    contains(t, 0, "CLIENT LIST TYPE pubsub", "id=");
    lacks(t, 0, "CLIENT LIST TYPE pubsub", "flags=b");
    lacks(t, 0, "CLIENT LIST TYPE normal", "flags=P");
    expect(t, 0, "CLIENT LIST TYPE replica", "\"\"");
    expect(t, 0, "CLIENT LIST TYPE master", "\"\"");
    expect(t, 0, "CLIENT LIST ID 77 -1", "\"\"");
    expect(t, 0, "CLIENT LIST TYPE nosuch", "-ERR Unknown client type 'nosuch'");
    expect(t, 0, "CLIENT LIST TYPE", "-ERR syntax error");
    expect(t, 0, "CLIENT LIST ID", "-ERR syntax error");
    expect(t, 0, "CLIENT LIST ID x", "-ERR Invalid client ID");
    expect(t, 0, "CLIENT LIST FOO", "-ERR syntax error");
}

static void kill_takes_an_address_or_filters(void **state)
{
    struct fixture *t = *state;

    place(t, 0, 0, "10.0.0.1:1");
    place(t, 1, 0, "10.0.0.1:2");
    place(t, 2, 60 * SEC, "10.0.0.1:3");
    expect(t, 61 * SEC, "CLIENT KILL 10.0.0.9:1", "-ERR No such client");
    expect(t, 61 * SEC, "CLIENT KILL 10.0.0.1:2", "+OK");
    assert_true(client(t, 1, 0)->killed);
    assert_ptr_equal(list_entry(t->service.to_close.next, struct session, to_close), client(t, 1, 0));
    expect(t, 61 * SEC, "CLIENT KILL 10.0.0.1:2", "-ERR No such client"); /* as good as gone */
    lacks(t, 61 * SEC, "CLIENT LIST", "10.0.0.1:2");
    expect(t, 61 * SEC, "CLIENT KILL ADDR 10.0.0.1:3 MAXAGE 5", ":0");
    expect(t, 66 * SEC, "CLIENT KILL ADDR 10.0.0.1:3 MAXAGE 5", ":1");
    expect(t, 0, "CLIENT KILL ID 1", ":0"); /* not oneself, unless asked */
    expect(t, 0, "CLIENT KILL LADDR 127.0.0.1:6379 TYPE normal USER default", ":0");
    expect(t, 0, "CLIENT KILL ID 1 SKIPME no", ":1");
    assert_true(client(t, 0, 0)->close_after_reply);
    assert_false(client(t, 0, 0)->killed); /* it hears the answer first */
}

static void kill_refuses_what_it_does_not_know(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CLIENT KILL ID x", "-ERR client-id should be greater than 0");
    expect(t, 0, "CLIENT KILL ID 0", "-ERR client-id should be greater than 0");
    expect(t, 0, "CLIENT KILL ID x ADDR", "-ERR client-id should be greater than 0"); /* from left to right */
    expect(t, 0, "CLIENT KILL MAXAGE x", "-ERR maxage is not an integer or out of range");
    expect(t, 0, "CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0");
    expect(t, 0, "CLIENT KILL TYPE x", "-ERR Unknown client type 'x'");
    expect(t, 0, "CLIENT KILL USER x", "-ERR No such user 'x'");
    expect(t, 0, "CLIENT KILL SKIPME x", "-ERR syntax error");
    expect(t, 0, "CLIENT KILL ID 1 ADDR", "-ERR syntax error");
    expect(t, 0, "CLIENT KILL FOO x", "-ERR syntax error");
    assert_true(list_empty(&t->service.to_close));
}

static void unblock_ends_a_wait(void **state)
{
    struct fixture *t = *state;

    client(t, 0, 0);
    expect_as(t, 1, 0, "BRPOP q 0", "...");
    expect(t, 0, "CLIENT UNBLOCK 2", ":1");
    expect_heard(t, 1, "nil-array");
    expect(t, 0, "CLIENT UNBLOCK 2", ":0");
    expect_as(t, 1, 0, "BRPOP q 0", "...");
    expect(t, 0, "CLIENT UNBLOCK 2 ERROR", ":1");
    expect_heard(t, 1, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    contains(t, 0, "INFO errorstats", "errorstat_UNBLOCKED:count=1");
    assert_true(list_linked(&client(t, 1, 0)->resumed)); /* its input is to be looked at again */
    expect(t, 0, "LPUSH q a", ":1");                     /* nobody waits any more */
    expect(t, 0, "CLIENT UNBLOCK 99", ":0");
    expect(t, 0, "CLIENT UNBLOCK x", "-ERR value is not an integer or out of range");
    expect(t, 0, "CLIENT UNBLOCK 2 FOO", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}

/* --- COMMAND --- */

static void the_table_is_shown_as_redis_shows_its(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND INFO get",
           "[[get :2 [+readonly +fast] :1 :1 :1 [+@read +@string +@fast] [] [[flags [+RO +access] "
           "begin_search [type "
           "index spec "
           "[index :1]] find_keys [type range spec [lastkey :0 keystep :1 limit :0]]]] []]]");
    expect(t, 0, "COMMAND INFO ping nosuch lmq.deliver",
           "[[ping :-1 [+fast] :0 :0 :0 [+@fast +@connection] [request_policy:all_shards "
           "response_policy:all_succeeded] [] []] nil nil]");
    contains(t, 0, "COMMAND INFO xread",
             "[type keyword spec [keyword STREAMS startfrom :1]] find_keys [type range "
             "spec [lastkey :-1 keystep :1 limit :2]]");
    contains(t, 0, "COMMAND INFO xreadgroup", "startfrom :4");
    contains(t, 0, "COMMAND INFO brpop", "lastkey :-2");
    contains(t, 0, "COMMAND INFO xgroup",
             "[[xgroup :-2 [] :0 :0 :0 [+@slow] [] [] [[xgroup|create :-5 [+write +denyoom]");
    contains(t, 0, "COMMAND INFO config|get",
             "[[config|get :-3 [+admin +noscript +loading +stale] :0 :0 :0 [+@admin "
             "+@slow +@dangerous]");
    lacks(t, 0, "COMMAND", "lmq.");
    contains(t, 0, "COMMAND", "xautoclaim");
}

static void counts_leave_subcommands_and_records_out(void **state)
{
    struct fixture *t = *state;
    char want[16];
    int n = 0;

    for (const struct command *row = command_table; row->name; row++)
        n += !strchr(row->name, '|') && !(row->flags & CMD_RECORD);
    snprintf(want, sizeof want, ":%d", n);
    expect(t, 0, "COMMAND COUNT", want);
    expect(t, 0, "COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.");
}

static void docs_come_as_maps(void **state)
{
    struct fixture *t = *state;

    expect(
        t, 0, "COMMAND DOCS ping nosuch",
        "[ping [summary Answers PONG, or the message. since 1.0.0 group connection complexity O(1) arguments "
        "[[name message type string display_text message flags [+optional]]]]]");
    expect(t, 0, "COMMAND DOCS nosuch", "[]");
    answer_to(t, 0, 0, "HELLO 3");
    expect(
        t, 0, "COMMAND DOCS ping",
        "{ping {summary Answers PONG, or the message. since 1.0.0 group connection complexity O(1) arguments "
        "[{name message type string display_text message flags [+optional]}]}}");
    contains(t, 0, "COMMAND DOCS xinfo", "subcommands {xinfo|stream {summary");
    contains(t, 0, "COMMAND DOCS", "xadd {summary");
    lacks(t, 0, "COMMAND DOCS", "lmq.");
}

static void keys_are_found_in_a_command(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND GETKEYS get k", "[k]");
    expect(t, 0, "COMMAND GETKEYS del a b c", "[a b c]");
    expect(t, 0, "COMMAND GETKEYS brpop a b 0", "[a b]");
    expect(t, 0, "COMMAND GETKEYS xgroup create k g 0", "[k]");
    expect(t, 0, "COMMAND GETKEYS xread count 1 streams a b 0 0", "[a b]");
    expect(t, 0, "COMMAND GETKEYS nosuch a", "-ERR Invalid command specified");
    expect(t, 0, "COMMAND GETKEYS xgroup nosuch", "-ERR Invalid command specified");
    expect(t, 0, "COMMAND GETKEYS lmq.skip a b c d", "-ERR Invalid command specified");
    expect(t, 0, "COMMAND GETKEYS ping x", "-ERR The command has no key arguments");
    expect(t, 0, "COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command");
    expect(t, 0, "COMMAND GETKEYS xread block 1 x", "-ERR Invalid arguments specified for command");
}

/* --- CONFIG --- */

static void settings_are_got_by_pattern(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG GET timeout", "[timeout 0]");
    expect(t, 0, "CONFIG GET TimeOut", "[TimeOut 0]");
    expect(t, 0, "CONFIG GET timeout t[i]meou*", "[timeout 0]"); /* once */
    expect(t, 0, "CONFIG GET MAXMEMORY*Y*", "[maxmemory-policy noeviction maxmemory-eviction-tenacity 10]");
    expect(t, 0, "CONFIG GET nosuch", "[]");
    expect(t, 0, "CONFIG GET save replica-read-only appendonly databases",
           "[databases 16 appendonly yes save \"\" replica-read-only yes]");
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 0, "CONFIG GET timeout", "{timeout 0}");
}

static void settings_are_set_all_or_none(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET maxclients 50 TIMEOUT 7", "+OK");
    expect(t, 0, "CONFIG GET maxclients timeout", "[timeout 7 maxclients 50]");
    assert_true(t->service.broker.orders.settings);
    t->service.broker.orders.settings = false;
    expect(
        t, 0, "CONFIG SET timeout 9 maxclients 0",
        "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and "
        "2147483647 inclusive");
    expect(t, 0, "CONFIG SET timeout 9 nosuch 1",
           "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
    expect(t, 0, "CONFIG SET timeout 9 Timeout 8",
           "-ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter");
    expect(t, 0, "CONFIG SET timeout 9 port 1",
           "-ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config");
    expect(t, 0, "CONFIG SET timeout 9 maxclients", "-ERR syntax error");
    expect(t, 0, "CONFIG SET timeout 9 save \"900 1\"",
           "-ERR CONFIG SET failed (possibly related to argument 'save') - can't set immutable config");
    expect(t, 0, "CONFIG GET timeout", "[timeout 7]");
    assert_false(t->service.broker.orders.settings);
    expect(t, 0, "CONFIG SET save \"\"", "+OK");
    expect(t, 0, "CONFIG SET client-output-buffer-limit \"pubsub 1mb 2 3\"", "+OK");
    contains(t, 0, "CONFIG GET client-output-buffer-limit", "pubsub 1048576 2 3");
}

static void a_new_password_keeps_who_is_in(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET requirepass secret", "+OK");
    expect(t, 0, "PING", "+PONG");
    expect(t, 0, "CONFIG GET requirepass", "[requirepass secret]");
    expect_as(t, 1, 0, "PING", "-NOAUTH Authentication required.");
    expect_as(t, 1, 0, "CONFIG GET requirepass", "-NOAUTH Authentication required.");
    expect(t, 0, "CONFIG SET requirepass \"\"", "+OK");
    expect_as(t, 1, 0, "PING", "+PONG");
}

static void counters_start_anew(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "GET nosuch", "nil");
    expect(t, 0, "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: ");
    contains(t, 0, "INFO stats", "keyspace_misses:1");
    contains(t, 0, "INFO errorstats", "errorstat_ERR:count=1");
    contains(t, 0, "INFO commandstats", "cmdstat_get:calls=1,");
    expect(t, 0, "CONFIG RESETSTAT", "+OK");
    contains(t, 0, "INFO stats", "keyspace_misses:0");
    lacks(t, 0, "INFO errorstats", "errorstat_");
    lacks(t, 0, "INFO commandstats", "cmdstat_get");
}

/* --- INFO --- */

static void info_has_its_sections(void **state)
{
    struct fixture *t = *state;
    const char *text;

    contains(t, 100 * SEC, "INFO", "redis_version:" REDIS_VERSION "\r\n");
    contains(t, 0, "INFO", "# Durability\r\n");
    contains(t, 0, "INFO", "role:master\r\n");
    contains(t, 0, "INFO", "loading:0\r\n");
    contains(t, 0, "INFO", "maxmemory_policy:noeviction\r\n");
    lacks(t, 0, "INFO", "# Commandstats");
    contains(t, 0, "INFO all", "# Commandstats\r\ncmdstat_");
    contains(t, 0, "INFO EVERYTHING", "# Commandstats");
    contains(t, 0, "INFO default commandstats", "# Keyspace");
    expect(t, 0, "INFO nosuch", "\"\"");
    expect(t, 0, "INFO keyspace cluster nosuch", "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
    expect(t, 0, "SET a 1", "+OK");
    expect(t, 0, "SET b 1 PX 5000", "+OK");
    expect(t, 0, "INFO keyspace", "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=5000\r\n");
    expect(t, 2 * SEC, "INFO keyspace", "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=3000\r\n");
    expect(t, 0, "PERSIST b", ":1");
    expect(t, 0, "INFO keyspace", "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n");
    text = answer_to(t, 0, 0, "INFO everything");
    for (const char *line = text, *end; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end == line || *line == '#' || memchr(line, ':', (size_t)(end - line)));
    }
}

static void info_says_who_waits_and_listens(void **state)
{
    struct fixture *t = *state;

    expect_as(t, 1, 0, "BRPOP q 5", "...");
    expect_as(t, 2, 0, "SUBSCRIBE a b", "[subscribe a :1] | [subscribe b :2]");
    contains(t, 0, "INFO clients", "connected_clients:3\r\n");
    contains(t, 0, "INFO clients", "blocked_clients:1\r\n");
    contains(t, 0, "INFO clients", "pubsub_clients:1\r\n");
    contains(t, 0, "INFO stats", "pubsub_channels:2\r\n");
    t->service.server.loading = true;
    t->service.server.loading_all = 200;
    t->service.server.loading_done = 50;
    contains(t, 0, "INFO persistence", "loading:1\r\n");
    contains(t, 0, "INFO persistence", "loading_loaded_perc:25.00\r\n");
    t->service.server.loading = false;
}

/* INFO queues: exact after every way to make and lose an entry. */
static void totals_follow_the_streams(void **state)
{
    struct fixture *t = *state;

#define TOTALS(s, e, g, c, p)                                                                                \
    "# Queues\r\nstreams:" #s "\r\nstream_entries:" #e "\r\nstream_groups:" #g "\r\nstream_consumers:" #c    \
    "\r\nstream_pending:" #p "\r\n"
    contains(t, 0, "INFO queues", TOTALS(0, 0, 0, 0, 0));
    expect(t, 0, "XGROUP CREATE a g 0 MKSTREAM", "+OK");
    expect(t, 0, "XGROUP CREATE a h 0", "+OK");
    for (int i = 0; i < 9; i++)
        answer_to(t, 0, 0, "XADD a * f v");
    answer_to(t, 0, 0, "XADD b MAXLEN 2 1-1 f v");
    answer_to(t, 0, 0, "XADD b MAXLEN 2 1-2 f v");
    answer_to(t, 0, 0, "XADD b MAXLEN 2 1-3 f v");
    answer_to(t, 0, 0, "XREADGROUP GROUP g x COUNT 5 STREAMS a >");
    answer_to(t, 0, 0, "XREADGROUP GROUP h y STREAMS a >");
    contains(t, 0, "INFO queues", TOTALS(2, 11, 2, 2, 14));
    expect(t, 0, "XDEL b 1-2", ":1");
    expect(t, 0, "XTRIM a MAXLEN 3", ":6");
    expect(t, 0, "XGROUP DELCONSUMER a g x", ":5");
    contains(t, 0, "INFO queues", TOTALS(2, 4, 2, 1, 9));
    expect(t, 0, "XGROUP DESTROY a h", ":1");
    expect(t, 0, "PEXPIRE b 5", ":1");
    pass_time(t, 6);
    contains(t, 6, "INFO queues", TOTALS(1, 3, 1, 0, 0));
    answer_to(t, 6, 0, "XREADGROUP GROUP g x STREAMS a >");
    expect(t, 6, "SET a string", "+OK");
    contains(t, 6, "INFO queues", TOTALS(0, 0, 0, 0, 0));
    answer_to(t, 6, 0, "XADD c * f v");
    expect(t, 6, "FLUSHALL", "+OK");
    contains(t, 6, "INFO queues", TOTALS(0, 0, 0, 0, 0));
}

/* The same of what only queues have; what they did is counted since the start. */
static void queues_are_counted(void **state)
{
    struct fixture *t = *state;

#define QUEUES(q, p, l, r, w, d)                                                                             \
    "\r\nqueues:" #q "\r\nqueue_policies:" #p "\r\nqueue_delayed:" #l "\r\nqueue_ready:" #r                  \
    "\r\nqueue_waiting:" #w "\r\nqueue_held:0\r\nqueue_dead:" #d "\r\n"
#define DONE(l, e, a, r)                                                                                     \
    "\r\ntotal_dead_letters:" #l "\r\ntotal_expired_messages:" #e "\r\ntotal_retried_messages:" #a           \
    "\r\ntotal_redriven_messages:" #r "\r\n"
    contains(t, 0, "INFO queues", QUEUES(0, 0, 0, 0, 0, 0));
    contains(t, 0, "INFO queues", DONE(0, 0, 0, 0));
    expect(t, 0, "QPOLICY SET q ACKWAIT 1s MAXDELIVER 2", "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
    for (int i = 0; i < 4; i++)
        answer_to(t, 0, 0, "XADD q * f v");
    expect(t, 0, "QADD q DELAY 1h * f v", "1700003600000-0");
    expect(t, 0, "QADD q DELAY 1h * f v", "1700003600000-1");
    expect(t, 0, "QCANCEL q 1700003600000-0", ":1");
    answer_to(t, 0, 0, "XREADGROUP GROUP g x STREAMS q >");
    expect(t, 0, "QNACK q g x 1700000000000-0", ":1");
    expect(t, 0, "QNACK q g x DELAY 1h 1700000000000-1", ":1");
    expect(t, 0, "QNACK q g x REJECT 1700000000000-2", ":1");
    contains(t, 0, "INFO queues", QUEUES(1, 1, 1, 1, 1, 1));
    contains(t, 0, "INFO queues", DONE(0, 0, 2, 0));
    expect(t, 0, "COPY q r", ":1");
    contains(t, 0, "INFO queues", QUEUES(1, 1, 2, 2, 2, 2));
    expect(t, 0, "DEL r", ":1");
    contains(t, 0, "INFO queues", QUEUES(1, 1, 1, 1, 1, 1));
    expect(t, 0, "QREDRIVE q GROUP g", "[:1 :0 :0]");
    contains(t, 0, "INFO queues", QUEUES(1, 1, 1, 2, 1, 0));
    expect(t, 0, "XACK q g 1700000000000-0", ":1");
    contains(t, 0, "INFO queues", DONE(0, 0, 2, 1));
    expect(t, 0, "QPOLICY SET q DLQ d TTL 1m", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g x STREAMS q >");
    expect(t, 0, "QNACK q g x REJECT 1700000000000-2", ":1");
    pass_time(t, 60000);
    contains(t, 60000, "INFO queues", DONE(3, 2, 2, 1));
    expect(t, 60000, "FLUSHALL", "+OK");
    contains(t, 60000, "INFO queues", QUEUES(0, 1, 0, 0, 0, 0));
    expect(t, 60000, "CONFIG RESETSTAT", "+OK");
    contains(t, 60000, "INFO everything", DONE(0, 0, 0, 0));
}

static void latencies_are_kept_by_command(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET k v", "+OK");
    for (int i = 0; i < 70; i++) /* more than are timed together */
        expect(t, 0, "GET k", "v");
    contains(t, 0, "INFO latencystats", "# Latencystats\r\n");
    contains(t, 0, "INFO latencystats", "latency_percentiles_usec_set:p50=");
    contains(t, 0, "INFO latencystats", "latency_percentiles_usec_get:p50=");
    contains(t, 0, "INFO latencystats", ",p99.9=");
    lacks(t, 0, "INFO", "Latencystats");
    contains(t, 0, "INFO all", "# Latencystats");
    expect(t, 0, "CONFIG SET latency-tracking-info-percentiles \"0 12.5 100\"", "+OK");
    expect(t, 0, "CONFIG GET latency-tracking-info-percentiles",
           "[latency-tracking-info-percentiles 0 12.5 100]");
    contains(t, 0, "INFO latencystats", "latency_percentiles_usec_get:p0=");
    contains(t, 0, "INFO latencystats", ",p12.5=");
    expect(t, 0, "CONFIG SET latency-tracking-info-percentiles \"\"", "+OK");
    contains(t, 0, "INFO latencystats", "latency_percentiles_usec_get:\r\n");
    for (const char *const *bad = (const char *const[]){"101", "-1", "x", "nan", "50 a", NULL}; *bad; bad++) {
        char line[128];

        snprintf(line, sizeof line, "CONFIG SET latency-tracking-info-percentiles \"%s\"", *bad);
        contains(t, 0, line, "-ERR CONFIG SET failed");
    }
    expect(t, 0, "CONFIG RESETSTAT", "+OK");
    lacks(t, 0, "INFO latencystats", "usec_get");
    expect(t, 0, "CONFIG SET latency-tracking no", "+OK");
    expect(t, 0, "CONFIG RESETSTAT", "+OK");
    expect(t, 0, "GET k", "v");
    lacks(t, 0, "INFO latencystats", "usec_get");
    contains(t, 0, "INFO commandstats", "cmdstat_get:calls=1,");
}

static void rates_are_of_the_last_second_and_a_half(void **state)
{
    struct rates r = {0};
    uint64_t v[RATES] = {0};
    usec now = 5000000;

    (void)state;
    assert_true(rates_get(&r, RATE_COMMANDS, now, 100) == 0);
    for (int i = 0; i < 100; i++, now += 50000, v[RATE_COMMANDS] += 500)
        if (rates_due(&r, now))
            rates_add(&r, now, v);
    assert_true(rates_get(&r, RATE_COMMANDS, now, v[RATE_COMMANDS]) > 9990);
    assert_true(rates_get(&r, RATE_COMMANDS, now, v[RATE_COMMANDS]) < 10010);
    assert_true(rates_get(&r, RATE_IN, now, 0) == 0);
    now += 1000 * (usec)1000000; /* a silent quarter of an hour */
    assert_true(rates_due(&r, now));
    rates_add(&r, now, v);
    assert_true(rates_get(&r, RATE_COMMANDS, now, v[RATE_COMMANDS] + 1) < 2);
    now += 200000;
    assert_true(rates_get(&r, RATE_COMMANDS, now, v[RATE_COMMANDS] + 100) == 500);
    assert_true(rates_get(&r, RATE_COMMANDS, now, 3) == 0); /* RESETSTAT */
}

/* --- data as a whole, the end, the rewrite --- */

static void flushes_take_a_database_or_all(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SET a 1", "+OK");
    expect(t, 0, "SELECT 1", "+OK");
    expect(t, 0, "SET b 1", "+OK");
    expect(t, 0, "DBSIZE", ":1");
    expect(t, 0, "FLUSHDB FOO", "-ERR syntax error");
    expect(t, 0, "FLUSHDB ASYNC", "+OK");
    expect(t, 0, "DBSIZE", ":0");
    expect(t, 0, "SELECT 0", "+OK");
    expect(t, 0, "DBSIZE", ":1");
    expect(t, 0, "FLUSHALL sync", "+OK");
    expect(t, 0, "DBSIZE", ":0");
}

static void shutdown_is_an_order(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "SHUTDOWN SAVE NOSAVE", "-ERR syntax error");
    expect(t, 0, "SHUTDOWN FOO", "-ERR syntax error");
    expect(t, 0, "SHUTDOWN ABORT NOW", "-ERR syntax error");
    expect(t, 0, "SHUTDOWN ABORT", "-ERR No shutdown in progress.");
    assert_int_equal(t->service.broker.orders.shutdown, SHUTDOWN_NONE);
    expect(t, 0, "SHUTDOWN NOW FORCE", "...");
    assert_int_equal(t->service.broker.orders.shutdown, SHUTDOWN_CLEAN);
    expect_as(t, 1, 0, "SHUTDOWN nosave", "...");
    assert_int_equal(t->service.broker.orders.shutdown, SHUTDOWN_NOSAVE);
    assert_true(client(t, 1, 0)->close_after_reply);
}

static void a_rewrite_needs_a_journal(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "BGREWRITEAOF", "-ERR appendonly is off: there is nothing to rewrite");
    assert_false(t->service.broker.orders.rewrite);
}

static void time_has_two_parts(void **state)
{
    struct fixture *t = *state;
    long long seconds, micros;

    assert_int_equal(sscanf(answer_to(t, 0, 0, "TIME"), "[%lld %lld]", &seconds, &micros), 2);
    assert_true(seconds > 1600000000 && micros >= 0 && micros < 1000000);
}

/* --- DEBUG --- */

#define ZEROS "+0000000000000000000000000000000000000000"

static void debug_is_behind_a_setting(void **state)
{
    static const struct wire near = {.loopback = true};
    struct fixture *t = *state;
    const char *no =
        "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can "
        "run it from a local connection, otherwise you need to set this option in the configuration "
        "file, and then restart the server.";

    expect(t, 0, "DEBUG JMAP", no);
    t->service.config.enable_debug_command = DEBUG_LOCAL;
    expect(t, 0, "DEBUG JMAP", no);
    client(t, 0, 0)->wire = &near;
    expect(t, 0, "DEBUG JMAP", "+OK");
    t->service.config.enable_debug_command = DEBUG_YES;
    expect_as(t, 1, 0, "DEBUG JMAP", "+OK");
    expect(t, 0, "CONFIG SET enable-debug-command no",
           "-ERR CONFIG SET failed (possibly related to argument 'enable-debug-command') - can't set "
           "immutable config");
    expect(t, 0, "DEBUG nosuch",
           "-ERR unknown subcommand or wrong number of arguments for 'nosuch'. Try DEBUG HELP.");
    expect(t, 0, "DEBUG sleep",
           "-ERR unknown subcommand or wrong number of arguments for 'sleep'. Try DEBUG HELP.");
    expect(t, 0, "DEBUG SLEEP 0", "+OK");
    expect(t, 0, "DEBUG SEGFAULT", "-ERR not supported: a broker does not crash on request");
    expect(t, 0, "DEBUG RELOAD NOSAVE",
           "-ERR DEBUG RELOAD takes no options here: there is no file to be merged or kept");
    expect(t, 0, "DEBUG ERROR \"FOO bar\"", "-FOO bar");
    expect(t, 0, "DEBUG STRINGMATCH-LEN a*c abbc", ":1");
    expect(t, 0, "DEBUG STRINGMATCH-LEN a*c abb", ":0");
}

static void digests_are_of_the_data(void **state)
{
    struct fixture *t = *state;
    char before[64];

    t->service.config.enable_debug_command = DEBUG_YES;
    expect(t, 0, "DEBUG DIGEST", ZEROS);
    expect(t, 0, "SET a x", "+OK");
    expect(t, 0, "SET b x PX 90000", "+OK");
    snprintf(before, sizeof before, "%s", answer_to(t, 0, 0, "DEBUG DIGEST"));
    assert_int_equal(strlen(before), 41);
    assert_string_not_equal(before, ZEROS);
    expect(t, 0, "PERSIST b", ":1");
    assert_string_not_equal(answer_to(t, 0, 0, "DEBUG DIGEST"), before);
    snprintf(before, sizeof before, "%s", answer_to(t, 0, 0, "DEBUG DIGEST-VALUE a"));
    expect(t, 0, "DEBUG DIGEST-VALUE b", before); /* the value alone, not the name */
    expect(t, 0, "DEBUG DIGEST-VALUE nosuch", "[" ZEROS "]");
    expect(t, 0, "FLUSHALL", "+OK");
    expect(t, 0, "DEBUG DIGEST", ZEROS);
}

static void expiry_can_be_left_to_whoever_comes(void **state)
{
    struct fixture *t = *state;

    t->service.config.enable_debug_command = DEBUG_YES;
    expect(t, 0, "DEBUG SET-ACTIVE-EXPIRE 0", "+OK");
    expect(t, 0, "SET a 1 PX 10", "+OK");
    expect(t, 0, "SET b 1 PX 10", "+OK");
    pass_time(t, SEC);
    assert_true(deadlines_next(&t->service.broker, fixture_now(SEC)) == INT64_MAX);
    expect(t, SEC, "DBSIZE", ":2");
    expect(t, SEC, "GET a", "nil");
    expect(t, SEC, "DBSIZE", ":1");
    expect(t, SEC, "DEBUG SET-ACTIVE-EXPIRE 1", "+OK");
    pass_time(t, SEC);
    expect(t, SEC, "DBSIZE", ":0");
}

static void objects_are_described(void **state)
{
    struct fixture *t = *state;

    t->service.config.enable_debug_command = DEBUG_YES;
    expect(t, 0, "SET n 12", "+OK");
    expect(t, 0, "SET s text", "+OK");
    expect(t, 0, "RPUSH l a", ":1");
    answer_to(t, 0, 0, "XADD x * f v");
    contains(t, 0, "DEBUG OBJECT n", "refcount:2147483647 encoding:int serializedlength:");
    contains(t, 0, "DEBUG OBJECT s", " encoding:embstr ");
    contains(t, 0, "DEBUG OBJECT l", " encoding:listpack ");
    contains(t, 0, "DEBUG OBJECT x", " encoding:stream ");
    expect(t, 0, "DEBUG OBJECT nosuch", "-ERR no such key");
}

static void protocol_has_a_reply_of_each_type(void **state)
{
    struct fixture *t = *state;

    t->service.config.enable_debug_command = DEBUG_YES;
    expect(t, 0, "DEBUG PROTOCOL map", "[:0 :0 :1 :1 :2 :0]");
    expect(t, 0, "DEBUG PROTOCOL double", "3.141");
    expect(t, 0, "DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command");
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 0, "DEBUG PROTOCOL string", "Hello World");
    expect(t, 0, "DEBUG PROTOCOL integer", ":12345");
    expect(t, 0, "DEBUG PROTOCOL double", ",3.141");
    expect(t, 0, "DEBUG PROTOCOL bignum", "(1234567999999999999999999999999999999");
    expect(t, 0, "DEBUG PROTOCOL null", "nil");
    expect(t, 0, "DEBUG PROTOCOL array", "[:0 :1 :2]");
    expect(t, 0, "DEBUG PROTOCOL set", "[:0 :1 :2]");
    expect(t, 0, "DEBUG PROTOCOL map", "{:0 #f :1 #t :2 #f}");
    expect(t, 0, "DEBUG PROTOCOL push", "[server-cpu-usage :42] | Some real reply following the push reply");
    expect(t, 0, "DEBUG PROTOCOL verbatim", "This is a verbatim\nstring");
    expect(t, 0, "DEBUG PROTOCOL true", "#t");
    expect(t, 0, "DEBUG PROTOCOL false", "#f");
    contains(t, 0, "DEBUG PROTOCOL nosuch", "-ERR Wrong protocol type name.");
}

static void every_container_helps(void **state)
{
    struct fixture *t = *state;

    t->service.config.enable_debug_command = DEBUG_YES;
    contains(t, 0, "CLIENT HELP", "[+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    contains(t, 0, "COMMAND HELP", "[+COMMAND <subcommand>");
    contains(t, 0, "CONFIG HELP", "[+CONFIG <subcommand>");
    contains(t, 0, "DEBUG HELP", "[+DEBUG <subcommand>");
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_line_says_what_a_client_does),
        test(lists_are_filtered),
        test(kill_takes_an_address_or_filters),
        test(kill_refuses_what_it_does_not_know),
        test(unblock_ends_a_wait),
        test(the_table_is_shown_as_redis_shows_its),
        test(counts_leave_subcommands_and_records_out),
        test(docs_come_as_maps),
        test(keys_are_found_in_a_command),
        test(settings_are_got_by_pattern),
        test(settings_are_set_all_or_none),
        test(a_new_password_keeps_who_is_in),
        test(counters_start_anew),
        test(info_has_its_sections),
        test(info_says_who_waits_and_listens),
        test(totals_follow_the_streams),
        test(queues_are_counted),
        test(latencies_are_kept_by_command),
        test(rates_are_of_the_last_second_and_a_half),
        test(flushes_take_a_database_or_all),
        test(shutdown_is_an_order),
        test(a_rewrite_needs_a_journal),
        test(time_has_two_parts),
        test(debug_is_behind_a_setting),
        test(digests_are_of_the_data),
        test(expiry_can_be_left_to_whoever_comes),
        test(objects_are_described),
        test(protocol_has_a_reply_of_each_type),
        test(every_container_helps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
