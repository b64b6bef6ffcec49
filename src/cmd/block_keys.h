/* block_keys.h - commands that take something away from the first of their keys that has it, or wait: BLPOP,
 * BLMOVE, BZPOPMIN and the like. */
#ifndef CMD_BLOCK_KEYS_H
#define CMD_BLOCK_KEYS_H

#include "handlers.h"

struct block_keys {
    const struct slice *key;
    size_t n;
    struct slice target; /* BLMOVE's destination; empty elsewhere */
    usec timeout;        /* 0: for ever */
    enum key_type type; /* of the keys: who wants a list stands in another line than who wants a sorted set */
    bool front, front_to;
    bool exactly, bulk; /* BLMOVEM */
    int64_t count;      /* 0: one, and not as an array of pairs */
    /* OK: answered; ERR_BLOCK: none of the keys has anything; else an error. */
    int (*serve)(struct call *c, const struct block_keys *a);
    void (*nothing)(struct reply *r); /* what it answers when the time is over */
    struct slice *kept;               /* private: args_copy() while it waits */
};

/* A timeout in seconds, with a fraction; in the words of Redis when it is no such thing. */
int block_timeout(struct call *c, struct slice text, usec *out);
/* Serves it, or makes the client wait; in a transaction it answers that there is nothing. */
int block_on_keys(struct call *c, const struct block_keys *a);

/* numkeys key [key ...] <first | last> [COUNT count], numkeys at `at`: `front` says which. */
int block_mpop_parse(struct call *c, size_t at, const char *first, const char *last, struct block_keys *a);

#endif
