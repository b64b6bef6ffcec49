/* windows.c - names that count for a while each, in lanes. */
#include "store/windows_edit.h"

#include "base/mem.h"
#include "store/dedup_edit.h"

/* ---- reading */

size_t windows_count(const struct windows *w)
{
    size_t n = 0;

    for (unsigned i = 0; i < w->lanes; i++)
        n += dedup_count(&w->lane[i].names);
    return n;
}

bool windows_find(const struct windows *w, struct slice name, struct seen *out)
{
    for (unsigned i = 0; i < w->lanes; i++)
        if (dedup_find(&w->lane[i].names, name, out))
            return true;
    return false;
}

/* An empty lane takes anything. */
static msec newest(const struct lane *l)
{
    return dedup_count(&l->names) ? l->newest : INT64_MIN;
}

unsigned windows_lane(const struct windows *w, msec until)
{
    unsigned fits = w->lanes, least = 0;

    for (unsigned i = 0; i < w->lanes; i++) {
        msec end = newest(&w->lane[i]);

        if (end <= until && (fits == w->lanes || end > newest(&w->lane[fits])))
            fits = i;
        if (end < newest(&w->lane[least]))
            least = i;
    }
    return fits < WINDOWS_LANES ? fits : least;
}

bool windows_next(const struct windows *w, msec *at)
{
    bool any = false;

    for (unsigned i = 0; i < w->lanes; i++) {
        struct seen s;

        if (dedup_oldest(&w->lane[i].names, &s) && (!any || s.until < *at)) {
            *at = s.until;
            any = true;
        }
    }
    return any;
}

static size_t lane_over(const struct lane *l, msec now, size_t max)
{
    struct dedup_walk at = {0};
    struct seen s;
    size_t n = 0;

    while (n < max && dedup_next(&l->names, &at, &s) && now >= s.until)
        n++;
    return n;
}

size_t windows_over(const struct windows *w, msec now, size_t max, unsigned *lane)
{
    for (unsigned i = 0; i < w->lanes; i++) {
        size_t n = lane_over(&w->lane[i], now, max);

        *lane = i;
        if (n)
            return n;
    }
    return 0;
}

size_t windows_memory(const struct windows *w)
{
    size_t n = w->lanes * sizeof *w->lane;

    for (unsigned i = 0; i < w->lanes; i++)
        n += dedup_memory(&w->lane[i].names);
    return n;
}

/* ---- changing */

void windows_init(struct windows *w, const struct hash_seed *seed)
{
    *w = (struct windows){.seed = seed};
}

void windows_clear(struct windows *w)
{
    for (unsigned i = 0; i < w->lanes; i++)
        dedup_clear(&w->lane[i].names);
    mem_free(w->lane);
    w->lane = NULL;
    w->lanes = 0;
}

void windows_copy(struct windows *to, const struct windows *from, const struct hash_seed *seed)
{
    windows_init(to, seed);
    if (!from->lanes)
        return;
    to->lanes = from->lanes;
    to->lane = mem_alloc(to->lanes * sizeof *to->lane);
    for (unsigned i = 0; i < to->lanes; i++) {
        to->lane[i].newest = from->lane[i].newest;
        dedup_copy(&to->lane[i].names, &from->lane[i].names, seed);
    }
}

static struct lane *make_lane(struct windows *w, unsigned lane)
{
    must(lane < WINDOWS_LANES);
    if (lane >= w->lanes) {
        w->lane = mem_realloc(w->lane, (lane + 1) * sizeof *w->lane);
        for (; w->lanes <= lane; w->lanes++)
            dedup_init(&w->lane[w->lanes].names, w->seed);
    }
    return &w->lane[lane];
}

void windows_add(struct windows *w, unsigned lane, const struct seen *s)
{
    struct lane *l = make_lane(w, lane);

    windows_remove(w, s->name);
    l->newest = newest(l) > s->until ? l->newest : s->until;
    dedup_add(&l->names, s);
}

bool windows_remove(struct windows *w, struct slice name)
{
    for (unsigned i = 0; i < w->lanes; i++)
        if (dedup_remove(&w->lane[i].names, name))
            return true;
    return false;
}

size_t windows_forget(struct windows *w, unsigned lane, size_t n)
{
    size_t gone = 0;

    while (lane < w->lanes && gone < n && dedup_drop_oldest(&w->lane[lane].names))
        gone++;
    return gone;
}

/* ---- for tests */

void windows_check(const struct windows *w)
{
    must(w->lanes <= WINDOWS_LANES);
    for (unsigned i = 0; i < w->lanes; i++) {
        const struct dedup *d = &w->lane[i].names;
        struct dedup_walk at = {0};
        struct seen s, other;

        dedup_check(d);
        while (dedup_next(d, &at, &s)) {
            must(s.until <= w->lane[i].newest);
            for (unsigned k = 0; k < i; k++)
                must(!dedup_find(&w->lane[k].names, s.name, &other));
        }
    }
}
