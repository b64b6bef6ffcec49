/* cmd/read_cmds.c - XREAD and XREADGROUP: what is above given ids, now or when it comes. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/unsettled.h"
#include "queue/take.h"
#include "stream_args.h"

/* One stream that is read. */
struct source {
    struct slice name;
    struct stream_id after; /* what lies above is wanted; NEW_ONES */
    const struct stream *s; /* NULL: absent */
    struct group *g;        /* XREADGROUP */
};
#define NEW_ONES     STREAM_ID_MAX /* `>`: nothing lies above it, so that as an id it would be of no use */
#define SOURCES_ROOM 32            /* so many need no memory, unless they have to wait */

struct read {
    struct slice group, consumer;
    bool grouped, noack, blocks;
    bool claims;              /* with `>`: first what has been pending for so long */
    int64_t min_idle;         /* msec */
    int64_t count;            /* of each stream; 0: no limit */
    int64_t max_count;        /* of all streams together; 0: no limit */
    int64_t max_size;         /* bytes of the reply, after which no other entry comes; 0: no limit */
    msec timeout;             /* 0: for ever */
    const struct slice *name; /* n names, then as many ids; good until the command returns */
    size_t n;
    struct source *src;
    struct slice *kept; /* while it waits: the bytes of all slices above but `name` */
};

/* --- what is asked --- */

static int fail_group_only(struct call *c, const char *option)
{
    return call_fail(c, "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.",
                     option);
}

static int parse_block(struct call *c, struct slice text, struct read *a)
{
    a->blocks = true;
    return call_timeout_ms(c, text, &a->timeout);
}

static int parse_claim(struct call *c, struct slice text, struct read *a)
{
    if (!a->grouped)
        return fail_group_only(c, "CLAIM");
    if (!num_i64(text, &a->min_idle))
        return call_fail(c, "ERR min-idle-time is not an integer or out of range");
    if (a->min_idle < 0)
        return call_fail(c, "ERR min-idle-time must be a positive integer");
    a->claims = true;
    return OK;
}

static int parse_most(struct call *c, struct slice text, const char *option, int64_t *most)
{
    return num_i64(text, most) && *most > 0 ? OK : call_fail(c, "ERR %s must be a positive integer", option);
}

static int parse_streams(struct call *c, size_t at, struct read *a)
{
    if ((c->n - at) % 2)
        return call_fail(
            c, "ERR Unbalanced '%s' list of streams: for each stream key an ID%s must be specified.",
            a->grouped ? "xreadgroup" : "xread", a->grouped ? " or '>'" : ", '+', or '$'");
    a->name = c->arg + at;
    a->n = (c->n - at) / 2;
    return OK;
}

/* The option at arg[*i], whose last word it is afterwards. */
static int parse_option(struct call *c, size_t *i, struct read *a)
{
    struct slice word = c->arg[*i];
    size_t more = c->n - *i - 1;

    if (more >= 2 && slice_is(word, "GROUP")) {
        if (!a->grouped)
            return fail_group_only(c, "GROUP");
        a->group = c->arg[++*i];
        a->consumer = c->arg[++*i];
        return OK;
    }
    if (more && slice_is(word, "COUNT")) {
        if (!num_i64(c->arg[++*i], &a->count))
            return ERR_INT;
        a->count = a->count < 0 ? 0 : a->count;
        return OK;
    }
    if (more && slice_is(word, "BLOCK"))
        return parse_block(c, c->arg[++*i], a);
    if (more && slice_is(word, "MAXCOUNT"))
        return parse_most(c, c->arg[++*i], "MAXCOUNT", &a->max_count);
    if (more && slice_is(word, "MAXSIZE"))
        return parse_most(c, c->arg[++*i], "MAXSIZE", &a->max_size);
    if (more && slice_is(word, "CLAIM"))
        return parse_claim(c, c->arg[++*i], a);
    if (!slice_is(word, "NOACK"))
        return ERR_SYNTAX;
    a->noack = true;
    return a->grouped ? OK : fail_group_only(c, "NOACK");
}

static int read_parse(struct call *c, bool grouped, struct read *a)
{
    int err = OK;

    *a = (struct read){.grouped = grouped};
    for (size_t i = 1; i < c->n && !a->name && err == OK; i++) {
        if (i + 1 < c->n && slice_is(c->arg[i], "STREAMS"))
            err = parse_streams(c, i + 1, a);
        else
            err = parse_option(c, &i, a);
    }
    if (err != OK)
        return err;
    if (!a->name)
        return ERR_SYNTAX;
    if (a->max_count && a->max_count < a->count)
        return call_fail(c, "ERR MAXCOUNT must be greater than or equal to COUNT");
    return grouped && !a->group.p ? call_fail(c, "ERR Missing GROUP option for XREADGROUP") : OK;
}

/* Positions of the keys: the first half of what follows STREAMS. A group or a consumer may have that name
 * too, so the options are gone through. */
size_t keys_xread(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    size_t i = 1, keys;

    while (i < n && !slice_is(arg[i], "STREAMS")) {
        if (slice_is(arg[i], "GROUP"))
            i += 3;
        else if (slice_is(arg[i], "COUNT") || slice_is(arg[i], "BLOCK") || slice_is(arg[i], "CLAIM") ||
                 slice_is(arg[i], "MAXCOUNT") || slice_is(arg[i], "MAXSIZE"))
            i += 2;
        else if (slice_is(arg[i], "NOACK"))
            i++;
        else
            return 0;
    }
    if (i >= n || (n - i - 1) % 2)
        return 0;
    keys = (n - i - 1) / 2 < max ? (n - i - 1) / 2 : max;
    for (size_t k = 0; k < keys; k++)
        pos[k] = i + 1 + k;
    return keys;
}

/* --- where it is read --- */

static int look_up(struct call *c, const struct read *a, struct source *src)
{
    int err = stream_read(c, src->name, &src->s);

    if (err != OK || !a->grouped)
        return err;
    src->g = src->s ? stream_group(src->s, a->group) : NULL;
    if (src->g)
        return consumer_admit(c, src->name, src->g, a->consumer);
    return call_fail(c, "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP option",
                     SLICE_ARG(src->name), SLICE_ARG(a->group));
}

static int fail_meaningless(struct call *c, char id)
{
    return call_fail(
        c,
        "ERR The %c ID is meaningless in the context of XREADGROUP: you want to read the history of "
        "this consumer by specifying a proper ID, or use the > ID to get new messages. The %c ID would "
        "just return an empty result set.",
        id, id);
}

/* `+`: as if all but the last entry had been read. */
static struct stream_id before_last(const struct stream *s)
{
    struct stream_back back;
    struct entry last = {.id = STREAM_ID_MIN};

    if (s) {
        stream_seek_back(s, STREAM_ID_MAX, &back);
        if (stream_prev(s, &back, &last))
            stream_id_prev(&last.id);
    }
    return last.id;
}

static int parse_after(struct call *c, const struct read *a, struct slice text, struct source *src)
{
    char only = text.n == 1 ? *text.p : 0;

    switch (only) {
    case '$':
    case '+':
        if (a->grouped)
            return fail_meaningless(c, only);
        if (only == '+')
            src->after = before_last(src->s);
        else
            src->after = src->s ? stream_last_id(src->s) : STREAM_ID_MIN;
        return OK;
    case '>':
        if (!a->grouped)
            return call_fail(
                c, "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
                   "<consumer> option.");
        src->after = NEW_ONES;
        return OK;
    default:
        return stream_id_parse(text, 0, &src->after);
    }
}

static int find_sources(struct call *c, const struct read *a)
{
    int err = OK;

    for (size_t i = 0; i < a->n && err == OK; i++) {
        a->src[i] = (struct source){.name = a->name[i]};
        if ((err = look_up(c, a, &a->src[i])) == OK)
            err = parse_after(c, a, a->name[a->n + i], &a->src[i]);
    }
    return err;
}

/* The same for one that waited: its ids are known. Without a group, a key that is no stream any more is
 * like one that is not there. */
static int find_again(struct call *c, const struct read *a)
{
    int err = OK;

    for (size_t i = 0; i < a->n && err == OK; i++) {
        err = look_up(c, a, &a->src[i]);
        if (err == ERR_TYPE && !a->grouped)
            err = OK;
    }
    return err;
}

/* --- what is there --- */

/* The reply grows stream by stream; without one there is none. */
struct answer {
    uint64_t from, place; /* where in the outbox it begins, and where the number of streams goes */
    size_t streams;
    uint64_t entries;
};

/* The stream's name; where the number of its entries, which will be about so many, goes. */
static uint64_t answer_stream(struct call *c, struct answer *ans, struct slice name, size_t about)
{
    if (ans->streams++ == 0)
        ans->place = reply_later(c->reply, 0);
    if (c->reply->proto < 3)
        reply_array(c->reply, 2);
    reply_bulk(c->reply, name);
    return reply_later(c->reply, about);
}

static void answer_end(struct call *c, const struct answer *ans)
{
    if (c->reply->proto < 3)
        reply_fill_array(c->reply, ans->place, ans->streams);
    else
        reply_fill_map(c->reply, ans->place, ans->streams);
}

/* How many entries of the next stream, at most; 0 if the reply is full. */
static uint64_t entries_max(const struct read *a, const struct answer *ans)
{
    uint64_t each = a->count ? (uint64_t)a->count : UINT64_MAX;
    uint64_t left = a->max_count ? (uint64_t)a->max_count - ans->entries : UINT64_MAX;

    return each < left ? each : left;
}

/* One entry comes whatever its size, so this is asked of those behind it. A reply that is not sent has no
 * size. */
static bool size_reached(const struct call *c, const struct read *a, const struct answer *ans)
{
    return a->max_size && outbox_pos(c->reply->out) - ans->from >= (uint64_t)a->max_size;
}

static bool is_full(const struct call *c, const struct read *a, const struct answer *ans)
{
    return ans->entries && (entries_max(a, ans) == 0 || size_reached(c, a, ans));
}

static void give_copies(struct call *c, const struct read *a, const struct source *src, struct answer *ans)
{
    struct stream_id from = src->after;
    struct stream_pos pos;
    struct entry e;
    uint64_t place, n = 0, max = entries_max(a, ans);

    if (!stream_id_next(&from) || stream_id_cmp(from, stream_last_id(src->s)) > 0)
        return;
    stream_seek(src->s, from, &pos);
    if (!stream_next(src->s, &pos, &e))
        return;
    place = answer_stream(c, ans, src->name, 0);
    do {
        entry_reply(&e, c->reply);
        n++;
    } while (n < max && !size_reached(c, a, ans) && stream_next(src->s, &pos, &e));
    ans->entries += n;
    reply_fill_array(c->reply, place, n);
}

/* How many will come, where that is known. */
static size_t new_ones(const struct source *src, uint64_t max)
{
    int64_t lag = stream_lag(src->s, src->g);

    return lag < 0 ? 0 : (uint64_t)lag < max ? (size_t)lag : max;
}

/* With CLAIM, an entry also tells how long it had been pending, and how often it had been delivered. */
static void reply_delivered(struct call *c, const struct entry *e, msec idle, uint64_t count)
{
    reply_array(c->reply, 4);
    reply_stream_id(c->reply, e->id);
    entry_reply_fields(e, c->reply);
    reply_int(c->reply, idle);
    reply_int(c->reply, (int64_t)count);
}

/* What a stream's part of the answer holds so far. */
struct part {
    uint64_t place, n;
};

/* In a queue a lease whose message is gone ends when it is come upon, as with XAUTOCLAIM. */
static void give_claimed(struct call *c, const struct read *a, const struct source *src, struct consumer *who,
                         struct answer *ans, struct part *part)
{
    msec until = idle_until(c, a->min_idle);
    uint64_t max = entries_max(a, ans);
    struct stream_pos pos;
    struct queue_at at;
    struct doomed doomed = {0};
    struct holding h;
    struct pending p;
    struct entry e;
    bool queue = queue_at(&at, c->broker, c->db, src->name, src->s, c->now);

    stream_seek(src->s, STREAM_ID_MIN, &pos);
    change_claim_open(&h, c->broker, c->db, src->name, src->g, who, c->now.wall);
    while (h.n < max && !(h.n && size_reached(c, a, ans)) && doomed.n < TAKE_ROOM &&
           change_claim_next(&h, until, &p)) {
        if (!find_from(src->s, &pos, p.id, &e)) {
            if (queue && at.q->governed)
                change_hold_drop(&h, p.id);
            continue;
        }
        if (queue && !queue_may_deliver(&at, &p, &e, &doomed))
            continue;
        if (h.n == 0)
            part->place = answer_stream(c, ans, src->name, 0);
        reply_delivered(c, &e, pending_idle(&p, c->now.wall), p.count);
        change_hold(&h, p.id, p.count + 1);
    }
    part->n = h.n;
    if (h.n)
        change_consumer_active(who, c->now.wall);
    change_hold_close(&h);
    if (queue)
        queue_redelivered(&at, src->g, &doomed);
}

/* New ones from `e` on, for one who claims, or sets a size. Apart from the others, who pay nothing for it. */
static __attribute__((noinline)) void deliver_told(struct call *c, const struct read *a,
                                                   const struct answer *ans, struct delivery *d,
                                                   struct entry *e, uint64_t max)
{
    do
        if (a->claims)
            reply_delivered(c, e, 0, 0);
        else
            entry_reply(e, c->reply);
    while (--max && !size_reached(c, a, ans) && change_deliver_next(d, e));
}

static __attribute__((noinline)) void give_new(struct call *c, const struct read *a, const struct source *src,
                                               struct consumer *who, struct answer *ans, struct part *part)
{
    struct reply *r = c->reply;
    struct delivery d;
    struct entry e;
    uint64_t max = entries_max(a, ans) - part->n, left = max;

    if (max == 0 || (part->n && size_reached(c, a, ans)) ||
        stream_id_cmp(stream_last_id(src->s), src->g->last_id) <= 0)
        return;
    change_deliver_open(&d, c->broker, c->db, src->name, src->g, who, a->noack, c->now.wall);
    if (change_deliver_next(&d, &e)) {
        if (part->n == 0)
            part->place = answer_stream(c, ans, src->name, new_ones(src, max));
        if (a->claims || a->max_size)
            deliver_told(c, a, ans, &d, &e, max);
        else
            do
                entry_reply(&e, r);
            while (--left && change_deliver_next(&d, &e));
    }
    change_deliver_close(&d);
    part->n += d.n;
}

/* What a queue has for one who asks for what comes next. Apart, as above. */
static __attribute__((noinline)) void give_queued(struct call *c, const struct read *a,
                                                  const struct source *src, const struct queue_at *at,
                                                  struct consumer *who, struct answer *ans, struct part *part)
{
    uint64_t max = entries_max(a, ans) - part->n;
    struct taking t;
    struct entry e;

    queue_take_open(&t, at, src->g, who, a->noack);
    while (t.n < max && !(part->n + t.n && size_reached(c, a, ans)) && queue_take_next(&t, &e)) {
        if (part->n + t.n == 1)
            part->place = answer_stream(c, ans, src->name, 0);
        if (a->claims)
            reply_delivered(c, &e, t.idle, t.count);
        else
            entry_reply(&e, c->reply);
    }
    part->n += t.n;
    queue_take_close(&t);
}

static void end_part(struct call *c, const struct part *part, struct answer *ans)
{
    ans->entries += part->n;
    if (part->n)
        reply_fill_array(c->reply, part->place, part->n);
}

/* What may be claimed, if that is asked for; then what comes next, if need be out of a queue. Apart, too. */
static __attribute__((noinline)) void give_any(struct call *c, const struct read *a, const struct source *src,
                                               struct consumer *who, struct answer *ans)
{
    struct part part = {0};
    struct queue_at at;

    if (a->claims)
        give_claimed(c, a, src, who, ans, &part);
    if (queue_at(&at, c->broker, c->db, src->name, src->s, c->now))
        give_queued(c, a, src, &at, who, ans, &part);
    else
        give_new(c, a, src, who, ans, &part);
    end_part(c, &part, ans);
}

/* `>` */
static inline void give_next(struct call *c, const struct read *a, const struct source *src,
                             struct consumer *who, struct answer *ans)
{
    struct part part = {0};

    if (a->claims || src->g->backlog || unsettled_any(c->broker)) { /* a queue, or it may become one now */
        give_any(c, a, src, who, ans);
        return;
    }
    give_new(c, a, src, who, ans, &part);
    end_part(c, &part, ans);
}

/* What the consumer has not acknowledged. A message that is gone is told by its id alone, and does not
 * count as delivered once more. */
static void give_history(struct call *c, const struct read *a, const struct source *src, struct consumer *who,
                         struct answer *ans)
{
    uint64_t place = answer_stream(c, ans, src->name, 0);
    struct stream_id from = src->after;
    struct stream_pos pos;
    struct queue_at at;
    struct doomed doomed = {0};
    struct holding h;
    struct pending p;
    struct entry e;
    uint64_t n = 0, max = entries_max(a, ans);
    bool queue = queue_at(&at, c->broker, c->db, src->name, src->s, c->now);

    if (!who->pending || !stream_id_next(&from))
        return;
    stream_seek(src->s, STREAM_ID_MIN, &pos);
    change_hold_open(&h, c->broker, c->db, src->name, src->g, who, c->now.wall);
    while (n < max && !(n && size_reached(c, a, ans)) && pel_seek_owner(&src->g->pel, from, who->slot, &p)) {
        from = p.id;
        if (!find_from(src->s, &pos, p.id, &e)) {
            reply_array(c->reply, 2);
            reply_stream_id(c->reply, p.id);
            reply_null_array(c->reply);
            n++;
        } else if (!queue || queue_may_deliver(&at, &p, &e, &doomed)) {
            entry_reply(&e, c->reply);
            change_hold(&h, p.id, p.count + 1);
            n++;
        }
        if (!stream_id_next(&from))
            break;
    }
    change_hold_close(&h);
    if (queue)
        queue_redelivered(&at, src->g, &doomed);
    ans->entries += n;
    reply_fill_array(c->reply, place, n);
}

/* ERR_BLOCK: nothing. The consumer is made all the same. */
static int give(struct call *c, const struct read *a)
{
    struct answer ans = {.from = outbox_pos(c->reply->out)};

    for (size_t i = 0; i < a->n && !is_full(c, a, &ans); i++) {
        const struct source *src = &a->src[i];

        if (!src->s)
            continue;
        if (a->grouped) {
            struct consumer *who = reader_at(c, src->name, src->s, src->g, a->consumer);

            if (stream_id_cmp(src->after, NEW_ONES) == 0)
                give_next(c, a, src, who, &ans);
            else
                give_history(c, a, src, who, &ans);
        } else {
            give_copies(c, a, src, &ans);
        }
    }
    if (ans.streams == 0)
        return ERR_BLOCK;
    answer_end(c, &ans);
    return OK;
}

/* --- waiting --- */

static int read_serve(struct call *c, void *parsed)
{
    const struct read *a = parsed;
    int err = find_again(c, a);

    return err == OK ? give(c, a) : err;
}

static void read_timeout(struct call *c, void *parsed)
{
    (void)parsed;
    reply_null_array(c->reply);
}

static void read_free(void *parsed)
{
    struct read *a = parsed;

    mem_free(a->src);
    mem_free(a->kept);
    mem_free(a);
}

/* A copy that owns its bytes: group, consumer and the names. */
static struct read *read_keep(const struct read *a)
{
    struct read *keep = mem_alloc(sizeof *keep);
    struct slice *words = mem_alloc((2 + a->n) * sizeof *words);

    words[0] = a->group;
    words[1] = a->consumer;
    memcpy(words + 2, a->name, a->n * sizeof *words);
    *keep = *a;
    keep->kept = args_copy(words, 2 + a->n);
    keep->group = keep->kept[0];
    keep->consumer = keep->kept[1];
    keep->name = keep->kept + 2;
    keep->src = mem_alloc(a->n * sizeof *keep->src);
    for (size_t i = 0; i < a->n; i++)
        keep->src[i] = (struct source){.name = keep->name[i], .after = a->src[i].after};
    mem_free(words);
    return keep;
}

static int read_wait(struct call *c, const struct read *a)
{
    struct read *keep = read_keep(a);
    struct pending_call p = {.cmd = c->cmd,
                             .serve = read_serve,
                             .timeout = read_timeout,
                             .parsed = keep,
                             .free = read_free,
                             .db = c->db};
    usec until = INT64_MAX;

    if (a->timeout && a->timeout < (INT64_MAX - c->now.mono) / 1000)
        until = c->now.mono + a->timeout * 1000;
    call_wait(c, &p, keep->name, keep->n, a->grouped ? WAIT_GROUP : WAIT_COPY, keep->group, until);
    c->session->waiter.as = keep->consumer;
    if (a->claims)
        wait_claim(c->broker, &c->session->waiter, a->min_idle);
    return ERR_BLOCK;
}

static int read_now(struct call *c, const struct read *a)
{
    int err = find_sources(c, a);

    if (err != OK || (err = give(c, a)) != ERR_BLOCK)
        return err;
    if (a->blocks && !c->in_exec && c->session)
        return read_wait(c, a);
    reply_null_array(c->reply);
    return OK;
}

static int read_command(struct call *c, bool grouped)
{
    struct source room[SOURCES_ROOM];
    struct read a;
    int err = read_parse(c, grouped, &a);

    if (err != OK)
        return err;
    a.src = a.n <= SOURCES_ROOM ? room : mem_alloc(a.n * sizeof *a.src);
    err = read_now(c, &a);
    if (a.src != room)
        mem_free(a.src);
    return err;
}

int cmd_xread(struct call *c)
{
    return read_command(c, false);
}

int cmd_xreadgroup(struct call *c)
{
    return read_command(c, true);
}
