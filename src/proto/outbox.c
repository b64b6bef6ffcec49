/* proto/outbox.c - what is to be sent to one client: bytes, marks and a limit.
 *
 *     b.p          sent             b.n         cap
 *      |- gone -----|- to be sent ---|- room ----|
 *   position:     taken          outbox_pos()
 *
 * Marks are held by position, not by place in the buffer, so that moving bytes does not touch them. Both
 * their positions and their offsets rise strictly: a byte waits for the last mark at or before it.
 */
#include "proto/outbox.h"
#include "base/mem.h"

#define MARKS_KEPT 32 /* a queue of marks no longer than this outlives its last mark */

static char *pool_get(struct outbox_pool *pool)
{
    return pool->n ? pool->spare[--pool->n] : mem_alloc(OUTBOX_CHUNK);
}

static void pool_put(struct outbox_pool *pool, char *p)
{
    if (pool->n < sizeof pool->spare / sizeof *pool->spare)
        pool->spare[pool->n++] = p;
    else
        mem_free_sized(p, OUTBOX_CHUNK);
}

void outbox_pool_free(struct outbox_pool *pool)
{
    while (pool->n)
        mem_free_sized(pool->spare[--pool->n], OUTBOX_CHUNK);
}

void outbox_init(struct outbox *o, struct outbox_pool *pool)
{
    *o = (struct outbox){.pool = pool};
}

/* The buffer is as large as a pooled one exactly if it is one. */
static void buffer_give_back(struct outbox *o)
{
    if (o->b.cap == OUTBOX_CHUNK)
        pool_put(o->pool, o->b.p);
    else
        mem_free(o->b.p);
    o->b = (struct buf){0};
    o->sent = 0;
}

void outbox_free(struct outbox *o)
{
    list_remove(&o->touched);
    buffer_give_back(o);
    mem_free(o->marks);
    outbox_init(o, o->pool);
}

/* Moves what is to be sent to the front. Worth it once at least as much has gone: then each byte sent
 * pays for moving at most one. */
static void compact(struct outbox *o)
{
    size_t pending = outbox_pending(o);

    if (o->sent < pending)
        return;
    memmove(o->b.p, o->b.p + o->sent, pending);
    o->b.n = pending;
    o->sent = 0;
}

static void enlarge(struct outbox *o, size_t cap)
{
    struct buf old = o->b;

    if (old.cap != OUTBOX_CHUNK) {
        o->b.p = mem_realloc(old.p, cap);
    } else {
        o->b.p = mem_alloc(cap);
        memcpy(o->b.p, old.p, old.n);
        pool_put(o->pool, old.p);
    }
    o->b.cap = cap;
}

void outbox_grow(struct outbox *o, size_t more)
{
    size_t cap;

    if (!o->b.p && more <= OUTBOX_CHUNK) {
        o->b = (struct buf){.p = pool_get(o->pool), .cap = OUTBOX_CHUNK};
        return;
    }
    if (o->sent)
        compact(o);
    if (o->b.cap - o->b.n >= more)
        return;
    cap = o->b.cap > OUTBOX_CHUNK ? o->b.cap : OUTBOX_CHUNK;
    if (outbox_over(o)) /* room for this piece; no other comes */
        o->muted |= OUTBOX_OVER;
    else
        cap *= 2;
    enlarge(o, cap > o->b.n + more ? cap : o->b.n + more);
}

void outbox_add(struct outbox *o, const void *p, size_t n)
{
    if (!n)
        return;
    memcpy(outbox_reserve(o, n), p, n);
    o->b.n += n;
}

static struct outbox_mark *mark_last(const struct outbox *o) /* NULL when there is none */
{
    return o->n ? &o->marks[o->first + o->n - 1] : NULL;
}

/* Room for one more mark behind the last: at the front, if the dropped ones leave half of it. */
static void marks_room(struct outbox *o)
{
    if (o->first + o->n < o->cap)
        return;
    if (o->first > o->cap / 2) {
        memmove(o->marks, o->marks + o->first, o->n * sizeof *o->marks);
        o->first = 0;
        return;
    }
    o->cap = o->cap ? o->cap * 2 : 4;
    o->marks = mem_realloc(o->marks, o->cap * sizeof *o->marks);
}

/* A mark that starts before the last one (a command that ran others). It takes the place of those after
 * it that ask for no more. */
static void mark_between(struct outbox *o, struct outbox_mark mark)
{
    size_t end, at, keep;

    marks_room(o);
    end = at = o->first + o->n;
    while (at > o->first && o->marks[at - 1].pos >= mark.pos)
        at--;
    if (at > o->first && o->marks[at - 1].offset >= mark.offset)
        return;
    for (keep = at; keep < end && o->marks[keep].offset <= mark.offset; keep++)
        ;
    if (keep < end && o->marks[keep].pos == mark.pos)
        return;
    memmove(o->marks + at + 1, o->marks + keep, (end - keep) * sizeof *o->marks);
    o->marks[at] = mark;
    o->n = at + 1 + (end - keep) - o->first;
}

void outbox_mark(struct outbox *o, uint64_t from, uint64_t offset)
{
    struct outbox_mark *last = mark_last(o);

    must(from >= o->taken && from <= outbox_pos(o));
    if (offset <= o->offset && (!last || last->pos <= from))
        return;
    if (last && last->pos >= from) {
        mark_between(o, (struct outbox_mark){from, offset});
    } else {
        marks_room(o);
        o->marks[o->first + o->n++] = (struct outbox_mark){from, offset};
    }
    if (offset > o->offset)
        o->offset = offset;
}

void outbox_rewind(struct outbox *o, uint64_t pos)
{
    struct outbox_mark *last;

    must(pos >= o->taken && pos <= outbox_pos(o));
    o->b.n = o->sent + (size_t)(pos - o->taken);
    while (o->n > 1 && mark_last(o)[-1].pos >= pos) {
        mark_last(o)[-1].offset = mark_last(o)->offset;
        o->n--;
    }
    last = mark_last(o);
    if (last && last->pos > pos)
        last->pos = pos;
    if (o->b.p && o->b.n == o->sent)
        buffer_give_back(o);
}

char *outbox_insert(struct outbox *o, uint64_t pos, size_t n)
{
    size_t behind;
    char *at;

    must(pos >= o->taken && pos <= outbox_pos(o));
    behind = (size_t)(outbox_pos(o) - pos);
    at = outbox_reserve(o, n) - behind;
    if (behind)
        memmove(at + n, at, behind);
    o->b.n += n;
    for (size_t i = o->first + o->n; i > o->first && o->marks[i - 1].pos > pos; i--)
        o->marks[i - 1].pos += n;
    return at;
}

/* Of marks that come to stand at one place the last one holds. */
static void marks_cut(struct outbox *o, uint64_t pos, size_t n)
{
    size_t kept = o->first;

    for (size_t i = o->first; i < o->first + o->n; i++) {
        struct outbox_mark m = o->marks[i];

        if (m.pos > pos)
            m.pos = m.pos >= pos + n ? m.pos - n : pos;
        kept -= kept > o->first && o->marks[kept - 1].pos == m.pos;
        o->marks[kept++] = m;
    }
    o->n = kept - o->first;
}

void outbox_cut(struct outbox *o, uint64_t pos, size_t n)
{
    char *at = o->b.p + o->sent + (pos - o->taken);

    must(pos >= o->taken && pos + n <= outbox_pos(o));
    memmove(at, at + n, (size_t)(outbox_pos(o) - pos - n));
    o->b.n -= n;
    marks_cut(o, pos, n);
}

/* The first mark that asks for more than `safe`, as an index; first + n if none does. */
static size_t first_unsafe(const struct outbox *o, uint64_t safe)
{
    size_t low = o->first, high = o->first + o->n, mid;

    if (!o->n || o->offset <= safe)
        return high;
    while (low < high) {
        mid = low + (high - low) / 2;
        if (o->marks[mid].offset > safe)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

struct slice outbox_ready(const struct outbox *o, uint64_t safe)
{
    size_t i = first_unsafe(o, safe), n = outbox_pending(o);

    if (i < o->first + o->n)
        n = (size_t)(o->marks[i].pos - o->taken);
    return (struct slice){n ? o->b.p + o->sent : NULL, n};
}

/* A mark with a byte behind it sent has done its work: that byte could go, so all that wait for the same
 * can. One at the first byte still here has not. */
static void marks_drop(struct outbox *o)
{
    while (o->n && o->marks[o->first].pos < o->taken) {
        o->first++;
        o->n--;
    }
    if (o->n)
        return;
    o->first = 0;
    if (o->cap > MARKS_KEPT) {
        mem_free_sized(o->marks, o->cap * sizeof *o->marks);
        o->marks = NULL;
        o->cap = 0;
    }
}

void outbox_taken(struct outbox *o, size_t n)
{
    must(n <= outbox_pending(o));
    o->sent += n;
    o->taken += n;
    marks_drop(o);
    if (o->b.p && o->sent == o->b.n)
        buffer_give_back(o);
}

size_t outbox_memory(const struct outbox *o)
{
    return o->b.cap + o->cap * sizeof *o->marks;
}

void outbox_check(const struct outbox *o)
{
    must(o->sent <= o->b.n && o->b.n <= o->b.cap && !o->b.p == !o->b.cap);
    must(o->first + o->n <= o->cap && o->pool->n <= sizeof o->pool->spare / sizeof *o->pool->spare);
    for (size_t i = o->first; i < o->first + o->n; i++) {
        must(o->marks[i].pos >= o->taken && o->marks[i].pos <= outbox_pos(o));
        must(o->marks[i].offset <= o->offset);
        must(i == o->first ||
             (o->marks[i - 1].pos < o->marks[i].pos && o->marks[i - 1].offset < o->marks[i].offset));
    }
    must(!o->n || mark_last(o)->offset == o->offset);
}
