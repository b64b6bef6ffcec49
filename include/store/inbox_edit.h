/* store/inbox_edit.h - changes of a stream's inbox: for broker/change_* alone. */
#ifndef STORE_INBOX_EDIT_H
#define STORE_INBOX_EDIT_H

#include "store/delayed_edit.h"
#include "store/inbox.h"
#include "store/windows_edit.h"

struct inbox *inbox_new(const struct hash_seed *seed); /* seed: borrowed */
void inbox_free(struct inbox *x);
bool inbox_free_some(struct inbox *x, size_t n); /* as delayed_free_some(); when true, x is gone */
struct inbox *inbox_copy(const struct inbox *x, const struct hash_seed *seed);

#endif
