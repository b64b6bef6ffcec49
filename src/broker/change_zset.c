/* broker/change_zset.c - see broker/change_zset.h. */
#include "broker/change_zset.h"
#include "base/mem.h"
#include "broker_impl.h"
#include "store/record.h"
#include "store/zset_edit.h"

#define WORDS_AT_ONCE 64

struct zadding change_zadd_open(struct broker *b, int db, struct slice name, size_t max, enum event event)
{
    struct zadding a = {.ch = change_open(b, db, name), .put = mem_alloc(max * sizeof(struct scored))};

    a.ch.event = event;
    return a;
}

bool change_zadd_put(struct zadding *a, struct slice member, double score)
{
    if (!a->ch.key)
        change_make(&a->ch, KEY_ZSET, zset_new());
    a->put[a->n++] = (struct scored){member, score};
    return zset_put(a->ch.key->zset, member, score, &a->ch.b->shape);
}

void change_zadd_close(struct zadding *a)
{
    a->ch.untouched = a->n == 0;
    if (a->n) {
        record_head(a->ch.record, 2 + 2 * a->n);
        record_str(a->ch.record, "ZADD");
        record_word(a->ch.record, a->ch.name);
    }
    for (size_t i = 0; i < a->n; i++) {
        record_double(a->ch.record, a->put[i].score);
        record_word(a->ch.record, a->put[i].member);
    }
    change_close(&a->ch);
    mem_free(a->put);
}

size_t change_zrem(struct broker *b, int db, struct slice name, const struct slice *member, size_t n)
{
    struct change ch = change_open(b, db, name);
    size_t removed = 0;

    for (size_t i = 0; i < n; i++)
        removed += zset_remove(ch.key->zset, member[i]);
    ch.untouched = removed == 0;
    ch.event = EVENT_ZREM;
    ch.quiet = true;
    if (removed) {
        record_head(ch.record, 2 + n);
        record_str(ch.record, "ZREM");
        record_word(ch.record, name);
        record_slices(ch.record, member, n);
    }
    if (zset_count(ch.key->zset) == 0)
        change_unmake(&ch);
    change_close(&ch);
    return removed;
}

void change_zrem_ranks(struct broker *b, int db, struct slice name, size_t first, size_t n, enum event event)
{
    struct change ch = change_open(b, db, name);

    ch.untouched = n == 0;
    ch.event = event;
    ch.quiet = true;
    if (n) {
        record_head(ch.record, 4);
        record_str(ch.record, "ZREMRANGEBYRANK");
        record_word(ch.record, name);
        record_u64(ch.record, first);
        record_u64(ch.record, first + n - 1);
        zset_remove_ranks(ch.key->zset, first, n);
    }
    if (zset_count(ch.key->zset) == 0)
        change_unmake(&ch);
    change_close(&ch);
}

static void record_members(struct change *ch, const struct zset *z)
{
    struct zset_iter it;
    size_t left = zset_count(z), room = 0;

    for (bool ok = zset_iter_at(&it, z, 0); ok; ok = zset_iter_next(&it), left--) {
        if (room == 0) {
            room = left < WORDS_AT_ONCE ? left : WORDS_AT_ONCE;
            record_head(ch->record, 2 + 2 * room);
            record_str(ch->record, "ZADD");
            record_word(ch->record, ch->name);
        }
        record_double(ch->record, it.item.score);
        record_word(ch->record, it.item.member);
        room--;
    }
}

void change_zset_take(struct broker *b, int db, struct slice name, struct zset *z, enum event event)
{
    struct change ch = change_open(b, db, name);

    if (z && zset_count(z) == 0) {
        zset_free(z);
        z = NULL;
    }
    ch.untouched = !z && !ch.key;
    change_drop(&ch);
    if (z) {
        ch.event = event;
        change_make(&ch, KEY_ZSET, z);
        record_members(&ch, z);
    }
    change_close(&ch);
}
