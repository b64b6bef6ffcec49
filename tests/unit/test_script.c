/* script/: the engine alone, with a host that echoes; what it answers in RESP, what ends it, what it holds.
 */
#include "base/mem.h"
#include "script/script.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka wants the above first */
#include <cmocka.h>

struct host {
    struct script_engine *e;
    struct outbox_pool pool;
    struct outbox out;
    struct reply reply;
    const char *says; /* the reply to the next command; NULL: the words, as an array */
    struct buf said;
    long ticks; /* so many more, then it ends */
};

static struct slice call(void *arg, const struct slice *word, size_t n, int proto)
{
    struct host *h = arg;

    (void)proto;
    h->said.n = 0;
    if (h->says) {
        buf_add_str(&h->said, h->says);
    } else {
        buf_addf(&h->said, "*%zu\r\n", n);
        for (size_t i = 0; i < n; i++)
            buf_addf(&h->said, "$%zu\r\n%.*s\r\n", word[i].n, SLICE_ARG(word[i]));
    }
    buf_add_char(&h->said, '\0');
    return buf_slice(&h->said);
}

static bool knows(void *arg, const struct slice *word, size_t n)
{
    (void)arg;
    (void)n;
    return slice_is(word[0], "GET");
}

static bool tick(void *arg)
{
    return ((struct host *)arg)->ticks-- > 0;
}

static void no_log(void *arg, int level, struct slice text)
{
    (void)arg;
    (void)level;
    (void)text;
}

static int set_up(void **state)
{
    struct host *h = mem_zalloc(sizeof *h);
    struct script_options o = {.host = {h, call, knows, tick, no_log}, .redis_version = "7.2.4", .seed = 42};
    struct buf why = {0};

    outbox_init(&h->out, &h->pool);
    h->reply = (struct reply){.out = &h->out, .proto = 2};
    h->ticks = 1000000;
    h->e = script_engine_new(&o, &why);
    assert_non_null(h->e);
    script_engine_limit(h->e, 8 << 20);
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    struct host *h = *state;

    script_engine_free(h->e);
    buf_free(&h->said);
    outbox_free(&h->out);
    outbox_pool_free(&h->pool);
    mem_free(h);
    return 0;
}

/* Its reply, or the error behind a '-'; good until the next call. */
static const char *eval(struct host *h, const char *text)
{
    static char got[4096];
    struct slice word[] = {SLICE("k1"), SLICE("a1"), SLICE("a2")};
    struct script_input in = {.name = "sha", .key = word, .keys = 1, .arg = word + 1, .args = 2};
    struct script_error error = {0};
    struct buf why = {0};
    unsigned flags;
    int id = script_compile(h->e, slice_of(text), &flags, &why);
    struct slice ready;

    if (id < 0) {
        snprintf(got, sizeof got, "-%.*s", SLICE_ARG(buf_slice(&why)));
        buf_free(&why);
        return got;
    }
    script_run(h->e, id, &in, &h->reply, &error);
    script_release(h->e, id);
    ready = outbox_ready(&h->out, UINT64_MAX);
    if (error.is)
        assert_int_equal(ready.n, 0);
    snprintf(got, sizeof got, "%s%.*s%.*s", error.is ? "-" : "", SLICE_ARG(buf_slice(&error.text)),
             SLICE_ARG(ready));
    outbox_taken(&h->out, ready.n);
    buf_free(&error.text);
    return got;
}

#define expect(h, text, wanted) assert_string_equal(eval(h, text), wanted)

static void values_as_resp2(void **state)
{
    struct host *h = *state;

    expect(h, "return {1, 'x', true, false, {2}}", "*5\r\n:1\r\n$1\r\nx\r\n:1\r\n$-1\r\n*1\r\n:2\r\n");
    expect(h, "return {KEYS[1], ARGV[1], ARGV[2], #ARGV}",
           "*4\r\n$2\r\nk1\r\n$2\r\na1\r\n$2\r\na2\r\n:2\r\n");
    expect(h, "return {map = {a = 1}}", "*2\r\n$1\r\na\r\n:1\r\n");
    expect(h, "return {set = {a = true}}", "*1\r\n$1\r\na\r\n");
    expect(h, "return {double = 1.25}", "$4\r\n1.25\r\n");
    expect(h, "return {big_number = '123\\n'}", "$4\r\n123 \r\n");
    expect(h, "return {verbatim_string = {format = 'txt', string = 'hi'}}", "$2\r\nhi\r\n");
    expect(h, "return {verbatim_string = {format = 'txt'}}", "*0\r\n");
    expect(h, "return {ok = 'a\\r\\nb'}", "+a  b\r\n");
    expect(h, "return {{err = '\\nX a\\nb\\r\\n'}}", "*1\r\n- X a b\r\n");
    expect(h, "return {{err = 'X y'}, 1}", "*2\r\n-X y\r\n:1\r\n");
    expect(h, "return 1e19", ":-9223372036854775808\r\n");
    expect(h, "return -2^53", ":-9007199254740992\r\n");
    expect(h, "return print == nil",
           "-ERR user_script:1: Script attempted to access nonexistent global variable "
           "'print' script: sha, on @user_script:1.");
}

static void values_as_resp3(void **state)
{
    struct host *h = *state;

    h->reply.proto = 3;
    expect(h, "return {map = {a = {double = 0.5}}}", "%1\r\n$1\r\na\r\n,0.5\r\n");
    expect(h, "return {set = {a = true}}", "~1\r\n$1\r\na\r\n");
    expect(h, "return {big_number = '12\\r3'}", "(12 3\r\n");
    expect(h, "return {verbatim_string = {format = 'mkdown', string = 'hi'}}", "=6\r\nmkd:hi\r\n");
    expect(h, "return {nil}", "*0\r\n");
    expect(h, "return false", "_\r\n");
    expect(h, "redis.setresp(3) return {true, false}", "*2\r\n#t\r\n#f\r\n");
}

static void replies_as_values(void **state)
{
    static const struct {
        const char *resp, *script, *wanted;
    } cases[] = {
        {":-5\r\n", "return r - 1", ":-6\r\n"},
        {"$3\r\na\0b\r\n", "return type(r)", "$6\r\nstring\r\n"},
        {"$-1\r\n", "return r == false", ":1\r\n"},
        {"*-1\r\n", "return r == false", ":1\r\n"},
        {"_\r\n", "return r == nil", ":1\r\n"},
        {"+OK\r\n", "return r.ok", "$2\r\nOK\r\n"},
        {"#t\r\n", "return r == true", ":1\r\n"},
        {",1.5\r\n", "return r.double * 2", ":3\r\n"},
        {",inf\r\n", "return tostring(r.double)", "$3\r\ninf\r\n"},
        {"(123456789012345678901234567890\r\n", "return r.big_number",
         "$30\r\n123456789012345678901234567890\r\n"},
        {"=7\r\ntxt:abc\r\n", "return r.verbatim_string.format .. r.verbatim_string.string",
         "$6\r\ntxtabc\r\n"},
        {"%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n:2\r\n:3\r\n", "return r.map.b[2]", ":3\r\n"},
        {"%1\r\n_\r\n:1\r\n", "return next(r.map) == nil", ":1\r\n"},
        {"~2\r\n$1\r\na\r\n:7\r\n", "return r.set.a and r.set[7]", ":1\r\n"},
        {"*3\r\n:1\r\n$-1\r\n*1\r\n+x\r\n", "return {#r, r[2] == false, r[3][1].ok}",
         "*3\r\n:3\r\n:1\r\n$1\r\nx\r\n"},
    };
    struct host *h = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];

        h->says = cases[i].resp;
        snprintf(text, sizeof text, "local r = redis.call('X') %s", cases[i].script);
        expect(h, text, cases[i].wanted);
    }
    h->says = "-WRONGTYPE not that\r\n";
    expect(h, "return redis.pcall('X').err", "$18\r\nWRONGTYPE not that\r\n");
    expect(h, "return {pcall(redis.call, 'X')}", "*2\r\n$-1\r\n$18\r\nWRONGTYPE not that\r\n");
    expect(h, "redis.call('X')", "-WRONGTYPE not that script: sha, on @user_script:1.");
    h->says = NULL;
    expect(h, "return redis.call('A', 1, 1.5, 1e20, -0.0, 2^53, '1e3', 0.1)",
           "*8\r\n$1\r\nA\r\n$1\r\n1\r\n$3\r\n1.5\r\n$5\r\n1e+20\r\n$1\r\n0\r\n$16\r\n9007199254740992\r\n"
           "$3\r\n1e3\r\n$3\r\n0.1\r\n");
    expect(h, "return redis.acl_check_cmd('GET', 'x')", ":1\r\n");
    expect(h, "redis.acl_check_cmd('NONE')",
           "-ERR Invalid command passed to redis.acl_check_cmd() script: sha, on @user_script:1.");
}

/* It ends though it catches errors, in whatever it is: Lua, our own loops, coroutines. */
static void whatever_runs_can_be_ended(void **state)
{
    static const char *const endless[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return pcall(f) end while true do f() end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "return string.find(string.rep('a', 100000), string.rep('a*', 100) .. 'b')",
        "return string.match(string.rep('a', 1000000), '(.-)(.-)(.-)b')",
        "return string.gsub(string.rep('(', 300000), '%b()', '')",
        "return string.find(string.rep('a', 500000), string.rep('[%a%d]', 50) .. '-b')",
        "while true do redis.call('X') end",
        "while true do string.rep('x', 1000000) end",
        "while true do cjson.encode({1, 2, 3}) end",
        "table.insert({}, -2147483647, 1) while true do end",
        "local t = {} for i = 1, 300000 do t[i] = i % 7 end while true do table.sort(t) end",
    };
    struct host *h = *state;

    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        const char *got;

        h->ticks = 50;
        got = eval(h, endless[i]);
        if (!strstr(got, "killed by user") && !strstr(got, "too complex"))
            fail_msg("%s: %s", endless[i], got);
        h->ticks = 1000000;
        expect(h, "return 1", ":1\r\n");
    }
}

static void memory_is_given_back(void **state)
{
    struct host *h = *state;
    uint64_t before, after;

    script_engine_limit(h->e, 2 << 20);
    for (int i = 0; i < 50; i++)
        eval(h, "local t = {} for i = 1, 9000 do t[i] = i .. 'x' end return #t");
    before = script_engine_memory(h->e);
    for (int i = 0; i < 100; i++) {
        assert_non_null(
            strstr(eval(h, "local t = {} while true do t[#t + 1] = {} end"), "not enough memory"));
        eval(h, "local t = {} for i = 1, 9000 do t[i] = i .. 'x' end return #t");
    }
    after = script_engine_memory(h->e);
    assert_true(after < before + (6 << 20));
    expect(h, "return collectgarbage() + (collectgarbage('count') < 2000 and 1 or 0)", ":1\r\n");
}

static void shebangs(void **state)
{
    struct buf why = {0};
    struct slice code;
    unsigned flags;

    (void)state;
    assert_int_equal(script_shebang(SLICE("return 1"), &flags, &code, &why), 0);
    assert_int_equal(flags, SCRIPT_COMPAT);
    assert_int_equal(script_shebang(SLICE("#!lua\nreturn 1"), &flags, &code, &why), 0);
    assert_int_equal(flags, 0);
    assert_true(slice_eq(code, SLICE("\nreturn 1")));
    assert_int_equal(
        script_shebang(SLICE("#!lua flags=no-writes,allow-oom flags=no-cluster\n"), &flags, &code, &why), 0);
    assert_int_equal(flags, SCRIPT_NO_WRITES | SCRIPT_ALLOW_OOM | SCRIPT_NO_CLUSTER);
    assert_int_equal(script_shebang(SLICE("#!lua flags=\n"), &flags, &code, &why), 0);
    assert_int_equal(flags, 0);
    assert_true(script_shebang(SLICE("#!lua flags=no-writes,\n"), &flags, &code, &why) < 0);
    assert_true(script_shebang(SLICE("#!\n"), &flags, &code, &why) < 0);
    assert_true(script_shebang(SLICE("#!lua \"\n"), &flags, &code, &why) < 0);
    buf_free(&why);
}

static void libraries_register(void **state)
{
    struct host *h = *state;
    struct script_library l;
    struct buf why = {0};

    assert_int_equal(
        script_library_load(h->e,
                            SLICE("\nlocal n = 0\nredis.register_function('a', function(k, v) n = n + 1 "
                                  "return {n, k[1], v[1]} end)"),
                            &l, &why),
        0);
    assert_int_equal(l.n, 1);
    for (int i = 1; i <= 3; i++) {
        struct slice word[] = {SLICE("k"), SLICE("v")};
        struct script_input in = {
            .name = "a", .key = word, .keys = 1, .arg = word + 1, .args = 1, .function = true};
        struct script_error error;
        struct slice ready;

        assert_true(script_run(h->e, l.function[0].id, &in, &h->reply, &error));
        ready = outbox_ready(&h->out, UINT64_MAX);
        assert_int_equal(ready.p[5], '0' + i);
        outbox_taken(&h->out, ready.n);
    }
    script_library_free(h->e, &l);
    assert_true(script_library_load(h->e, SLICE("\nredis.register_function('a', function() end) x = 1"), &l,
                                    &why) < 0);
    assert_int_equal(l.n, 0);
    buf_free(&why);
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {EACH(values_as_resp2),      EACH(values_as_resp3),
                                       EACH(replies_as_values),    EACH(whatever_runs_can_be_ended),
                                       EACH(memory_is_given_back), EACH(shebangs),
                                       EACH(libraries_register)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
