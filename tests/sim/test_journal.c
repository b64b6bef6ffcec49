/* tests/sim/test_journal.c - the journal on a disk that fails, fills up, and loses power.
 *
 * The records are numbered: "REC <k> <padding>", in a database that follows from k. A base is one record,
 * "STATE <n>" (and some padding): all up to n have been. So what recovery gives back is one number, the
 * count of records, and it has to be one at which a unit ended, and no less than was promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/random.h"
#include "persist/journal.h"
#include "persist/manifest.h"
#include "persist/recover.h"
#include "simdisk.h"
#include "store/record.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME      "appendonly.aof"
#define INCR_1    NAME ".1.incr.aof"
#define MANIFEST  NAME ".manifest"
#define BASE_TEMP JOURNAL_BASE_TEMP "1.aof"
#define SEC       ((usec)1000000)

static uint64_t seed; /* printed by whatever fails */

#define check(cond) check_at((cond), #cond, __LINE__)
static void check_at(bool ok, const char *cond, int line)
{
    if (!ok)
        fail_msg("line %d, seed %" PRIu64 ": %s", line, seed, cond);
}

/* --- the world: a disk, a process on it, and what it was told --- */

struct unit_end {
    uint64_t offset, count;
};

struct world {
    struct simdisk *sim;
    struct disk *disk;
    struct syncer *syncer;
    struct journal *j;
    struct journal_options o;
    struct random random;
    struct now now;

    uint64_t count; /* records appended */
    struct unit_end *end;
    size_t ends, cap;
    uint64_t safe, durable; /* highest offsets that were promised */
    bool base_ready;
    bool disk_full; /* not all of what is cut can be kept */
    uint64_t base_size;

    struct recover_report report;
    struct journal_tail tail;
    struct journal_cut cut;
    struct buf why;
};

static int db_of(uint64_t k)
{
    return (int)(k / 3 % 4);
}

static void world_init(struct world *w, uint64_t with_seed, enum journal_sync sync)
{
    *w = (struct world){.sim = simdisk_new(with_seed), .now = {0, 10 * SEC}};
    random_seed(&w->random, with_seed + 1);
    w->disk = simdisk_handle(w->sim);
    w->syncer = simsyncer_new();
    w->o = (struct journal_options){.sync = sync, .reserve = 32768, .unsynced_limit = 16384};
    seed = with_seed;
}

static void world_free(struct world *w)
{
    simsyncer_forget(w->syncer);
    journal_abandon(w->j);
    w->disk->ops->close(w->disk);
    w->syncer->free(w->syncer);
    simdisk_free(w->sim);
    mem_free(w->end);
    buf_free(&w->why);
}

static void mark_end(struct world *w)
{
    if (w->ends == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 64;
        w->end = mem_realloc(w->end, w->cap * sizeof *w->end);
    }
    w->end[w->ends++] = (struct unit_end){journal_offset(w->j), w->count};
}

/* How many records end at or before `offset`. */
static uint64_t count_at(const struct world *w, uint64_t offset)
{
    uint64_t count = 0;

    for (size_t i = 0; i < w->ends; i++)
        if (w->end[i].offset <= offset)
            count = w->end[i].count;
    return count;
}

static void note_promises(struct world *w)
{
    if (journal_safe(w->j) > w->safe)
        w->safe = journal_safe(w->j);
    if (journal_durable(w->j) > w->durable)
        w->durable = journal_durable(w->j);
    check(w->durable <= journal_offset(w->j) && w->safe <= journal_offset(w->j));
}

static void append_record(struct world *w, size_t padding)
{
    struct buf *b = journal_begin(w->j, db_of(w->count));
    char *fill = mem_alloc(padding + 1);

    for (size_t i = 0; i < padding; i++)
        fill[i] = "\r\n#c *$0a"[random_below(&w->random, 9)];
    record_head(b, 3);
    record_str(b, "REC");
    record_u64(b, w->count++);
    record_word(b, (struct slice){fill, padding});
    journal_end(w->j);
    mem_free(fill);
}

static void append_unit(struct world *w)
{
    uint64_t n = 1 + random_below(&w->random, 4);

    while (n--)
        append_record(w, (size_t)random_below(&w->random, random_below(&w->random, 8) ? 60 : 3000));
    mark_end(w);
}

/* --- recovery --- */

struct replay {
    uint64_t count;
    int db;
    bool wrong;
};

static int apply(void *arg, const struct slice *word, size_t n)
{
    struct replay *r = arg;
    uint64_t v = 0;

    if (n > 1 && !num_u64(word[1], &v)) {
        r->wrong = true;
    } else if (slice_is(word[0], "SELECT") && n == 2) {
        r->db = (int)v;
    } else if (slice_is(word[0], "STATE") && n == 2) {
        r->wrong = r->wrong || r->count || r->db != 3;
        r->count = v;
    } else if (slice_is(word[0], "PAD") && n == 3) {
        r->wrong = r->wrong || r->db != 5;
    } else if (slice_is(word[0], "REC") && n == 3) {
        r->wrong = r->wrong || v != r->count || r->db != db_of(v);
        r->count++;
    } else {
        r->wrong = true;
    }
    return OK;
}

static void file_read(void *arg, const struct recover_file *f)
{
    (void)f;
    ((struct replay *)arg)->db = -1; /* each file says its own SELECT */
}

#define RDB_EMPTY                                                                                            \
    "REDIS0011\372\011redis-ver\0057.2.4\372\nredis-bits\300\100\372\010aof-base\300\001\377abcdefgh"

/* Knows one RDB, the one without keys. */
static int read_rdb(void *arg, struct source *from, uint64_t *used, uint64_t *keys, struct buf *why)
{
    static const char known[] = RDB_EMPTY;
    const char *p;
    size_t got;
    int err = from->get(from, 0, sizeof known - 1, &p, &got);

    (void)arg;
    if (err == OK && (got < sizeof known - 1 || memcmp(p, known, sizeof known - 1) != 0)) {
        buf_add_str(why, "another RDB");
        err = ERR_FORMAT;
    }
    *used = sizeof known - 1;
    *keys = 0;
    return err;
}

static int run_recover(struct world *w, struct replay *r)
{
    const struct recover_ops ops = {.apply = apply, .rdb = read_rdb, .file = file_read, .arg = r};

    *r = (struct replay){.db = -1};
    w->why.n = 0;
    return recover(w->disk, NAME, &ops, &w->report, &w->tail, &w->why);
}

static bool is_end(const struct world *w, uint64_t count, uint64_t offset)
{
    if (!count && !offset)
        return true;
    for (size_t i = 0; i < w->ends; i++)
        if (w->end[i].count == count && w->end[i].offset == offset)
            return true;
    return false;
}

/* What recovery found is what there is from now on. */
static void take_over(struct world *w, const struct replay *r)
{
    while (w->ends && w->end[w->ends - 1].count > r->count)
        w->ends--;
    w->count = r->count;
    w->safe = w->durable = w->tail.offset;
}

static void no_leftovers(const char *name, void *arg)
{
    (void)arg;
    check(strncmp(name, "temp-", 5) != 0);
}

static void open_journal(struct world *w)
{
    int err = journal_open(w->disk, w->syncer, NAME, &w->o, &w->tail, &w->j, &w->cut, &w->why);

    if (err < 0)
        print_error("journal_open: %d %.*s\n", err, (int)w->why.n, w->why.p);
    check(err == OK);
    check(journal_offset(w->j) == w->tail.offset && journal_durable(w->j) == w->tail.offset);
    check(w->cut.bytes == w->report.cut);
    if (w->cut.bytes)
        check(w->cut.kept == w->cut.bytes ? w->disk->ops->exists(w->disk, w->cut.file) : w->disk_full);
    simdisk_list(w->sim, no_leftovers, NULL);
}

/* Recovers, holds it against the promises, and goes on from there. `promised` is an offset. */
static void restart(struct world *w, uint64_t promised)
{
    struct replay r;
    int err;

    w->disk->ops->close(w->disk);
    w->disk = simdisk_handle(w->sim);
    simdisk_fail(w->sim, 0, 0, false);
    err = run_recover(w, &r);
    if (err < 0)
        print_error("recover: %d %.*s\n", err, (int)w->why.n, w->why.p);
    check(err == OK);
    check(!r.wrong);
    check(r.count >= count_at(w, promised));
    check(is_end(w, r.count, w->tail.offset));
    take_over(w, &r);
    w->base_ready = false;
    open_journal(w);
}

static void end_process(struct world *w, bool power)
{
    uint64_t promised = power && w->o.sync != JOURNAL_SYNC_ALWAYS ? w->durable : w->safe;

    simsyncer_forget(w->syncer);
    if (power)
        simdisk_power_cut(w->sim);
    else
        simdisk_crash(w->sim);
    journal_abandon(w->j);
    w->j = NULL;
    restart(w, promised > w->durable ? promised : w->durable);
}

static void first_start(struct world *w)
{
    struct replay r;

    check(run_recover(w, &r) == OK && w->report.outcome == RECOVER_EMPTY);
    open_journal(w);
}

/* --- rewrite --- */

static int write_base(struct world *w, uint64_t count, uint64_t offset, uint64_t padding)
{
    static const char fill[1000];
    struct journal_base *b;
    int err = journal_base_new(w->disk, BASE_TEMP, offset, &b);

    if (err < 0)
        return err;
    record_head(journal_base_begin(b, 3), 2);
    record_str(journal_base_begin(b, 3), "STATE");
    record_u64(journal_base_begin(b, 3), count);
    err = journal_base_end(b);
    while (padding-- && err == OK) {
        struct buf *to = journal_base_begin(b, 5);

        record_head(to, 3);
        record_str(to, "PAD");
        record_u64(to, padding);
        record_word(to, (struct slice){fill, sizeof fill});
        err = journal_base_end(b);
    }
    if (err < 0) {
        journal_base_abandon(b);
        return err;
    }
    return journal_base_finish(b, &w->base_size);
}

static int rotate(struct world *w)
{
    uint64_t padding = random_below(&w->random, 40) ? random_below(&w->random, 5) : 2500;
    int err = journal_rotate(w->j, w->now);

    w->base_ready = false;
    if (err == OK)
        err = write_base(w, w->count, journal_offset(w->j), padding);
    w->base_ready = err == OK;
    return err;
}

static int adopt(struct world *w)
{
    w->base_ready = false;
    return journal_adopt(w->j, BASE_TEMP, w->base_size);
}

/* --- random histories --- */

static void one_step(struct world *w)
{
    switch (random_below(&w->random, 24)) {
    default:
        append_unit(w);
        break;
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        check(journal_commit(w->j, w->now) == OK);
        break;
    case 7:
    case 8:
    case 9:
        simsyncer_finish(w->syncer);
        break;
    case 10:
    case 11:
        w->now.mono += (usec)random_below(&w->random, 2 * SEC);
        break;
    case 12:
        if (random_below(&w->random, 3) == 0)
            check(rotate(w) == OK);
        break;
    case 13:
        if (w->base_ready)
            check(adopt(w) == OK);
        break;
    case 16:
        journal_want(w->j);
        break;
    case 14:
        if (random_below(&w->random, 4) == 0)
            check(journal_flush(w->j, w->now) == OK && journal_durable(w->j) == journal_offset(w->j));
        break;
    case 15:
        if (random_below(&w->random, 8) == 0) {
            check(journal_close(w->j) == OK);
            w->j = NULL;
            w->safe = w->durable = w->end ? w->end[w->ends ? w->ends - 1 : 0].offset : 0;
            simsyncer_forget(w->syncer);
            if (random_below(&w->random, 2))
                simdisk_power_cut(w->sim);
            restart(w, w->ends ? w->end[w->ends - 1].offset : 0);
            check(w->report.stopped_cleanly);
        }
        break;
    }
    note_promises(w);
}

static void random_history(uint64_t with_seed)
{
    struct world w;
    uint64_t lives;

    world_init(&w, with_seed, (enum journal_sync)(with_seed % 3));
    if (with_seed % 5 == 0)
        w.o.reserve = 0;
    if (with_seed % 11 == 0)
        w.o.reserve = 200000;
    first_start(&w);
    lives = 1 + random_below(&w.random, 3);
    while (lives--) {
        uint64_t steps = random_below(&w.random, 80);

        while (steps--)
            one_step(&w);
        end_process(&w, random_below(&w.random, 2));
    }
    world_free(&w);
}

static void histories_survive(void **state)
{
    const char *only = getenv("SEED"), *runs = getenv("RUNS");
    uint64_t from = only ? strtoull(only, NULL, 10) : 1;
    uint64_t to = only ? from : runs ? strtoull(runs, NULL, 10) : 3000;

    (void)state;
    for (uint64_t s = from; s <= to; s++)
        random_history(s);
}

/* --- every call fails once --- */

/* One life; false when the process has to end. A full disk is waited for. */
static bool commit(struct world *w)
{
    int err;

    append_unit(w);
    w->now.mono += SEC / 2;
    err = journal_commit(w->j, w->now);
    if (random_below(&w->random, 2))
        simsyncer_finish(w->syncer);
    note_promises(w);
    check(err == OK || err == ERR_NO_SPACE || err == ERR_IO);
    if (err == ERR_NO_SPACE)
        check(journal_safe(w->j) < journal_offset(w->j));
    return err != ERR_IO;
}

static bool commits(struct world *w, int n)
{
    while (n--)
        if (!commit(w))
            return false;
    return true;
}

static bool live(struct world *w)
{
    if (!commits(w, 8))
        return false;
    if (rotate(w) == OK && commits(w, 2))
        adopt(w);
    if (!commits(w, 8))
        return false;
    if (rotate(w) == OK) /* a rewrite that nobody adopts, and one behind it */
        commits(w, 1);
    if (rotate(w) == OK)
        adopt(w);
    return commits(w, 8) && journal_flush(w->j, w->now) != ERR_IO;
}

static void begin_life(struct world *w)
{
    struct replay r;
    int err = run_recover(w, &r);

    if (err == OK)
        err = journal_open(w->disk, w->syncer, NAME, &w->o, &w->tail, &w->j, &w->cut, &w->why);
    if (err < 0)
        w->j = NULL;
}

static bool life_with_failure(uint64_t n, int err, bool stays, enum journal_sync sync, bool power)
{
    struct world w;
    bool failed;

    world_init(&w, n * 64 + (uint64_t)sync * 8 + stays * 2 + power, sync);
    simdisk_fail(w.sim, n, err, stays);
    begin_life(&w);
    if (w.j) {
        bool lives = live(&w);

        failed = simdisk_has_failed(w.sim);
        simdisk_fail(w.sim, 0, 0, false);
        check(!lives || (commits(&w, 2) && journal_flush(w.j, w.now) == OK));
        note_promises(&w);
    } else {
        failed = simdisk_has_failed(w.sim);
    }
    end_process(&w, power);
    check(commits(&w, 1) && journal_flush(w.j, w.now) == OK); /* and what was found stays found */
    note_promises(&w);
    end_process(&w, true);
    world_free(&w);
    return failed;
}

static void every_call_fails_once(void **state)
{
    (void)state;
    for (int variant = 0; variant < 24; variant++) {
        int err = variant & 1 ? ERR_NO_SPACE : ERR_IO;
        uint64_t n = 1;

        while (life_with_failure(n, err, variant & 2, (enum journal_sync)(variant / 8), variant & 4))
            n++;
        check(n > 50);
    }
}

/* --- recovery itself fails, or is cut short --- */

static void every_call_of_a_restart_fails_once(void **state)
{
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        bool failed = true;

        for (uint64_t n = 1; failed; n++) {
            struct world w;
            uint64_t count;

            world_init(&w, n, JOURNAL_SYNC_EVERYSEC);
            first_start(&w);
            check(commits(&w, 4) && journal_flush(w.j, w.now) == OK);
            note_promises(&w);
            append_unit(&w);
            append_unit(&w);
            count = w.count;
            check(journal_commit(w.j, w.now) == OK);
            simsyncer_forget(w.syncer);
            simdisk_power_cut(w.sim);
            journal_abandon(w.j);
            w.j = NULL;
            w.disk->ops->close(w.disk);
            w.disk = simdisk_handle(w.sim);
            simdisk_fail(w.sim, n, variant & 1 ? ERR_IO : ERR_NO_SPACE, variant & 2);
            begin_life(&w);
            failed = simdisk_has_failed(w.sim);
            end_process(&w, true);
            check(w.count <= count);
            world_free(&w);
        }
    }
}

struct patience {
    struct replay replay;
    int left; /* reports of progress; then it is enough */
};

static bool lose_patience(void *arg, uint64_t done, uint64_t all)
{
    struct patience *p = arg;

    check(done && done <= all);
    return p->left-- > 0;
}

static void a_load_can_be_stopped(void **state)
{
    struct patience p;
    const struct recover_ops ops = {.apply = apply, .progress = lose_patience, .file = file_read, .arg = &p};
    struct replay r;
    struct world w;
    uint64_t used;

    (void)state;
    world_init(&w, 2, JOURNAL_SYNC_NO);
    first_start(&w);
    for (int i = 0; i < 1200; i++) {
        append_record(&w, 4000);
        mark_end(&w);
        check(journal_commit(w.j, w.now) == OK);
    }
    simsyncer_forget(w.syncer);
    simdisk_crash(w.sim);
    journal_abandon(w.j);
    w.j = NULL;
    used = simdisk_used(w.sim);
    for (int n = 0; n < 4; n++) {
        w.disk->ops->close(w.disk);
        w.disk = simdisk_handle(w.sim);
        p = (struct patience){.replay = {.db = -1}, .left = n};
        check(recover(w.disk, NAME, &ops, &w.report, &w.tail, &w.why) == ERR_STOPPED);
        check(p.left == -1 && p.replay.count && p.replay.count < 1200 && !p.replay.wrong);
    }
    check(run_recover(&w, &r) == OK && r.count == 1200 && simdisk_used(w.sim) == used);
    world_free(&w);
}

/* --- bad bytes --- */

struct spoiled {
    char name[8][MANIFEST_FILE_NAME];
    size_t n;
};

static void note_file(const char *name, void *arg)
{
    struct spoiled *s = arg;

    if (!strstr(name, ".cut-"))
        snprintf(s->name[s->n++], MANIFEST_FILE_NAME, "%s", name);
}

/* A base, an incr that is whole, and one that is written to; all of it synced. */
static void make_directory(struct world *w, bool clean)
{
    first_start(w);
    w->o.reserve = 2048;
    journal_set(w->j, &w->o);
    check(commits(w, 3));
    check(journal_rotate(w->j, w->now) == OK);
    check(write_base(w, w->count, journal_offset(w->j), 1) == OK && adopt(w) == OK);
    check(commits(w, 3) && journal_rotate(w->j, w->now) == OK && commits(w, 4));
    check(journal_flush(w->j, w->now) == OK);
    if (clean)
        check(journal_close(w->j) == OK);
    else
        journal_abandon(w->j);
    w->j = NULL;
    simsyncer_forget(w->syncer);
    simdisk_crash(w->sim);
    w->disk->ops->close(w->disk);
    w->disk = simdisk_handle(w->sim);
}

/* Where the last commit of a file begins, as far as its bytes tell: it cannot be proven to have been synced.
 */
static uint64_t unproven_from(const unsigned char *p, uint64_t n, uint64_t *tail)
{
    uint64_t line[2] = {0, 0};

    for (uint64_t at = 0; at + 3 < n; at++)
        if (memcmp(p + at, "\n#c ", 4) == 0 && strspn((const char *)p + at + 4, "0123456789abcdef ") > 10) {
            line[0] = line[1];
            line[1] = at + 1;
        }
    *tail = (uint64_t)((const unsigned char *)memchr(p + line[1], '\n', n - line[1]) - p) + 1;
    return (uint64_t)((const unsigned char *)memchr(p + line[0], '\n', n - line[0]) - p) + 1;
}

static void spoil_file(struct world *w, const char *name, bool last)
{
    uint64_t size, unproven = UINT64_MAX, tail = UINT64_MAX, count = w->count;
    unsigned char *p = simdisk_bytes(w->sim, name, &size);

    if (last)
        unproven = unproven_from(p, size, &tail);
    for (uint64_t at = 0; at < size; at++) {
        static const unsigned char flips[] = {1, 0x20, 0x80, 0xff};
        unsigned char flip = flips[random_below(&w->random, 4)];
        struct replay r;
        int err;

        p[at] ^= flip;
        err = run_recover(w, &r);
        seed = at;
        if (err == OK && at < unproven)
            print_error("%s: byte %" PRIu64 " of %" PRIu64 ", xor %02x, outcome %d\n", name, at, size, flip,
                        (int)w->report.outcome);
        if (at < unproven) {
            check(err == ERR_DAMAGED || err == ERR_FORMAT);
            check(w->why.n > 0);
        } else {
            check(err == OK && w->report.outcome == RECOVER_CUT && !r.wrong);
            check(is_end(w, r.count, w->tail.offset));
            check(at < tail || r.count == count);
        }
        p[at] ^= flip;
    }
}

static void spoil_all(bool clean)
{
    struct world w;
    struct spoiled files = {.n = 0};

    world_init(&w, 7, JOURNAL_SYNC_ALWAYS);
    make_directory(&w, clean);
    simdisk_list(w.sim, note_file, &files);
    for (size_t i = 0; i < files.n; i++)
        if (strcmp(files.name[i], "leanmqd.lock") != 0)
            spoil_file(&w, files.name[i], strcmp(files.name[i], NAME ".3.incr.aof") == 0);
    check(files.n == 4);
    for (size_t i = 0; i < files.n; i++) { /* a file that is gone */
        uint64_t size;
        unsigned char *p = simdisk_bytes(w.sim, files.name[i], &size);
        char *copy = mem_alloc(size);
        struct replay r;

        memcpy(copy, p, size);
        simdisk_put(w.sim, files.name[i], NULL, 0);
        check(run_recover(&w, &r) == ERR_DAMAGED);
        simdisk_put(w.sim, files.name[i], copy, 0); /* an empty one */
        check(run_recover(&w, &r) == ERR_DAMAGED);
        simdisk_put(w.sim, files.name[i], copy, size);
        mem_free(copy);
    }
    w.disk->ops->close(w.disk);
    w.disk = simdisk_handle(w.sim);
    restart(&w, w.end[w.ends - 1].offset);
    world_free(&w);
}

static void a_bad_byte_is_never_silent(void **state)
{
    (void)state;
    spoil_all(true);
    spoil_all(false);
}

/* The line that ends a clean stop covers no record, so nothing later counts from behind it. */
static void a_bad_clean_end_hides_nothing(void **state)
{
    struct world w;
    uint64_t size, end;
    unsigned char *p;

    (void)state;
    world_init(&w, 9, JOURNAL_SYNC_ALWAYS);
    first_start(&w);
    check(commits(&w, 2) && journal_close(w.j) == OK);
    w.j = NULL;
    check(simdisk_bytes(w.sim, INCR_1, &end) != NULL);
    restart(&w, w.end[w.ends - 1].offset);
    append_unit(&w);
    check(journal_flush(w.j, w.now) == OK);
    end_process(&w, false);
    p = simdisk_bytes(w.sim, INCR_1, &size);
    journal_abandon(w.j);
    w.j = NULL;
    for (uint64_t at = end - 20; at < end; at++) {
        struct replay r;

        p[at] ^= 4;
        check(run_recover(&w, &r) == ERR_DAMAGED);
        p[at] ^= 4;
    }
    world_free(&w);
}

/* --- repair --- */

static void all_that_verifies_is_saved(struct world *w, uint64_t at, bool lost_manifest)
{
    struct simdisk *other = simdisk_new(1), *broken = w->sim;
    struct disk *to = simdisk_handle(other), *from = w->disk;
    struct buf left = {0};
    struct replay r;
    int damaged = run_recover(w, &r), err;
    uint64_t good = r.count;

    seed = at;
    err = recover_repair(from, NAME, to, &left, &w->why);
    check(err == OK || (err == ERR_DAMAGED && !good));
    check(lost_manifest || (damaged == OK) == (left.n == 0)); /* what is not there is told */
    buf_free(&left);
    w->sim = other;
    w->disk = to;
    if (err == OK) {
        check(run_recover(w, &r) == OK && !r.wrong && w->report.outcome == RECOVER_CLEAN);
        check(lost_manifest || r.count == good);
        check(!lost_manifest || damaged != OK);
        open_journal(w);
        journal_abandon(w->j);
        w->j = NULL;
    }
    w->sim = broken;
    w->disk = from;
    to->ops->close(to);
    simdisk_free(other);
}

static void a_damaged_directory_is_repaired_to_a_copy(void **state)
{
    struct world w;
    struct spoiled files = {.n = 0};

    (void)state;
    world_init(&w, 7, JOURNAL_SYNC_ALWAYS);
    make_directory(&w, true);
    simdisk_list(w.sim, note_file, &files);
    for (size_t i = 0; i < files.n; i++) {
        uint64_t size;
        unsigned char *p = simdisk_bytes(w.sim, files.name[i], &size);

        for (uint64_t at = 0; at < size; at += 1 + random_below(&w.random, 20)) {
            p[at] ^= 1;
            all_that_verifies_is_saved(&w, at, strcmp(files.name[i], MANIFEST) == 0);
            p[at] ^= 1;
        }
    }
    simdisk_put(w.sim, MANIFEST, NULL, 0);
    all_that_verifies_is_saved(&w, 0, true);
    world_free(&w);
}

static void a_shorter_file_is_never_silent(void **state)
{
    struct world w;
    struct spoiled files = {.n = 0};

    (void)state;
    world_init(&w, 8, JOURNAL_SYNC_ALWAYS);
    make_directory(&w, true);
    simdisk_list(w.sim, note_file, &files);
    for (size_t i = 0; i < files.n; i++) {
        bool last = strcmp(files.name[i], NAME ".3.incr.aof") == 0;
        uint64_t size;
        unsigned char *p = simdisk_bytes(w.sim, files.name[i], &size);
        char *copy = mem_alloc(size);

        memcpy(copy, p, size);
        for (uint64_t n = 0; n < size; n++) {
            struct replay r;
            int err;

            simdisk_put(w.sim, files.name[i], copy, n);
            err = run_recover(&w, &r);
            seed = n;
            check(err == ERR_DAMAGED ||
                  (err == OK && last && !r.wrong && is_end(&w, r.count, w.tail.offset)));
        }
        simdisk_put(w.sim, files.name[i], copy, size);
        mem_free(copy);
    }
    world_free(&w);
}

/* --- a full disk --- */

static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 60; s++) {
        struct world w;
        uint64_t stuck;
        int err = OK;

        world_init(&w, s, (enum journal_sync)(s % 3));
        first_start(&w);
        simdisk_capacity(w.sim, simdisk_used(w.sim) + 20000 + random_below(&w.random, 30000));
        for (int i = 0; i < 5000 && err == OK; i++) {
            append_unit(&w);
            w.now.mono += SEC / 4;
            err = journal_commit(w.j, w.now);
            simsyncer_finish(w.syncer);
            note_promises(&w);
            check(err == OK || journal_short(w.j)); /* refused at the door long before */
        }
        check(err == ERR_NO_SPACE && journal_short(w.j));
        stuck = journal_safe(w.j);
        append_unit(&w);
        check(journal_commit(w.j, w.now) == ERR_NO_SPACE && journal_due(w.j) <= w.now.mono + SEC);
        check(journal_safe(w.j) >= stuck && journal_safe(w.j) < journal_offset(w.j));
        if (s % 4 == 0) { /* what has to be cut off makes the room that it is kept in */
            w.disk_full = true;
            end_process(&w, s % 8 == 0);
        } else {
            simdisk_capacity(w.sim, UINT64_MAX);
            w.now.mono += 2 * SEC;
            check(journal_flush(w.j, w.now) == OK && !journal_short(w.j));
            check(journal_durable(w.j) == journal_offset(w.j));
            note_promises(&w);
            end_process(&w, true);
            check(w.ends && w.count == w.end[w.ends - 1].count);
        }
        world_free(&w);
    }
}

static void the_reserve_carries_on_when_the_disk_is_full(void **state)
{
    struct world w;
    struct journal_info info;

    (void)state;
    world_init(&w, 3, JOURNAL_SYNC_EVERYSEC);
    first_start(&w);
    simdisk_capacity(w.sim, simdisk_used(w.sim));
    while (!journal_short(w.j))
        check(commits(&w, 1));
    journal_info(w.j, &info);
    check(info.reserve_left > w.o.reserve / 2 && info.short_of_space);
    append_record(&w, 2000);
    mark_end(&w);
    check(journal_commit(w.j, w.now) == OK);
    world_free(&w);
}

/* Fills the disk until growing commands are refused; what is left of the reserve then. */
static uint64_t fill_disk(struct world *w)
{
    struct journal_info info;

    simdisk_capacity(w->sim, simdisk_used(w->sim));
    while (!journal_short(w->j))
        check(commits(w, 1));
    check(journal_flush(w->j, w->now) == OK);
    note_promises(w);
    journal_info(w->j, &info);
    return info.reserve_left;
}

static uint64_t reserve_left(const struct world *w)
{
    struct journal_info info;

    journal_info(w->j, &info);
    return info.reserve_left;
}

static void a_rotation_on_a_full_disk_keeps_the_reserve(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 20; s++) {
        struct world w;
        uint64_t left;

        world_init(&w, s, JOURNAL_SYNC_EVERYSEC);
        first_start(&w);
        left = fill_disk(&w);
        check(left > w.o.reserve / 2);
        simdisk_capacity(w.sim, simdisk_used(w.sim) + 8192); /* the first pages of the new files */
        check(journal_rotate(w.j, w.now) == OK && journal_short(w.j));
        check(reserve_left(&w) + 8192 >= left);
        append_record(&w, (size_t)reserve_left(&w) - 4096);
        mark_end(&w);
        check(journal_commit(w.j, w.now) == OK && journal_flush(w.j, w.now) == OK);
        note_promises(&w);
        end_process(&w, s % 2);
        world_free(&w);
    }
}

/* A write meets the full disk, and the process is killed before there is room: what it wrote of the commit
 * goes, kept in the room that it took. */
static void a_start_on_a_full_disk_cuts_a_torn_commit(void **state)
{
    unsigned torn = 0, kept = 0;

    (void)state;
    for (uint64_t s = 1; s <= 60; s++) {
        struct world w;
        uint64_t safe;
        int err = OK;

        world_init(&w, s, (enum journal_sync)(s % 3));
        first_start(&w);
        fill_disk(&w);
        while (err == OK) {
            append_unit(&w);
            err = journal_commit(w.j, w.now);
            simsyncer_finish(w.syncer);
            note_promises(&w);
        }
        check(err == ERR_NO_SPACE);
        append_record(&w, 40000);
        mark_end(&w);
        simdisk_capacity(w.sim, simdisk_used(w.sim) + 20000);
        for (int i = 0; i < 10; i++)
            check(journal_commit(w.j, w.now) == ERR_NO_SPACE);
        safe = w.safe;
        w.disk_full = true;
        end_process(&w, false);
        torn += w.cut.bytes > 0;
        kept += w.cut.bytes && w.cut.kept == w.cut.bytes;
        check(journal_offset(w.j) >= safe && journal_short(w.j));
        simdisk_capacity(w.sim, UINT64_MAX);
        w.now.mono += 2 * SEC;
        check(commits(&w, 3) && journal_flush(w.j, w.now) == OK && !journal_short(w.j));
        note_promises(&w);
        end_process(&w, true);
        check(w.report.outcome == RECOVER_CLEAN);
        world_free(&w);
    }
    check(torn > 50 && kept > 40);
}

/* The same with most of the reserve behind it: that gives the room, and the rest of it stays. */
static void a_start_on_a_full_disk_keeps_the_reserve(void **state)
{
    unsigned torn = 0;

    (void)state;
    for (uint64_t s = 1; s <= 40; s++) {
        struct world w;
        uint64_t left;

        world_init(&w, s, JOURNAL_SYNC_NO);
        first_start(&w);
        left = fill_disk(&w);
        append_record(&w, 3000);
        mark_end(&w);
        simdisk_fail(w.sim, 1, ERR_IO, false); /* killed in the middle of the write */
        check(journal_commit(w.j, w.now) == ERR_IO);
        end_process(&w, false);
        torn += w.cut.bytes > 0;
        check(w.cut.kept == w.cut.bytes);
        check(reserve_left(&w) + 3 * 4096 >= left);
        append_record(&w, (size_t)reserve_left(&w) - 4096);
        mark_end(&w);
        check(journal_commit(w.j, w.now) == OK);
        world_free(&w);
    }
    check(torn > 30);
}

/* It cannot be written, and nobody was told of it: nothing of it is left behind. */
static void a_clean_end_on_a_full_disk_leaves_no_half_commit(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 40; s++) {
        struct world w;
        int err = OK;

        world_init(&w, s, (enum journal_sync)(s % 3));
        first_start(&w);
        fill_disk(&w);
        while (err == OK) {
            append_unit(&w);
            err = journal_commit(w.j, w.now);
            simsyncer_finish(w.syncer);
            note_promises(&w);
        }
        check(err == ERR_NO_SPACE && journal_close(w.j) == ERR_NO_SPACE);
        w.j = NULL;
        restart(&w, w.safe);
        check(w.report.outcome == RECOVER_CLEAN && !w.cut.bytes);
        world_free(&w);
    }
}

/* --- what is promised when --- */

/* The zeros that a job writes ahead are begun where commits may get to while it runs. */
static void zeros_ahead_spare_the_commits(void **state)
{
    (void)state;
    for (uint64_t s = 1; s < 20; s++) {
        struct world w;

        world_init(&w, s, JOURNAL_SYNC_ALWAYS);
        w.o.reserve = 400000;
        w.o.unsynced_limit = 1 << 20;
        first_start(&w);
        for (int round = 0; round < 3; round++) {
            append_unit(&w);
            check(journal_commit(w.j, w.now) == OK && simsyncer_busy(w.syncer));
            for (int i = 0; i < 50; i++) {
                append_record(&w, (size_t)random_below(&w.random, 6000));
                mark_end(&w);
                check(journal_commit(w.j, w.now) == OK);
            }
            check(journal_flush(w.j, w.now) == OK);
        }
        note_promises(&w);
        end_process(&w, s % 2);
        world_free(&w);
    }
}

static void always_waits_for_the_disk(void **state)
{
    struct world w;
    uint64_t first, second;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_ALWAYS);
    first_start(&w);
    append_unit(&w);
    first = journal_offset(w.j);
    check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == 0 && simsyncer_busy(w.syncer));
    append_unit(&w);
    second = journal_offset(w.j);
    check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == 0);
    simsyncer_finish(w.syncer);
    check(journal_safe(w.j) == 0); /* taken in by the next commit */
    check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == first && simsyncer_busy(w.syncer));
    simsyncer_finish(w.syncer);
    check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == second && !simsyncer_busy(w.syncer));
    world_free(&w);
}

static void everysec_syncs_each_second(void **state)
{
    struct world w;
    struct journal_info info;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_EVERYSEC);
    first_start(&w);
    check(journal_due(w.j) == INT64_MAX);
    append_unit(&w);
    check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == journal_offset(w.j));
    simsyncer_finish(w.syncer);
    append_record(&w, 10);
    check(journal_commit(w.j, w.now) == OK && !simsyncer_busy(w.syncer));
    check(journal_due(w.j) == w.now.mono + SEC);
    w.now.mono += SEC;
    check(journal_commit(w.j, w.now) == OK && simsyncer_busy(w.syncer));
    append_record(&w, 10);
    w.now.mono += SEC;
    check(journal_commit(w.j, w.now) == OK);
    journal_info(w.j, &info);
    check(info.delayed_syncs == 1 && info.sync_pending);
    while (!journal_stalled(w.j)) {
        append_record(&w, 1000);
        check(journal_commit(w.j, w.now) == OK);
        check(journal_offset(w.j) < 3 * w.o.unsynced_limit);
    }
    check(journal_flush(w.j, w.now) == OK && !journal_stalled(w.j));
    world_free(&w);
}

static void a_wanted_sync_does_not_wait_for_its_time(void **state)
{
    static const enum journal_sync mode[] = {JOURNAL_SYNC_NO, JOURNAL_SYNC_EVERYSEC};

    (void)state;
    for (size_t i = 0; i < sizeof mode / sizeof *mode; i++) {
        struct world w;

        world_init(&w, 1, mode[i]);
        first_start(&w);
        append_unit(&w);
        check(journal_commit(w.j, w.now) == OK);
        simsyncer_finish(w.syncer);
        append_record(&w, 10);
        check(journal_commit(w.j, w.now) == OK && !simsyncer_busy(w.syncer));
        journal_want(w.j);
        check(journal_due(w.j) <= w.now.mono);
        check(journal_commit(w.j, w.now) == OK && simsyncer_busy(w.syncer));
        append_record(&w, 10); /* wanted while another one runs: it begins when that has ended */
        journal_want(w.j);
        check(journal_commit(w.j, w.now) == OK && journal_durable(w.j) < journal_offset(w.j));
        simsyncer_finish(w.syncer);
        check(journal_commit(w.j, w.now) == OK && simsyncer_busy(w.syncer));
        simsyncer_finish(w.syncer);
        check(journal_commit(w.j, w.now) == OK && journal_durable(w.j) == journal_offset(w.j));
        check(!simsyncer_busy(w.syncer) && journal_due(w.j) == INT64_MAX);
        world_free(&w);
    }
}

static void an_empty_turn_writes_nothing(void **state)
{
    struct world w;
    struct journal_info before, after;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_NO);
    first_start(&w);
    append_unit(&w);
    check(journal_commit(w.j, w.now) == OK);
    journal_info(w.j, &before);
    for (int i = 0; i < 10; i++)
        check(journal_commit(w.j, w.now) == OK);
    journal_info(w.j, &after);
    check(before.commits == after.commits && before.current_size == after.current_size);
    check(!simsyncer_busy(w.syncer) && journal_due(w.j) == INT64_MAX);
    world_free(&w);
}

static void a_failed_sync_is_the_end(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_ALWAYS);
    first_start(&w);
    append_unit(&w);
    check(journal_commit(w.j, w.now) == OK);
    simdisk_fail(w.sim, 1, ERR_IO, false);
    simsyncer_finish(w.syncer);
    check(journal_commit(w.j, w.now) == ERR_IO && journal_commit(w.j, w.now) == ERR_IO);
    check(journal_safe(w.j) == 0 && journal_rotate(w.j, w.now) == ERR_IO);
    world_free(&w);
}

static void a_base_of_another_time_is_not_adopted(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_ALWAYS);
    first_start(&w);
    check(commits(&w, 3) && rotate(&w) == OK && commits(&w, 1));
    check(journal_rotate(w.j, w.now) == OK);
    check(adopt(&w) == ERR_FORMAT && commits(&w, 1));
    check(journal_flush(w.j, w.now) == OK);
    note_promises(&w);
    end_process(&w, true);
    world_free(&w);
}

/* --- the lock, and the real disk --- */

static void one_process_has_the_directory(void **state)
{
    struct world w;
    struct disk *second, *mine = NULL;
    struct replay r;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_ALWAYS);
    first_start(&w);
    second = simdisk_handle(w.sim);
    mine = w.disk;
    w.disk = second;
    check(run_recover(&w, &r) == ERR_LOCKED && w.why.n > 0);
    w.disk = mine;
    second->ops->close(second);
    world_free(&w);
}

static void wait_for_event(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    check(poll(&p, 1, 5000) == 1);
}

static void remove_all(const char *name, void *arg)
{
    ((struct disk *)arg)->ops->unlink(arg, name);
}

static void on_a_real_disk(void **state)
{
    char path[] = "/tmp/test_journal.XXXXXX", dir[64];
    struct world w;
    struct disk *second;
    int event;

    (void)state;
    world_init(&w, 1, JOURNAL_SYNC_ALWAYS);
    w.disk->ops->close(w.disk);
    w.syncer->free(w.syncer);
    check(mkdtemp(path) != NULL);
    snprintf(dir, sizeof dir, "%s/appendonlydir", path);
    check(!disk_posix(dir, false) && errno == ENOENT);
    w.disk = disk_posix(dir, true);
    w.syncer = syncer_thread(&event);
    check(w.disk && w.syncer);
    for (int life = 0; life < 3; life++) {
        struct replay r;

        check(run_recover(&w, &r) == OK && !r.wrong && r.count == w.count);
        open_journal(&w);
        second = disk_posix(dir, false);
        check(second->ops->lock(second) == ERR_LOCKED);
        second->ops->close(second);
        append_unit(&w);
        check(journal_commit(w.j, w.now) == OK);
        wait_for_event(event);
        check(journal_commit(w.j, w.now) == OK && journal_safe(w.j) == journal_offset(w.j));
        for (int i = 0; i < 20; i++) {
            append_unit(&w);
            check(journal_commit(w.j, w.now) == OK);
        }
        check(rotate(&w) == OK && adopt(&w) == OK);
        append_unit(&w);
        check(journal_close(w.j) == OK);
        w.disk->ops->close(w.disk);
        w.disk = disk_posix(dir, false);
    }
    w.disk->ops->list(w.disk, remove_all, w.disk);
    w.disk->ops->close(w.disk);
    w.syncer->free(w.syncer);
    check(rmdir(dir) == 0 && rmdir(path) == 0);
    simdisk_free(w.sim);
    mem_free(w.end);
    buf_free(&w.why);
}

/* --- directories that Redis wrote --- */

#define REDIS_BASE     NAME ".1.base.rdb"
#define REDIS_MANIFEST "file " REDIS_BASE " seq 1 type b\nfile " INCR_1 " seq 1 type i\n"
#define RDB_KEY "REDIS0011\376\000\373\001\000\000\001a\001b\377abcdefgh"

static void put(struct world *w, const char *name, const char *text, size_t n)
{
    simdisk_put(w->sim, name, text, n);
}

static void put_records(struct buf *b, uint64_t from, uint64_t n)
{
    int db = -1;

    for (uint64_t k = from; k < from + n; k++) {
        if (db != db_of(k)) {
            record_head(b, 2);
            record_str(b, "SELECT");
            record_i64(b, db = db_of(k));
        }
        record_head(b, 3);
        record_str(b, "REC");
        record_u64(b, k);
        record_str(b, "#c and *$ are bytes like any other\r\n");
        if (k % 4 == 0)
            buf_add_str(b, "#TS:1700000000\r\n");
    }
}

static void redis_directory(struct world *w, struct buf *incr)
{
    world_init(w, 1, JOURNAL_SYNC_ALWAYS);
    put(w, MANIFEST, REDIS_MANIFEST, sizeof REDIS_MANIFEST - 1);
    put(w, REDIS_BASE, RDB_EMPTY, sizeof RDB_EMPTY - 1);
    put_records(incr, 0, 10);
    put(w, INCR_1, incr->p, incr->n);
}

static void a_directory_of_redis_is_taken_over(void **state)
{
    struct buf incr = {0};
    struct replay r;
    struct world w;

    (void)state;
    redis_directory(&w, &incr);
    buf_add_str(&incr, "*3\r\n$3\r\nREC\r\n$2\r\n10\r\n$5\r\nab"); /* the last one did not get there */
    put(&w, INCR_1, incr.p, incr.n);
    check(run_recover(&w, &r) == OK && w.report.outcome == RECOVER_FOREIGN && w.report.unverified);
    check(r.count == 10 && !r.wrong && w.report.cut == 27 && !w.tail.have_incr);
    w.count = 10;
    open_journal(&w);
    mark_end(&w);
    check(w.cut.kept == w.cut.bytes && w.disk->ops->exists(w.disk, w.cut.file));
    check(commits(&w, 5) && journal_flush(w.j, w.now) == OK);
    note_promises(&w);
    end_process(&w, true);
    check(w.count > 10 && w.report.outcome != RECOVER_FOREIGN && w.report.unverified);
    check(rotate(&w) == OK && commits(&w, 2) && adopt(&w) == OK && journal_flush(w.j, w.now) == OK);
    note_promises(&w);
    end_process(&w, true);
    check(!w.report.unverified && !w.disk->ops->exists(w.disk, REDIS_BASE));
    world_free(&w);
    buf_free(&incr);
}

static int count_words(void *arg, const struct slice *word, size_t n)
{
    (void)word;
    *(size_t *)arg += n;
    return OK;
}

static void a_transaction_that_did_not_end_is_cut_whole(void **state)
{
    struct buf incr = {0};
    struct world w;
    size_t words = 0;
    const struct recover_ops ops = {.apply = count_words, .arg = &words};

    (void)state;
    redis_directory(&w, &incr);
    incr.n = 0;
    buf_add_str(&incr, "*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nEXEC\r\n");
    buf_add_str(&incr, "*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n");
    put(&w, INCR_1, incr.p, incr.n);
    check(recover(w.disk, NAME, &ops, &w.report, &w.tail, &w.why) == OK);
    check(words == 3 && w.report.cut == 29);
    world_free(&w);
    buf_free(&incr);
}

static void what_cannot_be_read_is_refused(void **state)
{
    struct buf incr = {0};
    struct replay r;
    struct world w;

    (void)state;
    redis_directory(&w, &incr);
    put(&w, REDIS_BASE, RDB_KEY, sizeof RDB_KEY - 1);
    check(run_recover(&w, &r) == ERR_FORMAT && memmem(w.why.p, w.why.n, "another RDB", 11));
    put(&w, REDIS_BASE, RDB_EMPTY, sizeof RDB_EMPTY - 2);
    check(run_recover(&w, &r) == ERR_FORMAT);
    put(&w, REDIS_BASE, RDB_EMPTY RDB_EMPTY, 2 * (sizeof RDB_EMPTY - 1)); /* behind an RDB come commands */
    check(run_recover(&w, &r) == ERR_DAMAGED);
    put(&w, REDIS_BASE, "", 0);
    check(run_recover(&w, &r) == OK && r.count == 10);
    incr.p[incr.n / 2] = '\0'; /* inside a record: Redis has nothing that would tell */
    incr.p[0] = '+';
    put(&w, INCR_1, incr.p, incr.n);
    check(run_recover(&w, &r) == ERR_DAMAGED);
    put(&w, INCR_1, "#other 1\r\n", 10);
    check(run_recover(&w, &r) == ERR_DAMAGED);
    put(&w, MANIFEST, NULL, 0);
    check(run_recover(&w, &r) == ERR_DAMAGED && memmem(w.why.p, w.why.n, "manifest", 8));
    world_free(&w);
    buf_free(&incr);
}

/* A first start that a power cut interrupts leaves an incr and no manifest: not a reason to stop. */
static void an_unfinished_first_start_is_no_damage(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 40; n++) {
        struct world w;

        world_init(&w, n, JOURNAL_SYNC_ALWAYS);
        simdisk_fail(w.sim, 1 + n % 20, ERR_IO, true);
        begin_life(&w);
        end_process(&w, n % 3 == 0);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(always_waits_for_the_disk),
        cmocka_unit_test(everysec_syncs_each_second),
        cmocka_unit_test(a_wanted_sync_does_not_wait_for_its_time),
        cmocka_unit_test(an_empty_turn_writes_nothing),
        cmocka_unit_test(a_failed_sync_is_the_end),
        cmocka_unit_test(a_base_of_another_time_is_not_adopted),
        cmocka_unit_test(one_process_has_the_directory),
        cmocka_unit_test(on_a_real_disk),
        cmocka_unit_test(a_directory_of_redis_is_taken_over),
        cmocka_unit_test(a_transaction_that_did_not_end_is_cut_whole),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(an_unfinished_first_start_is_no_damage),
        cmocka_unit_test(histories_survive),
        cmocka_unit_test(every_call_fails_once),
        cmocka_unit_test(every_call_of_a_restart_fails_once),
        cmocka_unit_test(a_load_can_be_stopped),
        cmocka_unit_test(a_bad_byte_is_never_silent),
        cmocka_unit_test(a_shorter_file_is_never_silent),
        cmocka_unit_test(a_bad_clean_end_hides_nothing),
        cmocka_unit_test(a_damaged_directory_is_repaired_to_a_copy),
        cmocka_unit_test(zeros_ahead_spare_the_commits),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(the_reserve_carries_on_when_the_disk_is_full),
        cmocka_unit_test(a_rotation_on_a_full_disk_keeps_the_reserve),
        cmocka_unit_test(a_start_on_a_full_disk_cuts_a_torn_commit),
        cmocka_unit_test(a_start_on_a_full_disk_keeps_the_reserve),
        cmocka_unit_test(a_clean_end_on_a_full_disk_leaves_no_half_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
