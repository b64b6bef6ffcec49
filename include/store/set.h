/* store/set.h - the set value: distinct members. Only numbers, and not too many: sorted in an array; few and
 * short: packed; many: in a hash table. */
#ifndef STORE_SET_H
#define STORE_SET_H

#include "store/hash.h"
#include "store/intset.h"

struct set; /* opaque: its fields are in set.c */

enum set_form { SET_INTSET, SET_PACKED, SET_TABLE };

size_t set_count(const struct set *s);
enum set_form set_form(const struct set *s);
size_t set_memory(const struct set *s); /* O(1) */
bool set_has(const struct set *s, struct slice member);

/* A member that was looked up without its name. A view, good until the set next changes or the item is
 * used again. Not to be copied. */
struct set_item {
    struct slice member;
    struct hash_item room;
};
/* One, each about as likely; the set is not empty. `r` is the caller's random number. */
void set_random(const struct set *s, uint64_t r, struct set_item *out);

/* Every member once:   for (set_iter_begin(&it, s); set_iter_next(&it);) ... it.item.member ...
 * The set must not change meanwhile; _end() also after the last. */
struct set_iter {
    const struct set *s;
    uint32_t at;
    struct hash_iter hash;
    struct set_item item;
};
void set_iter_begin(struct set_iter *it, const struct set *s);
bool set_iter_next(struct set_iter *it);
void set_iter_end(struct set_iter *it);

/* As dict_scan(): some members, and the next cursor, 0 at the end. Compact: all of them at once. */
uint64_t set_scan(const struct set *s, uint64_t cursor, void (*fn)(struct slice member, void *arg),
                  void *arg);

void set_check(const struct set *s);

#endif
