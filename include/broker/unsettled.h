/* broker/unsettled.h - streams whose rules may not be those that the policies give them: who has come to a
 * key, or whose policy has changed. Below queue/, which looks at them, this is data and no more.
 *
 * A stream says of which generation of policies its rules are, and its database which generation is in force.
 * Where the two differ the stream is looked at before it is used; and what nobody uses is listed here, or
 * found by a sweep over all keys of its database. */
#ifndef BROKER_UNSETTLED_H
#define BROKER_UNSETTLED_H

#include "broker/broker.h"

struct unsettled {
    struct list node;
    int db;
    uint32_t name_len;
    char name[];
};

static inline bool unsettled_any(const struct broker *b)
{
    return b->sweeps || !list_empty(&b->unsettled);
}
/* Whatever is there under that name by then. */
void unsettled_add(struct broker *b, int db, struct slice name);
/* All of a database, from the beginning. */
void unsettled_sweep(struct broker *b, int db);
/* The one that is listed longest, for mem_free(); NULL: none is. */
struct unsettled *unsettled_take(struct broker *b);
/* A database that is swept; -1: none is. */
int unsettled_swept(const struct broker *b);
/* A part of it, about `max` keys: those that are streams into `keys` (struct key *, one behind the other),
 * good until one of them goes. How many keys there were. */
size_t unsettled_some(struct broker *b, int db, size_t max, struct buf *keys);
void unsettled_clear(struct broker *b);

#endif
