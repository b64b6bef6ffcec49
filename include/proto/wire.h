/* proto/wire.h - what a connection says of itself to whoever talks over it: kept up to date by net, read by
 * CLIENT LIST. A session without a socket (a test, a fuzzer) has an empty one. */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "base/buf.h"
#include "base/clock.h"
#include <stdbool.h>
#include <stdint.h>

struct wire {
    char *addr, *laddr; /* peer and local end as text: see struct accepted */
    int fd;             /* -1 once closed */
    bool is_unix, loopback;
    bool parked;      /* its socket is not read for now */
    bool stuck;       /* the peer has to make room before more is sent */
    usec last;        /* monotonic: a byte came or went */
    struct buf query; /* what has arrived and waits: from `at` on; what is before has been used */
    size_t at;
    size_t memory; /* of the connection itself, without its buffers */
    uint64_t bytes_in, bytes_out;
};

static inline size_t wire_kept(const struct wire *w) /* bytes that have arrived and wait */
{
    return w->query.n - w->at;
}

static inline size_t wire_memory(const struct wire *w)
{
    return w->memory + w->query.cap;
}

#endif
