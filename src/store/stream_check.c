/* stream_check.c - what is always true of a stream, for tests. */
#include "levels.h"
#include "store/lanes.h"
#include "stream_impl.h"

#include "store/group_edit.h"
#include "store/idmp.h"
#include "store/inbox.h"

/* What a walk over the whole log found. */
struct found {
    uint64_t entries, live, bytes, marks, blocks;
    size_t held;
    struct stream_id first, last; /* live */
    uint64_t tail_live;           /* at or above tail_node.first */
};

static void found_live(const struct stream *s, struct found *f, struct stream_id id)
{
    must(f->live == 0 || stream_id_cmp(id, f->last) > 0);
    if (f->live == 0)
        f->first = id;
    f->last = id;
    f->live++;
    f->tail_live += stream_id_cmp(id, s->tail_node.first) >= 0;
}

/* They read back as they lie there, to the last byte. */
static void check_attrs(const struct entry *e, const uint8_t *p, const uint8_t *end)
{
    uint8_t head[ATTRS_HEAD_MAX];
    struct entry_attrs a;
    size_t n;

    entry_attrs(e, &a);
    n = attrs_put(head, &a, e->id);
    must(a.level < ENTRY_LEVELS);
    must((p == end) == (head[0] == 0));
    must(p == end || (p + n + a.group.n == end && memcmp(p, head, n) == 0));
}

static void check_names(const struct block *b, const struct raw *r, const struct entry *e)
{
    const uint8_t *name = e->names, *value = e->values;
    uint64_t len;

    for (uint32_t i = 0; i < e->fields; i++) {
        name = number_get(name, &len) + len;
        value = number_get(value, &len) + len;
    }
    must(e->fields > 0 && name == e->names + e->names_size && value <= r->body + r->size);
    check_attrs(e, value, r->body + r->size);
    must(e->names > b->data && name <= b->data + b->used && value <= b->data + b->used);
}

static void check_point(const struct block *b, uint32_t i, const struct stream_pos *pos)
{
    const struct point *p = block_point(b, i);

    must(p->at == pos->at && p->nth == pos->nth && stream_id_cmp(p->before, pos->before) == 0);
}

/* Every entry of a block; those before the stream's front count as deleted. */
static void check_entries(const struct stream *s, const struct span *span, struct found *f)
{
    const struct block *b = span->b;
    struct stream_pos pos = block_start(b, span->number);
    uint32_t points = 0, since_point = 0;

    while (pos.at < b->used) {
        struct stream_pos here = pos;
        bool before_front = here.block == s->front.block && here.at < s->front.at;
        struct entry e;
        struct raw r;

        if (points < b->points && block_point(b, points)->nth == here.nth) {
            check_point(b, points++, &here);
            since_point = 0;
        }
        must(++since_point <= STREAM_RUN);
        block_step(b, &pos, &r);
        must(stream_id_cmp(r.id, here.before) > 0);
        must(here.nth > 0 || stream_id_cmp(r.id, span->first) == 0);
        entry_open(b, &r, &e);
        check_names(b, &r, &e);
        if (before_front)
            continue;
        f->marks += block_mark(b, &r, here.nth);
        if (block_gone(b, here.nth))
            continue;
        found_live(s, f, r.id);
        f->bytes += entry_bytes(&e);
    }
    must(pos.at == b->used && pos.nth == b->n && points == b->points);
}

static void check_block(const struct stream *s, const struct span *span, struct found *f)
{
    struct found was = *f;
    const struct block *b = span->b;

    must(BLOCK_HEAD + b->used + b->points * sizeof(struct point) <= b->size);
    must(b->live > 0 && b->live <= b->n);
    must(was.live == 0 || stream_id_cmp(was.last, span->first) < 0);
    check_entries(s, span, f);
    must(f->live - was.live == b->live && f->bytes - was.bytes == b->bytes &&
         f->marks - was.marks == b->marks);
    must(stream_id_cmp(b->last, f->last) >= 0);
    f->held += b->size + b->gone_words * sizeof(*b->gone);
    f->blocks++;
}

static void check_dir(const struct stream *s, struct found *f)
{
    const struct span *last = NULL;
    size_t holes = 0;

    must(s->dir_at + s->dir_n <= s->dir_cap || s->dir_n == 0);
    must(s->dir_n == 0 || (dir_span(s, 0)->b && dir_span(s, s->dir_n - 1)->b));
    for (size_t i = 0; i < s->dir_n; i++) {
        const struct span *span = dir_span(s, i);

        must(span->number < s->next_number && (!last || span->number > last->number));
        must(!last || stream_id_cmp(span->first, last->first) > 0);
        must(!last || !last->b || stream_id_cmp(span->first, last->b->last) > 0);
        if (span->b)
            check_block(s, span, f);
        else
            holes++;
        last = span;
    }
    must(holes == s->holes);
}

static void check_front(const struct stream *s, const struct found *f)
{
    struct stream_pos pos = s->front;
    const struct block *b;
    struct raw r;

    if (s->length == 0) {
        must(s->dir_n == 0 && s->front.block == s->next_number && s->front.at == 0);
        must(stream_id_is_zero(s->first_id));
        return;
    }
    must(s->front.block == dir_span(s, 0)->number);
    b = log_next(s, &pos, &r);
    must(b && !block_gone(b, s->front.nth) && stream_id_cmp(r.id, s->first_id) == 0);
    must(stream_id_cmp(s->first_id, f->first) == 0 && s->front_mark == block_mark(b, &r, s->front.nth));
}

static void check_nodes(const struct stream *s, const struct found *f)
{
    struct node node;

    must(s->tail_node.live == f->tail_live && s->tail_node.live <= s->tail_node.entries);
    if (s->first_node.live == 0)
        return;
    must(node_from(s, s->first_id, &node));
    must(s->first_node.live == node.live && s->first_node.open == node.open);
    must(stream_id_cmp(s->first_node.last, node.last) == 0);
    must(stream_id_cmp(s->first_node.reach, node.last) >= 0);
}

static void check_groups(const struct stream *s)
{
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);

    dict_check(&s->groups);
    must(!s->queue || s->queue->groups == n);
    if (s->queue && s->queue->levels)
        levels_check(s->queue->levels);
    for (size_t i = 0; i < n; i++) {
        must(stream_group(s, group_name(g[i])) == g[i]);
        group_check(g[i]);
        must(!s->queue == !g[i]->backlog);
        if (s->queue && g[i]->backlog->lanes)
            lanes_check(g[i]->backlog->lanes);
        must(!s->queue || g[i]->backlog->fresh == stream_count_new(s, g[i], STREAM_ID_MAX));
    }
    mem_free(g);
}

void stream_check(const struct stream *s)
{
    struct found f = {0};

    check_dir(s, &f);
    must(f.live == s->length && f.bytes == s->bytes && f.marks == s->marks && f.held == s->held);
    must(s->length == 0 || stream_id_cmp(f.last, s->last_id) <= 0);
    check_front(s, &f);
    check_nodes(s, &f);
    check_groups(s);
    if (s->idmp)
        idmp_check(s->idmp);
    if (s->inbox)
        inbox_check(s->inbox);
}
