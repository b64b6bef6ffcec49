/* store/zset.c - see store/zset.h. Packed: member, score, member, score, in their order. */
#include "base/mem.h"
#include "store/packed_edit.h"
#include "store/zset_edit.h"

struct zset_table {
    struct dict members; /* struct zset_entry */
    struct ranking order;
    size_t bytes; /* of the entries */
};

struct zset {
    struct packed *small; /* NULL: in the table */
    struct zset_table *large;
};

/* --- entries of the table --- */

struct zset_entry {
    double score;
    uint8_t text[];
};

static struct slice entry_member(const struct zset_entry *e)
{
    uint64_t n;
    const uint8_t *p = varint_get(e->text, &n);

    return (struct slice){(const char *)p, n};
}

static struct slice entry_key(const void *entry)
{
    return entry_member(entry);
}

static int by_member(const void *a, const void *b)
{
    return slice_cmp(entry_member(a), entry_member(b));
}

static size_t entry_size(const struct zset_entry *e)
{
    struct slice member = entry_member(e);

    return sizeof *e + (size_t)((const uint8_t *)member.p - e->text) + member.n;
}

static struct zset_entry *entry_new(struct zset_table *t, struct slice member, double score)
{
    uint8_t head[VARINT_MAX];
    size_t n = varint_put(head, member.n);
    struct zset_entry *e = mem_alloc(sizeof *e + n + member.n);

    e->score = score;
    memcpy(e->text, head, n);
    if (member.n)
        memcpy(e->text + n, member.p, member.n);
    t->bytes += sizeof *e + n + member.n;
    return e;
}

static void entry_free(struct zset_table *t, struct zset_entry *e)
{
    size_t n = entry_size(e);

    t->bytes -= n;
    mem_free_sized(e, n);
}

static const struct dict_type members = {.key = entry_key, .free = mem_free};
/* While it is dismantled: the entries are gone already. */
static const struct dict_type remains = {.key = entry_key, .free = NULL};

static struct ranked ranked_of(struct zset_entry *e)
{
    return (struct ranked){e->score, e};
}

/* --- packed --- */

static bool packed_view(const struct zset *z, uint32_t at, struct zset_item *out, uint32_t *next)
{
    struct packed_item score;

    if (!packed_read(z->small, at, &out->room))
        return false;
    out->member = out->room.text;
    packed_read(z->small, out->room.next, &score);
    out->score = score.number;
    *next = score.next;
    return true;
}

static bool packed_has(const struct zset *z, struct slice member, uint32_t *at, double *score)
{
    struct packed_item item;

    if (!packed_find(z->small, member, 2, at))
        return false;
    packed_read(z->small, packed_next(z->small, *at), &item);
    *score = item.number;
    return true;
}

/* --- reading --- */

size_t zset_count(const struct zset *z)
{
    return z->small ? z->small->n / 2 : dict_count(&z->large->members);
}

bool zset_packed(const struct zset *z)
{
    return z->small != NULL;
}

size_t zset_memory(const struct zset *z)
{
    if (z->small)
        return sizeof *z + packed_memory(z->small);
    return sizeof *z + sizeof *z->large + dict_memory(&z->large->members) + ranking_memory(&z->large->order) +
           z->large->bytes;
}

bool zset_score(const struct zset *z, struct slice member, double *score)
{
    const struct zset_entry *e;
    uint32_t at;

    if (z->small)
        return packed_has(z, member, &at, score);
    e = dict_find(&z->large->members, member);
    if (e)
        *score = e->score;
    return e != NULL;
}

bool zset_rank(const struct zset *z, struct slice member, size_t *rank, double *score)
{
    struct zset_entry *e;
    struct ranked place;
    uint32_t at, i = 0;

    if (!z->small) {
        if (!(e = dict_find(&z->large->members, member)))
            return false;
        place = ranked_of(e);
        *score = e->score;
        *rank = ranking_rank(&z->large->order, &place);
        return true;
    }
    if (!packed_has(z, member, &at, score))
        return false;
    for (*rank = 0; i < at; ++*rank)
        i = packed_next(z->small, packed_next(z->small, i));
    return true;
}

/* Negative while an element lies before the bound. */
static int against(const struct zset_bound *b, double score, struct slice member)
{
    int c = b->by_member ? slice_cmp(member, b->member) : (score > b->score) - (score < b->score);

    return c == 0 && b->after ? -1 : c;
}

static int ranked_against(const struct ranked *e, const void *bound)
{
    const struct zset_bound *b = bound;

    return against(b, e->score, b->by_member ? entry_member(e->entry) : SLICE(""));
}

size_t zset_before(const struct zset *z, const struct zset_bound *bound)
{
    struct zset_item item;
    size_t n = 0;

    if (!z->small)
        return ranking_before(&z->large->order, ranked_against, bound);
    for (uint32_t at = 0; packed_view(z, at, &item, &at) && against(bound, item.score, item.member) < 0;)
        n++;
    return n;
}

/* --- walking --- */

static void view_ranked(struct zset_iter *it)
{
    const struct ranked *e = rank_get(&it->pos);

    it->item.member = entry_member(e->entry);
    it->item.score = e->score;
}

/* The offsets of the packed members around `it->rank`, so that a walk either way reads on in them. */
static void fill_window(struct zset_iter *it, size_t first)
{
    uint32_t at = packed_seek(it->z->small, (uint32_t)first * 2);

    it->window_first = (uint32_t)first;
    for (it->window_n = 0; it->window_n < ZSET_ITER_WINDOW && at < it->z->small->used;) {
        it->window[it->window_n++] = at;
        at = packed_next(it->z->small, packed_next(it->z->small, at));
    }
}

static void view_packed(struct zset_iter *it, bool back)
{
    uint32_t next;

    if (it->rank < it->window_first || it->rank >= it->window_first + it->window_n)
        fill_window(it, back && it->rank >= ZSET_ITER_WINDOW ? it->rank + 1 - ZSET_ITER_WINDOW
                        : back                               ? 0
                                                             : it->rank);
    packed_view(it->z, it->window[it->rank - it->window_first], &it->item, &next);
}

bool zset_iter_at(struct zset_iter *it, const struct zset *z, size_t rank)
{
    it->z = z;
    it->rank = rank;
    it->window_first = it->window_n = 0;
    if (rank >= zset_count(z))
        return false;
    if (z->small) {
        view_packed(it, false);
    } else {
        it->pos = ranking_at(&z->large->order, rank);
        view_ranked(it);
    }
    return true;
}

bool zset_iter_next(struct zset_iter *it)
{
    it->rank++;
    if (it->z->small) {
        if (it->rank >= it->z->small->n / 2)
            return false;
        view_packed(it, false);
        return true;
    }
    if (!rank_next(&it->pos))
        return false;
    view_ranked(it);
    return true;
}

bool zset_iter_prev(struct zset_iter *it)
{
    if (it->rank-- == 0)
        return false;
    if (it->z->small) {
        view_packed(it, true);
        return true;
    }
    rank_prev(&it->pos);
    view_ranked(it);
    return true;
}

struct scan {
    void (*fn)(struct slice member, double score, void *arg);
    void *arg;
};

static void scan_entry(void *entry, void *arg)
{
    const struct zset_entry *e = entry;
    struct scan *s = arg;

    s->fn(entry_member(e), e->score, s->arg);
}

uint64_t zset_scan(const struct zset *z, uint64_t cursor,
                   void (*fn)(struct slice member, double score, void *arg), void *arg)
{
    struct scan s = {fn, arg};
    struct zset_item item;

    if (!z->small)
        return dict_scan(&z->large->members, cursor, scan_entry, &s);
    for (uint32_t at = 0; packed_view(z, at, &item, &at);)
        fn(item.member, item.score, arg);
    return 0;
}

/* --- making and freeing --- */

struct zset *zset_new(void)
{
    struct zset *z = mem_alloc(sizeof *z);

    *z = (struct zset){.small = packed_new()};
    return z;
}

static void table_free(struct zset_table *t)
{
    dict_clear(&t->members);
    ranking_free(&t->order);
    mem_free(t);
}

void zset_free(struct zset *z)
{
    if (z->small)
        packed_free(z->small);
    else
        table_free(z->large);
    mem_free(z);
}

bool zset_free_some(struct zset *z, size_t n)
{
    void *e[RANK_LEAF_MAX];
    size_t got = 1;

    while (!z->small && n > 0 && (got = ranking_bury_leaf(&z->large->order, e)) > 0) {
        z->large->members.type = &remains;
        for (size_t i = 0; i < got; i++)
            mem_free(e[i]);
        n -= got < n ? got : n;
    }
    if (!z->small && got > 0)
        return false;
    zset_free(z);
    return true;
}

static void table_add(struct zset_table *t, struct slice member, double score)
{
    struct zset_entry *e = entry_new(t, member, score);

    dict_add(&t->members, e);
    ranking_add(&t->order, ranked_of(e));
}

static void to_table(struct zset *z, const struct hash_seed *seed)
{
    struct zset_item item;

    z->large = mem_alloc(sizeof *z->large);
    *z->large = (struct zset_table){.order.tie = by_member};
    dict_init(&z->large->members, &members, seed);
    for (uint32_t at = 0; packed_view(z, at, &item, &at);)
        table_add(z->large, item.member, item.score);
    packed_free(z->small);
    z->small = NULL;
}

struct zset *zset_copy(const struct zset *z)
{
    struct zset *copy = zset_new();
    struct zset_iter it;

    if (z->small) {
        packed_free(copy->small);
        copy->small = packed_copy(z->small);
        return copy;
    }
    to_table(copy, z->large->members.seed);
    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it))
        table_add(copy->large, it.item.member, it.item.score);
    return copy;
}

/* --- changing --- */

static bool table_put(struct zset_table *t, struct slice member, double score)
{
    struct zset_entry *e = dict_find(&t->members, member);

    if (!e) {
        table_add(t, member, score);
        return true;
    }
    if (memcmp(&e->score, &score, sizeof score) != 0) {
        ranking_remove(&t->order, ranked_of(e));
        e->score = score;
        ranking_add(&t->order, ranked_of(e));
    }
    return false;
}

static void packed_add(struct zset *z, struct slice member, double score)
{
    struct zset_item item;
    uint32_t at = 0, next;

    while (packed_view(z, at, &item, &next) &&
           (item.score < score || (item.score == score && slice_cmp(item.member, member) < 0)))
        at = next;
    z->small = packed_insert(z->small, at, member);
    z->small = packed_insert_double(z->small, packed_next(z->small, at), score);
}

static bool packed_put(struct zset *z, struct slice member, double score)
{
    double old;
    uint32_t at;
    bool had = packed_has(z, member, &at, &old);

    if (had && memcmp(&old, &score, sizeof score) == 0)
        return false;
    if (had)
        z->small = packed_remove(z->small, at, 2);
    packed_add(z, member, score);
    return !had;
}

bool zset_put(struct zset *z, struct slice member, double score, const struct shape *shape)
{
    bool added;

    score += 0.0; /* -0 becomes 0, in either form: they are equal, and must stay the same after a restart */
    if (z->small && (member.n > shape->zset.bytes || !packed_fits(z->small, 2, member.n)))
        to_table(z, shape->seed);
    if (!z->small)
        return table_put(z->large, member, score);
    added = packed_put(z, member, score);
    if (zset_count(z) > shape->zset.items)
        to_table(z, shape->seed);
    return added;
}

static void entry_remove(struct zset_table *t, struct zset_entry *e)
{
    ranking_remove(&t->order, ranked_of(e));
    dict_remove(&t->members, entry_member(e));
    entry_free(t, e);
}

bool zset_remove(struct zset *z, struct slice member)
{
    struct zset_entry *e;
    double score;
    uint32_t at;

    if (z->small) {
        if (!packed_has(z, member, &at, &score))
            return false;
        z->small = packed_remove(z->small, at, 2);
        return true;
    }
    e = dict_find(&z->large->members, member);
    if (e)
        entry_remove(z->large, e);
    return e != NULL;
}

void zset_remove_ranks(struct zset *z, size_t first, size_t n)
{
    if (z->small) {
        z->small = packed_remove(z->small, packed_seek(z->small, (uint32_t)first * 2), (uint32_t)n * 2);
        return;
    }
    while (n--) {
        struct rank_pos pos = ranking_at(&z->large->order, first);

        entry_remove(z->large, rank_get(&pos)->entry);
    }
}

void zset_check(const struct zset *z)
{
    struct zset_iter it;
    struct zset_item last = {0};
    size_t n = 0, bytes = 0;

    must(!z->small != !z->large);
    if (z->small) {
        packed_check(z->small);
        must(z->small->n % 2 == 0);
    } else {
        dict_check(&z->large->members);
        ranking_check(&z->large->order);
    }
    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it), n++) {
        size_t rank;
        double score;

        must(zset_rank(z, it.item.member, &rank, &score) && rank == n);
        must(score == it.item.score && (n == 0 || score >= last.score));
        last.score = it.item.score;
        bytes += z->small ? 0 : entry_size(rank_get(&it.pos)->entry);
    }
    must(n == zset_count(z));
    must(z->small || bytes == z->large->bytes);
}
