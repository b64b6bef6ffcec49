/* base/lzf.h - LZF, in which Redis packs strings of dumps: unpacking. */
#ifndef BASE_LZF_H
#define BASE_LZF_H

#include "base/slice.h"

/* Unpacks into exactly n bytes; false if that is not what `packed` holds. */
bool lzf_unpack(struct slice packed, char *to, size_t n);

#endif
