/* store/hash.c - see store/hash.h.
 *
 * In the table an entry is one block: varint field length, field, varint value length, value; the last two
 * only where there are values. */
#include "base/mem.h"
#include "store/hash_edit.h"
#include "store/packed_edit.h"

struct hash_table {
    struct dict d;
    size_t bytes;             /* of the entries */
    struct dict_iter *burial; /* while it is freed bit by bit */
};

struct hash {
    bool with_values;
    struct packed *small; /* NULL: in the table */
    struct hash_table *large;
};

/* --- entries of the table --- */

static size_t text_size(size_t n)
{
    return varint_size(n) + n;
}

static const uint8_t *text_get(const uint8_t *p, struct slice *out)
{
    uint64_t n;

    p = varint_get(p, &n);
    *out = (struct slice){(const char *)p, n};
    return p + n;
}

static uint8_t *text_put(uint8_t *p, struct slice text)
{
    p += varint_put(p, text.n);
    if (text.n)
        memcpy(p, text.p, text.n);
    return p + text.n;
}

static struct slice entry_field(const void *entry)
{
    struct slice field;

    text_get(entry, &field);
    return field;
}

static size_t entry_size(const struct hash *h, const uint8_t *entry)
{
    struct slice text;
    const uint8_t *end = text_get(entry, &text);

    if (h->with_values)
        end = text_get(end, &text);
    return (size_t)(end - entry);
}

static void entry_view(const struct hash *h, const uint8_t *entry, struct hash_item *out)
{
    entry = text_get(entry, &out->field);
    out->value = SLICE("");
    if (h->with_values)
        text_get(entry, &out->value);
}

static uint8_t *entry_new(struct hash *h, struct slice field, struct slice value)
{
    size_t n = text_size(field.n) + (h->with_values ? text_size(value.n) : 0);
    uint8_t *entry = mem_alloc(n), *p = text_put(entry, field);

    if (h->with_values)
        text_put(p, value);
    h->large->bytes += n;
    return entry;
}

static void entry_free(struct hash *h, uint8_t *entry)
{
    size_t n = entry_size(h, entry);

    h->large->bytes -= n;
    mem_free_sized(entry, n);
}

static const struct dict_type entries = {.key = entry_field, .free = mem_free};
/* While it is dismantled: the entries are gone already. */
static const struct dict_type remains = {.key = entry_field, .free = NULL};

/* --- reading --- */

static uint32_t stride(const struct hash *h)
{
    return h->with_values ? 2 : 1;
}

size_t hash_count(const struct hash *h)
{
    return h->small ? h->small->n / stride(h) : dict_count(&h->large->d);
}

bool hash_packed(const struct hash *h)
{
    return h->small != NULL;
}

size_t hash_memory(const struct hash *h)
{
    if (h->small)
        return sizeof *h + packed_memory(h->small);
    return sizeof *h + sizeof *h->large + dict_memory(&h->large->d) + h->large->bytes;
}

/* The pair at `at`; where the next one begins, or 0 at the end. */
static bool packed_view(const struct hash *h, uint32_t at, struct hash_item *out)
{
    if (!packed_read(h->small, at, &out->room[0]))
        return false;
    out->field = out->room[0].text;
    out->value = SLICE("");
    out->room[1].next = out->room[0].next;
    if (h->with_values && packed_read(h->small, out->room[0].next, &out->room[1]))
        out->value = out->room[1].text;
    return true;
}

bool hash_get(const struct hash *h, struct slice field, struct hash_item *out)
{
    const uint8_t *entry;
    uint32_t at;

    if (h->small)
        return packed_find(h->small, field, stride(h), &at) && packed_view(h, at, out);
    entry = dict_find(&h->large->d, field);
    if (entry)
        entry_view(h, entry, out);
    return entry != NULL;
}

void hash_random(const struct hash *h, uint64_t r, struct hash_item *out)
{
    if (h->small)
        packed_view(h, packed_seek(h->small, (uint32_t)(r % hash_count(h)) * stride(h)), out);
    else
        entry_view(h, dict_random(&h->large->d, r), out);
}

void hash_iter_begin(struct hash_iter *it, const struct hash *h)
{
    it->h = h;
    it->at = 0;
    if (!h->small)
        dict_iter_begin(&it->dict, &h->large->d);
}

bool hash_iter_next(struct hash_iter *it)
{
    const uint8_t *entry;

    if (it->h->small) {
        if (!packed_view(it->h, it->at, &it->item))
            return false;
        it->at = it->item.room[1].next;
        return true;
    }
    entry = dict_iter_next(&it->dict);
    if (entry)
        entry_view(it->h, entry, &it->item);
    return entry != NULL;
}

void hash_iter_end(struct hash_iter *it)
{
    if (!it->h->small)
        dict_iter_end(&it->dict);
}

struct scan {
    const struct hash *h;
    void (*fn)(const struct hash_item *item, void *arg);
    void *arg;
};

static void scan_entry(void *entry, void *arg)
{
    struct scan *s = arg;
    struct hash_item item;

    entry_view(s->h, entry, &item);
    s->fn(&item, s->arg);
}

uint64_t hash_scan(const struct hash *h, uint64_t cursor, void (*fn)(const struct hash_item *item, void *arg),
                   void *arg)
{
    struct scan s = {h, fn, arg};
    struct hash_item item;

    if (!h->small)
        return dict_scan(&h->large->d, cursor, scan_entry, &s);
    for (uint32_t at = 0; packed_view(h, at, &item); at = item.room[1].next)
        fn(&item, arg);
    return 0;
}

/* --- making and freeing --- */

struct hash *hash_new(bool with_values)
{
    struct hash *h = mem_alloc(sizeof *h);

    *h = (struct hash){.with_values = with_values, .small = packed_new()};
    return h;
}

static void table_free(struct hash *h)
{
    if (h->large->burial) {
        dict_iter_end(h->large->burial);
        mem_free(h->large->burial);
    }
    dict_clear(&h->large->d);
    mem_free(h->large);
}

void hash_free(struct hash *h)
{
    if (h->small)
        packed_free(h->small);
    else
        table_free(h);
    mem_free(h);
}

bool hash_free_some(struct hash *h, size_t n)
{
    struct hash_table *t = h->large;
    void *entry;

    if (t && !t->burial) {
        t->burial = mem_alloc(sizeof *t->burial);
        dict_iter_begin(t->burial, &t->d);
        t->d.type = &remains;
    }
    while (t && n-- > 0) {
        if (!(entry = dict_iter_next(t->burial)))
            break;
        mem_free(entry);
        if (n == 0)
            return false;
    }
    hash_free(h);
    return true;
}

static void to_table(struct hash *h, const struct hash_seed *seed)
{
    struct hash_item item;

    h->large = mem_alloc(sizeof *h->large);
    *h->large = (struct hash_table){0};
    dict_init(&h->large->d, &entries, seed);
    for (uint32_t at = 0; packed_view(h, at, &item); at = item.room[1].next)
        dict_add(&h->large->d, entry_new(h, item.field, item.value));
    packed_free(h->small);
    h->small = NULL;
}

struct hash *hash_copy(const struct hash *h)
{
    struct hash *copy = hash_new(h->with_values);
    struct hash_iter it;

    if (h->small) {
        packed_free(copy->small);
        copy->small = packed_copy(h->small);
        return copy;
    }
    to_table(copy, h->large->d.seed);
    hash_iter_begin(&it, h);
    while (hash_iter_next(&it))
        dict_add(&copy->large->d, entry_new(copy, it.item.field, it.item.value));
    hash_iter_end(&it);
    return copy;
}

/* --- changing --- */

static bool table_put(struct hash *h, struct slice field, struct slice value)
{
    uint8_t *entry = entry_new(h, field, value);

    if (dict_find(&h->large->d, field)) {
        entry_free(h, dict_replace(&h->large->d, entry));
        return false;
    }
    dict_add(&h->large->d, entry);
    return true;
}

static bool packed_put(struct hash *h, struct slice field, struct slice value)
{
    uint32_t at;

    if (!packed_find(h->small, field, stride(h), &at)) {
        h->small = packed_insert(h->small, h->small->used, field);
        if (h->with_values)
            h->small = packed_insert(h->small, h->small->used, value);
        return true;
    }
    if (h->with_values)
        h->small = packed_replace(h->small, packed_next(h->small, at), value);
    return false;
}

bool hash_put(struct hash *h, struct slice field, struct slice value, struct shape_limits limits,
              const struct hash_seed *seed)
{
    bool added;

    if (h->small && (field.n > limits.bytes || value.n > limits.bytes ||
                     !packed_fits(h->small, stride(h), field.n + value.n)))
        to_table(h, seed);
    if (!h->small)
        return table_put(h, field, value);
    added = packed_put(h, field, value);
    if (hash_count(h) > limits.items)
        to_table(h, seed);
    return added;
}

void hash_reserve(struct hash *h, size_t n, struct shape_limits limits, const struct hash_seed *seed)
{
    if (h->small && hash_count(h) + n > limits.items)
        to_table(h, seed);
}

bool hash_remove(struct hash *h, struct slice field)
{
    uint8_t *entry;
    uint32_t at;

    if (h->small) {
        if (!packed_find(h->small, field, stride(h), &at))
            return false;
        h->small = packed_remove(h->small, at, stride(h));
        return true;
    }
    entry = dict_remove(&h->large->d, field);
    if (entry)
        entry_free(h, entry);
    return entry != NULL;
}

void hash_check(const struct hash *h)
{
    struct hash_iter it;
    struct hash_item item;
    size_t bytes = 0, n = 0;

    must(!h->small != !h->large);
    if (h->small) {
        packed_check(h->small);
        must(h->small->n % stride(h) == 0);
    } else {
        dict_check(&h->large->d);
    }
    for (hash_iter_begin(&it, h); hash_iter_next(&it); n++) {
        must(hash_get(h, it.item.field, &item) && slice_eq(item.value, it.item.value));
        bytes += text_size(it.item.field.n) + (h->with_values ? text_size(it.item.value.n) : 0);
    }
    hash_iter_end(&it);
    must(n == hash_count(h));
    must(h->small || bytes == h->large->bytes);
}
