/* tests/fuzz/fuzz_resp.c - any bytes into the parser of requests, whole and in fragments: the same
 * requests and the same error come out, slices stay inside the bytes, inline lines are split as settings
 * are, and it ends. The first two bytes choose limits and fragments.
 *
 * Needs clang. Stands alone, without the Makefile's objects:
 *   clang -g -O1 -std=c11 -D_GNU_SOURCE -DMEM_LIBC -Iinclude -pthread \
 *       -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *       tests/fuzz/fuzz_resp.c src/proto/resp.c src/base/[a-z]*.c -lm -o fuzz_resp
 *   ./fuzz_resp -max_total_time=60
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/settings.h"
#include "proto/resp.h"
#include <stdlib.h>

static const struct resp_limits limits[] = {
    {512 << 20, 64 * 1024, 1 << 20, false},
    {100, 32, 20, false},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, false},
    {512 << 20, 64 * 1024, 1 << 20, true},
};

struct run {
    const struct resp_limits *limits;
    struct resp_parser parser;
    struct args args;
    struct buf text; /* what came out: counts, lengths and bytes; two runs are alike if these are */
    bool failed;
};

/* A line without quotes is split in place: into what settings_split() would make of it. */
static void compare_split(const struct args *args, struct slice line)
{
    struct slice *words;
    size_t n;

    line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    must(settings_split(line, &words, &n) == 0 && n == args->n);
    for (size_t i = 0; i < n; i++)
        must(slice_eq(words[i], args->v[i]));
    mem_free(words);
}

static void note_request(struct run *t, const char *p, size_t n)
{
    if (*p != '*')
        compare_split(&t->args, (struct slice){p, n});
    buf_addf(&t->text, "*%zu ", t->args.n);
    for (size_t i = 0; i < t->args.n; i++) {
        struct slice s = t->args.v[i];

        must(t->parser.words || (s.p >= p && s.p <= p + n && s.n <= (size_t)(p + n - s.p)));
        buf_addf(&t->text, "$%zu ", s.n);
        buf_add_slice(&t->text, s);
    }
}

/* Bytes used of a copy of n bytes, which has moved since the last call and ends where it ends. */
static size_t parse(struct run *t, const char *bytes, size_t n)
{
    char *p = malloc(n ? n : 1);
    enum resp_result res = RESP_REQUEST;
    size_t at = 0, used;
    const char *why;

    must(p);
    memcpy(p, bytes, n);
    while (!t->failed && res == RESP_REQUEST) {
        res = resp_next(&t->parser, t->limits, p + at, n - at, &t->args, &used, &why);
        if (res == RESP_REQUEST) {
            must(used > 0 && used <= n - at && !resp_unfinished(&t->parser));
            note_request(t, p + at, used);
            at += used;
        } else if (res == RESP_ERROR) {
            t->failed = true;
            buf_add_str(&t->text, why);
        } else {
            must(resp_unfinished(&t->parser) == (at < n) && resp_wants(&t->parser, n - at) > 0);
        }
    }
    free(p);
    return at;
}

static void run_open(struct run *t, const struct resp_limits *lim)
{
    *t = (struct run){.limits = lim};
    resp_init(&t->parser);
}

static void run_close(struct run *t)
{
    resp_free(&t->parser);
    args_free(&t->args);
    buf_free(&t->text);
}

/* Fragments of 1 to `most` bytes, from a seed. */
static size_t parse_fragments(struct run *t, const char *bytes, size_t n, unsigned seed)
{
    unsigned most = seed % 37 + 1;
    size_t at = 0, have = 0;

    while (have < n) {
        seed = seed * 1103515245 + 12345;
        have += 1 + (seed >> 16) % most;
        if (have > n)
            have = n;
        at += parse(t, bytes + at, have - at);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct run whole, cut;
    const char *bytes = (const char *)data + 2;
    size_t used;

    if (n < 2)
        return 0;
    run_open(&whole, &limits[data[0] % 4]);
    run_open(&cut, &limits[data[0] % 4]);
    used = parse(&whole, bytes, n - 2);
    must(parse_fragments(&cut, bytes, n - 2, data[1]) == used);
    must(whole.failed == cut.failed && slice_eq(buf_slice(&whole.text), buf_slice(&cut.text)));
    run_close(&whole);
    run_close(&cut);
    return 0;
}
