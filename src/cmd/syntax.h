/* The syntax of a command, as its row in table.c writes it, taken apart.
 *
 *     key [NX | XX] [EX seconds] <* | id> field value [field value ...] STREAMS key [key ...] id [id ...]
 *
 *     lower case     an argument                      [x]          it may be left out
 *     UPPER CASE     a token: itself, with what is    <a | b>      one of them; [a | b]: or none
 *                    in lower case or <> behind it    x [x ...]    it may be repeated; x ...: the same
 */
#ifndef CMD_SYNTAX_H
#define CMD_SYNTAX_H

#include "base/buf.h"

enum syntax_kind { SYNTAX_WORD, SYNTAX_TOKEN, SYNTAX_ONEOF, SYNTAX_BLOCK };

/* One argument; slices are views into the text. */
struct syntax {
    enum syntax_kind kind;
    struct slice word;     /* SYNTAX_WORD: its name */
    struct slice token;    /* in front of it; a SYNTAX_TOKEN is nothing else. n 0: none */
    struct syntax *inside; /* of ONEOF and BLOCK: the first of them */
    struct syntax *next;
    bool optional, multiple;
    bool multiple_token; /* what is repeated has the token, too */
    bool dots;           /* written as "x ..." */
};

/* The first argument; NULL: there is none. The text is one of ours: it must be well formed. */
struct syntax *syntax_parse(const char *text);
void syntax_free(struct syntax *first);
/* The text again. */
void syntax_put(struct buf *text, const struct syntax *first);

#endif
