/* cmd/info_stats.c - INFO: what was done, how often and how fast. See info.h. */
#include "broker/pubsub.h"
#include "info.h"

static void put_rates(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    usec now = i->c->now.mono;
    double in = rates_get(&i->s->rates, RATE_IN, now, st->net_in);
    double out = rates_get(&i->s->rates, RATE_OUT, now, st->net_out);

    info_int(i, "instantaneous_ops_per_sec",
             (int64_t)rates_get(&i->s->rates, RATE_COMMANDS, now, i->s->commands));
    info_count(i, "total_net_input_bytes", st->net_in);
    info_count(i, "total_net_output_bytes", st->net_out);
    info_zeros(i, (const char *const[]){"total_net_repl_input_bytes", "total_net_repl_output_bytes", NULL});
    info_real(i, "instantaneous_input_kbps", in / 1024);
    info_real(i, "instantaneous_output_kbps", out / 1024);
    info_real(i, "instantaneous_input_repl_kbps", 0);
    info_real(i, "instantaneous_output_repl_kbps", 0);
}

static void put_keys(struct info *i)
{
    const struct broker_stats *b = &i->s->broker.stats;

    info_count(i, "expired_keys", b->expired_keys);
    info_real(i, "expired_stale_perc", 0); /* deadlines are kept to the millisecond */
    info_zeros(i, (const char *const[]){"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds",
                                        "evicted_keys", "evicted_clients", "total_eviction_exceeded_time",
                                        "current_eviction_exceeded_time", NULL});
    info_count(i, "keyspace_hits", b->keyspace_hits);
    info_count(i, "keyspace_misses", b->keyspace_misses);
}

static uint64_t failed_logins(const struct service *s)
{
    const struct error_stat *e = dict_find(&s->errorstats, SLICE("WRONGPASS"));

    return e ? e->count : 0;
}

static void put_traffic(struct info *i)
{
    const struct server_stats *st = &i->s->server;

    info_count(i, "total_error_replies", i->s->errors);
    info_int(i, "dump_payload_sanitizations", 0);
    info_count(i, "total_reads_processed", st->reads);
    info_count(i, "total_writes_processed", st->writes);
    info_zeros(i, (const char *const[]){"io_threaded_reads_processed", "io_threaded_writes_processed",
                                        "reply_buffer_shrinks", "reply_buffer_expands", NULL});
    info_count(i, "acl_access_denied_auth", failed_logins(i->s));
    info_zeros(i, (const char *const[]){"acl_access_denied_cmd", "acl_access_denied_key",
                                        "acl_access_denied_channel", NULL});
}

void info_stats(struct info *i)
{
    const struct server_stats *st = &i->s->server;

    info_count(i, "total_connections_received", st->connections);
    info_count(i, "total_commands_processed", i->s->commands);
    put_rates(i);
    info_count(i, "rejected_connections", st->rejected);
    info_count(i, "client_timeouts", st->timeouts);
    info_zeros(i, (const char *const[]){"sync_full", "sync_partial_ok", "sync_partial_err", NULL});
    put_keys(i);
    info_count(i, "pubsub_channels", pubsub_count(i->s->broker.pubsub, PUBSUB_CHANNEL));
    info_count(i, "pubsub_patterns", pubsub_count(i->s->broker.pubsub, PUBSUB_PATTERN));
    info_count(i, "pubsubshard_channels", pubsub_count(i->s->broker.pubsub, PUBSUB_SHARD));
    info_int(i, "latest_fork_usec", st->last_fork);
    info_count(i, "total_forks", st->forks);
    info_zeros(i, (const char *const[]){
                      "migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits",
                      "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
                      "total_active_defrag_time", "current_active_defrag_time", "tracking_total_keys",
                      "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies", NULL});
    put_traffic(i);
    info_count(i, "changes", i->s->broker.stats.changes);
}

void info_commandstats(struct info *i)
{
    for (size_t row = 0; row < command_count(); row++) {
        const struct command_stats *st = &i->s->stats[row];

        if (!st->calls && !st->rejected && !st->failed)
            continue;
        buf_add_str(&i->out, "cmdstat_");
        info_lower(i, command_table[row].name);
        buf_addf(&i->out,
                 ":calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu\r\n",
                 (unsigned long long)st->calls, (unsigned long long)st->nsec / 1000,
                 st->calls ? (double)st->nsec / 1000 / (double)st->calls : 0.0,
                 (unsigned long long)st->rejected, (unsigned long long)st->failed);
    }
}

static void put_error(void *entry, void *arg)
{
    const struct error_stat *e = entry;
    struct info *i = arg;

    buf_addf(&i->out, "errorstat_%.*s:count=%llu\r\n", (int)e->n, e->name, (unsigned long long)e->count);
}

/* Walked with a cursor: the table does not change meanwhile, so each is met once. */
void info_errorstats(struct info *i)
{
    uint64_t cursor = 0;

    do
        cursor = dict_scan(&i->s->errorstats, cursor, put_error, i);
    while (cursor);
}

void info_latencystats(struct info *i)
{
    const struct percentiles *p = &i->s->config.latency_percentiles;

    for (size_t row = 0; row < command_count(); row++) {
        const struct histogram *h = i->s->stats[row].latency;

        if (!h)
            continue;
        buf_add_str(&i->out, "latency_percentiles_usec_");
        info_lower(i, command_table[row].name);
        for (size_t n = 0; n < p->n; n++)
            buf_addf(&i->out, "%cp%.15g=%.3f", n ? ',' : ':', p->v[n],
                     (double)histogram_percentile(h, p->v[n]) / 1000);
        buf_add_str(&i->out, p->n ? "\r\n" : ":\r\n");
    }
}
