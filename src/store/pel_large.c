/* store/pel_large.c - counts of deliveries that do not fit into a record of the pending entries. Nobody
 * delivers a message 2^40 times, but RETRYCOUNT may say so: few records, or a client's whim, so that what
 * they cost must not grow the others. They lie in a tree of the same kind, by the same ids, a count's 63 bits
 * told as time and count. See pel_tree.h. */
#include "pel_tree.h"

#define LOW 32 /* bits of a count that are kept as the count; the others are the time */

void pel_large_add(struct pel *p, struct stream_id id, uint64_t count)
{
    struct pending e = {
        .id = id, .time = (msec)(count >> LOW), .count = (uint32_t)count, .owner = PEL_NO_OWNER};

    if (!p->large) {
        p->large = mem_alloc(sizeof *p->large);
        pel_init(p->large);
    }
    pel_put(p->large, &e, NULL);
}

static uint64_t whole(const struct pending *e)
{
    return (uint64_t)e->time << LOW | e->count;
}

bool pel_large_take(struct pel *p, struct stream_id id, uint64_t *count)
{
    struct pending e;

    if (!pel_remove(p->large, id, &e))
        return false;
    *count = whole(&e);
    if (pel_count(p->large) == 0) {
        mem_free(p->large);
        p->large = NULL;
    }
    return true;
}

void pel_large_read(const struct pel *p, struct pending *e)
{
    struct pending large;

    if (e->count == PEL_COUNT_MAX && pel_find(p->large, e->id, &large))
        e->count = whole(&large);
}

size_t pel_large_memory(const struct pel *p)
{
    return sizeof *p->large + pel_memory(p->large);
}

void pel_large_check(const struct pel *p)
{
    struct pel_pos pos;
    struct pending e, large;

    must(pel_count(p->large) > 0 && !p->large->large);
    pel_check(p->large);
    pel_start(p->large, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &large)) {
        must(count_is_large(whole(&large)));
        must(pel_find(p, large.id, &e) && e.count == whole(&large));
    }
}
