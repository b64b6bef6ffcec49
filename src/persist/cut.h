/* persist/cut.h - the end of a file that was never promised to anybody: kept in a file beside, and cut. */
#ifndef PERSIST_CUT_H
#define PERSIST_CUT_H

#include "persist/disk.h"
#include "persist/manifest.h"

/* <file>.cut-<at>, or the first <file>.cut-<at>.<k> that is not there yet. */
void cut_name(struct disk *d, const char *file, uint64_t at, char to[MANIFEST_FILE_NAME]);
/* What is in `f` from `at` on, unless it is all zeros, is copied and cut off. */
int cut_tail(struct disk *d, const char *file, struct disk_file *f, uint64_t at);
/* One behind the last byte of p that is not zero; 0 if there is none. */
size_t cut_last(const char *p, size_t n);

#endif
