/* tests/unit/test_policy.c - options read and printed, and the merge of policies against the dumbest model
 * that is right: all policies in a heap, and for each option a search for the one that comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/policy_edit.h"

/* --- options --- */

static const char *put(const struct rules *r, enum rule which, bool plain)
{
    static char text[2048];
    struct buf b = {0};

    rule_put(r, which, plain, &b);
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&b)));
    buf_free(&b);
    return text;
}

static void options_are_read(void **state)
{
    static const struct {
        const char *option, *text, *shown; /* NULL: refused */
        const char *plain;
    } known[] = {
        {"ACKWAIT", "500ms", "500ms", "500"},
        {"ackwait", "30s", "30s", "30000"},
        {"ACKWAIT", "90S", "90s", "90000"},
        {"ACKWAIT", "10m", "10m", "600000"},
        {"ACKWAIT", "12h", "12h", "43200000"},
        {"ACKWAIT", "7d", "7d", "604800000"},
        {"ACKWAIT", "24h", "1d", "86400000"},
        {"ACKWAIT", "1500", "1500ms", "1500"},
        {"ACKWAIT", "0", "0", "0"},
        {"ACKWAIT", "0s", "0", "0"},
        {"ACKWAIT", "36500d", "36500d", "3153600000000"},
        {"ACKWAIT", "36501d", NULL, NULL},
        {"ACKWAIT", "3153600000001", NULL, NULL},
        {"ACKWAIT", "18446744073709551616", NULL, NULL},
        {"ACKWAIT", "18446744073709551615ms", NULL, NULL},
        {"ACKWAIT", "", NULL, NULL},
        {"ACKWAIT", "s", NULL, NULL},
        {"ACKWAIT", "-1", NULL, NULL},
        {"ACKWAIT", "+1", NULL, NULL},
        {"ACKWAIT", "1.5s", NULL, NULL},
        {"ACKWAIT", "1 s", NULL, NULL},
        {"ACKWAIT", "1w", NULL, NULL},
        {"ACKWAIT", "1sec", NULL, NULL},
        {"MAXDELIVER", "5", "5", "5"},
        {"MAXDELIVER", "-1", NULL, NULL},
        {"MAXDELIVER", "1000000000", "1000000000", "1000000000"},
        {"MAXDELIVER", "1000000001", NULL, NULL},
        {"MAXDELIVER", "9223372036854775808", NULL, NULL},
        {"JITTER", "100", "100", "100"},
        {"JITTER", "101", NULL, NULL},
        {"PRIORITIES", "0", NULL, NULL},
        {"PRIORITIES", "1", "1", "1"},
        {"PRIORITIES", "32", "32", "32"},
        {"PRIORITIES", "33", NULL, NULL},
        {"MAXBYTES", "1kb", "1024", "1024"},
        {"MAXBYTES", "1gb", "1073741824", "1073741824"},
        {"MAXBYTES", "18446744073709551615", NULL, NULL},
        {"MAXBYTES", "-1", NULL, NULL},
        {"MAXLEN", "1kb", NULL, NULL},
        {"OVERFLOW", "DROP", "drop", "drop"},
        {"OVERFLOW", "dlq", "dlq", "dlq"},
        {"OVERFLOW", "no", NULL, NULL},
        {"OVERFLOW", "", NULL, NULL},
        {"PAUSE", "both", "both", "both"},
        {"HEADERS", "yes", "yes", "yes"},
        {"HEADERS", "1", NULL, NULL},
        {"DLQ", "dead:{queue}", "dead:{queue}", "dead:{queue}"},
        {"DLQ", "", "", ""},
    };
    struct rules r;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        enum rule which = rule_find(slice_of(known[i].option));

        assert_true(which < RULES);
        rules_default(&r);
        if (rule_parse(&r, which, slice_of(known[i].text)) != (known[i].shown != NULL))
            fail_msg("%s %s", known[i].option, known[i].text);
        if (known[i].shown) {
            assert_string_equal(put(&r, which, false), known[i].shown);
            assert_string_equal(put(&r, which, true), known[i].plain);
        }
        rules_free(&r);
    }
    assert_int_equal(rule_find(SLICE("ACKWAI")), RULES);
    assert_int_equal(rule_find(SLICE("")), RULES);
}

static void a_text_has_an_end(void **state)
{
    static char text[RULE_TEXT_MAX + 1];
    struct rules r;

    (void)state;
    rules_default(&r);
    memset(text, 'x', sizeof text);
    assert_true(rule_parse(&r, RULE_ORDERKEY, (struct slice){text, RULE_TEXT_MAX}));
    assert_false(rule_parse(&r, RULE_ORDERKEY, (struct slice){text, RULE_TEXT_MAX + 1}));
    assert_int_equal(r.orderkey.n, RULE_TEXT_MAX);
    rules_free(&r);
    assert_int_equal(rules_memory(&r), 0);
}

/* Every option can be written as it is shown, and its bounds are what it says. */
static void rows_hold_together(void **state)
{
    (void)state;
    for (enum rule i = 0; i < RULES; i++) {
        const struct rule_row *row = &rule_rows[i];
        struct rules r, back;
        char text[64];

        assert_non_null(row->name);
        assert_non_null(row->help);
        assert_int_equal(rule_find(slice_of(row->name)), i);
        rules_default(&r);
        rules_default(&back);
        assert_true(rule_parse(&back, i, slice_of(put(&r, i, false))));
        assert_true(rules_equal(&r, &back));
        if (row->kind == RULE_NUMBER || row->kind == RULE_DURATION) {
            snprintf(text, sizeof text, "%lld", (long long)row->max);
            assert_true(rule_parse(&r, i, slice_of(text)));
            assert_true(rule_parse(&back, i, slice_of(put(&r, i, false))));
            assert_true(rules_equal(&r, &back));
            snprintf(text, sizeof text, "%lld", (long long)row->max + 1);
            assert_false(rule_parse(&r, i, slice_of(text)));
            snprintf(text, sizeof text, "%lld", (long long)row->min - 1);
            assert_false(rule_parse(&r, i, slice_of(text)));
        }
        rules_free(&r);
        rules_free(&back);
    }
}

/* --- merging --- */

#define DB 1

static void set(struct policies *t, const char *name, const char *option, const char *value)
{
    struct policy *p = policy_new(slice_of(name), policy_find(t, DB, slice_of(name)));
    enum rule which = rule_find(slice_of(option));

    assert_true(rule_parse(&p->rules, which, slice_of(value)));
    p->given |= UINT32_C(1) << which;
    policy_put(t, DB, p);
    policies_check(t);
}

static const char *get(const struct policies *t, const char *queue, bool is_dlq, const char *option)
{
    struct rules r;
    const char *text;

    policy_resolve(t, DB, slice_of(queue), is_dlq, &r, NULL);
    text = put(&r, rule_find(slice_of(option)), false);
    rules_free(&r);
    return text;
}

static void the_closest_comes_first(void **state)
{
    struct policies t;

    (void)state;
    policies_init(&t, 2);
    set(&t, "*", "ACKWAIT", "10s");
    set(&t, "*", "MAXDELIVER", "3");
    set(&t, "jobs:*", "ACKWAIT", "20s");
    set(&t, "jobs:[ab]*", "TTL", "1h"); /* as many literal bytes; '[' is behind '*' */
    set(&t, "jobs:*", "TTL", "2h");
    set(&t, "jobs:a", "ACKWAIT", "30s");
    assert_string_equal(get(&t, "jobs:a", false, "ACKWAIT"), "30s");
    assert_string_equal(get(&t, "jobs:b", false, "ACKWAIT"), "20s");
    assert_string_equal(get(&t, "other", false, "ACKWAIT"), "10s");
    assert_string_equal(get(&t, "jobs:a", false, "TTL"), "2h");
    assert_string_equal(get(&t, "jobs:a", false, "MAXDELIVER"), "3");
    assert_string_equal(get(&t, "jobs:a", true, "MAXDELIVER"), "0"); /* a DLQ: what names it, alone */
    assert_string_equal(get(&t, "jobs:a", true, "ACKWAIT"), "30s");
    policy_remove(&t, DB, SLICE("jobs:a"));
    assert_string_equal(get(&t, "jobs:a", false, "ACKWAIT"), "20s");
    policies_free(&t);
}

static void dlq_names(void **state)
{
    static char longest[QUEUE_NAME_MAX + 1];
    struct policies t;
    struct rules r;

    (void)state;
    memset(longest, 'x', sizeof longest);
    policies_init(&t, 2);
    set(&t, "*", "DLQ", "dead:{queue}:{queue}{que}");
    assert_string_equal(get(&t, "q", false, "DLQ"), "dead:q:q{que}");
    set(&t, "*", "DLQ", "dead");
    assert_string_equal(get(&t, "q", false, "DLQ"), "dead");
    assert_string_equal(get(&t, "dead", false, "DLQ"), "");
    set(&t, "*", "DLQ", "{queue}");
    assert_string_equal(get(&t, "q", false, "DLQ"), "");
    set(&t, "q", "DLQ", "");
    set(&t, "*", "DLQ", "dead");
    assert_string_equal(get(&t, "q", false, "DLQ"), "");
    set(&t, "x*", "DLQ", "{queue}x");
    assert_true(policy_resolve(&t, DB, (struct slice){longest, 1000}, false, &r, NULL));
    assert_int_equal(r.dlq.n, 1001);
    rules_free(&r);
    assert_true(policy_resolve(&t, DB, (struct slice){longest, QUEUE_NAME_MAX}, false, &r, NULL));
    assert_int_equal(r.dlq.n, 0);
    rules_free(&r);
    assert_false(policy_resolve(&t, DB, (struct slice){longest, QUEUE_NAME_MAX + 1}, false, &r, NULL));
    rules_free(&r);
    policies_free(&t);
}

static void what_meets_is_reconciled(void **state)
{
    const struct policy *origin[RULES];
    struct policies t;
    struct rules r;

    (void)state;
    policies_init(&t, 2);
    set(&t, "*", "ORDERKEY", "customer");
    set(&t, "q*", "PRIORITIES", "8");
    set(&t, "*", "BACKOFF", "1m");
    set(&t, "q*", "BACKOFFMAX", "1s");
    set(&t, "q*", "ONDISCONNECT", "requeue");
    assert_true(policy_resolve(&t, DB, SLICE("q"), false, &r, origin));
    assert_int_equal(r.priorities, 1);
    assert_ptr_equal(origin[RULE_PRIORITIES], origin[RULE_ORDERKEY]);
    assert_int_equal(r.backoffmax, 60000);
    assert_int_equal(r.ondisconnect, ONDISCONNECT_KEEP);
    assert_null(origin[RULE_TTL]);
    rules_free(&r);
    set(&t, "*", "ACKWAIT", "1s");
    assert_string_equal(get(&t, "q", false, "ONDISCONNECT"), "requeue");
    policies_free(&t);
}

/* --- the model --- */

#define NAMES 14
static const char *const names[NAMES] = {"*",     "q*",  "q?",  "q[ab]", "?a", "*a", "q\\a",
                                         "[^x]*", "qa*", "q*a", "qa",    "qb", "xa", "q"};
static const size_t literals[NAMES] = {0, 1, 1, 1, 1, 1, 2, 0, 2, 2};
static const char *const queues[] = {"qa", "qb", "xa", "q", "x", "qaa", "yy"};

struct model {
    bool given[NAMES][RULES];
    int64_t value[NAMES][RULES];
};

static bool exact(size_t i)
{
    return i >= 10;
}

static bool before(size_t a, size_t b)
{
    if (exact(a) != exact(b))
        return exact(a);
    if (literals[a] != literals[b])
        return literals[a] > literals[b];
    return strcmp(names[a], names[b]) < 0;
}

static bool applies(size_t i, const char *queue, bool is_dlq)
{
    if (exact(i))
        return strcmp(names[i], queue) == 0;
    return !is_dlq && slice_glob(slice_of(names[i]), slice_of(queue), false);
}

static size_t first(const struct model *m, const char *queue, bool is_dlq, enum rule which)
{
    size_t best = NAMES;

    for (size_t i = 0; i < NAMES; i++)
        if (m->given[i][which] && applies(i, queue, is_dlq) && (best == NAMES || before(i, best)))
            best = i;
    return best;
}

/* Options that no other option has a say in. */
static const enum rule plain[] = {RULE_ACKWAIT,  RULE_MAXDELIVER, RULE_JITTER, RULE_TTL,     RULE_MAXLEN,
                                  RULE_PREFETCH, RULE_AGING,      RULE_RATE,   RULE_MAXBYTES};
#define PLAIN (sizeof plain / sizeof *plain)

static void compare_all(const struct policies *t, const struct model *m, uint64_t seed)
{
    for (size_t q = 0; q < sizeof queues / sizeof *queues; q++)
        for (int is_dlq = 0; is_dlq < 2; is_dlq++) {
            const struct policy *origin[RULES];
            struct rules r;

            policy_resolve(t, DB, slice_of(queues[q]), is_dlq, &r, origin);
            for (size_t i = 0; i < PLAIN; i++) {
                size_t want = first(m, queues[q], is_dlq, plain[i]);
                int64_t v = want == NAMES ? 0 : m->value[want][plain[i]];

                if (*rule_number(&r, plain[i]) != v || (want == NAMES) != !origin[plain[i]] ||
                    (want < NAMES && !slice_eq(policy_name(origin[plain[i]]), slice_of(names[want]))))
                    fail_msg("seed %llu queue %s option %s", (unsigned long long)seed, queues[q],
                             rule_rows[plain[i]].name);
            }
            rules_free(&r);
        }
}

static void random_policies(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        static struct model m;
        struct policies t;
        struct random random;

        m = (struct model){0};
        random_seed(&random, seed);
        policies_init(&t, 2);
        for (int step = 0; step < 60; step++) {
            size_t i = (size_t)random_below(&random, NAMES);
            enum rule which = plain[random_below(&random, PLAIN)];

            if (random_below(&random, 5) == 0) {
                policy_remove(&t, DB, slice_of(names[i]));
                memset(m.given[i], 0, sizeof m.given[i]);
                policies_check(&t);
            } else {
                char text[32];

                m.given[i][which] = true;
                m.value[i][which] = (int64_t)random_below(&random, 100);
                snprintf(text, sizeof text, "%d", (int)m.value[i][which]);
                set(&t, names[i], rule_rows[which].name, text);
            }
            compare_all(&t, &m, seed);
        }
        assert_int_equal(policies_in(&t, 0), 0);
        policies_free(&t);
    }
}

/* --- docs/queues.md --- */

static void options_table(struct buf *text)
{
    struct rules r;

    rules_default(&r);
    buf_add_str(text, "| option | value | default | meaning |\n|---|---|---|---|\n");
    for (enum rule i = 0; i < RULES; i++) {
        const struct rule_row *row = &rule_rows[i];

        buf_addf(text, "| `%s` | ", row->name);
        if (row->kind == RULE_DURATION)
            buf_add_str(text, "a duration");
        else
            rule_say_wanted(i, text);
        buf_add_str(text, " | ");
        if (row->kind == RULE_TEXT)
            buf_add_str(text, "none");
        else
            rule_put(&r, i, false, text);
        buf_addf(text, " | %s |\n", row->help);
    }
    rules_free(&r);
}

static void the_guide_has_the_rows(void **state)
{
    FILE *f = fopen("docs/queues.md", "re"); /* make runs tests from the top of the tree */
    static char page[1 << 17];
    struct buf table = {0};
    size_t n;

    (void)state;
    assert_non_null(f);
    n = fread(page, 1, sizeof page - 1, f);
    page[n] = '\0';
    fclose(f);
    options_table(&table);
    buf_add_char(&table, '\0');
    if (!strstr(page, table.p)) {
        fputs(table.p, stderr); /* to be put there */
        fail_msg("docs/queues.md has not the options as they are");
    }
    buf_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read),   cmocka_unit_test(a_text_has_an_end),
        cmocka_unit_test(rows_hold_together), cmocka_unit_test(the_closest_comes_first),
        cmocka_unit_test(dlq_names),          cmocka_unit_test(what_meets_is_reconciled),
        cmocka_unit_test(random_policies),    cmocka_unit_test(the_guide_has_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
