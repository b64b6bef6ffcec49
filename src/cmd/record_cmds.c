/* cmd/record_cmds.c - the journal's private records, when it is read back. See store/record.h. Whatever
 * does not fit the data is damage: an error, which stops the loading. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change_idmp.h"
#include "broker/change_policy.h"
#include "stream_args.h"

static int record_group(struct call *c, const struct stream **s, struct group **g)
{
    int err = stream_write(c, c->arg[1], s);

    if (err != OK)
        return err;
    *g = *s ? stream_group(*s, c->arg[2]) : NULL;
    return *g ? OK : ERR_FORMAT;
}

/* LMQ.DELIVER key group consumer time first last n entries-read */
int cmd_record_deliver(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct consumer *who;
    struct stream_id first, last;
    msec time;
    uint64_t n;
    int64_t entries_read;
    int err = record_group(c, &s, &g);

    if (err != OK)
        return err;
    who = group_consumer(g, c->arg[3]);
    if (!who || !num_i64(c->arg[4], &time) || stream_id_parse(c->arg[5], 0, &first) != OK ||
        stream_id_parse(c->arg[6], 0, &last) != OK || !num_u64(c->arg[7], &n) ||
        !num_i64(c->arg[8], &entries_read))
        return ERR_FORMAT;
    change_consumer_seen(g, who, soft_now(c));
    return change_replay_deliver(c->broker, c->db, c->arg[1], g, who, time, first, last, n, entries_read)
               ? OK
               : ERR_FORMAT;
}

/* id count [id count ...], from arg[at] to the end. Nothing is applied before all of it is understood. */
static bool held_are_good(const struct call *c, size_t at)
{
    struct stream_id id;
    uint64_t count;

    for (size_t i = at; i < c->n; i += 2)
        if (i + 1 == c->n || stream_id_parse(c->arg[i], 0, &id) != OK || !num_u64(c->arg[i + 1], &count))
            return false;
    return true;
}

/* Without a consumer they are given back. */
static void hold_all(struct call *c, struct group *g, struct consumer *who, msec time, size_t at)
{
    struct holding h;

    change_hold_open(&h, c->broker, c->db, c->arg[1], g, who, time);
    for (size_t i = at; i < c->n; i += 2) {
        struct stream_id id = STREAM_ID_MIN;
        uint64_t count = 0;

        stream_id_parse(c->arg[i], 0, &id);
        num_u64(c->arg[i + 1], &count);
        change_hold(&h, id, count);
    }
    change_hold_close(&h);
}

/* LMQ.HOLD key group consumer time id count [id count ...] */
int cmd_record_hold(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct consumer *who;
    msec time;
    int err = record_group(c, &s, &g);

    if (err != OK)
        return err;
    who = group_consumer(g, c->arg[3]);
    if (!who || !num_i64(c->arg[4], &time) || !held_are_good(c, 5))
        return ERR_FORMAT;
    change_consumer_seen(g, who, soft_now(c));
    change_consumer_active(who, time);
    hold_all(c, g, who, time, 5);
    return OK;
}

/* LMQ.NACK key group id count [id count ...] */
int cmd_record_nack(struct call *c)
{
    const struct stream *s;
    struct group *g;
    int err = record_group(c, &s, &g);

    if (err != OK)
        return err;
    if (!held_are_good(c, 3))
        return ERR_FORMAT;
    hold_all(c, g, NULL, 0, 3);
    return OK;
}

/* LMQ.SKIP key group last entries-read */
int cmd_record_skip(struct call *c)
{
    const struct stream *s;
    struct group *g;
    struct stream_id last;
    int64_t entries_read;
    int err = record_group(c, &s, &g);

    if (err != OK)
        return err;
    if (stream_id_parse(c->arg[3], 0, &last) != OK || !num_i64(c->arg[4], &entries_read))
        return ERR_FORMAT;
    change_group_skip(c->broker, c->db, c->arg[1], g, last, entries_read);
    return OK;
}

/* LMQ.IDMP key added duplicates */
int cmd_record_idmp(struct call *c)
{
    const struct stream *s;
    uint64_t added, duplicates;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || !num_u64(c->arg[2], &added) || !num_u64(c->arg[3], &duplicates))
        return ERR_FORMAT;
    change_idmp_count(c->broker, c->db, c->arg[1], added, duplicates);
    return OK;
}

/* LMQ.FORGET key producer n */
int cmd_record_forget(struct call *c)
{
    const struct stream *s;
    uint64_t n;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || !num_u64(c->arg[3], &n) || n > SIZE_MAX)
        return ERR_FORMAT;
    return change_idmp_forget(c->broker, c->db, c->arg[1], c->arg[2], (size_t)n) ? OK : ERR_FORMAT;
}

/* arrival expires level group, from arg[at] on */
static bool attrs_parse(const struct call *c, size_t at, struct entry_attrs *attrs)
{
    uint64_t level;

    if (!num_i64(c->arg[at], &attrs->arrival) || !num_i64(c->arg[at + 1], &attrs->expires) ||
        !num_u64(c->arg[at + 2], &level) || level >= ENTRY_LEVELS)
        return false;
    attrs->level = (uint8_t)level;
    attrs->group = c->arg[at + 3];
    return true;
}

/* LMQ.ADD key id arrival expires level group field value [field value ...] */
int cmd_record_add(struct call *c)
{
    const struct stream *s;
    struct entry_attrs attrs;
    struct stream_id id, next;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (c->n % 2 == 0 || stream_id_parse(c->arg[2], 0, &id) != OK || !attrs_parse(c, 3, &attrs) ||
        stream_next_id(s, STREAM_ID_GIVEN, id, 0, &next) != OK)
        return ERR_FORMAT;
    change_xadd(c->broker, c->db, c->arg[1], id, c->arg[2], c->arg + 7, c->n - 7, &attrs, NULL, NULL);
    return OK;
}

/* LMQ.DROP key id [id ...] */
int cmd_record_drop(struct call *c)
{
    const struct stream *s;
    struct ids ids;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    ids_parse(&ids, c->arg + 2, c->n - 2);
    if (!s || ids.n < c->n - 2 || !change_replay_drop(c->broker, c->db, c->arg[1], ids.v, ids.n))
        err = ERR_FORMAT;
    ids_free(&ids);
    return err;
}

/* LMQ.DLQ key */
int cmd_record_dlq(struct call *c)
{
    const struct stream *s;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s)
        return ERR_FORMAT;
    change_dlq(c->broker, c->db, c->arg[1]);
    return OK;
}
