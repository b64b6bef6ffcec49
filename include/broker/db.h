/* broker/db.h - databases: names of keys, their values and when they expire. Reading only; what alters a
 * key is in broker/change*.h. */
#ifndef BROKER_DB_H
#define BROKER_DB_H

#include "base/clock.h"
#include "base/dict.h"
#include "base/heap.h"
#include "store/key_type.h"

struct broker;
struct deque;
struct hash;
struct set;
struct stream;
struct string;
struct zset;

/* When a key expires: a node of its database's heap, there only while the key has a TTL. */
struct expiry {
    struct heap_node node; /* at: wall msec; visible up to and including it, as in Redis */
    struct key *key;
};

struct key {
    union {
        void *value;
        struct string *string;
        struct deque *list;
        struct set *set;
        struct zset *zset;
        struct hash *hash;
        struct stream *stream;
    };
    struct expiry *expiry; /* NULL: never */
    uint32_t name_len;
    uint32_t type : 8;  /* enum key_type */
    uint32_t used : 24; /* broker.ticks when it was last used: soft state, for OBJECT IDLETIME */
    char name[];
};

struct db {
    struct dict keys;
    struct heap expiries; /* struct expiry of the keys with a TTL */
    __int128 expiry_sum;  /* of their instants */
    struct heap_node due; /* in broker.expiries while there are some: at the earliest of them */
    uint64_t generation;  /* of the policies: a stream that has another one is to be looked at */
    bool sweeping;        /* all its streams are: see broker/unsettled.h */
    uint64_t sweep;       /* how far that is */
    struct key *recent;   /* found last: a handler looks, then a change looks again; NULL once it goes */
};

static inline struct slice key_name(const struct key *k)
{
    return (struct slice){k->name, k->name_len};
}

static inline bool key_expired(const struct key *k, msec now)
{
    return k->expiry && now > k->expiry->node.at;
}

const char *key_type_name(enum key_type type); /* "string", "list", ... as TYPE says */
/* The key whatever its TTL; NULL if absent. Handlers use key_read() and key_write() of cmd/key.h. */
struct key *db_find(const struct broker *b, int db, struct slice name);
size_t key_memory(const struct key *k);

#endif
