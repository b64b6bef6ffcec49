/* leases.h - leases a session watches (QWATCH), and what its next EXEC asks because of it. For src/cmd alone.
 */
#ifndef CMD_LEASES_H
#define CMD_LEASES_H

#include "cmd/call.h"
#include "cmd/session.h"

/* All of them are held by the consumer that they were told with, as often delivered as they were then. */
bool leases_hold(const struct session *s, struct now now);
void leases_forget(struct session *s);

/* Whether what the session's transaction adds to streams would be taken by them, all of it together, as they
 * are now. OK, or the first refusal. Nothing else but what has to make way, and can in any case, is changed.
 */
int exec_adds_admit(struct call *c);

#endif
