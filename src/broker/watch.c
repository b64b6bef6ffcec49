/* broker/watch.c - see broker/watch.h. */
#include "broker/watch.h"
#include "base/mem.h"
#include "broker_impl.h"

struct watch_key {
    struct list links; /* struct watch_link of everyone who watches it */
    uint32_t n;
    char db_name[];
};

struct watch_link {
    struct list of_key, of_watcher;
    struct watch_key *key;
    struct watcher *watcher;
    bool expired; /* past its time when the watch began: going is no change, coming is */
};

static struct slice entry_name(const void *entry)
{
    const struct watch_key *k = entry;

    return (struct slice){k->db_name, k->n};
}

const struct dict_type watch_dict_type = {.key = entry_name};

void watcher_init(struct watcher *w)
{
    *w = (struct watcher){0};
    list_init(&w->keys);
}

static struct watch_key *watch_key(struct broker *b, struct slice name)
{
    struct watch_key *k = dict_find(&b->watched, name);

    if (k)
        return k;
    k = mem_alloc(sizeof *k + name.n);
    k->n = (uint32_t)name.n;
    memcpy(k->db_name, name.p, name.n);
    list_init(&k->links);
    dict_add(&b->watched, k);
    return k;
}

/* A client may watch many keys, and a key be watched by many: looks on both sides at once, and is done
 * with the shorter. */
static bool watches(const struct watcher *w, const struct watch_key *k)
{
    const struct list *mine = &w->keys, *theirs = &k->links;

    for (struct list *a = mine->next, *b = theirs->next; a != mine && b != theirs; a = a->next, b = b->next)
        if (list_entry(a, struct watch_link, of_watcher)->key == k ||
            list_entry(b, struct watch_link, of_key)->watcher == w)
            return true;
    return false;
}

void watch_add(struct broker *b, struct watcher *w, int db, struct slice name, bool expired)
{
    char room[DB_NAME_ROOM], *owned = NULL;
    struct watch_key *k = watch_key(b, db_name(db, name, room, &owned));
    struct watch_link *l;

    if (!watches(w, k)) {
        l = mem_alloc(sizeof *l);
        *l = (struct watch_link){.key = k, .watcher = w, .expired = expired};
        list_push(&k->links, &l->of_key);
        list_push(&w->keys, &l->of_watcher);
        w->n++;
    }
    mem_free(owned);
}

void watch_clear(struct broker *b, struct watcher *w)
{
    list_for_each_safe (it, tmp, &w->keys) {
        struct watch_link *l = list_entry(it, struct watch_link, of_watcher);

        list_remove(&l->of_key);
        list_remove(&l->of_watcher);
        if (list_empty(&l->key->links)) {
            dict_remove(&b->watched, entry_name(l->key));
            mem_free(l->key);
        }
        mem_free(l);
    }
    w->n = 0;
    w->dirty = false;
}

static struct slice watched_name(const struct watch_key *wk)
{
    return (struct slice){wk->db_name + sizeof(uint32_t), wk->n - sizeof(uint32_t)};
}

static struct key *watched_key(const struct broker *b, const struct watch_key *wk, int *db)
{
    uint32_t nth;

    memcpy(&nth, wk->db_name, sizeof nth);
    *db = (int)nth;
    return db_find(b, *db, watched_name(wk));
}

bool watch_expired(const struct broker *b, const struct watcher *w, msec now)
{
    list_for_each (it, &w->keys) {
        const struct watch_link *l = list_entry(it, struct watch_link, of_watcher);
        int db;
        const struct key *k = l->expired ? NULL : watched_key(b, l->key, &db);

        if (k && key_expired(k, now))
            return true;
    }
    return false;
}

static void touch(struct broker *b, struct watch_key *wk)
{
    int db;
    bool gone = watched_key(b, wk, &db) == NULL;

    list_for_each (it, &wk->links) {
        struct watch_link *l = list_entry(it, struct watch_link, of_key);

        if (l->expired && gone)
            l->expired = false;
        else
            l->watcher->dirty = true;
    }
}

void watch_touch(struct broker *b, int db, struct slice name)
{
    char room[DB_NAME_ROOM], *owned = NULL;
    struct watch_key *wk = dict_find(&b->watched, db_name(db, name, room, &owned));

    if (wk)
        touch(b, wk);
    mem_free(owned);
}

/* What a name stood for is about to be another: the key it will stand for, or NULL. Nothing has changed for
 * those who saw it absent, or past its time, if that is what they will see. */
static void exchange(struct watch_key *wk, const struct key *before, const struct key *after, msec now)
{
    bool absent = !after || key_expired(after, now);

    if (!before && !after)
        return;
    list_for_each (it, &wk->links) {
        struct watch_link *l = list_entry(it, struct watch_link, of_key);

        if (absent && (l->expired || !before))
            l->expired = after != NULL;
        else
            l->watcher->dirty = true;
    }
}

/* Called before the keys go: what is there, and was there when the watch began, is touched. */
void watch_touch_all(struct broker *b, int db)
{
    struct dict_iter it;
    struct watch_key *wk;
    int of;

    if (!dict_count(&b->watched))
        return;
    dict_iter_begin(&it, &b->watched);
    while ((wk = dict_iter_next(&it))) {
        const struct key *before = watched_key(b, wk, &of);

        if (db < 0 || of == db)
            exchange(wk, before, NULL, 0);
    }
    dict_iter_end(&it);
}

void watch_touch_swap(struct broker *b, int one, int other, msec now)
{
    struct dict_iter it;
    struct watch_key *wk;
    int of;

    if (!dict_count(&b->watched))
        return;
    dict_iter_begin(&it, &b->watched);
    while ((wk = dict_iter_next(&it))) {
        const struct key *before = watched_key(b, wk, &of);

        if (of == one || of == other)
            exchange(wk, before, db_find(b, of == one ? other : one, watched_name(wk)), now);
    }
    dict_iter_end(&it);
}
