/* debug.h - sub-commands of DEBUG that are about all data. */
#ifndef CMD_DEBUG_H
#define CMD_DEBUG_H

#include "cmd/call.h"

int debug_reload(struct call *c), debug_loadaof(struct call *c), debug_populate(struct call *c),
    debug_htstats(struct call *c);

#endif
