/* base/hash.h - keyed hash of bytes (SipHash-1-3, J.-P. Aumasson and D. J. Bernstein, 2012), so that a
 * client cannot choose keys that collide. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"
#include <stdint.h>

struct hash_seed {
    uint64_t k0, k1;
};

uint64_t hash_bytes(struct slice s, const struct hash_seed *seed);

#endif
