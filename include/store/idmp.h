/* store/idmp.h - the idempotent producers of a stream: which (producer id, idempotent id) it has had lately,
 * and the ids of the messages they became, so that a producer that tries again adds nothing.
 *
 * A producer's ids are remembered in the order they came: at most `maxsize` of them, for `duration`
 * seconds from the ms of the message's id. Until then the oldest go one by one; a producer without any is
 * gone itself. Whether an id's time is over is for whoever asks to say, by his clock: one that is over
 * and not yet forgotten is not found.
 *
 * Always true, and checked by idmp_check():
 *   - `ids` counts what all producers remember, none of whom has none
 *   - `due` holds each producer by the end of its oldest id's time
 */
#ifndef STORE_IDMP_H
#define STORE_IDMP_H

#include "store/dedup.h"
#include "store/due_place.h"

#define IDMP_DURATION     100 /* of a stream that was told nothing else */
#define IDMP_DURATION_MAX 86400
#define IDMP_MAXSIZE      100
#define IDMP_MAXSIZE_MAX  10000

struct idmp_limits {
    uint32_t duration; /* seconds */
    uint32_t maxsize;  /* ids of one producer */
};
#define IDMP_LIMITS ((struct idmp_limits){IDMP_DURATION, IDMP_MAXSIZE})

struct producer {
    struct heap_node due;
    struct dedup ids;
    uint32_t name_len;
    char name[];
};

static inline struct slice producer_name(const struct producer *p)
{
    return (struct slice){p->name, p->name_len};
}

struct idmp {
    struct idmp_limits limits;
    uint64_t added, duplicates; /* ids ever remembered; messages that were known already */
    size_t ids;
    size_t held; /* bytes of producers and of what they remember */
    struct dict producers;
    struct heap due;
    struct due_place place; /* where something is to be forgotten; freeing takes it out */
};

/* What names a message to its producer. */
struct idmp_name {
    struct slice pid, iid;
};

#define IDMP_FOREVER INT64_MIN /* a `now` at which no id's time is over: replays follow what was decided */
/* When the time of a message's id is over. */
msec idmp_over(const struct idmp *m, struct stream_id id);
/* The id of the message that this one was; false if it is not known, or its time is over. */
bool idmp_find(const struct idmp *m, const struct idmp_name *name, msec now, struct stream_id *id);
const struct producer *idmp_producer(const struct idmp *m, struct slice pid); /* NULL if absent */
/* The producer whose oldest id's time ends first; NULL: nothing is remembered. */
const struct producer *idmp_first_due(const struct idmp *m);
/* How many of its ids, from the oldest on, and at most `max`, are over. */
size_t producer_over(const struct producer *p, msec now, size_t max);
/* All producers in byte order of their names: an array for mem_free(), NULL when there are none. */
const struct producer **idmp_producers_sorted(const struct idmp *m, size_t *n);

/* The idempotent id that IDMPAUTO makes of a message's name, value pairs (n slices), in whatever order
 * they come. */
#define IDMP_AUTO_SIZE 16
void idmp_auto(const struct slice *field, size_t n, char iid[IDMP_AUTO_SIZE]);

size_t idmp_memory(const struct idmp *m);
void idmp_check(const struct idmp *m);

#endif
