/* queue/add.c - see queue/add.h. */
#include "queue/add.h"

#include "base/err.h"
#include "broker/change_delay.h"
#include "broker/change_stream.h"
#include "queue/room.h"

bool queue_asks_headers(struct broker *b, int db, struct slice name, const struct stream *s, struct now now)
{
    struct queue_at at;
    struct rules rules;
    bool heeds;

    if (s)
        return queue_at(&at, b, db, name, s, now) && at.rules->headers;
    if (b->origin == ORIGIN_REPLAY || policies_in(&b->policies, db) == 0)
        return false;
    policy_resolve(&b->policies, db, name, false, &rules, NULL);
    heeds = rules.headers;
    rules_free(&rules);
    return heeds;
}

static const struct stream *stream_at(const struct broker *b, int db, struct slice name)
{
    const struct key *k = db_find(b, db, name);

    return k ? k->stream : NULL;
}

bool queue_knows(const struct stream *s, const struct addition *a, struct now now, struct added *out)
{
    struct seen seen;

    if (!a->dedup.n || !s || !stream_inbox(s) || !windows_find(&stream_inbox(s)->windows, a->dedup, &seen) ||
        now.wall >= seen.until)
        return false;
    *out = (struct added){ADDED_BEFORE, seen.id};
    return true;
}

static bool too_large(const struct addition *a)
{
    size_t bytes = slices_bytes(a->field, a->n);

    return bytes > STREAM_ENTRY_MAX || a->dedup.n > STREAM_ENTRY_MAX - bytes;
}

static bool dedup_full(const struct broker *b, const struct stream *s, const struct addition *a)
{
    return a->dedup.n && s && stream_inbox(s) &&
           windows_count(&stream_inbox(s)->windows) >= b->queue_dedup_max;
}

static int admit(struct broker *b, int db, struct slice name, const struct stream *s,
                 const struct addition *a, struct now now, struct added *out)
{
    int err = queue_paused(b, db, name, s, now);

    if (err != OK)
        return err;
    out->what = a->due > now.wall ? ADDED_DELAYED : ADDED_NOW;
    if (out->what == ADDED_DELAYED)
        out->id = delayed_next_id(s, a->due);
    else
        err = stream_next_id(s, a->want, a->id, now.wall, &out->id);
    if (err == OK && too_large(a))
        err = ERR_TOO_LARGE;
    if (err == OK && dedup_full(b, s, a))
        err = ERR_DEDUP_FULL;
    return err == OK ? queue_admit(b, db, name, s, slices_bytes(a->field, a->n), now) : err;
}

static void add_delayed(struct broker *b, int db, struct slice name, const struct addition *a, struct now now,
                        struct stream_id id)
{
    struct delayed_message m = {
        .id = id, .added = now.wall, .ttl = a->ttl, .level = a->level, .dedup = a->dedup, .n = a->n};

    change_delay_add(b, db, name, &m, a->field);
}

static void add_now(struct broker *b, int db, struct slice name, const struct stream *s,
                    const struct addition *a, struct now now, struct stream_id id)
{
    msec arrival = stream_next_arrival(s, now.wall);
    struct entry_attrs attrs = {
        .arrival = arrival, .expires = a->ttl ? arrival + a->ttl : 0, .level = a->level};
    char room[STREAM_ID_TEXT];

    change_xadd(b, db, name, id, (struct slice){room, stream_id_put(room, id)}, a->field, a->n,
                entry_attrs_are_plain(&attrs, id) ? NULL : &attrs, NULL, NULL);
    if (a->ttl)
        change_queue_make(b, db, name);
    queue_added(b, db, name, stream_at(b, db, name), now);
}

int queue_add(struct broker *b, int db, struct slice name, const struct addition *a, struct now now,
              struct added *out)
{
    const struct stream *s = stream_at(b, db, name);
    int err;

    *out = (struct added){.what = ADDED_NOT};
    if ((!s && a->no_make) || queue_knows(s, a, now, out))
        return OK;
    if ((err = admit(b, db, name, s, a, now, out)) != OK)
        return err;
    if (out->what == ADDED_DELAYED)
        add_delayed(b, db, name, a, now, out->id);
    else
        add_now(b, db, name, s, a, now, out->id);
    if (a->dedup.n)
        change_window_add(b, db, name, &(struct seen){a->dedup, out->id, now.wall + a->window});
    return OK;
}
