/* queue/attach.c - see queue/attach.h. */
#include "queue/attach.h"
#include "broker/change_queue.h"
#include "broker/wait.h"

void queue_attach(struct broker *b, int db, struct key *k, const struct rules *r)
{
    const struct queue *q = stream_queue(k->stream);

    if (q && q->governed ? r && rules_equal(&q->rules, r) : !r)
        return;
    if (!q)
        change_queue_make(b, db, key_name(k));
    change_queue_rules(b, db, key_name(k), k->stream, r);
    if (b->waiters) /* what they wait for may go now */
        wait_signal(b, db, key_name(k));
}
