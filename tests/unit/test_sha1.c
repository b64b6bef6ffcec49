/* base/sha1: the examples of FIPS 180, and every length around the blocks. */
#include "base/mem.h"
#include "base/sha1.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first */
#include <cmocka.h>

static void expect(struct slice text, const char *wanted)
{
    char hex[SHA1_HEX + 1];

    sha1_hex(text, hex);
    assert_string_equal(hex, wanted);
}

static void known_texts(void **state)
{
    char *million = mem_alloc(1000000);

    (void)state;
    memset(million, 'a', 1000000);
    expect(SLICE(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect(SLICE("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
           "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect((struct slice){million, 1000000}, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    mem_free(million);
}

/* The digests of 0 to 200 bytes of 'x', one behind the other, have this digest: Python's hashlib said so. */
static void every_length(void **state)
{
    char text[200], all[201 * SHA1_HEX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n <= sizeof text; n++)
        sha1_hex((struct slice){text, n}, all + n * SHA1_HEX);
    expect((struct slice){all, 201 * SHA1_HEX}, "1f67da40a499e887e43c141418cc90ce5c8f9002");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_texts), cmocka_unit_test(every_length)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
