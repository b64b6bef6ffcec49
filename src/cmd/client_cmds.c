/* cmd/client_cmds.c - CLIENT: what else is done to a connection. LIST and INFO: client_list.c; KILL:
 * client_kill.c; what a connection says of itself: conn_cmds.c. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"

/* --- UNBLOCK --- */

int cmd_client_unblock(struct call *c)
{
    bool error = c->n == 4 && slice_is(c->arg[3], "ERROR");
    struct session *s;
    int64_t id;

    if (c->n > 4)
        return call_bad_subcommand(c);
    if (c->n == 4 && !error && !slice_is(c->arg[3], "TIMEOUT"))
        return call_fail(c, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    if (!num_i64(c->arg[2], &id))
        return ERR_INT;
    s = session_by_id(c->service, (uint64_t)id);
    if (!s || s->killed || !session_waits(s)) {
        reply_int(c->reply, 0);
        return OK;
    }
    if (error)
        call_wait_fail(s, c->now, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        call_wait_timeout(s, c->now);
    reply_int(c->reply, 1);
    return OK;
}

int cmd_client_help(struct call *c)
{
    static const char *const line[] = {
        "GETNAME",
        "    The name of this connection.",
        "ID",
        "    The number of this connection.",
        "INFO",
        "    What LIST says of this connection.",
        "KILL <ip:port>",
        "    Closes the connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Closes the connections to which all options apply:",
        "    * ADDR <ip:port>, LADDR <ip:port>",
        "      Made from, or to, this address (of a unix socket: its path and :0).",
        "    * ID <client-id>, USER <username>",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "    * MAXAGE <seconds>",
        "      Open for at least so long.",
        "    * SKIPME (YES|NO)",
        "      Whether this connection is left out (default: yes).",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> [<client-id> ...]]",
        "    The connections, a line each.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether this connection gets replies.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Which library this client uses.",
        "SETNAME <name>",
        "    Names this connection.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Ends the wait of a blocked client, as if its time were over or with an error.",
        NULL,
    };

    return reply_help(c, line);
}
