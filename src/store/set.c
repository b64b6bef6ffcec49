/* store/set.c - see store/set.h. */
#include "base/mem.h"
#include "store/hash_edit.h"
#include "store/set_edit.h"

struct set {
    struct intset *ints; /* NULL: in the hash */
    struct hash *hash;
};

size_t set_count(const struct set *s)
{
    return s->ints ? s->ints->n : hash_count(s->hash);
}

enum set_form set_form(const struct set *s)
{
    if (s->ints)
        return SET_INTSET;
    return hash_packed(s->hash) ? SET_PACKED : SET_TABLE;
}

size_t set_memory(const struct set *s)
{
    return sizeof *s + (s->ints ? intset_memory(s->ints) : hash_memory(s->hash));
}

bool set_has(const struct set *s, struct slice member)
{
    struct hash_item item;
    uint32_t at;
    int64_t v;

    if (s->ints)
        return num_i64(member, &v) && intset_find(s->ints, v, &at);
    return hash_get(s->hash, member, &item);
}

static void int_item(const struct set *s, uint32_t i, struct set_item *out)
{
    char *digits = out->room.room[0].digits;

    out->member = (struct slice){digits, num_put_i64(digits, intset_at(s->ints, i))};
}

void set_random(const struct set *s, uint64_t r, struct set_item *out)
{
    if (s->ints) {
        int_item(s, (uint32_t)(r % s->ints->n), out);
    } else {
        hash_random(s->hash, r, &out->room);
        out->member = out->room.field;
    }
}

void set_iter_begin(struct set_iter *it, const struct set *s)
{
    it->s = s;
    it->at = 0;
    if (!s->ints)
        hash_iter_begin(&it->hash, s->hash);
}

bool set_iter_next(struct set_iter *it)
{
    if (!it->s->ints) {
        if (!hash_iter_next(&it->hash))
            return false;
        it->item.member = it->hash.item.field;
        return true;
    }
    if (it->at == it->s->ints->n)
        return false;
    int_item(it->s, it->at++, &it->item);
    return true;
}

void set_iter_end(struct set_iter *it)
{
    if (!it->s->ints)
        hash_iter_end(&it->hash);
}

struct scan {
    void (*fn)(struct slice member, void *arg);
    void *arg;
};

static void scan_item(const struct hash_item *item, void *arg)
{
    struct scan *s = arg;

    s->fn(item->field, s->arg);
}

uint64_t set_scan(const struct set *s, uint64_t cursor, void (*fn)(struct slice member, void *arg), void *arg)
{
    struct scan scan = {fn, arg};
    struct set_item item;

    if (!s->ints)
        return hash_scan(s->hash, cursor, scan_item, &scan);
    for (uint32_t i = 0; i < s->ints->n; i++) {
        int_item(s, i, &item);
        fn(item.member, arg);
    }
    return 0;
}

struct set *set_new(void)
{
    struct set *s = mem_alloc(sizeof *s);

    *s = (struct set){.ints = intset_new()};
    return s;
}

void set_free(struct set *s)
{
    if (s->ints)
        mem_free(s->ints);
    else
        hash_free(s->hash);
    mem_free(s);
}

bool set_free_some(struct set *s, size_t n)
{
    if (s->ints)
        mem_free(s->ints);
    else if (!hash_free_some(s->hash, n))
        return false;
    mem_free(s);
    return true;
}

struct set *set_copy(const struct set *s)
{
    struct set *copy = mem_alloc(sizeof *copy);

    *copy = (struct set){0};
    if (s->ints)
        copy->ints = intset_copy(s->ints);
    else
        copy->hash = hash_copy(s->hash);
    return copy;
}

/* The numbers leave the array for the compact form if they and `more` fit there, else for the table. */
static void to_hash(struct set *s, size_t more, const struct shape *shape)
{
    struct intset *ints = s->ints;
    struct set_item item;

    s->hash = hash_new(false);
    hash_reserve(s->hash, ints->n + more, shape->set, shape->seed);
    for (uint32_t i = 0; i < ints->n; i++) {
        int_item(s, i, &item);
        hash_put(s->hash, item.member, SLICE(""), shape->set, shape->seed);
    }
    mem_free(ints);
    s->ints = NULL;
}

bool set_add(struct set *s, struct slice member, const struct shape *shape)
{
    uint32_t at;
    int64_t v;

    if (s->ints && num_i64(member, &v)) {
        if (intset_find(s->ints, v, &at))
            return false;
        if (s->ints->n < shape->intset_items) {
            s->ints = intset_insert(s->ints, at, v);
            return true;
        }
        to_hash(s, UINT32_MAX, shape); /* what is too much for an array of numbers is for the table */
    }
    if (s->ints)
        to_hash(s, 1, shape);
    return hash_put(s->hash, member, SLICE(""), shape->set, shape->seed);
}

bool set_remove(struct set *s, struct slice member)
{
    uint32_t at;
    int64_t v;

    if (!s->ints)
        return hash_remove(s->hash, member);
    if (!num_i64(member, &v) || !intset_find(s->ints, v, &at))
        return false;
    s->ints = intset_remove(s->ints, at);
    return true;
}

void set_check(const struct set *s)
{
    must(!s->ints != !s->hash);
    if (s->ints)
        intset_check(s->ints);
    else
        hash_check(s->hash);
}
