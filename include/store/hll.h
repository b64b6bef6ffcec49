/* store/hll.h - HyperLogLog: how many different elements there were, in at most 12 KB, give or take 0.81 %.
 * It stands in a string, in the forms that Redis gives it, so that GET and SET can take it anywhere: a head,
 * then the registers either dense, six bits each, or sparse, as runs. Bytes may come from anybody: nothing
 * here trusts them. */
#ifndef STORE_HLL_H
#define STORE_HLL_H

#include "base/buf.h"

#define HLL_REGISTERS 16384
#define HLL_HEAD      16
#define HLL_DENSE     (HLL_HEAD + HLL_REGISTERS * 6 / 8)
#define HLL_COUNT_END 15 /* the byte of the head whose high bit says that the count in it is old */

struct hll {
    uint8_t reg[HLL_REGISTERS];
};

bool hll_valid(struct slice s); /* its head is right, and its size if it is dense */
bool hll_dense(struct slice s); /* of a valid one */
/* The count that was reckoned last, if nothing has been added since. */
bool hll_known(struct slice s, uint64_t *count);
/* Every register becomes at least what it is in `s`, which is valid; false: its runs are damaged. */
bool hll_merge(struct hll *h, struct slice s);
uint64_t hll_count(const struct hll *h);

/* The register an element goes to; *rank is what it has to be at least. */
unsigned hll_place(struct slice element, uint8_t *rank);
/* Of a dense one: the register, and the bytes (two of them, at *at) that make it `rank`. */
uint8_t hll_get(struct slice dense, unsigned reg);
void hll_put(struct slice dense, unsigned reg, uint8_t rank, size_t *at, char bytes[2]);

/* As bytes, behind what `out` has: sparse while that takes at most `sparse_max` bytes with the head. */
void hll_write(const struct hll *h, bool dense, size_t sparse_max, struct buf *out);

#endif
