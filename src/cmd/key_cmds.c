/* cmd/key_cmds.c - commands on keys of any type. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"

int cmd_del(struct call *c)
{
    int64_t n = 0;

    for (size_t i = 1; i < c->n; i++) {
        if (key_write(c, c->arg[i])) {
            change_del(c->broker, c->db, c->arg[i]);
            n++;
        }
    }
    reply_int(c->reply, n);
    return OK;
}

int cmd_exists(struct call *c)
{
    int64_t n = 0;

    for (size_t i = 1; i < c->n; i++)
        n += key_look(c, c->arg[i]) != NULL;
    reply_int(c->reply, n);
    return OK;
}

/* Even for a client whose commands leave no trace (CLIENT NO-TOUCH). */
int cmd_touch(struct call *c)
{
    int64_t n = 0;

    for (size_t i = 1; i < c->n; i++) {
        struct key *k = key_look(c, c->arg[i]);

        if (!k)
            continue;
        k->used = c->broker->ticks;
        n++;
    }
    reply_int(c->reply, n);
    return OK;
}

int cmd_type(struct call *c)
{
    struct key *k = key_look(c, c->arg[1]);

    reply_status(c->reply, k ? key_type_name(k->type) : "none");
    return OK;
}

/* --- when a key expires --- */

enum expire_if { EXPIRE_NX = 1, EXPIRE_XX = 2, EXPIRE_GT = 4, EXPIRE_LT = 8 };

static int parse_condition(struct call *c, unsigned *cond)
{
    *cond = 0;
    for (size_t i = 3; i < c->n; i++) {
        if (slice_is(c->arg[i], "NX"))
            *cond |= EXPIRE_NX;
        else if (slice_is(c->arg[i], "XX"))
            *cond |= EXPIRE_XX;
        else if (slice_is(c->arg[i], "GT"))
            *cond |= EXPIRE_GT;
        else if (slice_is(c->arg[i], "LT"))
            *cond |= EXPIRE_LT;
        else
            return call_fail(c, "ERR Unsupported option %.*s", SLICE_ARG(c->arg[i]));
    }
    if ((*cond & EXPIRE_NX) && (*cond & ~EXPIRE_NX))
        return call_fail(c, "ERR NX and XX, GT or LT options at the same time are not compatible");
    if ((*cond & EXPIRE_GT) && (*cond & EXPIRE_LT))
        return call_fail(c, "ERR GT and LT options at the same time are not compatible");
    return OK;
}

/* No TTL counts as one without end. */
static bool condition_holds(const struct key *k, unsigned cond, msec at)
{
    if ((cond & EXPIRE_NX) && k->expiry)
        return false;
    if ((cond & EXPIRE_XX) && !k->expiry)
        return false;
    if ((cond & EXPIRE_GT) && (!k->expiry || at <= k->expiry->node.at))
        return false;
    return !((cond & EXPIRE_LT) && k->expiry && at >= k->expiry->node.at);
}

static int bad_time(struct call *c)
{
    struct slice name = slice_of(c->cmd->name);
    char low[32];

    for (size_t i = 0; i < name.n && i < sizeof low; i++)
        low[i] = name.p[i] | 0x20;
    return call_fail(c, "ERR invalid expire time in '%.*s' command", (int)name.n, low);
}

/* `unit` is in milliseconds; a time that lies in the past deletes the key. */
static int expire(struct call *c, msec unit, msec base)
{
    unsigned cond;
    msec at;
    struct key *k;
    int err;

    if ((err = parse_condition(c, &cond)) != OK)
        return err;
    if (!num_i64(c->arg[2], &at))
        return ERR_INT;
    if (__builtin_mul_overflow(at, unit, &at) || __builtin_add_overflow(at, base, &at))
        return bad_time(c);
    k = key_write(c, c->arg[1]);
    if (!k || !condition_holds(k, cond, at)) {
        reply_int(c->reply, 0);
        return OK;
    }
    if (at <= c->now.wall && c->broker->origin != ORIGIN_REPLAY)
        change_del(c->broker, c->db, c->arg[1]);
    else
        change_expire(c->broker, c->db, c->arg[1], at < 0 ? 0 : at);
    reply_int(c->reply, 1);
    return OK;
}

int cmd_expire(struct call *c)
{
    return expire(c, 1000, c->now.wall);
}

int cmd_pexpire(struct call *c)
{
    return expire(c, 1, c->now.wall);
}

int cmd_expireat(struct call *c)
{
    return expire(c, 1000, 0);
}

int cmd_pexpireat(struct call *c)
{
    return expire(c, 1, 0);
}

/* When the key expires, counted from `base`; -2: no key, -1: never. */
static msec end_from(struct call *c, msec base)
{
    struct key *k = key_look(c, c->arg[1]);

    if (!k)
        return -2;
    if (!k->expiry)
        return -1;
    return k->expiry->node.at > base ? k->expiry->node.at - base : 0;
}

static int reply_seconds(struct call *c, msec t)
{
    reply_int(c->reply, t < 0 ? t : t / 1000 + (t % 1000 >= 500));
    return OK;
}

int cmd_ttl(struct call *c)
{
    return reply_seconds(c, end_from(c, c->now.wall));
}

int cmd_pttl(struct call *c)
{
    reply_int(c->reply, end_from(c, c->now.wall));
    return OK;
}

int cmd_expiretime(struct call *c)
{
    return reply_seconds(c, end_from(c, 0));
}

int cmd_pexpiretime(struct call *c)
{
    reply_int(c->reply, end_from(c, 0));
    return OK;
}

int cmd_persist(struct call *c)
{
    struct key *k = key_write(c, c->arg[1]);
    bool had = k && k->expiry;

    if (had)
        change_expire(c->broker, c->db, c->arg[1], -1);
    reply_int(c->reply, had);
    return OK;
}
