/* store/dedup.h - what has been seen: names in the order they came, each with the id of the message it
 * stands for and the instant up to which it counts. A producer's idempotent ids are one (store/idmp.h); so
 * may be the dedup ids of a queue.
 *
 * Records lie packed in blocks, oldest first; a table finds them by name. 14 bytes beside the name, as a rule,
 * and 11 to 21 of the table: a million names of 36 bytes take 65 to 75 MB, and nothing until one is looked
 * for or the oldest is due.
 *
 * Always true, and checked by dedup_check():
 *   - no name is there twice, and the table finds each
 *   - the first record is remembered: those forgotten lie only between others, and never take more room than
 *     these and a block
 */
#ifndef STORE_DEDUP_H
#define STORE_DEDUP_H

#include "base/clock.h"
#include "base/dict.h"
#include "store/stream_id.h"

/* What is known of a name. The name is a view, good until the next change. */
struct seen {
    struct slice name;
    struct stream_id id;
    msec until; /* does not count any more from then on; nothing here looks at it */
};

struct dedup {
    struct dict by_name;              /* of records */
    struct dedup_block *first, *last; /* NULL while empty */
    uint32_t at;                      /* where the oldest is in the first block */
    size_t held;                      /* bytes of the blocks */
    size_t bytes, dead;               /* of records remembered, and of those forgotten among them */
};

static inline size_t dedup_count(const struct dedup *d)
{
    return dict_count(&d->by_name);
}

bool dedup_find(const struct dedup *d, struct slice name, struct seen *out);
bool dedup_oldest(const struct dedup *d, struct seen *out); /* false: there is none */

/* A walk from the oldest on: start with a zeroed struct. */
struct dedup_walk {
    const struct dedup_block *block;
    uint32_t at;
    bool begun;
};
bool dedup_next(const struct dedup *d, struct dedup_walk *w, struct seen *out);

size_t dedup_memory(const struct dedup *d); /* bytes held, beside the struct */
void dedup_check(const struct dedup *d);

#endif
