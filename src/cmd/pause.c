/* cmd/pause.c - CLIENT PAUSE: commands are put off, their clients wait with them. What has not run stays
 * where it arrived, in the connection's buffer, and is parsed anew when the pause is over. */
#include "pause.h"
#include "base/err.h"
#include "handlers.h"

bool pause_on(const struct service *s, struct now now)
{
    return s->pause.what != PAUSE_NOTHING && now.mono < s->pause.until;
}

static bool writes(const struct command *cmd)
{
    return cmd->flags & (CMD_WRITE | CMD_MAY_REPLICATE);
}

static bool transaction_writes(const struct session *s)
{
    for (size_t i = 0; i < s->queued; i++)
        if (writes(s->queue[i].cmd))
            return true;
    return false;
}

bool pause_holds(const struct call *c)
{
    const struct service *s = c->service;

    if (!pause_on(s, c->now) || c->cmd->run == cmd_shutdown)
        return false;
    return s->pause.what == PAUSE_ALL || writes(c->cmd) ||
           (c->cmd->run == cmd_exec && transaction_writes(c->session));
}

void pause_postpone(struct session *s)
{
    list_push(&s->service->postponed, &s->postponed);
    s->service->n_postponed++;
}

void pause_forget(struct session *s)
{
    if (!list_linked(&s->postponed))
        return;
    list_remove(&s->postponed);
    s->service->n_postponed--;
}

/* Everybody goes on: first those who waited for keys, for what has come to them meanwhile, then the others in
 * the order in which they came to wait. */
static void end(struct service *s)
{
    if (s->broker.frozen)
        wait_signal_all(&s->broker, -1);
    s->pause.what = PAUSE_NOTHING;
    s->broker.frozen = false;
    while (!list_empty(&s->postponed)) {
        struct session *each = list_entry(s->postponed.next, struct session, postponed);

        pause_forget(each);
        if (!list_linked(&each->resumed))
            list_push(&s->resumed, &each->resumed);
    }
}

void pause_run(struct service *s, struct now now)
{
    if (s->pause.what != PAUSE_NOTHING && !pause_on(s, now))
        end(s);
}

usec pause_due(const struct service *s)
{
    return s->pause.what == PAUSE_NOTHING ? INT64_MAX : s->pause.until;
}

/* Of two pauses the longer holds, and the stricter. */
int cmd_client_pause(struct call *c)
{
    struct service *s = c->service;
    bool writes_only = c->n == 4 && slice_is(c->arg[3], "WRITE");
    msec ms;
    usec until;
    int err;

    if (c->n > 4)
        return call_bad_subcommand(c);
    if (c->n == 4 && !writes_only && !slice_is(c->arg[3], "ALL"))
        return call_fail(c, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    if ((err = call_timeout_ms(c, c->arg[2], &ms)) != OK)
        return err;
    pause_run(s, c->now);
    until = ms < (INT64_MAX - c->now.mono) / 1000 ? c->now.mono + ms * 1000 : INT64_MAX - 1;
    if (ms > 0 || s->pause.what != PAUSE_NOTHING) { /* of no time, it still makes a pause stricter */
        s->pause.until = s->pause.what != PAUSE_NOTHING && s->pause.until > until ? s->pause.until : until;
        s->pause.what = s->pause.what == PAUSE_ALL || !writes_only ? PAUSE_ALL : PAUSE_WRITES;
        s->broker.frozen = true;
    }
    reply_ok(c->reply);
    return OK;
}

int cmd_client_unpause(struct call *c)
{
    end(c->service);
    reply_ok(c->reply);
    return OK;
}
