/* cmd/qpeek_cmds.c - QPEEK: messages of a queue as they are, without touching them. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "qstates.h"
#include "queue/at.h"
#include "store/inbox.h"
#include "stream_args.h"

#define PEEK_COUNT     10
#define PEEK_COUNT_MAX 10000
#define PEEK_EXAMINED  100000 /* messages that are looked at, for one whose state is asked for */

struct peek {
    struct slice group; /* p NULL: none was given */
    int state;          /* enum queue_state; -1: any */
    int64_t count;
    struct stream_id from;
    const struct stream *s;
    const struct group *g;
    uint64_t examined;
    int64_t shown;
};

static int parse_option(struct call *c, size_t i, struct peek *a)
{
    struct slice value = c->arg[i + 1];

    if (slice_is(c->arg[i], "GROUP")) {
        a->group = value;
        return OK;
    }
    if (slice_is(c->arg[i], "STATE")) {
        a->state = queue_state_parse(value);
        return a->state >= 0
                   ? OK
                   : call_fail(c, "ERR STATE must be new, leased, ready, waiting, held, dead or delayed");
    }
    if (slice_is(c->arg[i], "COUNT"))
        return num_i64(value, &a->count) && a->count >= 1 && a->count <= PEEK_COUNT_MAX
                   ? OK
                   : call_fail(c, "ERR COUNT must be from 1 to %d", PEEK_COUNT_MAX);
    if (slice_is(c->arg[i], "FROM"))
        return stream_id_parse(value, 0, &a->from);
    return ERR_SYNTAX;
}

static int peek_parse(struct call *c, struct peek *a)
{
    int err = OK;

    *a = (struct peek){.state = -1, .count = PEEK_COUNT};
    if (c->n % 2)
        return ERR_SYNTAX;
    for (size_t i = 2; i < c->n && err == OK; i += 2)
        err = parse_option(c, i, a);
    if (err == OK && a->state >= 0 && a->state != STATE_DELAYED && !a->group.p)
        return call_fail(c, "ERR STATE is told of a GROUP, but for delayed");
    return err;
}

/* --- one message --- */

struct shown {
    struct call *c;
    uint64_t place; /* of its map */
    size_t n;
};

static void show_word(struct shown *m, const char *name, struct slice value)
{
    reply_bulk_str(m->c->reply, name);
    reply_bulk(m->c->reply, value);
    m->n++;
}

static void show_number(struct shown *m, const char *name, int64_t value)
{
    reply_bulk_str(m->c->reply, name);
    reply_int(m->c->reply, value);
    m->n++;
}

static void show_entry(struct shown *m, const struct entry *e)
{
    struct entry_attrs a;

    entry_attrs(e, &a);
    reply_bulk_str(m->c->reply, "id");
    reply_stream_id(m->c->reply, e->id);
    reply_bulk_str(m->c->reply, "fields");
    entry_reply_fields(e, m->c->reply);
    m->n += 2;
    if (a.level)
        show_number(m, "level", a.level);
    show_number(m, "arrived", a.arrival);
    if (a.expires)
        show_number(m, "expires", a.expires);
    if (a.group.n)
        show_word(m, "group", a.group);
}

static void show_gone(struct shown *m, struct stream_id id)
{
    reply_bulk_str(m->c->reply, "id");
    reply_stream_id(m->c->reply, id);
    reply_bulk_str(m->c->reply, "fields");
    reply_null_array(m->c->reply);
    m->n += 2;
}

/* When its lease or its wait ends, if it does. */
static void show_due(struct shown *m, const struct peek *a, const struct pending *p, const struct note *note)
{
    const struct queue *q = stream_queue(a->s);

    if (note && (p->state == PENDING_WAITING || p->state == PENDING_EXTENDED))
        show_number(m, "due", note->due.at);
    else if (p->state == PENDING_LEASED && q && q->rules.ackwait)
        show_number(m, "due", p->time + q->rules.ackwait);
}

static void show_pending(struct shown *m, const struct peek *a, const struct pending *p)
{
    const struct note *note = a->g->backlog ? backlog_note(a->g->backlog, p->id) : NULL;
    const struct consumer *who = group_owner(a->g, p);
    struct slice consumer = who ? consumer_name(who) : note ? note_consumer(note) : SLICE("");

    show_due(m, a, p, note);
    if (consumer.n)
        show_word(m, "consumer", consumer);
    show_number(m, "deliveries", (int64_t)p->count);
    if (note && note->error_len)
        show_word(m, "error", note_error(note));
    if (note && note->death)
        show_word(m, "reason", slice_of(death_name((enum death)note->death)));
}

/* `p` NULL: it is NEW, or (without a group) of no state; `e` NULL: it is gone. */
static void show(struct call *c, struct peek *a, struct stream_id id, const struct entry *e,
                 const struct pending *p)
{
    struct shown m = {c, reply_later(c->reply, 0), 0};

    if (e)
        show_entry(&m, e);
    else
        show_gone(&m, id);
    if (a->g)
        show_word(&m, "state", slice_of(queue_state_names[p ? queue_state_of(p) : STATE_NEW]));
    if (p)
        show_pending(&m, a, p);
    reply_fill_map(c->reply, m.place, m.n);
    a->shown++;
}

/* --- walks --- */

static void peek_entries(struct call *c, struct peek *a)
{
    struct stream_pos pos;
    struct entry e;

    stream_seek(a->s, a->from, &pos);
    while (a->shown < a->count && stream_next(a->s, &pos, &e))
        show(c, a, e.id, &e, NULL);
}

static bool wants(const struct peek *a, int state)
{
    return a->state < 0 || a->state == state;
}

/* The next that is pending and of interest, from `from` on. */
static bool next_pending(struct peek *a, struct stream_id from, struct pending *p)
{
    bool free = a->state >= 0 && a->state != STATE_LEASED, more;

    if (a->state == STATE_NEW)
        return false;
    do {
        more = free ? pel_seek_owner(&a->g->pel, from, PEL_NO_OWNER, p) : pel_seek(&a->g->pel, from, p);
        if (!more || wants(a, queue_state_of(p)))
            return more;
        from = p->id;
    } while (stream_id_next(&from) && ++a->examined < PEEK_EXAMINED);
    return false;
}

static void peek_group(struct call *c, struct peek *a)
{
    struct stream_pos pos;
    struct pending p;
    struct entry e, still;
    bool fresh, pending = next_pending(a, a->from, &p);

    stream_seek_new(a->s, a->g, &pos);
    if (stream_id_cmp(a->from, a->g->last_id) > 0)
        stream_seek(a->s, a->from, &pos);
    fresh = wants(a, STATE_NEW) && stream_next_new(a->s, a->g, &pos, &e);
    while (a->shown < a->count && (fresh || pending)) {
        if (pending && (!fresh || stream_id_cmp(p.id, e.id) < 0)) {
            struct stream_id from = p.id;

            show(c, a, p.id, stream_find(a->s, p.id, &still) ? &still : NULL, &p);
            pending = stream_id_next(&from) && next_pending(a, from, &p);
        } else {
            show(c, a, e.id, &e, NULL);
            fresh = stream_next_new(a->s, a->g, &pos, &e);
        }
    }
}

static void show_delayed(struct call *c, struct peek *a, const struct delayed_message *d)
{
    struct shown m = {c, reply_later(c->reply, 0), 0};
    struct slice *field = mem_alloc(d->n * sizeof *field);

    delayed_fields(d, field);
    reply_bulk_str(c->reply, "id");
    reply_stream_id(c->reply, d->id);
    reply_bulk_str(c->reply, "fields");
    reply_array(c->reply, d->n);
    for (size_t i = 0; i < d->n; i++)
        reply_bulk(c->reply, field[i]);
    m.n += 2;
    if (d->level)
        show_number(&m, "level", d->level);
    show_number(&m, "added", d->added);
    if (d->ttl)
        show_number(&m, "ttl", d->ttl);
    if (d->dedup.n)
        show_word(&m, "dedup-id", d->dedup);
    show_word(&m, "state", slice_of(queue_state_names[STATE_DELAYED]));
    show_number(&m, "due", (int64_t)d->id.ms);
    reply_fill_map(c->reply, m.place, m.n);
    a->shown++;
    mem_free(field);
}

static void peek_delayed(struct call *c, struct peek *a)
{
    const struct inbox *x = stream_inbox(a->s);
    struct delayed_message m;
    struct delayed_pos pos;

    if (!x)
        return;
    delayed_seek(&x->delayed, a->from, &pos);
    while (a->shown < a->count && delayed_next(&pos, &m))
        show_delayed(c, a, &m);
}

int cmd_qpeek(struct call *c)
{
    struct peek a;
    uint64_t place;
    int err = peek_parse(c, &a);

    if (err != OK || (err = stream_read(c, c->arg[1], &a.s)) != OK)
        return err;
    if (!a.s) {
        reply_array(c->reply, 0);
        return OK;
    }
    if (a.group.p && !(a.g = stream_group(a.s, a.group)))
        return fail_no_group_of(c, a.group, c->arg[1]);
    place = reply_later(c->reply, (size_t)a.count);
    if (a.state == STATE_DELAYED)
        peek_delayed(c, &a);
    else if (a.g)
        peek_group(c, &a);
    else
        peek_entries(c, &a);
    reply_fill_array(c->reply, place, (size_t)a.shown);
    return OK;
}
