/* store/deque.h - the list value: a sequence of strings, cheap at both ends.
 *
 * A doubly linked list of chunks that grow to 8 KB, each a run of packed elements: length, bytes, length
 * again, so that a walk goes either way. A longer element has a chunk to itself. Short elements cost two
 * bytes above their own.
 *
 * Always true, and checked by deque_check(): no chunk is empty; counts and bytes are exact.
 */
#ifndef STORE_DEQUE_H
#define STORE_DEQUE_H

#include "base/slice.h"
#include <stdint.h>

struct deque; /* opaque: its fields are in deque.c */

size_t deque_length(const struct deque *d);
size_t deque_memory(const struct deque *d); /* O(1) */

/* Values are views into the deque, good until it next changes. False if there is none. */
bool deque_first(const struct deque *d, struct slice *out);
bool deque_last(const struct deque *d, struct slice *out);
bool deque_at(const struct deque *d, int64_t index,
              struct slice *out); /* from 0; from the end: -1 is the last */

/* The place of an element: good until the deque next changes, but for the edits that take it. A walk is
 *     for (bool ok = deque_seek(d, 0, &pos); ok; ok = deque_next(&pos))
 *         ... deque_value(&pos) ...
 */
struct deque_pos {
    struct deque_chunk *chunk;
    uint32_t at; /* offset of the element in it */
};
bool deque_seek(const struct deque *d, int64_t index, struct deque_pos *pos); /* false: out of range */
struct slice deque_value(const struct deque_pos *pos);
bool deque_next(struct deque_pos *pos); /* false at the end, then pos stays where it is */
bool deque_prev(struct deque_pos *pos);

void deque_check(const struct deque *d);

#endif
