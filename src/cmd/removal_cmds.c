/* cmd/removal_cmds.c - XDELEX and XACKDEL: messages go with regard to the groups that refer to them. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "stream_args.h"

struct removal_args {
    enum refs_policy refs;
    const struct slice *id;
    size_t n;
};

/* IDS numids id [id ...], from arg[*i] on, whose last word it is afterwards. */
static int parse_listed(struct call *c, size_t *i, struct removal_args *a)
{
    int64_t n;

    if (!num_i64(c->arg[++*i], &n) || n < 1)
        return call_fail(c, "ERR Number of IDs must be a positive integer");
    if ((uint64_t)n > c->n - *i - 1)
        return call_fail(c, "ERR The `numids` parameter must match the number of arguments");
    a->id = c->arg + *i + 1;
    a->n = (size_t)n;
    *i += a->n;
    return OK;
}

static int parse_removal(struct call *c, size_t from, struct removal_args *a)
{
    bool refs_given = false;
    int err = OK;

    *a = (struct removal_args){.refs = REFS_KEEP};
    for (size_t i = from; i < c->n && err == OK; i++) {
        if (!refs_given && (refs_given = parse_refs(c->arg[i], &a->refs)))
            continue;
        if (a->id || i + 1 == c->n || !slice_is(c->arg[i], "IDS"))
            return ERR_SYNTAX;
        err = parse_listed(c, &i, a);
    }
    return err != OK || a->id ? err : call_fail(c, "ERR IDS option is required");
}

/* `of`: the group that acknowledges them, if it is about one. */
static int remove_listed(struct call *c, const struct removal_args *a, struct group *of)
{
    int8_t room[IDS_ROOM], *outcome = a->n <= IDS_ROOM ? room : mem_alloc(a->n);
    struct ids ids;
    int err = OK;

    ids_parse(&ids, a->id, a->n);
    if (ids.n == a->n) {
        change_remove(c->broker, c->db, c->arg[1], of, a->refs, ids.v, ids.n, outcome);
        reply_array(c->reply, a->n);
        for (size_t i = 0; i < a->n; i++)
            reply_int(c->reply, outcome[i]);
    } else {
        err = ERR_ID;
    }
    ids_free(&ids);
    if (outcome != room)
        mem_free(outcome);
    return err;
}

/* Without the stream, or the group, there is nothing. The ids are not looked at. */
static void reply_nothing(struct call *c, size_t n)
{
    reply_array(c->reply, n);
    while (n--)
        reply_int(c->reply, REMOVAL_NONE);
}

int cmd_xdelex(struct call *c)
{
    struct removal_args a;
    const struct stream *s;
    int err;

    if ((err = stream_write(c, c->arg[1], &s)) != OK || (err = parse_removal(c, 2, &a)) != OK)
        return err;
    if (s)
        return remove_listed(c, &a, NULL);
    reply_nothing(c, a.n);
    return OK;
}

int cmd_xackdel(struct call *c)
{
    struct removal_args a;
    const struct stream *s;
    struct group *g;
    int err;

    if ((err = stream_write(c, c->arg[1], &s)) != OK || (err = parse_removal(c, 3, &a)) != OK)
        return err;
    g = s ? stream_group(s, c->arg[2]) : NULL;
    if (g)
        return remove_listed(c, &a, g);
    reply_nothing(c, a.n);
    return OK;
}
