/* persist/frame.c - see frame.h. */
#include "frame.h"
#include "base/crc.h"
#include "base/mem.h"

#define MAGIC   "#lmq "
#define VERSION "1 "
#define COMMIT  "#c "

static size_t put_hex(char *to, uint64_t v, int digits)
{
    static const char hex[] = "0123456789abcdef";

    for (int i = digits - 1; i >= 0; i--) {
        to[i] = hex[v & 15];
        v >>= 4;
    }
    return (size_t)digits;
}

static size_t put_number(char *to, uint64_t v)
{
    int digits = 1;

    while (digits < 16 && v >> (4 * digits))
        digits++;
    return put_hex(to, v, digits);
}

static size_t put_text(char *to, const char *text)
{
    size_t n = strlen(text);

    memcpy(to, text, n);
    return n;
}

static size_t put_end(char *to, uint32_t crc)
{
    size_t n = put_text(to, " ");

    n += put_hex(to + n, crc, 8);
    return n + put_text(to + n, "\r\n");
}

size_t frame_put_header(char *to, uint64_t salt, uint64_t offset)
{
    size_t n = put_text(to, MAGIC VERSION);

    must(offset < FRAME_OFFSET_MAX);
    n += put_hex(to + n, salt, 16);
    to[n++] = ' ';
    n += put_number(to + n, offset);
    return n + put_end(to + n, crc32c(0, to, n));
}

size_t frame_put_commit(char *to, uint64_t start, uint64_t length, uint64_t unsynced, uint32_t crc_of_records)
{
    size_t fields = put_text(to, COMMIT), n = fields;

    must(start < FRAME_OFFSET_MAX && length < FRAME_LENGTH_MAX && unsynced <= start);
    n += put_number(to + n, start);
    to[n++] = ' ';
    n += put_number(to + n, length);
    to[n++] = ' ';
    n += put_number(to + n, unsynced);
    return n + put_end(to + n, crc32c(crc_of_records, to + fields, n - fields));
}

/* What is left to read of a line; reading stops at its end, or where the line is not as written. */
struct cursor {
    const char *p, *end;
    bool ok;
};

static void get_text(struct cursor *c, const char *text)
{
    size_t n = strlen(text);

    if (!c->ok || (size_t)(c->end - c->p) < n || memcmp(c->p, text, n) != 0)
        c->ok = false;
    else
        c->p += n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint64_t get_hex(struct cursor *c, int min, int max)
{
    const char *begin = c->p;
    uint64_t v = 0;
    int digits = 0;

    while (c->ok && c->p < c->end && digits < max && hex_digit(*c->p) >= 0) {
        v = v << 4 | (uint64_t)hex_digit(*c->p++);
        digits++;
    }
    if (digits < min || (min == 1 && digits > 1 && *begin == '0'))
        c->ok = false;
    return v;
}

bool frame_is_header(const char *p, size_t n)
{
    return n >= strlen(MAGIC) && memcmp(p, MAGIC, strlen(MAGIC)) == 0;
}

bool frame_get_header(const char *p, size_t n, struct frame_header *out)
{
    struct cursor c = {p, p + n, true};
    uint32_t crc;
    size_t covered;

    get_text(&c, MAGIC VERSION);
    out->salt = get_hex(&c, 16, 16);
    get_text(&c, " ");
    out->offset = get_hex(&c, 1, 16);
    covered = (size_t)(c.p - p);
    get_text(&c, " ");
    crc = (uint32_t)get_hex(&c, 8, 8);
    get_text(&c, "\r\n");
    out->n = (size_t)(c.p - p);
    return c.ok && out->offset < FRAME_OFFSET_MAX && crc == crc32c(0, p, covered);
}

bool frame_get_commit(const char *p, size_t n, struct frame_commit *out)
{
    struct cursor c = {p, p + n, true};
    const char *fields;

    get_text(&c, COMMIT);
    fields = c.p;
    out->start = get_hex(&c, 1, 16);
    get_text(&c, " ");
    out->length = get_hex(&c, 1, 16);
    get_text(&c, " ");
    out->unsynced = get_hex(&c, 1, 16);
    out->fields = (struct slice){fields, (size_t)(c.p - fields)};
    get_text(&c, " ");
    out->crc = (uint32_t)get_hex(&c, 8, 8);
    get_text(&c, "\r\n");
    out->n = (size_t)(c.p - p);
    return c.ok && out->start < FRAME_OFFSET_MAX && out->length < FRAME_LENGTH_MAX &&
           out->unsynced <= out->start;
}

uint32_t frame_seed(uint64_t salt)
{
    char text[16];

    put_hex(text, salt, 16);
    return crc32c(0, text, sizeof text);
}

bool frame_verifies(const struct frame_commit *c, uint32_t crc_of_records)
{
    return c->crc == crc32c(crc_of_records, c->fields.p, c->fields.n);
}
