/* base/num.c - numbers as text. */
#include "base/num.h"
#include "base/mem.h"
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DOUBLE_TEXT_MAX 5120 /* longest float argument, as in Redis */

#define BYTES(x) (UINT64_C(0x0101010101010101) * (x))

/* Eight bytes of text at once, side by side in a word: how many digits, at most `most`, they begin with, and
 * what those come to. (Pairs, fours, then the eight are folded by multiplications; after Daniel Lemire,
 * "Quickly parsing eight digits", 2018.) */
static inline unsigned some_digits(uint64_t text, unsigned most, uint64_t *v)
{
    uint64_t d = text ^ BYTES('0');
    uint64_t other = (d | (d + BYTES(0x80 - 10))) & BYTES(0x80); /* right up to the first that is no digit */
    unsigned n = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;

    n = n < most ? n : most;
    if (n == 0)
        return 0;
    d <<= 64 - 8 * n; /* zeros come in front */
    d = (d * 2561 >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    d = (d * 6553601 >> 16) & UINT64_C(0x0000ffff0000ffff);
    *v = d * UINT64_C(42949672960001) >> 32;
    return n;
}

static inline uint64_t eight_bytes(const char *p)
{
    uint64_t text;

    memcpy(&text, p, sizeof text);
    return le64toh(text);
}

/* Goes on behind the first n, which came to v; here each step may overflow. */
static size_t long_digits(struct slice s, size_t n, uint64_t v, uint64_t *out)
{
    for (; n < s.n; n++) {
        unsigned digit = (unsigned char)s.p[n] - '0';

        if (digit > 9)
            break;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return 0;
    }
    *out = v;
    return n;
}

/* Where less than eight bytes are left, the last eight are looked at. */
static size_t digits_by_eight(struct slice s, uint64_t *out)
{
    static const uint32_t ten[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t v = 0, low;
    unsigned left, n = some_digits(eight_bytes(s.p), 8, &v);

    if (n < 8 || s.n == 8) {
        *out = v;
        return n;
    }
    left = s.n < 16 ? (unsigned)s.n - 8 : 8;
    n = some_digits(eight_bytes(s.p + left) >> 8 * (8 - left), left, &low);
    if (n)
        v = v * ten[n] + low;
    if (n == 8 && s.n > 16)
        return long_digits(s, 16, v, out);
    *out = v;
    return 8 + n;
}

size_t num_digits(struct slice s, uint64_t *out)
{
    uint64_t v = 0;
    size_t n = 0;

    if (s.n >= 8)
        return digits_by_eight(s, out);
    for (; n < s.n; n++) {
        unsigned digit = (unsigned char)s.p[n] - '0';

        if (digit > 9)
            break;
        v = v * 10 + digit;
    }
    *out = v;
    return n;
}

size_t num_digits_at(struct slice s, size_t at, uint64_t *out)
{
    size_t left = s.n - at;

    if (left == 0 || left >= 8 || s.n < 8)
        return num_digits((struct slice){s.p + at, left}, out);
    return some_digits(eight_bytes(s.p + s.n - 8) >> 8 * (8 - left), (unsigned)left, out);
}

bool num_u64(struct slice s, uint64_t *out)
{
    uint64_t v;
    size_t n = num_digits(s, &v);

    if (n == 0 || n != s.n)
        return false;
    *out = v;
    return true;
}

bool num_i64(struct slice s, int64_t *out)
{
    bool neg;
    struct slice digits;
    uint64_t v;

    if (s.n == 0)
        return false;
    neg = s.p[0] == '-';
    digits = (struct slice){s.p + neg, s.n - neg};
    if (digits.n == 1 && digits.p[0] == '0' && !neg) {
        *out = 0;
        return true;
    }
    if (digits.n == 0 || digits.p[0] == '0' || !num_u64(digits, &v) || v > (uint64_t)INT64_MAX + neg)
        return false;
    *out = neg ? (int64_t)-v : (int64_t)v;
    return true;
}

bool num_double(struct slice s, double *out)
{
    char text[DOUBLE_TEXT_MAX + 1];
    char *end;
    double v;

    if (s.n == 0 || s.n > DOUBLE_TEXT_MAX || isspace((unsigned char)s.p[0]))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    errno = 0;
    v = strtod(text, &end);
    if (end != text + s.n || isnan(v) || (errno == ERANGE && (isinf(v) || v == 0)))
        return false;
    *out = v;
    return true;
}

bool num_long_double(struct slice s, long double *out)
{
    char text[NUM_LONG_DOUBLE_MAX];
    char *end;
    long double v;

    if (s.n == 0 || s.n >= sizeof text || isspace((unsigned char)s.p[0]))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    errno = 0;
    v = strtold(text, &end);
    if (end != text + s.n || isnan(v) || (errno == ERANGE && (isinf(v) || v == 0)))
        return false;
    *out = v;
    return true;
}

size_t num_put_long_double(char *to, long double v)
{
    char text[NUM_LONG_DOUBLE_MAX + 1];
    size_t n = (size_t)snprintf(text, sizeof text, "%.17Lf", v);

    while (text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    if (n == 2 && memcmp(text, "-0", 2) == 0)
        memmove(text, text + 1, --n);
    memcpy(to, text, n);
    return n;
}

bool num_bytes(struct slice s, uint64_t *out)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
        {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30},
    };
    struct slice unit;
    size_t digits = 0;
    uint64_t v;

    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (!num_u64((struct slice){s.p, digits}, &v))
        return false;
    unit = (struct slice){s.p + digits, s.n - digits};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (slice_is(unit, units[i].name))
            return !__builtin_mul_overflow(v, units[i].bytes, out);
    return false;
}

static const char pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

static inline void put_pair(char *to, unsigned v)
{
    memcpy(to, pairs + v * 2, 2);
}

static inline void put_four(char *to, unsigned v)
{
    put_pair(to, v / 100);
    put_pair(to + 2, v % 100);
}

/* v < 10000 without leading zeros. */
static inline size_t put_few(char *to, unsigned v)
{
    unsigned high = v < 100 ? v : v / 100;
    size_t n = high < 10 ? 1 : 2;

    if (n == 1)
        *to = (char)('0' + high);
    else
        put_pair(to, high);
    if (v < 100)
        return n;
    put_pair(to + n, v % 100);
    return n + 2;
}

/* The last eight digits, behind the others. (Apart, so that short numbers save no registers.) */
__attribute__((noinline)) static size_t put_long(char *to, uint64_t v)
{
    size_t n = num_put_u64(to, v / 100000000);
    unsigned low = (unsigned)(v % 100000000);

    put_four(to + n, low / 10000);
    put_four(to + n + 4, low % 10000);
    return n + 8;
}

size_t num_put_u64(char *to, uint64_t v)
{
    size_t n;

    if (v >= 100000000)
        return put_long(to, v);
    if (v < 10000)
        return put_few(to, (unsigned)v);
    n = put_few(to, (unsigned)v / 10000);
    put_four(to + n, (unsigned)v % 10000);
    return n + 4;
}

size_t num_put_i64(char *to, int64_t v)
{
    if (v >= 0)
        return num_put_u64(to, (uint64_t)v);
    *to = '-';
    return 1 + num_put_u64(to + 1, -(uint64_t)v);
}

/* The fewest digits that read back as v, which is finite and above zero: v = digits * 10^exp10. With 15
 * the first try is enough for what people write; a subnormal has fewer to give. */
static int shortest_digits(double v, char digits[18], int *exp10)
{
    char text[32];
    int n;

    for (int precision = v < DBL_MIN ? 1 : 15;; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, v); /* d.ddde[+-]xx */
        if (precision == 17 || strtod(text, NULL) == v) {
            n = precision;
            break;
        }
    }
    digits[0] = text[0];
    if (n > 1)
        memcpy(digits + 1, text + 2, (size_t)n - 1);
    *exp10 = atoi(strchr(text, 'e') + 1) - (n - 1);
    while (n > 1 && digits[n - 1] == '0') {
        n--;
        ++*exp10;
    }
    digits[n] = '\0';
    return n;
}

/* Redis 7.2's choice of form: digits and zeros, a decimal point, or an exponent. */
static int put_digits(char *to, size_t cap, const char *digits, int n, int exp10)
{
    int exponent = exp10 + n - 1; /* of the first digit */
    int whole = n + exp10;        /* digits before the point */

    if (exp10 >= 0 && exp10 < 8)
        return snprintf(to, cap, "%s%.*s", digits, exp10, "0000000");
    if (exp10 < 0 && (exp10 > -7 || abs(exponent) < 4)) {
        if (whole > 0)
            return snprintf(to, cap, "%.*s.%s", whole, digits, digits + whole);
        return snprintf(to, cap, "0.%.*s%s", -whole, "0000000", digits);
    }
    return snprintf(to, cap, "%c%s%se%c%d", digits[0], n > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
                    abs(exponent));
}

/* A double that is a whole number well inside 64 bits is written as one. */
static bool as_integer(double v, int64_t *out)
{
    if (!(v >= -0x1p62 && v <= 0x1p62))
        return false;
    *out = (int64_t)v;
    return (double)*out == v;
}

size_t num_put_double(char *to, size_t cap, double v)
{
    char text[40], digits[18];
    size_t n;
    int64_t whole;

    if (isnan(v)) {
        n = (size_t)sprintf(text, "nan");
    } else if (isinf(v)) {
        n = (size_t)sprintf(text, v < 0 ? "-inf" : "inf");
    } else if (v == 0) {
        n = (size_t)sprintf(text, signbit(v) ? "-0" : "0");
    } else if (as_integer(v, &whole)) {
        n = num_put_i64(text, whole);
    } else {
        int exp10, len = shortest_digits(fabs(v), digits, &exp10);

        text[0] = '-';
        n = (size_t)(v < 0) + (size_t)put_digits(text + (v < 0), sizeof(text) - 1, digits, len, exp10);
    }
    must(n <= cap);
    memcpy(to, text, n);
    return n;
}
