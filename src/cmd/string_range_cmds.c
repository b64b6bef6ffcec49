/* cmd/string_range_cmds.c - commands on parts of strings. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/string.h"
#include "string_size.h"

int string_size_check(struct call *c, uint64_t at, uint64_t n)
{
    if (at + n > c->service->config.proto_max_bulk_len && c->broker->origin != ORIGIN_REPLAY)
        return call_fail(c, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return OK;
}

int cmd_strlen(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_STRING, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)k->string->n : 0);
    return err;
}

static int splice(struct call *c, const struct key *k, uint64_t at, struct slice bytes, enum event event)
{
    size_t had = k ? k->string->n : 0;
    int err;

    if (bytes.n == 0) { /* nowhere is too far for nothing */
        if (event == EVENT_APPEND) /* is told even so, as in Redis */
            event_tell(c->broker, c->db, c->arg[1], event);
        reply_int(c->reply, (int64_t)had);
        return OK;
    }
    if ((err = string_size_check(c, at, bytes.n)) != OK)
        return err;
    change_splice(c->broker, c->db, c->arg[1], at, bytes, event);
    reply_int(c->reply, (int64_t)(at + bytes.n > had ? at + bytes.n : had));
    return OK;
}

int cmd_append(struct call *c)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_STRING, &k);

    if (err != OK)
        return err;
    if (!k && c->arg[2].n == 0) { /* makes an empty one */
        change_set(c->broker, c->db, c->arg[1], c->arg[2], -1, false, EVENT_APPEND);
        reply_int(c->reply, 0);
        return OK;
    }
    return splice(c, k, k ? k->string->n : 0, c->arg[2], EVENT_APPEND);
}

int cmd_setrange(struct call *c)
{
    struct key *k;
    int64_t at;
    int err;

    if (!num_i64(c->arg[2], &at))
        return ERR_INT;
    if (at < 0)
        return call_fail(c, "ERR offset is out of range");
    if ((err = key_write_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    return splice(c, k, (uint64_t)at, c->arg[3], EVENT_SETRANGE);
}

int cmd_getrange(struct call *c)
{
    int64_t first, last, n;
    struct key *k;
    int err;

    if (!num_i64(c->arg[2], &first) || !num_i64(c->arg[3], &last))
        return ERR_INT;
    if ((err = key_read_as(c, c->arg[1], KEY_STRING, &k)) != OK)
        return err;
    n = k ? (int64_t)k->string->n : 0;
    if (first < 0 && last < 0 && first > last)
        n = 0;
    first = first < 0 ? first + n : first;
    last = last < 0 ? last + n : last;
    first = first < 0 ? 0 : first;
    last = last < 0 ? 0 : last >= n ? n - 1 : last;
    if (n == 0 || first > last)
        reply_bulk(c->reply, SLICE(""));
    else
        reply_bulk(c->reply, (struct slice){k->string->p + first, (size_t)(last - first + 1)});
    return OK;
}

/* --- LCS ---
 * The longest common subsequence by the table of all prefixes (R. Wagner and M. Fischer, 1974). */

struct lcs {
    struct slice a, b;
    bool len, idx, with_len;
    int64_t min;
    uint32_t *table; /* (a.n + 1) x (b.n + 1) lengths */
};

static uint32_t *lcs_at(const struct lcs *l, size_t i, size_t j)
{
    return &l->table[i * (l->b.n + 1) + j];
}

static int lcs_parse(struct call *c, struct lcs *l)
{
    for (size_t i = 3; i < c->n; i++) {
        if (slice_is(c->arg[i], "IDX"))
            l->idx = true;
        else if (slice_is(c->arg[i], "LEN"))
            l->len = true;
        else if (slice_is(c->arg[i], "WITHMATCHLEN"))
            l->with_len = true;
        else if (slice_is(c->arg[i], "MINMATCHLEN") && i + 1 < c->n) {
            if (!num_i64(c->arg[++i], &l->min))
                return ERR_INT;
            l->min = l->min < 0 ? 0 : l->min;
        } else
            return ERR_SYNTAX;
    }
    if (l->idx && l->len)
        return call_fail(c, "ERR If you want both the length and indexes, please just use IDX.");
    return OK;
}

static void lcs_fill(struct lcs *l)
{
    for (size_t i = 0; i <= l->a.n; i++)
        for (size_t j = 0; j <= l->b.n; j++) {
            uint32_t up = i ? *lcs_at(l, i - 1, j) : 0, left = j ? *lcs_at(l, i, j - 1) : 0;

            if (i == 0 || j == 0)
                *lcs_at(l, i, j) = 0;
            else if (l->a.p[i - 1] == l->b.p[j - 1])
                *lcs_at(l, i, j) = *lcs_at(l, i - 1, j - 1) + 1;
            else
                *lcs_at(l, i, j) = up > left ? up : left;
        }
}

/* A run of equal bytes: a[i .. i + n) and b[j .. j + n). */
struct match {
    size_t i, j, n;
};

static bool reply_match(struct call *c, const struct lcs *l, const struct match *m)
{
    if (m->n == 0 || (int64_t)m->n < l->min)
        return false;
    reply_array(c->reply, l->with_len ? 3 : 2);
    reply_array(c->reply, 2);
    reply_int(c->reply, (int64_t)m->i);
    reply_int(c->reply, (int64_t)(m->i + m->n - 1));
    reply_array(c->reply, 2);
    reply_int(c->reply, (int64_t)m->j);
    reply_int(c->reply, (int64_t)(m->j + m->n - 1));
    if (l->with_len)
        reply_int(c->reply, (int64_t)m->n);
    return true;
}

/* Goes back from the end: the bytes in common into `text`, the runs as replies if they are asked for. */
static size_t lcs_walk(struct call *c, const struct lcs *l, char *text)
{
    size_t i = l->a.n, j = l->b.n, at = *lcs_at(l, i, j), runs = 0;
    struct match m = {0};

    while (i && j) {
        if (l->a.p[i - 1] == l->b.p[j - 1]) {
            text[--at] = l->a.p[i - 1];
            i--;
            j--;
            if (m.n && m.i == i + 1 && m.j == j + 1) {
                m = (struct match){i, j, m.n + 1};
                continue;
            }
            runs += l->idx && reply_match(c, l, &m);
            m = (struct match){i, j, 1};
        } else if (*lcs_at(l, i - 1, j) > *lcs_at(l, i, j - 1)) {
            i--;
        } else {
            j--;
        }
    }
    return runs + (l->idx && reply_match(c, l, &m));
}

static void lcs_reply(struct call *c, const struct lcs *l)
{
    uint32_t n = *lcs_at(l, l->a.n, l->b.n);
    char *text = mem_alloc(n);
    uint64_t place = 0;
    size_t runs;

    if (l->len) {
        reply_int(c->reply, n);
        mem_free(text);
        return;
    }
    if (l->idx) {
        reply_map(c->reply, 2);
        reply_bulk_str(c->reply, "matches");
        place = reply_later(c->reply, 0);
    }
    runs = lcs_walk(c, l, text);
    if (l->idx) {
        reply_fill_array(c->reply, place, runs);
        reply_bulk_str(c->reply, "len");
        reply_int(c->reply, n);
    } else {
        reply_bulk(c->reply, (struct slice){text, n});
    }
    mem_free(text);
}

static struct slice value_of(const struct key *k)
{
    return k ? string_slice(k->string) : SLICE("");
}

int cmd_lcs(struct call *c)
{
    struct lcs l = {0};
    struct key *a, *b;
    int err;

    err = key_read_as(c, c->arg[1], KEY_STRING, &a);
    if (key_read_as(c, c->arg[2], KEY_STRING, &b) != OK || err != OK) /* both are looked for */
        return call_fail(c, "ERR The specified keys must contain string values");
    l.a = value_of(a);
    l.b = value_of(b);
    if ((err = lcs_parse(c, &l)) != OK)
        return err;
    if ((l.a.n + 1) * sizeof *l.table > c->service->config.proto_max_bulk_len / (l.b.n + 1))
        return call_fail(c, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    l.table = mem_alloc((l.a.n + 1) * (l.b.n + 1) * sizeof *l.table);
    lcs_fill(&l);
    lcs_reply(c, &l);
    mem_free(l.table);
    return OK;
}
