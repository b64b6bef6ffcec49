/* cmd/service.h - what all sessions share: the broker, the settings, who is connected, and the numbers
 * INFO shows. One to a process; a test or a fuzzer builds one without a socket. */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include "base/histogram.h"
#include "broker/broker.h"
#include "cmd/config.h"
#include "cmd/latency.h"
#include "cmd/scripts.h"
#include "cmd/rates.h"
#include "cmd/slowlog.h"
#include "proto/outbox.h"
#include "proto/resp.h"

#define LEANMQD_VERSION "0.1.0"
#define REDIS_VERSION   "7.2.4" /* the Redis whose behaviour clients may expect */

struct command_stats {
    uint64_t calls, nsec, rejected, failed;
    struct histogram *latency; /* of its calls, in nanoseconds; NULL until one was measured */
};

/* What only the server knows; it keeps these up to date for INFO. */
struct server_stats {
    usec started_mono;
    msec started_wall;
    uint64_t connections, rejected, net_in, net_out, reads, writes, timeouts;
    int64_t port;            /* really bound */
    const char *config_file; /* NULL: none */
    bool loading;
    uint64_t loading_done, loading_all;
    bool rewriting;
    msec rewrite_started, last_rewrite_ended;
    bool last_rewrite_ok, rewrite_scheduled;
    usec last_fork;
    uint64_t rewrites, forks, failed_rewrites; /* done; begun; failed since the last one done */
    uint64_t changes_at_rewrite;               /* broker_stats.changes when the last base was begun */
    msec last_save;                            /* wall time when that was; 0: not yet */
    uint64_t keys_loaded;
    uint64_t delayed_syncs_before; /* CONFIG RESETSTAT: of the journal's, not to be counted */
    size_t memory_at_start;        /* before there was any data */
    char journal_refused[512];     /* why the last order about the journal was not obeyed; empty: it was */
    char recovery[128];            /* how the last start found the journal */
};

struct service {
    struct broker broker;
    struct config config;
    struct settings settings; /* rows over config */
    struct outbox_pool pool;
    struct args args;     /* of the request that runs */
    struct list sessions; /* struct session, by age */
    struct dict by_id;    /* the same */
    uint64_t n_sessions, next_session;
    struct list monitors;     /* sessions that watch all commands */
    struct buf monitor_lines; /* what the transaction that runs has for them */
    struct list to_close;     /* sessions whose connection is to be closed: turn() obeys */
    struct list resumed;      /* sessions that no longer wait: their input is to be looked at */
    struct pause {            /* CLIENT PAUSE */
        enum { PAUSE_NOTHING, PAUSE_WRITES, PAUSE_ALL } what;
        usec until; /* mono */
    } pause;
    struct list postponed; /* sessions whose next command waits for its end, in order */
    uint64_t n_postponed;
    struct command_stats *stats; /* by row of the table */
    uint64_t commands, errors;
    struct dict errorstats; /* struct error_stat, by the first word of the error */
    struct server_stats server;
    struct rates rates;
    char run_id[41];
    struct random random;
    /* Commands of one run that are timed together (CMD_FAST): a clock read costs 15 % of an XADD. */
    struct call_batch {
        uint16_t row[64];
        unsigned n;
        nsec since;               /* when the first of them began; 0: none has */
        const struct session *of; /* whose they are */
        uint32_t flags;           /* `together` for the request at hand; 0: no other came with it */
    } batch;
    /* The flags of commands that are timed together: CMD_FAST. 0 while somebody looks closely, and each is
     * timed by itself: there are monitors, SLOWLOG wants commands that take less than a batch of them, or a
     * batch took long (cmd/slowlog.h). */
    uint32_t together;
    unsigned alert; /* so many more are, after a batch that took long */
    nsec look_from; /* what takes that long interests SLOWLOG or LATENCY */
    struct slowlog slowlog;
    struct latency latency;
    struct scripts scripts;
    int replay_db;            /* the database the journal's records are of */
    struct outbox replay_out; /* where replies of a replay go to be forgotten */
};

/* `seed` as for broker_init(). config is filled with defaults; the caller loads files, then calls
 * service_start() which makes what depends on them (databases). */
void service_init(struct service *s, struct hash_seed seed, const char run_id[41]);
void service_start(struct service *s);
void service_free(struct service *s);
/* How many of `clients` the process can serve, a descriptor for each and some to spare: raises its limit of
 * descriptors as far as the system lets it. At least 1. */
int64_t service_clients_fit(int64_t clients);
/* CONFIG RESETSTAT: what was counted of commands and errors. */
void service_reset_stats(struct service *s);
/* Once a turn: what INFO's instantaneous_* are made of. */
static inline void service_sample(struct service *s, usec now)
{
    if (rates_due(&s->rates, now))
        rates_add(&s->rates, now, (uint64_t[RATES]){s->commands, s->server.net_in, s->server.net_out});
}
/* LASTSAVE: when all data was last written as a whole, which is when the last base was begun that was
 * finished, or when this process started. */
static inline msec service_last_save(const struct service *s)
{
    return s->server.last_save ? s->server.last_save : s->server.started_wall;
}
/* What the broker takes from the settings, after CONFIG SET. */
void service_apply_config(struct service *s);
/* Who looks for what has changed: together and look_from follow. */
void service_look(struct service *s);

/* A pause whose time is over ends: who was postponed is in `resumed`. */
void pause_run(struct service *s, struct now now);
usec pause_due(const struct service *s); /* when that is to be called (mono); INT64_MAX: there is none */

/* Every key goes, and every policy, without a record: before it comes back out of records (DEBUG RELOAD, LOADAOF). Who waits
 * or watches is told, clients stay. */
void service_forget_data(struct service *s);
/* One record out of the journal. Not OK: no record of ours. */
int service_replay(struct service *s, const struct slice *word, size_t n);

struct error_stat {
    uint64_t count;
    uint32_t n;
    char name[];
};

#endif
