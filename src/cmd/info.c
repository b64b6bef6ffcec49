/* cmd/info.c - INFO: what the server is and what it has done. The names are those of Redis, for tools
 * read them; what has no meaning here is 0. "durability" is ours.
 *
 * The time is that of the turn. What the kernel knows of the process (rusage, its resident size) is asked
 * here and not handed down: nobody else needs it, and only while somebody looks. */
#include "base/err.h"
#include "base/mem.h"
#include "broker/grave.h"
#include "client.h"
#include "handlers.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

struct info {
    const struct call *c;
    const struct service *s;
    struct buf out;
};

static void put(struct info *i, const char *name, const char *text)
{
    buf_addf(&i->out, "%s:%s\r\n", name, text);
}

static void put_n(struct info *i, const char *name, int64_t v)
{
    buf_addf(&i->out, "%s:%lld\r\n", name, (long long)v);
}

static void put_u(struct info *i, const char *name, uint64_t v)
{
    buf_addf(&i->out, "%s:%llu\r\n", name, (unsigned long long)v);
}

/* Fields that tools look for and that mean nothing here. */
static void put_zeros(struct info *i, const char *const *name)
{
    for (; *name; name++)
        put_n(i, *name, 0);
}

/* 1.50M and the like, under `name`_human. */
static void put_human(struct info *i, const char *name, uint64_t bytes)
{
    static const char unit[] = "BKMGTPE";
    double v = (double)bytes;
    int u = 0;

    while (v >= 1024 && unit[u + 1]) {
        v /= 1024;
        u++;
    }
    buf_addf(&i->out, u ? "%s_human:%.2f%c\r\n" : "%s_human:%.0f%c\r\n", name, v, unit[u]);
}

static void put_bytes(struct info *i, const char *name, uint64_t bytes)
{
    put_u(i, name, bytes);
    put_human(i, name, bytes);
}

/* --- server --- */

static void put_system(struct info *i)
{
    struct utsname u;

    if (uname(&u) == 0)
        buf_addf(&i->out, "os:%s %s %s\r\n", u.sysname, u.release, u.machine);
    put_u(i, "arch_bits", sizeof(void *) * 8);
    put(i, "monotonic_clock", "POSIX clock_gettime");
    put(i, "multiplexing_api", "epoll");
    put(i, "compiler", __VERSION__);
}

static void put_executable(struct info *i)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = '\0';
    put(i, "executable", path);
    put(i, "config_file", i->s->server.config_file ? i->s->server.config_file : "");
}

static void server(struct info *i)
{
    static const char *const supervised[] = {"no", "auto", "systemd"};
    const struct server_stats *st = &i->s->server;
    int64_t up = (i->c->now.mono - st->started_mono) / 1000000;

    put(i, "redis_version", REDIS_VERSION);
    put(i, "redis_git_sha1", "00000000");
    put(i, "redis_git_dirty", "0");
    put(i, "redis_build_id", "0");
    put(i, "redis_mode", "standalone");
    put(i, "server_name", "leanmqd");
    put(i, "leanmqd_version", LEANMQD_VERSION);
    put_system(i);
    put_n(i, "process_id", getpid());
    put(i, "process_supervised", supervised[i->s->config.supervised]);
    put(i, "run_id", i->s->run_id);
    put_n(i, "tcp_port", st->port);
    put_n(i, "server_time_usec", i->c->now.wall * 1000);
    put_n(i, "uptime_in_seconds", up);
    put_n(i, "uptime_in_days", up / 86400);
    put_zeros(i, (const char *const[]){"hz", "configured_hz", "lru_clock", NULL});
    put_executable(i);
    put_n(i, "io_threads_active", 0);
}

/* --- clients --- */

static void clients(struct info *i)
{
    size_t in = 0, out = 0, listen = 0;

    list_for_each (it, &i->s->sessions) {
        const struct session *s = list_entry(it, struct session, node);
        size_t pending = outbox_pending(&s->out), arrived = client_query(s);

        in = arrived > in ? arrived : in;
        out = pending > out ? pending : out;
        listen += session_subscribed(s);
    }
    put_u(i, "connected_clients", i->s->n_sessions);
    put_n(i, "cluster_connections", 0);
    put_n(i, "maxclients", i->s->config.maxclients);
    put_u(i, "client_recent_max_input_buffer", in);
    put_u(i, "client_recent_max_output_buffer", out);
    put_u(i, "blocked_clients", i->s->broker.waiters + i->s->n_postponed);
    put_n(i, "tracking_clients", 0);
    put_u(i, "pubsub_clients", listen);
    put_u(i, "clients_in_timeout_table", i->s->broker.timeouts.n);
    put_u(i, "total_watched_keys", dict_count(&i->s->broker.watched));
    put_u(i, "total_blocking_keys", dict_count(&i->s->broker.waiting));
    put_n(i, "total_blocking_keys_on_nokey", 0);
}

/* --- memory --- */

static uint64_t resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long all, pages = 0;

    if (f && fscanf(f, "%llu %llu", &all, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t clients_memory(const struct service *s)
{
    uint64_t n = 0;

    list_for_each (it, &s->sessions)
        n += client_memory(list_entry(it, struct session, node));
    return n;
}

static void memory(struct info *i)
{
    uint64_t used = mem_used(), peak = mem_peak(), rss = resident(), of_clients = clients_memory(i->s);

    put_bytes(i, "used_memory", used);
    put_bytes(i, "used_memory_rss", rss);
    put_bytes(i, "used_memory_peak", peak);
    buf_addf(&i->out, "used_memory_peak_perc:%.2f%%\r\n", peak ? (double)used * 100 / (double)peak : 0.0);
    put_u(i, "used_memory_overhead", of_clients);
    put_u(i, "used_memory_startup", 0);
    put_u(i, "used_memory_dataset", used > of_clients ? used - of_clients : 0);
    put_bytes(i, "total_system_memory", (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    put_bytes(i, "used_memory_lua", 0);
    put_bytes(i, "maxmemory", i->s->config.maxmemory);
    put(i, "maxmemory_policy", "noeviction");
    buf_addf(&i->out, "mem_fragmentation_ratio:%.2f\r\n", used ? (double)rss / (double)used : 0.0);
    put_n(i, "mem_fragmentation_bytes", (int64_t)rss - (int64_t)used);
    put_u(i, "mem_clients_normal", of_clients);
    put_zeros(i, (const char *const[]){"mem_not_counted_for_evict", "mem_replication_backlog",
                                       "mem_total_replication_buffers", "mem_clients_slaves",
                                       "mem_cluster_links", "mem_aof_buffer", "active_defrag_running", NULL});
    put_u(i, "lazyfree_pending_objects", graves_pending(&i->s->broker));
    put_u(i, "lazyfreed_objects", i->s->broker.stats.freed);
    put(i, "mem_allocator", mem_allocator());
}

/* --- persistence --- */

static struct journal_info journal_of(const struct info *i)
{
    struct journal_info j = {0};

    if (i->s->broker.journal)
        journal_info(i->s->broker.journal, &j);
    return j;
}

static void put_loading(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    uint64_t done = st->loading_done, all = st->loading_all;
    msec took = i->c->now.wall - st->started_wall;

    put_n(i, "loading_start_time", st->started_wall / 1000);
    put_u(i, "loading_total_bytes", all);
    put_u(i, "loading_loaded_bytes", done);
    buf_addf(&i->out, "loading_loaded_perc:%.2f\r\n", all ? (double)done * 100 / (double)all : 0.0);
    put_n(i, "loading_eta_seconds",
          done && all > done ? (int64_t)((double)took / 1000 / (double)done * (double)(all - done)) : 0);
}

static const char *ok_or_err(bool ok)
{
    return ok ? "ok" : "err";
}

static void put_aof(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    struct journal_info j = journal_of(i);

    put_n(i, "aof_enabled", i->s->config.appendonly);
    put_n(i, "aof_rewrite_in_progress", st->rewriting);
    put_n(i, "aof_rewrite_scheduled", st->rewrite_scheduled || i->s->broker.orders.rewrite);
    put_n(i, "aof_last_rewrite_time_sec",
          st->last_rewrite_ended && !st->rewriting ? (st->last_rewrite_ended - st->rewrite_started) / 1000
                                                   : -1);
    put_n(i, "aof_current_rewrite_time_sec",
          st->rewriting ? (i->c->now.wall - st->rewrite_started) / 1000 : -1);
    put(i, "aof_last_bgrewrite_status", ok_or_err(st->last_rewrite_ok));
    put_u(i, "aof_rewrites", st->rewrites);
    put(i, "aof_last_write_status", ok_or_err(!j.write_failed));
    put_n(i, "aof_last_cow_size", 0);
    if (!i->s->broker.journal)
        return;
    put_u(i, "aof_current_size", j.current_size);
    put_u(i, "aof_base_size", j.base_size);
    put_n(i, "aof_pending_rewrite", 0);
    put_u(i, "aof_buffer_length", j.offset - j.written);
    put_n(i, "aof_pending_bio_fsync", j.sync_pending);
    put_u(i, "aof_delayed_fsync", j.delayed_syncs);
}

static void persistence(struct info *i)
{
    put_n(i, "loading", i->s->server.loading);
    put_n(i, "async_loading", 0);
    put_zeros(i, (const char *const[]){"current_cow_peak", "current_cow_size", "rdb_changes_since_last_save",
                                       "rdb_bgsave_in_progress", "rdb_last_save_time", NULL});
    put(i, "rdb_last_bgsave_status", "ok");
    put_n(i, "rdb_last_bgsave_time_sec", -1);
    put_n(i, "rdb_current_bgsave_time_sec", -1);
    put_n(i, "rdb_saves", 0);
    put_aof(i);
    if (i->s->server.loading)
        put_loading(i);
}

/* What a power cut at this instant would take although it was told to a client: bytes between what may
 * be told (safe) and what is known to be on the disk (durable). Under `always` there are none. */
static void durability(struct info *i)
{
    static const char *const mode[] = {
        [JOURNAL_SYNC_NO] = "no", [JOURNAL_SYNC_EVERYSEC] = "everysec", [JOURNAL_SYNC_ALWAYS] = "always"};
    struct journal_info j = journal_of(i);

    put(i, "journal", i->s->config.appendonly ? "on" : "off");
    if (!i->s->config.appendonly)
        return;
    put(i, "appendfsync", mode[i->s->config.appendfsync]);
    put_u(i, "journal_offset", j.offset);
    put_u(i, "journal_written", j.written);
    put_u(i, "journal_durable", j.durable);
    put_u(i, "journal_safe", j.safe);
    put_u(i, "journal_unsynced_bytes", j.offset - j.durable);
    put_u(i, "loss_window_bytes", j.safe > j.durable ? j.safe - j.durable : 0);
    put_u(i, "journal_reserve_left", j.reserve_left);
    put_n(i, "short_of_space", j.short_of_space);
    put_u(i, "journal_commits", j.commits);
    put_u(i, "journal_syncs", j.syncs);
    put_u(i, "journal_delayed_syncs", j.delayed_syncs);
    put_n(i, "journal_last_sync_usec", j.last_sync);
    put_n(i, "journal_max_sync_usec", j.max_sync);
    put(i, "last_recovery", i->s->server.recovery);
}

/* --- what was done --- */

static void stats(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    const struct broker_stats *b = &i->s->broker.stats;

    put_u(i, "total_connections_received", st->connections);
    put_u(i, "total_commands_processed", i->s->commands);
    put_n(i, "instantaneous_ops_per_sec", 0);
    put_u(i, "total_net_input_bytes", st->net_in);
    put_u(i, "total_net_output_bytes", st->net_out);
    put_u(i, "rejected_connections", st->rejected);
    put_u(i, "client_timeouts", st->timeouts);
    put_u(i, "expired_keys", b->expired_keys);
    put_zeros(i, (const char *const[]){"instantaneous_input_kbps", "instantaneous_output_kbps", "sync_full",
                                       "sync_partial_ok", "sync_partial_err", "evicted_keys",
                                       "evicted_clients", NULL});
    put_u(i, "keyspace_hits", b->keyspace_hits);
    put_u(i, "keyspace_misses", b->keyspace_misses);
    put_u(i, "pubsub_channels", pubsub_channel_count(i->s->broker.pubsub));
    put_u(i, "pubsub_patterns", pubsub_pattern_count(i->s->broker.pubsub));
    put_n(i, "pubsubshard_channels", 0);
    put_n(i, "latest_fork_usec", st->last_fork);
    put_u(i, "total_forks", st->rewrites);
    put_zeros(i, (const char *const[]){"tracking_total_keys", "tracking_total_items",
                                       "tracking_total_prefixes", "unexpected_error_replies", NULL});
    put_u(i, "total_error_replies", i->s->errors);
    put_u(i, "changes", b->changes);
}

static void replication(struct info *i)
{
    put(i, "role", "master");
    put_n(i, "connected_slaves", 0);
    put(i, "master_failover_state", "no-failover");
    put(i, "master_replid", i->s->run_id);
    put(i, "master_replid2", "0000000000000000000000000000000000000000");
    put_u(i, "master_repl_offset", broker_offset(&i->s->broker));
    put_n(i, "second_repl_offset", -1);
    put_zeros(i, (const char *const[]){"repl_backlog_active", "repl_backlog_size",
                                       "repl_backlog_first_byte_offset", "repl_backlog_histlen", NULL});
}

static void put_cpu(struct info *i, int who, const char *suffix)
{
    struct rusage u;

    if (getrusage(who, &u) != 0)
        return;
    buf_addf(&i->out, "used_cpu_sys%s:%lld.%06lld\r\n", suffix, (long long)u.ru_stime.tv_sec,
             (long long)u.ru_stime.tv_usec);
    buf_addf(&i->out, "used_cpu_user%s:%lld.%06lld\r\n", suffix, (long long)u.ru_utime.tv_sec,
             (long long)u.ru_utime.tv_usec);
}

static void cpu(struct info *i)
{
    put_cpu(i, RUSAGE_SELF, "");
    put_cpu(i, RUSAGE_CHILDREN, "_children");
    put_cpu(i, RUSAGE_THREAD, "_main_thread");
}

static void modules(struct info *i)
{
    (void)i; /* there are none; Redis shows the heading all the same */
}

static void commandstats(struct info *i)
{
    for (size_t row = 0; row < command_count(); row++) {
        const struct command_stats *st = &i->s->stats[row];

        if (!st->calls && !st->rejected && !st->failed)
            continue;
        buf_add_str(&i->out, "cmdstat_");
        for (const char *name = command_table[row].name; *name; name++)
            buf_add_char(&i->out, (char)tolower((unsigned char)*name));
        buf_addf(&i->out,
                 ":calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu\r\n",
                 (unsigned long long)st->calls, (unsigned long long)st->usec,
                 st->calls ? (double)st->usec / (double)st->calls : 0.0, (unsigned long long)st->rejected,
                 (unsigned long long)st->failed);
    }
}

static void put_error(void *entry, void *arg)
{
    const struct error_stat *e = entry;
    struct info *i = arg;

    buf_addf(&i->out, "errorstat_%.*s:count=%llu\r\n", (int)e->n, e->name, (unsigned long long)e->count);
}

/* Walked with a cursor: the table does not change meanwhile, so each is met once. */
static void errorstats(struct info *i)
{
    uint64_t cursor = 0;

    do
        cursor = dict_scan(&i->s->errorstats, cursor, put_error, i);
    while (cursor);
}

static void cluster(struct info *i)
{
    put_n(i, "cluster_enabled", 0);
}

static void keyspace(struct info *i)
{
    for (int n = 0; n < i->s->broker.dbs; n++) {
        const struct db *db = &i->s->broker.db[n];

        if (dict_count(&db->keys))
            buf_addf(&i->out, "db%d:keys=%zu,expires=%zu,avg_ttl=0\r\n", n, dict_count(&db->keys),
                     db->expiries.n);
    }
}

/* --- which sections --- */

static const struct section {
    const char *name, *title;
    void (*put)(struct info *i);
    bool on_request; /* not by default */
} sections[] = {
    {"server", "Server", server, false},
    {"clients", "Clients", clients, false},
    {"memory", "Memory", memory, false},
    {"persistence", "Persistence", persistence, false},
    {"durability", "Durability", durability, false},
    {"stats", "Stats", stats, false},
    {"replication", "Replication", replication, false},
    {"cpu", "CPU", cpu, false},
    {"modules", "Modules", modules, false},
    {"commandstats", "Commandstats", commandstats, true},
    {"errorstats", "Errorstats", errorstats, false},
    {"cluster", "Cluster", cluster, false},
    {"keyspace", "Keyspace", keyspace, false},
};

static bool wanted(const struct call *c, const struct section *s)
{
    for (size_t i = 1; i < c->n; i++) {
        if (slice_is(c->arg[i], s->name) || slice_is(c->arg[i], "all") || slice_is(c->arg[i], "everything"))
            return true;
        if (slice_is(c->arg[i], "default") && !s->on_request)
            return true;
    }
    return c->n == 1 && !s->on_request;
}

int cmd_info(struct call *c)
{
    struct info i = {.c = c, .s = c->service};

    for (size_t n = 0; n < sizeof sections / sizeof *sections; n++) {
        if (!wanted(c, &sections[n]))
            continue;
        buf_addf(&i.out, "%s# %s\r\n", i.out.n ? "\r\n" : "", sections[n].title);
        sections[n].put(&i);
    }
    reply_verbatim(c->reply, "txt", buf_slice(&i.out));
    buf_free(&i.out);
    return OK;
}
