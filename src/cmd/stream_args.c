/* stream_args.c - see stream_args.h. */
#include "stream_args.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/session.h"
#include "queue/reading.h"

/* --- ids --- */

/* `-` and `+`: the lowest id and the highest. */
static bool is_extreme(struct slice text, struct stream_id *id)
{
    if (text.n != 1 || (*text.p != '-' && *text.p != '+'))
        return false;
    *id = *text.p == '-' ? STREAM_ID_MIN : STREAM_ID_MAX;
    return true;
}

int parse_position(struct slice text, struct stream_id *id)
{
    return is_extreme(text, id) ? OK : stream_id_parse(text, 0, id);
}

/* After `(` there has to be an id; a lone `(` is none. */
static bool is_exclusive(struct slice text)
{
    return text.n > 1 && *text.p == '(';
}

int parse_start(struct call *c, struct slice text, struct stream_id *id)
{
    if (!is_exclusive(text))
        return parse_position(text, id);
    if (stream_id_parse((struct slice){text.p + 1, text.n - 1}, 0, id) != OK)
        return ERR_ID;
    return stream_id_next(id) ? OK : call_fail(c, "ERR invalid start ID for the interval");
}

int parse_end(struct call *c, struct slice text, struct stream_id *id)
{
    if (!is_exclusive(text))
        return is_extreme(text, id) ? OK : stream_id_parse(text, UINT64_MAX, id);
    if (stream_id_parse((struct slice){text.p + 1, text.n - 1}, UINT64_MAX, id) != OK)
        return ERR_ID;
    return stream_id_prev(id) ? OK : call_fail(c, "ERR invalid end ID for the interval");
}

void ids_parse(struct ids *ids, const struct slice *arg, size_t n)
{
    ids->v = n <= IDS_ROOM ? ids->room : mem_alloc(n * sizeof *ids->v);
    ids->n = 0;
    while (ids->n < n && stream_id_parse(arg[ids->n], 0, &ids->v[ids->n]) == OK)
        ids->n++;
}

void ids_free(struct ids *ids)
{
    if (ids->v != ids->room)
        mem_free(ids->v);
}

/* --- XADD and XTRIM --- */

#define TRIM_NODES   100   /* that `~` without a LIMIT takes at most */
#define TRIM_LIMIT   10000 /* the same, of entries, when nodes have no limit */
#define TRIM_AT_MOST 1000000

struct trim_options {
    struct stream_trim *trim;
    int64_t limit;   /* -1: not given */
    bool refs_given; /* a second word of that kind is no option */
};

bool parse_refs(struct slice word, enum refs_policy *refs)
{
    static const char *const name[] = {
        [REFS_KEEP] = "KEEPREF", [REFS_DROP] = "DELREF", [REFS_SPARE] = "ACKED"};

    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (slice_is(word, name[i])) {
            *refs = (enum refs_policy)i;
            return true;
        }
    return false;
}

static bool is_char(struct slice text, char c)
{
    return text.n == 1 && *text.p == c;
}

/* [=|~] threshold, from arg[*i] on, which is the last word of it afterwards. */
static int parse_threshold(struct call *c, size_t *i, struct stream_trim *trim, bool by_id)
{
    int64_t length;

    if (trim->kind != TRIM_NONE)
        return call_fail(c, "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    if (*i + 1 < c->n && (is_char(c->arg[*i], '~') || is_char(c->arg[*i], '='))) {
        trim->approx = *c->arg[*i].p == '~';
        ++*i;
    }
    if (by_id) {
        trim->kind = TRIM_MINID;
        return stream_id_parse(c->arg[*i], 0, &trim->min_id);
    }
    if (!num_i64(c->arg[*i], &length))
        return ERR_INT;
    if (length < 0)
        return call_fail(c, "ERR The MAXLEN argument must be >= 0.");
    trim->kind = TRIM_MAXLEN;
    trim->max_length = (uint64_t)length;
    return OK;
}

/* The option at arg[*i], whose last word it is afterwards. ERR_SYNTAX: it is none. */
static int parse_trim_option(struct call *c, size_t *i, struct trim_options *o)
{
    struct slice word = c->arg[*i];
    bool by_id = slice_is(word, "MINID"), more = *i + 1 < c->n;

    if (more && (by_id || slice_is(word, "MAXLEN"))) {
        ++*i;
        return parse_threshold(c, i, o->trim, by_id);
    }
    if (more && slice_is(word, "LIMIT")) {
        if (!num_i64(c->arg[++*i], &o->limit))
            return ERR_INT;
        return o->limit < 0 ? call_fail(c, "ERR The LIMIT argument must be >= 0.") : OK;
    }
    if (o->refs_given || !parse_refs(word, &o->trim->refs))
        return ERR_SYNTAX;
    o->refs_given = true;
    return OK;
}

static uint64_t limit_by_nodes(const struct broker *b)
{
    uint64_t entries = b->node_limits.max_entries;

    if (entries == 0)
        return TRIM_LIMIT;
    return entries > TRIM_AT_MOST / TRIM_NODES ? TRIM_AT_MOST : entries * TRIM_NODES;
}

/* What can be said once all options are there. A journal tells what a trim came to, so that a limit that
 * is still in it means nothing. */
static int check_limit(struct call *c, struct trim_options *o, bool must_trim)
{
    if (o->limit > 0 && o->trim->kind == TRIM_NONE)
        return call_fail(c, "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    if (must_trim && o->trim->kind == TRIM_NONE)
        return call_fail(c, "ERR syntax error, XTRIM must be called with a trimming strategy");
    if (c->broker->origin == ORIGIN_REPLAY)
        return OK;
    if (o->limit >= 0 && !o->trim->approx)
        return call_fail(c, "ERR syntax error, LIMIT cannot be used without the special ~ option");
    if (o->trim->approx)
        o->trim->limit = o->limit >= 0 ? (uint64_t)o->limit : limit_by_nodes(c->broker);
    return OK;
}

int parse_new_id(struct slice text, enum stream_id_want *want, struct stream_id *id)
{
    if (is_char(text, '*')) {
        *want = STREAM_ID_AUTO;
        return OK;
    }
    if (text.n > 2 && text.p[text.n - 1] == '*' && text.p[text.n - 2] == '-') {
        *want = STREAM_ID_AUTO_SEQ;
        return memchr(text.p, '-', text.n - 2) ? ERR_ID
                                               : stream_id_parse((struct slice){text.p, text.n - 2}, 0, id);
    }
    *want = STREAM_ID_GIVEN;
    return stream_id_parse(text, 0, id);
}

/* IDMP pid iid, IDMPAUTO pid: from arg[*i] on, which is the last word of it afterwards. ERR_SYNTAX: it is
 * neither. */
static int parse_idmp_option(struct call *c, size_t *i, struct add_args *a)
{
    bool by_content = slice_is(c->arg[*i], "IDMPAUTO");
    size_t words = by_content ? 1 : 2;

    if ((!by_content && !slice_is(c->arg[*i], "IDMP")) || c->n - 1 - *i < words)
        return ERR_SYNTAX;
    if (a->pid_at)
        return call_fail(c, "ERR syntax error, IDMP/IDMPAUTO specified multiple times");
    a->pid_at = *i + 1;
    a->by_content = by_content;
    *i += words;
    if (c->arg[a->pid_at].n == 0)
        return call_fail(c, "ERR syntax error, %s requires a non-empty producer ID",
                         by_content ? "IDMPAUTO" : "IDMP");
    if (!by_content && c->arg[a->pid_at + 1].n == 0)
        return call_fail(c, "ERR syntax error, IDMP requires a non-empty idempotent ID");
    return OK;
}

/* A journal holds ids that were chosen. */
static int check_idmp(struct call *c, const struct add_args *a)
{
    if (a->want == STREAM_ID_AUTO || c->broker->origin == ORIGIN_REPLAY)
        return OK;
    return call_fail(c, "ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs");
}

int parse_add(struct call *c, struct add_args *a)
{
    struct trim_options o = {.trim = &a->trim, .limit = -1};
    size_t i;
    int err = OK;

    *a = (struct add_args){.want = STREAM_ID_AUTO};
    for (i = 2; i < c->n && !is_char(c->arg[i], '*'); i++) {
        unsigned char first = c->arg[i].n ? (unsigned char)*c->arg[i].p : 0;

        if (first >= '0' && first <= '9') /* no option */
            err = ERR_SYNTAX;
        else if (slice_is(c->arg[i], "NOMKSTREAM"))
            a->no_make = true;
        else if ((err = parse_idmp_option(c, &i, a)) == ERR_SYNTAX)
            err = parse_trim_option(c, &i, &o);
        if (err == ERR_SYNTAX) {
            err = parse_new_id(c->arg[i], &a->want, &a->id);
            break;
        }
        if (err != OK)
            break;
    }
    a->at = i;
    if (err != OK || (err = check_limit(c, &o, false)) != OK)
        return err;
    return a->pid_at ? check_idmp(c, a) : OK;
}

int parse_trim(struct call *c, struct stream_trim *trim)
{
    struct trim_options o = {.trim = trim, .limit = -1};

    *trim = (struct stream_trim){.kind = TRIM_NONE};
    for (size_t i = 2; i < c->n; i++) {
        int err = parse_trim_option(c, &i, &o);

        if (err != OK)
            return err;
    }
    return check_limit(c, &o, true);
}

/* --- keys and groups --- */

static int stream_of(struct key *k, int err, const struct stream **s)
{
    *s = err == OK && k ? k->stream : NULL;
    return err;
}

int stream_read(struct call *c, struct slice name, const struct stream **s)
{
    struct key *k;
    int err = key_read_as(c, name, KEY_STREAM, &k);

    return stream_of(k, err, s);
}

int stream_write(struct call *c, struct slice name, const struct stream **s)
{
    struct key *k;
    int err = key_write_as(c, name, KEY_STREAM, &k);

    return stream_of(k, err, s);
}

int group_wanted(struct call *c, const struct stream **s, struct group **g)
{
    int err = stream_read(c, c->arg[1], s);

    if (err != OK)
        return err;
    *g = *s ? stream_group(*s, c->arg[2]) : NULL;
    if (*g)
        return OK;
    return call_fail(c, "NOGROUP No such key '%.*s' or consumer group '%.*s'", SLICE_ARG(c->arg[1]),
                     SLICE_ARG(c->arg[2]));
}

int fail_no_group_of(struct call *c, struct slice group, struct slice key)
{
    return call_fail(c, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", SLICE_ARG(group),
                     SLICE_ARG(key));
}

msec soft_now(const struct call *c)
{
    return c->broker->origin == ORIGIN_REPLAY ? c->service->server.started_wall : c->now.wall;
}

int consumer_admit_one(struct call *c, struct slice key, const struct group *g, struct slice name)
{
    bool room = c->broker->origin == ORIGIN_REPLAY && dict_count(&g->consumers) < GROUP_CONSUMERS_MAX;

    if (room || group_consumer(g, name))
        return OK;
    return call_fail(c,
                     "ERR consumer group '%.*s' of key '%.*s' has as many consumers as "
                     "stream-group-max-consumers allows",
                     SLICE_ARG(group_name(g)), SLICE_ARG(key));
}

static struct consumer *consumer_at(struct call *c, struct slice key, struct group *g, struct slice name)
{
    struct consumer *who = group_consumer(g, name);

    if (!who)
        return change_consumer_create(c->broker, c->db, key, g, name, soft_now(c));
    change_consumer_seen(g, who, soft_now(c));
    return who;
}

/* A script reads for its client. */
static struct readings *readings_of(const struct call *c)
{
    struct session *s = scripts_called(c) ? c->service->scripts.running->call->session : c->session;

    return s ? &s->readings : NULL;
}

/* A plain stream becomes a queue when a turn begins, if not before: only then is it known who reads it. */
struct consumer *reader_at(struct call *c, struct slice key, const struct stream *s, struct group *g,
                           struct slice name)
{
    struct consumer *who = consumer_at(c, key, g, name);
    struct queue_at at;

    if (g->backlog && queue_at(&at, c->broker, c->db, key, s, c->now))
        queue_read_as(&at, readings_of(c), g, who);
    return who;
}

msec idle_until(const struct call *c, int64_t min_idle)
{
    return min_idle <= 0 ? INT64_MAX : c->now.wall - min_idle;
}

bool find_from(const struct stream *s, struct stream_pos *pos, struct stream_id id, struct entry *e)
{
    struct stream_pos next = *pos;

    if (!stream_next(s, &next, e) || stream_id_cmp(e->id, id) != 0) {
        stream_seek(s, id, pos);
        next = *pos;
        if (!stream_next(s, &next, e) || stream_id_cmp(e->id, id) != 0)
            return false;
    }
    *pos = next;
    return true;
}
