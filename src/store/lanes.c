/* store/lanes.c - see store/lanes.h.
 *
 * A lane is a heap of ids, the lowest first. Who leaves and is not the first stays in it until he would be,
 * or room is wanted: whether an id is still one of the lane, the group and the stream know. */
#include "base/list.h"
#include "base/mem.h"
#include "store/lanes_edit.h"
#include "store/queue.h"

#define LOOK_MAX 1000 /* entries that are looked through for a NEW one */

bool lanes_loosened;

struct lane {
    uint64_t key;
    struct list loose; /* while its first may be held back no longer */
    uint32_t n, cap;
    struct stream_id *id;
};

struct lanes {
    const struct group *group;
    const struct stream *stream;
    struct slice field; /* owned */
    bool halt;          /* the dead hold their key */
    struct dict lanes;  /* by key */
    struct list loose;
    size_t memory; /* of lanes and their ids */
};

static struct slice lane_key(const void *lane)
{
    return (struct slice){(const char *)&((const struct lane *)lane)->key, sizeof(uint64_t)};
}

static const struct dict_type lane_type = {.key = lane_key};

static struct lane *find(const struct lanes *l, uint64_t key)
{
    return key ? dict_find(&l->lanes, (struct slice){(const char *)&key, sizeof key}) : NULL;
}

uint64_t lanes_of(const struct lanes *l, const struct entry *e)
{
    struct entry_walk w = {0};
    struct slice name, value;

    while (entry_field(e, &w, &name, &value))
        if (slice_eq(name, l->field))
            return hash_bytes(value, l->lanes.seed) | 1;
    return 0;
}

static uint64_t key_of(const struct lanes *l, struct stream_id id)
{
    struct entry e;

    return stream_find(l->stream, id, &e) ? lanes_of(l, &e) : 0;
}

static bool counts(const struct lanes *l, int state)
{
    return state >= 0 && (state != PENDING_DEAD || l->halt);
}

/* It is still one of the lane that it was put in. */
static bool stays(const struct lanes *l, struct stream_id id)
{
    struct pending p;

    return pel_find(&l->group->pel, id, &p) && counts(l, p.state) && stream_has(l->stream, id);
}

/* --- a heap of ids --- */

static bool before(const struct lane *v, size_t a, size_t b)
{
    return stream_id_cmp(v->id[a], v->id[b]) < 0;
}

static void swap(struct lane *v, size_t a, size_t b)
{
    struct stream_id id = v->id[a];

    v->id[a] = v->id[b];
    v->id[b] = id;
}

static void rise(struct lane *v, size_t i)
{
    for (; i > 0 && before(v, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(v, i, (i - 1) / 2);
}

static void sink(struct lane *v, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < v->n; i = child) {
        if (child + 1 < v->n && before(v, child + 1, child))
            child++;
        if (!before(v, child, i))
            return;
        swap(v, child, i);
    }
}

static void pop(struct lane *v)
{
    v->id[0] = v->id[--v->n];
    sink(v, 0);
}

static void forget_gone(const struct lanes *l, struct lane *v)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < v->n; i++)
        if (stays(l, v->id[i]))
            v->id[n++] = v->id[i];
    v->n = n;
    for (size_t i = n / 2; i-- > 0;)
        sink(v, i);
}

/* It grows only if half of what it has stays: so that each id is looked at about twice. */
static void make_room(struct lanes *l, struct lane *v)
{
    if (v->n < v->cap)
        return;
    forget_gone(l, v);
    if (v->cap && v->n <= v->cap / 2)
        return;
    l->memory -= v->cap * sizeof *v->id;
    v->cap = v->cap ? v->cap * 2 : 2;
    v->id = mem_realloc(v->id, v->cap * sizeof *v->id);
    l->memory += v->cap * sizeof *v->id;
}

/* --- lanes --- */

static void loosen(struct lanes *l, struct lane *v)
{
    if (!list_linked(&v->loose))
        list_push(&l->loose, &v->loose);
    lanes_loosened = true;
}

static void drop(struct lanes *l, struct lane *v)
{
    dict_remove(&l->lanes, lane_key(v));
    list_remove(&v->loose);
    l->memory -= sizeof *v + v->cap * sizeof *v->id;
    mem_free(v->id);
    mem_free(v);
}

/* Its first is one that stays, and not `gone`; false: there is none, and the lane is no more. */
static bool tidy(struct lanes *l, struct lane *v, struct stream_id gone)
{
    while (v->n && (stream_id_cmp(v->id[0], gone) == 0 || !stays(l, v->id[0])))
        pop(v);
    if (v->n)
        return true;
    drop(l, v);
    return false;
}

static void enter(struct lanes *l, struct stream_id id)
{
    uint64_t key = key_of(l, id);
    struct lane *v = find(l, key);

    if (!key)
        return;
    if (!v) {
        v = mem_zalloc(sizeof *v);
        v->key = key;
        l->memory += sizeof *v;
        dict_add(&l->lanes, v);
    }
    make_room(l, v);
    v->id[v->n] = id;
    rise(v, v->n++);
}

void lanes_leave(struct lanes *l, struct stream_id id)
{
    struct lane *v = find(l, key_of(l, id));

    if (v && stream_id_cmp(v->id[0], id) == 0 && tidy(l, v, id))
        loosen(l, v);
}

void lanes_leave_new(struct lanes *l, struct stream_id id)
{
    struct lane *v = find(l, key_of(l, id));

    if (v)
        loosen(l, v);
}

void lanes_state(struct lanes *l, struct stream_id id, int was, int is)
{
    if (counts(l, is) && !counts(l, was))
        enter(l, id);
    else if (counts(l, was) && !counts(l, is))
        lanes_leave(l, id);
}

/* --- who is held back --- */

bool lanes_hold_back(const struct lanes *l, uint64_t key, struct stream_id id)
{
    const struct lane *v = find(l, key);

    return v && stream_id_cmp(v->id[0], id) < 0;
}

static bool new_before(const struct lanes *l, uint64_t key, struct stream_id id)
{
    struct stream_pos pos;
    struct entry e;

    if (stream_id_cmp(id, l->group->last_id) <= 0)
        return false;
    stream_seek_new(l->stream, l->group, &pos);
    for (int i = 0; i < LOOK_MAX && stream_next(l->stream, &pos, &e) && stream_id_cmp(e.id, id) < 0; i++)
        if (lanes_of(l, &e) == key && group_is_new(l->group, e.id) &&
            stream_entry_is_for(l->stream, &e, l->group))
            return true;
    return false;
}

bool lanes_come_before(const struct lanes *l, uint64_t key, struct stream_id id)
{
    return key && (lanes_hold_back(l, key, id) || new_before(l, key, id));
}

bool lanes_next_free(struct lanes *l, struct stream_id *id)
{
    while (!list_empty(&l->loose)) {
        struct lane *v = list_entry(l->loose.next, struct lane, loose);
        struct pending p;

        list_remove(&v->loose);
        if (tidy(l, v, STREAM_ID_MIN) && pel_find(&l->group->pel, v->id[0], &p) && p.state == PENDING_HELD &&
            !new_before(l, v->key, p.id)) {
            *id = p.id;
            return true;
        }
    }
    return false;
}

/* --- all of them --- */

struct lanes *lanes_new(const struct group *g, const struct stream *s, const struct rules *r)
{
    struct lanes *l = mem_zalloc(sizeof *l);
    char *field = mem_alloc(r->orderkey.n);
    struct pel_pos pos;
    struct pending p;

    l->group = g;
    l->stream = s;
    l->halt = r->onpoison == ONPOISON_HALT;
    memcpy(field, r->orderkey.p, r->orderkey.n);
    l->field = (struct slice){field, r->orderkey.n};
    dict_init(&l->lanes, &lane_type, g->consumers.seed);
    list_init(&l->loose);
    pel_start(&g->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p))
        if (counts(l, p.state)) {
            enter(l, p.id);
            if (p.state == PENDING_HELD)
                lanes_leave_new(l, p.id);
        }
    return l;
}

static void lane_free(void *lane, void *arg)
{
    struct lane *v = lane;

    (void)arg;
    mem_free(v->id);
    mem_free(v);
}

bool lanes_free_some(struct lanes *l, size_t lanes)
{
    list_init(&l->loose);
    return dict_drain(&l->lanes, lanes, lane_free, NULL);
}

void lanes_free(struct lanes *l)
{
    if (!l)
        return;
    while (!lanes_free_some(l, SIZE_MAX))
        ;
    mem_free((char *)(uintptr_t)l->field.p);
    mem_free(l);
}

size_t lanes_memory(const struct lanes *l)
{
    return sizeof *l + l->field.n + dict_memory(&l->lanes) + l->memory;
}

static void check_lane(const struct lanes *l, const struct lane *v, size_t *memory)
{
    *memory += sizeof *v + v->cap * sizeof *v->id;
    must(v->n > 0 && v->n <= v->cap && stays(l, v->id[0]));
    for (size_t i = 1; i < v->n; i++)
        must(!before(v, i, (i - 1) / 2));
}

void lanes_check(const struct lanes *l)
{
    size_t memory = 0;
    struct dict_iter it;
    struct pel_pos pos;
    struct pending p;
    const struct lane *v;

    dict_iter_begin(&it, (struct dict *)(uintptr_t)&l->lanes);
    while ((v = dict_iter_next(&it)))
        check_lane(l, v, &memory);
    dict_iter_end(&it);
    must(memory == l->memory && list_empty(&l->loose));
    pel_start(&l->group->pel, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p)) {
        uint64_t key = key_of(l, p.id);

        if (!key || !counts(l, p.state))
            continue;
        v = find(l, key);
        must(v && stream_id_cmp(v->id[0], p.id) <= 0);
        must(p.state != PENDING_HELD || lanes_come_before(l, key, p.id));
    }
}
