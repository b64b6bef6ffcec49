/* headers.h - fields of a message that say what options of QADD say, in a queue that heeds them: x-delay,
 * x-ttl, x-priority, x-dedup-id. They stay in the message. For src/cmd alone. */
#ifndef CMD_HEADERS_H
#define CMD_HEADERS_H

#include "queue/add.h"
#include "stream_args.h"

/* Some field of the XADD is one. */
bool has_headers(const struct call *c, const struct add_args *a);
/* The QADD that its headers make of the XADD. */
int headers_parse(struct call *c, const struct add_args *a, struct addition *out);
/* The XADD as the QADD that its headers make of it. */
int xadd_by_headers(struct call *c, const struct add_args *a);

#endif
