/* policy_impl.h - what src/store/policy*.c share. */
#ifndef STORE_POLICY_IMPL_H
#define STORE_POLICY_IMPL_H

#include "store/policy.h"

#define POLICY_QUEUE SLICE("{queue}")

/* Whether a glob comes before (< 0), is, or comes behind another of so many literal bytes and that name. */
int policy_compare(const struct policy *p, uint32_t literal, struct slice name);
/* How often {queue} is in a DLQ; and the DLQ with the name in its place, into *to, which stays empty if that
 * would be no queue's name. */
size_t policy_marks(struct slice dlq);
void policy_expand(struct slice dlq, struct slice name, struct buf *to);

#endif
