/* broker/event.h - keyspace events: what happens to keys, published on channels of their own, as Redis does.
 *
 * Verbs say in their struct change what happened; change_close() tells it once the record is in the journal,
 * so that a message waits for it like a reply. Off, as by default, that costs one comparison. A replay
 * tells nobody. */
#ifndef BROKER_EVENT_H
#define BROKER_EVENT_H

#include "broker/broker.h"

/* The classes of notify-keyspace-events: what is told, and (KEYSPACE, KEYEVENT) on which channels. */
enum event_class {
    EVENTS_KEYSPACE = 1 << 0, /* K: __keyspace@<db>__:<key>, the message is the event */
    EVENTS_KEYEVENT = 1 << 1, /* E: __keyevent@<db>__:<event>, the message is the key */
    EVENTS_GENERIC = 1 << 2,  /* g */
    EVENTS_STRING = 1 << 3,   /* $ */
    EVENTS_LIST = 1 << 4,     /* l */
    EVENTS_SET = 1 << 5,      /* s */
    EVENTS_HASH = 1 << 6,     /* h */
    EVENTS_ZSET = 1 << 7,     /* z */
    EVENTS_EXPIRED = 1 << 8,  /* x */
    EVENTS_EVICTED = 1 << 9,  /* e: nothing is evicted, so it never comes */
    EVENTS_STREAM = 1 << 10,  /* t */
    EVENTS_MODULE = 1 << 11,  /* d: nor does this */
    EVENTS_NEW = 1 << 12,     /* n */
    EVENTS_MISS = 1 << 13,    /* m */
    EVENTS_ALL = EVENTS_GENERIC | EVENTS_STRING | EVENTS_LIST | EVENTS_SET | EVENTS_HASH | EVENTS_ZSET |
                 EVENTS_EXPIRED | EVENTS_EVICTED | EVENTS_STREAM | EVENTS_MODULE, /* A */
};

enum event {
    EVENT_NONE,
    EVENT_NEW,
    EVENT_KEYMISS,
    EVENT_DEL,
    EVENT_EXPIRED,
    EVENT_EXPIRE,
    EVENT_PERSIST,
    EVENT_RENAME_FROM,
    EVENT_RENAME_TO,
    EVENT_MOVE_FROM,
    EVENT_MOVE_TO,
    EVENT_COPY_TO,
    EVENT_RESTORE,
    EVENT_SET,
    EVENT_SETRANGE,
    EVENT_APPEND,
    EVENT_INCRBY,
    EVENT_INCRBYFLOAT,
    EVENT_SETBIT,
    EVENT_PFADD,
    EVENT_LPUSH,
    EVENT_RPUSH,
    EVENT_LPOP,
    EVENT_RPOP,
    EVENT_LINSERT,
    EVENT_LSET,
    EVENT_LREM,
    EVENT_LTRIM,
    EVENT_SORTSTORE,
    EVENT_SADD,
    EVENT_SREM,
    EVENT_SPOP,
    EVENT_SINTERSTORE,
    EVENT_SUNIONSTORE,
    EVENT_SDIFFSTORE,
    EVENT_HSET,
    EVENT_HINCRBY,
    EVENT_HINCRBYFLOAT,
    EVENT_HDEL,
    EVENT_ZADD,
    EVENT_ZINCR,
    EVENT_ZREM,
    EVENT_ZREMRANGEBYRANK,
    EVENT_ZREMRANGEBYSCORE,
    EVENT_ZREMRANGEBYLEX,
    EVENT_ZPOPMIN,
    EVENT_ZPOPMAX,
    EVENT_ZRANGESTORE,
    EVENT_ZINTERSTORE,
    EVENT_ZUNIONSTORE,
    EVENT_ZDIFFSTORE,
    EVENT_GEOSEARCHSTORE,
    EVENT_GEORADIUSSTORE,
    EVENT_XADD,
    EVENT_XTRIM,
    EVENT_XDEL,
    EVENT_XSETID,
    EVENT_XGROUP_CREATE,
    EVENT_XGROUP_SETID,
    EVENT_XGROUP_DESTROY,
    EVENT_XGROUP_CREATECONSUMER,
    EVENT_XGROUP_DELCONSUMER,
};

/* "KEA" and the like into classes; false: an unknown letter. "A" stands for EVENTS_ALL. */
bool event_classes_parse(struct slice text, unsigned *classes);
/* The same back, in Redis' order of letters. */
#define EVENT_CLASSES_TEXT 16
size_t event_classes_put(char text[EVENT_CLASSES_TEXT], unsigned classes);

/* Tells of an event at once, if its class is wanted: where no struct change does. EVENT_NONE is nothing. */
void event_tell(struct broker *b, int db, struct slice name, enum event event);

#endif
