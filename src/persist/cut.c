/* persist/cut.c - see cut.h. */
#include "cut.h"
#include "base/err.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>

#define CHUNK ((size_t)256 * 1024)

void cut_name(struct disk *d, const char *file, uint64_t at, char to[MANIFEST_FILE_NAME])
{
    snprintf(to, MANIFEST_FILE_NAME, "%.200s.cut-%" PRIu64, file, at);
    for (unsigned k = 2; d->ops->exists(d, to); k++)
        snprintf(to, MANIFEST_FILE_NAME, "%.200s.cut-%" PRIu64 ".%u", file, at, k);
}

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
static int find_end(struct disk *d, struct disk_file *f, uint64_t at, char *chunk, uint64_t *end)
{
    size_t got, last;
    int err;

    *end = at;
    do {
        err = d->ops->read(f, chunk, CHUNK, at, &got);
        if (err < 0)
            return err;
        last = cut_last(chunk, got);
        if (last)
            *end = at + last;
        at += got;
    } while (got == CHUNK);
    return OK;
}

static int copy(struct disk *d, struct disk_file *from, struct disk_file *to, uint64_t at, uint64_t end,
                char *chunk)
{
    uint64_t done = 0;
    size_t got;
    int err = OK;

    while (err == OK && at + done < end) {
        size_t n = end - at - done < CHUNK ? (size_t)(end - at - done) : CHUNK;

        err = d->ops->read(from, chunk, n, at + done, &got);
        if (err == OK)
            err = d->ops->write(to, chunk, n, done);
        done += n;
    }
    return err < 0 ? err : d->ops->sync(to);
}

static int keep(struct disk *d, const char *file, struct disk_file *f, uint64_t at, uint64_t end, char *chunk)
{
    char name[MANIFEST_FILE_NAME];
    struct disk_file *to;
    int err;

    cut_name(d, file, at, name);
    err = d->ops->open(d, name, DISK_CREATE, &to);
    if (err < 0)
        return err;
    err = copy(d, f, to, at, end, chunk);
    d->ops->close_file(to);
    if (err < 0) {
        d->ops->unlink(d, name);
        return err;
    }
    return d->ops->sync_dir(d);
}

int cut_tail(struct disk *d, const char *file, struct disk_file *f, uint64_t at)
{
    char *chunk = mem_alloc(CHUNK);
    uint64_t end;
    int err = find_end(d, f, at, chunk, &end);

    if (err == OK && end > at) {
        err = keep(d, file, f, at, end, chunk);
        if (err == OK)
            err = d->ops->truncate(f, at);
        if (err == OK)
            err = d->ops->sync(f);
    }
    mem_free(chunk);
    return err;
}
