/* SHA-256, against the examples of the standard and lengths around a block. */
#include "base/mem.h"
#include "base/sha256.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the above first */
#include <cmocka.h>

static void expect(const char *text, const char *wanted)
{
    char got[65];

    sha256_hex(slice_of(text), got);
    assert_string_equal(got, wanted);
}

static void agrees_with_the_standard(void **state)
{
    (void)state;
    expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void every_length_has_its_padding(void **state)
{
    static const struct {
        size_t n;
        const char *hash;
    } of_a[] = {{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
                {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
                {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
                {1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
    char *text = mem_alloc(1000000), got[65];

    (void)state;
    memset(text, 'a', 1000000);
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++) {
        sha256_hex((struct slice){text, of_a[i].n}, got);
        assert_string_equal(got, of_a[i].hash);
    }
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_standard),
        cmocka_unit_test(every_length_has_its_padding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
