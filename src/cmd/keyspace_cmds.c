/* cmd/keyspace_cmds.c - commands that meet keys otherwise than by their names: KEYS, SCAN, RANDOMKEY. */
#include "base/err.h"
#include "broker/change.h"
#include "handlers.h"
#include "scan_args.h"

/* --- KEYS --- */

static bool matches(struct slice pattern, const struct key *k)
{
    return slice_eq(pattern, SLICE("*")) || slice_glob(pattern, key_name(k), false);
}

/* The walk ends where the client is to be closed for what it has been answered. Keys past their time are only
 * left out: there may be a million of them. */
int cmd_keys(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    struct dict_iter it;
    struct key *k;
    size_t n = 0;

    dict_iter_begin(&it, &c->broker->db[c->db].keys);
    while (!outbox_over(&c->session->out) && (k = dict_iter_next(&it))) {
        if (!matches(c->arg[1], k) || key_expired(k, c->now.wall))
            continue;
        reply_bulk(c->reply, key_name(k));
        n++;
    }
    dict_iter_end(&it);
    reply_fill_array(c->reply, place, n);
    return OK;
}

/* --- SCAN --- */

struct scan {
    struct scan_args args;
    struct buf found; /* struct key * */
};

static bool wanted(const struct scan *s, const struct key *k)
{
    return (!s->args.pattern.p || slice_glob(s->args.pattern, key_name(k), false)) &&
           (!s->args.type.p || slice_is(s->args.type, key_type_name(k->type)));
}

/* The keys met are gathered first: those past their time are removed, and a walk must not see that. */
int cmd_scan(struct call *c)
{
    struct scan s = {0};
    struct key **k;
    uint64_t place;
    size_t n = 0;
    int err = scan_cursor(c, 1, &s.args);

    if (err == OK)
        err = scan_options(c, 2, SCAN_MAY_TYPE, &s.args);

    if (err != OK)
        return err;
    scan_keys(&c->broker->db[c->db].keys, &s.args, &s.found);
    reply_array(c->reply, 2);
    reply_bulk_u64(c->reply, s.args.cursor);
    place = reply_later(c->reply, 0);
    k = (struct key **)(void *)s.found.p;
    for (size_t i = 0; i < s.found.n / sizeof *k && !outbox_over(&c->session->out); i++) {
        if (key_end(c, k[i]) || !wanted(&s, k[i]))
            continue;
        reply_bulk(c->reply, key_name(k[i]));
        n++;
    }
    reply_fill_array(c->reply, place, n);
    buf_free(&s.found);
    return OK;
}

/* --- RANDOMKEY --- */

/* All but a few have run out: the first that has not. */
static const struct key *first_live(struct call *c, struct dict *keys)
{
    struct dict_iter it;
    const struct key *k;

    dict_iter_begin(&it, keys);
    while ((k = dict_iter_next(&it)) && key_expired(k, c->now.wall))
        ;
    dict_iter_end(&it);
    return k;
}

int cmd_randomkey(struct call *c)
{
    struct dict *keys = &c->broker->db[c->db].keys;
    const struct key *found = NULL;
    struct key *k = NULL;

    for (int tries = 0; tries < 100 && !found; tries++) {
        if (!(k = dict_random(keys, random_next(&c->service->random))))
            break;
        found = key_end(c, k) ? NULL : k;
    }
    if (!found && k)
        found = first_live(c, keys);
    if (found)
        reply_bulk(c->reply, key_name(found));
    else
        reply_null(c->reply);
    return OK;
}
