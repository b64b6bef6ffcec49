/* base/slice.h - a borrowed run of bytes: not owned, not terminated, may hold NULs. Whoever hands one
 * out says how long it is good. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_ARG(s)   (int)(s).n, (s).p /* for "%.*s" */

static inline struct slice slice_of(const char *cstr)
{
    return (struct slice){cstr, strlen(cstr)};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case is ignored, as Redis does for names and options. Most words differ in length or first byte;
 * those that do not are mostly the same to the letter. */
static inline bool slice_is(struct slice a, const char *word)
{
    size_t n = strlen(word);

    if (a.n != n || (n && ((a.p[0] ^ word[0]) & 0xdf)))
        return false;
    return n == 0 || memcmp(a.p, word, n) == 0 || strncasecmp(a.p, word, n) == 0;
}

/* Order by bytes, a prefix before what it begins. */
static inline int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0; /* an empty one may be NULL, which memcmp() must not see */

    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Redis' glob: * ? [a-z] [^x] \x; `nocase` folds ASCII. Bounded: linear in the text for each star.
 * An empty text matches only the empty pattern. */
bool slice_glob(struct slice pattern, struct slice text, bool nocase);
/* How many bytes of a text the glob names itself, whatever the rest of it takes. */
size_t slice_glob_literals(struct slice pattern);

/* The bytes of n slices together. */
static inline size_t slices_bytes(const struct slice *s, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += s[i].n;
    return bytes;
}

#endif
