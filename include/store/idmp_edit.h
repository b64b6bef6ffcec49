/* store/idmp_edit.h - changes of what a stream remembers of its producers: for broker/change_* alone. */
#ifndef STORE_IDMP_EDIT_H
#define STORE_IDMP_EDIT_H

#include "store/idmp.h"

struct idmp *idmp_new(const struct hash_seed *seed); /* IDMP_LIMITS, nothing remembered; seed borrowed */
void idmp_free(struct idmp *m);                      /* out of its place, too */
struct idmp *idmp_copy(const struct idmp *m, const struct hash_seed *seed); /* without the place */

/* Remembers that this message became `id`, whatever was known of it. Counts it. Forgets what is too many
 * for the producer. */
void idmp_remember(struct idmp *m, const struct idmp_name *name, struct stream_id id);
/* Forgets the n oldest of a producer; how many there were. */
size_t idmp_forget(struct idmp *m, struct slice pid, size_t n);
/* Other limits than before forget everything. */
void idmp_limit(struct idmp *m, struct idmp_limits limits);
void idmp_count(struct idmp *m, uint64_t added, uint64_t duplicates);

#endif
