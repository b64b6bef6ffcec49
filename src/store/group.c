/* store/group.c - consumer groups: position, consumers and what they hold. See store/group.h. */
#include "base/mem.h"
#include "store/group_edit.h"
#include "store/lanes_edit.h"
#include "store/pel_edit.h"
#include "store/queue.h"
#include "store/totals.h"
#include <stdlib.h>

static struct slice consumer_key(const void *entry)
{
    return consumer_name(entry);
}

/* Who was connected to it finds that out. */
static void consumer_free(void *consumer)
{
    struct consumer *c = consumer;

    while (!list_empty(&c->readers))
        list_remove(c->readers.next);
    list_remove(&c->line);
    list_remove(&c->gone);
    mem_free(c);
}

static const struct dict_type consumer_type = {.key = consumer_key, .free = consumer_free};

/* --- the group --- */

struct group *group_new(struct slice name, struct stream_id last_id, int64_t entries_read,
                        const struct hash_seed *seed)
{
    struct group *g = mem_zalloc(sizeof *g + name.n);

    g->last_id = last_id;
    g->entries_read = entries_read;
    g->let_go = STREAM_ID_MAX;
    g->name_len = (uint32_t)name.n;
    memcpy(g->name, name.p, name.n);
    pel_init(&g->pel);
    dict_init(&g->consumers, &consumer_type, seed);
    list_init(&g->by_seen);
    list_init(&g->gone);
    store_totals.groups++;
    return g;
}

void group_free(struct group *g)
{
    if (!g)
        return;
    store_totals.groups--;
    store_totals.consumers -= dict_count(&g->consumers);
    store_totals.pending -= pel_count(&g->pel);
    pel_free(&g->pel);
    backlog_free(g->backlog);
    dict_clear(&g->consumers);
    mem_free(g->slot);
    mem_free(g);
}

static void consumer_gone(void *consumer, void *arg)
{
    (void)arg;
    store_totals.consumers--;
    consumer_free(consumer);
}

bool group_free_some(struct group *g, size_t parts)
{
    size_t pending = pel_count(&g->pel);

    if (!pel_free_some(&g->pel, parts))
        return false;
    store_totals.pending -= pending;
    if (g->backlog && !backlog_free_some(g->backlog, parts))
        return false;
    return dict_drain(&g->consumers, parts, consumer_gone, NULL);
}

/* It has its slot; nobody is connected to it. */
static void consumer_link(struct group *g, struct consumer *c)
{
    c->gone = (struct list){0};
    list_init(&c->readers);
    list_push(&g->by_seen, &c->line);
    dict_add(&g->consumers, c);
    store_totals.consumers++;
}

static void copy_consumers(struct group *to, const struct group *g)
{
    to->slots = g->slots;
    to->free_slot = g->free_slot;
    to->slot = mem_zalloc(g->slots * sizeof *g->slot);
    for (uint32_t i = 0; i < g->slots; i++) {
        const struct consumer *c = g->slot[i];

        if (!c)
            continue;
        to->slot[i] = mem_alloc(sizeof *c + c->name_len);
        memcpy(to->slot[i], c, sizeof *c + c->name_len);
        consumer_link(to, to->slot[i]);
    }
    list_for_each (it, &g->by_seen) {
        struct consumer *c = to->slot[list_entry(it, struct consumer, line)->slot];

        list_remove(&c->line);
        list_push(&to->by_seen, &c->line);
    }
}

struct group *group_copy(const struct group *g, const struct hash_seed *seed)
{
    struct group *to = group_new(group_name(g), g->last_id, g->entries_read, seed);
    struct pel_pos pos;
    struct pending e;

    to->nacked = g->nacked;
    to->given = g->given;
    to->let_go = g->let_go;
    to->backlog = g->backlog ? backlog_copy(g->backlog, seed) : NULL;
    if (g->slots)
        copy_consumers(to, g);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &e))
        pel_put(&to->pel, &e, NULL);
    store_totals.pending += pel_count(&to->pel);
    return to;
}

void group_set_id(struct group *g, struct stream_id last_id, int64_t entries_read)
{
    g->last_id = last_id;
    g->entries_read = entries_read;
    g->next_good = false;
}

/* Whether entries_read is known, and each entry read from here on makes it one more: nothing was deleted
 * from what lies after last_id, nor trimmed beyond it. Once it is so, reading on does not change it. */
static bool counts(const struct group *g, const struct stream *s)
{
    struct stream_id deleted = stream_max_deleted_id(s);
    bool tombstone = !stream_id_is_zero(deleted) && stream_id_cmp(g->last_id, deleted) <= 0;

    return g->entries_read >= 0 && !tombstone && stream_id_cmp(g->last_id, stream_first_id(s)) >= 0;
}

void group_advance(struct group *g, const struct stream *s, const struct stream_id *id, size_t n,
                   const struct stream_pos *after)
{
    size_t i = 0;

    for (; i < n && !counts(g, s); i++) {
        if (stream_entries_added(s))
            g->entries_read = stream_estimate_read(s, id[i]);
        g->last_id = id[i];
    }
    if (i < n) {
        if (__builtin_add_overflow(g->entries_read, (int64_t)(n - i), &g->entries_read))
            g->entries_read = INT64_MAX; /* ENTRIESREAD set it there */
        g->last_id = id[n - 1];
    }
    if (g->backlog)
        g->backlog->fresh -= n;
    g->next = *after;
    g->next_good = true;
}

/* --- consumers --- */

struct consumer *group_consumer(const struct group *g, struct slice name)
{
    struct group *cache = (struct group *)(uintptr_t)g; /* `recent` is nothing a caller sees */

    if (!g->recent || !slice_eq(consumer_name(g->recent), name))
        cache->recent = dict_find(&g->consumers, name);
    return g->recent;
}

struct consumer *group_owner(const struct group *g, const struct pending *e)
{
    return e->owner < g->slots ? g->slot[e->owner] : NULL;
}

static int by_name(const void *a, const void *b)
{
    struct consumer *const *x = a, *const *y = b;

    return slice_cmp(consumer_name(*x), consumer_name(*y));
}

struct consumer **group_consumers_sorted(const struct group *g, size_t *n)
{
    struct consumer **all;
    size_t found = 0;

    *n = dict_count(&g->consumers);
    if (*n == 0)
        return NULL;
    all = mem_alloc(*n * sizeof *all);
    for (uint32_t i = 0; i < g->slots; i++)
        if (g->slot[i])
            all[found++] = g->slot[i];
    qsort(all, found, sizeof *all, by_name);
    return all;
}

static int by_time(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;

    return (x->time > y->time) - (x->time < y->time);
}

struct pending *group_nacked_sorted(const struct group *g, size_t *n)
{
    struct pending *all;
    struct stream_id from = STREAM_ID_MIN;

    *n = 0;
    if (g->nacked == 0)
        return NULL;
    all = mem_alloc(g->nacked * sizeof *all);
    while (*n < g->nacked && pel_seek_idle(&g->pel, from, -1, &all[*n])) {
        from = all[(*n)++].id;
        stream_id_next(&from);
    }
    qsort(all, *n, sizeof *all, by_time);
    return all;
}

static uint32_t free_slot(struct group *g)
{
    uint32_t i = g->free_slot, more;

    while (i < g->slots && g->slot[i])
        i++;
    if (i == g->slots) {
        must(i < GROUP_CONSUMERS_MAX);
        more = g->slots ? g->slots : 4;
        g->slot = mem_realloc(g->slot, (g->slots + more) * sizeof *g->slot);
        memset(g->slot + g->slots, 0, more * sizeof *g->slot);
        g->slots += more;
    }
    g->free_slot = i + 1;
    return i;
}

struct consumer *group_consumer_add(struct group *g, struct slice name, msec now)
{
    struct consumer *c = mem_alloc(sizeof *c + name.n);

    *c = (struct consumer){.slot = free_slot(g), .seen = now, .active = -1, .name_len = (uint32_t)name.n};
    memcpy(c->name, name.p, name.n);
    g->slot[c->slot] = c;
    consumer_link(g, c);
    return c;
}

struct consumer *group_longest_unseen(const struct group *g)
{
    return list_empty(&g->by_seen) ? NULL : list_entry(g->by_seen.next, struct consumer, line);
}

void group_consumer_set_aside(struct group *g, struct consumer *c)
{
    (void)g;
    must(c->pending);
    list_remove(&c->line);
}

void group_consumers_bring_back(struct group *g)
{
    for (uint32_t i = 0; i < g->slots; i++)
        if (g->slot[i] && !list_linked(&g->slot[i]->line))
            list_push_front(&g->by_seen, &g->slot[i]->line);
}

static void let_go(struct group *g, struct stream_id id)
{
    if (stream_id_cmp(id, g->let_go) < 0)
        g->let_go = id;
}

size_t group_consumer_remove(struct group *g, struct consumer *c)
{
    size_t held = c->pending;
    struct pending e = {.id = STREAM_ID_MIN};

    for (size_t i = 0; i < held; i++) {
        must(pel_seek_owner(&g->pel, e.id, c->slot, &e));
        group_done(g, e.id, END_DROPPED);
    }
    g->slot[c->slot] = NULL;
    g->recent = NULL;
    if (c->slot < g->free_slot)
        g->free_slot = c->slot;
    dict_remove(&g->consumers, consumer_name(c));
    store_totals.consumers--;
    consumer_free(c);
    return held;
}

/* --- what is pending --- */

/* n pending entries, all the same, are not any more what they were. */
static void forget(struct group *g, const struct pending *old, const struct stream_id *id, size_t n)
{
    struct consumer *c = group_owner(g, old);

    store_totals.pending -= n;
    if (c && (c->pending -= n) == 0 && !list_linked(&c->line))
        list_push_front(&g->by_seen, &c->line);
    if (old->state == PENDING_NACKED)
        g->nacked -= n;
    for (size_t i = 0; old->state >= PENDING_EXTENDED && i < n; i++)
        backlog_leave(g->backlog, id[i], old->state);
}

/* What was not pending before is now. It may be an id without an entry. */
static void newly_pending(struct group *g, struct stream_id id)
{
    struct backlog *b = g->backlog;

    if (b && stream_id_cmp(id, g->last_id) > 0 && !backlog_unpass(b, id) && stream_shows(b->stream, id, g))
        b->fresh--;
}

static void put(struct group *g, const struct pending *e)
{
    struct pending old;
    bool fresh = pel_put(&g->pel, e, &old);

    if (fresh)
        newly_pending(g, e->id);
    else
        forget(g, &old, &e->id, 1);
    if (g->backlog && g->backlog->lanes)
        lanes_state(g->backlog->lanes, e->id, fresh ? -1 : old.state, e->state);
    store_totals.pending++;
}

void group_hold(struct group *g, struct consumer *c, struct stream_id id, msec time, uint64_t count)
{
    put(g,
        &(struct pending){.id = id, .time = time, .count = count, .owner = c->slot, .state = PENDING_LEASED});
    c->pending++;
    if (g->backlog)
        backlog_lease(g->backlog, id);
}

void group_hold_first(struct group *g, struct consumer *c, const struct stream_id *id, size_t n, msec time)
{
    struct pending e = {.time = time, .count = 1, .owner = c->slot, .state = PENDING_LEASED};

    while (n) {
        size_t done = pel_append(&g->pel, &e, id, n);

        store_totals.pending += done;
        c->pending += done;
        if (done == 0)
            group_hold(g, c, id[done++], time, 1);
        id += done;
        n -= done;
    }
}

void group_give_back(struct group *g, struct stream_id id, uint64_t count)
{
    put(g, &(struct pending){
               .id = id, .time = ++g->given, .count = count, .owner = PEL_NO_OWNER, .state = PENDING_NACKED});
    g->nacked++;
}

/* n that were the same are pending no longer. */
static void ended(struct group *g, const struct pending *old, const struct stream_id *id, size_t n,
                  enum end end)
{
    struct backlog *b = g->backlog;

    forget(g, old, id, n);
    let_go(g, id[0]);
    if (!b)
        return;
    b->ended[end] += n;
    for (size_t i = 0; i < n; i++) {
        backlog_forget(b, id[i]);
        if (b->lanes)
            lanes_leave(b->lanes, id[i]);
        if (stream_id_cmp(id[i], g->last_id) > 0 && stream_has(b->stream, id[i]))
            backlog_pass(b, id[i]);
    }
}

bool group_done(struct group *g, struct stream_id id, enum end end)
{
    struct pending old;

    if (!pel_remove(&g->pel, id, &old))
        return false;
    ended(g, &old, &id, 1, end);
    return true;
}

size_t group_done_all(struct group *g, const struct stream_id *id, size_t n, enum end end)
{
    size_t done = 0, run;
    struct pending old;

    for (size_t i = 0; i < n; i += run ? run : 1) {
        run = pel_remove_run(&g->pel, id + i, n - i, &old);
        if (run)
            ended(g, &old, id + i, run, end);
        done += run;
    }
    return done;
}

/* --- of a queue --- */

bool group_is_new(const struct group *g, struct stream_id id)
{
    struct pending p;

    return stream_id_cmp(id, g->last_id) > 0 && !(g->backlog && backlog_passed(g->backlog, id)) &&
           !pel_find(&g->pel, id, &p);
}

void group_make_queue(struct group *g, const struct stream *s, uint64_t fresh, const struct hash_seed *seed)
{
    size_t n, there = 0;
    struct pending *back = group_nacked_sorted(g, &n);

    for (size_t i = 0; i < n; i++) {
        if (stream_has(s, back[i].id))
            back[there++] = back[i];
        else
            group_done(g, back[i].id, END_DROPPED);
    }
    g->backlog = backlog_new(seed);
    g->backlog->stream = s;
    g->backlog->fresh = fresh;
    for (size_t i = 0; i < there; i++)
        group_park(g, &(struct parking){.id = back[i].id,
                                        .state = PENDING_READY,
                                        .level = (uint8_t)stream_level(s, back[i].id),
                                        .count = back[i].count});
    mem_free(back);
}

void group_park(struct group *g, const struct parking *p)
{
    struct parking as = *p;
    struct pending old;
    bool there = pel_find(&g->pel, p->id, &old);
    struct consumer *held = there ? group_owner(g, &old) : NULL;

    if (held && !p->consumer.n)
        as.consumer = consumer_name(held);
    put(g, &(struct pending){.id = p->id,
                             .time = p->state == PENDING_EXTENDED ? p->time : PENDING_NO_TIME,
                             .count = p->count,
                             .owner = p->state == PENDING_EXTENDED ? held->slot : PEL_NO_OWNER,
                             .state = p->state});
    if (p->state == PENDING_EXTENDED)
        held->pending++;
    backlog_park(g->backlog, &as);
}

void group_end_new(struct group *g, struct stream_id id, enum end end)
{
    g->backlog->fresh--;
    g->backlog->ended[end]++;
    backlog_pass(g->backlog, id);
    if (g->backlog->lanes)
        lanes_leave_new(g->backlog->lanes, id);
}

void group_lost(struct group *g, struct stream_id id, bool meant)
{
    struct backlog *b = g->backlog;
    struct pending p;

    if (pel_find(&g->pel, id, &p)) {
        if (b->lanes)
            lanes_leave(b->lanes, id);
        if (!pending_is_leased(&p))
            group_done(g, id, END_DROPPED);
        return;
    }
    if (!backlog_unpass(b, id) && meant && stream_id_cmp(id, g->last_id) > 0) {
        b->fresh--;
        b->ended[END_DROPPED]++;
        if (b->lanes)
            lanes_leave_new(b->lanes, id);
    }
}

void group_pass_to(struct group *g, struct stream_id id)
{
    g->last_id = id;
    g->next_good = false;
    backlog_pass_to(g->backlog, id);
}

void group_set_aside(struct group *g, struct stream_id id)
{
    pel_set_aside(&g->pel, id);
    g->aside = true;
}

void group_bring_back(struct group *g, struct stream_id id)
{
    pel_bring_back(&g->pel, id);
}

void group_bring_all_back(struct group *g)
{
    struct pending p = {.id = STREAM_ID_MIN};

    while (g->aside && pel_seek(&g->pel, p.id, &p)) {
        pel_bring_back(&g->pel, p.id);
        if (!stream_id_next(&p.id))
            break;
    }
    g->aside = false;
}

/* --- sizes and checks --- */

size_t group_memory(const struct group *g)
{
    size_t n = sizeof *g + g->name_len + g->slots * sizeof *g->slot + pel_memory(&g->pel);

    for (uint32_t i = 0; i < g->slots; i++)
        if (g->slot[i])
            n += sizeof *g->slot[i] + g->slot[i]->name_len;
    n += g->backlog ? backlog_memory(g->backlog) : 0;
    return n + dict_memory(&g->consumers);
}

static void check_backlog(const struct group *g, const size_t *count)
{
    const struct backlog *b = g->backlog;
    struct pel_pos pos;
    struct pending p;

    backlog_check(b);
    for (int i = 0; i < PENDING_QUEUED; i++)
        must(b->count[i] == (i < PENDING_EXTENDED ? 0 : count[i]));
    pel_start(&b->passed, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p))
        must(stream_id_cmp(p.id, g->last_id) > 0 && !pel_find(&g->pel, p.id, &p));
}

static void check_consumers(const struct group *g)
{
    size_t n = 0, listed = 0, aside = 0;

    for (uint32_t i = 0; i < g->slots; i++) {
        if (!g->slot[i]) {
            must(i >= g->free_slot);
            continue;
        }
        must(g->slot[i]->slot == i && group_consumer(g, consumer_name(g->slot[i])) == g->slot[i]);
        must(list_linked(&g->slot[i]->line) || g->slot[i]->pending);
        aside += !list_linked(&g->slot[i]->line);
        n++;
    }
    must(n == dict_count(&g->consumers));
    list_for_each (it, &g->by_seen)
        listed++;
    must(listed + aside == n);
}

void group_check(const struct group *g)
{
    size_t *held = mem_zalloc((g->slots + 1) * sizeof *held), count[PENDING_STATES] = {0};
    struct pel_pos pos;
    struct pending e;

    pel_check(&g->pel);
    check_consumers(g);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &e)) {
        must(pending_is_leased(&e) ? group_owner(g, &e) != NULL : e.owner == PEL_NO_OWNER);
        must(e.state != PENDING_NACKED || (!g->backlog && e.time <= g->given));
        must(e.state < PENDING_EXTENDED || (e.state < PENDING_QUEUED && backlog_note(g->backlog, e.id)));
        count[e.state]++;
        if (e.owner != PEL_NO_OWNER)
            held[e.owner]++;
    }
    must(count[PENDING_NACKED] == g->nacked);
    if (g->backlog)
        check_backlog(g, count);
    for (uint32_t i = 0; i < g->slots; i++)
        must(!g->slot[i] || g->slot[i]->pending == held[i]);
    mem_free(held);
}
