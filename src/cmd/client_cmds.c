/* cmd/client_cmds.c - CLIENT: what else is done to a connection. LIST and INFO: client_list.c; KILL:
 * client_kill.c; what a connection says of itself: conn_cmds.c. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"

/* --- switches --- */

static int set_switch(struct call *c, bool *on)
{
    if (!slice_is(c->arg[2], "ON") && !slice_is(c->arg[2], "OFF"))
        return ERR_SYNTAX;
    *on = slice_is(c->arg[2], "ON");
    reply_ok(c->reply);
    return OK;
}

/* No client is ever evicted for memory. */
int cmd_client_no_evict(struct call *c)
{
    return set_switch(c, &c->session->no_evict);
}

int cmd_client_no_touch(struct call *c)
{
    return set_switch(c, &c->session->no_touch);
}

/* --- tracking: there is none, and nobody is told otherwise --- */

int cmd_client_tracking(struct call *c)
{
    return call_fail(c, "ERR client-side caching is not supported: nobody is told when a key changes");
}

int cmd_client_getredir(struct call *c)
{
    reply_int(c->reply, -1);
    return OK;
}

int cmd_client_trackinginfo(struct call *c)
{
    reply_map(c->reply, 3);
    reply_bulk_str(c->reply, "flags");
    reply_set(c->reply, 1);
    reply_bulk_str(c->reply, "off");
    reply_bulk_str(c->reply, "redirect");
    reply_int(c->reply, -1);
    reply_bulk_str(c->reply, "prefixes");
    reply_array(c->reply, 0);
    return OK;
}

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
    if (!s || s->killed || !s->waiting) { /* a pause does not end for one */
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
        "GETREDIR",
        "    -1: there is no tracking.",
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
        "NO-EVICT (ON|OFF)",
        "    A flag in LIST: no client is ever evicted.",
        "NO-TOUCH (ON|OFF)",
        "    Whether commands of this connection leave the idle time of keys alone.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Commands (WRITE: those that change something) wait for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether this connection gets replies.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Which library this client uses.",
        "SETNAME <name>",
        "    Names this connection.",
        "TRACKINGINFO",
        "    That tracking is off.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Ends the wait of a blocked client, as if its time were over or with an error.",
        "UNPAUSE",
        "    Ends PAUSE.",
        NULL,
    };

    return reply_help(c, line);
}
