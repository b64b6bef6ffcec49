#!/usr/bin/python3
"""The same seeded commands to leanmqd and to Debian's redis-server; every reply must be the same,
type by type. In RESP3 also the keyspace events of each command, in their order.

    differential.py [--count N] [--seed S] [--proto 2|3|both] [--max-diffs M] [--verbose]

What may differ is in two tables: TIMES (numbers that are times: compared with tolerance) and KNOWN
(leanmqd follows a newer Redis: each with its rule and its reason). Ids made by `*` differ between any
two servers: they are compared by the order in which they appeared. Nothing is ignored wholesale.

Before the random commands comes a sweep, the same for every seed: each stream command with each of its words
in turn replaced by odd ones (integers at their ends, signs, blanks, bad ids, keys of other types), doubled,
left out, cut off there, or repeated a hundred times.
"""
import argparse
import collections
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Map, Nil, Raw, Server, Status,  # noqa: E402
                    find_leanmqd, same, show)
from event_watch import Watch  # noqa: E402

ERR_ID = b"ERR Invalid stream ID specified as stream command argument"
ERR_SMALL = b"ERR The ID specified in XADD is equal or smaller than the target stream top item"
TOLERANCE_MS = 20000                    # idle and seen times of the two servers, on a busy machine
MAX64 = (1 << 64) - 1
FULL_FIELDS_NEW = (b"active-time", b"nacked-count", b"inactive", b"idmp-duration", b"idmp-maxsize",
                   b"pids-tracked", b"iids-tracked", b"iids-added", b"iids-duplicates")


# ---------------------------------------------------------------------------------------------
# What both are asked

class Auto:
    """Stands for the k-th id that `*` made; each server has its own."""

    def __init__(self, k, tail=b""):
        self.k, self.tail = k, tail


class Generator:
    """Makes commands. Most of them sensible, many odd, all from the seed."""

    def __init__(self, rng, base_ms, has):
        self.r = rng
        self.base_ms = base_ms
        self.has = has                          # what the server under test has: names in lower case
        self.autos = 0                          # ids that `*` has made so far
        self.last_auto = 0
        self.queue = []                         # commands already decided on
        self.seq = collections.Counter()        # a rising id for each stream
        self.in_multi = self.star = False
        self.forget()

    def forget(self):
        """What was learnt from replies, so that most ids and groups asked for are really there."""
        self.cur = b""                                                      # the stream last chosen
        self.live = collections.defaultdict(lambda: collections.deque(maxlen=24))
        self.queue = []
        self.high = set()                       # streams whose last id is beyond what we count up to
        self.seq.clear()
        for i in range(4):
            self.revive(b"st:%d" % i)

    def learn(self, command, reply):
        """Side one's reply to a command."""
        name = command[0].upper() if isinstance(command[0], bytes) else b""
        if name in (b"FLUSHALL", b"FLUSHDB") and reply == b"OK":
            self.forget()
        if name == b"DEL" and reply:
            for k in command[1:]:
                if isinstance(k, bytes) and k.startswith(b"st:"):
                    self.live.pop(k, None)
                    self.high.discard(k)
                    self.seq[k] = 0
                    self.revive(k)
        if name == b"XADD" and type(reply) is bytes and len(command) > 1:
            self.added(command[1], reply)
        if name in (b"RENAME", b"RENAMENX", b"COPY") and (reply == 1 or reply == b"OK") and command[1] != command[2]:
            self.carried(command[1], command[2], name != b"COPY")

    def added(self, key, id):
        if id.startswith(b"auto#"):
            self.live[key].append(Auto(int(id[5:])))
            self.high.add(key)
            return
        self.live[key].append(id)
        ms, seq = (int(x) for x in id.split(b"-"))
        if ms > 10**9 or seq > 10**6:
            self.high.add(key)
        else:
            self.seq[key] = max(self.seq[key], ms * 4 + min(seq, 3))

    def carried(self, key, to, away):
        """What was in one stream is in another."""
        self.live[to] = collections.deque(self.live[key], maxlen=24)
        self.seq[to] = max(self.seq[to], self.seq[key])
        if key in self.high:
            self.high.add(to)
        if away and key.startswith(b"st:"):
            self.live.pop(key, None)
            self.revive(key)

    def revive(self, key):
        """Groups for a stream that has just gone, mostly."""
        if not self.in_multi and self.odd(0.8):
            self.queue += [("main", [b"XGROUP", b"CREATE", key, g, b"0", b"MKSTREAM"]) for g in (b"g1", b"g2")]

    # -- words

    def some(self, *choices):
        return self.r.choice(choices)

    def odd(self, p):
        return self.r.random() < p

    def key(self, kind):
        """Mostly a key of the right kind, sometimes of another, sometimes none."""
        if self.odd(0.06):
            kind = self.some("str", "list", "st", "none", "")
        if kind == "":
            return b""
        if kind == "none":
            return b"none%d" % self.r.randrange(2)
        return b"%s:%d" % (kind.encode(), self.r.randrange(4))

    def stream(self):
        self.cur = self.key("st")
        return self.cur

    def group(self):
        return self.some(b"g1", b"g1", b"g1", b"g2", b"g2", b"nogroup", b"", b"G1") if self.odd(0.25) \
            else self.some(b"g1", b"g2")

    def consumer(self):
        return self.some(b"alice", b"bob", b"carol", b"bob", b"", b"x\x00\xff\r\n") if self.odd(0.2) \
            else self.some(b"alice", b"bob")

    def value(self):
        return self.some(b"v", b"", b"0", b"10", b"-7", b"hello world", b"\x00\r\n\xff", b"x" * 70, b"3.5",
                         b"9223372036854775807", b" 1", b"+5", b"01")

    def bad_int(self):
        return self.some(b"", b"abc", b"1.5", b" 1", b"1 ", b"+1", b"01", b"-", b"1e3", b"0x10", b"-0",
                         b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616",
                         b"9999999999999999999999999", b"1\x00", b"nan", b"inf", b"--1")

    def extreme(self):
        return self.some(b"-1", b"0", b"9223372036854775807", b"-9223372036854775808", b"2147483647",
                         b"-2147483648", b"4294967296", b"4611686018427387904", b"1000000000000000000")

    def integer(self, low, high):
        x = self.r.random()
        if x < 0.04:
            return self.bad_int()
        if x < 0.08:
            return self.extreme()
        return b"%d" % self.r.randint(low, high)

    def count(self):
        return self.integer(0, 6)

    def now_ish(self):
        """An absolute ms time, far enough off that the seconds of a run do not matter."""
        return b"%d" % (self.base_ms + self.some(-10**9, -5 * 10**8, 10**9, 10**8))

    def bad_id(self):
        return self.some(b"", b"abc", b"-", b"+", b"-1", b"1-", b"-1-1", b"1-1-1", b"1-a", b"a-1", b"1 -1",
                         b"18446744073709551616-0", b"0-18446744073709551616", b"1.0-1", b"(1-1", b"$", b">",
                         b"*", b"1-*", b"(", b"9" * 130, b"1-+1", b"01-01", b" 1-1", b"0x1-1", b"1-\x00")

    def id(self):
        """An id that may well be in a stream."""
        live = self.live.get(self.cur)
        if live and self.odd(0.6):
            one = self.r.choice(live)
            if isinstance(one, bytes) or not self.in_multi:
                return one
        x = self.r.random()
        if x < 0.03:
            return self.bad_id()
        if x < 0.05:
            return self.some(b"0", b"0-0", b"18446744073709551615-18446744073709551615",
                             b"18446744073709551615", b"9223372036854775808-5")
        if x < 0.10 and self.autos and not self.in_multi:
            return Auto(self.r.randrange(max(0, self.autos - 4), self.autos))
        if x < 0.2:
            return b"%d" % self.r.randint(0, 30)
        return b"%d-%d" % (self.r.randint(1, 30), self.r.randint(0, 3))

    def ids(self):
        n = self.some(1, 1, 1, 2, 2, 3, 5, 12)
        ids = [self.id() for _ in range(n)]
        if self.odd(0.15):
            ids.append(ids[0])
        return ids

    def bound(self, low):
        x = self.r.random()
        if x < 0.3:
            return b"-" if low else b"+"
        if x < 0.34:
            return self.some(b"+" if low else b"-", b"(-", b"(+", b"(", b"(0", b"(0-0", b"((1",
                             b"(18446744073709551615-18446744073709551615", b"(18446744073709551615")
        one = self.id()
        return b"(" + one if self.odd(0.2) and isinstance(one, bytes) else one

    def add_id(self, key):
        x = self.r.random()
        if x < (0.6 if key in self.high else 0.01) and not (self.in_multi and self.star):
            self.star = True                    # in a transaction one: two might share a millisecond
            return b"*"
        if key in self.high and self.odd(0.1) and not self.in_multi:
            self.queue.append(("main", [b"DEL", key]))
        x = self.r.random()
        if x < 0.05:
            return b"%d-*" % max(0, self.seq[key] // 4 + self.r.randint(-1, 2))
        if x < 0.08:
            return self.id()
        if x < 0.082:
            return self.some(b"18446744073709551615-18446744073709551615", b"5-18446744073709551615",
                             b"18446744073709551615-*", b"0-*")
        self.seq[key] += self.some(1, 1, 1, 2, 5)
        return b"%d-%d" % (self.seq[key] // 4, self.seq[key] % 4)

    def fields(self):
        n = self.some(1, 1, 1, 2, 2, 3)
        out = []
        for _ in range(n):
            out += [self.some(b"f", b"g", b"f", b"", b"\xfe\x00"), self.value()]
        if self.odd(0.03):
            out.pop()
        return out

    def case(self, name):
        return name.lower() if self.odd(0.3) else name.capitalize() if self.odd(0.05) else name

    def mess(self, command):
        """Now and then a word too many, too few, doubled, or in the wrong place."""
        if self.odd(0.97):
            return command
        i = self.r.randrange(1, len(command)) if len(command) > 1 else 0
        how = self.r.randrange(5)
        if how == 0 and i:
            return command[:i] + command[i + 1:]
        if how == 1:
            return command + [self.value()]
        if how == 2 and i:
            return command[:i] + [command[i]] + command[i:]
        if how == 3 and i:
            return command[:i]
        return command[:i or 1] + [self.some(b"", b"foo", b"0", b"-1")] + command[(i or 1) + 1:]

    # -- trims

    def trim(self):
        out = [self.some(b"MAXLEN", b"MAXLEN", b"MINID", b"maxlen")]
        by_id = out[0] == b"MINID"
        approx = False
        if self.odd(0.5):
            out.append(self.some(b"=", b"~"))
            approx = out[-1] == b"~"
        out.append(self.id() if by_id else self.integer(0, 25))
        if self.odd(0.35 if approx else 0.05):
            out += [self.some(b"LIMIT", b"limit"), self.integer(0, 30)]
        if self.odd(0.02):
            out += self.trim()
        return out

    # -- commands

    def strings(self):
        k = self.key("str")
        pick = self.r.randrange(16)
        if pick < 4:
            c = [b"SET", k, self.value()]
            if self.odd(0.4):
                for _ in range(self.some(1, 1, 2)):
                    c += self.some([b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], [b"EX", self.ttl()],
                                   [b"PX", self.ttl(1000)], [b"EXAT", b"%d" % (self.base_ms // 1000 + 10**6)],
                                   [b"PXAT", b"%d" % (self.base_ms + 10**9)], [b"EX"], [b"FOO"])
            return c
        if pick < 7:
            return [b"GET", k]
        if pick < 9:
            return [b"INCR", k]
        if pick < 11:
            return [self.some(b"DEL", b"EXISTS")] + [self.anykey() for _ in range(self.some(1, 1, 2, 3))]
        if pick < 12:
            return [b"TYPE", self.anykey()]
        return self.expiry()

    def anykey(self):
        return self.key(self.some("str", "str", "list", "st", "none"))

    def ttl(self, scale=1):
        x = self.r.random()
        if x < 0.08:
            return self.bad_int()
        if x < 0.12:
            return self.extreme()
        return b"%d" % (self.r.randint(10000, 10**6) * scale)

    # -- keys of any type

    def db(self):
        return self.some(b"1", b"1", b"0", b"2", b"15", b"16", b"-1", self.bad_int(), self.extreme()) if self.odd(0.4) else b"1"

    def glob(self):
        """Patterns that fit some of our names, whole or in part, and the odd corners of classes and escapes."""
        parts = [b"*", b"*", b"?", b"st", b"str", b"list", b":", b"[a-z]", b"[z-a]", b"[0-9]", b"[^0-1]", b"[^s]", b"[sl]", b"[\\s]", b"\\s",
                 b"\\*", b"[]", b"[^]", b"[s", b"[^s", b"[a-", b"[s-", b"[", b"\\", b"[\\", b"[]-s]", b"1", b"2", b"**", b"none", b"\x00"]
        return self.some(b"*", b"", b"str:*", b"?t:*", b"a*a*a*a*a*a*b", b"".join(self.some(*parts) for _ in range(self.r.randint(1, 6))))

    def scan(self):
        """All at once, for the order and the cursors of two servers are their own; or an error."""
        if self.odd(0.1):
            return [b"SCAN", self.some(b"x", b"-", b"+", b" 0", b"0 ", b"1.5", b"18446744073709551616", b"-18446744073709551616", b"0x1")]
        c = [b"SCAN", self.some(b"0", b"0", b"0", b"+0", b"-0", b"00")]
        for _ in range(self.some(0, 1, 1, 2)):
            c += self.some([b"MATCH", self.glob()], [b"TYPE", self.some(b"string", b"LIST", b"stream", b"hash", b"foo", b"")])
        c += [self.some(b"COUNT", b"count"), self.some(b"100000", b"100000", b"100000", b"9223372036854775807") if self.odd(0.9) else
              self.some(b"0", b"-1", b"x", b"", b"9223372036854775808")]
        return c + ([self.some(b"FOO", b"MATCH", b"COUNT", b"NOVALUES")] if self.odd(0.05) else [])

    def copy(self):
        k = self.anykey()
        c = [b"COPY", k, self.key(self.kind_of(k)) if self.odd(0.8) else self.anykey()]
        for _ in range(self.some(0, 0, 1, 1, 2)):
            c += self.some([b"REPLACE"], [b"DB", self.db()], [b"replace"], [b"FOO"] if self.odd(0.1) else [b"REPLACE"])
        return c + ([b"DB"] if self.odd(0.03) else [])

    @staticmethod
    def kind_of(k):
        return k.split(b":")[0].decode() if b":" in k else "none"

    def generic(self):
        k = self.anykey()
        like = self.key(self.kind_of(k)) if self.odd(0.85) else self.anykey()
        pick = self.r.randrange(32)
        if pick < 5:
            return [self.some(b"RENAME", b"RENAMENX"), k, like]
        if pick < 10:
            return self.copy()
        if pick < 12:
            return [b"MOVE", k, self.db()]
        if pick < 13:
            return [b"SWAPDB", self.db() if self.odd(0.3) else b"0", self.db()]
        if pick < 16:
            return [self.some(b"UNLINK", b"TOUCH", b"TOUCH")] + [self.anykey() for _ in range(self.some(1, 1, 2, 3))]
        if pick < 18:
            return self.scan()
        if pick < 21:
            return [b"KEYS", self.glob()]
        if pick < 22:
            return [b"RANDOMKEY"]
        if pick < 26:
            return [b"OBJECT", self.some(b"ENCODING", b"ENCODING", b"encoding", b"FREQ", b"IDLETIME", b"REFCOUNT"), k]
        if pick < 27:
            return self.some([b"OBJECT", b"HELP"], [b"OBJECT"], [b"OBJECT", b"FOO", k], [b"OBJECT", b"ENCODING"], [b"OBJECT", b"FREQ", k, k])
        if pick < 28:
            return [b"DBSIZE"]
        return self.expiry()

    def expiry(self):
        k = self.anykey()
        pick = self.r.randrange(10)
        flags = [self.some(b"NX", b"XX", b"GT", b"LT", b"gt", b"foo") for _ in range(self.some(1, 1, 2, 3))] if self.odd(0.25) else []
        if pick > 8:
            return [self.some(b"EXPIREAT", b"PEXPIRE"), k, self.some(b"%d" % (self.base_ms // 1000 + 10**6), self.ttl(1000))] + flags
        if pick > 7:
            return [self.some(b"EXPIRETIME", b"PEXPIRETIME", b"PTTL"), k]
        if pick < 2:
            return [b"EXPIRE", k, self.ttl()] + flags
        if pick < 3:
            return [b"PEXPIREAT", k, self.some(self.now_ish(), self.ttl(10**9))] + flags
        if pick < 4:
            return [b"PERSIST", k]
        return [b"TTL", k]

    def lists(self):
        k = self.key("list")
        pick = self.r.randrange(10)
        if pick < 4:
            return [b"LPUSH", k] + [self.value() for _ in range(self.some(1, 1, 2, 4))]
        if pick < 6:
            return [b"RPOP", k] + ([self.count()] if self.odd(0.3) else [])
        if pick < 8:
            return [b"LLEN", k]
        keys = [self.key("list") for _ in range(self.some(1, 1, 2, 3))]
        wait = self.some(b"0.001", b"0.002", b"0.001", b"-1", b"abc", b"1e-3", b"nan", b"0.001 ", b"", b"99999999999999999999")
        return [b"BRPOP"] + keys + [wait]

    def xadd(self):
        k = self.stream()
        c = [b"XADD", k]
        if self.odd(0.08):
            c.append(b"NOMKSTREAM")
        if self.odd(0.25):
            c += self.trim()
        if self.odd(0.02):
            c.append(self.some(b"LIMIT", b"MAXLEN", b"NOMKSTREAM", b"FOO"))
        return c + [self.add_id(k)] + self.fields()

    def xrange(self):
        c = [b"XRANGE", self.stream(), self.bound(True), self.bound(False)]
        if self.odd(0.5):
            c = [b"XREVRANGE", c[1], c[3], c[2]]
        if self.odd(0.4):
            c += [b"COUNT", self.count()]
        return c

    def streams_of(self, special, group=False):
        n = self.some(1, 1, 1, 2, 3)
        keys = [self.stream() for _ in range(n)]
        if group and self.odd(0.7):
            keys = [b"st:%d" % self.r.randrange(4) for _ in range(n)]
        ids = [special if self.odd(0.6) else self.some(b"0", b"0-0", self.id(), self.id(), b"$", b">", b"+", b"-")
               for _ in range(n)]
        if self.odd(0.03):
            ids.pop()
        return [b"STREAMS"] + keys + ids

    def read_options(self, group):
        c = []
        if self.odd(0.5):
            c += [b"COUNT", self.integer(0, 6)]
        if self.odd(0.15):
            c += [b"BLOCK", self.some(b"1", b"2", b"1", b"-1", b"abc", b"1.5", b"", b"18446744073709551616")]
        if self.odd(0.1 if group else 0.02):
            c.append(b"NOACK")
        return c

    def xread(self):
        return [b"XREAD"] + self.read_options(False) + self.streams_of(self.some(b"0", b"3", b"$"))

    def xreadgroup(self):
        c = [b"XREADGROUP", b"GROUP", self.group(), self.consumer()] + self.read_options(True)
        if self.odd(0.02):
            c = [b"XREADGROUP"] + c[4:] + c[1:4]
        return c + self.streams_of(b">", True)

    def min_idle(self):
        return self.some(b"0", b"0", b"0", b"-5", b"-9223372036854775808", b"9223372036854775807", self.integer(10**7, 10**8))

    def retry_count(self):
        """Around the ends of what is kept in a few bits, and of 63."""
        return self.some(self.integer(0, 50), self.integer(0, 50), b"-1", b"-9223372036854775808",
                         b"%d" % (self.some(2**40, 2**40, 2**63 - 2, 2**32, 2**62) + self.r.randint(-3, 1)))

    def xclaim(self):
        c = [b"XCLAIM", self.stream(), self.group(), self.consumer(), self.min_idle()]
        c += self.ids()
        for _ in range(self.some(0, 0, 1, 1, 2, 3, 6)):
            c += self.some([b"IDLE", self.integer(10**8, 10**9)], [b"TIME", self.now_ish()], [b"FORCE"], [b"JUSTID"],
                           [b"RETRYCOUNT", self.retry_count()], [b"LASTID", self.id()], [b"FORCE"], [b"JUSTID"],
                           [b"RETRYCOUNT", self.retry_count()], [b"force"],
                           self.some([b"FOO"], [b"IDLE"], [b"TIME"], [b"RETRYCOUNT"], [b"LASTID"], [b"5-1"], [b""],
                                     [b"IDLE", b"-1"], [b"IDLE", b"9223372036854775807"], [b"TIME", b"-1"], [b"TIME", b"0"],
                                     [b"IDLE", b"0"], [b"TIME", b"9223372036854775807"], [b"TIME", b"-9223372036854775808"]))
        return c

    def xautoclaim(self):
        c = [b"XAUTOCLAIM", self.stream(), self.group(), self.consumer(), self.min_idle(),
             self.some(b"0", b"0-0", b"-", self.bound(True), self.bound(False))]
        if self.odd(0.4):
            c += [b"COUNT", self.some(b"1", b"1", b"2", b"5", b"1000000", self.count(), b"576460752303423488", b"9223372036854775807")]
        if self.odd(0.3):
            c.append(self.some(b"JUSTID", b"justid"))
        if self.odd(0.05):
            c += self.some([b"COUNT"], [b"JUSTID"], [b"COUNT", b"1"], [b"FOO"], [b""])
        return c

    def xpending(self):
        c = [b"XPENDING", self.stream(), self.group()]
        if self.odd(0.6):
            if self.odd(0.3):
                c += [self.some(b"IDLE", b"IDLE", b"idle", b"FOO"), self.min_idle()]
            c += [self.bound(True), self.bound(False),
                  self.some(b"10", b"100", b"1", self.count(), b"9223372036854775807", b"-9223372036854775808")]
            if self.odd(0.4):
                c.append(self.consumer())
            if self.odd(0.04):
                c = c[:self.r.randint(3, len(c))]
        return c

    def xgroup(self):
        k, g = self.stream(), self.group()
        pick = self.r.randrange(16)
        if pick == 10 and self.odd(0.7):
            pick = 0                            # fewer DESTROY: what has no group is soon explored
        if pick < 7:
            c = [b"XGROUP", b"CREATE", k, g, self.some(b"0", b"0", b"$", b"$", self.id(), b"-", b"+")]
            if self.odd(0.4):
                c.append(b"MKSTREAM")
            if self.odd(0.15):
                c += [b"ENTRIESREAD", self.integer(-1, 9)]
            return c
        if pick < 10:
            c = [b"XGROUP", b"SETID", k, g, self.some(b"0", b"$", self.id(), b"-", b"+")]
            return c + ([b"ENTRIESREAD", self.integer(-1, 9)] if self.odd(0.2) else [])
        if pick < 11:
            return [b"XGROUP", b"DESTROY", k, g]
        if pick < 12:
            return [b"XGROUP", b"CREATECONSUMER", k, g, self.consumer()]
        if pick < 14:
            return [b"XGROUP", b"DELCONSUMER", k, g, self.consumer()]
        return self.some([b"XGROUP", b"HELP"], [b"XGROUP"], [b"XGROUP", b"FOO", k, g], [b"XGROUP", b"create", k, g],
                         [b"xgroup", b"setid", k], [b"XGROUP", b"DESTROY", k, g, b"x"])

    def xinfo(self):
        k = self.stream()
        pick = self.r.randrange(12)
        if pick < 3:
            return [b"XINFO", b"STREAM", k]
        if pick < 7:
            return [b"XINFO", b"STREAM", k, self.some(b"FULL", b"full")] + \
                ([b"COUNT", self.count()] if self.odd(0.5) else [])
        if pick < 9:
            return [b"XINFO", b"GROUPS", k]
        if pick < 11:
            return [b"XINFO", b"CONSUMERS", k, self.group()]
        return self.some([b"XINFO", b"HELP"], [b"XINFO"], [b"XINFO", b"FOO", k], [b"XINFO", b"STREAM"],
                         [b"XINFO", b"STREAM", k, b"FOO"], [b"XINFO", b"GROUPS", k, b"x"],
                         [b"xinfo", b"consumers", k], [b"XINFO", b"STREAM", k, b"FULL", b"COUNT"],
                         [b"XINFO", b"STREAM", k, b"FULL", b"FOO", b"1"])

    def xsetid(self):
        c = [b"XSETID", self.stream(), self.id()]
        if self.odd(0.3):
            c += [b"ENTRIESADDED", self.integer(0, 100)]
        if self.odd(0.3):
            c += [b"MAXDELETEDID", self.id()]
        return c

    def streams(self):
        pick = self.r.randrange(108)
        for limit, make in ((30, self.xadd), (38, self.xrange), (44, self.xread), (60, self.xreadgroup),
                            (66, self.xclaim), (72, self.xautoclaim), (78, self.xpending), (88, self.xgroup),
                            (96, self.xinfo)):
            if pick < limit:
                return make()
        if pick < 99:
            return [b"XACK", self.stream(), self.group()] + self.ids()
        if pick < 102:
            return [b"XDEL", self.stream()] + self.ids()
        if pick < 104:
            return [b"XTRIM", self.stream()] + self.trim() if self.odd(0.9) else \
                [b"XTRIM", self.stream(), self.some(b"LIMIT", b"FOO", b"MAXLEN"), self.count()]
        if pick < 105 and "xsetid" in self.has:
            return self.xsetid()
        return [b"XLEN", self.stream()]

    def general(self):
        return self.some([b"PING"], [b"PING", self.value()], [b"ECHO", self.value()], [b"DBSIZE"], [b"ping", b"a", b"b"],
                         [b"NOSUCH", self.value(), self.value()], [b"nosuch"], [b"SELECT", b"0"], [b"SELECT", self.bad_int()],
                         [b"SELECT", b"16"], [b"SELECT", b"-1"], [b"GET"], [b"SET", b"k"], [b"EXEC"], [b"DISCARD"], [b"UNWATCH"],
                         [b"MULTI", b"x"], [b"WATCH"], [b"CLIENT", b"GETNAME"], [b"CLIENT", b"FOO"], [b"CLIENT"],
                         [b"CLIENT", b"SETNAME", self.some(b"n", b"", b"a b", b"x\n")], [b"TYPE", self.anykey()],
                         [b"XLEN"], [b"XADD"], [b"XREAD"], [b"XACK", b"k", b"g"], [b"DEL"], [b"CONFIG", b"FOO"],
                         [b"RPOP", b"list:0", b"1", b"2"], [b"HELLO", b"9"], [b"HELLO", b"abc"], [b"AUTH", b"x"],
                         [b"AUTH", b"u", b"p"], [b"AUTH"], [b"n\r\no", b"\r\n\x00"], [b"EXPIRE", b"k"], [b"COMMAND", b"FOO"],
                         [b"COMMAND", b"GETKEYS", b"XREAD", b"STREAMS", b"a", b"b", b"0", b"0"], [b"CLIENT", b"UNBLOCK", b"999999"],
                         [b"COMMAND", b"GETKEYS", b"SET", b"a", b"b"], [b"COMMAND", b"GETKEYS", b"PING", b"x"], [b""],
                         [b"COMMAND", b"GETKEYS", b"XREADGROUP", b"GROUP", b"streams", b"c", b"STREAMS", b"k", b">"])

    def client(self):
        """CLIENT, with nothing that closes, mutes or stops the one that asks."""
        kind = self.some(b"normal", b"master", b"replica", b"slave", b"pubsub", b"NORMAL", b"x", b"")
        number = self.some(b"0", b"-1", b"999999", b"9223372036854775807", b"9223372036854775808", b"x", b" 1", b"+1", b"01", b"1.0", b"")
        c = self.some(
            [b"LIST", b"TYPE", self.some(b"master", b"replica", b"slave", b"x", b"")], [b"LIST", b"ID"], [b"LIST", b"FOO"],
            [b"LIST", b"ID"] + [self.some(b"999999", b"-1", b"0", b"x", b"9223372036854775808") for _ in range(self.r.randint(1, 3))],
            [b"LIST", b"TYPE", kind, b"x"], [b"KILL", b"ID", number], [b"KILL", number], [b"KILL"], [b"KILL", b"1.2.3.4:5"],
            [b"KILL", b"TYPE", self.some(b"master", b"replica", b"slave", b"x"), b"SKIPME", self.some(b"yes", b"no", b"x")],
            [b"KILL", b"ID", number, self.some(b"ADDR", b"LADDR", b"TYPE", b"USER", b"FOO")],
            [b"KILL", b"ADDR", b"1.2.3.4:5", b"LADDR", b"x", b"USER", self.some(b"default", b"nobody")],
            [b"KILL", b"SKIPME", self.some(b"maybe", b"")], [b"UNBLOCK", number], [b"UNBLOCK", number, self.some(b"TIMEOUT", b"error", b"x")],
            [b"UNBLOCK", number, b"ERROR", b"x"], [b"PAUSE", self.some(b"0", b"-1", b"x", b"1.5", b"", b"99999999999999999999")],
            [b"PAUSE", self.some(b"0", b"1", b"x"), self.some(b"WRITE", b"all", b"x")], [b"PAUSE", b"1", b"ALL", b"x"], [b"PAUSE"],
            [b"UNPAUSE"], [b"UNPAUSE", b"x"], [b"REPLY", self.some(b"on", b"x", b"")], [b"REPLY"], [b"REPLY", b"ON", b"x"],
            [b"NO-EVICT", self.some(b"on", b"OFF", b"x")], [b"NO-EVICT"], [b"GETREDIR"], [b"GETREDIR", b"x"], [b"TRACKINGINFO"],
            [b"TRACKINGINFO", b"x"], [b"TRACKING"], [b"CACHING"], [b"CACHING", b"yes", b"x"], [b"ID", b"x"], [b"INFO", b"x"], [b"GETNAME", b"x"],
            [b"SETNAME"], [b"SETNAME", self.some(b"name", b"", b"a b", b"a\tb", b"\x7f", b"~!")], [b"GETNAME"], [b"MAINT_NOTIFICATIONS", b"ON"],
            [b"HELP", b"x"])
        return [b"CLIENT"] + c

    def looking(self):
        """What lets a human look. Answers that are times and samples are left to other tests."""
        r = self.r.random()
        if r < 0.25:
            return [b"COMMAND", self.some(b"GETKEYS", b"GETKEYSANDFLAGS"),
                    *self.some([b"SET", b"k", b"v", *self.some([], [b"GET"], [b"get", b"NX"])], [b"DEL", b"a", b"b"],
                               [b"XREAD", b"STREAMS", b"a", b"b", b"0", b"0"], [b"XREAD", b"COUNT", b"streams"],
                               [b"XREADGROUP", b"GROUP", b"g", b"c", b"STREAMS", b"k", b">"], [b"XGROUP", b"CREATE", b"k", b"g", b"$"],
                               [b"XGROUP", b"NOSUCH", b"k"], [b"nosuch", b"a"], [b"GET", b"a", b"b"], [b"SET", b"a"],
                               [b"BRPOP", b"a", b"b", b"0"], [b"PUBLISH", b"a", b"b"], [b"xinfo", b"stream", b"k"])]
        if r < 0.5:
            return [b"COMMAND", *self.some([b"LIST", b"FILTERBY", self.some(b"MODULE", b"ACLCAT", b"PATTERN", b"FOO"),
                                            self.some(b"", b"xlen", b"XLE?", b"nosuch", b"[x]le*", b"\x00")],
                                           [b"LIST", b"FOO"], [b"LIST", b"FILTERBY"], [b"LIST", b"FILTERBY", b"PATTERN"],
                                           [b"LIST", b"FILTERBY", b"PATTERN", b"a", b"b"], [b"GETKEYSANDFLAGS"],
                                           [b"INFO", self.some(b"get", b"GeT", b"nosuch", b"", b"xlen", b"xack"), b"nosuch"],
                                           [b"DOCS", b"nosuch"], [b"COUNT", b"x"], [b"NoSuch"])]
        if r < 0.75:
            return [b"SLOWLOG", *self.some([b"GET", self.some(b"0", b"-2", self.bad_int())], [b"GET", b"1", b"2"],
                                           [b"LEN", b"x"], [b"RESET", b"x"], [b"FOO"], [])]
        return [b"LATENCY", *self.some([b"HISTORY", self.some(b"nosuch", b"", b"COMMAND")], [b"HISTORY"], [b"GRAPH", b"nosuch"],
                                       [b"RESET"], [b"RESET", b"nosuch", b"x"], [b"LATEST"], [b"LATEST", b"x"], [b"GRAPH"],
                                       [b"HISTOGRAM", b"nosuch"], [b"FOO"], [])]

    def admin(self):
        """What operators send, as far as both answer alike."""
        k, n = self.anykey(), self.some(self.bad_int(), self.extreme(), b"0", b"1", b"5")
        pick = self.r.randrange(8)
        if pick == 0:
            return self.some([b"WAIT", self.some(b"0", b"-1", self.bad_int()), self.some(b"0", b"1", b"-1", self.bad_int())],
                             [b"WAIT", b"1", self.some(b"1", b"2")], [b"WAIT"], [b"LASTSAVE", b"x"], [b"ROLE"], [b"ROLE", b"x"],
                             [b"BGSAVE", b"x"], [b"TIME", b"x"], [b"SAVE", b"x"])
        if pick == 1:
            return [b"MEMORY", self.some(b"USAGE", b"usage"), k] + self.some([], [b"SAMPLES", n], [b"SAMPLES"], [b"FOO", n], [b"samples", b"3", b"SAMPLES", n])
        if pick == 2:
            return self.some([b"MEMORY", self.some(b"PURGE", b"FOO", b"STATS", b"DOCTOR"), b"x"], [b"MEMORY", b"PURGE"], [b"MEMORY"], [b"MEMORY", b"USAGE"], [b"MODULE", b"LIST"], [b"MODULE", b"FOO"], [b"LOLWUT", b"VERSION", self.bad_int()],
                             [b"MODULE"])
        if pick == 3:
            mode = self.some([], [b"SYNC"], [b"async"], [b"foo"], [b"SYNC", b"SYNC"])
            return self.some([b"FUNCTION", b"FLUSH"] + mode, [b"SCRIPT", b"FLUSH"] + mode, [b"FUNCTION", b"LIST"] + self.some(
                [], [b"WITHCODE"], [b"LIBRARYNAME", b"x"], [b"LIBRARYNAME"], [b"WITHCODE", b"withcode"], [b"foo"], [b"LIBRARYNAME", b"x", b"LIBRARYNAME", b"y"]),
                [b"SCRIPT", b"EXISTS", self.value()], [b"SCRIPT", b"EXISTS"], [b"SCRIPT", b"KILL"], [b"FUNCTION", b"KILL"], [b"FUNCTION", b"DELETE", b"x"],
                [b"FUNCTION", b"DELETE"], [b"SCRIPT", b"FOO"], [b"FUNCTION", b"FOO", b"x"])
        if pick == 4:
            return self.some([b"CLUSTER", self.some(b"INFO", b"NODES", b"SLOTS", b"SHARDS", b"MYID", b"LINKS", b"FOO", b"HELP")], [b"CLUSTER", b"KEYSLOT", k],
                             [b"CLUSTER", b"KEYSLOT"], [b"CLUSTER", b"COUNTKEYSINSLOT", n], [b"CLUSTER", b"INFO", b"x"], [b"CLUSTER"], [b"READONLY"],
                             [b"READWRITE"], [b"READONLY", b"x"], [b"REPLICAOF", b"NO", self.some(b"ONE", b"one", b"x")], [b"SLAVEOF", b"no", b"One"],
                             [b"REPLICAOF", b"NO"], [b"FAILOVER"], [b"FAILOVER", b"x"], [b"FAILOVER", b"ABORT"])
        if pick == 5:
            return self.some([b"ACL", self.some(b"WHOAMI", b"LIST", b"USERS", b"CAT", b"FOO")], [b"ACL", b"GETUSER", self.some(b"default", b"nobody", b"")],
                             [b"ACL", b"CAT", self.some(b"nosuch", b"server", b"", b"a b")], [b"ACL", b"GENPASS", self.some(b"0", b"-1", b"4097", self.bad_int())],
                             [b"ACL", b"LOG", self.some(b"RESET", self.bad_int())], [b"ACL", b"DRYRUN", self.some(b"default", b"nobody"),
                             self.some(b"GET", b"NOSUCH", b"xadd")] + [b"a"] * self.some(0, 1, 2), [b"ACL", b"WHOAMI", b"x"], [b"ACL", b"CAT", b"a", b"b"], [b"ACL"])
        if pick == 6:
            bad = [self.some(b"timeout", b"tcp-keepalive", b"stream-node-max-entries", b"TIMEOUT"), self.some(b"abc", b"-1", b"1.5", b"", b"9" * 30)]
            return [b"CONFIG", b"SET"] + self.some(bad, bad + [b"hz", b"10"][:self.some(0, 1)], [b"nosuch", b"1"], [b"nosuch"], [], [b"timeout"],
                                                   [b"timeout", b"0", b"timeout", b"0"], [b"latency-tracking", b"perhaps"], [b"maxmemory", self.some(b"1xb", b"-1", b"a")],
                                                   [b"appendonly", b"perhaps"], [b"timeout", b"0", b"nosuch", b"1"], [b"databases", b"4"], [b"timeout", b"0", b"databases", b"1"])
        return self.some([b"CONFIG", b"GET", b"nosuch"], [b"CONFIG", b"GET"], [b"CONFIG", b"GET", b"timeout", b"tim*out", b"nosuch"], [b"CONFIG", b"REWRITE"],
                         [b"CONFIG", b"REWRITE", b"x"], [b"CONFIG", b"RESETSTAT", b"x"], [b"INFO", b"nosuch"], [b"INFO", b"cluster", b"nosuch"],
                         [b"SHUTDOWN", self.some(b"x", b"SAVE", b"ABORT"), self.some(b"NOSAVE", b"x")] if self.odd(0.5) else [b"SHUTDOWN", b"ABORT"],
                         [b"DEBUG", self.some(b"FOO", b"SLEEP", b"OBJECT")], [b"DEBUG"],
                         [b"DEBUG", b"HTSTATS", b"99"], [b"DEBUG", b"OBJECT", b"no-such-key"], [b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"100"])

    ADMIN = (b"WAIT", b"LASTSAVE", b"ROLE", b"BGSAVE", b"SAVE", b"TIME", b"MEMORY", b"MODULE", b"LOLWUT", b"FUNCTION", b"SCRIPT", b"CLUSTER", b"READONLY",
             b"READWRITE", b"REPLICAOF", b"SLAVEOF", b"FAILOVER", b"ACL", b"INFO", b"SHUTDOWN", b"DEBUG")

    def one(self):
        x = self.r.random()
        if x < 0.17:
            c = self.strings()
        elif x < 0.27:
            c = self.lists()
        elif x < 0.29:
            c = self.general()
        elif x < 0.30:
            c = self.client() if self.odd(0.5) else self.looking()
        elif x < 0.38:
            c = self.generic()
        elif x < 0.40:
            c = self.admin()
        else:
            c = self.streams()
        messed = self.mess(c)
        if not self.waits_long(messed) and messed[0].upper() not in self.ADMIN + (b"COMMAND", b"CLIENT", b"HELLO", b"CONFIG", b"SCAN",
                                                                                   b"SLOWLOG", b"LATENCY"):
            c = messed
        return [self.case(c[0])] + c[1:]

    @staticmethod
    def waits_long(c):
        """A word put elsewhere may have made BLOCK 1 a BLOCK 0, or a key a timeout."""
        def short(w):
            return isinstance(w, bytes) and re.fullmatch(rb"0\.00\d|[1-9]", w)
        name = c[0].upper()
        if name == b"BRPOP":
            return re.fullmatch(rb"[\d.+e-]+", c[-1]) and not re.fullmatch(rb"0\.00\d", c[-1])
        return name in (b"XREAD", b"XREADGROUP") and any(
            isinstance(a, bytes) and a.upper() == b"BLOCK" and isinstance(b, bytes) and re.fullmatch(rb"-?\d+", b) and
            not short(b) for a, b in zip(c, c[1:]))

    def transaction(self):
        """MULTI .. EXEC on the main connection, WATCH and another client before it."""
        plan = []
        if self.odd(0.4):
            k = self.anykey() or b"none0"
            plan.append(("main", [b"WATCH", k] + ([self.anykey()] if self.odd(0.3) else [])))
            for _ in range(self.some(0, 1, 1, 2)):
                plan.append((self.some("main", "other"), self.touch(k)))
            if self.odd(0.1):
                plan.append(("main", [b"UNWATCH"]))
        plan.append(("main", [b"MULTI"]))
        for _ in range(self.some(0, 1, 2, 3, 5, 8)):
            plan.append(("main", "one"))
        if self.odd(0.05):
            plan.append(("main", self.some([b"MULTI"], [b"WATCH", b"str:0"], [b"NOSUCH"], [b"GET"], [b"UNWATCH"])))
        plan.append(("main", [self.some(b"EXEC", b"EXEC", b"EXEC", b"EXEC", b"exec", b"DISCARD")]))
        return plan

    def touch(self, k):
        """Something that changes a watched key or plainly does not. Group commands are kept out: Redis
        7.0 does not touch WATCH with XACK and its like, leanmqd does (known, STREAMS.md section 6)."""
        return self.some([b"SET", k, b"1"], [b"DEL", k], [b"XADD", k, b"25-*", b"f", b"v"], [b"LPUSH", k, b"a"], [b"INCR", k],
                         [b"EXPIRE", k, b"10000"], [b"PERSIST", k], [b"GET", k], [b"XLEN", k], [b"XDEL", k, b"1-1", b"2-2"],
                         [b"XTRIM", k, b"MAXLEN", b"3"], [b"DEL", b"none9"], [b"UNLINK", k], [b"TOUCH", k], [b"RENAME", k, b"none1"],
                         [b"RENAME", b"str:1", k], [b"RENAME", k, k], [b"RENAMENX", b"str:1", k], [b"COPY", k, b"none1", b"REPLACE"],
                         [b"COPY", b"str:1", k, b"REPLACE"], [b"COPY", b"str:1", k], [b"MOVE", k, b"1"], [b"SWAPDB", b"0", b"1"],
                         [b"SWAPDB", b"0", b"0"], [b"SWAPDB", b"2", b"3"], [b"RPOP", k], [b"FLUSHALL"] if self.odd(0.2) else [b"PING"])

    def pubsub(self):
        """Something on the subscriber's connection, or a PUBLISH from the main one."""
        names = [b"news", b"jobs", b"n", b"", b"a\x00b"]
        pats = [b"n*", b"*", b"j?bs", b"[a-n]ews", b"\\*", b"n[^e]*"]
        pick = self.r.randrange(10)
        if pick < 4:
            return ("main", [b"PUBLISH", self.some(*names), self.value()])
        if pick < 6:
            return ("sub", [b"SUBSCRIBE"] + [self.some(*names) for _ in range(self.some(1, 1, 2))])
        if pick < 7:
            return ("sub", [b"PSUBSCRIBE", self.some(*pats)])
        if pick < 8:
            return ("sub", [b"UNSUBSCRIBE"] + [self.some(*names) for _ in range(self.some(0, 1, 2))])
        if pick < 9:
            return ("sub", [b"PUNSUBSCRIBE"] + [self.some(*pats) for _ in range(self.some(0, 1))])
        return ("sub", self.some([b"PING"], [b"GET", b"str:0"], [b"SUBSCRIBE"], [b"INCR", b"str:1"], [b"PING", b"a", b"b"], [b"XADD", b"x"]))

    def next(self):
        """(connection, command): connection is main, other or sub."""
        if self.queue:
            where, c = self.queue.pop(0)
            return where, self.one() if c == "one" else c
        x = self.r.random()
        if x < 0.02:
            self.queue = self.transaction()
            return self.next()
        if x < 0.04:
            return self.pubsub()
        if x < 0.041:
            return "main", [self.some(b"FLUSHALL", b"FLUSHDB", b"FLUSHALL", b"FLUSHDB"), self.some(b"SYNC", b"ASYNC", b"sync", b"foo")][:self.some(1, 1, 2)]
        if x < 0.045:
            return "main", [b"DEL", self.key("st")]
        if x < 0.047:
            return "main", [b"SELECT", b"1"]
        if x < 0.052:
            return "main", [b"SELECT", b"0"]
        return "main", self.one()


# ---------------------------------------------------------------------------------------------
# Every stream command with every odd word in every place

ODD_INTS = (b"-1", b"0", b"-0", b"+1", b"01", b"1 ", b" 1", b"1.5", b"1e3", b"0x10", b"abc", b"", b"--1", b"nan",
            b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809",
            b"18446744073709551615", b"18446744073709551616", b"4611686018427387904", b"2147483648", b"-2147483648")
ODD_IDS = (b"-", b"+", b"$", b">", b"*", b"(", b"(1-1", b"(-", b"(0", b"0-0", b"0-1", b"1-", b"-1-1", b"1-1-1", b"2-*", b"a-1",
           b"1-a", b"18446744073709551615-18446744073709551615", b"(18446744073709551615-18446744073709551615",
           b"18446744073709551616-0", b"0-18446744073709551616", b"9" * 130, b"1-1\x00")
ODD_WORDS = (b"none", b"str:0", b"COUNT", b"LIMIT", b"JUSTID", b"FORCE", b"STREAMS", b"MAXLEN", b"GROUP", b"x" * 200, b"\x00\r\n\xff")

SWEEP = [line.encode().split(b" ") for line in """
XADD st:0 NOMKSTREAM MAXLEN ~ 10 LIMIT 5 20-* f v
XADD st:0 MINID = 3 20-1 f v g w
XADD st:0 20-1 f v
XLEN st:0
XRANGE st:0 1-1 5-5 COUNT 2
XREVRANGE st:0 5-5 1-1 COUNT 2
XDEL st:0 1-1 2-1 1-1
XTRIM st:0 MAXLEN ~ 4 LIMIT 3
XTRIM st:0 MAXLEN = 4
XTRIM st:0 MINID 2-1
XSETID st:0 100-1 ENTRIESADDED 50 MAXDELETEDID 3-3
XREAD COUNT 2 STREAMS st:0 st:1 0-0 3-1
XREAD BLOCK 1 STREAMS st:0 st:1 9-9 9-9
XREADGROUP GROUP g1 alice COUNT 2 NOACK STREAMS st:0 >
XREADGROUP GROUP g1 bob COUNT 2 STREAMS st:0 st:1 > >
XREADGROUP GROUP g1 alice BLOCK 1 STREAMS st:0 0
XACK st:0 g1 1-1 2-1 1-1
XCLAIM st:0 g1 bob 0 1-1 2-1 9-9 IDLE 100000000 RETRYCOUNT 3 FORCE JUSTID LASTID 2-1
XCLAIM st:0 g1 bob 0 3-1 TIME 1500000000000
XAUTOCLAIM st:0 g1 bob 0 0-0 COUNT 3 JUSTID
XAUTOCLAIM st:0 g1 bob 0 2-1
XPENDING st:0 g1
XPENDING st:0 g1 IDLE 0 - + 10 alice
XPENDING st:0 g1 1-1 (3-1 2
XGROUP CREATE st:0 g9 1-1 MKSTREAM ENTRIESREAD 3
XGROUP CREATE st:0 g9 $
XGROUP SETID st:0 g1 1-1 ENTRIESREAD 2
XGROUP DESTROY st:0 g1
XGROUP CREATECONSUMER st:0 g1 dave
XGROUP DELCONSUMER st:0 g1 alice
XINFO STREAM st:0 FULL COUNT 3
XINFO STREAM st:0
XINFO GROUPS st:0
XINFO CONSUMERS st:0 g1
""".strip().split("\n")]

SWEEP_DATA = [line.encode().split(b" ") for line in """
DEL st:0 st:1 none
SET str:0 text
XGROUP CREATE st:0 g1 0 MKSTREAM
XGROUP CREATE st:1 g1 0 MKSTREAM
XADD st:0 1-1 f a
XADD st:0 2-1 f b
XADD st:0 3-1 f c
XADD st:0 4-1 f d
XADD st:0 5-5 f e
XADD st:0 6-1 f g
XADD st:1 4-4 f v
XREADGROUP GROUP g1 alice COUNT 4 STREAMS st:0 >
""".strip().split("\n")]


def spoilt(command, at):
    """The command with one word replaced, doubled, left out, or everything from there on left out."""
    for odd in ODD_INTS + ODD_IDS + ODD_WORDS:
        yield command[:at] + [odd] + command[at + 1:]
    yield command[:at] + [command[at]] + command[at:]
    yield command[:at] + command[at + 1:]
    yield command[:at]
    yield command[:at] + [b"str:0" if w.startswith(b"st:") else w for w in command[at:]]
    yield command + [command[at]] * 100


# ---------------------------------------------------------------------------------------------
# One of the two servers

ID_RE = re.compile(rb"(\d{13})-(\d+)\Z")


class Side:
    """A server, its connections, and the ids that its `*` made, in order."""

    def __init__(self, server, proto):
        self.server, self.proto = server, proto
        self.c = {name: Raw(server.port, proto=proto) for name in ("main", "other", "sub")}
        self.autos = []
        self.number = {}

    def close(self):
        for c in self.c.values():
            c.close()

    def word(self, w):
        if isinstance(w, Auto):
            return self.autos[w.k] + w.tail if w.k < len(self.autos) else b"1-1"
        return w

    def send(self, where, command):
        self.c[where].send(*[self.word(w) for w in command])

    def read(self, where):
        return self.plain(self.c[where].read())

    def sub_replies(self, token):
        """All that the subscriber got up to the answer to PING token."""
        c = self.c["sub"]
        c.send("PING", token)
        out = []
        while True:
            reply = c.read()
            if reply == token or (isinstance(reply, list) and reply[-1:] == [token] and len(reply) == 2):
                return out
            if not (isinstance(reply, list) and reply[0] == b"pmessage" and reply[2].startswith(b"__key")):   # Watch looks at these
                out.append(reply)

    def plain(self, r):
        """Replaces ids made by the clock with the order of their first appearance."""
        if isinstance(r, list):
            out = type(r)()
            for x in r:
                out.append(tuple(self.plain(y) for y in x) if isinstance(x, tuple) else self.plain(x))
            return out
        if type(r) is bytes:
            m = ID_RE.match(r)
            if m:
                if r not in self.number:
                    self.number[r] = len(self.number)
                    self.autos.append(r)
                return b"auto#%d" % self.number[r]
        return r


# ---------------------------------------------------------------------------------------------
# What may differ

def near(a, b):
    return type(a) is int and type(b) is int and abs(a - b) <= TOLERANCE_MS


def pairs(r):
    """Map, or RESP2's flat list, as a list of (name, value); None if it is neither."""
    if isinstance(r, Map):
        return list(r)
    if isinstance(r, list) and len(r) % 2 == 0 and all(type(x) is bytes for x in r[0::2]):
        return list(zip(r[0::2], r[1::2]))
    return None


class Known:
    """Compares two replies to one command by the rules; same() was false for them already."""

    def __init__(self):
        self.tainted = set()            # keys whose entries-read and lag may follow different rules
        self.sighted = set()            # keys that XREADGROUP and the claims named: they may have made a consumer
        self.used = collections.Counter()
        self.diverged = False           # a known difference that leaves different data: begin afresh

    def note(self, command, reply):
        """Remembers which streams have lost entries, or got a counter by hand."""
        name = command[0].upper() if isinstance(command[0], bytes) else b""
        if name == b"FLUSHALL" and reply == b"OK":
            self.tainted.clear()
            self.sighted.clear()
            return
        if len(command) < 2:
            return
        if name in (b"XDEL", b"XTRIM", b"XSETID") or (name == b"XADD" and any(
                isinstance(w, bytes) and w.upper() in (b"MAXLEN", b"MINID") for w in command)):
            self.tainted.add(command[1])
        if name in (b"RENAME", b"RENAMENX", b"COPY") and len(command) > 2:
            for names in (self.tainted, self.sighted):
                if command[1] in names:
                    names.add(command[2])
        if name in (b"XREADGROUP", b"XCLAIM", b"XAUTOCLAIM"):
            self.sighted.update(w for w in command[1:] if isinstance(w, bytes))
        if name == b"XGROUP" and len(command) > 2 and any(
                isinstance(w, bytes) and w.upper() == b"ENTRIESREAD" for w in command):
            self.tainted.add(command[2])
        if name == b"XGROUP" and len(command) > 2 and command[1].upper() == b"SETID":
            self.tainted.add(command[2])

    def events(self, command, lean, redis):
        """7.0 looks twice for the keys of XREAD and so misses them twice; makes a consumer when it gets something,
        not when it asks, so that one may be there or not; and looks for a key before it reads the numbers of XAUTOCLAIM."""
        ignored = {b"keymiss", b"xgroup-createconsumer", b"xgroup-delconsumer"}

        def left(side):
            return [(c, m) for c, m in side if not {c.split(b":", 1)[1], m} & ignored]

        if command[0].upper() not in (b"XREAD", b"XREADGROUP", b"XAUTOCLAIM", b"XCLAIM", b"XGROUP", b"EXEC") or left(lean) != left(redis):
            return False
        self.used["misses and consumers"] += 1
        return True

    def by(self, rule):
        self.used[rule] += 1
        return True

    def equal(self, command, lean, redis):
        """True, or False when no rule covers the difference."""
        if same(lean, redis):
            return True
        w = [x if isinstance(x, bytes) else b"1-1" for x in command]
        name = w[0].upper()
        text = isinstance(lean, Error) or isinstance(redis, Error)
        if text and self.texts(name, w, lean, redis):
            return True
        rule = {b"TTL": self.times, b"XPENDING": self.pending, b"XINFO": self.xinfo, b"XGROUP": self.xgroup,
                b"PTTL": self.times, b"HELLO": self.hello, b"KEYS": self.names, b"SCAN": self.scan,
                b"RANDOMKEY": self.some_name, b"OBJECT": self.object, b"EXPIRETIME": self.ends,
                b"PEXPIRETIME": self.ends, b"MEMORY": self.memory}.get(name)
        return bool(rule and rule(w, lean, redis))

    # -- KNOWN: texts. (rule, command, Redis 7.0's text, leanmqd's text, reason)

    KNOWN = (
        ("unbalanced", (b"XREAD", b"XREADGROUP"), rb"ERR Unbalanced XREAD list of streams: .*",
         rb"ERR Unbalanced '(xread|xreadgroup)' list of streams: for each stream key an ID(, '\+',)?,? or '[$>]' must be specified\.",
         "7.4 names the command and the ids it takes"),
        ("exhausted seq", (b"XADD",), rb"ERR Elements are too large to be stored", re.escape(ERR_SMALL),
         "7.0.15 answers ms-* with a spent sequence by the wrong text, fixed upstream"),
        ("exhausted seq", (b"XADD",), rb"ERR The stream has exhausted .*", re.escape(ERR_SMALL),
         "an id below an exhausted stream: the newer order of checks"),
        ("xsetid deleted", (b"XSETID",), rb"ERR The (ID|entries_added) specified in XSETID is smaller than .*",
         rb"ERR The ID specified in XSETID is smaller than (current|the provided) max_deleted_entry_id", "7.4 checks this first"),
        ("block range", (b"XREAD", b"XREADGROUP"), rb"ERR timeout is not an integer or out of range",
         rb"ERR timeout is out of range", "8.x range check"),
        ("xreadgroup +", (b"XREADGROUP",), re.escape(ERR_ID), rb"ERR The \+ ID is meaningless in the context of XREADGROUP: .*",
         "7.4 gives + a meaning in XREAD, and a text of its own here"),
        ("brpop range", (b"BRPOP",), rb"ERR timeout is negative", rb"ERR timeout is out of range",
         "7.0.15 overflows; 7.2 has the check and the text"),
        ("help title", (b"XGROUP", b"XINFO", b"CLIENT", b"COMMAND"), rb"ERR unknown subcommand .*", rb"ERR unknown subcommand .*",
         "7.4 tells an unknown subcommand from a wrong number of arguments"),
    )

    def texts(self, name, w, lean, redis):
        if isinstance(lean, Error) and isinstance(redis, Error):
            for rule, names, old, new, _ in self.KNOWN:
                if name in names and re.fullmatch(old, redis, re.S) and re.fullmatch(new, lean, re.S):
                    return self.by(rule)
        # XPENDING with one word too many: 7.0 ignores it, STREAMS.md wants the syntax error.
        if name == b"XPENDING" and lean == b"ERR syntax error" and len(w) in (8, 9) and isinstance(lean, Error) \
                and not (len(w) == 9 and w[3].upper() == b"IDLE"):
            return self.by("xpending surplus word")
        # An id with a blank, a sign, or a zero byte behind it: 7.0 falls back to strtoull() and takes it;
        # STREAMS.md section 2 does not. What they store may differ from here on.
        if name.startswith(b"X") and isinstance(lean, Error) and (lean == ERR_ID or lean.startswith(b"ERR Unrecognized XCLAIM option")) \
                and any(re.match(rb"\(?([ \t-\r]|\+)*\d*-?[ +]*\d+\x00?\Z", x) and re.search(rb"[ +\x00]", x) for x in w[2:]):
            self.diverged = True
            return self.by("blank or sign in an id")
        # XSETID below the greatest deleted id: 7.4 refuses it, 7.0 does it.
        if name == b"XSETID" and isinstance(lean, Error) and lean.endswith(b"smaller than current max_deleted_entry_id") \
                and redis == b"OK":
            self.diverged = True
            return self.by("xsetid deleted")
        # XREAD with + is 7.4.
        if name == b"XREAD" and b"+" in w and isinstance(redis, Error) and redis == ERR_ID:
            return self.by("xread +")
        # XAUTOCLAIM refuses counts whose product would overflow.
        if name == b"XAUTOCLAIM" and isinstance(lean, Error) and lean == b"ERR COUNT must be > 0" \
                and any(x.isdigit() and int(x) > 1 << 58 for x in w):
            return self.by("xautoclaim count")
        return False

    # -- keys: the order is each server's own

    @staticmethod
    def names(w, lean, redis):
        return type(lean) is type(redis) is list and sorted(lean) == sorted(redis)

    def scan(self, w, lean, redis):
        return type(lean) is type(redis) is list and len(lean) == len(redis) == 2 and lean[0] == redis[0] == b"0" and \
            self.names(w, lean[1], redis[1])

    @staticmethod
    def some_name(w, lean, redis):
        return type(lean) is type(redis) is bytes

    def object(self, w, lean, redis):
        sub = w[1].upper() if len(w) > 1 else b""
        if sub == b"ENCODING":                  # 7.2 has small lists in one piece
            return lean == b"listpack" and redis == b"quicklist" and self.by("listpack")
        if sub == b"REFCOUNT":                  # Redis forgets that small numbers are shared: COPY, a restart
            return type(lean) is type(redis) is int and {lean, redis} == {1, 2147483647} and self.by("refcount")
        if sub == b"IDLETIME":
            return type(lean) is type(redis) is int and abs(lean - redis) < 60
        return self.help(w, lean, redis)

    def ends(self, w, lean, redis):
        """The end of time in seconds: Redis' rounding overflows."""
        if lean == 9223372036854776 and type(redis) is int and redis < 0:
            return self.by("expiretime overflow")
        return self.times(w, lean, redis)

    # -- TIMES

    def times(self, w, lean, redis):
        return near(lean, redis) and lean > 0 and redis > 0

    def pending(self, w, lean, redis):
        """XPENDING's long form: the third of each row is an idle time."""
        if not (isinstance(lean, list) and isinstance(redis, list) and len(lean) == len(redis)):
            return False
        return all(isinstance(a, list) and isinstance(b, list) and len(a) == len(b) == 4 and same(a[:2], b[:2]) and
                   near(a[2], b[2]) and self.counts(a[3], b[3]) for a, b in zip(lean, redis))

    def counts(self, a, b):
        """Deliveries stay at the greatest number there is; 7.0 goes on from the least."""
        return same(a, b) or (a == (1 << 63) - 1 and type(b) is int and b < -(1 << 62) and self.by("counts at their end"))

    def memory(self, w, lean, redis):
        """What a key takes is each server's own: there or not, and a number."""
        return w[1].upper() == b"USAGE" and type(lean) is int and type(redis) is int and lean > 0 and self.by("memory usage")

    # -- XINFO

    def xgroup(self, w, lean, redis):
        """Since 7.2 XREADGROUP and the claims make their consumer even when there is nothing for it."""
        if len(w) == 5 and w[1].upper() == b"CREATECONSUMER" and lean == 0 and redis == 1 and w[2] in self.sighted:
            return self.by("consumer made on sight")
        return self.help(w, lean, redis)

    def on_sight(self, key, rows, others):
        """Consumers without those that only leanmqd has, made on sight, with nothing pending."""
        names = {dict(pairs(r)).get(b"name") for r in others if pairs(r)}
        kept = [r for r in rows if dict(pairs(r) or ()).get(b"name") in names or key not in self.sighted or
                dict(pairs(r)).get(b"pending") not in (0, []) or dict(pairs(r)).get(b"pel-count", 0) != 0]
        if len(kept) < len(rows):
            self.by("consumer made on sight")
        return kept

    def help(self, w, lean, redis):
        """HELP: other subcommands, other words ("Prints"): the same title and kind of lines."""
        return len(w) == 2 and w[1].upper() == b"HELP" and isinstance(lean, list) and \
            all(isinstance(x, Status) for x in lean) and same(lean[0], redis[0]) and self.by("help lines")

    def hello(self, w, lean, redis):
        """The same fields, in the same order; other name, version and number."""
        a, b = pairs(lean), pairs(redis)
        return bool(a and b and [x[0] for x in a] == [x[0] for x in b] and
                    all(same(x, y) for x, y in zip(a, b) if x[0] not in (b"server", b"version", b"id")))

    def xinfo(self, w, lean, redis):
        sub = w[1].upper() if len(w) > 1 else b""
        if sub == b"HELP":
            return self.help(w, lean, redis)
        if isinstance(lean, Error) or isinstance(redis, Error):
            return False
        key = w[2]
        if sub == b"CONSUMERS" and isinstance(lean, list) and isinstance(redis, list):
            lean = self.on_sight(key, lean, redis)
        if sub in (b"GROUPS", b"CONSUMERS"):
            return isinstance(lean, list) and isinstance(redis, list) and len(lean) == len(redis) and \
                all(self.fields(key, a, b) for a, b in zip(lean, redis))
        return self.fields(key, lean, redis)

    def fields(self, key, lean, redis):
        """Two maps: leanmqd may have the newer fields besides; the others agree by their own rules."""
        a, b = pairs(lean), pairs(redis)
        if a is None or b is None or type(lean) is not type(redis):
            return False
        old = {k for k, _ in b}
        news = [k for k, _ in a if k not in old]
        a = [(k, v) for k, v in a if k in old]
        if [k for k, _ in a] != [k for k, _ in b] or any(k not in FULL_FIELDS_NEW for k in news):
            return False
        return all(self.field(key, k, x, y) for (k, x), (_, y) in zip(a, b))

    def field(self, key, name, a, b):
        if same(a, b):
            return True
        if name in (b"radix-tree-keys", b"radix-tree-nodes"):       # how Redis stores it; ints is all clients ask
            return type(a) is int and type(b) is int and self.by("radix tree")
        if name in (b"idle", b"seen-time"):             # 7.2: last attempt; 7.0: any sight of the consumer
            return type(a) is int and type(b) is int and abs(a - b) < 3600000
        if name in (b"entries-read", b"lag"):           # STREAMS.md "Lag": only untouched streams count alike
            whole = all(type(x) is int or isinstance(x, Nil) for x in (a, b))
            return whole and key in self.tainted and self.by("lag rules")
        if name == b"consumers" and type(a) is int and type(b) is int:
            return a >= b and key in self.sighted and self.by("consumer made on sight")
        if name == b"consumers" and isinstance(a, list) and isinstance(b, list):
            a = self.on_sight(key, a, b)
        if name in (b"groups", b"consumers") and isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(self.fields(key, x, y) for x, y in zip(a, b))
        if name == b"pending" and isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            return all(self.row(x, y) for x, y in zip(a, b))
        return False

    def row(self, a, b):
        """[id, consumer, time, count] or [id, time, count]"""
        at = len(a) - 2
        return len(a) == len(b) and near(a[at], b[at]) and same(a[:at], b[:at]) and self.counts(a[-1], b[-1])


def unordered(command, replies):
    """(P)UNSUBSCRIBE of all, and one message that matches several patterns: Redis walks a hash table."""
    if command and command[0].upper() in (b"UNSUBSCRIBE", b"PUNSUBSCRIBE") and len(command) == 1:
        return sorted((show(r[:2]) if isinstance(r, list) else show(r) for r in replies)), \
            [r[2] for r in replies if isinstance(r, list) and len(r) == 3]
    if all(isinstance(r, list) and r and r[0] in (b"pmessage", b"message") for r in replies):
        return sorted(show(r) for r in replies)
    return [show(r) for r in replies]


# ---------------------------------------------------------------------------------------------

class Run:
    """One pass in one protocol."""

    def __init__(self, opts, proto, lean, redis):
        self.opts, self.proto = opts, proto
        self.servers = (lean, redis)
        self.rng = random.Random("%s/%d" % (opts.seed, proto))
        self.diffs = self.ok = self.done = self.swept = 0
        self.errors = collections.Counter()
        self.seen = collections.Counter()
        self.known = Known()
        self.sides = self.gen = None
        self.last_star = 0
        self.watch = Watch(self.servers) if proto == 3 else None
        self.fresh()
        has = Raw(lean.port)
        names = ["xsetid"]
        self.gen = Generator(self.rng, int(time.time() * 1000),
                             {n for n, i in zip(names, has.call("COMMAND", "INFO", *names)) if i})
        has.close()

    def fresh(self):
        """Empties both and connects anew: after a difference nothing else would be comparable."""
        if self.sides:
            for s in self.sides:
                s.close()
        self.sides = [Side(s, self.proto) for s in self.servers]
        for s in self.sides:
            s.c["main"].expect("FLUSHALL", "+OK")
        if self.watch:
            self.watch.same()                   # whatever was still to come
        self.queued = None
        self.history = collections.defaultdict(lambda: collections.deque(maxlen=40))
        self.recent = collections.deque(maxlen=6)
        self.known.tainted.clear()
        self.known.sighted.clear()
        self.known.diverged = False
        if self.gen:
            self.gen.forget()
            self.gen.queue = []
            self.gen.in_multi = False

    def resolve(self, command):
        """The command as sent to the first side, for people."""
        return b" ".join(re.sub(rb"[^ -~]", b"?", self.sides[0].word(w)) or b'""' for w in command)

    def report(self, where, command, lean, redis):
        shape = (command[0].upper() if command else b"", re.sub(r"[0-9]+", "N", lean)[:60], re.sub(r"[0-9]+", "N", redis)[:60])
        self.seen[shape] += 1
        self.diffs += 1
        if self.seen[shape] > 1 and not self.opts.verbose:
            return
        print("\ndifference %d: seed=%s proto=%d command %d on %s" % (self.diffs, self.opts.seed, self.proto, self.done, where))
        print("  command   %s" % self.resolve(command).decode())
        print("  leanmqd   %s" % lean[:6000])
        print("  redis     %s" % redis[:6000])
        keys = [w for w in command[1:] if w in self.history]
        for key in keys[:2]:
            print("  before, for %s:" % key.decode("latin-1"))
            for n, line in self.history[key]:
                print("    %6d  %s" % (n, line))
        if not keys:
            print("  before:")
            for n, line in self.recent:
                print("    %6d  %s" % (n, line))

    def remember(self, command, reply):
        line = "%s  ->  %s" % (self.resolve(command).decode()[:160], show(reply)[:60])
        for w in command[1:]:
            if isinstance(w, bytes) and re.match(rb"(str|list|st|none)[:\d]", w):
                self.history[w].append((self.done, line))
        self.recent.append((self.done, line))

    def next_millisecond(self):
        """Two `*` in one millisecond on different streams make the same id on one server only."""
        while time.time() < self.last_star + 0.0011:
            pass

    def step(self):
        where, command = self.gen.next()
        if where == "sub":
            return self.step_sub(command)
        star = b"*" in command or command[0].upper() == b"EXEC"
        if star:
            self.next_millisecond()
        for s in self.sides:
            s.send(where, command)
        lean, redis = [s.read(where) for s in self.sides]
        if star:
            self.last_star = time.time()
        self.gen.autos = min(len(s.autos) for s in self.sides)
        equal = self.compare(where, command, lean, redis)
        self.done += 1
        if isinstance(redis, Error):
            self.errors[redis.split(b" ")[0]] += 1
        else:
            self.ok += 1
        if not equal:
            if equal is not None:
                self.report(where, command, show(lean), show(redis))
            return self.fresh()
        if self.known.diverged or not self.same_events(where, command):
            return self.fresh()
        self.remember(command, lean)
        self.gen.learn(command, lean)
        name = command[0].upper() if isinstance(command[0], bytes) else b""
        if name == b"PUBLISH":
            return self.step_sub(None)
        return None

    def same_events(self, where, command):
        if not self.watch or self.watch.same() or self.known.events(command, self.watch.lean, self.watch.redis):
            return True
        self.report(where, [b"EVENTS"] + command, *self.watch.shown())
        return False

    def compare(self, where, command, lean, redis):
        """Replies of EXEC are compared each as the reply of its own command."""
        name = command[0].upper()
        if where == "main" and self.queued is not None:
            if isinstance(lean, Status) and lean == b"QUEUED" and same(lean, redis):
                self.queued.append(command)
                return True
            if name in (b"EXEC", b"DISCARD", b"RESET") and len(command) == 1:
                commands, self.queued = self.queued, None
                self.gen.in_multi = False
                if name == b"EXEC" and isinstance(lean, list) and isinstance(redis, list):
                    return self.compare_exec(commands, lean, redis)
            return self.known.equal(command, lean, redis)
        if where == "main" and name == b"MULTI" and isinstance(lean, Status):
            self.queued = []
            self.gen.in_multi = True
            self.gen.star = False
        self.known.note(command, lean)
        return self.known.equal(command, lean, redis)

    def compare_exec(self, commands, lean, redis):
        if not len(lean) == len(redis) == len(commands):
            return False
        for c, a, b in zip(commands, lean, redis):
            self.known.note(c, a)
            if not self.known.equal(c, a, b):
                self.report("main, in EXEC", c, show(a), show(b))
                return None                     # told already
            self.remember(c, a)
            self.gen.learn(c, a)
        return True

    def step_sub(self, command):
        token = b"token-%d" % self.done
        for s in self.sides:
            if command:
                s.send("sub", command)
        lean, redis = [s.sub_replies(token) for s in self.sides]
        self.done += 1
        self.ok += 1
        if unordered(command, lean) != unordered(command, redis):
            self.report("sub", command or [b"PUBLISH"], show(lean), show(redis))
            return self.fresh()
        return None

    def attempt(self):
        """One step; what breaks a connection is a difference too. False: a server is gone."""
        try:
            self.step()
        except (Closed, TimeoutError, ValueError) as e:
            self.diffs += 1
            print("\nseed=%s proto=%d command %d: %s: %s" % (self.opts.seed, self.proto, self.done, type(e).__name__, e))
            for n, line in self.recent:
                print("    %6d  %s" % (n, line))
            dead = [s for s in self.servers if not s.running()]
            for s in dead:
                print("the server died:\n" + s.tail(30))
            if dead:
                return False
            self.fresh()
            self.seen[(type(e), str(e))] += 1
        return True

    def sweep(self):
        """The same data for each place of a word, then all odd words there. False: a server is gone."""
        for command in SWEEP:
            for at in range(1, len(command)):
                for c in SWEEP_DATA + [c for c in spoilt(command, at) if not Generator.waits_long(c)]:
                    self.gen.queue = [("main", c)]
                    if not self.attempt():
                        return False
        print("RESP%d: %d stream commands, each of their words spoilt: %d commands" % (self.proto, len(SWEEP), self.done))
        self.fresh()
        self.swept, self.done, self.ok = self.done, 0, 0
        return True

    def run(self):
        if not self.sweep():
            return
        while self.done < self.opts.count and len(self.seen) < self.opts.max_diffs:
            if not self.attempt():
                return
        print("RESP%d: %d commands, %d%% of them without error; %d differences of %d kinds; rules used: %s" % (
            self.proto, self.done, 100 * self.ok // max(1, self.done), self.diffs, len(self.seen),
            ", ".join("%s %d" % x for x in sorted(self.known.used.items())) or "none"))


def start(redis):
    """Small nodes, no limit in bytes: `~` then trims at the same entries on both."""
    return Server(redis=redis, appendonly="no", stream_node_max_entries=7, stream_node_max_bytes=0)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--count", type=int, default=int(os.environ.get("COUNT", 5000)))
    p.add_argument("--seed", default=os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6)))
    p.add_argument("--proto", default="both", choices=("2", "3", "both"))
    p.add_argument("--max-diffs", type=int, default=10, help="stop after this many kinds of difference")
    p.add_argument("--verbose", action="store_true", help="print every difference, not one of a kind")
    opts = p.parse_args()
    find_leanmqd()
    total = failed = 0
    print("differential: seed %s, %d commands per protocol" % (opts.seed, opts.count))
    for proto in (2, 3) if opts.proto == "both" else (int(opts.proto),):
        with start(False) as lean, start(True) as redis:
            run = Run(opts, proto, lean, redis)
            run.run()
            total += run.swept + run.done
            failed += run.diffs
            if run.done >= 2000 and run.ok * 100 < run.done * 40:
                print("only %d of %d commands succeed: the generator is no good" % (run.ok, run.done))
                failed += 1
    print("%d passed, %d failed" % (total - min(failed, total), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
