/* base/mem_stats.h - what the allocator says of itself, for INFO and MEMORY. Slow next to mem_used(). */
#ifndef BASE_MEM_STATS_H
#define BASE_MEM_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct mem_stats {
    size_t allocated; /* bytes handed out, to all threads */
    size_t active;    /* of the pages they lie in */
    size_t resident;  /* of the pages it holds, what lies idle included */
};

/* All 0 where the allocator does not count. */
void mem_stats(struct mem_stats *out);
/* Gives pages that lie idle back to the system. False: the allocator cannot. */
bool mem_purge(void);
/* Its report in its own words, in pieces. False: it has none. */
bool mem_report(void (*put)(void *arg, const char *piece), void *arg);

#endif
