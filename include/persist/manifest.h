/* persist/manifest.h - which files make up the journal, in the order they load; Redis 7's format:
 *
 *     file appendonly.aof.1.base.rdb seq 1 type b
 *     file appendonly.aof.1.incr.aof seq 1 type i
 *
 * b is the base (at most one), i an incr (seq rises), h a file that has had its day and may go. What we
 * write ends with a comment, `#crc32c <8 hex>`, over all that precedes it: one bit turns an i into an h,
 * and nothing else would tell. A manifest without it was written by Redis. */
#ifndef PERSIST_MANIFEST_H
#define PERSIST_MANIFEST_H

#include "base/buf.h"
#include "persist/disk.h"

#define MANIFEST_NAME_MAX  180 /* longest appendfilename */
#define MANIFEST_FILE_NAME 256 /* room for the names made from it */

enum manifest_type { MANIFEST_BASE = 'b', MANIFEST_INCR = 'i', MANIFEST_HISTORY = 'h' };

struct manifest_file {
    char *name;
    uint64_t seq;
    enum manifest_type type;
};

struct manifest { /* zeroed: empty */
    struct manifest_file *v;
    size_t n, cap;
    bool checked; /* has a check line: one that held, or one to be written */
};

void manifest_free(struct manifest *m);
void manifest_copy(struct manifest *to, const struct manifest *from); /* `to` is empty */
void manifest_add(struct manifest *m, enum manifest_type type, uint64_t seq, const char *name);
void manifest_drop_history(struct manifest *m); /* the lines, not the files */

const struct manifest_file *manifest_base(const struct manifest *m);      /* NULL: none */
const struct manifest_file *manifest_last_incr(const struct manifest *m); /* NULL: none */
/* The number of the next base or incr: one more than any of that type ever listed here. */
uint64_t manifest_next_seq(const struct manifest *m, enum manifest_type type);

/* <name>.<seq>.base.aof, <name>.<seq>.incr.aof */
void manifest_file_name(char to[MANIFEST_FILE_NAME], const char *name, uint64_t seq, enum manifest_type type);

/* Into an empty *m. ERR_DAMAGED with the line in *why; *m is empty then. */
int manifest_parse(struct manifest *m, struct slice text, struct buf *why);
void manifest_print(const struct manifest *m, struct buf *text);

/* <name>.manifest. A directory without one: OK, *found false. */
int manifest_load(struct disk *d, const char *name, struct manifest *m, bool *found, struct buf *why);
/* Written beside, synced, renamed into place, directory synced. *renamed tells, after an error, whether
 * the new one may be in place. */
int manifest_save(struct disk *d, const char *name, const struct manifest *m, bool *renamed);
void manifest_remove_temp(struct disk *d, const char *name); /* what a crash in manifest_save() left */

#endif
