/* base/clock.c - the two clocks of the kernel. */
#include "base/clock.h"
#include <time.h>

static int64_t read_usec(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t); /* cannot fail for these two clocks */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct now clock_now(void)
{
    return (struct now){.wall = clock_wall_usec() / 1000, .mono = clock_usec()};
}

usec clock_usec(void)
{
    return read_usec(CLOCK_MONOTONIC);
}

nsec clock_nsec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (nsec)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_usec(void)
{
    return read_usec(CLOCK_REALTIME);
}
