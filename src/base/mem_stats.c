/* base/mem_stats.c - see base/mem_stats.h. */
#include "base/mem_stats.h"
#include "base/mem.h"

#ifdef MEM_LIBC

#include <malloc.h>

void mem_stats(struct mem_stats *out)
{
    *out = (struct mem_stats){0};
}

bool mem_purge(void)
{
    malloc_trim(0);
    return true;
}

bool mem_report(void (*put)(void *arg, const char *piece), void *arg)
{
    (void)put, (void)arg;
    return false;
}

#else

#include <jemalloc/jemalloc.h>
#include <stdint.h>
#include <stdio.h>

static size_t counter(const char *name)
{
    size_t v = 0, len = sizeof v;

    return mallctl(name, &v, &len, NULL, 0) == 0 ? v : 0;
}

/* Slots are not the allocator's: they count as what is handed out, and not more. */
void mem_stats(struct mem_stats *out)
{
    uint64_t epoch = 1;
    size_t slots = mem_slots();

    mallctl("epoch", NULL, NULL, &epoch, sizeof epoch); /* the counters are as of then */
    *out = (struct mem_stats){
        .allocated = counter("stats.allocated") + slots,
        .active = counter("stats.active") + slots,
        .resident = counter("stats.resident") + slots,
    };
}

bool mem_purge(void)
{
    char name[64];

    snprintf(name, sizeof name, "arena.%u.purge", (unsigned)MALLCTL_ARENAS_ALL);
    return mallctl(name, NULL, NULL, NULL, 0) == 0;
}

bool mem_report(void (*put)(void *arg, const char *piece), void *arg)
{
    malloc_stats_print(put, arg, NULL);
    return true;
}

#endif
