/* cmd/member_scan_cmds.c - HSCAN, SSCAN, ZSCAN. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"
#include "scan_args.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/zset.h"

struct scan {
    struct call *c;
    struct scan_args args;
    size_t seen; /* members met, whether they match or not */
    size_t words;
};

static bool take(struct scan *s, struct slice member)
{
    s->seen++;
    if (s->args.pattern.p && !slice_glob(s->args.pattern, member, false))
        return false;
    reply_bulk(s->c->reply, member);
    s->words++;
    return true;
}

static void take_field(const struct hash_item *item, void *arg)
{
    struct scan *s = arg;

    if (!take(s, item->field) || s->args.no_values)
        return;
    reply_bulk(s->c->reply, item->value);
    s->words++;
}

static void take_member(struct slice member, void *arg)
{
    take(arg, member);
}

/* A score is a bulk string here in RESP3, too. */
static void take_scored(struct slice member, double score, void *arg)
{
    struct scan *s = arg;
    char text[32];

    if (!take(s, member))
        return;
    reply_bulk(s->c->reply, (struct slice){text, num_put_double(text, sizeof text, score)});
    s->words++;
}

static uint64_t scan_step(struct scan *s, const struct key *k)
{
    switch (k->type) {
    case KEY_HASH:
        return hash_scan(k->hash, s->args.cursor, take_field, s);
    case KEY_SET:
        return set_scan(k->set, s->args.cursor, take_member, s);
    default:
        return zset_scan(k->zset, s->args.cursor, take_scored, s);
    }
}

static void scan_walk(struct scan *s, const struct key *k)
{
    uint64_t steps = s->args.count < INT64_MAX / SCAN_EMPTY_FACTOR
                         ? (uint64_t)s->args.count * SCAN_EMPTY_FACTOR
                         : INT64_MAX;

    do
        s->args.cursor = scan_step(s, k);
    while (s->args.cursor && --steps && s->seen < (uint64_t)s->args.count &&
           !outbox_over(&s->c->session->out));
}

/* The options are looked at only if there is a key: so it is in Redis. */
static int scan(struct call *c, enum key_type type, int may)
{
    struct scan s = {.c = c};
    struct key *k;
    uint64_t cursor, members;
    int err;

    if ((err = scan_cursor(c, 2, &s.args)) != OK || (err = key_read_as(c, c->arg[1], type, &k)) != OK ||
        (k && (err = scan_options(c, 3, may, &s.args)) != OK))
        return err;
    reply_array(c->reply, 2);
    if (!k) {
        reply_bulk_u64(c->reply, 0);
        reply_array(c->reply, 0);
        return OK;
    }
    cursor = outbox_pos(c->reply->out);
    members = reply_later(c->reply, 0);
    scan_walk(&s, k);
    reply_fill_array(c->reply, members, s.words);
    reply_insert_u64(c->reply, cursor, s.args.cursor);
    return OK;
}

int cmd_hscan(struct call *c)
{
    return scan(c, KEY_HASH, SCAN_MAY_NOVALUES);
}

int cmd_sscan(struct call *c)
{
    return scan(c, KEY_SET, 0);
}

int cmd_zscan(struct call *c)
{
    return scan(c, KEY_ZSET, 0);
}
