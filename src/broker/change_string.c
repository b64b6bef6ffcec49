/* broker/change_string.c - changes of strings. See broker/change.h. */
#include "broker/change.h"
#include "broker_impl.h"
#include "store/record.h"
#include "store/string_edit.h"

void change_string_put(struct change *ch, struct slice value)
{
    if (!ch->key)
        change_make(ch, KEY_STRING, string_new(value));
    else if (ch->key->type == KEY_STRING)
        ch->key->string = string_assign(ch->key->string, value);
    else
        change_replace(ch, KEY_STRING, string_new(value));
}

/* What is appended is recorded as such: a replay that knows no offset needs none. */
static void record_splice(struct change *ch, size_t at, struct slice bytes)
{
    bool append = at == (ch->key ? ch->key->string->n : 0);

    record_head(ch->record, append ? 3 : 4);
    record_str(ch->record, append ? "APPEND" : "SETRANGE");
    record_word(ch->record, ch->name);
    if (!append)
        record_u64(ch->record, at);
    record_word(ch->record, bytes);
}

void change_splice(struct broker *b, int db, struct slice name, size_t at, struct slice bytes,
                   enum event event)
{
    struct change ch = change_open(b, db, name);

    ch.event = event;
    record_splice(&ch, at, bytes);
    if (!ch.key)
        change_make(&ch, KEY_STRING, string_splice(NULL, at, bytes));
    else
        ch.key->string = string_splice(ch.key->string, at, bytes);
    change_close(&ch);
}
