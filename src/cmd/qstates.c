/* cmd/qstates.c - see qstates.h. */
#include "qstates.h"
#include "base/slice.h"

const char *const queue_state_names[QUEUE_STATES] = {"new",  "leased", "ready",  "waiting",
                                                     "held", "dead",   "delayed"};

int queue_state_parse(struct slice name)
{
    for (int i = 0; i < QUEUE_STATES; i++)
        if (slice_is(name, queue_state_names[i]))
            return i;
    return -1;
}

enum queue_state queue_state_of(const struct pending *p)
{
    switch (p->state) {
    case PENDING_NACKED:
    case PENDING_READY:
        return STATE_READY;
    case PENDING_WAITING:
        return STATE_WAITING;
    case PENDING_HELD:
        return STATE_HELD;
    case PENDING_DEAD:
        return STATE_DEAD;
    default:
        return STATE_LEASED;
    }
}
