/* cmd/config.h - the settings of leanmqd: one field and one row each. leanmqd.conf says what they do. */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "base/settings.h"
#include <stdint.h>

enum debug_access { DEBUG_NO, DEBUG_LOCAL, DEBUG_YES };
enum output_class { OUTPUT_NORMAL, OUTPUT_REPLICA, OUTPUT_PUBSUB, OUTPUT_CLASSES };

struct output_limit {
    uint64_t hard, soft; /* bytes; 0: none */
    int64_t soft_seconds;
};

#define PERCENTILES_MAX 32
struct percentiles {
    size_t n;
    double v[PERCENTILES_MAX];
};

struct config {
    /* network */
    char *bind;
    int64_t port, tcp_backlog, unixsocketperm, timeout, tcp_keepalive, maxclients;
    char *unixsocket;
    bool protected_mode;
    /* general */
    int supervised; /* no, systemd, auto */
    char *pidfile, *logfile, *syslog_ident;
    int loglevel, syslog_facility;
    bool syslog_enabled;
    int64_t databases;
    char *requirepass;
    int enable_debug_command;
    /* limits */
    uint64_t proto_max_bulk_len, client_query_buffer_limit, maxmemory;
    int64_t client_max_arguments;
    struct output_limit output[OUTPUT_CLASSES];
    int maxmemory_policy;
    int64_t turn_commands, turn_deadlines, turn_frees;
    /* for those who look */
    int64_t slowlog_log_slower_than, slowlog_max_len; /* usec, -1: off; entries */
    int64_t latency_monitor_threshold;                /* msec, 0: off */
    /* statistics */
    bool latency_tracking;
    struct percentiles latency_percentiles;
    /* journal */
    char *dir, *appendfilename, *appenddirname;
    bool appendonly;
    int appendfsync; /* enum journal_sync */
    int64_t auto_aof_rewrite_percentage;
    uint64_t auto_aof_rewrite_min_size, journal_reserve, journal_unsynced_limit;
    /* streams */
    int64_t stream_group_max_consumers;
    int64_t stream_node_max_entries;
    uint64_t stream_node_max_bytes;
    bool stream_wake_batching;
    int64_t stream_idmp_duration, stream_idmp_maxsize, stream_idmp_max_ids;
    int64_t queue_dedup_max;
    /* scripts */
    int64_t busy_reply_threshold;
    uint64_t script_memory_limit, script_cache_size;
    int64_t queue_policies_max;
    /* keyspace events */
    unsigned notify_keyspace_events; /* enum event_class */
    /* the compact forms of small values */
    int64_t hash_items, hash_bytes, set_items, set_bytes, zset_items, zset_bytes, intset_items;
    int64_t hll_sparse_max_bytes;
    int64_t list_max_listpack_size; /* only a name hangs on it: OBJECT ENCODING */
    struct idle_config {            /* of Redis; they change nothing here */
        int64_t hz, active_expire_effort, list_compress_depth, maxmemory_samples, lfu_log_factor,
            lfu_decay_time;
        int64_t maxmemory_eviction_tenacity, tracking_table_max_keys, acllog_max_len;
        bool dynamic_hz, activerehashing, lazyfree_lazy_eviction, lazyfree_lazy_expire,
            lazyfree_lazy_server_del;
        bool lazyfree_lazy_user_del, lazyfree_lazy_user_flush, jemalloc_bg_thread, rdbcompression,
            rdbchecksum;
        bool stop_writes_on_bgsave_error, no_appendfsync_on_rewrite, aof_load_truncated,
            aof_rewrite_incremental_fsync;
        bool rdb_save_incremental_fsync, disable_thp, set_proc_title;
    } idle;
};

/* Rows over `c`, which is filled with defaults; config_free() frees the strings. */
struct settings config_rows(struct config *c);
void config_free(struct config *c);

#endif
