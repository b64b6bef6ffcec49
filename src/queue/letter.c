/* queue/letter.c - see queue/letter.h. */
#include "queue/letter.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/mem_stats.h"
#include "base/num.h"
#include "broker/change_policy.h"
#include "broker/change_stream.h"
#include "queue/room.h"

#define DEATH_FIELDS 9

/* --- where to --- */

/* The dead-letter queue takes it: there is one, it is a stream or yet to be made, and has room. */
static bool letters_go(const struct queue_at *at, uint64_t bytes, const struct stream **dlq)
{
    const struct rules *r = at->rules;
    const struct key *k = r->dlq.n ? db_find(at->b, at->db, r->dlq) : NULL;

    *dlq = k && k->type == KEY_STREAM ? k->stream : NULL;
    if (r->dlq.n == 0 || slice_eq(r->dlq, at->name) || (k && k->type != KEY_STREAM))
        return false;
    return bytes < STREAM_ENTRY_MAX && !broker_short(at->b) &&
           queue_has_room(at->b, at->db, r->dlq, *dlq, bytes, at->now);
}

/* --- the letter --- */

struct letter {
    struct slice *field; /* name, value, ... */
    size_t n;
    char number[5][NUM_MAX]; /* texts that fields point into */
    char id[STREAM_ID_TEXT];
    size_t numbers;
};

static void add(struct letter *l, const char *name, struct slice value)
{
    l->field[l->n++] = slice_of(name);
    l->field[l->n++] = value;
}

static void add_number(struct letter *l, const char *name, uint64_t v)
{
    char *text = l->number[l->numbers++];

    add(l, name, (struct slice){text, num_put_u64(text, v)});
}

static void copy_fields(struct letter *l, const struct entry *e)
{
    struct entry_walk w = {0};
    struct slice name, value;

    while (entry_field(e, &w, &name, &value))
        if (!death_tells(name)) {
            l->field[l->n++] = name;
            l->field[l->n++] = value;
        }
}

static struct slice last_consumer(const struct group *g, const struct pending *p, const struct note *note)
{
    const struct consumer *c = group_owner(g, p);

    return c ? consumer_name(c) : note ? note_consumer(note) : SLICE("");
}

static void add_history(struct letter *l, const struct group *g, const struct pending *p, struct slice error)
{
    const struct note *note = backlog_note(g->backlog, p->id);
    struct slice consumer = last_consumer(g, p, note);

    add(l, DEATH_PREFIX "group", group_name(g));
    if (consumer.n)
        add(l, DEATH_PREFIX "consumer", consumer);
    add_number(l, DEATH_PREFIX "count", p->count);
    if (error.n || (note && note->error_len))
        add(l, DEATH_PREFIX "error", error.n ? error : note_error(note));
}

static void write_letter(struct letter *l, const struct queue_at *at, const struct group *g,
                         const struct pending *p, const struct entry *e, const struct entry_attrs *a,
                         enum death why, struct slice error)
{
    l->field = mem_alloc((e->fields + DEATH_FIELDS) * 2 * sizeof *l->field);
    l->n = l->numbers = 0;
    copy_fields(l, e);
    add(l, DEATH_PREFIX "reason", slice_of(death_name(why)));
    add(l, DEATH_PREFIX "queue", at->name);
    add(l, DEATH_PREFIX "id", (struct slice){l->id, stream_id_put(l->id, e->id)});
    add_number(l, DEATH_PREFIX "added", (uint64_t)a->arrival);
    add_number(l, DEATH_PREFIX "time", (uint64_t)at->now.wall);
    if (g)
        add_history(l, g, p, error);
}

/* False: there is no id left for it. */
static bool post(const struct queue_at *at, const struct stream *dlq, const struct letter *l, unsigned level)
{
    struct entry_attrs attrs;
    struct stream_id id;
    char text[STREAM_ID_TEXT];

    if (stream_next_id(dlq, STREAM_ID_AUTO, STREAM_ID_MIN, at->now.wall, &id) != OK)
        return false;
    attrs = entry_attrs_plain(id);
    attrs.level = (uint8_t)level;
    change_xadd(at->b, at->db, at->rules->dlq, id, (struct slice){text, stream_id_put(text, id)}, l->field,
                l->n, level ? &attrs : NULL, NULL, NULL);
    change_dlq(at->b, at->db, at->rules->dlq);
    queue_added(at->b, at->db, at->rules->dlq, dlq, at->now);
    at->b->stats.messages.letters++;
    return true;
}

/* To the dead letters, if they take it; `g` NULL: there is no group. */
static bool send(const struct queue_at *at, const struct group *g, const struct pending *p,
                 const struct entry *e, enum death why, struct slice error)
{
    const struct stream *dlq;
    struct entry_attrs a;
    struct letter l;
    bool sent;

    entry_attrs(e, &a);
    write_letter(&l, at, g, p, e, &a, why, error);
    sent = letters_go(at, slices_bytes(l.field, l.n), &dlq) && post(at, dlq, &l, a.level);
    mem_free(l.field);
    return sent;
}

/* --- deaths --- */

/* What halts its key is dead where it is. */
static bool stays(const struct queue_at *at, enum death why)
{
    return at->rules->orderkey.n && at->rules->onpoison == ONPOISON_HALT && why != DEATH_EXPIRED;
}

static void end(const struct queue_at *at, struct group *g, enum death why, struct stream_id id)
{
    change_end(at->b, at->db, at->name, g, why == DEATH_EXPIRED ? END_EXPIRED : END_DEAD, &id, 1);
    at->b->stats.messages.expired += why == DEATH_EXPIRED;
    queue_let_go(at, &id, 1, why == DEATH_EXPIRED);
}

void queue_die(const struct queue_at *at, struct group *g, const struct pending *p, const struct entry *e,
               enum death why, struct slice error)
{
    bool dropped = why == DEATH_EXPIRED && at->rules->dlq.n == 0;
    struct park park;

    if (dropped || (!stays(at, why) && send(at, g, p, e, why, error))) {
        end(at, g, why, p->id);
        return;
    }
    change_park_open(&park, at->b, at->db, at->name, g, SLICE(""), error, why);
    change_park(&park, p->id, PENDING_DEAD, p->count, at->now.wall);
    change_park_close(&park);
    queue_due(at, at->now.wall + QUEUE_BURY_EVERY);
}

bool queue_die_if_not_done(const struct queue_at *at, struct group *g, const struct entry *e, enum death why)
{
    struct pending p = {.id = e->id, .owner = PEL_NO_OWNER};
    bool there = pel_find(&g->pel, e->id, &p) || (group_is_new(g, e->id) && stream_entry_is_for(at->s, e, g));

    if (!there)
        return true;
    if (!send(at, g, &p, e, why, SLICE("")))
        return false;
    end(at, g, why, p.id);
    return true;
}

bool queue_die_alone(const struct queue_at *at, const struct entry *e, enum death why)
{
    struct stream_id id = e->id;

    if (at->rules->dlq.n && !send(at, NULL, NULL, e, why, SLICE("")))
        return false;
    at->b->stats.messages.expired += why == DEATH_EXPIRED;
    change_drop_entries(at->b, at->db, at->name, &id, 1);
    return true;
}

/* Their turn comes in the order of their deaths; whom the letters do not take now comes last. */
size_t queue_bury(const struct queue_at *at, struct group *g, size_t max)
{
    size_t left = g->backlog->count[PENDING_DEAD];
    size_t done = 0;

    if (at->rules->dlq.n == 0)
        return 0;
    for (; left && done < max; left--, done++) {
        const struct note *n = backlog_first(&g->backlog->dead);
        enum death why = (enum death)n->death;
        struct stream_id id = n->id;
        struct pending p;
        struct entry e;

        if (!pel_find(&g->pel, id, &p) || !stream_find(at->s, id, &e) || stays(at, why) ||
            !send(at, g, &p, &e, why, SLICE("")))
            break;
        end(at, g, why, id);
    }
    return done;
}

/* Nobody has to do with it, and it is not kept. */
static bool goes(const struct queue_at *at, const struct entry *e, bool anyway)
{
    return queue_done(at->q, e->id) &&
           (anyway || at->rules->retention == RETENTION_QUEUE || queue_expiry(at, e) <= at->now.wall);
}

static bool keeps_all(const struct queue_at *at)
{
    return at->rules->retention == RETENTION_LOG && !at->rules->ttl && !stream_has_own_ttls(at->s);
}

void queue_let_go(const struct queue_at *at, const struct stream_id *id, size_t n, bool anyway)
{
    struct stream_id gone[64];
    struct entry e;
    size_t k = 0;

    if (keeps_all(at) && !anyway)
        return;
    for (size_t i = 0; i < n; i++) {
        if (stream_find(at->s, id[i], &e) && goes(at, &e, anyway))
            gone[k++] = id[i];
        if (k == 64 || (k && i + 1 == n)) {
            change_drop_entries(at->b, at->db, at->name, gone, k);
            k = 0;
        }
    }
}

size_t queue_sweep(const struct queue_at *at, size_t max)
{
    struct stream_pos pos = at->q->swept, before = pos;
    struct entry e;
    size_t n = 0;
    bool more = at->rules->retention == RETENTION_QUEUE && at->q->groups;

    for (; more && n < max && (more = stream_next(at->s, &pos, &e)); n++) {
        if (goes(at, &e, false))
            change_drop_entries(at->b, at->db, at->name, &e.id, 1);
        before = pos;
    }
    change_queue_swept(at->s, more ? &before : NULL);
    return n;
}
