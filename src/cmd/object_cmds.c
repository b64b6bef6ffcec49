/* cmd/object_cmds.c - OBJECT: how a value is kept, in Redis' words. */
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "handlers.h"
#include "store/deque.h"
#include "store/hash.h"
#include "store/set.h"
#include "store/string.h"
#include "store/zset.h"

#include <limits.h>

#define EMBEDDED_MAX 44    /* bytes up to which Redis calls a string embstr */
#define SHARED_MAX   10000 /* numbers below are one object in Redis, with a count that stands still */
#define LISTPACK_MAX 8192  /* bytes of a list that Redis keeps in one piece at most, whatever its length */
#define DEQUE_FRAME  256   /* what is not elements */

static const char *string_encoding(const struct string *s)
{
    struct slice text = string_slice(s);
    int64_t v;

    return num_i64(text, &v) ? "int" : text.n <= EMBEDDED_MAX ? "embstr" : "raw";
}

/* By its size alone: chunks are the same for all. */
static const char *list_encoding(const struct deque *d, int64_t limit)
{
    static const size_t bytes[] = {4096, 8192, 16384, 32768, 65536};
    size_t most = limit >= 0 ? LISTPACK_MAX : bytes[limit < -5 ? 4 : -limit - 1];
    bool fits = limit < 0 || deque_length(d) <= (size_t)(limit ? limit : 1);

    return fits && deque_memory(d) <= most + DEQUE_FRAME ? "listpack" : "quicklist";
}

static const char *set_encoding(const struct set *s)
{
    static const char *const name[] = {
        [SET_INTSET] = "intset", [SET_PACKED] = "listpack", [SET_TABLE] = "hashtable"};

    return name[set_form(s)];
}

const char *key_encoding(const struct config *config, const struct key *k)
{
    switch (k->type) {
    case KEY_STRING:
        return string_encoding(k->string);
    case KEY_LIST:
        return list_encoding(k->list, config->list_max_listpack_size);
    case KEY_SET:
        return set_encoding(k->set);
    case KEY_ZSET:
        return zset_packed(k->zset) ? "listpack" : "skiplist";
    case KEY_HASH:
        return hash_packed(k->hash) ? "listpack" : "hashtable";
    case KEY_STREAM:
        return "stream";
    default:
        must(!"a type without values");
    }
}

int64_t key_refcount(const struct key *k)
{
    int64_t v;

    return k->type == KEY_STRING && num_i64(string_slice(k->string), &v) && v >= 0 && v < SHARED_MAX ? INT_MAX
                                                                                                     : 1;
}

int64_t key_idle(const struct key *k, struct now now)
{
    uint32_t ticks = (ticks_of(now) - k->used) & TICKS_MAX;

    return (int64_t)ticks * TICK_USEC / 1000000;
}

/* NULL, and answered with null: there is none. To look at it is not to use it. */
static const struct key *object(struct call *c)
{
    const struct key *k = key_peek(c, c->arg[2]);

    if (!k)
        reply_null(c->reply);
    return k;
}

int cmd_object_encoding(struct call *c)
{
    const struct key *k = object(c);

    if (k)
        reply_bulk_str(c->reply, key_encoding(&c->service->config, k));
    return OK;
}

int cmd_object_refcount(struct call *c)
{
    const struct key *k = object(c);

    if (k)
        reply_int(c->reply, key_refcount(k));
    return OK;
}

int cmd_object_idletime(struct call *c)
{
    const struct key *k = object(c);

    if (k)
        reply_int(c->reply, key_idle(k, c->now));
    return OK;
}

int cmd_object_freq(struct call *c)
{
    if (!object(c))
        return OK;
    return call_fail(
        c, "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
           "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

int cmd_object_help(struct call *c)
{
    static const char *const line[] = {
        "ENCODING <key>",
        "    How the value of the key is kept.",
        "FREQ <key>",
        "    Refused: how often keys are used is not counted.",
        "IDLETIME <key>",
        "    Seconds since the key was used.",
        "REFCOUNT <key>",
        "    How many refer to the value.",
        NULL,
    };

    return reply_help(c, line);
}
