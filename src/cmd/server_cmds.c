/* cmd/server_cmds.c - commands about the server: all of its data, its end. */
#include "base/err.h"
#include "base/mem.h"
#include "broker/change.h"
#include "broker/grave.h"
#include "handlers.h"

/* --- data as a whole --- */

int cmd_dbsize(struct call *c)
{
    reply_int(c->reply, (int64_t)dict_count(&c->broker->db[c->db].keys));
    return OK;
}

/* Without SYNC the memory comes back in the turns that follow; what is seen is the same. */
static int flush(struct call *c, int db)
{
    bool sync = c->n == 2 && slice_is(c->arg[1], "SYNC");

    if (c->n > 2 || (c->n == 2 && !sync && !slice_is(c->arg[1], "ASYNC")))
        return ERR_SYNTAX;
    change_flush(c->broker, db);
    if (sync)
        graves_dig(c->broker, SIZE_MAX);
    reply_ok(c->reply);
    return OK;
}

int cmd_flushdb(struct call *c)
{
    return flush(c, c->db);
}

int cmd_flushall(struct call *c)
{
    return flush(c, -1);
}

/* --- the end, the rewrite, the time --- */

enum { SHUT_NOSAVE = 1, SHUT_SAVE = 2, SHUT_NOW = 4, SHUT_FORCE = 8, SHUT_ABORT = 16 };

static int parse_shutdown(const struct call *c, unsigned *flags)
{
    static const char *const word[] = {"NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"};

    *flags = 0;
    for (size_t i = 1; i < c->n; i++) {
        size_t w = 0;

        while (w < 5 && !slice_is(c->arg[i], word[w]))
            w++;
        if (w == 5)
            return ERR_SYNTAX;
        *flags |= 1u << w;
    }
    if ((*flags & SHUT_ABORT && *flags != SHUT_ABORT) || (*flags & SHUT_NOSAVE && *flags & SHUT_SAVE))
        return ERR_SYNTAX;
    return OK;
}

/* There is no answer: the connection ends with the server. An order is obeyed in the same turn, so there
 * is never one to be taken back. */
int cmd_shutdown(struct call *c)
{
    unsigned flags;

    if (parse_shutdown(c, &flags) != OK)
        return ERR_SYNTAX;
    if (flags & SHUT_ABORT)
        return call_fail(c, "ERR No shutdown in progress.");
    if (c->service->scripts.busy && !(flags & SHUT_NOSAVE))
        return call_fail(c, "%s", scripts_busy_text(c->service));
    c->broker->orders.shutdown = flags & SHUT_NOSAVE ? SHUTDOWN_NOSAVE : SHUTDOWN_CLEAN;
    c->session->close_after_reply = true; /* nothing behind it runs */
    return OK;
}

int cmd_bgrewriteaof(struct call *c)
{
    if (!c->broker->journal)
        return call_fail(c, "ERR appendonly is off: there is nothing to rewrite");
    if (c->service->server.rewriting || c->broker->orders.rewrite)
        return call_fail(c, "ERR Background append only file rewriting already in progress");
    c->broker->orders.rewrite = true;
    reply_status(c->reply, "Background append only file rewriting started");
    return OK;
}

/* To a script time stands still. */
static int64_t wall_usec(const struct call *c)
{
    int64_t now = clock_wall_usec();

    if (!scripts_called(c))
        return now;
    if (!c->service->scripts.running->time)
        c->service->scripts.running->time = now;
    return c->service->scripts.running->time;
}

/* Asks the clock itself: the time of the turn has no microseconds, and clients make ids of them. */
int cmd_time(struct call *c)
{
    uint64_t now = (uint64_t)wall_usec(c);

    reply_array(c->reply, 2);
    reply_bulk_u64(c->reply, now / 1000000);
    reply_bulk_u64(c->reply, now % 1000000);
    return OK;
}
