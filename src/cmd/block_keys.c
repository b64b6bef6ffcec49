/* block_keys.c - see block_keys.h. */
#include "block_keys.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

int block_timeout(struct call *c, struct slice text, usec *out)
{
    double v;

    if (!num_double(text, &v))
        return call_fail(c, "ERR timeout is not a float or out of range");
    if (v > (double)INT64_MAX / 1000000 / 1000)
        return call_fail(c, "ERR timeout is out of range");
    if (v < 0)
        return ERR_TIMEOUT_NEG;
    *out = (usec)(v * 1000000);
    if (v > 0 && *out == 0)
        *out = 1;
    return OK;
}

static int serve(struct call *c, void *parsed)
{
    const struct block_keys *a = parsed;

    return a->serve(c, a);
}

static void timeout(struct call *c, void *parsed)
{
    const struct block_keys *a = parsed;

    a->nothing(c->reply);
}

static void discard(void *parsed)
{
    struct block_keys *a = parsed;

    mem_free(a->kept);
    mem_free(a);
}

/* The keys and the target are copied as one. */
static struct block_keys *keep(const struct block_keys *a)
{
    struct block_keys *kept = mem_alloc(sizeof *kept);
    struct slice *word = mem_alloc((a->n + 1) * sizeof *word);

    memcpy(word, a->key, a->n * sizeof *word);
    word[a->n] = a->target;
    *kept = *a;
    kept->key = kept->kept = args_copy(word, a->n + 1);
    kept->target = kept->kept[a->n];
    mem_free(word);
    return kept;
}

int block_on_keys(struct call *c, const struct block_keys *a)
{
    struct pending_call p = {.cmd = c->cmd,
                             .serve = serve,
                             .timeout = timeout,
                             .free = discard,
                             .db = c->db,
                             .wrong_type_waits = true,
                             .choosy = a->exactly};
    struct block_keys *kept;
    int err = a->serve(c, a);

    if (err != ERR_BLOCK)
        return err;
    if (c->in_exec) {
        a->nothing(c->reply);
        return OK;
    }
    p.parsed = kept = keep(a);
    call_wait(c, &p, kept->key, kept->n, WAIT_TAKE, slice_of(key_type_name(a->type)),
              a->timeout ? c->now.mono + a->timeout : INT64_MAX);
    return ERR_BLOCK;
}

int block_mpop_parse(struct call *c, size_t at, const char *first, const char *last, struct block_keys *a)
{
    int64_t n;
    size_t where;

    if (!num_i64(c->arg[at], &n) || n <= 0)
        return call_fail(c, "ERR numkeys should be greater than 0");
    if ((uint64_t)n >= c->n - at - 1)
        return ERR_SYNTAX;
    where = at + 1 + (size_t)n;
    a->key = c->arg + at + 1;
    a->n = (size_t)n;
    a->front = slice_is(c->arg[where], first);
    if (!a->front && !slice_is(c->arg[where], last))
        return ERR_SYNTAX;
    a->count = 1;
    for (size_t i = where + 1; i < c->n; i += 2) {
        if (i > where + 1 || i + 1 == c->n || !slice_is(c->arg[i], "COUNT"))
            return ERR_SYNTAX;
        if (!num_i64(c->arg[i + 1], &a->count) || a->count <= 0)
            return call_fail(c, "ERR count should be greater than 0");
    }
    return OK;
}
