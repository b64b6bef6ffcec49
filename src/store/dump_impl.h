/* What the files that write a dump share. */
#ifndef STORE_DUMP_IMPL_H
#define STORE_DUMP_IMPL_H

#include "base/buf.h"
#include "rdb_forms.h"

void dump_le(struct buf *b, uint64_t v, int bytes); /* low byte first */
void dump_be(struct buf *b, uint64_t v, int bytes);
void dump_length(struct buf *b, uint64_t n);
void dump_string(struct buf *b, struct slice s);

/* store/dump_stream.c: as FORM_STREAM_3. */
void dump_stream(struct buf *b, const struct stream *s);

#endif
