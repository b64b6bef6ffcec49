/* store/lanes.h - ORDERKEY: in which lane each pending message of a group goes. Messages with the same value
 * in one field are in one lane, and are done one after the other in the order of their ids: the first holds
 * the others back. A message without the field is in none.
 *
 * A lane is known by a hash of the value: that two values share one costs them some time, and no order.
 *
 * Not in it are those whose entry is gone, and the dead, unless these halt their key. Messages that are NEW
 * are no part of it: as `>` comes by in the order of their ids it finds whom they follow. Only where one that
 * is pending lies above the group's position are those before it looked through, so many that it costs
 * little. */
#ifndef STORE_LANES_H
#define STORE_LANES_H

#include "store/stream.h"

struct lanes;

/* The lane of a message; 0: none. */
uint64_t lanes_of(const struct lanes *l, const struct entry *e);
/* An earlier one of the lane is pending. */
bool lanes_hold_back(const struct lanes *l, uint64_t lane, struct stream_id id);
/* The same, or NEW. */
bool lanes_come_before(const struct lanes *l, uint64_t lane, struct stream_id id);
size_t lanes_memory(const struct lanes *l);
void lanes_check(const struct lanes *l);

/* In some lane of some queue the first may be held back no longer: change_close() sees to it. A global, as
 * store/totals.h, so that those changes that have nothing to do with lanes have one word to look at. */
extern bool lanes_loosened;

#endif
