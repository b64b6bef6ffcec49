/* cmd/function_dump.c - FUNCTION DUMP and RESTORE: libraries in the form of an RDB file.
 *
 *   245 string ... version(2) crc64(8)        each string the text of a library; numbers low byte first
 *
 * What is restored comes from anywhere: every length is checked against what there is. */
#include "base/crc64.h"
#include "base/err.h"
#include "base/lzf.h"
#include "base/mem.h"
#include "broker/library.h"
#include "cmd/scripts.h"
#include "handlers.h"
#include "script_cache.h"

#define OPCODE_FUNCTION        245
#define OPCODE_FUNCTION_PRE_GA 246
#define RDB_WRITTEN            10 /* what every Redis with functions reads */
#define RDB_READ               12
#define TRAILER                10
#define TEXT_MAX               ((uint64_t)512 << 20) /* of one library */

/* --- DUMP --- */

static void put_le(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_add_char(b, (char)(v >> 8 * i));
}

static void put_length(struct buf *b, uint64_t n)
{
    if (n < 64) {
        buf_add_char(b, (char)n);
    } else if (n < 16384) {
        buf_add_char(b, (char)(0x40 | n >> 8));
        buf_add_char(b, (char)n);
    } else {
        buf_add_char(b, (char)0x80);
        for (int i = 3; i >= 0; i--)
            buf_add_char(b, (char)(n >> 8 * i));
    }
}

int cmd_function_dump(struct call *c)
{
    struct buf b = {0};
    struct dict_iter it;
    const struct library *l;

    dict_iter_begin(&it, &c->broker->libraries);
    while ((l = dict_iter_next(&it))) {
        buf_add_char(&b, (char)OPCODE_FUNCTION);
        put_length(&b, l->code_len);
        buf_add_slice(&b, library_code(l));
    }
    dict_iter_end(&it);
    put_le(&b, RDB_WRITTEN, 2);
    put_le(&b, crc64(0, b.p, b.n), 8);
    reply_bulk(c->reply, buf_slice(&b));
    buf_free(&b);
    return OK;
}

/* --- RESTORE: reading --- */

static uint64_t le_at(const char *p, int bytes)
{
    uint64_t v = 0;

    while (bytes--)
        v = v << 8 | (uint8_t)p[bytes];
    return v;
}

static bool sound(struct slice dump)
{
    uint64_t version;

    if (dump.n < TRAILER)
        return false;
    version = le_at(dump.p + dump.n - TRAILER, 2);
    return version <= RDB_READ && le_at(dump.p + dump.n - 8, 8) == crc64(0, dump.p, dump.n - 8);
}

static bool take_byte(struct slice *in, unsigned *v)
{
    if (!in->n)
        return false;
    *v = (uint8_t)*in->p++;
    in->n--;
    return true;
}

static bool take_be(struct slice *in, int bytes, uint64_t *v)
{
    unsigned byte;

    for (*v = 0; bytes--; *v = *v << 8 | byte)
        if (!take_byte(in, &byte))
            return false;
    return true;
}

/* `kind`: what is no length but says how a string is packed; -1: it is a length. */
static bool take_length(struct slice *in, uint64_t *n, int *kind)
{
    unsigned first;

    *kind = -1;
    if (!take_byte(in, &first))
        return false;
    switch (first >> 6) {
    case 0:
        *n = first & 63;
        return true;
    case 1:
        if (!take_be(in, 1, n))
            return false;
        *n |= (uint64_t)(first & 63) << 8;
        return true;
    case 2:
        return first == 0x80 ? take_be(in, 4, n) : first == 0x81 && take_be(in, 8, n);
    default:
        *kind = (int)(first & 63);
        return true;
    }
}

/* A library's text, for buf_free(): as it is, or packed with LZF. (No text is a number.) */
static bool take_text(struct slice *in, struct buf *text)
{
    uint64_t n, packed;
    int kind;

    if (!take_length(in, &n, &kind))
        return false;
    if (kind == 3) {
        int other;

        if (!take_length(in, &packed, &kind) || kind >= 0 || !take_length(in, &n, &other) || other >= 0 ||
            packed > in->n || n > TEXT_MAX || n / 300 > packed)
            return false;
        if (!lzf_unpack((struct slice){in->p, (size_t)packed}, buf_reserve(text, (size_t)n), (size_t)n))
            return false;
        text->n = (size_t)n;
        in->p += packed;
        in->n -= packed;
        return true;
    }
    if (kind >= 0 || n > in->n)
        return false;
    buf_add(text, in->p, (size_t)n);
    in->p += n;
    in->n -= n;
    return true;
}

/* --- RESTORE: what comes of it --- */

enum restore_how { APPEND, REPLACE, FLUSH };

/* Libraries that are compiled, and not there yet; and what they are called, to find what comes twice. */
struct restored {
    struct compiled_library *l;
    struct buf text;
};
struct restoring {
    struct call *c;
    struct restored *v;
    size_t n, cap;
    struct dict libraries, functions;
};

static void begin(struct restoring *r, struct call *c)
{
    *r = (struct restoring){.c = c};
    dict_init(&r->libraries, &compiled_library_type, &c->broker->seed);
    dict_init(&r->functions, &compiled_function_type, &c->broker->seed);
}

static void drop(struct restoring *r)
{
    dict_clear(&r->libraries);
    dict_clear(&r->functions);
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].l)
            functions_free(r->c->service, r->v[i].l);
        buf_free(&r->v[i].text);
    }
    mem_free(r->v);
}

static struct restored *add(struct restoring *r)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 4;
        r->v = mem_realloc(r->v, r->cap * sizeof *r->v);
    }
    r->v[r->n] = (struct restored){0};
    return &r->v[r->n++];
}

static int read_one(struct restoring *r, struct slice *in)
{
    struct restored *one;
    struct buf why = {0};
    unsigned opcode;

    take_byte(in, &opcode);
    if (opcode == OPCODE_FUNCTION_PRE_GA)
        return call_fail(r->c, "ERR Pre-GA function format not supported");
    if (opcode != OPCODE_FUNCTION)
        return call_fail(r->c, "ERR given type is not a function");
    one = add(r);
    if (!take_text(in, &one->text))
        return call_fail(r->c, "ERR Failed loading library code");
    if (functions_compile(r->c->service, buf_slice(&one->text), false, &one->l, &why) != OK) {
        one->l = NULL;
        call_fail(r->c, "ERR %.*s", SLICE_ARG(buf_slice(&why)));
        buf_free(&why);
        return ERR_REPLIED;
    }
    return OK;
}

/* Within the dump, no name comes twice. */
static int check_among(struct restoring *r, struct compiled_library *l)
{
    if (dict_find(&r->libraries, l->name))
        return call_fail(r->c, "ERR Library '%.*s' already exists", SLICE_ARG(l->name));
    dict_add(&r->libraries, l);
    for (size_t i = 0; i < l->functions.n; i++) {
        const struct script_function *f = &l->functions.function[i];

        if (!compiled_function_add(&r->functions, f, l))
            return call_fail(r->c, "ERR Function %s already exists", f->name);
    }
    return OK;
}

/* Against those that are there and stay. */
static int check_others(struct restoring *r, const struct compiled_library *l, enum restore_how policy)
{
    if (policy == APPEND && functions_library(r->c->service, l->name))
        return call_fail(r->c, "ERR Library %.*s already exists", SLICE_ARG(l->name));
    for (size_t i = 0; i < l->functions.n; i++) {
        const char *name = l->functions.function[i].name;
        const struct compiled_function *f = functions_find(r->c->service, slice_of(name));

        if (f && !dict_find(&r->libraries, f->of->name))
            return call_fail(r->c, "ERR Function %s already exists", name);
    }
    return OK;
}

static int check(struct restoring *r, enum restore_how policy)
{
    int err = OK;

    for (size_t i = 0; i < r->n && err == OK; i++)
        err = check_among(r, r->v[i].l);
    for (size_t i = 0; i < r->n && err == OK && policy != FLUSH; i++)
        err = check_others(r, r->v[i].l, policy);
    return err;
}

/* Those that go, go first: a function may move from one library to another. */
static void restore(struct restoring *r, enum restore_how policy)
{
    struct service *s = r->c->service;

    if (policy == FLUSH) {
        functions_unlink_all(s);
        change_library_flush(r->c->broker);
    }
    for (size_t i = 0; i < r->n; i++) {
        struct slice name = r->v[i].l->name;

        if (!functions_library(s, name))
            continue;
        functions_unlink(s, name);
        change_library_delete(r->c->broker, name);
    }
    for (size_t i = 0; i < r->n; i++) {
        change_library_set(r->c->broker, r->v[i].l->name, buf_slice(&r->v[i].text));
        functions_link(s, r->v[i].l);
        r->v[i].l = NULL;
    }
}

static int parse_policy(struct call *c, enum restore_how *policy)
{
    static const char *const names[] = {"APPEND", "REPLACE", "FLUSH"};

    *policy = APPEND;
    for (int i = 0; c->n == 4 && i < 3; i++) {
        if (slice_is(c->arg[3], names[i])) {
            *policy = (enum restore_how)i;
            return OK;
        }
    }
    return c->n == 3
               ? OK
               : call_fail(
                     c, "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
}

int cmd_function_restore(struct call *c)
{
    struct restoring r;
    struct slice in = c->arg[2];
    enum restore_how policy;
    int err;

    if (c->n > 4)
        return call_bad_subcommand(c);
    if ((err = parse_policy(c, &policy)) != OK)
        return err;
    if (!sound(in))
        return call_fail(c, "ERR DUMP payload version or checksum are wrong");
    in.n -= TRAILER;
    begin(&r, c);
    while (in.n && err == OK)
        err = read_one(&r, &in);
    if (err == OK)
        err = check(&r, policy);
    if (err == OK) {
        restore(&r, policy);
        reply_ok(c->reply);
    }
    drop(&r);
    return err;
}
