/* store/rdb_value.h - a value out of the bytes of an RDB. It comes from anywhere: what is returned is sound,
 * or there is an error; nothing else can come of it. */
#ifndef STORE_RDB_VALUE_H
#define STORE_RDB_VALUE_H

#include "store/key_type.h"
#include "store/rdb.h"
#include "store/shape.h"
#include "store/stream.h"

/* How new values are to be kept: the settings of this server. */
struct rdb_making {
    const struct shape *shape;
    const struct stream_node_limits *nodes;
};

/* The value of the form `form`, the number that an RDB has before it. OK, and a value that is the caller's,
 * or NULL: a collection without elements, which no key can hold. Else r->err. An error leaves r->why;
 * rdb_form_is_known() tells apart what is damaged and what is of a form not read. */
int rdb_value(struct rdb *r, unsigned form, const struct rdb_making *how, enum key_type *type, void **value);
bool rdb_form_is_known(unsigned form);
/* What a form is that is not read, in words; NULL: nobody knows. */
const char *rdb_form_name(unsigned form);
/* Frees what rdb_value() made. */
void rdb_discard(enum key_type type, void *value);

#endif
