/* stream_id.c - ids of messages: the neighbours of one, and its text. */
#include "store/stream_id.h"

#include "base/err.h"
#include "base/num.h"

#define ID_ARG_MAX 127 /* longest text taken for an id: many leading zeros are still one */

bool stream_id_next(struct stream_id *id)
{
    if (id->seq < UINT64_MAX) {
        id->seq++;
        return true;
    }
    if (id->ms == UINT64_MAX)
        return false;
    *id = (struct stream_id){id->ms + 1, 0};
    return true;
}

bool stream_id_prev(struct stream_id *id)
{
    if (id->seq > 0) {
        id->seq--;
        return true;
    }
    if (id->ms == 0)
        return false;
    *id = (struct stream_id){id->ms - 1, UINT64_MAX};
    return true;
}

int stream_id_parse(struct slice s, uint64_t seq, struct stream_id *id)
{
    struct stream_id got = {0, seq};
    size_t n = 0;

    if (s.n > ID_ARG_MAX || (n = num_digits(s, &got.ms)) == 0)
        return ERR_ID;
    if (n < s.n && (s.p[n] != '-' || ++n == s.n || num_digits_at(s, n, &got.seq) != s.n - n))
        return ERR_ID;
    *id = got;
    return OK;
}

/* Messages come many to a millisecond: the text of the last one is kept. A memo and no state: whatever it
 * holds, the result is the same. (Ids are written by one thread.) */
static struct {
    uint64_t ms;
    size_t n;
    char text[24];
} memo = {.ms = 0, .n = 1, .text = "0"};

static size_t put_ms(char *to, uint64_t ms)
{
    if (ms != memo.ms) {
        memo.ms = ms;
        memo.n = num_put_u64(memo.text, ms);
    }
    memcpy(to, memo.text, sizeof memo.text); /* as a whole: cheaper than by its length */
    return memo.n;
}

size_t stream_id_put(char *to, struct stream_id id)
{
    size_t n = put_ms(to, id.ms);

    to[n++] = '-';
    if (id.seq < 10) { /* mostly */
        to[n] = (char)('0' + id.seq);
        return n + 1;
    }
    return n + num_put_u64(to + n, id.seq);
}
