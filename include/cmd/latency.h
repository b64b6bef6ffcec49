/* cmd/latency.h - when the server was held up, by what and how long: LATENCY. Off while
 * latency-monitor-threshold is 0. Soft state. */
#ifndef CMD_LATENCY_H
#define CMD_LATENCY_H

#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>

/* What can hold up all clients here. The disk is waited for by a thread: its syncs hold up nobody but those
 * whose replies wait for them, under `appendfsync always`. */
enum latency_event {
    LATENCY_COMMAND,
    LATENCY_FAST_COMMAND, /* one flagged CMD_FAST */
    LATENCY_AOF_WRITE,    /* a commit of the journal */
    LATENCY_AOF_SYNC,     /* "aof-fsync-always": a sync that replies waited for */
    LATENCY_EXPIRE,       /* a turn's expiries and time-outs */
    LATENCY_FORK,         /* of a rewrite */
    LATENCY_EVENTS
};

#define LATENCY_SAMPLES 160 /* kept of each, as in Redis */

struct latency_sample {
    msec when; /* wall; samples of one second are one, the longest */
    msec took;
};

struct latency_series {
    size_t n, next; /* samples there are, and where the next one goes */
    msec max;
    struct latency_sample sample[LATENCY_SAMPLES]; /* a ring */
};

struct latency {
    struct latency_series series[LATENCY_EVENTS];
};

struct service;

/* The threshold in microseconds; INT64_MAX: nothing is watched, nobody need read a clock. */
usec latency_threshold(const struct service *s);
/* It took so long; kept if that reaches the threshold. `now` is wall time. */
void latency_offer(struct service *s, enum latency_event event, usec took, msec now);
static inline bool latency_watched(const struct service *s)
{
    return latency_threshold(s) != INT64_MAX;
}

#endif
