/* base/histogram.h - how values are spread: counts in buckets that grow with the value, so that any of them
 * is known to a sixteenth of itself in bounded memory. Values are what the caller says, e.g. nanoseconds. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SHIFT   4 /* 16 buckets to each doubling */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SHIFT + 1) << HISTOGRAM_SHIFT)

struct histogram { /* zeroed: empty */
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline size_t histogram_bucket(uint64_t v)
{
    size_t high = 59 - (size_t)__builtin_clzll(v | 1u << HISTOGRAM_SHIFT);

    return (high << HISTOGRAM_SHIFT) + (v >> high);
}

uint64_t histogram_count(const struct histogram *h); /* of all values */
/* The highest value that its bucket holds. */
uint64_t histogram_top(unsigned bucket);
/* The value that `percent` of all do not exceed (the top of its bucket); 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

#endif
