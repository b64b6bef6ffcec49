/* What the sub-commands of COMMAND share: which rows are shown, and their names. */
#ifndef CMD_COMMAND_SHOW_H
#define CMD_COMMAND_SHOW_H

#include "cmd/table.h"
#include "proto/reply.h"

/* Rows that clients may know of. */
bool command_shown(const struct command *row);
/* Shown, and a command of its own; with `of`, within that container. */
bool command_belongs(const struct command *row, const struct command *of);
size_t command_count_of(const struct command *of);
const struct command *command_shown_named(struct slice name); /* NULL: none */
void reply_command_name(struct reply *r, const struct command *row);
/* Whether it is of an ACL category, named without its @. */
bool command_in_category(const struct command *row, struct slice category);

/* A set of status replies: collected first, for RESP3 has the length in front. */
struct words {
    const char *v[24];
    size_t n;
};
void words_add(struct words *w, bool on, const char *word);
void words_split(struct words *w, char *text); /* at spaces, which end the words from then on */
bool command_listed(const char *list, const char *name); /* in " ONE TWO THREE " */
void reply_words(struct reply *r, const struct words *w);

/* command_keys.c: where the keys of a row are and what it does to them, as COMMAND INFO shows it. */
size_t command_key_specs(const struct command *row); /* how many */
void reply_key_specs(struct reply *r, const struct command *row);
/* command_docs.c */
void reply_command_docs(struct reply *r, const struct command *row);

#endif
