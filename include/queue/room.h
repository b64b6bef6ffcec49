/* queue/room.h - limits of a queue, and what makes way when it is full. */
#ifndef QUEUE_ROOM_H
#define QUEUE_ROOM_H

#include "queue/at.h"

/* Whether a queue, or one that is yet to be made (s NULL), lets anything in: OK or ERR_PAUSED. Then whether a
 * message of so many bytes (names and values) has room: OK, once what has to make way for it is gone, or
 * ERR_QFULL. Asked before the first change of a command. */
int queue_paused(struct broker *b, int db, struct slice name, const struct stream *s, struct now now);
int queue_admit(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t bytes,
                struct now now);
/* The same for n messages of so many bytes together, to be added one by one. What may be dropped for them
 * stays until they are: refused, nothing is lost. */
int queue_admit_all(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t n,
                    uint64_t bytes, struct now now);
/* The same for a letter to the dead: no pause stops it, and nobody but the done makes way for it. */
bool queue_has_room(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t bytes,
                    struct now now);
/* A message has been added: its time runs. */
void queue_added(struct broker *b, int db, struct slice name, const struct stream *s, struct now now);

#endif
