/* cmd/config.c - the rows of the settings. leanmqd.conf is what they print. */
#include "cmd/config.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/event.h"
#include "persist/journal.h"
#include "store/idmp.h"

#include <limits.h>
#include <stddef.h>
#include <syslog.h>

#define AT(field) offsetof(struct config, field)
#define ROW(n, t, fl, field, def, lo, hi, h)                                                                 \
    {                                                                                                        \
        .name = n, .type = t, .flags = fl, .at = AT(field), .fallback = def, .min = lo, .max = hi, .help = h \
    }
#define ALSO(n, old, t, fl, field, def, lo, hi, h)                                                           \
    {                                                                                                        \
        .name = n, .type = t, .flags = fl, .at = AT(field), .fallback = def, .min = lo, .max = hi, .help = h, \
        .alias = old                                                                                         \
    }
#define NAMES(n, fl, field, def, list, h)                                                                    \
    {                                                                                                        \
        .name = n, .type = SETTING_ENUM, .flags = fl, .at = AT(field), .fallback = def, .names = list,       \
        .help = h                                                                                            \
    }
#define MB (INT64_C(1) << 20)
#define GB (INT64_C(1) << 30)
#define COMPACT_MAX INT_MAX

static const struct setting_name supervised[] = {{"no", 0}, {"auto", 1}, {"systemd", 2}, {0}};
static const struct setting_name loglevel[] = {{"debug", LOG_LEVEL_DEBUG},     {"verbose", LOG_LEVEL_VERBOSE},
                                               {"notice", LOG_LEVEL_NOTICE},   {"warning", LOG_LEVEL_WARNING},
                                               {"nothing", LOG_LEVEL_NOTHING}, {0}};
static const struct setting_name facility[] = {{"user", LOG_USER},     {"local0", LOG_LOCAL0},
                                               {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
                                               {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
                                               {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
                                               {"local7", LOG_LOCAL7}, {0}};
static const struct setting_name fsync_when[] = {
    {"always", JOURNAL_SYNC_ALWAYS}, {"everysec", JOURNAL_SYNC_EVERYSEC}, {"no", JOURNAL_SYNC_NO}, {0}};
static const struct setting_name policy[] = {{"noeviction", 0}, {0}};
static const struct setting_name debug[] = {
    {"no", DEBUG_NO}, {"local", DEBUG_LOCAL}, {"yes", DEBUG_YES}, {0}};

/* --- client-output-buffer-limit: class hard soft seconds, several classes in a line --- */

static const char *const output_name[] = {"normal", "slave", "pubsub"};

static int output_class(struct slice word)
{
    for (int i = 0; i < OUTPUT_CLASSES; i++)
        if (slice_is(word, output_name[i]))
            return i;
    return slice_is(word, "replica") ? OUTPUT_REPLICA : -1;
}

/* CONFIG SET gives all of it as one word: it is split again. */
static int output_set(void *to, const struct setting *row, const struct slice *arg, size_t n, struct buf *why)
{
    struct output_limit next[OUTPUT_CLASSES];
    struct slice *words = NULL;
    int err = OK;

    (void)row;
    if (n == 1 && settings_split(arg[0], &words, &n) == OK)
        arg = words;
    memcpy(next, to, sizeof next);
    if (n == 0 || n % 4)
        err = ERR_CONFIG;
    for (size_t i = 0; err == OK && i < n; i += 4) {
        int c = output_class(arg[i]);

        if (c < 0 || !num_bytes(arg[i + 1], &next[c].hard) || !num_bytes(arg[i + 2], &next[c].soft) ||
            !num_i64(arg[i + 3], &next[c].soft_seconds) || next[c].soft_seconds < 0 ||
            next[c].soft_seconds > INT_MAX)
            err = ERR_CONFIG;
    }
    if (err == OK)
        memcpy(to, next, sizeof next);
    else
        buf_add_str(why, "wanted: class (normal, replica or pubsub), hard limit, soft limit, seconds");
    mem_free(words);
    return err;
}

static void output_get(const void *from, const struct setting *row, struct buf *text)
{
    const struct output_limit *l = from;

    (void)row;
    for (int i = 0; i < OUTPUT_CLASSES; i++)
        buf_addf(text, "%s%s %llu %llu %lld", i ? " " : "", output_name[i], (unsigned long long)l[i].hard,
                 (unsigned long long)l[i].soft, (long long)l[i].soft_seconds);
}

/* --- latency-tracking-info-percentiles: numbers from 0 to 100, in any order --- */

static int percentiles_set(void *to, const struct setting *row, const struct slice *arg, size_t n,
                           struct buf *why)
{
    struct percentiles next = {0};
    struct slice *words = NULL;
    int err = OK;

    (void)row;
    if (n == 1 && settings_split(arg[0], &words, &n) == OK)
        arg = words;
    if (n > PERCENTILES_MAX)
        err = ERR_CONFIG;
    for (; err == OK && next.n < n; next.n++)
        if (!num_double(arg[next.n], &next.v[next.n]) || !(next.v[next.n] >= 0 && next.v[next.n] <= 100))
            err = ERR_CONFIG;
    if (err == OK)
        memcpy(to, &next, sizeof next);
    else
        buf_addf(why, "latency-tracking-info-percentiles should be numbers between 0 and 100, at most %d",
                 PERCENTILES_MAX);
    mem_free(words);
    return err;
}

static void percentiles_get(const void *from, const struct setting *row, struct buf *text)
{
    const struct percentiles *p = from;

    (void)row;
    for (size_t i = 0; i < p->n; i++)
        buf_addf(text, "%s%.15g", i ? " " : "", p->v[i]);
}

/* --- notify-keyspace-events: letters --- */

static int events_set(void *to, const struct setting *row, const struct slice *arg, size_t n, struct buf *why)
{
    unsigned next;

    (void)row;
    if (n != 1 || !event_classes_parse(arg[0], &next)) {
        buf_add_str(why, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        return ERR_CONFIG;
    }
    memcpy(to, &next, sizeof next);
    return OK;
}

static void events_get(const void *from, const struct setting *row, struct buf *text)
{
    char letters[EVENT_CLASSES_TEXT];
    unsigned now;

    (void)row;
    memcpy(&now, from, sizeof now);
    buf_add(text, letters, event_classes_put(letters, now));
}

/* clang-format off */
static const struct setting rows[] = {

/* network */
ROW("bind", SETTING_STRINGS, SETTING_START_ONLY, bind, "127.0.0.1 -::1", 0, 0,
    "The addresses to listen on. A '-' in front: the machine may lack it. '*' is every IPv4\n"
    "address, '::*' every IPv6 one."),
ROW("port", SETTING_INT, SETTING_START_ONLY, port, "6379", -1, 65535,
    "The TCP port. 0: no TCP. -1: whichever is free; the log and INFO tell which."),
ROW("tcp-backlog", SETTING_INT, SETTING_START_ONLY, tcp_backlog, "511", 0, INT_MAX,
    "Connections that may wait to be accepted; the kernel's somaxconn bounds it."),
ROW("unixsocket", SETTING_STRING, SETTING_START_ONLY, unixsocket, "", 0, 0,
    "The path of a unix socket to listen on, too. Empty: none."),
ROW("unixsocketperm", SETTING_OCTAL, SETTING_START_ONLY, unixsocketperm, "0700", 0, 0777,
    "Its permissions, octal. 0: what the umask leaves."),
ROW("timeout", SETTING_INT, 0, timeout, "0", 0, INT_MAX,
    "Seconds after which a silent client is closed, unless it waits or listens. 0: never."),
ROW("tcp-keepalive", SETTING_INT, 0, tcp_keepalive, "300", 0, INT_MAX,
    "Seconds between probes of a silent peer, for connections made from now on. 0: none."),
ROW("protected-mode", SETTING_BOOL, 0, protected_mode, "yes", 0, 0,
    "Without a password, let in only clients of this machine."),
ROW("maxclients", SETTING_INT, 0, maxclients, "10000", 1, INT_MAX,
    "Clients at a time. The next one is told so and closed."),
ROW("requirepass", SETTING_STRING, SETTING_SECRET, requirepass, "", 0, 0,
    "The password clients have to AUTH with. Empty: none is needed."),

/* general */
NAMES("supervised", SETTING_START_ONLY, supervised, "auto", supervised,
    "Whether a service manager is told of readiness and life: no, systemd, or auto (when\n"
    "it asks for it in NOTIFY_SOCKET)."),
ROW("pidfile", SETTING_STRING, SETTING_START_ONLY, pidfile, "", 0, 0,
    "A file to write the process number to, removed at a clean end. Empty: none."),
NAMES("loglevel", 0, loglevel, "notice", loglevel,
    "The least important lines to log: debug, verbose, notice, warning or nothing."),
ROW("logfile", SETTING_STRING, SETTING_START_ONLY, logfile, "", 0, 0,
    "The log's file; empty: standard output; stderr: standard error. SIGHUP opens it anew,\n"
    "after a rotation."),
ROW("syslog-enabled", SETTING_BOOL, SETTING_START_ONLY, syslog_enabled, "no", 0, 0,
    "Log to syslog as well."),
ROW("syslog-ident", SETTING_STRING, SETTING_START_ONLY, syslog_ident, "leanmqd", 0, 0,
    "The name there."),
NAMES("syslog-facility", SETTING_START_ONLY, syslog_facility, "local0", facility,
    "The facility there: user, or local0 to local7."),
ROW("databases", SETTING_INT, SETTING_START_ONLY, databases, "16", 1, 1024,
    "How many databases there are for SELECT, from 0."),
NAMES("enable-debug-command", SETTING_START_ONLY, enable_debug_command, "no", debug,
    "Who may use DEBUG, which can stop the server: no (nobody), local (clients of this\n"
    "machine), yes."),

/* limits */
ROW("proto-max-bulk-len", SETTING_BYTES, 0, proto_max_bulk_len, "512mb", MB, INT_MAX,
    "The longest argument of a command."),
ROW("client-query-buffer-limit", SETTING_BYTES, 0, client_query_buffer_limit, "1gb", MB, INT64_MAX,
    "What is kept of a client's unfinished requests, and of a transaction; beyond it the\n"
    "client is closed, the transaction refused."),
ROW("client-max-arguments", SETTING_INT, 0, client_max_arguments, "1048576", 16, INT_MAX,
    "The most arguments of a command."),
{.name = "client-output-buffer-limit", .type = SETTING_CUSTOM, .flags = SETTING_MULTI, .at = AT(output),
 .fallback = "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60", .set = output_set, .get = output_get,
 .help = "What a client may leave unread: class, hard limit, soft limit, and the seconds it may\n"
         "be over the soft one. 0: no limit. Beyond it the client is closed."},
ROW("maxmemory", SETTING_BYTES, 0, maxmemory, "0", 0, INT64_MAX,
    "Memory in use from which commands that add data answer -OOM, while reads,\n"
    "acknowledgements and deletes go on. 0: no limit."),
NAMES("maxmemory-policy", 0, maxmemory_policy, "noeviction", policy,
    "No message is ever evicted: noeviction is all there is."),
ROW("turn-commands", SETTING_INT, 0, turn_commands, "256", 1, 1000000,
    "Commands of one client before the others have their turn."),
ROW("turn-deadlines", SETTING_INT, 0, turn_deadlines, "1000", 1, 1000000,
    "Expiries and time-outs that are worked off before clients have their turn."),
ROW("turn-frees", SETTING_INT, 0, turn_frees, "1000", 1, 1000000,
    "Pieces of large deleted values (some 8 to 64 KB each) that are freed before clients have\n"
    "their turn."),

/* for those who look */
ROW("slowlog-log-slower-than", SETTING_INT, 0, slowlog_log_slower_than, "10000", -1, INT64_MAX,
    "Microseconds from which a command is kept for SLOWLOG. -1: none is. Below 1000 each\n"
    "command is timed by itself, which costs some of the speed."),
ROW("slowlog-max-len", SETTING_INT, 0, slowlog_max_len, "128", 0, 1000000,
    "How many are kept, of at most 6 KB each."),
ROW("latency-monitor-threshold", SETTING_INT, 0, latency_monitor_threshold, "0", 0, INT64_MAX,
    "Milliseconds from which what held up the server is kept for LATENCY. 0: nothing is."),

/* statistics */
ROW("latency-tracking", SETTING_BOOL, 0, latency_tracking, "yes", 0, 0,
    "Keep, of each command, how long its calls took: INFO latencystats shows it."),
{.name = "latency-tracking-info-percentiles", .type = SETTING_CUSTOM, .at = AT(latency_percentiles),
 .fallback = "50 99 99.9", .set = percentiles_set, .get = percentiles_get,
 .help = "Which percentiles it shows."},

/* keyspace events */
{.name = "notify-keyspace-events", .type = SETTING_CUSTOM, .at = AT(notify_keyspace_events),
 .fallback = "", .set = events_set, .get = events_get,
 .help = "Which changes of keys are published: on __keyspace@<db>__:<key> (K), on\n"
         "__keyevent@<db>__:<event> (E) or both, and the kinds: g of any type (del, expire,\n"
         "rename ...), $ strings, l lists, s sets, h hashes, z sorted sets, t streams, x expired;\n"
         "A for all of these; and n new keys, m keys looked for in vain. e (evicted) and d\n"
         "(modules) never come. Empty: nothing is."},

/* journal */
ROW("dir", SETTING_STRING, SETTING_START_ONLY, dir, "./", 0, 0,
    "The directory that holds appenddirname."),
ROW("appendonly", SETTING_BOOL, 0, appendonly, "yes", 0, 0,
    "Keep what is acknowledged in an append-only file. no: all is gone with the process.\n"
    "CONFIG SET writes the file anew, and answers when that is done."),
NAMES("appendfsync", 0, appendfsync, "everysec", fsync_when,
    "When the file is synced to the disk. A reply always waits until its change is written,\n"
    "so that the end of the process loses nothing. always: it also waits for the sync, so\n"
    "that a power cut loses nothing. everysec: a power cut loses a second. no: when the\n"
    "kernel likes."),
ROW("appendfilename", SETTING_STRING, SETTING_START_ONLY, appendfilename, "appendonly.aof", 0, 0,
    "What the names of its files begin with."),
ROW("appenddirname", SETTING_STRING, SETTING_START_ONLY, appenddirname, "appendonlydir", 0, 0,
    "The directory of its files."),
ROW("auto-aof-rewrite-percentage", SETTING_INT, 0, auto_aof_rewrite_percentage, "100", 0, INT_MAX,
    "Rewrite the file when it has grown by so much over the last rewrite. 0: only when asked."),
ROW("auto-aof-rewrite-min-size", SETTING_BYTES, 0, auto_aof_rewrite_min_size, "64mb", 0, INT64_MAX,
    "But not below this size."),
ROW("journal-reserve", SETTING_BYTES, 0, journal_reserve, "64mb", 0, 64 * GB,
    "Disk space that is taken ahead. When it cannot be had any more, commands that add data\n"
    "answer -MISCONF, while acknowledgements, deletes and expiry live on what is left."),
ROW("journal-unsynced-limit", SETTING_BYTES, 0, journal_unsynced_limit, "256mb", MB, INT64_MAX,
    "Bytes written and not yet synced beyond which no more requests are read, so that a\n"
    "stuck disk does not become a full memory."),

/* streams */
ROW("stream-group-max-consumers", SETTING_INT, 0, stream_group_max_consumers, "1000000", 1, 16777215,
    "Consumers that a group may have; who would be one more is refused."),
ROW("stream-node-max-entries", SETTING_INT, 0, stream_node_max_entries, "100", 0, INT64_MAX,
    "Entries between the marks at which trimming with ~ may cut. 0: no limit."),
ROW("stream-node-max-bytes", SETTING_BYTES, 0, stream_node_max_bytes, "4096", 0, INT64_MAX,
    "The same in bytes. 0: no limit."),
ROW("stream-wake-batching", SETTING_BOOL, 0, stream_wake_batching, "yes", 0, 0,
    "A run of XADDs wakes only as many waiting consumers as it takes, each with up to COUNT\n"
    "messages. no: after each XADD the next one, as Redis does."),
ROW("stream-idmp-duration", SETTING_INT, 0, stream_idmp_duration, "100", 1, IDMP_DURATION_MAX,
    "How many seconds a new stream remembers the ids that XADD IDMP gives its messages;\n"
    "XCFGSET changes it for one stream."),
ROW("stream-idmp-maxsize", SETTING_INT, 0, stream_idmp_maxsize, "100", 1, IDMP_MAXSIZE_MAX,
    "The same as a number of ids, for each producer."),
ROW("stream-idmp-max-ids", SETTING_INT, 0, stream_idmp_max_ids, "1000000", 1, INT64_MAX,
    "Ids that a stream remembers of all its producers together, however many there are;\n"
    "beyond, the oldest go."),
ROW("queue-dedup-max", SETTING_INT, 0, queue_dedup_max, "1000000", 1, INT64_MAX,
    "Dedup ids (QADD DEDUP) that a queue remembers until their windows are over; beyond,\n"
    "a message with another one is refused."),

/* scripts */
ALSO("busy-reply-threshold", "lua-time-limit", SETTING_INT, 0, busy_reply_threshold, "5000", 0, INT_MAX,
    "Milliseconds from which on a script or function that runs does not stop others from being\n"
    "answered: with -BUSY, but for SCRIPT KILL, FUNCTION KILL and SHUTDOWN NOSAVE. 0: never."),
ROW("script-memory-limit", SETTING_BYTES, 0, script_memory_limit, "256mb", MB, INT64_MAX,
    "What a script may allocate while it runs, and the longest reply it may give."),
ROW("script-cache-size", SETTING_BYTES, 0, script_cache_size, "64mb", 0, INT64_MAX,
    "Scripts that EVAL and SCRIPT LOAD brought are kept up to so many bytes; then those that\n"
    "were not used for longest go, what EVAL brought first. EVALSHA answers NOSCRIPT then."),

/* queues */
ROW("queue-policies-max", SETTING_INT, 0, queue_policies_max, "10000", 1, 1000000,
    "Policies (QPOLICY) of all databases together. A new queue is compared with all globs of\n"
    "its database, so that thousands of them are felt."),

/* compact forms: small values are packed in one block of memory */
ALSO("hash-max-listpack-entries", "hash-max-ziplist-entries", SETTING_INT, 0, hash_items, "512", 0, COMPACT_MAX,
    "A hash is packed while it has at most so many fields ..."),
ALSO("hash-max-listpack-value", "hash-max-ziplist-value", SETTING_INT, 0, hash_bytes, "64", 0, COMPACT_MAX,
    "... and none of them, nor a value, is longer than so many bytes."),
ROW("set-max-intset-entries", SETTING_INT, 0, intset_items, "512", 0, COMPACT_MAX,
    "A set of nothing but numbers is an array of them while it has at most so many."),
ROW("set-max-listpack-entries", SETTING_INT, 0, set_items, "128", 0, COMPACT_MAX,
    "Another set is packed while it has at most so many members ..."),
ROW("set-max-listpack-value", SETTING_INT, 0, set_bytes, "64", 0, COMPACT_MAX,
    "... none longer than so many bytes."),
ROW("hll-sparse-max-bytes", SETTING_INT, 0, hll_sparse_max_bytes, "3000", 0, 12304,
    "Bytes up to which a HyperLogLog is kept as runs; beyond, in 12 KB."),
ALSO("list-max-listpack-size", "list-max-ziplist-size", SETTING_INT, 0, list_max_listpack_size, "-2", INT_MIN, INT_MAX,
    "Up to what size OBJECT ENCODING calls a list a listpack, and a quicklist beyond: so many\n"
    "elements or, negative, -1 to -5 for 4, 8, 16, 32 and 64 KB. How it is stored is the same."),
ALSO("zset-max-listpack-entries", "zset-max-ziplist-entries", SETTING_INT, 0, zset_items, "128", 0, COMPACT_MAX,
    "A sorted set is packed while it has at most so many members ..."),
ALSO("zset-max-listpack-value", "zset-max-ziplist-value", SETTING_INT, 0, zset_bytes, "64", 0, COMPACT_MAX,
    "... none longer than so many bytes."),
/* of Redis, without effect here: CONFIG takes and shows them, for tools that set them */
#define IDLE_INT(n, field, def, lo, hi, why) ROW(n, SETTING_INT, SETTING_IDLE, idle.field, def, lo, hi, why)
#define IDLE_BOOL(n, field, def, why)        ROW(n, SETTING_BOOL, SETTING_IDLE, idle.field, def, 0, 0, why)
IDLE_INT("hz", hz, "10", 0, INT_MAX, "deadlines are kept to the millisecond"),
IDLE_BOOL("dynamic-hz", dynamic_hz, "yes", "deadlines are kept to the millisecond"),
IDLE_INT("active-expire-effort", active_expire_effort, "1", 1, 10, "deadlines are kept to the millisecond"),
IDLE_BOOL("activerehashing", activerehashing, "yes", "tables grow and shrink in bounded steps"),
IDLE_BOOL("lazyfree-lazy-eviction", lazyfree_lazy_eviction, "no", "large values are freed in slices"),
IDLE_BOOL("lazyfree-lazy-expire", lazyfree_lazy_expire, "no", "large values are freed in slices"),
IDLE_BOOL("lazyfree-lazy-server-del", lazyfree_lazy_server_del, "no", "large values are freed in slices"),
IDLE_BOOL("lazyfree-lazy-user-del", lazyfree_lazy_user_del, "no", "large values are freed in slices"),
IDLE_BOOL("lazyfree-lazy-user-flush", lazyfree_lazy_user_flush, "no", "large values are freed in slices"),
IDLE_INT("list-compress-depth", list_compress_depth, "0", 0, INT_MAX, "lists are not compressed"),
IDLE_BOOL("jemalloc-bg-thread", jemalloc_bg_thread, "yes", "the allocator's own default holds"),
IDLE_INT("maxmemory-samples", maxmemory_samples, "5", 1, 64, "nothing is evicted"),
IDLE_INT("maxmemory-eviction-tenacity", maxmemory_eviction_tenacity, "10", 0, 100, "nothing is evicted"),
IDLE_INT("lfu-log-factor", lfu_log_factor, "10", 0, INT_MAX, "nothing is evicted"),
IDLE_INT("lfu-decay-time", lfu_decay_time, "1", 0, INT_MAX, "nothing is evicted"),
IDLE_INT("tracking-table-max-keys", tracking_table_max_keys, "1000000", 0, INT64_MAX, "there is no client tracking"),
IDLE_INT("acllog-max-len", acllog_max_len, "128", 0, INT64_MAX, "users are not there yet"),
IDLE_BOOL("rdbcompression", rdbcompression, "yes", "the append-only file keeps everything"),
IDLE_BOOL("rdbchecksum", rdbchecksum, "yes", "the append-only file keeps everything"),
IDLE_BOOL("rdb-save-incremental-fsync", rdb_save_incremental_fsync, "yes", "the append-only file keeps everything"),
IDLE_BOOL("stop-writes-on-bgsave-error", stop_writes_on_bgsave_error, "yes", "there is no bgsave"),
IDLE_BOOL("no-appendfsync-on-rewrite", no_appendfsync_on_rewrite, "no", "a rewrite does not weaken appendfsync"),
IDLE_BOOL("aof-load-truncated", aof_load_truncated, "yes", "what was never promised is cut, and said so"),
IDLE_BOOL("aof-rewrite-incremental-fsync", aof_rewrite_incremental_fsync, "yes", "our own format decides"),
IDLE_BOOL("disable-thp", disable_thp, "yes", "huge pages are asked for where they help"),
IDLE_BOOL("set-proc-title", set_proc_title, "yes", "the title stays as it is"),
{0},
};

/* Directives of Redis. Those that would change who may do what, or what is kept, refuse to start; the
 * others have no meaning here and only warn. */
static const struct setting_foreign foreign[] = {
{"tls-port", SETTING_REFUSE, "0", "TLS is not there yet"},
{"tls-*", SETTING_REFUSE, 0, "TLS is not there yet"},
{"user", SETTING_REFUSE, 0, "users are not there yet: there is one, default, with requirepass"},
{"aclfile", SETTING_REFUSE, "", "users are not there yet: there is one, default, with requirepass"},
{"rename-command", SETTING_REFUSE, 0, "commands cannot be renamed"},
{"replicaof", SETTING_REFUSE, 0, "replication is not there yet"},
{"slaveof", SETTING_REFUSE, 0, "replication is not there yet"},
{"masterauth", SETTING_WARN, 0, "replication is not there yet"},
{"masteruser", SETTING_WARN, 0, "replication is not there yet"},
{"cluster-enabled", SETTING_REFUSE, "no", "there is no cluster"},
{"cluster-*", SETTING_WARN, 0, "there is no cluster"},
{"loadmodule", SETTING_REFUSE, 0, "there are no modules"},
{"loadmodule-ex", SETTING_REFUSE, 0, "there are no modules"},
{"enable-protected-configs", SETTING_WARN, 0, "such settings cannot be changed at run time"},
{"enable-module-command", SETTING_WARN, 0, "there are no modules"},
{"daemonize", SETTING_REFUSE, "no", "it stays in the foreground: use a service manager"},
{"save", SETTING_WARN, 0, "the append-only file keeps everything"},
{"rdb*", SETTING_WARN, 0, "the append-only file keeps everything"},
{"dbfilename", SETTING_WARN, 0, "the append-only file keeps everything"},
{"sanitize-dump-payload", SETTING_WARN, 0, "RESTORE checks all it is given"},
{"aof-*", SETTING_WARN, 0, "our own format decides"},
{"activedefrag", SETTING_WARN, 0, "there is nothing to defragment"},
{"active-defrag-*", SETTING_WARN, 0, "there is nothing to defragment"},
{"maxmemory-*", SETTING_WARN, 0, "nothing is evicted"},
{"replica-*", SETTING_WARN, 0, "replication is not there yet"},
{"slave-*", SETTING_WARN, 0, "replication is not there yet"},
{"repl-*", SETTING_WARN, 0, "replication is not there yet"},
{"min-replicas-*", SETTING_REFUSE, "0", "replication is not there yet"},
{"min-slaves-*", SETTING_REFUSE, "0", "replication is not there yet"},
{"latency-*", SETTING_WARN, 0, "not there yet"},
{"acl-pubsub-default", SETTING_WARN, 0, "users are not there yet"},
{"io-threads", SETTING_WARN, 0, "there is one event loop"},
{"io-threads-do-reads", SETTING_WARN, 0, "there is one event loop"},
{"always-show-logo", SETTING_WARN, 0, "there is no logo"},
{"proc-title-template", SETTING_WARN, 0, "the title stays as it is"},
{"oom-score-adj", SETTING_WARN, 0, "the service manager sets it"},
{"oom-score-adj-values", SETTING_WARN, 0, "the service manager sets it"},
{"shutdown-*", SETTING_WARN, 0, "a shutdown always ends with a sync"},
{"crash-*", SETTING_WARN, 0, "the system's core dumps serve"},
{"bio_cpulist", SETTING_WARN, 0, "the service manager sets it"},
{"bgsave_cpulist", SETTING_WARN, 0, "the service manager sets it"},
{"server_cpulist", SETTING_WARN, 0, "the service manager sets it"},
{"aof_rewrite_cpulist", SETTING_WARN, 0, "the service manager sets it"},
{"ignore-warnings", SETTING_WARN, 0, "there are none to ignore"},
{"locale-collate", SETTING_WARN, 0, "bytes are compared"},
{"socket-mark-id", SETTING_WARN, 0, "not supported"},
{"bind-source-addr", SETTING_WARN, 0, "replication is not there yet"},
{"propagation-error-behavior", SETTING_WARN, 0, "replication is not there yet"},
{0},
};
/* clang-format on */

struct settings config_rows(struct config *c)
{
    return (struct settings){.rows = rows, .foreign = foreign, .values = c};
}

void config_free(struct config *c)
{
    struct settings s = config_rows(c);

    settings_free(&s);
}
