/* server/main.c - leanmqd. */
#include "base/err.h"
#include "base/log.h"
#include "server/server.h"

#include <unistd.h>

static int end_journal(struct journal *j)
{
    int err = j ? journal_close(j) : OK;

    if (err == ERR_NO_SPACE)
        log_warning("ended on a full disk: what could not be written was not answered either");
    else if (err != OK)
        log_warning("journal failed at the end: what was acknowledged after the last sync may be lost");
    return err;
}

/* The order is that of need: connections end sessions, which stand in the broker; the journal's last
 * commit comes when nothing can change any more. Also for a server that got only half way up. */
static int end(struct server *sv, int status)
{
    conns_free(sv->conns);
    listener_free(sv->listener);
    if (end_journal(sv->service.broker.journal) != OK)
        status = EXIT_DISK;
    sv->service.broker.journal = NULL;
    if (sv->syncer)
        sv->syncer->free(sv->syncer);
    if (sv->disk)
        sv->disk->ops->close(sv->disk);
    loop_free(sv->loop);
    service_free(&sv->service);
    return status;
}

int main(int argc, char **argv)
{
    static struct server server; /* large, and lives as long as the process */
    int status;

    if (!server_boot(&server, argc, argv, &status))
        return end(&server, status);
    status = server_run(&server);
    if (*server.service.config.pidfile)
        unlink(server.service.config.pidfile);
    status = end(&server, status);
    log_notice("ended: status=%d", status);
    return status;
}
