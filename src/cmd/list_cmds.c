/* cmd/list_cmds.c - commands on lists. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "list_reply.h"

#include <limits.h>

/* `present`: only onto a list that is there. */
static int push(struct call *c, bool front, bool present)
{
    struct key *k;
    int err = key_write_as(c, c->arg[1], KEY_LIST, &k);
    size_t had = k && err == OK ? deque_length(k->list) : 0;

    if (err != OK)
        return err;
    if (!k && present) {
        reply_int(c->reply, 0);
        return OK;
    }
    change_push(c->broker, c->db, c->arg[1], front, c->arg + 2, c->n - 2);
    reply_int(c->reply, (int64_t)(had + c->n - 2));
    return OK;
}

int cmd_lpush(struct call *c)
{
    return push(c, true, false);
}

int cmd_rpush(struct call *c)
{
    return push(c, false, false);
}

int cmd_lpushx(struct call *c)
{
    return push(c, true, true);
}

int cmd_rpushx(struct call *c)
{
    return push(c, false, true);
}

/* Clips the range first..last (negative: from the end): how many elements, from *first on. */
static int64_t list_range(const struct deque *d, int64_t *first, int64_t last)
{
    int64_t n = (int64_t)deque_length(d);

    if (*first < 0)
        *first += n;
    if (last < 0)
        last += n;
    if (*first < 0)
        *first = 0;
    if (last >= n)
        last = n - 1;
    return *first > last ? 0 : last - *first + 1;
}

/* The elements from one end inwards, as popping them one by one would give them. */
void list_reply_end(struct call *c, const struct deque *d, bool front, size_t n)
{
    struct deque_pos pos;

    reply_array(c->reply, n);
    for (bool ok = deque_seek(d, front ? 0 : -1, &pos); n-- && ok;
         ok = front ? deque_next(&pos) : deque_prev(&pos))
        reply_bulk(c->reply, deque_value(&pos));
}

void list_reply_one(struct call *c, const struct deque *d, bool front)
{
    struct slice v;

    if (front)
        deque_first(d, &v);
    else
        deque_last(d, &v);
    reply_bulk(c->reply, v);
}

static int pop(struct call *c, bool front)
{
    int64_t n = 1;
    struct key *k;
    int err;

    if (c->n == 3 && (!num_i64(c->arg[2], &n) || n < 0))
        return call_fail(c, "ERR value is out of range, must be positive");
    if ((err = key_write_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    if (!k) {
        if (c->n == 3)
            reply_null_array(c->reply);
        else
            reply_null(c->reply);
        return OK;
    }
    if ((uint64_t)n > deque_length(k->list))
        n = (int64_t)deque_length(k->list);
    if (c->n == 3)
        list_reply_end(c, k->list, front, (size_t)n);
    else
        list_reply_one(c, k->list, front);
    if (n)
        change_pop(c->broker, c->db, c->arg[1], front, (size_t)n);
    return OK;
}

int cmd_lpop(struct call *c)
{
    return pop(c, true);
}

int cmd_rpop(struct call *c)
{
    return pop(c, false);
}

int cmd_llen(struct call *c)
{
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_LIST, &k);

    if (err == OK)
        reply_int(c->reply, k ? (int64_t)deque_length(k->list) : 0);
    return err;
}

/* --- looking --- */

int cmd_lrange(struct call *c)
{
    int64_t first, last, n;
    struct deque_pos pos;
    struct key *k;
    int err;

    if (!num_i64(c->arg[2], &first) || !num_i64(c->arg[3], &last))
        return ERR_INT;
    if ((err = key_read_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    n = k ? list_range(k->list, &first, last) : 0;
    reply_array(c->reply, (size_t)n);
    for (bool ok = n && deque_seek(k->list, first, &pos); ok && n--; ok = deque_next(&pos))
        reply_bulk(c->reply, deque_value(&pos));
    return OK;
}

int cmd_lindex(struct call *c)
{
    struct slice v;
    struct key *k;
    int64_t i;
    int err = key_read_as(c, c->arg[1], KEY_LIST, &k);

    if (err != OK)
        return err;
    if (k && !num_i64(c->arg[2], &i))
        return ERR_INT;
    if (k && deque_at(k->list, i, &v))
        reply_bulk(c->reply, v);
    else
        reply_null(c->reply);
    return OK;
}

struct lpos {
    int64_t rank, count, max; /* count < 0: one, not as an array; 0: all; max 0: compare all */
};

static int lpos_parse(struct call *c, struct lpos *a)
{
    *a = (struct lpos){1, -1, 0};
    for (size_t i = 3; i < c->n; i += 2) {
        bool rank = slice_is(c->arg[i], "RANK"), count = slice_is(c->arg[i], "COUNT");

        if (i + 1 == c->n || !(rank || count || slice_is(c->arg[i], "MAXLEN")))
            return ERR_SYNTAX;
        if (!num_i64(c->arg[i + 1], rank ? &a->rank : count ? &a->count : &a->max))
            return rank ? ERR_INT : call_fail(c, "ERR %s can't be negative", count ? "COUNT" : "MAXLEN");
        if (a->rank == INT64_MIN)
            return call_fail(c, "ERR value is out of range, value must between %lld and %lld", -LLONG_MAX,
                             LLONG_MAX);
        if (a->rank == 0)
            return call_fail(
                c, "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                   "or use negative to start from the end of the list");
        if (count ? a->count < 0 : a->max < 0)
            return call_fail(c, "ERR %s can't be negative", count ? "COUNT" : "MAXLEN");
    }
    return OK;
}

/* Where the matches are, told one by one, the first a->rank - 1 left out. */
static size_t lpos_search(struct call *c, const struct deque *d, const struct lpos *a)
{
    bool back = a->rank < 0;
    int64_t skip = (back ? -a->rank : a->rank) - 1, n = (int64_t)deque_length(d), seen = 0;
    size_t found = 0, wanted = a->count < 0 ? 1 : a->count == 0 ? SIZE_MAX : (size_t)a->count;
    struct deque_pos pos;

    for (bool ok = deque_seek(d, back ? -1 : 0, &pos); ok && (!a->max || seen < a->max);
         ok = back ? deque_prev(&pos) : deque_next(&pos), seen++) {
        if (!slice_eq(deque_value(&pos), c->arg[2]) || skip-- > 0)
            continue;
        reply_int(c->reply, back ? n - 1 - seen : seen);
        if (++found == wanted)
            break;
    }
    return found;
}

int cmd_lpos(struct call *c)
{
    struct lpos a;
    struct key *k;
    uint64_t place = 0;
    size_t found;
    int err;

    if ((err = lpos_parse(c, &a)) != OK || (err = key_read_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    if (a.count >= 0)
        place = reply_later(c->reply, 0);
    found = k ? lpos_search(c, k->list, &a) : 0;
    if (a.count >= 0)
        reply_fill_array(c->reply, place, found);
    else if (!found)
        reply_null(c->reply);
    return OK;
}

/* --- changing in the middle --- */

int cmd_lset(struct call *c)
{
    struct slice old;
    struct key *k;
    int64_t i;
    int err = key_write_as(c, c->arg[1], KEY_LIST, &k);

    if (err != OK)
        return err;
    if (!k)
        return ERR_NO_KEY;
    if (!num_i64(c->arg[2], &i))
        return ERR_INT;
    if (!deque_at(k->list, i, &old))
        return call_fail(c, "ERR index out of range");
    change_lset(c->broker, c->db, c->arg[1], i, c->arg[3]);
    reply_ok(c->reply);
    return OK;
}

int cmd_linsert(struct call *c)
{
    bool before = slice_is(c->arg[2], "BEFORE");
    struct key *k;
    int err;

    if (!before && !slice_is(c->arg[2], "AFTER"))
        return ERR_SYNTAX;
    if ((err = key_write_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    if (!k)
        reply_int(c->reply, 0);
    else if (change_linsert(c->broker, c->db, c->arg[1], before, c->arg[3], c->arg[4]))
        reply_int(c->reply, (int64_t)deque_length(k->list));
    else
        reply_int(c->reply, -1);
    return OK;
}

int cmd_lrem(struct call *c)
{
    struct key *k;
    int64_t count;
    int err;

    if (!num_i64(c->arg[2], &count))
        return ERR_INT;
    if (count == INT64_MIN)
        return call_fail(c, "ERR value is out of range, value must between %lld and %lld", -LLONG_MAX,
                         LLONG_MAX);
    if ((err = key_write_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    reply_int(c->reply, k ? (int64_t)change_lrem(c->broker, c->db, c->arg[1], count, c->arg[3]) : 0);
    return OK;
}

int cmd_ltrim(struct call *c)
{
    int64_t first, last, n;
    struct key *k;
    int err;

    if (!num_i64(c->arg[2], &first) || !num_i64(c->arg[3], &last))
        return ERR_INT;
    if ((err = key_write_as(c, c->arg[1], KEY_LIST, &k)) != OK)
        return err;
    if (k) {
        n = list_range(k->list, &first, last);
        change_ltrim(c->broker, c->db, c->arg[1], n ? (size_t)first : 0, (size_t)n);
    }
    reply_ok(c->reply);
    return OK;
}
