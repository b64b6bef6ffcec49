/* queue/attach.h - a stream gets its rules. */
#ifndef QUEUE_ATTACH_H
#define QUEUE_ATTACH_H

#include "broker/broker.h"
#include "store/rules.h"

/* From now on these rules, which are copied, hold for the stream at the key; NULL: no policy matches it any
 * more. They may be those it has. */
void queue_attach(struct broker *b, int db, struct key *k, const struct rules *r);

#endif
