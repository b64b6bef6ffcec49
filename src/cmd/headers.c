/* headers.c - see headers.h. */
#include "headers.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/num.h"
#include "queue/add.h"

static bool parse_delay(struct slice text, struct now now, struct addition *a)
{
    msec d;

    if (duration_parse(text, &d) != OK)
        return false;
    a->due = queue_due_after(now, d);
    return true;
}

static bool parse_ttl(struct slice text, struct now now, struct addition *a)
{
    (void)now;
    return duration_parse(text, &a->ttl) == OK;
}

static bool parse_priority(struct slice text, struct now now, struct addition *a)
{
    int64_t level;

    (void)now;
    if (!num_i64(text, &level) || level < 0 || level >= ENTRY_LEVELS)
        return false;
    a->level = (uint8_t)level;
    return true;
}

static bool parse_dedup(struct slice text, struct now now, struct addition *a)
{
    (void)now;
    a->dedup = text;
    return text.n > 0;
}

enum header { HEADER_DELAY, HEADER_TTL, HEADER_PRIORITY, HEADER_DEDUP, HEADERS };

#define WANT_DURATION "be a duration: milliseconds, or a number and ms, s, m, h or d"
#define WANT_LEVEL    "be a number from 0 to 31"
_Static_assert(ENTRY_LEVELS == 32, "WANT_LEVEL");

static const struct header_row {
    const char *name;
    bool (*parse)(struct slice text, struct now now, struct addition *a);
    const char *wanted;
} row[HEADERS] = {
    [HEADER_DELAY] = {"x-delay", parse_delay, WANT_DURATION},
    [HEADER_TTL] = {"x-ttl", parse_ttl, WANT_DURATION},
    [HEADER_PRIORITY] = {"x-priority", parse_priority, WANT_LEVEL},
    [HEADER_DEDUP] = {"x-dedup-id", parse_dedup, "not be empty"},
};

/* HEADERS: the field is none. Names of fields are what they are, to the letter. */
static enum header header_of(struct slice field)
{
    unsigned h = 0;

    if (field.n < 2 || field.p[0] != 'x' || field.p[1] != '-')
        return HEADERS;
    while (h < HEADERS && !slice_eq(field, slice_of(row[h].name)))
        h++;
    return (enum header)h;
}

bool has_headers(const struct call *c, const struct add_args *a)
{
    for (size_t i = a->at + 1; i < c->n; i += 2)
        if (header_of(c->arg[i]) != HEADERS)
            return true;
    return false;
}

static int parse_headers(struct call *c, const struct add_args *add, struct addition *a)
{
    unsigned given = 0;

    for (size_t i = add->at + 1; i < c->n; i += 2) {
        enum header h = header_of(c->arg[i]);

        if (h == HEADERS)
            continue;
        if (given >> h & 1)
            return call_fail(c, "ERR the header %s is there twice", row[h].name);
        given |= 1u << h;
        if (!row[h].parse(c->arg[i + 1], c->now, a))
            return call_fail(c, "ERR the header %s must %s", row[h].name, row[h].wanted);
    }
    if (given >> HEADER_DELAY & 1 && add->want != STREAM_ID_AUTO)
        return call_fail(c, "ERR the header %s takes * as the id", row[HEADER_DELAY].name);
    return OK;
}

int headers_parse(struct call *c, const struct add_args *add, struct addition *a)
{
    *a = (struct addition){.field = c->arg + add->at + 1,
                           .n = c->n - add->at - 1,
                           .want = add->want,
                           .id = add->id,
                           .no_make = add->no_make,
                           .window = QUEUE_WINDOW};
    if (add->pid_at)
        return call_fail(c, "ERR IDMP and IDMPAUTO are not for messages with headers: %s names one",
                         row[HEADER_DEDUP].name);
    return parse_headers(c, add, a);
}

/* A trim is one of what is there: of the new message too, if it is not delayed. */
int xadd_by_headers(struct call *c, const struct add_args *add)
{
    struct addition a;
    struct added added;
    int err;

    if ((err = headers_parse(c, add, &a)) != OK ||
        (err = queue_add(c->broker, c->db, c->arg[1], &a, c->now, &added)) != OK)
        return err;
    if (add->trim.kind != TRIM_NONE && added.what != ADDED_BEFORE)
        change_xtrim(c->broker, c->db, c->arg[1], &add->trim);
    reply_stream_id(c->reply, added.id);
    return OK;
}
