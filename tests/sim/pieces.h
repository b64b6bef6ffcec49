/* tests/sim/pieces.h - bytes as a source that gives away as little as it may, each time in memory of its own:
 * whoever looks at what an earlier call gave, or behind what he was given, is caught by a sanitizer. */
#ifndef TESTS_PIECES_H
#define TESTS_PIECES_H

#include "base/err.h"
#include "base/slice.h"
#include "base/source.h"
#include <stdlib.h>

struct pieces {
    struct source source;
    struct slice all;
    char *given;
};

static inline int pieces_get(struct source *s, uint64_t at, uint64_t want, const char **p, size_t *got)
{
    struct pieces *from = (struct pieces *)s;
    size_t left = at < from->all.n ? from->all.n - (size_t)at : 0;

    *got = want < left ? (size_t)want : left;
    free(from->given);
    from->given = malloc(*got ? *got : 1);
    if (*got)
        memcpy(from->given, from->all.p + at, *got);
    *p = from->given;
    return OK;
}

static inline void pieces_open(struct pieces *from, struct slice all)
{
    *from = (struct pieces){.source.get = pieces_get, .all = all};
}

static inline void pieces_close(struct pieces *from)
{
    free(from->given);
}

#endif
