/* queue/redrive.h - dead letters go back to where they came from, and what is dead in place is ready again: a
 * bounded step of it, for who calls again until nothing is left. */
#ifndef QUEUE_REDRIVE_H
#define QUEUE_REDRIVE_H

#include "queue/at.h"

#define REDRIVE_COUNT     1000 /* messages in a step, if nobody says */
#define REDRIVE_COUNT_MAX 10000
#define REDRIVE_LOOKS     100                /* that are looked at, for each that may be moved */
#define REDRIVE_BYTES     ((size_t)64 << 20) /* of names and values, after which a step ends */

struct redrive {
    struct slice to;            /* all letters go there; p NULL: to the queue that each is from */
    enum death reason;          /* only those; DEATH_NONE: any */
    size_t count;               /* at most so many are moved */
    bool dry;                   /* nothing is moved, it is only counted what would be */
    const struct stream_id *id; /* only those n, rising, each once; NULL: all */
    size_t n;
};

struct redriven {
    uint64_t moved, skipped;
    uint64_t left; /* those that neither happened to; beyond REDRIVE_LOOKS whatever their reason */
};

/* Letters of the stream at `dlq`, oldest first: each becomes a message of its queue, for the group it died in
 * alone (`to`: for all), and is a letter no more. It stops where a queue takes none. Skipped are those that
 * somebody holds, those whose queue or group is gone, and what is no letter. */
struct queue_place {
    struct broker *b;
    int db;
    struct slice name;
    const struct stream *s;
};
void queue_redrive(const struct queue_place *dlq, const struct redrive *r, struct now now,
                   struct redriven *out);
/* What is dead in place in the group, in the order of the deaths, is ready, as if it had never been
 * delivered. */
void queue_revive(const struct queue_at *at, struct group *g, const struct redrive *r, struct redriven *out);

#endif
