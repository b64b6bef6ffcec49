/* tests/sim/queue_model.h - what a queue is, said in the simplest way that is right: arrays, looked through
 * from the front each time, nothing remembered that could be computed. It shares no code with the broker.
 *
 * It is told the same requests, as words between blanks ("@" is an empty word), and the same time, and
 * answers what a client has to see:
 *
 *     :1   integer     +OK   status      -QFULL   an error, its first word
 *     abc  bulk        [a b] array       nil      nil-array
 *     ?    any one value; "*" before a "]": whatever else is there; ~a~b: an id i with a <= i < b
 *
 * Where the design leaves room, a comment that begins with "Reading:" says what the model takes it to mean.
 */
#ifndef TESTS_QUEUE_MODEL_H
#define TESTS_QUEUE_MODEL_H

#include "base/buf.h"
#include "base/clock.h"
#include "store/stream_id.h"
#include <stdbool.h>

enum {
    MODEL_TEXT = 40, /* bytes of a name or a value, the end included */
    MODEL_WORDS = 40,
    MODEL_LINE = 400,
    MODEL_ENTRIES = 300,
    MODEL_DELAYED = 100,
    MODEL_DEDUPS = 200,
    MODEL_GROUPS = 3,
    MODEL_CONSUMERS = 8,
    MODEL_KEYS = 8,
    MODEL_POLICIES = 8,
    MODEL_CLIENTS = 4,
    MODEL_QUEUED = 16,
    MODEL_WATCHED = 8,
    MODEL_READERS = 64,
};

enum model_option {
    ACKWAIT,
    MAXDELIVER,
    BACKOFF,
    BACKOFFMAX,
    JITTER,
    DLQ,
    TTL,
    MAXLEN,
    MAXBYTES,
    OVERFLOWS, /* math.h has the other name */
    RETENTION,
    PRIORITIES,
    AGING,
    ORDERKEY,
    ONPOISON,
    MAXINFLIGHT,
    PREFETCH,
    RATE,
    ONDISCONNECT,
    CONSUMERIDLE,
    PAUSE,
    HEADERS,
    OPTIONS
};

struct model_policy {
    char name[MODEL_TEXT]; /* "": this place is free */
    char value[OPTIONS][MODEL_TEXT];
};

struct model_fields {
    unsigned n;
    char word[MODEL_WORDS][MODEL_TEXT];
};

struct model_entry {
    struct stream_id id;
    struct model_fields fields;
    msec arrival, own_expires; /* 0: none of its own */
    unsigned level;
    char group[MODEL_TEXT]; /* it is for this group alone; "": for all */
};

struct model_delayed {
    msec due, ttl;
    uint64_t seq;
    struct model_fields fields;
    unsigned level;
    char dedup[MODEL_TEXT];
};

struct model_dedup {
    char id[MODEL_TEXT], reply[MODEL_TEXT];
    msec until;
};

/* READY of a stream without a policy is what XNACK gave back. */
enum model_state { LEASED, READY, WAITING, HELD, DEAD, MODEL_STATES };

struct model_pending {
    struct stream_id id;
    enum model_state state;
    char owner[MODEL_TEXT];
    char last[MODEL_TEXT], error[MODEL_TEXT], reason[MODEL_TEXT];
    msec time;      /* LEASED: of the last delivery */
    msec lease_end; /* as QEXTEND said; 0: time + ACKWAIT */
    msec due;       /* WAITING */
    uint64_t order; /* READY: the order of return */
    uint64_t count; /* deliveries */
    uint64_t lease; /* a number for each time that somebody came to hold it */
};

struct model_consumer {
    char name[MODEL_TEXT];
    msec seen;
};

struct model_group {
    char name[MODEL_TEXT];
    struct stream_id pos; /* what is added at or below is not for this group */
    struct stream_id fresh[MODEL_ENTRIES];
    struct model_pending pending[MODEL_ENTRIES]; /* by id */
    unsigned n_fresh, n_pending, n_consumers;
    struct model_consumer consumer[MODEL_CONSUMERS]; /* by name */
    uint64_t entered, acked, expired, dead_lettered, dropped;
    uint64_t orders; /* handed out */
    int64_t rate, credit, credit_mono;
};

struct model_key {
    char name[MODEL_TEXT]; /* "": free */
    bool other_type;
    bool dlq;   /* it got a dead letter */
    bool queue; /* a policy matches */
    bool kept;  /* one did, or a message had a TTL of its own: messages are told apart as a queue's are */
    bool quiet; /* since a SETID nothing was added */
    struct stream_id last_id;
    msec last_arrival;
    uint64_t delays; /* messages that were ever DELAYED */
    struct model_entry entry[MODEL_ENTRIES];
    struct model_delayed delayed[MODEL_DELAYED]; /* by due time and seq */
    struct model_dedup dedup[MODEL_DEDUPS];
    struct model_group group[MODEL_GROUPS]; /* by name */
    unsigned n_entries, n_delayed, n_dedups, n_groups;
};

struct model_reader {
    char key[MODEL_TEXT], group[MODEL_TEXT], consumer[MODEL_TEXT];
};

struct model_client {
    char waiting[MODEL_LINE]; /* the request that blocks; "": none */
    uint64_t since;           /* in what order they came to wait */
    bool multi;
    char queued[MODEL_QUEUED][MODEL_LINE];
    unsigned n_queued, n_watched, n_read;
    struct {
        struct model_reader who;
        struct stream_id id;
        uint64_t lease;
    } watched[MODEL_WATCHED];
    struct model_reader read[MODEL_READERS]; /* as whom it has read */
    struct buf heard;                        /* what it was told and has not yet been asked about */
};

struct model {
    struct now now;
    struct model_policy policy[MODEL_POLICIES];
    struct model_key key[MODEL_KEYS];
    struct model_client client[MODEL_CLIENTS];
    uint64_t waits, leases;
};

struct model *model_new(struct now now);
void model_free(struct model *m);

void model_time(struct model *m, struct now now); /* and what is due by then happens */
/* A request of a client that does not wait: done, and what follows from it. */
void model_run(struct model *m, unsigned client, const char *line);
void model_disconnect(struct model *m, unsigned client);
void model_restart(struct model *m);
/* What a client has been told since it was last asked; good until it is told more. */
const char *model_heard(struct model *m, unsigned client);
bool model_waits(const struct model *m, unsigned client);

/* 5.1's equation; every message in one state for each group. What is wrong, or NULL. */
const char *model_wrong(const struct model *m);

/* For whoever makes up requests. NULL: no such key, not a stream. */
const struct model_key *model_key(const struct model *m, const char *name);

#endif
