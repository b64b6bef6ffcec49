/* record.c - writes records of the journal: commands as RESP arrays of bulk strings. */
#include "store/record.h"

#include "base/num.h"
#include "store/inbox.h"
#include "store/stream.h"

/* "<type><n>\r\n"; at most RECORD_LINE bytes. */
#define RECORD_LINE (1 + NUM_MAX + 2)

static inline char *line_put(char *to, char type, uint64_t n)
{
    *to++ = type;
    if (n < 10) {
        *to++ = (char)('0' + n);
    } else if (n < 100) {
        *to++ = (char)('0' + n / 10);
        *to++ = (char)('0' + n % 10);
    } else {
        to += num_put_u64(to, n);
    }
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

void record_head(struct buf *b, size_t words)
{
    char *to = buf_reserve(b, RECORD_LINE);

    b->n += (size_t)(line_put(to, '*', words) - to);
}

#define WORD_MAX(n) (RECORD_LINE + (n) + 2) /* of a word of n bytes */

/* Ids, the most common words, without a call: as two halves that overlap. */
static inline void copy(char *to, const char *p, size_t n)
{
    if (n < 16 || n > 32) {
        if (n)
            memcpy(to, p, n);
        return;
    }
    memcpy(to, p, 16);
    memcpy(to + n - 16, p + n - 16, 16);
}

static inline char *word_put(char *to, struct slice s)
{
    to = line_put(to, '$', s.n);
    copy(to, s.p, s.n);
    to += s.n;
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

void record_word(struct buf *b, struct slice s)
{
    char *start = buf_reserve(b, WORD_MAX(s.n));

    b->n += (size_t)(word_put(start, s) - start);
}

void record_slices(struct buf *b, const struct slice *s, size_t n)
{
    size_t room = 0;
    char *start, *to;

    for (size_t i = 0; i < n; i++)
        room += WORD_MAX(s[i].n);
    start = to = buf_reserve(b, room);
    for (size_t i = 0; i < n; i++)
        to = word_put(to, s[i]);
    b->n += (size_t)(to - start);
}

#define HEAD 5 /* "$nn\r\n" */

/* Ends a word whose n bytes, 99 at most, were written at start + HEAD: its head was not known before. */
static inline void word_close(struct buf *b, char *start, size_t n)
{
    char *to = line_put(start, '$', n);

    if (n < 10)
        memmove(to, start + HEAD, n);
    to += n;
    *to++ = '\r';
    *to++ = '\n';
    b->n += (size_t)(to - start);
}

void record_u64(struct buf *b, uint64_t v)
{
    char *start = buf_reserve(b, WORD_MAX(NUM_MAX));

    word_close(b, start, num_put_u64(start + HEAD, v));
}

void record_i64(struct buf *b, int64_t v)
{
    char *start = buf_reserve(b, WORD_MAX(NUM_MAX));

    word_close(b, start, num_put_i64(start + HEAD, v));
}

void record_double(struct buf *b, double v)
{
    char text[32];

    record_word(b, (struct slice){text, num_put_double(text, sizeof text, v)});
}

void record_id(struct buf *b, struct stream_id id)
{
    char *start = buf_reserve(b, WORD_MAX(STREAM_ID_TEXT));

    word_close(b, start, stream_id_put(start + HEAD, id));
}

void record_add(struct buf *b, struct slice name, struct slice id, const struct entry_attrs *attrs,
                size_t words)
{
    record_head(b, 7 + words);
    record_str(b, RECORD_ADD);
    record_word(b, name);
    record_word(b, id);
    record_i64(b, attrs->arrival);
    record_i64(b, attrs->expires);
    record_u64(b, attrs->level);
    record_word(b, attrs->group);
}

void record_delay(struct buf *b, struct slice name, const struct delayed_message *m,
                  const struct slice *field)
{
    record_head(b, 7 + m->n);
    record_str(b, RECORD_DELAY);
    record_word(b, name);
    record_id(b, m->id);
    record_i64(b, m->added);
    record_i64(b, m->ttl);
    record_u64(b, m->level);
    record_word(b, m->dedup);
    record_slices(b, field, m->n);
}

void record_delay_next(struct buf *b, struct slice name, uint64_t next)
{
    record_head(b, 3);
    record_str(b, RECORD_NUMBER);
    record_word(b, name);
    record_u64(b, next);
}

void record_window(struct buf *b, struct slice name, unsigned lane, const struct seen *s)
{
    record_head(b, 6);
    record_str(b, RECORD_SEEN);
    record_word(b, name);
    record_u64(b, lane);
    record_word(b, s->name);
    record_id(b, s->id);
    record_i64(b, s->until);
}

void record_words(struct buf *b, const char *const *word, size_t n)
{
    record_head(b, n);
    for (size_t i = 0; i < n; i++)
        record_str(b, word[i]);
}
