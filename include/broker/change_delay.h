/* broker/change_delay.h - changes of what a stream knows of messages that are not in it (store/inbox.h). See
 * broker/change.h. */
#ifndef BROKER_CHANGE_DELAY_H
#define BROKER_CHANGE_DELAY_H

#include "broker/change.h"
#include "store/inbox.h"

/* The id of the next message that is due then; `s` may be NULL: a stream yet to be made. */
struct stream_id delayed_next_id(const struct stream *s, msec due);

/* Adds a delayed message, making the stream if need be. Its id is from delayed_next_id(); what names it is to
 * be told by change_window_add(), too. */
void change_delay_add(struct broker *b, int db, struct slice name, const struct delayed_message *m,
                      const struct slice *field);
/* Removes those that are there among the ids, and frees what names them; how many. */
size_t change_delay_cancel(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n);
/* The first delayed message becomes the entry `id`, which is from stream_next_id(); `arrival` from
 * stream_next_arrival(). Its own TTL counts from there, for nobody could have had it before, and it keeps its
 * name. */
void change_delay_arrive(struct broker *b, int db, struct slice name, struct stream_id id, msec arrival);
/* Replay of RECORD_ARRIVE: false if that is not the first one. */
bool change_replay_arrive(struct broker *b, int db, struct slice name, struct stream_id due,
                          struct stream_id id, msec arrival);
/* Of a base: numbers up to there have been given. */
void change_delay_next(struct broker *b, int db, struct slice name, uint64_t next);

/* The stream, which must be there, remembers that this name stands for the message with s->id until s->until.
 */
void change_window_add(struct broker *b, int db, struct slice name, const struct seen *s);
/* The same in a replay: in that lane. */
void change_window_add_to(struct broker *b, int db, struct slice name, unsigned lane, const struct seen *s);
/* Forgets names that are over, at most `max`; how many. */
size_t change_window_sweep(struct broker *b, int db, struct slice name, msec now, size_t max);
/* Replay of RECORD_LAPSE: false if the lane has not so many. */
bool change_replay_lapse(struct broker *b, int db, struct slice name, unsigned lane, size_t n);

#endif
