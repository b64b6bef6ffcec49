/* store/policy_cycle.c - where policies send dead letters, and whether they would come back. See
 * store/policy.h.
 */
#include "policy_impl.h"

#define CYCLE_HOPS 64     /* of names that globs have a say in */
#define CYCLE_WORK 200000 /* globs compared */

struct walk {
    const struct policies *t;
    int db;
    const struct policy *next;
    size_t work;
};

static bool names(const struct policy *p, struct slice name)
{
    return slice_eq(policy_name(p), name);
}

/* The policy that says where dead letters of that name go; NULL: none does. */
static const struct policy *exact_dlq(const struct walk *w, struct slice name)
{
    const struct policy *p = names(w->next, name) ? w->next : policy_find(w->t, w->db, name);

    return p && policy_gives(p, RULE_DLQ) ? p : NULL;
}

static bool glob_takes(struct walk *w, const struct policy *p, struct slice name)
{
    w->work++;
    return policy_gives(p, RULE_DLQ) && slice_glob(policy_name(p), name, false);
}

static const struct policy *glob_dlq(struct walk *w, struct slice name)
{
    const struct policies_db *d = &w->t->db[w->db];
    bool changed = policy_is_glob(policy_name(w->next)) && glob_takes(w, w->next, name);

    for (size_t i = 0; i < d->globs; i++) {
        const struct policy *p = d->glob[i];

        if (changed && policy_compare(w->next, p->literal, policy_name(p)) <= 0)
            break;
        if (!names(w->next, policy_name(p)) && glob_takes(w, p, name))
            return p;
    }
    return changed ? w->next : NULL;
}

/* Where they go, into *to; false: nowhere, or nowhere else. */
static bool hop(struct walk *w, struct slice name, bool globs, struct buf *to)
{
    const struct policy *p = policy_is_glob(name) ? NULL : exact_dlq(w, name);

    if (!p && globs)
        p = glob_dlq(w, name);
    if (p)
        policy_expand(p->rules.dlq, name, to);
    return to->n && !slice_eq(buf_slice(to), name);
}

static void say_path(const struct buf *visited, size_t from, size_t n, struct buf *path)
{
    for (size_t i = from; i < n; i++)
        buf_addf(path, "%.*s -> ", (int)(visited[i].n < 128 ? visited[i].n : 128), visited[i].p);
    buf_addf(path, "%.*s", (int)(visited[from].n < 128 ? visited[from].n : 128), visited[from].p);
}

static bool seen(const struct buf *visited, size_t n, struct buf *path)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(buf_slice(&visited[i]), buf_slice(&visited[n]))) {
            say_path(visited, i, n, path);
            return true;
        }
    return false;
}

/* From one name on, as policies and globs send them. */
static bool comes_back(struct walk *w, struct slice from, struct buf *path)
{
    struct buf visited[CYCLE_HOPS] = {0};
    size_t n = 0;
    bool found = false;

    buf_add_slice(&visited[0], from);
    while (!found && n + 1 < CYCLE_HOPS && w->work < CYCLE_WORK &&
           hop(w, buf_slice(&visited[n]), true, &visited[n + 1]))
        found = seen(visited, ++n, path);
    for (size_t i = 0; i < CYCLE_HOPS; i++)
        buf_free(&visited[i]);
    return found;
}

/* However long the way is that names alone make. A cycle that is new leads through the name that changed. */
static bool comes_back_exactly(struct walk *w, struct slice from, struct buf *path)
{
    struct buf at = {0}, to = {0};
    size_t left = w->t->db[w->db].exacts + 1;
    bool found = false;

    buf_add_slice(&at, from);
    while (!found && left-- && hop(w, buf_slice(&at), false, &to)) {
        struct buf held = at;

        found = slice_eq(buf_slice(&to), from);
        at = to;
        to = held;
        to.n = 0;
    }
    if (found)
        buf_addf(path, "%.*s -> ... -> %.*s", SLICE_ARG(from), SLICE_ARG(from));
    buf_free(&at);
    buf_free(&to);
    return found;
}

static bool cycle_from_matched(struct walk *w, struct buf *path)
{
    const struct policies_db *d = &w->t->db[w->db];
    bool found = false;

    for (size_t i = 0; !found && i < d->exacts && w->work < CYCLE_WORK; i++) {
        struct slice name = policy_name(d->exact[i]);

        w->work++;
        if (slice_glob(policy_name(w->next), name, false))
            found = comes_back(w, name, path);
    }
    return found;
}

bool policy_cycle(const struct policies *t, int db, const struct policy *next, struct buf *path)
{
    struct walk w = {.t = t, .db = db, .next = next};
    struct slice name = policy_name(next), dlq = next->rules.dlq;

    if (!policy_is_glob(name))
        return comes_back(&w, name, path) || comes_back_exactly(&w, name, path);
    if (dlq.n && policy_marks(dlq) == 0 && comes_back(&w, dlq, path))
        return true;
    return cycle_from_matched(&w, path);
}
