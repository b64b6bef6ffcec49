/* cmd/table.h - the command table: one row declares a command. Dispatch, arity, COMMAND, COMMAND DOCS,
 * GETKEYS, docs/commands.md and the test that every command has a test read the same rows. */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "base/slice.h"
#include <stdint.h>

struct call;

#define ANY (-1) /* no upper bound of arguments */

enum command_flag {
    CMD_WRITE = 1 << 0,  /* may change data */
    CMD_READ = 1 << 1,   /* looks at data, changes none */
    CMD_GROWS = 1 << 2,  /* refused when memory or disk is short (denyoom) */
    CMD_FAST = 1 << 3,   /* timed in batches */
    CMD_ADDS = 1 << 4,   /* wake-ups may wait for the end of a run of these */
    CMD_BLOCKS = 1 << 5, /* may wait */
    CMD_ADMIN = 1 << 6,
    CMD_PUBSUB = 1 << 7,
    CMD_NO_AUTH = 1 << 8,    /* allowed before AUTH */
    CMD_LOADING = 1 << 9,    /* allowed while the journal is loaded */
    CMD_NO_MULTI = 1 << 10,  /* refused inside MULTI */
    CMD_IN_PUBSUB = 1 << 11, /* allowed to a RESP2 client with subscriptions */
    CMD_CONTAINER = 1 << 12, /* the second word names a command of its own */
    CMD_RECORD = 1 << 13,    /* out of the journal only */
    CMD_NODATA = 1 << 14,    /* its reply shows no data: not held by the journal */
    CMD_NOW = 1 << 15,       /* run at once inside MULTI (EXEC, DISCARD, WATCH, RESET, QUIT) */
    CMD_MOVABLE = 1 << 16,   /* keys are found by its `keys` function */
    CMD_NOSCRIPT = 1 << 17,
    CMD_STALE = 1 << 18,
    CMD_SKIP_MONITOR = 1 << 19,
    CMD_DANGEROUS = 1 << 20, /* may hold all others up, without being CMD_ADMIN */
    CMD_MAY_REPLICATE = 1 << 21, /* no change of data, but others hear of it: CLIENT PAUSE WRITE holds it */
    CMD_NO_MANDATORY_KEYS = 1 << 22, /* it may be called with none */
    CMD_SKIP_SLOWLOG = 1 << 23, /* what it runs is logged, not itself */
    CMD_ALLOW_BUSY = 1 << 24,   /* answered while a script runs that does not end */
};

/* Which arguments are keys: from first to last (negative: counted from the end), every step-th. first
 * 0: none. */
struct key_spec {
    int8_t first, last, step;
};

struct command {
    const char *name; /* upper case; "XGROUP|CREATE" within a container */
    int (*run)(struct call *c);
    int min, max; /* arguments with the name(s); max ANY */
    uint32_t flags;
    struct key_spec keys;
    const char *group; /* "stream": of the documentation and the ACL category */
    const char *since;
    const char *syntax;
    const char *summary;
    /* CMD_MOVABLE: the positions of keys, at most `max` of them; how many there are. */
    size_t (*find_keys)(const struct slice *arg, size_t n, size_t *pos, size_t max);
    const char *complexity; /* "O(N) in keys" */
    const char *errors;  /* what a caller should expect beside arity, syntax and WRONGTYPE; NULL: nothing */
    const char *differs; /* what is not as in Redis; NULL: nothing */
};

extern const struct command command_table[]; /* ends with name == NULL */
size_t command_count(void);                  /* rows */
static inline size_t command_index(const struct command *c)
{
    return (size_t)(c - command_table);
}

/* Builds the index of names; before the first find. */
void command_table_init(void);
/* The row for a request: a container's sub-command where there is one. NULL: unknown. When the container
 * is known and the sub-command is not, *container is its row. */
const struct command *command_find(const struct slice *arg, size_t n, const struct command **container);
/* By full name ("xgroup|create" or "get"), any case. */
const struct command *command_named(struct slice name);
/* Positions of the keys in a request of this command; how many, at most max. */
size_t command_keys(const struct command *c, const struct slice *arg, size_t n, size_t *pos, size_t max);
/* Redis' way to say it: n, or -min. */
int command_arity(const struct command *c);

#endif
