/* store/stream.h - a stream: its messages in the order of their ids, and its consumer groups. Memory
 * only: the time is an argument, so that a test, or a replay of the journal, builds the same stream.
 *
 * The messages are a log of blocks: append-only bytes in a compact form, 512 B growing to 64 KB, full
 * ones in huge pages. A full block never changes; deletions are marks beside it. A block whose entries
 * are all deleted is freed wherever it stands. A *node* (stream-node-max-entries, -bytes) is only a mark
 * in the log, that trimming with `~` reads.
 *
 * Always true, and checked by stream_check():
 *   - ids rise strictly; the last id never goes back, not even after a delete
 *   - length counts live entries, and equals what a walk finds
 *   - a live entry's id is at most last_id; first_id is the first live one's, 0-0 without one
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "base/clock.h"
#include "base/dict.h"
#include "proto/reply.h"
#include "store/stream_id.h"

struct stream; /* opaque: its fields are in src/store/stream_impl.h */
struct group;
struct idmp;
struct inbox;
struct due_place;

/* Limits of a node, as the settings of the same names; 0 is none. */
struct stream_node_limits {
    uint64_t max_entries, max_bytes;
};

struct stream_stats {
    uint64_t length;        /* live entries */
    uint64_t entries_added; /* ever */
    uint64_t bytes;         /* of the live entries' names and values */
    struct stream_id first_id, last_id, max_deleted_id;
    uint64_t blocks, nodes; /* for XINFO's radix-tree-keys and -nodes */
};
void stream_stats(const struct stream *s, struct stream_stats *out);
uint64_t stream_length(const struct stream *s);
struct stream_id stream_first_id(const struct stream *s); /* of the first live entry, 0-0 without one */
struct stream_id stream_last_id(const struct stream *s);
uint64_t stream_entries_added(const struct stream *s);
struct stream_id stream_max_deleted_id(const struct stream *s);
/* Messages may be added under ids that are pending already: the last id has gone back while something was, or
 * something is known of ids above it. Once it is so it stays so. */
bool stream_ids_return(const struct stream *s);
size_t stream_memory(const struct stream *s); /* bytes held, groups and all; O(blocks) */

/* What the id of the next message may be. */
enum stream_id_want {
    STREAM_ID_AUTO,     /* "*" */
    STREAM_ID_AUTO_SEQ, /* "ms-*": want.ms is given */
    STREAM_ID_GIVEN,    /* "ms-seq" */
};
/* The id the next message gets. Changes nothing. `s` may be NULL: a stream yet to be made. ERR_ID_SMALL
 * if it would not be above the last id, ERR_ID_ZERO for 0-0, ERR_ID_LAST when there is none left. */
int stream_next_id(const struct stream *s, enum stream_id_want kind, struct stream_id want, msec now,
                   struct stream_id *id);

/* The earliest that a message which comes now may have as its arrival: arrivals never go back in a stream,
 * though the clock may. `s` may be NULL. */
msec stream_next_arrival(const struct stream *s, msec now);

/* Names and values of one message, at most: whoever lets messages in answers ERR_TOO_LARGE beyond. */
#define STREAM_ENTRY_MAX ((size_t)1 << 30)

/* One message: a view into the stream, good until the stream next changes. */
struct entry {
    struct stream_id id;
    uint32_t fields;     /* name, value pairs */
    uint32_t names_size; /* the rest is private to src/store/stream*.c */
    uint32_t values_size; /* and of the attributes, which lie behind them */
    const uint8_t *names;
    const uint8_t *values;
};

/* What is known of a message beside its fields. Most have nothing worth keeping: they arrived in the
 * millisecond of their id, and are for all. */
struct entry_attrs {
    msec arrival;       /* wall msec; its age counts from here */
    msec expires;       /* wall msec; its own TTL, whatever the queue's; 0: none */
    uint8_t level;      /* of priority, below ENTRY_LEVELS */
    struct slice group; /* the only one that sees it; empty: all do */
};
#define ENTRY_LEVELS 32
/* Views into the stream as e is. Walks over the values. */
void entry_attrs(const struct entry *e, struct entry_attrs *out);
/* Of one about which nothing is kept. */
static inline struct entry_attrs entry_attrs_plain(struct stream_id id)
{
    return (struct entry_attrs){.arrival = id.ms > INT64_MAX ? INT64_MAX : (msec)id.ms};
}
/* Whether that is all there is to know of the message with that id. */
static inline bool entry_attrs_are_plain(const struct entry_attrs *a, struct stream_id id)
{
    return (uint64_t)a->arrival == id.ms && !a->expires && !a->level && !a->group.n;
}

/* A place between messages: good across appends, deletes and trims, for it names blocks by number (a
 * place whose block is gone means the first entry after it). */
struct stream_pos {
    uint64_t block;          /* number of the block; blocks are numbered from 0 as they are made */
    uint32_t at, nth;        /* offset of the next entry in it; entries before that */
    struct stream_id before; /* id of the entry before it: the base of its delta */
};

/* Just before the first entry with an id >= from. At the end, what is appended later comes next even if
 * its id is lower. */
void stream_seek(const struct stream *s, struct stream_id from, struct stream_pos *pos);
/* The next live entry at or after the place, which moves past it. False at the end: the place stays
 * good, and what is appended later comes next. */
bool stream_next(const struct stream *s, struct stream_pos *pos, struct entry *out);
/* Walks back from the last live entry with an id <= to. It may go on after changes. */
#define STREAM_RUN 32 /* entries decoded at a time: the distance of a block's index points, at most */
struct stream_back {
    struct stream_id to; /* what is left lies at or below */
    bool done;
    uint64_t block; /* the run of entries decoded last, of which n are left: private */
    uint32_t n, nth;
    uint32_t at[STREAM_RUN];
    struct stream_id before[STREAM_RUN];
};
void stream_seek_back(const struct stream *s, struct stream_id to, struct stream_back *back);
bool stream_prev(const struct stream *s, struct stream_back *back, struct entry *out);
/* The live entry with exactly this id. */
bool stream_find(const struct stream *s, struct stream_id id, struct entry *out);
bool stream_has(const struct stream *s, struct stream_id id);

/* Walks the fields: start with a zeroed struct. */
struct entry_walk {
    const uint8_t *name, *value;
    uint32_t nth;
};
bool entry_field(const struct entry *e, struct entry_walk *w, struct slice *name, struct slice *value);
uint64_t entry_bytes(const struct entry *e); /* of its names and values */
/* [id, [name, value, ...]] by copying. */
void entry_reply(const struct entry *e, struct reply *r);
void entry_reply_fields(const struct entry *e, struct reply *r); /* the inner array alone */
void reply_stream_id(struct reply *r, struct stream_id id);      /* "ms-seq" as a bulk string */

/* What becomes of entries that a group still refers to (store/stream_refs.h) when they are to be removed. */
enum refs_policy {
    REFS_KEEP,  /* they go, and what is pending of them dangles */
    REFS_DROP,  /* they go, and are pending no longer */
    REFS_SPARE, /* they stay */
};

struct stream_trim {
    enum { TRIM_NONE, TRIM_MAXLEN, TRIM_MINID } kind;
    bool approx;           /* `~`: whole nodes only */
    enum refs_policy refs; /* for broker/change_removal.c; here all is done as with REFS_KEEP */
    uint64_t max_length;
    struct stream_id min_id;
    uint64_t limit; /* with approx: at most so many entries; 0: any number */
};
/* How many entries trimming would remove: all up to the id `upto`, which is left alone when there are none.
 * Changes nothing. */
uint64_t stream_trim_plan(const struct stream *s, const struct stream_trim *how, struct stream_id *upto);

/* Groups, by name. */
struct group *stream_group(const struct stream *s, struct slice name); /* NULL if absent */
size_t stream_group_count(const struct stream *s);
/* All groups in byte order of their names: an array for mem_free(), NULL when there are none. */
struct group **stream_groups_sorted(const struct stream *s, size_t *n);

/* What it remembers of idempotent producers; NULL: it never had one, nor limits of its own (store/idmp.h). */
const struct idmp *stream_idmp(const struct stream *s);

/* The generation of policies that its rules are of (broker/unsettled.h). */
#define STREAM_UNSETTLED UINT64_MAX
uint64_t stream_settled(const struct stream *s);
/* It has had a dead letter. */
/* It is so of that generation, and no queue. */
bool stream_is_plain(const struct stream *s, uint64_t generation);
bool stream_is_dlq(const struct stream *s);
/* What it knows of messages that are not in it (store/inbox.h); NULL: nothing. */
const struct inbox *stream_inbox(const struct stream *s);
/* Where the broker finds it when something in it is due (store/due_place.h); NULL: nothing ever was. */
struct due_place *stream_due_place(const struct stream *s);
/* When that is, at the earliest; INT64_MAX: nothing is. */
msec stream_due(const struct stream *s);

/* entries-read of a position, -1 if unknown, and lag, by the rules of Redis 8 (see the comments in stream.c).
 * A lag is below 0 where XSETID has made the stream forget what was added. */
#define STREAM_LAG_UNKNOWN INT64_MIN
int64_t stream_estimate_read(const struct stream *s, struct stream_id id);
int64_t stream_lag(const struct stream *s, const struct group *g);

void stream_check(const struct stream *s);

#endif
