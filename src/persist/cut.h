/* persist/cut.h - the end of a file that was never promised to anybody: kept in a file beside, and cut. */
#ifndef PERSIST_CUT_H
#define PERSIST_CUT_H

#include "persist/journal.h"

/* What is in `f` from `at` on, unless it is all zeros, is copied to <name>.cut-<at> (or the first
 * <name>.cut-<at>.<k> that is not there yet) and cut off. A full disk is no reason to fail: what is cut off
 * makes room, and what finds none in spite of that is not kept. */
int cut_tail(struct disk *d, const char *name, struct disk_file *f, uint64_t at, struct journal_cut *cut);
/* One behind the last byte of p that is not zero; 0 if there is none. */
size_t cut_last(const char *p, size_t n);

#endif
