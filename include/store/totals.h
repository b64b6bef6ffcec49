/* store/totals.h - how much of everything this process holds, for INFO: kept by those who make and free it,
 * as mem_used() is, because the sum over a million streams must cost nothing to ask for.
 *
 * The one global of the store: a stream does not know whose it is, and two counters in every stream would
 * not say it any better. Values that were moved, copied or freed are counted right whoever holds them. */
#ifndef STORE_TOTALS_H
#define STORE_TOTALS_H

#include "store/pel.h"
#include <stdint.h>

/* What is freed bit by bit counts until it is gone. */
struct store_totals {
    uint64_t streams, entries; /* entries: live ones */
    uint64_t groups, consumers, pending;
    uint64_t queues;                /* streams that a policy has come to */
    uint64_t delayed;               /* messages */
    uint64_t state[PENDING_QUEUED]; /* pending messages of queues in a state of theirs */
};

extern struct store_totals store_totals;

#endif
