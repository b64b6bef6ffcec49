/* persist/recover.h - reads a directory back. Knows records as words; who asks gives them a meaning. */
#ifndef PERSIST_RECOVER_H
#define PERSIST_RECOVER_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/source.h"
#include "persist/disk.h"
#include "persist/journal.h"

/* A file that has been read, or as far as it could be. */
struct recover_file {
    const char *name;
    char type;     /* b base, i incr, as in the manifest */
    bool verified; /* of ours: commits with check sums; false: Redis wrote it */
    bool damaged;
    uint64_t size; /* on the disk, with what is allocated ahead */
    uint64_t good; /* the bytes that were loaded: where a good file's content ends, or the bad bytes begin */
    uint64_t cut;  /* bytes behind `good` that were never promised */
    uint64_t commits, records;
    uint64_t salt, offset, end; /* of the header; `end` is the journal's (a base's own) offset at `good` */
};

struct recover_ops {
    /* One record. Not OK: a record that means nothing, which makes the file damaged. */
    int (*apply)(void *arg, const struct slice *word, size_t n);
    /* A file of Redis, or the beginning of one, is an RDB: *used bytes, with *keys. ERR_FORMAT and *why: it
     * cannot be read; other errors are those of the source. NULL: files that begin so are taken unread. */
    int (*rdb)(void *arg, struct source *from, uint64_t *used, uint64_t *keys, struct buf *why);
    /* From time to time, between units: bytes read so far, of all. False: enough, stop. May be NULL. */
    bool (*progress)(void *arg, uint64_t done, uint64_t all);
    /* After each file, a damaged one too. May be NULL. */
    void (*file)(void *arg, const struct recover_file *file);
    void *arg;
};

enum recover_outcome {
    RECOVER_EMPTY,   /* no files: a new directory */
    RECOVER_CLEAN,   /* everything verified; the tail is clean */
    RECOVER_CUT,     /* the end was never promised to anybody: to be cut there */
    RECOVER_FOREIGN, /* a Redis directory: loaded, unverified, and said so */
};

struct recover_report {
    enum recover_outcome outcome;
    bool stopped_cleanly; /* the last commit is the empty one of a clean end */
    bool unverified;      /* some of the files are still those of Redis, whose commands carry no check sums */
    uint64_t records, commits;
    uint64_t cut; /* bytes that journal_open() will cut */
};

/* Nothing was ever kept there: it is new, or a first start did not get to anything. */
static inline bool recover_is_blank(const struct recover_report *r, const struct journal_tail *tail)
{
    return r->records == 0 && tail->base_size == 0;
}

/* Locks the directory and loads it. OK with *report and *tail; ERR_LOCKED, ERR_IO, ERR_FORMAT (a file we
 * cannot read, though nothing says it is bad), or ERR_DAMAGED, with the file, the offset and what to run
 * in *why; ERR_STOPPED if progress() said so. Nothing on the disk changes but for the lock file. The lock
 * stays with the disk. */
int recover(struct disk *disk, const char *name, const struct recover_ops *ops, struct recover_report *report,
            struct journal_tail *tail, struct buf *why);

/* The same without the lock: for tools, on a directory that no process writes to. */
int recover_read(struct disk *disk, const char *name, const struct recover_ops *ops,
                 struct recover_report *report, struct journal_tail *tail, struct buf *why);

/* One file of Redis, in no directory of ours: a dump.rdb, an append-only file of before Redis 7. ERR_* as above;
 * ERR_FORMAT also if it is a file of ours. */
int recover_file(struct disk *disk, const char *file, const struct recover_ops *ops,
                 struct recover_report *report, struct buf *why);

/* What verifies of `from` is copied to `to`, another directory without a journal, up to the first damage: a
 * file that is cut there ends the new journal. A manifest that is lost or damaged is made anew from the
 * files' names and first lines. `from` stays as it is. *left: a line for each file that is not there in full,
 * be it for damage or because it rests on what is damaged; empty: nothing is left out (a torn end aside).
 * ERR_DAMAGED: nothing verifies, and nothing was written. */
int recover_repair(struct disk *from, const char *name, struct disk *to, struct buf *left, struct buf *why);

/* The appendfilename of a directory, from the first manifest or file of a journal found in it; mem_free()
 * it. NULL: there is none. For tools. */
char *recover_find_name(struct disk *disk);

#endif
