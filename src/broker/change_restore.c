/* broker/change_restore.c - a value that was made elsewhere becomes a key. See broker/change.h. */
#include "broker/change.h"
#include "broker/change_idmp.h"
#include "broker/rewrite.h"
#include "broker_impl.h"

void change_restore(struct broker *b, int db, struct slice name, enum key_type type, void *value, msec at)
{
    struct change ch = change_open(b, db, name);

    change_drop(&ch);
    change_make(&ch, type, value);
    ch.fresh = true; /* in Redis one that was there is deleted first */
    ch.event = EVENT_RESTORE;
    if (at >= 0)
        expiry_set(b, db, ch.key, at);
    if (ch.record != &b->nowhere)
        rewrite_key(b, ch.key, ch.record);
    if (type == KEY_STREAM && !stream_idmp(ch.key->stream))
        change_idmp_begin(&ch);
    change_close(&ch);
}
