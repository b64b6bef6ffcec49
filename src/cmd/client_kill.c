/* cmd/client_kill.c - CLIENT KILL: connections are closed by what they are. */
#include "base/err.h"
#include "base/num.h"
#include "client.h"
#include "handlers.h"

struct kill {
    int64_t id, max_age; /* 0: any */
    enum client_type type;
    const struct slice *addr, *laddr; /* NULL: any */
    bool skip_me;
};

static int parse_id(struct call *c, struct slice word, int64_t *id)
{
    if (!num_i64(word, id) || *id < 1)
        return call_fail(c, "ERR client-id should be greater than 0");
    return OK;
}

static int parse_age(struct call *c, struct slice word, int64_t *seconds)
{
    if (!num_i64(word, seconds))
        return call_fail(c, "ERR maxage is not an integer or out of range");
    return *seconds > 0 ? OK : call_fail(c, "ERR maxage should be greater than 0");
}

/* There is one. */
static int parse_user(struct call *c, struct slice name)
{
    return slice_eq(name, SLICE("default")) ? OK : call_fail(c, "ERR No such user '%.*s'", SLICE_ARG(name));
}

static int parse_yes_no(struct slice word, bool *out)
{
    *out = slice_is(word, "yes");
    return *out || slice_is(word, "no") ? OK : ERR_SYNTAX;
}

static int parse_kill_option(struct call *c, struct slice option, const struct slice *value, struct kill *k)
{
    if (slice_is(option, "ID"))
        return parse_id(c, *value, &k->id);
    if (slice_is(option, "MAXAGE"))
        return parse_age(c, *value, &k->max_age);
    if (slice_is(option, "SKIPME"))
        return parse_yes_no(*value, &k->skip_me);
    if (slice_is(option, "TYPE"))
        return client_type_parse(*value, &k->type) ? OK : client_type_fail(c, *value);
    if (slice_is(option, "USER"))
        return parse_user(c, *value);
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
    for (size_t i = 2; c->n > 3 && i < c->n && err == OK; i += 2)
        err = i + 1 < c->n ? parse_kill_option(c, c->arg[i], &c->arg[i + 1], k) : ERR_SYNTAX;
    return err;
}

static bool to_be_killed(const struct call *c, const struct session *s, const struct kill *k)
{
    return !s->killed && client_is(s, k->type) && (!k->id || (uint64_t)k->id == s->id) &&
           (!k->addr || slice_eq(*k->addr, slice_of(s->wire->addr))) &&
           (!k->laddr || slice_eq(*k->laddr, slice_of(s->wire->laddr))) && (!k->skip_me || s != c->session) &&
           (!k->max_age || (c->now.wall - s->created) / 1000 >= k->max_age);
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
