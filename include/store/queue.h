/* store/queue.h - what a stream has beside its messages and groups while policies match it. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/rules.h"

struct queue {
    struct rules rules; /* resolved */
};

struct queue *queue_new(void);
struct queue *queue_copy(const struct queue *q);
void queue_free(struct queue *q); /* NULL is fine */
size_t queue_memory(const struct queue *q);

#endif
