/* tests/sim/queue_model.c - see queue_model.h.
 *
 * In this order: words; policies; what is where; the ends of a message (letter, die, expire, back); room;
 * adding; delivery; what is due; requests.
 */
#include "queue_model.h"
#include "base/mem.h"
#include "base/slice.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT_MAX UINT64_C(9223372036854775807)
#define NEVER     INT64_MAX

_Static_assert(MODEL_TEXT > 36, "an id is a text");

/* --- words, numbers, ids --- */

static void copy(char *to, const char *from)
{
    must(strlen(from) < MODEL_TEXT);
    memmove(to, from, strlen(from) + 1);
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool is(const char *word, const char *keyword)
{
    return strcasecmp(word, keyword) == 0;
}

/* `500ms 30s 10m 12h 7d`, or milliseconds. */
static msec span(const char *text)
{
    char *unit;
    msec n = strtoll(text, &unit, 10);

    return n * (same(unit, "s")   ? 1000
                : same(unit, "m") ? 60000
                : same(unit, "h") ? 3600000
                : same(unit, "d") ? 86400000
                                  : 1);
}

static bool parse_id(const char *text, uint64_t seq_otherwise, struct stream_id *id)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    id->ms = strtoull(text, &end, 10);
    id->seq = *end == '-' ? strtoull(end + 1, &end, 10) : seq_otherwise;
    return *end == '\0';
}

static int compare(struct stream_id a, struct stream_id b)
{
    return a.ms < b.ms ? -1 : a.ms > b.ms ? 1 : a.seq < b.seq ? -1 : a.seq > b.seq;
}

static const char *id_text(struct stream_id id)
{
    static char text[4][MODEL_TEXT];
    static unsigned next;
    char *t = text[next++ % 4];

    snprintf(t, MODEL_TEXT, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
    return t;
}

/* --- replies --- */

/* Elements are set apart by themselves: nobody has to know whether he is the first. */
static void say(struct buf *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct buf *r, const char *fmt, ...)
{
    va_list ap;

    if (r->n && r->p[r->n - 1] != '[' && *fmt != ']')
        buf_add_char(r, ' ');
    va_start(ap, fmt);
    buf_vaddf(r, fmt, ap);
    va_end(ap);
}

static void say_text(struct buf *r, const char *text)
{
    say(r, "%s", *text ? text : "\"\"");
}

static void say_fields(struct buf *r, const struct model_fields *f)
{
    say(r, "[");
    for (unsigned i = 0; i < f->n; i++)
        say_text(r, f->word[i]);
    say(r, "]");
}

/* --- policies --- */

static const char *const option_name[OPTIONS] = {
    "ACKWAIT",  "MAXDELIVER", "BACKOFF",      "BACKOFFMAX",   "JITTER", "DLQ",      "TTL",      "MAXLEN",
    "MAXBYTES", "OVERFLOW",   "RETENTION",    "PRIORITIES",   "AGING",  "ORDERKEY", "ONPOISON", "MAXINFLIGHT",
    "PREFETCH", "RATE",       "ONDISCONNECT", "CONSUMERIDLE", "PAUSE",  "HEADERS",
};

/* What holds for one queue; "" is the default. */
struct rules {
    bool any;
    char value[OPTIONS][MODEL_TEXT];
};

static bool matches(const char *glob, const char *name)
{
    if (*glob == '*')
        return matches(glob + 1, name) || (*name && matches(glob, name + 1));
    if (*glob == '\0' || *name == '\0')
        return *glob == *name;
    return (*glob == '?' || *glob == *name) && matches(glob + 1, name + 1);
}

static bool is_glob(const char *name)
{
    return strpbrk(name, "*?") != NULL;
}

static size_t literal_bytes(const char *glob)
{
    size_t n = 0;

    for (; *glob; glob++)
        n += *glob != '*' && *glob != '?';
    return n;
}

/* Exact name, then most literal bytes, then first in byte order. */
static bool goes_before(const struct model_policy *a, const struct model_policy *b)
{
    if (is_glob(a->name) != is_glob(b->name))
        return !is_glob(a->name);
    if (literal_bytes(a->name) != literal_bytes(b->name))
        return literal_bytes(a->name) > literal_bytes(b->name);
    return strcmp(a->name, b->name) < 0;
}

static void expand_queue(char *value, const char *name)
{
    char text[2 * MODEL_TEXT], *at = strstr(value, "{queue}");

    if (!at)
        return;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - value), value, name, at + strlen("{queue}"));
    copy(value, text);
}

static void resolve(const struct model *m, const char *name, bool dlq, struct rules *r)
{
    const struct model_policy *giver[OPTIONS] = {NULL};

    memset(r, 0, sizeof *r);
    for (const struct model_policy *p = m->policy; p < m->policy + MODEL_POLICIES; p++) {
        if (!*p->name || !matches(p->name, name) || (dlq && is_glob(p->name)))
            continue;
        r->any = true;
        for (int o = 0; o < OPTIONS; o++)
            if (*p->value[o] && (!giver[o] || goes_before(p, giver[o])))
                giver[o] = p;
    }
    for (int o = 0; o < OPTIONS; o++)
        if (giver[o])
            copy(r->value[o], giver[o]->value[o]);
    expand_queue(r->value[DLQ], name);
}

static struct rules rules_of(const struct model *m, const struct model_key *k)
{
    struct rules r;

    resolve(m, k->name, k->dlq, &r);
    return r;
}

static msec number(const struct rules *r, enum model_option o)
{
    return *r->value[o] ? span(r->value[o]) : 0;
}

static bool says(const struct rules *r, enum model_option o, const char *value)
{
    return is(r->value[o], value);
}

static bool paused(const struct rules *r, const char *way)
{
    return says(r, PAUSE, way) || says(r, PAUSE, "both");
}

static unsigned levels(const struct rules *r)
{
    msec n = number(r, PRIORITIES);

    return n && !*r->value[ORDERKEY] ? (unsigned)n : 1;
}

static unsigned level_of(const struct rules *r, const struct model_entry *e)
{
    return e->level < levels(r) ? e->level : levels(r) - 1;
}

/* --- what is where --- */

const struct model_key *model_key(const struct model *m, const char *name)
{
    for (const struct model_key *k = m->key; k < m->key + MODEL_KEYS; k++)
        if (*name && same(k->name, name))
            return k->other_type ? NULL : k;
    return NULL;
}

static struct model_key *find_key(struct model *m, const char *name)
{
    for (struct model_key *k = m->key; k < m->key + MODEL_KEYS; k++)
        if (*name && same(k->name, name))
            return k;
    return NULL;
}

static struct model_key *make_key(struct model *m, const char *name)
{
    struct model_key *k = find_key(m, name);
    struct rules r;

    if (k)
        return k;
    for (k = m->key; *k->name; k++)
        must(k + 1 < m->key + MODEL_KEYS);
    memset(k, 0, sizeof *k);
    copy(k->name, name);
    resolve(m, name, false, &r);
    k->queue = k->kept = r.any;
    return k;
}

static struct model_entry *find_entry(struct model_key *k, struct stream_id id)
{
    for (unsigned i = 0; i < k->n_entries; i++)
        if (compare(k->entry[i].id, id) == 0)
            return &k->entry[i];
    return NULL;
}

static struct model_group *find_group(struct model_key *k, const char *name)
{
    for (unsigned i = 0; k && i < k->n_groups; i++)
        if (same(k->group[i].name, name))
            return &k->group[i];
    return NULL;
}

static struct model_consumer *find_consumer(struct model_group *g, const char *name)
{
    for (unsigned i = 0; i < g->n_consumers; i++)
        if (same(g->consumer[i].name, name))
            return &g->consumer[i];
    return NULL;
}

static struct model_pending *find_pending(struct model_group *g, struct stream_id id)
{
    for (unsigned i = 0; i < g->n_pending; i++)
        if (compare(g->pending[i].id, id) == 0)
            return &g->pending[i];
    return NULL;
}

static bool is_fresh(const struct model_group *g, struct stream_id id)
{
    for (unsigned i = 0; i < g->n_fresh; i++)
        if (compare(g->fresh[i], id) == 0)
            return true;
    return false;
}

static bool is_for(const struct model_entry *e, const struct model_group *g)
{
    return !*e->group || same(e->group, g->name);
}

static bool not_done(struct model_group *g, struct stream_id id)
{
    return is_fresh(g, id) || find_pending(g, id);
}

/* Not done for some group; without a group, every entry. */
static bool wanted(struct model_key *k, const struct model_entry *e)
{
    for (unsigned i = 0; i < k->n_groups; i++)
        if (not_done(&k->group[i], e->id))
            return true;
    return k->n_groups == 0;
}

static bool in_state(struct model_key *k, struct stream_id id, enum model_state state)
{
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_pending *p = find_pending(&k->group[i], id);

        if (p && p->state == state)
            return true;
    }
    return false;
}

static unsigned leased(const struct model_group *g, const char *consumer)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->n_pending; i++)
        n += g->pending[i].state == LEASED && (!consumer || same(g->pending[i].owner, consumer));
    return n;
}

static void fresh_remove(struct model_group *g, struct stream_id id)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->n_fresh; i++)
        if (compare(g->fresh[i], id) != 0)
            g->fresh[n++] = g->fresh[i];
    g->n_fresh = n;
}

static void fresh_add(struct model_group *g, struct stream_id id)
{
    unsigned at = g->n_fresh;

    if (is_fresh(g, id))
        return;
    must(g->n_fresh < MODEL_ENTRIES);
    for (; at && compare(g->fresh[at - 1], id) > 0; at--)
        g->fresh[at] = g->fresh[at - 1];
    g->fresh[at] = id;
    g->n_fresh++;
}

static void pending_remove(struct model_group *g, struct stream_id id)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->n_pending; i++)
        if (compare(g->pending[i].id, id) != 0)
            g->pending[n++] = g->pending[i];
    g->n_pending = n;
}

static struct model_pending *pending_add(struct model_group *g, struct stream_id id)
{
    unsigned at = g->n_pending;

    must(g->n_pending < MODEL_ENTRIES && !find_pending(g, id));
    for (; at && compare(g->pending[at - 1].id, id) > 0; at--)
        g->pending[at] = g->pending[at - 1];
    memset(&g->pending[at], 0, sizeof g->pending[at]);
    g->pending[at].id = id;
    g->n_pending++;
    return &g->pending[at];
}

/* The group has no more to do with it. */
static void done(struct model_group *g, struct stream_id id)
{
    fresh_remove(g, id);
    pending_remove(g, id);
}

static void drop(struct model_group *g, struct stream_id id)
{
    done(g, id);
    g->dropped++;
}

static void set_ready(struct model_group *g, struct model_pending *p)
{
    if (*p->owner)
        copy(p->last, p->owner);
    p->owner[0] = '\0';
    p->state = READY;
    p->order = ++g->orders;
}

static void entry_remove(struct model_key *k, struct stream_id id)
{
    unsigned n = 0;

    for (unsigned i = 0; i < k->n_entries; i++)
        if (compare(k->entry[i].id, id) != 0)
            k->entry[n++] = k->entry[i];
    k->n_entries = n;
}

/* XDEL, a trim: dropped, but for a lease, which goes on until it ends. */
static void entry_drop(struct model_key *k, struct stream_id id)
{
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_group *g = &k->group[i];
        struct model_pending *p = find_pending(g, id);
        bool stays = p && (p->state == LEASED || !k->kept);

        if (!stays && (p || is_fresh(g, id)))
            g->dropped++;
        fresh_remove(g, id);
        if (!stays)
            pending_remove(g, id);
    }
    entry_remove(k, id);
}

static uint64_t bytes_of(const struct model_fields *f)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < f->n; i++)
        n += strlen(f->word[i]);
    return n;
}

/* Of entries and DELAYED: what MAXBYTES is about. Reading: QSTAT's bytes are these too. */
static uint64_t all_bytes(const struct model_key *k)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < k->n_entries; i++)
        n += bytes_of(&k->entry[i].fields);
    for (unsigned i = 0; i < k->n_delayed; i++)
        n += bytes_of(&k->delayed[i].fields);
    return n;
}

static msec expires(const struct rules *r, const struct model_entry *e)
{
    msec at = number(r, TTL) ? e->arrival + number(r, TTL) : NEVER;

    return e->own_expires && e->own_expires < at ? e->own_expires : at;
}

static const char *field(const struct model_fields *f, const char *name)
{
    for (unsigned i = 0; i + 1 < f->n; i += 2)
        if (same(f->word[i], name))
            return f->word[i + 1];
    return NULL;
}

/* Reading: of a field given twice the first counts, and who lacks the field is ordered by nothing. Only
 * earlier ids hold back, so that a later one taken by XCLAIM FORCE does not stop those before it. */
static bool is_held_back(struct model_key *k, struct model_group *g, const struct rules *r,
                         const struct model_entry *e)
{
    const char *key = *r->value[ORDERKEY] ? field(&e->fields, r->value[ORDERKEY]) : NULL;

    for (unsigned i = 0; key && i < k->n_entries && compare(k->entry[i].id, e->id) < 0; i++) {
        const char *other = field(&k->entry[i].fields, r->value[ORDERKEY]);
        struct model_pending *p = find_pending(g, k->entry[i].id);

        if (!other || !same(other, key) || !not_done(g, k->entry[i].id))
            continue;
        if (!p || p->state != DEAD || says(r, ONPOISON, "halt"))
            return true;
    }
    return false;
}

/* --- the ends of a message --- */

static bool make_room(struct model *m, struct model_key *k, unsigned n, uint64_t bytes);
static struct stream_id append(struct model *m, struct model_key *k, const struct stream_id *id,
                               const struct model_entry *e);

static void add_word(struct model_fields *f, const char *word)
{
    must(f->n < MODEL_WORDS);
    copy(f->word[f->n++], word);
}

static void add_pair(struct model_fields *f, const char *name, const char *value)
{
    add_word(f, name);
    add_word(f, value);
}

static void add_number(struct model_fields *f, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    add_pair(f, name, text);
}

static void without(struct model_fields *to, const struct model_fields *from, const char *prefix)
{
    to->n = 0;
    for (unsigned i = 0; i + 1 < from->n; i += 2)
        if (strncmp(from->word[i], prefix, strlen(prefix)) != 0)
            add_pair(to, from->word[i], from->word[i + 1]);
}

/* Reading: older fields are all that begin with x-death-. What does not apply (no group, never delivered, no
 * text with the last nack) is left out. x-death-added is the arrival. */
static void write_letter(const struct model *m, const struct model_key *k, const struct model_entry *e,
                         const struct model_group *g, const struct model_pending *p, const char *reason,
                         struct model_entry *letter)
{
    struct model_fields *f = &letter->fields;
    const char *last = p ? (*p->owner ? p->owner : p->last) : "";

    memset(letter, 0, sizeof *letter);
    letter->level = e->level;
    letter->arrival = m->now.wall;
    without(f, &e->fields, "x-death-");
    add_pair(f, "x-death-reason", reason);
    add_pair(f, "x-death-queue", k->name);
    if (g)
        add_pair(f, "x-death-group", g->name);
    if (*last)
        add_pair(f, "x-death-consumer", last);
    add_pair(f, "x-death-id", id_text(e->id));
    add_number(f, "x-death-count", p ? (int64_t)p->count : 0);
    add_number(f, "x-death-added", e->arrival);
    add_number(f, "x-death-time", m->now.wall);
    if (p && *p->error)
        add_pair(f, "x-death-error", p->error);
}

/* Reading: a letter is admitted as any message is, so the DLQ's own done entries and OVERFLOW make room for
 * it; PAUSE does not stop it. False: the DLQ cannot take it, and nothing has changed. */
static bool send_letter(struct model *m, struct model_key *k, const struct model_entry *e,
                        const struct model_group *g, const struct model_pending *p, const char *reason)
{
    struct rules r = rules_of(m, k);
    struct model_key *dlq = find_key(m, r.value[DLQ]);
    struct model_entry letter;

    if (!*r.value[DLQ] || same(r.value[DLQ], k->name) || (dlq && dlq->other_type))
        return false;
    write_letter(m, k, e, g, p, reason, &letter);
    dlq = make_key(m, r.value[DLQ]);
    if (!make_room(m, dlq, 1, bytes_of(&letter.fields))) {
        if (!dlq->n_entries && !dlq->n_groups && !dlq->last_id.ms)
            dlq->name[0] = '\0'; /* it had not been there */
        return false;
    }
    append(m, dlq, NULL, &letter);
    dlq->dlq = true;
    return true;
}

/* What is not done at its TTL goes: at once, or when nobody has it any more. Reading: also when the last
 * lease on it ended well, after that time. What had been done before stays. */
static void settled(struct model *m, struct model_key *k, struct stream_id id)
{
    struct model_entry *e = find_entry(k, id);
    struct rules r = rules_of(m, k);

    if (e && k->n_groups && expires(&r, e) <= m->now.wall && !wanted(k, e))
        entry_remove(k, id);
}

static void count_moved(struct model_group *g, const char *reason)
{
    if (same(reason, "expired"))
        g->expired++; /* Reading: with a DLQ or without */
    else
        g->dead_lettered++;
}

/* DEAD, in the DLQ if it takes it. */
static void die(struct model *m, struct model_key *k, struct model_group *g, struct model_pending *p,
                const char *reason)
{
    struct rules r = rules_of(m, k);
    struct stream_id id = p->id;
    bool stays = says(&r, ONPOISON, "halt") && *r.value[ORDERKEY] && !same(reason, "expired");

    if (*p->owner)
        copy(p->last, p->owner);
    p->owner[0] = '\0';
    p->order = ++g->orders;
    p->state = DEAD;
    copy(p->reason, reason);
    if (stays || !send_letter(m, k, find_entry(k, id), g, p, reason))
        return;
    done(g, id);
    count_moved(g, reason);
    settled(m, k, id);
}

/* Past its TTL, for one group. */
static void expire_for(struct model *m, struct model_key *k, struct model_group *g, struct stream_id id)
{
    struct rules r = rules_of(m, k);
    struct model_pending *p = find_pending(g, id);

    if (!*r.value[DLQ]) {
        done(g, id);
        g->expired++;
        settled(m, k, id);
        return;
    }
    fresh_remove(g, id);
    die(m, k, g, p ? p : pending_add(g, id), "expired");
}

static bool would_send(struct model *m, struct model_key *k, struct stream_id id);

/* Past its TTL: what can go for some group. Several groups: in byte order of their names. */
static void expire(struct model *m, struct model_key *k, struct stream_id id)
{
    struct rules r = rules_of(m, k);

    if (k->n_groups == 0) {
        if (!*r.value[DLQ] || send_letter(m, k, find_entry(k, id), NULL, NULL, "expired"))
            entry_remove(k, id);
        return;
    }
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_group *g = &k->group[i];
        struct model_pending *p = find_pending(g, id);

        if (p ? p->state != LEASED && p->state != DEAD : is_fresh(g, id))
            expire_for(m, k, g, id);
    }
}

static bool has_to_expire(struct model *m, struct model_key *k, const struct model_entry *e)
{
    struct rules r = rules_of(m, k);

    if (expires(&r, e) > m->now.wall)
        return false;
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_pending *p = find_pending(&k->group[i], e->id);

        if (p ? p->state != LEASED && p->state != DEAD : is_fresh(&k->group[i], e->id))
            return true;
    }
    return k->n_groups == 0 && (!*r.value[DLQ] || would_send(m, k, e->id));
}

/* Reading: doubles with each delivery up to the max; without one it is the same each time. */
static msec backoff(const struct rules *r, uint64_t count)
{
    msec d = number(r, BACKOFF), most = number(r, BACKOFFMAX);

    while (count-- > 1 && d < most)
        d *= 2;
    return most && d > most ? most : d;
}

enum back { BACK, BACK_AT_ONCE, BACK_DELAYED, BACK_DEAD };

/* The one exit. What brought it back was right now: waits are counted from now. Reading: of several ends the
 * one that was asked for (a rejection) comes first, then the TTL, then the count. */
static void back(struct model *m, struct model_key *k, struct model_group *g, struct model_pending *p,
                 enum back how, msec delay)
{
    struct rules r = rules_of(m, k);
    struct stream_id id = p->id;
    struct model_entry *e = find_entry(k, id);
    uint64_t most = (uint64_t)number(&r, MAXDELIVER);

    if (!e) {
        done(g, id);
        g->dropped++;
        return;
    }
    if (how == BACK_DEAD) {
        die(m, k, g, p, "rejected");
        return;
    }
    if (expires(&r, e) <= m->now.wall) {
        expire_for(m, k, g, id);
        return;
    }
    if (most && p->count >= most) {
        die(m, k, g, p, "maxdeliver");
        return;
    }
    set_ready(g, p);
    if (how == BACK)
        delay = backoff(&r, p->count);
    if (how != BACK_AT_ONCE && delay > 0) {
        p->state = WAITING;
        p->due = m->now.wall + delay;
    }
}

static msec lease_end(const struct rules *r, const struct model_pending *p)
{
    if (p->lease_end)
        return p->lease_end;
    return number(r, ACKWAIT) ? p->time + number(r, ACKWAIT) : NEVER;
}

/* What the consumer holds comes back, in order of ids. */
static void all_back(struct model *m, struct model_key *k, struct model_group *g, const char *consumer)
{
    struct stream_id at = {0, 0};

    for (bool more = true; more;) {
        more = false;
        for (unsigned i = 0; i < g->n_pending && !more; i++) {
            struct model_pending *p = &g->pending[i];

            if (compare(p->id, at) < 0 || p->state != LEASED || !same(p->owner, consumer))
                continue;
            at = p->id;
            at.seq++;
            more = true;
            back(m, k, g, p, BACK, 0);
        }
    }
}

/* --- room --- */

static bool fits(const struct model *m, const struct model_key *k, unsigned n, uint64_t bytes)
{
    struct rules r = rules_of(m, k);
    uint64_t most = (uint64_t)number(&r, MAXLEN), most_bytes = (uint64_t)number(&r, MAXBYTES);

    return (!most || k->n_entries + k->n_delayed + n <= most) &&
           (!most_bytes || all_bytes(k) + bytes <= most_bytes);
}

static struct model_entry *oldest_done(struct model_key *k)
{
    for (unsigned i = 0; i < k->n_entries; i++)
        if (!wanted(k, &k->entry[i]))
            return &k->entry[i];
    return NULL;
}

/* Lowest level, oldest, leased by nobody; nor is one that is dead in place. */
static struct model_entry *victim(struct model *m, struct model_key *k)
{
    struct rules r = rules_of(m, k);
    struct model_entry *found = NULL;

    for (unsigned i = 0; i < k->n_entries; i++) {
        struct model_entry *e = &k->entry[i];

        if (in_state(k, e->id, LEASED) || in_state(k, e->id, DEAD))
            continue;
        if (!found || level_of(&r, e) < level_of(&r, found))
            found = e;
    }
    return found;
}

static bool letters_for(struct model *m, struct model_key *k, struct model_entry *e)
{
    struct model_entry was = *e;

    if (k->n_groups == 0)
        return send_letter(m, k, &was, NULL, NULL, "overflow");
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_group *g = &k->group[i];

        if (!not_done(g, was.id))
            continue;
        if (!send_letter(m, k, &was, g, find_pending(g, was.id), "overflow"))
            return false;
        done(g, was.id);
        g->dead_lettered++;
    }
    return true;
}

static bool make_room_here(struct model *m, struct model_key *k, unsigned n, uint64_t bytes)
{
    struct rules r = rules_of(m, k);

    while (!fits(m, k, n, bytes)) {
        struct model_entry *e = oldest_done(k);

        if (!e && (says(&r, OVERFLOWS, "drop") || says(&r, OVERFLOWS, "dlq")))
            e = victim(m, k);
        if (!e)
            return false;
        if (wanted(k, e) && says(&r, OVERFLOWS, "dlq") && !letters_for(m, k, e))
            return false;
        entry_drop(k, e->id);
    }
    return true;
}

static struct model *trial_of(const struct model *m)
{
    struct model *trial = mem_alloc(sizeof *trial);

    memcpy(trial, m, sizeof *trial);
    for (int i = 0; i < MODEL_CLIENTS; i++)
        trial->client[i].heard = (struct buf){0};
    return trial;
}

static void trial_free(struct model *trial)
{
    for (int i = 0; i < MODEL_CLIENTS; i++)
        buf_free(&trial->client[i].heard);
    mem_free(trial);
}

/* Without a group, what expired stays while the DLQ cannot take it. */
static bool would_send(struct model *m, struct model_key *k, struct stream_id id)
{
    struct model *trial = trial_of(m);
    struct model_key *same_key = &trial->key[k - m->key];
    bool can = send_letter(trial, same_key, find_entry(same_key, id), NULL, NULL, "expired");

    trial_free(trial);
    return can;
}

/* For a number of messages, all or none: what cannot be done is not begun. */
static bool make_room(struct model *m, struct model_key *k, unsigned n, uint64_t bytes)
{
    struct model *trial;
    bool can;

    if (fits(m, k, n, bytes))
        return true;
    trial = trial_of(m);
    can = make_room_here(trial, &trial->key[k - m->key], n, bytes);
    trial_free(trial);
    return can && make_room_here(m, k, n, bytes);
}

/* --- adding --- */

static struct stream_id auto_id(const struct model *m, const struct model_key *k)
{
    struct stream_id id = {(uint64_t)m->now.wall, 0};

    if (id.ms <= k->last_id.ms)
        id = (struct stream_id){k->last_id.ms, k->last_id.seq + 1};
    return id;
}

/* Arrivals never go back, whatever the clock does. */
static struct stream_id append(struct model *m, struct model_key *k, const struct stream_id *id,
                               const struct model_entry *e)
{
    struct model_entry *to = &k->entry[k->n_entries];

    must(k->n_entries < MODEL_ENTRIES);
    k->n_entries++;
    *to = *e;
    to->id = id ? *id : auto_id(m, k);
    if (to->arrival < k->last_arrival)
        to->arrival = k->last_arrival;
    k->last_arrival = to->arrival;
    k->quiet = false;
    k->last_id = to->id;
    for (unsigned i = 0; i < k->n_groups; i++) {
        struct model_group *g = &k->group[i];

        if (is_for(to, g) && compare(to->id, g->pos) > 0) {
            fresh_add(g, to->id);
            g->entered++;
        }
    }
    return to->id;
}

/* --- delivery --- */

static void say_entry(struct buf *r, const struct model_entry *e)
{
    say(r, "[%s", id_text(e->id));
    say_fields(r, &e->fields);
    say(r, "]");
}

/* Content is handed to a consumer, unless that would be once too often or too late: then it dies or expires,
 * if it is not dead already. */
static bool deliver(struct model *m, struct model_key *k, struct model_group *g, struct model_pending *p,
                    const char *consumer, uint64_t count, msec time)
{
    struct rules r = rules_of(m, k);
    uint64_t most = (uint64_t)number(&r, MAXDELIVER);

    if (expires(&r, find_entry(k, p->id)) <= m->now.wall) {
        if (p->state != DEAD)
            expire_for(m, k, g, p->id);
        return false;
    }
    if (most && count > most) {
        if (p->state != DEAD)
            die(m, k, g, p, "maxdeliver");
        return false;
    }
    if (p->state != LEASED || !same(p->owner, consumer))
        p->lease = ++m->leases;
    p->state = LEASED;
    copy(p->owner, consumer);
    p->count = count > COUNT_MAX ? COUNT_MAX : count;
    p->time = time;
    p->lease_end = 0;
    return true;
}

struct reading {
    const char *consumer;
    int64_t count; /* still wanted; -1: all */
    bool noack, tuples;
    struct buf *entries;
};

static void accrue(struct model *m, struct model_group *g)
{
    g->credit += (m->now.mono - g->credit_mono) / 1000 * g->rate;
    if (g->credit > g->rate * 1000)
        g->credit = g->rate * 1000;
    g->credit_mono = m->now.mono;
}

/* Reading: NOACK makes no lease, but who is at a limit is passed over by it all the same. */
static bool at_limit(struct model *m, const struct rules *r, struct model_group *g, const char *consumer)
{
    if (number(r, MAXINFLIGHT) && leased(g, NULL) >= number(r, MAXINFLIGHT))
        return true;
    if (number(r, PREFETCH) && leased(g, consumer) >= number(r, PREFETCH))
        return true;
    if (!number(r, RATE))
        return false;
    accrue(m, g);
    return g->credit < 1000;
}

/* The first of a level: READY by its order, before NEW. */
static struct model_entry *head_of(struct model_key *k, struct model_group *g, const struct rules *r,
                                   unsigned level)
{
    struct model_pending *first = NULL;

    for (unsigned i = 0; i < g->n_pending; i++) {
        struct model_pending *p = &g->pending[i];

        if (p->state == READY && level_of(r, find_entry(k, p->id)) == level &&
            (!first || p->order < first->order))
            first = p;
    }
    if (first)
        return find_entry(k, first->id);
    for (unsigned i = 0; i < g->n_fresh; i++)
        if (level_of(r, find_entry(k, g->fresh[i])) == level)
            return find_entry(k, g->fresh[i]);
    return NULL;
}

static struct model_pending *pending_at(struct model_group *g, struct stream_id id)
{
    struct model_pending *p = find_pending(g, id);

    if (p)
        return p;
    fresh_remove(g, id);
    return pending_add(g, id);
}

/* Reading: a level rises with the age of its head, counted from its arrival whether it is NEW or READY,
 * without an end; the higher level goes first where two are even. */
static msec rank_of(const struct model *m, const struct rules *r, const struct model_entry *e, unsigned level)
{
    msec age = m->now.wall - e->arrival;

    return (msec)level + (number(r, AGING) && age > 0 ? age / number(r, AGING) : 0);
}

/* Which goes next. What an earlier one of its key holds back becomes HELD when it is come upon, not before.
 */
static struct model_entry *next_of(struct model *m, struct model_key *k, struct model_group *g,
                                   const struct rules *r)
{
    struct model_entry *best = NULL;
    msec best_rank = 0;

    for (unsigned level = levels(r); level-- > 0;) {
        struct model_entry *e = head_of(k, g, r, level);

        while (e && is_held_back(k, g, r, e)) {
            pending_at(g, e->id)->state = HELD;
            e = head_of(k, g, r, level);
        }
        if (e && (!best || rank_of(m, r, e, level) > best_rank)) {
            best = e;
            best_rank = rank_of(m, r, e, level);
        }
    }
    return best;
}

static void say_delivered(struct reading *w, const struct model_entry *e, msec idle, uint64_t count)
{
    say(w->entries, "[%s", id_text(e->id));
    say_fields(w->entries, &e->fields);
    if (w->tuples)
        say(w->entries, ":%" PRId64 " :%" PRIu64, idle, count);
    say(w->entries, "]");
    if (w->count > 0)
        w->count--;
}

/* `>` of a queue. Reading: a delivery with NOACK is counted as acknowledged. */
static void take(struct model *m, struct model_key *k, struct model_group *g, struct reading *w)
{
    struct rules r = rules_of(m, k);

    while (w->count && !paused(&r, "out") && !at_limit(m, &r, g, w->consumer)) {
        struct model_entry *e = next_of(m, k, g, &r);
        struct model_pending *p = e ? find_pending(g, e->id) : NULL;
        uint64_t count = p ? p->count : 0;
        msec idle = p ? -1 : 0;

        if (!e)
            return;
        if (!p && compare(e->id, g->pos) > 0)
            g->pos = e->id;
        p = pending_at(g, e->id);
        if (!deliver(m, k, g, p, w->consumer, count + 1, m->now.wall))
            continue;
        g->credit -= g->rate ? 1000 : 0;
        say_delivered(w, e, idle, count);
        if (w->noack) {
            struct stream_id id = e->id;

            done(g, id);
            g->acked++;
        }
    }
}

/* `>` of any other stream, as Redis: what is pending already, after a SETID back, changes hands. */
static void take_plain(struct model *m, struct model_key *k, struct model_group *g, struct reading *w)
{
    while (w->count && g->n_fresh) {
        struct model_entry *e = find_entry(k, g->fresh[0]);
        struct model_pending *p = find_pending(g, e->id);

        fresh_remove(g, e->id);
        g->pos = e->id;
        say_delivered(w, e, 0, 0);
        if (w->noack) {
            g->acked++;
            continue;
        }
        p = p ? p : pending_add(g, e->id);
        deliver(m, k, g, p, w->consumer, 1, m->now.wall);
    }
}

/* A clock that was set back makes nobody idle for less than no time. */
static msec idle_of(const struct model *m, const struct model_pending *p)
{
    return m->now.wall > p->time ? m->now.wall - p->time : 0;
}

static bool claimed_before(const struct model_pending *a, const struct model_pending *b)
{
    return a->time != b->time ? a->time < b->time : !a->lease_end && b->lease_end;
}

static bool extended_before(const struct model_group *g, const struct model_pending *p,
                            const struct stream_id *passed, unsigned n_passed)
{
    for (unsigned i = 0; i < g->n_pending; i++) {
        const struct model_pending *other = &g->pending[i];
        bool skip = other->state != LEASED || !other->lease_end || other->order >= p->order;

        for (unsigned j = 0; j < n_passed; j++)
            skip |= compare(passed[j], other->id) == 0;
        if (!skip)
            return true;
    }
    return false;
}

/* The one to claim first: given back in their order, then the earliest delivery, then the lowest id. Reading:
 * those that were extended go in the order in which they were; and in a queue, a lease whose message is gone
 * ends when it is come upon. */
static struct model_pending *to_claim(struct model *m, struct model_key *k, struct model_group *g,
                                      msec min_idle, const struct stream_id *passed, unsigned n_passed)
{
    struct model_pending *best = NULL;

    for (unsigned i = 0; i < g->n_pending; i++) {
        struct model_pending *p = &g->pending[i];
        bool skip = k->queue ? p->state != LEASED : !find_entry(k, p->id);

        for (unsigned j = 0; j < n_passed; j++)
            skip |= compare(passed[j], p->id) == 0;
        skip |= p->state == LEASED && p->lease_end && extended_before(g, p, passed, n_passed);
        if (skip || (p->state == LEASED && idle_of(m, p) < min_idle))
            continue;
        if (!best || (p->state == READY) > (best->state == READY) ||
            (p->state == best->state && (p->state == READY ? p->order < best->order : claimed_before(p, best))))
            best = p;
    }
    return best;
}

/* Reading: in a queue, CLAIM adds the leases that are idle long enough, in front; then `>` goes its way,
 * READY before NEW, level by level, within the limits. So a huge min-idle only shows the counts. */
static void claim_first(struct model *m, struct model_key *k, struct model_group *g, struct reading *w,
                        msec min_idle)
{
    struct stream_id seen[MODEL_ENTRIES];
    unsigned n = 0;
    struct model_pending *p;

    while (w->count && (p = to_claim(m, k, g, min_idle, seen, n))) {
        struct model_entry *e = find_entry(k, p->id);
        uint64_t count = p->count;
        msec idle = p->state == READY ? -1 : idle_of(m, p);

        seen[n++] = p->id;
        if (!e) {
            done(g, p->id);
            g->dropped++;
            continue;
        }
        if (deliver(m, k, g, p, w->consumer, count + 1, m->now.wall))
            say_delivered(w, e, idle, count);
    }
}

/* --- what follows from what was done: rules that need no time --- */

/* From now on messages are told apart as a queue's are. Reading: its totals start at 0. */
static void keep(struct model_key *k)
{
    for (unsigned i = 0; !k->kept && i < k->n_groups; i++) {
        struct model_group *g = &k->group[i];

        for (unsigned j = g->n_pending; j-- > 0;) {
            struct model_pending *p = &g->pending[j];

            fresh_remove(g, p->id);
            if (p->state != LEASED)
                p->last[0] = '\0'; /* Reading: who had it before nobody cares for */
            if (p->state != LEASED && !find_entry(k, p->id))
                pending_remove(g, p->id);
        }
        g->acked = g->expired = g->dead_lettered = g->dropped = 0;
        g->entered = g->n_fresh + g->n_pending;
    }
    k->kept = true;
}

static bool released_before(const struct model_pending *a, const struct model_pending *b)
{
    if (a->state != b->state)
        return a->state == WAITING || (a->state == DEAD && b->state == HELD);
    if (a->state == WAITING && a->due != b->due)
        return a->due < b->due;
    return a->state == DEAD ? a->order < b->order : compare(a->id, b->id) < 0;
}

/* The last one went. WAITING, DEAD, HELD are READY, behind those that were: in order of due, of their deaths, of
 * ids. Reading: what is done stays done, though it may have a higher id than something NEW; and what is READY
 * still is no more when its entry goes. */
static void become_plain(struct model_key *k)
{
    for (unsigned i = 0; i < k->n_groups; i++)
        for (struct model_group *g = &k->group[i];;) {
            struct model_pending *first = NULL;

            for (struct model_pending *p = g->pending; p < g->pending + g->n_pending; p++) {
                p->lease_end = 0;
                if (p->state != LEASED && p->state != READY && (!first || released_before(p, first)))
                    first = p;
            }
            if (!first)
                break;
            set_ready(g, first);
        }
}

/* Reading: the bucket is filled from when the rate came to hold for the group, or the process was started. */
static void see_to_rate(struct model *m, const struct rules *r, struct model_group *g)
{
    if (number(r, RATE) == g->rate)
        return;
    accrue(m, g);
    if (!g->rate)
        g->credit = 0;
    g->rate = number(r, RATE);
    accrue(m, g);
}

/* Reading: in order of groups' names, then ids. */
static bool release_one(struct model *m, struct model_key *k)
{
    struct rules r = rules_of(m, k);

    for (unsigned i = 0; i < k->n_groups; i++)
        for (unsigned j = 0; j < k->group[i].n_pending; j++) {
            struct model_group *g = &k->group[i];
            struct model_pending *p = &g->pending[j];

            if (p->state == HELD && !is_held_back(k, g, &r, find_entry(k, p->id))) {
                set_ready(g, p);
                return true;
            }
        }
    return false;
}

/* DEAD in place is moved when that has become possible. Reading: what expired stays too when the DLQ option
 * goes. */
static bool move_one(struct model *m, struct model_key *k)
{
    for (unsigned i = 0; i < k->n_groups; i++)
        for (unsigned j = 0; j < k->group[i].n_pending; j++) {
            struct model_group *g = &k->group[i];
            struct model_pending *p = &g->pending[j];
            char reason[MODEL_TEXT];
            unsigned before = g->n_pending;

            if (p->state != DEAD)
                continue;
            copy(reason, p->reason);
            die(m, k, g, p, reason);
            if (g->n_pending < before)
                return true;
        }
    return false;
}

static bool forget_one(struct model *m, struct model_key *k)
{
    struct rules r = rules_of(m, k);
    struct model_entry *e = says(&r, RETENTION, "queue") ? oldest_done(k) : NULL;

    if (e)
        entry_remove(k, e->id);
    return e != NULL;
}

static bool settle_one(struct model *m, struct model_key *k)
{
    struct rules r = rules_of(m, k);

    if (r.any != k->queue) {
        if (r.any)
            keep(k);
        else
            become_plain(k);
        k->queue = r.any;
        return true;
    }
    for (unsigned i = 0; i < k->n_groups; i++)
        see_to_rate(m, &r, &k->group[i]);
    return k->queue && (forget_one(m, k) || release_one(m, k) || move_one(m, k));
}

static void settle(struct model *m)
{
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < MODEL_KEYS; i++)
            while (*m->key[i].name && !m->key[i].other_type && settle_one(m, &m->key[i]))
                again = true;
    }
}

/* --- what is due --- */

enum due_kind { ARRIVAL, EXPIRY, LEASE, WAIT, IDLE };

struct due {
    msec at;
    enum due_kind kind;
    struct model_key *key;
    struct model_group *group;
    struct stream_id id;
    struct model_consumer *consumer;
};

/* Reading: of what is due at the same instant, DELAYED arrive first, then TTLs, leases, waits, consumers;
 * then in order of keys (as they came), groups, ids. */
static void consider(struct due *first, const struct due *d)
{
    if (d->at < first->at || (d->at == first->at && d->kind < first->kind))
        *first = *d;
}

static bool is_blocked(const struct model *m, const struct model_key *k, const struct model_group *g,
                       const char *consumer);

static bool lease_runs(const struct rules *r, const struct model_group *g, const char *consumer)
{
    for (unsigned i = 0; i < g->n_pending; i++)
        if (g->pending[i].state == LEASED && same(g->pending[i].owner, consumer) &&
            lease_end(r, &g->pending[i]) != NEVER)
            return true;
    return false;
}

static void due_in_group(struct model *m, struct model_key *k, struct model_group *g, const struct rules *r,
                         struct due *first)
{
    for (unsigned i = 0; i < g->n_pending; i++) {
        const struct model_pending *p = &g->pending[i];

        if (p->state == LEASED)
            consider(first, &(struct due){lease_end(r, p), LEASE, k, g, p->id, NULL});
        if (p->state == WAITING)
            consider(first, &(struct due){p->due, WAIT, k, g, p->id, NULL});
    }
    for (unsigned i = 0; i < g->n_consumers && number(r, CONSUMERIDLE); i++) {
        struct model_consumer *c = &g->consumer[i];

        if (!is_blocked(m, k, g, c->name) && !lease_runs(r, g, c->name))
            consider(first, &(struct due){c->seen + number(r, CONSUMERIDLE), IDLE, k, g, {0, 0}, c});
    }
}

static void due_in_key(struct model *m, struct model_key *k, struct due *first)
{
    struct rules r = rules_of(m, k);

    if (k->n_delayed)
        consider(first, &(struct due){.at = k->delayed[0].due, .kind = ARRIVAL, .key = k});
    for (unsigned i = 0; i < k->n_entries; i++)
        if (has_to_expire(m, k, &k->entry[i]))
            consider(first, &(struct due){expires(&r, &k->entry[i]), EXPIRY, k, NULL, k->entry[i].id, NULL});
    for (unsigned i = 0; k->queue && i < k->n_groups; i++)
        due_in_group(m, k, &k->group[i], &r, first);
}

/* Reading: it arrives when it is there, and its TTL counts from then; after a time when nothing ran, that is
 * later than it was due. */
static void arrive(struct model *m, struct model_key *k)
{
    struct model_delayed d = k->delayed[0];
    struct model_entry e = {.fields = d.fields, .level = d.level, .arrival = m->now.wall};

    memmove(k->delayed, k->delayed + 1, --k->n_delayed * sizeof *k->delayed);
    if (e.arrival < k->last_arrival)
        e.arrival = k->last_arrival;
    e.own_expires = d.ttl ? e.arrival + d.ttl : 0;
    if (d.ttl)
        keep(k);
    append(m, k, NULL, &e);
}

static void consumer_remove(struct model_group *g, struct model_consumer *c)
{
    size_t after = (size_t)(g->consumer + g->n_consumers - (c + 1));

    memmove(c, c + 1, after * sizeof *c);
    g->n_consumers--;
}

static void happen(struct model *m, struct due *d)
{
    struct model_pending *p = d->group ? find_pending(d->group, d->id) : NULL;

    switch (d->kind) {
    case ARRIVAL:
        arrive(m, d->key);
        break;
    case EXPIRY:
        expire(m, d->key, d->id);
        break;
    case LEASE:
        back(m, d->key, d->group, p, BACK, 0);
        break;
    case WAIT:
        set_ready(d->group, p);
        break;
    case IDLE:
        all_back(m, d->key, d->group, d->consumer->name);
        consumer_remove(d->group, d->consumer);
        break;
    }
}

static bool run_due(struct model *m)
{
    struct due first = {.at = NEVER, .kind = IDLE};

    for (int i = 0; i < MODEL_KEYS; i++)
        if (*m->key[i].name && !m->key[i].other_type)
            due_in_key(m, &m->key[i], &first);
    if (first.at > m->now.wall)
        return false;
    happen(m, &first);
    return true;
}

/* --- requests --- */

struct request {
    struct model *m;
    unsigned client;
    unsigned n;
    char word[MODEL_WORDS][MODEL_TEXT];
    struct buf *r; /* the reply */
};

static void split(struct request *q, const char *line)
{
    q->n = 0;
    while (*line) {
        size_t n = strcspn(line, " ");

        must(q->n < MODEL_WORDS && n < MODEL_TEXT);
        memcpy(q->word[q->n], line, n);
        q->word[q->n][n] = '\0';
        if (same(q->word[q->n], "@"))
            q->word[q->n][0] = '\0';
        q->n++;
        line += n + (line[n] == ' ');
    }
}

static const char *word_at(const struct request *q, unsigned i)
{
    return i < q->n ? q->word[i] : "";
}

static int64_t int_at(const struct request *q, unsigned i)
{
    return strtoll(word_at(q, i), NULL, 10);
}

static struct stream_id id_at(const struct request *q, unsigned i)
{
    struct stream_id id = {0, 0};

    parse_id(word_at(q, i), 0, &id);
    return id;
}

static struct model_consumer *meet(struct model *m, struct model_group *g, const char *name)
{
    struct model_consumer *c = find_consumer(g, name);
    unsigned at = g->n_consumers;

    if (!c) {
        must(g->n_consumers < MODEL_CONSUMERS);
        for (; at && strcmp(g->consumer[at - 1].name, name) > 0; at--)
            g->consumer[at] = g->consumer[at - 1];
        c = &g->consumer[at];
        g->n_consumers++;
        copy(c->name, name);
    }
    c->seen = m->now.wall;
    return c;
}

/* XADD and QADD, and the fields that make the one the other. */
struct adding {
    const char *key;
    bool nomkstream, fixed;
    struct stream_id id;
    msec due, delay, ttl, window;
    unsigned level;
    char dedup[MODEL_TEXT];
    struct model_fields fields;
    int64_t maxlen; /* XADD's own; -1: none */
};

static bool find_dedup(struct model *m, struct model_key *k, const char *id, struct buf *r)
{
    for (unsigned i = 0; k && *id && i < k->n_dedups; i++)
        if (same(k->dedup[i].id, id) && k->dedup[i].until > m->now.wall) {
            say(r, "%s", k->dedup[i].reply);
            return true;
        }
    return false;
}

static void dedup_remove(struct model_key *k, const char *id)
{
    unsigned n = 0;

    for (unsigned i = 0; i < k->n_dedups; i++)
        if (!same(k->dedup[i].id, id))
            k->dedup[n++] = k->dedup[i];
    k->n_dedups = n;
}

static void remember(struct model *m, struct model_key *k, const struct adding *a, const char *reply)
{
    struct model_dedup *d;

    if (!*a->dedup)
        return;
    dedup_remove(k, a->dedup);
    for (unsigned i = k->n_dedups; i-- > 0;)
        if (k->dedup[i].until <= m->now.wall)
            k->dedup[i] = k->dedup[--k->n_dedups];
    must(k->n_dedups < MODEL_DEDUPS);
    d = &k->dedup[k->n_dedups++];
    copy(d->id, a->dedup);
    copy(d->reply, reply);
    d->until = m->now.wall + a->window;
}

/* Reading: the seq of a DELAYED counts all that this stream ever had, from 0, so no id is met twice. */
static const char *delay(struct model_key *k, const struct adding *a)
{
    static char reply[MODEL_TEXT];
    struct model_delayed d = {.due = a->due, .fields = a->fields, .ttl = a->ttl, .level = a->level};
    unsigned at = k->n_delayed;

    must(k->n_delayed < MODEL_DELAYED);
    for (; at && k->delayed[at - 1].due > d.due; at--)
        k->delayed[at] = k->delayed[at - 1];
    d.seq = k->delays++;
    copy(d.dedup, a->dedup);
    k->delayed[at] = d;
    k->n_delayed++;
    snprintf(reply, sizeof reply, "%" PRId64 "-%" PRIu64, d.due, d.seq);
    return reply;
}

static const char *add_now(struct model *m, struct model_key *k, const struct adding *a)
{
    struct model_entry e = {.fields = a->fields, .level = a->level, .arrival = m->now.wall};

    if (e.arrival < k->last_arrival)
        e.arrival = k->last_arrival;
    e.own_expires = a->ttl ? e.arrival + a->ttl : 0;
    if (a->ttl)
        keep(k);
    return id_text(append(m, k, a->fixed ? &a->id : NULL, &e));
}

/* The order of checks: no stream to be made, duplicate, pause, id, room. */
static void add(struct request *q, const struct adding *a)
{
    struct model *m = q->m;
    struct model_key *k = find_key(m, a->key);
    struct rules r;
    const char *reply;

    if (!k && a->nomkstream) {
        say(q->r, "nil");
        return;
    }
    if (find_dedup(m, k, a->dedup, q->r))
        return;
    resolve(m, a->key, k && k->dlq, &r);
    if (paused(&r, "in")) {
        say(q->r, "-PAUSED");
        return;
    }
    if (a->fixed && compare(a->id, k ? k->last_id : (struct stream_id){0, 0}) <= 0) {
        say(q->r, "-ERR");
        return;
    }
    if (!k) { /* no stream is made for what is refused */
        k = make_key(m, a->key);
        if (!make_room(m, k, 1, bytes_of(&a->fields)))
            k->name[0] = '\0';
    } else if (!make_room(m, k, 1, bytes_of(&a->fields))) {
        k = NULL;
    }
    if (!k || !*k->name) {
        say(q->r, "-QFULL");
        return;
    }
    reply = a->due ? delay(k, a) : add_now(m, k, a);
    remember(m, k, a, reply);
    say(q->r, "%s", reply);
    while (a->maxlen >= 0 && k->n_entries > a->maxlen)
        entry_drop(k, k->entry[0].id);
}

/* From the id on. False: the id is none. */
static bool parse_fields(const struct request *q, unsigned i, struct adding *a)
{
    a->fixed = !same(word_at(q, i), "*");
    if (a->fixed && !parse_id(word_at(q, i), 0, &a->id))
        return false;
    for (i++; i < q->n; i++)
        add_word(&a->fields, q->word[i]);
    return true;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool is_span(const char *text)
{
    size_t n = strspn(text, "0123456789");

    return n && (!text[n] || same(text + n, "ms") || same(text + n, "s") || same(text + n, "m") ||
                 same(text + n, "h") || same(text + n, "d"));
}

static bool parse_headers(struct model *m, struct adding *a)
{
    const char *d = field(&a->fields, "x-delay"), *ttl = field(&a->fields, "x-ttl");
    const char *level = field(&a->fields, "x-priority"), *dedup = field(&a->fields, "x-dedup-id");

    if ((d && !is_span(d)) || (ttl && !is_span(ttl)) || (level && (!is_number(level) || span(level) > 31)))
        return false;
    a->due = d && span(d) ? m->now.wall + span(d) : 0;
    a->ttl = ttl ? span(ttl) : 0;
    a->level = level ? (unsigned)span(level) : 0;
    copy(a->dedup, dedup ? dedup : "");
    return true;
}

static void do_xadd(struct request *q)
{
    struct adding a = {.key = q->word[1], .maxlen = -1, .window = 300000};
    const struct model_key *k = find_key(q->m, a.key);
    struct rules r;
    unsigned i = 2;

    for (;; i++) {
        if (is(word_at(q, i), "NOMKSTREAM"))
            a.nomkstream = true;
        else if (is(word_at(q, i), "MAXLEN"))
            a.maxlen = int_at(q, ++i);
        else
            break;
    }
    resolve(q->m, a.key, k && k->dlq, &r);
    if (!parse_fields(q, i, &a) || (!a.fixed && says(&r, HEADERS, "yes") && !parse_headers(q->m, &a)))
        say(q->r, "-ERR");
    else
        add(q, &a);
}

static void do_qadd(struct request *q)
{
    struct adding a = {.key = q->word[1], .maxlen = -1, .window = 300000};
    unsigned i = 2;

    for (;; i++) {
        if (is(word_at(q, i), "NOMKSTREAM"))
            a.nomkstream = true;
        else if (is(word_at(q, i), "DELAY"))
            a.due = q->m->now.wall + span(word_at(q, ++i));
        else if (is(word_at(q, i), "AT"))
            a.due = int_at(q, ++i);
        else if (is(word_at(q, i), "TTL"))
            a.ttl = span(word_at(q, ++i));
        else if (is(word_at(q, i), "PRIORITY"))
            a.level = (unsigned)int_at(q, ++i);
        else if (is(word_at(q, i), "DEDUP"))
            copy(a.dedup, word_at(q, ++i));
        else if (is(word_at(q, i), "WINDOW"))
            a.window = span(word_at(q, ++i));
        else
            break;
    }
    if (!parse_fields(q, i, &a) || a.level > 31 || (a.due && a.fixed))
        say(q->r, "-ERR");
    else
        add(q, &a);
}

static void do_qcancel(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    unsigned cancelled = 0;

    for (unsigned i = 2; k && i < q->n; i++) {
        struct stream_id id = id_at(q, i);

        for (unsigned j = 0; j < k->n_delayed; j++) {
            struct model_delayed *d = &k->delayed[j];

            if ((uint64_t)d->due != id.ms || d->seq != id.seq)
                continue;
            if (*d->dedup)
                dedup_remove(k, d->dedup);
            memmove(d, d + 1, (--k->n_delayed - j) * sizeof *d);
            cancelled++;
            break;
        }
    }
    say(q->r, ":%u", cancelled);
}

/* --- reading --- */

struct readgroup {
    const char *group, *consumer, *key, *id;
    int64_t count; /* -1: all */
    bool noack, claim, block;
    msec min_idle;
};

static void parse_readgroup(const struct request *q, struct readgroup *a)
{
    *a = (struct readgroup){.group = word_at(q, 2), .consumer = word_at(q, 3), .count = -1};
    for (unsigned i = 4; i < q->n; i++) {
        if (is(q->word[i], "COUNT")) {
            a->count = int_at(q, ++i);
        } else if (is(q->word[i], "NOACK")) {
            a->noack = true;
        } else if (is(q->word[i], "CLAIM")) {
            a->claim = true;
            a->min_idle = int_at(q, ++i);
        } else if (is(q->word[i], "BLOCK")) {
            a->block = true;
            i++;
        } else if (is(q->word[i], "STREAMS")) {
            a->key = word_at(q, i + 1);
            a->id = word_at(q, i + 2);
            return;
        }
    }
}

static bool is_blocked(const struct model *m, const struct model_key *k, const struct model_group *g,
                       const char *consumer)
{
    for (int i = 0; i < MODEL_CLIENTS; i++) {
        struct request q = {0};
        struct readgroup a;

        if (!*m->client[i].waiting)
            continue;
        split(&q, m->client[i].waiting);
        parse_readgroup(&q, &a);
        if (same(a.key, k->name) && same(a.group, g->name) && same(a.consumer, consumer))
            return true;
    }
    return false;
}

/* Of the consumer's own. Reading: PAUSE out stops `>` alone; neither this nor claims. */
static void read_history(struct model *m, struct model_key *k, struct model_group *g,
                         const struct readgroup *a, struct buf *r)
{
    struct stream_id after = {0, 0};
    int64_t left = a->count;

    parse_id(a->id, 0, &after);
    say(r, "[[%s [", k->name);
    while (left) {
        struct model_pending *p = NULL;
        struct model_entry *e;

        for (unsigned i = 0; i < g->n_pending && !p; i++)
            if (compare(g->pending[i].id, after) > 0 && g->pending[i].state == LEASED &&
                same(g->pending[i].owner, a->consumer))
                p = &g->pending[i];
        if (!p)
            break;
        after = p->id;
        e = find_entry(k, p->id);
        if (!e)
            say(r, "[%s nil-array]", id_text(p->id));
        else if (deliver(m, k, g, p, a->consumer, p->count + 1, m->now.wall))
            say_entry(r, find_entry(k, after));
        else
            continue;
        left -= left > 0;
    }
    say(r, "]");
    say(r, "]");
    say(r, "]");
}

static void note_reader(struct model_client *c, const struct readgroup *a)
{
    struct model_reader as;

    copy(as.key, a->key);
    copy(as.group, a->group);
    copy(as.consumer, a->consumer);
    for (unsigned i = 0; i < c->n_read; i++)
        if (same(c->read[i].key, as.key) && same(c->read[i].group, as.group) &&
            same(c->read[i].consumer, as.consumer))
            return;
    must(c->n_read < MODEL_READERS);
    c->read[c->n_read++] = as;
}

/* False: there is nothing now, and it would wait. Who waited is seen again when he is served. */
static bool read_group(struct model *m, unsigned client, const struct readgroup *a, bool may_wait,
                       struct buf *r)
{
    struct model_key *k = find_key(m, a->key);
    struct model_group *g = k && k->other_type ? NULL : find_group(k, a->group);
    struct buf entries = {0};
    struct reading w = {a->consumer, a->count ? a->count : -1, a->noack, a->claim, &entries};
    struct model_client *c = &m->client[client];

    if (!g) {
        say(r, k && k->other_type ? "-WRONGTYPE" : "-NOGROUP");
        return true;
    }
    if (!*c->waiting) {
        meet(m, g, a->consumer);
        note_reader(c, a);
    }
    if (!same(a->id, ">")) {
        read_history(m, k, g, a, r);
        return true;
    }
    if (a->claim)
        claim_first(m, k, g, &w, a->min_idle);
    if (k->queue)
        take(m, k, g, &w);
    else
        take_plain(m, k, g, &w);
    if (entries.n)
        meet(m, g, a->consumer);
    if (entries.n)
        say(r, "[[%s [%.*s]]]", k->name, (int)entries.n, entries.p);
    else if (!may_wait)
        say(r, "nil-array");
    may_wait &= entries.n == 0;
    buf_free(&entries);
    return !may_wait;
}

static void do_xreadgroup(struct request *q)
{
    struct model_client *c = &q->m->client[q->client];
    struct readgroup a;

    parse_readgroup(q, &a);
    if (read_group(q->m, q->client, &a, a.block && !c->multi, q->r))
        return;
    for (unsigned i = 0; i < q->n; i++)
        snprintf(c->waiting + strlen(c->waiting), MODEL_LINE - strlen(c->waiting), "%s%s", i ? " " : "",
                 q->word[i]);
    c->since = ++q->m->waits;
}

/* As in Redis, SETID wakes nobody who waits at a stream that is no queue: what is added next does, or for one
 * who claims, that there is something to claim. */
static bool is_quiet(struct model *m, const struct readgroup *a)
{
    struct model_key *k = find_key(m, a->key);
    struct model_group *g = k && !k->other_type && !k->queue && k->quiet ? find_group(k, a->group) : NULL;

    return g && !(a->claim && to_claim(m, k, g, a->min_idle, NULL, 0));
}

/* First come, first served; each gets what it asked for while there is some. */
static bool serve_waiters(struct model *m)
{
    uint64_t served = 0;
    bool any = false;

    for (;;) {
        struct model_client *c = NULL;
        struct request q = {.m = m};
        struct readgroup a;

        for (int i = 0; i < MODEL_CLIENTS; i++)
            if (*m->client[i].waiting && m->client[i].since > served && (!c || m->client[i].since < c->since))
                c = &m->client[i];
        if (!c)
            return any;
        served = c->since;
        split(&q, c->waiting);
        parse_readgroup(&q, &a);
        if (is_quiet(m, &a))
            continue;
        if (read_group(m, (unsigned)(c - m->client), &a, true, &c->heard)) {
            c->waiting[0] = '\0';
            any = true;
        }
    }
}

static struct model_group *group_for(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = find_group(k, q->word[2]);

    if (!g)
        say(q->r, "-NOGROUP");
    return g;
}

static bool ack(struct model *m, struct model_key *k, struct model_group *g, struct stream_id id)
{
    if (!find_pending(g, id))
        return false;
    pending_remove(g, id);
    g->acked++;
    settled(m, k, id);
    return true;
}

static void do_xack(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = find_group(k, q->word[2]);
    unsigned n = 0;

    for (unsigned i = 3; g && i < q->n; i++)
        n += ack(q->m, k, g, id_at(q, i));
    say(q->r, ":%u", n);
}

static struct model_pending *held_by(struct model_group *g, struct stream_id id, const char *consumer)
{
    struct model_pending *p = find_pending(g, id);

    return p && p->state == LEASED && same(p->owner, consumer) ? p : NULL;
}

/* Reading: QACK, QNACK and QEXTEND are signs of life of the consumer. */
static void alive(struct model *m, struct model_group *g, const char *consumer)
{
    struct model_consumer *c = find_consumer(g, consumer);

    if (c)
        c->seen = m->now.wall;
}

static void do_qack(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = find_group(k, q->word[2]);
    unsigned n = 0;

    for (unsigned i = 4; g && i < q->n; i++)
        n += held_by(g, id_at(q, i), q->word[3]) && ack(q->m, k, g, id_at(q, i));
    if (g)
        alive(q->m, g, q->word[3]);
    say(q->r, ":%u", n);
}

/* Reading: a nack without a text leaves that of an earlier one. */
static void do_qnack(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = group_for(q);
    const char *error = "";
    enum back how = BACK;
    msec delay_ms = 0;
    unsigned i = 4, n = 0;

    if (!g)
        return;
    if (!k->queue) {
        say(q->r, "-NOPOLICY");
        return;
    }
    for (;; i++) {
        if (is(word_at(q, i), "DELAY")) {
            how = BACK_DELAYED;
            delay_ms = span(word_at(q, ++i));
        } else if (is(word_at(q, i), "REJECT")) {
            how = BACK_DEAD;
        } else if (is(word_at(q, i), "ERROR")) {
            error = word_at(q, ++i);
        } else {
            break;
        }
    }
    alive(q->m, g, q->word[3]);
    for (; i < q->n; i++) {
        struct model_pending *p = held_by(g, id_at(q, i), q->word[3]);

        if (!p)
            continue;
        if (*error)
            copy(p->error, error);
        back(q->m, k, g, p, how, delay_ms);
        n++;
    }
    say(q->r, ":%u", n);
}

static void do_qextend(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = group_for(q);
    unsigned n = 0;

    if (!g)
        return;
    if (!k->queue) {
        say(q->r, "-NOPOLICY");
        return;
    }
    alive(q->m, g, q->word[3]);
    for (unsigned i = 5; i < q->n; i++) {
        struct model_pending *p = held_by(g, id_at(q, i), q->word[3]);

        if (!p)
            continue;
        p->time = q->m->now.wall;
        p->lease_end = q->m->now.wall + span(q->word[4]);
        p->order = ++g->orders;
        n++;
    }
    say(q->r, ":%u", n);
}

/* --- claims --- */

struct claim {
    msec min_idle, time;
    int64_t retry; /* -1: not said */
    bool force, justid;
};

/* Reading: FORCE makes pending only what may be delivered. */
static bool may_force(struct model *m, const struct model_key *k, const struct model_entry *e,
                      const struct claim *a)
{
    struct rules r = rules_of(m, k);
    int64_t count = a->retry >= 0 ? a->retry : 2;

    return a->force &&
           (a->justid || (expires(&r, e) > m->now.wall && (!number(&r, MAXDELIVER) || count <= number(&r, MAXDELIVER))));
}

static bool may_claim(struct model *m, const struct model_key *k, const struct model_pending *p,
                      const struct claim *a)
{
    if (p->state == LEASED)
        return idle_of(m, p) >= a->min_idle;
    return p->state == READY || a->force || !k->queue;
}

/* JUSTID hands nothing over: it is no delivery. The lease it makes runs from the record's time, as any. */
static bool claim_one(struct model *m, struct model_key *k, struct model_group *g, struct model_pending *p,
                      const char *consumer, const struct claim *a)
{
    uint64_t count = a->retry >= 0 ? (uint64_t)a->retry : p->count + !a->justid;

    if (!a->justid)
        return deliver(m, k, g, p, consumer, count, a->time);
    if (p->state != LEASED || !same(p->owner, consumer))
        p->lease = ++m->leases;
    p->state = LEASED;
    copy(p->owner, consumer);
    p->count = count;
    p->time = a->time;
    p->lease_end = 0;
    return true;
}

static void parse_claim(const struct request *q, unsigned i, struct claim *a)
{
    for (; i < q->n; i++) {
        if (is(q->word[i], "FORCE"))
            a->force = true;
        else if (is(q->word[i], "JUSTID"))
            a->justid = true;
        else if (is(q->word[i], "RETRYCOUNT"))
            a->retry = int_at(q, ++i);
        else if (is(q->word[i], "IDLE"))
            a->time = q->m->now.wall - int_at(q, ++i);
        else if (is(q->word[i], "TIME"))
            a->time = int_at(q, ++i);
    }
    if (a->time < 0 || a->time > q->m->now.wall)
        a->time = q->m->now.wall;
}

static void say_claimed(struct buf *r, const struct model_entry *e, bool justid)
{
    if (justid)
        say(r, "%s", id_text(e->id));
    else
        say_entry(r, e);
}

/* What is made by FORCE starts at 1, as in Redis. Reading: in a queue a NEW one is NEW no more, one that was
 * done enters again. */
static struct model_pending *forced(struct model_key *k, struct model_group *g, struct stream_id id)
{
    struct model_pending *p;

    if (k->kept && is_fresh(g, id))
        fresh_remove(g, id);
    else if (k->kept)
        g->entered++;
    p = pending_add(g, id);
    p->state = READY;
    p->count = 1;
    return p;
}

static void do_xclaim(struct request *q)
{
    struct model *m = q->m;
    struct model_key *k = find_key(m, q->word[1]);
    struct model_group *g = group_for(q);
    struct claim a = {.min_idle = int_at(q, 4), .time = m->now.wall, .retry = -1};
    struct stream_id id;
    unsigned last = 5;

    if (!g)
        return;
    while (last < q->n && parse_id(q->word[last], 0, &id))
        last++;
    parse_claim(q, last, &a);
    meet(m, g, q->word[3]);
    say(q->r, "[");
    for (unsigned i = 5; i < last; i++) {
        struct model_pending *p = find_pending(g, id_at(q, i));
        struct model_entry *e = find_entry(k, id_at(q, i));

        if (p && !e) {
            pending_remove(g, p->id);
            g->dropped++;
        }
        if (!e || (p ? !may_claim(m, k, p, &a) : !may_force(m, k, e, &a)))
            continue;
        p = p ? p : forced(k, g, e->id);
        if (claim_one(m, k, g, p, q->word[3], &a))
            say_claimed(q->r, e, a.justid);
    }
    say(q->r, "]");
}

static void do_xautoclaim(struct request *q)
{
    struct model *m = q->m;
    struct model_key *k = find_key(m, q->word[1]);
    struct model_group *g = group_for(q);
    struct claim a = {.min_idle = int_at(q, 4), .time = m->now.wall, .retry = -1};
    struct stream_id at = id_at(q, 5), deleted[MODEL_ENTRIES];
    struct buf claimed = {0};
    int64_t count = 100, examine, left;
    unsigned n_deleted = 0;
    struct model_pending *p;

    if (!g)
        return;
    for (unsigned i = 6; i < q->n; i++) {
        if (is(q->word[i], "COUNT"))
            count = int_at(q, ++i);
        else
            a.justid = true;
    }
    meet(m, g, q->word[3]);
    examine = 10 * count;
    left = count;
    for (p = NULL;; at.seq++) {
        struct model_entry *e;

        p = NULL;
        for (unsigned i = 0; i < g->n_pending && !p; i++)
            if (compare(g->pending[i].id, at) >= 0)
                p = &g->pending[i];
        if (!p || !left || !examine--)
            break;
        at = p->id;
        e = find_entry(k, at);
        if (!e) {
            deleted[n_deleted++] = at;
            pending_remove(g, at);
            g->dropped++;
            left--;
        } else if (may_claim(m, k, p, &a) && claim_one(m, k, g, p, q->word[3], &a)) {
            say_claimed(&claimed, find_entry(k, at), a.justid);
            left--;
        }
    }
    say(q->r, "[%s [%.*s] [", p ? id_text(p->id) : "0-0", (int)claimed.n, claimed.n ? claimed.p : "");
    for (unsigned i = 0; i < n_deleted; i++)
        say(q->r, "%s", id_text(deleted[i]));
    say(q->r, "]");
    say(q->r, "]");
    buf_free(&claimed);
}

/* XNACK key group mode IDS n id ... [RETRYCOUNT n] [FORCE]
 * Reading: DEAD is left alone. SILENT gives anything else back at once. FATAL keeps the count in a queue. */
static bool nack(struct model *m, struct model_key *k, struct model_group *g, struct stream_id id,
                 const char *mode, int64_t retry, bool force)
{
    struct model_pending *p = find_pending(g, id);

    if (!p && (!force || !find_entry(k, id)))
        return false;
    if (p && p->state == DEAD && k->queue)
        return false;
    if (!p) {
        p = forced(k, g, id);
        p->count = 0;
        set_ready(g, p);
    } else if (is(mode, "SILENT") && p->count) {
        p->count--;
    }
    if (is(mode, "FATAL") && !k->queue)
        p->count = COUNT_MAX;
    if (retry >= 0)
        p->count = (uint64_t)retry;
    if (k->queue)
        back(m, k, g, p, is(mode, "FATAL") ? BACK_DEAD : is(mode, "SILENT") ? BACK_AT_ONCE : BACK, 0);
    else if (k->kept && !find_entry(k, id))
        drop(g, id);
    else
        set_ready(g, p);
    return true;
}

static void do_xnack(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = group_for(q);
    unsigned n = (unsigned)int_at(q, 5), nacked = 0;
    int64_t retry = -1;
    bool force = false;

    if (!g)
        return;
    for (unsigned i = 6 + n; i < q->n; i++) {
        if (is(q->word[i], "FORCE"))
            force = true;
        else
            retry = int_at(q, ++i);
    }
    k->quiet &= n == 0;
    for (unsigned i = 6; i < 6 + n; i++)
        nacked += nack(q->m, k, g, id_at(q, i), q->word[3], retry, force);
    say(q->r, ":%u", nacked);
}

/* --- the stream --- */

static void do_xdel(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    unsigned n = 0;

    for (unsigned i = 2; k && i < q->n; i++)
        if (find_entry(k, id_at(q, i))) {
            entry_drop(k, id_at(q, i));
            n++;
        }
    say(q->r, ":%u", n);
}

static void do_xtrim(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    unsigned before = k ? k->n_entries : 0;

    while (
        k && k->n_entries &&
        (is(q->word[2], "MAXLEN") ? k->n_entries > int_at(q, 3) : compare(k->entry[0].id, id_at(q, 3)) < 0))
        entry_drop(k, k->entry[0].id);
    say(q->r, ":%u", k ? before - k->n_entries : 0);
}

static void set_position(struct model_key *k, struct model_group *g, struct stream_id pos)
{
    g->pos = pos;
    for (unsigned i = 0; i < k->n_entries; i++) {
        const struct model_entry *e = &k->entry[i];
        bool fresh = is_fresh(g, e->id), pending = find_pending(g, e->id) != NULL;

        if (fresh && compare(e->id, pos) <= 0) {
            fresh_remove(g, e->id);
            g->dropped++;
        } else if (!fresh && compare(e->id, pos) > 0 && is_for(e, g) && (!pending || !k->kept)) {
            fresh_add(g, e->id);
            g->entered++;
        }
    }
}

static struct stream_id position_at(const struct request *q, unsigned i, const struct model_key *k)
{
    return same(word_at(q, i), "$") ? k->last_id : id_at(q, i);
}

static void create_group(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[2]);
    unsigned at;

    if (!k && !is(word_at(q, 5), "MKSTREAM")) {
        say(q->r, "-ERR");
        return;
    }
    k = make_key(q->m, q->word[2]);
    if (find_group(k, q->word[3])) {
        say(q->r, "-BUSYGROUP");
        return;
    }
    must(k->n_groups < MODEL_GROUPS);
    for (at = k->n_groups++; at && strcmp(k->group[at - 1].name, q->word[3]) > 0; at--)
        k->group[at] = k->group[at - 1];
    memset(&k->group[at], 0, sizeof k->group[at]);
    copy(k->group[at].name, q->word[3]);
    k->group[at].credit_mono = q->m->now.mono;
    set_position(k, &k->group[at], position_at(q, 4, k));
    say(q->r, "+OK");
}

static void destroy_group(struct model_key *k, struct model_group *g)
{
    memmove(g, g + 1, (size_t)(k->group + k->n_groups - (g + 1)) * sizeof *g);
    k->n_groups--;
}

static void do_xgroup(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[2]);
    struct model_group *g = find_group(k, q->word[3]);
    struct model_consumer *c = g ? find_consumer(g, word_at(q, 4)) : NULL;

    if (is(q->word[1], "CREATE")) {
        create_group(q);
    } else if (!k) {
        say(q->r, "-ERR");
    } else if (is(q->word[1], "DESTROY")) {
        say(q->r, ":%d", g != NULL);
        if (g)
            destroy_group(k, g);
    } else if (!g) {
        say(q->r, "-NOGROUP");
    } else if (is(q->word[1], "SETID")) {
        set_position(k, g, position_at(q, 4, k));
        k->quiet = true;
        say(q->r, "+OK");
    } else if (is(q->word[1], "CREATECONSUMER")) {
        say(q->r, ":%d", c == NULL);
        meet(q->m, g, q->word[4]);
    } else { /* DELCONSUMER: lost, or in a queue: back */
        say(q->r, ":%u", c ? leased(g, c->name) : 0);
        if (!c)
            return;
        if (k->queue)
            all_back(q->m, k, g, c->name);
        for (unsigned i = g->n_pending; !k->queue && i-- > 0;)
            if (same(g->pending[i].owner, c->name)) {
                pending_remove(g, g->pending[i].id);
                g->dropped++;
            }
        consumer_remove(g, c);
    }
}

static void do_del(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);

    if (k)
        k->name[0] = '\0';
    say(q->r, ":%d", k != NULL);
}

static void do_set(struct request *q)
{
    struct model_key *k = make_key(q->m, q->word[1]);
    struct model_key as = {.other_type = true};

    copy(as.name, q->word[1]);
    *k = as;
    say(q->r, "+OK");
}

static void do_rename(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]), *to = find_key(q->m, q->word[2]);

    if (!k) {
        say(q->r, "-ERR");
        return;
    }
    if (to && to != k)
        to->name[0] = '\0';
    copy(k->name, q->word[2]);
    say(q->r, "+OK");
}

/* --- policies, purge, redrive --- */

static enum model_option option_at(const struct request *q, unsigned i)
{
    for (int o = 0; o < OPTIONS; o++)
        if (is(word_at(q, i), option_name[o]))
            return (enum model_option)o;
    must(false);
}

static struct model_policy *policy_at(struct model *m, const char *name)
{
    for (struct model_policy *p = m->policy; p < m->policy + MODEL_POLICIES; p++)
        if (same(p->name, name))
            return p;
    return NULL;
}

static bool is_empty(const struct model_policy *p)
{
    for (int o = 0; o < OPTIONS; o++)
        if (*p->value[o])
            return false;
    return true;
}

/* Only what is right is asked for: wrong values are the business of unit tests. */
static void do_qpolicy(struct request *q)
{
    struct model_policy *p = policy_at(q->m, q->word[2]);

    if (is(q->word[1], "SET")) {
        if (!p) {
            p = policy_at(q->m, "");
            must(p);
            memset(p, 0, sizeof *p);
            copy(p->name, q->word[2]);
        }
        for (unsigned i = 3; i + 1 < q->n; i += 2)
            copy(p->value[option_at(q, i)], q->word[i + 1]);
        say(q->r, "+OK");
        return;
    }
    for (unsigned i = 3; p && i < q->n; i++)
        p->value[option_at(q, i)][0] = '\0';
    if (p && (q->n == 3 || is_empty(p)))
        p->name[0] = '\0';
    say(q->r, "?");
}

static const char *const state_name[MODEL_STATES] = {"leased", "ready", "waiting", "held", "dead"};

static const char *state_for(struct model_group *g, struct stream_id id)
{
    struct model_pending *p = find_pending(g, id);

    return p ? state_name[p->state] : is_fresh(g, id) ? "new" : "done";
}

static bool in_named_state(struct model_key *k, struct stream_id id, const char *state)
{
    for (unsigned i = 0; i < k->n_groups; i++)
        if (is(state_for(&k->group[i], id), state))
            return true;
    return false;
}

/* QPURGE key [GROUP g] [STATE s]
 * Reading: with a group, its messages are done for it; without, entries go, done or not, that no group has
 * leased (and some group has in that state), and DELAYED. What goes is counted as dropped. */
static void do_qpurge(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    const char *group = "", *state = "";
    struct model_group *g;
    unsigned n = 0;

    for (unsigned i = 2; i + 1 < q->n; i += 2) {
        if (is(q->word[i], "GROUP"))
            group = q->word[i + 1];
        else
            state = q->word[i + 1];
    }
    g = find_group(k, group);
    if (k && *group && !g) {
        say(q->r, "-NOGROUP");
        return;
    }
    for (unsigned i = k ? k->n_entries : 0; i-- > 0;) {
        struct stream_id id = k->entry[i].id;

        if (g && not_done(g, id) && !is(state_for(g, id), "leased") &&
            (!*state || is(state_for(g, id), state))) {
            done(g, id);
            g->dropped++;
            n++;
            settled(q->m, k, id);
        } else if (!g && !in_state(k, id, LEASED) && (!*state || in_named_state(k, id, state))) {
            entry_drop(k, id);
            n++;
        }
    }
    if (k && !g && (!*state || is(state, "delayed"))) {
        n += k->n_delayed;
        while (k->n_delayed)
            if (*k->delayed[--k->n_delayed].dedup)
                dedup_remove(k, k->delayed[k->n_delayed].dedup);
    }
    say(q->r, ":%u", n);
}

struct redrive {
    const char *to, *reason;
    int64_t count;
    bool dryrun, chosen; /* only those ids */
    struct stream_id id[MODEL_WORDS];
    unsigned n_ids;
};

/* `QREDRIVE key GROUP g`: its DEAD in place are READY, their count 0. */
static void redrive_in_place(struct request *q, struct model_key *k, const char *group)
{
    struct model_group *g = find_group(k, group);
    unsigned n = 0;

    if (!g) {
        say(q->r, "-NOGROUP");
        return;
    }
    for (unsigned i = 0; i < g->n_pending; i++) {
        if (g->pending[i].state != DEAD)
            continue;
        set_ready(g, &g->pending[i]);
        g->pending[i].count = 0;
        n++;
    }
    say(q->r, "[:%u :0 :0]", n);
}

static bool is_chosen(const struct redrive *a, const struct model_entry *e)
{
    const char *reason = field(&e->fields, "x-death-reason");
    bool found = !a->chosen;

    for (unsigned i = 0; i < a->n_ids; i++)
        found |= compare(a->id[i], e->id) == 0;
    return found && (!*a->reason || (reason && is(reason, a->reason)));
}

/* Where it goes, and for whom; NULL: it is skipped. */
static const char *redrive_target(struct model *m, const struct redrive *a, const struct model_entry *e,
                                  char *group)
{
    const char *queue = field(&e->fields, "x-death-queue"), *of = field(&e->fields, "x-death-group");
    const char *to = *a->to ? a->to : queue;
    struct model_key *k = to ? find_key(m, to) : NULL;

    copy(group, !*a->to && of ? of : "");
    if (!to || (k && k->other_type) || (*group && !find_group(k, group)))
        return NULL;
    return to;
}

static void redriven(const struct model *m, const struct model_entry *letter, const char *group,
                     struct model_entry *to)
{
    struct model_fields clean;
    const char *before = field(&letter->fields, "x-redrive-count");

    memset(to, 0, sizeof *to);
    to->level = letter->level;
    to->arrival = m->now.wall;
    copy(to->group, group);
    without(&clean, &letter->fields, "x-death-");
    without(&to->fields, &clean, "x-redrive-count");
    add_number(&to->fields, "x-redrive-count", (before ? strtoll(before, NULL, 10) : 0) + 1);
}

/* Reading: COUNT is of those moved. `left` are the letters that were asked for and neither moved nor skipped.
 * A target that is paused is an error when nothing has been moved yet, else it stops as a full one does. */
static void redrive(struct request *q, struct model_key *dlq, const struct redrive *a)
{
    struct model *m = q->m;
    unsigned moved = 0, skipped = 0, left = 0;
    struct stream_id last = dlq->last_id; /* what comes to it meanwhile is left */
    bool stop = false;

    for (unsigned i = 0; i < dlq->n_entries;) {
        struct model_entry letter = dlq->entry[i], e;
        char group[MODEL_TEXT];
        const char *to;
        struct model_key *k;
        struct rules r;

        i++;
        if (!is_chosen(a, &letter))
            continue;
        stop |= moved == a->count || compare(letter.id, last) > 0;
        to = stop ? NULL : redrive_target(m, a, &letter, group);
        if (stop || !to || in_state(dlq, letter.id, LEASED)) {
            left += stop;
            skipped += !stop;
            continue;
        }
        k = find_key(m, to);
        resolve(m, to, k && k->dlq, &r);
        if (paused(&r, "in") && !moved) {
            say(q->r, "-PAUSED");
            return;
        }
        redriven(m, &letter, group, &e);
        k = make_key(m, to);
        if (paused(&r, "in") || !make_room(m, k, 1, bytes_of(&e.fields))) {
            stop = true;
            left++;
            continue;
        }
        moved++;
        if (a->dryrun)
            continue;
        append(m, k, NULL, &e);
        entry_drop(dlq, letter.id);
        i--;
    }
    say(q->r, "[:%u :%u :%u]", moved, skipped, left);
}

static void do_qredrive(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct redrive a = {.to = "", .reason = "", .count = 1000};

    if (!k) {
        say(q->r, "[:0 :0 :0]");
        return;
    }
    for (unsigned i = 2; i < q->n; i++) {
        if (is(q->word[i], "GROUP")) {
            redrive_in_place(q, k, word_at(q, i + 1));
            return;
        }
        if (is(q->word[i], "TO")) {
            a.to = q->word[++i];
        } else if (is(q->word[i], "REASON")) {
            a.reason = q->word[++i];
        } else if (is(q->word[i], "COUNT")) {
            a.count = int_at(q, ++i);
        } else if (is(q->word[i], "DRYRUN")) {
            a.dryrun = true;
        } else { /* IDS n id ... */
            a.chosen = true;
            for (i += 2; i < q->n; i++)
                a.id[a.n_ids++] = id_at(q, i);
        }
    }
    if (a.dryrun) { /* on a copy: what is tried leaves no trace */
        struct request dry = *q;
        struct model *trial = trial_of(q->m);

        a.dryrun = false;
        dry.m = trial;
        redrive(&dry, &trial->key[k - q->m->key], &a);
        trial_free(trial);
    } else {
        redrive(q, k, &a);
    }
}

/* --- looking --- */

static void do_xrange(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);

    say(q->r, "[");
    for (unsigned i = 0; k && i < k->n_entries; i++)
        say_entry(q->r, &k->entry[i]);
    say(q->r, "]");
}

static void do_xlen(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);

    say(q->r, ":%u", k ? k->n_entries : 0);
}

static void say_summary(struct buf *r, const struct model_group *g)
{
    if (!g->n_pending) {
        say(r, "[:0 nil nil nil-array]");
        return;
    }
    say(r, "[:%u %s %s [", g->n_pending, id_text(g->pending[0].id), id_text(g->pending[g->n_pending - 1].id));
    for (unsigned i = 0; i < g->n_consumers; i++)
        if (leased(g, g->consumer[i].name))
            say(r, "[%s %u]", g->consumer[i].name, leased(g, g->consumer[i].name));
    say(r, "]");
    say(r, "]");
}

static void do_xpending(struct request *q)
{
    struct model_group *g = group_for(q);

    if (!g)
        return;
    if (q->n == 3) {
        say_summary(q->r, g);
        return;
    }
    say(q->r, "[");
    for (unsigned i = 0; i < g->n_pending; i++) {
        const struct model_pending *p = &g->pending[i];

        if (p->state == LEASED)
            say(q->r, "[%s %s :%" PRId64 " :%" PRIu64 "]", id_text(p->id), p->owner, idle_of(q->m, p),
                p->count);
        else
            say(q->r, "[%s \"\" :-1 :%" PRIu64 "]", id_text(p->id), p->count);
    }
    say(q->r, "]");
}

/* The highest id with nothing NEW at or below it, which need not be that of an entry. Reading: it is as high
 * as what was delivered or set has shown it to be; what went otherwise may count when that is next looked at. */
static void say_position(struct buf *r, const struct model_key *k, const struct model_group *g)
{
    struct stream_id low = {0, 0};

    if (!k->kept) {
        say(r, "%s", id_text(g->pos));
        return;
    }
    for (unsigned i = 0; i < k->n_entries; i++)
        if (!g->n_fresh || compare(k->entry[i].id, g->fresh[0]) < 0)
            low = k->entry[i].id;
    if (compare(g->pos, low) < 0)
        low = g->pos;
    say(r, "~%s~%s", id_text(low), g->n_fresh ? id_text(g->fresh[0]) : "");
}

/* One that was deleted while it waits comes back when it is served, or tried in vain: nobody's business when.
 */
static void say_consumers(struct request *q, const struct model_key *k, const struct model_group *g)
{
    for (int i = 0; i < MODEL_CLIENTS; i++) {
        struct request waiting = {0};
        struct readgroup a;

        if (!*q->m->client[i].waiting)
            continue;
        split(&waiting, q->m->client[i].waiting);
        parse_readgroup(&waiting, &a);
        if (same(a.key, k->name) && same(a.group, g->name) &&
            !find_consumer((struct model_group *)g, a.consumer)) {
            say(q->r, "?");
            return;
        }
    }
    say(q->r, ":%u", g->n_consumers);
}

static void do_xinfo(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[2]);

    if (!k) {
        say(q->r, "-ERR");
        return;
    }
    say(q->r, "[");
    for (unsigned i = 0; i < k->n_groups; i++) {
        const struct model_group *g = &k->group[i];

        say(q->r, "[name %s consumers", g->name);
        say_consumers(q, k, g);
        say(q->r, "pending :%u last-delivered-id", g->n_pending);
        say_position(q->r, k, g);
        say(q->r, "entries-read ? lag");
        if (k->queue)
            say(q->r, ":%u", g->n_fresh);
        else
            say(q->r, "?");
        say(q->r, "]");
    }
    say(q->r, "]");
}

static msec oldest_age(struct model *m, struct model_key *k)
{
    for (unsigned i = 0; i < k->n_entries; i++)
        if (wanted(k, &k->entry[i]))
            return m->now.wall > k->entry[i].arrival ? m->now.wall - k->entry[i].arrival : 0;
    return -1;
}

static unsigned count_in(const struct model_group *g, enum model_state state)
{
    unsigned n = 0;

    for (unsigned i = 0; i < g->n_pending; i++)
        n += g->pending[i].state == state;
    return n;
}

/* Totals are a queue's: of another stream they say nothing. */
static void do_qstat(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);

    if (!k) {
        say(q->r, "-ERR");
        return;
    }
    say(q->r, "[length :%u bytes :%" PRIu64 " delayed :%u dlq :%d oldest-age :%" PRId64 " policy ? groups [",
        k->n_entries, all_bytes(k), k->n_delayed, k->dlq, oldest_age(q->m, k));
    for (unsigned i = 0; i < k->n_groups; i++) {
        const struct model_group *g = &k->group[i];

        say(q->r, "[name %s new", g->name);
        if (k->queue)
            say(q->r, ":%u", g->n_fresh);
        else
            say(q->r, "?");
        for (int s = 0; s < MODEL_STATES; s++)
            say(q->r, "%s :%u", state_name[s], count_in(g, (enum model_state)s));
        if (k->queue)
            say(q->r,
                "entered :%" PRIu64 " acked :%" PRIu64 " expired :%" PRIu64 " dead-lettered :%" PRIu64
                " dropped :%" PRIu64,
                g->entered, g->acked, g->expired, g->dead_lettered, g->dropped);
        else
            say(q->r, "entered ? acked ? expired ? dead-lettered ? dropped ?");
        say(q->r, "consumers");
        say_consumers(q, k, g);
        say(q->r, "]");
    }
    say(q->r, "]");
    say(q->r, "]");
}

static void say_pending(struct buf *r, const struct rules *rules, const struct model_pending *p)
{
    const char *who = *p->owner ? p->owner : p->last;

    if (p->state == WAITING)
        say(r, "due :%" PRId64, p->due);
    else if (p->state == LEASED && lease_end(rules, p) != NEVER)
        say(r, "due :%" PRId64, lease_end(rules, p));
    if (*who)
        say(r, "consumer %s", who);
    say(r, "deliveries :%" PRIu64, p->count);
    if (*p->error)
        say(r, "error %s", p->error);
    if (p->state == DEAD)
        say(r, "reason %s", p->reason);
}

static void say_peeked(struct buf *r, const struct model_entry *e)
{
    say_fields(r, &e->fields);
    if (e->level)
        say(r, "level :%u", e->level);
    say(r, "arrived :%" PRId64, e->arrival);
    if (e->own_expires)
        say(r, "expires :%" PRId64, e->own_expires);
    if (*e->group)
        say(r, "group %s", e->group);
}

static void peek_group(struct request *q, struct model_key *k, struct model_group *g)
{
    struct rules rules = rules_of(q->m, k);

    for (unsigned i = 0, j = 0; i < g->n_pending || j < g->n_fresh;) {
        bool fresh = i == g->n_pending || (j < g->n_fresh && compare(g->fresh[j], g->pending[i].id) <= 0);
        struct stream_id id = fresh ? g->fresh[j++] : g->pending[i++].id;
        struct model_entry *e = find_entry(k, id);

        if (fresh && find_pending(g, id)) /* of a plain stream, after a SETID back */
            continue;
        say(q->r, "[id %s fields", id_text(id));
        if (e)
            say_peeked(q->r, e);
        else
            say(q->r, "nil-array");
        say(q->r, "state %s", state_for(g, id));
        if (!fresh && k->queue)
            say_pending(q->r, &rules, &g->pending[i - 1]);
        say(q->r, k->queue ? "]" : "*]");
    }
}

/* QPEEK key [GROUP g] COUNT n. Reading: of a plain stream it tells what it happens to know. */
static void do_qpeek(struct request *q)
{
    struct model_key *k = find_key(q->m, q->word[1]);
    struct model_group *g = is(word_at(q, 2), "GROUP") ? find_group(k, q->word[3]) : NULL;

    say(q->r, "[");
    if (g)
        peek_group(q, k, g);
    for (unsigned i = 0; k && !g && i < k->n_entries; i++) {
        say(q->r, "[id %s fields", id_text(k->entry[i].id));
        say_peeked(q->r, &k->entry[i]);
        say(q->r, "]");
    }
    say(q->r, "]");
}

/* --- transactions --- */

static void do_qwatch(struct request *q)
{
    struct model_client *c = &q->m->client[q->client];
    struct model_group *g = group_for(q);

    if (!g)
        return;
    for (unsigned i = 4; i < q->n; i++)
        if (!held_by(g, id_at(q, i), q->word[3])) {
            say(q->r, "-STALE");
            return;
        }
    for (unsigned i = 4; i < q->n; i++) {
        must(c->n_watched < MODEL_WATCHED);
        copy(c->watched[c->n_watched].who.key, q->word[1]);
        copy(c->watched[c->n_watched].who.group, q->word[2]);
        copy(c->watched[c->n_watched].who.consumer, q->word[3]);
        c->watched[c->n_watched].id = id_at(q, i);
        c->watched[c->n_watched++].lease = held_by(g, id_at(q, i), q->word[3])->lease;
    }
    say(q->r, "+OK");
}

/* Reading: a lease is still the same while the consumer has held it all along, extended or read again. */
static bool watch_lost(struct model *m, const struct model_client *c)
{
    for (unsigned i = 0; i < c->n_watched; i++) {
        struct model_group *g = find_group(find_key(m, c->watched[i].who.key), c->watched[i].who.group);
        struct model_pending *p = g ? held_by(g, c->watched[i].id, c->watched[i].who.consumer) : NULL;

        if (!p || p->lease != c->watched[i].lease)
            return true;
    }
    return false;
}

static void run(struct request *q);

static void run_line(struct model *m, unsigned client, const char *line, struct buf *r)
{
    struct request q = {.m = m, .client = client, .r = r};

    split(&q, line);
    run(&q);
}

/* After QWATCH all adds are admitted before anything runs. Reading: against the state before the EXEC, so an
 * acknowledgement in it makes no room; the reply is the error of the first that is refused. */
static bool refused(struct model *m, unsigned client, struct buf *r)
{
    const struct model_client *c = &m->client[client];
    struct model *trial = trial_of(m);
    bool no = false;

    for (unsigned i = 0; i < c->n_queued && !no; i++) {
        struct buf one = {0};

        if (strncasecmp(c->queued[i], "XADD ", 5) == 0 || strncasecmp(c->queued[i], "QADD ", 5) == 0)
            run_line(trial, client, c->queued[i], &one);
        no = one.n && *one.p == '-';
        if (no)
            say(r, "%.*s", (int)one.n, one.p);
        buf_free(&one);
    }
    trial_free(trial);
    return no;
}

static void do_exec(struct request *q)
{
    struct model_client *c = &q->m->client[q->client];
    bool watched = c->n_watched > 0;

    c->multi = false;
    if (watch_lost(q->m, c)) {
        say(q->r, "nil-array");
    } else if (!watched || !refused(q->m, q->client, q->r)) {
        c->multi = true; /* nothing waits in here */
        say(q->r, "[");
        for (unsigned i = 0; i < c->n_queued; i++) {
            struct buf one = {0};

            run_line(q->m, q->client, c->queued[i], &one);
            say(q->r, "%.*s", (int)one.n, one.p);
            buf_free(&one);
        }
        say(q->r, "]");
        c->multi = false;
    }
    c->n_queued = c->n_watched = 0;
}

static const struct {
    const char *name;
    void (*run)(struct request *q);
} requests[] = {
    {"XADD", do_xadd},         {"QADD", do_qadd},
    {"QCANCEL", do_qcancel},   {"XREADGROUP", do_xreadgroup},
    {"XACK", do_xack},         {"QACK", do_qack},
    {"QNACK", do_qnack},       {"QEXTEND", do_qextend},
    {"XCLAIM", do_xclaim},     {"XAUTOCLAIM", do_xautoclaim},
    {"XNACK", do_xnack},       {"XDEL", do_xdel},
    {"XTRIM", do_xtrim},       {"XGROUP", do_xgroup},
    {"DEL", do_del},           {"SET", do_set},
    {"RENAME", do_rename},     {"QPOLICY", do_qpolicy},
    {"QPURGE", do_qpurge},     {"QREDRIVE", do_qredrive},
    {"XRANGE", do_xrange},     {"XLEN", do_xlen},
    {"XPENDING", do_xpending}, {"XINFO", do_xinfo},
    {"QSTAT", do_qstat},       {"QPEEK", do_qpeek},
    {"QWATCH", do_qwatch},     {"EXEC", do_exec},
};

/* Where the name of a stream is; 0: nowhere, or it does not matter what is there. */
static unsigned stream_word(const struct request *q)
{
    static const char *const other[] = {"DEL", "SET", "RENAME", "QPOLICY", "XREADGROUP", "EXEC"};

    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (is(q->word[0], other[i]))
            return 0;
    return is(q->word[0], "XGROUP") || is(q->word[0], "XINFO") ? 2 : 1;
}

static void run(struct request *q)
{
    const struct model_key *k = find_key(q->m, word_at(q, stream_word(q)));

    if (k && k->other_type && stream_word(q)) {
        say(q->r, "-WRONGTYPE");
        return;
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (is(q->word[0], requests[i].name)) {
            requests[i].run(q);
            return;
        }
    must(false);
}

/* --- from outside --- */

struct model *model_new(struct now now)
{
    struct model *m = mem_zalloc(sizeof *m);

    m->now = now;
    return m;
}

void model_free(struct model *m)
{
    for (int i = 0; i < MODEL_CLIENTS; i++)
        buf_free(&m->client[i].heard);
    mem_free(m);
}

/* All that is due at a turn's instant happens before its requests; then who waits is served. */
static void follow(struct model *m)
{
    do {
        settle(m);
        while (run_due(m))
            settle(m);
        settle(m);
    } while (serve_waiters(m));
}

void model_time(struct model *m, struct now now)
{
    m->now = now;
    follow(m);
}

void model_run(struct model *m, unsigned client, const char *line)
{
    struct model_client *c = &m->client[client];

    must(!*c->waiting);
    if (is(line, "MULTI")) {
        c->multi = true;
        say(&c->heard, "+OK");
    } else if (c->multi && !is(line, "EXEC")) {
        must(c->n_queued < MODEL_QUEUED && strlen(line) < MODEL_LINE);
        strcpy(c->queued[c->n_queued++], line);
        say(&c->heard, "+QUEUED");
    } else {
        run_line(m, client, line, &c->heard);
        settle(m);
        serve_waiters(m);
        follow(m);
    }
}

static bool reads_elsewhere(const struct model *m, unsigned client, const struct model_reader *as)
{
    for (unsigned i = 0; i < MODEL_CLIENTS; i++)
        for (unsigned j = 0; i != client && j < m->client[i].n_read; j++) {
            const struct model_reader *other = &m->client[i].read[j];

            if (same(other->key, as->key) && same(other->group, as->group) &&
                same(other->consumer, as->consumer))
                return true;
        }
    return false;
}

static void forget_client(struct model *m, unsigned client)
{
    buf_free(&m->client[client].heard);
    m->client[client] = (struct model_client){.n_read = 0};
}

void model_disconnect(struct model *m, unsigned client)
{
    struct model_client *c = &m->client[client];

    for (unsigned i = 0; i < c->n_read; i++) {
        struct model_key *k = find_key(m, c->read[i].key);
        struct model_group *g = k && !k->other_type ? find_group(k, c->read[i].group) : NULL;
        struct rules r;

        if (!g || reads_elsewhere(m, client, &c->read[i]))
            continue;
        r = rules_of(m, k);
        if (says(&r, ONDISCONNECT, "requeue") && number(&r, ACKWAIT))
            all_back(m, k, g, c->read[i].consumer);
    }
    forget_client(m, client);
    follow(m);
}

/* Soft state goes: who reads as whom, the buckets of RATE, when a consumer was seen. Reading: it was seen at
 * the start. */
void model_restart(struct model *m)
{
    for (unsigned i = 0; i < MODEL_CLIENTS; i++)
        forget_client(m, i);
    for (struct model_key *k = m->key; k < m->key + MODEL_KEYS; k++)
        for (unsigned i = 0; i < k->n_groups; i++) {
            k->group[i].credit = 0;
            k->group[i].credit_mono = m->now.mono;
            for (unsigned j = 0; j < k->group[i].n_consumers; j++)
                k->group[i].consumer[j].seen = m->now.wall;
        }
    follow(m);
}

const char *model_heard(struct model *m, unsigned client)
{
    static struct buf text;

    text.n = 0;
    buf_add_slice(&text, buf_slice(&m->client[client].heard));
    buf_add_char(&text, '\0');
    m->client[client].heard.n = 0;
    return text.p;
}

bool model_waits(const struct model *m, unsigned client)
{
    return *m->client[client].waiting != '\0';
}

/* What should have happened by now, and has not. */
static const char *overdue(const struct model *m, struct model_key *k, struct model_group *g)
{
    struct rules r = rules_of(m, k);

    for (unsigned i = 0; i < g->n_pending; i++) {
        const struct model_pending *p = &g->pending[i];
        struct model_entry *e = find_entry(k, p->id);

        if ((p->state == LEASED && lease_end(&r, p) <= m->now.wall) ||
            (p->state == WAITING && p->due <= m->now.wall))
            return "leases and waits end";
        if (e && p->state != LEASED && p->state != DEAD && expires(&r, e) <= m->now.wall)
            return "what is past its TTL expires";
        if (p->state == HELD && !is_held_back(k, g, &r, e))
            return "HELD waits for an earlier one";
    }
    for (unsigned i = 0; i < g->n_fresh; i++)
        if (expires(&r, find_entry(k, g->fresh[i])) <= m->now.wall)
            return "what is NEW and past its TTL expires";
    return NULL;
}

static const char *wrong_in_key(const struct model *m, struct model_key *k)
{
    struct rules r = rules_of(m, k);

    for (unsigned i = 1; i < k->n_entries; i++)
        if (compare(k->entry[i - 1].id, k->entry[i].id) >= 0 || k->entry[i - 1].arrival > k->entry[i].arrival)
            return "ids and arrivals rise";
    for (unsigned i = 0; i < k->n_delayed; i++)
        if (k->delayed[i].due <= m->now.wall)
            return "DELAYED arrive when they are due";
    for (unsigned i = 0; k->queue && says(&r, RETENTION, "queue") && i < k->n_entries; i++)
        if (!wanted(k, &k->entry[i]))
            return "what is done is gone";
    return NULL;
}

static const char *wrong_in_group(struct model_key *k, struct model_group *g)
{
    if (g->entered != g->n_fresh + g->n_pending + g->acked + g->expired + g->dead_lettered + g->dropped)
        return "entered = not done + acked + expired + dead-lettered + dropped";
    for (unsigned i = 0; i < g->n_fresh; i++)
        if (!find_entry(k, g->fresh[i]) || find_pending(g, g->fresh[i]))
            return "what is NEW is there and not pending";
    for (unsigned i = 0; i < g->n_pending; i++)
        if (g->pending[i].state != LEASED && (!find_entry(k, g->pending[i].id) || *g->pending[i].owner))
            return "only a lease has an owner, and outlives its entry";
    return NULL;
}

const char *model_wrong(const struct model *m)
{
    for (int i = 0; i < MODEL_KEYS; i++) {
        struct model_key *k = (struct model_key *)&m->key[i]; /* the finders find for those who change, too */

        for (unsigned j = 0; *k->name && k->kept && j < k->n_groups; j++) {
            const char *wrong = wrong_in_group(k, &k->group[j]);

            wrong = wrong ? wrong : overdue(m, k, &k->group[j]);
            if (wrong)
                return wrong;
        }
        if (*k->name && !k->other_type && wrong_in_key(m, k))
            return wrong_in_key(m, k);
    }
    return NULL;
}
