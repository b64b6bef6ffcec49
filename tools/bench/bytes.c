/* bytes.c - what waits to be sent, or to be understood. */
#include "bytes.h"
#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>

#define BULK_MAX     (512 << 20) /* Redis' own limit for one string */
#define ARRAY_MAX    (1 << 24)   /* longer than any reply to what we ask */
#define LINE_MAX_LEN (64 * 1024) /* an error or a length that has no end is not RESP */

void *resize(void *p, size_t n)
{
    void *q = realloc(p, n);

    if (!q) {
        fputs("leanmq-bench: out of memory\n", stderr);
        exit(1);
    }
    return q;
}

/* Room for n more bytes at p + end. Offsets from `start` stay good, pointers do not. */
void bytes_room(struct bytes *b, size_t n)
{
    if (b->start > 0 && (b->start == b->end || b->cap - b->end < n)) {
        memmove(b->p, b->p + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    if (b->cap - b->end < n) {
        b->cap = 2 * b->cap > b->end + n ? 2 * b->cap : b->end + n;
        b->p = resize(b->p, b->cap);
    }
}

void bytes_put(struct bytes *b, const void *p, size_t n)
{
    bytes_room(b, n);
    memcpy(b->p + b->end, p, n);
    b->end += n;
}

void bytes_header(struct bytes *b, char type, uint64_t n)
{
    bytes_room(b, NUM_MAX + 3);
    b->p[b->end++] = type;
    b->end += num_put_u64(b->p + b->end, n);
    b->p[b->end++] = '\r';
    b->p[b->end++] = '\n';
}

void bytes_word(struct bytes *b, struct slice word)
{
    bytes_header(b, '$', word.n);
    bytes_put(b, word.p, word.n);
    bytes_put(b, "\r\n", 2);
}

/* A request of words that are C strings, ended by NULL. */
void bytes_vrequest(struct bytes *b, va_list words)
{
    const char *word;
    va_list count;
    size_t n = 0;

    va_copy(count, words);
    while (va_arg(count, const char *))
        n++;
    va_end(count);
    bytes_header(b, '*', n);
    while ((word = va_arg(words, const char *)))
        bytes_word(b, slice_of(word));
}

void bytes_request(struct bytes *b, ...)
{
    va_list words;

    va_start(words, b);
    bytes_vrequest(b, words);
    va_end(words);
}

void bytes_free(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

/* Takes one element, for an array its header alone. The bytes it took; 0: not all there yet; -1: not RESP. */
ssize_t element_take(const char *p, const char *end, struct element *e)
{
    const char *eol = memchr(p, '\n', end - p);
    size_t line;

    if (!eol)
        return end - p > LINE_MAX_LEN ? -1 : 0;
    line = eol + 1 - p;
    if (line < 3 || eol[-1] != '\r')
        return -1;
    *e = (struct element){.type = *p, .text = {p + 1, line - 3}};
    if (*p == '+' || *p == '-')
        return line;
    if (!strchr(":$*", *p) || !num_i64(e->text, &e->n))
        return -1;
    if (*p == ':')
        return line;
    if (e->n < -1 || e->n > (*p == '$' ? BULK_MAX : ARRAY_MAX))
        return -1;
    if (*p == '*' || e->n < 0)
        return line;
    if (end - p < (ssize_t)line + e->n + 2)
        return 0;
    e->text = (struct slice){p + line, e->n};
    return memcmp(p + line + e->n, "\r\n", 2) == 0 ? (ssize_t)line + e->n + 2 : -1;
}

/* The next element, if it is of the type expected. */
bool cursor_take(struct cursor *c, char type, struct element *e)
{
    ssize_t n = c->p < c->end ? element_take(c->p, c->end, e) : -1;

    if (n <= 0 || e->type != type)
        return false;
    c->p += n;
    return true;
}
