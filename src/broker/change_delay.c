/* broker/change_delay.c - changes of what a stream knows of messages that are not in it. See
 * broker/change_delay.h. */
#include "broker/change_delay.h"
#include "base/mem.h"
#include "broker/change_due.h"
#include "broker/change_idmp.h"
#include "store/inbox_edit.h"
#include "store/record.h"
#include "store/stream_edit.h"

#define FEW_FIELDS 32 /* names and values of a message, kept on the stack */

static struct inbox *inbox_of(struct change *ch)
{
    return stream_make_inbox(ch->key->stream);
}

/* --- delayed messages --- */

struct stream_id delayed_next_id(const struct stream *s, msec due)
{
    const struct inbox *x = s ? stream_inbox(s) : NULL;

    return (struct stream_id){(uint64_t)due, x ? x->delayed.next : 0};
}

void change_delay_add(struct broker *b, int db, struct slice name, const struct delayed_message *m,
                      const struct slice *field)
{
    struct change ch = change_open(b, db, name);
    bool first = !ch.key;

    if (first)
        change_make(&ch, KEY_STREAM, stream_new(&b->seed));
    record_delay(ch.record, name, m, field);
    delayed_add(&inbox_of(&ch)->delayed, m, field);
    if (first)
        change_idmp_begin(&ch);
    change_due(&ch, (msec)m->id.ms);
    ch.quiet = true;
    change_close(&ch);
}

/* The name may have been forgotten since, and given to another message. */
static void free_name(struct inbox *x, const struct delayed_message *m)
{
    struct seen s;

    if (m->dedup.n && windows_find(&x->windows, m->dedup, &s) && stream_id_cmp(s.id, m->id) == 0)
        windows_remove(&x->windows, m->dedup);
}

static bool cancel(struct inbox *x, struct stream_id id)
{
    struct delayed_message m;

    if (!delayed_find(&x->delayed, id, &m))
        return false;
    free_name(x, &m);
    return delayed_remove(&x->delayed, id);
}

size_t change_delay_cancel(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n)
{
    struct change ch = change_open(b, db, name);
    struct buf gone = {0};
    size_t count = 0;

    for (size_t i = 0; i < n && stream_inbox(ch.key->stream); i++)
        if (cancel(inbox_of(&ch), id[i])) {
            record_id(&gone, id[i]);
            count++;
        }
    if (count) {
        record_head(ch.record, 2 + count);
        record_str(ch.record, RECORD_CANCEL);
        record_word(ch.record, name);
        buf_add_slice(ch.record, buf_slice(&gone));
    }
    buf_free(&gone);
    ch.quiet = true;
    ch.untouched = count == 0;
    change_close(&ch);
    return count;
}

static void become(struct change *ch, const struct delayed_message *m, struct stream_id id, msec arrival)
{
    struct slice room[FEW_FIELDS], *field = m->n <= FEW_FIELDS ? room : mem_alloc(m->n * sizeof *field);
    struct entry_attrs attrs = {
        .arrival = arrival, .expires = m->ttl ? arrival + m->ttl : 0, .level = m->level};

    delayed_fields(m, field);
    stream_append(ch->key->stream, id, field, m->n, &attrs, &ch->b->node_limits);
    if (field != room)
        mem_free(field);
    if (stream_ids_return(ch->key->stream))
        stream_bring_back(ch->key->stream, id);
}

void change_delay_arrive(struct broker *b, int db, struct slice name, struct stream_id id, msec arrival)
{
    struct change ch = change_open(b, db, name);
    struct delayed *d = &inbox_of(&ch)->delayed;
    struct delayed_message m;

    must(delayed_first(d, &m));
    record_head(ch.record, 5);
    record_str(ch.record, RECORD_ARRIVE);
    record_word(ch.record, name);
    record_id(ch.record, m.id);
    record_id(ch.record, id);
    record_i64(ch.record, arrival);
    become(&ch, &m, id, arrival);
    delayed_remove(d, m.id);
    ch.event = EVENT_XADD;
    change_close(&ch);
}

bool change_replay_arrive(struct broker *b, int db, struct slice name, struct stream_id due,
                          struct stream_id id, msec arrival)
{
    const struct inbox *x = stream_inbox(db_find(b, db, name)->stream);
    struct delayed_message m;

    if (!x || !delayed_first(&x->delayed, &m) || stream_id_cmp(m.id, due) != 0)
        return false;
    change_delay_arrive(b, db, name, id, arrival);
    return true;
}

void change_delay_next(struct broker *b, int db, struct slice name, uint64_t next)
{
    struct change ch = change_open(b, db, name);

    record_delay_next(ch.record, name, next);
    delayed_set_next(&inbox_of(&ch)->delayed, next);
    ch.quiet = true;
    change_close(&ch);
}

/* --- names --- */

void change_window_add_to(struct broker *b, int db, struct slice name, unsigned lane, const struct seen *s)
{
    struct change ch = change_open(b, db, name);

    record_window(ch.record, name, lane, s);
    windows_add(&inbox_of(&ch)->windows, lane, s);
    change_due(&ch, s->until);
    ch.quiet = true;
    change_close(&ch);
}

void change_window_add(struct broker *b, int db, struct slice name, const struct seen *s)
{
    const struct inbox *x = stream_inbox(db_find(b, db, name)->stream);

    change_window_add_to(b, db, name, x ? windows_lane(&x->windows, s->until) : 0, s);
}

static void lapse(struct change *ch, unsigned lane, size_t n)
{
    record_head(ch->record, 4);
    record_str(ch->record, RECORD_LAPSE);
    record_word(ch->record, ch->name);
    record_u64(ch->record, lane);
    record_u64(ch->record, n);
    windows_forget(&inbox_of(ch)->windows, lane, n);
}

/* Nobody sees them go: who asks for one that is over is told that it is not there. */
size_t change_window_sweep(struct broker *b, int db, struct slice name, msec now, size_t max)
{
    struct change ch = change_open(b, db, name);
    const struct windows *w = &inbox_of(&ch)->windows;
    size_t n = 0, over;
    unsigned lane;

    while (n < max && (over = windows_over(w, now, max - n, &lane))) {
        lapse(&ch, lane, over);
        n += over;
    }
    ch.untouched = true;
    change_close(&ch);
    return n;
}

bool change_replay_lapse(struct broker *b, int db, struct slice name, unsigned lane, size_t n)
{
    struct change ch = change_open(b, db, name);
    const struct windows *w = &inbox_of(&ch)->windows;
    bool good = lane < w->lanes && dedup_count(&w->lane[lane].names) >= n;

    if (good)
        lapse(&ch, lane, n);
    ch.quiet = true;
    change_close(&ch);
    return good;
}
