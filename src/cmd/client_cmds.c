/* cmd/client_cmds.c - who is connected: listed, closed, woken. */
#include "base/err.h"
#include "base/num.h"
#include "client.h"
#include "handlers.h"

#include <ctype.h>

/* --- a line of CLIENT LIST --- */

size_t client_memory(const struct session *s)
{
    return sizeof *s + s->query_bytes + s->queue_bytes + outbox_memory(&s->out);
}

/* In the order Redis has them; N is "nothing of the above". */
static void put_flags(struct buf *line, const struct session *s)
{
    const struct {
        bool on;
        char letter;
    } flag[] = {
        {session_subscribed(s), 'P'}, {s->in_multi, 'x'}, {session_waits(s), 'b'}, {s->watcher.dirty, 'd'},
        {s->close_after_reply, 'c'},  {s->is_unix, 'U'},  {s->no_evict, 'e'},      {s->no_touch, 'T'},
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

static size_t argument_bytes(const struct call *c, const struct session *s)
{
    size_t n = 0;

    for (size_t i = 0; s == c->session && i < c->n; i++)
        n += c->arg[i].n;
    return n;
}

static void put_client(struct buf *line, const struct call *c, const struct session *s)
{
    buf_addf(line,
             "id=%llu addr=%s laddr=%s fd=%d name=%s age=%lld idle=%lld flags=", (unsigned long long)s->id,
             s->addr, s->laddr, s->fd, text_or_none(s->name), seconds(c->now.wall - s->created_wall, 1000),
             seconds(c->now.mono - s->seen, 1000000));
    put_flags(line, s);
    buf_addf(line, " db=%d sub=%zu psub=%zu ssub=0 multi=%lld watch=%zu", s->db, s->subscriber.n_channels,
             s->subscriber.n_patterns, s->in_multi ? (long long)s->queued : -1, s->watcher.n);
    buf_addf(
        line,
        " qbuf=%zu qbuf-free=0 argv-mem=%zu multi-mem=%zu rbs=%zu rbp=%zu obl=%zu oll=0 omem=%zu tot-mem=%zu",
        s->query_bytes, argument_bytes(c, s), s->queue_bytes, s->out.b.cap, s->out.b.n,
        outbox_pending(&s->out), outbox_memory(&s->out), client_memory(s));
    buf_add_str(line, " events=r cmd=");
    put_command(line, s);
    buf_addf(line, " user=default redir=-1 resp=%d lib-name=%s lib-ver=%s\n", s->reply.proto,
             text_or_none(s->lib_name), text_or_none(s->lib_ver));
}

/* --- kinds of clients --- */

enum client_type { CLIENT_NORMAL, CLIENT_PUBSUB, CLIENT_REPLICA, CLIENT_MASTER, CLIENT_ANY };

static bool parse_type(struct slice word, enum client_type *type)
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

static int bad_type(struct call *c, struct slice word)
{
    return call_fail(c, "ERR Unknown client type '%.*s'", (int)(word.n < 128 ? word.n : 128), word.p);
}

static bool is_type(const struct session *s, enum client_type type)
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

        if (!s->killed && is_type(s, type))
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
        if (!parse_type(c->arg[3], &type))
            return bad_type(c, c->arg[3]);
    } else if (c->n != 2) {
        return ERR_SYNTAX;
    }
    return list_by_type(c, type);
}

/* --- KILL --- */

struct kill {
    int64_t id, max_age; /* 0: any */
    enum client_type type;
    const struct slice *addr, *laddr; /* NULL: any */
    bool skip_me;
};

static int parse_positive(struct call *c, struct slice word, const char *what, int64_t *out)
{
    if (!num_i64(word, out) || *out < 1)
        return call_fail(c, "ERR %s should be greater than 0", what);
    return OK;
}

static int parse_yes_no(struct slice word, bool *out)
{
    *out = slice_is(word, "yes");
    return *out || slice_is(word, "no") ? OK : ERR_SYNTAX;
}

static int parse_kill_option(struct call *c, struct slice option, const struct slice *value, struct kill *k)
{
    if (slice_is(option, "ID"))
        return parse_positive(c, *value, "client-id", &k->id);
    if (slice_is(option, "MAXAGE"))
        return parse_positive(c, *value, "maxage", &k->max_age);
    if (slice_is(option, "SKIPME"))
        return parse_yes_no(*value, &k->skip_me);
    if (slice_is(option, "TYPE"))
        return parse_type(*value, &k->type) ? OK : bad_type(c, *value);
    if (slice_is(option, "USER"))
        return slice_eq(*value, SLICE("default"))
                   ? OK
                   : call_fail(c, "ERR No such user '%.*s'", (int)(value->n < 128 ? value->n : 128),
                               value->p);
    if (slice_is(option, "ADDR"))
        k->addr = value;
    else if (slice_is(option, "LADDR"))
        k->laddr = value;
    else
        return ERR_SYNTAX;
    return OK;
}

/* `CLIENT KILL addr` of old, or pairs of an option and its value. */
static int parse_kill(struct call *c, struct kill *k)
{
    int err = OK;

    *k = (struct kill){.type = CLIENT_ANY, .skip_me = c->n > 3};
    if (c->n == 3)
        k->addr = &c->arg[2];
    else if (c->n % 2)
        return ERR_SYNTAX;
    for (size_t i = 2; c->n > 3 && i < c->n && err == OK; i += 2)
        err = parse_kill_option(c, c->arg[i], &c->arg[i + 1], k);
    return err;
}

static bool to_be_killed(const struct call *c, const struct session *s, const struct kill *k)
{
    return !s->killed && is_type(s, k->type) && (!k->id || (uint64_t)k->id == s->id) &&
           (!k->addr || slice_eq(*k->addr, slice_of(s->addr))) &&
           (!k->laddr || slice_eq(*k->laddr, slice_of(s->laddr))) && (!k->skip_me || s != c->session) &&
           (!k->max_age || (c->now.wall - s->created_wall) / 1000 >= k->max_age);
}

/* The one that asks hears the answer before it goes. */
static size_t kill_all(struct call *c, const struct kill *k)
{
    size_t n = 0;

    list_for_each (it, &c->service->sessions) {
        struct session *s = list_entry(it, struct session, node);

        if (!to_be_killed(c, s, k))
            continue;
        if (s == c->session)
            s->close_after_reply = true;
        else
            session_kill(s);
        n++;
    }
    return n;
}

int cmd_client_kill(struct call *c)
{
    struct kill k;
    size_t n;
    int err = parse_kill(c, &k);

    if (err != OK)
        return err;
    n = kill_all(c, &k);
    if (c->n > 3)
        reply_int(c->reply, (int64_t)n);
    else if (n)
        reply_ok(c->reply);
    else
        return call_fail(c, "ERR No such client");
    return OK;
}

/* --- UNBLOCK --- */

int cmd_client_unblock(struct call *c)
{
    bool error = c->n == 4 && slice_is(c->arg[3], "ERROR");
    struct session *s;
    int64_t id;

    if (c->n > 4)
        return call_bad_subcommand(c);
    if (c->n == 4 && !error && !slice_is(c->arg[3], "TIMEOUT"))
        return call_fail(c, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    if (!num_i64(c->arg[2], &id))
        return ERR_INT;
    s = session_by_id(c->service, (uint64_t)id);
    if (!s || s->killed || !session_waits(s)) {
        reply_int(c->reply, 0);
        return OK;
    }
    if (error)
        call_wait_fail(s, c->now, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        call_wait_timeout(s, c->now);
    reply_int(c->reply, 1);
    return OK;
}

int cmd_client_help(struct call *c)
{
    static const char *const line[] = {
        "GETNAME",
        "    The name of this connection.",
        "ID",
        "    The number of this connection.",
        "INFO",
        "    What LIST says of this connection.",
        "KILL <ip:port>",
        "    Closes the connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Closes the connections to which all options apply:",
        "    * ADDR <ip:port>, LADDR <ip:port>",
        "      Made from, or to, this address (of a unix socket: its path and :0).",
        "    * ID <client-id>, USER <username>",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "    * MAXAGE <seconds>",
        "      Open for at least so long.",
        "    * SKIPME (YES|NO)",
        "      Whether this connection is left out (default: yes).",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> [<client-id> ...]]",
        "    The connections, a line each.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether this connection gets replies.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Which library this client uses.",
        "SETNAME <name>",
        "    Names this connection.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Ends the wait of a blocked client, as if its time were over or with an error.",
        NULL,
    };

    return reply_help(c, line);
}
