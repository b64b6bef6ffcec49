/* cmd/stream_cmds.c - commands on the messages of a stream. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change_idmp.h"
#include "headers.h"
#include "queue/add.h"
#include "queue/room.h"
#include "stream_args.h"

/* --- XADD --- */

/* What IDMP and IDMPAUTO call the message; `iid` is room for what is made of its content. */
static struct idmp_name message_name(const struct call *c, const struct add_args *a,
                                     const struct slice *field, size_t n, char iid[IDMP_AUTO_SIZE])
{
    struct idmp_name name = {.pid = c->arg[a->pid_at]};

    if (a->by_content) {
        idmp_auto(field, n, iid);
        name.iid = (struct slice){iid, IDMP_AUTO_SIZE};
    } else {
        name.iid = c->arg[a->pid_at + 1];
    }
    return name;
}

/* The id of the message that this one was when the producer sent it before. A replay asks no clock: a
 * message was known then if the record has the id that it was known by, as those of Redis do. */
static bool known(const struct call *c, const struct stream *s, const struct add_args *a,
                  const struct idmp_name *name, struct stream_id *id)
{
    bool replay = c->broker->origin == ORIGIN_REPLAY;

    if (!s || !stream_idmp(s) || !idmp_find(stream_idmp(s), name, replay ? IDMP_FOREVER : c->now.wall, id))
        return false;
    return !replay || a->want == STREAM_ID_AUTO || stream_id_cmp(*id, a->id) == 0;
}

/* True if that is all there is to do: the message is there already. */
static bool answer_known(struct call *c, const struct stream *s, const struct add_args *a,
                         const struct idmp_name *name)
{
    struct stream_id id;

    if (!known(c, s, a, name, &id))
        return false;
    change_idmp_duplicate(c->broker, c->db, c->arg[1]);
    reply_stream_id(c->reply, id);
    return true;
}

int cmd_xadd(struct call *c)
{
    struct add_args a;
    const struct stream *s;
    const struct slice *field;
    struct stream_id id;
    struct entry_attrs attrs, *with = NULL;
    struct idmp_name name, *as = NULL;
    char room[STREAM_ID_TEXT], iid[IDMP_AUTO_SIZE];
    struct slice text = {.p = room};
    size_t n, bytes;
    bool plain;
    msec arrival;
    int err = parse_add(c, &a);

    if (err != OK)
        return err;
    if (c->n < a.at + 3 || (c->n - a.at) % 2 == 0)
        return ERR_ARITY;
    if (a.want == STREAM_ID_GIVEN && stream_id_is_zero(a.id))
        return ERR_ID_ZERO;
    if ((err = stream_write(c, c->arg[1], &s)) != OK)
        return err;
    if (!s && a.no_make) {
        reply_null(c->reply);
        return OK;
    }
    if (queue_heeds_headers(c->broker, c->db, c->arg[1], s, c->now) && has_headers(c, &a))
        return xadd_by_headers(c, &a);
    field = c->arg + a.at + 1;
    n = c->n - a.at - 1;
    bytes = slices_bytes(field, n);
    if (a.pid_at) {
        name = message_name(c, &a, field, n, iid);
        as = &name;
        if (answer_known(c, s, &a, as))
            return OK;
    }
    plain = s && queue_is_none(c->broker, c->db, s);
    if (!plain && (err = queue_paused(c->broker, c->db, c->arg[1], s, c->now)) != OK)
        return err;
    if ((err = stream_next_id(s, a.want, a.id, c->now.wall, &id)) != OK)
        return err;
    if (bytes > STREAM_ENTRY_MAX || (as && as->pid.n + as->iid.n > STREAM_ENTRY_MAX))
        return ERR_TOO_LARGE;
    if (!plain && (err = queue_admit(c->broker, c->db, c->arg[1], s, bytes, c->now)) != OK)
        return err;
    text.n = stream_id_put(room, id);
    arrival = stream_next_arrival(s, c->now.wall);
    if ((uint64_t)arrival != id.ms && c->broker->origin != ORIGIN_REPLAY)
        *(with = &attrs) = (struct entry_attrs){.arrival = arrival};
    change_xadd(c->broker, c->db, c->arg[1], id, text, field, n, with,
                a.trim.kind == TRIM_NONE ? NULL : &a.trim, as);
    if (!plain)
        queue_added(c->broker, c->db, c->arg[1], s, c->now);
    reply_bulk(c->reply, text);
    return OK;
}

/* --- reading --- */

int cmd_xlen(struct call *c)
{
    const struct stream *s;
    int err = stream_read(c, c->arg[1], &s);

    if (err == OK)
        reply_int(c->reply, s ? (int64_t)stream_length(s) : 0);
    return err;
}

struct range {
    struct stream_id from, to;
    int64_t count; /* INT64_MAX: all of them */
};

static int range_parse(struct call *c, bool back, struct range *r)
{
    int err;

    r->count = INT64_MAX;
    if ((err = parse_start(c, c->arg[back ? 3 : 2], &r->from)) != OK ||
        (err = parse_end(c, c->arg[back ? 2 : 3], &r->to)) != OK)
        return err;
    for (size_t i = 4; i < c->n; i += 2) {
        if (!slice_is(c->arg[i], "COUNT") || i + 1 == c->n)
            return ERR_SYNTAX;
        if (!num_i64(c->arg[i + 1], &r->count))
            return ERR_INT;
    }
    return OK;
}

static size_t reply_forward(struct call *c, const struct stream *s, const struct range *r)
{
    struct stream_pos pos;
    struct entry e;
    int64_t n = 0;

    stream_seek(s, r->from, &pos);
    while (n < r->count && stream_next(s, &pos, &e) && stream_id_cmp(e.id, r->to) <= 0) {
        entry_reply(&e, c->reply);
        n++;
    }
    return (size_t)n;
}

static size_t reply_backward(struct call *c, const struct stream *s, const struct range *r)
{
    struct stream_back back;
    struct entry e;
    int64_t n = 0;

    stream_seek_back(s, r->to, &back);
    while (n < r->count && stream_prev(s, &back, &e) && stream_id_cmp(e.id, r->from) >= 0) {
        entry_reply(&e, c->reply);
        n++;
    }
    return (size_t)n;
}

static int range_command(struct call *c, bool back)
{
    struct range r;
    const struct stream *s;
    uint64_t place;
    int err;

    if ((err = range_parse(c, back, &r)) != OK || (err = stream_read(c, c->arg[1], &s)) != OK)
        return err;
    if (s && r.count <= 0) {
        reply_null_array(c->reply);
        return OK;
    }
    place = reply_later(c->reply, 0);
    if (s)
        reply_fill_array(c->reply, place, back ? reply_backward(c, s, &r) : reply_forward(c, s, &r));
    return OK;
}

int cmd_xrange(struct call *c)
{
    return range_command(c, false);
}

int cmd_xrevrange(struct call *c)
{
    return range_command(c, true);
}

/* --- removing --- */

int cmd_xdel(struct call *c)
{
    const struct stream *s;
    struct ids ids;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    if (!s) {
        reply_int(c->reply, 0);
        return OK;
    }
    ids_parse(&ids, c->arg + 2, c->n - 2);
    if (ids.n == c->n - 2)
        reply_int(c->reply, (int64_t)change_xdel(c->broker, c->db, c->arg[1], ids.v, ids.n));
    else
        err = ERR_ID;
    ids_free(&ids);
    return err;
}

int cmd_xtrim(struct call *c)
{
    struct stream_trim trim;
    const struct stream *s;
    int err;

    if ((err = parse_trim(c, &trim)) != OK || (err = stream_write(c, c->arg[1], &s)) != OK)
        return err;
    reply_int(c->reply, s ? (int64_t)change_xtrim(c->broker, c->db, c->arg[1], &trim) : 0);
    return OK;
}

/* --- XSETID --- */

struct setid_args {
    struct stream_id last, max_deleted; /* the latter 0-0: as it is */
    int64_t added;                      /* -1: as it is */
};

/* A replay takes what was journaled: an older Redis let a stream get ids that lie below its deleted ones. */
static bool below(const struct call *c, struct stream_id id, struct stream_id least)
{
    return c->broker->origin != ORIGIN_REPLAY && stream_id_cmp(id, least) < 0;
}

static int setid_parse(struct call *c, struct setid_args *a)
{
    *a = (struct setid_args){.added = -1};
    if (stream_id_parse(c->arg[2], 0, &a->last) != OK)
        return ERR_ID;
    for (size_t i = 3; i < c->n; i += 2) {
        if (i + 1 == c->n)
            return ERR_SYNTAX;
        if (slice_is(c->arg[i], "ENTRIESADDED")) {
            if (!num_i64(c->arg[i + 1], &a->added))
                return ERR_INT;
            if (a->added < 0)
                return call_fail(c, "ERR entries_added must be positive");
        } else if (slice_is(c->arg[i], "MAXDELETEDID")) {
            if (stream_id_parse(c->arg[i + 1], 0, &a->max_deleted) != OK)
                return ERR_ID;
            if (below(c, a->last, a->max_deleted))
                return call_fail(c, "ERR The ID specified in XSETID is smaller than the provided "
                                    "max_deleted_entry_id");
        } else {
            return ERR_SYNTAX;
        }
    }
    return OK;
}

static int setid_check(struct call *c, const struct stream *s, const struct setid_args *a)
{
    struct stream_back back;
    struct entry top;

    if (below(c, a->last, stream_max_deleted_id(s)))
        return call_fail(c, "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    stream_seek_back(s, STREAM_ID_MAX, &back);
    if (!stream_prev(s, &back, &top))
        return OK;
    if (stream_id_cmp(a->last, top.id) < 0)
        return call_fail(c, "ERR The ID specified in XSETID is smaller than the target stream top item");
    if (a->added >= 0 && (uint64_t)a->added < stream_length(s))
        return call_fail(
            c, "ERR The entries_added specified in XSETID is smaller than the target stream length");
    return OK;
}

int cmd_xsetid(struct call *c)
{
    struct setid_args a;
    const struct stream *s;
    int err;

    if ((err = setid_parse(c, &a)) != OK || (err = stream_write(c, c->arg[1], &s)) != OK)
        return err;
    if (!s)
        return ERR_NO_KEY;
    if ((err = setid_check(c, s, &a)) != OK)
        return err;
    change_xsetid(c->broker, c->db, c->arg[1], a.last,
                  a.added >= 0 ? (uint64_t)a.added : stream_entries_added(s),
                  stream_id_is_zero(a.max_deleted) ? stream_max_deleted_id(s) : a.max_deleted);
    reply_ok(c->reply);
    return OK;
}
