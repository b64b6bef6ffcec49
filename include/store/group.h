/* store/group.h - a consumer group: how far it has read, its consumers, and what is pending. */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "base/dict.h"
#include "base/list.h"
#include "store/backlog.h"
#include "store/stream.h"

#define GROUP_CONSUMERS_MAX PEL_NO_OWNER /* refused beyond, at the door */

struct consumer {
    uint32_t slot;       /* its number in the group: what pending entries name as owner */
    size_t pending;      /* entries it holds */
    msec seen;           /* last attempt; soft state, not journaled */
    msec active;         /* last success; -1: never; soft */
    struct list line;    /* in group.by_seen; it may be set aside from there while it holds something */
    struct list gone;    /* in group.gone, if there */
    struct list readers; /* connections that read as it: broker/change_reader.h */
    uint32_t name_len;
    char name[];
};

static inline struct slice consumer_name(const struct consumer *c)
{
    return (struct slice){c->name, c->name_len};
}

struct group {
    struct stream_id last_id; /* last delivered */
    int64_t entries_read;     /* -1: unknown */
    struct pel pel;
    size_t nacked;             /* pending entries given back, not those of a queue */
    msec given;                /* the number the last one given back got: their order */
    struct stream_id let_go;   /* lowest id that is pending no more since a trim looked (stream_refs.h) */
    struct backlog *backlog;   /* NULL: the stream is no queue */
    struct dict consumers;     /* by name */
    struct consumer **slot;    /* by number; NULL where free */
    struct list by_seen;       /* consumers, whoever was seen last at the end */
    struct list gone;          /* those whose connections have closed, until somebody has dealt with it */
    struct consumer *recent;   /* found last: the next request is probably of the same; NULL once it goes */
    uint32_t slots, free_slot; /* length of slot; first number that may be free */
    struct stream_pos next;    /* where reading goes on: just after last_id, when next_good */
    bool next_good;
    bool aside; /* something pending may be set aside */
    uint32_t name_len;
    char name[];
};

static inline struct slice group_name(const struct group *g)
{
    return (struct slice){g->name, g->name_len};
}

struct consumer *group_consumer(const struct group *g, struct slice name);    /* NULL if absent */
struct consumer *group_owner(const struct group *g, const struct pending *e); /* NULL: nobody */
/* All consumers in byte order of their names: an array for mem_free(), NULL when there are none. */
struct consumer **group_consumers_sorted(const struct group *g, size_t *n);
/* Who was not seen for longest, of those that are not set aside; NULL: none. */
struct consumer *group_longest_unseen(const struct group *g);
/* Those given back, in their order; an array as above. */
struct pending *group_nacked_sorted(const struct group *g, size_t *n);
/* It is neither behind the position, nor pending, nor passed: were it there, it would be NEW. */
bool group_is_new(const struct group *g, struct stream_id id);
size_t group_memory(const struct group *g);
void group_check(const struct group *g);

#endif
