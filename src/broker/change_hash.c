/* broker/change_hash.c - see broker/change_hash.h. */
#include "broker/change_hash.h"
#include "store/hash_edit.h"
#include "store/record.h"

size_t change_hset(struct broker *b, int db, struct slice name, const struct slice *pair, size_t n,
                   enum event event)
{
    struct change ch = change_open(b, db, name);
    size_t added = 0;

    ch.event = event;
    if (!ch.key) {
        change_make(&ch, KEY_HASH, hash_new(true));
        hash_reserve(ch.key->hash, n, b->shape.hash, &b->seed);
    }
    record_head(ch.record, 2 + 2 * n);
    record_str(ch.record, "HSET");
    record_word(ch.record, name);
    record_slices(ch.record, pair, 2 * n);
    for (size_t i = 0; i < n; i++)
        added += hash_put(ch.key->hash, pair[2 * i], pair[2 * i + 1], b->shape.hash, &b->seed);
    change_close(&ch);
    return added;
}

/* Recorded are also those that were not there: harmless to a replay. */
size_t change_hdel(struct broker *b, int db, struct slice name, const struct slice *field, size_t n)
{
    struct change ch = change_open(b, db, name);
    size_t removed = 0;

    for (size_t i = 0; i < n; i++)
        removed += hash_remove(ch.key->hash, field[i]);
    ch.untouched = removed == 0;
    ch.event = EVENT_HDEL;
    ch.quiet = true;
    if (removed) {
        record_head(ch.record, 2 + n);
        record_str(ch.record, "HDEL");
        record_word(ch.record, name);
        record_slices(ch.record, field, n);
    }
    if (hash_count(ch.key->hash) == 0)
        change_unmake(&ch);
    change_close(&ch);
    return removed;
}
