/* broker/wait.h - clients that wait for keys. A waiter stands in a line at each of its keys; a change of
 * a key lists it as ready, and cmd/blocked.c serves the lines in their order. Here is only who waits for
 * what since when; what waiting means to a command is its `serve`. */
#ifndef BROKER_WAIT_H
#define BROKER_WAIT_H

#include "broker/broker.h"

struct wait_line;

enum wait_kind {
    WAIT_TAKE,  /* takes what comes away from the others: lists */
    WAIT_GROUP, /* takes it away from the others of its group: XREADGROUP */
    WAIT_COPY,  /* everyone gets a copy: XREAD */
};

/* A key that somebody waits for. Its waiters stand in lines: one for each group that is read as, one for
 * those who read without one. Of a group's line only as many are woken as there is something for. */
struct wait_key {
    struct list lines; /* struct wait_line, in order of the first waiter */
    struct list ready; /* node in broker.ready while it changed */
    unsigned pins;     /* > 0: being served, stays though its last waiter leaves */
    int db;
    uint32_t name_len;
    char name[]; /* db (4 bytes), then the name: the key of the table */
};

struct wait_line {
    struct list node;     /* in wait_key.lines */
    struct list waiters;  /* struct wait_link, oldest first */
    struct list claimers; /* those of them who claim, too: the shortest idle time first, then the oldest */
    struct heap_node due; /* in broker.claims: when the first of the claimers may have something */
    struct wait_key *key;
    enum wait_kind kind;
    uint32_t group_len;
    char group[];
};

static inline struct slice wait_line_group(const struct wait_line *l)
{
    return (struct slice){l->group, l->group_len};
}

struct wait_link {
    struct list node;  /* in wait_line.waiters */
    struct list claim; /* in wait_line.claimers, if it claims */
    struct wait_line *line;
    struct waiter *waiter;
};

struct waiter {
    struct heap_node timeout; /* at: mono usec; out of the heap: for ever */
    struct list timed_out;    /* node in broker.timed_out */
    void *owner;              /* the session */
    struct wait_link *link;
    size_t n;
    struct slice as; /* XREADGROUP: the consumer; whoever waits keeps it */
    bool claims;
    msec min_idle; /* if so: takes also what has been pending for so long */
};

/* What is waited for and is no key: of a database that there is none of. */
#define WAIT_NO_DB   (-1)
#define WAIT_JOURNAL SLICE("journal") /* its durable offset moved, or it was turned on or off */

/* Puts `w` into the lines of `n` keys, once each. `group` tells lines apart: the consumer group, or for
 * WAIT_TAKE the type of value that is wanted; empty otherwise. `until` is mono
 * usec, INT64_MAX: for ever. Names are copied. */
void wait_start(struct broker *b, struct waiter *w, void *owner, int db, const struct slice *key, size_t n,
                enum wait_kind kind, struct slice group, usec until);
/* Takes it out of everything; no-op when it does not wait. */
void wait_stop(struct broker *b, struct waiter *w);
static inline bool wait_on(const struct waiter *w)
{
    return w->link != NULL;
}

/* It also takes what is pending in its group and has been idle for `min_idle` ms, or was given back: to be
 * said right after wait_start(), which had to be of kind WAIT_GROUP. When the first of that is due, the key
 * is ready; the line of waiters is the source in the heap of deadlines, so that a million pending entries and
 * a thousand who wait for them are one deadline. */
void wait_claim(struct broker *b, struct waiter *w, msec min_idle);
/* Entries delivered at `time` are pending in the group: the deadline may be earlier for it. Called by the
 * changes that make them so, as long as there are broker.claimers. */
void wait_pending(struct broker *b, int db, struct slice name, struct slice group, msec time);
/* The line was served, so that what its claimers wait for is still to come: sets the deadline anew. */
void wait_arm(struct broker *b, struct wait_line *line);

/* The key changed: whoever waits for it is to be looked at. Called by change_close(). */
void wait_signal(struct broker *b, int db, struct slice name);
void wait_ready(struct broker *b, struct wait_key *k);
/* All keys that are waited for in a database (db < 0: in all) changed. */
void wait_signal_all(struct broker *b, int db);
/* The next key that is ready, taken off the list and pinned until wait_release(); NULL: none. */
struct wait_key *wait_next_ready(struct broker *b);
void wait_release(struct broker *b, struct wait_key *k);
struct wait_key *wait_key_find(const struct broker *b, int db, struct slice name); /* NULL: nobody waits */
struct wait_line *wait_line_find(const struct wait_key *k, enum wait_kind kind, struct slice group);
struct slice wait_key_name(const struct wait_key *k);

#endif
