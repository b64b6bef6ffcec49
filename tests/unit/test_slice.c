/* tests/unit/test_slice.c - comparing, and the glob: known answers, a recursive model, and that many
 * stars do not stall it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"

#define NOTHING ((struct slice){NULL, 0})

static void compares(void **state)
{
    (void)state;
    assert_true(slice_eq(NOTHING, SLICE("")));
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_eq(SLICE("a"), SLICE("ab")));
    assert_true(slice_is(SLICE("MaxLen"), "maxlen"));
    assert_false(slice_is(SLICE("MaxLe"), "maxlen"));
    assert_true(slice_is(NOTHING, ""));
    assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
    assert_true(slice_cmp(NOTHING, SLICE("a")) < 0);
    assert_int_equal(slice_cmp(NOTHING, NOTHING), 0);
}

static void globs_as_redis(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool nocase, want;
    } known[] = {
        {"", "", 0, 1},
        {"", "a", 0, 0},
        {"*", "", 0, 0},
        {"*", "anything", 0, 1},
        {"**", "", 0, 0},
        {"?", "", 0, 0},
        {"?", "a", 0, 1},
        {"h?llo", "hello", 0, 1},
        {"h*llo", "heeeello", 0, 1},
        {"h*llo", "hellos", 0, 0},
        {"h[ae]llo", "hallo", 0, 1},
        {"h[ae]llo", "hillo", 0, 0},
        {"h[^e]llo", "hallo", 0, 1},
        {"h[^e]llo", "hello", 0, 0},
        {"h[a-b]llo", "hbllo", 0, 1},
        {"h[b-a]llo", "hallo", 0, 1},
        {"h[a-b]llo", "hcllo", 0, 0},
        {"[]", "a", 0, 0},
        {"[^]", "a", 0, 1},
        {"[", "[", 0, 0},
        {"[a", "a", 0, 1},
        {"[a-", "-", 0, 1},
        {"[\\]]", "]", 0, 1},
        {"[\\-x]", "-", 0, 1},
        {"\\*", "*", 0, 1},
        {"\\*", "a", 0, 0},
        {"\\", "\\", 0, 1},
        {"a\\", "a\\", 0, 1},
        {"\\a", "a", 0, 1},
        {"HELLO", "hello", 0, 0},
        {"HELLO", "hello", 1, 1},
        {"h[A-F]llo", "hello", 1, 1},
        {"*.log", "a.log.log", 0, 1},
        {"a*b*c", "aXbXbXc", 0, 1},
        {"a*b*c", "aXbXbX", 0, 0},
        {"*[0-9]", "job7", 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (slice_glob(slice_of(known[i].pattern), slice_of(known[i].text), known[i].nocase) != known[i].want)
            fail_msg("'%s' on '%s'", known[i].pattern, known[i].text);
    assert_true(slice_glob(NOTHING, NOTHING, false));
    assert_false(slice_glob(SLICE("*"), NOTHING, false)); /* as in Redis */
    assert_false(slice_glob(NOTHING, SLICE("a"), false));
    assert_true(slice_glob(SLICE("a?b"), SLICE("a\0b"), false));
}

/* Stars, question marks, escapes and letters alone, by the definition. */
static bool model(const char *p, size_t pn, const char *t, size_t tn)
{
    if (pn == 0)
        return tn == 0;
    if (*p == '*')
        return model(p + 1, pn - 1, t, tn) || (tn && model(p, pn, t + 1, tn - 1));
    if (*p == '\\' && pn >= 2)
        return tn && p[1] == *t && model(p + 2, pn - 2, t + 1, tn - 1);
    return tn && (*p == '?' || *p == *t) && model(p + 1, pn - 1, t + 1, tn - 1);
}

static void agrees_with_a_model(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 1);
    for (int i = 0; i < 200000; i++) {
        char p[8], t[10];
        size_t pn = random_below(&r, sizeof(p) + 1), tn = random_below(&r, sizeof(t) + 1);

        for (size_t k = 0; k < pn; k++)
            p[k] = "ab**?\\"[random_below(&r, 6)];
        for (size_t k = 0; k < tn; k++)
            t[k] = "aab*"[random_below(&r, 4)];
        if (slice_glob((struct slice){p, pn}, (struct slice){t, tn}, false) !=
            (tn ? model(p, pn, t, tn) : pn == 0))
            fail_msg("'%.*s' on '%.*s'", (int)pn, p, (int)tn, t);
    }
}

/* Any bytes: nothing is read outside, which the sanitizers watch. */
static void any_bytes(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 2);
    for (int i = 0; i < 100000; i++) {
        char p[12], t[12];
        size_t pn = random_below(&r, sizeof(p) + 1), tn = random_below(&r, sizeof(t) + 1);

        for (size_t k = 0; k < sizeof(p); k++) {
            p[k] = "[]^-\\*?ab\xff"[random_below(&r, 11)];
            t[k] = "]-\\ab\xff"[random_below(&r, 7)];
        }
        slice_glob((struct slice){p + sizeof(p) - pn, pn}, (struct slice){t + sizeof(t) - tn, tn}, i & 1);
    }
}

static void many_stars_do_not_stall(void **state)
{
    static char text[50000], pattern[2001];
    usec start = clock_usec();

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
        memcpy(pattern + i, "a*", 2);
    pattern[sizeof(pattern) - 1] = 'b';
    assert_false(
        slice_glob((struct slice){pattern, sizeof(pattern)}, (struct slice){text, sizeof(text)}, false));
    assert_true(clock_usec() - start < 1000000);
}

static void glob_literals(void **state)
{
    static const struct {
        const char *pattern;
        size_t n;
    } known[] = {{"", 0},     {"*", 0},       {"a*b?", 2},   {"[abc]x", 1}, {"\\*\\[", 2},  {"a[^]]b", 3},
                 {"[a-]]x", 1}, {"[\\]]x", 1}, {"[abc", 0}, {"a\\", 2},  {"jobs:*", 5}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(slice_glob_literals(slice_of(known[i].pattern)), known[i].n);
    assert_int_equal(slice_glob_literals(NOTHING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(globs_as_redis),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(agrees_with_a_model),
        cmocka_unit_test(many_stars_do_not_stall),
        cmocka_unit_test(glob_literals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
