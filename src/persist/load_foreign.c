/* persist/load_foreign.c - a file that Redis wrote: a plain append-only file, or an RDB without a key. There
 * are no check sums that would vouch for it. */
#include "base/err.h"
#include "load.h"

#define NOTE_MAX 1024  /* an annotation, #TS:<seconds> */
#define RDB_MAX  65536 /* an RDB without keys is header and trailer */

/* --- RESP --- */

/* Only time stamps are taken: a line of ours here would mean that our first line was lost. */
static int skip_note(struct load *l, uint64_t begin, uint64_t *at, enum load_part *part)
{
    const char *p, *end;
    size_t got;
    int err = reader_get(&l->reader, begin, *at + NOTE_MAX, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    p += *at;
    got -= (size_t)*at;
    end = memchr(p, '\n', got);
    if (memcmp(p, "#TS:", got < 4 ? got : 4) != 0 || (!end && got >= NOTE_MAX))
        *part = PART_BAD;
    else if (!end)
        *part = PART_END;
    else
        *at += (size_t)(end - p) + 1;
    return OK;
}

/* A command, or all from MULTI to EXEC. */
static int read_unit(struct load *l, uint64_t *bytes, enum load_part *part)
{
    bool multi = false;
    uint64_t at = 0;
    int err;

    load_clear(l);
    do {
        size_t before = l->unit.records;

        err = load_part(l, l->file.good, &at, part);
        if (err == OK && *part == PART_LINE)
            err = skip_note(l, l->file.good, &at, part);
        if (err < 0)
            return err;
        if (*part == PART_RECORD && l->unit.records > before) {
            if (slice_is(l->args.v[0], "MULTI"))
                multi = true;
            else if (slice_is(l->args.v[0], "EXEC"))
                multi = false;
        }
    } while (*part == PART_LINE || (*part == PART_RECORD && (multi || !l->unit.records)));
    *bytes = at;
    return OK;
}

static int load_resp(struct load *l)
{
    struct recover_file *f = &l->file;
    enum load_part part;
    uint64_t bytes;
    int err;

    for (;;) {
        err = read_unit(l, &bytes, &part);
        if (err < 0)
            return err;
        if (part == PART_BAD)
            return load_damaged(l, f->good, "this is no command");
        if (part == PART_END)
            break;
        err = load_apply(l, f->good, bytes);
        if (err < 0)
            return err;
        f->good += bytes;
    }
    if (bytes == f->size - f->good && !l->unit.records) /* nothing, or time stamps */
        f->good = f->size;
    f->cut = f->size - f->good;
    if (f->cut && !l->may_end_cut)
        return load_damaged(l, f->good, "its last command is not complete, and it is not the last file");
    return OK;
}

/* --- RDB, as far as one without keys goes --- */

struct rdb {
    const unsigned char *p, *end;
    bool ok;
};

static uint64_t rdb_bytes(struct rdb *r, size_t n) /* big endian */
{
    uint64_t v = 0;

    if (!r->ok || (size_t)(r->end - r->p) < n) {
        r->ok = false;
        return 0;
    }
    while (n--)
        v = v << 8 | *r->p++;
    return v;
}

static void rdb_skip(struct rdb *r, uint64_t n)
{
    if (!r->ok || (uint64_t)(r->end - r->p) < n)
        r->ok = false;
    else
        r->p += n;
}

/* A length; *special: the form of a string that is none. */
static uint64_t rdb_length(struct rdb *r, bool *special)
{
    uint64_t b = rdb_bytes(r, 1);

    *special = false;
    switch (b >> 6) {
    case 0:
        return b & 63;
    case 1:
        return (b & 63) << 8 | rdb_bytes(r, 1);
    case 2:
        return rdb_bytes(r, b & 1 ? 8 : 4);
    default:
        *special = true;
        return b & 63;
    }
}

static void rdb_string(struct rdb *r)
{
    bool special, ignored;
    uint64_t n = rdb_length(r, &special);

    if (!special) {
        rdb_skip(r, n);
    } else if (n < 3) { /* an integer of 1, 2, 4 bytes */
        rdb_skip(r, (uint64_t)1 << n);
    } else { /* compressed: its length, the plain length, the bytes */
        n = rdb_length(r, &ignored);
        rdb_length(r, &ignored);
        rdb_skip(r, n);
    }
}

static bool rdb_is_empty(const char *p, size_t n)
{
    struct rdb r = {(const unsigned char *)p, (const unsigned char *)p + n, true};
    bool special;

    rdb_skip(&r, 9); /* REDIS0011 */
    while (r.ok) {
        switch (rdb_bytes(&r, 1)) {
        case 250: /* a name and a value about the file */
            rdb_string(&r);
            rdb_string(&r);
            break;
        case 254: /* a database begins */
            rdb_length(&r, &special);
            break;
        case 251: /* its size: keys, keys with a time to live */
            if (rdb_length(&r, &special) || rdb_length(&r, &special))
                return false;
            break;
        case 255: /* the end, and a check sum */
            return r.ok && r.end - r.p == 8;
        default:
            return false;
        }
    }
    return false;
}

static int load_rdb(struct load *l)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, RDB_MAX, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (got < l->file.size || !rdb_is_empty(p, got)) {
        l->why->n = 0;
        buf_addf(
            l->why,
            "%s is an RDB file with data in it, which needs the RDB reader that this version does not have. "
            "Start Redis with 'aof-use-rdb-preamble no', run BGREWRITEAOF, and take the directory then",
            l->file.name);
        return ERR_FORMAT;
    }
    l->file.good = l->file.size;
    return OK;
}

int load_foreign(struct load *l)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, 5, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (got >= 5 && memcmp(p, "REDIS", 5) == 0)
        err = load_rdb(l);
    else
        err = load_resp(l);
    l->expected += l->file.good;
    l->report->unverified = true;
    return err;
}
