/* cmd/memory.c - see memory.h. */
#include "memory.h"
#include "base/mem.h"
#include "client.h"
#include "info.h"

#include <stdio.h>
#include <unistd.h>

/* The kernel alone knows, and only while somebody looks. */
static uint64_t resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long all, pages = 0;

    if (f && fscanf(f, "%llu %llu", &all, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t of_clients(const struct service *s)
{
    uint64_t n = 0;

    list_for_each (it, &s->sessions)
        n += client_memory(list_entry(it, struct session, node));
    return n;
}

uint64_t memory_of_table(const struct db *db)
{
    return dict_memory(&db->keys);
}

/* Each with its place in the heap. */
uint64_t memory_of_expiries(const struct db *db)
{
    return db->expiries.n * (sizeof(struct expiry) + sizeof(struct heap_node *));
}

static uint64_t of_tables(const struct broker *b)
{
    uint64_t n = 0;

    for (int i = 0; i < b->dbs; i++)
        n += memory_of_table(&b->db[i]) + memory_of_expiries(&b->db[i]);
    return n;
}

void memory_look(const struct service *s, struct memory_use *m)
{
    struct journal_info j = info_journal(s);
    uint64_t since_start;

    *m = (struct memory_use){
        .used = mem_used(),
        .peak = mem_peak(),
        .rss = resident(),
        .system = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE),
        .startup = s->server.memory_at_start,
        .clients = of_clients(s),
        .journal = j.offset - j.written,
        .tables = of_tables(&s->broker),
    };
    mem_stats(&m->allocator);
    m->overhead = m->startup + m->clients + m->journal + m->tables;
    m->dataset = m->used > m->overhead ? m->used - m->overhead : 0;
    since_start = m->used > m->startup ? m->used - m->startup : 0;
    m->dataset_percent = since_start ? (double)m->dataset * 100 / (double)since_start : 0;
}
