/* broker/change_due.c - streams in which something becomes due. See broker/change_due.h. */
#include "broker/change_due.h"
#include "base/list.h"
#include "broker_impl.h"
#include "store/due_place.h"
#include "store/queue.h"
#include "store/stream_edit.h"

#define RETRY_AFTER 1000 /* msec until what was due and could not be done is tried again */

/* The place is no part of what the stream is to those who read it. */
static struct stream *placed(const struct stream *s)
{
    return (struct stream *)(uintptr_t)s;
}

void change_due_at(struct broker *b, int db, struct slice name, const struct stream *s, msec at)
{
    const struct due_place *p = stream_due_place(s);

    if (at == INT64_MAX || (p && p->heap && p->node.at <= at))
        return;
    due_place_put(stream_make_due_place(placed(s)), &b->queues, db, name, at);
}

void change_due(struct change *ch, msec at)
{
    change_due_at(ch->b, ch->db, ch->name, ch->key->stream, at);
}

/* It may still stand there under the name it had. */
void change_due_arrive(struct change *ch)
{
    struct due_place *p = stream_due_place(ch->key->stream);

    if (p)
        due_place_drop(p);
    change_due(ch, stream_queue(ch->key->stream) ? 0 : stream_due(ch->key->stream));
}

struct heap_node *due_next(const struct broker *b)
{
    return b->frozen ? NULL : heap_first(&b->queues);
}

/* The key that the place names may have got another value since. */
bool change_due_first(struct broker *b, msec wall, struct due *due)
{
    struct heap_node *n;

    while ((n = due_next(b)) && n->at <= wall) {
        struct due_place *p = list_entry(n, struct due_place, node);
        const struct key *k = db_find(b, p->db, p->name);

        if (k && k->type == KEY_STREAM && stream_due_place(k->stream) == p) {
            *due = (struct due){k->stream, p->db, p->name};
            return true;
        }
        due_place_drop(p);
    }
    return false;
}

void change_due_after(struct broker *b, const struct due *due, msec wall, msec at, bool more)
{
    struct due_place *p = stream_due_place(due->s);
    msec least = more ? wall : wall + RETRY_AFTER;

    if (at == INT64_MAX && !more)
        due_place_drop(p);
    else
        heap_put(&b->queues, &p->node, at > wall && !more ? at : least);
}
