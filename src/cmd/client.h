/* What several commands say of a connection. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "cmd/session.h"

/* All that it holds, roughly: buffers, kept commands, the session itself. */
size_t client_memory(const struct session *s);
/* Bytes that have arrived from it and are not done with. */
size_t client_query(const struct session *s);

enum client_type { CLIENT_NORMAL, CLIENT_PUBSUB, CLIENT_REPLICA, CLIENT_MASTER, CLIENT_ANY };
/* False: no such word. */
bool client_type_parse(struct slice word, enum client_type *type);
int client_type_fail(struct call *c, struct slice word); /* says so; returns ERR_REPLIED */
bool client_is(const struct session *s, enum client_type type);

#endif
