/* Consumer groups: who holds what, against arrays; and the counter of entries read, by examples. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/group_edit.h"
#include "store/stream_edit.h"
#include <stdio.h>
#include <stdlib.h>

#define IDS   400
#define NAMES 100
#define NOONE -1 /* given back */
#define GONE  -2 /* not pending */

static const struct hash_seed seed_of_hashes = {1, 2};

struct run {
    struct random r;
    struct group *g;
    int owner[IDS]; /* number of a name, NOONE or GONE */
    uint64_t count[IDS];
    unsigned given[IDS]; /* when it was given back: their order */
    unsigned clock;
    bool there[NAMES]; /* consumers */
};

static size_t below(struct run *t, size_t n)
{
    return random_below(&t->r, n);
}

static struct slice name_of(size_t i)
{
    static char text[16];

    return (struct slice){text, (size_t)snprintf(text, sizeof text, "c%zu", i)};
}

static struct stream_id id_of(size_t i)
{
    return (struct stream_id){1000 + i / 3, i % 3};
}

static struct consumer *consumer(struct run *t, size_t i)
{
    struct consumer *c = group_consumer(t->g, name_of(i));

    assert_true((c != NULL) == t->there[i]);
    if (!c)
        c = group_consumer_add(t->g, name_of(i), 77);
    t->there[i] = true;
    return c;
}

static void hold(struct run *t)
{
    size_t id = below(t, IDS), name = below(t, NAMES);
    struct consumer *c = consumer(t, name);

    t->owner[id] = (int)name;
    t->count[id] = below(t, 9);
    group_hold(t->g, c, id_of(id), (msec)below(t, 1000), t->count[id]);
}

static void give_back(struct run *t)
{
    size_t id = below(t, IDS);

    t->owner[id] = NOONE;
    t->count[id] = below(t, 9);
    t->given[id] = ++t->clock;
    group_give_back(t->g, id_of(id), t->count[id]);
}

static void done(struct run *t)
{
    size_t id = below(t, IDS);

    assert_true(group_done(t->g, id_of(id), END_ACKED) == (t->owner[id] != GONE));
    t->owner[id] = GONE;
}

/* A delivery: some that rise, whoever has them now. */
static void hold_first(struct run *t)
{
    struct stream_id id[IDS];
    size_t name = below(t, NAMES), n = 0, step = 1 + below(t, 3);
    struct consumer *c = consumer(t, name);

    for (size_t i = below(t, IDS); i < IDS && n < 50; i += 1 + below(t, step)) {
        id[n++] = id_of(i);
        t->owner[i] = (int)name;
        t->count[i] = 1;
    }
    group_hold_first(t->g, c, id, n, (msec)below(t, 1000));
}

/* Neighbours or not, pending or not, perhaps twice. */
static void done_all(struct run *t)
{
    struct stream_id id[IDS];
    size_t n = 0, were = 0, step = below(t, 4);

    for (size_t i = below(t, IDS); i < IDS && n < 50; i += step ? 1 : below(t, 3)) {
        id[n++] = id_of(i);
        were += t->owner[i] != GONE;
        t->owner[i] = GONE;
    }
    assert_int_equal(group_done_all(t->g, id, n, END_ACKED), were);
}

static void remove_consumer(struct run *t)
{
    size_t name = below(t, NAMES), held = 0;
    struct consumer *c = group_consumer(t->g, name_of(name));

    if (!c)
        return;
    for (size_t i = 0; i < IDS; i++) {
        held += t->owner[i] == (int)name;
        t->owner[i] = t->owner[i] == (int)name ? GONE : t->owner[i];
    }
    assert_int_equal(c->pending, held);
    assert_int_equal(group_consumer_remove(t->g, c), held);
    t->there[name] = false;
}

static void copy(struct run *t)
{
    struct group *g = group_copy(t->g, &seed_of_hashes);

    assert_true(slice_eq(group_name(g), group_name(t->g)) && !g->next_good);
    group_free(t->g);
    t->g = g;
}

static void check_pending(struct run *t)
{
    struct pending e;

    for (size_t i = 0; i < IDS; i++) {
        const struct consumer *c;

        assert_true(pel_find(&t->g->pel, id_of(i), &e) == (t->owner[i] != GONE));
        if (t->owner[i] == GONE)
            continue;
        c = group_owner(t->g, &e);
        assert_true((c == NULL) == (t->owner[i] == NOONE));
        assert_true(e.state == (t->owner[i] == NOONE ? PENDING_NACKED : PENDING_LEASED));
        assert_true(!c || slice_eq(consumer_name(c), name_of((size_t)t->owner[i])));
        assert_true(e.count == t->count[i]);
    }
}

/* What was given back is offered first, in that order. */
static void check_order(struct run *t)
{
    struct pending e;
    size_t best = IDS;

    for (size_t i = 0; i < IDS; i++)
        if (t->owner[i] == NOONE && (best == IDS || t->given[i] < t->given[best]))
            best = i;
    if (best < IDS)
        assert_true(pel_oldest(&t->g->pel, &e) && stream_id_cmp(e.id, id_of(best)) == 0);
}

static void check_sorted(struct run *t)
{
    struct consumer **c;
    size_t n, want = 0;

    for (size_t i = 0; i < NAMES; i++)
        want += t->there[i];
    c = group_consumers_sorted(t->g, &n);
    assert_int_equal(n, want);
    assert_true((c == NULL) == (n == 0));
    for (size_t i = 1; i < n; i++)
        assert_true(slice_cmp(consumer_name(c[i - 1]), consumer_name(c[i])) < 0);
    mem_free(c);
}

static void run(uint64_t seed)
{
    static void (*const step[])(struct run *) = {hold, hold,     hold,     hold_first,     give_back,
                                                 done, done_all, done_all, remove_consumer};
    struct run t = {.g = group_new(SLICE("workers"), STREAM_ID_MIN, -1, &seed_of_hashes)};

    random_seed(&t.r, seed);
    for (size_t i = 0; i < IDS; i++)
        t.owner[i] = GONE;
    for (unsigned i = 0; i < 3000; i++) {
        step[below(&t, sizeof step / sizeof *step)](&t);
        if (i % 500 == 499)
            copy(&t);
        if (i % 20)
            continue;
        group_check(t.g);
        check_pending(&t);
        check_order(&t);
        check_sorted(&t);
    }
    group_free(t.g);
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

static void random_steps_agree_with_arrays(void **state)
{
    const char *fixed = getenv("SEED");
    uint64_t from = fixed ? strtoull(fixed, NULL, 10) : 1, to = fixed ? from : 20;

    (void)state;
    for (seed_now = from; seed_now <= to; seed_now++)
        run(seed_now);
    seed_now = 0;
}

static void slots_are_used_again(void **state)
{
    struct group *g = group_new(SLICE("g"), STREAM_ID_MIN, -1, &seed_of_hashes);

    (void)state;
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(group_consumer_add(g, name_of(i), 5)->slot, i);
    group_consumer_remove(g, group_consumer(g, name_of(3)));
    group_consumer_remove(g, group_consumer(g, name_of(7)));
    assert_int_equal(group_consumer_add(g, SLICE("x"), 5)->slot, 3);
    assert_int_equal(group_consumer_add(g, SLICE("y"), 5)->slot, 7);
    assert_int_equal(group_consumer_add(g, SLICE("z"), 5)->slot, 10);
    assert_int_equal(group_consumer(g, SLICE("x"))->seen, 5);
    assert_int_equal(group_consumer(g, SLICE("x"))->active, -1);
    group_check(g);
    assert_true(group_memory(g) > 11 * sizeof(struct consumer));
    group_free(g);
}

/* --- entries read --- */

struct fixture {
    struct stream *s;
    struct group *g;
};

static void start(struct fixture *t, uint64_t n) /* entries 1-0 ... n-0 */
{
    static const struct stream_node_limits none;
    const struct slice field[] = {SLICE("f"), SLICE("v")};

    t->s = stream_new(&seed_of_hashes);
    for (uint64_t i = 1; i <= n; i++)
        stream_append(t->s, (struct stream_id){i, 0}, field, 2, NULL, &none);
    t->g = group_new(SLICE("g"), STREAM_ID_MIN, -1, &seed_of_hashes);
}

static void stop(struct fixture *t)
{
    group_free(t->g);
    stream_free(t->s);
}

/* Delivers the next entry and returns its ms. */
static uint64_t deliver(struct fixture *t)
{
    struct stream_pos pos = t->g->next;
    struct stream_id from = t->g->last_id;
    struct entry e;

    if (!t->g->next_good) {
        stream_id_next(&from);
        stream_seek(t->s, from, &pos);
    }
    assert_true(stream_next(t->s, &pos, &e));
    group_advance(t->g, t->s, &e.id, 1, &pos);
    assert_true(t->g->next_good && stream_id_cmp(t->g->last_id, e.id) == 0);
    return e.id.ms;
}

static void reading_all_counts_all(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 5);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_int_equal(deliver(&t), i);
        assert_int_equal(t.g->entries_read, i);
        assert_int_equal(stream_lag(t.s, t.g), 5 - i);
    }
    stop(&t);
}

/* Many at once come to what one by one comes to, whatever was deleted or trimmed. */
static void many_at_once_count_as_one_by_one(void **state)
{
    struct stream_trim how = {.kind = TRIM_MAXLEN};
    struct fixture t;

    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        struct stream_id id[10];
        struct stream_pos pos;
        struct entry e;
        struct group *g;
        size_t n = 0;

        start(&t, 10);
        for (uint64_t read = i % 4; read; read--)
            deliver(&t);
        if (i & 4)
            stream_delete(t.s, (struct stream_id){1 + i % 10, 0});
        if (i & 8)
            stream_delete(t.s, (struct stream_id){1 + i % 9, 0});
        how.max_length = 10 - i % 7;
        stream_trim(t.s, &how);
        if (i & 16)
            t.g->entries_read = (int64_t)(i % 11);
        g = group_copy(t.g, &seed_of_hashes);
        stream_seek(t.s, (struct stream_id){g->last_id.ms, 1}, &pos);
        while (stream_next(t.s, &pos, &e))
            id[n++] = e.id;
        for (size_t left = n; left; left--)
            deliver(&t);
        group_advance(g, t.s, id, n, &pos);
        assert_int_equal(g->entries_read, t.g->entries_read);
        assert_true(stream_id_cmp(g->last_id, t.g->last_id) == 0);
        group_free(g);
        stop(&t);
    }
}

static void a_trim_past_the_group_is_counted_as_read(void **state)
{
    struct stream_trim how = {.kind = TRIM_MAXLEN, .max_length = 3};
    struct fixture t;

    (void)state;
    start(&t, 8);
    deliver(&t);
    assert_int_equal(t.g->entries_read, 1);
    assert_int_equal(stream_trim(t.s, &how), 5);
    assert_int_equal(deliver(&t), 6);
    assert_int_equal(t.g->entries_read, 6);
    assert_int_equal(stream_lag(t.s, t.g), 2);
    stop(&t);
}

static void a_deleted_entry_ahead_makes_it_unknown_until_the_end(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 5);
    deliver(&t);
    assert_true(stream_delete(t.s, (struct stream_id){4, 0}));
    deliver(&t);
    assert_int_equal(t.g->entries_read, -1);
    assert_true(stream_lag(t.s, t.g) == STREAM_LAG_UNKNOWN);
    deliver(&t);
    assert_int_equal(deliver(&t), 5);
    assert_int_equal(t.g->entries_read, 5);
    assert_int_equal(stream_lag(t.s, t.g), 0);
    stop(&t);
}

static void a_deleted_entry_behind_changes_nothing(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 5);
    for (unsigned i = 0; i < 3; i++)
        deliver(&t);
    assert_true(stream_delete(t.s, (struct stream_id){2, 0}));
    deliver(&t);
    assert_int_equal(t.g->entries_read, 4);
    assert_int_equal(stream_lag(t.s, t.g), 1);
    stop(&t);
}

static void a_position_set_by_hand_is_unknown(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 5);
    deliver(&t);
    group_set_id(t.g, (struct stream_id){2, 0}, -1);
    assert_false(t.g->next_good);
    assert_int_equal(deliver(&t), 3);
    assert_int_equal(t.g->entries_read, -1);
    group_set_id(t.g, (struct stream_id){2, 0}, 2);
    assert_int_equal(deliver(&t), 3);
    assert_int_equal(t.g->entries_read, 3);
    group_set_id(t.g, (struct stream_id){4, 0}, -1);
    assert_int_equal(deliver(&t), 5);
    assert_int_equal(t.g->entries_read, 5);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_steps_agree_with_arrays, tell_seed),
        cmocka_unit_test(slots_are_used_again),
        cmocka_unit_test(reading_all_counts_all),
        cmocka_unit_test(many_at_once_count_as_one_by_one),
        cmocka_unit_test(a_trim_past_the_group_is_counted_as_read),
        cmocka_unit_test(a_deleted_entry_ahead_makes_it_unknown_until_the_end),
        cmocka_unit_test(a_deleted_entry_behind_changes_nothing),
        cmocka_unit_test(a_position_set_by_hand_is_unknown),
    };

    signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
