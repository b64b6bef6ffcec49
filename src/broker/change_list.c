/* broker/change_list.c - changes of lists. See broker/change.h. */
#include "broker/change.h"
#include "store/deque_edit.h"
#include "store/record.h"

#define WORDS_AT_ONCE 128

void change_push(struct broker *b, int db, struct slice name, bool front, const struct slice *v, size_t n)
{
    struct change ch = change_open(b, db, name);

    if (!ch.key)
        change_make(&ch, KEY_LIST, deque_new());
    record_head(ch.record, 2 + n);
    ch.event = front ? EVENT_LPUSH : EVENT_RPUSH;
    record_str(ch.record, front ? "LPUSH" : "RPUSH");
    record_word(ch.record, name);
    for (size_t i = 0; i < n; i++) {
        record_word(ch.record, v[i]);
        if (front)
            deque_push_front(ch.key->list, v[i]);
        else
            deque_push_back(ch.key->list, v[i]);
    }
    change_close(&ch);
}

void change_pop(struct broker *b, int db, struct slice name, bool front, size_t n)
{
    struct change ch = change_open(b, db, name);

    record_head(ch.record, 3);
    ch.event = front ? EVENT_LPOP : EVENT_RPOP;
    record_str(ch.record, front ? "LPOP" : "RPOP");
    record_word(ch.record, name);
    record_u64(ch.record, n);
    while (n--) {
        if (front)
            deque_pop_front(ch.key->list);
        else
            deque_pop_back(ch.key->list);
    }
    if (deque_length(ch.key->list) == 0)
        change_unmake(&ch);
    ch.quiet = true;
    change_close(&ch);
}

void change_lset(struct broker *b, int db, struct slice name, int64_t index, struct slice value)
{
    struct change ch = change_open(b, db, name);
    struct deque_pos pos;

    record_head(ch.record, 4);
    record_str(ch.record, "LSET");
    record_word(ch.record, name);
    record_i64(ch.record, index);
    record_word(ch.record, value);
    deque_seek(ch.key->list, index, &pos);
    deque_set(ch.key->list, &pos, value);
    ch.event = EVENT_LSET;
    ch.quiet = true;
    change_close(&ch);
}

bool change_linsert(struct broker *b, int db, struct slice name, bool before, struct slice pivot,
                    struct slice value)
{
    struct change ch = change_open(b, db, name);
    struct deque_pos pos;
    bool ok = deque_seek(ch.key->list, 0, &pos);

    while (ok && !slice_eq(deque_value(&pos), pivot))
        ok = deque_next(&pos);
    ch.untouched = !ok;
    ch.event = EVENT_LINSERT;
    if (ok) {
        record_head(ch.record, 5);
        record_str(ch.record, "LINSERT");
        record_word(ch.record, name);
        record_str(ch.record, before ? "BEFORE" : "AFTER");
        record_word(ch.record, pivot);
        record_word(ch.record, value);
        deque_insert(ch.key->list, &pos, before, value);
    }
    change_close(&ch);
    return ok;
}

size_t change_lrem(struct broker *b, int db, struct slice name, int64_t count, struct slice value)
{
    struct change ch = change_open(b, db, name);
    bool back = count < 0;
    size_t most = count == 0 ? SIZE_MAX : (size_t)(back ? -count : count), removed = 0;
    struct deque_pos pos;

    for (bool ok = deque_seek(ch.key->list, back ? -1 : 0, &pos); ok && removed < most;) {
        if (slice_eq(deque_value(&pos), value)) {
            ok = deque_remove(ch.key->list, &pos, back);
            removed++;
        } else {
            ok = back ? deque_prev(&pos) : deque_next(&pos);
        }
    }
    ch.untouched = removed == 0;
    ch.event = EVENT_LREM;
    ch.quiet = true;
    if (removed) {
        record_head(ch.record, 4);
        record_str(ch.record, "LREM");
        record_word(ch.record, name);
        record_i64(ch.record, count);
        record_word(ch.record, value);
    }
    if (deque_length(ch.key->list) == 0)
        change_unmake(&ch);
    change_close(&ch);
    return removed;
}

void change_ltrim(struct broker *b, int db, struct slice name, size_t first, size_t n)
{
    struct change ch = change_open(b, db, name);

    record_head(ch.record, 4);
    ch.event = EVENT_LTRIM;
    record_str(ch.record, "LTRIM");
    record_word(ch.record, name);
    record_u64(ch.record, n ? first : 1);
    record_u64(ch.record, n ? first + n - 1 : 0);
    deque_drop_back(ch.key->list, deque_length(ch.key->list) - first - n);
    deque_drop_front(ch.key->list, first);
    if (deque_length(ch.key->list) == 0)
        change_unmake(&ch);
    ch.quiet = true;
    change_close(&ch);
}

void change_list_store(struct broker *b, int db, struct slice name, const struct slice *v, size_t n,
                       enum event event)
{
    struct change ch = change_open(b, db, name);

    ch.untouched = n == 0 && !ch.key;
    change_drop(&ch);
    if (n) {
        ch.event = event;
        change_make(&ch, KEY_LIST, deque_new());
    }
    for (size_t i = 0; i < n; i++) {
        if (i % WORDS_AT_ONCE == 0) {
            record_head(ch.record, 2 + (n - i < WORDS_AT_ONCE ? n - i : WORDS_AT_ONCE));
            record_str(ch.record, "RPUSH");
            record_word(ch.record, name);
        }
        record_word(ch.record, v[i]);
        deque_push_back(ch.key->list, v[i]);
    }
    change_close(&ch);
}
