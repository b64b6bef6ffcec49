/* store/backlog_edit.h - changes of a backlog: for store/group.c alone. */
#ifndef STORE_BACKLOG_EDIT_H
#define STORE_BACKLOG_EDIT_H

#include "store/backlog.h"

struct backlog *backlog_new(const struct hash_seed *seed); /* borrowed */
void backlog_free(struct backlog *b);
/* Frees about so many notes; true when only what backlog_free() does at once is left. */
bool backlog_free_some(struct backlog *b, size_t notes);
struct backlog *backlog_copy(const struct backlog *b, const struct hash_seed *seed);

/* A message has come to a state of a queue, and is put where it belongs, behind the others. */
struct parking {
    struct stream_id id;
    uint8_t state;  /* enum pending_state, EXTENDED or above */
    uint8_t level;  /* of the entry */
    uint8_t death;  /* enum death, if DEAD */
    msec at;        /* see struct note */
    msec time;      /* EXTENDED: from which it is idle */
    uint64_t count; /* deliveries */
    /* Empty: as noted; for the consumer, before that, who holds it. */
    struct slice consumer, error;
};
void backlog_park(struct backlog *b, const struct parking *p);
/* It has left that state, for another or for good. */
void backlog_leave(struct backlog *b, struct stream_id id, uint8_t state);
/* It is leased as others are: what was said of it stays, for when it comes back, and else nothing. */
void backlog_lease(struct backlog *b, struct stream_id id);
/* Nothing need be known of it any more. */
void backlog_forget(struct backlog *b, struct stream_id id);
/* It is above the position, and done. No-op if it was. */
void backlog_pass(struct backlog *b, struct stream_id id);
/* False: it was not. */
bool backlog_unpass(struct backlog *b, struct stream_id id);
/* Forgets those up to the position. */
void backlog_pass_to(struct backlog *b, struct stream_id position);

#endif
