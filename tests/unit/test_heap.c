/* tests/unit/test_heap.c - the heap against a search through all nodes, over seeded random steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/heap.h"
#include "base/random.h"

#define NODES 200

static const struct heap_node *smallest(const struct heap_node *nodes)
{
    const struct heap_node *best = NULL;

    for (int i = 0; i < NODES; i++)
        if (nodes[i].pos != HEAP_OUT && (!best || nodes[i].at < best->at))
            best = &nodes[i];
    return best;
}

static void random_step(struct heap *h, struct heap_node *nodes, struct random *r, unsigned put_weight)
{
    struct heap_node *node = &nodes[random_below(r, NODES)];

    if (random_below(r, 100) < put_weight)
        heap_put(h, node, (int64_t)random_below(r, 50) - 25);
    else
        heap_remove(h, random_below(r, 2) && heap_first(h) ? heap_first(h) : node);
}

static void agrees_with_a_search(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct heap h = {0};
        struct heap_node nodes[NODES];
        struct random r;

        random_seed(&r, seed);
        for (int i = 0; i < NODES; i++)
            nodes[i].pos = HEAP_OUT;
        for (int step = 0; step < 5000; step++) {
            const struct heap_node *want, *got;

            random_step(&h, nodes, &r, step / 1000 % 2 ? 30 : 70); /* fills, then empties */
            heap_check(&h);
            want = smallest(nodes);
            got = heap_first(&h);
            if (!want != !got || (want && want->at != got->at))
                fail_msg("seed %d step %d", (int)seed, step);
        }
        heap_free(&h);
        assert_null(smallest(nodes));
    }
}

static void comes_out_sorted(void **state)
{
    struct heap h = {0};
    struct heap_node nodes[NODES];
    struct random r;
    int64_t last = INT64_MIN;
    size_t n = 0;

    (void)state;
    random_seed(&r, 3);
    for (int i = 0; i < NODES; i++) {
        nodes[i].pos = HEAP_OUT;
        heap_put(&h, &nodes[i], i < 2 ? (i ? INT64_MAX : INT64_MIN) : (int64_t)random_next(&r));
    }
    for (struct heap_node *first; (first = heap_first(&h)); n++) {
        assert_true(first->at >= last);
        last = first->at;
        heap_remove(&h, first);
        heap_remove(&h, first); /* out already */
    }
    assert_int_equal(n, NODES);
    assert_int_equal(last, INT64_MAX);
    heap_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_search),
        cmocka_unit_test(comes_out_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
