/* base/num.h - numbers as text, the way the protocol and Redis' commands read and write them. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/slice.h"
#include <stdint.h>

#define NUM_MAX 21 /* longest decimal of 64 bits with a sign, without NUL */

/* Strict: the whole text, no spaces, no '+', no leading zeros but "0", no overflow. ("-0" is refused,
 * as Redis does.) */
bool num_i64(struct slice s, int64_t *out);
/* Stream ids: digits only, leading zeros allowed, no sign, no overflow, at least one digit. */
bool num_u64(struct slice s, uint64_t *out);
/* The digits a text begins with: how many, and what they come to. 0: none, or too large. */
size_t num_digits(struct slice s, uint64_t *out);
/* Those a text has from s.p[at] on (at <= s.n). What lies before them lets a few be read at once. */
size_t num_digits_at(struct slice s, size_t at, uint64_t *out);
/* Redis' float argument (strtold over the whole text, no leading space, no NaN; inf allowed). */
bool num_double(struct slice s, double *out);
/* The same for INCRBYFLOAT and HINCRBYFLOAT, which reckon in long double. */
bool num_long_double(struct slice s, long double *out);
/* "1kb" "4gb" "1m" "100": bytes, with Redis' memory units. Negative refused. */
bool num_bytes(struct slice s, uint64_t *out);

size_t num_put_u64(char *to, uint64_t v); /* at most 20 bytes, no NUL; the length */
size_t num_put_i64(char *to, int64_t v);
size_t num_put_double(char *to, size_t cap,
                      double v); /* shortest text that reads back the same; "inf" "-inf" "nan" */

/* Fixed notation, 17 digits behind the point without trailing zeros: what INCRBYFLOAT stores. At most
 * NUM_LONG_DOUBLE_MAX bytes, no NUL; the length. `v` is finite. */
size_t num_put_long_double(char *to, long double v);
#define NUM_LONG_DOUBLE_MAX 5120

/* LEB128: 7 bits a byte, low first. */
static inline size_t varint_put(uint8_t *to, uint64_t v)
{
    size_t n = 0;

    while (v >= 0x80) {
        to[n++] = (uint8_t)v | 0x80;
        v >>= 7;
    }
    to[n++] = (uint8_t)v;
    return n;
}

static inline const uint8_t *varint_get(const uint8_t *p, uint64_t *v)
{
    uint64_t r = *p & 0x7f;

    for (int shift = 7; *p++ & 0x80; shift += 7)
        r |= (uint64_t)(*p & 0x7f) << shift;
    *v = r;
    return p;
}
#define VARINT_MAX 10

static inline size_t varint_size(uint64_t v)
{
    return v < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(v)) / 7 + 1;
}

/* Differences of 64 bits, below 0 or not, as numbers that are small when the difference is. */
static inline uint64_t zigzag(uint64_t v)
{
    return v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

#endif
