/* store/delayed.h - the messages of a stream that are not in it yet: each becomes an entry when it is due.
 *
 * They are ordered by their ids, {instant at which it is due, number}: those due together arrive in the order
 * in which they were added. Numbers rise and are never given twice, so that the id of a message that is gone
 * names no other. A message lies packed in one allocation, and a tree finds it: some 45 bytes beside its
 * names and values, and nothing until it is due.
 *
 * Always true, and checked by delayed_check():
 *   - ids rise strictly from one to the next, and their numbers are below the next one
 *   - bytes counts the names and values of all
 */
#ifndef STORE_DELAYED_H
#define STORE_DELAYED_H

#include "base/clock.h"
#include "store/ranking.h"
#include "store/stream_id.h"

/* The last instant at which a message may be due, far beyond what a clock will show. */
#define DELAYED_DUE_MAX ((msec)1 << 53)

struct delayed {
    struct ranking order;
    uint64_t next; /* number of the next message */
    size_t bytes;
    size_t held; /* of the messages as they lie in memory */
};

/* A view, good until the next change. */
struct delayed_message {
    struct stream_id id; /* ms: when it is due, wall msec */
    msec added;          /* when it was, wall msec */
    msec ttl;            /* its own, from its arrival in the stream; 0: none */
    uint8_t level;       /* of priority, below ENTRY_LEVELS */
    struct slice dedup;  /* what names it (store/windows.h); empty: nothing does */
    size_t n;            /* slices of its fields: name, value, name, value ... */
    const uint8_t *at;   /* private */
};
/* Its m->n slices: views like the rest. */
void delayed_fields(const struct delayed_message *m, struct slice *field);

static inline size_t delayed_count(const struct delayed *d)
{
    return ranking_count(&d->order);
}

bool delayed_find(const struct delayed *d, struct stream_id id, struct delayed_message *out);
bool delayed_first(const struct delayed *d, struct delayed_message *out); /* false: there is none */

/* A walk in their order, from the first with an id >= from. Good until the next change. */
struct delayed_pos {
    struct rank_pos at;
    bool more;
};
void delayed_seek(const struct delayed *d, struct stream_id from, struct delayed_pos *pos);
bool delayed_next(struct delayed_pos *pos, struct delayed_message *out);

size_t delayed_memory(const struct delayed *d); /* bytes held, beside the struct */
void delayed_check(const struct delayed *d);

#endif
