/* broker/change.h - what every alteration of the store goes through.
 *
 * change_open() and change_close() bracket it: the journal record, WATCH, waiters and counters happen
 * there, once, for every type. A verb (change_string.h, change_list.h, change_stream.h, change_group.h)
 * only says what happens to the value. Verbs cannot fail: whoever calls one has checked everything.
 */
#ifndef BROKER_CHANGE_H
#define BROKER_CHANGE_H

#include "broker/broker.h"
#include "broker/event.h"

struct change {
    struct broker *b;
    int db;
    struct slice name;
    struct key *key;     /* NULL: absent, and to be made by change_make() */
    struct buf *record;  /* where the verb writes its record(s) */
    bool quiet;          /* set by a verb that makes nothing available: waiters are not looked at */
    bool untouched;      /* set by a verb that found nothing to change: nobody need know */
    bool fresh;          /* the key was absent and has been made */
    uint8_t event, then; /* enum event, set by a verb: what happened, and what else */
    uint8_t gone;        /* the key went: EVENT_DEL, or what it is instead */
};

struct change change_open(struct broker *b, int db, struct slice name);
void change_close(struct change *ch);
/* For a change of two keys in one bracket: those who watch the other one, or wait for it, are told. */
void change_tell(struct broker *b, int db, struct slice name);
/* The key as one of this type, made empty by `make` (a value) if it was absent. */
void change_make(struct change *ch, enum key_type type, void *value);
/* The key goes, with its value and TTL. No record. */
void change_unmake(struct change *ch);
/* The key goes if there is one, and a record says so: what the verb makes then takes its place. */
void change_drop(struct change *ch);
/* The value is about to be replaced by one of another type: frees the old one; no record. */
void change_replace(struct change *ch, enum key_type type, void *value);

/* Deletes a key, which must be there. */
void change_del(struct broker *b, int db, struct slice name);
/* The same as the end of something that has an event of its own: SPOP of all there is. */
void change_del_by(struct broker *b, int db, struct slice name, enum event event);
/* The same for a key past its time: counts it, too. */
void change_expired(struct broker *b, int db, struct slice name);
/* Sets or (at < 0) removes the TTL of a key, which must be there. `at` is wall msec. */
void change_expire(struct broker *b, int db, struct slice name, msec at);
/* Gives a key, which must be there, another name, another database or both, with its TTL. What is there under
 * that name goes; it must not be the key itself. */
struct place {
    int db;
    struct slice name;
};
void change_move(struct broker *b, struct place from, struct place to);
/* The same, and the key stays: the other is a copy of all of it. */
void change_copy(struct broker *b, struct place from, struct place to);
/* Exchanges two different databases. */
void change_swap(struct broker *b, int one, int other, msec now);
/* All keys of a database, or (db < 0) of all. */
void change_flush(struct broker *b, int db);

/* --- values ---
 * `event`, where a verb has it: what those who listen are told, for several commands share the verb. */

/* Whatever the key was, it holds this value from now on, which is taken, until `at` (< 0: for ever). */
void change_restore(struct broker *b, int db, struct slice name, enum key_type type, void *value, msec at);

/* SET: whatever the key was. `at` < 0: no TTL; keep_ttl: the one it has. */
void change_set(struct broker *b, int db, struct slice name, struct slice value, msec at, bool keep_ttl,
                enum event event);
/* Puts bytes (at least one) at an offset of a string, which grows with zeros; the key is made if absent. Its
 * TTL stays. */
void change_splice(struct broker *b, int db, struct slice name, size_t at, struct slice bytes,
                   enum event event);
void change_push(struct broker *b, int db, struct slice name, bool front, const struct slice *v, size_t n);
/* Removes `n` elements at one end, at most its length; the key goes with the last. */
void change_pop(struct broker *b, int db, struct slice name, bool front, size_t n);
/* Sets the element at an index (negative: from the end), which is there. */
void change_lset(struct broker *b, int db, struct slice name, int64_t index, struct slice value);
/* Inserts beside the first element that equals `pivot`; false if there is none. */
bool change_linsert(struct broker *b, int db, struct slice name, bool before, struct slice pivot,
                    struct slice value);
/* Removes the first `count` elements that equal `value`; negative: the last ones; 0: all. How many. */
size_t change_lrem(struct broker *b, int db, struct slice name, int64_t count, struct slice value);
/* The key becomes a list of these, whatever it was; n 0: it goes. None is a view into its value. */
void change_list_store(struct broker *b, int db, struct slice name, const struct slice *v, size_t n,
                       enum event event);
/* Keeps the n elements from `first` on, which are there. */
void change_ltrim(struct broker *b, int db, struct slice name, size_t first, size_t n);

#endif
