/* store/packed against an array of texts, and the sizes its items have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/packed_edit.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

#define MODEL_MAX 600

struct model {
    struct slice m[MODEL_MAX]; /* each a copy */
    size_t n;
};

static struct slice random_text(struct random *r)
{
    static const int64_t edge[] = {0,     -1,    127,       128,       -128,     -129,
                                   32767, 32768, INT32_MAX, INT64_MAX, INT64_MIN};
    char room[800];
    size_t n;

    switch (random_below(r, 4)) {
    case 0:
        n = num_put_i64(room, edge[random_below(r, 11)]);
        break;
    case 1:
        n = num_put_i64(room, (int64_t)random_next(r) >> random_below(r, 64));
        break;
    case 2: /* looks like a number and is none */
        n = (size_t)snprintf(room, sizeof room, "%s%d", random_below(r, 2) ? "0" : "+",
                             (int)random_below(r, 99));
        break;
    default:
        n = random_below(r, random_below(r, 10) ? 20 : sizeof room);
        for (size_t i = 0; i < n; i++)
            room[i] = (char)random_next(r);
    }
    return (struct slice){mem_strdup((struct slice){room, n}), n};
}

static void text_free(struct slice s)
{
    mem_free((void *)(uintptr_t)s.p);
}

static void same(const struct packed *s, const struct model *m)
{
    struct packed_item item;
    size_t i = 0;

    packed_check(s);
    assert_int_equal(s->n, m->n);
    for (uint32_t at = 0; packed_read(s, at, &item); at = item.next, i++)
        assert_true(slice_eq(item.text, m->m[i]));
    assert_int_equal(i, m->n);
}

static struct packed *step(struct packed *s, struct model *m, struct random *r)
{
    uint32_t i = (uint32_t)random_below(r, m->n + 1), found;
    struct slice text = random_text(r);

    switch (m->n == MODEL_MAX ? 1 : random_below(r, 3)) {
    case 0:
        s = packed_insert(s, packed_seek(s, i), text);
        memmove(&m->m[i + 1], &m->m[i], (m->n++ - i) * sizeof text);
        m->m[i] = text;
        assert_true(packed_find(s, text, 1, &found) && found <= packed_seek(s, i));
        return s;
    case 1:
        text_free(text);
        if (i == m->n)
            return s;
        s = packed_remove(s, packed_seek(s, i), 1);
        text_free(m->m[i]);
        memmove(&m->m[i], &m->m[i + 1], (--m->n - i) * sizeof text);
        return s;
    default:
        if (i == m->n) {
            text_free(text);
            return s;
        }
        s = packed_replace(s, packed_seek(s, i), text);
        text_free(m->m[i]);
        m->m[i] = text;
        return s;
    }
}

static void random_steps_match_an_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct packed *s = packed_new(), *copy;
        struct model m = {.n = 0};
        struct random r;

        print_message("seed %d\n", (int)seed);
        random_seed(&r, seed);
        for (int i = 0; i < 2000; i++) {
            s = step(s, &m, &r);
            if (i % 50 == 0)
                same(s, &m);
        }
        copy = packed_copy(s);
        packed_free(s);
        same(copy, &m);
        packed_free(copy);
        while (m.n)
            text_free(m.m[--m.n]);
    }
}

static void doubles_come_back_as_they_went(void **state)
{
    static const double v[] = {
        0, 1, -1, 0.1, 1e308, -1e308, DBL_MIN, INFINITY, -INFINITY, 9007199254740992, 1e18, 123456789};
    struct packed *s = packed_new();
    struct packed_item item;
    uint32_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        s = packed_insert_double(s, s->used, v[i]);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++, at = item.next) {
        assert_true(packed_read(s, at, &item));
        assert_memory_equal(&item.number, &v[i], sizeof v[i]);
    }
    packed_free(s);
}

static void small_things_are_small(void **state)
{
    struct packed *s = packed_new();

    (void)state;
    s = packed_insert(s, 0, SLICE("7"));
    assert_int_equal(s->used, 2);
    s = packed_insert(s, 0, SLICE("1234567"));
    assert_int_equal(s->used, 2 + 4);
    s = packed_insert(s, 0, SLICE("field"));
    assert_int_equal(s->used, 2 + 4 + 6);
    s = packed_insert_double(s, 0, 17);
    assert_int_equal(s->used, 2 + 4 + 6 + 2);
    packed_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_match_an_array),
        cmocka_unit_test(doubles_come_back_as_they_went),
        cmocka_unit_test(small_things_are_small),
    };

    return cmocka_run_group_tests_name("store/packed", tests, NULL, NULL);
}
