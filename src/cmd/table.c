/* cmd/table.c - the rows. See cmd/table.h. */
#include "cmd/table.h"
#include "base/mem.h"
#include "handlers.h"

#include <ctype.h>

#define W CMD_WRITE
#define R CMD_READ
#define KEY1                                                                                                 \
    {                                                                                                        \
        1, 1, 1                                                                                              \
    }
#define KEYS                                                                                                 \
    {                                                                                                        \
        1, -1, 1                                                                                             \
    }
#define NONE                                                                                                 \
    {                                                                                                        \
        0, 0, 0                                                                                              \
    }
#define CONN (CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_FAST)
#define SRV  (CMD_ADMIN | CMD_LOADING | CMD_STALE)
#define HELP(of, fn, grp, ver)                                                                               \
    {                                                                                                        \
        of "|HELP", fn, 2, 2, CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, grp, ver, "",                      \
            "Lists the sub-commands.", .complexity = "O(1)"                                                  \
    }

/* clang-format off */
const struct command command_table[] = {
/* connection */
{ "PING", cmd_ping, 1, 2, CMD_NODATA | CMD_FAST | CMD_IN_PUBSUB, NONE, "connection", "1.0.0",
  "[message]", "Answers PONG, or the message.", .complexity = "O(1)" },
{ "ECHO", cmd_echo, 2, 2, CONN, NONE, "connection", "1.0.0",
  "message", "Answers the message.", .complexity = "O(1)" },
{ "HELLO", cmd_hello, 1, ANY, CONN | CMD_NO_AUTH | CMD_NOSCRIPT, NONE, "connection", "6.0.0",
  "[protover [AUTH username password] [SETNAME clientname]]", "Agrees on the protocol, and may log in and name the connection.",
  .complexity = "O(1)" },
{ "AUTH", cmd_auth, 2, ANY, CONN | CMD_NO_AUTH | CMD_NOSCRIPT, NONE, "connection", "1.0.0",
  "[username] password", "Logs the connection in.", .complexity = "O(1)" },
{ "SELECT", cmd_select, 2, 2, CONN, NONE, "connection", "1.0.0",
  "index", "Chooses the database of the connection.", .complexity = "O(1)" },
{ "QUIT", cmd_quit, 1, ANY, CONN | CMD_NO_AUTH | CMD_NOW | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "connection", "1.0.0",
  "", "Answers OK and closes the connection.", .complexity = "O(1)" },
{ "RESET", cmd_reset, 1, 1, CONN | CMD_NO_AUTH | CMD_NOW | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "connection", "6.2.0",
  "", "Puts the connection back to the state of a new one.", .complexity = "O(1)" },
{ "CLIENT", 0, 2, ANY, CMD_CONTAINER | CMD_LOADING | CMD_STALE, NONE, "connection", "2.4.0",
  "", "Commands about connections.", .complexity = "O(1)" },
{ "CLIENT|ID", cmd_client_id, 2, 2, CONN | CMD_NOSCRIPT, NONE, "connection", "5.0.0",
  "", "The number of this connection.", .complexity = "O(1)" },
{ "CLIENT|INFO", cmd_client_info, 2, 2, CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "connection", "6.2.0",
  "", "What CLIENT LIST says of this connection.", .complexity = "O(1)" },
{ "CLIENT|LIST", cmd_client_list, 2, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "2.4.0",
  "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]", "The open connections, a line each.",
  .complexity = "O(N) in connections" },
{ "CLIENT|SETNAME", cmd_client_setname, 3, 3, CONN | CMD_NOSCRIPT, NONE, "connection", "2.6.9",
  "connection-name", "Names this connection.", .complexity = "O(1)" },
{ "CLIENT|GETNAME", cmd_client_getname, 2, 2, CONN | CMD_NOSCRIPT, NONE, "connection", "2.6.9",
  "", "The name of this connection.", .complexity = "O(1)" },
{ "CLIENT|SETINFO", cmd_client_setinfo, 4, 4, CONN | CMD_NOSCRIPT, NONE, "connection", "7.2.0",
  "<LIB-NAME libname | LIB-VER libver>", "Tells which library and version the client is.", .complexity = "O(1)" },
{ "CLIENT|KILL", cmd_client_kill, 3, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "2.4.0",
  "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>]> ...>",
  "Closes connections.", .complexity = "O(N) in connections" },
{ "CLIENT|UNBLOCK", cmd_client_unblock, 3, ANY, SRV | CMD_FAST | CMD_NOSCRIPT, NONE, "connection", "5.0.0",
  "client-id [TIMEOUT | ERROR]", "Ends the wait of a client that is blocked.", .complexity = "O(1)" },
{ "CLIENT|REPLY", cmd_client_reply, 3, 3, CONN | CMD_NOSCRIPT, NONE, "connection", "3.2.0",
  "<ON | OFF | SKIP>", "Whether this connection wants replies.", .complexity = "O(1)" },
HELP("CLIENT", cmd_client_help, "connection", "5.0.0"),

/* server */
{ "COMMAND", cmd_command, 1, ANY, CMD_CONTAINER | CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "2.8.13",
  "", "All commands and what is known of them.", .complexity = "O(N) in commands" },
{ "COMMAND|COUNT", cmd_command_count, 2, 2, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "2.8.13",
  "", "How many commands there are.", .complexity = "O(1)" },
{ "COMMAND|INFO", cmd_command_info, 2, ANY, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "2.8.13",
  "[command-name [command-name ...]]", "What is known of the commands named.", .complexity = "O(N) in names" },
{ "COMMAND|DOCS", cmd_command_docs, 2, ANY, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "7.0.0",
  "[command-name [command-name ...]]", "The documentation of commands.", .complexity = "O(N) in names" },
{ "COMMAND|GETKEYS", cmd_command_getkeys, 3, ANY, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "2.8.13",
  "command [arg [arg ...]]", "The keys in a full command.", .complexity = "O(N) in arguments" },
HELP("COMMAND", cmd_command_help, "server", "5.0.0"),
{ "INFO", cmd_info, 1, ANY, CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, "server", "1.0.0",
  "[section [section ...]]", "The state and the numbers of the server.", .complexity = "O(1)" },
{ "CONFIG", 0, 2, ANY, CMD_CONTAINER | SRV, NONE, "server", "2.0.0", "", "Commands about settings.", .complexity = "O(1)" },
{ "CONFIG|GET", cmd_config_get, 3, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "parameter [parameter ...]", "The settings that match.", .complexity = "O(N) in settings" },
{ "CONFIG|SET", cmd_config_set, 4, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "parameter value [parameter value ...]", "Changes settings, all or none.", .complexity = "O(N) in settings given" },
{ "CONFIG|RESETSTAT", cmd_config_resetstat, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "", "Sets the counters of INFO back to zero.", .complexity = "O(1)" },
HELP("CONFIG", cmd_config_help, "server", "5.0.0"),
{ "DBSIZE", cmd_dbsize, 1, 1, R | CMD_FAST, NONE, "server", "1.0.0",
  "", "How many keys the database has.", .complexity = "O(1)" },
{ "FLUSHDB", cmd_flushdb, 1, ANY, W, NONE, "server", "1.0.0",
  "[ASYNC | SYNC]", "Deletes all keys of the database.", .complexity = "O(N) in keys" },
{ "FLUSHALL", cmd_flushall, 1, ANY, W, NONE, "server", "1.0.0",
  "[ASYNC | SYNC]", "Deletes all keys of all databases.", .complexity = "O(N) in keys" },
{ "SHUTDOWN", cmd_shutdown, 1, ANY, SRV | CMD_NO_MULTI | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", "Ends the server; what was acknowledged is kept.", .complexity = "O(1), and a sync of the journal" },
{ "BGREWRITEAOF", cmd_bgrewriteaof, 1, 1, CMD_ADMIN | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "", "Writes the append-only file anew, as short as it can be.", .complexity = "O(N) in all data, in a process of its own" },
{ "TIME", cmd_time, 1, 1, CMD_FAST | CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, "server", "2.6.0",
  "", "The server's time: seconds and microseconds.", .complexity = "O(1)" },
{ "DEBUG", cmd_debug, 2, ANY, SRV | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "subcommand [argument ...]", "For tests; behind enable-debug-command.", .complexity = "O(1)" },

/* keys */
{ "DEL", cmd_del, 2, ANY, W, KEYS, "generic", "1.0.0", "key [key ...]", "Deletes keys.",
  .complexity = "O(N) in keys, and the size of what they hold" },
{ "EXISTS", cmd_exists, 2, ANY, R | CMD_FAST, KEYS, "generic", "1.0.0",
  "key [key ...]", "How many of the keys exist.", .complexity = "O(N) in keys" },
{ "TYPE", cmd_type, 2, 2, R | CMD_FAST, KEY1, "generic", "1.0.0", "key", "The type of the value.", .complexity = "O(1)" },
{ "EXPIRE", cmd_expire, 3, ANY, W | CMD_FAST, KEY1, "generic", "1.0.0",
  "key seconds [NX | XX | GT | LT]", "Gives a key so many seconds to live.", .complexity = "O(1)" },
{ "PEXPIRE", cmd_pexpire, 3, ANY, W | CMD_FAST, KEY1, "generic", "2.6.0",
  "key milliseconds [NX | XX | GT | LT]", "Gives a key so many milliseconds to live.", .complexity = "O(1)" },
{ "EXPIREAT", cmd_expireat, 3, ANY, W | CMD_FAST, KEY1, "generic", "1.2.0",
  "key unix-time-seconds [NX | XX | GT | LT]", "Lets a key live until a Unix time.", .complexity = "O(1)" },
{ "PEXPIREAT", cmd_pexpireat, 3, ANY, W | CMD_FAST, KEY1, "generic", "2.6.0",
  "key unix-time-milliseconds [NX | XX | GT | LT]", "Lets a key live until a Unix time in milliseconds.", .complexity = "O(1)" },
{ "TTL", cmd_ttl, 2, 2, R | CMD_FAST, KEY1, "generic", "1.0.0",
  "key", "Seconds a key has to live; -1 no limit, -2 no key.", .complexity = "O(1)" },
{ "PTTL", cmd_pttl, 2, 2, R | CMD_FAST, KEY1, "generic", "2.6.0",
  "key", "Milliseconds a key has to live; -1 no limit, -2 no key.", .complexity = "O(1)" },
{ "PERSIST", cmd_persist, 2, 2, W | CMD_FAST, KEY1, "generic", "2.2.0", "key", "Takes a key's time limit away.", .complexity = "O(1)" },

/* strings */
{ "SET", cmd_set, 3, ANY, W | CMD_GROWS, KEY1, "string", "1.0.0",
  "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
  "Sets a string, whatever the key held.", .complexity = "O(1)" },
{ "GET", cmd_get, 2, 2, R | CMD_FAST, KEY1, "string", "1.0.0", "key", "The string.", .complexity = "O(1)" },
{ "INCR", cmd_incr, 2, 2, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0", "key", "Adds one to a number.", .complexity = "O(1)" },
{ "INCRBY", cmd_incrby, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0",
  "key increment", "Adds to a number.", .complexity = "O(1)" },
{ "DECR", cmd_decr, 2, 2, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0", "key", "Takes one from a number.", .complexity = "O(1)" },
{ "DECRBY", cmd_decrby, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0",
  "key decrement", "Takes from a number.", .complexity = "O(1)" },

/* lists */
{ "LPUSH", cmd_lpush, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "list", "1.0.0",
  "key element [element ...]", "Adds elements at the head.", .complexity = "O(N) in elements given" },
{ "RPUSH", cmd_rpush, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "list", "1.0.0",
  "key element [element ...]", "Adds elements at the tail.", .complexity = "O(N) in elements given" },
{ "LPOP", cmd_lpop, 2, 3, W | CMD_FAST, KEY1, "list", "1.0.0", "key [count]", "Takes elements from the head.",
  .complexity = "O(N) in elements taken" },
{ "RPOP", cmd_rpop, 2, 3, W | CMD_FAST, KEY1, "list", "1.0.0", "key [count]", "Takes elements from the tail.",
  .complexity = "O(N) in elements taken" },
{ "LLEN", cmd_llen, 2, 2, R | CMD_FAST, KEY1, "list", "1.0.0", "key", "The length of a list.", .complexity = "O(1)" },
{ "BRPOP", cmd_brpop, 3, ANY, W | CMD_BLOCKS | CMD_NOSCRIPT, {1, -2, 1}, "list", "2.0.0",
  "key [key ...] timeout", "Takes an element from the tail of the first list that has one, or waits.", .complexity = "O(N) in keys" },

/* pub/sub */
{ "PUBLISH", cmd_publish, 3, 3, CMD_PUBSUB | CMD_FAST | CMD_LOADING | CMD_STALE, NONE, "pubsub", "2.0.0",
  "channel message", "Sends a message to a channel.", .complexity = "O(N+M): subscribers of the channel, patterns" },
{ "SUBSCRIBE", cmd_subscribe, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "channel [channel ...]", "Listens to channels.", .complexity = "O(N) in channels" },
{ "UNSUBSCRIBE", cmd_unsubscribe, 1, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "[channel [channel ...]]", "Stops listening to channels, or to all.", .complexity = "O(N) in channels" },
{ "PSUBSCRIBE", cmd_psubscribe, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "pattern [pattern ...]", "Listens to channels that match.", .complexity = "O(N) in patterns" },
{ "PUNSUBSCRIBE", cmd_punsubscribe, 1, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "[pattern [pattern ...]]", "Stops listening to patterns, or to all.", .complexity = "O(N) in patterns" },

/* transactions */
{ "MULTI", cmd_multi, 1, 1, CMD_FAST | CMD_NOW | CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "transactions", "1.2.0",
  "", "Begins a transaction: what follows is kept until EXEC.", .complexity = "O(1)" },
{ "EXEC", cmd_exec, 1, 1, CMD_NOW | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "transactions", "1.2.0",
  "", "Runs what was kept since MULTI as one.", .complexity = "that of the commands kept" },
{ "DISCARD", cmd_discard, 1, 1, CMD_FAST | CMD_NOW | CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "transactions", "2.0.0",
  "", "Forgets what was kept since MULTI.", .complexity = "O(N) in commands kept and keys watched" },
{ "WATCH", cmd_watch, 2, ANY, CMD_FAST | CMD_NOW | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, KEYS, "transactions", "2.2.0",
  "key [key ...]", "Makes the next EXEC fail if one of the keys is changed by then.", .complexity = "O(N) in keys" },
{ "UNWATCH", cmd_unwatch, 1, 1, CMD_FAST | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "transactions", "2.2.0",
  "", "Forgets the watched keys.", .complexity = "O(N) in keys watched" },

/* streams */
{ "XADD", cmd_xadd, 5, ANY, W | CMD_GROWS | CMD_FAST | CMD_ADDS, KEY1, "stream", "5.0.0",
  "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
  "Appends a message to a stream and answers its id.", .complexity = "O(1), and O(N) in messages trimmed" },
{ "XLEN", cmd_xlen, 2, 2, R | CMD_FAST, KEY1, "stream", "5.0.0", "key", "How many messages a stream holds.", .complexity = "O(1)" },
{ "XRANGE", cmd_xrange, 4, ANY, R, KEY1, "stream", "5.0.0",
  "key start end [COUNT count]", "The messages between two ids.", .complexity = "O(log N + M) with M messages answered" },
{ "XREVRANGE", cmd_xrevrange, 4, ANY, R, KEY1, "stream", "5.0.0",
  "key end start [COUNT count]", "The messages between two ids, the last one first.", .complexity = "O(log N + M) with M messages answered" },
{ "XDEL", cmd_xdel, 3, ANY, W | CMD_FAST, KEY1, "stream", "5.0.0",
  "key id [id ...]", "Deletes messages from a stream.", .complexity = "O(M log N) with M ids" },
{ "XTRIM", cmd_xtrim, 4, ANY, W, KEY1, "stream", "5.0.0",
  "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]", "Removes messages at the front of a stream.", .complexity = "O(N) in messages removed" },
{ "XSETID", cmd_xsetid, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "stream", "5.0.0",
  "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]", "Sets what a stream remembers of its ids.", .complexity = "O(1)" },
{ "XREAD", cmd_xread, 4, ANY, R | CMD_BLOCKS | CMD_MOVABLE, NONE, "stream", "5.0.0",
  "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
  "The messages of streams above given ids; may wait for some.",
  .find_keys = keys_xread, .complexity = "O(log N + M) for each stream, M messages answered" },
{ "XREADGROUP", cmd_xreadgroup, 7, ANY, W | CMD_BLOCKS | CMD_MOVABLE, NONE, "stream", "5.0.0",
  "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
  "Delivers messages of a group to one of its consumers; may wait for some.",
  .find_keys = keys_xread, .complexity = "O(log N + M) for each stream, M messages answered" },
{ "XACK", cmd_xack, 4, ANY, W | CMD_FAST, KEY1, "stream", "5.0.0",
  "key group id [id ...]", "Acknowledges messages: they are done for the group.", .complexity = "O(M log N) with M ids, N pending" },
{ "XCLAIM", cmd_xclaim, 6, ANY, W | CMD_FAST, KEY1, "stream", "5.0.0",
  "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
  "Makes pending messages another consumer's.", .complexity = "O(M log N) with M ids, N pending" },
{ "XAUTOCLAIM", cmd_xautoclaim, 6, ANY, W | CMD_FAST, KEY1, "stream", "6.2.0",
  "key group consumer min-idle-time start [COUNT count] [JUSTID]",
  "Claims the pending messages that have been idle for long enough.", .complexity = "O(log N + M) with M entries looked at" },
{ "XPENDING", cmd_xpending, 3, ANY, R, KEY1, "stream", "5.0.0",
  "key group [[IDLE min-idle-time] start end count [consumer]]", "The messages delivered and not acknowledged.",
  .complexity = "O(log N + M) with M entries answered; the summary O(C) in consumers" },
{ "XGROUP", 0, 2, ANY, CMD_CONTAINER, NONE, "stream", "5.0.0", "", "Commands about consumer groups.", .complexity = "O(1)" },
{ "XGROUP|CREATE", cmd_xgroup_create, 5, ANY, W | CMD_GROWS, {2, 2, 1}, "stream", "5.0.0",
  "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]", "Makes a consumer group.", .complexity = "O(1)" },
{ "XGROUP|SETID", cmd_xgroup_setid, 5, ANY, W, {2, 2, 1}, "stream", "5.0.0",
  "key group <id | $> [ENTRIESREAD entries-read]", "Sets how far a group has read.", .complexity = "O(1)" },
{ "XGROUP|DESTROY", cmd_xgroup_destroy, 4, 4, W, {2, 2, 1}, "stream", "5.0.0",
  "key group", "Removes a consumer group.", .complexity = "O(N) in pending entries" },
{ "XGROUP|CREATECONSUMER", cmd_xgroup_createconsumer, 5, 5, W | CMD_GROWS, {2, 2, 1}, "stream", "6.2.0",
  "key group consumer", "Makes a consumer.", .complexity = "O(1)" },
{ "XGROUP|DELCONSUMER", cmd_xgroup_delconsumer, 5, 5, W, {2, 2, 1}, "stream", "5.0.0",
  "key group consumer", "Removes a consumer with what is pending for it.", .complexity = "O(N) in pending entries of the consumer" },
HELP("XGROUP", cmd_xgroup_help, "stream", "5.0.0"),
{ "XINFO", 0, 2, ANY, CMD_CONTAINER, NONE, "stream", "5.0.0", "", "Looks into a stream.", .complexity = "O(1)" },
{ "XINFO|STREAM", cmd_xinfo_stream, 3, ANY, R, {2, 2, 1}, "stream", "5.0.0",
  "key [FULL [COUNT count]]", "What a stream is made of.", .complexity = "O(1); FULL O(N) in what is answered" },
{ "XINFO|GROUPS", cmd_xinfo_groups, 3, 3, R, {2, 2, 1}, "stream", "5.0.0", "key", "The groups of a stream.", .complexity = "O(N) in groups" },
{ "XINFO|CONSUMERS", cmd_xinfo_consumers, 4, 4, R, {2, 2, 1}, "stream", "5.0.0",
  "key group", "The consumers of a group.", .complexity = "O(N) in consumers" },
HELP("XINFO", cmd_xinfo_help, "stream", "5.0.0"),

/* records of the journal: include/store/record.h */
{ "LMQ.DELIVER", cmd_record_deliver, 9, 9, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.HOLD", cmd_record_hold, 7, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.SKIP", cmd_record_skip, 5, 5, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ 0 }
};
/* clang-format on */

/* The index is derived from the constant table above, once, and never changes: the one thing every
 * session shares without a lock or an owner. */
#define SLOTS 1024
static struct slot {
    uint32_t hash;
    uint16_t row; /* + 1; 0: free */
    uint8_t len;  /* of the name */
    bool sub;     /* "XGROUP|CREATE": no client may write it so */
} slot[SLOTS];
static uint16_t rows;

/* The length and three letters, whatever their case, tell nearly all names apart; and the names are ours, so
 * nobody can make them collide. */
static uint32_t name_hash(struct slice s)
{
    uint32_t h = (uint32_t)s.n;

    if (s.n)
        h = h << 15 | (s.p[0] & 31u) << 10 | (s.p[s.n / 2] & 31u) << 5 | (s.p[s.n - 1] & 31u);
    h *= 2654435769u;
    return h ^ h >> 16;
}

static void index_put(struct slice name, uint16_t row)
{
    uint32_t hash = name_hash(name), at = hash;

    while (slot[at % SLOTS].row)
        at++;
    slot[at % SLOTS] = (struct slot){hash, (uint16_t)(row + 1), (uint8_t)name.n, memchr(name.p, '|', name.n)};
}

void command_table_init(void)
{
    memset(slot, 0, sizeof slot);
    for (rows = 0; command_table[rows].name; rows++)
        index_put(slice_of(command_table[rows].name), rows);
}

size_t command_count(void)
{
    return rows;
}

/* Inline, for every request goes this way. */
static inline const struct command *find_named(struct slice name, bool sub_too)
{
    uint32_t hash = name_hash(name);

    for (uint32_t at = hash; slot[at % SLOTS].row; at++) {
        const struct slot *e = &slot[at % SLOTS];
        const struct command *c = &command_table[e->row - 1];

        if (e->hash == hash && e->len == name.n && (sub_too || !e->sub) &&
            (memcmp(c->name, name.p, name.n) == 0 || strncasecmp(c->name, name.p, name.n) == 0))
            return c;
    }
    return NULL;
}

const struct command *command_named(struct slice name)
{
    return find_named(name, true);
}

/* A sub-command is its container's name, a bar, and the word: joined here, for the name is short. */
static const struct command *find_sub(const struct command *container, struct slice word)
{
    char name[64];
    size_t n = strlen(container->name);

    if (n + 1 + word.n > sizeof name)
        return NULL;
    memcpy(name, container->name, n);
    name[n] = '|';
    memcpy(name + n + 1, word.p, word.n);
    return command_named((struct slice){name, n + 1 + word.n});
}

const struct command *command_find(const struct slice *arg, size_t n, const struct command **container)
{
    const struct command *c = find_named(arg[0], false), *sub;

    *container = NULL;
    if (!c || !(c->flags & CMD_CONTAINER) || n < 2)
        return c;
    sub = find_sub(c, arg[1]);
    if (!sub)
        *container = c;
    return sub;
}

int command_arity(const struct command *c)
{
    return c->min == c->max ? c->min : -c->min;
}

size_t command_keys(const struct command *c, const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    size_t found = 0;
    long last;

    if (c->find_keys)
        return c->find_keys(arg, n, pos, max);
    if (c->keys.first == 0)
        return 0;
    last = c->keys.last < 0 ? (long)n + c->keys.last : c->keys.last;
    for (long i = c->keys.first; i <= last && i < (long)n && found < max; i += c->keys.step)
        pos[found++] = (size_t)i;
    return found;
}
