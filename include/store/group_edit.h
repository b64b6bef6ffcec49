/* store/group_edit.h - changes of a group: for broker/change_* (and stream.c) alone. Every function keeps
 * the consumers' counts in step with the pending entries. */
#ifndef STORE_GROUP_EDIT_H
#define STORE_GROUP_EDIT_H

#include "store/backlog_edit.h"
#include "store/group.h"

struct group *group_new(struct slice name, struct stream_id last_id, int64_t entries_read,
                        const struct hash_seed *seed);
void group_free(struct group *g);
/* Frees about `parts` nodes and consumers; true when only what group_free() does at once is left. Until then
 * nothing else may be done with it but that. */
bool group_free_some(struct group *g, size_t parts);
struct group *group_copy(const struct group *g, const struct hash_seed *seed);

/* Moves the position; entries_read -1 is unknown. */
void group_set_id(struct group *g, struct stream_id last_id, int64_t entries_read);
/* Makes a consumer; its name must be absent, and they fewer than GROUP_CONSUMERS_MAX. seen = now, active =
 * -1. */
struct consumer *group_consumer_add(struct group *g, struct slice name, msec now);
static inline void group_consumer_seen(struct group *g, struct consumer *c, msec now)
{
    c->seen = now;
    if (c->line.next != &g->by_seen) {
        list_remove(&c->line);
        list_push(&g->by_seen, &c->line);
    }
}
/* It is no longer among those that group_longest_unseen() tells, until it is seen or holds nothing; it must
 * hold something. */
void group_consumer_set_aside(struct group *g, struct consumer *c);
void group_consumers_bring_back(struct group *g); /* all of them */
/* Removes it with all it holds: O(what it holds). How many pending entries went. */
size_t group_consumer_remove(struct group *g, struct consumer *c);

/* `c` now holds id, delivered at `time` for the count-th time, whoever had it before. */
void group_hold(struct group *g, struct consumer *c, struct stream_id id, msec time, uint64_t count);
/* Gives it back: nobody holds it, it goes behind those given back before. Creates it if it was not pending.
 */
void group_give_back(struct group *g, struct stream_id id, uint64_t count);
/* The same for n messages in the order of their ids, delivered for the first time; cheap for new ones. */
void group_hold_first(struct group *g, struct consumer *c, const struct stream_id *id, size_t n, msec time);
/* No longer pending: it has come to this end, which is told apart in a queue. False if it was not. */
bool group_done(struct group *g, struct stream_id id, enum end end);
/* The same for n of them: how many were. Cheap for neighbours in the order of their ids. */
size_t group_done_all(struct group *g, const struct stream_id *id, size_t n, enum end end);

/* --- of a queue, which all groups of a stream are or none is --- */

/* From now on it is one: those given back are READY, in their order, unless their messages are gone. `fresh`
 * messages are new to it. */
void group_make_queue(struct group *g, const struct stream *s, uint64_t fresh, const struct hash_seed *seed);
/* The message comes to a state of a queue, whether it was pending, passed or new. */
void group_park(struct group *g, const struct parking *p);
/* A message that is new to the group has come to this end. */
void group_end_new(struct group *g, struct stream_id id, enum end end);
/* The entry has gone from the stream. `meant`: it was for this group too. Who holds it
 * finds out. */
void group_lost(struct group *g, struct stream_id id, bool meant);
/* The position is known to be at `id`: nothing at or below it is new. */
void group_pass_to(struct group *g, struct stream_id id);

/* The claim that looked at it did not take it, and none is to look at it again: its message is gone. */
void group_set_aside(struct group *g, struct stream_id id);
/* The message is there after all: an id that was gone has been added anew. */
void group_bring_back(struct group *g, struct stream_id id);
/* Leases end, whether their messages are gone or not: none is aside. O(pending) if any was. */
void group_bring_all_back(struct group *g);

/* Advances over n live entries, the next ones after last_id, as delivered: last_id, entries_read (by the
 * rules of stream_lag) and `next`, which is `after`. The caller holds them for a consumer, or not (NOACK). */
void group_advance(struct group *g, const struct stream *s, const struct stream_id *id, size_t n,
                   const struct stream_pos *after);

#endif
