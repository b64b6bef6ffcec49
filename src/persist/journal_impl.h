/* persist/journal_impl.h - the journal's insides, shared by journal.c (appending, syncing), journal_open.c
 * (its beginning and end) and journal_rewrite.c. */
#ifndef PERSIST_JOURNAL_IMPL_H
#define PERSIST_JOURNAL_IMPL_H

#include "base/mem.h"
#include "persist/journal.h"
#include "persist/manifest.h"

/* The file that is appended to, as it lies on the disk:
 *
 *     header, commits ... | zeros written ahead | zeros allocated ahead |
 *                         at                 zeroed             allocated
 *
 * zeroed <= at when nothing is written ahead; allocated < at when a commit was larger than the reserve. */
struct incr {
    struct disk_file *file;
    uint32_t seed;  /* of its CRCs */
    int db;         /* what its last SELECT said; -1 before the first */
    uint64_t began; /* journal offset of its first commit */
    uint64_t at, zeroed, allocated;
};

/* What the syncer is doing. The zeros it writes must not meet a commit: see write_commit(). */
struct sync_job {
    bool on;
    bool late;   /* another sync was due while it ran */
    uint64_t to; /* durable once it has ended well */
    uint64_t zero_at, zero_end;
    usec began;
};

struct journal {
    struct disk *disk;
    struct syncer *syncer;
    struct journal_options o;
    char *name;
    struct manifest manifest;
    struct incr incr;
    struct sync_job job;

    struct buf records; /* appended and not yet written */
    bool open;          /* between begin and end */
    uint64_t written, durable;

    usec now;        /* of the last commit */
    usec synced_at;  /* when the last sync was started */
    usec retry_at;   /* when to ask for the reserve again */
    bool wanted;     /* a sync that is not to wait for its time */
    bool no_reserve; /* it could not be had */
    bool no_write;   /* the last write met a full disk */
    bool failed;     /* a write or a sync failed: nothing more is written */

    uint64_t base_size, old_incrs; /* bytes of the other files */
    uint64_t syncs, delayed_syncs, commits;
    usec last_sync, max_sync;
};

/* ERR_IO marks the journal as failed. */
int journal_result(struct journal *j, int err);
/* Asks for what is missing of the reserve. */
int journal_reserve(struct journal *j);
/* On a disk too full for a whole reserve: what of it was there before, `left` bytes, and was given back with
 * the file that had it. Acknowledgements live on it. */
void journal_keep_reserve(struct journal *j, uint64_t left);
/* A file that begins with its header, written and synced. What is there of that name goes. */
int journal_create_file(struct disk *d, const char *name, uint64_t offset, struct disk_file **file,
                        uint32_t *seed, uint64_t *size);
/* Creates the next incr, beginning at j->written, and writes the manifest that names it. *named: that may
 * have happened, also after an error. */
int journal_next_incr(struct journal *j, struct incr *incr, bool *named);
/* SELECT, unless *db is `to` already. */
void journal_select(struct buf *records, int *db, int to);

#endif
