/* broker/change.c - the bracket around every change, and the changes that are the same for every type.
 * See broker/change.h. */
#include "broker/change.h"
#include "base/mem.h"
#include "broker/change_due.h"
#include "broker/change_idmp.h"
#include "broker/change_policy.h"
#include "broker/change_queue.h"
#include "broker/wait.h"
#include "broker/watch.h"
#include "broker_impl.h"
#include "store/lanes.h"
#include "store/record.h"

struct change change_open(struct broker *b, int db, struct slice name)
{
    struct change ch = {.b = b, .db = db, .name = name};

    ch.record = b->journal && b->origin != ORIGIN_REPLAY ? journal_begin(b->journal, db) : &b->nowhere;
    ch.key = db_find(b, db, name);
    return ch;
}

static void record_close(struct broker *b, struct buf *record)
{
    if (record == &b->nowhere)
        record->n = 0;
    else
        journal_end(b->journal);
}

/* Out of line, for mostly nobody listens. In the order of Redis. */
static __attribute__((noinline)) void tell_events(const struct change *ch)
{
    if (ch->fresh)
        event_tell(ch->b, ch->db, ch->name, EVENT_NEW);
    event_tell(ch->b, ch->db, ch->name, ch->event);
    event_tell(ch->b, ch->db, ch->name, ch->then);
    event_tell(ch->b, ch->db, ch->name, ch->gone);
}

void change_close(struct change *ch)
{
    struct broker *b = ch->b;

    if (lanes_loosened)
        change_free_lanes(ch);
    record_close(b, ch->record);
    if (ch->untouched)
        return;
    b->stats.changes++;
    if (dict_count(&b->watched))
        watch_touch(b, ch->db, ch->name);
    if (b->waiters && !ch->quiet)
        wait_signal(b, ch->db, ch->name);
    if (b->events)
        tell_events(ch);
}

void change_tell(struct broker *b, int db, struct slice name)
{
    watch_touch(b, db, name);
    wait_signal(b, db, name);
}

/* A stream has come to this key, with rules to find and deadlines to meet under this name. */
static void stream_arrived(struct change *ch)
{
    change_idmp_arrive(ch);
    change_policy_arrive(ch);
    change_due_arrive(ch);
}

void change_make(struct change *ch, enum key_type type, void *value)
{
    ch->key = key_new(ch->name, type, value);
    ch->key->used = ch->b->ticks;
    ch->fresh = !ch->gone; /* or it takes the place of what was dropped */
    ch->gone = EVENT_NONE;
    dict_add(&ch->b->db[ch->db].keys, ch->key);
    if (type == KEY_STREAM)
        stream_arrived(ch);
}

void change_unmake(struct change *ch)
{
    expiry_drop(ch->b, ch->db, ch->key);
    dict_remove(&ch->b->db[ch->db].keys, ch->name);
    ch->b->db[ch->db].recent = NULL;
    key_bury(ch->b, ch->key);
    ch->key = NULL;
    ch->gone = EVENT_DEL;
}

void change_drop(struct change *ch)
{
    if (!ch->key)
        return;
    record_head(ch->record, 2);
    record_str(ch->record, "DEL");
    record_word(ch->record, ch->name);
    change_unmake(ch);
}

void change_replace(struct change *ch, enum key_type type, void *value)
{
    value_bury(ch->b, ch->key->type, ch->key->value);
    ch->key->type = type;
    ch->key->value = value;
    if (type == KEY_STREAM)
        stream_arrived(ch);
}

/* The name may be the key's own, which goes: whoever needs it after the key keeps a copy. */
static void delete (struct broker *b, int db, struct slice name, enum event event, enum event gone)
{
    char room[256], *copy = name.n <= sizeof room ? room : mem_alloc(name.n);
    struct change ch;

    memcpy(copy, name.p, name.n);
    ch = change_open(b, db, (struct slice){copy, name.n});
    change_drop(&ch);
    ch.event = event;
    ch.gone = gone;
    change_close(&ch);
    if (copy != room)
        mem_free(copy);
}

void change_del(struct broker *b, int db, struct slice name)
{
    delete (b, db, name, EVENT_NONE, EVENT_DEL);
}

void change_del_by(struct broker *b, int db, struct slice name, enum event event)
{
    delete (b, db, name, event, EVENT_DEL);
}

void change_expired(struct broker *b, int db, struct slice name)
{
    delete (b, db, name, EVENT_NONE, EVENT_EXPIRED);
    b->stats.expired_keys++;
}

void change_expire(struct broker *b, int db, struct slice name, msec at)
{
    struct change ch = change_open(b, db, name);

    record_head(ch.record, at < 0 ? 2 : 3);
    record_str(ch.record, at < 0 ? "PERSIST" : "PEXPIREAT");
    record_word(ch.record, name);
    if (at < 0) {
        expiry_drop(b, db, ch.key);
    } else {
        record_i64(ch.record, at);
        expiry_set(b, db, ch.key, at);
    }
    ch.event = at < 0 ? EVENT_PERSIST : EVENT_EXPIRE;
    change_close(&ch);
}

static void flush_db(struct broker *b, int db)
{
    expiry_forget_all(b, db);
    keys_bury(b, &b->db[db].keys);
    b->db[db].recent = NULL;
}

void change_flush(struct broker *b, int db)
{
    struct change ch = {.b = b, .db = db < 0 ? 0 : db};

    ch.record = b->journal && b->origin != ORIGIN_REPLAY ? journal_begin(b->journal, ch.db) : &b->nowhere;
    record_words(ch.record, (const char *[]){db < 0 ? "FLUSHALL" : "FLUSHDB"}, 1);
    watch_touch_all(b, db);
    wait_signal_all(b, db);
    for (int i = 0; i < b->dbs; i++)
        if (db < 0 || i == db)
            flush_db(b, i);
    record_close(b, ch.record);
    b->stats.changes++;
}

/* --- SET: here because it may replace a value of any type --- */

void change_set(struct broker *b, int db, struct slice name, struct slice value, msec at, bool keep_ttl,
                enum event event)
{
    struct change ch = change_open(b, db, name);

    ch.event = event;
    ch.then = at < 0 ? EVENT_NONE : EVENT_EXPIRE;
    if (keep_ttl && ch.key && ch.key->expiry)
        at = ch.key->expiry->node.at;
    record_head(ch.record, at < 0 ? 3 : 5);
    record_str(ch.record, "SET");
    record_word(ch.record, name);
    record_word(ch.record, value);
    if (at >= 0) {
        record_str(ch.record, "PXAT");
        record_i64(ch.record, at);
    }
    change_string_put(&ch, value);
    if (at < 0)
        expiry_drop(b, db, ch.key);
    else
        expiry_set(b, db, ch.key, at);
    change_close(&ch);
}
