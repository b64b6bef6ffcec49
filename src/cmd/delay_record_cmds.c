/* cmd/delay_record_cmds.c - the journal's private records about messages that are not in their stream, when
 * it is read back. See store/record.h, and record_cmds.c. */
#include "base/duration.h"
#include "base/err.h"
#include "base/num.h"
#include "broker/change_delay.h"
#include "stream_args.h"

/* LMQ.DELAY key due-number added ttl level dedup field value [field value ...] */
int cmd_record_delay(struct call *c)
{
    const struct stream *s;
    struct delayed_message m = {0}, other;
    uint64_t level;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (c->n % 2 == 0 || stream_id_parse(c->arg[2], 0, &m.id) != OK || m.id.ms > (uint64_t)DELAYED_DUE_MAX ||
        m.id.seq == UINT64_MAX || !num_i64(c->arg[3], &m.added) || !num_i64(c->arg[4], &m.ttl) || m.ttl < 0 ||
        m.ttl > DURATION_MAX || !num_u64(c->arg[5], &level) || level >= ENTRY_LEVELS ||
        (s && stream_inbox(s) && delayed_find(&stream_inbox(s)->delayed, m.id, &other)))
        return ERR_FORMAT;
    m.level = (uint8_t)level;
    m.dedup = c->arg[6];
    m.n = c->n - 7;
    change_delay_add(c->broker, c->db, c->arg[1], &m, c->arg + 7);
    return OK;
}

/* LMQ.CANCEL key due-number [due-number ...] */
int cmd_record_cancel(struct call *c)
{
    const struct stream *s;
    struct ids ids;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    ids_parse(&ids, c->arg + 2, c->n - 2);
    if (!s || ids.n < c->n - 2 || change_delay_cancel(c->broker, c->db, c->arg[1], ids.v, ids.n) != ids.n)
        err = ERR_FORMAT;
    ids_free(&ids);
    return err;
}

/* LMQ.ARRIVE key due-number id arrival */
int cmd_record_arrive(struct call *c)
{
    const struct stream *s;
    struct stream_id due, id, next;
    msec arrival;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || stream_id_parse(c->arg[2], 0, &due) != OK || stream_id_parse(c->arg[3], 0, &id) != OK ||
        !num_i64(c->arg[4], &arrival) || arrival > INT64_MAX - DURATION_MAX ||
        stream_next_id(s, STREAM_ID_GIVEN, id, 0, &next) != OK)
        return ERR_FORMAT;
    return change_replay_arrive(c->broker, c->db, c->arg[1], due, id, arrival) ? OK : ERR_FORMAT;
}

/* LMQ.NUMBER key next */
int cmd_record_number(struct call *c)
{
    const struct stream *s;
    uint64_t next;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || !num_u64(c->arg[2], &next))
        return ERR_FORMAT;
    change_delay_next(c->broker, c->db, c->arg[1], next);
    return OK;
}

static bool lane_parse(struct slice text, unsigned *lane)
{
    uint64_t v;

    if (!num_u64(text, &v) || v >= WINDOWS_LANES)
        return false;
    *lane = (unsigned)v;
    return true;
}

/* LMQ.SEEN key lane dedup id until */
int cmd_record_seen(struct call *c)
{
    const struct stream *s;
    struct seen seen = {.name = c->arg[3]};
    unsigned lane;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || !lane_parse(c->arg[2], &lane) || stream_id_parse(c->arg[4], 0, &seen.id) != OK ||
        !num_i64(c->arg[5], &seen.until))
        return ERR_FORMAT;
    change_window_add_to(c->broker, c->db, c->arg[1], lane, &seen);
    return OK;
}

/* LMQ.LAPSE key lane n */
int cmd_record_lapse(struct call *c)
{
    const struct stream *s;
    unsigned lane;
    uint64_t n;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s || !lane_parse(c->arg[2], &lane) || !num_u64(c->arg[3], &n) || n > SIZE_MAX)
        return ERR_FORMAT;
    return change_replay_lapse(c->broker, c->db, c->arg[1], lane, (size_t)n) ? OK : ERR_FORMAT;
}
