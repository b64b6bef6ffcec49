/* random_pick.c - see random_pick.h. */
#include "random_pick.h"
#include "base/mem.h"
#include "base/num.h"

#include <limits.h>

/* With repetition a client may ask for more than there is: this many at most, or one command would fill
 * the memory with its reply. */
#define PICKS_MAX 10000000

/* --- distinct ones --- */

typedef void take_fn(const struct picked *item, void *arg);

/* Takes each of what is left with the chance that is right for it (selection sampling, D. Knuth, The Art of
 * Computer Programming 3.4.2, algorithm S). */
struct selection {
    struct random *random;
    size_t left, wanted;
    take_fn *fn;
    void *arg;
};

static void select_one(const struct picked *item, void *arg)
{
    struct selection *s = arg;

    if (s->wanted && random_below(s->random, s->left) < s->wanted) {
        s->fn(item, s->arg);
        s->wanted--;
    }
    s->left--;
}

/* Few of many: picks, and picks again what it has had, known by the address of the member. */
static bool seen_add(const char **seen, size_t mask, const char *member)
{
    size_t at = ((uintptr_t)member >> 3) * 0x9e3779b97f4a7c15u >> 20;

    while (seen[at & mask] && seen[at & mask] != member)
        at++;
    if (seen[at & mask])
        return false;
    seen[at & mask] = member;
    return true;
}

static void pick_few(struct random *random, const struct pick_from *from, const void *value, size_t n,
                     take_fn *fn, void *arg)
{
    size_t slots = 16;
    const char **seen;
    struct picked item;

    while (slots < 2 * n)
        slots *= 2;
    seen = mem_zalloc(slots * sizeof *seen);
    while (n) {
        from->one(value, random_next(random), &item);
        if (!seen_add(seen, slots - 1, item.member.p))
            continue;
        fn(&item, arg);
        n--;
    }
    mem_free(seen);
}

void pick_distinct(struct call *c, const struct pick_from *from, const void *value, size_t n, take_fn *fn,
                   void *arg)
{
    struct selection s = {&c->service->random, from->count(value), n, fn, arg};

    if (n > s.left / 3 || from->compact(value))
        from->each(value, select_one, &s);
    else
        pick_few(s.random, from, value, n, fn, arg);
}

/* --- the commands --- */

struct pick {
    struct call *c;
    const struct pick_from *from;
    bool with;
};

static void reply_one(const struct picked *item, void *arg)
{
    struct pick *p = arg;

    p->from->reply(p->c, item, p->with);
}

static void reply_head(struct pick *p, size_t n)
{
    reply_array(p->c->reply, p->with && p->c->reply->proto == 2 ? 2 * n : n);
}

static void reply_repeated(struct pick *p, const void *value, size_t n)
{
    struct picked item;

    reply_head(p, n);
    while (n--) {
        p->from->one(value, random_next(&p->c->service->random), &item);
        reply_one(&item, p);
    }
}

static void reply_some(struct pick *p, const void *value, size_t n)
{
    reply_head(p, n);
    pick_distinct(p->c, p->from, value, n, reply_one, p);
}

static int parse_count(struct call *c, const struct pick_from *from, int64_t *count, bool *with)
{
    if (!from->with && c->n > 3)
        return ERR_SYNTAX;
    if (!num_i64(c->arg[2], count))
        return ERR_INT;
    if (*count == INT64_MIN)
        return call_fail(c, "ERR value is out of range, value must between %lld and %lld", -LLONG_MAX,
                         LLONG_MAX);
    *with = c->n > 3;
    if (c->n > 4 || (*with && !slice_is(c->arg[3], from->with)))
        return ERR_SYNTAX;
    if (*count < -PICKS_MAX || (*with && *count > INT64_MAX / 2))
        return call_fail(c, "ERR value is out of range");
    return OK;
}

static int pick_single(struct call *c, const struct pick_from *from, const struct key *k)
{
    struct picked item;

    if (!k) {
        reply_null(c->reply);
        return OK;
    }
    from->one(k->value, random_next(&c->service->random), &item);
    from->reply(c, &item, false);
    return OK;
}

int pick_run(struct call *c, const struct pick_from *from)
{
    struct pick p = {.c = c, .from = from};
    int64_t count = 0;
    size_t have;
    struct key *k;
    int err;

    if (c->n > 2 && (err = parse_count(c, from, &count, &p.with)) != OK)
        return err;
    if ((err = key_read_as(c, c->arg[1], from->type, &k)) != OK)
        return err;
    if (c->n == 2)
        return pick_single(c, from, k);
    if (!k || count == 0) {
        reply_array(c->reply, 0);
        return OK;
    }
    have = from->count(k->value);
    if (count < 0)
        reply_repeated(&p, k->value, (size_t)-count);
    else
        reply_some(&p, k->value, (size_t)count < have ? (size_t)count : have);
    return OK;
}
