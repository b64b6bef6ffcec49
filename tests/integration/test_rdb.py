#!/usr/bin/python3
"""RDB in and out: DUMP and RESTORE from and to Redis, dump.rdb and the files of a Redis directory, --import."""
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import rdb  # noqa: E402
from leanmq import (REDIS, Error, Server, blocked, both, check, find_leanmqd, main, show, temp_dir,  # noqa: E402
                    testing_redis, wait_until)

FAR = 4102444800000  # 2100
LIBRARY = "#!lua name=numbers\nredis.register_function('seven', function() return 7 end)"


# ---------------------------------------------------------------------------------------------
# What is in a server, by the commands that read

def plain(reply):
    return [plain(v) for v in reply] if isinstance(reply, list) else reply


def pairs(reply):
    return sorted(zip(reply[0::2], reply[1::2]))


def stream_state(c, key):
    """Without when consumers were seen: a restart forgets it."""
    full = dict(zip(*[iter(c.call("XINFO", "STREAM", key, "FULL", "COUNT", "0"))] * 2))
    groups = []
    for g in full[b"groups"]:
        g = dict(zip(*[iter(g)] * 2))
        consumers = []
        for m in g[b"consumers"]:
            m = dict(zip(*[iter(m)] * 2))
            consumers.append((m[b"name"], plain(m[b"pending"])))
        groups.append((g[b"name"], g[b"last-delivered-id"], g[b"entries-read"], plain(g[b"pending"]), sorted(consumers)))
    return ([full[n] for n in (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added",
                               b"recorded-first-entry-id")], plain(full[b"entries"]), sorted(groups))


def value(c, key):
    kind = c.call("TYPE", key)
    if kind == b"string":
        got = c.call("GET", key)
    elif kind == b"list":
        got = plain(c.call("LRANGE", key, "0", "-1"))
    elif kind == b"set":
        got = sorted(c.call("SMEMBERS", key))
    elif kind == b"hash":
        got = pairs(c.call("HGETALL", key))
    elif kind == b"zset":
        got = plain(c.call("ZRANGE", key, "0", "-1", "WITHSCORES"))
        got[1::2] = [float(v) for v in got[1::2]]  # 7.0 writes more digits than it has to
    elif kind == b"stream":
        got = stream_state(c, key)
    else:
        got = None
    return bytes(kind), got, c.call("PEXPIRETIME", key)


def state(c, dbs=(0,)):
    out = {}
    for db in dbs:
        c.call("SELECT", db)
        for key in c.call("KEYS", "*"):
            out[db, key] = value(c, key)
    c.call("SELECT", 0)
    return out


def differ(got, wanted, where=""):
    """Where two values differ first."""
    if isinstance(got, (list, tuple)) and isinstance(wanted, (list, tuple)) and len(got) == len(wanted):
        i = next(i for i in range(len(got)) if got[i] != wanted[i])
        return differ(got[i], wanted[i], "%s[%d]" % (where, i))
    return "at %s got %.500r, wanted %.500r" % (where, got, wanted)


def same_state(got, wanted):
    assert sorted(got) == sorted(wanted), (sorted(set(wanted) - set(got))[:5], sorted(set(got) - set(wanted))[:5])
    for k in wanted:
        assert got[k] == wanted[k], "%s %s" % (k, differ(got[k], wanted[k]))


# ---------------------------------------------------------------------------------------------
# Random data of all types

def text(r):
    kind = r.randrange(8)
    if kind == 0:
        return str(r.choice((0, 12, 13, -1, 127, 128, -128, 4095, 4096, -4096, -4097, 32767, 32768, 8388607, -8388609,
                             1 << 31, -(1 << 31) - 1, (1 << 63) - 1, -(1 << 63), r.randrange(-10**6, 10**6))))
    if kind == 1:
        return b""
    if kind == 2:
        return bytes(r.randrange(256) for _ in range(r.randrange(80)))
    if kind == 3:
        return r.choice("abc") * r.choice((20, 63, 64, 250, 253, 254, 255, 4095, 4096, 20000))
    if kind == 4:
        return "x%d" % r.randrange(100)
    return "word-%d" % r.randrange(10**6)


def score(r):
    return r.choice((0, 1, -1.5, 3.141592653589793, 1e300, -1e-300, "inf", "-inf", r.randrange(-99, 99), 2**53))


def fill_stream(r, c, key, gone):
    size = r.choice((0, 1, 3, 120, 350))
    names = [text(r) for _ in range(r.randrange(1, 4))]
    seq, ids = [r.randrange(1, 5), 0], []
    for _ in range(size):
        if r.randrange(3):
            seq[1] += r.randrange(1, 3)
        else:
            seq = [seq[0] + r.randrange(1, 2000), r.choice((0, 5, 1 << 63))]
        fields = [w for n in (names if r.randrange(5) else [text(r)]) for w in (n, text(r))]
        ids.append(c.call("XADD", key, "%d-%d" % tuple(seq), *fields))
    for g in range(r.randrange(3)):
        c.call("XGROUP", "CREATE", key, "g%d" % g, r.choice(("0", "$", "3-0")), "MKSTREAM")
        for i in range(r.randrange(4)):
            c.call("XREADGROUP", "GROUP", "g%d" % g, r.choice(("ann", "bob", "eve", "")), "COUNT", r.choice((1, 7, 40)), "STREAMS", key, ">")
        c.call("XGROUP", "CREATECONSUMER", key, "g%d" % g, "idle")
        if ids:
            c.call("XACK", key, "g%d" % g, *r.sample(ids, min(3, len(ids))))
            c.call("XCLAIM", key, "g%d" % g, "late", 0, r.choice(ids), "TIME", 1234567, "RETRYCOUNT", 77, "FORCE")
    if ids and gone and r.randrange(2):
        c.call("XDEL", key, *r.sample(ids, r.randrange(1, min(len(ids), 20) + 1)))
    if ids and gone and not r.randrange(3):
        c.call("XTRIM", key, "MAXLEN", r.randrange(len(ids)))
    if not size:
        c.call("XGROUP", "CREATE", key, "made", "0", "MKSTREAM")


def fill(c, seed, keys=12, gone=True):
    """So many keys of each type, small ones and large ones; from streams something may be gone again."""
    r = random.Random(seed)
    for i in range(keys):
        size = r.choice((1, 2, 5, 40, 130, 600))
        c.call("SET", "string:%d" % i, text(r))
        c.call("RPUSH", "list:%d" % i, *[text(r) for _ in range(size)])
        c.call("SADD", "ints:%d" % i, *[r.randrange(-1 << r.choice((7, 20, 40)), 1 << r.choice((8, 30, 60))) for _ in range(size)])
        c.call("SADD", "set:%d" % i, *[text(r) for _ in range(size)])
        c.call("HSET", "hash:%d" % i, *[w for _ in range(size) for w in (text(r), text(r))])
        c.call("ZADD", "zset:%d" % i, *[w for _ in range(size) for w in (score(r), text(r))])
        fill_stream(r, c, "stream:%d" % i, gone)
    for key in c.call("KEYS", "*"):
        if not r.randrange(4):
            c.call("PEXPIREAT", key, FAR + r.randrange(10**6))


SHAPES = ((), ("list-max-listpack-size", "2", "set-max-intset-entries", "0", "hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0",
               "stream-node-max-entries", "3"),
          ("list-max-listpack-size", "-5", "set-max-intset-entries", "100000", "hash-max-listpack-entries", "100000",
           "hash-max-listpack-value", "1000000", "zset-max-listpack-entries", "100000", "zset-max-listpack-value", "1000000",
           "stream-node-max-entries", "0", "stream-node-max-bytes", "0"))


def shape(c, settings):
    for i in range(0, len(settings), 2):
        check(c.call("CONFIG", "SET", settings[i], settings[i + 1]), "+OK")


def dump_all(c, keys):
    return c.pipeline([("DUMP", k) for k in keys])


# ---------------------------------------------------------------------------------------------
# DUMP and RESTORE

def test_dumps_of_redis_restore_here():
    with Server(redis=True) as there, Server() as here:
        a, b = there.client(), here.client()
        for seed, settings in enumerate(SHAPES):
            shape(a, settings)
            fill(a, seed)
            keys = a.call("KEYS", "*")
            for key, payload in zip(keys, dump_all(a, keys)):
                check(b.call("RESTORE", key, max(0, a.call("PEXPIRETIME", key)), payload, "ABSTTL"), "+OK", key)
            same_state(state(b), state(a))
            here.restart(hard=True)
            b = here.client()
            same_state(state(b), state(a))
            b.call("BGREWRITEAOF")
            wait_until(lambda: b.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
            here.restart(hard=True)
            b = here.client()
            same_state(state(b), state(a))
            a.call("FLUSHALL"), b.call("FLUSHALL")


def test_dumps_from_here_restore_in_redis():
    with Server(redis=True) as there, Server() as here:
        a, b = there.client(), here.client()
        for key in ("sanitize-dump-payload", ):
            check(a.call("CONFIG", "SET", key, "yes"), "+OK")
        for seed in range(4):
            fill(b, seed)
            keys = b.call("KEYS", "*")
            for key, payload in zip(keys, dump_all(b, keys)):
                assert payload[-10:-8] == b"\x0b\x00", payload[-10:]
                check(a.call("RESTORE", key, max(0, b.call("PEXPIRETIME", key)), rdb.for_redis_7_0(payload), "ABSTTL"), "+OK", key)
            same_state(state(a), state(b))
            for key, payload in zip(keys, dump_all(b, keys)):
                check(b.call("RESTORE", key, max(0, b.call("PEXPIRETIME", key)), payload, "ABSTTL", "REPLACE"), "+OK", key)
            same_state(state(b), state(a))
            a.call("FLUSHALL"), b.call("FLUSHALL")


HELLO = rdb.dump(0, rdb.string("hello"), 10)
TWO = rdb.dump(1, rdb.length(2) + rdb.string("x") + rdb.string("y"), 10)
EVENTS = rdb.dump(19, rdb.stream({"nodes": [((5, 0), [b"f"], [((5, 0), False, [(b"f", b"v")])])], "last": (5, 0), "first": (5, 0), "deleted": (0, 0),
                                  "added": 1, "groups": [{"name": b"g", "last": (0, 0), "read": 0, "pending": [], "consumers": []}]}, 19), 10)


@both
def test_restore_is_checked_as_in_redis(a):
    a.expect("DUMP none", "nil" if a.proto == 2 else "null")
    for words in (("RESTORE",), ("RESTORE", "k"), ("RESTORE", "k", 0), ("DUMP",), ("DUMP", "a", "b")):
        a.expect_error(words, "ERR wrong number of arguments for '%s' command" % words[0].lower())
    a.expect(("RESTORE", "k", 0, HELLO), "+OK")
    a.expect("GET k", "hello")
    for tail in (("FREQ",), ("IDLETIME",), ("NX",), ("REPLACE", "FREQ", 1, "IDLETIME", 1), ("IDLETIME", 1, "FREQ", 1)):
        a.expect_error(("RESTORE", "k", 0, HELLO) + tail, "ERR syntax error")
    for tail, text in ((("FREQ", 256), "ERR Invalid FREQ value, must be >= 0 and <= 255"), (("FREQ", -1), "ERR Invalid FREQ value"),
                       (("IDLETIME", -1), "ERR Invalid IDLETIME value, must be >= 0"), (("FREQ", "x"), "ERR value is not an integer or out of range")):
        a.expect_error(("RESTORE", "k", "x", b"bad") + tail, text)
    a.expect_error(("RESTORE", "k", "x", b"bad"), "BUSYKEY Target key name already exists.")
    a.expect_error(("RESTORE", "k", "x", b"bad", "REPLACE"), "ERR value is not an integer or out of range")
    a.expect_error(("RESTORE", "k", -1, b"bad", "REPLACE"), "ERR Invalid TTL value, must be >= 0")
    for bad in (b"", b"bad", HELLO[:-1], HELLO[:-1] + b"x", HELLO + b"x", rdb.dump(0, rdb.string("x"), 255)):
        a.expect_error(("RESTORE", "k", 0, bad, "REPLACE"), "ERR DUMP payload version or checksum are wrong")
    for bad in (rdb.dump(250, b"\x01x", 10), rdb.dump(1, b"\0", 10), rdb.dump(2, b"\x02\x01a\x01a", 10), rdb.dump(0, b"\x3fx", 10)):
        a.expect_error(("RESTORE", "k", 0, bad, "REPLACE"), "ERR Bad data format")
    a.expect("GET k", "hello")


def test_restore_sets_when_a_key_expires(a):
    a.expect(("RESTORE", "k", 100000, HELLO), "+OK")
    assert 90000 < a.call("PTTL", "k") <= 100000
    a.expect(("RESTORE", "k", FAR, HELLO, "replace", "absttl"), "+OK")
    a.expect("PEXPIRETIME k", ":%d" % FAR)
    a.expect(("RESTORE", "k", 0, HELLO, "REPLACE", "ABSTTL"), "+OK")
    a.expect("PTTL k", ":-1")
    a.expect(("RESTORE", "k", 1, HELLO, "REPLACE", "ABSTTL"), "+OK")  # long past: what was there goes
    a.expect("EXISTS k", ":0")
    a.expect(("RESTORE", "k", 1, HELLO, "ABSTTL"), "+OK")
    a.expect("EXISTS k", ":0")
    a.expect(("RESTORE", "k", 0, HELLO, "IDLETIME", 1000), "+OK")
    assert 990 <= a.call("OBJECT", "IDLETIME", "k") <= 1010
    a.expect(("RESTORE", "k", 0, HELLO, "REPLACE", "IDLETIME", (1 << 63) - 1), "+OK")
    a.expect(("RESTORE", "k", 0, HELLO, "REPLACE", "FREQ", 255), "+OK")
    assert a.call("OBJECT", "IDLETIME", "k") < 10


def test_restore_wakes_and_touches(s, a, b, c):
    a.send("BLPOP", "list", 0)
    blocked(s, 1)
    b.expect(("RESTORE", "list", 0, TWO), "+OK")
    a.expect_read("[list x]")
    b.expect("LRANGE list 0 -1", "[y]")
    b.expect(("RESTORE", "events", 0, EVENTS), "+OK")
    b.expect("XREADGROUP GROUP g me STREAMS events >", "[[events [[5-0 [f v]]]]]")
    a.send("XREAD", "BLOCK", 0, "STREAMS", "events", "5-0")
    c.send("XREADGROUP", "GROUP", "g", "you", "BLOCK", 0, "STREAMS", "events", ">")
    blocked(s, 2)
    b.expect(("RESTORE", "events", 0, EVENTS, "REPLACE"), "+OK")
    c.expect_read("[[events [[5-0 [f v]]]]]")
    b.expect("XADD events 6-0 f w", "6-0")
    a.expect_read("[[events [[6-0 [f w]]]]]")
    a.expect("WATCH k", "+OK")
    b.expect(("RESTORE", "k", 0, HELLO), "+OK")
    a.expect("MULTI", "+OK")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "nil*")
    a.expect("MULTI", "+OK")
    a.expect(("RESTORE", "k", 0, TWO, "REPLACE"), "+QUEUED")
    a.expect(("RESTORE", "k", 0, TWO), "+QUEUED")
    a.expect("LLEN k", "+QUEUED")
    a.expect("EXEC", "[+OK -BUSYKEY Target key name already exists. :2]")


def test_restore_is_told(s, a, b):
    a.expect("CONFIG SET notify-keyspace-events KEAn", "+OK")
    b.expect("PSUBSCRIBE __keyevent*", "[psubscribe __keyevent* :1]")
    for tail, events in (((0, HELLO), ("new", "restore")), ((0, HELLO, "REPLACE"), ("new", "restore")), ((1000, TWO, "REPLACE"), ("new", "restore")),
                         ((1, HELLO, "REPLACE", "ABSTTL"), ("del", )), ((1, HELLO, "ABSTTL"), ())):
        a.expect(("RESTORE", "k") + tail, "+OK")
        for event in events:
            b.expect_read("[pmessage __keyevent* __keyevent@0__:%s k]" % event)
    a.expect("SET end 1", "+OK")
    b.expect_read("[pmessage __keyevent* __keyevent@0__:new end]")
    a.expect(("CONFIG", "SET", "notify-keyspace-events", ""), "+OK")


def test_what_is_nobodys_is_told_in_the_words_of_redis_7():
    with Server() as here, Server(redis=True) as there:
        a, b = here.client(), there.client()
        for i in range(1, 6):
            a.call("XADD", "q", "%d-0" % i, "f", "v")
        a.expect("XGROUP CREATE q g 0", "+OK")
        a.call("XREADGROUP", "GROUP", "g", "ann", "STREAMS", "q", ">")
        for i in (4, 2, 5):
            a.expect("XNACK q g FAIL IDS 1 %d-0" % i, ":1")
        b.expect(("RESTORE", "q", 0, rdb.for_redis_7_0(a.call("DUMP", "q"))), "+OK")
        b.expect("XPENDING q g", '[:5 1-0 5-0 [["" 3] [ann 2]]]')
        assert [e[1] for e in b.call("XPENDING", "q", "g", "-", "+", "9")] == [b"ann", b"", b"ann", b"", b""]
        claim = ("g", "bob", 1000000000, "1-0", "2-0", "3-0", "4-0", "5-0", "JUSTID")
        check(b.call("XCLAIM", "q", *claim), "[2-0 4-0 5-0]")  # whoever claims gets them
        a.expect(("RESTORE", "r", 0, a.call("DUMP", "q")), "+OK")
        check(a.call("XCLAIM", "r", *claim), "[2-0 4-0 5-0]")


def test_restore_keeps_to_maxmemory():
    with Server(maxmemory="64mb") as s:
        a = s.client()
        bomb = b"\x00a" + b"\xe0\xff\x00" * 4000  # a megabyte out of 12 KB
        item = b"\xc3" + rdb.length(len(bomb)) + rdb.length(1 + 264 * 4000) + bomb
        before = s.rss()
        a.expect_error(("RESTORE", "k", 0, rdb.dump(1, rdb.length(300) + item * 300)), "OOM command not allowed when used memory > 'maxmemory'")
        assert s.rss() < before + (200 << 20), (before, s.rss())
        a.expect("EXISTS k", ":0")
        a.expect(("RESTORE", "k", 0, rdb.dump(1, rdb.length(3) + item * 3)), "+OK")


# ---------------------------------------------------------------------------------------------
# Files: dump.rdb, directories of Redis, --import

def leanmqd(*args):
    """Runs it to its end: status, what it printed."""
    p = subprocess.run([find_leanmqd(), *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
    return p.returncode, p.stdout


def import_into(folder, path, *args):
    os.makedirs(folder, exist_ok=True)
    return leanmqd("--dir", folder, *args, "--import", path)


def fill_databases(c, gone=True):
    fill(c, 0, keys=6, gone=gone)
    c.call("FUNCTION", "LOAD", "REPLACE", LIBRARY)
    c.call("SELECT", 3)
    c.call("SET", "other", "database", "PXAT", FAR)
    c.call("SELECT", 0)


def test_a_dump_rdb_is_imported():
    with Server(redis=True) as there:
        a = there.client()
        for compress in ("yes", "no"):
            a.call("FLUSHALL")
            fill_databases(a)
            a.call("SET", "late", "gone", "PX", 1)
            a.call("CONFIG", "SET", "rdbcompression", compress)
            check(a.call("SAVE"), "+OK")
            wanted, folder = state(a, (0, 3)), temp_dir()
            wanted.pop((0, b"late"), None)
            status, said = import_into(folder, os.path.join(there.dir, "dump.rdb"))
            assert status == 0 and "RDB version 10, of Redis 7.0.15" in said and "stream 6" in said, said
            status, said = import_into(folder, os.path.join(there.dir, "dump.rdb"))
            assert status == 1 and "holds data" in said, said
            with Server(dir=folder) as here:
                same_state(state(here.client(), (0, 3)), wanted)
                here.restart(hard=True)
                same_state(state(here.client(), (0, 3)), wanted)
                check(here.client().call("FCALL", "seven", 0), ":7")


def test_a_damaged_dump_rdb_is_not_imported_at_all():
    with Server(redis=True) as there:
        a = there.client()
        fill_databases(a)
        check(a.call("SAVE"), "+OK")
        with open(os.path.join(there.dir, "dump.rdb"), "rb") as f:
            good = f.read()
    r, folder = random.Random(5), temp_dir()
    path = os.path.join(folder, "dump")
    for i in range(60):
        at = r.randrange(9 if i % 2 else 0, len(good))
        bad = good[:at] if i % 2 else good[:at] + bytes([good[at] ^ 1 << r.randrange(8)]) + good[at + 1:]
        with open(path, "wb") as f:
            f.write(bad)
        status, said = import_into(folder, path)
        assert status == 65 and "nothing was imported: " in said, (i, at, status, said)
    with open(path, "wb") as f:
        f.write(good)
    limited = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (90000, 90000)); os.execv(sys.argv[1], sys.argv[1:])"
    p = subprocess.run([sys.executable, "-c", limited, find_leanmqd(), "--dir", folder, "--import", path], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60, text=True)
    assert p.returncode == 74 and "nothing was imported: " in p.stdout, (p.returncode, p.stdout)  # no room
    with Server(dir=folder) as s:
        assert state(s.client(), range(16)) == {}
    status, said = import_into(folder, path)
    assert status == 0, said
    assert leanmqd("--import")[0] == 1 and leanmqd("--import", "/no/such/file")[0] == 1
    status, said = import_into(temp_dir(), path, "--appendonly", "no")
    assert status == 1 and "appendonly is no" in said, said
    with Server(dir=folder) as s:
        status, said = import_into(folder, path)
        assert status == 1 and "another process" in said, said


def test_a_start_beside_a_dump_rdb_loads_it_once():
    with Server(redis=True) as there:
        a = there.client()
        fill_databases(a)
        check(a.call("SAVE"), "+OK")
        wanted, folder = state(a, (0, 3)), temp_dir()
        shutil.copy(os.path.join(there.dir, "dump.rdb"), folder)
    with Server(dir=folder) as here:
        b = here.client()
        same_state(state(b, (0, 3)), wanted)
        check(b.call("SET", "new", "1"), "+OK")
        here.restart(hard=True)
        wanted[0, b"new"] = value(here.client(), "new")
        same_state(state(here.client(), (0, 3)), wanted)
        here.client().call("FLUSHALL")
        here.restart(hard=True)
        assert state(here.client(), (0, 3)) == {}, "it was loaded once more"
    with Server("--appendonly", "no", dir=folder) as here:  # as Redis: nothing is kept, and the file is there again
        assert len(state(here.client(), (0, 3))) == len(wanted) - 1


def test_a_directory_of_redis_is_taken_over():
    for preamble in ("yes", "no"):
        with Server("--appendonly", "yes", "--aof-use-rdb-preamble", preamble, redis=True) as there:
            a = there.client()
            fill_databases(a, gone=False)  # no words of Redis 7.0 make what is gone pending
            check(a.call("BGREWRITEAOF"), "Background append only file rewriting started", test=lambda r: not isinstance(r, Error))
            wait_until(lambda: a.info("persistence")["aof_rewrite_in_progress"] == "0" and
                       a.info("persistence")["aof_rewrite_scheduled"] == "0", what="the rewrite")
            a.call("RESTORE", "restored", 0, a.call("DUMP", "hash:0"))
            a.call("RPUSH", "list:0", "later")
            wanted = state(a, (0, 3))
            there.stop()
            folder = temp_dir()
            shutil.copytree(os.path.join(there.dir, "appendonlydir"), os.path.join(folder, "appendonlydir"))
        assert any(f.endswith(".base.rdb") for f in os.listdir(os.path.join(folder, "appendonlydir"))) == (preamble == "yes")
        tool = os.path.join(os.path.dirname(find_leanmqd()), "leanmq-check-aof")
        out = os.path.join(folder, "export.resp")
        p = subprocess.run([tool, "--export", out, os.path.join(folder, "appendonlydir")], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=60)
        assert p.returncode == 0 and "readable" in p.stdout, p.stdout
        with Server(redis=True) as other:
            c = other.client()
            with open(out, "rb") as f:
                c.send_raw(f.read() + b"PING\r\n")
            while True:
                reply = c.read()
                assert not isinstance(reply, Error), reply
                if reply == b"PONG":
                    break
            same_state(state(c, (0, 3)), wanted)
            check(c.call("FCALL", "seven", 0), ":7")
        with Server(dir=folder) as here:
            same_state(state(here.client(), (0, 3)), wanted)
            here.restart(hard=True)
            same_state(state(here.client(), (0, 3)), wanted)
            b = here.client()
            b.call("BGREWRITEAOF")
            wait_until(lambda: b.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
            here.restart(hard=True)
            same_state(state(here.client(), (0, 3)), wanted)
            assert not [f for f in os.listdir(os.path.join(folder, "appendonlydir")) if f.endswith(".rdb")]


def test_an_append_only_file_of_before_7_is_taken_over():
    """An RDB and commands behind it, in one file: beside no journal, or imported."""
    with Server("--appendonly", "yes", "--aof-use-rdb-preamble", "yes", redis=True) as there:
        a = there.client()
        fill_databases(a)
        check(a.call("SAVE"), "+OK")
        wanted = state(a, (0, 3))
        with open(os.path.join(there.dir, "dump.rdb"), "rb") as f:
            old = f.read()
    old += b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$5\r\nother\r\n$3\r\nnew\r\n"
    wanted[3, b"other"] = (b"string", b"new", -1)
    folder, other = temp_dir(), temp_dir()
    path = os.path.join(folder, "appendonly.aof")
    with open(path, "wb") as f:
        f.write(old)
    with open(os.path.join(folder, "dump.rdb"), "wb") as f:
        f.write(b"older than the other, and no RDB at all")
    status, said = import_into(other, path)
    assert status == 0, said
    for place in (folder, other):
        with Server(dir=place) as here:
            same_state(state(here.client(), (0, 3)), wanted)
    with open(path, "wb") as f:
        f.write(old[:-3])
    other = temp_dir()
    status, said = import_into(other, path)
    assert status == 65 and "ends within a command" in said, said
    assert import_into(other, os.path.join(there.dir, "dump.rdb"))[0] == 0, "something stayed"


# ---------------------------------------------------------------------------------------------
# Every form, also those that the Redis at hand does not write

def check_stream(c, key, form):
    info = dict(zip(*[iter(c.call("XINFO", "STREAM", key))] * 2))
    assert info[b"length"] == 4 and info[b"last-generated-id"] == b"12-7", info
    assert info[b"entries-added"] == (4 if form == 15 else 9), info
    assert info[b"max-deleted-entry-id"] == (b"0-0" if form == 15 else b"5-2"), info
    check(c.call("XRANGE", key, "-", "+"), '[[5-1 [f 1 g 70000]] [9-0 [other %s]] [10-9223372036854775808 [f ""]] [11-3 [f "-5"]]]' % ("v" * 300))
    got = stream_state(c, key)[2]
    assert [g[0] for g in got] == [b"", b"g"] and show(got[0][2]) == (":0" if form == 15 else "nil"), got
    assert show(got[1][2]) == ("nil" if form == 15 else ":3"), got[1]
    assert got[1][3] == [[b"5-1", b"ann", 1000, 2], [b"5-2", b"", 2000, 1], [b"9-0", b"ann", 1700000000000, 300]], got[1]
    assert [name for name, _ in got[1][4]] == [b"", b"ann", b"idle"], got[1]


def check_form(c, key, wanted):
    kind = c.call("TYPE", key)
    if kind == b"stream":
        check_stream(c, key, wanted)
    elif kind == b"zset":
        got = c.call("ZRANGE", key, "0", "-1", "WITHSCORES")
        assert {m: float(s) for m, s in zip(got[0::2], got[1::2])} == wanted, got
    else:
        got = value(c, key)[1]
        assert got == (sorted(wanted) if kind == b"set" else sorted(wanted.items()) if kind == b"hash" else wanted), got


def test_every_form_restores(c):
    for name, form, body, wanted in rdb.forms():
        for version in (1, 9, 11, 12):
            check(c.call("RESTORE", name, 0, rdb.dump(form, body, version), "REPLACE"), "+OK", name)
        check_form(c, name, wanted)
        check(c.call("RESTORE", name, 0, rdb.dump(form, body, 13), "REPLACE"), "-ERR DUMP payload version or checksum are wrong")
        check(c.call("RESTORE", name, 0, rdb.dump(form, body + b"\0"), "REPLACE"), "-ERR Bad data format")
        again = c.call("DUMP", name)
        check(c.call("RESTORE", name, 0, again, "REPLACE"), "+OK", name)
        check_form(c, name, wanted)
        assert form in (2, 4, 11, 13, 16, 20) or c.call("DUMP", name) == again, name  # the rest has no order of its own


def test_every_form_imports():
    parts = [rdb.aux("redis-ver", "6.2.99"), rdb.aux("ctime", "1"), b"\xf7" + rdb.length(99) + b"\x02\x02" + b"\x01\x05\x02\x06" +
             b"\x03abcd\x04abcdefgh\x05" + rdb.string("kept") + b"\x00", rdb.select(0), b"\xfb" + rdb.length(40) + rdb.length(0)]
    wanted = {}
    for i, (name, form, body, want) in enumerate(rdb.forms()):
        parts.append((b"\xf8" + rdb.length(1000) if i % 3 else b"\xf9\x07") + rdb.key("%s %d" % (name, i), form, body))
        wanted["%s %d" % (name, i)] = want
    parts += [b"\xf4" + rdb.length(1) + rdb.length(2) + rdb.length(3), rdb.key("hollow", 1, rdb.length(0)),
              rdb.key("past", 0, rdb.string("x"), at=1), b"\xfd" + (FAR // 1000 % (1 << 31)).to_bytes(4, "little") + b"\0" + rdb.string("seconds") + rdb.string("x"),
              rdb.select(15), rdb.key("last", 0, rdb.string("x"), at=FAR), b"\xf5" + rdb.string(LIBRARY)]
    for version, checksum in ((9, True), (10, False), (11, True), (12, True)):
        folder = temp_dir()
        path = os.path.join(folder, "any.rdb")
        with open(path, "wb") as f:
            f.write(rdb.rdb_file(parts, version, checksum))
        status, said = import_into(folder, path)
        assert status == 0 and "RDB version %d, of Redis 6.2.99" % version in said, said
        assert "1 keys without elements" in said and "libraries of functions 1" in said, said
        with Server(dir=folder) as s:
            c = s.client()
            for name, want in wanted.items():
                check_form(c, name, want)
            check(c.call("EXISTS", "past"), ":0")
            check(c.call("FCALL", "seven", 0), ":7")
            c.call("SELECT", 15)
            check(c.call("PEXPIRETIME", "last"), ":%d" % FAR)


def test_what_cannot_be_read_is_named():
    good = rdb.key("before", 0, rdb.string("x"))
    for form, why in ((6, "the value of a module"), (7, "the value of a module"), (9, "before 2.6"), (22, "time to live on fields"), (25, "time to live on fields"),
                      (26, "does not know"), (200, "does not know")):
        folder = temp_dir()
        path = os.path.join(folder, "any.rdb")
        with open(path, "wb") as f:
            f.write(rdb.rdb_file([rdb.select(2), good, rdb.key(b'my "key"\n', form, rdb.string("y" * 100))]))
        status, said = import_into(folder, path)
        assert status == 65 and "of type %d, " % form in said and why in said and 'my \\x22key\\x22\\x0a" of database 2' in said, said
        shutil.copy(path, os.path.join(folder, "dump.rdb"))
        status, said = leanmqd("--dir", folder, "--port", "0")
        assert status == 65 and "of type %d, " % form in said, said
        os.unlink(os.path.join(folder, "dump.rdb"))
        with Server(dir=folder) as s:
            assert state(s.client(), range(16)) == {}
    for data, why in ((rdb.rdb_file([good], 8), "REDIS0008"), (rdb.rdb_file([good], 13), "RDB versions 9 to 12"), (b"VALKEY080rest", "VALKEY080"),
                      (rdb.rdb_file([good, good]), "twice"), (rdb.rdb_file([rdb.select(16)]), "database 16"), (rdb.rdb_file([good])[:-1], "too early"),
                      (rdb.rdb_file([b"\xf6"]), "functions"), (rdb.rdb_file([good, b"\xf5" + rdb.string("#!lua name=x\nfoo(")]), "does not load"), (rdb.rdb_file([good])[:-1] + b"\1", "check sum"), (b"", "is empty"), (b"hello", "no command")):
        folder = temp_dir()
        with open(os.path.join(folder, "any.rdb"), "wb") as f:
            f.write(data)
        status, said = import_into(folder, os.path.join(folder, "any.rdb"))
        assert status == 65 and why in said, (why, status, said)


if __name__ == "__main__":
    main(globals())
