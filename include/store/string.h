/* store/string.h - a string value: bytes that change only as a whole or, with room left, in place. */
#ifndef STORE_STRING_H
#define STORE_STRING_H

#include "base/slice.h"

struct string {
    size_t n, cap;
    char p[];
};

static inline struct slice string_slice(const struct string *s)
{
    return (struct slice){s->p, s->n};
}

size_t string_memory(const struct string *s);

#endif
