/* broker/change_string.c - changes of strings. See broker/change.h. */
#include "broker/change.h"
#include "broker_impl.h"
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
