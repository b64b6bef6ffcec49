/* broker/change_stream.h - changes of streams and their groups. See broker/change.h. */
#ifndef BROKER_CHANGE_STREAM_H
#define BROKER_CHANGE_STREAM_H

#include "broker/change.h"
#include "store/group.h"
#include "store/idmp.h"
#include "store/stream.h"

/* Appends a message, making the stream if need be, then trims (`trim` may be NULL). The id is from
 * stream_next_id(); `text` is the same, as the caller has it for his reply. `attrs`: what there is to know of
 * it beside its fields; NULL: nothing. `as`: what names it to its producer, to be remembered; or NULL. */
void change_xadd(struct broker *b, int db, struct slice name, struct stream_id id, struct slice text,
                 const struct slice *field, size_t n, const struct entry_attrs *attrs,
                 const struct stream_trim *trim, const struct idmp_name *as);
/* Trims; how many entries went. Records the outcome. */
uint64_t change_xtrim(struct broker *b, int db, struct slice name, const struct stream_trim *how);
/* Deletes the entries that exist among `id`; how many. */
uint64_t change_xdel(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n);
/* Deletes entries with regard to the groups that refer to them. What became of each id is in `outcome`.
 * `of` is a group that acknowledges them first, and what is not pending there is left alone; NULL: all are
 * deleted. */
enum removal {
    REMOVAL_NONE = -1,  /* there was nothing */
    REMOVAL_DONE = 1,   /* deleted (if acknowledged, it may have been gone already) */
    REMOVAL_SPARED = 2, /* still referred to */
};
void change_remove(struct broker *b, int db, struct slice name, struct group *of, enum refs_policy refs,
                   const struct stream_id *id, size_t n, int8_t *outcome);
/* Replay of RECORD_DROP: false if one of them is not there. */
bool change_replay_drop(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n);
void change_xsetid(struct broker *b, int db, struct slice name, struct stream_id last, uint64_t added,
                   struct stream_id max_deleted);

/* Makes the stream too if it is absent (MKSTREAM). */
void change_group_create(struct broker *b, int db, struct slice name, struct slice group, struct stream_id id,
                         int64_t entries_read);
void change_group_setid(struct broker *b, int db, struct slice name, struct group *g, struct stream_id id,
                        int64_t entries_read);
void change_group_destroy(struct broker *b, int db, struct slice name, struct group *g);
struct consumer *change_consumer_create(struct broker *b, int db, struct slice name, struct group *g,
                                        struct slice consumer, msec now);
/* How many pending entries went with it. */
size_t change_consumer_delete(struct broker *b, int db, struct slice name, struct group *g,
                              struct consumer *c);

/* Soft state, so without a record: the consumer tried (seen), and (active) got something. */
void change_consumer_seen(struct group *g, struct consumer *c, msec now);
void change_consumers_asked(struct group *g, msec now); /* those who wait have been seen: backlog.asked */
void change_consumer_set_aside(struct group *g, struct consumer *c); /* group_consumer_set_aside() */
void change_consumer_active(struct consumer *c, msec now);

/* Delivery of new messages: open, then next() for each, then close, which records them as one and marks
 * the consumer active. Nothing else may change in between, nor is the group to be looked at: it learns of the
 * messages some at a time, for that is cheaper. */
#define DELIVERY_ROOM 32
struct delivery {
    struct change ch;
    struct group *group;
    struct consumer *consumer; /* who gets them */
    bool noack;
    msec time;
    struct stream_pos pos;
    struct stream_id first;
    uint64_t n; /* those that the group has been told of: all, once it is closed */
    size_t gathered;
    struct stream_id id[DELIVERY_ROOM]; /* what the group has not been told yet */
};
void change_deliver_open(struct delivery *d, struct broker *b, int db, struct slice name, struct group *g,
                         struct consumer *c, bool noack, msec now);
/* The next new message, now delivered; a view good until the next change of the stream. */
bool change_deliver_next(struct delivery *d, struct entry *e);
void change_deliver_close(struct delivery *d);

/* One consumer takes hold of messages that are (or are made) pending: claims, history. Those found to be
 * gone from the stream may be dropped on the way. Without a consumer they are given back instead, one behind
 * the other (XNACK); `time` is then of no matter. */
#define HOLDING_ROOM 16
struct held {
    struct stream_id id;
    uint64_t count;
};
struct holding {
    struct change ch;
    struct group *group;
    struct consumer *consumer;
    msec time;
    bool later;        /* they change hands when it is closed */
    struct held *held; /* gathered for the record */
    size_t n, cap;
    struct stream_id *dropped;
    size_t dropped_n, dropped_cap;
    struct held room[HOLDING_ROOM]; /* what `held` is while it suffices */
    const struct list *at[LEVELS_MAX], *extended; /* claims of a queue: whose turn it is in each line */
};
void change_hold_open(struct holding *h, struct broker *b, int db, struct slice name, struct group *g,
                      struct consumer *c, msec time);
/* The same to claim what has been pending for longest: whoever is asked for the next one must not meet those
 * that are claimed already, so that they change hands when it is closed. */
void change_claim_open(struct holding *h, struct broker *b, int db, struct slice name, struct group *g,
                       struct consumer *c, msec time);
/* The next to claim that was delivered at or before `until`, or given back. It is set aside: who does not
 * claim it, because its message is gone, does not get it again. */
bool change_claim_next(struct holding *h, msec until, struct pending *p);
void change_hold(struct holding *h, struct stream_id id, uint64_t count);
/* It is pending no more, whoever had it. */
void change_hold_drop(struct holding *h, struct stream_id id);
void change_hold_close(struct holding *h);

/* Acknowledges those that are pending; how many. `text`: the ids as the client wrote them. */
size_t change_xack(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   const struct slice *text, size_t n);
/* XCLAIM LASTID, and NOACK's replay: the position alone moves. */
void change_group_skip(struct broker *b, int db, struct slice name, struct group *g, struct stream_id last,
                       int64_t entries_read);
/* Replays of RECORD_DELIVER: false if the stream does not hold these messages. */
bool change_replay_deliver(struct broker *b, int db, struct slice name, struct group *g, struct consumer *c,
                           msec time, struct stream_id first, struct stream_id last, uint64_t n,
                           int64_t entries_read);

#endif
