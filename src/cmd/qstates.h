/* qstates.h - states of a message in the eyes of a group, as Q commands name them. For src/cmd alone. */
#ifndef CMD_QSTATES_H
#define CMD_QSTATES_H

#include "store/pel.h"

enum queue_state {
    STATE_NEW,
    STATE_LEASED,
    STATE_READY,
    STATE_WAITING,
    STATE_HELD,
    STATE_DEAD,
    STATE_DELAYED, /* which no group sees */
    QUEUE_STATES
};
extern const char *const queue_state_names[QUEUE_STATES]; /* "new", ... */

int queue_state_parse(struct slice name); /* -1: there is none of that name */
enum queue_state queue_state_of(const struct pending *p);

#endif
