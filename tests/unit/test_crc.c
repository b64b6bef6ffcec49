/* tests/unit/test_crc.c - CRC-32C: the values of RFC 3720, and the two ways to compute it agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc.h"
#include "base/random.h"
#include <string.h>

static void known_values(void **state)
{
    char bytes[32];

    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, "", 0), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (char)i;
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
    for (int i = 0; i < 32; i++)
        bytes[i] = (char)(31 - i);
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
}

/* At every alignment and length, in one piece and in two. */
static void ways_agree(void **state)
{
    struct random r;
    char bytes[300];

    (void)state;
    random_seed(&r, 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)random_next(&r);
    for (size_t at = 0; at < 9; at++)
        for (size_t n = 0; n + at <= sizeof(bytes); n++) {
            uint32_t sum = crc32c(0, bytes + at, n);
            size_t cut = n / 3;

            assert_int_equal(crc32c_portable(0, bytes + at, n), sum);
            assert_int_equal(crc32c(crc32c(0, bytes + at, cut), bytes + at + cut, n - cut), sum);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(ways_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
