/* base/lzf.c - see base/lzf.h. Packed text is a row of
 *
 *   000lllll                      l + 1 bytes follow as they are
 *   lllooooo oooooooo             l + 2 bytes again that lie o + 1 bytes back; l is 1 to 6
 *   111ooooo llllllll oooooooo    l + 9 bytes
 */
#include "base/lzf.h"
#include <stdint.h>

bool lzf_unpack(struct slice packed, char *to, size_t n)
{
    const uint8_t *p = (const uint8_t *)packed.p, *end = p + packed.n;
    size_t at = 0;

    while (p < end) {
        size_t control = *p++, len = control >> 5, back;

        if (len == 0) {
            len = control + 1;
            if ((size_t)(end - p) < len || n - at < len)
                return false;
            memcpy(to + at, p, len);
            p += len;
            at += len;
            continue;
        }
        if (len == 7 && p < end)
            len += *p++;
        if (p == end)
            return false;
        back = ((control & 0x1f) << 8 | *p++) + 1;
        len += 2;
        if (back > at || n - at < len)
            return false;
        for (; len--; at++) /* one by one: they may overlap */
            to[at] = to[at - back];
    }
    return at == n;
}
