/* What several commands say of a connection. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "cmd/session.h"

/* All that it holds, roughly: buffers, kept commands, the session itself. */
size_t client_memory(const struct session *s);

#endif
