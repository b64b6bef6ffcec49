/* cmd/zrange_cmds.c - ranges of sorted sets. Each, by rank, score or member, is parsed to two ends and comes
 * to a run of ranks; what is done with the run (answered, counted, removed, stored) is another matter. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_zset.h"
#include "handlers.h"
#include "store/zset.h"
#include "store/zset_algebra.h"

#include <math.h>
#include <stdlib.h>

enum range_by { BY_RANK, BY_SCORE, BY_LEX };

struct range {
    enum range_by by;
    int64_t first, last; /* BY_RANK; negative: from the end */
    struct zset_bound low, high;
    bool from_start, to_end; /* BY_LEX: - and + */
    bool empty;              /* BY_LEX: + as the low end, - as the high one */
    bool reverse, with_scores;
    int64_t offset, limit; /* limit < 0: none */
};

/* --- parsing --- */

/* Redis takes what strtod() takes: blanks before it and nothing at all included. */
static bool parse_score(struct slice text, bool high, struct zset_bound *out)
{
    char room[128], *end;
    bool open = text.n && text.p[0] == '(';

    if (open)
        text = (struct slice){text.p + 1, text.n - 1};
    if (text.n >= sizeof room)
        return false;
    memcpy(room, text.p, text.n);
    room[text.n] = '\0';
    out->score = strtod(room, &end);
    out->after = high != open;
    return *end == '\0' && !isnan(out->score);
}

static bool parse_lex_end(struct slice text, bool high, struct zset_bound *out, bool *start, bool *end)
{
    bool open = text.n && text.p[0] == '(';

    *start = slice_eq(text, SLICE("-"));
    *end = slice_eq(text, SLICE("+"));
    if (*start || *end)
        return true;
    if (!open && (text.n == 0 || text.p[0] != '['))
        return false;
    *out = (struct zset_bound){.by_member = true, .after = high != open, .member = {text.p + 1, text.n - 1}};
    return true;
}

static bool parse_lex(struct slice low, struct slice high, struct range *r)
{
    bool high_is_start, low_is_end;

    if (!parse_lex_end(low, false, &r->low, &r->from_start, &low_is_end) ||
        !parse_lex_end(high, true, &r->high, &high_is_start, &r->to_end))
        return false;
    r->empty = high_is_start || low_is_end;
    return true;
}

static int parse_ends(struct call *c, struct slice low, struct slice high, struct range *r)
{
    switch (r->by) {
    case BY_RANK:
        return num_i64(low, &r->first) && num_i64(high, &r->last) ? OK : ERR_INT;
    case BY_SCORE:
        if (parse_score(low, false, &r->low) && parse_score(high, true, &r->high))
            return OK;
        return call_fail(c, "ERR min or max is not a float");
    case BY_LEX:
        break;
    }
    return parse_lex(low, high, r) ? OK : call_fail(c, "ERR min or max not valid string range item");
}

/* What an option of ZRANGE and its older forms may say. */
enum { MAY_WITHSCORES = 1, MAY_LIMIT = 2, MAY_CHOOSE = 4 };

static int parse_option(struct call *c, size_t *i, int may, struct range *r, bool *limited)
{
    struct slice word = c->arg[*i];

    if (may & MAY_WITHSCORES && slice_is(word, "WITHSCORES")) {
        r->with_scores = true;
    } else if (slice_is(word, "LIMIT") && may & MAY_LIMIT && *i + 2 < c->n) {
        if (!num_i64(c->arg[*i + 1], &r->offset) || !num_i64(c->arg[*i + 2], &r->limit))
            return ERR_INT;
        *limited = r->limit != -1;
        *i += 2;
    } else if (may & MAY_CHOOSE && !r->reverse && slice_is(word, "REV")) {
        r->reverse = true;
    } else if (may & MAY_CHOOSE && r->by == BY_RANK && slice_is(word, "BYLEX")) {
        r->by = BY_LEX;
    } else if (may & MAY_CHOOSE && r->by == BY_RANK && slice_is(word, "BYSCORE")) {
        r->by = BY_SCORE;
    } else {
        return ERR_SYNTAX;
    }
    return OK;
}

/* The ends stand at `at` and behind it, the options follow. */
static int parse_range(struct call *c, size_t at, int may, struct range *r)
{
    bool limited = false, swap;
    int err;

    r->limit = -1;
    for (size_t i = at + 2; i < c->n; i++)
        if ((err = parse_option(c, &i, may, r, &limited)) != OK)
            return err;
    if (limited && r->by == BY_RANK)
        return call_fail(
            c, "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    if (r->with_scores && r->by == BY_LEX)
        return call_fail(c, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    swap = r->reverse && r->by != BY_RANK;
    return parse_ends(c, c->arg[at + swap], c->arg[at + !swap], r);
}

/* --- the run of ranks --- */

struct run {
    size_t first, n; /* in the order asked for: from the end when it is reversed */
};

static struct run run_of_ranks(const struct range *r, size_t count)
{
    int64_t first = r->first < 0 ? r->first + (int64_t)count : r->first;
    int64_t last = r->last < 0 ? r->last + (int64_t)count : r->last;

    if (first < 0)
        first = 0;
    if (last >= (int64_t)count)
        last = (int64_t)count - 1;
    if (first > last)
        return (struct run){0, 0};
    return (struct run){(size_t)first, (size_t)(last - first + 1)};
}

static struct run run_of(const struct range *r, const struct zset *z)
{
    size_t count = zset_count(z), low = 0, high = count;
    struct run run;

    if (r->by == BY_RANK)
        return run_of_ranks(r, count);
    if (r->empty)
        return (struct run){0, 0};
    if (!r->from_start)
        low = zset_before(z, &r->low);
    if (!r->to_end)
        high = zset_before(z, &r->high);
    if (low >= high || r->offset < 0 || (uint64_t)r->offset >= high - low)
        return (struct run){0, 0};
    run = (struct run){(r->reverse ? count - high : low) + (size_t)r->offset, high - low - (size_t)r->offset};
    if (r->limit >= 0 && (uint64_t)r->limit < run.n)
        run.n = (size_t)r->limit;
    return run;
}

/* --- answering --- */

static void reply_run(struct call *c, const struct range *r, const struct zset *z, struct run run)
{
    bool pair = r->with_scores && c->reply->proto == 3;
    struct zset_iter it;
    bool ok = run.n && zset_iter_at(&it, z, r->reverse ? zset_count(z) - 1 - run.first : run.first);

    reply_array(c->reply, r->with_scores && !pair ? 2 * run.n : run.n);
    for (; run.n-- && ok; ok = r->reverse ? zset_iter_prev(&it) : zset_iter_next(&it)) {
        if (pair)
            reply_array(c->reply, 2);
        reply_bulk(c->reply, it.item.member);
        if (r->with_scores)
            reply_double(c->reply, it.item.score);
    }
}

static int range_reply(struct call *c, struct range *r, int may)
{
    struct key *k;
    int err;

    if ((err = parse_range(c, 2, may, r)) != OK || (err = key_read_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    if (k)
        reply_run(c, r, k->zset, run_of(r, k->zset));
    else
        reply_array(c->reply, 0);
    return OK;
}

int cmd_zrange(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_RANK}, MAY_WITHSCORES | MAY_LIMIT | MAY_CHOOSE);
}

int cmd_zrevrange(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_RANK, .reverse = true}, MAY_WITHSCORES | MAY_LIMIT);
}

int cmd_zrangebyscore(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_SCORE}, MAY_WITHSCORES | MAY_LIMIT);
}

int cmd_zrevrangebyscore(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_SCORE, .reverse = true}, MAY_WITHSCORES | MAY_LIMIT);
}

int cmd_zrangebylex(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_LEX}, MAY_WITHSCORES | MAY_LIMIT);
}

int cmd_zrevrangebylex(struct call *c)
{
    return range_reply(c, &(struct range){.by = BY_LEX, .reverse = true}, MAY_WITHSCORES | MAY_LIMIT);
}

int cmd_zrangestore(struct call *c)
{
    struct range r = {.by = BY_RANK};
    struct zset *z = NULL;
    struct run run;
    struct key *k;
    int err;

    if ((err = parse_range(c, 3, MAY_LIMIT | MAY_CHOOSE, &r)) != OK ||
        (err = key_read_as(c, c->arg[2], KEY_ZSET, &k)) != OK)
        return err;
    if (k) {
        run = run_of(&r, k->zset);
        z = zset_part(k->zset, r.reverse ? zset_count(k->zset) - run.first - run.n : run.first, run.n,
                      &c->broker->shape);
    }
    key_write(c, c->arg[1]);
    reply_int(c->reply, z ? (int64_t)zset_count(z) : 0);
    change_zset_take(c->broker, c->db, c->arg[1], z, EVENT_ZRANGESTORE);
    return OK;
}

/* --- counting and removing --- */

static int count(struct call *c, enum range_by by)
{
    struct range r = {.by = by, .limit = -1};
    struct key *k;
    int err;

    if ((err = parse_ends(c, c->arg[2], c->arg[3], &r)) != OK ||
        (err = key_read_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    reply_int(c->reply, k ? (int64_t)run_of(&r, k->zset).n : 0);
    return OK;
}

int cmd_zcount(struct call *c)
{
    return count(c, BY_SCORE);
}

int cmd_zlexcount(struct call *c)
{
    return count(c, BY_LEX);
}

static int remove_range(struct call *c, enum range_by by, enum event event)
{
    struct range r = {.by = by, .limit = -1};
    struct run run = {0};
    struct key *k;
    int err;

    if ((err = parse_ends(c, c->arg[2], c->arg[3], &r)) != OK ||
        (err = key_write_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    if (k)
        run = run_of(&r, k->zset);
    if (run.n)
        change_zrem_ranks(c->broker, c->db, c->arg[1], run.first, run.n, event);
    reply_int(c->reply, (int64_t)run.n);
    return OK;
}

int cmd_zremrangebyrank(struct call *c)
{
    return remove_range(c, BY_RANK, EVENT_ZREMRANGEBYRANK);
}

int cmd_zremrangebyscore(struct call *c)
{
    return remove_range(c, BY_SCORE, EVENT_ZREMRANGEBYSCORE);
}

int cmd_zremrangebylex(struct call *c)
{
    return remove_range(c, BY_LEX, EVENT_ZREMRANGEBYLEX);
}
