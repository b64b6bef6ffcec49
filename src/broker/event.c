/* broker/event.c - see broker/event.h. */
#include "broker/event.h"
#include "broker/pubsub.h"

/* clang-format off */
static const struct {
    unsigned class;
    const char *name;
} events[] = {
    [EVENT_NEW] = {EVENTS_NEW, "new"},
    [EVENT_KEYMISS] = {EVENTS_MISS, "keymiss"},
    [EVENT_DEL] = {EVENTS_GENERIC, "del"},
    [EVENT_EXPIRED] = {EVENTS_EXPIRED, "expired"},
    [EVENT_EXPIRE] = {EVENTS_GENERIC, "expire"},
    [EVENT_PERSIST] = {EVENTS_GENERIC, "persist"},
    [EVENT_RENAME_FROM] = {EVENTS_GENERIC, "rename_from"},
    [EVENT_RENAME_TO] = {EVENTS_GENERIC, "rename_to"},
    [EVENT_MOVE_FROM] = {EVENTS_GENERIC, "move_from"},
    [EVENT_MOVE_TO] = {EVENTS_GENERIC, "move_to"},
    [EVENT_COPY_TO] = {EVENTS_GENERIC, "copy_to"},
    [EVENT_RESTORE] = {EVENTS_GENERIC, "restore"},
    [EVENT_SET] = {EVENTS_STRING, "set"},
    [EVENT_SETRANGE] = {EVENTS_STRING, "setrange"},
    [EVENT_APPEND] = {EVENTS_STRING, "append"},
    [EVENT_INCRBY] = {EVENTS_STRING, "incrby"},
    [EVENT_INCRBYFLOAT] = {EVENTS_STRING, "incrbyfloat"},
    [EVENT_SETBIT] = {EVENTS_STRING, "setbit"},
    [EVENT_PFADD] = {EVENTS_STRING, "pfadd"},
    [EVENT_LPUSH] = {EVENTS_LIST, "lpush"},
    [EVENT_RPUSH] = {EVENTS_LIST, "rpush"},
    [EVENT_LPOP] = {EVENTS_LIST, "lpop"},
    [EVENT_RPOP] = {EVENTS_LIST, "rpop"},
    [EVENT_LINSERT] = {EVENTS_LIST, "linsert"},
    [EVENT_LSET] = {EVENTS_LIST, "lset"},
    [EVENT_LREM] = {EVENTS_LIST, "lrem"},
    [EVENT_LTRIM] = {EVENTS_LIST, "ltrim"},
    [EVENT_SORTSTORE] = {EVENTS_LIST, "sortstore"},
    [EVENT_SADD] = {EVENTS_SET, "sadd"},
    [EVENT_SREM] = {EVENTS_SET, "srem"},
    [EVENT_SPOP] = {EVENTS_SET, "spop"},
    [EVENT_SINTERSTORE] = {EVENTS_SET, "sinterstore"},
    [EVENT_SUNIONSTORE] = {EVENTS_SET, "sunionstore"},
    [EVENT_SDIFFSTORE] = {EVENTS_SET, "sdiffstore"},
    [EVENT_HSET] = {EVENTS_HASH, "hset"},
    [EVENT_HINCRBY] = {EVENTS_HASH, "hincrby"},
    [EVENT_HINCRBYFLOAT] = {EVENTS_HASH, "hincrbyfloat"},
    [EVENT_HDEL] = {EVENTS_HASH, "hdel"},
    [EVENT_ZADD] = {EVENTS_ZSET, "zadd"},
    [EVENT_ZINCR] = {EVENTS_ZSET, "zincr"},
    [EVENT_ZREM] = {EVENTS_ZSET, "zrem"},
    [EVENT_ZREMRANGEBYRANK] = {EVENTS_ZSET, "zremrangebyrank"},
    [EVENT_ZREMRANGEBYSCORE] = {EVENTS_ZSET, "zremrangebyscore"},
    [EVENT_ZREMRANGEBYLEX] = {EVENTS_ZSET, "zremrangebylex"},
    [EVENT_ZPOPMIN] = {EVENTS_ZSET, "zpopmin"},
    [EVENT_ZPOPMAX] = {EVENTS_ZSET, "zpopmax"},
    [EVENT_ZRANGESTORE] = {EVENTS_ZSET, "zrangestore"},
    [EVENT_ZINTERSTORE] = {EVENTS_ZSET, "zinterstore"},
    [EVENT_ZUNIONSTORE] = {EVENTS_ZSET, "zunionstore"},
    [EVENT_ZDIFFSTORE] = {EVENTS_ZSET, "zdiffstore"},
    [EVENT_GEOSEARCHSTORE] = {EVENTS_ZSET, "geosearchstore"},
    [EVENT_GEORADIUSSTORE] = {EVENTS_ZSET, "georadiusstore"},
    [EVENT_XADD] = {EVENTS_STREAM, "xadd"},
    [EVENT_XTRIM] = {EVENTS_STREAM, "xtrim"},
    [EVENT_XDEL] = {EVENTS_STREAM, "xdel"},
    [EVENT_XSETID] = {EVENTS_STREAM, "xsetid"},
    [EVENT_XGROUP_CREATE] = {EVENTS_STREAM, "xgroup-create"},
    [EVENT_XGROUP_SETID] = {EVENTS_STREAM, "xgroup-setid"},
    [EVENT_XGROUP_DESTROY] = {EVENTS_STREAM, "xgroup-destroy"},
    [EVENT_XGROUP_CREATECONSUMER] = {EVENTS_STREAM, "xgroup-createconsumer"},
    [EVENT_XGROUP_DELCONSUMER] = {EVENTS_STREAM, "xgroup-delconsumer"},
};

/* In the order they are shown in. */
static const struct {
    char letter;
    unsigned class;
} letters[] = {
    {'g', EVENTS_GENERIC}, {'$', EVENTS_STRING},   {'l', EVENTS_LIST},    {'s', EVENTS_SET},
    {'h', EVENTS_HASH},    {'z', EVENTS_ZSET},     {'x', EVENTS_EXPIRED}, {'e', EVENTS_EVICTED},
    {'t', EVENTS_STREAM},  {'d', EVENTS_MODULE},   {'n', EVENTS_NEW},     {'K', EVENTS_KEYSPACE},
    {'E', EVENTS_KEYEVENT}, {'m', EVENTS_MISS},
};
/* clang-format on */
#define LETTERS (sizeof letters / sizeof *letters)

static unsigned class_of(char letter)
{
    for (size_t i = 0; i < LETTERS; i++)
        if (letters[i].letter == letter)
            return letters[i].class;
    return letter == 'A' ? EVENTS_ALL : 0;
}

bool event_classes_parse(struct slice text, unsigned *classes)
{
    *classes = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned class = class_of(text.p[i]);

        if (!class)
            return false;
        *classes |= class;
    }
    return true;
}

size_t event_classes_put(char text[EVENT_CLASSES_TEXT], unsigned classes)
{
    size_t n = 0;

    if ((classes & EVENTS_ALL) == EVENTS_ALL) {
        text[n++] = 'A';
        classes &= ~(unsigned)EVENTS_ALL;
    }
    for (size_t i = 0; i < LETTERS; i++)
        if (classes & letters[i].class)
            text[n++] = letters[i].letter;
    return n;
}

static void publish(struct broker *b, int db, const char *space, struct slice about, struct slice message)
{
    struct buf channel = {0};

    buf_addf(&channel, "__key%s@%d__:", space, db);
    buf_add_slice(&channel, about);
    pubsub_publish(b, buf_slice(&channel), message, false);
    buf_free(&channel);
}

void event_tell(struct broker *b, int db, struct slice name, enum event event)
{
    struct slice word;

    if (!(b->events & events[event].class) || b->origin == ORIGIN_REPLAY || !pubsub_anybody(b->pubsub))
        return;
    word = slice_of(events[event].name);
    if (b->events & EVENTS_KEYSPACE)
        publish(b, db, "space", name, word);
    if (b->events & EVENTS_KEYEVENT)
        publish(b, db, "event", word, name);
}
