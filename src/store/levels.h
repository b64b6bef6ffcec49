/* levels.h - where the entries of a queue with priorities are, level by level: without it, the first NEW one
 * of a level would have to be looked for among all the others. Only a queue whose rules have more than one
 * level has it; it is made from the entries when they come to have.
 *
 * Always true, and checked by levels_check(): of each level, ids rise, and no live entry's is missing. Those
 * of entries that are gone stay until room is wanted. */
#ifndef STORE_LEVELS_H
#define STORE_LEVELS_H

#include "store/stream.h"

struct levels;

/* Of all entries, the levels from n - 1 on being one. O(entries). */
struct levels *levels_new(const struct stream *s, unsigned n);
void levels_free(struct levels *l);
/* An entry that has just been appended. */
void levels_add(struct levels *l, struct stream_id id, unsigned level);
/* The first of the level above that id; its entry may be gone. O(log entries). */
bool levels_next(const struct levels *l, unsigned level, struct stream_id after, struct stream_id *id);
unsigned levels_count(const struct levels *l);
size_t levels_memory(const struct levels *l);
void levels_check(const struct levels *l);

#endif
