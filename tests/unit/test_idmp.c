/* tests/unit/test_idmp.c - idempotent producers against an array of all that is remembered, in order. */
#include "base/mem.h"
#include "base/random.h"
#include "store/idmp_edit.h"
#include "store/stream_edit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct hash_seed hash_seed = {1, 2};

struct model {
    struct one {
        int pid, iid;
        struct stream_id id;
    } one[2000];
    size_t n;
    struct idmp_limits limits;
};

static void model_remove(struct model *m, size_t i)
{
    memmove(&m->one[i], &m->one[i + 1], (m->n - i - 1) * sizeof m->one[0]);
    m->n--;
}

static size_t model_find(const struct model *m, int pid, int iid)
{
    size_t i = 0;

    while (i < m->n && (m->one[i].pid != pid || m->one[i].iid != iid))
        i++;
    return i;
}

/* The n oldest of a producer go; how many it had. */
static size_t model_forget(struct model *m, int pid, size_t n)
{
    size_t had = 0;

    for (size_t i = 0; i < m->n;) {
        bool his = m->one[i].pid == pid;

        had += his;
        if (his && n && n--)
            model_remove(m, i);
        else
            i++;
    }
    return had;
}

static void model_remember(struct model *m, int pid, int iid, struct stream_id id)
{
    size_t at = model_find(m, pid, iid), had;

    if (at < m->n)
        model_remove(m, at);
    m->one[m->n++] = (struct one){pid, iid, id};
    had = model_forget(m, pid, 0);
    if (had > m->limits.maxsize)
        model_forget(m, pid, had - m->limits.maxsize);
}

static msec model_over(const struct model *m, struct stream_id id)
{
    return id.ms > INT64_MAX ? INT64_MAX : (msec)id.ms + (msec)m->limits.duration * 1000;
}

/* --- names --- */

struct names {
    char pid[16], iid[16];
};

static struct idmp_name name_of(struct names *room, int pid, int iid)
{
    return (struct idmp_name){{room->pid, (size_t)snprintf(room->pid, sizeof room->pid, "p%d", pid)},
                              {room->iid, (size_t)snprintf(room->iid, sizeof room->iid, "%d", iid)}};
}

static void agree(const struct idmp *idmp, const struct model *m, const char *where)
{
    size_t producers, ids = 0;
    const struct producer **p = idmp_producers_sorted(idmp, &producers);

    idmp_check(idmp);
    for (size_t k = 0; k < producers; k++) {
        struct dedup_walk w = {0};
        struct seen s;

        if (k && slice_cmp(producer_name(p[k - 1]), producer_name(p[k])) >= 0)
            fail_msg("%s: order of producers", where);
        for (size_t i = 0; i < m->n; i++) {
            struct names room;
            struct idmp_name name = name_of(&room, m->one[i].pid, m->one[i].iid);

            if (!slice_eq(name.pid, producer_name(p[k])))
                continue;
            ids++;
            if (!dedup_next(&p[k]->ids, &w, &s) || !slice_eq(s.name, name.iid) ||
                stream_id_cmp(s.id, m->one[i].id) != 0 || s.until != model_over(m, s.id))
                fail_msg("%s: an id of a producer", where);
        }
        if (dedup_next(&p[k]->ids, &w, &s))
            fail_msg("%s: too many ids", where);
    }
    if (ids != m->n || idmp->ids != m->n)
        fail_msg("%s: %zu ids instead of %zu", where, ids, m->n);
    mem_free(p);
}

static struct stream_id some_id(struct random *r, uint64_t *ms)
{
    if (random_below(r, 50) == 0)
        return (struct stream_id){UINT64_MAX - random_below(r, 3), random_next(r)};
    if (random_below(r, 30) == 0)
        *ms -= *ms > 5000 ? 5000 : 0; /* XSETID, XIDMPRECORD: ids may go back */
    *ms += random_below(r, 40);
    return (struct stream_id){*ms, random_below(r, 3)};
}

static void look(const struct idmp *idmp, const struct model *m, int pid, int iid, msec now)
{
    struct names room;
    struct idmp_name name = name_of(&room, pid, iid);
    size_t at = model_find(m, pid, iid);
    struct stream_id id;

    assert_int_equal(idmp_find(idmp, &name, IDMP_FOREVER, &id), at < m->n);
    if (at == m->n)
        return;
    assert_int_equal(stream_id_cmp(id, m->one[at].id), 0);
    assert_int_equal(idmp_find(idmp, &name, now, &id), now < model_over(m, m->one[at].id));
}

/* Forgets one producer's ids as a sweep does. */
static void sweep(struct idmp *idmp, struct model *m, msec now, size_t max)
{
    const struct producer *p = idmp_first_due(idmp);
    size_t n = p ? producer_over(p, now, max) : 0;

    if (n == 0)
        return;
    model_forget(m, atoi(p->name + 1), n);
    assert_int_equal(idmp_forget(idmp, producer_name(p), n), n);
}

static void random_step(struct idmp *idmp, struct model *m, struct random *r, uint64_t *ms)
{
    int pid = (int)random_below(r, 12), iid = (int)random_below(r, 60);
    struct names room;
    struct idmp_name name = name_of(&room, pid, iid);
    size_t n;

    look(idmp, m, pid, iid, (msec)*ms);
    switch (random_below(r, 8)) {
    case 0:
        n = (size_t)random_below(r, 5);
        assert_int_equal(idmp_forget(idmp, name.pid, n),
                         n < model_forget(m, pid, 0) ? n : model_forget(m, pid, 0));
        model_forget(m, pid, n);
        break;
    case 1:
        sweep(idmp, m, (msec)*ms, 1 + (size_t)random_below(r, 4));
        break;
    case 2:
        if (random_below(r, 100) == 0) {
            m->limits =
                (struct idmp_limits){1 + (uint32_t)random_below(r, 3), 1 + (uint32_t)random_below(r, 30)};
            if (m->limits.duration != idmp->limits.duration || m->limits.maxsize != idmp->limits.maxsize)
                m->n = 0;
            idmp_limit(idmp, m->limits);
        }
        break;
    default: {
        struct stream_id id = some_id(r, ms);

        idmp_remember(idmp, &name, id);
        model_remember(m, pid, iid, id);
    }
    }
}

static void agrees_with_an_array(void **state)
{
    struct model *m = mem_alloc(sizeof *m);

    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct idmp *idmp = idmp_new(&hash_seed), *copy;
        struct random r;
        uint64_t ms = 1000;
        char where[64];

        *m = (struct model){.limits = IDMP_LIMITS};
        random_seed(&r, seed);
        for (int step = 0; step < 2000; step++) {
            snprintf(where, sizeof where, "seed %d step %d", (int)seed, step);
            random_step(idmp, m, &r, &ms);
            agree(idmp, m, where);
        }
        copy = idmp_copy(idmp, &hash_seed);
        agree(copy, m, "copy");
        assert_int_equal(copy->added, idmp->added);
        idmp_free(idmp);
        agree(copy, m, "copy of what is gone");
        idmp_free(copy);
    }
    mem_free(m);
}

static void place_goes_with_it(void **state)
{
    struct heap heap = {0};
    struct idmp *one = idmp_new(&hash_seed), *two = idmp_new(&hash_seed);

    (void)state;
    due_place_put(&one->place, &heap, 0, SLICE("q"), 70);
    due_place_put(&two->place, &heap, 0, SLICE("r"), 50);
    due_place_put(&one->place, &heap, 0, SLICE("q"), 60);
    assert_int_equal(heap.n, 2);
    due_place_put(&one->place, &heap, 1, SLICE("renamed"), 40);
    assert_int_equal(heap.n, 2);
    assert_ptr_equal(heap_first(&heap), &one->place.node);
    idmp_check(one);
    idmp_free(one);
    assert_int_equal(heap.n, 1);
    due_place_drop(&two->place);
    due_place_drop(&two->place);
    assert_int_equal(heap.n, 0);
    idmp_free(two);
    heap_free(&heap);
}

static void goes_with_its_stream(void **state)
{
    const struct idmp_name name = {SLICE("p"), SLICE("a")};
    struct stream *s = stream_new(&hash_seed), *copy;
    size_t bare = stream_memory(s);
    struct heap heap = {0};
    struct stream_id id;

    (void)state;
    assert_null(stream_idmp(s));
    idmp_remember(stream_make_idmp(s), &name, (struct stream_id){5, 1});
    due_place_put(&stream_make_idmp(s)->place, &heap, 0, SLICE("q"), 5);
    assert_true(stream_memory(s) >= bare + idmp_memory(stream_idmp(s)));
    copy = stream_copy(s, &hash_seed);
    stream_check(copy);
    stream_free(s);
    assert_int_equal(heap.n, 0);
    assert_true(idmp_find(stream_idmp(copy), &name, IDMP_FOREVER, &id));
    assert_int_equal(id.seq, 1);
    stream_free(copy);
    heap_free(&heap);
}

/* What a client can make a stream hold by a new producer each time, and that idmp_memory() says so. */
static void a_producer_costs_so_much(void **state)
{
    size_t before = mem_used(), taken;
    struct idmp *m = idmp_new(&hash_seed);
    struct names room;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct idmp_name name = name_of(&room, i, 1);

        idmp_remember(m, &name, (struct stream_id){1700000000000, (uint64_t)i});
    }
    taken = mem_used() - before;
    print_message("%.0f bytes for each producer with one id\n", (double)taken / 100000);
    assert_true(taken < 420u * 100000);
    assert_in_range(idmp_memory(m), taken - taken / 8, taken + taken / 8);
    idmp_free(m);
    assert_true(mem_used() <= before + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(place_goes_with_it),
        cmocka_unit_test(goes_with_its_stream),
        cmocka_unit_test(a_producer_costs_so_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
