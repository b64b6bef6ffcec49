/* tests/unit/test_hash.c - SipHash-1-3 against values of another implementation (CPython 3.11's), whose
 * key is zero; and that the seed and each byte matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

static void known_values(void **state)
{
    static const struct {
        size_t n;
        uint64_t hash;
    } known[] = {
        {1, UINT64_C(0x68a914128e01e473)},  {3, UINT64_C(0x4d4c9a4a8ef6e0ad)},
        {4, UINT64_C(0x7cc43f98813e4dbd)},  {7, UINT64_C(0x2f098ab0c751325a)},
        {8, UINT64_C(0xead411e67ebe2eea)},  {9, UINT64_C(0x75927f9d95124362)},
        {15, UINT64_C(0xf30eb725bb91c9ea)}, {16, UINT64_C(0x8972188433a5c5b7)},
        {17, UINT64_C(0x4883c49a2c009c1d)}, {31, UINT64_C(0x169739443111d49b)},
        {64, UINT64_C(0x75e05fd5bbc870c6)},
    };
    const struct hash_seed zero = {0};
    char bytes[64];

    (void)state;
    for (int i = 0; i < 64; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_int_equal(hash_bytes((struct slice){bytes, known[i].n}, &zero), known[i].hash);
}

static void every_bit_counts(void **state)
{
    const struct hash_seed seed = {1, 2}, other = {1, 3};
    char bytes[40] = {0};

    (void)state;
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct slice s = {n ? bytes : NULL, n};
        uint64_t plain = hash_bytes(s, &seed);

        assert_int_not_equal(plain, hash_bytes(s, &other));
        for (size_t bit = 0; bit < n * 8; bit++) {
            bytes[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_not_equal(plain, hash_bytes(s, &seed));
            bytes[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(every_bit_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
