/* tests/unit/test_dict.c - the hash table against an array of flags, through growing and shrinking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/mem.h"
#include "base/random.h"
#include <stdio.h>
#include <stdlib.h>

#define KEYS 5000

/* An entry for each key there can be; `in` is the model. */
struct entry {
    char key[16];
    size_t n;
    bool in;
    unsigned seen, frees;
};

struct fixture {
    struct dict d;
    struct hash_seed seed;
    struct random r;
    uint64_t number;
    size_t count;
    struct entry e[KEYS];
};

static struct slice entry_key(const void *p)
{
    const struct entry *e = p;

    return (struct slice){e->key, e->n};
}

static void entry_free(void *p)
{
    ((struct entry *)p)->frees++;
}

static const struct dict_type type = {entry_key, entry_free};

static struct fixture *fixture_new(uint64_t seed)
{
    struct fixture *t = mem_zalloc(sizeof(*t));

    t->number = seed;
    random_seed(&t->r, seed);
    t->seed = (struct hash_seed){random_next(&t->r), random_next(&t->r)};
    dict_init(&t->d, &type, &t->seed);
    for (int i = 0; i < KEYS; i++)
        t->e[i].n = (size_t)snprintf(t->e[i].key, sizeof(t->e[i].key), "k%d", i);
    return t;
}

static void fixture_free(struct fixture *t)
{
    dict_clear(&t->d);
    assert_int_equal(dict_count(&t->d), 0);
    assert_int_equal(dict_memory(&t->d), 0);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(t->e[i].frees, t->e[i].in);
    mem_free(t);
}

static void add(struct fixture *t, struct entry *e)
{
    dict_add(&t->d, e);
    e->in = true;
    t->count++;
}

static void take_out(struct fixture *t, struct entry *e)
{
    assert_ptr_equal(dict_remove(&t->d, entry_key(e)), e);
    e->in = false;
    t->count--;
}

/* Finds a key, and adds or removes it so that the table drifts towards `target` entries. */
static void random_step(struct fixture *t, size_t target)
{
    struct entry *e = &t->e[random_below(&t->r, KEYS)];

    if (dict_find(&t->d, entry_key(e)) != (e->in ? e : NULL))
        fail_msg("seed %d: %s", (int)t->number, e->key);
    if (!e->in && (t->count < target || random_below(&t->r, 4) == 0))
        add(t, e);
    else if (e->in && (t->count > target || random_below(&t->r, 4) == 0))
        take_out(t, e);
    else if (!e->in)
        assert_null(dict_remove(&t->d, entry_key(e)));
    assert_int_equal(dict_count(&t->d), t->count);
}

static size_t random_target(struct fixture *t)
{
    static const size_t targets[] = {0, 3, 8, 20, 100, 700, 2500, KEYS};

    return targets[random_below(&t->r, sizeof(targets) / sizeof(targets[0]))];
}

static void agrees_with_flags(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct fixture *t = fixture_new(seed);
        size_t target = 0;

        for (int step = 0; step < 40000; step++) {
            if (step % 5000 == 0)
                target = random_target(t);
            random_step(t, target);
            if (t->count < 30 || step % 500 == 0)
                dict_check(&t->d);
            if (random_below(&t->r, 100) == 0)
                dict_step(&t->d, random_below(&t->r, 10));
        }
        fixture_free(t);
    }
}

static void mark_seen(void *entry, void *arg)
{
    (void)arg;
    ((struct entry *)entry)->seen++;
}

/* What is there from the first call to the last is seen, though the table grows and shrinks in between;
 * what was never there is not. */
static void scan_misses_nothing(void **state)
{
    size_t growths = 0, shrinks = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct fixture *t = fixture_new(seed);
        static bool stayed[KEYS], ever[KEYS];
        size_t target = random_target(t);
        uint64_t cursor = 0;

        for (int step = 0; step < 12000; step++)
            random_step(t, target);
        for (int i = 0; i < KEYS; i++)
            stayed[i] = ever[i] = t->e[i].in;
        target = random_target(t);
        do {
            uint64_t mask = t->d.t[0].mask;

            cursor = dict_scan(&t->d, cursor, mark_seen, NULL);
            for (uint64_t step = random_below(&t->r, 300); step > 0; step--) {
                struct entry *e = &t->e[random_below(&t->r, KEYS)];

                if (e->in && t->count > target) {
                    take_out(t, e);
                    stayed[e - t->e] = false;
                } else if (!e->in && t->count < target) {
                    add(t, e);
                    ever[e - t->e] = true;
                }
            }
            growths += t->d.t[0].mask > mask;
            shrinks += t->d.t[0].mask < mask;
        } while (cursor);
        for (int i = 0; i < KEYS; i++)
            if ((stayed[i] && !t->e[i].seen) || (!ever[i] && t->e[i].seen))
                fail_msg("seed %d: key %d", (int)seed, i);
        fixture_free(t);
    }
    assert_true(growths >= 30);
    assert_true(shrinks >= 30);
}

/* A table that does not change is scanned with no entry twice. */
static void scan_of_a_still_table(void **state)
{
    (void)state;
    for (size_t count = 0; count < KEYS; count = count * 2 + 1) {
        struct fixture *t = fixture_new(count + 1);
        uint64_t cursor = 0;

        for (size_t i = 0; i < count; i++)
            add(t, &t->e[i]);
        do
            cursor = dict_scan(&t->d, cursor, mark_seen, NULL);
        while (cursor);
        for (size_t i = 0; i < KEYS; i++)
            assert_int_equal(t->e[i].seen, i < count);
        fixture_free(t);
    }
}

/* Each entry once, though entries are removed meanwhile: those behind, this one, and those ahead, which
 * then do not come. */
static void iterates_while_removing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct fixture *t = fixture_new(seed);
        size_t target = random_target(t), left = 0;
        struct dict_iter it;
        struct entry *e;

        for (int step = 0; step < 12000; step++)
            random_step(t, target);
        dict_iter_begin(&it, &t->d);
        while ((e = dict_iter_next(&it))) {
            assert_true(e->in);
            assert_int_equal(e->seen++, 0);
            if (random_below(&t->r, 4) == 0)
                take_out(t, e);
            e = &t->e[random_below(&t->r, KEYS)];
            if (e->in && random_below(&t->r, 2))
                take_out(t, e);
        }
        assert_null(dict_iter_next(&it));
        dict_check(&t->d);
        dict_iter_end(&it);
        dict_check(&t->d);
        for (int i = 0; i < KEYS; i++) {
            left += t->e[i].in;
            if (t->e[i].in && !t->e[i].seen)
                fail_msg("seed %d: key %d", (int)seed, i);
        }
        assert_int_equal(left, t->count);
        for (int step = 0; step < 3000; step++)
            random_step(t, random_below(&t->r, 2) ? 0 : 50);
        dict_check(&t->d);
        fixture_free(t);
    }
}

static void empty_owns_nothing(void **state)
{
    struct fixture *t = fixture_new(1);
    struct dict_iter it;
    struct entry *e;

    (void)state;
    assert_int_equal(dict_memory(&t->d), 0);
    assert_null(dict_find(&t->d, SLICE("x")));
    assert_null(dict_remove(&t->d, SLICE("x")));
    assert_null(dict_random(&t->d, 1));
    assert_int_equal(dict_scan(&t->d, 77, mark_seen, NULL), 0);
    dict_iter_begin(&it, &t->d);
    assert_null(dict_iter_next(&it));
    dict_iter_end(&it);
    for (int i = 0; i < 3000; i++)
        add(t, &t->e[i]);
    dict_iter_begin(&it, &t->d);
    while ((e = dict_iter_next(&it)))
        take_out(t, e);
    dict_iter_end(&it);
    assert_int_equal(dict_memory(&t->d), 0);
    for (int i = 0; i < 3000; i++)
        add(t, &t->e[i]);
    for (int i = 0; i < 3000; i++)
        take_out(t, &t->e[i]);
    assert_int_equal(dict_memory(&t->d), 0);
    fixture_free(t);
}

static void drained(void *entry, void *arg)
{
    struct entry *e = entry;

    assert_true(e->in);
    e->in = false;
    ++*(size_t *)arg;
}

/* In parts, at any stage of a rehash, and with the holes that an iteration leaves. */
static void drains_piecemeal(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct fixture *t = fixture_new(seed);
        size_t target = random_target(t), count, n = 0, chains = 1 + random_below(&t->r, 5), before;
        struct dict_iter it;
        struct entry *e;

        for (int step = 0; step < 9000; step++)
            random_step(t, target);
        dict_iter_begin(&it, &t->d);
        while (seed % 3 == 0 && (e = dict_iter_next(&it)))
            if (random_below(&t->r, 3))
                take_out(t, e);
        dict_iter_end(&it);
        count = t->count;
        do {
            before = n;
        } while (!dict_drain(&t->d, chains, drained, &n) && n - before <= chains * 40);
        assert_int_equal(n, count);
        assert_int_equal(dict_memory(&t->d), 0);
        t->count = 0;
        dict_check(&t->d);
        for (int step = 0; step < 100; step++)
            random_step(t, 50); /* usable again */
        dict_check(&t->d);
        fixture_free(t);
    }
}

static void replace_keeps_the_place(void **state)
{
    struct fixture *t = fixture_new(1);
    struct entry other = t->e[7];

    (void)state;
    for (int i = 0; i < 1000; i++)
        add(t, &t->e[i]);
    assert_ptr_equal(dict_replace(&t->d, &other), &t->e[7]);
    assert_ptr_equal(dict_find(&t->d, SLICE("k7")), &other);
    assert_ptr_equal(dict_replace(&t->d, &t->e[7]), &other);
    assert_int_equal(dict_count(&t->d), 1000);
    dict_check(&t->d);
    fixture_free(t);
}

/* Each drawn about as often, in a table at rest, in one being rehashed, and in one nearly empty. */
static void random_is_fair(void **state)
{
    static const int sizes[] = {1, 5, 7, 30, 97, 300};

    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct fixture *t = fixture_new(k + 1);
        int n = sizes[k], draws = n * 1000;

        for (int i = 0; i < n; i++)
            add(t, &t->e[i]);
        while (draws--)
            ((struct entry *)dict_random(&t->d, random_next(&t->r)))->seen++;
        for (int i = 0; i < n; i++)
            assert_in_range(t->e[i].seen, 800, 1200);
        fixture_free(t);
    }
}

static void random_finds_the_last(void **state)
{
    struct fixture *t = fixture_new(1);
    struct dict_iter it;
    struct entry *e;

    (void)state;
    for (int i = 0; i < KEYS; i++)
        add(t, &t->e[i]);
    dict_iter_begin(&it, &t->d);
    while ((e = dict_iter_next(&it)))
        if (e != &t->e[5])
            take_out(t, e);
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(dict_random(&t->d, random_next(&t->r)), &t->e[5]);
    dict_iter_end(&it);
    while (dict_step(&t->d, 1))
        dict_check(&t->d);
    assert_in_range(dict_memory(&t->d), 64, 128);
    fixture_free(t);
}

/* Keys that differ in length only, hold NULs, or are empty. */
static void keys_are_any_bytes(void **state)
{
    struct fixture *t = fixture_new(1);

    (void)state;
    memset(t->e[0].key, 0, sizeof(t->e[0].key));
    for (int i = 0; i < 16; i++) {
        memset(t->e[i].key, 0, sizeof(t->e[i].key));
        t->e[i].n = (size_t)i;
        add(t, &t->e[i]);
    }
    for (int i = 0; i < 16; i++)
        assert_ptr_equal(dict_find(&t->d, entry_key(&t->e[i])), &t->e[i]);
    assert_ptr_equal(dict_find(&t->d, (struct slice){NULL, 0}), &t->e[0]);
    fixture_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_flags),     cmocka_unit_test(scan_misses_nothing),
        cmocka_unit_test(scan_of_a_still_table), cmocka_unit_test(iterates_while_removing),
        cmocka_unit_test(empty_owns_nothing),    cmocka_unit_test(replace_keeps_the_place),
        cmocka_unit_test(random_is_fair),        cmocka_unit_test(random_finds_the_last),
        cmocka_unit_test(keys_are_any_bytes),    cmocka_unit_test(drains_piecemeal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
