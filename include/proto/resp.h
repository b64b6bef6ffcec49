/* proto/resp.h - requests, parsed in place.
 *
 * A request is an array of bulk strings (*2\r\n$4\r\nECHO\r\n...) or an inline line. What is complete
 * in the bytes at hand is given out as slices into them; of an unfinished request the parser remembers
 * how far it came, so that bytes are looked at once however they are cut. Nothing is allocated for what
 * was announced, only for what has arrived.
 */
#ifndef PROTO_RESP_H
#define PROTO_RESP_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct resp_limits {
    uint64_t bulk_max;   /* proto-max-bulk-len */
    uint64_t inline_max; /* of a line, inline or header, without its end; 64 KiB, as Redis; at least 16 */
    uint64_t args_max;   /* elements of a request; never over INT_MAX, as Redis */
    bool unauth;         /* the client has yet to log in: 10 elements of 16 KiB at most, as Redis */
};

/* The words of one request. Slices into the bytes given to resp_next(), or (inline requests with quotes)
 * into memory of the parser; good until the next call. */
struct args {
    struct slice *v;
    size_t n, cap;
};
void args_free(struct args *a);

/* The one way to keep arguments past their command: a single allocation holding array and bytes, for
 * mem_free(). */
struct slice *args_copy(const struct slice *v, size_t n);

struct resp_parser {
    uint64_t left;  /* elements of the request still to come; 0 between requests */
    int64_t bulk;   /* announced length of the element under way, -1 when its header has not come */
    size_t pos;     /* bytes of the unfinished request already understood */
    size_t scanned; /* of an unfinished line: bytes known to hold no end of it */
    size_t *at;     /* offset, length pairs of the elements complete so far */
    size_t n, cap;
    struct slice *words; /* inline request with quotes: its words, for mem_free() */
    char why[40];        /* the one error text that is made up: which byte came for a '$' */
};
void resp_init(struct resp_parser *r);
void resp_free(struct resp_parser *r);
/* True when part of a request has been seen (the caller keeps its bytes). */
bool resp_unfinished(const struct resp_parser *r);
/* How many bytes, at least, the rest of the unfinished request needs beyond `have`; a hint to size a
 * read, never to allocate by. */
size_t resp_wants(const struct resp_parser *r, size_t have);

enum resp_result {
    RESP_REQUEST, /* *args is one request, *used its bytes. args->n may be 0 (empty line, *0, *-1): skip it */
    RESP_MORE,    /* unfinished: call again with the same bytes, from the request's start, and more behind */
    RESP_ERROR,   /* *why is the text behind "-ERR ", good while the parser is; close after sending it */
};

/* The request at `p`. On RESP_MORE the caller must present the same bytes again (they may have moved). */
enum resp_result resp_next(struct resp_parser *r, const struct resp_limits *limits, const char *p, size_t n,
                           struct args *args, size_t *used, const char **why);

#endif
