/* base/source.h - bytes that are asked for piece by piece, because all of them may be more than memory
 * holds. Who has them embeds one of these. */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source {
    /* At least `want` bytes at `at`, or all there are to the end: *got. Good until the next call. OK, or what
     * the owner has to say: ERR_IO, ERR_STOPPED. */
    int (*get)(struct source *s, uint64_t at, uint64_t want, const char **p, size_t *got);
};

#endif
