/* base/mem.h - memory. Past the door of a command it does not run out: mem_alloc() never returns NULL,
 * it ends the process, for the journal has what was promised and half-done states have no place here.
 * Limits (maxmemory, request and buffer sizes) are checked at the door. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/slice.h"
#include <stddef.h>
#include <stdnoreturn.h>

void *mem_alloc(size_t n);              /* uninitialised; n may be 0 */
void *mem_zalloc(size_t n);             /* zeroed */
void *mem_realloc(void *p, size_t n);   /* mem_realloc(NULL, n) allocates */
void mem_free(void *p);                 /* NULL is fine */
void mem_free_sized(void *p, size_t n); /* the size it was allocated with: cheaper than mem_free() */
char *mem_strdup(struct slice s);       /* a terminated copy */

/* Huge blocks: page-aligned slots of MEM_SLOT bytes, taken from 2 MiB regions advised huge, so that a
 * fork copies few page tables. A region goes back to the system when its last slot is freed. */
#define MEM_SLOT ((size_t)64 * 1024)
void *mem_slot_alloc(void);
void mem_slot_free(void *slot);

/* Bytes in use by this thread's allocations and slots: two counters that jemalloc keeps anyway. */
size_t mem_used(void);
size_t mem_peak(void);           /* highest mem_used() seen by mem_used() */
size_t mem_slots(void);          /* bytes of them in slots, which are not the allocator's */
const char *mem_allocator(void); /* "jemalloc-5.3.0" or "libc" */

/* What only we can do wrong: kept in release builds, logs the place and stops. Stopping is safe, the
 * journal has what was promised. Never on bytes a client or a file holds. */
#define must(cond) ((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))
noreturn void must_failed(const char *cond, const char *file, int line);

#endif
