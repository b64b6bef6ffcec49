/* persist/load.h - one file of the journal read and applied: load_own.c those of ours, load_foreign.c those
 * of Redis, load.c what both need. recover.c puts the files together. */
#ifndef PERSIST_LOAD_H
#define PERSIST_LOAD_H

#include "persist/recover.h"
#include "proto/resp.h"
#include "reader.h"

/* The records of one unit, kept until all of it has been read and verified. */
struct unit {
    size_t *v; /* for each record the number of its words, then where each lies in the unit, and its length */
    size_t n, cap;
    size_t records;
    struct slice *word; /* of the record being applied */
    size_t word_cap;
};

struct load {
    struct disk *disk;
    const struct recover_ops *ops;
    struct recover_report *report;
    struct buf *why;

    struct reader reader;
    struct recover_file file; /* under way */
    bool may_end_cut;         /* nothing follows the file: its end may be missing */
    bool alone;               /* it is in no directory of ours */
    bool ended_empty;         /* its last commit was an empty one */
    uint64_t expected;        /* journal offset at which the next file has to begin */

    struct unit unit;
    struct args args;
    uint64_t done, told, all; /* bytes, for the progress */
};

void load_free(struct load *l);

/* What lies at `begin` + *at, where `begin` is that of the unit under way. A record is added to the unit,
 * and *at moves behind it. */
enum load_part {
    PART_RECORD,
    PART_LINE, /* it begins with '#': for the caller */
    PART_END,  /* the file ends there, or inside the record */
    PART_BAD,  /* anything else */
};
int load_part(struct load *l, uint64_t begin, uint64_t *at, enum load_part *part);
void load_clear(struct load *l); /* a new unit */
/* Applies the unit that began at `begin` and takes `bytes`. */
int load_apply(struct load *l, uint64_t begin, uint64_t bytes);
/* So many bytes more are done. ERR_STOPPED: enough. */
int load_tell(struct load *l, uint64_t bytes);

/* ERR_DAMAGED, with file, offset and `what` in *why. */
int load_damaged(struct load *l, uint64_t at, const char *what);
/* The same for a file that could not be read: `err` as it is. */
int load_failed(struct load *l, int err);

/* The whole file. l->file is filled in, l->expected moves on. */
int load_own(struct load *l);
int load_foreign(struct load *l);

/* All files of a manifest (recover.c). */
struct manifest;
int load_files(struct load *l, const struct manifest *m, struct journal_tail *tail);
/* Is `file` <name>.<seq>.<base or incr>.<aof or rdb>? *seq and *type if so. A NULL name: any. */
bool load_is_part(const char *file, const char *name, uint64_t *seq, char *type);

#endif
