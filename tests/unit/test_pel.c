/* Pending entries, against a sorted array. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/pel_edit.h"
#include <stdio.h>
#include <stdlib.h>

#define MODEL_MAX 8000

/* Those set aside have a bit beside their state. */
#define ASIDE PENDING_STATES

struct model {
    struct pending e[MODEL_MAX];
    size_t n;
};

/* For pel_oldest(). */
static bool in_turn(const struct pending *e)
{
    return e->state == PENDING_LEASED || e->state == PENDING_NACKED;
}

static bool given_back(const struct pending *e)
{
    return (e->state & ~ASIDE) == PENDING_NACKED;
}

static size_t model_at(const struct model *m, struct stream_id id) /* first not below it */
{
    size_t low = 0, high = m->n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (stream_id_cmp(m->e[mid].id, id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool model_has(const struct model *m, size_t at, struct stream_id id)
{
    return at < m->n && stream_id_cmp(m->e[at].id, id) == 0;
}

static bool older(const struct pending *a, const struct pending *b)
{
    bool x = given_back(a), y = given_back(b);

    return x != y ? x : a->time < b->time;
}

/* --- one run --- */

enum ids { IDS_RISING, IDS_DENSE, IDS_GAPS, IDS_WILD, IDS_EDGES, IDS_KINDS };

struct run {
    struct random r;
    enum ids kind;
    unsigned owners;
    size_t target; /* size around which it stays */
    msec now;
    struct stream_id top;
    struct pel pel;
    struct model m;
};

static uint64_t below(struct run *t, uint64_t n)
{
    return random_below(&t->r, n);
}

static struct stream_id rising_id(struct run *t)
{
    if (t->top.ms == UINT64_MAX) /* of the wild ones */
        t->top.ms = below(t, 1000);
    if (below(t, 3) == 0) {
        t->top.ms += 1 + below(t, t->kind == IDS_GAPS ? UINT64_C(1) << 33 : 5);
        t->top.seq = t->kind == IDS_GAPS ? below(t, UINT64_C(1) << 34) : 0;
    } else {
        t->top.seq++;
    }
    return t->top;
}

static struct stream_id new_id(struct run *t)
{
    static const uint64_t edge[] = {
        0, 1, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};

    switch (t->kind) {
    case IDS_DENSE:
        return (struct stream_id){1000 + below(t, 200), below(t, 50)};
    case IDS_WILD:
        return (struct stream_id){random_next(&t->r) >> below(t, 64), random_next(&t->r) >> below(t, 64)};
    case IDS_EDGES:
        return (struct stream_id){edge[below(t, 8)] ^ below(t, 16), edge[below(t, 8)] ^ below(t, 16)};
    default:
        return rising_id(t);
    }
}

/* One that is there (or next to it), more often near the front. */
static struct stream_id some_id(struct run *t)
{
    struct stream_id id;
    size_t at;

    if (t->m.n == 0)
        return new_id(t);
    at = below(t, 3) ? below(t, t->m.n) : below(t, t->m.n < 4 ? t->m.n : 4);
    id = t->m.e[at].id;
    if (below(t, 8) == 0)
        stream_id_next(&id);
    else if (below(t, 8) == 0)
        stream_id_prev(&id);
    return id;
}

static void same(const struct pending *a, const struct pending *b)
{
    assert_true(stream_id_cmp(a->id, b->id) == 0);
    assert_int_equal(a->time, b->time);
    assert_true(a->count == b->count);
    assert_int_equal(a->owner, b->owner);
    assert_int_equal(a->state, b->state & ~ASIDE);
}

/* Around the ends of what a record has room for, and anywhere. */
static uint64_t odd_count(struct run *t)
{
    static const uint64_t edge[] = {PEL_COUNT_MAX,           PEL_COUNT_MAX - 1, (UINT64_C(1) << 40) - 2,
                                    (UINT64_C(1) << 40) - 1, UINT64_C(1) << 40, UINT64_C(0x123456789abcdef)};

    return below(t, 7) ? edge[below(t, 6)] : random_next(&t->r) >> 1;
}

static uint8_t parked_state(struct run *t)
{
    return (uint8_t)(PENDING_READY + below(t, PENDING_QUEUED - PENDING_READY));
}

static void put(struct run *t, struct stream_id id)
{
    size_t at = model_at(&t->m, id);
    bool there = model_has(&t->m, at, id);
    struct pending e = {
        .id = id, .time = t->now, .count = below(t, 5), .owner = (uint32_t)below(t, t->owners)};
    struct pending old;

    if (below(t, 4) == 0)
        e.time -= (msec)below(t, 2000);
    if (below(t, 10) == 0)
        e = (struct pending){.id = id, .time = t->now, .owner = PEL_NO_OWNER, .state = PENDING_NACKED};
    else if (below(t, 10) == 0)
        e.state = PENDING_EXTENDED;
    else if (below(t, 10) == 0)
        e = (struct pending){.id = id, .time = PENDING_NO_TIME, .owner = PEL_NO_OWNER, .state = parked_state(t)};
    if (below(t, 20) == 0)
        e.count = odd_count(t);
    assert_true(pel_put(&t->pel, &e, &old) == !there);
    if (there) {
        same(&old, &t->m.e[at]);
    } else {
        assert_true(t->m.n < MODEL_MAX);
        memmove(&t->m.e[at + 1], &t->m.e[at], (t->m.n++ - at) * sizeof e);
    }
    t->m.e[at] = e;
}

static void take(struct run *t, struct stream_id id)
{
    size_t at = model_at(&t->m, id);
    struct pending old;
    bool there = model_has(&t->m, at, id);

    assert_true(pel_remove(&t->pel, id, &old) == there);
    if (there) {
        same(&old, &t->m.e[at]);
        memmove(&t->m.e[at], &t->m.e[at + 1], (--t->m.n - at) * sizeof old);
    }
}

#define RUN_MAX 100

/* A delivery: mostly new ids that rise, now and then one that is there or lies before. */
static void append(struct run *t)
{
    struct stream_id id[RUN_MAX];
    struct pending e = {.time = t->now, .count = 1, .owner = (uint32_t)below(t, t->owners)};
    size_t n = 1 + below(t, RUN_MAX), done;

    for (size_t i = 0; i < n; i++)
        id[i] = below(t, 50) ? rising_id(t) : some_id(t);
    if (t->m.n + n > MODEL_MAX)
        return;
    if (below(t, 20) == 0)
        e.count = odd_count(t);
    done = pel_append(&t->pel, &e, id, n);
    assert_true(done <= n && (t->m.n || done == 0));
    for (size_t i = 0; i < done; i++) {
        assert_true(t->m.n == 0 || stream_id_cmp(t->m.e[t->m.n - 1].id, id[i]) < 0);
        e.id = id[i];
        t->m.e[t->m.n++] = e;
    }
    if (done < n)
        put(t, id[done]);
}

static bool alike(const struct pending *a, const struct pending *b)
{
    return a->owner == b->owner && a->state == b->state;
}

/* Neighbours, now and then with one left out or told twice. */
static void take_run(struct run *t)
{
    struct stream_id id[RUN_MAX];
    size_t from = model_at(&t->m, some_id(t)), n = 0, most = 1 + below(t, RUN_MAX), gone, run = 0;
    struct pending old;

    for (size_t at = from; at < t->m.n && n < most; at += below(t, 30) ? 1 : below(t, 3))
        id[n++] = t->m.e[at].id;
    if (n == 0)
        return;
    while (run < n && from + run < t->m.n && stream_id_cmp(t->m.e[from + run].id, id[run]) == 0 &&
           alike(&t->m.e[from], &t->m.e[from + run]))
        run++;
    gone = pel_remove_run(&t->pel, id, n, &old);
    assert_true(gone >= 1 && gone <= run);
    same(&old, &t->m.e[from]);
    t->m.n -= gone;
    memmove(&t->m.e[from], &t->m.e[from + gone], (t->m.n - from) * sizeof old);
}

static void agree(bool got, const struct pending *e, const struct model *m, size_t at)
{
    assert_true(got == (at < m->n));
    if (got)
        same(e, &m->e[at]);
}

static void ask_ids(struct run *t)
{
    struct stream_id id = some_id(t);
    size_t at = model_at(&t->m, id), n = t->m.n ? below(t, t->m.n + 1) : 0;
    struct pending e;

    assert_int_equal(pel_count(&t->pel), t->m.n);
    assert_true(pel_find(&t->pel, id, &e) == model_has(&t->m, at, id));
    agree(pel_seek(&t->pel, id, &e), &e, &t->m, at);
    assert_int_equal(pel_rank(&t->pel, id), at);
    agree(pel_nth(&t->pel, n, &e), &e, &t->m, n);
    agree(pel_first(&t->pel, &e), &e, &t->m, 0);
    agree(pel_last(&t->pel, &e), &e, &t->m, t->m.n - 1);
}

static void ask_idle(struct run *t)
{
    struct stream_id id = below(t, 2) ? some_id(t) : STREAM_ID_MIN;
    msec until = t->now - (msec)below(t, 2500) - 1;
    size_t at = model_at(&t->m, id);
    struct pending e;

    if (below(t, 8) == 0)
        until = -1;
    else if (below(t, 8) == 0)
        until = INT64_MAX;
    while (at < t->m.n && until != INT64_MAX && !given_back(&t->m.e[at]) && t->m.e[at].time > until)
        at++;
    agree(pel_seek_idle(&t->pel, id, until, &e), &e, &t->m, at);
}

static void ask_owner(struct run *t)
{
    struct stream_id id = below(t, 2) ? some_id(t) : STREAM_ID_MIN;
    uint32_t owner = below(t, 8) ? (uint32_t)below(t, t->owners + 2) : PEL_NO_OWNER;
    size_t at = model_at(&t->m, id);
    struct pending e;

    while (at < t->m.n && t->m.e[at].owner != owner)
        at++;
    agree(pel_seek_owner(&t->pel, id, owner, &e), &e, &t->m, at);
}

static void ask_oldest(struct run *t)
{
    struct pending e;
    size_t best = t->m.n;

    for (size_t i = 0; i < t->m.n; i++)
        if (in_turn(&t->m.e[i]) && (best == t->m.n || older(&t->m.e[i], &t->m.e[best])))
            best = i;
    agree(pel_oldest(&t->pel, &e), &e, &t->m, best);
}

static void walk(struct run *t)
{
    struct stream_id id = some_id(t);
    size_t at = model_at(&t->m, id);
    struct pel_pos pos;
    struct pending e;

    pel_start(&t->pel, id, &pos);
    while (pel_next(&pos, &e))
        same(&e, &t->m.e[at++]);
    assert_int_equal(at, t->m.n);
}

/* Claims in order of age, as a group with dead consumers sees it. */
static void claim_oldest(struct run *t)
{
    struct pending e;

    for (unsigned i = 0; i < 5 && pel_oldest(&t->pel, &e); i++)
        put(t, e.id);
}

static void set_aside(struct run *t, struct stream_id id)
{
    size_t at = model_at(&t->m, id);

    pel_set_aside(&t->pel, id);
    if (model_has(&t->m, at, id))
        t->m.e[at].state |= ASIDE;
}

static void bring_back(struct run *t, struct stream_id id)
{
    size_t at = model_at(&t->m, id);

    pel_bring_back(&t->pel, id);
    if (model_has(&t->m, at, id))
        t->m.e[at].state &= (uint8_t)~ASIDE;
}

/* The oldest are looked at and left, one after the other; some come back. */
static void pass_over(struct run *t)
{
    struct pending e;

    for (uint64_t n = below(t, 50); n && pel_oldest(&t->pel, &e); n--)
        set_aside(t, e.id);
    for (uint64_t n = below(t, 20); n; n--)
        bring_back(t, some_id(t));
}

static void grow_or_shrink(struct run *t, bool grow)
{
    if (grow && t->m.n < MODEL_MAX)
        put(t, new_id(t));
    else if (t->kind == IDS_RISING && t->m.n && below(t, 10))
        take(t, t->m.e[0].id);
    else
        take(t, some_id(t));
}

static void step(struct run *t)
{
    bool grow = t->m.n < t->target / 2 || (t->m.n < t->target * 3 / 2 && below(t, 2));

    t->now += (msec)below(t, 3);
    switch (below(t, 17)) {
    case 0:
        if (t->m.n < MODEL_MAX)
            put(t, some_id(t)); /* a claim, mostly */
        break;
    case 1:
        ask_ids(t);
        break;
    case 2:
        ask_idle(t);
        break;
    case 3:
        ask_owner(t);
        break;
    case 4:
        ask_oldest(t);
        break;
    case 5:
        claim_oldest(t);
        break;
    case 6:
        if (grow)
            append(t);
        break;
    case 7:
        if (!grow)
            take_run(t);
        break;
    case 8:
        pass_over(t);
        break;
    default:
        for (uint64_t n = below(t, 8) ? 1 : below(t, 1 + t->target / 4); n--;)
            grow_or_shrink(t, grow);
    }
}

static void run(uint64_t seed)
{
    static struct run t; /* large */
    static const unsigned owners[] = {1, 3, 60, 200};
    static const size_t target[] = {3, 70, 600, 5000};

    t = (struct run){.now = 10000, .top = {1000, 0}};
    random_seed(&t.r, seed);
    t.kind = (enum ids)below(&t, IDS_KINDS);
    t.owners = owners[below(&t, 4)];
    t.target = target[below(&t, 4)];
    pel_init(&t.pel);
    for (unsigned i = 0; i < 4000; i++) {
        if (i % 1000 == 999) /* from time to time a flood, or a drought */
            t.target = target[below(&t, 4)];
        step(&t);
        if (i % 64 == 0 || t.m.n < 100)
            pel_check(&t.pel);
        if (i % 512 == 0)
            walk(&t);
    }
    while (t.m.n)
        take(&t, t.m.e[below(&t, 2) ? 0 : below(&t, t.m.n)].id);
    pel_check(&t.pel);
    assert_null(t.pel.root);
    assert_int_equal(pel_memory(&t.pel), 0);
    while (!pel_free_some(&t.pel, 2)) /* as good as pel_free(), which the others call */
        ;
    pel_check(&t.pel);
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

static void random_steps_agree_with_a_sorted_array(void **state)
{
    const char *fixed = getenv("SEED");
    uint64_t from = fixed ? strtoull(fixed, NULL, 10) : 1, to = fixed ? from : 10;

    (void)state;
    for (seed_now = from; seed_now <= to; seed_now++)
        run(seed_now);
    seed_now = 0;
}

/* --- sizes --- */

static struct pending delivered(uint64_t ms, uint64_t seq, msec time)
{
    return (struct pending){.id = {ms, seq}, .time = time, .count = 1, .owner = 1};
}

static void fill(struct pel *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pending e = delivered(1700000000000 + i / 7, i % 7, 1700000001000 + (msec)i / 100);

        assert_true(pel_put(p, &e, NULL));
    }
}

static struct stream_id nth_id(size_t i)
{
    return (struct stream_id){1700000000000 + i / 7, i % 7};
}

#define MANY ((size_t)1000000)

static void memory_follows_the_count(void **state)
{
    struct pel p;

    (void)state;
    pel_init(&p);
    fill(&p, MANY);
    pel_check(&p);
    assert_true(pel_memory(&p) <= 27 * MANY);
    for (size_t i = 0; i < MANY; i++)
        if (i % 1000)
            assert_true(pel_remove(&p, nth_id(i), NULL));
    pel_check(&p);
    assert_int_equal(pel_count(&p), MANY / 1000);
    assert_true(pel_memory(&p) <= 100 * pel_count(&p));
    pel_free(&p);
}

static void memory_follows_the_count_in_any_order(void **state)
{
    size_t n = MANY / 10;
    struct random r;
    struct pel p;

    (void)state;
    pel_init(&p);
    random_seed(&r, 7);
    fill(&p, n);
    while (pel_count(&p) > n / 1000) {
        struct pending e;

        pel_nth(&p, random_below(&r, pel_count(&p)), &e);
        pel_remove(&p, e.id, NULL);
        if (pel_count(&p) % 10000 == 0)
            assert_true(pel_memory(&p) <= 130 * pel_count(&p));
    }
    pel_check(&p);
    assert_true(pel_memory(&p) <= 400 * pel_count(&p));
    pel_free(&p);
}

static void a_small_one_is_small(void **state)
{
    struct pending e = delivered(1, 1, 1);
    struct pel p;

    (void)state;
    pel_init(&p);
    pel_put(&p, &e, NULL);
    assert_true(pel_memory(&p) <= 160);
    for (uint64_t i = 2; i < 100000; i++) { /* a few in flight: nothing piles up */
        e = delivered(i / 3, i, (msec)i);
        pel_put(&p, &e, NULL);
        if (i > 10)
            assert_true(pel_first(&p, &e) && pel_remove(&p, e.id, NULL));
        assert_true(pel_memory(&p) <= 1024);
    }
    pel_free(&p);
}

/* One stuck message among a million: found, and what is not there is not looked for one by one. That
 * this does not take a thousand times as long as it should is seen by running it so often. */
static void one_old_among_a_million(void **state)
{
    struct pending old = delivered(1700000000000 + MANY / 14, 3, 5), e;
    struct pel p;

    (void)state;
    pel_init(&p);
    fill(&p, MANY);
    assert_false(pel_put(&p, &old, NULL));
    for (unsigned i = 0; i < 5000; i++) {
        assert_true(pel_seek_idle(&p, STREAM_ID_MIN, 5, &e));
        same(&e, &old);
        assert_true(pel_oldest(&p, &e));
        same(&e, &old);
        assert_true(stream_id_next(&e.id));
        assert_false(pel_seek_idle(&p, e.id, 5, &e));
        assert_false(pel_seek_idle(&p, STREAM_ID_MIN, 4, &e));
        assert_false(pel_seek_owner(&p, STREAM_ID_MIN, 2, &e));
    }
    pel_check(&p);
    pel_free(&p);
}

/* Half a million that were looked at and left are not in the way of what comes behind them. */
static void those_set_aside_are_not_looked_at(void **state)
{
    struct pending e;
    struct pel p;

    (void)state;
    pel_init(&p);
    fill(&p, MANY);
    for (size_t i = 0; i < MANY / 2; i++) {
        assert_true(pel_oldest(&p, &e) && stream_id_cmp(e.id, nth_id(i)) == 0);
        pel_set_aside(&p, e.id);
    }
    for (unsigned i = 0; i < 5000; i++) {
        assert_true(pel_oldest(&p, &e) && stream_id_cmp(e.id, nth_id(MANY / 2)) == 0);
        assert_true(pel_seek_idle(&p, STREAM_ID_MIN, e.time, &e) && stream_id_cmp(e.id, nth_id(0)) == 0);
    }
    pel_bring_back(&p, nth_id(7));
    assert_true(pel_oldest(&p, &e) && stream_id_cmp(e.id, nth_id(7)) == 0);
    pel_check(&p);
    pel_free(&p);
}

/* --- odd values --- */

/* A count is kept exactly, and only the larger ones take more room. */
static void large_counts_are_exact(void **state)
{
    struct pending e = delivered(1700000000000, 0, 5), old;
    size_t small;
    struct pel p;

    (void)state;
    pel_init(&p);
    fill(&p, 1000);
    e.count = (UINT64_C(1) << 40) - 2;
    pel_put(&p, &e, NULL);
    small = pel_memory(&p);
    e.count = PEL_COUNT_MAX;
    pel_put(&p, &e, NULL);
    assert_int_equal(pel_memory(&p), small);
    for (unsigned bit = 40; bit < 63; bit++) {
        e.count = (UINT64_C(1) << bit) + bit;
        assert_false(pel_put(&p, &e, &old));
        assert_true(bit == 40 || old.count == (UINT64_C(1) << (bit - 1)) + bit - 1);
        assert_true(pel_find(&p, e.id, &old) && old.count == e.count);
        assert_true(pel_oldest(&p, &old) && old.count == e.count);
        assert_true(pel_first(&p, &old) && old.count == e.count);
        pel_check(&p);
    }
    assert_true(pel_memory(&p) > small);
    assert_true(pel_remove(&p, e.id, &old) && old.count == e.count);
    assert_true(pel_memory(&p) <= small);
    pel_check(&p);
    pel_free(&p);
}

static void values_beyond_the_range_are_held_at_its_ends(void **state)
{
    struct pending e = {
        .id = STREAM_ID_MAX, .time = INT64_MAX, .count = UINT64_MAX, .owner = PEL_NO_OWNER - 1};
    struct pel p;

    (void)state;
    pel_init(&p);
    pel_put(&p, &e, NULL);
    assert_true(pel_find(&p, STREAM_ID_MAX, &e));
    assert_int_equal(e.time, PENDING_NO_TIME - 1);
    assert_true(e.count == PEL_COUNT_MAX);
    assert_int_equal(e.owner, PEL_NO_OWNER - 1);
    e = (struct pending){.time = -5, .state = 77};
    pel_put(&p, &e, NULL);
    assert_true(pel_first(&p, &e));
    assert_int_equal(e.time, 0);
    assert_int_equal(e.state, 77);
    assert_false(pel_seek_idle(&p, STREAM_ID_MIN, -1, &e));
    pel_check(&p);
    pel_free(&p);
}

static void an_empty_one_answers(void **state)
{
    struct pel_pos pos;
    struct pending e = {0};
    struct pel p;

    (void)state;
    pel_init(&p);
    pel_check(&p);
    assert_false(pel_find(&p, STREAM_ID_MIN, &e) || pel_first(&p, &e) || pel_last(&p, &e) ||
                 pel_seek(&p, STREAM_ID_MIN, &e) || pel_nth(&p, 0, &e) || pel_oldest(&p, &e) ||
                 pel_seek_idle(&p, STREAM_ID_MIN, 1, &e) || pel_seek_owner(&p, STREAM_ID_MIN, 0, &e) ||
                 pel_remove(&p, STREAM_ID_MIN, &e) || pel_append(&p, &e, &e.id, 1) ||
                 pel_remove_run(&p, &e.id, 1, &e));
    pel_start(&p, STREAM_ID_MIN, &pos);
    assert_false(pel_next(&pos, &e));
    assert_int_equal(pel_rank(&p, STREAM_ID_MAX), 0);
    pel_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_steps_agree_with_a_sorted_array, tell_seed),
        cmocka_unit_test(memory_follows_the_count),
        cmocka_unit_test(memory_follows_the_count_in_any_order),
        cmocka_unit_test(a_small_one_is_small),
        cmocka_unit_test(one_old_among_a_million),
        cmocka_unit_test(those_set_aside_are_not_looked_at),
        cmocka_unit_test(large_counts_are_exact),
        cmocka_unit_test(values_beyond_the_range_are_held_at_its_ends),
        cmocka_unit_test(an_empty_one_answers),
    };

    signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
