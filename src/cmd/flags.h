/* The names that Redis has for the flags of a command, in its order. */
#ifndef CMD_FLAGS_H
#define CMD_FLAGS_H

#include "cmd/table.h"

struct flag_name {
    uint32_t flag;
    const char *name;
};

extern const struct flag_name flag_names[]; /* ends with name == NULL */

#endif
