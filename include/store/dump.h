/* store/dump.h - a value as DUMP gives it away and RESTORE takes it: its form, its bytes as in an RDB, the
 * version of the RDB (2 bytes, low first) and a CRC64 of all that (8). */
#ifndef STORE_DUMP_H
#define STORE_DUMP_H

#include "store/rdb_value.h"

#define DUMP_VERSION 11 /* Redis 7.2 */

/* The dump of a value, behind what is in `to`. What a stream has beyond Redis 7.2 is left out (idempotent
 * producers, what a queue knows of its messages and groups) or told in its words: a message that
 * is nobody's is pending for the consumer "", delivered in the first milliseconds of 1970, in the order in
 * which they were given back. */
void dump_write(struct buf *to, enum key_type type, const void *value);
/* Its version is one that is read, and its check sum is right. */
bool dump_is_sound(struct slice dump);
/* The value of a sound one, as rdb_value(): the caller's, NULL if it is empty. ERR_FORMAT, or ERR_OOM if this
 * process came to hold more than memory_max (0: no matter). */
int dump_read(struct slice dump, const struct rdb_making *how, size_t memory_max, enum key_type *type,
              void **value);

#endif
