/* store/policy_edit.h - changes of the table of policies: for broker/change_* alone. */
#ifndef STORE_POLICY_EDIT_H
#define STORE_POLICY_EDIT_H

#include "store/policy.h"

/* Takes the policy: it stands for the one of its name, if there is one, which is freed. */
void policy_put(struct policies *t, int db, struct policy *p);
void policy_remove(struct policies *t, int db, struct slice name); /* no-op without one */
void policies_clear(struct policies *t);                           /* none is left; it stays usable */

#endif
