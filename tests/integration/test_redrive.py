#!/usr/bin/python3
"""QREDRIVE under kill -9: whatever is interrupted, each message is in exactly one place.

MESSAGES (100,000) dead letters are redriven in a loop of bounded calls, and the server is killed KILLS (8) times
meanwhile, while a rewrite is on now and then.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Closed, Error, Raw, Server, as_map, main, testing_redis, under_sanitizer, wait_until  # noqa: E402

if testing_redis():
    raise SystemExit("skipped: Redis has no QREDRIVE")

MESSAGES = int(os.environ.get("MESSAGES", 20000 if under_sanitizer() else 100000))
KILLS = int(os.environ.get("KILLS", 8))
GONE = (Closed, OSError, TimeoutError)


def fill(c, n):
    """Letters 0 to n-1 in `dead`, as group g of `jobs` would have sent them."""
    for first in range(0, n, 500):
        replies = c.pipeline([("XADD", "dead", "*", "n", i, "x-death-reason", "rejected" if i % 10 else "expired",
                               "x-death-queue", "jobs", "x-death-group", "g") for i in range(first, min(n, first + 500))])
        assert not any(isinstance(r, Error) for r in replies), replies[0]


def numbers(c, key):
    """The n of every entry, in pages."""
    out, start = [], "-"
    while True:
        page = c.call("XRANGE", key, start, "+", "COUNT", "5000")
        out += [int(fields[1]) for _, fields in page]
        if len(page) < 5000:
            return out
        start = b"(" + page[-1][0]


class Redriver:
    """Calls again until nothing is moved, or the server is gone. What it was told of moves was done."""

    def __init__(self, port, rng):
        self.told, self.error, self.port, self.rng = 0, None, port, rng
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            c, moved = Raw(self.port), 1
            while moved:
                reply = c.call("QREDRIVE", "dead", "COUNT", self.rng.choice((1, 10, 100, 1000)))
                assert not isinstance(reply, Error), reply
                moved = reply[0]
                self.told += moved
        except GONE:
            pass
        except Exception as e:                  # carried to the main thread
            self.error = e



def test_each_message_is_in_one_place_after_any_kill():
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6))
    rng = random.Random(seed)
    told = 0
    with Server(appendfsync="everysec", auto_aof_rewrite_min_size="1mb") as s:
        c = s.client()
        assert c.call("QPOLICY SET jobs DLQ dead ACKWAIT 30s") == b"OK"
        for group in "gh":
            assert c.call("XGROUP", "CREATE", "jobs", group, "0", "MKSTREAM") == b"OK"
        fill(c, MESSAGES)
        for kill in range(KILLS):
            redriver = Redriver(s.port, rng)
            left = MESSAGES * (KILLS - kill) // (KILLS + 1)
            wait_until(lambda: c.call("XLEN dead") <= left or redriver.error, what="letters to go, seed " + seed)
            if kill % 3 == 1:
                c.call("BGREWRITEAOF")
            time.sleep(rng.uniform(0, 0.01))    # the moment of the kill is what is random here
            s.kill()
            redriver.thread.join(30)
            assert not redriver.error, redriver.error
            s.start()
            c = s.client()
            told += redriver.told
            assert c.call("XLEN jobs") + c.call("XLEN dead") == MESSAGES, "seed " + seed
            assert c.call("XLEN jobs") >= told, "seed %s: %d were told of" % (seed, told)
        moved = 1
        while moved:
            moved, skipped, left = c.call("QREDRIVE dead")
            assert skipped == 0
        assert left == 0 and c.call("XLEN dead") == 0
        assert sorted(numbers(c, "jobs")) == list(range(MESSAGES)), "seed " + seed
        groups = {as_map(g)[b"name"]: as_map(g) for g in as_map(c.call("QSTAT jobs"))[b"groups"]}
        assert groups[b"g"][b"new"] == MESSAGES and groups[b"h"][b"new"] == 0
        before = c.call("DEBUG DIGEST")
        s.restart(hard=True)
        assert s.client().call("DEBUG DIGEST") == before


def test_a_worker_that_was_repaired_gets_its_messages_again():
    """As an operator does it: the bug rejects all, is mended, the letters are sent back."""
    with Server() as s:
        c = s.client()
        c.call("QPOLICY SET jobs ACKWAIT 30s DLQ {queue}:dead")
        c.call("XGROUP CREATE jobs workers 0 MKSTREAM")
        for i in range(20):
            c.call("XADD", "jobs", "*", "n", i)
        taken = c.call("XREADGROUP GROUP workers w COUNT 20 STREAMS jobs >")[0][1]
        assert c.call("QNACK", "jobs", "workers", "w", "REJECT", "ERROR", "bug", *[id for id, _ in taken]) == 20
        assert c.call("QREDRIVE jobs:dead DRYRUN") == [20, 0, 0]
        assert c.call("QREDRIVE jobs:dead COUNT 15") == [15, 0, 5]
        assert c.call("QREDRIVE jobs:dead COUNT 15") == [5, 0, 0]
        again = c.call("XREADGROUP GROUP workers w COUNT 100 STREAMS jobs >")[0][1]
        assert [int(f[1]) for _, f in again] == list(range(20))
        assert all(f[2:] == [b"x-redrive-count", b"1"] for _, f in again)
        assert c.call("XACK", "jobs", "workers", *[id for id, _ in again]) == 20
        s.restart(hard=True)
        c = s.client()
        group = as_map(as_map(c.call("QSTAT jobs"))[b"groups"][0])
        assert (group[b"new"], group[b"leased"], group[b"acked"], group[b"dead-lettered"]) == (0, 0, 20, 20)


if __name__ == "__main__":
    main(globals())
