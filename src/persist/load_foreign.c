/* persist/load_foreign.c - a file that Redis wrote: commands, or an RDB, or one behind the other. Commands
 * have no check sums that would vouch for them. */
#include "base/err.h"
#include "load.h"

#define NOTE_MAX 1024 /* an annotation, #TS:<seconds> */

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

/* --- RDB --- */

struct rdb_source {
    struct source source;
    struct load *l;
    uint64_t told; /* bytes that the progress knows of */
};

static int rdb_get(struct source *s, uint64_t at, uint64_t want, const char **p, size_t *got)
{
    struct rdb_source *from = (struct rdb_source *)s;
    int err = reader_get(&from->l->reader, at, want, p, got);

    if (err == OK && at > from->told) {
        err = load_tell(from->l, at - from->told);
        from->told = at;
    }
    return err;
}

static int rdb_refused(struct load *l, int err, const struct buf *why)
{
    if (err != ERR_FORMAT)
        return err == ERR_STOPPED ? err : load_failed(l, err);
    l->file.damaged = true;
    l->why->n = 0;
    buf_addf(l->why, "%s cannot be loaded: %.*s", l->file.name, SLICE_ARG(buf_slice(why)));
    return err;
}

/* It is for somebody else to know what is in it. Commands may follow. */
static int load_rdb(struct load *l)
{
    struct rdb_source from = {.source.get = rdb_get, .l = l};
    struct recover_file *f = &l->file;
    struct buf why = {0};
    int err;

    if (!l->ops->rdb) {
        f->records++;
        f->good = f->size;
        return OK;
    }
    err = l->ops->rdb(l->ops->arg, &from.source, &f->good, &f->records, &why);
    if (err < 0)
        err = rdb_refused(l, err, &why);
    buf_free(&why);
    if (err == OK)
        err = load_tell(l, f->good - from.told);
    return err < 0 || f->good == f->size ? err : load_resp(l);
}

/* Valkey 9 and later call theirs by their own name; whoever reads RDBs is to say what it thinks of that. */
static bool is_rdb(const char *p, size_t n)
{
    return (n >= 5 && memcmp(p, "REDIS", 5) == 0) || (n >= 6 && memcmp(p, "VALKEY", 6) == 0);
}

int load_foreign(struct load *l)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, 6, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (is_rdb(p, got))
        err = load_rdb(l);
    else
        err = load_resp(l);
    l->expected += l->file.good;
    l->report->unverified = true;
    return err;
}
