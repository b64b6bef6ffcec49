/* store/stream_id.h - the 128-bit id of a message: milliseconds and a sequence number. */
#ifndef STORE_STREAM_ID_H
#define STORE_STREAM_ID_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct stream_id {
    uint64_t ms, seq;
};

#define STREAM_ID_MIN  ((struct stream_id){0, 0})
#define STREAM_ID_MAX  ((struct stream_id){UINT64_MAX, UINT64_MAX})
#define STREAM_ID_TEXT 41 /* longest text of an id, without NUL */

static inline int stream_id_cmp(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool stream_id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

/* The id just above, just below. False at the end of the range. */
bool stream_id_next(struct stream_id *id);
bool stream_id_prev(struct stream_id *id);

/* `ms` or `ms-seq`, digits only; a missing seq is `seq`. ERR_ID on anything else. */
int stream_id_parse(struct slice s, uint64_t seq, struct stream_id *id);
/* "ms-seq", no NUL; its length. `to` has room for STREAM_ID_TEXT bytes, and all of them may be written. */
size_t stream_id_put(char *to, struct stream_id id);

#endif
