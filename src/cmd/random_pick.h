/* random_pick.h - HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: one, some or distinct members of a value, each
 * about as likely. What differs between the types is a row of functions. */
#ifndef CMD_RANDOM_PICK_H
#define CMD_RANDOM_PICK_H

#include "handlers.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/zset.h"

/* A member that was picked. A view: good until the next pick into the same place. */
struct picked {
    struct slice member, value;
    double score;
    union {
        struct hash_item hash;
        struct set_item set;
        struct zset_iter zset;
    };
};

struct pick_from {
    enum key_type type;
    const char *with; /* the option that asks for values too; NULL: there is none */
    size_t (*count)(const void *value);
    bool (*compact)(const void *value); /* members have no lasting address, and are few */
    void (*one)(const void *value, uint64_t r, struct picked *out);
    void (*each)(const void *value, void (*fn)(const struct picked *item, void *arg), void *arg);
    void (*reply)(struct call *c, const struct picked *item, bool with_values);
};

/* The whole command: key [count [WITH...]]. */
int pick_run(struct call *c, const struct pick_from *from);
/* n distinct members, at most as many as there are; `fn` keeps no view of them. */
void pick_distinct(struct call *c, const struct pick_from *from, const void *value, size_t n,
                   void (*fn)(const struct picked *item, void *arg), void *arg);

#endif
