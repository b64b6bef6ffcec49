/* cmd/latency.c - what held up the server, and LATENCY. See cmd/latency.h. */
#include "cmd/latency.h"
#include "base/err.h"
#include "command_show.h"
#include "handlers.h"

#include <stdio.h>

static const struct {
    const char *name, *meaning;
} event[LATENCY_EVENTS] = {
    [LATENCY_COMMAND] = {"command", "A command took long: see SLOWLOG GET for which, and the complexity of "
                                    "each in its documentation."},
    [LATENCY_FAST_COMMAND] = {"fast-command",
                              "A command that is quick as a rule took long: its arguments are "
                              "many or large, or the machine is short of CPU."},
    [LATENCY_AOF_WRITE] = {"aof-write", "Writing to the append-only file took long: something else keeps the "
                                        "disk busy, or too much is unsynced (journal-unsynced-limit)."},
    [LATENCY_AOF_SYNC] = {"aof-fsync-always",
                          "Replies waited for a sync of the append-only file, as appendfsync "
                          "always promises: the disk is slow, or busy."},
    [LATENCY_EXPIRE] = {"expire-cycle", "Many keys or waits ended at once: spread their times, or lower "
                                        "turn-deadlines."},
    [LATENCY_FORK] = {"fork",
                      "The fork of a rewrite took long: there is much memory, or the machine virtual. "
                      "Rewrite less often (auto-aof-rewrite-percentage)."},
};

usec latency_threshold(const struct service *s)
{
    int64_t ms = s->config.latency_monitor_threshold;

    return ms == 0 || ms > INT64_MAX / 1000 ? INT64_MAX : ms * 1000;
}

void latency_offer(struct service *s, enum latency_event e, usec took, msec now)
{
    struct latency_series *l = &s->latency.series[e];
    msec ms = took / 1000;
    struct latency_sample *last = &l->sample[(l->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];

    if (took < latency_threshold(s))
        return;
    l->max = ms > l->max ? ms : l->max;
    if (l->n && last->when / 1000 == now / 1000) {
        last->took = ms > last->took ? ms : last->took;
        return;
    }
    l->sample[l->next] = (struct latency_sample){now, ms};
    l->next = (l->next + 1) % LATENCY_SAMPLES;
    l->n += l->n < LATENCY_SAMPLES;
}

/* The i-th of n, the oldest first. */
static const struct latency_sample *sample(const struct latency_series *l, size_t i)
{
    return &l->sample[(l->next + LATENCY_SAMPLES - l->n + i) % LATENCY_SAMPLES];
}

static struct latency_series *series_named(const struct call *c, struct slice name)
{
    for (int e = 0; e < LATENCY_EVENTS; e++)
        if (slice_eq(name, slice_of(event[e].name)))
            return &c->service->latency.series[e];
    return NULL;
}

int cmd_latency_latest(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    size_t n = 0;

    for (int e = 0; e < LATENCY_EVENTS; e++) {
        const struct latency_series *l = &c->service->latency.series[e];

        if (!l->n)
            continue;
        reply_array(c->reply, 4);
        reply_bulk_str(c->reply, event[e].name);
        reply_int(c->reply, sample(l, l->n - 1)->when / 1000);
        reply_int(c->reply, sample(l, l->n - 1)->took);
        reply_int(c->reply, l->max);
        n++;
    }
    reply_fill_array(c->reply, place, n);
    return OK;
}

int cmd_latency_history(struct call *c)
{
    const struct latency_series *l = series_named(c, c->arg[2]);

    reply_array(c->reply, l ? l->n : 0);
    for (size_t i = 0; l && i < l->n; i++) {
        reply_array(c->reply, 2);
        reply_int(c->reply, sample(l, i)->when / 1000);
        reply_int(c->reply, sample(l, i)->took);
    }
    return OK;
}

static bool reset(struct latency_series *l)
{
    bool had = l->n;

    *l = (struct latency_series){0};
    return had;
}

int cmd_latency_reset(struct call *c)
{
    int64_t n = 0;

    for (int e = 0; c->n == 2 && e < LATENCY_EVENTS; e++)
        n += reset(&c->service->latency.series[e]);
    for (size_t i = 2; i < c->n; i++) {
        struct latency_series *l = series_named(c, c->arg[i]);

        n += l && reset(l);
    }
    reply_int(c->reply, n);
    return OK;
}

/* --- GRAPH: a column for each sample, as high as it took long; below it how long ago, read downwards --- */

#define GRAPH_ROWS  4
#define LABEL_MAX   4 /* "999d": longer ones are cut */
#define GRAPH_WIDTH 80

struct span {
    msec low, high;
};

static struct span range_of(const struct latency_series *l)
{
    struct span s = {sample(l, 0)->took, sample(l, 0)->took};

    for (size_t i = 1; i < l->n; i++) {
        msec took = sample(l, i)->took;

        s.low = took < s.low ? took : s.low;
        s.high = took > s.high ? took : s.high;
    }
    return s;
}

/* Three heights to a row: '_', 'o', '#'. What stands on something filled leaves a '|' below. */
static char cell(msec took, struct span s, int row)
{
    int steps = GRAPH_ROWS * 3 - 1;
    int height = s.high > s.low ? (int)((double)(took - s.low) * steps / (double)(s.high - s.low)) : 0;
    int above = height - 3 * (GRAPH_ROWS - 1 - row);

    return above < 0 ? ' ' : above > 2 ? '|' : "_o#"[above];
}

static void put_age(char label[LABEL_MAX + 8], msec age)
{
    static const struct {
        msec seconds;
        char unit;
    } known[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t k = 0;

    age = age > 0 ? age / 1000 : 0;
    while (k < 3 && age < known[k].seconds)
        k++;
    snprintf(label, LABEL_MAX + 8, "%d%c", (int)(age / known[k].seconds % 1000), known[k].unit);
}

static void put_graph(struct buf *b, const struct latency_series *l, msec now)
{
    size_t first = l->n > GRAPH_WIDTH ? l->n - GRAPH_WIDTH : 0;
    struct span s = range_of(l);

    for (int row = 0; row < GRAPH_ROWS; row++) {
        for (size_t i = first; i < l->n; i++)
            buf_add_char(b, cell(sample(l, i)->took, s, row));
        buf_add_char(b, '\n');
    }
    for (int row = 0; row < LABEL_MAX; row++) {
        buf_add_char(b, '\n');
        for (size_t i = first; i < l->n; i++) {
            char label[LABEL_MAX + 8] = {0};

            put_age(label, now - sample(l, i)->when);
            buf_add_char(b, label[row] ? label[row] : ' ');
        }
    }
    buf_add_char(b, '\n');
}

int cmd_latency_graph(struct call *c)
{
    const struct latency_series *l = series_named(c, c->arg[2]);
    struct buf text = {0};
    struct span s;

    if (!l || !l->n)
        return call_fail(c, "ERR No samples available for event '%.*s'",
                         (int)(c->arg[2].n < 128 ? c->arg[2].n : 128), c->arg[2].p);
    s = range_of(l);
    buf_addf(&text, "%.*s - high %lld ms, low %lld ms (all time high %lld ms)\n", SLICE_ARG(c->arg[2]),
             (long long)s.high, (long long)s.low, (long long)l->max);
    for (int i = 0; i < GRAPH_WIDTH; i++)
        buf_add_char(&text, '-');
    buf_add_char(&text, '\n');
    put_graph(&text, l, c->now.wall);
    reply_verbatim(c->reply, "txt", buf_slice(&text));
    buf_free(&text);
    return OK;
}

/* --- DOCTOR: the same in words --- */

static void put_case(struct buf *b, const struct latency_series *l, const char *name, const char *meaning)
{
    double sum = 0;
    msec span = sample(l, l->n - 1)->when - sample(l, 0)->when;

    for (size_t i = 0; i < l->n; i++)
        sum += (double)sample(l, i)->took;
    buf_addf(b, "\n%s: %zu times", name, l->n);
    if (l->n > 1)
        buf_addf(b, ", every %.0f seconds", (double)span / 1000 / (double)(l->n - 1));
    buf_addf(b, "; %.0f ms on average, %lld ms at most.\n    %s\n", sum / (double)l->n, (long long)l->max,
             meaning);
}

int cmd_latency_doctor(struct call *c)
{
    struct buf text = {0};
    size_t cases = 0;

    if (!latency_watched(c->service))
        buf_add_str(&text,
                    "Nothing is watched: set latency-monitor-threshold to the milliseconds that are too "
                    "long, and come back later.\n");
    else
        buf_addf(&text, "What held up the server for %lld ms or more:\n",
                 (long long)c->service->config.latency_monitor_threshold);
    for (int e = 0; e < LATENCY_EVENTS; e++) {
        const struct latency_series *l = &c->service->latency.series[e];

        if (l->n)
            put_case(&text, l, event[e].name, event[e].meaning);
        cases += l->n > 0;
    }
    if (latency_watched(c->service) && !cases)
        buf_add_str(&text, "\nNothing so far.\n");
    reply_verbatim(c->reply, "txt", buf_slice(&text));
    buf_free(&text);
    return OK;
}

/* --- the rest --- */

/* Of every doubling of a microsecond (of 1024 ns) in which there are more than below it: its end, and how
 * many calls took no longer. */
static void reply_buckets(struct reply *r, const struct histogram *h, uint64_t all)
{
    uint64_t place = reply_later(r, 10), seen = 0, end = 1023;
    unsigned bucket = 0;
    size_t n = 0;

    while (seen < all) {
        uint64_t before = seen;

        for (; bucket < HISTOGRAM_BUCKETS && histogram_top(bucket) <= end; bucket++)
            seen += h->bucket[bucket];
        if (seen > before) {
            reply_int(r, (int64_t)(end / 1000));
            reply_int(r, (int64_t)seen);
            n++;
        }
        end = end << 1 | 1;
    }
    reply_fill_map(r, place, n);
}

/* Whether there is one. */
static bool reply_histogram(struct call *c, const struct command *row)
{
    const struct histogram *h = c->service->stats[command_index(row)].latency;
    uint64_t all;

    if (!h)
        return false;
    all = histogram_count(h);
    reply_command_name(c->reply, row);
    reply_map(c->reply, 2);
    reply_bulk_str(c->reply, "calls");
    reply_int(c->reply, (int64_t)all);
    reply_bulk_str(c->reply, "histogram_usec");
    reply_buckets(c->reply, h, all);
    return true;
}

/* A container stands for its sub-commands; a name that nobody knows for nothing. */
static size_t reply_named(struct call *c, struct slice name)
{
    const struct command *row = command_shown_named(name);
    size_t n = row ? reply_histogram(c, row) : 0;

    for (const struct command *sub = command_table; row && sub->name; sub++)
        if (command_belongs(sub, row))
            n += reply_histogram(c, sub);
    return n;
}

int cmd_latency_histogram(struct call *c)
{
    uint64_t place = reply_later(c->reply, 30);
    size_t n = 0;

    for (size_t i = 2; i < c->n; i++)
        n += reply_named(c, c->arg[i]);
    for (const struct command *row = command_table; c->n == 2 && row->name; row++)
        n += command_shown(row) && reply_histogram(c, row);
    reply_fill_map(c->reply, place, n);
    return OK;
}

int cmd_latency_help(struct call *c)
{
    static const char *const line[] = {
        "DOCTOR",
        "    What held up the server, in words.",
        "GRAPH <event>",
        "    The samples of an event as a picture.",
        "HISTORY <event>",
        "    The samples of an event: Unix time, milliseconds.",
        "LATEST",
        "    The last sample of each event: name, Unix time, milliseconds, most ever.",
        "RESET [<event> ...]",
        "    Forget the samples of these events (default: of all); how many had some.",
        "HISTOGRAM [<command> ...]",
        "    How long these commands (default: all that were called) took.",
        NULL,
    };

    return reply_help(c, line);
}
