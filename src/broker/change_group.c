/* broker/change_group.c - changes of consumer groups. See broker/change_stream.h. */
#include "base/list.h"
#include "base/mem.h"
#include "broker/change_due.h"
#include "broker/change_idmp.h"
#include "broker/change_stream.h"
#include "broker/wait.h"
#include "store/queue_edit.h"
#include "store/record.h"
#include "store/stream_edit.h"

static void record_group(struct change *ch, const char *sub, struct slice group, size_t words)
{
    record_head(ch->record, words);
    record_str(ch->record, "XGROUP");
    record_str(ch->record, sub);
    record_word(ch->record, ch->name);
    record_word(ch->record, group);
}

static void record_position(struct change *ch, struct stream_id id, int64_t entries_read)
{
    record_id(ch->record, id);
    record_str(ch->record, "ENTRIESREAD");
    record_i64(ch->record, entries_read);
}

/* Of a queue: what a group has to do with is something else now, and so is what is past its TTL, or needed by
 * nobody. */
static void due_again(struct change *ch)
{
    if (stream_queue(ch->key->stream))
        change_due(ch, 0);
}

void change_group_create(struct broker *b, int db, struct slice name, struct slice group, struct stream_id id,
                         int64_t entries_read)
{
    struct change ch = change_open(b, db, name);
    bool first = !ch.key;

    if (first)
        change_make(&ch, KEY_STREAM, stream_new(&b->seed));
    record_group(&ch, "CREATE", group, 8);
    record_id(ch.record, id);
    record_str(ch.record, "MKSTREAM");
    record_str(ch.record, "ENTRIESREAD");
    record_i64(ch.record, entries_read);
    stream_group_add(ch.key->stream, group_new(group, id, entries_read, &b->seed));
    due_again(&ch);
    if (first)
        change_idmp_begin(&ch);
    ch.event = EVENT_XGROUP_CREATE;
    ch.quiet = true;
    change_close(&ch);
}

void change_group_setid(struct broker *b, int db, struct slice name, struct group *g, struct stream_id id,
                        int64_t entries_read)
{
    struct change ch = change_open(b, db, name);

    record_group(&ch, "SETID", group_name(g), 7);
    record_position(&ch, id, entries_read);
    stream_move_group(ch.key->stream, g, id, entries_read);
    due_again(&ch);
    ch.event = EVENT_XGROUP_SETID;
    ch.quiet = true;
    change_close(&ch);
}

void change_group_destroy(struct broker *b, int db, struct slice name, struct group *g)
{
    struct change ch = change_open(b, db, name);

    record_group(&ch, "DESTROY", group_name(g), 4);
    stream_group_remove(ch.key->stream, group_name(g));
    group_free(g);
    due_again(&ch);
    ch.event = EVENT_XGROUP_DESTROY;
    change_close(&ch);
}

struct consumer *change_consumer_create(struct broker *b, int db, struct slice name, struct group *g,
                                        struct slice consumer, msec now)
{
    struct change ch = change_open(b, db, name);
    struct consumer *c = group_consumer_add(g, consumer, now);

    record_group(&ch, "CREATECONSUMER", group_name(g), 5);
    record_word(ch.record, consumer);
    ch.event = EVENT_XGROUP_CREATECONSUMER;
    ch.quiet = true;
    change_close(&ch);
    return c;
}

size_t change_consumer_delete(struct broker *b, int db, struct slice name, struct group *g,
                              struct consumer *c)
{
    struct change ch = change_open(b, db, name);
    size_t pending;

    record_group(&ch, "DELCONSUMER", group_name(g), 5);
    record_word(ch.record, consumer_name(c));
    pending = group_consumer_remove(g, c);
    ch.event = EVENT_XGROUP_DELCONSUMER;
    ch.quiet = true;
    change_close(&ch);
    return pending;
}

void change_consumer_seen(struct group *g, struct consumer *c, msec now)
{
    group_consumer_seen(g, c, now);
}

void change_consumers_asked(struct group *g, msec now)
{
    g->backlog->asked = now;
}

void change_consumer_set_aside(struct group *g, struct consumer *c)
{
    group_consumer_set_aside(g, c);
}

void change_consumer_active(struct consumer *c, msec now)
{
    c->active = now;
}

/* --- delivery --- */

void change_deliver_open(struct delivery *d, struct broker *b, int db, struct slice name, struct group *g,
                         struct consumer *c, bool noack, msec now)
{
    struct stream_id from = g->last_id;

    d->ch = change_open(b, db, name);
    d->ch.quiet = true;
    d->group = g;
    d->consumer = c;
    d->noack = noack;
    d->time = now;
    d->n = d->gathered = 0;
    if (g->next_good)
        d->pos = g->next;
    else if (stream_id_next(&from))
        stream_seek(d->ch.key->stream, from, &d->pos);
    else
        d->pos =
            (struct stream_pos){.block = UINT64_MAX}; /* nothing comes after the highest id there can be */
}

/* The group learns of what has been gathered. */
static void deliver_gathered(struct delivery *d)
{
    if (d->gathered == 0)
        return;
    if (d->n == 0)
        d->first = d->id[0];
    d->n += d->gathered;
    group_advance(d->group, d->ch.key->stream, d->id, d->gathered, &d->pos);
    if (!d->noack)
        group_hold_first(d->group, d->consumer, d->id, d->gathered, d->time);
    d->gathered = 0;
}

bool change_deliver_next(struct delivery *d, struct entry *e)
{
    if (!stream_next(d->ch.key->stream, &d->pos, e))
        return false;
    d->id[d->gathered++] = e->id;
    if (d->gathered == DELIVERY_ROOM)
        deliver_gathered(d);
    return true;
}

static void record_deliver(struct delivery *d)
{
    struct buf *r = d->ch.record;

    record_head(r, 9);
    record_slices(
        r,
        (struct slice[]){SLICE(RECORD_DELIVER), d->ch.name, group_name(d->group), consumer_name(d->consumer)},
        4);
    record_i64(r, d->time);
    record_id(r, d->first);
    record_id(r, d->group->last_id);
    record_u64(r, d->n);
    record_i64(r, d->group->entries_read);
}

static void record_skip(struct change *ch, const struct group *g)
{
    record_head(ch->record, 5);
    record_str(ch->record, RECORD_SKIP);
    record_word(ch->record, ch->name);
    record_word(ch->record, group_name(g));
    record_id(ch->record, g->last_id);
    record_i64(ch->record, g->entries_read);
}

/* Who waits to claim may have something to wait for. */
static void now_pending(const struct change *ch, const struct group *g, msec time)
{
    if (ch->b->claimers)
        wait_pending(ch->b, ch->db, ch->name, group_name(g), time);
}

void change_deliver_close(struct delivery *d)
{
    deliver_gathered(d);
    if (d->n == 0) {
        d->ch.untouched = true;
    } else if (d->noack) {
        record_skip(&d->ch, d->group);
    } else {
        change_consumer_active(d->consumer, d->time);
        record_deliver(d);
        now_pending(&d->ch, d->group, d->time);
    }
    change_close(&d->ch);
}

/* The record of a delivery has no entries in it: they are those the stream holds. */
bool change_replay_deliver(struct broker *b, int db, struct slice name, struct group *g, struct consumer *c,
                           msec time, struct stream_id first, struct stream_id last, uint64_t n,
                           int64_t entries_read)
{
    struct delivery d;
    struct entry e;

    change_deliver_open(&d, b, db, name, g, c, false, time);
    for (uint64_t left = n; left && change_deliver_next(&d, &e); left--)
        ;
    change_deliver_close(&d);
    g->entries_read = entries_read;
    return n && d.n == n && stream_id_cmp(d.first, first) == 0 && stream_id_cmp(g->last_id, last) == 0;
}

/* --- claims --- */

void change_hold_open(struct holding *h, struct broker *b, int db, struct slice name, struct group *g,
                      struct consumer *c, msec time)
{
    h->ch = change_open(b, db, name);
    h->ch.quiet = c != NULL; /* what is given back is there for the next one */
    h->group = g;
    h->consumer = c;
    h->time = time;
    h->later = false;
    h->held = h->room;
    h->cap = HOLDING_ROOM;
    h->dropped = NULL;
    h->n = h->dropped_n = h->dropped_cap = 0;
}

/* Who reads on in a queue gets the ready ones as the queue has it: they are not to be claimed. */
static void claim_queue(struct holding *h, const struct backlog *b, bool governed)
{
    for (int i = 0; i < LEVELS_MAX; i++)
        h->at[i] = governed ? &b->ready[i] : b->ready[i].next;
    h->extended = b->extended.next;
}

void change_claim_open(struct holding *h, struct broker *b, int db, struct slice name, struct group *g,
                       struct consumer *c, msec time)
{
    change_hold_open(h, b, db, name, g, c, time);
    h->later = true;
    if (g->backlog)
        claim_queue(h, g->backlog, stream_queue(h->ch.key->stream)->governed);
}

/* The line whose first one came back before those of all others; NULL: all are at their ends. */
static const struct list **line_in_turn(struct holding *h, const struct backlog *b)
{
    const struct list **first = NULL;
    uint64_t turn = UINT64_MAX;

    for (int i = 0; i < LEVELS_MAX; i++)
        if (h->at[i] != &b->ready[i] && list_entry(h->at[i], struct note, line)->turn < turn) {
            turn = list_entry(h->at[i], struct note, line)->turn;
            first = &h->at[i];
        }
    return first;
}

static struct stream_id pass(const struct list **at)
{
    struct stream_id id = list_entry(*at, struct note, line)->id;

    *at = (*at)->next;
    return id;
}

/* Of a queue: the ready in their turn (see above), then leases, those that were extended with the others. */
static bool claim_next_queued(struct holding *h, msec until, struct pending *p)
{
    const struct backlog *b = h->group->backlog;
    const struct pel *pel = &h->group->pel;
    const struct list **line = line_in_turn(h, b);
    struct pending other;
    bool leased, extended = h->extended != &b->extended;

    if (line)
        return pel_find(pel, pass(line), p);
    leased = pel_oldest(pel, p) && pending_is_idle(p, until);
    if (extended)
        extended = pel_find(pel, list_entry(h->extended, struct note, line)->id, &other) &&
                   pending_is_idle(&other, until) && (!leased || other.time < p->time);
    if (extended) {
        pass(&h->extended);
        *p = other;
    } else if (leased) {
        group_set_aside(h->group, p->id);
    }
    return leased || extended;
}

bool change_claim_next(struct holding *h, msec until, struct pending *p)
{
    struct stream *s = h->ch.key->stream;

    if (h->group->backlog)
        return claim_next_queued(h, until, p);
    if (!pel_oldest(&h->group->pel, p) || !pending_is_idle(p, until))
        return false;
    group_set_aside(h->group, p->id);
    if (stream_id_cmp(p->id, stream_last_id(s)) > 0)
        stream_expect_ids(s);
    return true;
}

static void held_grow(struct holding *h)
{
    struct held *old = h->held == h->room ? NULL : h->held;

    h->cap *= 2;
    h->held = mem_realloc(old, h->cap * sizeof *h->held);
    if (!old)
        memcpy(h->held, h->room, sizeof h->room);
}

static void change_hands(struct holding *h, struct stream_id id, uint64_t count)
{
    if (h->consumer)
        group_hold(h->group, h->consumer, id, h->time, count);
    else
        group_give_back(h->group, id, count);
}

void change_hold(struct holding *h, struct stream_id id, uint64_t count)
{
    if (count > PEL_COUNT_MAX)
        count = PEL_COUNT_MAX;
    if (h->n == h->cap)
        held_grow(h);
    h->held[h->n++] = (struct held){id, count};
    if (!h->later)
        change_hands(h, id, count);
}

void change_hold_drop(struct holding *h, struct stream_id id)
{
    if (!group_done(h->group, id, END_DROPPED))
        return;
    if (h->dropped_n == h->dropped_cap) {
        h->dropped_cap = h->dropped_cap ? h->dropped_cap * 2 : 16;
        h->dropped = mem_realloc(h->dropped, h->dropped_cap * sizeof *h->dropped);
    }
    h->dropped[h->dropped_n++] = id;
}

static void record_held(struct holding *h)
{
    struct buf *r = h->ch.record;

    record_head(r, (h->consumer ? 5 : 3) + 2 * h->n);
    record_str(r, h->consumer ? RECORD_HOLD : RECORD_NACK);
    record_word(r, h->ch.name);
    record_word(r, group_name(h->group));
    if (h->consumer) {
        record_word(r, consumer_name(h->consumer));
        record_i64(r, h->time);
    }
    for (size_t i = 0; i < h->n; i++) {
        record_id(r, h->held[i].id);
        record_u64(r, h->held[i].count);
    }
}

static void record_xack(struct change *ch, const struct group *g, size_t n)
{
    record_head(ch->record, 3 + n);
    record_str(ch->record, "XACK");
    record_word(ch->record, ch->name);
    record_word(ch->record, group_name(g));
}

/* Those whose messages are gone; in a queue that is no acknowledgement. */
static void record_dropped(struct holding *h)
{
    if (!h->group->backlog) {
        record_xack(&h->ch, h->group, h->dropped_n);
    } else {
        record_head(h->ch.record, 4 + h->dropped_n);
        record_str(h->ch.record, RECORD_END);
        record_word(h->ch.record, h->ch.name);
        record_word(h->ch.record, group_name(h->group));
        record_str(h->ch.record, end_name(END_DROPPED));
    }
    for (size_t i = 0; i < h->dropped_n; i++)
        record_id(h->ch.record, h->dropped[i]);
}

/* An entry that is held exists, one that is dropped does not: the order of the two records is free. */
void change_hold_close(struct holding *h)
{
    for (size_t i = 0; h->later && i < h->n; i++)
        change_hands(h, h->held[i].id, h->held[i].count);
    if (h->n)
        record_held(h);
    if (h->n && h->consumer)
        now_pending(&h->ch, h->group, h->time);
    if (h->dropped_n)
        record_dropped(h);
    h->ch.untouched = h->n == 0 && h->dropped_n == 0;
    change_close(&h->ch);
    if (h->held != h->room)
        mem_free(h->held);
    mem_free(h->dropped);
}

/* Recorded are also those that were not pending: harmless to a replay, and rare. */
size_t change_xack(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   const struct slice *text, size_t n)
{
    struct change ch = change_open(b, db, name);
    size_t done = group_done_all(g, id, n, END_ACKED);

    ch.untouched = done == 0;
    ch.quiet = true;
    if (done) {
        record_xack(&ch, g, n);
        record_slices(ch.record, text, n);
    }
    change_close(&ch);
    return done;
}

void change_group_skip(struct broker *b, int db, struct slice name, struct group *g, struct stream_id last,
                       int64_t entries_read)
{
    struct change ch = change_open(b, db, name);

    stream_move_group(ch.key->stream, g, last, entries_read);
    due_again(&ch);
    record_skip(&ch, g);
    ch.quiet = true;
    change_close(&ch);
}
