/* cmd/command_docs.c - COMMAND DOCS: the documentation in the table, and the arguments of a command out of
 * its syntax. Tools that help to type (redis-cli) and to generate code live on it. */
#include "base/err.h"
#include "command_show.h"
#include "handlers.h"
#include "syntax.h"

#include <ctype.h>

/* --- types: the words of the table are few, and say what they are --- */

static const struct {
    const char *type, *words;
} types[] = {
    {"key", " key key1 key2 source destination newkey destkey sourcekey src dst "},
    {"integer",
     " count seconds milliseconds ms index increment offset limit numkeys numids port protover client-id "
     "entries-added min-idle-time entries-read rank len retrycount destination-db seed cursor bit "
     "num-matches weight min-match-len version bits numlocal numreplicas slot frequency "},
    {"double", " timeout score "},
    {"pattern", " pattern "},
    {"unix-time", " unix-time-seconds unix-time-milliseconds "},
};

/* What stands for a place in a list is an id in a stream. */
static bool is_place(const struct command *row, struct slice word)
{
    return (slice_is(word, "start") || slice_is(word, "stop") || slice_is(word, "end")) &&
           strcmp(row->group, "stream") != 0;
}

static const char *type_of(const struct command *row, struct slice word)
{
    char name[64];

    if (is_place(row, word))
        return "integer";
    if (word.n >= sizeof name)
        return "string";
    memcpy(name, word.p, word.n);
    name[word.n] = '\0';
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (command_listed(types[i].words, name))
            return types[i].type;
    return "string";
}

static const char *kind_of(const struct command *row, const struct syntax *a)
{
    switch (a->kind) {
    case SYNTAX_WORD:
        return type_of(row, a->word);
    case SYNTAX_TOKEN:
        return "pure-token";
    case SYNTAX_ONEOF:
        return "oneof";
    default:
        return "block";
    }
}

/* --- names: the syntax has them for words alone --- */

static void put_token_name(struct buf *b, struct slice token)
{
    static const struct {
        const char *token, *name;
    } known[] = {{"*", "auto-id"}, {"$", "new-id"}, {"=", "equal"}, {"~", "approximately"}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (slice_is(token, known[i].token)) {
            buf_add_str(b, known[i].name);
            return;
        }
    }
    for (size_t i = 0; i < token.n; i++)
        buf_add_char(b, (char)tolower((unsigned char)token.p[i]));
}

/* A block is named after its token or its first two arguments, alternatives after the first two. */
static void put_name(struct buf *b, const struct syntax *a)
{
    if (a->kind == SYNTAX_WORD) {
        buf_add_slice(b, a->word);
    } else if (a->token.n) {
        put_token_name(b, a->token);
    } else {
        put_name(b, a->inside);
        if (a->inside->next) {
            buf_add_str(b, a->kind == SYNTAX_ONEOF ? "-or-" : "-");
            put_name(b, a->inside->next);
        }
    }
}

/* --- arguments --- */

static void reply_text(struct reply *r, const char *name, const char *text)
{
    reply_bulk_str(r, name);
    reply_bulk_str(r, text);
}

static void reply_name(struct reply *r, const char *field, const struct syntax *a)
{
    struct buf name = {0};

    put_name(&name, a);
    reply_bulk_str(r, field);
    reply_bulk(r, buf_slice(&name));
    buf_free(&name);
}

static void reply_flags(struct reply *r, const struct syntax *a)
{
    struct words w = {0};

    words_add(&w, a->optional, "optional");
    words_add(&w, a->multiple, "multiple");
    words_add(&w, a->multiple_token, "multiple_token");
    reply_bulk_str(r, "flags");
    reply_words(r, &w);
}

static void reply_arguments(struct reply *r, const struct command *row, const struct syntax *first,
                            size_t *keys);

static void reply_argument(struct reply *r, const struct command *row, const struct syntax *a, size_t *keys)
{
    const char *type = kind_of(row, a);
    bool leaf = !a->inside, key = strcmp(type, "key") == 0, flags = a->optional || a->multiple;

    reply_map(r, 2 + leaf + key + (a->token.n > 0) + flags + !leaf);
    reply_name(r, "name", a);
    reply_text(r, "type", type);
    if (leaf)
        reply_name(r, "display_text", a);
    if (key) {
        reply_bulk_str(r, "key_spec_index");
        reply_int(r, (int64_t)*keys);
        *keys += *keys + 1 < command_key_specs(row);
    }
    if (a->token.n) {
        reply_bulk_str(r, "token");
        reply_bulk(r, a->token);
    }
    if (flags)
        reply_flags(r, a);
    if (!leaf) {
        reply_bulk_str(r, "arguments");
        reply_arguments(r, row, a->inside, keys);
    }
}

/* `keys`: which of the row's key specifications the next key is of. */
static void reply_arguments(struct reply *r, const struct command *row, const struct syntax *first,
                            size_t *keys)
{
    size_t n = 0;

    for (const struct syntax *a = first; a; a = a->next)
        n++;
    reply_array(r, n);
    for (const struct syntax *a = first; a; a = a->next)
        reply_argument(r, row, a, keys);
}

/* --- DOCS --- */

void reply_command_docs(struct reply *r, const struct command *row)
{
    bool container = row->flags & CMD_CONTAINER;
    struct syntax *first = syntax_parse(row->syntax);
    size_t keys = 0;

    reply_command_name(r, row);
    reply_map(r, 4u + container + (first != NULL));
    reply_text(r, "summary", row->summary);
    reply_text(r, "since", row->since);
    reply_text(r, "group", row->group);
    reply_text(r, "complexity", row->complexity);
    if (first) {
        reply_bulk_str(r, "arguments");
        reply_arguments(r, row, first, &keys);
    }
    syntax_free(first);
    if (!container)
        return;
    reply_bulk_str(r, "subcommands");
    reply_map(r, command_count_of(row));
    for (const struct command *sub = command_table; sub->name; sub++)
        if (command_belongs(sub, row))
            reply_command_docs(r, sub);
}

int cmd_command_docs(struct call *c)
{
    uint64_t place = reply_later(c->reply, 0);
    size_t n = 0;

    for (const struct command *row = command_table; c->n == 2 && row->name; row++) {
        if (command_belongs(row, NULL)) {
            reply_command_docs(c->reply, row);
            n++;
        }
    }
    for (size_t i = 2; i < c->n; i++) {
        const struct command *row = command_shown_named(c->arg[i]);

        if (row) {
            reply_command_docs(c->reply, row);
            n++;
        }
    }
    reply_fill_map(c->reply, place, n);
    return OK;
}
