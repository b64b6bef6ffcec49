/* tests/unit/test_random.c - seeded numbers repeat, stay in range and are spread evenly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include <string.h>

/* The generator's first words from the state 1, 2, 3, 4, computed by hand from its definition. */
static void known_values(void **state)
{
    struct random r = {{1, 2, 3, 4}};

    (void)state;
    assert_int_equal(random_next(&r), 11520);
    assert_int_equal(random_next(&r), 0);
    assert_int_equal(random_next(&r), 1509978240);
}

static void seeds_repeat(void **state)
{
    struct random a, b, c;

    (void)state;
    random_seed(&a, 7);
    random_seed(&b, 7);
    random_seed(&c, 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t v = random_next(&a);

        assert_int_equal(v, random_next(&b));
        assert_int_not_equal(v, random_next(&c));
    }
}

static void below_is_even(void **state)
{
    struct random r;
    int seen[10] = {0};

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 100000; i++)
        seen[random_below(&r, 10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 9500, 10500);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(random_below(&r, 1), 0);
        assert_true(random_below(&r, UINT64_MAX) < UINT64_MAX);
        assert_true(random_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

static void system_fills_all(void **state)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    int zeros = 0;

    (void)state;
    random_system(a, sizeof(a));
    random_system(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_true(zeros < 50);
    random_system(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(seeds_repeat),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(system_fills_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
