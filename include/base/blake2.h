/* base/blake2.h - BLAKE2b (RFC 7693), unkeyed: for what has to be the same in every process and still be
 * proof against somebody who chooses the bytes. hash_bytes() is several times faster where neither matters.
 */
#ifndef BASE_BLAKE2_H
#define BASE_BLAKE2_H

#include "base/slice.h"
#include <stdint.h>

#define BLAKE2B_BLOCK 128

struct blake2b {
    uint64_t h[8];
    uint64_t done;   /* bytes hashed; more than 2^64 are not meant */
    size_t n, bytes; /* waiting in `block`; of the digest */
    uint8_t block[BLAKE2B_BLOCK];
};

void blake2b_begin(struct blake2b *b, size_t bytes); /* of the digest: 1 .. 64 */
void blake2b_add(struct blake2b *b, const void *p, size_t n);
void blake2b_add_u64(struct blake2b *b, uint64_t v); /* low byte first */
void blake2b_end(struct blake2b *b, uint8_t *digest);

#endif
