/* broker/change_reader.c - see broker/change_reader.h. */
#include "broker/change_reader.h"
#include "base/mem.h"
#include "broker/change_due.h"
#include "store/due_place.h"

struct reading {
    struct list of_connection; /* in readings.list */
    struct list of_consumer;   /* in consumer.readers; in none: there is no such consumer any more */
    const struct readings *by;
    const struct stream *s;
    struct group *g;
    struct consumer *c;
};

void readings_init(struct readings *r)
{
    list_init(&r->list);
    r->n = 0;
}

static void forget(struct readings *r, struct reading *x)
{
    list_remove(&x->of_connection);
    list_remove(&x->of_consumer);
    mem_free(x);
    r->n--;
}

/* Makes room of those whose consumers are gone. */
static void sweep(struct readings *r)
{
    list_for_each_safe (it, tmp, &r->list) {
        struct reading *x = list_entry(it, struct reading, of_connection);

        if (!list_linked(&x->of_consumer))
            forget(r, x);
    }
}

/* As a rule the connection is the only one of the consumer, or the one that read as it before. */
static bool is_known(const struct readings *r, struct consumer *c)
{
    if (list_empty(&c->readers))
        return false;
    if (list_entry(c->readers.next, struct reading, of_consumer)->by == r)
        return true;
    list_for_each (it, &r->list) {
        struct reading *x = list_entry(it, struct reading, of_connection);

        if (x->c == c && list_linked(&x->of_consumer)) {
            list_remove(&x->of_consumer);
            list_push_front(&c->readers, &x->of_consumer);
            return true;
        }
    }
    return false;
}

void change_reads_as(struct readings *r, const struct stream *s, struct group *g, struct consumer *c)
{
    struct reading *x;

    if (is_known(r, c))
        return;
    if (r->n == READINGS_MAX)
        sweep(r);
    if (r->n == READINGS_MAX)
        return;
    x = mem_alloc(sizeof *x);
    *x = (struct reading){.by = r, .s = s, .g = g, .c = c};
    list_push(&r->list, &x->of_connection);
    list_push_front(&c->readers, &x->of_consumer);
    r->n++;
}

/* A stream in which something is leased for a time stands among those that will be due, under its name. What
 * is deleted, and not freed yet, is under none. */
static void tell_queue(struct broker *b, struct reading *x)
{
    const struct due_place *p = stream_due_place(x->s);
    const struct key *k = p && p->heap ? db_find(b, p->db, p->name) : NULL;

    if (!k || k->type != KEY_STREAM || k->stream != x->s)
        return;
    if (!list_linked(&x->c->gone))
        list_push(&x->g->gone, &x->c->gone);
    change_due_at(b, p->db, p->name, x->s, 0);
}

void change_readings_end(struct broker *b, struct readings *r)
{
    while (!list_empty(&r->list)) {
        struct reading *x = list_entry(r->list.next, struct reading, of_connection);
        bool there = list_linked(&x->of_consumer);

        list_remove(&x->of_consumer);
        if (there && list_empty(&x->c->readers) && x->c->pending)
            tell_queue(b, x);
        forget(r, x);
    }
}

void change_gone_settled(struct consumer *c)
{
    list_remove(&c->gone);
}
