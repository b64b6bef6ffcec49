/* base/descriptors.c - see base/descriptors.h. */
#include "base/descriptors.h"
#include <sys/resource.h>

uint64_t descriptors_raise(uint64_t want)
{
    struct rlimit l, next;

    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return want; /* nothing is known against it */
    if (l.rlim_cur >= want)
        return l.rlim_cur;
    next = (struct rlimit){.rlim_cur = want, .rlim_max = l.rlim_max >= want ? l.rlim_max : want};
    if (setrlimit(RLIMIT_NOFILE, &next) == 0)
        return want;
    next = (struct rlimit){.rlim_cur = l.rlim_max, .rlim_max = l.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &next) == 0 ? next.rlim_cur : l.rlim_cur;
}
