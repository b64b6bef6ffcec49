/* broker/change_removal.c - changes that take entries out of a stream. See broker/change_stream.h. */
#include "base/mem.h"
#include "broker/change_stream.h"
#include "broker_impl.h"
#include "store/group_edit.h"
#include "store/record.h"
#include "store/stream_edit.h"

#define FEW_IDS     64   /* of a command, kept on the stack */
#define IDS_TO_DROP 1024 /* in one record: a trim may take any number */

/* Some of the ids that a command names: at most as many. */
struct some_ids {
    struct stream_id *v; /* room, or for mem_free() */
    size_t n;
    struct stream_id room[FEW_IDS];
};

static void some_open(struct some_ids *some, size_t of)
{
    some->v = of <= FEW_IDS ? some->room : mem_alloc(of * sizeof *some->v);
    some->n = 0;
}

static void some_close(struct some_ids *some)
{
    if (some->v != some->room)
        mem_free(some->v);
}

/* --- records --- */

/* A replay may have other node limits: what is recorded is where the trim ended, exactly. */
static void record_xtrim(struct change *ch)
{
    record_head(ch->record, 5);
    record_str(ch->record, "XTRIM");
    record_word(ch->record, ch->name);
    record_str(ch->record, "MAXLEN");
    record_str(ch->record, "=");
    record_u64(ch->record, stream_length(ch->key->stream));
}

/* "XDEL key id ...", or with a group "XACK key group id ..."; nothing if there are no ids. */
static void record_ids(struct change *ch, const char *command, const struct group *g,
                       const struct stream_id *id, size_t n)
{
    if (n == 0)
        return;
    record_head(ch->record, (g ? 3 : 2) + n);
    record_str(ch->record, command);
    record_word(ch->record, ch->name);
    if (g)
        record_word(ch->record, group_name(g));
    for (size_t i = 0; i < n; i++)
        record_id(ch->record, id[i]);
}

/* --- references --- */

/* No longer pending in the group: recorded are those that were. How many. */
static size_t unrefer(struct change *ch, struct group *g, const struct stream_id *id, size_t n)
{
    size_t all = 0;

    while (n && pel_count(&g->pel)) {
        struct stream_id was[FEW_IDS];
        size_t part = n < FEW_IDS ? n : FEW_IDS, done = 0;

        for (size_t i = 0; i < part; i++)
            if (group_done(g, id[i], END_ACKED))
                was[done++] = id[i];
        record_ids(ch, "XACK", g, was, done);
        all += done;
        id += part;
        n -= part;
    }
    return all;
}

static size_t unrefer_all(struct change *ch, const struct refs *r, const struct stream_id *id, size_t n)
{
    size_t all = 0;

    for (size_t i = 0; i < r->n; i++)
        all += unrefer(ch, r->group[i], id, n);
    return all;
}

/* --- trimming --- */

static uint64_t trim_plainly(struct change *ch, const struct stream_trim *how)
{
    uint64_t n = stream_trim(ch->key->stream, how);

    if (n)
        record_xtrim(ch);
    return n;
}

/* What the trim is going to take is pending no longer. */
static void unrefer_trimmed(struct change *ch, const struct stream_trim *how, const struct refs *r)
{
    const struct stream *s = ch->key->stream;
    struct stream_id id[FEW_IDS], upto;
    struct stream_pos pos;
    struct entry e;
    size_t n = 0;

    if (!stream_trim_plan(s, how, &upto))
        return;
    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e) && stream_id_cmp(e.id, upto) <= 0) {
        id[n++] = e.id;
        if (n == FEW_IDS) {
            unrefer_all(ch, r, id, n);
            n = 0;
        }
    }
    unrefer_all(ch, r, id, n);
}

/* Where nothing was spared it is a trim like any other. */
static void record_drop(struct change *ch, const struct stream_id *id, size_t n)
{
    struct stream *s = ch->key->stream;

    if (stream_length(s) == 0 || stream_id_cmp(stream_first_id(s), id[n - 1]) > 0) {
        record_xtrim(ch);
        return;
    }
    for (size_t i = 0; i < n; i += IDS_TO_DROP)
        record_ids(ch, RECORD_DROP, NULL, id + i, n - i < IDS_TO_DROP ? n - i : IDS_TO_DROP);
}

static uint64_t trim_unreferred(struct change *ch, const struct stream_trim *how, const struct refs *r)
{
    struct stream_trim left = *how;
    uint64_t all = 0;
    size_t n;

    do {
        struct stream_id *id = stream_trim_unreferred(ch->key->stream, &left, r, &n);

        if (n)
            record_drop(ch, id, n);
        mem_free(id);
        all += n;
        if (left.limit && left.limit <= n)
            break;
        left.limit -= left.limit ? n : 0;
    } while (n >= STREAM_TRIM_ROUND);
    return all;
}

uint64_t change_trim(struct change *ch, const struct stream_trim *how)
{
    struct refs r;
    uint64_t n;

    if (how->refs == REFS_KEEP || stream_group_count(ch->key->stream) == 0)
        return trim_plainly(ch, how);
    refs_open(&r, ch->key->stream);
    if (how->refs == REFS_DROP) {
        unrefer_trimmed(ch, how, &r);
        n = trim_plainly(ch, how);
    } else {
        n = trim_unreferred(ch, how, &r);
    }
    refs_close(&r);
    return n;
}

uint64_t change_xtrim(struct broker *b, int db, struct slice name, const struct stream_trim *how)
{
    struct change ch = change_open(b, db, name);
    uint64_t removed = change_trim(&ch, how);

    ch.event = EVENT_XTRIM;
    ch.untouched = removed == 0;
    ch.quiet = true;
    change_close(&ch);
    return removed;
}

bool change_replay_drop(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n)
{
    struct change ch = change_open(b, db, name);
    bool all = true;

    for (size_t i = 0; i < n; i++)
        all &= stream_drop(ch.key->stream, id[i]);
    ch.quiet = true;
    change_close(&ch);
    return all;
}

/* --- deleting by id --- */

uint64_t change_xdel(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n)
{
    struct change ch = change_open(b, db, name);
    struct some_ids gone;
    size_t removed;

    some_open(&gone, n);
    for (size_t i = 0; i < n; i++)
        if (stream_delete(ch.key->stream, id[i]))
            gone.v[gone.n++] = id[i];
    record_ids(&ch, "XDEL", NULL, gone.v, gone.n);
    removed = gone.n;
    some_close(&gone);
    ch.untouched = removed == 0;
    ch.event = EVENT_XDEL;
    ch.quiet = true;
    change_close(&ch);
    return removed;
}

/* Those that were pending, with a mark at the others; all of them if it is not about a group. */
static void acknowledge(struct change *ch, struct group *of, const struct stream_id *id, size_t n,
                        int8_t *outcome, struct some_ids *some)
{
    for (size_t i = 0; i < n; i++) {
        outcome[i] = of && !group_done(of, id[i], END_ACKED) ? REMOVAL_NONE : REMOVAL_DONE;
        if (outcome[i] == REMOVAL_DONE)
            some->v[some->n++] = id[i];
    }
    if (of)
        record_ids(ch, "XACK", of, some->v, some->n);
}

/* Deletes those without a mark. An entry that is gone already is nothing, or, acknowledged, as good. */
static void delete_marked(struct change *ch, const struct refs *spare, bool acked, const struct stream_id *id,
                          size_t n, int8_t *outcome, struct some_ids *some)
{
    some->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (outcome[i] != REMOVAL_DONE)
            continue;
        if (spare && refs_hold(spare, id[i]))
            outcome[i] = REMOVAL_SPARED;
        else if (stream_delete(ch->key->stream, id[i]))
            some->v[some->n++] = id[i];
        else if (!acked)
            outcome[i] = REMOVAL_NONE;
    }
    record_ids(ch, "XDEL", NULL, some->v, some->n);
}

void change_remove(struct broker *b, int db, struct slice name, struct group *of, enum refs_policy refs,
                   const struct stream_id *id, size_t n, int8_t *outcome)
{
    struct change ch = change_open(b, db, name);
    struct some_ids some;
    struct refs r;
    size_t changed;

    some_open(&some, n);
    refs_open(&r, ch.key->stream);
    acknowledge(&ch, of, id, n, outcome, &some);
    changed = of ? some.n : 0;
    if (refs == REFS_DROP)
        changed += unrefer_all(&ch, &r, some.v, some.n);
    delete_marked(&ch, refs == REFS_SPARE ? &r : NULL, of, id, n, outcome, &some);
    changed += some.n;
    ch.event = some.n ? EVENT_XDEL : EVENT_NONE;
    refs_close(&r);
    some_close(&some);
    ch.untouched = changed == 0;
    ch.quiet = true;
    change_close(&ch);
}
