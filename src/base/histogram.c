/* base/histogram.c - see base/histogram.h. */
#include "base/histogram.h"

uint64_t histogram_count(const struct histogram *h)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        n += h->bucket[i];
    return n;
}

uint64_t histogram_top(unsigned bucket)
{
    unsigned high = bucket >> HISTOGRAM_SHIFT;
    uint64_t low = bucket & ((1u << HISTOGRAM_SHIFT) - 1);

    if (high == 0)
        return bucket;
    return ((low + (1u << HISTOGRAM_SHIFT) + 1) << (high - 1)) - 1;
}

/* As many as make up that share, one at least: the first bucket that reaches it has the value. */
uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    double share = percent > 100 ? 100 : percent < 0 ? 0 : percent;
    uint64_t all = histogram_count(h), wanted = (uint64_t)(share / 100 * (double)all + 0.5), seen = 0;

    if (all == 0)
        return 0;
    wanted = wanted < 1 ? 1 : wanted > all ? all : wanted;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if ((seen += h->bucket[i]) >= wanted)
            return histogram_top(i);
    return 0; /* not reached: the buckets add up to all */
}
