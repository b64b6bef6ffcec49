/* queue/settle.c - see queue/settle.h. */
#include "queue/settle.h"
#include "base/mem.h"
#include "broker/change_policy.h"
#include "broker/unsettled.h"
#include "queue/at.h"
#include "queue/attach.h"

void queue_settle_key(struct broker *b, int db, struct key *k)
{
    struct rules r;
    bool any = policy_resolve(&b->policies, db, key_name(k), stream_is_dlq(k->stream), &r, NULL);

    change_settled(b, db, k);
    queue_attach(b, db, k, any ? &r : NULL);
    rules_free(&r);
}

bool queue_find(struct queue_at *at, struct broker *b, int db, struct slice name, const struct stream *s,
                struct now now)
{
    const struct queue *q;

    queue_settled(b, db, name, s);
    q = stream_queue(s);
    if (q)
        *at = (struct queue_at){b, db, name, s, q, &q->rules, now};
    return q != NULL;
}

/* In globs compared, which is most of it. */
#define WORK_A_DEADLINE 16
#define WORK_A_KEY      4

static size_t work_of(const struct broker *b, int db)
{
    return WORK_A_KEY + b->policies.db[db].globs;
}

static void settle_listed(struct broker *b, const struct unsettled *u)
{
    struct key *k = db_find(b, u->db, (struct slice){u->name, u->name_len});

    if (k && k->type == KEY_STREAM)
        queue_settled(b, u->db, key_name(k), k->stream);
}

static size_t settle_some(struct broker *b, int db, size_t work)
{
    struct buf keys = {0};
    size_t n = unsettled_some(b, db, work / work_of(b, db) + 1, &keys);
    struct key *const *k = (struct key *const *)keys.p;

    for (size_t i = 0; i < keys.n / sizeof *k; i++)
        queue_settled(b, db, key_name(k[i]), k[i]->stream);
    buf_free(&keys);
    return n * work_of(b, db);
}

bool queue_settle(struct broker *b, unsigned max)
{
    size_t work = (size_t)max * WORK_A_DEADLINE, done = 0;
    struct unsettled *u;
    int db;

    while (done < work && (u = unsettled_take(b))) {
        settle_listed(b, u);
        done += work_of(b, u->db);
        mem_free(u);
    }
    while (done < work && (db = unsettled_swept(b)) >= 0)
        done += settle_some(b, db, work - done);
    return unsettled_any(b);
}
