/* cmd/help.c - the answer to HELP of a command with sub-commands. */
#include "handlers.h"

static void reply_header(struct call *c)
{
    const char *bar = strchr(c->cmd->name, '|');
    size_t n = bar ? (size_t)(bar - c->cmd->name) : strlen(c->cmd->name);
    struct buf text = {0};

    buf_addf(&text, "%.*s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", (int)n, c->cmd->name);
    buf_add_char(&text, '\0');
    reply_status(c->reply, text.p);
    buf_free(&text);
}

int reply_help(struct call *c, const char *const *line)
{
    size_t n = 0;

    while (line[n])
        n++;
    reply_array(c->reply, n + 3);
    reply_header(c);
    for (size_t i = 0; i < n; i++)
        reply_status(c->reply, line[i]);
    reply_status(c->reply, "HELP");
    reply_status(c->reply, "    Print this help.");
    return OK;
}
