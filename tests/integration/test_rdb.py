#!/usr/bin/python3
"""RDB in and out: DUMP and RESTORE from and to Redis, dump.rdb and the files of a Redis directory, --import."""
import math
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


def fill_stream(r, c, key):
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
    if ids and r.randrange(2):
        c.call("XDEL", key, *r.sample(ids, r.randrange(1, min(len(ids), 20) + 1)))
    if ids and not r.randrange(3):
        c.call("XTRIM", key, "MAXLEN", r.randrange(len(ids)))
    if not size:
        c.call("XGROUP", "CREATE", key, "made", "0", "MKSTREAM")


def fill(c, seed, keys=12):
    """So many keys of each type, small ones and large ones."""
    r = random.Random(seed)
    for i in range(keys):
        size = r.choice((1, 2, 5, 40, 130, 600))
        c.call("SET", "string:%d" % i, text(r))
        c.call("RPUSH", "list:%d" % i, *[text(r) for _ in range(size)])
        c.call("SADD", "ints:%d" % i, *[r.randrange(-1 << r.choice((7, 20, 40)), 1 << r.choice((8, 30, 60))) for _ in range(size)])
        c.call("SADD", "set:%d" % i, *[text(r) for _ in range(size)])
        c.call("HSET", "hash:%d" % i, *[w for _ in range(size) for w in (text(r), text(r))])
        c.call("ZADD", "zset:%d" % i, *[w for _ in range(size) for w in (score(r), text(r))])
        fill_stream(r, c, "stream:%d" % i)
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


if __name__ == "__main__":
    main(globals())
