/* base/sha1.c - see base/sha1.h; names as in FIPS 180-4. */
#include "base/sha1.h"
#include <stdint.h>

#define BLOCK 64

static inline uint32_t rotate(uint32_t x, int by) /* to the left */
{
    return x << by | x >> (32 - by);
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void mix(uint32_t v[5], uint32_t f, uint32_t k, uint32_t w)
{
    uint32_t t = rotate(v[0], 5) + f + v[4] + k + w;

    v[4] = v[3];
    v[3] = v[2];
    v[2] = rotate(v[1], 30);
    v[1] = v[0];
    v[0] = t;
}

static void compress(uint32_t h[5], const uint8_t *block)
{
    uint32_t w[80], v[5];

    for (int t = 0; t < 16; t++)
        w[t] = load32(block + 4 * t);
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    memcpy(v, h, sizeof v);
    for (int t = 0; t < 20; t++)
        mix(v, (v[1] & v[2]) | (~v[1] & v[3]), 0x5a827999, w[t]);
    for (int t = 20; t < 40; t++)
        mix(v, v[1] ^ v[2] ^ v[3], 0x6ed9eba1, w[t]);
    for (int t = 40; t < 60; t++)
        mix(v, (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]), 0x8f1bbcdc, w[t]);
    for (int t = 60; t < 80; t++)
        mix(v, v[1] ^ v[2] ^ v[3], 0xca62c1d6, w[t]);
    for (int i = 0; i < 5; i++)
        h[i] += v[i];
}

/* What is left of the text, a 1 bit, zeros, and the length in bits: one block or two. */
static void finish(uint32_t h[5], const uint8_t *rest, size_t n, uint64_t all)
{
    uint8_t last[2 * BLOCK] = {0};
    size_t blocks = n + 9 > BLOCK ? 2 : 1;

    if (n)
        memcpy(last, rest, n);
    last[n] = 0x80;
    for (int i = 0; i < 8; i++)
        last[blocks * BLOCK - 1 - (size_t)i] = (uint8_t)(all * 8 >> 8 * i);
    for (size_t i = 0; i < blocks; i++)
        compress(h, last + i * BLOCK);
}

void sha1_hex(struct slice s, char to[SHA1_HEX + 1])
{
    static const char digit[] = "0123456789abcdef";
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint8_t *p = (const uint8_t *)s.p;
    size_t left = s.n;

    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        compress(h, p);
    finish(h, p, left, s.n);
    for (int i = 0; i < SHA1_HEX; i++)
        to[i] = digit[h[i / 8] >> (28 - 4 * (i % 8)) & 15];
    to[SHA1_HEX] = '\0';
}
