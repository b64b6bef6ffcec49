/* cmd/list_cmds.c - commands on lists. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/deque.h"

static int push(struct call *c, bool front)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_LIST, &k);
    size_t had = k && err == OK ? deque_length(k->list) : 0;

    if (err != OK)
        return err;
    change_push(c->broker, c->db, c->arg[1], front, c->arg + 2, c->n - 2);
    reply_int(c->reply, (int64_t)(had + c->n - 2));
    return OK;
}

int cmd_lpush(struct call *c)
{
    return push(c, true);
}

int cmd_rpush(struct call *c)
{
    return push(c, false);
}

/* The elements from one end inwards, as popping them one by one would give them. */
static void reply_end(struct call *c, const struct deque *d, bool front, size_t n)
{
    struct deque_pos pos;

    reply_array(c->reply, n);
    for (bool ok = deque_seek(d, front ? 0 : -1, &pos); n-- && ok;
         ok = front ? deque_next(&pos) : deque_prev(&pos))
        reply_bulk(c->reply, deque_value(&pos));
}

static void reply_one(struct call *c, const struct deque *d, bool front)
{
    struct slice v;

    if (front)
        deque_first(d, &v);
    else
        deque_last(d, &v);
    reply_bulk(c->reply, v);
}

static int pop(struct call *c, bool front)
{
    int64_t n = 1;
    struct key *k;
    int err;

    if (c->n == 3 && (!num_i64(c->arg[2], &n) || n < 0))
        return call_fail(c, "ERR value is out of range, must be positive");
    if ((err = key_write_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    if (!k) {
        if (c->n == 3)
            reply_null_array(c->reply);
        else
            reply_null(c->reply);
        return OK;
    }
    if ((uint64_t)n > deque_length(k->list))
        n = (int64_t)deque_length(k->list);
    if (c->n == 3)
        reply_end(c, k->list, front, (size_t)n);
    else
        reply_one(c, k->list, front);
    if (n)
        change_pop(c->broker, c->db, c->arg[1], front, (size_t)n);
    return OK;
}

int cmd_lpop(struct call *c)
{
    return pop(c, true);
}

int cmd_rpop(struct call *c)
{
    return pop(c, false);
}

int cmd_llen(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_LIST, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)deque_length(k->list) : 0);
    return err;
}

/* --- BRPOP --- */

struct bpop {
    const struct slice *key;
    size_t n;
    usec timeout;       /* 0: for ever */
    struct slice *kept; /* args_copy() while it waits */
};

/* Seconds, with a fraction; in the words of Redis when it is no such thing. */
static int parse_seconds(struct call *c, struct slice text, usec *out)
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

static int brpop_serve(struct call *c, void *parsed)
{
    const struct bpop *a = parsed;

    for (size_t i = 0; i < a->n; i++) {
        struct key *k;
        int err = key_write_as(c, a->key[i], KEY_LIST, &k);

        if (err != OK)
            return err;
        if (!k)
            continue;
        reply_array(c->reply, 2);
        reply_bulk(c->reply, a->key[i]);
        reply_one(c, k->list, false);
        change_pop(c->broker, c->db, a->key[i], false, 1);
        return OK;
    }
    return ERR_BLOCK;
}

static void brpop_timeout(struct call *c, void *parsed)
{
    (void)parsed;
    reply_null_array(c->reply);
}

static void brpop_free(void *parsed)
{
    struct bpop *a = parsed;

    mem_free(a->kept);
    mem_free(a);
}

static int brpop_wait(struct call *c, const struct bpop *a)
{
    struct bpop *keep = mem_alloc(sizeof *keep);
    struct pending_call p = {.cmd = c->cmd,
                             .serve = brpop_serve,
                             .timeout = brpop_timeout,
                             .parsed = keep,
                             .free = brpop_free,
                             .db = c->db,
                             .wrong_type_waits = true};

    *keep = *a;
    keep->key = keep->kept = args_copy(a->key, a->n);
    call_wait(c, &p, keep->key, keep->n, WAIT_TAKE, SLICE(""),
              a->timeout ? c->now.mono + a->timeout : INT64_MAX);
    return ERR_BLOCK;
}

int cmd_brpop(struct call *c)
{
    struct bpop a = {.key = c->arg + 1, .n = c->n - 2};
    int err = parse_seconds(c, c->arg[c->n - 1], &a.timeout);

    if (err != OK || (err = brpop_serve(c, &a)) != ERR_BLOCK)
        return err;
    if (!c->in_exec)
        return brpop_wait(c, &a);
    reply_null_array(c->reply);
    return OK;
}
