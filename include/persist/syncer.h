/* persist/syncer.h - fdatasync outside the loop. One job at a time: the journal asks for a file to be
 * synced and is told of the end through journal_synced(), by whoever runs the loop. The thread of
 * syncer_thread() signals an eventfd; a test's syncer is called by hand and needs no thread. */
#ifndef PERSIST_SYNCER_H
#define PERSIST_SYNCER_H

#include "persist/disk.h"

struct syncer {
    /* Starts fdatasync of f; `zero` bytes of zeros are first written at `zero_at` (0: none), so that
     * later syncs need not write the file's size. Never called while a job is on. */
    void (*start)(struct syncer *s, struct disk *d, struct disk_file *f, uint64_t zero_at, uint64_t zero);
    /* True, with the outcome, once the job has ended; `wait` blocks until it has. */
    bool (*poll)(struct syncer *s, bool wait, int *result);
    void (*free)(struct syncer *s);
};

/* The real one. *event_fd becomes readable when a job ends (the poll clears it). NULL: errno. */
struct syncer *syncer_thread(int *event_fd);

#endif
