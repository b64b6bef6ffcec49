/* qadd.h - the arguments of QADD, for who has to know what it is going to add. For src/cmd alone. */
#ifndef CMD_QADD_H
#define CMD_QADD_H

#include "queue/add.h"
#include "stream_args.h"

int qadd_parse(struct call *c, struct addition *a);

#endif
