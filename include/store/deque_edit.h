/* store/deque_edit.h - changes of a list: for broker/change_* alone. Values are copied, at most
 * DEQUE_VALUE_MAX bytes each (the limits on requests are far below); they must not be views into the same
 * deque, which may move while it grows. */
#ifndef STORE_DEQUE_EDIT_H
#define STORE_DEQUE_EDIT_H

#include "store/deque.h"

#define DEQUE_VALUE_MAX (UINT32_MAX - 64)

struct deque *deque_new(void);
void deque_free(struct deque *d);
/* Frees about `chunks` chunks; true when nothing is left, then d is gone. */
bool deque_free_some(struct deque *d, size_t chunks);
struct deque *deque_copy(const struct deque *d);

void deque_push_front(struct deque *d, struct slice value);
void deque_push_back(struct deque *d, struct slice value);
/* There must be one: look with deque_first() before. */
void deque_pop_front(struct deque *d);
void deque_pop_back(struct deque *d);
/* The first or last n, at most all of them, by whole chunks where that goes. */
void deque_drop_front(struct deque *d, size_t n);
void deque_drop_back(struct deque *d, size_t n);

/* These leave `pos` at: the element set; the one inserted; the one after the removed, or before it when
 * `back` (false if there is none that way). */
void deque_set(struct deque *d, struct deque_pos *pos, struct slice value);
void deque_insert(struct deque *d, struct deque_pos *pos, bool before, struct slice value);
bool deque_remove(struct deque *d, struct deque_pos *pos, bool back);

#endif
