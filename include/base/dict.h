/* base/dict.h - the one hash table: keys of a database, fields, members, channels, waiters by key.
 *
 * A power-of-two table of 64-byte buckets: seven slots, each with one byte of its entry's hash, so that
 * a lookup that misses touches one cache line and a hit two. A full bucket chains to another. Grows and
 * shrinks in bounded steps: one bucket chain moves with each add and remove (four, nearly empty, when it
 * shrinks); never during a find. Hashes are keyed and seeded.
 *
 * An entry is the caller's struct; the table holds the pointer and asks the type for the key.
 */
#ifndef BASE_DICT_H
#define BASE_DICT_H

#include "base/hash.h"
#include "base/slice.h"
#include <stdint.h>

struct dict_type {
    struct slice (*key)(const void *entry);
    void (*free)(void *entry); /* by dict_clear(); may be NULL */
};

struct dict {
    const struct dict_type *type;
    const struct hash_seed *seed; /* borrowed, outlives the table */
    struct dict_table {
        struct dict_bucket *buckets; /* NULL while empty */
        uint64_t mask;
        size_t used;    /* entries */
        size_t chained; /* buckets outside the array */
    } t[2];             /* t[1] is filled while t[0] is emptied */
    size_t moved;       /* next bucket of t[0] to move; SIZE_MAX when not rehashing */
    unsigned paused;    /* > 0: an iteration is on, nothing moves */
};

/* `seed` is borrowed. An empty table owns no memory. */
void dict_init(struct dict *d, const struct dict_type *type, const struct hash_seed *seed);
void dict_clear(struct dict *d); /* frees entries through type->free, then the table; usable again */

/* Empties it piecemeal: hands the entries of up to `chains` bucket chains to fn, which frees them; true when
 * it is empty, and owns no memory. Until then nothing else may be done with it. */
bool dict_drain(struct dict *d, size_t chains, void (*fn)(void *entry, void *arg), void *arg);

static inline size_t dict_count(const struct dict *d)
{
    return d->t[0].used + d->t[1].used;
}

void *dict_find(const struct dict *d, struct slice key); /* NULL if absent */
/* Adds an entry whose key must be absent. */
void dict_add(struct dict *d, void *entry);
/* Takes the entry with that key out and returns it (the caller frees it), or NULL. */
void *dict_remove(struct dict *d, struct slice key);
/* Puts `entry` in the place of the one with the same key, which must be present and is returned. */
void *dict_replace(struct dict *d, void *entry);

/* Moves up to `buckets` bucket chains of a rehash that is on; false when there is none. For idle time. */
bool dict_step(struct dict *d, size_t buckets);

/* Calls fn for every entry of the bucket chains at `cursor` (both tables' while rehashing) and returns
 * the next cursor, 0 at the end. An entry present from the first call to the last is seen at least once,
 * whatever the table does in between (reverse binary cursor, Pieter Noordhuis). fn must not change it. */
uint64_t dict_scan(const struct dict *d, uint64_t cursor, void (*fn)(void *entry, void *arg), void *arg);

/* Every entry once. Between dict_iter_begin() and _end() entries may be removed, not added. */
struct dict_iter {
    struct dict *d;
    int table;
    size_t bucket;
    struct dict_bucket *at;
    int slot;
};
void dict_iter_begin(struct dict_iter *it, struct dict *d);
void *dict_iter_next(struct dict_iter *it); /* NULL at the end */
void dict_iter_end(struct dict_iter *it);

/* An entry, each about as likely; NULL when empty. `r` is the caller's random number. */
void *dict_random(const struct dict *d, uint64_t r);

size_t dict_memory(const struct dict *d); /* bytes of the table, without entries */
void dict_check(const struct dict *d);    /* must()s every invariant; for tests */

#endif
