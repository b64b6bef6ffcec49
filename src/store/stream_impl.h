/* stream_impl.h - the inside of a stream, for src/store/stream*.c.
 *
 *   stream.c        the stream as a whole: made, freed, copied, its numbers and its groups
 *   stream_block.c  one block: its bytes and its index
 *   stream_log.c    the blocks in their order: appended to, deleted from
 *   stream_read.c   walks and replies
 *   stream_attrs.c  attributes of an entry
 *   stream_trim.c   nodes, and trimming by them
 *   stream_queue.c  what is told to its groups when it is a queue
 *   stream_check.c  what is always true
 *
 * The log is a directory of blocks. A directory entry whose block is freed stays as a hole until the
 * front or the back reaches it, or half of the directory are holes:
 *
 *   dir  [first id, number, block] [first id, number, -] [first id, number, block] ...
 *
 * An entry in a block:
 *
 *   flags   1 byte
 *   ms      varint: what the id's ms is above that of the entry before it
 *   seq     varint: above that of the entry before it, less 1, if ms is 0; else the seq itself
 *   size    varint: bytes that follow
 *   names   ENTRY_NAMES: varint fields, varint size, then each name as varint length and bytes;
 *           else 2 bytes, low first: where in the block an earlier entry has the same names
 *   values  each as varint length and bytes
 *   attributes, if it has any: a byte that tells which (ATTR_), then of those there are
 *           arrival  varint: its distance from the id's ms, zigzag
 *           expires  varint: its distance from the arrival, zigzag
 *           level    1 byte
 *           group    the bytes of its name, up to the end of the entry
 *
 * The first entry counts from `base`, the id just below it.
 */
#ifndef STORE_STREAM_IMPL_H
#define STORE_STREAM_IMPL_H

#include "base/mem.h"
#include "base/num.h"
#include "store/queue_edit.h"
#include "store/stream_edit.h"
#include "store/totals.h"

#define ENTRY_NODE  1 /* a node starts here */
#define ENTRY_NAMES 2 /* has its names with it */

#define ATTR_ARRIVAL 1
#define ATTR_EXPIRES 2
#define ATTR_LEVEL   4
#define ATTR_GROUP   8

#define BLOCK_MIN    512u
#define BLOCK_OWN    (MEM_SLOT / 4) /* larger entries get a block of their own */
#define POINT_BYTES  4096u          /* an index point this often, or every STREAM_RUN entries */
#define SCHEMAS_KEPT 4
#define NO_SCHEMA    UINT32_MAX

/* The index of a block: where its nth entry is. They lie at the block's end, the first one last. */
struct point {
    struct stream_id before; /* id of the entry before it */
    uint32_t at, nth;
};

struct block {
    struct stream_id base; /* just below the first entry */
    struct stream_id last; /* of the last entry, live or not */
    uint64_t bytes;        /* of the live entries' names and values */
    uint64_t *gone;        /* bit nth: the entry is deleted; NULL until one is */
    uint32_t gone_words;   /* entries beyond are live */
    uint32_t size;         /* of the block with all that is in it; MEM_SLOT: it is a slot */
    uint32_t used;         /* bytes of entries */
    uint32_t n, live;      /* entries, and those that are live and not before the stream's front */
    uint32_t points;
    uint32_t marks;  /* nodes that start in it, not before the stream's front */
    bool node_start; /* the first entry starts a node though it has no mark: the mark was in a block
                      * that is gone */
    _Alignas(8) uint8_t data[];
};
#define BLOCK_HEAD offsetof(struct block, data)

struct span {
    struct stream_id first; /* of its first entry, live or not */
    uint64_t number;
    struct block *b; /* NULL: a hole */
};

/* Names of an entry in the tail, for the next one that has the same. */
struct schema {
    uint32_t at, fields, size;
};

/* A run of live entries that `~` removes together. */
struct node {
    uint64_t live;          /* 0: not known */
    struct stream_id last;  /* of its last live entry */
    struct stream_id reach; /* of its last entry, live or not, as far as the log remembers */
    bool open;              /* nothing comes after it */
};

struct stream {
    struct span *dir; /* dir[dir_at .. dir_at + dir_n); neither end is a hole */
    size_t dir_at, dir_n, dir_cap, holes;
    uint64_t next_number; /* of the next block; the last one is open if its number is one less */
    uint64_t length, added, bytes;
    msec arrival; /* of the message added last; not kept over a restart unless it is there */
    struct stream_id first_id, last_id, max_deleted;
    struct stream_pos front; /* the first live entry: what lies before it is deleted without a mark */
    bool front_mark;         /* it starts a node */
    bool ids_return;         /* see stream_ids_return() */
    uint64_t marks;          /* sum over blocks */
    size_t held;             /* bytes of blocks and of their marks of deletion */
    struct node first_node;  /* what trimming with `~` looks at first, once it has looked */
    struct {
        struct stream_id first, last;  /* last: live or not */
        uint64_t entries, live, bytes; /* entries ever; size as a listpack, about */
        bool kept;                     /* goes on though nothing in it is live */
    } tail_node;
    struct schema schema[SCHEMAS_KEPT]; /* of the open block */
    unsigned schema_next;
    struct stream_id referred; /* live entries below are referred to, but for what groups let go since */
    struct dict groups;
    struct group *recent;  /* found last: there are few, often one; NULL once it goes */
    struct idmp *idmp;     /* NULL until it is needed */
    struct inbox *inbox;   /* the same: delayed messages, dedup ids */
    struct due_place *due; /* the same: when there is something to do */
    struct queue *queue;   /* NULL: a plain stream */
    uint64_t settled;      /* the generation of policies that it was last looked at under */
    bool restricted;       /* it has had an entry that is for one group alone */
    bool own_ttls;         /* and one with a TTL of its own */
    bool dlq;              /* it has had a dead letter */
};

/* ---- bytes of an entry */

const uint8_t *number_get_long(const uint8_t *p, uint64_t *v); /* of three bytes or more */

/* Nearly all numbers of an entry take a byte, lengths now and then two. */
static inline const uint8_t *number_get(const uint8_t *p, uint64_t *v)
{
    if (__builtin_expect(p[0] < 0x80, 1)) {
        *v = p[0];
        return p + 1;
    }
    if (p[1] < 0x80) {
        *v = (p[0] & 0x7fu) | (unsigned)p[1] << 7;
        return p + 2;
    }
    return number_get_long(p, v);
}

/* An entry's head. */
struct raw {
    struct stream_id id;
    uint8_t flags;
    const uint8_t *body;
    uint32_t size;
};

/* Reads the head of the entry at p; where the next entry is. */
static inline const uint8_t *raw_read(const uint8_t *p, struct stream_id before, struct raw *r)
{
    uint64_t ms, seq, size;

    r->flags = *p;
    p = number_get(p + 1, &ms);
    p = number_get(p, &seq);
    p = number_get(p, &size);
    r->id.ms = before.ms + ms;
    r->id.seq = ms ? seq : before.seq + 1 + seq;
    r->body = p;
    r->size = (uint32_t)size;
    return p + size;
}

/* Reads the entry at the place, which must be in b, and moves past it. */
static inline void block_step(const struct block *b, struct stream_pos *pos, struct raw *r)
{
    pos->at = (uint32_t)(raw_read(b->data + pos->at, pos->before, r) - b->data);
    pos->before = r->id;
    pos->nth++;
}

static inline bool block_gone(const struct block *b, uint32_t nth)
{
    return nth / 64 < b->gone_words && (b->gone[nth / 64] >> nth % 64 & 1);
}

static inline bool block_mark(const struct block *b, const struct raw *r, uint32_t nth)
{
    return (r->flags & ENTRY_NODE) || (nth == 0 && b->node_start);
}

static inline struct point *block_point(const struct block *b, uint32_t i)
{
    return (struct point *)((uintptr_t)b + b->size) - 1 - i;
}

static inline size_t
block_room(const struct block *b) /* bytes left for an entry, and its point if it gets one */
{
    return b->size - BLOCK_HEAD - b->used - b->points * sizeof(struct point);
}

static inline bool block_point_due(const struct block *b) /* for the next entry */
{
    const struct point zero = {0}, *p = b->points ? block_point(b, b->points - 1) : &zero;

    return b->n - p->nth >= STREAM_RUN || b->used - p->at >= POINT_BYTES;
}

static inline struct stream_pos block_start(const struct block *b, uint64_t number)
{
    return (struct stream_pos){.block = number, .before = b->base};
}

static inline void entry_open(const struct block *b, const struct raw *r, struct entry *e)
{
    const uint8_t *p = r->body, *end = p + r->size;
    uint64_t fields, size;

    p = number_get(r->flags & ENTRY_NAMES ? p : b->data + (p[0] | (unsigned)p[1] << 8), &fields);
    p = number_get(p, &size);
    e->id = r->id;
    e->fields = (uint32_t)fields;
    e->names_size = (uint32_t)size;
    e->names = p;
    e->values = r->flags & ENTRY_NAMES ? p + size : r->body + 2;
    e->values_size = (uint32_t)(end - e->values);
}


/* ---- stream_attrs.c */

#define ATTRS_HEAD_MAX (1 + 2 * VARINT_MAX + 1)
/* All of the bytes but the group's; how many. They begin with `which`, 0: there is nothing to keep. */
size_t attrs_put(uint8_t head[ATTRS_HEAD_MAX], const struct entry_attrs *a, struct stream_id id);

/* ---- stream_block.c */

/* `held` of the stream counts what a block and its marks hold. */
struct block *block_new(struct stream *s, size_t size, struct stream_id base);
void block_free(struct stream *s, struct block *b);
struct block *block_copy(const struct block *b);
/* Moves it to a block of that size. */
struct block *block_resize(struct stream *s, struct block *b, size_t size);
void block_set_gone(struct stream *s, struct block *b, uint32_t nth);
/* How many of its points lie at or below an entry with an id of at least `from`. */
uint32_t block_points_below(const struct block *b, struct stream_id from);
struct stream_pos block_from_point(const struct block *b, uint64_t number, uint32_t points);
/* Just before the first entry with an id >= from, which must exist. */
void block_seek(const struct block *b, uint64_t number, struct stream_id from, struct stream_pos *pos);

/* ---- stream_log.c */

static inline struct span *dir_span(const struct stream *s, size_t i)
{
    return &s->dir[s->dir_at + i];
}

size_t dir_by_number(const struct stream *s, uint64_t number); /* first with a number >= that; dir_n: none */
bool dir_by_id(const struct stream *s, struct stream_id id, size_t *i); /* last with a first id <= that */
void dir_clear(struct stream *s, size_t blocks); /* frees so many from the front, for stream_free() */

/* The block the place is in, with the place moved out of what was deleted at the front and out of a block
 * that is gone; NULL at the end. */
struct block *log_block(const struct stream *s, struct stream_pos *pos);
/* The next entry, live or not, and its block; NULL at the end. */
const struct block *log_next(const struct stream *s, struct stream_pos *pos, struct raw *r);

/* The block the place is plainly in, just before an entry of it; NULL if it takes log_next() to tell. */
static inline const struct block *log_at(const struct stream *s, const struct stream_pos *pos)
{
    uint64_t i = pos->block - s->front.block; /* where it is in the directory, if no hole was taken out */
    const struct span *span;

    if (i >= s->dir_n || pos->at == 0 || (i == 0 && pos->at < s->front.at))
        return NULL;
    span = dir_span(s, i);
    return span->number == pos->block && span->b && pos->at < span->b->used ? span->b : NULL;
}

/* log_next() in a loop that changes nothing: b is what it returned last; log_at() or NULL at first. */
static inline const struct block *log_step(const struct stream *s, const struct block *b,
                                           struct stream_pos *pos, struct raw *r)
{
    if (!b || pos->at == b->used)
        return log_next(s, pos, r);
    block_step(b, pos, r);
    return b;
}

/* Deletes all up to that id. */
void log_drop_through(struct stream *s, struct stream_id upto);
/* The live entry with that id: its place and head; NULL if there is none. */
struct block *log_find(const struct stream *s, struct stream_id id, struct stream_pos *pos, struct raw *r);

/* ---- stream_trim.c */

/* The node of the first live entry at or above `from`, with that entry as its start; false without one. */
bool node_from(const struct stream *s, struct stream_id from, struct node *node);

#endif
