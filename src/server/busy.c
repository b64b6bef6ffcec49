/* server/busy.c - what is looked at while a script runs that does not end. It is in the middle of a turn, and
 * of a unit of the journal: nothing is committed, so nothing is told but what needs no journal, which is
 * BUSY. */
#include "cmd/scripts.h"
#include "server/server.h"

#include <stdnoreturn.h>
#include <unistd.h>

/* What the script has done so far is a part of a unit: it must not reach the journal, so this is not the way
 * that SHUTDOWN goes otherwise. */
static noreturn void leave(struct server *sv)
{
    server_say_end(sv);
    rewriter_stop(sv);
    if (*sv->service.config.pidfile)
        unlink(sv->service.config.pidfile);
    _exit(EXIT_CLEAN);
}

void server_poll_while_busy(void *server)
{
    struct server *sv = server;
    struct now now;

    loop_wait(sv->loop, 0);
    now = clock_now();
    conns_run(sv->conns, now);
    server_close_killed(sv);
    conns_flush(sv->conns, &sv->service.broker.touched, server_safe_offset(sv));
    server_watchdog(sv, now);
    if (sv->service.broker.orders.shutdown == SHUTDOWN_NOSAVE)
        leave(sv);
    if (sv->terminate)
        scripts_stop(&sv->service);
}
