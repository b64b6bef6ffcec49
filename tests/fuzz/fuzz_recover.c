/* tests/fuzz/fuzz_recover.c - any bytes as files of a journal. The first byte chooses:
 *
 *   manifest, incr, base, Redis' incr, Redis' base: the rest is that file's content
 *   edits: a sound directory, and the rest says which bytes of its last incr are changed. What is then
 *   loaded as clean is what was written, record for record; what is cut is a beginning of it.
 *
 * Whatever loads also opens, and what is repaired from whatever does not load, loads.
 *
 * Needs clang. Stands alone, without the Makefile's objects:
 *   clang -g -O1 -std=c11 -D_GNU_SOURCE -DMEM_LIBC -Iinclude -pthread \
 *       -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all tests/fuzz/fuzz_recover.c \
 *       tests/sim/simdisk.c src/persist/[a-z]*.c src/proto/resp.c src/store/record.c \
 *       src/store/stream_id.c src/base/[a-z]*.c -lm -o fuzz_recover
 *   ./fuzz_recover -max_total_time=60 -max_len=4096
 */
#include "../sim/simdisk.h"
#include "base/crc.h"
#include "base/err.h"
#include "base/mem.h"
#include "persist/recover.h"
#include "store/record.h"

#define NAME     "a"
#define MANIFEST "a.manifest"
#define INCR     "a.1.incr.aof"
#define BASE     "a.1.base.aof"
#define BOTH     "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"
#define ONE      "file a.1.incr.aof seq 1 type i\n"

/* The sound directory and its words; made once, as making it is slower than a run. */
static struct buf sound_incr, sound_text;

static int note_words(void *arg, const struct slice *word, size_t n)
{
    struct buf *text = arg;

    for (size_t i = 0; i < n; i++) {
        buf_add_u64(text, word[i].n);
        buf_add_char(text, ' ');
        buf_add_slice(text, word[i]);
    }
    return OK;
}

static void put(struct simdisk *s, const char *name, const void *p, size_t n)
{
    simdisk_put(s, name, n ? p : "", n);
}

static void put_manifest(struct simdisk *s, const char *lines, bool checked)
{
    struct buf text = {0};

    buf_add_str(&text, lines);
    if (checked)
        buf_addf(&text, "#crc32c %08x\n", (unsigned)crc32c(0, lines, strlen(lines)));
    put(s, MANIFEST, text.p, text.n);
    buf_free(&text);
}

static int load(struct disk *d, struct recover_report *report, struct journal_tail *tail, struct buf *text)
{
    const struct recover_ops ops = {.apply = note_words, .arg = text};
    struct buf why = {0};
    int err = recover(d, NAME, &ops, report, tail, &why);

    must(err == OK || why.n);
    buf_free(&why);
    return err;
}

static void open_and_close(struct disk *d, const struct journal_tail *tail)
{
    const struct journal_options o = {JOURNAL_SYNC_NO, 4096, 1 << 20};
    struct syncer *syncer = simsyncer_new();
    struct buf why = {0};
    struct journal *j;

    must(journal_open(d, syncer, NAME, &o, tail, &j, NULL, &why) == OK);
    must(journal_close(j) == OK);
    syncer->free(syncer);
    buf_free(&why);
}

static void repair(struct disk *d)
{
    struct simdisk *other = simdisk_new(1);
    struct disk *to = simdisk_handle(other);
    struct buf left = {0}, why = {0}, text = {0};
    struct recover_report report;
    struct journal_tail tail;

    if (recover_repair(d, NAME, to, &left, &why) == OK) {
        must(load(to, &report, &tail, &text) == OK);
        open_and_close(to, &tail);
    }
    buf_free(&text);
    buf_free(&left);
    buf_free(&why);
    to->ops->close(to);
    simdisk_free(other);
}

/* A second load finds the same, and a clean end. */
static void check_directory(struct simdisk *s, struct recover_report *report, struct buf *text)
{
    struct disk *d = simdisk_handle(s);
    struct buf again = {0};
    struct journal_tail tail;
    int err = load(d, report, &tail, text);

    if (err == OK) {
        struct recover_report second;

        open_and_close(d, &tail);
        must(load(d, &second, &tail, &again) == OK);
        must(second.outcome == RECOVER_CLEAN && second.stopped_cleanly);
        must(slice_eq(buf_slice(text), buf_slice(&again)));
    } else {
        report->outcome = RECOVER_EMPTY;
        repair(d);
    }
    buf_free(&again);
    d->ops->close(d);
}

static void make_sound(void)
{
    const struct journal_options o = {JOURNAL_SYNC_NO, 0, 1 << 20};
    struct simdisk *s = simdisk_new(1);
    struct disk *d = simdisk_handle(s);
    struct syncer *syncer = simsyncer_new();
    struct recover_report report;
    struct journal_tail tail;
    struct journal *j;
    struct buf why = {0};
    uint64_t n;
    unsigned char *p;

    must(load(d, &report, &tail, &sound_text) == OK);
    must(journal_open(d, syncer, NAME, &o, &tail, &j, NULL, &why) == OK);
    for (int i = 0; i < 12; i++) {
        record_words(journal_begin(j, i / 5), (const char *[]){"SET", "key\r\n#c 0 0 0 0", "value"}, 3);
        journal_end(j);
        must(journal_commit(j, (struct now){0, i}) == OK);
        if (i % 4 == 3)
            must(journal_flush(j, (struct now){0, i}) == OK);
    }
    journal_abandon(j);
    p = simdisk_bytes(s, INCR, &n);
    buf_add(&sound_incr, p, (size_t)n);
    must(load(d, &report, &tail, &sound_text) == OK);
    syncer->free(syncer);
    d->ops->close(d);
    simdisk_free(s);
}

/* Three bytes an edit: where, and what is xored. */
static void edited(struct simdisk *s, const uint8_t *p, size_t n)
{
    struct recover_report report;
    struct buf incr = {0}, text = {0};
    bool same;

    buf_add_slice(&incr, buf_slice(&sound_incr));
    for (; n >= 3; p += 3, n -= 3)
        incr.p[(p[0] | p[1] << 8) % incr.n] ^= (char)p[2];
    same = slice_eq(buf_slice(&incr), buf_slice(&sound_incr));
    put_manifest(s, ONE, true);
    put(s, INCR, incr.p, incr.n);
    check_directory(s, &report, &text);
    if (report.outcome == RECOVER_CLEAN)
        must(same && slice_eq(buf_slice(&text), buf_slice(&sound_text)));
    if (report.outcome == RECOVER_CUT)
        must(text.n < sound_text.n && memcmp(text.n ? text.p : "", sound_text.p, text.n) == 0);
    must(!same || report.outcome == RECOVER_CLEAN);
    buf_free(&incr);
    buf_free(&text);
}

static void raw(struct simdisk *s, unsigned kind, const uint8_t *p, size_t n)
{
    struct recover_report report;
    struct buf text = {0};

    put(s, INCR, sound_incr.p, sound_incr.n);
    switch (kind) {
    case 0:
        put(s, MANIFEST, p, n);
        break;
    case 1:
        put_manifest(s, ONE, true);
        put(s, INCR, p, n);
        break;
    case 2:
        put_manifest(s, BOTH, true);
        put(s, BASE, p, n);
        break;
    case 3:
        put_manifest(s, ONE, false);
        put(s, INCR, p, n);
        break;
    default:
        put_manifest(s, BOTH, false);
        put(s, BASE, p, n);
        put(s, INCR, "", 0);
        break;
    }
    check_directory(s, &report, &text);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct simdisk *s;

    if (!n)
        return 0;
    if (!sound_incr.n)
        make_sound();
    s = simdisk_new(1);
    if (p[0] % 8 < 5)
        raw(s, p[0] % 8, p + 1, n - 1);
    else
        edited(s, p + 1, n - 1);
    simdisk_free(s);
    return 0;
}
