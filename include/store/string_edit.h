/* store/string_edit.h - changes of a string: for broker/change_* alone. */
#ifndef STORE_STRING_EDIT_H
#define STORE_STRING_EDIT_H

#include "store/string.h"

struct string *string_new(struct slice content);
void string_free(struct string *s);
/* Gives it this content: `s` itself where the room suffices, else a new one (s is freed). */
struct string *string_assign(struct string *s, struct slice content);
/* Puts bytes at an offset, growing it with zeros where need be: `s` itself where the room suffices, else a new
 * one (s is freed), with room for as much again. `s` may be NULL: empty. */
struct string *string_splice(struct string *s, size_t at, struct slice bytes);

#endif
