/* broker/change_hash.h - changes of hashes. See broker/change.h: whoever calls one has checked everything. */
#ifndef BROKER_CHANGE_HASH_H
#define BROKER_CHANGE_HASH_H

#include "broker/change.h"

/* Sets n pairs field, value, ...; how many fields are new. The key is a hash or absent. */
size_t change_hset(struct broker *b, int db, struct slice name, const struct slice *pair, size_t n,
                   enum event event);
/* Removes those of n fields that are there; how many. The key goes with the last. */
size_t change_hdel(struct broker *b, int db, struct slice name, const struct slice *field, size_t n);

#endif
