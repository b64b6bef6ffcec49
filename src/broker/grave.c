/* broker/grave.c - see broker/grave.h. */
#include "broker/grave.h"
#include "base/mem.h"
#include "broker_impl.h"
#include "store/deque.h"
#include "store/group.h"
#include "store/hash.h"
#include "store/inbox.h"
#include "store/set.h"
#include "store/zset.h"

#define SMALL_BYTES  ((size_t)512 * 1024) /* up to here a value is freed where it stands */
#define SMALL_BLOCKS 16                   /* of a stream; groups, too */
#define SMALL_PARTS  4096                 /* pending entries and consumers of its groups; members, fields */
#define SMALL_KEYS   64
#define STEP         32 /* parts of one value before the budget is looked at */

/* A value, or (keys.type set) all that a database held. */
struct grave {
    struct list node;
    enum key_type type;
    void *value;
    struct dict keys;
};

static struct grave *grave_new(struct broker *b)
{
    struct grave *g = mem_zalloc(sizeof *g);

    list_push(&b->graves, &g->node);
    return g;
}

static void grave_free(struct grave *g)
{
    list_remove(&g->node);
    mem_free(g);
}

static bool has_many_delayed(const struct stream *s)
{
    return stream_inbox(s) && delayed_count(&stream_inbox(s)->delayed) > SMALL_PARTS;
}

static bool stream_is_small(const struct stream *s)
{
    struct stream_stats st;
    struct group **g;
    size_t n, parts = 0;

    stream_stats(s, &st);
    if (st.blocks > SMALL_BLOCKS || stream_group_count(s) > SMALL_BLOCKS || has_many_delayed(s))
        return false;
    g = stream_groups_sorted(s, &n);
    for (size_t i = 0; i < n; i++)
        parts += pel_count(&g[i]->pel) + g[i]->slots;
    mem_free(g);
    return parts <= SMALL_PARTS;
}

/* A string is one allocation, so it goes in one piece whatever its size. */
static bool is_small(enum key_type type, const void *value)
{
    switch (type) {
    case KEY_LIST:
        return deque_memory(value) <= SMALL_BYTES;
    case KEY_SET:
        return set_count(value) <= SMALL_PARTS;
    case KEY_ZSET:
        return zset_count(value) <= SMALL_PARTS;
    case KEY_HASH:
        return hash_count(value) <= SMALL_PARTS;
    case KEY_STREAM:
        return stream_is_small(value);
    default:
        return true;
    }
}

/* While the journal is read nobody waits for the loop, and no turn would dig. */
void value_bury(struct broker *b, enum key_type type, void *value)
{
    struct grave *g;

    if (b->origin == ORIGIN_REPLAY || is_small(type, value)) {
        value_free(type, value);
        return;
    }
    g = grave_new(b);
    g->type = type;
    g->value = value;
    b->stats.buried++;
}

void key_bury(struct broker *b, struct key *k)
{
    value_bury(b, k->type, k->value);
    mem_free(k->expiry);
    mem_free(k);
}

static void bury_entry(void *entry, void *arg)
{
    key_bury(arg, entry);
}

void keys_bury(struct broker *b, struct dict *keys)
{
    size_t n = dict_count(keys);
    struct grave *g;

    if (b->origin == ORIGIN_REPLAY || n <= SMALL_KEYS) {
        dict_drain(keys, SIZE_MAX, bury_entry, b);
        return;
    }
    g = grave_new(b);
    g->keys = *keys;
    dict_init(keys, g->keys.type, g->keys.seed);
    b->stats.buried += n;
}

static void free_entry(void *entry, void *arg)
{
    bury_entry(entry, arg);
    ((struct broker *)arg)->stats.freed++;
}

/* True when nothing of it is left. A large value found in a database gets a grave of its own. */
static bool dig(struct broker *b, struct grave *g, size_t parts)
{
    if (g->keys.type)
        return dict_drain(&g->keys, parts, free_entry, b);
    if (!value_free_some(g->type, g->value, parts))
        return false;
    b->stats.freed++;
    return true;
}

bool graves_dig(struct broker *b, size_t parts)
{
    while (parts && !list_empty(&b->graves)) {
        struct grave *g = list_entry(b->graves.next, struct grave, node);
        size_t step = parts < STEP ? parts : STEP;

        if (dig(b, g, step))
            grave_free(g);
        parts -= step;
    }
    return !list_empty(&b->graves);
}
