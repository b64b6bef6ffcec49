/* cmd/secret.c - which arguments are passwords. See secret.h. */
#include "secret.h"
#include "handlers.h"

/* HELLO version AUTH user password SETNAME name: the two words behind AUTH, were it nothing else that is
 * wrong with the request. */
static bool in_hello(const struct call *c, size_t i)
{
    for (size_t at = 2; at < i; at += slice_is(c->arg[at], "AUTH") ? 3 : 2)
        if (slice_is(c->arg[at], "AUTH") && i <= at + 2)
            return true;
    return false;
}

static bool in_config_set(const struct call *c, size_t i)
{
    const struct setting *row;

    if (i < 3 || i % 2 == 0)
        return false;
    row = settings_find(&c->service->settings, c->arg[i - 1]);
    return row && row->flags & SETTING_SECRET;
}

bool secret_argument(const struct call *c, size_t i)
{
    if (c->cmd->run == cmd_auth)
        return true;
    if (c->cmd->run == cmd_hello)
        return in_hello(c, i);
    return c->cmd->run == cmd_config_set && in_config_set(c, i);
}
