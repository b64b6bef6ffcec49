/* cmd/key.h - how handlers reach keys: the session's database, expiry, type check, hits and misses. */
#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "base/err.h"
#include "broker/db.h"
#include "cmd/call.h"

/* The key, NULL if absent or past its time (then it is removed). A replay sees expired ones too. */
struct key *key_read(struct call *c, struct slice name);  /* counts a hit or a miss */
struct key *key_write(struct call *c, struct slice name); /* to change it: counts nothing */

/* The same with the type checked: ERR_TYPE, or OK and *out NULL when absent. */
int key_read_as(struct call *c, struct slice name, enum key_type type, struct key **out);
int key_write_as(struct call *c, struct slice name, enum key_type type, struct key **out);

#endif
