/* broker/change_library.c - see broker/library.h. */
#include "base/mem.h"
#include "broker/change.h"
#include "broker/library.h"
#include "broker_impl.h"
#include "store/record.h"

static struct slice entry_name(const void *entry)
{
    return library_name(entry);
}

const struct dict_type library_dict_type = {.key = entry_name, .free = mem_free};

const struct library *library_find(const struct broker *b, struct slice name)
{
    return dict_find(&b->libraries, name);
}

/* A record that is about no key. */
static void record_alone(struct broker *b, const struct slice *word, size_t n)
{
    struct buf *record;

    b->stats.changes++;
    if (!b->journal || b->origin == ORIGIN_REPLAY)
        return;
    record = journal_begin(b->journal, 0);
    record_head(record, n);
    record_slices(record, word, n);
    journal_end(b->journal);
}

void change_library_set(struct broker *b, struct slice name, struct slice code)
{
    struct library *l = mem_alloc(sizeof *l + name.n + code.n);

    *l = (struct library){.name_len = name.n, .code_len = code.n};
    memcpy(l->text, name.p, name.n);
    memcpy(l->text + name.n, code.p, code.n);
    mem_free(dict_remove(&b->libraries, name));
    dict_add(&b->libraries, l);
    record_alone(b, (struct slice[]){SLICE("FUNCTION"), SLICE("LOAD"), SLICE("REPLACE"), code}, 4);
}

void change_library_delete(struct broker *b, struct slice name)
{
    record_alone(b, (struct slice[]){SLICE("FUNCTION"), SLICE("DELETE"), name}, 3);
    mem_free(dict_remove(&b->libraries, name));
}

void change_library_flush(struct broker *b)
{
    record_alone(b, (struct slice[]){SLICE("FUNCTION"), SLICE("FLUSH")}, 2);
    dict_clear(&b->libraries);
}
