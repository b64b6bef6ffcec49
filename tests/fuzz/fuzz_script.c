/* tests/fuzz/fuzz_script.c - any bytes as a script, as a library of functions, or as what the functions that
 * scripts are given decode: JSON, MessagePack, struct, patterns. Each run ends, within its memory, with one
 * whole reply or an error; what scripts share is afterwards what it was before; and what was decoded and
 * encoded comes back the same from a second time round.
 *
 * The first byte says what the others are. Mutations are bytes, and now and then a piece of Lua.
 */
#include "base/mem.h"
#include "base/random.h"
#include "script/script.h"
#include <stdio.h>
#include <stdlib.h>

#define MEMORY    ((size_t)4 << 20)
#define TICKS     8          /* for a script */
#define TICKS_OWN 1000       /* for one of ours, which must not be cut short */
#define SLACK     (64 << 10) /* what ends a script is said with memory of its own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

/* --- the host: answers commands with replies of every kind --- */

struct host {
    struct script_engine *e;
    struct outbox_pool pool;
    struct outbox out;
    struct reply reply;
    struct buf said;
    uint64_t base; /* memory when a script begins */
    long ticks;
    bool own; /* a script of ours: it has no error */
};

static const char *const replies[] = {
    "+OK\r\n",
    ":-9223372036854775808\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "_\r\n",
    "-WRONGTYPE no\r\n",
    "-\r\n",
    "*3\r\n:1\r\n$2\r\n\r\n\r\n*1\r\n-ERR in it\r\n",
    "%2\r\n+a\r\n:1\r\n_\r\n,-nan\r\n",
    "~2\r\n,1.5\r\n#t\r\n",
    "(123456789012345678901234567890\r\n",
    "=7\r\ntxt:a\r\n\r\n",
    "|1\r\n+k\r\n*1\r\n:1\r\n$0\r\n\r\n",
    ",inf\r\n",
    ">2\r\n+message\r\n#f\r\n",
};

static void echo(struct buf *to, const struct slice *word, size_t n)
{
    buf_addf(to, "*%zu\r\n", n);
    for (size_t i = 0; i < n; i++) {
        buf_addf(to, "$%zu\r\n", word[i].n);
        buf_add_slice(to, word[i]);
        buf_add_str(to, "\r\n");
    }
}

static struct slice call(void *arg, const struct slice *word, size_t n, int proto)
{
    struct host *h = arg;
    size_t which = word[0].n + n - 1;

    must(n > 0 && (proto == 2 || proto == 3));
    h->said.n = 0;
    if (which < sizeof replies / sizeof *replies)
        buf_add_str(&h->said, replies[which]);
    else
        echo(&h->said, word, n);
    buf_add_char(&h->said, '\0');
    return buf_slice(&h->said);
}

static bool knows(void *arg, const struct slice *word, size_t n)
{
    (void)arg;
    return n > 1 && word[0].n;
}

static bool tick(void *arg)
{
    struct host *h = arg;

    must(script_engine_memory(h->e) <= h->base + MEMORY + SLACK);
    return h->ticks-- > 0;
}

static void no_log(void *arg, int level, struct slice text)
{
    (void)arg;
    must(level >= 0 && level <= 3 && (text.p || !text.n));
}

static void host_open(struct host *h)
{
    struct script_options o = {.host = {h, call, knows, tick, no_log}, .redis_version = "7.2.4", .seed = 1};
    struct buf why = {0};

    *h = (struct host){.ticks = TICKS};
    outbox_init(&h->out, &h->pool);
    h->reply = (struct reply){.out = &h->out, .proto = 3};
    h->e = script_engine_new(&o, &why);
    must(h->e);
    script_engine_limit(h->e, MEMORY);
}

static void host_close(struct host *h)
{
    script_engine_free(h->e);
    buf_free(&h->said);
    outbox_free(&h->out);
    outbox_pool_free(&h->pool);
}

/* --- running --- */

/* One value of RESP, and nothing behind it. Without recursion: values nest deep. */
static void must_be_one(struct slice s)
{
    const char *p = s.p, *end = s.p + s.n;
    unsigned long long left = 1;

    while (left--) {
        const char *line = p;
        long long n = 0;

        must(p < end && strchr("+-:$*_%~,#(=", *p) && (p = memchr(p, '\n', (size_t)(end - p))) &&
             p[-1] == '\r');
        p++;
        if (strchr("$*%~=", *line))
            n = strtoll(line + 1, NULL, 10);
        if ((*line == '$' || *line == '=') && n >= 0) {
            must(n + 2 <= end - p && memcmp(p + n, "\r\n", 2) == 0);
            p += n + 2;
        } else if (n > 0) {
            left += (unsigned long long)n * (*line == '%' ? 2 : 1);
        }
    }
    must(p == end);
}

/* Its reply, or "" if it ended with an error; good until the next run. */
static struct slice run(struct host *h, int id, const struct script_input *in)
{
    struct script_error error;
    struct slice got;
    bool good;

    outbox_taken(&h->out, outbox_pending(&h->out));
    h->base = script_engine_memory(h->e);
    good = script_run(h->e, id, in, &h->reply, &error);
    got = outbox_ready(&h->out, UINT64_MAX);
    must(good != error.is);
    if (good)
        must_be_one(got);
    else
        must(got.n == 0);
    if (error.is && h->own)
        fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&error.text)));
    buf_free(&error.text);
    return got;
}

static int compile(struct host *h, struct slice text)
{
    struct buf why = {0};
    unsigned flags;
    int id;

    h->base = script_engine_memory(h->e);
    id = script_compile(h->e, text, &flags, &why);
    must((id < 0) == (why.n > 0));
    buf_free(&why);
    return id;
}

/* One of ours, which has no error. */
static struct slice run_own(struct host *h, const char *text, const struct slice *arg, size_t n)
{
    struct script_input in = {.name = "own", .arg = arg, .args = n};
    int id = compile(h, slice_of(text));
    struct slice got;

    must(id >= 0);
    h->ticks = TICKS_OWN;
    h->own = true;
    got = run(h, id, &in);
    h->own = false;
    must(got.n);
    script_release(h->e, id);
    return got;
}

/* What scripts share, as text: names, and the addresses of what they stand for. */
static const char shared[] =
    "local t = {}\n"
    "local function add(where, what)\n"
    "    for k, v in pairs(what) do t[#t + 1] = where .. '.' .. tostring(k) .. '=' .. tostring(v) end\n"
    "end\n"
    "for k, v in pairs(_G) do\n"
    "    t[#t + 1] = k\n"
    "    if type(v) == 'table' and k ~= '_G' and k ~= 'KEYS' and k ~= 'ARGV' then add(k, v) end\n"
    "end\n"
    "assert(('').upper == string.upper and not next(KEYS) and not next(ARGV))\n"
    "assert(getmetatable('').__index == nil and not pcall(rawset, string, 'x', 1))\n"
    "table.sort(t)\n"
    "return table.concat(t, ' ')";

/* --- what the bytes are --- */

static void as_script(struct host *h, struct slice bytes)
{
    struct slice word[] = {SLICE("k1"), SLICE("a1"), SLICE("3")};
    struct script_input in = {.name = "script", .key = word, .keys = 1, .arg = word + 1, .args = 2};
    int id = compile(h, bytes);

    if (id < 0)
        return;
    for (int i = 0; i < 2; i++) {
        h->ticks = TICKS;
        run(h, id, &in);
    }
    script_release(h->e, id);
}

static void as_library(struct host *h, struct slice bytes)
{
    struct slice word[] = {SLICE("k1"), SLICE("a1"), SLICE("3")};
    struct script_library l;
    struct buf why = {0};

    h->base = script_engine_memory(h->e);
    if (script_library_load(h->e, bytes, &l, &why) != 0) {
        must(why.n);
        buf_free(&why);
        return;
    }
    for (size_t i = 0; i < l.n && i < 4; i++) {
        struct script_input in = {
            .name = l.function[i].name, .function = true, .key = word, .keys = 1, .arg = word + 1, .args = 2};

        must(script_name_is_good(slice_of(l.function[i].name)));
        h->ticks = TICKS;
        run(h, l.function[i].id, &in);
    }
    script_library_free(h->e, &l);
}

static void as_json(struct host *h, struct slice bytes)
{
    run_own(h,
            "local good, v = pcall(cjson.decode, ARGV[1])\n"
            "if not good then return 0 end\n"
            "local good, s = pcall(cjson.encode, v)\n"
            "if not good then return 0 end\n"
            "assert(#cjson.encode(cjson.decode(s)) == #s)\n"
            "return v",
            &bytes, 1);
}

static void as_msgpack(struct host *h, struct slice bytes)
{
    run_own(h,
            "local function again(good, ...)\n"
            "    if not good or select('#', ...) == 0 then return 0 end\n"
            "    local function repack(s) return cmsgpack.pack(cmsgpack.unpack(s)) end\n"
            /* What nests too deep becomes nil: a value that is gone after the first time, a key that is an
               error. */
            "    local good, s = pcall(repack, cmsgpack.pack(...))\n"
            "    assert(not good or #repack(s) == #s)\n"
            "    return ...\n"
            "end\n"
            "pcall(cmsgpack.unpack_limit, ARGV[1], 2, 1)\n"
            "pcall(cmsgpack.unpack_one, ARGV[1], 3)\n"
            "return again(pcall(cmsgpack.unpack, ARGV[1]))",
            &bytes, 1);
}

/* Up to the first NUL it is a format or a pattern, then data for it. */
static void split(struct slice bytes, struct slice out[2])
{
    const char *nul = bytes.n ? memchr(bytes.p, '\0', bytes.n) : NULL;

    out[0] = (struct slice){bytes.p, nul ? (size_t)(nul - bytes.p) : bytes.n};
    out[1] = nul ? (struct slice){nul + 1, bytes.n - out[0].n - 1} : SLICE("");
}

static void as_struct(struct host *h, struct slice bytes)
{
    struct slice arg[2];

    split(bytes, arg);
    run_own(h,
            "local f, s = ARGV[1], ARGV[2]\n"
            "pcall(struct.pack, f, 1, -5.5, s, 1e300, 'abc', 0/0)\n"
            "pcall(struct.pack, f, s, s, 3, s, 7)\n"
            "pcall(struct.unpack, f, s, 3)\n"
            "local good, n = pcall(struct.size, f)\n"
            "local t = {pcall(struct.unpack, f, s)}\n"
            "if good and t[1] then assert(t[#t] == n + 1 and n <= #s) end\n"
            "return t",
            arg, 2);
}

static void as_pattern(struct host *h, struct slice bytes)
{
    struct slice arg[2];

    split(bytes, arg);
    if (arg[0].n + arg[1].n > 200) /* what takes long is not of interest here */
        return;
    run_own(h,
            "local p, s = ARGV[1], ARGV[2]\n"
            "local n = 0\n"
            "pcall(function() for a in s:gmatch(p) do n = n + 1 if n > 100 then break end end end)\n"
            "pcall(string.gsub, s, p, '%0%1')\n"
            "pcall(string.gsub, 'some (nested) words', p, s)\n"
            "pcall(string.format, p, 1, s, 2.5, 'x')\n"
            "local t = {pcall(string.find, s, p)}\n"
            "if t[1] and t[2] then assert(t[2] >= 1 and t[3] <= #s and t[3] >= t[2] - 1) end\n"
            "return {pcall(string.match, s, p)}",
            arg, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static void (*const as[])(struct host *, struct slice) = {as_script, as_script,  as_script, as_library,
                                                              as_json,   as_msgpack, as_struct, as_pattern};
    enum { AS_JSON = 4 }; /* from here on it is a script of ours that runs */
    unsigned kind = n ? data[0] % 8 : 0;
    struct host h;
    struct buf before = {0};

    if (n == 0)
        return 0;
    host_open(&h);
    if (kind < AS_JSON)
        buf_add_slice(&before, run_own(&h, shared, NULL, 0));
    h.reply.proto = data[0] & 8 ? 2 : 3;
    as[kind](&h, (struct slice){(const char *)data + 1, n - 1});
    h.reply.proto = 3;
    if (kind < AS_JSON)
        must(slice_eq(run_own(&h, shared, NULL, 0), buf_slice(&before)));
    buf_free(&before);
    host_close(&h);
    return 0;
}

/* --- mutations --- */

static const char *const piece[] = {
    "local ",
    "function ",
    " end ",
    "return ",
    "if ",
    " then ",
    " else ",
    "for ",
    " in ",
    " do ",
    "while ",
    "repeat ",
    " until ",
    " and ",
    " or ",
    "not ",
    "nil",
    "true",
    "false",
    "...",
    "..",
    "==",
    "~=",
    "<=",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "[[",
    "]]",
    "=",
    ",",
    ";",
    "#",
    "-",
    "*",
    "/",
    "%",
    "^",
    "'x'",
    "\"\\0\"",
    "0",
    "1",
    "-1",
    "0/0",
    "1/0",
    "1e308",
    "2147483648",
    "0x7fffffff",
    "--[[",
    "\27Lua",
    "\n",
    "function() ",
    "local t = {} ",
    "t[#t+1] = ",
    "_G",
    "KEYS",
    "ARGV",
    "redis",
    ".call",
    ".pcall",
    ".error_reply",
    ".status_reply",
    ".sha1hex",
    ".setresp",
    ".set_repl",
    ".replicate_commands()",
    ".breakpoint()",
    ".log",
    ".LOG_WARNING",
    ".acl_check_cmd",
    ".register_function",
    "function_name",
    "callback",
    "flags",
    "description",
    "err",
    "ok",
    "map",
    "set",
    "double",
    "big_number",
    "verbatim_string",
    "format",
    "string",
    "string.",
    "rep",
    "sub",
    "gsub",
    "gmatch",
    "find",
    "match",
    "byte",
    "char",
    "upper",
    "lower",
    "reverse",
    "len",
    "dump",
    "table.",
    "concat",
    "insert",
    "remove",
    "sort",
    "getn",
    "maxn",
    "foreach",
    "setn",
    "math.",
    "random",
    "randomseed",
    "floor",
    "huge",
    "fmod",
    "os.clock()",
    "coroutine.",
    "create",
    "wrap",
    "yield",
    "resume",
    "running",
    "status",
    "setmetatable",
    "getmetatable",
    "__index",
    "__newindex",
    "__gc",
    "__call",
    "__eq",
    "__lt",
    "__le",
    "__concat",
    "__len",
    "__unm",
    "__tostring",
    "__metatable",
    "__mode",
    "rawget",
    "rawset",
    "rawequal",
    "next",
    "pairs",
    "ipairs",
    "select",
    "unpack",
    "pcall",
    "xpcall",
    "error",
    "assert",
    "type",
    "tostring",
    "tonumber",
    "loadstring",
    "load",
    "getfenv",
    "setfenv",
    "newproxy",
    "collectgarbage",
    "gcinfo",
    "print",
    "require",
    "cjson.",
    "encode",
    "decode",
    "null",
    "encode_max_depth",
    "decode_max_depth",
    "encode_sparse_array",
    "encode_number_precision",
    "encode_keep_buffer",
    "encode_invalid_numbers",
    "decode_invalid_numbers",
    "new()",
    "cmsgpack.",
    "pack",
    "unpack_one",
    "unpack_limit",
    "struct.",
    "size",
    "bit.",
    "band",
    "lshift",
    "tohex",
    "bswap",
    "%a",
    "%b()",
    "%f[",
    "[^",
    "(.-)",
    ".*",
    "%1",
    "%s*",
    "\\u00e9",
    "\\ud83d",
    "\":",
    "\xdc\xff\xff",
    "\xdd\x7f\xff\xff\xff",
    "\xdf\xff",
    "\xcb",
    "\xd9",
    "\x93",
    "\x82",
    "c0",
    "i8",
    ">I4",
    "<h",
    "!8",
    "s",
    "d",
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    struct random r;
    struct slice more;
    size_t at;

    random_seed(&r, seed);
    more = slice_of(piece[random_below(&r, sizeof piece / sizeof *piece)]);
    if (random_below(&r, 3) == 0 || n == 0 || n + more.n > max)
        return LLVMFuzzerMutate(data, n, max);
    at = 1 + (size_t)random_below(&r, n);
    memmove(data + at + more.n, data + at, n - at);
    memcpy(data + at, more.p, more.n);
    return n + more.n;
}
