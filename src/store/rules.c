/* store/rules.c - see store/rules.h. */
#include "store/rules.h"
#include "base/mem.h"
#include "base/num.h"

#include <stddef.h>

#define COUNT_MAX  INT64_C(1000000000)       /* deliveries, leases */
#define SIZE_LIMIT INT64_C(1000000000000000) /* entries, bytes: no sum of two overflows */

#define AT(field) offsetof(struct rules, field)
#define DURATION(word, field, text)                                                                          \
    {                                                                                                        \
        .name = word, .kind = RULE_DURATION, .at = AT(field), .max = RULE_DURATION_MAX, .help = text         \
    }
#define NUMBER(word, field, lo, hi, def, text)                                                               \
    {                                                                                                        \
        .name = word, .kind = RULE_NUMBER, .at = AT(field), .min = lo, .max = hi, .fallback = def,           \
        .help = text                                                                                         \
    }
#define CHOICE(word, field, list, text)                                                                      \
    {                                                                                                        \
        .name = word, .kind = RULE_CHOICE, .at = AT(field), .names = list, .help = text                      \
    }
#define TEXT(word, field, text)                                                                              \
    {                                                                                                        \
        .name = word, .kind = RULE_TEXT, .at = AT(field), .max = RULE_TEXT_MAX, .help = text                 \
    }
#define NAMES(list, ...) static const char *const list[] = {__VA_ARGS__, NULL}

NAMES(overflow_names, "reject", "drop", "dlq");
NAMES(retention_names, "log", "queue");
NAMES(onpoison_names, "skip", "halt");
NAMES(ondisconnect_names, "keep", "requeue");
NAMES(pause_names, "none", "in", "out", "both");
NAMES(headers_names, "no", "yes");

/* clang-format off */
const struct rule_row rule_rows[RULES] = {
[RULE_ACKWAIT] = DURATION("ACKWAIT", ackwait,
    "How long a delivered message is leased to its consumer. When the lease ends without an "
    "ack, the message goes back. 0: it never ends."),
[RULE_MAXDELIVER] = NUMBER("MAXDELIVER", maxdeliver, 0, COUNT_MAX, 0,
    "Deliveries before a message is dead. 0: no limit."),
[RULE_BACKOFF] = DURATION("BACKOFF", backoff,
    "What a message that went back waits before it is delivered again."),
[RULE_BACKOFFMAX] = DURATION("BACKOFFMAX", backoffmax,
    "The wait doubles with each delivery, up to this. 0: it stays as it is. Not below "
    "BACKOFF."),
[RULE_JITTER] = NUMBER("JITTER", jitter, 0, 100, 0,
    "By how many percent at most a wait is made shorter or longer, at random."),
[RULE_DLQ] = TEXT("DLQ", dlq,
    "The key that dead letters go to, in the same database; {queue} in it is the queue's "
    "name. Empty: none. A queue that it names itself has none."),
[RULE_TTL] = DURATION("TTL", ttl,
    "The age, since it came, at which a message that is not done expires. 0: none does."),
[RULE_MAXLEN] = { .name = "MAXLEN", .kind = RULE_NUMBER, .at = AT(maxlen), .max = SIZE_LIMIT, .help =
    "Messages, delayed ones among them, that the queue takes. Those that are done make way; "
    "then OVERFLOW says what happens. 0: no limit." },
[RULE_MAXBYTES] = { .name = "MAXBYTES", .kind = RULE_BYTES, .at = AT(maxbytes), .max = SIZE_LIMIT, .help =
    "The same in bytes of names and values." },
[RULE_OVERFLOW] = CHOICE("OVERFLOW", overflow, overflow_names,
    "What a full queue does: it refuses what comes (-QFULL), or the oldest message of the "
    "lowest level that nobody holds is dropped, or goes to the DLQ."),
[RULE_RETENTION] = CHOICE("RETENTION", retention, retention_names,
    "Whether a message stays when it is done (log), or is deleted when all groups have done "
    "it (queue)."),
[RULE_PRIORITIES] = NUMBER("PRIORITIES", priorities, 1, 32, 1,
    "Levels of priority, from 0 to one less than this. Not together with ORDERKEY."),
[RULE_AGING] = DURATION("AGING", aging,
    "The first message of a level rises by one level for each time it has waited so long. 0: "
    "never."),
[RULE_ORDERKEY] = TEXT("ORDERKEY", orderkey,
    "The field whose equal values are delivered one at a time per group, in the order of "
    "their ids. Empty: none."),
[RULE_ONPOISON] = CHOICE("ONPOISON", onpoison, onpoison_names,
    "With ORDERKEY, when a message dies: the next ones of its key go on (skip), or wait "
    "behind it (halt)."),
[RULE_MAXINFLIGHT] = NUMBER("MAXINFLIGHT", maxinflight, 0, COUNT_MAX, 0,
    "Messages that the consumers of a group may hold together. 0: no limit."),
[RULE_PREFETCH] = NUMBER("PREFETCH", prefetch, 0, COUNT_MAX, 0,
    "Messages that one consumer may hold. 0: no limit."),
[RULE_RATE] = NUMBER("RATE", rate, 0, COUNT_MAX, 0,
    "Deliveries a second for each group. 0: no limit."),
[RULE_ONDISCONNECT] = CHOICE("ONDISCONNECT", ondisconnect, ondisconnect_names,
    "What becomes of a consumer's messages when the last connection that read as it closes: "
    "they stay its own, or go back. requeue needs ACKWAIT, which after a restart brings them "
    "back."),
[RULE_CONSUMERIDLE] = DURATION("CONSUMERIDLE", consumeridle,
    "A consumer that was not seen for so long is removed, and what it held goes back. 0: "
    "never."),
[RULE_PAUSE] = CHOICE("PAUSE", pause, pause_names,
    "What rests: what comes in is refused (-PAUSED), what goes out waits, or both."),
[RULE_HEADERS] = CHOICE("HEADERS", headers, headers_names,
    "Whether the fields x-delay, x-ttl, x-priority and x-dedup-id of an XADD are heeded as "
    "the options of QADD."),
};
/* clang-format on */

const struct rules RULES_NONE;

/* --- reading --- */

enum rule rule_find(struct slice name)
{
    enum rule i = 0;

    while (i < RULES && !slice_is(name, rule_rows[i].name))
        i++;
    return i;
}

/* The longest first: the name of one ends with that of another. */
static const struct unit {
    const char *name;
    msec ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
#define UNITS (sizeof units / sizeof *units)

static bool parse_duration(struct slice text, int64_t *out)
{
    uint64_t n;
    size_t digits = num_digits(text, &n);
    struct slice unit = {text.p + digits, text.n - digits};
    size_t i = UNITS - 1;

    if (digits == 0)
        return false;
    if (unit.n)
        for (i = 0; i < UNITS && !slice_is(unit, units[i].name); i++)
            ;
    if (i == UNITS || n > (uint64_t)(RULE_DURATION_MAX / units[i].ms))
        return false;
    *out = (int64_t)n * units[i].ms;
    return true;
}

static bool parse_bytes(struct slice text, int64_t *out)
{
    uint64_t n;

    if (!num_bytes(text, &n) || n > INT64_MAX)
        return false;
    *out = (int64_t)n;
    return true;
}

static bool parse_choice(const struct rule_row *row, struct slice text, int64_t *out)
{
    for (*out = 0; row->names[*out]; ++*out)
        if (slice_is(text, row->names[*out]))
            return true;
    return false;
}

static bool parse_number(const struct rule_row *row, struct slice text, int64_t *out)
{
    switch (row->kind) {
    case RULE_DURATION:
        return parse_duration(text, out);
    case RULE_BYTES:
        return parse_bytes(text, out);
    case RULE_CHOICE:
        return parse_choice(row, text, out);
    default:
        return num_i64(text, out);
    }
}

static void set_text(struct slice *to, struct slice from)
{
    mem_free((char *)(uintptr_t)to->p);
    *to = (struct slice){from.n ? mem_strdup(from) : NULL, from.n};
}

void rule_set_text(struct rules *r, enum rule which, struct slice text)
{
    set_text(rule_text(r, which), text);
}

bool rule_parse(struct rules *r, enum rule which, struct slice text)
{
    const struct rule_row *row = &rule_rows[which];
    int64_t v;

    if (row->kind == RULE_TEXT) {
        if (text.n > (size_t)row->max)
            return false;
        rule_set_text(r, which, text);
        return true;
    }
    if (!parse_number(row, text, &v) || (row->kind != RULE_CHOICE && (v < row->min || v > row->max)))
        return false;
    *rule_number(r, which) = v;
    return true;
}

/* --- telling --- */

void rule_say_wanted(enum rule which, struct buf *text)
{
    const struct rule_row *row = &rule_rows[which];

    switch (row->kind) {
    case RULE_DURATION:
        buf_add_str(text, "a duration from 0 to 36500d, as 500ms 30s 10m 12h 7d or milliseconds");
        break;
    case RULE_NUMBER:
        buf_addf(text, "a whole number from %lld to %lld", (long long)row->min, (long long)row->max);
        break;
    case RULE_BYTES:
        buf_addf(text, "bytes from %lld to %lld, as 1000 64kb 100mb 1gb", (long long)row->min,
                 (long long)row->max);
        break;
    case RULE_CHOICE:
        for (size_t i = 0; row->names[i]; i++)
            buf_addf(text, "%s%s", i == 0 ? "" : row->names[i + 1] ? ", " : " or ", row->names[i]);
        break;
    case RULE_TEXT:
        buf_addf(text, "a name of at most %lld bytes, or an empty one for none", (long long)row->max);
        break;
    }
}

static void put_duration(int64_t ms, struct buf *text)
{
    size_t i = 0;

    while (ms % units[i].ms)
        i++;
    buf_addf(text, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
}

void rule_put(const struct rules *r, enum rule which, bool plain, struct buf *text)
{
    const struct rule_row *row = &rule_rows[which];
    struct rules *look = (struct rules *)(uintptr_t)r; /* which is only read */

    if (row->kind == RULE_TEXT)
        buf_add_slice(text, *rule_text(look, which));
    else if (row->kind == RULE_CHOICE)
        buf_add_str(text, row->names[*rule_number(look, which)]);
    else if (row->kind == RULE_DURATION && !plain && *rule_number(look, which))
        put_duration(*rule_number(look, which), text);
    else
        buf_addf(text, "%lld", (long long)*rule_number(look, which));
}

/* --- one, and all of them --- */

void rule_copy(struct rules *to, const struct rules *from, enum rule which)
{
    struct rules *look = (struct rules *)(uintptr_t)from;

    if (rule_rows[which].kind == RULE_TEXT)
        set_text(rule_text(to, which), *rule_text(look, which));
    else
        *rule_number(to, which) = *rule_number(look, which);
}

void rule_reset(struct rules *r, enum rule which)
{
    if (rule_rows[which].kind == RULE_TEXT)
        set_text(rule_text(r, which), SLICE(""));
    else
        *rule_number(r, which) = rule_rows[which].fallback;
}

bool rule_equal(const struct rules *a, const struct rules *b, enum rule which)
{
    struct rules *x = (struct rules *)(uintptr_t)a, *y = (struct rules *)(uintptr_t)b;

    if (rule_rows[which].kind == RULE_TEXT)
        return slice_eq(*rule_text(x, which), *rule_text(y, which));
    return *rule_number(x, which) == *rule_number(y, which);
}

void rules_default(struct rules *r)
{
    *r = (struct rules){0};
    for (enum rule i = 0; i < RULES; i++)
        rule_reset(r, i);
}

void rules_copy(struct rules *to, const struct rules *from)
{
    *to = (struct rules){0};
    for (enum rule i = 0; i < RULES; i++)
        rule_copy(to, from, i);
}

bool rules_equal(const struct rules *a, const struct rules *b)
{
    for (enum rule i = 0; i < RULES; i++)
        if (!rule_equal(a, b, i))
            return false;
    return true;
}

size_t rules_memory(const struct rules *r)
{
    return (r->dlq.n ? r->dlq.n + 1 : 0) + (r->orderkey.n ? r->orderkey.n + 1 : 0);
}

void rules_free(struct rules *r)
{
    for (enum rule i = 0; i < RULES; i++)
        rule_reset(r, i);
}
