/* cmd/policy_cmds.c - QPOLICY: what holds for queues, by name and by glob. */
#include "base/err.h"
#include "broker/change_policy.h"
#include "handlers.h"
#include "store/stream.h"

#define SHOWN 128 /* bytes of what a client wrote, in an error */

static int shown(struct slice s)
{
    return (int)(s.n < SHOWN ? s.n : SHOWN);
}

static bool replays(const struct call *c)
{
    return c->broker->origin == ORIGIN_REPLAY;
}

static int bad_name(struct call *c)
{
    return call_fail(c, "ERR the name of a policy has 1 to %d bytes", POLICY_NAME_MAX);
}

static bool name_is_good(struct slice name)
{
    return name.n > 0 && name.n <= POLICY_NAME_MAX;
}

/* --- options --- */

static int unknown_option(struct call *c, struct slice word)
{
    struct buf all = {0};

    for (enum rule i = 0; i < RULES; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", rule_rows[i].name);
    call_fail(c, "ERR QPOLICY has no option '%.*s'; there are %.*s", shown(word), word.p,
              SLICE_ARG(buf_slice(&all)));
    buf_free(&all);
    return ERR_REPLIED;
}

static int bad_value(struct call *c, enum rule which, struct slice value)
{
    struct buf wanted = {0};

    rule_say_wanted(which, &wanted);
    call_fail(c, "ERR QPOLICY %s is %.*s, not '%.*s'", rule_rows[which].name, SLICE_ARG(buf_slice(&wanted)),
              shown(value), value.p);
    buf_free(&wanted);
    return ERR_REPLIED;
}

/* The option at arg[i], which must not have been `told` before. */
static int parse_option(struct call *c, size_t i, uint32_t *told, enum rule *which)
{
    *which = rule_find(c->arg[i]);
    if (*which == RULES)
        return unknown_option(c, c->arg[i]);
    if (*told >> *which & 1)
        return call_fail(c, "ERR QPOLICY option %s is given twice", rule_rows[*which].name);
    *told |= UINT32_C(1) << *which;
    return OK;
}

static int parse_values(struct call *c, struct policy *p, uint32_t *told)
{
    int err = OK;

    for (size_t i = 3; err == OK && i < c->n; i += 2) {
        enum rule which;

        err = parse_option(c, i, told, &which);
        if (err == OK && i + 1 == c->n)
            err = call_fail(c, "ERR QPOLICY option %s has no value", rule_rows[which].name);
        if (err == OK && !rule_parse(&p->rules, which, c->arg[i + 1]))
            err = bad_value(c, which, c->arg[i + 1]);
    }
    p->given |= *told;
    return err;
}

/* --- what cannot be together --- */

static bool has(const struct policy *p, enum rule which)
{
    return policy_gives(p, which) && !rule_equal(&p->rules, &RULES_NONE, which);
}

/* The policy gives it, or those globs do that match all it matches. */
static bool has_or_inherits(const struct call *c, const struct policy *p, enum rule which)
{
    const struct policies_db *d = &c->broker->policies.db[c->db];

    if (policy_gives(p, which))
        return has(p, which);
    for (size_t i = 0; i < d->globs; i++) {
        struct slice glob = policy_name(d->glob[i]);

        if (!slice_eq(glob, policy_name(p)) && policy_gives(d->glob[i], which) &&
            slice_glob(glob, policy_name(p), false))
            return has(d->glob[i], which);
    }
    return false;
}

/* A value that is nothing without another option. */
static const struct need {
    enum rule which;
    int64_t value;
    enum rule needs;
    const char *why;
} needs[] = {
    {RULE_OVERFLOW, OVERFLOW_DLQ, RULE_DLQ, "what has no room goes there"},
    {RULE_ONPOISON, ONPOISON_HALT, RULE_ORDERKEY, "what is dead holds up its key alone"},
    {RULE_ONDISCONNECT, ONDISCONNECT_REQUEUE, RULE_ACKWAIT, "a restart leaves it to that"},
};

static int check_needs(struct call *c, const struct policy *p)
{
    for (const struct need *n = needs; n < needs + sizeof needs / sizeof *needs; n++) {
        const struct rule_row *row = &rule_rows[n->which];

        if (policy_gives(p, n->which) && rule_value(&p->rules, n->which) == n->value &&
            !has_or_inherits(c, p, n->needs))
            return call_fail(c, "ERR QPOLICY %s %s needs %s: %s", row->name, row->names[n->value],
                             rule_rows[n->needs].name, n->why);
    }
    return OK;
}

static int check_cycle(struct call *c, const struct policy *p)
{
    struct buf path = {0};
    int err = OK;

    if (policy_cycle(&c->broker->policies, c->db, p, &path))
        err = call_fail(c,
                        "ERR dead letters would go round: %.*s; QPOLICY SET of one of them with an empty DLQ "
                        "ends their way there",
                        SLICE_ARG(buf_slice(&path)));
    buf_free(&path);
    return err;
}

static int check_together(struct call *c, const struct policy *p)
{
    const struct rules *r = &p->rules;
    int err;

    if (r->priorities > 1 && r->orderkey.n)
        return call_fail(c, "ERR QPOLICY PRIORITIES above 1 cannot be together with ORDERKEY");
    if (r->backoffmax && r->backoffmax < r->backoff)
        return call_fail(c, "ERR QPOLICY BACKOFFMAX is at least BACKOFF, or 0");
    if ((err = check_needs(c, p)) != OK)
        return err;
    return check_cycle(c, p);
}

/* --- SET, DEL --- */

static int check_room(struct call *c, const struct policy *was)
{
    size_t n = c->broker->policies.count;

    if (was || n < (size_t)c->service->config.queue_policies_max)
        return OK;
    return call_fail(c, "ERR there are %zu policies, and queue-policies-max allows no more", n);
}

int cmd_qpolicy_set(struct call *c)
{
    struct slice name = c->arg[2];
    const struct policy *was;
    struct policy *p;
    uint32_t told = 0;
    int err;

    if (!name_is_good(name))
        return bad_name(c);
    was = policy_find(&c->broker->policies, c->db, name);
    p = policy_new(name, was);
    err = parse_values(c, p, &told);
    if (err == OK && !replays(c) && (err = check_room(c, was)) == OK)
        err = check_together(c, p);
    if (err != OK) {
        policy_free(p);
        return err;
    }
    change_policy_set(c->broker, c->db, p, told);
    reply_ok(c->reply);
    return OK;
}

/* What is left may be as impossible as what is set. */
static int check_left(struct call *c, const struct policy *was, uint32_t told)
{
    struct policy *p;
    int err;

    if (replays(c) || !(was->given & ~told))
        return OK;
    p = policy_new(policy_name(was), was);
    for (enum rule i = 0; i < RULES; i++)
        if (told >> i & 1)
            policy_take_back(p, i);
    err = check_together(c, p);
    policy_free(p);
    return err;
}

int cmd_qpolicy_del(struct call *c)
{
    const struct policy *was = policy_find(&c->broker->policies, c->db, c->arg[2]);
    uint32_t told = 0;
    enum rule which;
    int err = OK;

    for (size_t i = 3; err == OK && i < c->n; i++)
        err = parse_option(c, i, &told, &which);
    if (err != OK)
        return err;
    told = !was ? 0 : c->n == 3 ? was->given : told & was->given;
    if (told && (err = check_left(c, was, told)) != OK)
        return err;
    reply_int(c->reply, c->n == 3 ? told != 0 : __builtin_popcount(told));
    if (told)
        change_policy_del(c->broker, c->db, c->arg[2], told);
    return OK;
}

/* --- GET, LIST, SHOW --- */

static void reply_value(struct reply *r, const struct rules *rules, enum rule which)
{
    struct buf text = {0};

    rule_put(rules, which, false, &text);
    reply_bulk(r, buf_slice(&text));
    buf_free(&text);
}

static void reply_policy(struct reply *r, const struct policy *p)
{
    reply_map(r, (size_t)__builtin_popcount(p->given));
    for (enum rule i = 0; i < RULES; i++)
        if (policy_gives(p, i)) {
            reply_bulk_str(r, rule_rows[i].name);
            reply_value(r, &p->rules, i);
        }
}

int cmd_qpolicy_get(struct call *c)
{
    const struct policy *p = policy_find(&c->broker->policies, c->db, c->arg[2]);

    if (p)
        reply_policy(c->reply, p);
    else
        reply_null_array(c->reply);
    return OK;
}

int cmd_qpolicy_list(struct call *c)
{
    const struct policies *t = &c->broker->policies;
    uint64_t place;
    size_t n = 0;

    if (c->n != 2 && (c->n != 4 || !slice_is(c->arg[2], "MATCH")))
        return ERR_SYNTAX;
    place = reply_later(c->reply, 0);
    for (size_t i = 0; i < policies_in(t, c->db); i++) {
        const struct policy *p = policy_at(t, c->db, i);

        if (c->n == 4 && !slice_glob(c->arg[3], policy_name(p), false))
            continue;
        reply_bulk(c->reply, policy_name(p));
        reply_policy(c->reply, p);
        n++;
    }
    reply_fill_map(c->reply, place, n);
    return OK;
}

int cmd_qpolicy_show(struct call *c)
{
    const struct key *k = key_look(c, c->arg[2]);
    bool is_dlq = k && k->type == KEY_STREAM && stream_is_dlq(k->stream);
    const struct policy *origin[RULES];
    struct rules r;

    policy_resolve(&c->broker->policies, c->db, c->arg[2], is_dlq, &r, origin);
    reply_map(c->reply, RULES);
    for (enum rule i = 0; i < RULES; i++) {
        reply_bulk_str(c->reply, rule_rows[i].name);
        reply_array(c->reply, 2);
        reply_value(c->reply, &r, i);
        reply_bulk(c->reply, origin[i] ? policy_name(origin[i]) : SLICE("default"));
    }
    rules_free(&r);
    return OK;
}

int cmd_qpolicy_help(struct call *c)
{
    static const char *const line[] = {
        "SET <name> <option> <value> [<option> <value> ...]",
        "    Sets options of the queue of that name, or of all that a glob matches.",
        "GET <name>",
        "    The options that were set under that name.",
        "DEL <name> [<option> ...]",
        "    Takes options back, or all of them.",
        "LIST [MATCH <glob>]",
        "    All policies of the database, in the order in which they count.",
        "SHOW <key>",
        "    Every option of a queue: its value, and the policy that says so.",
        NULL,
    };

    return reply_help(c, line);
}
