/* store/policy.c - see store/policy.h. */
#include "base/mem.h"
#include "policy_impl.h"
#include "store/policy_edit.h"
#include "store/record.h"

#include <stddef.h>

/* --- names --- */

bool policy_is_glob(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (memchr("*?[\\", name.p[i], 4))
            return true;
    return false;
}

/* --- the table --- */

void policies_init(struct policies *t, int dbs)
{
    *t = (struct policies){.db = mem_zalloc((size_t)dbs * sizeof *t->db), .dbs = dbs};
}

static void clear_db(struct policies_db *d)
{
    for (size_t i = 0; i < d->exacts; i++)
        policy_free(d->exact[i]);
    for (size_t i = 0; i < d->globs; i++)
        policy_free(d->glob[i]);
    mem_free(d->exact);
    mem_free(d->glob);
    *d = (struct policies_db){0};
}

void policies_clear(struct policies *t)
{
    for (int i = 0; i < t->dbs; i++)
        clear_db(&t->db[i]);
    t->count = 0;
}

void policies_free(struct policies *t)
{
    policies_clear(t);
    mem_free(t->db);
    *t = (struct policies){0};
}

struct policy *policy_new(struct slice name, const struct policy *like)
{
    struct policy *p = mem_alloc(sizeof *p + name.n);

    *p = (struct policy){.name_len = (uint32_t)name.n, .literal = (uint32_t)slice_glob_literals(name)};
    memcpy(p->name, name.p, name.n);
    if (like) {
        p->given = like->given;
        rules_copy(&p->rules, &like->rules);
    } else {
        rules_default(&p->rules);
    }
    return p;
}

void policy_free(struct policy *p)
{
    rules_free(&p->rules);
    mem_free(p);
}

void policy_take_back(struct policy *p, enum rule which)
{
    p->given &= ~(UINT32_C(1) << which);
    rule_reset(&p->rules, which);
}

void policy_record(const struct policy *p, uint32_t options, struct buf *record)
{
    struct buf text = {0};

    record_head(record, 3 + 2 * (size_t)__builtin_popcount(options));
    record_str(record, "QPOLICY");
    record_str(record, "SET");
    record_word(record, policy_name(p));
    for (enum rule i = 0; i < RULES; i++) {
        if (!(options >> i & 1))
            continue;
        text.n = 0;
        rule_put(&p->rules, i, true, &text);
        record_str(record, rule_rows[i].name);
        record_word(record, buf_slice(&text));
    }
    buf_free(&text);
}

int policy_compare(const struct policy *p, uint32_t literal, struct slice name)
{
    if (p->literal != literal)
        return p->literal > literal ? -1 : 1;
    return slice_cmp(policy_name(p), name);
}

/* An array in order: exact names are in that of their bytes, whatever their length. */
struct part {
    struct policy ***v;
    size_t *n;
    uint32_t literal; /* of the name that is looked for */
    bool glob;
};

static struct part part_of(const struct policies *t, int db, struct slice name)
{
    struct policies_db *d = &t->db[db];

    if (policy_is_glob(name))
        return (struct part){&d->glob, &d->globs, (uint32_t)slice_glob_literals(name), true};
    return (struct part){&d->exact, &d->exacts, 0, false};
}

/* The first place that does not come before the name; *same: it is the one. */
static size_t place(const struct part *part, struct slice name, bool *same)
{
    size_t low = 0, high = *part->n;

    *same = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct policy *p = (*part->v)[mid];
        int c = part->glob ? policy_compare(p, part->literal, name) : slice_cmp(policy_name(p), name);

        if (c == 0)
            *same = true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void policy_put(struct policies *t, int db, struct policy *p)
{
    struct part part = part_of(t, db, policy_name(p));
    bool same;
    size_t i = place(&part, policy_name(p), &same);
    struct policy **v = *part.v;

    if (same) {
        policy_free(v[i]);
        v[i] = p;
        return;
    }
    if ((*part.n & (*part.n - 1)) == 0) /* a power of two, or none: it is full */
        *part.v = v = mem_realloc(v, (*part.n ? *part.n * 2 : 1) * sizeof *v);
    memmove(v + i + 1, v + i, (*part.n - i) * sizeof *v);
    v[i] = p;
    ++*part.n;
    t->count++;
}

void policy_remove(struct policies *t, int db, struct slice name)
{
    struct part part = part_of(t, db, name);
    bool same;
    size_t i = place(&part, name, &same);
    struct policy **v = *part.v;

    if (!same)
        return;
    policy_free(v[i]);
    memmove(v + i, v + i + 1, (*part.n - i - 1) * sizeof *v);
    t->count--;
    --*part.n;
    if ((*part.n & (*part.n - 1)) == 0)
        *part.v = *part.n ? mem_realloc(v, *part.n * sizeof *v) : (mem_free(v), NULL);
}

const struct policy *policy_find(const struct policies *t, int db, struct slice name)
{
    struct part part = part_of(t, db, name);
    bool same;
    size_t i = place(&part, name, &same);

    return same ? (*part.v)[i] : NULL;
}

const struct policy *policy_at(const struct policies *t, int db, size_t i)
{
    const struct policies_db *d = &t->db[db];

    return i < d->exacts ? d->exact[i] : d->glob[i - d->exacts];
}

/* --- merging --- */

#define ALL_GIVEN ((UINT32_C(1) << RULES) - 1)

struct merge {
    struct rules *rules;
    uint32_t given;
    const struct policy *from[RULES]; /* whose value it is; NULL: a default */
};

static void add(struct merge *m, const struct policy *p)
{
    uint32_t fresh = p->given & ~m->given;

    for (enum rule i = 0; fresh >> i; i++) {
        if (!(fresh >> i & 1))
            continue;
        rule_copy(m->rules, &p->rules, i);
        m->from[i] = p;
    }
    m->given |= fresh;
}

static bool mark_at(struct slice text, size_t i)
{
    const struct slice mark = POLICY_QUEUE;

    return i + mark.n <= text.n && memcmp(text.p + i, mark.p, mark.n) == 0;
}

size_t policy_marks(struct slice dlq)
{
    size_t n = 0;

    for (size_t i = 0; i < dlq.n; i++)
        n += mark_at(dlq, i);
    return n;
}

void policy_expand(struct slice dlq, struct slice name, struct buf *text)
{
    size_t marks = policy_marks(dlq);

    if (dlq.n + marks * name.n - marks * POLICY_QUEUE.n > QUEUE_NAME_MAX)
        return;
    for (size_t i = 0; i < dlq.n;) {
        bool here = mark_at(dlq, i);

        buf_add_slice(text, here ? name : (struct slice){dlq.p + i, 1});
        i += here ? POLICY_QUEUE.n : 1;
    }
}

static void expand_dlq(struct rules *r, struct slice name)
{
    struct buf text = {0};

    policy_expand(r->dlq, name, &text);
    rule_set_text(r, RULE_DLQ, slice_eq(buf_slice(&text), name) ? SLICE("") : buf_slice(&text));
    buf_free(&text);
}

/* Options of several policies may say together what none of them could say alone. */
static void reconcile(struct merge *m, struct slice name)
{
    struct rules *r = m->rules;

    if (r->dlq.n)
        expand_dlq(r, name);
    if (r->orderkey.n && r->priorities > 1) {
        r->priorities = 1;
        m->from[RULE_PRIORITIES] = m->from[RULE_ORDERKEY];
    }
    if (r->backoffmax && r->backoffmax < r->backoff) {
        r->backoffmax = r->backoff;
        m->from[RULE_BACKOFFMAX] = m->from[RULE_BACKOFF];
    }
    if (r->ondisconnect == ONDISCONNECT_REQUEUE && !r->ackwait) {
        r->ondisconnect = ONDISCONNECT_KEEP;
        m->from[RULE_ONDISCONNECT] = m->from[RULE_ACKWAIT];
    }
}

static bool merge_all(const struct policies *t, int db, struct slice name, bool is_dlq, struct merge *m)
{
    const struct policies_db *d = &t->db[db];
    const struct policy *exact = policy_is_glob(name) ? NULL : policy_find(t, db, name);
    bool any = exact != NULL;

    if (exact)
        add(m, exact);
    for (size_t i = 0; !is_dlq && i < d->globs && m->given != ALL_GIVEN; i++)
        if (slice_glob(policy_name(d->glob[i]), name, false)) {
            add(m, d->glob[i]);
            any = true;
        }
    return any;
}

bool policy_resolve(const struct policies *t, int db, struct slice name, bool is_dlq, struct rules *out,
                    const struct policy **origin)
{
    struct merge m = {.rules = out};
    bool any;

    rules_default(out);
    any = name.n <= QUEUE_NAME_MAX && policies_in(t, db) && merge_all(t, db, name, is_dlq, &m);
    if (any)
        reconcile(&m, name);
    if (origin)
        memcpy(origin, m.from, sizeof m.from);
    return any;
}

/* --- memory, and what is always true --- */

static size_t array_memory(size_t n)
{
    size_t cap = n ? 1 : 0;

    while (cap < n)
        cap *= 2;
    return cap * sizeof(struct policy *);
}

size_t policies_memory(const struct policies *t)
{
    size_t n = (size_t)t->dbs * sizeof *t->db;

    for (int db = 0; db < t->dbs; db++) {
        n += array_memory(t->db[db].exacts) + array_memory(t->db[db].globs);
        for (size_t i = 0; i < policies_in(t, db); i++) {
            const struct policy *p = policy_at(t, db, i);

            n += sizeof *p + p->name_len + rules_memory(&p->rules);
        }
    }
    return n;
}

static void check_db(const struct policies_db *d)
{
    for (size_t i = 0; i < d->exacts; i++) {
        must(!policy_is_glob(policy_name(d->exact[i])));
        must(i == 0 || slice_cmp(policy_name(d->exact[i - 1]), policy_name(d->exact[i])) < 0);
    }
    for (size_t i = 0; i < d->globs; i++) {
        must(policy_is_glob(policy_name(d->glob[i])));
        must(i == 0 || policy_compare(d->glob[i - 1], d->glob[i]->literal, policy_name(d->glob[i])) < 0);
    }
}

void policies_check(const struct policies *t)
{
    size_t n = 0;

    for (int db = 0; db < t->dbs; db++) {
        check_db(&t->db[db]);
        n += policies_in(t, db);
    }
    must(n == t->count);
}
