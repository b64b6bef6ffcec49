/* persist/load_own.c - a file of ours: commits as long as they verify, and a judgement on what follows. */
#include "base/crc.h"
#include "base/err.h"
#include "cut.h"
#include "frame.h"
#include "load.h"
#include <stdio.h>

/* The commit that begins at `begin`, whose records start at l->file.end. */
static int read_commit(struct load *l, uint64_t begin, uint32_t seed, struct frame_commit *c, uint64_t *bytes,
                       bool *good)
{
    enum load_part part;
    const char *p;
    size_t got, n;
    uint64_t at = 0;
    int err;

    *good = false;
    load_clear(l);
    do
        err = load_part(l, begin, &at, &part);
    while (err == OK && part == PART_RECORD);
    if (err < 0 || part != PART_LINE)
        return err;
    err = reader_get(&l->reader, begin, at + FRAME_LINE_MAX, &p, &got);
    if (err < 0)
        return load_failed(l, err);
    n = (size_t)at;
    if (frame_get_commit(p + n, got - n, c) && c->start == l->file.end && c->length == n &&
        frame_verifies(c, crc32c(seed, p, n))) {
        *good = true;
        *bytes = n + c->n;
    }
    return OK;
}

static int read_commits(struct load *l, uint32_t seed)
{
    struct recover_file *f = &l->file;
    struct frame_commit c;
    uint64_t bytes;
    bool good;
    int err;

    for (;;) {
        err = read_commit(l, f->good, seed, &c, &bytes, &good);
        if (err < 0 || !good)
            return err;
        err = load_apply(l, f->good, bytes);
        if (err < 0)
            return err;
        f->good += bytes;
        f->end += c.length;
        f->commits++;
        l->ended_empty = !c.length;
    }
}

/* Bytes behind the last commit that verified, at l->file.good. */
struct rest {
    uint64_t end; /* behind the last one that is not zero */
    bool synced;  /* a later commit proves that they had been written and synced */
};

/* Does a commit that ends with the line at `at` prove it? Its records begin `length` bytes before the line
 * and behind the bad bytes. It tells what was durable when it was written: more than the good commits
 * hold, or, when it starts just where they end, an empty commit, which is synced before anything follows.
 * The cheap questions come first: of a tail that was merely torn, nothing is summed up. */
static int weigh(struct load *l, uint32_t seed, uint64_t at, const struct frame_commit *c, struct rest *rest)
{
    const struct recover_file *f = &l->file;
    uint64_t room = at - f->good;
    uint32_t sum = seed;
    int err;

    if (c->length > room || c->start < f->end || c->start - f->end > room - c->length)
        return OK;
    if (c->start != f->end && c->start - c->unsynced <= f->end)
        return OK;
    err = reader_crc(&l->reader, at - c->length, c->length, &sum);
    if (err < 0)
        return load_failed(l, err);
    rest->synced = frame_verifies(c, sum);
    return OK;
}

/* One look at every byte behind the good ones. */
static int examine(struct load *l, uint32_t seed, struct rest *rest)
{
    uint64_t at = l->file.good;
    struct frame_commit c;
    const char *p, *hit;
    size_t got, n;
    int err;

    *rest = (struct rest){.end = at};
    while (at < l->reader.size && !rest->synced) {
        err = reader_get(&l->reader, at, FRAME_LINE_MAX, &p, &got);
        if (err < 0)
            return load_failed(l, err);
        hit = memchr(p, '#', got);
        n = hit ? (size_t)(hit - p) + 1 : got;
        if (cut_last(p, n))
            rest->end = at + cut_last(p, n);
        at += n;
        if (!hit)
            continue;
        err = reader_get(&l->reader, at - 1, FRAME_LINE_MAX, &p, &got);
        if (err < 0)
            return load_failed(l, err);
        if (frame_get_commit(p, got, &c) && (err = weigh(l, seed, at - 1, &c, rest)) < 0)
            return err;
    }
    return OK;
}

static int judge_rest(struct load *l, uint32_t seed)
{
    struct recover_file *f = &l->file;
    struct rest rest;
    int err = examine(l, seed, &rest);

    if (err < 0)
        return err;
    if (rest.synced)
        return load_damaged(l, f->good, "these bytes had been synced and are not what was written");
    f->cut = rest.end - f->good;
    if (f->cut && !l->may_end_cut)
        return load_damaged(l, f->good, "these bytes do not verify, and the file is not the last one");
    return OK;
}

static int load_base(struct load *l, uint32_t seed)
{
    struct recover_file *f = &l->file;
    int err = read_commits(l, seed);

    if (err < 0)
        return err;
    if (f->good < f->size)
        return load_damaged(l, f->good, "the base does not verify");
    if (!l->ended_empty)
        return load_damaged(l, f->good, "the base is not complete");
    l->expected = f->offset;
    return OK;
}

static int load_incr(struct load *l, uint32_t seed)
{
    struct recover_file *f = &l->file;
    int err;

    if (f->offset != l->expected) {
        char what[128];

        f->good = 0; /* its commits may verify: they do not belong here */
        snprintf(what, sizeof what,
                 "it begins at offset %llx of the journal, what comes before it ends at %llx",
                 (unsigned long long)f->offset, (unsigned long long)l->expected);
        return load_damaged(l, 0, what);
    }
    f->end = f->offset;
    err = read_commits(l, seed);
    if (err == OK)
        err = judge_rest(l, seed);
    l->expected = f->end;
    return err;
}

int load_own(struct load *l)
{
    struct recover_file *f = &l->file;
    struct frame_header h;
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, 0, FRAME_LINE_MAX, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    f->verified = true;
    l->ended_empty = false;
    if (!frame_get_header(p, got, &h))
        return load_damaged(l, 0, "its first line does not verify, or is of a later version");
    f->salt = h.salt;
    f->offset = h.offset;
    f->good = h.n;
    return f->type == 'b' ? load_base(l, frame_seed(h.salt)) : load_incr(l, frame_seed(h.salt));
}
