/* cmd/queue_record_cmds.c - the journal's private records of queues, when it is read back. See
 * store/record.h. Whatever does not fit the data is damage: an error, which stops the loading. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change_queue.h"
#include "stream_args.h"

/* LMQ.QUEUE key */
int cmd_record_queue(struct call *c)
{
    const struct stream *s;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s)
        return ERR_FORMAT;
    change_queue_make(c->broker, c->db, c->arg[1]);
    return OK;
}

/* The group at arg[2] of the queue at arg[1]. */
static int group_of_queue(struct call *c, const struct stream **s, struct group **g)
{
    int err = stream_write(c, c->arg[1], s);

    if (err != OK)
        return err;
    *g = *s && stream_queue(*s) ? stream_group(*s, c->arg[2]) : NULL;
    return *g ? OK : ERR_FORMAT;
}

/* The same with ids from arg[at] to the end, which the caller frees if it is OK. */
static int group_and_ids(struct call *c, size_t at, struct group **g, struct ids *ids)
{
    const struct stream *s;
    int err = group_of_queue(c, &s, g);

    if (err != OK)
        return err;
    ids_parse(ids, c->arg + at, c->n - at);
    if (ids->n == c->n - at)
        return OK;
    ids_free(ids);
    return ERR_FORMAT;
}

struct back {
    struct stream_id id;
    uint64_t state, count;
    msec at;
};

static bool back_parse(const struct slice *word, struct back *b)
{
    return stream_id_parse(word[0], 0, &b->id) == OK && num_u64(word[1], &b->state) &&
           num_u64(word[2], &b->count) && num_i64(word[3], &b->at) && b->state >= PENDING_READY &&
           b->state < PENDING_QUEUED;
}

/* LMQ.BACK key group consumer error death id state count at [...] */
int cmd_record_back(struct call *c)
{
    const struct stream *s;
    struct group *g;
    enum death death;
    struct park p;
    struct back b;
    int err = group_of_queue(c, &s, &g);

    if (err != OK)
        return err;
    if ((c->n - 6) % 4 || !death_parse(c->arg[5], &death))
        return ERR_FORMAT;
    for (size_t i = 6; i < c->n; i += 4)
        if (!back_parse(c->arg + i, &b))
            return ERR_FORMAT;
    change_park_open(&p, c->broker, c->db, c->arg[1], g, c->arg[3], c->arg[4], death);
    for (size_t i = 6; i < c->n; i += 4) {
        back_parse(c->arg + i, &b);
        change_park(&p, b.id, (enum pending_state)b.state, b.count, b.at);
    }
    change_park_close(&p);
    return OK;
}

/* LMQ.EXTEND key group time until id [id ...] */
int cmd_record_extend(struct call *c)
{
    msec time, until;
    struct group *g;
    struct ids ids;
    int err;

    if (!num_i64(c->arg[3], &time) || !num_i64(c->arg[4], &until))
        return ERR_FORMAT;
    if ((err = group_and_ids(c, 5, &g, &ids)) != OK)
        return err;
    change_extend(c->broker, c->db, c->arg[1], g, ids.v, ids.n, time, until);
    ids_free(&ids);
    return OK;
}

/* LMQ.END key group end id [id ...] */
int cmd_record_end(struct call *c)
{
    enum end end;
    struct group *g;
    struct ids ids;
    int err;

    if (!end_parse(c->arg[3], &end))
        return ERR_FORMAT;
    if ((err = group_and_ids(c, 4, &g, &ids)) != OK)
        return err;
    change_end(c->broker, c->db, c->arg[1], g, end, ids.v, ids.n);
    ids_free(&ids);
    return OK;
}

/* Each of them, rising, is NEW to the group. */
static bool all_new(const struct group *g, const struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        if (!group_is_new(g, ids->v[i]) || (i && stream_id_cmp(ids->v[i - 1], ids->v[i]) >= 0))
            return false;
    return true;
}

/* LMQ.TAKE key group consumer time [id ...] */
int cmd_record_take(struct call *c)
{
    struct consumer *who = NULL;
    struct group *g;
    struct ids ids;
    msec time;
    int err;

    if (!num_i64(c->arg[4], &time))
        return ERR_FORMAT;
    if ((err = group_and_ids(c, 5, &g, &ids)) != OK)
        return err;
    if (c->arg[3].n && !(who = group_consumer(g, c->arg[3])))
        err = ERR_FORMAT;
    else if (!all_new(g, &ids))
        err = ERR_FORMAT;
    else
        change_take(c->broker, c->db, c->arg[1], g, who, ids.v, ids.n, time);
    ids_free(&ids);
    return err;
}

/* LMQ.PASSED key group id [id ...] */
int cmd_record_passed(struct call *c)
{
    struct group *g;
    struct ids ids;
    int err = group_and_ids(c, 3, &g, &ids);

    if (err != OK)
        return err;
    change_passed(c->broker, c->db, c->arg[1], g, ids.v, ids.n);
    ids_free(&ids);
    return OK;
}

/* LMQ.TOTALS key group acked expired dead dropped */
int cmd_record_totals(struct call *c)
{
    const struct stream *s;
    struct group *g;
    uint64_t ended[ENDS];
    int err = group_of_queue(c, &s, &g);

    if (err != OK)
        return err;
    for (int i = 0; i < ENDS; i++)
        if (!num_u64(c->arg[3 + i], &ended[i]))
            return ERR_FORMAT;
    change_totals(c->broker, c->db, c->arg[1], g, ended);
    return OK;
}
