/* tests/unit/test_blake2.c - BLAKE2b: the value of RFC 7693, those of another implementation (Python's
 * hashlib) about the ends of blocks, and that it does not matter in which pieces the bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/blake2.h"
#include "base/random.h"
#include <stdio.h>

/* In hex, good until the next call. */
static const char *digest_of(const void *p, size_t n, size_t bytes)
{
    static char hex[129];
    struct blake2b b;
    uint8_t digest[64];

    blake2b_begin(&b, bytes);
    blake2b_add(&b, p, n);
    blake2b_end(&b, digest);
    for (size_t i = 0; i < bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return hex;
}

static void known_values(void **state)
{
    uint8_t bytes[1000];

    (void)state;
    assert_string_equal(digest_of("abc", 3, 64),
                        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    assert_string_equal(digest_of("", 0, 64),
                        "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
                        "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
    assert_string_equal(digest_of("", 0, 16), "cae66941d9efbd404e4d88758ea67670");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_string_equal(digest_of(bytes, 128, 16), "a74787004ef589e31149183900d0294a");
    assert_string_equal(digest_of(bytes, 129, 16), "aaf1b0371f6d4ee49ee4fb5ddd9c49ef");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i % 251);
    assert_string_equal(digest_of(bytes, 1000, 16), "bca120dfd89cd95d82898473a5b01c90");
}

static void pieces_do_not_matter(void **state)
{
    struct random r;
    uint8_t bytes[600], whole[16], parts[16];

    (void)state;
    random_seed(&r, 7);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)random_below(&r, 256);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct blake2b b;

        blake2b_begin(&b, sizeof whole);
        blake2b_add(&b, bytes, n);
        blake2b_end(&b, whole);
        blake2b_begin(&b, sizeof parts);
        for (size_t at = 0, step; at < n; at += step) {
            step = 1 + (size_t)random_below(&r, n - at);
            blake2b_add(&b, bytes + at, step);
        }
        blake2b_end(&b, parts);
        assert_memory_equal(whole, parts, sizeof whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(pieces_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
