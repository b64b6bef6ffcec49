/* server/appendonly.c - the journal turned on and off while clients are served, and read back: what CONFIG
 * SET appendonly and DEBUG LOADAOF order. All of it happens between two turns, in one piece: whoever orders
 * it waits, and so does everybody else. */
#include "base/err.h"
#include "base/log.h"
#include "broker/change.h"
#include "broker/wait.h"
#include "cmd/call.h"
#include "cmd/session.h"
#include "persist/recover.h"
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int refuse(struct buf *why, const char *text)
{
    if (!why->n)
        buf_add_str(why, text);
    return ERR_CONFIG;
}

/* --- on --- */

static int ignore(void *arg, const struct slice *word, size_t n)
{
    (void)arg, (void)word, (void)n;
    return OK;
}

/* The files there are stay until the new ones stand for all data. They must not be somebody else's: what was
 * in them when this process started it has not loaded, and their end would be that of the data in them. */
static int look_at_files(struct server *sv, struct journal_tail *tail, struct buf *why)
{
    const char *name = sv->service.config.appendfilename;
    struct recover_ops ops = {.apply = ignore};
    struct recover_report report;
    int err = sv->journal_ours ? recover_read(sv->disk, name, &ops, &report, tail, why)
                               : recover(sv->disk, name, &ops, &report, tail, why);

    if (err != OK)
        return refuse(why, "the files of the journal cannot be read");
    if (!sv->journal_ours && report.records)
        return refuse(why,
                      "there is a journal that this server has not loaded: start with appendonly yes to load "
                      "it, or move it away");
    return OK;
}

/* The store as the base of a journal that begins here. */
static int write_base(struct server *sv, struct journal *j)
{
    static const char name[] = JOURNAL_BASE_TEMP "base.aof";
    uint64_t size;
    int err = rewriter_write(&sv->service.broker, sv->disk, name, journal_offset(j), &size);

    return err == OK ? journal_adopt(j, name, size) : err;
}

int server_begin_journal(struct server *sv, const struct journal_tail *tail, struct now now, struct buf *why)
{
    struct journal_options o = server_journal_options(&sv->service.config);
    struct journal *j;
    int err = journal_open(sv->disk, sv->syncer, sv->service.config.appendfilename, &o, tail, &j, NULL, why);

    if (err != OK)
        return err;
    if (tail->have_incr)
        err = journal_rotate(j, now);
    if (err == OK)
        err = write_base(sv, j);
    if (err == OK) {
        sv->service.broker.journal = j;
        sv->journal_ours = true;
        return OK;
    }
    refuse(why, err == ERR_NO_SPACE ? "there is no space on the disk" : strerror(errno));
    journal_abandon(j);
    return err;
}

static int open_disk(struct server *sv, struct buf *why)
{
    char path[4096];

    server_journal_path(&sv->service.config, path, sizeof path);
    if (!sv->disk && !(sv->disk = disk_posix(path, true)))
        return refuse(why, strerror(errno));
    if (!sv->syncer && !server_start_syncer(sv))
        return refuse(why, strerror(errno));
    return OK;
}

static void close_disk(struct server *sv)
{
    if (sv->journal_ours || !sv->disk) /* the lock is kept: the files are this process' own */
        return;
    sv->disk->ops->close(sv->disk);
    sv->disk = NULL;
}

static int turn_on(struct server *sv, struct now now, struct buf *why)
{
    struct server_stats *st = &sv->service.server;
    struct broker *b = &sv->service.broker;
    struct journal_tail tail;
    int err = open_disk(sv, why);

    if (err == OK)
        err = look_at_files(sv, &tail, why);
    if (err == OK && server_begin_journal(sv, &tail, now, why) != OK)
        err = refuse(why, "the journal cannot be opened");
    if (err != OK) {
        close_disk(sv);
        return err;
    }
    sv->service.config.appendonly = true;
    st->last_save = st->last_rewrite_ended = st->rewrite_started = now.wall;
    st->changes_at_rewrite = b->stats.changes;
    log_notice("appendonly turned on: offset=%llu", (unsigned long long)journal_offset(b->journal));
    return OK;
}

/* --- off --- */

/* What has been promised until now is kept: only then there is no journal any more. */
static int turn_off(struct server *sv, struct now now, struct buf *why)
{
    struct broker *b = &sv->service.broker;
    int err;

    rewriter_stop(sv);
    sv->service.server.rewriting = false;
    err = journal_flush(b->journal, now);
    if (err == ERR_NO_SPACE)
        return refuse(why, "the disk is full: what was acknowledged has to be written first");
    if (err == OK && journal_close(b->journal) == ERR_IO) /* without room for its last line it is as good */
        err = ERR_IO;
    if (err != OK)
        server_disk_failed("sync before appendonly is turned off");
    b->journal = NULL;
    b->orders.rewrite = false;
    sv->durable = 0;
    sv->short_of_space = false;
    sv->service.config.appendonly = false;
    log_warning("appendonly turned off: what is acknowledged from now on is gone with the process");
    return OK;
}

/* --- read back --- */

/* DEBUG LOADAOF: the data as a restart would find it. Once it is thrown away, there is no way back. */
static int read_back(struct server *sv, struct now now, struct buf *why)
{
    struct broker *b = &sv->service.broker;
    struct recover_ops ops = {.apply = server_replay, .rdb = server_rdb, .arg = sv};
    struct recover_report report;
    struct journal_tail tail;

    if (!b->journal)
        return refuse(why, "appendonly is off");
    if (journal_flush(b->journal, now) != OK)
        return refuse(why, "the journal cannot be written");
    service_forget_data(&sv->service);
    if (recover_read(sv->disk, sv->service.config.appendfilename, &ops, &report, &tail, why) == OK)
        return OK;
    log_warning("journal not loaded again, ending: %.*s", SLICE_ARG(buf_slice(why)));
    exit(EXIT_DATA);
}

/* --- orders --- */

static int obey(struct server *sv, struct now now, struct buf *why)
{
    struct broker *b = &sv->service.broker;

    switch (b->orders.journal) {
    case JOURNAL_ORDER_ON:
        return b->journal ? OK : turn_on(sv, now, why);
    case JOURNAL_ORDER_OFF:
        return b->journal ? turn_off(sv, now, why) : OK;
    default:
        return read_back(sv, now, why);
    }
}

bool appendonly_obey(struct server *sv, struct now now)
{
    struct broker *b = &sv->service.broker;
    char *told = sv->service.server.journal_refused;
    struct buf why = {0};

    if (b->orders.journal == JOURNAL_ORDER_NONE)
        return false;
    *told = '\0';
    if (obey(sv, now, &why) != OK)
        snprintf(told, sizeof sv->service.server.journal_refused, "%.*s", SLICE_ARG(buf_slice(&why)));
    buf_free(&why);
    b->orders.journal = JOURNAL_ORDER_NONE;
    wait_signal(b, WAIT_NO_DB, WAIT_JOURNAL);
    session_run_end(&sv->service, now);
    return true;
}
