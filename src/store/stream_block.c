/* stream_block.c - one block of a stream's log. */
#include "stream_impl.h"

const uint8_t *number_get_long(const uint8_t *p, uint64_t *v)
{
    return varint_get(p, v);
}

static struct block *block_alloc(size_t size)
{
    return size == MEM_SLOT ? mem_slot_alloc() : mem_alloc(size);
}

static void block_release(struct block *b)
{
    if (b->size == MEM_SLOT)
        mem_slot_free(b);
    else
        mem_free_sized(b, b->size);
}

struct block *block_new(struct stream *s, size_t size, struct stream_id base)
{
    struct block *b = block_alloc(size);

    *b = (struct block){.base = base, .last = base, .size = (uint32_t)size};
    s->held += size;
    return b;
}

void block_free(struct stream *s, struct block *b)
{
    s->held -= b->size + b->gone_words * sizeof(*b->gone);
    mem_free_sized(b->gone, b->gone_words * sizeof(*b->gone));
    block_release(b);
}

/* The same content in a block of another size: entries at its start, points at its end. */
static struct block *block_move(const struct block *b, size_t size)
{
    struct block *to = block_alloc(size);

    memcpy(to, b, BLOCK_HEAD + b->used);
    to->size = (uint32_t)size;
    if (b->points)
        memcpy(block_point(to, b->points - 1), block_point(b, b->points - 1),
               b->points * sizeof(struct point));
    return to;
}

struct block *block_copy(const struct block *b)
{
    struct block *to = block_move(b, b->size);

    if (b->gone) {
        to->gone = mem_alloc(b->gone_words * sizeof(*b->gone));
        memcpy(to->gone, b->gone, b->gone_words * sizeof(*b->gone));
    }
    return to;
}

struct block *block_resize(struct stream *s, struct block *b, size_t size)
{
    struct block *to = block_move(b, size);

    s->held += size - b->size;
    block_release(b);
    return to;
}

void block_set_gone(struct stream *s, struct block *b, uint32_t nth)
{
    uint32_t words = b->gone_words;

    if (nth / 64 >= words) {
        words = b->n / 64 + 1;
        b->gone = mem_realloc(b->gone, words * sizeof(*b->gone));
        memset(b->gone + b->gone_words, 0, (words - b->gone_words) * sizeof(*b->gone));
        s->held += (words - b->gone_words) * sizeof(*b->gone);
        b->gone_words = words;
    }
    b->gone[nth / 64] |= UINT64_C(1) << nth % 64;
}

uint32_t block_points_below(const struct block *b, struct stream_id from)
{
    uint32_t low = 0, high = b->points;

    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (stream_id_cmp(block_point(b, mid)->before, from) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct stream_pos block_from_point(const struct block *b, uint64_t number, uint32_t points)
{
    const struct point *p;

    if (points == 0)
        return block_start(b, number);
    p = block_point(b, points - 1);
    return (struct stream_pos){number, p->at, p->nth, p->before};
}

void block_seek(const struct block *b, uint64_t number, struct stream_id from, struct stream_pos *pos)
{
    struct stream_pos next = block_from_point(b, number, block_points_below(b, from));
    struct raw r;

    do {
        *pos = next;
        block_step(b, &next, &r);
    } while (stream_id_cmp(r.id, from) < 0);
}
