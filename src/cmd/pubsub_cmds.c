/* cmd/pubsub_cmds.c - channels, patterns and shard channels. */
#include "base/err.h"
#include "handlers.h"

int cmd_publish(struct call *c)
{
    reply_int(c->reply, (int64_t)pubsub_publish(c->broker, c->arg[1], c->arg[2], false));
    return OK;
}

int cmd_spublish(struct call *c)
{
    reply_int(c->reply, (int64_t)pubsub_publish(c->broker, c->arg[1], c->arg[2], true));
    return OK;
}

/* --- subscribing --- */

/* Shard channels are counted by themselves. */
static size_t subscriptions(const struct subscriber *s, enum pubsub_kind kind)
{
    return kind == PUBSUB_SHARD ? s->n[PUBSUB_SHARD] : s->n[PUBSUB_CHANNEL] + s->n[PUBSUB_PATTERN];
}

/* A push like the messages: CLIENT REPLY OFF does not hold it back. */
static void reply_subscription(struct call *c, enum pubsub_kind kind, const char *what,
                               const struct slice *name)
{
    static const char *const letter[] = {[PUBSUB_CHANNEL] = "", [PUBSUB_PATTERN] = "p", [PUBSUB_SHARD] = "s"};
    unsigned muted = c->reply->out->muted & OUTBOX_MUTED;

    outbox_mute(c->reply->out, false);
    reply_push(c->reply, 3);
    reply_bulkf(c->reply, "%s%s", letter[kind], what);
    if (name)
        reply_bulk(c->reply, *name);
    else
        reply_null(c->reply);
    reply_int(c->reply, (int64_t)subscriptions(&c->session->subscriber, kind));
    outbox_mute(c->reply->out, muted);
}

static int subscribe(struct call *c, enum pubsub_kind kind)
{
    for (size_t i = 1; i < c->n; i++) {
        pubsub_subscribe(c->broker->pubsub, &c->session->subscriber, c->arg[i], kind);
        reply_subscription(c, kind, "subscribe", &c->arg[i]);
    }
    session_limit_output(c->session);
    return OK;
}

/* Without names: from all, with a message for each; from none, one message without a name. */
static void unsubscribe_all(struct call *c, enum pubsub_kind kind)
{
    struct subscriber *s = &c->session->subscriber;
    struct slice name;
    bool any = false;

    while (pubsub_oldest(s, kind, &name)) {
        struct buf copy = {0};

        buf_add_slice(&copy, name);
        pubsub_unsubscribe(c->broker->pubsub, s, buf_slice(&copy), kind);
        reply_subscription(c, kind, "unsubscribe", &(struct slice){copy.p, copy.n});
        buf_free(&copy);
        any = true;
    }
    if (!any)
        reply_subscription(c, kind, "unsubscribe", NULL);
}

static int unsubscribe(struct call *c, enum pubsub_kind kind)
{
    if (c->n == 1)
        unsubscribe_all(c, kind);
    for (size_t i = 1; i < c->n; i++) {
        pubsub_unsubscribe(c->broker->pubsub, &c->session->subscriber, c->arg[i], kind);
        reply_subscription(c, kind, "unsubscribe", &c->arg[i]);
    }
    session_limit_output(c->session);
    return OK;
}

int cmd_subscribe(struct call *c)
{
    return subscribe(c, PUBSUB_CHANNEL);
}

int cmd_psubscribe(struct call *c)
{
    return subscribe(c, PUBSUB_PATTERN);
}

int cmd_ssubscribe(struct call *c)
{
    return subscribe(c, PUBSUB_SHARD);
}

int cmd_unsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_CHANNEL);
}

int cmd_punsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_PATTERN);
}

int cmd_sunsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_SHARD);
}

/* --- PUBSUB: who hears what --- */

struct listing {
    struct reply *reply;
    size_t n;
};

static void list_one(struct slice name, void *arg)
{
    struct listing *l = arg;

    reply_bulk(l->reply, name);
    l->n++;
}

static int list_names(struct call *c, enum pubsub_kind kind)
{
    struct listing l = {.reply = c->reply};
    uint64_t place = reply_later(c->reply, 0);

    pubsub_each(c->broker->pubsub, kind, c->n > 2 ? &c->arg[2] : NULL, list_one, &l);
    reply_fill_array(c->reply, place, l.n);
    return OK;
}

static int count_listeners(struct call *c, enum pubsub_kind kind)
{
    reply_array(c->reply, 2 * (c->n - 2));
    for (size_t i = 2; i < c->n; i++) {
        reply_bulk(c->reply, c->arg[i]);
        reply_int(c->reply, (int64_t)pubsub_heard_by(c->broker->pubsub, c->arg[i], kind));
    }
    return OK;
}

int cmd_pubsub_channels(struct call *c)
{
    return list_names(c, PUBSUB_CHANNEL);
}

int cmd_pubsub_shardchannels(struct call *c)
{
    return list_names(c, PUBSUB_SHARD);
}

int cmd_pubsub_numsub(struct call *c)
{
    return count_listeners(c, PUBSUB_CHANNEL);
}

int cmd_pubsub_shardnumsub(struct call *c)
{
    return count_listeners(c, PUBSUB_SHARD);
}

int cmd_pubsub_numpat(struct call *c)
{
    reply_int(c->reply, (int64_t)pubsub_count(c->broker->pubsub, PUBSUB_PATTERN));
    return OK;
}

int cmd_pubsub_help(struct call *c)
{
    static const char *const line[] = {
        "CHANNELS [<pattern>]",
        "    The channels that somebody hears, those that match the pattern.",
        "NUMPAT",
        "    How many patterns somebody hears.",
        "NUMSUB [<channel> ...]",
        "    How many hear each of these channels.",
        "SHARDCHANNELS [<pattern>]",
        "    The shard channels that somebody hears, those that match the pattern.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    How many hear each of these shard channels.",
        NULL,
    };

    return reply_help(c, line);
}
