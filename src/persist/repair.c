/* persist/repair.c - what verifies of a directory, copied to another. See persist/recover.h. */
#include "base/err.h"
#include "base/mem.h"
#include "frame.h"
#include "load.h"
#include "persist/manifest.h"
#include <inttypes.h>
#include <stdlib.h>

#define CHUNK ((size_t)1 << 20)

/* --- a manifest from the files --- */

struct part {
    char *file;
    uint64_t seq, offset;
    char type;
    bool own;
};

struct parts {
    const char *name;
    struct part *v;
    size_t n, cap;
};

static void note_part(const char *file, void *arg)
{
    struct parts *s = arg;
    struct part p = {0};

    if (!load_is_part(file, s->name, &p.seq, &p.type))
        return;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->v = mem_realloc(s->v, s->cap * sizeof *s->v);
    }
    p.file = mem_strdup(slice_of(file));
    s->v[s->n++] = p;
}

static int by_seq(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Reads the first line. A file that cannot be opened is one of another's. */
static bool read_header(struct disk *d, const char *file, uint64_t *offset)
{
    struct frame_header h;
    struct reader r;
    const char *p;
    size_t got;
    bool own = reader_open(&r, d, file) == OK && reader_get(&r, 0, FRAME_LINE_MAX, &p, &got) == OK &&
               frame_get_header(p, got, &h);

    reader_close(&r);
    if (own)
        *offset = h.offset;
    return own;
}

/* The newest base of ours, and the incrs from its offset on; whether they join up is seen when they load. */
static void choose_parts(struct parts *s, struct manifest *m)
{
    uint64_t from = 0;
    const struct part *base = NULL;

    qsort(s->v, s->n, sizeof *s->v, by_seq);
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].own && s->v[i].type == MANIFEST_BASE)
            base = &s->v[i];
    if (base) {
        from = base->offset;
        manifest_add(m, MANIFEST_BASE, base->seq, base->file);
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].own && s->v[i].type == MANIFEST_INCR && s->v[i].offset >= from)
            manifest_add(m, MANIFEST_INCR, s->v[i].seq, s->v[i].file);
    m->checked = true;
}

static int make_manifest(struct disk *d, const char *name, struct manifest *m)
{
    struct parts s = {.name = name};
    int err = d->ops->list(d, note_part, &s);

    for (size_t i = 0; i < s.n; i++)
        s.v[i].own = read_header(d, s.v[i].file, &s.v[i].offset);
    if (s.n)
        choose_parts(&s, m);
    for (size_t i = 0; i < s.n; i++)
        mem_free(s.v[i].file);
    mem_free(s.v);
    return err;
}

/* A manifest that somebody wrote by hand, or Redis, may name files of ours. */
static void trust_own(struct disk *d, struct manifest *m)
{
    uint64_t offset;

    for (size_t i = 0; i < m->n; i++)
        m->checked =
            m->checked || (m->v[i].type != MANIFEST_HISTORY && read_header(d, m->v[i].name, &offset));
}

static int find_manifest(struct disk *d, const char *name, struct manifest *m, struct buf *why)
{
    bool found;
    int err = manifest_load(d, name, m, &found, why);

    if (err == OK && found)
        trust_own(d, m);
    if (err == ERR_DAMAGED || (err == OK && !found))
        err = make_manifest(d, name, m);
    why->n = 0;
    return err;
}

/* --- the copy --- */

struct copies {
    struct recover_file *v;
    size_t n, cap;
};

static int take_record(void *arg, const struct slice *word, size_t n)
{
    (void)arg;
    (void)word;
    (void)n;
    return OK;
}

static void note_file(void *arg, const struct recover_file *f)
{
    struct copies *c = arg;

    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 8;
        c->v = mem_realloc(c->v, c->cap * sizeof *c->v);
    }
    c->v[c->n++] = *f;
}

static int copy_bytes(struct reader *from, struct disk *d, struct disk_file *to, uint64_t n)
{
    uint64_t at = 0;
    int err = OK;

    while (err == OK && at < n) {
        const char *p;
        size_t got;

        err = reader_get(from, at, CHUNK, &p, &got);
        if (err == OK && got > n - at)
            got = (size_t)(n - at);
        if (err == OK)
            err = d->ops->write(to, p, got, at);
        at += got;
    }
    return err;
}

/* A base that is cut gets the empty commit that makes it one. */
static int end_base(struct disk *d, struct disk_file *to, const struct recover_file *f)
{
    char line[FRAME_LINE_MAX];
    size_t n = frame_put_commit(line, f->end, 0, f->end, frame_seed(f->salt));

    return d->ops->write(to, line, n, f->good);
}

static int copy_file(struct disk *from, struct disk *to, const struct recover_file *f)
{
    struct disk_file *file;
    struct reader r;
    int err = reader_open(&r, from, f->name);

    if (err == OK)
        err = to->ops->open(to, f->name, DISK_CREATE, &file);
    if (err < 0) {
        reader_close(&r);
        return err;
    }
    err = copy_bytes(&r, to, file, f->good);
    if (err == OK && f->damaged && f->verified && f->type == MANIFEST_BASE)
        err = end_base(to, file, f);
    if (err == OK)
        err = to->ops->sync(file);
    to->ops->close_file(file);
    reader_close(&r);
    return err;
}

static uint64_t seq_of(const struct manifest *m, const char *file)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->v[i].name, file) == 0)
            return m->v[i].seq;
    return 0;
}

static int copy_files(struct disk *from, const char *name, struct disk *to, const struct manifest *m,
                      const struct copies *c)
{
    struct manifest next = {0};
    bool renamed;
    int err = OK;

    for (size_t i = 0; i < c->n && err == OK; i++) {
        if (!c->v[i].good && c->v[i].damaged)
            continue;
        err = copy_file(from, to, &c->v[i]);
        next.checked = next.checked || c->v[i].verified;
        manifest_add(&next, (enum manifest_type)c->v[i].type, seq_of(m, c->v[i].name), c->v[i].name);
    }
    if (err == OK)
        err = to->ops->sync_dir(to);
    if (err == OK)
        err = next.n ? manifest_save(to, name, &next, &renamed) : ERR_DAMAGED;
    manifest_free(&next);
    return err;
}

static const struct recover_file *file_named(const struct copies *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].name, name) == 0)
            return &c->v[i];
    return NULL;
}

/* What comes behind a damage rests on it, whether it would verify or not. */
static void note_left(const struct manifest *m, const struct copies *c, struct buf *left)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct recover_file *f = file_named(c, m->v[i].name);

        if (m->v[i].type == MANIFEST_HISTORY)
            continue;
        if (!f || (f->damaged && !f->good))
            buf_addf(left, "%s, all of it\n", m->v[i].name);
        else if (f->damaged)
            buf_addf(left, "%s from byte %" PRIu64 " on\n", f->name, f->good);
    }
}

int recover_repair(struct disk *from, const char *name, struct disk *to, struct buf *left, struct buf *why)
{
    struct copies c = {0};
    struct recover_ops ops = {.apply = take_record, .file = note_file, .arg = &c};
    struct recover_report report = {0};
    struct journal_tail tail = {0};
    struct load l = {.disk = from, .ops = &ops, .report = &report, .why = why};
    struct manifest m = {0};
    int err = find_manifest(from, name, &m, why);

    if (err == OK)
        err = load_files(&l, &m, &tail);
    if (err == OK || err == ERR_DAMAGED) {
        why->n = 0;
        err = copy_files(from, name, to, &m, &c);
    }
    note_left(&m, &c, left);
    if (err < 0 && !why->n)
        buf_add_str(why, err == ERR_DAMAGED ? "nothing there verifies" : "the copy could not be written");
    load_free(&l);
    manifest_free(&m);
    mem_free(c.v);
    return err;
}

/* --- for tools --- */

static void note_name(const char *file, void *arg)
{
    static const char tail[] = ".manifest";
    struct slice s = slice_of(file);
    char **name = arg;
    size_t n = sizeof tail - 1;
    uint64_t seq;
    char type;

    if (s.n > n && memcmp(s.p + s.n - n, tail, n) == 0 && memcmp(s.p, "temp-", 5) != 0) {
        mem_free(*name);
        *name = mem_strdup((struct slice){s.p, s.n - n});
    } else if (!*name && load_is_part(file, NULL, &seq, &type)) {
        const char *dot = memrchr(s.p, '.', s.n - strlen(".incr.aof"));

        *name = mem_strdup((struct slice){s.p, (size_t)(dot - s.p)});
    }
}

char *recover_find_name(struct disk *disk)
{
    char *name = NULL;

    disk->ops->list(disk, note_name, &name);
    return name;
}
