/* persist/reader.c - see reader.h. */
#include "reader.h"
#include "base/crc.h"
#include "base/err.h"
#include "base/mem.h"
#include <errno.h>

#define WINDOW ((size_t)1 << 20)

int reader_open(struct reader *r, struct disk *d, const char *name)
{
    int err;

    *r = (struct reader){.disk = d};
    err = d->ops->open(d, name, DISK_READ, &r->file);
    if (err < 0) {
        r->file = NULL;
        return err;
    }
    return d->ops->size(r->file, &r->size);
}

void reader_close(struct reader *r)
{
    if (r->file)
        r->disk->ops->close_file(r->file);
    buf_free(&r->window);
    *r = (struct reader){0};
}

/* Moves the window to `pos` and fills it up to `n` bytes. */
static int fill(struct reader *r, uint64_t pos, size_t n)
{
    struct buf *w = &r->window;
    size_t got, missing;
    int err;

    if (pos >= r->at && pos - r->at < w->n)
        buf_drop_front(w, (size_t)(pos - r->at));
    else
        w->n = 0;
    r->at = pos;
    if (w->n >= n)
        return OK;
    missing = n - w->n;
    err = r->disk->ops->read(r->file, buf_reserve(w, missing), missing, pos + w->n, &got);
    if (err < 0)
        return err;
    w->n += got;
    if (got < missing) { /* the file has become shorter under us */
        errno = EIO;
        return ERR_IO;
    }
    return OK;
}

int reader_get(struct reader *r, uint64_t pos, uint64_t want, const char **p, size_t *got)
{
    uint64_t left = pos < r->size ? r->size - pos : 0;
    int err;

    if (want > left)
        want = left;
    if (left && !want)
        want = 1;
    if (pos < r->at || pos - r->at + want > r->window.n) {
        uint64_t n = want > WINDOW ? want : WINDOW;

        err = fill(r, pos, (size_t)(n < left ? n : left));
        if (err < 0)
            return err;
    }
    *p = left ? r->window.p + (pos - r->at) : "";
    *got = left ? (size_t)(r->at + r->window.n - pos) : 0;
    return OK;
}

int reader_crc(const struct reader *r, uint64_t pos, uint64_t n, uint32_t *sum)
{
    char *chunk = mem_alloc(WINDOW);
    int err = OK;

    while (n && err == OK) {
        size_t part = n < WINDOW ? (size_t)n : WINDOW, got;

        err = r->disk->ops->read(r->file, chunk, part, pos, &got);
        if (err == OK && got < part)
            err = ERR_IO;
        if (err == OK)
            *sum = crc32c(*sum, chunk, part);
        pos += part;
        n -= part;
    }
    mem_free(chunk);
    return err;
}
