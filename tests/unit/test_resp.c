/* tests/unit/test_resp.c - the parser of requests: the same requests and errors however bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "proto/resp.h"
#include <stdio.h>
#include <stdlib.h>

static const struct resp_limits limits = {
    .bulk_max = 512 << 20, .inline_max = 64 * 1024, .args_max = 1 << 20};

/* What came out of a run of bytes, as text: each argument in <>, each request on a line, then the error
 * or how many bytes are left over. */
struct run {
    struct resp_parser parser;
    struct args args;
    struct buf text;
    bool failed;
};

static void run_open(struct run *t)
{
    *t = (struct run){0};
    resp_init(&t->parser);
}

static void run_close(struct run *t)
{
    resp_free(&t->parser);
    args_free(&t->args);
    buf_free(&t->text);
}

static void write_request(struct run *t)
{
    for (size_t i = 0; i < t->args.n; i++) {
        buf_add_char(&t->text, '<');
        buf_add_slice(&t->text, t->args.v[i]);
        buf_add_char(&t->text, '>');
    }
    buf_add_char(&t->text, '\n');
}

/* Parses what it can of the n bytes, from a copy of just that size, so that a sanitizer sees a byte read
 * too far. Returns the bytes used. */
static size_t run_parse(struct run *t, const char *p, size_t n, const struct resp_limits *lim)
{
    char *copy = malloc(n ? n : 1);
    const char *why = NULL;
    size_t used, at = 0;
    enum resp_result res = RESP_REQUEST;

    assert_non_null(copy);
    memcpy(copy, p, n);
    while (!t->failed && res == RESP_REQUEST) {
        res = resp_next(&t->parser, lim, copy + at, n - at, &t->args, &used, &why);
        if (res == RESP_ERROR) {
            t->failed = true;
            buf_add_str(&t->text, why);
        } else if (res == RESP_REQUEST) {
            assert_true(used > 0 && used <= n - at);
            assert_false(resp_unfinished(&t->parser));
            assert_null(t->parser.at);
            write_request(t);
            at += used;
        } else {
            assert_int_equal(resp_unfinished(&t->parser), at < n);
            assert_true(resp_wants(&t->parser, n - at) >= 1);
        }
    }
    free(copy);
    return at;
}

static void run_end(struct run *t, size_t left)
{
    if (!t->failed)
        buf_addf(&t->text, "left %zu", left);
}

static void run_whole(struct run *t, struct slice s, const struct resp_limits *lim)
{
    run_open(t);
    run_end(t, s.n - run_parse(t, s.p, s.n, lim));
}

static void expect_text(const struct run *t, struct slice want)
{
    struct slice got = buf_slice(&t->text);

    if (!slice_eq(got, want))
        print_error("got:  %.*s\nwant: %.*s\n", SLICE_ARG(got), SLICE_ARG(want));
    assert_true(slice_eq(got, want));
}

/* Cut at every byte in two, and once into single bytes. */
static void cut_everywhere(struct slice s, struct slice want, const struct resp_limits *lim)
{
    struct run t;
    size_t at;

    for (size_t cut = 0; cut <= s.n; cut++) {
        run_open(&t);
        at = run_parse(&t, s.p, cut, lim);
        at += run_parse(&t, s.p + at, s.n - at, lim);
        run_end(&t, s.n - at);
        expect_text(&t, want);
        run_close(&t);
    }
    run_open(&t);
    at = 0;
    for (size_t n = 1; n <= s.n; n++)
        at += run_parse(&t, s.p + at, n - at, lim);
    run_end(&t, s.n - at);
    expect_text(&t, want);
    run_close(&t);
}

static void expect_limits(struct slice s, struct slice want, const struct resp_limits *lim)
{
    struct run t;

    run_whole(&t, s, lim);
    expect_text(&t, want);
    run_close(&t);
    cut_everywhere(s, want, lim);
}

#define EXPECT(bytes, want) expect_limits(SLICE(bytes), SLICE(want), &limits)

static void requests(void **state)
{
    (void)state;
    EXPECT("", "left 0");
    EXPECT("*1\r\n$4\r\nPING\r\n", "<PING>\nleft 0");
    EXPECT("*5\r\n$4\r\nXADD\r\n$4\r\njobs\r\n$1\r\n*\r\n$1\r\nf\r\n$12\r\nabcdefghijkl\r\n",
           "<XADD><jobs><*><f><abcdefghijkl>\nleft 0");
    EXPECT("*2\r\n$0\r\n\r\n$1\r\n\r\r\n", "<><\r>\nleft 0");
    EXPECT("*1\r\n$6\r\n\r\n\0$4\r\r\n*1\r\n$1\r\n\0\r\n", "<\r\n\0$4\r>\n<\0>\nleft 0");
    EXPECT("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI", "<PING>\nleft 10");
    EXPECT("*11\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n"
           "$1\r\n8\r\n$1\r\n9\r\n$2\r\n10\r\n*0\r\n",
           "<0><1><2><3><4><5><6><7><8><9><10>\n\nleft 0");
}

static void requests_of_nothing(void **state)
{
    (void)state;
    EXPECT("*0\r\n*-1\r\n*-5\r\n*-2147483649\r\n\r\n\n  \t \r\n", "\n\n\n\n\n\n\nleft 0");
}

/* As Redis, we look for the \r alone and skip what should be \n. */
static void second_byte_of_an_end_is_not_looked_at(void **state)
{
    (void)state;
    EXPECT("*1\rX$4\r.PING..*0\r\r", "<PING>\n\nleft 0");
}

static void inline_requests(void **state)
{
    (void)state;
    EXPECT("PING\r\n", "<PING>\nleft 0");
    EXPECT("PING\nECHO  a\tb \r\n", "<PING>\n<ECHO><a><b>\nleft 0");
    EXPECT(" \v\f set a\\x41 \vb\vc\rd\r\r\n", "<set><a\\x41><b\vc><d>\nleft 0");
    EXPECT("a\0b c\r\n", "<a\0b><c>\nleft 0");
    EXPECT("$4\r\n*0\r\nx", "<$4>\n\nleft 1");
}

static void inline_requests_with_quotes(void **state)
{
    (void)state;
    EXPECT("set k \"a b\\x00\\n\\\"\"\r\nPING\r\n", "<set><k><a b\0\n\">\n<PING>\nleft 0");
    EXPECT("set 'it\\'s' \"\" ''\n", "<set><it's><><>\nleft 0");
    EXPECT("PING\nset \"a\r\nx\n", "<PING>\nProtocol error: unbalanced quotes in request");
    EXPECT("'a'b\r\n", "Protocol error: unbalanced quotes in request");
}

static void bad_counts(void **state)
{
    static const char *const bad[] = {"+1",
                                      "01",
                                      " 1",
                                      "1 ",
                                      "",
                                      "-",
                                      "-0",
                                      "x",
                                      "1x",
                                      "1048577",
                                      "2147483648",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "111111111111111111111111111111",
                                      "1\n"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "*%s\r\n", bad[i]);
        expect_limits(slice_of(text), SLICE("Protocol error: invalid multibulk length"), &limits);
    }
}

static void count_is_never_over_int_max(void **state)
{
    static const struct resp_limits wide = {UINT64_MAX, 64, UINT64_MAX, false};

    (void)state;
    expect_limits(SLICE("*2147483648\r\n"), SLICE("Protocol error: invalid multibulk length"), &wide);
    expect_limits(SLICE("*2147483647\r\n"), SLICE("left 13"), &wide);
}

static void bad_bulk_lengths(void **state)
{
    static const char *const bad[] = {"+1",
                                      "01",
                                      " 1",
                                      "",
                                      "-1",
                                      "-0",
                                      "x",
                                      "536870913",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "99999999999999999999"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "*2\r\n$1\r\na\r\n$%s\r\nxx", bad[i]);
        expect_limits(slice_of(text), SLICE("Protocol error: invalid bulk length"), &limits);
    }
}

static void something_else_for_a_bulk(void **state)
{
    (void)state;
    EXPECT("*1\r\n:5\r\n", "Protocol error: expected '$', got ':'");
    EXPECT("*2\r\n$1\r\na\r\nb\r\n", "Protocol error: expected '$', got 'b'");
    EXPECT("*1\r\n\r\n", "Protocol error: expected '$', got ' '");
    EXPECT("*1\r\n\nx\r\n", "Protocol error: expected '$', got ' '");
    EXPECT("*1\r\n\0x\r\n", "Protocol error: expected '$', got ' '");
    EXPECT("*1\r\n\xff\r\n", "Protocol error: expected '$', got '\xff'");
    EXPECT("*1\r\nx", "left 5"); /* the line is waited for first */
}

static void first_limits_of_a_stranger(void **state)
{
    static const struct resp_limits stranger = {512 << 20, 64 * 1024, 1 << 20, true};

    (void)state;
    expect_limits(SLICE("*11\r\n"), SLICE("Protocol error: unauthenticated multibulk length"), &stranger);
    expect_limits(SLICE("*10\r\n$16385\r\n"), SLICE("Protocol error: unauthenticated bulk length"),
                  &stranger);
    expect_limits(SLICE("*10\r\n$16384\r\n"), SLICE("left 13"), &stranger);
    expect_limits(SLICE("*1\r\n$4\r\nPING\r\n"), SLICE("<PING>\nleft 0"), &stranger);
}

/* `n` bytes 'x' (or '1' in a header) behind `start`, then `end`. */
static void expect_long_line(const char *start, size_t n, const char *end, struct slice want)
{
    static const struct resp_limits low = {512 << 20, 100, 1 << 20, false};
    struct buf b = {0};

    buf_add_str(&b, start);
    for (size_t i = 0; i < n; i++)
        buf_add_char(&b, 'x');
    buf_add_str(&b, end);
    expect_limits(buf_slice(&b), want, &low);
    buf_free(&b);
}

static void lines_have_a_limit(void **state)
{
    struct slice count = SLICE("Protocol error: too big mbulk count string");
    struct slice bulk = SLICE("Protocol error: too big bulk count string");
    struct slice line = SLICE("Protocol error: too big inline request");

    (void)state;
    expect_long_line("*", 99, "", SLICE("left 100"));
    expect_long_line("*", 99, "\r\n", SLICE("Protocol error: invalid multibulk length"));
    expect_long_line("*", 100, "", count);
    expect_long_line("*", 100, "\r\n", count);
    expect_long_line("*1\r\n$", 99, "", SLICE("left 104"));
    expect_long_line("*1\r\n$", 99, "\r\n", SLICE("Protocol error: invalid bulk length"));
    expect_long_line("*1\r\n$", 100, "\r\n", bulk);
    expect_long_line("", 100, "", SLICE("left 100"));
    expect_long_line("", 101, "", line);
    expect_long_line("", 101, "\r\n", line);
    expect_long_line("*0\r\n", 101, "\r\n", SLICE("\nProtocol error: too big inline request"));
}

static void an_announcement_costs_nothing(void **state)
{
    static const struct resp_limits wide = {UINT64_MAX, 64 * 1024, UINT64_MAX, false};
    struct slice s = SLICE("*1000000\r\n$1\r\na\r\n$9223372036854775807\r\nabc");
    struct run t;

    (void)state;
    run_open(&t);
    assert_int_equal(run_parse(&t, s.p, s.n, &wide), 0);
    assert_true(t.args.cap <= 16 && t.parser.cap <= 8);
    assert_true(resp_wants(&t.parser, s.n) > (size_t)INT64_MAX);
    run_close(&t);
}

static void wants_is_what_must_come(void **state)
{
    struct slice s = SLICE("*3\r\n$1\r\na\r\n$10\r\nabcdefghij\r\n$0\r\n\r\n");
    struct run t;

    (void)state;
    for (size_t cut = 1; cut < s.n; cut++) {
        run_open(&t);
        run_parse(&t, s.p, cut, &limits);
        assert_in_range(resp_wants(&t.parser, cut), 1, s.n - cut);
        if (cut >= 16)
            assert_int_equal(resp_wants(&t.parser, cut), s.n - cut);
        run_close(&t);
    }
}

/* Byte by byte 300,000 arguments are a second's work if each call looks at the new byte alone, and hours
 * if it starts over. */
static void single_bytes_are_looked_at_once(void **state)
{
    struct buf b = {0};
    struct resp_parser parser;
    struct args args = {0};
    const char *why;
    size_t used, n;

    (void)state;
    resp_init(&parser);
    buf_addf(&b, "*%d\r\n", 300000);
    for (int i = 0; i < 300000; i++)
        buf_addf(&b, "$2\r\n%02d\r\n", i % 100);
    for (n = 1; n < b.n; n++)
        assert_int_equal(resp_next(&parser, &limits, b.p, n, &args, &used, &why), RESP_MORE);
    assert_int_equal(resp_next(&parser, &limits, b.p, b.n, &args, &used, &why), RESP_REQUEST);
    assert_int_equal(args.n, 300000);
    assert_true(slice_eq(args.v[299999], SLICE("99")));
    args_free(&args);
    resp_free(&parser);
    buf_free(&b);
}

static void copies_outlive_the_bytes(void **state)
{
    char a[] = "abc", b[] = "d\0e";
    struct slice v[3] = {{a, 3}, {NULL, 0}, {b, 3}}, *copy;

    (void)state;
    copy = args_copy(v, 3);
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    assert_true(slice_eq(copy[0], SLICE("abc")));
    assert_int_equal(copy[1].n, 0);
    assert_true(slice_eq(copy[2], SLICE("d\0e")));
    mem_free(copy);
    mem_free(args_copy(NULL, 0));
}

/* The model: the writer of the bytes notes what it means by them. */
static void add_bulk(struct buf *bytes, struct buf *want, struct random *rnd)
{
    size_t n = random_below(rnd, 10) ? random_below(rnd, 12) : random_below(rnd, 3000);

    buf_addf(bytes, "$%zu\r\n", n);
    buf_add_char(want, '<');
    for (size_t i = 0; i < n; i++) {
        char c = "\r\n*$ab\0 '\"1"[random_below(rnd, 11)];

        buf_add_char(bytes, c);
        buf_add_char(want, c);
    }
    buf_add_str(bytes, "\r\n");
    buf_add_char(want, '>');
}

static void add_inline(struct buf *bytes, struct buf *want, struct random *rnd)
{
    static const char *const word[][2] = {{"a", "a"},         {"\"b \\x41\"", "b A"},
                                          {"''", ""},         {"x\\y", "x\\y"},
                                          {"'q\\'q'", "q'q"}, {"long-word", "long-word"}};
    static const char *const blank[] = {" ", "  ", "\t"};
    size_t n = random_below(rnd, 6), i;

    for (i = 0; i < n; i++) {
        const char *const *w = word[random_below(rnd, 6)];

        buf_addf(bytes, "%s%s", i ? blank[random_below(rnd, 3)] : "", w[0]);
        buf_addf(want, "<%s>", w[1]);
    }
    buf_add_str(bytes, random_below(rnd, 2) ? "\r\n" : "\n");
}

static void add_request(struct buf *bytes, struct buf *want, struct random *rnd)
{
    size_t n = random_below(rnd, 8) ? random_below(rnd, 7) : random_below(rnd, 200);

    if (random_below(rnd, 4) == 0) {
        add_inline(bytes, want, rnd);
    } else {
        buf_addf(bytes, "*%zu\r\n", n);
        for (size_t i = 0; i < n; i++)
            add_bulk(bytes, want, rnd);
    }
    buf_add_char(want, '\n');
}

static void pipeline_in_fragments(uint64_t seed)
{
    struct buf bytes = {0}, want = {0};
    struct random rnd;
    struct run t;
    size_t at = 0, n = 0, step;

    random_seed(&rnd, seed);
    for (size_t i = random_below(&rnd, 20); i-- > 0;)
        add_request(&bytes, &want, &rnd);
    buf_add_str(&want, "left 0");
    step = 1 + random_below(&rnd, random_below(&rnd, 2) ? 20 : 4000);
    run_open(&t);
    while (n < bytes.n) {
        n += 1 + random_below(&rnd, step);
        if (n > bytes.n)
            n = bytes.n;
        at += run_parse(&t, bytes.p + at, n - at, &limits);
    }
    run_end(&t, bytes.n - at);
    if (!slice_eq(buf_slice(&t.text), buf_slice(&want)))
        fail_msg("seed %llu", (unsigned long long)seed);
    run_close(&t);
    buf_free(&bytes);
    buf_free(&want);
}

static void random_pipelines(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++)
        pipeline_in_fragments(seed);
}

/* Bytes with a fault in them: cut anyhow, the outcome is that of the whole. */
static void faulty_pipeline(uint64_t seed)
{
    static const struct resp_limits low = {2000, 64, 150, false};
    struct buf bytes = {0}, none = {0};
    struct random rnd;
    struct run whole, t;
    size_t at = 0, n = 0;

    random_seed(&rnd, seed);
    for (int i = 0; i < 4; i++)
        add_request(&bytes, &none, &rnd);
    for (size_t i = 0; i < 3; i++)
        bytes.p[random_below(&rnd, bytes.n < 60 ? bytes.n : 60)] = "\r\n*$-19\"' x"[random_below(&rnd, 11)];
    run_whole(&whole, buf_slice(&bytes), &low);
    run_open(&t);
    while (n < bytes.n) {
        n += 1 + random_below(&rnd, 30);
        if (n > bytes.n)
            n = bytes.n;
        at += run_parse(&t, bytes.p + at, n - at, &low);
    }
    run_end(&t, bytes.n - at);
    if (!slice_eq(buf_slice(&t.text), buf_slice(&whole.text)))
        fail_msg("seed %llu", (unsigned long long)seed);
    run_close(&t);
    run_close(&whole);
    buf_free(&bytes);
    buf_free(&none);
}

static void random_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 800; seed++)
        faulty_pipeline(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(requests_of_nothing),
        cmocka_unit_test(second_byte_of_an_end_is_not_looked_at),
        cmocka_unit_test(inline_requests),
        cmocka_unit_test(inline_requests_with_quotes),
        cmocka_unit_test(bad_counts),
        cmocka_unit_test(count_is_never_over_int_max),
        cmocka_unit_test(bad_bulk_lengths),
        cmocka_unit_test(something_else_for_a_bulk),
        cmocka_unit_test(first_limits_of_a_stranger),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(an_announcement_costs_nothing),
        cmocka_unit_test(wants_is_what_must_come),
        cmocka_unit_test(single_bytes_are_looked_at_once),
        cmocka_unit_test(copies_outlive_the_bytes),
        cmocka_unit_test(random_pipelines),
        cmocka_unit_test(random_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
