/* cmd/xinfo_cmds.c - XINFO: what streams, groups and consumers are like. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/idmp.h"
#include "stream_args.h"

static int info_stream(struct call *c, const struct stream **s)
{
    int err = stream_read(c, c->arg[2], s);

    return err == OK && !*s ? ERR_NO_KEY : err;
}

/* --- pairs of a map --- */

static void pair_int(struct call *c, const char *name, uint64_t v)
{
    reply_bulk_str(c->reply, name);
    reply_int(c->reply, (int64_t)v);
}

static void pair_id(struct call *c, const char *name, struct stream_id id)
{
    reply_bulk_str(c->reply, name);
    reply_stream_id(c->reply, id);
}

static void pair_slice(struct call *c, const char *name, struct slice v)
{
    reply_bulk_str(c->reply, name);
    reply_bulk(c->reply, v);
}

static void pair_known(struct call *c, const char *name, int64_t v, int64_t unknown)
{
    reply_bulk_str(c->reply, name);
    if (v == unknown)
        reply_null(c->reply);
    else
        reply_int(c->reply, v);
}

static void pair_entry(struct call *c, const char *name, const struct entry *e)
{
    reply_bulk_str(c->reply, name);
    if (e)
        entry_reply(e, c->reply);
    else
        reply_null(c->reply);
}

/* --- XINFO STREAM --- */

static void reply_numbers(struct call *c, const struct stream_stats *st)
{
    pair_int(c, "length", st->length);
    pair_int(c, "radix-tree-keys", st->nodes); /* our nodes are what Redis keeps under a key each */
    pair_int(c, "radix-tree-nodes", st->nodes + 1);
    pair_id(c, "last-generated-id", st->last_id);
    pair_id(c, "max-deleted-entry-id", st->max_deleted_id);
    pair_int(c, "entries-added", st->entries_added);
    pair_id(c, "recorded-first-entry-id", st->first_id);
}

static void reply_idmp(struct call *c, const struct idmp *m)
{
    struct idmp_limits limits = m ? m->limits : IDMP_LIMITS;

    pair_int(c, "idmp-duration", limits.duration);
    pair_int(c, "idmp-maxsize", limits.maxsize);
    pair_int(c, "pids-tracked", m ? dict_count(&m->producers) : 0);
    pair_int(c, "iids-tracked", m ? m->ids : 0);
    pair_int(c, "iids-added", m ? m->added : 0);
    pair_int(c, "iids-duplicates", m ? m->duplicates : 0);
}

static void reply_short(struct call *c, const struct stream *s)
{
    struct stream_stats st;
    struct stream_pos pos;
    struct stream_back back;
    struct entry first, last;

    stream_stats(s, &st);
    reply_map(c->reply, 16);
    reply_numbers(c, &st);
    reply_idmp(c, stream_idmp(s));
    pair_int(c, "groups", stream_group_count(s));
    stream_seek(s, STREAM_ID_MIN, &pos);
    pair_entry(c, "first-entry", stream_next(s, &pos, &first) ? &first : NULL);
    stream_seek_back(s, STREAM_ID_MAX, &back);
    pair_entry(c, "last-entry", stream_prev(s, &back, &last) ? &last : NULL);
}

static void reply_entries(struct call *c, const struct stream *s, uint64_t max)
{
    struct stream_pos pos;
    struct entry e;
    uint64_t place = reply_later(c->reply, 0);
    size_t n = 0;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (n < max && stream_next(s, &pos, &e)) {
        entry_reply(&e, c->reply);
        n++;
    }
    reply_fill_array(c->reply, place, n);
}

static void reply_group_pending(struct call *c, const struct group *g, uint64_t max)
{
    struct pel_pos pos;
    struct pending p;
    size_t n = pel_count(&g->pel) < max ? pel_count(&g->pel) : max;

    reply_array(c->reply, n);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (n-- && pel_next(&pos, &p)) {
        const struct consumer *owner = group_owner(g, &p);

        reply_array(c->reply, 4);
        reply_stream_id(c->reply, p.id);
        reply_bulk(c->reply, owner ? consumer_name(owner) : SLICE(""));
        reply_int(c->reply, owner ? p.time : 0);
        reply_int(c->reply, (int64_t)p.count);
    }
}

static void reply_consumer_pending(struct call *c, const struct group *g, const struct consumer *who,
                                   uint64_t max)
{
    struct stream_id from = STREAM_ID_MIN;
    struct pending p;
    size_t n = who->pending < max ? who->pending : max;

    reply_array(c->reply, n);
    while (n-- && pel_seek_owner(&g->pel, from, who->slot, &p)) {
        reply_array(c->reply, 3);
        reply_stream_id(c->reply, p.id);
        reply_int(c->reply, p.time);
        reply_int(c->reply, (int64_t)p.count);
        from = p.id;
        stream_id_next(&from);
    }
}

static void reply_full_consumers(struct call *c, const struct group *g, uint64_t max)
{
    size_t n;
    struct consumer **all = group_consumers_sorted(g, &n);

    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) {
        reply_map(c->reply, 5);
        pair_slice(c, "name", consumer_name(all[i]));
        pair_int(c, "seen-time", (uint64_t)all[i]->seen);
        pair_int(c, "active-time", (uint64_t)all[i]->active);
        pair_int(c, "pel-count", all[i]->pending);
        reply_bulk_str(c->reply, "pending");
        reply_consumer_pending(c, g, all[i], max);
    }
    mem_free(all);
}

static void reply_full_group(struct call *c, const struct stream *s, const struct group *g, uint64_t max)
{
    reply_map(c->reply, 8);
    pair_slice(c, "name", group_name(g));
    pair_id(c, "last-delivered-id", g->last_id);
    pair_known(c, "entries-read", g->entries_read, -1);
    pair_known(c, "lag", stream_lag(s, g), STREAM_LAG_UNKNOWN);
    pair_int(c, "pel-count", pel_count(&g->pel));
    pair_int(c, "nacked-count", g->nacked);
    reply_bulk_str(c->reply, "pending");
    reply_group_pending(c, g, max);
    reply_bulk_str(c->reply, "consumers");
    reply_full_consumers(c, g, max);
}

static void reply_full(struct call *c, const struct stream *s, uint64_t max)
{
    struct stream_stats st;
    size_t n;
    struct group **all = stream_groups_sorted(s, &n);

    stream_stats(s, &st);
    reply_map(c->reply, 15);
    reply_numbers(c, &st);
    reply_idmp(c, stream_idmp(s));
    reply_bulk_str(c->reply, "entries");
    reply_entries(c, s, max);
    reply_bulk_str(c->reply, "groups");
    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++)
        reply_full_group(c, s, all[i], max);
    mem_free(all);
}

#define FULL_COUNT 10 /* entries, and pending ones of each list, unless COUNT says otherwise */

/* FULL [COUNT n]: 0 is all of them. */
static int full_parse(struct call *c, uint64_t *max)
{
    int64_t count = FULL_COUNT;

    if ((c->n != 4 && c->n != 6) || !slice_is(c->arg[3], "FULL") ||
        (c->n == 6 && !slice_is(c->arg[4], "COUNT")))
        return call_bad_subcommand(c);
    if (c->n == 6 && !num_i64(c->arg[5], &count))
        return ERR_INT;
    if (count < 0)
        count = FULL_COUNT;
    *max = count ? (uint64_t)count : UINT64_MAX;
    return OK;
}

int cmd_xinfo_stream(struct call *c)
{
    const struct stream *s;
    uint64_t max = 0;
    int err = info_stream(c, &s);

    if (err != OK)
        return err;
    if (c->n == 3) {
        reply_short(c, s);
        return OK;
    }
    if ((err = full_parse(c, &max)) == OK)
        reply_full(c, s, max);
    return err;
}

/* --- XINFO GROUPS, CONSUMERS, HELP --- */

int cmd_xinfo_groups(struct call *c)
{
    const struct stream *s;
    struct group **all;
    size_t n;
    int err = info_stream(c, &s);

    if (err != OK)
        return err;
    all = stream_groups_sorted(s, &n);
    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) {
        reply_map(c->reply, 6);
        pair_slice(c, "name", group_name(all[i]));
        pair_int(c, "consumers", dict_count(&all[i]->consumers));
        pair_int(c, "pending", pel_count(&all[i]->pel));
        pair_id(c, "last-delivered-id", all[i]->last_id);
        pair_known(c, "entries-read", all[i]->entries_read, -1);
        pair_known(c, "lag", stream_lag(s, all[i]), STREAM_LAG_UNKNOWN);
    }
    mem_free(all);
    return OK;
}

static msec since(const struct call *c, msec time)
{
    return c->now.wall > time ? c->now.wall - time : 0;
}

int cmd_xinfo_consumers(struct call *c)
{
    const struct stream *s;
    const struct group *g;
    struct consumer **all;
    size_t n;
    int err = info_stream(c, &s);

    if (err != OK)
        return err;
    if (!(g = stream_group(s, c->arg[3])))
        return fail_no_group_of(c, c->arg[3], c->arg[2]);
    all = group_consumers_sorted(g, &n);
    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) {
        reply_map(c->reply, 4);
        pair_slice(c, "name", consumer_name(all[i]));
        pair_int(c, "pending", all[i]->pending);
        pair_int(c, "idle", (uint64_t)since(c, all[i]->seen));
        pair_int(c, "inactive", all[i]->active < 0 ? (uint64_t)-1 : (uint64_t)since(c, all[i]->active));
    }
    mem_free(all);
    return OK;
}

int cmd_xinfo_help(struct call *c)
{
    static const char *const line[] = {
        "CONSUMERS <key> <group>",
        "    The consumers of a group.",
        "GROUPS <key>",
        "    The groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    What a stream is made of; FULL: with its entries, groups and consumers.",
        NULL,
    };

    return reply_help(c, line);
}
