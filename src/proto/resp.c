/* proto/resp.c - requests, parsed in place.
 *
 * Two ways through the same grammar. quick() takes a request that is here to its last byte, which is
 * nearly every one, and keeps its place in registers. Whatever stops it (the bytes end, an error, a
 * header in no usual form) is left to slow(), which keeps its place in the parser and can be left and
 * entered between any two bytes. As bytes may move between calls, the parser holds offsets from the
 * request's start and no pointers.
 */
#include "proto/resp.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/settings.h"
#include <limits.h>
#include <stdio.h>

#define ELEMENT_MIN      6 /* bytes of the shortest element: $0\r\n\r\n */
#define HEADER_DIGITS    9 /* of a number that quick_line() reads; no overflow to think of */
#define UNAUTH_ARGS_MAX  10
#define UNAUTH_BULK_MAX  16384
#define WORDS_PER_GROWTH 16

void args_free(struct args *a)
{
    mem_free(a->v);
    *a = (struct args){0};
}

static void args_grow(struct args *a, size_t n)
{
    size_t cap = a->cap * 2 > WORDS_PER_GROWTH ? a->cap * 2 : WORDS_PER_GROWTH;

    a->cap = cap > n ? cap : n;
    a->v = mem_realloc(a->v, a->cap * sizeof *a->v);
}

static inline void args_room(struct args *a, size_t n)
{
    if (a->cap < n)
        args_grow(a, n);
}

struct slice *args_copy(const struct slice *v, size_t n)
{
    size_t bytes = n * sizeof *v;
    struct slice *copy;
    char *to;

    for (size_t i = 0; i < n; i++)
        bytes += v[i].n;
    copy = mem_alloc(bytes);
    to = (char *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (struct slice){to, v[i].n};
        if (v[i].n)
            memcpy(to, v[i].p, v[i].n);
        to += v[i].n;
    }
    return copy;
}

void resp_init(struct resp_parser *r)
{
    *r = (struct resp_parser){.bulk = -1};
}

void resp_free(struct resp_parser *r)
{
    mem_free(r->at);
    mem_free(r->words);
    resp_init(r);
}

bool resp_unfinished(const struct resp_parser *r)
{
    return r->pos || r->scanned;
}

size_t resp_wants(const struct resp_parser *r, size_t have)
{
    size_t whole = r->pos;

    if (r->bulk >= 0)
        whole += (size_t)r->bulk + 2 + (r->left - 1) * ELEMENT_MIN;
    else
        whole += r->left * ELEMENT_MIN;
    return whole > have ? whole - have : 1;
}

/* A request is complete: `used` bytes. A connection between requests holds no memory here. */
static enum resp_result finish(struct resp_parser *r, size_t *used, size_t n)
{
    if (r->at) {
        mem_free(r->at);
        r->at = NULL;
        r->n = r->cap = 0;
    }
    r->left = 0;
    r->bulk = -1;
    r->pos = r->scanned = 0;
    *used = n;
    return RESP_REQUEST;
}

static enum resp_result fail(const char **why, const char *text)
{
    *why = text;
    return RESP_ERROR;
}

/* A header line: its length and the number in it. */
struct quick_line {
    size_t n; /* 0 says nothing about the line */
    uint64_t number;
};

/* As quick_line(), for a number of three digits and more, whose first two make v. */
static struct quick_line quick_long_line(const char *p, size_t n, unsigned v)
{
    size_t i = 3, stop = n - 2 < HEADER_DIGITS + 1 ? n - 2 : HEADER_DIGITS + 1;
    unsigned digit;

    while (i < stop && (digit = (unsigned char)p[i] - (unsigned)'0') <= 9) {
        v = v * 10 + digit;
        i++;
    }
    return (struct quick_line){p[i] == '\r' ? i + 2 : 0, v};
}

/* The number of a whole header line at p, whose first byte is the caller's business, if it has the usual
 * form: digits without a leading zero, and as many bytes as an element has. */
static inline struct quick_line quick_line(const char *p, size_t n)
{
    unsigned v, digit;

    if (n < ELEMENT_MIN || (v = (unsigned char)p[1] - (unsigned)'0') > 9)
        return (struct quick_line){0};
    if (p[2] == '\r')
        return (struct quick_line){4, v};
    digit = (unsigned char)p[2] - (unsigned)'0';
    if (v == 0 || digit > 9)
        return (struct quick_line){0};
    v = v * 10 + digit;
    return p[3] == '\r' ? (struct quick_line){5, v} : quick_long_line(p, n, v);
}

/* Looks for the end of the line at p, of which r->scanned bytes have been looked at. RESP_REQUEST: it is
 * at p[*len]. RESP_ERROR: there is none within the limit, however much more is here, so that it does not
 * matter how the bytes were cut. */
static enum resp_result find_end(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                                 size_t n, char end, size_t *len)
{
    size_t window = n <= limits->inline_max ? n : limits->inline_max + 1;
    const char *at;

    at = r->scanned < window ? memchr(p + r->scanned, end, window - r->scanned) : NULL;
    if (at) {
        *len = (size_t)(at - p);
        return RESP_REQUEST;
    }
    r->scanned = window;
    return n > limits->inline_max ? RESP_ERROR : RESP_MORE;
}

/* The header line at p: its length with the two bytes of its end, of which, as in Redis, only the first
 * is looked at. *ok: it holds a number. */
static enum resp_result header(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                               size_t n, size_t *len, bool *ok, int64_t *number)
{
    enum resp_result res = find_end(r, limits, p, n, '\r', len);

    if (res != RESP_REQUEST)
        return res;
    if (n - *len < 2) {
        r->scanned = *len;
        return RESP_MORE;
    }
    r->scanned = 0;
    *ok = num_i64((struct slice){p + 1, *len ? *len - 1 : 0}, number);
    *len += 2;
    return RESP_REQUEST;
}

static enum resp_result not_a_bulk(struct resp_parser *r, char got, const char **why)
{
    if (got == '\0' || got == '\r' || got == '\n')
        got = ' ';
    snprintf(r->why, sizeof r->why, "Protocol error: expected '$', got '%c'", got);
    return fail(why, r->why);
}

/* The header of the next element, of which no byte was understood before. */
static enum resp_result bulk_header(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                                    size_t n, const char **why)
{
    size_t len;
    bool ok;
    enum resp_result res;
    int64_t number;

    res = header(r, limits, p + r->pos, n - r->pos, &len, &ok, &number);
    if (res == RESP_ERROR)
        return fail(why, "Protocol error: too big bulk count string");
    if (res == RESP_MORE)
        return res;
    if (p[r->pos] != '$')
        return not_a_bulk(r, p[r->pos], why);
    if (!ok || number < 0 || (uint64_t)number > limits->bulk_max)
        return fail(why, "Protocol error: invalid bulk length");
    if (limits->unauth && number > UNAUTH_BULK_MAX)
        return fail(why, "Protocol error: unauthenticated bulk length");
    r->pos += len;
    r->bulk = number;
    return RESP_REQUEST;
}

static void remember(struct resp_parser *r, size_t pos, size_t n)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 8;
        r->at = mem_realloc(r->at, r->cap * 2 * sizeof *r->at);
    }
    r->at[2 * r->n] = pos;
    r->at[2 * r->n + 1] = n;
    r->n++;
}

static void hand_out(const struct resp_parser *r, const char *p, struct args *args)
{
    args_room(args, r->n);
    for (size_t i = 0; i < r->n; i++)
        args->v[i] = (struct slice){p + r->at[2 * i], r->at[2 * i + 1]};
    args->n = r->n;
}

/* The elements of a request from r->pos on. */
static enum resp_result slow(struct resp_parser *r, const struct resp_limits *limits, const char *p, size_t n,
                             struct args *args, size_t *used, const char **why)
{
    enum resp_result res;

    must(n >= r->pos);
    while (r->left) {
        if (r->bulk < 0 && (res = bulk_header(r, limits, p, n, why)) != RESP_REQUEST)
            return res;
        if (n - r->pos < (uint64_t)r->bulk + 2)
            return RESP_MORE;
        remember(r, r->pos, (size_t)r->bulk);
        r->pos += (size_t)r->bulk + 2;
        r->bulk = -1;
        r->left--;
    }
    hand_out(r, p, args);
    return finish(r, used, r->pos);
}

/* `count` elements from `pos` on. */
static inline enum resp_result quick(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                                     size_t n, size_t pos, uint64_t count, struct args *args, size_t *used,
                                     const char **why)
{
    uint64_t max = limits->unauth && limits->bulk_max > UNAUTH_BULK_MAX ? UNAUTH_BULK_MAX : limits->bulk_max;
    uint64_t i;

    if (args->cap < count) /* no more than can be here, whatever was announced */
        args_room(args, count < n / ELEMENT_MIN ? (size_t)count : n / ELEMENT_MIN);
    for (i = 0; i < count; i++) {
        struct quick_line line = quick_line(p + pos, n - pos);
        size_t start = pos + line.n;

        if (!line.n || p[pos] != '$' || line.number > max || n - start < line.number + 2)
            break;
        args->v[i] = (struct slice){p + start, (size_t)line.number};
        pos = start + (size_t)line.number + 2;
    }
    if (i == count) {
        args->n = i;
        *used = pos;
        return RESP_REQUEST;
    }
    for (uint64_t done = 0; done < i; done++)
        remember(r, (size_t)(args->v[done].p - p), args->v[done].n);
    r->left = count - i;
    r->pos = pos;
    return slow(r, limits, p, n, args, used, why);
}

/* A request from its '*' on. */
static enum resp_result multibulk(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                                  size_t n, struct args *args, size_t *used, const char **why)
{
    uint64_t max = limits->args_max < INT_MAX ? limits->args_max : INT_MAX;
    struct quick_line line = quick_line(p, n);
    uint64_t count = line.number;
    size_t len = line.n;
    int64_t number;
    bool ok;
    enum resp_result res;

    if (!len) {
        res = header(r, limits, p, n, &len, &ok, &number);
        if (res == RESP_ERROR)
            return fail(why, "Protocol error: too big mbulk count string");
        if (res == RESP_MORE)
            return res;
        if (!ok)
            return fail(why, "Protocol error: invalid multibulk length");
        count = number > 0 ? (uint64_t)number : 0;
    }
    if (count > max)
        return fail(why, "Protocol error: invalid multibulk length");
    if (limits->unauth && count > UNAUTH_ARGS_MAX)
        return fail(why, "Protocol error: unauthenticated multibulk length");
    r->scanned = 0;
    return quick(r, limits, p, n, len, count, args, used, why);
}

/* Leading blanks are more than those that end a word: Redis has it so. */
static inline bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void split_plain(const char *p, size_t n, struct args *args)
{
    const char *end = p + n, *word;

    args->n = 0;
    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        if (p == end)
            return;
        for (word = p; p < end && !ends_word(*p); p++)
            ;
        args_room(args, args->n + 1);
        args->v[args->n++] = (struct slice){word, (size_t)(p - word)};
    }
}

static enum resp_result split_quoted(struct resp_parser *r, struct slice line, struct args *args,
                                     const char **why)
{
    size_t n;

    if (settings_split(line, &r->words, &n) < 0) {
        r->words = NULL;
        return fail(why, "Protocol error: unbalanced quotes in request");
    }
    args_room(args, n);
    if (n)
        memcpy(args->v, r->words, n * sizeof *args->v);
    args->n = n;
    return RESP_REQUEST;
}

static enum resp_result inline_request(struct resp_parser *r, const struct resp_limits *limits, const char *p,
                                       size_t n, struct args *args, size_t *used, const char **why)
{
    size_t len, whole;
    enum resp_result res = find_end(r, limits, p, n, '\n', &len);

    if (res == RESP_ERROR)
        return fail(why, "Protocol error: too big inline request");
    if (res == RESP_MORE)
        return res;
    whole = len + 1;
    if (len && p[len - 1] == '\r')
        len--;
    if (!memchr(p, '"', len) && !memchr(p, '\'', len))
        split_plain(p, len, args);
    else if (split_quoted(r, (struct slice){p, len}, args, why) == RESP_ERROR)
        return RESP_ERROR;
    return finish(r, used, whole);
}

enum resp_result resp_next(struct resp_parser *r, const struct resp_limits *limits, const char *p, size_t n,
                           struct args *args, size_t *used, const char **why)
{
    if (r->words) {
        mem_free(r->words);
        r->words = NULL;
    }
    if (!n)
        return RESP_MORE;
    if (r->left)
        return slow(r, limits, p, n, args, used, why);
    if (*p == '*')
        return multibulk(r, limits, p, n, args, used, why);
    return inline_request(r, limits, p, n, args, used, why);
}
