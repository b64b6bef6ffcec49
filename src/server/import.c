/* server/import.c - data that Redis wrote: the base of its directories, a dump.rdb or an append-only file of
 * before Redis 7 that lies where a journal is to begin, and any file that `leanmqd --import` is given. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "persist/recover.h"
#include "server/server.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- an RDB --- */

static int load_library(void *arg, struct slice text)
{
    const struct slice words[] = {SLICE("FUNCTION"), SLICE("LOAD"), text};

    return service_replay(&((struct server *)arg)->service, words, 3);
}

static int read_rdb(void *arg, struct source *from, uint64_t *used, uint64_t *keys, struct buf *why)
{
    struct server *sv = arg;
    struct import_how how = {.now = sv->import_now, .library = load_library, .arg = sv};
    int err = import_rdb(&sv->service.broker, &how, from, &sv->imported, used, why);

    *keys = 0;
    for (int i = 0; i < KEY_TYPES; i++)
        *keys += sv->imported.keys[i];
    return err;
}

int server_rdb(void *arg, struct source *from, uint64_t *used, uint64_t *keys, struct buf *why)
{
    const struct import_report *r = &((struct server *)arg)->imported;
    int err = read_rdb(arg, from, used, keys, why);

    if (err != OK)
        return err;
    log_notice("rdb read: version=%d redis=%s keys=%llu expired=%llu empty=%llu libraries=%llu", r->version,
               *r->redis ? r->redis : "unknown", (unsigned long long)*keys, (unsigned long long)r->expired,
               (unsigned long long)r->empty, (unsigned long long)r->libraries);
    return OK;
}

/* --- one file --- */

/* A torn end is for the server that wrote it to judge: here it would be loss without a word. */
static int refuse_cut(const char *file, const struct recover_report *r, struct buf *why)
{
    buf_addf(why,
             "%s ends within a command: its last %" PRIu64
             " bytes are none. If they may go, let Redis load it "
             "and write it anew",
             file, r->cut);
    return ERR_DAMAGED;
}

static int refuse_empty(const char *file, struct buf *why)
{
    buf_addf(why, "%s is empty", file);
    return ERR_DAMAGED;
}

/* -1: there is no such file. */
static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

int import_file(struct server *sv, const char *path, const struct recover_ops *ops,
                struct recover_report *report, struct buf *why)
{
    char *folder = mem_strdup(slice_of(path)), *file = mem_strdup(slice_of(path));
    struct disk *disk = disk_posix(dirname(folder), false);
    int err = ERR_IO;

    sv->import_now = clock_now().wall;
    if (disk)
        err = recover_file(disk, basename(file), ops, report, why);
    else
        buf_addf(why, "%s cannot be read", path);
    if (err == ERR_IO)
        buf_addf(why, ": %s", strerror(errno));
    if (err == OK && size_of(path) == 0)
        err = refuse_empty(path, why);
    if (err == OK && report->cut)
        err = refuse_cut(path, report, why);
    if (disk)
        disk->ops->close(disk);
    sv->import_now = 0;
    mem_free(folder);
    mem_free(file);
    return err;
}

/* --- where a journal begins --- */

/* Its size, -1 if there is none. */
static off_t look_for(char *path, size_t cap, const struct config *c, const char *file)
{
    return snprintf(path, cap, "%s/%s", c->dir, file) < (int)cap ? size_of(path) : -1;
}

/* An append-only file comes first, as in Redis, but for an empty one: that is how its life begins. */
bool import_find(const struct config *c, char *path, size_t cap)
{
    return look_for(path, cap, c, c->appendfilename) > 0 || look_for(path, cap, c, "dump.rdb") >= 0;
}

/* --- leanmqd --import FILE --- */

static int find_place(struct server *sv, struct journal_tail *tail, struct buf *why)
{
    const struct config *c = &sv->service.config;
    struct recover_ops ops = {.apply = server_replay, .rdb = server_rdb, .arg = sv};
    struct recover_report report;
    char path[PATH_MAX];
    int err;

    server_journal_path(c, path, sizeof path);
    sv->disk = disk_posix(path, true);
    if (!sv->disk) {
        buf_addf(why, "%s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    err = recover(sv->disk, c->appendfilename, &ops, &report, tail, why);
    if (err == OK && !recover_is_blank(&report, tail)) {
        buf_addf(why, "%s holds data. Import into a directory where no server has kept anything", path);
        return ERR_CONFIG;
    }
    return err;
}

static int write_journal(struct server *sv, const struct journal_tail *tail, struct buf *why)
{
    if (!server_start_syncer(sv)) {
        buf_add_str(why, strerror(errno));
        return ERR_IO;
    }
    return server_begin_journal(sv, tail, clock_now(), why);
}

static int import(struct server *sv, const char *file, struct recover_report *report, struct buf *why)
{
    struct recover_ops ops = {.apply = server_replay, .rdb = read_rdb, .arg = sv};
    struct journal_tail tail;
    int err;

    if (!sv->service.config.appendonly) {
        buf_add_str(why, "appendonly is no: there is no journal to import into");
        return ERR_CONFIG;
    }
    if (access(file, R_OK) != 0) {
        buf_addf(why, "%s: %s", file, strerror(errno));
        return ERR_CONFIG;
    }
    err = find_place(sv, &tail, why);
    if (err == OK)
        err = import_file(sv, file, &ops, report, why);
    return err == OK ? write_journal(sv, &tail, why) : err;
}

static void count_keys(const struct broker *b, uint64_t n[KEY_TYPES])
{
    for (int db = 0; db < b->dbs; db++) {
        struct dict_iter it;
        const struct key *k;

        dict_iter_begin(&it, &b->db[db].keys);
        while ((k = dict_iter_next(&it)))
            n[k->type]++;
        dict_iter_end(&it);
    }
}

static void print_left_out(const struct import_report *r)
{
    if (r->expired)
        printf("left out: %" PRIu64 " keys that were past their time\n", r->expired);
    if (r->empty)
        printf("left out: %" PRIu64 " keys without elements\n", r->empty);
}

static void print_report(const struct server *sv)
{
    const struct import_report *r = &sv->imported;
    uint64_t n[KEY_TYPES] = {0};

    count_keys(&sv->service.broker, n);
    if (r->version)
        printf("RDB version %d, of Redis %s\n", r->version, *r->redis ? r->redis : "(unknown)");
    for (int i = 0; i < KEY_TYPES; i++)
        printf("%-6s %" PRIu64 "\n", key_type_name((enum key_type)i), n[i]);
    if (r->libraries)
        printf("libraries of functions %" PRIu64 "\n", r->libraries);
    print_left_out(r);
}

/* Whether the same may work another time. */
static int status_of(int err)
{
    if (err == ERR_CONFIG || err == ERR_LOCKED)
        return EXIT_CONFIG;
    return err == ERR_DAMAGED || err == ERR_FORMAT ? EXIT_DATA : EXIT_DISK;
}

int import_run(struct server *sv, const char *file)
{
    struct recover_report report;
    struct buf why = {0};
    int err = import(sv, file, &report, &why);

    if (err == OK)
        print_report(sv);
    else
        fprintf(stderr, "leanmqd: nothing was imported: %.*s\n", SLICE_ARG(buf_slice(&why)));
    buf_free(&why);
    return err == OK ? EXIT_CLEAN : status_of(err);
}
