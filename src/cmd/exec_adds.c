/* cmd/exec_adds.c - what a transaction is about to add to streams, admitted before it begins. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "headers.h"
#include "leases.h"
#include "qadd.h"
#include "queue/room.h"
#include "store/inbox.h"
#include <stdlib.h>

struct add {
    int db;
    struct slice name;
    size_t bytes; /* of names and values */
    bool named;   /* it has a dedup id */
};

struct adds {
    struct call *c;
    struct add *v;
    size_t n;
};

/* --- the commands --- */

/* NULL: it is not there yet. */
static int stream_of(struct call *c, const struct stream **s)
{
    return stream_write(c, c->arg[1], s);
}

/* Unless it will find that it is not to be added. */
static int put(struct adds *a, struct call *c, const struct stream *s, const struct addition *x)
{
    struct added before;

    if ((s || !x->no_make) && !queue_knows(s, x, c->now, &before))
        a->v[a->n++] = (struct add){c->db, c->arg[1], slices_bytes(x->field, x->n), x->dedup.n > 0};
    return OK;
}

static int put_xadd(struct adds *a, struct call *c)
{
    const struct stream *s;
    struct addition x;
    struct add_args add;
    int err = parse_add(c, &add);

    if (err != OK)
        return err;
    if (c->n < add.at + 3 || (c->n - add.at) % 2 == 0)
        return ERR_ARITY;
    if (add.want == STREAM_ID_GIVEN && stream_id_is_zero(add.id))
        return ERR_ID_ZERO;
    if ((err = stream_of(c, &s)) != OK)
        return err;
    x = (struct addition){.field = c->arg + add.at + 1, .n = c->n - add.at - 1, .no_make = add.no_make};
    if (queue_heeds_headers(c->broker, c->db, c->arg[1], s, c->now) && has_headers(c, &add))
        err = headers_parse(c, &add, &x);
    return err == OK ? put(a, c, s, &x) : err;
}

static int put_qadd(struct adds *a, struct call *c)
{
    const struct stream *s;
    struct addition x;
    int err = qadd_parse(c, &x);

    return err != OK || (err = stream_of(c, &s)) != OK ? err : put(a, c, s, &x);
}

/* Later commands are of the database that it names; one that it cannot, it will say itself. */
static void follow_select(struct call *c)
{
    int64_t db;

    if (num_i64(c->arg[1], &db) && db >= 0 && db < c->broker->dbs)
        c->db = (int)db;
}

/* Nobody hears what is said of a command here. */
static int gather(struct adds *a)
{
    struct service *sv = a->c->service;
    struct reply forget = {.out = &sv->replay_out, .proto = 2};
    const struct session *s = a->c->session;
    struct call q = *a->c;
    int err = OK;

    outbox_mute(&sv->replay_out, true);
    q.reply = &forget;
    for (size_t i = 0; i < s->queued && err == OK; i++) {
        q.cmd = s->queue[i].cmd;
        q.arg = s->queue[i].arg;
        q.n = s->queue[i].n;
        if (q.cmd->run == cmd_select)
            follow_select(&q);
        else if (q.cmd->run == cmd_xadd)
            err = put_xadd(a, &q);
        else if (q.cmd->run == cmd_qadd)
            err = put_qadd(a, &q);
    }
    return err == ERR_REPLIED || err == ERR_ARITY ? ERR_SYNTAX : err;
}

/* --- what a stream is to take --- */

static int by_queue(const void *a, const void *b)
{
    const struct add *x = a, *y = b;

    return x->db != y->db ? (x->db > y->db) - (x->db < y->db) : slice_cmp(x->name, y->name);
}

struct sum {
    uint64_t n, bytes, named;
};

/* Of those to the queue of the first one. */
static struct sum sum_of(const struct add *v, size_t n)
{
    struct sum sum = {0};

    while (sum.n < n && by_queue(&v[sum.n], v) == 0) {
        sum.bytes += v[sum.n].bytes;
        sum.named += v[sum.n].named;
        sum.n++;
    }
    return sum;
}

static int admit_one(const struct call *c, const struct add *a, const struct sum *sum, bool room)
{
    const struct key *k = db_find(c->broker, a->db, a->name);
    const struct stream *s = k ? k->stream : NULL;
    const struct inbox *in = s ? stream_inbox(s) : NULL;

    if (room)
        return queue_admit_all(c->broker, a->db, a->name, s, sum->n, sum->bytes, c->now);
    if (sum->named && in && windows_count(&in->windows) + sum->named > c->broker->queue_dedup_max)
        return ERR_DEDUP_FULL;
    return queue_paused(c->broker, a->db, a->name, s, c->now);
}

/* What makes way for the first ones must not, if the last one is refused otherwise. */
static int admit(const struct adds *a, bool room)
{
    int err = OK;

    for (size_t i = 0; i < a->n && err == OK;) {
        struct sum sum = sum_of(a->v + i, a->n - i);

        err = admit_one(a->c, a->v + i, &sum, room);
        i += sum.n;
    }
    return err;
}

static int check_sizes(const struct adds *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].bytes > STREAM_ENTRY_MAX)
            return ERR_TOO_LARGE;
    return OK;
}

int exec_adds_admit(struct call *c)
{
    struct adds a = {.c = c};
    int err;

    if (!c->session->leases_bytes || c->session->queued == 0)
        return OK;
    a.v = mem_alloc(c->session->queued * sizeof *a.v);
    err = gather(&a);
    if (a.n)
        qsort(a.v, a.n, sizeof *a.v, by_queue);
    if (err == OK)
        err = check_sizes(&a);
    if (err == OK)
        err = admit(&a, false);
    if (err == OK)
        err = admit(&a, true);
    mem_free(a.v);
    return err == OK ? OK
                     : call_fail(c, "EXECABORT Transaction discarded because of: %s", call_error_text(err));
}
