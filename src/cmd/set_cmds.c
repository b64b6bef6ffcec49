/* cmd/set_cmds.c - commands on sets. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_set.h"
#include "handlers.h"
#include "keys_at.h"
#include "random_pick.h"
#include "store/set_algebra.h"

/* --- members --- */

int cmd_sadd(struct call *c)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_SET, &k);

    if (err == OK)
        reply_int(c->reply, (int64_t)change_sadd(c->broker, c->db, c->arg[1], c->arg + 2, c->n - 2));
    return err;
}

int cmd_srem(struct call *c)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_SET, &k);

    if (err == OK)
        reply_int(c->reply,
                  k ? (int64_t)change_srem(c->broker, c->db, c->arg[1], c->arg + 2, c->n - 2, EVENT_SREM)
                    : 0);
    return err;
}

int cmd_sismember(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_SET, &k);

    if (err == OK)
        reply_int(c->reply, k && set_has(k->set, c->arg[2]));
    return err;
}

int cmd_smismember(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_SET, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++)
        reply_int(c->reply, k && set_has(k->set, c->arg[i]));
    return OK;
}

int cmd_scard(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_SET, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)set_count(k->set) : 0);
    return err;
}

static void reply_members(struct call *c, const struct set *s)
{
    struct set_iter it;

    reply_set(c->reply, set_count(s));
    set_iter_begin(&it, s);
    while (set_iter_next(&it))
        reply_bulk(c->reply, it.item.member);
    set_iter_end(&it);
}

int cmd_smembers(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_SET, &k);

    if (err != OK)
        return err;
    if (k)
        reply_members(c, k->set);
    else
        reply_set(c->reply, 0);
    return OK;
}

/* The member goes from one set to the other, in one unit of the journal. */
int cmd_smove(struct call *c)
{
    struct key *from, *to;
    bool has, same = slice_eq(c->arg[1], c->arg[2]);
    int err;

    if ((err = key_write_as(c, c->arg[1], KEY_SET, &from)) != OK)
        return err;
    if (!from) {
        reply_int(c->reply, 0);
        return OK;
    }
    if ((err = key_write_as(c, c->arg[2], KEY_SET, &to)) != OK)
        return err;
    has = set_has(from->set, c->arg[3]);
    if (has && !same) {
        change_srem(c->broker, c->db, c->arg[1], &c->arg[3], 1, EVENT_SREM);
        change_sadd(c->broker, c->db, c->arg[2], &c->arg[3], 1);
    }
    reply_int(c->reply, has);
    return OK;
}

/* --- by chance --- */

static size_t pick_count(const void *value)
{
    return set_count(value);
}

static bool pick_compact(const void *value)
{
    return set_form(value) != SET_TABLE;
}

static void pick_one(const void *value, uint64_t r, struct picked *out)
{
    set_random(value, r, &out->set);
    out->member = out->set.member;
}

static void pick_each(const void *value, void (*fn)(const struct picked *item, void *arg), void *arg)
{
    struct set_iter it;
    struct picked item;

    set_iter_begin(&it, value);
    while (set_iter_next(&it)) {
        item.member = it.item.member;
        fn(&item, arg);
    }
    set_iter_end(&it);
}

static void pick_reply(struct call *c, const struct picked *item, bool with)
{
    (void)with;
    reply_bulk(c->reply, item->member);
}

static const struct pick_from members_of = {KEY_SET,  NULL,      pick_count, pick_compact,
                                            pick_one, pick_each, pick_reply};

int cmd_srandmember(struct call *c)
{
    return pick_run(c, &members_of);
}

/* The members picked are copied, for they go with their set. */
struct popped {
    struct buf text;
    size_t *end; /* where each ends in it */
    size_t n;
};

static void pop_member(const struct picked *item, void *arg)
{
    struct popped *p = arg;

    buf_add_slice(&p->text, item->member);
    p->end[p->n++] = p->text.n;
}

static void pop_some(struct call *c, const struct set *s, size_t n, bool alone)
{
    struct popped p = {.end = mem_alloc(n * sizeof *p.end)};
    struct slice *member = mem_alloc(n * sizeof *member);

    pick_distinct(c, &members_of, s, n, pop_member, &p);
    if (!alone)
        reply_set(c->reply, p.n);
    for (size_t i = 0, at = 0; i < p.n; at = p.end[i++]) {
        member[i] = (struct slice){p.text.p + at, p.end[i] - at};
        reply_bulk(c->reply, member[i]);
    }
    change_srem(c->broker, c->db, c->arg[1], member, p.n, EVENT_SPOP);
    buf_free(&p.text);
    mem_free(p.end);
    mem_free(member);
}

static int pop_none(struct call *c, bool alone)
{
    if (alone)
        reply_null(c->reply);
    else
        reply_set(c->reply, 0);
    return OK;
}

int cmd_spop(struct call *c)
{
    bool alone = c->n == 2;
    int64_t n = 1;
    struct key *k;
    int err;

    if (c->n > 3)
        return ERR_SYNTAX;
    if (!alone && (!num_i64(c->arg[2], &n) || n < 0))
        return call_fail(c, "ERR value is out of range, must be positive");
    if ((err = key_write_as(c, c->arg[1], KEY_SET, &k)) != OK)
        return err;
    if (!k || n == 0)
        return pop_none(c, alone);
    if ((size_t)n < set_count(k->set)) {
        pop_some(c, k->set, (size_t)n, alone);
        return OK;
    }
    if (alone)
        pop_some(c, k->set, 1, true);
    else {
        reply_members(c, k->set);
        change_del_by(c->broker, c->db, c->arg[1], EVENT_SPOP);
    }
    return OK;
}

/* --- several sets --- */

/* The sets of these keys, NULL where there is none: for mem_free(). */
static int sets_of(struct call *c, const struct slice *name, size_t n, const struct set ***out)
{
    const struct set **s = mem_alloc(n * sizeof *s);
    int err = OK;

    for (size_t i = 0; i < n && err == OK; i++) {
        struct key *k;

        err = key_read_as(c, name[i], KEY_SET, &k);
        s[i] = k ? k->set : NULL;
    }
    if (err != OK) {
        mem_free(s);
        return err;
    }
    *out = s;
    return OK;
}

static int combine(struct call *c, enum set_op op, size_t first, struct set **out)
{
    const struct set **s;
    int err = sets_of(c, c->arg + first, c->n - first, &s);

    if (err != OK)
        return err;
    *out = set_combine(op, s, c->n - first, &c->broker->shape);
    mem_free(s);
    return OK;
}

static int combine_reply(struct call *c, enum set_op op)
{
    struct set *s;
    int err = combine(c, op, 1, &s);

    if (err != OK)
        return err;
    reply_members(c, s);
    set_discard(s);
    return OK;
}

static int combine_store(struct call *c, enum set_op op, enum event event)
{
    struct set *s;
    int err = combine(c, op, 2, &s);

    if (err != OK)
        return err;
    key_write(c, c->arg[1]);
    reply_int(c->reply, (int64_t)set_count(s));
    change_set_take(c->broker, c->db, c->arg[1], s, event);
    return OK;
}

int cmd_sinter(struct call *c)
{
    return combine_reply(c, SET_INTER);
}

int cmd_sunion(struct call *c)
{
    return combine_reply(c, SET_UNION);
}

int cmd_sdiff(struct call *c)
{
    return combine_reply(c, SET_DIFF);
}

int cmd_sinterstore(struct call *c)
{
    return combine_store(c, SET_INTER, EVENT_SINTERSTORE);
}

int cmd_sunionstore(struct call *c)
{
    return combine_store(c, SET_UNION, EVENT_SUNIONSTORE);
}

int cmd_sdiffstore(struct call *c)
{
    return combine_store(c, SET_DIFF, EVENT_SDIFFSTORE);
}

int cmd_sintercard(struct call *c)
{
    const struct set **s;
    int64_t limit;
    size_t n;
    int err;

    if ((err = keys_counted(c, 1, &n)) != OK || (err = keys_limit(c, 2 + n, &limit)) != OK ||
        (err = sets_of(c, c->arg + 2, n, &s)) != OK)
        return err;
    reply_int(c->reply, (int64_t)set_inter_count(s, n, (size_t)limit));
    mem_free(s);
    return OK;
}
