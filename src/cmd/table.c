/* cmd/table.c - the rows. See cmd/table.h. */
#include "cmd/table.h"
#include "base/mem.h"
#include "handlers.h"
#include "keys_at.h"

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
#define CONN_SLOW (CMD_NODATA | CMD_LOADING | CMD_STALE)
#define CONN      (CONN_SLOW | CMD_FAST)
#define SRV  (CMD_ADMIN | CMD_LOADING | CMD_STALE)
#define ACL  (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NODATA)
#define NO_CLUSTER(sub, least, most, args)                                                                   \
    {                                                                                                        \
        "CLUSTER|" sub, cmd_no_cluster, least, most, CMD_STALE | CMD_NODATA, NONE, "cluster", "3.0.0", args, \
            "Refused.", .complexity = "O(1)", .errors = "there is no cluster"                                \
    }
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
{ "HELLO", cmd_hello, 1, ANY, CONN | CMD_NO_AUTH | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "connection", "6.0.0",
  "[protover [AUTH username password] [SETNAME clientname]]", "Agrees on the protocol, and may log in and name the connection.",
  .complexity = "O(1)" },
{ "AUTH", cmd_auth, 2, ANY, CONN | CMD_NO_AUTH | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "connection", "1.0.0",
  "[username] password", "Logs the connection in.", .complexity = "O(1)" },
{ "SELECT", cmd_select, 2, 2, CONN, NONE, "connection", "1.0.0",
  "index", "Chooses the database of the connection.", .complexity = "O(1)" },
{ "QUIT", cmd_quit, 1, ANY, CONN | CMD_NO_AUTH | CMD_NOW | CMD_IN_PUBSUB | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "connection", "1.0.0",
  "", "Answers OK and closes the connection.", .complexity = "O(1)" },
{ "RESET", cmd_reset, 1, 1, CONN | CMD_NO_AUTH | CMD_NOW | CMD_IN_PUBSUB | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "connection", "6.2.0",
  "", "Puts the connection back to the state of a new one.", .complexity = "O(1)" },
{ "CLIENT", 0, 2, ANY, CMD_CONTAINER, NONE, "connection", "2.4.0",
  "", "Commands about connections.", .complexity = "O(1)" },
{ "CLIENT|ID", cmd_client_id, 2, 2, CONN_SLOW | CMD_NOSCRIPT, NONE, "connection", "5.0.0",
  "", "The number of this connection.", .complexity = "O(1)" },
{ "CLIENT|INFO", cmd_client_info, 2, 2, CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT, NONE, "connection", "6.2.0",
  "", "What CLIENT LIST says of this connection.", .complexity = "O(1)" },
{ "CLIENT|LIST", cmd_client_list, 2, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "2.4.0",
  "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]", "The open connections, a line each.",
  .complexity = "O(N) in connections" },
{ "CLIENT|SETNAME", cmd_client_setname, 3, 3, CONN_SLOW | CMD_NOSCRIPT, NONE, "connection", "2.6.9",
  "connection-name", "Names this connection.", .complexity = "O(1)" },
{ "CLIENT|GETNAME", cmd_client_getname, 2, 2, CONN_SLOW | CMD_NOSCRIPT, NONE, "connection", "2.6.9",
  "", "The name of this connection.", .complexity = "O(1)" },
{ "CLIENT|SETINFO", cmd_client_setinfo, 4, 4, CONN | CMD_NOSCRIPT, NONE, "connection", "7.2.0",
  "<LIB-NAME libname | LIB-VER libver>", "Tells which library and version the client is.", .complexity = "O(1)" },
{ "CLIENT|KILL", cmd_client_kill, 3, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "2.4.0",
  "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | [MAXAGE seconds]> ...>",
  "Closes connections.", .complexity = "O(N) in connections" },
{ "CLIENT|UNBLOCK", cmd_client_unblock, 3, ANY, SRV | CMD_NOSCRIPT, NONE, "connection", "5.0.0",
  "client-id [TIMEOUT | ERROR]", "Ends the wait of a client that is blocked.", .complexity = "O(1)" },
{ "CLIENT|REPLY", cmd_client_reply, 3, 3, CONN_SLOW | CMD_NOSCRIPT, NONE, "connection", "3.2.0",
  "<ON | OFF | SKIP>", "Whether this connection wants replies.", .complexity = "O(1)" },
{ "CLIENT|PAUSE", cmd_client_pause, 3, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "3.0.0",
  "timeout [WRITE | ALL]", "Puts commands off, all or those that change something, for so many milliseconds.",
  .complexity = "O(1)", .differs = "SHUTDOWN runs during a pause." },
{ "CLIENT|UNPAUSE", cmd_client_unpause, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "6.2.0",
  "", "Ends CLIENT PAUSE.", .complexity = "O(N) in clients that wait" },
{ "CLIENT|NO-EVICT", cmd_client_no_evict, 3, 3, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "connection", "7.0.0",
  "<ON | OFF>", "Whether this connection is spared when clients are closed for memory.", .complexity = "O(1)",
  .differs = "It is a flag in CLIENT LIST: no client is ever evicted." },
{ "CLIENT|NO-TOUCH", cmd_client_no_touch, 3, 3, CONN | CMD_NOSCRIPT, NONE, "connection", "7.2.0",
  "<ON | OFF>", "Whether commands of this connection leave the idle time of keys alone.", .complexity = "O(1)" },
{ "CLIENT|TRACKING", cmd_client_tracking, 3, ANY, (CONN & ~CMD_FAST) | CMD_NOSCRIPT, NONE, "connection", "6.0.0",
  "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
  "Answers an error: there is no client-side caching.", .complexity = "O(1)", .errors = "always",
  .differs = "It is refused, OFF too." },
{ "CLIENT|CACHING", cmd_client_tracking, 3, 3, (CONN & ~CMD_FAST) | CMD_NOSCRIPT, NONE, "connection", "6.0.0",
  "<YES | NO>", "Answers an error: there is no client-side caching.", .complexity = "O(1)", .errors = "always",
  .differs = "It is refused." },
{ "CLIENT|TRACKINGINFO", cmd_client_trackinginfo, 2, 2, (CONN & ~CMD_FAST) | CMD_NOSCRIPT, NONE, "connection", "6.2.0",
  "", "That tracking is off.", .complexity = "O(1)" },
{ "CLIENT|GETREDIR", cmd_client_getredir, 2, 2, (CONN & ~CMD_FAST) | CMD_NOSCRIPT, NONE, "connection", "6.0.0",
  "", "-1: tracking is off.", .complexity = "O(1)" },
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
{ "COMMAND|GETKEYSANDFLAGS", cmd_command_getkeysandflags, 3, ANY, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "7.0.0",
  "command [arg [arg ...]]", "The keys in a full command, and what it does to each.", .complexity = "O(N) in arguments" },
{ "COMMAND|LIST", cmd_command_list, 2, ANY, CMD_NODATA | CMD_LOADING | CMD_STALE, NONE, "server", "7.0.0",
  "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", "The names of the commands.", .complexity = "O(N) in commands" },
HELP("COMMAND", cmd_command_help, "server", "5.0.0"),
{ "INFO", cmd_info, 1, ANY, CMD_LOADING | CMD_STALE | CMD_NODATA | CMD_DANGEROUS, NONE, "server", "1.0.0",
  "[section [section ...]]", "The state and the numbers of the server.", .complexity = "O(1)" },
{ "CONFIG", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "2.0.0", "", "Commands about settings.", .complexity = "O(1)" },
{ "CONFIG|GET", cmd_config_get, 3, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "parameter [parameter ...]", "The settings that match.", .complexity = "O(N) in settings" },
{ "CONFIG|SET", cmd_config_set, 4, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "parameter value [parameter value ...]", "Changes settings, all or none.", .complexity = "O(N) in settings given; appendonly yes O(N) in all data",
  .errors = "the setting, and what is wrong with its value",
  .differs = "appendonly yes answers when the new file stands for all data; it refuses files that this server has not loaded" },
{ "CONFIG|RESETSTAT", cmd_config_resetstat, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.0.0",
  "", "Sets the counters of INFO back to zero.", .complexity = "O(1)" },
{ "CONFIG|REWRITE", cmd_config_rewrite, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.0",
  "", "Writes the settings into the file they came from.", .complexity = "O(N) in settings and lines of the file",
  .errors = "the file cannot be written, or the server was started without one",
  .differs = "lines whose value is still right stay as they are; a file without write permission is refused" },
HELP("CONFIG", cmd_config_help, "server", "5.0.0"),
{ "DBSIZE", cmd_dbsize, 1, 1, R | CMD_FAST, NONE, "server", "1.0.0",
  "", "How many keys the database has.", .complexity = "O(1)" },
{ "FLUSHDB", cmd_flushdb, 1, ANY, W, NONE, "server", "1.0.0",
  "[ASYNC | SYNC]", "Deletes all keys of the database.", .complexity = "O(1); they are freed bit by bit, with SYNC at once",
  .differs = "without a word it is ASYNC" },
{ "FLUSHALL", cmd_flushall, 1, ANY, W, NONE, "server", "1.0.0",
  "[ASYNC | SYNC]", "Deletes all keys of all databases.", .complexity = "O(1); they are freed bit by bit, with SYNC at once",
  .differs = "without a word it is ASYNC" },
{ "SWAPDB", cmd_swapdb, 3, 3, W | CMD_FAST, NONE, "server", "4.0.0",
  "index1 index2", "Exchanges two databases.", .errors = "ERR DB index is out of range", .complexity = "O(1)" },
{ "SHUTDOWN", cmd_shutdown, 1, ANY, SRV | CMD_NO_MULTI | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "server", "1.0.0",
  "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", "Ends the server; what was acknowledged is kept.", .complexity = "O(1), and a sync of the journal" },
{ "BGREWRITEAOF", cmd_bgrewriteaof, 1, 1, CMD_ADMIN | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "", "Writes the append-only file anew, as short as it can be.", .complexity = "O(N) in all data, in a process of its own",
  .differs = "an error under appendonly no: there is nothing to rewrite." },
{ "TIME", cmd_time, 1, 1, CMD_FAST | CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, "server", "2.6.0",
  "", "The server's time: seconds and microseconds.", .complexity = "O(1)" },
{ "SLOWLOG", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "2.2.12", "", "Looks at the commands that took long.",
  .complexity = "O(1)" },
{ "SLOWLOG|GET", cmd_slowlog_get, 2, ANY, SRV, NONE, "server", "2.2.12",
  "[count]", "The last commands that took long.", .complexity = "O(N) in commands answered",
  .differs = "commands of a pipeline are timed together: where they took long, one entry names them all, and those "
             "that follow are timed one by one. What a command did after it had waited is not timed." },
{ "SLOWLOG|LEN", cmd_slowlog_len, 2, 2, SRV | CMD_NODATA, NONE, "server", "2.2.12",
  "", "How many commands that took long are kept.", .complexity = "O(1)" },
{ "SLOWLOG|RESET", cmd_slowlog_reset, 2, 2, SRV | CMD_NODATA, NONE, "server", "2.2.12",
  "", "Forgets the commands that took long.", .complexity = "O(N) in commands kept" },
HELP("SLOWLOG", cmd_slowlog_help, "server", "6.2.0"),
{ "LATENCY", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "2.8.13", "", "Looks at what held up the server.", .complexity = "O(1)" },
{ "LATENCY|LATEST", cmd_latency_latest, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.13",
  "", "The last sample of each event.", .complexity = "O(1)" },
{ "LATENCY|HISTORY", cmd_latency_history, 3, 3, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.13",
  "event", "The samples of an event.", .complexity = "O(1)" },
{ "LATENCY|RESET", cmd_latency_reset, 2, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.13",
  "[event [event ...]]", "Forgets samples.", .complexity = "O(1)" },
{ "LATENCY|GRAPH", cmd_latency_graph, 3, 3, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.13",
  "event", "The samples of an event as a picture.", .complexity = "O(1)",
  .errors = "`ERR No samples available for event '...'`." },
{ "LATENCY|DOCTOR", cmd_latency_doctor, 2, 2, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "2.8.13",
  "", "What held up the server, in words.", .complexity = "O(1)", .differs = "the words are our own." },
{ "LATENCY|HISTOGRAM", cmd_latency_histogram, 2, ANY, SRV | CMD_NODATA | CMD_NOSCRIPT, NONE, "server", "7.0.0",
  "[command [command ...]]", "How long commands took, as a histogram of each.", .complexity = "O(N) in commands",
  .differs = "commands that are timed together, some 64 at most, count as equally fast" },
HELP("LATENCY", cmd_latency_help, "server", "2.8.13"),
{ "MONITOR", cmd_monitor, 1, 1, SRV | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "", "Shows every command that is run, until QUIT or RESET.", .complexity = "O(1); then O(N) in bytes of each command, for each monitor",
  .differs = "a monitor that does not read is closed at the output limits of class pubsub; Redis gathers without end." },
{ "DEBUG", cmd_debug, 2, ANY, SRV | CMD_NOSCRIPT, NONE, "server", "1.0.0",
  "subcommand [argument ...]", "For tests; behind enable-debug-command.", .complexity = "O(1)" },

{ "ROLE", cmd_role, 1, 1, CMD_FAST | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, "server", "2.8.12",
  "", "What the server is to others: a master, without replicas.", .complexity = "O(1)" },
{ "LASTSAVE", cmd_lastsave, 1, 1, CMD_FAST | CMD_LOADING | CMD_STALE | CMD_NODATA, NONE, "server", "1.0.0",
  "", "When all data was last written as a whole, in Unix seconds.", .complexity = "O(1)",
  .differs = "it is the last rewrite of the append-only file, or the start" },
{ "SAVE", cmd_save, 1, 1, CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_NODATA, NONE, "server", "1.0.0",
  "", "Refused: no RDB files are written.", .complexity = "O(1)", .errors = "always one, which names BGREWRITEAOF",
  .differs = "the append-only file has all that was acknowledged" },
{ "BGSAVE", cmd_bgsave, 1, ANY, CMD_ADMIN | CMD_NOSCRIPT | CMD_NODATA, NONE, "server", "1.0.0",
  "[SCHEDULE]", "Refused: no RDB files are written.", .complexity = "O(1)", .errors = "always one, which names BGREWRITEAOF",
  .differs = "the append-only file has all that was acknowledged" },
{ "MEMORY", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "4.0.0", "", "Commands about memory.", .complexity = "O(1)" },
{ "MEMORY|USAGE", cmd_memory_usage, 3, ANY, R, {2, 2, 1}, "server", "4.0.0",
  "key [SAMPLES count]", "Bytes that a key takes, name and value.", .complexity = "O(1); a stream O(N) in blocks and groups",
  .differs = "nothing is sampled: the sizes are exact" },
{ "MEMORY|STATS", cmd_memory_stats, 2, 2, CMD_NODATA, NONE, "server", "4.0.0",
  "", "Where the memory goes.", .complexity = "O(N) in connections" },
{ "MEMORY|DOCTOR", cmd_memory_doctor, 2, 2, CMD_NODATA, NONE, "server", "4.0.0",
  "", "What is unusual about the memory in use.", .complexity = "O(N) in connections", .differs = "the words are others" },
{ "MEMORY|MALLOC-STATS", cmd_memory_malloc_stats, 2, 2, CMD_NODATA, NONE, "server", "4.0.0",
  "", "The allocator's own report.", .complexity = "depends on how fragmented memory is" },
{ "MEMORY|PURGE", cmd_memory_purge, 2, 2, CMD_NODATA, NONE, "server", "4.0.0",
  "", "Gives pages that lie idle back to the system.", .complexity = "depends on how fragmented memory is" },
HELP("MEMORY", cmd_memory_help, "server", "4.0.0"),
{ "MODULE", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "4.0.0", "", "Commands about modules.", .complexity = "O(1)" },
{ "MODULE|LIST", cmd_module_list, 2, 2, CMD_ADMIN | CMD_NOSCRIPT | CMD_NODATA, NONE, "server", "4.0.0",
  "", "The modules: there are none.", .complexity = "O(1)" },
HELP("MODULE", cmd_module_help, "server", "5.0.0"),
{ "LOLWUT", cmd_lolwut, 1, ANY, R | CMD_FAST, NONE, "server", "5.0.0",
  "[VERSION version]", "The version.", .complexity = "O(1)", .differs = "there is no picture" },
{ "ACL", 0, 2, ANY, CMD_CONTAINER, NONE, "server", "6.0.0", "", "Commands about users.", .complexity = "O(1)" },
{ "ACL|WHOAMI", cmd_acl_whoami, 2, 2, ACL, NONE, "server", "6.0.0", "", "The user of this connection.", .complexity = "O(1)" },
{ "ACL|LIST", cmd_acl_list, 2, 2, ACL | CMD_ADMIN, NONE, "server", "6.0.0",
  "", "The users and their rights, as in a settings file.", .complexity = "O(1)" },
{ "ACL|USERS", cmd_acl_users, 2, 2, ACL | CMD_ADMIN, NONE, "server", "6.0.0", "", "The names of the users.", .complexity = "O(1)",
  .differs = "there is one, default" },
{ "ACL|GETUSER", cmd_acl_getuser, 3, 3, ACL | CMD_ADMIN, NONE, "server", "6.0.0",
  "username", "The rights of a user.", .complexity = "O(1)" },
{ "ACL|CAT", cmd_acl_cat, 2, ANY, ACL, NONE, "server", "6.0.0",
  "[category]", "The categories of commands, or the commands of one.", .complexity = "O(N) in commands" },
{ "ACL|GENPASS", cmd_acl_genpass, 2, 3, ACL, NONE, "server", "6.0.0",
  "[bits]", "A random password, in hexadecimal digits.", .complexity = "O(1)" },
{ "ACL|LOG", cmd_acl_log, 2, 3, ACL | CMD_ADMIN, NONE, "server", "6.0.0",
  "[count | RESET]", "What users were refused: nothing.", .complexity = "O(1)", .differs = "failed logins are counted in INFO alone" },
{ "ACL|DRYRUN", cmd_acl_dryrun, 4, ANY, ACL | CMD_ADMIN, NONE, "server", "7.0.0",
  "username command [arg [arg ...]]", "Whether a user may run a command, without running it.", .complexity = "O(1)" },
HELP("ACL", cmd_acl_help, "server", "6.0.0"),
{ "REPLICAOF", cmd_replicaof, 3, 3, CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NODATA, NONE, "server", "5.0.0",
  "<host port | NO ONE>", "NO ONE: nothing to do. Else refused.", .complexity = "O(1)", .errors = "replication is not supported" },
{ "SLAVEOF", cmd_replicaof, 3, 3, CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NODATA, NONE, "server", "1.0.0",
  "<host port | NO ONE>", "NO ONE: nothing to do. Else refused.", .complexity = "O(1)", .errors = "replication is not supported" },
{ "REPLCONF", cmd_no_replication, 1, ANY, SRV | CMD_NOSCRIPT | CMD_ALLOW_BUSY | CMD_NODATA, NONE, "server", "3.0.0",
  "", "Refused.", .complexity = "O(1)", .errors = "replication is not supported" },
{ "PSYNC", cmd_no_replication, 3, ANY, CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_NODATA, NONE, "server", "2.8.0",
  "replicationid offset", "Refused.", .complexity = "O(1)", .errors = "replication is not supported" },
{ "SYNC", cmd_no_replication, 1, 1, CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_NODATA, NONE, "server", "1.0.0",
  "", "Refused.", .complexity = "O(1)", .errors = "replication is not supported" },
{ "FAILOVER", cmd_failover, 1, ANY, CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NODATA, NONE, "server", "6.2.0",
  "[ABORT]", "Refused: there are no replicas.", .complexity = "O(1)", .errors = "always one" },

/* cluster: there is none, and clients learn it from this error */
{ "CLUSTER", 0, 2, ANY, CMD_CONTAINER, NONE, "cluster", "3.0.0", "", "Commands about the cluster.", .complexity = "O(1)" },
NO_CLUSTER("COUNTKEYSINSLOT", 3, 3, "slot"),
NO_CLUSTER("GETKEYSINSLOT", 4, 4, "slot count"),
NO_CLUSTER("INFO", 2, 2, ""),
NO_CLUSTER("KEYSLOT", 3, 3, "name"),
NO_CLUSTER("LINKS", 2, 2, ""),
NO_CLUSTER("MYID", 2, 2, ""),
NO_CLUSTER("NODES", 2, 2, ""),
NO_CLUSTER("SHARDS", 2, 2, ""),
NO_CLUSTER("SLOTS", 2, 2, ""),
HELP("CLUSTER", cmd_no_cluster, "cluster", "5.0.0"),
{ "READONLY", cmd_no_cluster, 1, 1, CONN, NONE, "cluster", "3.0.0", "", "Refused.", .complexity = "O(1)",
  .errors = "there is no cluster" },
{ "READWRITE", cmd_no_cluster, 1, 1, CONN, NONE, "cluster", "3.0.0", "", "Refused.", .complexity = "O(1)",
  .errors = "there is no cluster" },

/* scripting: there is none yet, and nothing to be emptied */

/* scripts */
#define SCRIPT (CMD_NOSCRIPT | CMD_SKIP_MONITOR | CMD_STALE | CMD_NO_MANDATORY_KEYS | CMD_MOVABLE)
{ "EVAL", cmd_eval, 3, ANY, SCRIPT | CMD_MAY_REPLICATE, NONE, "scripting", "2.6.0",
  "script numkeys [key [key ...]] [arg [arg ...]]", "Runs a Lua script.", keys_counted_at2, .complexity = "as the script does" },
{ "EVALSHA", cmd_evalsha, 3, ANY, SCRIPT | CMD_MAY_REPLICATE, NONE, "scripting", "2.6.0",
  "sha1 numkeys [key [key ...]] [arg [arg ...]]", "Runs a Lua script that has been sent before.", keys_counted_at2,
  .complexity = "as the script does", .errors = "`NOSCRIPT`: send it again, with EVAL" },
{ "EVAL_RO", cmd_eval_ro, 3, ANY, SCRIPT | R, NONE, "scripting", "7.0.0",
  "script numkeys [key [key ...]] [arg [arg ...]]", "Runs a Lua script that changes nothing.", keys_counted_at2,
  .complexity = "as the script does" },
{ "EVALSHA_RO", cmd_evalsha_ro, 3, ANY, SCRIPT | R, NONE, "scripting", "7.0.0",
  "sha1 numkeys [key [key ...]] [arg [arg ...]]", "Runs a Lua script that has been sent before and changes nothing.",
  keys_counted_at2, .complexity = "as the script does", .errors = "`NOSCRIPT`: send it again, with EVAL_RO" },
{ "FCALL", cmd_fcall, 3, ANY, SCRIPT | CMD_MAY_REPLICATE, NONE, "scripting", "7.0.0",
  "function numkeys [key [key ...]] [arg [arg ...]]", "Calls a function.", keys_counted_at2,
  .complexity = "as the function does" },
{ "FCALL_RO", cmd_fcall_ro, 3, ANY, SCRIPT | R, NONE, "scripting", "7.0.0",
  "function numkeys [key [key ...]] [arg [arg ...]]", "Calls a function that changes nothing.", keys_counted_at2,
  .complexity = "as the function does" },
{ "FUNCTION", 0, 2, ANY, CMD_CONTAINER, NONE, "scripting", "7.0.0", "", "Commands about functions.", .complexity = "O(1)" },
{ "FUNCTION|LOAD", cmd_function_load, 3, ANY, W | CMD_GROWS | CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "[REPLACE] function-code", "Makes a library of functions; its name.", .complexity = "O(N) in the code, which is run once" },
{ "FUNCTION|DELETE", cmd_function_delete, 3, 3, W | CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "library-name", "Deletes a library and its functions.", .complexity = "O(1)", .errors = "`ERR Library not found`" },
{ "FUNCTION|FLUSH", cmd_function_flush, 2, ANY, W | CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "[ASYNC | SYNC]", "Deletes all libraries.", .complexity = "O(N) in functions" },
{ "FUNCTION|LIST", cmd_function_list, 2, ANY, CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "[LIBRARYNAME library-name-pattern] [WITHCODE]", "The libraries and their functions.", .complexity = "O(N) in functions" },
{ "FUNCTION|STATS", cmd_function_stats, 2, 2, CMD_NOSCRIPT | CMD_ALLOW_BUSY | CMD_NODATA, NONE, "scripting", "7.0.0",
  "", "The function that runs, and how many there are.", .complexity = "O(1)" },
{ "FUNCTION|DUMP", cmd_function_dump, 2, 2, CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "", "The libraries as a string for FUNCTION RESTORE, here or at a Redis.", .complexity = "O(N) in the code" },
{ "FUNCTION|RESTORE", cmd_function_restore, 3, ANY, W | CMD_GROWS | CMD_NOSCRIPT, NONE, "scripting", "7.0.0",
  "serialized-value [FLUSH | APPEND | REPLACE]", "Makes the libraries that FUNCTION DUMP told.",
  .complexity = "O(N) in the code, which is run once", .errors = "`ERR DUMP payload version or checksum are wrong`" },
{ "FUNCTION|KILL", cmd_function_kill, 2, 2, CMD_NOSCRIPT | CMD_ALLOW_BUSY | CMD_NODATA, NONE, "scripting", "7.0.0",
  "", "Ends the function that runs, if it has written nothing yet.", .complexity = "O(1)", .errors = "`NOTBUSY`, `UNKILLABLE`" },
HELP("FUNCTION", cmd_function_help, "scripting", "7.0.0"),
{ "SCRIPT", 0, 2, ANY, CMD_CONTAINER, NONE, "scripting", "2.6.0", "", "Commands about scripts.", .complexity = "O(1)" },
{ "SCRIPT|LOAD", cmd_script_load, 3, 3, CMD_NOSCRIPT | CMD_STALE | CMD_NODATA, NONE, "scripting", "2.6.0",
  "script", "Keeps a script for EVALSHA; its SHA-1.", .complexity = "O(N) in the script",
  .differs = "a script can be pushed out by others: script-cache-size" },
{ "SCRIPT|EXISTS", cmd_script_exists, 3, ANY, CMD_NOSCRIPT | CMD_NODATA, NONE, "scripting", "2.6.0",
  "sha1 [sha1 ...]", "Whether scripts are there.", .complexity = "O(N) in scripts named" },
{ "SCRIPT|FLUSH", cmd_script_flush, 2, ANY, CMD_NOSCRIPT | CMD_NODATA, NONE, "scripting", "2.6.0",
  "[ASYNC | SYNC]", "Forgets all scripts.", .complexity = "O(N) in scripts" },
{ "SCRIPT|KILL", cmd_script_kill, 2, 2, CMD_NOSCRIPT | CMD_ALLOW_BUSY | CMD_NODATA, NONE, "scripting", "2.6.0",
  "", "Ends the script that runs, if it has written nothing yet.", .complexity = "O(1)", .errors = "`NOTBUSY`, `UNKILLABLE`" },
{ "SCRIPT|DEBUG", cmd_script_debug, 3, 3, CMD_NOSCRIPT | CMD_NODATA, NONE, "scripting", "3.2.0",
  "<YES | SYNC | NO>", "Answers an error: there is no debugger.", .complexity = "O(1)", .errors = "all but NO",
  .differs = "NO alone is obeyed" },
HELP("SCRIPT", cmd_script_help, "scripting", "5.0.0"),

/* keys */
{ "WAIT", cmd_wait, 3, 3, 0, NONE, "generic", "3.0.0",
  "numreplicas timeout", "Waits until replicas have what this connection wrote; how many have.", .complexity = "O(1)",
  .differs = "there are no replicas: it answers 0, at once or when the time is over" },
{ "WAITAOF", cmd_waitaof, 4, 4, CMD_NOSCRIPT, NONE, "generic", "7.2.0",
  "numlocal numreplicas timeout", "Waits until what this connection wrote and saw is on the disk.", .complexity = "O(1), and a sync of the journal",
  .errors = "numlocal without an append-only file",
  .differs = "the sync is begun at once, under appendfsync no as well" },
{ "DEL", cmd_del, 2, ANY, W, KEYS, "generic", "1.0.0", "key [key ...]", "Deletes keys.",
  .complexity = "O(N) in keys; what large ones hold is freed bit by bit" },
{ "TOUCH", cmd_touch, 2, ANY, R | CMD_FAST, KEYS, "generic", "3.2.1",
  "key [key ...]", "How many of the keys exist; they count as used.", .complexity = "O(N) in keys" },
{ "UNLINK", cmd_del, 2, ANY, W | CMD_FAST, KEYS, "generic", "4.0.0", "key [key ...]",
  "Deletes keys: DEL under another name, for large values are always freed bit by bit.", .complexity = "O(N) in keys" },
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
{ "EXPIRETIME", cmd_expiretime, 2, 2, R | CMD_FAST, KEY1, "generic", "7.0.0",
  "key", "The Unix time at which a key expires; -1 never, -2 no key.", .complexity = "O(1)" },
{ "PEXPIRETIME", cmd_pexpiretime, 2, 2, R | CMD_FAST, KEY1, "generic", "7.0.0",
  "key", "The Unix time in milliseconds at which a key expires; -1 never, -2 no key.", .complexity = "O(1)" },
{ "PERSIST", cmd_persist, 2, 2, W | CMD_FAST, KEY1, "generic", "2.2.0", "key", "Takes a key's time limit away.", .complexity = "O(1)" },
{ "KEYS", cmd_keys, 2, 2, R | CMD_DANGEROUS, NONE, "generic", "1.0.0",
  "pattern", "The keys that match; SCAN does not hold the others up.", .complexity = "O(N) in keys of the database" },
{ "SCAN", cmd_scan, 2, ANY, R, NONE, "generic", "2.8.0",
  "cursor [MATCH pattern] [COUNT count] [TYPE type]",
  "Some of the keys, and the cursor for the next ones: 0 at the end. What is there from the first call to the last is met.",
  .errors = "ERR invalid cursor", .complexity = "O(1) for each call, O(N) for all keys" },
{ "RANDOMKEY", cmd_randomkey, 1, 1, R, NONE, "generic", "1.0.0", "", "Some key.", .complexity = "O(1)" },
{ "RENAME", cmd_rename, 3, 3, W, {1, 2, 1}, "generic", "1.0.0",
  "key newkey", "Gives a key another name; what has that name goes.", .errors = "ERR no such key", .complexity = "O(1)" },
{ "RENAMENX", cmd_renamenx, 3, 3, W | CMD_FAST, {1, 2, 1}, "generic", "1.0.0",
  "key newkey", "Gives a key another name, unless that is taken.", .errors = "ERR no such key", .complexity = "O(1)" },
{ "COPY", cmd_copy, 3, ANY, W | CMD_GROWS, {1, 2, 1}, "generic", "6.2.0",
  "source destination [DB destination-db] [REPLACE]", "Copies a key with all it holds, and its time limit.",
  .errors = "ERR source and destination objects are the same; ERR DB index is out of range",
  .complexity = "O(N) in what the key holds" },
{ "MOVE", cmd_move, 3, 3, W | CMD_FAST, KEY1, "generic", "1.0.0",
  "key db", "Moves a key to another database, unless it is there already.",
  .errors = "ERR source and destination objects are the same; ERR DB index is out of range", .complexity = "O(1)" },
{ "OBJECT", 0, 2, ANY, CMD_CONTAINER, NONE, "generic", "2.2.3", "", "How values are kept.", .complexity = "O(1)" },
{ "OBJECT|ENCODING", cmd_object_encoding, 3, 3, R, {2, 2, 1}, "generic", "2.2.3",
  "key", "How a value is kept, in Redis' words.", .complexity = "O(1)" },
{ "OBJECT|FREQ", cmd_object_freq, 3, 3, R, {2, 2, 1}, "generic", "4.0.0",
  "key", "Refused: how often a key is used is not counted.", .errors = "ERR An LFU maxmemory policy is not selected", .complexity = "O(1)" },
{ "OBJECT|IDLETIME", cmd_object_idletime, 3, 3, R, {2, 2, 1}, "generic", "2.2.3",
  "key", "Seconds since a key was used; a restart uses all.", .complexity = "O(1)" },
{ "OBJECT|REFCOUNT", cmd_object_refcount, 3, 3, R, {2, 2, 1}, "generic", "2.2.3",
  "key", "How many refer to a value: as in Redis, 1, or very many for a small number.", .complexity = "O(1)" },
HELP("OBJECT", cmd_object_help, "generic", "6.2.0"),

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
{ "SETNX", cmd_setnx, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0",
  "key value", "Sets a string if the key is not there.", .complexity = "O(1)" },
{ "SETEX", cmd_setex, 4, 4, W | CMD_GROWS, KEY1, "string", "2.0.0",
  "key seconds value", "Sets a string with so many seconds to live.", .complexity = "O(1)" },
{ "PSETEX", cmd_psetex, 4, 4, W | CMD_GROWS, KEY1, "string", "2.6.0",
  "key milliseconds value", "Sets a string with so many milliseconds to live.", .complexity = "O(1)" },
{ "GETSET", cmd_getset, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "1.0.0",
  "key value", "Sets a string and answers the old one.", .complexity = "O(1)" },
{ "GETDEL", cmd_getdel, 2, 2, W | CMD_FAST, KEY1, "string", "6.2.0",
  "key", "Answers a string and deletes it.", .complexity = "O(1)" },
{ "GETEX", cmd_getex, 2, ANY, W | CMD_FAST, KEY1, "string", "6.2.0",
  "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]", "Answers a string and sets how long it lives.", .complexity = "O(1)" },
{ "MGET", cmd_mget, 2, ANY, R | CMD_FAST, KEYS, "string", "1.0.0",
  "key [key ...]", "The strings of several keys.", .complexity = "O(N) in keys" },
{ "MSET", cmd_mset, 3, ANY, W | CMD_GROWS, {1, -1, 2}, "string", "1.0.1",
  "key value [key value ...]", "Sets several strings.", .complexity = "O(N) in keys" },
{ "MSETNX", cmd_msetnx, 3, ANY, W | CMD_GROWS, {1, -1, 2}, "string", "1.0.1",
  "key value [key value ...]", "Sets several strings if none of the keys is there.", .complexity = "O(N) in keys" },
{ "INCRBYFLOAT", cmd_incrbyfloat, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "2.6.0",
  "key increment", "Adds to a number, with a fraction.", .complexity = "O(1)" },
{ "APPEND", cmd_append, 3, 3, W | CMD_GROWS | CMD_FAST, KEY1, "string", "2.0.0",
  "key value", "Appends to a string.", .complexity = "O(1), taken over many" },
{ "STRLEN", cmd_strlen, 2, 2, R | CMD_FAST, KEY1, "string", "2.2.0",
  "key", "The length of a string.", .complexity = "O(1)" },
{ "GETRANGE", cmd_getrange, 4, 4, R, KEY1, "string", "2.4.0",
  "key start end", "A part of a string.", .complexity = "O(N) in bytes answered" },
{ "SUBSTR", cmd_getrange, 4, 4, R, KEY1, "string", "1.0.0",
  "key start end", "A part of a string: the old name of GETRANGE.", .complexity = "O(N) in bytes answered" },
{ "SETRANGE", cmd_setrange, 4, 4, W | CMD_GROWS, KEY1, "string", "2.2.0",
  "key offset value", "Overwrites a part of a string.", .complexity = "O(N) in bytes given" },
{ "LCS", cmd_lcs, 3, ANY, R, {1, 2, 1}, "string", "7.0.0",
  "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]", "The longest common subsequence of two strings.", .complexity = "O(N*M) in their lengths" },

/* bits of strings */
{ "SETBIT", cmd_setbit, 4, 4, W | CMD_GROWS, KEY1, "bitmap", "2.2.0",
  "key offset value", "Sets or clears a bit of a string.", .complexity = "O(1)" },
{ "GETBIT", cmd_getbit, 3, 3, R | CMD_FAST, KEY1, "bitmap", "2.2.0",
  "key offset", "A bit of a string.", .complexity = "O(1)" },
{ "BITCOUNT", cmd_bitcount, 2, ANY, R, KEY1, "bitmap", "2.6.0",
  "key [start end [BYTE | BIT]]", "How many bits are set.", .complexity = "O(N) in bytes" },
{ "BITPOS", cmd_bitpos, 3, ANY, R, KEY1, "bitmap", "2.8.7",
  "key bit [start [end [BYTE | BIT]]]", "Where the first set or clear bit is.", .complexity = "O(N) in bytes" },
{ "BITOP", cmd_bitop, 4, ANY, W | CMD_GROWS, {2, -1, 1}, "bitmap", "2.6.0",
  "<AND | OR | XOR | NOT> destkey key [key ...]", "Combines strings bit by bit.", .complexity = "O(N) in bytes" },
{ "BITFIELD", cmd_bitfield, 2, ANY, W | CMD_GROWS, KEY1, "bitmap", "3.2.0",
  "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]", "Works on integers inside a string.", .complexity = "O(N) in operations" },
{ "BITFIELD_RO", cmd_bitfield_ro, 2, ANY, R | CMD_FAST, KEY1, "bitmap", "6.0.0",
  "key [GET encoding offset [GET encoding offset ...]]", "Reads integers inside a string.", .complexity = "O(N) in operations" },

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
{ "BRPOP", cmd_brpop, 3, ANY, W | CMD_BLOCKS, {1, -2, 1}, "list", "2.0.0",
  "key [key ...] timeout", "Takes an element from the tail of the first list that has one, or waits.", .complexity = "O(N) in keys" },
{ "LPUSHX", cmd_lpushx, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "list", "2.2.0",
  "key element [element ...]", "Adds elements at the head of a list that exists.",
  .complexity = "O(N) in elements given" },
{ "RPUSHX", cmd_rpushx, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "list", "2.2.0",
  "key element [element ...]", "Adds elements at the tail of a list that exists.",
  .complexity = "O(N) in elements given" },
{ "LRANGE", cmd_lrange, 4, 4, R, KEY1, "list", "1.0.0",
  "key start stop", "The elements in a range.",
  .complexity = "O(S+N): the way to the start, elements answered" },
{ "LINDEX", cmd_lindex, 3, 3, R, KEY1, "list", "1.0.0",
  "key index", "The element at an index.",
  .complexity = "O(N) in elements on the way, by whole chunks" },
{ "LPOS", cmd_lpos, 3, ANY, R, KEY1, "list", "6.0.6",
  "key element [RANK rank] [COUNT num-matches] [MAXLEN len]", "Where an element is in a list.",
  .complexity = "O(N) in elements compared" },
{ "LSET", cmd_lset, 4, 4, W | CMD_GROWS, KEY1, "list", "1.0.0",
  "key index element", "Sets the element at an index.",
  .complexity = "O(N) in elements on the way, by whole chunks" },
{ "LINSERT", cmd_linsert, 5, 5, W | CMD_GROWS, KEY1, "list", "2.2.0",
  "key <BEFORE | AFTER> pivot element", "Inserts an element beside another.",
  .complexity = "O(N) in elements on the way" },
{ "LREM", cmd_lrem, 4, 4, W, KEY1, "list", "1.0.0",
  "key count element", "Removes elements by their value.",
  .complexity = "O(N) in elements" },
{ "LTRIM", cmd_ltrim, 4, 4, W, KEY1, "list", "1.0.0",
  "key start stop", "Keeps a range of elements, removes the others.",
  .complexity = "O(N) in elements removed" },
{ "LMOVE", cmd_lmove, 5, 5, W | CMD_GROWS, {1, 2, 1}, "list", "6.2.0",
  "source destination <LEFT | RIGHT> <LEFT | RIGHT>", "Moves an element from one list to another.",
  .complexity = "O(1)" },
{ "LMOVEM", cmd_lmovem, 5, ANY, W | CMD_GROWS, {1, 2, 1}, "list", "8.10.0",
  "source destination <LEFT | RIGHT> <LEFT | RIGHT> [<COUNT count | EXACTLY exactly> <OBO | BULK>]", "Moves several elements from one list to another.",
  .complexity = "O(N) in elements moved" },
{ "RPOPLPUSH", cmd_rpoplpush, 3, 3, W | CMD_GROWS, {1, 2, 1}, "list", "1.2.0",
  "source destination", "Moves the last element of a list to the head of another.",
  .complexity = "O(1)" },
{ "LMPOP", cmd_lmpop, 4, ANY, W | CMD_MOVABLE, NONE, "list", "7.0.0",
  "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", "Takes elements from the first list that has some.",
  .find_keys = keys_counted_at1, .complexity = "O(K+M) with K keys, M elements taken" },
{ "BLPOP", cmd_blpop, 3, ANY, W | CMD_BLOCKS, {1, -2, 1}, "list", "2.0.0",
  "key [key ...] timeout", "Takes an element from the head of the first list that has one, or waits.",
  .complexity = "O(N) in keys" },
{ "BLMPOP", cmd_blmpop, 5, ANY, W | CMD_BLOCKS | CMD_MOVABLE, NONE, "list", "7.0.0",
  "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", "Takes elements from the first list that has some, or waits.",
  .find_keys = keys_counted_at2, .complexity = "O(K+M) with K keys, M elements taken" },
{ "BLMOVE", cmd_blmove, 6, 6, W | CMD_GROWS | CMD_BLOCKS, {1, 2, 1}, "list", "6.2.0",
  "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout", "Moves an element from one list to another, or waits for one.",
  .complexity = "O(1)" },
{ "BLMOVEM", cmd_blmovem, 6, ANY, W | CMD_GROWS | CMD_BLOCKS, {1, 2, 1}, "list", "8.10.0",
  "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout [<COUNT count | EXACTLY exactly> <OBO | BULK>]", "Moves several elements from one list to another, or waits for them.",
  .complexity = "O(N) in elements moved" },
{ "BRPOPLPUSH", cmd_brpoplpush, 4, 4, W | CMD_GROWS | CMD_BLOCKS, {1, 2, 1}, "list", "2.2.0",
  "source destination timeout", "Moves the last element of a list to the head of another, or waits for one.",
  .complexity = "O(1)" },

/* hashes */
{ "HSET", cmd_hset, 4, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field value [field value ...]", "Sets fields of a hash; how many are new.", .complexity = "O(N) in fields given" },
{ "HMSET", cmd_hmset, 4, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field value [field value ...]", "Sets fields of a hash.", .complexity = "O(N) in fields given" },
{ "HSETNX", cmd_hsetnx, 4, 4, W | CMD_GROWS | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field value", "Sets a field that is not there yet.", .complexity = "O(1)" },
{ "HGET", cmd_hget, 3, 3, R | CMD_FAST, KEY1, "hash", "2.0.0", "key field", "The value of a field.", .complexity = "O(1)" },
{ "HMGET", cmd_hmget, 3, ANY, R | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field [field ...]", "The values of fields.", .complexity = "O(N) in fields given" },
{ "HGETALL", cmd_hgetall, 2, 2, R, KEY1, "hash", "2.0.0",
  "key", "All fields with their values.", .complexity = "O(N) in fields" },
{ "HKEYS", cmd_hkeys, 2, 2, R, KEY1, "hash", "2.0.0", "key", "All fields.", .complexity = "O(N) in fields" },
{ "HVALS", cmd_hvals, 2, 2, R, KEY1, "hash", "2.0.0", "key", "All values.", .complexity = "O(N) in fields" },
{ "HDEL", cmd_hdel, 3, ANY, W | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field [field ...]", "Removes fields; how many were there.", .complexity = "O(N) in fields given" },
{ "HLEN", cmd_hlen, 2, 2, R | CMD_FAST, KEY1, "hash", "2.0.0", "key", "How many fields a hash has.", .complexity = "O(1)" },
{ "HEXISTS", cmd_hexists, 3, 3, R | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field", "Whether a hash has a field.", .complexity = "O(1)" },
{ "HSTRLEN", cmd_hstrlen, 3, 3, R | CMD_FAST, KEY1, "hash", "3.2.0",
  "key field", "The length of a field's value.", .complexity = "O(1)" },
{ "HINCRBY", cmd_hincrby, 4, 4, W | CMD_GROWS | CMD_FAST, KEY1, "hash", "2.0.0",
  "key field increment", "Adds to the number in a field.", .complexity = "O(1)" },
{ "HINCRBYFLOAT", cmd_hincrbyfloat, 4, 4, W | CMD_GROWS | CMD_FAST, KEY1, "hash", "2.6.0",
  "key field increment", "Adds to the number in a field, with a fraction.", .complexity = "O(1)" },
{ "HRANDFIELD", cmd_hrandfield, 2, ANY, R, KEY1, "hash", "6.2.0",
  "key [count [WITHVALUES]]", "Fields by chance: distinct ones, or with a negative count any.",
  .complexity = "O(N) in fields answered; O(size) when they are a third of all",
  .differs = "a negative count may ask for 10,000,000 fields at most." },
{ "HSCAN", cmd_hscan, 3, ANY, R, KEY1, "hash", "2.8.0",
  "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", "Some fields of a hash, and where to go on.", .complexity = "O(1) a call, O(N) for all" },

/* sets */
{ "SADD", cmd_sadd, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "set", "1.0.0",
  "key member [member ...]", "Adds members; how many are new.", .complexity = "O(N) in members given" },
{ "SREM", cmd_srem, 3, ANY, W | CMD_FAST, KEY1, "set", "1.0.0",
  "key member [member ...]", "Removes members; how many were there.", .complexity = "O(N) in members given" },
{ "SISMEMBER", cmd_sismember, 3, 3, R | CMD_FAST, KEY1, "set", "1.0.0",
  "key member", "Whether a set has a member.", .complexity = "O(1)" },
{ "SMISMEMBER", cmd_smismember, 3, ANY, R | CMD_FAST, KEY1, "set", "6.2.0",
  "key member [member ...]", "Which of the members a set has.", .complexity = "O(N) in members given" },
{ "SCARD", cmd_scard, 2, 2, R | CMD_FAST, KEY1, "set", "1.0.0", "key", "How many members a set has.", .complexity = "O(1)" },
{ "SMEMBERS", cmd_smembers, 2, 2, R, KEY1, "set", "1.0.0", "key", "All members.", .complexity = "O(N) in members" },
{ "SPOP", cmd_spop, 2, ANY, W | CMD_FAST, KEY1, "set", "1.0.0",
  "key [count]", "Takes members out by chance.", .complexity = "O(N) in members taken; O(size) when they are a third of all" },
{ "SRANDMEMBER", cmd_srandmember, 2, ANY, R, KEY1, "set", "1.0.0",
  "key [count]", "Members by chance: distinct ones, or with a negative count any.",
  .complexity = "O(N) in members answered; O(size) when they are a third of all",
  .differs = "a negative count may ask for 10,000,000 members at most." },
{ "SMOVE", cmd_smove, 4, 4, W | CMD_FAST, {1, 2, 1}, "set", "1.0.0",
  "source destination member", "Moves a member from one set to another.", .complexity = "O(1)" },
{ "SINTER", cmd_sinter, 2, ANY, R, KEYS, "set", "1.0.0",
  "key [key ...]", "The members that all sets have.", .complexity = "O(N*M): the smallest set's members, sets" },
{ "SINTERCARD", cmd_sintercard, 3, ANY, R | CMD_MOVABLE, NONE, "set", "7.0.0",
  "numkeys key [key ...] [LIMIT limit]", "How many members all sets have.", .find_keys = keys_counted_at1,
  .complexity = "O(N*M): the smallest set's members, sets" },
{ "SINTERSTORE", cmd_sinterstore, 3, ANY, W | CMD_GROWS, KEYS, "set", "1.0.0",
  "destination key [key ...]", "Stores the members that all sets have.", .complexity = "O(N*M): the smallest set's members, sets" },
{ "SUNION", cmd_sunion, 2, ANY, R, KEYS, "set", "1.0.0",
  "key [key ...]", "The members that any set has.", .complexity = "O(N) in members of all sets" },
{ "SUNIONSTORE", cmd_sunionstore, 3, ANY, W | CMD_GROWS, KEYS, "set", "1.0.0",
  "destination key [key ...]", "Stores the members that any set has.", .complexity = "O(N) in members of all sets" },
{ "SDIFF", cmd_sdiff, 2, ANY, R, KEYS, "set", "1.0.0",
  "key [key ...]", "The members of the first set that no other has.", .complexity = "O(N) in members of all sets" },
{ "SDIFFSTORE", cmd_sdiffstore, 3, ANY, W | CMD_GROWS, KEYS, "set", "1.0.0",
  "destination key [key ...]", "Stores the members of the first set that no other has.", .complexity = "O(N) in members of all sets" },
{ "SSCAN", cmd_sscan, 3, ANY, R, KEY1, "set", "2.8.0",
  "key cursor [MATCH pattern] [COUNT count]", "Some members of a set, and where to go on.", .complexity = "O(1) a call, O(N) for all" },

/* sorted sets */
{ "ZADD", cmd_zadd, 4, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "sorted-set", "1.2.0",
  "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]", "Gives members their scores; how many are new.", .complexity = "O(log N) for each member" },
{ "ZINCRBY", cmd_zincrby, 4, 4, W | CMD_GROWS | CMD_FAST, KEY1, "sorted-set", "1.2.0",
  "key increment member", "Adds to the score of a member.", .complexity = "O(log N)" },
{ "ZREM", cmd_zrem, 3, ANY, W | CMD_FAST, KEY1, "sorted-set", "1.2.0",
  "key member [member ...]", "Removes members; how many were there.", .complexity = "O(log N) for each member" },
{ "ZCARD", cmd_zcard, 2, 2, R | CMD_FAST, KEY1, "sorted-set", "1.2.0",
  "key", "How many members a sorted set has.", .complexity = "O(1)" },
{ "ZSCORE", cmd_zscore, 3, 3, R | CMD_FAST, KEY1, "sorted-set", "1.2.0",
  "key member", "The score of a member.", .complexity = "O(1)" },
{ "ZMSCORE", cmd_zmscore, 3, ANY, R | CMD_FAST, KEY1, "sorted-set", "6.2.0",
  "key member [member ...]", "The scores of members.", .complexity = "O(N) in members given" },
{ "ZRANK", cmd_zrank, 3, ANY, R | CMD_FAST, KEY1, "sorted-set", "2.0.0",
  "key member [WITHSCORE]", "The rank of a member, the lowest score first.", .complexity = "O(log N)" },
{ "ZREVRANK", cmd_zrevrank, 3, ANY, R | CMD_FAST, KEY1, "sorted-set", "2.0.0",
  "key member [WITHSCORE]", "The rank of a member, the highest score first.", .complexity = "O(log N)" },
{ "ZCOUNT", cmd_zcount, 4, 4, R | CMD_FAST, KEY1, "sorted-set", "2.0.0",
  "key min max", "How many scores are in a range.", .complexity = "O(log N)" },
{ "ZLEXCOUNT", cmd_zlexcount, 4, 4, R | CMD_FAST, KEY1, "sorted-set", "2.8.9",
  "key min max", "How many members are in a range.", .complexity = "O(log N)" },
{ "ZRANGE", cmd_zrange, 4, ANY, R, KEY1, "sorted-set", "1.2.0",
  "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]", "The members in a range of ranks, scores or members.", .complexity = "O(log N + M) with M members answered" },
{ "ZREVRANGE", cmd_zrevrange, 4, ANY, R, KEY1, "sorted-set", "1.2.0",
  "key start stop [WITHSCORES]", "The members in a range of ranks, the highest score first.", .complexity = "O(log N + M) with M members answered" },
{ "ZRANGEBYSCORE", cmd_zrangebyscore, 4, ANY, R, KEY1, "sorted-set", "1.0.5",
  "key min max [WITHSCORES] [LIMIT offset count]", "The members in a range of scores.", .complexity = "O(log N + M) with M members answered" },
{ "ZREVRANGEBYSCORE", cmd_zrevrangebyscore, 4, ANY, R, KEY1, "sorted-set", "2.2.0",
  "key max min [WITHSCORES] [LIMIT offset count]", "The members in a range of scores, the highest first.", .complexity = "O(log N + M) with M members answered" },
{ "ZRANGEBYLEX", cmd_zrangebylex, 4, ANY, R, KEY1, "sorted-set", "2.8.9",
  "key min max [LIMIT offset count]", "The members in a range of members.", .complexity = "O(log N + M) with M members answered" },
{ "ZREVRANGEBYLEX", cmd_zrevrangebylex, 4, ANY, R, KEY1, "sorted-set", "2.8.9",
  "key max min [LIMIT offset count]", "The members in a range of members, the last first.", .complexity = "O(log N + M) with M members answered" },
{ "ZRANGESTORE", cmd_zrangestore, 5, ANY, W | CMD_GROWS, {1, 2, 1}, "sorted-set", "6.2.0",
  "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]", "Stores the members in a range.", .complexity = "O(log N + M) with M members stored" },
{ "ZREMRANGEBYRANK", cmd_zremrangebyrank, 4, 4, W, KEY1, "sorted-set", "2.0.0",
  "key start stop", "Removes the members in a range of ranks.", .complexity = "O(M log N) with M members removed" },
{ "ZREMRANGEBYSCORE", cmd_zremrangebyscore, 4, 4, W, KEY1, "sorted-set", "1.2.0",
  "key min max", "Removes the members in a range of scores.", .complexity = "O(M log N) with M members removed" },
{ "ZREMRANGEBYLEX", cmd_zremrangebylex, 4, 4, W, KEY1, "sorted-set", "2.8.9",
  "key min max", "Removes the members in a range of members.", .complexity = "O(M log N) with M members removed" },
{ "ZPOPMIN", cmd_zpopmin, 2, ANY, W | CMD_FAST, KEY1, "sorted-set", "5.0.0",
  "key [count]", "Takes the members with the lowest scores.", .complexity = "O(M log N) with M members taken" },
{ "ZPOPMAX", cmd_zpopmax, 2, ANY, W | CMD_FAST, KEY1, "sorted-set", "5.0.0",
  "key [count]", "Takes the members with the highest scores.", .complexity = "O(M log N) with M members taken" },
{ "BZPOPMIN", cmd_bzpopmin, 3, ANY, W | CMD_FAST | CMD_BLOCKS, {1, -2, 1}, "sorted-set", "5.0.0",
  "key [key ...] timeout", "Takes the member with the lowest score from the first sorted set that has one, or waits.", .complexity = "O(log N)" },
{ "BZPOPMAX", cmd_bzpopmax, 3, ANY, W | CMD_FAST | CMD_BLOCKS, {1, -2, 1}, "sorted-set", "5.0.0",
  "key [key ...] timeout", "Takes the member with the highest score from the first sorted set that has one, or waits.", .complexity = "O(log N)" },
{ "ZMPOP", cmd_zmpop, 4, ANY, W | CMD_MOVABLE, NONE, "sorted-set", "7.0.0",
  "numkeys key [key ...] <MIN | MAX> [COUNT count]", "Takes members from the first sorted set that has some.", .find_keys = keys_counted_at1, .complexity = "O(K + M log N) with K keys, M members taken" },
{ "BZMPOP", cmd_bzmpop, 5, ANY, W | CMD_BLOCKS | CMD_MOVABLE, NONE, "sorted-set", "7.0.0",
  "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]", "Takes members from the first sorted set that has some, or waits.", .find_keys = keys_counted_at2, .complexity = "O(K + M log N) with K keys, M members taken" },
{ "ZINTER", cmd_zinter, 3, ANY, R | CMD_MOVABLE, NONE, "sorted-set", "6.2.0",
  "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]", "The members that all have, of sorted sets or sets.", .find_keys = keys_counted_at1, .complexity = "O(N log N) in members of all" },
{ "ZINTERSTORE", cmd_zinterstore, 4, ANY, W | CMD_GROWS | CMD_MOVABLE, KEY1, "sorted-set", "2.0.0",
  "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]", "Stores the members that all have, of sorted sets or sets.", .find_keys = keys_target_counted, .complexity = "O(N log N) in members of all" },
{ "ZUNION", cmd_zunion, 3, ANY, R | CMD_MOVABLE, NONE, "sorted-set", "6.2.0",
  "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]", "The members that any has, of sorted sets or sets.", .find_keys = keys_counted_at1, .complexity = "O(N log N) in members of all" },
{ "ZUNIONSTORE", cmd_zunionstore, 4, ANY, W | CMD_GROWS | CMD_MOVABLE, KEY1, "sorted-set", "2.0.0",
  "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]", "Stores the members that any has, of sorted sets or sets.", .find_keys = keys_target_counted, .complexity = "O(N log N) in members of all" },
{ "ZDIFF", cmd_zdiff, 3, ANY, R | CMD_MOVABLE, NONE, "sorted-set", "6.2.0",
  "numkeys key [key ...] [WITHSCORES]", "The members of the first that no other has, of sorted sets or sets.", .find_keys = keys_counted_at1, .complexity = "O(N log N) in members of all" },
{ "ZDIFFSTORE", cmd_zdiffstore, 4, ANY, W | CMD_GROWS | CMD_MOVABLE, KEY1, "sorted-set", "6.2.0",
  "destination numkeys key [key ...]", "Stores the members of the first that no other has, of sorted sets or sets.", .find_keys = keys_target_counted, .complexity = "O(N log N) in members of all" },
{ "ZINTERCARD", cmd_zintercard, 3, ANY, R | CMD_MOVABLE, NONE, "sorted-set", "7.0.0",
  "numkeys key [key ...] [LIMIT limit]", "How many members all sorted sets have.", .find_keys = keys_counted_at1, .complexity = "O(N*K): the smallest one's members, K keys" },
{ "ZRANDMEMBER", cmd_zrandmember, 2, ANY, R, KEY1, "sorted-set", "6.2.0",
  "key [count [WITHSCORES]]", "Members by chance: distinct ones, or with a negative count any.", .differs = "a negative count may ask for 10,000,000 members at most.",
  .complexity = "O(M log N) with M members answered" },
{ "ZSCAN", cmd_zscan, 3, ANY, R, KEY1, "sorted-set", "2.8.0",
  "key cursor [MATCH pattern] [COUNT count]", "Some members of a sorted set, and where to go on.", .complexity = "O(1) a call, O(N) for all" },

/* pub/sub */
{ "PUBLISH", cmd_publish, 3, 3, CMD_PUBSUB | CMD_FAST | CMD_LOADING | CMD_STALE | CMD_MAY_REPLICATE, NONE, "pubsub", "2.0.0",
  "channel message", "Sends a message to a channel.", .complexity = "O(N+M): subscribers of the channel, patterns" },
{ "SPUBLISH", cmd_spublish, 3, 3, CMD_PUBSUB | CMD_FAST | CMD_LOADING | CMD_STALE | CMD_MAY_REPLICATE, KEY1, "pubsub", "7.0.0",
  "shardchannel message", "Sends a message to a shard channel.", .complexity = "O(N) in subscribers" },
{ "SSUBSCRIBE", cmd_ssubscribe, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, KEYS, "pubsub", "7.0.0",
  "shardchannel [shardchannel ...]", "Listens to shard channels.", .complexity = "O(N) in channels" },
{ "SUNSUBSCRIBE", cmd_sunsubscribe, 1, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, KEYS, "pubsub", "7.0.0",
  "[shardchannel [shardchannel ...]]", "Stops listening to shard channels, or to all.", .complexity = "O(N) in channels" },
{ "PUBSUB", 0, 2, ANY, CMD_CONTAINER, NONE, "pubsub", "2.8.0", "", "Who listens to what.", .complexity = "depends on the sub-command" },
{ "PUBSUB|CHANNELS", cmd_pubsub_channels, 2, 3, CMD_PUBSUB | CMD_LOADING | CMD_STALE, NONE, "pubsub", "2.8.0",
  "[pattern]", "The channels that somebody hears.", .complexity = "O(N) in channels" },
{ "PUBSUB|NUMSUB", cmd_pubsub_numsub, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE, NONE, "pubsub", "2.8.0",
  "[channel [channel ...]]", "How many hear each of the channels.", .complexity = "O(N) in channels given" },
{ "PUBSUB|NUMPAT", cmd_pubsub_numpat, 2, 2, CMD_PUBSUB | CMD_LOADING | CMD_STALE, NONE, "pubsub", "2.8.0",
  "", "How many patterns somebody hears.", .complexity = "O(1)" },
{ "PUBSUB|SHARDCHANNELS", cmd_pubsub_shardchannels, 2, 3, CMD_PUBSUB | CMD_LOADING | CMD_STALE, NONE, "pubsub", "7.0.0",
  "[pattern]", "The shard channels that somebody hears.", .complexity = "O(N) in channels" },
{ "PUBSUB|SHARDNUMSUB", cmd_pubsub_shardnumsub, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE, NONE, "pubsub", "7.0.0",
  "[shardchannel [shardchannel ...]]", "How many hear each of the shard channels.", .complexity = "O(N) in channels given" },
HELP("PUBSUB", cmd_pubsub_help, "pubsub", "6.2.0"),
{ "SUBSCRIBE", cmd_subscribe, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "channel [channel ...]", "Listens to channels.", .complexity = "O(N) in channels" },
{ "UNSUBSCRIBE", cmd_unsubscribe, 1, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "[channel [channel ...]]", "Stops listening to channels, or to all.", .complexity = "O(N) in channels" },
{ "PSUBSCRIBE", cmd_psubscribe, 2, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "pattern [pattern ...]", "Listens to channels that match.", .complexity = "O(N) in patterns" },
{ "PUNSUBSCRIBE", cmd_punsubscribe, 1, ANY, CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_IN_PUBSUB | CMD_NOSCRIPT, NONE, "pubsub", "2.0.0",
  "[pattern [pattern ...]]", "Stops listening to patterns, or to all.", .complexity = "O(N) in patterns" },

/* transactions */
{ "MULTI", cmd_multi, 1, 1, CMD_FAST | CMD_NOW | CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "transactions", "1.2.0",
  "", "Begins a transaction: what follows is kept until EXEC.", .complexity = "O(1)" },
{ "EXEC", cmd_exec, 1, 1, CMD_NOW | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT | CMD_SKIP_SLOWLOG, NONE, "transactions", "1.2.0",
  "", "Runs what was kept since MULTI as one.", .complexity = "that of the commands kept" },
{ "DISCARD", cmd_discard, 1, 1, CMD_FAST | CMD_NOW | CMD_NODATA | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "transactions", "2.0.0",
  "", "Forgets what was kept since MULTI.", .complexity = "O(N) in commands kept and keys watched" },
{ "WATCH", cmd_watch, 2, ANY, CMD_FAST | CMD_NOW | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT | CMD_ALLOW_BUSY, KEYS, "transactions", "2.2.0",
  "key [key ...]", "Makes the next EXEC fail if one of the keys is changed by then.", .complexity = "O(N) in keys" },
{ "UNWATCH", cmd_unwatch, 1, 1, CMD_FAST | CMD_LOADING | CMD_STALE | CMD_NOSCRIPT | CMD_ALLOW_BUSY, NONE, "transactions", "2.2.0",
  "", "Forgets the watched keys.", .complexity = "O(N) in keys watched" },

/* streams */
{ "XADD", cmd_xadd, 5, ANY, W | CMD_GROWS | CMD_FAST | CMD_ADDS, KEY1, "stream", "5.0.0",
  "key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
  "Appends a message to a stream and answers its id.", .complexity = "O(1), and O(N) in messages trimmed; ACKED: looked at",
  .differs = "a run of XADDs in a pipeline wakes as many waiting consumers as it takes, each with up to COUNT messages, not one for each; stream-wake-batching no gives Redis' order." },
{ "XLEN", cmd_xlen, 2, 2, R | CMD_FAST, KEY1, "stream", "5.0.0", "key", "How many messages a stream holds.", .complexity = "O(1)" },
{ "XRANGE", cmd_xrange, 4, ANY, R, KEY1, "stream", "5.0.0",
  "key start end [COUNT count]", "The messages between two ids.", .complexity = "O(log N + M) with M messages answered" },
{ "XREVRANGE", cmd_xrevrange, 4, ANY, R, KEY1, "stream", "5.0.0",
  "key end start [COUNT count]", "The messages between two ids, the last one first.", .complexity = "O(log N + M) with M messages answered" },
{ "XDEL", cmd_xdel, 3, ANY, W | CMD_FAST, KEY1, "stream", "5.0.0",
  "key id [id ...]", "Deletes messages from a stream.", .complexity = "O(M log N) with M ids" },
{ "XDELEX", cmd_xdelex, 5, ANY, W | CMD_FAST, KEY1, "stream", "8.2.0",
  "key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]", "Deletes messages with regard to the groups that refer to them.",
  .complexity = "O(M (G + log N)) with M ids, G groups" },
{ "XACKDEL", cmd_xackdel, 6, ANY, W | CMD_FAST, KEY1, "stream", "8.2.0",
  "key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]", "Acknowledges messages and deletes them with regard to the other groups.",
  .complexity = "O(M (G + log N)) with M ids, G groups" },
{ "XTRIM", cmd_xtrim, 4, ANY, W, KEY1, "stream", "5.0.0",
  "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]", "Removes messages at the front of a stream.",
  .complexity = "O(N) in messages removed; ACKED: looked at" },
{ "XSETID", cmd_xsetid, 3, ANY, W | CMD_GROWS | CMD_FAST, KEY1, "stream", "5.0.0",
  "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]", "Sets what a stream remembers of its ids.", .complexity = "O(1)" },
{ "XCFGSET", cmd_xcfgset, 2, ANY, W | CMD_FAST, KEY1, "stream", "8.6.0",
  "key [IDMP-DURATION seconds] [IDMP-MAXSIZE count]",
  "Sets for how long, and of how many messages, a stream remembers what its producers have sent.",
  .complexity = "O(1), and O(N) in ids forgotten when a value changes",
  .errors = "ERR no such key; a value out of range" },
{ "XIDMPRECORD", cmd_xidmprecord, 5, 5, W | CMD_GROWS | CMD_FAST, KEY1, "stream", "8.8.0",
  "key pid iid id", "Makes a stream remember that a message is known to its producer under an id.",
  .complexity = "O(1)", .errors = "ERR no such key; no such message; the id is another message's" },
{ "XREAD", cmd_xread, 4, ANY, R | CMD_BLOCKS | CMD_MOVABLE, NONE, "stream", "5.0.0",
  "[COUNT count] [MAXCOUNT count] [MAXSIZE bytes] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
  "The messages of streams above given ids; may wait for some.",
  .find_keys = keys_xread, .complexity = "O(log N + M) for each stream, M messages answered" },
{ "XREADGROUP", cmd_xreadgroup, 7, ANY, W | CMD_BLOCKS | CMD_MOVABLE, NONE, "stream", "5.0.0",
  "GROUP group consumer [COUNT count] [MAXCOUNT count] [MAXSIZE bytes] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key [key ...] id [id ...]",
  "Delivers messages of a group to one of its consumers, with CLAIM first those that others left; may wait for some.",
  .find_keys = keys_xread, .complexity = "O(log N + M) for each stream, M messages answered" },
{ "XACK", cmd_xack, 4, ANY, W | CMD_FAST, KEY1, "stream", "5.0.0",
  "key group id [id ...]", "Acknowledges messages: they are done for the group.", .complexity = "O(M log N) with M ids, N pending" },
{ "XNACK", cmd_xnack, 7, ANY, W | CMD_FAST, KEY1, "stream", "8.8.0",
  "key group <SILENT | FAIL | FATAL> IDS numids id [id ...] [RETRYCOUNT count] [FORCE]",
  "Gives pending messages back to their group: the next one who claims gets them.",
  .complexity = "O(M log N) with M ids, N pending", .errors = "`NOGROUP` there is no such key or no such group." },
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

/* queues */
{ "QACK", cmd_qack, 5, ANY, W | CMD_FAST, KEY1, "queue", "7.2.0",
  "key group consumer id [id ...]", "Acknowledges messages that the consumer holds; others are passed over.",
  .complexity = "O(M log N) with M ids, N pending", .errors = "`NOGROUP` there is no such key or no such group." },
{ "QNACK", cmd_qnack, 5, ANY, W | CMD_FAST, KEY1, "queue", "7.2.0",
  "key group consumer [DELAY duration | REJECT] [ERROR text] id [id ...]",
  "Gives messages that the consumer holds back: they are delivered again after the BACKOFF of the queue's policy or the delay, or are dead.",
  .complexity = "O(M log N) with M ids, N pending", .errors = "`NOPOLICY` no policy matches the queue; `NOGROUP` there is no such key or no such group." },
{ "QEXTEND", cmd_qextend, 6, ANY, W | CMD_FAST, KEY1, "queue", "7.2.0",
  "key group consumer duration id [id ...]", "The leases of messages that the consumer holds end after the duration, counted from now.",
  .complexity = "O(M log N) with M ids, N pending", .errors = "`NOPOLICY` no policy matches the queue; `NOGROUP` there is no such key or no such group." },
{ "QPEEK", cmd_qpeek, 2, ANY, R, KEY1, "queue", "7.2.0",
  "key [GROUP group] [STATE <new | leased | ready | waiting | held | dead | delayed>] [COUNT count] [FROM id]",
  "Messages of a queue, as a group sees them, and what is known of each; touches nothing.",
  .complexity = "O(M log N) with M messages told; of a STATE that is rare, in messages looked at, of which there are 100,000 at most" },
{ "QSTAT", cmd_qstat, 2, 2, R, KEY1, "queue", "7.2.0",
  "key", "What a queue holds: messages by state and by what became of them, for each group.",
  .complexity = "O(G) in groups", .errors = "there is no such key." },
{ "QPOLICY", 0, 2, ANY, CMD_CONTAINER, NONE, "stream", "8.8.0", "", "Commands about what holds for queues.", .complexity = "O(1)" },
{ "QPOLICY|SET", cmd_qpolicy_set, 5, ANY, W | CMD_GROWS | CMD_ADMIN | CMD_NOSCRIPT, NONE, "stream", "8.8.0",
  "name option value [option value ...]", "Sets options of the queue of that name, or of all that a glob matches.",
  .complexity = "O(P) in policies of the database; the queues follow bit by bit",
  .errors = "an option or a value that there is not, and what there is; options that exclude each other; dead letters that would go round; `queue-policies-max`", .differs = "Redis has no such command" },
{ "QPOLICY|GET", cmd_qpolicy_get, 3, 3, R | CMD_ADMIN | CMD_NOSCRIPT, NONE, "stream", "8.8.0",
  "name", "The options that were set under a name.", .complexity = "O(1)", .differs = "Redis has no such command" },
{ "QPOLICY|DEL", cmd_qpolicy_del, 3, ANY, W | CMD_ADMIN | CMD_NOSCRIPT, NONE, "stream", "8.8.0",
  "name [option ...]", "Takes back options, or all of a policy.",
  .complexity = "O(P) in policies of the database; the queues follow bit by bit",
  .errors = "what would be left is impossible, as with SET", .differs = "Redis has no such command" },
{ "QPOLICY|LIST", cmd_qpolicy_list, 2, 4, R | CMD_ADMIN | CMD_NOSCRIPT, NONE, "stream", "8.8.0",
  "[MATCH pattern]", "The policies of the database, in the order in which they count.",
  .complexity = "O(P) in policies", .differs = "Redis has no such command" },
{ "QPOLICY|SHOW", cmd_qpolicy_show, 3, 3, R | CMD_ADMIN | CMD_NOSCRIPT, {2, 2, 1}, "stream", "8.8.0",
  "key", "Every option of a queue: its value, and the policy that it comes from.",
  .complexity = "O(P) in policies of the database", .differs = "Redis has no such command" },
HELP("QPOLICY", cmd_qpolicy_help, "stream", "8.8.0"),
{ "QADD", cmd_qadd, 5, ANY, W | CMD_GROWS | CMD_FAST | CMD_ADDS, KEY1, "queue", "7.2.0",
  "key [NOMKSTREAM] [DELAY delay | AT unix-time-milliseconds] [TTL ttl] [PRIORITY level] [DEDUP dedup-id [WINDOW window]] <* | id> field value [field value ...]",
  "Appends a message to a queue now, or when it is due, and answers its id. Its TTL counts from when it is in the queue, so that of a delayed message from its arrival. A message whose dedup id the queue knows is not added: the answer is that of the first.",
  .complexity = "O(1); O(log N) with N delayed messages, when delayed", .errors = "`QFULL` the queue remembers `queue-dedup-max` dedup ids." },
{ "QCANCEL", cmd_qcancel, 3, ANY, W | CMD_FAST, KEY1, "queue", "7.2.0",
  "key id [id ...]", "Removes delayed messages that are not due yet, and frees their dedup ids. Answers how many.",
  .complexity = "O(M log N) with M ids, N delayed messages" },

/* records of the journal: include/store/record.h */
{ "LMQ.DELIVER", cmd_record_deliver, 9, 9, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.HOLD", cmd_record_hold, 7, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.NACK", cmd_record_nack, 5, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.ADD", cmd_record_add, 9, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.DELAY", cmd_record_delay, 9, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(log N)" },
{ "LMQ.CANCEL", cmd_record_cancel, 3, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(log N)" },
{ "LMQ.ARRIVE", cmd_record_arrive, 5, 5, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(log N)" },
{ "LMQ.NUMBER", cmd_record_number, 3, 3, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.SEEN", cmd_record_seen, 6, 6, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.LAPSE", cmd_record_lapse, 4, 4, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.DROP", cmd_record_drop, 3, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.SKIP", cmd_record_skip, 5, 5, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.IDMP", cmd_record_idmp, 4, 4, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.FORGET", cmd_record_forget, 4, 4, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N) in ids" },
{ "LMQ.DLQ", cmd_record_dlq, 2, 2, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
{ "LMQ.QUEUE", cmd_record_queue, 2, 2, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N) in messages" },
{ "LMQ.BACK", cmd_record_back, 10, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.EXTEND", cmd_record_extend, 6, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.END", cmd_record_end, 5, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.TAKE", cmd_record_take, 6, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.PASSED", cmd_record_passed, 4, ANY, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(N)" },
{ "LMQ.TOTALS", cmd_record_totals, 7, 7, W | CMD_RECORD, KEY1, "stream", "7.2.0", "", "", .complexity = "O(1)" },
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
