/* cmd/slowlog.h - the last commands that took long, kept for a human: SLOWLOG. Soft state.
 *
 * Commands flagged CMD_FAST are timed together where many come at once (cmd/call.c). When such a batch is
 * over the threshold, one of its commands may have been slow, and nobody knows which: the batch is logged as
 * one entry that names the commands in it, and what comes next is timed one by one for a while. What is slow
 * again is then found with its arguments. So of a slow command in the middle of a pipeline of quick ones the
 * arguments and its own time are missed, if it is slow but once; and a batch may be logged in which none was
 * slow but all together were. A command that comes alone is timed by itself, and all are while the threshold
 * is below SLOWLOG_BATCH_LEAST: a batch of quick ones takes as long. */
#ifndef CMD_SLOWLOG_H
#define CMD_SLOWLOG_H

#include "base/clock.h"
#include "base/list.h"
#include "cmd/call.h"

#define SLOWLOG_BATCH_LEAST 1000 /* microseconds */

struct slowlog {
    struct list entries; /* struct slow, the latest first */
    size_t n;
    uint64_t next_id;
};

void slowlog_init(struct slowlog *l);
void slowlog_clear(struct slowlog *l);
/* The command of c took so long: kept if that is over the threshold, its arguments shortened and without
 * passwords. */
void slowlog_offer(struct slowlog *l, const struct call *c, usec took);
/* These `n` rows of the table, of one client, took so long together, which is over the threshold. */
void slowlog_add_batch(struct slowlog *l, const struct session *s, const uint16_t *row, unsigned n, usec took,
                       msec now);
bool slowlog_wants(const struct service *s, usec took); /* it is on, and that is long */

#endif
