/* store/intset.h - a sorted array of distinct integers, all as wide as the widest needs (2, 4 or 8 bytes):
 * the compact form of a set of numbers. */
#ifndef STORE_INTSET_H
#define STORE_INTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intset {
    uint32_t n;
    uint8_t width; /* bytes of one: 2, 4, 8 */
    unsigned char p[];
};

int64_t intset_at(const struct intset *s, uint32_t i); /* i < n */
/* Where v is, or, false, where it would be. */
bool intset_find(const struct intset *s, int64_t v, uint32_t *at);
size_t intset_memory(const struct intset *s);
void intset_check(const struct intset *s);

/* Changes: for store/set.c alone. They may move it and return where it is now. */
struct intset *intset_new(void);
struct intset *intset_copy(const struct intset *s);
struct intset *intset_insert(struct intset *s, uint32_t at, int64_t v); /* at: from intset_find() */
struct intset *intset_remove(struct intset *s, uint32_t at);

#endif
