/* tests/sim/test_broker.c - random histories of a whole broker: several clients, a clock, rewrites, a full
 * disk, and ends of every kind. What has to hold afterwards, simbroker.c checks.
 *
 *   SEEDS=n   how many histories (300)
 *   SEED=n    this one alone, told as it goes
 */
#include "base/crc64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/change_policy.h"
#include "simbroker.h"
#include "store/dump.h"
#include "store/group.h"
#include "store/inbox.h"
#include "store/record.h"
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct history {
    struct simbroker *s;
    struct random random;
    struct buf line; /* the request that is being made */
    unsigned client; /* whose it is */
    unsigned full;   /* turns that the disk stays full */
};

/* What was done so far, for whoever has to understand a failure; signal handlers read it too. */
static uint64_t seed;
static struct buf story;
static bool loud;

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *fmt, ...)
{
    size_t from = story.n;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&story, fmt, ap);
    va_end(ap);
    buf_add_char(&story, '\n');
    if (loud) {
        fwrite(story.p + from, 1, story.n - from, stderr);
        fflush(stderr);
    }
}

static void tell_all(void)
{
    if (!loud && story.n)
        fwrite(story.p, 1, story.n, stderr);
    fprintf(stderr, "seed %" PRIu64 "\n", seed);
}

static void on_failure(const char *what, const char *file, int line)
{
    tell_all();
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    fail_msg("seed %" PRIu64 ": %s", seed, what);
}

static void on_abort(int signo)
{
    signal(signo, SIG_DFL);
    tell_all();
}

static uint64_t below(struct history *h, uint64_t n)
{
    return random_below(&h->random, n);
}

static bool once_in(struct history *h, uint64_t n)
{
    return below(h, n) == 0;
}

/* --- making a request --- */

static void word(struct history *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void word(struct history *h, const char *fmt, ...)
{
    va_list ap;

    if (h->line.n)
        buf_add_char(&h->line, ' ');
    va_start(ap, fmt);
    buf_vaddf(&h->line, fmt, ap);
    va_end(ap);
}

static void tell_line(const struct history *h)
{
    size_t from = story.n;

    tell("%u: %.*s", h->client, SLICE_ARG(buf_slice(&h->line)));
    for (size_t i = from; i + 1 < story.n; i++)
        if (story.p[i] < ' ')
            story.p[i] = '?';
}

static void send_line(struct history *h)
{
    if (!h->line.n) /* it has been sent */
        return;
    tell_line(h);
    sim_send(h->s, h->client, buf_slice(&h->line));
    h->line.n = 0;
}

enum kind { STRING, LIST, STREAM, HASH, SET, ZSET, KINDS };

/* Few keys, so that commands meet; now and then one of the wrong type. */
static const char *pick_key(struct history *h, enum kind kind)
{
    static const char *const name[KINDS][3] = {{"s0", "s1", "s2"}, {"l0", "l1", "l0"}, {"q0", "q1", "q2"},
                                               {"h0", "h1", "h0"}, {"m0", "m1", "m2"}, {"z0", "z1", "z2"}};

    if (once_in(h, 32))
        kind = (enum kind)below(h, KINDS);
    return name[kind][below(h, 3)];
}

static const char *any_key(struct history *h)
{
    return pick_key(h, (enum kind)below(h, KINDS));
}

/* Bytes that look like the journal's own, and some that need more than one page of it. */
static void value(struct history *h)
{
    size_t n = (size_t)below(h, once_in(h, 12) ? 900 : 12);

    if (n == 0) {
        word(h, "@");
        return;
    }
    buf_add_char(&h->line, ' ');
    while (n--)
        buf_add_char(&h->line, "\r\n#c*$0a7x"[below(h, 10)]);
}

/* --- what is there: ids that mean something --- */

static const struct stream *stream_at(struct history *h, const char *key)
{
    const struct broker *b = &h->s->service->broker;
    const struct session *s = h->s->client[h->client].session;
    const struct key *k = db_find(b, s ? s->db : 0, slice_of(key));

    return k && k->type == KEY_STREAM ? k->stream : NULL;
}

static bool live_id(struct history *h, const struct stream *st, struct stream_id *id)
{
    struct stream_pos pos;
    struct entry e;
    uint64_t skip = below(h, 12);

    stream_seek(st, STREAM_ID_MIN, &pos);
    if (!stream_next(st, &pos, &e))
        return false;
    while (skip-- && stream_next(st, &pos, &e))
        ;
    *id = e.id;
    return true;
}

static bool pending_id(struct history *h, const struct stream *st, struct stream_id *id)
{
    const struct group *g = stream_group(st, once_in(h, 2) ? SLICE("g0") : SLICE("g1"));
    struct pending p;

    if (!g || !pel_count(&g->pel) || !pel_nth(&g->pel, (size_t)below(h, pel_count(&g->pel)), &p))
        return false;
    *id = p.id;
    return true;
}

static struct stream_id pick_id(struct history *h, const char *key)
{
    const struct stream *st = stream_at(h, key);
    struct stream_id id = {below(h, 30), below(h, 3)};
    uint64_t luck = below(h, 10);

    if (!st || luck == 0)
        return id;
    if (luck == 1)
        return stream_last_id(st);
    if (luck < 6 && live_id(h, st, &id))
        return id;
    pending_id(h, st, &id);
    return id;
}

static void id_word(struct history *h, const char *key)
{
    struct stream_id id = pick_id(h, key);

    word(h, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

static void some_ids(struct history *h, const char *key)
{
    uint64_t n = 1 + below(h, once_in(h, 4) ? 8 : 2);

    while (n--)
        id_word(h, key);
}

/* --- keys, strings, lists --- */

static void when(struct history *h, bool seconds, bool absolute)
{
    int64_t ms = (int64_t)below(h, 4000) - (once_in(h, 8) ? 2000 : 0);

    ms += absolute ? h->s->now.wall : 0;
    word(h, "%" PRId64, seconds ? ms / 1000 : ms);
}

static void make_set(struct history *h)
{
    static const char *const span[] = {"EX", "PX", "EXAT", "PXAT"};
    uint64_t luck = below(h, 12);

    word(h, "SET %s", once_in(h, 6) ? any_key(h) : pick_key(h, STRING));
    if (once_in(h, 3))
        word(h, "%" PRIu64, below(h, 100));
    else
        value(h);
    if (once_in(h, 6))
        word(h, "%s", once_in(h, 2) ? "NX" : "XX");
    if (once_in(h, 6))
        word(h, "GET");
    if (luck < 4) {
        word(h, "%s", span[luck]);
        when(h, luck % 2 == 0, luck >= 2);
    } else if (luck == 4) {
        word(h, "KEEPTTL");
    }
}

static void make_incr(struct history *h)
{
    word(h, "INCR %s", pick_key(h, STRING));
}

static void make_get(struct history *h)
{
    word(h, "GET %s", pick_key(h, STRING));
}

static void make_del(struct history *h)
{
    word(h, "DEL %s", once_in(h, 4) ? any_key(h) : pick_key(h, once_in(h, 2) ? STRING : LIST));
    if (once_in(h, 3))
        word(h, "%s", any_key(h));
}

static void make_expire(struct history *h)
{
    static const char *const name[] = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"};
    static const char *const option[] = {"NX", "XX", "GT", "LT"};
    uint64_t which = below(h, 4);

    word(h, "%s %s", name[which], once_in(h, 3) ? any_key(h) : pick_key(h, once_in(h, 2) ? STRING : LIST));
    when(h, which % 2 == 0, which >= 2);
    if (once_in(h, 5))
        word(h, "%s", option[below(h, 4)]);
}

static void make_persist(struct history *h)
{
    word(h, "PERSIST %s", any_key(h));
}

static void make_push(struct history *h)
{
    uint64_t n = 1 + below(h, 3);

    word(h, "%s %s", once_in(h, 2) ? "LPUSH" : "RPUSH", pick_key(h, LIST));
    while (n--)
        value(h);
}

static void make_pop(struct history *h)
{
    word(h, "%s %s", once_in(h, 2) ? "LPOP" : "RPOP", pick_key(h, LIST));
    if (once_in(h, 3))
        word(h, "%" PRIu64, below(h, 4));
}

static void make_brpop(struct history *h)
{
    word(h, "BRPOP %s", pick_key(h, LIST));
    if (once_in(h, 2))
        word(h, "%s", pick_key(h, LIST));
    word(h, "%s", once_in(h, 8) ? "0" : "0.05");
}

/* Mostly onto a key of the same kind, which often is there. */
static void make_rename(struct history *h)
{
    enum kind kind = (enum kind)below(h, KINDS);

    word(h, "%s %s %s", once_in(h, 3) ? "RENAMENX" : "RENAME", pick_key(h, kind), pick_key(h, kind));
}

static void make_copy(struct history *h)
{
    enum kind kind = once_in(h, 2) ? STREAM : (enum kind)below(h, KINDS);

    word(h, "COPY %s %s", pick_key(h, kind), pick_key(h, kind));
    if (once_in(h, 3))
        word(h, "DB %" PRIu64, below(h, 2));
    if (once_in(h, 2))
        word(h, "REPLACE");
}

/* Some bytes of a dump become others, and its check sum fits them. */
static void spoil(struct history *h, struct buf *dump)
{
    uint64_t sum;

    for (uint64_t n = 1 + below(h, 3); n; n--)
        dump->p[below(h, dump->n - 10)] = (char)(once_in(h, 2) ? below(h, 4) : below(h, 256));
    sum = crc64(0, dump->p, dump->n - 8);
    for (int i = 0; i < 8; i++)
        dump->p[dump->n - 8 + (size_t)i] = (char)(sum >> 8 * i);
}

/* Whatever is in a key, a dump of it is sound. */
static void must_read(struct history *h, struct slice dump)
{
    const struct broker *b = &h->s->service->broker;
    struct rdb_making making = {&b->shape, &b->node_limits};
    enum key_type type;
    void *value;

    sim_must(dump_is_sound(dump) && dump_read(dump, &making, 0, &type, &value) == OK && value);
    rdb_discard(type, value);
}

/* What is in some key of this database, and may be one that is not sound, into another. */
static void make_restore(struct history *h)
{
    const struct session *session = h->s->client[h->client].session;
    enum kind kind = once_in(h, 2) ? STREAM : (enum kind)below(h, KINDS);
    const struct key *k =
        db_find(&h->s->service->broker, session ? session->db : 0, slice_of(pick_key(h, kind)));
    struct buf dump = {0}, request = {0};
    const char *to = pick_key(h, kind), *ttl = once_in(h, 4) ? "1" : once_in(h, 4) ? "300" : "0";

    if (k) {
        dump_write(&dump, k->type, k->value);
        must_read(h, buf_slice(&dump));
    }
    if (k && once_in(h, 4))
        spoil(h, &dump);
    record_head(&request, 5);
    record_str(&request, "RESTORE");
    record_str(&request, to);
    record_str(&request, ttl);
    record_word(&request, k ? buf_slice(&dump) : SLICE(""));
    record_str(&request, "REPLACE");
    tell("%u: RESTORE %s %s <%zu bytes>", h->client, to, ttl, dump.n);
    sim_send_raw(h->s, h->client, buf_slice(&request));
    buf_free(&dump);
    buf_free(&request);
}

static void make_move(struct history *h)
{
    if (once_in(h, 6))
        word(h, "SWAPDB 0 1");
    else
        word(h, "MOVE %s %" PRIu64, any_key(h), below(h, 2));
}

static void make_key_look(struct history *h)
{
    switch (below(h, 6)) {
    case 0:
        word(h, "SCAN %" PRIu64 " COUNT 2", below(h, 3));
        break;
    case 1:
        word(h, "KEYS *");
        break;
    case 2:
        word(h, "RANDOMKEY");
        break;
    case 3:
        word(h, "TOUCH %s %s", any_key(h), any_key(h));
        break;
    case 4:
        word(h, "UNLINK %s", any_key(h));
        break;
    default:
        word(h, "OBJECT %s %s", once_in(h, 2) ? "ENCODING" : "IDLETIME", any_key(h));
    }
}

/* Few members, so that they are there already; now and then enough to leave the compact form. */
static void members(struct history *h, const char *between)
{
    uint64_t n = once_in(h, 40) ? 140 : 1 + below(h, 3), of = n > 3 ? 600 : 9;

    while (n--) {
        if (*between)
            word(h, "%s%" PRIu64, between, below(h, 20));
        word(h, once_in(h, 3) ? "m%" PRIu64 : "%" PRIu64, below(h, of));
    }
}

/* Sparse ones, and dense ones, that one byte changes. */
static void make_counter(struct history *h)
{
    switch (below(h, 8)) {
    case 0:
        word(h, "PFMERGE hll:%d hll:%d", (int)below(h, 3), (int)below(h, 3));
        break;
    case 1:
        word(h, "CONFIG SET hll-sparse-max-bytes %d", once_in(h, 2) ? 3000 : 20);
        break;
    default:
        word(h, "PFADD hll:%d", (int)below(h, 3));
        members(h, "");
    }
}

static void make_string(struct history *h)
{
    const char *key = pick_key(h, STRING);

    switch (below(h, 8)) {
    case 0:
        word(h, "APPEND %s", key);
        value(h);
        break;
    case 1:
        word(h, "SETRANGE %s %d", key, (int)below(h, 30));
        value(h);
        break;
    case 2:
        word(h, "SETBIT %s %d %d", key, (int)below(h, 100), (int)below(h, 2));
        break;
    case 3:
        word(h, "BITFIELD %s OVERFLOW FAIL INCRBY i5 %d 7 SET u9 #2 300", key, (int)below(h, 40));
        break;
    case 5:
    case 6:
        make_counter(h);
        break;
    case 4:
        word(h, "BITOP XOR %s %s %s", key, pick_key(h, STRING), pick_key(h, STRING));
        break;
    default:
        word(h, "%s %s", once_in(h, 2) ? "GETDEL" : "GETEX", key);
        if (h->line.p[4] == 'X')
            word(h, "PX %d", 1 + (int)below(h, 3000));
    }
}

static void make_list(struct history *h)
{
    static const char *const way[] = {"LEFT", "RIGHT"};
    const char *key = pick_key(h, LIST);

    switch (below(h, 7)) {
    case 0:
        word(h, "LSET %s %d", key, (int)below(h, 3) - 1);
        value(h);
        break;
    case 1:
        word(h, "LREM %s %d m1", key, (int)below(h, 3) - 1);
        break;
    case 2:
        word(h, "LTRIM %s %d %d", key, (int)below(h, 3) - 1, (int)below(h, 8) - 2);
        break;
    case 3:
        word(h, "LINSERT %s BEFORE m1", key);
        value(h);
        break;
    case 4:
        word(h, "%sMOVE %s %s %s %s", once_in(h, 4) ? "BL" : "L", key, pick_key(h, LIST), way[below(h, 2)],
             way[below(h, 2)]);
        if (h->line.p[0] == 'B')
            word(h, "0.05");
        break;
    case 5:
        word(h, "SORT %s ALPHA LIMIT %d 4 STORE %s", pick_key(h, once_in(h, 2) ? LIST : SET),
             (int)below(h, 2), pick_key(h, once_in(h, 8) ? HASH : LIST));
        break;
    default:
        word(h, "LMOVEM %s %s %s %s COUNT %d OBO", key, pick_key(h, LIST), way[below(h, 2)], way[below(h, 2)],
             1 + (int)below(h, 3));
    }
}

static void make_hash(struct history *h)
{
    const char *key = pick_key(h, HASH);

    switch (below(h, 5)) {
    case 0:
        word(h, "HINCRBY %s m1 %d", key, (int)below(h, 9) - 4);
        break;
    case 1:
        word(h, "HDEL %s", key);
        members(h, "");
        break;
    default:
        word(h, "HSET %s", key);
        members(h, "f");
    }
}

static void make_members(struct history *h)
{
    static const char *const combine[] = {"SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"};
    const char *key = pick_key(h, SET);

    switch (below(h, 8)) {
    case 0:
        word(h, "%s %s %s %s", combine[below(h, 3)], key, pick_key(h, SET), pick_key(h, SET));
        break;
    case 1:
        word(h, "SPOP %s %d", key, (int)below(h, 4));
        break;
    case 2:
        word(h, "SMOVE %s %s m1", key, pick_key(h, SET));
        break;
    case 3:
        word(h, "SREM %s", key);
        members(h, "");
        break;
    default:
        word(h, "SADD %s", key);
        members(h, "");
    }
}

static void make_zset(struct history *h)
{
    static const char *const combine[] = {"ZINTERSTORE", "ZUNIONSTORE", "ZDIFFSTORE"};
    static const char *const option[] = {"GT", "LT", "NX", "XX"};
    const char *key = pick_key(h, ZSET);

    switch (below(h, 12)) {
    case 0:
        word(h, "%s %s 2 %s %s", combine[below(h, 3)], key, pick_key(h, ZSET),
             pick_key(h, once_in(h, 3) ? SET : ZSET));
        break;
    case 1:
        word(h, "%s %s %d", once_in(h, 2) ? "ZPOPMIN" : "ZPOPMAX", key, (int)below(h, 3));
        break;
    case 2:
        word(h, "ZREMRANGEBYSCORE %s %d %d", key, (int)below(h, 5), (int)below(h, 8));
        break;
    case 3:
        word(h, "ZINCRBY %s 0.1 m1", key);
        break;
    case 4:
        word(h, "ZRANGESTORE %s %s 0 3", key, pick_key(h, ZSET));
        break;
    case 5:
        word(h, "ZREM %s", key);
        members(h, "");
        break;
    case 6:
        word(h, "BZPOPMIN %s 0.05", key);
        break;
    case 7:
        word(h, "GEOADD %s %d %d m%d", key, (int)below(h, 9), (int)below(h, 9), (int)below(h, 4));
        break;
    case 8:
        word(h, "GEOSEARCHSTORE %s %s FROMLONLAT 4 4 BYRADIUS 500 km%s", key, pick_key(h, ZSET),
             once_in(h, 2) ? " STOREDIST" : "");
        break;
    default:
        word(h, "ZADD %s", key);
        if (once_in(h, 3))
            word(h, "%s", option[below(h, 4)]);
        members(h, "1");
    }
}

static void make_flush(struct history *h)
{
    word(h, "%s", once_in(h, 3) ? "FLUSHALL" : once_in(h, 3) ? "FLUSHDB" : "DBSIZE");
}

static void make_select(struct history *h)
{
    word(h, "SELECT %d", once_in(h, 5));
}

/* --- streams --- */

static void refs_word(struct history *h)
{
    static const char *const name[] = {"KEEPREF", "DELREF", "ACKED"};

    word(h, "%s", name[below(h, 3)]);
}

static void trim_words(struct history *h, const char *key)
{
    bool approx = once_in(h, 2), by_id = once_in(h, 3);

    word(h, "%s%s", by_id ? "MINID" : "MAXLEN", approx ? " ~" : once_in(h, 2) ? " =" : "");
    if (by_id)
        id_word(h, key);
    else
        word(h, "%" PRIu64, below(h, 15));
    if (approx && once_in(h, 3))
        word(h, "LIMIT %" PRIu64, below(h, 6));
    if (once_in(h, 2))
        refs_word(h);
}

static void new_id(struct history *h, const char *key)
{
    const struct stream *st = stream_at(h, key);
    struct stream_id last = st ? stream_last_id(st) : STREAM_ID_MIN;

    switch (below(h, 6)) {
    case 0:
        id_word(h, key);
        break;
    case 1:
        word(h, "%" PRIu64 "-*", last.ms + below(h, 3));
        break;
    case 2:
        word(h, "%" PRIu64 "-%" PRIu64, last.ms + below(h, 2), last.seq + 1);
        break;
    case 3:
        if (once_in(h, 200)) {
            word(h, "18446744073709551615-18446744073709551615");
            break;
        }
        /* fall through */
    default:
        word(h, "*");
    }
}

/* Few producers and few ids of each, so that they are used again. */
static void make_xadd_again(struct history *h)
{
    const char *key = pick_key(h, STREAM);
    bool by_content = once_in(h, 3);

    word(h, "XADD %s", key);
    if (once_in(h, 8))
        word(h, "NOMKSTREAM");
    if (by_content)
        word(h, "IDMPAUTO p%" PRIu64, below(h, 3));
    else
        word(h, "IDMP p%" PRIu64 " %" PRIu64, below(h, 3), below(h, 12));
    if (once_in(h, 6))
        trim_words(h, key);
    word(h, "* f%" PRIu64 " %" PRIu64, below(h, 2), below(h, 3));
}

static void make_idmp(struct history *h)
{
    const char *key = pick_key(h, STREAM);

    if (once_in(h, 3)) {
        word(h, "XIDMPRECORD %s p%" PRIu64 " %" PRIu64, key, below(h, 3), below(h, 12));
        id_word(h, key);
        return;
    }
    word(h, "XCFGSET %s", key);
    if (once_in(h, 2))
        word(h, "IDMP-DURATION %" PRIu64, 1 + below(h, 3));
    else
        word(h, "IDMP-MAXSIZE %" PRIu64, 1 + below(h, 5));
}

/* To a queue with HEADERS they say something, to others they are fields. */
static void header_words(struct history *h)
{
    switch (below(h, 4)) {
    case 0:
        word(h, "x-delay %" PRIu64, below(h, 2000));
        break;
    case 1:
        word(h, "x-ttl %" PRIu64, below(h, 4000));
        break;
    case 2:
        word(h, "x-priority %" PRIu64, below(h, 33));
        break;
    default:
        word(h, "x-dedup-id d%" PRIu64, below(h, 6));
    }
    if (once_in(h, 3))
        header_words(h);
}

static void make_xadd(struct history *h)
{
    const char *key = pick_key(h, STREAM);
    uint64_t fields = 1 + below(h, 3);
    bool odd = once_in(h, 3);

    word(h, "XADD %s", key);
    if (once_in(h, 8))
        word(h, "NOMKSTREAM");
    if (once_in(h, 5))
        trim_words(h, key);
    new_id(h, key);
    for (uint64_t i = 0; i < fields; i++) {
        if (odd)
            value(h);
        else
            word(h, "f%" PRIu64, i);
        value(h);
    }
    if (once_in(h, 6))
        header_words(h);
}

/* Few dedup ids, and windows that end within a history or long after it. */
static void dedup_words(struct history *h)
{
    static const char *const window[] = {"",          "WINDOW 40", "WINDOW 200ms",
                                         "WINDOW 1s", "WINDOW 2s", "WINDOW 1d"};

    word(h, "DEDUP d%" PRIu64 " %s", below(h, 6), window[below(h, 6)]);
}

static void delay_words(struct history *h)
{
    if (once_in(h, 3))
        word(h, "AT %" PRId64, h->s->now.wall - 500 + (int64_t)below(h, 3000));
    else
        word(h, "DELAY %" PRIu64, once_in(h, 5) ? below(h, 3) : below(h, 2000));
}

static void make_qadd(struct history *h)
{
    const char *key = pick_key(h, STREAM);
    bool delayed = !once_in(h, 3);

    word(h, "QADD %s", key);
    if (once_in(h, 8))
        word(h, "NOMKSTREAM");
    if (delayed)
        delay_words(h);
    if (once_in(h, 3))
        word(h, "TTL %" PRIu64, below(h, 4000));
    if (once_in(h, 3))
        word(h, "PRIORITY %" PRIu64, below(h, 32));
    if (once_in(h, 3))
        dedup_words(h);
    if (delayed && !once_in(h, 30))
        word(h, "*");
    else
        new_id(h, key);
    for (uint64_t i = 0, fields = 1 + below(h, 3); i < fields; i++) {
        word(h, "f%" PRIu64, i);
        value(h);
    }
}

static void make_qcancel(struct history *h)
{
    const char *key = pick_key(h, STREAM);
    const struct stream *st = stream_at(h, key);
    struct delayed_message m = {.id = {1, 1}};
    struct delayed_pos pos;

    word(h, "QCANCEL %s", key);
    for (uint64_t n = 1 + below(h, 3); n; n--) {
        if (st && stream_inbox(st) && delayed_count(&stream_inbox(st)->delayed)) {
            uint64_t skip = below(h, delayed_count(&stream_inbox(st)->delayed));

            delayed_seek(&stream_inbox(st)->delayed, STREAM_ID_MIN, &pos);
            while (delayed_next(&pos, &m) && skip--)
                ;
        }
        word(h, "%" PRIu64 "-%" PRIu64, m.id.ms, m.id.seq);
    }
}

static void make_xtrim(struct history *h)
{
    const char *key = pick_key(h, STREAM);

    word(h, "XTRIM %s", key);
    trim_words(h, key);
}

static void make_xdel(struct history *h)
{
    const char *key = pick_key(h, STREAM);

    word(h, "XDEL %s", key);
    some_ids(h, key);
}

static void make_xsetid(struct history *h)
{
    const char *key = pick_key(h, STREAM);
    const struct stream *st = stream_at(h, key);
    struct stream_id last = st ? stream_last_id(st) : STREAM_ID_MIN;

    if (last.seq == UINT64_MAX)
        last.seq--;
    word(h, "XSETID %s %" PRIu64 "-%" PRIu64, key, last.ms, last.seq + below(h, 2));
    if (once_in(h, 2)) {
        word(h, "ENTRIESADDED %" PRIu64, (st ? stream_entries_added(st) : 0) + below(h, 3));
        word(h, "MAXDELETEDID");
        id_word(h, key);
    }
}

/* A stream and a group of it, which is there as a rule. */
static const char *group_key(struct history *h, const char **group)
{
    const char *key = NULL;

    for (int tries = 0; tries < 4; tries++) {
        const struct stream *st = stream_at(h, key = pick_key(h, STREAM));

        *group = once_in(h, 3) ? "g1" : "g0";
        if (st && stream_group(st, slice_of(*group)))
            break;
    }
    return key;
}

static const char *pick_consumer(struct history *h)
{
    static const char *const name[] = {"alice", "bob", "carol"};

    return name[below(h, 3)];
}

static void position(struct history *h, const char *key)
{
    if (once_in(h, 3))
        word(h, "$");
    else if (once_in(h, 2))
        word(h, "0");
    else
        id_word(h, key);
    if (once_in(h, 3))
        word(h, "ENTRIESREAD %" PRId64, (int64_t)below(h, 12) - 1);
}

static void make_group(struct history *h)
{
    const char *key = pick_key(h, STREAM);

    word(h, "XGROUP CREATE %s %s", key, once_in(h, 3) ? "g1" : "g0");
    if (once_in(h, 2)) {
        word(h, "0 MKSTREAM");
        return;
    }
    position(h, key);
    if (once_in(h, 2))
        word(h, "MKSTREAM");
}

static void make_group_change(struct history *h)
{
    const char *group, *key = group_key(h, &group);

    switch (below(h, 8)) {
    case 0:
        word(h, "XGROUP DESTROY %s %s", key, group);
        break;
    case 1:
    case 2:
        word(h, "XGROUP CREATECONSUMER %s %s %s", key, group, pick_consumer(h));
        break;
    case 3:
    case 4:
        word(h, "XGROUP DELCONSUMER %s %s %s", key, group, pick_consumer(h));
        break;
    default:
        word(h, "XGROUP SETID %s %s", key, group);
        position(h, key);
    }
}

static void make_xreadgroup(struct history *h)
{
    const char *group, *key[2] = {group_key(h, &group), pick_key(h, STREAM)};
    size_t n = once_in(h, 6) ? 2 : 1;

    word(h, "XREADGROUP GROUP %s %s", group, pick_consumer(h));
    if (once_in(h, 2))
        word(h, "COUNT %" PRIu64, below(h, 6));
    if (once_in(h, 8))
        word(h, "MAXCOUNT %" PRIu64, 5 + below(h, 3));
    if (once_in(h, 8))
        word(h, "MAXSIZE %" PRIu64, 1 + below(h, 400));
    if (once_in(h, 3))
        word(h, "BLOCK %" PRIu64, once_in(h, 10) ? 0 : 1 + below(h, 300));
    if (once_in(h, 6))
        word(h, "NOACK");
    if (once_in(h, 3))
        word(h, "CLAIM %" PRIu64, below(h, 2) * below(h, 500));
    word(h, "STREAMS");
    for (size_t i = 0; i < n; i++)
        word(h, "%s", key[i]);
    for (size_t i = 0; i < n; i++) {
        if (once_in(h, 4))
            word(h, "%s", once_in(h, 2) ? "0" : "3-1");
        else
            word(h, ">");
    }
}

static void make_xack(struct history *h)
{
    const char *group, *key = group_key(h, &group);

    word(h, "XACK %s %s", key, group);
    some_ids(h, key);
}

/* Small ones, and those around the end of what a record of a pending entry has room for. */
static void retry_count(struct history *h)
{
    uint64_t n = below(h, 6);

    if (once_in(h, 3))
        n += once_in(h, 2) ? (UINT64_C(1) << 40) - 3 : (uint64_t)INT64_MAX - 5;
    word(h, "RETRYCOUNT %" PRIu64, n);
}

static void make_xnack(struct history *h)
{
    static const char *const mode[] = {"SILENT", "FAIL", "FATAL"};
    const char *group, *key = group_key(h, &group);
    uint64_t n = 1 + below(h, 4);

    word(h, "XNACK %s %s %s", key, group, mode[below(h, 3)]);
    if (once_in(h, 3))
        word(h, "FORCE");
    word(h, "IDS %" PRIu64, n);
    while (n--)
        id_word(h, key);
    if (once_in(h, 3))
        retry_count(h);
}

static void make_xclaim(struct history *h)
{
    const char *group, *key = group_key(h, &group);

    word(h, "XCLAIM %s %s %s %" PRIu64, key, group, pick_consumer(h), below(h, 2) * below(h, 500));
    some_ids(h, key);
    if (once_in(h, 5))
        word(h, "IDLE %" PRIu64, below(h, 5000));
    else if (once_in(h, 5))
        word(h, "TIME %" PRId64, h->s->now.wall - 2500 + (int64_t)below(h, 5000));
    if (once_in(h, 4))
        retry_count(h);
    if (once_in(h, 3))
        word(h, "FORCE");
    if (once_in(h, 3))
        word(h, "JUSTID");
    if (once_in(h, 4)) {
        word(h, "LASTID");
        id_word(h, key);
    }
}

static void make_removal(struct history *h)
{
    const char *group, *key = group_key(h, &group);
    uint64_t n = 1 + below(h, 4);

    if (once_in(h, 2))
        word(h, "XACKDEL %s %s", key, group);
    else
        word(h, "XDELEX %s", key);
    if (!once_in(h, 3))
        refs_word(h);
    word(h, "IDS %" PRIu64, n);
    while (n--)
        id_word(h, key);
}

static void make_xautoclaim(struct history *h)
{
    const char *group, *key = group_key(h, &group);

    word(h, "XAUTOCLAIM %s %s %s %" PRIu64, key, group, pick_consumer(h), below(h, 2) * below(h, 500));
    if (once_in(h, 2))
        word(h, "0");
    else
        id_word(h, key);
    if (once_in(h, 2))
        word(h, "COUNT %" PRIu64, 1 + below(h, 4));
    if (once_in(h, 3))
        word(h, "JUSTID");
}

static void make_look(struct history *h)
{
    static const char *const fmt[] = {"XLEN %s",
                                      "XRANGE %s - +",
                                      "XREVRANGE %s + - COUNT 2",
                                      "XPENDING %s g0",
                                      "XPENDING %s g0 - + 5",
                                      "XINFO STREAM %s",
                                      "XINFO GROUPS %s",
                                      "XREAD BLOCK 40 STREAMS %s $",
                                      "XINFO CONSUMERS %s g0",
                                      "XREAD COUNT 3 STREAMS %s 0",
                                      "XINFO STREAM %s FULL",
                                      "TTL %s",
                                      "TYPE %s"};
    char text[80];

    snprintf(text, sizeof text, fmt[below(h, sizeof fmt / sizeof *fmt)], pick_key(h, STREAM));
    word(h, "%s", text);
}

static void make_ping(struct history *h)
{
    word(h, "%s", once_in(h, 2) ? "PING" : once_in(h, 2) ? "HELLO 3" : "HELLO 2");
}

static void make_pause(struct history *h)
{
    if (once_in(h, 3))
        word(h, "CLIENT UNPAUSE");
    else
        word(h, "CLIENT PAUSE %d %s", (int)below(h, 100), once_in(h, 3) ? "ALL" : "WRITE");
}

/* A monitor is shown what the others do: it must not see what a crash takes back. */
static void make_watch(struct history *h)
{
    word(h, "%s", once_in(h, 3) ? "MONITOR" : "SLOWLOG GET");
}

/* Every key goes through the records of a rewrite and back. */
static void make_reload(struct history *h)
{
    word(h, "DEBUG RELOAD");
}

/* Values that take effect at once and hold nothing up: what an option does is told elsewhere. */
static void policy_option(struct history *h)
{
    static const char *const option[] = {"JITTER 10",
                                         "JITTER 0",
                                         "DLQ q1",
                                         "DLQ d:{queue}",
                                         "DLQ d:{queue}",
                                         "DLQ \"\"",
                                         "AGING 1s",
                                         "PRIORITIES 4",
                                         "ORDERKEY f",
                                         "ONPOISON skip",
                                         "AGING 0",
                                         "HEADERS yes",
                                         "HEADERS no",
                                         "CONSUMERIDLE 300",
                                         "CONSUMERIDLE 0",
                                         "ACKWAIT 200 ONDISCONNECT requeue",
                                         "ONDISCONNECT keep ACKWAIT 0"};

    word(h, "%s", option[below(h, sizeof option / sizeof *option)]);
}

static void make_qpolicy(struct history *h)
{
    static const char *const name[] = {"q0", "q1", "q2", "q*", "*", "?1", "q[02]", "s0", "d:*"};
    const char *at = name[below(h, sizeof name / sizeof *name)];

    switch (below(h, 8)) {
    case 0:
        word(h, "QPOLICY DEL %s", at);
        break;
    case 1:
        word(h, "QPOLICY DEL %s DLQ JITTER", at);
        break;
    case 2:
        word(h, "QPOLICY %s", once_in(h, 2) ? "LIST" : "SHOW q0");
        break;
    default:
        word(h, "QPOLICY SET %s", at);
        policy_option(h);
        if (once_in(h, 3))
            policy_option(h);
    }
}

static void make_lease(struct history *h)
{
    const char *group, *key = group_key(h, &group);

    if (once_in(h, 4))
        word(h, "QEXTEND %s %s %s %" PRIu64, key, group, pick_consumer(h), below(h, 300));
    else if (once_in(h, 3))
        word(h, "QACK %s %s %s", key, group, pick_consumer(h));
    else
        word(h, "QNACK %s %s %s %s", key, group, pick_consumer(h), once_in(h, 4) ? "DELAY 50" : "REJECT");
    some_ids(h, key);
}

/* Of the dead letters that make_lease() makes, where a policy says where they go. */
static void make_qredrive(struct history *h)
{
    static const char *const dead[] = {"q1", "d:q0", "d:q2"};
    const char *group, *key = group_key(h, &group);

    if (once_in(h, 3)) {
        word(h, "QREDRIVE %s GROUP %s", key, group);
    } else {
        word(h, "QREDRIVE %s", dead[below(h, 3)]);
        if (once_in(h, 3))
            word(h, "TO %s", pick_key(h, STREAM));
    }
    if (once_in(h, 3))
        word(h, "COUNT %" PRIu64, 1 + below(h, 3));
    if (once_in(h, 6))
        word(h, "REASON rejected");
    if (once_in(h, 6))
        word(h, "DRYRUN");
}

static void make_qpurge(struct history *h)
{
    static const char *const state[] = {"new", "ready", "waiting", "dead"};
    const char *group, *key = group_key(h, &group);

    word(h, "QPURGE %s", key);
    if (!once_in(h, 3)) {
        word(h, "GROUP %s", group);
        if (once_in(h, 2))
            word(h, "STATE %s", state[below(h, 4)]);
    } else if (once_in(h, 2)) {
        word(h, "STATE delayed");
    }
}

static void make_wait(struct history *h)
{
    word(h, once_in(h, 3) ? "WAIT %" PRIu64 " 10" : "WAITAOF 1 %" PRIu64 " 10", below(h, 2));
}

/* Any request, from within a script; or a few, and the script fails. Words end with blanks, so there are
 * none. */
static void make_any_words(struct history *h);
static void make_script(struct history *h)
{
    switch (below(h, 4)) {
    case 0:
        word(h,
             "EVAL redis.call('XADD',KEYS[1],'*','f',ARGV[1])redis.call('LPUSH',KEYS[2],ARGV[1])"
             "return\tredis.call('INCR',KEYS[3]) 3 %s %s %s",
             pick_key(h, STREAM), pick_key(h, LIST), pick_key(h, STRING));
        value(h);
        break;
    case 1:
        word(h, "EVAL redis.call('HSET',KEYS[1],'f',math.random())error('half-way') 1 %s", pick_key(h, HASH));
        break;
    default:
        word(h, "EVAL return\tredis.call(unpack(ARGV)) 0");
        make_any_words(h);
    }
}

static void make_function(struct history *h)
{
    unsigned n = (unsigned)below(h, 3), of = (unsigned)below(h, 3);

    switch (below(h, 8)) {
    case 0:
        word(h, "FUNCTION %s", once_in(h, 4) ? "FLUSH" : "STATS");
        break;
    case 1:
        word(h, "FUNCTION DELETE l%u", n);
        break;
    case 2:
    case 3:
        word(
            h,
            "FUNCTION LOAD REPLACE #!lua\tname=l%u\nredis.register_function('f%u',function(keys,args)return\t"
            "redis.call('SET',keys[1],args[1])end)--%u",
            n, of, (unsigned)below(h, 1000));
        break;
    default:
        word(h, "FCALL f%u 1 %s", of, pick_key(h, STRING));
        value(h);
    }
}

static const struct {
    void (*make)(struct history *h);
    unsigned weight;
} requests[] = {
    /* clang-format off */
    {make_xadd, 25},
    {make_xadd_again, 9},
    {make_idmp, 2},
    {make_qadd, 14},
    {make_qcancel, 4},
    {make_xreadgroup, 22},
    {make_group, 9},
    {make_group_change, 6},
    {make_xack, 9},
    {make_xnack, 9},
    {make_xclaim, 8},
    {make_xautoclaim, 6},
    {make_xdel, 4},
    {make_xtrim, 5},
    {make_xsetid, 3},
    {make_look, 5},
    {make_set, 8},
    {make_incr, 4},
    {make_get, 2},
    {make_del, 3},
    {make_expire, 7},
    {make_persist, 2},
    {make_push, 8},
    {make_pop, 5},
    {make_brpop, 3},
    {make_flush, 1},
    {make_select, 3},
    {make_ping, 1},
    {make_watch, 1},
    {make_rename, 3},
    {make_copy, 4},
    {make_restore, 4},
    {make_move, 3},
    {make_key_look, 3},
    {make_string, 5},
    {make_list, 4},
    {make_hash, 6},
    {make_members, 6},
    {make_zset, 6},
    {make_pause, 1},
    {make_removal, 5},
    {make_reload, 1},
    {make_wait, 1},
    {make_script, 8},
    {make_function, 4},
    {make_qpolicy, 4},
    {make_lease, 9},
    {make_qredrive, 5},
    {make_qpurge, 2},
    /* clang-format on */
};

static void make_any_words(struct history *h)
{
    unsigned all = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < sizeof requests / sizeof *requests; k++)
        all += requests[k].weight;
    at = (unsigned)below(h, all);
    while (at >= requests[i].weight)
        at -= requests[i++].weight;
    requests[i].make(h);
}

static void make_any(struct history *h)
{
    make_any_words(h);
    send_line(h);
}

static void line(struct history *h, const char *text)
{
    word(h, "%s", text);
    send_line(h);
}

static void transaction(struct history *h)
{
    uint64_t n = 1 + below(h, 4);

    if (once_in(h, 4)) {
        word(h, "WATCH %s", any_key(h));
        send_line(h);
    }
    line(h, "MULTI");
    while (n--)
        make_any(h);
    line(h, once_in(h, 10) ? "DISCARD" : "EXEC");
}

/* --- a history --- */

/* What new streams are told may be another thing each time: what is there already keeps what it was told. */
static const char *pick_settings(struct history *h)
{
#define COMMON "databases 2\nstream-node-max-entries 3\nenable-debug-command yes\n"
    static const char *const settings[] = {
        COMMON,
        COMMON "stream-idmp-duration 1\n",
        COMMON "stream-idmp-duration 2\nstream-idmp-maxsize 4\nstream-idmp-max-ids 2\n",
        COMMON "queue-dedup-max 3\n",
    };
#undef COMMON

    return settings[below(h, sizeof settings / sizeof *settings)];
}

static void start(struct history *h)
{
    int err;

    h->s->o.settings = pick_settings(h);
    err = sim_start(h->s);

    if (err != OK) {
        tell("-- would not start: the disk is made well");
        simdisk_fail(h->s->disk, 0, OK, false);
        simdisk_capacity(h->s->disk, UINT64_MAX);
        h->full = 0;
        err = sim_start(h->s);
    }
    sim_must(err == OK);
    tell("-- started: outcome %d, offset %" PRIu64, (int)h->s->report.outcome, h->s->written);
}

static void turn(struct history *h)
{
    tell("-- turn");
    if (!sim_turn(h->s)) {
        tell("-- the disk failed");
        start(h);
    }
}

static void kill_it(struct history *h)
{
    tell("-- kill -9");
    sim_kill(h->s);
    start(h);
}

static void cut_it(struct history *h)
{
    tell("-- power cut");
    sim_power_cut(h->s);
    start(h);
}

static void stop_it(struct history *h)
{
    bool good = sim_stop(h->s);

    tell("-- clean stop%s", good ? "" : ": the disk failed");
    if (once_in(h, 2)) {
        tell("-- power cut");
        sim_power_cut(h->s);
    }
    start(h);
}

static void rewrite(struct history *h)
{
    if (!sim_rewriting(h->s)) {
        bool began = sim_rewrite_start(h->s);

        tell("-- rewrite %s", began ? "begun" : "not begun");
    } else if (once_in(h, 6)) {
        tell("-- rewrite given up");
        sim_rewrite_abort(h->s);
    } else {
        bool done = sim_rewrite_finish(h->s);

        tell("-- rewrite %s", done ? "finished" : "failed");
    }
}

static void fill_disk(struct history *h)
{
    uint64_t room = below(h, 3) * 4096;

    tell("-- disk full but for %" PRIu64, room);
    simdisk_capacity(h->s->disk, simdisk_used(h->s->disk) + room);
    h->full = 1 + (unsigned)below(h, 6);
}

static void empty_disk(struct history *h)
{
    tell("-- disk has room");
    simdisk_capacity(h->s->disk, UINT64_MAX);
    h->full = 0;
}

static void change_mode(struct history *h)
{
    struct journal_options *o = &h->s->o.journal;

    o->sync = (enum journal_sync)below(h, 3);
    journal_set(h->s->service->broker.journal, o);
    tell("-- appendfsync %d", (int)o->sync);
}

static void pass_time(struct history *h)
{
    msec ms = (msec)below(h, once_in(h, 6) ? 3000 : 60);

    h->s->now.mono += ms * 1000;
    h->s->now.wall += once_in(h, 40) ? -(msec)below(h, 2000) : ms; /* somebody sets the clock */
    if (once_in(h, 2)) {
        tell("-- synced");
        simsyncer_finish(h->s->syncer);
    }
    tell("-- wall %" PRId64, h->s->now.wall);
}

static void accident(struct history *h)
{
    uint64_t luck = below(h, 60);

    if (h->full && --h->full == 0)
        empty_disk(h);
    if (luck < 5)
        rewrite(h);
    else if (luck == 5)
        fill_disk(h);
    else if (luck == 6)
        kill_it(h);
    else if (luck == 7)
        cut_it(h);
    else if (luck == 8 && once_in(h, 2))
        stop_it(h);
    else if (luck == 9)
        change_mode(h);
    else if (luck < 12)
        sim_connect(h->s, h->client);
}

/* Most commands are about groups: without one they say little. */
static void see_to_groups(struct history *h)
{
    static const char *const key[] = {"q0", "q1", "q2"};
    const char *one = key[below(h, 3)];
    const struct stream *st = stream_at(h, one);

    if (st && stream_group_count(st))
        return;
    word(h, "XGROUP CREATE %s %s 0 MKSTREAM", one, once_in(h, 3) ? "g1" : "g0");
    send_line(h);
}

/* As when a dead letter comes: no command alone does it. */
static void mark_dlq(struct history *h)
{
    struct broker *b = &h->s->service->broker;
    const char *key = pick_key(h, STREAM);
    int db = (int)below(h, 2);
    const struct key *k = db_find(b, db, slice_of(key));

    if (!k || k->type != KEY_STREAM || !b->journal)
        return;
    tell("-- %s of database %d has had a dead letter", key, db);
    change_dlq(b, db, slice_of(key));
}

static void one_turn(struct history *h)
{
    uint64_t n = 1 + below(h, 5);

    pass_time(h);
    if (once_in(h, 30))
        mark_dlq(h);
    while (n--) {
        h->client = (unsigned)below(h, SIM_CLIENTS);
        if (!h->s->client[h->client].session)
            sim_connect(h->s, h->client);
        see_to_groups(h);
        if (once_in(h, 12))
            transaction(h);
        else
            make_any(h);
        if (once_in(h, 16))
            h->s->client[h->client].show = (size_t)below(h, h->s->client[h->client].in.n + 1);
    }
    turn(h);
    accident(h);
}

static void settle(struct history *h)
{
    empty_disk(h);
    tell("-- settles");
    sim_must(sim_settle(h->s));
    sim_check(h->s);
}

/* However the history ended: its state survives kill -9, a rewrite, and a power cut. */
static void endings(struct history *h)
{
    settle(h);
    kill_it(h);
    sim_check(h->s);
    if (!sim_rewriting(h->s))
        rewrite(h);
    sim_must(sim_rewriting(h->s) && sim_rewrite_finish(h->s));
    tell("-- rewrite finished");
    kill_it(h);
    sim_must(h->s->report.outcome == RECOVER_CLEAN);
    one_turn(h);
    cut_it(h);
    settle(h);
    stop_it(h);
}

static void history_open(struct history *h, uint64_t with_seed, enum journal_sync sync)
{
    struct sim_options o = {
        .seed = with_seed,
        .journal = {.sync = sync, .reserve = 12288, .unsynced_limit = 1 << 20},
    };

    seed = with_seed;
    story.n = 0;
    *h = (struct history){0};
    random_seed(&h->random, with_seed + UINT64_C(0x9e3779b97f4a7c15));
    if (once_in(h, 8))
        o.journal.reserve = 0;
    if (once_in(h, 8))
        o.journal.unsynced_limit = 2048; /* so little that requests have to wait for the disk */
    tell("-- appendfsync %d, reserve %" PRIu64, (int)o.journal.sync, o.journal.reserve);
    h->s = sim_new(&o);
    start(h);
}

static void history_close(struct history *h)
{
    sim_free(h->s);
    buf_free(&h->line);
}

static void run_history(uint64_t with_seed)
{
    struct history h;
    uint64_t turns;

    history_open(&h, with_seed, (enum journal_sync)(with_seed % 3));
    turns = 15 + below(&h, 30);
    while (turns--)
        one_turn(&h);
    endings(&h);
    history_close(&h);
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void histories(void **state)
{
    uint64_t one = from_env("SEED", 0), n = from_env("SEEDS", 300);

    (void)state;
    loud = one != 0;
    if (one)
        run_history(one);
    for (uint64_t i = 1; !one && i <= n; i++)
        run_history(i);
}

/* --- the disk fails at call n --- */

static void fixed_turn(struct history *h, unsigned client, const char *const *text, size_t n)
{
    if (!h->s->service)
        return;
    h->client = client;
    for (size_t i = 0; i < n; i++)
        line(h, text[i]);
    pass_time(h);
    if (!sim_turn(h->s))
        tell("-- the disk failed");
}

#define TURN(h, client, ...)                                                                                 \
    fixed_turn(h, client, (const char *const[]){__VA_ARGS__},                                                \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void fixed_rewrite(struct history *h)
{
    if (h->s->service && sim_rewriting(h->s))
        sim_rewrite_finish(h->s);
    else if (h->s->service)
        sim_rewrite_start(h->s);
}

static void fixed_history(struct history *h)
{
    TURN(h, 0, "SET s0 1", "INCR s0", "RPUSH l0 a b c");
    TURN(h, 1, "XGROUP CREATE q0 g0 0 MKSTREAM", "XADD q0 * f v", "XADD q0 * f w");
    TURN(h, 2, "XREADGROUP GROUP g0 alice COUNT 1 STREAMS q0 >", "BRPOP l1 0.01");
    fixed_rewrite(h);
    TURN(h, 0, "MULTI", "LPUSH l1 x", "XADD q0 MAXLEN 2 * f x", "EXEC", "SELECT 1", "SET s1 2 PX 5");
    TURN(h, 1, "XREADGROUP GROUP g0 bob STREAMS q0 >", "XAUTOCLAIM q0 g0 carol 0 0");
    fixed_rewrite(h);
    TURN(h, 0, "INCR s1", "LPOP l0", "XNACK q0 g0 FATAL IDS 1 0-1 FORCE");
    TURN(h, 2, "XREADGROUP GROUP g0 alice BLOCK 5 CLAIM 1 STREAMS q0 >");
    TURN(h, 1, "XACK q0 g0 0-1", "XDEL q0 0-1", "SET s2 3", "QADD q0 DELAY 2 DEDUP a * f y",
         "QADD q0 DELAY 1d * f z");
    TURN(h, 2, "QCANCEL q0 0-1", "QADD q0 TTL 1s DEDUP b WINDOW 2 * f y");
}

/* False: the history has fewer than n calls that can fail so. */
static bool fail_call(uint64_t n, int err, bool stays, bool cut, enum journal_sync sync)
{
    struct history h;
    bool failed;

    history_open(&h, n, sync);
    random_seed(&h.random, 1); /* the same history each time */
    tell("-- call %" PRIu64 " fails with %d%s", n, err, stays ? " and all after it" : "");
    simdisk_fail(h.s->disk, n, err, stays);
    fixed_history(&h);
    failed = simdisk_has_failed(h.s->disk);
    simdisk_fail(h.s->disk, 0, OK, false);
    if (cut)
        sim_power_cut(h.s);
    else
        sim_kill(h.s);
    start(&h);
    one_turn(&h);
    settle(&h);
    history_close(&h);
    return failed;
}

static void disk_fails_at_call_n(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 24; how++) {
        uint64_t n = 1;

        while (fail_call(n, how & 1 ? ERR_IO : ERR_NO_SPACE, how & 2, how & 4, (enum journal_sync)(how / 8)))
            n++;
        assert_true(n > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_fails_at_call_n),
        cmocka_unit_test(histories),
    };
    int failed;

    signal(SIGABRT, on_abort);
    sim_on_failure = on_failure;
    log_set_level(LOG_LEVEL_WARNING); /* what must() says */
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_free(&story);
    return failed;
}
