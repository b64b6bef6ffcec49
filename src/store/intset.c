/* store/intset.c - see store/intset.h. */
#include "store/intset.h"
#include "base/mem.h"

#include <string.h>

static uint8_t width_of(int64_t v)
{
    if (v >= INT16_MIN && v <= INT16_MAX)
        return 2;
    return v >= INT32_MIN && v <= INT32_MAX ? 4 : 8;
}

int64_t intset_at(const struct intset *s, uint32_t i)
{
    const unsigned char *p = s->p + (size_t)i * s->width;
    int64_t v8;
    int32_t v4;
    int16_t v2;

    if (s->width == 2) {
        memcpy(&v2, p, sizeof v2);
        return v2;
    }
    if (s->width == 4) {
        memcpy(&v4, p, sizeof v4);
        return v4;
    }
    memcpy(&v8, p, sizeof v8);
    return v8;
}

static void set_at(struct intset *s, uint32_t i, int64_t v)
{
    unsigned char *p = s->p + (size_t)i * s->width;
    int32_t v4 = (int32_t)v;
    int16_t v2 = (int16_t)v;

    if (s->width == 2)
        memcpy(p, &v2, sizeof v2);
    else if (s->width == 4)
        memcpy(p, &v4, sizeof v4);
    else
        memcpy(p, &v, sizeof v);
}

bool intset_find(const struct intset *s, int64_t v, uint32_t *at)
{
    uint32_t low = 0, high = s->n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (intset_at(s, mid) < v)
            low = mid + 1;
        else
            high = mid;
    }
    *at = low;
    return low < s->n && intset_at(s, low) == v;
}

size_t intset_memory(const struct intset *s)
{
    return sizeof *s + (size_t)s->n * s->width;
}

struct intset *intset_new(void)
{
    struct intset *s = mem_alloc(sizeof *s);

    *s = (struct intset){.width = 2};
    return s;
}

struct intset *intset_copy(const struct intset *s)
{
    struct intset *copy = mem_alloc(intset_memory(s));

    memcpy(copy, s, intset_memory(s));
    return copy;
}

/* All as wide as this one: from the last, for each moves up. */
static struct intset *widen(struct intset *s, uint8_t width)
{
    struct intset old;

    s = mem_realloc(s, sizeof *s + (size_t)s->n * width);
    old = *s;
    for (uint32_t i = s->n; i-- > 0;) {
        int64_t v = intset_at(s, i);

        s->width = width;
        set_at(s, i, v);
        s->width = old.width;
    }
    s->width = width;
    return s;
}

struct intset *intset_insert(struct intset *s, uint32_t at, int64_t v)
{
    if (width_of(v) > s->width)
        s = widen(s, width_of(v));
    s = mem_realloc(s, intset_memory(s) + s->width);
    memmove(s->p + (size_t)(at + 1) * s->width, s->p + (size_t)at * s->width, (size_t)(s->n - at) * s->width);
    s->n++;
    set_at(s, at, v);
    return s;
}

struct intset *intset_remove(struct intset *s, uint32_t at)
{
    s->n--;
    memmove(s->p + (size_t)at * s->width, s->p + (size_t)(at + 1) * s->width, (size_t)(s->n - at) * s->width);
    return mem_realloc(s, intset_memory(s));
}

void intset_check(const struct intset *s)
{
    must(s->width == 2 || s->width == 4 || s->width == 8);
    for (uint32_t i = 1; i < s->n; i++)
        must(intset_at(s, i - 1) < intset_at(s, i));
}
