/* store/set_edit.h - changes of a set: for broker/change_* alone. Members are copied; they must not be views
 * into the same set. */
#ifndef STORE_SET_EDIT_H
#define STORE_SET_EDIT_H

#include "store/set.h"
#include "store/shape.h"

struct set *set_new(void);
void set_free(struct set *s);
bool set_free_some(struct set *s, size_t n); /* as hash_free_some() */
struct set *set_copy(const struct set *s);

bool set_add(struct set *s, struct slice member, const struct shape *shape); /* true if it is new */
bool set_remove(struct set *s, struct slice member);                         /* true if it was there */

#endif
