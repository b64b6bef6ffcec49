/* store/backlog.c - see store/backlog.h. */
#include "base/mem.h"
#include "store/backlog_edit.h"
#include "store/lanes_edit.h"
#include "store/pel_edit.h"
#include "store/totals.h"

static const char *const death_names[DEATHS] = {
    [DEATH_NONE] = "",           [DEATH_MAXDELIVER] = "maxdeliver", [DEATH_REJECTED] = "rejected",
    [DEATH_EXPIRED] = "expired", [DEATH_OVERFLOW] = "overflow",
};

static const char *const end_names[ENDS] = {
    [END_ACKED] = "acked",
    [END_EXPIRED] = "expired",
    [END_DEAD] = "dead",
    [END_DROPPED] = "dropped",
};

const char *death_name(enum death why)
{
    return death_names[why];
}

const char *end_name(enum end end)
{
    return end_names[end];
}

static int index_of(struct slice name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (slice_is(name, names[i]))
            return i;
    return -1;
}

bool death_parse(struct slice name, enum death *why)
{
    int i = index_of(name, death_names, DEATHS);

    *why = i < 0 ? DEATH_NONE : (enum death)i;
    return i >= 0;
}

bool end_parse(struct slice name, enum end *end)
{
    int i = index_of(name, end_names, ENDS);

    *end = i < 0 ? END_ACKED : (enum end)i;
    return i >= 0;
}

static struct slice note_key(const void *note)
{
    const struct note *n = note;

    return (struct slice){(const char *)&n->id, sizeof n->id};
}

static const struct dict_type note_type = {.key = note_key, .free = mem_free};

static size_t note_bytes(const struct note *n)
{
    return sizeof *n + n->consumer_len + n->error_len;
}

static struct note *find(const struct backlog *b, struct stream_id id)
{
    return dict_find(&b->notes, (struct slice){(const char *)&id, sizeof id});
}

const struct note *backlog_note(const struct backlog *b, struct stream_id id)
{
    return find(b, id);
}

const struct note *backlog_first(const struct list *line)
{
    return list_empty(line) ? NULL : list_entry(line->next, struct note, line);
}

const struct note *backlog_first_ready(const struct backlog *b)
{
    const struct note *first = NULL;

    for (int i = 0; b->count[PENDING_READY] && i < LEVELS_MAX; i++) {
        const struct note *n = backlog_first(&b->ready[i]);

        if (n && (!first || n->turn < first->turn))
            first = n;
    }
    return first;
}

const struct note *backlog_next_due(const struct backlog *b)
{
    const struct heap_node *n = heap_first(&b->due);

    return n ? list_entry(n, struct note, due) : NULL;
}

bool backlog_passed(const struct backlog *b, struct stream_id id)
{
    struct pending p;

    return pel_count(&b->passed) && pel_find(&b->passed, id, &p);
}

/* --- the whole --- */

/* What is due at the same instant is so in the order of ids. */
static bool due_before(const struct heap_node *a, const struct heap_node *b)
{
    return stream_id_cmp(list_entry(a, struct note, due)->id, list_entry(b, struct note, due)->id) < 0;
}

struct backlog *backlog_new(const struct hash_seed *seed)
{
    struct backlog *b = mem_zalloc(sizeof *b);

    dict_init(&b->notes, &note_type, seed);
    b->due.before = due_before;
    for (int i = 0; i < LEVELS_MAX; i++)
        list_init(&b->ready[i]);
    list_init(&b->extended);
    list_init(&b->dead);
    pel_init(&b->passed);
    return b;
}

static void uncount(struct backlog *b)
{
    for (int i = 0; i < PENDING_QUEUED; i++)
        store_totals.state[i] -= b->count[i];
    memset(b->count, 0, sizeof b->count);
}

void backlog_free(struct backlog *b)
{
    if (!b)
        return;
    uncount(b);
    heap_drop(&b->due);
    dict_clear(&b->notes);
    pel_free(&b->passed);
    mem_free(b->looked);
    lanes_free(b->lanes);
    mem_free(b);
}

static void note_drained(void *note, void *arg)
{
    (void)arg;
    mem_free(note);
}

bool backlog_free_some(struct backlog *b, size_t notes)
{
    uncount(b);
    heap_drop(&b->due);
    return dict_drain(&b->notes, notes, note_drained, NULL) && pel_free_some(&b->passed, notes) &&
           (!b->lanes || lanes_free_some(b->lanes, notes));
}

/* --- notes --- */

/* Where it is put while in that state; NULL: into no line. */
static struct list *line_of(struct backlog *b, uint8_t state, uint8_t level)
{
    switch (state) {
    case PENDING_READY:
        return &b->ready[level % LEVELS_MAX];
    case PENDING_EXTENDED:
        return &b->extended;
    case PENDING_DEAD:
        return &b->dead;
    default:
        return NULL;
    }
}

static bool is_timed(uint8_t state)
{
    return state == PENDING_WAITING || state == PENDING_EXTENDED;
}

static void place(struct backlog *b, struct note *n, uint8_t state, msec at)
{
    struct list *line = line_of(b, state, n->level);

    n->due.at = at;
    if (is_timed(state))
        heap_put(&b->due, &n->due, at);
    if (line)
        list_push(line, &n->line);
    b->count[state]++;
    store_totals.state[state]++;
}

static void displace(struct backlog *b, struct note *n, uint8_t state)
{
    heap_remove(&b->due, &n->due);
    list_remove(&n->line);
    b->count[state]--;
    store_totals.state[state]--;
}

static void drop(struct backlog *b, struct note *n)
{
    dict_remove(&b->notes, note_key(n));
    b->notes_bytes -= note_bytes(n);
    mem_free(n);
}

static struct note *note_new(struct stream_id id, struct slice consumer, struct slice error)
{
    struct note *n = mem_alloc(sizeof *n + consumer.n + error.n);

    *n = (struct note){
        .id = id, .due.pos = HEAP_OUT, .consumer_len = (uint32_t)consumer.n, .error_len = (uint32_t)error.n};
    if (consumer.n)
        memcpy(n->text, consumer.p, consumer.n);
    if (error.n)
        memcpy(n->text + consumer.n, error.p, error.n);
    return n;
}

/* The note of a message with these words, of which those without bytes are left as they were. */
static struct note *note_with(struct backlog *b, const struct parking *p)
{
    struct note *old = find(b, p->id), *n;
    struct slice none = {NULL, 0}, consumer, error;

    if (old && !p->consumer.n && !p->error.n)
        return old;
    consumer = p->consumer.n ? p->consumer : old ? note_consumer(old) : none;
    error = p->error.n ? p->error : old ? note_error(old) : none;
    n = note_new(p->id, consumer, error);
    if (old)
        drop(b, old);
    dict_add(&b->notes, n);
    b->notes_bytes += note_bytes(n);
    return n;
}

void backlog_park(struct backlog *b, const struct parking *p)
{
    struct note *n = note_with(b, p);

    n->level = p->level % LEVELS_MAX;
    n->death = p->state == PENDING_DEAD ? p->death : DEATH_NONE;
    if (p->state == PENDING_READY)
        n->turn = ++b->turn;
    place(b, n, p->state, p->at);
}

void backlog_leave(struct backlog *b, struct stream_id id, uint8_t state)
{
    displace(b, find(b, id), state);
}

void backlog_lease(struct backlog *b, struct stream_id id)
{
    struct note *n = dict_count(&b->notes) ? find(b, id) : NULL;

    if (n && n->error_len == 0)
        drop(b, n);
}

void backlog_forget(struct backlog *b, struct stream_id id)
{
    struct note *n = dict_count(&b->notes) ? find(b, id) : NULL;

    if (n)
        drop(b, n);
}

/* In a copy, every line keeps its order. */
static void copy_line(struct backlog *to, const struct list *line, uint8_t state)
{
    list_for_each (it, line) {
        const struct note *n = list_entry(it, struct note, line);
        struct note *twin = find(to, n->id);

        list_push(line_of(to, state, n->level), &twin->line);
    }
}

static void copy_notes(struct backlog *to, const struct backlog *b)
{
    struct dict_iter it;
    const struct note *n;

    dict_iter_begin(&it, (struct dict *)(uintptr_t)&b->notes);
    while ((n = dict_iter_next(&it))) {
        struct note *twin = note_new(n->id, note_consumer(n), note_error(n));

        twin->level = n->level;
        twin->death = n->death;
        twin->turn = n->turn;
        twin->due.at = n->due.at;
        dict_add(&to->notes, twin);
        if (n->due.pos != HEAP_OUT)
            heap_put(&to->due, &twin->due, n->due.at);
    }
    dict_iter_end(&it);
}

struct backlog *backlog_copy(const struct backlog *b, const struct hash_seed *seed)
{
    struct backlog *to = backlog_new(seed);
    struct pel_pos pos;
    struct pending p;

    copy_notes(to, b);
    for (uint8_t i = 0; i < LEVELS_MAX; i++)
        copy_line(to, &b->ready[i], PENDING_READY);
    copy_line(to, &b->extended, PENDING_EXTENDED);
    copy_line(to, &b->dead, PENDING_DEAD);
    pel_start(&b->passed, STREAM_ID_MIN, &pos);
    while (pel_next(&pos, &p))
        pel_put(&to->passed, &p, NULL);
    memcpy(to->count, b->count, sizeof b->count);
    for (int i = 0; i < PENDING_QUEUED; i++)
        store_totals.state[i] += to->count[i];
    memcpy(to->ended, b->ended, sizeof b->ended);
    to->fresh = b->fresh;
    to->turn = b->turn;
    to->notes_bytes = b->notes_bytes;
    return to;
}

/* --- passed --- */

void backlog_pass(struct backlog *b, struct stream_id id)
{
    pel_put(&b->passed, &(struct pending){.id = id}, NULL);
}

bool backlog_unpass(struct backlog *b, struct stream_id id)
{
    return pel_count(&b->passed) && pel_remove(&b->passed, id, NULL);
}

void backlog_pass_to(struct backlog *b, struct stream_id position)
{
    struct pending p;

    while (pel_first(&b->passed, &p) && stream_id_cmp(p.id, position) <= 0)
        pel_remove(&b->passed, p.id, NULL);
}

/* --- sizes and checks --- */

size_t backlog_memory(const struct backlog *b)
{
    return sizeof *b + dict_memory(&b->notes) + b->notes_bytes + b->due.cap * sizeof *b->due.v +
           pel_memory(&b->passed) + (b->looked ? LEVELS_MAX * sizeof *b->looked : 0) +
           (b->lanes ? lanes_memory(b->lanes) : 0);
}

static size_t check_line(const struct backlog *b, const struct list *line, int level)
{
    uint64_t turn = 0;
    size_t n = 0;

    list_for_each (it, line) {
        const struct note *note = list_entry(it, struct note, line);

        must(find(b, note->id) == note);
        must(level < 0 || (note->level == level && note->turn > turn && note->turn <= b->turn));
        turn = note->turn;
        n++;
    }
    return n;
}

void backlog_check(const struct backlog *b)
{
    size_t ready = 0;

    dict_check(&b->notes);
    heap_check(&b->due);
    pel_check(&b->passed);
    for (int i = 0; i < LEVELS_MAX; i++)
        ready += check_line(b, &b->ready[i], i);
    must(ready == b->count[PENDING_READY]);
    must(check_line(b, &b->extended, -1) == b->count[PENDING_EXTENDED]);
    must(check_line(b, &b->dead, -1) == b->count[PENDING_DEAD]);
    must(b->due.n == b->count[PENDING_WAITING] + b->count[PENDING_EXTENDED]);
}
