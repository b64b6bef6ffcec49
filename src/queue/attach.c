/* queue/attach.c - see queue/attach.h. */
#include "queue/attach.h"
#include "broker/change_policy.h"
#include "broker/wait.h"
#include "store/queue.h"
#include "store/stream.h"

void queue_attach(struct broker *b, int db, struct key *k, const struct rules *r)
{
    const struct queue *q = stream_queue(k->stream);

    if (q ? r && rules_equal(&q->rules, r) : !r)
        return;
    change_rules(k, r);
    if (b->waiters) /* what they wait for may go now */
        wait_signal(b, db, key_name(k));
}
