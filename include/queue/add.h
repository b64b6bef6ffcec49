/* queue/add.h - how a message comes in: what is asked of it before it is in, and where it goes. */
#ifndef QUEUE_ADD_H
#define QUEUE_ADD_H

#include "broker/broker.h"
#include "store/delayed.h"
#include "store/stream.h"

#define QUEUE_WINDOW ((msec)5 * 60 * 1000) /* of a dedup id for which none was told */

struct addition {
    const struct slice *field; /* name, value, name, value ...: n slices, n even, n > 0 */
    size_t n;
    enum stream_id_want want; /* STREAM_ID_AUTO if it may be delayed */
    struct stream_id id;
    bool no_make;       /* nothing is done where there is no stream */
    msec due;           /* wall msec, at most DELAYED_DUE_MAX; not above now: it is not delayed */
    msec ttl;           /* its own, from when it is in; 0: none */
    uint8_t level;      /* of priority, below ENTRY_LEVELS */
    struct slice dedup; /* what names it; empty: nothing does */
    msec window;        /* for so long */
};

struct added {
    enum { ADDED_NOT, ADDED_NOW, ADDED_DELAYED, ADDED_BEFORE } what;
    struct stream_id id; /* of the entry, or of the delayed message; ADDED_BEFORE: as it was said then */
};

/* When a message is due that is delayed by `d`, a duration. One above what is to be added to the time of the
 * clock, or a clock that has it, is no matter of a client's. */
static inline msec queue_due_after(struct now now, msec d)
{
    return now.wall > DELAYED_DUE_MAX - d ? DELAYED_DUE_MAX : now.wall + d;
}

/* Whether fields of a message say what becomes of it (HEADERS), in a queue or (s NULL) in the one that would
 * be made. */
bool queue_asks_headers(struct broker *b, int db, struct slice name, const struct stream *s, struct now now);
static inline bool queue_heeds_headers(struct broker *b, int db, struct slice name, const struct stream *s,
                                       struct now now)
{
    return b->policies.count && queue_asks_headers(b, db, name, s, now);
}

/* A message of that name has come, and its window is open: *out is what queue_add() would say. `s` NULL:
 * there is no stream. */
bool queue_knows(const struct stream *s, const struct addition *a, struct now now, struct added *out);

/* The key of that name is a stream, or not there; one past its time is gone already. ERR_ID_*, ERR_TOO_LARGE,
 * ERR_DEDUP_FULL; then nothing is changed. */
int queue_add(struct broker *b, int db, struct slice name, const struct addition *a, struct now now,
              struct added *out);

#endif
