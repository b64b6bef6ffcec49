/* persist/journal_rewrite.c - a new incr, a new base, and the old files' end. Each step leaves a directory
 * that loads: either manifest names whole files only. */
#include "base/crc.h"
#include "base/err.h"
#include "frame.h"
#include "journal_impl.h"
#include <errno.h>

#define BASE_COMMIT ((size_t)1 << 20)    /* records in a commit of a base, about */
#define BASE_SYNC   ((uint64_t)32 << 20) /* synced now and then, or the end would be one long stop */

/* A file that may not be opened says nothing about the disk, a full disk neither. All else ends the journal,
 * and so does every error once the new manifest may be in place: nothing may go to the old files then. */
static int judge(struct journal *j, int err, bool named)
{
    bool refused = errno == EMFILE || errno == ENFILE || errno == EACCES || errno == EPERM;

    if (named)
        return journal_result(j, ERR_IO);
    return err == ERR_IO && refused ? err : journal_result(j, err);
}

int journal_rotate(struct journal *j, struct now now)
{
    struct incr next;
    uint64_t left;
    bool named;
    int err = journal_flush(j, now);

    if (err < 0)
        return err;
    err = journal_next_incr(j, &next, &named);
    if (err < 0)
        return judge(j, err, named);
    left = j->incr.allocated > j->incr.at ? j->incr.allocated - j->incr.at : 0;
    j->old_incrs += j->incr.at;
    err = j->disk->ops->truncate(j->incr.file, j->incr.at); /* only to give the reserve back */
    j->disk->ops->close_file(j->incr.file);
    j->incr = next;
    j->no_reserve = false;
    if (err == ERR_IO)
        return journal_result(j, err);
    err = journal_reserve(j);
    journal_keep_reserve(j, left);
    return err;
}

/* --- the new base --- */

struct journal_base {
    struct disk *disk;
    struct disk_file *file;
    char *name;
    uint32_t seed;
    int db;
    uint64_t at, start; /* in the file; of the records */
    uint64_t synced;    /* `at` of the last sync */
    int err;            /* the first one stays */
    struct buf records;
};

int journal_base_new(struct disk *disk, const char *name, uint64_t offset, struct journal_base **out)
{
    struct journal_base *b = mem_zalloc(sizeof *b);
    int err = journal_create_file(disk, name, offset, &b->file, &b->seed, &b->at);

    if (err < 0) {
        mem_free(b);
        return err;
    }
    b->disk = disk;
    b->name = mem_strdup(slice_of(name));
    b->db = -1;
    *out = b;
    return OK;
}

struct buf *journal_base_begin(struct journal_base *b, int db)
{
    journal_select(&b->records, &b->db, db);
    return &b->records;
}

static int base_commit(struct journal_base *b)
{
    struct buf *r = &b->records;
    size_t n = r->n;

    buf_reserve(r, FRAME_LINE_MAX);
    r->n += frame_put_commit(r->p + n, b->start, n, b->start, crc32c(b->seed, r->p, n));
    b->err = b->disk->ops->write(b->file, r->p, r->n, b->at);
    b->at += r->n;
    b->start += n;
    r->n = 0;
    if (!b->err && b->at - b->synced >= BASE_SYNC) {
        b->err = b->disk->ops->sync(b->file);
        b->synced = b->at;
    }
    return b->err;
}

int journal_base_end(struct journal_base *b)
{
    if (b->err)
        b->records.n = 0;
    else if (b->records.n >= BASE_COMMIT)
        base_commit(b);
    return b->err;
}

static void base_free(struct journal_base *b)
{
    b->disk->ops->close_file(b->file);
    buf_free(&b->records);
    mem_free(b->name);
    mem_free(b);
}

int journal_base_finish(struct journal_base *b, uint64_t *size)
{
    int err;

    if (!b->err && b->records.n)
        base_commit(b);
    if (!b->err)
        base_commit(b);
    if (!b->err)
        b->err = b->disk->ops->sync(b->file);
    err = b->err;
    *size = b->at;
    if (err)
        journal_base_abandon(b);
    else
        base_free(b);
    return err;
}

void journal_base_abandon(struct journal_base *b)
{
    if (!b)
        return;
    b->disk->ops->unlink(b->disk, b->name);
    base_free(b);
}

/* The base has to stand for the offset at which the current incr begins. */
static int check_base(struct journal *j, const char *base_name)
{
    struct frame_header h;
    struct disk_file *f;
    char text[FRAME_LINE_MAX];
    size_t got = 0;
    int err = j->disk->ops->open(j->disk, base_name, DISK_READ, &f);

    if (err < 0)
        return err;
    err = j->disk->ops->read(f, text, sizeof text, 0, &got);
    j->disk->ops->close_file(f);
    if (err < 0)
        return err;
    return frame_get_header(text, got, &h) && h.offset == j->incr.began ? OK : ERR_FORMAT;
}

/* The manifest with the new base and the current incr; the others are listed as history, so that they go
 * at the next start if this process does not get to it. */
static void list_adopted(const struct journal *j, const char *base_name, uint64_t seq, struct manifest *next)
{
    const struct manifest_file *last = manifest_last_incr(&j->manifest);

    next->checked = true;
    manifest_add(next, MANIFEST_BASE, seq, base_name);
    for (size_t i = 0; i < j->manifest.n; i++) {
        const struct manifest_file *f = &j->manifest.v[i];

        if (f != last && f->type != MANIFEST_HISTORY)
            manifest_add(next, MANIFEST_HISTORY, f->seq, f->name);
    }
    manifest_add(next, MANIFEST_INCR, last->seq, last->name);
}

static int name_base(struct journal *j, const char *temp, const char *file_name, struct manifest *next,
                     bool *named)
{
    int err = j->disk->ops->rename(j->disk, temp, file_name);
    int cause;

    if (err == OK)
        err = j->disk->ops->sync_dir(j->disk);
    if (err == OK)
        err = manifest_save(j->disk, j->name, next, named);
    cause = errno;
    if (err < 0 && !*named)
        j->disk->ops->unlink(j->disk, file_name);
    errno = cause;
    return err;
}

int journal_adopt(struct journal *j, const char *base_name, uint64_t base_size)
{
    char file_name[MANIFEST_FILE_NAME];
    uint64_t seq = manifest_next_seq(&j->manifest, MANIFEST_BASE);
    struct manifest next = {0};
    bool named = false;
    int err = j->failed ? ERR_IO : check_base(j, base_name);

    if (err < 0)
        return err;
    manifest_file_name(file_name, j->name, seq, MANIFEST_BASE);
    list_adopted(j, file_name, seq, &next);
    err = name_base(j, base_name, file_name, &next, &named);
    if (err < 0) {
        manifest_free(&next);
        return judge(j, err, named);
    }
    manifest_free(&j->manifest);
    j->manifest = next;
    j->base_size = base_size;
    j->old_incrs = 0;
    for (size_t i = 0; i < next.n; i++)
        if (next.v[i].type == MANIFEST_HISTORY)
            j->disk->ops->unlink(j->disk, next.v[i].name);
    return OK;
}
