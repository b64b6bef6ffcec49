/* idmp.c - the idempotent producers of a stream. */
#include "store/idmp_edit.h"

#include "base/blake2.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/dedup_edit.h"
#include <stdlib.h>

static struct slice producer_key(const void *producer)
{
    return producer_name(producer);
}

static size_t producer_size(const struct producer *p)
{
    return sizeof *p + p->name_len;
}

static void producer_free(void *producer)
{
    struct producer *p = producer;

    dedup_clear(&p->ids);
    mem_free_sized(p, producer_size(p));
}

static const struct dict_type producer_dict = {.key = producer_key, .free = producer_free};

/* ---- time */

/* Ids may lie anywhere, the clock may not: what ends after its last instant never ends. */
msec idmp_over(const struct idmp *m, struct stream_id id)
{
    msec keep = (msec)m->limits.duration * 1000;

    return id.ms > (uint64_t)(INT64_MAX - keep) ? INT64_MAX : (msec)id.ms + keep;
}

/* ---- reading */

bool idmp_find(const struct idmp *m, const struct idmp_name *name, msec now, struct stream_id *id)
{
    const struct producer *p = idmp_producer(m, name->pid);
    struct seen s;

    if (!p || !dedup_find(&p->ids, name->iid, &s) || now >= s.until)
        return false;
    *id = s.id;
    return true;
}

const struct producer *idmp_producer(const struct idmp *m, struct slice pid)
{
    return dict_find(&m->producers, pid);
}

static struct producer *producer_of(struct heap_node *due)
{
    return list_entry(due, struct producer, due);
}

const struct producer *idmp_first_due(const struct idmp *m)
{
    struct heap_node *due = heap_first(&m->due);

    return due ? producer_of(due) : NULL;
}

size_t producer_over(const struct producer *p, msec now, size_t max)
{
    struct dedup_walk w = {0};
    struct seen s;
    size_t n = 0;

    while (n < max && dedup_next(&p->ids, &w, &s) && now >= s.until)
        n++;
    return n;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(producer_name(*(const struct producer *const *)a),
                     producer_name(*(const struct producer *const *)b));
}

const struct producer **idmp_producers_sorted(const struct idmp *m, size_t *n)
{
    const struct producer **all;

    *n = m->due.n;
    if (*n == 0)
        return NULL;
    all = mem_alloc(*n * sizeof *all);
    for (size_t i = 0; i < *n; i++)
        all[i] = producer_of(m->due.v[i]);
    qsort(all, *n, sizeof *all, by_name);
    return all;
}

size_t idmp_memory(const struct idmp *m)
{
    return sizeof *m + m->held + dict_memory(&m->producers) + m->due.cap * sizeof *m->due.v + m->place.name.n;
}

/* ---- what a message is, by its content */

struct pair {
    struct slice name, value;
};

static int pair_cmp(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int c = slice_cmp(x->name, y->name);

    return c ? c : slice_cmp(x->value, y->value);
}

#define FEW_PAIRS 32 /* of a message, kept on the stack */

/* The pairs are put in order and hashed as one text, each length before its bytes, so that different
 * messages are different texts. Two messages that a client makes to have the same id would be a
 * collision of BLAKE2b, and one that has the id of somebody else's message, which would then be taken for
 * known, a second preimage: 2^64 and 2^128 tries for 16 bytes. A sum of hashes of the pairs would need no
 * order, but without a secret it falls to whoever may send many pairs; and a secret would have to be
 * journaled. */
void idmp_auto(const struct slice *field, size_t n, char iid[IDMP_AUTO_SIZE])
{
    size_t pairs = n / 2;
    struct pair room[FEW_PAIRS], *pair = pairs <= FEW_PAIRS ? room : mem_alloc(pairs * sizeof *pair);
    struct blake2b b;

    for (size_t i = 0; i < pairs; i++)
        pair[i] = (struct pair){field[2 * i], field[2 * i + 1]};
    qsort(pair, pairs, sizeof *pair, pair_cmp);
    blake2b_begin(&b, IDMP_AUTO_SIZE);
    for (size_t i = 0; i < pairs; i++) {
        blake2b_add_u64(&b, pair[i].name.n);
        blake2b_add_u64(&b, pair[i].value.n);
        blake2b_add(&b, pair[i].name.p, pair[i].name.n);
        blake2b_add(&b, pair[i].value.p, pair[i].value.n);
    }
    blake2b_end(&b, (uint8_t *)iid);
    if (pair != room)
        mem_free(pair);
}

/* ---- changing */

struct idmp *idmp_new(const struct hash_seed *seed)
{
    struct idmp *m = mem_zalloc(sizeof *m);

    m->limits = IDMP_LIMITS;
    dict_init(&m->producers, &producer_dict, seed);
    m->place = DUE_NOWHERE;
    return m;
}

static void forget_all(struct idmp *m)
{
    heap_free(&m->due);
    dict_clear(&m->producers);
    m->ids = 0;
    m->held = 0;
}

void idmp_free(struct idmp *m)
{
    if (!m)
        return;
    due_place_drop(&m->place);
    forget_all(m);
    mem_free_sized(m, sizeof *m);
}

static struct producer *producer_new(struct slice name)
{
    struct producer *p = mem_alloc(sizeof *p + name.n);

    *p = (struct producer){.due.pos = HEAP_OUT, .name_len = (uint32_t)name.n};
    memcpy(p->name, name.p, name.n);
    return p;
}

struct idmp *idmp_copy(const struct idmp *m, const struct hash_seed *seed)
{
    struct idmp *to = idmp_new(seed);

    to->limits = m->limits;
    to->added = m->added;
    to->duplicates = m->duplicates;
    to->ids = m->ids;
    for (size_t i = 0; i < m->due.n; i++) {
        const struct producer *from = producer_of(m->due.v[i]);
        struct producer *p = producer_new(producer_name(from));

        dedup_copy(&p->ids, &from->ids, seed);
        dict_add(&to->producers, p);
        heap_put(&to->due, &p->due, from->due.at);
        to->held += producer_size(p) + dedup_memory(&p->ids);
    }
    return to;
}

/* After p's ids have changed, of which it had `count` and `held` bytes. */
static void settle(struct idmp *m, struct producer *p, size_t count, size_t held)
{
    struct seen oldest;

    m->ids += dedup_count(&p->ids) - count;
    m->held += dedup_memory(&p->ids) - held;
    if (dedup_oldest(&p->ids, &oldest)) {
        if (p->due.pos == HEAP_OUT || p->due.at != oldest.until)
            heap_put(&m->due, &p->due, oldest.until);
        return;
    }
    heap_remove(&m->due, &p->due);
    m->held -= producer_size(p) + dedup_memory(&p->ids);
    dict_remove(&m->producers, producer_name(p));
    producer_free(p);
}

void idmp_remember(struct idmp *m, const struct idmp_name *name, struct stream_id id)
{
    struct producer *p = dict_find(&m->producers, name->pid);
    struct seen s = {.name = name->iid, .id = id, .until = idmp_over(m, id)};
    size_t count, held;

    if (!p) {
        p = producer_new(name->pid);
        dedup_init(&p->ids, m->producers.seed);
        dict_add(&m->producers, p);
        m->held += producer_size(p);
    }
    count = dedup_count(&p->ids);
    held = dedup_memory(&p->ids);
    dedup_add(&p->ids, &s);
    while (dedup_count(&p->ids) > m->limits.maxsize)
        dedup_drop_oldest(&p->ids);
    m->added++;
    settle(m, p, count, held);
}

size_t idmp_forget(struct idmp *m, struct slice pid, size_t n)
{
    struct producer *p = dict_find(&m->producers, pid);
    size_t count, held, gone = 0;

    if (!p)
        return 0;
    count = dedup_count(&p->ids);
    held = dedup_memory(&p->ids);
    while (gone < n && dedup_drop_oldest(&p->ids))
        gone++;
    settle(m, p, count, held);
    return gone;
}

void idmp_limit(struct idmp *m, struct idmp_limits limits)
{
    if (limits.duration == m->limits.duration && limits.maxsize == m->limits.maxsize)
        return;
    m->limits = limits;
    forget_all(m);
}

void idmp_count(struct idmp *m, uint64_t added, uint64_t duplicates)
{
    m->added = added;
    m->duplicates = duplicates;
}

/* ---- for tests */

void idmp_check(const struct idmp *m)
{
    size_t ids = 0, held = 0;

    dict_check(&m->producers);
    heap_check(&m->due);
    must(m->due.n == dict_count(&m->producers));
    for (size_t i = 0; i < m->due.n; i++) {
        const struct producer *p = producer_of(m->due.v[i]);
        struct seen oldest;

        dedup_check(&p->ids);
        must(idmp_producer(m, producer_name(p)) == p);
        must(dedup_oldest(&p->ids, &oldest) && oldest.until == p->due.at);
        must(dedup_count(&p->ids) <= m->limits.maxsize);
        ids += dedup_count(&p->ids);
        held += producer_size(p) + dedup_memory(&p->ids);
    }
    must(ids == m->ids && held == m->held);
    must(!m->place.heap == (m->place.node.pos == HEAP_OUT));
}
