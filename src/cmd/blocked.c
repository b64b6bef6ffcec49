/* cmd/blocked.c - commands that wait: kept, served, ended. See cmd/call.h. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/call.h"
#include "cmd/service.h"
#include "cmd/session.h"

int call_timeout_ms(struct call *c, struct slice text, msec *ms)
{
    if (!num_i64(text, ms))
        return ERR_TIMEOUT;
    if (*ms < 0)
        return ERR_TIMEOUT_NEG;
    if (*ms > INT64_MAX - c->now.wall)
        return call_fail(c, "ERR timeout is out of range");
    return OK;
}

size_t call_bytes(const struct call *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += c->arg[i].n;
    return n;
}

void call_wait(struct call *c, const struct pending_call *p, const struct slice *key, size_t n,
               enum wait_kind kind, struct slice group, usec until)
{
    struct session *s = c->session;

    s->waiting = mem_alloc(sizeof *s->waiting);
    *s->waiting = *p;
    s->waiting->muted = s->out.muted & OUTBOX_MUTED;
    s->waiting->bytes = call_bytes(c);
    wait_start(c->broker, &s->waiter, s, p->db, key, n, kind, group, until);
}

void call_wait_end(struct session *s)
{
    struct pending_call *p = s->waiting;

    if (!p)
        return;
    wait_stop(&s->service->broker, &s->waiter);
    p->free(p->parsed);
    mem_free(p);
    s->waiting = NULL;
    if (!list_linked(&s->resumed))
        list_push(&s->service->resumed, &s->resumed);
}

static struct call waiting_call(struct session *s, struct now now)
{
    outbox_mute(&s->out, s->waiting->muted);
    return (struct call){.service = s->service,
                         .broker = &s->service->broker,
                         .session = s,
                         .cmd = s->waiting->cmd,
                         .reply = &s->reply,
                         .now = now,
                         .db = s->waiting->db};
}

static void answered(struct session *s, uint64_t from)
{
    struct broker *b = &s->service->broker;

    outbox_mute(&s->out, false);
    s->offset = broker_offset(b);
    outbox_mark(&s->out, from, s->offset);
    session_take_messages(s);
    broker_touch(b, &s->out);
    call_wait_end(s);
}

/* False: there is nothing for it, it goes on waiting. */
static bool serve(struct session *s, struct now now)
{
    struct call c = waiting_call(s, now);
    uint64_t from = outbox_pos(&s->out);
    const struct reply *runs = c.broker->answering;
    int err;

    c.broker->answering = c.reply;
    err = s->waiting->serve(&c, s->waiting->parsed);
    c.broker->answering = runs;
    outbox_mute(&s->out, false);
    if (err == ERR_BLOCK || (err == ERR_TYPE && s->waiting->wrong_type_waits)) {
        session_take_messages(s); /* a key was past its time */
        return false;
    }
    if (err != OK) /* counted as called when it began to wait */
        s->service->stats[command_index(c.cmd)].failed++;
    call_error(&c, err);
    answered(s, from);
    return true;
}

/* The only one of its line, which goes with him. */
static bool is_alone(const struct wait_line *line)
{
    return line->waiters.next == line->waiters.prev;
}

/* Those who take things away are served until one finds nothing: the others of the line would not
 * either, unless it was one that wants more than they do. Those who get a copy are all asked. False: the
 * line is gone. */
static bool serve_in_turn(struct wait_line *line, struct now now)
{
    struct list *head = &line->waiters, *next;

    for (struct list *it = head->next; it != head; it = next) {
        struct session *s = list_entry(it, struct wait_link, node)->waiter->owner;
        bool last = it->next == head, alone = is_alone(line), served;

        next = it->next;
        served = serve(s, now);
        if ((served && last) || (!served && line->kind != WAIT_COPY && !s->waiting->choosy))
            return !(served && alone);
    }
    return true;
}

/* What is there for those who claim may be there for one who asks for less idle time than the one who waits
 * longest: whoever asks for least is asked first, and when he finds nothing the others would not. False: the
 * line is gone. */
static bool serve_claimers(struct wait_line *line, struct now now)
{
    while (!list_empty(&line->claimers)) {
        struct wait_link *first = list_entry(line->claimers.next, struct wait_link, claim);
        bool alone = is_alone(line);

        if (!serve(first->waiter->owner, now))
            return true;
        if (alone)
            return false;
    }
    return true;
}

/* A pause holds back those who take something away: when it is over, all are looked at again. */
static void serve_line(struct broker *b, struct wait_line *line, struct now now)
{
    if (b->frozen && line->kind != WAIT_COPY)
        return;
    if (!serve_in_turn(line, now) || list_empty(&line->claimers))
        return;
    if (serve_claimers(line, now))
        wait_arm(b, line);
}

static void serve_key(struct broker *b, struct wait_key *k, struct now now)
{
    list_for_each_safe (it, tmp, &k->lines)
        serve_line(b, list_entry(it, struct wait_line, node), now);
    wait_release(b, k);
}

void call_wait_timeout(struct session *s, struct now now)
{
    struct call c = waiting_call(s, now);
    uint64_t from = outbox_pos(&s->out);

    s->waiting->timeout(&c, s->waiting->parsed);
    answered(s, from);
}

void call_wait_fail(struct session *s, struct now now, const char *text)
{
    struct call c = waiting_call(s, now);
    uint64_t from = outbox_pos(&s->out);

    call_fail(&c, "%s", text);
    answered(s, from);
}

void blocked_run(struct service *s, struct now now)
{
    struct broker *b = &s->broker;
    struct wait_key *k;

    if (s->scripts.running) /* its effects are one unit: nobody is served with a part of them */
        return;
    call_batch_end(s, now.wall); /* what follows is not the time of the commands that were run */
    while ((k = wait_next_ready(b)))
        serve_key(b, k, now);
    while (!list_empty(&b->timed_out)) {
        struct waiter *w = list_entry(b->timed_out.next, struct waiter, timed_out);

        call_wait_timeout(w->owner, now);
    }
}
