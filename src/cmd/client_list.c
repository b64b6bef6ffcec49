/* cmd/client_list.c - who is connected, a line each. */
#include "base/err.h"
#include "base/num.h"
#include "client.h"
#include "handlers.h"

#include <ctype.h>

/* --- a line of CLIENT LIST --- */

size_t client_query(const struct session *s)
{
    return s->given ? s->given : wire_kept(s->wire);
}

/* A buffer of the pool is nobody's for long: only what has outgrown it counts as memory for replies. */
static size_t reply_memory(const struct session *s)
{
    return s->out.b.cap > OUTBOX_CHUNK ? outbox_memory(&s->out) : 0;
}

size_t client_memory(const struct session *s)
{
    return sizeof *s + wire_memory(s->wire) + outbox_memory(&s->out) + s->queue_bytes +
           (s->waiting ? sizeof *s->waiting + s->waiting->bytes : 0);
}

/* In the order Redis has them; N is "nothing of the above". */
static void put_flags(struct buf *line, const struct session *s)
{
    const struct {
        bool on;
        char letter;
    } flag[] = {
        {list_linked(&s->monitor), 'O'}, {session_subscribed(s), 'P'}, {s->in_multi, 'x'},
        {session_waits(s), 'b'},         {s->watcher.dirty, 'd'},      {s->close_after_reply, 'c'},
        {s->wire->is_unix, 'U'},         {s->no_evict, 'e'},           {s->no_touch, 'T'},
    };
    size_t before = line->n;

    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++)
        if (flag[i].on)
            buf_add_char(line, flag[i].letter);
    if (line->n == before)
        buf_add_char(line, 'N');
}

static void put_command(struct buf *line, const struct session *s)
{
    const char *name = s->last_command ? s->last_command->name : "NULL";

    for (; *name; name++)
        buf_add_char(line, (char)(s->last_command ? tolower((unsigned char)*name) : *name));
}

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

/* Seconds that a clock set back does not make negative. */
static long long seconds(int64_t span, int64_t unit)
{
    return span > 0 ? (long long)(span / unit) : 0;
}

/* Of the command that runs, or that waits. */
static size_t argument_bytes(const struct call *c, const struct session *s)
{
    return s == c->session ? call_bytes(c) : s->waiting ? s->waiting->bytes : 0;
}

static usec last_sign(const struct session *s)
{
    return s->wire->last > s->seen ? s->wire->last : s->seen;
}

static void put_identity(struct buf *line, const struct call *c, const struct session *s)
{
    buf_addf(line,
             "id=%llu addr=%s laddr=%s fd=%d name=%s age=%lld idle=%lld flags=", (unsigned long long)s->id,
             s->wire->addr, s->wire->laddr, s->wire->fd, text_or_none(s->name),
             seconds(c->now.wall - s->created, 1000), seconds(c->now.mono - last_sign(s), 1000000));
    put_flags(line, s);
}

static void put_state(struct buf *line, const struct session *s)
{
    buf_addf(line, " db=%d sub=%zu psub=%zu ssub=%zu multi=%lld watch=%zu", s->db,
             s->subscriber.n[PUBSUB_CHANNEL], s->subscriber.n[PUBSUB_PATTERN], s->subscriber.n[PUBSUB_SHARD],
             s->in_multi ? (long long)s->queued : -1, s->watcher.n);
}

/* There is one buffer for replies, which outgrows a pooled one when the peer does not read: oll=1 then. */
static void put_memory(struct buf *line, const struct call *c, const struct session *s)
{
    size_t beyond = reply_memory(s);

    buf_addf(line,
             " qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=%zu rbs=%zu rbp=%zu obl=%zu oll=%d omem=%zu "
             "tot-mem=%zu",
             client_query(s), s->wire->query.cap - s->wire->query.n, argument_bytes(c, s), s->queue_bytes,
             s->out.b.cap, s->out.b.n, outbox_pending(&s->out), beyond > 0, beyond, client_memory(s));
}

static void put_client(struct buf *line, const struct call *c, const struct session *s)
{
    put_identity(line, c, s);
    put_state(line, s);
    put_memory(line, c, s);
    buf_addf(line, " events=%s%s cmd=", s->wire->parked ? "" : "r", s->wire->stuck ? "w" : "");
    put_command(line, s);
    buf_addf(line, " user=default redir=-1 resp=%d lib-name=%s lib-ver=%s\n", s->reply.proto,
             text_or_none(s->lib_name), text_or_none(s->lib_ver));
}

/* --- kinds of clients --- */

bool client_type_parse(struct slice word, enum client_type *type)
{
    static const struct {
        const char *word;
        enum client_type type;
    } known[] = {{"normal", CLIENT_NORMAL},
                 {"pubsub", CLIENT_PUBSUB},
                 {"replica", CLIENT_REPLICA},
                 {"slave", CLIENT_REPLICA},
                 {"master", CLIENT_MASTER}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (slice_is(word, known[i].word)) {
            *type = known[i].type;
            return true;
        }
    }
    return false;
}

int client_type_fail(struct call *c, struct slice word)
{
    return call_fail(c, "ERR Unknown client type '%.*s'", SLICE_ARG(word));
}

bool client_is(const struct session *s, enum client_type type)
{
    return type == CLIENT_ANY || type == (session_subscribed(s) ? CLIENT_PUBSUB : CLIENT_NORMAL);
}

/* --- INFO, LIST --- */

static void reply_lines(struct call *c, struct buf *lines)
{
    reply_verbatim(c->reply, "txt", buf_slice(lines));
    buf_free(lines);
}

int cmd_client_info(struct call *c)
{
    struct buf line = {0};

    put_client(&line, c, c->session);
    reply_lines(c, &line);
    return OK;
}

static int list_by_type(struct call *c, enum client_type type)
{
    struct buf lines = {0};

    list_for_each (it, &c->service->sessions) {
        const struct session *s = list_entry(it, struct session, node);

        if (!s->killed && client_is(s, type))
            put_client(&lines, c, s);
    }
    reply_lines(c, &lines);
    return OK;
}

static int list_by_id(struct call *c)
{
    struct buf lines = {0};
    int64_t id;

    for (size_t i = 3; i < c->n; i++) {
        const struct session *s;

        if (!num_i64(c->arg[i], &id)) {
            buf_free(&lines);
            return call_fail(c, "ERR Invalid client ID");
        }
        s = session_by_id(c->service, (uint64_t)id);
        if (s && !s->killed)
            put_client(&lines, c, s);
    }
    reply_lines(c, &lines);
    return OK;
}

int cmd_client_list(struct call *c)
{
    enum client_type type = CLIENT_ANY;

    if (c->n > 3 && slice_is(c->arg[2], "ID"))
        return list_by_id(c);
    if (c->n == 4 && slice_is(c->arg[2], "TYPE")) {
        if (!client_type_parse(c->arg[3], &type))
            return client_type_fail(c, c->arg[3]);
    } else if (c->n != 2) {
        return ERR_SYNTAX;
    }
    return list_by_type(c, type);
}
