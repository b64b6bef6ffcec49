/* store/lanes_edit.h - changes of lanes: for src/store, and broker/change_* where it says so. */
#ifndef STORE_LANES_EDIT_H
#define STORE_LANES_EDIT_H

#include "store/group.h"
#include "store/lanes.h"
#include "store/rules.h"

/* Of all that is pending. O(pending). */
struct lanes *lanes_new(const struct group *g, const struct stream *s, const struct rules *r);
void lanes_free(struct lanes *l);
/* Frees about so many; true when only what lanes_free() does at once is left. */
bool lanes_free_some(struct lanes *l, size_t lanes);

/* A message, which is in the stream, is pending in another state than before; -1: it was not, or is not. */
void lanes_state(struct lanes *l, struct stream_id id, int before, int after);
/* It has come to an end, or its entry is about to go. */
void lanes_leave(struct lanes *l, struct stream_id id);
/* The same of one that was NEW. */
void lanes_leave_new(struct lanes *l, struct stream_id id);
/* For broker/change_*: the next that is HELD and not held back any more. It is not told again. */
bool lanes_next_free(struct lanes *l, struct stream_id *id);

#endif
