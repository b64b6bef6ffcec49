/* broker/library.h - libraries of functions (FUNCTION LOAD): their texts are data like keys, and survive what
 * keys survive. They are of no database, and FLUSHALL leaves them. What runs of them is cmd's business. */
#ifndef BROKER_LIBRARY_H
#define BROKER_LIBRARY_H

#include "broker/broker.h"

struct library {
    size_t name_len, code_len;
    char text[]; /* the name, then the code */
};

static inline struct slice library_name(const struct library *l)
{
    return (struct slice){l->text, l->name_len};
}

/* All of it, the first line with the name in it too. */
static inline struct slice library_code(const struct library *l)
{
    return (struct slice){l->text + l->name_len, l->code_len};
}

const struct library *library_find(const struct broker *b, struct slice name); /* NULL: there is none */

/* Changes: see broker/change.h. */
void change_library_set(struct broker *b, struct slice name,
                        struct slice code);                      /* in place of what is there */
void change_library_delete(struct broker *b, struct slice name); /* which is there */
void change_library_flush(struct broker *b);                     /* all of them */

#endif
