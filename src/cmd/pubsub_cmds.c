/* cmd/pubsub_cmds.c - channels. */
#include "base/err.h"
#include "handlers.h"

int cmd_publish(struct call *c)
{
    reply_int(c->reply, (int64_t)pubsub_publish(c->broker, c->arg[1], c->arg[2]));
    return OK;
}

static size_t subscriptions(const struct session *s)
{
    return s->subscriber.n_channels + s->subscriber.n_patterns;
}

/* A push like the messages: CLIENT REPLY OFF does not hold it back. */
static void reply_subscription(struct call *c, const char *what, const struct slice *name)
{
    unsigned muted = c->reply->out->muted & OUTBOX_MUTED;

    outbox_mute(c->reply->out, false);
    reply_push(c->reply, 3);
    reply_bulk_str(c->reply, what);
    if (name)
        reply_bulk(c->reply, *name);
    else
        reply_null(c->reply);
    reply_int(c->reply, (int64_t)subscriptions(c->session));
    outbox_mute(c->reply->out, muted);
}

static int subscribe(struct call *c, bool pattern)
{
    for (size_t i = 1; i < c->n; i++) {
        pubsub_subscribe(c->broker->pubsub, &c->session->subscriber, c->arg[i], pattern);
        reply_subscription(c, pattern ? "psubscribe" : "subscribe", &c->arg[i]);
    }
    session_limit_output(c->session);
    return OK;
}

/* Without names: from all, with a message for each; from none, one message without a name. */
static void unsubscribe_all(struct call *c, const char *what, bool pattern)
{
    struct subscriber *s = &c->session->subscriber;
    struct slice name;
    bool any = false;

    while (pubsub_oldest(s, pattern, &name)) {
        struct buf copy = {0};

        buf_add_slice(&copy, name);
        pubsub_unsubscribe(c->broker->pubsub, s, buf_slice(&copy), pattern);
        reply_subscription(c, what, &(struct slice){copy.p, copy.n});
        buf_free(&copy);
        any = true;
    }
    if (!any)
        reply_subscription(c, what, NULL);
}

static int unsubscribe(struct call *c, bool pattern)
{
    const char *what = pattern ? "punsubscribe" : "unsubscribe";

    if (c->n == 1)
        unsubscribe_all(c, what, pattern);
    for (size_t i = 1; i < c->n; i++) {
        pubsub_unsubscribe(c->broker->pubsub, &c->session->subscriber, c->arg[i], pattern);
        reply_subscription(c, what, &c->arg[i]);
    }
    session_limit_output(c->session);
    return OK;
}

int cmd_subscribe(struct call *c)
{
    return subscribe(c, false);
}

int cmd_psubscribe(struct call *c)
{
    return subscribe(c, true);
}

int cmd_unsubscribe(struct call *c)
{
    return unsubscribe(c, false);
}

int cmd_punsubscribe(struct call *c)
{
    return unsubscribe(c, true);
}
