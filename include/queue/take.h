/* queue/take.h - what a queue gives to one who reads `>`: what is ready again, then what is new, as far as
 * its limits allow. */
#ifndef QUEUE_TAKE_H
#define QUEUE_TAKE_H

#include "broker/change_stream.h"
#include "queue/climb.h"

#define TAKE_ROOM 64
#define TAKE_PASS 1000 /* messages that one call makes HELD, before it is another one's turn */

/* queue_take_open(), then _next() until it is false or enough, then _close(). */
struct taking {
    struct queue_at at;
    struct group *group;
    struct consumer *consumer;
    bool noack;
    enum { TAKE_CLIMB, TAKE_READY, TAKE_RUN, TAKE_PICK } stage;
    uint64_t left;  /* as limits have it */
    uint64_t n;     /* taken so far */
    uint64_t count; /* deliveries of the one taken last, before this one */
    msec idle;      /* of that one: -1 if it was READY, which nobody has; 0 if it was NEW */
    bool holding, running, ended, stopped;
    struct stream_id end;               /* without an ack, that came to its end last: while `ended` */
    struct holding hold;                /* TAKE_READY, while holding */
    struct delivery run;                /* TAKE_RUN, while running */
    struct climb climb;                 /* TAKE_CLIMB: several levels */
    struct stream_pos pos;              /* TAKE_PICK */
    struct stream_id picked[TAKE_ROOM]; /* not told to the group yet */
    uint64_t lane[TAKE_ROOM];           /* of each of them, with an ORDERKEY */
    struct stream_id held[TAKE_ROOM];   /* NEW ones that others hold back: not told yet, too */
    size_t n_picked, n_held;
    unsigned passed; /* messages that are HELD now */
};
void queue_take_open(struct taking *t, const struct queue_at *at, struct group *g, struct consumer *c,
                     bool noack);
/* The next message, delivered now; a view good until the next change of the stream. */
bool queue_take_next(struct taking *t, struct entry *e);
void queue_take_close(struct taking *t);

/* Whether a message may be delivered once more, having been so p->count times; if not it dies, unless it is
 * dead already or not pending, when whoever asks has made his change and calls queue_redelivered(). */
struct doomed {
    size_t n;
    struct {
        struct stream_id id;
        enum death why;
    } of[TAKE_ROOM];
};
bool queue_may_deliver(const struct queue_at *at, const struct pending *p, const struct entry *e,
                       struct doomed *doomed);
/* Deliveries have been made otherwise than by _take_: their leases will end. */
void queue_redelivered(const struct queue_at *at, struct group *g, const struct doomed *doomed);

/* XACK, of a queue or not: how many were pending. */
size_t queue_ack(struct broker *b, int db, struct slice name, const struct stream *s, struct group *g,
                 const struct stream_id *id, const struct slice *text, size_t n, struct now now);
/* The same for ids that no client wrote. */
size_t queue_ack_ids(struct broker *b, int db, struct slice name, const struct stream *s, struct group *g,
                     const struct stream_id *id, size_t n, struct now now);
/* Leases have ended without a word from the queue: what that makes possible is. */
void queue_freed(const struct queue_at *at);
/* A group's position has been set: what is NEW to it now may go. */
void queue_set_back(const struct queue_at *at);

#endif
