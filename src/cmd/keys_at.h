/* keys_at.h - commands that say how many keys they have: numkeys key [key ...]. */
#ifndef CMD_KEYS_AT_H
#define CMD_KEYS_AT_H

#include "handlers.h"

/* The number at `at`, checked against the words that follow, in Redis' words. */
int keys_counted(struct call *c, size_t at, size_t *n);

/* [LIMIT limit] from `at` to the end; 0: none. */
int keys_limit(struct call *c, size_t at, int64_t *limit);

/* For the table: where the number stands. */
size_t keys_counted_at1(const struct slice *arg, size_t n, size_t *pos, size_t max);
size_t keys_counted_at2(const struct slice *arg, size_t n, size_t *pos, size_t max);
/* A target key, then the number: ZUNIONSTORE. */
size_t keys_target_counted(const struct slice *arg, size_t n, size_t *pos, size_t max);

#endif
