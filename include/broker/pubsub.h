/* broker/pubsub.h - channels and patterns, and who hears them. Messages are for those who listen now:
 * nothing of this is journaled. */
#ifndef BROKER_PUBSUB_H
#define BROKER_PUBSUB_H

#include "broker/broker.h"
#include "proto/reply.h"

struct pubsub;

struct subscriber {
    struct reply *reply;            /* where messages go */
    struct list channels, patterns; /* struct subscription, by age */
    size_t n_channels, n_patterns;
};

struct pubsub *pubsub_new(const struct hash_seed *seed);
void pubsub_free(struct pubsub *p);

void subscriber_init(struct subscriber *s, struct reply *reply);
/* False if it was subscribed already. */
bool pubsub_subscribe(struct pubsub *p, struct subscriber *s, struct slice channel, bool pattern);
bool pubsub_unsubscribe(struct pubsub *p, struct subscriber *s, struct slice channel, bool pattern);
/* The oldest subscription of that kind, for "unsubscribe from all"; its name is good until it goes. */
bool pubsub_oldest(const struct subscriber *s, bool pattern, struct slice *channel);
/* Delivers to every subscriber of the channel, then of each pattern that matches; how many. What is
 * sent waits for the journal like a reply. */
size_t pubsub_publish(struct broker *b, struct slice channel, struct slice message);
size_t pubsub_channel_count(const struct pubsub *p);
size_t pubsub_pattern_count(const struct pubsub *p); /* different ones */

#endif
