/* base/dict.c - the one hash table.
 *
 *   bucket: | tag tag tag tag tag tag tag flags | slot slot slot slot slot slot slot |    64 bytes
 *
 * A tag is 0 for an empty slot, else 0x80 and seven bits of the hash; all seven are compared at once, as
 * bytes of a word. When a bucket is full, its last slot becomes the pointer to a further one.
 *
 * While the table is rehashed the buckets of t[0] below `moved` are empty, and what is added goes to
 * t[1], which has twice or half as many. A rehash ends before the next can be due: growing doubles the
 * room and moves one of n chains with each of at least 6n adds; halving starts below 7n/8 entries, moves
 * four chains at a time, and 7n/16 must go before the next. */
#include "base/dict.h"
#include "base/mem.h"

#define SLOTS       7
#define CHAIN_SLOT  (SLOTS - 1)
#define CHAINED     (UINT64_C(1) << 56) /* in the flags byte */
#define LOWS        UINT64_C(0x0001010101010101)
#define HIGHS       UINT64_C(0x0080808080808080)
#define FILL_MAX    6 /* entries for each bucket over which the table grows */
#define SHRINK_STEP 4

struct dict_bucket {
    uint64_t meta;
    void *slot[SLOTS];
};
_Static_assert(sizeof(struct dict_bucket) == 64, "a bucket is a cache line");

static unsigned tag_of(uint64_t hash)
{
    return (unsigned)(hash >> 57) | 0x80;
}

static uint64_t tags_used(uint64_t meta)
{
    return meta & HIGHS;
}

/* The high bit of each byte whose tag may be `tag`: of all that are, and rarely of one above such. */
static uint64_t tags_equal(uint64_t meta, unsigned tag)
{
    uint64_t x = meta ^ LOWS * tag;

    return (x - LOWS) & ~x & HIGHS;
}

static int first_slot(uint64_t bits)
{
    return __builtin_ctzll(bits) >> 3;
}

/* The slots that can hold entries, as tags_used() gives them. */
static uint64_t slots_of(const struct dict_bucket *b)
{
    return b->meta & CHAINED ? HIGHS >> 8 : HIGHS;
}

static struct dict_bucket *next_of(const struct dict_bucket *b)
{
    return b->meta & CHAINED ? b->slot[CHAIN_SLOT] : NULL;
}

static void slot_set(struct dict_bucket *b, int i, void *entry, unsigned tag)
{
    b->slot[i] = entry;
    b->meta |= (uint64_t)tag << 8 * i;
}

static void slot_clear(struct dict_bucket *b, int i)
{
    b->slot[i] = NULL;
    b->meta &= ~(UINT64_C(0xff) << 8 * i);
}

static unsigned slot_tag(const struct dict_bucket *b, int i)
{
    return b->meta >> 8 * i & 0xff;
}

static bool rehashing(const struct dict *d)
{
    return d->moved != SIZE_MAX;
}

static uint64_t hash_of(const struct dict *d, const void *entry)
{
    return hash_bytes(d->type->key(entry), d->seed);
}

/* ---- tables and chains */

static void table_make(struct dict_table *t, uint64_t buckets)
{
    *t = (struct dict_table){.buckets = mem_zalloc(buckets * sizeof(t->buckets[0])), .mask = buckets - 1};
}

static void table_drop(struct dict_table *t)
{
    if (t->buckets)
        mem_free_sized(t->buckets, (t->mask + 1) * sizeof(t->buckets[0]));
    *t = (struct dict_table){0};
}

static void bucket_drop(struct dict_table *t, struct dict_bucket *b)
{
    mem_free_sized(b, sizeof(*b));
    t->chained--;
}

/* Turns the last slot of a full bucket into a chain; its entry moves along. */
static struct dict_bucket *chain_extend(struct dict_table *t, struct dict_bucket *b)
{
    struct dict_bucket *more = mem_zalloc(sizeof(*more));

    slot_set(more, 0, b->slot[CHAIN_SLOT], slot_tag(b, CHAIN_SLOT));
    slot_clear(b, CHAIN_SLOT);
    b->slot[CHAIN_SLOT] = more;
    b->meta |= CHAINED;
    t->chained++;
    return more;
}

static void table_put(struct dict_table *t, uint64_t index, void *entry, unsigned tag)
{
    struct dict_bucket *b = &t->buckets[index];
    uint64_t empty;

    while (!(empty = slots_of(b) & ~tags_used(b->meta)))
        b = b->meta & CHAINED ? b->slot[CHAIN_SLOT] : chain_extend(t, b);
    slot_set(b, first_slot(empty), entry, tag);
    t->used++;
}

static void chain_cut(struct dict_table *t, struct dict_bucket *before)
{
    bucket_drop(t, before->slot[CHAIN_SLOT]);
    before->slot[CHAIN_SLOT] = NULL;
    before->meta &= ~CHAINED;
}

/* Fills the hole at slot i of b from the end of its chain, and drops the end once it is empty. Holes that
 * removals during an iteration left stay until a rehash. */
static void chain_close_up(struct dict_table *t, struct dict_bucket *b, int i)
{
    struct dict_bucket *before = b, *last;
    int j;

    if (!(b->meta & CHAINED))
        return;
    while (((last = before->slot[CHAIN_SLOT])->meta & CHAINED))
        before = last;
    if (tags_used(last->meta)) {
        j = first_slot(tags_used(last->meta));
        slot_set(b, i, last->slot[j], slot_tag(last, j));
        slot_clear(last, j);
    }
    if (!tags_used(last->meta))
        chain_cut(t, before);
}

/* ---- finding */

struct place {
    struct dict_bucket *bucket; /* NULL: nowhere */
    int table, slot;
};

/* An empty slot is never taken for equal, and one with another tag does no harm: the keys decide. */
static inline struct dict_bucket *chain_find(const struct dict *d, struct dict_bucket *b, struct slice key,
                                             unsigned tag, int *slot)
{
    for (;; b = b->slot[CHAIN_SLOT]) {
        for (uint64_t m = tags_equal(b->meta, tag); m; m &= m - 1) {
            *slot = first_slot(m);
            if (slice_eq(d->type->key(b->slot[*slot]), key))
                return b;
        }
        if (!(b->meta & CHAINED))
            return NULL;
    }
}

__attribute__((always_inline)) static inline struct place find(const struct dict *d, struct slice key)
{
    struct place at = {0};
    uint64_t hash;

    if (!d->t[0].buckets)
        return at;
    hash = hash_bytes(key, d->seed);
    at.bucket = chain_find(d, &d->t[0].buckets[hash & d->t[0].mask], key, tag_of(hash), &at.slot);
    if (!at.bucket && d->t[1].buckets) {
        at.table = 1;
        at.bucket = chain_find(d, &d->t[1].buckets[hash & d->t[1].mask], key, tag_of(hash), &at.slot);
    }
    return at;
}

void *dict_find(const struct dict *d, struct slice key)
{
    struct place at = find(d, key);

    return at.bucket ? at.bucket->slot[at.slot] : NULL;
}

/* ---- rehashing */

static void rehash_end(struct dict *d)
{
    must(d->t[0].used == 0 && d->t[0].chained == 0);
    table_drop(&d->t[0]);
    d->t[0] = d->t[1];
    d->t[1] = (struct dict_table){0};
    d->moved = SIZE_MAX;
}

/* Starts what the count asks for. An empty table goes at once. */
static void resize_if_due(struct dict *d)
{
    struct dict_table *t = &d->t[0];
    uint64_t buckets = t->mask + 1;

    if (d->paused || !t->buckets)
        return;
    if (dict_count(d) == 0) {
        dict_clear(d);
        return;
    }
    if (rehashing(d))
        return;
    if (t->used > buckets * FILL_MAX && (buckets > 1 || t->used > SLOTS))
        table_make(&d->t[1], buckets * 2);
    else if (buckets > 1 && t->used < buckets * SLOTS / 8)
        table_make(&d->t[1], buckets / 2);
    else
        return;
    d->moved = 0;
}

/* A smaller table takes a chain as a whole; for a larger one each entry is hashed again. */
static void bucket_move(struct dict *d, uint64_t index)
{
    struct dict_table *from = &d->t[0], *to = &d->t[1];
    struct dict_bucket *head = &from->buckets[index], *b = head, *next;

    for (; b; b = next) {
        for (uint64_t m = tags_used(b->meta); m; m &= m - 1) {
            int i = first_slot(m);
            uint64_t home = to->mask < from->mask ? index : hash_of(d, b->slot[i]);

            table_put(to, home & to->mask, b->slot[i], slot_tag(b, i));
            from->used--;
        }
        next = next_of(b);
        if (b != head)
            bucket_drop(from, b);
    }
    memset(head, 0, sizeof(*head));
}

bool dict_step(struct dict *d, size_t buckets)
{
    if (!rehashing(d) || d->paused)
        return false;
    while (buckets-- && d->moved <= d->t[0].mask)
        bucket_move(d, d->moved++);
    if (d->moved > d->t[0].mask) {
        rehash_end(d);
        resize_if_due(d);
    }
    return rehashing(d);
}

static void step(struct dict *d)
{
    if (rehashing(d))
        dict_step(d, d->t[1].mask < d->t[0].mask ? SHRINK_STEP : 1);
}

/* ---- changing */

void dict_init(struct dict *d, const struct dict_type *type, const struct hash_seed *seed)
{
    *d = (struct dict){.type = type, .seed = seed, .moved = SIZE_MAX};
}

static void chain_clear(struct dict_table *t, struct dict_bucket *head, void (*fn)(void *entry, void *arg),
                        void *arg)
{
    struct dict_bucket *next;

    for (struct dict_bucket *b = head; b; b = next) {
        for (uint64_t m = tags_used(b->meta); m; m &= m - 1) {
            t->used--;
            fn(b->slot[first_slot(m)], arg);
        }
        next = next_of(b);
        if (b != head)
            bucket_drop(t, b);
    }
}

static void free_by_type(void *entry, void *arg)
{
    const struct dict *d = arg;

    if (d->type->free)
        d->type->free(entry);
}

/* The chains of t[0] from `moved` on, then t[1] in its place: as if all of it were yet to be moved. */
bool dict_drain(struct dict *d, size_t chains, void (*fn)(void *entry, void *arg), void *arg)
{
    struct dict_table *t = &d->t[0];

    must(!d->paused);
    if (!rehashing(d))
        d->moved = 0;
    while (t->buckets && (t->used + t->chained == 0 || chains--)) {
        if (t->used + t->chained > 0)
            chain_clear(t, &t->buckets[d->moved++], fn, arg);
        if (t->used + t->chained > 0)
            continue;
        table_drop(t);
        *t = d->t[1];
        d->t[1] = (struct dict_table){0};
        d->moved = 0;
    }
    if (t->buckets)
        return false;
    d->moved = SIZE_MAX;
    return true;
}

void dict_clear(struct dict *d)
{
    dict_drain(d, SIZE_MAX, free_by_type, d);
}

void dict_add(struct dict *d, void *entry)
{
    uint64_t hash = hash_of(d, entry);
    struct dict_table *t;

    must(!d->paused);
    if (!d->t[0].buckets)
        table_make(&d->t[0], 1);
    step(d);
    t = &d->t[rehashing(d)];
    table_put(t, hash & t->mask, entry, tag_of(hash));
    resize_if_due(d);
}

void *dict_remove(struct dict *d, struct slice key)
{
    struct place at;
    void *entry;

    step(d);
    at = find(d, key);
    if (!at.bucket)
        return NULL;
    entry = at.bucket->slot[at.slot];
    slot_clear(at.bucket, at.slot);
    d->t[at.table].used--;
    if (!d->paused) {
        chain_close_up(&d->t[at.table], at.bucket, at.slot);
        resize_if_due(d);
    }
    return entry;
}

void *dict_replace(struct dict *d, void *entry)
{
    struct place at = find(d, d->type->key(entry));
    void *old;

    must(at.bucket);
    old = at.bucket->slot[at.slot];
    at.bucket->slot[at.slot] = entry;
    return old;
}

/* ---- walking */

static uint64_t reverse(uint64_t v)
{
    v = __builtin_bswap64(v);
    v = (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 | (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
    v = (v & UINT64_C(0x3333333333333333)) << 2 | (v >> 2 & UINT64_C(0x3333333333333333));
    return (v & UINT64_C(0x5555555555555555)) << 1 | (v >> 1 & UINT64_C(0x5555555555555555));
}

/* Counts from the highest bit of the mask down, so that the buckets which one bucket is split into, or
 * merged with, come one after the other. */
static uint64_t cursor_next(uint64_t cursor, uint64_t mask)
{
    return reverse(reverse(cursor | ~mask) + 1);
}

static void chain_visit(const struct dict_table *t, uint64_t cursor, void (*fn)(void *, void *), void *arg)
{
    for (const struct dict_bucket *b = &t->buckets[cursor & t->mask]; b; b = next_of(b))
        for (uint64_t m = tags_used(b->meta); m; m &= m - 1)
            fn(b->slot[first_slot(m)], arg);
}

uint64_t dict_scan(const struct dict *d, uint64_t cursor, void (*fn)(void *entry, void *arg), void *arg)
{
    const struct dict_table *small = &d->t[0], *large = &d->t[1];

    if (!d->t[0].buckets)
        return 0;
    if (!rehashing(d)) {
        chain_visit(small, cursor, fn, arg);
        return cursor_next(cursor, small->mask);
    }
    if (small->mask > large->mask) {
        small = &d->t[1];
        large = &d->t[0];
    }
    chain_visit(small, cursor, fn, arg);
    do { /* all that the small table's bucket is split into */
        chain_visit(large, cursor, fn, arg);
        cursor = cursor_next(cursor, large->mask);
    } while (cursor & (small->mask ^ large->mask));
    return cursor;
}

void dict_iter_begin(struct dict_iter *it, struct dict *d)
{
    *it = (struct dict_iter){.d = d, .at = d->t[0].buckets};
    d->paused++;
}

/* To the next bucket; false after the last. */
static bool iter_advance(struct dict_iter *it)
{
    const struct dict_table *t = &it->d->t[it->table];

    it->slot = 0;
    if ((it->at = next_of(it->at)))
        return true;
    if (++it->bucket > t->mask) {
        if (it->table == 1 || !it->d->t[1].buckets)
            return false;
        it->bucket = 0;
        t = &it->d->t[++it->table];
    }
    it->at = &t->buckets[it->bucket];
    return true;
}

void *dict_iter_next(struct dict_iter *it)
{
    uint64_t left;
    int i;

    if (!it->at)
        return NULL;
    do {
        left = it->slot < SLOTS ? tags_used(it->at->meta) >> 8 * it->slot : 0;
        if (left) {
            i = it->slot + first_slot(left);
            it->slot = i + 1;
            return it->at->slot[i];
        }
    } while (iter_advance(it));
    return NULL;
}

void dict_iter_end(struct dict_iter *it)
{
    must(it->d->paused > 0);
    it->d->paused--;
    resize_if_due(it->d);
}

/* The buckets that may hold something, in both tables, count as one row. */
static const struct dict_bucket *bucket_at(const struct dict *d, uint64_t i)
{
    uint64_t start = rehashing(d) ? d->moved : 0;
    uint64_t first = d->t[0].mask + 1 - start;

    return i < first ? &d->t[0].buckets[start + i] : &d->t[1].buckets[i - first];
}

static uint64_t bucket_count(const struct dict *d)
{
    return rehashing(d) ? d->t[0].mask + 1 - d->moved + d->t[1].mask + 1 : d->t[0].mask + 1;
}

/* Entry number `n` of a chain, empty slots counting; NULL for those and past the end. */
static void *chain_at(const struct dict_bucket *b, unsigned n)
{
    for (; b; b = next_of(b), n -= CHAIN_SLOT) {
        if (n < (b->meta & CHAINED ? CHAIN_SLOT : SLOTS))
            return tags_used(b->meta) >> 8 * n & 0x80 ? b->slot[n] : NULL;
        if (!(b->meta & CHAINED))
            return NULL;
    }
    return NULL;
}

/* Draws a place, of those that the chains of usual length have, until one holds an entry; so each is as
 * likely. In a table that is nearly empty, walks on from the place drawn last. */
void *dict_random(const struct dict *d, uint64_t r)
{
    enum { PLACES = 3 * CHAIN_SLOT + 1, TRIES = 100 };
    uint64_t buckets = bucket_count(d), at = 0;
    void *entry = NULL;

    if (dict_count(d) == 0)
        return NULL;
    for (int i = 0; i < TRIES && !entry; i++) {
        r = (r ^ r >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + UINT64_C(0x9e3779b97f4a7c15);
        at = (uint64_t)((unsigned __int128)r * buckets >> 64);
        entry = chain_at(bucket_at(d, at), (unsigned)((r & UINT32_MAX) * PLACES >> 32));
    }
    for (; !entry; at = (at + 1) % buckets)
        for (const struct dict_bucket *b = bucket_at(d, at); b && !entry; b = next_of(b))
            if (tags_used(b->meta))
                entry = b->slot[first_slot(tags_used(b->meta))];
    return entry;
}

size_t dict_memory(const struct dict *d)
{
    size_t buckets = 0;

    for (int i = 0; i < 2; i++)
        buckets += (d->t[i].buckets ? d->t[i].mask + 1 : 0) + d->t[i].chained;
    return buckets * sizeof(struct dict_bucket);
}

/* ---- checking */

static void check_bucket(const struct dict *d, const struct dict_bucket *b, int table, uint64_t index)
{
    for (int i = 0; i < SLOTS; i++) {
        unsigned tag = slot_tag(b, i);

        if (i == CHAIN_SLOT && b->meta & CHAINED) {
            must(tag == 0 && b->slot[i]);
        } else if (tag) {
            uint64_t hash = hash_of(d, b->slot[i]);

            must(tag == tag_of(hash) && (hash & d->t[table].mask) == index);
            must(dict_find(d, d->type->key(b->slot[i])) == b->slot[i]);
            must(table == 1 || !rehashing(d) || index >= d->moved);
        } else {
            must(!b->slot[i]);
        }
    }
}

void dict_check(const struct dict *d)
{
    must(rehashing(d) == (d->t[1].buckets != NULL));
    must(d->paused || (d->t[0].buckets != NULL) == (dict_count(d) > 0));
    for (int i = 0; i < 2; i++) {
        const struct dict_table *t = &d->t[i];
        size_t used = 0, chained = 0;

        for (uint64_t n = 0; t->buckets && n <= t->mask; n++)
            for (const struct dict_bucket *b = &t->buckets[n]; b; b = next_of(b)) {
                check_bucket(d, b, i, n);
                used += (size_t)__builtin_popcountll(tags_used(b->meta));
                chained += b != &t->buckets[n];
            }
        must(used == t->used && chained == t->chained);
    }
}
