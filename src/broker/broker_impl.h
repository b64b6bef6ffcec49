/* What the files of broker/ share among themselves. */
#ifndef BROKER_IMPL_H
#define BROKER_IMPL_H

#include "broker/broker.h"

extern const struct dict_type key_dict_type, wait_dict_type, watch_dict_type;

struct key *key_new(struct slice name, enum key_type type, void *value);
void key_free(struct key *k); /* with its value; its expiry must be out of the heap */
void value_free(enum key_type type, void *value);

struct change;
/* The key of `ch` becomes this string (change_string.c). */
void change_string_put(struct change *ch, struct slice value);

/* Keys of the tables of waiters and watchers: the database's number, then the name. Built in `room` when
 * it fits, else in *owned, for mem_free(). */
#define DB_NAME_ROOM 256
struct slice db_name(int db, struct slice name, char room[DB_NAME_ROOM], char **owned);

#endif
