#!/usr/bin/python3
"""Seeded random commands on strings, lists, hashes, sets and sorted sets to leanmqd and to Debian's
redis-server, with values carried from one to the other by DUMP and RESTORE; every reply must be the same, type by type.

    differential_types.py [--count N] [--seed S] [--proto 2|3|both] [--only hashes,sets,...]

In RESP3 the keyspace events of each command must be the same as well, in their order.

Replies without an order are compared sorted, those left to chance by their shape. What differs because
leanmqd follows a newer Redis is in KNOWN, each with its reason. Nothing is ignored wholesale.
"""
import argparse
import collections
import importlib
import os
import pkgutil
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import rdb  # noqa: E402
import types_gen  # noqa: E402
from event_watch import Watch  # noqa: E402
from leanmq import Closed, Error, Map, Raw, Server, find_leanmqd, same, show  # noqa: E402
from types_gen.words import Words  # noqa: E402

# (command, Redis 7.0's text, leanmqd's text, reason)
KNOWN = (
    ("rank with score", (b"ZRANK", b"ZREVRANK"), rb"ERR wrong number of arguments for 'z(rev)?rank' command", rb"ERR syntax error",
     "WITHSCORE came with 7.2"),
    ("timeout range", (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP", b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP"),
     rb"ERR timeout is negative", rb"ERR timeout is out of range", "7.0.15 overflows; 7.2 has the check and the text"),
)


def generators():
    return {m.name: importlib.import_module("types_gen." + m.name) for m in pkgutil.iter_modules(types_gen.__path__)
            if m.name != "words"}


def pairs(reply):
    return list(reply) if isinstance(reply, Map) else list(zip(reply[0::2], reply[1::2]))


def text(r):
    return r if isinstance(r, str) else show(r)


class Rules:
    """Whether two replies to one command say the same."""

    def __init__(self, modules):
        def union(name):
            return set().union(*(getattr(m, name, set()) for m in modules))
        self.unordered, self.unordered_pairs, self.random = union("UNORDERED"), union("UNORDERED_PAIRS"), union("RANDOM")
        self.near = union("NEAR")               # times: within some seconds
        self.used = collections.Counter()
        self.diverged = False                   # an excuse that leaves the two with other data

    def equal(self, command, lean, redis):
        name = command[0].upper()
        if name.startswith(b"PF") and isinstance(lean, Error) and lean.startswith(b"INVALIDOBJ"):
            self.used["hll damage"] += 1        # 7.0 looks only as far as it has to, and changes some on the way
            self.diverged = True
            return True
        if same(lean, redis):
            return True
        if name.lstrip(b"B").startswith((b"Z", b"GEO")) and self.same_doubles(lean, redis):
            self.used["shortest doubles"] += 1  # 7.0 prints 17 digits, 7.2 as many as it takes
            return True
        if isinstance(lean, Error) and isinstance(redis, Error):
            return self.known(name, lean, redis)
        if name in (b"SORT", b"SORT_RO") and redis == b"ERR One or more scores can't be converted into double":
            self.used["sort's errno"] += 1      # 7.0 looks at one that an earlier command left
            self.diverged = True
            return True
        if isinstance(lean, Error) or isinstance(redis, Error):
            return False
        if name == b"GET" and isinstance(lean, bytes) and isinstance(redis, bytes) and lean[:5] == redis[:5] and lean[:4] == b"HYLL" and lean[16:] == redis[16:]:
            self.used["hll count"] += 1         # PFCOUNT writes it there in Redis
            return True
        if name in (b"SORT", b"SORT_RO") and isinstance(redis, list) and sorted(map(show, lean)) == sorted(map(show, redis)) and \
                any(isinstance(x, bytes) and b"\0" in x for x in redis):
            self.used["collation"] += 1         # strcoll() ends at a zero byte
            return True
        if name in self.near:
            return type(lean) is int and type(redis) is int and lean > 0 and redis > 0 and abs(lean - redis) <= 20000
        if name in (b"HSCAN", b"SSCAN", b"ZSCAN"):
            return same(lean[0], redis[0]) and self.scanned(name, lean[1]) == self.scanned(name, redis[1])
        if name == b"OBJECT" and {lean, redis} <= {b"int", b"embstr", b"raw"}:
            self.used["string encoding"] += 1   # in Redis it tells how the value came to be, not what it is
            return True
        if name == b"OBJECT" and (lean, redis) in ((b"listpack", b"hashtable"), (b"listpack", b"quicklist")):
            self.used["listpack"] += 1          # 7.2 has it for small sets and lists
            return True
        if name == b"OBJECT" and (lean, redis) == (b"listpack", b"skiplist"):
            self.used["skiplist"] += 1          # SORT makes one of it in Redis
            return True
        if name in self.random:
            return self.shape(lean) == self.shape(redis)
        if not (isinstance(lean, (list, Map)) and isinstance(redis, (list, Map)) and type(lean) is type(redis)):
            return False
        if name.startswith((b"GEOSEARCH", b"GEORADIUS")) and not {b"ASC", b"DESC"} & set(w.upper() for w in command):
            if b"ANY" in command:
                return len(lean) == len(redis)
            if b"COUNT" not in command:         # the cells of 7.0 are searched in another order
                return sorted(map(show, lean)) == sorted(map(show, redis))
        if name in self.unordered:
            return sorted(map(show, lean)) == sorted(map(show, redis))
        if name in self.unordered_pairs:
            return sorted(map(show, pairs(lean))) == sorted(map(show, pairs(redis)))
        return False

    def same_doubles(self, a, b):
        if isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(self.same_doubles(x, y) for x, y in zip(a, b))
        if same(a, b):
            return True
        try:
            return type(a) is type(b) and not isinstance(a, Error) and (b"." in str(b).encode() or float(b) == 0) and float(a) == float(b)
        except (TypeError, ValueError):
            return False

    def scanned(self, name, members):
        """Sorted; scores as numbers."""
        if name == b"SSCAN":
            return sorted(members)
        return sorted((a, float(b) if name == b"ZSCAN" else b) for a, b in zip(members[0::2], members[1::2]))

    def shape(self, reply):
        if isinstance(reply, list):
            return [self.shape(x) for x in reply]
        return type(reply)

    def known(self, name, lean, redis):
        for rule, names, old, new, _ in KNOWN:
            if name in names and re.fullmatch(old, redis, re.S) and re.fullmatch(new, lean, re.S):
                self.used[rule] += 1
                return True
        return False


class Run:
    def __init__(self, opts, proto, modules, servers):
        self.opts, self.proto, self.servers = opts, proto, servers
        self.modules = list(modules.values())
        self.words = Words(random.Random("%s/%d" % (opts.seed, proto)))
        self.rules = Rules(self.modules)
        self.done = self.ok = self.diffs = 0
        self.seen = collections.Counter()
        self.conns = None
        self.watch = Watch(servers) if proto == 3 else None
        self.fresh()

    def fresh(self):
        """Empties both and connects anew: after a difference nothing else would be comparable."""
        for c in self.conns or ():
            c.close()
        self.conns = [Raw(s.port, proto=self.proto) for s in self.servers]
        for c in self.conns:
            c.expect("FLUSHALL", "+OK")
        if self.watch:
            self.watch.same()                   # whatever was still to come
        self.rules.diverged = False
        self.history = collections.defaultdict(lambda: collections.deque(maxlen=25))

    def one(self):
        w = self.words
        if w.odd(0.004):
            return [b"FLUSHALL"]
        if w.odd(0.02):
            return [b"DEL", w.key(w.some("hash", "set", "zset", "list", "str"))]
        if w.odd(0.02):
            return w.some([b"OBJECT", b"ENCODING"], [b"COPY", w.key(w.some("hash", "set", "zset", "list"))],
                          [b"RENAME", w.key(w.some("hash", "set", "zset", "list"))]) + [w.key(w.some("hash", "set", "zset", "list"))]
        if w.odd(0.03):
            return self.restore()
        if w.odd(0.01):
            return [w.some(b"TYPE", b"EXISTS"), w.key(w.some("hash", "set", "zset", "list", "str"))]
        c = w.mess(w.some(*self.modules).command(w))
        return [c[0].lower() if w.odd(0.2) else c[0]] + c[1:]

    def restore(self):
        """RESTORE of what one of the two has under some key, or of nothing sensible; to both."""
        w = self.words
        kinds = "hash", "set", "zset", "list", "str"
        side = w.r.randrange(2)
        key = w.key(w.some(*kinds))
        dump = [c.call("DUMP", key) for c in self.conns][side]  # of both, for both tell of a key that is not there
        if not isinstance(dump, bytes):
            dump = w.some(b"", b"x" * 9, rdb.dump(200, b"", 10), rdb.dump(0, b"\x3fabc", 10), rdb.dump(1, b"\0", 10), rdb.dump(0, b"\x01x", 80))
        elif side == 0:
            dump = rdb.for_redis_7_0(dump)
        if w.odd(0.05):
            at = w.r.randrange(len(dump) + 1)
            dump = dump[:at] + w.some(b"", b"x", b"\0") + dump[at + 1:]
        c = [b"RESTORE", w.key(w.some(*kinds)), w.some(b"0", b"0", b"0", b"1000000", b"-1", w.bad_int()), dump]
        if w.odd(0.7):
            c.append(b"REPLACE")
        if w.odd(0.2):
            c[2] = w.some(b"1", b"4102444800000", b"0", b"-1")
            c.append(b"absttl")
        if w.odd(0.2):
            c += w.some([b"IDLETIME", w.some(b"0", b"100", b"-1", b"9223372036854775807", w.bad_int())], [b"FREQ", w.some(b"0", b"255", b"256", b"-1", w.bad_int())],
                        [b"FREQ", b"1", b"IDLETIME", b"1"], [b"IDLETIME"], [b"FREQ"], [b"foo"], [b"REPLACE", b"REPLACE"])
        return c

    def report(self, command, lean, redis):
        shape = (command[0].upper(), re.sub("[0-9]+", "N", text(lean))[:60], re.sub("[0-9]+", "N", text(redis))[:60])
        self.seen[shape] += 1
        self.diffs += 1
        if self.seen[shape] > 1:
            return
        print("\ndifference %d: seed=%s proto=%d command %d" % (self.diffs, self.opts.seed, self.proto, self.done))
        print("  command   %s" % b" ".join(w or b'""' for w in command)[:600])
        print("  leanmqd   %s" % text(lean)[:2000])
        print("  redis     %s" % text(redis)[:2000])
        for key in [w for w in command[1:] if w in self.history][:3]:
            print("  before, for %s:" % key.decode("latin-1"))
            for line in self.history[key]:
                print("    %s" % line)

    def step(self):
        command = self.one()
        for c in self.conns:
            c.send(*command)
        lean, redis = [c.read() for c in self.conns]
        self.done += 1
        self.ok += not isinstance(redis, Error)
        if not self.rules.equal(command, lean, redis):
            self.report(command, lean, redis)
            return self.fresh()
        if self.rules.diverged or (self.watch and not self.same_events(command)):
            return self.fresh()
        line = "%s  ->  %s" % (b" ".join(w or b'""' for w in command)[:160], show(lean)[:80])
        for w in command[1:]:
            if re.match(rb"(str|list|hash|set|zset):\d", w):
                self.history[w].append(line)
        return None

    def same_events(self, command):
        if self.watch.same():
            return True
        if command[0].upper() in (b"SORT", b"SORT_RO") and sorted(self.watch.lean) == sorted(self.watch.redis):
            self.rules.used["misses of a set"] += 1     # each server walks it in its own order
            return True
        self.report([b"EVENTS"] + command, *self.watch.shown())
        return False

    def run(self):
        while self.done < self.opts.count and len(self.seen) < self.opts.max_diffs:
            try:
                self.step()
            except (Closed, TimeoutError, ValueError) as e:
                self.diffs += 1
                self.seen[(type(e), str(e))] += 1
                print("\nseed=%s proto=%d command %d: %s: %s" % (self.opts.seed, self.proto, self.done, type(e).__name__, e))
                for s in self.servers:
                    if not s.running():
                        print("the server died:\n" + s.tail(30))
                        return
                self.fresh()
        print("RESP%d: %d commands, %d%% of them without error; %d differences of %d kinds; rules used: %s" % (
            self.proto, self.done, 100 * self.ok // max(1, self.done), self.diffs, len(self.seen),
            ", ".join("%s %d" % x for x in sorted(self.rules.used.items())) or "none"))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--count", type=int, default=int(os.environ.get("COUNT", 5000)))
    p.add_argument("--seed", default=os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6)))
    p.add_argument("--proto", default="both", choices=("2", "3", "both"))
    p.add_argument("--only", help="some of the types")
    p.add_argument("--max-diffs", type=int, default=10, help="stop after this many kinds of difference")
    opts = p.parse_args()
    find_leanmqd()
    modules = {n: m for n, m in generators().items() if not opts.only or n in opts.only.split(",")}
    total = failed = 0
    print("differential: %s, seed %s, %d commands per protocol" % (", ".join(modules), opts.seed, opts.count))
    for proto in (2, 3) if opts.proto == "both" else (int(opts.proto),):
        with Server(appendonly="no") as lean, Server(redis=True, appendonly="no") as redis:
            run = Run(opts, proto, modules, (lean, redis))
            run.run()
            total += run.done
            failed += run.diffs
            if run.done >= 2000 and run.ok * 100 < run.done * 40:
                print("only %d of %d commands succeed: the generator is no good" % (run.ok, run.done))
                failed += 1
    print("%d passed, %d failed" % (total - min(failed, total), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
