/* store/pel.h - pending entries: what was delivered to a consumer of a group and not yet acknowledged.
 *
 * A B+ tree by id, records by value (24 bytes in a leaf), never a node an entry. Inner nodes carry, for
 * the subtree below them, the count of records, the earliest delivery time (a lower bound, tightened
 * when it is looked at) and a mask of owners. So the oldest entry, the entries idle since a time, those
 * of one consumer, and the n-th entry are found by descending only where there is something: a claim
 * costs what it returns, not what it passes over. Leaves that empty out are merged: one stuck message
 * does not hold the memory of all that followed it.
 *
 * A record has 40 bits for its count, far more than deliveries come to. A larger one, which only RETRYCOUNT
 * can make, is kept in a second tree of the same kind, that is not there otherwise; the largest of all, which
 * XNACK FATAL makes, needs no place in it.
 *
 * An entry may be set aside: pel_oldest() passes over it as if it were not there, and that is all. It is how
 * what was looked at and not taken (its message is gone) is not looked at again and again. It passes over
 * those in the states of a queue, too, whose order is store/backlog.h's business.
 *
 * Always true, and checked by pel_check(): ids rise; counts are exact; times are lower bounds and owner
 * masks upper bounds of what is below; no leaf is empty.
 */
#ifndef STORE_PEL_H
#define STORE_PEL_H

#include "base/clock.h"
#include "store/stream_id.h"

#define PEL_NO_OWNER  UINT32_C(0xffffff)            /* given back (XNACK): nobody's */
#define PEL_COUNT_MAX UINT64_C(9223372036854775807) /* no count is larger */

enum pending_state {
    PENDING_LEASED = 0,
    PENDING_NACKED = 1, /* no owner; `time` orders the given back among themselves, before all leased */
    /* In groups of a queue, which keeps a note of each (store/backlog.h): */
    PENDING_EXTENDED = 2, /* leased, for a time of its own */
    PENDING_READY = 3,    /* no owner from here on, and no time; given back, to be delivered again */
    PENDING_WAITING = 4,  /* not before a time */
    PENDING_HELD = 5,     /* not before another message of its key is done */
    PENDING_DEAD = 6,     /* not any more */
    PENDING_STATES = 128,
};
#define PENDING_QUEUED  7 /* the states above are below */
#define PENDING_NO_TIME ((INT64_C(1) << 55) - 1)

struct pending {
    struct stream_id id;
    msec time;      /* of the last delivery, wall; 0 <= time < PENDING_NO_TIME */
    uint64_t count; /* deliveries, at most PEL_COUNT_MAX */
    uint32_t owner; /* slot of the consumer in its group, or PEL_NO_OWNER */
    uint8_t state;  /* enum pending_state; others are kept as they are */
};

/* Somebody has it. */
static inline bool pending_is_leased(const struct pending *e)
{
    return e->state == PENDING_LEASED || e->state == PENDING_EXTENDED;
}

/* May be claimed by one who asks for what was delivered at or before `until`: so may whatever was given back. */
static inline bool pending_is_idle(const struct pending *e, msec until)
{
    return e->state == PENDING_NACKED || e->state == PENDING_READY ||
           (e->time <= until && e->state < PENDING_READY);
}

/* How long it has been idle at `now`; -1: nobody has it. */
static inline msec pending_idle(const struct pending *e, msec now)
{
    return e->owner == PEL_NO_OWNER ? -1 : now > e->time ? now - e->time : 0;
}

struct pel {
    struct pel_node *root; /* NULL when empty */
    size_t count, memory;  /* records; bytes of all nodes */
    struct pel_leaf *last; /* rightmost leaf: where appends go */
    struct pel_leaf *hint; /* leaf touched last: where the next acknowledgement probably is */
    struct pel *large;     /* counts that do not fit into a record; NULL: none */
};

size_t pel_count(const struct pel *p);
bool pel_find(const struct pel *p, struct stream_id id, struct pending *out);
bool pel_first(const struct pel *p, struct pending *out);
bool pel_last(const struct pel *p, struct pending *out);
/* The first with an id >= from. A walk is: pel_seek(), then from the id after it, or pel_start(). */
bool pel_seek(const struct pel *p, struct stream_id from, struct pending *out);

struct pel_pos { /* good until the pel next changes */
    const struct pel *pel;
    const struct pel_leaf *leaf;
    unsigned at;
};
void pel_start(const struct pel *p, struct stream_id from, struct pel_pos *pos);
bool pel_next(struct pel_pos *pos, struct pending *out); /* in order of ids */

/* The first with an id >= from that may be claimed: given back, or delivered at or before `until`.
 * O(log n), whatever lies between. Those of a queue without an owner are not found, but all are if `until` is
 * INT64_MAX. */
bool pel_seek_idle(const struct pel *p, struct stream_id from, msec until, struct pending *out);
/* The first with an id >= from that `owner` has (PEL_NO_OWNER: that nobody has). O(log n) up to 64 owners,
 * then by chance more. */
bool pel_seek_owner(const struct pel *p, struct stream_id from, uint32_t owner, struct pending *out);
/* The one to claim first: given back in their order, then the earliest delivery time, then the lowest id.
 * Not one that is set aside, nor extended, nor one of a queue that nobody has. */
bool pel_oldest(const struct pel *p, struct pending *out);
/* Records with an id below. */
size_t pel_rank(const struct pel *p, struct stream_id id);
/* The n-th record, from 0. */
bool pel_nth(const struct pel *p, size_t n, struct pending *out);

size_t pel_memory(const struct pel *p);
void pel_check(const struct pel *p);

#endif
