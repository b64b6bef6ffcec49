/* HyperLogLog: the bytes of Redis, how good the counts are, and bytes from nowhere. */
#include "base/num.h"
#include "base/random.h"
#include "fixture.h"
#include "store/hll.h"

#include <math.h>
#include <stdio.h>

static struct slice number(char text[32], int i)
{
    return (struct slice){text, (size_t)snprintf(text, 32, "element:%d", i)};
}

static void add(struct hll *h, struct slice element)
{
    uint8_t rank;
    unsigned reg = hll_place(element, &rank);

    if (h->reg[reg] < rank)
        h->reg[reg] = rank;
}

static void counts_are_close(void **state)
{
    struct hll *h = mem_zalloc(sizeof *h);
    char text[32];

    (void)state;
    assert_int_equal(hll_count(h), 0);
    for (int i = 1; i <= 200000; i++) {
        add(h, number(text, i));
        if (i == 1 || i == 10 || i == 100 || i == 5000 || i == 60000 || i == 200000)
            assert_true(fabs((double)hll_count(h) - i) <= 0.03 * i);
    }
    mem_free(h);
}

static void assert_same_registers(const struct hll *h, struct slice bytes)
{
    struct hll *back = mem_zalloc(sizeof *back);

    assert_true(hll_valid(bytes));
    assert_true(hll_merge(back, bytes));
    assert_memory_equal(back->reg, h->reg, sizeof back->reg);
    mem_free(back);
}

static void both_forms_come_back(void **state)
{
    struct hll *h = mem_zalloc(sizeof *h);
    char text[32];

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct buf sparse = {0}, dense = {0};

        add(h, number(text, i));
        if (i % 37)
            continue;
        hll_write(h, false, 3000, &sparse);
        hll_write(h, true, 3000, &dense);
        assert_same_registers(h, buf_slice(&sparse));
        assert_same_registers(h, buf_slice(&dense));
        assert_int_equal(dense.n, HLL_DENSE);
        assert_true(sparse.n <= 3000 || sparse.n == HLL_DENSE);
        buf_free(&sparse);
        buf_free(&dense);
    }
    mem_free(h);
}

static void a_dense_register_is_set_in_place(void **state)
{
    struct hll *h = mem_zalloc(sizeof *h);
    struct buf dense = {0};
    struct random r;

    (void)state;
    random_seed(&r, 3);
    hll_write(h, true, 0, &dense);
    for (int i = 0; i < 20000; i++) {
        unsigned reg = i == 0 ? HLL_REGISTERS - 1 : (unsigned)(random_next(&r) % HLL_REGISTERS);
        size_t at;
        char two[2];

        h->reg[reg] = (uint8_t)(random_next(&r) % 52);
        hll_put(buf_slice(&dense), reg, h->reg[reg], &at, two);
        assert_true(at + 2 <= dense.n);
        memcpy(dense.p + at, two, 2);
        assert_int_equal(hll_get(buf_slice(&dense), reg), h->reg[reg]);
    }
    assert_same_registers(h, buf_slice(&dense));
    buf_free(&dense);
    mem_free(h);
}

/* Each in an allocation of its own size, so that a sanitizer sees a read too far. */
static void any_bytes_are_safe(void **state)
{
    struct hll *h = mem_zalloc(sizeof *h);
    struct random r;

    (void)state;
    random_seed(&r, 11);
    for (int i = 0; i < 3000; i++) {
        size_t n = i % 50 == 0 ? HLL_DENSE : (size_t)(random_next(&r) % 60);
        char *p = mem_alloc(n + !n);
        uint64_t count;

        for (size_t k = 0; k < n; k++)
            p[k] = k < 4 && i % 5 ? "HYLL"[k] : (char)(k == 4 ? random_next(&r) % 3 : random_next(&r));
        if (hll_valid((struct slice){p, n})) {
            hll_known((struct slice){p, n}, &count);
            hll_merge(h, (struct slice){p, n});
            hll_count(h);
        }
        mem_free(p);
    }
    mem_free(h);
}

static void commands(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "PFADD h", ":1");
    expect(t, 0, "PFADD h", ":0");
    expect(t, 0, "PFADD h a b c", ":1");
    expect(t, 0, "PFADD h a", ":0");
    expect(t, 0, "PFADD g c d", ":1");
    expect(t, 0, "PFCOUNT h g none", ":4");
    expect(t, 0, "PFMERGE m h g", "+OK");
    expect(t, 0, "PFCOUNT m", ":4");
    expect(t, 0, "SET x HYLL", "+OK");
    expect(t, 0, "PFADD x a", "-WRONGTYPE Key is not a valid HyperLogLog string value.");
    expect(t, 0, "PFMERGE m x", "-WRONGTYPE Key is not a valid HyperLogLog string value.");
    expect(t, 0, "RPUSH l 1", ":1");
    expect(t, 0, "PFCOUNT l", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "SET y \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xfe\"",
           "+OK");
    expect(t, 0, "PFCOUNT y", "-INVALIDOBJ Corrupted HLL object detected");
    expect(t, 0, "PFADD y a", "-INVALIDOBJ Corrupted HLL object detected");
    expect(t, 0, "PFMERGE m y", "-INVALIDOBJ Corrupted HLL object detected");
    expect(t, 0, "CONFIG SET hll-sparse-max-bytes 0", "+OK");
    expect(t, 0, "EXPIRE h 100", ":1");
    expect(t, 0, "PFADD h d", ":1");
    expect(t, 0, "STRLEN h", ":12304");
    expect(t, 0, "PFADD h e f d", ":1");
    expect(t, 0, "PFADD h e f d", ":0");
    expect(t, 0, "PFCOUNT h", ":6");
    expect(t, 0, "TTL h", ":100");
    expect(t, 0, "PFMERGE g h", "+OK");
    expect(t, 0, "STRLEN g", ":12304");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_close),
        cmocka_unit_test(both_forms_come_back),
        cmocka_unit_test(a_dense_register_is_set_in_place),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test_setup_teardown(commands, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
