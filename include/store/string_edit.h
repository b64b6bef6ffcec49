/* store/string_edit.h - changes of a string: for broker/change_* alone. */
#ifndef STORE_STRING_EDIT_H
#define STORE_STRING_EDIT_H

#include "store/string.h"

struct string *string_new(struct slice content);
void string_free(struct string *s);
/* Gives it this content: `s` itself where the room suffices, else a new one (s is freed). */
struct string *string_assign(struct string *s, struct slice content);

#endif
