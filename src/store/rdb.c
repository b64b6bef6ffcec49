/* store/rdb.c - see store/rdb.h. */
#include "store/rdb.h"
#include "base/crc64.h"
#include "base/err.h"
#include "base/lzf.h"
#include "base/mem.h"

/* LZF makes at most 264 bytes of 3. */
#define LZF_RATIO 88

/* What a string is when the two highest bits of its length are set. */
enum { FORM_INT8, FORM_INT16, FORM_INT32, FORM_LZF, FORM_PLAIN };

void rdb_open(struct rdb *r, struct slice all)
{
    *r = (struct rdb){.string_max = UINT32_MAX - 64, .ready = all.n};
    r->p = r->summed = (const uint8_t *)all.p;
    r->end = r->p + all.n;
}

void rdb_open_source(struct rdb *r, struct source *from)
{
    rdb_open(r, SLICE(""));
    r->from = from;
}

void rdb_close(struct rdb *r)
{
    buf_free(&r->text);
}

void rdb_fail(struct rdb *r, const char *why)
{
    if (r->err)
        return;
    r->err = ERR_FORMAT;
    r->why = why;
}

uint64_t rdb_at(const struct rdb *r)
{
    return r->ready - (uint64_t)(r->end - r->p);
}

uint64_t rdb_sum(struct rdb *r)
{
    r->sum = crc64(r->sum, r->summed, (size_t)(r->p - r->summed));
    r->summed = r->p;
    return r->sum;
}

/* At least n bytes lie ready. */
static bool need(struct rdb *r, uint64_t n)
{
    uint64_t at = rdb_at(r);
    const char *p;
    size_t got;

    if (r->err)
        return false;
    if (n <= (uint64_t)(r->end - r->p))
        return true;
    if (r->from) {
        rdb_sum(r);
        if ((r->err = r->from->get(r->from, at, n, &p, &got)) != OK)
            return false;
        r->p = r->summed = (const uint8_t *)p;
        r->end = r->p + got;
        r->ready = at + got;
    }
    if (n > (uint64_t)(r->end - r->p))
        rdb_fail(r, "it ends too early");
    return !r->err;
}

struct slice rdb_bytes(struct rdb *r, uint64_t n)
{
    struct slice s = SLICE("");

    if (!need(r, n))
        return s;
    s = (struct slice){(const char *)r->p, (size_t)n};
    r->p += n;
    return s;
}

uint64_t rdb_be(struct rdb *r, unsigned bytes)
{
    uint64_t v = 0;

    if (!need(r, bytes))
        return 0;
    while (bytes--)
        v = v << 8 | *r->p++;
    return v;
}

uint64_t rdb_le(struct rdb *r, unsigned bytes)
{
    uint64_t v = 0;

    if (!need(r, bytes))
        return 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)*r->p++ << 8 * i;
    return v;
}

unsigned rdb_byte(struct rdb *r)
{
    return (unsigned)rdb_be(r, 1);
}

double rdb_double(struct rdb *r)
{
    uint64_t bits = rdb_le(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* FORM_PLAIN and a length, or the form of a string that has none. */
static unsigned read_length(struct rdb *r, uint64_t *n)
{
    unsigned first = rdb_byte(r);

    *n = 0;
    switch (first >> 6) {
    case 0:
        *n = first;
        return FORM_PLAIN;
    case 1:
        *n = (uint64_t)(first & 63) << 8 | rdb_byte(r);
        return FORM_PLAIN;
    case 2:
        if (first > 0x81)
            rdb_fail(r, "there is no such form of a length");
        *n = rdb_be(r, first == 0x81 ? 8 : 4);
        return FORM_PLAIN;
    default:
        if ((first & 63) > FORM_LZF)
            rdb_fail(r, "there is no such form of a string");
        return first & 63;
    }
}

uint64_t rdb_length(struct rdb *r)
{
    uint64_t n;

    if (read_length(r, &n) != FORM_PLAIN)
        rdb_fail(r, "a string where a length should be");
    return r->err ? 0 : n;
}

static struct slice unpack(struct rdb *r)
{
    uint64_t packed = rdb_length(r), n = rdb_length(r);
    struct slice s;

    if (n > r->string_max)
        rdb_fail(r, "a string is too long");
    s = rdb_bytes(r, packed);
    if (n / LZF_RATIO > packed)
        rdb_fail(r, "a packed string cannot hold that much");
    if (r->err)
        return SLICE("");
    r->text.n = 0;
    if (!lzf_unpack(s, buf_reserve(&r->text, (size_t)n + 1), (size_t)n)) {
        rdb_fail(r, "a packed string does not unpack");
        return SLICE("");
    }
    r->text.n = (size_t)n;
    return n ? buf_slice(&r->text) : SLICE("");
}

static struct slice number(struct rdb *r, unsigned form)
{
    unsigned bytes = 1u << form;
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    int64_t v = (int64_t)((rdb_le(r, bytes) ^ sign) - sign);

    return (struct slice){r->digits, r->err ? 0 : num_put_i64(r->digits, v)};
}

bool rdb_may_go_on(struct rdb *r)
{
    if (!r->err && r->memory_max && mem_used() > r->memory_max)
        r->err = ERR_OOM;
    return !r->err;
}

struct slice rdb_string(struct rdb *r)
{
    uint64_t n;
    unsigned form = read_length(r, &n);

    if (!rdb_may_go_on(r))
        return SLICE("");
    if (form == FORM_LZF)
        return unpack(r);
    if (form != FORM_PLAIN)
        return number(r, form);
    if (n > r->string_max)
        rdb_fail(r, "a string is too long");
    return rdb_bytes(r, n);
}
