/* cmd/qpurge_cmds.c - QPURGE: what nobody holds is dropped. */
#include "base/err.h"
#include "qstates.h"
#include "queue/purge.h"
#include "stream_args.h"

struct purge_args {
    struct slice group; /* p NULL: all of them */
    int state;          /* enum queue_state; -1: any */
};

static int parse_state(struct call *c, struct purge_args *a)
{
    bool fits =
        a->group.p ? a->state != STATE_DELAYED && a->state != STATE_LEASED : a->state == STATE_DELAYED;

    return fits
               ? OK
               : call_fail(c, "ERR STATE must be new, ready, waiting, held or dead with a GROUP, and delayed "
                              "without one");
}

static int purge_parse(struct call *c, struct purge_args *a)
{
    bool told = false;

    *a = (struct purge_args){.state = -1};
    if (c->n % 2)
        return ERR_SYNTAX;
    for (size_t i = 2; i < c->n; i += 2) {
        if (slice_is(c->arg[i], "GROUP")) {
            a->group = c->arg[i + 1];
        } else if (slice_is(c->arg[i], "STATE")) {
            a->state = queue_state_parse(c->arg[i + 1]);
            told = true;
        } else {
            return ERR_SYNTAX;
        }
    }
    if (told && a->state < 0)
        a->state = STATE_LEASED; /* as little as this one */
    return told ? parse_state(c, a) : OK;
}

static enum pending_state pending_of(int state)
{
    switch (state) {
    case STATE_READY:
        return PENDING_READY;
    case STATE_WAITING:
        return PENDING_WAITING;
    case STATE_HELD:
        return PENDING_HELD;
    case STATE_DEAD:
        return PENDING_DEAD;
    default:
        return PENDING_LEASED;
    }
}

static uint64_t purge_group(const struct purged *at, struct group *g, int state)
{
    uint64_t n = 0;

    if (state != STATE_NEW)
        n += queue_purge_pending(at, g, pending_of(state));
    if (state == STATE_NEW || state < 0)
        n += queue_purge_new(at, g);
    return n;
}

static uint64_t purge_all(const struct purged *at, int state)
{
    uint64_t n = queue_purge_delayed(at);

    return state < 0 ? n + queue_purge_entries(at) : n;
}

/* QPURGE key [GROUP g] [STATE s] */
int cmd_qpurge(struct call *c)
{
    struct purge_args a;
    struct purged at = {.b = c->broker, .db = c->db, .name = c->arg[1], .now = c->now};
    struct group *g = NULL;
    int err = purge_parse(c, &a);

    if (err != OK || (err = stream_write(c, c->arg[1], &at.s)) != OK)
        return err;
    if (a.group.p && !(g = at.s ? stream_group(at.s, a.group) : NULL))
        return fail_no_group_of(c, a.group, c->arg[1]);
    reply_int(c->reply, !at.s ? 0 : (int64_t)(g ? purge_group(&at, g, a.state) : purge_all(&at, a.state)));
    return OK;
}
