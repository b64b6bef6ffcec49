/* queue/climb.h - which level of priority `>` serves next: that whose head, the READY one that came back
 * first or else the first NEW one, stands highest. It stands at its level, and by one higher for each AGING
 * that it has waited: since it came back, or since it arrived. Of equals, the higher level. */
#ifndef QUEUE_CLIMB_H
#define QUEUE_CLIMB_H

#include "queue/at.h"

/* What is at the head of a level. */
struct climber {
    enum { CLIMBER_UNKNOWN, CLIMBER_NONE, CLIMBER_READY, CLIMBER_NEW } what;
    struct stream_id id;
    msec since; /* it waits */
};

/* For one who takes several: it forgets the head that he takes, and remembers the others. Nothing else may
 * change meanwhile. */
struct climb {
    unsigned levels;
    struct climber head[LEVELS_MAX];
};
void climb_open(struct climb *c, const struct queue_at *at);
/* False: there is neither a READY nor a NEW one. */
bool climb_next(struct climb *c, const struct queue_at *at, struct group *g, struct climber *next);

#endif
