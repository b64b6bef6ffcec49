/* tests/unit/test_windows.c - names that count for a while, against a list of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/windows_edit.h"
#include <stdio.h>

static const struct hash_seed hash_seed = {1, 2};
static uint64_t seed;

#define CHECK(cond)                                                                                          \
    do                                                                                                       \
        if (!(cond))                                                                                         \
            fail_msg("seed %lu: %s", (unsigned long)seed, #cond);                                            \
    while (0)

#define NAMES 200

/* What is known of each name: until 0: nothing. */
struct model {
    struct stream_id id[NAMES];
    msec until[NAMES];
};

static struct slice name_of(unsigned i, char room[16])
{
    return (struct slice){room, (size_t)snprintf(room, 16, "n%u", i)};
}

static void add(struct windows *w, struct model *m, unsigned i, msec until)
{
    char room[16];
    struct seen s = {name_of(i, room), {(uint64_t)until % 100, i}, until};

    windows_add(w, windows_lane(w, until), &s);
    m->id[i] = s.id;
    m->until[i] = until;
}

/* All that is known is what the model knows; what it has forgotten may be there, if it is over. */
static void agree(const struct windows *w, const struct model *m)
{
    size_t n = 0;

    for (unsigned i = 0; i < NAMES; i++) {
        char room[16];
        struct seen s;
        bool there = windows_find(w, name_of(i, room), &s);

        CHECK(there == (m->until[i] != 0));
        CHECK(!there || (s.until == m->until[i] && stream_id_cmp(s.id, m->id[i]) == 0));
        n += there;
    }
    CHECK(windows_count(w) == n);
}

/* With so few lanes that all windows have one, nothing that is over stays. */
static void sweep(struct windows *w, struct model *m, msec now, bool exact)
{
    size_t n, known = 0;
    unsigned lane;
    msec at;

    while ((n = windows_over(w, now, 3, &lane))) {
        struct dedup_walk walk = {0};
        struct seen s;

        CHECK(n <= 3 && lane < w->lanes);
        for (size_t i = 0; i < n; i++) {
            CHECK(dedup_next(&w->lane[lane].names, &walk, &s) && s.until <= now);
            m->until[s.id.seq] = 0;
        }
        CHECK(windows_forget(w, lane, n) == n);
    }
    for (unsigned i = 0; i < NAMES; i++)
        known += m->until[i] && m->until[i] <= now;
    CHECK(!exact || known == 0);
    CHECK(!windows_next(w, &at) || at > now);
}

static void run(unsigned kinds)
{
    static const msec window[] = {300000, 10, 60000, 5, 86400000, 1000, 250, 7};
    struct windows w, copy;
    struct model m = {.until = {0}};
    struct random r;
    msec now = 1700000000000;

    random_seed(&r, seed);
    windows_init(&w, &hash_seed);
    for (int i = 0; i < 4000; i++) {
        unsigned k = (unsigned)random_below(&r, NAMES);
        char room[16];

        now += (msec)random_below(&r, random_below(&r, 50) ? 3 : 5000);
        if (random_below(&r, 6) == 0) {
            CHECK(windows_remove(&w, name_of(k, room)) == (m.until[k] != 0));
            m.until[k] = 0;
        } else {
            add(&w, &m, k,
                now + (kinds ? window[random_below(&r, kinds)] : 1 + (msec)random_below(&r, 100000)));
        }
        if (random_below(&r, 5) == 0)
            sweep(&w, &m, now, kinds > 0);
        if (i % 40 == 0) {
            windows_check(&w);
            agree(&w, &m);
        }
    }
    CHECK(w.lanes <= (kinds ? kinds : WINDOWS_LANES));
    windows_copy(&copy, &w, &hash_seed);
    windows_clear(&w);
    CHECK(windows_count(&w) == 0 && windows_memory(&w) == 0);
    windows_check(&copy);
    agree(&copy, &m);
    sweep(&copy, &m, INT64_MAX, true);
    CHECK(windows_count(&copy) == 0);
    windows_clear(&copy);
}

static void each_window_has_a_lane(void **state)
{
    (void)state;
    for (seed = 1; seed <= 40; seed++)
        run(1 + seed % WINDOWS_LANES);
}

static void more_windows_than_lanes(void **state)
{
    (void)state;
    for (seed = 1; seed <= 20; seed++)
        run(0);
}

/* The name that is told again goes where its new window has it. */
static void one_name_one_place(void **state)
{
    struct windows w;
    struct seen s = {SLICE("a"), {1, 0}, 500}, found;
    msec at;

    (void)state;
    windows_init(&w, &hash_seed);
    assert_int_equal(windows_lane(&w, 500), 0);
    assert_false(windows_next(&w, &at));
    windows_add(&w, 0, &s);
    s.name = SLICE("b");
    assert_int_equal(windows_lane(&w, 400), 1);
    assert_int_equal(windows_lane(&w, 500), 0);
    s.until = 400;
    windows_add(&w, 1, &s);
    assert_true(windows_next(&w, &at) && at == 400);
    s = (struct seen){SLICE("a"), {2, 0}, 450};
    assert_int_equal(windows_lane(&w, 450), 1);
    windows_add(&w, 1, &s);
    assert_true(windows_find(&w, SLICE("a"), &found) && found.id.ms == 2 && found.until == 450);
    assert_int_equal(windows_count(&w), 2);
    assert_int_equal(windows_lane(&w, 3), 0); /* it is empty */
    windows_check(&w);
    windows_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_window_has_a_lane),
        cmocka_unit_test(more_windows_than_lanes),
        cmocka_unit_test(one_name_one_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
