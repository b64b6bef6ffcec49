/* broker/pubsub.h - channels and patterns, and who hears them. Messages are for those who listen now:
 * nothing of this is journaled. */
#ifndef BROKER_PUBSUB_H
#define BROKER_PUBSUB_H

#include "broker/broker.h"
#include "proto/reply.h"

struct pubsub;

/* A shard channel is one of its own, apart from a plain one of that name; patterns do not match it. */
enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_KINDS };

struct subscriber {
    struct reply *reply;          /* where messages go */
    struct list of[PUBSUB_KINDS]; /* struct subscription, by age */
    size_t n[PUBSUB_KINDS];
};

struct pubsub *pubsub_new(const struct hash_seed *seed);
void pubsub_free(struct pubsub *p);

void subscriber_init(struct subscriber *s, struct reply *reply);
/* False if it was subscribed already. */
bool pubsub_subscribe(struct pubsub *p, struct subscriber *s, struct slice name, enum pubsub_kind kind);
bool pubsub_unsubscribe(struct pubsub *p, struct subscriber *s, struct slice name, enum pubsub_kind kind);
/* The oldest subscription of that kind, for "unsubscribe from all"; its name is good until it goes. */
bool pubsub_oldest(const struct subscriber *s, enum pubsub_kind kind, struct slice *name);
/* Delivers to every subscriber of the channel, then (unless it is a shard's) of each pattern that matches;
 * how many. What is sent waits for the journal like a reply. */
size_t pubsub_publish(struct broker *b, struct slice channel, struct slice message, bool shard);
bool pubsub_anybody(const struct pubsub *p); /* somebody hears some channel or pattern */
size_t pubsub_count(const struct pubsub *p, enum pubsub_kind kind); /* different ones that somebody hears */
size_t pubsub_heard_by(const struct pubsub *p, struct slice name, enum pubsub_kind kind); /* subscribers */
/* Calls fn for each name of a kind that matches the glob; NULL: for all. */
void pubsub_each(const struct pubsub *p, enum pubsub_kind kind, const struct slice *glob,
                 void (*fn)(struct slice name, void *arg), void *arg);

#endif
