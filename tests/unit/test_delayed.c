/* tests/unit/test_delayed.c - delayed messages against a sorted array, and what one costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/delayed_edit.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- the model: messages in an array, in their order */

#define FIELDS_MAX 6

struct item {
    struct delayed_message m;
    struct slice field[FIELDS_MAX];
};

struct model {
    struct item item[4000];
    size_t n, bytes;
    uint64_t next;
};

static size_t model_at(const struct model *m, struct stream_id id) /* first with an id >= that */
{
    size_t i = 0;

    while (i < m->n && stream_id_cmp(m->item[i].m.id, id) < 0)
        i++;
    return i;
}

static size_t item_bytes(const struct item *it)
{
    size_t bytes = 0;

    for (size_t i = 0; i < it->m.n; i++)
        bytes += it->field[i].n;
    return bytes;
}

static void model_add(struct model *m, const struct item *it)
{
    size_t at = model_at(m, it->m.id);

    memmove(&m->item[at + 1], &m->item[at], (m->n - at) * sizeof *it);
    m->item[at] = *it;
    m->n++;
    m->bytes += item_bytes(it);
    m->next = it->m.id.seq + 1;
}

static void model_remove(struct model *m, size_t at)
{
    m->bytes -= item_bytes(&m->item[at]);
    m->n--;
    memmove(&m->item[at], &m->item[at + 1], (m->n - at) * sizeof m->item[0]);
}

/* ---- the two compared */

static char noise[4096];
static uint64_t seed;

#define CHECK(cond)                                                                                          \
    do                                                                                                       \
        if (!(cond))                                                                                         \
            fail_msg("seed %lu: %s", (unsigned long)seed, #cond);                                            \
    while (0)

static void same(const struct delayed_message *m, const struct item *it)
{
    struct slice field[FIELDS_MAX];

    CHECK(stream_id_cmp(m->id, it->m.id) == 0 && m->added == it->m.added && m->ttl == it->m.ttl);
    CHECK(m->level == it->m.level && slice_eq(m->dedup, it->m.dedup) && m->n == it->m.n);
    delayed_fields(m, field);
    for (size_t i = 0; i < m->n; i++)
        CHECK(slice_eq(field[i], it->field[i]));
}

static void agree(const struct delayed *d, const struct model *m, struct random *r)
{
    struct stream_id from = {random_below(r, 1000), random_below(r, m->next + 1)};
    size_t i = random_below(r, 2) ? 0 : model_at(m, from);
    struct delayed_message msg;
    struct delayed_pos pos;

    CHECK(delayed_count(d) == m->n && d->bytes == m->bytes && d->next == m->next);
    CHECK(delayed_first(d, &msg) == (m->n > 0));
    if (m->n)
        same(&msg, &m->item[0]);
    delayed_seek(d, i ? from : STREAM_ID_MIN, &pos);
    if (i == 0 && m->n && stream_id_cmp(from, m->item[0].m.id) <= 0)
        delayed_seek(d, from, &pos);
    for (; i < m->n; i++) {
        CHECK(delayed_next(&pos, &msg));
        same(&msg, &m->item[i]);
    }
    CHECK(!delayed_next(&pos, &msg));
}

static struct slice some_noise(struct random *r, size_t max)
{
    size_t n = random_below(r, max);

    return (struct slice){noise + random_below(r, sizeof noise - n), n};
}

/* Few instants, so that many are due together; and the extremes. */
static uint64_t some_due(struct random *r)
{
    switch (random_below(r, 20)) {
    case 0:
        return (uint64_t)DELAYED_DUE_MAX - random_below(r, 2);
    case 1:
        return 0;
    default:
        return random_below(r, random_below(r, 2) ? 5 : 1000);
    }
}

static struct item some_item(struct random *r, uint64_t number)
{
    static const msec instant[] = {0, 1, 1700000000000, INT64_MAX, INT64_MIN, -1};
    struct item it = {.m = {.id = {some_due(r), number},
                            .added = instant[random_below(r, 6)],
                            .ttl = random_below(r, 2) ? 0 : (msec)random_below(r, INT64_MAX),
                            .level = (uint8_t)random_below(r, 32),
                            .dedup = some_noise(r, random_below(r, 2) ? 1 : 200),
                            .n = 2 + 2 * random_below(r, FIELDS_MAX / 2)}};

    for (size_t i = 0; i < it.m.n; i++)
        it.field[i] = some_noise(r, random_below(r, 10) ? 20 : 1000);
    return it;
}

static void step(struct delayed *d, struct model *m, struct random *r, unsigned growth)
{
    if (m->n < 3999 && random_below(r, 10) < growth) {
        struct item it = some_item(r, m->next + (random_below(r, 20) == 0));

        delayed_add(d, &it.m, it.field);
        model_add(m, &it);
    } else if (m->n && random_below(r, 2)) {
        CHECK(delayed_remove(d, m->item[0].m.id));
        model_remove(m, 0);
    } else if (m->n) {
        size_t at = random_below(r, m->n);
        struct stream_id id = m->item[at].m.id;
        struct delayed_message found;

        CHECK(delayed_find(d, id, &found));
        same(&found, &m->item[at]);
        CHECK(delayed_remove(d, id) && !delayed_find(d, id, &found) && !delayed_remove(d, id));
        model_remove(m, at);
    }
}

static void like_a_sorted_array(void **state)
{
    struct model *m = mem_alloc(sizeof *m);

    (void)state;
    for (seed = 1; seed <= 40; seed++) {
        struct random r;
        struct delayed d, copy;
        size_t used = mem_used();

        random_seed(&r, seed);
        *m = (struct model){.n = 0};
        delayed_init(&d);
        for (int i = 0; i < 1500; i++) {
            step(&d, m, &r, i / 300 % 2 ? 3 : 8);
            if (i % 50 == 0) {
                delayed_check(&d);
                agree(&d, m, &r);
            }
        }
        delayed_copy(&copy, &d);
        delayed_clear(&d);
        CHECK(delayed_count(&d) == 0 && d.bytes == 0 && delayed_memory(&d) == 0);
        delayed_check(&copy);
        agree(&copy, m, &r);
        while (!delayed_free_some(&copy, 40))
            ;
        CHECK(mem_used() <= used + 4096);
    }
    mem_free(m);
}

/* Cleared, it takes messages again, and their numbers go on. */
static void numbers_go_on(void **state)
{
    const struct slice field[] = {SLICE("f"), SLICE("v")};
    struct delayed d;
    struct delayed_message m = {.id = {5, 0}, .n = 2};

    (void)state;
    delayed_init(&d);
    delayed_add(&d, &m, field);
    assert_int_equal(d.next, 1);
    assert_true(delayed_remove(&d, m.id));
    assert_int_equal(d.next, 1);
    delayed_set_next(&d, 9);
    delayed_set_next(&d, 3);
    assert_int_equal(d.next, 9);
    delayed_clear(&d);
    m.id.seq = d.next;
    delayed_add(&d, &m, field);
    assert_int_equal(d.next, 10);
    delayed_check(&d);
    delayed_clear(&d);
}

/* What a message costs beside its names and values, due at random or one after the other. */
static double cost(size_t n, size_t value, bool in_order)
{
    static char text[2000];
    struct random r;
    struct delayed d;
    size_t used = mem_used();
    double each;

    random_seed(&r, 3);
    delayed_init(&d);
    for (size_t i = 0; i < n; i++) {
        uint64_t due = 1700000000000 + (in_order ? i : random_below(&r, 86400000));
        struct delayed_message m = {.id = {due, i}, .added = 1700000000000, .n = 2};

        delayed_add(&d, &m, (const struct slice[]){SLICE("job"), {text, value}});
    }
    each = (double)(mem_used() - used) / (double)n - 3 - (double)value;
    assert_in_range(delayed_memory(&d), n * value, mem_used() - used + 4096);
    delayed_clear(&d);
    return each;
}

static void a_message_costs_so_much(void **state)
{
    static const size_t value[] = {16, 100, 1000};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int in_order = 0; in_order < 2; in_order++) {
            double each = cost(100000, value[i], in_order);

            print_message("%zu bytes%s: %.1f more\n", value[i], in_order ? ", in order" : "", each);
            assert_true(each <= (value[i] > 500 ? 80 + (double)value[i] / 8 : 80));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_sorted_array),
        cmocka_unit_test(numbers_go_on),
        cmocka_unit_test(a_message_costs_so_much),
    };

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 31 + i / 7);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
