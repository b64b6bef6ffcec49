/* broker/wait_claim.c - when those who wait to claim pending entries have something to claim. See
 * broker/wait.h.
 *
 * A line of waiters has one deadline: the oldest entry of its group, and the shortest idle time that one of
 * the line asks for. It may be earlier than it need be, for entries go away without a word (acknowledged,
 * claimed by others); then the line is served in vain, once, and the deadline set anew. It is never later. */
#include "broker/wait.h"
#include "store/group.h"

static struct wait_link *claimer(struct list *node)
{
    return list_entry(node, struct wait_link, claim);
}

/* Those who wait for the same time, as a rule all, keep their order and cost nothing to put in; others are
 * walked past, as many as there are connections at most. */
static void stand_in_line(struct wait_link *l)
{
    struct list *all = &l->line->claimers, *at = all->prev;

    while (at != all && claimer(at)->waiter->min_idle > l->waiter->min_idle)
        at = at->prev;
    list_insert_before(at->next, &l->claim);
}

void wait_claim(struct broker *b, struct waiter *w, msec min_idle)
{
    w->claims = true;
    w->min_idle = min_idle;
    b->claimers++;
    for (size_t i = 0; i < w->n; i++) {
        stand_in_line(&w->link[i]);
        wait_arm(b, w->link[i].line);
    }
}

/* When an entry delivered at `time` has been idle for long enough for the first of the claimers. */
static msec due_at(const struct wait_line *line, msec time)
{
    msec at;

    return __builtin_add_overflow(time, claimer(line->claimers.next)->waiter->min_idle, &at) ? INT64_MAX : at;
}

static const struct group *group_of(const struct broker *b, const struct wait_line *line)
{
    const struct key *k = db_find(b, line->key->db, wait_key_name(line->key));

    return k && k->type == KEY_STREAM ? stream_group(k->stream, wait_line_group(line)) : NULL;
}

/* The first that a claim comes upon: of the leases, those that were extended are in a line of their own. */
static bool oldest_of(const struct group *g, struct pending *p)
{
    const struct note *n = g->backlog ? backlog_first(&g->backlog->extended) : NULL;
    bool any = pel_oldest(&g->pel, p);
    struct pending extended;

    if (n && pel_find(&g->pel, n->id, &extended) && (!any || extended.time < p->time)) {
        *p = extended;
        any = true;
    }
    return any;
}

void wait_arm(struct broker *b, struct wait_line *line)
{
    const struct group *g = list_empty(&line->claimers) ? NULL : group_of(b, line);
    struct pending oldest;

    if (!g || !oldest_of(g, &oldest))
        heap_remove(&b->claims, &line->due);
    else
        heap_put(&b->claims, &line->due, oldest.state == PENDING_NACKED ? 0 : due_at(line, oldest.time));
}

void wait_pending(struct broker *b, int db, struct slice name, struct slice group, msec time)
{
    const struct wait_key *k = wait_key_find(b, db, name);
    struct wait_line *line = k ? wait_line_find(k, WAIT_GROUP, group) : NULL;
    msec at;

    if (!line || list_empty(&line->claimers))
        return;
    at = due_at(line, time);
    if (line->due.pos == HEAP_OUT || at < line->due.at)
        heap_put(&b->claims, &line->due, at);
}
