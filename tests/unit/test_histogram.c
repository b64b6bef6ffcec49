/* Histograms, against a sorted array. */
#include "base/histogram.h"
#include "base/mem.h"
#include "base/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above first */
#include <cmocka.h>

static void every_value_lies_in_its_bucket(void **state)
{
    unsigned before = 0;

    (void)state;
    for (uint64_t v = 0; v < 5000; v++) {
        unsigned b = histogram_bucket(v);

        assert_true(b == before || b == before + 1);
        assert_true(v <= histogram_top(b));
        assert_true(b == 0 || v > histogram_top(b - 1));
        before = b;
    }
    for (unsigned bit = 4; bit < 64; bit++) {
        uint64_t v = (uint64_t)1 << bit;

        assert_int_equal(histogram_bucket(v), histogram_bucket(v - 1) + 1);
        assert_int_equal(histogram_top(histogram_bucket(v - 1)), v - 1);
    }
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    assert_true(histogram_top(HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void percentiles_are_near_the_sorted_ones(void **state)
{
    enum { N = 2000 };
    static const double percent[] = {0, 1, 50, 90, 99, 99.9, 100};
    struct histogram *h = mem_zalloc(sizeof *h);
    struct random r;
    uint64_t v[N];

    (void)state;
    assert_int_equal(histogram_percentile(h, 50), 0);
    random_seed(&r, 7);
    for (int i = 0; i < N; i++) {
        v[i] = random_next(&r) >> (28 + random_next(&r) % 36);
        h->bucket[histogram_bucket(v[i])]++;
    }
    qsort(v, N, sizeof *v, by_value);
    for (size_t i = 0; i < sizeof percent / sizeof *percent; i++) {
        size_t nth = (size_t)(percent[i] / 100 * N + 0.5);
        uint64_t exact = v[nth ? nth - 1 : 0], got = histogram_percentile(h, percent[i]);

        assert_true(got >= exact);
        assert_true(got <= exact + exact / 16);
    }
    assert_int_equal(histogram_count(h), N);
    mem_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_lies_in_its_bucket),
        cmocka_unit_test(percentiles_are_near_the_sorted_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
