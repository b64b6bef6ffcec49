/* store/dedup_edit.h - changes of what has been seen: for broker/change_* alone. */
#ifndef STORE_DEDUP_EDIT_H
#define STORE_DEDUP_EDIT_H

#include "store/dedup.h"

void dedup_init(struct dedup *d, const struct hash_seed *seed); /* seed: borrowed */
void dedup_clear(struct dedup *d);                              /* forgets all; usable again */
void dedup_copy(struct dedup *to, const struct dedup *from, const struct hash_seed *seed);

/* Remembers a name, which is copied, as the newest; forgets what was known of it. This and what forgets is
 * O(n) now and then, so that what lies dead holds no memory: as many have been forgotten before. */
void dedup_add(struct dedup *d, const struct seen *s);
/* Forgets a name; false: it was not there. */
bool dedup_remove(struct dedup *d, struct slice name);
bool dedup_drop_oldest(struct dedup *d); /* false: there is none */

#endif
