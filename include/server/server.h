/* server/server.h - the process: one loop that joins connections and sessions, the journal and the
 * broker, and obeys what handlers ordered. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "broker/import.h"
#include "cmd/service.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/loop.h"
#include "persist/recover.h"

#include <limits.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* Exit statuses: a restart helps after EXIT_DISK, not after EXIT_CONFIG or EXIT_DATA. */
enum { EXIT_CLEAN = 0, EXIT_CONFIG = 1, EXIT_DATA = 65, EXIT_DISK = 74 };

struct server {
    struct service service;
    char config_file[PATH_MAX]; /* room for service.server.config_file */
    struct loop *loop;
    struct listener *listener;
    struct conns *conns;
    struct out_limit limits[OUTPUT_CLASSES];
    struct disk *disk;
    struct syncer *syncer;
    int sync_event;
    bool journal_ours; /* its files are of this process: loaded, or made by it */
    bool work_left;
    uint64_t durable;    /* what those who wait for the disk have been told */
    bool short_of_space; /* the log has said so */

    /* noted by signals, obeyed by turn() */
    bool terminate, hangup, child_ended;

    pid_t child; /* writes a base; 0: none */
    int child_pipe;
    uint64_t changes_at_fork;
    usec next_auto_rewrite; /* not before: after a failure */

    struct import_report imported; /* the RDB read last */
    msec import_now;               /* what is past its time then is left out of one; 0: nothing */

    usec watchdog, last_watchdog;
    uint64_t seen_syncs; /* of the journal, by the turn before: LATENCY's */
};

/* boot.c, for those who open the journal later. */
void server_journal_path(const struct config *c, char *path, size_t cap);
int server_replay(void *server, const struct slice *word, size_t n); /* recover_ops.apply */
bool server_start_syncer(struct server *s);                          /* false: errno */
/* turn.c */
struct journal_options server_journal_options(const struct config *c);
noreturn void server_disk_failed(const char *what);

/* appendonly.c: the journal turned on or off, or read back. True if it was ordered. */
bool appendonly_obey(struct server *s, struct now now);
/* Opens the journal, of whose files nothing counts any more, with the store as its base. Until it is there in
 * full, the files stand as they were. */
int server_begin_journal(struct server *s, const struct journal_tail *tail, struct now now, struct buf *why);

/* import.c: what Redis wrote. */
int server_rdb(void *server, struct source *from, uint64_t *used, uint64_t *keys,
               struct buf *why); /* recover_ops.rdb */
/* The data that Redis would find in `dir` without a journal: the path of its file. */
bool import_find(const struct config *c, char *path, size_t cap);
int import_file(struct server *s, const char *path, const struct recover_ops *ops,
                struct recover_report *report, struct buf *why);
/* leanmqd --import: all of the file becomes a journal where there is none, or nothing. The exit status. */
int import_run(struct server *s, const char *file);

/* boot.c: from the command line to a server that is ready; from there to its end. */
int server_boot(struct server *s, int argc, char **argv, int *status); /* false: leave with *status */
int server_run(struct server *s);                                      /* the exit status */

/* turn.c */
void server_turn(struct server *s);
void server_apply_settings(struct server *s);
void server_tell(const struct server *s, const char *state); /* the service manager, if there is one */
bool server_ends(const struct server *s);                    /* a signal or SHUTDOWN has said so */
void server_say_end(const struct server *s);                 /* to the log and the service manager */
void server_close_killed(struct server *s);                  /* sessions that asked for it */
uint64_t server_safe_offset(const struct server *s);         /* of the journal: what may be told */
void server_watchdog(struct server *s, struct now now);
extern const struct conn_hooks server_hooks;                 /* arg is to be filled in */

/* busy.c: a step of the loop while a script runs that does not end. */
void server_poll_while_busy(void *server);

/* rewriter.c: the child that writes a new base. */
void rewriter_consider(struct server *s, struct now now); /* ordered, or grown enough */
void rewriter_reap(struct server *s);
void rewriter_stop(struct server *s);
/* The store as the base `name` of a journal that begins at `offset`; *size is the file's. ERR_*: errno. */
int rewriter_write(const struct broker *b, struct disk *disk, const char *name, uint64_t offset,
                   uint64_t *size);

/* cli.c: what the command line asks for. */
struct cli {
    const char *file;     /* settings; "-": standard input; NULL: none */
    const char *import;   /* CLI_IMPORT: the file */
    struct buf overrides; /* --name value ..., as lines of a settings file */
    enum { CLI_RUN, CLI_CHECK, CLI_DUMP, CLI_VERSION, CLI_HELP, CLI_COMMANDS, CLI_IMPORT, CLI_BAD } what;
    const char *bad; /* CLI_BAD: the word */
};
void cli_parse(struct cli *cli, int argc, char **argv);

#endif
