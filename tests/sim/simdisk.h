/* tests/sim/simdisk.h - a disk in memory that behaves as badly as a disk may.
 *
 * What has been written is in the "page cache"; file syncs and directory syncs make it durable.
 *   - simdisk_crash() is kill -9: what was written stays, open handles die, locks go.
 *   - simdisk_power_cut() is that, and of every file any subset of the unsynced pages is lost (now and then
 *     one is torn inside), an unsynced size may be the old one, and of the creates, renames and unlinks
 *     since the last sync_dir some first ones happened, or any.
 *   - a call can be made to fail, and the disk be full. A sync that fails loses its pages for good: no
 *     later sync of the file makes them durable.
 * All of it is decided by the seed.
 *
 * Handles are from simdisk_handle(), any number at a time; each is a struct disk with the lock of its own.
 * After a crash or a cut its calls fail with ERR_IO; it has still to be closed, and so have its files
 * (journal_abandon() and ops->close do that).
 */
#ifndef TESTS_SIMDISK_H
#define TESTS_SIMDISK_H

#include "persist/disk.h"
#include "persist/syncer.h"

struct simdisk;

struct simdisk *simdisk_new(uint64_t seed);
void simdisk_free(struct simdisk *s); /* handles are closed before */
struct disk *simdisk_handle(struct simdisk *s);

void simdisk_crash(struct simdisk *s);
void simdisk_power_cut(struct simdisk *s);

/* Bytes the disk has, in whole pages of 4 KB; UINT64_MAX (as at first): no limit. */
void simdisk_capacity(struct simdisk *s, uint64_t bytes);
uint64_t simdisk_used(const struct simdisk *s);

/* Call number `n` from now (1 is the next one) fails with ERR_IO or ERR_NO_SPACE, and all after it if
 * `stays`; n == 0: none fails any more. Counted are all calls but lock, exists and close; with ERR_NO_SPACE
 * only those that can meet it. A write that fails may have written some of its bytes. */
void simdisk_fail(struct simdisk *s, uint64_t n, int err, bool stays);
bool simdisk_has_failed(const struct simdisk *s); /* since simdisk_fail() */

/* For a test that looks at files, and spoils them: the bytes of a file, good until it changes; NULL if there
 * is none. What is written through the pointer counts as durable. */
unsigned char *simdisk_bytes(struct simdisk *s, const char *name, uint64_t *size);
/* Writes a whole file, durable, replacing; or removes it (p NULL). Works without a handle. */
void simdisk_put(struct simdisk *s, const char *name, const void *p, uint64_t n);
void simdisk_list(struct simdisk *s, void (*fn)(const char *name, void *arg), void *arg);

/* A syncer for one journal on such a disk. start() remembers the pages as they are; they become durable,
 * and the zeros are written, when simsyncer_finish() is called, or by poll() when it may wait. Before a
 * simulated end of the process: simsyncer_forget(). */
struct syncer *simsyncer_new(void);
bool simsyncer_busy(const struct syncer *s);
void simsyncer_finish(struct syncer *s); /* nothing to do: fine */
void simsyncer_forget(struct syncer *s); /* what it was syncing is unsynced again */

#endif
