/* tests/unit/test_mem.c - memory is counted, and slots are aligned, apart, and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"

static void counts_what_is_used(void **state)
{
    size_t before = mem_used();
    void *p = mem_alloc(1000000), *none = mem_alloc(0);

    (void)state;
    assert_in_range(mem_used() - before, 1000000, 1300000);
    assert_true(mem_peak() >= mem_used());
    p = mem_realloc(p, 2000000);
    assert_in_range(mem_used() - before, 2000000, 2600000);
    mem_free_sized(p, 2000000);
    mem_free_sized(none, 0);
    mem_free_sized(NULL, 10);
    mem_free(NULL);
    assert_int_equal(mem_used(), before);
    assert_true(mem_peak() >= before + 2000000);
}

static void zeroed_and_copied(void **state)
{
    char *p = mem_zalloc(5000), *text = mem_strdup(SLICE("a\0b")),
         *empty = mem_strdup((struct slice){NULL, 0});

    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(p[i], 0);
    assert_memory_equal(text, "a\0b", 4);
    assert_string_equal(empty, "");
    mem_free(p);
    mem_free(text);
    mem_free(empty);
    assert_true(strlen(mem_allocator()) > 3);
}

#define SLOTS 200

/* Each slot is filled with its own number, which must still be there when it goes. */
static void slots_keep_apart(void **state)
{
    static uint64_t *slots[SLOTS];
    struct random r;
    size_t before = mem_used(), n = 0;

    (void)state;
    random_seed(&r, 1);
    for (int step = 0; step < 4000 || n; step++) {
        uint64_t i = random_below(&r, SLOTS);

        if (!slots[i] && step < 4000 && random_below(&r, 3) < (step / 1000 % 2 ? 1 : 2)) {
            slots[i] = mem_slot_alloc();
            assert_int_equal((uintptr_t)slots[i] % 4096, 0);
            slots[i][0] = slots[i][MEM_SLOT / 8 - 1] = i;
            n++;
        } else if (slots[i]) {
            assert_int_equal(slots[i][0] + slots[i][MEM_SLOT / 8 - 1], 2 * i);
            mem_slot_free(slots[i]);
            slots[i] = NULL;
            n--;
        }
        assert_in_range(mem_used() - before, n * MEM_SLOT, n * (MEM_SLOT + 4096) + 300000);
    }
    mem_slot_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_used),
        cmocka_unit_test(zeroed_and_copied),
        cmocka_unit_test(slots_keep_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
