/* tests/unit/test_outbox.c - the outbox against a model that keeps, for each byte, what it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "proto/outbox.h"
#include "proto/reply.h"
#include <stdlib.h>

struct model {
    struct byte {
        char c;
        uint64_t offset; /* waits for */
    } * v;
    size_t n, cap;
    uint64_t taken, offset; /* `offset`: what the next byte waits for */
};

static void model_room(struct model *m, size_t n)
{
    if (m->n + n <= m->cap)
        return;
    m->cap = (m->n + n) * 2;
    m->v = realloc(m->v, m->cap * sizeof *m->v);
    assert_non_null(m->v);
}

static void model_insert(struct model *m, size_t at, const char *p, size_t n)
{
    uint64_t offset = at < m->n ? m->v[at].offset : m->offset;

    if (!n)
        return;
    model_room(m, n);
    memmove(m->v + at + n, m->v + at, (m->n - at) * sizeof *m->v);
    for (size_t i = 0; i < n; i++)
        m->v[at + i] = (struct byte){p[i], offset};
    m->n += n;
}

static void model_mark(struct model *m, size_t from, uint64_t offset)
{
    for (size_t i = from; i < m->n; i++)
        if (m->v[i].offset < offset)
            m->v[i].offset = offset;
    if (m->offset < offset)
        m->offset = offset;
}

static void model_taken(struct model *m, size_t n)
{
    if (!n)
        return;
    memmove(m->v, m->v + n, (m->n - n) * sizeof *m->v);
    m->n -= n;
    m->taken += n;
}

static size_t model_ready(const struct model *m, uint64_t safe)
{
    size_t n = 0;

    while (n < m->n && m->v[n].offset <= safe)
        n++;
    return n;
}

struct both {
    struct outbox o;
    struct model m;
    struct random rnd;
    uint64_t journal, safe;
    char bytes[40000];
};

static size_t any_size(struct both *t)
{
    switch (random_below(&t->rnd, 40)) {
    case 0:
        return random_below(&t->rnd, 40000);
    case 1:
        return random_below(&t->rnd, 3000);
    default:
        return random_below(&t->rnd, 30);
    }
}

/* n bytes that differ, for both */
static void fresh_bytes(struct both *t, size_t n)
{
    uint64_t r = random_next(&t->rnd);

    for (size_t i = 0; i < n; i++)
        t->bytes[i] = (char)(r + i * 7);
}

static void step_add(struct both *t)
{
    size_t n = any_size(t);

    fresh_bytes(t, n);
    model_insert(&t->m, t->m.n, t->bytes, n);
    if (random_below(&t->rnd, 2)) {
        outbox_add(&t->o, t->bytes, n);
    } else {
        memcpy(outbox_reserve(&t->o, n + 1), t->bytes, n);
        outbox_added(&t->o, n);
    }
}

/* A place among the bytes not yet taken, mostly near the end. */
static size_t any_place(struct both *t)
{
    size_t n = t->m.n;

    if (random_below(&t->rnd, 3) == 0)
        return n;
    if (random_below(&t->rnd, 4) && n > 50)
        return n - random_below(&t->rnd, 50);
    return random_below(&t->rnd, n + 1);
}

static void step_mark(struct both *t)
{
    size_t from = any_place(t);
    uint64_t offset;

    t->journal += random_below(&t->rnd, 3) * 10;
    offset =
        random_below(&t->rnd, 6) ? t->journal : t->journal / 2 + random_below(&t->rnd, t->journal / 2 + 1);
    outbox_mark(&t->o, t->m.taken + from, offset);
    model_mark(&t->m, from, offset);
}

static void step_rewind(struct both *t)
{
    size_t at = any_place(t);

    outbox_rewind(&t->o, t->m.taken + at);
    t->m.n = at;
}

static void step_insert(struct both *t)
{
    size_t at = any_place(t), n = 1 + any_size(t) % 5000;

    fresh_bytes(t, n);
    memcpy(outbox_insert(&t->o, t->m.taken + at, n), t->bytes, n);
    model_insert(&t->m, at, t->bytes, n);
}

static void step_cut(struct both *t)
{
    size_t at = any_place(t), n = random_below(&t->rnd, t->m.n - at + 1);

    if (at == t->m.n) /* nothing behind it, and perhaps no buffer */
        return;
    outbox_cut(&t->o, t->m.taken + at, n);
    memmove(t->m.v + at, t->m.v + at + n, (t->m.n - at - n) * sizeof *t->m.v);
    t->m.n -= n;
}

static bool step_send(struct both *t)
{
    struct slice s;
    bool same;
    size_t n;

    if (random_below(&t->rnd, 2))
        t->safe += random_below(&t->rnd, t->journal - t->safe + 1);
    s = outbox_ready(&t->o, t->safe);
    same = s.n == model_ready(&t->m, t->safe);
    for (size_t i = 0; same && i < s.n; i++)
        same = s.p[i] == t->m.v[i].c;
    n = random_below(&t->rnd, 2) ? s.n : random_below(&t->rnd, s.n + 1);
    outbox_taken(&t->o, n);
    model_taken(&t->m, n);
    return same;
}

static bool alike(struct both *t)
{
    bool same;

    outbox_check(&t->o);
    same = outbox_pending(&t->o) == t->m.n && outbox_pos(&t->o) == t->m.taken + t->m.n;
    for (uint64_t safe = t->safe; safe <= t->journal + 10; safe += 1 + (t->journal - t->safe) / 8)
        same = same && outbox_ready(&t->o, safe).n == model_ready(&t->m, safe);
    return same;
}

/* False: the two differ. */
static bool step(struct both *t)
{
    switch (random_below(&t->rnd, 15)) {
    case 14:
        step_cut(t);
        break;
    case 0:
        step_rewind(t);
        break;
    case 1:
        step_insert(t);
        break;
    case 2:
    case 3:
    case 4:
        return step_send(t) && alike(t);
    case 5:
    case 6:
    case 7:
        step_mark(t);
        break;
    default:
        step_add(t);
    }
    return alike(t);
}

static void random_steps(void **state)
{
    struct outbox_pool pool = {0};
    struct both t;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        t = (struct both){0};
        outbox_init(&t.o, &pool);
        random_seed(&t.rnd, seed);
        for (int i = 0; i < 1000; i++)
            if (!step(&t))
                fail_msg("seed %d, step %d", (int)seed, i);
        outbox_free(&t.o);
        free(t.m.v);
    }
    outbox_pool_free(&pool);
}

static void expect_ready(const struct outbox *o, uint64_t safe, const char *want)
{
    struct slice s = outbox_ready(o, safe);

    assert_int_equal(s.n, strlen(want));
    assert_true(s.n == 0 || memcmp(s.p, want, s.n) == 0);
}

static void reply_waits_for_its_journal(void **state)
{
    struct outbox_pool pool = {0};
    struct outbox o;

    (void)state;
    outbox_init(&o, &pool);
    outbox_add(&o, "a", 1);
    outbox_mark(&o, outbox_pos(&o), 100); /* before the reply */
    outbox_add(&o, "b", 1);
    outbox_add(&o, "cc", 2);
    outbox_mark(&o, outbox_pos(&o) - 2, 200); /* after it */
    outbox_mark(&o, outbox_pos(&o), 200);     /* nothing new */
    outbox_add(&o, "d", 1);
    assert_int_equal(o.n, 2);
    expect_ready(&o, 99, "a");
    expect_ready(&o, 100, "ab");
    outbox_taken(&o, 1);
    expect_ready(&o, 199, "b");
    outbox_taken(&o, 1);
    assert_int_equal(o.n, 1);
    expect_ready(&o, 199, "");
    expect_ready(&o, 200, "ccd");
    outbox_taken(&o, 3);
    assert_int_equal(o.n, 0);
    outbox_free(&o);
    outbox_pool_free(&pool);
}

/* EXEC's head was put in before its commands marked what they answered. */
static void mark_from_before_the_last_one(void **state)
{
    struct outbox_pool pool = {0};
    struct outbox o;

    (void)state;
    outbox_init(&o, &pool);
    outbox_add(&o, "hab", 3);
    outbox_mark(&o, 1, 10);
    outbox_mark(&o, 2, 20);
    outbox_mark(&o, 0, 15);
    expect_ready(&o, 14, "");
    expect_ready(&o, 15, "ha");
    outbox_mark(&o, 0, 20);
    expect_ready(&o, 19, "");
    expect_ready(&o, 20, "hab");
    outbox_check(&o);
    outbox_free(&o);
    outbox_pool_free(&pool);
}

/* What replaces a reply waits for what the reply waited for. */
static void marks_survive_a_rewind(void **state)
{
    struct outbox_pool pool = {0};
    struct outbox o;

    (void)state;
    outbox_init(&o, &pool);
    outbox_add(&o, "ab", 2);
    outbox_mark(&o, 2, 10);
    outbox_add(&o, "cd", 2);
    outbox_mark(&o, 3, 20);
    outbox_rewind(&o, 1);
    outbox_check(&o);
    outbox_add(&o, "X", 1);
    expect_ready(&o, 19, "a");
    expect_ready(&o, 20, "aX");
    outbox_free(&o);
    outbox_pool_free(&pool);
}

static void drained_box_holds_no_buffer(void **state)
{
    static char big[100 * 1024];
    struct outbox_pool pool = {0};
    struct outbox o;

    (void)state;
    outbox_init(&o, &pool);
    assert_int_equal(outbox_memory(&o), 0);
    outbox_add(&o, "a", 1);
    assert_int_equal(outbox_memory(&o), OUTBOX_CHUNK);
    outbox_taken(&o, 1);
    assert_int_equal(outbox_memory(&o), 0);
    assert_int_equal(pool.n, 1);
    outbox_add(&o, "a", 1);
    assert_int_equal(pool.n, 0);
    outbox_add(&o, big, sizeof big);
    assert_int_equal(pool.n, 1); /* outgrown */
    outbox_taken(&o, sizeof big + 1);
    assert_int_equal(pool.n, 1); /* too large for the pool */
    assert_int_equal(outbox_memory(&o), 0);
    outbox_free(&o);
    outbox_pool_free(&pool);
    assert_int_equal(pool.n, 0);
}

static void pool_keeps_so_many(void **state)
{
    static struct outbox o[80];
    struct outbox_pool pool = {0};

    (void)state;
    for (size_t i = 0; i < 80; i++) {
        outbox_init(&o[i], &pool);
        outbox_add(&o[i], "a", 1);
    }
    for (size_t i = 0; i < 80; i++)
        outbox_free(&o[i]);
    assert_int_equal(pool.n, 64);
    outbox_pool_free(&pool);
}

static void freed_box_leaves_the_touched_list(void **state)
{
    struct outbox_pool pool = {0};
    struct list touched;
    struct outbox o;

    (void)state;
    list_init(&touched);
    outbox_init(&o, &pool);
    list_push(&touched, &o.touched);
    outbox_free(&o);
    assert_true(list_empty(&touched));
}

/* Over its limit, it does not grow for what comes; what was in it stays whole up to there. */
static void limit_bounds_the_memory(void **state)
{
    uint64_t limit = 100000;
    struct outbox_pool pool = {0};
    struct outbox o;
    struct reply r = {.out = &o, .proto = 2};
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text);
    outbox_init(&o, &pool);
    o.limit = &limit;
    for (int i = 0; i < 90; i++)
        reply_bulk(&r, (struct slice){text, sizeof text});
    assert_false(outbox_over(&o));
    for (int i = 0; i < 100000; i++)
        reply_bulk(&r, (struct slice){text, sizeof text});
    assert_true(outbox_over(&o) && (o.muted & OUTBOX_OVER));
    assert_true(outbox_memory(&o) < 3 * limit);
    outbox_check(&o);
    outbox_mute(&o, true);
    outbox_mute(&o, false);
    assert_true(o.muted & OUTBOX_OVER);
    outbox_free(&o);
    assert_false(outbox_over(&o));
    outbox_pool_free(&pool);
}

/* Below the size of a buffer nothing is left out; that it is too much is known all the same. */
static void small_limit_is_noticed(void **state)
{
    uint64_t limit = 10;
    struct outbox_pool pool = {0};
    struct outbox o;

    (void)state;
    outbox_init(&o, &pool);
    o.limit = &limit;
    outbox_add(&o, "0123456789", 10);
    assert_false(outbox_over(&o));
    outbox_add(&o, "a", 1);
    assert_true(outbox_over(&o));
    limit = 0;
    assert_false(outbox_over(&o));
    outbox_free(&o);
    outbox_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps),
        cmocka_unit_test(reply_waits_for_its_journal),
        cmocka_unit_test(mark_from_before_the_last_one),
        cmocka_unit_test(marks_survive_a_rewind),
        cmocka_unit_test(drained_box_holds_no_buffer),
        cmocka_unit_test(pool_keeps_so_many),
        cmocka_unit_test(freed_box_leaves_the_touched_list),
        cmocka_unit_test(limit_bounds_the_memory),
        cmocka_unit_test(small_limit_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
