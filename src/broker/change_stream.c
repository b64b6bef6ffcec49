/* broker/change_stream.c - changes of streams. See broker/change_stream.h. */
#include "broker/change_stream.h"
#include "broker/change_idmp.h"
#include "broker_impl.h"
#include "store/record.h"
#include "store/stream_edit.h"

static void record_xadd(struct change *ch, const struct idmp_name *as, struct slice id,
                        const struct slice *field, size_t n)
{
    record_head(ch->record, (as ? 6 : 3) + n);
    record_str(ch->record, "XADD");
    record_word(ch->record, ch->name);
    if (as) {
        record_str(ch->record, "IDMP");
        record_word(ch->record, as->pid);
        record_word(ch->record, as->iid);
    }
    record_word(ch->record, id);
    record_slices(ch->record, field, n);
}

static void record_with_attrs(struct change *ch, struct slice id, const struct slice *field, size_t n,
                              const struct entry_attrs *attrs)
{
    record_add(ch->record, ch->name, id, attrs, n);
    record_slices(ch->record, field, n);
}

/* The first message of a stream, or one with attributes or a name. Apart from the others, which are many:
 * they pay nothing for it. The record of a new stream's limits would undo an IDMP before it. */
static __attribute__((noinline)) void add_special(struct change *ch, struct stream_id id, struct slice text,
                                                  const struct slice *field, size_t n,
                                                  const struct entry_attrs *attrs, const struct idmp_name *as)
{
    bool first = !ch->key, apart = attrs || (first && !change_idmp_usual(ch->b));

    if (first)
        change_make(ch, KEY_STREAM, stream_new(&ch->b->seed));
    if (attrs)
        record_with_attrs(ch, text, field, n, attrs);
    else
        record_xadd(ch, apart ? NULL : as, text, field, n);
    stream_append(ch->key->stream, id, field, n, attrs, &ch->b->node_limits);
    if (first)
        change_idmp_begin(ch);
    if (as)
        change_idmp_remember(ch, as, id, apart);
}

void change_xadd(struct broker *b, int db, struct slice name, struct stream_id id, struct slice text,
                 const struct slice *field, size_t n, const struct entry_attrs *attrs,
                 const struct stream_trim *trim, const struct idmp_name *as)
{
    struct change ch = change_open(b, db, name);

    if (!ch.key || attrs || as) {
        add_special(&ch, id, text, field, n, attrs, as);
    } else {
        record_xadd(&ch, NULL, text, field, n);
        stream_append(ch.key->stream, id, field, n, NULL, &b->node_limits);
    }
    if (stream_ids_return(ch.key->stream))
        stream_bring_back(ch.key->stream, id);
    ch.event = EVENT_XADD;
    if (trim && change_trim(&ch, trim))
        ch.then = EVENT_XTRIM;
    change_close(&ch);
}

void change_xsetid(struct broker *b, int db, struct slice name, struct stream_id last, uint64_t added,
                   struct stream_id max_deleted)
{
    struct change ch = change_open(b, db, name);

    record_head(ch.record, 7);
    record_str(ch.record, "XSETID");
    record_word(ch.record, name);
    record_id(ch.record, last);
    record_str(ch.record, "ENTRIESADDED");
    record_u64(ch.record, added);
    record_str(ch.record, "MAXDELETEDID");
    record_id(ch.record, max_deleted);
    stream_set_ids(ch.key->stream, last, added, max_deleted);
    ch.event = EVENT_XSETID;
    ch.quiet = true;
    change_close(&ch);
}
