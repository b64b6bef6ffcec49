/* base/random.h - seeded random numbers (xoshiro256**, D. Blackman and S. Vigna, 2018). Not for secrets. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t s[4];
};

void random_seed(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t n); /* 0 .. n-1; n > 0 */
void random_system(void *to, size_t n);              /* from the kernel: seeds, salts, run ids */

#endif
