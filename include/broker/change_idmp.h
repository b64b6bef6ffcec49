/* broker/change_idmp.h - changes of what streams remember of idempotent producers. See broker/change.h.
 *
 * That an id's time is over is an effect like any other: what is forgotten, by time or for want of room, has
 * a record, and a replay forgets just that, whenever it runs. XADD asks the clock as well, so that nobody
 * sees an id that is over and still waits for the sweep. */
#ifndef BROKER_CHANGE_IDMP_H
#define BROKER_CHANGE_IDMP_H

#include "broker/change.h"
#include "store/idmp.h"

/* A stream that this change has made has the limits of new ones; a record says so if a replay would not
 * know. Such a record undoes what came before it: see change_xadd(). */
void change_idmp_begin(struct change *ch);
bool change_idmp_usual(const struct broker *b); /* no such record is needed */
/* Part of another change: the message that became `id` is remembered. `record`: that is not told already. */
void change_idmp_remember(struct change *ch, const struct idmp_name *as, struct stream_id id, bool record);
/* Part of another change: a stream that remembers something has come to this key. */
void change_idmp_arrive(struct change *ch);

/* The stream must be there in all of these. */
void change_idmp_duplicate(struct broker *b, int db, struct slice name);
void change_idmp_limit(struct broker *b, int db, struct slice name, struct idmp_limits limits);
void change_idmp_record(struct broker *b, int db, struct slice name, const struct idmp_name *as,
                        struct stream_id id);
void change_idmp_count(struct broker *b, int db, struct slice name, uint64_t added, uint64_t duplicates);
/* The producer's n oldest; false: it has not so many. */
bool change_idmp_forget(struct broker *b, int db, struct slice name, struct slice pid, size_t n);

/* Forgets what is over, at most `max` ids; how much work that was, at least 1. The place is the heap's. */
unsigned change_idmp_sweep(struct broker *b, struct due_place *place, msec now, unsigned max);

#endif
