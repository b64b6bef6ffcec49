/* store/inbox.h - what a stream knows of messages that are not in it: those that are delayed, and the dedup
 * ids of messages that came, in it or delayed, each with the id that was the reply. */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "store/delayed.h"
#include "store/windows.h"

struct inbox {
    struct delayed delayed;
    struct windows windows;
};

/* When something is to be done: the first message is due, or a dedup id is over. INT64_MAX: nothing is. */
msec inbox_next(const struct inbox *x);
/* Nothing is in it, and never was a delayed message: it is as good as none. */
bool inbox_is_blank(const struct inbox *x);
size_t inbox_memory(const struct inbox *x);
void inbox_check(const struct inbox *x);

#endif
