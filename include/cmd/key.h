/* cmd/key.h - how handlers reach keys: the session's database, expiry, type check, hits and misses. */
#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "base/err.h"
#include "broker/db.h"
#include "cmd/call.h"
#include "cmd/config.h"

/* The key, NULL if absent or past its time (then it is removed). A replay sees expired ones too. It counts as
 * used, but for key_look(). */
struct key *key_read(struct call *c, struct slice name);  /* counts a hit or a miss */
struct key *key_look(struct call *c, struct slice name);  /* counts that, too: TYPE, TTL and the like */
struct key *key_peek(struct call *c, struct slice name);  /* the same, and tells nobody that it is missed */
struct key *key_write(struct call *c, struct slice name); /* to change it: counts nothing */
/* The same in another database. */
struct key *key_write_in(struct call *c, int db, struct slice name);

/* The same with the type checked: ERR_TYPE, or OK and *out NULL when absent. */
int key_read_as(struct call *c, struct slice name, enum key_type type, struct key **out);
int key_write_as(struct call *c, struct slice name, enum key_type type, struct key **out);

/* For who meets keys otherwise than by their names: true if it was past its time, and is
 * removed now unless a pause keeps it. */
bool key_end(struct call *c, struct key *k);

/* As OBJECT ENCODING tells it. */
const char *key_encoding(const struct config *config, const struct key *k);
int64_t key_refcount(const struct key *k);             /* and REFCOUNT */
int64_t key_idle(const struct key *k, struct now now); /* seconds since it was used */

#endif
