/* store/windows.h - names that count for a while each: the dedup ids of a queue's messages, with the ids that
 * were given as the reply.
 *
 * Windows differ from one message to the next, and store/dedup.h forgets only its oldest at no cost. So the
 * names lie in lanes: in a lane, each one's window ends no sooner than that of the one before it. A name goes
 * to the lane whose newest ends last among those that end no later than it does; as many lanes as messages
 * have different windows are enough. Beyond WINDOWS_LANES what comes may have to lie behind one that ends
 * later, and is then forgotten with that one. A name whose time is over does not count, forgotten or not:
 * whoever asks looks at `until`.
 *
 * Always true, and checked by windows_check():
 *   - a name is in one lane at most
 */
#ifndef STORE_WINDOWS_H
#define STORE_WINDOWS_H

#include "store/dedup.h"

#define WINDOWS_LANES 8

struct lane {
    struct dedup names;
    msec newest; /* no window in it ends later */
};

struct windows {
    struct lane *lane;
    unsigned lanes;
    const struct hash_seed *seed;
};

size_t windows_count(const struct windows *w);
bool windows_find(const struct windows *w, struct slice name, struct seen *out);
/* The lane that a name whose window ends then goes to: at most w->lanes, WINDOWS_LANES - 1. */
unsigned windows_lane(const struct windows *w, msec until);
/* When the first is to be forgotten; false: there is none. */
bool windows_next(const struct windows *w, msec *at);
/* A lane from which something is to be forgotten, and how many, the oldest, at most `max`; 0: nothing is. */
size_t windows_over(const struct windows *w, msec now, size_t max, unsigned *lane);

size_t windows_memory(const struct windows *w); /* bytes held, beside the struct */
void windows_check(const struct windows *w);

#endif
