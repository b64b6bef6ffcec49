/* broker/grave.h - what was deleted and is not freed yet. To free a list of millions of elements takes longer
 * than a turn may: a large value leaves its key at once, and its memory in the turns that follow. It
 * counts as used until then. */
#ifndef BROKER_GRAVE_H
#define BROKER_GRAVE_H

#include "broker/broker.h"

/* Frees about `parts` blocks, chunks or keys; true when something is left. */
bool graves_dig(struct broker *b, size_t parts);
/* Values, and keys of databases that were flushed, that wait to be freed. */
static inline uint64_t graves_pending(const struct broker *b)
{
    return b->stats.buried - b->stats.freed;
}

#endif
