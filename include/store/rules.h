/* store/rules.h - the rules of a queue: every option of QPOLICY with its value. The options are rows, one
 * each, and whoever parses, prints, compares, copies or documents them reads the rows. */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/slice.h"

enum rules_overflow { OVERFLOW_REJECT, OVERFLOW_DROP, OVERFLOW_DLQ };
enum rules_retention { RETENTION_LOG, RETENTION_QUEUE };
enum rules_onpoison { ONPOISON_SKIP, ONPOISON_HALT };
enum rules_ondisconnect { ONDISCONNECT_KEEP, ONDISCONNECT_REQUEUE };
enum rules_pause { PAUSE_NONE, PAUSE_IN = 1, PAUSE_OUT = 2, PAUSE_BOTH = PAUSE_IN | PAUSE_OUT };

/* A policy resolved for one queue, or what one policy gives. Zero is none, no limit, never; priorities is at
 * least 1 in what policy_resolve() gives. */
struct rules {
    msec ackwait;
    int64_t maxdeliver;
    msec backoff, backoffmax; /* backoffmax 0: it does not double; else at least backoff */
    int64_t jitter;           /* percent */
    msec ttl;
    int64_t maxlen, maxbytes;
    int64_t overflow;  /* enum rules_overflow */
    int64_t retention; /* enum rules_retention */
    int64_t priorities;
    msec aging;
    int64_t onpoison; /* enum rules_onpoison */
    int64_t maxinflight, prefetch, rate;
    int64_t ondisconnect; /* enum rules_ondisconnect; requeue only with an ackwait */
    msec consumeridle;
    int64_t pause;         /* enum rules_pause */
    int64_t headers;       /* 0, 1 */
    struct slice dlq;      /* owned; resolved: the key's name, {queue} replaced; empty: none */
    struct slice orderkey; /* owned; empty: none */
};

/* In the order in which they are shown. */
enum rule {
    RULE_ACKWAIT,
    RULE_MAXDELIVER,
    RULE_BACKOFF,
    RULE_BACKOFFMAX,
    RULE_JITTER,
    RULE_DLQ,
    RULE_TTL,
    RULE_MAXLEN,
    RULE_MAXBYTES,
    RULE_OVERFLOW,
    RULE_RETENTION,
    RULE_PRIORITIES,
    RULE_AGING,
    RULE_ORDERKEY,
    RULE_ONPOISON,
    RULE_MAXINFLIGHT,
    RULE_PREFETCH,
    RULE_RATE,
    RULE_ONDISCONNECT,
    RULE_CONSUMERIDLE,
    RULE_PAUSE,
    RULE_HEADERS,
    RULES
};

enum rule_kind {
    RULE_DURATION, /* msec */
    RULE_NUMBER,
    RULE_BYTES,  /* a number that may be written with a unit */
    RULE_CHOICE, /* one of `names`, its value counted from 0 */
    RULE_TEXT,   /* struct slice, at most `max` bytes */
};

struct rule_row {
    const char *name; /* "ACKWAIT" */
    enum rule_kind kind;
    size_t at; /* offset in struct rules: of an int64_t, or of a struct slice */
    int64_t min, max;
    int64_t fallback;         /* of a text: none */
    const char *const *names; /* of a choice; ends with NULL */
    const char *help;
};
extern const struct rule_row rule_rows[RULES];
extern const struct rules RULES_NONE; /* all bytes zero */

#define RULE_DURATION_MAX INT64_C(3153600000000) /* 36500d: no sum with a wall time overflows */
#define RULE_TEXT_MAX     1024

/* The row of that name, in any case; RULES: there is none. */
enum rule rule_find(struct slice name);
static inline int64_t *rule_number(struct rules *r, enum rule which)
{
    return (int64_t *)((char *)r + rule_rows[which].at);
}
static inline int64_t rule_value(const struct rules *r, enum rule which)
{
    return *(const int64_t *)((const char *)r + rule_rows[which].at);
}
static inline struct slice *rule_text(struct rules *r, enum rule which)
{
    return (struct slice *)((char *)r + rule_rows[which].at);
}

/* The value as a client writes it. False, nothing changed: it is none; rule_say_wanted() tells what would
 * be. A text that was there is freed. */
bool rule_parse(struct rules *r, enum rule which, struct slice text);
/* The text of a RULE_TEXT, whatever its length. */
void rule_set_text(struct rules *r, enum rule which, struct slice text);
/* "a duration from 0 to 36500d, as 500ms 30s 10m 12h 7d or milliseconds" */
void rule_say_wanted(enum rule which, struct buf *text);
/* The value as a client would write it: 30s; or (`plain`) as the journal has it: 30000. */
void rule_put(const struct rules *r, enum rule which, bool plain, struct buf *text);
/* One value of `from` copied to `to`; what was there is freed. */
void rule_copy(struct rules *to, const struct rules *from, enum rule which);
void rule_reset(struct rules *r, enum rule which); /* to its default */
bool rule_equal(const struct rules *a, const struct rules *b, enum rule which);

void rules_default(struct rules *r);                         /* over whatever bytes are there */
void rules_copy(struct rules *to, const struct rules *from); /* the same */
bool rules_equal(const struct rules *a, const struct rules *b);
size_t rules_memory(const struct rules *r); /* bytes beside the struct */
void rules_free(struct rules *r);           /* what it owns; it is as rules_default() leaves it then */

#endif
