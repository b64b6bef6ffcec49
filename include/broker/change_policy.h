/* broker/change_policy.h - changes of policies, and of what streams make of them. See broker/change.h.
 *
 * A policy belongs to the number of its database: SWAPDB exchanges keys, not policies, which then hold for
 * the keys that have come. FLUSHDB and FLUSHALL leave them. */
#ifndef BROKER_CHANGE_POLICY_H
#define BROKER_CHANGE_POLICY_H

#include "broker/change.h"
#include "store/policy.h"

/* Takes the policy, which stands for the one of its name from now on; the record has the options in `told`.
 */
void change_policy_set(struct broker *b, int db, struct policy *p, uint32_t told);
/* The policy of that name, which is there, gives the options in `told` no longer; it goes with the last. */
void change_policy_del(struct broker *b, int db, struct slice name, uint32_t told);
/* Every policy goes, without a record: before they come back out of records. */
void change_policy_forget(struct broker *b);

/* Part of other changes: a stream has come to the key; databases have been exchanged; the stream has had a
 * dead letter. */
void change_policy_arrive(struct change *ch);
void change_policy_swap(struct broker *b, int one, int other);
void change_dlq_mark(struct change *ch);
/* That mark as a change of its own, for a replay. The stream must be there. */
void change_dlq(struct broker *b, int db, struct slice name);

/* It has been looked at under the policies as they are. */
void change_settled(struct broker *b, int db, struct key *k);

#endif
