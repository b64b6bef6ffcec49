/* base/histogram.h - how values are spread: counts in buckets that grow with the value, so that any of them
 * is known to a sixteenth of itself in bounded memory. Values are what the caller says, e.g. nanoseconds. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SHIFT   4  /* 16 buckets to each doubling */
#define HISTOGRAM_BITS    37 /* from 2^37 on (137 s in nanoseconds) all values are one */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_BITS - HISTOGRAM_SHIFT + 1) << HISTOGRAM_SHIFT)

struct histogram { /* zeroed: empty */
    uint64_t n;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t v)
{
    unsigned high;

    if (v >> HISTOGRAM_BITS)
        return HISTOGRAM_BUCKETS - 1;
    if (v < 1u << HISTOGRAM_SHIFT)
        return (unsigned)v;
    high = 63u - (unsigned)__builtin_clzll(v) - HISTOGRAM_SHIFT;
    return (high << HISTOGRAM_SHIFT) + (unsigned)(v >> high);
}

static inline void histogram_add(struct histogram *h, uint64_t v)
{
    h->n++;
    h->bucket[histogram_bucket(v)]++;
}

/* The highest value that its bucket holds. */
uint64_t histogram_top(unsigned bucket);
/* The value that `percent` of all do not exceed (the top of its bucket); 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

#endif
