/* persist/journal.c - appending, committing, syncing. See persist/journal.h for the format. */
#include "persist/journal.h"
#include "base/crc.h"
#include "base/err.h"
#include "frame.h"
#include "journal_impl.h"
#include <stdio.h>

#define SYNC_PERIOD   ((usec)1000000)
#define RETRY_PERIOD  ((usec)1000000)       /* for the reserve */
#define REWRITE_DELAY ((usec)100000)        /* for a write that met a full disk */
#define BUFFER_KEPT   ((size_t)4 << 20)     /* of the records, between turns */
#define ZERO_PIECE    ((uint64_t)256 << 10) /* least that is zeroed at once */
#define ZERO_AHEAD    ((uint64_t)4 << 20)   /* what is kept zeroed ahead, and most that is zeroed at once */
#define ZERO_MARGIN                                                                                          \
    ((uint64_t)64 << 10) /* from the position to zeros begun anew: room for the next commits */
#define ZERO_ALIGN ((uint64_t)4096)

int journal_result(struct journal *j, int err)
{
    if (err == ERR_IO)
        j->failed = true;
    return err;
}

void journal_set(struct journal *j, const struct journal_options *o)
{
    bool stricter = o->sync == JOURNAL_SYNC_ALWAYS && j->o.sync != JOURNAL_SYNC_ALWAYS;

    j->o = *o;
    if (stricter) /* what may have been told already must not be less safe than what will be */
        journal_flush(j, (struct now){.mono = j->now});
}

/* --- appending --- */

void journal_select(struct buf *records, int *db, int to)
{
    char digits[24];
    int n;

    if (*db == to)
        return;
    *db = to;
    n = snprintf(digits, sizeof digits, "%d", to);
    buf_addf(records, "*2\r\n$6\r\nSELECT\r\n$%d\r\n%s\r\n", n, digits);
}

struct buf *journal_begin(struct journal *j, int db)
{
    must(!j->open);
    j->open = true;
    if (db != j->incr.db)
        journal_select(&j->records, &j->incr.db, db);
    return &j->records;
}

void journal_end(struct journal *j)
{
    must(j->open);
    j->open = false;
}

uint64_t journal_offset(const struct journal *j)
{
    return j->written + j->records.n;
}

/* --- syncing --- */

/* Takes in what the syncer has finished. A sync that failed is never tried again: the kernel may have
 * dropped the pages, and a second one would then say all is well. */
static int take_sync(struct journal *j, bool wait)
{
    int result;

    if (j->job.on && j->syncer->poll(j->syncer, wait, &result)) {
        j->job.on = false;
        if (result < 0)
            return journal_result(j, ERR_IO);
        j->durable = j->job.to;
        j->syncs++;
        j->last_sync = j->now - j->job.began;
        if (j->last_sync > j->max_sync)
            j->max_sync = j->last_sync;
    }
    return j->failed ? ERR_IO : OK;
}

static uint64_t unsynced(const struct journal *j)
{
    return j->written - j->durable;
}

/* What the job is to zero: ahead of the position, inside the reserve. */
static void choose_zeros(struct journal *j, struct sync_job *job)
{
    const struct incr *f = &j->incr;
    uint64_t want = unsynced(j) + ZERO_PIECE;
    uint64_t from = f->zeroed;

    if (j->o.sync != JOURNAL_SYNC_ALWAYS || f->zeroed >= f->at + ZERO_AHEAD)
        return;
    if (from < f->at + ZERO_MARGIN)
        from = (f->at + ZERO_MARGIN + ZERO_ALIGN - 1) / ZERO_ALIGN * ZERO_ALIGN;
    if (want > ZERO_AHEAD)
        want = ZERO_AHEAD;
    if (from >= f->allocated)
        return;
    job->zero_at = from;
    job->zero_end = f->allocated - from < want ? f->allocated : from + want;
}

static void start_sync(struct journal *j)
{
    struct sync_job *job = &j->job;

    *job = (struct sync_job){.on = true, .to = j->written, .began = j->now};
    choose_zeros(j, job);
    if (job->zero_end > job->zero_at)
        j->incr.zeroed = job->zero_end;
    j->synced_at = j->now;
    j->wanted = false;
    j->syncer->start(j->syncer, j->disk, j->incr.file, job->zero_at, job->zero_end - job->zero_at);
}

/* Half the limit does not wait for its second: at that speed the whole of it would stop the reading. */
static bool sync_due(const struct journal *j)
{
    if (!unsynced(j) || (j->o.sync == JOURNAL_SYNC_NO && !j->wanted))
        return false;
    return j->wanted || j->o.sync == JOURNAL_SYNC_ALWAYS || j->now - j->synced_at >= SYNC_PERIOD ||
           unsynced(j) > j->o.unsynced_limit / 2;
}

static void sync_what_is_due(struct journal *j)
{
    if (!sync_due(j))
        return;
    if (!j->job.on) {
        start_sync(j);
    } else if (j->o.sync == JOURNAL_SYNC_EVERYSEC && !j->job.late && j->now - j->job.began >= SYNC_PERIOD) {
        j->job.late = true;
        j->delayed_syncs++;
    }
}

/* --- writing --- */

int journal_reserve(struct journal *j)
{
    struct incr *f = &j->incr;
    uint64_t from = f->allocated > f->at ? f->allocated : f->at;
    int err;

    if (from - f->at >= j->o.reserve - j->o.reserve / 4) {
        j->no_reserve = false;
        return OK;
    }
    if (j->no_reserve && j->now < j->retry_at)
        return OK;
    err = j->disk->ops->allocate(f->file, from, f->at + j->o.reserve - from);
    j->no_reserve = err == ERR_NO_SPACE;
    if (err == OK)
        f->allocated = f->at + j->o.reserve;
    else
        j->retry_at = j->now + RETRY_PERIOD;
    return err == ERR_IO ? journal_result(j, err) : OK;
}

/* A little less each time: names and headers of new files may have taken some of the room. */
void journal_keep_reserve(struct journal *j, uint64_t left)
{
    struct incr *f = &j->incr;

    if (!j->no_reserve)
        return;
    while (left >= ZERO_ALIGN && j->disk->ops->allocate(f->file, f->at, left) != OK)
        left -= left / 16 + ZERO_ALIGN / 2;
    if (left >= ZERO_ALIGN)
        f->allocated = f->at + left;
}

/* Records and line go in one write. When it fails, some of it may be in the file: the next try begins at
 * the same place and is no shorter, and until then no line vouches for it. */
static int write_commit(struct journal *j, struct slice records, size_t whole)
{
    struct incr *f = &j->incr;
    int err = OK;

    if (j->job.on && f->at + whole > j->job.zero_at && f->at < j->job.zero_end)
        err = take_sync(j, true);
    if (err == OK)
        err = j->disk->ops->write(f->file, records.p, whole, f->at);
    j->no_write = err == ERR_NO_SPACE;
    if (err < 0)
        return journal_result(j, err);
    f->at += whole;
    j->written += records.n;
    j->commits++;
    return OK;
}

/* Also an empty commit, which says that the end was clean. */
static int commit_records(struct journal *j)
{
    struct buf *b = &j->records;
    struct slice records = buf_slice(b);
    size_t whole;
    int err;

    must(!j->open);
    records.p = buf_reserve(b, FRAME_LINE_MAX) - records.n;
    whole = records.n + frame_put_commit(b->p + records.n, j->written, records.n, unsynced(j),
                                         crc32c(j->incr.seed, records.p, records.n));
    err = write_commit(j, records, whole);
    if (err == OK) {
        b->n = 0;
        if (b->cap > BUFFER_KEPT)
            buf_shrink(b, BUFFER_KEPT);
    }
    return err;
}

int journal_commit(struct journal *j, struct now now)
{
    int err, reserved;

    j->now = now.mono;
    err = take_sync(j, false);
    if (err < 0)
        return err;
    if (j->records.n)
        err = commit_records(j);
    if (err == ERR_IO)
        return err;
    reserved = journal_reserve(j);
    if (reserved < 0)
        return reserved;
    sync_what_is_due(j);
    return err;
}

int journal_flush(struct journal *j, struct now now)
{
    int err = journal_commit(j, now);

    while (err == OK && unsynced(j)) {
        if (!j->job.on)
            start_sync(j);
        err = take_sync(j, true);
    }
    return err == OK ? take_sync(j, true) : err;
}

/* --- asking --- */

uint64_t journal_safe(const struct journal *j)
{
    return j->o.sync == JOURNAL_SYNC_ALWAYS ? j->durable : j->written;
}

uint64_t journal_durable(const struct journal *j)
{
    return j->durable;
}

void journal_want(struct journal *j)
{
    j->wanted = true;
}

bool journal_short(const struct journal *j)
{
    return j->no_reserve || j->no_write;
}

bool journal_stalled(const struct journal *j)
{
    return j->records.n > j->o.unsynced_limit ||
           (j->o.sync != JOURNAL_SYNC_NO && unsynced(j) > j->o.unsynced_limit);
}

usec journal_due(const struct journal *j)
{
    usec due = INT64_MAX, period = j->o.sync == JOURNAL_SYNC_ALWAYS ? 0 : SYNC_PERIOD;

    if (j->no_reserve)
        due = j->retry_at;
    if (j->records.n && j->now + REWRITE_DELAY < due)
        due = j->now + REWRITE_DELAY;
    if (unsynced(j) && !j->job.on && j->wanted)
        due = j->now;
    else if (unsynced(j) && !j->job.on && j->o.sync != JOURNAL_SYNC_NO && j->synced_at + period < due)
        due = j->synced_at + period;
    return due;
}

void journal_info(const struct journal *j, struct journal_info *out)
{
    const struct incr *f = &j->incr;

    *out = (struct journal_info){
        .offset = journal_offset(j),
        .written = j->written,
        .durable = j->durable,
        .safe = journal_safe(j),
        .base_size = j->base_size,
        .current_size = j->base_size + j->old_incrs + f->at,
        .reserve_left = f->allocated > f->at ? f->allocated - f->at : 0,
        .syncs = j->syncs,
        .delayed_syncs = j->delayed_syncs,
        .commits = j->commits,
        .last_sync = j->last_sync,
        .max_sync = j->max_sync,
        .sync_pending = j->job.on,
        .short_of_space = journal_short(j),
        .write_failed = j->failed,
    };
}

/* --- the clean end: the rest of it is in journal_open.c --- */

static int end_cleanly(struct journal *j)
{
    int err = journal_flush(j, (struct now){.mono = j->now});

    if (err == OK)
        err = commit_records(j);
    if (err == OK)
        err = journal_result(j, j->disk->ops->sync(j->incr.file));
    return err == OK ? j->disk->ops->truncate(j->incr.file, j->incr.at) : err;
}

int journal_close(struct journal *j)
{
    int err = end_cleanly(j);
    int waited;

    /* On a full disk the last commit may be there in part. Nobody was told of it: a start that finds it
     * would need room to keep it. */
    if (err == ERR_NO_SPACE)
        j->disk->ops->truncate(j->incr.file, j->incr.at);

    if (j->job.on)
        j->syncer->poll(j->syncer, true, &waited);
    journal_abandon(j);
    return err;
}
