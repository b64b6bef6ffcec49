/* persist/recover.c - a directory read back, file after file. See persist/recover.h. */
#include "persist/recover.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cut.h"
#include "frame.h"
#include "load.h"
#include "persist/manifest.h"
#include <errno.h>

/* --- a directory without a manifest --- */

struct search {
    const char *name;
    struct buf first; /* a file that looks like part of a journal, terminated */
    size_t found;
};

bool load_is_part(const char *file, const char *name, uint64_t *seq, char *type)
{
    static const char *const tail[] = {".base.aof", ".base.rdb", ".incr.aof"};
    size_t n = strlen(file);

    for (size_t i = 0; i < sizeof tail / sizeof *tail; i++) {
        size_t t = strlen(tail[i]);
        const char *dot;

        if (n <= t || memcmp(file + n - t, tail[i], t) != 0)
            continue;
        dot = memrchr(file, '.', n - t);
        *type = tail[i][1];
        return dot && num_u64((struct slice){dot + 1, (size_t)(file + n - t - dot) - 1}, seq) &&
               (!name || (strlen(name) == (size_t)(dot - file) && memcmp(file, name, strlen(name)) == 0));
    }
    return false;
}

static void note_part(const char *file, void *arg)
{
    struct search *s = arg;
    uint64_t seq;
    char type;

    if (!load_is_part(file, s->name, &seq, &type))
        return;
    if (!s->found++)
        buf_add(&s->first, file, strlen(file) + 1);
}

/* A first start that did not get to its manifest leaves an incr with at most its first line, perhaps torn,
 * before zeros. There is no room for a commit in that. */
static int holds_nothing(struct load *l, const char *file, bool *nothing)
{
    static const char magic[] = "#lmq ";
    const char *p;
    size_t got, last;
    uint64_t at = 0;
    int err = reader_open(&l->reader, l->disk, file);

    *nothing = true;
    while (err == OK && *nothing && at < l->reader.size) {
        err = reader_get(&l->reader, at, 1, &p, &got);
        if (err < 0)
            break;
        last = cut_last(p, got);
        *nothing = !last || (at == 0 && last < FRAME_LINE_MAX && memcmp(p, magic, last < 5 ? last : 5) == 0);
        at += got;
    }
    reader_close(&l->reader);
    return err;
}

static int without_manifest(struct load *l, const char *name)
{
    struct search s = {.name = name};
    char first[MANIFEST_FILE_NAME];
    bool nothing = true;
    int err = l->disk->ops->list(l->disk, note_part, &s);

    manifest_file_name(first, name, 1, MANIFEST_INCR);
    if (err == OK && s.found)
        nothing = s.found == 1 && strcmp(s.first.p, first) == 0;
    if (err == OK && s.found && nothing)
        err = holds_nothing(l, s.first.p, &nothing);
    if (err < 0) {
        buf_add_str(l->why, "the directory cannot be read");
    } else if (!nothing) {
        buf_addf(
            l->why,
            "%s.manifest is missing, though there are files it should name, such as %s. Nothing was changed. "
            "leanmq-check-aof --repair-to NEWDIR makes a directory with a manifest from what is there",
            name, s.first.p);
        err = ERR_DAMAGED;
    }
    buf_free(&s.first);
    return err;
}

/* --- the files of a manifest --- */

static int open_file(struct load *l, const struct manifest_file *m)
{
    int err = reader_open(&l->reader, l->disk, m->name);

    l->file = (struct recover_file){.name = m->name, .type = (char)m->type, .size = l->reader.size};
    if (err == ERR_IO && errno == ENOENT)
        return load_damaged(l, 0, "the manifest names it, but it is not there");
    return err < 0 ? load_failed(l, err) : OK;
}

/* Files of Redis come before all of ours, and only where we have taken a directory over. */
static int load_file(struct load *l, const struct manifest *m, bool *own)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, FRAME_LINE_MAX, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (!frame_is_header(p, got))
        return *own ? load_damaged(l, 0, "it is not a file of leanmqd, though it follows one")
                    : load_foreign(l);
    if (!m->checked)
        return load_damaged(l, 0,
                            "it is a file of leanmqd, but the manifest is not, or has lost its check sum");
    *own = true;
    return load_own(l);
}

static int one_file(struct load *l, const struct manifest *m, const struct manifest_file *f, bool *own)
{
    int err = open_file(l, f);

    l->may_end_cut = f == manifest_last_incr(m);
    if (err == OK)
        err = load_file(l, m, own);
    if (err == OK && l->may_end_cut && m->checked && !l->file.verified)
        err = load_damaged(l, 0, "it is not a file of leanmqd, though the last one has to be");
    if (l->ops->file)
        l->ops->file(l->ops->arg, &l->file);
    reader_close(&l->reader);
    return err;
}

static void count(struct load *l, struct journal_tail *tail)
{
    const struct recover_file *f = &l->file;
    struct recover_report *r = l->report;

    r->records += f->records;
    r->commits += f->commits;
    l->done += f->size - f->good;
    if (f->type == MANIFEST_BASE)
        tail->base_size += f->good;
    else
        tail->incr_size += f->good;
    if (f->cut)
        r->cut = f->cut;
}

static int load_type(struct load *l, const struct manifest *m, enum manifest_type type, bool *own,
                     struct journal_tail *tail)
{
    for (size_t i = 0; i < m->n; i++) {
        int err = m->v[i].type == type ? one_file(l, m, &m->v[i], own) : OK;

        if (err < 0)
            return err;
        if (m->v[i].type == type)
            count(l, tail);
    }
    return OK;
}

int load_files(struct load *l, const struct manifest *m, struct journal_tail *tail)
{
    bool own = false;
    int err = load_type(l, m, MANIFEST_BASE, &own, tail);

    if (err == OK)
        err = load_type(l, m, MANIFEST_INCR, &own, tail);
    if (err < 0)
        return err;
    tail->offset = l->expected;
    if (manifest_last_incr(m)) {
        tail->size = l->file.good;
        tail->have_incr = l->file.verified;
        tail->file_salt = l->file.salt;
        l->report->stopped_cleanly = l->file.verified && l->ended_empty && !l->file.cut;
    }
    l->report->outcome = l->report->cut ? RECOVER_CUT : RECOVER_CLEAN;
    if (!m->checked)
        l->report->outcome = RECOVER_FOREIGN;
    return OK;
}

/* What there is to read, for the progress. A file that is not there is found missing later. */
static uint64_t sum_sizes(struct disk *d, const struct manifest *m)
{
    uint64_t all = 0;

    for (size_t i = 0; i < m->n; i++) {
        struct reader r;

        if (m->v[i].type != MANIFEST_HISTORY && reader_open(&r, d, m->v[i].name) == OK)
            all += r.size;
        if (m->v[i].type != MANIFEST_HISTORY)
            reader_close(&r);
    }
    return all;
}

int recover_read(struct disk *disk, const char *name, const struct recover_ops *ops,
                 struct recover_report *report, struct journal_tail *tail, struct buf *why)
{
    struct load l = {.disk = disk, .ops = ops, .report = report, .why = why};
    struct manifest m = {0};
    bool found;
    int err;

    *report = (struct recover_report){.outcome = RECOVER_EMPTY};
    *tail = (struct journal_tail){0};
    err = manifest_load(disk, name, &m, &found, why);
    if (err == ERR_DAMAGED)
        buf_add_str(
            why, ". Nothing was changed. leanmq-check-aof --repair-to NEWDIR makes a new one from the files");
    if (err == OK && !found)
        err = without_manifest(&l, name);
    if (err == OK && found) {
        l.all = sum_sizes(disk, &m);
        err = load_files(&l, &m, tail);
    }
    load_free(&l);
    manifest_free(&m);
    return err;
}

static int load_alone(struct load *l)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, FRAME_LINE_MAX, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (!frame_is_header(p, got))
        return load_foreign(l);
    buf_addf(l->why, "%s is a file of leanmqd itself: its whole directory is loaded where it lies in `dir`",
             l->file.name);
    return ERR_FORMAT;
}

int recover_file(struct disk *disk, const char *file, const struct recover_ops *ops,
                 struct recover_report *report, struct buf *why)
{
    struct load l = {
        .disk = disk, .ops = ops, .report = report, .why = why, .may_end_cut = true, .alone = true};
    int err = reader_open(&l.reader, disk, file);

    *report = (struct recover_report){.outcome = RECOVER_FOREIGN};
    l.file = (struct recover_file){.name = file, .type = MANIFEST_BASE, .size = l.reader.size};
    l.all = l.reader.size;
    err = err == OK ? load_alone(&l) : load_failed(&l, err);
    report->records = l.file.records;
    report->cut = l.file.cut;
    load_free(&l);
    return err;
}

int recover(struct disk *disk, const char *name, const struct recover_ops *ops, struct recover_report *report,
            struct journal_tail *tail, struct buf *why)
{
    int err = disk->ops->lock(disk);

    if (err == ERR_LOCKED)
        buf_add_str(why, "another process has the directory");
    else if (err < 0)
        buf_add_str(why, "the directory cannot be locked");
    return err < 0 ? err : recover_read(disk, name, ops, report, tail, why);
}
