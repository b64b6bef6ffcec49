/* work.c - producers and consumers: what they send, and what they make of what comes. */
#include "base/num.h"
#include "load.h"

/* ---- producers ---- */

/* How many messages may leave now. With consumers the loop is closed: as many are on their way as the
 * producers could hold, or latency would measure nothing but how far they ran ahead. */
static uint64_t producers_allowance(const struct load *l)
{
    uint64_t can = l->end - l->next, underway = l->sent - l->failed - l->seen, room, due;

    if (l->kind == E2E) {
        room = l->o->clients * l->o->pipeline;
        room = underway < room ? room - underway : 0;
        can = can < room ? can : room;
    }
    if (l->o->rate) {
        due = (double)l->o->rate * (l->now - l->started) / SEC + 1;
        due = due > l->sent ? due - l->sent : 0;
        can = can < due ? can : due;
    }
    return can;
}

static void producer_add(struct load *l, struct peer *p)
{
    size_t size = l->o->size;
    struct stamp s = {.seq = l->next++, .sent = l->now};
    char *to;

    s.check = stamp_check(&s);
    bytes_room(&p->out, l->add_head.end + size + 2);
    to = p->out.p + p->out.end;
    memcpy(to, l->add_head.p, l->add_head.end);
    to += l->add_head.end;
    memcpy(to, &s, sizeof(s));
    memcpy(to + sizeof(s), l->pattern + s.seq % PATTERN_SHIFTS, size - sizeof(s));
    memcpy(to + size, "\r\n", 2);
    p->out.end += l->add_head.end + size + 2;
}

static bool producer_batch(struct load *l, struct peer *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        producer_add(l, p);
    p->sent = l->now;
    p->inflight = n;
    l->inflight += n;
    l->sent += n;
    return peer_flush(l, p);
}

/* A producer sends when it has all replies: the batches, and so the server's work per read, are the same
 * for every server. They take turns at being first, for the allowance may not reach all. */
bool producers_feed(struct load *l)
{
    uint64_t can = producers_allowance(l);

    l->turn++;
    for (unsigned i = 0; i < l->producers && can > 0; i++) {
        struct peer *p = &l->peer[(l->turn + i) % l->producers];
        uint64_t n = can < l->o->pipeline ? can : l->o->pipeline;

        if (p->inflight > 0)
            continue;
        if (!producer_batch(l, p, n))
            return false;
        can -= n;
    }
    return true;
}

bool producer_reply(struct load *l, struct peer *p, const struct element *e)
{
    p->inflight--;
    l->inflight--;
    if (e->type == '-') {
        error_reply(l, e->text);
        l->failed++;
        return true;
    }
    if (e->type != '$' || e->n <= 0)
        return fail(l, "%s: XADD did not answer with an id", l->at->name);
    l->added++;
    if (l->kind == PRODUCE) {
        hist_add(&l->latency, l->now - p->sent, 1);
        l->last = l->now;
    }
    return true;
}

/* ---- consumers ---- */

uint64_t consume_target(const struct load *l)
{
    return l->o->count - l->failed;
}

static bool seen_mark(struct load *l, uint64_t seq)
{
    uint64_t bit = 1ULL << seq % 64, cap = l->seen_cap ? l->seen_cap : 1 << 16;
    bool first;

    while (cap <= seq)
        cap *= 2;
    if (cap > l->seen_cap) {
        l->seen_bits = resize(l->seen_bits, cap / 8);
        memset((char *)l->seen_bits + l->seen_cap / 8, 0, (cap - l->seen_cap) / 8);
        l->seen_cap = cap;
    }
    first = !(l->seen_bits[seq / 64] & bit);
    l->seen_bits[seq / 64] |= bit;
    return first;
}

/* Is it one of ours, whole, and new? */
static void message_check(struct load *l, struct slice text)
{
    struct stamp s = {0};
    size_t rest = l->o->size - sizeof(s);

    if (text.n == l->o->size)
        memcpy(&s, text.p, sizeof(s));
    if (text.n != l->o->size || s.check != stamp_check(&s) || s.seq >= SEQ_MAX ||
        memcmp(text.p + sizeof(s), l->pattern + s.seq % PATTERN_SHIFTS, rest) != 0) {
        l->res->damaged++;
        return;
    }
    if (!seen_mark(l, s.seq)) {
        l->res->duplicates++;
        return;
    }
    l->seen++;
    if (l->kind == E2E)
        hist_add(&l->latency, l->now - s.sent, 1);
}

/* Checks one message and adds its id to the XACK being built. */
static bool consumer_message(struct load *l, struct peer *p, struct cursor *c)
{
    struct element e, id;

    if (!cursor_take(c, '*', &e) || e.n != 2 || !cursor_take(c, '$', &id) || !cursor_take(c, '*', &e) ||
        e.n < 2)
        return false;
    for (int64_t i = 0, fields = e.n; i < fields; i++) {
        if (!cursor_take(c, '$', &e) || e.n < 0)
            return false;
        if (i == 1)
            message_check(l, e.text);
    }
    bytes_word(&p->out, id.text);
    return true;
}

static void consumer_inflight(struct load *l, struct peer *p)
{
    p->inflight++;
    l->inflight++;
}

/* [[queue, [[id, [field, value]], ...]]], or nil when no message came in time. */
static bool consumer_messages(struct load *l, struct peer *p, struct cursor c)
{
    struct element e;

    if (!cursor_take(&c, '*', &e))
        return false;
    if (e.n < 0)
        return true;
    if (l->kind == CONSUME)
        hist_add(&l->latency, l->now - p->sent, 1);
    if (e.n != 1 || !cursor_take(&c, '*', &e) || e.n != 2 || !cursor_take(&c, '$', &e) ||
        !cursor_take(&c, '*', &e))
        return false;
    bytes_header(&p->out, '*', e.n + 3);
    bytes_word(&p->out, SLICE("XACK"));
    bytes_word(&p->out, slice_of(l->o->queue));
    bytes_word(&p->out, slice_of(l->o->group));
    for (int64_t i = 0, n = e.n; i < n; i++)
        if (!consumer_message(l, p, &c))
            return false;
    p->acking = true;
    l->acks_out++;
    consumer_inflight(l, p);
    return true;
}

bool consumer_read(struct load *l, struct peer *p)
{
    if (l->seen < consume_target(l)) {
        bytes_put(&p->out, p->read_cmd.p, p->read_cmd.end);
        consumer_inflight(l, p);
        p->sent = l->now;
    }
    return peer_flush(l, p);
}

static bool consumer_acked(struct load *l, struct peer *p, const struct element *e)
{
    p->acking = false;
    l->acks_out--;
    l->last = l->now;
    if (e->type == '-')
        error_reply(l, e->text);
    else if (e->type == ':')
        l->acked += e->n;
    else
        return fail(l, "%s: XACK did not answer with a number", l->at->name);
    return true;
}

bool consumer_reply(struct load *l, struct peer *p, const struct element *e)
{
    struct cursor c = {p->in.p + p->in.start, p->in.p + p->in.start + p->scanned};

    p->inflight--;
    l->inflight--;
    if (p->acking)
        return consumer_acked(l, p, e);
    if (e->type == '-') /* it would be the same the next time: no sense in asking on */
        return refused(l, "XREADGROUP", e);
    if (!consumer_messages(l, p, c))
        return fail(l, "%s: XREADGROUP answered what is not a list of messages", l->at->name);
    return consumer_read(l, p);
}
