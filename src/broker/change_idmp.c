/* broker/change_idmp.c - changes of what is known of idempotent producers. See broker/change_idmp.h. */
#include "broker/change_idmp.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/idmp_edit.h"
#include "store/record.h"
#include "store/stream_edit.h"

#define SWEEP_EVERY   100 /* msec between two sweeps of a stream, so that a record tells of many ids */
#define TOO_MANY_STEP 2   /* ids that go for each that comes while there are too many of them */

/* --- records --- */

static void record_remember(struct change *ch, const struct idmp_name *as, struct stream_id id)
{
    record_head(ch->record, 5);
    record_str(ch->record, "XIDMPRECORD");
    record_word(ch->record, ch->name);
    record_word(ch->record, as->pid);
    record_word(ch->record, as->iid);
    record_id(ch->record, id);
}

static void record_count(struct change *ch, const struct idmp *m)
{
    record_head(ch->record, 4);
    record_str(ch->record, RECORD_IDMP);
    record_word(ch->record, ch->name);
    record_u64(ch->record, m->added);
    record_u64(ch->record, m->duplicates);
}

static void record_forget(struct change *ch, struct slice pid, size_t n)
{
    record_head(ch->record, 4);
    record_str(ch->record, RECORD_FORGET);
    record_word(ch->record, ch->name);
    record_word(ch->record, pid);
    record_u64(ch->record, n);
}

static void record_limits(struct change *ch, struct idmp_limits limits)
{
    record_head(ch->record, 6);
    record_str(ch->record, "XCFGSET");
    record_word(ch->record, ch->name);
    record_str(ch->record, "IDMP-DURATION");
    record_u64(ch->record, limits.duration);
    record_str(ch->record, "IDMP-MAXSIZE");
    record_u64(ch->record, limits.maxsize);
}

/* --- deadlines --- */

static void place(struct change *ch, struct idmp *m, msec at)
{
    due_place_put(&m->place, &ch->b->forgetting, ch->db, ch->name, at);
}

void change_idmp_arrive(struct change *ch)
{
    struct idmp *m = stream_idmp(ch->key->stream) ? stream_make_idmp(ch->key->stream) : NULL;

    if (m && m->ids)
        place(ch, m, idmp_first_due(m)->due.at);
    else if (m)
        due_place_drop(&m->place); /* it may still stand there under the name it had */
}

/* The key that the place names may have got another value since. */
static struct idmp *at_place(struct broker *b, struct due_place *p)
{
    struct idmp *m = list_entry(p, struct idmp, place);
    const struct key *k = db_find(b, p->db, p->name);

    return k && k->type == KEY_STREAM && stream_idmp(k->stream) == m ? m : NULL;
}

static unsigned sweep(struct change *ch, struct idmp *m, msec now, unsigned max)
{
    const struct producer *p;
    size_t n = 0, over;

    while (n < max && (p = idmp_first_due(m)) && (over = producer_over(p, now, max - n))) {
        record_forget(ch, producer_name(p), over);
        n += idmp_forget(m, producer_name(p), over);
    }
    return (unsigned)n;
}

unsigned change_idmp_sweep(struct broker *b, struct due_place *at, msec now, unsigned max)
{
    struct idmp *m = at_place(b, at);
    struct change ch;
    unsigned n;
    msec next;

    if (!m) {
        due_place_drop(at);
        return 1;
    }
    ch = change_open(b, at->db, at->name);
    n = sweep(&ch, m, now, max);
    ch.untouched = true; /* nobody sees it go */
    change_close(&ch);
    if (m->ids == 0) {
        due_place_drop(&m->place);
    } else {
        next = n == max ? now : now + SWEEP_EVERY;
        place(&ch, m, idmp_first_due(m)->due.at > next ? idmp_first_due(m)->due.at : next);
    }
    return n ? n : 1;
}

/* --- part of other changes --- */

bool change_idmp_usual(const struct broker *b)
{
    return b->origin == ORIGIN_REPLAY ||
           (b->idmp_limits.duration == IDMP_LIMITS.duration && b->idmp_limits.maxsize == IDMP_LIMITS.maxsize);
}

void change_idmp_begin(struct change *ch)
{
    if (change_idmp_usual(ch->b))
        return;
    idmp_limit(stream_make_idmp(ch->key->stream), ch->b->idmp_limits);
    record_limits(ch, ch->b->idmp_limits);
}

/* The setting may be another one when this is replayed. */
static void forget_too_many(struct change *ch, struct idmp *m)
{
    if (ch->b->origin == ORIGIN_REPLAY)
        return;
    for (int i = 0; i < TOO_MANY_STEP && m->ids > ch->b->idmp_max_ids; i++) {
        const struct producer *p = idmp_first_due(m);

        record_forget(ch, producer_name(p), 1);
        idmp_forget(m, producer_name(p), 1);
    }
}

void change_idmp_remember(struct change *ch, const struct idmp_name *as, struct stream_id id, bool record)
{
    struct idmp *m = stream_make_idmp(ch->key->stream);
    msec over = idmp_over(m, id);

    if (record)
        record_remember(ch, as, id);
    idmp_remember(m, as, id);
    forget_too_many(ch, m);
    if (!m->place.heap || over < m->place.node.at)
        place(ch, m, over);
}

/* --- changes of their own --- */

void change_idmp_duplicate(struct broker *b, int db, struct slice name)
{
    struct change ch = change_open(b, db, name);
    struct idmp *m = stream_make_idmp(ch.key->stream);

    idmp_count(m, m->added, m->duplicates + 1);
    record_count(&ch, m);
    ch.quiet = true;
    change_close(&ch);
}

void change_idmp_limit(struct broker *b, int db, struct slice name, struct idmp_limits limits)
{
    struct change ch = change_open(b, db, name);

    idmp_limit(stream_make_idmp(ch.key->stream), limits);
    record_limits(&ch, limits);
    ch.quiet = true;
    change_close(&ch);
}

void change_idmp_record(struct broker *b, int db, struct slice name, const struct idmp_name *as,
                        struct stream_id id)
{
    struct change ch = change_open(b, db, name);

    change_idmp_remember(&ch, as, id, true);
    ch.quiet = true;
    change_close(&ch);
}

void change_idmp_count(struct broker *b, int db, struct slice name, uint64_t added, uint64_t duplicates)
{
    struct change ch = change_open(b, db, name);
    struct idmp *m = stream_make_idmp(ch.key->stream);

    idmp_count(m, added, duplicates);
    record_count(&ch, m);
    ch.quiet = true;
    change_close(&ch);
}

bool change_idmp_forget(struct broker *b, int db, struct slice name, struct slice pid, size_t n)
{
    struct change ch = change_open(b, db, name);
    struct idmp *m = stream_make_idmp(ch.key->stream);
    size_t gone;

    record_forget(&ch, pid, n);
    gone = idmp_forget(m, pid, n);
    ch.quiet = true;
    change_close(&ch);
    return gone == n;
}
