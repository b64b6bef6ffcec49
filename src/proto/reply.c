/* proto/reply.c - replies of RESP2 and RESP3 into an outbox.
 *
 * Every function makes room once, writes, and counts the bytes; where replies are muted there is no
 * room and nothing is written.
 */
#include "proto/reply.h"
#include "base/mem.h"
#include "base/num.h"
#include <stdarg.h>
#include <stdio.h>

#define FORMAT_HERE 512 /* a formatted text up to this length needs no memory */

static inline size_t put_end(char *to, size_t n)
{
    memcpy(to + n, "\r\n", 2);
    return n + 2;
}

static inline size_t put_head(char *to, char type, uint64_t n)
{
    to[0] = type;
    if (n >= 100)
        return put_end(to, 1 + num_put_u64(to + 1, n));
    if (n < 10) {
        to[1] = (char)('0' + n);
        return put_end(to, 2);
    }
    to[1] = (char)('0' + n / 10);
    to[2] = (char)('0' + n % 10);
    return put_end(to, 3);
}

size_t reply_put_head(char *to, char type, uint64_t n)
{
    return put_head(to, type, n);
}

static inline char *room(const struct reply *r, size_t n) /* NULL: muted */
{
    return r->out->muted ? NULL : outbox_reserve(r->out, n);
}

static void raw(struct reply *r, const char *text, size_t n)
{
    if (!r->out->muted)
        outbox_add(r->out, text, n);
}

static void head(struct reply *r, char type, uint64_t n)
{
    char *to = room(r, REPLY_HEAD);

    if (to)
        outbox_added(r->out, put_head(to, type, n));
}

/* A line: the type, the text, its end. Where the text starts, or NULL. */
static char *line(struct reply *r, char type, const char *text, size_t n)
{
    char *to = room(r, n + 3);

    if (!to)
        return NULL;
    to[0] = type;
    if (n)
        memcpy(to + 1, text, n);
    outbox_added(r->out, put_end(to, n + 1));
    return to + 1;
}

void reply_status_slice(struct reply *r, struct slice text)
{
    line(r, '+', text.p, text.n);
}

void reply_ok(struct reply *r)
{
    raw(r, "+OK\r\n", 5);
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

static void clean_line(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_line_end(p[i]))
            p[i] = ' ';
}

/* The same for a text that may hold the end of a line itself. */
static void one_line(struct reply *r, char type, struct slice text)
{
    char *to = line(r, type, text.p, text.n);

    if (to)
        clean_line(to, text.n);
}

void reply_status_text(struct reply *r, struct slice text)
{
    one_line(r, '+', text);
}

void reply_error_slice(struct reply *r, struct slice text)
{
    while (text.n && is_line_end(text.p[text.n - 1]))
        text.n--;
    one_line(r, '-', text);
}

void reply_error(struct reply *r, const char *text)
{
    reply_error_slice(r, slice_of(text));
}

/* The text goes to `here` or, if it is long, to memory of its own: the caller frees what is not `here`. */
static struct slice format(char here[FORMAT_HERE], const char *fmt, va_list ap)
{
    va_list again;
    char *p = here;
    int n;

    va_copy(again, ap);
    n = vsnprintf(here, FORMAT_HERE, fmt, ap);
    must(n >= 0);
    if (n >= FORMAT_HERE) {
        p = mem_alloc((size_t)n + 1);
        vsnprintf(p, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return (struct slice){p, (size_t)n};
}

static void format_free(const char *here, struct slice text)
{
    if (text.p != here)
        mem_free((char *)text.p);
}

void reply_errorf(struct reply *r, const char *fmt, ...)
{
    char here[FORMAT_HERE];
    struct slice text, s;
    va_list ap;

    va_start(ap, fmt);
    s = text = format(here, fmt, ap);
    va_end(ap);
    for (; s.n && is_line_end(*s.p); s.n--)
        s.p++;
    reply_error_slice(r, s);
    format_free(here, text);
}

void reply_int(struct reply *r, int64_t v)
{
    char *to;

    if (v >= 0) {
        head(r, ':', (uint64_t)v);
    } else if ((to = room(r, REPLY_HEAD))) {
        to[0] = ':';
        outbox_added(r->out, put_end(to, 1 + num_put_i64(to + 1, v)));
    }
}

void reply_bulk(struct reply *r, struct slice s)
{
    char *to = room(r, REPLY_HEAD + s.n + 2);
    size_t n;

    if (!to)
        return;
    n = put_head(to, '$', s.n);
    if (s.n)
        memcpy(to + n, s.p, s.n);
    outbox_added(r->out, put_end(to, n + s.n));
}

void reply_bulk_str(struct reply *r, const char *s)
{
    reply_bulk(r, slice_of(s));
}

void reply_bulk_u64(struct reply *r, uint64_t v)
{
    char digits[NUM_MAX];

    reply_bulk(r, (struct slice){digits, num_put_u64(digits, v)});
}

void reply_bulk_i64(struct reply *r, int64_t v)
{
    char digits[NUM_MAX];

    reply_bulk(r, (struct slice){digits, num_put_i64(digits, v)});
}

void reply_bulkf(struct reply *r, const char *fmt, ...)
{
    char here[FORMAT_HERE];
    struct slice text;
    va_list ap;

    va_start(ap, fmt);
    text = format(here, fmt, ap);
    va_end(ap);
    reply_bulk(r, text);
    format_free(here, text);
}

void reply_verbatim(struct reply *r, const char *ext3, struct slice s)
{
    if (r->proto < 3) {
        reply_bulk(r, s);
        return;
    }
    head(r, '=', s.n + 4);
    raw(r, ext3, 3);
    raw(r, ":", 1);
    raw(r, s.p, s.n);
    raw(r, "\r\n", 2);
}

void reply_double(struct reply *r, double v)
{
    char digits[64];
    size_t n = num_put_double(digits, sizeof digits, v);

    if (r->proto < 3)
        reply_bulk(r, (struct slice){digits, n});
    else
        line(r, ',', digits, n);
}

void reply_big_number(struct reply *r, struct slice text)
{
    char *to;

    if (r->proto == 3) {
        one_line(r, '(', text);
        return;
    }
    reply_bulk(r, text);
    if (r->out->muted)
        return;
    to = r->out->b.p + r->out->b.n - text.n - 2;
    clean_line(to, text.n);
}

void reply_double_text(struct reply *r, struct slice text)
{
    if (r->proto < 3)
        reply_bulk(r, text);
    else
        line(r, ',', text.p, text.n);
}

void reply_bool(struct reply *r, bool v)
{
    if (r->proto < 3)
        raw(r, v ? ":1\r\n" : ":0\r\n", 4);
    else
        raw(r, v ? "#t\r\n" : "#f\r\n", 4);
}

void reply_null(struct reply *r)
{
    if (r->proto < 3)
        raw(r, "$-1\r\n", 5);
    else
        raw(r, "_\r\n", 3);
}

void reply_null_array(struct reply *r)
{
    if (r->proto < 3)
        raw(r, "*-1\r\n", 5);
    else
        raw(r, "_\r\n", 3);
}

void reply_array(struct reply *r, size_t n)
{
    head(r, '*', n);
}

void reply_map(struct reply *r, size_t pairs)
{
    if (r->proto < 3)
        head(r, '*', pairs * 2);
    else
        head(r, '%', pairs);
}

void reply_set(struct reply *r, size_t n)
{
    head(r, r->proto < 3 ? '*' : '~', n);
}

void reply_push(struct reply *r, size_t n)
{
    head(r, r->proto < 3 ? '*' : '>', n);
}

uint64_t reply_later(struct reply *r, size_t about)
{
    uint64_t place = outbox_pos(r->out);

    head(r, '*', about);
    return place;
}

/* Another number of digits moves what is behind the head's first byte, so a mark behind it moves along. */
static void fill(struct reply *r, uint64_t place, char type, uint64_t n)
{
    char text[REPLY_HEAD];
    struct outbox *o = r->out;
    size_t len, had = 2; /* "*0" and up to the end of the line */
    const char *old;

    if (o->muted)
        return;
    must(place >= o->taken && place + 4 <= outbox_pos(o));
    old = o->b.p + o->sent + (place - o->taken);
    while (old[had] != '\r')
        had++;
    had += 2;
    len = put_head(text, type, n);
    if (len > had)
        outbox_insert(o, place + 1, len - had);
    else if (len < had)
        outbox_cut(o, place + 1, had - len);
    put_head(o->b.p + o->sent + (place - o->taken), type, n);
}

void reply_fill_array(struct reply *r, uint64_t place, size_t n)
{
    fill(r, place, '*', n);
}

void reply_fill_map(struct reply *r, uint64_t place, size_t pairs)
{
    if (r->proto < 3)
        fill(r, place, '*', pairs * 2);
    else
        fill(r, place, '%', pairs);
}

void reply_fill_set(struct reply *r, uint64_t place, size_t n)
{
    fill(r, place, r->proto < 3 ? '*' : '~', n);
}

void reply_insert_u64(struct reply *r, uint64_t place, uint64_t v)
{
    char digits[NUM_MAX + 1], text[64];
    size_t n = num_put_u64(digits, v);

    if (r->out->muted)
        return;
    digits[n] = '\0';
    n = (size_t)snprintf(text, sizeof text, "$%zu\r\n%s\r\n", n, digits);
    memcpy(outbox_insert(r->out, place, n), text, n);
}

void reply_fill_null_array(struct reply *r, uint64_t place)
{
    if (r->out->muted)
        return;
    outbox_rewind(r->out, place);
    reply_null_array(r);
}
