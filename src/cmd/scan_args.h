/* scan_args.h - what SCAN, HSCAN, SSCAN and ZSCAN are told. */
#ifndef CMD_SCAN_ARGS_H
#define CMD_SCAN_ARGS_H

#include "handlers.h"

#define SCAN_EMPTY_FACTOR 10 /* chains that are looked at for each element asked for, when most are empty */

enum { SCAN_MAY_TYPE = 1, SCAN_MAY_NOVALUES = 2 };

struct scan_args {
    uint64_t cursor;
    int64_t count;
    struct slice pattern, type; /* p NULL: any */
    bool no_values;
};

/* Fills in the defaults and the cursor, at arg[at]. */
int scan_cursor(struct call *c, size_t at, struct scan_args *a);
/* The options from arg[at] on; `may`: which beside COUNT and MATCH. */
int scan_options(struct call *c, size_t at, int may, struct scan_args *a);
/* A part of a database's keys (struct key *) from the cursor on, which moves: whole chains, so there may be
 * some more than asked for. They are gathered first, for who meets one past its time removes it, and a walk
 * must not see that. */
void scan_keys(const struct dict *keys, struct scan_args *a, struct buf *found);

#endif
