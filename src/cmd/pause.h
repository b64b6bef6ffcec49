/* CLIENT PAUSE, to those who run commands. */
#ifndef CMD_PAUSE_H
#define CMD_PAUSE_H

#include "cmd/session.h"

bool pause_on(const struct service *s, struct now now);
/* The call, admitted otherwise, is not to run now: its session is to be postponed. */
bool pause_holds(const struct call *c);
void pause_postpone(struct session *s);
void pause_forget(struct session *s); /* killed, or closed; no-op if it is not postponed */

#endif
