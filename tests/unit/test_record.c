/* test_record.c - records as they lie in the journal. */
#include "base/mem.h"
#include "store/record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_text(struct buf *b, const char *want, size_t n)
{
    assert_int_equal(b->n, n);
    assert_memory_equal(b->p, want, n);
    b->n = 0;
}

#define ASSERT_TEXT(b, literal) assert_text(b, literal, sizeof(literal) - 1)

static void words_are_bulk_strings(void **state)
{
    struct buf b = {0};

    (void)state;
    record_head(&b, 3);
    ASSERT_TEXT(&b, "*3\r\n");
    record_head(&b, 1234567890123);
    ASSERT_TEXT(&b, "*1234567890123\r\n");
    record_word(&b, (struct slice){"a\0\r\n", 4});
    ASSERT_TEXT(&b, "$4\r\na\0\r\n\r\n");
    record_word(&b, (struct slice){NULL, 0});
    ASSERT_TEXT(&b, "$0\r\n\r\n");
    record_str(&b, "twelve bytes");
    ASSERT_TEXT(&b, "$12\r\ntwelve bytes\r\n");
    record_slices(&b, (struct slice[]){SLICE("1700000000000-12345"), {NULL, 0}, SLICE("c")}, 3);
    ASSERT_TEXT(&b, "$19\r\n1700000000000-12345\r\n$0\r\n\r\n$1\r\nc\r\n");
    buf_free(&b);
}

static void numbers_are_decimal(void **state)
{
    struct buf b = {0};

    (void)state;
    record_u64(&b, UINT64_MAX);
    ASSERT_TEXT(&b, "$20\r\n18446744073709551615\r\n");
    record_i64(&b, INT64_MIN);
    ASSERT_TEXT(&b, "$20\r\n-9223372036854775808\r\n");
    record_i64(&b, -1);
    ASSERT_TEXT(&b, "$2\r\n-1\r\n");
    record_id(&b, (struct stream_id){12, 3});
    ASSERT_TEXT(&b, "$4\r\n12-3\r\n");
    record_id(&b, STREAM_ID_MAX);
    ASSERT_TEXT(&b, "$41\r\n18446744073709551615-18446744073709551615\r\n");
    buf_free(&b);
}

static void a_whole_record(void **state)
{
    struct buf b = {0};

    (void)state;
    record_words(&b, (const char *[]){"SELECT", "1"}, 2);
    ASSERT_TEXT(&b, "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n");
    buf_free(&b);
}

static void long_words_grow_the_buffer(void **state)
{
    struct buf b = {0};
    char *word = mem_alloc(100000);

    (void)state;
    memset(word, 'x', 100000);
    for (int i = 0; i < 10; i++)
        record_word(&b, (struct slice){word, 100000});
    assert_int_equal(b.n, 10 * (100000 + 9 + 2));
    assert_memory_equal(b.p + b.n - 6, "xxxx\r\n", 6);
    mem_free(word);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_bulk_strings),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(a_whole_record),
        cmocka_unit_test(long_words_grow_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
