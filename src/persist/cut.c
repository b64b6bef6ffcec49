/* persist/cut.c - see cut.h. */
#include "cut.h"
#include "base/err.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>

#define CHUNK         ((size_t)256 * 1024)
#define HELD_MAX      ((size_t)64 << 20) /* in memory, when there is no other room */
#define WORTH_KEEPING ((size_t)512)

size_t cut_last(const char *p, size_t n)
{
    static const char zeros[256];

    while (n >= sizeof zeros && memcmp(p + n - sizeof zeros, zeros, sizeof zeros) == 0)
        n -= sizeof zeros;
    while (n && !p[n - 1])
        n--;
    return n;
}

/* *end: behind the last byte from `at` on that is not zero; `at` if there is none. */
static int find_end(struct disk *d, struct disk_file *f, uint64_t at, uint64_t *end)
{
    char *chunk = mem_alloc(CHUNK);
    size_t got, last;
    int err;

    *end = at;
    do {
        err = d->ops->read(f, chunk, CHUNK, at, &got);
        if (err < 0)
            break;
        last = cut_last(chunk, got);
        if (last)
            *end = at + last;
        at += got;
    } while (got == CHUNK);
    mem_free(chunk);
    return err;
}

/* What is to be kept: bytes of `f` from `at` on, or what has been read of them already. */
struct tail {
    struct disk *disk;
    const char *name;
    struct disk_file *f;
    uint64_t at;
    const char *held; /* NULL: they are still in the file */
};

static int copy(const struct tail *t, struct disk_file *to, uint64_t n)
{
    const struct disk_ops *ops = t->disk->ops;
    char *chunk = mem_alloc(CHUNK);
    int err = OK;

    for (uint64_t done = 0; done < n && err == OK; done += CHUNK) {
        size_t part = n - done < CHUNK ? (size_t)(n - done) : CHUNK, got;

        err = ops->read(t->f, chunk, part, t->at + done, &got);
        if (err == OK)
            err = ops->write(to, chunk, part, done);
    }
    mem_free(chunk);
    return err;
}

static void name_kept(const struct tail *t, char *to, size_t cap)
{
    snprintf(to, cap, "%.200s.cut-%" PRIu64, t->name, t->at);
    for (unsigned k = 2; t->disk->ops->exists(t->disk, to); k++)
        snprintf(to, cap, "%.200s.cut-%" PRIu64 ".%u", t->name, t->at, k);
}

/* n bytes to a file beside: they and its name are durable, or it is not there. */
static int keep(const struct tail *t, uint64_t n, struct journal_cut *cut)
{
    const struct disk_ops *ops = t->disk->ops;
    struct disk_file *to;
    int err;

    name_kept(t, cut->file, sizeof cut->file);
    err = ops->open(t->disk, cut->file, DISK_CREATE, &to);
    if (err == OK) {
        err = t->held ? ops->write(to, t->held, (size_t)n, 0) : copy(t, to, n);
        if (err == OK)
            err = ops->sync(to);
        ops->close_file(to);
        if (err == OK)
            err = ops->sync_dir(t->disk);
        if (err < 0)
            ops->unlink(t->disk, cut->file);
    }
    if (err < 0)
        *cut->file = '\0';
    cut->kept = err < 0 ? 0 : n;
    return err;
}

static int cut_off(const struct tail *t)
{
    int err = t->disk->ops->truncate(t->f, t->at);

    return err < 0 ? err : t->disk->ops->sync(t->f);
}

/* On a full disk the room for the bytes is what they take up themselves, with the reserve behind them: they
 * are held in memory while it is given back. A crash in between loses what nobody was promised. */
static int cut_first(struct tail *t, struct journal_cut *cut)
{
    size_t n = cut->bytes < HELD_MAX ? (size_t)cut->bytes : HELD_MAX, got;
    char *held = mem_alloc(n);
    int err = t->disk->ops->read(t->f, held, n, t->at, &got);

    t->held = held;
    if (err == OK)
        err = cut_off(t);
    if (err == OK)
        err = keep(t, n, cut);
    while (err == ERR_NO_SPACE && (n -= n / 4) >= WORTH_KEEPING)
        err = keep(t, n, cut);
    mem_free(held);
    return err == ERR_NO_SPACE ? OK : err;
}

int cut_tail(struct disk *d, const char *name, struct disk_file *f, uint64_t at, struct journal_cut *cut)
{
    struct tail t = {.disk = d, .name = name, .f = f, .at = at};
    uint64_t end;
    int err = find_end(d, f, at, &end);

    *cut = (struct journal_cut){0};
    if (err < 0 || end == at)
        return err;
    cut->bytes = end - at;
    err = keep(&t, cut->bytes, cut);
    if (err == ERR_NO_SPACE)
        return cut_first(&t, cut);
    return err < 0 ? err : cut_off(&t);
}
