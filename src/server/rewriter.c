/* server/rewriter.c - the rewrite of the append-only file: a forked child writes the store as it is at
 * the fork, the parent goes on and takes the new base in when it is there. */
#include "base/err.h"
#include "base/log.h"
#include "broker/rewrite.h"
#include "cmd/service.h"
#include "persist/manifest.h"
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETRY_AFTER ((usec)60 * 1000000) /* an automatic rewrite that failed is not tried again at once */
#define GROWN_LEAST ((uint64_t)1024)     /* the first line of a file is no growth: it would never end */

/* Each child has a name of its own: one that outlives a killed parent by a moment writes to nobody's base. */
static void name_base(char to[MANIFEST_FILE_NAME], pid_t child)
{
    snprintf(to, MANIFEST_FILE_NAME, JOURNAL_BASE_TEMP "%ld.aof", (long)child);
}

/* What the child shares with its parent is closed, or addresses, connections and the lock would be taken
 * until the system has torn down a child as large as the parent was: a daemon started at once after a
 * kill -9 would find them in use, and its clients would hang. */
static void let_go(struct server *sv)
{
    conns_forked(sv->conns);
    listener_forked(sv->listener);
    sv->disk->ops->close(sv->disk);
    sv->disk = NULL;
}

int rewriter_write(const struct broker *b, struct disk *disk, const char *name, uint64_t offset,
                   uint64_t *size)
{
    struct journal_base *base;
    int err = journal_base_new(disk, name, offset, &base);

    if (err != OK)
        return err;
    err = rewrite_write(b, base);
    if (err == OK)
        return journal_base_finish(base, size);
    journal_base_abandon(base);
    return err;
}

/* Leaves by _exit(): the parent's buffers and files are not the child's to flush. */
static void child_main(struct server *sv, pid_t parent, uint64_t offset)
{
    const struct config *c = &sv->service.config;
    struct disk *disk;
    char path[4096], name[MANIFEST_FILE_NAME];
    uint64_t size;
    bool done;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was killed before that */
        _exit(1);
    log_role('C');
    loop_forked(sv->loop);
    let_go(sv);
    server_journal_path(c, path, sizeof path);
    disk = disk_posix(path, false);
    name_base(name, getpid());
    done = disk && rewriter_write(&sv->service.broker, disk, name, offset, &size) == OK &&
           write(sv->child_pipe, &size, sizeof size) == sizeof size;
    if (disk)
        disk->ops->close(disk);
    _exit(done ? 0 : 1);
}

static void failed(struct server *sv, const char *step, msec now)
{
    struct server_stats *st = &sv->service.server;

    log_warning("rewrite failed: step=%s", step);
    st->rewriting = st->last_rewrite_ok = false;
    st->failed_rewrites++;
    st->last_rewrite_ended = now;
    sv->next_auto_rewrite = clock_usec() + RETRY_AFTER;
}

static void start(struct server *sv, struct now now)
{
    struct journal *j = sv->service.broker.journal;
    struct server_stats *st = &sv->service.server;
    pid_t self = getpid();
    int fd[2];
    usec before;

    if (journal_rotate(j, now) != OK) {
        failed(sv, "rotate", now.wall);
        return;
    }
    if (pipe2(fd, O_CLOEXEC) != 0) {
        failed(sv, "pipe", now.wall);
        return;
    }
    before = clock_usec();
    sv->child_pipe = fd[1];
    sv->child = fork();
    if (sv->child == 0)
        child_main(sv, self, journal_offset(j));
    close(fd[1]);
    sv->child_pipe = fd[0];
    st->last_fork = clock_usec() - before;
    latency_offer(&sv->service, LATENCY_FORK, st->last_fork, now.wall);
    if (sv->child < 0) {
        sv->child = 0;
        close(fd[0]);
        failed(sv, "fork", now.wall);
        return;
    }
    st->rewriting = true;
    st->rewrite_started = now.wall;
    st->forks++;
    sv->changes_at_fork = sv->service.broker.stats.changes;
    log_notice("rewrite started: child=%d offset=%llu fork=%lldus", (int)sv->child,
               (unsigned long long)journal_offset(j), (long long)st->last_fork);
}

/* By size: so much more than the base, and more than the least that is worth it. */
static bool grown(const struct server *sv)
{
    const struct config *c = &sv->service.config;
    struct journal_info i;
    uint64_t more;

    if (c->auto_aof_rewrite_percentage == 0)
        return false;
    journal_info(sv->service.broker.journal, &i);
    more = i.current_size - i.base_size;
    return i.current_size >= c->auto_aof_rewrite_min_size && more >= GROWN_LEAST &&
           (double)more >= (double)i.base_size / 100.0 * (double)c->auto_aof_rewrite_percentage;
}

/* On a full disk what was deleted still stands in the old files: a new base may be shorter. Tried from
 * time to time, as long as there is something to win. */
static bool short_of_space(const struct server *sv)
{
    struct journal_info i;

    if (!journal_short(sv->service.broker.journal))
        return false;
    journal_info(sv->service.broker.journal, &i);
    return i.current_size > i.base_size + i.base_size / 4;
}

void rewriter_consider(struct server *sv, struct now now)
{
    struct orders *o = &sv->service.broker.orders;
    struct journal *j = sv->service.broker.journal;

    if (sv->child || !j)
        return;
    if (o->rewrite) {
        o->rewrite = false;
        start(sv, now);
    } else if (now.mono >= sv->next_auto_rewrite && (grown(sv) || short_of_space(sv))) {
        sv->next_auto_rewrite = now.mono + (grown(sv) ? 0 : RETRY_AFTER);
        start(sv, now);
    }
}

void rewriter_reap(struct server *sv)
{
    struct server_stats *st = &sv->service.server;
    char base_name[MANIFEST_FILE_NAME];
    msec now = clock_now().wall;
    uint64_t size = 0;
    int status;

    if (!sv->child || waitpid(sv->child, &status, WNOHANG) != sv->child)
        return;
    name_base(base_name, sv->child);
    sv->child = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
        read(sv->child_pipe, &size, sizeof size) != sizeof size) {
        close(sv->child_pipe);
        sv->disk->ops->unlink(sv->disk, base_name); /* a child that was killed left its file */
        failed(sv, "child", now);
        return;
    }
    close(sv->child_pipe);
    if (journal_adopt(sv->service.broker.journal, base_name, size) != OK) {
        failed(sv, "adopt", now);
        return;
    }
    st->rewriting = false;
    st->last_rewrite_ok = true;
    st->last_rewrite_ended = now;
    st->rewrites++;
    st->failed_rewrites = 0;
    st->changes_at_rewrite = sv->changes_at_fork;
    st->last_save = st->rewrite_started;
    log_notice("rewrite done: bytes=%llu seconds=%.1f", (unsigned long long)size,
               (double)(now - st->rewrite_started) / 1000);
}

void rewriter_stop(struct server *sv)
{
    char base_name[MANIFEST_FILE_NAME];

    if (!sv->child)
        return;
    kill(sv->child, SIGKILL);
    while (waitpid(sv->child, NULL, 0) < 0 && errno == EINTR)
        ;
    name_base(base_name, sv->child);
    sv->disk->ops->unlink(sv->disk, base_name);
    close(sv->child_pipe);
    sv->child = 0;
}
