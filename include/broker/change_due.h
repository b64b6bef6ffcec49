/* broker/change_due.h - streams in which something becomes due: delayed messages, dedup ids that are over,
 * and whatever else store/stream.h tells by stream_due(). Each stands in the broker's heap at the earliest
 * instant at which there is something to do; what that is, queue/run.c finds out, and does. No records: a
 * replay finds the same again. */
#ifndef BROKER_CHANGE_DUE_H
#define BROKER_CHANGE_DUE_H

#include "broker/change.h"

/* Part of another change: something in the stream of `ch` is due at that instant, or never (INT64_MAX). */
void change_due(struct change *ch, msec at);
/* The same of a stream outside a change, at that instant or an earlier one. */
void change_due_at(struct broker *b, int db, struct slice name, const struct stream *s, msec at);
/* Part of another change: a stream has come to this key, with what is due in it. */
void change_due_arrive(struct change *ch);

/* The stream whose turn it is; false: none is. Its name is good until change_due_after(), which is to follow:
 * something is due in it next at `at` (INT64_MAX: nothing is); if that is now, what could not be done is tried
 * again after a while, or (`more`) others have their turn first. */
struct due {
    const struct stream *s;
    int db;
    struct slice name;
};
bool change_due_first(struct broker *b, msec wall, struct due *due);
void change_due_after(struct broker *b, const struct due *due, msec wall, msec at, bool more);

#endif
