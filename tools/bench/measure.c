/* measure.c - what is counted, and what messages are made of. */
#include "measure.h"
#include "bytes.h"

#include <math.h>

static unsigned hist_index(uint64_t v)
{
    unsigned power = v < HIST_SUB ? 0 : 60 - __builtin_clzll(v); /* 16..31 is the power 1 */

    return power ? power * HIST_SUB + (v >> (power - 1)) - HIST_SUB : v;
}

static uint64_t hist_upper(unsigned index)
{
    unsigned power = index / HIST_SUB;

    return power ? ((uint64_t)(index % HIST_SUB + HIST_SUB + 1) << (power - 1)) - 1 : index;
}

void hist_add(struct histogram *h, usec v, uint64_t times)
{
    uint64_t value = v > 0 ? v : 0;

    h->n += times;
    h->max = value > h->max ? value : h->max;
    h->bucket[hist_index(value)] += times;
}

uint64_t hist_percentile(const struct histogram *h, double percent)
{
    uint64_t rank = ceil(h->n * percent / 100), sum = 0;

    for (unsigned i = 0; h->n > 0 && i < sizeof(h->bucket) / sizeof(*h->bucket); i++)
        if ((sum += h->bucket[i]) >= rank)
            return hist_upper(i) < h->max ? hist_upper(i) : h->max;
    return h->max;
}

uint64_t stamp_check(const struct stamp *s)
{
    return (s->seq * 0x9e3779b97f4a7c15 ^ s->sent) * 0xbf58476d1ce4e5b9 + 1;
}

/* The same bytes in every process: who consumes need not be who produced. */
char *pattern_new(size_t size)
{
    char *p = resize(NULL, size + PATTERN_SHIFTS);
    uint32_t x = 1;

    for (size_t i = 0; i < size + PATTERN_SHIFTS; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = x >> 24;
    }
    return p;
}
