/* broker/change_set.c - see broker/change_set.h. */
#include "broker/change_set.h"
#include "broker_impl.h"
#include "store/record.h"
#include "store/set_edit.h"

#define WORDS_AT_ONCE 128

size_t change_sadd(struct broker *b, int db, struct slice name, const struct slice *member, size_t n)
{
    struct change ch = change_open(b, db, name);
    size_t added = 0;

    if (!ch.key)
        change_make(&ch, KEY_SET, set_new());
    for (size_t i = 0; i < n; i++)
        added += set_add(ch.key->set, member[i], &b->shape);
    ch.untouched = added == 0;
    ch.event = EVENT_SADD;
    if (added) {
        record_head(ch.record, 2 + n);
        record_str(ch.record, "SADD");
        record_word(ch.record, name);
        record_slices(ch.record, member, n);
    }
    change_close(&ch);
    return added;
}

size_t change_srem(struct broker *b, int db, struct slice name, const struct slice *member, size_t n,
                   enum event event)
{
    struct change ch = change_open(b, db, name);
    size_t removed = 0;

    for (size_t i = 0; i < n; i++)
        removed += set_remove(ch.key->set, member[i]);
    ch.untouched = removed == 0;
    ch.event = event;
    ch.quiet = true;
    if (removed) {
        record_head(ch.record, 2 + n);
        record_str(ch.record, "SREM");
        record_word(ch.record, name);
        record_slices(ch.record, member, n);
    }
    if (set_count(ch.key->set) == 0)
        change_unmake(&ch);
    change_close(&ch);
    return removed;
}

static void record_members(struct change *ch, const struct set *s)
{
    struct set_iter it;
    size_t left = set_count(s), room = 0;

    for (set_iter_begin(&it, s); set_iter_next(&it); left--) {
        if (room == 0) {
            room = left < WORDS_AT_ONCE ? left : WORDS_AT_ONCE;
            record_head(ch->record, 2 + room);
            record_str(ch->record, "SADD");
            record_word(ch->record, ch->name);
        }
        record_word(ch->record, it.item.member);
        room--;
    }
    set_iter_end(&it);
}

void change_set_take(struct broker *b, int db, struct slice name, struct set *s, enum event event)
{
    struct change ch = change_open(b, db, name);

    if (s && set_count(s) == 0) {
        set_free(s);
        s = NULL;
    }
    ch.untouched = !s && !ch.key;
    change_drop(&ch);
    if (s) {
        ch.event = event;
        change_make(&ch, KEY_SET, s);
        record_members(&ch, s);
    }
    change_close(&ch);
}
