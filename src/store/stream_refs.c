/* stream_refs.c - see store/stream_refs.h. */
#include "store/stream_refs.h"
#include "base/mem.h"
#include "store/group.h"

void refs_open(struct refs *r, const struct stream *s)
{
    r->group = stream_groups_sorted(s, &r->n);
    r->reached = STREAM_ID_MAX;
    for (size_t i = 0; i < r->n; i++)
        if (stream_id_cmp(r->group[i]->last_id, r->reached) < 0)
            r->reached = r->group[i]->last_id;
}

void refs_close(struct refs *r)
{
    mem_free(r->group);
}

bool refs_hold(const struct refs *r, struct stream_id id)
{
    struct pending p;

    if (stream_id_cmp(id, r->reached) > 0)
        return true;
    for (size_t i = 0; i < r->n; i++)
        if (pel_find(&r->group[i]->pel, id, &p))
            return true;
    return false;
}
