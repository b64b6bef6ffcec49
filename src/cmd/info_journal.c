/* cmd/info_journal.c - INFO: persistence and durability. See info.h. */
#include "info.h"

/* --- persistence --- */

struct journal_info info_journal(const struct service *s)
{
    struct journal_info j = {0};

    if (s->broker.journal)
        journal_info(s->broker.journal, &j);
    return j;
}

static void put_loading(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    uint64_t done = st->loading_done, all = st->loading_all;
    msec took = i->c->now.wall - st->started_wall;

    info_int(i, "loading_start_time", st->started_wall / 1000);
    info_count(i, "loading_total_bytes", all);
    info_count(i, "loading_loaded_bytes", done);
    buf_addf(&i->out, "loading_loaded_perc:%.2f\r\n", all ? (double)done * 100 / (double)all : 0.0);
    info_int(i, "loading_eta_seconds",
             done && all > done ? (int64_t)((double)took / 1000 / (double)done * (double)(all - done)) : 0);
}

static const char *ok_or_err(bool ok)
{
    return ok ? "ok" : "err";
}

static void put_aof(struct info *i)
{
    const struct server_stats *st = &i->s->server;
    struct journal_info j = info_journal(i->s);

    info_int(i, "aof_enabled", i->s->config.appendonly);
    info_int(i, "aof_rewrite_in_progress", st->rewriting);
    info_int(i, "aof_rewrite_scheduled", st->rewrite_scheduled || i->s->broker.orders.rewrite);
    info_int(i, "aof_last_rewrite_time_sec",
             st->last_rewrite_ended && !st->rewriting ? (st->last_rewrite_ended - st->rewrite_started) / 1000
                                                      : -1);
    info_int(i, "aof_current_rewrite_time_sec",
             st->rewriting ? (i->c->now.wall - st->rewrite_started) / 1000 : -1);
    info_text(i, "aof_last_bgrewrite_status", ok_or_err(st->last_rewrite_ok));
    info_count(i, "aof_rewrites", st->rewrites);
    info_count(i, "aof_rewrites_consecutive_failures", st->failed_rewrites);
    info_text(i, "aof_last_write_status", ok_or_err(!j.write_failed));
    info_zeros(i, (const char *const[]){"aof_last_cow_size", "module_fork_in_progress",
                                        "module_fork_last_cow_size", NULL});
    if (!i->s->broker.journal)
        return;
    info_count(i, "aof_current_size", j.current_size);
    info_count(i, "aof_base_size", j.base_size);
    info_int(i, "aof_pending_rewrite", 0);
    info_count(i, "aof_buffer_length", j.offset - j.written);
    info_int(i, "aof_pending_bio_fsync", j.sync_pending);
    info_count(i, "aof_delayed_fsync", j.delayed_syncs - st->delayed_syncs_before);
}

/* What Redis saves into an RDB file is here the base of the append-only file. */
static void put_base(struct info *i)
{
    const struct server_stats *st = &i->s->server;

    info_count(i, "rdb_changes_since_last_save", i->s->broker.stats.changes - st->changes_at_rewrite);
    info_int(i, "rdb_bgsave_in_progress", 0);
    info_int(i, "rdb_last_save_time", service_last_save(i->s) / 1000);
    info_text(i, "rdb_last_bgsave_status", "ok");
    info_int(i, "rdb_last_bgsave_time_sec", -1);
    info_int(i, "rdb_current_bgsave_time_sec", -1);
    info_zeros(i,
               (const char *const[]){"rdb_saves", "rdb_last_cow_size", "rdb_last_load_keys_expired", NULL});
    info_count(i, "rdb_last_load_keys_loaded", st->keys_loaded);
}

void info_persistence(struct info *i)
{
    info_int(i, "loading", i->s->server.loading);
    info_zeros(i, (const char *const[]){"async_loading", "current_cow_peak", "current_cow_size",
                                        "current_cow_size_age", NULL});
    info_text(i, "current_fork_perc", "0.00");
    info_zeros(i, (const char *const[]){"current_save_keys_processed", "current_save_keys_total", NULL});
    put_base(i);
    put_aof(i);
    if (i->s->server.loading)
        put_loading(i);
}

/* What a power cut at this instant would take although it was told to a client: bytes between what may
 * be told (safe) and what is known to be on the disk (durable). Under `always` there are none. */
void info_durability(struct info *i)
{
    static const char *const mode[] = {
        [JOURNAL_SYNC_NO] = "no", [JOURNAL_SYNC_EVERYSEC] = "everysec", [JOURNAL_SYNC_ALWAYS] = "always"};
    struct journal_info j = info_journal(i->s);

    info_text(i, "journal", i->s->config.appendonly ? "on" : "off");
    if (!i->s->config.appendonly)
        return;
    info_text(i, "appendfsync", mode[i->s->config.appendfsync]);
    info_count(i, "journal_offset", j.offset);
    info_count(i, "journal_written", j.written);
    info_count(i, "journal_durable", j.durable);
    info_count(i, "journal_safe", j.safe);
    info_count(i, "journal_unsynced_bytes", j.offset - j.durable);
    info_count(i, "loss_window_bytes", j.safe > j.durable ? j.safe - j.durable : 0);
    info_count(i, "journal_reserve_left", j.reserve_left);
    info_int(i, "short_of_space", j.short_of_space);
    info_count(i, "journal_commits", j.commits);
    info_count(i, "journal_syncs", j.syncs);
    info_count(i, "journal_delayed_syncs", j.delayed_syncs);
    info_int(i, "journal_last_sync_usec", j.last_sync);
    info_int(i, "journal_max_sync_usec", j.max_sync);
    info_text(i, "last_recovery", i->s->server.recovery);
}
