/* persist/reader.h - a file read through a window that moves forward. */
#ifndef PERSIST_READER_H
#define PERSIST_READER_H

#include "base/buf.h"
#include "persist/disk.h"

struct reader {
    struct disk *disk;
    struct disk_file *file;
    uint64_t size; /* when it was opened */
    uint64_t at;   /* of the window in the file */
    struct buf window;
};

int reader_open(struct reader *r, struct disk *d, const char *name);
void reader_close(struct reader *r); /* a zeroed one too */

/* The bytes at `pos`: at least `want`, or all there are to the end of the file; *got. Good until the next
 * call. A large `want` makes the window as large. */
int reader_get(struct reader *r, uint64_t pos, uint64_t want, const char **p, size_t *got);
/* The CRC of n bytes from `pos` on, continued from *sum. The window stays as it is. */
int reader_crc(const struct reader *r, uint64_t pos, uint64_t n, uint32_t *sum);

#endif
