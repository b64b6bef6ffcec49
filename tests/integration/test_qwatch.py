#!/usr/bin/python3
"""QWATCH: consumers that read from one queue, publish to two others, write a key and acknowledge in one EXEC stall past
their leases and break off at every step, and the server is killed under them; each input has its effect exactly once.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Closed, Error, NIL_ARRAY, Raw, Server, as_map, main, testing_redis  # noqa: E402

if testing_redis():
    raise SystemExit("skipped: Redis has no QWATCH")

INPUTS = int(os.environ.get("INPUTS", 600))
WORKERS = 6
ACKWAIT = 0.1
GONE = (Closed, OSError, TimeoutError)


class BrokeOff(Exception):
    """The worker is gone, as far as the server is concerned."""


class Worker:
    def __init__(self, name, server, rng, until):
        self.name, self.server, self.rng, self.until = name, server, rng, until
        self.seen = {"done": 0, "stale": 0, "nil": 0, "refused": 0, "broke off": 0}
        self.error = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.until.is_set():
            try:
                c = Raw(self.server.port)
                while not self.until.is_set():
                    self.work(c)
            except GONE:
                time.sleep(0.01)                # the server comes back
            except BrokeOff:
                self.seen["broke off"] += 1
                c.close()
            except Exception as e:              # carried to the main thread
                self.error = e
                return

    def step(self):
        """What may befall a worker between any two of its requests."""
        dice = self.rng.random()
        if dice < 0.015:
            raise BrokeOff
        if dice < 0.03:
            time.sleep(ACKWAIT * self.rng.uniform(0.5, 3))

    def ask(self, c, *command):
        self.step()
        return c.call(*command)

    def work(self, c):
        reply = self.ask(c, "XREADGROUP", "GROUP", "g", self.name, "COUNT", self.rng.choice((1, 1, 3)), "BLOCK", 50,
                         "STREAMS", "in", ">")
        if reply is NIL_ARRAY:
            return
        assert not isinstance(reply, Error), reply
        taken = [(id, fields[1]) for id, fields in reply[0][1]]
        ids = [id for id, _ in taken]
        watched = self.ask(c, "QWATCH", "in", "g", self.name, *ids)
        if isinstance(watched, Error):
            assert watched.startswith(b"STALE"), watched
            self.seen["stale"] += 1
            return
        assert self.ask(c, "MULTI") == b"OK"
        for _, n in taken:
            for command in (("XADD", "left", "*", "n", n), ("QADD", "right", "*", "n", n), ("HINCRBY", "effects", n, 1)):
                assert self.ask(c, *command) == b"QUEUED"
        assert self.ask(c, "QACK", "in", "g", self.name, *ids) == b"QUEUED"
        self.count(self.ask(c, "EXEC"), len(taken))

    def count(self, reply, n):
        if reply is NIL_ARRAY:
            self.seen["nil"] += 1
        elif isinstance(reply, Error):
            assert reply.startswith(b"EXECABORT Transaction discarded because of: QFULL"), reply
            self.seen["refused"] += 1
        else:
            assert len(reply) == 3 * n + 1 and reply[-1] == n, reply
            self.seen["done"] += n


def drain(c):
    """Who reads from the outputs makes room in the one that is short of it."""
    reply = c.call("XREADGROUP GROUP out d COUNT 100 STREAMS right >")
    if isinstance(reply, list):
        c.call("XACK", "right", "out", *[id for id, _ in reply[0][1]])
    return [int(f[1]) for _, f in reply[0][1]] if isinstance(reply, list) else []


def test_each_input_has_its_effect_once():
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6))
    rng = random.Random(seed)
    until = threading.Event()
    with Server(appendfsync="everysec") as s:
        c = s.client()
        c.call("QPOLICY", "SET", "in", "ACKWAIT", "%dms" % (ACKWAIT * 1000))
        c.call("QPOLICY SET right MAXLEN 8 RETENTION queue")
        c.call("XGROUP CREATE in g 0 MKSTREAM")
        c.call("XGROUP CREATE right out 0 MKSTREAM")
        c.pipeline([("XADD", "in", "*", "n", i) for i in range(INPUTS)])
        workers = [Worker("w%d" % i, s, random.Random(rng.random()), until) for i in range(WORKERS)]
        right, kills = [], 0
        try:
            while True:
                right += drain(c)
                done = c.call("HLEN effects")
                if done == INPUTS and as_map(c.call("XINFO GROUPS in")[0])[b"pending"] == 0:
                    break
                if kills < 2 and done > INPUTS * (kills + 1) // 3:
                    kills += 1
                    s.restart(hard=True)
                    c = s.client()
                time.sleep(0.005)
                for w in workers:
                    assert not w.error, w.error
                assert c.call("HLEN effects") >= done
        finally:
            until.set()
        for w in workers:
            w.thread.join(30)
            assert not w.error, w.error
        right += drain(c)
        effects = c.call("HVALS effects")
        assert [int(x) for x in effects] == [1] * INPUTS, "seed " + seed
        left = [int(f[1]) for _, f in c.call("XRANGE left - +")]
        assert sorted(left) == list(range(INPUTS)), "seed " + seed
        assert sorted(right) == list(range(INPUTS)), "seed " + seed
        seen = {k: sum(w.seen[k] for w in workers) for k in workers[0].seen}
        print("        ", ", ".join("%s %d" % x for x in seen.items()))
        assert seen["nil"] + seen["stale"] > 0 and seen["broke off"] > 0 and seen["refused"] > 0, "nothing happened, seed " + seed


def test_the_lease_and_not_the_key_is_watched(s):
    c, other = s.client(), s.client()
    c.call("QPOLICY SET q ACKWAIT 60s")
    c.call("XGROUP CREATE q g 0 MKSTREAM")
    c.call("XADD q 1-1 f v")
    c.call("XREADGROUP GROUP g w STREAMS q >")
    c.expect("QWATCH q g w 1-1", "+OK")
    other.call("XADD q * f v")
    other.call("XREADGROUP GROUP g x STREAMS q >")
    c.call("MULTI")
    c.call("QACK q g w 1-1")
    c.expect("EXEC", "[:1]")
    c.expect("QWATCH q g w 1-1", "-STALE the consumer does not hold this message any more")


if __name__ == "__main__":
    main(globals())
