/* string_size.h - how long a string may get. */
#ifndef CMD_STRING_SIZE_H
#define CMD_STRING_SIZE_H

#include "handlers.h"

/* Whether n bytes at an offset stay below proto-max-bulk-len; the error reply if not. */
int string_size_check(struct call *c, uint64_t at, uint64_t n);

#endif
