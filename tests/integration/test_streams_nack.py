#!/usr/bin/python3
"""XNACK and XREADGROUP CLAIM as workers use them: who gets what was given back or left, when, how often it was
delivered by then, and what of it survives."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (REDIS, Raw, Server, Skip, as_map, blocked, both, check, cpu_ms, main, show,  # noqa: E402
                    temp_dir, testing_redis, under_sanitizer, wait_until)

try:
    import redis
except ImportError:
    redis = None

MAX = 2**63 - 1
NOGROUP_READ = "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option"

if testing_redis():
    raise SystemExit("skipped: Redis 7.0 has neither XNACK nor CLAIM")


def connect(s):
    if redis is None:
        raise Skip("no redis-py")
    return redis.Redis(port=s.port)


def read(c, who, *options):
    """What XREADGROUP gives `who` of the stream k: [[id, fields, idle, count], ...]."""
    reply = c.call("XREADGROUP", "GROUP", "g", who, *options, "STREAMS", "k", ">")
    return reply[0][1] if isinstance(reply, list) else reply


def ids(entries):
    return [e[0].decode().split("-")[0] for e in entries]


def fill(c, n):
    c.expect("XGROUP CREATE k g 0 MKSTREAM", "+OK")
    c.pipeline([("XADD", "k", "%d-0" % i, "n", i) for i in range(1, n + 1)])


# -- through redis-py

def test_a_consumer_that_leaves_gives_back(s, a):
    """SILENT: the messages of a worker that is shut down are there at once, and their deliveries do not count."""
    r = connect(s)
    for i in range(10):
        r.xadd("k", {"n": i}, id="%d-0" % (i + 1))
    r.xgroup_create("k", "g", 0)
    mine = [i for i, _ in r.xreadgroup("g", "leaver", {"k": ">"}, count=6)[0][1]]
    assert r.execute_command("XNACK", "k", "g", "SILENT", "IDS", len(mine), *mine) == 6
    assert [(p["message_id"], p["consumer"], p["time_since_delivered"], p["times_delivered"])
            for p in r.xpending_range("k", "g", "-", "+", 10)] == [(i, b"", -1, 0) for i in mine]
    assert r.xpending("k", "g") == {"pending": 6, "min": b"1-0", "max": b"6-0", "consumers": []}
    assert r.xreadgroup("g", "leaver", {"k": "0"}) == [[b"k", []]]
    # whoever comes next: first these, then new ones
    got = read(a, "next", "COUNT", "8", "CLAIM", "3600000")
    assert ids(got) == [str(i) for i in range(1, 9)]
    assert [e[2:] for e in got] == [[-1, 0]] * 6 + [[0, 0]] * 2, show(got)
    assert r.xack("k", "g", *mine) == 6


def test_a_message_nobody_can_do(s, a):
    """FAIL counts on, and FATAL says that there is no use in trying: the worker sees it, and sets it aside."""
    r = connect(s)
    r.xadd("k", {"job": "poison"}, id="1-0")
    r.xadd("k", {"job": "good"}, id="2-0")
    r.xgroup_create("k", "g", 0)
    r.xreadgroup("g", "w", {"k": ">"}, count=1)
    for count in (1, 2, 3):
        assert r.execute_command("XNACK", "k", "g", "FAIL", "IDS", 1, "1-0") == 1
        check(read(a, "w", "COUNT", "1", "CLAIM", "60000"), "[[1-0 [job poison] :-1 :%d]]" % count)
    assert r.execute_command("XNACK", "k", "g", "FATAL", "IDS", 1, "1-0") == 1
    check(read(a, "w", "COUNT", "1", "CLAIM", "60000"), "[[1-0 [job poison] :-1 :%d]]" % MAX)
    check(read(a, "w", "COUNT", "1", "CLAIM", "60000"), "[[2-0 [job good] :0 :0]]")
    assert r.xpending_range("k", "g", "-", "+", 1)[0]["times_delivered"] == MAX
    # the other ways to claim know it, too
    assert r.execute_command("XNACK", "k", "g", "FAIL", "IDS", 1, "1-0", "RETRYCOUNT", 5) == 1
    assert r.xautoclaim("k", "g", "x", 10**9)[1] == [(b"1-0", {b"job": b"poison"})]
    assert r.execute_command("XNACK", "k", "g", "FAIL", "IDS", 1, "1-0") == 1
    assert r.xclaim("k", "g", "y", 10**9, ["1-0"], justid=True) == [b"1-0"]
    for bad, text in (("WHAT IDS 1 1-0", "mode must be SILENT, FAIL, or FATAL"),
                      ("FAIL IDS 0 1-0", "numids must be a positive integer"),
                      ("FAIL IDS 2 1-0", "number of IDs doesn't match numids")):
        try:
            r.execute_command("XNACK k g " + bad)
        except redis.ResponseError as e:
            assert text in str(e), e
        else:
            raise AssertionError(bad)


def test_workers_share_and_some_of_them_die(s):
    """Many workers, each giving back, dying, or doing its message; in the end all are done, none more than once at
    a time."""
    n, idle = 400, 60
    r = connect(s)
    r.xgroup_create("k", "g", 0, mkstream=True)
    done, errors, lock = [], [], threading.Lock()

    def work(who):
        try:
            c = Raw(s.port)
            step = 0
            while len(done) < n:
                got = c.call("XREADGROUP", "GROUP", "g", who, "COUNT", "3", "BLOCK", "50", "CLAIM", idle, "STREAMS", "k", ">")
                if not isinstance(got, list):
                    continue
                for id, fields, _, count in got[0][1]:
                    step += 1
                    if count < 3 and step % 5 == 0:
                        assert c.call("XNACK", "k", "g", "FAIL", "IDS", "1", id) in (0, 1)
                    elif count < 3 and step % 7 == 0:
                        c.close()                   # it dies, and what it had is left
                        c = Raw(s.port)
                        break
                    elif c.call("XACK", "k", "g", id) == 1:
                        with lock:
                            done.append(fields[1])
            c.close()
        except Exception as e:                      # told by the main thread
            errors.append(e)
            raise

    workers = [threading.Thread(target=work, args=("w%d" % i,)) for i in range(8)]
    for w in workers:
        w.start()
    for i in range(n):
        r.xadd("k", {"n": i})
    for w in workers:
        w.join(60)
    assert not errors, errors
    assert sorted(map(int, done)) == list(range(n))
    assert r.xpending("k", "g")["pending"] == 0


# -- on the wire

@both
def test_shapes(s, a):
    three = a.proto == 3
    fill(a, 4)
    read(a, "w", "COUNT", "3")
    a.expect("XNACK k g SILENT IDS 2 2-0 2-0", ":2")
    a.expect("XPENDING k g", "[:3 1-0 3-0 [[w 2]]]")
    groups = as_map(a.call("XINFO", "STREAM", "k", "FULL"))[b"groups"][0]
    assert as_map(groups)[b"nacked-count"] == 1 and as_map(groups)[b"pel-count"] == 3
    assert as_map(groups)[b"pending"][1] == [b"2-0", b"", 0, 0]
    assert as_map(a.call("XINFO", "GROUPS", "k")[0])[b"pending"] == 3
    reply = "{k=[[2-0 [n 2] :-1 :0] [4-0 [n 4] :0 :0]]}" if three else "[[k [[2-0 [n 2] :-1 :0] [4-0 [n 4] :0 :0]]]]"
    a.expect("XREADGROUP GROUP g x CLAIM 3600000 STREAMS k >", reply)
    a.expect("XREADGROUP GROUP g x CLAIM 3600000 STREAMS k >", "null" if three else "nil*")
    a.expect("XREADGROUP GROUP g x CLAIM 3600000 BLOCK 5 STREAMS k >", "null" if three else "nil*")
    a.expect("XREADGROUP GROUP g x CLAIM 0 COUNT 1 STREAMS k 0", "{k=[[2-0 [n 2]]]}" if three else "[[k [[2-0 [n 2]]]]]")


def test_command_info(a):
    info = a.call("COMMAND", "INFO", "XNACK")[0]
    assert info[1] == -7 and b"write" in [bytes(f) for f in info[2]], show(info)


# -- waiting

def test_a_waiter_wakes_when_a_message_has_been_idle_for_so_long(s, a, b):
    fill(a, 2)
    start = time.time()
    read(a, "dead")
    b.send("XREADGROUP", "GROUP", "g", "w", "BLOCK", "0", "CLAIM", "300", "COUNT", "1", "STREAMS", "k", ">")
    blocked(s, 1)
    (id, _, idle, count), = b.read()[0][1]
    took = (time.time() - start) * 1000
    assert id == b"1-0" and count == 1 and idle >= 300, (id, idle, count)
    assert took >= 299 and idle < 300 + (5000 if under_sanitizer() else 1000), (took, idle)


def test_the_one_who_asks_for_least_wakes_first(s, a, new):
    fill(a, 3)
    waiters = {ms: new() for ms in (900, 300, 600)}
    read(a, "dead")
    for ms, w in waiters.items():
        w.send("XREADGROUP", "GROUP", "g", "w%d" % ms, "BLOCK", "0", "CLAIM", ms, "COUNT", "1", "STREAMS", "k", ">")
    blocked(s, 3)
    for i, ms in enumerate((300, 600, 900)):
        (id, _, idle, count), = waiters[ms].read()[0][1]
        assert id == b"%d-0" % (i + 1) and idle >= ms and count == 1
        blocked(s, 2 - i)


def test_what_wakes_a_waiter(s, a, b, c):
    fill(a, 2)
    read(a, "w")
    claim = ("XREADGROUP", "GROUP", "g", "x", "BLOCK", "0", "CLAIM", "3600000", "STREAMS", "k", ">")
    b.send(*claim)
    blocked(s, 1)
    a.expect("XNACK k g FAIL IDS 1 2-0", ":1")
    b.expect_read("[[k [[2-0 [n 2] :-1 :1]]]]")
    b.send(*claim)
    blocked(s, 1)
    a.expect("XADD k 3-0 n 3", "3-0")
    b.expect_read("[[k [[3-0 [n 3] :0 :0]]]]")
    b.send(*claim)
    blocked(s, 1)
    a.expect("XCLAIM k g w 0 1-0 IDLE 3600000 JUSTID", "[1-0]")     # is idle for long, now
    check(b.read()[0][1][0][0], "1-0")
    b.send(*claim)
    blocked(s, 1)
    a.expect("CLIENT UNBLOCK %d" % _id_of(a, b, s), ":1")
    b.expect_read("nil*")
    b.send(*claim)
    c.send(*claim)
    blocked(s, 2)
    c.close()
    blocked(s, 1)
    a.expect("XNACK k g FAIL IDS 1 1-0", ":1")
    check(b.read()[0][1][0][0], "1-0")
    b.send(*claim)
    blocked(s, 1)
    a.expect("XGROUP DESTROY k g", ":1")
    b.expect_read(NOGROUP_READ)


def _id_of(a, waiting, _):
    """The number of the connection that is blocked."""
    for line in a.call("CLIENT", "LIST").decode().splitlines():
        f = dict(w.split("=", 1) for w in line.split(" ") if "=" in w)
        if "b" in f["flags"]:
            return int(f["id"])
    raise AssertionError("nobody is blocked")


def test_waiting_costs_nothing(s, a, new):
    """A hundred who wait with CLAIM, a thousand messages that will be due: until then the server sleeps."""
    fill(a, 1000)
    read(a, "dead")
    waiters = [new() for _ in range(100)]
    for i, w in enumerate(waiters):
        w.send("XREADGROUP", "GROUP", "g", "w%d" % i, "BLOCK", "0", "CLAIM", 1500 + i % 3, "COUNT", "10", "STREAMS", "k", ">")
    blocked(s, 100)
    before = cpu_ms(s.pid)
    got = waiters[0].read()[0][1]
    used = cpu_ms(s.pid) - before
    assert len(got) == 10 and got[0][2] >= 1500
    assert used <= (500 if under_sanitizer() else 100), "%d ms of CPU" % used
    seen = {e[0] for w in waiters[1:] for e in w.read()[0][1]} | {e[0] for e in got}
    assert len(seen) == 1000


# -- what is kept

def state(c):
    return [c.call("DEBUG", "DIGEST"), c.call("XPENDING", "k", "g"),
            [row[:2] + row[3:] for row in c.call("XPENDING", "k", "g", "-", "+", "100")]]


def test_given_back_survives_with_its_order():
    counts = {3: 0, 9: 2**40 - 2, 1: 2**40 - 1, 7: 2**40, 2: MAX - 1, 8: MAX, 5: 77}
    with Server(appendfsync="always", enable_debug_command="yes") as s:
        c = s.client()
        fill(c, 9)
        read(c, "w")
        c.expect("XACK k g 9-0", ":1")
        c.expect("XCLAIM k g w 0 4-0 RETRYCOUNT %d JUSTID" % (2**41 + 1), "[4-0]")
        for id, count in counts.items():
            c.expect("XNACK k g FAIL IDS 1 %d-0 RETRYCOUNT %d FORCE" % (id, count), ":1")
        c.expect("XDEL k 7-0", ":1")
        before = show(state(c))
        for again in range(3):
            s.restart(hard=True)
            c = s.client()
            check(state(c), before, "restart %d" % again)
            if again == 0:                          # once from records, then from a base, then from a copy of it
                c.call("BGREWRITEAOF")
                wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0" and "rewrite done" in s.log(),
                           what="the rewrite")
                check(state(c), before, "rewrite")
        got = read(c, "x", "CLAIM", "3600000", "COUNT", "100")
        assert [(int(i), e[3]) for i, e in zip(ids(got), got)] == [(i, n) for i, n in counts.items() if i != 7], show(got)


def test_export_to_a_redis_that_has_none_without_owner():
    tool = os.path.join(os.path.dirname(os.path.realpath(os.environ.get("LEANMQD") or "leanmqd")), "leanmq-check-aof")
    if not os.path.exists(tool) or not os.path.exists(REDIS):
        raise Skip("no leanmq-check-aof, or no redis-server")
    out = os.path.join(temp_dir(), "export.aof")
    with Server() as s:
        c = s.client()
        fill(c, 4)
        read(c, "w", "COUNT", "3")
        c.expect("XNACK k g FAIL IDS 2 3-0 1-0", ":2")
        c.expect("XNACK k g FATAL IDS 1 4-0 FORCE", ":1")
        assert s.stop() == 0
        r = subprocess.run([tool, "--export", out, os.path.join(s.dir, "appendonlydir")], capture_output=True, text=True, timeout=60)
        assert r.returncode == 0 and "3 times a message was given back" in r.stderr, r.stdout + r.stderr
    with Server(redis=True) as s:
        done = subprocess.run(["redis-cli", "-p", str(s.port), "--pipe"], stdin=open(out, "rb"), capture_output=True, text=True, timeout=60)
        assert "errors: 0" in done.stdout, done.stdout + done.stderr
        c = s.client()
        rows = c.call("XPENDING", "k", "g", "-", "+", "9")
        assert [[r[0], r[1], r[3]] for r in rows] == [[b"1-0", b"", 1], [b"2-0", b"w", 1], [b"3-0", b"", 1], [b"4-0", b"", MAX]]
        now = time.time() * 1000                    # whoever claims gets them, however long he wants them idle
        assert all(abs(r[2] - now) < 60000 for r in rows if not r[1]), show(rows)
        full = as_map(as_map(c.call("XINFO", "STREAM", "k", "FULL"))[b"groups"][0])
        by_time = sorted((p[2], p[0]) for p in full[b"pending"] if not p[1])
        assert [p[1] for p in by_time] == [b"3-0", b"1-0", b"4-0"], by_time


main(globals())
