/* cmd/absent_cmds.c - what there is none of: modules. To list nothing can be done; and LOLWUT, which has nothing
 * to show but the version. */
#include "base/err.h"
#include "base/num.h"
#include "handlers.h"

int cmd_module_list(struct call *c)
{
    reply_array(c->reply, 0);
    return OK;
}

int cmd_module_help(struct call *c)
{
    static const char *const line[] = {"LIST", "    The modules: there are none.", NULL};

    return reply_help(c, line);
}

int cmd_lolwut(struct call *c)
{
    static const char text[] = "leanmqd ver. " LEANMQD_VERSION ", as Redis ver. " REDIS_VERSION "\n";
    int64_t version;

    if (c->n >= 3 && slice_is(c->arg[1], "VERSION") && !num_i64(c->arg[2], &version))
        return ERR_INT;
    reply_verbatim(c->reply, "txt", slice_of(text));
    return OK;
}
