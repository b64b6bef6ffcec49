/* tests/unit/test_memory.c - what a message costs in memory, and one that is pending: through a session, as
 * a client would put them there, counted by the allocator. */
#include "base/mem.h"
#include "cmd/session.h"
#include "store/record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define PER_TURN 100

struct fixture {
    struct service service;
    struct session *session;
    struct now now;
    struct buf input;
};

static int set_up(void **state)
{
    static const char id[41] = "0123456789012345678901234567890123456789";
    struct fixture *f = mem_zalloc(sizeof *f);

    service_init(&f->service, (struct hash_seed){1, 2}, id);
    service_start(&f->service);
    f->now = (struct now){INT64_C(1700000000000), 1000000};
    f->session = session_new(&f->service, f->now);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    session_free(f->session);
    service_free(&f->service);
    buf_free(&f->input);
    mem_free(f);
    return 0;
}

/* What has been sent is run, and answered without an error. */
static void turn(struct fixture *f)
{
    struct session_run run = session_input(f->session, f->input.p, f->input.n, UINT32_MAX, f->now);
    struct slice out;

    session_run_end(&f->service, f->now);
    assert_int_equal(run.used, f->input.n);
    out = outbox_ready(&f->session->out, UINT64_MAX);
    assert_true(out.n && out.p[0] != '-');
    outbox_taken(&f->session->out, out.n);
    f->input.n = 0;
    f->now.wall++;
}

static void send(struct fixture *f, const char *const *word, size_t n)
{
    record_words(&f->input, word, n);
}
#define SEND(f, ...)                                                                                         \
    send(f, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void add_entries(struct fixture *f, size_t payload, size_t n)
{
    char *text = mem_zalloc(payload + 1);

    memset(text, 'x', payload);
    for (size_t i = 0; i < n; i++) {
        SEND(f, "XADD", "stream", "*", "p", text);
        if (i % PER_TURN == PER_TURN - 1)
            turn(f);
    }
    mem_free(text);
}

/* Libc's allocator keeps no count that could be asked. */
static void skip_without_jemalloc(void)
{
#ifdef MEM_LIBC
    print_message("skipped: libc's allocator does not say what is in use\n");
    skip();
#endif
}

static void at_most(const char *what, size_t bytes, size_t n, double most)
{
    double each = (double)bytes / (double)n;

    print_message("%s: %.2f bytes each, at most %.0f\n", what, each, most);
    assert_true(each <= most);
}

static void entries_cost(struct fixture *f, size_t payload, double most)
{
    size_t n = payload > 500 ? 20000 : 100000, before;
    char what[40];

    skip_without_jemalloc();
    snprintf(what, sizeof what, "entries of %zu bytes", payload);
    add_entries(f, payload, PER_TURN); /* buffers have their size */
    before = mem_used();
    add_entries(f, payload, n);
    at_most(what, mem_used() - before, n, most);
}

static void entries_of_16_bytes(void **state)
{
    entries_cost(*state, 16, 31);
}

static void entries_of_100_bytes(void **state)
{
    entries_cost(*state, 100, 114);
}

static void entries_of_1000_bytes(void **state)
{
    entries_cost(*state, 1000, 1030);
}

static void pending_entries(void **state)
{
    const size_t n = 100000;
    struct fixture *f = *state;
    size_t before;

    skip_without_jemalloc();
    SEND(f, "XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM");
    turn(f);
    add_entries(f, 16, n);
    SEND(f, "XGROUP", "CREATECONSUMER", "stream", "group", "consumer");
    turn(f);
    before = mem_used();
    for (size_t i = 0; i < n / PER_TURN; i++) {
        SEND(f, "XREADGROUP", "GROUP", "group", "consumer", "COUNT", "100", "STREAMS", "stream", ">");
        turn(f);
    }
    at_most("pending entries", mem_used() - before, n, 40);
}

static void pass_through(struct fixture *f, unsigned n)
{
    char id[32];

    snprintf(id, sizeof id, "%u-1", n);
    SEND(f, "XADD", "stream", id, "p", "v");
    SEND(f, "XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">");
    SEND(f, "XACK", "stream", "group", id);
    turn(f);
}

static void empty(struct fixture *f)
{
    SEND(f, "XTRIM", "stream", "MAXLEN", "0");
    turn(f);
}

/* Whoever acknowledges everything gets the memory back. Each command has run once before: its histogram of
 * latencies stays. */
static void acknowledged_entries(void **state)
{
    struct fixture *f = *state;
    size_t before;

    skip_without_jemalloc();
    SEND(f, "XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM");
    SEND(f, "XGROUP", "CREATECONSUMER", "stream", "group", "consumer");
    turn(f);
    pass_through(f, 1);
    empty(f);
    before = mem_used();
    for (unsigned i = 2; i <= 2000; i++)
        pass_through(f, i);
    empty(f);
    assert_true(mem_used() < before + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_of_16_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_of_100_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_of_1000_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pending_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acknowledged_entries, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
