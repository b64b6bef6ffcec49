/* store/pel.c - pending entries: records in the leaves of the tree, and the searches over it. See
 * store/pel.h; the shape of the tree is pel_tree.c's. */
#include "pel_tree.h"

/* --- records --- */

static uint64_t clamp_time(msec time)
{
    return (uint64_t)(time < 0 ? 0 : time > TIME_MAX ? TIME_MAX : time);
}

static inline uint64_t age_of(const struct pending *e)
{
    if (__builtin_expect(e->state == PENDING_LEASED, 1))
        return clamp_time(e->time) | AGE_LEASED;
    if (e->state == PENDING_NACKED)
        return clamp_time(e->time);
    return e->state >= PENDING_READY && e->state < PENDING_QUEUED ? AGE_MAX
                                                                  : clamp_time(e->time) | AGE_LEASED;
}

static inline void record_write(struct record *r, uint64_t key, const struct pending *e)
{
    uint64_t age = age_of(e);
    uint64_t count = e->count < COUNT_FULL ? e->count : COUNT_FULL;

    *r = (struct record){.key = key, .when = age << 8 | e->state, .held = count << 24 | e->owner};
}

static inline void record_read(const struct pel_leaf *l, unsigned at, struct pending *out)
{
    const struct record *r = leaf_record(l, at);
    uint64_t count = r->held >> 24;

    *out = (struct pending){
        .id = leaf_id(l, at),
        .time = (msec)((r->when >> 8) & (AGE_LEASED - 1)),
        .count = count == COUNT_FULL ? PEL_COUNT_MAX : count,
        .owner = record_owner(r),
        .state = (uint8_t)r->when & (ASIDE - 1),
    };
}

/* The same with its count, if that is kept elsewhere. */
static inline void pending_read(const struct pel *p, const struct pel_leaf *l, unsigned at,
                                struct pending *out)
{
    record_read(l, at, out);
    if (p->large)
        pel_large_read(p, out);
}

/* --- finding a place --- */

static struct pel_leaf *descend(const struct pel *p, struct stream_id id)
{
    const struct pel_node *n = p->root;

    while (n->level) {
        const struct pel_inner *in = as_inner(n);

        n = in->branch[pel_inner_search(in, id)].node;
    }
    return as_leaf(n);
}

/* Whether `id` is there; else *leaf and *at are where it belongs. The tree must not be empty. The usual
 * case, acknowledging in order, is the first record of the leaf touched last. */
static inline bool locate(const struct pel *p, struct stream_id id, struct pel_leaf **leaf, unsigned *at)
{
    struct pel_leaf *l = *leaf = p->hint;
    const struct record *r = leaf_record(l, 0);
    uint64_t key;
    bool near = leaf_key(l, id, &key);

    *at = 0;
    if (near && key == r->key)
        return true;
    if (!near || key < r->key || key > r[l->node.n - 1].key) {
        l = *leaf = descend(p, id);
        near = leaf_key(l, id, &key);
    }
    *at = near ? pel_leaf_search_key(l, key) : pel_leaf_search(l, id);
    return near && *at < l->node.n && leaf_record(l, *at)->key == key;
}

/* --- changes --- */

void pel_init(struct pel *p)
{
    *p = (struct pel){0};
}

void pel_free(struct pel *p)
{
    pel_free_some(p, SIZE_MAX);
}

bool pel_free_some(struct pel *p, size_t nodes)
{
    if (!pel_cut_down(p, nodes) || (p->large && !pel_free_some(p->large, nodes)))
        return false;
    mem_free(p->large);
    pel_init(p);
    return true;
}

static inline void loosen(struct branch *b, const struct record *r)
{
    uint64_t age = r->when >> 8;

    b->age = age < b->age ? age : b->age;
    b->turn = age < b->turn ? age : b->turn;
    b->owners |= owner_bit(record_owner(r));
}

/* Opens a gap before record `at`, on the side where fewer move; there is room. */
static void leaf_open(struct pel_leaf *l, unsigned at)
{
    unsigned n = l->node.n++;
    bool back = l->node.first + n < l->node.room;

    if (back && (at >= n / 2 || l->node.first == 0)) {
        memmove(leaf_record(l, at + 1), leaf_record(l, at), (n - at) * sizeof(struct record));
    } else {
        l->node.first--;
        memmove(leaf_record(l, 0), leaf_record(l, 1), at * sizeof(struct record));
    }
}

/* Takes out `gone` records from `at` on. */
static void leaf_close(struct pel_leaf *l, unsigned at, unsigned gone)
{
    unsigned n = l->node.n -= (uint16_t)gone;

    if (at >= n / 2 && at > 0) {
        memmove(leaf_record(l, at), leaf_record(l, at + gone), (n - at) * sizeof(struct record));
        return;
    }
    if (at > 0)
        memmove(leaf_record(l, gone), leaf_record(l, 0), at * sizeof(struct record));
    l->node.first = (uint8_t)(l->node.first + gone);
}

/* So many more records in the leaf, as old and as owned as `r`. */
static inline void count_in(struct pel *p, const struct pel_leaf *l, size_t more, const struct record *r)
{
    p->count += more;
    for (const struct pel_node *n = &l->node; n->parent; n = &n->parent->node) {
        struct branch *b = branch_of(n);

        b->count += more;
        loosen(b, r);
    }
}

static void insert(struct pel *p, struct pel_leaf *l, unsigned at, const struct pending *e)
{
    uint64_t key;

    l = pel_make_room(p, l, &at, e->id);
    must(leaf_key(l, e->id, &key));
    leaf_open(l, at);
    record_write(leaf_record(l, at), key, e);
    count_in(p, l, 1, leaf_record(l, at));
}

/* What finds room in the last leaf: deliveries of new messages do, mostly. */
size_t pel_append(struct pel *p, const struct pending *e, const struct stream_id *id, size_t n)
{
    struct pel_leaf *l = p->last;
    struct record like, *r;
    struct stream_id base;
    uint64_t key, last;
    size_t room, done = 0;

    if (!l || count_is_large(e->count))
        return 0;
    record_write(&like, 0, e);
    r = leaf_record(l, l->node.n);
    last = r[-1].key;
    base = l->base;
    room = (size_t)l->node.room - l->node.first - l->node.n;
    n = n < room ? n : room;
    for (; done < n && key_from(base, id[done], &key) && key > last; done++) {
        *r++ = (struct record){.key = key, .when = like.when, .held = like.held};
        last = key;
    }
    if (done) {
        l->node.n += (uint16_t)done;
        count_in(p, l, done, &like);
    }
    return done;
}

static void replace(struct pel_leaf *l, unsigned at, const struct pending *e)
{
    struct record *r = leaf_record(l, at);

    record_write(r, r->key, e);
    for (const struct pel_node *n = &l->node; n->parent; n = &n->parent->node)
        loosen(branch_of(n), r);
}

static bool put_anywhere(struct pel *p, const struct pending *e, struct pending *old)
{
    struct pel_leaf *l = p->last;
    unsigned at = l->node.n;

    if (wide(e->id) > wide(leaf_id(l, at - 1))) {
        insert(p, l, at, e);
        return true;
    }
    if (!locate(p, e->id, &l, &at)) {
        p->hint = l;
        insert(p, l, at, e);
        return true;
    }
    p->hint = l;
    if (old)
        record_read(l, at, old);
    replace(l, at, e);
    return false;
}

static bool put(struct pel *p, const struct pending *e, struct pending *old)
{
    if (!p->root) {
        insert(p, pel_plant(p, e->id), 0, e);
        return true;
    }
    return pel_append(p, e, &e->id, 1) || put_anywhere(p, e, old);
}

bool pel_put(struct pel *p, const struct pending *e, struct pending *old)
{
    bool fresh;
    uint64_t count;

    must(e->owner <= PEL_NO_OWNER && e->state < PENDING_STATES);
    fresh = put(p, e, old);
    if (p->large && !fresh && pel_large_take(p, e->id, &count) && old)
        old->count = count;
    if (count_is_large(e->count))
        pel_large_add(p, e->id, e->count);
    return fresh;
}

void pel_set_aside(struct pel *p, struct stream_id id)
{
    struct pel_leaf *l;
    unsigned at;

    if (p->root && locate(p, id, &l, &at))
        leaf_record(l, at)->when |= ASIDE;
}

void pel_bring_back(struct pel *p, struct stream_id id)
{
    struct pel_leaf *l;
    unsigned at;

    if (!p->root || !locate(p, id, &l, &at))
        return;
    leaf_record(l, at)->when &= ~(uint64_t)ASIDE;
    for (const struct pel_node *n = &l->node; n->parent; n = &n->parent->node)
        loosen(branch_of(n), leaf_record(l, at));
}

/* When a leaf comes to another of these, it is time to look at its neighbours: rarely enough that a leaf
 * emptied in order hardly pays for it. */
static inline unsigned fullness(unsigned n)
{
    return (n > LEAF_MAX / 3) + (n > LEAF_MAX / 9) + (n > 2) + (n > 0);
}

/* How many records from `at` on, the first of which has id[0], have the ids that come next, and are the same
 * in owner and state. */
static inline unsigned run_length(const struct pel_leaf *l, unsigned at, const struct stream_id *id, size_t n)
{
    const struct record *r = leaf_record(l, at);
    unsigned most = l->node.n - at < n ? l->node.n - at : (unsigned)n, i = 1;

    while (i < most && wide(leaf_id(l, at + i)) == wide(id[i]) && record_owner(&r[i]) == record_owner(r) &&
           (uint8_t)r[i].when == (uint8_t)r->when)
        i++;
    return i;
}

static void forget_large(struct pel *p, const struct stream_id *id, size_t n)
{
    uint64_t count;

    for (size_t i = 0; i < n && p->large; i++)
        pel_large_take(p, id[i], &count);
}

size_t pel_remove_run(struct pel *p, const struct stream_id *id, size_t n, struct pending *old)
{
    struct pel_leaf *l;
    unsigned at, gone, before;

    if (!p->root || !locate(p, *id, &l, &at))
        return 0;
    pending_read(p, l, at, old);
    gone = run_length(l, at, id, n);
    before = l->node.n;
    leaf_close(l, at, gone);
    p->hint = l;
    p->count -= gone;
    for (const struct pel_node *up = &l->node; up->parent; up = &up->parent->node)
        branch_of(up)->count -= gone;
    if (fullness(before) != fullness(before - gone))
        pel_thin(p, l);
    if (p->large)
        forget_large(p, id, gone);
    return gone;
}

bool pel_remove(struct pel *p, struct stream_id id, struct pending *old)
{
    struct pending none;

    return pel_remove_run(p, &id, 1, old ? old : &none);
}

/* --- by id and by rank --- */

size_t pel_count(const struct pel *p)
{
    return p->count;
}

bool pel_find(const struct pel *p, struct stream_id id, struct pending *out)
{
    struct pel_leaf *l;
    unsigned at;

    if (!p->root || !locate(p, id, &l, &at))
        return false;
    pending_read(p, l, at, out);
    return true;
}

void pel_start(const struct pel *p, struct stream_id from, struct pel_pos *pos)
{
    pos->pel = p;
    pos->leaf = p->root ? descend(p, from) : NULL;
    pos->at = pos->leaf ? pel_leaf_search(pos->leaf, from) : 0;
}

bool pel_next(struct pel_pos *pos, struct pending *out)
{
    if (pos->leaf && pos->at == pos->leaf->node.n) {
        pos->leaf = pel_leaf_next(pos->leaf);
        pos->at = 0;
    }
    if (!pos->leaf)
        return false;
    pending_read(pos->pel, pos->leaf, pos->at++, out);
    return true;
}

bool pel_seek(const struct pel *p, struct stream_id from, struct pending *out)
{
    struct pel_pos pos;

    pel_start(p, from, &pos);
    return pel_next(&pos, out);
}

bool pel_first(const struct pel *p, struct pending *out)
{
    return pel_seek(p, STREAM_ID_MIN, out);
}

bool pel_last(const struct pel *p, struct pending *out)
{
    if (!p->root)
        return false;
    pending_read(p, p->last, p->last->node.n - 1u, out);
    return true;
}

size_t pel_rank(const struct pel *p, struct stream_id id)
{
    const struct pel_node *n = p->root;
    size_t rank = 0;

    if (!n)
        return 0;
    while (n->level) {
        const struct pel_inner *in = as_inner(n);
        unsigned at = pel_inner_search(in, id);

        for (unsigned i = 0; i < at; i++)
            rank += in->branch[i].count;
        n = in->branch[at].node;
    }
    return rank + pel_leaf_search(as_leaf(n), id);
}

bool pel_nth(const struct pel *p, size_t nth, struct pending *out)
{
    const struct pel_node *n = p->root;

    if (nth >= p->count)
        return false;
    while (n->level) {
        const struct branch *b = as_inner(n)->branch;

        while (nth >= b->count)
            nth -= b++->count;
        n = b->node;
    }
    pending_read(p, as_leaf(n), (unsigned)nth, out);
    return true;
}

/* --- by age and by owner --- */

struct want {
    uint64_t age;    /* at most */
    uint64_t owners; /* the bits of those that will do */
    uint32_t owner;
    bool anyone; /* whatever the owner */
};

static bool search_leaf(const struct pel_leaf *l, unsigned at, const struct want *w, struct pending *out)
{
    for (; at < l->node.n; at++) {
        const struct record *r = leaf_record(l, at);

        if (r->when >> 8 <= w->age && (w->anyone || record_owner(r) == w->owner)) {
            record_read(l, at, out);
            return true;
        }
    }
    return false;
}

/* The first wanted below `n`, not below *from unless that is NULL. Goes only where a branch says there
 * may be one; where there is none after all, the branch learns it: a cached bound, nothing a caller sees,
 * so the tree may be const. */
static bool search(const struct pel_node *n, const struct stream_id *from, const struct want *w,
                   struct pending *out)
{
    struct pel_inner *in = as_inner(n);

    if (!n->level)
        return search_leaf(as_leaf(n), from ? pel_leaf_search(as_leaf(n), *from) : 0, w, out);
    for (unsigned i = from ? pel_inner_search(in, *from) : 0; i < n->n; i++, from = NULL) {
        struct branch *b = &in->branch[i];

        if (b->age > w->age || !(b->owners & w->owners))
            continue;
        if (search(b->node, from, w, out))
            return true;
        if (!from)
            pel_refresh(b);
    }
    return false;
}

static bool search_all(const struct pel *p, struct stream_id from, const struct want *w, struct pending *out)
{
    if (!p->root || !search(p->root, &from, w, out))
        return false;
    if (p->large)
        pel_large_read(p, out);
    return true;
}

bool pel_seek_idle(const struct pel *p, struct stream_id from, msec until, struct pending *out)
{
    struct want w = {.owners = UINT64_MAX, .anyone = true};

    w.age = until < 0 ? AGE_LEASED - 1 : until == INT64_MAX ? AGE_MAX : AGE_LEASED | clamp_time(until);
    return search_all(p, from, &w, out);
}

bool pel_seek_owner(const struct pel *p, struct stream_id from, uint32_t owner, struct pending *out)
{
    struct want w = {.age = AGE_MAX, .owners = owner_bit(owner), .owner = owner};

    return search_all(p, from, &w, out);
}

/* The first of the oldest and its age. None is older than `least`: one that old ends the search. AGE_NONE:
 * all are set aside. */
static uint64_t leaf_oldest(const struct pel_leaf *l, uint64_t least, unsigned *at)
{
    const struct record *r = leaf_record(l, 0);
    uint64_t best = AGE_NONE;

    for (unsigned i = 0; i < l->node.n && best > least; i++) {
        if (r[i].when >> 8 < best && IN_TURN(r[i].when)) {
            best = r[i].when >> 8;
            *at = i;
        }
    }
    return best;
}

static const struct branch *inner_oldest(const struct pel_inner *in, uint64_t least)
{
    const struct branch *best = in->branch;

    for (unsigned i = 1; i < in->node.n && best->turn > least; i++)
        if (in->branch[i].turn < best->turn)
            best = &in->branch[i];
    return best;
}

/* Goes where the branches say the oldest is. They may be wrong: then they learn it (cached bounds, as in
 * search()), and the way is looked for anew. */
bool pel_oldest(const struct pel *p, struct pending *out)
{
    while (p->root) {
        const struct pel_node *n = p->root;
        uint64_t told = n->level ? inner_oldest(as_inner(n), 0)->turn : 0, least = told, found;
        unsigned at = 0;

        while (n->level) {
            const struct branch *b = inner_oldest(as_inner(n), least);

            least = b->turn;
            n = b->node;
        }
        found = leaf_oldest(as_leaf(n), least, &at);
        if (found == AGE_NONE && (n == p->root || told == AGE_NONE))
            return false;
        if (found == told || n == p->root) {
            pending_read(p, as_leaf(n), at, out);
            return true;
        }
        for (; n->parent; n = &n->parent->node)
            pel_refresh(branch_of(n));
    }
    return false;
}

/* --- for tests --- */

size_t pel_memory(const struct pel *p)
{
    return p->memory + (p->large ? pel_large_memory(p) : 0);
}

struct sum {
    size_t count, memory;
    const struct pel_leaf *last;
    bool hint;
};

static void check_leaf(const struct pel *p, const struct pel_leaf *l, struct sum *s)
{
    unsigned n = l->node.n;

    must(n > 0 && l->node.size < LEAF_SIZES && l->node.first + n <= l->node.room);
    must(!s->last || wide(leaf_id(s->last, s->last->node.n - 1u)) < wide(leaf_id(l, 0)));
    must(!s->last || pel_leaf_next(s->last) == l);
    for (unsigned i = 0; i < n; i++) {
        uint64_t key = leaf_record(l, i)->key;

        must(i == 0 || leaf_record(l, i - 1)->key < key);
        must(key >> 32 < DISTANCE_END && (uint32_t)key < DISTANCE_END);
        must(l->base.ms <= UINT64_MAX - (key >> 32) && l->base.seq <= UINT64_MAX - (uint32_t)key);
    }
    s->count += n;
    s->memory += pel_leaf_bytes[l->node.size];
    s->last = l;
    s->hint |= l == p->hint;
}

static void check_node(const struct pel *p, const struct pel_node *n, struct sum *s);

static void check_branch(const struct pel *p, const struct pel_inner *in, unsigned i, struct sum *s)
{
    const struct branch *b = &in->branch[i];
    const struct pel_leaf *before = s->last;
    struct branch exact = *b;
    struct pending first;
    size_t count = s->count;

    must(b->node->parent == in && b->node->slot == i && b->node->level + 1 == in->node.level);
    pel_refresh(&exact);
    must(b->age <= exact.age && b->turn <= exact.turn && (exact.owners & ~b->owners) == 0);
    check_node(p, b->node, s);
    must(b->count == s->count - count);
    if (i > 0) {
        must(wide(leaf_id(before, before->node.n - 1u)) < wide(b->from));
        must(pel_nth(p, count, &first) && wide(b->from) <= wide(first.id));
    }
}

static void check_node(const struct pel *p, const struct pel_node *n, struct sum *s)
{
    if (!n->level) {
        check_leaf(p, as_leaf(n), s);
        return;
    }
    must(n->n > 0 && n->n <= BRANCHES);
    s->memory += sizeof(struct pel_inner);
    for (unsigned i = 0; i < n->n; i++)
        check_branch(p, as_inner(n), i, s);
}

void pel_check(const struct pel *p)
{
    struct sum s = {0};

    if (p->root) {
        must(!p->root->parent && (!p->root->level || p->root->n > 1));
        check_node(p, p->root, &s);
        must(s.hint);
    }
    must(s.count == p->count && s.memory == p->memory && s.last == p->last);
    if (p->large)
        pel_large_check(p);
}
