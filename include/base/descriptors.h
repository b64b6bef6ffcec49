/* base/descriptors.h - how many files and sockets the process may have open. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdint.h>

/* Sees to it that `want` descriptors can be open at a time, as far as the system lets it; never lowers what
 * there is. How many can be: `want` or more when it succeeded. */
uint64_t descriptors_raise(uint64_t want);

#endif
