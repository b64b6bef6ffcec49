/* persist/load.c - see load.h. */
#include "load.h"
#include "base/err.h"
#include "base/mem.h"
#include <inttypes.h>

#define PROGRESS_STEP ((uint64_t)1 << 20)

/* What was once accepted is read back, whatever the limits were then; what a header announces is held
 * against what is left of the file. */
static const struct resp_limits limits = {.bulk_max = INT64_MAX / 2, .inline_max = 64, .args_max = INT32_MAX};

void load_free(struct load *l)
{
    reader_close(&l->reader);
    mem_free(l->unit.v);
    mem_free(l->unit.word);
    args_free(&l->args);
}

void load_clear(struct load *l)
{
    l->unit.n = l->unit.records = 0;
}

static void unit_add(struct unit *u, const char *begin, const struct args *a)
{
    size_t need = u->n + 1 + 2 * a->n;

    if (need > u->cap) {
        u->cap = need * 2;
        u->v = mem_realloc(u->v, u->cap * sizeof *u->v);
    }
    u->v[u->n++] = a->n;
    for (size_t i = 0; i < a->n; i++) {
        u->v[u->n++] = (size_t)(a->v[i].p - begin);
        u->v[u->n++] = a->v[i].n;
    }
    u->records++;
}

/* The record at `begin` + *at; `have` bytes of it are in the window at first. */
static int read_record(struct load *l, uint64_t begin, uint64_t *at, enum load_part *part)
{
    uint64_t left = l->reader.size - begin - *at, want = 1;
    struct resp_parser parser;
    enum resp_result res;
    const char *p, *why;
    size_t got, used;
    int err;

    resp_init(&parser);
    for (;;) {
        err = reader_get(&l->reader, begin, *at + want, &p, &got);
        if (err < 0)
            break;
        got -= (size_t)*at;
        res = resp_next(&parser, &limits, p + *at, got, &l->args, &used, &why);
        if (res != RESP_MORE)
            break;
        want = got + resp_wants(&parser, got);
        if (want > left)
            break;
        want = want > 2 * (uint64_t)got ? want : 2 * (uint64_t)got;
    }
    resp_free(&parser);
    if (err < 0)
        return load_failed(l, err);
    *part = res == RESP_REQUEST ? PART_RECORD : res == RESP_MORE ? PART_END : PART_BAD;
    if (res == RESP_REQUEST) {
        if (l->args.n)
            unit_add(&l->unit, p, &l->args);
        *at += used;
    }
    return OK;
}

int load_part(struct load *l, uint64_t begin, uint64_t *at, enum load_part *part)
{
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, begin, *at + 1, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    if (got <= *at) {
        *part = PART_END;
        return OK;
    }
    if (p[*at] == '*')
        return read_record(l, begin, at, part);
    *part = p[*at] == '#' ? PART_LINE : PART_BAD;
    return OK;
}

int load_tell(struct load *l, uint64_t bytes)
{
    l->done += bytes;
    if (!l->ops->progress || l->done - l->told < PROGRESS_STEP)
        return OK;
    l->told = l->done;
    return l->ops->progress(l->ops->arg, l->done, l->all) ? OK : ERR_STOPPED;
}

int load_apply(struct load *l, uint64_t begin, uint64_t bytes)
{
    struct unit *u = &l->unit;
    const char *p;
    size_t got;
    int err = reader_get(&l->reader, begin, bytes, &p, &got);

    if (err < 0)
        return load_failed(l, err);
    for (size_t i = 0; i < u->n;) {
        size_t words = u->v[i++];

        if (words > u->word_cap) {
            u->word_cap = words * 2;
            u->word = mem_realloc(u->word, u->word_cap * sizeof *u->word);
        }
        for (size_t w = 0; w < words; w++, i += 2)
            u->word[w] = (struct slice){p + u->v[i], u->v[i + 1]};
        err = l->ops->apply(l->ops->arg, u->word, words);
        if (err < 0)
            return load_damaged(l, begin, "a record there means nothing to this version");
        l->file.records++;
    }
    return load_tell(l, bytes);
}

int load_damaged(struct load *l, uint64_t at, const char *what)
{
    l->file.damaged = true;
    l->why->n = 0;
    buf_addf(l->why, "%s is damaged at byte %" PRIu64 ": %s. Nothing was changed", l->file.name, at, what);
    if (!l->alone)
        buf_add_str(l->why,
                    ". Run leanmq-check-aof on the directory to see what is left, with --repair-to NEWDIR "
                    "to save it");
    return ERR_DAMAGED;
}

int load_failed(struct load *l, int err)
{
    l->why->n = 0;
    buf_addf(l->why, "%s cannot be read", l->file.name);
    return err;
}
