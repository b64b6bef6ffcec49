/* store/pel_tree.c - the shape of the tree of pending entries: leaves that grow, split, merge and go,
 * and the inner nodes above them. See pel_tree.h.
 *
 * Nodes are linked in empty and filled afterwards, and emptied before they are dropped, so that linking
 * and dropping never change a count; whoever moves records or branches refreshes the way up.
 */
#include "pel_tree.h"

const uint16_t pel_leaf_bytes[LEAF_SIZES] = {160, 448, 1024, NODE_BYTES};

/* --- looking --- */

/* The lowest key a record at or above `id` can have. */
static uint64_t lowest_key(const struct pel_leaf *l, struct stream_id id)
{
    uint64_t ms = id.ms - l->base.ms, seq = id.seq - l->base.seq;

    if (id.ms < l->base.ms)
        return 0;
    if (ms >= DISTANCE_END)
        return UINT64_MAX;
    if (id.seq < l->base.seq)
        return ms << 32;
    return seq < DISTANCE_END ? ms << 32 | seq : (ms + 1) << 32;
}

unsigned pel_leaf_search_key(const struct pel_leaf *l, uint64_t key)
{
    const struct record *r = leaf_record(l, 0), *from = r;
    unsigned n = l->node.n;

    if (n == 0 || r->key >= key)
        return 0;
    while (n > 1) { /* from->key < key */
        unsigned half = n / 2;

        from = from[half].key < key ? from + half : from;
        n -= half;
    }
    return (unsigned)(from - r) + 1;
}

unsigned pel_leaf_search(const struct pel_leaf *l, struct stream_id id)
{
    return pel_leaf_search_key(l, lowest_key(l, id));
}

unsigned pel_inner_search(const struct pel_inner *in, struct stream_id id)
{
    const struct branch *from = in->branch;
    unsigned n = in->node.n;

    while (n > 1) {
        unsigned half = n / 2;

        from = wide(from[half].from) <= wide(id) ? from + half : from;
        n -= half;
    }
    return (unsigned)(from - in->branch);
}

struct pel_leaf *pel_leaf_next(const struct pel_leaf *l)
{
    const struct pel_node *n = &l->node;

    while (n->parent && n->slot + 1u == n->parent->node.n)
        n = &n->parent->node;
    if (!n->parent)
        return NULL;
    n = n->parent->branch[n->slot + 1].node;
    while (n->level)
        n = as_inner(n)->branch[0].node;
    return as_leaf(n);
}

static struct pel_leaf *rightmost(struct pel_node *n)
{
    while (n->level)
        n = as_inner(n)->branch[n->n - 1].node;
    return as_leaf(n);
}

/* --- what branches know --- */

static void refresh_from_leaf(struct branch *b, const struct pel_leaf *l)
{
    const struct record *r = leaf_record(l, 0);

    for (unsigned i = 0; i < l->node.n; i++, r++) {
        uint64_t age = r->when >> 8;

        b->age = age < b->age ? age : b->age;
        if (age < b->turn && IN_TURN(r->when))
            b->turn = age;
        b->owners |= owner_bit(record_owner(r));
    }
    b->count = l->node.n;
}

static void refresh_from_inner(struct branch *b, const struct pel_inner *in)
{
    for (unsigned i = 0; i < in->node.n; i++) {
        const struct branch *c = &in->branch[i];

        b->age = c->age < b->age ? c->age : b->age;
        b->turn = c->turn < b->turn ? c->turn : b->turn;
        b->owners |= c->owners;
        b->count += c->count;
    }
}

void pel_refresh(struct branch *b)
{
    b->age = b->turn = AGE_NONE;
    b->owners = b->count = 0;
    if (b->node->level)
        refresh_from_inner(b, as_inner(b->node));
    else
        refresh_from_leaf(b, as_leaf(b->node));
}

static void refresh_up(const struct pel_node *n)
{
    for (; n->parent; n = &n->parent->node)
        pel_refresh(branch_of(n));
}

/* --- nodes --- */

static struct pel_leaf *leaf_new(struct pel *p, unsigned size)
{
    struct pel_leaf *l = mem_alloc(pel_leaf_bytes[size]);

    l->node = (struct pel_node){.size = (uint8_t)size, .room = (uint8_t)LEAF_ROOM(pel_leaf_bytes[size])};
    l->base = STREAM_ID_MIN;
    p->memory += pel_leaf_bytes[size];
    return l;
}

static struct pel_inner *inner_new(struct pel *p, unsigned level)
{
    struct pel_inner *in = mem_alloc(sizeof *in);

    in->node = (struct pel_node){.level = (uint8_t)level};
    p->memory += sizeof *in;
    return in;
}

static size_t node_bytes(const struct pel_node *n)
{
    return n->level ? sizeof(struct pel_inner) : pel_leaf_bytes[n->size];
}

static void node_free(struct pel *p, struct pel_node *n)
{
    p->memory -= node_bytes(n);
    mem_free_sized(n, node_bytes(n));
}

static void branch_take(struct pel_inner *in, unsigned slot)
{
    struct pel_node *n = in->branch[slot].node;

    n->parent = in;
    n->slot = (uint16_t)slot;
}

/* Moves branches at .. n-1 of one node to the end of another. */
static void branches_move(struct pel_inner *from, unsigned at, struct pel_inner *to)
{
    unsigned n = from->node.n - at, end = to->node.n;

    memcpy(&to->branch[end], &from->branch[at], n * sizeof(struct branch));
    from->node.n = (uint16_t)at;
    to->node.n = (uint16_t)(end + n);
    for (unsigned i = end; i < end + n; i++)
        branch_take(to, i);
}

static void branch_insert(struct pel_inner *in, unsigned at, struct pel_node *node, struct stream_id from)
{
    memmove(&in->branch[at + 1], &in->branch[at], (in->node.n - at) * sizeof(struct branch));
    in->branch[at] = (struct branch){.from = from, .age = AGE_NONE, .turn = AGE_NONE, .node = node};
    in->node.n++;
    for (unsigned i = at; i < in->node.n; i++)
        branch_take(in, i);
}

static void branch_remove(struct pel_inner *in, unsigned at)
{
    in->node.n--;
    memmove(&in->branch[at], &in->branch[at + 1], (in->node.n - at) * sizeof(struct branch));
    for (unsigned i = at; i < in->node.n; i++)
        branch_take(in, i);
}

/* --- linking --- */

static void root_grow(struct pel *p)
{
    struct pel_inner *in = inner_new(p, p->root->level + 1u);

    branch_insert(in, 0, p->root, STREAM_ID_MIN);
    pel_refresh(&in->branch[0]);
    p->root = &in->node;
}

static void link_after(struct pel *p, struct pel_node *left, struct pel_node *node, struct stream_id from);

/* Moves branches at .. n-1 to a new node behind it, which is left empty when there are none. */
static struct pel_inner *inner_split(struct pel *p, struct pel_inner *in, unsigned at, struct stream_id from)
{
    struct pel_inner *right = inner_new(p, in->node.level);

    link_after(p, &in->node, &right->node, from);
    branches_move(in, at, right);
    refresh_up(&in->node);
    refresh_up(&right->node);
    return right;
}

/* Links an empty node behind `left`. A full parent gives away its upper half, but nothing when the new
 * one goes to its end: ids that only rise leave full nodes behind. */
static void link_after(struct pel *p, struct pel_node *left, struct pel_node *node, struct stream_id from)
{
    struct pel_inner *in;

    if (!left->parent)
        root_grow(p);
    in = left->parent;
    if (in->node.n == BRANCHES && left->slot == BRANCHES - 1) {
        in = inner_split(p, in, BRANCHES, from);
        branch_insert(in, 0, node, from);
        return;
    }
    if (in->node.n == BRANCHES) {
        inner_split(p, in, BRANCHES / 2, in->branch[BRANCHES / 2].from);
        in = left->parent;
    }
    branch_insert(in, left->slot + 1u, node, from);
}

static struct pel_leaf *leaf_link(struct pel *p, struct pel_leaf *left, unsigned size, struct stream_id from)
{
    struct pel_leaf *l = leaf_new(p, size);

    link_after(p, &left->node, &l->node, from);
    if (p->last == left)
        p->last = l;
    return l;
}

/* --- dropping --- */

static void node_drop(struct pel *p, struct pel_node *n);

static bool inner_merge(struct pel *p, struct pel_inner *a, struct pel_inner *b)
{
    if (a->node.n + b->node.n > (unsigned)BRANCHES * 3 / 4)
        return false;
    b->branch[0].from = branch_of(&b->node)->from; /* no longer the first: now it matters */
    branches_move(b, 0, a);
    pel_refresh(branch_of(&a->node));
    node_drop(p, &b->node);
    return true;
}

static void inner_thin(struct pel *p, struct pel_inner *in)
{
    struct pel_inner *up = in->node.parent;
    unsigned slot = in->node.slot;

    if (!up || in->node.n > BRANCHES / 4)
        return;
    if (slot + 1u < up->node.n && inner_merge(p, in, as_inner(up->branch[slot + 1].node)))
        return;
    if (slot > 0)
        inner_merge(p, as_inner(up->branch[slot - 1].node), in);
}

static void root_lower(struct pel *p)
{
    while (p->root->level && p->root->n == 1) {
        struct pel_node *old = p->root;

        p->root = as_inner(old)->branch[0].node;
        p->root->parent = NULL;
        node_free(p, old);
    }
}

/* Drops an empty node, and what that empties above it. */
static void node_drop(struct pel *p, struct pel_node *n)
{
    struct pel_inner *up = n->parent;
    unsigned slot = n->slot;

    node_free(p, n);
    if (!up) {
        p->root = NULL;
        return;
    }
    branch_remove(up, slot);
    if (up->node.n == 0) {
        node_drop(p, &up->node);
    } else {
        inner_thin(p, up);
        root_lower(p);
    }
}

static void leaf_drop(struct pel *p, struct pel_leaf *l)
{
    struct pel_leaf *next = pel_leaf_next(l);
    bool hint = p->hint == l;

    node_drop(p, &l->node);
    if (!next)
        p->last = p->root ? rightmost(p->root) : NULL;
    if (hint)
        p->hint = next ? next : p->last; /* acknowledgements come in order */
}

/* --- the reach of a leaf --- */

struct span {
    struct stream_id low, high; /* ms and seq each by itself */
};

static void span_add(struct span *s, struct stream_id id)
{
    s->low.ms = id.ms < s->low.ms ? id.ms : s->low.ms;
    s->low.seq = id.seq < s->low.seq ? id.seq : s->low.seq;
    s->high.ms = id.ms > s->high.ms ? id.ms : s->high.ms;
    s->high.seq = id.seq > s->high.seq ? id.seq : s->high.seq;
}

static void span_add_leaf(struct span *s, const struct pel_leaf *l)
{
    for (unsigned i = 0; i < l->node.n; i++)
        span_add(s, leaf_id(l, i));
}

/* A base from which all of the span can be reached. Small sequence numbers, the common ones, count
 * from 0: they begin anew with each millisecond. */
static bool span_base(const struct span *s, struct stream_id *base)
{
    *base = s->low;
    if (s->high.seq < DISTANCE_END)
        base->seq = 0;
    return s->high.ms - s->low.ms < DISTANCE_END && s->high.seq - base->seq < DISTANCE_END;
}

static bool common_base(const struct pel_leaf *a, const struct pel_leaf *b, struct stream_id *base)
{
    struct span s = {leaf_id(a, 0), leaf_id(a, 0)};

    span_add_leaf(&s, a);
    span_add_leaf(&s, b);
    return span_base(&s, base);
}

static void leaf_rebase(struct pel_leaf *l, struct stream_id base)
{
    /* Distances fit before and after, so neither half carries into the other. */
    uint64_t move = ((l->base.ms - base.ms) << 32) + (l->base.seq - base.seq);

    for (unsigned i = 0; i < l->node.n; i++)
        leaf_record(l, i)->key += move;
    l->base = base;
}

/* Whether the leaf can hold `id`; its base moves if that is what it takes. */
static bool leaf_reaches(struct pel_leaf *l, struct stream_id id)
{
    struct span s = {id, id};
    struct stream_id base;
    uint64_t key;

    if (leaf_key(l, id, &key))
        return true;
    span_add_leaf(&s, l);
    if (!span_base(&s, &base))
        return false;
    leaf_rebase(l, base);
    return true;
}

/* --- leaves --- */

static unsigned size_for(unsigned n)
{
    unsigned size = 0;

    while (LEAF_ROOM(pel_leaf_bytes[size]) < n)
        size++;
    return size;
}

static void leaf_slide(struct pel_leaf *l)
{
    memmove(l->array, leaf_record(l, 0), l->node.n * sizeof(struct record));
    l->node.first = 0;
}

/* The leaf in an array of another size. */
static struct pel_leaf *leaf_resize(struct pel *p, struct pel_leaf *l, unsigned size)
{
    struct pel_leaf *to = leaf_new(p, size);

    to->node.parent = l->node.parent;
    to->node.slot = l->node.slot;
    to->node.n = l->node.n;
    to->base = l->base;
    memcpy(to->array, leaf_record(l, 0), l->node.n * sizeof(struct record));
    if (to->node.parent)
        branch_of(&to->node)->node = &to->node;
    else
        p->root = &to->node;
    p->last = p->last == l ? to : p->last;
    p->hint = p->hint == l ? to : p->hint;
    node_free(p, &l->node);
    return to;
}

/* Moves records at .. n-1 to a new leaf behind it, with room for one more. */
static struct pel_leaf *leaf_split(struct pel *p, struct pel_leaf *l, unsigned at)
{
    unsigned n = l->node.n - at;
    struct pel_leaf *right = leaf_link(p, l, size_for(n < LEAF_MAX ? n + 1 : n), leaf_id(l, at));

    right->base = l->base;
    memcpy(right->array, leaf_record(l, at), n * sizeof(struct record));
    right->node.n = (uint16_t)n;
    l->node.n = (uint16_t)at;
    refresh_up(&l->node);
    refresh_up(&right->node);
    return right;
}

/* Room for an id that is too far from others of its leaf: the leaf ends before it. */
static struct pel_leaf *leaf_part(struct pel *p, struct pel_leaf *l, unsigned *at, struct stream_id id)
{
    if (*at < l->node.n)
        leaf_split(p, l, *at);
    if (leaf_reaches(l, id)) {
        leaf_slide(l);
        return l;
    }
    l = leaf_link(p, l, 0, id);
    leaf_reaches(l, id); /* empty, so it does */
    *at = 0;
    return l;
}

static struct pel_leaf *leaf_halve(struct pel *p, struct pel_leaf *l, unsigned *at)
{
    struct pel_leaf *right = leaf_split(p, l, l->node.n / 2);

    if (*at <= l->node.n)
        return l;
    *at -= l->node.n;
    return right;
}

struct pel_leaf *pel_make_room(struct pel *p, struct pel_leaf *l, unsigned *at, struct stream_id id)
{
    unsigned n = l->node.n, room = l->node.room;

    if (!leaf_reaches(l, id))
        return leaf_part(p, l, at, id);
    if (n < room && (*at < n || l->node.first + n < room))
        return l;
    if (n < room && l->node.first >= room / 4) { /* else sliding would be all it does */
        leaf_slide(l);
        return l;
    }
    if (l->node.size + 1u < LEAF_SIZES)
        return leaf_resize(p, l, l->node.size + 1u);
    if (*at < n)
        return leaf_halve(p, l, at);
    l = leaf_link(p, l, p->last == l ? LEAF_SIZES - 1 : 0, id);
    leaf_reaches(l, id);
    *at = 0;
    return l;
}

struct pel_leaf *pel_plant(struct pel *p, struct stream_id id)
{
    struct pel_leaf *l = leaf_new(p, 0);

    leaf_reaches(l, id);
    p->root = &l->node;
    p->last = p->hint = l;
    return l;
}

/* --- thinning --- */

/* Takes the records of `b`, which is behind `a` under the same parent, into `a`. Not to the brim: the
 * next entry between them would split it again. */
static bool leaf_merge(struct pel *p, struct pel_leaf *a, struct pel_leaf *b)
{
    unsigned n = a->node.n + b->node.n;
    struct stream_id base;

    if (n > LEAF_MAX * 3 / 4 || !common_base(a, b, &base))
        return false;
    if (a->node.room < n)
        a = leaf_resize(p, a, size_for(n));
    else
        leaf_slide(a);
    leaf_rebase(a, base);
    leaf_rebase(b, base);
    memcpy(leaf_record(a, a->node.n), leaf_record(b, 0), b->node.n * sizeof(struct record));
    a->node.n = (uint16_t)n;
    b->node.n = 0;
    pel_refresh(branch_of(&a->node));
    leaf_drop(p, b);
    p->hint = a;
    return true;
}

static bool leaf_merge_any(struct pel *p, struct pel_leaf *l)
{
    const struct pel_inner *up = l->node.parent;
    unsigned slot = l->node.slot;

    if (!up)
        return false;
    if (slot + 1u < up->node.n && leaf_merge(p, l, as_leaf(up->branch[slot + 1].node)))
        return true;
    return slot > 0 && leaf_merge(p, as_leaf(up->branch[slot - 1].node), l);
}

void pel_thin(struct pel *p, struct pel_leaf *l)
{
    unsigned n = l->node.n;

    if (n == 0) {
        leaf_drop(p, l);
        return;
    }
    if (leaf_merge_any(p, l))
        return;
    if (pel_leaf_bytes[l->node.size] / 2 >= pel_leaf_bytes[size_for(2 * n)])
        leaf_resize(p, l, size_for(2 * n));
}

/* From the right: the last leaf, then its parent once that has lost them all. */
bool pel_cut_down(struct pel *p, size_t nodes)
{
    for (; p->root && nodes; nodes--) {
        struct pel_node *n = p->root;
        struct pel_inner *parent;

        while (n->level && n->n)
            n = as_inner(n)->branch[n->n - 1].node;
        parent = n->parent;
        mem_free_sized(n, node_bytes(n));
        if (parent)
            parent->node.n--;
        else
            p->root = NULL;
    }
    return !p->root;
}
