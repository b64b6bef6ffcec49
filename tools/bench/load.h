/* load.h - one run of a workload, and the connections it is made of. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench.h"
#include "bytes.h"
#include "measure.h"

#define SEC 1000000

enum role { CONTROL, PRODUCER, CONSUMER };

struct peer {
    int fd;
    enum role role;
    bool wants_write; /* epoll watches for room to send */
    struct bytes in, out;
    size_t scanned;        /* of the reply that begins at in.start: bytes known to be whole elements, */
    uint64_t left;         /* and elements still to come; 0: it is whole */
    uint64_t inflight;     /* requests without a reply; a consumer's are XACK, then XREADGROUP */
    bool acking;           /* the first of them is an XACK */
    usec sent;             /* when the producer's batch, or the XREADGROUP, left */
    struct bytes read_cmd; /* a consumer's XREADGROUP */
};

struct load {
    const struct options *o;
    const struct place *at;
    struct result *res;
    enum kind kind;
    bool empty_first, empty_after; /* delete the queue */

    int epoll;
    struct peer control, *peer; /* producers come first */
    unsigned producers, peers, turn;
    struct bytes add_head; /* an XADD up to its payload */
    char *pattern;
    usec now, started, last, deadline;

    uint64_t next, end;             /* numbers still to be sent */
    uint64_t sent, added, failed;   /* XADDs: left, with an id as reply, with an error */
    uint64_t seen, acked, acks_out; /* distinct messages received; XACK's count; XACKs without a reply */
    uint64_t inflight;              /* of all peers */
    uint64_t *seen_bits, seen_cap;  /* by number; cap is in bits */
    struct histogram latency;
};

/* load.c */
/* The run ends here; the first reason is the one that counts. Always false. */
bool fail(struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A reply that is an error, counted; the first is shown. */
void error_reply(struct load *l, struct slice text);

/* peer.c: false is a failure that fail() has told. */
bool peer_flush(struct load *l, struct peer *p);
bool peer_receive(struct load *l, struct peer *p);
int reply_whole(struct peer *p); /* 1: the reply at the front is all there; 0: not yet; -1: not RESP */
void reply_drop(struct peer *p);
/* Sends the words (up to a NULL) and waits for the reply: *e is its first element. */
bool ask(struct load *l, struct peer *p, struct element *e, ...);
bool refused(struct load *l, const char *what, const struct element *e);
bool peer_open(struct load *l, struct peer *p, enum role role);
void peer_close(struct peer *p);

/* work.c: what is sent, and what is made of a reply. */
bool producers_feed(struct load *l);
bool producer_reply(struct load *l, struct peer *p, const struct element *e);
uint64_t consume_target(const struct load *l);
bool consumer_read(struct load *l, struct peer *p);
bool consumer_reply(struct load *l, struct peer *p, const struct element *e);

#endif
