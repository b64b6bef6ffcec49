/* broker/change_key.c - changes of keys as a whole, whatever they hold: moved, copied, exchanged. See
 * broker/change.h. */
#include "base/mem.h"
#include "broker/change.h"
#include "broker/change_idmp.h"
#include "broker/change_policy.h"
#include "broker/wait.h"
#include "broker/watch.h"
#include "broker_impl.h"
#include "store/deque_edit.h"
#include "store/hash_edit.h"
#include "store/record.h"
#include "store/set_edit.h"
#include "store/stream_edit.h"
#include "store/string_edit.h"
#include "store/zset_edit.h"

/* What a key is, apart from its name. */
struct content {
    enum key_type type;
    void *value;
    msec at; /* when it expires; -1: never */
};

static struct content content_of(const struct key *k)
{
    return (struct content){k->type, k->value, k->expiry ? k->expiry->node.at : -1};
}

/* The key goes, its value does not. */
static struct content take(struct change *ch)
{
    struct content c = content_of(ch->key);

    expiry_drop(ch->b, ch->db, ch->key);
    dict_remove(&ch->b->db[ch->db].keys, ch->name);
    ch->b->db[ch->db].recent = NULL;
    mem_free(ch->key);
    ch->key = NULL;
    return c;
}

/* Whatever is there under that name becomes this. */
static void put(struct broker *b, struct place at, struct content c)
{
    struct change ch = {.b = b, .db = at.db, .name = at.name, .key = db_find(b, at.db, at.name)};

    if (ch.key)
        change_replace(&ch, c.type, c.value);
    else
        change_make(&ch, c.type, c.value);
    if (c.at < 0)
        expiry_drop(b, at.db, ch.key);
    else
        expiry_set(b, at.db, ch.key, c.at);
}

static void record_move(struct buf *record, struct place from, struct place to)
{
    bool renamed = from.db == to.db;

    record_head(record, 3);
    record_str(record, renamed ? "RENAME" : "MOVE");
    record_word(record, from.name);
    if (renamed)
        record_word(record, to.name);
    else
        record_i64(record, to.db);
}

/* To those who listen the key is a new one, even if there was another of that name. */
static void tell_moved(struct broker *b, struct place from, struct place to)
{
    bool renamed = from.db == to.db;

    if (!b->events)
        return;
    event_tell(b, to.db, to.name, EVENT_NEW);
    event_tell(b, from.db, from.name, renamed ? EVENT_RENAME_FROM : EVENT_MOVE_FROM);
    event_tell(b, to.db, to.name, renamed ? EVENT_RENAME_TO : EVENT_MOVE_TO);
}

void change_move(struct broker *b, struct place from, struct place to)
{
    struct change ch = change_open(b, from.db, from.name);

    record_move(ch.record, from, to);
    put(b, to, take(&ch));
    change_tell(b, to.db, to.name);
    change_close(&ch);
    tell_moved(b, from, to);
}

static void *value_copy(const struct broker *b, enum key_type type, const void *value)
{
    switch (type) {
    case KEY_STRING:
        return string_new(string_slice(value));
    case KEY_LIST:
        return deque_copy(value);
    case KEY_SET:
        return set_copy(value);
    case KEY_ZSET:
        return zset_copy(value);
    case KEY_HASH:
        return hash_copy(value);
    case KEY_STREAM:
        return stream_copy(value, &b->seed);
    default:
        must(!"a type without values");
    }
}

/* The record is of the original's database, where a replay looks for it; but what changes is the copy. */
void change_copy(struct broker *b, struct place from, struct place to)
{
    struct change ch = change_open(b, from.db, from.name);
    struct content c = content_of(ch.key);

    record_head(ch.record, 6);
    record_str(ch.record, "COPY");
    record_word(ch.record, from.name);
    record_word(ch.record, to.name);
    record_str(ch.record, "DB");
    record_i64(ch.record, to.db);
    record_str(ch.record, "REPLACE");
    c.value = value_copy(b, c.type, c.value);
    put(b, to, c);
    ch.db = to.db;
    ch.name = to.name;
    ch.fresh = true;
    ch.event = EVENT_COPY_TO;
    change_close(&ch);
}

void change_swap(struct broker *b, int one, int other, msec now)
{
    struct change ch = change_open(b, one, SLICE(""));

    record_head(ch.record, 3);
    record_str(ch.record, "SWAPDB");
    record_i64(ch.record, one);
    record_i64(ch.record, other);
    watch_touch_swap(b, one, other, now);
    expiry_swap(b, one, other);
    change_policy_swap(b, one, other);
    due_places_swap(&b->forgetting, one, other);
    due_places_swap(&b->queues, one, other);
    wait_signal_all(b, one);
    wait_signal_all(b, other);
    b->stats.changes++;
    ch.untouched = true; /* those whom it concerns have been told */
    change_close(&ch);
}
