/* base/random.c - xoshiro256**, its state filled by splitmix64 as its authors advise. */
#include "base/random.h"
#include "base/mem.h"
#include <errno.h>
#include <sys/random.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void random_seed(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

uint64_t random_next(struct random *r)
{
    uint64_t *s = r->s;
    uint64_t out = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

/* The high half of a product is even over 0..n-1 but for the few low halves rejected here. */
uint64_t random_below(struct random *r, uint64_t n)
{
    unsigned __int128 product;

    must(n > 0);
    do
        product = (unsigned __int128)random_next(r) * n;
    while ((uint64_t)product < n && (uint64_t)product < -n % n);
    return (uint64_t)(product >> 64);
}

void random_system(void *to, size_t n)
{
    char *p = to;

    while (n) {
        ssize_t got = getrandom(p, n, 0);

        must(got > 0 || errno == EINTR);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}
