/* What the files of broker/ share among themselves. */
#ifndef BROKER_IMPL_H
#define BROKER_IMPL_H

#include "broker/broker.h"

extern const struct dict_type key_dict_type, wait_dict_type, watch_dict_type, library_dict_type;

struct key *key_new(struct slice name, enum key_type type, void *value);
void value_free(enum key_type type, void *value);
/* Frees about so many blocks or chunks of it; true when it is gone. Until then it is good for nothing else.
 */
bool value_free_some(enum key_type type, void *value, size_t parts);
/* Takes a value, or a key with its value and its expiry (which is in no heap any more): small ones are freed,
 * large ones are left for graves_dig(). */
void value_bury(struct broker *b, enum key_type type, void *value);
void key_bury(struct broker *b, struct key *k);
void keys_bury(struct broker *b, struct dict *keys); /* all of them: the table is empty afterwards */

/* expiry.c: the one place that knows how the heaps hang together. `at` is wall msec. */
void expiry_set(struct broker *b, int db, struct key *k, msec at);
void expiry_drop(struct broker *b, int db, struct key *k); /* no-op without one */
void expiry_forget_all(struct broker *b, int db);          /* its keys are going */
void expiry_swap(struct broker *b, int one, int other);    /* exchanges all of two databases */
bool expiry_next(const struct broker *b, msec *at);        /* the earliest; false: none */
/* The earliest key that is past its time, and its database; NULL: none. */
struct expiry *expiry_due(const struct broker *b, msec wall, int *db);

/* The first of the streams in which something is due (change_due.c); NULL: none, or nothing is to be done. */
struct heap_node *due_next(const struct broker *b);

struct change;
/* The key of `ch` becomes this string (change_string.c). */
void change_string_put(struct change *ch, struct slice value);
/* Trims the stream of `ch`, and records what went; how much (change_removal.c). */
uint64_t change_trim(struct change *ch, const struct stream_trim *how);

/* Keys of the tables of waiters and watchers: the database's number, then the name. Built in `room` when
 * it fits, else in *owned, for mem_free(). */
#define DB_NAME_ROOM 256
struct slice db_name(int db, struct slice name, char room[DB_NAME_ROOM], char **owned);

#endif
