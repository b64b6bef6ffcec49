/* base/buf.h - bytes that grow. A zeroed struct is an empty buffer; buf_free() makes it one again. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"
#include <stdarg.h>
#include <stdint.h>

struct buf {
    char *p;
    size_t n, cap;
};

void buf_free(struct buf *b);
void buf_grow(struct buf *b, size_t more);   /* the slow half of buf_reserve() */
void buf_shrink(struct buf *b, size_t keep); /* gives memory back when cap is over `keep`; content stays */

/* Room for `more` bytes behind the content; where they start. The caller adds what it wrote to b->n. */
static inline char *buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->n < more)
        buf_grow(b, more);
    return b->p + b->n;
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n) {
        memcpy(buf_reserve(b, n), p, n);
        b->n += n;
    }
}

static inline void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}

static inline void buf_add_str(struct buf *b, const char *cstr)
{
    buf_add(b, cstr, strlen(cstr));
}

static inline void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->n++;
}

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->n};
}

void buf_add_u64(struct buf *b, uint64_t v); /* decimal */
void buf_add_i64(struct buf *b, int64_t v);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
void buf_drop_front(struct buf *b, size_t n); /* moves the rest to the front */

#endif
