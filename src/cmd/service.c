/* cmd/service.c - see cmd/service.h. */
#include "cmd/service.h"
#include "broker/library.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "broker/change_policy.h"
#include "cmd/session.h"
#include "cmd/table.h"

static struct slice error_name(const void *entry)
{
    const struct error_stat *e = entry;

    return (struct slice){e->name, e->n};
}

static void error_free(void *entry)
{
    mem_free(entry);
}

static const struct dict_type error_type = {.key = error_name, .free = error_free};

void service_init(struct service *s, struct hash_seed seed, const char run_id[41])
{
    *s = (struct service){.broker.seed = seed};
    command_table_init();
    s->settings = config_rows(&s->config);
    settings_defaults(&s->settings);
    list_init(&s->sessions);
    dict_init(&s->by_id, &session_by_id_type, &s->broker.seed);
    list_init(&s->monitors);
    list_init(&s->to_close);
    slowlog_init(&s->slowlog);
    list_init(&s->resumed);
    list_init(&s->postponed);
    s->stats = mem_zalloc(command_count() * sizeof *s->stats);
    dict_init(&s->errorstats, &error_type, &s->broker.seed);
    random_seed(&s->random, seed.k0 ^ seed.k1);
    scripts_init(s);
    outbox_init(&s->replay_out, &s->pool);
    memcpy(s->run_id, run_id, sizeof s->run_id - 1);
    s->server.last_rewrite_ok = true;
}

int64_t service_clients_fit(int64_t clients)
{
    const uint64_t spare = 32; /* journal, rewrite, listeners, log */
    uint64_t all = descriptors_raise((uint64_t)clients + spare);

    if (all >= (uint64_t)clients + spare)
        return clients;
    return all > spare ? (int64_t)(all - spare) : 1;
}

static struct shape_limits limits_of(int64_t items, int64_t bytes)
{
    return (struct shape_limits){(uint32_t)items, (uint32_t)bytes};
}

void service_apply_config(struct service *s)
{
    service_look(s);
    scripts_apply_config(s);
    s->broker.node_limits.max_entries = (uint64_t)s->config.stream_node_max_entries;
    s->broker.node_limits.max_bytes = s->config.stream_node_max_bytes;
    s->broker.idmp_limits = (struct idmp_limits){.duration = (uint32_t)s->config.stream_idmp_duration,
                                                 .maxsize = (uint32_t)s->config.stream_idmp_maxsize};
    s->broker.idmp_max_ids = (uint64_t)s->config.stream_idmp_max_ids;
    s->broker.queue_dedup_max = (uint64_t)s->config.queue_dedup_max;
    s->broker.shape.hash = limits_of(s->config.hash_items, s->config.hash_bytes);
    s->broker.shape.set = limits_of(s->config.set_items, s->config.set_bytes);
    s->broker.shape.zset = limits_of(s->config.zset_items, s->config.zset_bytes);
    s->broker.shape.intset_items = (uint32_t)s->config.intset_items;
}

void service_start(struct service *s)
{
    broker_init(&s->broker, (int)s->config.databases, s->broker.seed);
    outbox_init(&s->broker.aside, &s->pool);
    s->broker.aside.limit = &s->config.output[OUTPUT_PUBSUB].hard;
    service_apply_config(s);
}

void service_forget_data(struct service *s)
{
    s->broker.origin = ORIGIN_REPLAY;
    change_flush(&s->broker, -1);
    change_library_flush(&s->broker);
    functions_unlink_all(s);
    change_policy_forget(&s->broker);
    s->broker.origin = ORIGIN_CLIENT;
    s->replay_db = 0;
}

void service_reset_stats(struct service *s)
{
    for (size_t i = 0; i < command_count(); i++) {
        mem_free(s->stats[i].latency);
        s->stats[i] = (struct command_stats){0};
    }
    dict_clear(&s->errorstats);
    s->commands = s->errors = 0;
}

void service_free(struct service *s)
{
    if (s->broker.db) /* it was started */
        broker_free(&s->broker);
    if (!s->stats) /* nor even begun */
        return;
    scripts_free(s);
    service_reset_stats(s);
    dict_clear(&s->by_id);
    slowlog_clear(&s->slowlog);
    buf_free(&s->monitor_lines);
    mem_free(s->stats);
    args_free(&s->args);
    outbox_free(&s->replay_out);
    outbox_pool_free(&s->pool);
    config_free(&s->config);
}

void service_look(struct service *s)
{
    const struct config *c = &s->config;
    bool slowlog = c->slowlog_log_slower_than >= 0 && c->slowlog_max_len > 0;
    usec from = latency_threshold(s);

    if (slowlog && c->slowlog_log_slower_than < from)
        from = c->slowlog_log_slower_than;
    s->broker.events = c->notify_keyspace_events;
    s->look_from = from < INT64_MAX / 1000 ? from * 1000 : INT64_MAX;
    s->together = list_empty(&s->monitors) && !s->alert && from >= SLOWLOG_BATCH_LEAST ? CMD_FAST : 0;
}
