/* broker/change_queue.c - see broker/change_queue.h. */
#include "broker/change_queue.h"
#include "broker/change_due.h"
#include "broker_impl.h"
#include "store/lanes_edit.h"
#include "store/queue_edit.h"
#include "store/record.h"
#include "store/stream_edit.h"
#include <stdlib.h>

static void record_of(const struct change *ch, const char *command, const struct group *g, size_t words)
{
    record_head(ch->record, 3 + words);
    record_str(ch->record, command);
    record_word(ch->record, ch->name);
    record_word(ch->record, group_name(g));
}

static void record_ids(struct change *ch, const struct stream_id *id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        record_id(ch->record, id[i]);
}

void change_queue_make(struct broker *b, int db, struct slice name)
{
    struct change ch = change_open(b, db, name);

    ch.untouched = stream_queue(ch.key->stream) != NULL;
    if (!ch.untouched) {
        record_head(ch.record, 2);
        record_str(ch.record, RECORD_QUEUE);
        record_word(ch.record, name);
        stream_make_queue(ch.key->stream);
        change_due(&ch, 0);
    }
    change_close(&ch);
}

/* --- what is not journaled --- */

/* Queues are told of by const pointers, which lead to what may be changed here. */
static struct queue *edited(const struct stream *s)
{
    return (struct queue *)(uintptr_t)stream_queue(s);
}

void change_queue_rules(struct broker *b, int db, struct slice name, struct stream *s,
                        const struct rules *rules)
{
    stream_set_rules(s, rules);
    change_due_at(b, db, name, s, 0);
}

void change_queue_aged(const struct stream *s, const struct stream_pos *pos)
{
    edited(s)->aged = *pos;
}

void change_queue_swept(const struct stream *s, const struct stream_pos *pos)
{
    struct queue *q = edited(s);

    q->sweeping = pos != NULL;
    if (pos)
        q->swept = *pos;
}

bool change_queue_own_over(const struct stream *s, msec now, struct stream_id *id)
{
    return queue_own_over(edited(s), now, id);
}

void change_queue_own_again(const struct stream *s, struct stream_id id, msec at)
{
    queue_own_put(edited(s), id, at);
}

bool change_queue_new_of(const struct stream *s, struct group *g, unsigned level, struct entry *e)
{
    return stream_new_of_level(s, g, level, e);
}

void change_queue_looked(struct group *g, unsigned level, struct stream_id id)
{
    group_looked_at(g, level, id);
}

void change_queue_stopped(struct group *g, bool stopped)
{
    g->backlog->stopped = stopped;
}

void change_queue_rate(struct group *g, msec at, int64_t left)
{
    g->backlog->rate.at = at;
    g->backlog->rate.left = left;
}

/* --- parking --- */

void change_park_open(struct park *p, struct broker *b, int db, struct slice name, struct group *g,
                      struct slice consumer, struct slice error, enum death death)
{
    *p = (struct park){.group = g, .consumer = consumer, .error = error, .death = death};
    p->ch = change_open(b, db, name);
}

void change_park(struct park *p, struct stream_id id, enum pending_state state, uint64_t count, msec at)
{
    struct parking as = {.id = id,
                         .state = (uint8_t)state,
                         .level = (uint8_t)stream_level(p->ch.key->stream, id),
                         .death = (uint8_t)p->death,
                         .at = at,
                         .count = count < PEL_COUNT_MAX ? count : PEL_COUNT_MAX,
                         .consumer = p->consumer,
                         .error = p->error};

    group_park(p->group, &as);
    record_id(&p->ids, id);
    record_u64(&p->ids, (uint64_t)state);
    record_u64(&p->ids, as.count);
    record_i64(&p->ids, at);
    p->n++;
}

static void write_park(const struct park *p)
{
    struct buf *r = p->ch.record;

    record_of(&p->ch, RECORD_BACK, p->group, 3 + 4 * p->n);
    record_word(r, p->consumer);
    record_word(r, p->error);
    record_str(r, death_name(p->death));
    buf_add_slice(r, buf_slice(&p->ids));
}

void change_park_close(struct park *p)
{
    if (p->n)
        write_park(p);
    p->ch.untouched = p->n == 0;
    buf_free(&p->ids);
    change_close(&p->ch);
}

/* --- lanes --- */

static int by_id(const void *a, const void *b)
{
    return stream_id_cmp(*(const struct stream_id *)a, *(const struct stream_id *)b);
}

/* In the order of their ids. */
static void free_lanes(struct change *ch, struct group *g)
{
    struct park p = {.ch = *ch, .group = g};
    struct buf ids = {0};
    struct stream_id id, *v;
    size_t n;

    while (lanes_next_free(g->backlog->lanes, &id))
        buf_add(&ids, (const char *)&id, sizeof id);
    v = (struct stream_id *)(void *)ids.p;
    n = ids.n / sizeof *v;
    if (n == 0)
        return;
    qsort(v, n, sizeof *v, by_id);
    for (size_t i = 0; i < n; i++) {
        struct pending is;

        pel_find(&g->pel, v[i], &is);
        change_park(&p, v[i], PENDING_READY, is.count, 0);
    }
    write_park(&p);
    ch->quiet = ch->untouched = false;
    buf_free(&p.ids);
    buf_free(&ids);
}

void change_free_lanes(struct change *ch)
{
    const struct queue *q = ch->key && ch->key->type == KEY_STREAM ? stream_queue(ch->key->stream) : NULL;

    lanes_loosened = false;
    for (size_t i = 0; q && i < q->groups; i++)
        if (q->group[i]->backlog->lanes)
            free_lanes(ch, q->group[i]);
}

/* --- leases --- */

void change_extend(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   size_t n, msec now, msec until)
{
    struct change ch = change_open(b, db, name);

    record_of(&ch, RECORD_EXTEND, g, 2 + n);
    record_i64(ch.record, now);
    record_i64(ch.record, until);
    record_ids(&ch, id, n);
    for (size_t i = 0; i < n; i++) {
        struct pending p;

        if (pel_find(&g->pel, id[i], &p) && pending_is_leased(&p))
            group_park(g, &(struct parking){.id = id[i],
                                            .state = PENDING_EXTENDED,
                                            .level = (uint8_t)stream_level(ch.key->stream, id[i]),
                                            .at = until,
                                            .time = now,
                                            .count = p.count});
    }
    ch.quiet = true;
    change_close(&ch);
}

/* --- ends --- */

void change_end(struct broker *b, int db, struct slice name, struct group *g, enum end end,
                const struct stream_id *id, size_t n)
{
    struct change ch = change_open(b, db, name);

    record_of(&ch, RECORD_END, g, 1 + n);
    record_str(ch.record, end_name(end));
    record_ids(&ch, id, n);
    for (size_t i = 0; i < n; i++)
        if (!group_done(g, id[i], end) && group_is_new(g, id[i]))
            stream_end_new(ch.key->stream, g, id[i], end);
    change_close(&ch);
}

void change_take(struct broker *b, int db, struct slice name, struct group *g, struct consumer *c,
                 const struct stream_id *id, size_t n, msec time)
{
    struct change ch = change_open(b, db, name);

    record_of(&ch, RECORD_TAKE, g, 2 + n);
    record_word(ch.record, c ? consumer_name(c) : SLICE(""));
    record_i64(ch.record, time);
    record_ids(&ch, id, n);
    stream_take_new(ch.key->stream, g, c, id, n, time);
    ch.quiet = true;
    change_close(&ch);
}

void change_drop_entries(struct broker *b, int db, struct slice name, const struct stream_id *id, size_t n)
{
    struct change ch = change_open(b, db, name);
    struct buf gone = {0};
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        if (stream_drop(ch.key->stream, id[i])) {
            record_id(&gone, id[i]);
            k++;
        }
    ch.untouched = k == 0;
    if (k) {
        record_head(ch.record, 2 + k);
        record_str(ch.record, RECORD_DROP);
        record_word(ch.record, name);
        buf_add_slice(ch.record, buf_slice(&gone));
    }
    buf_free(&gone);
    ch.event = EVENT_XTRIM;
    ch.quiet = true;
    change_close(&ch);
}

/* --- what a base says --- */

void change_passed(struct broker *b, int db, struct slice name, struct group *g, const struct stream_id *id,
                   size_t n)
{
    struct change ch = change_open(b, db, name);

    for (size_t i = 0; i < n; i++)
        stream_pass(ch.key->stream, g, id[i]);
    change_close(&ch);
}

void change_totals(struct broker *b, int db, struct slice name, struct group *g, const uint64_t ended[ENDS])
{
    struct change ch = change_open(b, db, name);

    memcpy(g->backlog->ended, ended, sizeof g->backlog->ended);
    change_close(&ch);
}
