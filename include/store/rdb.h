/* store/rdb.h - the bytes of an RDB file or of a dumped value: numbers, lengths and strings, read one after
 * the other. What is read comes from anywhere: each length is held against what there is.
 *
 * The first error stays, and from then on everything reads as nothing: a caller looks at `err` where it
 * matters, at the latest in the condition of a loop whose length it has read. */
#ifndef STORE_RDB_H
#define STORE_RDB_H

#include "base/buf.h"
#include "base/num.h"
#include "base/source.h"

#define RDB_VERSION_MAX 12

struct rdb {
    struct source *from; /* NULL: all of it lies between p and end */
    const uint8_t *p, *end;
    uint64_t ready;        /* where the bytes that are ready end, counted from the beginning */
    uint64_t sum;          /* CRC64 of what was read, up to `summed` */
    const uint8_t *summed; /* at most p */
    uint64_t string_max;   /* no string is longer */
    size_t memory_max;     /* ERR_OOM when this process holds more; 0: no matter */
    struct buf text;       /* of a string that does not lie there as it is */
    char digits[NUM_MAX];  /* of one that is a number */
    int err;               /* ERR_FORMAT, ERR_OOM, or what the source said */
    const char *why;       /* of ERR_FORMAT */
};

/* Views are good until the next call of any of these, or as long as the bytes if there is no source. */
void rdb_open(struct rdb *r, struct slice all);
void rdb_open_source(struct rdb *r, struct source *from);
void rdb_close(struct rdb *r);

void rdb_fail(struct rdb *r, const char *why); /* unless it has failed before; `why` is kept */
uint64_t rdb_at(const struct rdb *r);          /* where it stands */
uint64_t rdb_sum(struct rdb *r);               /* CRC64 of all that was read */

unsigned rdb_byte(struct rdb *r);
uint64_t rdb_le(struct rdb *r, unsigned bytes); /* an integer, low byte first */
uint64_t rdb_be(struct rdb *r, unsigned bytes);
double rdb_double(struct rdb *r);
uint64_t rdb_length(struct rdb *r);
struct slice rdb_bytes(struct rdb *r, uint64_t n);
struct slice rdb_string(struct rdb *r); /* as it was before it was packed */
bool rdb_may_go_on(struct rdb *r);      /* no error, and not out of memory */

#endif
