#!/usr/bin/python3
"""Seeded random scripts to leanmqd and to Debian's redis-server; every reply must be the same, type by type:
values of all shapes, what commands give to scripts, strings and patterns, cjson, cmsgpack, struct, bit, errors
and where they happened.

    differential_scripts.py [--count N] [--seed S] [--proto 2|3|both]

What differs because leanmqd follows a newer Redis is in KNOWN, each with its reason.
"""
import argparse
import collections
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from leanmq import Closed, Error, Raw, Server, find_leanmqd, same, show  # noqa: E402

# (name, Redis 7.0's error, leanmqd's error, reason)
KNOWN = (
    ("bytecode", rb".*", rb".*attempt to load bytecode.*", "Redis 7.0 loads bytecode, or says nothing"),
    ("no name", rb"(.*bad argument #\d+ to ')[^']*('.*)", rb"(.*bad argument #\d+ to ')[^']*('.*)",
     "how a function is called where its name is not in the code"),
    ("pattern", rb".*", rb".*pattern too complex.*", "patterns recurse so deep and no deeper"),
    ("compared", rb"(.*)attempt to compare (?:number with string|string with number)(.*)",
     rb"(.*)attempt to compare (?:number with string|string with number)(.*)", "table.sort() compares in another order"),
    ("set_repl", rb"(.*redis.set_repl\(\) requires )two( argument)s(.*)", rb"(.*redis.set_repl\(\) requires )one( argument)(.*)", "7.2 says it right"),
    ("-0", rb"ERR value is not an integer or out of range.*", rb"WRONGTYPE .*", "to 7.0 the number -0 is no integer, to 7.2 it is"),
    ("nan", rb"-nan", rb"nan", "nan has no sign"),
    ("rep", rb".*not enough memory.*", rb".*resulting string too large.*", "said before it is tried"),
)

SETUP = ("FLUSHALL", "SET str hello", "SET num 10", "RPUSH list a b", "HSET hash f v", "SADD set m", "ZADD zset 1 a", "XADD stream 1-1 f v")
KEYS = ["str", "num", "list", "hash", "set", "zset", "stream", "none"]


class Generator:
    def __init__(self, rng):
        self.r = rng

    def pick(self, *what):
        return self.r.choice(what)

    def odd(self, p):
        return self.r.random() < p

    # --- literals ---

    def number(self):
        return self.pick("0", "1", "-1", "2", "3", "7", "10", "255", "256", "65535", "65536", "2147483647", "-2147483648", "4294967295",
                         "4294967296", "9007199254740992", "1e15", "-1e15", "1e100", "-1e100", "0.5", "-0.5", "1.75", "3.9375", "-3.9375", "0/0", "1/0",
                         "-1/0", "0x10", "0.0009765625", str(self.r.randrange(-1000, 1000)))

    def text(self):
        return self.pick("''", "'a'", "'abc'", "'hello world'", "'1'", "'10'", "'-5'", "'1.5'", "'0x10'", "'1e2'", "' 7 '", "'a,b,,c'", "'x=1, y=2'",
                         "'\\0'", "'a\\0b'", "'\\255\\254'", "'\\r\\n'", "'\\\"quoted\\\\'", "'\\195\\169'", "'%d+'", "'(nested (x) y)'", "'/a/b'",
                         "('ab'):rep(%d)" % self.r.randrange(60), "'THE (quick) fox'", "'str'", "'k v'", "'nan'", "'inf'", "'true'")

    def key(self):
        return "'%s'" % self.pick(*KEYS)

    def atom(self):
        return self.pick(self.number, self.number, self.text, self.text, lambda: "true", lambda: "false", lambda: "nil",
                         lambda: "KEYS[1]", lambda: "ARGV[%d]" % self.r.randrange(1, 4), lambda: "#ARGV")()

    def table(self, depth):
        if self.odd(0.15):
            return self.pick("{ok = %s}", "{err = %s}", "{double = %s}", "{big_number = %s}", "{map = %s}", "{set = %s}",
                             "{verbatim_string = {format = 'txt', string = %s}}") % self.value(depth - 1)
        if self.odd(0.1):
            return "{map = {[%s] = %s}}" % (self.nonnil(), self.value(depth - 1))
        if self.odd(0.1):
            return "{set = {[%s] = true}}" % self.nonnil()
        return "{%s}" % ", ".join(self.value(depth - 1) for _ in range(self.r.randrange(5)))

    def nonnil(self):
        return self.pick("'f'", "1", "2", "true", "'g'", "1.5")

    def value(self, depth=2):
        if depth > 0 and self.odd(0.35):
            return self.table(depth)
        if depth > 0 and self.odd(0.35):
            return self.call(depth)
        return self.atom()

    # --- library calls ---

    def pattern(self):
        def item():
            one = self.pick("a", "b", ".", "%a", "%d", "%s", "%w", "%p", "%u", "%l", "%x", "%c", "%z", "%A", "%W", "[a-z]", "[^a-z]", "[%d.]", "[]]", "[^]]",
                            "%%", "%.", " ", ",", "=", "(", ")", "%b()", "%f[%w]", "%1", "%", "[", "[a", "-", "^", "$", "[%a_]", "[a-]")
            return one + self.pick("", "", "", "*", "+", "-", "?")
        body = "".join(item() for _ in range(self.r.randrange(5)))
        if self.odd(0.4):
            at = self.r.randrange(len(body) + 1)
            body = "(" + body[:at] + ")" + body[at:]
        if self.odd(0.15):
            body += "()"
        return "'%s'" % (self.pick("", "", "^") + body + self.pick("", "", "$")).replace("'", "")

    def string_call(self):
        s, p = self.text(), self.pattern()
        return self.pick(
            lambda: "{string.find(%s, %s%s)}" % (s, p, self.pick("", "", ", %s" % self.number(), ", %s, true" % self.number())),
            lambda: "{string.match(%s, %s)}" % (s, p),
            lambda: "{string.gsub(%s, %s, %s%s)}" % (s, p, self.pick("''", "'<%0>'", "'%1'", "'%2'", "'%'", "'x'", "{a = 1, b = false}", "string.upper",
                                                                     "function(c) return c and #c > 1 and c or nil end"), self.pick("", "", ", 1", ", 0", ", -1")),
            lambda: "(function() local t = {} for a, b in string.gmatch(%s, %s) do t[#t + 1] = a t[#t + 1] = b or 0 if #t > 50 then break end end return t end)()" % (s, p),
            lambda: "string.%s(%s)" % (self.pick("upper", "lower", "reverse", "len"), s),
            lambda: "string.sub(%s, %s, %s)" % (s, self.number(), self.number()),
            lambda: "{string.byte(%s, %s, %s)}" % (s, self.pick("1", "-3", "2", "0"), self.pick("1", "-1", "3", "100")),
            lambda: "string.rep(%s, %s)" % (s, self.pick("0", "1", "3", "-1")),
            lambda: "string.format(%s, %s, %s)" % (self.pick("'%d %s'", "'%5.2f|%q'", "'%x %c'", "'%s'", "'%g %s'", "'%10s|%-5s'", "'%i'", "'%5'", "'%%'"),
                                                   self.value(0), self.value(0)),
            lambda: "tostring(%s)" % self.atom(), lambda: "tonumber(%s%s)" % (self.atom(), self.pick("", "", ", 16", ", 2", ", 36")),
            lambda: "%s .. %s" % (self.atom(), self.atom()), lambda: "#%s" % self.pick(s, "{1, 2, nil, 4}"),
            lambda: "%s %s %s" % (self.atom(), self.pick("+", "-", "*", "/", "%", "^", "==", "<", "<=", "~="), self.atom()))()

    def table_call(self):
        items = ", ".join(self.pick(self.number, self.text)() for _ in range(self.r.randrange(6)))
        sortable = ", ".join(x for x in items.split(", ") if x != "0/0")
        numbers = ", ".join(str(self.r.randrange(100)) for _ in range(self.r.randrange(12)))
        return self.pick(
            lambda: "table.concat({%s}%s)" % (items, self.pick("", ", ','", ", '-', 2", ", '', 1, 2", ", ',', 1, 9")),
            lambda: "(function() local t = {%s} table.sort(t%s) return t end)()" % (numbers, self.pick("", ", function(a, b) return a > b end")),
            lambda: "(function() local t = {%s} table.sort(t) return t end)()" % sortable,
            lambda: "(function() local t = {%s} table.insert(t, %s) return t end)()" % (items, self.pick("'x'", "1, 'x'", "2, 'x'", "9, 'x'", "'x', 'y'", "1, 2, 3", "")),
            lambda: "(function() local t = {%s} return {table.remove(t%s), t} end)()" % (items, self.pick("", ", 1", ", 3", ", 0", ", 9")),
            lambda: "{unpack({%s}%s)}" % (items, self.pick("", ", 2", ", 1, 3", ", -1, 1", ", 3, 1")), lambda: "select(%s, %s)" % (self.pick("'#'", "1", "2", "-1", "0"), items or "1"),
            lambda: "{table.maxn({%s}), table.getn({%s})}" % (items, items), lambda: "{next({%s})}" % numbers,
            lambda: "{math.%s(%s)}" % (self.pick("floor", "ceil", "abs", "sqrt", "modf", "frexp"), self.number()),
            lambda: "math.%s(%s, %s)" % (self.pick("max", "min", "fmod", "pow"), self.number(), self.number()),
            lambda: "type(%s)" % self.value(1), lambda: "{pcall(%s)}" % self.pick("error, 'x'", "error, {err = 'X y'}", "error", "tostring", "string.rep, 'x', 2", "nil"))()

    def coded_call(self):
        v = self.plain(2)
        return self.pick(
            lambda: "cjson.encode(%s)" % v, lambda: "cjson.encode({%s})" % ", ".join("%s = %s" % (k, self.plain(1)) for k in "a")[:200],
            lambda: "cjson.decode(%s)" % self.json(), lambda: "cjson.encode(cjson.decode(%s))" % self.json(),
            lambda: "cmsgpack.pack(%s)" % v, lambda: "{cmsgpack.unpack(cmsgpack.pack(%s, %s))}" % (v, self.plain(1)),
            lambda: "{cmsgpack.%s(%s%s)}" % (self.pick("unpack", "unpack_one", "unpack_limit"), self.bytes(), self.pick("", ", 0", ", 1", ", 2, 1", ", -1", ", 99")),
            lambda: "struct.pack(%s, %s, %s)" % (self.layout(), self.value(0), self.value(0)),
            lambda: "{struct.unpack(%s, %s%s)}" % (self.layout(), self.bytes(), self.pick("", "", ", 1", ", 2", ", 0", ", 99")),
            lambda: "struct.size(%s)" % self.layout(),
            lambda: "bit.%s(%s)" % (self.pick("tobit", "bnot", "bswap", "tohex"), self.bits()),
            lambda: "bit.%s(%s, %s)" % (self.pick("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex"), self.bits(), self.bits()),
            lambda: "redis.sha1hex(%s)" % self.text())()

    def bits(self):
        return self.pick("0", "1", "-1", "255", "0x7fffffff", "-2147483648", "0xffffffff", "4294967297", "1.5", "2.5", "-1.5", "31", "32", "33", "8", "-8", "'12'", "'x'")

    def plain(self, depth):
        """A value whose tables have an order: arrays, or one field."""
        if depth > 0 and self.odd(0.5):
            if self.odd(0.3):
                return "{[%s] = %s}" % (self.pick("'k'", "'a b'", "3", "1", "0", "-1", "1.5", "20", "true"), self.plain(depth - 1))
            return "{%s}" % ", ".join(self.plain(depth - 1) for _ in range(self.r.randrange(5)))
        return self.pick(self.number, self.number, self.text, lambda: "true", lambda: "false", lambda: "nil", lambda: "cjson.null", lambda: "'\\1\\31\\127/\\t'")()

    def json(self):
        def value(d):
            if d > 0 and self.odd(0.5):
                if self.odd(0.5):
                    return "[" + ",".join(value(d - 1) for _ in range(self.r.randrange(4))) + "]"
                return "{" + ", ".join('"k": ' + value(d - 1) for _ in range(self.r.randrange(2))) + "}"
            return self.pick("1", "-2.5", "1e3", "0", "-0", "01", "0x1F", "nan", "-inf", "Infinity", "true", "false", "null", '"x"', '""', '"\\\\n\\\\u0041"',
                             '"\\\\u00e9\\\\ud83d\\\\ude00"', '"\\\\ud800"', '"\\\\uzzzz"', '"\\\\q"', '"', "tru", "-", "1.", ".5", "+1", " 1 ", "\\t2", "'", "{}", "[]",
                             "9007199254740993", "1e999")
        text = value(3)
        if self.odd(0.15):
            at = self.r.randrange(len(text) + 1)
            text = text[:at] + self.pick("", ",", "]", "}", "{", "[", ":", " ", "x", "\\0", "1") + text[at:]
        return "'%s'" % text.replace("'", "\\'")

    def bytes(self):
        return "'%s'" % "".join("\\%d" % self.pick(0, 1, 2, 3, 5, 65, 127, 128, 129, 130, 145, 146, 160, 162, 192, 194, 195, 196, 202, 203, 204, 205, 206, 207, 208,
                                                   209, 210, 211, 217, 220, 222, 224, 255, self.r.randrange(256)) for _ in range(self.r.randrange(14)))

    def layout(self):
        return "'%s'" % "".join(self.pick("b", "B", "h", "H", "l", "L", "T", "i", "I", "i3", "I5", "i8", "i1", "f", "d", "s", "c3", "c0", "x", ">", "<", "!", "!4", "!3", " ",
                                          "z", "i33", "c1") for _ in range(self.r.randrange(4)))

    # --- commands ---

    def call(self, depth):
        kind = self.r.random()
        if kind < 0.25:
            return self.string_call()
        if kind < 0.4:
            return self.table_call()
        if kind < 0.65:
            return self.coded_call()
        return "redis.%s(%s)" % (self.pick("call", "call", "pcall"), self.command())

    def command(self):
        k = self.key
        return self.pick(
            lambda: "'GET', %s" % k(), lambda: "'SET', %s, %s" % (k(), self.value(0)), lambda: "'INCRBY', %s, %s" % (k(), self.pick("1", "2", "'x'", "-5")),
            lambda: "'LRANGE', %s, 0, -1" % k(), lambda: "'RPUSH', 'list', %s" % self.text(), lambda: "'LPOP', %s" % k(), lambda: "'LPOP', 'list', 2", lambda: "'LLEN', %s" % k(),
            lambda: "'HSET', 'hash', 'f', %s" % self.text(), lambda: "'HGETALL', %s" % k(), lambda: "'HMGET', 'hash', 'f', 'none'", lambda: "'HGET', 'hash', 'f'",
            lambda: "'SADD', 'set', 'm'", lambda: "'SMEMBERS', %s" % k(), lambda: "'SISMEMBER', 'set', 'm'", lambda: "'ZADD', 'zset', 1, 'a', 2.5, 'b'",
            lambda: "'ZRANGE', 'zset', 0, -1%s" % self.pick("", ", 'WITHSCORES'"), lambda: "'ZSCORE', 'zset', 'b'", lambda: "'ZPOPMIN', 'zset'", lambda: "'ZINCRBY', 'zset', 1, 'a'",
            lambda: "'XADD', 'stream', '%d-%d', 'f', 'v'" % (self.r.randrange(9), self.r.randrange(9)), lambda: "'XRANGE', 'stream', '-', '+'", lambda: "'XLEN', %s" % k(),
            lambda: "'XREAD', 'COUNT', 2, 'STREAMS', 'stream', '0'", lambda: "'EXISTS', %s, %s" % (k(), k()), lambda: "'DEL', %s" % k(), lambda: "'TYPE', %s" % k(),
            lambda: "'PING'", lambda: "'ECHO', %s" % self.value(0), lambda: "'NOSUCH'", lambda: "'GET'", lambda: "'MULTI'", lambda: "'SELECT', '0'", lambda: "%s" % self.value(1),
            lambda: "'EVAL', 'return 1', 0", lambda: "'PUBLISH', 'c', 'm'", lambda: "'TTL', %s" % k(), lambda: "'XINFO', 'NOSUCH'", lambda: "'MGET', 'str', 'none', 'list'",
            lambda: "'SUBSCRIBE', 'c'", lambda: "'STRLEN', %s" % k(), lambda: "")()

    # --- scripts ---

    def statement(self):
        return self.pick(
            lambda: "local v = %s" % self.value(), lambda: "redis.call(%s)" % self.command(), lambda: "redis.setresp(%s)" % self.pick("2", "3", "3", "4", "'3'", ""),
            lambda: "if %s then return %s end" % (self.atom(), self.value()), lambda: "for i = 1, %d do redis.call('RPUSH', 'list', i) end" % self.r.randrange(4),
            lambda: "local t = {} for k, v in %s(%s) do t[#t + 1] = v end" % (self.pick("pairs", "ipairs"), self.value(1)),
            lambda: self.pick("error(%s)" % self.atom(), "error({err = %s})" % self.text(), "x = 1", "local y = x", "redis.call = nil", "string.x = 1", "return", "do break end", "goto x",
                              "rawset(_G, 'a', 1)", "setmetatable(redis, {})", "local f = nil f()", "local t = nil t.x = 1", "local t = {} t[nil] = 1", "local a = {} < {}",
                              "assert(false)", "assert(nil, %s)" % self.text(), "assert(%s)" % self.value(1), "redis.set_repl(%s)" % self.pick("1", "9", ""),
                              "local s = redis.error_reply(%s) return s" % self.value(1), "return redis.status_reply(%s)" % self.value(1), "return loadstring(%s)" % self.pick("'return 7'", "'x x'"),
                              "return loadstring('return ' .. %s)()" % self.text(), "return coroutine.wrap(function(a) local b = coroutine.yield(a) return b end)(%s)" % self.value(1),
                              "return {xpcall(function() error('e') end, function(m) return 'H' .. m end)}", "redis.log(%s)" % self.pick("1", "9, 'x'", "'x', 'y'")))()

    def script(self):
        lines = [self.statement() for _ in range(self.pick(0, 0, 0, 1, 1, 2, 3))]
        if self.odd(0.02):
            lines.insert(0, self.pick("#!lua", "#!lua flags=no-writes", "#!lua flags=x", "#!lua y", "#!py", "#!lua flags=allow-oom,no-cluster"))
        return self.pick("\n", "\n", " ").join(lines + ["return " + self.value(3)])


def same_number(a, b):
    """7.0 prints 17 digits, 7.2 as many as it takes."""
    try:
        return type(a) is type(b) and isinstance(a, bytes) and float(a) == float(b) and len(a) < len(b)
    except ValueError:
        return False


def known(lean, redis, used):
    if same_number(lean, redis):
        used["shortest doubles"] += 1
        return True
    if isinstance(lean, (list, tuple)):
        return type(lean) is type(redis) and len(lean) == len(redis) and all(same(a, b) or known(a, b, used) for a, b in zip(lean, redis))
    for name, old, new, _ in KNOWN:
        if not isinstance(lean, bytes) or not isinstance(redis, bytes) or type(lean) is not type(redis):
            continue
        a, b = re.fullmatch(new, lean, re.S), re.fullmatch(old, redis, re.S)
        if a and b and a.groups() == b.groups():
            used[name] += 1
            return True
    return False


def normal(reply):
    """What an address is differs; what stands around it does not. So does the order of a table's fields."""
    if isinstance(reply, (list, tuple)):
        return type(reply)(normal(x) for x in reply)
    if isinstance(reply, bytes):
        return type(reply)(re.sub(rb"(table|function|userdata|thread): (builtin: )?0x[0-9a-f]+", rb"\1: 0x", reply))
    return reply


class Run:
    def __init__(self, opts, proto, servers):
        self.opts, self.proto, self.servers = opts, proto, servers
        self.g = Generator(random.Random("%s/%d" % (opts.seed, proto)))
        self.used = collections.Counter()
        self.done = self.errors = self.diffs = 0

    def begin(self):
        """The same data on both."""
        for c in self.conns:
            for command in SETUP:
                c.call(*command.split())

    def reconnect(self):
        self.conns = [Raw(s.port, proto=self.proto) for s in self.servers]

    def tell(self, what, script, *more):
        self.diffs += 1
        print("%s (seed %s, RESP%d, number %d):\n%s" % (what, self.opts.seed, self.proto, self.done, script))
        for line in more:
            print("   " + line)

    def compare(self, script):
        command = (self.g.pick("EVAL", "EVAL", "EVAL", "EVAL_RO"), script, "1", "str", "argument", "5")
        lean, redis = (c.call(*command) for c in self.conns)
        self.errors += isinstance(lean, Error)
        a, b = normal(lean), normal(redis)
        if not same(a, b) and not known(a, b, self.used):
            self.tell("DIFFERS", script, "leanmqd %s" % show(lean)[:600], "redis   %s" % show(redis)[:600])
            self.begin()

    def one(self, script):
        """False: there is no going on."""
        try:
            self.compare(script)
        except TimeoutError:
            self.tell("NO ANSWER", script)
            return False
        except Closed:
            if not self.servers[0].running():
                self.tell("leanmqd is gone", script, self.servers[0].tail(30))
                return False
            self.used["Redis is gone"] += 1        # 7.0 has its own ways to die of a script
            self.servers[1].start()
            self.reconnect()
            self.begin()
        return True

    def run(self):
        self.reconnect()
        while self.done < self.opts.count and self.diffs < self.opts.max_diffs:
            if self.done % 200 == 0:
                self.begin()
            self.done += 1
            if not self.one(self.g.script()):
                break
        print("RESP%d: %d scripts, %d of them errors, %d differ; known: %s" % (self.proto, self.done, self.errors, self.diffs, dict(self.used)))
        if self.done >= 2000 and self.errors * 2 > self.done:
            print("most scripts are errors: the generator is no good")
            self.diffs += 1


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--count", type=int, default=int(os.environ.get("COUNT", 5000)))
    p.add_argument("--seed", default=os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6)))
    p.add_argument("--proto", default="both", choices=("2", "3", "both"))
    p.add_argument("--max-diffs", type=int, default=10, help="stop after so many differences")
    opts = p.parse_args()
    find_leanmqd()
    total = failed = 0
    print("differential: scripts, seed %s, %d per protocol" % (opts.seed, opts.count))
    for proto in (2, 3) if opts.proto == "both" else (int(opts.proto),):
        with Server(appendonly="no") as lean, Server(redis=True, appendonly="no") as redis:
            run = Run(opts, proto, (lean, redis))
            run.run()
            total += run.done
            failed += run.diffs
    print("%d passed, %d failed" % (total - min(failed, total), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
