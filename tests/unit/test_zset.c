/* store/zset against a sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/zset_edit.h"
#include <math.h>
#include <stdio.h>

#define MODEL_MAX 6000

static const struct hash_seed seed = {1, 2};
static const struct shape shape = {&seed, {64, 40}, {64, 40}, {64, 40}, 100};

struct model {
    struct row {
        char member[32];
        double score;
        bool seen;
    } m[MODEL_MAX];
    size_t n;
};

static int order(double score, const char *member, const struct row *b)
{
    if (score != b->score)
        return score < b->score ? -1 : 1;
    return slice_cmp(slice_of(member), slice_of(b->member));
}

static size_t model_at(const struct model *m, const char *member)
{
    size_t i = 0;

    while (i < m->n && strcmp(m->m[i].member, member) != 0)
        i++;
    return i;
}

static void model_drop(struct model *m, size_t at, size_t n)
{
    memmove(&m->m[at], &m->m[at + n], (m->n - at - n) * sizeof m->m[0]);
    m->n -= n;
}

static bool model_put(struct model *m, const char *member, double score)
{
    size_t at = model_at(m, member);
    bool had = at < m->n;

    if (had)
        model_drop(m, at, 1);
    for (at = 0; at < m->n && order(score, member, &m->m[at]) > 0;)
        at++;
    memmove(&m->m[at + 1], &m->m[at], (m->n++ - at) * sizeof m->m[0]);
    snprintf(m->m[at].member, sizeof m->m[at].member, "%s", member);
    m->m[at].score = score;
    m->m[at].seen = false;
    return !had;
}

static void same_place(const struct zset_iter *it, const struct model *m, size_t i)
{
    assert_true(slice_eq(it->item.member, slice_of(m->m[i].member)));
    assert_true(it->item.score == m->m[i].score);
}

static void same(const struct zset *z, const struct model *m)
{
    struct zset_iter it;
    size_t i = 0;

    zset_check(z);
    assert_int_equal(zset_count(z), m->n);
    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it))
        same_place(&it, m, i++);
    assert_int_equal(i, m->n);
    for (bool ok = m->n && zset_iter_at(&it, z, m->n - 1); ok; ok = zset_iter_prev(&it))
        same_place(&it, m, --i);
    assert_int_equal(i, 0);
    assert_false(zset_iter_at(&it, z, m->n));
}

static void bounds(const struct zset *z, const struct model *m, struct random *r)
{
    struct zset_bound b = {.after = random_below(r, 2), .score = (double)random_below(r, 60) - 5};
    size_t n = 0;

    while (n < m->n && (m->m[n].score < b.score || (b.after && m->m[n].score == b.score)))
        n++;
    assert_int_equal(zset_before(z, &b), n);
    b.score = b.after ? INFINITY : -INFINITY;
    assert_int_equal(zset_before(z, &b), b.after ? m->n : 0);
}

static void step(struct zset *z, struct model *m, struct random *r, uint64_t many, bool shrink)
{
    char member[32];
    size_t at;

    snprintf(member, sizeof member, many % 2 ? "%d" : "m%d", (int)random_below(r, many));
    if (random_below(r, shrink ? 4 : 2)) {
        double score =
            random_below(r, 10) ? (double)random_below(r, 50) : (double)random_below(r, 1000) / 7 - 50;

        if (shrink && model_at(m, member) == m->n)
            return;
        assert_int_equal(zset_put(z, slice_of(member), score, &shape), model_put(m, member, score));
        return;
    }
    at = model_at(m, member);
    assert_int_equal(zset_remove(z, slice_of(member)), at < m->n);
    if (at < m->n)
        model_drop(m, at, 1);
    if (shrink && m->n > 20 && random_below(r, 20) == 0) {
        size_t first = random_below(r, m->n - 10), n = random_below(r, 10);

        zset_remove_ranks(z, first, n);
        model_drop(m, first, n);
    }
}

static void mark(struct slice member, double score, void *arg)
{
    struct model *m = arg;
    size_t i = 0;

    while (i < m->n && !slice_eq(slice_of(m->m[i].member), member))
        i++;
    assert_true(i < m->n && m->m[i].score == score);
    m->m[i].seen = true;
}

static void steps(uint64_t nth, uint64_t many)
{
    struct model *m = mem_zalloc(sizeof *m);
    struct zset *z = zset_new(), *copy;
    uint64_t cursor = 0;
    struct random r;

    print_message("seed %d\n", (int)nth);
    random_seed(&r, nth);
    for (int i = 0; i < 16000; i++) {
        step(z, m, &r, many, i > 8000);
        if (i % 500 == 0) {
            same(z, m);
            bounds(z, m, &r);
        }
    }
    same(z, m);
    do
        cursor = zset_scan(z, cursor, mark, m);
    while (cursor);
    for (size_t i = 0; i < m->n; i++)
        assert_true(m->m[i].seen);
    copy = zset_copy(z);
    while (!zset_free_some(z, 7))
        ;
    same(copy, m);
    while (m->n) {
        zset_remove_ranks(copy, 0, 1);
        model_drop(m, 0, 1);
        if (m->n % 300 == 0)
            same(copy, m);
    }
    zset_free(copy);
    mem_free(m);
}

static void sets_match_a_sorted_array(void **state)
{
    static const uint64_t many[] = {31, 60, 200, 3001, 5000};

    (void)state;
    for (uint64_t nth = 1; nth <= 10; nth++)
        steps(nth, many[nth % 5]);
}

/* Members that arrive in order fill their nodes: a queue by time costs no more than it must. */
static void ascending_members_fill_their_nodes(void **state)
{
    struct zset *z = zset_new();
    char member[32];
    size_t n = 100000;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        snprintf(member, sizeof member, "%08zu", i);
        zset_put(z, slice_of(member), (double)i, &shape);
    }
    zset_check(z);
    print_message("%.1f bytes a member of 8\n", (double)zset_memory(z) / (double)n);
    assert_true(zset_memory(z) < n * 75); /* while the table of members grows: at other times 20 less */
    while (!zset_free_some(z, 1000))
        ;
}

static void ranges_by_member(void **state)
{
    static const char *const word[] = {"alpha", "bar", "cool", "down", "elephant", "foo"};
    struct zset *z = zset_new();

    (void)state;
    for (size_t i = 0; i < 6; i++)
        zset_put(z, slice_of(word[i]), 0, &shape);
    for (int form = 0; form < 2; form++) {
        assert_int_equal(zset_before(z, &(struct zset_bound){.by_member = true, .member = SLICE("cool")}), 2);
        assert_int_equal(
            zset_before(z, &(struct zset_bound){.by_member = true, .after = true, .member = SLICE("cool")}),
            3);
        assert_int_equal(zset_before(z, &(struct zset_bound){.by_member = true, .member = SLICE("")}), 0);
        assert_int_equal(zset_before(z, &(struct zset_bound){.by_member = true, .member = SLICE("zzz")}), 6);
        zset_put(z, SLICE("a-member-that-is-too-long-for-the-compact-form"), 1, &shape);
        zset_remove(z, SLICE("a-member-that-is-too-long-for-the-compact-form"));
        assert_false(zset_packed(z));
    }
    zset_free(z);
}

/* Settings that let many long members be compact do not make one block of them all. */
static void the_compact_form_has_an_end(void **state)
{
    const struct shape wide = {.seed = shape.seed, .zset = {65536, 1 << 20}};
    struct zset *z = zset_new();
    size_t n = 1 << 14, most = 0;
    char *member = mem_zalloc(n);

    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        memcpy(member, &i, sizeof i);
        zset_put(z, (struct slice){member, n}, i, &wide);
        most = zset_packed(z) ? zset_memory(z) : most;
    }
    assert_in_range(most, PACKED_MAX / 2, (size_t)PACKED_MAX * 9 / 8 + 100);
    assert_false(zset_packed(z));
    assert_int_equal(zset_count(z), 80);
    zset_check(z);
    zset_free(z);
    mem_free(member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_match_a_sorted_array),
        cmocka_unit_test(ascending_members_fill_their_nodes),
        cmocka_unit_test(ranges_by_member),
        cmocka_unit_test(the_compact_form_has_an_end),
    };

    return cmocka_run_group_tests_name("store/zset", tests, NULL, NULL);
}
