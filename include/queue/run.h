/* queue/run.h - what is due in queues: delayed messages arrive, dedup ids that are over are forgotten. */
#ifndef QUEUE_RUN_H
#define QUEUE_RUN_H

#include "broker/broker.h"

/* Does what is due by wall time, one queue after the other, `max` messages or ids at most, and what became
 * available wakes who waits for it. True when there is more to do now. Called at the beginning of a turn,
 * beside deadlines_run(); deadlines_next() knows of it. */
bool queue_run(struct broker *b, struct now now, unsigned max);

#endif
