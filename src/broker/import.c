/* broker/import.c - see broker/import.h. A file is "REDIS" and four digits, then one thing after the other,
 * each behind a byte that says what it is: a key's type, or one of the codes below. */
#include "broker/import.h"
#include "base/err.h"
#include "base/mem.h"
#include "broker/change.h"
#include "store/rdb_value.h"

#include <ctype.h>
#include <inttypes.h>

enum code {
    CODE_SLOT = 244,     /* of a cluster, and two sizes */
    CODE_FUNCTION = 245, /* the text of a library */
    CODE_FUNCTION_OLD,   /* as before Redis 7.0 was released */
    CODE_MODULE,         /* what a module wants to be kept */
    CODE_IDLE,           /* of the next key */
    CODE_FREQ,
    CODE_ABOUT, /* a name and a value about the file */
    CODE_SIZES, /* of the database */
    CODE_EXPIRY_MS,
    CODE_EXPIRY_S,
    CODE_SELECT,
    CODE_END, /* and the check sum */
};

struct import {
    struct broker *b;
    const struct import_how *how;
    struct import_report *report;
    struct buf *why;
    struct rdb r;
    int db;
    msec at; /* when the next key expires; -1: never */
    struct buf name;
    bool in_key; /* `name` is the key that is read */
};

/* --- what is wrong --- */

static void add_printable(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (isprint(c) && c != '"' && c != '\\')
            buf_add_char(b, (char)c);
        else
            buf_addf(b, "\\x%02x", c);
    }
}

/* Places the error: the byte and, if it was in one, the key. */
static void explain(struct import *in)
{
    if (in->r.err != ERR_FORMAT || in->why->n)
        return;
    buf_addf(in->why, "at byte %" PRIu64 ", ", rdb_at(&in->r));
    if (in->in_key) {
        buf_add_str(in->why, "in the key \"");
        add_printable(in->why, buf_slice(&in->name));
        buf_addf(in->why, "\" of database %d, ", in->db);
    }
    buf_add_str(in->why, in->r.why);
}

static void refuse(struct import *in, const char *what)
{
    buf_add_str(in->why, what);
    rdb_fail(&in->r, what);
}

static void refuse_type(struct import *in, unsigned type)
{
    const char *name = rdb_form_name(type);

    if (in->r.err)
        return;
    buf_add_str(in->why, "the key \"");
    add_printable(in->why, buf_slice(&in->name));
    buf_addf(in->why, "\" of database %d is of type %u, %s, which cannot be read", in->db, type,
             name ? name : "one that this version does not know");
    rdb_fail(&in->r, "type");
}

/* --- keys --- */

static void put_key(struct import *in, enum key_type type, void *value)
{
    struct slice name = in->name.n ? buf_slice(&in->name) : SLICE("");
    enum origin origin = in->b->origin;

    if (db_find(in->b, in->db, name)) {
        rdb_fail(&in->r, "the same key twice");
        rdb_discard(type, value);
        return;
    }
    in->b->origin = ORIGIN_REPLAY;
    change_restore(in->b, in->db, name, type, value, in->at);
    in->b->origin = origin;
    in->report->keys[type]++;
    if (in->how->each)
        in->r.err = in->how->each(in->how->arg, in->db, name);
}

static void read_key(struct import *in, unsigned form)
{
    struct rdb_making making = {&in->b->shape, &in->b->node_limits};
    enum key_type type;
    void *value;

    in->name.n = 0;
    buf_add_slice(&in->name, rdb_string(&in->r));
    if (!rdb_form_is_known(form)) {
        refuse_type(in, form);
        return;
    }
    in->in_key = true;
    if (rdb_value(&in->r, form, &making, &type, &value) != OK)
        return;
    if (!value) {
        in->report->empty++;
    } else if (in->how->now && in->at >= 0 && in->how->now > in->at) {
        rdb_discard(type, value);
        in->report->expired++;
    } else {
        put_key(in, type, value);
    }
    in->in_key = in->r.err != OK;
    in->at = -1;
}

/* A time before 1970 is past as well as any other. */
static void set_expiry(struct import *in, msec at)
{
    in->at = at < 0 ? 0 : at;
}

/* --- the rest --- */

static void read_about(struct import *in)
{
    struct slice s;
    bool version;

    in->name.n = 0;
    buf_add_slice(&in->name, rdb_string(&in->r));
    version = slice_is(buf_slice(&in->name), "redis-ver") || slice_is(buf_slice(&in->name), "valkey-ver");
    s = rdb_string(&in->r);
    if (!version)
        return;
    if (s.n >= sizeof in->report->redis)
        s.n = sizeof in->report->redis - 1;
    memcpy(in->report->redis, s.p, s.n);
    in->report->redis[s.n] = '\0';
}

static void select_db(struct import *in)
{
    uint64_t db = rdb_length(&in->r);

    if (in->r.err)
        return;
    if (db >= (uint64_t)in->b->dbs) {
        buf_addf(in->why, "it has keys in database %" PRIu64 ", and there are %d (see `databases`)", db,
                 in->b->dbs);
        rdb_fail(&in->r, "database");
        return;
    }
    in->db = (int)db;
}

/* What a module keeps of its own tells where it ends: the module is not needed to skip it. */
static void skip_module(struct import *in)
{
    enum { END, SIGNED, UNSIGNED, FLOAT, DOUBLE, STRING };
    struct rdb *r = &in->r;
    uint64_t what;

    rdb_length(r); /* who */
    rdb_length(r); /* when, a number */
    rdb_length(r);
    while ((what = rdb_length(r)) != END && !r->err) {
        if (what == SIGNED || what == UNSIGNED)
            rdb_length(r);
        else if (what == FLOAT || what == DOUBLE)
            rdb_bytes(r, what == FLOAT ? 4 : 8);
        else if (what == STRING)
            rdb_string(r);
        else
            rdb_fail(r, "what a module has kept is not sound");
    }
}

static void skip_lengths(struct rdb *r, int n)
{
    while (n--)
        rdb_length(r);
}

static void read_end(struct import *in)
{
    uint64_t sum = rdb_sum(&in->r), wanted = rdb_le(&in->r, 8);

    if (wanted && wanted != sum)
        rdb_fail(&in->r, "the check sum of the file is wrong");
}

static void read_library(struct import *in)
{
    struct slice text = rdb_string(&in->r);

    if (in->r.err)
        return;
    in->report->libraries++;
    if (in->how->library(in->how->arg, text) != OK)
        refuse(in, "it has a library of functions that does not load");
}

static void read_part(struct import *in, unsigned code)
{
    struct rdb *r = &in->r;

    switch (code) {
    case CODE_SLOT:
        skip_lengths(r, 3);
        return;
    case CODE_FUNCTION:
        read_library(in);
        return;
    case CODE_FUNCTION_OLD:
        refuse(in, "it has functions in the form of a Redis 7.0 before its release");
        return;
    case CODE_MODULE:
        skip_module(in);
        return;
    case CODE_IDLE:
        rdb_length(r);
        return;
    case CODE_FREQ:
        rdb_byte(r);
        return;
    case CODE_ABOUT:
        read_about(in);
        return;
    case CODE_SIZES:
        skip_lengths(r, 2);
        return;
    case CODE_EXPIRY_MS:
        set_expiry(in, (msec)rdb_le(r, 8));
        return;
    case CODE_EXPIRY_S:
        set_expiry(in, (msec)(int32_t)rdb_le(r, 4) * 1000);
        return;
    case CODE_SELECT:
        select_db(in);
        return;
    case CODE_END:
        read_end(in);
        return;
    default:
        read_key(in, code);
    }
}

static void read_header(struct import *in)
{
    struct slice s = rdb_bytes(&in->r, 9);
    int version = 0;

    if (in->r.err)
        return;
    for (int i = 5; i < 9; i++)
        version = isdigit((unsigned char)s.p[i]) ? version * 10 + s.p[i] - '0' : -10000;
    if (memcmp(s.p, "REDIS", 5) != 0 || version < RDB_VERSION_MIN || version > RDB_VERSION_MAX) {
        buf_add_str(in->why, "it begins with \"");
        add_printable(in->why, s);
        buf_addf(in->why,
                 "\", and what can be read are RDB versions %d to %d, \"REDIS%04d\" to \"REDIS%04d\"",
                 RDB_VERSION_MIN, RDB_VERSION_MAX, RDB_VERSION_MIN, RDB_VERSION_MAX);
        rdb_fail(&in->r, "version");
    }
    in->report->version = version;
}

static void read_all(struct import *in)
{
    unsigned code;

    read_header(in);
    do {
        code = rdb_byte(&in->r);
        if (!in->r.err)
            read_part(in, code);
    } while (!in->r.err && code != CODE_END);
}

int import_rdb(struct broker *b, const struct import_how *how, struct source *from,
               struct import_report *report, uint64_t *used, struct buf *why)
{
    struct import in = {.b = b, .how = how, .report = report, .why = why, .at = -1};
    int err;

    *report = (struct import_report){0};
    rdb_open_source(&in.r, from);
    read_all(&in);
    explain(&in);
    *used = rdb_at(&in.r);
    err = in.r.err;
    rdb_close(&in.r);
    buf_free(&in.name);
    return err;
}
