/* list_reply.h - elements from an end of a list, as popping them would give them. */
#ifndef CMD_LIST_REPLY_H
#define CMD_LIST_REPLY_H

#include "handlers.h"
#include "store/deque.h"

void list_reply_end(struct call *c, const struct deque *d, bool front, size_t n); /* an array of n */
void list_reply_one(struct call *c, const struct deque *d, bool front);           /* the list is not empty */

#endif
