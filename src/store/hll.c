/* store/hll.c - see store/hll.h. */
#include "store/hll.h"

#include <math.h>

#define INDEX_BITS  14
#define RANK_MAX    (64 - INDEX_BITS + 1)
#define SPARSE_RANK 32 /* more than that is not to be said in a run */
#define ZERO_MAX    64 /* registers in a short run of zeros */
#define VALUE_MAX   4  /* in one of another value */

/* --- the head --- */

static bool is_dense(struct slice s)
{
    return s.p[4] == 0;
}

bool hll_valid(struct slice s)
{
    return s.n >= HLL_HEAD && memcmp(s.p, "HYLL", 4) == 0 && (unsigned char)s.p[4] <= 1 &&
           (!is_dense(s) || s.n == HLL_DENSE);
}

bool hll_dense(struct slice s)
{
    return is_dense(s);
}

bool hll_known(struct slice s, uint64_t *count)
{
    *count = 0;
    for (int i = 7; i >= 0; i--)
        *count = *count << 8 | (unsigned char)s.p[8 + i];
    return !((unsigned char)s.p[HLL_COUNT_END] & 0x80);
}

/* --- dense --- */

static uint8_t dense_get(const unsigned char *p, unsigned reg)
{
    unsigned at = reg * 6 / 8, shift = reg * 6 % 8;
    unsigned v = p[at] >> shift;

    if (shift > 2)
        v |= (unsigned)p[at + 1] << (8 - shift);
    return v & 63;
}

uint8_t hll_get(struct slice dense, unsigned reg)
{
    return dense_get((const unsigned char *)dense.p + HLL_HEAD, reg);
}

/* The last register ends with the last byte: the two bytes are that and the one before it. */
void hll_put(struct slice dense, unsigned reg, uint8_t rank, size_t *at, char bytes[2])
{
    unsigned bit = reg * 6, pair;

    *at = HLL_HEAD + bit / 8;
    bit %= 8;
    if (*at + 2 > dense.n) {
        --*at;
        bit += 8;
    }
    pair = (unsigned char)dense.p[*at] | (unsigned)(unsigned char)dense.p[*at + 1] << 8;
    pair = (pair & ~(63u << bit)) | (unsigned)rank << bit;
    bytes[0] = (char)(pair & 0xff);
    bytes[1] = (char)(pair >> 8);
}

/* --- sparse: 00nnnnnn zeros; 01nnnnnn nnnnnnnn zeros; 1vvvvvnn of one value; all but one --- */

struct run {
    size_t bytes, n;
    uint8_t value;
};

static bool run_read(const unsigned char *p, size_t left, struct run *r)
{
    if (p[0] & 0x80)
        *r = (struct run){1, (p[0] & 3u) + 1, (uint8_t)((p[0] >> 2 & 31) + 1)};
    else if (p[0] & 0x40)
        *r = (struct run){2, left > 1 ? ((p[0] & 63u) << 8 | p[1]) + 1 : 0, 0};
    else
        *r = (struct run){1, (p[0] & 63u) + 1, 0};
    return r->bytes <= left;
}

static bool merge_sparse(struct hll *h, const unsigned char *p, size_t n)
{
    size_t reg = 0;
    struct run r;

    for (size_t at = 0; at < n; at += r.bytes) {
        if (!run_read(p + at, n - at, &r) || r.n > HLL_REGISTERS - reg)
            return false;
        for (size_t end = reg + r.n; reg < end; reg++)
            h->reg[reg] = h->reg[reg] > r.value ? h->reg[reg] : r.value;
    }
    return reg == HLL_REGISTERS;
}

static void run_write(struct buf *out, uint8_t value, size_t n)
{
    if (value) {
        buf_add_char(out, (char)(0x80 | (value - 1) << 2 | (int)(n - 1)));
    } else if (n <= ZERO_MAX) {
        buf_add_char(out, (char)(n - 1));
    } else {
        buf_add_char(out, (char)(0x40 | (n - 1) >> 8));
        buf_add_char(out, (char)((n - 1) & 0xff));
    }
}

/* False: it cannot be said so. */
static bool write_sparse(const struct hll *h, size_t max, struct buf *out)
{
    size_t before = out->n - HLL_HEAD;

    for (size_t reg = 0, end; reg < HLL_REGISTERS; reg = end) {
        uint8_t v = h->reg[reg];
        size_t most = v ? VALUE_MAX : HLL_REGISTERS;

        for (end = reg + 1; end < HLL_REGISTERS && end - reg < most && h->reg[end] == v;)
            end++;
        run_write(out, v, end - reg);
        if (v > SPARSE_RANK || out->n - before > max)
            return false;
    }
    return true;
}

/* --- both --- */

bool hll_merge(struct hll *h, struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p + HLL_HEAD;

    if (!is_dense(s))
        return merge_sparse(h, p, s.n - HLL_HEAD);
    for (unsigned i = 0; i < HLL_REGISTERS; i++) {
        uint8_t v = dense_get(p, i);

        h->reg[i] = h->reg[i] > v ? h->reg[i] : v;
    }
    return true;
}

static void write_dense(const struct hll *h, struct buf *out)
{
    unsigned char *p = (unsigned char *)buf_reserve(out, HLL_DENSE - HLL_HEAD);

    memset(p, 0, HLL_DENSE - HLL_HEAD);
    for (unsigned i = 0; i < HLL_REGISTERS; i++) {
        unsigned at = i * 6 / 8, pair = (unsigned)h->reg[i] << i * 6 % 8;

        p[at] |= (unsigned char)pair;
        if (pair >> 8)
            p[at + 1] |= (unsigned char)(pair >> 8);
    }
    out->n += HLL_DENSE - HLL_HEAD;
}

void hll_write(const struct hll *h, bool dense, size_t sparse_max, struct buf *out)
{
    size_t start = out->n;

    buf_add(out, "HYLL\1\0\0\0\0\0\0\0\0\0\0\x80", HLL_HEAD);
    if (!dense && write_sparse(h, sparse_max, out))
        return;
    out->n = start + HLL_HEAD;
    out->p[start + 4] = 0;
    write_dense(h, out);
}

/* --- elements --- */

/* MurmurHash64A: an element has to go to the same register as in Redis. */
static uint64_t murmur(struct slice s, uint64_t seed)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    uint64_t h = seed ^ s.n * m, k;
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8) {
        k = 0;
        for (int b = 7; b >= 0; b--)
            k = k << 8 | (unsigned char)s.p[i + (size_t)b];
        k *= m;
        k ^= k >> 47;
        h = (h ^ k * m) * m;
    }
    if (i < s.n) {
        k = 0;
        for (size_t b = s.n; b > i; b--)
            k = k << 8 | (unsigned char)s.p[b - 1];
        h = (h ^ k) * m;
    }
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

unsigned hll_place(struct slice element, uint8_t *rank)
{
    uint64_t h = murmur(element, 0xadc83b19);

    *rank = (uint8_t)(1 + __builtin_ctzll(h >> INDEX_BITS | UINT64_C(1) << (RANK_MAX - 1)));
    return h & (HLL_REGISTERS - 1);
}

/* --- the estimate of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" --- */

static double sigma(double x)
{
    double before, y = 1, z = x;

    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    double before, y = 1, z = 1 - x;

    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

uint64_t hll_count(const struct hll *h)
{
    const double m = HLL_REGISTERS, alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    unsigned of[64] = {0};
    double z;

    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        of[h->reg[i] & 63]++;
    z = m * tau((m - of[RANK_MAX]) / m);
    for (int rank = RANK_MAX - 1; rank >= 1; rank--)
        z = (z + of[rank]) * 0.5;
    z += m * sigma(of[0] / m);
    return (uint64_t)llroundl(alpha * m * m / z);
}
