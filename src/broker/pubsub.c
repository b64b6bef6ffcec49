/* broker/pubsub.c - see broker/pubsub.h. */
#include "broker/pubsub.h"
#include "base/mem.h"

struct channel {
    struct list heard_by; /* struct subscription */
    struct list node;     /* patterns: in pubsub.pattern_list */
    size_t listeners;
    uint32_t n;
    char name[];
};

struct subscription {
    struct list of_channel, of_subscriber;
    struct channel *channel;
    struct subscriber *subscriber;
};

struct pubsub {
    struct dict names[PUBSUB_KINDS]; /* struct channel */
    struct list pattern_list;        /* the patterns among them, in order of the first subscription */
};

static struct slice channel_name(const void *entry)
{
    const struct channel *c = entry;

    return (struct slice){c->name, c->n};
}

static void channel_free(void *entry)
{
    mem_free(entry);
}

static const struct dict_type channel_type = {.key = channel_name, .free = channel_free};

struct pubsub *pubsub_new(const struct hash_seed *seed)
{
    struct pubsub *p = mem_alloc(sizeof *p);

    for (int k = 0; k < PUBSUB_KINDS; k++)
        dict_init(&p->names[k], &channel_type, seed);
    list_init(&p->pattern_list);
    return p;
}

void pubsub_free(struct pubsub *p)
{
    for (int k = 0; k < PUBSUB_KINDS; k++)
        dict_clear(&p->names[k]);
    mem_free(p);
}

void subscriber_init(struct subscriber *s, struct reply *reply)
{
    *s = (struct subscriber){.reply = reply};
    for (int k = 0; k < PUBSUB_KINDS; k++)
        list_init(&s->of[k]);
}

static struct channel *channel_make(struct pubsub *p, struct slice name, enum pubsub_kind kind)
{
    struct channel *c = mem_alloc(sizeof *c + name.n);

    *c = (struct channel){.n = (uint32_t)name.n};
    memcpy(c->name, name.p, name.n);
    list_init(&c->heard_by);
    dict_add(&p->names[kind], c);
    if (kind == PUBSUB_PATTERN)
        list_push(&p->pattern_list, &c->node);
    return c;
}

/* A client has few subscriptions as a rule, a channel many listeners: look on the shorter side. */
static struct subscription *find(const struct subscriber *s, const struct channel *c, enum pubsub_kind kind)
{
    const struct list *mine = &s->of[kind];
    const struct list *theirs = &c->heard_by;

    for (struct list *a = mine->next, *b = theirs->next; a != mine && b != theirs; a = a->next, b = b->next) {
        struct subscription *x = list_entry(a, struct subscription, of_subscriber);
        struct subscription *y = list_entry(b, struct subscription, of_channel);

        if (x->channel == c)
            return x;
        if (y->subscriber == s)
            return y;
    }
    return NULL;
}

bool pubsub_subscribe(struct pubsub *p, struct subscriber *s, struct slice name, enum pubsub_kind kind)
{
    struct channel *c = dict_find(&p->names[kind], name);
    struct subscription *sub;

    if (c && find(s, c, kind))
        return false;
    if (!c)
        c = channel_make(p, name, kind);
    sub = mem_alloc(sizeof *sub);
    *sub = (struct subscription){.channel = c, .subscriber = s};
    list_push(&c->heard_by, &sub->of_channel);
    list_push(&s->of[kind], &sub->of_subscriber);
    c->listeners++;
    s->n[kind]++;
    return true;
}

bool pubsub_unsubscribe(struct pubsub *p, struct subscriber *s, struct slice name, enum pubsub_kind kind)
{
    struct dict *d = &p->names[kind];
    struct channel *c = dict_find(d, name);
    struct subscription *sub = c ? find(s, c, kind) : NULL;

    if (!sub)
        return false;
    list_remove(&sub->of_channel);
    list_remove(&sub->of_subscriber);
    c->listeners--;
    s->n[kind]--;
    mem_free(sub);
    if (list_empty(&c->heard_by)) {
        list_remove(&c->node);
        dict_remove(d, channel_name(c));
        mem_free(c);
    }
    return true;
}

bool pubsub_oldest(const struct subscriber *s, enum pubsub_kind kind, struct slice *name)
{
    const struct list *l = &s->of[kind];

    if (list_empty(l))
        return false;
    *name = channel_name(list_entry(l->next, struct subscription, of_subscriber)->channel);
    return true;
}

static size_t deliver(struct broker *b, struct channel *c, struct slice channel, struct slice message,
                      enum pubsub_kind kind)
{
    static const char *const what[] = {
        [PUBSUB_CHANNEL] = "message", [PUBSUB_PATTERN] = "pmessage", [PUBSUB_SHARD] = "smessage"};
    bool pattern = kind == PUBSUB_PATTERN;
    size_t n = 0;

    list_for_each (it, &c->heard_by) {
        struct reply *r = list_entry(it, struct subscription, of_channel)->subscriber->reply;
        struct reply behind = {.out = &b->aside, .proto = r->proto};
        unsigned muted;
        uint64_t from;

        if (r == b->answering)
            r = &behind;
        from = outbox_pos(r->out);
        muted = r->out->muted & OUTBOX_MUTED;
        outbox_mute(r->out, false); /* CLIENT REPLY OFF is about replies: its own message reaches it */
        reply_push(r, pattern ? 4 : 3);
        reply_bulk_str(r, what[kind]);
        if (pattern)
            reply_bulk(r, channel_name(c));
        reply_bulk(r, channel);
        reply_bulk(r, message);
        outbox_mute(r->out, muted);
        if (r != &behind) {
            outbox_mark(r->out, from, broker_offset(b));
            broker_touch(b, r->out);
        }
        n++;
    }
    return n;
}

size_t pubsub_publish(struct broker *b, struct slice channel, struct slice message, bool shard)
{
    enum pubsub_kind kind = shard ? PUBSUB_SHARD : PUBSUB_CHANNEL;
    struct pubsub *p = b->pubsub;
    struct channel *c = dict_find(&p->names[kind], channel);
    size_t n = c ? deliver(b, c, channel, message, kind) : 0;

    if (shard)
        return n;
    list_for_each (it, &p->pattern_list) {
        c = list_entry(it, struct channel, node);
        if (slice_glob(channel_name(c), channel, false))
            n += deliver(b, c, channel, message, PUBSUB_PATTERN);
    }
    return n;
}

bool pubsub_anybody(const struct pubsub *p)
{
    return dict_count(&p->names[PUBSUB_CHANNEL]) || dict_count(&p->names[PUBSUB_PATTERN]);
}

size_t pubsub_count(const struct pubsub *p, enum pubsub_kind kind)
{
    return dict_count(&p->names[kind]);
}

size_t pubsub_heard_by(const struct pubsub *p, struct slice name, enum pubsub_kind kind)
{
    const struct channel *c = dict_find(&p->names[kind], name);

    return c ? c->listeners : 0;
}

struct each {
    const struct slice *glob;
    void (*fn)(struct slice name, void *arg);
    void *arg;
};

static void tell_one(void *entry, void *arg)
{
    const struct each *e = arg;

    if (!e->glob || slice_glob(*e->glob, channel_name(entry), false))
        e->fn(channel_name(entry), e->arg);
}

void pubsub_each(const struct pubsub *p, enum pubsub_kind kind, const struct slice *glob,
                 void (*fn)(struct slice name, void *arg), void *arg)
{
    struct each e = {glob, fn, arg};
    uint64_t cursor = 0;

    do
        cursor = dict_scan(&p->names[kind], cursor, tell_one, &e);
    while (cursor);
}
