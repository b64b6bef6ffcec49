/* tools/leanmq-check-aof.c - looks at the directory of a journal: checks it, shows its records, turns it
 * into plain Redis commands, copies what verifies of a damaged one. Never writes to the directory itself. */
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/random.h"
#include "broker/import.h"
#include "persist/recover.h"
#include "store/delayed_edit.h"
#include "store/record.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "leanmqd.lock"

enum { EXIT_CLEAN, EXIT_DAMAGE, EXIT_TROUBLE, EXIT_LEFT_OUT };

static const char usage[] =
    "usage: leanmq-check-aof [--show] [--export FILE] [--repair-to NEWDIR] DIR\n"
    "\n"
    "Checks the append-only files in DIR (appenddirname) and says what is in each.\n"
    "  --show               prints the records, a line each\n"
    "  --export FILE        writes them as plain Redis commands (FILE -: standard output);\n"
    "                       redis-cli --pipe loads them, or Redis as an append-only file\n"
    "  --repair-to NEWDIR   makes NEWDIR and copies what verifies into it; DIR stays as it is,\n"
    "                       and the exit status is that of the repair\n"
    "Exit status: 0 all verifies, 1 something is damaged, 2 wrong usage, or it could not be read,\n"
    "3 --repair-to has left something out.\n";

/* --- export: the live ids of streams ---
 *
 * One record tells of the delivery of many messages by the first and last of their ids; Redis wants each of
 * them. So the export follows, for every stream, which ids there are. And which messages are delayed: the
 * record of one's arrival does not repeat what it is. */

struct ids {
    struct slice key; /* "<db> <key>" */
    struct stream_id *v;
    size_t n, cap;
    struct delayed delayed; /* messages that are not in it yet */
};

static struct slice ids_key(const void *entry)
{
    return ((const struct ids *)entry)->key;
}

static void ids_free(void *entry)
{
    struct ids *s = entry;

    mem_free((char *)(uintptr_t)s->key.p);
    mem_free(s->v);
    delayed_clear(&s->delayed);
    mem_free(s);
}

static const struct dict_type ids_type = {ids_key, ids_free};

struct export
{
    FILE *to;
    struct hash_seed seed;
    struct dict streams;
    int64_t db;
    struct buf out, key;
    struct slice *word; /* of a record that is not told as it stands */
    size_t words;       /* that there is room for */
    uint64_t untold;    /* records that could not be translated in full */
    uint64_t producers; /* those about idempotent producers, which Redis 7.0 does not know */
    uint64_t states;    /* those about what queues know of their messages beyond that */
    uint64_t policies;  /* those about policies of queues, which no Redis knows */
    uint64_t given;     /* messages given back, so far */
    uint64_t names;     /* records about dedup ids, which no Redis knows */
};

static struct slice stream_name_in(struct export *e, int64_t db, struct slice key)
{
    e->key.n = 0;
    buf_addf(&e->key, "%" PRId64 " ", db);
    buf_add_slice(&e->key, key);
    return buf_slice(&e->key);
}

static struct slice stream_name(struct export *e, struct slice key)
{
    return stream_name_in(e, e->db, key);
}

static struct ids *find_stream(struct export *e, struct slice key)
{
    return dict_find(&e->streams, stream_name(e, key));
}

static void drop_stream(struct export *e, struct slice key)
{
    struct ids *s = dict_remove(&e->streams, stream_name(e, key));

    if (s)
        ids_free(s);
}

static struct ids *make_stream(struct export *e, struct slice key)
{
    struct ids *s = find_stream(e, key);

    if (s)
        return s;
    s = mem_zalloc(sizeof *s);
    s->key = (struct slice){mem_strdup(buf_slice(&e->key)), e->key.n};
    delayed_init(&s->delayed);
    dict_add(&e->streams, s);
    return s;
}

/* Where `id` is, or would be. */
static size_t ids_seek(const struct ids *s, struct stream_id id)
{
    size_t low = 0, high = s->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (stream_id_cmp(s->v[mid], id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void ids_add(struct ids *s, struct stream_id id)
{
    size_t at = ids_seek(s, id);

    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->v = mem_realloc(s->v, s->cap * sizeof *s->v);
    }
    memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof *s->v);
    s->v[at] = id;
    s->n++;
}

static void ids_remove(struct ids *s, size_t at, size_t n)
{
    memmove(s->v + at, s->v + at + n, (s->n - at - n) * sizeof *s->v);
    s->n -= n;
}

/* MAXLEN or MINID [=|~] threshold [LIMIT n] at *i, which moves behind it. The trim is made by the caller,
 * after what it belongs to. */
struct trim {
    struct slice how, threshold;
};

static bool read_trim(const struct slice *word, size_t n, size_t *i, struct trim *t)
{
    if (*i + 1 >= n || (!slice_is(word[*i], "MAXLEN") && !slice_is(word[*i], "MINID")))
        return false;
    t->how = word[(*i)++];
    if (slice_is(word[*i], "=") || slice_is(word[*i], "~"))
        ++*i;
    if (*i < n)
        t->threshold = word[(*i)++];
    if (*i + 1 < n && slice_is(word[*i], "LIMIT"))
        *i += 2;
    return true;
}

static void apply_trim(struct ids *s, const struct trim *t)
{
    struct stream_id id;
    uint64_t max;

    if (slice_is(t->how, "MAXLEN") && num_u64(t->threshold, &max) && max < s->n)
        ids_remove(s, 0, s->n - (size_t)max);
    else if (slice_is(t->how, "MINID") && stream_id_parse(t->threshold, 0, &id) == OK)
        ids_remove(s, 0, ids_seek(s, id));
}

static void follow_xadd(struct export *e, const struct slice *word, size_t n)
{
    struct trim trim = {{0}, {0}};
    struct stream_id id;
    size_t i = 2;

    while (i < n && (slice_is(word[i], "NOMKSTREAM") || read_trim(word, n, &i, &trim)))
        i += slice_is(word[i], "NOMKSTREAM");
    if (i < n && stream_id_parse(word[i], 0, &id) == OK) {
        struct ids *s = make_stream(e, word[1]);

        ids_add(s, id);
        apply_trim(s, &trim);
    }
}

static void follow_xdel(struct export *e, const struct slice *word, size_t n)
{
    struct ids *s = find_stream(e, word[1]);

    for (size_t i = 2; s && i < n; i++) {
        struct stream_id id;

        if (stream_id_parse(word[i], 0, &id) == OK) {
            size_t at = ids_seek(s, id);

            if (at < s->n && stream_id_cmp(s->v[at], id) == 0)
                ids_remove(s, at, 1);
        }
    }
}

/* The stream, NULL if it is none, is there under that name and nothing else is. Takes it. */
static void put_stream(struct export *e, struct ids *s, int64_t db, struct slice name)
{
    struct ids *old = dict_remove(&e->streams, stream_name_in(e, db, name));

    if (old)
        ids_free(old);
    if (!s)
        return;
    mem_free((char *)(uintptr_t)s->key.p);
    s->key = (struct slice){mem_strdup(buf_slice(&e->key)), e->key.n};
    dict_add(&e->streams, s);
}

static struct ids *take_stream(struct export *e, struct slice key)
{
    return dict_remove(&e->streams, stream_name(e, key));
}

static void follow_move(struct export *e, const struct slice *word)
{
    int64_t db;

    if (num_i64(word[2], &db))
        put_stream(e, take_stream(e, word[1]), db, word[1]);
}

/* COPY source destination [DB n] [REPLACE]; what was refused is in no journal. */
static void follow_copy(struct export *e, const struct slice *word, size_t n)
{
    const struct ids *s = find_stream(e, word[1]);
    struct ids *copy = NULL;
    int64_t db = e->db;

    for (size_t i = 3; i + 1 < n; i++)
        if (slice_is(word[i], "DB"))
            num_i64(word[i + 1], &db);
    if (s) {
        copy = mem_zalloc(sizeof *copy);
        copy->n = copy->cap = s->n;
        copy->v = mem_alloc((s->n + 1) * sizeof *copy->v);
        memcpy(copy->v, s->v, s->n * sizeof *copy->v);
        delayed_copy(&copy->delayed, &s->delayed);
    }
    put_stream(e, copy, db, word[2]);
}

static void follow_swap(struct export *e, const struct slice *word)
{
    struct buf moved = {0};
    struct dict_iter it;
    struct ids *s, **each;
    int64_t one, other;

    if (!num_i64(word[1], &one) || !num_i64(word[2], &other))
        return;
    dict_iter_begin(&it, &e->streams);
    while ((s = dict_iter_next(&it))) {
        int64_t db = strtoll(s->key.p, NULL, 10);

        if (db == one || db == other)
            buf_add(&moved, &s, sizeof s);
    }
    dict_iter_end(&it);
    each = (struct ids **)(void *)moved.p;
    for (size_t i = 0; i < moved.n / sizeof s; i++)
        dict_remove(&e->streams, each[i]->key);
    for (size_t i = 0; i < moved.n / sizeof s; i++) {
        const char *space = memchr(each[i]->key.p, ' ', each[i]->key.n);
        struct slice name = {space + 1, each[i]->key.n - (size_t)(space + 1 - each[i]->key.p)};

        put_stream(e, each[i], strtoll(each[i]->key.p, NULL, 10) == one ? other : one, name);
    }
    buf_free(&moved);
}

static void flush_db(struct export *e)
{
    struct dict_iter it;
    struct ids *s;

    stream_name(e, (struct slice){"", 0});
    dict_iter_begin(&it, &e->streams);
    while ((s = dict_iter_next(&it)))
        if (s->key.n >= e->key.n && memcmp(s->key.p, e->key.p, e->key.n) == 0)
            ids_free(dict_remove(&e->streams, s->key));
    dict_iter_end(&it);
}

/* What a record does to the ids. Commands that are not here do nothing to them. */
static void follow(struct export *e, const struct slice *word, size_t n)
{
    struct slice name = word[0];
    struct trim trim;
    size_t i = 2;

    if (slice_is(name, "SELECT") && n == 2) {
        num_i64(word[1], &e->db);
    } else if (slice_is(name, "XADD") && n >= 5) {
        follow_xadd(e, word, n);
    } else if (slice_is(name, "XDEL") && n >= 3) {
        follow_xdel(e, word, n);
    } else if (slice_is(name, "XTRIM") && n >= 4) {
        if (read_trim(word, n, &i, &trim) && find_stream(e, word[1]))
            apply_trim(find_stream(e, word[1]), &trim);
    } else if (slice_is(name, "DEL") || slice_is(name, "UNLINK")) {
        for (i = 1; i < n; i++)
            drop_stream(e, word[i]);
    } else if ((slice_is(name, "SET") || slice_is(name, "RESTORE")) && n >= 3) {
        drop_stream(e, word[1]);
    } else if (slice_is(name, "RENAME") && n == 3) {
        put_stream(e, take_stream(e, word[1]), e->db, word[2]);
    } else if (slice_is(name, "MOVE") && n == 3) {
        follow_move(e, word);
    } else if (slice_is(name, "COPY") && n >= 3) {
        follow_copy(e, word, n);
    } else if (slice_is(name, "SWAPDB") && n == 3) {
        follow_swap(e, word);
    } else if (slice_is(name, "FLUSHALL")) {
        dict_clear(&e->streams);
    } else if (slice_is(name, "FLUSHDB")) {
        flush_db(e);
    }
}

/* --- export: the records --- */

static void put_setid(struct export *e, struct slice key, struct slice group, struct slice last,
                      struct slice read)
{
    record_head(&e->out, 7);
    record_str(&e->out, "XGROUP");
    record_str(&e->out, "SETID");
    record_word(&e->out, key);
    record_word(&e->out, group);
    record_word(&e->out, last);
    record_str(&e->out, "ENTRIESREAD");
    record_word(&e->out, read);
}

/* XCLAIM key group consumer 0 id ... TIME t RETRYCOUNT n FORCE JUSTID: its beginning and its end. */
static void put_claim(struct export *e, const struct slice *word, struct slice consumer, size_t ids)
{
    record_head(&e->out, 5 + ids + 6);
    record_str(&e->out, "XCLAIM");
    record_word(&e->out, word[1]);
    record_word(&e->out, word[2]);
    record_word(&e->out, consumer);
    record_str(&e->out, "0");
}

static void end_claim(struct export *e, struct slice time, struct slice count)
{
    record_str(&e->out, "TIME");
    record_word(&e->out, time);
    record_str(&e->out, "RETRYCOUNT");
    record_word(&e->out, count);
    record_str(&e->out, "FORCE");
    record_str(&e->out, "JUSTID");
}

/* LMQ.DELIVER key group consumer time first last n entries-read */
static void export_deliver(struct export *e, const struct slice *word)
{
    struct ids *s = find_stream(e, word[1]);
    struct stream_id first, last;
    uint64_t want;
    size_t from, to;

    if (!s || stream_id_parse(word[5], 0, &first) < 0 || stream_id_parse(word[6], 0, &last) < 0 ||
        !num_u64(word[7], &want)) {
        e->untold++;
        return;
    }
    from = ids_seek(s, first);
    for (to = from; to < s->n && stream_id_cmp(s->v[to], last) <= 0; to++)
        ;
    if (to - from != want)
        e->untold++;
    if (to > from) {
        put_claim(e, word, word[3], to - from);
        while (from < to)
            record_id(&e->out, s->v[from++]);
        end_claim(e, word[4], SLICE("1"));
    }
    put_setid(e, word[1], word[2], word[6], word[8]);
}

/* LMQ.HOLD key group consumer time id count [id count ...] */
static void export_hold(struct export *e, const struct slice *word, size_t n)
{
    for (size_t i = 5; i + 1 < n; i += 2) {
        put_claim(e, word, word[3], 1);
        record_word(&e->out, word[i]);
        end_claim(e, word[4], word[i + 1]);
    }
}

/* Where an XADD has IDMP, producer and id; 0: it has not. */
static size_t find_idmp(const struct slice *word, size_t n)
{
    struct trim trim = {{0}, {0}};
    size_t i = 2;

    while (i < n && (slice_is(word[i], "NOMKSTREAM") || read_trim(word, n, &i, &trim)))
        i += slice_is(word[i], "NOMKSTREAM");
    return i + 3 < n && slice_is(word[i], "IDMP") ? i : 0;
}

/* The record without `less` words at `at`, good until the next one. */
static struct slice *without(struct export *e, const struct slice *word, size_t n, size_t at, size_t less)
{
    if (e->words < n) {
        e->words = n;
        e->word = mem_realloc(e->word, n * sizeof *e->word);
    }
    memcpy(e->word, word, at * sizeof *word);
    memcpy(e->word + at, word + at + less, (n - at - less) * sizeof *word);
    return e->word;
}

/* Redis 7.0 has neither these nor what they speak of. */
static bool is_about_producers(struct slice name)
{
    return slice_is(name, "XCFGSET") || slice_is(name, "XIDMPRECORD") || slice_is(name, RECORD_IDMP) ||
           slice_is(name, RECORD_FORGET);
}

/* A record that Redis knows, as it stands but for what its 7.0 does not know. */
static void export_plain(struct export *e, const struct slice *word, size_t n)
{
    size_t at = slice_is(word[0], "XADD") ? find_idmp(word, n) : 0;

    if (at) {
        word = without(e, word, n, at, 3);
        n -= 3;
        e->producers++;
    }
    record_head(&e->out, n);
    for (size_t i = 0; i < n; i++)
        record_word(&e->out, word[i]);
    follow(e, word, n);
}

/* LMQ.NACK key group id count [id count ...]
 * Redis up to 8.6 has no pending entry that is nobody's. The nearest to it is a consumer without a name,
 * which XPENDING shows the same way, and a delivery so long ago that whoever claims gets them: in the first
 * milliseconds of all, one after the other, for that is their order. */
static void export_nack(struct export *e, const struct slice *word, size_t n)
{
    char time[NUM_MAX];

    for (size_t i = 3; i + 1 < n; i += 2) {
        put_claim(e, word, SLICE(""), 1);
        record_word(&e->out, word[i]);
        end_claim(e, (struct slice){time, num_put_u64(time, ++e->given)}, word[i + 1]);
    }
}

/* LMQ.ADD key id arrival expires level group field value [field value ...]: an XADD, for Redis knows no more
 * of a message. */
static void export_add(struct export *e, const struct slice *word, size_t n)
{
    struct slice *xadd = without(e, word, n, 3, 4);

    xadd[0] = SLICE("XADD");
    export_plain(e, xadd, n - 4);
}

/* LMQ.DELAY key due-number added ttl level dedup field value [field value ...]: the stream is there from now
 * on, and nothing is in it. */
static void export_delay(struct export *e, const struct slice *word, size_t n)
{
    static const char *const step[][3] = {{"CREATE", "$", "MKSTREAM"}, {"DESTROY", NULL, NULL}};
    struct delayed_message m = {.n = n - 7};

    if (stream_id_parse(word[2], 0, &m.id) != OK || m.id.ms > (uint64_t)DELAYED_DUE_MAX ||
        m.id.seq == UINT64_MAX) {
        e->untold++;
        return;
    }
    for (size_t i = 0; !find_stream(e, word[1]) && i < 2; i++) {
        record_head(&e->out, i == 0 ? 6 : 4);
        record_str(&e->out, "XGROUP");
        record_str(&e->out, step[i][0]);
        record_word(&e->out, word[1]);
        record_str(&e->out, "leanmq-export");
        for (size_t k = 1; k < 3 && step[i][k]; k++)
            record_str(&e->out, step[i][k]);
    }
    delayed_remove(&make_stream(e, word[1])->delayed, m.id);
    delayed_add(&make_stream(e, word[1])->delayed, &m, word + 7);
}

/* LMQ.CANCEL key due-number [due-number ...] */
static void export_cancel(struct export *e, const struct slice *word, size_t n)
{
    struct ids *s = find_stream(e, word[1]);
    struct stream_id id;

    for (size_t i = 2; i < n; i++)
        if (!s || stream_id_parse(word[i], 0, &id) != OK || !delayed_remove(&s->delayed, id))
            e->untold++;
}

/* LMQ.ARRIVE key due-number id arrival */
static void export_arrive(struct export *e, const struct slice *word)
{
    struct ids *s = find_stream(e, word[1]);
    struct delayed_message m;
    struct stream_id due;
    struct slice *xadd;

    if (!s || stream_id_parse(word[2], 0, &due) != OK || !delayed_find(&s->delayed, due, &m)) {
        e->untold++;
        return;
    }
    xadd = mem_alloc((3 + m.n) * sizeof *xadd);
    xadd[0] = SLICE("XADD");
    xadd[1] = word[1];
    xadd[2] = word[3];
    delayed_fields(&m, xadd + 3);
    export_plain(e, xadd, 3 + m.n);
    mem_free(xadd);
    delayed_remove(&s->delayed, due);
}

/* Those that had not arrived. */
static uint64_t still_delayed(struct export *e)
{
    struct dict_iter it;
    struct ids *s;
    uint64_t n = 0;

    dict_iter_begin(&it, &e->streams);
    while ((s = dict_iter_next(&it)))
        n += delayed_count(&s->delayed);
    dict_iter_end(&it);
    return n;
}

static bool is_about_names(struct slice name)
{
    return slice_is(name, RECORD_SEEN) || slice_is(name, RECORD_LAPSE);
}

/* LMQ.DROP key id [id ...]: what Redis has for it besides raises its max-deleted-entry-id. */
static void export_drop(struct export *e, const struct slice *word, size_t n)
{
    record_head(&e->out, n);
    record_str(&e->out, "XDEL");
    record_slices(&e->out, word + 1, n - 1);
    follow_xdel(e, word, n);
}

/* LMQ.BACK key group consumer error death id state count at [...]: given back, for Redis knows no other
 * state. */
static void export_back(struct export *e, const struct slice *word, size_t n)
{
    char time[NUM_MAX];

    for (size_t i = 6; i + 3 < n; i += 4) {
        put_claim(e, word, SLICE(""), 1);
        record_word(&e->out, word[i]);
        end_claim(e, (struct slice){time, num_put_u64(time, ++e->given)}, word[i + 2]);
    }
}

/* LMQ.END key group end id [id ...] */
static void export_end(struct export *e, const struct slice *word, size_t n)
{
    record_head(&e->out, n - 1);
    record_str(&e->out, "XACK");
    record_slices(&e->out, word + 1, 2);
    record_slices(&e->out, word + 4, n - 4);
}

/* LMQ.TAKE key group consumer time [id ...]: the position, which Redis has but one of, stays behind. */
static void export_take(struct export *e, const struct slice *word, size_t n)
{
    if (word[3].n == 0 || n == 5) {
        e->states++;
        return;
    }
    put_claim(e, word, word[3], n - 5);
    record_slices(&e->out, word + 5, n - 5);
    end_claim(e, word[4], SLICE("1"));
}

/* LMQ.QUEUE, EXTEND, PASSED, TOTALS: what Redis has no word for. */
static bool is_of_queues(struct slice name)
{
    return slice_is(name, RECORD_QUEUE) || slice_is(name, RECORD_EXTEND) || slice_is(name, RECORD_PASSED) ||
           slice_is(name, RECORD_TOTALS);
}

/* One record as Redis knows it, to e->out. A private record of store/record.h has its row here. */
static void export_record(struct export *e, const struct slice *word, size_t n)
{
    if (slice_is(word[0], RECORD_DELIVER) && n == 9) {
        export_deliver(e, word);
    } else if (slice_is(word[0], RECORD_HOLD) && n >= 7) {
        export_hold(e, word, n);
    } else if (slice_is(word[0], RECORD_NACK) && n >= 5) {
        export_nack(e, word, n);
    } else if (slice_is(word[0], RECORD_SKIP) && n == 5) {
        put_setid(e, word[1], word[2], word[3], word[4]);
    } else if (is_about_producers(word[0])) {
        e->producers++;
    } else if (slice_is(word[0], "QPOLICY") || slice_is(word[0], RECORD_DLQ)) {
        e->policies++;
    } else if (slice_is(word[0], RECORD_BACK) && n >= 10) {
        export_back(e, word, n);
    } else if (slice_is(word[0], RECORD_END) && n >= 5) {
        export_end(e, word, n);
    } else if (slice_is(word[0], RECORD_TAKE) && n >= 5) {
        export_take(e, word, n);
    } else if (is_of_queues(word[0])) {
        e->states++;
    } else if (slice_is(word[0], RECORD_ADD) && n >= 9) {
        export_add(e, word, n);
    } else if (slice_is(word[0], RECORD_DELAY) && n >= 9) {
        export_delay(e, word, n);
    } else if (slice_is(word[0], RECORD_CANCEL) && n >= 3) {
        export_cancel(e, word, n);
    } else if (slice_is(word[0], RECORD_ARRIVE) && n == 5) {
        export_arrive(e, word);
    } else if (is_about_names(word[0])) {
        e->names++;
    } else if (slice_is(word[0], RECORD_NUMBER)) {
        /* of messages that are gone */
    } else if (slice_is(word[0], RECORD_DROP) && n >= 3) {
        export_drop(e, word, n);
    } else if (word[0].n > 4 && strncasecmp(word[0].p, "LMQ.", 4) == 0) {
        e->untold++;
    } else {
        export_plain(e, word, n);
    }
}

static int export_apply(struct export *e, const struct slice *word, size_t n)
{
    e->out.n = 0;
    export_record(e, word, n);
    return fwrite(e->out.p, 1, e->out.n, e->to) == e->out.n ? OK : ERR_IO;
}

static int export_open(struct export *e, const char *path)
{
    random_system(&e->seed, sizeof e->seed);
    dict_init(&e->streams, &ids_type, &e->seed);
    e->to = strcmp(path, "-") == 0 ? stdout : fopen(path, "wex");
    if (!e->to)
        fprintf(stderr, "leanmq-check-aof: %s: %s\n", path, strerror(errno));
    return e->to ? OK : ERR_IO;
}

static int export_close(struct export *e)
{
    int err = OK;

    if (!e->to)
        return OK;
    if (fflush(e->to) != 0 || (e->to != stdout && fclose(e->to) != 0)) {
        fprintf(stderr, "leanmq-check-aof: the export could not be written: %s\n", strerror(errno));
        err = ERR_IO;
    }
    if (e->untold)
        fprintf(stderr, "leanmq-check-aof: %" PRIu64 " records could not be told in full in Redis' words\n",
                e->untold);
    if (e->producers)
        fprintf(stderr,
                "leanmq-check-aof: what %" PRIu64
                " records say of idempotent producers (XADD IDMP) is left out: "
                "Redis 7.0 does not know them\n",
                e->producers);
    if (e->policies)
        fprintf(stderr,
                "leanmq-check-aof: what %" PRIu64
                " records say of queues (QPOLICY) is left out: Redis has none\n",
                e->policies);
    if (e->states)
        fprintf(
            stderr,
            "leanmq-check-aof: what %" PRIu64
            " records say of the messages of queues (leases, totals) is left out: Redis has no word for it\n",
            e->states);
    if (e->given)
        fprintf(stderr,
                "leanmq-check-aof: %" PRIu64
                " times a message was given back (XNACK), and is nobody's: told as "
                "pending for the consumer \"\" since 1970, for Redis before 8.8 knows no other way\n",
                e->given);
    if (e->names)
        fprintf(stderr,
                "leanmq-check-aof: what %" PRIu64
                " records say of dedup ids (QADD DEDUP) is left out: Redis does not know them\n",
                e->names);
    if (still_delayed(e))
        fprintf(stderr,
                "leanmq-check-aof: %" PRIu64
                " delayed messages (QADD DELAY) that had not arrived are left out: Redis has none\n",
                still_delayed(e));
    dict_clear(&e->streams);
    mem_free(e->word);
    buf_free(&e->out);
    buf_free(&e->key);
    return err;
}

/* --- check and show --- */

struct job {
    const char *export_to, *repair_to, *dir;
    bool show;
    bool left_out; /* the repair is not the whole */
    FILE *report;  /* what is said about the files: not where records go */
    struct export export;
};

static void show_record(const struct slice *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool plain = word[i].n > 0;

        for (size_t k = 0; k < word[i].n; k++)
            plain = plain && word[i].p[k] > ' ' && word[i].p[k] < 127 && word[i].p[k] != '"' &&
                    word[i].p[k] != '\\';
        printf("%s%s", i ? " " : "", plain ? "" : "\"");
        for (size_t k = 0; k < word[i].n; k++) {
            unsigned char c = (unsigned char)word[i].p[k];

            if (c < ' ' || c > 126 || c == '"' || c == '\\')
                printf("\\x%02x", c);
            else
                putchar(c);
        }
        printf("%s", plain ? "" : "\"");
    }
    putchar('\n');
}

static int apply(void *arg, const struct slice *word, size_t n)
{
    struct job *j = arg;

    if (j->show)
        show_record(word, n);
    return j->export.to ? export_apply(&j->export, word, n) : OK;
}

/* Keys become the records that a rewrite would write. */
static int read_rdb(void *arg, struct source *from, uint64_t *used, uint64_t *keys, struct buf *why)
{
    struct job *j = arg;
    struct import_report r;
    int err = import_records(from, apply, j, &r, used, why);

    *keys = 0;
    for (int i = 0; err == OK && i < KEY_TYPES; i++)
        *keys += r.keys[i];
    return err;
}

static void report_file(void *arg, const struct recover_file *f)
{
    FILE *to = ((struct job *)arg)->report;

    fprintf(to, "%s: %s, %" PRIu64 " of %" PRIu64 " bytes, ", f->name, f->type == 'b' ? "base" : "incr",
            f->good, f->size);
    if (f->verified)
        fprintf(to, "%" PRIu64 " commits, ", f->commits);
    fprintf(to, "%" PRIu64 " records: ", f->records);
    if (f->damaged)
        fprintf(to, "DAMAGED at byte %" PRIu64 "\n", f->good);
    else if (f->cut)
        fprintf(to, "%" PRIu64 " bytes from byte %" PRIu64 " on were never promised, a start cuts them\n",
                f->cut, f->good);
    else
        fprintf(to, "%s\n", f->verified ? "ok" : "readable; Redis wrote it, there is no check sum to verify");
}

static void report_outcome(FILE *to, const struct recover_report *r)
{
    fprintf(to, "%" PRIu64 " records, %" PRIu64 " commits; %s\n", r->records, r->commits,
            r->outcome == RECOVER_EMPTY
                ? "there is no journal here (it is in appendonlydir/ of the server's `dir`)"
            : r->outcome == RECOVER_CUT
                ? "the end is torn, as after a power cut, and nothing that was promised is lost"
            : r->outcome == RECOVER_FOREIGN ? "a directory of Redis, unverified"
            : r->stopped_cleanly            ? "all verifies, and the last stop was clean"
                                            : "all verifies");
}

static int check(struct job *j, struct disk *d, const char *name)
{
    const struct recover_ops ops = {.apply = apply, .rdb = read_rdb, .file = report_file, .arg = j};
    struct recover_report report;
    struct journal_tail tail;
    struct buf why = {0};
    int err = recover_read(d, name, &ops, &report, &tail, &why);

    if (err < 0)
        fprintf(stderr, "leanmq-check-aof: %.*s\n", SLICE_ARG(why));
    else
        report_outcome(j->report, &report);
    if (err == OK && report.outcome == RECOVER_EMPTY)
        err = ERR_FORMAT;
    buf_free(&why);
    return err;
}

static int repair(struct job *j, struct disk *d, const char *name)
{
    struct buf left = {0}, why = {0};
    struct disk *to;
    int err;

    if (mkdir(j->repair_to, 0700) < 0 || !(to = disk_posix(j->repair_to, false))) {
        fprintf(stderr, "leanmq-check-aof: %s: %s\n", j->repair_to, strerror(errno));
        return ERR_IO;
    }
    err = recover_repair(d, name, to, &left, &why);
    if (err < 0)
        fprintf(stderr, "leanmq-check-aof: %.*s\n", SLICE_ARG(why));
    else
        fprintf(j->report, "what verifies is in %s\n", j->repair_to);
    to->ops->close(to);
    if (err == ERR_DAMAGED)
        rmdir(j->repair_to); /* nothing was written there */
    if (left.n)
        fprintf(j->report, "left out, for it is damaged or rests on what is:\n%.*s",
                SLICE_ARG(buf_slice(&left)));
    j->left_out = left.n > 0;
    buf_free(&left);
    buf_free(&why);
    return err;
}

/* A process that writes there would look like damage. */
static int keep_others_out(struct disk *d)
{
    int err = d->ops->exists(d, LOCK_NAME) ? d->ops->lock(d) : OK;

    if (err == ERR_LOCKED)
        fprintf(stderr,
                "leanmq-check-aof: leanmqd is running on that directory; stop it, or look at a copy\n");
    return err == ERR_LOCKED ? err : OK;
}

static int run(struct job *j, struct disk *d)
{
    char *name = recover_find_name(d);
    const char *used = name ? name : "appendonly.aof";
    int err = keep_others_out(d), closed;

    if (err == OK && j->export_to)
        err = export_open(&j->export, j->export_to);
    if (err == OK)
        err = check(j, d, used);
    closed = export_close(&j->export);
    if (j->repair_to && (err == OK || err == ERR_DAMAGED)) {
        err = repair(j, d, used);
    }
    mem_free(name);
    return err < 0 ? err : closed;
}

static bool read_options(struct job *j, int argc, char **argv)
{
    static const struct option options[] = {{"show", no_argument, NULL, 's'},
                                            {"export", required_argument, NULL, 'e'},
                                            {"repair-to", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 's') {
            j->show = true;
        } else if (c == 'e') {
            j->export_to = optarg;
        } else if (c == 'r') {
            j->repair_to = optarg;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            exit(c == 'h' ? EXIT_CLEAN : EXIT_TROUBLE);
        }
    }
    if (optind + 1 == argc)
        j->dir = argv[optind];
    return j->dir != NULL;
}

int main(int argc, char **argv)
{
    struct job j = {0};
    struct disk *d;
    int err;

    if (!read_options(&j, argc, argv)) {
        fputs(usage, stderr);
        return EXIT_TROUBLE;
    }
    j.report = j.show || (j.export_to && strcmp(j.export_to, "-") == 0) ? stderr : stdout;
    d = disk_posix(j.dir, false);
    if (!d) {
        fprintf(stderr, "leanmq-check-aof: %s: %s\n", j.dir, strerror(errno));
        return EXIT_TROUBLE;
    }
    err = run(&j, d);
    d->ops->close(d);
    if (err == OK && j.left_out)
        return EXIT_LEFT_OUT;
    return err == OK ? EXIT_CLEAN : err == ERR_DAMAGED ? EXIT_DAMAGE : EXIT_TROUBLE;
}
