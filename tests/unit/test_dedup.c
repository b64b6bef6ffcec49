/* tests/unit/test_dedup.c - what has been seen, against an array in the order of arrival. */
#include "base/mem.h"
#include "base/num.h"
#include "base/random.h"
#include "store/dedup_edit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hash_seed hash_seed = {1, 2};

struct model {
    struct one {
        char name[400];
        size_t n;
        struct stream_id id;
        msec until;
    } one[400];
    size_t n;
};

static size_t model_find(const struct model *m, struct slice name)
{
    for (size_t i = 0; i < m->n; i++)
        if (slice_eq((struct slice){m->one[i].name, m->one[i].n}, name))
            return i;
    return SIZE_MAX;
}

static void model_remove(struct model *m, size_t i)
{
    memmove(&m->one[i], &m->one[i + 1], (m->n - i - 1) * sizeof m->one[0]);
    m->n--;
}

static void model_add(struct model *m, const struct seen *s)
{
    size_t old = model_find(m, s->name);
    struct one *o;

    if (old != SIZE_MAX)
        model_remove(m, old);
    o = &m->one[m->n++];
    memcpy(o->name, s->name.p, s->name.n);
    o->n = s->name.n;
    o->id = s->id;
    o->until = s->until;
}

static bool same(const struct one *o, const struct seen *s)
{
    return slice_eq((struct slice){o->name, o->n}, s->name) && stream_id_cmp(o->id, s->id) == 0 &&
           o->until == s->until;
}

static void agree(const struct dedup *d, const struct model *m, const char *where)
{
    struct dedup_walk w = {0};
    struct seen s;
    size_t i = 0;

    dedup_check(d);
    if (dedup_count(d) != m->n || dedup_oldest(d, &s) != (m->n > 0) || (m->n && !same(&m->one[0], &s)))
        fail_msg("%s: count or oldest", where);
    for (; dedup_next(d, &w, &s); i++)
        if (i == m->n || !same(&m->one[i], &s))
            fail_msg("%s: record %zu", where, i);
    if (i != m->n)
        fail_msg("%s: ends early", where);
}

static int64_t extreme(struct random *r)
{
    static const int64_t v[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1700000000000, 127, 128};

    return random_below(r, 3) ? v[random_below(r, 8)] : (int64_t)random_next(r);
}

/* Few names, so that they meet again; some of them empty, some long. */
static struct seen make(struct random *r, char *room, unsigned names)
{
    uint64_t which = random_below(r, names);
    size_t n = which % 50 == 0 ? (size_t)(which % 400) : 12;

    memset(room, (int)('a' + which % 26), 400);
    snprintf(room, 13, "%012u", (unsigned)which);
    return (struct seen){
        .name = {room, n}, .id = {(uint64_t)extreme(r), (uint64_t)extreme(r)}, .until = extreme(r)};
}

static void random_step(struct dedup *d, struct model *m, struct random *r, unsigned adds)
{
    char room[401];
    struct seen s = make(r, room, 380), found;
    size_t at = model_find(m, s.name);

    assert_int_equal(dedup_find(d, s.name, &found), at != SIZE_MAX);
    if (at != SIZE_MAX)
        assert_true(same(&m->one[at], &found));
    if (random_below(r, 100) < adds) {
        dedup_add(d, &s);
        model_add(m, &s);
    } else if (random_below(r, 2)) {
        assert_int_equal(dedup_remove(d, s.name), at != SIZE_MAX);
        if (at != SIZE_MAX)
            model_remove(m, at);
    } else {
        assert_int_equal(dedup_drop_oldest(d), m->n > 0);
        if (m->n)
            model_remove(m, 0);
    }
}

static void agrees_with_an_array(void **state)
{
    struct model *m = mem_alloc(sizeof *m);

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct dedup d, copy;
        struct random r;
        char where[64];

        m->n = 0;
        random_seed(&r, seed);
        dedup_init(&d, &hash_seed);
        for (int step = 0; step < 4000; step++) {
            snprintf(where, sizeof where, "seed %d step %d", (int)seed, step);
            random_step(&d, m, &r, step / 500 % 3 == 0 ? 90 : step / 500 % 3 == 1 ? 50 : 20);
            agree(&d, m, where);
        }
        dedup_copy(&copy, &d, &hash_seed);
        agree(&copy, m, "copy");
        dedup_clear(&d);
        agree(&copy, m, "copy of what is gone");
        m->n = 0;
        agree(&d, m, "cleared");
        assert_int_equal(dedup_memory(&d), 0);
        dedup_clear(&copy);
    }
    mem_free(m);
}

/* One that stays at the front keeps nothing else: what comes and goes behind it takes no more and more. */
static void the_forgotten_hold_no_memory(void **state)
{
    struct dedup d;
    struct seen s = {.name = SLICE("stays"), .id = {1, 0}, .until = INT64_MAX};
    char name[16];

    (void)state;
    dedup_init(&d, &hash_seed);
    dedup_add(&d, &s);
    for (int i = 0; i < 100000; i++) {
        s.name = (struct slice){name, (size_t)snprintf(name, sizeof name, "%d", i)};
        dedup_add(&d, &s);
        assert_true(dedup_remove(&d, s.name));
        assert_true(dedup_memory(&d) < 16384);
    }
    dedup_check(&d);
    dedup_clear(&d);
}

/* The figure of dedup.h, for names as long as a UUID. */
static void a_name_costs_little(void **state)
{
    struct dedup d;
    size_t before = mem_used(), taken;
    char name[40];
    struct seen s;

    (void)state;
    dedup_init(&d, &hash_seed);
    for (unsigned i = 0; i < 1000000; i++) {
        snprintf(name, sizeof name, "123e4567-e89b-12d3-a456-%012u", i);
        s = (struct seen){{name, 36}, {1700000000000 + i / 10, i % 10}, 1700000100000 + i / 10};
        dedup_add(&d, &s);
    }
    taken = mem_used() - before;
    print_message("%.1f bytes for each of a million names of 36 bytes\n", (double)taken / 1e6);
    assert_true(taken > 50u * 1000000 && taken < 76u * 1000000);
    assert_in_range(dedup_memory(&d), taken - taken / 20, taken + taken / 20);
    dedup_clear(&d);
    assert_true(mem_used() <= before + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(the_forgotten_hold_no_memory),
        cmocka_unit_test(a_name_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
