/* proto/reply.h - replies of RESP2 and RESP3 into an outbox. One function a type; what RESP2 has not
 * comes out as Redis sends it there (maps as flat arrays, doubles as bulk strings, and so on). */
#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

#include "proto/outbox.h"

struct reply {
    struct outbox *out;
    int proto; /* 2 or 3 */
};

void reply_status_slice(struct reply *r, struct slice text); /* +text, without CR and LF */
static inline void reply_status(struct reply *r, const char *text)
{
    reply_status_slice(r, slice_of(text));
}
void reply_status_text(struct reply *r, struct slice text); /* the same; CR and LF inside become spaces */
void reply_ok(struct reply *r);
/* -text. A text without a code gets none: pass "ERR ...". CR and LF inside become spaces; at the end
 * they go. */
void reply_error(struct reply *r, const char *text);
void reply_errorf(struct reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void reply_error_slice(struct reply *r, struct slice text);
void reply_int(struct reply *r, int64_t v);
void reply_bulk(struct reply *r, struct slice s);
void reply_bulk_str(struct reply *r, const char *s);
void reply_bulk_u64(struct reply *r, uint64_t v); /* digits as a bulk string */
void reply_bulk_i64(struct reply *r, int64_t v);
void reply_bulkf(struct reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void reply_verbatim(struct reply *r, const char *ext3, struct slice s); /* =n txt:...; RESP2 bulk */
void reply_double(struct reply *r, double v);                           /* ,v; RESP2 bulk */
void reply_double_text(struct reply *r, struct slice text);             /* the same, written already */
void reply_big_number(struct reply *r, struct slice text);              /* (text; RESP2 bulk */
void reply_bool(struct reply *r, bool v);                               /* #t #f; RESP2 :1 :0 */
void reply_null(struct reply *r);                                       /* $-1; RESP3 _ */
void reply_null_array(struct reply *r);                                 /* *-1; RESP3 _ */
void reply_array(struct reply *r, size_t n);
void reply_map(struct reply *r, size_t pairs); /* %n; RESP2 *2n */
void reply_set(struct reply *r, size_t n);     /* ~n; RESP2 *n */
void reply_push(struct reply *r, size_t n);    /* >n; RESP2 *n */

/* A length that is known only at the end: remember the place, write the elements, then fill it in.
 * reply_later() leaves room for as many digits as `about` has; reply_fill_*() moves the elements when it
 * needs another number of them. */
uint64_t reply_later(struct reply *r, size_t about);
void reply_fill_array(struct reply *r, uint64_t place, size_t n);
void reply_fill_map(struct reply *r, uint64_t place, size_t pairs);
void reply_fill_set(struct reply *r, uint64_t place, size_t n);
void reply_fill_null_array(struct reply *r, uint64_t place); /* in place of array and elements */

/* A bulk string of digits that belongs at `place` (outbox_pos() then) and is known only now. */
void reply_insert_u64(struct reply *r, uint64_t place, uint64_t v);

/* For callers that render many elements at once: the bytes of "$<n>\r\n" or "*<n>\r\n" (at most
 * REPLY_HEAD) into `to`; the length. */
#define REPLY_HEAD 24
size_t reply_put_head(char *to, char type, uint64_t n);

#endif
