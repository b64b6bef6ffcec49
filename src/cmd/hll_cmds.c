/* cmd/hll_cmds.c - HyperLogLog: counting different elements. */
#include "base/err.h"
#include "base/mem.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/hll.h"
#include "store/string.h"

static int fail_damaged(struct call *c)
{
    return call_fail(c, "INVALIDOBJ Corrupted HLL object detected");
}

/* *out: its bytes; p NULL if there is no key. */
static int hll_of(struct call *c, struct slice name, bool write, struct slice *out)
{
    struct key *k;
    int err = write ? key_write_as(c, name, KEY_STRING, &k) : key_read_as(c, name, KEY_STRING, &k);

    *out = (struct slice){0};
    if (err != OK || !k)
        return err;
    *out = string_slice(k->string);
    return hll_valid(*out) ? OK : call_fail(c, "WRONGTYPE Key is not a valid HyperLogLog string value.");
}

static void store(struct call *c, const struct hll *h, bool dense)
{
    struct buf text = {0};

    hll_write(h, dense, (size_t)c->service->config.hll_sparse_max_bytes, &text);
    change_set(c->broker, c->db, c->arg[1], buf_slice(&text), -1, true, EVENT_PFADD);
    buf_free(&text);
}

/* --- PFADD --- */

/* A dense one is changed where it has to be, so that the journal gets a few bytes. */
static bool raise_dense(struct call *c, struct slice s, struct slice element)
{
    uint8_t rank;
    unsigned reg = hll_place(element, &rank);
    char bytes[2], old = s.p[HLL_COUNT_END];
    size_t at;

    if (rank <= hll_get(s, reg))
        return false;
    hll_put(s, reg, rank, &at, bytes);
    change_splice(c->broker, c->db, c->arg[1], at, (struct slice){bytes, 2}, EVENT_NONE);
    bytes[0] = (char)((unsigned char)old | 0x80);
    if (bytes[0] != old)
        change_splice(c->broker, c->db, c->arg[1], HLL_COUNT_END, (struct slice){bytes, 1}, EVENT_NONE);
    return true;
}

static bool add_dense(struct call *c)
{
    bool raised = false;

    for (size_t i = 2; i < c->n; i++) {
        struct slice s;

        hll_of(c, c->arg[1], true, &s); /* it may have moved */
        raised |= raise_dense(c, s, c->arg[i]);
    }
    if (raised)
        event_tell(c->broker, c->db, c->arg[1], EVENT_PFADD);
    return raised;
}

static bool raise_all(struct call *c, struct hll *h)
{
    bool raised = false;
    uint8_t rank;

    for (size_t i = 2; i < c->n; i++) {
        unsigned reg = hll_place(c->arg[i], &rank);

        if (rank <= h->reg[reg])
            continue;
        h->reg[reg] = rank;
        raised = true;
    }
    return raised;
}

int cmd_pfadd(struct call *c)
{
    struct hll *h;
    struct slice s;
    bool raised;
    int err = hll_of(c, c->arg[1], true, &s);

    if (err != OK)
        return err;
    if (s.p && (c->n == 2 || hll_dense(s))) {
        reply_int(c->reply, c->n > 2 && add_dense(c));
        return OK;
    }
    h = mem_zalloc(sizeof *h);
    if (s.p && !hll_merge(h, s)) {
        err = fail_damaged(c);
    } else {
        raised = raise_all(c, h) || !s.p;
        if (raised)
            store(c, h, false);
        reply_int(c->reply, raised);
    }
    mem_free(h);
    return err;
}

/* --- PFCOUNT, PFMERGE --- */

/* All keys from arg[1] on into one; *dense: one of them was. */
static int merge_all(struct call *c, struct hll *h, bool *dense)
{
    for (size_t i = 1; i < c->n; i++) {
        struct slice s;
        int err = hll_of(c, c->arg[i], false, &s);

        if (err != OK)
            return err;
        if (s.p && !hll_merge(h, s))
            return fail_damaged(c);
        *dense |= s.p && hll_dense(s);
    }
    return OK;
}

int cmd_pfcount(struct call *c)
{
    struct hll *h;
    struct slice s;
    bool dense = false;
    uint64_t known;
    int err;

    if (c->n == 2) {
        if ((err = hll_of(c, c->arg[1], false, &s)) != OK)
            return err;
        if (!s.p || hll_known(s, &known)) {
            reply_int(c->reply, s.p ? (int64_t)known : 0);
            return OK;
        }
    }
    h = mem_zalloc(sizeof *h);
    if ((err = merge_all(c, h, &dense)) == OK)
        reply_int(c->reply, (int64_t)hll_count(h));
    mem_free(h);
    return err;
}

int cmd_pfmerge(struct call *c)
{
    struct hll *h = mem_zalloc(sizeof *h);
    bool dense = false;
    int err = merge_all(c, h, &dense);

    if (err == OK) {
        key_write(c, c->arg[1]);
        store(c, h, dense);
        reply_ok(c->reply);
    }
    mem_free(h);
    return err;
}
