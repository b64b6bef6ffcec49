/* store/delayed_edit.h - changes of delayed messages: for broker/change_* alone. */
#ifndef STORE_DELAYED_EDIT_H
#define STORE_DELAYED_EDIT_H

#include "store/delayed.h"

void delayed_init(struct delayed *d);
void delayed_clear(struct delayed *d); /* all go; usable again */
/* Frees a bounded part, about n messages; true when none is left. In between only this may be called. */
bool delayed_free_some(struct delayed *d, size_t n);
void delayed_copy(struct delayed *to, const struct delayed *from);

/* Adds one that is not there, and copies what it is: `m->at` is of no matter, its fields are `field` (m->n
 * slices). The number of its id becomes at most the next one less 1. */
void delayed_add(struct delayed *d, const struct delayed_message *m, const struct slice *field);
bool delayed_remove(struct delayed *d, struct stream_id id); /* false: it was not there */
void delayed_set_next(struct delayed *d, uint64_t next);     /* not below the numbers given out */

#endif
