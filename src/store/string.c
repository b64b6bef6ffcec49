/* store/string.c - see store/string.h. */
#include "base/mem.h"
#include "store/string_edit.h"

struct string *string_new(struct slice content)
{
    struct string *s = mem_alloc(sizeof *s + content.n);

    s->n = s->cap = content.n;
    memcpy(s->p, content.p, content.n);
    return s;
}

void string_free(struct string *s)
{
    mem_free(s);
}

struct string *string_assign(struct string *s, struct slice content)
{
    if (s->cap < content.n || s->cap > content.n * 2 + 64) { /* do not keep a large block for a small value */
        string_free(s);
        return string_new(content);
    }
    s->n = content.n;
    memcpy(s->p, content.p, content.n);
    return s;
}

size_t string_memory(const struct string *s)
{
    return sizeof *s + s->cap;
}

struct string *string_splice(struct string *s, size_t at, struct slice bytes)
{
    size_t end = at + bytes.n, had = s ? s->n : 0, cap = end;

    if (!s || s->cap < end) {
        if (s)
            cap += end < ((size_t)1 << 20) ? end : (size_t)1 << 20;
        s = mem_realloc(s, sizeof *s + cap);
        s->cap = cap;
    }
    if (at > had)
        memset(s->p + had, 0, at - had);
    memcpy(s->p + at, bytes.p, bytes.n);
    s->n = end > had ? end : had;
    return s;
}
