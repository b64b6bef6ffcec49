/* store/packed.c - see store/packed.h. */
#include "base/mem.h"
#include "store/packed_edit.h"

#define STRING_MAX 0xbf
#define NUMBER     0xc0
#define DOUBLE     0xc9
#define LONG       0xca
#define HEAD_MAX   5 /* of a long string: the byte and its length */

/* Bytes of the head and of what follows it. */
static uint32_t head_size(const unsigned char *p)
{
    return *p == LONG ? HEAD_MAX : 1;
}

static uint32_t body_size(const unsigned char *p)
{
    uint32_t n;

    if (*p <= STRING_MAX)
        return *p;
    if (*p == DOUBLE)
        return sizeof(double);
    if (*p != LONG)
        return *p - NUMBER;
    memcpy(&n, p + 1, sizeof n);
    return n;
}

uint32_t packed_next(const struct packed *s, uint32_t at)
{
    return at + head_size(s->p + at) + body_size(s->p + at);
}

static int64_t get_number(const unsigned char *p, uint32_t n)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return (int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n); /* the sign of the highest byte */
}

bool packed_read(const struct packed *s, uint32_t at, struct packed_item *item)
{
    const unsigned char *head = s->p + at, *body;
    uint32_t n;

    if (at >= s->used)
        return false;
    body = head + head_size(head);
    n = body_size(head);
    item->at = at;
    item->next = (uint32_t)(body + n - s->p);
    if (*head <= STRING_MAX || *head == LONG) {
        item->text = (struct slice){(const char *)body, n};
    } else if (*head == DOUBLE) {
        memcpy(&item->number, body, sizeof item->number);
        item->text = (struct slice){item->digits, 0};
    } else {
        int64_t v = get_number(body, n);

        item->number = (double)v;
        item->text = (struct slice){item->digits, num_put_i64(item->digits, v)};
    }
    return true;
}

uint32_t packed_seek(const struct packed *s, uint32_t nth)
{
    uint32_t at = 0;

    while (nth-- && at < s->used)
        at = packed_next(s, at);
    return at;
}

/* --- writing --- */

struct encoded {
    unsigned char head[HEAD_MAX + sizeof(int64_t)];
    uint32_t head_n;
    struct slice body; /* empty for a number: it is in the head */
};

static uint32_t put_number(unsigned char *to, int64_t v)
{
    uint32_t n = 1;

    while (n < 8 && (v < -(1LL << (8 * n - 1)) || v >= 1LL << (8 * n - 1)))
        n++;
    *to = (unsigned char)(NUMBER + n);
    for (uint32_t i = 0; i < n; i++)
        to[1 + i] = (unsigned char)((uint64_t)v >> 8 * i);
    return n + 1;
}

static void encode(struct encoded *e, struct slice text)
{
    uint32_t n = (uint32_t)text.n;
    int64_t v;

    e->body = (struct slice){"", 0};
    if (text.n < NUM_MAX && num_i64(text, &v)) {
        e->head_n = put_number(e->head, v);
        return;
    }
    e->body = text;
    if (text.n <= STRING_MAX) {
        e->head[0] = (unsigned char)text.n;
        e->head_n = 1;
        return;
    }
    e->head[0] = LONG;
    memcpy(e->head + 1, &n, sizeof n);
    e->head_n = HEAD_MAX;
}

bool packed_fits(const struct packed *s, size_t items, size_t bytes)
{
    size_t most = bytes + items * sizeof((struct encoded){0}.head);

    return s->used + most <= PACKED_MAX;
}

struct packed *packed_new(void)
{
    struct packed *s = mem_alloc(sizeof *s);

    *s = (struct packed){0};
    return s;
}

void packed_free(struct packed *s)
{
    mem_free(s);
}

size_t packed_memory(const struct packed *s)
{
    return sizeof *s + s->room;
}

struct packed *packed_copy(const struct packed *s)
{
    struct packed *copy = mem_alloc(sizeof *s + s->used);

    memcpy(copy, s, sizeof *s + s->used);
    copy->room = s->used;
    return copy;
}

/* Replaces `old` bytes at `at` by `new` ones, which the caller writes. Room grows by an eighth: a small
 * value must not cost twice its size. */
static struct packed *reshape(struct packed *s, uint32_t at, uint32_t old, uint32_t new)
{
    uint32_t used = s->used - old + new;

    if (used > s->room || s->room > used + used / 2 + 32) {
        uint32_t room = used + (new > old ? used / 8 : 0);

        if (room < s->room) { /* it gets smaller: move down first */
            memmove(s->p + at + new, s->p + at + old, s->used - at - old);
            s = mem_realloc(s, sizeof *s + room);
            s->room = room;
            s->used = used;
            return s;
        }
        s = mem_realloc(s, sizeof *s + room);
        s->room = room;
    }
    memmove(s->p + at + new, s->p + at + old, s->used - at - old);
    s->used = used;
    return s;
}

static struct packed *put(struct packed *s, uint32_t at, uint32_t old, const struct encoded *e)
{
    s = reshape(s, at, old, e->head_n + (uint32_t)e->body.n);
    memcpy(s->p + at, e->head, e->head_n);
    if (e->body.n)
        memcpy(s->p + at + e->head_n, e->body.p, e->body.n);
    return s;
}

struct packed *packed_insert(struct packed *s, uint32_t at, struct slice text)
{
    struct encoded e;

    encode(&e, text);
    s = put(s, at, 0, &e);
    s->n++;
    return s;
}

struct packed *packed_insert_double(struct packed *s, uint32_t at, double v)
{
    struct encoded e = {.head = {DOUBLE}, .head_n = 1, .body = {(const char *)&v, sizeof v}};

    if (v >= -9007199254740992.0 && v <= 9007199254740992.0 && v == (double)(int64_t)v) {
        e.head_n = put_number(e.head, (int64_t)v);
        e.body.n = 0;
    }
    s = put(s, at, 0, &e);
    s->n++;
    return s;
}

struct packed *packed_remove(struct packed *s, uint32_t at, uint32_t n)
{
    uint32_t end = at;

    for (uint32_t i = 0; i < n; i++)
        end = packed_next(s, end);
    s->n -= n;
    return reshape(s, at, end - at, 0);
}

struct packed *packed_replace(struct packed *s, uint32_t at, struct slice text)
{
    struct encoded e;

    encode(&e, text);
    return put(s, at, packed_next(s, at) - at, &e);
}

/* The text is encoded once and compared with what lies there: the form of a text is always the same. */
bool packed_find(const struct packed *s, struct slice text, uint32_t stride, uint32_t *at)
{
    struct encoded e;
    uint32_t size;

    encode(&e, text);
    size = e.head_n + (uint32_t)e.body.n;
    for (uint32_t i = 0; i < s->used;) {
        uint32_t next = packed_next(s, i);

        if (next - i == size && memcmp(s->p + i, e.head, e.head_n) == 0 &&
            (e.body.n == 0 || memcmp(s->p + i + e.head_n, e.body.p, e.body.n) == 0)) {
            *at = i;
            return true;
        }
        for (uint32_t k = 1; k < stride; k++)
            next = packed_next(s, next);
        i = next;
    }
    return false;
}

void packed_check(const struct packed *s)
{
    uint32_t at = 0, n = 0;

    must(s->used <= s->room);
    for (; at < s->used; n++) {
        must(s->p[at] <= LONG && s->p[at] != NUMBER);
        at = packed_next(s, at);
    }
    must(at == s->used && n == s->n);
}
