/* queue/run.h - what queues do by themselves, when its time has come. */
#ifndef QUEUE_RUN_H
#define QUEUE_RUN_H

#include "broker/broker.h"

/* Begins a turn: deadlines_run(); then streams take the rules that policies give them; then what is due in
 * them is done, one after the other: delayed messages arrive, messages expire, leases and waits end, dead
 * letters are sent, dedup ids that are over are forgotten. `max` of each kind, about. What becomes available
 * wakes who waits for it. True when there is more to do now; deadlines_next() knows when there will be. */
bool queue_run(struct broker *b, struct now now, unsigned max);

#endif
