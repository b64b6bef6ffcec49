/* store/hash.h - the hash value: distinct fields, each with a value. Without values it is the body of a
 * set. Few and short ones are packed in one block, in the order they came; many are in a hash table.
 *
 * Always true, and checked by hash_check(): fields are distinct; counts and bytes are exact.
 */
#ifndef STORE_HASH_H
#define STORE_HASH_H

#include "base/dict.h"
#include "store/packed.h"

struct hash; /* opaque: its fields are in hash.c */

/* A field that was found. Views, good until the hash next changes or the item is used again. Not to be
 * copied: a number's digits are in it. */
struct hash_item {
    struct slice field, value; /* value is empty where there are none */
    struct packed_item room[2];
};

size_t hash_count(const struct hash *h);
bool hash_packed(const struct hash *h);
size_t hash_memory(const struct hash *h); /* O(1) */
bool hash_get(const struct hash *h, struct slice field, struct hash_item *out);
/* One, each about as likely; the hash is not empty. `r` is the caller's random number. */
void hash_random(const struct hash *h, uint64_t r, struct hash_item *out);

/* Every field once:   for (hash_iter_begin(&it, h); hash_iter_next(&it);) ... it.item ...
 * The hash must not change meanwhile; _end() also after the last. */
struct hash_iter {
    const struct hash *h;
    uint32_t at;
    struct dict_iter dict;
    struct hash_item item;
};
void hash_iter_begin(struct hash_iter *it, const struct hash *h);
bool hash_iter_next(struct hash_iter *it);
void hash_iter_end(struct hash_iter *it);

/* As dict_scan(): some fields, and the next cursor, 0 at the end. Packed: all of them at once. */
uint64_t hash_scan(const struct hash *h, uint64_t cursor, void (*fn)(const struct hash_item *item, void *arg),
                   void *arg);

void hash_check(const struct hash *h);

#endif
