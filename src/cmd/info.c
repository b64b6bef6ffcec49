/* cmd/info.c - INFO: what the server is and what it has done. The names are those of Redis, for tools
 * read them; what has no meaning here is 0. "durability" is ours.
 *
 * The time is that of the turn. What the kernel knows of the process (rusage, its resident size) is asked
 * here and not handed down: nobody else needs it, and only while somebody looks. */
#include "info.h"
#include "base/err.h"
#include "base/mem.h"
#include "client.h"
#include "store/totals.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

void info_text(struct info *i, const char *name, const char *text)
{
    buf_addf(&i->out, "%s:%s\r\n", name, text);
}

void info_int(struct info *i, const char *name, int64_t v)
{
    buf_addf(&i->out, "%s:%lld\r\n", name, (long long)v);
}

void info_count(struct info *i, const char *name, uint64_t v)
{
    buf_addf(&i->out, "%s:%llu\r\n", name, (unsigned long long)v);
}

void info_real(struct info *i, const char *name, double v)
{
    buf_addf(&i->out, "%s:%.2f\r\n", name, v);
}

void info_zeros(struct info *i, const char *const *name)
{
    for (; *name; name++)
        info_int(i, *name, 0);
}

void info_human(struct info *i, const char *name, uint64_t bytes)
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

void info_bytes(struct info *i, const char *name, uint64_t bytes)
{
    info_count(i, name, bytes);
    info_human(i, name, bytes);
}

void info_lower(struct info *i, const char *name)
{
    for (; *name; name++)
        buf_add_char(&i->out, (char)tolower((unsigned char)*name));
}

/* --- server --- */

static void put_system(struct info *i)
{
    struct utsname u;

    if (uname(&u) == 0)
        buf_addf(&i->out, "os:%s %s %s\r\n", u.sysname, u.release, u.machine);
    info_count(i, "arch_bits", sizeof(void *) * 8);
    info_text(i, "monotonic_clock", "POSIX clock_gettime");
    info_text(i, "multiplexing_api", "epoll");
    info_text(i, "compiler", __VERSION__);
}

static void put_executable(struct info *i)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = '\0';
    info_text(i, "executable", path);
    info_text(i, "config_file", i->s->server.config_file ? i->s->server.config_file : "");
}

/* The addresses asked for, in a line for each kind of socket, as Redis 7.2 has them. */
static void put_listeners(struct info *i)
{
    const struct config *c = &i->s->config;
    struct slice *word;
    size_t n;
    int nth = 0;

    if (i->s->server.port && settings_split(slice_of(c->bind), &word, &n) == OK) {
        buf_addf(&i->out, "listener%d:name=tcp", nth++);
        for (size_t w = 0; w < n; w++)
            buf_addf(&i->out, ",bind=%.*s", SLICE_ARG(word[w]));
        buf_addf(&i->out, ",port=%lld\r\n", (long long)i->s->server.port);
        mem_free(word);
    }
    if (*c->unixsocket)
        buf_addf(&i->out, "listener%d:name=unix,bind=%s\r\n", nth, c->unixsocket);
}

static void server(struct info *i)
{
    static const char *const supervised[] = {"no", "auto", "systemd"};
    const struct server_stats *st = &i->s->server;
    int64_t up = (i->c->now.mono - st->started_mono) / 1000000;

    info_text(i, "redis_version", REDIS_VERSION);
    info_text(i, "redis_git_sha1", "00000000");
    info_text(i, "redis_git_dirty", "0");
    info_text(i, "redis_build_id", "0");
    info_text(i, "redis_mode", "standalone");
    info_text(i, "server_name", "leanmqd");
    info_text(i, "leanmqd_version", LEANMQD_VERSION);
    put_system(i);
    info_int(i, "process_id", getpid());
    info_text(i, "process_supervised", supervised[i->s->config.supervised]);
    info_text(i, "run_id", i->s->run_id);
    info_int(i, "tcp_port", st->port);
    info_int(i, "server_time_usec", i->c->now.wall * 1000);
    info_int(i, "uptime_in_seconds", up);
    info_int(i, "uptime_in_days", up / 86400);
    info_zeros(i, (const char *const[]){"hz", "configured_hz", NULL});
    info_int(i, "lru_clock", i->c->now.wall / 1000 & 0xffffff);
    put_executable(i);
    info_int(i, "io_threads_active", 0);
    put_listeners(i);
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
    info_count(i, "connected_clients", i->s->n_sessions);
    info_int(i, "cluster_connections", 0);
    info_int(i, "maxclients", i->s->config.maxclients);
    info_count(i, "client_recent_max_input_buffer", in);
    info_count(i, "client_recent_max_output_buffer", out);
    info_count(i, "blocked_clients", i->s->broker.waiters + i->s->n_postponed);
    info_int(i, "tracking_clients", 0);
    info_count(i, "pubsub_clients", listen);
    info_count(i, "clients_in_timeout_table", i->s->broker.timeouts.n);
    info_count(i, "total_watched_keys", dict_count(&i->s->broker.watched));
    info_count(i, "total_blocking_keys", dict_count(&i->s->broker.waiting));
    info_int(i, "total_blocking_keys_on_nokey", 0);
}

static void replication(struct info *i)
{
    info_text(i, "role", "master");
    info_int(i, "connected_slaves", 0);
    info_text(i, "master_failover_state", "no-failover");
    info_text(i, "master_replid", i->s->run_id);
    info_text(i, "master_replid2", "0000000000000000000000000000000000000000");
    info_count(i, "master_repl_offset", broker_offset(&i->s->broker));
    info_int(i, "second_repl_offset", -1);
    info_zeros(i, (const char *const[]){"repl_backlog_active", "repl_backlog_size",
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

static void cluster(struct info *i)
{
    info_int(i, "cluster_enabled", 0);
}

/* Ours: what a broker is asked first. Exact, and kept as it changes: nothing is walked. */
static void queues(struct info *i)
{
    info_count(i, "streams", store_totals.streams);
    info_count(i, "stream_entries", store_totals.entries);
    info_count(i, "stream_groups", store_totals.groups);
    info_count(i, "stream_consumers", store_totals.consumers);
    info_count(i, "stream_pending", store_totals.pending);
    info_count(i, "queues", store_totals.queues);
    info_count(i, "queue_policies", i->s->broker.policies.count);
    info_count(i, "queue_delayed", store_totals.delayed);
    info_count(i, "queue_ready", store_totals.state[PENDING_READY]);
    info_count(i, "queue_waiting", store_totals.state[PENDING_WAITING]);
    info_count(i, "queue_held", store_totals.state[PENDING_HELD]);
    info_count(i, "queue_dead", store_totals.state[PENDING_DEAD]);
    info_count(i, "total_dead_letters", i->s->broker.stats.messages.letters);
    info_count(i, "total_expired_messages", i->s->broker.stats.messages.expired);
    info_count(i, "total_retried_messages", i->s->broker.stats.messages.retried);
    info_count(i, "total_redriven_messages", i->s->broker.stats.messages.redriven);
}

static int64_t average_ttl(const struct db *db, msec now)
{
    msec at = db->expiries.n ? (msec)(db->expiry_sum / (__int128)db->expiries.n) : 0;

    return at > now ? at - now : 0;
}

static void keyspace(struct info *i)
{
    for (int n = 0; n < i->s->broker.dbs; n++) {
        const struct db *db = &i->s->broker.db[n];

        if (dict_count(&db->keys))
            buf_addf(&i->out, "db%d:keys=%zu,expires=%zu,avg_ttl=%lld\r\n", n, dict_count(&db->keys),
                     db->expiries.n, (long long)average_ttl(db, i->c->now.wall));
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
    {"memory", "Memory", info_memory, false},
    {"persistence", "Persistence", info_persistence, false},
    {"durability", "Durability", info_durability, false},
    {"stats", "Stats", info_stats, false},
    {"replication", "Replication", replication, false},
    {"cpu", "CPU", cpu, false},
    {"modules", "Modules", modules, false},
    {"commandstats", "Commandstats", info_commandstats, true},
    {"errorstats", "Errorstats", info_errorstats, false},
    {"latencystats", "Latencystats", info_latencystats, true},
    {"cluster", "Cluster", cluster, false},
    {"queues", "Queues", queues, false},
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
