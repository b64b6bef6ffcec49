/* broker/change_queue.h - changes of what makes a stream a queue: see store/queue.h. See broker/change.h.
 *
 * Who decides what happens to a message is queue/; here it happens, and has a record. The stream is there in
 * all of these, and a queue in all but the first. */
#ifndef BROKER_CHANGE_QUEUE_H
#define BROKER_CHANGE_QUEUE_H

#include "broker/change.h"
#include "store/queue.h"

/* The stream becomes a queue; no-op if it is one. O(messages). */
void change_queue_make(struct broker *b, int db, struct slice name);

/* Not journaled, for they follow from what is: the rules that policies give it (NULL: none do). */
void change_queue_rules(struct broker *b, int db, struct slice name, struct stream *s,
                        const struct rules *rules);
/* Where looking for what the queue's TTL ends goes on. */
void change_queue_aged(const struct stream *s, const struct stream_pos *pos);
/* Where looking for what nobody needs goes on; NULL: it has ended. */
void change_queue_swept(const struct stream *s, const struct stream_pos *pos);
/* The first message whose own TTL is over; it is not told again, unless it is put there again. */
bool change_queue_own_over(const struct stream *s, msec now, struct stream_id *id);
void change_queue_own_again(const struct stream *s, struct stream_id id, msec at);

/* See stream_new_of_level(): soft state, too. */
bool change_queue_new_of(const struct stream *s, struct group *g, unsigned level, struct entry *e);
void change_queue_looked(struct group *g, unsigned level, struct stream_id id);

void change_queue_stopped(struct group *g, bool stopped); /* struct backlog's */

void change_queue_rate(struct group *g, msec at, int64_t left); /* struct backlog's */

/* Messages of a group come to states of a queue: change_park_open(), change_park() each, _close(). What is
 * said of them is said of all. */
struct park {
    struct change ch;
    struct group *group;
    struct slice consumer, error; /* empty: as is known */
    enum death death;
    struct buf ids; /* for the record */
    size_t n;
};
void change_park_open(struct park *p, struct broker *b, int db, struct slice name, struct group *g,
                      struct slice consumer, struct slice error, enum death death);
/* state: READY, WAITING, HELD, DEAD; `at` as in struct note. */
void change_park(struct park *p, struct stream_id id, enum pending_state state, uint64_t count, msec at);
void change_park_close(struct park *p);

/* Part of another change, and called by change_close(): those HELD that nobody holds back any more are READY,
 * and a record says so. */
void change_free_lanes(struct change *ch);

/* Leases that are held end at `until` instead, and are idle from `now` on. */
void change_extend(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   size_t n, msec now, msec until);
/* Messages that are pending or NEW come to that end. */
void change_end(struct broker *b, int db, struct slice name, struct group *g, enum end end,
                const struct stream_id *id, size_t n);
/* Messages that are NEW, rising, are delivered to `c`; NULL: to one who does not acknowledge. n may be 0: then
 * only the position moves to where it is. */
void change_take(struct broker *b, int db, struct slice name, struct group *g, struct consumer *c,
                 const struct stream_id *id, size_t n, msec time);
/* These entries go from the stream, as a trim would take them; those that are not there are passed over. */
void change_drop_entries(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n);

/* For replays: what a base says of a group. */
void change_passed(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   size_t n);
void change_totals(struct broker *b, int db, struct slice name, struct group *g, const uint64_t ended[ENDS]);

#endif
