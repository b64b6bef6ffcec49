/* cmd/sort_cmds.c - SORT and SORT_RO: the elements of a list, set or sorted set in another order, by
 * themselves or by what other keys hold for them. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"
#include "store/deque.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/string.h"
#include "store/zset.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct sort {
    bool desc, alpha, as_it_is; /* as_it_is: BY nosort */
    int64_t offset, count;
    struct slice by, store; /* p NULL: not given */
    size_t *get, gets;      /* where the patterns of GET stand */
};

/* An element, and what it is sorted by. The bytes of all are copies in one buffer: numbers have none of their
 * own where they are stored. */
struct element {
    size_t at, n;
    size_t by_at, by_n;
    size_t nth; /* among equals the first comes first */
    double score;
    bool has_by;
};

struct elements {
    struct element *v;
    size_t n, cap;
    struct buf text;
};

/* Patterns end at a zero byte, as in Redis. */
static const char *find_star(struct slice pattern)
{
    return memchr(pattern.p, '*', strnlen(pattern.p, pattern.n));
}

/* --- arguments --- */

/* The words behind the option at arg[*i] are skipped. */
static int parse_option(struct call *c, bool may_store, size_t *i, struct sort *a)
{
    struct slice word = c->arg[*i];
    size_t more = c->n - *i - 1;

    if (slice_is(word, "ASC") || slice_is(word, "DESC")) {
        a->desc = slice_is(word, "DESC");
    } else if (slice_is(word, "ALPHA")) {
        a->alpha = true;
    } else if (slice_is(word, "LIMIT") && more >= 2) {
        if (!num_i64(c->arg[*i + 1], &a->offset) || !num_i64(c->arg[*i + 2], &a->count))
            return ERR_INT;
        *i += 2;
    } else if (may_store && slice_is(word, "STORE") && more) {
        a->store = c->arg[++*i];
    } else if (slice_is(word, "BY") && more) {
        a->by = c->arg[++*i];
        a->as_it_is |= !find_star(a->by);
    } else if (slice_is(word, "GET") && more) {
        a->get[a->gets++] = ++*i;
    } else {
        return ERR_SYNTAX;
    }
    return OK;
}

static int sort_parse(struct call *c, bool may_store, struct sort *a)
{
    int err = OK;

    *a = (struct sort){.count = -1, .get = mem_alloc(c->n * sizeof *a->get)};
    for (size_t i = 2; i < c->n && err == OK; i++)
        err = parse_option(c, may_store, &i, a);
    return err;
}

/* For the table: the key, and the last STORE. */
size_t keys_sort(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    size_t store = 0, keys = 0;

    for (size_t i = 2; i < n; i++) {
        if (slice_is(arg[i], "STORE") && i + 1 < n)
            store = ++i;
        else if (slice_is(arg[i], "LIMIT"))
            i += 2;
        else if (slice_is(arg[i], "BY") || slice_is(arg[i], "GET"))
            i++;
    }
    if (n > 1 && keys < max)
        pos[keys++] = 1;
    if (store && keys < max)
        pos[keys++] = store;
    return keys;
}

/* --- what other keys hold --- */

/* The place of the field in a pattern "key->field"; its length if there is none: "->" counts behind the '*'
 * and with something behind it. */
static size_t field_of(struct slice pattern, size_t star)
{
    for (size_t i = star + 1; i + 2 < pattern.n && pattern.p[i]; i++)
        if (pattern.p[i] == '-' && pattern.p[i + 1] == '>')
            return i;
    return pattern.n;
}

/* What the pattern stands for with the element in the place of its '*', added to *out; false: nothing. */
static bool look_up(struct call *c, struct slice pattern, struct slice element, struct buf *out)
{
    const char *star = find_star(pattern);
    struct buf name = {0};
    struct hash_item item;
    size_t at, end;
    bool found = false;
    struct key *k;

    if (slice_eq(pattern, SLICE("#"))) {
        buf_add_slice(out, element);
        return true;
    }
    if (!star)
        return false;
    at = (size_t)(star - pattern.p);
    end = field_of(pattern, at);
    buf_add(&name, pattern.p, at);
    buf_add_slice(&name, element);
    buf_add(&name, star + 1, end - at - 1);
    k = key_read(c, buf_slice(&name));
    if (k && k->type == KEY_STRING && end == pattern.n) {
        buf_add_slice(out, string_slice(k->string));
        found = true;
    } else if (k && k->type == KEY_HASH && end < pattern.n) {
        found = hash_get(k->hash, (struct slice){pattern.p + end + 2, pattern.n - end - 2}, &item);
        if (found)
            buf_add_slice(out, item.value);
    }
    buf_free(&name);
    return found;
}

/* --- elements --- */

static void take(struct elements *e, struct slice value)
{
    if (e->n == e->cap) {
        e->cap = e->cap ? e->cap * 2 : 64;
        e->v = mem_realloc(e->v, e->cap * sizeof *e->v);
    }
    e->v[e->n] = (struct element){.at = e->text.n, .n = value.n, .nth = e->n};
    e->n++;
    buf_add_slice(&e->text, value);
}

static struct slice element(const struct elements *e, size_t i)
{
    return (struct slice){e->text.p + e->v[i].at, e->v[i].n};
}

static void take_list(struct elements *e, const struct deque *d, bool reverse)
{
    struct deque_pos pos;

    for (bool ok = deque_seek(d, reverse ? -1 : 0, &pos); ok;
         ok = reverse ? deque_prev(&pos) : deque_next(&pos))
        take(e, deque_value(&pos));
}

static void take_zset(struct elements *e, const struct zset *z, bool reverse)
{
    struct zset_iter it;

    for (bool ok = zset_iter_at(&it, z, reverse ? zset_count(z) - 1 : 0); ok;
         ok = reverse ? zset_iter_prev(&it) : zset_iter_next(&it))
        take(e, it.item.member);
}

static void take_set(struct elements *e, const struct set *s)
{
    struct set_iter it;

    set_iter_begin(&it, s);
    while (set_iter_next(&it))
        take(e, it.item.member);
    set_iter_end(&it);
}

/* BY nosort keeps the order, or turns it round. */
static void take_all(struct elements *e, const struct key *k, const struct sort *a)
{
    bool reverse = a->as_it_is && a->desc;

    if (!k)
        return;
    if (k->type == KEY_LIST)
        take_list(e, k->list, reverse);
    else if (k->type == KEY_ZSET)
        take_zset(e, k->zset, reverse);
    else
        take_set(e, k->set);
}

/* --- order --- */

/* As C's strtod() takes the text, up to a zero byte: an empty one is 0. */
static bool score_of(struct slice text, double *score)
{
    char *copy = mem_strdup(text), *end;

    errno = 0;
    *score = strtod(copy, &end);
    if (*end || errno == ERANGE || isnan(*score)) {
        mem_free(copy);
        return false;
    }
    mem_free(copy);
    return true;
}

/* What each is sorted by. False: one is no number. What has no weight counts as 0, or comes first. */
static bool weigh(struct call *c, const struct sort *a, struct elements *e)
{
    bool good = true;

    for (size_t i = 0; i < e->n; i++) {
        struct element *x = &e->v[i];

        *x = (struct element){
            .at = x->at, .n = x->n, .nth = x->nth, .by_at = x->at, .by_n = x->n, .has_by = true};
        if (a->by.p) {
            struct buf value = {0};

            x->has_by = look_up(c, a->by, element(e, i), &value);
            x->by_at = e->text.n;
            x->by_n = value.n;
            buf_add_slice(&e->text, buf_slice(&value));
            buf_free(&value);
        }
        if (!a->alpha && x->has_by)
            good &= score_of((struct slice){e->text.p + x->by_at, x->by_n}, &x->score);
    }
    return good;
}

struct order {
    const struct sort *how;
    const char *text;
};

static int by_bytes(const char *text, size_t a, size_t an, size_t b, size_t bn)
{
    int d = an && bn ? memcmp(text + a, text + b, an < bn ? an : bn) : 0;

    return d ? d : (an > bn) - (an < bn);
}

static int by_order(const void *left, const void *right, void *arg)
{
    const struct element *a = left, *b = right;
    const struct order *o = arg;
    int d;

    if (o->how->alpha)
        d = a->has_by && b->has_by ? by_bytes(o->text, a->by_at, a->by_n, b->by_at, b->by_n)
                                   : a->has_by - b->has_by;
    else if (a->score != b->score)
        d = a->score > b->score ? 1 : -1;
    else
        d = by_bytes(o->text, a->at, a->n, b->at, b->n);
    if (d == 0)
        return a->nth > b->nth ? 1 : -1;
    return o->how->desc ? -d : d;
}

/* What is stored of a set, or given to a script, has an order: by its bytes, if by nothing else. */
static int put_in_order(struct call *c, struct sort *a, const struct key *k, struct elements *e)
{
    struct order o = {.how = a};

    if (a->as_it_is && (a->store.p || c->service->scripts.running) && k && k->type == KEY_SET) {
        a->alpha = true;
        a->as_it_is = false;
        a->by.p = NULL;
    }
    if (a->as_it_is)
        return OK;
    if (!weigh(c, a, e))
        return call_fail(c, "ERR One or more scores can't be converted into double");
    o.text = e->text.p;
    if (e->n)
        qsort_r(e->v, e->n, sizeof *e->v, by_order, &o);
    return OK;
}

/* --- the answer --- */

/* The part that LIMIT leaves: from *first on, how many. */
static size_t part(const struct sort *a, size_t n, size_t *first)
{
    size_t left;

    *first = a->offset <= 0 ? 0 : (uint64_t)a->offset < n ? (size_t)a->offset : n;
    left = n - *first;
    return a->count < 0 || (uint64_t)a->count > left ? left : (size_t)a->count;
}

static void reply_part(struct call *c, const struct sort *a, const struct elements *e, size_t first, size_t n)
{
    reply_array(c->reply, n * (a->gets ? a->gets : 1));
    for (size_t i = first; i < first + n; i++) {
        if (!a->gets)
            reply_bulk(c->reply, element(e, i));
        for (size_t g = 0; g < a->gets; g++) {
            struct buf value = {0};

            if (look_up(c, c->arg[a->get[g]], element(e, i), &value))
                reply_bulk(c->reply, buf_slice(&value));
            else
                reply_null(c->reply);
            buf_free(&value);
        }
    }
}

/* What a GET does not find is stored as an empty string. */
static void store_part(struct call *c, const struct sort *a, const struct elements *e, size_t first, size_t n)
{
    size_t all = n * (a->gets ? a->gets : 1), done = 0;
    struct slice *v = mem_alloc(all * sizeof *v);
    size_t *end = mem_alloc(all * sizeof *end);
    struct buf text = {0};

    for (size_t i = first; i < first + n; i++) {
        if (!a->gets)
            v[done++] = element(e, i);
        for (size_t g = 0; g < a->gets; g++) {
            look_up(c, c->arg[a->get[g]], element(e, i), &text);
            end[done++] = text.n;
        }
    }
    for (size_t i = 0, at = 0; a->gets && i < all; at = end[i++])
        v[i] = (struct slice){text.p + at, end[i] - at};
    key_write(c, a->store);
    change_list_store(c->broker, c->db, a->store, v, all, EVENT_SORTSTORE);
    reply_int(c->reply, (int64_t)all);
    buf_free(&text);
    mem_free(end);
    mem_free(v);
}

static int sort(struct call *c, struct sort *a)
{
    struct elements e = {0};
    struct key *k = key_read(c, c->arg[1]);
    size_t first, n;
    int err;

    if (k && k->type != KEY_LIST && k->type != KEY_SET && k->type != KEY_ZSET)
        return ERR_TYPE;
    take_all(&e, k, a);
    if ((err = put_in_order(c, a, k, &e)) == OK) {
        n = part(a, e.n, &first);
        if (a->store.p)
            store_part(c, a, &e, first, n);
        else
            reply_part(c, a, &e, first, n);
    }
    mem_free(e.v);
    buf_free(&e.text);
    return err;
}

static int sort_command(struct call *c, bool may_store)
{
    struct sort a;
    int err = sort_parse(c, may_store, &a);

    if (err == OK)
        err = sort(c, &a);
    mem_free(a.get);
    return err;
}

int cmd_sort(struct call *c)
{
    return sort_command(c, true);
}

int cmd_sort_ro(struct call *c)
{
    return sort_command(c, false);
}
