/* store/queue.c - see store/queue.h. */
#include "store/queue.h"
#include "base/mem.h"

struct queue *queue_new(void)
{
    struct queue *q = mem_alloc(sizeof *q);

    rules_default(&q->rules);
    return q;
}

struct queue *queue_copy(const struct queue *q)
{
    struct queue *to = mem_alloc(sizeof *to);

    rules_copy(&to->rules, &q->rules);
    return to;
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    rules_free(&q->rules);
    mem_free(q);
}

size_t queue_memory(const struct queue *q)
{
    return sizeof *q + rules_memory(&q->rules);
}
