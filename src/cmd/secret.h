/* Arguments that must not be shown to those who look: SLOWLOG, MONITOR. */
#ifndef CMD_SECRET_H
#define CMD_SECRET_H

#include "cmd/call.h"

#define SECRET_SHOWN SLICE("(redacted)")

/* arg[i] holds a password, or stands where one may stand; i > 0. */
bool secret_argument(const struct call *c, size_t i);

#endif
