/* base/blake2.c - see base/blake2.h; names as in RFC 7693. */
#include "base/blake2.h"

static const uint64_t iv[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint64_t load64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static inline uint64_t rotate(uint64_t x, int by) /* to the right */
{
    return x >> by | x << (64 - by);
}

static inline void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 63);
}

static void compress(struct blake2b *s, const uint8_t *block, bool last)
{
    uint64_t v[16], m[16];

    for (int i = 0; i < 16; i++)
        m[i] = load64(block + 8 * i);
    memcpy(v, s->h, sizeof s->h);
    memcpy(v + 8, iv, sizeof iv);
    v[12] ^= s->done;
    if (last)
        v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *o = sigma[round % 10];

        for (int i = 0; i < 4; i++)
            mix(v, i, 4 + i, 8 + i, 12 + i, m[o[2 * i]], m[o[2 * i + 1]]);
        for (int i = 0; i < 4; i++)
            mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[o[8 + 2 * i]], m[o[9 + 2 * i]]);
    }
    for (int i = 0; i < 8; i++)
        s->h[i] ^= v[i] ^ v[8 + i];
}

void blake2b_begin(struct blake2b *s, size_t bytes)
{
    memcpy(s->h, iv, sizeof iv);
    s->h[0] ^= UINT64_C(0x01010000) ^ bytes;
    s->done = 0;
    s->n = 0;
    s->bytes = bytes;
}

/* The last block is hashed as such, so a full one waits until it is known whether more comes. */
void blake2b_add(struct blake2b *s, const void *from, size_t n)
{
    const uint8_t *p = from;

    while (n) {
        size_t room = BLAKE2B_BLOCK - s->n, part = n < room ? n : room;

        if (room == 0) {
            s->done += BLAKE2B_BLOCK;
            compress(s, s->block, false);
            s->n = 0;
            continue;
        }
        memcpy(s->block + s->n, p, part);
        s->n += part;
        p += part;
        n -= part;
    }
}

void blake2b_add_u64(struct blake2b *s, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> 8 * i);
    blake2b_add(s, b, sizeof b);
}

void blake2b_end(struct blake2b *s, uint8_t *digest)
{
    s->done += s->n;
    memset(s->block + s->n, 0, BLAKE2B_BLOCK - s->n);
    compress(s, s->block, true);
    for (size_t i = 0; i < s->bytes; i++)
        digest[i] = (uint8_t)(s->h[i / 8] >> 8 * (i % 8));
}
