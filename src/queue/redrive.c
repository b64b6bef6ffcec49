/* queue/redrive.c - see queue/redrive.h. */
#include "queue/redrive.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_stream.h"
#include "queue/letter.h"
#include "queue/room.h"

#define COUNT_FIELD "x-redrive-count"

/* --- what a letter says --- */

struct letter {
    struct stream_id id;
    struct slice queue, group, reason; /* views into the dead-letter queue; p NULL: it does not say */
    uint64_t count;                    /* of redrives so far */
    size_t bytes;                      /* of the fields that the message keeps */
};

static bool keeps(struct slice name)
{
    return !death_tells(name) && !slice_eq(name, SLICE(COUNT_FIELD));
}

static void note_count(struct letter *l, struct slice value)
{
    if (!num_u64(value, &l->count) || l->count == UINT64_MAX)
        l->count = 0;
}

static void letter_read(struct letter *l, const struct entry *e)
{
    struct entry_walk w = {0};
    struct slice name, value;

    *l = (struct letter){.id = e->id};
    while (entry_field(e, &w, &name, &value)) {
        if (slice_eq(name, SLICE(DEATH_PREFIX "queue")))
            l->queue = value;
        else if (slice_eq(name, SLICE(DEATH_PREFIX "group")))
            l->group = value;
        else if (slice_eq(name, SLICE(DEATH_PREFIX "reason")))
            l->reason = value;
        else if (slice_eq(name, SLICE(COUNT_FIELD)))
            note_count(l, value);
        l->bytes += keeps(name) ? name.n + value.n : 0;
    }
}

/* --- a step --- */

struct step {
    const struct queue_place *dlq;
    const struct redrive *r;
    struct now now;
    struct group **group; /* of the dead-letter queue */
    size_t groups;
    struct buf queue, only; /* where the letter at hand goes, and for whom: it may move meanwhile */
    size_t bytes;           /* moved so far */
};

static bool is_leased(const struct step *st, struct stream_id id)
{
    struct pending p;

    for (size_t i = 0; i < st->groups; i++)
        if (pel_find(&st->group[i]->pel, id, &p) && pending_is_leased(&p))
            return true;
    return false;
}

static struct key *key_at(struct broker *b, int db, struct slice name, struct now now)
{
    struct key *k = db_find(b, db, name);

    if (!k || !key_expired(k, now.wall))
        return k;
    change_expired(b, db, name);
    return NULL;
}

static void put(struct buf *b, struct slice text)
{
    b->n = 0;
    buf_add_slice(b, text);
}

/* Where it goes and for whom, into st->queue and st->only; *s NULL: the stream is yet to be made. False:
 * there is no such place any more. */
static bool addressed(struct step *st, const struct letter *l, const struct stream **s)
{
    const struct queue_place *dlq = st->dlq;
    const struct key *k;

    if (!l->queue.p || l->queue.n > QUEUE_NAME_MAX)
        return false;
    put(&st->queue, st->r->to.p ? st->r->to : l->queue);
    put(&st->only, st->r->to.p ? SLICE("") : l->group);
    if (slice_eq(buf_slice(&st->queue), dlq->name))
        return false;
    k = key_at(dlq->b, dlq->db, buf_slice(&st->queue), st->now);
    if (k && k->type != KEY_STREAM)
        return false;
    *s = k ? k->stream : NULL;
    return !st->only.n || (*s && stream_group(*s, buf_slice(&st->only)));
}

/* --- a message of it --- */

struct message {
    struct slice *field;
    size_t n;
    uint8_t level;
    char count[NUM_MAX];
};

/* It was there; letters that others sent meanwhile may have pushed it out. */
static bool message_make(struct message *m, const struct step *st, const struct letter *l)
{
    struct entry_walk w = {0};
    struct entry_attrs a;
    struct slice name, value;
    struct entry e;

    if (!stream_find(st->dlq->s, l->id, &e))
        return false;
    entry_attrs(&e, &a);
    *m = (struct message){.field = mem_alloc((e.fields + 1) * 2 * sizeof *m->field), .level = a.level};
    while (entry_field(&e, &w, &name, &value)) {
        if (!keeps(name))
            continue;
        m->field[m->n++] = name;
        m->field[m->n++] = value;
    }
    m->field[m->n++] = SLICE(COUNT_FIELD);
    m->field[m->n++] = (struct slice){m->count, num_put_u64(m->count, l->count + 1)};
    return true;
}

static void post(const struct step *st, const struct stream *s, const struct message *m, struct stream_id id)
{
    const struct queue_place *dlq = st->dlq;
    struct slice name = buf_slice(&st->queue);
    struct entry_attrs attrs = {
        .arrival = stream_next_arrival(s, st->now.wall), .level = m->level, .group = buf_slice(&st->only)};
    char text[STREAM_ID_TEXT];

    if (attrs.group.n) /* a plain stream would show it to all */
        change_queue_make(dlq->b, dlq->db, name);
    change_xadd(dlq->b, dlq->db, name, id, (struct slice){text, stream_id_put(text, id)}, m->field, m->n,
                entry_attrs_are_plain(&attrs, id) ? NULL : &attrs, NULL, NULL);
    queue_added(dlq->b, dlq->db, name, db_find(dlq->b, dlq->db, name)->stream, st->now);
}

/* Who has given it back in a plain stream would find it gone. */
static void take_out(const struct step *st, struct stream_id id)
{
    const struct queue_place *dlq = st->dlq;
    int8_t outcome;

    if (stream_queue(dlq->s) || !st->groups)
        change_xdel(dlq->b, dlq->db, dlq->name, &id, 1);
    else
        change_remove(dlq->b, dlq->db, dlq->name, NULL, REFS_DROP, &id, 1, &outcome);
}

enum outcome { MOVED, SKIPPED, STOPPED };

/* Where the policy wants room to be made, another letter may come for it, and this one be elsewhere then, or
 * gone. */
static enum outcome deliver(struct step *st, const struct letter *l, const struct stream *s)
{
    const struct queue_place *dlq = st->dlq;
    size_t bytes = l->bytes + sizeof COUNT_FIELD - 1 + NUM_MAX;
    struct stream_id id;
    struct message m;

    if (bytes > STREAM_ENTRY_MAX)
        return SKIPPED;
    if (queue_admit(dlq->b, dlq->db, buf_slice(&st->queue), s, bytes, st->now) != OK ||
        stream_next_id(s, STREAM_ID_AUTO, STREAM_ID_MIN, st->now.wall, &id) != OK)
        return STOPPED;
    if (!message_make(&m, st, l))
        return SKIPPED;
    post(st, s, &m, id);
    mem_free(m.field);
    take_out(st, l->id);
    st->bytes += bytes;
    dlq->b->stats.messages.redriven++;
    return MOVED;
}

static enum outcome consider(struct step *st, const struct letter *l)
{
    const struct queue_place *dlq = st->dlq;
    const struct stream *s;

    if (is_leased(st, l->id) || !addressed(st, l, &s))
        return SKIPPED;
    if (queue_paused(dlq->b, dlq->db, buf_slice(&st->queue), s, st->now) != OK)
        return STOPPED;
    return st->r->dry ? MOVED : deliver(st, l, s);
}

/* --- which letters --- */

static bool wanted(const struct redrive *r, const struct letter *l)
{
    return r->reason == DEATH_NONE || slice_eq(l->reason, slice_of(death_name(r->reason)));
}

/* False: the step is over before this one. */
static bool take(struct step *st, const struct letter *l, struct redriven *out)
{
    if (out->moved >= st->r->count || st->bytes >= REDRIVE_BYTES)
        return false;
    switch (consider(st, l)) {
    case MOVED:
        out->moved++;
        return true;
    case SKIPPED:
        out->skipped++;
        return true;
    default:
        return false;
    }
}

static void redrive_named(struct step *st, struct redriven *out)
{
    const struct redrive *r = st->r;
    bool on = true;

    for (size_t i = 0; i < r->n; i++) {
        struct letter l;
        struct entry e;

        if (!stream_find(st->dlq->s, r->id[i], &e))
            continue;
        letter_read(&l, &e);
        if (wanted(r, &l)) {
            on = on && take(st, &l, out);
            out->left += !on;
        }
    }
}

/* Those that come behind the last one of now are of another step. */
static void redrive_all(struct step *st, struct redriven *out)
{
    const struct redrive *r = st->r;
    const struct stream *s = st->dlq->s;
    uint64_t there = stream_length(s), looks = 0;
    struct stream_pos pos;
    struct letter l;
    struct entry e;
    bool on = true;

    stream_seek(s, STREAM_ID_MIN, &pos);
    for (; looks < there && looks < r->count * REDRIVE_LOOKS && stream_next(s, &pos, &e); looks++) {
        letter_read(&l, &e);
        if (!wanted(r, &l))
            continue;
        on = on && take(st, &l, out);
        if (!on && r->reason == DEATH_NONE)
            break;
        out->left += !on;
    }
    out->left += there - looks;
}

void queue_redrive(const struct queue_place *dlq, const struct redrive *r, struct now now,
                   struct redriven *out)
{
    struct step st = {.dlq = dlq, .r = r, .now = now};

    *out = (struct redriven){0};
    st.group = stream_groups_sorted(dlq->s, &st.groups);
    if (r->id)
        redrive_named(&st, out);
    else
        redrive_all(&st, out);
    mem_free(st.group);
    buf_free(&st.queue);
    buf_free(&st.only);
}

/* --- dead in place --- */

static bool revives(const struct redrive *r, const struct note *n)
{
    return r->reason == DEATH_NONE || n->death == r->reason;
}

/* Those that are to be: a walk over the dead does not go on when one is not. */
struct chosen {
    struct stream_id *id;
    size_t n;
};

static void choose(struct chosen *c, const struct redrive *r, struct stream_id id, struct redriven *out)
{
    if (c->n < r->count)
        c->id[c->n++] = id;
    else
        out->left++;
}

static void choose_named(struct chosen *c, const struct group *g, const struct redrive *r,
                         struct redriven *out)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct note *n = backlog_note(g->backlog, r->id[i]);
        struct pending p;

        if (n && pel_find(&g->pel, n->id, &p) && p.state == PENDING_DEAD && revives(r, n))
            choose(c, r, n->id, out);
    }
}

static void choose_all(struct chosen *c, const struct group *g, const struct redrive *r, struct redriven *out)
{
    uint64_t there = g->backlog->count[PENDING_DEAD], looks = 0;

    list_for_each (it, &g->backlog->dead) {
        const struct note *n = list_entry(it, struct note, line);

        if (looks >= r->count * REDRIVE_LOOKS || (c->n == r->count && r->reason == DEATH_NONE))
            break;
        looks++;
        if (revives(r, n))
            choose(c, r, n->id, out);
    }
    out->left += there - looks;
}

void queue_revive(const struct queue_at *at, struct group *g, const struct redrive *r, struct redriven *out)
{
    struct chosen c = {mem_alloc(r->count * sizeof *c.id), 0};
    struct park park;

    *out = (struct redriven){0};
    if (r->id)
        choose_named(&c, g, r, out);
    else
        choose_all(&c, g, r, out);
    out->moved = c.n;
    if (c.n && !r->dry) {
        at->b->stats.messages.redriven += c.n;
        change_park_open(&park, at->b, at->db, at->name, g, SLICE(""), SLICE(""), DEATH_NONE);
        for (size_t i = 0; i < c.n; i++)
            change_park(&park, c.id[i], PENDING_READY, 0, at->now.wall);
        change_park_close(&park);
    }
    mem_free(c.id);
}
