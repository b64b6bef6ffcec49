/* bytes.h - what waits to be sent, or to be understood: requests put, replies taken. */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

#include "base/slice.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bytes {
    char *p;
    size_t start, end, cap; /* p[start..end) is held */
};

struct element {
    char type;         /* + - : $ * */
    int64_t n;         /* the number of ':', the length of '$' and '*' (-1: nil) */
    struct slice text; /* of + - $, a view */
};

/* A walk over a reply that is known to be whole. */
struct cursor {
    const char *p, *end;
};

void *resize(void *p, size_t n);
void bytes_room(struct bytes *b, size_t n);
void bytes_put(struct bytes *b, const void *p, size_t n);
void bytes_header(struct bytes *b, char type, uint64_t n);
void bytes_word(struct bytes *b, struct slice word);
void bytes_vrequest(struct bytes *b, va_list words);
void bytes_request(struct bytes *b, ...);
void bytes_free(struct bytes *b);
ssize_t element_take(const char *p, const char *end, struct element *e);
bool cursor_take(struct cursor *c, char type, struct element *e);

#endif
