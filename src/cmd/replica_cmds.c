/* cmd/replica_cmds.c - replication and the cluster, of which there is none: what is true of one server alone
 * is answered, the rest refused. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"

int cmd_role(struct call *c)
{
    reply_array(c->reply, 3);
    reply_bulk_str(c->reply, "master");
    reply_int(c->reply, (int64_t)broker_offset(c->broker));
    reply_array(c->reply, 0);
    return OK;
}

int cmd_replicaof(struct call *c)
{
    int64_t port;

    if (slice_is(c->arg[1], "NO") && slice_is(c->arg[2], "ONE")) {
        reply_ok(c->reply); /* which it is already */
        return OK;
    }
    if (!num_i64(c->arg[2], &port) || port < 0 || port > 65535)
        return call_fail(c, "ERR Invalid master port");
    return cmd_no_replication(c);
}

int cmd_no_replication(struct call *c)
{
    return call_fail(c, "ERR replication is not supported");
}

int cmd_failover(struct call *c)
{
    if (c->n == 2 && slice_is(c->arg[1], "ABORT"))
        return call_fail(c, "ERR No failover in progress.");
    return c->n > 1 ? ERR_SYNTAX : call_fail(c, "ERR FAILOVER requires connected replicas.");
}

int cmd_no_cluster(struct call *c)
{
    return call_fail(c, "ERR This instance has cluster support disabled");
}
