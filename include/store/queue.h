/* store/queue.h - what makes a stream a queue: its groups keep a backlog each (store/backlog.h), and know at
 * any time how many messages are new to them. A stream is a plain one until stream_make_queue(), and then
 * stays a queue.
 *
 * A message is NEW to a group if its entry lies above the group's position, is not pending in it, not passed
 * (done already), and meant for it. The position is the highest id with nothing NEW at or below it, as far as
 * the last one who looked for something NEW went.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/group.h"
#include "store/rules.h"

struct queue {
    struct group **group; /* all of the stream's, in no order */
    size_t groups, cap;
    struct rules rules;     /* as policies have it now */
    bool governed;          /* some policy has a word on it */
    struct stream_pos aged; /* entries before it are not to be looked at for the queue's TTL */
    struct stream_pos swept; /* while sweeping: those before it have been looked at, whether nobody needs them */
    bool sweeping;
    struct heap own;        /* struct own_ttl */
    struct levels *levels;  /* where the entries of each level are; NULL: the rules know one level alone */
};

/* A message with a TTL of its own. */
struct own_ttl {
    struct heap_node node;
    struct stream_id id;
};

const struct queue *stream_queue(const struct stream *s); /* NULL: a plain stream */

/* The entry is for that group: a redriven one may be for one alone. */
bool stream_entry_is_for(const struct stream *s, const struct entry *e, const struct group *g);
/* The entry with that id is there, and for that group. */
bool stream_shows(const struct stream *s, struct stream_id id, const struct group *g);
bool stream_is_restricted(const struct stream *s); /* it has had an entry that is for one group alone */
bool stream_has_own_ttls(const struct stream *s);  /* it has had an entry with a TTL of its own */
/* The level of priority the entry was stored with; 0 if it is not there. */
unsigned stream_level(const struct stream *s, struct stream_id id);
/* How many levels the rules tell apart; the last is for all that are stored with it or a higher one. */
unsigned queue_levels(const struct queue *q);
/* The next entry of a level, of those that are told apart, above *after, which moves to it. */
bool stream_next_of_level(const struct stream *s, unsigned level, struct stream_id *after, struct entry *e);
/* The next entry that is NEW to the group, at or after the place, which moves past it. */
bool stream_next_new(const struct stream *s, const struct group *g, struct stream_pos *pos, struct entry *e);
/* Just behind the group's position, where looking for something NEW begins. */
void stream_seek_new(const struct stream *s, const struct group *g, struct stream_pos *pos);
/* How many entries up to that id are NEW to the group. O(messages). */
uint64_t stream_count_new(const struct stream *s, const struct group *g, struct stream_id to);
/* No group has yet to do with it: nothing is NEW or pending there of that id. Without a group, false. */
bool queue_done(const struct queue *q, struct stream_id id);
msec queue_own_next(
    const struct queue *q); /* when the next TTL of a message's own is over; INT64_MAX: none */
size_t queue_memory(const struct queue *q);

#endif
