/* cmd/qadd_cmds.c - messages of a queue: added, at once or later, and taken back while they are not due. */
#include "base/duration.h"
#include "base/err.h"
#include "base/num.h"
#include "broker/change_delay.h"
#include "qadd.h"

/* --- QADD --- */

static int parse_delay(struct call *c, struct slice text, struct addition *a)
{
    msec d;
    int err = duration_parse(text, &d);

    if (err == OK)
        a->due = queue_due_after(c->now, d);
    return err;
}

static int parse_at(struct call *c, struct slice text, struct addition *a)
{
    if (!num_i64(text, &a->due))
        return ERR_INT;
    if (a->due < 0 || a->due > DELAYED_DUE_MAX)
        return call_fail(c, "ERR AT must be a time in milliseconds between 0 and %lld",
                         (long long)DELAYED_DUE_MAX);
    return OK;
}

static int parse_priority(struct call *c, struct slice text, struct addition *a)
{
    int64_t level;

    if (!num_i64(text, &level))
        return ERR_INT;
    if (level < 0 || level >= ENTRY_LEVELS)
        return call_fail(c, "ERR PRIORITY must be between 0 and %d", ENTRY_LEVELS - 1);
    a->level = (uint8_t)level;
    return OK;
}

/* id [WINDOW d], from arg[*i] on, which is the last word of it afterwards. */
static int parse_dedup(struct call *c, size_t *i, struct addition *a)
{
    int err;

    a->dedup = c->arg[*i];
    if (a->dedup.n == 0)
        return call_fail(c, "ERR the DEDUP id must not be empty");
    if (*i + 2 >= c->n || !slice_is(c->arg[*i + 1], "WINDOW"))
        return OK;
    *i += 2;
    if ((err = duration_parse(c->arg[*i], &a->window)) != OK)
        return err;
    return a->window > 0 ? OK : call_fail(c, "ERR WINDOW must be above 0");
}

/* Which of the options with a value were there. */
enum { GIVEN_WHEN = 1, GIVEN_TTL = 2, GIVEN_PRIORITY = 4, GIVEN_DEDUP = 8 };

static int parse_option(struct call *c, size_t *i, struct addition *a, unsigned option)
{
    struct slice word = c->arg[*i], value = c->arg[*i + 1];

    ++*i;
    switch (option) {
    case GIVEN_WHEN:
        return slice_is(word, "AT") ? parse_at(c, value, a) : parse_delay(c, value, a);
    case GIVEN_TTL:
        return duration_parse(value, &a->ttl);
    case GIVEN_PRIORITY:
        return parse_priority(c, value, a);
    default:
        return parse_dedup(c, i, a);
    }
}

static unsigned option_of(struct slice word)
{
    static const struct {
        const char *name;
        unsigned option;
    } row[] = {{"DELAY", GIVEN_WHEN},
               {"AT", GIVEN_WHEN},
               {"TTL", GIVEN_TTL},
               {"PRIORITY", GIVEN_PRIORITY},
               {"DEDUP", GIVEN_DEDUP}};

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        if (slice_is(word, row[i].name))
            return row[i].option;
    return 0;
}

static int fail_twice(struct call *c, unsigned option, struct slice word)
{
    if (option == GIVEN_WHEN)
        return call_fail(c, "ERR syntax error, only one of DELAY and AT may be given");
    return call_fail(c, "ERR syntax error, %.*s is given twice", SLICE_ARG(word));
}

/* The options, and the id behind them: arg[*at]. */
static int parse_options(struct call *c, struct addition *a, size_t *at, unsigned *given)
{
    size_t i;
    int err;

    for (i = 2; i < c->n; i++) {
        unsigned option = option_of(c->arg[i]);

        if (slice_is(c->arg[i], "NOMKSTREAM")) {
            a->no_make = true;
            continue;
        }
        if (!option)
            break;
        if (*given & option)
            return fail_twice(c, option, c->arg[i]);
        *given |= option;
        if (i + 1 == c->n)
            return ERR_SYNTAX;
        if ((err = parse_option(c, &i, a, option)) != OK)
            return err;
    }
    *at = i;
    return OK;
}

int qadd_parse(struct call *c, struct addition *a)
{
    unsigned given = 0;
    size_t at = 0;
    int err;

    *a = (struct addition){.window = QUEUE_WINDOW};
    if ((err = parse_options(c, a, &at, &given)) != OK)
        return err;
    if (at + 3 > c->n || (c->n - at) % 2 == 0)
        return ERR_ARITY;
    if ((err = parse_new_id(c->arg[at], &a->want, &a->id)) != OK)
        return err;
    if ((given & GIVEN_WHEN) && a->want != STREAM_ID_AUTO)
        return call_fail(c, "ERR syntax error, DELAY and AT take * as the id");
    if (a->want == STREAM_ID_GIVEN && stream_id_is_zero(a->id))
        return ERR_ID_ZERO;
    a->field = c->arg + at + 1;
    a->n = c->n - at - 1;
    return OK;
}

/* QADD key [NOMKSTREAM] [DELAY d | AT ms] [TTL d] [PRIORITY n] [DEDUP id [WINDOW d]] <* | id> field value ...
 */
int cmd_qadd(struct call *c)
{
    const struct stream *s;
    struct addition a;
    struct added added;
    int err;

    if ((err = qadd_parse(c, &a)) != OK || (err = stream_write(c, c->arg[1], &s)) != OK ||
        (err = queue_add(c->broker, c->db, c->arg[1], &a, c->now, &added)) != OK)
        return err;
    if (added.what == ADDED_NOT)
        reply_null(c->reply);
    else
        reply_stream_id(c->reply, added.id);
    return OK;
}

/* --- QCANCEL --- */

/* QCANCEL key id [id ...] */
int cmd_qcancel(struct call *c)
{
    const struct stream *s;
    struct ids ids;
    int err = stream_write(c, c->arg[1], &s);

    if (err != OK)
        return err;
    ids_parse(&ids, c->arg + 2, c->n - 2);
    if (ids.n < c->n - 2)
        err = ERR_ID;
    else
        reply_int(c->reply, s ? (int64_t)change_delay_cancel(c->broker, c->db, c->arg[1], ids.v, ids.n) : 0);
    ids_free(&ids);
    return err;
}
