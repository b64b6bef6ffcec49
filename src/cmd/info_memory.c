/* cmd/info_memory.c - INFO: memory. See info.h. */
#include "base/mem.h"
#include "broker/grave.h"
#include "info.h"
#include "memory.h"

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

/* NAME_ratio and NAME_bytes: how much more `a` is than `b`. */
static void put_over(struct info *i, const char *name, uint64_t a, uint64_t b)
{
    buf_addf(&i->out, "%s_ratio:%.2f\r\n%s_bytes:%lld\r\n", name, ratio(a, b), name,
             (long long)((int64_t)a - (int64_t)b));
}

static void put_used(struct info *i, const struct memory_use *m)
{
    info_bytes(i, "used_memory", m->used);
    info_bytes(i, "used_memory_rss", m->rss);
    info_bytes(i, "used_memory_peak", m->peak);
    buf_addf(&i->out, "used_memory_peak_perc:%.2f%%\r\n", ratio(m->used, m->peak) * 100);
    info_count(i, "used_memory_overhead", m->overhead);
    info_count(i, "used_memory_startup", m->startup);
    info_count(i, "used_memory_dataset", m->dataset);
    buf_addf(&i->out, "used_memory_dataset_perc:%.2f%%\r\n", m->dataset_percent);
    info_count(i, "allocator_allocated", m->allocator.allocated);
    info_count(i, "allocator_active", m->allocator.active);
    info_count(i, "allocator_resident", m->allocator.resident);
}

static void put_scripts(struct info *i)
{
    const struct scripts *s = &i->s->scripts;
    uint64_t lua = scripts_memory(i->s);

    info_count(i, "used_memory_lua", lua);
    info_count(i, "used_memory_vm_eval", lua); /* functions live there, too */
    info_human(i, "used_memory_lua", lua);
    info_count(i, "used_memory_scripts_eval", s->bytes);
    info_count(i, "number_of_cached_scripts", dict_count(&s->cache));
    info_count(i, "number_of_functions", dict_count(&s->functions));
    info_count(i, "number_of_libraries", dict_count(&s->libraries));
    info_count(i, "used_memory_vm_functions", 0);
    info_bytes(i, "used_memory_vm_total", lua);
    info_int(i, "used_memory_functions", 0);
    info_bytes(i, "used_memory_scripts", s->bytes);
}

void info_memory(struct info *i)
{
    struct memory_use m;

    memory_look(i->s, &m);
    put_used(i, &m);
    info_bytes(i, "total_system_memory", m.system);
    put_scripts(i);
    info_bytes(i, "maxmemory", i->s->config.maxmemory);
    info_text(i, "maxmemory_policy", "noeviction");
    put_over(i, "allocator_frag", m.allocator.active, m.allocator.allocated);
    put_over(i, "allocator_rss", m.allocator.resident, m.allocator.active);
    put_over(i, "rss_overhead", m.rss, m.allocator.resident);
    put_over(i, "mem_fragmentation", m.rss, m.used);
    info_zeros(i, (const char *const[]){"mem_not_counted_for_evict", "mem_replication_backlog",
                                        "mem_total_replication_buffers", "mem_clients_slaves", NULL});
    info_count(i, "mem_clients_normal", m.clients);
    info_int(i, "mem_cluster_links", 0);
    info_count(i, "mem_aof_buffer", m.journal);
    info_text(i, "mem_allocator", mem_allocator());
    info_int(i, "active_defrag_running", 0);
    info_count(i, "lazyfree_pending_objects", graves_pending(&i->s->broker));
    info_count(i, "lazyfreed_objects", i->s->broker.stats.freed);
}
