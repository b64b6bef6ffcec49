/* store/packed_edit.h - changes of a packed sequence, for the values made of one. Each may move it and so
 * returns where it is now. Offsets are those of packed_read(). */
#ifndef STORE_PACKED_EDIT_H
#define STORE_PACKED_EDIT_H

#include "store/packed.h"

struct packed *packed_new(void);
void packed_free(struct packed *s); /* NULL is fine */
struct packed *packed_copy(const struct packed *s);

/* The text must not be a view into the sequence. */
struct packed *packed_insert(struct packed *s, uint32_t at, struct slice text);
/* -0 comes back as 0. */
struct packed *packed_insert_double(struct packed *s, uint32_t at, double v);
struct packed *packed_remove(struct packed *s, uint32_t at, uint32_t n); /* n items from there on */
struct packed *packed_replace(struct packed *s, uint32_t at, struct slice text);

#endif
