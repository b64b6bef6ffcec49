/* cmd/dump_cmds.c - DUMP and RESTORE: a key's value as bytes, to be carried elsewhere. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/dump.h"

int cmd_dump(struct call *c)
{
    struct key *k = key_read(c, c->arg[1]);
    struct buf b = {0};

    if (!k) {
        reply_null(c->reply);
        return OK;
    }
    dump_write(&b, k->type, k->value);
    reply_bulk(c->reply, buf_slice(&b));
    buf_free(&b);
    return OK;
}

/* --- RESTORE --- */

struct restore_args {
    bool replace, absolute;
    int64_t idle, freq; /* -1: not given */
    msec ttl;
};

/* FREQ counts only under a policy of eviction that does not exist here. */
static int parse_freq(struct call *c, struct slice s, struct restore_args *a)
{
    if (!num_i64(s, &a->freq))
        return ERR_INT;
    if (a->freq < 0 || a->freq > 255)
        return call_fail(c, "ERR Invalid FREQ value, must be >= 0 and <= 255");
    return OK;
}

static int parse_idle(struct call *c, struct slice s, struct restore_args *a)
{
    if (!num_i64(s, &a->idle))
        return ERR_INT;
    if (a->idle < 0)
        return call_fail(c, "ERR Invalid IDLETIME value, must be >= 0");
    return OK;
}

static int parse_options(struct call *c, struct restore_args *a)
{
    int err = OK;

    *a = (struct restore_args){.idle = -1, .freq = -1};
    for (size_t i = 4; i < c->n && err == OK; i++) {
        if (slice_is(c->arg[i], "REPLACE"))
            a->replace = true;
        else if (slice_is(c->arg[i], "ABSTTL"))
            a->absolute = true;
        else if (slice_is(c->arg[i], "IDLETIME") && i + 1 < c->n && a->freq == -1)
            err = parse_idle(c, c->arg[++i], a);
        else if (slice_is(c->arg[i], "FREQ") && i + 1 < c->n && a->idle == -1)
            err = parse_freq(c, c->arg[++i], a);
        else
            err = ERR_SYNTAX;
    }
    return err;
}

static int parse_ttl(struct call *c, struct restore_args *a)
{
    if (!num_i64(c->arg[2], &a->ttl))
        return ERR_INT;
    if (a->ttl < 0)
        return call_fail(c, "ERR Invalid TTL value, must be >= 0");
    if (a->ttl && !a->absolute && __builtin_add_overflow(a->ttl, c->now.wall, &a->ttl))
        return call_fail(c, "ERR invalid expire time in 'restore' command");
    return OK;
}

static int read_dump(struct call *c, enum key_type *type, void **value)
{
    struct rdb_making making = {&c->broker->shape, &c->broker->node_limits};
    size_t max = c->broker->origin == ORIGIN_REPLAY ? 0 : (size_t)c->service->config.maxmemory;
    int err;

    if (!dump_is_sound(c->arg[3]))
        return call_fail(c, "ERR DUMP payload version or checksum are wrong");
    err = dump_read(c->arg[3], &making, max, type, value);
    if (err == ERR_OOM)
        return err;
    return err == OK && *value ? OK : call_fail(c, "ERR Bad data format");
}

static void set_idle(struct call *c, int64_t seconds)
{
    int64_t most = (int64_t)TICKS_MAX * TICK_USEC / 1000000;
    struct key *k = db_find(c->broker, c->db, c->arg[1]);

    if (seconds > most)
        seconds = most;
    k->used = (c->broker->ticks - (uint32_t)(seconds * 1000000 / TICK_USEC)) & TICKS_MAX;
}

int cmd_restore(struct call *c)
{
    struct restore_args a;
    enum key_type type;
    void *value;
    struct key *k;
    int err;

    if ((err = parse_options(c, &a)) != OK)
        return err;
    k = key_write(c, c->arg[1]);
    if (k && !a.replace)
        return call_fail(c, "BUSYKEY Target key name already exists.");
    if ((err = parse_ttl(c, &a)) != OK || (err = read_dump(c, &type, &value)) != OK)
        return err;
    if (a.ttl && a.ttl <= c->now.wall && c->broker->origin != ORIGIN_REPLAY) { /* its time is over already */
        rdb_discard(type, value);
        if (k)
            change_del(c->broker, c->db, c->arg[1]);
    } else {
        change_restore(c->broker, c->db, c->arg[1], type, value, a.ttl ? a.ttl : -1);
        if (a.idle >= 0)
            set_idle(c, a.idle);
    }
    reply_ok(c->reply);
    return OK;
}
