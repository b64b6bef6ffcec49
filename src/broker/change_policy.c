/* broker/change_policy.c - changes of policies. See broker/change_policy.h. */
#include "broker/change_policy.h"
#include "broker/unsettled.h"
#include "store/policy_edit.h"
#include "store/queue.h"
#include "store/record.h"
#include "store/stream_edit.h"

/* --- who is to be looked at --- */

static void look_at(struct broker *b, int db, struct key *k)
{
    stream_settle(k->stream, STREAM_UNSETTLED);
    if (b->origin == ORIGIN_REPLAY) /* of a whole journal: all of them are, at its end */
        unsettled_sweep(b, db);
    else
        unsettled_add(b, db, key_name(k));
}

static void look_at_all(struct broker *b, int db)
{
    b->db[db].generation = ++b->generations;
    unsettled_sweep(b, db);
}

/* A glob may match any key; a name is one. */
static void policy_changed(struct broker *b, int db, struct slice name)
{
    struct key *k;

    b->stats.changes++;
    if (policy_is_glob(name)) {
        look_at_all(b, db);
        return;
    }
    b->generations++;
    k = db_find(b, db, name);
    if (k && k->type == KEY_STREAM)
        look_at(b, db, k);
}

void change_policy_arrive(struct change *ch)
{
    struct stream *s = ch->key->stream;

    if (policies_in(&ch->b->policies, ch->db) || stream_queue(s))
        look_at(ch->b, ch->db, ch->key);
    else
        stream_settle(s, ch->b->db[ch->db].generation);
}

void change_policy_swap(struct broker *b, int one, int other)
{
    if (!b->generations)
        return;
    look_at_all(b, one);
    look_at_all(b, other);
}

/* --- policies --- */

static struct change open_policies(struct broker *b, int db)
{
    struct change ch = change_open(b, db, SLICE(""));

    ch.untouched = true; /* no key is: who watches that name, or waits for it, is not meant */
    return ch;
}

void change_policy_set(struct broker *b, int db, struct policy *p, uint32_t told)
{
    struct change ch = open_policies(b, db);

    policy_record(p, told, ch.record);
    policy_put(&b->policies, db, p);
    policy_changed(b, db, policy_name(p));
    change_close(&ch);
}

static void record_del(struct buf *record, struct slice name, uint32_t told)
{
    record_head(record, 3 + (size_t)__builtin_popcount(told));
    record_str(record, "QPOLICY");
    record_str(record, "DEL");
    record_word(record, name);
    for (enum rule i = 0; i < RULES; i++)
        if (told >> i & 1)
            record_str(record, rule_rows[i].name);
}

/* The record of all of them is the name alone. `name` may be the policy's own, which goes. */
void change_policy_del(struct broker *b, int db, struct slice name, uint32_t told)
{
    const struct policy *is = policy_find(&b->policies, db, name);
    uint32_t left = is->given & ~told;
    struct policy *p = policy_new(name, is);
    struct change ch = open_policies(b, db);

    for (enum rule i = 0; i < RULES; i++)
        if (told >> i & 1)
            policy_take_back(p, i);
    record_del(ch.record, policy_name(p), left ? told : 0);
    policy_changed(b, db, policy_name(p));
    if (left) {
        policy_put(&b->policies, db, p);
    } else {
        policy_remove(&b->policies, db, policy_name(p));
        policy_free(p);
    }
    change_close(&ch);
}

void change_policy_forget(struct broker *b)
{
    for (int db = 0; db < b->dbs; db++)
        if (policies_in(&b->policies, db))
            look_at_all(b, db);
    policies_clear(&b->policies);
}

/* --- what streams make of them --- */

void change_dlq_mark(struct change *ch)
{
    if (stream_is_dlq(ch->key->stream))
        return;
    record_head(ch->record, 2);
    record_str(ch->record, RECORD_DLQ);
    record_word(ch->record, ch->name);
    stream_mark_dlq(ch->key->stream);
    change_policy_arrive(ch); /* globs apply to it no longer */
}

void change_dlq(struct broker *b, int db, struct slice name)
{
    struct change ch = change_open(b, db, name);

    ch.untouched = stream_is_dlq(ch.key->stream);
    change_dlq_mark(&ch);
    ch.quiet = true;
    change_close(&ch);
}

void change_settled(struct broker *b, int db, struct key *k)
{
    stream_settle(k->stream, b->db[db].generation);
}
