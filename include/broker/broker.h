/* broker/broker.h - the data and everything that hangs on it: databases, journal, deadlines, waiters,
 * WATCH, pub/sub. No sockets, no clock, no command: a test builds one and drives it with times of its own.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/random.h"
#include "broker/db.h"
#include "persist/journal.h"
#include "proto/reply.h"
#include "store/idmp.h"
#include "store/policy.h"
#include "store/shape.h"
#include "store/stream.h"

/* Where a change comes from. REPLAY: out of the journal; nothing is refused, expired, woken or recorded. */
enum origin { ORIGIN_CLIENT, ORIGIN_REPLAY };

/* What handlers want done by those who can: turn() obeys between turns. */
struct orders {
    enum { SHUTDOWN_NONE, SHUTDOWN_CLEAN, SHUTDOWN_NOSAVE } shutdown;
    bool rewrite;
    /* CONFIG SET appendonly, DEBUG LOADAOF: whoever orders it waits for WAIT_JOURNAL */
    enum { JOURNAL_ORDER_NONE, JOURNAL_ORDER_ON, JOURNAL_ORDER_OFF, JOURNAL_ORDER_LOAD } journal;
    bool reset_stats; /* CONFIG RESETSTAT: counters kept outside the service, too */
    bool settings;    /* some have changed: whoever keeps a copy takes the new ones */
};

struct broker_stats {
    uint64_t changes; /* ever; what Redis calls dirty */
    uint64_t expired_keys;
    uint64_t buried, freed; /* values and keys that were left to be freed later; and those that are */
    uint64_t keyspace_hits, keyspace_misses;
    struct { /* messages of queues, as often as it happened */
        uint64_t letters;  /* dead letters sent */
        uint64_t expired;  /* with a letter or without */
        uint64_t retried;  /* that came back to be delivered again */
        uint64_t redriven; /* dead ones, back to a queue or ready in place */
    } messages;
};

struct broker {
    struct hash_seed seed;
    struct db *db;
    int dbs;
    struct journal *journal; /* NULL: appendonly no, or not yet recovered */
    struct buf nowhere;      /* where records go without one */
    enum origin origin;      /* of the unit that runs */
    struct stream_node_limits node_limits;
    struct idmp_limits idmp_limits; /* of new streams */
    uint64_t idmp_max_ids;          /* that a stream remembers */
    struct heap forgetting;         /* struct due_place by wall time */
    struct heap queues;             /* the same, of streams in which anything else is due: queue/run.h */
    uint64_t queue_dedup_max;       /* dedup ids that a queue remembers */
    uint64_t max_memory;            /* beyond, letters to the dead stay where they are; 0: none */
    struct random dice;             /* for what policies leave to chance */
    struct shape shape;
    struct policies policies;
    uint64_t generations;  /* of policies, in all databases; 0: there have been none */
    struct list unsettled; /* struct unsettled */
    size_t unsettled_n;
    int sweeps; /* databases that are swept */
    struct heap expiries;  /* struct db, each at its earliest expiry, in wall time */
    struct list graves;    /* struct grave: what is deleted and not freed yet */
    uint32_t ticks;        /* of TICK, mono, as of this turn: when a key is used */
    bool frozen;           /* nothing changes by itself (CLIENT PAUSE): what is past its time only looks gone */
    bool lazy_only;        /* keys past their time go when they are met, not before: for tests */
    struct heap timeouts;  /* struct waiter by mono time */
    struct heap claims;    /* struct wait_line by the wall time at which one of it may claim something */
    struct dict waiting;   /* struct wait_key: the keys somebody waits for */
    struct list ready;     /* wait_keys that changed, in order */
    struct list timed_out; /* waiters whose time is over */
    uint64_t waiters;      /* how many wait */
    uint64_t claimers;     /* those of them who claim */
    struct dict libraries; /* struct library, of functions */
    struct dict watched;   /* struct watch_key */
    struct pubsub *pubsub;
    struct list touched;           /* outboxes with something to send */
    const struct reply *answering; /* where the command that runs answers; NULL: none does */
    struct outbox aside;           /* messages to that client: they go behind its reply, not into it */
    unsigned events;               /* enum event_class: which keyspace events are told; 0: none */
    struct orders orders;
    struct broker_stats stats;
};

/* When a key was last used is kept in 24 bits, of about a second: good for half a year. */
#define TICK_USEC ((usec)1 << 20)
#define TICKS_MAX UINT32_C(0xffffff)
static inline uint32_t ticks_of(struct now now)
{
    return (uint32_t)(now.mono / TICK_USEC) & TICKS_MAX;
}

/* `seed` makes hash tables unpredictable; a test gives its own. */
void broker_init(struct broker *b, int dbs, struct hash_seed seed);
void broker_free(struct broker *b);

/* Journal offset that a reply which shows the data of now has to wait for. */
static inline uint64_t broker_offset(const struct broker *b)
{
    return b->journal ? journal_offset(b->journal) : 0;
}

/* What grows is refused: for want of memory, or of room for the journal. */
bool broker_short(const struct broker *b);

/* In all databases. */
uint64_t broker_keys(const struct broker *b);

/* The outbox has bytes to send. */
static inline void broker_touch(struct broker *b, struct outbox *o)
{
    if (!list_linked(&o->touched))
        list_push(&b->touched, &o->touched);
}

/* Begins a turn: waiters whose time is over are listed in timed_out, keys where something may be claimed that
 * somebody waits for in ready; keys past their time go, idempotent ids past theirs are forgotten; at most
 * `max` of each. True when there is more to do now. */
bool deadlines_run(struct broker *b, struct now now, unsigned max);
/* Microseconds until deadlines_run() is to be called; INT64_MAX: nothing has a deadline. While a key has one,
 * a second at most: nobody tells when the system clock is set. */
usec deadlines_next(const struct broker *b, struct now now);

/* A digest of all state that must survive a restart: values, TTLs, groups, pending entries with owners,
 * times and counts. The same state gives the same digest in whatever order it was built; an empty broker
 * gives zeros. */
struct digest {
    uint64_t sum[2];
};
void broker_digest(const struct broker *b, struct digest *out);
void key_digest(const struct broker *b, int db, const struct key *k, struct digest *out);

#endif
