/* tests/unit/test_priority.c - PRIORITIES and AGING: which message of a queue comes next. */
#include "base/random.h"
#include "fixture.h"
#include "store/queue.h"
#include <stdio.h>

static void begin(struct fixture *t, const char *policy)
{
    expect(t, 0, policy, "+OK");
    expect(t, 0, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
}

static const struct stream *stream_of(struct fixture *t)
{
    return db_find(&t->service.broker, 0, SLICE("q"))->stream;
}

static void add(struct fixture *t, msec at, unsigned level, const char *id)
{
    char line[80];

    snprintf(line, sizeof line, "QADD q PRIORITY %u %s f v", level, id);
    expect(t, at, line, id);
}

#define READ      "XREADGROUP GROUP g c COUNT 10 STREAMS q >"
#define READ_ONE  "XREADGROUP GROUP g c COUNT 1 STREAMS q >"
#define ONE(id)   "[[q [[" id " [f v]]]]]"
#define TWO(a, b) "[[q [[" a " [f v]] [" b " [f v]]]]]"

static void higher_levels_come_first(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q PRIORITIES 3");
    add(t, 0, 0, "1-0");
    add(t, 0, 2, "2-0");
    add(t, 0, 1, "3-0");
    add(t, 0, 31, "4-0");
    add(t, 0, 0, "5-0");
    expect(t, 1, "XREADGROUP GROUP g c COUNT 2 STREAMS q >", TWO("2-0", "4-0"));
    expect(t, 1, "XPENDING q g", "[:2 2-0 4-0 [[c 2]]]");
    expect(t, 1, READ, "[[q [[3-0 [f v]] [1-0 [f v]] [5-0 [f v]]]]]");
    expect(t, 1, READ, "nil-array");
    stream_check(stream_of(t));
}

/* In a level what came back goes before what is new, in the order in which it came. */
static void what_came_back_goes_first_in_its_level(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q PRIORITIES 2");
    add(t, 0, 0, "1-0");
    add(t, 0, 0, "2-0");
    add(t, 0, 0, "3-0");
    add(t, 0, 5, "4-0");
    expect(t, 1, READ, "[[q [[4-0 [f v]] [1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]]");
    add(t, 2, 0, "6-0");
    add(t, 2, 1, "7-0");
    expect(t, 3, "QNACK q g c 3-0", ":1");
    expect(t, 3, "QNACK q g c 1-0", ":1");
    expect(t, 3, "QNACK q g c 4-0", ":1");
    expect(t, 4, READ, "[[q [[4-0 [f v]] [7-0 [f v]] [3-0 [f v]] [1-0 [f v]] [6-0 [f v]]]]]");
    expect(t, 4, "XACK q g 1-0 2-0 3-0 4-0 6-0 7-0", ":6");
    stream_check(stream_of(t));
}

static void a_head_rises_as_it_waits(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q PRIORITIES 3 AGING 100ms");
    add(t, 0, 0, "1-0");
    add(t, 150, 2, "2-0");
    expect(t, 199, READ_ONE, ONE("2-0"));
    add(t, 199, 2, "3-0");
    add(t, 200, 2, "4-0");
    expect(t, 298, READ_ONE, ONE("3-0")); /* 2 and 0 + 2: the higher level */
    expect(t, 299, READ_ONE, ONE("4-0"));
    add(t, 299, 2, "5-0");
    expect(t, 300, READ_ONE, ONE("1-0")); /* 0 + 3 */
    expect(t, 301, "QNACK q g c 1-0", ":1");
    expect(t, 302, READ_ONE, ONE("5-0")); /* it waits anew */
    expect(t, 303, READ_ONE, ONE("1-0"));
}

static void policies_come_and_go(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q ACKWAIT 0");
    add(t, 0, 0, "1-0");
    add(t, 0, 1, "2-0");
    add(t, 0, 2, "3-0");
    add(t, 0, 0, "4-0");
    expect(t, 1, READ_ONE, ONE("1-0"));
    expect(t, 1, "QPOLICY SET q PRIORITIES 3", "+OK");
    expect(t, 1, READ_ONE, ONE("3-0"));
    expect(t, 1, "QPOLICY SET q PRIORITIES 1", "+OK");
    expect(t, 1, READ_ONE, ONE("2-0"));
    add(t, 1, 9, "5-0");
    expect(t, 1, "QPOLICY SET q PRIORITIES 2", "+OK");
    expect(t, 1, READ, TWO("5-0", "4-0"));
    stream_check(stream_of(t));
}

static void the_lowest_makes_way(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q PRIORITIES 3 MAXLEN 4 OVERFLOW drop");
    add(t, 0, 2, "1-0");
    add(t, 0, 1, "2-0");
    add(t, 0, 0, "3-0");
    add(t, 0, 1, "4-0");
    add(t, 0, 0, "5-0");
    add(t, 0, 7, "6-0");
    add(t, 0, 2, "7-0");
    expect(t, 1, READ, "[[q [[1-0 [f v]] [6-0 [f v]] [7-0 [f v]] [4-0 [f v]]]]]");
    expect(t, 1, "QADD q PRIORITY 9 * f v",
           "-QFULL queue is full: MAXLEN or MAXBYTES of its policy is reached");
}

/* What is known of ids that were looked at is forgotten when they may be new again. */
static void positions_go_back(void **state)
{
    struct fixture *t = *state;

    begin(t, "QPOLICY SET q PRIORITIES 2");
    add(t, 0, 1, "1-0");
    add(t, 0, 0, "2-0");
    expect(t, 1, READ, TWO("1-0", "2-0"));
    expect(t, 1, "XACK q g 1-0 2-0", ":2");
    expect(t, 1, "XGROUP SETID q g 0", "+OK");
    expect(t, 1, READ, TWO("1-0", "2-0"));
    expect(t, 1, "XACK q g 1-0 2-0", ":2");
    expect(t, 1, "XTRIM q MAXLEN 0", ":2");
    expect(t, 1, "XSETID q 0-5", "+OK");
    expect(t, 1, "XGROUP SETID q g 0", "+OK");
    add(t, 1, 1, "1-0");
    expect(t, 1, READ, ONE("1-0"));
    stream_check(stream_of(t));
}

/* --- against a naive one --- */

enum { MESSAGES = 120, LEVELS = 4, STEPS = 400 };

struct message {
    enum { FRESH, READY, LEASED, DONE } state;
    unsigned level;
    msec since;
    unsigned turn;
};

struct naive {
    struct message m[MESSAGES];
    unsigned n, turns;
    msec aging;
};

/* The head of a level, or -1. */
static int head_of(const struct naive *v, unsigned level)
{
    int head = -1;

    for (unsigned i = 0; i < v->n; i++)
        if (v->m[i].level == level && v->m[i].state == READY && (head < 0 || v->m[i].turn < v->m[head].turn))
            head = (int)i;
    for (unsigned i = 0; head < 0 && i < v->n; i++)
        if (v->m[i].level == level && v->m[i].state == FRESH)
            head = (int)i;
    return head;
}

static int next_of(const struct naive *v, msec now)
{
    int best = -1;
    msec height = 0;

    for (unsigned level = LEVELS; level-- > 0;) {
        int head = head_of(v, level);
        msec h = head < 0 ? -1 : (msec)level + (v->aging ? (now - v->m[head].since) / v->aging : 0);

        if (head >= 0 && (best < 0 || h > height)) {
            best = head;
            height = h;
        }
    }
    return best;
}

static void read_some(struct fixture *t, struct naive *v, msec now, unsigned count)
{
    char line[80], want[64 * 20] = "";
    size_t at = 0;

    for (unsigned i = 0; i < count; i++) {
        int next = next_of(v, now);

        if (next < 0)
            break;
        at += (size_t)snprintf(want + at, sizeof want - at, "%s[%d-0 [f v]]", at ? " " : "[[q [", next + 1);
        v->m[next].state = LEASED;
    }
    snprintf(want + at, sizeof want - at, "%s", at ? "]]]" : "nil-array");
    snprintf(line, sizeof line, "XREADGROUP GROUP g c COUNT %u STREAMS q >", count);
    expect(t, now, line, want);
}

static void end_one(struct fixture *t, struct naive *v, msec now, unsigned i, bool back)
{
    char line[80];
    bool held = v->m[i].state == LEASED;

    snprintf(line, sizeof line, "%s q g c %u-0", back ? "QNACK" : "QACK", i + 1);
    expect(t, now, line, held ? ":1" : ":0");
    if (!held)
        return;
    v->m[i].state = back ? READY : DONE;
    v->m[i].since = now;
    v->m[i].turn = ++v->turns;
}

static void step(struct fixture *t, struct naive *v, struct random *dice, msec now)
{
    uint64_t what = random_below(dice, 10);
    char id[24];

    if (what < 3 && v->n < MESSAGES) {
        unsigned stored = (unsigned)random_below(dice, LEVELS + 3);

        v->m[v->n] =
            (struct message){.state = FRESH, .level = stored < LEVELS ? stored : LEVELS - 1, .since = now};
        snprintf(id, sizeof id, "%u-0", ++v->n);
        add(t, now, stored, id);
    } else if (what < 6) {
        read_some(t, v, now, 1 + (unsigned)random_below(dice, 5));
    } else if (v->n) {
        end_one(t, v, now, (unsigned)random_below(dice, v->n), what < 9);
    }
}

static void order_is_that_of_a_naive_one(void **state)
{
    struct fixture *t = *state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct naive v = {.aging = seed % 2 ? 50 : 0};
        struct random dice;
        msec now = (msec)seed * 100000;

        random_seed(&dice, seed);
        expect(t, now, "DEL q", seed == 1 ? ":0" : ":1");
        expect(t, now,
               seed % 2 ? "QPOLICY SET q PRIORITIES 4 AGING 50" : "QPOLICY SET q PRIORITIES 4 AGING 0",
               "+OK");
        expect(t, now, "XGROUP CREATE q g 0 MKSTREAM", "+OK");
        for (int i = 0; i < STEPS; i++) {
            now += (msec)random_below(&dice, 30);
            step(t, &v, &dice, now);
            if (i % 16 == 0)
                stream_check(stream_of(t));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(higher_levels_come_first, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(what_came_back_goes_first_in_its_level, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_head_rises_as_it_waits, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(policies_come_and_go, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(the_lowest_makes_way, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(positions_go_back, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(order_is_that_of_a_naive_one, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
