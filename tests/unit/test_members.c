/* store/hash and store/set against an array searched from its front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/hash_edit.h"
#include "store/set_edit.h"
#include <stdio.h>

#define MODEL_MAX 2000

static const struct hash_seed seed = {1, 2};
static const struct shape shape = {&seed, {64, 40}, {64, 40}, {64, 40}, 100};

struct model {
    struct pair {
        char field[64], value[64];
        bool seen;
    } m[MODEL_MAX];
    size_t n;
};

static struct pair *model_find(struct model *m, struct slice field)
{
    for (size_t i = 0; i < m->n; i++)
        if (slice_eq(slice_of(m->m[i].field), field))
            return &m->m[i];
    return NULL;
}

static bool model_put(struct model *m, const char *field, const char *value)
{
    struct pair *p = model_find(m, slice_of(field));
    bool added = !p;

    if (!p)
        p = &m->m[m->n++];
    snprintf(p->field, sizeof p->field, "%s", field);
    snprintf(p->value, sizeof p->value, "%s", value);
    return added;
}

static bool model_remove(struct model *m, const char *field)
{
    struct pair *p = model_find(m, slice_of(field));

    if (p)
        *p = m->m[--m->n];
    return p != NULL;
}

/* `kind` 0: numbers; 1: words; 2: now and then a long one. */
static void random_text(struct random *r, char text[64], int kind, uint64_t many)
{
    uint64_t v = random_below(r, many);

    if (kind == 0)
        snprintf(text, 64, "%lld", (long long)v - (long long)many / 2);
    else if (kind == 2 && v % 50 == 0)
        snprintf(text, 64, "a-long-field-that-does-not-fit-the-compact-form-%u", (unsigned)v);
    else
        snprintf(text, 64, "f%u", (unsigned)v);
}

static void see(struct model *m, struct slice field, struct slice value)
{
    struct pair *p = model_find(m, field);

    assert_non_null(p);
    assert_false(p->seen);
    assert_true(slice_eq(slice_of(p->value), value));
    p->seen = true;
}

static void all_seen(struct model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        assert_true(m->m[i].seen);
        m->m[i].seen = false;
    }
}

static void same_hash(const struct hash *h, struct model *m)
{
    struct hash_iter it;
    struct hash_item item;

    hash_check(h);
    assert_int_equal(hash_count(h), m->n);
    hash_iter_begin(&it, h);
    while (hash_iter_next(&it))
        see(m, it.item.field, it.item.value);
    hash_iter_end(&it);
    all_seen(m);
    if (m->n) {
        hash_random(h, m->n * 77, &item);
        assert_non_null(model_find(m, item.field));
    }
}

static void mark(const struct hash_item *item, void *arg)
{
    struct pair *p = model_find(arg, item->field);

    assert_non_null(p);
    p->seen = true; /* a scan may show one twice */
}

static void hash_steps(uint64_t nth, int kind, uint64_t many)
{
    struct model *m = mem_zalloc(sizeof *m);
    struct hash *h = hash_new(true), *copy;
    uint64_t cursor = 0;
    struct random r;

    print_message("seed %d\n", (int)nth);
    random_seed(&r, nth);
    for (int i = 0; i < 6000; i++) {
        char field[64], value[64];

        random_text(&r, field, kind, many);
        random_text(&r, value, (int)random_below(&r, 3), 100000);
        if (random_below(&r, i < 3000 ? 3 : 2))
            assert_int_equal(hash_put(h, slice_of(field), slice_of(value), shape.hash, &seed),
                             model_put(m, field, value));
        else
            assert_int_equal(hash_remove(h, slice_of(field)), model_remove(m, field));
        if (i % 300 == 0)
            same_hash(h, m);
    }
    same_hash(h, m);
    do
        cursor = hash_scan(h, cursor, mark, m);
    while (cursor);
    all_seen(m);
    copy = hash_copy(h);
    while (!hash_free_some(h, 7))
        ;
    same_hash(copy, m);
    hash_free(copy);
    mem_free(m);
}

static void hashes_match_an_array(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 12; nth++)
        hash_steps(nth, (int)(nth % 3), nth % 2 ? 40 : 1500);
}

static void same_set(const struct set *s, struct model *m)
{
    struct set_iter it;
    struct set_item item;

    set_check(s);
    assert_int_equal(set_count(s), m->n);
    set_iter_begin(&it, s);
    while (set_iter_next(&it))
        see(m, it.item.member, SLICE(""));
    set_iter_end(&it);
    all_seen(m);
    if (m->n) {
        set_random(s, m->n * 77, &item);
        assert_true(set_has(s, item.member));
    }
}

static void set_steps(uint64_t nth, int kind, uint64_t many)
{
    struct model *m = mem_zalloc(sizeof *m);
    struct set *s = set_new(), *copy;
    struct random r;

    print_message("seed %d\n", (int)nth);
    random_seed(&r, nth);
    for (int i = 0; i < 6000; i++) {
        char member[64];

        random_text(&r, member, i < 1000 ? 0 : kind, many);
        assert_int_equal(set_has(s, slice_of(member)), model_find(m, slice_of(member)) != NULL);
        if (random_below(&r, i < 3000 ? 3 : 2))
            assert_int_equal(set_add(s, slice_of(member), &shape), model_put(m, member, ""));
        else
            assert_int_equal(set_remove(s, slice_of(member)), model_remove(m, member));
        if (i % 300 == 0)
            same_set(s, m);
    }
    copy = set_copy(s);
    while (!set_free_some(s, 7))
        ;
    same_set(copy, m);
    set_free(copy);
    mem_free(m);
}

static void sets_match_an_array(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 12; nth++)
        set_steps(nth, (int)(nth % 3), nth % 2 ? 40 : 1500);
}

/* The widths a set of numbers goes through, up to the extremes. */
static void numbers_widen(void **state)
{
    static const char *const v[] = {
        "5", "-3", "40000", "-2147483648", "9223372036854775807", "-9223372036854775808", "0"};
    struct set *s = set_new();

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        assert_true(set_add(s, slice_of(v[i]), &shape));
        assert_false(set_add(s, slice_of(v[i]), &shape));
        set_check(s);
        for (size_t k = 0; k <= i; k++)
            assert_true(set_has(s, slice_of(v[k])));
    }
    assert_int_equal(set_form(s), SET_INTSET);
    assert_false(set_has(s, SLICE("05")));
    assert_true(set_add(s, SLICE("05"), &shape));
    assert_int_equal(set_form(s), SET_PACKED);
    assert_true(set_has(s, SLICE("-9223372036854775808")));
    set_free(s);
}

static void forms_change_at_their_limits(void **state)
{
    struct set *s = set_new();
    char text[64];

    (void)state;
    for (unsigned i = 0; i <= 100; i++) {
        assert_int_equal(set_form(s), SET_INTSET);
        snprintf(text, sizeof text, "%u", i);
        set_add(s, slice_of(text), &shape);
    }
    assert_int_equal(set_form(s), SET_TABLE); /* too many numbers go to the table, as in Redis */
    set_free(s);
}

/* Settings that let many long fields be compact do not make one block of them all. */
static void the_compact_form_has_an_end(void **state)
{
    const struct shape_limits wide = {65536, 1 << 20};
    struct hash *h = hash_new(true);
    size_t n = 1 << 14, most = 0;
    char *text = mem_zalloc(n), field[16];

    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        snprintf(field, sizeof field, "f%u", i);
        hash_put(h, slice_of(field), (struct slice){text, n}, wide, &seed);
        most = hash_packed(h) ? hash_memory(h) : most;
    }
    assert_in_range(most, PACKED_MAX / 2, (size_t)PACKED_MAX * 9 / 8 + 100);
    assert_false(hash_packed(h));
    assert_int_equal(hash_count(h), 80);
    hash_check(h);
    hash_free(h);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_match_an_array),
        cmocka_unit_test(sets_match_an_array),
        cmocka_unit_test(numbers_widen),
        cmocka_unit_test(forms_change_at_their_limits),
        cmocka_unit_test(the_compact_form_has_an_end),
    };

    return cmocka_run_group_tests_name("store/hash, store/set", tests, NULL, NULL);
}
