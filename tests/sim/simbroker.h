/* tests/sim/simbroker.h - a whole broker without sockets and without a clock of its own: sessions, the
 * broker, and its journal on a simulated disk. One call is one turn, in the order of src/server/turn.c.
 *
 * It knows what it promised. Before every commit it notes the offset and the digest of the state; so after
 * a crash the state recovered has to be one of those, and no older one than what clients were told. What
 * it checks by itself, all along:
 *
 *   - nothing changes the state without a record: same offset, same digest
 *   - no byte of a reply leaves before the journal is safe up to what the reply shows
 *   - after kill -9, recovery finds the last commit; after a power cut, a commit no older than promised;
 *     and never damage
 *   - every request has exactly one reply, and replies are whole
 *
 * A check that fails calls sim_failed(), which does not return.
 */
#ifndef TESTS_SIMBROKER_H
#define TESTS_SIMBROKER_H

#include "base/buf.h"
#include "base/random.h"
#include "broker/broker.h"
#include "cmd/session.h"
#include "persist/recover.h"
#include "simdisk.h"
#include <stdnoreturn.h>

#define SIM_CLIENTS 4
#define SIM_NAME    "appendonly.aof"

struct sim_options {
    uint64_t seed;
    const char *settings; /* lines as in leanmqd.conf, over the defaults; may be NULL */
    struct journal_options journal;
    bool no_journal;
    struct buf *heard; /* of SIM_CLIENTS: all bytes each is told are added; NULL: nobody wants them */
    bool any_input;    /* clients send what they like, not only commands that are right */
};

/* Bytes of an outbox up to `pos` may leave when the journal is safe up to `offset`. */
struct sim_held {
    uint64_t pos, offset;
};

struct sim_client {
    struct session *session; /* NULL: not connected */
    struct buf in;           /* sent to it, not yet run */
    size_t show;             /* bytes of `in` that have arrived by the next turn; 0: all */
    size_t seen;             /* of an unfinished request: bytes that had arrived before */
    struct buf *heard;       /* as in the options */
    struct buf out;          /* let out: the beginning of a reply */
    uint64_t replies;        /* whole ones that came */
    bool uncounted;          /* subscribed, or asked for no replies: they are not counted */
    struct sim_held *held;
    size_t n_held, cap_held;
};

struct sim_commit {
    uint64_t offset;
    struct digest digest;
};

struct simbroker {
    struct sim_options o;
    struct random random;
    struct now now;
    struct simdisk *disk;

    /* the process; NULL: none runs */
    struct service *service;
    struct disk *handle;
    struct syncer *syncer;
    struct sim_client client[SIM_CLIENTS];
    bool faulty; /* the disk was full or failed since the last start: an end may have to be cut */

    struct disk *child; /* of a rewrite that is on; NULL: none */
    struct journal_base *base;

    /* what the journal may hold, by rising offset */
    struct sim_commit *commit;
    size_t commits, cap_commits;
    uint64_t written;                  /* last commit that succeeded */
    uint64_t promised, promised_power; /* what kill -9, what a power cut must leave */
    bool cut;                          /* the last end was a power cut */
    bool stopped;                      /* it was a clean stop */

    struct recover_report report; /* of the last start */
    struct buf why;
};

/* Tells what is wrong and does not return. A test that can say more puts its own in the hook: the one
 * global here, for the checks are met at any depth. */
extern void (*sim_on_failure)(const char *what, const char *file, int line);
noreturn void sim_failed(const char *what, const char *file, int line);
#define sim_must(cond) ((cond) ? (void)0 : sim_failed(#cond, __FILE__, __LINE__))

struct simbroker *sim_new(const struct sim_options *o); /* nothing runs yet */
void sim_free(struct simbroker *s);

/* A process: recovers, checks what it found, opens the journal. ERR_IO, ERR_NO_SPACE: the disk would not
 * have it, nothing runs. Clients are connected. */
int sim_start(struct simbroker *s);
void sim_kill(struct simbroker *s);      /* kill -9 */
void sim_power_cut(struct simbroker *s); /* also when no process runs */
bool sim_stop(struct simbroker *s);      /* a clean end; false: the disk failed, as if killed */

void sim_connect(struct simbroker *s, unsigned client); /* anew, if it was connected */
/* One request of words between blanks; "@" is an empty word. */
void sim_send(struct simbroker *s, unsigned client, struct slice words);
void sim_send_raw(struct simbroker *s, unsigned client, struct slice bytes);
/* False: the disk failed, and the process has ended. */
bool sim_turn(struct simbroker *s);
/* What is under way is answered: syncs end, waiters time out; the disk must be well. False as above. */
bool sim_settle(struct simbroker *s);

/* A rewrite in place of the forked child: the base is written at this instant and named when finished. */
bool sim_rewriting(const struct simbroker *s);
bool sim_rewrite_start(struct simbroker *s); /* false: it could not begin */
bool sim_rewrite_finish(struct simbroker *s);
void sim_rewrite_abort(struct simbroker *s);

/* Every structure's own invariants. */
void sim_check(const struct simbroker *s);

enum sim_reply { SIM_REPLY, SIM_PUSH, SIM_PART, SIM_MALFORMED };
/* The reply at the beginning of the bytes, RESP2 or RESP3, and its length. */
enum sim_reply sim_reply(struct slice bytes, size_t *length);

#endif
