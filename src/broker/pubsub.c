/* broker/pubsub.c - see broker/pubsub.h. */
#include "broker/pubsub.h"
#include "base/mem.h"

struct channel {
    struct list heard_by; /* struct subscription */
    struct list node;     /* patterns: in pubsub.pattern_list */
    uint32_t n;
    char name[];
};

struct subscription {
    struct list of_channel, of_subscriber;
    struct channel *channel;
    struct subscriber *subscriber;
};

struct pubsub {
    struct dict channels, patterns; /* struct channel */
    struct list pattern_list;       /* the same patterns, in order of the first subscription */
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

    dict_init(&p->channels, &channel_type, seed);
    dict_init(&p->patterns, &channel_type, seed);
    list_init(&p->pattern_list);
    return p;
}

void pubsub_free(struct pubsub *p)
{
    dict_clear(&p->channels);
    dict_clear(&p->patterns);
    mem_free(p);
}

void subscriber_init(struct subscriber *s, struct reply *reply)
{
    *s = (struct subscriber){.reply = reply};
    list_init(&s->channels);
    list_init(&s->patterns);
}

static struct channel *channel_make(struct pubsub *p, struct slice name, bool pattern)
{
    struct channel *c = mem_alloc(sizeof *c + name.n);

    *c = (struct channel){.n = (uint32_t)name.n};
    memcpy(c->name, name.p, name.n);
    list_init(&c->heard_by);
    dict_add(pattern ? &p->patterns : &p->channels, c);
    if (pattern)
        list_push(&p->pattern_list, &c->node);
    return c;
}

/* A client has few subscriptions as a rule, a channel many listeners: look on the shorter side. */
static struct subscription *find(const struct subscriber *s, const struct channel *c, bool pattern)
{
    const struct list *mine = pattern ? &s->patterns : &s->channels;
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

bool pubsub_subscribe(struct pubsub *p, struct subscriber *s, struct slice name, bool pattern)
{
    struct channel *c = dict_find(pattern ? &p->patterns : &p->channels, name);
    struct subscription *sub;

    if (c && find(s, c, pattern))
        return false;
    if (!c)
        c = channel_make(p, name, pattern);
    sub = mem_alloc(sizeof *sub);
    *sub = (struct subscription){.channel = c, .subscriber = s};
    list_push(&c->heard_by, &sub->of_channel);
    list_push(pattern ? &s->patterns : &s->channels, &sub->of_subscriber);
    *(pattern ? &s->n_patterns : &s->n_channels) += 1;
    return true;
}

bool pubsub_unsubscribe(struct pubsub *p, struct subscriber *s, struct slice name, bool pattern)
{
    struct dict *d = pattern ? &p->patterns : &p->channels;
    struct channel *c = dict_find(d, name);
    struct subscription *sub = c ? find(s, c, pattern) : NULL;

    if (!sub)
        return false;
    list_remove(&sub->of_channel);
    list_remove(&sub->of_subscriber);
    *(pattern ? &s->n_patterns : &s->n_channels) -= 1;
    mem_free(sub);
    if (list_empty(&c->heard_by)) {
        list_remove(&c->node);
        dict_remove(d, channel_name(c));
        mem_free(c);
    }
    return true;
}

bool pubsub_oldest(const struct subscriber *s, bool pattern, struct slice *channel)
{
    const struct list *l = pattern ? &s->patterns : &s->channels;

    if (list_empty(l))
        return false;
    *channel = channel_name(list_entry(l->next, struct subscription, of_subscriber)->channel);
    return true;
}

static size_t deliver(struct broker *b, struct channel *c, struct slice channel, struct slice message,
                      bool pattern)
{
    size_t n = 0;

    list_for_each (it, &c->heard_by) {
        struct reply *r = list_entry(it, struct subscription, of_channel)->subscriber->reply;
        struct reply behind = {.out = &b->aside, .proto = r->proto};
        unsigned muted;
        uint64_t from;

        if (r == b->in_exec)
            r = &behind;
        from = outbox_pos(r->out);
        muted = r->out->muted & OUTBOX_MUTED;
        outbox_mute(r->out, false); /* CLIENT REPLY OFF is about replies: its own message reaches it */
        reply_push(r, pattern ? 4 : 3);
        reply_bulk_str(r, pattern ? "pmessage" : "message");
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

size_t pubsub_publish(struct broker *b, struct slice channel, struct slice message)
{
    struct pubsub *p = b->pubsub;
    struct channel *c = dict_find(&p->channels, channel);
    size_t n = c ? deliver(b, c, channel, message, false) : 0;

    list_for_each (it, &p->pattern_list) {
        c = list_entry(it, struct channel, node);
        if (slice_glob(channel_name(c), channel, false))
            n += deliver(b, c, channel, message, true);
    }
    return n;
}

size_t pubsub_channel_count(const struct pubsub *p)
{
    return dict_count(&p->channels);
}

size_t pubsub_pattern_count(const struct pubsub *p)
{
    return dict_count(&p->patterns);
}
