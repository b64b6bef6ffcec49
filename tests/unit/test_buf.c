/* tests/unit/test_buf.c - bytes that grow, against an array that is large enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/random.h"
#include <stdio.h>

static void random_step(struct buf *b, char *model, size_t *n, struct random *r)
{
    size_t k = random_below(r, 100);
    uint64_t v = random_next(r) >> random_below(r, 64);

    switch (random_below(r, 8)) {
    case 0:
        buf_add(b,
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
                k < 90 ? k : 90);
        memcpy(model + *n, b->p + b->n - (k < 90 ? k : 90), k < 90 ? k : 90);
        *n += k < 90 ? k : 90;
        break;
    case 1:
        buf_add_char(b, (char)k);
        model[(*n)++] = (char)k;
        break;
    case 2:
        buf_add_u64(b, v);
        *n += (size_t)sprintf(model + *n, "%llu", (unsigned long long)v);
        break;
    case 3:
        buf_add_i64(b, -(int64_t)v);
        *n += (size_t)sprintf(model + *n, "%lld", (long long)-(int64_t)v);
        break;
    case 4:
        buf_addf(b, "%s=%0*d", "name", (int)k + 1, 7);
        *n += (size_t)sprintf(model + *n, "%s=%0*d", "name", (int)k + 1, 7);
        break;
    case 5:
        buf_shrink(b, k);
        break;
    default:
        k = *n ? random_below(r, *n + 1) : 0;
        buf_drop_front(b, k);
        memmove(model, model + k, *n -= k);
    }
}

static void agrees_with_an_array(void **state)
{
    static char model[1 << 20];

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct buf b = {0};
        struct random r;
        size_t n = 0;

        random_seed(&r, seed);
        for (int step = 0; step < 2000; step++) {
            random_step(&b, model, &n, &r);
            if (b.n != n || b.n > b.cap || (n && memcmp(b.p, model, n)))
                fail_msg("seed %d step %d", (int)seed, step);
        }
        buf_free(&b);
        assert_null(b.p);
        assert_int_equal(b.n + b.cap, 0);
    }
}

static void nothing_is_fine(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add(&b, NULL, 0);
    buf_add_slice(&b, (struct slice){NULL, 0});
    buf_add_str(&b, "");
    buf_drop_front(&b, 0);
    buf_shrink(&b, 0);
    assert_null(b.p);
    buf_addf(&b, "%s", "");
    assert_int_equal(b.n, 0);
    buf_shrink(&b, 0);
    assert_null(b.p);
    buf_free(&b);
}

static void shrinks_to_what_is_kept(void **state)
{
    struct buf b = {0};

    (void)state;
    memset(buf_reserve(&b, 100000), 'x', 100000);
    b.n = 100000;
    buf_shrink(&b, 1000);
    assert_int_equal(b.cap, 100000);
    buf_drop_front(&b, 99990);
    buf_shrink(&b, 1000);
    assert_int_equal(b.cap, 1000);
    assert_true(slice_eq(buf_slice(&b), SLICE("xxxxxxxxxx")));
    buf_shrink(&b, 2000);
    assert_int_equal(b.cap, 1000);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(shrinks_to_what_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
