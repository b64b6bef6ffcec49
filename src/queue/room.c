/* queue/room.c - see queue/room.h. */
#include "queue/room.h"
#include "base/err.h"
#include "broker/change_stream.h"
#include "queue/letter.h"
#include "store/inbox.h"

#define VICTIM_STEPS 1000 /* leased messages that are passed over on the way to one that may go */

struct load {
    uint64_t n, bytes;
};

static struct load load_of(const struct queue_at *at)
{
    struct stream_stats st;

    const struct inbox *in = stream_inbox(at->s);

    stream_stats(at->s, &st);
    return (struct load){st.length + (in ? delayed_count(&in->delayed) : 0),
                         st.bytes + (in ? in->delayed.bytes : 0)};
}

static bool fits(const struct queue_at *at, uint64_t n, uint64_t bytes)
{
    const struct rules *r = at->rules;
    struct load l = load_of(at);

    return (r->maxlen == 0 || l.n + n <= (uint64_t)r->maxlen) &&
           (r->maxbytes == 0 || l.bytes + bytes <= (uint64_t)r->maxbytes);
}

static bool never_fits(const struct queue_at *at, uint64_t n, uint64_t bytes)
{
    const struct rules *r = at->rules;

    return (r->maxlen && n > (uint64_t)r->maxlen) || (r->maxbytes && bytes > (uint64_t)r->maxbytes);
}

/* What all groups have done goes, oldest first. Without a group nothing is done. */
static void drop_done(const struct queue_at *at, uint64_t n, uint64_t bytes)
{
    while (at->q->groups && !fits(at, n, bytes)) {
        struct stream_trim how = {.kind = TRIM_MAXLEN, .refs = REFS_SPARE};

        if (stream_length(at->s) == 0)
            return;
        how.max_length = stream_length(at->s) - 1;
        if (change_xtrim(at->b, at->db, at->name, &how) == 0)
            return;
    }
}

static bool is_leased(const struct queue_at *at, struct stream_id id)
{
    struct pending p;

    for (size_t i = 0; i < at->q->groups; i++)
        if (pel_find(&at->q->group[i]->pel, id, &p) && (pending_is_leased(&p) || p.state == PENDING_DEAD))
            return true;
    return false;
}

static bool victim_by_level(const struct queue_at *at, struct entry *e)
{
    int steps = 0;

    for (unsigned level = 0; level < queue_levels(at->q); level++) {
        struct stream_id id = STREAM_ID_MIN;

        while (steps++ < VICTIM_STEPS && stream_next_of_level(at->s, level, &id, e))
            if (!is_leased(at, id))
                return true;
    }
    return false;
}

/* The oldest of the lowest level that nobody has. */
static bool victim(const struct queue_at *at, struct entry *e)
{
    struct stream_pos pos;

    if (queue_levels(at->q) > 1)
        return victim_by_level(at, e);
    stream_seek(at->s, STREAM_ID_MIN, &pos);
    for (int i = 0; i < VICTIM_STEPS && stream_next(at->s, &pos, e); i++)
        if (!is_leased(at, e->id))
            return true;
    return false;
}

/* To the dead letters, for each group that had not done it; false: they do not take it. */
static bool send_off(const struct queue_at *at, const struct entry *e)
{
    struct stream_id id = e->id;
    struct entry still;

    if (at->rules->overflow == OVERFLOW_DROP) {
        change_drop_entries(at->b, at->db, at->name, &id, 1);
        return true;
    }
    if (at->rules->dlq.n == 0)
        return false;
    if (at->q->groups == 0)
        return queue_die_alone(at, e, DEATH_OVERFLOW);
    for (size_t i = 0; i < at->q->groups && stream_find(at->s, id, &still); i++)
        if (!queue_die_if_not_done(at, at->q->group[i], &still, DEATH_OVERFLOW))
            return false;
    if (stream_has(at->s, id))
        change_drop_entries(at->b, at->db, at->name, &id, 1);
    return true;
}

static int make_way(const struct queue_at *at, uint64_t n, uint64_t bytes)
{
    struct entry e;

    if (never_fits(at, n, bytes))
        return ERR_QFULL;
    drop_done(at, n, bytes);
    while (!fits(at, n, bytes))
        if (at->rules->overflow == OVERFLOW_REJECT || !victim(at, &e) || !send_off(at, &e))
            return ERR_QFULL;
    return OK;
}

/* How victims would make way for all of it, one after the other. */
static bool would_fit(const struct queue_at *at, uint64_t n, uint64_t bytes)
{
    const struct rules *r = at->rules;
    struct load l = load_of(at);
    struct stream_pos pos;
    struct entry e;
    int passed = 0;

    stream_seek(at->s, STREAM_ID_MIN, &pos);
    while ((r->maxlen && l.n + n > (uint64_t)r->maxlen) ||
           (r->maxbytes && l.bytes + bytes > (uint64_t)r->maxbytes)) {
        if (passed == VICTIM_STEPS || !stream_next(at->s, &pos, &e))
            return false;
        if (is_leased(at, e.id)) {
            passed++;
            continue;
        }
        l.n--;
        l.bytes -= entry_bytes(&e);
    }
    return true;
}

int queue_paused(struct broker *b, int db, struct slice name, const struct stream *s, struct now now)
{
    struct queue_at at;
    struct rules rules;
    bool paused;

    if (b->origin == ORIGIN_REPLAY)
        return OK;
    if (s)
        return queue_at(&at, b, db, name, s, now) && at.rules->pause & PAUSE_IN ? ERR_PAUSED : OK;
    if (policies_in(&b->policies, db) == 0)
        return OK;
    policy_resolve(&b->policies, db, name, false, &rules, NULL);
    paused = rules.pause & PAUSE_IN;
    rules_free(&rules);
    return paused ? ERR_PAUSED : OK;
}

int queue_admit(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t bytes,
                struct now now)
{
    struct queue_at at;

    if (!s || !queue_at(&at, b, db, name, s, now))
        return OK;
    return fits(&at, 1, bytes) ? OK : make_way(&at, 1, bytes);
}

int queue_admit_all(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t n,
                    uint64_t bytes, struct now now)
{
    struct queue_at at;

    if (!s || !queue_at(&at, b, db, name, s, now) || fits(&at, n, bytes))
        return OK;
    if (never_fits(&at, n, bytes) || (at.rules->overflow != OVERFLOW_REJECT && !would_fit(&at, n, bytes)))
        return ERR_QFULL;
    return at.rules->overflow == OVERFLOW_DROP ? OK : make_way(&at, n, bytes);
}

bool queue_has_room(struct broker *b, int db, struct slice name, const struct stream *s, uint64_t bytes,
                    struct now now)
{
    struct queue_at at;

    if (!s || !queue_at(&at, b, db, name, s, now) || fits(&at, 1, bytes))
        return true;
    if (!never_fits(&at, 1, bytes))
        drop_done(&at, 1, bytes);
    return fits(&at, 1, bytes);
}

void queue_added(struct broker *b, int db, struct slice name, const struct stream *s, struct now now)
{
    struct queue_at at;
    msec over;

    if (!s || !queue_at(&at, b, db, name, s, now))
        return;
    if (at.rules->ttl && !__builtin_add_overflow(now.wall, at.rules->ttl, &over))
        queue_due(&at, over);
    queue_due(&at, queue_own_next(at.q));
}
