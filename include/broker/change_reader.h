/* broker/change_reader.h - which connections read as which consumers, where a queue wants to know
 * (ONDISCONNECT). Soft state: a restart ends all connections. Whoever asks knows the consumer whatever the
 * name of its key is by now; who is gone with his group or stream is forgotten. */
#ifndef BROKER_CHANGE_READER_H
#define BROKER_CHANGE_READER_H

#include "broker/broker.h"
#include "store/group.h"

#define READINGS_MAX 256 /* consumers that a connection is known to read as; others it only reads as */

/* The consumers that a connection reads as: one to each session. */
struct readings {
    struct list list;
    size_t n;
};
void readings_init(struct readings *r);

/* The connection reads as that consumer of the stream: no-op when that is known. */
void change_reads_as(struct readings *r, const struct stream *s, struct group *g, struct consumer *c);
/* The connection has closed. Consumers whose last one it was are listed in group.gone if they hold something,
 * and their streams are due. */
void change_readings_end(struct broker *b, struct readings *r);
/* It is listed there no longer. */
void change_gone_settled(struct consumer *c);

#endif
