/* broker/import.h - an RDB file of Redis becomes keys: dump.rdb, the base of its append-only files. */
#ifndef BROKER_IMPORT_H
#define BROKER_IMPORT_H

#include "broker/broker.h"
#include "store/rdb.h"

#define RDB_VERSION_MIN 9 /* Redis 5 */

struct import_report {
    int version;
    char redis[32]; /* the version of who wrote it; "": not told */
    uint64_t keys[KEY_TYPES];
    uint64_t expired;   /* keys that were past their time, and are left out */
    uint64_t empty;     /* keys without elements, which no client could have made: left out */
    uint64_t libraries; /* of functions */
};

struct import_how {
    msec now; /* keys past their time are left out; 0: they come in too, for records that follow may name them
               */
    /* The text of a library of functions. Not OK: it cannot be loaded, nor can the file. */
    int (*library)(void *arg, struct slice text);
    /* After each key. Not OK: enough. May be NULL. */
    int (*each)(void *arg, int db, struct slice name);
    void *arg;
};

/* Reads a file from its beginning: *used bytes, what follows is not looked at. Keys come in as in a replay,
 * without a record. They must not be there yet. OK; ERR_FORMAT, *why says what is wrong and where; or what
 * the source or each() said. After an error some of the keys are there. */
int import_rdb(struct broker *b, const struct import_how *how, struct source *from,
               struct import_report *report, uint64_t *used, struct buf *why);

/* The same for who has no database: each key becomes records, as a rewrite would write it, with a SELECT
 * where need be. `apply` gets them one by one; what it returns, if not OK, ends it. */
int import_records(struct source *from, int (*apply)(void *arg, const struct slice *word, size_t n),
                   void *arg, struct import_report *report, uint64_t *used, struct buf *why);

#endif
