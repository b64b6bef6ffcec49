/* queue/settle.h - what the policies make of a stream: resolved, and attached to it. See broker/unsettled.h
 * for how a stream is known to be looked at again. */
#ifndef QUEUE_SETTLE_H
#define QUEUE_SETTLE_H

#include "broker/broker.h"
#include "store/queue.h"
#include "store/stream.h"

/* Resolves the rules of a stream and attaches them. */
void queue_settle_key(struct broker *b, int db, struct key *k);

/* The queue that a stream is under the policies as they are; NULL: it is a plain one. Who uses a stream asks
 * here: one comparison, unless it is new or a policy has changed. Good until the next change of the stream.
 */
static inline struct queue *queue_of(struct broker *b, int db, struct key *k)
{
    if (stream_settled(k->stream) != b->db[db].generation)
        queue_settle_key(b, db, k);
    return stream_queue(k->stream);
}

/* Once a turn: looks at streams that nobody uses meanwhile, as many as are about `max` deadlines' work. True
 * when there are more. */
bool queue_settle(struct broker *b, unsigned max);

#endif
