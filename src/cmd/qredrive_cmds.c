/* cmd/qredrive_cmds.c - QREDRIVE: the dead are given another try. */
#include "base/err.h"
#include "base/num.h"
#include "queue/redrive.h"
#include "stream_args.h"
#include <stdlib.h>

struct redrive_args {
    struct redrive r;
    struct slice group; /* p NULL: letters are meant */
    struct ids ids;     /* of IDS; r.id when they were given */
};

/* numids id [id ...], from arg[*i] on, which is the last word of it afterwards. */
static int parse_ids(struct call *c, size_t *i, struct redrive_args *a)
{
    size_t left = c->n - *i - 1;
    int64_t n;

    if (!num_i64(c->arg[*i], &n) || n < 1)
        return call_fail(c, "ERR numids must be a positive integer");
    if ((uint64_t)n > left)
        return call_fail(c, "ERR number of IDs doesn't match numids");
    ids_parse(&a->ids, c->arg + *i + 1, (size_t)n);
    if (a->ids.n < (size_t)n)
        return ERR_ID;
    a->r.id = a->ids.v;
    *i += (size_t)n;
    return OK;
}

static int parse_reason(struct call *c, struct slice text, struct redrive_args *a)
{
    if (text.n && death_parse(text, &a->r.reason))
        return OK;
    return call_fail(c, "ERR REASON must be maxdeliver, rejected, expired or overflow");
}

static int parse_count(struct call *c, struct slice text, struct redrive_args *a)
{
    int64_t n;

    if (!num_i64(text, &n) || n < 1 || n > REDRIVE_COUNT_MAX)
        return call_fail(c, "ERR COUNT must be from 1 to %d", REDRIVE_COUNT_MAX);
    a->r.count = (size_t)n;
    return OK;
}

/* The option at arg[*i], whose last word it is afterwards. */
static int parse_option(struct call *c, size_t *i, struct redrive_args *a)
{
    struct slice word = c->arg[*i], value;

    if (slice_is(word, "DRYRUN")) {
        a->r.dry = true;
        return OK;
    }
    if (*i + 1 == c->n)
        return ERR_SYNTAX;
    value = c->arg[++*i];
    if (slice_is(word, "TO"))
        a->r.to = value;
    else if (slice_is(word, "GROUP"))
        a->group = value;
    else if (slice_is(word, "REASON"))
        return parse_reason(c, value, a);
    else if (slice_is(word, "COUNT"))
        return parse_count(c, value, a);
    else if (slice_is(word, "IDS") && !a->r.id)
        return parse_ids(c, i, a);
    else
        return ERR_SYNTAX;
    return OK;
}

static int by_id(const void *a, const void *b)
{
    return stream_id_cmp(*(const struct stream_id *)a, *(const struct stream_id *)b);
}

/* Rising, each once. */
static void sort_ids(struct redrive_args *a)
{
    struct ids *ids = &a->ids;
    size_t n = 0;

    qsort(ids->v, ids->n, sizeof *ids->v, by_id);
    for (size_t i = 0; i < ids->n; i++)
        if (n == 0 || stream_id_cmp(ids->v[i], ids->v[n - 1]) != 0)
            ids->v[n++] = ids->v[i];
    a->r.n = n;
}

static int redrive_parse(struct call *c, struct redrive_args *a)
{
    int err = OK;

    *a = (struct redrive_args){.r.count = REDRIVE_COUNT};
    a->ids.v = a->ids.room;
    for (size_t i = 2; i < c->n && err == OK; i++)
        err = parse_option(c, &i, a);
    if (err == OK && a->group.p && a->r.to.p)
        err = ERR_SYNTAX;
    if (err == OK && a->r.to.p && slice_eq(a->r.to, c->arg[1]))
        err = call_fail(c, "ERR TO must not be the queue that is redriven");
    if (a->r.id)
        sort_ids(a);
    return err;
}

static int revive(struct call *c, const struct redrive_args *a, const struct stream *s, struct redriven *done)
{
    struct group *g = s ? stream_group(s, a->group) : NULL;
    struct queue_at at;

    if (!g)
        return fail_no_group_of(c, a->group, c->arg[1]);
    if (queue_at(&at, c->broker, c->db, c->arg[1], s, c->now))
        queue_revive(&at, g, &a->r, done);
    return OK;
}

static int redrive(struct call *c, const struct redrive_args *a, const struct stream *s,
                   struct redriven *done)
{
    const struct stream *to;
    int err = a->r.to.p ? stream_write(c, a->r.to, &to) : OK;

    if (err == OK && s)
        queue_redrive(&(struct queue_place){c->broker, c->db, c->arg[1], s}, &a->r, c->now, done);
    return err;
}

/* QREDRIVE key [TO key] [REASON reason] [COUNT n] [DRYRUN] [IDS n id ...], or with GROUP g in place of TO */
int cmd_qredrive(struct call *c)
{
    struct redriven done = {0};
    struct redrive_args a;
    const struct stream *s;
    int err = redrive_parse(c, &a);

    if (err == OK)
        err = stream_write(c, c->arg[1], &s);
    if (err == OK)
        err = a.group.p ? revive(c, &a, s, &done) : redrive(c, &a, s, &done);
    if (err == OK) {
        reply_array(c->reply, 3);
        reply_int(c->reply, (int64_t)done.moved);
        reply_int(c->reply, (int64_t)done.skipped);
        reply_int(c->reply, (int64_t)done.left);
    }
    ids_free(&a.ids);
    return err;
}

/* The target of TO is a key, too. */
size_t keys_redrive(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    size_t keys = 0, to = 0;
    int64_t ids;

    for (size_t i = 2; i + 1 < n; i++) {
        if (slice_is(arg[i], "DRYRUN"))
            continue;
        if (slice_is(arg[i], "TO"))
            to = i + 1;
        if (slice_is(arg[i], "IDS") && num_i64(arg[i + 1], &ids) && ids > 0)
            i += (uint64_t)ids < n - i ? (size_t)ids : n - i - 1;
        i++;
    }
    if (n > 1 && keys < max)
        pos[keys++] = 1;
    if (to && keys < max)
        pos[keys++] = to;
    return keys;
}
