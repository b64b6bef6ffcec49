/* store/pel_edit.h - changes of pending entries: for store/group.c, and broker/change_* through it. */
#ifndef STORE_PEL_EDIT_H
#define STORE_PEL_EDIT_H

#include "store/pel.h"

void pel_init(struct pel *p);
void pel_free(struct pel *p);
/* Frees about so many nodes; true when nothing is left. Until then nothing else may be done with it. */
bool pel_free_some(struct pel *p, size_t nodes);
/* Inserts, or replaces the one with that id; true if it was new, else *old (may be NULL) is what it was. */
bool pel_put(struct pel *p, const struct pending *e, struct pending *old);
/* Appends entries that are like `e` in all but their ids, as long as these come behind all that is there, one
 * behind the other: how many. It may stop for reasons of its own, then pel_put() takes the next one. */
size_t pel_append(struct pel *p, const struct pending *e, const struct stream_id *id, size_t n);
bool pel_remove(struct pel *p, struct stream_id id, struct pending *old);
/* Removes id[0] and those of the ids behind it that come next here too, of the same owner and in the same
 * state: how many; 0 only if id[0] is not there. *old is what id[0] was. It too may stop before it must. */
size_t pel_remove_run(struct pel *p, const struct stream_id *id, size_t n, struct pending *old);
/* Sets the one with that id aside, if it is there: until it is put again, or brought back. */
void pel_set_aside(struct pel *p, struct stream_id id);
void pel_bring_back(struct pel *p, struct stream_id id);

#endif
