/* zadd.h - ZADD's work, for whoever reckons scores by himself. */
#ifndef CMD_ZADD_H
#define CMD_ZADD_H

#include "handlers.h"

enum zadd_option { ADD_NX = 1, ADD_XX = 2, ADD_GT = 4, ADD_LT = 8, ADD_CH = 16, ADD_INCR = 32 };

struct zadd {
    int options;
    const struct slice *pair; /* score, member, ... */
    size_t n;
    double *score;
    size_t added, changed;
    bool done; /* INCR: was not held back by NX and its like */
    double last;
};

int zadd_option(struct slice word); /* 0: none */
/* Into the key at arg[1], with the answer. The texts of the scores in `pair` are not looked at. */
int zadd_run(struct call *c, struct zadd *a);

#endif
