/* test_stream.c - streams against a sorted array of entries, and their rules one by one. */
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/group_edit.h"
#include "store/stream_edit.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ID(ms, seq) ((struct stream_id){(ms), (seq)})

static const struct hash_seed hash_seed = {1, 2};
static const struct stream_node_limits by_100 = {.max_entries = 100, .max_bytes = 4096};
static const struct stream_node_limits by_10 = {.max_entries = 10};

/* ---- the model: live entries in an array, each with the number of its node */

struct item {
    struct stream_id id;
    struct entry_attrs attrs;
    size_t n;
    struct slice *field;
    char *text;
    uint64_t bytes, node;
};

struct model {
    struct item *item;
    size_t n, cap;
    uint64_t added, node, node_entries;
    struct stream_id last, max_deleted;
    struct stream_id *reach; /* by number of the node: its last entry, deleted or not */
    size_t reach_cap;
    bool kept; /* the last node goes on though nothing in it is live */
};

static void item_free(struct item *it)
{
    free(it->field);
    free(it->text);
}

static void model_free(struct model *m)
{
    for (size_t i = 0; i < m->n; i++)
        item_free(&m->item[i]);
    free(m->item);
    free(m->reach);
}

static size_t model_at(const struct model *m, struct stream_id id) /* first with an id >= that */
{
    size_t low = 0, high = m->n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (stream_id_cmp(m->item[mid].id, id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void model_append(struct model *m, struct stream_id id, const struct slice *field, size_t n,
                         const struct entry_attrs *attrs, uint64_t max_entries)
{
    struct item it = {.id = id, .attrs = *attrs, .n = n, .field = malloc(n * sizeof(*it.field))};
    char *to;

    for (size_t i = 0; i < n; i++)
        it.bytes += field[i].n;
    it.text = to = malloc(it.bytes + 1);
    for (size_t i = 0; i < n; to += field[i++].n) {
        if (field[i].n)
            memcpy(to, field[i].p, field[i].n);
        it.field[i] = (struct slice){to, field[i].n};
    }
    if ((!m->kept && (m->n == 0 || m->item[m->n - 1].node != m->node)) ||
        (max_entries && m->node_entries >= max_entries)) {
        m->node++;
        m->node_entries = 0;
    }
    m->node_entries++;
    m->kept = false;
    if (m->node >= m->reach_cap)
        m->reach = realloc(m->reach, (m->reach_cap = m->node * 2 + 16) * sizeof(*m->reach));
    m->reach[m->node] = id;
    it.node = m->node;
    if (m->n == m->cap)
        m->item = realloc(m->item, (m->cap = m->cap ? m->cap * 2 : 16) * sizeof(*m->item));
    m->item[m->n++] = it;
    m->last = id;
    m->added++;
}

static void model_remove(struct model *m, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        item_free(&m->item[i]);
    if (n)
        memmove(m->item + at, m->item + at + n, (m->n - at - n) * sizeof(*m->item));
    m->n -= n;
}

static bool model_delete(struct model *m, struct stream_id id, bool raise)
{
    size_t at = model_at(m, id);

    if (at == m->n || stream_id_cmp(m->item[at].id, id) != 0)
        return false;
    model_remove(m, at, 1);
    if (raise && stream_id_cmp(id, m->max_deleted) > 0)
        m->max_deleted = id;
    return true;
}

static size_t model_node(const struct model *m, size_t at) /* entries of the node that starts there */
{
    size_t n = 0;

    while (at + n < m->n && m->item[at + n].node == m->item[at].node)
        n++;
    return n;
}

static size_t model_nodes(const struct model *m)
{
    size_t nodes = 0;

    for (size_t at = 0; at < m->n; at += model_node(m, at))
        nodes++;
    return nodes;
}

/* Which of a node's entries MINID looks at: the last one, or (a block whose entries are all deleted is
 * gone, and they with it) the last one that is live. */
static struct stream_id model_reach(const struct model *m, size_t last_live, bool remembered)
{
    return remembered ? m->reach[m->item[last_live].node] : m->item[last_live].id;
}

static size_t model_plan(const struct model *m, const struct stream_trim *how, bool remembered)
{
    size_t gone = 0, node;

    if (how->kind == TRIM_NONE)
        return 0;
    if (!how->approx) {
        if (how->kind == TRIM_MINID)
            return model_at(m, how->min_id);
        return m->n > how->max_length ? m->n - how->max_length : 0;
    }
    for (; gone < m->n; gone += node) {
        node = model_node(m, gone);
        if (how->kind == TRIM_MAXLEN
                ? m->n - gone - node < how->max_length
                : stream_id_cmp(model_reach(m, gone + node - 1, remembered), how->min_id) >= 0)
            break;
        if (how->limit && gone + node > how->limit)
            break;
    }
    return gone;
}

static void model_trim(struct model *m, const struct stream_trim *how, size_t gone)
{
    bool was_there = m->kept || (m->n && m->item[m->n - 1].node == m->node);

    model_remove(m, 0, gone);
    if (m->n == 0 && (gone || how->kind == TRIM_MINID))
        m->kept = was_there && how->kind == TRIM_MINID && stream_id_cmp(m->reach[m->node], how->min_id) >= 0;
}

/* ---- the fuzz */

#define POSITIONS 8

struct fuzz {
    uint64_t seed;
    int step;
    struct random r;
    struct stream *s;
    struct model m;
    struct {
        struct stream_pos pos;
        struct stream_id after; /* what comes next has a greater id */
    } at[POSITIONS];
    struct {
        struct stream_back back;
        struct stream_id to;
        bool done;
    } back[POSITIONS];
    uint64_t max_entries;
    size_t value_max, burst;
    char *noise;
    struct slice field[1024];
};

#define NOISE    400000
#define MEM_LEFT (80 * 1024) /* what the table of slots may keep */

static uint64_t seed_now;

#define CHECK(f, cond)                                                                                       \
    do                                                                                                       \
        if (!(cond))                                                                                         \
            fail_msg("seed %lu step %d: %s", (unsigned long)(f)->seed, (f)->step, #cond);                    \
    while (0)

/* A must() that failed aborts: the seed is what one wants to know then. */
static void aborted(int sig)
{
    fprintf(stderr, "seed %lu\n", (unsigned long)seed_now);
    signal(sig, SIG_DFL);
}

static uint64_t below(struct fuzz *f, uint64_t n)
{
    return random_below(&f->r, n);
}

static struct slice noise(struct fuzz *f, size_t n)
{
    return (struct slice){f->noise + below(f, NOISE - n + 1), n};
}

static size_t some_fields(struct fuzz *f)
{
    static const char *const names[] = {"job", "payload", "x-id", "", "a-rather-long-name-of-a-field",
                                        "k",   "v",       "w"};
    size_t pairs = 1, first = below(f, 8), kind = below(f, 100);

    if (kind < 20)
        pairs = 1 + below(f, 5);
    else if (kind == 20)
        pairs = 1 + below(f, 500);
    for (size_t i = 0; i < pairs; i++) {
        f->field[i * 2] = kind >= 90 ? noise(f, below(f, 30)) : slice_of(names[(first + i) % 8]);
        f->field[i * 2 + 1] = noise(f, below(f, pairs > 5 ? 20 : f->value_max));
    }
    if (below(f, 500) == 0)
        f->field[1] = noise(f, 10000 + below(f, 60000));
    if (below(f, 3000) == 0)
        f->field[1] = noise(f, 300000);
    return pairs * 2;
}

static struct stream_id some_jump(struct fuzz *f)
{
    struct stream_id last = f->m.last;

    switch (below(f, 12)) {
    case 0:
        return ID(last.ms + 1 + below(f, 5), 0);
    case 1:
        return ID(last.ms, last.seq + 1 + below(f, 300));
    case 2:
        return ID(last.ms + below(f, 100000), below(f, UINT64_MAX));
    case 3:
        return below(f, 300) ? ID(last.ms + 1, 1) : ID(last.ms, UINT64_MAX);
    default:
        return ID(last.ms, last.seq + 1);
    }
}

static msec some_instant(struct fuzz *f, struct stream_id id)
{
    static const msec some[] = {1, INT64_MAX, INT64_MIN, -1, 1700000000000};

    return below(f, 4) ? (msec)(id.ms + below(f, 100000)) : some[below(f, 5)];
}

/* Most have none. Names of groups lie in the noise, which stays. */
static struct entry_attrs some_attrs(struct fuzz *f, struct stream_id id)
{
    struct entry_attrs a = entry_attrs_plain(id);

    if (below(f, 4))
        return a;
    if (below(f, 2))
        a.arrival = some_instant(f, id);
    if (below(f, 2))
        a.expires = some_instant(f, id);
    if (below(f, 2))
        a.level = (uint8_t)below(f, ENTRY_LEVELS);
    if (below(f, 4) == 0)
        a.group = noise(f, below(f, 50) ? below(f, 20) : 70000);
    return a;
}

static void append_one(struct fuzz *f)
{
    struct stream_node_limits limits = {.max_entries = f->max_entries};
    struct entry_attrs attrs;
    bool plain;
    struct stream_id id, want = some_jump(f);
    size_t n = some_fields(f);
    int err = stream_next_id(f->s, STREAM_ID_GIVEN, want, 0, &id);

    CHECK(f, (err == OK) == (stream_id_cmp(want, f->m.last) > 0));
    if (err < 0 && (err = stream_next_id(f->s, STREAM_ID_AUTO, want, 0, &id)) < 0) {
        CHECK(f, err == ERR_ID_LAST && stream_id_cmp(f->m.last, STREAM_ID_MAX) == 0);
        return;
    }
    attrs = some_attrs(f, id);
    plain =
        attrs.arrival == entry_attrs_plain(id).arrival && !attrs.expires && !attrs.level && !attrs.group.n;
    stream_append(f->s, id, f->field, n, plain && below(f, 2) ? NULL : &attrs, &limits);
    CHECK(f, stream_next_arrival(f->s, INT64_MIN) == attrs.arrival);
    CHECK(f, stream_next_arrival(f->s, INT64_MAX) == INT64_MAX);
    model_append(&f->m, id, f->field, n, &attrs, f->max_entries);
}

static struct stream_id some_id(struct fuzz *f)
{
    struct stream_id id = f->m.last;

    if (f->m.n && below(f, 20))
        id = f->m.item[below(f, f->m.n)].id;
    switch (below(f, 8)) {
    case 0:
        stream_id_next(&id);
        break;
    case 1:
        stream_id_prev(&id);
        break;
    case 2:
        id = below(f, 2) ? ID(id.ms, UINT64_MAX) : ID(id.ms, 0);
        break;
    case 3:
        if (below(f, 5) == 0)
            id = below(f, 2) ? STREAM_ID_MAX : STREAM_ID_MIN;
        break;
    }
    return id;
}

static void same_entry(struct fuzz *f, const struct entry *e, const struct item *it)
{
    struct entry_walk w = {0};
    struct entry_attrs a;
    struct slice name, value;
    size_t n = 0;

    CHECK(f, stream_id_cmp(e->id, it->id) == 0 && e->fields == it->n / 2);
    entry_attrs(e, &a);
    CHECK(f, a.arrival == it->attrs.arrival && a.expires == it->attrs.expires && a.level == it->attrs.level);
    CHECK(f, slice_eq(a.group, it->attrs.group));
    while (entry_field(e, &w, &name, &value)) {
        CHECK(f, slice_eq(name, it->field[n]) && slice_eq(value, it->field[n + 1]));
        n += 2;
    }
    CHECK(f, n == it->n);
}

static size_t put_bulk(char *to, struct slice s)
{
    size_t n = (size_t)sprintf(to, "$%zu\r\n", s.n);

    if (s.n)
        memcpy(to + n, s.p, s.n);
    memcpy(to + n + s.n, "\r\n", 2);
    return n + s.n + 2;
}

static void same_reply(struct fuzz *f, const struct entry *e, const struct item *it)
{
    char *want = malloc(it->bytes + (it->n + 3) * 40), id[64];
    size_t n = (size_t)sprintf(want, "*2\r\n");
    struct outbox_pool pool = {0};
    struct outbox out;

    sprintf(id, "%lu-%lu", (unsigned long)it->id.ms, (unsigned long)it->id.seq);
    n += put_bulk(want + n, slice_of(id));
    n += (size_t)sprintf(want + n, "*%zu\r\n", it->n);
    for (size_t i = 0; i < it->n; i++)
        n += put_bulk(want + n, it->field[i]);
    outbox_init(&out, &pool);
    entry_reply(e, &(struct reply){&out, 2});
    CHECK(f, slice_eq(outbox_ready(&out, 0), (struct slice){want, n}));
    outbox_free(&out);
    outbox_pool_free(&pool);
    free(want);
}

static void check_find(struct fuzz *f)
{
    struct stream_id id = some_id(f);
    size_t at = model_at(&f->m, id);
    bool there = at < f->m.n && stream_id_cmp(f->m.item[at].id, id) == 0;
    struct entry e;

    CHECK(f, stream_has(f->s, id) == there);
    CHECK(f, stream_find(f->s, id, &e) == there);
    if (there) {
        same_entry(f, &e, &f->m.item[at]);
        same_reply(f, &e, &f->m.item[at]);
    }
}

static void seek(struct fuzz *f, size_t k)
{
    struct stream_id from = some_id(f), after = from;

    stream_seek(f->s, from, &f->at[k].pos);
    stream_id_prev(&after);
    f->at[k].after = stream_id_cmp(after, f->m.last) > 0 ? f->m.last : after;
}

static void walk(struct fuzz *f, size_t k, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        struct stream_id from = f->at[k].after;
        size_t at = stream_id_next(&from) ? model_at(&f->m, from) : f->m.n;
        struct entry e;

        CHECK(f, stream_next(f->s, &f->at[k].pos, &e) == (at < f->m.n));
        if (at == f->m.n)
            return;
        same_entry(f, &e, &f->m.item[at]);
        f->at[k].after = e.id;
    }
}

static void seek_back(struct fuzz *f, size_t k)
{
    struct stream_id to = some_id(f);

    if (stream_id_cmp(to, f->m.last) > 0) /* what is added later is not looked for */
        to = f->m.last;
    f->back[k].to = to;
    f->back[k].done = false;
    stream_seek_back(f->s, to, &f->back[k].back);
}

static void walk_back(struct fuzz *f, size_t k, size_t steps)
{
    for (size_t i = 0; i < steps && !f->back[k].done; i++) {
        struct stream_id above = f->back[k].to;
        size_t at = stream_id_next(&above) ? model_at(&f->m, above) : f->m.n;
        struct entry e;

        f->back[k].done = at == 0;
        CHECK(f, stream_prev(f->s, &f->back[k].back, &e) == (at > 0));
        if (at == 0)
            return;
        same_entry(f, &e, &f->m.item[at - 1]);
        f->back[k].to = e.id;
        f->back[k].done = !stream_id_prev(&f->back[k].to);
    }
}

static void delete_some(struct fuzz *f)
{
    size_t n = below(f, 4) ? 1 : 1 + below(f, 300), at = f->m.n ? below(f, f->m.n) : 0;
    bool raise = below(f, 2), front = below(f, 4) == 0;

    for (size_t i = 0; i < n; i++) {
        struct stream_id id = some_id(f);

        if (n > 1 && at < f->m.n)
            id = f->m.item[front ? 0 : at].id;
        CHECK(f, model_delete(&f->m, id, raise) == (raise ? stream_delete(f->s, id) : stream_drop(f->s, id)));
    }
}

static void trim_some(struct fuzz *f)
{
    struct stream_trim how = {.kind = below(f, 2) ? TRIM_MAXLEN : TRIM_MINID, .approx = below(f, 2)};
    struct stream_id upto = STREAM_ID_MIN;
    size_t gone;

    if (how.approx && below(f, 2))
        how.limit = below(f, 300);
    how.max_length = below(f, 3) ? f->m.n - below(f, f->m.n / 8 + 1) : below(f, f->m.n + 2);
    how.min_id = f->m.n && below(f, 3) ? f->m.item[below(f, f->m.n / 8 + 1)].id : some_id(f);
    gone = stream_trim_plan(f->s, &how, &upto);
    CHECK(f, gone >= model_plan(&f->m, &how, true) && gone <= model_plan(&f->m, &how, false));
    if (gone)
        CHECK(f, stream_id_cmp(upto, f->m.item[gone - 1].id) >= 0);
    if (gone && gone < f->m.n)
        CHECK(f, stream_id_cmp(upto, f->m.item[gone].id) < 0);
    CHECK(f, stream_trim(f->s, &how) == gone);
    model_trim(&f->m, &how, gone);
}

static void set_ids(struct fuzz *f)
{
    struct stream_id top = f->m.n ? f->m.item[f->m.n - 1].id : STREAM_ID_MIN;

    f->m.last = below(f, 2) ? top : ID(top.ms, top.seq < UINT64_MAX - 9 ? top.seq + below(f, 9) : top.seq);
    f->m.added = f->m.n + below(f, 1000);
    f->m.max_deleted = below(f, 2) ? STREAM_ID_MIN : f->m.last;
    stream_set_ids(f->s, f->m.last, f->m.added, f->m.max_deleted);
    for (size_t k = 0; k < POSITIONS; k++) {
        if (stream_id_cmp(f->at[k].after, f->m.last) > 0)
            f->at[k].after = f->m.last;
        seek_back(f, k);
    }
}

static void check_all(struct fuzz *f)
{
    struct stream_stats st;
    struct stream_id zero = STREAM_ID_MIN;
    uint64_t bytes = 0;

    stream_check(f->s);
    for (size_t i = 0; i < f->m.n; i++)
        bytes += f->m.item[i].bytes;
    stream_stats(f->s, &st);
    CHECK(f, st.length == f->m.n && stream_length(f->s) == f->m.n && st.bytes == bytes);
    CHECK(f, st.entries_added == f->m.added && stream_entries_added(f->s) == f->m.added);
    CHECK(f, stream_id_cmp(st.first_id, f->m.n ? f->m.item[0].id : zero) == 0);
    CHECK(f,
          stream_id_cmp(st.last_id, f->m.last) == 0 && stream_id_cmp(stream_last_id(f->s), f->m.last) == 0);
    CHECK(f, stream_id_cmp(st.max_deleted_id, f->m.max_deleted) == 0);
    CHECK(f, st.nodes >= model_nodes(&f->m) && stream_memory(f->s) >= bytes);
    stream_seek(f->s, zero, &f->at[0].pos);
    f->at[0].after = zero;
    walk(f, 0, f->m.n + 1);
    f->back[0].to = STREAM_ID_MAX;
    f->back[0].done = false;
    stream_seek_back(f->s, STREAM_ID_MAX, &f->back[0].back);
    walk_back(f, 0, f->m.n + 1);
}

/* The copy takes the place of the stream: the places kept are good in it. */
static void copy(struct fuzz *f)
{
    struct stream *old = f->s;

    f->s = stream_copy(old, &hash_seed);
    CHECK(f, stream_length(old) == stream_length(f->s));
    stream_free(old);
}

static void step(struct fuzz *f)
{
    size_t k = below(f, POSITIONS);

    switch (below(f, 16)) {
    case 0:
    case 1:
    case 2:
        for (size_t n = below(f, f->burst); n; n--)
            append_one(f);
        break;
    case 3:
        append_one(f);
        break;
    case 4:
    case 5:
        delete_some(f);
        break;
    case 6:
        trim_some(f);
        break;
    case 7:
        seek(f, k);
        walk(f, k, 1);
        break;
    case 8:
    case 9:
        walk(f, k, 1 + below(f, 100));
        break;
    case 10:
        seek_back(f, k);
        break;
    case 11:
        walk_back(f, k, 1 + below(f, 50));
        break;
    case 12:
        if (below(f, 20) == 0)
            set_ids(f);
        else if (below(f, 40) == 0)
            copy(f);
        else if (below(f, 40) == 0)
            f->max_entries = (uint64_t[]){0, 1, 2, 7, 100}[below(f, 5)];
        break;
    default:
        check_find(f);
        break;
    }
}

static void fuzz_seed(uint64_t seed, char *noise_bytes, int steps)
{
    static struct fuzz fuzz;
    struct fuzz *f = &fuzz;
    size_t used = mem_used();

    *f = (struct fuzz){.seed = seed_now = seed, .noise = noise_bytes, .max_entries = 1 + seed % 60};
    random_seed(&f->r, seed);
    f->value_max = (size_t[]){20, 200, 3000}[seed % 3];
    f->burst = (size_t[]){20, 60, 400}[seed / 3 % 3];
    f->s = stream_new(&hash_seed);
    if (seed % 7 == 0) {
        f->m.last = ID(UINT64_MAX, UINT64_MAX - below(f, 3000));
        stream_set_ids(f->s, f->m.last, 0, STREAM_ID_MIN);
    }
    for (size_t k = 0; k < POSITIONS; k++) {
        seek(f, k);
        seek_back(f, k);
    }
    for (f->step = 0; f->step < steps; f->step++) {
        step(f);
        if (f->step % 8 == 0)
            stream_check(f->s);
        if (f->step % 64 == 0)
            check_all(f);
    }
    check_all(f);
    while (seed % 2 && !stream_free_some(f->s, 3))
        ;
    if (seed % 2 == 0)
        stream_free(f->s);
    model_free(&f->m);
    assert_true(mem_used() <= used + MEM_LEFT);
}

static void like_a_sorted_array(void **state)
{
    const char *count = getenv("FUZZ_SEEDS"), *first = getenv("FUZZ_FIRST");
    uint64_t from = first ? strtoull(first, NULL, 10) : 1, n = count ? strtoull(count, NULL, 10) : 60;
    char *bytes = malloc(NOISE);
    struct random r;

    (void)state;
    random_seed(&r, 7);
    for (size_t i = 0; i < NOISE; i++)
        bytes[i] = (char)random_next(&r);
    signal(SIGABRT, aborted);
    for (uint64_t seed = from; seed < from + n; seed++)
        fuzz_seed(seed, bytes, 600);
    signal(SIGABRT, SIG_DFL);
    free(bytes);
}

/* ---- ids */

static void add(struct stream *s, struct stream_id id, const struct stream_node_limits *limits)
{
    stream_append(s, id, (const struct slice[]){SLICE("xitem"), SLICE("1")}, 2, NULL, limits);
}

static struct stream *with_entries(uint64_t n, const struct stream_node_limits *limits)
{
    struct stream *s = stream_new(&hash_seed);

    for (uint64_t i = 1; i <= n; i++)
        add(s, ID(i, 0), limits);
    return s;
}

static void assert_next(const struct stream *s, enum stream_id_want kind, struct stream_id want, msec now,
                        struct stream_id result)
{
    struct stream_id id;

    assert_int_equal(stream_next_id(s, kind, want, now, &id), OK);
    assert_int_equal(id.ms, result.ms);
    assert_int_equal(id.seq, result.seq);
}

static void ids_are_chosen_above_the_last(void **state)
{
    struct stream *s = stream_new(&hash_seed);
    struct stream_id none = STREAM_ID_MIN, id;

    (void)state;
    assert_next(NULL, STREAM_ID_AUTO, none, 1000, ID(1000, 0));
    assert_next(NULL, STREAM_ID_AUTO, none, 0, ID(0, 1));
    assert_next(s, STREAM_ID_AUTO_SEQ, none, 1000, ID(0, 1));
    assert_next(NULL, STREAM_ID_AUTO_SEQ, ID(5, 9), 0, ID(5, 0));
    assert_int_equal(stream_next_id(NULL, STREAM_ID_GIVEN, none, 0, &id), ERR_ID_ZERO);

    add(s, ID(1000, 3), &by_100);
    assert_next(s, STREAM_ID_AUTO, none, 1001, ID(1001, 0));
    assert_next(s, STREAM_ID_AUTO, none, 1000, ID(1000, 4));
    assert_next(s, STREAM_ID_AUTO, none, -5, ID(1000, 4));
    assert_next(s, STREAM_ID_AUTO_SEQ, ID(1000, 0), 0, ID(1000, 4));
    assert_next(s, STREAM_ID_AUTO_SEQ, ID(1001, 0), 0, ID(1001, 0));
    assert_int_equal(stream_next_id(s, STREAM_ID_AUTO_SEQ, ID(999, 0), 0, &id), ERR_ID_SMALL);
    assert_next(s, STREAM_ID_GIVEN, ID(1000, 4), 0, ID(1000, 4));
    assert_int_equal(stream_next_id(s, STREAM_ID_GIVEN, ID(1000, 3), 0, &id), ERR_ID_SMALL);
    stream_delete(s, ID(1000, 3));
    assert_int_equal(stream_next_id(s, STREAM_ID_GIVEN, ID(1000, 3), 0, &id), ERR_ID_SMALL);
    stream_free(s);
}

static void ids_end(void **state)
{
    struct stream *s = stream_new(&hash_seed);
    struct stream_id none = STREAM_ID_MIN, id;

    (void)state;
    add(s, ID(7, UINT64_MAX), &by_100);
    assert_next(s, STREAM_ID_AUTO, none, 7, ID(8, 0));
    assert_int_equal(stream_next_id(s, STREAM_ID_AUTO_SEQ, ID(7, 0), 0, &id), ERR_ID_SMALL);
    add(s, STREAM_ID_MAX, &by_100);
    assert_int_equal(stream_next_id(s, STREAM_ID_AUTO, none, 0, &id), ERR_ID_LAST);
    assert_int_equal(stream_next_id(s, STREAM_ID_AUTO_SEQ, ID(7, 0), 0, &id), ERR_ID_LAST);
    assert_int_equal(stream_next_id(s, STREAM_ID_GIVEN, STREAM_ID_MAX, 0, &id), ERR_ID_LAST);
    assert_int_equal(stream_next_id(s, STREAM_ID_GIVEN, none, 0, &id), ERR_ID_ZERO);
    stream_check(s);
    stream_free(s);
}

/* ---- trimming */

static struct stream_trim about(uint64_t max_length, uint64_t limit)
{
    return (struct stream_trim){
        .kind = TRIM_MAXLEN, .approx = true, .max_length = max_length, .limit = limit};
}

static void whole_nodes_go(void **state)
{
    struct stream *s = stream_new(&hash_seed);
    struct stream_trim how = about(555, 0);

    (void)state;
    for (uint64_t i = 1; i <= 1000; i++) {
        add(s, ID(i, 0), &by_100);
        stream_trim(s, &how);
        stream_check(s);
    }
    assert_int_equal(stream_length(s), 600);
    stream_free(s);
}

static void a_limit_keeps_the_node_that_would_pass_it(void **state)
{
    struct stream *s = with_entries(3, &(struct stream_node_limits){.max_entries = 2});
    struct stream_trim how = about(0, 1);

    (void)state;
    assert_int_equal(stream_trim(s, &how), 0);
    how.limit = 2;
    assert_int_equal(stream_trim(s, &how), 2);
    assert_int_equal(stream_length(s), 1);
    stream_free(s);

    s = with_entries(100, &by_10);
    how = about(55, 30);
    add(s, ID(101, 0), &by_10);
    assert_int_equal(stream_trim(s, &how), 30);
    assert_int_equal(stream_length(s), 71);
    add(s, ID(102, 0), &by_10);
    stream_trim(s, &how);
    assert_int_equal(stream_length(s), 62);
    stream_free(s);
}

static void min_id_counts_whole_nodes_too(void **state)
{
    struct stream *s = with_entries(100, &by_10);
    struct stream_trim how = {.kind = TRIM_MINID, .approx = true, .min_id = ID(25, 0)};

    (void)state;
    assert_int_equal(stream_trim(s, &how), 20);
    how.min_id = ID(30, 0);
    assert_int_equal(stream_trim(s, &how), 0);
    how.min_id = ID(30, 1);
    assert_int_equal(stream_trim(s, &how), 10);
    how.approx = false;
    how.min_id = ID(95, 0);
    assert_int_equal(stream_trim(s, &how), 64);
    stream_check(s);
    stream_free(s);
}

/* A node without a live entry is none: the next entry starts another. */
static void an_emptied_node_vanishes(void **state)
{
    struct stream *s = with_entries(15, &by_10);
    struct stream_trim how = about(0, 10);

    (void)state;
    for (uint64_t i = 11; i <= 15; i++)
        stream_delete(s, ID(i, 0));
    for (uint64_t i = 16; i <= 25; i++)
        add(s, ID(i, 0), &by_10);
    assert_int_equal(stream_trim(s, &how), 10);
    assert_int_equal(stream_length(s), 10);
    add(s, ID(26, 0), &by_10);
    assert_int_equal(stream_trim(s, &how), 10);
    assert_int_equal(stream_length(s), 1);
    stream_free(s);
}

/* XSETID may go back below a deleted entry at the end of a node: ids of the next one are lower. */
static void a_node_ends_where_its_live_entries_do(void **state)
{
    struct stream *s = with_entries(9, &by_10);
    struct stream_trim how = about(10, 0);

    (void)state;
    add(s, ID(100, 0), &by_10);
    stream_drop(s, ID(100, 0));
    stream_set_ids(s, ID(9, 0), 10, STREAM_ID_MIN);
    for (uint64_t i = 10; i < 20; i++)
        add(s, ID(i, 0), &by_10);
    assert_int_equal(stream_trim(s, &how), 9);
    assert_int_equal(stream_length(s), 10);
    stream_check(s);
    stream_free(s);
}

/* What MINID emptied goes on as a node if a deleted entry of it reaches that far, as in Redis. */
static void an_emptied_node_may_go_on(void **state)
{
    struct stream *s = with_entries(4, &by_10);
    struct stream_trim how = {.kind = TRIM_MINID, .min_id = ID(4, 0)};
    struct stream_stats st;

    (void)state;
    stream_drop(s, ID(4, 0));
    assert_int_equal(stream_trim(s, &how), 3);
    for (uint64_t i = 5; i <= 11; i++)
        add(s, ID(i, 0), &by_10);
    stream_check(s);
    how = about(1, 0); /* the node ends with the tenth entry it ever had */
    assert_int_equal(stream_trim(s, &how), 6);
    stream_stats(s, &st);
    assert_int_equal(st.first_id.ms, 11);
    stream_free(s);
}

static void nodes_end_by_bytes(void **state)
{
    struct stream_node_limits limits = {.max_bytes = 1000};
    struct stream *s = stream_new(&hash_seed);
    struct stream_stats st;
    char value[100] = {0};

    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        stream_append(s, ID(i, 0), (struct slice[]){SLICE("f"), {value, sizeof(value)}}, 2, NULL, &limits);
    stream_stats(s, &st);
    assert_in_range(st.nodes, 11, 15);
    stream_free(s);
}

static void trimming_leaves_ids_and_totals(void **state)
{
    struct stream *s = with_entries(10, &by_10);
    struct stream_trim how = {.kind = TRIM_MAXLEN, .max_length = 0};
    struct stream_stats st;

    (void)state;
    stream_delete(s, ID(4, 0));
    assert_int_equal(stream_trim(s, &how), 9);
    stream_stats(s, &st);
    assert_int_equal(st.length, 0);
    assert_int_equal(st.entries_added, 10);
    assert_int_equal(st.last_id.ms, 10);
    assert_int_equal(st.max_deleted_id.ms, 4);
    assert_int_equal(stream_max_deleted_id(s).ms, 4);
    assert_true(stream_id_is_zero(st.first_id));
    assert_int_equal(st.blocks, 0);
    assert_false(stream_drop(s, ID(4, 0)));
    stream_free(s);
}

/* ---- groups */

static void groups_are_kept_by_name(void **state)
{
    struct stream *s = with_entries(5, &by_100), *other;
    struct group **sorted, *g;
    size_t n;

    (void)state;
    assert_null(stream_groups_sorted(s, &n));
    stream_group_add(s, group_new(SLICE("b"), ID(2, 0), 2, &hash_seed));
    stream_group_add(s, group_new(SLICE("a"), ID(0, 0), -1, &hash_seed));
    stream_group_add(s, group_new(SLICE("ab"), ID(0, 0), -1, &hash_seed));
    sorted = stream_groups_sorted(s, &n);
    assert_int_equal(n, 3);
    assert_true(slice_eq(group_name(sorted[0]), SLICE("a")) && slice_eq(group_name(sorted[1]), SLICE("ab")) &&
                slice_eq(group_name(sorted[2]), SLICE("b")));
    mem_free(sorted);
    other = stream_copy(s, &hash_seed);
    stream_check(other);
    assert_int_equal(stream_group_count(other), 3);
    assert_true(stream_group(other, SLICE("b")) != stream_group(s, SLICE("b")));
    assert_int_equal(stream_group(other, SLICE("b"))->last_id.ms, 2);
    g = stream_group_remove(other, SLICE("b"));
    group_free(g);
    assert_null(stream_group(other, SLICE("b")));
    assert_true(stream_memory(s) > stream_memory(other));
    stream_free(other);
    while (!stream_free_some(s, 1))
        ;
    stream_free(NULL);
}

/* After XTRIM and XSETID back, an id that the group has passed comes again: it is not news to the group. */
static void set_ids_back_does_not_take_groups_along(void **state)
{
    struct stream *s = with_entries(5, &by_100);
    struct group *g = group_new(SLICE("g"), ID(0, 0), 0, &hash_seed);
    struct stream_pos pos;
    struct entry e;

    (void)state;
    stream_group_add(s, g);
    stream_seek(s, STREAM_ID_MIN, &pos);
    while (stream_next(s, &pos, &e))
        group_advance(g, s, &e.id, 1, &pos);
    stream_set_ids(s, ID(6, 0), 5, STREAM_ID_MIN);
    assert_true(g->next_good);
    stream_trim(s, &(struct stream_trim){.kind = TRIM_MAXLEN, .max_length = 1});
    stream_drop(s, ID(5, 0));
    stream_set_ids(s, ID(2, 0), 5, STREAM_ID_MIN);
    assert_false(g->next_good);
    assert_int_equal(g->last_id.ms, 5);
    add(s, ID(3, 0), &by_100);
    stream_check(s);
    stream_free(s);
}

static int64_t lag_at(const struct stream *s, struct stream_id last, int64_t entries_read)
{
    struct group *g = group_new(SLICE("g"), last, entries_read, &hash_seed);
    int64_t lag = stream_lag(s, g);

    group_free(g);
    return lag;
}

static void lag_follows_from_the_counts(void **state)
{
    struct stream *s = with_entries(0, &by_100);

    (void)state;
    assert_int_equal(lag_at(s, ID(0, 0), -1), 0);
    for (uint64_t i = 1; i <= 5; i++)
        add(s, ID(i, 0), &by_100);
    assert_int_equal(lag_at(s, ID(0, 0), -1), 5);
    assert_int_equal(lag_at(s, ID(1, 0), -1), 4);
    assert_int_equal(lag_at(s, ID(2, 0), -1), STREAM_LAG_UNKNOWN);
    assert_int_equal(lag_at(s, ID(2, 0), 2), 3);
    assert_int_equal(lag_at(s, ID(5, 0), -1), 0);
    assert_int_equal(lag_at(s, ID(9, 0), -1), STREAM_LAG_UNKNOWN);

    stream_delete(s, ID(3, 0));
    assert_int_equal(lag_at(s, ID(0, 0), -1), STREAM_LAG_UNKNOWN);
    assert_int_equal(lag_at(s, ID(2, 0), 2), STREAM_LAG_UNKNOWN);
    assert_int_equal(lag_at(s, ID(4, 0), 4), 1);
    stream_delete(s, ID(1, 0));
    stream_delete(s, ID(2, 0));
    assert_int_equal(lag_at(s, ID(0, 0), -1), 2);
    assert_int_equal(lag_at(s, ID(2, 0), 2), 2);
    stream_trim(s, &(struct stream_trim){.kind = TRIM_MAXLEN});
    assert_int_equal(lag_at(s, ID(2, 0), 2), 0);
    stream_free(s);
}

static void reads_are_estimated_at_the_ends(void **state)
{
    struct stream *s = with_entries(5, &by_100);

    (void)state;
    assert_int_equal(stream_estimate_read(s, ID(0, 0)), 0);
    assert_int_equal(stream_estimate_read(s, ID(1, 0)), 1);
    assert_int_equal(stream_estimate_read(s, ID(3, 0)), -1);
    assert_int_equal(stream_estimate_read(s, ID(5, 0)), 5);
    assert_int_equal(stream_estimate_read(s, ID(5, 1)), -1);
    stream_trim(s, &(struct stream_trim){.kind = TRIM_MAXLEN, .max_length = 2});
    assert_int_equal(stream_estimate_read(s, ID(2, 0)), 3);
    assert_int_equal(stream_estimate_read(s, ID(4, 0)), 4);
    stream_delete(s, ID(5, 0));
    assert_int_equal(stream_estimate_read(s, ID(4, 0)), -1);
    assert_int_equal(stream_estimate_read(s, ID(5, 0)), 5);
    stream_delete(s, ID(4, 0));
    assert_int_equal(stream_estimate_read(s, ID(4, 0)), 5);
    assert_int_equal(stream_estimate_read(s, ID(6, 0)), -1);
    stream_free(s);
    s = stream_new(&hash_seed);
    assert_int_equal(stream_estimate_read(s, ID(5, 0)), 0);
    stream_free(s);
}

/* ---- replies */

static void entries_are_written_as_resp(void **state)
{
    struct outbox_pool pool = {0};
    struct outbox out;
    struct reply r = {&out, 2};
    struct stream *s = stream_new(&hash_seed);
    struct entry e;
    struct slice text;
    static const char want[] =
        "*2\r\n$16\r\n1526919030474-55\r\n*4\r\n$1\r\na\r\n$12\r\ntwelve bytes\r\n$0\r\n\r\n$2\r\n"
        "\r\n\r\n"
        "*4\r\n$1\r\na\r\n$12\r\ntwelve bytes\r\n$0\r\n\r\n$2\r\n\r\n\r\n$3\r\n0-1\r\n";

    (void)state;
    outbox_init(&out, &pool);
    stream_append(s, ID(1526919030474, 55),
                  (struct slice[]){SLICE("a"), SLICE("twelve bytes"), {NULL, 0}, SLICE("\r\n")}, 4, NULL,
                  &by_100);
    assert_true(stream_find(s, ID(1526919030474, 55), &e));
    entry_reply(&e, &r);
    entry_reply_fields(&e, &r);
    reply_stream_id(&r, ID(0, 1));
    out.muted = 1;
    entry_reply(&e, &r);
    entry_reply_fields(&e, &r);
    reply_stream_id(&r, ID(0, 1));
    text = outbox_ready(&out, 0);
    assert_int_equal(text.n, sizeof(want) - 1);
    assert_memory_equal(text.p, want, text.n);
    outbox_free(&out);
    outbox_pool_free(&pool);
    stream_free(s);
}

/* ---- memory */

/* One entry that stays must not hold the memory of all that came and went behind it. */
static void one_that_stays_holds_little(void **state)
{
    struct stream *s = with_entries(1, &by_100);

    (void)state;
    for (uint64_t i = 2; i <= 300000; i++) {
        add(s, ID(i, 0), &by_100);
        if (i > 19)
            stream_delete(s, ID(i - 18, 0));
    }
    stream_check(s);
    assert_int_equal(stream_length(s), 19);
    assert_in_range(stream_memory(s), 100, 140000);
    stream_free(s);
}

static void an_entry_costs_little_more_than_its_bytes(void **state)
{
    static const struct {
        size_t value, most;
        uint64_t n;
    } row[] = {{16, 31, 1000000}, {100, 114, 1000000}, {1000, 1030, 200000}};
    char value[1000];

    (void)state;
    if (strcmp(mem_allocator(), "libc") == 0) {
        print_message("[  SKIPPED ] libc's malloc does not tell what a block costs\n");
        return;
    }
    memset(value, 'v', sizeof(value));
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        size_t used = mem_used();
        struct stream *s = stream_new(&hash_seed);
        double each;

        for (uint64_t k = 0; k < row[i].n; k++)
            stream_append(s, ID(1526919030474 + k / 3, k % 3),
                          (struct slice[]){SLICE("f"), {value, row[i].value}}, 2, NULL, &by_100);
        each = (double)(mem_used() - used) / (double)row[i].n;
        print_message("%zu bytes: %.2f\n", row[i].value, each);
        assert_true(each <= (double)row[i].most);
        stream_free(s);
        assert_true(mem_used() <= used + MEM_LEFT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_chosen_above_the_last),
        cmocka_unit_test(ids_end),
        cmocka_unit_test(whole_nodes_go),
        cmocka_unit_test(a_limit_keeps_the_node_that_would_pass_it),
        cmocka_unit_test(min_id_counts_whole_nodes_too),
        cmocka_unit_test(an_emptied_node_vanishes),
        cmocka_unit_test(a_node_ends_where_its_live_entries_do),
        cmocka_unit_test(an_emptied_node_may_go_on),
        cmocka_unit_test(nodes_end_by_bytes),
        cmocka_unit_test(trimming_leaves_ids_and_totals),
        cmocka_unit_test(groups_are_kept_by_name),
        cmocka_unit_test(set_ids_back_does_not_take_groups_along),
        cmocka_unit_test(lag_follows_from_the_counts),
        cmocka_unit_test(reads_are_estimated_at_the_ends),
        cmocka_unit_test(entries_are_written_as_resp),
        cmocka_unit_test(one_that_stays_holds_little),
        cmocka_unit_test(an_entry_costs_little_more_than_its_bytes),
        cmocka_unit_test(like_a_sorted_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
