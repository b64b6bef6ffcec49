/* broker/change_list.c - changes of lists. See broker/change.h. */
#include "broker/change.h"
#include "store/deque_edit.h"
#include "store/record.h"

void change_push(struct broker *b, int db, struct slice name, bool front, const struct slice *v, size_t n)
{
    struct change ch = change_open(b, db, name);

    if (!ch.key)
        change_make(&ch, KEY_LIST, deque_new());
    record_head(ch.record, 2 + n);
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
