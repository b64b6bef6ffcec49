/* stream_read.c - walks over a stream's messages, and messages as replies. */
#include "stream_impl.h"

#include <endian.h>

/* ---- forward */

static struct stream_pos log_end(const struct stream *s)
{
    const struct span *last;

    if (s->dir_n == 0)
        return (struct stream_pos){.block = s->next_number};
    last = dir_span(s, s->dir_n - 1);
    return (struct stream_pos){last->number, last->b->used, last->b->n, last->b->last};
}

void stream_seek(const struct stream *s, struct stream_id from, struct stream_pos *pos)
{
    const struct span *span;
    size_t i;

    if (s->length == 0 || stream_id_cmp(from, s->first_id) <= 0) {
        *pos = s->front;
        return;
    }
    if (!dir_by_id(s, from, &i))
        i = 0;
    span = dir_span(s, i);
    if (span->b && stream_id_cmp(from, span->b->last) <= 0)
        block_seek(span->b, span->number, from, pos);
    else if (i + 1 < s->dir_n)
        *pos = (struct stream_pos){.block = span->number + 1};
    else
        *pos = log_end(s);
}

bool stream_next(const struct stream *s, struct stream_pos *pos, struct entry *out)
{
    const struct block *b = log_at(s, pos);
    struct raw r;

    while ((b = log_step(s, b, pos, &r)))
        if (!block_gone(b, pos->nth - 1)) {
            entry_open(b, &r, out);
            return true;
        }
    return false;
}

bool stream_find(const struct stream *s, struct stream_id id, struct entry *out)
{
    struct stream_pos pos;
    struct raw r;
    const struct block *b = log_find(s, id, &pos, &r);

    if (b)
        entry_open(b, &r, out);
    return b;
}

bool stream_has(const struct stream *s, struct stream_id id)
{
    struct stream_pos pos;
    struct raw r;

    return log_find(s, id, &pos, &r);
}

/* ---- backward: the entries between two index points are decoded forward, then handed out from the end */

void stream_seek_back(const struct stream *s, struct stream_id to, struct stream_back *back)
{
    back->to = to;
    back->n = 0;
    back->done = s->length == 0 || stream_id_cmp(to, s->first_id) < 0;
}

/* The entries from the place on that lie at or below back->to, up to the next point. */
static void run_read(const struct block *b, struct stream_pos pos, struct stream_back *back)
{
    struct raw r;

    back->block = pos.block;
    back->nth = pos.nth;
    back->n = 0;
    while (back->n < STREAM_RUN && pos.at < b->used) {
        back->at[back->n] = pos.at;
        back->before[back->n] = pos.before;
        block_step(b, &pos, &r);
        if (stream_id_cmp(r.id, back->to) > 0)
            return;
        back->n++;
    }
}

/* Reads the run that ends at back->to; false if nothing is left. */
static bool run_find(const struct stream *s, struct stream_back *back)
{
    size_t i;

    while (back->n == 0) {
        const struct block *b;
        struct stream_pos pos;

        if (!dir_by_id(s, back->to, &i))
            return false;
        while (i > 0 && !dir_span(s, i)->b)
            i--;
        b = dir_span(s, i)->b;
        pos = block_from_point(b, dir_span(s, i)->number, block_points_below(b, back->to));
        run_read(b, pos, back);
        if (back->n == 0) /* what is sought is the entry just before the point */
            back->to = pos.before;
    }
    return true;
}

static const struct block *block_numbered(const struct stream *s, uint64_t number)
{
    size_t i = dir_by_number(s, number);

    return i < s->dir_n && dir_span(s, i)->number == number ? dir_span(s, i)->b : NULL;
}

bool stream_prev(const struct stream *s, struct stream_back *back, struct entry *out)
{
    while (!back->done && run_find(s, back)) {
        const struct block *b = block_numbered(s, back->block);
        struct raw r;

        if (!b) { /* freed since */
            back->n = 0;
            continue;
        }
        back->n--;
        raw_read(b->data + back->at[back->n], back->before[back->n], &r);
        if (stream_id_cmp(r.id, s->first_id) < 0)
            break;
        back->to = r.id;
        back->done = !stream_id_prev(&back->to);
        if (!block_gone(b, back->nth + back->n)) {
            entry_open(b, &r, out);
            return true;
        }
    }
    back->done = true;
    return false;
}

/* ---- fields */

static inline const uint8_t *slice_get(const uint8_t *p, struct slice *s)
{
    uint64_t len;

    p = number_get(p, &len);
    *s = (struct slice){(const char *)p, len};
    return p + len;
}

static uint64_t run_bytes(const uint8_t *p, uint32_t n)
{
    uint64_t bytes = 0, len;

    for (; n; n--) {
        p = number_get(p, &len) + len;
        bytes += len;
    }
    return bytes;
}

uint64_t entry_bytes(const struct entry *e)
{
    return run_bytes(e->names, e->fields) + run_bytes(e->values, e->fields);
}

bool entry_field(const struct entry *e, struct entry_walk *w, struct slice *name, struct slice *value)
{
    if (w->nth == e->fields)
        return false;
    if (w->nth++ == 0) {
        w->name = e->names;
        w->value = e->values;
    }
    w->name = slice_get(w->name, name);
    w->value = slice_get(w->value, value);
    return true;
}

/* ---- replies: room for all of it once, then plain writing */

#define BULK_MAX(n) ((n) + REPLY_HEAD + 2) /* of a bulk string of n bytes */

/* Lengths below 100 with their ends of line, four bytes each. */
#define TEN(d)                                                                                               \
    d "0\r\n" d "1\r\n" d "2\r\n" d "3\r\n" d "4\r\n" d "5\r\n" d "6\r\n" d "7\r\n" d "8\r\n" d "9\r\n"
static const char two_digits[] =
    TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

static inline char *put_end(char *to)
{
    memcpy(to, "\r\n", 2);
    return to + 2;
}

/* A length below 100 and the end of its line, or the last two digits of a longer one. Writes four bytes,
 * though it may return three. */
static inline char *put_two_digits(char *to, size_t n, bool zero)
{
    size_t skip = n < 10 && !zero;

    memcpy(to, two_digits + n * 4 + skip, 4);
    return to + 4 - skip;
}

static inline char *put_head(char *to, char type, uint64_t n)
{
    if (n >= 1000)
        return to + reply_put_head(to, type, n);
    *to++ = type;
    if (n >= 100) {
        *to++ = (char)('0' + (unsigned)n / 100);
        return put_two_digits(to, (unsigned)n % 100, true);
    }
    return put_two_digits(to, n, false);
}

/* Short texts, as most names are, go without a call: the eight bytes that end them, shifted if the text is
 * shorter, and the first eight if it is longer. What is read before p is the block's; what is written
 * behind the text is room for its end and the next head. */
static inline char *put_text(char *to, const char *p, size_t n)
{
    uint64_t head, tail;

    if (n == 0 || n > 16) {
        memcpy(to, p, n);
        return to + n;
    }
    memcpy(&tail, p + n - 8, 8);
    if (n < 8) {
        tail = htole64(le64toh(tail) >> (64 - 8 * n));
        memcpy(to, &tail, 8);
    } else {
        memcpy(&head, p, 8);
        memcpy(to, &head, 8);
        memcpy(to + n - 8, &tail, 8);
    }
    return to + n;
}

static inline char *put_bulk(char *to, const uint8_t **p)
{
    struct slice s;

    *p = slice_get(*p, &s);
    to = put_head(to, '$', s.n);
    return put_end(put_text(to, s.p, s.n));
}

static inline char *put_id(char *to, struct stream_id id)
{
    size_t n = stream_id_put(to + 5, id); /* behind "$nn\r\n" */

    *to = '$';
    to = put_two_digits(to + 1, n, false);
    if (n < 10)
        memmove(to, to + 1, n);
    return put_end(to + n);
}

static size_t fields_max(const struct entry *e)
{
    return REPLY_HEAD + e->names_size + e->values_size + e->fields * 2 * BULK_MAX((size_t)0);
}

__attribute__((always_inline)) static inline char *put_fields(char *to, const struct entry *e)
{
    const uint8_t *name = e->names, *value = e->values;

    to = put_head(to, '*', (uint64_t)e->fields * 2);
    for (uint32_t i = 0; i < e->fields; i++) {
        to = put_bulk(to, &name);
        to = put_bulk(to, &value);
    }
    return to;
}

void entry_reply(const struct entry *e, struct reply *r)
{
    char *start, *end;

    if (r->out->muted)
        return;
    start = outbox_reserve(r->out, REPLY_HEAD + BULK_MAX(STREAM_ID_TEXT) + fields_max(e));
    memcpy(start, "*2\r\n", 4);
    end = put_fields(put_id(start + 4, e->id), e);
    outbox_added(r->out, (size_t)(end - start));
}

void entry_reply_fields(const struct entry *e, struct reply *r)
{
    char *start;

    if (r->out->muted)
        return;
    start = outbox_reserve(r->out, fields_max(e));
    outbox_added(r->out, (size_t)(put_fields(start, e) - start));
}

void reply_stream_id(struct reply *r, struct stream_id id)
{
    char *start;

    if (r->out->muted)
        return;
    start = outbox_reserve(r->out, BULK_MAX(STREAM_ID_TEXT));
    outbox_added(r->out, (size_t)(put_id(start, id) - start));
}
