/* queue/add.h - how a message comes in: what is asked of it before it is in, and where it goes. */
#ifndef QUEUE_ADD_H
#define QUEUE_ADD_H

#include "broker/broker.h"
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

/* The key of that name is a stream, or not there; one past its time is gone already. ERR_ID_*, ERR_TOO_LARGE,
 * ERR_DEDUP_FULL; then nothing is changed. */
int queue_add(struct broker *b, int db, struct slice name, const struct addition *a, struct now now,
              struct added *out);

#endif
