/* stream_attrs.c - what is known of a message beside its fields. See stream_impl.h for the bytes. */
#include "stream_impl.h"

msec stream_next_arrival(const struct stream *s, msec now)
{
    return s && s->arrival > now ? s->arrival : now;
}

size_t attrs_put(uint8_t head[ATTRS_HEAD_MAX], const struct entry_attrs *a, struct stream_id id)
{
    uint64_t arrival = (uint64_t)a->arrival;
    uint8_t which = 0;
    size_t n = 1;

    if (a->arrival != entry_attrs_plain(id).arrival) {
        which |= ATTR_ARRIVAL;
        n += varint_put(head + n, zigzag(arrival - id.ms));
    }
    if (a->expires) {
        which |= ATTR_EXPIRES;
        n += varint_put(head + n, zigzag((uint64_t)a->expires - arrival));
    }
    if (a->level) {
        which |= ATTR_LEVEL;
        head[n++] = a->level;
    }
    if (a->group.n)
        which |= ATTR_GROUP;
    head[0] = which;
    return n;
}

static const uint8_t *values_end(const struct entry *e)
{
    const uint8_t *p = e->values;
    uint64_t len;

    for (uint32_t i = 0; i < e->fields; i++)
        p = number_get(p, &len) + len;
    return p;
}

void entry_attrs(const struct entry *e, struct entry_attrs *out)
{
    const uint8_t *p = values_end(e), *end = e->values + e->values_size;
    uint64_t v;
    uint8_t which;

    *out = entry_attrs_plain(e->id);
    if (p == end)
        return;
    which = *p++;
    if (which & ATTR_ARRIVAL) {
        p = varint_get(p, &v);
        out->arrival = (msec)(e->id.ms + unzigzag(v));
    }
    if (which & ATTR_EXPIRES) {
        p = varint_get(p, &v);
        out->expires = (msec)((uint64_t)out->arrival + unzigzag(v));
    }
    if (which & ATTR_LEVEL)
        out->level = *p++;
    if (which & ATTR_GROUP)
        out->group = (struct slice){(const char *)p, (size_t)(end - p)};
}
