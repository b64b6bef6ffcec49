/* store/stream_refs.h - which entries of a stream its groups refer to: those that some group has not
 * reached yet, and those that are pending in one. Without a group there are none.
 *
 * How far all groups have come is found out once a command, then an entry costs one look into what is
 * pending in each group. Trims remember up to where they have found everything referred to, and groups what
 * they have let go since: a message that is never acknowledged is not looked at by every XADD. */
#ifndef STORE_STREAM_REFS_H
#define STORE_STREAM_REFS_H

#include "store/stream.h"

struct refs {
    struct group **group; /* in byte order of their names */
    size_t n;
    struct stream_id reached; /* by every group; STREAM_ID_MAX without one */
};

/* Good as long as no group is made, removed or moved; what is pending may change. */
void refs_open(struct refs *r, const struct stream *s);
void refs_close(struct refs *r);
/* Whether an entry with that id is (or, if there is none, would be) referred to. */
bool refs_hold(const struct refs *r, struct stream_id id);

#endif
