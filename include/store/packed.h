/* store/packed.h - a short sequence of strings in one block of memory: the compact form of small hashes,
 * sets and sorted sets. Found by walking, so meant for some hundred items; ERR is not here: whoever owns
 * one keeps it below limits of his own.
 *
 * An item is a head byte and what it tells of:
 *     0x00-0xbf  a string of so many bytes
 *     0xc0+n     a canonical decimal number, as n bytes of a signed integer, low byte first (n = 1..8)
 *     0xc9       a double, 8 bytes as they lie in memory (never comes out of a string)
 *     0xca       a string of as many bytes as the next 4 say
 */
#ifndef STORE_PACKED_H
#define STORE_PACKED_H

#include "base/num.h"
#include "base/slice.h"
#include <stdint.h>

/* Bytes that one may hold: a change moves what lies behind it, and offsets have 32 bits. Few items of a size
 * that the settings allow come to more. */
#define PACKED_MAX ((uint32_t)1 << 20)

struct packed {
    uint32_t used, room; /* bytes of p */
    uint32_t n;          /* items */
    unsigned char p[];
};

/* An item that was read: its text lies in the sequence, or, for a number, in `digits`; good until the
 * sequence changes or the next read into the same place. Not to be copied. */
struct packed_item {
    struct slice text;
    double number; /* of a number or a double */
    uint32_t at;   /* where it begins */
    uint32_t next; /* where the one behind it begins */
    char digits[NUM_MAX + 3];
};

/* A walk:   for (uint32_t at = 0; packed_read(s, at, &item); at = item.next)
 * False at the end. A double has no text but what packed_read_text() makes of it. */
bool packed_read(const struct packed *s, uint32_t at, struct packed_item *item);
/* Where the item behind the one at `at` begins. */
uint32_t packed_next(const struct packed *s, uint32_t at);
/* Where the item number `nth` begins (from 0, at most n: the end). */
uint32_t packed_seek(const struct packed *s, uint32_t nth);
/* Looks at each `stride`-th item, from the first: is its text this one? */
bool packed_find(const struct packed *s, struct slice text, uint32_t stride, uint32_t *at);
/* Whether so many items with so many bytes of text in all may be put in besides. */
bool packed_fits(const struct packed *s, size_t items, size_t bytes);
size_t packed_memory(const struct packed *s);
void packed_check(const struct packed *s);

#endif
