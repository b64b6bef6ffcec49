#!/usr/bin/python3
"""EVAL, EVALSHA, SCRIPT, FCALL, FUNCTION: what a script may, what it may not, and what becomes of it."""
import hashlib
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Error, Server, Skip, as_map, blocked, both, main, under_sanitizer, wait_until  # noqa: E402

MB = 1 << 20


def sha(text):
    return hashlib.sha1(text.encode()).hexdigest()


def fails(a, script, start, *args):
    a.expect_error(("EVAL", script, "0") + args, start)


# --- scripts as such ---

@both
def test_values_come_and_go(a):
    null = "null" if a.proto == 3 else "nil"
    for script, wanted in (("return 1", ":1"), ("return 3.99", ":3"), ("return -3.99", ":-3"), ("return 'x'", "x"),
                           ("return true", ":1"), ("return false", null), ("return nil", null), ("return", null),
                           ("return {1, 'a', {2}}", "[:1 a [:2]]"), ("return {1, nil, 3}", "[:1]"),
                           ("return {ok = 'fine'}", "+fine"), ("return {err = 'BAD luck'}", "-BAD luck"),
                           ("return {KEYS[1], ARGV[1], #KEYS, #ARGV}", "[k v :1 :2]")):
        a.expect(("EVAL", script, "1", "k", "v", "w"), wanted)


@both
def test_values_of_commands(a):
    for setup in ("SET s 1", "RPUSH l a b", "HSET h f v", "ZADD z 1.5 m"):
        a.call(*setup.split())
    for script, wanted in (("return redis.call('GET', 's')", "1"), ("return redis.call('GET', 'none') == false", ":1"),
                           ("return redis.call('LRANGE', 'l', 0, -1)", "[a b]"), ("return redis.call('SET', 's', 2)", "+OK"),
                           ("return redis.call('PING').ok", "PONG"), ("return redis.call('HGETALL', 'h')", "[f v]"),
                           ("return redis.call('ZSCORE', 'z', 'm')", "1.5"),
                           ("redis.setresp(3) return redis.call('HGETALL', 'h').map.f", "v"),
                           ("redis.setresp(3) return tostring(redis.call('ZSCORE', 'z', 'm').double)", "1.5"),
                           ("redis.setresp(3) return redis.call('GET', 'none') == nil", "#t" if a.proto == 3 else ":1")):
        a.expect(("EVAL", script, "0"), wanted)


def test_errors_say_where(a):
    for script, wanted in (
            ("error('boo')", "-ERR user_script:1: boo script: %s, on @user_script:1."),
            ("\nreturn x", "-ERR user_script:2: Script attempted to access nonexistent global variable 'x' script: %s, on @user_script:2."),
            ("redis.call('NOSUCH')", "-ERR Unknown Redis command called from script script: %s, on @user_script:1."),
            ("redis.call('GET')", "-ERR Wrong number of args calling Redis command from script script: %s, on @user_script:1."),
            ("redis.call('MULTI')", "-ERR This Redis command is not allowed from script script: %s, on @user_script:1."),
            ("redis.call('LPUSH', 'l', 1) redis.call('GET', 'l')",
             "-WRONGTYPE Operation against a key holding the wrong kind of value script: %s, on @user_script:1.")):
        a.expect(("EVAL", script, "0"), wanted % sha(script))
    a.expect(("EVAL", "return redis.pcall('GET', 'l')", "0"), "-WRONGTYPE Operation against a key holding the wrong kind of value")
    fails(a, "this is no Lua", "ERR Error compiling script (new function): user_script:1:")


def test_sha_and_cache(a):
    script = "return ARGV[1]"
    a.expect("SCRIPT FLUSH", "+OK")
    a.expect(("EVALSHA", sha(script), "0", "x"), "-NOSCRIPT No matching script. Please use EVAL.")
    a.expect(("SCRIPT", "LOAD", script), sha(script))
    a.expect(("EVALSHA", sha(script).upper(), "0", "x"), "x")
    a.expect(("EVAL", "return 1", "0"), ":1")
    a.expect(("SCRIPT", "EXISTS", sha(script), sha("return 1"), "no", sha("none")), "[:1 :1 :0 :0]")
    a.expect("SCRIPT FLUSH ASYNC", "+OK")
    a.expect(("SCRIPT", "EXISTS", sha(script)), "[:0]")


def test_the_cache_is_bounded(a):
    a.call("CONFIG", "SET", "script-cache-size", "100kb")
    try:
        a.expect(("SCRIPT", "LOAD", "return 'loaded'"), sha("return 'loaded'"))
        for i in range(500):
            a.expect(("EVAL", "return %d" % i, "0"), ":%d" % i)
        a.expect(("SCRIPT", "EXISTS", sha("return 0"), sha("return 499"), sha("return 'loaded'")), "[:0 :1 :1]")
        for i in range(500):
            a.call("SCRIPT", "LOAD", "return %d" % -i)
        a.expect(("SCRIPT", "EXISTS", sha("return 499"), sha("return 'loaded'")), "[:0 :0]")
    finally:
        a.call("CONFIG", "SET", "script-cache-size", "64mb")


def test_numkeys(a):
    for n, wanted in (("x", "ERR value is not an integer"), ("-1", "ERR Number of keys can't be negative"),
                      ("2", "ERR Number of keys can't be greater than number of args"),
                      ("9223372036854775807", "ERR Number of keys can't be greater"), ("1", None)):
        if wanted:
            a.expect_error(("EVAL", "return 1", n, "k"), wanted)
        else:
            a.expect(("EVAL", "return 1", n, "k"), ":1")
    a.expect("COMMAND GETKEYS EVAL x 2 a b c", "[a b]")
    a.expect("COMMAND GETKEYS EVALSHA x 1 a b c", "[a]")


def test_in_a_transaction(a):
    a.expect("MULTI", "+OK")
    a.expect(("EVAL", "redis.call('SET', 'k', 1) return redis.call('INCR', 'k')", "0"), "+QUEUED")
    a.expect(("EVALSHA", sha("never sent"), "0"), "+QUEUED")
    a.expect("GET k", "+QUEUED")
    a.expect("EXEC", "[:2 -NOSCRIPT No matching script. Please use EVAL. 2]")


def test_watch_sees_scripts(a, b):
    a.expect("WATCH k", "+OK")
    b.expect(("EVAL", "return redis.call('SET', 'k', 1)", "0"), "+OK")
    a.expect("MULTI", "+OK")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "nil*")


def test_waiters_are_served_after_it(s, a, b):
    b.send("BLPOP", "l", "0")
    blocked(s, 1)
    a.expect(("EVAL", "redis.call('RPUSH', 'l', 'x') redis.call('RPUSH', 'l', 'y') return redis.call('LLEN', 'l')", "0"), ":2")
    b.expect_read("[l x]")
    b.send("BLPOP", "m", "0")
    blocked(s, 1)
    a.expect(("EVAL", "redis.call('RPUSH', 'm', 'x') redis.call('DEL', 'm') return 1", "0"), ":1")
    a.expect("RPUSH m later", ":1")
    b.expect_read("[m later]")


def test_blocking_commands_do_not_wait(a):
    a.expect(("EVAL", "return redis.call('BLPOP', 'none', 0) == false", "0"), ":1")
    a.expect(("EVAL", "return redis.call('BZPOPMIN', 'none', 0) == false", "0"), ":1")
    a.expect(("EVAL", "return redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$') == false", "0"), ":1")
    a.expect("XGROUP CREATE s g $ MKSTREAM", "+OK")
    read = "return redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')"
    a.expect(("EVAL", read, "0"), "nil")
    a.expect("XADD s 1-1 f v", "1-1")
    a.expect(("EVAL", read, "0"), "[[s [[1-1 [f v]]]]]")


def test_database_is_the_callers(a):
    a.expect(("EVAL", "redis.call('SELECT', 3) redis.call('SET', 'k', 'in 3') return redis.call('GET', 'k')", "0"), '"in 3"')
    a.expect("GET k", "nil")
    a.expect(("EVAL", "return redis.call('GET', 'k')", "0"), "nil")
    a.expect("SELECT 3", "+OK")
    a.expect("GET k", '"in 3"')


def test_time_stands_still(a):
    a.expect(("EVAL", "local a, i = redis.call('TIME'), 0 while i < 300000 do i = i + 1 end "
              "local b = redis.call('TIME') return a[1] == b[1] and a[2] == b[2]", "0"), ":1")


def test_published_messages(a, b):
    b.expect("SUBSCRIBE c", "[subscribe c :1]")
    a.expect(("EVAL", "return redis.call('PUBLISH', 'c', 'm')", "0"), ":1")
    b.expect_read("[message c m]")


def test_read_only(a):
    for script in ("redis.call('SET', 'k', 1)", "redis.call('PUBLISH', 'c', 1)"):
        a.expect_error(("EVAL_RO", script, "0"), "ERR Write commands are not allowed from read-only scripts.")
    a.expect(("EVAL_RO", "return redis.call('GET', 'k')", "0"), "nil")
    fails(a, "#!lua flags=no-writes\nredis.call('SET', 'k', 1)", "ERR Write commands are not allowed from read-only scripts.")
    a.expect_error(("EVAL_RO", "#!lua\nreturn 1", "0"), "ERR Can not execute a script with write flag using *_ro command.")
    a.expect(("EVAL_RO", "#!lua flags=no-writes,allow-oom\nreturn 1", "0"), ":1")
    for text, wanted in (("#!lua flags=nosuch\n", "ERR Unexpected flag in script shebang: nosuch"), ("#!lua", "ERR Invalid script shebang"),
                         ("#!python\n", "ERR Unexpected engine in script shebang: #!python"), ("#!lua x\n", "ERR Unknown lua shebang option: x")):
        a.expect(("EVAL", text, "0"), "-" + wanted)


def test_short_of_memory():
    with Server(maxmemory="1") as s:
        a = s.client()
        fails(a, "redis.call('SET', 'k', 1)", "OOM command not allowed when used memory > 'maxmemory'.")
        a.expect(("EVAL", "return redis.call('DEL', 'k')", "0"), ":0")
        fails(a, "#!lua\nreturn 1", "OOM allow-oom flag is not set on the script")
        a.expect(("EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', 'k', 1)", "0"), "+OK")
        a.expect(("EVAL", "#!lua flags=no-writes\nreturn redis.call('GET', 'k')", "0"), "1")
        # what has begun to write is not stopped half way
        a.expect(("EVAL", "redis.call('DEL', 'k') return redis.call('SET', 'k', 2)", "0"), "+OK")
        # what is refused counts as such
        stats = [line for line in a.call("INFO", "commandstats").split(b"\r\n") if line.startswith(b"cmdstat_set:")]
        assert b"calls=2," in stats[0] and b"rejected_calls=1,failed_calls=0" in stats[0], stats


def test_monitor_shows_what_scripts_do(a, b):
    b.expect("MONITOR", "+OK")
    a.call("EVAL", "redis.call('SET', 'k', ARGV[1])", "0", "v")
    assert b'"EVAL"' in b.read()
    assert b' lua] "SET" "k" "v"' in b.read()


# --- what is kept ---

def test_effects_survive_a_kill_and_scripts_do_not():
    with Server() as s:
        a = s.client()
        script = "for i = 1, 100 do redis.call('XADD', 's', '*', 'i', i) end redis.call('SET', 'k', math.random()) return redis.call('GET', 'k')"
        k = a.call("EVAL", script, "0")
        digest = a.call("DEBUG", "DIGEST")
        s.restart(hard=True)
        a = s.client()
        assert a.call("DEBUG", "DIGEST") == digest and a.call("GET", "k") == k
        a.expect("XLEN s", ":100")
        a.expect(("SCRIPT", "EXISTS", sha(script)), "[:0]")


def test_a_script_is_one_unit_of_the_journal():
    """Killed in its middle, nothing of it is there."""
    with Server(busy_reply_threshold="50") as s:
        a, b = s.client(), s.client()
        a.expect("SET before 1", "+OK")
        a.send("EVAL", "for i = 1, 1000 do redis.call('RPUSH', 'l', i) end while true do end", "0")
        wait_until(lambda: b.call("SCRIPT", "KILL").startswith(b"UNKILLABLE"))
        s.restart(hard=True)
        a = s.client()
        a.expect("EXISTS before l", ":1")


# --- scripts that do not end ---

def busy(b):
    wait_until(lambda: isinstance(b.call("PING"), Error), what="BUSY")


def test_busy_and_kill():
    with Server(busy_reply_threshold="50") as s:
        a, b, c = s.client(), s.client(), s.client()
        b.expect("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.")
        for script in ("while true do end", "while true do pcall(function() while true do end end) end",
                       "local f = coroutine.wrap(function() while true do end end) f()",
                       "return string.find(string.rep('a', 200000), string.rep('a*', 100) .. 'b')",
                       "return string.find(string.rep('a', 1000000), '.-.-.-b')",
                       "while true do redis.pcall('GET', 'x') end", "repeat local t = {} until false",
                       "setmetatable(_G.KEYS, {__index = function(t, i) return t[i] end}) xpcall(function() return KEYS[1] end, error) while 1 do end"):
            a.send("EVAL", script, "0")
            busy(b)
            b.expect("GET k", "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
            b.expect("FUNCTION KILL", "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
            b.expect("SHUTDOWN", "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
            b.expect("MULTI", "+OK")
            b.expect("DISCARD", "+OK")
            c.expect("SCRIPT KILL", "+OK")
            reply = a.read()
            assert isinstance(reply, Error) and b"Script killed by user with SCRIPT KILL" in reply, (script, reply)
            b.expect("PING", "+PONG")


def test_a_transaction_that_comes_meanwhile_is_given_up():
    """Begun before or meanwhile, told BUSY at a command or at EXEC: nothing of it is run."""
    with Server(busy_reply_threshold="50") as s:
        a, b, c = s.client(), s.client(), s.client()
        b.expect("MULTI", "+OK")
        b.expect("SET k 1", "+QUEUED")
        a.send("EVAL", "while true do end", "0")
        busy(s.client())
        b.expect("EXEC", "-EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. "
                         "You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
        b.expect("DISCARD", "-ERR DISCARD without MULTI")
        c.expect("MULTI", "+OK")
        c.expect("SET k 2", "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
        s.client().expect("SCRIPT KILL", "+OK")
        assert isinstance(a.read(), Error)
        c.expect("EXEC", "-EXECABORT Transaction discarded because of previous errors.")
        c.expect("EXISTS k", ":0")


def test_what_has_written_is_not_killed():
    with Server(busy_reply_threshold="50") as s:
        a, b = s.client(), s.client()
        a.send("EVAL", "redis.call('SET', 'k', 1) while redis.call('EXISTS', 'k') do end", "0")
        busy(b)
        b.expect_error("SCRIPT KILL", "UNKILLABLE Sorry the script already executed write commands against the dataset.")
        b.send("SHUTDOWN", "NOSAVE")
        assert s.wait_exit() == 0
        s.start()
        s.client().expect("EXISTS k", ":0")


def test_a_signal_ends_what_has_not_written():
    with Server(busy_reply_threshold="50") as s:
        a, b = s.client(), s.client()
        a.send("EVAL", "while true do end", "0")
        busy(b)
        assert s.stop() == 0


def test_pipelines_go_on_behind_it():
    """The bytes behind the script stay what they are while others are read."""
    with Server(busy_reply_threshold="20") as s:
        a, b = s.client(), s.client()
        a.send("EVAL", "local n = redis.call('TIME') while not KEYS.x do end", "0")
        for i in range(200):
            a.send("ECHO", "%d" % i + "x" * 100)
        busy(b)
        for _ in range(50):
            b.call("ECHO", "y" * 5000)
        b.expect("SCRIPT KILL", "+OK")
        assert isinstance(a.read(), Error)
        for i in range(200):
            assert a.read() == b"%d" % i + b"x" * 100


def test_others_come_and_go_meanwhile():
    with Server(busy_reply_threshold="20") as s:
        a, b = s.client(), s.client()
        waiting = [s.client() for _ in range(5)]
        for w in waiting:
            w.send("BLPOP", "l", "0")
        blocked(s, 5)
        a.send("EVAL", "redis.call('RPUSH', 'l', 'x') while redis.call('LLEN', 'l') < 2 do end", "0")
        busy(b)
        for w in waiting[1:]:
            w.close()
        for _ in range(20):
            c = s.client()
            assert isinstance(c.call("GET", "x"), Error)
            c.close()
        a.close()
        busy(b)
        b.send("SHUTDOWN", "NOSAVE")
        assert s.wait_exit() == 0


# --- the sandbox ---

def test_nothing_is_shared_between_scripts(a):
    for script in ("x = 1", "_G.x = 1", "rawset(_G, 'x', 1)", "setmetatable(_G, {})", "getmetatable(_G).__index = nil",
                   "redis.call = 1", "rawset(redis, 'call', 1)", "string.format = 1", "getmetatable('').__index = {}",
                   "table.insert(string, 1)", "table.sort(_G, function() end) _G[1] = 1", "cjson.encode = 1", "KEYS = {}",
                   "table.foreach = nil", "math.random = os.clock", "setmetatable(string, {__index = {}})",
                   "local m = getmetatable(string) m.x = 1", "coroutine.wrap(function() x = 1 end)()",
                   "loadstring('x = 1')()", "local f = load(function() return nil end) error(f)"):
        reply = a.call("EVAL", script, "0")
        assert isinstance(reply, Error), (script, reply)
    a.expect(("EVAL", "local n = 0 for k in pairs(string) do n = n + 1 end return n > 10 and #table == 0 and type(redis.call)", "0"), "function")


def test_what_is_not_there(a):
    for name in ("io", "require", "package", "debug", "dofile", "loadfile", "print", "newproxy", "module", "getfenv", "setfenv", "ffi", "jit"):
        fails(a, "return %s" % name, "ERR user_script:1: Script attempted to access nonexistent global variable '%s'" % name)
    a.expect(("EVAL", "return {type(os.clock), tostring(os.execute), tostring(string.dump)}", "0"), '[function "nil" "nil"]')


def test_no_bytecode(a):
    for code in ("'\\27Lua'", "'\\27LuaQ\\0\\1\\4\\8\\4\\8\\0'"):
        a.expect(("EVAL", "local f, e = loadstring(%s) return {f == nil, e}" % code, "0"), '[:1 "attempt to load bytecode"]')
        a.expect(("EVAL", "local n = 0 local f, e = load(function() n = n + 1 return n == 1 and %s or nil end) return e" % code, "0"),
                 '"attempt to load bytecode"')
    a.expect_error(("EVAL", b"\x1bLuaQ\x00", "0"), "ERR Error compiling script (new function): attempt to load bytecode")


def test_memory_is_bounded():
    with Server(script_memory_limit="32mb") as s:
        a = s.client()
        a.call("EVAL", "return 1", "0")
        before = s.rss()
        for script in ("return string.rep('x', 1e9)", "local t = {} while true do t[#t + 1] = {} end",
                       "local s = 'x' while true do s = s .. s end", "return table.concat({string.rep('x', 2e7), string.rep('y', 2e7)})",
                       "local function f() return f() .. 'x' end return f()", "local function f(...) return 1, f(1, ...) end return f()",
                       "return string.gsub(string.rep('x', 1e6), 'x', string.rep('y', 1000))", "return cjson.encode(string.rep('\\1', 1e7))",
                       "local t = {'x'} for i = 1, 40 do t = {t, t} end return t", "local t = {} t[1] = t return cjson.encode(t)",
                       "local t = {} for i = 1, 9 do t[i] = string.rep('z', 7e6) end return t"):
            reply = a.call("EVAL", script, "0")
            assert isinstance(reply, Error), (script, repr(reply)[:200])
        reply = a.call("EVAL", "local t = {} for i = 1, 2e5 do t = {t} end return t", "0")
        while isinstance(reply, list):
            reply = reply[0]
        assert reply == b"ERR reached lua stack limit", reply
        if not under_sanitizer():
            assert s.rss() - before < 200 * MB
        a.expect(("EVAL", "return 1", "0"), ":1")


def test_deep_things(a):
    for script in ("return string.find(string.rep('a', 300), string.rep('a?', 300) .. string.rep('a', 300))",
                   "return string.match('x', string.rep('(', 100))", "local s = string.rep('(', 300) return loadstring('return ' .. s)()",
                   "return cjson.decode(string.rep('[', 100000))", "return cmsgpack.unpack(string.rep('\\145', 100000))",
                   "local function f() return pcall(f) end return {f()}, error('done')", "return unpack({}, 1, 1e8)",
                   "return unpack({}, -2147483648, 2147483647)", "local co co = coroutine.wrap(function() co() end) co()",
                   "local function f(n) return coroutine.wrap(f)(n) end f(1)",
                   "error(setmetatable({}, {__index = function() error('again') end}))",
                   "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
                   "return tostring(setmetatable({}, {__tostring = function() error('x') end}))"):
        reply = a.call("EVAL", script, "0")
        assert isinstance(reply, Error), (script, repr(reply)[:200])
    a.expect(("EVAL", "return select('#', unpack({}, 1, 7900))", "0"), ":7900")


def test_errors_in_error_handlers(a):
    a.expect(("EVAL", "return {xpcall(function() error('a') end, function() error('b') end)}", "0"), '[nil "error in error handling"]')
    a.expect(("EVAL", "return {pcall(error)}", "0"), "[nil]")
    fails(a, "error({})", "ERR unknown error")
    fails(a, "error({err = {}})", "ERR unknown error")
    fails(a, "error(setmetatable({}, {__newindex = function() error('x') end}))", "ERR user_script:1: x script: ")


# --- functions ---

LIBRARY = """#!lua name=shop
local function price(keys, args)
  return tonumber(redis.call('HGET', keys[1], 'price') or 0) * args[1]
end
redis.register_function('price', price)
redis.register_function{function_name = 'look', callback = function(keys) return redis.call('HGET', keys[1], 'price') end,
                        flags = {'no-writes'}, description = 'only looks'}
redis.register_function('mark', function(keys) return redis.call('HSET', keys[1], 'price', 9) end)
"""


def test_functions(a):
    a.call("FUNCTION", "FLUSH")
    a.expect(("FUNCTION", "LOAD", LIBRARY), "shop")
    a.call("HSET", "apple", "price", "7")
    a.expect("FCALL price 1 apple 3", ":21")
    a.expect("FCALL_RO look 1 apple", "7")
    a.expect("FCALL_RO mark 1 apple", "-ERR Can not execute a script with write flag using *_ro command.")
    a.expect("FCALL mark 1 apple", ":0")
    a.expect("FCALL look 1 apple", "9")
    a.expect("FCALL nosuch 0", "-ERR Function not found")
    a.expect("FCALL price x", "-ERR Bad number of keys provided")
    a.expect(("FUNCTION", "LOAD", LIBRARY), "-ERR Library 'shop' already exists")
    a.expect(("FUNCTION", "LOAD", "REPLACE", LIBRARY), "shop")
    a.expect(("FUNCTION", "LOAD", LIBRARY.replace("shop", "other")), "-ERR Function price already exists")
    listed = as_map(a.call("FUNCTION", "LIST")[0])
    assert listed[b"library_name"] == b"shop" and listed[b"engine"] == b"LUA"
    functions = [as_map(f) for f in listed[b"functions"]]
    assert [(f[b"name"], f[b"flags"]) for f in functions] == [(b"price", []), (b"look", [b"no-writes"]), (b"mark", [])], functions
    assert as_map(a.call("FUNCTION", "LIST", "LIBRARYNAME", "SH*", "WITHCODE")[0])[b"library_code"] == LIBRARY.encode()
    a.expect("FUNCTION LIST LIBRARYNAME x*", "[]")
    a.expect("FUNCTION STATS", "[running_script nil engines [LUA [libraries_count :1 functions_count :3]]]")
    a.expect("FUNCTION DELETE shop", "+OK")
    a.expect("FUNCTION DELETE shop", "-ERR Library not found")
    a.expect("FCALL look 1 apple", "-ERR Function not found")


def test_names_of_functions(a):
    """The case of a name counts within a library, and does not when it is called or loaded beside others."""
    one = "#!lua name=%s\nredis.register_function('%s', function() return 1 end)"
    a.expect(("FUNCTION", "LOAD", one % ("one", "Price")), "one")
    a.expect("FCALL pRICE 0", ":1")
    a.expect(("FUNCTION", "LOAD", one % ("two", "PRICE")), "-ERR Function PRICE already exists")
    both = "#!lua name=one\nredis.register_function('f', function() return 1 end)\nredis.register_function('F', function() return 2 end)"
    a.expect(("FUNCTION", "LOAD", "REPLACE", both), "one")
    a.expect("FCALL price 0", "-ERR Function not found")
    a.expect("FCALL F 0", ":1")
    dump = a.call("FUNCTION", "DUMP")
    a.expect("FUNCTION FLUSH", "+OK")
    a.expect("FCALL F 0", "-ERR Function not found")
    a.expect(("FUNCTION", "RESTORE", dump), "+OK")
    a.expect("FCALL f 0", ":1")
    wrong = "-ERR Error registering functions: ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
    a.expect(("FUNCTION", "LOAD", "REPLACE", one % ("one", "f\\0g")), wrong)
    a.expect(("FUNCTION", "LOAD", "REPLACE", "#!lua name=one\nredis.register_function{function_name = 'f', description = 'a\\0b', callback = function() end}"), "one")
    assert as_map(as_map(a.call("FUNCTION", "LIST")[0])[b"functions"][0])[b"description"] == b"a\0b"


def test_what_is_no_library(a):
    a.call("FUNCTION", "FLUSH")
    for text, wanted in (("return 1", "Missing library metadata"), ("#!lua name=a", "Invalid library metadata"), ("#!lua\n", "Library name was not given"),
                         ("#!lua name=a-b\n", "Library names can only contain letters"), ("#!js name=a\n", "Engine 'js' not found"),
                         ("#!lua name=a x=1\n", "Invalid metadata value given: x=1"), ("#!lua name=a\nreturn 1", "No functions registered"),
                         ("#!lua name=a\nthis is none", "Error compiling function: user_function:2:"),
                         ("#!lua name=a\nerror('no')", "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'error'"),
                         ("#!lua name=a\nx = 1", "Error registering functions: ERR user_function:2: Attempt to modify a readonly table"),
                         ("#!lua name=a\nredis.call('GET', 'x')", "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'"),
                         ("#!lua name=a\nlocal s = string.rep", "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'string'"),
                         ("#!lua name=a\nredis.register_function('x')", "Error registering functions: ERR calling redis.register_function with a single argument"),
                         ("#!lua name=a\nredis.register_function('x', 1)", "Error registering functions: ERR second argument to redis.register_function must be a function"),
                         ("#!lua name=a\nredis.register_function('x-y', function() end)", "Error registering functions: ERR Library names can only contain"),
                         ("#!lua name=a\nfor i = 1, 2 do redis.register_function('x', function() end) end", "Error registering functions: ERR Function already exists in the library"),
                         ("#!lua name=a\nredis.register_function{function_name = 'x', callback = function() end, flags = {'none'}}", "Error registering functions: ERR unknown flag given"),
                         ("#!lua name=a\nwhile true do end", "Error registering functions: ERR FUNCTION LOAD timeout"),
                         ("#!lua name=a\nlocal function f() return f() end f()", "Error registering functions: ERR FUNCTION LOAD timeout")):
        a.expect_error(("FUNCTION", "LOAD", text), "ERR " + wanted)
    a.expect("FUNCTION LIST", "[]")
    a.expect("FUNCTION LOAD x y", "-ERR Unknown option given: x")
    a.expect(("EVAL", "return redis.register_function", "0"), "nil")


def test_functions_keep_no_globals(a):
    a.call("FUNCTION", "FLUSH")
    a.expect(("FUNCTION", "LOAD", "#!lua name=a\nlocal n = 0\nredis.register_function('count', function() n = n + 1 return n end)\n"
              "redis.register_function('keys', function() return KEYS end)\nredis.register_function('set', function() x = 1 end)\n"
              "redis.register_function('late', function() redis.register_function('y', function() end) end)"), "a")
    a.expect("FCALL count 0", ":1")
    a.expect("FCALL count 0", ":2")
    a.call("EVAL", "return KEYS[1]", "1", "k")
    a.expect("FCALL keys 0", "-ERR user_function:4: Script attempted to access nonexistent global variable 'KEYS' script: keys, on @user_function:4.")
    a.expect("FCALL set 0", "-ERR user_function:5: Attempt to modify a readonly table script: set, on @user_function:5.")
    a.expect("FCALL late 0", "-ERR user_function:6: attempt to call field 'register_function' (a nil value) script: late, on @user_function:6.")


def test_functions_survive():
    with Server() as s:
        a = s.client()
        a.expect(("FUNCTION", "LOAD", LIBRARY), "shop")
        for i in range(20):
            a.call("FUNCTION", "LOAD", "#!lua name=l%d\nredis.register_function('f%d', function() return %d end)" % (i, i, i))
        a.expect("FUNCTION DELETE l3", "+OK")
        a.expect("FLUSHALL", "+OK")
        digest = a.call("DEBUG", "DIGEST")
        for how in ("kill", "rewrite", "reload", "stop"):
            if how == "rewrite":
                a.call("BGREWRITEAOF")
                wait_until(lambda: a.info("persistence")["aof_rewrite_in_progress"] == "0" and a.info("persistence")["aof_rewrite_scheduled"] == "0")
            if how == "reload":
                a.expect("DEBUG RELOAD", "+OK")
            else:
                s.restart(hard=how != "stop")
                a = s.client()
            assert a.call("DEBUG", "DIGEST") == digest, how
            a.expect("FCALL f7 0", ":7")
            a.expect("FCALL f3 0", "-ERR Function not found")
            assert len(a.call("FUNCTION", "LIST")) == 20
        a.expect("FUNCTION FLUSH", "+OK")
        s.restart(hard=True)
        s.client().expect("FUNCTION LIST", "[]")


def test_dump_and_restore(a):
    a.call("FUNCTION", "FLUSH")
    a.call("FUNCTION", "LOAD", LIBRARY)
    dump = a.call("FUNCTION", "DUMP")
    a.expect(("FUNCTION", "RESTORE", dump), "-ERR Library shop already exists")
    a.expect(("FUNCTION", "RESTORE", dump, "REPLACE"), "+OK")
    a.expect(("FUNCTION", "RESTORE", dump, "FLUSH"), "+OK")
    a.expect("FUNCTION FLUSH", "+OK")
    a.expect(("FUNCTION", "RESTORE", dump), "+OK")
    a.expect("FCALL look 1 none", "nil")
    assert a.call("FUNCTION", "DUMP") == dump
    a.expect("FUNCTION FLUSH", "+OK")
    a.call("FUNCTION", "LOAD", LIBRARY.replace("shop", "other"))
    a.expect(("FUNCTION", "RESTORE", dump, "REPLACE"), "-ERR Function price already exists")
    a.expect(("FUNCTION", "RESTORE", dump, "APPEND", "x"), re.compile("-ERR unknown subcommand or wrong number.*"))
    a.expect(("FUNCTION", "RESTORE", dump, "x"), "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    for i in range(len(dump)):
        bad = dump[:i] + bytes([dump[i] ^ 1]) + dump[i + 1:]
        a.expect(("FUNCTION", "RESTORE", bad, "FLUSH"), "-ERR DUMP payload version or checksum are wrong")
    a.expect(("FUNCTION", "RESTORE", dump[:9]), "-ERR DUMP payload version or checksum are wrong")
    assert len(a.call("FUNCTION", "LIST")) == 1


def test_dumps_of_redis_and_for_redis():
    """Redis packs what it dumps; and it takes what we dump."""
    with Server() as s, Server(redis=True, appendonly="no") as r:
        if s.redis:
            raise Skip("nothing to compare")
        a, b = s.client(), r.client()
        text = LIBRARY + "-- a long comment, a long comment, a long comment, a long comment\n" * 50
        for one, other in ((a, b), (b, a)):
            a.call("FUNCTION", "FLUSH"), b.call("FUNCTION", "FLUSH")
            for i in range(5):
                one.call("FUNCTION", "LOAD", "#!lua name=l%d\nredis.register_function('f%d', function() return %d end)" % (i, i, i))
            one.expect(("FUNCTION", "LOAD", text), "shop")
            other.expect(("FUNCTION", "RESTORE", one.call("FUNCTION", "DUMP")), "+OK")
            other.expect("FCALL f4 0", ":4")
            code = {as_map(x)[b"library_name"]: as_map(x)[b"library_code"] for x in other.call("FUNCTION", "LIST", "WITHCODE")}
            assert len(code) == 6 and code[b"shop"] == text.encode()


def test_a_function_that_does_not_end():
    with Server(busy_reply_threshold="50") as s:
        a, b = s.client(), s.client()
        a.call("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('spin', function() while true do end end)")
        a.send("FCALL", "spin", "1", "k")
        busy(b)
        b.expect("GET k", "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.")
        b.expect("SCRIPT KILL", "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.")
        running = as_map(as_map(b.call("FUNCTION", "STATS"))[b"running_script"])
        assert running[b"name"] == b"spin" and running[b"command"] == [b"FCALL", b"spin", b"1", b"k"] and running[b"duration_ms"] >= 50
        b.expect("FUNCTION KILL", "+OK")
        assert isinstance(a.read(), Error)
        b.expect("FUNCTION KILL", "-NOTBUSY No scripts in execution right now.")


# --- what clients bring ---

def test_redis_py_lock_and_scripts():
    try:
        import redis
        from redis.lock import Lock
    except ImportError:
        raise Skip("no python3-redis") from None
    with Server() as s:
        r = redis.Redis(port=s.port)
        for text, wanted in ((Lock.LUA_RELEASE_SCRIPT, "c3f8721cbb97f72bc19e972846bd7aaf91901658"),
                             (Lock.LUA_EXTEND_SCRIPT, "a4e8783852e6b949f9ef3a97212805108459a890"),
                             (Lock.LUA_REACQUIRE_SCRIPT, "1cac51482acf5858da00f6d685d68f886cd6b6b2")):
            assert r.script_load(text) == wanted
        r.script_flush()
        lock = r.lock("lock", timeout=10)
        assert lock.acquire()
        assert not r.lock("lock").acquire(blocking=False)
        lock.extend(5)
        assert 14000 < r.pttl("lock") <= 15000
        lock.extend(3, replace_ttl=True)
        assert r.pttl("lock") <= 3000
        lock.reacquire()
        lock.release()
        assert not r.exists("lock")
        other = r.lock("lock", timeout=10)
        other.acquire()
        r.set("lock", "somebody else's")
        try:
            other.release()
            raise AssertionError("released what was not its own")
        except redis.exceptions.LockNotOwnedError:
            pass
        double = r.register_script("return tonumber(ARGV[1]) * 2")
        assert [double(args=[i]) for i in range(3)] == [0, 2, 4]
        with r.pipeline() as p:
            double(args=[5], client=p)
            p.set("x", 1)
            assert p.execute() == [10, True]


POP_BY_SCORE = """local key, now = KEYS[1], ARGV[1]
local jobs = redis.call("zrangebyscore", key, "-inf", now, "limit", 0, 1)
if jobs[1] then
  redis.call("zrem", key, jobs[1])
  return jobs[1]
end
"""
SWEEP = """local due = redis.call('zrangebyscore', KEYS[1], 0, ARGV[1])
if #due > 0 then redis.call('zremrangebyscore', KEYS[1], 0, ARGV[1]) end
return due
"""
PUSH_ALL = """local n = tonumber(ARGV[1])
local t = {}
for i = 1, n do t[i] = i end
for i = 1, n, 7000 do redis.call('rpush', KEYS[1], unpack(t, i, math.min(i + 6999, n))) end
return redis.call('llen', KEYS[1])
"""
RESERVE = """local job = redis.call('lpop', KEYS[1])
local reserved = false
if (job ~= false) then
    reserved = cjson.decode(job)
    reserved['attempts'] = reserved['attempts'] + 1
    reserved = cjson.encode(reserved)
    redis.call('zadd', KEYS[2], ARGV[1], reserved)
end
return {job, reserved}
"""


def test_scripts_shaped_like_the_libraries(a):
    a.call("ZADD", "due", "1", "a", "2", "b", "9", "c")
    a.expect(("EVAL", POP_BY_SCORE, "1", "due", "5"), "a")
    a.expect(("EVAL", SWEEP, "1", "due", "5"), "[b]")
    a.expect(("EVAL", POP_BY_SCORE, "1", "due", "5"), "nil")
    a.expect(("EVAL", PUSH_ALL, "1", "l", "20000"), ":20000")
    a.call("RPUSH", "queue", '{"job":"x","attempts":0}')
    job, reserved = a.call("EVAL", RESERVE, "2", "queue", "queue:reserved", "100")
    assert b'"attempts":1' in reserved and a.call("ZCARD", "queue:reserved") == 1
    a.expect(("EVAL", RESERVE, "2", "queue", "queue:reserved", "100"), "[nil nil]")


def test_many_clients_at_once():
    with Server() as s:
        def work():
            c = s.client()
            for _ in range(200):
                c.expect(("EVAL", "local v = tonumber(redis.call('GET', 'n') or 0) redis.call('SET', 'n', v + 1) return v >= 0", "0"), ":1")
        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        s.client().expect("GET n", "1600")


main(globals())
