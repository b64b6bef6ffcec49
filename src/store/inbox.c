/* inbox.c - what a stream knows of messages that are not in it. */
#include "store/inbox_edit.h"

#include "base/mem.h"

msec inbox_next(const struct inbox *x)
{
    struct delayed_message m;
    msec at = INT64_MAX, over;

    if (delayed_first(&x->delayed, &m))
        at = (msec)m.id.ms;
    if (windows_next(&x->windows, &over) && over < at)
        at = over;
    return at;
}

bool inbox_is_blank(const struct inbox *x)
{
    return x->delayed.next == 0 && windows_count(&x->windows) == 0;
}

size_t inbox_memory(const struct inbox *x)
{
    return sizeof *x + delayed_memory(&x->delayed) + windows_memory(&x->windows);
}

struct inbox *inbox_new(const struct hash_seed *seed)
{
    struct inbox *x = mem_alloc(sizeof *x);

    delayed_init(&x->delayed);
    windows_init(&x->windows, seed);
    return x;
}

bool inbox_free_some(struct inbox *x, size_t n)
{
    if (!delayed_free_some(&x->delayed, n))
        return false;
    windows_clear(&x->windows);
    mem_free(x);
    return true;
}

void inbox_free(struct inbox *x)
{
    while (x && !inbox_free_some(x, SIZE_MAX))
        ;
}

struct inbox *inbox_copy(const struct inbox *x, const struct hash_seed *seed)
{
    struct inbox *to = mem_alloc(sizeof *to);

    delayed_copy(&to->delayed, &x->delayed);
    windows_copy(&to->windows, &x->windows, seed);
    return to;
}

void inbox_check(const struct inbox *x)
{
    delayed_check(&x->delayed);
    windows_check(&x->windows);
}
