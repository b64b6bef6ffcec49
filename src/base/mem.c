/* base/mem.c - jemalloc under its plain names, or libc's malloc with -DMEM_LIBC (sanitizers, valgrind),
 * and the huge slots, which are mapped by hand. */
#include "base/mem.h"
#include "base/log.h"
#include <stdint.h>
#include <stdlib.h>

noreturn void must_failed(const char *cond, const char *file, int line)
{
    log_warning("stopped: cond=\"%s\" at=%s:%d", cond, file, line);
    abort();
}

static noreturn void out_of_memory(size_t n)
{
    log_warning("out of memory: wanted=%zu used=%zu", n, mem_used());
    abort();
}

#ifdef MEM_LIBC

#include <malloc.h>

/* Bytes held by this thread; what another thread frees is taken from its own count, as jemalloc does. */
static _Thread_local int64_t held;

static void *count(void *p, size_t n)
{
    if (!p)
        out_of_memory(n);
    held += (int64_t)malloc_usable_size(p);
    return p;
}

void *mem_alloc(size_t n)
{
    return count(malloc(n ? n : 1), n);
}

void *mem_zalloc(size_t n)
{
    return count(calloc(1, n ? n : 1), n);
}

void *mem_realloc(void *p, size_t n)
{
    if (p)
        held -= (int64_t)malloc_usable_size(p);
    return count(realloc(p, n ? n : 1), n);
}

void mem_free(void *p)
{
    if (p)
        held -= (int64_t)malloc_usable_size(p);
    free(p);
}

void mem_free_sized(void *p, size_t n)
{
    must(!p || malloc_usable_size(p) >= n);
    mem_free(p);
}

/* Each slot its own block, so that a sanitizer sees a slot overrun or used after it is freed. */
void *mem_slot_alloc(void)
{
    return count(aligned_alloc(4096, MEM_SLOT), MEM_SLOT);
}

void mem_slot_free(void *slot)
{
    mem_free(slot);
}

static int64_t held_bytes(void)
{
    return held;
}

const char *mem_allocator(void)
{
    return "libc";
}

size_t mem_slots(void)
{
    return 0; /* they are its own */
}

#else

#include <jemalloc/jemalloc.h>
#include <sys/mman.h>

void *mem_alloc(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (__builtin_expect(!p, 0))
        out_of_memory(n);
    return p;
}

void *mem_zalloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        out_of_memory(n);
    return p;
}

void *mem_realloc(void *p, size_t n)
{
    if (!(p = realloc(p, n ? n : 1)))
        out_of_memory(n);
    return p;
}

void mem_free(void *p)
{
    free(p);
}

void mem_free_sized(void *p, size_t n)
{
    if (p)
        sdallocx(p, n ? n : 1, 0);
}

#define REGION       ((size_t)2 * 1024 * 1024)
#define REGION_SHIFT 21
#define ALL_FREE     UINT32_MAX
_Static_assert(REGION / MEM_SLOT == 32, "a region's slots are the bits of a word");

/* The descriptor of a region lies outside it, for a header inside would cost a slot. It is found from a
 * slot's address: the upper bits pick a leaf, the lower ones the place in it, over the 48 bits that
 * mmap() gives out. */
#define LEAF_BITS    13
#define ROOT_BITS    (48 - REGION_SHIFT - LEAF_BITS)

struct region {
    char *base;
    uint32_t free;              /* a bit for each free slot */
    struct region *next, *prev; /* in `partial`, while it has free slots and used ones */
};

/* Global because the heap they belong to is the process's; the main thread alone takes slots. */
static struct region **leaves[1 << ROOT_BITS];
static struct region *partial; /* regions with both free and used slots */
static struct region *spare;   /* one that is all free, kept so that a slot at the edge does not thrash */
static size_t slots_used;

static struct region **place_of(const void *slot)
{
    uintptr_t i = (uintptr_t)slot >> REGION_SHIFT;
    struct region ***leaf = &leaves[i >> LEAF_BITS & ((1 << ROOT_BITS) - 1)];

    if (!*leaf)
        *leaf = mem_zalloc(sizeof(**leaf) << LEAF_BITS);
    return &(*leaf)[i & ((1 << LEAF_BITS) - 1)];
}

static void partial_add(struct region *r)
{
    r->prev = NULL;
    r->next = partial;
    if (partial)
        partial->prev = r;
    partial = r;
}

static void partial_remove(struct region *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        partial = r->next;
    if (r->next)
        r->next->prev = r->prev;
}

/* Maps twice the size and gives the ends back, for mmap() aligns to pages only. */
static char *map_aligned(void)
{
    char *p = mmap(NULL, 2 * REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t head;

    if (p == MAP_FAILED)
        out_of_memory(REGION);
    head = (REGION - ((uintptr_t)p & (REGION - 1))) & (REGION - 1);
    if (head)
        munmap(p, head);
    munmap(p + head + REGION, REGION - head);
    madvise(p + head, REGION, MADV_HUGEPAGE); /* advice: a kernel without it works as well */
    return p + head;
}

static struct region *region_new(void)
{
    struct region *r = mem_alloc(sizeof(*r));

    *r = (struct region){.base = map_aligned(), .free = ALL_FREE};
    *place_of(r->base) = r;
    return r;
}

static void region_free(struct region *r)
{
    *place_of(r->base) = NULL;
    munmap(r->base, REGION);
    mem_free_sized(r, sizeof(*r));
}

void *mem_slot_alloc(void)
{
    struct region *r = partial;
    int i;

    if (!r) {
        r = spare ? spare : region_new();
        spare = NULL;
        partial_add(r);
    }
    i = __builtin_ctz(r->free);
    r->free &= r->free - 1;
    if (!r->free)
        partial_remove(r);
    slots_used++;
    return r->base + (size_t)i * MEM_SLOT;
}

void mem_slot_free(void *slot)
{
    struct region *r;
    uint32_t bit;

    if (!slot)
        return;
    r = *place_of(slot);
    must(r && (uintptr_t)slot % MEM_SLOT == 0);
    bit = UINT32_C(1) << (((uintptr_t)slot & (REGION - 1)) / MEM_SLOT);
    must(!(r->free & bit));
    if (!r->free)
        partial_add(r);
    r->free |= bit;
    slots_used--;
    if (r->free != ALL_FREE)
        return;
    partial_remove(r);
    if (spare)
        region_free(r);
    else
        spare = r;
}

/* jemalloc counts each thread's bytes in two words and tells where they are. */
static _Thread_local const uint64_t *allocated, *deallocated;

static int64_t held_bytes(void)
{
    size_t len = sizeof(allocated);

    if (__builtin_expect(!deallocated, 0) && (mallctl("thread.allocatedp", &allocated, &len, NULL, 0) ||
                                              mallctl("thread.deallocatedp", &deallocated, &len, NULL, 0)))
        return 0; /* a jemalloc built without statistics */
    return (int64_t)(*allocated - *deallocated + slots_used * MEM_SLOT);
}

size_t mem_slots(void)
{
    return slots_used * MEM_SLOT;
}

#define TEXT(x)  #x
#define TEXT2(x) TEXT(x)

const char *mem_allocator(void)
{
    return "jemalloc-" TEXT2(JEMALLOC_VERSION_MAJOR) "." TEXT2(JEMALLOC_VERSION_MINOR) "." TEXT2(
        JEMALLOC_VERSION_BUGFIX);
}

#endif

/* Of the thread that asks, and only the main thread does. */
static _Thread_local size_t peak;

size_t mem_used(void)
{
    int64_t n = held_bytes();
    size_t used = n > 0 ? (size_t)n : 0; /* below zero: a thread that frees what others allocated */

    if (used > peak)
        peak = used;
    return used;
}

size_t mem_peak(void)
{
    return peak;
}

char *mem_strdup(struct slice s)
{
    char *p = mem_alloc(s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}
