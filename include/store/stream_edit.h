/* store/stream_edit.h - changes of a stream: for broker/change_* alone. */
#ifndef STORE_STREAM_EDIT_H
#define STORE_STREAM_EDIT_H

#include "store/stream_refs.h"

/* `seed` for the table of groups, borrowed. */
struct stream *stream_new(const struct hash_seed *seed);
void stream_free(struct stream *s); /* groups and all */
/* Frees a bounded part (about `blocks` blocks, or parts of a group); true when nothing is left, then s is
 * gone. */
bool stream_free_some(struct stream *s, size_t blocks);
/* COPY. Places in the one are good in the other, as long as neither has changed. */
struct stream *stream_copy(const struct stream *s, const struct hash_seed *seed);

/* Appends a message and copies its fields: name, value, name, value ... (n slices, n even, n > 0), and its
 * attributes (NULL: entry_attrs_plain()). The id is from stream_next_id(). Cannot fail. */
void stream_append(struct stream *s, struct stream_id id, const struct slice *field, size_t n,
                   const struct entry_attrs *attrs, const struct stream_node_limits *limits);
/* Marks an entry deleted; false if there is no live one. Raises max_deleted_id. */
bool stream_delete(struct stream *s, struct stream_id id);
/* The same without max_deleted_id: for trims that go entry by entry. */
bool stream_drop(struct stream *s, struct stream_id id);
/* Removes entries at the front; how many. Does not touch max_deleted_id. */
uint64_t stream_trim(struct stream *s, const struct stream_trim *how);
/* Trims under REFS_SPARE, entry by entry; the ids that went, rising: an array for mem_free(), NULL when there
 * are none. It takes so many at a time, with `~` to the end of a node: fewer are the last ones. */
#define STREAM_TRIM_ROUND 16384
struct stream_id *stream_trim_unreferred(struct stream *s, const struct stream_trim *how,
                                         const struct refs *r, size_t *n);
/* XSETID. The caller has checked the order of the values. */
void stream_set_ids(struct stream *s, struct stream_id last, uint64_t entries_added,
                    struct stream_id max_deleted);
void stream_expect_ids(struct stream *s); /* stream_ids_return() */
/* A message has come under an id that was there before: who claims may find it again. */
void stream_bring_back(struct stream *s, struct stream_id id);

/* Takes a group made by group_new(); its name must be absent. */
void stream_group_add(struct stream *s, struct group *g);
/* Takes it out; the caller group_free()s it. */
struct group *stream_group_remove(struct stream *s, struct slice name);

/* What it remembers of idempotent producers, made if need be. */
struct idmp *stream_make_idmp(struct stream *s);

void stream_settle(struct stream *s, uint64_t generation);
void stream_mark_dlq(struct stream *s);
/* What it knows of messages that are not in it, and its place among what is due, made if need be. */
struct inbox *stream_make_inbox(struct stream *s);
struct due_place *stream_make_due_place(struct stream *s);

#endif
