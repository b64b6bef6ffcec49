/* broker/rewrite.h - the store as records: what the base of a rewrite holds. */
#ifndef BROKER_REWRITE_H
#define BROKER_REWRITE_H

#include "broker/broker.h"

/* Everything into `base`, key by key. OK or what the disk said. Changes nothing: runs in a forked child,
 * or in place. */
int rewrite_write(const struct broker *b, struct journal_base *base);
/* The libraries of functions as records: before the keys. */
void rewrite_libraries(const struct broker *b, struct buf *record);
/* The policies of a database as records: they come before its keys. */
void rewrite_policies(const struct broker *b, int db, struct buf *record);
/* One key as records. */
void rewrite_key(const struct broker *b, const struct key *k, struct buf *record);

#endif
