/* queue/settle.h - what the policies make of a stream: resolved, and attached to it. See broker/unsettled.h
 * for how a stream is known to be looked at again. */
#ifndef QUEUE_SETTLE_H
#define QUEUE_SETTLE_H

#include "broker/broker.h"
#include "store/stream.h"

/* Resolves the rules of a stream and attaches them. */
void queue_settle_key(struct broker *b, int db, struct key *k);

/* The stream, of what is at a key, is under the policies as they are. Who uses a stream asks: one comparison,
 * unless it is new or a policy has changed. */
static inline void queue_settled(struct broker *b, int db, struct slice name, const struct stream *s)
{
    if (stream_settled(s) != b->db[db].generation)
        queue_settle_key(b, db, db_find(b, db, name));
}

/* Once a turn: looks at streams that nobody uses meanwhile, as many as are about `max` deadlines' work. True
 * when there are more. */
bool queue_settle(struct broker *b, unsigned max);

#endif
