/* proto/outbox.h - what is to be sent to one client: bytes, marks and a limit.
 *
 * A mark says: from this byte on, nothing may leave before the journal is safe up to that offset. That
 * is how a reply waits for the journal without stopping the commands behind it. Marks only rise, for
 * the journal does.
 *
 * Buffers come from a pool shared by all outboxes, so an idle client holds none.
 */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

#include "base/buf.h"
#include "base/list.h"
#include <stdbool.h>
#include <stdint.h>

#define OUTBOX_CHUNK ((size_t)32 * 1024) /* the size of a pooled buffer */

struct outbox_pool {
    char *spare[64];
    size_t n;
};
void outbox_pool_free(struct outbox_pool *pool);

struct outbox_mark {
    uint64_t pos;    /* bytes ever put in before it */
    uint64_t offset; /* of the journal */
};

struct outbox {
    struct outbox_pool *pool;
    struct buf b;              /* b.p + sent .. b.n is to go */
    size_t sent;               /* bytes of b already taken */
    uint64_t taken;            /* bytes ever taken: position of b.p + sent */
    struct outbox_mark *marks; /* a queue: marks[first .. first + n) */
    size_t first, n, cap;
    uint64_t offset; /* the mark in force for what is put in next */
    const uint64_t
        *limit;          /* bytes that may wait in it: borrowed, may change at any time; NULL, 0: no limit */
    struct list touched; /* linked while bytes were added since the last flush; the list is broker's */
    unsigned muted;      /* replies are dropped: OUTBOX_MUTED, OUTBOX_OVER; 0: they are not */
};

#define OUTBOX_MUTED 1u /* CLIENT REPLY OFF, SKIP */
#define OUTBOX_OVER  2u /* over its limit: something has been left out, so its client must be closed */

/* Nothing is to be heard of the next command, or is again. */
static inline void outbox_mute(struct outbox *o, bool on)
{
    o->muted = (o->muted & ~OUTBOX_MUTED) | (on ? OUTBOX_MUTED : 0);
}

void outbox_init(struct outbox *o, struct outbox_pool *pool);
void outbox_free(struct outbox *o);

/* All that is put in from here on waits for `offset`. Called once a command, after its changes and
 * before its first reply byte... or after: `from` is the position (outbox_pos()) the mark starts at, of
 * a byte that is still in the box or the next to come. What waits for more already goes on doing so. */
void outbox_mark(struct outbox *o, uint64_t from, uint64_t offset);

static inline uint64_t outbox_pos(const struct outbox *o) /* bytes ever put in */
{
    return o->taken + (o->b.n - o->sent);
}

static inline size_t outbox_pending(const struct outbox *o) /* bytes not yet taken */
{
    return o->b.n - o->sent;
}

/* More waits than may. What comes is not kept once the buffer would have to grow for it, so one command, or
 * one turn of others', costs no more memory than the limit is worth. */
static inline bool outbox_over(const struct outbox *o)
{
    return (o->muted & OUTBOX_OVER) || (o->limit && *o->limit && outbox_pending(o) > *o->limit);
}

void outbox_grow(struct outbox *o, size_t more); /* the slow half of outbox_reserve() */

/* Room for n bytes; the caller writes them and calls outbox_added(). */
static inline char *outbox_reserve(struct outbox *o, size_t n)
{
    if (o->b.cap - o->b.n < n)
        outbox_grow(o, n);
    return o->b.p + o->b.n;
}
static inline void outbox_added(struct outbox *o, size_t n)
{
    o->b.n += n;
}
void outbox_add(struct outbox *o, const void *p, size_t n);

/* Takes back everything put in since `pos` (a reply that is replaced by an error). Marks made since hold
 * for what comes instead. */
void outbox_rewind(struct outbox *o, uint64_t pos);
/* Opens a gap of n bytes at `pos` (a length that is known only now): where it starts. The gap waits for
 * what the byte at `pos` waits for. */
char *outbox_insert(struct outbox *o, uint64_t pos, size_t n);
/* Takes n bytes at `pos` away; what is behind moves up. */
void outbox_cut(struct outbox *o, uint64_t pos, size_t n);

/* What may leave now that the journal is safe up to `safe`: a view, good until the outbox changes. */
struct slice outbox_ready(const struct outbox *o, uint64_t safe);
/* The first n bytes have been sent. Drops passed marks; gives the buffer back when empty. */
void outbox_taken(struct outbox *o, size_t n);
size_t outbox_memory(const struct outbox *o);
void outbox_check(const struct outbox *o); /* must()s every invariant; for tests */

#endif
