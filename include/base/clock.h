/* base/clock.h - time is read at the top and handed down. Wall time is what is visible or journaled;
 * monotonic time is what a connection waits for. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef int64_t msec; /* milliseconds since 1970, or a span of them */
typedef int64_t usec; /* microseconds of the monotonic clock, or a span of them */
typedef int64_t nsec; /* nanoseconds of it */

struct now {
    msec wall;
    usec mono;
};

struct now clock_now(void);
usec clock_usec(void); /* the monotonic half alone */
nsec clock_nsec(void); /* the same, finer: most commands take less than a microsecond */
int64_t clock_wall_usec(void);

#endif
