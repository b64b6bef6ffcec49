/* persist/journal_open.c - a journal's beginning: the tail repaired, or a first file. */
#include "base/err.h"
#include "base/random.h"
#include "cut.h"
#include "frame.h"
#include "journal_impl.h"
#include <errno.h>

int journal_create_file(struct disk *d, const char *name, uint64_t offset, struct disk_file **file,
                        uint32_t *seed, uint64_t *size)
{
    char header[FRAME_LINE_MAX];
    uint64_t salt;
    int err = d->ops->unlink(d, name);

    if (err == OK)
        err = d->ops->open(d, name, DISK_CREATE, file);
    if (err < 0)
        return err;
    random_system(&salt, sizeof salt);
    *seed = frame_seed(salt);
    *size = frame_put_header(header, salt, offset);
    err = d->ops->write(*file, header, (size_t)*size, 0);
    if (err == OK)
        err = d->ops->sync(*file);
    if (err < 0) {
        int cause = errno;

        d->ops->close_file(*file);
        d->ops->unlink(d, name);
        errno = cause;
    }
    return err;
}

static int name_next_incr(struct journal *j, uint64_t seq, const char *file_name, bool *named)
{
    struct manifest next = {0};
    int err = j->disk->ops->sync_dir(j->disk);

    if (err < 0)
        return err;
    manifest_copy(&next, &j->manifest);
    manifest_drop_history(&next);
    next.checked = true;
    manifest_add(&next, MANIFEST_INCR, seq, file_name);
    err = manifest_save(j->disk, j->name, &next, named);
    if (err < 0) {
        manifest_free(&next);
        return err;
    }
    manifest_free(&j->manifest);
    j->manifest = next;
    return OK;
}

int journal_next_incr(struct journal *j, struct incr *incr, bool *named)
{
    char file_name[MANIFEST_FILE_NAME];
    uint64_t seq = manifest_next_seq(&j->manifest, MANIFEST_INCR);
    int err;

    *named = false;
    *incr = (struct incr){.db = -1, .began = j->written};
    manifest_file_name(file_name, j->name, seq, MANIFEST_INCR);
    err = journal_create_file(j->disk, file_name, j->written, &incr->file, &incr->seed, &incr->at);
    if (err < 0)
        return err;
    err = name_next_incr(j, seq, file_name, named);
    if (err < 0) {
        int cause = errno;

        j->disk->ops->close_file(incr->file);
        if (!*named)
            j->disk->ops->unlink(j->disk, file_name);
        errno = cause;
    }
    return err;
}

/* The incr that goes on. What recovery read of it may lie in the page cache alone when it was kill -9 that
 * ended the process, so it is synced before it counts as durable. */
static int go_on(struct journal *j, const struct journal_tail *tail)
{
    const struct disk_ops *ops = j->disk->ops;
    char text[FRAME_LINE_MAX];
    struct frame_header h;
    size_t got;
    int err = ops->read(j->incr.file, text, sizeof text, 0, &got);

    if (err < 0)
        return err;
    if (!frame_get_header(text, got, &h) || h.salt != tail->file_salt || h.offset > tail->offset)
        return ERR_DAMAGED;
    j->incr.seed = frame_seed(h.salt);
    j->incr.began = h.offset;
    j->incr.at = tail->size;
    j->incr.db = -1;
    return ops->sync(j->incr.file);
}

/* The last incr, ours or of Redis, loses what recovery did not take. *left: bytes allocated behind that. */
static int repair(struct journal *j, const struct journal_tail *tail, struct journal_cut *cut, uint64_t *left)
{
    const struct manifest_file *last = manifest_last_incr(&j->manifest);
    uint64_t size;
    int err;

    *left = 0;
    if (!last)
        return OK;
    err = j->disk->ops->open(j->disk, last->name, DISK_WRITE, &j->incr.file);
    if (err == OK)
        err = j->disk->ops->size(j->incr.file, &size);
    if (err == OK)
        err = cut_tail(j->disk, last->name, j->incr.file, tail->size, cut);
    if (err == OK && size > tail->size + cut->bytes)
        *left = size - tail->size - cut->bytes;
    return err;
}

struct leftovers {
    struct buf names; /* terminated, one behind the other */
};

static void note_leftover(const char *name, void *arg)
{
    struct leftovers *l = arg;

    if (strncmp(name, JOURNAL_BASE_TEMP, strlen(JOURNAL_BASE_TEMP)) == 0)
        buf_add(&l->names, name, strlen(name) + 1);
}

/* What a crash left of a rewrite. That it cannot be removed is no reason not to start. */
static void remove_leftovers(struct journal *j)
{
    struct leftovers l = {{0}};

    if (j->disk->ops->list(j->disk, note_leftover, &l) == OK)
        for (size_t at = 0; at < l.names.n; at += strlen(l.names.p + at) + 1)
            j->disk->ops->unlink(j->disk, l.names.p + at);
    buf_free(&l.names);
    manifest_remove_temp(j->disk, j->name);
    for (size_t i = 0; i < j->manifest.n; i++)
        if (j->manifest.v[i].type == MANIFEST_HISTORY)
            j->disk->ops->unlink(j->disk, j->manifest.v[i].name);
}

/* The file to append to. */
static int begin(struct journal *j, const struct journal_tail *tail)
{
    bool named;
    int err;

    if (tail->have_incr)
        return go_on(j, tail);
    if (j->incr.file)
        j->disk->ops->close_file(j->incr.file);
    j->incr.file = NULL;
    err = journal_next_incr(j, &j->incr, &named);
    if (err < 0)
        j->incr.file = NULL;
    return err;
}

static int start(struct journal *j, const struct journal_tail *tail, struct journal_cut *cut, struct buf *why)
{
    struct disk *disk = j->disk;
    uint64_t left;
    bool found;
    int err = manifest_load(disk, j->name, &j->manifest, &found, why);

    if (err < 0)
        return err;
    if (tail->have_incr && !manifest_last_incr(&j->manifest))
        return ERR_DAMAGED;
    err = disk->ops->sync_dir(disk); /* the manifest may be in the page cache alone, and old files go now */
    if (err < 0)
        return err;
    remove_leftovers(j); /* before anything that may need their room */
    err = repair(j, tail, cut, &left);
    if (err == OK)
        err = begin(j, tail);
    if (err == OK)
        err = journal_reserve(j);
    if (err == OK)
        journal_keep_reserve(j, left);
    return err;
}

int journal_open(struct disk *disk, struct syncer *syncer, const char *name, const struct journal_options *o,
                 const struct journal_tail *tail, struct journal **out, struct journal_cut *cut,
                 struct buf *why)
{
    struct journal_cut ignored;
    struct journal *j;
    int err;

    if (!*name || strlen(name) > MANIFEST_NAME_MAX || strchr(name, '/')) {
        buf_add_str(why, "appendfilename is not a name a file of the journal can have");
        return ERR_CONFIG;
    }
    j = mem_zalloc(sizeof *j);
    j->disk = disk;
    j->syncer = syncer;
    j->o = *o;
    j->name = mem_strdup(slice_of(name));
    j->written = j->durable = tail->offset;
    j->base_size = tail->base_size;
    j->old_incrs = tail->incr_size - (tail->have_incr ? tail->size : 0);
    cut = cut ? cut : &ignored;
    *cut = (struct journal_cut){0};
    err = start(j, tail, cut, why);
    if (err < 0) {
        if (!why->n)
            buf_add_str(why, err == ERR_NO_SPACE ? "there is no space on the disk to begin with"
                                                 : "the journal cannot be opened");
        journal_abandon(j);
        return err;
    }
    *out = j;
    return OK;
}

void journal_abandon(struct journal *j)
{
    if (!j)
        return;
    if (j->incr.file)
        j->disk->ops->close_file(j->incr.file);
    manifest_free(&j->manifest);
    buf_free(&j->records);
    mem_free(j->name);
    mem_free(j);
}
