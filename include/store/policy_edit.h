/* store/policy_edit.h - changes of the table of policies: for broker/change_* alone, and its owner. */
#ifndef STORE_POLICY_EDIT_H
#define STORE_POLICY_EDIT_H

#include "store/policy.h"

void policies_init(struct policies *t, int dbs);
void policies_free(struct policies *t);
void policies_clear(struct policies *t); /* none is left; it stays usable */

/* A policy of that name that gives nothing yet; with `like`: all that this one gives. */
struct policy *policy_new(struct slice name, const struct policy *like);
void policy_free(struct policy *p); /* one that is in no table */
/* Takes the policy: it stands for the one of its name, if there is one, which is freed. */
void policy_put(struct policies *t, int db, struct policy *p);
void policy_remove(struct policies *t, int db, struct slice name); /* no-op without one */

#endif
