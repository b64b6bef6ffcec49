/* memory.h - where the memory goes: of INFO memory and MEMORY STATS. */
#ifndef CMD_MEMORY_H
#define CMD_MEMORY_H

#include "base/mem_stats.h"
#include "cmd/service.h"

struct memory_use { /* bytes */
    uint64_t used, peak, rss, system;
    uint64_t startup;           /* before there was any data */
    uint64_t clients;           /* their sessions and buffers */
    uint64_t journal;           /* records not yet written */
    uint64_t tables;            /* of the databases: names to values and deadlines */
    uint64_t overhead, dataset; /* all of the above; the rest */
    double dataset_percent;     /* of what has been used since the start */
    struct mem_stats allocator;
};

/* Walks the clients, not the keys. */
void memory_look(const struct service *s, struct memory_use *out);
/* Of one database: the table, and what the deadlines take. */
uint64_t memory_of_table(const struct db *db);
uint64_t memory_of_expiries(const struct db *db);

#endif
