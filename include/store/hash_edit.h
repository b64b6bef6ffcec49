/* store/hash_edit.h - changes of a hash: for broker/change_* and store/set.c alone. Fields and values are
 * copied; they must not be views into the same hash. */
#ifndef STORE_HASH_EDIT_H
#define STORE_HASH_EDIT_H

#include "store/hash.h"
#include "store/shape.h"

struct hash *hash_new(bool with_values);
void hash_free(struct hash *h);
/* Frees about `n` fields; true when nothing is left, then h is gone. Nothing else may touch h after the
 * first call. */
bool hash_free_some(struct hash *h, size_t n);
struct hash *hash_copy(const struct hash *h);

/* Sets a field: true if it is new. `limits` and `seed` decide when h leaves the packed form. */
bool hash_put(struct hash *h, struct slice field, struct slice value, struct shape_limits limits,
              const struct hash_seed *seed);
bool hash_remove(struct hash *h, struct slice field); /* true if it was there */
/* Leaves the packed form at once: for a value about to take `n` more fields. */
void hash_reserve(struct hash *h, size_t n, struct shape_limits limits, const struct hash_seed *seed);

#endif
