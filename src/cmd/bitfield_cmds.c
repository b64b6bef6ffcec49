/* cmd/bitfield_cmds.c - BITFIELD: a string as an array of small integers. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/string.h"

enum field_op { FIELD_GET, FIELD_SET, FIELD_INCRBY };
enum overflow { WRAP, SAT, FAIL };

struct field {
    enum field_op op;
    enum overflow overflow;
    bool is_signed;
    unsigned bits;
    uint64_t at; /* of its first bit */
    int64_t value;
};

/* --- parsing --- */

static int parse_type(struct call *c, struct slice text, struct field *f)
{
    int64_t bits;

    f->is_signed = text.n && text.p[0] == 'i';
    if (text.n < 2 || (!f->is_signed && text.p[0] != 'u') ||
        !num_i64((struct slice){text.p + 1, text.n - 1}, &bits) || bits < 1 ||
        bits > (f->is_signed ? 64 : 63))
        return call_fail(c, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                            "supported but i64 is.");
    f->bits = (unsigned)bits;
    return OK;
}

static int parse_at(struct call *c, struct slice text, struct field *f)
{
    bool nth = text.n && text.p[0] == '#';
    int64_t at;

    if (nth)
        text = (struct slice){text.p + 1, text.n - 1};
    if (!num_i64(text, &at) || at < 0 || (nth && __builtin_mul_overflow(at, (int64_t)f->bits, &at)) ||
        ((uint64_t)at + f->bits - 1) / 8 >= c->service->config.proto_max_bulk_len)
        return call_fail(c, "ERR bit offset is not an integer or out of range");
    f->at = (uint64_t)at;
    return OK;
}

static int parse_overflow(struct call *c, struct slice word, enum overflow *out)
{
    static const char *const name[] = {[WRAP] = "WRAP", [SAT] = "SAT", [FAIL] = "FAIL"};

    for (int i = 0; i < 3; i++) {
        if (slice_is(word, name[i])) {
            *out = (enum overflow)i;
            return OK;
        }
    }
    return call_fail(c, "ERR Invalid OVERFLOW type specified");
}

/* The words of one operation from arg[*i] on, whose last one it is afterwards. */
static int parse_field(struct call *c, size_t *i, enum overflow overflow, struct field *f)
{
    static const char *const name[] = {[FIELD_GET] = "GET", [FIELD_SET] = "SET", [FIELD_INCRBY] = "INCRBY"};
    size_t more = c->n - *i - 1;
    int op = 0, err;

    while (op < 3 && !slice_is(c->arg[*i], name[op]))
        op++;
    if (op == 3 || more < (op == FIELD_GET ? 2 : 3))
        return ERR_SYNTAX;
    *f = (struct field){.op = (enum field_op)op, .overflow = overflow};
    if ((err = parse_type(c, c->arg[*i + 1], f)) != OK || (err = parse_at(c, c->arg[*i + 2], f)) != OK)
        return err;
    *i += 2;
    if (op != FIELD_GET && !num_i64(c->arg[++*i], &f->value))
        return ERR_INT;
    return OK;
}

static int parse_all(struct call *c, struct field *f, size_t *n)
{
    enum overflow overflow = WRAP;
    int err = OK;

    *n = 0;
    for (size_t i = 2; i < c->n && err == OK; i++) {
        if (slice_is(c->arg[i], "OVERFLOW") && i + 1 < c->n)
            err = parse_overflow(c, c->arg[++i], &overflow);
        else if ((err = parse_field(c, &i, overflow, &f[*n])) == OK)
            ++*n;
    }
    return err;
}

/* Bytes up to the last one that is written; 0: none is. */
static uint64_t written(const struct field *f, size_t n)
{
    uint64_t end = 0;

    for (size_t i = 0; i < n; i++)
        if (f[i].op != FIELD_GET && (f[i].at + f[i].bits + 7) / 8 > end)
            end = (f[i].at + f[i].bits + 7) / 8;
    return end;
}

/* --- reading and writing --- */

static uint64_t mask_of(unsigned bits)
{
    return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static int64_t extend(const struct field *f, uint64_t v)
{
    if (f->is_signed && f->bits < 64 && v >> (f->bits - 1) & 1)
        v |= ~mask_of(f->bits);
    return (int64_t)v;
}

static int64_t get(const struct field *f, const struct key *k)
{
    uint64_t v = 0;

    for (uint64_t bit = f->at; bit < f->at + f->bits; bit++) {
        bool on = k && bit / 8 < k->string->n && k->string->p[bit / 8] >> (7 - bit % 8) & 1;

        v = v << 1 | on;
    }
    return extend(f, v);
}

/* True if that changed something. */
static bool put(struct call *c, const struct field *f, const struct key *k, int64_t v)
{
    uint64_t first = f->at / 8, last = (f->at + f->bits - 1) / 8;
    unsigned char part[9] = {0};
    bool changed;

    for (uint64_t i = first; k && i <= last && i < k->string->n; i++)
        part[i - first] = (unsigned char)k->string->p[i];
    for (unsigned i = 0; i < f->bits; i++) {
        uint64_t bit = f->at + i - first * 8;
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);

        part[bit / 8] = (unsigned char)((uint64_t)v >> (f->bits - 1 - i) & 1 ? part[bit / 8] | mask
                                                                             : part[bit / 8] & ~mask);
    }
    changed = !k || last >= k->string->n || memcmp(k->string->p + first, part, last - first + 1) != 0;
    if (changed)
        change_splice(c->broker, c->db, c->arg[1], first, (struct slice){(char *)part, last - first + 1},
                      EVENT_NONE);
    return changed;
}

/* What a value outside the range of the field comes to; false: nothing is done. In 128 bits the sum of two
 * of 64 is exact. */
static bool fit(const struct field *f, __int128 v, int64_t *out)
{
    __int128 max = f->is_signed ? ((__int128)1 << (f->bits - 1)) - 1 : ((__int128)1 << f->bits) - 1;
    __int128 min = f->is_signed ? -max - 1 : 0;

    if (v >= min && v <= max)
        *out = (int64_t)v;
    else if (f->overflow == WRAP)
        *out = extend(f, (uint64_t)v & mask_of(f->bits));
    else if (f->overflow == SAT)
        *out = (int64_t)(v < min ? min : max);
    else
        return false;
    return true;
}

static __int128 operand(const struct field *f)
{
    /* Redis takes SET's number of an unsigned field as unsigned: a negative one is far too large. */
    return f->op == FIELD_SET && !f->is_signed ? (__int128)(uint64_t)f->value : f->value;
}

static int run_field(struct call *c, const struct field *f, bool *changed)
{
    int64_t old, v;
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    old = get(f, k);
    if (f->op == FIELD_GET) {
        reply_int(c->reply, old);
    } else if (!fit(f, f->op == FIELD_SET ? operand(f) : (__int128)old + operand(f), &v)) {
        reply_null(c->reply);
    } else {
        *changed |= put(c, f, k, v);
        reply_int(c->reply, f->op == FIELD_SET ? old : v);
    }
    return OK;
}

/* It has room for all that was to be written, whether an overflow forbade it or not: so it is in Redis. */
static void grow(struct call *c, uint64_t end)
{
    const struct key *k = key_write(c, c->arg[1]);

    if (end > (k ? k->string->n : 0))
        change_splice(c->broker, c->db, c->arg[1], end - 1, (struct slice){"", 1}, EVENT_NONE);
}

static int bitfield(struct call *c, bool read_only)
{
    struct field *f = mem_alloc(c->n * sizeof *f);
    size_t n;
    struct key *k;
    bool changed = false;
    int err = parse_all(c, f, &n);

    if (err == OK && read_only && written(f, n))
        err = call_fail(c, "ERR BITFIELD_RO only supports the GET subcommand");
    if (err == OK)
        err = written(f, n) ? key_write_as(c, c->arg[1], KEY_STRING, &k)
                            : key_read_as(c, c->arg[1], KEY_STRING, &k);
    if (err == OK)
        reply_array(c->reply, n);
    for (size_t i = 0; i < n && err == OK; i++)
        err = run_field(c, &f[i], &changed);
    if (err == OK)
        grow(c, written(f, n));
    if (changed) /* one event for all of them */
        event_tell(c->broker, c->db, c->arg[1], EVENT_SETBIT);
    mem_free(f);
    return err;
}

int cmd_bitfield(struct call *c)
{
    return bitfield(c, false);
}

int cmd_bitfield_ro(struct call *c)
{
    return bitfield(c, true);
}
