/* cmd/rates.h - how fast counters rise just now: INFO's instantaneous_*. */
#ifndef CMD_RATES_H
#define CMD_RATES_H

#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>

enum rate { RATE_COMMANDS, RATE_IN, RATE_OUT, RATES };

/* What the counters stood at, now and then: a ring. Zeroed: none yet. */
#define RATE_SAMPLES 16
struct rates {
    struct rate_sample {
        usec at;
        uint64_t v[RATES];
    } sample[RATE_SAMPLES];
    unsigned n, next; /* samples there are; where the next one goes */
};

#define RATE_PERIOD ((usec)100 * 1000) /* between samples, at least */

/* True when it is time for a sample: a question asked each turn. */
static inline bool rates_due(const struct rates *r, usec now)
{
    return r->n == 0 || now - r->sample[(r->next + RATE_SAMPLES - 1) % RATE_SAMPLES].at >= RATE_PERIOD;
}
void rates_add(struct rates *r, usec now, const uint64_t v[RATES]);
/* Of a counter that stands at `v` now: units a second over the last second and a half, or since the last
 * sample when there was none within it. */
double rates_get(const struct rates *r, enum rate which, usec now, uint64_t v);

#endif
