/* store/windows_edit.h - changes of names that count for a while: for broker/change_* alone. */
#ifndef STORE_WINDOWS_EDIT_H
#define STORE_WINDOWS_EDIT_H

#include "store/windows.h"

void windows_init(struct windows *w, const struct hash_seed *seed); /* seed: borrowed */
void windows_clear(struct windows *w);                              /* forgets all; usable again */
void windows_copy(struct windows *to, const struct windows *from, const struct hash_seed *seed);

/* Remembers a name, which is copied, in that lane, below WINDOWS_LANES; forgets what was known of it. */
void windows_add(struct windows *w, unsigned lane, const struct seen *s);
bool windows_remove(struct windows *w, struct slice name); /* false: it was not there */
/* Forgets the n oldest of a lane; how many there were. */
size_t windows_forget(struct windows *w, unsigned lane, size_t n);

#endif
