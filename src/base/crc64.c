/* base/crc64.c - see base/crc64.h. */
#include "base/crc64.h"

#define POLYNOMIAL UINT64_C(0x95ac9329ac4bc9b5) /* 0xad93d23594c935a9, its bits reversed */

/* Constant once main() runs. */
static uint64_t table[256];

__attribute__((constructor)) static void table_fill(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
        table[i] = c;
    }
}

uint64_t crc64(uint64_t sum, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    while (n--)
        sum = sum >> 8 ^ table[(sum ^ *p++) & 0xff];
    return sum;
}
