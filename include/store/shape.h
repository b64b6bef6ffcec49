/* store/shape.h - when a small value takes the compact form and when the one for many. The settings
 * hash-max-listpack-entries and its like. A value that has left the compact form does not go back. */
#ifndef STORE_SHAPE_H
#define STORE_SHAPE_H

#include "base/hash.h"
#include <stdint.h>

struct shape_limits {
    uint32_t items; /* at most so many in the compact form */
    uint32_t bytes; /* none of them longer */
};

struct shape {
    const struct hash_seed *seed; /* of the hash tables; borrowed for as long as a value lives */
    struct shape_limits hash, set, zset;
    uint32_t intset_items; /* numbers in a set that has nothing else */
};

#endif
