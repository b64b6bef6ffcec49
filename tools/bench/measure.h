/* measure.h - what is counted, and what messages are made of. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

/* Log buckets, HIST_SUB to each power of two, so a percentile is at most 1/16 too high. */
#define HIST_SUB 16

struct histogram {
    uint64_t n, max;
    uint64_t bucket[61 * HIST_SUB];
};

/* The head of each message; PATTERN bytes from an offset that depends on the number fill the rest. */
struct stamp {
    uint64_t seq;
    int64_t sent; /* monotonic microseconds: comparable in one process, and on one machine */
    uint64_t check;
};

#define PATTERN_SHIFTS 256

void hist_add(struct histogram *h, usec v, uint64_t times);
uint64_t hist_percentile(const struct histogram *h, double percent);
uint64_t stamp_check(const struct stamp *s);
char *pattern_new(size_t size);

#endif
