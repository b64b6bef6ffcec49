/* broker/wait.c - see broker/wait.h. */
#include "broker/wait.h"
#include "base/mem.h"
#include "broker_impl.h"

static struct slice entry_name(const void *entry)
{
    const struct wait_key *k = entry;

    return (struct slice){k->name, k->name_len};
}

const struct dict_type wait_dict_type = {.key = entry_name};

struct slice wait_key_name(const struct wait_key *k)
{
    return (struct slice){k->name + sizeof(uint32_t), k->name_len - sizeof(uint32_t)};
}

static struct wait_key *key_at(struct broker *b, int db, struct slice name)
{
    char room[DB_NAME_ROOM], *owned = NULL;
    struct slice full = db_name(db, name, room, &owned);
    struct wait_key *k = dict_find(&b->waiting, full);

    if (!k) {
        k = mem_alloc(sizeof *k + full.n);
        *k = (struct wait_key){.db = db, .name_len = (uint32_t)full.n};
        memcpy(k->name, full.p, full.n);
        list_init(&k->lines);
        dict_add(&b->waiting, k);
    }
    mem_free(owned);
    return k;
}

struct wait_key *wait_key_find(const struct broker *b, int db, struct slice name)
{
    char room[DB_NAME_ROOM], *owned = NULL;
    struct wait_key *k = dict_find(&b->waiting, db_name(db, name, room, &owned));

    mem_free(owned);
    return k;
}

struct wait_line *wait_line_find(const struct wait_key *k, enum wait_kind kind, struct slice group)
{
    list_for_each (it, &k->lines) {
        struct wait_line *l = list_entry(it, struct wait_line, node);

        if (l->kind == kind && slice_eq(wait_line_group(l), group))
            return l;
    }
    return NULL;
}

static struct wait_line *line_at(struct wait_key *k, enum wait_kind kind, struct slice group)
{
    struct wait_line *l = wait_line_find(k, kind, group);

    if (l)
        return l;
    l = mem_alloc(sizeof *l + group.n);
    *l = (struct wait_line){.due.pos = HEAP_OUT, .key = k, .kind = kind, .group_len = (uint32_t)group.n};
    memcpy(l->group, group.p, group.n);
    list_init(&l->waiters);
    list_init(&l->claimers);
    list_push(&k->lines, &l->node);
    return l;
}

static bool is_last(const struct wait_line *line, const struct waiter *w)
{
    return !list_empty(&line->waiters) && list_entry(line->waiters.prev, struct wait_link, node)->waiter == w;
}

void wait_start(struct broker *b, struct waiter *w, void *owner, int db, const struct slice *key, size_t n,
                enum wait_kind kind, struct slice group, usec until)
{
    *w = (struct waiter){.timeout.pos = HEAP_OUT, .owner = owner};
    w->link = mem_zalloc(n * sizeof *w->link);
    for (size_t i = 0; i < n; i++) {
        struct wait_line *line = line_at(key_at(b, db, key[i]), kind, group);

        if (is_last(line, w)) /* the same key twice */
            continue;
        w->link[w->n] = (struct wait_link){.line = line, .waiter = w};
        list_push(&line->waiters, &w->link[w->n++].node);
    }
    if (until != INT64_MAX)
        heap_put(&b->timeouts, &w->timeout, until);
    b->waiters++;
}

static void key_leave(struct broker *b, struct wait_key *k)
{
    if (k->pins || !list_empty(&k->lines))
        return;
    list_remove(&k->ready);
    dict_remove(&b->waiting, entry_name(k));
    mem_free(k);
}

static void line_leave(struct broker *b, struct wait_link *l)
{
    struct wait_line *line = l->line;
    struct wait_key *k = line->key;

    list_remove(&l->node);
    list_remove(&l->claim);
    if (list_empty(&line->claimers))
        heap_remove(&b->claims, &line->due);
    if (!list_empty(&line->waiters))
        return;
    list_remove(&line->node);
    mem_free(line);
    key_leave(b, k);
}

void wait_stop(struct broker *b, struct waiter *w)
{
    if (!w->link)
        return;
    for (size_t i = 0; i < w->n; i++)
        line_leave(b, &w->link[i]);
    heap_remove(&b->timeouts, &w->timeout);
    list_remove(&w->timed_out);
    mem_free(w->link);
    b->claimers -= w->claims;
    *w = (struct waiter){.timeout.pos = HEAP_OUT};
    b->waiters--;
}

void wait_ready(struct broker *b, struct wait_key *k)
{
    if (!list_linked(&k->ready))
        list_push(&b->ready, &k->ready);
}

void wait_signal(struct broker *b, int db, struct slice name)
{
    struct wait_key *k = wait_key_find(b, db, name);

    if (k)
        wait_ready(b, k);
}

void wait_signal_all(struct broker *b, int db)
{
    struct dict_iter it;
    struct wait_key *k;

    dict_iter_begin(&it, &b->waiting);
    while ((k = dict_iter_next(&it)))
        if (db < 0 || k->db == db)
            wait_ready(b, k);
    dict_iter_end(&it);
}

struct wait_key *wait_next_ready(struct broker *b)
{
    struct wait_key *k;

    if (list_empty(&b->ready))
        return NULL;
    k = list_entry(b->ready.next, struct wait_key, ready);
    list_remove(&k->ready);
    k->pins++;
    return k;
}

void wait_release(struct broker *b, struct wait_key *k)
{
    k->pins--;
    key_leave(b, k);
}
