/* cmd/conn_cmds.c - commands about the connection itself. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "handlers.h"

int cmd_ping(struct call *c)
{
    if (session_subscribed(c->session) && c->reply->proto == 2) { /* a client that listens gets a message */
        reply_array(c->reply, 2);
        reply_bulk_str(c->reply, "pong");
        reply_bulk(c->reply, c->n == 2 ? c->arg[1] : SLICE(""));
    } else if (c->n == 2) {
        reply_bulk(c->reply, c->arg[1]);
    } else {
        reply_status(c->reply, "PONG");
    }
    return OK;
}

int cmd_echo(struct call *c)
{
    reply_bulk(c->reply, c->arg[1]);
    return OK;
}

/* There is one user, "default", whose password is requirepass. Every byte is compared, so that the time
 * it takes says nothing about how much of a guess was right. */
static bool password_good(const struct call *c, struct slice given)
{
    struct slice want = slice_of(c->service->config.requirepass);
    unsigned char differ = given.n != want.n;

    for (size_t i = 0; i < given.n; i++)
        differ |= (unsigned char)(given.p[i] ^ want.p[want.n ? i % want.n : 0]);
    return !differ;
}

static int log_in(struct call *c, struct slice user, struct slice password)
{
    const char *want = c->service->config.requirepass;

    if (!slice_eq(user, SLICE("default")) || (*want && !password_good(c, password)))
        return call_fail(c, "WRONGPASS invalid username-password pair or user is disabled.");
    c->session->authenticated = true;
    return OK;
}

int cmd_auth(struct call *c)
{
    int err;

    if (c->n > 3)
        return ERR_SYNTAX;
    if (c->n == 2 && !*c->service->config.requirepass)
        return call_fail(c,
                         "ERR AUTH <password> called without any password configured for the default user. "
                         "Are you sure your configuration is correct?");
    err = log_in(c, c->n == 3 ? c->arg[1] : SLICE("default"), c->arg[c->n - 1]);
    if (err == OK)
        reply_ok(c->reply);
    return err;
}

/* No blanks and nothing unprintable: CLIENT LIST puts it between blanks. */
static bool word_good(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '!' || s.p[i] > '~')
            return false;
    return true;
}

static void set_word(char **to, struct slice s)
{
    mem_free(*to);
    *to = s.n ? mem_strdup(s) : NULL;
}

static int set_name(struct call *c, struct slice name)
{
    if (!word_good(name))
        return call_fail(c, "ERR Client names cannot contain spaces, newlines or special characters.");
    set_word(&c->session->name, name);
    return OK;
}

static void reply_hello(struct call *c)
{
    struct reply *r = c->reply;

    reply_map(r, 7);
    reply_bulk_str(r, "server");
    reply_bulk_str(r, "redis");
    reply_bulk_str(r, "version");
    reply_bulk_str(r, REDIS_VERSION);
    reply_bulk_str(r, "proto");
    reply_int(r, r->proto);
    reply_bulk_str(r, "id");
    reply_int(r, (int64_t)c->session->id);
    reply_bulk_str(r, "mode");
    reply_bulk_str(r, "standalone");
    reply_bulk_str(r, "role");
    reply_bulk_str(r, "master");
    reply_bulk_str(r, "modules");
    reply_array(r, 0);
}

/* HELLO [version [AUTH user password] [SETNAME name]]: nothing changes unless all of it is good. */
int cmd_hello(struct call *c)
{
    const struct slice *name = NULL, *login = NULL;
    int64_t proto = c->reply->proto;
    int err;

    if (c->n > 1 && !num_i64(c->arg[1], &proto))
        return call_fail(c, "ERR Protocol version is not an integer or out of range");
    if (proto < 2 || proto > 3)
        return call_fail(c, "NOPROTO unsupported protocol version");
    for (size_t i = 2; i < c->n; i++) {
        if (slice_is(c->arg[i], "AUTH") && i + 2 < c->n) {
            login = &c->arg[i + 1];
            i += 2;
        } else if (slice_is(c->arg[i], "SETNAME") && i + 1 < c->n) {
            name = &c->arg[++i];
            if (!word_good(*name))
                return call_fail(c,
                                 "ERR Client names cannot contain spaces, newlines or special characters.");
        } else {
            return call_fail(c, "ERR Syntax error in HELLO option '%.*s'", SLICE_ARG(c->arg[i]));
        }
    }
    if (login && (err = log_in(c, login[0], login[1])) != OK)
        return err;
    if (!c->session->authenticated)
        return call_fail(
            c, "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
               "<proto> AUTH <user> <pass> option can be used to authenticate the client and select "
               "the RESP protocol version at the same time");
    if (name)
        set_name(c, *name);
    c->reply->proto = (int)proto;
    reply_hello(c);
    return OK;
}

int cmd_select(struct call *c)
{
    int db, err = call_db(c, c->arg[1], &db);

    if (err != OK)
        return err;
    if (c->session)
        c->session->db = db;
    else
        c->service->replay_db = db;
    reply_ok(c->reply);
    return OK;
}

int cmd_quit(struct call *c)
{
    reply_ok(c->reply);
    c->session->close_after_reply = true;
    return OK;
}

int cmd_reset(struct call *c)
{
    session_reset(c->session);
    reply_status(c->reply, "RESET");
    return OK;
}

int cmd_client_setname(struct call *c)
{
    int err = set_name(c, c->arg[2]);

    if (err == OK)
        reply_ok(c->reply);
    return err;
}

int cmd_client_getname(struct call *c)
{
    if (c->session->name)
        reply_bulk_str(c->reply, c->session->name);
    else
        reply_null(c->reply);
    return OK;
}

int cmd_client_setinfo(struct call *c)
{
    struct slice what = c->arg[2], value = c->arg[3];
    bool ver = slice_is(what, "LIB-VER");

    if (!ver && !slice_is(what, "LIB-NAME"))
        return call_fail(c, "ERR Unrecognized option '%.*s'", SLICE_ARG(what));
    if (!word_good(value))
        return call_fail(c, "ERR %.*s cannot contain spaces, newlines or special characters.", SLICE_ARG(what));
    set_word(ver ? &c->session->lib_ver : &c->session->lib_name, value);
    reply_ok(c->reply);
    return OK;
}

int cmd_client_id(struct call *c)
{
    reply_int(c->reply, (int64_t)c->session->id);
    return OK;
}

int cmd_client_reply(struct call *c)
{
    struct session *s = c->session;

    if (slice_is(c->arg[2], "ON")) {
        s->replies = REPLY_ON;
        outbox_mute(&s->out, false);
        reply_ok(c->reply);
    } else if (slice_is(c->arg[2], "OFF")) {
        s->replies = REPLY_OFF;
        outbox_mute(&s->out, true);
    } else if (slice_is(c->arg[2], "SKIP")) {
        if (s->replies != REPLY_OFF)
            s->replies = REPLY_SKIP_NEXT;
    } else {
        return ERR_SYNTAX;
    }
    return OK;
}
