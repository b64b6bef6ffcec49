/* broker/db.c - keys. See broker/db.h. */
#include "broker/db.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "broker_impl.h"
#include "store/deque_edit.h"
#include "store/hash_edit.h"
#include "store/set_edit.h"
#include "store/stream_edit.h"
#include "store/string_edit.h"
#include "store/zset_edit.h"

static struct slice entry_name(const void *entry)
{
    return key_name(entry);
}

static void entry_free(void *entry)
{
    struct key *k = entry;

    value_free(k->type, k->value);
    mem_free(k->expiry);
    mem_free(k);
}

const struct dict_type key_dict_type = {.key = entry_name, .free = entry_free};

const char *key_type_name(enum key_type type)
{
    static const char *const name[KEY_TYPES] = {
        [KEY_STRING] = "string", [KEY_LIST] = "list", [KEY_SET] = "set",
        [KEY_ZSET] = "zset",     [KEY_HASH] = "hash", [KEY_STREAM] = "stream",
    };

    return name[type];
}

struct key *db_find(const struct broker *b, int db, struct slice name)
{
    struct db *d = &b->db[db];

    if (!d->recent || !slice_eq(key_name(d->recent), name))
        d->recent = dict_find(&d->keys, name);
    return d->recent;
}

struct key *key_new(struct slice name, enum key_type type, void *value)
{
    struct key *k = mem_alloc(sizeof *k + name.n);

    *k = (struct key){.value = value, .name_len = (uint32_t)name.n, .type = type};
    memcpy(k->name, name.p, name.n);
    return k;
}

void value_free(enum key_type type, void *value)
{
    switch (type) {
    case KEY_STRING:
        string_free(value);
        break;
    case KEY_LIST:
        deque_free(value);
        break;
    case KEY_SET:
        set_free(value);
        break;
    case KEY_ZSET:
        zset_free(value);
        break;
    case KEY_HASH:
        hash_free(value);
        break;
    case KEY_STREAM:
        stream_free(value);
        break;
    default:
        must(!"a type without values");
    }
}

bool value_free_some(enum key_type type, void *value, size_t parts)
{
    switch (type) {
    case KEY_LIST:
        return deque_free_some(value, parts);
    case KEY_SET:
        return set_free_some(value, parts);
    case KEY_ZSET:
        return zset_free_some(value, parts);
    case KEY_HASH:
        return hash_free_some(value, parts);
    case KEY_STREAM:
        return stream_free_some(value, parts);
    default:
        value_free(type, value);
        return true;
    }
}

size_t key_memory(const struct key *k)
{
    size_t n = sizeof *k + k->name_len + (k->expiry ? sizeof *k->expiry : 0);

    switch (k->type) {
    case KEY_STRING:
        return n + string_memory(k->string);
    case KEY_LIST:
        return n + deque_memory(k->list);
    case KEY_SET:
        return n + set_memory(k->set);
    case KEY_ZSET:
        return n + zset_memory(k->zset);
    case KEY_HASH:
        return n + hash_memory(k->hash);
    case KEY_STREAM:
        return n + stream_memory(k->stream);
    }
    return n;
}

struct slice db_name(int db, struct slice name, char room[DB_NAME_ROOM], char **owned)
{
    size_t n = sizeof(uint32_t) + name.n;
    uint32_t nth = (uint32_t)db;
    char *p = n <= DB_NAME_ROOM ? room : (*owned = mem_alloc(n));

    memcpy(p, &nth, sizeof nth);
    memcpy(p + sizeof nth, name.p, name.n);
    return (struct slice){p, n};
}
