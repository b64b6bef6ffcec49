/* cmd/qwatch_cmds.c - QWATCH: WATCH for leases. They are looked at when EXEC comes, for then it counts: who
 * held a message all the time has it delivered as often as before. */
#include "base/err.h"
#include "base/mem.h"
#include "leases.h"
#include "stream_args.h"

/* What one QWATCH named. */
struct lease_watch {
    struct list node; /* in session.leases */
    int db;
    struct slice *name; /* key, group, consumer */
    size_t n;
    struct lease {
        struct stream_id id;
        uint64_t count;
    } lease[];
};

/* --- EXEC asks --- */

static bool holds(const struct session *s, const struct lease_watch *w, struct now now)
{
    const struct key *k = db_find(&s->service->broker, w->db, w->name[0]);
    const struct group *g;
    const struct consumer *who;
    struct pending p;

    if (!k || k->type != KEY_STREAM || key_expired(k, now.wall) ||
        !(g = stream_group(k->stream, w->name[1])) || !(who = group_consumer(g, w->name[2])))
        return false;
    for (size_t i = 0; i < w->n; i++)
        if (!lease_is_held(g, who, w->lease[i].id, &p) || p.count != w->lease[i].count)
            return false;
    return true;
}

bool leases_hold(const struct session *s, struct now now)
{
    if (!s->leases_bytes)
        return true;
    list_for_each (it, &s->leases)
        if (!holds(s, list_entry(it, struct lease_watch, node), now))
            return false;
    return true;
}

void leases_forget(struct session *s)
{
    if (!s->leases_bytes)
        return;
    list_for_each_safe (it, tmp, &s->leases) {
        struct lease_watch *w = list_entry(it, struct lease_watch, node);

        mem_free(w->name);
        mem_free(w);
    }
    list_init(&s->leases);
    s->leases_bytes = 0;
}

/* --- QWATCH --- */

/* What is watched counts like input that waits for more of it, as what MULTI keeps does. */
static int admit(struct call *c, size_t ids, size_t *bytes)
{
    const struct session *s = c->session;

    *bytes = sizeof(struct lease_watch) + ids * sizeof(struct lease) + slices_bytes(c->arg + 1, 3);
    return s->leases_bytes + *bytes <= s->service->config.client_query_buffer_limit
               ? OK
               : call_fail(c, "ERR watched leases exceed client-query-buffer-limit");
}

static int look(const struct group *g, const struct consumer *who, const struct ids *ids,
                struct lease_watch *w)
{
    struct pending p;

    for (; w->n < ids->n; w->n++) {
        if (!lease_is_held(g, who, ids->v[w->n], &p))
            return ERR_STALE;
        w->lease[w->n] = (struct lease){p.id, p.count};
    }
    return OK;
}

static int watch(struct call *c, const struct group *g, const struct ids *ids)
{
    const struct consumer *who = group_consumer(g, c->arg[3]);
    struct session *s = c->session;
    struct lease_watch *w;
    size_t bytes;
    int err = admit(c, ids->n, &bytes);

    if (err != OK)
        return err;
    w = mem_alloc(sizeof *w + ids->n * sizeof *w->lease);
    *w = (struct lease_watch){.db = c->db};
    if ((err = look(g, who, ids, w)) != OK) {
        mem_free(w);
        return err;
    }
    w->name = args_copy(c->arg + 1, 3);
    if (!s->leases_bytes)
        list_init(&s->leases);
    list_push(&s->leases, &w->node);
    s->leases_bytes += bytes;
    reply_ok(c->reply);
    return OK;
}

/* QWATCH key group consumer id [id ...] */
int cmd_qwatch(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct ids ids;
    int err;

    if (c->session->in_multi)
        return call_fail(c, "ERR QWATCH inside MULTI is not allowed");
    if ((err = group_wanted(c, &s, &g)) != OK)
        return err;
    ids_parse(&ids, c->arg + 4, c->n - 4);
    err = ids.n < c->n - 4 ? ERR_ID : watch(c, g, &ids);
    ids_free(&ids);
    return err;
}
