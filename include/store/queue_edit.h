/* store/queue_edit.h - changes of a queue beyond those of its stream: for broker/change_* and src/store
 * alone. */
#ifndef STORE_QUEUE_EDIT_H
#define STORE_QUEUE_EDIT_H

#include "store/group_edit.h"
#include "store/queue.h"

/* The stream's queue, made if need be. O(messages). */
struct queue *stream_make_queue(struct stream *s);
/* These n were NEW to the group (in the order of their ids) and are delivered for the first time; NULL: to
 * nobody who holds them. */
void stream_take_new(struct stream *s, struct group *g, struct consumer *c, const struct stream_id *id,
                     size_t n, msec time);
/* One that is NEW to the group comes to that end. */
void stream_end_new(struct stream *s, struct group *g, struct stream_id id, enum end end);
/* The group has done with that id, which lies above its position; its entry may be there or not. */
void stream_pass(const struct stream *s, struct group *g, struct stream_id id);
/* XGROUP SETID: all above is NEW again but what is pending, and what was NEW below is dropped. O(messages).
 */
void stream_move_group(struct stream *s, struct group *g, struct stream_id id, int64_t entries_read);

/* The first of a level that is NEW to the group. Whoever takes it says so: it is not looked for again. */
bool stream_new_of_level(const struct stream *s, struct group *g, unsigned level, struct entry *e);
void group_looked_at(struct group *g, unsigned level, struct stream_id id);
/* Whether it passed over that id, at some level; then what it has looked at may be NEW again. */
bool group_has_looked_at(const struct group *g, struct stream_id id);
void group_look_again(struct group *g);

/* What is past its TTL is to be looked for from the first entry on: something else is NEW. */
void stream_look_again(struct stream *s);
/* NULL: no policy has a word on it. */
void stream_set_rules(struct stream *s, const struct rules *rules);
/* The messages with a TTL of their own that is over: the first of them, taken off. False: none is. */
void queue_own_put(struct queue *q, struct stream_id id, msec expires);
bool queue_own_over(struct queue *q, msec now, struct stream_id *id);

/* For src/store: the stream tells. */
void queue_free(struct queue *q);
void queue_copy(struct stream *to, const struct queue *q);
void queue_entry_added(struct queue *q, struct stream_id id,
                       const struct entry_attrs *attrs); /* NULL: none */
void queue_entry_lost(const struct stream *s, struct stream_id id);
void queue_front_lost(const struct stream *s, struct stream_id upto); /* all up to there */
void queue_group_added(const struct stream *s, struct group *g);
void queue_group_removed(const struct stream *s, const struct group *g);

#endif
