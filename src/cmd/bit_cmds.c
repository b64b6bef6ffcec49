/* cmd/bit_cmds.c - commands on the bits of strings; the first bit is the highest of the first byte. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/string.h"

static const unsigned char *bytes_of(const struct key *k, size_t *n)
{
    *n = k ? k->string->n : 0;
    return k ? (const unsigned char *)k->string->p : (const unsigned char *)"";
}

static int parse_offset(struct call *c, struct slice text, uint64_t *bit)
{
    int64_t v;

    if (!num_i64(text, &v) || v < 0 || (uint64_t)v / 8 >= c->service->config.proto_max_bulk_len)
        return call_fail(c, "ERR bit offset is not an integer or out of range");
    *bit = (uint64_t)v;
    return OK;
}

int cmd_getbit(struct call *c)
{
    const unsigned char *p;
    struct key *k;
    uint64_t bit = 0;
    size_t n;
    int err;

    if ((err = parse_offset(c, c->arg[2], &bit)) != OK ||
        (err = key_read_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    p = bytes_of(k, &n);
    reply_int(c->reply, bit / 8 < n ? p[bit / 8] >> (7 - bit % 8) & 1 : 0);
    return OK;
}

int cmd_setbit(struct call *c)
{
    unsigned char byte, mask;
    const unsigned char *p;
    struct key *k;
    uint64_t bit = 0;
    size_t n;
    int64_t on;
    int err;

    if ((err = parse_offset(c, c->arg[2], &bit)) != OK)
        return err;
    if (!num_i64(c->arg[3], &on) || on < 0 || on > 1)
        return call_fail(c, "ERR bit is not an integer or out of range");
    if ((err = key_write_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    p = bytes_of(k, &n);
    mask = (unsigned char)(0x80 >> bit % 8);
    byte = bit / 8 < n ? p[bit / 8] : 0;
    reply_int(c->reply, (byte & mask) != 0);
    if (bit / 8 < n && !(byte & mask) == !on)
        return OK;
    byte = (unsigned char)(on ? byte | mask : byte & ~mask);
    change_splice(c->broker, c->db, c->arg[1], bit / 8, (struct slice){(char *)&byte, 1}, EVENT_SETBIT);
    return OK;
}

/* --- BITCOUNT, BITPOS --- */

/* Bits first..last, both in it; empty when first > last. */
struct bit_range {
    int64_t first, last;
    bool bits;  /* given in bits, not bytes */
    bool ended; /* the end was given */
};

static int parse_unit(struct call *c, size_t at, struct bit_range *r)
{
    if (c->n <= at)
        return OK;
    r->bits = slice_is(c->arg[at], "BIT");
    return r->bits || slice_is(c->arg[at], "BYTE") ? OK : ERR_SYNTAX;
}

/* Negative places count from the end; then bits of the n bytes, clipped. */
static void settle(struct bit_range *r, int64_t n)
{
    int64_t all = r->bits ? n * 8 : n;

    r->first = r->first < 0 ? r->first + all : r->first;
    r->last = r->last < 0 ? r->last + all : r->last;
    r->first = r->first < 0 ? 0 : r->first;
    r->last = r->last < 0 ? 0 : r->last >= all ? all - 1 : r->last;
    if (!r->bits && r->first <= r->last) {
        r->first *= 8;
        r->last = r->last * 8 + 7;
    }
}

static bool bit_at(const unsigned char *p, int64_t bit)
{
    return p[bit / 8] >> (7 - bit % 8) & 1;
}

static int64_t count_bits(const unsigned char *p, int64_t first, int64_t last)
{
    int64_t n = 0;
    uint64_t word;

    for (; first <= last && first % 8; first++)
        n += bit_at(p, first);
    for (; last - first >= 63; first += 64) {
        memcpy(&word, p + first / 8, sizeof word);
        n += __builtin_popcountll(word);
    }
    for (; first <= last; first++)
        n += bit_at(p, first);
    return n;
}

/* A range that is upside down counts nothing, before its unit is looked at: as in Redis. */
static int count_parse(struct call *c, int64_t n, struct bit_range *r)
{
    int err;

    *r = (struct bit_range){.last = n - 1};
    if (c->n == 3 || c->n > 5)
        return ERR_SYNTAX;
    if (c->n > 3) {
        if (!num_i64(c->arg[2], &r->first) || !num_i64(c->arg[3], &r->last))
            return ERR_INT;
        if (r->first < 0 && r->last < 0 && r->first > r->last) {
            *r = (struct bit_range){.first = 1};
            return OK;
        }
    }
    if ((err = parse_unit(c, 4, r)) == OK)
        settle(r, n);
    return err;
}

int cmd_bitcount(struct call *c)
{
    const unsigned char *p;
    struct bit_range r;
    struct key *k;
    size_t n;
    int err = key_read_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    if (!k) {
        reply_int(c->reply, 0);
        return OK;
    }
    p = bytes_of(k, &n);
    if ((err = count_parse(c, (int64_t)n, &r)) != OK)
        return err;
    reply_int(c->reply, n && r.first <= r.last ? count_bits(p, r.first, r.last) : 0);
    return OK;
}

static int pos_parse(struct call *c, int64_t n, struct bit_range *r)
{
    int err;

    *r = (struct bit_range){.last = n - 1, .ended = c->n > 4};
    if (c->n > 6)
        return ERR_SYNTAX;
    if (c->n > 3 && !num_i64(c->arg[3], &r->first))
        return ERR_INT;
    if ((err = parse_unit(c, 5, r)) != OK)
        return err;
    if (r->ended && !num_i64(c->arg[4], &r->last))
        return ERR_INT;
    settle(r, n);
    return OK;
}

/* Eight bytes none of whose bits is `on`. */
static bool none_in_word(const unsigned char *p, bool on)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word == (on ? 0 : UINT64_MAX);
}

/* The first bit in a range that is `on`; -1: none. Whole words and bytes that have none are passed over. */
static int64_t find_bit(const unsigned char *p, bool on, int64_t first, int64_t last)
{
    unsigned char none = on ? 0 : 0xff;

    while (first <= last) {
        if (first % 8 == 0 && last - first >= 63 && none_in_word(p + first / 8, on))
            first += 64;
        else if (first % 8 == 0 && last - first >= 7 && p[first / 8] == none)
            first += 8;
        else if (bit_at(p, first) == on)
            return first;
        else
            first++;
    }
    return -1;
}

int cmd_bitpos(struct call *c)
{
    const unsigned char *p;
    struct bit_range r;
    struct key *k;
    int64_t on, at;
    size_t n;
    int err;

    if (!num_i64(c->arg[2], &on))
        return ERR_INT;
    if (on != 0 && on != 1)
        return call_fail(c, "ERR The bit argument must be 1 or 0.");
    if ((err = key_read_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    if (!k) {
        reply_int(c->reply, on ? -1 : 0);
        return OK;
    }
    p = bytes_of(k, &n);
    if ((err = pos_parse(c, (int64_t)n, &r)) != OK)
        return err;
    if (n == 0 || r.first > r.last) {
        reply_int(c->reply, -1);
        return OK;
    }
    at = find_bit(p, on, r.first, r.last);
    if (at < 0 && !on && !r.ended) /* a string goes on with zeros */
        at = (int64_t)n * 8;
    reply_int(c->reply, at);
    return OK;
}

/* --- BITOP --- */

enum bit_op { OP_AND, OP_OR, OP_XOR, OP_NOT };

static bool parse_op(struct slice word, enum bit_op *op)
{
    static const char *const name[] = {"AND", "OR", "XOR", "NOT"};

    for (int i = 0; i < 4; i++) {
        if (slice_is(word, name[i])) {
            *op = (enum bit_op)i;
            return true;
        }
    }
    return false;
}

static inline uint64_t mix(enum bit_op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_AND:
        return a & b;
    case OP_OR:
        return a | b;
    case OP_XOR:
        return a ^ b;
    case OP_NOT:
        break;
    }
    return ~b;
}

/* Eight bytes at a time: a string may have half a gigabyte. */
static void mix_bytes(enum bit_op op, char *to, const char *from, size_t n)
{
    size_t i = 0;
    uint64_t a, b;

    for (; n - i >= sizeof a; i += sizeof a) {
        memcpy(&a, to + i, sizeof a);
        memcpy(&b, from + i, sizeof b);
        a = mix(op, a, b);
        memcpy(to + i, &a, sizeof a);
    }
    for (; i < n; i++)
        to[i] = (char)mix(op, (uint64_t)to[i], (uint64_t)from[i]);
}

/* A source that is shorter than the n bytes of the result goes on with zeros. */
static void combine(enum bit_op op, char *to, size_t n, const struct slice *s, size_t sources)
{
    memcpy(to, s[0].p, s[0].n);
    memset(to + s[0].n, 0, n - s[0].n);
    if (op == OP_NOT)
        mix_bytes(op, to, s[0].p, n);
    for (size_t i = 1; i < sources; i++) {
        mix_bytes(op, to, s[i].p, s[i].n);
        if (op == OP_AND)
            memset(to + s[i].n, 0, n - s[i].n);
    }
}

/* The sources, for mem_free(), and the length of the longest. */
static int sources_of(struct call *c, struct slice **out, size_t *longest)
{
    struct slice *s = mem_alloc((c->n - 3) * sizeof *s);
    int err = OK;

    *longest = 0;
    for (size_t i = 3; i < c->n && err == OK; i++) {
        struct key *k;

        err = key_read_as(c, c->arg[i], KEY_STRING, &k);
        if (err != OK)
            break;
        s[i - 3] = k ? string_slice(k->string) : SLICE("");
        *longest = s[i - 3].n > *longest ? s[i - 3].n : *longest;
    }
    if (err != OK)
        mem_free(s);
    *out = s;
    return err;
}

int cmd_bitop(struct call *c)
{
    struct slice *s;
    enum bit_op op;
    char *result;
    size_t n;
    int err;

    if (!parse_op(c->arg[1], &op))
        return ERR_SYNTAX;
    if (op == OP_NOT && c->n != 4)
        return call_fail(c, "ERR BITOP NOT must be called with a single source key.");
    if ((err = sources_of(c, &s, &n)) != OK)
        return err;
    result = mem_alloc(n);
    combine(op, result, n, s, c->n - 3);
    mem_free(s);
    if (n)
        change_set(c->broker, c->db, c->arg[2], (struct slice){result, n}, -1, false, EVENT_SET);
    else if (key_write(c, c->arg[2]))
        change_del(c->broker, c->db, c->arg[2]);
    mem_free(result);
    reply_int(c->reply, (int64_t)n);
    return OK;
}
