/* server/boot.c - from the command line to a server that is ready. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "cmd/docs.h"
#include "persist/recover.h"
#include "server/notify.h"
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: leanmqd [FILE | -] [--NAME VALUE ...]\n"
    "       leanmqd [FILE | -] [--NAME VALUE ...] --check-config | --dump-config\n"
    "       leanmqd [FILE | -] [--NAME VALUE ...] --import DATA\n"
    "       leanmqd --version | --help\n"
    "\n"
    "FILE holds settings as leanmqd.conf does, - reads them from standard input; --NAME VALUE overrides.\n"
    "--import makes a journal of DATA, a dump.rdb or an append-only file of Redis, where there is none, and "
    "leaves.\n";

/* One line on standard error, for whoever started it. */
static bool complain(int *status, int code, const char *what, struct buf *why)
{
    fprintf(stderr, "leanmqd: %s: %.*s\n", what, SLICE_ARG(buf_slice(why)));
    buf_free(why);
    *status = code;
    return false;
}

/* --- settings --- */

static bool load_settings(struct service *s, struct cli *cli, int *status)
{
    struct buf why = {0}, warnings = {0};
    int err = OK;

    if (cli->file)
        err = settings_load_file(&s->settings, cli->file, &why, &warnings);
    if (err == OK)
        err = settings_load_text(&s->settings, "command line", buf_slice(&cli->overrides), &why, &warnings);
    if (err != OK) {
        buf_free(&warnings);
        return complain(status, EXIT_CONFIG, "settings", &why);
    }
    if (warnings.n)
        fwrite(warnings.p, 1, warnings.n, stderr);
    buf_free(&warnings);
    buf_free(&why);
    return true;
}

static bool print(const struct buf *text)
{
    return fwrite(text->p, 1, text->n, stdout) == text->n && fflush(stdout) == 0;
}

/* True: there is nothing more to do than what was asked for. */
static bool answered(struct service *s, const struct cli *cli, int *status)
{
    struct buf text = {0};

    switch (cli->what) {
    case CLI_CHECK:
        buf_add_str(&text, "settings are good\n");
        break;
    case CLI_DUMP:
        settings_dump(&s->settings, cli->file || cli->overrides.n, &text);
        break;
    case CLI_COMMANDS:
        docs_page(&text);
        break;
    default:
        return false;
    }
    *status = print(&text) ? EXIT_CLEAN : EXIT_CONFIG;
    buf_free(&text);
    return true;
}

static bool answered_at_once(const struct cli *cli, int *status)
{
    *status = EXIT_CLEAN;
    if (cli->what == CLI_VERSION)
        printf("leanmqd %s (%s, speaks Redis %s)\n", LEANMQD_VERSION, mem_allocator(), REDIS_VERSION);
    else if (cli->what == CLI_HELP)
        fputs(usage, stdout);
    else if (cli->what == CLI_BAD) {
        fprintf(stderr, "leanmqd: unexpected word: %s\n%s", cli->bad, usage);
        *status = EXIT_CONFIG;
    } else
        return false;
    return true;
}

/* --- the process --- */

static void on_terminate(void *arg, int signo)
{
    struct server *sv = arg;

    if (sv->terminate)
        _exit(1); /* asked twice: at once */
    log_notice("signal: number=%d", signo);
    sv->terminate = true;
    signal(signo, SIG_DFL); /* while the end itself takes long, the second one is the system's */
}

static void on_hangup(void *arg, int signo)
{
    (void)signo;
    ((struct server *)arg)->hangup = true;
}

static void on_child(void *arg, int signo)
{
    (void)signo;
    ((struct server *)arg)->child_ended = true;
}

static void on_synced(void *arg, int fd)
{
    (void)arg; /* it woke the loop: journal_commit() takes the outcome in */
    (void)fd;
}

static bool watch_signals(struct server *sv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not an end */
    return loop_signal(sv->loop, SIGTERM, on_terminate, sv) &&
           loop_signal(sv->loop, SIGINT, on_terminate, sv) && loop_signal(sv->loop, SIGHUP, on_hangup, sv) &&
           loop_signal(sv->loop, SIGCHLD, on_child, sv);
}

/* A descriptor for every client and some to spare; fewer clients where the system gives fewer. */
static void fit_descriptors(struct config *c)
{
    int64_t fit = service_clients_fit(c->maxclients);

    if (fit == c->maxclients)
        return;
    log_warning("maxclients lowered: wanted=%lld clients=%lld", (long long)c->maxclients, (long long)fit);
    c->maxclients = fit;
}

static bool write_pidfile(const struct config *c, int *status)
{
    struct buf why = {0};
    FILE *f;

    if (!*c->pidfile)
        return true;
    f = fopen(c->pidfile, "we");
    if (f && fprintf(f, "%ld\n", (long)getpid()) > 0 && fclose(f) == 0)
        return true;
    buf_addf(&why, "%s: %s", c->pidfile, strerror(errno));
    return complain(status, EXIT_CONFIG, "pidfile", &why);
}

static bool open_log(const struct config *c, int *status)
{
    struct buf why = {0};

    if (!log_open(c->logfile, (enum log_level)c->loglevel)) {
        buf_addf(&why, "%s: %s", c->logfile, strerror(errno));
        return complain(status, EXIT_CONFIG, "logfile", &why);
    }
    if (c->syslog_enabled)
        log_syslog(c->syslog_ident, c->syslog_facility);
    return true;
}

/* --- what another process may still hold --- */

#define PATIENCE ((usec)3 * 1000000)
#define PAUSE    ((usec)50 * 1000)

/* A process that was killed has its addresses and its lock until the system has torn it down, which for a
 * large one takes a while. True: try again; *until is 0 at first. */
static bool worth_a_wait(struct server *sv, usec *until, const struct buf *why)
{
    usec now = clock_usec();

    if (!*until) {
        *until = now + PATIENCE;
        log_notice("waiting: reason=\"%.*s\" seconds=%d", SLICE_ARG(buf_slice(why)),
                   (int)(PATIENCE / 1000000));
    }
    if (now >= *until || server_ends(sv))
        return false;
    loop_wait(sv->loop, PAUSE);
    if (sv->conns)
        server_turn(sv);
    return true;
}

/* What was begun is left as it is: nothing has been written yet. */
static bool leave_early(const struct server *sv, struct buf *why, int *status)
{
    buf_free(why);
    server_say_end(sv);
    *status = EXIT_CLEAN;
    return false;
}

/* --- sockets --- */

static bool open_sockets(struct server *sv, int *status)
{
    const struct config *c = &sv->service.config;
    struct listener_options o = {.bind = c->bind,
                                 .port = (int)c->port,
                                 .backlog = (int)c->tcp_backlog,
                                 .keepalive = (int)c->tcp_keepalive,
                                 .unix_path = c->unixsocket,
                                 .unix_perm = (unsigned)c->unixsocketperm};
    struct conn_hooks hooks = server_hooks;
    struct conns_limits none = {.clients = (size_t)c->maxclients};
    struct buf why = {0};
    usec until = 0;
    int err;

    while ((err = listener_open(sv->loop, &o, &sv->listener, &why)) == ERR_LOCKED &&
           worth_a_wait(sv, &until, &why))
        why.n = 0;
    if (err != OK)
        return server_ends(sv) ? leave_early(sv, &why, status)
                               : complain(status, EXIT_CONFIG, "cannot listen", &why);
    hooks.arg = sv;
    sv->conns = conns_new(sv->loop, &hooks, &none, clock_now());
    conns_listen(sv->conns, sv->listener);
    sv->service.server.port = listener_port(sv->listener);
    server_apply_settings(sv);
    buf_free(&why);
    return true;
}

/* --- the journal --- */

int server_replay(void *arg, const struct slice *word, size_t n)
{
    return service_replay(&((struct server *)arg)->service, word, n);
}

/* Clients are told -LOADING meanwhile, and the service manager how far it is. */
static bool progress(void *arg, uint64_t done, uint64_t all)
{
    struct server *sv = arg;
    char text[64];

    sv->service.server.loading_done = done;
    sv->service.server.loading_all = all;
    loop_wait(sv->loop, 0);
    server_turn(sv);
    snprintf(text, sizeof text, "STATUS=loading: %d %%", all ? (int)(done * 100 / all) : 0);
    server_tell(sv, text);
    return !server_ends(sv);
}

static void say_recovered(struct server *sv, const struct recover_report *r, msec took)
{
    static const char *const outcome[] = {[RECOVER_EMPTY] = "new",
                                          [RECOVER_CLEAN] = "clean",
                                          [RECOVER_CUT] = "cut",
                                          [RECOVER_FOREIGN] = "redis-unverified"};
    char *text = sv->service.server.recovery;
    size_t cap = sizeof sv->service.server.recovery;

    snprintf(text, cap, "%s", outcome[r->outcome]);
    if (r->outcome == RECOVER_FOREIGN)
        log_warning("journal of Redis loaded: it has no checksums, so nothing was verified");
    log_notice("journal loaded: outcome=%s records=%llu commits=%llu ms=%lld", text,
               (unsigned long long)r->records, (unsigned long long)r->commits, (long long)took);
}

static void note_loaded(struct server *sv)
{
    sv->service.server.keys_loaded = broker_keys(&sv->service.broker);
    sv->service.server.changes_at_rewrite = sv->service.broker.stats.changes;
}

static void say_cut(const struct journal_cut *cut)
{
    if (cut->bytes)
        log_warning(
            "journal cut: bytes=%llu kept=%llu file=\"%s\"; its end had not been promised to anybody%s",
            (unsigned long long)cut->bytes, (unsigned long long)cut->kept, cut->file,
            cut->kept < cut->bytes ? ", and the disk has no room to keep all of it" : "");
}

/* Whether starting again helps, which is what a service manager wants to know. */
static int exit_for(int err)
{
    if (err == ERR_LOCKED)
        return EXIT_CONFIG;
    return err == ERR_DAMAGED || err == ERR_FORMAT ? EXIT_DATA : EXIT_DISK;
}

static bool not_loaded(struct server *sv, const char *what, int err, struct buf *why, int *status)
{
    if (err == ERR_STOPPED || (err == ERR_LOCKED && server_ends(sv)))
        return leave_early(sv, why, status);
    log_warning("%s not loaded: %.*s", what, SLICE_ARG(buf_slice(why)));
    return complain(status, exit_for(err), what, why);
}

/* *blank: nothing was ever kept in the journal. */
static bool load(struct server *sv, const char *name, struct journal_tail *tail, bool *blank, int *status)
{
    struct recover_ops ops = {.apply = server_replay, .rdb = server_rdb, .progress = progress, .arg = sv};
    struct recover_report report;
    struct buf why = {0};
    msec start = clock_now().wall;
    usec until = 0;
    int err;

    sv->service.server.loading = true;
    while ((err = recover(sv->disk, name, &ops, &report, tail, &why)) == ERR_LOCKED &&
           worth_a_wait(sv, &until, &why))
        why.n = 0;
    sv->service.server.loading = false;
    if (err != OK)
        return not_loaded(sv, "journal", err, &why, status);
    note_loaded(sv);
    say_recovered(sv, &report, clock_now().wall - start);
    *blank = recover_is_blank(&report, tail);
    buf_free(&why);
    return true;
}

/* What Redis would start with where there is no journal. An empty broker is no answer to somebody's data. */
static bool load_found(struct server *sv, bool *found, int *status)
{
    struct recover_ops ops = {.apply = server_replay, .rdb = server_rdb, .progress = progress, .arg = sv};
    struct recover_report report;
    struct buf why = {0};
    char path[PATH_MAX];
    int err;

    *found = import_find(&sv->service.config, path, sizeof path);
    if (!*found)
        return true;
    sv->service.server.loading = true;
    err = import_file(sv, path, &ops, &report, &why);
    sv->service.server.loading = false;
    if (err != OK)
        return not_loaded(sv, "file of Redis", err, &why, status);
    note_loaded(sv);
    snprintf(sv->service.server.recovery, sizeof sv->service.server.recovery, "redis-unverified");
    log_warning("file of Redis loaded, for there was no journal: file=\"%s\" keys=%llu", path,
                (unsigned long long)sv->service.server.keys_loaded);
    buf_free(&why);
    return true;
}

void server_journal_path(const struct config *c, char *path, size_t cap)
{
    snprintf(path, cap, "%s/%s", c->dir, c->appenddirname);
}

bool server_start_syncer(struct server *sv)
{
    sv->syncer = syncer_thread(&sv->sync_event);
    if (sv->syncer)
        loop_fd(sv->loop, sv->sync_event, on_synced, sv);
    return sv->syncer;
}

/* The journal goes on where it ended, or it begins with what was found of Redis. */
static int go_on(struct server *sv, const struct journal_tail *tail, bool found, struct buf *why)
{
    const struct config *c = &sv->service.config;
    struct journal_options o = server_journal_options(c);
    struct journal_cut cut;
    int err;

    if (found)
        return server_begin_journal(sv, tail, clock_now(), why);
    err = journal_open(sv->disk, sv->syncer, c->appendfilename, &o, tail, &sv->service.broker.journal, &cut,
                       why);
    if (err != OK)
        return err;
    say_cut(&cut);
    sv->journal_ours = true;
    return OK;
}

static bool open_journal(struct server *sv, int *status)
{
    const struct config *c = &sv->service.config;
    struct journal_tail tail;
    struct buf why = {0};
    char path[4096];
    bool blank = false, found = false;

    if (!c->appendonly) {
        log_warning("appendonly no: what is acknowledged is gone with the process");
        return load_found(sv, &found, status);
    }
    server_journal_path(c, path, sizeof path);
    if (!(sv->disk = disk_posix(path, true))) {
        buf_addf(&why, "%s: %s", path, strerror(errno));
        return complain(status, EXIT_CONFIG, "journal", &why);
    }
    if (!load(sv, c->appendfilename, &tail, &blank, status) || (blank && !load_found(sv, &found, status)))
        return false;
    if (!server_start_syncer(sv)) {
        buf_add_str(&why, strerror(errno));
        return complain(status, EXIT_DISK, "sync thread", &why);
    }
    if (go_on(sv, &tail, found, &why) != OK)
        return complain(status, EXIT_DISK, "journal", &why);
    buf_free(&why);
    return true;
}

/* --- all of it --- */

static void new_run_id(char id[41])
{
    unsigned char raw[20];

    random_system(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(id + 2 * i, 3, "%02x", raw[i]);
}

static bool start_scripts(struct service *s, int *status)
{
    struct buf why = {0};

    return scripts_start(s, &why) || complain(status, EXIT_CONFIG, "scripts", &why);
}

/* Without clients, but for what it says like any server. */
static bool import_only(struct server *sv, const char *file, int *status)
{
    struct buf why = {0};

    signal(SIGXFSZ, SIG_IGN);
    service_start(&sv->service);
    if (!start_scripts(&sv->service, status))
        return false;
    if (!(sv->loop = loop_new())) {
        buf_add_str(&why, strerror(errno));
        return complain(status, EXIT_CONFIG, "event loop", &why);
    }
    *status = import_run(sv, file);
    return false;
}

static bool become_ready(struct server *sv, int *status)
{
    struct service *s = &sv->service;

    if (!open_log(&s->config, status))
        return false;
    fit_descriptors(&s->config);
    service_start(s);
    s->server.started_mono = clock_usec();
    s->server.started_wall = clock_now().wall;
    s->broker.ticks = ticks_of(clock_now()); /* keys that are loaded count as used now */
    s->server.memory_at_start = mem_used();
    s->scripts.poll = server_poll_while_busy;
    s->scripts.poll_arg = sv;
    if (!(sv->loop = loop_new()) || !watch_signals(sv)) {
        struct buf why = {0};

        buf_add_str(&why, strerror(errno));
        return complain(status, EXIT_CONFIG, "event loop", &why);
    }
    log_notice("starting: version=%s pid=%ld allocator=%s", LEANMQD_VERSION, (long)getpid(), mem_allocator());
    if (!start_scripts(s, status))
        return false;
    if (!open_sockets(sv, status) || !open_journal(sv, status) || !write_pidfile(&s->config, status))
        return false;
    server_apply_settings(sv);
    sv->watchdog = s->config.supervised ? notify_watchdog() : 0;
    server_tell(sv, "STATUS=ready\nREADY=1");
    log_notice("ready: port=%lld", (long long)s->server.port);
    return true;
}

/* As INFO shows it, and wherever the process may go. */
static const char *absolute(const char *path, char whole[PATH_MAX])
{
    char here[PATH_MAX];
    int n = -1;

    if (*path != '/' && getcwd(here, sizeof here))
        n = snprintf(whole, PATH_MAX, "%s/%s", here, path);
    return n > 0 && n < PATH_MAX ? whole : path;
}

int server_boot(struct server *sv, int argc, char **argv, int *status)
{
    struct cli cli;
    struct hash_seed seed;
    char id[41] = "";
    bool go_on;

    *sv = (struct server){0};
    cli_parse(&cli, argc, argv);
    if (answered_at_once(&cli, status)) {
        buf_free(&cli.overrides);
        return false;
    }
    random_system(&seed, sizeof seed);
    new_run_id(id);
    service_init(&sv->service, seed, id);
    if (cli.file && strcmp(cli.file, "-") != 0)
        sv->service.server.config_file = absolute(cli.file, sv->config_file);
    go_on = load_settings(&sv->service, &cli, status) && !answered(&sv->service, &cli, status);
    buf_free(&cli.overrides);
    if (go_on && cli.what == CLI_IMPORT)
        return import_only(sv, cli.import, status);
    return go_on && become_ready(sv, status);
}
