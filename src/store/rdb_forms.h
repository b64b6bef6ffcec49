/* What the files that read and write values of an RDB share. */
#ifndef STORE_RDB_FORMS_H
#define STORE_RDB_FORMS_H

#include "store/rdb_value.h"

/* The number before a value. */
enum rdb_form {
    FORM_STRING,
    FORM_LIST,
    FORM_SET,
    FORM_ZSET, /* scores as text */
    FORM_HASH,
    FORM_ZSET_2, /* scores as 8 bytes */
    FORM_MODULE,
    FORM_MODULE_2,
    FORM_HASH_ZIPMAP = 9,
    FORM_LIST_ZIPLIST,
    FORM_SET_INTSET,
    FORM_ZSET_ZIPLIST,
    FORM_HASH_ZIPLIST,
    FORM_LIST_QUICKLIST, /* of ziplists */
    FORM_STREAM,
    FORM_HASH_LISTPACK,
    FORM_ZSET_LISTPACK,
    FORM_LIST_QUICKLIST_2, /* of listpacks and single elements */
    FORM_STREAM_2,         /* with what was added and deleted, and how much groups have read */
    FORM_SET_LISTPACK,
    FORM_STREAM_3, /* with when consumers were active */
    FORM_HASH_TTL_FIRST,
    FORM_HASH_TTL_LAST = 25,
};

/* In an entry of a stream, whose items are: flags, ms and seq above those of the node, [number of fields,]
 * fields, number of items. */
enum { STREAM_ENTRY_DELETED = 1, STREAM_ENTRY_SAME_FIELDS = 2 };

/* store/rdb_stream.c. Unfinished if r->err. */
struct stream *rdb_stream(struct rdb *r, unsigned form, const struct rdb_making *how);

#endif
