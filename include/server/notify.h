/* server/notify.h - a word to the service manager, as sd_notify(3) would send it. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include "base/clock.h"
#include <stdbool.h>

/* "READY=1", "STATUS=...", "STOPPING=1", "WATCHDOG=1". False: nobody asked for it, or it was not sent. */
bool notify_state(const char *state);
/* "WATCHDOG=1" must be sent at least this often, half the time the manager waits; 0: it does not watch. */
usec notify_watchdog(void);

#endif
