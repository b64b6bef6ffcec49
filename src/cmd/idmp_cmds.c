/* cmd/idmp_cmds.c - what a stream remembers of idempotent producers: its limits, and single ids. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change_idmp.h"
#include "stream_args.h"

/* --- XCFGSET --- */

struct limit {
    const char *name, *what;
    int64_t max;
    int64_t value; /* 0: not given */
};

static int parse_limit(struct call *c, size_t i, struct limit *l)
{
    if (l->value)
        return call_fail(c, "ERR %s specified multiple times", l->name);
    if (i + 1 == c->n)
        return ERR_SYNTAX;
    if (!num_i64(c->arg[i + 1], &l->value))
        return ERR_INT;
    if (l->value < 1 || l->value > l->max)
        return call_fail(c, "ERR %s must be between 1 and %lld %s", l->name, (long long)l->max, l->what);
    return OK;
}

static int parse_limits(struct call *c, struct limit *duration, struct limit *maxsize)
{
    if (c->n == 2)
        return call_fail(c, "ERR At least one parameter must be specified");
    for (size_t i = 2; i < c->n; i += 2) {
        int err = slice_is(c->arg[i], duration->name)  ? parse_limit(c, i, duration)
                  : slice_is(c->arg[i], maxsize->name) ? parse_limit(c, i, maxsize)
                                                       : ERR_SYNTAX;

        if (err != OK)
            return err;
    }
    return OK;
}

int cmd_xcfgset(struct call *c)
{
    struct limit duration = {.name = "IDMP-DURATION", .what = "seconds", .max = IDMP_DURATION_MAX};
    struct limit maxsize = {.name = "IDMP-MAXSIZE", .what = "entries", .max = IDMP_MAXSIZE_MAX};
    const struct stream *s;
    struct idmp_limits now, want;
    int err;

    if ((err = parse_limits(c, &duration, &maxsize)) != OK || (err = stream_write(c, c->arg[1], &s)) != OK)
        return err;
    if (!s)
        return ERR_NO_KEY;
    want = now = stream_idmp(s) ? stream_idmp(s)->limits : IDMP_LIMITS;
    if (duration.value)
        want.duration = (uint32_t)duration.value;
    if (maxsize.value)
        want.maxsize = (uint32_t)maxsize.value;
    if (want.duration != now.duration || want.maxsize != now.maxsize)
        change_idmp_limit(c->broker, c->db, c->arg[1], want);
    reply_ok(c->reply);
    return OK;
}

/* --- XIDMPRECORD key pid iid id --- */

/* What a journal tells was decided: the message may be gone since, or the id known and its time over. */
static int record_check(struct call *c, const struct stream *s, const struct idmp_name *as,
                        struct stream_id id, bool *known)
{
    struct stream_id of;

    *known = false;
    if (c->broker->origin == ORIGIN_REPLAY)
        return OK;
    if (!stream_has(s, id))
        return call_fail(c, "ERR No such message in stream");
    *known = stream_idmp(s) && idmp_find(stream_idmp(s), as, c->now.wall, &of);
    if (*known && stream_id_cmp(of, id) != 0)
        return call_fail(c, "ERR IID already exists for this producer with a different stream ID");
    return OK;
}

int cmd_xidmprecord(struct call *c)
{
    struct idmp_name as = {c->arg[2], c->arg[3]};
    const struct stream *s;
    struct stream_id id;
    bool known;
    int err;

    if (as.pid.n == 0)
        return call_fail(c, "ERR producer ID must be non-empty");
    if (as.iid.n == 0)
        return call_fail(c, "ERR idempotent ID must be non-empty");
    if (stream_id_parse(c->arg[4], 0, &id) != OK)
        return ERR_ID;
    if (as.pid.n + as.iid.n > STREAM_ENTRY_MAX)
        return ERR_TOO_LARGE;
    if ((err = stream_write(c, c->arg[1], &s)) != OK)
        return err;
    if (!s)
        return ERR_NO_KEY;
    if ((err = record_check(c, s, &as, id, &known)) != OK)
        return err;
    if (!known)
        change_idmp_record(c->broker, c->db, c->arg[1], &as, id);
    reply_ok(c->reply);
    return OK;
}
