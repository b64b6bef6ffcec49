/* cmd/docs.c - docs/commands.md, out of the command table. See cmd/docs.h. */
#include "cmd/docs.h"
#include "cmd/service.h"
#include "flags.h"

#include <ctype.h>

static bool listed(const struct command *row)
{
    return row->run && !(row->flags & CMD_RECORD);
}

static const char *title_of(const char *group)
{
    static const struct {
        const char *group, *title;
    } known[] = {{"connection", "Connection"},
                 {"server", "Server"},
                 {"generic", "Keys of any type"},
                 {"string", "Strings"},
                 {"bitmap", "Bits of strings"},
                 {"list", "Lists"},
                 {"hash", "Hashes"},
                 {"set", "Sets"},
                 {"sorted-set", "Sorted sets"},
                 {"pubsub", "Publish and subscribe"},
                 {"transactions", "Transactions"},
                 {"stream", "Streams"},
                 {"queue", "Queues"},
                 {"scripting", "Scripts and functions"},
                 {"cluster", "Cluster"}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(group, known[i].group) == 0)
            return known[i].title;
    return group;
}

/* "XGROUP CREATE" for XGROUP|CREATE. */
static void put_name(struct buf *b, const char *name)
{
    for (; *name; name++)
        buf_add_char(b, *name == '|' ? ' ' : *name);
}

static void put_flags(struct buf *b, const struct command *row)
{
    const char *between = " Flags: ";

    for (const struct flag_name *f = flag_names; f->name; f++) {
        if (!(row->flags & f->flag))
            continue;
        buf_addf(b, "%s%s", between, f->name);
        between = ", ";
    }
    if (*between == ',')
        buf_add_char(b, '.');
}

static void put_command(struct buf *b, const struct command *row)
{
    buf_add_str(b, "\n### ");
    put_name(b, row->name);
    buf_add_str(b, "\n\n    ");
    put_name(b, row->name);
    buf_addf(b, "%s%s\n\n%s Since %s.", *row->syntax ? " " : "", row->syntax, row->summary, row->since);
    put_flags(b, row);
    buf_addf(b, " Complexity: %s.\n", row->complexity);
    if (row->errors)
        buf_addf(b, "\nErrors: %s\n", row->errors);
    if (row->differs)
        buf_addf(b, "\nDiffers from Redis: %s\n", row->differs);
}

static void put_group(struct buf *b, const char *group)
{
    buf_addf(b, "\n## %s\n", title_of(group));
    for (const struct command *row = command_table; row->name; row++)
        if (listed(row) && strcmp(row->group, group) == 0)
            put_command(b, row);
}

/* What a heading is linked by: lower case, a '-' for a blank. */
static void put_anchor(struct buf *b, const char *heading)
{
    for (; *heading; heading++)
        buf_add_char(b, *heading == '|' || *heading == ' ' ? '-' : (char)tolower((unsigned char)*heading));
}

static void put_index_line(struct buf *b, const char *group)
{
    buf_addf(b, "- [%s](#", title_of(group));
    put_anchor(b, title_of(group));
    buf_add_str(b, "):");
    for (const struct command *row = command_table; row->name; row++) {
        if (!listed(row) || strcmp(row->group, group) != 0)
            continue;
        buf_add_str(b, "\n  [");
        put_name(b, row->name);
        buf_add_str(b, "](#");
        put_anchor(b, row->name);
        buf_add_char(b, ')');
    }
    buf_add_char(b, '\n');
}

/* The first row of its group: groups come in the order of the table. */
static bool begins_group(const struct command *row)
{
    for (const struct command *before = command_table; before < row; before++)
        if (listed(before) && strcmp(before->group, row->group) == 0)
            return false;
    return listed(row);
}

void docs_page(struct buf *markdown)
{
    buf_addf(
        markdown,
        "# Commands of leanmqd %s\n"
        "\n"
        "Made by `leanmqd --commands-page` from the command table. Each command behaves as in Redis %s;\n"
        "\"since\" is the version of Redis that brought it.\n",
        LEANMQD_VERSION, REDIS_VERSION);
    buf_add_char(markdown, '\n');
    for (const struct command *row = command_table; row->name; row++)
        if (begins_group(row))
            put_index_line(markdown, row->group);
    for (const struct command *row = command_table; row->name; row++)
        if (begins_group(row))
            put_group(markdown, row->group);
}
