/* cmd/monitor.h - clients that watch every command: MONITOR. */
#ifndef CMD_MONITOR_H
#define CMD_MONITOR_H

#include "cmd/call.h"

/* Shows the command of c, which has run, to all monitors. A line is a push that shows data: it leaves once
 * the journal holds what the command, or the transaction it belongs to, did. A monitor whose lines pile up
 * beyond the hard output limit of class pubsub is closed. Call only while there are monitors. */
void monitor_show(const struct call *c);
/* A command that is shown before what it runs (EVAL), as the first of a transaction; and when that is over. */
void monitor_begin(const struct call *c);
void monitor_end(const struct call *c);
void monitor_stop(struct session *s); /* no-op if it does not watch */

#endif
