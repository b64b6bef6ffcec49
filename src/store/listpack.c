/* store/listpack.c - see store/listpack.h.
 *
 * A listpack: total bytes (4, low byte first), items (2; 65535: not known), items, 0xff. An item is a head,
 * its content, and the length of both once more, in 1 to 5 groups of 7 bits.
 *
 * A ziplist: total bytes (4), offset of the last item (4), items (2), items, 0xff. An item begins with the
 * length of the one before it: a byte, or 0xfe and 4 bytes.
 *
 * An intset: bytes of a number (4), numbers (4), the numbers. */
#include "store/listpack.h"

#define LISTPACK_HEAD 6
#define ZIPLIST_HEAD  10
#define INTSET_HEAD   8
#define END           0xff
#define COUNT_UNKNOWN 0xffff
#define ZIPLIST_LONG  0xfe /* the length of the item before has 4 bytes */

static uint64_t low_first(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | p[n];
    return v;
}

static uint64_t high_first(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static int64_t extend(uint64_t v, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);

    return (int64_t)((v ^ sign) - sign);
}

bool listpack_number(const struct listpack_item *i, int64_t *v)
{
    *v = i->number;
    return !i->p || num_i64(listpack_text(i), v);
}

static bool spoiled(struct listpack *l)
{
    l->bad = true;
    l->p = l->end;
    return false;
}

static void set_number(struct listpack_item *out, int64_t v)
{
    out->p = NULL;
    out->number = v;
    out->n = num_put_i64(out->digits, v);
}

/* --- opening --- */

/* The items lie between a head that tells the size of all and a byte that ends it. */
static void open_block(struct listpack *l, struct slice block, size_t head, size_t count_at, bool ziplist)
{
    const uint8_t *p = (const uint8_t *)block.p;

    *l = (struct listpack){.ziplist = ziplist};
    if (block.n <= head || low_first(p, 4) != block.n || p[block.n - 1] != END) {
        l->bad = true;
        return;
    }
    l->wants = (uint32_t)low_first(p + count_at, 2);
    if (l->wants == COUNT_UNKNOWN)
        l->wants = UINT32_MAX;
    l->p = p + head;
    l->end = p + block.n - 1;
}

void listpack_open(struct listpack *l, struct slice block)
{
    open_block(l, block, LISTPACK_HEAD, 4, false);
}

void listpack_open_ziplist(struct listpack *l, struct slice block)
{
    open_block(l, block, ZIPLIST_HEAD, 8, true);
}

void listpack_open_intset(struct listpack *l, struct slice block)
{
    const uint8_t *p = (const uint8_t *)block.p;
    uint64_t width, n;

    *l = (struct listpack){.bad = block.n < INTSET_HEAD};
    if (l->bad)
        return;
    width = low_first(p, 4);
    n = low_first(p + 4, 4);
    l->bad = (width != 2 && width != 4 && width != 8) || n * width != block.n - INTSET_HEAD;
    if (l->bad)
        return;
    l->width = (unsigned)width;
    l->wants = (uint32_t)n;
    l->p = p + INTSET_HEAD;
    l->end = p + block.n;
}

/* --- items --- */

/* What the head of an item says. */
struct head {
    unsigned bytes; /* of the head itself */
    size_t content; /* bytes behind it */
    bool number;
    bool whole; /* a number that lies in the head */
    int64_t value;
};

static const struct head nothing = {0};

static struct head text_head(unsigned bytes, size_t n)
{
    return (struct head){.bytes = bytes, .content = n};
}

static struct head number_head(unsigned bytes, size_t content)
{
    return (struct head){.bytes = bytes, .content = content, .number = true};
}

static struct head small_number(unsigned bytes, int64_t v)
{
    return (struct head){.bytes = bytes, .number = true, .whole = true, .value = v};
}

/* `left` is at least 1. A head that is none, or not all there, has no bytes. */
static struct head listpack_head(const uint8_t *p, size_t left)
{
    unsigned b = p[0];

    if (b < 0x80)
        return small_number(1, b);
    if (b < 0xc0)
        return text_head(1, b & 63);
    if (b < 0xf0 && left < 2)
        return nothing;
    if (b < 0xe0)
        return small_number(2, extend(high_first(p, 2) & 0x1fff, 13));
    if (b < 0xf0)
        return text_head(2, high_first(p, 2) & 0xfff);
    switch (b) {
    case 0xf0:
        return left < 5 ? nothing : text_head(5, (size_t)low_first(p + 1, 4));
    case 0xf1:
        return number_head(1, 2);
    case 0xf2:
        return number_head(1, 3);
    case 0xf3:
        return number_head(1, 4);
    case 0xf4:
        return number_head(1, 8);
    default:
        return nothing;
    }
}

static struct head ziplist_head(const uint8_t *p, size_t left)
{
    unsigned b = p[0];

    if (b < 0x40)
        return text_head(1, b);
    if (b < 0x80)
        return left < 2 ? nothing : text_head(2, high_first(p, 2) & 0x3fff);
    if (b < 0xc0)
        return left < 5 ? nothing : text_head(5, (size_t)high_first(p + 1, 4));
    if (b > 0xf0 && b < 0xfe)
        return small_number(1, (int64_t)(b & 15) - 1);
    switch (b) {
    case 0xc0:
        return number_head(1, 2);
    case 0xd0:
        return number_head(1, 4);
    case 0xe0:
        return number_head(1, 8);
    case 0xf0:
        return number_head(1, 3);
    case 0xfe:
        return number_head(1, 1);
    default:
        return nothing;
    }
}

static unsigned back_size(uint64_t n)
{
    return n <= 127 ? 1 : n < 16383 ? 2 : n < 2097151 ? 3 : n < 268435455 ? 4 : 5;
}

/* Groups of 7 bits, the highest first; all but the first are marked. */
static void back_put(uint8_t *to, uint64_t n, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)((n >> 7 * (size - 1 - i) & 127) | (i ? 128 : 0));
}

static bool back_is(const uint8_t *p, size_t left, uint64_t n, unsigned size)
{
    uint8_t wanted[5];

    back_put(wanted, n, size);
    return left >= size && memcmp(p, wanted, size) == 0;
}

/* The length of the item before; how many bytes that takes, 0: it is wrong. */
static unsigned ziplist_before(const struct listpack *l)
{
    if (*l->p < ZIPLIST_LONG)
        return *l->p == l->before;
    return *l->p == ZIPLIST_LONG && listpack_left(l) >= 5 && low_first(l->p + 1, 4) == l->before ? 5 : 0;
}

static bool take_content(struct listpack *l, const struct head *h, struct listpack_item *out)
{
    const uint8_t *content = l->p + h->bytes;

    if (!h->bytes || h->content > listpack_left(l) - h->bytes)
        return false;
    if (h->whole) {
        set_number(out, h->value);
    } else if (h->number) {
        set_number(out, extend(low_first(content, (unsigned)h->content), 8 * (unsigned)h->content));
    } else {
        out->p = (const char *)content;
        out->n = h->content;
    }
    l->p = content + h->content;
    return true;
}

static bool listpack_item(struct listpack *l, struct listpack_item *out)
{
    const uint8_t *begin = l->p;
    struct head h = listpack_head(l->p, listpack_left(l));
    unsigned back;

    if (!take_content(l, &h, out))
        return spoiled(l);
    back = back_size((uint64_t)(l->p - begin));
    if (!back_is(l->p, listpack_left(l), (uint64_t)(l->p - begin), back))
        return spoiled(l);
    l->p += back;
    return true;
}

static bool ziplist_item(struct listpack *l, struct listpack_item *out)
{
    const uint8_t *begin = l->p;
    unsigned before = ziplist_before(l);
    struct head h;

    l->p += before;
    if (!before || !listpack_left(l))
        return spoiled(l);
    h = ziplist_head(l->p, listpack_left(l));
    if (!take_content(l, &h, out))
        return spoiled(l);
    l->before = (uint32_t)(l->p - begin);
    return true;
}

static bool intset_item(struct listpack *l, struct listpack_item *out)
{
    int64_t v = extend(low_first(l->p, l->width), 8 * l->width);

    if (l->count && v <= l->last)
        return spoiled(l);
    l->last = v;
    l->p += l->width;
    set_number(out, v);
    return true;
}

bool listpack_next(struct listpack *l, struct listpack_item *out)
{
    if (l->p == l->end) {
        if (l->wants != UINT32_MAX && l->wants != l->count)
            l->bad = true;
        return false;
    }
    if (!(l->width ? intset_item(l, out) : l->ziplist ? ziplist_item(l, out) : listpack_item(l, out)))
        return false;
    l->count++;
    return true;
}

/* --- writing --- */

void listpack_begin(struct listpack_out *o, struct buf *to)
{
    *o = (struct listpack_out){.to = to, .begin = to->n};
    buf_reserve(to, LISTPACK_HEAD);
    to->n += LISTPACK_HEAD;
}

/* Head and content lie at the end, `n` bytes. */
static void end_item(struct listpack_out *o, size_t n)
{
    unsigned size = back_size(n);

    back_put((uint8_t *)buf_reserve(o->to, size), n, size);
    o->to->n += size;
    o->count++;
}

static void put_low_first(uint8_t *to, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

void listpack_put(struct listpack_out *o, struct slice text)
{
    uint8_t *to = (uint8_t *)buf_reserve(o->to, 5 + text.n);
    size_t head = text.n < 64 ? 1 : text.n < 4096 ? 2 : 5;

    if (head == 1) {
        to[0] = (uint8_t)(0x80 | text.n);
    } else if (head == 2) {
        to[0] = (uint8_t)(0xe0 | text.n >> 8);
        to[1] = (uint8_t)text.n;
    } else {
        to[0] = 0xf0;
        put_low_first(to + 1, text.n, 4);
    }
    o->to->n += head;
    buf_add_slice(o->to, text);
    end_item(o, head + text.n);
}

void listpack_put_number(struct listpack_out *o, int64_t v)
{
    uint8_t *to = (uint8_t *)buf_reserve(o->to, 9);
    unsigned bytes = v == (int16_t)v                           ? 2
                     : v == extend((uint64_t)v & 0xffffff, 24) ? 3
                     : v == (int32_t)v                         ? 4
                                                               : 8;

    if (v >= 0 && v < 128) {
        to[0] = (uint8_t)v;
        o->to->n++;
        end_item(o, 1);
        return;
    }
    to[0] = (uint8_t)(0xf1 + (bytes < 8 ? bytes - 2 : 3));
    put_low_first(to + 1, (uint64_t)v, bytes);
    o->to->n += 1 + bytes;
    end_item(o, 1 + bytes);
}

void listpack_end(struct listpack_out *o)
{
    uint8_t *head;

    buf_add_char(o->to, (char)END);
    head = (uint8_t *)o->to->p + o->begin;
    put_low_first(head, listpack_size(o), 4);
    put_low_first(head + 4, o->count < COUNT_UNKNOWN ? o->count : COUNT_UNKNOWN, 2);
}
