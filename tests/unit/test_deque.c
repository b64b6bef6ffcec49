/* The list value, against an array of strings. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/deque_edit.h"
#include <stdio.h>
#include <stdlib.h>

#define MODEL_MAX 4000

struct run {
    struct random r;
    struct deque *d;
    struct slice m[MODEL_MAX]; /* the model: each a copy */
    size_t n;
    size_t target, longest;
};

static uint64_t below(struct run *t, uint64_t n)
{
    return random_below(&t->r, n);
}

static struct slice new_value(struct run *t)
{
    static const size_t edge[] = {0, 1, 126, 127, 128, 129, 8150, 8156, 8160, 16383, 16384, 40000};
    size_t n = below(t, 200) ? below(t, t->longest) : edge[below(t, 12)];
    char *p = mem_alloc(n);

    for (size_t i = 0; i < n; i++)
        p[i] = (char)random_next(&t->r);
    return (struct slice){p, n};
}

static void model_insert(struct run *t, size_t at, struct slice v)
{
    assert_true(t->n < MODEL_MAX);
    memmove(&t->m[at + 1], &t->m[at], (t->n++ - at) * sizeof v);
    t->m[at] = v;
}

static void model_remove(struct run *t, size_t at)
{
    mem_free((void *)(uintptr_t)t->m[at].p);
    memmove(&t->m[at], &t->m[at + 1], (--t->n - at) * sizeof t->m[0]);
}

static void push(struct run *t)
{
    struct slice v = new_value(t);

    if (below(t, 2)) {
        deque_push_front(t->d, v);
        model_insert(t, 0, v);
    } else {
        deque_push_back(t->d, v);
        model_insert(t, t->n, v);
    }
}

static void pop(struct run *t)
{
    if (below(t, 2)) {
        deque_pop_front(t->d);
        model_remove(t, 0);
    } else {
        deque_pop_back(t->d);
        model_remove(t, t->n - 1);
    }
}

static void drop(struct run *t)
{
    size_t n = below(t, t->n / 2 + 1);
    bool front = below(t, 2);

    if (front)
        deque_drop_front(t->d, n);
    else
        deque_drop_back(t->d, n);
    while (n--)
        model_remove(t, front ? 0 : t->n - 1);
}

static struct deque_pos seek(struct run *t, size_t at)
{
    struct deque_pos pos;

    assert_true(deque_seek(t->d, below(t, 2) ? (int64_t)at : (int64_t)at - (int64_t)t->n, &pos));
    assert_true(slice_eq(deque_value(&pos), t->m[at]));
    return pos;
}

static void set(struct run *t)
{
    size_t at = below(t, t->n);
    struct deque_pos pos = seek(t, at);
    struct slice v = new_value(t);

    deque_set(t->d, &pos, v);
    mem_free((void *)(uintptr_t)t->m[at].p);
    t->m[at] = v;
    assert_true(slice_eq(deque_value(&pos), v));
}

static void insert(struct run *t)
{
    size_t at = below(t, t->n);
    struct deque_pos pos = seek(t, at);

    for (uint64_t n = below(t, 4) ? 1 : below(t, 20); n--;) {
        struct slice v = new_value(t);
        bool before = below(t, 2);

        deque_insert(t->d, &pos, before, v);
        at += !before;
        model_insert(t, at, v);
        assert_true(slice_eq(deque_value(&pos), v));
    }
}

/* As LREM does: walks, and removes some on the way. */
static void remove_some(struct run *t)
{
    size_t at = below(t, t->n);
    struct deque_pos pos = seek(t, at);
    bool back = below(t, 2), ok = true;

    for (uint64_t n = below(t, 30); ok && n--;) {
        if (below(t, 3)) {
            ok = deque_remove(t->d, &pos, back);
            model_remove(t, at);
            assert_true(ok == (back ? at > 0 : at < t->n));
            at -= ok && back;
        } else {
            ok = back ? deque_prev(&pos) : deque_next(&pos);
            assert_true(ok == (back ? at > 0 : at + 1 < t->n));
            at = ok ? back ? at - 1 : at + 1 : at;
        }
        if (ok)
            assert_true(slice_eq(deque_value(&pos), t->m[at]));
    }
}

static void agree(struct run *t, const struct deque *d)
{
    struct deque_pos pos;
    struct slice v;
    size_t i = 0;

    assert_int_equal(deque_length(d), t->n);
    for (bool ok = deque_seek(d, 0, &pos); ok; ok = deque_next(&pos))
        assert_true(slice_eq(deque_value(&pos), t->m[i++]));
    assert_int_equal(i, t->n);
    for (bool ok = deque_seek(d, -1, &pos); ok; ok = deque_prev(&pos))
        assert_true(slice_eq(deque_value(&pos), t->m[--i]));
    assert_int_equal(i, 0);
    assert_true(deque_first(d, &v) == (t->n > 0) && (!t->n || slice_eq(v, t->m[0])));
    assert_true(deque_last(d, &v) == (t->n > 0) && (!t->n || slice_eq(v, t->m[t->n - 1])));
    assert_false(deque_at(d, (int64_t)t->n, &v) || deque_at(d, -(int64_t)t->n - 1, &v) ||
                 deque_at(d, INT64_MIN, &v) || deque_at(d, INT64_MAX, &v));
}

static void copy(struct run *t)
{
    struct deque *d = deque_copy(t->d);

    deque_check(d);
    agree(t, d);
    deque_free(t->d);
    t->d = d;
}

static void step(struct run *t)
{
    bool grow = t->n < t->target / 2 || (t->n < t->target && below(t, 2));
    uint64_t what = below(t, 100);

    if (t->n > 0 && what < 10)
        set(t);
    else if (t->n > 0 && what < 20 && t->n < t->target)
        insert(t);
    else if (t->n > 0 && what < 24)
        remove_some(t);
    else if (what == 24)
        drop(t);
    else if (what == 25)
        copy(t);
    else if (grow)
        push(t);
    else if (t->n > 0)
        pop(t);
}

static void run(uint64_t seed)
{
    static struct run t; /* large */
    static const size_t target[] = {4, 60, 1000, 3000}, longest[] = {10, 200, 3000, 9000};

    t = (struct run){.d = deque_new()};
    random_seed(&t.r, seed);
    t.target = target[below(&t, 4)];
    t.longest = longest[below(&t, 4)];
    for (unsigned i = 0; i < 5000; i++) {
        step(&t);
        if (i % 16 == 0 || t.n < 50)
            deque_check(t.d);
        if (i % 64 == 0)
            agree(&t, t.d);
    }
    while (t.n)
        model_remove(&t, t.n - 1);
    while (!deque_free_some(t.d, 2))
        deque_check(t.d);
}

static uint64_t seed_now; /* of the run that is on: what one wants to know when it fails */

static int tell_seed(void **state)
{
    (void)state;
    if (seed_now)
        print_error("failed with SEED=%llu\n", (unsigned long long)seed_now);
    return 0;
}

static void on_abort(int sig) /* a must() of a _check() */
{
    (void)sig;
    tell_seed(NULL);
}

static void random_steps_agree_with_an_array(void **state)
{
    const char *fixed = getenv("SEED");
    uint64_t from = fixed ? strtoull(fixed, NULL, 10) : 1, to = fixed ? from : 32;

    (void)state;
    for (seed_now = from; seed_now <= to; seed_now++)
        run(seed_now);
    seed_now = 0;
}

static void short_elements_cost_little_more_than_their_bytes(void **state)
{
    struct deque *d = deque_new();

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        deque_push_back(d, SLICE("0123456789"));
    assert_true(deque_memory(d) <= 100000 * (10 + 2) * 102 / 100);
    deque_free(d);
}

static void middling_elements_waste_no_chunks(void **state)
{
    static char bytes[5000];
    struct deque *d = deque_new();

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        deque_push_front(d, (struct slice){bytes, sizeof bytes});
    assert_true(deque_memory(d) <= 200 * (sizeof bytes + 100));
    deque_free(d);
}

static void one_element_is_small(void **state)
{
    struct deque *d = deque_new();

    (void)state;
    deque_push_back(d, SLICE("job"));
    assert_true(deque_memory(d) <= 128);
    for (unsigned i = 0; i < 5000; i++)
        deque_push_back(d, SLICE("job"));
    while (deque_length(d) > 1)
        deque_pop_front(d);
    assert_true(deque_memory(d) <= 1024);
    deque_free(d);
}

/* Enqueued at one end, taken at the other, a few at a time: it stays where it is. */
static void a_short_queue_does_not_grow(void **state)
{
    struct deque *d = deque_new();

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        char text[16];
        struct slice v;

        deque_push_front(d, (struct slice){text, (size_t)snprintf(text, sizeof text, "%u", i)});
        if (i < 20)
            continue;
        assert_true(deque_last(d, &v) && strtoul(v.p, NULL, 10) == i - 20);
        deque_pop_back(d);
        assert_true(deque_memory(d) < 1024);
    }
    deque_check(d);
    deque_free(d);
}

static void removing_here_and_there_gives_memory_back(void **state)
{
    struct deque *d = deque_new();
    struct deque_pos pos;
    unsigned i = 0;

    (void)state;
    for (i = 0; i < 50000; i++)
        deque_push_back(d, SLICE("0123456789"));
    i = 0;
    for (bool ok = deque_seek(d, 0, &pos); ok;)
        ok = ++i % 50 ? deque_remove(d, &pos, false) : deque_next(&pos);
    assert_int_equal(deque_length(d), 1000);
    deque_check(d);
    assert_true(deque_memory(d) <= 1000 * 12 * 4);
    deque_free(d);
}

static void an_empty_one_answers(void **state)
{
    struct deque *d = deque_new();
    struct deque_pos pos;
    struct slice v;

    (void)state;
    assert_false(deque_first(d, &v) || deque_last(d, &v) || deque_at(d, 0, &v) || deque_seek(d, -1, &pos));
    deque_drop_front(d, 5);
    deque_drop_back(d, 5);
    deque_check(d);
    deque_free(d);
    deque_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_steps_agree_with_an_array, tell_seed),
        cmocka_unit_test(short_elements_cost_little_more_than_their_bytes),
        cmocka_unit_test(middling_elements_waste_no_chunks),
        cmocka_unit_test(one_element_is_small),
        cmocka_unit_test(a_short_queue_does_not_grow),
        cmocka_unit_test(removing_here_and_there_gives_memory_back),
        cmocka_unit_test(an_empty_one_answers),
    };

    signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
