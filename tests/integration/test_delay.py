#!/usr/bin/python3
"""Messages that come later, or once: QADD DELAY, AT, DEDUP and QCANCEL, over kill -9, rewrites and restarts, through redis-py and
raw sockets."""
import os
import random
import subprocess
import sys
import threading
import time

import redis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, Skip, both, main, show, under_sanitizer, wait_until  # noqa: E402

DEBUG = {"enable_debug_command": "yes"}
MANY = 20000 if under_sanitizer() else 100000


def digest(c):
    return show(c.call("DEBUG", "DIGEST"))


def rewrite(c):
    assert c.call("BGREWRITEAOF").startswith(b"Background")
    wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
    assert c.info("persistence")["aof_last_bgrewrite_status"] == "ok"


def now():
    return int(time.time() * 1000)


def pairs(c, key):
    """[(ms of the id, first value)] of what is in the stream."""
    return [(int(id.split(b"-")[0]), fields[1]) for id, fields in c.call("XRANGE", key, "-", "+")]


# -- one server

def test_arrival_is_exact_and_wakes_who_waits(s):
    """redis-py, unmodified: the reader of a group gets a message within milliseconds of when it is due."""
    r = redis.Redis(port=s.port)
    r.xgroup_create("jobs", "g", "$", mkstream=True)
    due = now() + 300
    id = r.execute_command("QADD", "jobs", "AT", due, "TTL", "1h", "*", "n", "1")
    assert id == b"%d-0" % due
    assert r.xlen("jobs") == 0 and r.exists("jobs") == 1
    [(key, [(got, fields)])] = r.xreadgroup("g", "alice", {"jobs": ">"}, block=20000)
    late = now() - due
    assert fields == {b"n": b"1"} and int(got.split(b"-")[0]) >= due
    assert 0 <= late < (2000 if under_sanitizer() else 250), late
    assert r.xack("jobs", "g", got) == 1


@both
def test_a_blocked_xread_and_order(a, b):
    t = now()
    b.send("XREAD", "BLOCK", "0", "COUNT", "10", "STREAMS", "q", "$")
    for n, delay in enumerate((240, 80, 160)):
        a.call("QADD", "q", "AT", str(t + delay), "*", "n", str(n))
    assert "n 1" in show(b.read())
    wait_until(lambda: a.call("XLEN", "q") == 3, what="all of them")
    assert [v for _, v in pairs(a, "q")] == [b"1", b"2", b"0"]


def test_cancel_and_dedup(a):
    first = a.call("QADD", "q", "DELAY", "1h", "DEDUP", "job-1", "*", "n", "1")
    assert a.call("QADD", "q", "DEDUP", "job-1", "*", "n", "2") == first
    a.expect("QCANCEL q %s 1-1" % first.decode(), ":1")
    a.expect("QCANCEL q %s" % first.decode(), ":0")
    second = a.call("QADD", "q", "DEDUP", "job-1", "WINDOW", "7d", "*", "n", "2")
    assert second != first and a.call("QADD", "q", "DELAY", "5", "DEDUP", "job-1", "*", "n", "3") == second
    a.expect("XLEN q", ":1")


def test_refused_when_memory_is_short(a):
    a.expect("CONFIG SET maxmemory 1", "+OK")
    assert show(a.call("QADD", "q", "DELAY", "5", "*", "f", "v")).startswith("-OOM")
    assert show(a.call("QADD", "q", "*", "f", "v")).startswith("-OOM")
    a.expect("QCANCEL q 1-1", ":0")
    a.expect("CONFIG SET maxmemory 0", "+OK")


def test_they_cost_memory_only(s, a):
    """Many that are due in an hour: what they cost, and that a turn does not know of them."""
    value = "x" * 100
    before = int(a.info("memory")["used_memory"])
    for i in range(0, MANY, 5000):
        a.pipeline([("QADD", "q", "DELAY", str(3600000 + (k * 7919) % MANY), "*", "job", value) for k in range(i, i + 5000)])
    each = (int(a.info("memory")["used_memory"]) - before) / MANY
    assert each < 103 + 80, each
    assert int(a.call("MEMORY", "USAGE", "q")) > MANY * 103
    a.expect("XLEN q", ":0")
    a.expect("UNLINK q", ":1")
    wait_until(lambda: int(a.info("memory")["used_memory"]) < before + 4000000, what="their memory")


# -- restarts

def test_many_due_at_once_after_a_restart():
    """What fell due while nothing ran arrives in order, in slices: the server answers meanwhile."""
    with Server(**DEBUG) as s:
        c = s.client()
        due = now() + (8000 if under_sanitizer() else 4000)
        order = list(range(MANY))
        random.Random(5).shuffle(order)
        for i in range(0, MANY, 5000):
            c.pipeline([("QADD", "q", "AT", str(due + k // 1000), "*", "n", str(k)) for k in order[i:i + 5000]])
        c.expect("XLEN q", ":0")
        before = digest(c)
        s.kill()
        wait_until(lambda: now() > due + MANY // 1000, what="the time they are due")
        s.start()
        c = s.client()
        slowest = 0
        while c.call("XLEN", "q") != MANY:
            began = time.monotonic()
            c.expect("PING", "+PONG")
            slowest = max(slowest, time.monotonic() - began)
        got = [int(v) for _, v in pairs(c, "q")]
        # due together: in the order they were added; else in the order they were due
        rank = {k: i for i, k in enumerate(order)}
        assert got == sorted(range(MANY), key=lambda k: (k // 1000, rank[k]))
        assert slowest < (5 if under_sanitizer() else 0.5), slowest
        after = digest(c)
        assert after != before
        for hard in (True, False):
            s.restart(hard=hard)
            c = s.client()
            assert digest(c) == after
            rewrite(c)


def test_state_survives_kill_and_rewrite():
    with Server(**DEBUG) as s:
        c = s.client()
        ids = [c.call("QADD", "q", "DELAY", "1h", "TTL", "5s", "PRIORITY", str(i % 32), "DEDUP", "d%d" % i, "WINDOW", "%dm" % (1 + i % 12),
                      "*", "n", str(i), "bytes", b"\0\r\n\xff") for i in range(300)]
        c.call("QADD", "q", "TTL", "1h", "PRIORITY", "3", "*", "f", "v")
        c.call("XADD", "q2", "1-1", "f", "v")
        for _ in range(3):
            c.expect("QCANCEL gone %s" % show(c.call("QADD", "gone", "DELAY", "1h", "*", "f", "v")), ":1")
        assert c.call("QCANCEL", "q", *ids[:100]) == 100
        before = digest(c)
        for step in range(4):
            if step % 2:
                rewrite(c)
            s.restart(hard=step < 2)
            c = s.client()
            assert digest(c) == before
        assert c.call("QADD", "q", "DEDUP", "d150", "*", "f", "v") == ids[150]
        assert c.call("QADD", "q", "DEDUP", "d50", "*", "f", "v") != ids[50]
        assert c.call("QADD", "q", "DELAY", "1h", "*", "f", "v").endswith(b"-300")
        assert c.call("QADD", "gone", "DELAY", "1h", "*", "f", "v").endswith(b"-3")
        assert c.call("QCANCEL", "q", *ids) == 200


def test_kills_while_they_arrive():
    """Each message is in the stream once, whenever the server was killed."""
    total, kills = 3000, 6
    with Server(**DEBUG) as s:
        c = s.client()
        t = now()
        for i in range(0, total, 500):
            c.pipeline([("QADD", "q", "AT", str(t + 300 + k), "DEDUP", str(k), "*", "n", str(k)) for k in range(i, i + 500)])
        for _ in range(kills):
            length = c.call("XLEN", "q")
            wait_until(lambda: c.call("XLEN", "q") > length or length == total, what="an arrival")
            s.restart(hard=True)
            c = s.client()
        wait_until(lambda: c.call("XLEN", "q") == total, what="all of them")
        assert [int(v) for _, v in pairs(c, "q")] == list(range(total))
        assert c.call("QADD", "q", "DEDUP", "7", "*", "n", "again") == b"%d-7" % (t + 307)


def test_producers_and_a_consumer_at_once():
    """Delayed jobs of several producers, one group of consumers through redis-py: each is done once, none before it is due."""
    with Server() as s:
        r = redis.Redis(port=s.port)
        r.xgroup_create("jobs", "g", mkstream=True)
        each, done, lock = 300, {}, threading.Lock()

        def produce(who):
            mine = redis.Redis(port=s.port)
            rand = random.Random(who)
            for i in range(each):
                due = now() + rand.randrange(400)
                mine.execute_command("QADD", "jobs", "AT", due, "*", "job", "%d:%d" % (who, i), "due", due)

        def consume(name):
            mine = redis.Redis(port=s.port)
            while True:
                with lock:
                    if len(done) == 4 * each:
                        return
                for _, entries in mine.xreadgroup("g", name, {"jobs": ">"}, count=7, block=100) or []:
                    for id, fields in entries:
                        with lock:
                            assert fields[b"job"] not in done
                            done[fields[b"job"]] = now() - int(fields[b"due"])
                        mine.xack("jobs", "g", id)

        threads = [threading.Thread(target=produce, args=(i,)) for i in range(4)]
        threads += [threading.Thread(target=consume, args=("c%d" % i,)) for i in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
        assert len(done) == 4 * each and min(done.values()) >= 0
        assert r.xpending("jobs", "g")["pending"] == 0


def test_export_tells_what_has_arrived():
    binary = os.environ.get("LEANMQD") or "leanmqd"
    tool = os.path.join(os.path.dirname(os.path.realpath(binary)), "leanmq-check-aof")
    if not os.path.exists(tool):
        raise Skip("no %s" % tool)
    with Server() as s:
        c = s.client()
        c.call("QADD", "later", "DELAY", "1h", "DEDUP", "x", "*", "f", "v")
        c.expect("XGROUP CREATE later g $", "+OK")
        c.expect("COPY later copy", ":1")
        for i in range(10):
            c.call("QADD", "q", "DELAY", str(10 + i), "TTL", "1h", "*", "n", str(i))
        rewrite(c)
        gone = c.call("QADD", "q", "DELAY", "1h", "*", "n", "gone")
        c.expect("QCANCEL q %s" % gone.decode(), ":1")
        for i in range(5):
            c.call("QADD", "q", "DELAY", "10", "PRIORITY", "5", "*", "m", str(i))
        c.call("XADD", "q3", "5-5", "f", "v")
        wait_until(lambda: c.call("XLEN", "q") == 15, what="all of them")
        entries = show(c.call("XRANGE", "q", "-", "+"))
        folder = os.path.join(s.settings["dir"], "appendonlydir")
        s.stop()
        out = subprocess.run([tool, "--export", "-", folder], capture_output=True, timeout=60)
    assert out.returncode == 0, out.stderr
    assert b"2 delayed messages" in out.stderr and b"dedup ids" in out.stderr, out.stderr
    assert b"could not be told" not in out.stderr, out.stderr
    assert b"LMQ." not in out.stdout
    with Server(redis=True) as s:
        c = Raw(s.port)
        c.send_raw(out.stdout)
        c.send("PING", "done")
        while True:
            reply = c.read()
            assert not show(reply).startswith("-"), show(reply)
            if reply == b"done":
                break
        assert show(c.call("XRANGE", "q", "-", "+")) == entries
        c.expect("XLEN later", ":0")
        c.expect("XRANGE q3 - +", "[[5-5 [f v]]]")


if __name__ == "__main__":
    main(globals(), DEBUG)
