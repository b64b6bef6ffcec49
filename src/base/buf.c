/* base/buf.c - bytes that grow. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include <stdio.h>

#define CAP_MIN 64

void buf_free(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){0};
}

/* Doubles, so that n bytes added one at a time are copied O(n) times in all. */
void buf_grow(struct buf *b, size_t more)
{
    size_t cap = b->cap < CAP_MIN / 2 ? CAP_MIN : b->cap * 2;

    must(more <= SIZE_MAX / 4 && b->n <= SIZE_MAX / 4);
    if (cap < b->n + more)
        cap = b->n + more;
    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
}

void buf_shrink(struct buf *b, size_t keep)
{
    size_t cap = b->n > keep ? b->n : keep;

    if (b->cap <= cap)
        return;
    if (cap == 0) {
        buf_free(b);
        return;
    }
    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    b->n += num_put_u64(buf_reserve(b, NUM_MAX), v);
}

void buf_add_i64(struct buf *b, int64_t v)
{
    b->n += num_put_i64(buf_reserve(b, NUM_MAX), v);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    char *to = buf_reserve(b, 1);
    int n;

    va_copy(again, ap);
    n = vsnprintf(to, b->cap - b->n, fmt, ap);
    must(n >= 0);
    if ((size_t)n >= b->cap - b->n) /* the NUL, which is not kept, needs room too */
        vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

void buf_drop_front(struct buf *b, size_t n)
{
    must(n <= b->n);
    b->n -= n;
    if (b->n && n)
        memmove(b->p, b->p + n, b->n);
}
