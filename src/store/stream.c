/* stream.c - a stream as a whole: made, freed and copied; its numbers, its next id, its groups. */
#include "stream_impl.h"

#include "base/err.h"
#include "store/due_place.h"
#include "store/group_edit.h"
#include "store/idmp_edit.h"
#include "store/inbox_edit.h"
#include <stdlib.h>

static struct slice group_key(const void *group)
{
    return group_name(group);
}

static void group_entry_free(void *group)
{
    group_free(group);
}

static const struct dict_type group_dict = {.key = group_key, .free = group_entry_free};

struct stream *stream_new(const struct hash_seed *seed)
{
    struct stream *s = mem_zalloc(sizeof(*s));

    dict_init(&s->groups, &group_dict, seed);
    store_totals.streams++;
    return s;
}

static void due_free(struct stream *s)
{
    if (s->due)
        due_place_drop(s->due);
    mem_free(s->due);
    s->due = NULL;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    dir_clear(s, s->dir_n);
    dict_clear(&s->groups);
    idmp_free(s->idmp);
    queue_free(s->queue);
    inbox_free(s->inbox);
    due_free(s);
    store_totals.streams--;
    mem_free_sized(s, sizeof(*s));
}

#define PARTS_OF_INBOX 16 /* delayed messages that are freed instead of a block */

bool stream_free_some(struct stream *s, size_t blocks)
{
    idmp_free(s->idmp);
    s->idmp = NULL;
    due_free(s);
    if (s->inbox && !inbox_free_some(s->inbox, blocks * PARTS_OF_INBOX))
        return false;
    s->inbox = NULL;
    dir_clear(s, blocks);
    if (s->dir_n)
        return false;
    if (dict_count(&s->groups)) {
        struct group *g = dict_random(&s->groups, 0); /* the same one until it is gone */

        if (group_free_some(g, blocks))
            group_free(stream_group_remove(s, group_name(g)));
        return false;
    }
    stream_free(s);
    return true;
}

struct copying {
    struct stream *to;
    const struct hash_seed *seed;
};

static void copy_group(void *group, void *arg)
{
    struct copying *c = arg;

    stream_group_add(c->to, group_copy(group, c->seed));
}

/* Every group once, for nothing changes meanwhile. */
static void groups_each(const struct stream *s, void (*fn)(void *group, void *arg), void *arg)
{
    uint64_t cursor = 0;

    if (dict_count(&s->groups) == 0)
        return;
    do
        cursor = dict_scan(&s->groups, cursor, fn, arg);
    while (cursor);
}

struct stream *stream_copy(const struct stream *s, const struct hash_seed *seed)
{
    struct stream *to = mem_alloc(sizeof(*to));

    *to = *s;
    to->recent = NULL;
    to->idmp = s->idmp ? idmp_copy(s->idmp, seed) : NULL;
    to->queue = NULL;
    to->inbox = s->inbox ? inbox_copy(s->inbox, seed) : NULL;
    to->due = NULL;
    dict_init(&to->groups, &group_dict, seed);
    if (s->dir_n) {
        to->dir = mem_alloc(s->dir_n * sizeof(*to->dir));
        memcpy(to->dir, dir_span(s, 0), s->dir_n * sizeof(*to->dir));
        to->dir_at = 0;
        to->dir_cap = s->dir_n;
        for (size_t i = 0; i < to->dir_n; i++)
            if (to->dir[i].b)
                to->dir[i].b = block_copy(to->dir[i].b);
    }
    store_totals.streams++;
    store_totals.entries += s->length;
    groups_each(s, copy_group, &(struct copying){to, seed});
    if (s->queue)
        queue_copy(to, s->queue);
    return to;
}

/* ---- numbers */

void stream_stats(const struct stream *s, struct stream_stats *out)
{
    *out = (struct stream_stats){
        .length = s->length,
        .entries_added = s->added,
        .bytes = s->bytes,
        .first_id = s->first_id,
        .last_id = s->last_id,
        .max_deleted_id = s->max_deleted,
        .blocks = s->dir_n - s->holes,
        .nodes = s->marks + (s->length > 0 && !s->front_mark), /* the first may have lost its start */
    };
}

uint64_t stream_length(const struct stream *s)
{
    return s->length;
}

struct stream_id stream_first_id(const struct stream *s)
{
    return s->first_id;
}

struct stream_id stream_last_id(const struct stream *s)
{
    return s->last_id;
}

uint64_t stream_entries_added(const struct stream *s)
{
    return s->added;
}

bool stream_ids_return(const struct stream *s)
{
    return s->ids_return;
}

void stream_expect_ids(struct stream *s)
{
    s->ids_return = true;
}

struct stream_id stream_max_deleted_id(const struct stream *s)
{
    return s->max_deleted;
}

static void add_memory(void *group, void *arg)
{
    *(size_t *)arg += group_memory(group);
}

size_t stream_memory(const struct stream *s)
{
    size_t n = sizeof(*s) + s->held + s->dir_cap * sizeof(*s->dir) + dict_memory(&s->groups);

    n += s->idmp ? idmp_memory(s->idmp) : 0;
    n += s->queue ? queue_memory(s->queue) : 0;
    n += s->inbox ? inbox_memory(s->inbox) : 0;
    n += s->due ? sizeof *s->due + s->due->name.n : 0;
    groups_each(s, add_memory, &n);
    return n;
}

const struct idmp *stream_idmp(const struct stream *s)
{
    return s->idmp;
}

struct idmp *stream_make_idmp(struct stream *s)
{
    if (!s->idmp)
        s->idmp = idmp_new(s->groups.seed);
    return s->idmp;
}

uint64_t stream_settled(const struct stream *s)
{
    return s->settled;
}

void stream_settle(struct stream *s, uint64_t generation)
{
    s->settled = generation;
}

bool stream_is_plain(const struct stream *s, uint64_t generation)
{
    return s->settled == generation && !s->queue;
}

bool stream_is_dlq(const struct stream *s)
{
    return s->dlq;
}

void stream_mark_dlq(struct stream *s)
{
    s->dlq = true;
}

const struct inbox *stream_inbox(const struct stream *s)
{
    return s->inbox;
}

struct inbox *stream_make_inbox(struct stream *s)
{
    if (!s->inbox)
        s->inbox = inbox_new(s->groups.seed);
    return s->inbox;
}

struct due_place *stream_due_place(const struct stream *s)
{
    return s->due;
}

struct due_place *stream_make_due_place(struct stream *s)
{
    if (!s->due) {
        s->due = mem_alloc(sizeof *s->due);
        *s->due = DUE_NOWHERE;
    }
    return s->due;
}

msec stream_due(const struct stream *s)
{
    return s->inbox ? inbox_next(s->inbox) : INT64_MAX;
}

static void bring_back(void *group, void *id)
{
    group_bring_back(group, *(struct stream_id *)id);
}

void stream_bring_back(struct stream *s, struct stream_id id)
{
    groups_each(s, bring_back, &id);
}

static void forget_place(void *group, void *stream)
{
    struct group *g = group;

    g->next_good = false;
    if (pel_count(&g->pel))
        stream_expect_ids(stream);
}

/* Back from where it was, ids are given out again that a group may have behind it: its place, unlike its
 * last id, would let them come next. What is pending may have them already. */
void stream_set_ids(struct stream *s, struct stream_id last, uint64_t entries_added,
                    struct stream_id max_deleted)
{
    if (stream_id_cmp(last, s->last_id) < 0) {
        groups_each(s, forget_place, s);
        s->referred = STREAM_ID_MIN;
    }
    s->last_id = last;
    s->added = entries_added;
    s->max_deleted = max_deleted;
}

/* ---- the next id */

static int next_auto(struct stream_id last, msec now, struct stream_id *id)
{
    struct stream_id next = {now > 0 ? (uint64_t)now : 0, 0};

    if (next.ms <= last.ms) { /* the clock went back, or it is the same millisecond */
        next = last;
        if (!stream_id_next(&next))
            return ERR_ID_LAST;
    }
    *id = next;
    return OK;
}

static int next_in_ms(struct stream_id last, uint64_t ms, struct stream_id *id)
{
    if (ms < last.ms || (ms == last.ms && last.seq == UINT64_MAX))
        return ERR_ID_SMALL;
    *id = (struct stream_id){ms, ms == last.ms ? last.seq + 1 : 0};
    return OK;
}

int stream_next_id(const struct stream *s, enum stream_id_want kind, struct stream_id want, msec now,
                   struct stream_id *id)
{
    struct stream_id last = s ? s->last_id : STREAM_ID_MIN;

    if (kind == STREAM_ID_GIVEN && stream_id_is_zero(want))
        return ERR_ID_ZERO;
    if (stream_id_cmp(last, STREAM_ID_MAX) == 0)
        return ERR_ID_LAST;
    if (kind == STREAM_ID_AUTO)
        return next_auto(last, now, id);
    if (kind == STREAM_ID_AUTO_SEQ)
        return next_in_ms(last, want.ms, id);
    if (stream_id_cmp(want, last) <= 0)
        return ERR_ID_SMALL;
    *id = want;
    return OK;
}

/* ---- groups */

struct group *stream_group(const struct stream *s, struct slice name)
{
    struct stream *cache = (struct stream *)(uintptr_t)s; /* `recent` is nothing a caller sees */

    if (!s->recent || !slice_eq(group_name(s->recent), name))
        cache->recent = dict_find(&s->groups, name);
    return s->recent;
}

size_t stream_group_count(const struct stream *s)
{
    return dict_count(&s->groups);
}

void stream_group_add(struct stream *s, struct group *g)
{
    dict_add(&s->groups, g);
    queue_group_added(s, g);
}

struct group *stream_group_remove(struct stream *s, struct slice name)
{
    s->recent = NULL;
    s->referred = STREAM_ID_MIN;
    queue_group_removed(s, dict_find(&s->groups, name));
    return dict_remove(&s->groups, name);
}

struct gathering {
    struct group **group;
    size_t n;
};

static void gather(void *group, void *arg)
{
    struct gathering *g = arg;

    g->group[g->n++] = group;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(group_name(*(struct group *const *)a), group_name(*(struct group *const *)b));
}

struct group **stream_groups_sorted(const struct stream *s, size_t *n)
{
    struct gathering g = {0};

    *n = dict_count(&s->groups);
    if (*n == 0)
        return NULL;
    g.group = mem_alloc(*n * sizeof(struct group *));
    groups_each(s, gather, &g);
    must(g.n == *n);
    qsort(g.group, g.n, sizeof(struct group *), by_name);
    return g.group;
}

/* ---- entries-read and lag
 *
 * A group that has read up to some id has read all ever added up to there: a number that follows from
 * the counts of the stream as long as nothing was deleted in the middle. Trimming at the front does not
 * matter. */

#define UNKNOWN (-1)

static bool deleted_in_middle(const struct stream *s)
{
    return !stream_id_is_zero(s->max_deleted) && stream_id_cmp(s->max_deleted, s->first_id) >= 0;
}

/* Something at or above id was deleted: counting on from there is not exact. */
static bool deleted_after(const struct stream *s, struct stream_id id)
{
    return s->length > 0 && !stream_id_is_zero(s->max_deleted) && stream_id_cmp(id, s->max_deleted) <= 0;
}

int64_t stream_estimate_read(const struct stream *s, struct stream_id id)
{
    int from_last = stream_id_cmp(id, s->last_id), from_first = stream_id_cmp(id, s->first_id);

    if (s->added == 0)
        return 0;
    if (s->length == 0 && from_last <= 0)
        return (int64_t)s->added;
    if (!stream_id_is_zero(id) && stream_id_cmp(id, s->max_deleted) < 0)
        return UNKNOWN;
    if (from_last == 0)
        return (int64_t)s->added;
    if (from_last > 0 || deleted_in_middle(s) || from_first > 0)
        return UNKNOWN;
    return (int64_t)(s->added - s->length) + (from_first == 0);
}

int64_t stream_lag(const struct stream *s, const struct group *g)
{
    int64_t read;

    if (g->backlog)
        return (int64_t)g->backlog->fresh;
    if (s->added == 0 || s->length == 0)
        return 0;
    if (stream_id_cmp(g->last_id, s->first_id) < 0 && stream_id_cmp(s->max_deleted, s->first_id) < 0)
        return (int64_t)s->length;
    if (g->entries_read >= 0 && !deleted_after(s, g->last_id))
        return (int64_t)s->added - g->entries_read;
    read = stream_estimate_read(s, g->last_id);
    return read == UNKNOWN ? STREAM_LAG_UNKNOWN : (int64_t)s->added - read;
}
