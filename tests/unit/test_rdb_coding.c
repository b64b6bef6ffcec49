/* base/crc64, base/lzf: what the form of Redis' dumps needs. */
#include "base/crc64.h"
#include "base/lzf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka wants the above first */
#include <cmocka.h>

static void the_check_of_the_polynomial(void **state)
{
    uint64_t sum = crc64(0, "1234", 4);

    (void)state;
    assert_int_equal(crc64(0, "", 0), 0);
    assert_true(crc64(0, "123456789", 9) == UINT64_C(0xe9c6d914c4b8d9ca));
    assert_true(crc64(sum, "56789", 5) == UINT64_C(0xe9c6d914c4b8d9ca));
}

static void unpacks(struct slice packed, const char *wanted)
{
    char to[600];
    size_t n = strlen(wanted);

    assert_true(lzf_unpack(packed, to, n));
    assert_memory_equal(to, wanted, n);
    assert_false(lzf_unpack(packed, to, n + 1));
    if (n)
        assert_false(lzf_unpack(packed, to, n - 1));
}

static void texts(void **state)
{
    (void)state;
    unpacks(SLICE(""), "");
    unpacks(SLICE("\2abc"), "abc");
    unpacks(SLICE("\2abc\40\2"), "abcabc");          /* 3 bytes from 3 back */
    unpacks(SLICE("\0a\340\0\0"), "aaaaaaaaaa");     /* 9 from 1 back: they overlap */
    unpacks(SLICE("\1ab\340\2\1"), "ababababababa"); /* 11 from 2 back */
    unpacks(SLICE("\0a\340\1\0\2xyz\40\2"), "aaaaaaaaaaaxyzxyz");
}

static void damaged(void **state)
{
    char to[64];

    (void)state;
    assert_false(lzf_unpack(SLICE("\2ab"), to, 3));    /* fewer than announced */
    assert_false(lzf_unpack(SLICE("\0a\40"), to, 4));  /* no place */
    assert_false(lzf_unpack(SLICE("\0a\340"), to, 9)); /* no length */
    assert_false(lzf_unpack(SLICE("\0a\340\0"), to, 9));
    assert_false(lzf_unpack(SLICE("\0a\40\1"), to, 4)); /* from before the beginning */
    assert_false(lzf_unpack(SLICE("\40\0"), to, 3));
}

/* Whatever comes in, nothing is read or written outside. */
static void noise(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 200000; i++) {
        char in[24], *to = malloc(40);
        size_t n = (size_t)rand() % sizeof in;

        for (size_t k = 0; k < n; k++)
            in[k] = (char)(rand() % 3 ? rand() % 4 : rand());
        lzf_unpack((struct slice){in, n}, to, (size_t)rand() % 40);
        free(to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_check_of_the_polynomial), cmocka_unit_test(texts),
                                       cmocka_unit_test(damaged), cmocka_unit_test(noise)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
