/* cmd/qlease_cmds.c - QACK, QNACK, QEXTEND: what a consumer says of the messages it holds. Others' messages,
 * and those it holds no longer, are passed over. */
#include "base/duration.h"
#include "base/err.h"
#include "queue/back.h"
#include "queue/take.h"
#include "stream_args.h"

/* key group consumer ... id [id ...]: who speaks, and of what. */
struct holder {
    const struct stream *s;
    struct group *g;
    struct consumer *who; /* NULL: there is none of that name */
    struct ids ids;       /* of those named, the ones it holds */
};

bool lease_is_held(const struct group *g, const struct consumer *who, struct stream_id id, struct pending *p)
{
    return who && pel_find(&g->pel, id, p) && pending_is_leased(p) && p->owner == who->slot;
}

/* Each id once: what was said of it is done by then. */
static void keep_held(struct holder *h)
{
    struct pending p;
    size_t n = 0;

    for (size_t i = 0; i < h->ids.n; i++)
        if (lease_is_held(h->g, h->who, h->ids.v[i], &p))
            h->ids.v[n++] = h->ids.v[i];
    h->ids.n = n;
}

/* The ids begin at arg[at]. OK: the caller frees them. */
static int holder_ids(struct call *c, size_t at, struct holder *h)
{
    if (at >= c->n)
        return ERR_ARITY;
    h->who = group_consumer(h->g, c->arg[3]);
    ids_parse(&h->ids, c->arg + at, c->n - at);
    if (h->ids.n < c->n - at) {
        ids_free(&h->ids);
        return ERR_ID;
    }
    if (h->who)
        change_consumer_seen(h->g, h->who, c->now.wall);
    keep_held(h);
    return OK;
}

static int holder_parse(struct call *c, size_t at, struct holder *h)
{
    int err = group_wanted(c, &h->s, &h->g);

    return err == OK ? holder_ids(c, at, h) : err;
}

/* As XACK, it has nothing to say against a group that is not there. */
int cmd_qack(struct call *c)
{
    struct holder h;
    size_t done = 0;
    int err = stream_read(c, c->arg[1], &h.s);

    if (err != OK)
        return err;
    h.g = h.s ? stream_group(h.s, c->arg[2]) : NULL;
    if (!h.g) {
        reply_int(c->reply, 0);
        return OK;
    }
    if ((err = holder_ids(c, 4, &h)) != OK)
        return err;
    if (h.ids.n)
        done = queue_ack_ids(c->broker, c->db, c->arg[1], h.s, h.g, h.ids.v, h.ids.n, c->now);
    ids_free(&h.ids);
    reply_int(c->reply, (int64_t)done);
    return OK;
}

static int governed(struct call *c, const struct holder *h, struct queue_at *at)
{
    return queue_at(at, c->broker, c->db, c->arg[1], h->s, c->now) && at->q->governed ? OK : ERR_NO_POLICY;
}

/* --- QNACK --- */

struct qnack {
    bool rejects, delays;
    msec delay;
    struct slice error;
    size_t at; /* where the ids begin */
};

#define ERROR_MAX 1024 /* bytes of what is said of a message; the rest is cut off */

static int qnack_parse(struct call *c, struct qnack *a)
{
    int err = OK;

    *a = (struct qnack){.at = 4};
    for (; a->at < c->n && err == OK; a->at++) {
        bool more = a->at + 1 < c->n;

        if (slice_is(c->arg[a->at], "REJECT")) {
            a->rejects = true;
        } else if (more && slice_is(c->arg[a->at], "DELAY")) {
            a->delays = true;
            err = duration_parse(c->arg[++a->at], &a->delay);
        } else if (more && slice_is(c->arg[a->at], "ERROR")) {
            a->error = c->arg[++a->at];
        } else {
            break;
        }
    }
    if (a->error.n > ERROR_MAX)
        a->error.n = ERROR_MAX;
    return err == OK && a->rejects && a->delays ? ERR_SYNTAX : err;
}

static size_t give_back(const struct queue_at *at, const struct qnack *a, const struct holder *h)
{
    struct back k;
    struct pending p;
    size_t n = 0;

    queue_back_open(&k, at, h->g);
    k.how = a->rejects ? BACK_REJECTED : a->delays ? BACK_LATER : BACK_BY_POLICY;
    k.delay = a->delay;
    k.error = a->error;
    for (size_t i = 0; i < h->ids.n; i++)
        if (lease_is_held(h->g, h->who, h->ids.v[i], &p)) {
            queue_back(&k, &p);
            n++;
        }
    queue_back_close(&k);
    queue_freed(at);
    return n;
}

int cmd_qnack(struct call *c)
{
    struct qnack a;
    struct holder h;
    struct queue_at at;
    int err = qnack_parse(c, &a);

    if (err != OK || (err = holder_parse(c, a.at, &h)) != OK)
        return err;
    if ((err = governed(c, &h, &at)) == OK)
        reply_int(c->reply, (int64_t)give_back(&at, &a, &h));
    ids_free(&h.ids);
    return err;
}

/* --- QEXTEND --- */

int cmd_qextend(struct call *c)
{
    struct holder h;
    struct queue_at at;
    msec d, until;
    int err = duration_parse(c->arg[4], &d);

    if (err != OK || (err = holder_parse(c, 5, &h)) != OK)
        return err;
    if ((err = governed(c, &h, &at)) == OK) {
        until = c->now.wall + d;
        if (h.ids.n) {
            change_extend(c->broker, c->db, c->arg[1], h.g, h.ids.v, h.ids.n, c->now.wall, until);
            queue_due(&at, until);
        }
        reply_int(c->reply, (int64_t)h.ids.n);
    }
    ids_free(&h.ids);
    return err;
}
