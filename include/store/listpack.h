/* store/listpack.h - sequences of strings and numbers in one block, as Redis packs them: listpacks, ziplists
 * (its older ones) and intsets. Read where they come from somebody else: nothing outside the block is looked
 * at, whatever is in it; and listpacks written. */
#ifndef STORE_LISTPACK_H
#define STORE_LISTPACK_H

#include "base/buf.h"
#include "base/num.h"

struct listpack_item {
    const char *p; /* a string; NULL: a number */
    size_t n;
    int64_t number;
    char digits[NUM_MAX];
};

/* As text, good as long as the item and the block. */
static inline struct slice listpack_text(const struct listpack_item *i)
{
    return (struct slice){i->p ? i->p : i->digits, i->n};
}
/* As a number; false: it is none. */
bool listpack_number(const struct listpack_item *i, int64_t *v);

/* A walk:   for (listpack_open(&l, block); listpack_next(&l, &item);) ...
 * It ends at the end or at the first thing that is wrong: then `bad`. */
struct listpack {
    const uint8_t *p, *end; /* of the items that are left */
    bool bad;
    bool ziplist;
    unsigned width;  /* of an intset's numbers; 0: it is none */
    uint32_t count;  /* items read so far */
    uint32_t wants;  /* items that there are to be; UINT32_MAX: not known */
    uint32_t before; /* ziplist: bytes of the item read last */
    int64_t last;    /* intset: the number read last */
};
void listpack_open(struct listpack *l, struct slice block);
void listpack_open_ziplist(struct listpack *l, struct slice block);
void listpack_open_intset(struct listpack *l, struct slice block); /* numbers rise */
bool listpack_next(struct listpack *l, struct listpack_item *out);
/* Bytes that are left: there are not more items than that. */
static inline size_t listpack_left(const struct listpack *l)
{
    return (size_t)(l->end - l->p);
}

/* Writing: begin, then any number of items, then end. */
struct listpack_out {
    struct buf *to;
    size_t begin; /* where it begins in there */
    uint32_t count;
};
void listpack_begin(struct listpack_out *o, struct buf *to);
void listpack_put(struct listpack_out *o, struct slice text);
void listpack_put_number(struct listpack_out *o, int64_t v);
void listpack_end(struct listpack_out *o);
/* Bytes so far. */
static inline size_t listpack_size(const struct listpack_out *o)
{
    return o->to->n - o->begin;
}

#endif
